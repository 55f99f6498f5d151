"""The import job on a Delta table of open-source Spark."""

import json
import time
from collections import Counter

import pytest

from program import counted
from proxy import Proxy

# Ties of seven rows, pairs of identical rows, NULL timestamps; what is nested, to the microsecond and with NULLs inside.
COLUMNS = """id - id % 2 AS id, if(id % 100 = 50, NULL, timestamp_micros(id DIV 14 * 1000001)) AS ts,
  CAST(timestamp_micros(id DIV 2) AS TIMESTAMP_NTZ) AS local, date_add(DATE '2024-02-28', CAST(id DIV 1000 AS INT)) AS day,
  CAST(id DIV 2 AS DECIMAL(20,3)) AS amount, if(id DIV 2 % 2 = 0, NULL, id DIV 2 % 4 = 1) AS flag,
  array(TIMESTAMP '2024-01-01 00:00:00.123456Z', NULL) AS stamps, named_struct('a"b', concat('x', '"'), 'none', CAST(NULL AS INT)) AS st,
  map('k', id DIV 2) AS m, parse_json('{"q": [1, null, "z"]}') AS v, repeat('x', 30) AS text"""
ROWS = 14000 # whole groups of a timestamp: what ties with the watermark would not be new


def make_table(sql, schema, rows=ROWS):
    sql(f"CREATE TABLE {schema}.n USING DELTA AS SELECT {COLUMNS} FROM range({rows})")
    return f"{schema}.n"


def expected_ids(first=0, last=ROWS):
    return Counter(i - i % 2 for i in range(first, last) if i % 100 != 50)


def ids(job):
    return Counter(row["id"] for row in job.rows)


def size_of(job):
    return job.output.stat().st_size if job.output.exists() else 0


def kill_behind(job, size):
    """Starts the job and kills it when its output is longer; whether it was at work."""
    with job.program.start(*job.arguments) as process:
        end = time.monotonic() + 120
        while process.poll() is None and size_of(job) <= size and time.monotonic() < end:
            time.sleep(0.002)
        at_work = process.poll() is None
        process.kill()
    return at_work


def test_rows_become_events(sql, schema, job):
    one = job(make_table(sql, schema, 300))
    one.run()
    assert ids(one) == expected_ids(0, 300)
    assert [e["ts"] for e in one.events] == sorted(e["ts"] for e in one.events)
    event = one.events[0]
    assert event["stream"] == f"databricks_{schema.replace('.', '_')}_n"
    row = next(row for row in one.rows if row["id"] == 130)
    assert row == {"id": 130, "ts": "1970-01-01T00:00:09.000009Z", "local": "1970-01-01T00:00:00.000065", "day": "2024-02-28", "amount": 65.0,
                   "flag": True, "stamps": ["2024-01-01T00:00:00.123456Z", None], "st": {"a\"b": "x\"", "none": None}, "m": {"k": 65},
                   "v": {"q": [1, None, "z"]}, "text": "x" * 30}
    assert '"amount":65.000' in one.output.read_text()
    assert one.report["rows"] == one.report["rows"] | {"delivered": 297, "omitted": {"null_timestamp": 3}}
    assert one.report["versions"]["before"] == 0


@pytest.mark.parametrize("batch_size, kills", [(None, [0]), (4000, [0, 0.4, 0.7])])
def test_killed_and_resumed(sql, schema, job, batch_size, kills):
    one = job(make_table(sql, schema), continuous_update=True, **({} if batch_size is None else {"batch_size": batch_size}))
    whole = 300 * ROWS
    for part in kills:
        assert kill_behind(one, part * whole), "the job ended before it was killed"
    one.run()
    assert ids(one) == expected_ids()
    assert one.report["attempts"] > 1
    assert len(counted(one.rows)) == len(expected_ids())         # the two of a pair are the same to the last character
    sql(f"INSERT INTO {schema}.n SELECT {COLUMNS} FROM range({ROWS}, {ROWS + 500})")
    before = len(one.events)
    one.run()
    assert ids(one) == expected_ids(0, ROWS + 500)
    assert Counter(row["id"] for row in one.rows[before:]) == expected_ids(ROWS, ROWS + 500)
    before = len(one.events)
    one.run()
    assert len(one.events) == before


