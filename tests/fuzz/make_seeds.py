"""Writes seeds for the fuzz targets: a folder a target. Made from the fixtures of tests/wire, the official Thrift structures, and, where they
lie beside this repository, recorded answers of the real service (read in place, copied into build/ at most)."""

import sys
from itertools import product
from pathlib import Path

import lz4.frame
import pyarrow as pa
from databricks.sql.thrift_api.TCLIService import ttypes as t
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests/wire/fixtures"
RECORDINGS = ROOT.parent / "shared/recordings"
LARGEST = 16 << 10
OUT = Path(sys.argv[1])

OK = t.TStatus(t.TStatusCode.SUCCESS_STATUS)
HANDLE = t.TOperationHandle(t.THandleIdentifier(bytes(range(16)), bytes(16)), t.TOperationType.EXECUTE_STATEMENT, True)


def write(target, name, data):
    folder = OUT / target
    folder.mkdir(parents=True, exist_ok=True)
    if len(data) <= LARGEST:
        (folder / name).write_bytes(data)


def reply(call, answer):
    """A reply message around what the call returned, as field 0 of its result struct."""
    memory = TMemoryBuffer()
    protocol = TBinaryProtocol(memory)
    protocol.writeMessageBegin(call, 2, 1)
    memory.write(b"\x0c\x00\x00")
    answer.write(protocol)
    memory.write(b"\x00")
    return memory.getvalue()


def stored_frame(data):
    """An LZ4 frame of one block that is stored as it is: what a fuzzer changes in it reaches the reader behind."""
    return b"\x04\x22\x4d\x18\x60\x40\x82" + (len(data) | 1 << 31).to_bytes(4, "little") + data + bytes(4)


def arrow_reply(schema, batches, rows, lz4_compressed):
    metadata = t.TGetResultSetMetadataResp(OK, t.TTableSchema([]), resultFormat=t.TSparkRowSetType.ARROW_BASED_SET,
                                           lz4Compressed=lz4_compressed, arrowSchema=schema)
    encode = stored_frame if lz4_compressed else bytes
    row_set = t.TRowSet(0, [], arrowBatches=[t.TSparkArrowBatch(encode(batch), rows) for batch in batches])
    return executed(metadata, row_set)


def executed(metadata, row_set):
    status = t.TGetOperationStatusResp(OK, t.TOperationState.FINISHED_STATE)
    direct = t.TSparkDirectResults(status, metadata, t.TFetchResultsResp(OK, False, row_set), t.TCloseOperationResp(OK))
    return reply("ExecuteStatement", t.TExecuteStatementResp(OK, HANDLE, direct))


def column_set():
    """Every Thrift type, three rows each, the second NULL."""
    kinds = {"boolVal": (t.TBoolColumn, [True, False, False]), "byteVal": (t.TByteColumn, [-128, 0, 127]),
             "i16Val": (t.TI16Column, [-32768, 0, 1]), "i32Val": (t.TI32Column, [-1, 0, 1]), "i64Val": (t.TI64Column, [-1, 0, 1]),
             "doubleVal": (t.TDoubleColumn, [0.1, 0.0, float("nan")]), "binaryVal": (t.TBinaryColumn, [b"\0\xff", b"", b""])}
    texts = {"TIMESTAMP_TYPE": ["2024-02-29 12:34:56.5", "", "0001-01-01 00:00:00"], "DATE_TYPE": ["2024-02-29", "", "x"],
             "DECIMAL_TYPE": ["-12.30", "", "1E5"], "STRING_TYPE": ['a"\\\nü', "", "\x01"], "ARRAY_TYPE": ['[1,null,{"a":"b"}]', "", "["],
             "MAP_TYPE": ['{"k":1.5}', "", "{}"], "STRUCT_TYPE": ['{"x":1,"y":["z"]}', "", "no"],
             "INTERVAL_DAY_TIME_TYPE": ["1 02:03:04.5", "", ""], "NULL_TYPE": ["", "", ""]}
    fixed = {"BOOLEAN_TYPE": "boolVal", "TINYINT_TYPE": "byteVal", "SMALLINT_TYPE": "i16Val", "INT_TYPE": "i32Val",
             "BIGINT_TYPE": "i64Val", "FLOAT_TYPE": "doubleVal", "DOUBLE_TYPE": "doubleVal", "BINARY_TYPE": "binaryVal"}
    descriptions, columns = [], []
    for name in [*fixed, *texts]:
        entry = t.TPrimitiveTypeEntry(getattr(t.TTypeId, name))
        if name == "DECIMAL_TYPE":
            entry.typeQualifiers = t.TTypeQualifiers({"precision": t.TTypeQualifierValue(4), "scale": t.TTypeQualifierValue(2)})
        descriptions.append(t.TColumnDesc(name, t.TTypeDesc([t.TTypeEntry(entry)]), len(columns) + 1, ""))
        member = fixed.get(name, "stringVal")
        made, values = kinds[member] if member in kinds else (t.TStringColumn, texts[name])
        columns.append(t.TColumn(**{member: made(values, b"\x02")}))
    metadata = t.TGetResultSetMetadataResp(OK, t.TTableSchema(descriptions), resultFormat=t.TSparkRowSetType.COLUMN_BASED_SET)
    return metadata, t.TRowSet(0, [], columns)


