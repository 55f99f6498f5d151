"""The statements that the C library sends, and Spark's semantics where DuckDB's differ."""

import datetime
import decimal
import urllib.parse

import pytest
from clients import connect
from databricks.sql.exc import DatabaseError, ServerOperationError

from sandbox import flights

UTC = datetime.timezone.utc
JSON_OPTIONS = (r"map('timestampFormat', 'yyyy-MM-dd\'T\'HH:mm:ss.SSSSSSXXX', "
                r"'timestampNTZFormat', 'yyyy-MM-dd\'T\'HH:mm:ss.SSSSSS')")


def snapshot(table, time, hashed, where):
    """The import's view, as the library words it."""
    return (f"CREATE OR REPLACE TEMPORARY VIEW `ldbx_snapshot_x` AS SELECT *, row_number() OVER (PARTITION BY `{time}` ORDER BY "
            f"xxhash64({hashed}), to_json(struct(*), {JSON_OPTIONS})) AS `ldbx_order` FROM {table} WHERE `{time}` IS NOT NULL{where}")


@pytest.fixture(scope="module")
def loaded(sandbox):
    """A table with all that makes an import hard: every type, NULL timestamps, groups, and rows that are the same."""
    with connect(sandbox.port) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS main.imp")
        cursor.execute("""CREATE OR REPLACE TABLE main.imp.events AS SELECT id,
            CASE WHEN id % 50 = 0 THEN NULL ELSE timestamp_seconds(1700000000 + id DIV 40) END AS ts,
            CASE WHEN id % 50 = 0 THEN NULL ELSE CAST(timestamp_seconds(1700000000 + id DIV 40) AS TIMESTAMP_NTZ) END AS ntz,
            CASE WHEN id % 50 = 0 THEN NULL ELSE date_add(DATE '2024-01-01', CAST(id DIV 300 AS INT)) END AS day,
            CASE WHEN id % 7 = 0 THEN NULL ELSE concat_ws('', 'text ', CAST(id % 3 AS STRING)) END AS s,
            map('k', id % 3) AS m, named_struct('a', id % 2) AS st, array(id % 2, NULL) AS a FROM range(3000)""")
        cursor.execute("INSERT INTO main.imp.events SELECT * FROM main.imp.events")
    return "`main`.`imp`.`events`"


@pytest.mark.parametrize("column, low", [("ts", "TIMESTAMP '2023-11-14T22:13:20.000000Z'"),
                                         ("ntz", "TIMESTAMP_NTZ '2023-11-14T22:13:20.000000'"), ("day", "DATE '2024-01-01'")])
def test_snapshot_is_a_total_order_that_stays(query, loaded, column, low):
    hashed = f"`id`, `s`, `st`, `a`, to_json(struct(`m`), {JSON_OPTIONS})"
    query(snapshot(f"{loaded} VERSION AS OF 1", column, hashed, f" AND `{column}` > {low}"))
    everything = f"SELECT `{column}`, `ldbx_order`, `id` FROM `ldbx_snapshot_x` ORDER BY `{column}`, `ldbx_order`"
    rows = query(everything)
    assert rows == query(everything)
    assert len({row[:2] for row in rows}) == len(rows)
    assert len(rows) == query(f"SELECT count(*) FROM {loaded} VERSION AS OF 1 WHERE `{column}` > {low}")[0][0] > 1000


def test_batches_by_key_are_the_stream(query, loaded):
    query(snapshot(f"{loaded} VERSION AS OF 1", "ts", f"`id`, to_json(struct(`m`), {JSON_OPTIONS})", ""))
    stream = query("SELECT * FROM `ldbx_snapshot_x` ORDER BY `ts`, `ldbx_order`")
    boundaries = query(f"""SELECT max(`ts`), sum(n), max(n) FROM (SELECT `ts`, n, (sum(n) OVER (ORDER BY `ts`) - n) DIV 500 AS bucket,
        n > 10000 AS giant FROM (SELECT `ts`, count(*) AS n FROM {loaded} VERSION AS OF 1 WHERE `ts` IS NOT NULL GROUP BY `ts`))
        GROUP BY bucket, giant ORDER BY bucket, giant""")
    assert sum(row[1] for row in boundaries) == len(stream)
    paged, last = [], None
    for high, count, _ in boundaries:
        after = "" if last is None else (f" AND `ts` >= TIMESTAMP '{last[0]}' AND (`ts` > TIMESTAMP '{last[0]}' OR `ldbx_order` > {last[1]})")
        page = query(f"SELECT * FROM `ldbx_snapshot_x` WHERE `ts` <= TIMESTAMP '{high:%Y-%m-%dT%H:%M:%S.%fZ}'{after} "
                     "ORDER BY `ts`, `ldbx_order` LIMIT 10000")
        assert len(page) == count
        paged += page
        last = (f"{page[-1][1]:%Y-%m-%dT%H:%M:%S.%fZ}", page[-1][-1])
    # Arrays come as numpy's, which have no truth value as a whole.
    assert repr(paged) == repr(stream)


