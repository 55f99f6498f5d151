#include "load/parts.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "load/gzip.h"
#include "stage/upload.h"

#define FLUSH_BYTES ((size_t)64 << 10)  /* text that is handed on at once */
#define SLICE_BYTES ((size_t)256 << 10) /* text that a slice of Arrow rows should make */
#define MOST_SLICE  4096
#define GZIP_SLACK  ((int64_t)1 << 20) /* more than a compressor keeps back */
#define GZIP_ENDS   1024               /* head and tail of a gzip member */

struct ldbx_parts {
    ldbx_parts_options options;
    ldbx_csv *csv;
    ldbx_gzip *gzip; /* NULL: not compressed */
    ldbx_uploader *uploader;
    ldbx_buf header;
    ldbx_buf text; /* of the part in work, not handed on yet */
    ldbx_buf zipped;
    int64_t rows; /* of the part in work */
    int64_t raw;  /* its text that was handed on */
    int64_t sent; /* the same, compressed */
    bool open;    /* a part is in work */
    bool broken;
    int64_t slice; /* Arrow rows to be written next */
    int64_t total_rows, total_bytes;
};

static int new_csv(ldbx_parts *parts, ldbx_error **error)
{
    LDBX_TRY(ldbx_manifest_csv(parts->options.manifest, &parts->csv, error));
    return ldbx_csv_header(parts->csv, &parts->header, error);
}

int ldbx_parts_new(const ldbx_parts_options *options, ldbx_parts **out, ldbx_error **error)
{
    ldbx_parts *parts = ldbx_calloc(1, sizeof *parts);
    int status;

    *out = NULL;
    if (parts == NULL)
        return ldbx_fail_no_memory(error);
    parts->options = *options;
    parts->slice = 1;
    ldbx_buf_init(&parts->header, LDBX_MAX_CSV_ROW);
    ldbx_buf_init(&parts->text, 3 * LDBX_MAX_CSV_ROW); /* the room that the cells of a row may ask for */
    ldbx_buf_init(&parts->zipped, LDBX_MAX_CSV_ROW * 2);
    LDBX_GO(new_csv(parts, error));
    if (options->manifest->attempt.gzip)
        LDBX_GO(ldbx_gzip_new(&parts->gzip, error));
    LDBX_GO(ldbx_uploader_new(options->stager, options->cancel, &parts->uploader, error));
    *out = parts;
    parts = NULL;
out:
    ldbx_parts_destroy(parts);
    return status;
}

void ldbx_parts_destroy(ldbx_parts *parts)
{
    if (parts == NULL)
        return;
    ldbx_uploader_destroy(parts->uploader);
    ldbx_gzip_destroy(parts->gzip);
    ldbx_csv_destroy(parts->csv);
    ldbx_buf_clear(&parts->header);
    ldbx_buf_clear(&parts->text);
    ldbx_buf_clear(&parts->zipped);
    ldbx_free(parts);
}

/* The part in work. */

static int send(ldbx_parts *parts, ldbx_view text, bool last, ldbx_error **error)
{
    ldbx_view out = text;

    parts->raw += (int64_t)text.size;
    parts->total_bytes += (int64_t)text.size;
    if (parts->gzip != NULL) {
        ldbx_buf_reset(&parts->zipped);
        LDBX_TRY(ldbx_gzip_write(parts->gzip, text, last, &parts->zipped, error));
        out = ldbx_buf_get(&parts->zipped);
    }
    parts->sent += (int64_t)out.size;
    return out.size > 0 ? ldbx_uploader_write(parts->uploader, out, error) : LDBX_OK;
}

static int begin_part(ldbx_parts *parts, ldbx_error **error)
{
    const ldbx_manifest *manifest = parts->options.manifest;
    const int64_t part = (int64_t)manifest->part_count + 1;
    char name[LDBX_STAGED_SIZE];

    LDBX_TRY(parts->options.reserve(part, parts->options.user, error));
    ldbx_staged_name(parts->options.job, &manifest->attempt, part, name);
    LDBX_TRY(ldbx_uploader_begin(parts->uploader, name, error));
    parts->open = true;
    return send(parts, ldbx_buf_get(&parts->header), false, error);
}

