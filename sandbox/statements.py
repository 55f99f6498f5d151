"""Runs one statement of a session: queries, views, and what changes tables."""

from dataclasses import dataclass, field

from sqlglot import exp

from . import catalog, commands, copy_into, loading
from .catalog import VERSION, Column
from .dialect import DIALECT, check, data_type, number_markers, parse
from .errors import SqlError, exists, unresolved_column, unsupported
from .sqltypes import Type, identifier
from .translate import Translator, cast_text


@dataclass
class Outcome:
    """`sql` is a query for DuckDB still to be run; without one there is no result. `modified` counts rows of DML."""
    sql: str = None
    modified: int = None


@dataclass
class View:
    """A temporary view: expanded at each use, so it sees its tables as they are then."""
    tree: exp.Expression
    namespace: tuple
    columns: list = field(default_factory=list)


def run(session, database, db, sql, parameters=None, pace=None):
    """Runs a statement on a cursor. Queries come back unexecuted. `pace` is the operation: see Work.run."""
    command = commands.find(sql)
    if command:
        return Outcome(command(session, database, db))
    copy = None if session.target == "hive" else copy_into.find(sql)
    if copy:
        rows = loading.Load(copy, Statement(session, database, db, parameters), pace).run()
        return counts(num_affected_rows=rows, num_inserted_rows=rows, num_skipped_corrupt_files=0)
    tree = parse(number_markers(sql))
    return Statement(session, database, db, parameters).run(tree, sql)


def counts(**values):
    """The one row that a change of rows answers with."""
    columns = ", ".join(f"CAST({value} AS BIGINT) AS {name}" for name, value in values.items())
    return Outcome(f"SELECT {columns}", values["num_affected_rows"])


