"""What the Python tests share: where the build is, and a sandbox to talk to, started the way a person starts it."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]


@pytest.fixture(scope="session")
def build():
    """The build folder under test."""
    return Path(os.environ.get("LYTICS_DBX_BUILD", ROOT / "build"))


class Sandbox:
    def __init__(self, folder, *options):
        self.port_file = folder / "port"
        self.port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen([ROOT / "scripts/sandbox", *options, "--port-file", self.port_file],
                                        stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60        # the very first start installs the environment
        while not self.port_file.exists():
            assert self.process.poll() is None and time.monotonic() < deadline, "the sandbox did not start"
            time.sleep(0.01)
        self.port = int(self.port_file.read_text())
        self.ready_line = self.process.stdout.readline()

    def control(self, method, path, body=None, host="http"):
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{host}://127.0.0.1:{self.port}/control/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def faults(self, *rules):
        self.control("POST", "faults", {"rules": list(rules)})

    def calls(self, statement=None):
        """The names of the calls seen, of one statement or of all."""
        return [call["rpc"] for call in self.control("GET", "log")["calls"] if statement in (None, call["statement"])]

    def stop(self):
        self.process.terminate()
        code = self.process.wait(timeout=10)
        self.process.stdout.close()
        return code


@pytest.fixture(scope="session")
def start(tmp_path_factory):
    """Starts sandboxes, and stops what a test has left running."""
    running = []

    def started(*options, folder=None):
        running.append(Sandbox(folder or tmp_path_factory.mktemp("sandbox"), *options))
        return running[-1]
    yield started
    for sandbox in running:
        if sandbox.process.poll() is None:
            sandbox.stop()


@pytest.fixture(scope="session")
def sandbox(start):
    """One sandbox for all tests that leave no traces outside a schema of their own."""
    return start()


@pytest.fixture
def faulty(sandbox):
    """The sandbox, without faults again after the test."""
    yield sandbox
    sandbox.control("DELETE", "faults")
