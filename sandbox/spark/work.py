"""A statement on Spark. It gets there verbatim, but for names and parameters."""

import uuid
from contextlib import closing

import pyarrow as pa

from .. import commands, copy_into
from ..catalog import Column
from ..commands import Words
from ..duck import DuckWork
from ..engine import Work
from ..errors import unsupported
from ..results import Result
from ..sqltypes import Type
from ..statements import View
from . import delta
from .errors import ENGINE_ERRORS, failure
from .loading import Load
from .names import Statement
from .types import Kind, column_type, sendable

# Answered from names alone. Other statements of these kinds are Spark's.
NAMES = {("USE",), ("SET",), ("DROP", "TABLE"), ("DROP", "VIEW"),
         *(("SHOW", kind) for kind in ("CATALOGS", "SCHEMAS", "DATABASES", "TABLES", "VIEWS", "COLUMNS", "VOLUMES")),
         *((verb, kind) for verb in ("CREATE", "DROP") for kind in ("CATALOG", "SCHEMA", "DATABASE", "VOLUME"))}
DESCRIBED_BY_SPARK = {"QUERY", "FUNCTION"}


class SparkWork(Work):
    def __init__(self, engine, session):
        self._engine, self._mirror, self._session, self._spark = engine, engine.mirror, session, session.spark
        self._names = DuckWork(engine.mirror.database, session)
        self._group = str(uuid.uuid4())

    def run(self, statement, parameters, form, pace):
        try:
            return self._run(statement, parameters, form, pace)
        except ENGINE_ERRORS as error:
            raise failure(error) from None

    def interrupt(self):
        self._names.interrupt()
        self._spark.sparkContext.cancelJobGroup(self._group)

    def close(self):
        self._names.close()

    def _run(self, sql, parameters, form, pace):
        self._spark.sparkContext.setJobGroup(self._group, "statement", True)
        first = commands.first_words(sql, 2)
        if first[:1] in (["DESCRIBE"], ["DESC"]) and first[1:] and first[1] not in DESCRIBED_BY_SPARK:
            return self._describe(sql, form)
        if tuple(first[:1]) in NAMES or tuple(first) in NAMES:
            return self._from_names(sql, form)
        copy = copy_into.find(sql)
        if copy:
            rows = Load(copy, self._engine, self._session, parameters, pace).run()
            return counts(form, num_affected_rows=rows, num_inserted_rows=rows, num_skipped_corrupt_files=0), rows
        statement = Statement(sql, self._session, self._mirror, parameters)
        listings = [path[1] == "information_schema" for path in statement.paths]
        if any(listings):
            if not all(listings):
                raise unsupported("information_schema beside tables")
            return self._names.run(sql, parameters, form, pace)
        return self._on_spark(statement, form)

    def _from_names(self, sql, form):
        with closing(self._mirror.database.cursor()) as db:
            query = self._mirror.run(commands.find(sql), self._session, db)
        return self._names.answer(query, form), None

    def _describe(self, sql, form):
        words = Words(sql)
        words.any("DESCRIBE", "DESC")
        for kind, answer in {"HISTORY": delta.history, "DETAIL": delta.detail}.items():
            if words.take(kind):
                path = words.path()
                limit = words.number() if kind == "HISTORY" and words.take("LIMIT") else None
                words.end()
                table = self._mirror.table(self._session, path)
                return self._answer(answer(self._spark, table, path, limit), form), None
        return self._from_names(sql, form)

    def _on_spark(self, statement, form):
        self._spark.conf.unset(delta.LAST_COMMIT)
        frame = self._spark.sql(statement.text)
        if statement.view:
            columns = [Column(f.name, column_type(f.dataType), "") for f in self._spark.table(f"`{statement.view}`").schema.fields]
            self._session.views[statement.view] = View(None, self._session.namespace, columns)
        for path in statement.written:
            self._mirror.refresh(path, statement.body, self._session.namespace)
        version = self._spark.conf.get(delta.LAST_COMMIT, None)
        if not frame.columns:
            frame.collect()     # of a command nothing; a query of a table without columns fails
            added = delta.rows_added(self._mirror.folder(statement.written[0]), int(version)) if version and statement.written else None
            return (Result.nothing(form), None) if added is None else (counts(form, num_affected_rows=added, num_inserted_rows=added), added)
        return self._answer(frame, form, statement.asked), self._changed(frame) if version else None

    @staticmethod
    def _changed(frame):
        """How many rows UPDATE, DELETE and MERGE say that they changed: their results are there already."""
        return frame.first()[0] if frame.columns[0] == "num_affected_rows" else None

    @staticmethod
    def _answer(frame, form, names=None):
        frame, columns, kinds = sendable(frame)
        # Not toArrow(): it fails where a struct that is NULL has members that may not be.
        batches = frame._collect_as_arrow(empty_list_if_zero_records=False)
        columns = [(names or {}).get(name, name) for name in columns]
        return Result(columns, [Type(kind, form.zone) for kind in kinds], batches, form)


def counts(form, **values):
    """The one row that a change of rows answers with."""
    batch = pa.RecordBatch.from_arrays([pa.array([value], pa.int64()) for value in values.values()], names=list(values))
    return Result(list(values), [Type(Kind("bigint"))] * len(values), [batch], form)
