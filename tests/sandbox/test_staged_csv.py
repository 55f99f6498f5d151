"""The CSV that the library stages, loaded by the COPY INTO that it writes, on DuckDB."""

import pytest
from clients import Reader, connect
from databricks.sql.exc import DatabaseError, ServerOperationError

from csv_rows import TYPES, expect_same, expect_same_in_any_order, rows, table, through_copy_into


@pytest.fixture
def query(sandbox):
    """By way of Arrow: the connector's rows have None for NaN."""
    with connect(sandbox.port) as connection:
        yield lambda statement: Reader("Python Arrow").query(connection, statement)


@pytest.mark.parametrize("compress", [False, True], ids=["csv", "gzip"])
def test_every_cell_comes_back(query, build, tmp_path, compress):
    made = rows(11, 500)
    expect_same(through_copy_into(query, build, table(made), tmp_path, compress), made, TYPES)


@pytest.mark.parametrize("name", ["first", "i"])
def test_a_table_of_one_column(query, build, tmp_path, name):
    made = rows(12, 300)
    expect_same_in_any_order(through_copy_into(query, build, table(made, [name]), tmp_path), made, name)


def test_nuls_beside_quotes_need_an_option(query, tmp_path):
    """Without it Spark loses them, which DuckDB would not show."""
    (tmp_path / "a.csv").write_bytes(b'id,s\n1,"a""b\0"\n')
    query("CREATE TABLE main.default.csv_nuls (id INT, s STRING)")
    copy = (f"COPY INTO main.default.csv_nuls FROM (SELECT CAST(id AS INT) AS id, s FROM '{tmp_path}') FILEFORMAT = CSV "
            "FORMAT_OPTIONS ('header' = 'true', 'escape' = '\"', 'nullValue' = '-'{})")
    with pytest.raises((DatabaseError, ServerOperationError), match="charToEscapeQuoteEscaping"):
        query(copy.format(""))
    assert query(copy.format(", 'charToEscapeQuoteEscaping' = '\"'"))[0][0] == 1
    assert query("SELECT s FROM main.default.csv_nuls") == [('a"b\0',)]
    query("DROP TABLE main.default.csv_nuls")
