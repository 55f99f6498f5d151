"""COPY INTO, which open-source Spark does not have: files are fetched, read by Spark's own CSV reader, and inserted as one commit.

What was loaded stands in the commits themselves, as their user metadata: it is there when the rows are, and gone with the table.
"""

import gzip
import json
import re
import tempfile
from pathlib import Path

from .. import copy_into, copy_target
from ..catalog import Column
from ..dialect import tokens
from ..errors import unsupported
from . import delta
from .errors import ENGINE_ERRORS, failure
from .names import WHOLE, Statement, quoted, string
from .types import column_type

SOURCE, ROWS = "copy_source", "copy_rows"
AUTO_MERGE = "spark.databricks.delta.schema.autoMerge.enabled"
SKIP_EMPTY = "spark.databricks.delta.skipRecordingEmptyCommits"
METADATA = "spark.databricks.delta.commitInfo.userMetadata"
# Options of Databricks' reader that Spark's would ignore, or that mean the staged files and not their copies.
ABSENT = {"rescueddatacolumn", "badrecordspath", "modifiedafter", "modifiedbefore", "pathglobfilter", "skiprows", "parsermode",
          "readercasesensitive"}
COPIED = re.compile(r"(?:file:(?://)?)?(/[^\s'\"]*/\d+\.csv(?:\.\w+)?)")      # the address of a copy
COMPRESSED = (".gz", ".bz2", ".deflate", ".zst")


class File:
    """A staged file and its copy."""

    def __init__(self, path, place, size):
        self.path, self.place, self.size, self.rows = path, place, size, 0

    def header(self):
        """The first line. None: an empty file; its address: one that is not text."""
        if self.place.name.endswith(COMPRESSED[1:]):
            return self.path
        try:
            with gzip.open(self.place) if self.place.name.endswith(".gz") else open(self.place, "rb") as stream:
                return stream.readline() or None
        except (EOFError, OSError):
            return self.path


