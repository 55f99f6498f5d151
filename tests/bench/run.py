"""Runs the measures, each in a fresh process, round after round: python -m tests.bench.run fetch|import|load|all"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from . import tables
from .measures import BUILD, MEASURES, QUICK, ROOT, Setting
from .servers import Servers


def options():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("suite", choices=[*MEASURES, "all"])
    parser.add_argument("--quick", action="store_true", help="few rows, one round: whether it runs, not how fast")
    parser.add_argument("--json", type=Path, help="where to write every sample")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/performance.md")
    return parser.parse_args()


def sample(measure, servers, setting):
    """One run of a measure: rows, seconds on the wall and computed, peak memory in MiB, MB that were written."""
    env = os.environ | servers.environment(measure)
    out = subprocess.DEVNULL if measure.whole else subprocess.PIPE
    done = subprocess.run([BUILD / "tests/bench/bench_measure", *measure.command], env=env, stdout=out, stderr=subprocess.PIPE, text=True)
    *said, whole = done.stderr.strip().split("\n")
    if done.returncode != 0:
        raise SystemExit(f"scripts/bench: {measure.name} failed: {' '.join(said) or whole}")
    got = json.loads(whole) | {"rows": measure.rows} if measure.whole else json.loads(done.stdout.splitlines()[-1])
    check_rows(measure, got["rows"], setting)
    return {"rows": got["rows"], "wall_s": got["wall_s"], "cpu_s": got["cpu_s"], "mib": got["rss_kb"] / 1024, "mb": got.get("bytes", 0) / 1e6}


def check_rows(measure, rows, setting):
    """A client that loses rows is no match for one that does not."""
    expected = setting.trips if "trips" in measure.name else setting.rows * (10 if measure.name.endswith("_10x") else 1)
    if rows != expected:
        raise SystemExit(f"scripts/bench: {measure.name} read {rows} rows of {expected}")


def run(suite, setting, folder):
    """Samples by measure. The rounds are outside: what else the machine does meets all measures alike."""
    measures = MEASURES[suite](setting, folder)
    samples = {measure.name: [] for measure in measures}
    servers = Servers(setting, folder)
    try:
        for number in range(setting.rounds):
            for measure in measures:
                if number < (measure.rounds or setting.rounds):
                    print(f"\r{suite}: round {number + 1} of {setting.rounds}, {measure.name:<20}", end="", file=sys.stderr, flush=True)
                    samples[measure.name].append(sample(measure, servers, setting))
    finally:
        servers.stop()
        print(file=sys.stderr)
    return {"suite": suite, "machine": tables.machine(), "rows": setting.rows, "page_rows": setting.page_rows, "rounds": setting.rounds,
            "titles": {measure.name: measure.title for measure in measures}, "samples": samples}


def main():
    given = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # stops the servers on the way out
    setting = QUICK if given.quick else Setting()
    done = {}
    for suite in MEASURES if given.suite == "all" else [given.suite]:
        # In memory where there is room: the disk is not what is measured.
        with tempfile.TemporaryDirectory(prefix="bench-", dir="/dev/shm") as folder:
            done[suite] = run(suite, setting, Path(folder))
        print(tables.text(done[suite]))
    if given.json:
        given.json.write_text(json.dumps(done, indent=1) + "\n")
    if given.write:
        tables.write(ROOT / "docs/performance.md", done)


if __name__ == "__main__":
    main()
