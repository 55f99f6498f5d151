"""The types that Spark infers for the columns of CSV, tried against Spark 4.1: one query over the text."""

from dataclasses import dataclass

from .catalog import Column
from .errors import unsupported
from .macros import CLOCK, DAY, NUMBER, ZONE
from .sqltypes import identifier

SUFFIXED = f"({NUMBER}|[+-]?(NaN|Infinity|0[xX][0-9a-fA-F.]+[pP][+-]?[0-9]+))[fFdD]?"
CLOCKED = "[+-]?[0-9]{4,6}(-[0-9]{1,2}(-[0-9]{1,2}([T ]+[0-9].*)?)?)?|T?[0-9]{1,2}:[0-9]{1,2}.*"


def tests(x):
    """Conditions by what a value then may be. Those that begin with "odd" are taken by Spark and not by the sandbox."""
    def matches(pattern, text=x):
        return f"regexp_full_match({text}, '{pattern}')"
    trimmed = f"trim({x})"
    double = f"({matches(NUMBER + '|[+-]?Infinity', trimmed)} OR {x} IN ('NaN', 'Inf', '-Inf'))"
    exponent = f"TRY_CAST(nullif(regexp_extract({x}, '[eE]([+-]?[0-9]+)', 1), '') AS BIGINT)"
    known = matches(f"{DAY}([T ]{CLOCK}( ?{ZONE})?)?")
    moment = f"TRY_CAST({x} AS TIMESTAMPTZ) IS NOT NULL"
    scale = f"length(regexp_extract({x}, '[.]([0-9]*)', 1)) - coalesce({exponent}, 0)"
    return {
        "int": f"{matches('[+-]?[0-9]+')} AND TRY_CAST({x} AS INTEGER) IS NOT NULL",
        "bigint": f"{matches('[+-]?[0-9]+')} AND TRY_CAST({x} AS BIGINT) IS NOT NULL",
        "double": double,
        # A number without decimals is a DECIMAL to Spark where it is no BIGINT.
        "odd_decimal": f"{matches(NUMBER)} AND {scale} = 0",
        "odd_double": f"{double} OR {matches(SUFFIXED, trimmed)}",
        "date": f"{matches('[0-9]{4}-[0-9]{2}-[0-9]{2}')} AND TRY_CAST({x} AS DATE) IS NOT NULL",
        "timestamp": f"{known} AND {moment}",
        "odd_timestamp": f"{matches(CLOCKED, trimmed)} AND ({moment} OR NOT {known})",
        "boolean": f"lower({x}) IN ('true', 'false')",
    }


FIRST = 1000
KINDS = list(tests("x"))
ENGINE = {"INT": "INTEGER", "TIMESTAMP": "TIMESTAMPTZ", "STRING": "VARCHAR"}


@dataclass
class Inferred:
    column: Column
    empties: bool       # whether there are empty strings among values of another type, which are read as no such value


def infer(db, names, text):
    """The columns of a query whose columns are all text."""
    # Most of what a column is not shows in its first rows. The rest of them is asked only what is left.
    first = _seen(db, {name: KINDS for name in names}, f"SELECT * FROM ({text}) LIMIT {FIRST}")
    left = {name: [kind for kind in KINDS if first[name][kind] is not False] for name in names}
    return [_inferred(name, seen) for name, seen in _seen(db, left, text).items()]


def _seen(db, wanted, text):
    """By column: how many values there are, whether some are empty, and whether all others may be of a kind (False if not asked)."""
    parts, keys = [], []
    for name, kinds in wanted.items():
        x, conditions = identifier(name), tests(identifier(name))
        parts += [f"count(CASE WHEN {x} <> '' THEN 1 END)", f"bool_or({x} = '')"]
        parts += [f"bool_and({x} = '' OR ({conditions[kind]}))" for kind in kinds]
        keys += [(name, key) for key in ("count", "empties", *kinds)]
    found = {name: dict.fromkeys(KINDS, False) for name in wanted}
    for (name, key), value in zip(keys, db.execute(f"SELECT {', '.join(parts)} FROM ({text})").fetchall()[0]):
        found[name][key] = value
    return found


def _inferred(name, seen):
    kind = _kind(name, seen) if seen["count"] else "STRING"
    return Inferred(Column(name, kind, ENGINE.get(kind, kind)), bool(seen["empties"]) and kind != "STRING")


def _kind(name, every):
    for kind in ("int", "bigint"):
        if every[kind]:
            return kind.upper()
    odd = "DECIMAL" if every["odd_decimal"] else None
    for kind in ("double", "date", "timestamp", "boolean"):
        if every[kind] and not odd:
            return kind.upper()
    odd = odd or next((kind for kind in ("double", "timestamp") if every["odd_" + kind]), None)
    if odd:
        raise unsupported(f"the inference of {odd.upper()} from the values of column {name}")
    return "STRING"
