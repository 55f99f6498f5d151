#include "client/result.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "client/batch.h"
#include "client/shape.h"
#include "wire/arrow_ipc.h"
#include "wire/columns.h"
#include "wire/lz4_frame.h"

struct ldbx_result {
    ldbx_connection *connection;
    ldbx_operation operation;
    int64_t modified_rows;
    bool repeatable; /* the statement may be run again */

    struct ArrowSchema schema;
    ldbx_shape shape;
    bool lz4;

    ldbx_pages *pages;
    const ldbx_tcli_rows *page; /* in work; NULL: none */
    size_t at;                  /* next batch of the page */
    ldbx_lz4 *decompressor;
    ldbx_bytes *scratch;     /* the bytes of the batch in work */
    struct ArrowArray array; /* the batch in work */
    ldbx_cells *columns;     /* of it */
    ldbx_batch batch;
    ldbx_buf text;
    int end; /* what the last ldbx_result_next came to, if it was the end or a failure */
};

/*
 * Arrow when the server says so, described by Thrift types where it sends no schema; so are column sets, and statements without rows. first: the page
 * that came with the answer, if one did.
 */
static int read_schema(ldbx_result *result, const ldbx_tcli_metadata *metadata, const ldbx_tcli_rows *first,
                       ldbx_error **error)
{
    const ldbx_tcli_column *columns = metadata->columns;
    ldbx_view batch = {NULL, 0};

    if (metadata->staging)
        return ldbx_fail(error, LDBX_UNSUPPORTED, "the statement asks for files of this machine (PUT, GET or REMOVE)");
    if (metadata->format < -1 || metadata->format > LDBX_TFORMAT_URLS)
        return ldbx_fail(error, LDBX_PROTOCOL, "GetResultSetMetadata: result format %d is not known",
                         (int)metadata->format);
    if (metadata->format == LDBX_TFORMAT_URLS && metadata->arrow_schema.size > 0)
        return ldbx_fail(error, LDBX_UNSUPPORTED, "the server sent links to cloud storage, which were not asked for");
    if (first->batch_count > 0 && !metadata->lz4)
        batch = first->batches[0].bytes;
    if (metadata->format == LDBX_TFORMAT_ARROW && metadata->arrow_schema.size > 0)
        LDBX_TRY(ldbx_arrow_read_schema(metadata->arrow_schema, &result->schema, error));
    else if (metadata->format == LDBX_TFORMAT_ARROW)
        LDBX_TRY(ldbx_columns_arrow_schema(columns, metadata->column_count, batch, &result->schema, error));
    else
        LDBX_TRY(ldbx_columns_schema(columns, metadata->column_count, &result->schema, error));
    result->lz4 = metadata->lz4;
    return ldbx_shape_make(&result->schema, columns, metadata->column_count, &result->shape, error);
}

int ldbx_result_new(const ldbx_result_source *source, ldbx_page *first, ldbx_result **out, ldbx_error **error)
{
    int status;
    ldbx_pages_options pages = {.config = source->connection->config,
                                .dialect = source->connection->dialect,
                                .oauth = source->connection->oauth,
                                .channel = source->connection->channel,
                                .prefetch = source->prefetch,
                                .cancel = source->cancel};
    ldbx_result *result = ldbx_calloc(1, sizeof *result);

    *out = NULL;
    if (result == NULL) {
        ldbx_operation unheld = source->operation;
        ldbx_operation_close(&unheld, source->connection->channel, &source->connection->response, LDBX_GOODBYE_MS);
        ldbx_page_clear(first);
        return ldbx_fail_no_memory(error);
    }
    result->connection = source->connection;
    result->operation = source->operation;
    result->modified_rows = source->modified_rows;
    result->repeatable = source->repeatable;
    ldbx_buf_init(&result->text, LDBX_MAX_TEXT);
    LDBX_GO(read_schema(result, source->metadata, &first->rows, error));
    result->columns = ldbx_calloc(result->shape.count, sizeof *result->columns);
    if (result->columns == NULL)
        LDBX_GO(ldbx_fail_no_memory(error));
    LDBX_GO(ldbx_pages_new(&result->operation, &pages, first, &result->pages, error));
    *out = result;
    result = NULL;
out:
    ldbx_page_clear(first);
    ldbx_result_destroy(result);
    return status;
}

void ldbx_result_destroy(ldbx_result *result)
{
    ldbx_channel *channel;
    ldbx_http_response *response;

    if (result == NULL)
        return;
    channel = result->connection->channel;
    response = &result->connection->response;
    ldbx_pages_destroy(result->pages);
    if (result->end == LDBX_CANCELLED)
        ldbx_operation_cancel(&result->operation, channel, response, LDBX_CANCEL_MS);
    ldbx_operation_close(&result->operation, channel, response,
                         result->end == LDBX_CANCELLED ? LDBX_CANCEL_MS : LDBX_GOODBYE_MS);
    ldbx_arrow_array_release(&result->array);
    ldbx_bytes_unref(result->scratch);
    ldbx_lz4_destroy(result->decompressor);
    ldbx_free(result->columns);
    ldbx_shape_clear(&result->shape);
    ldbx_arrow_schema_release(&result->schema);
    ldbx_buf_clear(&result->text);
    ldbx_free(result);
}