def test_summary_of_a_version(query, loaded):
    total, missing, low, high = query(f"SELECT count(*), count_if(`ts` IS NULL), min(`ts`), max(`ts`) FROM {loaded} VERSION AS OF 0")[0]
    assert (total, missing) == (3000, 60) and low < high
    assert query(f"SELECT count(*) FROM {loaded}") == [(6000,)]


def test_no_rows_but_the_columns(cursor, loaded):
    cursor.execute(f"SELECT * FROM {loaded} LIMIT 0")
    assert cursor.fetchall() == [] and [c[0] for c in cursor.description][:3] == ["id", "ts", "ntz"]


def test_hash_of_all_columns(query, schema):
    query("CREATE TABLE plain AS SELECT id % 3 AS a, CAST(id % 2 AS STRING) AS b FROM range(60)")
    assert query("SELECT max(n) FROM (SELECT row_number() OVER (PARTITION BY a ORDER BY xxhash64(*)) AS n FROM plain)") == [(20,)]
    query("CREATE TABLE mapped AS SELECT map('a', 1) AS m")
    with pytest.raises((DatabaseError, ServerOperationError), match="HASH_MAP_TYPE"):
        query("SELECT row_number() OVER (ORDER BY xxhash64(*)) FROM mapped")


# Versions

def test_versions_and_history(query, schema):
    query("CREATE TABLE v (a INT, b STRING)")
    query("INSERT INTO v VALUES (1, 'x'), (2, 'y')")
    query("UPDATE v SET b = upper(b) WHERE a = 2")
    query("DELETE FROM v WHERE a = 1")
    query("INSERT INTO v BY NAME SELECT 'z' AS b, 3 AS a")
    query("TRUNCATE TABLE v")
    query("CREATE OR REPLACE TABLE v AS SELECT 9 AS other")
    states = [query(f"SELECT * FROM v VERSION AS OF {n} ORDER BY 1") for n in range(7)]
    assert states == [[], [(1, "x"), (2, "y")], [(1, "x"), (2, "Y")], [(2, "Y")], [(2, "Y"), (3, "z")], [], [(9,)]]
    history = query("DESCRIBE HISTORY v")
    assert [(row[0], row[4]) for row in history] == [
        (6, "CREATE OR REPLACE TABLE AS SELECT"), (5, "TRUNCATE"), (4, "WRITE"), (3, "DELETE"), (2, "UPDATE"), (1, "WRITE"),
        (0, "CREATE TABLE")]
    assert len(history[0]) == 15 and history == query(f"DESCRIBE HISTORY `main`.`{schema}`.`v` LIMIT 100")
    assert query("DESCRIBE HISTORY v LIMIT 2") == history[:2]
    with pytest.raises(DatabaseError, match="DELTA_VERSION_NOT_FOUND"):
        query("SELECT * FROM v VERSION AS OF 7")


def test_versions_age(query, schema, sandbox):
    """A version that was vacuumed is listed and described, but has no rows any more; one that was cut off is not there at all."""
    def age(what):
        sandbox.control("POST", f"{what}?table=main.{schema}.v")

    query("CREATE TABLE v AS SELECT 1 AS a")
    query("INSERT INTO v VALUES (2)")
    age("vacuum")
    assert query("SELECT * FROM v VERSION AS OF 0") == [(1,)], "its file is still part of the newest version"
    query("UPDATE v SET a = a + 10")
    age("vacuum")
    assert query("SELECT * FROM v ORDER BY a") == [(11,), (12,)] and query("SELECT * FROM v VERSION AS OF 1 LIMIT 0") == []
    assert [row[0] for row in query("DESCRIBE HISTORY v")] == [2, 1, 0]
    for statement in ("SELECT * FROM v VERSION AS OF 1", "SELECT count(*) FROM v VERSION AS OF 0 WHERE a IS NOT NULL"):
        with pytest.raises(DatabaseError, match="DELTA_FILE_NOT_FOUND_DETAILED.*SQLSTATE: 42K03"):
            query(statement)
    age("cut_history")
    assert [row[0] for row in query("DESCRIBE HISTORY v")] == [2]
    with pytest.raises(DatabaseError, match=r"DELTA_VERSION_NOT_FOUND.*\[2, 2\]"):
        query("SELECT * FROM v VERSION AS OF 1")