class Statement:
    def __init__(self, session, database, db, parameters):
        self.session, self.database, self.db = session, database, db
        self.translator = Translator(db, session.namespace, session.views, session.zone, parameters)

    def run(self, tree, sql):
        if isinstance(tree, (exp.Query, exp.Values)):
            return Outcome(self.translator.query(self._select(tree)))
        handler = {exp.Create: self.create, exp.Insert: self.insert, exp.Update: self.update, exp.Delete: self.delete,
                   exp.TruncateTable: self.truncate}.get(type(tree))
        if handler is None:
            raise unsupported(f"the statement {tree.key.upper()}")
        if isinstance(tree, exp.Create) and tree.args["kind"] == "VIEW":
            return self.create_view(tree, sql)
        with self.database.writing(self.db):
            return handler(tree)

    @staticmethod
    def _select(tree):
        if isinstance(tree, exp.Values):
            names = [exp.to_identifier(f"col{n}") for n in range(1, len(tree.expressions[0].expressions) + 1)]
            tree = tree.copy()
            tree.set("alias", exp.TableAlias(this=exp.to_identifier("v"), columns=names))
            return exp.select("*").from_(tree)
        return tree

    def target(self, node):
        """The table that a statement writes, and the name it goes by there."""
        if not isinstance(node, exp.Table) or node.args.get("version"):
            raise unsupported(f"writing to {node.sql(DIALECT)}")
        parts = tuple(part.name for part in node.parts)
        table = catalog.need(self.db, self.translator.path(parts))
        if table.kind == "VIEW":
            raise SqlError("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", f"{'.'.join(parts)} is a view, a table was expected.", "42809")
        return table, node.alias or parts[-1]

    def described(self, query):
        """The columns of a query, as a table or view gets them."""
        relation = self.db.sql(query)
        types = [Type(duck) for duck in relation.types]
        return [Column(name, kind.sql, kind.engine) for name, kind in zip(relation.columns, types)]

    def added(self, rows):
        """What new rows are answered with: open-source Spark does not count them."""
        return Outcome() if self.session.target == "hive" else counts(num_affected_rows=rows, num_inserted_rows=rows)

    # CREATE

    def create(self, tree):
        node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        path = self.translator.path(tuple(part.name for part in node.parts))
        if tree.args["kind"] != "TABLE" or tree.args.get("clone"):
            raise unsupported(f"CREATE {tree.args['kind']}{' CLONE' if tree.args.get('clone') else ''}")
        comment = self._table_properties(tree)
        old = catalog.find(self.db, path)
        if old and tree.args.get("exists"):
            return Outcome()
        if old and (old.kind == "VIEW" or not tree.args.get("replace")):
            raise exists("TABLE_OR_VIEW", "42P07", *path)
        columns = column_definitions(tree.this.expressions) if isinstance(tree.this, exp.Schema) else []
        query = tree.args.get("expression")
        text = self.translator.query(self._select(query)) if query else None
        if query:
            if columns:
                raise unsupported("a column list in CREATE TABLE AS SELECT")
            columns = self.described(text)
        if old:
            table = old
            catalog.replace(self.db, table, columns)
        else:
            table = catalog.create_table(self.db, path, columns, comment)
        rows = self.append(table, text, [column.name for column in columns]) if query else 0
        operation = ("CREATE OR REPLACE TABLE" if tree.args.get("replace") else "CREATE TABLE") + (" AS SELECT" if query else "")
        catalog.commit(self.db, table, operation, {"isManaged": "true", "partitionBy": "[]", "properties": "{}"},
                       {"numFiles": "1", "numOutputRows": str(rows), "numOutputBytes": str(rows * 100)} if query else {})
        return self.added(rows) if query else Outcome()

    @staticmethod
    def _table_properties(tree):
        comment = None
        for item in (tree.args.get("properties") or exp.Properties()).expressions:
            if isinstance(item, exp.SchemaCommentProperty):
                comment = item.this.name
            elif isinstance(item, exp.FileFormatProperty):
                if item.this.name.lower() != "delta":
                    raise unsupported(f"tables USING {item.this.name}")
            elif type(item) is not exp.Property:
                raise unsupported(f"{item.sql(DIALECT)} in CREATE TABLE")
        return comment

    def create_view(self, tree, sql):
        schema = tree.this if isinstance(tree.this, exp.Schema) else None
        parts = tuple(part.name for part in (schema.this if schema else tree.this).parts)
        properties = (tree.args.get("properties") or exp.Properties()).expressions
        other = [p for p in properties if not isinstance(p, (exp.TemporaryProperty, exp.SchemaCommentProperty))]
        if other:
            raise unsupported(f"{other[0].sql(DIALECT)} in CREATE VIEW")
        temporary = any(isinstance(p, exp.TemporaryProperty) for p in properties)
        comment = next((p.this.name for p in properties if isinstance(p, exp.SchemaCommentProperty)), None)
        query = self.translator.bind(self._select(tree.args["expression"]).copy())
        columns = self.described(self.translator.query(query))
        if schema:
            columns = [Column(node.name, c.type, c.engine) for node, c in zip(schema.expressions, columns)]
        if temporary:
            return self._temporary_view(parts, tree, View(query, self.session.namespace, columns))
        if self.translator.parameters:
            raise unsupported("parameters in a permanent view")
        # A comment after the query would hide the bracket that is put behind it: the tree's own text has none.
        body = tree.args["expression"].sql(DIALECT, comments=False)
        with self.database.writing(self.db):
            return self._permanent_view(self.translator.path(parts), tree, columns, body, comment)

    def _temporary_view(self, parts, tree, view):
        if len(parts) > 1:
            raise SqlError("TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS", "CREATE TEMPORARY VIEW or the corresponding Dataset APIs "
                           "only accept single-part view names.", "428EK")
        name = parts[0].lower()
        if name in self.session.views and tree.args.get("exists"):
            raise unsupported("CREATE TEMPORARY VIEW IF NOT EXISTS")
        if name in self.session.views and not tree.args.get("replace"):
            raise exists("TEMP_TABLE_OR_VIEW", "42P07", *parts)
        self.session.views[name] = view
        return Outcome()

    def _permanent_view(self, path, tree, columns, body, comment):
        old = catalog.find(self.db, path)
        if old and tree.args.get("exists"):
            return Outcome()
        if old and (old.kind == "TABLE" or not tree.args.get("replace")):
            raise exists("TABLE_OR_VIEW", "42P07", *path)
        if old:
            catalog.drop(self.db, old)
        catalog.record(self.db, path, "VIEW", columns, body, self.session.namespace, comment)
        return Outcome()

    # Rows

    def append(self, table, query, names, types=None):
        """Adds a query's rows as the table's next version: `names` says which columns they are for, `types` are the engine's if known."""
        columns = {column.name.lower(): column for column in table.columns}
        types = types or [Type(kind).engine for kind in self.db.sql(query).types]
        values = []
        for position, (name, kind) in enumerate(zip(names, types)):
            column = columns[name.lower()]
            same = kind == column.engine
            values.append(f"c{position}" if same else cast_text(f"c{position}", column.engine))
        sources = ", ".join(f"c{position}" for position in range(len(names)))
        targets = ", ".join([*map(identifier, names), VERSION])
        return self.db.execute(f"INSERT INTO {table.storage} ({targets}) SELECT {', '.join([*values, str(table.version + 1)])} "
                               f"FROM ({query}) AS s({sources})").fetchall()[0][0]

    def insert(self, tree):
        check(tree)
        schema = tree.this if isinstance(tree.this, exp.Schema) else None
        table, _ = self.target(schema.this if schema else tree.this)
        query = self.translator.query(self._select(tree.expression))
        given = self.db.sql(query).columns
        names = [column.name for column in table.columns]
        if schema:
            names = [node.name for node in schema.expressions]
        elif tree.args.get("by_name"):
            names = given
        known = {column.name.lower() for column in table.columns}
        for name in names:
            if name.lower() not in known:
                raise unresolved_column(name, [column.name for column in table.columns])
        if len(names) != len(given):
            few = "NOT_ENOUGH_DATA_COLUMNS" if len(given) < len(names) else "TOO_MANY_DATA_COLUMNS"
            raise SqlError("INSERT_COLUMN_ARITY_MISMATCH." + few, f"Cannot write to {'.'.join(table.path)}, the reason is that "
                           f"the numbers of columns differ: {len(names)} in the table, {len(given)} in the data.", "21S01")
        if tree.args.get("overwrite"):
            table.physical = catalog.new_storage(self.db, table.columns)
        rows = self.append(table, query, names)
        catalog.commit(self.db, table, "WRITE", {"mode": "Overwrite" if tree.args.get("overwrite") else "Append",
                                                 "statsOnLoad": "false", "partitionBy": "[]"},
                       {"numFiles": "1", "numOutputRows": str(rows), "numOutputBytes": str(rows * 100)},
                       append=not tree.args.get("overwrite"))
        return self.added(rows)

    def _rewrite(self, table, name):
        """Copies the table to new storage, where rows can be changed without changing old versions."""
        old = table.storage
        version = table.version
        table.physical = catalog.new_storage(self.db, table.columns)
        self.db.execute(f"INSERT INTO {table.storage} SELECT * FROM {old} WHERE {VERSION} <= {version}")
        return f"{table.storage} AS {identifier(name)}"

    def _change(self, table, statement, operation, parameters, metric):
        rows = self.db.execute(statement).fetchall()[0][0]
        if rows:
            catalog.commit(self.db, table, operation, parameters, {metric: str(rows), "numAddedFiles": "1", "numRemovedFiles": "1"})
        else:
            self._discard(table)
        return counts(num_affected_rows=rows)

    def _discard(self, table):
        self.db.execute(f"DROP TABLE {table.storage}")
        self.db.execute(f"DELETE FROM meta.columns WHERE physical = {table.physical}")

    def _condition(self, tree):
        where = tree.args.get("where")
        if where is None:
            return "", "true"
        probe = self.translator.tree(exp.select("1").where(where.this))
        return " WHERE " + probe.args["where"].this.sql("duckdb"), where.this.sql(DIALECT)

    def update(self, tree):
        check(tree)
        table, name = self.target(tree.this)
        known = {column.name.lower(): column for column in table.columns}
        assignments = []
        for item in tree.expressions:
            if not isinstance(item, exp.EQ) or not isinstance(item.this, exp.Column):
                raise unsupported(f"SET {item.sql(DIALECT)}")
            column = known.get(item.this.name.lower())
            if column is None:
                raise unresolved_column(item.this.name, [c.name for c in table.columns])
            value = self.translator.tree(exp.select(item.expression.copy())).expressions[0].this.sql("duckdb")
            assignments.append(f"{identifier(column.name)} = {cast_text(value, column.engine)}")
        condition, shown = self._condition(tree)
        statement = f"UPDATE {self._rewrite(table, name)} SET {', '.join(assignments)}{condition}"
        return self._change(table, statement, "UPDATE", {"predicate": f'["{shown}"]'}, "numUpdatedRows")

    def delete(self, tree):
        check(tree)
        table, name = self.target(tree.this)
        condition, shown = self._condition(tree)
        statement = f"DELETE FROM {self._rewrite(table, name)}{condition}"
        return self._change(table, statement, "DELETE", {"predicate": f'["{shown}"]'}, "numDeletedRows")

    def truncate(self, tree):
        table, _ = self.target(tree.expressions[0])
        table.physical = catalog.new_storage(self.db, table.columns)
        catalog.commit(self.db, table, "TRUNCATE", {}, {})
        return Outcome()


def column_definitions(nodes):
    columns = []
    for node in nodes:
        if not isinstance(node, exp.ColumnDef) or node.args.get("kind") is None:
            raise unsupported(f"{node.sql(DIALECT)} in CREATE TABLE")
        spark, duck = data_type(node.args["kind"])
        column = Column(node.name, spark, duck)
        for constraint in node.args.get("constraints") or ():
            _constrain(column, constraint.kind)
        columns.append(column)
    return columns


def _constrain(column, kind):
    if isinstance(kind, exp.NotNullColumnConstraint) and not kind.args.get("allow_null"):
        column.nullable = False
    elif isinstance(kind, exp.CommentColumnConstraint):
        column.comment = kind.this.name
    elif isinstance(kind, exp.PrimaryKeyColumnConstraint):
        column.nullable = False     # Databricks does not enforce the rest of it
    else:
        raise unsupported(f"{kind.sql(DIALECT)} of a column")
