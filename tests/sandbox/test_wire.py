"""The protocol, call by call: what the connector does not show."""

import http.client
import uuid

import lz4.frame
import pyarrow as pa
import pytest
from clients import CLUSTER, WAREHOUSE, Refused, Wire
from databricks.sql.thrift_api.TCLIService import ttypes as t

State, Code = t.TOperationState, t.TStatusCode
ALL_NATIVE = t.TSparkArrowTypes(True, True, True, True, True)


@pytest.fixture(params=[WAREHOUSE, CLUSTER])
def wire(sandbox, request):
    opened = Wire(sandbox.port, request.param)
    assert opened.open().serverProtocolVersion == 0xA508
    yield opened
    opened.http.close()


def read(answer_schema, row_set, compressed):
    """The rows of Arrow batches, decoded with nothing of the sandbox's."""
    batches = [lz4.frame.decompress(b.batch) if compressed else b.batch for b in row_set.arrowBatches]
    table = pa.ipc.open_stream(pa.py_buffer(answer_schema + b"".join(batches))).read_all()
    assert [b.rowCount for b in row_set.arrowBatches] == [b.num_rows for b in table.to_batches()]
    return table


def test_small_results_come_whole(wire):
    answer = wire.execute("SELECT 1 AS a", canDecompressLZ4Result=True, useArrowNativeTypes=ALL_NATIVE)
    direct = answer.directResults
    assert answer.status.statusCode == Code.SUCCESS_STATUS and answer.operationHandle.hasResultSet
    assert direct.operationStatus.operationState == State.FINISHED_STATE
    assert direct.closeOperation.status.statusCode == Code.SUCCESS_STATUS and not direct.resultSet.hasMoreRows
    meta = direct.resultSetMetadata
    assert meta.resultFormat == t.TSparkRowSetType.ARROW_BASED_SET and meta.lz4Compressed
    assert read(meta.arrowSchema, direct.resultSet.results, True).to_pydict() == {"a": [1]}
    frame = direct.resultSet.results.arrowBatches[0].batch
    assert frame[:5] == b"\x04\x22\x4d\x18" + (b"\x74" if wire.path == WAREHOUSE else b"\x60")
    # The handle is closed already: a warehouse does not mind, a cluster does.
    closed = wire.close(answer.operationHandle)
    assert (closed.statusCode, closed.sqlState) == ((Code.SUCCESS_STATUS, None) if wire.path == WAREHOUSE else (Code.ERROR_STATUS, "08000"))


def test_pages_are_bounded_and_counted(wire):
    answer = wire.execute("SELECT id, CAST(id AS STRING) AS s FROM range(30000)", direct=(5000, None), useArrowNativeTypes=ALL_NATIVE)
    direct = answer.directResults
    assert direct.closeOperation is None and direct.resultSet.hasMoreRows
    assert [b.rowCount for b in direct.resultSet.results.arrowBatches] == [4096, 904]
    schema, ids, offset, sizes = direct.resultSetMetadata.arrowSchema, [], 0, []
    page = direct.resultSet
    while True:
        assert page.results.startRowOffset == offset
        table = read(schema, page.results, False)
        sizes.append(table.num_rows)
        ids += table.column("id").to_pylist()
        offset += table.num_rows
        if not page.hasMoreRows:
            break
        page = wire.fetch(answer.operationHandle, 10000, maxBytes=60000, includeResultSetMetadata=True)
        assert page.resultSetMetadata.arrowSchema == schema
        assert sum(len(b.batch) for b in page.results.arrowBatches) < 90000
    assert ids == list(range(30000)) and len(sizes) > 5
    assert wire.close(answer.operationHandle).statusCode == Code.SUCCESS_STATUS