def write_replies():
    failed = t.TStatus(t.TStatusCode.ERROR_STATUS, ["a", "b"], "42P01", 0, "long", "short")
    session = t.TSessionHandle(t.THandleIdentifier(bytes(16), bytes(16)))
    write("thrift", "open", reply("OpenSession", t.TOpenSessionResp(OK, 0xA508, session)))
    write("thrift", "failed", reply("ExecuteStatement", t.TExecuteStatementResp(failed)))
    write("thrift", "status", reply("GetOperationStatus", t.TGetOperationStatusResp(
        OK, t.TOperationState.ERROR_STATE, "42P01", 0, "long", displayMessage="short", numModifiedRows=3)))
    metadata, row_set = column_set()
    write("thrift", "metadata", reply("GetResultSetMetadata", metadata))
    write("thrift", "columns", reply("FetchResults", t.TFetchResultsResp(OK, True, row_set)))
    write("reply", "columns", executed(metadata, row_set))
    write("columns", "types", reply("FetchResults", t.TFetchResultsResp(OK, True, row_set, metadata)))
    for n, (description, column) in enumerate(zip(metadata.schema.columns, row_set.columns)):
        one = t.TGetResultSetMetadataResp(OK, t.TTableSchema([description]), resultFormat=t.TSparkRowSetType.COLUMN_BASED_SET)
        write("columns", f"type{n}", reply("FetchResults", t.TFetchResultsResp(OK, True, t.TRowSet(0, [], [column]), one)))


def single_columns():
    """A schema and a batch a column of the fixtures: small inputs are changed to better effect."""
    for name in ("flat", "nested"):
        stream = (FIXTURES / f"{name}.schema.bin").read_bytes() + (FIXTURES / f"{name}.batch.bin").read_bytes()
        for batch in pa.ipc.open_stream(stream):
            for n, field in enumerate(batch.schema):
                if field.name == "months":
                    continue                        # pyarrow knows no array of months
                one = pa.RecordBatch.from_arrays([batch.column(n)], schema=pa.schema([field]))
                yield f"{name}-{field.name}", one.schema.serialize().to_pybytes(), one.serialize().to_pybytes(), one.num_rows


def write_arrow():
    for schema in FIXTURES.glob("*.schema.bin"):
        batch = schema.with_name(schema.name.replace(".schema.", ".batch."))
        write("arrow", schema.name, schema.read_bytes() + (batch.read_bytes() if batch.exists() else b""))
    for name, schema, batch, rows in single_columns():
        write("arrow", name, schema + batch)
        for compressed in (False, True):
            write("reply", f"{name}-{compressed}", arrow_reply(schema, [batch, batch], rows, compressed))


def write_lz4():
    text = b"to be or not to be, " * 20 + bytes(range(256))
    for n, (linked, checks, size) in enumerate(product((False, True), repeat=3)):
        frame = lz4.frame.compress(text, block_linked=linked, block_checksum=checks, content_checksum=checks, store_size=size)
        write("lz4", f"frame{n}", frame)
        write("lz4", f"frames{n}", frame + stored_frame(b"stored") + frame)
    write("lz4", "zeros", lz4.frame.compress(bytes(100000)))
    write("lz4", "skippable", b"\x50\x2a\x4d\x18\x04\0\0\0skip" + stored_frame(b"x"))


