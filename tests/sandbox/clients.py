"""Two clients: the official connector as it is, and single calls made with its Thrift structures."""

import http.client

from databricks import sql
from databricks.sql.thrift_api.TCLIService import TCLIService
from databricks.sql.thrift_api.TCLIService import ttypes as t
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TApplicationException, TMessageType
from thrift.transport.TTransport import TMemoryBuffer

WAREHOUSE, CLUSTER = "/sql/1.0/warehouses/sandbox", "/sql/protocolv1/o/0/sandbox"


def connect(port, path=WAREHOUSE, token="sandbox", lz4=True, scheme="http", attempts=1, **options):
    return sql.connect(server_hostname="127.0.0.1", http_path=path, access_token=token, enable_telemetry=False,
                       _connection_uri=f"{scheme}://127.0.0.1:{port}{path}", use_cloud_fetch=False,
                       enable_query_result_lz4_compression=lz4, _retry_stop_after_attempts_count=attempts, **options)


class Reader:
    """One of the connector's two ways to a result: `Python Arrow` takes tables, `Python rows` takes rows."""

    def __init__(self, name):
        self.name = name

    def rows(self, cursor):
        """The rest of a result, as tuples."""
        if self.name == "Python Arrow":
            columns = [column.to_pylist() for column in cursor.fetchall_arrow().columns]
            return list(zip(*columns))
        return [tuple(row) for row in cursor.fetchall()]

    def query(self, connection, statement, parameters=None):
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return self.rows(cursor)


class Refused(Exception):
    def __init__(self, status, headers, body):
        super().__init__(f"HTTP {status}: {body[:200]!r}")
        self.status, self.headers, self.body = status, headers, body


class Wire:
    """Calls the service call by call, on one connection that is kept."""

    def __init__(self, port, path=WAREHOUSE, authorization="Bearer sandbox"):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.path, self.authorization, self.session = path, authorization, None

    def post(self, body):
        self.http.request("POST", self.path, body, {"Authorization": self.authorization})
        answer = self.http.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise Refused(answer.status, answer.headers, data)
        return data

    def call(self, name, request):
        out = TMemoryBuffer()
        protocol = TBinaryProtocol(out)
        protocol.writeMessageBegin(name, TMessageType.CALL, 7)
        getattr(TCLIService, name + "_args")(request).write(protocol)
        protocol = TBinaryProtocol(TMemoryBuffer(self.post(out.getvalue())))
        answered, kind, sequence = protocol.readMessageBegin()
        if kind == TMessageType.EXCEPTION:
            error = TApplicationException()
            error.read(protocol)
            raise error
        assert (answered, kind, sequence) == (name, TMessageType.REPLY, 7)
        result = getattr(TCLIService, name + "_result")()
        result.read(protocol)
        return result.success

    def open(self, **fields):
        fields = {"client_protocol": None, "client_protocol_i64": 0xA508, **fields}
        answer = self.call("OpenSession", t.TOpenSessionReq(**fields))
        self.session = answer.sessionHandle
        return answer

    def execute(self, statement, direct=(100000, 1 << 25), **fields):
        fields = {"runAsync": True, "canReadArrowResult": True, **fields}
        wanted = t.TSparkGetDirectResults(*direct) if direct else None
        return self.call("ExecuteStatement", t.TExecuteStatementReq(self.session, statement, getDirectResults=wanted, **fields))

    def status(self, handle):
        return self.call("GetOperationStatus", t.TGetOperationStatusReq(handle))

    def fetch(self, handle, rows=100000, **fields):
        return self.call("FetchResults", t.TFetchResultsReq(handle, t.TFetchOrientation.FETCH_NEXT, rows, **fields))

    def close(self, handle):
        return self.call("CloseOperation", t.TCloseOperationReq(handle)).status
