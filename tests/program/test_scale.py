"""Imports and loads that are large: millions of rows, and single values at the limits. They have sandboxes of their own, whose memory goes with them."""

import datetime
import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from events import told
from load import Load
from program import Job, runner

pytestmark = pytest.mark.scale

MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def large(start):
    own = start()
    yield own
    own.stop()


@pytest.fixture
def program(program_for, tmp_path, large):
    return program_for(tmp_path, large)


def peak_of(process):
    """Peak of a process' memory so far, in MiB; 0 once it has ended. The usage that a wait reports would count in what forked it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0


def measured(job, watch=lambda: False):
    """Runs a job to its end, or kills it once `watch` says so; the peak of its memory in MiB."""
    began, peak, killed = time.monotonic(), 0, False
    log = job.program.folder / "log"
    with log.open("w") as file:
        process = job.program.start(*job.arguments, stdout=subprocess.DEVNULL, stderr=file)
    while process.poll() is None:
        peak = max(peak, peak_of(process))
        if not killed and watch():
            process.kill()
            killed = True
        time.sleep(0.01)
    assert killed or process.returncode == 0, log.read_text()
    print(f"{'killed after' if killed else 'ended after'} {time.monotonic() - began:.1f} s, peak {peak:.1f} MiB")
    return peak


def expect_all(job, rows):
    found, counts, ordered = told(job.output)
    assert found == len(counts) == rows and (counts == 1).all(), "each row once"
    assert ordered
    assert job.report["rows"]["delivered"] == rows and job.report["warnings"] == []


def windows(sandbox):
    """The upper bounds of the queries for rows, in seconds."""
    statements = [call["statement"] for call in sandbox.control("GET", "log")["calls"] if call["rpc"] == "ExecuteStatement"]
    bounds = [re.search(r"`ts` <= TIMESTAMP '([^']*)' ORDER BY", statement) for statement in statements
              if statement.startswith("SELECT * FROM `ldbx_snapshot_")]
    return [round(datetime.datetime.fromisoformat(bound[1]).timestamp()) if bound else None for bound in bounds]


def table_of(program, rows):
    runner(program)(f"CREATE OR REPLACE TABLE main.default.large AS SELECT id, timestamp_seconds(id DIV 10) AS ts, id % 1000 AS n FROM range({rows})")
    return "main.default.large"


@pytest.fixture(scope="module")
def peak_of_a_million(program_for, tmp_path_factory, large):
    program = program_for(tmp_path_factory.mktemp("million"), large)
    one = Job(program, table_of(program, 1_000_000), stream="s")
    peak = measured(one)
    expect_all(one, 1_000_000)
    return peak


@pytest.mark.parametrize("config", [{}, {"batch_size": 1_000_000}], ids=["streamed", "batches"])
def test_ten_million_rows(program, large, peak_of_a_million, config):
    """Killed once on the way. The memory is that of a million rows: what is held are two pages and the text of a batch."""
    one = Job(program, table_of(program, 10_000_000), stream="s", **config)
    large.control("DELETE", "log")
    first = measured(one, watch=lambda: one.output.exists() and one.output.stat().st_size > 350 * MEBIBYTE)
    assert 1_000_000 < one.checkpoint["delivered"] < 9_000_000
    bounds = windows(large)
    largest = config.get("batch_size", 5_000_000)
    assert None not in bounds and len(bounds) >= (3 if config else 1)
    assert max(end - begin for begin, end in zip([-1, *bounds], bounds)) * 10 <= largest + 10, "no window holds more rows than that"
    second = measured(one)
    assert one.report["attempts"] == 2
    expect_all(one, 10_000_000)
    one.output.unlink()
    assert max(first, second) < peak_of_a_million * 1.15 < 64, (first, second, peak_of_a_million)


def test_wide_pages_need_two_of_them(program, large):
    """Rows of 20 KB: pages are bounded by their bytes, so the memory is too."""
    runner(program)("CREATE OR REPLACE TABLE main.default.wide AS SELECT id, timestamp_seconds(id DIV 10) AS ts, repeat('ab', 10000) AS text "
                    "FROM range(20000)")
    one = Job(program, "main.default.wide", stream="s")
    peak = measured(one)
    expect_all(one, 20000)
    one.output.unlink()
    assert peak < 160, peak


def refused(program, large, text, *words):
    """A row that is over a limit: an error that says so, and the events before it."""
    sql = runner(program)
    sql(f"CREATE OR REPLACE TABLE main.default.huge AS SELECT id, timestamp_seconds(id) AS ts, CASE WHEN id = 5 THEN {text} ELSE 'short' END AS text "
        "FROM range(10)")
    one = Job(program, "main.default.huge", batch_size=5)
    err = one.run(code=1).err
    line, = [line for line in err.splitlines() if line.startswith("lytics-dbx: ")]
    assert all(word in line for word in words), line
    assert [row["id"] for row in one.rows] == [0, 1, 2, 3, 4]
    assert one.report["error"]["message"] and one.report["rows"]["delivered"] == 5


def test_an_event_whose_text_is_over_the_cap(program, large):
    """180 MiB of control characters are more than 1 GiB of JSON."""
    refused(program, large, f"repeat('\\u0001', {180 * MEBIBYTE})", "the events of", "larger than 1073741824 bytes")


def test_a_load_of_3_gb(start, program_for, tmp_path):
    """Through S3, in files of 20 blocks; 16,384 rows of 1 KB again and again."""
    state = tmp_path / "sandbox"
    own = start("--state", state)
    program = program_for(tmp_path, own)
    one = Load(program, "main.default.large", own, {"access_key_id": "sandbox", "secret_access_key": "sandbox-secret"}, staging="s3")
    block = "".join(json.dumps({"id": n, "name": f"{n:07}" * 140}) + "\n" for n in range(16384)).encode()
    times = 3_000_000_000 // len(block) + 1
    try:
        with one.file.open("wb") as file:
            for _ in range(times):
                file.write(block)
        peak = measured(one)
        result = one.report
        assert result["rows"]["loaded"] == 16384 * times and sum(file["bytes"] for file in result["files"]) > 2.9e9
        found, = runner(program)("SELECT count(*) AS cells, min(n) AS least, max(n) AS most FROM "
                                 f"(SELECT id, name, count(*) AS n FROM {one.table} GROUP BY id, name)")
        assert found == {"cells": 16384, "least": times, "most": times}, "each row once"
        assert peak < 64, peak
    finally:
        own.stop()
        one.file.unlink()
        shutil.rmtree(state)
