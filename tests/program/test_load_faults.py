"""Loads under faults: credentials that expire in the middle, tables and staged files that others change between two steps, and secrets that leak.

What each fault does to each call of a load is in tests/flow/test_faults.py, where waits are skipped.
"""

import base64
import contextlib
import json
import shutil
import time
import urllib.parse
from pathlib import Path

import pytest

from clients import connect
from leaks import s3_key
from load import ids, numbers, only_line
from s3 import Bucket
from volume import Volume

NOT_NOW = {"rpc": "ExecuteStatement", "statement": "COPY INTO", "action": "exception", "message": "not now"}


@pytest.fixture
def other(sandbox):
    """Somebody else, with the official connector."""
    with connect(sandbox.port) as connection, connection.cursor() as cursor:
        yield lambda *statements: [cursor.execute(statement) for statement in statements]


@contextlib.contextmanager
def held(sandbox, one, statement, *rules, code=0, more=(), skip=0):
    """A load whose statement stays running until the block has ended: it is carried out after what is done there."""
    sandbox.control("DELETE", "log")
    sandbox.faults({"statement": statement, "action": "run", "seconds": 60, "skip": skip}, *rules)
    told = []
    with one.program.start(*one.arguments, *more) as process:
        while sum(call["rpc"] == "ExecuteStatement" and statement in call["statement"] for call in sandbox.control("GET", "log")["calls"]) <= skip:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        yield told
        sandbox.control("DELETE", "faults")
        out, err = process.communicate(timeout=60)
    one.program.outputs += [out, err]
    assert process.returncode == code, err
    if code != 0:
        told.append(only_line(err))


def seal(one, faulty, *more):
    """Leaves a load whose files are staged and whose COPY INTO was not carried out."""
    faulty.faults(NOT_NOW | {"times": 100})
    one.fails(*more)
    faulty.control("DELETE", "faults")


# Secrets

def test_a_secret_that_leaks_is_found(secrets, tmp_path):
    """Whole and cut; in base64 not, which is not how anything here writes."""
    folder = tmp_path / "state"
    folder.mkdir()
    clean, staging = folder / "clean.json", tmp_path / "staging.json"
    clean.write_text(base64.b64encode(secrets.token.encode()).decode())
    staging.write_text(json.dumps(secrets.s3))
    assert secrets.files(tmp_path, but=["staging.json"]) == []
    for secret in (secrets.token, secrets.s3["secret_access_key"], secrets.s3["session_token"], secrets.make()):
        for part in (secret, urllib.parse.quote_plus(secret), secret[:17], secret[-17:], json.dumps({"a": secret})):
            leak = folder / "leak"
            leak.write_bytes(b"\0\xff" + part.encode() + b"\n")
            assert secrets.are_in(f"error: {part}!") and secrets.files(tmp_path, but=["staging.json"]) == [leak]
            leak.unlink()
    named = folder / secrets.s3["secret_access_key"][:16]
    named.touch()
    assert secrets.files(tmp_path, but=["staging.json"]) == [named]


@pytest.mark.parametrize("staging", ["s3", "volume"])
def test_no_secret_is_left_anywhere(load, sql, faulty, secrets, staging):
    """At the most talkative, through refusals that repeat what was sent; the fixture looks for secrets."""
    one = load(staging=staging, log="debug")
    one.write(*numbers(1, 30))
    faulty.faults({"rpc": "S3.PutObject", "action": "status", "status": 403,
                   "body": f"<Error><Code>AccessDenied</Code><Message>refused: {', '.join(secrets.s3.values())}!</Message></Error>"},
                  {"rpc": "Files.Put", "action": "status", "status": 403,
                   "body": json.dumps({"error_code": "PERMISSION_DENIED", "message": f"refused: Bearer {secrets.token}!"}).replace("/", "\\/")})
    told = one.fails("--part-rows", "10")
    assert "403" in told and "refused: " in told, told
    faulty.control("DELETE", "faults")
    faulty.faults({"statement": "COPY INTO", "action": "refuse", "class": "PARSE_SYNTAX_ERROR", "sqlstate": "42601", "message": "near {statement}"})
    told = one.fails("--part-rows", "10")
    assert "COPY INTO" in told
    faulty.faults({"rpc": "S3.*", "action": "status", "status": 403, "code": "AccessDenied", "body": f"<Error>{secrets.s3}</Error>"},
                  {"rpc": "Files.*", "action": "status", "status": 403, "body": secrets.token})
    one.fails("--part-rows", "10")
    faulty.control("DELETE", "faults")
    one.run("--part-rows", "10")
    assert ids(sql, one.table) == list(range(1, 31)) and one.left == []


