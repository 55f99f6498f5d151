"""The servers that measures need, each started when first asked for."""

import os
import socket
import subprocess
import sys
import time

from .measures import BUILD, ROOT

# Options of the prepared answers beside how many rows they have.
CANNED = {"lz4": (), "arrow": ("--results", "arrow"), "columns": ("--results", "columns"), "slow": ("--latency", "50ms", "--mbps", "100")}
BUCKET, KEY, SECRET = "bench", "benchmark", "benchmark-secret"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Servers:
    def __init__(self, setting, folder):
        self.setting, self.folder, self.running, self.ports = setting, folder, [], {}

    def environment(self, measure):
        """What a client has to know of its servers."""
        if measure.server in CANNED:
            return self._warehouse(self._port(measure.server, self._canned), measure.path)
        if measure.server == "bucket":
            return self._bucket() | self._warehouse(self._port("sandbox", self._sandbox), measure.path)
        return {}

    def _warehouse(self, port, path):
        return {"DATABRICKS_HOST": "http://127.0.0.1", "DATABRICKS_PORT": str(port), "DATABRICKS_TOKEN": "sandbox", "DATABRICKS_HTTP_PATH": path}

    def _bucket(self):
        port = self._port("versitygw", self._versitygw)
        return {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "BENCH_BUCKET": BUCKET}

    def _port(self, name, start):
        if name not in self.ports:
            self.ports[name] = start(name)
        return self.ports[name]

    def _wait(self, process, ready):
        deadline = time.monotonic() + 900       # the first start prepares the answers
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"scripts/bench: a server did not start: {process.args}")
            time.sleep(0.02)

    def _start(self, command, ready, **more):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT, **more)
        self.running.append(process)
        self._wait(process, ready)

    def _with_port_file(self, name, command):
        file = self.folder / name
        self._start([sys.executable, "-m", *command, "--port-file", str(file)], file.exists)
        return int(file.read_text())

    def _canned(self, name):
        return self._with_port_file(name, ["sandbox.canned", "--rows", str(self.setting.rows), "--page-rows", str(self.setting.page_rows),
                                           "--server", str(BUILD / "sandbox/sandbox-canned"), *CANNED[name]])

    def _sandbox(self, name):
        return self._with_port_file(name, ["sandbox", "--port", "0"])

    def _versitygw(self, name):
        port, objects = free_port(), self.folder / "objects"
        (objects / BUCKET).mkdir(parents=True)
        command = [os.environ["LDBX_VERSITYGW"], "--port", f"127.0.0.1:{port}", "--quiet", "--keep-alive", "posix", str(objects)]
        self._start(command, lambda: answers(port), env={"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET}, stderr=subprocess.DEVNULL)
        return port

    def stop(self):
        for process in self.running:
            process.terminate()
            process.wait()
