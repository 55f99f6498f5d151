"""The queries that batches are read by, as the sandbox's log shows them: one plan, both bounds on the timestamp, as many rows as asked for."""

import datetime
import re

import pytest

from events import told

TIME = r"TIMESTAMP '([^']*)'"
READ = re.compile(r"SELECT \* FROM `ldbx_snapshot_\w+`(?: WHERE (?P<where>.*?))? ORDER BY `ts`, `ldbx_order`(?: LIMIT (?P<limit>\d+))?")
BOUNDS = re.compile(rf"(?:`ts` >= {TIME} AND \(`ts` > {TIME} OR `ldbx_order` > (\d+)\)(?: AND )?)?(?:`ts` <= {TIME})?")


def seconds(text):
    return round(datetime.datetime.fromisoformat(text).timestamp()) if text else None


class Read:
    """A query for rows: the key that it begins behind, its upper bound, its limit."""

    def __init__(self, statement):
        found = READ.fullmatch(statement)
        bounds = BOUNDS.fullmatch(found["where"] or "")
        at_least, above, order, upto = bounds.groups()
        assert at_least == above, "the bound for the scan and the one that cuts are the same"
        self.after = None if order is None else (seconds(above), int(order))
        self.upto = seconds(upto)
        self.limit = int(found["limit"]) if found["limit"] else None


class Queries:
    """What a job asked its table for."""

    def __init__(self, sandbox, job, code=0):
        sandbox.control("DELETE", "log")
        job.run(code=code)
        statements = [call["statement"] for call in sandbox.control("GET", "log")["calls"] if call["rpc"] == "ExecuteStatement"]
        self.plans = [statement for statement in statements if "ldbx_bucket" in statement]
        self.reads = [Read(statement) for statement in statements if statement.startswith("SELECT * FROM `ldbx_snapshot_")]


def expect_bounded(queries, first_has_key=False):
    """Each query has an upper bound, and all but a run's first one a lower bound; neither ever goes back."""
    assert len(queries.plans) == 1
    assert [read.after is None for read in queries.reads] == [not first_has_key] + [False] * (len(queries.reads) - 1)
    bounds = [read.upto for read in queries.reads]
    assert None not in bounds and bounds == sorted(bounds)
    assert all(read.after is None or read.after[0] <= read.upto for read in queries.reads)


def sizes(queries, ties, rows, start=0):
    """Rows of each query, of a table with `ties` rows to a second: a query's key says how many rows lie before it."""
    places = [start] + [ties * read.after[0] + read.after[1] for read in queries.reads[1:]] + [rows]
    return [end - begin for begin, end in zip(places, places[1:])]


def table_of(sql, schema, rows, ties):
    sql(f"CREATE TABLE {schema}.t AS SELECT id, timestamp_seconds(id DIV {ties}) AS ts FROM range({rows})")
    return f"{schema}.t"


def scaled(*values):
    return pytest.param(*values, marks=pytest.mark.scale)


@pytest.mark.parametrize("batch_size, rows, ties", [
    (1, 60, 3), (2, 60, 3), (2, 61, 20), (7, 200, 3), (7, 210, 7), (100, 3000, 1), (100, 3050, 640), (4096, 30000, 3),
    scaled(4096, 300000, 97), scaled(100000, 1000000, 3), scaled(100000, 600000, 250000), scaled(999999, 2000000, 10),
    scaled(1000000, 1000001, 10), scaled(1000000, 2000000, 1)])
def test_batches(sql, schema, job, faulty, batch_size, rows, ties):
    one = job(table_of(sql, schema, rows, ties), batch_size=batch_size, stream="s")
    queries = Queries(faulty, one)
    expect_bounded(queries)
    assert {read.limit for read in queries.reads} == {batch_size}
    got = sizes(queries, ties, rows)
    full, rest = divmod(rows, batch_size)
    assert got[:full] == [batch_size] * full, "no query gives more rows than asked for, and none but the last gives less"
    assert [size for size in got[full:] if size] == ([rest] if rest else []) and len(got) <= full + 2
    found, counts, ordered = told(one.output)
    assert found == len(counts) == rows and (counts == 1).all() and ordered
    assert one.report["rows"]["groups_streamed"] == 0


