"""Tables of any shape: columns of any name, every type of time, many columns, long values."""

import datetime

import pytest

from program import counted

START = datetime.datetime(2024, 2, 28, 23, 59, 58)

# Types of a time, as SQL makes the n-th one, and as an event's field and its time show it.
TIMES = {
    "DATE": ("date_add(DATE '2024-02-28', CAST({n} AS INT))", lambda n: f"{START + datetime.timedelta(days=n):%Y-%m-%d}", "{}T00:00:00.000000Z"),
    "TIMESTAMP": ("timestamp_micros(1709164798000001 + {n} * 1000000)",
                  lambda n: f"{START + datetime.timedelta(seconds=n):%Y-%m-%dT%H:%M:%S}.000001Z", "{}"),
    "TIMESTAMP_NTZ": ("CAST(timestamp_micros(1709164798000001 + {n} * 1000000) AS TIMESTAMP_NTZ)",
                      lambda n: f"{START + datetime.timedelta(seconds=n):%Y-%m-%dT%H:%M:%S}.000001", "{}Z"),
}
NAMES = ["we``ird", "a.b", "two words", "ldbx_order", "LDBX_ORDER", "ldbx_order_1", "ÜBER 😀", "UPPER", "it's", 'say "so"', "SELECT", "back\\slash",
         "semi;colon -- no comment", "{}", "%s", "ts`; DROP TABLE x", "a,b", "1", "ldbx_ts", "ldbx_n", "ldbx_bucket"]


def plain(name):
    return name.replace("``", "`")


def quoted(name):
    return "`" + plain(name).replace("`", "``") + "`"


def made(sql, schema, columns, rows):
    """A table of columns {name: expression of id}."""
    listed = ", ".join(f"{expression} AS {quoted(name)}" for name, expression in columns.items())
    sql(f"CREATE TABLE {schema}.t AS SELECT {listed} FROM range({rows})")
    return f"{schema}.t"


