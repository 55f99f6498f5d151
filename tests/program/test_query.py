"""Browsing and querying through the program."""

import csv
import io
import json

import pytest


def test_check(program):
    output = program("check")
    assert "SELECT 1" in output.out


def test_browsing(program, sql, schema):
    name = schema.split(".")[1]
    sql(f"CREATE TABLE {schema}.`we``ird t` (id INT COMMENT 'key', `a.b` DECIMAL(10,2))", f"CREATE TABLE {schema}.plain (id INT)")
    assert "main" in program("catalogs").out.split()
    assert name in program("schemas", "main").out.split()
    assert program("tables", schema).out.splitlines() == ["plain", "`we``ird t`"]
    columns = json.loads(program("columns", f"{schema}.`we``ird t`", "--json").out)
    assert [(c["name"], c["type"], c["comment"]) for c in columns] == [("id", "INT", "key"), ("a.b", "DECIMAL(10,2)", "")]


@pytest.mark.parametrize("arguments", [("schemas", "nope"), ("tables", "main.nope"), ("columns", "main.default.nope")])
def test_browsing_what_is_not_there(program, arguments):
    assert "nope" in program(*arguments, code=1).err


def test_formats(program):
    text = "SELECT 1 AS a, 'x,\"y\"\nz' AS b, CAST(NULL AS STRING) AS c, '' AS d"
    assert program("query", text, "--format", "json").lines == [{"a": 1, "b": 'x,"y"\nz', "c": None, "d": ""}]
    output = program("query", text, "--format", "csv").out
    assert list(csv.reader(io.StringIO(output, newline=""))) == [["a", "b", "c", "d"], ["1", 'x,"y"\nz', "", ""]]
    assert output.endswith(',,""\n')
    assert "a" in program("query", text).out


def test_a_large_result_is_whole(program):
    output = program("query", "SELECT id FROM range(250000) ORDER BY id", "--format", "csv")
    assert output.out.splitlines()[1:] == [str(i) for i in range(250000)]


@pytest.mark.parametrize("prefix", ["/sql/1.0/warehouses/sandbox", "/sql/protocolv1/o/0/sandbox"])
def test_both_kinds_of_compute(program, prefix):
    assert program("query", "SELECT 7 AS a", "--format", "json", env={"DATABRICKS_HTTP_PATH": prefix}).lines == [{"a": 7}]


def test_dml_says_how_many(program, sql, schema):
    sql(f"CREATE TABLE {schema}.t (id INT)")
    assert program("query", f"INSERT INTO {schema}.t VALUES (1), (2)", "--format", "json").lines[0]["num_affected_rows"] == 2


def test_a_long_statement_is_polled(program, faulty):
    faulty.faults({"rpc": "ExecuteStatement", "statement": "SELECT 42", "action": "run", "seconds": 1})
    assert program("query", "SELECT 42 AS a", "--format", "json").lines == [{"a": 42}]
    assert "GetOperationStatus" in faulty.calls("SELECT 42 AS a")


def test_an_insert_whose_answer_is_lost_is_not_repeated(program, sql, schema, faulty):
    sql(f"CREATE TABLE {schema}.t (id INT)")
    faulty.faults({"rpc": "ExecuteStatement", "statement": f"INSERT INTO {schema}.t", "action": "reset_after"})
    output = program("query", f"INSERT INTO {schema}.t VALUES (1)", code=3)
    assert "may have been carried out" in output.err
    assert sql(f"SELECT count(*) AS n FROM {schema}.t") == [{"n": 1}]


def test_compute_that_starts_is_waited_for(program, faulty):
    faulty.faults({"rpc": "OpenSession", "action": "cold_start", "seconds": 1.5, "retry_after": 1})
    output = program("query", "SELECT 1 AS a", "--format", "json", "--progress", "always")
    assert output.lines == [{"a": 1}] and "starting" in output.err


def test_authorization_file_and_profile(program, sandbox):
    auth = program.folder / "auth.json"
    auth.write_text(json.dumps({"label": "mine", "description": "for tests", "type": "databricks", "config": {
        "host": f"http://127.0.0.1:{sandbox.port}", "httppath": "/sql/1.0/warehouses/sandbox", "token": "sandbox"}}))
    nothing = {"DATABRICKS_HOST": "", "DATABRICKS_TOKEN": "", "DATABRICKS_HTTP_PATH": ""}
    assert program("--auth", auth, "query", "SELECT 1 AS a", "--format", "json", env=nothing).lines == [{"a": 1}]
    (program.folder / ".databrickscfg").write_text(
        f"[DEFAULT]\nhost = x\n[mine]\nhost = http://127.0.0.1:{sandbox.port}\nhttp_path = /sql/1.0/warehouses/sandbox\ntoken = sandbox\n")
    assert program("--profile", "mine", "query", "SELECT 1 AS a", "--format", "json", env=nothing).lines == [{"a": 1}]


def test_tls_with_its_own_authority(program, start, tmp_path):
    tls = start("--tls", "--ca-file", tmp_path / "ca.pem")
    env = {"DATABRICKS_HOST": f"https://localhost:{tls.port}", "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
    assert program("query", "SELECT 1 AS a", "--format", "json", env=env).lines == [{"a": 1}]
