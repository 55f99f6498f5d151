"""lytics-dbx load: the rows of a file are in the table, each exactly once; what is wrong is named and nothing is half-done."""

import fcntl
import json
import signal
import time

import pytest

from load import ids, numbers

TYPES = {"flag": "BOOLEAN", "tiny": "TINYINT", "small": "SMALLINT", "whole": "INT", "big": "BIGINT", "f": "FLOAT", "d": "DOUBLE",
         "money": "DECIMAL(38,10)", "name": "STRING", "raw": "BINARY", "day": "DATE", "at": "TIMESTAMP", "local": "TIMESTAMP_NTZ"}
SOME = {"flag": True, "tiny": -128, "small": 32767, "whole": -2147483648, "big": 9223372036854775807, "f": 0.1, "d": -1.5e300,
        "money": "1234567890123456789012345678.0123456789", "name": 'a "b", c\\\r\nd\x00\ufeff 😀', "raw": "AP/+", "day": "0001-01-01",
        "at": "2024-02-29T23:59:59.999999Z", "local": "1969-12-31T23:59:59.000001"}
OTHER = {"flag": False, "tiny": 127, "big": -9223372036854775808, "f": "NaN", "d": "-Infinity", "money": 12.5, "name": "", "raw": "",
         "day": "9999-12-31", "at": "2024-02-29 12:00:00+05:30", "local": "2024-02-29 12:00"}


@pytest.mark.parametrize("staging, more", [("directory", []), ("volume", ["--gzip"]), ("s3", []), ("s3", ["--gzip"])],
                         ids=lambda value: "".join(value) if isinstance(value, list) else value)
def test_each_type_arrives_as_it_was(load, sql, staging, more):
    one = load(columns=",".join(f"{name}:{kind}" for name, kind in TYPES.items()), staging=staging)
    one.write(SOME, OTHER | {"unknown": {"deep": [1]}}, {}, {name: None for name in TYPES})
    one.run(*more)
    rows = sql(f"SELECT * EXCEPT (money), CAST(money AS STRING) AS money FROM {one.table} ORDER BY tiny NULLS LAST")
    assert rows[0] == SOME
    assert rows[1] == OTHER | {"small": None, "whole": None, "money": "12.5000000000", "at": "2024-02-29T06:30:00.000000Z",
                               "local": "2024-02-29T12:00:00.000000"}
    assert rows[2] == rows[3] == {name: None for name in TYPES}
    assert len(rows) == 4 and one.report["rows"]["loaded"] == 4
    assert [row["type"] for row in json.loads(one.program("columns", one.table, "--json").out)] == list(TYPES.values())


def test_parts_end_by_rows_and_are_removed(load, sql):
    one = load()
    one.write(*numbers(1, 95))
    one.run("--part-rows", "10")
    assert ids(sql, one.table) == list(range(1, 96))
    assert [file["rows"] for file in one.report["files"]] == [10] * 9 + [5]
    assert one.left == []


def test_parts_end_by_bytes_and_may_stay(load, sql):
    one = load()
    one.write(*numbers(1, 300))
    one.run("--part-bytes", "500", "--keep-staged", "--gzip")
    assert ids(sql, one.table) == list(range(1, 301))
    assert len(one.left) == len(one.report["files"]) > 2 and all(path.name.endswith(".csv.gz") for path in one.left)


def test_a_summary_for_people(load):
    one = load()
    one.write(*numbers(1, 1234))
    output = one.run()
    assert output.out == "" and f"{one.table}: loaded" in output.err
    assert "1,234" in output.err and "files" in output.err and "version" in output.err


def test_a_report_for_programs(load):
    one = load()
    one.write(*numbers(1, 3))
    output = one.run("--json")
    report = json.loads(output.out)
    assert report == one.report and output.err == ""
    assert report["rows"]["loaded"] == report["rows"]["staged"] == 3 and report["error"] is None
    assert report["files"][0]["rows"] == 3 and report["versions"]["after"] is not None


