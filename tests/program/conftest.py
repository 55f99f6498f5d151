"""The program against a sandbox."""

import os

import pytest

from program import Job, Program, runner


def sandbox_program(build, folder, sandbox):
    return Program(build / "lytics-dbx", folder, HOST=f"http://127.0.0.1:{sandbox.port}", TOKEN="sandbox",
                   HTTP_PATH="/sql/1.0/warehouses/sandbox")


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
