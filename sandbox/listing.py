"""What SHOW and DESCRIBE answer with, as DuckDB queries."""

import re

from . import catalog
from .catalog import lower
from .dialect import parse
from .errors import SqlError, quoted
from .session import HIVE_CATALOG
from .sqltypes import Type, literal
from .translate import Translator


def matches(column, pattern):
    """A condition for SHOW's patterns: `*` is any text, `|` separates alternatives, case does not count."""
    if pattern is None:
        return "true"
    expression = "|".join(".*".join(map(re.escape, part.strip().split("*"))) for part in pattern.lower().split("|"))
    return f"regexp_full_match(lower({column}), {literal(expression)})"


def rows(names, values):
    """A query for literal rows, STRING columns all."""
    columns = ", ".join(f'CAST(c{n} AS VARCHAR) AS "{name}"' for n, name in enumerate(names))
    aliases = ", ".join(f"c{n}" for n in range(len(names)))
    if not values:
        return f"SELECT {columns} FROM (SELECT {', '.join(f'NULL AS c{n}' for n in range(len(names)))}) WHERE false"
    listed = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in values)
    return f"SELECT {columns} FROM (VALUES {listed}) AS r({aliases})"


def catalogs(session, pattern):
    system = "" if session.target == "hive" else "UNION ALL SELECT 'system'"
    return (f"SELECT name AS catalog FROM (SELECT name FROM meta.catalogs {system}) "
            f"WHERE {matches('name', pattern)} ORDER BY name")


def schemas(db, name, pattern):
    catalog.need_catalog(db, name)
    hive = name.lower() == HIVE_CATALOG
    column, views = ("namespace", "") if hive else ("databaseName", "UNION ALL SELECT 'information_schema'")
    return (f'SELECT name AS "{column}" FROM (SELECT name FROM meta.schemas WHERE catalog = {literal(name.lower())} '
            f"{views}) WHERE {matches('name', pattern)} ORDER BY name")


def tables(db, kind, where, pattern, views):
    catalog.need_schema(db, where)
    column, condition = ("viewName", "kind = 'VIEW'") if kind == "VIEWS" else ("tableName", "true")
    schema = "namespace" if where[0].lower() == HIVE_CATALOG else "database"
    path = f"catalog = {literal(where[0].lower())} AND schema = {literal(where[1].lower())}"
    temporary = "".join(f" UNION ALL SELECT '', {literal(name)}, true" for name in views)
    return (f'SELECT database AS {schema}, name AS "{column}", temporary AS "isTemporary" FROM (SELECT schema AS database, name, '
            f"false AS temporary FROM meta.tables WHERE {path} AND {condition}{temporary}) "
            f"WHERE {matches('name', pattern)} ORDER BY database = '', name")


def volumes(objects, db, where, pattern):
    catalog.need_schema(db, where)
    found = rows(["database", "volume_name"], [[where[1].lower(), name] for name in objects.volumes_of(where)])
    return f"SELECT * FROM ({found}) WHERE {matches('volume_name', pattern)} ORDER BY volume_name"


def columns_of(db, session, path):
    """Names, types and comments of a table or view, and the table."""
    if len(path) == 1 and path[0].lower() in session.views:
        return session.views[path[0].lower()].columns, None
    full = session.table_path(path)
    if full[1].lower() == "information_schema":
        return described(Translator(db, session.namespace, session.views), db, f"SELECT * FROM {quoted(*full)}"), None
    table = catalog.need(db, full)
    return table.columns, table


def described(translator, db, text):
    relation = db.sql(translator.query(parse(text)))
    kinds = [Type(duck) for duck in relation.types]
    return [catalog.Column(name, kind.sql, kind.engine) for name, kind in zip(relation.columns, kinds)]


def show_columns(db, session, path):
    found, _ = columns_of(db, session, path)
    return rows(["col_name"], [[column.name] for column in found])


DESCRIBED = ["col_name", "data_type", "comment"]


def describe(db, session, path, extended):
    found, table = columns_of(db, session, path)
    values = [[column.name, column.type.lower(), column.comment] for column in found]
    if extended and table:
        values += [["", "", ""], ["# Detailed Table Information", "", ""], ["Catalog", table.path[0], ""],
                   ["Database", table.path[1], ""], ["Table", table.path[2], ""],
                   ["Type", "MANAGED" if table.kind == "TABLE" else "VIEW", ""], ["Comment", table.comment or "", ""],
                   ["Provider", "delta" if table.kind == "TABLE" else "", ""]]
    return rows(DESCRIBED, values)


def query(session, db, text):
    translator = Translator(db, session.namespace, session.views, session.zone)
    return rows(DESCRIBED, [[c.name, c.type.lower(), None] for c in described(translator, db, text)])


def history(db, full, path, limit, views):
    if len(path) == 1 and path[0].lower() in views:
        raise not_delta("DESCRIBE HISTORY", path)
    table = catalog.need(db, full)
    if table.kind == "VIEW":
        raise not_delta("DESCRIBE HISTORY", path)
    nothing = "CAST(NULL AS VARCHAR)"
    return f"""SELECT version, committed AS "timestamp", '1' AS "userId", 'sandbox' AS "userName", operation,
        parameters AS "operationParameters",
        CAST(NULL AS STRUCT("jobId" VARCHAR, "jobName" VARCHAR, "jobRunId" VARCHAR, "runId" VARCHAR, "jobOwnerId" VARCHAR,
            "triggerType" VARCHAR)) AS job,
        CAST(NULL AS STRUCT("notebookId" VARCHAR)) AS notebook, {nothing} AS "clusterId",
        CASE WHEN version > 0 THEN version - 1 END AS "readVersion", 'WriteSerializable' AS "isolationLevel",
        append AS "isBlindAppend", metrics AS "operationMetrics", {nothing} AS "userMetadata", 'Sandbox' AS "engineInfo"
        FROM meta.versions WHERE id = {table.id} ORDER BY version DESC {'' if limit is None else f'LIMIT {limit}'}"""


def not_delta(what, path):
    return SqlError("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", f"'{what}' expects a table but {quoted(*path)} is a view.", "42809")


def detail(db, full, path):
    table = catalog.need(db, full)
    if table.kind == "VIEW":
        raise not_delta("DESCRIBE DETAIL", path)
    return f"""SELECT 'delta' AS format, identity AS id, {literal('.'.join(lower(full)))} AS name,
        CAST({literal(table.comment)} AS VARCHAR) AS description, 'sandbox:/' || {table.physical} AS location, created AS "createdAt",
        altered AS "lastModified", CAST([] AS VARCHAR[]) AS "partitionColumns", CAST([] AS VARCHAR[]) AS "clusteringColumns",
        CAST(1 AS BIGINT) AS "numFiles", CAST(0 AS BIGINT) AS "sizeInBytes", CAST(MAP {{}} AS MAP(VARCHAR, VARCHAR)) AS properties,
        CAST(1 AS INTEGER) AS "minReaderVersion", CAST(2 AS INTEGER) AS "minWriterVersion"
        FROM meta.tables WHERE id = {table.id}"""