def test_a_report_of_what_could_not_begin(load):
    """It has the same keys."""
    one = load()
    one.write(*numbers(1, 3))
    one.run(env={"DATABRICKS_TOKEN": "wrong"}, code=1)
    refused = one.report
    one.run(env={"DATABRICKS_TOKEN": ""}, code=2)
    assert one.report["error"]["status"] == "INVALID_ARGUMENT"
    one.run()
    assert one.report.keys() == refused.keys() and one.report["rows"].keys() == refused["rows"].keys()
    assert refused["error"]["status"] == "UNAUTHENTICATED" and refused["job"] == one.report["job"] and refused["files"] == []


def test_a_file_is_loaded_once(load, sql):
    one = load()
    one.write(*numbers(1, 10))
    one.run()
    assert "loaded already" in one.run().err
    one.file.touch()
    assert "loaded already" in one.run("--gzip", "--part-rows", "3").err
    assert ids(sql, one.table) == list(range(1, 11))
    one.write(*numbers(11, 12))                     # another content is another load
    one.run()
    assert ids(sql, one.table) == list(range(1, 13))


def test_lines_as_they_come(load, sql):
    """Blank lines do not count as rows, the last line needs no end, and what stands between tokens is left out."""
    one = load()
    one.write('{"id": 1}\r', "", " \t\r", ' { "ID" : 2 , "name" : "x" } ', '{"name":"y","id":3}', end="")
    one.run()
    assert sql(f"SELECT * FROM {one.table} ORDER BY id") == [{"id": 1, "name": None}, {"id": 2, "name": "x"}, {"id": 3, "name": "y"}]


def test_an_empty_file_makes_the_table(load, sql):
    one = load()
    one.file.write_bytes(b"\n\n")
    one.run()
    assert sql(f"SELECT count(*) AS n FROM {one.table}") == [{"n": 0}]


def test_odd_names(load, sql, schema):
    one = load(columns="`a:b`:INT,`c``d` : DECIMAL(10, 2),plain:STRING")
    one.table = f"{schema}.`my-table`"
    one.write({"a:b": 1, "c`d": "2.50", "plain": "x"})
    one.run()
    assert sql(f"SELECT `a:b` AS a, CAST(`c``d` AS STRING) AS b, plain FROM {one.table}") == [{"a": 1, "b": "2.50", "plain": "x"}]


def test_a_column_that_never_came_is_told(load):
    one = load(columns="id:INT,nmae:STRING")
    one.write(*numbers(1, 3))
    assert "warning" in (output := one.run()).err and "nmae" in output.err
    assert any("nmae" in warning for warning in one.report["warnings"])


@pytest.mark.parametrize("line, words", [
    ('{"id":3,"name":"x"', ["not valid JSON", "byte 19"]),
    ("[3]", ["an object"]),
    ('{"id":3,"id":4}', ["column id", "twice"]),
    ('{"id":3.0}', ["column id", "INT", "without point"]),
    ('{"id":2147483648}', ["column id", "2147483647"]),
    ('{"id":"3"}', ["column id", "string"]),
    ('{"name":3}', ["column name", "STRING"]),
    ('{"name":{"a":1}}', ["column name", "object"]),
    ('{"name":"\\ud800"}', ["byte 10", "surrogate"]),
    ('{"day":"2024-02-30"}', ["column day", "DATE"]),
    ('{"money":"123456789.00"}', ["column money", "DECIMAL(10,2)"]),
    ('{"money":0.001}', ["column money", "DECIMAL(10,2)"]),
    ('{"raw":"a"}', ["column raw", "base64"]),
])
def test_a_bad_row_is_named_and_nothing_is_loaded(load, sql, schema, line, words):
    one = load(columns="id:INT,name:STRING,day:DATE,money:DECIMAL(10,2),raw:BINARY")
    one.write(*numbers(1, 50), "", line, *numbers(51, 60))
    told = one.fails("--part-rows", "10")
    assert "rows.ndjson, line 52: " in told and all(word in told for word in words), told
    assert "line 52" in one.report["error"]["message"]
    assert sql(f"SHOW TABLES IN {schema}") == [] and one.left == []
    one.write(*numbers(1, 60))
    one.run()
    assert ids(sql, one.table) == list(range(1, 61))


