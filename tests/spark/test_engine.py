"""The sandbox's engine Spark: Databricks' wire in front, the real dialect and real histories behind."""

import datetime
import decimal
import gzip
import json
import logging
import sys
import threading
import time
import urllib.request
import uuid
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/sandbox"))
from clients import Wire, connect, t  # noqa: E402
from databricks.sql.exc import DatabaseError, ServerOperationError  # noqa: E402
from program import Job, Program, runner  # noqa: E402
from storage_clients import signed  # noqa: E402

logging.getLogger("databricks.sql.unsafe").setLevel(logging.ERROR)        # it logs whole answers
UTC = datetime.timezone.utc
REFUSED = (DatabaseError, ServerOperationError)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def engine(start, folder):
    return start("--engine", "spark", "--state", folder)


@pytest.fixture(scope="module")
def connection(engine):
    with connect(engine.port) as opened:
        yield opened


@pytest.fixture(scope="module")
def query(connection):
    """Runs a statement in the one session of these tests; its rows as tuples."""
    def run(statement, parameters=None):
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return [tuple(row) for row in cursor.fetchall()]
    return run


@pytest.fixture
def space(query):
    """A schema of the test's own, which is also the current one."""
    name = f"s_{uuid.uuid4().hex[:8]}"
    query(f"CREATE SCHEMA main.{name}")
    query(f"USE main.{name}")
    yield name
    query("USE main.default")
    query(f"DROP SCHEMA main.{name} CASCADE")


def refusal(query, statement, parameters=None):
    with pytest.raises(REFUSED) as error:
        query(statement, parameters)
    return str(error.value)


# Types

VALUES = {
    "true": True, "CAST(-128 AS TINYINT)": -128, "32767S": 32767, "-2147483648": -2147483648, "9223372036854775807": 9223372036854775807,
    "CAST(0.5 AS FLOAT)": 0.5, "0.1D": 0.1, "CAST('-12345678901234567.890' AS DECIMAL(20,3))": decimal.Decimal("-12345678901234567.890"),
    "'ü😀''x'": "ü😀'x", "X'00ff'": b"\x00\xff", "DATE'2024-02-29'": datetime.date(2024, 2, 29),
    "TIMESTAMP'2024-02-29 12:34:56.123456+02:00'": datetime.datetime(2024, 2, 29, 10, 34, 56, 123456, UTC),
    "TIMESTAMP_NTZ'2024-02-29 12:34:56.1'": datetime.datetime(2024, 2, 29, 12, 34, 56, 100000), "NULL": None,
    "named_struct('a', 1, 'b', array(named_struct('c', 2S)))": {"a": 1, "b": [{"c": 2}]}, "map('k', 1.5)": [("k", decimal.Decimal("1.5"))],
    "parse_json('{\"a\": [1, null]}')": '{"a":[1,null]}', "INTERVAL '1-2' YEAR TO MONTH": "1-2",
    "INTERVAL '3 04:00:05.000006' DAY TO SECOND": "3 04:00:05.000006000", "INTERVAL 36 HOURS": "1 12:00:00.000000000",
}
NAMES = ["BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(20,3)", "STRING", "BINARY", "DATE", "TIMESTAMP",
         "TIMESTAMP_NTZ", "VOID", "STRUCT<a: INT, b: ARRAY<STRUCT<c: SMALLINT>>>", "MAP<STRING, DECIMAL(2,1)>", "VARIANT",
         "INTERVAL YEAR TO MONTH", "INTERVAL DAY TO SECOND", "INTERVAL DAY TO SECOND"]


def test_types_and_their_names(connection):
    columns = ", ".join(f"{value} AS c{n}" for n, value in enumerate(VALUES))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM range(2) UNION ALL SELECT {', '.join(['NULL'] * len(VALUES))}")
        table = cursor.fetchall_arrow()
    assert [table.column(n).to_pylist() for n in range(len(VALUES))] == [[value, value, None] for value in VALUES.values()]
    assert [field.metadata[b"Spark:DataType:SqlName"].decode() for field in table.schema] == NAMES
    assert str(table.schema.field("c11").type) == "timestamp[us, tz=Etc/UTC]"


