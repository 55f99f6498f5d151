"""Types: an engine's on one side, Spark's names, Thrift ids and Arrow types on the other."""

import json

import pyarrow as pa
from databricks.sql.thrift_api.TCLIService.ttypes import TTypeId

from .errors import unsupported

# DuckDB type id: Spark name, Spark's name in JSON schemas, Thrift id, Arrow type.
PLAIN = {
    "boolean": ("BOOLEAN", "boolean", TTypeId.BOOLEAN_TYPE, pa.bool_()),
    "tinyint": ("TINYINT", "byte", TTypeId.TINYINT_TYPE, pa.int8()),
    "smallint": ("SMALLINT", "short", TTypeId.SMALLINT_TYPE, pa.int16()),
    "integer": ("INT", "integer", TTypeId.INT_TYPE, pa.int32()),
    "bigint": ("BIGINT", "long", TTypeId.BIGINT_TYPE, pa.int64()),
    # DuckDB sums integers as HUGEINT, Spark as BIGINT.
    "hugeint": ("BIGINT", "long", TTypeId.BIGINT_TYPE, pa.int64()),
    "float": ("FLOAT", "float", TTypeId.FLOAT_TYPE, pa.float32()),
    "double": ("DOUBLE", "double", TTypeId.DOUBLE_TYPE, pa.float64()),
    "varchar": ("STRING", "string", TTypeId.STRING_TYPE, pa.utf8()),
    "blob": ("BINARY", "binary", TTypeId.BINARY_TYPE, pa.binary()),
    "date": ("DATE", "date", TTypeId.DATE_TYPE, pa.date32()),
    "timestamp": ("TIMESTAMP_NTZ", "timestamp_ntz", TTypeId.TIMESTAMP_TYPE, pa.timestamp("us")),
    "null": ("VOID", "void", TTypeId.NULL_TYPE, pa.null()),
    # Spark alone has these; they are sent as text.
    "variant": ("VARIANT", "variant", TTypeId.STRING_TYPE, pa.utf8()),
    "interval year to month": ("INTERVAL YEAR TO MONTH", "interval year to month", TTypeId.STRING_TYPE, pa.utf8()),
    "interval day to second": ("INTERVAL DAY TO SECOND", "interval day to second", TTypeId.STRING_TYPE, pa.utf8()),
}


class Type:
    """A column's type. `sql` is Spark's name of it, `engine` DuckDB's."""

    def __init__(self, duck, zone="Etc/UTC"):
        self.kind = duck.id
        self.precision = self.scale = None
        self.parts = []
        plain = PLAIN.get(self.kind)
        if plain:
            self.sql, self.json, self.thrift, self.arrow = plain
        elif self.kind == "timestamp with time zone":
            self.sql, self.json, self.thrift = "TIMESTAMP", "timestamp", TTypeId.TIMESTAMP_TYPE
            self.arrow = pa.timestamp("us", zone)
        elif self.kind == "decimal":
            self.precision, self.scale = (value for _, value in duck.children)
            self.sql, self.thrift = f"DECIMAL({self.precision},{self.scale})", TTypeId.DECIMAL_TYPE
            self.json, self.arrow = self.sql.lower(), pa.decimal128(self.precision, self.scale)
        else:
            self._nested(duck, zone)

    def _nested(self, duck, zone):
        if self.kind not in ("list", "map", "struct"):
            raise unsupported(f"results of type {duck}")
        self.parts = [(name, Type(child, zone)) for name, child in duck.children]
        if self.kind == "list":
            (_, element), = self.parts
            self.sql, self.thrift = f"ARRAY<{element.sql}>", TTypeId.ARRAY_TYPE
            self.json = {"type": "array", "elementType": element.json, "containsNull": True}
            self.arrow = pa.list_(pa.field("element", element.arrow))
        elif self.kind == "map":
            (_, key), (_, value) = self.parts
            self.sql, self.thrift = f"MAP<{key.sql}, {value.sql}>", TTypeId.MAP_TYPE
            self.json = {"type": "map", "keyType": key.json, "valueType": value.json, "valueContainsNull": True}
            self.arrow = pa.map_(key.arrow, value.arrow)
        else:
            members = ", ".join(f"{name}: {part.sql}" for name, part in self.parts)
            self.sql, self.thrift = f"STRUCT<{members}>", TTypeId.STRUCT_TYPE
            self.json = {"type": "struct", "fields": [{"name": n, "type": p.json, "nullable": True, "metadata": {}}
                                                      for n, p in self.parts]}
            self.arrow = pa.struct([pa.field(name, part.arrow) for name, part in self.parts])

    @property
    def engine(self):
        """The type in DuckDB's words, as a table column gets it."""
        if self.kind == "list":
            return self.parts[0][1].engine + "[]"
        if self.kind == "map":
            return f"MAP({self.parts[0][1].engine}, {self.parts[1][1].engine})"
        if self.kind == "struct":
            return "STRUCT(" + ", ".join(f"{identifier(n)} {p.engine}" for n, p in self.parts) + ")"
        named = {"hugeint": "BIGINT", "timestamp with time zone": "TIMESTAMPTZ", "null": '"NULL"', "decimal": self.sql}
        return named.get(self.kind, self.kind.upper())

    def field(self, name, arrow=None):
        metadata = {"Spark:DataType:SqlName": self.sql, "Spark:DataType:JsonType": json.dumps(self.json)}
        return pa.field(name, arrow or self.arrow, metadata=metadata)


# What a column without a name (`SELECT ''` has one) is called within DuckDB, which needs a name.
NAMELESS = "__sandbox_nameless"


def identifier(name):
    """A name quoted for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    """A string quoted for DuckDB; NULL for None."""
    return "NULL" if text is None else "'" + str(text).replace("'", "''") + "'"
