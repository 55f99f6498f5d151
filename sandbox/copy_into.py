"""COPY INTO as it is written: a parser and what it finds. Nothing is read or loaded here.

The inner SELECT is kept as text without its FROM: the engine puts in what it reads the files as.
"""

import re
from dataclasses import dataclass, field

from .commands import FIRST_WORD, Words
from .errors import SqlError, unsupported
from .objects import GLOB
from .s3_client import Keys

MOST_FILES = 1000
AWS = {"AWS_ACCESS_KEY": "access", "AWS_SECRET_KEY": "secret", "AWS_SESSION_TOKEN": "session"}
FORMATS = ("JSON", "AVRO", "ORC", "PARQUET", "TEXT", "BINARYFILE", "XML")
BOOLEANS = ("true", "false")

# The options of Databricks' CSV reader, by their names in lower case, and of the copy itself.
FORMAT_OPTIONS = set("""
    sep header inferschema mergeschema encoding quote escape chartoescapequoteescaping multiline linesep nullvalue emptyvalue
    nanvalue positiveinf negativeinf dateformat timestampformat timestampntzformat timezone locale ignoreleadingwhitespace
    ignoretrailingwhitespace mode maxcolumns maxcharspercolumn comment unescapedquotehandling columnnameofcorruptrecord
    rescueddatacolumn badrecordspath ignorecorruptfiles ignoremissingfiles modifiedafter modifiedbefore pathglobfilter recursivefilelookup
    compression enforceschema samplingratio preferdate enabledatetimeparsingfallback skiprows parsermode readercasesensitive
""".split())
OTHER_NAMES = {"delimiter": "sep", "charset": "encoding"}
SWITCHES = {"header", "inferschema", "mergeschema", "multiline", "recursivefilelookup", "ignorecorruptfiles", "ignoremissingfiles"}
COPY_OPTIONS = {"force", "mergeschema"}


@dataclass
class Copy:
    """`select` is what stands between SELECT and FROM; `columns` are the target's that are named, "*" for BY POSITION."""
    target: tuple
    url: str = None
    credential: object = None       # Keys, the name of a stored credential, or None
    columns: object = None
    select: str = None
    files: list = None
    pattern: str = None
    format_options: dict = field(default_factory=dict)
    copy_options: dict = field(default_factory=dict)

    def on(self, option):
        """Whether an option of the format is switched on."""
        return self.format_options.get(option, "false") == "true"

    @property
    def force(self):
        return self.copy_options.get("force") == "true"

    @property
    def merge_schema(self):
        return self.copy_options.get("mergeschema") == "true"


def wrong(text):
    return SqlError("COPY_INTO_SYNTAX_ERROR", f"Failed to parse the COPY INTO command: {text}.", "42601")


def find(sql):
    """The COPY INTO that a text is, or None if it is something else."""
    first = FIRST_WORD.match(sql)
    if not first or first.group(1).upper() != "COPY":
        return None
    words = Words(sql)
    return parse(words) if words.take("COPY", "INTO") else None


def parse(words):
    copy = Copy(words.path())
    if words.take("BY", "POSITION"):
        copy.columns = "*"
    elif words.take("("):
        copy.columns = _listed(words, words.name)
    _need(words, "FROM")
    _source(words, copy)
    _need(words, "FILEFORMAT", "=")
    name = words.name().upper()
    if name != "CSV":
        raise unsupported(f"FILEFORMAT = {name}") if name in FORMATS else wrong(f"the file format {name} is not known")
    _clauses(words, copy)
    return copy


def _need(words, *wanted):
    if not words.take(*wanted):
        words.fail()


def _listed(words, item):
    """Items between commas, up to the closing bracket."""
    found = [item()]
    while words.take(","):
        found.append(item())
    _need(words, ")")
    return found


def _source(words, copy):
    if not words.take("("):
        copy.url = words.text()
        return _with(words, copy)
    _need(words, "SELECT")
    copy.select = _expressions(words)
    copy.url = words.text()
    _with(words, copy)
    if not words.take(")"):
        raise wrong("after its source, the inner SELECT must end")


def _expressions(words):
    """The text up to the FROM that belongs to the SELECT."""
    start, depth = words.peek(), 0
    while words.peek() is not None and not (depth == 0 and words.peek().group().upper() == "FROM"):
        depth += {"(": 1, ")": -1}.get(words.peek().group(), 0)
        if depth < 0:
            break
        words.at += 1
    end = words.peek()
    _need(words, "FROM")
    return words.sql[start.start():end.start()]


def _with(words, copy):
    if not words.take("WITH"):
        return
    _need(words, "(")
    while not words.take(")"):
        if words.take("ENCRYPTION"):
            raise unsupported("ENCRYPTION in COPY INTO")
        if copy.credential is not None or not words.take("CREDENTIAL"):
            raise wrong("WITH takes one CREDENTIAL")
        copy.credential = _keys(words) if words.take("(") else words.name()