def test_column_sets_too(engine):
    wire = Wire(engine.port)
    wire.open()
    answer = wire.execute("SELECT id, array(id), CAST(id AS DECIMAL(3,1)), timestamp_seconds(id) FROM range(2)", canReadArrowResult=False)
    texts = [column.stringVal.values for column in answer.directResults.resultSet.results.columns[1:]]
    assert texts == [["[0]", "[1]"], ["0.0", "1.0"], ["1970-01-01 00:00:00", "1970-01-01 00:00:01"]]


def test_pages(connection):
    with connection.cursor(arraysize=1000) as cursor:
        cursor.execute("SELECT id, repeat('x', 100) AS x, id AS x FROM range(10000)")
        rows = [row[0] for _ in range(10) for row in cursor.fetchmany(1000)]
    assert rows == list(range(10000))


def test_session_settings(engine):
    with connect(engine.port, session_configuration={"TIMEZONE": "Asia/Tokyo", "ANSI_MODE": "false"}) as other, other.cursor() as cursor:
        cursor.execute("SELECT CAST(TIMESTAMP'2024-01-01 00:00:00Z' AS STRING), CAST('x' AS INT), current_timezone()")
        assert tuple(cursor.fetchone()) == ("2024-01-01 09:00:00", None, "Asia/Tokyo")
        cursor.execute("SET ansi_mode = true")
        with pytest.raises(REFUSED, match="CAST_INVALID_INPUT"):
            cursor.execute("SELECT CAST('x' AS INT)")
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute("SELECT CAST(TIMESTAMP'2024-01-01 00:00:00Z' AS STRING)")
        assert cursor.fetchone()[0] == "2024-01-01 00:00:00"


def test_parameters(query):
    assert query("SELECT :a, :b, :c AS c, typeof(:a)", {"a": 5, "b": "it's \\ :a", "c": None}) == [(5, "it's \\ :a", None, "int")]
    assert query("SELECT ? + ?, '?'", [1, 2]) == [(3, "?")]
    assert query("SELECT ':a' AS x, named_struct('a', :a).a", {"a": datetime.date(2024, 1, 1)}) == [(":a", datetime.date(2024, 1, 1))]
    assert "UNBOUND_SQL_PARAMETER" in refusal(query, "SELECT :a, :b", {"a": 1})


# Names

def test_names_of_three_parts(query, space):
    query(f"CREATE TABLE main.{space}.t (a INT)")
    query(f"INSERT INTO {space}.t VALUES (1)")
    query(f"INSERT INTO `MAIN`.`{space}`.`T` SELECT main.{space}.t.a + 1 FROM t")
    assert query(f"SELECT {space}.t.a, x.a FROM main.{space}.t, {space}.t AS x WHERE t.a = x.a ORDER BY 1") == [(1, 1), (2, 2)]
    assert query(f"WITH t AS (SELECT 7 AS a) SELECT t.a, u.a FROM t JOIN main.{space}.t u ON u.a = 1") == [(7, 1)]
    assert query("SELECT current_catalog(), current_schema(), 'main'") == [("main", space, "main")]
    assert query("SELECT 'FROM main.nowhere.t' AS text -- FROM main.nowhere.t") == [("FROM main.nowhere.t",)]


@pytest.mark.parametrize("name", ["my-table", "u8", "a__b", "ünï.x", "with `tick", "_", "order"])
def test_odd_names(query, space, name):
    quoted = "`" + name.replace("`", "``") + "`"
    query(f"CREATE TABLE {quoted} (a INT)")
    query(f"INSERT INTO main.{space}.{quoted} VALUES (3)")
    assert query(f"SELECT {quoted}.a, {quoted}.* FROM {quoted}") == [(3, 3)]
    assert [row[1] for row in query("SHOW TABLES")] == [name.lower()]
    assert f"`{space}`.{quoted}" in refusal(query, f"CREATE TABLE {quoted} (a INT)")
    query(f"DROP TABLE {quoted}")


