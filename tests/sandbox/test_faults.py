"""Every fault of the script, and that it strikes the call it names and no other."""

import http.client
import json
import urllib.error

import pytest
from clients import Refused, Wire, connect
from databricks.sql.thrift_api.TCLIService import ttypes as t

Code, State = t.TStatusCode, t.TOperationState
BROKEN = (ConnectionResetError, http.client.RemoteDisconnected)


@pytest.fixture
def wire(faulty):
    opened = Wire(faulty.port)
    opened.open()
    yield opened
    opened.http.close()


@pytest.fixture
def table(wire):
    wire.execute("CREATE OR REPLACE TABLE main.default.faults (a INT)")
    yield "main.default.faults"
    wire.http.close()
    wire.execute("DROP TABLE IF EXISTS main.default.faults")


def rows(wire, table):
    # Counted on a connection of its own: the one of the test may be broken.
    other = Wire(wire.http.port)
    other.open()
    (value,) = other.execute(f"SELECT count(*) FROM {table}", canReadArrowResult=False).directResults.resultSet.results.columns
    return value.i64Val.values[0]


def test_status_with_headers(faulty, wire):
    faulty.faults({"rpc": "ExecuteStatement", "action": "status", "status": 503, "headers": {"Retry-After": "3"}, "body": "{}"})
    with pytest.raises(Refused) as caught:
        wire.execute("SELECT 1")
    assert caught.value.status == 503 and caught.value.headers["Retry-After"] == "3" and caught.value.body == b"{}"
    assert wire.execute("SELECT 1").directResults.resultSet is not None


def test_skip_times_and_statement(faulty, wire):
    faulty.faults({"rpc": "ExecuteStatement", "statement": "AS marked", "skip": 1, "times": 2, "action": "status", "status": 429})
    seen = []
    for _ in range(5):
        assert wire.execute("SELECT 1").status.statusCode == Code.SUCCESS_STATUS
        try:
            wire.execute("SELECT 1 AS marked")
            seen.append(200)
        except Refused as refused:
            seen.append(refused.status)
    assert seen == [200, 429, 429, 200, 200]


@pytest.mark.parametrize("action, executed", [("reset_before", 0), ("reset_after", 1), ("garbage", 0), ("cut", 1)])
def test_whether_the_statement_was_executed(faulty, wire, table, action, executed):
    faulty.faults({"rpc": "ExecuteStatement", "statement": "INSERT", "action": action})
    with pytest.raises((*BROKEN, http.client.IncompleteRead, EOFError, Exception)):
        wire.execute(f"INSERT INTO {table} VALUES (1)")
    assert rows(wire, table) == executed


def test_resets_are_resets(faulty, wire):
    faulty.faults({"rpc": "ExecuteStatement", "action": "reset_before"}, {"rpc": "ExecuteStatement", "action": "reset_after"})
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            wire.execute("SELECT 1")
        wire.http.close()
    assert wire.execute("SELECT 1").directResults.resultSet is not None


def test_cut_body(faulty, wire):
    faulty.faults({"rpc": "FetchResults", "action": "cut", "bytes": 100})
    handle = wire.execute("SELECT id FROM range(20000)", direct=(10, None)).operationHandle
    with pytest.raises(http.client.IncompleteRead) as caught:
        wire.fetch(handle)
    assert len(caught.value.partial) == 100
    wire.http.close()
    # What was lost with the answer can be asked for again by its first row.
    again = wire.fetch(handle, startRowOffset=10)
    assert again.results.startRowOffset == 10 and sum(b.rowCount for b in again.results.arrowBatches) == 19990


def test_garbage_is_a_page(faulty, wire):
    faulty.faults({"rpc": "GetOperationStatus", "action": "garbage"}, {"rpc": "GetOperationStatus", "action": "garbage", "body": ""})
    handle = wire.execute("SELECT id FROM range(20000)", direct=(10, None)).operationHandle
    wire_body = []
    wire.post, post = lambda body: wire_body.append(post(body)) or b"", wire.post
    for _ in range(2):
        with pytest.raises(Exception):
            wire.status(handle)
    assert wire_body[0].startswith(b"<html>") and wire_body[1] == b""


