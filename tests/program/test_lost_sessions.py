"""Sessions and results that go away while a run is in one of its phases: it goes on in a new session, and each row comes once."""

import pytest

ROWS = 20000

# What tells the statement of a phase from all others.
PHASES = {"catalog": "current_catalog()", "history": "DESCRIBE HISTORY", "describe": "LIMIT 0", "count": "count(*), max(",
          "null count": "IS NULL", "view": "CREATE OR REPLACE TEMPORARY VIEW", "plan": "ldbx_bucket"}
CONFIGS = {"batches": {"batch_size": 2500}, "streamed": {}}


@pytest.fixture(scope="module")
def numbers(shared_sql, shared_schema):
    """Rows with many to a timestamp, half of them identical to another one."""
    shared_sql(f"CREATE TABLE {shared_schema}.n AS SELECT id - id % 2 AS id, timestamp_seconds(id DIV 97) AS ts, repeat('x', 40) AS text FROM range({ROWS})")
    return f"{shared_schema}.n"


def expect_all(one, attempts=1):
    assert sorted(row["id"] for row in one.rows) == [i - i % 2 for i in range(ROWS)]
    assert [event["ts"] for event in one.events] == sorted(event["ts"] for event in one.events)
    assert one.report["attempts"] == attempts and one.report["warnings"] == []
    assert one.report["rows"]["delivered"] == ROWS


def lose(rpc, statement="", action="lost_session", skip=0, times=1):
    return {"rpc": rpc, "statement": statement, "action": action, "skip": skip, "times": times}


def sessions_opened(sandbox):
    """OpenSession calls since the log was emptied, and how often the fault struck."""
    calls = sandbox.control("GET", "log")["calls"]
    return [call["rpc"] for call in calls].count("OpenSession"), sum(call["fault"] in ("lost_session", "evicted") for call in calls)


def job_without_catalog(job, table, **config):
    one = job(table, **config)
    del one.document["config"]["catalog"]       # so that it has to be asked for
    one.write()
    return one


@pytest.mark.parametrize("phase", PHASES)
def test_while_it_opens(numbers, job, faulty, phase):
    """A run begins, is cut in the middle, and goes on; each time the same phase loses its session."""
    one = job_without_catalog(job, numbers, batch_size=2500)
    faulty.control("DELETE", "log")
    faulty.faults(lose("ExecuteStatement", PHASES[phase]), {"rpc": "ExecuteStatement", "statement": "LIMIT 2500", "action": "status",
                                                            "status": 403, "skip": 2, "times": 100})
    one.run(code=1)
    assert sessions_opened(faulty) == (2, 1) and one.report["rows"]["delivered"] == 5000
    faulty.faults(lose("ExecuteStatement", PHASES[phase]))
    one.run()
    # The catalog is known by then.
    assert sessions_opened(faulty) == ((3, 1) if phase == "catalog" else (4, 2))
    expect_all(one, attempts=2)


@pytest.mark.parametrize("config", CONFIGS)
def test_between_two_commits(numbers, job, faulty, config):
    """The query behind the last commit finds no session; a streamed import has one query."""
    one = job(numbers, **CONFIGS[config])
    faulty.control("DELETE", "log")
    faulty.faults(lose("ExecuteStatement", "ORDER BY `ts`, `ldbx_order`", skip=4 if CONFIGS[config] else 0))
    one.run()
    assert sessions_opened(faulty) == (2, 1)
    expect_all(one)


@pytest.fixture(scope="module")
def wide(shared_sql, shared_schema):
    """Rows for some pages of 16 MiB."""
    shared_sql(f"CREATE TABLE {shared_schema}.w AS SELECT id, timestamp_seconds(id DIV 97) AS ts, repeat('x', 1800) AS text FROM range(30000)")
    return f"{shared_schema}.w"


@pytest.mark.parametrize("config", [pytest.param({"batch_size": 20000}, id="batches", marks=pytest.mark.scale), pytest.param({}, id="streamed")])
@pytest.mark.parametrize("action, page", [("lost_session", 0), ("lost_session", 2), ("evicted", 1)])
def test_while_it_fetches_a_page(wide, job, faulty, config, action, page):
    one = job(wide, **config)
    faulty.control("DELETE", "log")
    faulty.faults(lose("FetchResults", action=action, skip=page))
    one.run()
    assert sessions_opened(faulty) == (2, 1)
    assert sorted(row["id"] for row in one.rows) == list(range(30000))
    assert one.report["attempts"] == 1 and one.report["warnings"] == []


def test_while_it_waits_for_a_query(numbers, job, faulty):
    one = job(numbers, batch_size=2500)
    faulty.control("DELETE", "log")
    faulty.faults(lose("GetOperationStatus", "ORDER BY `ts`, `ldbx_order`", skip=1),
                  {"rpc": "ExecuteStatement", "statement": "ORDER BY `ts`, `ldbx_order`", "action": "run", "seconds": 0.3, "times": 2})
    one.run()
    assert sessions_opened(faulty) == (2, 1)
    expect_all(one)


def test_a_server_that_loses_every_session_is_given_up_on(numbers, job, faulty):
    one = job(numbers, batch_size=2500)
    faulty.faults(lose("ExecuteStatement", "LIMIT 2500", skip=2, times=1000))
    faulty.control("DELETE", "log")
    assert "session" in one.run(code=1).err
    opened, lost = sessions_opened(faulty)
    assert opened == lost == 6
    faulty.control("DELETE", "faults")
    one.run()
    expect_all(one, attempts=2)


def test_sessions_lost_again_and_again_with_rows_in_between(numbers, job, faulty):
    """The limit is for sessions lost in a row: whoever gets on is not given up on."""
    one = job(numbers, batch_size=2500)
    faulty.control("DELETE", "log")
    faulty.faults(*[lose("ExecuteStatement", "LIMIT 2500", skip=n) for n in range(1, 9)])     # every second query: see faults.py
    one.run()
    assert sessions_opened(faulty) == (9, 8)
    expect_all(one)


def test_a_view_that_loses_its_session_while_it_is_counted_anew(numbers, job, sql, schema, faulty):
    """A source without versions is counted again in the new session, which is lost too."""
    sql(f"CREATE VIEW {schema}.v AS SELECT * FROM {numbers}")
    one = job(f"{schema}.v", batch_size=2500)
    faulty.faults(lose("ExecuteStatement", "LIMIT 2500", skip=2), lose("ExecuteStatement", "count(*), max(", skip=2))
    one.run()
    assert set(row["id"] for row in one.rows) == {i - i % 2 for i in range(ROWS)}
    assert ROWS <= len(one.rows) <= ROWS + 97
    assert one.report["attempts"] == 1
    assert sum("twice" in warning for warning in one.report["warnings"]) == 1
    assert not any("changed meanwhile" in warning for warning in one.report["warnings"])
