"""The version that an interrupted run was pinned to is gone: the run begins anew behind the last watermark, and says so."""

import time

import pytest

from program import counted

SEEN, NEW = 1000, 2000      # rows of a run that was completed, and rows behind its watermark


def rows_sql(first, last, note):
    return f"SELECT id, timestamp_seconds(id) AS ts, '{note}' AS note FROM range({first}, {last})"


def drop_and_make_again(sql, table, control):
    """With as many versions as before, and as many rows."""
    sql(f"DROP TABLE {table}", f"CREATE TABLE {table} AS {rows_sql(0, SEEN, 'made again')}",
        f"INSERT INTO {table} {rows_sql(SEEN, SEEN + NEW, 'made again')}")


def vacuum_after(statement):
    def age(sql, table, control):
        sql(statement.format(table=table, rows=rows_sql(0, SEEN + NEW, "made again")))
        control("POST", f"vacuum?table={table}")
    return age


def cut_history(sql, table, control):
    sql(f"UPDATE {table} SET note = 'made again'")
    control("POST", f"cut_history?table={table}")


GONE = {"updated and vacuumed": vacuum_after("UPDATE {table} SET note = 'made again'"),
        "overwritten and vacuumed": vacuum_after("INSERT OVERWRITE {table} {rows}"),
        "replaced and vacuumed": vacuum_after("CREATE OR REPLACE TABLE {table} AS {rows}"),
        "dropped and made again": drop_and_make_again, "history cut": cut_history}


@pytest.fixture
def cut_run(sql, schema, job, faulty):
    """A table's job: one run completed, the next one cut after two batches of 500."""
    table = f"{schema}.t"
    sql(f"CREATE TABLE {table} AS {rows_sql(0, SEEN, 'as it was')}")
    one = job(table, batch_size=500, continuous_update=True)
    one.run()
    sql(f"INSERT INTO {table} {rows_sql(SEEN, SEEN + NEW, 'as it was')}")
    faulty.faults({"rpc": "ExecuteStatement", "statement": "LIMIT 500", "action": "status", "status": 403, "skip": 2, "times": 100})
    one.run(code=1)
    faulty.control("DELETE", "faults")
    assert len(one.rows) == SEEN + 1000
    return one, table


def expect_new_beginning(one, note="made again"):
    rows = one.rows
    assert [row["id"] for row in rows[:SEEN + 1000]] == list(range(SEEN + 1000)), "what was delivered stays"
    assert counted(rows[SEEN + 1000:]) == counted({"id": id, "ts": row_time(id), "note": note} for id in range(SEEN, SEEN + NEW))
    report = one.report
    warning, = report["warnings"]
    assert "version 1 of the table is gone" in warning and "begins anew" in warning and "twice" in warning
    assert report["attempts"] == 1 and report["rows"]["delivered"] == NEW
    assert report["window"] == {"from": row_time(SEEN - 1), "to": row_time(SEEN + NEW - 1)}
    before = len(rows)
    one.run()
    assert len(one.rows) == before and one.report["warnings"] == []


def row_time(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(seconds))


@pytest.mark.parametrize("how", GONE)
def test_the_run_begins_anew(cut_run, sql, faulty, how):
    one, table = cut_run
    cut = one.report["run"]
    GONE[how](sql, table, faulty.control)
    output = one.run("--log", "warning")
    assert any("begins anew" in line for line in output.err.splitlines() if "import" in line), "the log says it too"
    assert one.report["run"] != cut
    expect_new_beginning(one)


@pytest.mark.parametrize("statement", ["INSERT INTO {table} {more}", "CREATE OR REPLACE TABLE {table} AS {more}", "DELETE FROM {table}",
                                       "TRUNCATE TABLE {table}", "UPDATE {table} SET ts = ts + INTERVAL 1 DAY"])
def test_a_version_that_is_still_there_is_read_on(cut_run, sql, statement):
    one, table = cut_run
    sql(statement.format(table=table, more=rows_sql(5000, 6000, "later")))
    one.run()
    assert [row["id"] for row in one.rows] == list(range(SEEN + NEW))
    assert one.report["warnings"] == [] and one.report["attempts"] == 2


def test_a_vacuum_that_takes_nothing_of_the_version(cut_run, sql, faulty):
    """Rows that were only added share their files with the newer version."""
    one, table = cut_run
    sql(f"INSERT INTO {table} {rows_sql(5000, 6000, 'later')}")
    faulty.control("POST", f"vacuum?table={table}")
    one.run()
    assert [row["id"] for row in one.rows] == list(range(SEEN + NEW)) and one.report["warnings"] == []


def test_a_table_that_is_gone_for_a_while(cut_run, sql, faulty):
    one, table = cut_run
    before = one.output.read_bytes()
    sql(f"DROP TABLE {table}")
    assert "TABLE_OR_VIEW_NOT_FOUND" in one.run(code=1).err
    assert one.output.read_bytes() == before and one.status["state"] == "running"
    sql(f"CREATE TABLE {table} AS {rows_sql(0, SEEN + NEW, 'made again')}")
    one.run()
    expect_new_beginning(one)


def test_files_that_go_while_they_are_read(cut_run, sql, faulty):
    """The run that reads them fails and says why; the next one begins anew."""
    one, table = cut_run
    query = {"rpc": "ExecuteStatement", "statement": "LIMIT 500"}
    faulty.control("DELETE", "log")
    faulty.faults(query | {"action": "delay", "seconds": 2, "skip": 1})
    with one.program.start(*one.arguments) as process:
        while not any(call["fault"] == "delay" for call in faulty.control("GET", "log")["calls"]):
            assert process.poll() is None
            time.sleep(0.02)
        vacuum_after("UPDATE {table} SET note = 'made again'")(sql, table, faulty.control)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "DELTA_FILE_NOT_FOUND" in err
    assert len(one.rows) == SEEN + 1500
    one.run()
    assert [row["id"] for row in one.rows[SEEN + 1500:]] == list(range(SEEN, SEEN + NEW))
    assert any("begins anew" in warning for warning in one.report["warnings"])