def test_a_lost_page_can_be_asked_for_again(wire):
    handle = wire.execute("SELECT id FROM range(20000)", direct=(1000, None)).operationHandle
    first = wire.fetch(handle, 5000, startRowOffset=1000)
    again = wire.fetch(handle, 5000, startRowOffset=1000)
    assert first == again and first.results.startRowOffset == 1000
    assert wire.fetch(handle, 5000).results.startRowOffset == 6000
    gone = wire.fetch(handle, 5000, startRowOffset=0)
    assert gone.status.statusCode == Code.ERROR_STATUS and gone.status.sqlState == "0A000"


def test_the_first_page_by_its_name(wire):
    """What the Node driver asks for when the first page did not come with the answer."""
    handle = wire.execute("SELECT id FROM range(10)", direct=None, runAsync=False).operationHandle
    first = t.TFetchResultsReq(handle, t.TFetchOrientation.FETCH_FIRST, 4)
    assert wire.call("FetchResults", first).results.arrowBatches[0].rowCount == 4
    assert wire.fetch(handle, 100).results.startRowOffset == 4
    back = t.TFetchResultsReq(handle, t.TFetchOrientation.FETCH_PRIOR, 4)
    assert wire.call("FetchResults", back).status.sqlState == "0A000"


def test_row_limit(wire):
    direct = wire.execute("SELECT id FROM range(20000)", resultRowLimit=5000).directResults
    assert [b.rowCount for b in direct.resultSet.results.arrowBatches] == [4096, 904] and not direct.resultSet.hasMoreRows


def test_an_error_in_the_middle_of_a_result_is_no_end(wire):
    handle = wire.execute("SELECT CASE WHEN id < 9000000 THEN 1 ELSE 1 DIV (id - 9000000) END FROM range(10000000)",
                          direct=(10, None)).operationHandle
    while True:
        page = wire.fetch(handle, 2000000)
        if page.status.statusCode != Code.SUCCESS_STATUS:
            break
        assert page.hasMoreRows
    assert page.status.sqlState == "22012" and page.results is None


COLUMNS = """SELECT b, t, i, f, n, s, y, d, ts, a, m, v FROM (VALUES
    (true, CAST(1 AS TINYINT), 1, CAST(1.5 AS FLOAT), CAST('1.10' AS DECIMAL(10,2)), 'x', X'00ff', DATE '2024-02-29',
     TIMESTAMP '2024-02-29T12:34:56.120000Z', array('p', NULL), map('k', 1.5), NULL),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)) AS r(b, t, i, f, n, s, y, d, ts, a, m, v)"""


def test_column_sets_when_arrow_is_not_offered(wire):
    direct = wire.execute(COLUMNS, canReadArrowResult=False).directResults
    assert direct.resultSetMetadata.resultFormat == t.TSparkRowSetType.COLUMN_BASED_SET
    assert direct.resultSetMetadata.arrowSchema is None and direct.resultSet.results.arrowBatches is None
    cells = []
    for column in direct.resultSet.results.columns:
        (name, values), = ((n, c) for n, c in vars(column).items() if c is not None)
        cells.append((name, values.values[0]))
        assert values.nulls == (b"\x03" if len(cells) == 12 else b"\x02") and len(values.values) == 2
    assert cells == [("boolVal", True), ("byteVal", 1), ("i32Val", 1), ("doubleVal", 1.5), ("stringVal", "1.10"), ("stringVal", "x"),
                     ("binaryVal", b"\x00\xff"), ("stringVal", "2024-02-29"), ("stringVal", "2024-02-29 12:34:56.12"),
                     ("stringVal", '["p",null]'), ("stringVal", '{"k":1.5}'), ("stringVal", "")]


