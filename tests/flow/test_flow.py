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

DATABRICKS = {"DATABRICKS_HTTP_PATH": "/sql/1.0/warehouses/sandbox", "DATABRICKS_TOKEN": "sandbox"}
OAUTH = {"DATABRICKS_HTTP_PATH": DATABRICKS["DATABRICKS_HTTP_PATH"], "DATABRICKS_CLIENT_ID": "my-client",
         "DATABRICKS_CLIENT_SECRET": "dose-my-secret"}
SPARK = {"DATABRICKS_HTTP_PATH": "/cliservice", "DATABRICKS_USERNAME": "sandbox", "DATABRICKS_PASSWORD": "sandbox"}
FORMS = {**{form: (DATABRICKS, "--results", form) for form in ("lz4", "arrow", "columns")}, "hive": (SPARK, "--dialect", "hive")}


def run(build, sandbox, name, tests, access=DATABRICKS):
    """Runs a C program of this folder; each of its tests must pass."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("DATABRICKS_")}
    env |= {"DATABRICKS_HOST": f"http://127.0.0.1:{sandbox.port}", **access}
    done = subprocess.run([build / "tests" / name], env=env, capture_output=True, text=True, timeout=600)
    failed = re.findall(r"^not ok .*", done.stdout, re.M)
    assert done.returncode == 0 and not failed, "\n".join(failed) + done.stderr
    assert len(re.findall(r"^ok ", done.stdout, re.M)) == tests


# The forms differ in results, which test_import reads too; what most of the time goes into are waits.
@pytest.mark.parametrize("form", ["lz4", pytest.param("arrow", marks=pytest.mark.scale), pytest.param("columns", marks=pytest.mark.scale), "hive"])
def test_client(build, start, form):
    access, *options = FORMS[form]
    sandbox = start(*options)
    catalog = "spark_catalog" if form == "hive" else "main"
    sandbox.control("POST", f"load?table={catalog}.default.flow_ran&columns=id%20INT", b"id\n")
    # Open-source Spark sends the first page by FetchResults too, not with the answer to the statement.
    second = {"rpc": "FetchResults", "statement": "slow second page", "action": "delay", "seconds": 20, "skip": int(form == "hive")}
    sandbox.faults(*SLOW, second)
    run(build, sandbox, "flow_client", 19, access)
    assert {"CancelOperation", "CloseSession"} <= set(sandbox.calls())


@pytest.mark.parametrize("form", ["lz4", "columns", "hive"])
def test_import(build, start, form):
    access, *options = FORMS[form]
    run(build, start(*options), "flow_import", 6, access)


def test_oauth(build, start):
    run(build, start("--client", "my-client:dose-my-secret", "--token-lifetime", "300"), "flow_oauth", 9, OAUTH)


def test_volume(build, start):
    run(build, start("--client", "my-client:dose-my-secret"), "flow_volume", 52, OAUTH)


@pytest.mark.parametrize("form", ["lz4", "columns"])
def test_memory_may_run_out_anywhere(build, start, tmp_path, form):
    run(build, start("--results", form), "flow_torture", 12, {**DATABRICKS, "LDBX_TEST_STAGING": str(tmp_path)})


def test_waits(build, start):
    run(build, start("--operation-idle", "2"), "flow_waits", 13)


def test_cancel(build, start):
    run(build, start("--client", "my-client:dose-my-secret"), "flow_cancel", 16, OAUTH)


def test_load(build, start, tmp_path):
    run(build, start(), "flow_load", 38, {**DATABRICKS, "LDBX_TEST_STAGING": str(tmp_path), "CK_RUN_CASE": "flow"})


def test_load_guards(build, start, tmp_path):
    run(build, start(), "flow_load_guards", 15, {**DATABRICKS, "LDBX_TEST_STAGING": str(tmp_path)})


def test_load_resumed(build, start, tmp_path):
    run(build, start(), "flow_load_resumed", 20, {**DATABRICKS, "LDBX_TEST_STAGING": str(tmp_path)})


def test_load_on_open_source_spark(build, start, tmp_path):
    run(build, start("--dialect", "hive"), "flow_load", 1, {**SPARK, "LDBX_TEST_STAGING": str(tmp_path), "CK_RUN_CASE": "hive"})


@pytest.mark.scale
def test_load_of_many_files(build, start, tmp_path):
    run(build, start(), "flow_load", 2, {**DATABRICKS, "LDBX_TEST_STAGING": str(tmp_path), "CK_RUN_CASE": "scale"})


def test_load_stops(build, start, tmp_path):
    run(build, start(), "flow_load_stops", 28, {**DATABRICKS, "LDBX_TEST_STAGING": str(tmp_path), "CK_RUN_CASE": "flow"})


@pytest.mark.scale
def test_load_stops_for_a_moment(build, start, tmp_path):
    run(build, start(), "flow_load_stops", 1, {**DATABRICKS, "LDBX_TEST_STAGING": str(tmp_path), "CK_RUN_CASE": "scale"})
