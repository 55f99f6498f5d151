"""Rows of a result in the forms the protocol has: Arrow batches, LZ4 or not, and column sets."""

import datetime
import json
import math
from collections import deque

import lz4.frame
import pyarrow as pa
import pyarrow.compute as pc
from databricks.sql.thrift_api.TCLIService import ttypes as t

from .errors import SqlError
from .sqltypes import NAMELESS, Type

BATCH_ROWS = 4096
FORMS = ("lz4", "arrow", "columns")        # of results, the richest first


class Format:
    """What a client said it can read."""

    def __init__(self, request, target, zone="Etc/UTC", richest=FORMS[0]):
        native = getattr(request, "useArrowNativeTypes", None) or t.TSparkArrowTypes()
        self.arrow = bool(getattr(request, "canReadArrowResult", False)) and richest != "columns"
        self.lz4 = self.arrow and bool(getattr(request, "canDecompressLZ4Result", False)) and richest == "lz4"
        self.zone = zone
        self.limit = getattr(request, "resultRowLimit", None)
        # Open-source Spark: column sets of its own kind, and results that can be read again from the start.
        self.hive = target == "hive"
        self.listing = False    # and there, an answer of a listing call
        self.arrow = self.arrow and not self.hive
        # Warehouses write frames with checksums, clusters without.
        self.checksums = target == "warehouse"
        self.as_text = set()
        for flag, kinds in ((native.timestampAsArrow, ("timestamp", "timestamp with time zone")),
                            (native.decimalAsArrow, ("decimal",)), (native.complexTypesAsArrow, ("list", "map", "struct"))):
            if not flag:
                self.as_text.update(kinds)


COLUMN_SET = Format(None, "warehouse")