class Load:
    """One COPY INTO of a session. `pace` says when it is to stop."""

    def __init__(self, copy, engine, session, parameters, pace):
        self.copy, self._engine, self._session, self._parameters, self.pace = copy, engine, session, parameters, pace
        self.mirror = engine.mirror
        strange = next((name for name in copy.format_options if name in ABSENT), None)
        if strange or copy.on("ignorecorruptfiles"):
            raise unsupported(f"the option {strange or 'ignoreCorruptFiles'} of CSV")

    def run(self):
        """Loads what is new; how many rows that are."""
        path = self._session.table_path(self.copy.target)
        table = copy_target.need(self.mirror.find(path), path)
        source = self._engine.objects.source(self.copy.url, self.copy.credential)
        names = copy_into.chosen(self.copy, source)
        with self.mirror.database.taking(table.path, map(source.path, names)):
            self.pace.taken()
            known = {} if self.copy.force else delta.loaded(self.mirror.folder(table.path))
            fresh = [name for name in names if source.path(name) not in known]
            if not fresh:
                return 0
            with tempfile.TemporaryDirectory(prefix="sandbox-copy-") as folder:
                files = self._fetch(source, fresh, Path(folder).resolve())
                return self._load(table, source, files)

    def _fetch(self, source, names, folder):
        """Copies of the files that are there."""
        files = []
        for number, name in enumerate(names):
            self.pace.check()
            path = source.path(name)
            place = folder / f"{number}.csv{next((end for end in COMPRESSED if path.endswith(end)), '')}"
            size = source.read(name, place)
            if size is not None:
                files.append(File(path, place, size))
        return files

    def _load(self, table, source, files):
        full = [(file.header(), file) for file in files]
        full = [(header, file) for header, file in full if header is not None]
        if not full:
            if files or self.copy.on("inferschema") or not table.columns:
                raise copy_into.nothing_to_read(source)
            return 0
        spark = self._engine.apart(self._session)
        try:
            return self._write(spark, table, files, full)
        except ENGINE_ERRORS as error:
            raise self._told(failure(error), files) from None

    @staticmethod
    def _told(error, files):
        """The error, with the addresses of files where those of their copies are, and without the INSERT that is behind it."""
        staged = {str(file.place): file.path for file in files}
        for name in ("display", "message"):
            text = getattr(error, name).split("\n== SQL")[0]
            setattr(error, name, COPIED.sub(lambda found: staged.get(found.group(1), found.group()), text))
        error.args = (error.display,)
        return error

    # Rows

    def _write(self, spark, table, files, full):
        rows = self._read(spark, full)
        given = [Column(f.name, column_type(f.dataType), "") for f in rows.schema.fields]
        names = copy_target.matched(self.copy, table, given)
        self._count(spark, full)
        rows.createOrReplaceTempView(ROWS)
        spark.conf.set(AUTO_MERGE, str(self.copy.merge_schema).lower())
        spark.conf.set(SKIP_EMPTY, "false")     # files without rows are loaded too
        told = {"numFiles": len(files), "files": [[file.path, file.size, file.rows] for file in files]}
        spark.conf.set(METADATA, json.dumps({delta.COPY: told}, separators=(",", ":")))
        order = f"({', '.join('`' + name.replace('`', '``') + '`' for name in names)})" if self.copy.columns else "BY NAME"
        self.pace.check()
        spark.sql(f"INSERT INTO {quoted(table.path)} {order} SELECT * FROM {ROWS}")
        version = spark.conf.get(delta.LAST_COMMIT, None)
        self.mirror.refresh(table.path)
        return delta.rows_added(self.mirror.folder(table.path), int(version)) if version else 0

    def _read(self, spark, full):
        """The rows that are to be inserted. Files with other headers are read by themselves, or the first one's names were taken for all."""
        groups = {}
        for header, file in full:
            groups.setdefault(header if self.copy.on("header") else None, []).append(file)
        frames = [self._frame(spark, files) for files in groups.values()]
        rows = frames[0]
        for frame in frames[1:]:
            rows = rows.unionByName(frame, allowMissingColumns=True)
        if self.copy.select is None:
            return rows
        rows.createOrReplaceTempView(SOURCE)
        statement = Statement(f"SELECT {self._everything()}\nFROM {SOURCE}", self._session, self.mirror, self._parameters)
        if len(statement.names) > 1:
            raise unsupported("other tables in the SELECT of a COPY INTO")
        return self._plain(spark.sql(statement.text))

    @staticmethod
    def _plain(rows):
        """Only expressions over the source are allowed, as Databricks does."""
        plan = rows._jdf.queryExecution().analyzed()
        if plan.nodeName() != "Project" or plan.children().head().nodeName() != "SubqueryAlias" or not plan.subqueries().isEmpty():
            raise unsupported("subqueries, aggregates, windows and DISTINCT in the SELECT of a COPY INTO")
        return rows

    def _frame(self, spark, files):
        options = {name: value for name, value in self.copy.format_options.items() if name != "mergeschema"}
        rows = spark.read.options(**options).csv([file.place.as_uri() for file in files])
        return rows.withColumn("_metadata", self._metadata(files)) if self._with_metadata else rows

    @property
    def _with_metadata(self):
        return "_metadata" in (self.copy.select or "").lower()

    def _everything(self):
        """The expressions, in which `*` is what it was before _metadata became a column."""
        return starless(self.copy.select) if self._with_metadata else self.copy.select

    @staticmethod
    def _metadata(files):
        """The hidden columns of the staged files, by the names of their copies."""
        from pyspark.sql.functions import expr

        def by_name(value):
            pairs = ", ".join(f"{string(file.place.name)}, {string(value(file))}" for file in files)
            return f"element_at(map({pairs}), _metadata.file_name)"
        return expr(f"named_struct('file_path', {by_name(lambda file: file.path)}, 'file_name', {by_name(lambda file: file.path.rpartition('/')[2])}, "
                    "'file_size', _metadata.file_size, 'file_modification_time', _metadata.file_modification_time)")

    def _count(self, spark, full):
        """How many rows each file has, for the ledger."""
        by_place = {file.place.name: file for _, file in full}
        options = {name: value for name, value in self.copy.format_options.items() if name not in ("mergeschema", "inferschema")}
        counted = spark.read.options(**options).csv([file.place.as_uri() for _, file in full]).groupBy("_metadata.file_name").count()
        try:
            found = counted.collect()
        except ENGINE_ERRORS:       # the rows are read once more, and what is wrong with them is told then
            return
        for name, count in found:
            by_place[name].rows = count


def starless(expressions):
    """Expressions of a SELECT in which `*` does not mean _metadata."""
    out, at, depth, before = [], 0, 0, "COMMA"
    for token in tokens(expressions, WHOLE):
        kind = token.token_type.name
        depth += {"L_PAREN": 1, "R_PAREN": -1}.get(kind, 0)
        if kind == "STAR" and before == "COMMA" and depth == 0:
            out += [expressions[at:token.end + 1], " EXCEPT (_metadata)"]
            at = token.end + 1
        before = kind
    return "".join([*out, expressions[at:]])