def test_lines_of_any_length_up_to_the_limit(load):
    one = load()
    most = 64 << 20
    row = '{"id":1,"name":"%s"}' % ("x" * (most - 18))
    assert len(row) == most
    one.write(row, '{"id":2}', row + " ")
    assert "line 3: it has more than 67,108,864 bytes" in one.fails() and one.left == []


def test_a_long_line(load, sql):
    one = load()
    one.write({"id": 1, "name": "y" * (2 << 20)}, {"id": 2})
    one.run()
    assert sql(f"SELECT id, length(name) AS n FROM {one.table} ORDER BY id") == [{"id": 1, "n": 2 << 20}, {"id": 2, "n": None}]


@pytest.mark.parametrize("made, words", [
    ("(id BIGINT, name STRING)", ["id", "BIGINT"]),
    ("(id INT)", ["name"]),
])
def test_a_table_that_does_not_fit(load, sql, made, words):
    one = load()
    sql(f"CREATE TABLE {one.table} {made}")
    one.write(*numbers(1, 3))
    told = one.fails()
    assert all(word in told for word in words), told
    assert one.left == [] and sql(f"SELECT count(*) AS n FROM {one.table}") == [{"n": 0}]


def test_a_table_may_have_more(load, sql):
    one = load()
    sql(f"CREATE TABLE {one.table} (more DATE, NAME STRING, id INT)", f"INSERT INTO {one.table} VALUES (NULL, 'old', 0)")
    one.write(*numbers(1, 2))
    one.run()
    assert ids(sql, one.table) == [0, 1, 2]


@pytest.mark.parametrize("staging, words", [
    ({"secret_access_key": "wrong-and-secret"}, ["SignatureDoesNotMatch"]),
    ({"access_key_id": "nobody"}, ["InvalidAccessKeyId"]),
])
def test_keys_that_are_wrong(load, sql, schema, staging, words):
    one = load(staging="s3")
    one.stage(one.staging | staging)
    one.write(*numbers(1, 3))
    told = one.fails()
    assert all(word in told for word in words), told
    assert "wrong-and-secret" not in told + json.dumps(one.report)
    assert sql(f"SHOW TABLES IN {schema}") == []


def test_a_secret_that_begins_with_its_key_id(load, faulty):
    """The shorter one is hidden too, and leaves nothing of the longer one."""
    one = load(staging="s3")
    one.stage({key: value for key, value in one.staging.items() if key != "session_token"}
              | {"access_key_id": "sandbox", "secret_access_key": "sandbox-secret"})
    one.write(*numbers(1, 3))
    faulty.faults({"statement": "COPY INTO", "action": "refuse", "class": "X", "sqlstate": "XX000", "message": "no: {statement}"})
    told = one.fails() + json.dumps(one.report)
    assert "AWS_SECRET_KEY" in told and "-secret" not in told


def test_case_does_not_tell_loads_apart(load, sql):
    """Neither of the table nor of columns: the server does not either."""
    one = load()
    one.write(*numbers(1, 3))
    one.run()
    one.columns = "ID:INT,Name:string"
    one.table = one.table.upper()
    assert "loaded already" in one.run().err
    assert ids(sql, one.table) == [1, 2, 3]


@pytest.mark.parametrize("status, code", [(404, "NoSuchBucket"), (403, "AccessDenied")])
def test_a_bucket_that_is_not_ours(load, sql, schema, faulty, status, code):
    one = load(staging="s3")
    one.write(*numbers(1, 3))
    faulty.faults({"rpc": "S3.*", "action": "status", "status": status, "code": code, "times": 100})
    assert code in one.fails()
    assert sql(f"SHOW TABLES IN {schema}") == []
    faulty.control("DELETE", "faults")
    one.run()
    assert ids(sql, one.table) == [1, 2, 3]


