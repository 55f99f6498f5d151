"""Every fault of the script, and that it strikes the call it names and no other."""

import http.client
import json
import time
import urllib.error

import pytest
from clients import Refused, Wire, connect
from databricks.sql.thrift_api.TCLIService import TCLIService
from databricks.sql.thrift_api.TCLIService import ttypes as t
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TApplicationException, TMessageType, TType
from thrift.transport.TTransport import TMemoryBuffer

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


def test_refuse(faulty, wire, table):
    faulty.faults({"statement": "INSERT", "action": "refuse", "class": "DELTA_CONCURRENT_APPEND", "sqlstate": "2D521", "message": "no: {statement}"})
    answer = wire.execute(f"INSERT INTO {table} VALUES (1)")
    assert answer.status.sqlState == "2D521"
    assert answer.status.displayMessage == f"[DELTA_CONCURRENT_APPEND] no: INSERT INTO {table} VALUES (1) SQLSTATE: 2D521"
    assert rows(wire, table) == 0


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
    for call in (wire.status, wire.close):      # and 404 it stays
        with pytest.raises(Refused) as caught:
            call(handle)
        assert caught.value.status == 404
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


def test_a_statement_kept_running_until_it_is_polled(faulty, wire):
    faulty.faults({"statement": "polled", "action": "run", "polls": 2})
    answer = wire.execute("SELECT 'polled' AS a")
    assert answer.directResults.operationStatus.operationState == State.RUNNING_STATE
    states = [wire.status(answer.operationHandle).operationState for _ in range(2)]
    assert states == [State.RUNNING_STATE, State.FINISHED_STATE]
    handle = [wire.execute("SELECT 'polled' AS a").operationHandle, faulty.faults({"action": "run", "polls": 1000})][0]
    assert wire.close(handle).statusCode == Code.SUCCESS_STATUS


def test_expired_token(faulty, wire):
    faulty.faults({"action": "expired_token", "skip": 2, "times": 2})
    seen = []
    for _ in range(5):
        try:
            wire.execute("SELECT 1")
            seen.append(200)
        except Refused as refused:
            assert refused.headers["WWW-Authenticate"] and refused.headers["x-databricks-reason-phrase"] == "Token is expired."
            seen.append(refused.status)
    assert seen == [200, 200, 401, 401, 200]


def test_redirect(faulty, wire):
    faulty.faults({"action": "status", "status": 307, "headers": {"Location": "https://login.example/"}})
    with pytest.raises(Refused) as caught:
        wire.execute("SELECT 1")
    assert caught.value.status == 307 and caught.value.headers["Location"] == "https://login.example/"


@pytest.mark.parametrize("executed", [False, True])
def test_stall(faulty, wire, table, executed):
    faulty.faults({"statement": "INSERT", "action": "stall", "executed": executed})
    wire.http.sock.settimeout(1)
    with pytest.raises(TimeoutError):
        wire.execute(f"INSERT INTO {table} VALUES (1)")
    wire.http.close()
    deadline = time.monotonic() + 20
    while rows(wire, table) != executed and time.monotonic() < deadline:
        time.sleep(0.05)
    assert rows(wire, table) == executed


def test_down(start):
    sandbox = start()
    sandbox.faults({"rpc": "OpenSession", "action": "down", "seconds": 0.5})
    wire = Wire(sandbox.port)
    assert wire.open().sessionHandle is not None
    refused, deadline = 0, time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            assert wire.execute("SELECT 1").directResults.resultSet is not None
            break
        except ConnectionRefusedError:
            refused += 1
            wire.http.close()
            time.sleep(0.05)
    assert refused > 0 and time.monotonic() < deadline
    assert sandbox.stop() == 0


def raw(wire, name, request):
    """The message that answers a call: name, kind, sequence id (7 was sent), and a reader at its content."""
    out = TMemoryBuffer()
    protocol = TBinaryProtocol(out)
    protocol.writeMessageBegin(name, TMessageType.CALL, 7)
    getattr(TCLIService, name + "_args")(request).write(protocol)
    reader = TBinaryProtocol(TMemoryBuffer(wire.post(out.getvalue())))
    return (*reader.readMessageBegin(), reader)


def insert(wire, table):
    return raw(wire, "ExecuteStatement", t.TExecuteStatementReq(wire.session, f"INSERT INTO {table} VALUES (1)"))


@pytest.mark.parametrize("action, expected", [
    ("sequence", ("ExecuteStatement", TMessageType.REPLY, 8)), ("method", ("GetFunctions", TMessageType.REPLY, 7)),
    ("exception", ("ExecuteStatement", TMessageType.EXCEPTION, 7))])
def test_wrong_messages(faulty, wire, table, action, expected):
    faulty.faults({"statement": "INSERT", "action": action} | ({"type": 6, "message": "broken"} if action == "exception" else {}))
    name, kind, sequence, reader = insert(wire, table)
    assert (name, kind, sequence) == expected
    if action == "exception":
        sent = TApplicationException()
        sent.read(reader)
        assert (sent.type, sent.message) == (6, "broken")
    assert rows(wire, table) == (action != "exception")


def fields_of(reader):
    """The field ids of a structure, and of the structures in it."""
    found = []
    reader.readStructBegin()
    while True:
        _, kind, number = reader.readFieldBegin()
        if kind == TType.STOP:
            return found
        found.append(number)
        if kind == TType.STRUCT:
            found.extend(fields_of(reader))
        elif kind == TType.STRING:
            reader.readBinary()
        else:
            reader.skip(kind)


