"""What the library asks, caught on the socket and decoded by the official stubs: field for field, with nothing beside."""

import made
import pytest
from databricks.sql.thrift_api.TCLIService import ttypes as t
from recorded import answer, each, read, session, statement_of
from replay import Book, read_request

CLUSTER, WAREHOUSE = "/sql/protocolv1/o/0/0000-000000-example0", "/sql/1.0/warehouses/0000000000000000"
SESSION = {"sessionId": {"guid": made.HANDLE.guid, "secret": made.HANDLE.secret}}
OPERATION = {"operationId": SESSION["sessionId"], "operationType": t.TOperationType.EXECUTE_STATEMENT, "hasResultSet": True}
NATIVE = {"timestampAsArrow": True, "decimalAsArrow": True, "complexTypesAsArrow": True, "intervalTypesAsArrow": False, "nullTypeAsArrow": True}
PAGE_BYTES, PAGE_ROWS, DIRECT_ROWS = 16 << 20, 100000, 100000


def fields(value, sent):
    """A struct of the stubs as a dict of the fields that were sent (by id; the stubs fill in defaults), all of which they must know."""
    if isinstance(value, list):
        return [fields(*pair) for pair in zip(value, sent, strict=True)]
    if not hasattr(value, "thrift_spec"):
        return value
    names = {field[0]: field[2] for field in value.thrift_spec if field}
    return {names[number]: fields(getattr(value, names[number]), item) for number, item in sent.items()}


def decoded(request):
    return fields(made.decode(request.body, "args"), request.fields)


def book_of(*execute):
    book = Book()
    book.put("OpenSession", answer=made.opened())
    book.put("CloseSession", answer=made.short("CloseSession"))
    for reply in execute:
        book.put("ExecuteStatement", "SELECT 1", answer=reply)
    return book


def fast():
    return made.executed(made.metadata([("a", "STRING")], made.COLUMNS), made.page(None))


@pytest.fixture
def ask(play, replay):
    """Plays statements and gives all that was asked, by call; more than once the same call is a list."""
    def asked(book, *statements, path=WAREHOUSE, **settings):
        played = play(book, *statements, path=path, **settings)
        assert book.left() == []
        requests = [(request.call, decoded(request)) for request in replay.seen]
        return played, requests
    return asked


@pytest.mark.parametrize("path, zone, ansi", [(WAREHOUSE, "TIMEZONE", "ANSI_MODE"),
                                              (CLUSTER, "spark.sql.session.timeZone", "spark.sql.ansi.enabled")], ids=["warehouse", "cluster"])
@pytest.mark.parametrize("namespace", [{}, {"catalog": "main"}, {"catalog": "main", "schema": "crm"}, {"schema": "crm"}], ids=str)
def test_a_session(path, zone, ansi, namespace, ask):
    """Field 1, the protocol as a 32-bit number, is not sent."""
    _, requests = ask(book_of(), path=path, **namespace)
    wanted = {"configuration": {zone: "UTC", ansi: "true", "spark.thriftserver.arrowBasedRowSet.timestampAsString": "false"},
              "client_protocol_i64": 0xA508, "canUseMultipleCatalogs": True}
    if namespace:
        names = {"catalog": "catalogName", "schema": "schemaName"}
        wanted["initialNamespace"] = {names[key]: value for key, value in namespace.items()}
    assert requests == [("OpenSession", wanted), ("CloseSession", {"sessionHandle": SESSION})]


def execution(**changes):
    return {"sessionHandle": SESSION, "statement": "SELECT 1", "runAsync": True,
            "getDirectResults": {"maxRows": DIRECT_ROWS, "maxBytes": PAGE_BYTES}, "canReadArrowResult": True, "canDownloadResult": False,
            "canDecompressLZ4Result": True, "useArrowNativeTypes": NATIVE, "maxBytesPerBatch": PAGE_BYTES, **changes}


def test_a_statement(ask):
    _, requests = ask(book_of(fast()), {"sql": "SELECT 1"})
    assert [call for call, _ in requests] == ["OpenSession", "ExecuteStatement", "CloseSession"]
    assert requests[1][1] == execution()


