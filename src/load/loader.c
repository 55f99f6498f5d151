#include "load/loader.h"

#include <stdarg.h>
#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/options.h"
#include "store/store.h"

#define PROGRESS_MS    200
#define RESERVED_PARTS 16 /* names that are saved at once: a save for each part would cost a sync of the disk */

int ldbx_load_save(ldbx_loader *loader, const ldbx_manifest *before, ldbx_error **error)
{
    ldbx_buf text;
    int status;

    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
    ldbx_load_document_write(&loader->document, loader->job, &text);
    if (text.failed)
        status = text.full
                     ? ldbx_fail(error, LDBX_INVALID_ARGUMENT, "the checkpoint is larger than %zu bytes", text.max)
                     : ldbx_fail_no_memory(error);
    else
        status = ldbx_store_save(loader->store, loader->key, ldbx_buf_get(&text), &loader->revision, error);
    ldbx_buf_clear(&text);
    if (status != LDBX_OK && before != &loader->document.load)
        loader->document.load = *before;
    return status;
}

void ldbx_load_warn(ldbx_loader *loader, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    ldbx_log_warning(&loader->warning, "load", loader->key, format, args);
    va_end(args);
}

int ldbx_load_settle(ldbx_loader *loader, int status, ldbx_error **failure, ldbx_error **error)
{
    ldbx_json_writer writer = {&loader->failure, false};

    ldbx_buf_reset(&loader->failure);
    if (status < LDBX_OK) {
        ldbx_json_put_error(&writer, NULL, *failure);
        ldbx_error_move(error, failure);
    }
    ldbx_error_destroy(*failure);
    loader->finished_us = ldbx_wall_us();
    return status;
}

static int64_t rows_of_groups(const ldbx_manifest *load, int64_t groups)
{
    int64_t rows = 0;

    for (int64_t i = 0; i < groups; i++)
        rows += ldbx_manifest_group(load, i).rows;
    return rows;
}

const ldbx_manifest *ldbx_load_shown(const ldbx_loader *loader)
{
    return loader->document.load.state != LDBX_LOAD_NONE ? &loader->document.load : &loader->last;
}

int ldbx_load_tell(ldbx_loader *loader, ldbx_phase phase, bool phase_ends, ldbx_error **error)
{
    const ldbx_manifest *load = ldbx_load_shown(loader);
    const int64_t now = ldbx_steady_ms();
    ldbx_progress progress = {.phase = phase, .rows_total = -1, .elapsed_ms = now - loader->started_ms};

    if (loader->progress == NULL || (!phase_ends && now - loader->reported_ms < PROGRESS_MS))
        return LDBX_OK;
    loader->reported_ms = now;
    progress.attempt = (int)(load->attempt.number + load->resumed);
    if (loader->parts != NULL) {
        progress.rows = ldbx_parts_rows(loader->parts);
        progress.bytes = ldbx_parts_bytes(loader->parts);
    } else {
        progress.rows = rows_of_groups(load, load->loaded);
        progress.rows_total = load->rows;
        progress.bytes = load->bytes;
    }
    if (loader->progress(&progress, loader->user) == 0)
        return LDBX_OK;
    return ldbx_fail(error, LDBX_STOPPED, "stopped by the progress callback");
}

/* Taking rows. */

static int reserve(int64_t part, void *user, ldbx_error **error)
{
    ldbx_loader *loader = user;
    ldbx_attempt *attempt = &loader->document.load.attempt;
    const ldbx_manifest before = loader->document.load;

    if (part > LDBX_MAX_PARTS)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                         "a load has at most %d files; ask for larger ones (part_rows, part_bytes)", LDBX_MAX_PARTS);
    if (part <= attempt->parts)
        return LDBX_OK;
    attempt->parts = part + RESERVED_PARTS - 1 < LDBX_MAX_PARTS ? part + RESERVED_PARTS - 1 : LDBX_MAX_PARTS;
    return ldbx_load_save(loader, &before, error);
}

