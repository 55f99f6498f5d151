"""What Delta knows of a table: its commits and its history."""

import json

from .. import listing
from .names import quoted, string

KEPT = "_copy_into_log/loaded.json"      # what of the ledger stood in versions that are forgotten
LAST_COMMIT = "spark.databricks.delta.lastCommitVersionInSession"
COPY = "copy_into"      # in the user metadata of its commits: {"numFiles", "files": [[address, size, rows]]}
# Operations whose rows Databricks counts in its answer, where Spark answers nothing.
COUNTED = {"WRITE", "CREATE TABLE AS SELECT", "REPLACE TABLE AS SELECT", "CREATE OR REPLACE TABLE AS SELECT"}


def commit(folder, version):
    """What a version's entry of the log says of itself."""
    return _info(folder / "_delta_log" / f"{version:020}.json")


def _info(entry):
    for line in entry.read_text().splitlines():
        if line.startswith('{"commitInfo"'):
            return json.loads(line)["commitInfo"]
    return {}


def rows_added(folder, version):
    """How many rows a statement has added, or None if it is not one that adds rows."""
    info = commit(folder, version)
    return int(info["operationMetrics"].get("numOutputRows", 0)) if info.get("operation") in COUNTED else None


def loaded(folder):
    """The files that COPY INTO has loaded since the table was made, by their addresses."""
    kept = folder / KEPT
    found = json.loads(kept.read_text()) if kept.exists() else {}
    for entry in sorted((folder / "_delta_log").glob("*[0-9].json")):
        info = _info(entry)
        if info.get("operation", "").startswith(("CREATE OR REPLACE", "REPLACE")):
            found.clear()
        told = _told(info)
        for path, size, rows in told["files"] if told else ():
            found[path] = {"path": path, "size": size, "rows": rows, "version": int(entry.stem), "time": info["timestamp"] / 1000}
    return found


def _told(info):
    """What COPY INTO has written beside its rows, or None."""
    text = info.get("userMetadata") or ""
    return json.loads(text)[COPY] if text.startswith(f'{{"{COPY}":') else None


def history(spark, table, path, limit):
    if table.kind == "VIEW":
        raise listing.not_delta("DESCRIBE HISTORY", path)
    found = spark.sql(f"DESCRIBE HISTORY {quoted(table.path)}{'' if limit is None else f' LIMIT {limit}'}")
    copied = f"userMetadata LIKE '{{\"{COPY}\":%'"
    files = f"map('numFiles', get_json_object(userMetadata, '$.{COPY}.numFiles'), 'numSkippedCorruptFiles', '0')"
    changed = {"userId": "'1'", "userName": "'sandbox'", "userMetadata": f"if({copied}, NULL, userMetadata)",
               "operation": f"if({copied}, 'COPY INTO', operation)",
               "operationMetrics": f"if({copied}, map_concat(map_filter(operationMetrics, (k, v) -> k <> 'numFiles'), {files}), operationMetrics)"}
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
    (folder / KEPT).parent.mkdir(exist_ok=True)
    (folder / KEPT).write_text(json.dumps(loaded(folder)))
    for entry in sorted((folder / "_delta_log").glob("*.json"))[:-1]:
        entry.unlink()
    log.clearCache()
