"""The one DuckDB database behind a workspace."""

import tempfile
import threading
from contextlib import contextmanager

import duckdb

from . import catalog, macros
from .errors import RUNTIME, SqlError

MEMORY = "6GB"      # what does not fit goes to a temporary folder


class Database:
    def __init__(self, path=":memory:", catalogs=("main", "samples"), objects=None):
        self.objects = objects      # where COPY INTO finds files
        self._spill = tempfile.TemporaryDirectory(prefix="sandbox-")
        config = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
                  "allow_unsigned_extensions": "false", "memory_limit": MEMORY, "temp_directory": self._spill.name}
        self.root = duckdb.connect(path, config=config)
        self.root.execute("SET GLOBAL TimeZone = 'UTC'")
        self._lock = threading.Lock()       # DuckDB's connections are made from one that is no thread's own
        self._write = threading.RLock()     # concurrent writers conflict in DuckDB; here they wait
        self._taken = set()                 # what COPY INTO statements that run now are loading: (table, file)
        with self.writing(self.cursor()) as db:
            catalog.setup(db, catalogs)
            macros.define(db)

    def cursor(self, zone="UTC"):
        """A connection of its own: an open result blocks the connection it comes from."""
        with self._lock:
            cursor = self.root.cursor()
        if zone != "UTC":
            cursor.execute(f"SET TimeZone = '{zone}'")
        return cursor

    @contextmanager
    def writing(self, db):
        """A transaction. After any error it is rolled back: DuckDB would answer a later COMMIT with success and keep nothing."""
        with self._write:
            db.execute("BEGIN")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextmanager
    def taking(self, table, paths):
        """Files that a running COPY INTO has for itself: another one that wants one of them for the same table is refused."""
        wanted = {(table, path) for path in paths}
        with self._lock:
            if wanted & self._taken:
                raise SqlError("COPY_INTO_DUPLICATED_FILES_COPY_NOT_ALLOWED", "Duplicated files were committed in a concurrent COPY INTO "
                               "operation. Please try again later.", "25000", RUNTIME)
            self._taken |= wanted
        try:
            yield
        finally:
            with self._lock:
                self._taken -= wanted

    def close(self):
        self.root.close()
        self._spill.cleanup()