CONFIGS = [
    b'0{"label":"a","description":"b","type":"databricks","config":{"host":"h.example.com","port":443,"httppath":"/sql/1.0/warehouses/a?o=1",'
    b'"token":"t"}}',
    b'0{"label":"a","config":{"host":"http://localhost","httppath":"x","username":"u","password":"\\u00fc"}}',
    b'0{"label":"a","config":{"host":"h","httppath":"x","client_id":"u","client_secret":"p"}}',
    b"1# a comment\n[DEFAULT]\nhost = https://h.example.com:443/\nhttp_path=/sql/1.0/x\ntoken: t\n\n[other]\n  more\nhost=x\nclient_id = x\n",
    b"2host=https://[::1]:443/", b"2port=443", b"2http_path=/sql/protocolv1/o/0/1", b"2token=t", b"2page_rows=100000",
    b"2request_timeout=900", b"2proxy=http://127.0.0.1:3128", b"2catalog=main", b"2user_agent=a/1",
]
CHECKPOINT = (
    b'{"format":1,"catalog":null,"source":"`main`.`crm`.`contacts` by at","watermark":"2024-01-01T00:00:00.000001Z","run":{"id":"20240101T000000Z-'
    b'0a0b0c0d","version":42,"version_timestamp":"2024-01-01T00:00:00.000000Z","lower":null,"upper":"2024-01-01T00:00:00.000000Z","attempts":1,'
    b'"total":100,"null_timestamps":0,"delivered":50,"groups_streamed":0,"key_timestamp":"2024-01-01T00:00:00.000000Z","key_order":7,'
    b'"complete":null}}')
IDENTITY = b'{"catalog":null,"database":"crm","source":"contacts","timestamp_field":"at","continuous_update":true}'
DOCUMENTS = [
    b'0{"type":"databricks-import","name":"contacts","description":"d","aid":12,"config":{"catalog":"main","database":"crm","source":"contacts",'
    b'"timestamp_field":"at","continuous_update":true,"batch_size":1000,"fields":["a","b"],"since":"2024-01-01","query_timeout":5}}',
    b'1{"format":1,"job":"contacts","type":"databricks-import","identity":' + IDENTITY + b',"state":"sleeping","position":"{}","last_run":{"a":1},'
    b'"import":' + CHECKPOINT + b"}",
    b"2" + CHECKPOINT,
    b'2{"format":1,"catalog":"main","source":"s","watermark":null,"run":null}',
]
ATTEMPT = b'{"run":"20241124T180000Z-9f3a62c1","number":2,"parts":16,"gzip":true}'
FILE = b'{"name":"contacts-0123abcd/20241124T180000Z-9f3a62c1/2-%06d.csv.gz","bytes":70,"rows":10,"crc32":7}'
LOAD = (
    b'{"format":1,"load":{"state":"%b","identity":"0123456789abcdef0123456789abcdef","source":"s","url":"s3://b/p","catalog":"main","database":"crm",'
    b'"table":"contacts","columns":[{"name":"id","type":"BIGINT"}],"inferred":%b,"null_value":"ldbx_0123456789abcdef0123456789abcdef","attempt":'
    + ATTEMPT + b',"resumed":1,"files":[%b],"empty_as_null":0,"table_seen":true,"version_before":%b,"version_committed":1732471200000000,'
    b'"table_id":"6c1d64b5-41a5-4e0f-b8ad-5b1e3b7f0a11","started":%b,"loaded":%b,"statements":1,"version_after":-1,"failure":%b},"dead":[' + ATTEMPT[:-1] + b',"url":"s3://b/p","removed":false}],"done":[{"identity":'
    b'"fedcba9876543210fedcba9876543210","run":"20241123T180000Z-00000000","rows":7}]}')
