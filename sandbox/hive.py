"""The other dialect: what an open-source Spark Thrift Server with Delta answers, where that differs from Databricks.

One path, one catalog, Basic credentials. No direct results, no Arrow, no parameters, no numbers of rows changed; results are column
sets that end with an empty one; an error of a statement that runs by itself shows in its state alone.
"""

import base64
import hmac
import uuid
from urllib.parse import parse_qs, urlsplit

from databricks.sql.thrift_api.TCLIService import ttypes as t
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TApplicationException, TType
from thrift.transport.TTransport import TMemoryBuffer

from . import control, metadata
from .errors import ENGINE_ERRORS, SqlError, from_engine
from .operations import Operation
from .results import Format, Result
from .rpc import STACK, SUCCESS, Call, Handlers, ok
from .server import THRIFT, Handler
from .session import HIVE_CATALOG, Session
from .workspace import shown

PATH = "/cliservice"
DEFAULT_PROTOCOL, NEWEST_PROTOCOL, OLDEST_WITH_COLUMNS = 9, 10, 5
POLL_WAIT = 5
CHUNK = 32 << 10
State = t.TOperationState
STATES = {State.RUNNING_STATE: "RUNNING", State.CANCELED_STATE: "CANCELED", State.TIMEDOUT_STATE: "TIMEDOUT", State.ERROR_STATE: "ERROR"}
EXCEPTION = "org.apache.hive.service.cli.HiveSQLException"
PAGE = b"<html><head><title>Error</title></head><body><h2>HTTP ERROR</h2></body></html>\n"


def failed(text, sqlstate=None):
    return t.TStatus(t.TStatusCode.ERROR_STATUS, [f"*{EXCEPTION}:{text}", *STACK * 30], sqlstate, 0, text)


def java_stack():
    return "".join("\n\tat " + "{}.{}({}:{})".format(*line.split(":")) for line in STACK * 10)


def protocol_asked(body):
    """Field 1 of an OpenSession as it was sent, or None: the decoded structure cannot tell a missing one from its default."""
    protocol = TBinaryProtocol(TMemoryBuffer(body))
    protocol.readMessageBegin()
    protocol.readFieldBegin()
    while True:
        _, kind, number = protocol.readFieldBegin()
        if kind == TType.STOP:
            return None
        if number == 1 and kind == TType.I32:
            return protocol.readI32()
        protocol.skip(kind)


class HiveHandlers(Handlers):
    def __init__(self, workspace):
        super().__init__(workspace, "hive")

    # Sessions

    def OpenSession(self, request):
        protocol = request.client_protocol
        if protocol < OLDEST_WITH_COLUMNS:
            return t.TOpenSessionResp(failed("The sandbox does not support results row by row."), protocol)
        session = Session(self.target, (HIVE_CATALOG, "default"))
        try:
            for key, value in (request.configuration or {}).items():
                self._configure(session, key, value)
            self.workspace.engine.open(session)
        except SqlError as error:
            return t.TOpenSessionResp(failed(error.display, error.sqlstate), protocol)
        except ENGINE_ERRORS as error:
            return t.TOpenSessionResp(failed(from_engine(error).display), protocol)
        self.workspace.add_session(session)
        handle = t.TSessionHandle(t.THandleIdentifier(session.id.bytes, session.secret.bytes))
        return t.TOpenSessionResp(ok(), protocol, handle, {})

    def _configure(self, session, key, value):
        """Keys without a prefix are ignored in silence, as is the initial namespace."""
        if key == "use:database":
            self.workspace.engine.need((HIVE_CATALOG, value))
            session.namespace = (HIVE_CATALOG, value.lower())
        elif key.startswith("set:hiveconf:"):
            session.configure(key.removeprefix("set:hiveconf:"), value)
        elif key.startswith("set:"):
            raise SqlError("UNSUPPORTED_BY_SANDBOX", f"The sandbox does not support {key} in a session's configuration.", "0A000")

    def CloseSession(self, request):
        answer = super().CloseSession(request)
        return answer if answer.status.statusCode == SUCCESS else t.TCloseSessionResp(failed("Session does not exist!"))

    def GetInfo(self, request):
        answer = super().GetInfo(request)
        if answer.status.statusCode == SUCCESS and request.infoType == t.TGetInfoType.CLI_DBMS_VER:
            answer.infoValue.stringValue = "4.1.2"
        return answer

    @staticmethod
    def _lost(request):
        return failed(f"Invalid SessionHandle: SessionHandle [{shown(request.sessionHandle.sessionId.guid)}]")

    # Statements

    def ExecuteStatement(self, request):
        session = self.workspace.session(request.sessionHandle)
        if session is None:
            return t.TExecuteStatementResp(self._lost(request))
        return self._run(t.TExecuteStatementResp, Operation(session, request.statement), request.runAsync, request.queryTimeout or 0)

    def _run(self, made, operation, by_itself, timeout=0, kind=t.TOperationType.EXECUTE_STATEMENT):
        self.workspace.add_operation(operation)
        form = Format(None, self.target, operation.session.arrow_zone)
        form.listing = kind != t.TOperationType.EXECUTE_STATEMENT
        operation.start(self.workspace.engine, form, timeout=timeout, hold=self.workspace.faults.hold(operation.statement))
        if not by_itself:
            operation.wait()
            if operation.state == State.ERROR_STATE:
                self.workspace.drop_operation(operation)
                return made(failed(operation.error.message, operation.error.sqlstate))
        return made(ok(), t.TOperationHandle(t.THandleIdentifier(operation.id.bytes, operation.secret.bytes), kind, True))

    @staticmethod
    def _gone(request):
        return failed("Invalid OperationHandle: OperationHandle [opType=EXECUTE_STATEMENT, getHandleIdentifier()="
                      f"{shown(request.operationHandle.operationId.guid)}]")

    def GetOperationStatus(self, request):
        operation = self._need(request)
        if operation is None:
            return t.TGetOperationStatusResp(self._gone(request))
        operation.polled()
        operation.wait(POLL_WAIT)
        answer = t.TGetOperationStatusResp(ok(), operation.state)
        if operation.state == State.ERROR_STATE:
            answer.sqlState, answer.errorCode = operation.error.sqlstate, 0
            answer.errorMessage = f"{EXCEPTION}: {operation.error.message}{java_stack()}"
        return answer

    def GetResultSetMetadata(self, request):
        operation = self._need(request)
        if operation is None:
            return t.TGetResultSetMetadataResp(self._gone(request))
        # Before the end, and after an error, a schema that is not the result's.
        result = operation.result or Result.nothing(Format(None, self.target))
        return result.metadata()

    def FetchResults(self, request):
        operation = self._need(request)
        if operation is None:
            return t.TFetchResultsResp(self._gone(request))
        if request.fetchType == 1:      # the log, of which there is none
            return t.TFetchResultsResp(ok(), False, t.TRowSet(0, [], [t.TColumn(stringVal=t.TStringColumn([], b"\0"))]))
        if operation.state != State.FINISHED_STATE:
            return t.TFetchResultsResp(failed(f"Expected state FINISHED, but found {STATES[operation.state]}"))
        last = operation.result.last
        starts = {t.TFetchOrientation.FETCH_NEXT: None, t.TFetchOrientation.FETCH_FIRST: 0,
                  t.TFetchOrientation.FETCH_PRIOR: max(0, last - request.maxRows)}
        if request.orientation not in starts:
            return t.TFetchResultsResp(failed(f"The fetch type {request.orientation} is not supported for this resultset"))
        answer = self._page(operation, request.maxRows, None, starts[request.orientation])
        if answer.status.statusCode == SUCCESS:
            answer.hasMoreRows = False
        return answer

    def CloseOperation(self, request):
        operation = self._need(request)
        if operation is None:
            return t.TCloseOperationResp(self._gone(request))
        self.workspace.drop_operation(operation)
        return t.TCloseOperationResp(ok())

    # Listing. There is one catalog, and it has no name here.

    def _list(self, made, request, query, kind):
        session = self.workspace.session(request.sessionHandle)
        if session is None:
            return made(self._lost(request))
        # The lists come from information_schema, which a session of this dialect does not see itself.
        return self._run(made, Operation(session, query, kind, Session("cluster")), False, kind=kind)

    def GetCatalogs(self, request):
        return self._list(t.TGetCatalogsResp, request, "SELECT 'x' AS TABLE_CAT FROM range(0)", t.TOperationType.GET_CATALOGS)

    def GetSchemas(self, request):
        return super().GetSchemas(only_catalog(request))

    def GetTables(self, request):
        return super().GetTables(only_catalog(request))

    def GetColumns(self, request):
        return super().GetColumns(only_catalog(request))


