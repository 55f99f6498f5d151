"""COPY INTO on the sandbox's engine Spark: what tests/sandbox/test_copy_into.py says of the engine DuckDB, and what only Spark does."""

import gzip

import pytest
from test_copy_into import (  # noqa: F401
    INFER,
    MERGE,
    bucket,
    copy,
    failure,
    ledger,
    stage,
    test_a_statement_without_its_client,
    test_cancel_before_anything_is_loaded,
    test_casts_of_the_select,
    test_columns_that_are_not_there,
    test_credentials_are_really_used,
    test_files_pattern_and_hidden_names,
    test_inference_without_files,
    test_ledger_goes_with_the_table,
    test_merge_schema,
    test_names_meet_in_any_order_and_case,
    test_not_null,
    test_one_column_and_blank_lines,
    test_s3,
    test_secrets_are_never_shown,
    test_secrets_of_a_load_that_succeeds,
    test_texts_stay_as_they_are,
    test_volumes,
    test_without_a_header,
)


@pytest.fixture
def sandbox(engine):
    return engine


@pytest.fixture
def schema(space):
    return space


def test_each_file_by_its_own_header(query, copy, stage, schema, sandbox):
    """One version a statement, each file once; the history's numbers, and the ledger's."""
    stage("a.csv", 'id,s\n1,"x\ny"\n2,\n')
    stage("b.csv", 's,id\n"",3\n')
    stage("c.csv.gz", gzip.compress("id,s\n4,ü\n".encode()))
    stage("d.csv", "id,s\n")
    query("CREATE TABLE t (id INT, s STRING, other DATE)")
    assert copy() == (4, 4, 0)
    rows = [(1, "x\ny", None), (2, None, None), (3, "", None), (4, "ü", None)]
    assert query("SELECT * FROM t ORDER BY id") == rows
    assert copy(f"main.{schema}.t") == (0, 0, 0)
    stage("e.csv", "id,s\n")
    assert copy() == (0, 0, 0)
    history = query("DESCRIBE HISTORY t")
    assert [(row[0], row[4], row[13]) for row in history] == [(2, "COPY INTO", None), (1, "COPY INTO", None), (0, "CREATE TABLE", None)]
    assert [{name: dict(row[12])[name] for name in ("numFiles", "numOutputRows", "numSkippedCorruptFiles")} for row in history[:2]] == [
        {"numFiles": "1", "numOutputRows": "0", "numSkippedCorruptFiles": "0"}, {"numFiles": "4", "numOutputRows": "4", "numSkippedCorruptFiles": "0"}]
    assert query("SELECT * FROM t VERSION AS OF 1 ORDER BY id") == rows
    files = ledger(sandbox, schema)
    assert [(file["path"], file["size"], file["rows"], file["version"]) for file in files[:2]] == [
        (f"file:{stage.url}/a.csv", 16, 2, 1), (f"file:{stage.url}/b.csv", 10, 1, 1)]
    sandbox.control("POST", f"cut_history?table=main.{schema}.t")
    assert ledger(sandbox, schema) == files and copy() == (0, 0, 0)
    assert copy(rest="FILES = ('a.csv', 'gone.csv') COPY_OPTIONS ('force' = 'true')") == (2, 2, 0)


def test_the_address_of_a_file(query, copy, stage):
    stage("a.csv", "n\n7\n")
    query("CREATE TABLE t (n STRING, f STRING, z BIGINT)")
    assert copy(select="*, upper(_metadata.file_path) AS f, _metadata.file_size AS z") == (1, 1, 0)
    assert query("SELECT n, f, z FROM t") == [("7", f"file:{stage.url}/a.csv".upper(), 4)]


def test_columns_that_spark_infers(query, copy, stage):
    query("CREATE TABLE t")
    assert "[DELTA_READ_TABLE_WITHOUT_COLUMNS]" in failure(query, "SELECT * FROM t")
    stage("a.csv", "i,d,t,s,n\n1,1.5,2024-01-01 00:00:00,x,1.\n,,,,9223372036854775808\n")
    assert "[COPY_INTO_SCHEMA_MISMATCH_WITH_TARGET_TABLE]" in failure(copy, **INFER)
    assert copy(rest=MERGE, **INFER) == (2, 2, 0)
    assert query("DESCRIBE t") == [("i", "int", None), ("d", "double", None), ("t", "timestamp", None), ("s", "string", None), ("n", "decimal(19,0)", None)]
    stage("b.csv", "i,more\n2,true\n")
    assert copy(rest=MERGE, **INFER) == (1, 1, 0)
    assert query("SELECT i, s, more FROM t ORDER BY i") == [(None, None, None), (1, "x", None), (2, None, True)]
    assert [row[4] for row in query("DESCRIBE HISTORY t")] == ["COPY INTO", "COPY INTO", "CREATE TABLE"]
    query("CREATE TABLE texts")
    assert copy("texts", rest=MERGE) == (3, 3, 0)
    assert query("DESCRIBE texts") == [(name, "string", None) for name in ("i", "d", "t", "s", "n", "more")]


