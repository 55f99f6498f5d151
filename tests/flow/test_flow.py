"""Runs the C programs of this folder against sandboxes that send results in each of the forms that there are."""

import os
import re
import subprocess

import pytest

SLOW = [{"rpc": "ExecuteStatement", "statement": "slow statement", "action": "run", "seconds": 20, "times": 100},
        {"rpc": "FetchResults", "statement": "slow page", "action": "delay", "seconds": 20, "times": 100}]


@pytest.mark.parametrize("form", ["lz4", "arrow", "columns"])
def test_client(build, start, form):
    sandbox = start("--results", form)
    sandbox.faults(*SLOW)
    env = os.environ | {"DATABRICKS_HOST": f"http://127.0.0.1:{sandbox.port}", "DATABRICKS_TOKEN": "sandbox",
                        "DATABRICKS_HTTP_PATH": "/sql/1.0/warehouses/sandbox"}
    done = subprocess.run([build / "tests/flow_client"], env=env, capture_output=True, text=True, timeout=120)
    failed = re.findall(r"^not ok .*", done.stdout, re.M)
    assert done.returncode == 0 and not failed, "\n".join(failed) + done.stderr
    assert len(re.findall(r"^ok ", done.stdout, re.M)) == 15
    assert {"CancelOperation", "CloseSession"} <= set(sandbox.calls())
