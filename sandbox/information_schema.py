"""Unity Catalog's information_schema, for one catalog or (as system.information_schema) for all."""

from . import catalog
from .errors import no_table
from .sqltypes import literal

# In every query {where} is a condition on `catalog`.
QUERIES = {
    "catalogs": """SELECT name AS catalog_name, 'sandbox' AS catalog_owner, comment, created, 'sandbox' AS created_by
        FROM (SELECT name AS catalog, * FROM meta.catalogs UNION ALL SELECT 'system', 'system', NULL, now()) WHERE {where}""",
    "schemata": """SELECT catalog AS catalog_name, name AS schema_name, 'sandbox' AS schema_owner, comment, created,
        'sandbox' AS created_by FROM meta.schemas WHERE {where}
        UNION ALL SELECT name, 'information_schema', 'sandbox', NULL, created, 'sandbox'
        FROM (SELECT name AS catalog, * FROM meta.catalogs) WHERE {where}""",
    "tables": """SELECT catalog AS table_catalog, schema AS table_schema, name AS table_name,
        CASE kind WHEN 'TABLE' THEN 'MANAGED' ELSE kind END AS table_type,
        CASE kind WHEN 'TABLE' THEN 'YES' ELSE 'NO' END AS is_insertable_into, 'PRESERVE' AS commit_action,
        'sandbox' AS table_owner, comment, created, 'sandbox' AS created_by, altered AS last_altered,
        'sandbox' AS last_altered_by, CASE kind WHEN 'TABLE' THEN 'DELTA' ELSE 'UNKNOWN_DATA_SOURCE_FORMAT' END
        AS data_source_format FROM meta.tables WHERE {where}""",
    "views": """SELECT catalog AS table_catalog, schema AS table_schema, name AS table_name, body AS view_definition,
        'NONE' AS check_option, 'NO' AS is_updatable FROM meta.tables WHERE kind = 'VIEW' AND {where}""",
    "columns": """SELECT t.catalog AS table_catalog, t.schema AS table_schema, t.name AS table_name, c.name AS column_name,
        c.position AS ordinal_position, CAST(NULL AS VARCHAR) AS column_default,
        CASE WHEN c.nullable THEN 'YES' ELSE 'NO' END AS is_nullable, lower(c.type) AS full_data_type,
        regexp_extract(c.type, '^[A-Z_]+') AS data_type, c.comment
        FROM meta.tables t JOIN meta.columns c ON t.physical = c.physical WHERE {where}""",
}


def query(db, path):
    name, _, table = path
    if table.lower() not in QUERIES or not catalog.has_catalog(db, name):
        raise no_table(*path)
    everything = name.lower() == "system"
    return QUERIES[table.lower()].format(where="true" if everything else f"catalog = {literal(name.lower())}")
