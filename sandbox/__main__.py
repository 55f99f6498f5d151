"""Starts the sandbox: python -m sandbox [options]"""

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

from . import tls
from .duck import Duck
from .hive import PATH, HiveHandler, HiveHandlers
from .oauth import OAuth
from .objects import Keys
from .results import FORMS
from .server import WAREHOUSE, Server
from .session import HIVE_CATALOG
from .signature import parse_key
from .workspace import Workspace


def client(text):
    name, colon, secret = text.partition(":")
    if not (name and colon and secret):
        raise argparse.ArgumentTypeError("ID:SECRET is wanted")
    return name, secret


def stored_credential(text):
    name, access, secret = (text.split(":", 2) + ["", ""])[:3]
    if not (name and access and secret):
        raise argparse.ArgumentTypeError("NAME:KEY:SECRET is wanted")
    return name, Keys(access, secret)


def location(text):
    url, equals, name = text.rpartition("=")
    if not (url.startswith("s3://") and name):
        raise argparse.ArgumentTypeError("s3://BUCKET[/PREFIX]=NAME is wanted")
    return url, name


def s3_key(text):
    try:
        return parse_key(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def options():
    parser = argparse.ArgumentParser(prog="sandbox", description="A Databricks workspace on loopback.")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 (default) picks a free one")
    parser.add_argument("--port-file", type=Path, help="where to write the port once the server is ready")
    parser.add_argument("--token", action="append", help="a token that is let in; may be repeated (default: sandbox)")
    parser.add_argument("--client", action="append", type=client, default=[], metavar="ID:SECRET",
                        help="a service principal that may fetch access tokens (OAuth); may be repeated")
    parser.add_argument("--token-lifetime", type=int, default=3600, metavar="SECONDS",
                        help="how long access tokens are good (default: 3600)")
    parser.add_argument("--engine", choices=("duckdb", "spark"), default="duckdb", help="what runs the statements (default: duckdb)")
    parser.add_argument("--dialect", choices=("databricks", "hive"), default="databricks",
                        help="hive: answer as an open-source Spark Thrift Server with Delta does")
    parser.add_argument("--login", action="append", metavar="NAME:PASSWORD",
                        help="who is let in with --dialect hive; may be repeated (default: sandbox:sandbox)")
    parser.add_argument("--tls", action="store_true", help="https with a certificate of its own")
    parser.add_argument("--ca-file", type=Path, help="where to write the certificate of the authority (with --tls)")
    parser.add_argument("--state", type=Path, help="a folder that keeps tables and their history over restarts")
    parser.add_argument("--results", choices=FORMS, default=FORMS[0],
                        help="the most that results are sent as, if the client can read it: Arrow in LZ4 frames, Arrow, column sets")
    parser.add_argument("--session-idle", type=float, default=0, metavar="SECONDS",
                        help="drop sessions in which nothing was called, and nothing ran, for so long (default: never)")
    parser.add_argument("--operation-idle", type=float, default=0, metavar="SECONDS",
                        help="evict results that nobody asked for during so long (default: never)")
    parser.add_argument("--s3-key", action="append", type=s3_key, metavar="ID:SECRET[:SESSION_TOKEN]",
                        help="a key that opens the server's own S3; may be repeated (default: sandbox:sandbox-secret)")
    parser.add_argument("--s3-endpoint", metavar="URL", help="where s3:// addresses in COPY INTO lie (default: this server)")
    parser.add_argument("--storage-credential", action="append", type=stored_credential, metavar="NAME:KEY:SECRET",
                        help="a stored credential that COPY INTO may name; may be repeated (default: sandbox:sandbox:sandbox-secret)")
    parser.add_argument("--external-location", action="append", type=location, default=[], metavar="s3://BUCKET[/PREFIX]=NAME",
                        help="what COPY INTO reads with a stored credential, without naming it; may be repeated")
    parser.add_argument("--faults", type=Path, help="a fault script (JSON) to start with")
    given = parser.parse_args()
    if given.ca_file and not given.tls:
        parser.error("--ca-file goes with --tls")
    given.storage_credential = given.storage_credential or [("sandbox", Keys("sandbox", "sandbox-secret"))]
    unknown = {name for _, name in given.external_location} - {name for name, _ in given.storage_credential}
    if unknown:
        parser.error(f"--external-location names no stored credential: {', '.join(sorted(unknown))}")
    if given.dialect == "hive" and given.engine == "spark":
        parser.error("--engine spark answers as Databricks; scripts/spark is an open-source server")
    if given.dialect == "hive" and given.token or given.dialect != "hive" and given.login:
        parser.error("--login goes with --dialect hive, --token with the other one")
    return given


def database_path(state):
    if state is None:
        return ":memory:"
    state.mkdir(parents=True, exist_ok=True)
    return str(state / "sandbox.duckdb")


def secure(given):
    """The TLS context, and where its authority's certificate is."""
    if not given.tls:
        return None, None
    ca_file = given.ca_file or Path(tempfile.mkdtemp(prefix="sandbox-")) / "ca.pem"
    return tls.context(ca_file), ca_file


def announce(port_file, port):
    """Renamed into place, so that whoever sees the file can read the number."""
    partial = port_file.with_name(port_file.name + ".partial")
    partial.write_text(str(port))
    os.replace(partial, port_file)


def engine(name):
    """The engine of that name. Spark's packages are there only where it is wanted."""
    if name == "duckdb":
        return Duck
    from .spark import launch
    try:
        launch.find()
    except launch.Missing as missing:
        sys.exit(f"sandbox: {missing}")
    from .spark.engine import Spark
    return Spark


def open_workspace(given):
    where = {"catalogs": (HIVE_CATALOG,)} if given.dialect == "hive" else {}
    return Workspace(database_path(given.state), given.token or ["sandbox"], given.results, given.session_idle, given.operation_idle,
                     OAuth(given.client, given.token_lifetime), logins=given.login or ["sandbox:sandbox"], storage=given.state,
                     s3_keys=given.s3_key or [("sandbox", "sandbox-secret", None)], credentials=dict(given.storage_credential),
                     locations=dict(given.external_location), engine=engine(given.engine), **where)


def main():
    given = options()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    workspace = open_workspace(given)
    if given.faults:
        workspace.faults.load(json.loads(given.faults.read_text()))
    context, ca_file = secure(given)
    scheme, remark = ("https", f" (CA certificate: {ca_file})") if context else ("http", "")
    hive = given.dialect == "hive"
    server = Server(given.port, workspace, context, *({PATH: HiveHandlers(workspace)}, HiveHandler) if hive else ())
    port = server.server_address[1]
    workspace.objects.endpoint = given.s3_endpoint or f"{scheme}://127.0.0.1:{port}/s3"
    workspace.objects.ca_file = None if given.s3_endpoint else ca_file
    serving = threading.Thread(target=server.serve)
    serving.start()
    print(f"sandbox ready at {scheme}://127.0.0.1:{port}{PATH if hive else WAREHOUSE}{remark}", flush=True)
    if given.port_file:
        announce(given.port_file, port)
    stop.wait()
    server.stop()
    serving.join()
    server.server_close()
    workspace.close()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)         # everything is closed; the interpreter's own end would print what DuckDB leaves to it