static int moved(void *user, ldbx_error **error)
{
    ldbx_loader *loader = user;

    if (ldbx_cancel_is_triggered(loader->statement.cancel))
        return ldbx_fail(error, LDBX_CANCELLED, "cancelled while rows were being staged");
    return ldbx_load_tell(loader, LDBX_PHASE_STAGE, false, error);
}

int ldbx_load_begin_parts(ldbx_loader *loader, int64_t part_rows, int64_t part_bytes, ldbx_error **error)
{
    const ldbx_parts_options options = {.job = loader->job,
                                        .manifest = &loader->document.load,
                                        .stager = loader->stager,
                                        .cancel = loader->statement.cancel,
                                        .part_rows = part_rows,
                                        .part_bytes = part_bytes,
                                        .reserve = reserve,
                                        .moved = moved,
                                        .user = loader};

    return ldbx_parts_new(&options, &loader->parts, error);
}

static int check_open(const ldbx_loader *loader, ldbx_error **error)
{
    if (loader->parts != NULL)
        return LDBX_OK;
    return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "the load takes no rows any more");
}

int ldbx_loader_append(ldbx_loader *loader, const ldbx_value *values, size_t count, ldbx_error **error)
{
    ldbx_error *failure = NULL;
    int status = check_open(loader, &failure);

    if (status == LDBX_OK)
        status = ldbx_parts_row(loader->parts, values, count, &failure);
    return status == LDBX_OK ? LDBX_OK : ldbx_load_settle(loader, status, &failure, error);
}

int ldbx_loader_append_arrow(ldbx_loader *loader, const struct ArrowSchema *schema, const struct ArrowArray *array,
                             ldbx_error **error)
{
    ldbx_error *failure = NULL;
    int status = check_open(loader, &failure);

    if (status == LDBX_OK)
        status = ldbx_parts_arrow(loader->parts, schema, array, &failure);
    return ldbx_load_settle(loader, status, &failure, error);
}

/* It reads into the columns of the parts, and goes before them. */
static void drop_json(ldbx_loader *loader)
{
    ldbx_json_row_destroy(loader->json);
    loader->json = NULL;
}

static int append_json(ldbx_loader *loader, ldbx_view object, ldbx_error **error)
{
    const ldbx_value *values = NULL;

    LDBX_TRY(check_open(loader, error));
    if (loader->json == NULL)
        LDBX_TRY(ldbx_json_row_new(ldbx_parts_csv(loader->parts), &loader->json, error));
    LDBX_TRY(ldbx_json_row_read(loader->json, object, &values, error));
    return ldbx_parts_row(loader->parts, values, loader->document.load.column_count, error);
}

int ldbx_loader_append_json(ldbx_loader *loader, ldbx_view object, ldbx_error **error)
{
    ldbx_error *failure = NULL;
    int status = append_json(loader, object, &failure);

    return status == LDBX_OK ? LDBX_OK : ldbx_load_settle(loader, status, &failure, error);
}

/* A name that is in no object is more often a slip of the pen than a column of NULLs. */
static void warn_of_missing(ldbx_loader *loader)
{
    const ldbx_manifest *load = &loader->document.load;

    for (size_t i = 0; loader->json != NULL && i < load->column_count; i++)
        if (!ldbx_json_row_occurred(loader->json, i))
            ldbx_load_warn(loader, "column %s is in none of the rows", load->columns[i].name);
}

static void warn_of_changes(ldbx_loader *loader)
{
    const ldbx_manifest *load = &loader->document.load;

    for (size_t i = 0; i < load->column_count; i++)
        if (ldbx_csv_changes_texts(ldbx_parts_csv(loader->parts), i))
            ldbx_load_warn(
                loader,
                "column %s: its texts are all numbers, and an inferred type changes those like 00501, +49 or "
                "1e5; a declared load keeps them",
                load->columns[i].name);
}

