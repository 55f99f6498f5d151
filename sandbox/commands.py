"""The statements that sqlglot does not read, or reads wrongly: SHOW, DESCRIBE, USE, SET, CREATE and DROP of containers.

`find` gives a function that runs the statement, or None if it is not one of these. Such a function answers with a DuckDB query
for the rows to return, or None.
"""

import re

from . import catalog, listing
from .catalog import lower
from .errors import SqlError, no_volume, syntax, unsupported
from .sqltypes import literal

TOKEN = re.compile(r"\s+|--[^\n]*|/\*.*?\*/|(?P<name>`(?:[^`]|``)*`)|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
                   r"|(?P<word>\w+)|(?P<sign>.)", re.S)
FIRST_WORD = re.compile(r"(?:\s+|--[^\n]*|/\*.*?\*/)*(\w+)", re.S)
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|.)", re.S)
ESCAPED = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a", "%": "\\%", "_": "\\_"}


def unescaped(match):
    """What Spark reads an escape in a string as."""
    text = match.group(1)
    if len(text) == 1:
        return ESCAPED.get(text, text)
    return chr(int(text[1:], 16) if text[0] in "uU" else int(text, 8))


class Words:
    """A statement as tokens, taken one by one."""

    def __init__(self, sql):
        self.sql = sql
        self.tokens = [m for m in TOKEN.finditer(sql) if m.lastgroup]
        if self.tokens and self.tokens[-1].group() == ";":
            self.tokens.pop()
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def fail(self):
        token = self.peek()
        raise syntax(f"'{token.group()}'" if token else "end of input", 1, token.start() if token else len(self.sql), self.sql)

    def take(self, *wanted):
        """Takes these words if they come next."""
        found = self.tokens[self.at:self.at + len(wanted)]
        if [m.group().upper() for m in found] != list(wanted):
            return False
        self.at += len(wanted)
        return True

    def any(self, *wanted):
        return any(self.take(*word.split()) for word in wanted)

    def name(self):
        token = self.peek()
        if token is None or token.lastgroup not in ("name", "word"):
            self.fail()
        self.at += 1
        return token.group()[1:-1].replace("``", "`") if token.lastgroup == "name" else token.group()

    def path(self):
        parts = [self.name()]
        while self.take("."):
            parts.append(self.name())
        return tuple(parts)

    def text(self):
        token = self.peek()
        if token is None or token.lastgroup != "text":
            self.fail()
        self.at += 1
        return ESCAPE.sub(unescaped, token.group()[1:-1])

    def number(self):
        token = self.peek()
        if token is None or not token.group().isdigit():
            self.fail()
        self.at += 1
        return int(token.group())

    def rest(self):
        token = self.peek()
        self.at = len(self.tokens)
        return self.sql[token.start():] if token else ""

    def end(self):
        if self.peek() is not None:
            self.fail()


def table_path(text):
    """The parts of a table's full name."""
    words = Words(text)
    path = words.path()
    words.end()
    if len(path) != 3:
        raise ValueError("the table's name needs three parts")
    return path


def first_words(sql, count):
    """The words that a statement begins with, in upper case."""
    found, at = [], 0
    while len(found) < count and (word := FIRST_WORD.match(sql, at)):
        found.append(word.group(1).upper())
        at = word.end()
    return found


def find(sql):
    # Most statements are none of these, and may be megabytes long: they are not cut into words.
    if FIRST_WORDS.isdisjoint(first_words(sql, 1)):
        return None
    words = Words(sql)
    for start, parser in STARTS.items():
        if words.take(*start.split()):
            return parser(words)
    return None


def like(words):
    """The pattern of `[LIKE] 'a*|b'`, or None."""
    words.take("LIKE")
    token = words.peek()
    return words.text() if token is not None and token.lastgroup == "text" else None


def scope(words):
    return words.path() if words.any("IN", "FROM") else ()


# SHOW

def show(words):
    if words.take("CATALOGS"):
        pattern = like(words)
        words.end()
        return lambda session, database, db: listing.catalogs(session, pattern)
    if words.any("SCHEMAS", "DATABASES"):
        inside, pattern = scope(words), like(words)
        words.end()
        return lambda session, database, db: listing.schemas(db, session.schema_path(inside, 1)[0], pattern)
    for kind in ("TABLES", "VIEWS"):
        if words.take(kind):
            inside, pattern = scope(words), like(words)
            words.end()
            return lambda session, database, db: listing.tables(db, kind, session.schema_path(inside, 2), pattern, session.views)
    if words.take("VOLUMES"):
        inside, pattern = scope(words), like(words)
        words.end()
        return lambda session, database, db: listing.volumes(database.objects, db, session.schema_path(inside, 2), pattern)
    if words.take("COLUMNS"):
        path = scope(words)
        path = (*scope(words), path[-1]) if len(path) == 1 else path
        words.end()
        return lambda session, database, db: listing.show_columns(db, session, path)
    raise unsupported(f"SHOW {words.rest()[:40]}")


# DESCRIBE

def describe(words):
    if words.take("HISTORY"):
        path = words.path()
        limit = words.number() if words.take("LIMIT") else None
        words.end()
        return lambda session, database, db: listing.history(db, session.table_path(path), path, limit, session.views)
    if words.take("DETAIL"):
        path = words.path()
        words.end()
        return lambda session, database, db: listing.detail(db, session.table_path(path), path)
    if words.take("QUERY"):
        query = words.rest()
        return lambda session, database, db: listing.query(session, db, query)
    if words.any("CATALOG", "SCHEMA", "DATABASE", "FUNCTION", "VOLUME"):
        raise unsupported(f"DESCRIBE of what is no table: {words.rest()[:40]}")
    words.take("TABLE")
    extended = words.take("EXTENDED")
    path = words.path()
    if words.take("AS", "JSON"):
        raise unsupported("DESCRIBE ... AS JSON")
    words.end()
    return lambda session, database, db: listing.describe(db, session, path, extended)


