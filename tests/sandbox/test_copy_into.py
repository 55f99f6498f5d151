"""COPY INTO on DuckDB, through the official connector: what is loaded, what is remembered, and what is refused."""

import datetime
import gzip
import json
import time
import urllib.error
import urllib.request
import uuid
from decimal import Decimal

import pytest
from clients import Wire, connect
from databricks.sql.exc import DatabaseError, ServerOperationError
from databricks.sql.thrift_api.TCLIService import ttypes as t
from storage_clients import s3_client

UTC = datetime.timezone.utc
# As the library words them.
OPTIONS = {"header": "true", "sep": ",", "quote": '"', "escape": '"', "charToEscapeQuoteEscaping": '"', "multiLine": "true", "lineSep": "\\n",
           "encoding": "UTF-8", "mode": "FAILFAST", "nullValue": "NONE-1f"}
INFER = {"inferSchema": "true", "mergeSchema": "true"}
MERGE = "COPY_OPTIONS ('mergeSchema' = 'true')"
SECRET = "wJalrXUtnFEMI/K7MDENG"


def options(**more):
    given = {name: value for name, value in {**OPTIONS, **more}.items() if value is not None}
    return "FILEFORMAT = CSV FORMAT_OPTIONS (" + ", ".join(f"'{name}' = '{value}'" for name, value in given.items()) + ")"


@pytest.fixture
def stage(tmp_path):
    """Writes staged files: stage("a.csv", text)."""
    def write(name, data):
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data if isinstance(data, bytes) else data.encode())
    write.url = str(tmp_path)
    return write


@pytest.fixture
def copy(query, schema, stage):
    """Runs a COPY INTO from the staged files: its counts."""
    def run(table="t", select=None, rest="", credential="", url=None, **more):
        source = f"'{url or stage.url}'{credential}"
        source = f"(SELECT {select} FROM {source})" if select else source
        (counts,) = query(f"COPY INTO {table} FROM {source} {options(**more)} {rest}")
        return counts
    return run


def failure(action, *arguments, **named):
    with pytest.raises((DatabaseError, ServerOperationError)) as caught:
        action(*arguments, **named)
    return str(caught.value)


def history(query, table="t"):
    return [(row[4], dict(row[12])) for row in query(f"DESCRIBE HISTORY {table}")]


def ledger(sandbox, schema, table="t"):
    return sandbox.control("GET", f"ledger?table=main.{schema}.{table}")["files"]


# What is loaded

def test_names_meet_in_any_order_and_case(query, copy, stage):
    query("CREATE TABLE t (id INT, Name STRING, extra DOUBLE)")
    stage("a.csv", 'NAME,ID\n"x, ""y""",1\n,2\n"",3\n')
    assert copy() == (3, 3, 0)
    assert query("SELECT * FROM t ORDER BY id") == [(1, 'x, "y"', None), (2, None, None), (3, "", None)]


def test_texts_stay_as_they_are(query, copy, stage):
    values = ["a\\b", "ends\\", "\\", "line\nfeed", "c\rr", "crlf\r\n", " blanks ", "tab\t", "nul\0", "\x01\x7f", "\u2028\u0085", "\U0001f600",
              'quo"te', "\ufeffx", "#x", "NULL", "\\N", "", "'"]
    stage("a.csv", "n,s\n" + "".join(f'{n},"{value.replace(chr(34), chr(34) * 2)}"\n' for n, value in enumerate(values))
          + '90,NONE-1f\n91,"NONE-1f"\n92,NONE-1f \n93,un"quo\n94,\n')
    query("CREATE TABLE t (n INT, s STRING)")
    copy()
    found = dict(query("SELECT n, s FROM t"))
    assert [found[n] for n in range(len(values))] == values
    assert [found[n] for n in range(90, 95)] == [None, None, "NONE-1f ", 'un"quo', None]


def test_one_column_and_blank_lines(query, copy, stage):
    query("CREATE TABLE t (s STRING)")
    stage("a.csv", 's\n""\n\nNONE-1f\n\nx\n')
    assert copy() == (3, 3, 0)
    assert query("SELECT s FROM t ORDER BY s") == [(None,), ("",), ("x",)]


