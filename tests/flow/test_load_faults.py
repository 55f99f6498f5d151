"""Every call of a load under every fault: the right rows or the right error, and after the next run the right rows, each once.

load_table.py says what is expected; what was observed must also be what docs/faults.md tells.
"""

import json
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_table import Outcome  # noqa: E402
from load_table import ABOUT, REQUEST_FAULTS, REQUESTS, STATEMENT_FAULTS, STATEMENTS, expected, page, rules  # noqa: E402
from s3 import Bucket  # noqa: E402
from test_faults import LONGEST, Driver  # noqa: E402
from volume import Volume  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
TABLE = "main.faults.loaded"
KEY = {"access_key_id": "faults", "secret_access_key": "secret", "session_token": "token"}
QUICK = ("session lost", "503 SlowDown")      # the others are many, and run by scale


class Bench:
    """A driver and a sandbox of its own, on which one cell after the other is tried."""

    def __init__(self, driver, sandbox, folder):
        self.driver, self.sandbox, self.folder = driver, sandbox, folder
        endpoint = f"http://127.0.0.1:{sandbox.port}/s3"
        self.bucket = Bucket("loads", endpoint, "sandbox", "sandbox-secret")
        self.volume = Volume(sandbox.port, "/Volumes/main/faults/staging")
        places = {"directory": {"path": str(folder / "staged")}, "volume": {"path": self.volume.folder},
                  "s3": {"bucket": "loads", "endpoint": endpoint} | KEY}
        for kind, place in places.items():
            (folder / f"{kind}.json").write_text(json.dumps({"type": kind} | place))
        self._add_key()
        driver(f"settings {sandbox.port} 60000 0")
        driver("run 1 0 0 CREATE SCHEMA IF NOT EXISTS main.faults")
        self.load(REQUESTS[0])      # makes the bucket

    def _add_key(self):
        """Which a fault may have let expire."""
        self.sandbox.control("POST", "s3_key?add=" + ":".join(KEY.values()))

    def load(self, step, *rules):
        """The answer, and how long it took."""
        self.driver(f"run 1 0 0 DROP TABLE IF EXISTS {TABLE}")
        self.driver("end")
        self.sandbox.control("DELETE", "log")
        self.sandbox.faults(*rules)
        begun = time.monotonic()
        return self.driver(f"load {step.size} {self.folder / step.staging}.json"), time.monotonic() - begun

    def try_cell(self, fault, step, lasting):
        """What was observed, and everything that was wrong about it."""
        answer, took = self.load(step, *rules(fault, step, lasting))
        struck = [call for call in self.sandbox.control("GET", "log")["calls"] if call["fault"]]
        self.sandbox.control("DELETE", "faults")
        self._add_key()
        outcome = Outcome(answer["status"], answer["verdict"], answer["http"])
        wrong = list(self._what_is_wrong(answer, step, took))
        if not struck:
            wrong.append("the fault did not strike")
        wanted = expected(fault, step, lasting)
        if outcome != wanted:
            wrong.insert(0, f"{outcome} HTTP {outcome.http} instead of {wanted} HTTP {wanted.http}")
        when = "every time" if lasting else "once"
        return outcome, [f"{fault.name}, {step.name}, {when}: {what}: {answer['message']}" for what in wrong]

    def _what_is_wrong(self, answer, step, took):
        if took > LONGEST:
            yield f"it took {took:.0f} s"
        rows = int(step.size.split()[0])
        if answer["status"] == "OK":
            if answer["rows"] != rows:
                yield f"success with {answer['rows']} rows"
            if (left := self._left(step)) and "staged files are left" not in answer["warning"]:
                yield f"left behind {left}, and said '{answer['warning']}'"
        after = self.driver("again")
        if (after["status"], after["rows"]) != ("OK", rows):
            yield f"afterwards the load came to {after}"
        there = self.driver(f"run 1 0 0 SELECT id FROM {TABLE}")
        if (there["rows"], there["sum"]) != (rows, rows * (rows - 1) // 2):
            yield f"afterwards the table has {there}"
        if answer["status"] != "OK" and (left := self._left(step)):
            yield f"afterwards {left} are left"
        self._clear(step)

    def _left(self, step):
        """Staged files that are there."""
        if step.staging == "s3":
            return self.bucket.keys() + self.bucket.uploads()
        if step.staging == "volume":
            return self.volume.names()
        return [path for path in (self.folder / "staged").rglob("*") if path.is_file()]

    def _clear(self, step):
        if step.staging == "s3":
            for key in self.bucket.keys():
                self.bucket.client.delete_object(Bucket="loads", Key=key)
        elif step.staging == "volume":
            for name in self.volume.names():
                self.volume.remove(name)


def try_row(bench, fault, steps):
    """The row of a fault: what was observed, and what was wrong about it."""
    observed, wrong = {}, []
    for step in steps:
        outcomes = [bench.try_cell(fault, step, lasting) for lasting in (False, True)]
        observed[fault.name, step.name] = [outcome for outcome, _ in outcomes]
        wrong += [complaint for _, complaints in outcomes for complaint in complaints]
    return observed, wrong


@pytest.fixture(scope="module")
def bench(build, start, tmp_path_factory):
    made = Bench(Driver(build / "tests/flow_faults"), start(), tmp_path_factory.mktemp("loads"))
    yield made
    assert made.driver.end() == 0


TABLES = {"statements": (STATEMENT_FAULTS, STATEMENTS), "requests": (REQUEST_FAULTS, REQUESTS)}
ROWS = [pytest.param(table, fault, id=f"{table}-{fault.name}", marks=[] if fault.name in QUICK else pytest.mark.scale)
        for table, (faults, _) in TABLES.items() for fault in faults]


@pytest.fixture(scope="module")
def row(bench):
    """A row of one of the tables; each is made once."""
    made = {}

    def one(table, fault):
        if (table, fault.name) not in made:
            made[table, fault.name] = try_row(bench, fault, TABLES[table][1])
        return made[table, fault.name]
    return one


def test_the_steps_are_those_of_a_load(bench):
    """Of one without faults: each of its calls but those that do not belong to it."""
    seen = []
    for step in (REQUESTS[0], REQUESTS[1], REQUESTS[-1]):
        bench.load(step)
        seen += bench.sandbox.control("GET", "log")["calls"]
    other = {"OpenSession", "CloseSession", "S3.GetObject"}     # the last one is COPY INTO's
    assert {call["rpc"] for call in seen} - other == {step.rpc for step in STATEMENTS + REQUESTS}
    texts = [call["statement"] for call in seen if call["rpc"] == "ExecuteStatement"]
    assert [text for text in texts if not text.startswith((*(step.statement for step in STATEMENTS), "SET "))] == []


@pytest.mark.parametrize("table, fault", ROWS)
def test_fault_in_each_call_of_a_load(row, table, fault):
    _, wrong = row(table, fault)
    assert not wrong, "\n".join(wrong)


@pytest.mark.scale
def test_the_page_tells_what_was_observed(row, build):
    tables = []
    for table, (faults, steps) in TABLES.items():
        observed = {}
        for fault in faults:
            observed.update(row(table, fault)[0])
        tables.append(page(observed, steps, faults))
    written, told = build / "load-faults.md", ROOT / "docs/faults.md"
    written.write_text("\n".join(tables))
    assert told.read_text().partition(ABOUT)[2] == written.read_text(), f"the end of {told} is not what was observed: compare it with {written}"
