"""Trust and proxies, as a user of the program meets them: one clear line, no second attempt where it would be in vain."""

import subprocess
import sys
from pathlib import Path

import pytest

SERVER = Path(__file__).resolve().parents[1] / "net/tls_server.py"
TOKEN = "dapi-very-secret"


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """The servers of tls_server.py: ports by name, the authority's certificate, the process."""
    folder = tmp_path_factory.mktemp("servers")
    with subprocess.Popen([sys.executable, SERVER, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.ports = dict(word.split("=") for word in process.stdout.readline().split())
        process.authority = str(folder / "ca.pem")
        yield process
        process.stdin.close()


@pytest.fixture(scope="module")
def tls(start, tmp_path_factory):
    authority = tmp_path_factory.mktemp("tls") / "ca.pem"
    sandbox = start("--tls", "--ca-file", authority, "--token", TOKEN)
    sandbox.authority = str(authority)
    return sandbox


@pytest.fixture
def check(program, servers):
    """Runs `check` in vain against a server, directly or through a proxy; its whole output."""
    def run(host, port, proxy=None, authority=None, **env):
        env = {"DATABRICKS_HOST": f"https://{host}:{port}", "DATABRICKS_TOKEN": TOKEN, "SSL_CERT_FILE": authority or servers.authority} | env
        if proxy:
            env |= {"HTTPS_PROXY": proxy}
        output = program("--log", "warning", "check", code=1, env=env)
        assert "again in" not in output.err, "it was tried again"
        assert TOKEN not in output.out + output.err
        return output.out + output.err
    return run


@pytest.mark.parametrize("server, host, words", [
    ("expired", "127.0.0.1", ["certificate", "expired", "SSL_CERT_FILE", "trust"]),
    ("future", "127.0.0.1", ["certificate", "not yet valid", "clock", "trust"]),
    ("self", "127.0.0.1", ["certificate", "self-signed", "SSL_CERT_FILE", "trust"]),
    ("good", "localhost", ["certificate", "localhost", "host name", "trust"]),
    ("old", "127.0.0.1", ["no TLS connection", "TLS 1.2 or later", "host"]),
    ("plain", "127.0.0.1", ["no TLS connection", "host, port"]),
])
def test_servers_that_are_not_to_be_talked_to(check, servers, server, host, words):
    said = check(host, servers.ports[server])
    assert all(word in said for word in [*words, f"{host}:{servers.ports[server]}"]), said


def test_an_authority_that_is_not_known(check, servers, tls):
    said = check("127.0.0.1", servers.ports["good"], authority=tls.authority)
    assert "certificate" in said and "SSL_CERT_FILE" in said


def test_no_file_of_authorities(check, servers):
    assert "CA file /no/such/file cannot be used" in check("127.0.0.1", servers.ports["good"], authority="/no/such/file")


@pytest.mark.parametrize("proxy, credentials, words", [
    ("strict", "", ["proxy answers HTTP 407", "user name or password", "cannot reach"]),
    ("strict", "user:hunter2@", ["proxy answers HTTP 407"]),
    ("closed", "", ["proxy answers HTTP 403", "lets us out"]),
])
def test_a_proxy_that_refuses(check, servers, proxy, credentials, words):
    said = check("workspace.example", 443, f"http://{credentials}127.0.0.1:{servers.ports[proxy]}")
    assert all(word in said for word in [*words, "workspace.example:443"]) and "hunter2" not in said, said


def through(program, tls, servers, proxy, *arguments, **env):
    return program(*arguments, env={"DATABRICKS_HOST": f"https://127.0.0.1:{tls.port}", "DATABRICKS_TOKEN": TOKEN, "SSL_CERT_FILE": tls.authority,
                                    "HTTPS_PROXY": f"http://127.0.0.1:{servers.ports[proxy]}"} | env)


def test_through_a_proxy(program, tls, servers):
    assert "statement" in through(program, tls, servers, "tunnel", "check").out
    assert servers.stdout.readline() == f"tunnel 127.0.0.1:{tls.port}\n"


def test_past_a_proxy(program, tls, servers):
    """The proxy that refuses everybody is not asked."""
    assert "statement" in through(program, tls, servers, "closed", "check", NO_PROXY="example.com,127.0.0.1").out


def test_a_proxy_dies_in_the_middle(program, tls, servers):
    """The page that was cut off is fetched once more, over a tunnel that is new."""
    output = through(program, tls, servers, "flaky", "--log", "warning", "query", "SELECT id FROM range(400000)", "--format", "csv")
    assert "broke before a whole answer came" in output.err and "again in" in output.err
    assert output.out.split() == ["id", *map(str, range(400_000))]
