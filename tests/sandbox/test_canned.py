"""Canned mode: prepared answers, the same rows in each form, to every client that asks."""

import json
import os
import subprocess
import time

import pytest
from clients import CLUSTER, WAREHOUSE, connect

ROWS, PAGE = 10000, 5000
MIXED = "SELECT * FROM main.bench.mixed"


@pytest.fixture(scope="module")
def canned(start):
    """Starts a server of canned mode, or gives the one that runs with these options."""
    running = {}

    def started(*options):
        if options not in running:
            running[options] = start("--canned", "--rows", str(ROWS), "--page-rows", str(PAGE), *options)
        return running[options]
    return started


@pytest.fixture
def program(build):
    def run(server, *arguments, path=WAREHOUSE, cwd=None):
        env = os.environ | {"DATABRICKS_HOST": f"http://127.0.0.1:{server.port}", "DATABRICKS_HTTP_PATH": path, "DATABRICKS_TOKEN": "x"}
        return subprocess.run([build / "lytics-dbx", *arguments], env=env, cwd=cwd, capture_output=True, text=True, timeout=120)
    return run


def rows_of(done):
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def expected(canned, program):
    return rows_of(program(canned(), "query", MIXED, "--format", "json"))


def test_a_result_is_what_was_prepared(expected):
    assert [row["id"] for row in expected] == list(range(ROWS))
    for column in ("ts", "email", "name", "score", "active", "amount", "age"):
        nulls = sum(row[column] is None for row in expected)
        assert 0.02 * ROWS < nulls < 0.04 * ROWS, column


@pytest.mark.parametrize("options, path", [((), CLUSTER), (("--results", "arrow"), WAREHOUSE), (("--results", "columns"), WAREHOUSE)])
def test_every_form_says_the_same(canned, program, expected, options, path):
    assert rows_of(program(canned(*options), "query", MIXED, "--format", "json", path=path)) == expected


def test_pages_come_again_for_ten_times_the_rows(canned, program, expected):
    rows = rows_of(program(canned(), "query", MIXED + "_10x", "--format", "json"))
    assert rows == expected * 10


@pytest.mark.parametrize("lz4", [True, False])
def test_the_official_connector_reads_it(canned, expected, lz4):
    with connect(canned().port, lz4=lz4) as connection, connection.cursor() as cursor:
        cursor.execute(MIXED)
        table = cursor.fetchall_arrow()
        assert table.column("email").to_pylist() == [row["email"] for row in expected]
        assert [value and float(value) for value in table.column("amount").to_pylist()] == [row["amount"] for row in expected]
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == [(1,)]


def test_a_table_can_be_imported(canned, program, tmp_path):
    (tmp_path / "job.json").write_text(json.dumps({"type": "databricks-import", "name": "canned", "config": {
        "catalog": "main", "database": "bench", "source": "events", "timestamp_field": "ts"}}))
    done = program(canned(), "run", "job.json", "--state", "state", "--output", "events.ndjson", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in (tmp_path / "events.ndjson").read_text().splitlines()]
    assert [event["data"]["id"] for event in events] == list(range(ROWS))
    assert all(event["ts"] == event["data"]["ts"] for event in events)


def test_what_is_not_prepared_is_refused(canned, program):
    done = program(canned(), "query", "SELECT something else")
    assert done.returncode == 1
    assert "501" in done.stderr


def test_latency_and_bandwidth_are_kept_to(canned, program, expected):
    server = canned("--latency", "100ms", "--mbps", "1")
    began = time.monotonic()
    assert rows_of(program(server, "query", MIXED, "--format", "json")) == expected
    # Two pages of LZ4 frames are half a megabyte; they come on two connections, each call after its latency.
    assert time.monotonic() - began > 0.1 * 3 + 0.2
