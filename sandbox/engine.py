"""What the wire side asks of an engine. There are two: DuckDB (`duck.py`), and Spark with Delta (`spark/`)."""

from .session import Session


class Work:
    """One statement's place to run. It is made and run in the statement's own thread, and interrupted from others."""

    def run(self, statement, parameters, form, pace):
        """The statement's Result, and how many rows it changed (None if it changes none). Parameters are (type, text) by name.

        `pace` is the operation: a COPY INTO calls pace.taken() when it has taken its files, and pace.check() before each step that
        interrupt() would not reach; both fail if the statement was stopped.
        """
        raise NotImplementedError

    def interrupt(self):
        """Stops what runs just now. It may come at any time, and more than once."""
        raise NotImplementedError

    def close(self):
        """Comes when the statement has ended and its result is not wanted any more."""


class Engine:
    def session(self, target):
        """A session for one of the paths, not yet configured."""
        return Session(target)

    def open(self, session):
        """Prepares for a session once it is configured; fails if its settings cannot be used."""

    def need(self, path):
        """Fails if there is no such catalog, or catalog and schema."""
        raise NotImplementedError

    def work(self, session):
        raise NotImplementedError

    def load(self, table, columns, data, null="", mode="append"):
        """Loads CSV text into a table as one new version, and makes the table if it is not there."""
        raise NotImplementedError

    def loaded(self, path):
        """The files that COPY INTO has loaded into a table: path, size, rows, version and time of each."""
        raise NotImplementedError

    def vacuum(self, path):
        """Removes a table's files that its newest version does not share."""
        raise NotImplementedError

    def cut_history(self, path):
        """Forgets all versions of a table but the newest."""
        raise NotImplementedError

    def close(self):
        raise NotImplementedError
