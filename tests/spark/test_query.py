"""Statements and lists on open-source Spark, through the program."""

import os
import re
import subprocess

import pytest

from proxy import Proxy

TYPES = """SELECT true AS b, CAST(-128 AS TINYINT) AS ti, CAST(-32768 AS SMALLINT) AS si, -2147483648 AS i, -9223372036854775808L AS bi,
  CAST(0.1 AS FLOAT) AS f, CAST(0.1 AS DOUBLE) AS d, CAST('NaN' AS DOUBLE) AS nan, CAST('-Infinity' AS FLOAT) AS inf,
  CAST('-12345678901234567.890' AS DECIMAL(20,3)) AS de, 'a"\\nü😀' AS s, CAST('ab' AS CHAR(4)) AS c, CAST('ab' AS VARCHAR(4)) AS vc,
  X'00ff' AS bin, DATE '2024-02-29' AS da, DATE '-0044-03-15' AS old, DATE '+10000-01-01' AS far,
  TIMESTAMP '2024-02-29 12:34:56.123456Z' AS ts, TIMESTAMP '2024-02-29 12:34:56+02:00' AS zoned, TIMESTAMP_NTZ '2024-02-29 12:34:56.1' AS ntz,
  INTERVAL '1-2' YEAR TO MONTH AS ym, INTERVAL '3 04:00:05.000006' DAY TO SECOND AS dt, make_interval(1, 2) AS mixed, NULL AS n,
  array(1, NULL, 3) AS a, map('k', 1.5) AS m, named_struct('x', 1, 'y', CAST(NULL AS INT)) AS st"""


def test_every_type(sql):
    """What the server sends as text stays that text: an NTZ timestamp looks as any other, intervals are words."""
    (row,) = sql(TYPES)
    assert row == {
        "b": True, "ti": -128, "si": -32768, "i": -2147483648, "bi": -9223372036854775808, "f": 0.1, "d": 0.1, "nan": "NaN",
        "inf": "-Infinity", "de": -12345678901234567.890, "s": "a\"\nü😀", "c": "ab", "vc": "ab", "bin": "AP8=", "da": "2024-02-29",
        "old": "-0044-03-15", "far": "10000-01-01", "ts": "2024-02-29T12:34:56.123456Z", "zoned": "2024-02-29T10:34:56.000000Z",
        "ntz": "2024-02-29T12:34:56.100000Z", "ym": "1-2", "dt": "3 04:00:05.000006000", "mixed": "1 years 2 months", "n": None,
        "a": [1, None, 3], "m": {"k": 1.5}, "st": {"x": 1, "y": None}}


def test_decimals_are_exact(program):
    out = program("query", "SELECT CAST('-12345678901234567.890' AS DECIMAL(20,3)) AS de, CAST(0 AS DECIMAL(38,38)) AS z", "--format", "json").out
    assert out == '{"de":-12345678901234567.890,"z":0.' + "0" * 38 + '}\n'


def test_every_type_as_null(sql):
    names = re.findall(r" AS (\w+)(?=,|$)", TYPES)
    assert len(names) == 27
    nulls = sql(f"SELECT {', '.join(f'if(id = 1, {n}, NULL) AS {n}' for n in names)} FROM ({TYPES}) CROSS JOIN range(3) ORDER BY id")
    assert [all(v is None for v in row.values()) for row in nulls] == [True, False, True]


@pytest.mark.parametrize("rows, nulls", [(20, ()), (20, (0,)), (20, (17,)), (20, range(20)), (17, (16,)), (20, (0, 3, 6, 9, 12, 15, 18)), (1, (0,))])
def test_null_bitmaps(sql, rows, nulls):
    """The server cuts zero bytes off their ends."""
    chosen = f"id IN ({', '.join(map(str, [-1, *nulls]))})"
    values = {"b": "id % 2 = 0", "i": "CAST(id AS INT)", "l": "id", "d": "CAST(id AS DOUBLE)", "s": "CAST(id AS STRING)", "x": "CAST(CAST(id AS STRING) AS BINARY)"}
    columns = ", ".join(f"if({chosen}, NULL, {value}) AS {name}" for name, value in values.items())
    got = sql(f"SELECT id, {columns} FROM range({rows}) ORDER BY id")
    assert [row["id"] for row in got] == list(range(rows))
    for row in got:
        n = row.pop("id")
        assert all(v is None for v in row.values()) if n in nulls else (row["b"], row["i"], row["l"], row["d"], row["s"]) == (n % 2 == 0, n, n, n, str(n))


def test_large_cells(sql):
    rows = sql("SELECT id, repeat(CAST(id AS STRING), 20000000) AS s FROM range(3) ORDER BY id")
    assert [(row["id"], row["s"] == str(row["id"]) * 20_000_000) for row in rows] == [(0, True), (1, True), (2, True)]


def test_errors_are_one_line_without_the_stack(program):
    for statement, state, name in [("SELECT 1/0", "22012", "DIVIDE_BY_ZERO"), ("SELEC 1", "42601", "PARSE_SYNTAX_ERROR"),
                                   ("SELECT * FROM nope", "42P01", "TABLE_OR_VIEW_NOT_FOUND"), ("SELECT CAST('x' AS INT)", "22018", "CAST_INVALID_INPUT"),
                                   ("SELECT id + nope FROM range(1)", "42703", "UNRESOLVED_COLUMN.WITH_SUGGESTION"),
                                   ("SELECT raise_error('mine')", "P0001", "USER_RAISED_EXCEPTION")]:
        error = program("query", statement, code=1).err
        assert error.startswith(f"lytics-dbx: {state} [{name}] ") and error.count("\n") == 1, error
        assert "org.apache" not in error and "\tat " not in error and "java" not in error


