"""CSV as Spark reads it, by DuckDB's reader.

Every column is read as text. DuckDB gives Spark's answers for what RFC 4180 allows; where it would not, a scan of the file's bytes
finds that out first, and the file is refused.
"""

import csv
import gzip
import io
import re
from dataclasses import dataclass

from .errors import SqlError, unsupported
from .sqltypes import identifier, literal

BLOCK = 1 << 22
LONGEST_LINE = 100_000_000
GZIP = b"\x1f\x8b"
COMPRESSED = (".bz2", ".deflate", ".lz4", ".snappy", ".zst", ".zstd")
MODES = ("FAILFAST", "PERMISSIVE")

# Options that may be given, with the one value that is known here: what Spark takes when they are not.
FIXED = {
    "encoding": ("utf-8", "utf8"), "ignoreleadingwhitespace": ("false",), "ignoretrailingwhitespace": ("false",), "locale": ("en-us",),
    "nanvalue": ("nan",), "positiveinf": ("inf",), "negativeinf": ("-inf",), "dateformat": ("yyyy-mm-dd",), "preferdate": ("true",),
    "maxcharspercolumn": ("-1",), "ignorecorruptfiles": ("false",), "ignoremissingfiles": ("true",), "enforceschema": ("true",),
    "samplingratio": ("1.0", "1"), "comment": ("",), "skiprows": ("0",),
}
READ = {"sep", "header", "inferschema", "mergeschema", "quote", "escape", "multiline", "linesep", "nullvalue", "emptyvalue", "mode",
        "recursivefilelookup", "chartoescapequoteescaping"}


class Options:
    def __init__(self, given):
        for name, value in given.items():
            if name not in READ and value.lower() not in FIXED.get(name, ()):
                raise unsupported(f"the option {name} = '{value}' of CSV")
        self.header, self.infer, self.multiline = (given.get(name) == "true" for name in ("header", "inferschema", "multiline"))
        self.sep, self.quote = given.get("sep", ","), given.get("quote", '"')
        self.escape, self.line = given.get("escape", "\\"), given.get("linesep")
        self.quote_escape = given.get("chartoescapequoteescaping", "\0")
        self.null, self.empty = given.get("nullvalue", ""), given.get("emptyvalue", "")
        self.mode = given.get("mode", "PERMISSIVE").upper()
        if self.mode not in MODES:
            raise unsupported(f"the mode {self.mode} of CSV")
        if self.line not in (None, "\n"):
            raise unsupported("a lineSep other than a line feed")
        for name, value in (("sep", self.sep), ("quote", self.quote), ("escape", self.escape), ("charToEscapeQuoteEscaping", self.quote_escape)):
            if len(value) != 1 or not value.isascii() or value in "\r\n":
                raise unsupported(f"the option {name} = '{value}' of CSV: one ASCII character is wanted")


@dataclass
class File:
    """A staged file, fetched to `place`. `path` is its address, `name` the last part of it."""
    path: str
    place: str
    size: int
    names: list = None      # of its columns; None if it is empty

    @property
    def name(self):
        return self.path.rpartition("/")[2]

    @property
    def gzipped(self):
        return self.path.endswith(".gz")

    def open(self):
        return gzip.open(self.place) if self.gzipped else open(self.place, "rb")


def unreadable(file, reason, condition="FAILED_READ_FILE.NO_HINT"):
    return SqlError(condition, f"Error while reading file {file.path}. {reason}", "KD001", "org.apache.spark.SparkException")


def malformed(file, options, what):
    if options.mode != "FAILFAST":
        return unsupported(f"mode {options.mode} with malformed records; {file.path} has {what}")
    return unreadable(file, "[MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION] Malformed records are detected in record parsing: "
                      f"{what}.\nParse Mode: FAILFAST. To process malformed records as null result, try setting the option 'mode' as "
                      "'PERMISSIVE'.")


def examine(file, options):
    """Reads the names of a file's columns, and refuses a file that would not be read as Spark does."""
    if file.path.endswith(COMPRESSED):
        raise unsupported(f"the compression of {file.path}; use .gz or none")
    with open(file.place, "rb") as raw:
        start = raw.read(2)
    if file.gzipped != (start == GZIP) and start:
        raise unreadable(file, "It is not in gzip format." if file.gzipped else "It is in gzip format, but its name does not end in .gz.")
    try:
        with file.open() as stream:
            file.names = column_names(stream, options)
        with file.open() as stream:
            Scan(file, options).run(stream)
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        raise unreadable(file, f"{error}.") from None


def column_names(stream, options):
    """The names of the first record as Spark makes them, or its own names if there is no header. None: an empty file."""
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline="")
    first = next(csv.reader(text, delimiter=options.sep, quotechar=options.quote), None)
    if first is None:
        return None
    if not options.header:
        return [f"_c{place}" for place in range(len(first))]
    lower = [name.lower() for name in first]
    return [f"_c{place}" if name in ("", options.null) else f"{name}{place}" if lower.count(name.lower()) > 1 else name
            for place, name in enumerate(first)]