def test_history_has_the_real_columns(cursor, schema):
    cursor.execute("CREATE TABLE h (a INT)")
    cursor.execute("DESCRIBE HISTORY h")
    assert [c[0] for c in cursor.description] == [
        "version", "timestamp", "userId", "userName", "operation", "operationParameters", "job", "notebook", "clusterId",
        "readVersion", "isolationLevel", "isBlindAppend", "operationMetrics", "userMetadata", "engineInfo"]
    assert [c[1] for c in cursor.description][:6] == ["bigint", "timestamp", "string", "string", "string", "map"]


def test_a_table_that_is_made_anew_has_another_id(query, schema):
    ids = []
    for statement in ("CREATE TABLE i AS SELECT 1 AS a", "INSERT OVERWRITE i VALUES (2)", "CREATE OR REPLACE TABLE i AS SELECT 3 AS a",
                      "DELETE FROM i", "DROP TABLE i", "CREATE TABLE i AS SELECT 1 AS a"):
        query(statement)
        ids += [row[1] for row in query("DESCRIBE DETAIL i")] if statement != "DROP TABLE i" else []
    assert ids[0] == ids[1] and ids[2] == ids[3] and len(set(ids)) == 3


def test_a_view_has_no_versions(query, schema):
    query("CREATE TABLE t AS SELECT 1 AS a")
    query("CREATE VIEW w AS SELECT a + 1 AS b FROM t")
    query("INSERT INTO t VALUES (5)")
    assert query("SELECT b FROM w ORDER BY b") == [(2,), (6,)]
    for statement in ("DESCRIBE HISTORY w", "SELECT * FROM w VERSION AS OF 0"):
        with pytest.raises(DatabaseError, match=r"EXPECT_TABLE_NOT_VIEW|TIME_TRAVEL"):
            query(statement)


def test_pinned_view_stays_pinned_and_unpinned_follows(query, schema):
    query("CREATE TABLE p AS SELECT 1 AS a")
    query("CREATE TEMPORARY VIEW pinned AS SELECT * FROM p VERSION AS OF 0")
    query("CREATE TEMPORARY VIEW open AS SELECT * FROM p")
    query("INSERT INTO p VALUES (2)")
    assert query("SELECT * FROM pinned") == [(1,)] and query("SELECT count(*) FROM open") == [(2,)]


def test_a_failed_statement_leaves_no_version(query, schema):
    query("CREATE TABLE f (a INT NOT NULL)")
    for bad in ("INSERT INTO f VALUES (1), (NULL)", "INSERT INTO f SELECT CAST('x' AS INT)", "INSERT INTO f VALUES (1, 2)"):
        with pytest.raises(DatabaseError):
            query(bad)
    assert query("SELECT count(*) FROM f") == [(0,)] and query("DESCRIBE HISTORY f LIMIT 1")[0][0] == 0
    query("DELETE FROM f WHERE a = 1")
    assert query("DESCRIBE HISTORY f LIMIT 1")[0][0] == 0


# Listing and settings

def test_show_and_describe(query, schema):
    query("CREATE TABLE a1 (x INT COMMENT 'how many', y MAP<STRING, ARRAY<DECIMAL(5,2)>>)")
    query("CREATE VIEW b1 AS SELECT x FROM a1")
    query("CREATE TEMPORARY VIEW c1 AS SELECT 1 AS z")
    assert query(f"SHOW TABLES IN `main`.`{schema}`") == [(schema, "a1", False), (schema, "b1", False), ("", "c1", True)]
    assert query("SHOW TABLES LIKE 'A*|zzz'") == [(schema, "a1", False)]
    assert query("SHOW VIEWS") == [(schema, "b1", False), ("", "c1", True)]
    assert query("DESCRIBE TABLE a1") == [("x", "int", "how many"), ("y", "map<string, array<decimal(5,2)>>", None)]
    assert query("SHOW COLUMNS IN a1") == [("x",), ("y",)]
    assert (schema,) in query("SHOW SCHEMAS IN `main`") and query(f"SHOW DATABASES LIKE '{schema}'") == [(schema,)]
    assert query("SHOW CATALOGS LIKE 'ma*'") == [("main",)]
    assert query("SELECT table_name, table_type FROM main.information_schema.tables WHERE table_schema = :s ORDER BY 1",
                 {"s": schema}) == [("a1", "MANAGED"), ("b1", "VIEW")]
    assert query("DESCRIBE QUERY SELECT 1 AS one, 'x' AS two") == [("one", "int", None), ("two", "string", None)]


