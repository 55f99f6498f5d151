"""The sandbox's engine Spark: Databricks' wire in front, the real dialect and real histories behind."""

import datetime
import decimal
import json
import shutil
import threading
import time

import pytest

from clients import Wire, connect, t
from databricks.sql.exc import DatabaseError, ServerOperationError
from program import Job, runner, sandbox_program

UTC = datetime.timezone.utc
REFUSED = (DatabaseError, ServerOperationError)


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
    before, = query("DESCRIBE DETAIL t")
    query("CREATE OR REPLACE TABLE t AS SELECT 'x' AS b")
    assert [(row[0], row[4]) for row in query("DESCRIBE HISTORY t")] == [
        (3, "CREATE OR REPLACE TABLE AS SELECT"), (2, "UPDATE"), (1, "WRITE"), (0, "CREATE TABLE")]
    assert [row[0] for row in query(f"DESCRIBE HISTORY main.{space}.t LIMIT 1")] == [3]
    assert [query(f"SELECT * FROM {space}.t VERSION AS OF {n}") for n in range(4)] == [[], [(1,)], [(2,)], [("x",)]]
    assert query("SELECT * FROM pinned") == [(1,)]
    assert query(f"SELECT o.a, n.b FROM t VERSION AS OF 2 AS o, main.{space}.t VERSION AS OF 3 AS n") == [(2, "x")]
    assert "[0, 3]" in refusal(query, "SELECT * FROM t VERSION AS OF 4")
    detail, = query("DESCRIBE DETAIL t")
    assert (detail[0], detail[2], detail[9]) == ("delta", f"main.{space}.t", 1) and detail[1] != before[1]
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
        answers.append(other.execute(endless, runAsync=False))
    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    time.sleep(1)
    wire.call("CloseSession", t.TCloseSessionReq(wire.session))
    thread.join(20)
    assert not thread.is_alive()
    (answer,) = answers
    ended = answer.directResults.operationStatus
    assert (ended.operationState, ended.sqlState) == (t.TOperationState.CANCELED_STATE, "HY008") and "[OPERATION_CANCELED]" in ended.displayMessage


# The program

def test_an_import(build, tmp_path, query, space, engine):
    query("""CREATE TABLE events AS SELECT id, timestamp_micros(id DIV 7 * 1000001) AS ts, array(id, NULL) AS a, map('k', id) AS m,
          named_struct('x', id / 2) AS st, CAST(id AS DECIMAL(20,3)) AS d, parse_json('{"q": [1, null]}') AS v FROM range(3000)""")
    program = sandbox_program(build, tmp_path, engine)
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


def test_a_state_folder(start, engine_state, tmp_path, query, engine):
    """What a copy of the folder of a running server holds, as if that had been killed: tables, their histories, and views."""
    for statement in ("CREATE SCHEMA main.kept", "CREATE TABLE main.kept.`t-1` (a INT COMMENT 'c')", "INSERT INTO main.kept.`t-1` VALUES (4)",
                      "USE main.kept", "CREATE VIEW w (x) AS SELECT a + 1 AS b FROM `t-1`"):
        query(statement)
    shutil.copytree(engine_state, tmp_path / "copy")
    other = start("--engine", "spark", "--state", tmp_path / "copy")
    with connect(other.port) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT x, a FROM main.kept.w, main.kept.`t-1` VERSION AS OF 1")
        assert [tuple(row) for row in cursor.fetchall()] == [(5, 4)]
        cursor.execute("DESCRIBE main.kept.`t-1`")
        assert [tuple(row) for row in cursor.fetchall()] == [("a", "int", "c")]
        cursor.execute("DROP TABLE main.kept.`t-1`")
        cursor.execute("CREATE TABLE main.kept.`t-1` AS SELECT 1 AS b")
    assert other.stop() == 0
    query("DROP SCHEMA main.kept CASCADE")