def test_lost_session(faulty, wire):
    faulty.faults({"rpc": "FetchResults", "action": "lost_session"})
    handle = wire.execute("SELECT id FROM range(20000)", direct=(10, None)).operationHandle
    assert wire.fetch(handle).status.statusCode == Code.INVALID_HANDLE_STATUS
    assert "Invalid SessionHandle" in wire.execute("SELECT 1").status.errorMessage


def test_evicted_operation(faulty, wire):
    faulty.faults({"rpc": "FetchResults", "skip": 1, "action": "evicted"})
    handle = wire.execute("SELECT id FROM range(20000)", direct=(10, None)).operationHandle
    assert wire.fetch(handle, 10).status.statusCode == Code.SUCCESS_STATUS
    with pytest.raises(Refused) as caught:
        wire.fetch(handle, 10)
    assert caught.value.status == 404 and b"RESOURCE_DOES_NOT_EXIST" in caught.value.body
    assert wire.fetch(handle, 10).status.statusCode == Code.INVALID_HANDLE_STATUS
    assert wire.execute("SELECT 1").directResults.resultSet is not None


def test_cold_start_ends(faulty):
    faulty.faults({"rpc": "OpenSession", "action": "cold_start", "seconds": 0.3, "retry_after": 1})
    wire, refused = Wire(faulty.port), []
    while True:
        try:
            wire.open()
            break
        except Refused as error:
            refused.append((error.status, error.headers["Retry-After"]))
    assert set(refused) == {(503, "1")}


def test_a_statement_kept_running(faulty, wire):
    faulty.faults({"statement": "slow", "action": "run", "seconds": 0.7}, {"statement": "for ever", "action": "run", "seconds": 3600})
    answer = wire.execute("SELECT 'slow' AS a")
    assert answer.directResults.operationStatus.operationState == State.RUNNING_STATE
    states = [wire.status(answer.operationHandle).operationState for _ in range(3)]
    assert states[0] == State.RUNNING_STATE and states[-1] == State.FINISHED_STATE
    assert wire.fetch(answer.operationHandle).results.arrowBatches[0].rowCount == 1
    handle = wire.execute("SELECT 'for ever' AS a").operationHandle
    wire.call("CancelOperation", t.TCancelOperationReq(handle))
    assert wire.status(handle).operationState == State.CANCELED_STATE


def test_delay(faulty, wire):
    faulty.faults({"rpc": "ExecuteStatement", "action": "delay", "seconds": 0.2})
    wire.execute("SELECT 'delayed'")
    call = next(c for c in faulty.control("GET", "log")["calls"] if c["statement"] == "SELECT 'delayed'")
    assert call["fault"] == "delay" and call["seconds"] >= 0.2


@pytest.mark.parametrize("script", [{}, [], {"rules": ["x"]}, {"rules": [{"action": "explode"}]}, {"rules": [{"action": "status"}]},
                                    {"rules": [{"action": "cut", "seconds": 1}]}, {"rules": [{"action": "delay", "seconds": "1"}]}])
def test_a_wrong_script_is_refused(faulty, script):
    with pytest.raises(urllib.error.HTTPError) as caught:
        faulty.control("POST", "faults", script)
    assert caught.value.code == 400


def test_script_from_a_file(start, tmp_path):
    path = tmp_path / "faults.json"
    path.write_text(json.dumps({"rules": [{"rpc": "OpenSession", "action": "status", "status": 500}]}))
    started = start("--faults", str(path))
    with pytest.raises(Refused):
        Wire(started.port).open()
    Wire(started.port).open()


def test_the_log_holds_no_secret(sandbox):
    with connect(sandbox.port, session_configuration={"QUERY_TAGS": "confidential"}) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 'logged'")
    text = json.dumps(sandbox.control("GET", "log"))
    assert "SELECT 'logged'" in text and "Bearer" not in text and "confidential" not in text