def test_catalogs_and_schemas(query, engine):
    query("CREATE CATALOG `odd-one`")
    query("CREATE SCHEMA `odd-one`.`s.1`")
    query("CREATE TABLE `odd-one`.`s.1`.t AS SELECT 1 AS a")
    assert query("SHOW SCHEMAS IN `odd-one`") == [("default",), ("information_schema",), ("s.1",)]
    assert query("SELECT t.a FROM `odd-one`.`s.1`.t") == [(1,)]
    assert "SCHEMA_NOT_EMPTY" in refusal(query, "DROP SCHEMA `odd-one`.`s.1`")
    query("DROP CATALOG `odd-one` CASCADE")
    assert "NO_SUCH_CATALOG_EXCEPTION" in refusal(query, "SELECT * FROM `odd-one`.`s.1`.t")
    with pytest.raises(REFUSED, match="SCHEMA_NOT_FOUND"):
        connect(engine.port, catalog="main", schema="nope")


def test_listing(query, connection, space):
    query("CREATE TABLE t (a INT NOT NULL COMMENT 'first', `b c` MAP<STRING, ARRAY<INT>>) TBLPROPERTIES ('delta.columnMapping.mode' = 'name')")
    query("CREATE VIEW w (x) COMMENT 'a view' AS SELECT a FROM t")
    query("CREATE OR REPLACE TEMPORARY VIEW v AS SELECT 1 AS one")
    query("ALTER TABLE t ADD COLUMN later DATE")
    assert query("SHOW TABLES") == [(space, "t", False), (space, "w", False), ("", "v", True)]
    assert query("DESCRIBE t") == [("a", "int", "first"), ("b c", "map<string, array<int>>", None), ("later", "date", None)]
    assert query("DESCRIBE TABLE v") == [("one", "int", None)] and query(f"DESCRIBE main.{space}.w") == [("x", "int", "first")]
    assert query("SHOW COLUMNS IN t") == [("a",), ("b c",), ("later",)]
    assert query(f"SELECT table_name, table_type, comment FROM main.information_schema.tables WHERE table_schema = '{space}' ORDER BY 1") == [
        ("t", "MANAGED", None), ("w", "VIEW", "a view")]
    with connection.cursor() as cursor:
        cursor.columns("main", space, "t")
        assert [(row[3], row[5]) for row in cursor.fetchall()] == [("a", "INT"), ("b c", "MAP<STRING, ARRAY<INT>>"), ("later", "DATE")]
    query("ALTER TABLE t RENAME TO t2")
    query("DROP VIEW v")
    query("DROP VIEW w")
    assert query("SHOW TABLES") == [(space, "t2", False)]
    assert query("DESCRIBE QUERY SELECT a FROM t2") == [("a", "int", "first")]


# Rows and versions

def test_counts_of_rows(query, space):
    assert query("CREATE TABLE t AS SELECT id FROM range(5)") == [(5, 5)]
    assert query("INSERT INTO t VALUES (5), (6)") == [(2, 2)]
    assert query("WITH n AS (SELECT 7 AS id) INSERT INTO t SELECT * FROM n") == [(1, 1)]
    assert query("UPDATE t SET id = 100 WHERE id > 4") == [(3,)]
    assert query("DELETE FROM t WHERE id = 100") == [(3,)]
    assert query("MERGE INTO t USING (SELECT explode(array(0, 9)) AS n) ON id = n WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (n)") == [(2, 0, 1, 1)]
    assert query("INSERT OVERWRITE t VALUES (1)") == [(1, 1)]
    assert query("CREATE TABLE IF NOT EXISTS t AS SELECT 1") == []