@pytest.mark.parametrize("batch_size, rows", [(100, 99), (100, 100), (10000000, 30000), (None, 30000)])
def test_one_query_needs_no_plan(sql, schema, job, faulty, batch_size, rows):
    one = job(table_of(sql, schema, rows, 3), **({} if batch_size is None else {"batch_size": batch_size}))
    queries = Queries(faulty, one)
    assert queries.plans == [] and [(read.after, read.upto) for read in queries.reads][0] == (None, None)
    assert len([read for read in queries.reads if read.after is not None]) <= 1
    assert sorted(row["id"] for row in one.rows) == list(range(rows))


def test_a_run_that_goes_on_plans_anew_and_fills_its_batches(sql, schema, job, faulty):
    """Behind a key in the middle of a timestamp."""
    one = job(table_of(sql, schema, 3000, 7), batch_size=100)
    faulty.faults({"rpc": "ExecuteStatement", "statement": "LIMIT 100", "action": "status", "status": 403, "skip": 11})
    one.run(code=1)
    assert one.report["rows"]["delivered"] == 1100
    queries = Queries(faulty, one)
    expect_bounded(queries, first_has_key=True)
    assert queries.reads[0].after == (1100 // 7, 1100 % 7)
    assert [size for size in sizes(queries, 7, 3000, start=1100) if size] == [100] * 19
    assert sorted(row["id"] for row in one.rows) == list(range(3000))


def test_boundaries_are_at_most_ten_thousand(sql, schema, job, faulty):
    """However small the batches: the plan's own rows are held in memory. Its statement is run again to count them."""
    one = job(table_of(sql, schema, 25000, 1), batch_size=1, row_limit=20)
    queries = Queries(faulty, one)
    expect_bounded(queries)
    assert sizes(queries, 1, 20) == [1] * 20
    boundaries = sql(queries.plans[0])
    assert 5000 < len(boundaries) <= 10000
    assert [row["id"] for row in one.rows] == list(range(20))


@pytest.mark.parametrize("config, giants", [({"batch_size": 20}, 2), ({"batch_size": 99}, 1), ({"batch_size": 150}, 0), ({}, 0)])
def test_giant_groups_are_streamed_alone(sql, schema, job, faulty, config, giants):
    """Timestamps of 300 and of 1,200 rows among others of 1: those of more than ten batches get one query each, without a limit."""
    groups = "CASE WHEN id < 400 THEN id WHEN id < 700 THEN 1000 WHEN id < 1000 THEN id + 1000 WHEN id < 2200 THEN 5000 ELSE id + 5000 END"
    sql(f"CREATE TABLE {schema}.t AS SELECT id, timestamp_seconds({groups}) AS ts FROM range(2500)")
    one = job(f"{schema}.t", **config)
    queries = Queries(faulty, one)
    assert sorted(row["id"] for row in one.rows) == list(range(2500))
    assert [event["ts"] for event in one.events] == sorted(event["ts"] for event in one.events)
    assert one.report["rows"]["groups_streamed"] == giants
    if config:
        expect_bounded(queries)
        assert [read.upto for read in queries.reads if read.limit is None] == [1000, 5000][2 - giants:]


def test_a_giant_group_that_is_cut_is_streamed_on(sql, schema, job, faulty):
    """The session goes in the middle of it, and then the run is resumed in the middle of it: it stays one group."""
    sql(f"CREATE TABLE {schema}.t AS SELECT id, timestamp_seconds(CASE WHEN id BETWEEN 10 AND 49999 THEN 10 ELSE id END) AS ts, "
        "'x' AS text FROM range(50020)")
    one = job(f"{schema}.t", batch_size=1000)
    giant = {"rpc": "FetchResults", "statement": "00:10.000000Z' ORDER BY"}
    small = giant | {"action": "slow_page", "rows": 4000, "seconds": 0, "times": 1000}
    faulty.faults(giant | {"action": "lost_session", "skip": 2}, giant | {"action": "status", "status": 403, "skip": 5, "times": 100},
                  small, small | {"rpc": "ExecuteStatement"})
    one.run(code=1)
    delivered = one.report["rows"]["delivered"]
    assert 1000 < delivered < 50000
    faulty.control("DELETE", "faults")
    queries = Queries(faulty, one)
    expect_bounded(queries, first_has_key=True)
    assert queries.reads[0].after == (10, delivered - 10) and queries.reads[0].limit is None and queries.reads[0].upto == 10
    assert sorted(row["id"] for row in one.rows) == list(range(50020))
    assert one.report["attempts"] == 2 and one.report["rows"]["groups_streamed"] == 1
