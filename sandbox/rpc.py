"""The Thrift service. Structures and their encoding are the official connector's; only what they mean is ours."""

import time
import uuid

from databricks.sql.thrift_api.TCLIService import TCLIService
from databricks.sql.thrift_api.TCLIService import ttypes as t
from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated
from thrift.Thrift import TApplicationException, TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from . import metadata, redact
from .errors import ENGINE_ERRORS, SqlError, from_engine, unsupported
from .operations import ACTIVE, Operation
from .results import COLUMN_SET, Format
from .workspace import shown

OLDEST, NEWEST = t.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V1, 0xA508
# How long an answer waits for the statement: so long that short ones are answered at once, and pollers do not spin.
EXECUTE_WAIT, POLL_WAIT = 5, 0.5
SUCCESS = t.TStatusCode.SUCCESS_STATUS
# What an answer reports as its server stack; clients must not show it.
STACK = ["org.apache.spark.sql.hive.thriftserver.HiveThriftServerErrors$:runningQueryError:HiveThriftServerErrors.scala:49",
         "org.apache.spark.sql.hive.thriftserver.SparkExecuteStatementOperation:execute:SparkExecuteStatementOperation.scala:929",
         "org.apache.hive.service.cli.session.HiveSessionImpl:executeStatement:HiveSessionImpl.java:423"]


def ok():
    return t.TStatus(SUCCESS)


def failed(error, code=t.TStatusCode.ERROR_STATUS):
    return t.TStatus(code, ["*org.apache.hive.service.cli.HiveSQLException:" + error.message, *STACK], error.sqlstate, 0,
                     error.message, error.display)


def invalid(kind, guid):
    text = f"Invalid {kind}Handle: {kind}Handle [{shown(guid)}]"
    return t.TStatus(t.TStatusCode.INVALID_HANDLE_STATUS, ["*org.apache.hive.service.cli.HiveSQLException:" + text, *STACK],
                     None, 0, text, text)


class Call:
    """A call as it came in: decoded, not yet answered."""

    def __init__(self, body):
        protocol = TBinaryProtocolAccelerated(TMemoryBuffer(body), string_length_limit=None)
        self.name, kind, self.sequence = protocol.readMessageBegin()
        if kind != TMessageType.CALL:
            raise ValueError("not a call")
        self.known = hasattr(TCLIService, self.name + "_args") and hasattr(Handlers, self.name)
        self.request = None
        if self.known:
            arguments = getattr(TCLIService, self.name + "_args")()
            arguments.read(protocol)
            self.request = arguments.req

    def execute(self, handlers):
        """The answer, decoded; None if there is no such call."""
        return getattr(handlers, self.name)(self.request) if self.known else None

    def encode(self, answer, name=None, sequence=None, encoding=TBinaryProtocolAccelerated):
        if answer is None:
            return self.refuse(TApplicationException.UNKNOWN_METHOD, "Unknown function " + self.name)
        result = getattr(TCLIService, self.name + "_result")(success=answer)
        return self._message(name or self.name, TMessageType.REPLY, self.sequence if sequence is None else sequence, result, encoding)

    def refuse(self, kind, text):
        return self._message(self.name, TMessageType.EXCEPTION, self.sequence, TApplicationException(kind, text))

    def invalid(self):
        """The answer that the call's session, or operation, is not known."""
        handle = getattr(self.request, "operationHandle", None)
        status = invalid("Operation", handle.operationId.guid) if handle else \
            invalid("Session", self.request.sessionHandle.sessionId.guid if hasattr(self.request, "sessionHandle") else None)
        answer = getattr(t, f"T{self.name}Resp")(status=status)
        if self.name == "OpenSession":
            answer.serverProtocolVersion = NEWEST
        return answer

    def failed(self, given):
        """The answer that the statement failed, as a fault wants it."""
        text = given["message"].replace("{statement}", self.request.statement)
        return t.TExecuteStatementResp(failed(SqlError(given["class"], text, given["sqlstate"])))

    @staticmethod
    def _message(name, kind, sequence, content, encoding=TBinaryProtocolAccelerated):
        out = TMemoryBuffer()
        protocol = encoding(out)
        protocol.writeMessageBegin(name, kind, sequence)
        content.write(protocol)
        protocol.writeMessageEnd()
        return out.getvalue()


