"""The CSV of loads, read by Spark's own reader and cast by the library's SELECT list, which is what COPY INTO does."""

import json
import os
import subprocess

import pyarrow.parquet
import pytest

from csv_rows import TYPES, as_csv, copy_into, expect_same, rows, table

ONE_COLUMN = ["first", "i", "d", "bin", "ts"]
FILES = {"all": (2000, list(TYPES)), "gzip": (300, list(TYPES)), "none": (0, list(TYPES))} | {name: (500, [name]) for name in ONE_COLUMN}


def prepared(build, folder, name, count, columns):
    """A CSV file and what is to be done with it."""
    made = table(rows(7, count), columns)
    path = folder / f"{name}.csv"
    path.write_bytes(as_csv(build, made, folder))
    if name == "gzip":
        subprocess.run(["gzip", path], check=True)
        path = path.with_name(path.name + ".gz")
    select, options = copy_into(build, made, folder)
    return {"csv": str(path), "columns": columns, "options": options, "select": select, "parquet": str(folder / f"{name}.parquet")}


@pytest.fixture(scope="module")
def folder(build, tmp_path_factory):
    """All files, read in one session of Spark."""
    here = tmp_path_factory.mktemp("csv")
    files = [prepared(build, here, name, *what) for name, what in FILES.items()]
    (here / "list.json").write_text(json.dumps(files))
    script = os.path.join(os.path.dirname(__file__), "read_csv.py")
    done = subprocess.run(["build/spark/venv/bin/python", script, here / "list.json"], env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"},
                          capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    return here


@pytest.mark.parametrize("name", FILES)
def test_every_cell_comes_back(folder, name):
    count, columns = FILES[name]
    read = pyarrow.parquet.read_table(folder / f"{name}.parquet")
    assert read.column_names == columns
    got = list(zip(*(column.to_pylist() for column in read.columns))) if count else []
    expect_same(got, rows(7, count), columns)
