"""versitygw: an S3 server of other hands, which verifies signatures, checksums and conditions. `scripts/test s3` installs it."""

import os
import socket
import subprocess
import time

import pytest
from s3 import Bucket, Driver

KEY, SECRET = "testkey", "testsecret123"


class Server:
    def __init__(self, folder, *options, scheme="http", ca_file=None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.endpoint, self.ca_file, self.folder = f"{scheme}://127.0.0.1:{self.port}", ca_file, folder
        objects = folder / "objects"
        objects.mkdir()
        with open(folder / "log", "w") as log:
            self.process = subprocess.Popen([os.environ["LDBX_VERSITYGW"], "--port", f"127.0.0.1:{self.port}", "--quiet", *options, "posix", objects],
                                            env=os.environ | {"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET}, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.02)
        self.bucket = Bucket("bucket", self.endpoint, KEY, SECRET, verify=ca_file)
        self.bucket.client.create_bucket(Bucket="bucket")

    @property
    def options(self):
        return {"bucket": "bucket", "endpoint": self.endpoint, "id": KEY, "secret": SECRET, "ca_file": self.ca_file}

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def certificate(folder):
    """A certificate for 127.0.0.1 and its key."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


# It closes the connection after each answer unless it is told to keep it.
@pytest.fixture(scope="session", params=["kept alive", "closed", "tls"])
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("versitygw")
    if request.param == "tls":
        cert, key = certificate(folder)
        started = Server(folder, "--keep-alive", "--cert", cert, "--key", key, scheme="https", ca_file=cert)
    else:
        started = Server(folder, *(["--keep-alive"] if request.param == "kept alive" else []))
    yield started
    started.stop()


@pytest.fixture
def driver(build, server):
    made = Driver(build, (SECRET, "wrong-secret"))
    made("open", **server.options)
    yield made
    made.stop()
