"""Whatever dies and whenever: each row is in the table exactly once, and nothing stays behind."""

import json
import os
import random
import signal
import socket
import subprocess
import threading
import time

import pytest

from load import numbers

ROWS = numbers(1, 25)
PARTS = ("--part-rows", "10")
WIDE = [{"id": n, "name": f"{n:07}" * 14000} for n in range(1, 121)]       # 12 MB: with parts of 6 MiB, two of two blocks each
BLOCKS = ("--part-bytes", str(6 << 20))


class Jobs:
    """Loads of the same rows, each into a table of its own."""

    def __init__(self, load, sql, sandbox, build, staging, rows=ROWS, more=PARTS):
        self.load, self.sql, self.sandbox, self.build = load, sql, sandbox, build
        self.staging, self.rows, self.more, self.count = staging, rows, more, 0

    def make(self):
        self.count += 1
        one = self.load(staging=self.staging)
        one.table += str(self.count)
        one.state = one.program.folder / f"state{self.count}"
        if self.count == 1:
            one.write(*self.rows)
        return one

    def begin(self, one, kill_at=None):
        """Starts it; it may kill itself at that step of its work on files."""
        env = {"LD_PRELOAD": str(self.build / "tests/kill_at.so"), "LDBX_KILL_AT": str(kill_at),
               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"} if kill_at else {}
        return one.program.start(*one.arguments, *self.more, env=one.program.env | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def goes_on(self, one):
        """The next run loads what is missing and clears up."""
        known = document(one)
        one.run(*self.more)
        assert self.sql(f"SELECT * FROM {one.table} ORDER BY id") == self.rows
        assert one.left == []
        assert one.report["state"] in ("done", None) and one.report["error"] is None
        assert one.report["attempts"] == (1 if known is None else 2 if known["load"] else 0), "0: it was loaded already"


@pytest.fixture
def jobs(load, sql, faulty, build):
    """Makes them."""
    return lambda *arguments, **options: Jobs(load, sql, faulty, build, *arguments, **options)


def document(one):
    """What the state folder keeps; None: nothing yet."""
    path = next(one.state.glob("*.json"), None)
    return json.loads(path.read_text().splitlines()[1]) if path else None


def calls(sandbox):
    """The calls of clients so far, each with its number among those of its name. The server itself reads objects."""
    seen, found = {}, []
    for call in sandbox.control("GET", "log")["calls"]:
        if call["rpc"] != "S3.GetObject":
            found.append((call["rpc"], seen.setdefault(call["rpc"], 0)))
            seen[call["rpc"]] += 1
    return found


def until(reached, process):
    deadline = time.monotonic() + 60
    while not reached():
        assert process.poll() is None and time.monotonic() < deadline, process.returncode
        time.sleep(0.002)


def until_struck(sandbox, process, ended=False):
    """Until a fault has struck a call, which has then also been carried out."""
    def reached():
        return any(call["fault"] and (not ended or "seconds" in call) for call in sandbox.control("GET", "log")["calls"])
    until(reached, process)


def kill(process):
    process.kill()
    process.wait()


def kill_at(jobs, call, executed):
    """A job that was killed while it waited for the answer to a call, which was carried out or not."""
    one = jobs.make()
    jobs.sandbox.control("DELETE", "log")
    jobs.sandbox.faults({"rpc": call[0], "skip": call[1], "action": "stall", "executed": executed})
    process = jobs.begin(one)
    until_struck(jobs.sandbox, process, executed)
    kill(process)
    jobs.sandbox.control("DELETE", "faults")
    return one


def all_calls(jobs):
    jobs.sandbox.control("DELETE", "log")
    jobs.goes_on(one := jobs.make())
    assert one.report["rows"]["loaded"] == len(jobs.rows)
    jobs.sandbox.control("DELETE", "log")
    jobs.begin(jobs.make()).wait()
    return calls(jobs.sandbox)


def test_killed_at_each_step_of_each_save(jobs):
    """And of the staged files: half a write, before and after a file gets its name."""
    all_of = jobs("directory", ROWS[:15])
    states, code = set(), None
    while code != 0:
        one = all_of.make()
        code = all_of.begin(one, kill_at=all_of.count).wait()
        assert code in (0, -signal.SIGKILL)
        found = document(one)
        states.add(found and found["load"] and (found["load"]["state"], found["load"]["started"], found["load"]["loaded"]))
        all_of.goes_on(one)
    assert states == {None, ("staging", 0, 0), ("sealed", 0, 0), ("prepared", 0, 0), ("prepared", 1, 0), ("prepared", 1, 1), ("reconciled", 1, 1)}


@pytest.mark.parametrize("staging, rows, more, part_of", [
    pytest.param("s3", ROWS[:10], PARTS, "", id="s3"),
    pytest.param("s3", ROWS, PARTS, "", id="files", marks=pytest.mark.scale),
    pytest.param("s3", WIDE, BLOCKS, "Upload", id="blocks", marks=pytest.mark.scale),
    pytest.param("volume", ROWS, PARTS, "", id="volume", marks=pytest.mark.scale),
    pytest.param("directory", ROWS, PARTS, "", id="directory", marks=pytest.mark.scale),
])
def test_killed_at_each_call(jobs, staging, rows, more, part_of):
    """Before it took effect and after. Of the load in blocks, at the calls that are about them."""
    all_of = jobs(staging, rows, more)
    struck = [call for call in all_calls(all_of) if part_of in call[0]]
    assert len(struck) > 8
    for call in struck:
        for executed in (False, True):
            all_of.goes_on(kill_at(all_of, call, executed))


class Door:
    """Stands before the server until so many bytes have come to it; then it calls, and lets nothing through any more."""

    def __init__(self, port, most, call):
        self.port, self.left, self.call, self.lock = port, most, call, threading.Lock()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self.listening.getsockname()[1]}/s3"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                client, server = self.listening.accept()[0], socket.create_connection(("127.0.0.1", self.port))
                threading.Thread(target=self.pass_on, args=(server, client, lambda data: data), daemon=True).start()
                threading.Thread(target=self.pass_on, args=(client, server, self.counted), daemon=True).start()
        except OSError:
            pass                        # closed

    def counted(self, data):
        with self.lock:
            passed, open_before = data[:self.left], self.left > 0
            self.left -= len(passed)
            if open_before and self.left == 0:
                self.call()
        return passed

    def pass_on(self, source, to, through):
        try:
            while data := through(source.recv(1 << 16)):
                to.sendall(data)
        except OSError:
            pass
        source.close()
        to.close()

    def close(self):
        self.listening.close()


@pytest.mark.parametrize("rows, more, most", [(WIDE[:30], (), 1 << 20), (WIDE, BLOCKS, 3 << 20), (WIDE, BLOCKS, 8 << 20)], ids=["put", "block", "blocks"])
def test_killed_within_the_body_of_an_upload(jobs, rows, more, most):
    all_of = jobs("s3", rows, more)
    one = all_of.make()
    direct, reached = one.staging, threading.Event()
    door = Door(all_of.sandbox.port, most, reached.set)
    one.stage(direct | {"endpoint": door.endpoint})
    process = all_of.begin(one)
    assert reached.wait(60)
    assert process.poll() is None
    kill(process)
    door.close()
    one.stage(direct)
    all_of.goes_on(one)


def test_killed_behind_many_files(jobs):
    """So many that their names were saved more than once."""
    all_of = jobs("directory", numbers(1, 50), ("--part-rows", "1"))
    one = all_of.make()
    all_of.sandbox.faults({"statement": "DESCRIBE DETAIL", "action": "stall", "skip": 1})
    process = all_of.begin(one)
    until_struck(all_of.sandbox, process)
    kill(process)
    assert len(one.left) == 50 and document(one)["load"]["state"] == "sealed"
    all_of.goes_on(one)
    one = all_of.make()
    process = all_of.begin(one, kill_at=150)
    assert process.wait() == -signal.SIGKILL
    assert document(one)["load"]["state"] == "staging" and document(one)["load"]["attempt"]["parts"] > 32
    all_of.goes_on(one)


@pytest.mark.parametrize("wanted", [10, pytest.param(40, marks=pytest.mark.scale)])
def test_kills_in_a_row(jobs, wanted):
    """At random moments of loads into one table. A load that ends before it is killed is followed by one of other rows."""
    all_of = jobs("s3", numbers(1, 100), (*PARTS, "--gzip"))
    one, chance, kills, last, seen = all_of.make(), random.Random(20261124), 0, 0, set()
    began = time.monotonic()
    all_of.goes_on(one)
    longest = time.monotonic() - began
    while kills < wanted:
        last += 100
        one.write(*numbers(last + 1, last + 100))
        code = None
        while code is None and kills < wanted:
            process = all_of.begin(one)
            try:
                code = process.wait(chance.uniform(0, longest))
            except subprocess.TimeoutExpired:
                kill(process)
                kills += 1
                seen.add((document(one)["load"] or {}).get("state"))
        assert code in (None, 0)
    one.run(*all_of.more)
    assert all_of.sql(f"SELECT * FROM {one.table} ORDER BY id") == numbers(1, last + 100)
    assert one.left == [] and len(seen) > 1


@pytest.mark.parametrize("call", ["S3.PutObject", "CREATE TABLE", "COPY INTO"])
def test_a_request_that_comes_late(jobs, call):
    """Carried out when its sender is dead and another run at work, which is held up until then."""
    all_of = jobs("s3")
    one = all_of.make()
    which = {"rpc": call} if "S3" in call else {"rpc": "ExecuteStatement", "statement": call}
    all_of.sandbox.faults(which | {"action": "delay", "seconds": 0.2}, {"statement": "COPY INTO", "action": "run", "seconds": 0.8})
    process = all_of.begin(one)
    until_struck(all_of.sandbox, process)
    kill(process)
    all_of.goes_on(one)


@pytest.mark.scale
def test_killed_while_copy_into_goes_on(jobs):
    """The server finishes what nobody waits for; the next run waits for that."""
    all_of = jobs("s3")
    one = all_of.make()
    all_of.sandbox.faults({"statement": "COPY INTO", "action": "run", "seconds": 5, "loading": True},
                          {"statement": "COPY INTO", "action": "stall", "executed": True})
    process = all_of.begin(one)
    until_struck(all_of.sandbox, process)
    time.sleep(0.5)         # until it has taken its files
    kill(process)
    began = time.monotonic()
    all_of.goes_on(one)
    assert time.monotonic() - began > 14
    copies = [statement["sqlstate"] for statement in one.report["statements"] if statement["kind"] == "COPY INTO"]
    assert len(copies) == 2 and copies[0] != ""


@pytest.mark.scale
def test_killed_between_two_statements(jobs):
    """1,001 files are loaded by two of them."""
    all_of = jobs("directory", numbers(1, 1001), ("--part-rows", "1"))
    one = all_of.make()
    all_of.sandbox.faults({"rpc": "ExecuteStatement", "statement": "COPY INTO", "skip": 1, "action": "stall"})
    process = all_of.begin(one)
    until_struck(all_of.sandbox, process)
    kill(process)
    assert (document(one)["load"]["started"], document(one)["load"]["loaded"]) == (2, 1)
    all_of.goes_on(one)
    assert len(one.report["files"]) == 1001
    assert [statement["kind"] for statement in one.report["statements"]].count("COPY INTO") == 1


def test_two_at_once(jobs):
    """The second does nothing, whatever the first is at."""
    all_of = jobs("s3")
    for rule in ({"rpc": "S3.PutObject", "action": "stall"}, {"rpc": "ExecuteStatement", "statement": "COPY INTO", "action": "stall"}):
        one = all_of.make()
        all_of.sandbox.control("DELETE", "log")
        all_of.sandbox.faults(rule)
        process = all_of.begin(one)
        until_struck(all_of.sandbox, process)
        before, statements = document(one), all_of.sandbox.calls().count("ExecuteStatement")
        assert "another runner" in one.fails(*all_of.more, code=4)
        assert document(one) == before and all_of.sandbox.calls().count("ExecuteStatement") == statements
        kill(process)
        all_of.goes_on(one)


# What is going on when the signal comes, and the state in which it is left.
PHASES = [({"rpc": "OpenSession"}, None), ({"rpc": "S3.PutObject", "skip": 2}, "staging"), ({"statement": "CREATE TABLE"}, "sealed"),
          ({"rpc": "S3.HeadObject"}, "prepared"), ({"rpc": "ExecuteStatement", "statement": "COPY INTO"}, "prepared"),
          ({"rpc": "ExecuteStatement", "statement": "DESCRIBE HISTORY", "skip": 1}, "prepared")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_each_phase(jobs, number):
    all_of = jobs("s3")
    for rule, state in PHASES:
        one = all_of.make()
        all_of.sandbox.control("DELETE", "log")
        all_of.sandbox.faults({"action": "stall"} | rule)
        process = all_of.begin(one)
        until_struck(all_of.sandbox, process)
        process.send_signal(number)
        assert process.wait(timeout=20) == 130, rule
        all_of.sandbox.control("DELETE", "faults")
        found = document(one)
        assert (found and found["load"] and found["load"]["state"]) == state and one.report["error"]["status"] == "CANCELLED"
        all_of.goes_on(one)


def test_a_signal_while_the_server_loads(jobs):
    """COPY INTO is cancelled, not left alone."""
    all_of = jobs("s3")
    one = all_of.make()
    all_of.sandbox.control("DELETE", "log")
    all_of.sandbox.faults({"statement": "COPY INTO", "action": "run", "seconds": 60})
    process = all_of.begin(one)
    until(lambda: ("GetOperationStatus", 0) in calls(all_of.sandbox), process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 130
    assert "CancelOperation" in all_of.sandbox.calls()
    all_of.sandbox.control("DELETE", "faults")
    all_of.goes_on(one)


def test_a_checkpoint_with_a_flipped_bit(jobs):
    all_of = jobs("directory")
    one = all_of.make()
    all_of.sandbox.faults({"rpc": "ExecuteStatement", "statement": "COPY INTO", "action": "stall"})
    process = all_of.begin(one)
    until_struck(all_of.sandbox, process)
    kill(process)
    path = next(one.state.glob("*.json"))
    good, staged = path.read_bytes(), len(one.left)
    for at in range(0, len(good), len(good) // 16):
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        path.write_bytes(bad)
        assert str(path.name) in one.fails(*all_of.more)
        assert path.read_bytes() == bad and len(one.left) == staged == 3
    path.write_bytes(good)
    assert all_of.sql(f"SELECT * FROM {one.table}") == []
    all_of.goes_on(one)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small file system")
@pytest.mark.parametrize("filled, state", [(True, None), (False, "staging")], ids=["at-once", "when-it-is-sealed"])
def test_a_full_state_folder(jobs, schema, filled, state):
    """Of 16 KB: the names of 150 files have no room in it."""
    all_of = jobs("directory", numbers(1, 150), ("--part-rows", "1"))
    one = all_of.make()
    one.state.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", one.state], capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        if filled:
            (one.state / "filler").write_bytes(b"x" * 16384)
        assert "No space left" in one.fails(*all_of.more)
        found = document(one)
        assert (found and found["load"]["state"]) == state and all_of.sql(f"SHOW TABLES IN {schema}") == []
        (one.state / "filler").unlink(missing_ok=True)
        subprocess.run(["mount", "-o", "remount,size=1m", one.state], check=True)
        all_of.goes_on(one)
    finally:
        subprocess.run(["umount", one.state], check=True)
