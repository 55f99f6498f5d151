"""What changes while a run is at work, or between two of its parts: the table, the job's limits, the consumer's pace, other runners."""

import datetime
import json
import signal
import time

import pytest

from program import Job, runner

ROWS = 6000


def stamp(moment):
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


@pytest.fixture
def table(sql, schema):
    sql(f"CREATE TABLE {schema}.t AS SELECT id, timestamp_seconds(id DIV 7) AS ts, 'as it was' AS note FROM range({ROWS})")
    return f"{schema}.t"


def cut(sandbox, job, after, query="LIMIT 500"):
    """Runs the job until its query number `after` + 1 is refused."""
    sandbox.faults({"rpc": "ExecuteStatement", "statement": query, "action": "status", "status": 403, "skip": after, "times": 1000})
    job.run(code=1)
    sandbox.control("DELETE", "faults")


class Held:
    """A job that is stopped while it waits for one of its calls, so that something can be done meanwhile, in any time."""

    def __init__(self, sandbox, job, rule):
        self.sandbox, self.job, self.rule = sandbox, job, rule

    def __enter__(self):
        self.sandbox.control("DELETE", "log")
        self.sandbox.faults(self.rule | {"seconds": 0.5})
        self.process = self.job.program.start(*self.job.arguments)
        while not any(call["fault"] for call in self.sandbox.control("GET", "log")["calls"]):
            assert self.process.poll() is None
            time.sleep(0.01)
        self.process.send_signal(signal.SIGSTOP)

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGCONT if kind is None else signal.SIGKILL)
        _, err = self.process.communicate(timeout=60)
        self.sandbox.control("DELETE", "faults")
        assert kind or self.process.returncode == 0, err


CHANGES = ["INSERT INTO {t} SELECT id, timestamp_seconds(id DIV 7), 'grown' FROM range(5000, 9000)", "DELETE FROM {t} WHERE id % 2 = 0",
           "UPDATE {t} SET note = 'updated', ts = ts + INTERVAL 1 HOUR", "CREATE OR REPLACE TABLE {t} AS SELECT 'other' AS note"]


@pytest.mark.parametrize("config, rule", [
    ({"batch_size": 500}, {"rpc": "ExecuteStatement", "statement": "LIMIT 500", "action": "delay", "skip": 4}),
    ({}, {"rpc": "ExecuteStatement", "statement": "ORDER BY `ts`, `ldbx_order`", "action": "slow_page", "rows": 1000}),
    ({"batch_size": 500}, {"rpc": "ExecuteStatement", "statement": "CREATE OR REPLACE TEMPORARY VIEW", "action": "delay"})],
    ids=["batches", "streamed", "before the view"])
def test_a_table_that_changes_does_not_change_the_run(table, job, faulty, sql, config, rule):
    """The version was pinned when the run began: all that happened since waits for the next one."""
    one = job(table, **config)
    with Held(faulty, one, rule):
        sql(*[change.format(t=table) for change in CHANGES])
    assert [row["id"] for row in one.rows if row["note"] != "as it was"] == []
    assert sorted(row["id"] for row in one.rows) == list(range(ROWS))
    assert one.report["warnings"] == [] and one.report["versions"]["before"] == 0


