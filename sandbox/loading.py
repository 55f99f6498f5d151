"""COPY INTO on DuckDB: which files are new, what is in them, and how their columns become the table's."""

import tempfile
import uuid
from pathlib import Path

import duckdb
from sqlglot import exp

from . import catalog, copy_into, copy_target, csv_files, inference
from .catalog import Column
from .dialect import parse
from .errors import SqlError, from_engine, unsupported
from .functions import AGGREGATES
from .sqltypes import Type, identifier, literal
from .translate import Translator, cast_text, raw

SOURCE = "copy_source"
METADATA = ("file_path", "file_name", "file_size")


class Load:
    """One COPY INTO. `statement` runs it in its session; `pace` says when it is to stop."""

    def __init__(self, copy, statement, pace):
        self.copy, self.statement, self.pace = copy, statement, pace
        self.database, self.db = statement.database, statement.db
        self.options = csv_files.Options(copy.format_options)

    def run(self):
        """Loads what is new; how many rows that are."""
        table = self._target()
        source = self.database.objects.source(self.copy.url, self.copy.credential)
        names = copy_into.chosen(self.copy, source)
        with self.database.taking(table.id, map(source.path, names)):
            self.pace.taken()
            known = {} if self.copy.force else catalog.loaded(self.db, table)
            fresh = [name for name in names if source.path(name) not in known]
            if not fresh:
                return 0
            with tempfile.TemporaryDirectory(prefix="sandbox-copy-") as folder:
                return self._load(table, source, fresh, Path(folder))

    def _load(self, table, source, names, folder):
        files = self._fetch(source, names, folder)
        if not files:
            if self.options.infer or not table.columns:
                raise copy_into.nothing_to_read(source)
            return 0
        for file in files:
            self.pace.check()
            csv_files.examine(file, self.options)
        self._same_columns(files)
        with self.database.writing(self.db):
            if self._target().id != table.id:
                raise SqlError("DELTA_METADATA_CHANGED", "The metadata of the Delta table has been changed by a concurrent update.", "2D521")
            return self._write(self._target(), source, files)

    def _target(self):
        path = self.statement.session.table_path(self.copy.target)
        return copy_target.need(catalog.find(self.db, path), path)

    # Files

    def _fetch(self, source, names, folder):
        """Copies of the files that are there."""
        files = []
        for number, name in enumerate(names):
            self.pace.check()
            path = source.path(name)
            place = folder / f"{number}.csv{'.gz' if path.endswith('.gz') else ''}"
            size = source.read(name, place)
            if size is not None:
                files.append(csv_files.File(path, str(place), size))
        return files

    def _same_columns(self, files):
        """Spark takes the columns of the first file for those of all."""
        first, *others = [file for file in files if file.names] or [None]
        for file in others:
            if [name.lower() for name in file.names] != [name.lower() for name in first.names]:
                raise unsupported(f"files with different columns in one COPY INTO: {first.path} and {file.path}")

    # Rows

    def _write(self, table, source, files):
        full = [file for file in files if file.names]
        if not full:
            raise copy_into.nothing_to_read(source)
        columns = self._columns(full)
        query = self._query(full, columns)
        given = self._described(query(full[0]), full[0])
        names = copy_target.matched(self.copy, table, given)
        added = [column for name, column in zip(names, given) if name.lower() not in {c.name.lower() for c in table.columns}]
        if added:
            self._widen(table, added)
        types, rows = [column.engine for column in given], {file.path: 0 for file in files}
        for file in full:
            rows[file.path] = self._guarded(file, lambda: self.statement.append(table, query(file), names, types))
        total = sum(rows.values())
        catalog.commit(self.db, table, "COPY INTO", {"mode": "Append", "statsOnLoad": "false", "partitionBy": "[]"},
                       {"numFiles": str(len(files)), "numOutputRows": str(total), "numOutputBytes": str(total * 100),
                        "numSkippedCorruptFiles": "0"}, append=True)
        catalog.record_loaded(self.db, table, [(file.path, file.size, rows[file.path]) for file in files])
        return total

    def _guarded(self, file, action):
        """Runs what reads a file; what it fails with is said of that file."""
        try:
            return action()
        except duckdb.Error as error:
            text = str(error)
            if "CSV Error" in text or "CSV Parser" in text:
                what = text.partition(": ")[2].split("\n")[0]
                raise csv_files.malformed(file, self.options, what) from None
            if isinstance(error, duckdb.IOException):
                raise csv_files.unreadable(file, "It cannot be decompressed.") from None
            raise from_engine(error) from None

    def _columns(self, files):
        """The columns of the files: text, or what Spark infers."""
        names = files[0].names
        if not self.options.infer:
            return [Column(name, "STRING", "VARCHAR") for name in names]
        text = " UNION ALL ".join(csv_files.reader(file, self.options) for file in files)
        inferred = self._guarded(files[0] if len(files) == 1 else self._all(files), lambda: inference.infer(self.db, names, text))
        for item in inferred:
            if item.empties:
                raise csv_files.malformed(self._all(files), self.options, f"an empty string in column {item.column.name}, which is "
                                          f"{item.column.type}")
        return [item.column for item in inferred]

    def _all(self, files):
        """All files, as the one that an error names."""
        return files[0] if len(files) == 1 else csv_files.File(f"{files[0].path} or one of {len(files) - 1} more", "", 0)

    def _query(self, files, columns):
        """A function that gives the DuckDB query for a file's rows."""
        typed = ", ".join(identifier(c.name) if c.engine == "VARCHAR" else f"{cast_text(identifier(c.name), c.engine)} AS {identifier(c.name)}"
                          for c in columns)

        def source(file):
            return f"SELECT {typed} FROM ({csv_files.reader(file, self.options)})"
        if self.copy.select is None:
            return source
        inner = Inner(self.statement)
        text = inner.query(self.copy.select)
        return lambda file: inner.filled(text, file, source(file))

    def _described(self, query, file):
        relation = self._guarded(file, lambda: self.db.sql(query))
        kinds = [Type(duck) for duck in relation.types]
        return [Column(name, kind.sql, kind.engine) for name, kind in zip(relation.columns, kinds)]

    # Columns

    def _widen(self, table, added):
        """New columns need new storage: old versions keep theirs."""
        old, columns = table.storage, [*table.columns, *added]
        kept = ", ".join([*(identifier(column.name) for column in table.columns), catalog.VERSION])
        table.physical, table.columns = catalog.new_storage(self.db, columns), columns
        self.db.execute(f"INSERT INTO {table.storage} ({kept}) SELECT {kept} FROM {old} WHERE {catalog.VERSION} <= {table.version}")