def test_history_and_old_versions(query, space):
    query("CREATE TABLE t (a INT)")
    query("INSERT INTO t VALUES (1)")
    query("CREATE TEMP VIEW pinned AS SELECT * FROM t VERSION AS OF 1")
    query("UPDATE t SET a = 2")
    query("CREATE OR REPLACE TABLE t AS SELECT 'x' AS b")
    assert [(row[0], row[4]) for row in query("DESCRIBE HISTORY t")] == [
        (3, "CREATE OR REPLACE TABLE AS SELECT"), (2, "UPDATE"), (1, "WRITE"), (0, "CREATE TABLE")]
    assert [row[0] for row in query(f"DESCRIBE HISTORY main.{space}.t LIMIT 1")] == [3]
    assert [query(f"SELECT * FROM {space}.t VERSION AS OF {n}") for n in range(4)] == [[], [(1,)], [(2,)], [("x",)]]
    assert query("SELECT * FROM pinned") == [(1,)]
    assert query(f"SELECT o.a, n.b FROM t VERSION AS OF 2 AS o, main.{space}.t VERSION AS OF 3 AS n") == [(2, "x")]
    assert "[0, 3]" in refusal(query, "SELECT * FROM t VERSION AS OF 4")
    detail, = query("DESCRIBE DETAIL t")
    assert (detail[0], detail[2], detail[9]) == ("delta", f"main.{space}.t", 1)
    query("DROP VIEW pinned")


def test_versions_age(query, space, engine):
    query("CREATE TABLE t AS SELECT 1 AS a")
    query("UPDATE t SET a = 2")
    engine.control("POST", f"vacuum?table=main.{space}.t")
    assert query("SELECT * FROM t") == [(2,)] and len(query("DESCRIBE HISTORY t")) == 2
    assert "SQLSTATE" in refusal(query, "SELECT * FROM t VERSION AS OF 0")
    engine.control("POST", f"cut_history?table=main.{space}.t")
    query("INSERT INTO t VALUES (3)")
    assert "DELTA_VERSION_NOT_FOUND" in refusal(query, "SELECT * FROM t VERSION AS OF 0")


def test_bulk_load(query, space, engine):
    columns = "columns=id%20BIGINT,%20ts%20TIMESTAMP,%20s%20STRING&null=NA"
    data = 'id,ts,s\n1,2024-01-01T00:00:00.5Z,"a ""b"""\n2,NA,NA\n'.encode()
    assert engine.control("POST", f"load?table=main.{space}.l&{columns}", data) == {"rows": 2, "version": 1}
    assert engine.control("POST", f"load?table=main.{space}.l&{columns}&mode=replace", data[:40]) == {"rows": 1, "version": 2}
    assert query("SELECT * FROM l VERSION AS OF 1 ORDER BY id") == [(1, datetime.datetime(2024, 1, 1, 0, 0, 0, 500000, UTC), 'a "b"'), (2, None, None)]


# COPY INTO

OPTIONS = "'header' = 'true', 'multiLine' = 'true', 'escape' = '\"', 'lineSep' = '\\n', 'nullValue' = '__NULL__', 'mode' = 'FAILFAST'"


@pytest.fixture
def copy(query, tmp_path):
    """Loads from a folder of the test's own; the three numbers of the answer."""
    def run(table, select="", options=OPTIONS, more="", keep=()):
        source = f"(SELECT {select} FROM '{tmp_path}')" if select else f"'{tmp_path}'"
        (row,) = query(f"COPY INTO {table} FROM {source} FILEFORMAT = CSV FORMAT_OPTIONS ({options}) {more}")
        return row
    return run


@pytest.fixture
def stage(tmp_path):
    def put(name, text):
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return put


