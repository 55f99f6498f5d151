"""The official Python connector, unmodified, against the sandbox."""

import datetime
import decimal
import socket
import ssl

import pytest
from clients import CLUSTER, WAREHOUSE, connect
from databricks.sql.exc import DatabaseError, RequestError

UTC = datetime.timezone.utc


@pytest.mark.parametrize("path", [WAREHOUSE, CLUSTER])
@pytest.mark.parametrize("lz4", [True, False])
def test_every_type_arrives(sandbox, path, lz4):
    with connect(sandbox.port, path, lz4=lz4) as connection, connection.cursor() as cursor:
        cursor.execute("""SELECT true AS b, CAST(1 AS TINYINT) AS t, CAST(2 AS SMALLINT) AS s, 3 AS i, 4L AS l,
            CAST(1.5 AS FLOAT) AS f, 2.25D AS d, CAST('-123.45' AS DECIMAL(10,2)) AS n, 'ä😀' AS x, X'00ff' AS y,
            DATE '2024-02-29' AS day, TIMESTAMP '2024-02-29T12:34:56.123456Z' AS ts,
            TIMESTAMP_NTZ '2024-02-29T12:34:56.5' AS ntz, array(1, NULL) AS a, map('k', 1) AS m,
            named_struct('p', 1, 'q', array('z')) AS st, NULL AS v""")
        row = cursor.fetchone()
        assert row.b is True and (row.t, row.s, row.i, row.l) == (1, 2, 3, 4)
        assert (row.f, row.d, row.n) == (1.5, 2.25, decimal.Decimal("-123.45"))
        assert (row.x, row.y, row.day) == ("ä😀", b"\x00\xff", datetime.date(2024, 2, 29))
        assert row.ts == datetime.datetime(2024, 2, 29, 12, 34, 56, 123456, UTC)
        assert row.ntz == datetime.datetime(2024, 2, 29, 12, 34, 56, 500000) and row.ntz.tzinfo is None
        assert row.m == [("k", 1)] and row.st == {"p": 1, "q": ["z"]} and row.v is None
        assert [column[1] for column in cursor.description] == [
            "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "string", "binary", "date",
            "timestamp", "timestamp", "array", "map", "struct", "null"]


def test_nulls_of_every_type(query, schema):
    types = ["BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(38,10)", "STRING", "BINARY", "DATE",
             "TIMESTAMP", "TIMESTAMP_NTZ", "ARRAY<INT>", "MAP<STRING, INT>", "STRUCT<a: INT>"]
    query(f"CREATE TABLE n ({', '.join(f'c{i} {kind}' for i, kind in enumerate(types))})")
    query(f"INSERT INTO n VALUES ({', '.join(['NULL'] * len(types))})")
    assert query("SELECT * FROM n") == [(None,) * len(types)]


def test_sql_names_travel_with_the_arrow_schema(cursor):
    cursor.execute("SELECT CAST(1 AS DECIMAL(12,3)) AS d, TIMESTAMP_NTZ '2024-01-01' AS n, map('a', array(1)) AS m, sum(1) AS s")
    fields = cursor.fetchall_arrow().schema
    names = {f.name: f.metadata[b"Spark:DataType:SqlName"].decode() for f in fields}
    assert names == {"d": "DECIMAL(12,3)", "n": "TIMESTAMP_NTZ", "m": "MAP<STRING, ARRAY<INT>>", "s": "BIGINT"}


@pytest.mark.parametrize("lz4", [True, False])
def test_pages_beyond_one_fetch(sandbox, lz4):
    with connect(sandbox.port, lz4=lz4) as connection, connection.cursor(arraysize=70_000) as cursor:
        cursor.execute("SELECT id, CAST(id AS STRING) AS text FROM range(130000)")
        table = cursor.fetchall_arrow()
        assert table.column("id").to_pylist() == list(range(130_000))
        assert table.column("text")[129_999].as_py() == "129999"
    # The statement itself came once, the rest of its rows by FetchResults.
    calls = sandbox.calls("SELECT id, CAST(id AS STRING) AS text FROM range(130000)")
    assert calls.count("ExecuteStatement") == calls.count("FetchResults") == 1 + (not lz4)


def test_several_results_open_in_one_session(connection):
    with connection.cursor() as first, connection.cursor() as second:
        first.execute("SELECT id FROM range(120000)")
        second.execute("SELECT id FROM range(100000, 220000)")
        assert second.fetchone().id == 100_000 and first.fetchone().id == 0
        assert first.fetchall_arrow().num_rows == second.fetchall_arrow().num_rows == 119_999


@pytest.mark.parametrize("statement, sqlstate, condition", [
    ("SELECT * FROM main.default.missing", "42P01", "[TABLE_OR_VIEW_NOT_FOUND]"),
    ("SELECT nothing FROM range(1)", "42703", "[UNRESOLVED_COLUMN"),
    ("SELEC 1", "42601", "[PARSE_SYNTAX_ERROR]"),
    ("SELECT 1 FROM", "42601", "[PARSE_SYNTAX_ERROR]"),
    ("SELECT 1/0", "22012", "[DIVIDE_BY_ZERO]"),
    ("SELECT CAST('1.0' AS INT)", "22018", "[CAST_INVALID_INPUT]"),
    ("SELECT no_such_function(1)", "0A000", "[UNSUPPORTED_BY_SANDBOX]"),
])
def test_errors(shared, statement, sqlstate, condition):
    with pytest.raises(DatabaseError) as caught:
        shared(statement)
    assert condition in str(caught.value) and f"SQLSTATE: {sqlstate}" in str(caught.value)


