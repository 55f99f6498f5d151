"""Writes the answers of canned mode into a folder, whole Thrift messages encoded by the official stubs.

    statements              part of a statement, result, times, rows a page (0: all rows come with the answer), by tabs
    calls/CALL              the answer to a call, whoever asks
    results/NAME/FORM/      execute (with the first page), metadata, page-0, page-1, ...

What differs from answer to answer (sequence number, operation, first row, whether more follows) is filled in by the
server, which finds it by OPERATION and START.
"""

import os
import shutil
import uuid
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

import duckdb
from databricks.sql.thrift_api.TCLIService import TCLIService
from databricks.sql.thrift_api.TCLIService import ttypes as t
from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated
from thrift.Thrift import TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from ..results import BATCH_ROWS, Format, Result
from . import tables

OPERATION = uuid.UUID("63616e6e-6564-4000-8000-000000000000").bytes     # its last six bytes are a number
START = 0x63616E6E65643A30
SECRET = uuid.UUID("63616e6e-6564-4000-8000-736563726574").bytes
PROTOCOL = 0xA507
FORMS = {
    # LZ4, checksums in the frames, decimals as such
    "lz4": (True, True, True), "lz4-plain": (True, False, True), "arrow": (False, False, True),
    "arrow-text": (False, False, False), "columns": (False, False, False),
}


def ok():
    return t.TStatus(t.TStatusCode.SUCCESS_STATUS)


def form(name):
    lz4, checksums, decimals = FORMS[name]
    asked = t.TExecuteStatementReq(canReadArrowResult=name != "columns", canDecompressLZ4Result=lz4)
    asked.useArrowNativeTypes = t.TSparkArrowTypes(timestampAsArrow=True, decimalAsArrow=decimals, complexTypesAsArrow=True)
    return Format(asked, "warehouse" if checksums else "cluster")


def write(path, call, answer):
    out = TMemoryBuffer()
    protocol = TBinaryProtocolAccelerated(out)
    protocol.writeMessageBegin(call, TMessageType.REPLY, 0)
    getattr(TCLIService, call + "_result")(success=answer).write(protocol)
    path.write_bytes(out.getvalue())


def finished():
    return t.TGetOperationStatusResp(ok(), t.TOperationState.FINISHED_STATE, hasResultSet=True)


def write_execute(folder, result, batches, more):
    direct = t.TSparkDirectResults(finished(), result.metadata(), t.TFetchResultsResp(ok(), more, result.row_set(0, batches)))
    if not more:
        direct.closeOperation = t.TCloseOperationResp(ok())
    handle = t.TOperationHandle(t.THandleIdentifier(OPERATION, SECRET), t.TOperationType.EXECUTE_STATEMENT, True)
    write(folder / "execute", "ExecuteStatement", t.TExecuteStatementResp(ok(), handle, direct))
    write(folder / "metadata", "GetResultSetMetadata", result.metadata())


def cursor():
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def write_page(folder, query, number, page_rows):
    result = Result.of(cursor().sql(query.format(first=number * page_rows, end=(number + 1) * page_rows)), form(folder.name))
    _, batches, _ = result.page(page_rows)
    assert all(batch.num_rows == BATCH_ROWS for batch in batches[:-1]), "DuckDB gave other batches than asked for"
    if number == 0:
        write_execute(folder, result, batches, True)
    # With metadata, whether asked for or not: the Go driver cannot read a page without.
    page = t.TFetchResultsResp(ok(), True, result.row_set(START, batches), result.metadata())
    write(folder / f"page-{number}", "FetchResults", page)


def write_small(folder, query):
    wanted = form(folder.name)
    result = Result.nothing(wanted) if query is None else Result.of(cursor().sql(query), wanted)
    _, batches, _ = result.page(1)
    write_execute(folder, result, batches, False)


def write_calls(folder):
    session = t.TSessionHandle(t.THandleIdentifier(uuid.uuid4().bytes, SECRET))
    write(folder / "OpenSession", "OpenSession", t.TOpenSessionResp(
        ok(), PROTOCOL, session, getInfos=[], initialNamespace=t.TNamespace("main", "default"), canUseMultipleCatalogs=True))
    write(folder / "GetOperationStatus", "GetOperationStatus", finished())
    for call in ("CloseSession", "CloseOperation", "CancelOperation"):
        write(folder / call, call, getattr(t, f"T{call}Resp")(ok()))


def write_statements(path, page_rows):
    lines = [f"{part}\t{name}\t{times}\t{page_rows if name in tables.TABLES else 0}\n" for part, name, times in tables.STATEMENTS]
    path.write_text("".join(lines))


def fill(folder, rows, page_rows):
    small = tables.small(rows)
    forms = [(name, form) for name, table in tables.TABLES.items() for form in table.forms]
    forms += [(name, form) for name in small for form in FORMS]
    for name, form_name in forms:
        (folder / "results" / name / form_name).mkdir(parents=True)
    (folder / "calls").mkdir()
    write_calls(folder / "calls")
    write_statements(folder / "statements", page_rows)
    for name, query in small.items():
        for form_name in FORMS:
            write_small(folder / "results" / name / form_name, query)
    pages = [(folder / "results" / name / form_name, table.query, number) for name, table in tables.TABLES.items()
             for form_name in table.forms for number in range(rows // page_rows)]
    with ProcessPoolExecutor() as workers:
        list(workers.map(write_page, *zip(*pages), repeat(page_rows), chunksize=4))


def forget_older(folder):
    """Answers of the same size that earlier code has made. A server that sends them has its files open and goes on."""
    for other in folder.parent.glob(folder.name.rsplit("-", 1)[0] + "-*"):
        if other != folder and "." not in other.name:
            shutil.rmtree(other, ignore_errors=True)


def prepare(folder, rows, page_rows):
    """Fills the folder, unless it is there: it is renamed into place when whole."""
    if rows % page_rows or rows // page_rows < 2:
        raise SystemExit("canned mode: rows must be two or more whole pages")
    if folder.exists():
        return
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        fill(partial, rows, page_rows)
        os.rename(partial, folder)
        forget_older(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
