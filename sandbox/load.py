"""Bulk load of CSV text into a table, as one new version of it."""

import os
import tempfile

from sqlglot import exp

from . import catalog
from .commands import table_path
from .csv_files import LONGEST_LINE
from .dialect import parse
from .statements import column_definitions
from .sqltypes import identifier, literal


def load(database, table, columns, data, null="", mode="append"):
    """Makes the table if it is not there. `table` and `columns` are SQL: a three-part name, and `a INT, b STRING`."""
    if mode not in ("append", "replace"):
        raise ValueError(f"mode {mode!r}: append or replace")
    path = table_path(table)
    tree = parse(f"CREATE TABLE t ({columns})")
    if not isinstance(tree, exp.Create) or not isinstance(tree.this, exp.Schema):
        raise ValueError("columns: expected a list of names and types")
    described = column_definitions(tree.this.expressions)
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(data)
        file.flush()
        return _insert(database, path, described, os.path.realpath(file.name), null, mode)


def _insert(database, path, described, name, null, mode):
    db = database.cursor()
    try:
        with database.writing(db):
            for container, create in ((path[:1], ensure_catalog), (path[:2], ensure_schema)):
                create(db, container)
            found = catalog.find(db, path)
            if found and mode == "replace":
                found.physical, found.columns = catalog.new_storage(db, described), described
            elif found is None:
                found = catalog.create_table(db, path, described)
                catalog.commit(db, found, "CREATE TABLE", {"isManaged": "true"}, {})
            types = ", ".join(f"{literal(column.name)}: {literal(column.engine)}" for column in described)
            source = (f"read_csv({literal(name)}, auto_detect=false, header=true, delim=',', quote='\"', escape='\"', "
                      f"nullstr={literal(null)}, max_line_size={LONGEST_LINE}, columns={{{types}}})")
            targets = ", ".join([*(identifier(column.name) for column in described), catalog.VERSION])
            rows = db.execute(f"INSERT INTO {found.storage} ({targets}) SELECT *, {found.version + 1} FROM {source}").fetchall()[0][0]
            catalog.commit(db, found, "WRITE", {"mode": "Append", "partitionBy": "[]"},
                           {"numFiles": "1", "numOutputRows": str(rows)}, append=True)
            return {"rows": rows, "version": found.version}
    finally:
        db.close()


def ensure_catalog(db, path):
    if not catalog.has_catalog(db, path[0]):
        catalog.create_catalog(db, path[0])


def ensure_schema(db, path):
    if not catalog.has_schema(db, path):
        catalog.create_schema(db, path)