def test_casts_of_the_select(query, copy, stage):
    query("""CREATE TABLE t (b BOOLEAN, i TINYINT, l BIGINT, f FLOAT, d DOUBLE, n DECIMAL(38, 10), s STRING, x BINARY, day DATE, ts TIMESTAMP,
             ntz TIMESTAMP_NTZ, file STRING)""")
    stage("in/a.csv", "b,i,l,f,d,n,s,x,day,ts,ntz\ntrue,-128,-9223372036854775808,1.5,-Infinity,0.0000000001,t,AAH/,1969-12-31,"
          "1969-12-31T23:59:59.999999Z,0001-01-01T00:00:00.000001\n,,,,,,,,,,\n")
    casts = ", ".join(f"CAST(`{name}` AS {kind}) AS `{name}`" for name, kind in {
        "b": "BOOLEAN", "i": "TINYINT", "l": "BIGINT", "f": "FLOAT", "d": "DOUBLE", "n": "DECIMAL(38, 10)", "s": "STRING", "day": "DATE",
        "ts": "TIMESTAMP", "ntz": "TIMESTAMP_NTZ"}.items())
    assert copy(select=f"{casts}, unbase64(`x`) AS `x`, _metadata.file_name AS file", url=stage.url + "/in") == (2, 2, 0)
    full, empty = sorted(query("SELECT * FROM t"), key=lambda row: row[0] is None)
    assert full == (True, -128, -2**63, 1.5, float("-inf"), Decimal("1E-10"), "t", b"\0\1\xff", datetime.date(1969, 12, 31),
                    datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), datetime.datetime(1, 1, 1, 0, 0, 0, 1), "a.csv")
    assert empty == (None,) * 11 + ("a.csv",)


def test_gzip(query, copy, stage):
    query("CREATE TABLE t (a INT, s STRING)")
    stage("a.csv.gz", gzip.compress(b'a,s\n1,"x') + gzip.compress(b'\ny"\n') + gzip.compress(b""))
    assert copy() == (1, 1, 0)
    assert query("SELECT s FROM t") == [("x\ny",)]
    stage("plain.csv.gz", "a,s\n1,x\n")
    assert "plain.csv.gz. It is not in gzip format" in failure(copy)
    stage("plain.csv.gz", gzip.compress(b"a,s\n1,x\n" * 1000)[:-20])
    assert "[FAILED_READ_FILE.NO_HINT]" in failure(copy)


def test_without_a_header(query, copy, stage):
    query("CREATE TABLE t (a INT, b STRING)")
    stage("a.csv", "x,1\n")
    (counts,) = query(f"COPY INTO t (b, a) FROM '{stage.url}' {options(header='false')}")
    stage("b.csv", "2,y\n")
    query(f"COPY INTO t BY POSITION FROM '{stage.url}' {options(header='false')} FILES = ('b.csv')")
    stage("c.csv", "z,3\n")
    copy(select="CAST(_c1 AS INT) AS a, _c0 AS b", header="false")
    assert counts == (1, 1, 0) and query("SELECT * FROM t ORDER BY a") == [(1, "x"), (2, "y"), (3, "z")]
    stage("d.csv", "1,2,3\n")
    assert "[COPY_INTO_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS]" in failure(
        query, f"COPY INTO t BY POSITION FROM '{stage.url}' {options(header='false')} FILES = ('d.csv')")


# Which files

def test_files_pattern_and_hidden_names(query, copy, stage, sandbox, schema):
    for name in ("a1.csv", "a2.csv", "b1.csv", "_hidden.csv", ".hidden.csv", "_dir/x.csv", "sub/deep/s.csv", "sub/t.csv"):
        stage(name, f"v\n{name}\n")
    query("CREATE TABLE t (v STRING)")
    assert copy(rest="FILES = ('a1.csv', 'gone.csv', 'sub/t.csv', '_hidden.csv', '_dir/x.csv')") == (2, 2, 0)
    assert [file["path"].removeprefix("file:" + stage.url) for file in ledger(sandbox, schema)] == ["/a1.csv", "/sub/t.csv"]
    assert copy(rest="FILES = ('gone.csv')") == (0, 0, 0)
    assert copy(rest="PATTERN = '[a-b][!2].{csv,txt}'") == (1, 1, 0)
    assert copy(rest="PATTERN = 'sub/*/?.csv'") == (1, 1, 0)
    assert copy() == (1, 1, 0)
    assert copy(recursiveFileLookup="true") == (0, 0, 0)
    assert query("SELECT v FROM t ORDER BY v") == [(name,) for name in ("a1.csv", "a2.csv", "b1.csv", "sub/deep/s.csv", "sub/t.csv")]
    assert "[COPY_INTO_SOURCE_SCHEMA_INFERENCE_FAILED]" in failure(copy, rest="PATTERN = 'z*'")
    names = ", ".join(f"'f{n}.csv'" for n in range(1001))
    assert "1001 files, at most 1000" in failure(copy, rest=f"FILES = ({names})")