def test_copy_into(query, space, copy, stage, engine, tmp_path):
    """Columns by the header of each file; values as Spark reads them; each file once; one version a statement; the history's numbers."""
    stage("a.csv", 'id,s\n1,"x\ny"\n2,\n')
    stage("b.csv", 's,id\n"",3\n')
    stage("c.csv.gz", "id,s\n4,ü\n")
    stage("_hidden.csv", "id,s\n5,\n")
    query("CREATE TABLE t (id INT, s STRING, other DATE)")
    assert copy("t") == (4, 4, 0)
    rows = [(1, "x\ny", None), (2, None, None), (3, "", None), (4, "ü", None)]
    assert query("SELECT * FROM t ORDER BY id") == rows
    assert copy(f"main.{space}.t") == (0, 0, 0)
    stage("d.csv", "id,s\n5,\n")
    assert copy("t", more="COPY_OPTIONS ('force' = 'false')") == (1, 1, 0)
    history = query("DESCRIBE HISTORY t")
    assert [(row[0], row[4]) for row in history] == [(2, "COPY INTO"), (1, "COPY INTO"), (0, "CREATE TABLE")]
    assert [{name: dict(row[12])[name] for name in ("numFiles", "numOutputRows", "numSkippedCorruptFiles")} for row in history[:2]] == [
        {"numFiles": "1", "numOutputRows": "1", "numSkippedCorruptFiles": "0"}, {"numFiles": "3", "numOutputRows": "4", "numSkippedCorruptFiles": "0"}]
    assert [row[13] for row in history] == [None] * 3
    assert query("SELECT * FROM t VERSION AS OF 1 ORDER BY id") == rows
    files = engine.control("GET", f"ledger?table=main.{space}.t")["files"]
    assert [(file["path"].rpartition("/")[2], file["rows"], file["version"]) for file in files] == [
        ("a.csv", 2, 1), ("b.csv", 1, 1), ("c.csv.gz", 1, 1), ("d.csv", 1, 2)]
    assert files[0]["path"] == f"file:{tmp_path}/a.csv"
    engine.control("POST", f"cut_history?table=main.{space}.t")
    assert copy("t") == (0, 0, 0)
    assert copy("t", more="FILES = ('a.csv', 'gone.csv') COPY_OPTIONS ('force' = 'true')") == (2, 2, 0)
    query("DROP TABLE t")
    query("CREATE TABLE t (id INT, s STRING)")
    assert copy("t", more="PATTERN = '[ab].csv'") == (3, 3, 0)


def test_copy_into_by_a_select(query, space, copy, stage):
    stage("a.csv", "n,at\n 7,2024-01-01T00:00:00.000001Z\n")
    query("CREATE TABLE t (n BIGINT, at TIMESTAMP, path STRING)")
    select = "CAST(n AS BIGINT) * 2 AS n, CAST(at AS TIMESTAMP) AS at, _metadata.file_name AS path"
    assert copy("t", select) == (1, 1, 0)
    assert query("SELECT * FROM t") == [(14, datetime.datetime(2024, 1, 1, 0, 0, 0, 1, UTC), "a.csv")]
    query("CREATE TABLE u (n STRING, at STRING, f STRING)")
    assert copy("u", "*, upper(_metadata.file_path) AS f") == (1, 1, 0)
    assert query("SELECT right(f, 6) FROM u") == [("/A.CSV",)]
    stage("h.csv", "1,2\n")
    assert copy("u (f, n)", options="'header' = 'false'", more="FILES = ('h.csv')") == (1, 1, 0)
    assert query("SELECT n, f FROM u WHERE at IS NULL") == [("2", "1")]