# USE and SET

def use(words):
    kind = "CATALOG" if words.take("CATALOG") else "SCHEMA" if words.any("SCHEMA", "DATABASE") else ""
    path = words.path()
    words.end()

    def run(session, database, db):
        if kind == "CATALOG" and len(path) == 1:
            catalog.need_catalog(db, path[0])
            session.namespace = (path[0].lower(), "default")
        elif kind == "CATALOG" or len(path) > 2:
            raise unsupported(f"USE {'.'.join(path)}")
        else:
            where = session.schema_path(path, 2)
            catalog.need_schema(db, where)
            session.namespace = lower(where)
    return run


def setting(words):
    if words.take("TIME", "ZONE"):
        zone = "UTC" if words.take("LOCAL") else words.text()
        words.end()
        return lambda session, database, db: session.configure("spark.sql.session.timeZone", zone)
    text = words.rest().rstrip("; \n\t")
    key, equals, value = text.partition("=")
    key = key.strip().strip("`")
    value = value.strip()
    if value[:1] in ("'", '"') and value[-1:] == value[:1]:
        value = value[1:-1]

    def run(session, database, db):
        if not key or key == "-v":
            return "SELECT * FROM (VALUES " + ", ".join(
                f"({literal(k)}, {literal(v)})" for k, v in sorted(session.settings.items())) + ") AS s(key, value)"
        if equals:
            session.configure(key, value)
        return f"SELECT {literal(key)} AS key, {literal(session.setting(key))} AS value"
    return run


# Containers

def create(words):
    kind = words.name().upper()
    optional = words.take("IF", "NOT", "EXISTS")
    path = words.path()
    comment = words.text() if words.take("COMMENT") else None
    if words.peek() is not None:
        raise unsupported(f"CREATE {kind} ... {words.rest()[:40]}")

    def run(session, database, db):
        with database.writing(db):
            if kind == "VOLUME":
                create_volume(database.objects, db, session.table_path(path), optional)
                return
            if kind == "CATALOG":
                if len(path) != 1:
                    raise unsupported(f"CREATE CATALOG {'.'.join(path)}")
                found = catalog.has_catalog(db, path[0])
                if not (found and optional):
                    catalog.ensure_absent("CATALOG", "42710", found, path)
                    catalog.create_catalog(db, path[0], comment)
                return
            where = session.schema_path(path, 2)
            catalog.need_catalog(db, where[0])
            found = catalog.has_schema(db, where)
            if not (found and optional):
                catalog.ensure_absent("SCHEMA", "42P06", found, where)
                catalog.create_schema(db, where, comment)
    return run


def drop(words):
    kind = words.name().upper()
    optional = words.take("IF", "EXISTS")
    path = words.path()
    cascade = words.take("CASCADE")
    words.any("RESTRICT", "PURGE")
    words.end()

    def run(session, database, db):
        with database.writing(db):
            if kind in ("TABLE", "VIEW"):
                drop_relation(session, db, kind, path, optional)
            elif kind == "CATALOG":
                if not (optional and not catalog.has_catalog(db, path[0])):
                    catalog.need_catalog(db, path[0])
                    catalog.drop_catalog(db, path[0], cascade)
                    database.objects.remove(path)
            elif kind == "VOLUME":
                drop_volume(database.objects, db, session.table_path(path), optional)
            else:
                where = session.schema_path(path, 2)
                if not (optional and not catalog.has_schema(db, where)):
                    catalog.need_schema(db, where)
                    if database.objects.volumes_of(where) and not cascade:
                        raise catalog.not_empty(where)
                    catalog.drop_schema(db, where, cascade)
                    database.objects.remove(where)
    return run


def create_volume(objects, db, path, optional):
    """A volume is there when its folder is: the first file makes it too."""
    catalog.need_schema(db, path[:2])
    folder = objects.volume(path)
    if not (optional and folder.is_dir()):
        catalog.ensure_absent("VOLUME", "42000", folder.is_dir(), path)
        folder.mkdir(parents=True)


def drop_volume(objects, db, path, optional):
    catalog.need_schema(db, path[:2])
    if not objects.volume(path).is_dir() and not optional:
        raise no_volume(*path)
    objects.remove(path)


def drop_relation(session, db, kind, path, optional):
    if len(path) == 1 and path[0].lower() in session.views:
        if kind == "TABLE":
            raise SqlError("WRONG_COMMAND_FOR_OBJECT_TYPE", f"{path[0]} is a view: use DROP VIEW.", "42809")
        del session.views[path[0].lower()]
        return
    found = catalog.find(db, session.table_path(path))
    if found is None and optional:
        return
    found = found or catalog.need(db, session.table_path(path))
    if found.kind != kind:
        raise SqlError("WRONG_COMMAND_FOR_OBJECT_TYPE", f"{'.'.join(path)} is a {found.kind.lower()}: use DROP {found.kind}.", "42809")
    catalog.drop(db, found)


def back(count, parser):
    """For commands whose second word belongs to what the parser reads."""
    def parse(words):
        words.at -= count
        return parser(words)
    return parse


STARTS = {
    "SHOW": show, "DESCRIBE": describe, "DESC": describe, "USE": use, "SET": setting,
    **{f"CREATE {kind}": back(1, create) for kind in ("CATALOG", "SCHEMA", "DATABASE", "VOLUME")},
    **{f"DROP {kind}": back(1, drop) for kind in ("CATALOG", "SCHEMA", "DATABASE", "TABLE", "VIEW", "VOLUME")},
}

FIRST_WORDS = {start.split()[0] for start in STARTS}
