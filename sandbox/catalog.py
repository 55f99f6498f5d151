"""Catalogs, schemas, tables and their versions.

DuckDB reserves names that Databricks does not, and one of its transactions cannot write two databases. So there is one
database: tables have opaque physical names (`w.t17`), and what they are called is data in schema `meta`, committed together
with the rows.

A table's version n is a physical table and the rows in it whose VERSION column is at most n. Appends add rows with a new
number; whatever changes or removes rows first copies the table to a new physical one. Old versions stay readable until they are
vacuumed, and listed until the history is cut.
"""

from dataclasses import dataclass, field

from .errors import SqlError, exists, no_catalog, no_schema, no_table, quoted
from .sqltypes import identifier, literal

VERSION = "__sandbox_version"

TABLES = """
CREATE SCHEMA IF NOT EXISTS meta;
CREATE SCHEMA IF NOT EXISTS w;
CREATE SEQUENCE IF NOT EXISTS meta.ids;
CREATE TABLE IF NOT EXISTS meta.catalogs (name VARCHAR, comment VARCHAR, created TIMESTAMPTZ DEFAULT now());
CREATE TABLE IF NOT EXISTS meta.schemas (catalog VARCHAR, name VARCHAR, comment VARCHAR, created TIMESTAMPTZ DEFAULT now());
CREATE TABLE IF NOT EXISTS meta.tables (id BIGINT, catalog VARCHAR, schema VARCHAR, name VARCHAR, kind VARCHAR,
    comment VARCHAR, body VARCHAR, body_catalog VARCHAR, body_schema VARCHAR, physical BIGINT, version BIGINT,
    identity VARCHAR DEFAULT CAST(uuid() AS VARCHAR), created TIMESTAMPTZ DEFAULT now(), altered TIMESTAMPTZ DEFAULT now());
CREATE TABLE IF NOT EXISTS meta.versions (id BIGINT, version BIGINT, physical BIGINT, committed TIMESTAMPTZ, operation VARCHAR,
    parameters MAP(VARCHAR, VARCHAR), metrics MAP(VARCHAR, VARCHAR), append BOOLEAN);
CREATE TABLE IF NOT EXISTS meta.columns (physical BIGINT, position INTEGER, name VARCHAR, type VARCHAR, engine VARCHAR,
    nullable BOOLEAN, comment VARCHAR);
CREATE TABLE IF NOT EXISTS meta.vacuumed (physical BIGINT);
CREATE TABLE IF NOT EXISTS meta.loaded (id BIGINT, path VARCHAR, size BIGINT, rows BIGINT, version BIGINT, time TIMESTAMPTZ DEFAULT now());
"""


@dataclass
class Column:
    name: str
    type: str           # Spark's name of the type
    engine: str         # DuckDB's
    nullable: bool = True
    comment: str = None


@dataclass
class Table:
    id: int
    path: tuple         # catalog, schema, name
    kind: str           # TABLE or VIEW
    physical: int
    version: int
    comment: str = None
    body: str = None    # of a view: its query as it was written, and where unqualified names in it are looked up
    namespace: tuple = ()
    columns: list = field(default_factory=list)
    vacuumed: bool = False      # an old version whose files are gone

    @property
    def storage(self):
        return f"w.t{self.physical}"


def one(db, sql):
    """The first row, or None. All rows are fetched: a result half read would block the connection."""
    return next(iter(db.execute(sql).fetchall()), None)


def lower(path):
    return tuple(part.lower() for part in path)


def setup(db, catalogs):
    db.execute(TABLES)
    if not one(db, "SELECT 1 FROM meta.catalogs"):
        for name in catalogs:
            create_catalog(db, name)


# Catalogs and schemas

def create_catalog(db, name, comment=None):
    db.execute(f"INSERT INTO meta.catalogs (name, comment) VALUES ({literal(name.lower())}, {literal(comment)})")
    create_schema(db, (name, "default"))


def has_catalog(db, name):
    return name.lower() == "system" or bool(one(db, f"SELECT 1 FROM meta.catalogs WHERE name = {literal(name.lower())}"))


def need_catalog(db, name):
    if not has_catalog(db, name):
        raise no_catalog(name)


def drop_catalog(db, name, cascade):
    schemas = db.execute(f"SELECT name FROM meta.schemas WHERE catalog = {literal(name.lower())}").fetchall()
    if not cascade and [row for row in schemas if row[0] != "default"]:
        raise SqlError("SCHEMA_NOT_EMPTY", f"Cannot drop catalog {quoted(name)} because it is not empty.", "2BP01")
    for schema, in schemas:
        drop_schema(db, (name, schema), cascade)
    db.execute(f"DELETE FROM meta.catalogs WHERE name = {literal(name.lower())}")