def test_ledger_and_history(query, copy, stage, sandbox, schema):
    query("CREATE TABLE t (a INT)")
    stage("a.csv", "a\n1\n2\n")
    assert copy() == (2, 2, 0)
    stage("a.csv", "a\n7\n")       # the same name is never read again
    assert copy() == (0, 0, 0)
    (entry,) = ledger(sandbox, schema)
    assert (entry["size"], entry["rows"], entry["version"]) == (6, 2, 1) and entry["time"] > 1e9
    stage("b.csv", "a\n3\n")
    stage("c.csv", "a\n")
    assert copy() == (1, 1, 0)
    assert copy(rest="COPY_OPTIONS ('force' = 'true')") == (2, 2, 0)
    assert history(query) == [
        ("COPY INTO", {"numFiles": "3", "numOutputRows": "2", "numOutputBytes": "200", "numSkippedCorruptFiles": "0"}),
        ("COPY INTO", {"numFiles": "2", "numOutputRows": "1", "numOutputBytes": "100", "numSkippedCorruptFiles": "0"}),
        ("COPY INTO", {"numFiles": "1", "numOutputRows": "2", "numOutputBytes": "200", "numSkippedCorruptFiles": "0"}), ("CREATE TABLE", {})]
    assert query("SELECT a FROM t ORDER BY a") == [(1,), (2,), (3,), (3,), (7,)]
    assert query("SELECT count(*) FROM t VERSION AS OF 1") == [(2,)]


def test_ledger_goes_with_the_table(query, copy, stage, sandbox, schema):
    stage("a.csv", "a\n1\n")
    query("CREATE TABLE t (a INT)")
    copy()
    query("TRUNCATE TABLE t")
    assert copy() == (0, 0, 0)
    query("CREATE OR REPLACE TABLE t (a INT)")
    assert ledger(sandbox, schema) == [] and copy() == (1, 1, 0)
    query("DROP TABLE IF EXISTS t")
    query("CREATE TABLE IF NOT EXISTS t (a INT)")
    assert copy() == (1, 1, 0)
    with pytest.raises(urllib.error.HTTPError):
        sandbox.control("GET", f"ledger?table=main.{schema}.gone")


def test_state_is_kept(start, tmp_path, stage):
    stage("in/a.csv", "a\n1\n")
    statement = f"COPY INTO main.default.t FROM '{stage.url}/in' {options()}"
    for counts in ((1, 1, 0), (0, 0, 0)):
        server = start("--state", str(tmp_path / "state"))
        with connect(server.port) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS main.default.t (a INT)")
            cursor.execute(statement)
            assert tuple(cursor.fetchone()) == counts
        server.stop()


# One statement is one commit

@pytest.mark.parametrize("text, said", [
    ("a,s\n1,x\n2\n", "[MALFORMED_RECORD_IN_PARSING"), ("a,s\n1,x,y\n", "[MALFORMED_RECORD_IN_PARSING"),
    ("a,s\n1,x,\n", "[MALFORMED_RECORD_IN_PARSING"), ('a,s\n1,"x\n', "[MALFORMED_RECORD_IN_PARSING"), ("a,s\nx,x\n", "[CAST_INVALID_INPUT]"),
    ("a,s\n1.0,x\n", "[CAST_INVALID_INPUT]"), ('a,s\n"",x\n', "[CAST_INVALID_INPUT]"), ("a,s\n2147483648,x\n", "SQLSTATE: 220"),
    ("a,z\n1,x\n", "[UNSUPPORTED_BY_SANDBOX]"), ('a,s\n1, "x"\n', "[UNSUPPORTED_BY_SANDBOX]"), ("a,s\r\n1,x\r\n", "[UNSUPPORTED_BY_SANDBOX]"),
    ("\na,s\n1,x\n", "[UNSUPPORTED_BY_SANDBOX]")])
