"""The program as a process, and import jobs as files, whatever server they talk to."""

import json
import os
import socket
import subprocess
from collections import Counter


class Program:
    """Runs lytics-dbx in a folder of its own, with the given DATABRICKS_* variables: HOST="...", TOKEN="..."."""

    def __init__(self, path, folder, **databricks):
        self.path, self.folder, self.outputs = path, folder, []
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "LYTICS_"))}
        self.env |= {"HOME": str(folder), "LC_ALL": "C.UTF-8"} | {f"DATABRICKS_{k}": v for k, v in databricks.items()}

    def start(self, *arguments, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": self.env} | options
        return subprocess.Popen([self.path, *map(str, arguments)], cwd=self.folder, **options)

    def __call__(self, *arguments, code=0, env=None):
        """Runs it to its end; the exit code must be the expected one."""
        with self.start(*arguments, env=self.env | (env or {})) as process:
            out, err = process.communicate(timeout=120)
        self.outputs += [out, err]
        assert process.returncode == code, f"exit {process.returncode}\n{out[-2000:]}\n{err}"
        for secret in (self.env.get("DATABRICKS_TOKEN"), self.env.get("DATABRICKS_PASSWORD")):
            assert secret in (None, "sandbox") or secret not in out + err
        return Output(out, err)


def sandbox_program(build, folder, sandbox):
    return Program(build / "lytics-dbx", folder, HOST=f"http://127.0.0.1:{sandbox.port}", TOKEN="sandbox", HTTP_PATH="/sql/1.0/warehouses/sandbox")


class Output:
    def __init__(self, out, err):
        self.out, self.err = out, err

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Job:
    """An import job with its state folder and output file."""

    def __init__(self, program, table, **config):
        catalog, database, source = table.split(".")
        self.program = program
        self.document = {"type": "databricks-import", "name": "a job",
                         "config": {"catalog": catalog, "database": database, "source": source, "timestamp_field": "ts"} | config}
        self.path = program.folder / "job.json"
        self.output = program.folder / "events.ndjson"
        self.state = program.folder / "state"
        self.write()

    def write(self, **config):
        self.document["config"] |= config
        self.path.write_text(json.dumps(self.document))

    @property
    def arguments(self):
        return ["run", self.path, "--state", self.state, "--output", self.output, "--report", self.program.folder / "report.json"]

    def run(self, *more, code=0):
        return self.program(*self.arguments, *more, code=code)

    @property
    def report(self):
        return json.loads((self.program.folder / "report.json").read_text())

    @property
    def status(self):
        return json.loads(self.program("status", self.path, "--state", self.state, "--json").out)

    @property
    def checkpoint(self):
        """What the state folder keeps of the run that is unfinished: {} if there is none. Needs no process, so that a run can be watched."""
        files = list(self.state.glob("*.json"))
        document = json.loads(files[0].read_text().splitlines()[1]) if files else {}
        return (document.get("import") or {}).get("run") or {}

    @property
    def events(self):
        """The lines of the output; each must be whole."""
        if not self.output.exists():
            return []
        text = self.output.read_text()
        assert text == "" or text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]

    @property
    def rows(self):
        return [event["data"] for event in self.events]


def counted(rows):
    """Rows as a multiset, so that a missing or a double one shows."""
    return Counter(json.dumps(row, sort_keys=True) for row in rows)


def free_port():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return closed.getsockname()[1]


def runner(program):
    """Runs statements through the program; the rows of the last one."""

    def run(*statements):
        for statement in statements:
            output = program("query", statement, "--format", "json")
        return output.lines

    return run
