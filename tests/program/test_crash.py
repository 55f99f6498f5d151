"""Whatever dies and whenever: each row exactly once."""

import random
import signal
import subprocess
import time

import pytest

from program import Job, counted, runner


def make_numbers(sql, schema, count, text=40):
    """Rows with many to a timestamp, some of them identical."""
    sql(f"CREATE TABLE {schema}.n (id BIGINT, ts TIMESTAMP, text STRING)",
        f"INSERT INTO {schema}.n SELECT id - id % 2, timestamp_seconds(id DIV 97), repeat('x', {text}) FROM range({count})")
    return f"{schema}.n"


def expected_ids(count=60000):
    return sorted(i - i % 2 for i in range(count))


@pytest.fixture
def numbers(sql, schema):
    return make_numbers(sql, schema, 60000)


def begin(job):
    return job.program.start(*job.arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_when(job, reached):
    """Starts the job and kills it when something is reached; whether it was still at work."""
    process = begin(job)
    while process.poll() is None and not reached():
        time.sleep(0.001)
    at_work = process.poll() is None
    process.kill()
    process.wait()
    return at_work


def size_of(job):
    return job.output.stat().st_size if job.output.exists() else 0


def kill_again_and_again(job, kills, longest):
    """
    Kills the job at random moments: of its whole life, and, every second time, after a commit, so that it gets on however slow the machine is.
    Returns how much it had written each time. Attempts count the runs that got so far as to save that they had begun.
    """
    chance = random.Random(20261122)
    sizes, attempts = [], 0
    for kill in range(kills):
        before = job.checkpoint.get("delivered", 0)
        pause = chance.uniform(0.02, longest)
        wanted = time.monotonic() + (pause if kill % 2 else 3600)

        def reached():
            nonlocal wanted
            if kill % 2 == 0 and wanted > time.monotonic() + pause and job.checkpoint.get("delivered", 0) > before:
                wanted = time.monotonic() + pause / 4
            return time.monotonic() > wanted
        assert kill_when(job, reached), f"the job ended before kill {kill + 1} of {kills}"
        sizes.append(size_of(job))
        now = job.checkpoint.get("attempts", 0)
        assert now in (attempts, attempts + 1) and job.checkpoint.get("delivered", 0) >= before
        attempts = now
    return sizes, attempts


def expect_all(job, attempts, sizes, count):
    assert sorted(row["id"] for row in job.rows) == expected_ids(count)
    assert [event["ts"] for event in job.events] == sorted(event["ts"] for event in job.events)
    assert job.report["attempts"] == attempts + 1 and job.report["warnings"] == [] and job.report["rows"]["delivered"] == count
    assert len(set(sizes)) > len(sizes) // 4, f"the kills did not hit the job at work: {sizes}"


MANY = [10, pytest.param(50, marks=pytest.mark.scale)]


@pytest.fixture(scope="module")
def forgetful(start):
    """A sandbox that gives up the sessions, and with them the results, that killed runs leave behind."""
    own = start("--session-idle", "3")
    yield own
    own.stop()


@pytest.fixture
def killed(program_for, tmp_path, forgetful):
    """Makes a table and the job that will be killed."""
    program = program_for(tmp_path, forgetful)
    sql = runner(program)

    def made(count, text, **config):
        sql("CREATE SCHEMA IF NOT EXISTS main.killed", "DROP TABLE IF EXISTS main.killed.n")
        return Job(program, make_numbers(sql, "main.killed", count, text), **config)
    yield made
    forgetful.control("DELETE", "faults")


@pytest.mark.parametrize("kills", MANY)
def test_killed_at_random_moments_in_batches(killed, forgetful, kills):
    """The delay bounds how far a run can come before it is killed."""
    one = killed(kills * 3000, 40, batch_size=400)
    forgetful.faults({"rpc": "ExecuteStatement", "statement": "LIMIT 400", "action": "delay", "seconds": 0.1, "times": 100000})
    sizes, attempts = kill_again_and_again(one, kills, 0.6)
    forgetful.control("DELETE", "faults")
    one.run()
    expect_all(one, attempts, sizes, kills * 3000)


@pytest.mark.parametrize("kills", MANY)
def test_killed_at_random_moments_while_it_streams(killed, forgetful, kills):
    """Pages of a MiB, each written as it comes, and a commit a second: a run is killed before its first page, behind uncommitted ones, and after one."""
    one = killed(kills * 500, 12000)
    slow = {"action": "slow_page", "rows": 100, "seconds": 0.3, "times": 100000}
    forgetful.faults({"rpc": "ExecuteStatement", "statement": "ORDER BY `ts`, `ldbx_order`"} | slow, {"rpc": "FetchResults"} | slow)
    sizes, attempts = kill_again_and_again(one, kills, 1.5)
    forgetful.control("DELETE", "faults")
    one.run()
    expect_all(one, attempts, sizes, kills * 500)


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
    process = begin(one)
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
@pytest.mark.parametrize("config", [{"batch_size": 20000}, pytest.param({}, marks=pytest.mark.scale)], ids=["batches", "streamed"])
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
