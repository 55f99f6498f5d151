#!/usr/bin/env python3
"""Writes fixtures/*.bin: Arrow IPC messages made by pyarrow, so that an encoder that is not ours feeds the decoder.

Needs pyarrow. Run it in tests/wire after a change; the tests hold the expected values.
"""

import decimal
import pathlib
import struct

import pyarrow as pa
import pyarrow.cffi

HERE = pathlib.Path(__file__).resolve().parent / "fixtures"


MONTHS = pyarrow.cffi.ffi.new("char[]", b"tiM")


def with_months(batch, name):
    """The int32 column of this name becomes a month interval, which pyarrow can only take from the C data interface."""
    ffi = pyarrow.cffi.ffi
    array, schema = ffi.new("struct ArrowArray*"), ffi.new("struct ArrowSchema*")
    addresses = int(ffi.cast("uintptr_t", array)), int(ffi.cast("uintptr_t", schema))
    batch._export_to_c(*addresses)
    schema.children[batch.schema.get_field_index(name)].format = MONTHS
    return pa.RecordBatch._import_from_c(*addresses)


def write(name, batch, **options):
    options = pa.ipc.IpcWriteOptions(**options)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    for part, message in zip(("schema", "batch"), pa.ipc.MessageReader.open_stream(sink.getvalue())):
        (HERE / f"{name}.{part}.bin").write_bytes(message.serialize().to_pybytes())


def write_schema(name, schema):
    (HERE / f"{name}.schema.bin").write_bytes(schema.serialize().to_pybytes())


FLAT = [
    ("boolean", pa.array([True, None, False])),
    ("tinyint", pa.array([-128, None, 127], pa.int8())),
    ("smallint", pa.array([-32768, None, 32767], pa.int16())),
    ("int", pa.array([-2147483648, None, 2147483647], pa.int32())),
    ("bigint", pa.array([-(2**63), None, 2**63 - 1], pa.int64())),
    ("u8", pa.array([0, None, 255], pa.uint8())),
    ("u16", pa.array([0, None, 65535], pa.uint16())),
    ("u32", pa.array([0, None, 2**32 - 1], pa.uint32())),
    ("u64", pa.array([0, None, 2**64 - 1], pa.uint64())),
    ("float", pa.array([1.5, None, -0.1], pa.float32())),
    ("double", pa.array([0.1, None, float("-inf")], pa.float64())),
    ("decimal", pa.array([decimal.Decimal("-12345678.90"), None, decimal.Decimal("0.01")], pa.decimal128(10, 2))),
    ("text", pa.array(["", None, "grüße"])),
    ("large_text", pa.array(["a", None, "bc"], pa.large_string())),
    ("binary", pa.array([b"\x00\xff", None, b""])),
    ("large_binary", pa.array([b"", None, b"\x01"], pa.large_binary())),
    ("date", pa.array([-1, None, 19000], pa.date32())),
    ("timestamp", pa.array([-1, None, 1700000000123456], pa.timestamp("us", "Etc/UTC"))),
    ("timestamp_ntz", pa.array([0, None, 5], pa.timestamp("us"))),
    ("timestamp_s", pa.array([0, None, 5], pa.timestamp("s"))),
    ("months", pa.array([-14, None, 14], pa.int32())),
    ("duration", pa.array([-1, None, 86400000000], pa.duration("us"))),
    ("void", pa.nulls(3)),
    ("full", pa.array([1, 2, 3], pa.int32())),
]

NESTED = [
    ("list", pa.array([[1, None], None, []], pa.list_(pa.int32()))),
    ("large_list", pa.array([["x"], [], None], pa.large_list(pa.string()))),
    ("struct", pa.array([{"a": 1, "b": "p"}, None, {"a": None, "b": "q"}],
                        pa.struct([("a", pa.int64()), ("b", pa.string())]))),
    ("map", pa.array([[("k", 1), ("l", None)], None, []], pa.map_(pa.string(), pa.int32()))),
    ("deep", pa.array([[{"m": [("x", [True, False])]}], [None, {"m": None}], None],
                      pa.list_(pa.struct([("m", pa.map_(pa.string(), pa.list_(pa.bool_())))])))),
    ("void_list", pa.array([[None, None], [], None], pa.list_(pa.null()))),
    ("no_members", pa.array([{}, None, {}], pa.struct([]))),
]

