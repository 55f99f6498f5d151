"""The table that a COPY INTO writes, and how the columns that it reads become the table's: the same for either engine."""

from .errors import ANALYSIS, SqlError, quoted, unresolved_column, unsupported

SMALL = {"TINYINT", "SMALLINT", "INT"}      # Delta merges these types; others must be the same


def need(table, path):
    """The table of a path: `table` is what there is."""
    if table is None:
        raise SqlError("DELTA_MISSING_DELTA_TABLE_COPY_INTO", "Table doesn't exist. Create an empty Delta table first using CREATE TABLE "
                       f"{'.'.join(path)}.", "42P01")
    if table.kind == "VIEW":
        raise SqlError("DELTA_COPY_INTO_TARGET_FORMAT", "COPY INTO target must be a Delta table.", "0AKDE")
    return table


def matched(copy, table, given):
    """The names of the table's columns that the columns given are for."""
    if copy.columns:
        return _placed(copy, table, given)
    known = {column.name.lower(): column for column in table.columns}
    names = [column.name for column in given]
    double = next((name for place, name in enumerate(names) if name.lower() in map(str.lower, names[:place])), None)
    if double is not None:
        raise SqlError("COLUMN_ALREADY_EXISTS", f"The column {quoted(double)} already exists. Choose another name or rename the "
                       "existing column.", "42711")
    strange = [name for name in names if name.lower() not in known]
    if strange and not copy.merge_schema:
        raise SqlError("COPY_INTO_SCHEMA_MISMATCH_WITH_TARGET_TABLE", "A schema mismatch was detected while copying into the Delta table "
                       f"(Table: {'.'.join(table.path)}). This may indicate an issue with the incoming data, or the Delta table schema "
                       "can be evolved automatically by setting: COPY_OPTIONS ('mergeSchema' = 'true'). Schema difference: added "
                       f"columns: {', '.join(strange)}.", "42KDG")
    for column in given if copy.merge_schema else ():
        _merged(known.get(column.name.lower()), column)
    return names


def _placed(copy, table, given):
    if copy.on("header") and copy.select is None:
        raise unsupported("a list of columns, or BY POSITION, for files with a header")
    names = [column.name for column in table.columns]
    if copy.columns != "*":
        strange = next((name for name in copy.columns if name.lower() not in map(str.lower, names)), None)
        if strange is not None:
            raise unresolved_column(strange, names)
        names = copy.columns
    if len(names) != len(given):
        raise SqlError("COPY_INTO_COLUMN_ARITY_MISMATCH." + ("NOT_ENOUGH" if len(given) < len(names) else "TOO_MANY") + "_DATA_COLUMNS",
                       f"Cannot write to {'.'.join(table.path)}, the reason is that the numbers of columns differ: {len(names)} in the "
                       f"table, {len(given)} in the data.", "21S01")
    return names


def _merged(old, new):
    if old and old.type != new.type and not {old.type, new.type} <= SMALL and new.type != "VOID":
        raise SqlError("DELTA_FAILED_TO_MERGE_FIELDS", f"Failed to merge fields '{old.name}' and '{new.name}'. Failed to merge "
                       f"incompatible data types {old.type} and {new.type}.", "22005", ANALYSIS)