/*
 * The batch's bytes lie in one buffer that lives as long as the result: fresh memory is the dearest thing on
 * this path. Only when a consumer still holds the last batch does the next one get a buffer of its own.
 */
static int fresh_scratch(ldbx_result *result, ldbx_error **error)
{
    if (result->scratch != NULL && !ldbx_bytes_shared(result->scratch))
        return LDBX_OK;
    ldbx_bytes_unref(result->scratch);
    result->scratch = ldbx_bytes_new(LDBX_MAX_BATCH);
    return result->scratch != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

/* Bytes inside a Thrift message lie anywhere; Arrow wants its buffers aligned. */
static int copy_batch(ldbx_view bytes, ldbx_bytes *out, ldbx_error **error)
{
    if (!ldbx_bytes_grow(out, bytes.size))
        return ldbx_fail(error, LDBX_NO_MEMORY, "a batch of %zu bytes does not fit into memory", bytes.size);
    if (bytes.size > 0) /* an empty batch has no place either */
        memcpy(ldbx_bytes_data(out), bytes.data, bytes.size);
    ldbx_bytes_set_size(out, bytes.size);
    return LDBX_OK;
}

static int read_arrow_batch(ldbx_result *result, const ldbx_tcli_arrow_batch *batch, ldbx_error **error)
{
    LDBX_TRY(fresh_scratch(result, error));
    if (result->lz4) {
        if (result->decompressor == NULL)
            result->decompressor = ldbx_lz4_new();
        if (result->decompressor == NULL)
            return ldbx_fail_no_memory(error);
        LDBX_TRY(ldbx_lz4_read(result->decompressor, batch->bytes, result->scratch, error));
    } else {
        LDBX_TRY(copy_batch(batch->bytes, result->scratch, error));
    }
    return ldbx_arrow_read_batch(&result->schema, result->scratch, batch->rows, &result->array, error);
}

static bool page_is_read(const ldbx_result *result)
{
    const ldbx_tcli_rows *page = result->page;

    return page == NULL || result->at >= (page->batch_count > 0 ? page->batch_count : (size_t)1);
}

static int read_batch(ldbx_result *result, ldbx_error **error)
{
    const ldbx_tcli_rows *page = result->page;
    size_t at = result->at++;

    ldbx_arrow_array_release(&result->array);
    if (page->batch_count > 0)
        return read_arrow_batch(result, &page->batches[at], error);
    return ldbx_columns_read(&result->schema, page->columns, page->column_count, &result->array, error);
}

/* Moves to the next batch that has rows. */
static int advance(ldbx_result *result, ldbx_error **error)
{
    do {
        while (page_is_read(result)) {
            LDBX_TRY(ldbx_pages_next(result->pages, &result->page, error));
            result->at = 0;
        }
        LDBX_TRY(read_batch(result, error));
    } while (result->array.length == 0);
    return LDBX_OK;
}

/* A result that failed stays so. What could be repeated is its statement, which has run. */
static void explain(const ldbx_result *result, ldbx_error **error)
{
    if (error == NULL)
        return;
    ldbx_error_prefix(error, "statement %s", result->operation.statement_id);
    if (!result->repeatable)
        ldbx_error_set_retry(error, LDBX_RETRY_UNKNOWN);
}

int ldbx_result_next(ldbx_result *result, const ldbx_batch **out, ldbx_error **error)
{
    int status = result->end;

    *out = NULL;
    if (status == LDBX_OK && result->shape.count == 0)
        status = LDBX_DONE;
    if (status == LDBX_OK) {
        status = advance(result, error);
        if (status < LDBX_OK)
            explain(result, error);
    } else if (status < LDBX_OK) {
        ldbx_fail(error, (ldbx_status)status, "the result has failed before");
        ldbx_error_set_retry(error, LDBX_RETRY_NEVER);
    }
    result->end = status;
    if (status == LDBX_SESSION_LOST)
        result->connection->has_session = false;
    if (status != LDBX_OK)
        return status;
    ldbx_batch_columns(&result->shape, &result->array, result->columns);
    result->batch = (ldbx_batch){&result->array, result->columns, result->shape.count, &result->text};
    *out = &result->batch;
    return LDBX_OK;
}

void ldbx_result_take(ldbx_result *result, struct ArrowArray *out)
{
    *out = result->array;
    result->array = (struct ArrowArray){0};
}

size_t ldbx_result_column_count(const ldbx_result *result)
{
    return result->shape.count;
}

const ldbx_column *ldbx_result_column(const ldbx_result *result, size_t index)
{
    return index < result->shape.count ? &result->shape.columns[index] : NULL;
}

const struct ArrowSchema *ldbx_result_schema(const ldbx_result *result)
{
    return &result->schema;
}

int64_t ldbx_result_modified_rows(const ldbx_result *result)
{
    return result->modified_rows;
}

const char *ldbx_result_statement_id(const ldbx_result *result)
{
    return result->operation.statement_id;
}

int ldbx_result_retype(ldbx_result *result, size_t column, const char *sql_type, ldbx_error **error)
{
    return ldbx_shape_retype(&result->shape, column, sql_type, error);
}

int64_t ldbx_result_bytes(const ldbx_result *result)
{
    return ldbx_pages_bytes(result->pages);
}
