/*
 * Arrow IPC: a schema message and record-batch messages into Arrow C data, buffers in place. Every offset and
 * size is checked, so that an array that comes out can be read without further checks (offsets ascend and end
 * inside their data; UTF-8 itself is not checked).
 *
 * Types: bool, int8..64, uint8..64, float32/64, decimal128, utf8, large_utf8, binary, large_binary, date32,
 * timestamp, interval (months), duration, null, list, large_list, struct, map.
 * Others (fixed_size_list, ...), dictionaries and compressed bodies: LDBX_UNSUPPORTED, naming the field.
 */
#ifndef LDBX_WIRE_ARROW_IPC_H
#define LDBX_WIRE_ARROW_IPC_H

#include <lytics_dbx/arrow_c.h>

#include "base/buf.h"
#include "wire/bytes.h"

/* out: format "+s" with a child a field; released by the caller. A schema of zero fields is fine. */
int ldbx_arrow_read_schema(ldbx_view message, struct ArrowSchema *out, ldbx_error **error);

/*
 * The one record batch in bytes; must have `rows` rows. out points into bytes and keeps it alive; released by the caller.
 */
int ldbx_arrow_read_batch(const struct ArrowSchema *schema, ldbx_bytes *bytes, int64_t rows, struct ArrowArray *out,
                          ldbx_error **error);

/* Number of buffers of a record batch, and of the ones that a batch of this schema has: text has one more than a number. */
int ldbx_arrow_count_buffers(ldbx_view message, size_t *out, ldbx_error **error);
size_t ldbx_arrow_schema_buffers(const struct ArrowSchema *schema);

#endif