def test_what_was_sealed_is_finished_before_another_file(load, sql, faulty):
    one = load()
    one.write(*numbers(1, 10))
    faulty.faults({"rpc": "ExecuteStatement", "statement": "COPY INTO", "action": "exception", "message": "no", "times": 100})
    one.fails()
    faulty.control("DELETE", "faults")
    one.write(*numbers(11, 15))
    assert "10 rows" in one.run().err
    assert ids(sql, one.table) == list(range(1, 16))
    assert one.left == []


def test_what_can_never_be_finished_is_named_and_may_be_given_up(load, sql):
    one = load()
    sql(f"CREATE TABLE {one.table} (id INT NOT NULL, name STRING)")
    one.write({"name": "a"})
    assert "other rows" not in one.fails()
    one.write(*numbers(1, 3))
    told = one.fails()
    assert "NOT NULL" in told and "of other rows was interrupted, and comes first (the option discard gives it up)" in told
    assert "load " in one.run("--discard").err and "was given up" in one.report["warnings"][0]
    assert ids(sql, one.table) == [1, 2, 3]


def test_a_staging_that_the_warehouse_does_not_see(load, sql, tmp_path):
    one = load()
    one.stage(one.staging | {"url": f"file:{tmp_path}/elsewhere"})
    one.write(*numbers(1, 3))
    told = one.fails(code=3)
    assert f"at file:{tmp_path}/elsewhere" in told and "sees what was staged" in told
    assert sql(f"SELECT count(*) AS n FROM {one.table}") == [{"n": 0}]


def test_what_was_not_sealed_is_dropped(load, sql):
    one = load()
    one.write(*numbers(1, 10), "{")
    one.fails("--part-rows", "3")
    one.write(*numbers(11, 15))
    one.run()
    assert ids(sql, one.table) == list(range(11, 16)) and one.left == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(load, sql, number):
    one = load()
    with one.file.open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in numbers(1, 300000))
    with one.program.start(*one.arguments, "--part-rows", "200") as process:
        while not one.left and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "cancelled" in err and out == "" and one.left == []
    one.write(*numbers(1, 5))
    one.run()
    assert ids(sql, one.table) == [1, 2, 3, 4, 5]


def test_two_at_once(load):
    one = load()
    one.write(*numbers(1, 3))
    one.run()
    lock = next(one.state.glob("*.lock"))
    with lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "another runner" in one.fails(code=4)


def test_a_file_that_changes_meanwhile(load, faulty):
    """Rows are added while the session is opened, between the two readings."""
    one = load()
    one.write(*numbers(1, 3))
    faulty.faults({"rpc": "OpenSession", "action": "delay", "seconds": 1})
    with one.program.start(*one.arguments) as process:
        while "OpenSession" not in faulty.calls()[-1:]:
            time.sleep(0.01)
            assert process.poll() is None
        one.write(*numbers(1, 4))
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "changed while it was read" in err
    assert one.left == []


def test_progress_on_request(load):
    one = load()
    one.write(*numbers(1, 5000))
    err = one.run("--progress", "always").err
    assert "staging" in err and "of 5,000 rows" in err


@pytest.mark.parametrize("staging", ["directory", "volume", "s3"])
def test_check_tries_the_staging(load, staging):
    one = load(staging=staging)
    output = one.program("check", "--staging", one.program.folder / "staging.json")
    assert "staging" in output.out.splitlines()[-1] and one.left == []
    steps = json.loads(one.program("check", "--json", "--staging", one.program.folder / "staging.json").out)["steps"]
    assert steps[-1]["name"] == "staging" and steps[-1]["ok"]


def test_check_names_the_staging(load, faulty):
    one = load(staging="volume")
    faulty.faults({"rpc": "Files.Put", "action": "status", "status": 403, "times": 10})
    output = one.program("check", "--staging", one.program.folder / "staging.json", code=1)
    assert "staging" in output.out.splitlines()[-1] and "ldbx-probe-" in output.err
    answer = json.loads(one.program("check", "--json", "--staging", one.program.folder / "staging.json", code=1).out)
    assert not answer["ok"] and answer["missing"] == "staging"


def test_check_reads_the_staging_first(load):
    one = load()
    one.stage({"type": "directory"})
    assert "path" in one.program("check", "--staging", one.program.folder / "staging.json", code=2).err
