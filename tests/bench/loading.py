"""The export that a Python program does by hand, and the fastest CSV writer there.

    loading.py rows FILE COUNT          makes the table: an Arrow stream of COUNT rows
    loading.py polars FILE OUT          CSV alone by polars, into a file
    loading.py s3 FILE LEVEL            parts of 100,000 rows by pyarrow's CSV writer, gzip of that level, boto3; one part is put while the next is written

AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and BENCH_BUCKET say where to.
"""

import gzip
import io
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from cost import cpu, peak_kb

BATCH_ROWS = 4096
PART_ROWS = 100000


class Clock:
    def __init__(self):
        self.computed, self.began = cpu(), time.monotonic()

    def report(self, rows, size):
        print(json.dumps({"rows": rows, "wall_s": time.monotonic() - self.began, "cpu_s": cpu() - self.computed, "rss_kb": peak_kb(), "bytes": size}))


def make_rows(path, count):
    import duckdb
    import pyarrow

    from sandbox.canned import tables

    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    reader = connection.sql(f"SELECT {tables.MIXED} FROM range(0, {count}) AS r(i)").to_arrow_reader(BATCH_ROWS)
    with pyarrow.OSFile(path, "wb") as file, pyarrow.ipc.new_stream(file, reader.schema) as out:
        for batch in reader:
            out.write_batch(batch)


def polars_alone(path, to):
    import polars

    frame = polars.read_ipc_stream(path, use_pyarrow=False)
    clock = Clock()
    frame.write_csv(to)
    clock.report(frame.height, os.path.getsize(to))


def parts(reader):
    """Record batches until there are enough of them for a part."""
    batches, rows = [], 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if rows >= PART_ROWS:
            yield batches
            batches, rows = [], 0
    if batches:
        yield batches


def written(batches, level):
    import pyarrow
    from pyarrow import csv

    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=level) as zipped:
        csv.write_csv(pyarrow.Table.from_batches(batches), zipped)
    return out.getvalue()


def staged(path, level):
    import boto3
    import pyarrow

    pyarrow.set_cpu_count(1)
    client = boto3.client("s3", region_name="us-east-1", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    clock, rows, size, sent = Clock(), 0, 0, None
    with ThreadPoolExecutor(1) as sender, pyarrow.OSFile(path) as file:
        for number, batches in enumerate(parts(pyarrow.ipc.open_stream(file))):
            part = written(batches, int(level))
            rows, size = rows + sum(batch.num_rows for batch in batches), size + len(part)
            if sent is not None:
                sent.result()
            sent = sender.submit(client.put_object, Bucket=os.environ["BENCH_BUCKET"], Key=f"python/{os.getpid()}/{number}.csv.gz", Body=part)
        sent.result()
    clock.report(rows, size)


{"rows": make_rows, "polars": polars_alone, "s3": staged}[sys.argv[1]](*sys.argv[2:])
