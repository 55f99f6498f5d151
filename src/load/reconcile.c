#include "load/reconcile.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "load/target.h"

void ldbx_copies_clear(ldbx_copies *copies)
{
    ldbx_free(copies->items);
    *copies = (ldbx_copies){0};
}

static int add(ldbx_copies *copies, const ldbx_copied *copied, ldbx_error **error)
{
    size_t capacity = copies->capacity > 0 ? copies->capacity * 2 : 16;

    if (copies->count == copies->capacity) {
        ldbx_copied *items = ldbx_realloc(copies->items, copies->capacity * sizeof *items, capacity * sizeof *items);
        if (items == NULL)
            return ldbx_fail_no_memory(error);
        copies->items = items;
        copies->capacity = capacity;
    }
    copies->items[copies->count++] = *copied;
    return LDBX_OK;
}

static int take_entry(ldbx_history *history, int64_t version, ldbx_copies *out, ldbx_error **error)
{
    ldbx_copied copied = {.version = version};

    if (!ldbx_view_ieq(ldbx_history_operation(history), "COPY INTO"))
        return LDBX_OK;
    LDBX_TRY(ldbx_history_metric(history, "numFiles", &copied.files, error));
    LDBX_TRY(ldbx_history_metric(history, "numOutputRows", &copied.rows, error));
    return add(out, &copied, error);
}

/* CREATE OR REPLACE goes on with the history of the table whose rows it takes away. */
static bool makes_anew(const ldbx_history *history)
{
    return ldbx_view_find(ldbx_history_operation(history), "REPLACE TABLE") >= 0;
}

/* By what a history is known to be that of the table which was prepared. */
typedef enum known_by {
    KNOWN_BY_ID,   /* it is */
    KNOWN_BY_TIME, /* it is if the saved version is there, with its commit time */
    KNOWN_OTHER    /* it is not */
} known_by;

/* Whether that entry ends what counts. */
static bool is_behind(const ldbx_manifest *load, known_by known, const ldbx_history *history,
                      const ldbx_version *version, ldbx_copies *out)
{
    if (known == KNOWN_BY_TIME)
        out->same_table = version->number == load->before.number && version->committed_us == load->before.committed_us;
    if (!out->same_table)
        return makes_anew(history);
    if (version->number <= load->before.number + 1)
        out->cut = false;
    return version->number <= load->before.number;
}

static int read_history(ldbx_loader *loader, known_by known, ldbx_copies *out, ldbx_error **error)
{
    const ldbx_manifest *load = &loader->document.load;
    ldbx_version version;
    ldbx_history history;
    int status;

    ldbx_copies_clear(out);
    out->same_table = out->cut = known == KNOWN_BY_ID;
    LDBX_TRY(ldbx_history_open(loader->connection, load->catalog, load->database, load->table, &loader->statement,
                               &history, error));
    while ((status = ldbx_history_next(&history, &version, error)) == LDBX_OK) {
        if (is_behind(load, known, &history, &version, out))
            break;
        status = take_entry(&history, version.number, out, error);
        if (status != LDBX_OK)
            break;
    }
    ldbx_history_close(&history);
    return status == LDBX_DONE ? LDBX_OK : status;
}

/*
 * A table that was dropped and made anew counts its versions from 0: the number alone says nothing. The id is asked for behind the history, so that what is read is
 * that of a table which was there all the time.
 */
static int read_once(ldbx_loader *loader, void *context, ldbx_error **error)
{
    const ldbx_manifest *load = &loader->document.load;
    ldbx_target target = {0};

    if (load->table_id[0] != '\0') {
        LDBX_TRY(read_history(loader, KNOWN_BY_ID, context, error));
        LDBX_TRY(ldbx_target_ask(loader, load, &target, error));
        if (strcmp(target.id, load->table_id) == 0)
            return LDBX_OK;
    }
    return read_history(loader, target.id[0] != '\0' ? KNOWN_OTHER : KNOWN_BY_TIME, context, error);
}

int ldbx_copies_read(ldbx_loader *loader, ldbx_copies *out, ldbx_error **error)
{
    int status;

    *out = (ldbx_copies){0};
    status = ldbx_load_patiently(loader, read_once, out, error);
    if (status != LDBX_OK)
        ldbx_copies_clear(out);
    return status;
}

ldbx_match ldbx_reconcile(const ldbx_manifest *manifest, int64_t groups, int64_t index, const ldbx_copies *copies,
                          int64_t *version)
{
    const ldbx_load_group wanted = ldbx_manifest_group(manifest, index);
    int64_t there = 0, staged = 0;

    for (size_t i = 0; i < copies->count; i++)
        if (copies->items[i].files == wanted.files && copies->items[i].rows == wanted.rows) {
            if (there++ == 0 && version != NULL)
                *version = copies->items[i].version;
        }
    for (int64_t i = 0; i < groups; i++) {
        const ldbx_load_group group = ldbx_manifest_group(manifest, i);
        staged += group.files == wanted.files && group.rows == wanted.rows;
    }
    if (there < staged)
        return copies->cut ? LDBX_MATCH_UNTOLD : LDBX_MATCH_LESS;
    return there == staged ? LDBX_MATCH_EVEN : LDBX_MATCH_SURPLUS;
}
