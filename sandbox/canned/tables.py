"""What canned mode can be asked for: rows as queries for DuckDB, and which statements they answer."""

from dataclasses import dataclass

ZONED = "TIMESTAMP WITH TIME ZONE"
FIRST = 1704067200000000        # 2024-01-01, microseconds
STEP = 1500001


def drawn(seed, below):
    """A number from 0 to below the given one, the same for a row every time."""
    return f"CAST(hash(i, {seed}) % {below} AS BIGINT)"


def maybe(column, value):
    """NULL in 3 of 100 rows, other ones for each column."""
    return f"CASE WHEN {drawn(column, 100)} < 3 THEN NULL ELSE {value} END"


def moment(number):
    return f"CAST(make_timestamp({FIRST} + CAST({number} AS BIGINT) * {STEP}) AS {ZONED})"


REST = {
    "email": maybe(2, f"'user' || i || '.' || {drawn(12, 1000)} || '@example' || (i % 97) || '.com'"),
    "name": maybe(3, f"['Ann','Bob','Chloé','Dmitri','Eve','Farid','Grace','Hiro'][1 + {drawn(13, 8)}] || ' ' || "
                     f"['Abbott','Brown','Castillo','Dvořák','Evans','Fischer','Garcia','Huang'][1 + {drawn(23, 8)}] || ' ' || (i % 1000)"),
    "score": maybe(4, f"CAST({drawn(14, 100000000)} AS DOUBLE) / 1000003"),
    "active": maybe(5, f"{drawn(15, 2)} = 0"),
    "amount": maybe(6, f"CAST(CAST({drawn(16, 100000000)} AS DECIMAL(18, 0)) / 100 AS DECIMAL(18, 2))"),
    "age": maybe(7, f"CAST(18 + {drawn(17, 70)} AS INTEGER)"),
}


def columns(**more):
    return ", ".join(f"{value} AS {name}" for name, value in more.items())


MIXED = columns(id="i", ts=maybe(1, moment(drawn(11, 20000000))), **REST)
# As mixed, but with a timestamp in every row, and in its order: two rows share one.
EVENTS = columns(id="i", ts=moment("i // 2"), **REST)
SNAPSHOT = columns(id="i", ts=moment("i // 2"), **REST, ldbx_order="1 + i % 2")


@dataclass
class Table:
    """Many rows, in pages; `query` makes those from {first} up to {end}."""
    query: str
    forms: tuple


def paged(selected):
    return "SELECT " + selected + " FROM range({first}, {end}) AS r(i)"


ALL_FORMS = ("lz4", "lz4-plain", "arrow", "arrow-text", "columns")
TABLES = {
    "mixed": Table(paged(MIXED), ALL_FORMS),
    "events": Table(paged(EVENTS), ("lz4", "lz4-plain", "arrow", "arrow-text")),
    "snapshot": Table(paged(SNAPSHOT), ("lz4", "lz4-plain", "arrow", "arrow-text")),
}


def small(rows):
    """Results that come whole with the answer; None: a statement without rows."""
    newest = moment(f"({rows} - 1) // 2")
    return {
        "one": "SELECT CAST(1 AS INTEGER) AS \"1\"",
        "done": None,
        "history": f"SELECT CAST(1 AS BIGINT) AS version, {moment(0)} AS timestamp, 'WRITE' AS operation",
        "described": paged(EVENTS).format(first=0, end=0),
        "counted": f"SELECT CAST({rows} AS BIGINT) AS \"count(1)\", {newest} AS \"max(ts)\"",
        "nulls": f"SELECT CAST(0 AS BIGINT) AS \"count(1)\", CAST(NULL AS {ZONED}) AS \"max(ts)\"",
    }


# Part of a statement, its result, and how often its pages come. The first that fits is taken.
STATEMENTS = [
    ("CREATE OR REPLACE TEMPORARY VIEW", "done", 1),
    ("DESCRIBE HISTORY", "history", 1),
    ("LIMIT 0", "described", 1),
    ("IS NULL", "nulls", 1),
    ("count(*)", "counted", 1),
    ("ldbx_snapshot_", "snapshot", 1),
    ("mixed_10x", "mixed", 10),
    ("mixed", "mixed", 1),
    ("events", "events", 1),
    ("SELECT 1", "one", 1),
]