def test_one_bad_file_and_nothing_is_loaded(query, copy, stage, sandbox, schema, text, said):
    query("CREATE TABLE t (a INT, s STRING)")
    stage("a.csv", "a,s\n1,x\n")
    stage("b.csv", text)
    assert said in failure(copy)
    assert query("SELECT * FROM t") == [] and len(history(query)) == 1 and ledger(sandbox, schema) == []


def test_not_null(query, copy, stage):
    query("CREATE TABLE t (a INT NOT NULL, b INT)")
    stage("a.csv", "a,b\n,1\n")
    assert "[DELTA_NOT_NULL_CONSTRAINT_VIOLATED]" in failure(copy)


@pytest.mark.parametrize("more, text", [
    ({"escape": None}, 'a,s\n1,"x""y"\n'), ({"escape": None}, "a,s\n1,x\\y\n"), ({"lineSep": None}, 'a,s\n1,"x\ry"\n'),
    ({"mode": "PERMISSIVE"}, "a,s\n1\n"), ({"mode": "DROPMALFORMED"}, "a,s\n1,x\n"), ({"sep": "||"}, "a||s\n"), ({"encoding": "UTF-16"}, "a,s\n"),
    ({"dateFormat": "dd.MM.yyyy"}, "a,s\n"), ({"rescuedDataColumn": "r"}, "a,s\n"), ({"lineSep": ";"}, "a,s\n")])
def test_what_would_not_be_exact_is_refused(query, copy, stage, more, text):
    query("CREATE TABLE t (a INT, s STRING)")
    stage("a.csv", text)
    assert "[UNSUPPORTED_BY_SANDBOX]" in failure(copy, **more)


def test_defaults_of_spark(query, schema, stage):
    query("CREATE TABLE t (a INT, s STRING)")
    stage("a.csv", 'a,s\r\n1,\r\n2,""\r\n3," x"\r\n')
    query(f"COPY INTO t FROM '{stage.url}' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true')")
    assert query("SELECT * FROM t ORDER BY a") == [(1, None), (2, None), (3, " x")]
    stage("b.csv", 'a,s\n4,"x\ny"\n')
    assert "multiLine is false" in failure(
        query, f"COPY INTO t FROM '{stage.url}' FILEFORMAT = CSV FILES = ('b.csv') FORMAT_OPTIONS ('header' = 'true', 'mode' = 'FAILFAST')")


# Inference, and tables without columns

def test_inference_fills_a_table_without_columns(query, copy, stage):
    query("CREATE TABLE IF NOT EXISTS t")
    assert "[DELTA_READ_TABLE_WITHOUT_COLUMNS]" in failure(query, "SELECT * FROM t")
    assert query("DESCRIBE TABLE t") == [] and query("DESCRIBE DETAIL t")[0][0] == "delta"
    stage("a.csv", "i,l,d,day,ts,b,s,n,m,id\n1,1,1,2024-01-01,2024-01-01T00:00:00Z,true,1,,+1,007\n")
    stage("b.csv", "i,l,d,day,ts,b,s,n,m,id\n-1,2147483648,1e-3,,2024-01-01,FALSE,x,,,8\n,,NaN,0001-01-01,2024-01-01 10:00:00.5+02:00,,,,,\n")
    assert "[COPY_INTO_SCHEMA_MISMATCH_WITH_TARGET_TABLE]" in failure(copy, **INFER)
    assert copy(rest=MERGE, **INFER) == (3, 3, 0)
    assert [row[:2] for row in query("DESCRIBE TABLE t")] == [
        ("i", "int"), ("l", "bigint"), ("d", "double"), ("day", "date"), ("ts", "timestamp"), ("b", "boolean"), ("s", "string"), ("n", "string"),
        ("m", "int"), ("id", "int")]
    assert query("SELECT l, ts, b, id FROM t ORDER BY i NULLS LAST") == [
        (2147483648, datetime.datetime(2024, 1, 1, tzinfo=UTC), False, 8), (1, datetime.datetime(2024, 1, 1, tzinfo=UTC), True, 7),
        (None, datetime.datetime(2024, 1, 1, 8, 0, 0, 500000, UTC), None, None)]
    assert query("SELECT count(*) FROM t VERSION AS OF 1") == [(3,)]


