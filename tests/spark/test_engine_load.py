"""lytics-dbx load into the sandbox's engine Spark: each row once, also when the program dies while Spark loads."""

import subprocess
import time

import pytest

from load import Load, numbers
from program import runner, sandbox_program


@pytest.fixture
def program(build, tmp_path, engine):
    return sandbox_program(build, tmp_path, engine)


@pytest.mark.parametrize("rule", [{"action": "stall", "executed": True}, {"action": "delay", "seconds": 1}, {"action": "stall"}], ids=["done", "late", "never"])
def test_killed_at_copy_into(program, engine, space, rule):
    """Which Spark has done, does while the next run is at work, or never gets."""
    key = {"access_key_id": "sandbox", "secret_access_key": "sandbox-secret"}
    one = Load(program, f"main.{space}.loaded", engine, key, staging="s3")
    one.write(*numbers(1, 25))
    engine.control("DELETE", "log")
    engine.faults({"rpc": "ExecuteStatement", "statement": "COPY INTO"} | rule)
    try:
        process = program.start(*one.arguments, "--part-rows", "10", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not any(call.get("fault") and ("executed" not in rule or "seconds" in call) for call in engine.control("GET", "log")["calls"]):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.wait()
    finally:
        engine.control("DELETE", "faults")
    one.run("--part-rows", "10")
    assert runner(program)(f"SELECT * FROM {one.table} ORDER BY id") == numbers(1, 25)
    assert one.report["attempts"] == 2 and one.report["rows"]["loaded"] == 25