def test_copy_into_makes_columns(query, space, copy, stage):
    """A table without any gets them, of text or of the types that Spark infers, and more of them later."""
    stage("a.csv", "i,d,t,s\n1,1.5,2024-01-01 00:00:00,x\n,,,\n")
    query("CREATE TABLE e")
    assert "COPY_INTO_SCHEMA_MISMATCH_WITH_TARGET_TABLE" in refusal(copy, "e")
    merge = {"options": "'header' = 'true', 'inferSchema' = 'true', 'mergeSchema' = 'true'", "more": "COPY_OPTIONS ('mergeSchema' = 'true')"}
    assert copy("e", **merge) == (2, 2, 0)
    assert query("DESCRIBE e") == [("i", "int", None), ("d", "double", None), ("t", "timestamp", None), ("s", "string", None)]
    stage("b.csv", "i,more\n2,true\n")
    assert copy("e", **merge) == (1, 1, 0)
    assert query("SELECT i, s, more FROM e ORDER BY i") == [(None, None, None), (1, "x", None), (2, None, True)]
    assert [row[4] for row in query("DESCRIBE HISTORY e")] == ["COPY INTO", "COPY INTO", "CREATE TABLE"]
    query("CREATE TABLE f")
    assert copy("f", options="'header' = 'true'", more="COPY_OPTIONS ('mergeSchema' = 'true')") == (3, 3, 0)
    assert query("DESCRIBE f") == [(name, "string", None) for name in ("i", "d", "t", "s", "more")]


@pytest.mark.parametrize("name, text, expected", [
    ("many.csv", "id,s\n1,2,3\n", "[FAILED_READ_FILE.NO_HINT].*many.csv.*[MALFORMED_RECORD_IN_PARSING"), ("few.csv", "id,s\n1\n", "MALFORMED"),
    ("text.csv", "id,s\nx,2\n", "CAST_INVALID_INPUT"), ("cut.csv.gz", gzip.compress(b"id,s\n1,2\n" * 99)[:-9], "[FAILED_READ_FILE"),
    ("empty.csv", "", "COPY_INTO_SOURCE_SCHEMA_INFERENCE_FAILED"), ("more.csv", "id,s,nope\n1,2,3\n", "COPY_INTO_SCHEMA_MISMATCH")])
def test_copy_into_all_or_nothing(query, space, copy, tmp_path, stage, name, text, expected):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    query("CREATE TABLE t (id INT, s STRING)")
    if name != "empty.csv":
        stage("good.csv", "id,s\n1,2\n")
    text = refusal(copy, "t")
    at = 0
    for part in expected.split(".*"):
        at = text.index(part, at)
    assert "/sandbox-copy" not in text and "copy_rows" not in text
    assert query("SELECT count(*) FROM t") == [(0,)] and len(query("DESCRIBE HISTORY t")) == 1
    (tmp_path / name).unlink()
    assert name == "empty.csv" or copy("t") == (1, 1, 0)


def test_copy_into_files_without_rows(query, space, copy, stage):
    stage("header.csv", "id,s\n")
    query("CREATE TABLE t (id INT, s STRING)")
    assert copy("t") == (0, 0, 0) and copy("t") == (0, 0, 0)
    assert dict(query("DESCRIBE HISTORY t")[0][12])["numFiles"] == "1" and len(query("DESCRIBE HISTORY t")) == 2


@pytest.mark.parametrize("statement, expected", [
    ("COPY INTO nope FROM '/tmp' FILEFORMAT = CSV", "DELTA_MISSING_DELTA_TABLE_COPY_INTO"), ("COPY INTO w FROM '/tmp' FILEFORMAT = CSV", "DELTA_COPY_INTO_TARGET_FORMAT"),
    ("COPY INTO t FROM '/nowhere/at/all' FILEFORMAT = CSV", "PATH_NOT_FOUND"), ("COPY INTO t FROM '/tmp' FILEFORMAT = CSV FORMAT_OPTIONS ('nope' = '1')", "nope"),
    ("COPY INTO t FROM '/tmp' FILEFORMAT = CSV FORMAT_OPTIONS ('skipRows' = '1')", "UNSUPPORTED_BY_SANDBOX"),
    ("COPY INTO t FROM 's3://bucket/x' WITH (CREDENTIAL (AWS_ACCESS_KEY = 'sandbox', AWS_SECRET_KEY = 'quite-wrong')) FILEFORMAT = CSV", "UNAUTHORIZED_ACCESS")])