@pytest.mark.parametrize("values, kind", [
    (["1", "+1", "-0"], "int"), (["1", "1.5"], "double"), (["1e3"], "double"), ([" 1"], "double"), (["Inf", "-Infinity"], "double"), (["nan"], "string"),
    (["1", "true"], "string"), (["t"], "string"), (["2024-02-30"], "string"), (["2024-1-1"], "timestamp"), (["1_000"], "string"),
    (["2024-01-01", "x"], "string"), (["2024-01-01", "2024-01-01T10:00:00"], "timestamp"), (["99999999999999999999", "1.5"], "double"),
    (["-"], "string"), (["0x10"], "string"), (["2024-01-01", "1"], "string"), (["1."], None), (["9223372036854775808"], None), (["1d"], None),
    (["10:00:00"], None), (["1", '""'], "[MALFORMED_RECORD_IN_PARSING"), (["x", '""'], "string")])
def test_inferred_types(query, copy, stage, values, kind):
    """As Spark 4.1 infers them; None: refused, because it infers something that the sandbox does not read."""
    query("CREATE TABLE t")
    stage("a.csv", "x,v\n" + "".join(f"_,{value}\n" for value in values))
    if kind is None:
        assert "[UNSUPPORTED_BY_SANDBOX]" in failure(copy, rest=MERGE, **INFER)
    elif kind.startswith("["):
        assert kind in failure(copy, rest=MERGE, **INFER)
    else:
        copy(rest=MERGE, **INFER)
        assert query("DESCRIBE TABLE t")[1][1] == kind


def test_merge_schema(query, copy, stage):
    query("CREATE TABLE t (a STRING)")
    query("INSERT INTO t VALUES ('old')")
    stage("a.csv", "b,a\n1,new\n")
    assert "[COPY_INTO_SCHEMA_MISMATCH_WITH_TARGET_TABLE]" in failure(copy)
    assert copy(rest=MERGE, **INFER) == (1, 1, 0)
    assert query("SELECT a, b FROM t ORDER BY a") == [("new", 1), ("old", None)] and query("SELECT * FROM t VERSION AS OF 1") == [("old",)]
    stage("b.csv", "b,a\nx,y\n")
    assert "[DELTA_FAILED_TO_MERGE_FIELDS]" in failure(copy, rest=MERGE, **INFER)


def test_inference_without_files(query, copy, stage):
    query("CREATE TABLE t")
    stage("_a.csv", "a\n1\n")
    assert "[COPY_INTO_SOURCE_SCHEMA_INFERENCE_FAILED]" in failure(copy, rest=MERGE, **INFER)
    assert "[COPY_INTO_SOURCE_SCHEMA_INFERENCE_FAILED]" in failure(copy, rest="FILES = ('b.csv') " + MERGE, **INFER)
    assert "[PATH_NOT_FOUND]" in failure(copy, url=stage.url + "/nowhere")


# What is refused

@pytest.mark.parametrize("statement, said", [
    ("COPY INTO gone FROM '/x' FILEFORMAT = CSV", "[DELTA_MISSING_DELTA_TABLE_COPY_INTO]"),
    ("COPY INTO v FROM '/x' FILEFORMAT = CSV", "[DELTA_COPY_INTO_TARGET_FORMAT]"),
    ("COPY INTO t FROM '/x' FILEFORMAT = PARQUET", "does not support FILEFORMAT = PARQUET"),
    ("COPY INTO t FROM '/x' FILEFORMAT = XLS", "the file format XLS is not known"),
    ("COPY INTO t FROM '/x' FILEFORMAT = CSV VALIDATE ALL", "does not support VALIDATE"),
    ("COPY INTO t FROM '/x' FILEFORMAT = CSV FORMAT_OPTIONS ('heather' = 'true')", "FORMAT_OPTIONS does not know the option 'heather'"),
    ("COPY INTO t FROM '/x' FILEFORMAT = CSV COPY_OPTIONS ('forse' = 'true')", "COPY_OPTIONS does not know the option 'forse'"),
    ("COPY INTO t FROM '/x' FILEFORMAT = CSV COPY_OPTIONS ('force' = 'yes')", "the option 'force' must be true or false"),
    ("COPY INTO t FROM '/x' FILEFORMAT = CSV FORMAT_OPTIONS ('sep' = ',', 'delimiter' = ';')", "has the option 'delimiter' twice"),
    ("COPY INTO t FROM '/x' FILEFORMAT = CSV FILES = ('a') PATTERN = '*'", "FILES and PATTERN exclude each other"),
    ("COPY INTO t FROM '/x' FILEFORMAT = CSV FILES = ('a*')", "the name 'a*' in FILES"),
    ("COPY INTO t FROM '/x' FILEFORMAT = CSV FILES = ('../a')", "the name '../a' in FILES"),
    ("COPY INTO t FROM '/x/*' FILEFORMAT = CSV", "patterns in a source"),
    ("COPY INTO t FROM 'gs://b/x' FILEFORMAT = CSV", "does not support the source gs://b/x"),
    ("COPY INTO t FROM '/Volumes/main/default/gone/x' FILEFORMAT = CSV", "[VOLUME_NOT_FOUND]"),
    ("COPY INTO t FROM '/Volumes/main/default/../../etc' FILEFORMAT = CSV", "[INVALID_PATH]"),
    ("COPY INTO t FROM 's3://b/x' FILEFORMAT = CSV", "[COPY_INTO_CREDENTIALS_REQUIRED]"),
    ("COPY INTO t FROM 's3://b/x' WITH (CREDENTIAL nobody) FILEFORMAT = CSV", "'nobody' does not exist"),
    ("COPY INTO t FROM '/x' WITH (CREDENTIAL sandbox) FILEFORMAT = CSV", "[COPY_INTO_CREDENTIALS_NOT_ALLOWED_ON]"),
    ("COPY INTO t FROM '/x' FILEFORMAT = CSV garbage", "[PARSE_SYNTAX_ERROR]"), ("COPY INTO t FILEFORMAT = CSV", "[PARSE_SYNTAX_ERROR]"),
    ("COPY INTO t FROM (SELECT a FROM '/x' GROUP BY a) FILEFORMAT = CSV", "the inner SELECT must end"),
    ("COPY t FROM '/x'", "SQLSTATE")])