# Credentials that expire

@pytest.mark.parametrize("when", ["DESCRIBE DETAIL", "CREATE TABLE", "DESCRIBE HISTORY", "COPY INTO"])
def test_a_token_that_expires(load, sql, faulty, when):
    one = load(log="debug")
    one.write(*numbers(1, 30))
    faulty.faults({"rpc": "ExecuteStatement", "statement": when, "action": "expired_token"})
    told = one.fails("--part-rows", "10")
    assert "401" in told and "token" in told, told
    assert one.report["error"]["status"] == "UNAUTHENTICATED"
    faulty.control("DELETE", "faults")
    one.run("--part-rows", "10")
    assert ids(sql, one.table) == list(range(1, 31)) and one.left == []


def fresh_key(sandbox, secrets, name):
    key = {"access_key_id": name, "secret_access_key": secrets.make(), "session_token": secrets.make()}
    sandbox.control("POST", "s3_key?add=" + urllib.parse.quote(s3_key(**key), safe=""))
    return key


@pytest.mark.parametrize("rpc, skip", [("S3.PutObject", 0), ("S3.PutObject", 2), ("S3.HeadObject", 1), ("S3.GetObject", 0)])
def test_keys_that_expire(load, sql, faulty, secrets, rpc, skip):
    """While files are staged, while they are looked at, and when COPY INTO reads them."""
    one = load(staging="s3", log="debug")
    one.stage(one.staging | fresh_key(faulty, secrets, f"FIRST{rpc}{skip}"))
    one.write(*numbers(1, 30))
    faulty.faults({"rpc": rpc, "skip": skip, "action": "expired_token"})
    told = one.fails("--part-rows", "10")
    assert "ExpiredToken" in told or "expired" in told, told
    faulty.control("DELETE", "faults")
    assert one.fails("--part-rows", "10")       # the same keys again are no better
    one.stage(one.staging | fresh_key(faulty, secrets, f"SECOND{rpc}{skip}"))
    one.run("--part-rows", "10")
    assert ids(sql, one.table) == list(range(1, 31))
    assert one.left == []


# Tables that others change

SAME = "(id INT, name STRING)"
ANEW = "DROP TABLE {t}; CREATE TABLE {t} (id INT, name STRING)"


def test_somebody_else_makes_the_table(load, sql, faulty, other):
    one = load()
    one.write(*numbers(1, 30))
    with held(faulty, one, "CREATE TABLE"):
        other(f"CREATE TABLE {one.table} {SAME}", f"INSERT INTO {one.table} VALUES (0, 'theirs')")
    assert ids(sql, one.table) == list(range(31))


@pytest.mark.parametrize("columns, words", [("(id BIGINT, name STRING)", ["column 'id'", "BIGINT", "INT"]), ("(name STRING)", ["no column 'id'"]),
                                            ("(id INT, name STRING, more INT NOT NULL)", ["'more'", "NOT NULL"])])
def test_somebody_else_makes_another_table(load, sql, faulty, other, columns, words):
    """What does not fit is named; when it has gone, the load goes on."""
    one = load()
    one.write(*numbers(1, 30))
    with held(faulty, one, "CREATE TABLE", code=1) as told:
        other(f"CREATE TABLE {one.table} {columns}")
    assert all(word in told[0] for word in words), told
    assert one.fails() == told[0]
    other(f"DROP TABLE {one.table}")
    one.run()
    assert ids(sql, one.table) == list(range(1, 31)) and one.left == []