def test_settings(query):
    assert query("SET TIMEZONE") == [("TIMEZONE", "UTC")] and query("SET ANSI_MODE") == [("ANSI_MODE", "true")]
    query("SET TIME ZONE 'Europe/Berlin'")
    assert query("SELECT CAST(TIMESTAMP '2024-07-01T00:00:00Z' AS STRING)") == [("2024-07-01 02:00:00",)]
    query("SET TIMEZONE = UTC")
    assert query("SELECT CAST(TIMESTAMP '2024-07-01T00:00:00.50Z' AS STRING)") == [("2024-07-01 00:00:00.5",)]
    for refused in ("SET ANSI_MODE = false", "SET no.such.key = 1", "SET no.such.key"):
        with pytest.raises(DatabaseError):
            query(refused)


def test_where_unqualified_names_are_looked_up(query, schema):
    query("CREATE TABLE t AS SELECT 'here' AS a")
    query("USE main.default")
    with pytest.raises(DatabaseError, match="TABLE_OR_VIEW_NOT_FOUND"):
        query("SELECT * FROM t")
    query(f"USE SCHEMA `{schema}`")
    assert query("SELECT * FROM t") == [("here",)]
    with pytest.raises(DatabaseError, match="SCHEMA_NOT_FOUND"):
        query("USE main.nowhere")


# Semantics

@pytest.mark.parametrize("expression, value", [
    ("CAST(1.9 AS INT)", 1), ("CAST(-1.9D AS INT)", -1), ("CAST(' 5 ' AS INT)", 5), ("TRY_CAST('1.0' AS INT)", None),
    ("CAST(1.5D AS STRING)", "1.5"), ("CAST(true AS STRING)", "true"), ("7 DIV 2", 3), ("-7 DIV 2", -3), ("-7 % 3", -1),
    ("pmod(-7, 3)", 2), ("7 / 2", 3.5), ("dayofweek(DATE '2024-01-07')", 1), ("weekday(DATE '2024-01-07')", 6),
    ("length('äö')", 2), ("substring('abc', 0, 2)", "ab"), ("concat_ws('-', 'a', NULL, 'b')", "a-b"), ("'a' || 'b'", "ab"),
    ("ceil(1.2D)", 2), ("'a_c' LIKE 'a\\_c'", True), ("'abc' LIKE 'a\\_c'", False), ("NULL <=> NULL", True),
    ("date_format(TIMESTAMP '2024-01-02T03:04:05Z', 'yyyy-MM-dd\\'T\\'HH:mm')", "2024-01-02T03:04"),
    ("datediff(DATE '2024-03-01', DATE '2024-02-01')", 29), ("size(array(1, 2))", 2), ("current_catalog()", "main"),
    ("(SELECT max(id) FROM range(5))", 4), ("CAST('2024-01-01' AS DATE)", datetime.date(2024, 1, 1)),
    ("CAST('1.005' AS DECIMAL(5,2))", decimal.Decimal("1.01")), ("map('k', 7)['k']", 7), ("named_struct('a', 3).a", 3),
    ("CASE WHEN 1 > 2 THEN 'x' ELSE 'y' END", "y"), ("if(true, 1, 2)", 1), ("coalesce(NULL, 2)", 2), ("hex('a')", "61"),
    ("concat('a', 1, DATE '2024-01-01')", "a12024-01-01"), ("'at ' || TIMESTAMP '2024-01-01T00:00:00Z'", "at 2024-01-01 00:00:00"),
    ("concat('a', NULL)", None), ("left('abc', -1)", ""), ("nvl2(NULL, 1, 2)", 2), ("sign(-3)", -1.0), ("5 - 3", 2),
    ("unix_micros(TIMESTAMP '1970-01-01T00:00:01Z')", 1000000), ("r'a\\b'", "a\\b"), ("'a\\\\b\\'c\\n'", "a\\b'c\n"),
])
def test_expressions(shared, expression, value):
    assert shared(f"SELECT {expression}") == [(value,)]