/* Hands on the first bytes of the text; what is behind them stays. */
static int flush(ldbx_parts *parts, size_t size, bool last, ldbx_error **error)
{
    ldbx_buf *text = &parts->text;

    LDBX_TRY(send(parts, (ldbx_view){(const char *)text->data, size}, last, error));
    if (text->size > size)
        memmove(text->data, text->data + size, text->size - size);
    ldbx_buf_cut(text, text->size - size);
    if (text->size == 0 && text->capacity > 2 * SLICE_BYTES) /* of a very long row */
        ldbx_buf_clear(text);
    return parts->options.moved(parts->options.user, error);
}

/* The first bytes of the text are its last ones. */
static int end_part(ldbx_parts *parts, size_t size, ldbx_error **error)
{
    ldbx_uploaded uploaded;
    ldbx_part part = {.rows = parts->rows};

    LDBX_TRY(flush(parts, size, true, error));
    LDBX_TRY(ldbx_uploader_end(parts->uploader, &uploaded, error));
    part.bytes = uploaded.bytes;
    part.crc32 = uploaded.crc32;
    parts->open = false;
    parts->rows = parts->raw = parts->sent = 0;
    return ldbx_manifest_add(parts->options.manifest, &part, error);
}

/* What deflate makes of so many bytes in the worst case: it stores them. */
static int64_t worst(int64_t bytes)
{
    return bytes + bytes / 1000 + GZIP_ENDS;
}

/* Whether a stager that takes no blocks has room for the part with so many bytes of text that are not handed on. */
static bool fits_object(const ldbx_parts *parts, int64_t raw, int64_t sent, int64_t text)
{
    const int64_t most = (int64_t)ldbx_stager_block_bytes(parts->options.stager);

    if (ldbx_stager_takes_blocks(parts->options.stager))
        return true;
    if (parts->gzip == NULL)
        return raw + text <= most;
    return worst(raw + text) <= most || sent + worst(text) + GZIP_SLACK <= most;
}

/* Whether the text fits into the part in work, or behind the header of the next one. */
static bool fits_part(const ldbx_parts *parts, int64_t rows)
{
    const int64_t text = (int64_t)parts->text.size;
    const int64_t raw = parts->open ? parts->raw : (int64_t)parts->header.size;
    const int64_t sent = parts->open ? parts->sent : raw;

    return parts->rows + rows <= parts->options.part_rows && raw + text <= parts->options.part_bytes &&
           fits_object(parts, raw, sent, text);
}

/* The row behind `mark`, which is taken back when even a file of its own would be too small for it. */
static int check_alone(ldbx_parts *parts, size_t mark, ldbx_error **error)
{
    const int64_t header = (int64_t)parts->header.size;
    const size_t size = parts->text.size - mark;

    if (fits_object(parts, header, header, (int64_t)size))
        return LDBX_OK;
    ldbx_buf_cut(&parts->text, mark);
    return ldbx_fail(error, LDBX_INVALID_DATA, "a row of %zu bytes is longer than a file of this staging may be (%zu)",
                     size, ldbx_stager_block_bytes(parts->options.stager));
}

/* Takes rows whose text stands behind `mark`: into the part in work, or the next one. */
static int take(ldbx_parts *parts, size_t mark, int64_t rows, ldbx_error **error)
{
    if (parts->open && parts->rows > 0 && !fits_part(parts, rows))
        LDBX_TRY(end_part(parts, mark, error));
    if (!parts->open)
        LDBX_TRY(begin_part(parts, error));
    parts->rows += rows;
    parts->total_rows += rows;
    if (parts->rows >= parts->options.part_rows || parts->raw + (int64_t)parts->text.size >= parts->options.part_bytes)
        return end_part(parts, parts->text.size, error);
    return parts->text.size >= FLUSH_BYTES ? flush(parts, parts->text.size, false, error) : LDBX_OK;
}