MANIFESTS = [
    LOAD % (b"staging", b"true", b"", b"-1", b"0", b"0", b"null"),
    LOAD % (b"sealed", b"false", FILE % 1 + b"," + FILE % 2, b"-1", b"0", b"0", b"null"),
    LOAD % (b"prepared", b"false", FILE % 1, b"4", b"1", b"0", b"null"),
    LOAD % (b"reconciled", b"false", FILE % 1, b"4", b"1", b"1", b"null"),
    LOAD % (b"failed", b"false", FILE % 1, b"4", b"1", b"0", b'"f"'),
    b'{"format":1,"load":null,"dead":[],"done":[]}',
]
TEXTS = [
    b"0HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Type: text/html\r\nx-databricks-reason-phrase: starting\r\n"
    b"X-Thriftserver-Error-Message: no\r\n\r\n",
    b"0HTTP/1.1 100 Continue\r\n\r\nHTTP/2 200\r\nretry-after: Wed, 21 Oct 2037 07:28:00 GMT\r\n",
    b"12024-02-29T12:34:56.123456Z", b"12024-02-29 12:34:56+05:30", b"1-0001-01-01", b"1+12024-01-01 00:00:00.5", b"12024-02-29T24:00:00",
    b"2https://dbc-a1b2345c-d6e7.cloud.databricks.com/", b"2http://[::1]:8080", b"2127.0.0.1:443", b"3/sql/1.0/warehouses/a/?o=12", b"3sql",
    b'4a"\\\n\x01\xc3\xbc\xf0\x9f\x98\x80', b"4\xff\xed\xa0\x80\xc0\x80",
]


RECORDS = [
    b'{"id":9223372036854775807,"name":"a\\u0000\\n\\ud83d\\ude00\xc3\xbc","n":-0.5e+10,"t":true,"f":false,"z":null}',
    b' { "a" : [ 1 , [ ] , { "b" : "]\\"" } ] , "" : { } }\r\n', b"{}",
]

ANSWERS = [
    b'<?xml version="1.0"?>\n<Error xmlns="u">\n <Code\n>SlowDown</Code><Message>a &lt;b&gt; &amp;quot; &#13;</Message><Region>eu-west-1</Region></Error>',
    b"<ListMultipartUploadsResult><Upload><Key>p&amp;q/a.csv</Key><UploadId>1</UploadId></Upload><Upload/><Upload><Key>p</Key></Upload>"
    b"</ListMultipartUploadsResult>", b"<R><UploadId>2~x/+=</UploadId></R>", b'<Error a="1" />x</Error>', b"<Error><Code>1<Codes></Codes>2</Code></Error>",
    b"<Error><Code>&unknown; &#300; &#0; & &#x41; &;</Code></Error>", b"<Upload><Key>x</Ke", b"<Error><Code", b'a<b>&"\'\xc3\xa4',
]

# Of rows as CSV: columns, their types, then cells: a kind, and what it takes.
ROWS = [
    b"\x01\x04\x0a" + b"\x01" + bytes(7) + b"\x80\x00" + b'\x04\x08a"b,\r\n\\\0' + b"\x00" + b"\x04\x00",
    b"\x80\x0a\x04\x00\x00\x04\x02_0",
    b"\x05\x05\x06\x07\x0b\x0d\x0e" + b"\x02" + bytes(6) + b"\xf8\x7f" + b"\x02" + bytes(7) + b"\x80" + b"\x03\x39\x30" + bytes(15) + b"\x02"
    + b"\x04\x03\xff\xfe\0" + b"\x01" + bytes(8) + b"\x00" + b"\x04\x132024-02-29 12:34:56",
    b"\x04\x00\x0c\x07\x06\x03\x04\x04true\x04\x0a2024-02-29\x04\x061.25e1\x04\x081.5e-300\x04\x02-7",
]


def write_recordings():
    """The real service's answers, by the target that reads them."""
    for path in sorted(RECORDINGS.glob("*/*.response.bin")):
        data = path.read_bytes()
        write("thrift", path.name, data)
        if b"ExecuteStatement" in data[:32]:
            write("reply", path.name, data)
        if b"FetchResults" in data[:32]:
            write("columns", path.name, data)
    for path in sorted((RECORDINGS / "cloudfetch").glob("*.bin")):
        write("lz4", path.name, path.read_bytes())
    for path in sorted((RECORDINGS / "arrow").glob("*.schema.bin")):
        batch = path.with_name(path.name.replace(".schema.", ".batch0."))
        write("arrow", "recorded-" + path.name, path.read_bytes() + (batch.read_bytes() if batch.exists() else b""))


def main():
    write_replies()
    write_arrow()
    write_lz4()
    for target, seeds in ("config", CONFIGS), ("documents", DOCUMENTS), ("manifest", MANIFESTS), ("text", TEXTS), ("json_reader", RECORDS), \
            ("csv", ROWS), ("xml", ANSWERS):
        for n, seed in enumerate(seeds):
            write(target, f"seed{n}", seed)
    write_recordings()


main()
