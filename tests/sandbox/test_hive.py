"""The other dialect, call by call: what was measured of Spark 4.1.2's Thrift Server with Delta."""

import base64
import time

import pytest
from clients import Refused, Wire
from databricks.sql.thrift_api.TCLIService import ttypes as t
from thrift.Thrift import TApplicationException

PATH = "/cliservice"
SETTINGS = {"set:hiveconf:spark.sql.session.timeZone": "UTC", "set:hiveconf:spark.sql.ansi.enabled": "true"}
State, Fetch = t.TOperationState, t.TFetchOrientation
SUCCESS, ERROR = t.TStatusCode.SUCCESS_STATUS, t.TStatusCode.ERROR_STATUS


def basic(login):
    return "Basic " + base64.b64encode(login.encode()).decode()


@pytest.fixture(scope="module")
def hive(start):
    return start("--dialect", "hive", "--login", "someone:a pass:word")


@pytest.fixture
def wire(hive):
    made = Wire(hive.port, PATH, basic("someone:a pass:word"))
    made.open(configuration=SETTINGS)
    return made


def run(wire, statement, **fields):
    """Executes, and waits for the end: as Spark has it, an error of a statement that runs by itself shows in its state."""
    return wire.execute(statement, direct=None, runAsync=False, **fields)


def metadata(wire, handle):
    return wire.call("GetResultSetMetadata", t.TGetResultSetMetadataReq(handle))


def columns(wire, statement):
    answer = run(wire, statement)
    assert answer.status.statusCode == SUCCESS, answer.status.errorMessage
    page = wire.fetch(answer.operationHandle)
    assert page.hasMoreRows is False
    return page.results.columns


def one(column):
    """What a column holds: its values, and its null bitmap."""
    (found,) = [value for value in vars(column).values() if value is not None]
    return found.values, found.nulls


# HTTP

@pytest.mark.parametrize("authorization, status", [("Bearer token", 500), ("Bearer ", 401), ("", 401), (basic("someone:wrong"), 401)])
def test_who_is_not_let_in(hive, authorization, status):
    with pytest.raises(Refused) as caught:
        Wire(hive.port, PATH, authorization).post(b"")
    assert caught.value.status == status and caught.value.headers["www-authenticate"] is None
    assert caught.value.body.startswith(b"Authentication Error: ") if status == 401 else caught.value.body == b""


def test_answers_come_in_chunks(wire):
    wire.http.request("POST", PATH, b"junk", {"Authorization": wire.authorization})
    answer = wire.http.getresponse()
    assert (answer.status, answer.headers["connection"]) == (500, "close") and b"<html>" in answer.read()
    handle = run(wire, "SELECT repeat('x', 100000) AS s").operationHandle
    assert one(wire.fetch(handle).results.columns[0]) == (["x" * 100_000], b"")
    assert wire.http.sock is not None       # and the connection was kept


# Sessions

@pytest.mark.parametrize("sent, answered", [(None, 9), (5, 5), (9, 9), (10, 10)])
def test_protocols(hive, sent, answered):
    answer = Wire(hive.port, PATH, basic("someone:a pass:word")).open(client_protocol=sent)
    assert answer.serverProtocolVersion == answered and answer.configuration == {} and answer.initialNamespace is None


@pytest.mark.parametrize("sent", [-7, 11, 42248])
def test_a_protocol_that_is_not_known_counts_as_none(hive, sent):
    with pytest.raises(TApplicationException, match="'client_protocol' is unset"):
        Wire(hive.port, PATH, basic("someone:a pass:word")).open(client_protocol=sent)


def test_settings_of_a_session(hive, wire):
    columns(wire, "CREATE SCHEMA IF NOT EXISTS other")
    other = Wire(hive.port, PATH, wire.authorization)
    other.open(configuration={"use:database": "other", "set:hiveconf:spark.sql.session.timeZone": "America/Los_Angeles", "ignored": "x"},
               initialNamespace=t.TNamespace("none", "none"))
    assert [one(column)[0] for column in columns(other, "SELECT current_schema(), TIMESTAMP '2024-01-01T08:00:00Z'")] == [
        ["other"], ["2024-01-01 00:00:00"]]
    answer = other.open(configuration={"use:database": "missing"})
    assert answer.status.statusCode == ERROR and "SCHEMA_NOT_FOUND" in answer.status.errorMessage and answer.sessionHandle is None


