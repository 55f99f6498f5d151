"""Spark's types as the wire side knows types, and what is done to columns that Arrow cannot carry as Databricks sends them."""

from dataclasses import dataclass, field

from pyspark.sql import types as s

from ..errors import unsupported
from ..sqltypes import Type

SIMPLE = {s.BooleanType: "boolean", s.ByteType: "tinyint", s.ShortType: "smallint", s.IntegerType: "integer", s.LongType: "bigint",
          s.FloatType: "float", s.DoubleType: "double", s.StringType: "varchar", s.CharType: "varchar", s.VarcharType: "varchar",
          s.BinaryType: "blob", s.DateType: "date", s.TimestampType: "timestamp with time zone", s.TimestampNTZType: "timestamp",
          s.NullType: "null", s.VariantType: "variant", s.YearMonthIntervalType: "interval year to month",
          s.DayTimeIntervalType: "interval day to second"}
# What stands in the text of an interval: INTERVAL '1-2' YEAR TO MONTH. Seconds have nine digits behind the point.
TEXT = "regexp_extract(CAST({} AS STRING), \"'([^']*)'\", 1)"
SECONDS = "concat(split_part({0}, '.', 1), '.', rpad(split_part({0}, '.', 2), 9, '0'))"
SENT = {s.VariantType: "to_json({})", s.YearMonthIntervalType: TEXT.format("CAST({} AS INTERVAL YEAR TO MONTH)"),
        s.DayTimeIntervalType: SECONDS.format(TEXT.format("CAST({0} AS INTERVAL DAY TO SECOND)"))}


@dataclass
class Kind:
    """A type in the form that Type is made from."""
    id: str
    children: list = field(default_factory=list)


def kind(data_type):
    if isinstance(data_type, s.DecimalType):
        return Kind("decimal", [("precision", data_type.precision), ("scale", data_type.scale)])
    if isinstance(data_type, s.ArrayType):
        return Kind("list", [("element", _part(data_type.elementType))])
    if isinstance(data_type, s.MapType):
        return Kind("map", [("key", _part(data_type.keyType)), ("value", _part(data_type.valueType))])
    if isinstance(data_type, s.StructType):
        return Kind("struct", [(f.name, _part(f.dataType)) for f in data_type.fields])
    if type(data_type) not in SIMPLE:
        raise unsupported(f"results of type {data_type.simpleString()}")
    return Kind(SIMPLE[type(data_type)])


def _part(data_type):
    if type(data_type) in SENT:
        raise unsupported(f"{data_type.simpleString()} within another type in results")
    return kind(data_type)


def column_type(data_type):
    """The type's name as a table's description has it."""
    try:
        return Type(kind(data_type)).sql
    except Exception:       # what cannot be sent can still be described
        return data_type.simpleString().upper()


def sendable(frame):
    """The result with its columns in types that Arrow has, and those columns' types and names."""
    fields = frame.schema.fields
    types = [kind(f.dataType) for f in fields]
    if any(type(f.dataType) in SENT for f in fields):
        frame = frame.toDF(*(f"c{n}" for n in range(len(fields))))
        frame = frame.selectExpr(*(SENT.get(type(f.dataType), "{}").format(f"c{n}") for n, f in enumerate(fields)))
    return frame, [f.name for f in fields], types