def create_schema(db, path, comment=None):
    catalog, name = map(literal, lower(path))
    db.execute(f"INSERT INTO meta.schemas (catalog, name, comment) VALUES ({catalog}, {name}, {literal(comment)})")


def has_schema(db, path):
    catalog, name = lower(path)
    if name == "information_schema":
        return has_catalog(db, catalog)
    return bool(one(db, f"SELECT 1 FROM meta.schemas WHERE catalog = {literal(catalog)} AND name = {literal(name)}"))


def need_schema(db, path):
    need_catalog(db, path[0])
    if not has_schema(db, path):
        raise no_schema(*path)


def not_empty(path):
    return SqlError("SCHEMA_NOT_EMPTY", f"Cannot drop a schema {quoted(*path)} because it contains objects.\nUse "
                    "DROP SCHEMA ... CASCADE to drop the schema and all its objects.", "2BP01")


def drop_schema(db, path, cascade):
    catalog, name = map(literal, lower(path))
    tables = db.execute(f"SELECT name FROM meta.tables WHERE catalog = {catalog} AND schema = {name}").fetchall()
    if tables and not cascade:
        raise not_empty(path)
    for table, in tables:
        drop(db, find(db, (*path, table)))
    db.execute(f"DELETE FROM meta.schemas WHERE catalog = {catalog} AND name = {name}")


# Tables and views

FIELDS = "id, catalog, schema, name, kind, physical, version, comment, body, body_catalog, body_schema"


def find(db, path):
    """The table or view of that name, or None."""
    catalog, schema, name = map(literal, lower(path))
    row = one(db, f"SELECT {FIELDS} FROM meta.tables WHERE catalog = {catalog} AND schema = {schema} AND name = {name}")
    if row is None:
        return None
    table = Table(row[0], row[1:4], row[4], row[5], row[6], row[7], row[8], row[9:11])
    table.columns = columns(db, table.physical)
    return table


def need(db, path):
    table = find(db, path)
    if table is None:
        raise no_table(*path)
    return table


def columns(db, physical):
    rows = db.execute("SELECT name, type, engine, nullable, comment FROM meta.columns "
                      f"WHERE physical = {physical} ORDER BY position").fetchall()
    return [Column(*row) for row in rows]


def next_id(db):
    return one(db, "SELECT nextval('meta.ids')")[0]


def _record_columns(db, physical, described):
    rows = [f"({physical}, {position}, {literal(c.name)}, {literal(c.type)}, {literal(c.engine)}, {c.nullable}, {literal(c.comment)})"
            for position, c in enumerate(described)]
    if rows:
        db.execute(f"INSERT INTO meta.columns VALUES {', '.join(rows)}")


def new_storage(db, described):
    """A new physical table with these columns; its number."""
    seen = set()
    for column in described:
        if column.name.lower() in seen:
            raise SqlError("COLUMN_ALREADY_EXISTS", f"The column {quoted(column.name)} already exists. Choose another "
                           "name or rename the existing column.", "42711")
        seen.add(column.name.lower())
    physical = next_id(db)
    parts = [f"{identifier(c.name)} {c.engine}{'' if c.nullable else ' NOT NULL'}" for c in described]
    db.execute(f"CREATE TABLE w.t{physical} ({', '.join([*parts, VERSION + ' BIGINT'])})")
    _record_columns(db, physical, described)
    return physical


def create_table(db, path, described, comment=None):
    """A table without a version yet: commit() gives it its first one."""
    need_schema(db, path[:2])
    table = Table(next_id(db), lower(path), "TABLE", new_storage(db, described), -1, comment, columns=described)
    catalog, schema, name = map(literal, table.path)
    db.execute("INSERT INTO meta.tables (id, catalog, schema, name, kind, comment, physical, version) VALUES "
               f"({table.id}, {catalog}, {schema}, {name}, 'TABLE', {literal(comment)}, {table.physical}, -1)")
    return table


def record(db, path, kind, described, body=None, namespace=(None, None), comment=None):
    """A table or view without rows here: a view has none, and those of another engine's table are there."""
    need_schema(db, path[:2])
    physical = next_id(db)
    values = ", ".join(map(literal, (*lower(path), kind, comment, body, *namespace)))
    db.execute("INSERT INTO meta.tables (id, catalog, schema, name, kind, comment, body, body_catalog, body_schema, "
               f"physical) VALUES ({next_id(db)}, {values}, {physical})")
    _record_columns(db, physical, described)