def test_the_version_stays_pinned_over_a_kill(sql, schema, job):
    """Also its columns do: one that came later is not read."""
    table = make_table(sql, schema)
    one = job(table, batch_size=5000)
    assert kill_behind(one, 0)
    sql(f"DELETE FROM {table} WHERE id > 500", f"ALTER TABLE {table} ADD COLUMN later STRING", f"INSERT INTO {table} (id, ts) VALUES (-1, TIMESTAMP '1960-01-01 00:00:00')")
    one.run()
    assert ids(one) == expected_ids()
    assert "later" not in one.rows[-1]


def test_a_table_made_again(sql, schema, job):
    """The version that was pinned is gone: the run begins anew, and says so."""
    table = make_table(sql, schema)
    one = job(table, batch_size=5000)
    assert kill_behind(one, 0)
    delivered = len(one.output.read_bytes().splitlines())
    sql(f"DROP TABLE {table}")
    make_table(sql, schema, 200)
    one.run()
    assert "version" in json.dumps(one.report["warnings"]) and "anew" in json.dumps(one.report["warnings"])
    assert expected_ids(0, 200) <= ids(one)
    assert len(one.rows) <= delivered + 200


@pytest.mark.parametrize("column, value", [("day", "2024-03-12"), ("local", "1970-01-01T00:00:00.006999")])
def test_dates_and_zoneless_timestamps_order_too(sql, schema, job, column, value):
    one = job(make_table(sql, schema), timestamp_field=column, continuous_update=True)
    one.run()
    assert ids(one) == Counter(i - i % 2 for i in range(ROWS))
    assert one.rows[-1][column] == value
    sql(f"INSERT INTO {schema}.n SELECT {COLUMNS} FROM range({ROWS}, {ROWS + 2000})")
    before = len(one.events)
    one.run()
    assert Counter(row["id"] for row in one.rows[before:]) == Counter(i - i % 2 for i in range(ROWS, ROWS + 2000))


def test_wide_structs_and_odd_names(sql, schema, job):
    """The server tells a type of many fields without its last ones: there may be a MAP, which cannot be hashed."""
    fields = ", ".join(f"f{i}: INT" for i in range(30)) + ", last: MAP<STRING, INT>"
    values = ", ".join(f"'f{i}', CAST(id AS INT)" for i in range(30)) + ", 'last', map('k', CAST(id AS INT))"
    sql(f"CREATE TABLE {schema}.w (ts TIMESTAMP, wide STRUCT<{fields}>, `a b.c` INT, `ÜB``😀` STRING, ldbx_order INT) USING DELTA "
        "TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
        f"INSERT INTO {schema}.w SELECT TIMESTAMP '2024-01-01 00:00:00Z', named_struct({values}), CAST(id AS INT), 'x', 7 FROM range(20)")
    one = job(f"{schema}.w", batch_size=7)
    one.run()
    rows = sorted(one.rows, key=lambda row: row["a b.c"])
    assert [row["a b.c"] for row in rows] == list(range(20))
    assert rows[3] == {"ts": "2024-01-01T00:00:00.000000Z", "wide": {f"f{i}": 3 for i in range(30)} | {"last": {"k": 3}}, "a b.c": 3, "ÜB`😀": "x", "ldbx_order": 7}


def test_a_view_has_no_versions(sql, schema, job):
    sql(f"CREATE VIEW {schema}.w AS SELECT {COLUMNS} FROM range(300)")
    one = job(f"{schema}.w")
    one.run()
    assert ids(one) == expected_ids(0, 300)
    assert "no versions" in json.dumps(one.report["warnings"])


def test_lost_pages_are_read_again(sql, schema, job, spark):
    """The server sends no page twice; the import opens a new session and goes on behind the last row."""
    one = job(make_table(sql, schema))
    with Proxy(spark.port, lambda number, size, lost: size > 100_000 and lost < 2) as proxy:
        one.program.env["DATABRICKS_HOST"] = f"http://127.0.0.1:{proxy.port}"
        one.run()
        assert proxy.lost == 2
    assert ids(one) == expected_ids()
