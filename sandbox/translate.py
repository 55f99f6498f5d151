"""A checked syntax tree becomes one that DuckDB answers as Spark would."""

import re

from sqlglot import exp

from . import catalog, information_schema
from .dialect import DIALECT, check, column_name, data_type, parse, pattern
from .errors import SqlError, no_table, unsupported
from .functions import AGGREGATES, FUNCTIONS, NO_DECIMALS, WINDOW
from .session import full_path
from .sqltypes import NAMELESS, identifier, literal

MOMENT = re.compile(r"\s*[+-]?\d{4,6}(-\d{1,2}(-\d{1,2}"
                    r"([T ]\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,9})?)?( ?(Z|UTC|[+-]\d{1,2}(:?\d{2})?))?)?)?)?\s*")
GUARDS = {"TIMESTAMPTZ": "spark_time", "TIMESTAMP": "spark_time", "DATE": "spark_day"}
CASTS = {"VARCHAR": "spark_string", "BLOB": "spark_binary", "BOOLEAN": "spark_boolean", "TINYINT": "spark_tinyint",
         "SMALLINT": "spark_smallint", "INTEGER": "spark_int", "BIGINT": "spark_bigint", "FLOAT": "spark_float",
         "DOUBLE": "spark_double"}
TRIED = {duck: macro.replace("spark_", "spark_try_") for duck, macro in CASTS.items()
         if duck in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE")}
DEEPEST_VIEW = 20
GONE = ("[DELTA_FILE_NOT_FOUND_DETAILED] File sandbox:/part-00000.parquet referenced in the transaction log cannot be found. This occurs "
        "when data has been manually deleted from the file system rather than using the table `DELETE` statement.")


def call(name, *arguments):
    """A call of DuckDB's own, marked so that it is not translated again."""
    node = exp.Anonymous(this=name, expressions=list(arguments))
    node.meta["native"] = True
    return node


def raw(text):
    """DuckDB text as a leaf of the tree."""
    return exp.Var(this=text)


def cast_text(value, duck):
    """The DuckDB text that casts the DuckDB text `value` as Spark would."""
    if duck in CASTS:
        return f"{CASTS[duck]}({value})"
    if duck in GUARDS:
        return f"CAST({GUARDS[duck]}({value}) AS {duck})"
    if duck.startswith("DECIMAL"):
        return f"CAST(spark_number({value}) AS {duck})"
    return f"CAST({value} AS {duck})"


class Translator:
    """Translates for one session: `where` is its current (catalog, schema), `views` its temporary views."""

    def __init__(self, db, where, views, zone="UTC", parameters=None, depth=0):
        self.db, self.where, self.views, self.zone = db, where, views, zone
        self.parameters, self.depth = parameters or {}, depth

    def query(self, tree):
        """DuckDB's text for a query."""
        return self.tree(tree).sql("duckdb")

    def tree(self, tree):
        root = exp.Subquery(this=self.bind(tree.copy()))
        check(root)
        for select in root.find_all(exp.Select):
            self._name_columns(select)
        for window in root.find_all(exp.Window):
            for ordered in window.args["order"].expressions if window.args.get("order") else ():
                ordered.set("this", self._order_key(ordered.this))
        for table in list(root.find_all(exp.Table)):
            table.replace(self._source(table))
        for node in reversed(list(root.walk())):
            rewrite = REWRITES.get(type(node))
            new = rewrite(self, node) if rewrite else node
            if new is not node:
                node.replace(new)
        return root.this

    # Parameters

    def bind(self, tree):
        for marker in list(tree.find_all(exp.Placeholder)):
            if marker.name not in self.parameters:
                raise SqlError("UNBOUND_SQL_PARAMETER", f"Found the unbound parameter: {marker.name}. Please, fix `args` and "
                               "provide a mapping of the parameter to either a SQL literal or collection constructor "
                               "functions such as `map()`, `array()`, `struct()`.", "42P02")
            sql_type, value = self.parameters[marker.name]
            new = exp.Null() if value is None else exp.Literal.string(value)
            if sql_type.upper() not in ("VOID", "STRING"):
                new = exp.Cast(this=new, to=exp.DataType.build(sql_type, dialect=DIALECT))
            marker.replace(new)
        return tree

    # Names of columns

    def _name_columns(self, select):
        """Gives unaliased columns the names that Spark gives them."""
        named = []
        for node in select.expressions:
            named.append(node if isinstance(node, (exp.Alias, exp.Star, exp.Column)) else exp.alias_(node.copy(), column_name(node) or NAMELESS, quoted=True))
        select.set("expressions", named)

    # Order within a window

    def _order_key(self, node):
        """A sort key that tells the same rows apart as Spark's: its hashes and its JSON text need not be the same here."""
        name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
        if name in ("xxhash64", "hash"):
            if any(isinstance(part, exp.Star) for part in node.expressions):
                return raw("CASE WHEN typeof(row(*COLUMNS(*))) LIKE '%MAP(%' THEN spark_no_map_hash() "
                           "ELSE hash(*COLUMNS(*)) END")
            return call("hash", *map(self._hash_part, node.expressions))
        if name == "to_json":
            return call("spark_order_text", self._order_key(node.expressions[0]))
        if name == "struct":
            if any(isinstance(part, exp.Star) for part in node.expressions):
                return raw("row(*COLUMNS(*))")
            return call("row", *map(self._order_key, node.expressions))
        return node

    def _hash_part(self, node):
        """A map can be hashed as text only."""
        text = isinstance(node, exp.Anonymous) and node.name.lower() == "to_json"
        return self._order_key(node) if text else call("spark_hashable", self._order_key(node))

    # Tables

    def _source(self, table):
        if isinstance(table.args.get("alias"), exp.TableAlias) and isinstance(table.args["alias"].this, exp.Parameter):
            raise unsupported(f"the time travel syntax of {table.sql(DIALECT)}; use VERSION AS OF")
        if isinstance(table.this, exp.Anonymous):
            text, name = self._table_function(table.this), table.this.name
        else:
            path = tuple(part.name for part in table.parts)
            if len(path) == 1 and path[0].lower() in visible_ctes(table):
                return table
            text, name = self._relation(path, table.args.get("version")), path[-1]
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name, quoted=True))
        return exp.Table(this=raw(f"({text})"), alias=alias, joins=table.args.get("joins"))

    def _table_function(self, function):
        if function.name.lower() != "range" or not 1 <= len(function.expressions) <= 3:
            raise unsupported(f"the table function {function.name}")
        arguments = ", ".join(str(int(argument.sql("duckdb"))) for argument in function.expressions)
        return f"SELECT range AS id FROM range({arguments})"

    def path(self, parts):
        """The three parts of a name."""
        return full_path(self.where, parts, 3)

    def _relation(self, parts, version):
        """DuckDB's text for what a name stands for."""
        view = self.views.get(parts[0].lower()) if len(parts) == 1 else None
        if view and version:
            raise unsupported_travel(parts)
        if view:
            return self._view(view.tree, view.namespace, [column.name for column in view.columns])
        path = self.path(parts)
        if path[1].lower() == "information_schema":
            return information_schema.query(self.db, path)
        if not catalog.has_schema(self.db, path[:2]):
            raise no_table(*parts)
        table = catalog.find(self.db, path)
        if table is None:
            raise no_table(*parts)
        if table.kind == "VIEW":
            if version:
                raise unsupported_travel(parts)
            return self._view(parse(table.body), table.namespace, [column.name for column in table.columns])
        return self.rows(self._travel(table, version))

    def _view(self, tree, namespace, names):
        if self.depth > DEEPEST_VIEW:
            raise SqlError("RECURSIVE_VIEW", "Recursive view detected.", "42K0H")
        inner = Translator(self.db, namespace, self.views, self.zone, depth=self.depth + 1)
        return f"SELECT * FROM ({inner.query(tree)}) AS v({', '.join(map(identifier, names))})"

    def _travel(self, table, version):
        if version is None:
            return table
        moment = version.expression
        if version.name.upper() == "TIMESTAMP":
            number = catalog.version_at(self.db, table, f"CAST({literal(moment.name)} AS TIMESTAMPTZ)")
        elif not re.fullmatch(r"\d+", moment.name):
            raise SqlError("INVALID_TIME_TRAVEL_SPEC", f"{moment.sql(DIALECT)} is not a version.", "42K0E")
        else:
            number = int(moment.name)
        return catalog.version(self.db, table, number)

    @staticmethod
    def rows(table):
        if not table.columns:
            raise SqlError("DELTA_READ_TABLE_WITHOUT_COLUMNS", "You are trying to read a Delta table that does not have any "
                           "columns.\n\nWrite some new data with the option `mergeSchema = true` to be able to read the table.", "428GU")
        # Not before a row is wanted does a missing file show: columns and empty results come from the log alone.
        missing = f" AND CAST(error({literal(GONE)}) AS BOOLEAN)" if table.vacuumed else ""
        return f"SELECT * EXCLUDE ({catalog.VERSION}) FROM {table.storage} WHERE {catalog.VERSION} <= {table.version}{missing}"

    # Single nodes

    def column(self, node):
        """DuckDB knows tables by their alias alone; a longer path in front of it is dropped, a path into a struct is not."""
        qualifiers = [part.name.lower() for part in node.parts[:-1]]
        if len(qualifiers) < 2 or qualifiers[0] in aliases(node):
            return node
        return exp.Column(this=node.this, table=exp.to_identifier(node.parts[-2].name, quoted=True))

    def cast(self, node):
        value = node.this
        _, duck = data_type(node.to)
        if isinstance(value, exp.Literal) and value.is_string and (duck in GUARDS or duck == "TIMESTAMP"):
            if not MOMENT.fullmatch(value.name):
                raise SqlError("CAST_INVALID_INPUT", f"The value '{value.name}' of the type \"STRING\" cannot be cast to "
                               f"\"{duck}\" because it is malformed.", "22018")
            return raw(f"CAST({literal(value.name.strip())} AS {duck})")
        text = value.sql("duckdb")
        if not isinstance(value, exp.Null) and (duck.endswith("[]") or duck.startswith(("MAP", "STRUCT"))):
            raise unsupported(f"CAST to {node.to.sql(DIALECT)}")
        return raw(f"CAST(NULL AS {duck})" if isinstance(value, exp.Null) else cast_text(text, duck))

    def try_cast(self, node):
        _, duck = data_type(node.to)
        if duck not in TRIED:
            raise unsupported(f"TRY_CAST to {node.to.sql(DIALECT)}")
        return raw(f"{TRIED[duck]}({node.this.sql('duckdb')})")

    def function(self, node):
        if node.meta.get("native"):
            return node
        name, arguments = node.name.lower(), node.expressions
        special = SPECIAL.get(name)
        if special:
            return special(self, node)
        known = FUNCTIONS.get(name)
        if known is None:
            raise unsupported(f"the function {name}")
        if not known.least <= len(arguments) <= known.most:
            raise SqlError("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", f"The `{name}` requires {known.least} to {known.most} "
                           f"parameters but the actual number is {len(arguments)}.", "42605")
        self._check_place(node, name)
        if name in NO_DECIMALS:
            arguments = [exp.Distinct(expressions=[call("spark_not_decimal", *a.expressions)]) if isinstance(a, exp.Distinct)
                         else call("spark_not_decimal", a) for a in arguments]
        target = known.target + "3" if known.target == "spark_substring" and len(arguments) == 3 else known.target
        if target == "current_date":
            return raw("current_date")
        return call(target, *arguments)

    def _check_place(self, node, name):
        if name in WINDOW and not isinstance(node.parent, (exp.Window, exp.IgnoreNulls, exp.RespectNulls)):
            raise SqlError("MISSING_WINDOW_SPECIFICATION", f"Window specification is not defined for the function {name}.", "42P20")
        for part in node.expressions:
            if isinstance(part, exp.Star) and name != "count":
                raise unsupported(f"* in {name}()")
            if isinstance(part, exp.Distinct) and (name not in AGGREGATES or len(part.expressions) > 1):
                raise unsupported(f"DISTINCT in {name}()")

    def window(self, node):
        name = node.this.name.lower() if isinstance(node.this, exp.Anonymous) else ""
        if name in WINDOW and WINDOW[name].integer:
            return exp.Cast(this=node.copy(), to=exp.DataType.build("INT"))
        return node

    def current(self, node):
        name = node.name.lower()
        if name == "current_catalog":
            return exp.Literal.string(self.where[0])
        if name in ("current_schema", "current_database"):
            return exp.Literal.string(self.where[1])
        return exp.Literal.string("sandbox")

    def date_format(self, node):
        if len(node.expressions) != 2 or not isinstance(node.expressions[1], exp.Literal):
            raise unsupported("date_format with a pattern that is not a literal")
        return raw(f"strftime(CAST(spark_time({node.expressions[0].sql('duckdb')}) AS TIMESTAMP), "
                   f"{literal(pattern(node.expressions[1].name))})")

    def date_trunc(self, node):
        unit = node.expressions[0].name.lower()
        if len(node.expressions) != 2 or unit not in ("year", "quarter", "month", "week", "day", "hour", "minute", "second"):
            raise unsupported(f"date_trunc to {unit}")
        return raw(f"date_trunc('{unit}', CAST(spark_time({node.expressions[1].sql('duckdb')}) AS TIMESTAMPTZ))")

    def concat(self, node):
        """Values become text as Spark writes them, not as DuckDB does."""
        parts = [f"spark_string({part.sql('duckdb')})" for part in node.expressions]
        if node.name.lower() == "concat":
            return raw(f"({' || '.join(parts)})" if parts else "''")
        return raw(f"concat_ws({', '.join(parts)})")

    def minus(self, node):
        # A macro repeats its arguments: windows and aggregates, which never are days here, are left alone.
        return node if node.find(exp.Window, exp.Anonymous) else call("spark_minus", node.this, node.expression)

    def collect(self, node):
        """Spark leaves NULLs out of collected lists."""
        argument, = node.expressions
        if isinstance(node.parent, (exp.Filter, exp.Window)):
            raise unsupported(f"{node.name} with FILTER or OVER")
        value = argument.expressions[0] if isinstance(argument, exp.Distinct) else argument
        distinct = "DISTINCT " if value is not argument or node.name.lower() == "collect_set" else ""
        text = value.sql("duckdb")
        return raw(f"coalesce(list({distinct}{text}) FILTER (WHERE {text} IS NOT NULL), [])")

    def struct(self, node):
        return raw("struct_pack(" + ", ".join(
            f"{identifier(name)} := {value.sql('duckdb')}" for name, value in self._members(node)) + ")")

    @staticmethod
    def _members(node):
        arguments = node.expressions
        if node.name.lower() == "named_struct":
            return [(name.name, value) for name, value in zip(arguments[::2], arguments[1::2])]
        if any(isinstance(part, exp.Star) for part in arguments):
            raise unsupported("struct(*) outside of an order")
        return [(part.alias or (part.name if isinstance(part, exp.Column) else f"col{n}"),
                 part.this if isinstance(part, exp.Alias) else part) for n, part in enumerate(arguments, 1)]

    def array(self, node):
        return raw("[" + ", ".join(part.sql("duckdb") for part in node.expressions) + "]")

    def map(self, node):
        keys, values = node.expressions[::2], node.expressions[1::2]
        return raw("MAP {" + ", ".join(f"{k.sql('duckdb')}: {v.sql('duckdb')}" for k, v in zip(keys, values)) + "}")

    def bracket(self, node):
        key, = node.expressions
        if not (isinstance(key, exp.Literal) and key.is_string):
            raise unsupported("an index that is not a string literal")
        return node

    def like(self, node):
        return node if isinstance(node.parent, exp.Escape) else exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))

    def substring(self, node):
        name = "spark_substring3" if node.args.get("length") else "spark_substring"
        return macro(name, "this", "start", "length")(self, node)

    def extract(self, node):
        part = {"DAY": "dayofmonth", "WEEK": "weekofyear", "DOY": "dayofyear"}.get(node.name.upper(), node.name.lower())
        if part == "second" or part not in FUNCTIONS or not FUNCTIONS[part].target.startswith("spark_"):
            raise unsupported(f"EXTRACT of {node.name}")
        return call(FUNCTIONS[part].target, node.expression)


