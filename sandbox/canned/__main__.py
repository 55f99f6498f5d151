"""Prepares the answers and becomes the server: python -m sandbox.canned [options]"""

import argparse
import hashlib
import os
from pathlib import Path

from ..results import FORMS
from .prepare import prepare

ROOT = Path(__file__).resolve().parents[2]


def options():
    parser = argparse.ArgumentParser(prog="sandbox --canned", description="Prepared answers, as fast as the machine sends them.")
    parser.add_argument("--rows", type=int, default=1000000, help="rows of each table (default 1,000,000)")
    parser.add_argument("--page-rows", type=int, default=100000, help="rows of a page (default 100,000)")
    parser.add_argument("--latency", default="0ms", help="wait before each answer, such as 50ms")
    parser.add_argument("--mbps", type=int, default=0, help="megabytes a second on each connection; 0 (default): no limit")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 (default) picks a free one")
    parser.add_argument("--port-file", type=Path, help="where to write the port once the server is ready")
    parser.add_argument("--results", choices=FORMS, default=FORMS[0], help="the richest form of results, if the client can read it")
    parser.add_argument("--server", type=Path, default=ROOT / "build/sandbox/sandbox-canned", help="the server program")
    return parser.parse_args()


def revision():
    """Changes with the code that makes the answers."""
    here = Path(__file__).parent
    made_by = [here / "prepare.py", here / "tables.py", here.parent / "results.py", here.parent / "sqltypes.py"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in made_by)).hexdigest()[:12]


def main():
    given = options()
    folder = ROOT / "build/canned" / f"{given.rows}-{given.page_rows}-{revision()}"
    prepare(folder, given.rows, given.page_rows)
    os.execv(given.server, [str(given.server), str(folder), str(given.port), str(given.port_file or ""), given.latency, str(given.mbps),
                            given.results])


if __name__ == "__main__":
    main()
