"""Reads CSV files with Spark as a load's COPY INTO does, and writes what it read as Parquet: read_csv.py LIST, by the Python of build/spark.

LIST is JSON: [{"csv": ..., "columns": [...], "options": {...}, "select": ..., "parquet": ...}]"""

import json
import sys

from pyspark.sql import SparkSession
from pyspark.sql.types import StringType, StructField, StructType

SETTINGS = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true", "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false",
            "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS", "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}


def main(path):
    with open(path) as file:
        files = json.load(file)
    builder = SparkSession.builder.master("local[1]").appName("lytics_dbx")
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    for file in files:
        strings = StructType([StructField(name, StringType()) for name in file["columns"]])
        read = spark.read.schema(strings).options(enforceSchema="false", **file["options"]).csv(file["csv"])
        read.createOrReplaceTempView("staged")
        spark.sql(f"SELECT {file['select']} FROM staged").coalesce(1).write.parquet(file["parquet"])
    spark.stop()


main(sys.argv[1])
