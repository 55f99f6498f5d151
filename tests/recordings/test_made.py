"""Answers made by pyarrow and the official stubs: every feature that recordings show, so that a clone alone proves them too."""

import json
from decimal import Decimal

import made
import pyarrow as pa
import pytest
from databricks.sql.thrift_api.TCLIService import ttypes as t
from played import arrow_type
from replay import Answer, Book

SQL = "SELECT 1"
INF, NAN = float("inf"), float("nan")
DAY, HOUR, MINUTE, SECOND = 86400000000, 3600000000, 60000000, 1000000


def array(values, kind):
    return pa.array(values, kind)


def months(values):
    return pa.array([None if value is None else value % 2**32 for value in values], pa.uint32())    # see made.with_months


# name, SQL type, Thrift type, values in three rows, and the cells that they must become
FLAT = [
    ("bool", "BOOLEAN", "BOOLEAN", array([True, None, False], pa.bool_()), [True, None, False]),
    ("i8", "TINYINT", "TINYINT", array([-128, None, 127], pa.int8()), [-128, None, 127]),
    ("i16", "SMALLINT", "SMALLINT", array([-32768, None, 32767], pa.int16()), [-32768, None, 32767]),
    ("i32", "INT", "INT", array([-2**31, None, 2**31 - 1], pa.int32()), [-2**31, None, 2**31 - 1]),
    ("i64", "BIGINT", "BIGINT", array([-2**63, None, 2**63 - 1], pa.int64()), [str(-2**63), None, str(2**63 - 1)]),
    ("exact", "BIGINT", "BIGINT", array([1 - 2**53, 2**53 - 1, 2**53], pa.int64()), [1 - 2**53, 2**53 - 1, str(2**53)]),
    ("f32", "FLOAT", "FLOAT", array([0.1, None, -INF], pa.float32()), ["0.100000001", None, "-Infinity"]),
    ("f64", "DOUBLE", "DOUBLE", array([0.1, NAN, 1e300], pa.float64()), ["0.10000000000000001", "NaN", "1.0000000000000001e+300"]),
    ("d10", "DECIMAL(10,2)", "DECIMAL", array([Decimal("-0.05"), None, Decimal("12345678.90")], pa.decimal128(10, 2)), ["-0.05", None, "12345678.90"]),
    ("d38", "DECIMAL(38,0)", "DECIMAL", array([Decimal(10**38 - 1), Decimal(0), Decimal(1 - 10**38)], pa.decimal128(38, 0)), ["9" * 38, "0", "-" + "9" * 38]),
    ("d4", "DECIMAL(4,4)", "DECIMAL", array([Decimal("0.0000"), Decimal("-0.9999"), None], pa.decimal128(4, 4)), ["0.0000", "-0.9999", None]),
    ("text", "STRING", "STRING", array(["", None, 'grüße "\\/\x01\n\t\x7f\u2028😀'], pa.string()), ["", None, 'grüße "\\/\x01\n\t\x7f\u2028😀']),
    ("binary", "BINARY", "BINARY", array([b"", None, b"\x00\xffa"], pa.binary()), ["", None, "00ff61"]),
    ("date", "DATE", "DATE", array([-719529, None, 18658], pa.int32()).cast(pa.date32()), ["-0001-12-31", None, "2021-01-31"]),
    ("ts", "TIMESTAMP", "TIMESTAMP", array([-1, None, 1623785696789000], pa.timestamp("us", "America/Los_Angeles")),
     ["1969-12-31T23:59:59.999999Z", None, "2021-06-15T19:34:56.789000Z"]),
    ("ntz", "TIMESTAMP_NTZ", "TIMESTAMP", array([0, None, -62135596800000001], pa.timestamp("us")),
     ["1970-01-01T00:00:00.000000", None, "0000-12-31T23:59:59.999999"]),
    ("variant", "VARIANT", "STRING", array(['{"a":[1,null]}', None, "3"], pa.string()), ['{"a":[1,null]}', None, "3"]),
    ("void", "VOID", "NULL", array([None] * 3, pa.null()), [None] * 3),
    ("grown", "GEOMETRY(4326)", "USER_DEFINED", array(["POINT(1 2)", None, ""], pa.string()), ["POINT(1 2)", None, ""]),
]

INTERVALS = [(kind.lower(), f"INTERVAL {kind}", "INTERVAL_YEAR_MONTH", months([14, None, -14]), [14, None, -14])
             for kind in ("YEAR", "MONTH", "YEAR TO MONTH")]