class Inner(Translator):
    """The SELECT within a COPY INTO: expressions over one source, which is put in file by file."""

    def __init__(self, statement):
        session = statement.session
        super().__init__(statement.db, session.namespace, {}, session.zone, statement.translator.parameters)
        self._marks = {name: f"__{uuid.uuid4().hex}" for name in ("source", *METADATA)}

    def query(self, expressions):
        tree = parse(f"SELECT {expressions}\nFROM {SOURCE}")
        strange = tree.find(exp.Subquery, exp.Window, exp.Distinct) or any(
            node.name.lower() in AGGREGATES for node in tree.find_all(exp.Anonymous)) or not isinstance(tree, exp.Select)
        if strange or len(list(tree.find_all(exp.Select))) > 1:
            raise unsupported("subqueries, aggregates, windows and DISTINCT in the SELECT of a COPY INTO")
        for node in list(tree.find_all(exp.Column)):
            if node.table.lower() == "_metadata":
                self._metadata(node)
        return super().query(tree)

    def _metadata(self, node):
        if node.name.lower() not in METADATA:
            raise unsupported(f"_metadata.{node.name}")
        new = raw(self._marks[node.name.lower()])
        node.replace(exp.alias_(new, node.name) if isinstance(node.parent, exp.Select) else new)

    def _relation(self, parts, version):
        if parts != (SOURCE,):
            raise unsupported("other tables in the SELECT of a COPY INTO")
        return self._marks["source"]

    def filled(self, text, file, source):
        values = {"source": source, "file_path": literal(file.path), "file_name": literal(file.name), "file_size": f"CAST({file.size} AS BIGINT)"}
        for name, value in values.items():
            text = text.replace(self._marks[name], value)
        return text