def test_statements_that_are_refused(query, schema, statement, said):
    query("CREATE TABLE t (a INT)")
    query("CREATE VIEW v AS SELECT 1 AS a")
    assert said in failure(query, statement)


@pytest.mark.parametrize("select", ["max(a) AS a", "DISTINCT a", "(SELECT 1) AS a", "row_number() OVER (ORDER BY a) AS a", "_metadata.row_index AS a"])
def test_selects_that_are_refused(query, copy, stage, select):
    query("CREATE TABLE t (a INT)")
    stage("a.csv", "a\n1\n")
    assert "[UNSUPPORTED_BY_SANDBOX]" in failure(copy, select=select)


def test_columns_that_are_not_there(query, copy, stage):
    query("CREATE TABLE t (a INT)")
    stage("a.csv", "a\n1\n")
    assert "[UNRESOLVED_COLUMN" in failure(copy, select="CAST(b AS INT) AS a")
    assert "[COPY_INTO_SCHEMA_MISMATCH_WITH_TARGET_TABLE]" in failure(copy, select="CAST(a AS INT) AS z")
    assert "[COLUMN_ALREADY_EXISTS]" in failure(copy, select="a, a AS A")


# Volumes and S3

def put(url, data, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, data=data, method="PUT", headers=headers), timeout=30):
        pass


def test_volumes(query, copy, sandbox, schema):
    assert query("SHOW VOLUMES") == []
    query("CREATE VOLUME IF NOT EXISTS landing COMMENT 'staged files'")
    assert "[VOLUME_ALREADY_EXISTS]" in failure(query, "CREATE VOLUME landing")
    put(f"http://127.0.0.1:{sandbox.port}/api/2.0/fs/files/Volumes/main/{schema}/landing/job/a%20b.csv?overwrite=true", b"a\n1\n", "sandbox")
    query("CREATE TABLE t (a INT)")
    volume = f"/Volumes/main/{schema}/landing"
    assert copy(url=f"{volume}/job/", rest="FILES = ('a b.csv')") == (1, 1, 0)
    assert ledger(sandbox, schema)[0]["path"] == f"{volume}/job/a b.csv"
    assert copy(url=f"dbfs:{volume}/job") == (0, 0, 0)
    assert query(f"SHOW VOLUMES IN main.{schema}") == [(schema, "landing")]
    query("DROP VOLUME landing")
    query("DROP VOLUME IF EXISTS landing")
    assert "[VOLUME_NOT_FOUND]" in failure(query, "DROP VOLUME landing") and "[VOLUME_NOT_FOUND]" in failure(copy, url=volume)


