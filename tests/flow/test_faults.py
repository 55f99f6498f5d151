"""Every call under every fault: the right rows or the right error, nothing twice, no hang, and everything usable afterwards.

fault_table.py says what is expected; what was observed must also be what docs/faults.md tells.
"""

import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_table import ALWAYS, CALLS, FAULTS, IMPORTED, PHASE_FAULTS, PHASES, Outcome, page, phase_call  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 4         # two to work while two wait for answers that never come
LONGEST = 30        # seconds that no call may take, whatever the machine does beside it; deadlines in the table are far below


class Driver:
    """The C program that makes the calls."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        watch = threading.Timer(2 * LONGEST, self.process.kill)     # a hang ends the test, not the patience of its reader
        watch.start()
        answer = self.process.stdout.readline()
        watch.cancel()
        assert answer, f"the driver died of: {line}"
        return json.loads(answer)

    def end(self):
        self.process.stdin.close()
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        return code


class Bench:
    """A driver and a sandbox of its own, on which one cell after the other is tried."""

    def __init__(self, driver, sandbox):
        self.driver, self.sandbox, self.cells = driver, sandbox, 0
        for table in ("sink", "other"):
            sandbox.control("POST", f"load?table=main.faults.{table}&columns=id%20BIGINT", b"id\n")
        lines = "".join(f"{n},1970-01-01 00:{n // 700:02}:00\n" for n in range(IMPORTED))
        sandbox.control("POST", "load?table=main.faults.source&columns=id%20BIGINT,ts%20TIMESTAMP", b"id,ts\n" + lines.encode())

    def try_cell(self, fault, call, lasting):
        """What was observed: the outcome and everything else that was wrong."""
        self.cells += 1
        mark = f"cell {self.cells}"
        self.sandbox.control("DELETE", "log")
        rules = self._rules(fault, call, mark, lasting)
        self.sandbox.faults(*rules)
        refused = fault.rule["action"] == "down"
        port = self.sandbox.closed_port if refused and call.name == "open" else self.sandbox.port
        self.driver(f"settings {port} {fault.request_timeout_ms} {fault.query_timeout_s}")
        if call.name == "leave":
            self.driver("open")
        begun = time.monotonic()
        answer = self.driver(call.command.format(mark=mark, cell=self.cells))
        took = time.monotonic() - begun
        if refused:
            self._wait_until_up()
        log = self.sandbox.control("GET", "log")["calls"]
        wrong = [*self._what_is_wrong(answer, call, took), *self._aftermath(answer, fault, call, log)]
        if rules and not any(entry["fault"] == fault.rule["action"] for entry in log):
            wrong.append("the fault did not strike")
        self.driver("end")
        return Outcome(answer["status"], answer["verdict"], answer["http"]), wrong, answer

    @staticmethod
    def _rules(fault, call, mark, lasting):
        rpc_and_statement = (call.rpc, call.statement)
        if fault.rule["action"] == "down":      # strikes behind the answer to the call before
            rpc_and_statement = call.before
        rules = []
        if rpc_and_statement:
            rpc, statement = rpc_and_statement
            rules = [{"rpc": rpc, "statement": statement.format(mark=mark)} | fault.rule | {"times": ALWAYS if lasting else 1}]
        if call.polled:
            rules.append({"action": "run", "polls": 1, "statement": call.statement.format(mark=mark)})
        return rules

    def _wait_until_up(self):
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            try:
                return self.sandbox.control("GET", "ready")
            except (OSError, urllib.error.URLError):
                time.sleep(0.02)
        raise AssertionError("the sandbox did not come back")

    @staticmethod
    def _what_is_wrong(answer, call, took):
        if took > LONGEST:
            yield f"it took {took:.0f} s"
        if answer["status"] == "OK" and (answer["rows"], answer["sum"]) != (call.rows, call.sum):
            yield f"success with rows {answer['rows']}, sum {answer['sum']}"
        of_the_call = answer["status"] in ("UNAVAILABLE", "TIMEOUT", "SESSION_LOST") or answer["http"] != 0
        if of_the_call and call.rpc not in answer["message"] and "the statement" not in answer["message"]:
            yield "the message does not name the call"

    def _aftermath(self, answer, fault, call, log):
        if call.importing:
            yield from self._finish_import(answer)
        elif call.name not in ("open", "leave"):
            after = self.driver("ping")["status"]
            if after != "OK" and (after != "SESSION_LOST" or fault.kind != "gone"):
                yield f"afterwards the connection says {after}"
        if call.inserting:
            yield from self._count_effects(answer, log)

    def _finish_import(self, answer):
        """Told to go on, without the fault: every row must come once."""
        self.sandbox.control("DELETE", "faults")
        after = self.driver("next") if answer["status"] != "OK" else answer
        if (after["status"], after["rows"], after["sum"], after["warning"]) != ("OK", IMPORTED, IMPORTED, ""):
            yield f"afterwards the import came to {after}"

    def _count_effects(self, answer, log):
        ran = sum(entry["executed"] for entry in log if entry["rpc"] == "ExecuteStatement" and "INSERT" in entry["statement"])
        self.sandbox.control("DELETE", "faults")
        self.driver("end")
        effect = self.driver(f"run 1 0 0 SELECT id FROM main.faults.sink WHERE id = {self.cells}")["rows"]
        allowed = {"": {1}, "safe": {0}, "never": {0}, "unknown": {0, 1}}[answer["verdict"]]
        if effect not in allowed or ran > 1:
            yield f"sent for execution {ran} times, carried out {effect} times"


def try_call(bench, fault, call, lasting, wrong):
    """The outcome; what was wrong about it is added to the complaints."""
    outcome, complaints, answer = bench.try_cell(fault, call, lasting)
    expected = fault.expected(call, lasting)
    if outcome != expected:
        complaints.insert(0, f"{outcome} HTTP {outcome.http} instead of {expected} HTTP {expected.http}")
    wrong += [f"{fault.name}, {call.name}, {'every time' if lasting else 'once'}: {what}: {answer['message']}" for what in complaints]
    return outcome


def try_fault(bench, fault):
    """The row of a fault: what was observed, and what was wrong about it."""
    observed, wrong = {}, []
    for call in CALLS:
        if call.name in fault.calls:
            once = try_call(bench, fault, call, False, wrong)
            observed[fault.name, call.name] = (once, once if fault.once_only else try_call(bench, fault, call, True, wrong))
    return observed, wrong


def try_phases(bench, name, running):
    observed, wrong = {}, []
    fault = next(fault for fault in FAULTS if fault.name == name)
    for phase in PHASES:
        observed[name, running, phase] = try_call(bench, fault, phase_call(phase, running), False, wrong)
    return observed, wrong


@pytest.fixture(scope="module")
def benches(build, start):
    """As many as work at the same time."""
    made = []
    for _ in range(WORKERS):
        sandbox = start()
        sandbox.closed_port = closed_port()
        made.append(Bench(Driver(build / "tests/flow_faults"), sandbox))
    yield made
    for bench in made:
        assert bench.driver.end() == 0


def closed_port():
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    HELD.append(held)       # bound and never listened on: nobody else gets it, and every connection is refused
    return held.getsockname()[1]


HELD = []


@pytest.fixture(scope="module")
def rows(benches):
    """Futures of the rows of both tables."""
    free = list(benches)

    def work(row, *arguments):
        bench = free.pop()
        try:
            return row(bench, *arguments)
        finally:
            free.append(bench)
    with ThreadPoolExecutor(WORKERS) as pool:
        longest_first = sorted(FAULTS, key=lambda fault: fault.rule["action"] not in ("stall", "down"))
        made = {fault.name: pool.submit(work, try_fault, fault) for fault in longest_first}
        yield made | {key: pool.submit(work, try_phases, *key) for key in PHASE_FAULTS}


@pytest.mark.parametrize("name", [fault.name for fault in FAULTS])
def test_fault(rows, name):
    _, wrong = rows[name].result()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name, running", PHASE_FAULTS)
def test_fault_in_each_phase_of_an_import(rows, name, running):
    _, wrong = rows[name, running].result()
    assert not wrong, "\n".join(wrong)


def test_the_page_tells_what_was_observed(rows, build):
    observed, phases = {}, {}
    for key, row in rows.items():
        (observed if isinstance(key, str) else phases).update(row.result()[0])
    written, told = build / "faults.md", ROOT / "docs/faults.md"
    written.write_text(page(observed, phases))
    assert told.read_text().partition("\n## Loads\n")[0] == written.read_text(), f"{told} is not what was observed: compare it with {written}"
