"""The listing calls of the protocol, as statements over information_schema."""

from .session import HIVE_CATALOG

TYPE_NUMBERS = {"BOOLEAN": 16, "TINYINT": -6, "SMALLINT": 5, "INT": 4, "BIGINT": -5, "FLOAT": 6, "DOUBLE": 8, "DECIMAL": 3,
                "STRING": 12, "VARCHAR": 12, "CHAR": 1, "BINARY": -2, "DATE": 91, "TIMESTAMP": 93, "TIMESTAMP_NTZ": 93,
                "ARRAY": 2003, "MAP": 2002, "STRUCT": 2002}


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def like(column, pattern):
    """`%` and `_` are wild, as everywhere in JDBC; nothing given means everything."""
    return f"{column} LIKE {quoted(pattern.lower())}" if pattern else "true"


def named(expressions):
    return ", ".join(f"{value} AS {name}" for name, value in expressions.items())


def one_catalog(request, hive, otherwise):
    """Open-source Spark has no name for its one catalog, and no information_schema in it."""
    return hive if request.catalogName == HIVE_CATALOG else otherwise


def catalogs():
    return "SELECT catalog_name AS TABLE_CAT FROM system.information_schema.catalogs ORDER BY 1"


def schemas(request):
    shown, visible = one_catalog(request, "''", "catalog_name"), one_catalog(request, "schema_name <> 'information_schema'", "true")
    return (f"SELECT schema_name AS TABLE_SCHEM, {shown} AS TABLE_CATALOG FROM system.information_schema.schemata WHERE {visible} AND "
            f"{like('catalog_name', request.catalogName)} AND {like('schema_name', request.schemaName)} ORDER BY 2, 1")


def tables(request):
    kinds = [kind.upper() for kind in request.tableTypes or ()]
    shown = f"kind IN ({', '.join(map(quoted, kinds))})" if kinds else "true"
    columns = {"TABLE_CAT": one_catalog(request, "''", "table_catalog"), "TABLE_SCHEM": "table_schema", "TABLE_NAME": "table_name", "TABLE_TYPE": "kind",
               "REMARKS": "coalesce(comment, '')",
               **dict.fromkeys(("TYPE_CAT", "TYPE_SCHEM", "TYPE_NAME", "SELF_REFERENCING_COL_NAME", "REF_GENERATION"),
                               "CAST(NULL AS STRING)")}
    return (f"SELECT {named(columns)} FROM (SELECT *, CASE table_type WHEN 'MANAGED' THEN 'TABLE' ELSE table_type END AS kind "
            f"FROM system.information_schema.tables) WHERE {like('table_catalog', request.catalogName)} AND "
            f"{like('table_schema', request.schemaName)} AND {like('table_name', request.tableName)} AND {shown} ORDER BY 1, 2, 3")


def columns(request):
    nothing, number = "CAST(NULL AS STRING)", "CAST(NULL AS INT)"
    kinds = " ".join(f"WHEN '{name}' THEN {value}" for name, value in TYPE_NUMBERS.items())
    listed = {"TABLE_CAT": one_catalog(request, nothing, "table_catalog"), "TABLE_SCHEM": "table_schema", "TABLE_NAME": "table_name",
              "COLUMN_NAME": "column_name", "DATA_TYPE": f"CAST(CASE data_type {kinds} ELSE 1111 END AS INT)",
              "TYPE_NAME": "upper(full_data_type)", "COLUMN_SIZE": number, "BUFFER_LENGTH": "CAST(NULL AS TINYINT)",
              "DECIMAL_DIGITS": number, "NUM_PREC_RADIX": number,
              "NULLABLE": "CAST(CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END AS INT)", "REMARKS": "coalesce(comment, '')",
              "COLUMN_DEF": nothing, "SQL_DATA_TYPE": number, "SQL_DATETIME_SUB": number, "CHAR_OCTET_LENGTH": number,
              "ORDINAL_POSITION": "CAST(ordinal_position AS INT)", "IS_NULLABLE": "is_nullable", "SCOPE_CATALOG": nothing,
              "SCOPE_SCHEMA": nothing, "SCOPE_TABLE": nothing, "SOURCE_DATA_TYPE": "CAST(NULL AS SMALLINT)",
              "IS_AUTO_INCREMENT": "'NO'"}
    return (f"SELECT {named(listed)} FROM system.information_schema.columns WHERE {like('table_catalog', request.catalogName)} AND "
            f"{like('table_schema', request.schemaName)} AND {like('table_name', request.tableName)} AND "
            f"{like('lower(column_name)', request.columnName)} ORDER BY 1, 2, 3, ordinal_position")
