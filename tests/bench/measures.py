"""What is measured, on which server, and what is to be reached."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/bench"
MIXED = "SELECT * FROM main.bench.mixed"
# Clusters send LZ4 frames without checksums.
WAREHOUSE, CLUSTER = "/sql/1.0/warehouses/sandbox", "/sql/protocolv1/o/0/sandbox"


@dataclass
class Setting:
    """How much is measured."""
    rows: int = 1000000
    page_rows: int = 100000
    rounds: int = 5
    trips: int = 2000


QUICK = Setting(rows=40000, page_rows=20000, rounds=1, trips=50)


@dataclass
class Measure:
    """A client in one of its ways. `whole`: all of its process is measured, from outside; else it measures itself, from the open session on."""
    name: str
    title: str
    command: list
    server: str = "lz4"
    whole: bool = False
    rows: int = 0
    rounds: int = 0             # 0: as all
    path: str = WAREHOUSE


def ours(*arguments):
    return [BUILD / "tests/bench/bench_client", *arguments]


def go(*arguments):
    return [BUILD / "go/bench", *arguments]


def python(*arguments):
    return [ROOT / "build/venv/bin/python", ROOT / "tests/bench/connector.py", *arguments]


def fetch(setting, folder):
    floor = [BUILD / "tests/bench/bench_floor", MIXED, str(setting.rows), str(setting.page_rows)]
    trips = str(setting.trips)
    return [
        Measure("floor", "floor: read and drop", floor),
        Measure("batches", "**lytics_dbx** Arrow batches", ours("batches", MIXED)),
        Measure("batches_plain", "**lytics_dbx** Arrow batches, frames without checksums", ours("batches", MIXED), path=CLUSTER),
        Measure("batches_raw", "**lytics_dbx** Arrow batches, without LZ4", ours("batches", MIXED), "arrow"),
        Measure("stream", "**lytics_dbx** Arrow C stream", ours("stream", MIXED)),
        Measure("batches_10x", "**lytics_dbx** Arrow batches, ten times the rows", ours("batches", MIXED + "_10x")),
        Measure("cells", "**lytics_dbx** every cell, typed getters", ours("cells", MIXED)),
        Measure("json", "**lytics_dbx** rows as JSON", ours("text", MIXED)),
        Measure("program", "**lytics-dbx** query --format json, whole process", [BUILD / "lytics-dbx", "query", MIXED, "--format", "json"],
                whole=True, rows=setting.rows),
        Measure("go_batches", "Go driver, Arrow batches (raw)", go("batches", MIXED)),
        Measure("go_rows", "Go driver, rows into any (raw)", go("rows", MIXED)),
        Measure("go_typed", "Go driver, rows typed (raw)", go("typed", MIXED)),
        Measure("python_norepr", "Python connector, Arrow, norepr", python("arrow", MIXED, "--norepr")),
        Measure("python_plain", "Python connector, Arrow, norepr, frames without checksums", python("arrow", MIXED, "--norepr"), path=CLUSTER),
        Measure("python_raw", "Python connector, Arrow, norepr, without LZ4", python("arrow", MIXED, "--norepr"), "arrow"),
        Measure("python", "Python connector, Arrow, stock", python("arrow", MIXED)),
        Measure("python_rows", "Python connector, rows, norepr (one run)", python("rows", MIXED, "--norepr"), rounds=1),
        Measure("columns", "**lytics_dbx** column sets, every cell", ours("cells", MIXED), "columns"),
        Measure("go_columns", "Go driver, column sets, rows into any", go("rows", MIXED), "columns"),
        Measure("slow_floor", "floor, 50 ms and 100 MB/s", floor, "slow"),
        Measure("slow", "**lytics_dbx** Arrow batches, 50 ms and 100 MB/s", ours("batches", MIXED), "slow"),
        Measure("slow_go", "Go driver, Arrow batches (raw), 50 ms and 100 MB/s", go("batches", MIXED), "slow"),
        Measure("trips", "**lytics_dbx** SELECT 1", ours("trips", trips)),
        Measure("go_trips", "Go driver, SELECT 1", go("trips", trips)),
    ]


JOB = {"type": "databricks-import", "name": "bench", "config": {
    "catalog": "main", "database": "bench", "source": "events", "timestamp_field": "ts"}}


def job_run(folder):
    """A job from nothing: a shell of its own forgets what the run before has left."""
    (folder / "job.json").write_text(json.dumps(JOB))
    run = f'rm -rf state events.ndjson && exec {BUILD / "lytics-dbx"} --progress never run job.json --state state --output events.ndjson'
    return ["sh", "-c", f"cd {folder} && {run}"]


def imports(setting, folder):
    return [
        Measure("import", "**lytics_dbx** ldbx_import to JSON lines", ours("import", "/dev/null")),
        Measure("run", "**lytics-dbx** run, whole process, into a file", job_run(folder), whole=True, rows=setting.rows),
        Measure("go_import", "Go program: any, encoding/json", go("import", "/dev/null")),
    ]


def table(setting, folder):
    """The rows to load, as an Arrow stream."""
    path = folder / "table.arrow"
    if not path.exists():
        subprocess.run(python_loading("rows", path, str(setting.rows)), check=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    return path


def python_loading(*arguments):
    return [ROOT / "build/venv/bin/python", ROOT / "tests/bench/loading.py", *arguments]


def loads(setting, folder):
    rows, site = table(setting, folder), f"PYTHONPATH={BUILD / 'site'}"
    one_core = ["taskset", "-c", "0", "env", "POLARS_MAX_THREADS=1", site]

    def alone(mode):
        return ["taskset", "-c", "0", BUILD / "tests/bench/bench_csv", rows, mode, folder / "out.csv"]

    def load(mode, binary="tests/bench/bench_load", parallel=4):
        return ["env", f"BENCH_PARALLEL={parallel}", BUILD / binary, rows, mode]

    return [
        Measure("csv", "**lytics_dbx** CSV, Arrow columns", alone("columns"), ""),
        Measure("csv_rows", "**lytics_dbx** CSV, row by row", alone("rows"), ""),
        Measure("polars", "polars write_csv, one thread", [*one_core, *python_loading("polars", rows, folder / "out.csv")], ""),
        Measure("go_csv", "Go encoding/csv", ["taskset", "-c", "0", BUILD / "go/load", "csv", rows, folder / "out.csv"], ""),
        Measure("compress", "**lytics_dbx** CSV and gzip (ISA-L), dropped", load("compress"), ""),
        Measure("upload", "**lytics_dbx** the same bytes, ready, to the bucket", load("upload"), "bucket"),
        Measure("load", "**lytics_dbx** loader, Arrow columns, gzip (ISA-L), to the bucket", load("columns"), "bucket"),
        Measure("load_rows", "**lytics_dbx** loader, row by row, gzip (ISA-L), to the bucket", load("rows"), "bucket"),
        Measure("load_8", "**lytics_dbx** loader, one large file, not compressed, 8 blocks at once", load("large", parallel=8), "bucket"),
        Measure("load_zlib", "**lytics_dbx** loader, Arrow columns, gzip (zlib), to the bucket", load("columns", "zlib/tests/bench/bench_load"), "bucket"),
        Measure("go_load", "Go: encoding/csv, compress/gzip, AWS SDK", [BUILD / "go/load", "s3", rows, "-1"], "bucket"),
        Measure("go_load_fast", "the same, gzip at its fastest level", [BUILD / "go/load", "s3", rows, "1"], "bucket"),
        Measure("python_load", "Python: pyarrow CSV, gzip level 6, boto3", ["env", site, *python_loading("s3", rows, "6")], "bucket"),
        Measure("python_load_fast", "the same, gzip at its fastest level", ["env", site, *python_loading("s3", rows, "1")], "bucket"),
    ]


@dataclass
class Target:
    """`figure` of ours over that of the best of the peers (or the slowest); without peers the figure itself."""
    title: str
    ours: str
    peers: tuple
    figure: str
    reach: float
    most: bool = False          # the figure must be at most that, not at least
    slowest: bool = False


TARGETS = {
    "fetch": [
        Target("batches as Arrow C data: better of Go batches and Python Arrow norepr", "batches", ("go_batches", "python_norepr"), "cpu", 2),
        Target("batches as Arrow C data: stock Python Arrow", "batches", ("python",), "cpu", 10),
        Target("every cell through the typed getters: Go rows into any", "cells", ("go_rows",), "cpu", 5),
        Target("column sets, every cell: better of Go rows into any, from Arrow and from column sets", "columns", ("go_rows", "go_columns"), "cpu", 2),
        Target("SELECT 1, round trips a second: Go", "trips", ("go_trips",), "wall", 1),
        Target("50 ms and 100 MB/s: floor", "slow", ("slow_floor",), "wall", 0.95),
        Target("peak memory, MiB", "batches", (), "mib", 24, most=True),
        Target("peak memory, MiB, ten times the rows", "batches_10x", (), "mib", 24, most=True),
    ],
    "import": [Target("import to JSON lines: the Go program", "import", ("go_import",), "cpu", 8)],
    "load": [
        Target("CSV alone, Arrow columns: polars", "csv", ("polars",), "cpu", 1.3),
        Target("CSV alone, row by row: polars", "csv_rows", ("polars",), "cpu", 1),
        Target("CSV, gzip and upload: Go", "load", ("go_load",), "cpu", 4),
        Target("CSV, gzip and upload: Python", "load", ("python_load",), "cpu", 5),
        Target("CSV, gzip and upload on the wall: the slower of compressing alone and uploading alone", "load", ("compress", "upload"), "wall", 0.87, slowest=True),
        Target("peak memory, MiB", "load", (), "mib", 64, most=True),
        Target("peak memory, MiB, 8 blocks of 5 MiB on their way at once", "load_8", (), "mib", 64, most=True),
    ],
}
MEASURES = {"fetch": fetch, "import": imports, "load": loads}