class Result:
    """A result: column names and types, and batches that are drawn from DuckDB as they are wanted.

    The page served last is kept, so that a client whose answer was lost can ask for the same rows again.
    """

    def __init__(self, names, types, batches, form):
        self.names, self.types, self.form = names, types, form
        self._source = iter(batches)
        self._held = deque()        # batches from the start of the page served last
        self._base = 0              # row number of the first one
        self._next = 0              # row number that FETCH_NEXT continues at
        self.last = 0               # row number that the page served last starts at
        self.schema = pa.schema([self._field(n, kind) for n, kind in zip(names, types)])

    @classmethod
    def of(cls, relation, form):
        types = [Type(duck, form.zone) for duck in relation.types]
        names = ["" if name == NAMELESS else name for name in relation.columns]
        return cls(names, types, relation.to_arrow_reader(BATCH_ROWS), form)

    @classmethod
    def nothing(cls, form):
        """What DDL answers with: a column that has no Arrow field, and no rows."""
        result = cls([], [], (), form)
        result.names = ["Result"]
        return result

    def _field(self, name, kind):
        return kind.field(name, pa.utf8() if kind.kind in self.form.as_text else None)

    def _draw(self):
        batch = next(self._source, None)
        limit = self.form.limit
        if batch is None or (limit is not None and self._available() >= limit):
            return False
        if limit is not None:
            batch = batch.slice(0, limit - self._available())
        arrays = [text(column, kind) if kind.kind in self.form.as_text and self.form.arrow else self._cast(column, kind)
                  for column, kind in zip(batch.columns, self.types)]
        schema = self.schema if self.form.arrow else None
        self._held.append(pa.RecordBatch.from_arrays(arrays, schema=schema) if schema else
                          pa.RecordBatch.from_arrays(arrays, names=[str(n) for n in range(len(arrays))]))
        return True

    @staticmethod
    def _cast(column, kind):
        return column if column.type.equals(kind.arrow) else column.cast(kind.arrow)

    def prepare(self):
        """Draws the first batch: an error of the query itself shows here."""
        self._draw()

    def _available(self):
        return self._base + sum(batch.num_rows for batch in self._held)

    def page(self, max_rows, max_bytes=None, start=None):
        """The first row's number, batches, and whether there is more."""
        start = self._next if start is None else start
        if not self._base <= start <= self._available():
            raise SqlError("UNSUPPORTED_BY_SANDBOX", f"The sandbox no longer holds row {start}: it keeps one page.", "0A000")
        while self._held and not self.form.hive and start >= self._base + self._held[0].num_rows:
            self._base += self._held.popleft().num_rows
        rows, size, batches = 0, 0, []
        while rows < max_rows:
            if start + rows >= self._available() and not self._draw():
                break
            batch = self._slice(start + rows, max_rows - rows)
            if max_bytes and size + batch.nbytes > max_bytes:
                fitting = batch.num_rows * max(0, max_bytes - size) // max(1, batch.nbytes)
                if fitting == 0 and batches:
                    break
                batch = batch.slice(0, max(1, fitting))
                max_rows = rows + batch.num_rows
            batches.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
        self.last, self._next = start, start + rows
        more = self._next < self._available() or self._draw()
        return start, batches, more

    def _slice(self, row, most):
        at = self._base
        for batch in self._held:
            if row < at + batch.num_rows:
                return batch.slice(row - at, most)
            at += batch.num_rows
        raise AssertionError("row beyond what is held")

    # Wire structures

    def metadata(self):
        form = self.form
        answer = t.TGetResultSetMetadataResp(status=t.TStatus(t.TStatusCode.SUCCESS_STATUS), schema=self._table_schema())
        if form.hive:
            return answer
        answer.resultFormat = t.TSparkRowSetType.ARROW_BASED_SET if form.arrow else t.TSparkRowSetType.COLUMN_BASED_SET
        if form.arrow:
            answer.lz4Compressed = form.lz4
            answer.arrowSchema = self.schema.serialize().to_pybytes()
            answer.cacheLookupResult = t.TCacheLookupResult.CACHE_INELIGIBLE
            answer.isStagingOperation = False
        return answer

    def _table_schema(self):
        kinds = self.types or [None]
        return t.TTableSchema([_column_desc(n, kind, p) for p, (n, kind) in enumerate(zip(self.names, kinds), 1)])

    def row_set(self, start, batches):
        answer = t.TRowSet(startRowOffset=start, rows=[])
        if self.form.arrow:
            answer.arrowBatches = [t.TSparkArrowBatch(self._encode(batch), batch.num_rows) for batch in batches]
        elif self.types or self.form.hive:
            table = pa.Table.from_batches(batches) if batches else None
            answer.columns = [column(table.column(n).combine_chunks() if table else pa.array([], kind.arrow), kind, self.form)
                              for n, kind in enumerate(self.types)]
        return answer

    def _encode(self, batch):
        data = batch.serialize().to_pybytes()
        if not self.form.lz4:
            return data
        return lz4.frame.compress(data, block_size=lz4.frame.BLOCKSIZE_MAX4MB, block_linked=False, store_size=False,
                                  content_checksum=self.form.checksums, block_checksum=self.form.checksums)


def _column_desc(name, kind, position):
    entry = t.TPrimitiveTypeEntry(type=kind.thrift if kind else t.TTypeId.STRING_TYPE)
    if kind and kind.precision:
        entry.typeQualifiers = t.TTypeQualifiers({"precision": t.TTypeQualifierValue(i32Value=kind.precision),
                                                  "scale": t.TTypeQualifierValue(i32Value=kind.scale)})
    return t.TColumnDesc(name, t.TTypeDesc([t.TTypeEntry(primitiveEntry=entry)]), position, "")


# Values as text

def text(array, kind, hive=False):
    """A column as the text that column sets and switched-off native types carry."""
    if hive and kind.parts:
        return pa.array([None if v is None else _bare(v, kind) for v in array.cast(kind.arrow).to_pylist()], pa.utf8())
    if kind.kind == "timestamp with time zone":
        array = pc.local_timestamp(array.cast(kind.arrow))
    if kind.kind in ("timestamp with time zone", "timestamp"):
        return _moments(array.cast(pa.utf8()))
    if kind.kind == "decimal":
        return pa.array([None if v is None else format(v, "f") for v in array.to_pylist()], pa.utf8())
    if kind.parts:
        return pa.array([None if v is None else _json(v, kind) for v in array.cast(kind.arrow).to_pylist()], pa.utf8())
    return array.cast(pa.utf8())


