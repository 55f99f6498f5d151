"""Databricks SQL to DuckDB's: sqlglot reads and writes, an allow-list decides.

Every node and every function must be known here. What is not is refused by name, because sqlglot and DuckDB would often take
it and answer something else than Spark.
"""

import logging
import re

from sqlglot import exp
from sqlglot.dialects.databricks import Databricks
from sqlglot.errors import ParseError, TokenError

from .errors import SqlError, syntax, unsupported
from .functions import PATTERNS

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)


class Sandbox(Databricks):
    """Databricks without sqlglot's knowledge of functions: all of them come as plain calls, and our table decides."""

    class Parser(Databricks.Parser):
        FUNCTIONS = {}
        FUNCTION_PARSERS = {name: parser for name, parser in Databricks.Parser.FUNCTION_PARSERS.items()
                            if name in ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING")}


DIALECT = Sandbox()

NODES = {getattr(exp, name) for name in """
    Select Subquery Union Except Intersect From Join Table TableAlias Alias Column Identifier Star Literal Null Boolean Paren Tuple
    Values With CTE Where Group Having Qualify Order Ordered Limit Offset Distinct Window WindowSpec Filter IgnoreNulls RespectNulls
    Case If And Or Not EQ NEQ GT GTE LT LTE NullSafeEQ NullSafeNEQ Is In Between Like ILike RegexpLike Escape Add Sub Mul Div IntDiv
    Mod Neg DPipe BitwiseAnd BitwiseOr BitwiseXor BitwiseNot Cast TryCast DataType DataTypeParam ColumnDef Interval Var Anonymous
    CurrentTimestamp CurrentDate Trim Substring Extract StrPosition Exists Placeholder Version Dot Bracket HexString RawString
    Ceil Floor Hint Insert Update Delete Schema PropertyEQ
""".split()}

# Clauses that would otherwise be carried through, or dropped, unseen.
ARGUMENTS = {
    exp.Select: {"with_", "expressions", "from_", "joins", "where", "group", "having", "qualify", "order", "limit", "offset",
                 "distinct", "hint", "kind", "windows"},
    exp.Table: {"this", "db", "catalog", "alias", "version", "joins"},
    exp.Join: {"this", "on", "using", "side", "kind", "method"},
    exp.Insert: {"this", "expression", "by_name", "overwrite", "with_"},
    exp.Update: {"this", "expressions", "where"},
    exp.Delete: {"this", "where"},
    exp.Group: {"expressions", "all"},
    exp.With: {"expressions"},
    exp.Interval: {"this", "unit"},
    exp.Distinct: {"expressions"},
    exp.Floor: {"this"}, exp.Ceil: {"this"},
}


def tokens(sql, dialect=DIALECT):
    try:
        return dialect.tokenize(sql)
    except TokenError as error:
        raise syntax("end of input", 1, 0, sql, _plain(str(error))) from None


def _plain(text):
    return re.sub(r"\x1b\[\d*m", "", text).split("\n")[0]


def number_markers(sql):
    """`?` markers become named ones by their place in the text, which the syntax tree does not keep."""
    out, at, count = [], 0, 0
    for token in tokens(sql):
        if token.token_type.name == "PLACEHOLDER" and token.text == "?":
            out += [sql[at:token.start], f":_{count}"]
            at, count = token.end + 1, count + 1
    return "".join([*out, sql[at:]])


def parse(sql):
    """The one statement in a text."""
    try:
        trees = [tree for tree in DIALECT.parse(sql) if tree is not None]
    except (ParseError, TokenError) as error:
        first = error.errors[0] if getattr(error, "errors", None) else {}
        near = f"'{first['highlight']}'" if first.get("highlight") else "end of input"
        line, column = first.get("line") or 1, first.get("col") or 1
        raise syntax(near, line, max(0, column - len(first.get("highlight") or "")), sql,
                     _plain(first.get("description") or str(error))) from None
    if not trees:
        raise SqlError("PARSE_EMPTY_STATEMENT", "Syntax error, unexpected empty statement.", "42617")
    if len(trees) > 1:
        raise syntax("';'", 1, sql.find(";"), sql, "extra input after the end of the statement")
    if isinstance(trees[0], exp.Command):
        raise unsupported(f"the statement {trees[0].name} {str(trees[0].args.get('expression') or '').strip()[:40]}".strip())
    return trees[0]


def check(tree):
    """Refuses what is not on the list."""
    for node in tree.walk():
        kind = type(node)
        if kind not in NODES:
            raise unsupported(f"{node.sql_name() if isinstance(node, exp.Func) else kind.__name__} ({_sample(node)})")
        allowed = ARGUMENTS.get(kind)
        for name, value in node.args.items() if allowed else ():
            if value and name not in allowed:
                raise unsupported(f"{name.strip('_')} in {kind.__name__.upper()} ({_sample(node)})")


def _sample(node):
    return node.sql(DIALECT)[:60]


# Types

SCALAR_TYPES = {
    "BOOLEAN": ("BOOLEAN", "BOOLEAN"), "TINYINT": ("TINYINT", "TINYINT"), "SMALLINT": ("SMALLINT", "SMALLINT"),
    "INT": ("INT", "INTEGER"), "BIGINT": ("BIGINT", "BIGINT"), "FLOAT": ("FLOAT", "FLOAT"), "DOUBLE": ("DOUBLE", "DOUBLE"),
    "TEXT": ("STRING", "VARCHAR"), "BINARY": ("BINARY", "BLOB"), "VARBINARY": ("BINARY", "BLOB"), "DATE": ("DATE", "DATE"),
    "TIMESTAMPTZ": ("TIMESTAMP", "TIMESTAMPTZ"), "TIMESTAMP": ("TIMESTAMP", "TIMESTAMPTZ"),
    "TIMESTAMPNTZ": ("TIMESTAMP_NTZ", "TIMESTAMP"),
}


def data_type(node):
    """Spark's and DuckDB's name of a type."""
    name, inner = node.this.name, node.expressions
    if name in SCALAR_TYPES:
        return SCALAR_TYPES[name]
    if name in ("VARCHAR", "CHAR"):
        return f"{name}({inner[0].name})" if inner else "STRING", "VARCHAR"
    if name == "DECIMAL":
        size = [int(part.name) for part in inner] or [10, 0]
        text = f"DECIMAL({size[0]},{size[1] if len(size) > 1 else 0})"
        return text, text
    if name in ("ARRAY", "LIST"):
        spark, duck = data_type(inner[0])
        return f"ARRAY<{spark}>", duck + "[]"
    if name == "MAP":
        (key, duck_key), (value, duck_value) = map(data_type, inner)
        return f"MAP<{key}, {value}>", f"MAP({duck_key}, {duck_value})"
    if name == "STRUCT":
        parts = [(part.name, *data_type(part.args["kind"])) for part in inner]
        members = ", ".join('"{}" {}'.format(part.replace('"', '""'), duck) for part, _, duck in parts)
        return f"STRUCT<{', '.join(f'{part}: {spark}' for part, spark, _ in parts)}>", f"STRUCT({members})"
    raise unsupported(f"the type {node.sql(DIALECT)}")


def pattern(text):
    """A Java date pattern as strftime's. A letter that is not known is an error."""
    out, rest = [], text
    while rest:
        if rest[0] == "'":
            end = rest.find("'", 1)
            if end < 0:
                raise unsupported(f"the date pattern {text}")
            out.append((rest[1:end] or "'").replace("%", "%%"))
            rest = rest[end + 1:]
            continue
        run = re.match(r"([A-Za-z])\1*|.", rest, re.S).group()
        if run[0].isalpha() and run not in PATTERNS:
            raise unsupported(f"the letters {run} in the date pattern {text}")
        out.append(PATTERNS.get(run, run.replace("%", "%%")))
        rest = rest[len(run):]
    return "".join(out)


# Names of unaliased columns

BINARY = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.IntDiv: "div", exp.Mod: "%", exp.EQ: "=", exp.GT: ">",
          exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.And: "AND", exp.Or: "OR", exp.NullSafeEQ: "<=>"}


def column_name(node):
    """What Spark calls a column that has no alias."""
    if isinstance(node, (exp.Column, exp.Literal)):
        return node.name
    if isinstance(node, exp.Boolean):
        return node.sql(DIALECT).lower()
    if isinstance(node, exp.Star):
        return "1"
    if isinstance(node, exp.Anonymous):
        return f"{node.name.lower()}({', '.join(map(column_name, node.expressions))})"
    if type(node) in BINARY:
        return f"({column_name(node.left)} {BINARY[type(node)]} {column_name(node.right)})"
    if isinstance(node, exp.Paren):
        return column_name(node.this)
    if isinstance(node, exp.Distinct):
        return "DISTINCT " + ", ".join(map(column_name, node.expressions))
    return re.sub("`((?:[^`]|``)*)`", r"\1", node.sql(DIALECT, normalize_functions="lower"))