def test_a_limit_holds_over_a_resume(table, job, faulty):
    one = job(table, batch_size=500, row_limit=2200, continuous_update=True)
    cut(faulty, one, after=3)
    assert one.report["rows"]["delivered"] == 1500
    one.run()
    assert [row["id"] for row in one.rows] == [row["id"] for row in sorted(one.rows, key=lambda row: row["ts"])] and len(one.rows) == 2200
    assert {row["id"] // 7 for row in one.rows} == set(range(2200 // 7 + 1))
    assert one.report["limited"] is True and one.status["watermark"] is None
    one.write(row_limit=ROWS)
    one.run()                                           # the watermark stayed: all of them again
    assert sorted(row["id"] for row in one.rows[2200:]) == list(range(ROWS)) and one.report["limited"] is False


def test_a_date_to_begin_at_holds_over_a_resume(table, job, faulty):
    """Strictly after it, and the watermark once there is one."""
    one = job(table, batch_size=500, since_date="1970-01-01 00:10:00", continuous_update=True)
    cut(faulty, one, after=2)
    assert one.checkpoint["lower"] == "1970-01-01T00:10:00.000000Z"
    one.run()
    assert sorted(row["id"] for row in one.rows) == list(range(601 * 7, ROWS))
    assert one.report["window"]["from"] == "1970-01-01T00:10:00.000000Z"
    one.run()
    assert len(one.rows) == ROWS - 601 * 7 and one.report["rows"]["delivered"] == 0


def test_the_newest_seconds_are_held_back(sql, schema, job, faulty):
    """The bound is that of the run's beginning, however long it is interrupted; the next run has its own."""
    now = datetime.datetime.now(datetime.UTC)
    edge = now - datetime.timedelta(seconds=3600) + datetime.timedelta(seconds=20)
    sql(f"CREATE TABLE {schema}.t AS SELECT id, timestamp_micros({round(now.timestamp() * 1e6)} - 7200000000 + id) AS ts FROM range(2000)",
        f"INSERT INTO {schema}.t VALUES (5000, TIMESTAMP '{stamp(edge)}Z'), (5001, TIMESTAMP '{stamp(now)}Z')")
    one = job(f"{schema}.t", batch_size=500, continuous_update=True)
    one.document["options"] = {"upper_lag": 3600}
    one.write()
    cut(faulty, one, after=2)
    upper = one.checkpoint["upper"]
    assert now - datetime.timedelta(hours=1) <= datetime.datetime.fromisoformat(upper) < edge
    cut(faulty, one, after=1)
    assert one.checkpoint["upper"] == upper and one.checkpoint["attempts"] == 2
    one.run()
    assert [row["id"] for row in one.rows] == list(range(2000)) and one.report["warnings"] == []
    one.document["options"] = {}
    one.write()
    one.run()
    assert [row["id"] for row in one.rows[2000:]] == [5000, 5001]


def test_a_second_runner_changes_nothing(table, job, faulty):
    """Not the state, not the output, and it opens no session."""
    one = job(table, batch_size=500)
    with Held(faulty, one, {"rpc": "ExecuteStatement", "statement": "LIMIT 500", "action": "delay", "skip": 4}):
        def kept():
            return {path.name: path.read_bytes() for path in [*one.state.iterdir(), one.output]}
        before, sessions = kept(), faulty.calls().count("OpenSession")
        report = one.program.folder / "other.json"
        for output in (one.output, one.program.folder / "other.ndjson"):
            assert "another" in one.program("run", one.path, "--state", one.state, "--output", output, "--report", report, code=4).err
        assert "another" in one.program("run", one.path, "--state", one.state, "--output", one.output, "--reset", code=4).err
        assert kept() == before and faulty.calls().count("OpenSession") == sessions
        assert not (one.program.folder / "other.ndjson").exists()
    assert sorted(row["id"] for row in one.rows) == list(range(ROWS)) and one.report["attempts"] == 1


# Consumers that sleep longer than a session or a result lives

PACES = [pytest.param({"batch_size": 4000}, id="batches", marks=pytest.mark.scale), pytest.param({}, id="streamed")]


@pytest.fixture(scope="module")
def impatient(start):
    """A sandbox that forgets sessions and results after a second."""
    own = start("--session-idle", "1", "--operation-idle", "1")
    yield own
    own.stop()


@pytest.fixture
def sleeper(program_for, tmp_path, impatient):
    """A job that reads its table in small pages or batches, a tenth of a second each; its output is larger than any pipe."""
    program = program_for(tmp_path, impatient)
    runner(program)("CREATE OR REPLACE TABLE main.default.slept AS SELECT id, timestamp_seconds(id DIV 7) AS ts, repeat('x', 900) AS text "
                    "FROM range(30000)")
    slow = {"rpc": "ExecuteStatement", "statement": "ORDER BY `ts`, `ldbx_order`", "action": "slow_page", "rows": 4000, "seconds": 0.1, "times": 1000}
    impatient.faults(slow, slow | {"rpc": "FetchResults"})
    impatient.control("DELETE", "log")
    return lambda **config: Job(program, "main.default.slept", **config)


def expect_slept(job, impatient, rows):
    assert sorted(rows) == list(range(30000))
    assert impatient.calls().count("OpenSession") >= 2, "the session was lost"
    assert job.report["attempts"] == 1 and job.report["warnings"] == []


@pytest.mark.parametrize("config", PACES)
def test_a_consumer_that_sleeps(sleeper, impatient, config):
    """The reader of a pipe stops for longer than anything is kept; the run goes on in a new session."""
    one = sleeper(**config)
    arguments = [argument for argument in one.arguments if argument not in ("--output", one.output)]
    ids = []
    with one.program.start(*arguments) as process:
        for line in process.stdout:
            ids.append(json.loads(line)["data"]["id"])
            if len(ids) == 1000:
                time.sleep(2.5)
        assert process.wait(timeout=60) == 0, process.stderr.read()
    expect_slept(one, impatient, ids)


@pytest.mark.parametrize("config", PACES)
def test_a_machine_that_sleeps(sleeper, impatient, config):
    one = sleeper(**config)
    with one.program.start(*one.arguments) as process:
        while one.checkpoint.get("delivered", 0) == 0 and not (one.output.exists() and one.output.stat().st_size > 1 << 20):
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        process.send_signal(signal.SIGCONT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    expect_slept(one, impatient, [row["id"] for row in one.rows])
