/* A result as an Arrow stream: batches are moved out, so that each owns its memory. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/result.h"
#include "client/shape.h"

typedef struct stream_state {
    ldbx_result *result;
    ldbx_error *error;
} stream_state;

static int errno_of(int status)
{
    switch (status) {
    case LDBX_NO_MEMORY:
        return ENOMEM;
    case LDBX_CANCELLED:
        return ECANCELED;
    case LDBX_TIMEOUT:
        return ETIMEDOUT;
    case LDBX_INVALID_ARGUMENT:
        return EINVAL;
    default:
        return EIO;
    }
}

/* The encoded key-value pairs of a field, as the C data interface lays them out. */
static ldbx_view metadata_of(const struct ArrowSchema *field)
{
    ldbx_view all = {field->metadata, 0};
    int32_t pairs = 0;
    int32_t size;

    if (field->metadata == NULL)
        return all;
    memcpy(&pairs, field->metadata, sizeof pairs);
    all.size = sizeof pairs;
    for (int64_t i = 0; i < 2 * (int64_t)pairs; i++) {
        memcpy(&size, field->metadata + all.size, sizeof size);
        all.size += sizeof size + (size_t)size;
    }
    return all;
}

static bool copy_schema(const struct ArrowSchema *from, struct ArrowSchema *to)
{
    if (!ldbx_arrow_schema_new(to, from->format, ldbx_view_of(from->name), metadata_of(from),
                               (from->flags & ARROW_FLAG_NULLABLE) != 0, from->n_children))
        return false;
    for (int64_t i = 0; i < from->n_children; i++) {
        if (!copy_schema(from->children[i], to->children[i])) {
            ldbx_arrow_schema_release(to);
            return false;
        }
    }
    return true;
}

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    const stream_state *state = stream->private_data;

    return copy_schema(ldbx_result_schema(state->result), out) ? 0 : ENOMEM;
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    stream_state *state = stream->private_data;
    const ldbx_batch *batch;
    int status = ldbx_result_next(state->result, &batch, &state->error);

    *out = (struct ArrowArray){0};
    if (status == LDBX_OK)
        ldbx_result_take(state->result, out);
    return status >= LDBX_OK ? 0 : errno_of(status);
}

static const char *stream_error(struct ArrowArrayStream *stream)
{
    const stream_state *state = stream->private_data;

    return state->error != NULL ? ldbx_error_message(state->error) : NULL;
}

static void stream_release(struct ArrowArrayStream *stream)
{
    stream_state *state = stream->private_data;

    ldbx_result_destroy(state->result);
    ldbx_error_destroy(state->error);
    ldbx_free(state);
    stream->release = NULL;
    stream->private_data = NULL;
}

int ldbx_result_export_stream(ldbx_result *result, struct ArrowArrayStream *out, ldbx_error **error)
{
    stream_state *state;

    if (result == NULL || out == NULL) {
        ldbx_result_destroy(result);
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is NULL", result == NULL ? "result" : "out");
    }
    *out = (struct ArrowArrayStream){0};
    state = ldbx_calloc(1, sizeof *state);
    if (state == NULL) {
        ldbx_result_destroy(result);
        return ldbx_fail_no_memory(error);
    }
    state->result = result;
    *out = (struct ArrowArrayStream){stream_schema, stream_next, stream_error, stream_release, state};
    return LDBX_OK;
}