/* From here on exactly these files are loaded, by whoever comes. */
static int seal(ldbx_loader *loader, ldbx_error **error)
{
    ldbx_manifest *load = &loader->document.load;
    ldbx_manifest before;

    LDBX_TRY(ldbx_parts_finish(loader->parts, error));
    LDBX_TRY(ldbx_load_tell(loader, LDBX_PHASE_STAGE, true, error));
    before = *load;
    load->attempt.parts = (int64_t)load->part_count;
    load->state = LDBX_LOAD_SEALED;
    loader->seal_tried = true;
    LDBX_TRY(ldbx_load_save(loader, &before, error));
    warn_of_missing(loader);
    warn_of_changes(loader);
    drop_json(loader);
    ldbx_parts_destroy(loader->parts);
    loader->parts = NULL;
    ldbx_log(LDBX_LOG_INFO, "load", "%s: load %s is sealed: %lld rows in %zu files, %lld bytes", loader->key,
             load->attempt.run, (long long)load->rows, load->part_count, (long long)load->bytes);
    return LDBX_OK;
}

static int commit(ldbx_loader *loader, ldbx_error **error)
{
    if (loader->complete || loader->earlier != NULL)
        return LDBX_OK;
    if (loader->document.load.state == LDBX_LOAD_STAGING)
        LDBX_TRY(seal(loader, error));
    return ldbx_load_finish(loader, error);
}

int ldbx_loader_commit(ldbx_loader *loader, ldbx_error **error)
{
    ldbx_error *failure = NULL;

    return ldbx_load_settle(loader, commit(loader, &failure), &failure, error);
}

void ldbx_loader_result_get(const ldbx_loader *loader, ldbx_load_result *result)
{
    const ldbx_manifest *load = ldbx_load_shown(loader);
    ldbx_buf *warning = (ldbx_buf *)(uintptr_t)&loader->warning; /* only its final NUL is written */
    ldbx_load_result ours = {.rows_staged = load->rows,
                             .rows_loaded = loader->complete ? load->rows : rows_of_groups(load, load->loaded),
                             .files = (int64_t)load->part_count,
                             .bytes = load->bytes,
                             .version_before = load->before.number,
                             .version_after = load->after,
                             .attempts = load->attempt.number + load->resumed,
                             .statements = load->statements,
                             .empty_as_null = load->empty_as_null,
                             .complete = loader->complete,
                             .resumed = loader->resumed,
                             .earlier_rows = loader->earlier_rows,
                             .run = load->attempt.run};

    if (loader->parts != NULL)
        ours.rows_staged = ldbx_parts_rows(loader->parts);
    if (loader->earlier != NULL) {
        const int64_t rows = loader->earlier->rows;
        ours = (ldbx_load_result){.rows_staged = rows,
                                  .rows_loaded = rows,
                                  .files = -1,
                                  .bytes = -1,
                                  .version_before = -1,
                                  .version_after = -1,
                                  .complete = 1,
                                  .already_loaded = 1,
                                  .earlier_rows = -1,
                                  .run = loader->earlier->run};
    }
    ours.size = result->size;
    ours.warning = loader->warning.size > 0 ? ldbx_buf_cstr(warning) : "";
    memcpy(result, &ours, ldbx_options_span(sizeof ours, result->size));
}

/* Files of a load that is not sealed belong to nobody. After a seal whose save failed it is not known whether it is one. */
static void drop_parts(ldbx_loader *loader)
{
    ldbx_attempt attempt = loader->document.load.attempt;

    if (loader->parts == NULL)
        return;
    drop_json(loader);
    ldbx_parts_destroy(loader->parts);
    if (loader->seal_tried)
        return;
    attempt.parts = (int64_t)loader->document.load.part_count + 1; /* and the one in work */
    ldbx_load_remove(loader, &attempt, NULL);
}

void ldbx_loader_destroy(ldbx_loader *loader)
{
    if (loader == NULL)
        return;
    drop_parts(loader);
    ldbx_load_document_clear(&loader->document);
    ldbx_manifest_clear(&loader->last);
    ldbx_buf_clear(&loader->warning);
    ldbx_buf_clear(&loader->statements);
    ldbx_buf_clear(&loader->failure);
    ldbx_buf_clear(&loader->report);
    ldbx_free(loader->key);
    ldbx_free(loader);
}
