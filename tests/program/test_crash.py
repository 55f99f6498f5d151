"""Whatever dies and whenever: each row exactly once."""

import random
import signal
import subprocess
import time

import pytest

from program import counted


def make_numbers(sql, schema, count):
    """Rows with many to a timestamp, some of them identical."""
    sql(f"CREATE TABLE {schema}.n (id BIGINT, ts TIMESTAMP, text STRING)",
        f"INSERT INTO {schema}.n SELECT id - id % 2, timestamp_seconds(id DIV 97), repeat('x', 40) FROM range({count})")
    return f"{schema}.n"


def expected_ids(count=60000):
    return sorted(i - i % 2 for i in range(count))


@pytest.fixture
def numbers(sql, schema):
    return make_numbers(sql, schema, 60000)


def start(job):
    return job.program.start(*job.arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_when(job, reached):
    """Starts the job and kills it when something is reached; whether it was still at work."""
    process = start(job)
    while process.poll() is None and not reached():
        time.sleep(0.001)
    at_work = process.poll() is None
    process.kill()
    process.wait()
    return at_work


def size_of(job):
    return job.output.stat().st_size if job.output.exists() else 0


def test_killed_at_twenty_random_moments(numbers, job, faulty):
    chance = random.Random(20261122)
    one = job(numbers, batch_size=500)
    faulty.faults({"rpc": "ExecuteStatement", "statement": "LIMIT 500", "action": "delay", "seconds": 0.08, "times": 100000})
    sizes = []
    for _ in range(20):
        end = time.monotonic() + chance.uniform(0.02, 0.8)
        assert kill_when(one, lambda: time.monotonic() > end), "the job ended before it was killed twenty times"
        sizes.append(size_of(one))
    faulty.control("DELETE", "faults")
    one.run()
    assert sorted(row["id"] for row in one.rows) == expected_ids()
    assert len(set(sizes)) > 3, f"the kills did not hit the job at work: {sizes}"


def test_killed_while_it_streams(sql, schema, job, faulty):
    chance = random.Random(20261122)
    one = job(make_numbers(sql, schema, 350000))
    faulty.faults({"rpc": "FetchResults", "action": "delay", "seconds": 0.1, "times": 100000})
    for target in sorted(chance.uniform(0, 40_000_000) for _ in range(8)):
        assert kill_when(one, lambda: size_of(one) > target)
    faulty.control("DELETE", "faults")
    one.run()
    assert sorted(row["id"] for row in one.rows) == expected_ids(350000)
    assert one.report["attempts"] > 3


def test_a_torn_tail_is_cut(numbers, job):
    one = job(numbers, batch_size=3000)
    assert kill_when(one, lambda: size_of(one) > 1_000_000)
    with one.output.open("ab") as file:
        file.write(b'{"stream": "torn')
    one.run()
    assert sorted(row["id"] for row in one.rows) == expected_ids()


def test_rows_that_arrive_during_a_run_wait_for_the_next(numbers, job, sql):
    one = job(numbers, batch_size=3000, continuous_update=True)
    assert kill_when(one, lambda: size_of(one) > 500_000)
    sql(f"INSERT INTO {numbers} VALUES (-1, TIMESTAMP '1970-01-01 00:00:01Z', 'late'), (-2, TIMESTAMP '2030-01-01 00:00:00Z', 'new')")
    one.run()
    assert sorted(row["id"] for row in one.rows) == expected_ids()
    one.run()
    assert sorted(row["id"] for row in one.rows) == [-2] + expected_ids()


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_a_signal_stops_cleanly(numbers, job, program, number, code):
    one = job(numbers, batch_size=500)
    process = program.start(*one.arguments)
    while size_of(one) < 500_000:
        time.sleep(0.005)
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert process.returncode == code, err
    one.run()
    assert sorted(row["id"] for row in one.rows) == expected_ids()


def test_a_second_runner_is_turned_away(numbers, job):
    one = job(numbers, batch_size=500)
    process = start(one)
    while size_of(one) < 100_000:
        time.sleep(0.005)
    refused = one.run(code=4)
    assert "another" in refused.err
    assert process.wait(timeout=60) == 0
    assert sorted(row["id"] for row in one.rows) == expected_ids()


@pytest.mark.parametrize("fault", [
    {"rpc": "FetchResults", "action": "lost_session", "skip": 1, "times": 1},
    {"rpc": "FetchResults", "action": "evicted", "skip": 1, "times": 1},
    {"rpc": "ExecuteStatement", "statement": "ORDER BY", "action": "lost_session", "skip": 3, "times": 1},
    {"rpc": "FetchResults", "action": "reset_after", "times": 2},
    {"rpc": "ExecuteStatement", "statement": "ORDER BY", "action": "reset_before", "skip": 1, "times": 1},
], ids=lambda fault: fault["action"] + "-" + fault["rpc"])
@pytest.mark.parametrize("config", [{"batch_size": 20000}, {}], ids=["batches", "streamed"])
def test_the_server_fails_in_the_middle(numbers, job, faulty, config, fault):
    faulty.faults(fault)
    one = job(numbers, **config)
    one.run()
    assert sorted(row["id"] for row in one.rows) == expected_ids()


def test_a_pinned_version_that_is_gone_is_said_aloud(numbers, job, sql):
    one = job(numbers, batch_size=3000)
    assert kill_when(one, lambda: size_of(one) > 500_000)
    sql(f"CREATE TABLE {numbers}2 AS SELECT * FROM {numbers}", f"DROP TABLE {numbers}", f"CREATE TABLE {numbers} AS SELECT * FROM {numbers}2")
    one.run()
    assert counted([row["id"] for row in one.rows]).keys() == counted(expected_ids()).keys()
    assert any("begins anew" in warning for warning in one.report["warnings"])


def test_a_column_that_is_added_meanwhile_waits_for_the_next_run(numbers, job, sql):
    one = job(numbers, batch_size=3000, continuous_update=True)
    assert kill_when(one, lambda: size_of(one) > 500_000)
    sql(f"CREATE OR REPLACE TABLE {numbers} AS SELECT *, 1 AS added FROM {numbers}")
    one.run()
    assert sorted(row["id"] for row in one.rows) == expected_ids()
    assert not any("added" in row for row in one.rows)


def test_columns_that_change_places_meanwhile_change_nothing(sql, schema, job):
    rows = "SELECT id, timestamp_seconds(id DIV 5000) AS ts, id * 7919 % 10007 AS a FROM range(20000)"
    sql(f"CREATE TABLE {schema}.t AS {rows}")
    one = job(f"{schema}.t", batch_size=500)
    assert kill_when(one, lambda: size_of(one) > 400_000)
    sql(f"CREATE OR REPLACE TABLE {schema}.t AS SELECT a, ts, id FROM ({rows})")
    one.run()
    assert sorted(row["id"] for row in one.rows) == list(range(20000))


def test_a_table_that_became_a_view_begins_anew(numbers, job, sql):
    one = job(numbers, batch_size=3000)
    assert kill_when(one, lambda: size_of(one) > 500_000)
    sql(f"CREATE TABLE {numbers}2 AS SELECT * FROM {numbers}", f"DROP TABLE {numbers}",
        f"CREATE VIEW {numbers} AS SELECT * FROM {numbers}2")
    one.run()
    assert set(row["id"] for row in one.rows) == set(expected_ids())
    assert any("begins anew" in warning for warning in one.report["warnings"])


def test_a_view_repeats_one_timestamp_at_most(numbers, job, sql):
    sql(f"CREATE VIEW {numbers}v AS SELECT * FROM {numbers}")
    one = job(f"{numbers}v", batch_size=1000)
    assert kill_when(one, lambda: size_of(one) > 500_000)
    one.run()
    times = 97                                                              # rows to a timestamp
    assert 60000 <= len(one.rows) <= 60000 + times
    assert set(row["id"] for row in one.rows) == set(expected_ids())
    assert any("twice" in warning for warning in one.report["warnings"])


def test_a_limit_that_is_lowered_meanwhile_holds(numbers, job):
    one = job(numbers, batch_size=1000, row_limit=50000)
    assert kill_when(one, lambda: size_of(one) > 500_000)
    one.write(row_limit=500)
    one.run()
    assert len(one.rows) < 50000
    assert one.status["watermark"] is None
