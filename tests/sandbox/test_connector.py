"""The official Python connector, unmodified, against the sandbox."""

import datetime
import decimal
import socket
import ssl
import threading
import time

import pytest
from clients import CLUSTER, WAREHOUSE, connect
from databricks.sql.exc import DatabaseError, Error, RequestError, TransactionError

UTC = datetime.timezone.utc
TYPES = [
    ("BOOLEAN and integers", "true, false, CAST(-128 AS TINYINT), CAST(-32768 AS SMALLINT), -2147483648, 9223372036854775807L",
     (True, False, -128, -32768, -2147483648, 9223372036854775807), "boolean boolean tinyint smallint int bigint"),
    ("FLOAT and DOUBLE", "CAST(1.5 AS FLOAT), 2.25D, CAST('-Infinity' AS DOUBLE)", (1.5, 2.25, float("-inf")), "float double double"),
    ("DECIMAL", "CAST('-123.45' AS DECIMAL(10,2)), CAST('12345678901234567890123456789012345678' AS DECIMAL(38,0))",
     (decimal.Decimal("-123.45"), decimal.Decimal("12345678901234567890123456789012345678")), "decimal decimal"),
    ("STRING and BINARY", "'ä😀', '', 'a\"b\\\\c\\nd', X'00ff', X''", ("ä😀", "", 'a"b\\c\nd', b"\x00\xff", b""),
     "string string string binary binary"),
    ("DATE, TIMESTAMP, TIMESTAMP_NTZ", "DATE '2024-02-29', TIMESTAMP '2024-02-29T12:34:56.123456Z', TIMESTAMP_NTZ '2024-02-29T12:34:56.5', "
     "DATE '0001-01-01', DATE '9999-12-31'",
     (datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 12, 34, 56, 123456, UTC),
      datetime.datetime(2024, 2, 29, 12, 34, 56, 500000), datetime.date(1, 1, 1), datetime.date(9999, 12, 31)),
     "date timestamp timestamp date date"),
    ("ARRAY, MAP, STRUCT", "array(1, 2), map('k', 1), named_struct('p', 1, 'q', array('z'))",
     ([1, 2], [("k", 1)], {"p": 1, "q": ["z"]}), "array map struct"),
    ("VOID", "NULL", (None,), "null"),
]


