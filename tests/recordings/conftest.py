"""Answers played over a socket to the library, and what it made of them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from played import Played  # noqa: E402
from replay import Replay  # noqa: E402

@pytest.fixture(scope="session")
def replay():
    server = Replay()
    yield server
    server.close()


@pytest.fixture
def play(build, replay):
    """Plays a book to the library, which runs these statements; `settings` are those of a configuration."""
    def played(book, *statements, path="/sql/1.0/warehouses/recorded", **settings):
        replay.play(book)
        settings = {"host": f"http://127.0.0.1:{replay.port}", "http_path": path, "token": "recorded", **settings}
        done = subprocess.run([build / "tests/player"], input=json.dumps({"settings": settings, "statements": statements}).encode(),
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return Played(done.stdout)
    return played