@pytest.fixture
def bucket(sandbox):
    """Puts objects into the sandbox's own S3."""
    client = s3_client(sandbox.port)
    name = f"b-{uuid.uuid4().hex[:8]}"

    def write(key, data):
        client.put_object(Bucket=name, Key=key, Body=data)
    write.url = f"s3://{name}"
    return write


def keys(access="sandbox", secret="sandbox-secret", **more):
    given = {"AWS_ACCESS_KEY": access, "AWS_SECRET_KEY": secret, **more}
    return " WITH (CREDENTIAL (" + ", ".join(f"{name} = '{value}'" for name, value in given.items()) + "))"


def test_s3(query, copy, bucket, sandbox, schema):
    query("CREATE TABLE t (a INT)")
    bucket("job/1/a+b ü&.csv", b"a\n1\n")
    bucket("job/1/c.csv.gz", gzip.compress(b"a\n2\n"))
    bucket("job/1/sub/d.csv", b"a\n3\n")
    bucket("job/10/e.csv", b"a\n4\n")
    assert copy(url=bucket.url + "/job/1/", credential=keys(), rest="FILES = ('a+b ü&.csv', 'gone.csv')") == (1, 1, 0)
    assert copy(url=bucket.url + "/job/1", credential=" WITH (CREDENTIAL sandbox)") == (1, 1, 0)
    assert copy(url=bucket.url, credential=keys(), rest="PATTERN = 'job/*/sub/*'") == (1, 1, 0)
    assert [file["path"] for file in ledger(sandbox, schema)] == [
        f"{bucket.url}/job/1/a+b ü&.csv", f"{bucket.url}/job/1/c.csv.gz", f"{bucket.url}/job/1/sub/d.csv"]
    assert "[PATH_NOT_FOUND]" in failure(copy, url=bucket.url + "/nothing", credential=keys())


def test_credentials_are_really_used(query, copy, bucket):
    query("CREATE TABLE t (a INT)")
    bucket("x/a.csv", b"a\n1\n")
    for credential in (keys(secret=SECRET), keys(access="nobody"), keys(AWS_SESSION_TOKEN="none of hers")):
        said = failure(copy, url=bucket.url + "/x", credential=credential, rest="FILES = ('a.csv')")
        assert "[UNAUTHORIZED_ACCESS]" in said and SECRET not in said
    assert query("SELECT * FROM t") == []


@pytest.mark.parametrize("seconds", [-7200, 172800])
def test_a_clock_of_s3_that_is_wrong(query, copy, bucket, sandbox, seconds):
    query("CREATE TABLE t (a INT)")
    bucket("x/a.csv", b"a\n1\n")
    sandbox.control("POST", f"s3_clock?seconds={seconds}")
    try:
        assert copy(url=bucket.url + "/x", credential=keys()) == (1, 1, 0)
    finally:
        sandbox.control("POST", "s3_clock?seconds=0")


def test_external_locations(start, stage):
    server = start("--external-location", "s3://covered/in=sandbox")
    with connect(server.port) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a INT)")
        for credential, said in ((keys(), "COPY_INTO_CREDENTIALS_NOT_ALLOWED_ON"), ("", "PATH_NOT_FOUND")):
            assert said in failure(cursor.execute, f"COPY INTO t FROM 's3://covered/in/x'{credential} {options()}")
        assert "COPY_INTO_CREDENTIALS_REQUIRED" in failure(cursor.execute, f"COPY INTO t FROM 's3://covered/inner' {options()}")
    server.stop()


# Secrets

@pytest.mark.parametrize("text", [
    "COPY INTO t FROM 's3://b/x' WITH (CREDENTIAL (AWS_ACCESS_KEY = 'id', aws_secret_key='{}')) FILEFORMAT = CSV",
    "COPY INTO t FROM 's3://b/x' WITH (CREDENTIAL (AWS_ACCESS_KEY = 'id', AWS_SECRET_KEY /* it */ = \"{}\")) FILEFORMAT = CSV rubbish",
    "COPY INTO t FROM 's3://b/x' WITH (CREDENTIAL (AWS_ACCESS_KEY = '{}', AWS_SECRET_KEY '{}')) FILEFORMAT = CSV",
    "COPY INTO t FROM 's3://b/x' WITH (CREDENTIAL (AWS_SECRET_KEY = '{}",
    "COPY INTO t FROM 's3://b/x' WITH (CREDENTIAL (AZURE_SAS_TOKEN = '{}')) FILEFORMAT = CSV",
    "COPPY INTO t FROM 's3://b/x' WITH (CREDENTIAL ('AWS_SECRET_KEY' = '{}')) FILEFORMAT = CSV",
    "EXPLAIN COPY INTO t WITH (CREDENTIAL (AWS_SECRET_KEY = r'{}'))"])