def test_handles_that_are_not_known(wire):
    handle = run(wire, "SELECT 1").operationHandle
    assert wire.close(handle).statusCode == SUCCESS
    for status in (wire.close(handle), wire.status(handle).status, wire.fetch(handle).status, metadata(wire, handle).status):
        assert (status.statusCode, status.sqlState, status.errorCode) == (ERROR, None, 0)
        assert status.errorMessage.startswith("Invalid OperationHandle: OperationHandle [opType=EXECUTE_STATEMENT, ")
    close = t.TCloseSessionReq(wire.session)
    assert wire.call("CloseSession", close).status.statusCode == SUCCESS
    assert wire.call("CloseSession", close).status.errorMessage == "Session does not exist!"
    assert run(wire, "SELECT 1").status.errorMessage.startswith("Invalid SessionHandle: SessionHandle [")


# Statements

def test_an_error_at_once_comes_without_a_handle(wire):
    for statement, state in [("SELECT nothing", "42703"), ("SELECT 1/0", "22012"), ("SELEC 1", "42601"), ("", "42617"), ("SELECT :x", "42P02"),
                             ("SELECT * FROM main.default.t", "42K05"), ("SELECT * FROM spark_catalog.information_schema.tables", "42P01")]:
        answer = run(wire, statement)
        status = answer.status
        assert (status.statusCode, status.sqlState, status.errorCode, answer.operationHandle) == (ERROR, state, 0, None), statement
        # Between the condition and the text stands the name of a Java class.
        assert status.errorMessage.startswith("Error running query: [") and "] org.apache.spark." in status.errorMessage
        assert len(status.infoMessages) > 50 and status.displayMessage is None


def test_an_error_of_a_statement_that_runs_by_itself(wire):
    answer = wire.execute("SELEC 1")
    assert answer.status.statusCode == SUCCESS and answer.directResults is None
    state = wire.status(answer.operationHandle)
    assert (state.status.statusCode, state.operationState, state.sqlState) == (SUCCESS, State.ERROR_STATE, "42601")
    assert "\n\tat org.apache.spark.sql.hive" in state.errorMessage and "[PARSE_SYNTAX_ERROR] org.apache.spark" in state.errorMessage
    assert wire.fetch(answer.operationHandle).status.errorMessage == "Expected state FINISHED, but found ERROR"
    assert [column.columnName for column in metadata(wire, answer.operationHandle).schema.columns] == ["Result"]


def test_a_statement_at_work(hive, wire):
    hive.faults({"rpc": "ExecuteStatement", "statement": "at work", "action": "run", "seconds": 60})
    handle = wire.execute("SELECT 1 AS a, 'at work' AS b").operationHandle
    assert wire.fetch(handle).status.errorMessage == "Expected state FINISHED, but found RUNNING"
    assert [column.columnName for column in metadata(wire, handle).schema.columns] == ["Result"]     # not what it will be
    for _ in range(2):
        assert wire.call("CancelOperation", t.TCancelOperationReq(handle)).status.statusCode == SUCCESS
    assert wire.status(handle).operationState == State.CANCELED_STATE


def test_polls_wait(hive, wire):
    hive.faults({"rpc": "ExecuteStatement", "statement": "polled once", "action": "run", "seconds": 1})
    handle = wire.execute("SELECT 'polled once' AS s").operationHandle
    assert wire.status(handle).operationState == State.FINISHED_STATE


def test_out_of_time(hive, wire):
    hive.faults({"rpc": "ExecuteStatement", "statement": "too long", "action": "run", "seconds": 60})
    started = time.monotonic()
    answer = run(wire, "SELECT 'too long' AS s", queryTimeout=1)
    assert answer.status.statusCode == SUCCESS and time.monotonic() - started < 30
    assert wire.status(answer.operationHandle).operationState == State.TIMEDOUT_STATE


def test_statements_without_rows(wire):
    columns(wire, "CREATE OR REPLACE TABLE c (a INT) USING DELTA")
    for statement in ("INSERT INTO c VALUES (1), (2)", "CREATE OR REPLACE TABLE d USING DELTA AS SELECT 1 AS a"):
        answer = run(wire, statement)
        state = wire.status(answer.operationHandle)
        assert answer.operationHandle.hasResultSet is True and state.hasResultSet is state.numModifiedRows is None
        assert [column.columnName for column in metadata(wire, answer.operationHandle).schema.columns] == ["Result"]
        assert wire.fetch(answer.operationHandle).results.columns == []
    assert one(columns(wire, "UPDATE c SET a = 3")[0]) == ([2], b"")


# Results

def test_null_bitmaps_are_cut_and_nulls_hold_something(wire):
    sevens = columns(wire, "SELECT CASE WHEN id % 3 = 0 THEN NULL ELSE id END AS n FROM range(20) ORDER BY id")
    assert one(sevens[0]) == ([0 if id % 3 == 0 else id for id in range(20)], bytes([0x49, 0x92, 0x04]))
    assert one(columns(wire, "SELECT CASE WHEN id = 17 THEN NULL ELSE 'x' END AS s FROM range(20) ORDER BY id")[0])[1] == b"\0\0\2"
    assert one(columns(wire, "SELECT CASE WHEN id = 0 THEN NULL ELSE false END AS b FROM range(20) ORDER BY id")[0]) == ([True] + [False] * 19, b"\1")
    assert one(columns(wire, "SELECT id FROM range(20)")[0])[1] == b""
    assert one(columns(wire, "SELECT NULL AS v")[0]) == ([""], b"\1")