def _moments(array):
    """`2024-01-01 00:00:00.5`: no trailing zeros in the fraction, and no fraction of zeros."""
    shortened = pc.replace_substring_regex(array, r"(\.\d*?)0+$", r"\1")
    return pc.replace_substring_regex(shortened, r"\.$", "")


def _json(value, kind):
    """A nested value as JSON text. Numbers are written as they are: Python's encoder would take decimals through doubles."""
    if value is None:
        return "null"
    if kind.kind == "list":
        return "[" + ",".join(_json(item, kind.parts[0][1]) for item in value) + "]"
    if kind.kind == "map":
        return "{" + ",".join(f"{_quoted(key)}:{_json(item, kind.parts[1][1])}" for key, item in value) + "}"
    if kind.kind == "struct":
        return "{" + ",".join(f"{_quoted(name)}:{_json(value[name], part)}" for name, part in kind.parts) + "}"
    if isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return json.dumps(value)
    return format(value, "f") if kind.kind == "decimal" else _quoted(value)


def _bare(value, kind):
    """A nested value as open-source Spark writes it: like JSON, but nothing within quotes is escaped, and only strings have them."""
    if value is None:
        return "null"
    if kind.kind == "list":
        return "[" + ",".join(_bare(item, kind.parts[0][1]) for item in value) + "]"
    if kind.kind == "map":
        return "{" + ",".join(f"{_bare(key, kind.parts[0][1])}:{_bare(item, kind.parts[1][1])}" for key, item in value) + "}"
    if kind.kind == "struct":
        return "{" + ",".join(f'"{name}":{_bare(value[name], part)}' for name, part in kind.parts) + "}"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        return _moments(pa.array([value.replace(tzinfo=None)], pa.timestamp("us")).cast(pa.utf8()))[0].as_py()
    return format(value, "f") if kind.kind == "decimal" else value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _quoted(value):
    return json.dumps(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value), ensure_ascii=False)


COLUMNS = {
    "boolean": ("boolVal", t.TBoolColumn, False), "tinyint": ("byteVal", t.TByteColumn, 0),
    "smallint": ("i16Val", t.TI16Column, 0), "integer": ("i32Val", t.TI32Column, 0), "bigint": ("i64Val", t.TI64Column, 0),
    "hugeint": ("i64Val", t.TI64Column, 0), "float": ("doubleVal", t.TDoubleColumn, 0.0),
    "double": ("doubleVal", t.TDoubleColumn, 0.0), "blob": ("binaryVal", t.TBinaryColumn, b""),
}


def column(array, kind, form):
    """A column of a column set. Its null bitmap is Arrow's validity bitmap turned round: both count bits from the lowest."""
    name, made, placeholder = COLUMNS.get(kind.kind, ("stringVal", t.TStringColumn, ""))
    values = array if name != "stringVal" else text(array, kind, form.hive)
    nulls = pc.is_null(values).buffers()[1].to_pybytes()[:(len(values) + 7) // 8] if len(values) else b""
    if form.hive:
        # Zero bytes at the end are cut; listing calls, which are made of other code, keep room for the bit behind the last one.
        nulls = nulls.rstrip(b"\0")
        nulls = nulls.ljust(1 + int.from_bytes(nulls, "little").bit_length() // 8, b"\0") if form.listing else nulls
        placeholder = True if name == "boolVal" else placeholder
    if values.null_count:
        values = pc.fill_null(values, placeholder) if not pa.types.is_null(values.type) else pa.array([""] * len(values))
    return t.TColumn(**{name: made(values.to_pylist(), nulls)})
