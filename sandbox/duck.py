"""The engine DuckDB: statements are translated for it."""

from contextlib import closing

from . import catalog, load, statements
from .database import Database
from .engine import Engine, Work
from .results import Result


class DuckWork(Work):
    """On a connection of its own, because an open result blocks the connection it comes from."""

    def __init__(self, database, session):
        self._database, self._session = database, session
        self._cursor = database.cursor(session.zone)

    def run(self, statement, parameters, form, pace):
        outcome = statements.run(self._session, self._database, self._cursor, statement, parameters, pace)
        return self.answer(outcome.sql, form), outcome.modified

    def answer(self, query, form):
        """The result of a query of DuckDB's own; without one there are no columns."""
        return Result.of(self._cursor.sql(query), form) if query else Result.nothing(form)

    def interrupt(self):
        self._cursor.interrupt()

    def close(self):
        self._cursor.close()


class Duck(Engine):
    def __init__(self, path=":memory:", catalogs=("main", "samples"), objects=None):
        self.database = Database(path, catalogs, objects)

    def open(self, session):
        self.database.cursor(session.zone).close()

    def need(self, path):
        with closing(self.database.cursor()) as db:
            if len(path) == 2:
                catalog.need_schema(db, path)
            else:
                catalog.need_catalog(db, *path)

    def work(self, session):
        return DuckWork(self.database, session)

    def load(self, table, columns, data, null="", mode="append"):
        return load.load(self.database, table, columns, data, null, mode)

    def loaded(self, path):
        with closing(self.database.cursor()) as db:
            return list(catalog.loaded(db, catalog.need(db, path)).values())

    def vacuum(self, path):
        self._age(catalog.vacuum, path)

    def cut_history(self, path):
        self._age(catalog.cut_history, path)

    def _age(self, action, path):
        with closing(self.database.cursor()) as db, self.database.writing(db):
            action(db, catalog.need(db, path))

    def close(self):
        self.database.close()