def test_values_as_text(wire):
    found = columns(wire, """SELECT array(1, NULL, 3), map('k', 1.5, 'n', NULL), named_struct('s', 'b"c', 'd', DATE '2024-02-29', 'b', X'41'),
        TIMESTAMP '2024-02-29T12:34:56.100Z', TIMESTAMP_NTZ '2024-02-29T12:34:56', CAST('1.10' AS DECIMAL(5,2)), DATE '0001-01-01',
        array(true, false), named_struct('t', TIMESTAMP '2024-01-01T00:00:00.5Z')""")
    assert [one(column)[0][0] for column in found] == [
        "[1,null,3]", '{"k":1.5,"n":null}', '{"s":"b"c","d":2024-02-29,"b":A}', "2024-02-29 12:34:56.1", "2024-02-29 12:34:56", "1.10",
        "0001-01-01", "[true,false]", '{"t":2024-01-01 00:00:00.5}']


def test_zoneless_timestamps_look_like_others(wire):
    handle = run(wire, "SELECT TIMESTAMP_NTZ '2024-01-01' AS a, TIMESTAMP '2024-01-01' AS b").operationHandle
    kinds = [column.typeDesc.types[0].primitiveEntry.type for column in metadata(wire, handle).schema.columns]
    assert kinds == [t.TTypeId.TIMESTAMP_TYPE] * 2
    assert metadata(wire, handle).resultFormat is metadata(wire, handle).arrowSchema is None


def test_pages(wire):
    handle = run(wire, "SELECT id, CAST(id AS STRING) AS s FROM range(25) ORDER BY id").operationHandle

    def page(rows, orientation=Fetch.FETCH_NEXT):
        answer = wire.call("FetchResults", t.TFetchResultsReq(handle, orientation, rows, startRowOffset=3, maxBytes=1))
        assert answer.status.statusCode == SUCCESS and answer.hasMoreRows is False and len(answer.results.columns) == 2
        return answer.results.startRowOffset, one(answer.results.columns[0])[0]
    assert page(10) == (0, list(range(10))) and page(10) == (10, list(range(10, 20)))
    assert page(0) == (20, []) and page(10) == (20, list(range(20, 25))) and page(10) == (25, [])
    assert page(10, Fetch.FETCH_PRIOR) == (15, list(range(15, 25)))
    assert page(7, Fetch.FETCH_FIRST) == (0, list(range(7))) and page(7) == (7, list(range(7, 14)))
    log = wire.call("FetchResults", t.TFetchResultsReq(handle, Fetch.FETCH_NEXT, 10, fetchType=1))
    assert log.status.statusCode == SUCCESS and [one(column) for column in log.results.columns] == [([], b"\0")]


# Listing

def test_listing(wire):
    columns(wire, "CREATE OR REPLACE TABLE listed (id INT COMMENT 'key') USING DELTA")
    assert [one(column)[0] for column in columns(wire, "SHOW TABLES LIKE 'list*'")] == [["default"], ["listed"], [False]]

    def names(statement):
        return [column.columnName for column in metadata(wire, run(wire, statement).operationHandle).schema.columns]
    assert names("SHOW SCHEMAS") == ["namespace"] and names("SHOW TABLES") == ["namespace", "tableName", "isTemporary"]

    assert listed(wire, "GetCatalogs", t.TGetCatalogsReq(wire.session)) == [([], b"\0")]
    assert listed(wire, "GetSchemas", t.TGetSchemasReq(wire.session, schemaName="def%")) == [(["default"], b"\0"), ([""], b"\0")]
    tables = listed(wire, "GetTables", t.TGetTablesReq(wire.session, catalogName="any", tableName="listed"))
    assert tables == [([value], b"\0") for value in ("", "default", "listed", "TABLE", "")] + [([""], b"\1")] * 5


def listed(wire, name, request):
    return [one(column) for column in wire.fetch(wire.call(name, request).operationHandle).results.columns]


def test_listing_columns(wire):
    """For itself: right after CREATE TABLE, Spark's catalog does not know a Delta table's columns yet."""
    columns(wire, f"CREATE OR REPLACE TABLE wide ({', '.join(f'c{at} INT' for at in range(8))})")
    found = listed(wire, "GetColumns", t.TGetColumnsReq(wire.session, tableName="wide"))
    assert found[0] == ([""] * 8, b"\xff\0") and found[2:4] == [(["wide"] * 8, b"\0"), ([f"c{at}" for at in range(8)], b"\0")]
