"""Official clients for the sandbox, and places of their own for the tests."""

import logging
import sys
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from clients import Reader, connect  # noqa: E402

# The connector logs whole answers; with a failing test they would be shown.
logging.getLogger("databricks").setLevel(logging.ERROR)


PYTHON = ("Python Arrow", "Python rows")
PASSED = Path(__file__).resolve().parents[2] / "build/conformance/python.txt"


@pytest.fixture(params=PYTHON)
def reader(request):
    return Reader(request.param)


@pytest.fixture(scope="session")
def old(start):
    """A server that knows no Arrow."""
    return start("--results", "columns")


def pytest_configure(config):
    config.addinivalue_line("markers", "conformance(feature, ...): the rows of the table in sandbox/README.md that a test is for")
    PASSED.parent.mkdir(parents=True, exist_ok=True)
    PASSED.write_text("")


def pytest_runtest_makereport(item, call):
    """Notes what a passed test covers. One that does not read results covers both ways to read them."""
    if call.when == "call" and call.excinfo is None:
        given = item.callspec.params if hasattr(item, "callspec") else {}
        clients = [given["reader"]] if "reader" in given else PYTHON
        with PASSED.open("a") as out:
            for mark in item.iter_markers("conformance"):
                out.writelines(f"{client}\t{feature}\t{item.nodeid}\n" for feature in mark.args for client in clients)


@pytest.fixture
def connection(sandbox):
    with connect(sandbox.port) as opened:
        yield opened


@pytest.fixture
def cursor(connection):
    with connection.cursor() as opened:
        yield opened


@pytest.fixture
def schema(cursor):
    """A schema of the test's own, which is also the current one."""
    name = f"t_{uuid.uuid4().hex[:8]}"
    cursor.execute(f"CREATE SCHEMA main.{name}")
    cursor.execute(f"USE main.{name}")
    yield name
    cursor.execute(f"DROP SCHEMA main.{name} CASCADE")


@pytest.fixture
def query(cursor):
    """Runs a statement and gives its rows as tuples."""
    def run(sql, parameters=None):
        cursor.execute(sql, parameters)
        return [tuple(row) for row in cursor.fetchall()]
    return run


@pytest.fixture(scope="module")
def shared(sandbox):
    """Runs statements in one session for all tests of a file: for those that leave nothing behind in it."""
    with connect(sandbox.port) as opened:
        def run(sql, parameters=None):
            with opened.cursor() as cursor:
                cursor.execute(sql, parameters)
                return [tuple(row) for row in cursor.fetchall()]
        yield run
