"""Answers of our own making: encoded by the official Thrift stubs, so that it is not our own encoder that feeds our decoder."""

import ctypes
import struct

import lz4.frame
import pyarrow as pa
from databricks.sql.thrift_api.TCLIService import TCLIService
from databricks.sql.thrift_api.TCLIService import ttypes as t
from replay import Answer
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TMessageType
from thrift.transport.TTransport import TMemoryBuffer

FINE = t.TStatus(t.TStatusCode.SUCCESS_STATUS)
HANDLE = t.THandleIdentifier(bytes(range(16)), bytes(range(16, 32)))
ARROW, COLUMNS = t.TSparkRowSetType.ARROW_BASED_SET, t.TSparkRowSetType.COLUMN_BASED_SET


def encode(call, success):
    protocol = TBinaryProtocol(TMemoryBuffer())
    protocol.writeMessageBegin(call, TMessageType.REPLY, 0)
    getattr(TCLIService, call + "_result")(success).write(protocol)
    return Answer(protocol.trans.getvalue())


def decode(body, part="result"):
    """A reply, or with `part` "args" a request, as the official stubs read it."""
    protocol = TBinaryProtocol(TMemoryBuffer(body))
    call, _, _ = protocol.readMessageBegin()
    read = getattr(TCLIService, f"{call}_{part}")()
    read.read(protocol)
    return read.success if part == "result" else read.req


def decode_schema(message):
    return pa.ipc.read_schema(pa.py_buffer(message))


def column(name, kind, position, qualifiers=None):
    """A column's description; kind is the name of a Thrift type."""
    values = {key: t.TTypeQualifierValue(i32Value=value) for key, value in (qualifiers or {}).items()}
    entry = t.TPrimitiveTypeEntry(t.TTypeId._NAMES_TO_VALUES[kind + "_TYPE"], t.TTypeQualifiers(values) if values else None)
    return t.TColumnDesc(name, t.TTypeDesc([t.TTypeEntry(primitiveEntry=entry)]), position)


def metadata(columns, form, schema=None, lz4_compressed=None):
    return t.TGetResultSetMetadataResp(FINE, t.TTableSchema([column(*c[:2], i + 1, *c[2:]) for i, c in enumerate(columns)]),
                                       form, lz4_compressed, schema)


def page(row_set, more=False):
    return t.TFetchResultsResp(FINE, more, row_set)


def arrow_rows(batches, start=0):
    """batches: (bytes, rows)."""
    return t.TRowSet(start, [], arrowBatches=[t.TSparkArrowBatch(data, rows) for data, rows in batches])


def operation():
    return t.TOperationHandle(HANDLE, t.TOperationType.EXECUTE_STATEMENT, True)


def executed(described, first=None, state=t.TOperationState.FINISHED_STATE, closed=True):
    """The answer to a statement that was fast."""
    direct = t.TSparkDirectResults(t.TGetOperationStatusResp(FINE, state), described, first, t.TCloseOperationResp(FINE) if closed else None)
    return encode("ExecuteStatement", t.TExecuteStatementResp(FINE, operation(), direct))


def opened(protocol=0xA508):
    return encode("OpenSession", t.TOpenSessionResp(FINE, protocol, t.TSessionHandle(HANDLE)))


def short(call):
    return encode(call, getattr(t, f"T{call}Resp")(FINE))


class ArrowSchema(ctypes.Structure):
    pass


ArrowSchema._fields_ = [("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_void_p), ("flags", ctypes.c_int64),
                        ("n_children", ctypes.c_int64), ("children", ctypes.POINTER(ctypes.POINTER(ArrowSchema))),
                        ("rest", ctypes.c_void_p * 3)]


def with_months(batch):
    """Columns of uint32 become month intervals, a type that pyarrow takes from the C data interface alone."""
    array, schema = ctypes.create_string_buffer(80), ArrowSchema()
    batch._export_to_c(ctypes.addressof(array), ctypes.addressof(schema))
    for i in range(schema.n_children):
        if schema.children[i].contents.format == b"I":
            schema.children[i].contents.format = b"tiM"
    return pa.RecordBatch._import_from_c(ctypes.addressof(array), ctypes.addressof(schema))


def messages(*batches):
    """The schema's message, and one for each batch."""
    batches = [with_months(batch) for batch in batches]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return split_messages(sink.getvalue().to_pybytes())


def frames(data, size=None, checksums=False):
    """LZ4 frames in a row, of `size` bytes of content each."""
    size = size or max(len(data), 1)
    return b"".join(lz4.frame.compress(data[at:at + size], block_checksum=checksums, content_checksum=checksums, store_size=False,
                                       block_linked=False) for at in range(0, len(data), size))


def split_frames(data):
    """LZ4 frames that lie in a row: each as it is, and its content."""
    found = []
    while data:
        reader = lz4.frame.LZ4FrameDecompressor()
        content = reader.decompress(data)
        rest = reader.unused_data or b""
        found.append((data[:len(data) - len(rest)], content))
        data = rest
    return found


def split_messages(stream):
    """The messages of an Arrow stream, each as it lies there; the mark at the end is none of them."""
    found, at = [], 0
    while at < len(stream):
        mark, size = struct.unpack_from("<II", stream, at)
        assert mark == 0xffffffff
        if size == 0:
            break
        root = at + 8 + struct.unpack_from("<I", stream, at + 8)[0]
        table = root - struct.unpack_from("<i", stream, root)[0]
        slot = struct.unpack_from("<H", stream, table + 4 + 2 * 3)[0] if struct.unpack_from("<H", stream, table)[0] > 10 else 0
        end = at + 8 + size + (struct.unpack_from("<q", stream, root + slot)[0] if slot else 0)
        found.append(stream[at:end])
        at = end
    return found
