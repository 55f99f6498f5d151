"""Errors as Databricks words them: an error class, a SQLSTATE and a text."""

import re

import duckdb

ANALYSIS = "org.apache.spark.sql.catalyst.ExtendedAnalysisException"
PARSE = "org.apache.spark.sql.catalyst.parser.ParseException"
RUNTIME = "org.apache.spark.SparkException"


class SqlError(Exception):
    """What a statement fails with."""

    def __init__(self, condition, text, sqlstate, java=ANALYSIS):
        self.condition, self.sqlstate = condition, sqlstate
        self.display = f"[{condition}] {text} SQLSTATE: {sqlstate}"
        self.message = f"Error running query: [{condition}] {java}: {self.display}"
        super().__init__(self.display)


def unsupported(what):
    """The sandbox refuses by name what it does not know: a silent success would prove nothing."""
    return SqlError("UNSUPPORTED_BY_SANDBOX", f"The sandbox does not support {what}.", "0A000")


def syntax(near, line, position, sql, detail=""):
    text = f"Syntax error at or near {near}{': ' + detail if detail else ''}."
    error = SqlError("PARSE_SYNTAX_ERROR", text, "42601", PARSE)
    where = f" (line {line}, pos {position})\n\n== SQL ==\n{sql}\n{'-' * position}^^^\n"
    error.display += where
    error.message += where
    return error


def quoted(*parts):
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


def no_table(*parts):
    text = (f"The table or view {quoted(*parts)} cannot be found. Verify the spelling and correctness of the schema "
            "and catalog.\nIf you did not qualify the name with a schema, verify the current_schema() output, or "
            "qualify the name with the correct schema and catalog.\nTo tolerate the error on drop use DROP VIEW IF "
            "EXISTS or DROP TABLE IF EXISTS.")
    return SqlError("TABLE_OR_VIEW_NOT_FOUND", text, "42P01")


def no_schema(*parts):
    return SqlError("SCHEMA_NOT_FOUND", f"The schema {quoted(*parts)} cannot be found. Verify the spelling and "
                    "correctness of the schema and catalog.", "42704")


def no_catalog(name):
    return SqlError("NO_SUCH_CATALOG_EXCEPTION", f"Catalog '{name}' was not found. Please verify the catalog name "
                    "and then retry the query or command again.", "42704")


def no_volume(*parts):
    return SqlError("VOLUME_NOT_FOUND", f"Volume {quoted(*parts)} does not exist. Please use 'SHOW VOLUMES' to list available volumes.",
                    "42704")


def exists(kind, sqlstate, *parts):
    return SqlError(f"{kind}_ALREADY_EXISTS", f"Cannot create {kind.lower().replace('_', ' ')} {quoted(*parts)} "
                    "because it already exists.", sqlstate)


def unresolved_column(name, candidates=()):
    shown = ", ".join(quoted(c) for c in candidates)
    hint = f" Did you mean one of the following? [{shown}]." if shown else ""
    return SqlError("UNRESOLVED_COLUMN." + ("WITH_SUGGESTION" if shown else "WITHOUT_SUGGESTION"),
                    f"A column, variable, or function parameter with name {quoted(name)} cannot be resolved.{hint}",
                    "42703")


# Error classes that the macros raise by error('[CLASS] text'), with their SQLSTATE.
RAISED = {"DIVIDE_BY_ZERO": "22012", "REMAINDER_BY_ZERO": "22012", "CAST_INVALID_INPUT": "22018",
          "CAST_OVERFLOW": "22003", "DATATYPE_MISMATCH.HASH_MAP_TYPE": "42K09",
          "DELTA_FILE_NOT_FOUND_DETAILED": "42K03", "UNSUPPORTED_BY_SANDBOX": "0A000"}

# DuckDB's exception classes. The class is in the text too, and while rows are streamed the text is all there is.
BY_PREFIX = {
    "Conversion Error": ("CAST_INVALID_INPUT", "22018", RUNTIME),
    "Out of Range Error": ("ARITHMETIC_OVERFLOW", "22003", RUNTIME),
    "Constraint Error": ("DELTA_NOT_NULL_CONSTRAINT_VIOLATED", "23502", RUNTIME),
    "Binder Error": ("DATATYPE_MISMATCH", "42K09", ANALYSIS),
    "Parser Error": ("PARSE_SYNTAX_ERROR", "42601", PARSE),
    "Catalog Error": ("UNRESOLVED_ROUTINE", "42883", ANALYSIS),
    "INTERRUPT Error": ("OPERATION_CANCELED", "HY008", RUNTIME),
}


def from_engine(error):
    """An exception of DuckDB (or of Arrow, while DuckDB streams) in Databricks' words."""
    text = str(error)
    raised = re.search(r"\[([A-Z_.]+)\] (.*)", text, re.S)
    if raised and raised.group(1) in RAISED:
        return SqlError(raised.group(1), re.split(r"' to [A-Z]+[0-9]*", raised.group(2))[0].strip(), RAISED[raised.group(1)], RUNTIME)
    column = re.search(r'Referenced column "(.*?)" (?:was )?not found|does not have a column named "(.*?)"', text)
    if column:
        known = re.search(r"Candidate bindings: (.*)", text)
        names = [m.replace('""', '"') for m in re.findall(r'"((?:[^"]|"")+)"(?!\.)', known.group(1))] if known else []
        return unresolved_column(column.group(1) or column.group(2), names[:5])
    for prefix, (condition, sqlstate, java) in BY_PREFIX.items():
        if prefix in text:
            shown = re.split(r"\n\s*(?:LINE|Candidate)", text.split(prefix + ": ", 1)[-1])[0].strip()
            return SqlError(condition, shown.rstrip(".") + ".", sqlstate, java)
    return SqlError("INTERNAL_ERROR", text, "XX000", RUNTIME)


ENGINE_ERRORS = (duckdb.Error, OSError)
