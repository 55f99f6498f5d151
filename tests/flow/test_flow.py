"""Runs the C programs of this folder against sandboxes that send results in each of the forms that there are."""

import os
import re
import subprocess

import pytest

SLOW = [{"rpc": "GetOperationStatus", "statement": "hung status", "action": "delay", "seconds": 20, "times": 100},
        {"rpc": "ExecuteStatement", "statement": "slow statement", "action": "run", "seconds": 20, "times": 100},
        {"rpc": "FetchResults", "statement": "slow page", "action": "delay", "seconds": 20, "times": 100},
        {"rpc": "FetchResults", "statement": "no page", "action": "evicted", "times": 100},
        {"rpc": "ExecuteStatement", "statement": "no metadata", "action": "run", "seconds": 0.3, "times": 100},
        {"rpc": "GetResultSetMetadata", "statement": "no metadata", "action": "status", "status": 403, "times": 100}]


def run(build, sandbox, name, tests, credential=None):
    """Runs a C program of this folder; each of its tests must pass."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("DATABRICKS_")}
    env |= {"DATABRICKS_HOST": f"http://127.0.0.1:{sandbox.port}", "DATABRICKS_HTTP_PATH": "/sql/1.0/warehouses/sandbox"}
    env |= credential or {"DATABRICKS_TOKEN": "sandbox"}
    done = subprocess.run([build / "tests" / name], env=env, capture_output=True, text=True, timeout=600)
    failed = re.findall(r"^not ok .*", done.stdout, re.M)
    assert done.returncode == 0 and not failed, "\n".join(failed) + done.stderr
    assert len(re.findall(r"^ok ", done.stdout, re.M)) == tests


@pytest.mark.parametrize("form", ["lz4", "arrow", "columns"])
def test_client(build, start, form):
    sandbox = start("--results", form)
    sandbox.control("POST", "load?table=main.default.flow_ran&columns=id%20INT", b"id\n")
    sandbox.faults(*SLOW)
    run(build, sandbox, "flow_client", 19)
    assert {"CancelOperation", "CloseSession"} <= set(sandbox.calls())


@pytest.mark.parametrize("form", ["lz4", "columns"])
def test_import(build, start, form):
    run(build, start("--results", form), "flow_import", 4)


def test_oauth(build, start):
    sandbox = start("--client", "my-client:dose-my-secret", "--token-lifetime", "300")
    run(build, sandbox, "flow_oauth", 9, {"DATABRICKS_CLIENT_ID": "my-client", "DATABRICKS_CLIENT_SECRET": "dose-my-secret"})


@pytest.mark.parametrize("form", ["lz4", "columns"])
def test_memory_may_run_out_anywhere(build, start, form):
    run(build, start("--results", form), "flow_torture", 10)
