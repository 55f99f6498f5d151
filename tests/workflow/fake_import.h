/*
 * An import without a server. A test program that includes this has its own ldbx_import_* functions, so the linker
 * takes none from the library's archive. Row i of the table has the timestamp of i + 1 seconds after 1970, and its
 * event is the line "row i". The contract of import.h is kept, checkpoint included.
 */
#ifndef LDBX_TESTS_FAKE_IMPORT_H
#define LDBX_TESTS_FAKE_IMPORT_H

#include <stdio.h>
#include <string.h>

#include <lytics_dbx/lytics_dbx.h>

#include "base/civil.h"
#include "base/error.h"
#include "base/mem.h"
#include "client/batch.h"
#include "import/checkpoint.h"
#include "store/store.h"

/* What the test sets, and what it can look at. */
static struct {
    int64_t rows;
    int64_t per_batch;
    int64_t version; /* -1: the table has none */
    int64_t null_timestamps;
    int64_t ahead_us;    /* added to each timestamp */
    const char *warning; /* NULL: none */
    int open_status;     /* of opens, before anything is saved; 0: none */
    int opened_status;   /* of opens, after the run is saved; 0: none */
    int64_t fail_at;     /* reading this row fails; -1: none does */
    int fail_status;
    bool saves_while_reading; /* as an import may that reopens its session */
    void (*tick)(void);       /* called wherever a process may be killed; NULL: nothing */

    int opened;
    int commits;
} fake;

struct ldbx_import {
    ldbx_import_options options;
    ldbx_import_checkpoint saved;
    ldbx_import_run run;
    int64_t revision;
    bool resumed, complete, limited;
    ldbx_batch rows;
    ldbx_import_batch batch;
    ldbx_buf text;
};

static void fake_tick(void)
{
    if (fake.tick != NULL)
        fake.tick();
}

static int64_t fake_row_behind(const ldbx_bound *bound)
{
    return bound->set ? (bound->us - fake.ahead_us) / LDBX_US_PER_SECOND : 0;
}

static int64_t fake_time_of(int64_t row)
{
    return (row + 1) * LDBX_US_PER_SECOND + fake.ahead_us;
}

static int fake_save(ldbx_import *import, ldbx_error **error)
{
    int status;

    fake_tick();
    ldbx_buf_reset(&import->text);
    ldbx_checkpoint_write(&import->saved, &import->text);
    status = import->text.failed ? ldbx_fail_no_memory(error)
                                 : ldbx_store_save(import->options.store, import->options.key,
                                                   ldbx_buf_get(&import->text), &import->revision, error);
    ldbx_buf_reset(&import->text);
    fake_tick();
    return status;
}

static int fake_begin(ldbx_import *import, ldbx_error **error)
{
    if (import->saved.run.id[0] != '\0') {
        import->resumed = true;
        import->run = import->saved.run;
        import->run.attempts++;
    } else {
        import->run = (ldbx_import_run){.attempts = 1, .version = fake.version};
        LDBX_TRY(ldbx_run_id_make(import->run.id, error));
        import->run.lower = import->saved.watermark;
        import->run.total = fake.rows - fake_row_behind(&import->run.lower);
        import->run.null_timestamps = fake.null_timestamps;
    }
    import->saved.run = import->run;
    return fake_save(import, error);
}

static int fake_open(ldbx_import *import, ldbx_error **error)
{
    int status = ldbx_store_load(import->options.store, import->options.key, &import->text, &import->revision, error);

    if (status == LDBX_OK)
        status = ldbx_checkpoint_read(ldbx_buf_get(&import->text), &import->saved, error);
    if (status != LDBX_OK && status != LDBX_NOT_FOUND)
        return status;
    if (fake.open_status != 0)
        return ldbx_fail(error, (ldbx_status)fake.open_status, "the table cannot be opened");
    LDBX_TRY(fake_begin(import, error));
    if (fake.opened_status != 0)
        return ldbx_fail(error, (ldbx_status)fake.opened_status, "the plan failed");
    return LDBX_OK;
}

void ldbx_import_options_init(ldbx_import_options *options, size_t size)
{
    memset(options, 0, size);
    options->size = size;
}

