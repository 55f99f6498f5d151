"""The CSV that the library stages, loaded by the COPY INTO that it writes, on Spark: its own CSV reader and casts."""

import pytest

from clients import Reader
from csv_rows import TYPES, expect_same, expect_same_in_any_order, rows, table, through_copy_into


@pytest.fixture(scope="module")
def query(connection):
    """By way of Arrow: the connector's rows have None for NaN."""
    return lambda statement: Reader("Python Arrow").query(connection, statement)


@pytest.mark.parametrize("count, compress", [(2000, False), (200, True), (0, False)], ids=["csv", "gzip", "no-rows"])
def test_every_cell_comes_back(query, build, tmp_path, count, compress):
    made = rows(7, count)
    expect_same(through_copy_into(query, build, table(made), tmp_path, compress), made, TYPES)


@pytest.mark.parametrize("name", ["first", "i", "d", "bin", "ts"])
def test_a_table_of_one_column(query, build, tmp_path, name):
    made = rows(8, 500)
    expect_same_in_any_order(through_copy_into(query, build, table(made, [name]), tmp_path), made, name)