def test_copy_into_refused(query, space, statement, expected):
    query("CREATE TABLE t (id INT, s STRING)")
    query("CREATE VIEW w AS SELECT id FROM t")
    text = refusal(query, statement)
    assert expected in text and "quite-wrong" not in text


def test_copy_into_from_s3_and_volumes(query, space, engine):
    query("CREATE TABLE t (id INT)")
    assert signed(engine.port, "PUT", "/s3/engine/in/a.csv", b"id\n1\n2\n").status == 200
    keys = "WITH (CREDENTIAL (AWS_ACCESS_KEY = 'sandbox', AWS_SECRET_KEY = 'sandbox-secret'))"
    assert query(f"COPY INTO t FROM 's3://engine/in/' {keys} FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true')") == [(2, 2, 0)]
    put = urllib.request.Request(f"http://127.0.0.1:{engine.port}/api/2.0/fs/files/Volumes/main/{space}/v/b.csv", b"3\n",
                                 {"Authorization": "Bearer sandbox"}, method="PUT")
    urllib.request.urlopen(put, timeout=30).close()
    assert query(f"COPY INTO t FROM (SELECT CAST(_c0 AS INT) AS id FROM '/Volumes/main/{space}/v') FILEFORMAT = CSV") == [(1, 1, 0)]
    assert query("SELECT * FROM t ORDER BY id") == [(1,), (2,), (3,)]


def test_copy_into_twice_at_once(query, space, stage, engine, tmp_path):
    """A file that a running statement has is refused to another; cancelled, the first leaves nothing."""
    stage("a.csv", "id\n1\n")
    query("CREATE TABLE t (id INT)")
    statement = f"COPY INTO main.{space}.t FROM '{tmp_path}' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true')"
    engine.faults({"rpc": "ExecuteStatement", "statement": "COPY INTO", "action": "run", "polls": 100000, "loading": True, "times": 2})
    wire = Wire(engine.port)
    wire.open()
    answers = [wire.execute(statement, direct=None) for _ in range(2)]
    refused = []
    while not refused:
        refused = [text for answer in answers if (text := answer.status.displayMessage or wire.status(answer.operationHandle).displayMessage)]
    assert len(refused) == 1 and "COPY_INTO_DUPLICATED_FILES_COPY_NOT_ALLOWED" in refused[0]
    for answer in answers:
        if answer.operationHandle:
            wire.call("CancelOperation", t.TCancelOperationReq(answer.operationHandle))
    engine.control("DELETE", "faults")
    assert query("SELECT count(*) FROM t") == [(0,)]
    assert query(statement) == [(1, 1, 0)]


# Errors, cancelling

@pytest.mark.parametrize("statement, condition, state", [
    ("SELEC 1", "PARSE_SYNTAX_ERROR", "42601"), ("SELECT nope FROM t", "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703"),
    ("SELECT * FROM main.{}.nope", "TABLE_OR_VIEW_NOT_FOUND", "42P01"), ("SELECT 1/0", "DIVIDE_BY_ZERO", "22012"),
    ("INSERT INTO t SELECT CAST(concat('x', id) AS INT) FROM range(9)", "CAST_INVALID_INPUT", "22018"),
    ("INSERT INTO t VALUES (NULL)", "DELTA_NOT_NULL_CONSTRAINT_VIOLATED", "23502"), ("USE main.nope", "SCHEMA_NOT_FOUND", "42704"),
    ("DESCRIBE HISTORY nope", "TABLE_OR_VIEW_NOT_FOUND", "42P01"), ("", "PARSE_EMPTY_STATEMENT", "42617")])
