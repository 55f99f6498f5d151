"""The official Python connector under measure.

    connector.py arrow|rows SQL        as it is
    connector.py ... --norepr               without the text of each answer that it makes for a log that is off
"""

import json
import os
import sys
import time

from databricks import sql
from databricks.sql.thrift_api.TCLIService import ttypes

from cost import cpu, peak_kb


def without_repr():
    """The connector formats every answer before it asks whether anybody logs it. Only that is taken out."""
    for reply in (ttypes.TFetchResultsResp, ttypes.TExecuteStatementResp):
        reply.__repr__ = lambda self: type(self).__name__


def arrow(cursor):
    rows = 0
    while (table := cursor.fetchmany_arrow(100000)).num_rows:
        rows += table.num_rows
    return rows


def rows(cursor):
    count = 0
    while some := cursor.fetchmany(10000):
        count += len(some)
    return count


def main():
    what, statement = sys.argv[1:3]
    if "--norepr" in sys.argv:
        without_repr()
    path = os.environ["DATABRICKS_HTTP_PATH"]
    uri = f"{os.environ['DATABRICKS_HOST']}:{os.environ['DATABRICKS_PORT']}{path}"
    connection = sql.connect(server_hostname="127.0.0.1", http_path=path, access_token="sandbox", _connection_uri=uri,
                             enable_telemetry=False, use_cloud_fetch=False, enable_query_result_lz4_compression=True, _retry_stop_after_attempts_count=1)
    computed, began = cpu(), time.monotonic()
    cursor = connection.cursor()
    cursor.execute(statement)
    count = {"arrow": arrow, "rows": rows}[what](cursor)
    print(json.dumps({"rows": count, "wall_s": time.monotonic() - began, "cpu_s": cpu() - computed, "rss_kb": peak_kb()}))
    cursor.close()
    connection.close()


main()