static int check_broken(const ldbx_parts *parts, ldbx_error **error)
{
    if (!parts->broken)
        return LDBX_OK;
    return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "the load has failed before; open it again");
}

static void count_empty(ldbx_parts *parts, int64_t before)
{
    parts->options.manifest->empty_as_null += ldbx_csv_empty_as_null(parts->csv) - before;
}

int ldbx_parts_row(ldbx_parts *parts, const ldbx_value *values, size_t count, ldbx_error **error)
{
    const size_t mark = parts->text.size;
    const int64_t empty = ldbx_csv_empty_as_null(parts->csv);
    int status;

    LDBX_TRY(check_broken(parts, error));
    LDBX_TRY(ldbx_csv_row(parts->csv, values, count, &parts->text, error));
    LDBX_TRY(check_alone(parts, mark, error));
    count_empty(parts, empty);
    status = take(parts, mark, 1, error);
    parts->broken = status != LDBX_OK;
    return status;
}

/* So many rows that their text is about SLICE_BYTES, by the last ones; no part gets more than it may. */
static int64_t slice_rows(const ldbx_parts *parts, int64_t left)
{
    int64_t rows = parts->slice < left ? parts->slice : left;
    const int64_t room = parts->options.part_rows - (parts->open ? parts->rows : 0);

    return rows < room ? rows : room;
}

/*
 * A slice that fails, or turns out too long for the part, is written in halves: at last row by row.
 */
static int arrow_slice(ldbx_parts *parts, const struct ArrowArray *array, int64_t first, int64_t *rows,
                       ldbx_error **error)
{
    const size_t mark = parts->text.size;
    const size_t most = parts->text.max;
    const int64_t empty = ldbx_csv_empty_as_null(parts->csv);
    int status;

    if (*rows > 1)
        parts->text.max = mark + 4 * SLICE_BYTES;
    status = ldbx_csv_arrow(parts->csv, array, first, *rows, &parts->text, *rows > 1 ? NULL : error);
    parts->text.max = most;
    if (*rows > 1 && (status != LDBX_OK || !fits_part(parts, *rows))) {
        ldbx_buf_cut(&parts->text, mark);
        parts->slice = *rows / 2;
        *rows = 0;
        return LDBX_OK;
    }
    LDBX_TRY(status);
    if (*rows == 1)
        LDBX_TRY(check_alone(parts, mark, error));
    count_empty(parts, empty);
    parts->slice = *rows * 2 < MOST_SLICE ? *rows * 2 : MOST_SLICE;
    if (parts->text.size - mark > SLICE_BYTES / 2)
        parts->slice = *rows;
    return take(parts, mark, *rows, error);
}

int ldbx_parts_arrow(ldbx_parts *parts, const struct ArrowSchema *schema, const struct ArrowArray *array,
                     ldbx_error **error)
{
    int status = LDBX_OK;

    LDBX_TRY(check_broken(parts, error));
    LDBX_TRY(ldbx_csv_bind(parts->csv, schema, error));
    for (int64_t first = 0, rows; status == LDBX_OK && first < array->length; first += rows) {
        rows = slice_rows(parts, array->length - first);
        status = arrow_slice(parts, array, first, &rows, error);
    }
    parts->broken = status != LDBX_OK;
    return status;
}

int ldbx_parts_finish(ldbx_parts *parts, ldbx_error **error)
{
    int status;

    LDBX_TRY(check_broken(parts, error));
    status = parts->open ? end_part(parts, parts->text.size, error) : LDBX_OK;
    if (status == LDBX_OK)
        status = ldbx_uploader_wait(parts->uploader, error);
    parts->broken = status != LDBX_OK;
    return status;
}

const ldbx_csv *ldbx_parts_csv(const ldbx_parts *parts)
{
    return parts->csv;
}

int64_t ldbx_parts_rows(const ldbx_parts *parts)
{
    return parts->total_rows;
}

int64_t ldbx_parts_bytes(const ldbx_parts *parts)
{
    return parts->total_bytes;
}