INTERVALS += [(kind.lower(), f"INTERVAL {kind}", "INTERVAL_DAY_TIME", array([DAY + HOUR, None, -MINUTE - SECOND], pa.duration("us")),
               [DAY + HOUR, None, -MINUTE - SECOND])
              for kind in ("DAY", "DAY TO HOUR", "DAY TO MINUTE", "DAY TO SECOND", "HOUR", "HOUR TO MINUTE", "HOUR TO SECOND", "MINUTE",
                           "MINUTE TO SECOND", "SECOND")]

POINT = pa.struct([("x", pa.int64()), ("at", pa.timestamp("us", "Etc/UTC")), ("none", pa.null())])
NESTED = [
    ("list", "ARRAY<INT>", "ARRAY", array([[1, None, 3], None, []], pa.list_(pa.int32())), [[1, None, 3], None, []]),
    ("map", "MAP<STRING, DECIMAL(5,2)>", "MAP", array([[("k", Decimal("1.50")), ("a", None)], None, []], pa.map_(pa.string(), pa.decimal128(5, 2))),
     [[["k", "1.50"], ["a", None]], None, []]),
    ("struct", "STRUCT<x: BIGINT, at: TIMESTAMP, none: VOID>", "STRUCT", array([{"x": 2**60, "at": 0}, None, {"x": None, "at": None}], POINT),
     [{"x": str(2**60), "at": "1970-01-01T00:00:00.000000Z", "none": None}, None, {"x": None, "at": None, "none": None}]),
    ("deep", "ARRAY<MAP<INT, ARRAY<STRUCT<b: BINARY>>>>", "ARRAY",
     array([[[(1, [{"b": b"\x01"}, None])], None, [(2, None)]], [], None], pa.list_(pa.map_(pa.int32(), pa.list_(pa.struct([("b", pa.binary())]))))),
     [[[[1, [{"b": "01"}, None]]], None, [[2, None]]], [], None]),
    ("voids", "ARRAY<VOID>", "ARRAY", array([[None, None], [], None], pa.list_(pa.null())), [[None, None], [], None]),
]

# Of every type nothing but NULLs, and nothing but values, for which the validity buffer is left out.
NULLS = [(name, sql, thrift, pa.nulls(3, values.type), [None] * 3) for name, sql, thrift, values, _ in FLAT + INTERVALS + NESTED]
FULL = [(name, sql, thrift, values.take(pa.array([0, 2, 0])), [cells[0], cells[2], cells[0]])
        for name, sql, thrift, values, cells in FLAT + INTERVALS + NESTED if values.null_count == 1 and values[1].as_py() is None]


def batch_of(columns, nullable=True):
    fields = [pa.field(name, values.type, nullable, {"Spark:DataType:SqlName": sql}) for name, sql, _, values, _ in columns]
    return pa.RecordBatch.from_arrays([values for _, _, _, values, _ in columns], schema=pa.schema(fields))


def lines(rows):
    return [json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() for row in rows]


def session(statement_answer=None, protocol=0xA508):
    book = Book()
    book.put("OpenSession", answer=made.opened(protocol))
    book.put("CloseSession", answer=made.short("CloseSession"))
    if statement_answer is not None:
        book.put("ExecuteStatement", SQL, answer=statement_answer)
    return book


def described(columns):
    return [(name, thrift) for name, _, thrift, *_ in columns]


