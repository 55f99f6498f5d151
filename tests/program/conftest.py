"""The program as a process, jobs as files, and the sandbox that it talks to."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


class Program:
    """Runs lytics-dbx in a folder of its own, against one sandbox."""

    def __init__(self, path, folder, port):
        self.path, self.folder = path, folder
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "LYTICS_"))}
        self.env |= {"DATABRICKS_HOST": f"http://127.0.0.1:{port}", "DATABRICKS_TOKEN": "sandbox", "HOME": str(folder),
                     "DATABRICKS_HTTP_PATH": "/sql/1.0/warehouses/sandbox", "LC_ALL": "C.UTF-8"}

    def start(self, *arguments, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": self.env} | options
        return subprocess.Popen([self.path, *map(str, arguments)], cwd=self.folder, **options)

    def __call__(self, *arguments, code=0, env=None):
        """Runs it to its end; the exit code must be the expected one."""
        with self.start(*arguments, env=self.env | (env or {})) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == code, f"exit {process.returncode}\n{out[-2000:]}\n{err}"
        assert self.env["DATABRICKS_TOKEN"] == "sandbox" or self.env["DATABRICKS_TOKEN"] not in out + err
        return Output(out, err)


class Output:
    def __init__(self, out, err):
        self.out, self.err = out, err

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Job:
    """An import job with its state folder and output file."""

    def __init__(self, program, table, **config):
        catalog, database, source = table.split(".")
        self.program = program
        self.document = {"type": "databricks-import", "name": "a job",
                         "config": {"catalog": catalog, "database": database, "source": source, "timestamp_field": "ts"} | config}
        self.path = program.folder / "job.json"
        self.output = program.folder / "events.ndjson"
        self.state = program.folder / "state"
        self.write()

    def write(self, **config):
        self.document["config"] |= config
        self.path.write_text(json.dumps(self.document))

    @property
    def arguments(self):
        return ["run", self.path, "--state", self.state, "--output", self.output, "--report", self.program.folder / "report.json"]

    def run(self, *more, code=0):
        return self.program(*self.arguments, *more, code=code)

    @property
    def report(self):
        return json.loads((self.program.folder / "report.json").read_text())

    @property
    def status(self):
        return json.loads(self.program("status", self.path, "--state", self.state, "--json").out)

    @property
    def events(self):
        """The lines of the output; each must be whole."""
        if not self.output.exists():
            return []
        text = self.output.read_text()
        assert text == "" or text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]

    @property
    def rows(self):
        return [event["data"] for event in self.events]


def counted(rows):
    """Rows as a multiset, so that a missing or a double one shows."""
    return Counter(json.dumps(row, sort_keys=True) for row in rows)


@pytest.fixture
def program(build, tmp_path, sandbox):
    return Program(build / "lytics-dbx", tmp_path, sandbox.port)


@pytest.fixture
def job(program):
    """Makes a job on a table."""
    return lambda table, **config: Job(program, table, **config)


def runner(program):
    """Runs statements through the program; the rows of the last one."""

    def run(*statements):
        for statement in statements:
            output = program("query", statement, "--format", "json")
        return output.lines

    return run


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
    return runner(Program(build / "lytics-dbx", tmp_path_factory.mktemp("shared"), sandbox.port))


@pytest.fixture(scope="module")
def shared_schema(shared_sql):
    """A schema for tables that the tests of a file only read."""
    yield from own_schema(shared_sql)
