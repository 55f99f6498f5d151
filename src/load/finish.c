/* From sealed files to a table that has them. Each step may be done again: whoever finds the document in a state goes on from there. */
#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "load/copy_into.h"
#include "load/loader.h"
#include "load/reconcile.h"
#include "load/target.h"

/* What was loaded is not what was staged: nothing that repeats could set it right. A person has to look, so it is kept. */
static int LDBX_PRINTF(3, 4) fail_for_good(ldbx_loader *loader, ldbx_error **error, const char *format, ...)
{
    ldbx_manifest *load = &loader->document.load;
    const ldbx_manifest before = *load;
    ldbx_error *unsaved = NULL;
    char *failure;
    ldbx_buf text;
    va_list args;

    ldbx_buf_init(&text, LDBX_MAX_ERROR);
    va_start(args, format);
    ldbx_buf_vprintf(&text, format, args);
    va_end(args);
    failure = ldbx_buf_detach(&text);
    if (failure == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_fail(error, LDBX_INVALID_DATA, "load %s: %s", load->attempt.run, failure);
    load->failure = failure;
    load->state = LDBX_LOAD_FAILED;
    if (ldbx_load_save(loader, &before, &unsaved) != LDBX_OK) {
        ldbx_free(failure);
        ldbx_log(LDBX_LOG_ERROR, "load", "%s: the failure could not be saved: %s", loader->key,
                 ldbx_error_message(unsaved));
        ldbx_error_destroy(unsaved);
    }
    return LDBX_INVALID_DATA;
}

/* The table is made once in the life of a load: when it is gone later, somebody has dropped it. */
static int prepare(ldbx_loader *loader, ldbx_error **error)
{
    ldbx_manifest *load = &loader->document.load;
    const ldbx_manifest before = *load;
    ldbx_target target;

    LDBX_TRY(ldbx_target_look(loader, load, &target, error));
    if (!target.is_there && load->table_seen)
        return ldbx_fail(
            error, LDBX_NOT_FOUND,
            "table %s.%s.%s was there when load %s began, and is gone (the option discard gives the load up)",
            load->catalog, load->database, load->table, load->attempt.run);
    if (!target.is_there) {
        LDBX_TRY(ldbx_target_create(loader, load, error));
        LDBX_TRY(ldbx_target_look(loader, load, &target, error)); /* somebody else may have been faster */
    }
    if (!target.is_there)
        return ldbx_fail(error, LDBX_NOT_FOUND, "table %s.%s.%s was made, and is gone", load->catalog, load->database,
                         load->table);
    LDBX_TRY(ldbx_target_version(loader, load, &load->before, error));
    memcpy(load->table_id, target.id, sizeof load->table_id);
    load->table_seen = true;
    load->state = LDBX_LOAD_PREPARED;
    return ldbx_load_save(loader, &before, error);
}

/* What the history tells of a group whose rows are not known to be in the table. */
static const char *unknown_text(ldbx_match match)
{
    switch (match) {
    case LDBX_MATCH_LESS:
        return "COPY INTO loaded nothing, and the history of the table has fewer entries with their rows than it "
               "should; see that the warehouse sees what was staged there";
    case LDBX_MATCH_UNTOLD:
        return "the history of the table does not reach back to the load any more, and tells of fewer entries with "
               "their rows than it should";
    default:
        return "COPY INTO was sent more than once, and the history of the table has more entries with their rows than "
               "it should";
    }
}

static int fail_unknown(const ldbx_loader *loader, int64_t index, ldbx_match match, ldbx_error **error)
{
    const ldbx_manifest *load = &loader->document.load;
    const ldbx_load_group group = ldbx_manifest_group(load, index);

    return ldbx_fail(error, LDBX_OUTCOME_UNKNOWN,
                     "load %s (the option discard gives it up), files %lld to %lld at %s, %lld rows: %s",
                     load->attempt.run, (long long)group.first + 1, (long long)(group.first + group.files), load->url,
                     (long long)group.rows, unknown_text(match));
}

static int fail_replaced(ldbx_loader *loader, ldbx_error **error)
{
    return fail_for_good(
        loader, error,
        "the table was made anew while the load was in progress: the rows behind its version %lld are gone",
        (long long)loader->document.load.before.number);
}

/* Which groups up to this one are in the table, by its history. */
static int look_in_history(ldbx_loader *loader, int64_t index, ldbx_match *match, ldbx_error **error)
{
    ldbx_copies copies;
    int status = ldbx_copies_read(loader, &copies, error);

    if (status == LDBX_OK && !copies.same_table)
        status = fail_replaced(loader, error);
    *match = ldbx_reconcile(&loader->document.load, index + 1, index, &copies, NULL);
    ldbx_copies_clear(&copies);
    return status;
}

/*
 * A statement that loaded nothing came to files that were loaded before: the history tells whether by this load. `before` is what it told before this one was
 * sent: rows that are loaded although it had them already may be there twice.
 */
static int send_group(ldbx_loader *loader, int64_t index, ldbx_match before, ldbx_error **error)
{
    const ldbx_load_group group = ldbx_manifest_group(&loader->document.load, index);
    ldbx_match match = LDBX_MATCH_LESS;
    int64_t rows = -1;

    for (int attempt = 0; attempt < 2 && match == LDBX_MATCH_LESS; attempt++) {
        LDBX_TRY(ldbx_copy_into_run(loader, &group, &rows, error));
        if (rows == group.rows)
            return before == LDBX_MATCH_LESS ? LDBX_OK : fail_unknown(loader, index, LDBX_MATCH_SURPLUS, error);
        if (rows > 0)
            return fail_for_good(loader, error,
                                 "COPY INTO loaded %lld rows of the %lld that are staged in files %lld to %lld",
                                 (long long)rows, (long long)group.rows, (long long)group.first + 1,
                                 (long long)(group.first + group.files));
        LDBX_TRY(look_in_history(loader, index, &match, error));
    }
    return match == LDBX_MATCH_EVEN ? LDBX_OK : fail_unknown(loader, index, match, error);
}

/*
 * The history has an entry like the one that was sent before. It is sent again nevertheless, since somebody else may have loaded as much: COPY INTO knows
 * files by their names. The history alone counts where the files are gone, as they are when somebody cleans up behind a load.
 */
static int copy_group(ldbx_loader *loader, int64_t index, bool was_sent, ldbx_error **error)
{
    const ldbx_load_group group = ldbx_manifest_group(&loader->document.load, index);
    ldbx_match match = LDBX_MATCH_LESS;
    ldbx_error *failure = NULL;
    int status;

    if (was_sent)
        LDBX_TRY(look_in_history(loader, index, &match, error));
    if (match == LDBX_MATCH_SURPLUS || match == LDBX_MATCH_UNTOLD)
        return fail_unknown(loader, index, match, error);
    status = ldbx_copy_into_check(loader, &group, &failure);
    if (status == LDBX_OK)
        status = send_group(loader, index, match, &failure);
    else if (status == LDBX_NOT_FOUND && match == LDBX_MATCH_EVEN)
        status = LDBX_OK;
    else if (status == LDBX_NOT_FOUND || status == LDBX_INVALID_DATA)
        ldbx_error_prefix(&failure, "load %s (the option discard gives it up)", loader->document.load.attempt.run);
    if (status != LDBX_OK)
        ldbx_error_move(error, &failure);
    ldbx_error_destroy(failure);
    return status;
}

/* Saved before, so that whoever comes next knows that the statement may have been sent; the save also stops a second runner. */
static int load_group(ldbx_loader *loader, int64_t index, ldbx_error **error)
{
    ldbx_manifest *load = &loader->document.load;
    ldbx_manifest before = *load;
    const bool was_sent = index < load->started;

    load->started = index + 1;
    LDBX_TRY(ldbx_load_save(loader, &before, error));
    LDBX_TRY(copy_group(loader, index, was_sent, error));
    before = *load;
    load->loaded = index + 1;
    LDBX_TRY(ldbx_load_save(loader, &before, error));
    return ldbx_load_tell(loader, LDBX_PHASE_LOAD, false, error);
}

/*
 * Groups that were loaded into a table which is there no more are lost with it: going on would leave a part. Where a group's outcome is open, the history
 * is read for that.
 */
static int check_table(ldbx_loader *loader, ldbx_error **error)
{
    const ldbx_manifest *load = &loader->document.load;
    ldbx_match ignored;

    if (load->started == 0 || load->loaded < load->started)
        return LDBX_OK;
    return look_in_history(loader, 0, &ignored, error);
}

/*
 * All groups were counted by their statements or by the history. What is left: that it is still one table; if it was made anew meanwhile, all groups
 * must be in the new one.
 */
static int reconcile(ldbx_loader *loader, ldbx_error **error)
{
    ldbx_manifest *load = &loader->document.load;
    const ldbx_manifest before = *load;
    const int64_t groups = ldbx_manifest_groups(load);
    int64_t after = -1;
    bool all = true;
    ldbx_copies copies;
    int status;

    LDBX_TRY(ldbx_copies_read(loader, &copies, error));
    for (int64_t i = 0; i < groups; i++) {
        all = ldbx_reconcile(load, groups, i, &copies, &after) == LDBX_MATCH_EVEN && all;
        load->after = after > load->after ? after : load->after;
    }
    status = copies.same_table || all ? LDBX_OK : fail_replaced(loader, error);
    if (status == LDBX_OK && !copies.same_table)
        ldbx_load_warn(loader, "the table was made anew just before the load, which is in the new one");
    ldbx_copies_clear(&copies);
    LDBX_TRY(status);
    load->state = LDBX_LOAD_RECONCILED;
    LDBX_TRY(ldbx_load_save(loader, &before, error));
    ldbx_load_tell(loader, LDBX_PHASE_VERIFY, true, NULL); /* too late to stop anything */
    return LDBX_OK;
}

static int copy_all(ldbx_loader *loader, ldbx_error **error)
{
    const ldbx_manifest *load = &loader->document.load;
    const int64_t groups = ldbx_manifest_groups(load);

    LDBX_TRY(check_table(loader, error));
    for (int64_t i = load->loaded; i < groups; i++)
        LDBX_TRY(load_group(loader, i, error));
    LDBX_TRY(ldbx_load_tell(loader, LDBX_PHASE_LOAD, true, error));
    return reconcile(loader, error);
}

/* What cannot be removed now is removed at the end of the next load. */
static int clean(ldbx_loader *loader, ldbx_error **error)
{
    if (!loader->keep_staged)
        LDBX_TRY(ldbx_load_bury(loader, &loader->document.load, error));
    ldbx_load_forget_dead(loader);
    return LDBX_OK;
}

/* The load in work becomes a source that is loaded. */
static int conclude(ldbx_loader *loader, ldbx_error **error)
{
    ldbx_load_document *document = &loader->document;
    const ldbx_manifest load = document->load;
    ldbx_load_done done = {.rows = load.rows};
    int status;

    memcpy(done.identity, load.identity, sizeof done.identity);
    memcpy(done.run, load.attempt.run, sizeof done.run);
    LDBX_TRY(ldbx_load_document_add_done(document, &done, error));
    document->load = (ldbx_manifest){0};
    ldbx_manifest_clear(&document->load);
    status = ldbx_load_save(loader, &load, error);
    if (status != LDBX_OK) {
        document->done_count--;
        return status;
    }
    ldbx_manifest_clear(&loader->last);
    loader->last = load;
    loader->complete = true;
    ldbx_log(LDBX_LOG_INFO, "load", "%s: load %s is done: %lld rows, version %lld", loader->key, load.attempt.run,
             (long long)load.rows, (long long)load.after);
    return LDBX_OK;
}

int ldbx_load_finish(ldbx_loader *loader, ldbx_error **error)
{
    const ldbx_manifest *load = &loader->document.load;

    if (load->state == LDBX_LOAD_FAILED)
        return ldbx_fail(error, LDBX_INVALID_DATA, "load %s: %s", load->attempt.run, load->failure);
    /* A table that nothing was sent to yet is looked at again: it may have changed since. */
    if (load->state == LDBX_LOAD_SEALED || (load->state == LDBX_LOAD_PREPARED && load->started == 0))
        LDBX_TRY(prepare(loader, error));
    if (load->state == LDBX_LOAD_PREPARED)
        LDBX_TRY(copy_all(loader, error));
    LDBX_TRY(clean(loader, error));
    return conclude(loader, error);
}
