"""What is wrong is named in one line, with the right exit code, and nothing is left half-done."""

import json
import os
import signal
import subprocess
import time

import pytest

from program import free_port


def one_line(output):
    """The error of a command: its last line, which must be the only one that speaks of an error."""
    lines = [line for line in output.err.splitlines() if line.startswith("lytics-dbx: ")]
    assert len(lines) == 1, output.err
    return lines[0]


@pytest.fixture
def table(sql, schema):
    sql(f"CREATE TABLE {schema}.t (id INT, ts TIMESTAMP, `when` STRING)",
        f"INSERT INTO {schema}.t SELECT CAST(id AS INT), timestamp_seconds(id DIV 10), 'x' FROM range(50000)")
    return f"{schema}.t"


@pytest.mark.scale          # it takes as long as all repeats
def test_nobody_listens(program):
    port = free_port()
    started = time.monotonic()
    line = one_line(program("query", "SELECT 1", code=1, env={"DATABRICKS_HOST": f"http://127.0.0.1:{port}"}))
    assert f"127.0.0.1:{port}" in line and "refused" in line.lower()
    assert time.monotonic() - started < 60


def test_wrong_path(program):
    line = one_line(program("query", "SELECT 1", code=1, env={"DATABRICKS_HTTP_PATH": "/sql/1.0/warehouses/nope"}))
    assert "404" in line and "http path" in line


def test_wrong_token_is_named_and_not_shown(program):
    output = program("check", code=1, env={"DATABRICKS_TOKEN": "dapi-very-secret"})
    assert "token" in output.out + output.err and "dapi-very-secret" not in output.out + output.err


def test_a_token_that_a_gateway_echoes_is_not_shown(program, start):
    sandbox = start("--token", "dapi-very-secret")
    sandbox.faults({"rpc": "OpenSession", "action": "status", "status": 403,
                    "headers": {"x-thriftserver-error-message": "bad Bearer dapi-very-secret here"}})
    env = {"DATABRICKS_HOST": f"http://127.0.0.1:{sandbox.port}", "DATABRICKS_TOKEN": "dapi-very-secret"}
    output = program("--log", "debug", "query", "SELECT 1", code=1, env=env)
    assert "bad Bearer" in output.err and "dapi-very-secret" not in output.err