def test_native_types_are_text_unless_asked_for(wire):
    direct = wire.execute("SELECT CAST(1.5 AS DECIMAL(10,2)) AS n, TIMESTAMP '2024-01-01T00:00:00Z' AS ts, array(1) AS a").directResults
    table = read(direct.resultSetMetadata.arrowSchema, direct.resultSet.results, False)
    assert table.to_pylist() == [{"n": "1.50", "ts": "2024-01-01 00:00:00", "a": "[1]"}]
    assert [c.typeDesc.types[0].primitiveEntry.type for c in direct.resultSetMetadata.schema.columns] == [
        t.TTypeId.DECIMAL_TYPE, t.TTypeId.TIMESTAMP_TYPE, t.TTypeId.ARRAY_TYPE]
    qualifiers = direct.resultSetMetadata.schema.columns[0].typeDesc.types[0].primitiveEntry.typeQualifiers.qualifiers
    assert {name: value.i32Value for name, value in qualifiers.items()} == {"precision": 10, "scale": 2}


def test_statements_without_rows(wire):
    name = "main.default.d" + uuid.uuid4().hex[:8]
    direct = wire.execute(f"CREATE TABLE {name} (a INT)").directResults
    assert [c.columnName for c in direct.resultSetMetadata.schema.columns] == ["Result"]
    assert len(pa.ipc.read_schema(pa.py_buffer(direct.resultSetMetadata.arrowSchema))) == 0
    assert direct.resultSet.results.arrowBatches == [] and direct.operationStatus.numModifiedRows is None
    direct = wire.execute(f"INSERT INTO {name} VALUES (1), (2)").directResults
    assert direct.operationStatus.numModifiedRows == 2
    assert [c.columnName for c in direct.resultSetMetadata.schema.columns] == ["num_affected_rows", "num_inserted_rows"]
    wire.execute(f"DROP TABLE {name}")


def test_errors_as_the_service_words_them(wire):
    answer = wire.execute("SELECT * FROM a.b.c")
    status = answer.status
    assert answer.operationHandle is None and answer.directResults is None
    assert (status.statusCode, status.sqlState, status.errorCode) == (Code.ERROR_STATUS, "42P01", 0)
    assert status.errorMessage.startswith("Error running query: [TABLE_OR_VIEW_NOT_FOUND] org.apache.spark")
    assert status.displayMessage.startswith("[TABLE_OR_VIEW_NOT_FOUND] The table or view `a`.`b`.`c` cannot be found.")
    assert len(status.infoMessages) > 1


def test_unknown_handles(wire):
    wrong = t.THandleIdentifier(uuid.uuid4().bytes, uuid.uuid4().bytes)
    session, wire.session = wire.session, t.TSessionHandle(wrong)
    status = wire.execute("SELECT 1").status
    assert status.statusCode == Code.INVALID_HANDLE_STATUS and "Invalid SessionHandle" in status.errorMessage
    # The right guid with a wrong secret is a wrong handle as well.
    wire.session = t.TSessionHandle(t.THandleIdentifier(session.sessionId.guid, wrong.secret))
    assert wire.execute("SELECT 1").status.statusCode == Code.INVALID_HANDLE_STATUS
    operation = t.TOperationHandle(wrong, 0, True)
    assert wire.fetch(operation).status.statusCode == Code.INVALID_HANDLE_STATUS
    assert "Invalid OperationHandle" in wire.status(operation).status.errorMessage


def test_a_closed_session_is_gone(wire):
    handle = wire.execute("SELECT id FROM range(10000)", direct=(10, None)).operationHandle
    assert wire.call("CloseSession", t.TCloseSessionReq(wire.session)).status.statusCode == Code.SUCCESS_STATUS
    assert wire.execute("SELECT 1").status.statusCode == Code.INVALID_HANDLE_STATUS
    assert wire.fetch(handle).status.statusCode == Code.INVALID_HANDLE_STATUS


SLOW = "SELECT count(*) FROM range(1000000) a JOIN range(1000000) b ON a.id + b.id = -1 OR a.id * b.id = 7"