def drop(db, table):
    held = {table.physical, *(row[0] for row in db.execute(
        f"SELECT DISTINCT physical FROM meta.versions WHERE id = {table.id}").fetchall())}
    for physical in held:
        db.execute(f"DROP TABLE IF EXISTS w.t{physical}")
        db.execute(f"DELETE FROM meta.columns WHERE physical = {physical}")
        db.execute(f"DELETE FROM meta.vacuumed WHERE physical = {physical}")
    db.execute(f"DELETE FROM meta.versions WHERE id = {table.id}")
    forget_loaded(db, table)
    db.execute(f"DELETE FROM meta.tables WHERE id = {table.id}")


def _map(values):
    return "MAP {" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in values.items()) + "}"


def commit(db, table, operation, parameters, metrics, append=False):
    """Adds an entry to the table's history; its rows carry the number `table.version + 1`."""
    table.version += 1
    empty = "MAP {}::MAP(VARCHAR, VARCHAR)"
    db.execute(f"INSERT INTO meta.versions VALUES ({table.id}, {table.version}, {table.physical}, date_trunc('millisecond', now()), "
               f"{literal(operation)}, {_map(parameters) if parameters else empty}, {_map(metrics) if metrics else empty}, {append})")
    db.execute(f"UPDATE meta.tables SET version = {table.version}, physical = {table.physical}, altered = now() "
               f"WHERE id = {table.id}")


def replace(db, table, described):
    """What is made in place of a table is another one, whose history goes on."""
    table.physical, table.columns = new_storage(db, described), described
    forget_loaded(db, table)
    db.execute(f"UPDATE meta.tables SET identity = CAST(uuid() AS VARCHAR) WHERE id = {table.id}")


def version(db, table, number):
    """The table as it was at that version."""
    row = one(db, f"SELECT physical, physical IN (SELECT physical FROM meta.vacuumed) FROM meta.versions "
                  f"WHERE id = {table.id} AND version = {number}")
    if row is None:
        oldest, = one(db, f"SELECT min(version) FROM meta.versions WHERE id = {table.id}")
        raise SqlError("DELTA_VERSION_NOT_FOUND", f"Cannot time travel Delta table to version {number}. Available "
                       f"versions: [{oldest}, {table.version}].", "22003")
    return Table(table.id, table.path, "TABLE", row[0], number, table.comment, columns=columns(db, row[0]), vacuumed=row[1])


def vacuum(db, table):
    """Old versions whose files the newest one does not share stay listed and described, but their rows cannot be read any more."""
    db.execute(f"INSERT INTO meta.vacuumed SELECT DISTINCT physical FROM meta.versions WHERE id = {table.id} AND physical <> {table.physical} "
               "EXCEPT SELECT physical FROM meta.vacuumed")


def cut_history(db, table):
    """Forgets all versions but the newest, as the cleaning of a table's log does."""
    db.execute(f"DELETE FROM meta.versions WHERE id = {table.id} AND version < {table.version}")


def version_at(db, table, moment):
    """The number of the last version that is not younger than a timestamp (a SQL expression)."""
    row = one(db, f"SELECT max(version) FROM meta.versions WHERE id = {table.id} AND committed <= {moment}")
    if row[0] is None:
        raise SqlError("DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION", "The provided timestamp is before the earliest "
                       "version available to this table.", "42816")
    return row[0]


# Files that COPY INTO has loaded into a table, by their addresses

def loaded(db, table):
    rows = db.execute(f"SELECT path, size, rows, version, epoch_us(time) / 1e6 FROM meta.loaded WHERE id = {table.id} ORDER BY version, path").fetchall()
    return {row[0]: dict(zip(("path", "size", "rows", "version", "time"), row)) for row in rows}


def record_loaded(db, table, files):
    """Files loaded by the table's newest version: (path, size, rows). One that was loaded before is remembered anew."""
    if files:
        db.execute(f"DELETE FROM meta.loaded WHERE id = {table.id} AND path IN ({', '.join(literal(path) for path, _, _ in files)})")
        db.execute("INSERT INTO meta.loaded (id, path, size, rows, version) VALUES " + ", ".join(
            f"({table.id}, {literal(path)}, {size}, {rows}, {table.version})" for path, size, rows in files))


def forget_loaded(db, table):
    db.execute(f"DELETE FROM meta.loaded WHERE id = {table.id}")


def ensure_absent(kind, sqlstate, found, path):
    if found:
        raise exists(kind, sqlstate, *path)
