"""Imports through the program: what comes out, in which order, and what the next run sees."""

import json

import pytest

from program import counted


def table_with(sql, schema, columns, *rows, name="t"):
    sql(f"CREATE TABLE {schema}.{name} ({columns})")
    if rows:
        sql(f"INSERT INTO {schema}.{name} VALUES " + ", ".join(rows))
    return f"{schema}.{name}"


def test_rows_become_events(sql, schema, job):
    table = table_with(sql, schema, "id INT, ts TIMESTAMP, name STRING", "(1, TIMESTAMP '2024-01-01 00:00:00.000001Z', 'a\"b\\\\c')",
                       "(2, TIMESTAMP '2024-01-02 00:00:00Z', NULL)")
    one = job(table)
    one.run()
    assert one.output.read_text().splitlines() == [
        json.dumps({"stream": f"databricks_{table.replace('.', '_')}", "ts": "2024-01-01T00:00:00.000001Z",
                    "data": {"id": 1, "ts": "2024-01-01T00:00:00.000001Z", "name": 'a"b\\c'}}, separators=(",", ":")),
        json.dumps({"stream": f"databricks_{table.replace('.', '_')}", "ts": "2024-01-02T00:00:00.000000Z",
                    "data": {"id": 2, "ts": "2024-01-02T00:00:00.000000Z"}}, separators=(",", ":")),
    ]


@pytest.mark.parametrize("batch_size", [None, 1, 7, 100, 100000])
def test_ties_identical_rows_and_null_timestamps(sql, schema, job, batch_size):
    table = table_with(sql, schema, "id INT, ts TIMESTAMP")
    sql(f"INSERT INTO {table} SELECT CAST(id % 5 AS INT), TIMESTAMP '2024-01-01 00:00:00Z' FROM range(40)",
        f"INSERT INTO {table} SELECT CAST(id AS INT), TIMESTAMP '2024-01-01 00:00:01Z' FROM range(9)",
        f"INSERT INTO {table} VALUES (77, NULL), (78, NULL)")
    one = job(table, **({} if batch_size is None else {"batch_size": batch_size}))
    one.run()
    expected = [{"id": i % 5, "ts": "2024-01-01T00:00:00.000000Z"} for i in range(40)]
    expected += [{"id": i, "ts": "2024-01-01T00:00:01.000000Z"} for i in range(9)]
    assert counted(one.rows) == counted(expected)
    assert [e["ts"] for e in one.events] == sorted(e["ts"] for e in one.events)
    assert one.report["rows"]["delivered"] == 49
    assert one.report["rows"]["omitted"] == {"null_timestamp": 2}


def test_the_next_run_takes_strictly_newer_rows(sql, schema, job):
    table = table_with(sql, schema, "id INT, ts TIMESTAMP", "(1, TIMESTAMP '2024-01-01 00:00:00.000005Z')")
    one = job(table, continuous_update=True)
    one.run()
    sql(f"INSERT INTO {table} VALUES (2, TIMESTAMP '2024-01-01 00:00:00.000005Z'), (3, TIMESTAMP '2024-01-01 00:00:00.000006Z'), "
        "(4, TIMESTAMP '2023-01-01 00:00:00Z')")
    one.run()
    assert [row["id"] for row in one.rows] == [1, 3]
    assert one.status["watermark"] == "2024-01-01T00:00:00.000006Z"
    one.run()
    assert [row["id"] for row in one.rows] == [1, 3]


def test_a_one_time_job_is_done_once(sql, schema, job):
    table = table_with(sql, schema, "id INT, ts TIMESTAMP", "(1, TIMESTAMP '2024-01-01 00:00:00Z')")
    one = job(table)
    one.run()
    one.run()
    assert len(one.rows) == 1
    assert one.status["state"] == "completed"
    one.run("--again")
    assert len(one.rows) == 2


def test_since_date_is_exclusive(sql, schema, job):
    table = table_with(sql, schema, "id INT, ts TIMESTAMP", "(1, TIMESTAMP '2024-01-01 12:00:00Z')", "(2, TIMESTAMP '2024-01-01 12:00:01Z')")
    one = job(table, since_date="2024-01-01 12:00:00")
    one.run()
    assert [row["id"] for row in one.rows] == [2]


def test_record_timestamp_falls_back(sql, schema, job):
    table = table_with(sql, schema, "id INT, ts TIMESTAMP, seen TIMESTAMP_NTZ",
                       "(1, TIMESTAMP '2024-01-01 00:00:00Z', TIMESTAMP_NTZ '2020-02-02 02:02:02')", "(2, TIMESTAMP '2024-01-02 00:00:00Z', NULL)")
    one = job(table, record_timestamp="seen", stream="mine")
    one.run()
    assert [(e["stream"], e["ts"]) for e in one.events] == [("mine", "2020-02-02T02:02:02.000000Z"), ("mine", "2024-01-02T00:00:00.000000Z")]