# The answer comes after five seconds: once is enough.
@pytest.mark.parametrize("wire", [WAREHOUSE], indirect=True)
def test_a_long_statement_runs_and_can_be_cancelled(wire):
    answer = wire.execute(SLOW)
    assert answer.directResults.operationStatus.operationState == State.RUNNING_STATE
    assert answer.directResults.resultSetMetadata is None
    handle = answer.operationHandle
    assert wire.fetch(handle).status.statusCode == Code.ERROR_STATUS
    assert wire.call("CancelOperation", t.TCancelOperationReq(handle)).status.statusCode == Code.SUCCESS_STATUS
    assert wire.status(handle).operationState == State.CANCELED_STATE
    assert wire.close(handle).statusCode == Code.SUCCESS_STATUS
    assert wire.execute("SELECT 1").directResults.resultSet is not None


def test_a_statement_out_of_time(wire):
    handle = wire.execute(SLOW, queryTimeout=1).operationHandle
    state = State.RUNNING_STATE
    while state == State.RUNNING_STATE:
        status = wire.status(handle)
        state = status.operationState
    assert state == State.TIMEDOUT_STATE and status.sqlState == "57014"


def test_configuration(sandbox):
    wire = Wire(sandbox.port)
    wire.open(configuration={"TIMEZONE": "America/New_York"}, initialNamespace=t.TNamespace("main", "default"))
    direct = wire.execute("SELECT TIMESTAMP '2024-01-01T00:00:00Z' AS ts", useArrowNativeTypes=ALL_NATIVE).directResults
    assert pa.ipc.read_schema(pa.py_buffer(direct.resultSetMetadata.arrowSchema)).field(0).type == pa.timestamp("us", "America/New_York")
    for refused in ({"configuration": {"spark.no.such": "1"}}, {"configuration": {"ANSI_MODE": "false"}},
                    {"configuration": {"TIMEZONE": "Nowhere/At_all"}}, {"initialNamespace": t.TNamespace("none", None)}):
        answer = Wire(sandbox.port).open(**refused)
        assert answer.status.statusCode == Code.ERROR_STATUS and answer.sessionHandle is None


# HTTP

def request(sandbox, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    answer.read_body = answer.read()
    connection.close()
    return answer


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic c2FuZGJveA=="}, {"Authorization": "Bearer "}, {"Authorization": "sandbox"}])
def test_who_is_not_let_in(sandbox, headers):
    answer = request(sandbox, "POST", WAREHOUSE, b"", headers)
    assert answer.status == 401 and answer.headers["www-authenticate"] == 'Bearer realm="DatabricksRealm"'
    assert answer.headers["content-type"].startswith("application/json") and b'"error_code": 401' in answer.read_body


@pytest.mark.parametrize("method, path, status", [("GET", WAREHOUSE, 405), ("GET", "/", 404), ("POST", "/sql/1.0/warehouses/other", 404),
                                                  ("POST", "/telemetry-ext", 404), ("PUT", WAREHOUSE, 405), ("GET", "/control/none", 404)])
def test_other_paths_and_methods(sandbox, method, path, status):
    answer = request(sandbox, method, path, b"" if method != "GET" else None, {"Authorization": "Bearer sandbox"})
    assert answer.status == status and answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("method, status", [("GET", 200), ("HEAD", 404), ("DELETE", 404)])
def test_a_body_where_none_is_wanted_is_no_call(sandbox, method, status):
    wire = Wire(sandbox.port)
    wire.http.request(method, "/control/ready", b"null")
    answer = wire.http.getresponse()
    assert (answer.status, bool(answer.read())) == (status, method != "HEAD")
    wire.open()         # on the same connection


@pytest.mark.parametrize("body", [b"", b"junk", b"\x80\x01\x00\x01\x00\x00\x00\x0bOpenSession", b"\x80\x01\x00\x01\x7f\xff\xff\xff"])
def test_what_is_no_call(sandbox, body):
    with pytest.raises(Refused) as caught:
        Wire(sandbox.port).post(body)
    assert caught.value.status == 400
