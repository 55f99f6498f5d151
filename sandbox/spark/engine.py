"""The engine Spark: where it keeps what, and what is asked of it beside statements."""

import tempfile
from pathlib import Path

from pyspark.sql.types import StructType

from .. import load
from ..commands import table_path
from ..duck import Duck
from ..engine import Engine
from ..errors import quoted as shown
from . import delta
from .errors import ENGINE_ERRORS, failure
from .launch import start
from .mirror import Mirror
from .names import Statement, quoted
from .session import CONF, SparkSession
from .work import SparkWork

CSV = {"header": "true", "quote": '"', "escape": '"', "multiLine": "true", "lineSep": "\n", "mode": "FAILFAST"}


class Spark(Engine):
    """`path` is the file for the names, `:memory:` if nothing is kept."""

    def __init__(self, path=":memory:", catalogs=("main", "samples"), objects=None):
        self._scratch = tempfile.TemporaryDirectory(prefix="sandbox-spark-")
        folder = Path(self._scratch.name if path == ":memory:" else path).resolve()
        folder = folder if folder.is_dir() else folder.parent / "spark"
        folder.mkdir(exist_ok=True)
        self.objects = objects
        self._spark = start(folder)
        self.names = Duck(path, catalogs, objects)
        self.mirror = Mirror(self.names.database, self._spark, folder / "tables")
        self.mirror.restore(self._make_view)

    def _make_view(self, view):
        session = self.session("warehouse")
        session.namespace = view.namespace
        session.enter()
        columns = ", ".join(shown(column.name) for column in view.columns)
        text = f"CREATE VIEW {shown(*view.path)} ({columns}) AS {view.body}"
        session.spark.sql(Statement(text, session, self.mirror).text)

    def session(self, target):
        return SparkSession(target, self._spark.newSession())

    def apart(self, session):
        """A session of Spark's with the same settings, for what must not be seen in that one."""
        spark = self._spark.newSession()
        for name in CONF.values():
            spark.conf.set(name, session.spark.conf.get(name))
        return spark

    def need(self, path):
        self.names.need(path)

    def open(self, session):
        session.enter()

    def work(self, session):
        return SparkWork(self, session)

    def load(self, table, columns, data, null="", mode="append"):
        if mode not in ("append", "replace"):
            raise ValueError(f"mode {mode!r}: append or replace")
        path = table_path(table)
        session = self.session("warehouse")
        try:
            self.mirror.make(path, session)
            return self._insert(session.spark, path, columns, data, null, mode)
        except ENGINE_ERRORS as error:
            raise failure(error) from None

    def _insert(self, spark, path, columns, data, null, mode):
        if not self.mirror.know(path):
            spark.sql(f"CREATE TABLE {quoted(path)} ({columns}) USING DELTA")
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            file.write(data)
            file.flush()
            rows = spark.read.schema(StructType.fromDDL(columns)).options(**CSV, nullValue=null).csv("file://" + file.name)
            write = rows.write.format("delta").mode("append")
            if mode == "replace":
                write = write.mode("overwrite").option("overwriteSchema", "true")
            write.saveAsTable(quoted(path))
        version = int(spark.conf.get(delta.LAST_COMMIT))
        self.mirror.refresh(path)
        return {"rows": delta.rows_added(self.mirror.folder(path), version), "version": version}

    def loaded(self, path):
        return list(delta.loaded(self.mirror.folder(self.mirror.need(path).path)).values())

    def vacuum(self, path):
        delta.vacuum(self._spark.newSession(), self.mirror.need(path).path)

    def cut_history(self, path):
        delta.cut_history(self._spark, self.mirror.folder(self.mirror.need(path).path))

    def close(self):
        self._spark.stop()
        self.names.close()
        self._scratch.cleanup()
