"""The C program of the README, as it stands there: compiled by a stranger's flags, run against the sandbox."""

import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_of_the_readme(build, program, sandbox, sql):
    sql("CREATE SCHEMA IF NOT EXISTS main.nyc", "CREATE OR REPLACE TABLE main.nyc.flights (id INT, time_hour TIMESTAMP)",
        "INSERT INTO main.nyc.flights SELECT CAST(id AS INT), timestamp_seconds(id DIV 3) FROM range(10000)")
    source = re.search(r"```c\n(.*?)```", (ROOT / "README.md").read_text(), re.S).group(1)
    binary = program.folder / "first"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}"]
    options = json.loads((build / "meson-info/intro-buildoptions.json").read_text())
    sanitizers = next(option["value"] for option in options if option["name"] == "b_sanitize")
    flags += [f"-fsanitize={sanitizers}"] if sanitizers != "none" else []
    link = [f"-L{build / 'src'}", "-llytics_dbx", f"-Wl,-rpath,{build / 'src'}"]
    subprocess.run(["cc", *flags, "-x", "c", "-", "-x", "none", "-o", binary, *link], input=source, text=True, check=True)
    out = subprocess.run([binary], cwd=program.folder, env=program.env, capture_output=True, text=True, check=True).stdout
    assert sorted(json.loads(line)["data"]["id"] for line in out.splitlines()) == list(range(10000))
    again = subprocess.run([binary], cwd=program.folder, env=program.env, capture_output=True, text=True, check=True).stdout
    assert again == ""
