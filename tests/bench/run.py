"""Runs the measures, each in a fresh process, round after round: python -m tests.bench.run fetch|import|all"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import tables
from .measures import BUILD, MEASURES, QUICK, ROOT, SERVERS, Setting


def options():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("suite", choices=[*MEASURES, "all"])
    parser.add_argument("--quick", action="store_true", help="few rows, one round: whether it runs, not how fast")
    parser.add_argument("--json", type=Path, help="where to write every sample")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/performance.md")
    return parser.parse_args()


class Servers:
    """The servers that the measures need, started when first asked for."""

    def __init__(self, setting, folder):
        self.setting, self.folder, self.running = setting, folder, {}

    def port(self, name):
        if name not in self.running:
            self.running[name] = self._start(name)
        return (self.folder / name).read_text()

    def _start(self, name):
        command = [sys.executable, "-m", "sandbox.canned", "--rows", str(self.setting.rows), "--page-rows", str(self.setting.page_rows),
                   "--port-file", str(self.folder / name), "--server", str(BUILD / "sandbox/sandbox-canned"), *SERVERS[name]]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
        deadline = time.monotonic() + 900       # the first start prepares the answers
        while not (self.folder / name).exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"scripts/bench: the server '{name}' did not start")
            time.sleep(0.02)
        return process

    def stop(self):
        for process in self.running.values():
            process.terminate()
            process.wait()


def sample(measure, port, setting):
    """One run of a measure: rows, seconds on the wall and computed, peak memory in MiB."""
    env = os.environ | {"DATABRICKS_HOST": "http://127.0.0.1", "DATABRICKS_PORT": port, "DATABRICKS_TOKEN": "sandbox",
                        "DATABRICKS_HTTP_PATH": measure.path}
    out = subprocess.DEVNULL if measure.whole else subprocess.PIPE
    done = subprocess.run([BUILD / "tests/bench/bench_measure", *measure.command], env=env, stdout=out, stderr=subprocess.PIPE, text=True)
    *said, whole = done.stderr.strip().split("\n")
    if done.returncode != 0:
        raise SystemExit(f"scripts/bench: {measure.name} failed: {' '.join(said) or whole}")
    got = json.loads(whole) | {"rows": measure.rows} if measure.whole else json.loads(done.stdout.splitlines()[-1])
    check_rows(measure, got["rows"], setting)
    return {"rows": got["rows"], "wall_s": got["wall_s"], "cpu_s": got["cpu_s"], "mib": got["rss_kb"] / 1024}


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
                    samples[measure.name].append(sample(measure, servers.port(measure.server), setting))
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
