"""Requests for staged files that are never answered: each is given up at its time limit and made again, and every row is in the table once."""

import copy

import pytest

from load import Load, numbers, only_line
from s3 import Bucket

ROWS = numbers(1, 25)
PARTS = ("--part-rows", "10")
STALLED = [(rpc, executed, times) for rpc in ("S3.PutObject", "S3.HeadObject", "S3.DeleteObject") for executed in (False, True) for times in (1, 100)]


@pytest.fixture
def loads(load, program, schema, sandbox, secrets):
    """One for each way to stall, in a folder of its own, so that they can run at once. The fixture `load` looks for secrets in all of them."""
    made = []
    for number in range(len(STALLED)):
        place = copy.copy(program)
        place.folder = program.folder / str(number)
        place.folder.mkdir()
        made.append(Load(place, f"{schema}.t{number:02}", sandbox, secrets.s3, staging="s3"))
        made[-1].write(*ROWS)
    return made


@pytest.mark.scale      # the limit is a minute: all of them wait at once
def test_requests_without_an_answer(loads, sql, faulty):
    """Struck once, the load ends well; every time, it says so and the next run goes on. Files that cannot be removed are told of, and the next load
    removes them."""
    faulty.faults(*({"rpc": rpc, "target": one.table, "action": "stall", "executed": executed, "times": times}
                    for one, (rpc, executed, times) in zip(loads, STALLED)))
    running = [one.program.start(*one.arguments, *PARTS) for one in loads]
    ended = [process.communicate(timeout=500)[1] for process in running]
    loads[0].program.outputs += ended
    faulty.control("DELETE", "faults")
    for one, (rpc, _, times), process, err in zip(loads, STALLED, running, ended):
        refused = times > 1 and rpc != "S3.DeleteObject"
        assert process.returncode == refused, err
        assert not refused or "gave no whole answer within the time limit (run it again" in only_line(err)
        assert any("staged files are left" in warning for warning in one.report["warnings"]) == (times > 1 and not refused)
        if refused:
            one.run(*PARTS)
        assert sql(f"SELECT * FROM {one.table} ORDER BY id") == ROWS
        one.write(*numbers(26, 30))
        one.run(*PARTS)
        assert sql(f"SELECT * FROM {one.table} ORDER BY id") == numbers(1, 30)
        bucket = Bucket("loads", one.staging["endpoint"], "sandbox", "sandbox-secret")
        assert bucket.keys(one.table) == [] and not any(key.startswith(one.table) for key in bucket.uploads())