@pytest.fixture(scope="session")
def tls(start, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    sandbox = start("--tls", "--ca-file", folder / "ca.pem")
    sandbox.ca = folder / "ca.pem"
    return sandbox


def authorization(folder, **config):
    path = folder / "auth.json"
    path.write_text(json.dumps({"label": "test", "type": "databricks",
                                "config": {"httppath": "/sql/1.0/warehouses/sandbox", "token": "sandbox"} | config}))
    return path


def test_unknown_certificate(program, tls):
    auth = authorization(program.folder, host="127.0.0.1", port=tls.port)
    line = one_line(program("--auth", auth, "query", "SELECT 1", code=1))
    assert "certificate" in line and "127.0.0.1" in line


def test_unknown_certificate_of_a_staging(program, tls):
    """The hint is about trust, not about keys."""
    path = program.folder / "staging.json"
    path.write_text(json.dumps({"type": "s3", "bucket": "loads", "endpoint": f"https://127.0.0.1:{tls.port}/s3", "access_key_id": "sandbox",
                                "secret_access_key": "sandbox-secret"}))
    output = program("check", "--staging", path, code=1)
    assert "certificate" in output.err and "SSL_CERT_FILE" in output.err and "its keys" not in output.err


def test_plain_http_is_for_loopback_only(program):
    output = program("query", "SELECT 1", code=2, env={"DATABRICKS_HOST": "http://example.com"})
    assert "http://" in output.err


@pytest.mark.parametrize("config, words", [
    ({"source": "nope"}, ["nope", "cannot be found"]),
    ({"database": "nope"}, ["nope"]),
    ({"catalog": "nope"}, ["nope"]),
    ({"timestamp_field": "nope"}, ["'nope'", "no column"]),
    ({"timestamp_field": "when"}, ["'when'", "STRING", "TIMESTAMP"]),
    ({"timestamp_field": "id"}, ["'id'", "INT"]),
    ({"record_timestamp": "id"}, ["record timestamp", "'id'"]),
], ids=lambda value: ",".join(value) if isinstance(value, dict) else "")
def test_what_does_not_exist_or_fit(table, job, config, words):
    one = job(table, **config)
    line = one_line(one.run(code=1))
    assert all(word in line for word in words), line
    assert one.rows == []


def test_unknown_keys_are_named_all_at_once(table, job):
    one = job(table, batchsize=10, row_limit="many")
    output = one.run(code=2)
    assert "batchsize" in output.err and "row_limit" in output.err
    assert not one.output.exists()


def test_a_corrupt_checkpoint(table, job):
    one = job(table, continuous_update=True)
    one.run()
    before = one.output.read_bytes()
    checkpoint = next(one.state.glob("*.json"))
    text = bytearray(checkpoint.read_bytes())
    text[len(text) // 2] ^= 1
    checkpoint.write_bytes(text)
    output = one.program(*one.arguments, code=2)
    assert checkpoint.name in output.err
    assert one.output.read_bytes() == before
    one.run("--reset")
    assert len(one.rows) == 100000


def test_a_full_output(table, job):
    one = job(table)
    line = one_line(one.program("run", one.path, "--state", one.state, "--output", "/dev/full", code=1))
    assert "/dev/full" in line and "space" in line.lower()


def test_an_output_that_grows_full_loses_nothing(table, job):
    """The limit on file sizes stands for a disk that fills up; lifted, the run goes on."""
    one = job(table, batch_size=5000)
    command = "ulimit -f 1000; exec " + " ".join(f"'{a}'" for a in [one.program.path, *one.arguments])
    done = subprocess.run(["bash", "-c", command], cwd=one.program.folder, env=one.program.env, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "events.ndjson" in done.stderr
    one.run()
    assert sorted(row["id"] for row in one.rows) == list(range(50000))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small file system")
def test_a_full_state_folder_loses_nothing(table, job):
    one = job(table, batch_size=5000)
    one.state.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", one.state], capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        filler = one.state / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 1024):
                    pass
            except OSError:
                pass
        output = one.run(code=1)
        assert str(one.state) in output.err or "state" in output.err
        filler.unlink()
        one.run()
        assert sorted(row["id"] for row in one.rows) == list(range(50000))
    finally:
        subprocess.run(["umount", one.state], check=True)


def test_a_closed_pipe_loses_nothing(table, job):
    one = job(table, batch_size=5000)
    arguments = [a for a in one.arguments if a not in ("--output", one.output)]
    with one.program.start(*arguments) as process:
        process.stdout.readline()
        process.stdout.close()
        process.wait(timeout=30)
        err = process.stderr.read()
    assert process.returncode == 1 and "standard output" in err
    assert one.status["state"] != "completed"


def test_another_output_on_resume_is_refused(table, job):
    one = job(table, batch_size=500)
    process = one.program.start(*one.arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not one.output.exists() or one.output.stat().st_size < 500_000:
        time.sleep(0.005)
    process.kill()
    process.wait()
    before = one.output.read_bytes()
    other = one.program.folder / "other.ndjson"
    other.write_text("kept\n")
    line = one_line(one.program("run", one.path, "--state", one.state, "--output", other, code=1))
    assert "other.ndjson" in line and "events.ndjson" in line
    assert other.read_text() == "kept\n" and one.output.read_bytes() == before
    with one.output.open("r+b") as file:
        file.truncate(1000)
    assert "1000" in one_line(one.run(code=1))
    one.output.write_bytes(before)
    one.run()
    assert sorted(row["id"] for row in one.rows) == list(range(50000))


def test_other_keys_than_the_checkpoint_are_refused(table, job):
    one = job(table, continuous_update=True)
    one.run()
    one.write(timestamp_field="when")
    output = one.run(code=2)
    assert "timestamp_field" in output.err and "--reset" in output.err


def test_a_name_that_was_wrong_from_the_start_can_be_set_right(table, job):
    one = job(table, source="nope", timestamp_field="id")
    one.run(code=1)
    one.write(source=table.split(".")[-1])
    one.run(code=1)
    one.write(timestamp_field="ts")
    one.run()
    assert sorted(row["id"] for row in one.rows) == list(range(50000))


def test_a_query_that_fails_shows_state_and_class(program):
    line = one_line(program("query", "SELECT * FROM main.default.nope", code=1))
    assert "42P01 [TABLE_OR_VIEW_NOT_FOUND]" in line


def test_a_statement_that_is_no_sql(program):
    assert "42601" in one_line(program("query", "SELEC 1", code=1))


MARK = "user.lytics_dbx.run"


def start_and_wait(one, size=500_000):
    """A job at work, this much of its output written."""
    process = one.program.start(*one.arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and (not one.output.exists() or one.output.stat().st_size < size):
        time.sleep(0.005)
    assert process.poll() is None, "the job ended too early"
    return process


def kill_at_work(one):
    process = start_and_wait(one)
    process.kill()
    process.wait()


def neighbour(one):
    """The command line of another job with the same output."""
    path = one.program.folder / "neighbour.json"
    path.write_text(json.dumps(one.document | {"name": "another job"}))
    return ["run", path, "--state", one.state, "--output", one.output]


def test_a_resume_does_not_cut_what_another_job_appended(table, job):
    one = job(table, batch_size=500)
    try:
        os.setxattr(one.path, MARK, b"x")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")
    kill_at_work(one)
    before = one.output.stat().st_size
    one.program(*neighbour(one))
    both = one.output.read_bytes()
    theirs = [json.loads(line) for line in both[before:].splitlines() if line]
    assert sorted(event["data"]["id"] for event in theirs) == list(range(50000))
    line = one_line(one.run(code=1))
    assert "events.ndjson" in line and "another run has appended" in line and "--reset" in line
    assert one.output.read_bytes() == both
    one.run("--reset")
    assert one.output.read_bytes().startswith(both)
    assert one.report["rows"]["delivered"] == 50000


def test_a_resume_does_without_the_mark(table, job):
    one = job(table, batch_size=500)
    kill_at_work(one)
    try:
        os.removexattr(one.output, MARK)
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")
    one.run()
    assert sorted(row["id"] for row in one.rows) == list(range(50000))


def test_two_jobs_at_once_do_not_share_an_output(table, job):
    one = job(table, batch_size=500)
    process = start_and_wait(one)
    process.send_signal(signal.SIGSTOP)
    try:
        line = one_line(one.program(*neighbour(one), code=4))
        assert "events.ndjson" in line and "another run" in line
    finally:
        process.send_signal(signal.SIGCONT)
    assert process.wait(timeout=60) == 0
    assert sorted(row["id"] for row in one.rows) == list(range(50000))
    one.program(*neighbour(one))
    assert len(one.rows) == 100000