def test_a_table_that_is_dropped_before_the_load(load, sql, faulty, other):
    one = load()
    one.write(*numbers(1, 30))
    with held(faulty, one, "COPY INTO", code=1) as told:
        other(f"DROP TABLE {one.table}")
    assert one.table.rpartition(".")[2] in told[0], told
    assert one.table.rpartition(".")[2] in one.fails()
    other(f"CREATE TABLE {one.table} {SAME}")
    for _ in range(2):      # what was sent to the other one is not known: a person decides
        assert "the table was made anew" in one.fails()
    assert ids(sql, one.table) == [] and len(one.left) == 1
    shutil.rmtree(one.state)
    one.run()
    assert ids(sql, one.table) == list(range(1, 31))


@pytest.mark.parametrize("change", [ANEW, "CREATE OR REPLACE TABLE {t} (id INT, name STRING)", "TRUNCATE TABLE {t}", "DELETE FROM {t}",
                                    "CREATE OR REPLACE TABLE {t} (id INT, name STRING, more INT)",
                                    "CREATE OR REPLACE TABLE {t} (id BIGINT, name STRING)"])
def test_a_table_that_is_made_anew_just_before_the_load(load, sql, faulty, other, change):
    one = load()
    other(f"CREATE TABLE {one.table} {SAME}", f"INSERT INTO {one.table} VALUES (0, 'old')")
    one.write(*numbers(1, 30))
    with held(faulty, one, "COPY INTO"):
        other(*change.format(t=one.table).split(";"))
    assert ids(sql, one.table) == list(range(1, 31)) and one.left == []
    assert "loaded already" in one.run().err


def test_a_table_that_gets_a_column_for_which_there_is_nothing(load, sql, faulty, other):
    one = load()
    one.write(*numbers(1, 30))
    with held(faulty, one, "COPY INTO", code=1) as told:
        other(f"CREATE OR REPLACE TABLE {one.table} (id INT, name STRING, more INT NOT NULL)")
    assert "NOT NULL" in told[0] and "more" in told[0]
    assert "the table was made anew" in one.fails()
    assert ids(sql, one.table) == []


@pytest.mark.parametrize("change", ["DROP TABLE {t}", ANEW, "CREATE OR REPLACE TABLE {t} (id INT, name STRING)"])
def test_a_table_that_is_gone_before_the_proof(load, sql, faulty, other, change):
    one = load()
    one.write(*numbers(1, 30))
    with held(faulty, one, "DESCRIBE HISTORY", skip=1, code=1) as told:
        other(*change.format(t=one.table).split(";"))
    words = "cannot be found" if change.startswith("DROP TABLE {t}") and ";" not in change else "the table was made anew"
    assert words in told[0] and words in one.fails() and len(one.left) == 1


@pytest.mark.parametrize("change", ["TRUNCATE TABLE {t}", "DELETE FROM {t} WHERE id > 10", "UPDATE {t} SET name = 'theirs'"])
def test_rows_that_others_change_before_the_proof(load, sql, faulty, other, change):
    """They were loaded: what became of them since is theirs."""
    one = load()
    one.write(*numbers(1, 30))
    with held(faulty, one, "DESCRIBE HISTORY", skip=1):
        other(change.format(t=one.table))
    assert one.report["rows"]["loaded"] == 30 and one.left == [] and one.report["warnings"] == []
    assert "loaded already" in one.run().err and len(sql(f"SELECT id FROM {one.table} WHERE id > 10")) == (20 if change.startswith("UPDATE") else 0)


def test_others_write_meanwhile(load, sql, faulty, other):
    """INSERT, and a COPY INTO of as many files with as many rows: between our versions, before and behind, with our answer lost or not."""
    one = load()
    one.write(*numbers(1, 30))
    theirs = one.program.folder / "theirs"
    theirs.mkdir()
    copies = []
    for name in ("before", "behind"):
        (theirs / f"{name}.csv").write_text("id,name\n" + "".join(f"{-n},theirs\n" for n in range(1, 31)))
        copies.append(f"COPY INTO {one.table} FROM (SELECT CAST(id AS INT) AS id, name FROM 'file:{theirs}') FILEFORMAT = CSV FILES = ('{name}.csv') "
                      "FORMAT_OPTIONS ('header' = 'true', 'mode' = 'FAILFAST')")
    with held(faulty, one, "COPY INTO"):
        other(f"INSERT INTO {one.table} VALUES (0, 'theirs')", copies[0])
    assert ids(sql, one.table) == sorted([*range(-30, 31)]) and one.left == []
    one.write(*numbers(31, 50))
    with held(faulty, one, "DESCRIBE HISTORY", {"rpc": "ExecuteStatement", "statement": "COPY INTO", "action": "reset_before"}, skip=1):
        other(copies[1], f"INSERT INTO {one.table} VALUES (0, 'theirs')")
    assert ids(sql, one.table) == sorted([*range(-30, 0), *range(-30, 51), 0])
    assert one.report["rows"]["loaded"] == 20 and "loaded already" in one.run().err