REFUSED = {
    "dictionary": pa.dictionary(pa.int32(), pa.string()),
    "fixed_size_list": pa.list_(pa.int32(), 2),
    "fixed_size_binary": pa.binary(4),
    "decimal256": pa.decimal256(50, 2),
    "half_float": pa.float16(),
    "date64": pa.date64(),
    "time32": pa.time32("s"),
    "month_day_nano": pa.month_day_nano_interval(),
    "union": pa.sparse_union([pa.field("a", pa.int32())]),
    "string_view": pa.string_view(),
    "run_end": pa.run_end_encoded(pa.int32(), pa.string()),
}


def batch_of(columns):
    fields = [pa.field(name, array.type, metadata={"Spark:DataType:SqlName": name.upper(), "other": ""})
              for name, array in columns]
    return pa.RecordBatch.from_arrays([array for _, array in columns], schema=pa.schema(fields, {"made": "here"}))


class Flatbuffer:
    """Written front to back, parts may be pointed at several times: what no honest encoder makes."""

    def __init__(self):
        self.data = bytearray(4)
        self.point(0, self.table(0, {0: ("h", 4), 1: ("B", 1), 2: None, 3: ("q", 0)}))

    def pad(self, size=8):
        self.data += bytes(-len(self.data) % size)

    def point(self, slot, target):
        struct.pack_into("<I", self.data, slot, target - slot)

    def table(self, slot, fields):
        """fields: index -> (format, value), or None for an offset, whose place is put into self.slots by its index."""
        offsets, size = {}, 4
        for index, field in fields.items():
            width = struct.calcsize(field[0]) if field else 4
            size += -size % width
            offsets[index] = size
            size += width
        self.pad()
        vtable = len(self.data)
        count = max(fields, default=-1) + 1
        self.data += struct.pack("<HH", 4 + 2 * count, size)
        self.data += struct.pack(f"<{count}H", *(offsets.get(index, 0) for index in range(count)))
        self.pad()
        at = len(self.data)
        self.data += bytes(size)
        struct.pack_into("<i", self.data, at, at - vtable)
        self.slots = {}
        for index, field in fields.items():
            if field:
                struct.pack_into("<" + field[0], self.data, at + offsets[index], field[1])
            else:
                self.slots[index] = at + offsets[index]
        if slot:
            self.point(slot, at)
        return at

    def vector(self, slot, count):
        """Of offsets; gives their places."""
        self.pad()
        self.point(slot, len(self.data))
        self.data += struct.pack("<I", count)
        first = len(self.data)
        self.data += bytes(4 * count)
        return [first + 4 * i for i in range(count)]

    def text(self, slot, text):
        self.pad()
        self.point(slot, len(self.data))
        self.data += struct.pack("<I", len(text)) + text + b"\0"

    def message(self):
        self.pad()
        return b"\xff\xff\xff\xff" + struct.pack("<I", len(self.data)) + bytes(self.data)


def shared_metadata(fields, pairs, text):
    """A schema of `fields` times the same field, whose metadata is `pairs` times the same pair."""
    flat = Flatbuffer()
    flat.table(flat.slots[2], {1: None})
    fields = flat.vector(flat.slots[1], fields)
    field = flat.table(0, {2: ("B", 5), 3: None, 6: None})
    slots = flat.slots
    for slot in fields:
        flat.point(slot, field)
    flat.table(slots[3], {})
    pairs = flat.vector(slots[6], pairs)
    pair = flat.table(0, {0: None, 1: None})
    slots = flat.slots
    for slot in pairs:
        flat.point(slot, pair)
    for slot in slots.values():
        flat.text(slot, text)
    return flat.message()