@pytest.mark.parametrize("statement", [
    "SELECT 1 % 0", "SELECT 1 DIV 0", "SELECT CAST('1e3' AS INT)", "SELECT CAST('0x1' AS INT)", "SELECT CAST('1_000' AS BIGINT)",
    "SELECT CAST('infinity' AS TIMESTAMP)", "SELECT CAST('now' AS DATE)", "SELECT CAST(300 AS TINYINT)", "SELECT CAST('x' AS BOOLEAN)",
    "SELECT 2147483647 + 1",
    # What would be answered differently from Spark is refused by name.
    "SELECT 1.5 / 2.5", "SELECT avg(1.5)", "SELECT to_json(named_struct('a', NULL))", "SELECT xxhash64('a')", "SELECT array(1)[0]",
    "SELECT struct(*) FROM range(1)", "SELECT CAST(array(1) AS STRING)", "SELECT date_format(now(), 'G')", "SELECT explode(array(1))",
    "SELECT typeof(1)", "SELECT DATE '2024-01-02' - DATE '2024-01-01'",
    "SELECT * FROM range(3) TABLESAMPLE (1 ROWS)", "SELECT id FROM range(3) SORT BY id", "SELECT INTERVAL 1 DAY",
    "SELECT * FROM csv.`/etc/passwd`", "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM range(2)@v1", "SELECT * FROM meta.tables",
    "OPTIMIZE t", "VACUUM t", "EXPLAIN SELECT 1", "GRANT SELECT ON t TO u", "SHOW GRANTS ON t", "COPY INTO t FROM 's3://b/k'",
    "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE", "ALTER TABLE t ADD COLUMN a INT", "RESTORE t TO VERSION AS OF 0",
    "CREATE TABLE x (a INT) LOCATION 's3://b'", "CREATE TABLE x USING parquet AS SELECT 1 AS a", "CREATE TABLE x (a INT DEFAULT 1)",
    "CREATE EXTERNAL VOLUME v", "CALL p()", "SELECT 1; SELECT 2", "", "-- nothing",
])
def test_refused(shared, statement):
    with pytest.raises(DatabaseError) as caught:
        shared(statement)
    assert "SQLSTATE" in str(caught.value) and "INTERNAL_ERROR" not in str(caught.value)


def test_common_shapes_of_queries(query, schema):
    query("CREATE TABLE q AS SELECT id, id % 3 AS g FROM range(9)")
    assert query("WITH q AS (SELECT 1 AS a) SELECT a FROM q") == [(1,)]
    assert query("SELECT g, count(*) AS n FROM q GROUP BY g HAVING count(*) > 2 ORDER BY g") == [(0, 3), (1, 3), (2, 3)]
    assert query("SELECT a.id FROM q a JOIN q b ON a.id = b.id + 7 ORDER BY 1") == [(7,), (8,)]
    assert query("SELECT id FROM q WHERE g IN (SELECT max(g) FROM q) ORDER BY id LIMIT 1 OFFSET 1") == [(5,)]
    assert query("SELECT id FROM q QUALIFY row_number() OVER (PARTITION BY g ORDER BY id DESC) = 1 ORDER BY id") == [(6,), (7,), (8,)]
    assert query("SELECT 1 AS a UNION ALL SELECT 2 ORDER BY a DESC") == [(2,), (1,)]
    assert query("SELECT collect_list(x) FROM (VALUES (1), (NULL)) AS v(x)")[0][0].tolist() == [1]
    assert query("SELECT * FROM (VALUES (NULL), (1)) AS v(x) ORDER BY x") == [(None,), (1,)]
    assert query(f"SELECT main.{schema}.q.id FROM main.{schema}.q WHERE q.id = 4") == [(4,)]


# Bulk load

def test_bulk_load(sandbox, query, schema):
    def load(data, columns="a INT, b STRING, ts TIMESTAMP", **more):
        options = urllib.parse.urlencode({"table": f"main.{schema}.bulk", "columns": columns, "null": "NA", **more})
        return sandbox.control("POST", f"load?{options}", data)
    assert load(b'a,b,ts\n1,"x,""y""",2013-01-01T10:00:00Z\nNA,NA,NA\n') == {"rows": 2, "version": 1}
    assert load(b"a,b,ts\n3,z,NA\n") == {"rows": 1, "version": 2}
    assert query("SELECT * FROM bulk VERSION AS OF 1 ORDER BY a") == [
        (None, None, None), (1, 'x,"y"', datetime.datetime(2013, 1, 1, 10, tzinfo=UTC))]
    assert query("SELECT count(*) FROM bulk") == [(3,)]
    with pytest.raises(Exception, match="400"):
        load(b"a,b,ts\nnot a number,z,NA\n")
    assert load(b"c\n5\n", columns="c INT", mode="replace") == {"rows": 1, "version": 3}
    assert query("SELECT * FROM bulk") == [(5,)]


def test_rows_of_the_flights_text():
    data = b"h\n0\n1\n2\n3\n"
    assert flights.rows(data, 1, 3) == b"h\n1\n2\n" and flights.rows(data, 0, 99) == data