def test_a_variant_is_explained(program, sql):
    assert "to_json" in program("query", "SELECT parse_json('1') AS v", code=1).err
    assert sql("SELECT to_json(parse_json('{\"a\": [1, null]}')) AS v") == [{"v": "{\"a\":[1,null]}"}]


def test_statements_without_rows(program, schema, sql):
    for statement in (f"CREATE TABLE {schema}.t (id INT) USING DELTA", f"INSERT INTO {schema}.t VALUES (1), (2)"):
        output = program("query", statement)
        assert output.out == "" and output.err == "lytics-dbx: done\n"
    assert sql(f"DELETE FROM {schema}.t WHERE id = 1") == [{"num_affected_rows": 1}]
    assert sql("SELECT 'text' AS Result FROM range(3)") == [{"Result": "text"}] * 3
    assert program("query", "SELECT 'text' AS Result WHERE false", "--format", "csv").out == "Result\n"


def test_sessions_are_utc_and_ansi(sql):
    """The server was started with another zone and without ANSI."""
    assert sql("SELECT current_timezone() AS z, current_catalog() AS c, current_schema() AS s") == [{"z": "UTC", "c": "spark_catalog", "s": "default"}]
    assert sql("SET spark.sql.ansi.enabled") == [{"key": "spark.sql.ansi.enabled", "value": "true"}]


def test_temporary_views_belong_to_their_session(program, sql):
    program("query", "CREATE TEMPORARY VIEW mine AS SELECT 1 AS a")
    assert "TABLE_OR_VIEW_NOT_FOUND" in program("query", "SELECT * FROM mine", code=1).err


def test_versions(sql, schema):
    sql(f"CREATE TABLE {schema}.t (id INT) USING DELTA", f"INSERT INTO {schema}.t VALUES (1)", f"INSERT INTO {schema}.t VALUES (2)")
    assert sql(f"SELECT count(*) AS n FROM {schema}.t VERSION AS OF 1") == [{"n": 1}]
    assert sql(f"SELECT count(*) AS n FROM {schema}.t") == [{"n": 2}]


def test_browsing(program, sql, schema):
    name = schema.split(".")[1]
    sql(f"CREATE TABLE {schema}.t (id BIGINT COMMENT 'the key', n TIMESTAMP_NTZ, v VARIANT, m MAP<STRING, ARRAY<INT>>, `a b` DECIMAL(10,2)) USING DELTA "
        "PARTITIONED BY (id) TBLPROPERTIES ('delta.columnMapping.mode' = 'name')")
    sql("CREATE OR REPLACE TEMPORARY VIEW passing AS SELECT 1 AS a")
    assert program("catalogs").out == "spark_catalog\n"
    assert name in program("schemas", "spark_catalog").out.splitlines()
    assert program("tables", schema).out == "t\n"
    columns = program("columns", f"{schema}.t", "--json").out
    for part in ('"id"', '"bigint"', '"the key"', '"timestamp_ntz"', '"variant"', '"map<string,array<int>>"', '"a b"', '"decimal(10,2)"'):
        assert part in columns
    assert "Partition" not in columns
    assert "SCHEMA_NOT_FOUND" in program("schemas", "nope", code=1).err
    check = program("check").out
    assert "protocol 0x9" in check and "SELECT 1 is answered" in check and "1 visible" in check


def test_a_bearer_token_is_explained(program):
    error = program("query", "SELECT 1", code=1, env={"DATABRICKS_USERNAME": "", "DATABRICKS_PASSWORD": "", "DATABRICKS_TOKEN": "dapi-x"}).err
    assert "username" in error and "password" in error


@pytest.mark.parametrize("rows", [150, 100000])
def test_a_lost_page_is_never_a_short_result(program, spark, rows):
    """The server sends no page twice: behind a lost one comes the next, or the end."""
    with Proxy(spark.port, lambda number, size, lost: number == 2) as proxy:
        where = {"DATABRICKS_HOST": f"http://127.0.0.1:{proxy.port}"}
        error = program("query", f"SELECT id FROM range({rows})", "--format", "csv", code=1, env=where).err
        assert proxy.lost == 1 and "was lost" in error
        (one,) = program("query", "SELECT 1 AS a", "--format", "json", env=where).lines
        assert one == {"a": 1}


def test_the_library(build, spark):
    """The C program of this folder: what only the API shows."""
    env = os.environ | {"DATABRICKS_HOST": f"http://127.0.0.1:{spark.port}", "DATABRICKS_HTTP_PATH": "/cliservice", "DATABRICKS_USERNAME": "u", "DATABRICKS_PASSWORD": "p"}
    env.pop("DATABRICKS_TOKEN", None)
    done = subprocess.run([build / "tests/flow_spark"], env=env, capture_output=True, text=True, timeout=300)
    failed = re.findall(r"^not ok .*", done.stdout, re.M)
    assert done.returncode == 0 and not failed, "\n".join(failed) + done.stderr
    assert len(re.findall(r"^ok ", done.stdout, re.M)) == 13
