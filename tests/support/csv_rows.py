"""Random rows of every type that a load takes, with the values that harm CSV, and the CSV that the library writes of them."""

import base64
import gzip
import math
import random
import re
import struct
import subprocess
import uuid
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa

SENTINEL = "null_5f0e8a6c1b7d42939c1f60d2a4e8b357"
TYPES = {
    "id": ("BIGINT", pa.int64()), "first": ("STRING", pa.string()), "b": ("BOOLEAN", pa.bool_()), "ti": ("TINYINT", pa.int8()),
    "si": ("SMALLINT", pa.int16()), "i": ("INT", pa.int32()), "bi": ("BIGINT", pa.int64()), "f": ("FLOAT", pa.float32()),
    "d": ("DOUBLE", pa.float64()), "price": ("DECIMAL(10,2)", pa.decimal128(10, 2)), "wide": ("DECIMAL(38,0)", pa.decimal128(38, 0)),
    "tiny": ("DECIMAL(38,38)", pa.decimal128(38, 38)), "s": ("STRING", pa.string()), "bin": ("BINARY", pa.binary()),
    "da": ("DATE", pa.date32()), "ts": ("TIMESTAMP", pa.timestamp("us", "UTC")), "ntz": ("TIMESTAMP_NTZ", pa.timestamp("us")),
    "the`last": ("STRING", pa.string()),
}
TEXTS = [
    "", " ", "  lead", "trail  ", "\t", "\ttab\t", "plain", "a,b", ",", '"', '""', '"""', 'a"b', '"quoted"', ' "q"', '"q" ', '","', '"\n"', '",\n"',
    "\\", "ends\\", '\\"', '"\\', "\\\\", "a\\nb", "\\N", "\n", "\r", "\r\n", "a\nb", "a\rb", "a\r\nb", "ends\n", "ends\r", "\nbegins", "\n\n", "\r\r\n\n",
    "\0", "a\0b", "\0\n\0", "#comment", "\x01\x1a\x7f\x1f", "\ufeff", "\ufeffmark", "in\ufeffside", "😀", "👩‍👩‍👧‍👦,", "Größe €", "e\u0301", "\u2028\u2029\u0085",
    "\u00a0nbsp\u00a0", "NULL", "null", "N/A", "NaN", "true", "0", "00501", "+49", "1e5", "-", "'", "''", "'a,b'", "`", "${x}", ";", "|", "=1+1", SENTINEL[:-1],
    SENTINEL + " ", " " + SENTINEL, SENTINEL.upper(), SENTINEL + ",", "x" * 7, "x" * 8, "x" * 9, "x" * 4000 + '"' + "y" * 4000, "ü" * 3000, ",\"\n" * 500,
]
LETTERS = 'abc ,"\n\r\t\\\0#\'\ufeffé😀x;|'
EPOCH = date(1970, 1, 1)
FIRST_US, LAST_US = -62135596800000000, 253402300799999999


def float32(number):
    return struct.unpack("f", struct.pack("f", number))[0]


def any_text(pick):
    if pick.random() < 0.6:
        return pick.choice(TEXTS)
    return "".join(pick.choice(LETTERS) for _ in range(pick.randrange(40)))


def any_integer(pick, bits):
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    return pick.choice([low, high, 0, -1, 1, pick.randint(low, high), pick.randint(-1000, 1000) % (high + 1)])


def any_double(pick):
    return pick.choice([0.0, -0.0, 1.0, 0.1, 0.1 + 0.2, 1e16, 1e22, 123456789012345680.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, math.nan,
                        math.inf, -math.inf, 1e-5, pick.uniform(-1e6, 1e6), pick.randrange(10**9) / 100, struct.unpack("d", pick.randbytes(8))[0]])


def any_float(pick):
    return pick.choice([0.0, -0.0, float32(0.1), float32(1e-45), float32(3.4028234663852886e38), float32(16777216), math.nan, math.inf, -math.inf,
                        float32(pick.uniform(-1e6, 1e6)), struct.unpack("f", pick.randbytes(4))[0]])


def any_decimal(pick, precision, scale):
    most = 10**precision - 1
    return Decimal((int(pick.random() < 0.5), tuple(map(int, str(pick.choice([0, 1, most, pick.randint(0, most), pick.randrange(1000) % (most + 1)])))), -scale))


def any_us(pick):
    return pick.choice([FIRST_US, LAST_US, 0, -1, 1, -1000000, 951782400000000, pick.randint(FIRST_US, LAST_US), pick.randint(0, 2 * 10**15)])


MAKERS = {
    "b": lambda pick: pick.random() < 0.5, "ti": lambda pick: any_integer(pick, 8), "si": lambda pick: any_integer(pick, 16),
    "i": lambda pick: any_integer(pick, 32), "bi": lambda pick: any_integer(pick, 64), "f": any_float, "d": any_double,
    "price": lambda pick: any_decimal(pick, 10, 2), "wide": lambda pick: any_decimal(pick, 38, 0), "tiny": lambda pick: any_decimal(pick, 38, 38),
    "bin": lambda pick: pick.choice([b"", b"\0", b"\xff\xfe", b",\"\n", pick.randbytes(pick.randrange(50))]),
    "da": lambda pick: EPOCH + timedelta(microseconds=any_us(pick)),
}


