"""Starts Spark in a JVM of its own, which ends with this process. pyspark and the jars are what `scripts/spark` downloads."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

DOWNLOADED = Path(__file__).resolve().parents[2] / "build/spark"
HEAP = "1g"
OPTIONS = {
    "spark.driver.memory": HEAP, "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false", "spark.sql.shuffle.partitions": "2", "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.catalogImplementation": "in-memory", "spark.sql.sources.default": "delta",
    "spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "4096", "spark.databricks.delta.snapshotPartitions": "1",
}


class Missing(Exception):
    pass


def find():
    """Makes pyspark importable."""
    packages = next(DOWNLOADED.glob("venv/lib/python3*/site-packages"), None)
    if packages is None or not (packages / "pyspark").is_dir() or not list(DOWNLOADED.glob("jars/*.jar")):
        raise Missing("Spark is not downloaded: scripts/spark --setup-only does that, and so does scripts/sandbox --engine spark")
    sys.path.append(str(packages))


@contextmanager
def output_to(path):
    """The JVM, which is started within, writes what it has to say to a file."""
    kept = os.dup(1), os.dup(2)
    try:
        with open(path, "ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        yield
    finally:
        for number, copy in enumerate(kept, 1):
            os.dup2(copy, number)
            os.close(copy)


def start(folder):
    """The first session. `folder` keeps the tables."""
    import logging

    from pyspark.sql import SparkSession
    # Each error would be told again, as ten kilobytes of JSON.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL + 1)
    logging.getLogger("py4j").setLevel(logging.CRITICAL + 1)
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["SPARK_LOCAL_DIRS"] = str(folder / "scratch")
    builder = SparkSession.builder.master("local[2]").appName("sandbox").config("spark.sql.warehouse.dir", str(folder / "tables"))
    builder = builder.config("spark.driver.extraClassPath", ":".join(map(str, DOWNLOADED.glob("jars/*.jar"))))
    for key, value in OPTIONS.items():
        builder = builder.config(key, value)
    with output_to(folder / "spark.log"):
        spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark
