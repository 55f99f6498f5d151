"""Names of three parts, for an engine that knows two, and those of few letters.

Spark's catalog holds databases of tables, whose names are made of letters, digits and `_`. A catalog and a schema become one
database, `main__crm`; a part that could not be told from others then, or that Spark would refuse, is written in its bytes:
`my-table` is `u8__my_2dtable`. Names are replaced where they stand in a statement, all else of it stays verbatim, and they are put
back into the texts of errors.
"""

import re
from dataclasses import dataclass

from sqlglot.dialects.databricks import Databricks

from ..dialect import tokens
from ..errors import quoted as shown

PLAIN = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
ENCODED, BETWEEN = "u8", "__"
PART = r"(?:u8__(?:[a-z0-9]|_[0-9a-f]{2})+|[a-z0-9]+(?:_[a-z0-9]+)*)"
KNOWN = re.compile(rf"(?:`spark_catalog`\.)?`({PART}{BETWEEN}{PART})`(?:\.`({PART})`)?"
                   rf"|\bspark_catalog\.({PART}{BETWEEN}{PART})\.({PART})\b")
BYTE = re.compile(r"_([0-9a-f]{2})")

# What a table's name follows. Of these, what the statement writes.
WRITES = {"INTO", "TABLE", "UPDATE", "VIEW", "EXISTS", "OVERWRITE", "OPTIMIZE", "VACUUM", "RESTORE", "DELETE FROM", "RENAME TO"}
READS = {"FROM", "JOIN", "USING", "CLONE", "REFRESH", "TBLPROPERTIES"}
ENDS_FROM = {"WHERE", "GROUP_BY", "ORDER_BY", "SORT_BY", "CLUSTER_BY", "DISTRIBUTE_BY", "HAVING", "LIMIT", "UNION",
             "EXCEPT", "INTERSECT", "SELECT", "SET", "WINDOW", "QUALIFY"}
FORMATS = {"delta", "csv", "json", "parquet", "orc", "text", "avro", "xml", "binaryfile"}


class Whole(Databricks):
    """Databricks without the commands that sqlglot leaves in one piece."""

    class Tokenizer(Databricks.Tokenizer):
        COMMANDS = set()


WHOLE = Whole()


def encode(part):
    part = part.lower()
    if PLAIN.fullmatch(part) and part != ENCODED:
        return part
    return ENCODED + BETWEEN + "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 else f"_{byte:02x}" for byte in part.encode())


def decode(text):
    """The parts that a name was made of."""
    parts, raw = [], iter(text.split(BETWEEN))
    for part in raw:
        if part == ENCODED:
            body = next(raw, "")
            part = BYTE.sub(lambda found: chr(int(found.group(1), 16)), body).encode("latin-1").decode("utf-8", "replace")
        parts.append(part)
    return parts


def database(path):
    return encode(path[0]) + BETWEEN + encode(path[1])


def quoted(path):
    """A schema's or table's name for Spark."""
    return ".".join(f"`{part}`" for part in (database(path), *map(encode, path[2:])))


def restored(text):
    """A text of Spark's with the names that the user knows."""
    def back(found):
        parts = [part for name in found.groups() if name for part in decode(name)]
        return shown(*parts) if found.group(1) else ".".join(parts)
    return KNOWN.sub(back, text)


@dataclass
class Name:
    """A table's name in a statement."""
    path: tuple
    written: bool


