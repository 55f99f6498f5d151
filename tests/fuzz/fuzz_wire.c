/* Targets of the wire layer, and of what makes cells of it. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "client/result.h"
#include "wire/arrow_ipc.h"
#include "wire/arrow_message.h"
#include "wire/columns.h"
#include "wire/lz4_frame.h"
#include "wire/thrift.h"

/* Of the address sanitizer, where there is one. */
#define OPTIONAL __attribute__((weak))
OPTIONAL void __asan_poison_memory_region(const volatile void *at, size_t size);
OPTIONAL const char *__asan_locate_address(void *at, char *name, size_t name_size, void **begin, size_t *size);

/* The call that a reply claims to belong to, and its sequence id, which a fuzzer cannot be asked to guess. */
static int32_t head_of(ldbx_view message, ldbx_view *name)
{
    ldbx_tr reader;
    ldbx_tr_init(&reader, message);
    ldbx_tr_i32(&reader);
    *name = ldbx_tr_string(&reader);
    return ldbx_tr_i32(&reader);
}

static void read_open(ldbx_view message, int32_t seqid)
{
    ldbx_tcli_open_reply reply;
    ldbx_error *error = NULL;
    fuzz_ok(ldbx_tcli_read_open_session(message, seqid, &reply, &error), error);
}

static void read_execute(ldbx_view message, int32_t seqid)
{
    ldbx_tcli_execute_reply reply;
    ldbx_error *error = NULL;
    fuzz_ok(ldbx_tcli_read_execute(message, seqid, &reply, &error), error);
    ldbx_tcli_execute_clear(&reply);
}

static void read_status(ldbx_view message, int32_t seqid)
{
    ldbx_tcli_operation_status reply;
    ldbx_error *error = NULL;
    fuzz_ok(ldbx_tcli_read_operation_status(message, seqid, &reply, &error), error);
}

static void read_metadata(ldbx_view message, int32_t seqid)
{
    ldbx_tcli_metadata reply;
    ldbx_error *error = NULL;
    fuzz_ok(ldbx_tcli_read_metadata(message, seqid, &reply, &error), error);
    ldbx_tcli_metadata_clear(&reply);
}

static void read_fetch(ldbx_view message, int32_t seqid)
{
    ldbx_tcli_rows reply;
    ldbx_error *error = NULL;
    fuzz_ok(ldbx_tcli_read_fetch(message, seqid, &reply, &error), error);
    ldbx_tcli_rows_clear(&reply);
}

void fuzz_thrift(const uint8_t *data, size_t size)
{
    static const struct {
        const char *name;
        void (*read)(ldbx_view message, int32_t seqid);
    } replies[] = {{"OpenSession", read_open},
                   {"ExecuteStatement", read_execute},
                   {"GetOperationStatus", read_status},
                   {"GetResultSetMetadata", read_metadata},
                   {"FetchResults", read_fetch}};
    const ldbx_view input = {(const char *)data, size};
    char *copy = fuzz_copy(input);
    const ldbx_view message = {copy, size};
    ldbx_view name;
    const int32_t seqid = head_of(message, &name);
    fuzz_begin(64 * FUZZ_KIB +
               256 * size); /* a batch of columns is a byte on the wire, and thrice its struct while the list grows */
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++)
        if (ldbx_view_eq(name, replies[i].name))
            replies[i].read(message, seqid);
    fuzz_end();
    free(copy);
}

/* A result as the client makes it of a reply; only the network is missing, so that all its rows must be in the reply. */
static void walk_reply(ldbx_tcli_execute_reply *reply)
{
    ldbx_connection connection = {0};
    ldbx_result_source source = {.connection = &connection, .metadata = &reply->metadata, .modified_rows = -1};
    ldbx_page page = {.rows = reply->rows};
    ldbx_result *result = NULL;
    ldbx_error *error = NULL;
    const ldbx_batch *batch = NULL;
    int status = LDBX_OK;
    must(ldbx_dialect_find(LDBX_PROTOCOL_V8, &connection.dialect, &error) == LDBX_OK);
    reply->rows = (ldbx_tcli_rows){0};
    page.rows.has_more = false;
    page.rows.start_row = 0;
    ldbx_http_response_init(&page.response, LDBX_MAX_MESSAGE);
    if (!fuzz_ok(ldbx_result_new(&source, &page, &result, &error), error))
        return;
    while (status == LDBX_OK) {
        error = NULL;
        status = ldbx_result_next(result, &batch, &error);
        if (fuzz_ok(status, error)) {
            must(ldbx_batch_rows(batch) > 0);
            fuzz_walk_batch(batch);
        }
    }
    ldbx_result_destroy(result);
}

void fuzz_reply(const uint8_t *data, size_t size)
{
    const ldbx_view input = {(const char *)data, size};
    char *copy = fuzz_copy(input);
    const ldbx_view message = {copy, size};
    ldbx_tcli_execute_reply reply;
    ldbx_error *error = NULL;
    ldbx_view name;
    fuzz_begin(256 * FUZZ_KIB + 2 * FUZZ_MAX_JSON + 1024 * size);
    if (fuzz_ok(ldbx_tcli_read_execute(message, head_of(message, &name), &reply, &error), error) &&
        reply.metadata.present && reply.rows.present)
        walk_reply(&reply);
    ldbx_tcli_execute_clear(&reply);
    fuzz_end();
    free(copy);
}

