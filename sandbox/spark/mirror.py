"""What there is, for listings: DuckDB's catalog of names, without rows.

Of catalogs and schemas, and of what is dropped, the mirror is the first to know, and Spark follows. Of tables and views Spark is
the first, and the mirror follows.
"""

import shutil
import threading
from contextlib import closing

from .. import catalog, load
from ..catalog import Column, Table
from ..sqltypes import literal
from .names import database, encode, quoted, string
from .types import column_type


class Mirror:
    """`tables` is the folder where Spark keeps them."""

    def __init__(self, names, spark, tables):
        self.database, self._spark, self._tables, self._lock = names, spark, tables, threading.RLock()

    def find(self, path):
        with closing(self.database.cursor()) as db:
            return catalog.find(db, path)

    def know(self, path):
        """Whether there is such a table or view."""
        return self.find(path) is not None

    def need_catalog(self, name):
        with closing(self.database.cursor()) as db:
            catalog.need_catalog(db, name)

    def need(self, path):
        with closing(self.database.cursor()) as db:
            return catalog.need(db, path)

    def table(self, session, parts):
        """The table or view that a session means by a name."""
        if len(parts) == 1 and parts[0].lower() in session.views:
            return Table(None, parts, "VIEW", None, None)
        return self.need(session.table_path(parts))

    def make(self, path, session):
        """The catalog and the schema of a table, if they are not there."""
        def both(session, database, db):
            with database.writing(db):
                load.ensure_catalog(db, path[:1])
                load.ensure_schema(db, path[:2])
        with closing(self.database.cursor()) as db:
            self.run(both, session, db)

    # Spark follows

    def _all(self, db):
        schemas = set(db.execute("SELECT catalog, name FROM meta.schemas").fetchall())
        relations = set(db.execute("SELECT catalog, schema, name, kind FROM meta.tables").fetchall())
        return schemas, relations

    def run(self, command, session, db):
        """Runs a statement on names alone; the query for what it answers."""
        with self._lock:
            schemas, relations = self._all(db)
            views, namespace = set(session.views), session.namespace
            query = command(session, self.database, db)
            schemas_now, relations_now = self._all(db)
            for path in schemas_now - schemas:
                self.create(path)
            for *path, kind in relations - relations_now:
                self._spark.sql(f"DROP {kind} IF EXISTS {quoted(path)}")
                shutil.rmtree(self.folder(path), ignore_errors=True)        # Spark leaves those of a restored table
            for path in schemas - schemas_now:
                self._spark.sql(f"DROP SCHEMA IF EXISTS `{database(path)}` CASCADE")
            for name in views - set(session.views):
                session.spark.catalog.dropTempView(name)
            if session.namespace != namespace:
                session.enter()
            return query

    def create(self, path):
        self._spark.sql(f"CREATE SCHEMA IF NOT EXISTS `{database(path)}`")

    def folder(self, path):
        """Where a table's files are."""
        return self._tables / f"{database(path)}.db" / encode(path[2])

    def restore(self, views):
        """Makes what was there when the server ended. `views` makes a view from its path, columns, body and namespace."""
        with closing(self.database.cursor()) as db:
            for path in self._all(db)[0]:
                self.create(path)
            listed = db.execute("SELECT catalog, schema, name, kind FROM meta.tables ORDER BY id").fetchall()
            for *path, kind in sorted(listed, key=lambda row: row[3]):
                if kind == "TABLE":
                    self._spark.sql(f"CREATE TABLE {quoted(path)} USING DELTA LOCATION {string(str(self.folder(path)))}")
                else:
                    views(catalog.need(db, path))

    # The mirror follows

    def refresh(self, path, body=None, namespace=(None, None)):
        """Looks at a table or view that a statement has written."""
        with self._lock, closing(self.database.cursor()) as db:
            old = catalog.find(db, path)
            if not self._spark.catalog.tableExists(quoted(path)):
                if old:
                    with self.database.writing(db):
                        catalog.drop(db, old)
                return
            seen = self._spark.catalog.getTable(quoted(path))
            columns = [Column(f.name, column_type(f.dataType), "", f.nullable, f.metadata.get("comment"))
                       for f in self._spark.table(quoted(path)).schema.fields]
            kind = "VIEW" if seen.tableType == "VIEW" else "TABLE"
            if old and (old.kind, old.columns, old.comment) == (kind, columns, seen.description) and body in (None, old.body):
                return
            with self.database.writing(db):
                if old:
                    body, namespace = (old.body, old.namespace) if body is None else (body, namespace)
                    catalog.drop(db, old)
                catalog.record(db, path, kind, columns, body, namespace, seen.description)
