"""One Spark Thrift Server with Delta for the whole suite, started the way a person starts it, and the program against it."""

import json
import logging
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "sandbox")]
from clients import connect
from program import Job, Program, free_port, runner

logging.getLogger("databricks.sql.unsafe").setLevel(logging.ERROR)      # it logs whole answers

ROOT = Path(__file__).resolve().parents[2]
READY = "Started ThriftHttpCLIService"
# The server's own zone and casts are not ours: what a session says of itself must win. The rest saves time.
OPTIONS = {"spark.sql.session.timeZone": "Asia/Tokyo", "spark.sql.ansi.enabled": "false",
           "spark.databricks.delta.snapshotPartitions": "1", "spark.ui.showConsoleProgress": "false",
           "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}


class Spark:
    def __init__(self, folder):
        self.port, self.ui_port, self.log = free_port(), free_port(), folder / "spark.log"
        options = OPTIONS | {"spark.ui.enabled": "true", "spark.ui.port": str(self.ui_port)}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [ROOT / "scripts/spark", folder, str(self.port)] + [a for o in options.items() for a in ("--conf", "=".join(o))],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 180
        while READY not in self.log.read_text(errors="replace"):
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text(errors="replace")[-3000:]
            time.sleep(0.2)

    def ask(self, path):
        """What the server's own monitoring knows."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ui_port}/api/v1/applications{path}", timeout=60) as answer:
            return json.load(answer)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    server = Spark(tmp_path_factory.mktemp("spark"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def engine_state(tmp_path_factory):
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def engine(start, engine_state):
    """The sandbox with its engine Spark, for all tests that leave no traces outside a schema of their own."""
    return start("--engine", "spark", "--state", engine_state)


@pytest.fixture(scope="session")
def connection(engine):
    with connect(engine.port) as opened:
        yield opened


@pytest.fixture(scope="session")
def query(connection):
    """Runs a statement in one session for all; its rows as tuples."""
    def run(statement, parameters=None):
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return [tuple(row) for row in cursor.fetchall()]
    return run


@pytest.fixture
def space(query):
    """A schema of the test's own, which is also the current one."""
    name = f"s_{uuid.uuid4().hex[:8]}"
    query(f"CREATE SCHEMA main.{name}")
    query(f"USE main.{name}")
    yield name
    query("USE main.default")
    query(f"DROP SCHEMA main.{name} CASCADE")


def program_on(build, folder, port):
    return Program(build / "lytics-dbx", folder, HOST=f"http://127.0.0.1:{port}", HTTP_PATH="/cliservice", USERNAME="someone",
                   PASSWORD="a pass:word of ours")


@pytest.fixture
def program(build, tmp_path, spark):
    return program_on(build, tmp_path, spark.port)


@pytest.fixture
def job(program):
    """Makes a job on a table."""
    return lambda table, **config: Job(program, table, **config)


@pytest.fixture(scope="session")
def sql(build, tmp_path_factory, spark):
    return runner(program_on(build, tmp_path_factory.mktemp("sql"), spark.port))


@pytest.fixture
def schema(sql):
    """A schema of the test's own."""
    name = "spark_catalog.s" + os.urandom(4).hex()
    sql(f"CREATE SCHEMA {name}")
    yield name
    sql(f"DROP SCHEMA {name} CASCADE")