def test_secrets_are_never_shown(query, schema, sandbox, text):
    query("CREATE TABLE t (a INT)")
    statement = text.replace("{}", SECRET)
    assert SECRET not in failure(query, statement)
    shown = [call["statement"] for call in sandbox.control("GET", "log")["calls"] if call["statement"] and "s3://b/x" in call["statement"]]
    assert SECRET not in json.dumps(shown)
    assert "EXPLAIN" in text or shown


def test_secrets_of_a_load_that_succeeds(query, copy, bucket, sandbox):
    query("CREATE TABLE t (a INT)")
    bucket("x/a.csv", b"a\n1\n")
    copy(url=bucket.url + "/x", credential=keys())
    assert "sandbox-secret" not in str(query("DESCRIBE HISTORY t")) + json.dumps(sandbox.control("GET", "log"))


# Two at once, and answers that are lost

def test_a_statement_without_its_client(faulty, stage):
    """Its answer is lost, and it holds its files: another one is refused until it has ended, and then has nothing left to do."""
    stage("a.csv", "a\n1\n")
    table = f"main.default.t_{uuid.uuid4().hex[:8]}"
    statement = f"COPY INTO {table} FROM '{stage.url}' {options()}"
    with connect(faulty.port) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} (a INT)")
        faulty.faults({"rpc": "ExecuteStatement", "statement": table, "action": "reset_after"},
                      {"statement": table, "action": "run", "seconds": 600, "loading": True})
        wire = Wire(faulty.port)
        wire.open()
        with pytest.raises(ConnectionResetError):
            wire.execute(statement)
        said = failure(cursor.execute, statement)
        assert "[COPY_INTO_DUPLICATED_FILES_COPY_NOT_ALLOWED]" in said
        stage("b.csv", "a\n2\n")
        cursor.execute(statement + " FILES = ('b.csv')")        # of other files nobody is in the way
        assert tuple(cursor.fetchone()) == (1, 1, 0)
        faulty.control("DELETE", "faults")
        while "DUPLICATED" in (said := _again(cursor, statement)):
            time.sleep(0.05)
        assert said == (0, 0, 0)
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone()[0] == 2
        cursor.execute(f"DROP TABLE {table}")


def _again(cursor, statement):
    try:
        cursor.execute(statement)
        return tuple(cursor.fetchone())
    except (DatabaseError, ServerOperationError) as error:
        return str(error)


def test_cancel_before_anything_is_loaded(faulty, stage):
    stage("a.csv", "a\n1\n")
    wire = Wire(faulty.port)
    wire.open()
    wire.execute("CREATE OR REPLACE TABLE main.default.cancelled (a INT)")
    faulty.faults({"statement": "COPY INTO", "action": "run", "polls": 1000, "loading": True})
    handle = wire.execute(f"COPY INTO main.default.cancelled FROM '{stage.url}' {options()}").operationHandle
    wire.call("CancelOperation", t.TCancelOperationReq(handle))
    assert wire.status(handle).operationState == t.TOperationState.CANCELED_STATE
    count = wire.execute("SELECT count(*) FROM main.default.cancelled", canReadArrowResult=False).directResults.resultSet.results.columns
    assert count[0].i64Val.values == [0]
    # The files are free again.
    again = wire.execute(f"COPY INTO main.default.cancelled FROM '{stage.url}' {options()}", canReadArrowResult=False)
    assert again.directResults.resultSet.results.columns[0].i64Val.values == [1]
    wire.execute("DROP TABLE main.default.cancelled")
    wire.http.close()


# What a loader asks beside

def test_session_settings(query, sandbox):
    assert query("SET ansi_mode")[0][1] == "true" and query("SET TIMEZONE")[0][1] == "UTC"
    with connect(sandbox.port, path="/sql/protocolv1/o/0/sandbox") as cluster, cluster.cursor() as cursor:
        for name, value in (("spark.sql.ansi.enabled", "true"), ("spark.sql.session.timeZone", "UTC")):
            cursor.execute(f"SET {name}")
            assert tuple(cursor.fetchone()) == (name, value)