def unsupported_travel(parts):
    return SqlError("UNSUPPORTED_FEATURE.TIME_TRAVEL", "The feature is not supported: Time travel on the relation: "
                    + ".".join(f"`{part}`" for part in parts) + ".", "0A000")


def visible_ctes(node):
    """The names of common table expressions that a table's name may stand for."""
    names, inside = set(), None
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        clause = node.args.get("with_")
        for cte in clause.expressions if clause else ():
            if cte is inside:
                break
            names.add(cte.alias.lower())
        node = node.parent
    return names


def aliases(node):
    select = node.find_ancestor(exp.Select)
    names = set()
    while select is not None:
        sources = [select.args.get("from_"), *(select.args.get("joins") or ())]
        names |= {source.this.alias_or_name.lower() for source in sources if source is not None}
        select = select.find_ancestor(exp.Select)
    return names


def macro(name, *parts):
    return lambda self, node: call(name, *(node.args[part] for part in parts if node.args.get(part) is not None))


def refuse(what):
    def refused(self, node):
        raise unsupported(what)
    return refused


def only_to_order(self, node):
    raise unsupported(f"{node.name.lower()}() outside of a window's ORDER BY")


SPECIAL = {
    **dict.fromkeys(("current_catalog", "current_schema", "current_database", "current_user", "user", "session_user"),
                    Translator.current),
    **dict.fromkeys(("collect_list", "array_agg", "collect_set"), Translator.collect),
    **dict.fromkeys(("struct", "named_struct"), Translator.struct),
    **dict.fromkeys(("xxhash64", "hash", "to_json"), only_to_order),
    "concat": Translator.concat, "concat_ws": Translator.concat, "array": Translator.array, "map": Translator.map,
    "date_format": Translator.date_format, "date_trunc": Translator.date_trunc,
}

REWRITES = {
    exp.Column: Translator.column, exp.Cast: Translator.cast, exp.TryCast: Translator.try_cast,
    exp.Anonymous: Translator.function, exp.Window: Translator.window, exp.Like: Translator.like, exp.ILike: Translator.like,
    exp.Div: macro("spark_divide", "this", "expression"), exp.IntDiv: macro("spark_div", "this", "expression"),
    exp.DPipe: macro("spark_concat", "this", "expression"), exp.Sub: Translator.minus,
    exp.Mod: macro("spark_mod", "this", "expression"), exp.Extract: Translator.extract, exp.Bracket: Translator.bracket,
    exp.Ceil: macro("spark_ceil", "this"), exp.Floor: macro("spark_floor", "this"),
    exp.StrPosition: macro("spark_instr", "this", "substr"),
    exp.CurrentTimestamp: lambda self, node: raw("now()"), exp.CurrentDate: lambda self, node: raw("current_date"),
    exp.Substring: Translator.substring,
    exp.RawString: lambda self, node: raw(literal(node.name)),
    exp.HexString: lambda self, node: raw(f"unhex({literal(node.name)})"),
}