def plain(value):
    """Rows give an array as NumPy's, also within a struct."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return value.tolist() if type(value).__module__ == "numpy" else value


# Connecting

@pytest.mark.parametrize("path", [
    pytest.param(WAREHOUSE, marks=pytest.mark.conformance("connect to a warehouse")),
    pytest.param(CLUSTER, marks=pytest.mark.conformance("connect to a cluster"))])
def test_paths(sandbox, reader, path):
    with connect(sandbox.port, path) as connection:
        assert reader.query(connection, "SELECT 1") == [(1,)]


@pytest.mark.conformance("wrong token refused (401)")
@pytest.mark.parametrize("token", ["wrong", "sandbo", "sandboxx"])
def test_a_wrong_token_is_refused(sandbox, token):
    with pytest.raises(RequestError) as caught:
        connect(sandbox.port, token=token)
    assert caught.value.context["http-code"] == 401


@pytest.mark.conformance("TLS with an own CA")
def test_tls_needs_the_right_authority(start, tmp_path):
    secured = start("--tls", "--ca-file", str(tmp_path / "ca.pem"), "--token", "one", "--token", "two")
    assert secured.ready_line.startswith(f"sandbox ready at https://127.0.0.1:{secured.port}/sql/1.0/warehouses/sandbox")
    for token in ("one", "two"):
        with connect(secured.port, token=token, scheme="https", _tls_trusted_ca_file=str(tmp_path / "ca.pem")) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                assert cursor.fetchall() == [(1,)]
    with pytest.raises(ssl.SSLCertVerificationError), socket.create_connection(("127.0.0.1", secured.port)) as stream:
        ssl.create_default_context().wrap_socket(stream, server_hostname="localhost")
    context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    for name in ("localhost", "127.0.0.1"):
        with socket.create_connection(("127.0.0.1", secured.port)) as stream:
            context.wrap_socket(stream, server_hostname=name).close()


@pytest.mark.conformance("initial catalog and schema")
def test_initial_namespace(sandbox, schema, reader):
    with connect(sandbox.port, catalog="main", schema=schema) as connection:
        assert reader.query(connection, "SELECT current_catalog(), current_schema()") == [("main", schema)]
    with pytest.raises(DatabaseError, match="SCHEMA_NOT_FOUND"):
        connect(sandbox.port, catalog="main", schema="missing")


@pytest.mark.conformance("session parameters")
def test_session_parameters(sandbox, reader):
    with connect(sandbox.port, session_configuration={"TIMEZONE": "America/Los_Angeles"}) as connection:
        assert reader.query(connection, "SET TIMEZONE") == [("TIMEZONE", "America/Los_Angeles")]
        assert reader.query(connection, "SELECT TIMESTAMP '2024-01-01 00:00:00'") == [(datetime.datetime(2024, 1, 1, 8, tzinfo=UTC),)]


# Types

@pytest.mark.parametrize("lz4", [True, False])
@pytest.mark.parametrize("path", [WAREHOUSE, CLUSTER])
@pytest.mark.parametrize("expressions, row, names", [
    pytest.param(*given, id=feature, marks=pytest.mark.conformance(feature)) for feature, *given in TYPES])
def test_types(sandbox, reader, path, lz4, expressions, row, names):
    with connect(sandbox.port, path, lz4=lz4) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT " + expressions)
        assert [column[1] for column in cursor.description] == names.split()
        (found,) = reader.rows(cursor)
        assert tuple(map(plain, found)) == row and [getattr(value, "tzinfo", None) is None for value in found] == [
            getattr(value, "tzinfo", None) is None for value in row]


@pytest.mark.conformance("NULL of every type")
def test_nulls_of_every_type(connection, query, schema, reader):
    types = ["BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(38,10)", "STRING", "BINARY", "DATE",
             "TIMESTAMP", "TIMESTAMP_NTZ", "ARRAY<INT>", "MAP<STRING, INT>", "STRUCT<a: INT>"]
    query(f"CREATE TABLE n ({', '.join(f'c{i} {kind}' for i, kind in enumerate(types))})")
    query(f"INSERT INTO n VALUES ({', '.join(['NULL'] * len(types))})")
    assert reader.query(connection, "SELECT * FROM n") == [(None,) * len(types)]


def test_sql_names_travel_with_the_arrow_schema(cursor):
    cursor.execute("SELECT CAST(1 AS DECIMAL(12,3)) AS d, TIMESTAMP_NTZ '2024-01-01' AS n, map('a', array(1)) AS m, sum(1) AS s")
    fields = cursor.fetchall_arrow().schema
    names = {f.name: f.metadata[b"Spark:DataType:SqlName"].decode() for f in fields}
    assert names == {"d": "DECIMAL(12,3)", "n": "TIMESTAMP_NTZ", "m": "MAP<STRING, ARRAY<INT>>", "s": "BIGINT"}


# Results

@pytest.mark.parametrize("lz4", [
    pytest.param(True, marks=pytest.mark.conformance("LZ4 frames", "pages beyond one fetch")),
    pytest.param(False, marks=pytest.mark.conformance("Arrow batches", "pages beyond one fetch"))])
def test_pages_beyond_one_fetch(sandbox, reader, lz4):
    statement = f"SELECT id, CAST(id AS STRING) AS text FROM range(130000) -- {reader.name}, {lz4}"
    with connect(sandbox.port, lz4=lz4) as connection, connection.cursor(arraysize=70_000) as cursor:
        cursor.execute(statement)
        for id, row in enumerate(reader.rows(cursor)):
            assert row == (id, str(id))
        assert id == 129_999
    # The statement itself came once, the rest of its rows by FetchResults.
    calls = sandbox.calls(statement)
    assert calls.count("ExecuteStatement") == calls.count("FetchResults") == 1


@pytest.mark.conformance("column sets")
def test_column_sets(old, reader):
    with connect(old.port) as connection, connection.cursor(arraysize=30) as cursor:
        cursor.execute("""SELECT id, CASE WHEN id % 3 = 0 THEN NULL ELSE id END, CASE WHEN id % 2 = 0 THEN NULL ELSE CAST(id AS STRING) END,
            id % 5 = 0, CAST(id AS DOUBLE), CAST(id AS DECIMAL(10,2)), X'00' FROM range(100) ORDER BY id""")
        assert reader.rows(cursor) == [
            (id, id if id % 3 else None, str(id) if id % 2 else None, id % 5 == 0, float(id), decimal.Decimal(f"{id}.00"), b"\0")
            for id in range(100)]


@pytest.mark.conformance("a value of 16 MiB")
def test_a_large_value(connection, reader):
    ((value,),) = reader.query(connection, f"SELECT repeat('x', {1 << 24})")
    assert value == "x" * (1 << 24)


@pytest.mark.conformance("a result without rows")
def test_no_rows(connection, reader):
    assert reader.query(connection, "SELECT id, 'x' AS s FROM range(0)") == []


@pytest.mark.conformance("several results open at once")
def test_several_results_open_in_one_session(connection, reader):
    with connection.cursor() as first, connection.cursor() as second:
        first.execute("SELECT id FROM range(120000)")
        second.execute("SELECT id FROM range(100000, 220000)")
        assert second.fetchone().id == 100_000 and first.fetchone().id == 0
        assert len(reader.rows(first)) == len(reader.rows(second)) == 119_999


# Statements

@pytest.mark.conformance("polling")
def test_polling(faulty, connection, reader):
    statement = f"SELECT 'polled' AS s -- {reader.name}"
    faulty.faults({"rpc": "ExecuteStatement", "statement": statement, "action": "run", "seconds": 0.8})
    assert reader.query(connection, statement) == [("polled",)]
    assert faulty.calls(statement).count("GetOperationStatus") >= 2


@pytest.mark.conformance("cancel")
def test_cancel(faulty, connection):
    statement = "SELECT 'cancelled from Python' AS s"
    faulty.faults({"rpc": "ExecuteStatement", "statement": statement, "action": "run", "seconds": 60})
    with connection.cursor() as cursor:
        def cancel():
            while "GetOperationStatus" not in faulty.calls(statement):
                time.sleep(0.02)
            cursor.cancel()
        other = threading.Thread(target=cancel)
        other.start()
        started = time.monotonic()
        with pytest.raises(Error):
            cursor.execute(statement)
        other.join()
    assert time.monotonic() - started < 30 and "CancelOperation" in faulty.calls(statement)


@pytest.mark.parametrize("statement, sqlstate, condition", [
    ("SELECT * FROM main.default.missing", "42P01", "[TABLE_OR_VIEW_NOT_FOUND]"),
    ("SELECT nothing FROM range(1)", "42703", "[UNRESOLVED_COLUMN"),
    ("SELECT nothing", "42703", "[UNRESOLVED_COLUMN"),
    ("SELEC 1", "42601", "[PARSE_SYNTAX_ERROR]"),
    ("SELECT 1 FROM", "42601", "[PARSE_SYNTAX_ERROR]"),
    ("SELECT 1/0", "22012", "[DIVIDE_BY_ZERO]"),
    ("SELECT CAST('1.0' AS INT)", "22018", "[CAST_INVALID_INPUT]"),
    ("SELECT no_such_function(1)", "0A000", "[UNSUPPORTED_BY_SANDBOX]"),
])
@pytest.mark.conformance("errors with SQLSTATE")
def test_errors(shared, statement, sqlstate, condition):
    with pytest.raises(DatabaseError) as caught:
        shared(statement)
    assert condition in str(caught.value) and f"SQLSTATE: {sqlstate}" in str(caught.value)


@pytest.mark.conformance("a session goes on after an error")
def test_a_session_goes_on_after_an_error(connection, query, reader):
    with pytest.raises(DatabaseError):
        query("SELECT * FROM missing")
    assert reader.query(connection, "SELECT 1") == [(1,)]


@pytest.mark.conformance("temporary views of two sessions")
def test_temporary_views_belong_to_their_session(sandbox, reader):
    with connect(sandbox.port) as one, connect(sandbox.port) as other:
        with one.cursor() as cursor:
            cursor.execute("CREATE OR REPLACE TEMPORARY VIEW mine AS SELECT 1 AS a")
        assert reader.query(one, "SELECT * FROM mine") == [(1,)]
        with pytest.raises(DatabaseError, match="TABLE_OR_VIEW_NOT_FOUND"):
            reader.query(other, "SELECT * FROM mine")


@pytest.mark.conformance("parameters by name", "parameters of each type")
def test_parameters_keep_their_types(connection, reader):
    moment = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, UTC)
    values = {"i": 7, "l": 1 << 40, "f": 2.5, "s": "it's \\ `q`", "d": decimal.Decimal("12.50"), "b": True, "t": moment, "n": None,
              "day": datetime.date(2024, 1, 2)}
    (row,) = reader.query(connection, "SELECT :i + 1, :l, :f, :s, :d, :b, :t, :n, :day", values)
    assert row == (8, 1 << 40, 2.5, values["s"], values["d"], True, moment, None, values["day"])
    with pytest.raises(DatabaseError, match="UNBOUND_SQL_PARAMETER"):
        reader.query(connection, "SELECT :missing", {"other": 1})


@pytest.mark.conformance("parameters by place")
def test_parameters_by_place(connection, reader):
    assert reader.query(connection, "SELECT ?, '?', ? AS second", [1, "two"]) == [(1, "?", "two")]


@pytest.mark.conformance("listing calls")
def test_listing_calls(cursor, query, schema, reader):
    query("CREATE TABLE Listed (id INT NOT NULL COMMENT 'key', at TIMESTAMP)")
    assert "main" in [row[0] for row in reader.rows(cursor.catalogs())]
    assert (schema, "main") in reader.rows(cursor.schemas("main"))
    assert [row[2] for row in reader.rows(cursor.tables("main", schema, "list%"))] == ["listed"]
    columns = reader.rows(cursor.columns("main", schema, "listed"))
    names = [column[0] for column in cursor.description]
    name, kind, nullable = map(names.index, ("COLUMN_NAME", "TYPE_NAME", "IS_NULLABLE"))
    assert [(row[name], row[kind], row[nullable]) for row in columns] == [("id", "INT", "NO"), ("at", "TIMESTAMP", "YES")]


@pytest.mark.conformance("listing by SQL")
def test_listing_by_sql(connection, query, schema, reader):
    query("CREATE TABLE listed (id INT NOT NULL COMMENT 'key', at TIMESTAMP)")
    assert ("main",) in reader.query(connection, "SHOW CATALOGS")
    assert reader.query(connection, "SHOW TABLES LIKE 'list*'") == [(schema, "listed", False)]
    assert reader.query(connection, "DESCRIBE TABLE listed") == [("id", "int", "key"), ("at", "timestamp", None)]
    assert reader.query(connection, "SELECT column_name FROM main.information_schema.columns WHERE table_schema = current_schema() "
                        "ORDER BY 1") == [("at",), ("id",)]


@pytest.mark.conformance("CREATE and DROP", "rows changed are counted", "VERSION AS OF")
def test_rows_changed_are_counted(cursor, schema, reader):
    cursor.execute("CREATE TABLE c (a INT)")
    assert reader.rows(cursor) == []
    cursor.execute("INSERT INTO c VALUES (1), (2), (3)")
    assert cursor.rowcount == 3 and reader.rows(cursor) == [(3, 3)]
    cursor.execute("UPDATE c SET a = 0 WHERE a = 1")
    assert cursor.rowcount == 1
    cursor.execute("DELETE FROM c WHERE a > 1")
    assert cursor.rowcount == 2 and reader.rows(cursor) == [(2,)]
    cursor.execute("SELECT a FROM c VERSION AS OF 1 ORDER BY a")
    assert reader.rows(cursor) == [(1,), (2,), (3,)]
    cursor.execute("DROP TABLE c")
    with pytest.raises(DatabaseError, match="TABLE_OR_VIEW_NOT_FOUND"):
        cursor.execute("SELECT * FROM c")


@pytest.mark.conformance("transactions are refused")
def test_transactions_are_refused(sandbox, query):
    with connect(sandbox.port, ignore_transactions=False) as connection:
        with pytest.raises(TransactionError, match="CONFIG_NOT_AVAILABLE"):
            connection.autocommit = False
        with pytest.raises(TransactionError):
            connection.rollback()
    with pytest.raises(DatabaseError, match="UNSUPPORTED_BY_SANDBOX"):
        query("BEGIN TRANSACTION")


# What goes wrong outside of a statement

@pytest.mark.conformance("starting compute (503 with Retry-After)")
def test_starting_compute(faulty):
    faulty.faults({"rpc": "OpenSession", "action": "cold_start", "seconds": 1.5, "retry_after": 1})
    with connect(faulty.port, attempts=10, _retry_delay_max=5) as connection, connection.cursor() as cursor:
        assert cursor.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.conformance("a page is asked for again after 503")
def test_a_page_is_asked_for_again(faulty):
    faulty.faults({"rpc": "FetchResults", "statement": "fetched again", "action": "status", "status": 503, "headers": {"Retry-After": "1"}})
    with connect(faulty.port, attempts=10, _retry_delay_max=5) as connection, connection.cursor(arraysize=10_000) as cursor:
        cursor.execute("SELECT id, 'fetched again' AS s FROM range(130000)")
        ids = cursor.fetchmany_arrow(60_000).column("id").to_pylist() + [row.id for row in cursor.fetchall()]
        assert ids == list(range(130_000))


@pytest.mark.conformance("a lost session is told")
def test_a_lost_session_is_told(faulty, connection, query):
    faulty.faults({"rpc": "ExecuteStatement", "statement": "lost from Python", "action": "lost_session"})
    with pytest.raises(DatabaseError, match="Invalid SessionHandle"):
        query("SELECT 'lost from Python' AS s")


def test_state_survives_a_restart(start, tmp_path):
    def run(sandbox, *statements):
        with connect(sandbox.port) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()
    first = start("--state", str(tmp_path / "state"))
    run(first, "CREATE TABLE main.default.kept AS SELECT 1 AS a", "INSERT INTO main.default.kept VALUES (2)")
    identity = run(first, "DESCRIBE DETAIL main.default.kept")[0].id
    assert first.stop() == 0
    second = start("--state", str(tmp_path / "state"))
    assert run(second, "DESCRIBE DETAIL main.default.kept")[0].id == identity
    assert run(second, "SELECT a FROM main.default.kept ORDER BY a") == [(1,), (2,)]
    assert run(second, "SELECT a FROM main.default.kept VERSION AS OF 0") == [(1,)]
    assert second.stop() == 0
