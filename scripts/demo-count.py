"""Compares the events of the demo with the source file of the table, row by row, without the library or the sandbox's engine."""

import io
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json

from sandbox import flights

ARRIVED = 3  # rows that the demo inserts, two of them the same
TEXT = {"carrier": pa.string(), "tailnum": pa.string(), "origin": pa.string(), "dest": pa.string(), "time_hour": pa.string()}


def source_table():
    options = pyarrow.csv.ConvertOptions(column_types=TEXT, null_values=["NA"], strings_can_be_null=True)
    return pyarrow.csv.read_csv(io.BytesIO(flights.text()), convert_options=options)


def event_table(path, columns):
    """The data of the events, each column as text; the source file has its instants to the second."""
    schema = pa.schema([("data", pa.struct([(name, TEXT.get(name, pa.int64())) for name in columns]))])
    data = pyarrow.json.read_json(path, parse_options=pyarrow.json.ParseOptions(explicit_schema=schema))["data"]
    table = pa.table({name: pc.struct_field(data, name) for name in columns})
    instants = pc.replace_substring(table["time_hour"], ".000000Z", "Z")
    return table.set_column(columns.index("time_hour"), "time_hour", instants)


def counts(table, name):
    """How often each row occurs: a row is all its cells as one text."""
    cells = [pc.fill_null(column.cast(pa.string()), "NULL") for column in table.columns]
    rows = pa.table({"row": pc.binary_join_element_wise(*cells, "|")})
    return rows.group_by("row").aggregate([("row", "count")]).rename_columns(["row", name])


def main():
    source = source_table()
    events = event_table(sys.argv[1], source.column_names)
    both = counts(source, "source").join(counts(events, "events"), "row", join_type="full outer")
    more = pc.subtract(pc.fill_null(both["events"], 0), pc.fill_null(both["source"], 0))
    missing = -(pc.sum(pc.min_element_wise(more, 0)).as_py())
    surplus = pc.sum(pc.max_element_wise(more, 0)).as_py() - ARRIVED
    print(f"rows of the source file  {len(source):>9,}")
    print(f"rows that arrived later  {ARRIVED:>9,}")
    print(f"events out               {len(events):>9,}")
    print(f"missing                  {missing:>9,}")
    print(f"too many                 {surplus:>9,}")
    good = missing == 0 and surplus == 0
    print("every row exactly once" if good else "NOT every row exactly once")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