class Handlers:
    """The calls, for one of the two paths: `warehouse` or `cluster`."""

    def __init__(self, workspace, target):
        self.workspace, self.target = workspace, target

    # Sessions

    def OpenSession(self, request):
        asked = request.client_protocol_i64 or request.client_protocol or 0
        if asked < OLDEST:
            return t.TOpenSessionResp(failed(SqlError("UNSUPPORTED_PROTOCOL", f"Protocol {asked} is not supported.", "08001")), asked)
        session = self.workspace.engine.session(self.target)
        try:
            self._namespace(session, request.initialNamespace)
            for key, value in (request.configuration or {}).items():
                session.configure(key, value)
            self.workspace.engine.open(session)
        except SqlError as error:
            return t.TOpenSessionResp(failed(error), NEWEST)
        except ENGINE_ERRORS as error:
            return t.TOpenSessionResp(failed(from_engine(error)), NEWEST)
        self.workspace.add_session(session)
        handle = t.TSessionHandle(t.THandleIdentifier(session.id.bytes, session.secret.bytes))
        answer = t.TOpenSessionResp(ok(), min(asked, NEWEST), handle, initialNamespace=t.TNamespace(*session.namespace),
                                    canUseMultipleCatalogs=True)
        if self.target == "warehouse":
            answer.getInfos = []
        else:
            answer.configuration, handle.serverProtocolVersion = {}, min(asked, NEWEST)
        return answer

    def _namespace(self, session, wanted):
        if wanted is None or not (wanted.catalogName or wanted.schemaName):
            return
        name = wanted.catalogName or session.namespace[0]
        where = (name.lower(), (wanted.schemaName or "default").lower())
        self.workspace.engine.need(where if wanted.schemaName else where[:1])
        session.namespace = where

    def CloseSession(self, request):
        session = self.workspace.session(request.sessionHandle)
        if session is None:
            return t.TCloseSessionResp(self._lost(request))
        self.workspace.drop_session(session)
        return t.TCloseSessionResp(ok())

    def GetInfo(self, request):
        if self.workspace.session(request.sessionHandle) is None:
            return t.TGetInfoResp(self._lost(request), t.TGetInfoValue(stringValue=""))
        values = {t.TGetInfoType.CLI_SERVER_NAME: "Spark SQL", t.TGetInfoType.CLI_DBMS_NAME: "Spark SQL",
                  t.TGetInfoType.CLI_DBMS_VER: "3.5.0"}
        value = values.get(request.infoType)
        if value is None:
            error = SqlError("UNSUPPORTED_BY_SANDBOX", f"The sandbox does not support GetInfo {request.infoType}.", "0A000")
            return t.TGetInfoResp(failed(error), t.TGetInfoValue(stringValue=""))
        return t.TGetInfoResp(ok(), t.TGetInfoValue(stringValue=value))

    @staticmethod
    def _lost(request):
        return invalid("Session", request.sessionHandle.sessionId.guid)

    # Statements

    def ExecuteStatement(self, request):
        session = self.workspace.session(request.sessionHandle)
        if session is None:
            return t.TExecuteStatementResp(self._lost(request))
        form = Format(request, self.target, session.arrow_zone, self.workspace.results)
        return self._run(t.TExecuteStatementResp, session, request.statement, form, request,
                         parameters=_parameters(request.parameters), timeout=request.queryTimeout or 0)

    def _run(self, made, session, statement, form, request, kind=t.TOperationType.EXECUTE_STATEMENT, **options):
        operation = Operation(session, statement, kind)
        self.workspace.add_operation(operation)
        hold = self.workspace.faults.hold(statement)
        operation.start(self.workspace.engine, form, hold=hold, **options)
        # One that a fault keeps running is not waited for.
        operation.wait((0 if hold else EXECUTE_WAIT) if request.runAsync else None)
        if operation.state == t.TOperationState.ERROR_STATE:
            self.workspace.drop_operation(operation)
            return made(failed(operation.error))
        handle = t.TOperationHandle(t.THandleIdentifier(operation.id.bytes, operation.secret.bytes), kind, True)
        return made(ok(), handle, self._direct(operation, request.getDirectResults))

    def _direct(self, operation, wanted):
        """Status, metadata and first rows, and the closing too if these rows are all."""
        if not wanted:
            return None
        answer = t.TSparkDirectResults(operationStatus=self._status(operation))
        if operation.state != t.TOperationState.FINISHED_STATE:
            return answer
        answer.resultSetMetadata = operation.result.metadata()
        answer.resultSet = self._page(operation, wanted.maxRows, wanted.maxBytes, None)
        if answer.resultSet.status.statusCode == SUCCESS and not answer.resultSet.hasMoreRows:
            self.workspace.drop_operation(operation)
            answer.closeOperation = t.TCloseOperationResp(ok())
        return answer

    def _page(self, operation, rows, size, start):
        try:
            with operation.lock:
                if operation.result is None:
                    return t.TFetchResultsResp(failed(SqlError("OPERATION_CLOSED", "The operation is closed.", "HY010")))
                offset, batches, more = operation.result.page(rows, size, start)
                return t.TFetchResultsResp(ok(), more, operation.result.row_set(offset, batches))
        except SqlError as error:
            return t.TFetchResultsResp(failed(error))
        except ENGINE_ERRORS as error:
            return t.TFetchResultsResp(failed(from_engine(error)))

    def _status(self, operation):
        answer = t.TGetOperationStatusResp(ok(), operation.state)
        if self.target == "warehouse":
            answer.operationStarted, answer.operationCompleted = operation.started, operation.completed
        answer.numModifiedRows = operation.modified
        if operation.error:
            answer.sqlState, answer.errorCode = operation.error.sqlstate, 0
            answer.errorMessage, answer.displayMessage = operation.error.message, operation.error.display
            answer.diagnosticInfo = "\n".join([operation.error.message, *STACK])
        return answer

    def _need(self, request):
        return self.workspace.operation(request.operationHandle)

    @staticmethod
    def _gone(request):
        return invalid("Operation", request.operationHandle.operationId.guid)

    def GetOperationStatus(self, request):
        operation = self._need(request)
        if operation is None:
            return t.TGetOperationStatusResp(self._gone(request))
        operation.polled()
        operation.wait(POLL_WAIT)
        return self._status(operation)

    def _unfinished(self, operation):
        """Why there is nothing to read yet, or None."""
        if operation.state in ACTIVE:
            return failed(SqlError("INVALID_STATE", "Expected state FINISHED, but found RUNNING.", "HY010"))
        return failed(operation.error) if operation.error else None

    def GetResultSetMetadata(self, request):
        operation = self._need(request)
        if operation is None:
            return t.TGetResultSetMetadataResp(self._gone(request))
        problem = self._unfinished(operation)
        return t.TGetResultSetMetadataResp(problem) if problem else operation.result.metadata()

    def FetchResults(self, request):
        operation = self._need(request)
        if operation is None:
            return t.TFetchResultsResp(self._gone(request))
        problem = self._unfinished(operation)
        if problem:
            return t.TFetchResultsResp(problem)
        start = request.startRowOffset
        if request.orientation == t.TFetchOrientation.FETCH_FIRST:
            start = 0
        elif request.orientation != t.TFetchOrientation.FETCH_NEXT:
            return t.TFetchResultsResp(failed(unsupported("fetching backwards")))
        answer = self._page(operation, request.maxRows, request.maxBytes, start)
        if request.includeResultSetMetadata and answer.status.statusCode == SUCCESS:
            answer.resultSetMetadata = operation.result.metadata()
        return answer

    def CancelOperation(self, request):
        operation = self._need(request)
        if operation is None:
            return t.TCancelOperationResp(self._gone(request))
        operation.stop()
        return t.TCancelOperationResp(ok())

    def CloseOperation(self, request):
        operation = self._need(request)
        if operation is not None:
            self.workspace.drop_operation(operation)
        elif self.target == "cluster":
            text = ("Invalid OperationHandle: OperationHandle [opType=UNKNOWN_OPERATION, getHandleIdentifier()="
                    f"{shown(request.operationHandle.operationId.guid)}]")
            status = t.TStatus(t.TStatusCode.ERROR_STATUS, ["*org.apache.hive.service.cli.HiveSQLException:" + text, *STACK],
                               "08000", 0, text, text)
            return t.TCloseOperationResp(status)
        return t.TCloseOperationResp(ok())

    # Listing. These always answer with column sets.

    def _list(self, made, request, query, kind):
        session = self.workspace.session(request.sessionHandle)
        if session is None:
            return made(self._lost(request))
        return self._run(made, session, query, COLUMN_SET, request, kind)

    def GetCatalogs(self, request):
        return self._list(t.TGetCatalogsResp, request, metadata.catalogs(), t.TOperationType.GET_CATALOGS)

    def GetSchemas(self, request):
        return self._list(t.TGetSchemasResp, request, metadata.schemas(request), t.TOperationType.GET_SCHEMAS)

    def GetTables(self, request):
        return self._list(t.TGetTablesResp, request, metadata.tables(request), t.TOperationType.GET_TABLES)

    def GetColumns(self, request):
        return self._list(t.TGetColumnsResp, request, metadata.columns(request), t.TOperationType.GET_COLUMNS)


def _parameters(given):
    """By name; those without one by their place, as the markers `?` are numbered."""
    found = {}
    for position, item in enumerate(given or ()):
        value = item.value.stringValue if item.value is not None else None
        found[item.name or f"_{position}"] = (item.type or "STRING", value)
    return found


def log_entry(call, workspace, target):
    """What is kept of a call: no token, no configuration, no secret of a statement."""
    request = call.request
    operation = workspace.operation(request.operationHandle) if getattr(request, "operationHandle", None) else None
    statement = getattr(request, "statement", None) or (operation.statement if operation else None)
    return {"time": time.time(), "id": str(uuid.uuid4()), "rpc": call.name, "target": target, "statement": redact.statement(statement),
            "lz4": bool(getattr(request, "canDecompressLZ4Result", False)), "executed": False}
