#include "import/importer.h"

#include <string.h>

#include "base/civil.h"
#include "base/error.h"
#include "base/options.h"
#include "base/str.h"
#include "client/json_rows.h"

/* The time of an event: the record timestamp column, or the timestamp column where that is NULL. Zoneless
 * values count as UTC. */
static void write_event_time(const ldbx_import *import, int64_t row, ldbx_buf *out)
{
    int64_t us = 0;
    uint8_t *place = ldbx_buf_reserve(out, 48);

    if (place == NULL)
        return;
    if (!import->has_record || !ldbx_batch_timestamp_us(&import->rows, row, import->record_index, &us))
        ldbx_batch_timestamp_us(&import->rows, row, import->snapshot.ts_index, &us);
    out->size += ldbx_format_timestamp((char *)place, us, true);
}

int ldbx_import_events(ldbx_import *import, ldbx_view *out, ldbx_error **error)
{
    ldbx_buf *text = &import->text;
    ldbx_buf head;

    *out = (ldbx_view){0};
    if (!import->has_batch)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "there is no batch: ldbx_import_next comes first");
    ldbx_buf_init(&head, LDBX_MAX_DOCUMENT);
    ldbx_buf_str(&head, "{\"stream\":");
    ldbx_buf_json_string(&head, ldbx_view_of(import->stream));
    ldbx_buf_str(&head, ",\"ts\":\"");
    ldbx_buf_reset(text);
    for (int64_t row = 0; row < import->batch.count && !head.failed; row++) {
        ldbx_buf_append(text, head.data, head.size);
        write_event_time(import, row, text);
        ldbx_buf_append(text, "\",\"data\":", 9);
        ldbx_json_row(import->rows.columns, import->rows.count, row, true, text);
        ldbx_buf_append(text, "}\n", 2);
    }
    text->failed |= head.failed;
    ldbx_buf_clear(&head);
    if (text->full)
        return ldbx_fail(error, LDBX_NO_MEMORY,
                         "the events of %lld rows are larger than %zu bytes; ask for a smaller batch_size",
                         (long long)import->batch.count, text->max);
    if (text->failed)
        return ldbx_fail_no_memory(error);
    *out = ldbx_buf_get(text);
    return LDBX_OK;
}

void ldbx_import_summary_get(const ldbx_import *import, ldbx_import_summary *summary)
{
    const ldbx_import_run *run = &import->run;
    ldbx_import_summary ours = {.delivered = import->complete ? run->delivered : import->saved.run.delivered,
                                .total = run->total,
                                .null_timestamps = run->null_timestamps,
                                .version = run->version,
                                .attempts = run->attempts,
                                .groups_streamed = run->groups_streamed,
                                .resumed = import->resumed,
                                .limited = import->limited,
                                .complete = import->complete,
                                .has_watermark = import->saved.watermark.set,
                                .watermark_us = import->saved.watermark.us,
                                .run = run->id,
                                .stream = import->stream};
    ldbx_buf *warning = (ldbx_buf *)(uintptr_t)&import->warning; /* only its final NUL is written */

    ours.size = summary->size;
    ours.warning = import->warning.size > 0 ? ldbx_buf_cstr(warning) : "";
    memcpy(summary, &ours, ldbx_options_span(sizeof ours, summary->size));
}
