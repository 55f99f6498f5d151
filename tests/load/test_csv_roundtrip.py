"""The CSV of loads, read by readers that are not ours."""

import csv
import io

import duckdb
import pyarrow.csv
import pytest

from csv_rows import SENTINEL, TYPES, as_csv, copy_into, expect_same, of_text, rows, table

ONE_COLUMN = ["first", "i", "d", "bin", "ts"]


def by_pyarrow(text):
    """Rows of texts. Its NULL rules are Spark's with a sentinel: nothing unquoted is NULL."""
    header = text.split(b"\n", 1)[0].decode().split(",")
    read = pyarrow.csv.read_csv(
        io.BytesIO(text), read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=1 << 26),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(header, "string"), null_values=[SENTINEL, ""], strings_can_be_null=True,
                                                   quoted_strings_can_be_null=False))
    return list(zip(*(column.to_pylist() for column in read.columns)))


def by_duckdb(text, folder):
    path = folder / "rows.csv"
    path.write_bytes(text)
    names = text.split(b"\n", 1)[0].decode().split(",")
    columns = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}"
    return duckdb.connect().execute(
        f"SELECT * FROM read_csv('{path}', auto_detect=false, columns={columns}, header=true, delim=',', quote='\"', escape='\"', "
        f"nullstr=['{SENTINEL}', ''], allow_quoted_nulls=false, parallel=false)").fetchall()


def by_python(text):
    """Texts alone: it does not tell NULL from the empty string."""
    return list(csv.reader(io.StringIO(text.decode(), newline=""), strict=True))[1:]


def values(names, read):
    return [[of_text(name, cell) for name, cell in zip(names, row, strict=True)] for row in read]


@pytest.mark.parametrize("seed", [1, 2])
def test_every_cell_comes_back(build, tmp_path, seed):
    made = rows(seed, 2000)
    text = as_csv(build, table(made), tmp_path)
    expect_same(values(TYPES, by_pyarrow(text)), made, TYPES)
    expect_same(values(TYPES, by_duckdb(text, tmp_path)), made, TYPES)


@pytest.mark.parametrize("name", ONE_COLUMN)
def test_a_table_of_one_column(build, tmp_path, name):
    """A blank line would be no row for Spark."""
    made = rows(3, 500)
    text = as_csv(build, table(made, [name]), tmp_path)
    assert not any(line == [] for line in by_python(text))
    expect_same(values([name], by_pyarrow(text)), made, [name])
    expect_same(values([name], by_duckdb(text, tmp_path)), made, [name])


def test_no_more_quotes_than_needed(build, tmp_path):
    made = [row | {"first": text} for row, text in zip(rows(4, 4), ["plain", " a ", "Größe €", "it's"])]
    text = as_csv(build, table(made, ["id", "first"]), tmp_path)
    assert text.decode() == "id,first\n0,plain\n1, a \n2,Größe €\n3,it's\n"


def test_what_copy_into_is_told(build, tmp_path):
    select, options = copy_into(build, table(rows(5, 1)), tmp_path)
    assert options == {"header": "true", "sep": ",", "quote": '"', "escape": '"', "charToEscapeQuoteEscaping": '"', "multiLine": "true", "lineSep": "\n",
                       "encoding": "UTF-8", "mode": "FAILFAST", "nullValue": SENTINEL}
    assert select == (
        "CAST(`id` AS BIGINT) AS `id`, `first`, CAST(`b` AS BOOLEAN) AS `b`, CAST(`ti` AS TINYINT) AS `ti`, CAST(`si` AS SMALLINT) AS `si`, "
        "CAST(`i` AS INT) AS `i`, CAST(`bi` AS BIGINT) AS `bi`, CAST(`f` AS FLOAT) AS `f`, CAST(`d` AS DOUBLE) AS `d`, "
        "CAST(`price` AS DECIMAL(10,2)) AS `price`, CAST(`wide` AS DECIMAL(38,0)) AS `wide`, CAST(`tiny` AS DECIMAL(38,38)) AS `tiny`, `s`, "
        "unbase64(`bin`) AS `bin`, CAST(`da` AS DATE) AS `da`, CAST(`ts` AS TIMESTAMP) AS `ts`, CAST(`ntz` AS TIMESTAMP_NTZ) AS `ntz`, `the``last`")