class Scan:
    """Looks at the bytes of a file, a block of whole records at a time, for what DuckDB reads otherwise than Spark."""

    def __init__(self, file, options):
        self.file, self.options = file, options
        self.sep, self.quote = options.sep.encode(), options.quote.encode()
        quote, ends = re.escape(self.quote), rb"[" + re.escape(self.sep) + rb"\r\n]"
        inner = rb"[^" + quote + rb"]*+"
        # The quote stands before what must be in front of it: a pattern that starts with one letter is found fast.
        self.opened = re.compile(quote + rb"(?<=" + ends + quote + rb")")
        field = self.opened.pattern + inner + rb"(?:" + quote * 2 + inner + rb")*+" + quote
        self.quoted = re.compile(field + rb"(?=" + ends + rb")")
        self.last = re.compile(field + rb"(?=" + ends + rb"|\Z)")
        self.blanks = re.compile(rb"(?<=" + ends + rb") +" + quote)
        self.first = True

    def run(self, stream):
        rest = stream.read(BLOCK).removeprefix(b"\xef\xbb\xbf")
        while rest:
            more = stream.read(BLOCK)
            rest = self._block(rest, not more) + more
            if len(rest) > LONGEST_LINE:
                raise unsupported(f"a record of more than {LONGEST_LINE} bytes, a quote that is not closed, or carriage returns alone ({self.file.path})")
            if not more:
                return

    def _block(self, data, end):
        """Examines the whole records at the start of some bytes; what is left of them."""
        # A quoted field becomes one letter: every separator that is still there separates. The line feed in front is another
        # record's, so that a quote at the start is behind one, as all are.
        data = b"\n" + data
        plain, count = (self.last if end else self.quoted).subn(b"q", data)
        opened = self.opened.search(plain)
        limit = opened.start() if opened else len(plain)
        cut = limit if end else plain.rfind(b"\n", 0, limit) + 1
        self._quoted(data, plain, count)
        if cut > 1:
            self._plain(plain[:cut])
        return b"" if end else plain[cut:]

    def _quoted(self, data, plain, count):
        options, lost = self.options, {letter: data.count(letter) - plain.count(letter) for letter in (b"\n", b"\r", self.quote)}
        if options.escape != options.quote and (lost[self.quote] > 2 * count or options.escape.encode() in data):
            raise unsupported(f"escape = '{options.escape}' where it matters ({self.file.path}); use escape = '{options.quote}'")
        if options.quote_escape not in ("\0", options.quote):
            raise unsupported(f"charToEscapeQuoteEscaping = '{options.quote_escape}'; use '{options.quote}'")
        if options.quote_escape == "\0" and b"\0" in data and lost[self.quote] > 2 * count and self._loses(data):
            raise unsupported(f"NUL in a field with quotes ({self.file.path}); use charToEscapeQuoteEscaping = '{options.quote}'")
        if lost[b"\r"] and options.line is None:
            raise unsupported(f"carriage returns in quotes without lineSep ({self.file.path}); use lineSep = '\\n'")
        if (lost[b"\n"] or lost[b"\r"]) and not options.multiline:
            raise malformed(self.file, options, "a line break in quotes, and multiLine is false")

    def _loses(self, data):
        """Whether Spark would lose NULs: those of a field that holds quotes too."""
        return any(b"\0" in field[0] and 2 * self.quote in field[0][1:-1] for field in self.last.finditer(data))

    def _plain(self, plain):
        if self.options.line and b"\r" in plain:
            raise unsupported(f"a carriage return outside of quotes ({self.file.path})")
        if b" " + self.quote in plain and self.blanks.search(plain):
            raise unsupported(f"a blank before a quote ({self.file.path})")
        if self.first and plain[1:2] in (b"\r", b"\n"):
            raise unsupported(f"a blank line before the first record ({self.file.path})")
        self.first = False
        if self.sep + b"\n" in plain or self.sep + b"\r" in plain or plain.endswith(self.sep):
            lines, wanted = plain.splitlines() if b"\r" in plain else plain.split(b"\n"), len(self.file.names) - 1
            if any(line.count(self.sep) > wanted for line in lines if line.endswith(self.sep)):
                raise malformed(self.file, self.options, "a record with more columns than the first one")


def reader(file, options):
    """A DuckDB query for a file's records, STRING columns all."""
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in file.names)
    values = ", ".join(f"{value(identifier(name), options)} AS {identifier(name)}" for name in file.names)
    # A blank line of a file with one column is a NULL to DuckDB and nothing to Spark.
    kept = f" WHERE {identifier(file.names[0])} IS NOT NULL" if len(file.names) == 1 else ""
    return (f"SELECT {values} FROM read_csv({literal(file.place)}, auto_detect=false, header={options.header}, delim={literal(options.sep)}, "
            f"quote={literal(options.quote)}, escape={literal(options.quote)}, nullstr=[''], allow_quoted_nulls=false, "
            f"max_line_size={LONGEST_LINE}, columns={{{columns}}}){kept}")


def value(column, options):
    """An empty field is NULL already unless it was quoted; then `nullValue` strikes, which quotes do not keep off."""
    if options.empty:
        column = f"CASE {column} WHEN '' THEN {literal(options.empty)} ELSE {column} END"
    return f"NULLIF({column}, {literal(options.null)})"
