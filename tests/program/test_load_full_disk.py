"""A disk that fills up under a load, at each step of its work on checkpoint and staged files: one line says so, nothing is half-done, and once there is room
the next run loads what is missing."""

import json
import os

import pytest

from load import only_line

TEXTS = ['a "b"', "", None, " x ", "c,\r\nd", "\\", "e\nf"]
ROWS = [{"id": n, "name": TEXTS[n % len(TEXTS)]} for n in range(25)]
PARTS = ("--part-rows", "10")


def run_on_full_disk(one, build, first):
    """The exit code and the outputs of a run whose disk is full from that step on. Its report goes to standard output, which has room."""
    arguments = one.arguments[:one.arguments.index("--report")]
    env = {"LD_PRELOAD": str(build / "tests/disk_full.so"), "LDBX_DISK_FULL": str(first),
           # a sanitizer's library comes behind the preloaded one
           "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    with one.program.start(*arguments, *PARTS, "--json", env=one.program.env | env) as process:
        out, err = process.communicate(timeout=60)
    one.program.outputs += [out, err]
    return process.returncode, out, err


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.scale)])
def test_a_disk_that_fills_up(load, sql, build, stride):
    codes = []
    while 0 not in codes:
        step = 1 + stride * len(codes)
        one = load()
        one.table += str(step)
        one.state = one.program.folder / f"state{step}"
        one.write(*ROWS)
        code, out, err = run_on_full_disk(one, build, step)
        codes.append(code)
        if code != 0:
            assert "No space left on device" in only_line(err), (step, err)
            assert json.loads(out)["error"]["status"] == "IO"
        one.run(*PARTS)
        assert sql(f"SELECT * FROM {one.table} ORDER BY id") == ROWS, step
        assert one.left == [], step
    assert codes == sorted(codes, reverse=True) and codes.count(2) < 5, "2: the folders could not be made, and nothing was contacted yet"
    assert codes.count(1) > 20 // stride
