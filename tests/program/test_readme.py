"""The C programs and the files of the documentation, as they stand there: compiled by a stranger's flags, run against the sandbox."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def quoted(path, language, containing=""):
    """The first block of code of that language in a document."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / path).read_text(), re.S)
    return next(block for block in blocks if containing in block)


@pytest.fixture
def compiled(build, program):
    """Compiles a source; runs it and gives what it prints."""
    def make(source):
        binary = program.folder / "first"
        flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}"]
        options = json.loads((build / "meson-info/intro-buildoptions.json").read_text())
        sanitizers = next(option["value"] for option in options if option["name"] == "b_sanitize")
        flags += [f"-fsanitize={sanitizers}"] if sanitizers != "none" else []
        link = [f"-L{build / 'src'}", "-llytics_dbx", f"-Wl,-rpath,{build / 'src'}"]
        subprocess.run(["cc", *flags, "-x", "c", "-", "-x", "none", "-o", binary, *link], input=source, text=True, check=True)
        return lambda: subprocess.run([binary], cwd=program.folder, env=program.env, capture_output=True, text=True, check=True).stdout
    return make


@pytest.fixture
def staging(program, sandbox):
    """The staging file for the sandbox."""
    text = quoted("docs/staging.md", "json", "8443").replace("8443", str(sandbox.port))
    path = program.folder / "staging.json"
    path.write_text(text)
    return path


def test_the_example_of_the_readme(compiled, sql):
    sql("CREATE SCHEMA IF NOT EXISTS main.nyc", "CREATE OR REPLACE TABLE main.nyc.flights (id INT, time_hour TIMESTAMP)",
        "INSERT INTO main.nyc.flights SELECT CAST(id AS INT), timestamp_seconds(id DIV 3) FROM range(10000)")
    run = compiled(quoted("README.md", "c"))
    assert sorted(json.loads(line)["data"]["id"] for line in run().splitlines()) == list(range(10000))
    assert run() == ""


def test_the_load_of_the_guide(compiled, staging, sql):
    sql("CREATE SCHEMA IF NOT EXISTS main.crm", "DROP TABLE IF EXISTS main.crm.people")
    run = compiled(quoted("docs/guide.md", "c"))
    for rows in (3, 0):             # the second time there is nothing to do
        report = json.loads(run())
        assert report["state"] == "done" and len(report["files"]) == (rows > 0)
        assert sql("SELECT id, name FROM main.crm.people ORDER BY id") == [
            {"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}, {"id": 3, "name": None}]


def test_the_report_of_the_guide(program, staging, schema):
    (program.folder / "rows.ndjson").write_text('{"id": 1}\n')
    arguments = ["--from", "rows.ndjson", "--columns", "id:INT", "--staging", staging, "--state", "state"]
    report = json.loads(program("load", f"{schema}.t", *arguments, "--json").out)
    table = re.search(r"## Report of a load.*?\n\n## ", (ROOT / "docs/guide.md").read_text(), re.S).group()
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", table, re.M)
    assert [key for keys, _ in rows for key in re.findall("`(.*?)`", keys)] == list(report)
    words = {keys.strip("`"): meaning for keys, meaning in rows}
    told = {"files": report["files"][0], "statements": report["statements"][0], "rows": report["rows"], "versions": report["versions"]}
    assert [key for name, inner in told.items() for key in inner if f"`{key}`" not in words[name]] == []


def test_a_report_that_nobody_reads(program, staging, schema, sql):
    (program.folder / "rows.ndjson").write_text('{"id": 1}\n')
    reader, writer = os.pipe()
    os.close(reader)
    arguments = ["--from", "rows.ndjson", "--columns", "id:INT", "--staging", staging, "--state", "state", "--json"]
    with program.start("load", f"{schema}.t", *arguments, stdout=writer) as process:
        os.close(writer)
        process.communicate(timeout=60)
    assert process.returncode == 141 and sql(f"SELECT id FROM {schema}.t") == [{"id": 1}]