def only_catalog(request):
    request.catalogName = HIVE_CATALOG
    return request


class HiveHandler(Handler):
    """HTTP as Spark's server speaks it: answers in chunks, and pages of HTML where something is wrong."""

    stores = ()

    def _page(self, status):
        self.close_connection = True
        self.reply(status, PAGE, "text/html;charset=iso-8859-1", {"Connection": "close"})

    def do_GET(self):
        path = urlsplit(self.path).path
        if path.startswith("/control/"):
            return super().do_GET()
        return self._page(500 if path == PATH else 405)

    def do_POST(self):
        url = urlsplit(self.path)
        try:
            body = self.body()
        except ValueError:
            return self._page(500)
        if url.path.startswith("/control/"):
            return control.answer(self, "POST", url.path, parse_qs(url.query, keep_blank_values=True), body)
        if url.path != PATH:
            return self._page(405)
        refused = self._refusal()
        if refused:
            return self._plain(*refused)
        try:
            call = Call(body)
        except Exception:       # whatever the decoder stumbles over, the client sent it
            return self._page(500)
        handlers = self.server.handlers[PATH]
        if call.name == "OpenSession":
            asked = protocol_asked(body)
            if asked is not None and not 0 <= asked <= NEWEST_PROTOCOL:
                return self._send(call.refuse(TApplicationException.PROTOCOL_ERROR, "Required field 'client_protocol' is unset! "
                                              "Struct:TOpenSessionReq(client_protocol:null)"))
            call.request.client_protocol = DEFAULT_PROTOCOL if asked is None else asked
        return self._call(call, handlers)

    do_DELETE = do_PUT = do_PATCH = do_HEAD = do_GET

    def _refusal(self):
        """Status and text for who is not let in, or None."""
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and given:
            return 500, ""      # the server takes a token for Base64, and fails
        try:
            login = base64.b64decode(given, validate=True) if scheme == "Basic" else b""
        except ValueError:
            return 500, ""
        if any(hmac.compare_digest(login, known.encode()) for known in self.server.workspace.logins):
            return None
        return 401, "Authentication Error: " + ("Authorization header received from the client is empty." if not login else
                                                "Error validating the login")

    def _plain(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        if status == 500:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text.encode())

    def _send(self, body):
        self.send_response(200)
        self.send_header("Content-Type", THRIFT.partition(";")[0])
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(body), CHUNK):
            part = body[at:at + CHUNK]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")