class Statement:
    """A statement as Spark gets it."""

    def __init__(self, sql, session, mirror, parameters=None):
        self.sql, self._session, self._mirror = sql, session, mirror
        self.names, self.temporary = [], False
        self.view = None    # the name of a temporary view that is made
        self.body = None    # the query of a view that is made
        self.asked = {}     # literals that stand for current_catalog() and its like
        self._tokens = tokens(sql, WHOLE)
        self._edits, self._columns = [], []
        self._parameters, self._unnamed = parameters or {}, 0
        self._scan()
        for column in self._columns:
            self._column(*column)
        self.text = self._edited()

    @property
    def paths(self):
        return [name.path for name in self.names]

    @property
    def written(self):
        return [name.path for name in self.names if name.written]

    def _replace(self, first, last, text):
        self._edits.append((self._tokens[first].start, self._tokens[last].end + 1, text))

    def _edited(self):
        out, at = [], 0
        for start, end, text in sorted(self._edits):
            out += [self.sql[at:start], text]
            at = end
        return "".join([*out, self.sql[at:]])

    def _kind(self, at):
        return self._tokens[at].token_type.name if 0 <= at < len(self._tokens) else ""

    def _word(self, at):
        return self._tokens[at].text.upper() if 0 <= at < len(self._tokens) else ""

    def _part(self, at):
        """Whether a token may be part of a name."""
        token = self._tokens[at] if at < len(self._tokens) else None
        source = self.sql[token.start:token.end + 1] if token else ""
        return source[:1] == "`" or bool(re.fullmatch(r"\w*[^\W\d]\w*", source))

    def _scan(self):
        head = [self._word(at) for at in range(5)]
        self.temporary = head[0] == "CREATE" and not {"TEMP", "TEMPORARY"}.isdisjoint(head)
        makes_view = head[0] == "CREATE" and "VIEW" in head
        at, lists = 0, [False]      # for each open bracket: whether a comma is followed by a table
        while at < len(self._tokens):
            kind = self._kind(at)
            if kind == "L_PAREN":
                lists.append(False)
            elif kind == "R_PAREN" and len(lists) > 1:
                lists.pop()
            elif kind in ("FROM", "JOIN"):
                lists[-1] = True
            elif kind in ENDS_FROM:
                lists[-1] = False
            elif kind == "ALIAS" and makes_view and self.body is None and len(lists) == 1:
                self.body = self.sql[self._tokens[at].end + 1:].strip().rstrip(";")
            at = self._step(at, kind, lists[-1])

    def _step(self, at, kind, listed):
        """Takes one token, or one name of several parts; where the next one begins."""
        if kind in ("PLACEHOLDER", "COLON"):
            return self._marker(at, kind)
        if kind.startswith("CURRENT_") and self._kind(at + 1) == "L_PAREN" and self._kind(at + 2) == "R_PAREN":
            return self._current(at)
        role = self._role(at, listed)
        if not self._part(at) or self._kind(at - 1) == "DOT" or (role and self._keyword(at)):
            return at + 1
        last = at
        while self._kind(last + 1) == "DOT" and self._part(last + 2):
            last += 2
        parts = tuple(self._tokens[n].text for n in range(at, last + 1, 2))
        if role is None:
            self._columns.append((at, parts, self._kind(last + 1) == "DOT"))
        elif role in WRITES or self._kind(last + 1) != "L_PAREN":
            self._table(at, last, parts, role in WRITES)
        return last + 1

    def _keyword(self, at):
        return self.sql[self._tokens[at].start] != "`" and self._word(at) in WRITES | READS | {"IF", "NOT", "SET", "SELECT", "VALUES", "LATERAL"}

    def _role(self, at, listed):
        """The keyword that makes a name at this place a table's, or None."""
        before, two = self._word(at - 1), f"{self._word(at - 2)} {self._word(at - 1)}"
        if self._kind(at - 1) in ("IDENTIFIER", "STRING") or two == "LATERAL VIEW":
            return None
        if two in WRITES:
            return two
        if before in WRITES or before in READS:
            return before
        return "FROM" if listed and self._kind(at - 1) == "COMMA" else None

    def _marker(self, at, kind):
        """A parameter becomes a literal of its type."""
        last, name = at, None
        if kind == "PLACEHOLDER":
            name, self._unnamed = f"_{self._unnamed}", self._unnamed + 1
        elif self._part(at + 1) and self._tokens[at + 1].start == self._tokens[at].end + 1:
            last, name = at + 1, self._tokens[at + 1].text
        if name in self._parameters:
            self._replace(at, last, literal(*self._parameters[name]))
        return last + 1

    def _current(self, at):
        values = {"CURRENT_CATALOG": self._session.namespace[0], "CURRENT_SCHEMA": self._session.namespace[1],
                  "CURRENT_DATABASE": self._session.namespace[1]}
        if self._kind(at) in values:
            self._replace(at, at + 2, string(values[self._kind(at)]))
            self.asked[values[self._kind(at)]] = self._tokens[at].text.lower() + "()"
        return at + 3

    def _table(self, first, last, parts, written):
        if self.temporary and written:
            self.view = parts[-1].lower()
            return
        if len(parts) == 1 and parts[0].lower() in self._session.views or len(parts) > 3:
            return
        if len(parts) == 2 and parts[0].lower() in FORMATS:
            return
        path = tuple(part.lower() for part in self._session.table_path(parts))
        self._mirror.need_catalog(path[0])
        self.names.append(Name(path, written))
        if path[1] == "information_schema":
            return
        if len(parts) > 1:
            self._replace(first, last, quoted(path))
        elif encode(path[2]) != path[2] and (written or self._mirror.know(path)):
            self._replace(first, last, f"`{encode(path[2])}`")

    def _column(self, at, parts, all_of_it):
        """A column's name that begins with a table's: of three parts, of two, or of one that is not written as it is. `t.*` is one too."""
        if len(parts) + all_of_it == 2 and any(encode(name.path[2]) != parts[0].lower() == name.path[2] for name in self.names):
            self._replace(at, at, f"`{encode(parts[0])}`")
        for length in (3, 2) if len(parts) > 2 else ():
            path = self._session.table_path(parts[:length])
            if self._mirror.know(path):
                return self._replace(at, at + 2 * (length - 1), quoted(path))


def string(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def literal(kind, value):
    """A parameter's value as SQL."""
    text = "NULL" if value is None else string(value)
    return text if kind.upper() in ("VOID", "STRING") and value is not None else f"CAST({text} AS {'STRING' if kind.upper() == 'VOID' else kind})"
