"""A load of the program as files: its rows, staging and state folder, and what became of them."""

import json
import re

from s3 import Bucket
from volume import Volume


class Load:
    def __init__(self, program, table, sandbox, s3_key, columns="id:INT,name:STRING", staging="directory", log=None):
        self.program, self.table, self.sandbox, self.columns = program, table, sandbox, columns
        self.log = ["--log", log] if log else []
        self.file, self.state = program.folder / "rows.ndjson", program.folder / "state"
        self.staged = program.folder / "staged"
        self.stage({"directory": {"path": str(self.staged)},
                    "volume": {"path": "/Volumes/" + table.rpartition(".")[0].replace(".", "/") + "/staging/in"},
                    "s3": {"bucket": "loads", "prefix": table, "region": "us-east-1", "endpoint": f"http://127.0.0.1:{sandbox.port}/s3"}
                    | s3_key}[staging] | {"type": staging})

    def stage(self, staging):
        self.staging = staging
        (self.program.folder / "staging.json").write_text(json.dumps(staging))

    def write(self, *rows, end="\n"):
        """Rows are objects, or lines as they are."""
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        self.file.write_bytes("\n".join(lines).encode() + end.encode())

    @property
    def arguments(self):
        return [*self.log, "load", self.table, "--from", self.file, "--columns", self.columns, "--staging", self.program.folder / "staging.json",
                "--state", self.state, "--report", self.program.folder / "report.json"]

    def run(self, *more, code=0, env=None):
        return self.program(*self.arguments, *more, code=code, env=env)

    def fails(self, *more, code=1, env=None):
        """The one line that says why."""
        return only_line(self.run(*more, code=code, env=env).err)

    @property
    def report(self):
        return json.loads((self.program.folder / "report.json").read_text())

    @property
    def left(self):
        """Staged files that are still there, and uploads that were not ended."""
        if self.staging["type"] == "volume":
            return Volume(self.sandbox.port, self.staging["path"]).names()
        if self.staging["type"] == "s3":
            bucket = Bucket(self.staging["bucket"], f"http://127.0.0.1:{self.sandbox.port}/s3", "sandbox", "sandbox-secret")
            prefix = self.staging["prefix"]
            return bucket.keys(prefix) + [key for key in bucket.uploads() if key.startswith(prefix)]
        return [path for path in self.staged.rglob("*") if path.is_file()] if self.staged.exists() else []


def only_line(err):
    """What the program says of its failure, of all that it has written."""
    lines = re.findall(r"^lytics-dbx: (?!(?:error|warning|info|debug): ).*", err, re.M)
    assert len(lines) == 1, lines
    return lines[0]


def numbers(first, last):
    return [{"id": n, "name": f"row {n}"} for n in range(first, last + 1)]


def ids(sql, table):
    return [row["id"] for row in sql(f"SELECT id FROM {table} ORDER BY id")]