def test_limits_of_a_statement(ask):
    _, requests = ask(book_of(fast()), {"sql": "SELECT 1", "timeout_s": 90}, page_rows="5000", page_bytes="1048576")
    assert requests[1][1] == execution(queryTimeout=90, getDirectResults={"maxRows": 5000, "maxBytes": 1 << 20}, maxBytesPerBatch=1 << 20)


PARAMETERS = [("STRING", "it's"), ("INT", "1"), ("BIGINT", "-9223372036854775808"), ("DOUBLE", "1.236"), ("BOOLEAN", "true"), ("DECIMAL(5,2)", "123.45"),
              ("DATE", "2021-01-31"), ("TIMESTAMP", "2021-01-31 00:00:00"), ("STRING", ""), ("STRING", None), ("VOID", None), ("STRING", "grüße 😀")]


def test_positional_parameters(ask):
    _, requests = ask(book_of(fast()), {"sql": "SELECT 1", "parameters": [[None, *parameter] for parameter in PARAMETERS]})
    wanted = [{"ordinal": i + 1, "type": kind} | ({} if value is None else {"value": {"stringValue": value}})
              for i, (kind, value) in enumerate(PARAMETERS)]
    assert requests[1][1] == execution(parameters=wanted)


def test_named_parameters(ask):
    _, requests = ask(book_of(fast()), {"sql": "SELECT 1", "parameters": [["a", "INT", "1"], ["b_2", "STRING", None]]})
    assert requests[1][1] == execution(parameters=[{"name": "a", "type": "INT", "value": {"stringValue": "1"}}, {"name": "b_2", "type": "STRING"}])


def test_the_statement_is_sent_byte_for_byte(ask):
    sql = "SELECT 'it''s', `ü`, '😀' -- end\r\n\t"
    book = book_of()
    book.put("ExecuteStatement", sql, answer=fast())
    _, requests = ask(book, {"sql": sql})
    assert requests[1][1] == execution(statement=sql)


def test_a_statement_that_takes_its_time(ask):
    """Asked after, described, fetched page by page, closed: each request names the operation, a page also its first row."""
    described = made.metadata([("a", "INT")], made.COLUMNS)
    def page(start, more):
        cells = t.TI32Column([start, start + 1], b"")
        return made.encode("FetchResults", made.page(t.TRowSet(start, [], columns=[t.TColumn(i32Val=cells)]), more))
    book = book_of(made.executed(None, state=t.TOperationState.PENDING_STATE, closed=False))
    for state in (t.TOperationState.RUNNING_STATE, t.TOperationState.FINISHED_STATE):
        book.put("GetOperationStatus", answer=made.encode("GetOperationStatus", t.TGetOperationStatusResp(made.FINE, state)))
    book.put("GetResultSetMetadata", answer=made.encode("GetResultSetMetadata", described))
    book.put("FetchResults", 0, answer=page(0, True))
    book.put("FetchResults", 2, answer=page(2, False))
    book.put("CloseOperation", answer=made.short("CloseOperation"))
    played, requests = ask(book, {"sql": "SELECT 1"})
    assert played.outcomes[0].rows == [b"[0]", b"[1]", b"[2]", b"[3]"]
    fetch = {"operationHandle": OPERATION, "orientation": t.TFetchOrientation.FETCH_NEXT, "maxRows": PAGE_ROWS, "maxBytes": PAGE_BYTES,
             "includeResultSetMetadata": False}
    named = {"operationHandle": OPERATION}
    assert requests[2:-1] == [("GetOperationStatus", named), ("GetOperationStatus", named), ("GetResultSetMetadata", named),
                              ("FetchResults", fetch | {"startRowOffset": 0}), ("FetchResults", fetch | {"startRowOffset": 2}),
                              ("CloseOperation", named)]


def test_a_statement_that_is_stopped(ask):
    book = book_of(made.executed(None, state=t.TOperationState.RUNNING_STATE, closed=False))
    book.put("CancelOperation", answer=made.short("CancelOperation"))
    book.put("CloseOperation", answer=made.short("CloseOperation"))
    played, requests = ask(book, {"sql": "SELECT 1", "cancel_after": 1})
    named = {"operationHandle": OPERATION}
    assert played.outcomes[0].status == "STOPPED"
    assert requests[2:] == [("CancelOperation", named), ("CloseOperation", named), ("CloseSession", {"sessionHandle": SESSION})]