@pytest.mark.parametrize("record", TIMES)
@pytest.mark.parametrize("kind", TIMES)
def test_times_of_every_type(sql, schema, job, kind, record):
    """Three rows a timestamp, batches that end inside of one; the second run takes what is newer."""
    sql_of, text_of, _ = TIMES[kind]
    record_sql, record_of, event_of = TIMES[record]
    table = made(sql, schema, {"id": "id", "ts": sql_of.format(n="(id DIV 3)"),
                               "seen": f"CASE WHEN id % 2 = 0 THEN {record_sql.format(n='(id % 20)')} END"}, 60)
    one = job(table, batch_size=7, record_timestamp="seen", continuous_update=True)
    one.run()
    sql(f"INSERT INTO {table} SELECT id, {sql_of.format(n='(id DIV 3)')}, NULL FROM range(57, 66)")
    one.run()
    expected = {id: {"id": id, "ts": text_of(id // 3)} | ({"seen": record_of(id % 20)} if id % 2 == 0 else {}) for id in range(60)}
    expected |= {id: {"id": id, "ts": text_of(id // 3)} for id in range(60, 66)}
    assert counted(one.rows) == counted(expected.values())
    assert [row["ts"] for row in one.rows] == sorted(row["ts"] for row in one.rows)
    fallback = TIMES[kind][2]
    for event in one.events:
        row = event["data"]
        assert event["ts"] == (event_of.format(row["seen"]) if "seen" in row else fallback.format(row["ts"]))
    assert any("DATE" in warning for warning in one.report["warnings"]) == (kind == "DATE")


@pytest.fixture(scope="module")
def named(shared_sql, shared_schema):
    """A table with a timestamp column of each of the names, each with times of its own."""
    columns = {"id": "id"} | {plain(name): f"timestamp_seconds(id DIV 4 + {n} * 1000)" for n, name in enumerate(NAMES) if name != "LDBX_ORDER"}
    return made(shared_sql, shared_schema, columns, 50)


@pytest.mark.parametrize("name", [*NAMES[:6], *(pytest.param(name, marks=pytest.mark.scale) for name in NAMES[6:])])
def test_a_timestamp_column_of_any_name(named, job, faulty, name):
    """In batches, so that its name is in the plan and in every bound, and over a lost session."""
    one = job(named, batch_size=16, timestamp_field=plain(name), record_timestamp=plain(name), since_date="1970-01-01 00:00:01")
    faulty.faults({"rpc": "ExecuteStatement", "statement": "LIMIT 16", "action": "lost_session", "skip": 1})
    one.run()
    column = "ldbx_order" if name == "LDBX_ORDER" else plain(name)      # names are compared without regard to case
    first = 8 if name == NAMES[0] else 0                                # whose rows are the only ones before the date
    assert sorted(row["id"] for row in one.rows) == list(range(first, 50))
    assert all(event["ts"] == event["data"][column] for event in one.events)
    assert one.report["warnings"] == [] and one.report["attempts"] == 1


def test_columns_of_all_these_names_at_once(sql, schema, job):
    """The ordering column takes a name that is free, and is never seen. Names are compared without regard to case."""
    names = [name for name in NAMES if name != "LDBX_ORDER"]
    table = made(sql, schema, {plain(name): f"id + {n}" for n, name in enumerate(names)} | {"ts": "timestamp_seconds(id DIV 4)"}, 50)
    one = job(table, batch_size=9)
    one.run()
    assert [list(row) for row in one.rows] == [[*map(plain, names), "ts"]] * 50
    assert sorted(row["a.b"] for row in one.rows) == list(range(1, 51))
    assert [row["ldbx_order"] - row["a.b"] for row in one.rows] == [2] * 50


def test_a_timestamp_column_is_found_in_any_case(sql, schema, job):
    one = job(made(sql, schema, {"id": "id", "Updated_At": "timestamp_seconds(id)"}, 5), timestamp_field="updated_AT")
    one.run()
    assert [row["Updated_At"][-3:-1] for row in one.rows] == ["00"] * 5


def test_five_hundred_columns(sql, schema, job):
    """Half of them NULL in every other row."""
    columns = {"ts": "timestamp_seconds(id DIV 4)"}
    columns |= {f"c{n}": f"id + {n}" if n % 2 else f"CASE WHEN id % 2 = 0 THEN repeat('{n % 10}', 20) END" for n in range(499)}
    one = job(made(sql, schema, columns, 400))
    one.run()
    assert sorted(row["c1"] for row in one.rows) == list(range(1, 401))
    for row in one.rows:
        id = row["c1"] - 1
        assert row["c497"] == id + 497 and row.get("c498") == ("8" * 20 if id % 2 == 0 else None)
        assert len(row) == (500 if id % 2 == 0 else 250)


def test_identical_rows_of_many_columns(sql, schema, job):
    """The order falls back on all of the row's columns and then on a number: rows that are the same are told apart by nothing else."""
    columns = {"ts": "timestamp_seconds(id DIV 50)"} | {f"c{n}": "id % 2" for n in range(30)}
    one = job(made(sql, schema, columns, 200), batch_size=30)
    one.run()
    assert len(one.rows) == 200 and sum(row["c29"] for row in one.rows) == 100


MEBIBYTE = 1 << 20


def test_a_string_of_sixteen_mebibytes(sql, schema, job):
    """Among rows of a few bytes, in a page of its own size; quotes make its JSON twice as long."""
    sql(f"CREATE TABLE {schema}.t AS SELECT id, timestamp_seconds(id) AS ts, repeat('\"', CASE WHEN id = 500 THEN {16 * MEBIBYTE} ELSE 3 END) "
        "AS text FROM range(1000)")
    one = job(f"{schema}.t")
    one.run()
    rows = one.rows
    assert [row["id"] for row in rows] == list(range(1000))
    assert [len(row["text"]) for row in rows if row["id"] != 500] == [3] * 999
    assert rows[500]["text"] == '"' * (16 * MEBIBYTE)


def test_a_page_of_long_strings(sql, schema, job):
    """Rows of 4 MiB each: a page holds a few of them, whatever their number says."""
    sql(f"CREATE TABLE {schema}.t AS SELECT id, timestamp_seconds(id) AS ts, repeat(CAST(id % 10 AS STRING), {4 * MEBIBYTE}) AS text FROM range(9)")
    one = job(f"{schema}.t", batch_size=5)
    one.run()
    assert [(row["id"], len(row["text"]), set(row["text"])) for row in one.rows] == [(n, 4 * MEBIBYTE, {str(n % 10)}) for n in range(9)]