def shared_name(fields, name):
    """A schema of `fields` times the same field with a long name."""
    flat = Flatbuffer()
    flat.table(flat.slots[2], {1: None})
    fields = flat.vector(flat.slots[1], fields)
    field = flat.table(0, {0: None, 2: ("B", 5), 3: None})
    slots = flat.slots
    for slot in fields:
        flat.point(slot, field)
    flat.table(slots[3], {})
    flat.text(slots[0], name)
    return flat.message()


def shared_structs(structs, members):
    """A schema of `structs` times the same struct, which has `members` times the same member."""
    flat = Flatbuffer()
    flat.table(flat.slots[2], {1: None})
    fields = flat.vector(flat.slots[1], structs)
    for kind, below in (13, members), (1, 0):
        field = flat.table(0, {2: ("B", kind), 3: None, 5: None})
        slots = flat.slots
        for slot in fields:
            flat.point(slot, field)
        flat.table(slots[3], {})
        fields = flat.vector(slots[5], below)
    return flat.message()


def doubling(depth):
    """A struct whose two members are one struct, whose two members are one struct ..."""
    flat = Flatbuffer()
    flat.table(flat.slots[2], {1: None})
    children = flat.vector(flat.slots[1], 1)
    for level in range(depth):
        field = flat.table(0, {2: ("B", 13), 3: None, 5: None})
        slots = flat.slots
        for slot in children:
            flat.point(slot, field)
        flat.table(slots[3], {})
        children = flat.vector(slots[5], 2 if level + 1 < depth else 0)
    return flat.message()


def main():
    HERE.mkdir(exist_ok=True)
    write("flat", with_months(batch_of(FLAT), "months"))
    write("nested", batch_of(NESTED))
    write("no_rows", with_months(batch_of(FLAT + NESTED).slice(0, 0), "months"))
    write("no_fields", pa.RecordBatch.from_arrays([], schema=pa.schema([])))
    required = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("name", pa.string())])
    rows = pa.RecordBatch.from_arrays([pa.array(range(10), pa.int64()), pa.array(["r%d" % i for i in range(10)])],
                                      schema=required)
    write("version4", rows, metadata_version=pa.ipc.MetadataVersion.V4)
    write("compressed", rows, compression="lz4")
    deep = pa.int32()
    for depth in range(2, 72):
        deep = pa.list_(deep)
        if depth in (64, 65):
            write_schema(f"depth_{depth}", pa.schema([("deep", deep)]))
    write_schema("too_deep", pa.schema([("deep", deep)]))
    for size in 55, 56:
        write_schema(f"zone_{size}", pa.schema([("at", pa.timestamp("us", "z" * size))]))
    (HERE / "fields_20000.schema.bin").write_bytes(shared_structs(100, 199))
    (HERE / "fields_20001.schema.bin").write_bytes(shared_structs(59, 338))
    (HERE / "shared_metadata.schema.bin").write_bytes(shared_metadata(1000, 2000, b"x" * 100))
    (HERE / "few_shared.schema.bin").write_bytes(shared_metadata(3, 2, b"abc"))
    (HERE / "shared_name.schema.bin").write_bytes(shared_name(1000, b"n" * 5000))
    (HERE / "doubling.schema.bin").write_bytes(doubling(40))
    (HERE / "few_doubled.schema.bin").write_bytes(doubling(3))
    for name, rows in ("most_voids", 1 << 24), ("too_many_voids", (1 << 24) + 1):
        write(name, pa.RecordBatch.from_arrays([pa.nulls(rows)], names=["void"]))
    for name, kind in REFUSED.items():
        write_schema(f"refused_{name}", pa.schema([("fine", pa.int32()), (name, kind)]))


main()