@pytest.mark.parametrize("batch_size", [{}, {"batch_size": 4}])
def test_row_limit_moves_no_watermark(sql, schema, job, batch_size):
    table = table_with(sql, schema, "id INT, ts TIMESTAMP")
    sql(f"INSERT INTO {table} SELECT CAST(id AS INT), timestamp_seconds(id) FROM range(30)")
    one = job(table, row_limit=10, continuous_update=True, **batch_size)
    one.run()
    assert [row["id"] for row in one.rows] == list(range(10))
    assert one.status["watermark"] is None
    assert "limited" in json.dumps(one.report)


@pytest.mark.parametrize("type_name, literal, text", [
    ("DATE", "DATE '2024-03-0{}'", "2024-03-0{}"),
    ("TIMESTAMP_NTZ", "TIMESTAMP_NTZ '2024-03-01 00:00:00.00000{}'", "2024-03-01T00:00:00.00000{}"),
])
def test_other_time_types(sql, schema, job, type_name, literal, text):
    table = table_with(sql, schema, f"ts {type_name}", *[f"({literal.format(i)})" for i in (1, 2, 3)])
    one = job(table, continuous_update=True, batch_size=2)
    one.run()
    sql(f"INSERT INTO {table} VALUES ({literal.format(3)}), ({literal.format(4)})")
    one.run()
    assert [row["ts"] for row in one.rows] == [text.format(i) for i in (1, 2, 3, 4)]


def test_every_type_as_json(sql, schema, job):
    table = table_with(sql, schema, "ts TIMESTAMP, b BOOLEAN, ti TINYINT, bi BIGINT, f FLOAT, d DOUBLE, de DECIMAL(20,3), s STRING, "
                       "bin BINARY, da DATE, n TIMESTAMP_NTZ, a ARRAY<INT>, m MAP<STRING, INT>, st STRUCT<x: INT, y: ARRAY<STRING>>",
                       "(TIMESTAMP '2024-01-01 00:00:00Z', true, -128, 9223372036854775807, CAST(0.1 AS FLOAT), 0.1, 12345678901234567.890, "
                       "'ü\\u0001', X'00ff', DATE '0001-01-01', TIMESTAMP_NTZ '9999-12-31 23:59:59.999999', array(1, NULL), map('k', 1), "
                       "struct(1 AS x, array('z') AS y))")
    one = job(table)
    one.run()
    text = one.output.read_text()
    assert '"bi":9223372036854775807' in text and '"de":12345678901234567.890' in text and '"f":0.1,"d":0.1' in text
    row = one.rows[0]
    assert row["b"] is True and row["ti"] == -128 and row["s"] == "ü\u0001" and row["bin"] == "AP8="
    assert row["da"] == "0001-01-01" and row["n"] == "9999-12-31T23:59:59.999999"
    assert row["a"] == [1, None] and row["m"] == {"k": 1} and row["st"] == {"x": 1, "y": ["z"]}


def test_odd_names(sql, schema, job):
    columns = "`we``ird` INT, `a.b` INT, `ts` TIMESTAMP, `ldbx_order` INT, `ÜBER 😀` INT"
    table = table_with(sql, schema, columns, "(1, 2, TIMESTAMP '2024-01-01 00:00:00Z', 3, 4)")
    one = job(table, batch_size=1)
    one.run()
    assert one.rows == [{"we`ird": 1, "a.b": 2, "ts": "2024-01-01T00:00:00.000000Z", "ldbx_order": 3, "ÜBER 😀": 4}]


def test_a_view_has_no_versions(sql, schema, job):
    table = table_with(sql, schema, "id INT, ts TIMESTAMP", "(1, TIMESTAMP '2024-01-01 00:00:00Z')", "(2, TIMESTAMP '2024-01-01 00:00:01Z')")
    sql(f"CREATE VIEW {schema}.v AS SELECT * FROM {table}")
    one = job(f"{schema}.v")
    one.run()
    assert [row["id"] for row in one.rows] == [1, 2]
    assert any("view" in warning.lower() or "histor" in warning.lower() for warning in one.report["warnings"])


def test_an_empty_table(sql, schema, job):
    one = job(table_with(sql, schema, "id INT, ts TIMESTAMP"))
    one.run()
    assert one.rows == []
    assert one.status["state"] == "completed" and one.status["watermark"] is None


def test_a_group_of_many_rows_is_streamed(sql, schema, job):
    table = table_with(sql, schema, "id INT, ts TIMESTAMP")
    sql(f"INSERT INTO {table} SELECT CAST(id AS INT), timestamp_seconds(CASE WHEN id BETWEEN 10 AND 999 THEN 10 ELSE id END) FROM range(1020)")
    one = job(table, batch_size=20)
    one.run()
    assert sorted(row["id"] for row in one.rows) == list(range(1020))


def test_session_catalog_is_kept(sql, schema, job):
    table = table_with(sql, schema, "id INT, ts TIMESTAMP", "(1, TIMESTAMP '2024-01-01 00:00:00Z')")
    one = job(table)
    del one.document["config"]["catalog"]
    one.write()
    one.run()
    assert one.events[0]["stream"] == f"databricks_{table.replace('.', '_')}"
