"""Names that need care: whatever can be quoted works."""

import pytest

ODD = ["with blank", "dot.ted", "back`tick", 'quo"te', "apo'strophe", "da-sh", "ümläut", "emoji😀", "select", "main", "temp", "percent%s",
       "brace{}", "back\\slash", "new\nline", "information schema", ":colon", "?mark", "semi;colon", "-- comment", "__x"]


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


@pytest.mark.parametrize("name", ODD)
def test_a_name_works_everywhere(shared, name):
    catalog, schema, table, column = (quoted(prefix + name) for prefix in ("c", "s", "", ""))
    try:
        shared(f"CREATE CATALOG {catalog}")
        shared(f"CREATE SCHEMA {catalog}.{schema}")
        shared(f"CREATE TABLE {catalog}.{schema}.{table} ({column} INT, other STRING)")
        shared(f"INSERT INTO {catalog}.{schema}.{table} ({column}) VALUES (1), (2)")
        assert shared(f"SELECT {column} FROM {catalog}.{schema}.{table} AS {table} ORDER BY {column}") == [(1,), (2,)]
        assert shared(f"SELECT {table}.{column} FROM {catalog}.{schema}.{table} VERSION AS OF 0") == []
        assert shared(f"SELECT {catalog}.{schema}.{table}.{column} FROM {catalog}.{schema}.{table} WHERE {column} = 2") == [(2,)]
        shared(f"UPDATE {catalog}.{schema}.{table} SET {column} = {column} + 1")
        shared(f"CREATE OR REPLACE TEMPORARY VIEW {quoted('v' + name)} AS SELECT *, {column} + 1 AS {quoted(name + '2')} "
              f"FROM {catalog}.{schema}.{table}")
        assert shared(f"SELECT {quoted(name + '2')} FROM {quoted('v' + name)} ORDER BY 1") == [(3,), (4,)]
        assert ("c" + name).lower() in [row[0] for row in shared("SHOW CATALOGS")]
        assert ("s" + name).lower() in [row[0] for row in shared(f"SHOW SCHEMAS IN {catalog}")]
        assert name.lower() in [row[1] for row in shared(f"SHOW TABLES IN {catalog}.{schema}")]
        assert shared(f"DESCRIBE TABLE {catalog}.{schema}.{table}")[0] == (name, "int", None)
        assert shared(f"SELECT column_name FROM {catalog}.information_schema.columns WHERE table_schema = :schema AND "
                     "table_name = :table ORDER BY ordinal_position", {"schema": ("s" + name).lower(), "table": name.lower()}) == [
                         (name,), ("other",)]
        shared(f"USE {catalog}.{schema}")
        assert shared("SELECT current_catalog(), current_schema()") == [(("c" + name).lower(), ("s" + name).lower())]
        assert len(shared(f"DESCRIBE HISTORY {table} LIMIT 1")) == 1
    finally:
        shared(f"DROP CATALOG {catalog} CASCADE")


def test_case_does_not_count(query, schema):
    query("CREATE TABLE MixedCase (SomeColumn INT)")
    query("INSERT INTO mixedcase (SOMECOLUMN) VALUES (1)")
    assert query("SELECT somecolumn FROM MIXEDCASE") == [(1,)]
    assert query("DESCRIBE mixedCASE") == [("SomeColumn", "int", None)]


def test_columns_of_one_name_in_a_result(cursor):
    cursor.execute("SELECT 1 AS a, 2 AS a")
    assert [column[0] for column in cursor.description] == ["a", "a"] and cursor.fetchall() == [(1, 2)]