def test_headers(ask, replay):
    ask(book_of(fast()), {"sql": "SELECT 1"})
    for request in replay.seen:
        assert request.path == WAREHOUSE and request.headers["authorization"] == "Bearer recorded"
        assert request.headers["content-type"] == request.headers["accept"] == "application/x-thrift"
        assert int(request.headers["content-length"]) == len(request.body) and request.headers["user-agent"].startswith("lytics_dbx/")
        assert not {"transfer-encoding", "expect", "cookie", "accept-encoding"} & set(request.headers)


def test_sequence_numbers_run(ask, replay):
    ask(book_of(fast(), fast()), {"sql": "SELECT 1"}, {"sql": "SELECT 1"})
    assert [request.seqid for request in replay.seen] == [1, 2, 3, 4]


# The official JDBC driver asked the same of the real service.

OURS = {"runAsync": True, "canReadArrowResult": True, "canDecompressLZ4Result": True, "canDownloadResult": False}     # whatever it says there
DEFAULTS = {"queryTimeout": 0, "enforceEmbeddedSchemaCorrectness": False, "parameters": []}     # what it sends although it means nothing
JDBC_ONLY = {"useArrowNativeTypes", "resultRowLimit"}       # how it was configured


def handle_of(opened):
    """Of a session or an operation, as it must come back."""
    return {"guid": opened.guid, "secret": opened.secret}


def recorded_request(entry):
    return decoded(read_request(read(entry["files"]["request"])))


@each("exchanges", "ExecuteStatement")
def test_statements_as_recorded(entry, play, replay):
    book = session(entry["target"])
    book.put("ExecuteStatement", entry["sql"], answer=answer(entry))
    if entry.get("links"):
        book.put("CloseOperation", answer=answer("059"))
    theirs = recorded_request(entry)
    play(book, statement_of(entry) | {"timeout_s": theirs.get("queryTimeout", 0)}, path=entry["path"])
    ours = decoded(replay.seen[1])
    opened = made.decode(answer("001" if entry["target"] == "cluster" else "061").body).sessionHandle.sessionId
    assert ours.pop("sessionHandle") == {"sessionId": handle_of(opened)}
    assert theirs.pop("sessionHandle")["sessionId"].keys() == handle_of(opened).keys()
    assert ours.pop("getDirectResults").keys() == theirs.pop("getDirectResults").keys()
    assert ours.pop("maxBytesPerBatch") == PAGE_BYTES and ours.pop("useArrowNativeTypes") == NATIVE
    theirs = {name: value for name, value in theirs.items() if name not in JDBC_ONLY and value != DEFAULTS.get(name, value is None)}
    assert ours == theirs | OURS


@each("exchanges", "OpenSession")
def test_sessions_as_recorded(entry, play, replay):
    play(session(entry["target"]), path=entry["path"], catalog="SPARK", schema="default")
    ours, theirs = decoded(replay.seen[0]), recorded_request(entry)
    assert (theirs.pop("client_protocol"), theirs.pop("client_protocol_i64")) == (-7, 0xA509) and ours.pop("client_protocol_i64") == 0xA508
    assert theirs.pop("configuration").keys() <= ours.pop("configuration").keys()
    assert ours == theirs


@each("exchanges", "CloseSession")
def test_ends_of_sessions_as_recorded(entry, play, replay):
    play(session(entry["target"]), path=entry["path"])
    ours, theirs = decoded(replay.seen[1]), recorded_request(entry)
    assert ours["sessionHandle"]["sessionId"].keys() == theirs["sessionHandle"]["sessionId"].keys() and ours.keys() == theirs.keys()


@each("exchanges", "CloseOperation")
def test_ends_of_operations_as_recorded(entry, play, replay):
    """Theirs does not know the type of the operation any more; ours sends the handle back as it came."""
    book = session(entry["target"])
    book.put("ExecuteStatement", "SELECT 1", answer=answer("058"))
    book.put("CloseOperation", answer=answer(entry))
    play(book, {"sql": "SELECT 1"}, path=entry["path"])
    handle = made.decode(answer("058").body).operationHandle
    ours, theirs = decoded(replay.seen[2]), recorded_request(entry)
    assert ours == {"operationHandle": {"operationId": handle_of(handle.operationId), "operationType": 0, "hasResultSet": True}}
    assert ours["operationHandle"].keys() == theirs["operationHandle"].keys()