# Staged files that others change

class Disk:
    def __init__(self, one, sandbox):
        self.one = one

    def names(self):
        return sorted(str(path) for path in self.one.left)

    def read(self, name):
        return Path(name).read_bytes()

    def write(self, name, content):
        Path(name).write_bytes(content)

    def remove(self, name):
        Path(name).unlink()


class Objects:
    """Written without a checksum, as other tools do, or with one."""

    def __init__(self, one, sandbox, **checksum):
        self.bucket = Bucket("loads", one.staging["endpoint"], "sandbox", "sandbox-secret", checksums=bool(checksum))
        self.one = one

    def names(self):
        return self.bucket.keys(self.one.table)

    def read(self, name):
        return self.bucket.read(name)

    def write(self, name, content):
        self.bucket.client.put_object(Bucket="loads", Key=name, Body=content)

    def remove(self, name):
        self.bucket.client.delete_object(Bucket="loads", Key=name)


PLACES = {"directory": ("directory", Disk), "volume": ("volume", lambda one, sandbox: Volume(sandbox.port, one.staging["path"])),
          "s3": ("s3", Objects), "s3 with checksums": ("s3", lambda *given: Objects(*given, checksum=True))}


@pytest.mark.parametrize("place", PLACES)
def test_a_staged_file_that_was_changed(load, sql, faulty, place):
    """Never silent, by whatever change that the place tells of: each run names it and loads nothing; put back as it was, the load goes on."""
    staging, kind = PLACES[place]
    one = load(staging=staging)
    one.write(*numbers(1, 30))
    seal(one, faulty, "--part-rows", "10")
    there = kind(one, faulty)
    name = there.names()[1]
    was = there.read(name)
    changes = [(None, "not"), (was[:-1], "bytes"), (b"", "bytes"), (was + b"99,more\n", "bytes")]
    if place != "volume":                           # which keeps no checksums
        changes += [(was.replace(b"row 12", b"row 21"), "checksum"), (b"\0" * len(was), "checksum")]
    for content, word in changes:
        there.remove(name) if content is None else there.write(name, content)
        for told in (one.fails(), one.fails()):
            assert "1-000002.csv" in told and word in told, told
        assert sql(f"SELECT count(*) AS n FROM {one.table}") == [{"n": 0}]
    there.write(name, was)
    one.run()
    assert ids(sql, one.table) == list(range(1, 31)) and there.names() == []
    assert sql(f"SELECT name FROM {one.table} WHERE id = 12") == [{"name": "row 12"}]


@pytest.mark.parametrize("place", ["directory", "s3"])
@pytest.mark.parametrize("change", ["remove", "cut"])
def test_a_staged_file_that_changes_behind_the_check(load, sql, faulty, place, change):
    """When COPY INTO has been sent already: the count shows it, or the reader does. It is kept for a person to look at."""
    staging, kind = PLACES[place]
    one = load(staging=staging)
    one.write(*numbers(1, 30))
    with held(faulty, one, "COPY INTO", code=1, more=["--part-rows", "10"]) as told:
        there = kind(one, faulty)
        name = there.names()[1]
        there.remove(name) if change == "remove" else there.write(name, b"".join(there.read(name).splitlines(keepends=True)[:-3]))
    words = f"COPY INTO loaded {20 if change == 'remove' else 27} rows of the 30 that are staged"
    assert words in told[0]
    again = one.fails()
    assert words in again and "option discard" in again and len(there.names()) == (2 if change == "remove" else 3)