@pytest.mark.parametrize("more, text, expected", [
    ({"escape": None}, '1,"x\\"y"\n', 'x"y'), ({"lineSep": None}, "1,x\r\n", "x"), ({"mode": "DROPMALFORMED"}, "1,x\n2\n", "x"), ({"sep": "||"}, "1||x\n", "x"),
    ({"encoding": "UTF-16LE"}, "1,ü\n".encode("utf-16-le"), "ü"), ({"ignoreLeadingWhiteSpace": "true"}, "1, x\n", "x"), ({"comment": "#"}, "#\n1,#\n", "#")])
def test_options_are_sparks(query, copy, stage, more, text, expected):
    query("CREATE TABLE t (i INT, s STRING)")
    stage("a.csv", text)
    assert copy("t BY POSITION", header="false", **more) == (1, 1, 0)
    assert query("SELECT * FROM t") == [(1, expected)]


@pytest.mark.parametrize("name, text, expected", [
    ("many.csv", "id,s\n1,2,3\n", ["[FAILED_READ_FILE.NO_HINT]", "/many.csv", "[MALFORMED_RECORD_IN_PARSING"]), ("few.csv", "id,s\n1\n", ["[MALFORMED_"]),
    ("text.csv", "id,s\nx,2\n", ["[CAST_INVALID_INPUT]"]), ("cut.csv.gz", gzip.compress(b"id,s\n1,2\n" * 99)[:-9], ["[FAILED_READ_FILE", "/cut.csv.gz"]),
    ("more.csv", "id,s,nope\n1,2,3\n", ["[COPY_INTO_SCHEMA_MISMATCH_WITH_TARGET_TABLE]", "nope"])])
def test_one_bad_file(query, copy, stage, tmp_path, name, text, expected):
    """Nothing is loaded, and the error names the staged file, not the copy that was read."""
    query("CREATE TABLE t (id INT, s STRING)")
    stage("good.csv", "id,s\n1,2\n")
    stage(name, text)
    said, at = failure(copy), 0
    for part in expected:
        at = said.index(part, at)
    assert "/sandbox-copy" not in said and "copy_rows" not in said
    assert query("SELECT count(*) FROM t") == [(0,)] and len(query("DESCRIBE HISTORY t")) == 1
    (tmp_path / name).unlink()
    assert copy() == (1, 1, 0)


@pytest.mark.parametrize("select", ["max(id) AS id", "DISTINCT id", "(SELECT 1) AS id", "row_number() OVER (ORDER BY id) AS id"])
def test_only_expressions_over_the_source(query, copy, stage, select):
    query("CREATE TABLE t (id INT)")
    stage("a.csv", "id\n1\n")
    assert "[UNSUPPORTED_BY_SANDBOX]" in failure(copy, select=select)


@pytest.mark.parametrize("statement, expected", [
    ("COPY INTO gone FROM '/tmp' FILEFORMAT = CSV", "[DELTA_MISSING_DELTA_TABLE_COPY_INTO]"), ("COPY INTO w FROM '/tmp' FILEFORMAT = CSV", "[DELTA_COPY_INTO_TARGET_FORMAT]"),
    ("COPY INTO t FROM '/tmp' FILEFORMAT = CSV FORMAT_OPTIONS ('skipRows' = '1')", "[UNSUPPORTED_BY_SANDBOX]"),
    ("COPY INTO t FROM '/tmp' FILEFORMAT = CSV FORMAT_OPTIONS ('nope' = '1')", "does not know the option 'nope'"), ("COPY t FROM '/x'", "[PARSE_SYNTAX_ERROR]")])
def test_refusals(query, schema, statement, expected):
    query("CREATE TABLE t (id INT)")
    query("CREATE VIEW w AS SELECT id FROM t")
    assert expected in failure(query, statement)


def test_files_without_a_byte(query, copy, stage):
    query("CREATE TABLE t (id INT)")
    stage("empty.csv", "")
    assert "[COPY_INTO_SOURCE_SCHEMA_INFERENCE_FAILED]" in failure(copy)