def _keys(words):
    given = {}
    while not words.take(")"):
        # What goes wrong here is told without the words around it: they may be secrets.
        name = words.peek().group().upper() if words.peek() else ""
        words.at += 1
        if name not in AWS or AWS[name] in given:
            raise wrong(f"{name} is given twice") if name in AWS else unsupported("credentials other than " + ", ".join(AWS))
        if not words.take("=") or words.peek() is None or words.peek().lastgroup != "text":
            raise wrong(f"{name} must be followed by = and a string")
        given[AWS[name]] = words.text()
        words.take(",")
        if words.peek() is None:
            raise wrong("CREDENTIAL has no end")
    missing = [name for name in ("AWS_ACCESS_KEY", "AWS_SECRET_KEY") if AWS[name] not in given]
    if missing:
        raise wrong(f"CREDENTIAL needs {missing[0]}")
    return Keys(**given)


def _clauses(words, copy):
    seen = set()
    while words.peek() is not None:
        name = words.name().upper()
        if name == "VALIDATE":
            raise unsupported("VALIDATE in COPY INTO")
        if name not in CLAUSES:
            words.at -= 1
            words.fail()
        if name in seen:
            raise wrong(f"{name} is given twice")
        seen.add(name)
        _need(words, "=") if name in ("FILES", "PATTERN") else None
        CLAUSES[name](words, copy)
    if {"FILES", "PATTERN"} <= seen:
        raise wrong("FILES and PATTERN exclude each other")


def _files(words, copy):
    _need(words, "(")
    copy.files = list(dict.fromkeys(_listed(words, words.text)))
    if len(copy.files) > MOST_FILES:
        raise wrong(f"FILES lists {len(copy.files)} files, at most {MOST_FILES} are allowed")


def _pattern(words, copy):
    copy.pattern = words.text()


def _options(words, clause, known):
    def pair():
        name = words.text()
        _need(words, "=")
        return name, words.text()
    _need(words, "(")
    found = {}
    for name, value in _listed(words, pair):
        key = OTHER_NAMES.get(name.lower(), name.lower())
        if key not in known:
            raise wrong(f"{clause} does not know the option '{name}'")
        if key in found:
            raise wrong(f"{clause} has the option '{name}' twice")
        if key in SWITCHES | COPY_OPTIONS:
            value = value.lower()
            if value not in BOOLEANS:
                raise wrong(f"the option '{name}' must be true or false")
        found[key] = value
    return found


def _format_options(words, copy):
    copy.format_options = _options(words, "FORMAT_OPTIONS", FORMAT_OPTIONS)


def _copy_options(words, copy):
    copy.copy_options = _options(words, "COPY_OPTIONS", COPY_OPTIONS)


CLAUSES = {"FILES": _files, "PATTERN": _pattern, "FORMAT_OPTIONS": _format_options, "COPY_OPTIONS": _copy_options}

# Which of the files are meant

GLOB_SET = re.compile(r"\[([!^]?)((?:\\.|[^\]\\])+)\]")


def hidden(name):
    return any(part.startswith(("_", ".")) for part in name.split("/"))


def expression(pattern):
    """A glob of Hadoop's as a regular expression: `*` and `?` stay within a folder."""
    out, at, depth = [], 0, 0
    while at < len(pattern):
        letter, some = pattern[at], GLOB_SET.match(pattern, at)
        if some:
            out.append(f"[{'^' if some.group(1) else ''}{some.group(2).replace('[', chr(92) + '[')}]")
            at = some.end()
            continue
        if letter == "\\" and at + 1 < len(pattern):
            out.append(re.escape(pattern[at + 1]))
            at += 2
            continue
        depth += {"{": 1, "}": -1}.get(letter, 0)
        special = {"*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}
        out.append("|" if letter == "," and depth else special.get(letter, re.escape(letter)))
        at += 1
    try:
        return re.compile("".join(out))
    except re.error:
        raise wrong(f"PATTERN = '{pattern}' is no pattern") from None


def chosen(copy, source):
    """The names of the files that are meant. Those of FILES need not be there; without FILES there must be one at least."""
    if copy.files is not None:
        strange = next((name for name in copy.files if GLOB.search(name) or ".." in name.split("/")), None)
        if strange is not None:
            raise unsupported(f"the name '{strange}' in FILES")
        return [name.lstrip("/") for name in copy.files if not hidden(name.lstrip("/"))]
    wanted = expression(copy.pattern) if copy.pattern is not None else None
    deep = copy.on("recursivefilelookup") or "/" in (copy.pattern or "")
    names = [entry.name for entry in source.list(deep)
             if not hidden(entry.name) and (wanted is None or wanted.fullmatch(entry.name))]
    if not names:
        raise nothing_to_read(source)
    return names


def nothing_to_read(source):
    return SqlError("COPY_INTO_SOURCE_SCHEMA_INFERENCE_FAILED", "The source directory did not contain any parsable files of type CSV. "
                    f"Please check the contents of '{source.address}'.", "42KD9")