def test_a_session_goes_on_after_an_error(query):
    with pytest.raises(DatabaseError):
        query("SELECT * FROM missing")
    assert query("SELECT 1") == [(1,)]


def test_temporary_views_belong_to_their_session(sandbox):
    with connect(sandbox.port) as one, connect(sandbox.port) as other:
        with one.cursor() as cursor:
            cursor.execute("CREATE OR REPLACE TEMPORARY VIEW mine AS SELECT 1 AS a")
            cursor.execute("SELECT * FROM mine")
            assert cursor.fetchall() == [(1,)]
        with other.cursor() as cursor, pytest.raises(DatabaseError, match="TABLE_OR_VIEW_NOT_FOUND"):
            cursor.execute("SELECT * FROM mine")


def test_parameters_keep_their_types(query):
    moment = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, UTC)
    values = {"i": 7, "s": "it's \\ `q`", "d": decimal.Decimal("12.50"), "b": True, "t": moment, "n": None,
              "day": datetime.date(2024, 1, 2)}
    (row,) = query("SELECT :i + 1, :s, :d, :b, :t, :n, :day", values)
    assert row == (8, values["s"], values["d"], True, moment, None, values["day"])
    assert query("SELECT ?, '?', ? AS second", [1, "two"]) == [(1, "?", "two")]
    with pytest.raises(DatabaseError, match="UNBOUND_SQL_PARAMETER"):
        query("SELECT :missing", {"other": 1})


def test_listing_calls(cursor, query, schema):
    query("CREATE TABLE Listed (id INT NOT NULL COMMENT 'key', at TIMESTAMP)")
    assert "main" in [row[0] for row in cursor.catalogs().fetchall()]
    assert (schema, "main") in [tuple(row) for row in cursor.schemas("main").fetchall()]
    assert [row.TABLE_NAME for row in cursor.tables("main", schema, "list%").fetchall()] == ["listed"]
    columns = cursor.columns("main", schema, "listed").fetchall()
    assert [(row.COLUMN_NAME, row.TYPE_NAME, row.IS_NULLABLE) for row in columns] == [
        ("id", "INT", "NO"), ("at", "TIMESTAMP", "YES")]


def test_initial_namespace(sandbox, schema):
    with connect(sandbox.port, catalog="main", schema=schema) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_catalog(), current_schema()")
        assert cursor.fetchall() == [("main", schema)]


def test_rows_changed_are_counted(cursor, schema):
    cursor.execute("CREATE TABLE c (a INT)")
    assert cursor.fetchall() == []
    cursor.execute("INSERT INTO c VALUES (1), (2), (3)")
    assert cursor.rowcount == 3 and cursor.fetchall() == [(3, 3)]
    cursor.execute("DELETE FROM c WHERE a > 1")
    assert cursor.rowcount == 2 and cursor.fetchall() == [(2,)]


@pytest.mark.parametrize("token", ["wrong", "sandbo", "sandboxx"])
def test_a_wrong_token_is_refused(sandbox, token):
    with pytest.raises(RequestError) as caught:
        connect(sandbox.port, token=token)
    assert caught.value.context["http-code"] == 401


def test_tls_needs_the_right_authority(start, tmp_path):
    secured = start("--tls", "--ca-file", str(tmp_path / "ca.pem"), "--token", "one", "--token", "two")
    assert secured.ready_line.startswith(f"sandbox ready at https://127.0.0.1:{secured.port}/sql/1.0/warehouses/sandbox")
    for token in ("one", "two"):
        with connect(secured.port, token=token, scheme="https", _tls_trusted_ca_file=str(tmp_path / "ca.pem")) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                assert cursor.fetchall() == [(1,)]
    with pytest.raises(ssl.SSLCertVerificationError), socket.create_connection(("127.0.0.1", secured.port)) as plain:
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
    context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    for name in ("localhost", "127.0.0.1"):
        with socket.create_connection(("127.0.0.1", secured.port)) as plain:
            context.wrap_socket(plain, server_hostname=name).close()


def test_state_survives_a_restart(start, tmp_path):
    def run(sandbox, *statements):
        with connect(sandbox.port) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()
    first = start("--state", str(tmp_path / "state"))
    run(first, "CREATE TABLE main.default.kept AS SELECT 1 AS a", "INSERT INTO main.default.kept VALUES (2)")
    assert first.stop() == 0
    second = start("--state", str(tmp_path / "state"))
    assert run(second, "SELECT a FROM main.default.kept ORDER BY a") == [(1,), (2,)]
    assert run(second, "SELECT a FROM main.default.kept VERSION AS OF 0") == [(1,)]
    assert second.stop() == 0
