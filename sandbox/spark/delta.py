"""What Delta knows of a table: its commits and its history."""

import json

from .. import listing
from .names import quoted, string

LAST_COMMIT = "spark.databricks.delta.lastCommitVersionInSession"
# Operations whose rows Databricks counts in its answer, where Spark answers nothing.
COUNTED = {"WRITE", "CREATE TABLE AS SELECT", "REPLACE TABLE AS SELECT", "CREATE OR REPLACE TABLE AS SELECT"}


def commit(folder, version):
    """What a version's entry of the log says of itself."""
    for line in (folder / "_delta_log" / f"{version:020}.json").read_text().splitlines():
        entry = json.loads(line)
        if "commitInfo" in entry:
            return entry["commitInfo"]
    return {}


def rows_added(folder, version):
    """How many rows a statement has added, or None if it is not one that adds rows."""
    info = commit(folder, version)
    return int(info["operationMetrics"].get("numOutputRows", 0)) if info.get("operation") in COUNTED else None


def history(spark, table, path, limit):
    if table.kind == "VIEW":
        raise listing.not_delta("DESCRIBE HISTORY", path)
    found = spark.sql(f"DESCRIBE HISTORY {quoted(table.path)}{'' if limit is None else f' LIMIT {limit}'}")
    changed = {"userId": "'1'", "userName": "'sandbox'"}
    return found.selectExpr(*(f"{changed.get(name, name)} AS {name}" for name in found.columns))


def detail(spark, table, path, _):
    if table.kind == "VIEW":
        raise listing.not_delta("DESCRIBE DETAIL", path)
    found = spark.sql(f"DESCRIBE DETAIL {quoted(table.path)}")
    name = string(".".join(table.path))
    return found.selectExpr(*(f"{name} AS name" if column == "name" else column for column in found.columns))


def vacuum(spark, path):
    """In a session of its own, which keeps nothing because it is young, and makes no versions of its work."""
    spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    spark.conf.set("spark.databricks.delta.vacuum.logging.enabled", "false")
    spark.sql(f"VACUUM {quoted(path)} RETAIN 0 HOURS")


def cut_history(spark, folder):
    """Writes down the newest version in full, and removes the entries of those before it."""
    log = spark._jvm.org.apache.spark.sql.delta.DeltaLog
    log.forTable(spark._jsparkSession, str(folder)).checkpoint()
    for entry in sorted((folder / "_delta_log").glob("*.json"))[:-1]:
        entry.unlink()
    log.clearCache()