FORMS = {
    "plain": (None, lambda batch: batch),
    "cluster": (True, made.frames),
    "warehouse": (True, lambda batch: made.frames(batch, checksums=True)),
    "frames in a row": (True, lambda batch: made.frames(batch, 200, checksums=True)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("columns", [FLAT, INTERVALS, NESTED, NULLS, FULL], ids=["flat", "intervals", "nested", "nulls", "full"])
def test_arrow(columns, form, play):
    compressed, wrap = FORMS[form]
    schema, batch = made.messages(batch_of(columns, nullable=columns is not FULL))
    book = session(made.executed(made.metadata(described(columns), made.ARROW, schema, compressed), made.page(made.arrow_rows([(wrap(batch), 3)]))))
    outcome, = play(book, {"sql": SQL}).outcomes
    assert outcome.status == "OK" and outcome.end["status"] == "DONE", (outcome.execute, outcome.end)
    assert [(column["name"], column["sql_type"]) for column in outcome.columns] == [(name, sql) for name, sql, *_ in columns]
    assert [arrow_type(column["arrow"]) for column in outcome.columns] == [
        "month_interval" if values.type == pa.uint32() else str(values.type) for _, _, _, values, _ in columns]
    assert {column["arrow"]["nullable"] for column in outcome.columns} == {columns is not FULL}
    assert outcome.rows == lines(zip(*(cells for *_, cells in columns)))


def test_batches_with_and_without_rows(play):
    """A batch of no rows is passed over, and the next page begins where the last one ended."""
    schema, *batches = made.messages(*(batch_of(FLAT).slice(0, rows) for rows in (2, 0, 3, 1)))
    book = session(made.executed(made.metadata(described(FLAT), made.ARROW, schema), made.page(made.arrow_rows([(batches[0], 2), (batches[1], 0)]), True),
                                 closed=False))
    book.put("FetchResults", 2, answer=made.encode("FetchResults", made.page(made.arrow_rows([], 2), True)))
    book.put("FetchResults", 2, answer=made.encode("FetchResults", made.page(made.arrow_rows([(batches[2], 3), (batches[3], 1)], 2), True)))
    book.put("FetchResults", 6, answer=made.encode("FetchResults", made.page(None)))
    book.put("CloseOperation", answer=made.short("CloseOperation"))
    outcome, = play(book, {"sql": SQL}).outcomes
    assert outcome.end["status"] == "DONE" and outcome.end["batches"] == [2, 3, 1] and book.left() == []
    rows = list(zip(*(cells for *_, cells in FLAT)))
    assert outcome.rows == lines(rows[:2] + rows + rows[:1])


@pytest.mark.parametrize("timestamps", ["native", "text"])
def test_arrow_without_a_schema(timestamps, play):
    """As runtimes before protocol V5 send it: what is not said is told by the batch."""
    told = pa.timestamp("us", "UTC"), ["1970-01-01T00:00:00.000005Z", None]
    if timestamps == "text":
        told = pa.string(), ["1970-01-01 00:00:00.000005", None]
    columns = [("id", "BIGINT", pa.int64(), [1, None], [1, None]),
               ("at", "TIMESTAMP", told[0], [5, None] if timestamps == "native" else told[1], told[1]),
               ("day", "DATE", pa.date32(), [18658, None], ["2021-01-31", None]),
               ("amount", "DECIMAL", pa.string(), ["1.50", None], ["1.50", None]),
               ("list", "ARRAY", pa.string(), ["[1,2]", None], ["[1,2]", None]),
               ("void", "NULL", pa.null(), [None, None], [None, None]),
               ("again", "TIMESTAMP", told[0], [5, None] if timestamps == "native" else told[1], told[1])]
    _, batch = made.messages(pa.RecordBatch.from_arrays([pa.array(values, kind) for _, _, kind, values, _ in columns], [c[0] for c in columns]))
    book = session(made.executed(made.metadata([c[:2] for c in columns], made.ARROW), made.page(made.arrow_rows([(batch, 2)]))))
    outcome, = play(book, {"sql": SQL}).outcomes
    assert [column["sql_type"] for column in outcome.columns] == ["BIGINT", "TIMESTAMP", "DATE", "DECIMAL", "ARRAY", "VOID", "TIMESTAMP"]
    assert outcome.rows == lines(zip(*(c[4] for c in columns))), outcome.end


# Column sets. Of a member of the union: its class, and placeholders where there is NULL.
MEMBERS = {"bool": (t.TBoolColumn, False), "byte": (t.TByteColumn, 0), "i16": (t.TI16Column, 0), "i32": (t.TI32Column, 0), "i64": (t.TI64Column, 0),
           "double": (t.TDoubleColumn, 0.0), "string": (t.TStringColumn, ""), "binary": (t.TBinaryColumn, b"")}
SET = [
    ("bool", "BOOLEAN", "bool", [True, None, False], None),
    ("i8", "TINYINT", "byte", [-128, None, 127], None),
    ("i16", "SMALLINT", "i16", [-32768, None, 32767], None),
    ("i32", "INT", "i32", [-2**31, None, 2**31 - 1], None),
    ("i64", "BIGINT", "i64", [-2**63, None, 5], [str(-2**63), None, 5]),
    ("f32", "FLOAT", "double", [0.5, None, 0.10000000149011612], ["0.5", None, "0.10000000149011612"]),
    ("f64", "DOUBLE", "double", [0.1, None, NAN], ["0.10000000000000001", None, "NaN"]),
    ("text", "STRING", "string", ["", None, "ü"], None),
    ("varchar", "VARCHAR", "string", ["a", None, "b"], None),
    ("char", "CHAR", "string", ["a ", None, "b "], None),
    ("binary", "BINARY", "binary", [b"\x00\xff", None, b""], ["00ff", None, ""]),
    ("date", "DATE", "string", ["2021-01-31", None, "+10000-01-01"], None),
    ("ts", "TIMESTAMP", "string", ["2021-01-31 00:00:00.5", None, "-0001-01-01 00:00:00"], None),
    ("amount", "DECIMAL", "string", ["-123.4500", None, "0"], None),
    ("list", "ARRAY", "string", ["[1,2]", None, "[]"], None),
    ("map", "MAP", "string", ['{"a":1}', None, "{}"], None),
    ("struct", "STRUCT", "string", ['{"a":1}', None, "{}"], None),
    ("months", "INTERVAL_YEAR_MONTH", "string", ["1-2", None, "-1-2"], None),
    ("span", "INTERVAL_DAY_TIME", "string", ["1 00:00:00.000000000", None, "0"], None),
    ("void", "NULL", "string", [None, None, None], None),
]


def column_set(columns, nulls, start=0):
    """nulls: makes the bitmap of a column from its values."""
    sent = []
    for _, _, member, values, _ in columns:
        kind, placeholder = MEMBERS[member]
        cells = kind([placeholder if value is None else value for value in values], nulls(values))
        sent.append(t.TColumn(**{member + "Val": cells}))
    return t.TRowSet(start, [], columns=sent)


def bitmap(values, size=0):
    bits = sum(1 << i for i, value in enumerate(values) if value is None)
    return bits.to_bytes(max(size, (bits.bit_length() + 7) // 8), "little")


@pytest.mark.parametrize("nulls", [bitmap, lambda values: bitmap(values, 9)], ids=["short", "long"])
def test_column_sets(nulls, play):
    book = session(made.executed(made.metadata([c[:2] for c in SET], made.COLUMNS), made.page(column_set(SET, nulls))))
    outcome, = play(book, {"sql": SQL, "wide": True}).outcomes
    assert outcome.rows == lines(zip(*(cells or values for *_, values, cells in SET))), outcome.end
    assert [column["sql_type"] for column in outcome.columns][-3:] == ["INTERVAL YEAR TO MONTH", "INTERVAL DAY TO SECOND", "VOID"]


def test_column_sets_without_nulls_in_pages(play):
    """Bitmaps of a byte for hundreds of rows."""
    def part(start, count):
        columns = [("id", "INT", "i32", list(range(start, start + count)), None), ("s", "STRING", "string", [f"r{i}" for i in range(start, start + count)], None)]
        return made.page(column_set(columns, lambda _: b"\x00", start), start + count < 1000)
    book = session(made.executed(made.metadata([("id", "INT"), ("s", "STRING")], made.COLUMNS), part(0, 300), closed=False))
    book.put("FetchResults", 300, answer=made.encode("FetchResults", part(300, 690)))
    book.put("FetchResults", 990, answer=made.encode("FetchResults", part(990, 10)))
    book.put("CloseOperation", answer=made.short("CloseOperation"))
    outcome, = play(book, {"sql": SQL}).outcomes
    assert outcome.rows == lines([i, f"r{i}"] for i in range(1000)) and book.left() == []


@pytest.mark.parametrize("form", [made.ARROW, made.COLUMNS])
@pytest.mark.parametrize("rows", [None, t.TRowSet(0, []), t.TRowSet(0, [], columns=[], arrowBatches=[])], ids=["none", "empty", "empty lists"])
def test_no_rows(form, rows, play):
    schema = made.messages(batch_of(FLAT))[0] if form == made.ARROW else None
    outcome, = play(session(made.executed(made.metadata(described(FLAT), form, schema), made.page(rows))), {"sql": SQL}).outcomes
    assert len(outcome.columns) == len(FLAT) and outcome.rows == [] and outcome.end["status"] == "DONE"


def test_statements_without_rows(play):
    """A column in Thrift, no field in Arrow."""
    schema = pa.schema([]).serialize().to_pybytes()
    outcome, = play(session(made.executed(made.metadata([("Result", "STRING")], made.ARROW, schema, True), made.page(t.TRowSet(0, [], arrowBatches=[])))),
                    {"sql": SQL}).outcomes
    assert outcome.columns == [] and outcome.end["status"] == "DONE" and outcome.execute["modified_rows"] == -1


def test_changed_rows(play):
    direct = t.TSparkDirectResults(t.TGetOperationStatusResp(made.FINE, t.TOperationState.FINISHED_STATE, hasResultSet=True, numModifiedRows=7),
                                   made.metadata([("num_affected_rows", "BIGINT")], made.ARROW, made.messages(batch_of(FLAT[4:5]))[0]), made.page(None),
                                   t.TCloseOperationResp(made.FINE))
    outcome, = play(session(made.encode("ExecuteStatement", t.TExecuteStatementResp(made.FINE, made.operation(), direct))), {"sql": SQL}).outcomes
    assert outcome.execute["modified_rows"] == 7 and outcome.execute["statement_id"] == "00010203-0405-0607-0809-0a0b0c0d0e0f"


TEXT = "\n[CAST_INVALID_INPUT] The value 'x' cannot be cast. SQLSTATE: 22018\n== SQL (line 1) ==\nSELECT secret"
STACK = ("Error running query: [CAST_INVALID_INPUT] org.apache.spark.SparkNumberFormatException: [CAST_INVALID_INPUT] The value 'x' cannot be cast. "
         "SQLSTATE: 22018\n\tat org.apache.spark.Some.where(Some.scala:1)")
DETAILS = '{"errorClass": "CAST_INVALID_INPUT", "sqlState": "22018"}'


@pytest.mark.parametrize("details", [None, DETAILS], ids=["cluster", "warehouse"])
def test_errors_of_the_statement(details, play):
    status = t.TStatus(t.TStatusCode.ERROR_STATUS, ["*org.apache...:1"] * 170, "22018", 0, STACK, TEXT, details)
    outcome, = play(session(made.encode("ExecuteStatement", t.TExecuteStatementResp(status))), {"sql": SQL}).outcomes
    step = outcome.execute
    assert (step["status"], step["sqlstate"], step["class"]) == ("SERVER", "22018", "CAST_INVALID_INPUT")
    assert step["message"] == "The value 'x' cannot be cast."


def test_errors_while_it_runs(play):
    """The same in the operation's status, which has fields of its own for it."""
    book = session(made.executed(None, state=t.TOperationState.RUNNING_STATE, closed=False))
    book.put("GetOperationStatus", answer=made.encode("GetOperationStatus", t.TGetOperationStatusResp(
        made.FINE, t.TOperationState.ERROR_STATE, "22018", 0, STACK, displayMessage=TEXT, errorDetailsJson=DETAILS)))
    book.put("CloseOperation", answer=made.short("CloseOperation"))
    outcome, = play(book, {"sql": SQL}).outcomes
    step = outcome.execute
    assert (step["status"], step["sqlstate"], step["class"]) == ("SERVER", "22018", "CAST_INVALID_INPUT")
    assert step["message"] == "The value 'x' cannot be cast." and step["statement_id"].startswith("00010203-") and book.left() == []


def test_bad_credentials(play):
    book = Book()
    book.put("OpenSession", answer=Answer(b'{"error_code":401,"message":"Credential was not sent"}', 401, (
        ("content-type", "application/json; charset=utf-8"), ("x-databricks-reason-phrase", "Credential was not sent"))))
    opened = play(book).open
    assert (opened["status"], opened["http_status"]) == ("UNAUTHENTICATED", 401) and "Credential was not sent" in opened["message"]


def test_links_are_refused(play):
    links = [t.TSparkArrowResultLink("https://storage.invalid/secret", 1743143928085, 0, 10, 100, {"x-a": "b"})]
    schema = made.messages(batch_of(FLAT))[0]
    book = session(made.executed(made.metadata(described(FLAT), t.TSparkRowSetType.URL_BASED_SET, schema, True), made.page(t.TRowSet(0, [], resultLinks=links)),
                                 closed=False))
    book.put("CloseOperation", answer=made.short("CloseOperation"))
    outcome, = play(book, {"sql": SQL}).outcomes
    assert outcome.status == "UNSUPPORTED" and "links to cloud storage" in outcome.execute["message"] and "secret" not in outcome.execute["message"]
    assert book.left() == []


def test_names_come_from_the_description(play):
    """Those in Arrow may be stale, where a result comes from a cache."""
    schema, batch = made.messages(batch_of([("old", *FLAT[3][1:])]))
    outcome, = play(session(made.executed(made.metadata([("new", "INT")], made.ARROW, schema), made.page(made.arrow_rows([(batch, 3)])))), {"sql": SQL}).outcomes
    assert outcome.columns[0]["name"] == "new" and len(outcome.rows) == 3


@pytest.mark.parametrize("protocol", [0xA501, 0xA505, 0xA508, 0xA509])
def test_protocols(protocol, play):
    assert play(session(protocol=protocol)).open["protocol"] == protocol
