"""The program against a sandbox."""

import json
import os
import sys
from pathlib import Path

import pytest

from leaks import Secrets, s3_key
from load import Load
from program import Job, runner, sandbox_program

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sandbox"))       # whose clients serve here too


@pytest.fixture(scope="session")
def secrets():
    return Secrets()


@pytest.fixture(scope="session")
def sandbox(start, secrets):
    """One for all tests that leave no traces outside a schema of their own; it opens also to the secrets of the run."""
    return start("--token", "sandbox", "--token", secrets.token, "--s3-key", "sandbox:sandbox-secret", "--s3-key", s3_key(**secrets.s3))


@pytest.fixture(scope="session")
def program_for(build):
    """Makes the program for a sandbox of the test's own."""
    return lambda folder, sandbox: sandbox_program(build, folder, sandbox)


@pytest.fixture
def program(build, tmp_path, sandbox):
    return sandbox_program(build, tmp_path, sandbox)


@pytest.fixture
def job(program):
    """Makes a job on a table."""
    return lambda table, **config: Job(program, table, **config)


@pytest.fixture
def load(program, sandbox, schema, sql, secrets):
    """Makes a load. What it leaves must not hold a secret but where the test itself wrote it: in staging.json."""
    program.env["DATABRICKS_TOKEN"] = secrets.token
    sandbox.control("DELETE", "log")
    made = []

    def one(**options):
        made.append(Load(program, f"{schema}.t", sandbox, secrets.s3, **options))
        return made[-1]
    yield one
    tables = [table["name"] for table in json.loads(program("tables", schema, "--json").out)]
    for table in tables:
        sql(f"DESCRIBE HISTORY {schema}.`{table}`")
    texts = [*program.outputs, json.dumps(sandbox.control("GET", "log"))]
    assert not any(map(secrets.are_in, texts)) and secrets.files(program.folder, but=["staging.json"]) == []


def own_schema(sql):
    name = "main.s" + os.urandom(4).hex()
    sql(f"CREATE SCHEMA {name}")
    yield name
    sql(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def sql(program):
    return runner(program)


@pytest.fixture
def schema(sql):
    """A schema of the test's own."""
    yield from own_schema(sql)


@pytest.fixture(scope="module")
def shared_sql(build, tmp_path_factory, sandbox):
    return runner(sandbox_program(build, tmp_path_factory.mktemp("shared"), sandbox))


@pytest.fixture(scope="module")
def shared_schema(shared_sql):
    """A schema for tables that the tests of a file only read."""
    yield from own_schema(shared_sql)
