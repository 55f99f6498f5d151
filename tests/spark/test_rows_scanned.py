"""What a batch costs the server, by its own count: the rows that its file scans gave out."""

ROWS, FILES, BATCH = 60000, 12, 5000


def scans(spark, run):
    """Rows out of the scans of each batch query of a run."""
    (application,) = spark.ask("")
    view, found = f"FROM `ldbx_snapshot_{run.replace('-', '_')}`", []
    for execution in spark.ask(f"/{application['id']}/sql?details=true&planDescription=false&length=100000"):
        if execution["description"].startswith("SELECT ") and view in execution["description"]:   # Delta's own begin otherwise
            found.append(sum(int(metric["value"].replace(",", "")) for node in execution["nodes"] if node["nodeName"].startswith("Scan")
                             for metric in node["metrics"] if metric["name"] == "number of output rows"))
    return found


def test_a_batch_scans_its_own_part_of_the_table(sql, schema, job, spark):
    """Without both bounds on the timestamp each batch would scan what is left of the table: 390,000 rows in all."""
    sql(f"CREATE TABLE {schema}.n USING DELTA AS SELECT /*+ REPARTITION_BY_RANGE({FILES}, id) */ id, timestamp_seconds(id DIV 7) AS ts, repeat('x', 100) AS text FROM range({ROWS})")
    assert sql(f"SELECT count(DISTINCT _metadata.file_name) AS n FROM {schema}.n") == [{"n": FILES}]
    one = job(f"{schema}.n", batch_size=BATCH)
    one.run()
    assert sorted(row["id"] for row in one.rows) == list(range(ROWS))
    scanned = scans(spark, one.report["run"])
    assert len(scanned) >= ROWS // BATCH
    assert min(scanned) > 0 and max(scanned) <= ROWS // 3 and sum(scanned) <= 3 * ROWS, scanned