def test_unknown_fields_are_sent_and_skipped(faulty, wire):
    faulty.faults({"statement": "SELECT", "action": "unknown_fields", "times": 2})
    found = fields_of(raw(wire, "ExecuteStatement", t.TExecuteStatementReq(wire.session, "SELECT 1 AS a"))[3])
    assert found.count(30001) >= 4 and set(range(30001, 30012)) <= set(found)
    assert wire.execute("SELECT 1 AS a").directResults.resultSet.results.arrowBatches[0].rowCount == 1


def test_altered_answers(faulty, wire):
    faulty.faults({"rpc": "GetOperationStatus", "action": "alter", "set": {"operationState": 42, "statusCode": 9}},
                  {"rpc": "FetchResults", "action": "alter", "add": {"startRowOffset": 5, "rowCount": -1}, "set": {"hasMoreRows": True}})
    handle = wire.execute("SELECT id FROM range(20)", direct=(10, None)).operationHandle
    status = wire.status(handle)
    assert (status.operationState, status.status.statusCode) == (42, 9)
    page = wire.fetch(handle)
    assert (page.results.startRowOffset, page.results.arrowBatches[0].rowCount, page.hasMoreRows) == (15, 9, True)


@pytest.mark.parametrize("form", [{}, {"canReadArrowResult": False}])
def test_pages_that_are_empty_or_short(faulty, wire, form):
    handle = wire.execute("SELECT id FROM range(6000)", direct=(10, None), **form).operationHandle
    faulty.faults({"rpc": "FetchResults", "action": "empty_page"}, {"rpc": "FetchResults", "action": "short_page"})
    empty, short = wire.fetch(handle, 5990), wire.fetch(handle, 5990)
    assert empty.hasMoreRows and not empty.results.arrowBatches and not empty.results.columns
    assert not short.hasMoreRows and short.results.startRowOffset == 10
    count = len(short.results.columns[0].i64Val.values) if form else sum(b.rowCount for b in short.results.arrowBatches)
    assert count == (5989 if form else 4086)


def test_slow_pages(faulty, wire):
    """A small page is not the last one, of direct results and of fetched ones."""
    slow = {"action": "slow_page", "rows": 7, "seconds": 0.2}
    faulty.faults({"rpc": "ExecuteStatement"} | slow, {"rpc": "FetchResults"} | slow)
    started = time.monotonic()
    answer = wire.execute("SELECT id FROM range(20)", direct=(1000, None))
    assert answer.directResults.resultSet.hasMoreRows and answer.directResults.resultSet.results.arrowBatches[0].rowCount == 7
    small, rest = wire.fetch(answer.operationHandle), wire.fetch(answer.operationHandle)
    assert small.hasMoreRows and small.results.arrowBatches[0].rowCount == 7 and time.monotonic() - started >= 0.4
    assert not rest.hasMoreRows and sum(batch.rowCount for batch in rest.results.arrowBatches) == 6


def test_invalid_handle(faulty, wire, table):
    faulty.faults({"action": "invalid_handle", "times": 3})
    assert wire.execute(f"INSERT INTO {table} VALUES (1)").status.statusCode == Code.INVALID_HANDLE_STATUS
    assert wire.call("CloseSession", t.TCloseSessionReq(wire.session)).status.statusCode == Code.INVALID_HANDLE_STATUS
    assert Wire(wire.http.port).open().status.statusCode == Code.INVALID_HANDLE_STATUS
    assert rows(wire, table) == 0


def test_slow_results(faulty, wire):
    faulty.faults({"rpc": "FetchResults", "action": "delay", "seconds": 0.1, "times": 100})
    handle = wire.execute("SELECT id FROM range(40)", direct=(10, None)).operationHandle
    begun = time.monotonic()
    assert [wire.fetch(handle, 10).hasMoreRows for _ in range(3)] == [True, True, False]
    assert time.monotonic() - begun >= 0.3


def test_idle_sessions_and_results_expire(start):
    sandbox = start("--session-idle", "3", "--operation-idle", "1")
    wire, busy = Wire(sandbox.port), Wire(sandbox.port)
    wire.open()
    busy.open()
    sandbox.faults({"statement": "busy", "action": "run", "seconds": 4.5})
    busy.execute("SELECT 'busy' AS a")
    handle = wire.execute("SELECT id FROM range(20)", direct=(5, None)).operationHandle
    assert wire.fetch(handle, 5).hasMoreRows
    time.sleep(1.5)
    with pytest.raises(Refused) as caught:
        wire.fetch(handle, 5)
    assert caught.value.status == 404
    assert wire.execute("SELECT 1").status.statusCode == Code.SUCCESS_STATUS
    time.sleep(3.5)
    assert wire.execute("SELECT 1").status.statusCode == Code.INVALID_HANDLE_STATUS
    assert busy.execute("SELECT 1").status.statusCode == Code.SUCCESS_STATUS     # kept alive by what runs in it


def test_the_log_says_what_was_executed(faulty, wire):
    faulty.control("DELETE", "log")
    faulty.faults({"action": "status", "status": 500}, {"action": "sequence"})
    for _ in range(2):
        with pytest.raises((Refused, AssertionError)):
            wire.execute("SELECT 'told'")
    assert [(c["fault"], c["executed"]) for c in faulty.control("GET", "log")["calls"]] == [("status", False), ("sequence", True)]


@pytest.mark.parametrize("script", [{}, [], {"rules": ["x"]}, {"rules": [{"action": "explode"}]}, {"rules": [{"action": "status"}]},
                                    {"rules": [{"action": "run"}]}, {"rules": [{"action": "run", "seconds": 1, "polls": 1}]},
                                    {"rules": [{"action": "empty_page", "rpc": "OpenSession"}]}, {"rules": [{"action": "alter", "set": []}]},
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
