#include "load/reconcile.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

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

/* A table that was dropped and made anew counts its versions from 0: the number alone says nothing. */
static int read_once(ldbx_loader *loader, void *context, ldbx_error **error)
{
    const ldbx_manifest *load = &loader->document.load;
    ldbx_copies *out = context;
    ldbx_version version;
    ldbx_history history;
    int status;

    ldbx_copies_clear(out);
    LDBX_TRY(ldbx_history_open(loader->connection, load->catalog, load->database, load->table, &loader->statement,
                               &history, error));
    while ((status = ldbx_history_next(&history, &version, error)) == LDBX_OK) {
        out->same_table = version.number == load->before.number && version.committed_us == load->before.committed_us;
        if (out->same_table || makes_anew(&history))
            break;
        status = take_entry(&history, version.number, out, error);
        if (status != LDBX_OK)
            break;
    }
    ldbx_history_close(&history);
    return status == LDBX_DONE ? LDBX_OK : status;
}

int ldbx_copies_read(ldbx_loader *loader, ldbx_copies *out, ldbx_error **error)
{
    *out = (ldbx_copies){0};
    return ldbx_load_patiently(loader, read_once, out, error);
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
    return there == staged ? LDBX_MATCH_EVEN : there < staged ? LDBX_MATCH_LESS : LDBX_MATCH_SURPLUS;
}