def naive(us):
    return datetime(1970, 1, 1) + timedelta(microseconds=us)


def value(pick, name):
    """A cell of a column, NULL in one of five."""
    if pick.random() < 0.2:
        return None
    if name == "ts":
        return naive(any_us(pick)).replace(tzinfo=timezone.utc)
    if name == "ntz":
        return naive(any_us(pick))
    return MAKERS.get(name, any_text)(pick)


def rows(seed, count):
    """Rows by name; first the nasty texts one by one, each as first, middle and last cell of its row."""
    pick = random.Random(seed)
    made = [{name: value(pick, name) for name in TYPES} | {"id": n} for n in range(count)]
    for row, text in zip(made, TEXTS):
        row.update({"first": text, "s": text, "the`last": text})
    return made


def table(made, names=tuple(TYPES)):
    return pa.table({name: pa.array([row[name] for row in made], TYPES[name][1]) for name in names})


def write_table(made, path, batch_rows=1000):
    with pa.ipc.new_stream(str(path), made.schema) as out:
        out.write_table(made, max_chunksize=batch_rows)


def driver(build, *arguments):
    return subprocess.run([build / "tests/csv_driver", *arguments], check=True, capture_output=True).stdout


def as_csv(build, made, folder):
    """The CSV of a table, written from columns and row by row, which is the same."""
    path = folder / "table.arrows"
    write_table(made, path)
    text = driver(build, path, SENTINEL, "columns")
    assert driver(build, path, SENTINEL, "rows") == text
    return text


def copy_into_text(build, made, folder):
    """What the library writes into COPY INTO for such columns: the SELECT list, and the options of the reader."""
    path = folder / "columns.arrows"
    write_table(made.slice(0, 0), path)
    return [driver(build, path, SENTINEL, part).decode() for part in ("select", "options")]


def copy_into(build, made, folder):
    """The same with the options as what they mean."""
    select, options = copy_into_text(build, made, folder)
    return select, {name: value.replace("\\n", "\n") for name, value in re.findall(r"'(\w+)' = '(.*?)'(?:, |$)", options)}


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def through_copy_into(query, build, made, folder, compress=False):
    """The rows of a table that COPY INTO has filled with the library's CSV, by the library's statement, in the order of their first column."""
    names = made.column_names
    text = as_csv(build, made, folder)
    file = "1-1.csv.gz" if compress else "1-1.csv"
    (folder / "staged").mkdir()
    (folder / "staged" / file).write_bytes(gzip.compress(text) if compress else text)
    select, options = copy_into_text(build, made, folder)
    name = f"main.default.csv_{uuid.uuid4().hex}"
    query(f"CREATE TABLE {name} ({', '.join(f'{quoted(column)} {TYPES[column][0]}' for column in names)})")
    loaded = query(f"COPY INTO {name} FROM (SELECT {select} FROM '{folder}/staged') FILEFORMAT = CSV FILES = ('{file}') FORMAT_OPTIONS ({options})")
    assert loaded[0][:2] == (len(made), len(made))
    rows = query(f"SELECT {', '.join(map(quoted, names))} FROM {name} ORDER BY {quoted(names[0])}")
    query(f"DROP TABLE {name}")
    return rows


READ = {
    "BOOLEAN": {"true": True, "false": False}.__getitem__, "FLOAT": lambda text: float32(float(text)), "DOUBLE": float, "STRING": str,
    "BINARY": lambda text: base64.b64decode(text, validate=True), "DATE": date.fromisoformat, "TIMESTAMP": datetime.fromisoformat,
    "TIMESTAMP_NTZ": datetime.fromisoformat,
}


def of_text(name, text):
    """The value that a cell's text stands for, by Python's own reading."""
    kind = TYPES[name][0]
    if text is None:
        return None
    if kind.startswith("DECIMAL"):
        return Decimal(text)
    return READ.get(kind, int)(text)


def same(a, b):
    """Equal, also to the sign of a zero, and NaN to itself."""
    if isinstance(a, float) and isinstance(b, float):
        return struct.pack("d", a) == struct.pack("d", b) or (math.isnan(a) and math.isnan(b))
    return type(a) is type(b) and a == b


def expect_same(got, made, names):
    """Rows as tuples against the rows that were made, cell by cell."""
    assert len(got) == len(made)
    for row, cells in zip(made, got):
        for name, cell in zip(names, cells, strict=True):
            assert same(cell, row[name]), f"row {row['id']}, {name}: {cell!r} instead of {row[name]!r}"


def expect_same_in_any_order(got, made, name):
    """Of a table of one column, which says nothing of the rows' order."""
    def key(cell):
        return repr(cell) if isinstance(cell, float) else str(cell)
    expect_same(sorted(got, key=lambda row: key(row[0])), sorted(made, key=lambda row: key(row[name])), [name])