void fuzz_columns(const uint8_t *data, size_t size)
{
    const ldbx_view input = {(const char *)data, size};
    char *copy = fuzz_copy(input);
    const ldbx_view message = {copy, size};
    ldbx_tcli_rows rows;
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    ldbx_shape shape = {0};
    ldbx_error *error = NULL;
    ldbx_view name;
    fuzz_begin(256 * FUZZ_KIB + 2 * FUZZ_MAX_JSON + 1024 * size);
    if (fuzz_ok(ldbx_tcli_read_fetch(message, head_of(message, &name), &rows, &error), error) &&
        fuzz_ok(ldbx_columns_schema(rows.metadata.columns, rows.metadata.column_count, &schema, &error), error) &&
        fuzz_ok(ldbx_shape_make(&schema, rows.metadata.columns, rows.metadata.column_count, &shape, &error), error) &&
        fuzz_ok(ldbx_columns_read(&schema, rows.columns, rows.column_count, &array, &error), error))
        fuzz_walk(&array, &shape);
    ldbx_arrow_array_release(&array);
    ldbx_shape_clear(&shape);
    ldbx_arrow_schema_release(&schema);
    ldbx_tcli_rows_clear(&rows);
    fuzz_end();
    free(copy);
}

/* Makes reading behind the content visible: the allocation has room for the border that the content begins at. */
static void poison_tail(ldbx_bytes *bytes)
{
    const uint8_t *end = ldbx_bytes_data(bytes) + ldbx_bytes_size(bytes);
    char name[1];
    void *begin = NULL;
    size_t size = 0;
    if (__asan_locate_address == NULL)
        return;
    __asan_locate_address(ldbx_bytes_data(bytes), name, sizeof name, &begin, &size);
    __asan_poison_memory_region(end, (size_t)((const uint8_t *)begin + size - end));
}

static void walk_arrow(const struct ArrowSchema *schema, ldbx_view batch)
{
    ldbx_bytes *bytes = ldbx_bytes_new(batch.size);
    ldbx_arrow_message opened;
    struct ArrowArray array = {0};
    ldbx_shape shape = {0};
    ldbx_error *error = NULL;
    int64_t rows = 0;
    if (fuzz_ok(ldbx_arrow_message_open(&opened, batch, LDBX_ARROW_RECORD_BATCH, &error), error))
        rows = ldbx_fb_i64(&opened.header, 0, 0);
    must(bytes != NULL && ldbx_bytes_grow(bytes, batch.size));
    memcpy(ldbx_bytes_data(bytes), batch.data, batch.size);
    ldbx_bytes_set_size(bytes, batch.size);
    poison_tail(bytes);
    error = NULL;
    if (fuzz_ok(ldbx_shape_make(schema, NULL, 0, &shape, &error), error) && rows >= 0 &&
        fuzz_ok(ldbx_arrow_read_batch(schema, bytes, rows, &array, &error), error))
        fuzz_walk(&array, &shape);
    ldbx_arrow_array_release(&array);
    ldbx_shape_clear(&shape);
    ldbx_bytes_unref(bytes);
}

/* Where the first of the two messages ends: a schema has no body. */
static size_t first_size(ldbx_view both)
{
    uint32_t size = 0;
    if (both.size < 8)
        return both.size;
    memcpy(&size, both.data + 4, sizeof size);
    return size < both.size - 8 ? 8 + size : both.size;
}

void fuzz_arrow(const uint8_t *data, size_t size)
{
    const ldbx_view both = {(const char *)data, size};
    const ldbx_view first = {both.data, first_size(both)};
    char *copy = fuzz_copy(first);
    const ldbx_view message = {copy, first.size};
    const ldbx_view rest = {both.data + first.size, size - first.size};
    struct ArrowSchema schema = {0};
    ldbx_error *error = NULL;
    fuzz_begin(512 * LDBX_MAX_COLUMNS + 2 * FUZZ_MAX_JSON + 256 * size); /* a flatbuffer may show a field many times */
    if (fuzz_ok(ldbx_arrow_read_schema(message, &schema, &error), error) && rest.size > 0)
        walk_arrow(&schema, rest);
    ldbx_arrow_schema_release(&schema);
    fuzz_end();
    free(copy);
}

void fuzz_lz4(const uint8_t *data, size_t size)
{
    const ldbx_view frames = {(const char *)data, size};
    ldbx_lz4 *lz4 = NULL;
    ldbx_bytes *out = NULL;
    ldbx_error *error = NULL;
    fuzz_begin(256 * FUZZ_KIB + 3 * 255 * size);
    lz4 = ldbx_lz4_new();
    out = ldbx_bytes_new(FUZZ_MAX_INFLATED);
    must(lz4 != NULL && out != NULL);
    if (fuzz_ok(ldbx_lz4_read(lz4, frames, out, &error), error))
        must(ldbx_bytes_size(out) <= FUZZ_MAX_INFLATED);
    error = NULL; /* what a bad frame left behind must not touch the next */
    fuzz_ok(ldbx_lz4_read(lz4, frames, out, &error), error);
    ldbx_bytes_unref(out);
    ldbx_lz4_destroy(lz4);
    fuzz_end();
}