def test_errors(engine, query, space, statement, condition, state):
    query("CREATE TABLE t (a INT NOT NULL)")
    wire = Wire(engine.port)
    wire.open(initialNamespace=t.TNamespace("main", space))
    status = wire.execute(statement.format(space)).status
    assert (status.sqlState, f"[{condition}]" in status.displayMessage) == (state, True), status.displayMessage
    assert "main__" not in status.displayMessage and "spark_catalog" not in status.displayMessage
    assert status.errorMessage.startswith(f"Error running query: [{condition}] org.apache.spark.")


def test_cancel_and_time_limit(engine):
    wire = Wire(engine.port)
    wire.open()
    endless = "SELECT count(*) FROM range(1000000000000) WHERE sqrt(id) < 0"
    handle = wire.execute(endless, direct=None, queryTimeout=1).operationHandle
    while wire.status(handle).operationState == t.TOperationState.RUNNING_STATE:
        time.sleep(0.05)
    assert wire.status(handle).operationState == t.TOperationState.TIMEDOUT_STATE
    started = threading.Event()
    answers = []

    def run():
        other = Wire(engine.port)
        other.session = wire.session
        started.set()
        answers.append(other.execute(endless, direct=None, runAsync=False))
    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    time.sleep(1)
    wire.call("CloseSession", t.TCloseSessionReq(wire.session))
    thread.join(20)
    assert not thread.is_alive()


# The program

def test_an_import(build, tmp_path, query, space, engine):
    query("""CREATE TABLE events AS SELECT id, timestamp_micros(id DIV 7 * 1000001) AS ts, array(id, NULL) AS a, map('k', id) AS m,
          named_struct('x', id / 2) AS st, CAST(id AS DECIMAL(20,3)) AS d, parse_json('{"q": [1, null]}') AS v FROM range(3000)""")
    program = Program(build / "lytics-dbx", tmp_path, HOST=f"http://127.0.0.1:{engine.port}", HTTP_PATH="/sql/1.0/warehouses/sandbox", TOKEN="sandbox")
    job = Job(program, f"main.{space}.events", continuous_update=True, batch_size=1000)
    job.run()
    assert sorted(row["id"] for row in job.rows) == list(range(3000))
    row = next(row for row in job.rows if row["id"] == 700)
    assert row == {"id": 700, "ts": "1970-01-01T00:01:40.000100Z", "a": [700, None], "m": {"k": 700}, "st": {"x": 350.0}, "d": 700, "v": '{"q":[1,null]}'}
    query("INSERT INTO events (id, ts) VALUES (3000, TIMESTAMP'2024-01-01 00:00:00Z')")
    job.run()
    assert len(job.rows) == 3001 and job.report["versions"]["before"] == 1
    (listed,) = runner(program)(f"SELECT count(*) AS n FROM main.{space}.events")
    assert listed == {"n": 3001} and json.loads(program("tables", f"main.{space}", "--json").out)


def test_a_state_folder(start, folder, query, engine):
    """The last test, because it ends the server: tables, their histories, and views are there again."""
    for statement in ("CREATE SCHEMA main.kept", "CREATE TABLE main.kept.`t-1` (a INT COMMENT 'c')", "INSERT INTO main.kept.`t-1` VALUES (4)",
                      "USE main.kept", "CREATE VIEW w (x) AS SELECT a + 1 AS b FROM `t-1`"):
        query(statement)
    assert engine.stop() == 0
    with connect(start("--engine", "spark", "--state", folder).port) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT x, a FROM main.kept.w, main.kept.`t-1` VERSION AS OF 1")
        assert [tuple(row) for row in cursor.fetchall()] == [(5, 4)]
        cursor.execute("DESCRIBE main.kept.`t-1`")
        assert [tuple(row) for row in cursor.fetchall()] == [("a", "int", "c")]
        cursor.execute("DROP TABLE main.kept.`t-1`")
        cursor.execute("CREATE TABLE main.kept.`t-1` AS SELECT 1 AS b")
