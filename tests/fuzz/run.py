"""Runs the fuzz targets, two at a time: run.py FOLDER SECONDS TARGET... (called by scripts/test fuzz).

FOLDER is the build folder: programs in tests/fuzz, seeds in seeds/TARGET, what was found worth keeping in corpus/TARGET (kept from run to run),
what went wrong in crashes/. A line a target, and a last one in all."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
AT_ONCE = 2
LIMITS = ["-timeout=20", "-rss_limit_mb=1024", "-max_len=16384", "-print_final_stats=1"]


def number(pattern, log):
    found = re.findall(pattern, log)
    return int(found[-1]) if found else 0


def run(folder, seconds, target):
    corpus, crashes = folder / "corpus" / target, folder / "crashes"
    corpus.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(exist_ok=True)
    options = [*LIMITS, f"-max_total_time={seconds}", f"-artifact_prefix={crashes}/{target}-"]
    dictionary = HERE / f"{target}.dict"
    if dictionary.exists():
        options.append(f"-dict={dictionary}")
    done = subprocess.run([folder / "tests/fuzz" / f"fuzz_{target}", *options, corpus, folder / "seeds" / target],
                          capture_output=True, text=True, errors="replace")
    runs = number(r"stat::number_of_executed_units: (\d+)", done.stderr)
    edges = number(r"cov: (\d+)", done.stderr)
    print(f"{target:10} {runs:10} runs {edges:6} edges {len(list(corpus.iterdir())):6} inputs kept", flush=True)
    if done.returncode == 0 and runs > 0:
        return runs, 0
    what = re.findall(r".*(?:must be so|bytes in use|runtime error|ERROR: \w+Sanitizer|ALARM).*", done.stderr)
    kept = re.findall(r"Test unit written to (\S+)", done.stderr)
    print(f"{target}: {what[0] if what else done.stderr[-2000:]}\n{target}: input: {kept[-1] if kept else 'none'}", flush=True)
    return runs, 1


def main(folder, seconds, *targets):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda target: run(Path(folder).resolve(), int(seconds), target), targets))
    failed = sum(crashed for _, crashed in results)
    print(f"fuzz: {len(results)} targets, {seconds} s each, {sum(runs for runs, _ in results)} runs, {failed} crashed")
    sys.exit(1 if failed else 0)


main(*sys.argv[1:])