int ldbx_import_open(ldbx_connection *connection, const ldbx_import_options *options, ldbx_import **out,
                     ldbx_error **error)
{
    ldbx_import *import = ldbx_calloc(1, sizeof *import);
    int status;

    ck_assert_ptr_nonnull(connection);
    fake.opened++;
    *out = NULL;
    if (import == NULL)
        return ldbx_fail_no_memory(error);
    import->options = *options;
    ldbx_buf_init(&import->text, LDBX_MAX_TEXT);
    status = fake_open(import, error);
    if (status == LDBX_OK)
        *out = import;
    else
        ldbx_import_destroy(import);
    return status;
}

static int fake_end(ldbx_import *import, ldbx_error **error)
{
    import->limited = import->options.row_limit > 0 && import->run.delivered >= import->options.row_limit &&
                      import->run.delivered < import->run.total;
    if (!import->limited && import->run.key.set)
        import->saved.watermark = (ldbx_bound){true, import->run.key.us};
    import->saved.run = (ldbx_import_run){0};
    LDBX_TRY(fake_save(import, error));
    import->complete = true;
    return LDBX_DONE;
}

int ldbx_import_next(ldbx_import *import, const ldbx_import_batch **out, ldbx_error **error)
{
    ldbx_import_run *run = &import->run;
    int64_t left = run->total - run->delivered;
    int64_t first = fake_row_behind(&run->lower) + run->delivered;
    int64_t count = import->options.batch_size > 0 ? import->options.batch_size : fake.per_batch;

    *out = NULL;
    fake_tick();
    if (import->options.row_limit > 0 && left > import->options.row_limit - run->delivered)
        left = import->options.row_limit - run->delivered;
    if (left == 0)
        return import->saved.run.delivered == run->delivered ? fake_end(import, error) : LDBX_DONE;
    if (count > left)
        count = left;
    if (fake.fail_at >= first && fake.fail_at < first + count) {
        const ldbx_error_facts facts = {"42P01", "TABLE_LOST", "statement-1", 0, LDBX_RETRY_SAFE};
        return ldbx_fail_facts(error, (ldbx_status)fake.fail_status, &facts, "reading row %d failed",
                               (int)fake.fail_at);
    }
    if (fake.saves_while_reading)
        LDBX_TRY(fake_save(import, error));
    import->batch = (ldbx_import_batch){&import->rows, "stream", run->id, run->delivered, count};
    run->delivered += count;
    run->key = (ldbx_key){true, fake_time_of(first + count - 1), 1};
    *out = &import->batch;
    return LDBX_OK;
}

int ldbx_import_commit(ldbx_import *import, ldbx_error **error)
{
    ldbx_import_run before = import->saved.run;
    int status;

    fake.commits++;
    import->saved.run = import->run;
    status = fake_save(import, error);
    if (status != LDBX_OK)
        import->saved.run = before;
    return status;
}

int ldbx_import_events(ldbx_import *import, ldbx_view *out, ldbx_error **error)
{
    int64_t first = fake_row_behind(&import->run.lower) + import->batch.first;

    ldbx_buf_reset(&import->text);
    for (int64_t i = 0; i < import->batch.count; i++)
        ldbx_buf_printf(&import->text, "row %d\n", (int)(first + i));
    *out = ldbx_buf_get(&import->text);
    return import->text.failed ? ldbx_fail_no_memory(error) : LDBX_OK;
}

void ldbx_import_summary_get(const ldbx_import *import, ldbx_import_summary *summary)
{
    const ldbx_import_run *run = &import->run;

    *summary = (ldbx_import_summary){
        .size = summary->size,
        .delivered = import->complete ? run->delivered : import->saved.run.delivered,
        .total = run->total,
        .null_timestamps = run->null_timestamps,
        .version = run->version,
        .attempts = run->attempts,
        .resumed = import->resumed,
        .limited = import->limited,
        .complete = import->complete,
        .has_watermark = import->saved.watermark.set,
        .watermark_us = import->saved.watermark.us,
        .run = run->id,
        .stream = "stream",
        .warning = fake.warning != NULL ? fake.warning : "",
    };
}

void ldbx_import_destroy(ldbx_import *import)
{
    if (import == NULL)
        return;
    ldbx_checkpoint_clear(&import->saved);
    ldbx_buf_clear(&import->text);
    ldbx_free(import);
}

#endif
