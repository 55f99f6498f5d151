"""A second program's view of an import's output."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

BLOCK = 16 << 20


def told(path):
    """What the output holds, read as a stream, however large: rows, how often each id came, whether the times are in order."""
    fields = pa.schema([("ts", pa.string()), ("data", pa.struct([("id", pa.int64())]))])
    batches = pyarrow.json.open_json(path, pyarrow.json.ReadOptions(block_size=BLOCK),
                                     pyarrow.json.ParseOptions(explicit_schema=fields, unexpected_field_behavior="ignore"))
    rows, ordered, last, counts = 0, True, "", np.zeros(0, np.int64)
    for batch in batches:
        ids, times = pc.struct_field(batch.column("data"), "id").to_numpy(), batch.column("ts")
        rows += len(ids)
        counts = np.pad(counts, (0, max(0, int(ids.max()) + 1 - len(counts))))
        first = int(ids.min())
        part = np.bincount(ids - first)
        counts[first:first + len(part)] += part
        ordered = ordered and last <= times[0].as_py() and not pc.any(pc.less(times[1:], times[:-1])).as_py()
        last = times[-1].as_py()
    return rows, counts, ordered
