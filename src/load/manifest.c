#include "load/manifest.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static const char *const state_names[] = {"none", "staging", "sealed", "prepared", "reconciled", "failed"};

const char *ldbx_load_state_name(ldbx_load_state state)
{
    return state_names[state];
}

static void clear_columns(ldbx_manifest *manifest)
{
    for (size_t i = 0; i < manifest->column_count; i++) {
        ldbx_free((void *)(uintptr_t)manifest->columns[i].name);
        ldbx_free((void *)(uintptr_t)manifest->columns[i].type);
    }
    ldbx_free(manifest->columns);
    manifest->columns = NULL;
    manifest->column_count = 0;
}

void ldbx_manifest_clear(ldbx_manifest *manifest)
{
    clear_columns(manifest);
    ldbx_free(manifest->source);
    ldbx_free(manifest->url);
    ldbx_free(manifest->catalog);
    ldbx_free(manifest->database);
    ldbx_free(manifest->table);
    ldbx_free(manifest->parts);
    ldbx_free(manifest->failure);
    *manifest = (ldbx_manifest){.before.number = -1, .after = -1};
}

void ldbx_load_document_clear(ldbx_load_document *document)
{
    ldbx_manifest_clear(&document->load);
    while (document->dead_count > 0)
        ldbx_load_document_drop_dead(document, document->dead_count - 1);
    ldbx_free(document->dead);
    ldbx_free(document->done);
    *document = (ldbx_load_document){.load = document->load};
}

/* Room for one element more. */
static int make_room(void **items, size_t count, size_t *capacity, size_t size, ldbx_error **error)
{
    size_t wanted = *capacity > 0 ? *capacity * 2 : 16;
    void *grown;

    if (count < *capacity)
        return LDBX_OK;
    grown = ldbx_realloc(*items, *capacity * size, wanted * size);
    if (grown == NULL)
        return ldbx_fail_no_memory(error);
    *items = grown;
    *capacity = wanted;
    return LDBX_OK;
}

int ldbx_manifest_add(ldbx_manifest *manifest, const ldbx_part *part, ldbx_error **error)
{
    int64_t rows, bytes;
    void *parts = manifest->parts;

    if (manifest->part_count >= LDBX_MAX_PARTS)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                         "a load has at most %d files; ask for larger ones (part_rows, part_bytes)", LDBX_MAX_PARTS);
    if (__builtin_add_overflow(manifest->rows, part->rows, &rows) ||
        __builtin_add_overflow(manifest->bytes, part->bytes, &bytes))
        return ldbx_fail(error, LDBX_INVALID_DATA, "the files have more rows or bytes than can be counted");
    LDBX_TRY(make_room(&parts, manifest->part_count, &manifest->part_capacity, sizeof *part, error));
    manifest->parts = parts;
    manifest->parts[manifest->part_count++] = *part;
    manifest->rows = rows;
    manifest->bytes = bytes;
    return LDBX_OK;
}

int ldbx_manifest_set_columns(ldbx_manifest *manifest, const ldbx_load_column *columns, size_t count,
                              ldbx_error **error)
{
    clear_columns(manifest);
    manifest->columns = ldbx_calloc(count, sizeof *columns);
    if (manifest->columns == NULL)
        return ldbx_fail_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        manifest->column_count++;
        manifest->columns[i].name = ldbx_strdup(columns[i].name);
        manifest->columns[i].type = ldbx_strdup(columns[i].type);
        if (manifest->columns[i].name == NULL || manifest->columns[i].type == NULL)
            return ldbx_fail_no_memory(error);
    }
    return LDBX_OK;
}

int ldbx_manifest_csv(const ldbx_manifest *manifest, ldbx_csv **out, ldbx_error **error)
{
    const ldbx_csv_options options = {.columns = manifest->columns,
                                      .column_count = manifest->column_count,
                                      .null_value = manifest->null_value,
                                      .inferred = manifest->schema == LDBX_SCHEMA_INFERRED};

    return ldbx_csv_new(&options, out, error);
}

static int64_t group_files(const ldbx_manifest *manifest)
{
    return manifest->schema == LDBX_SCHEMA_INFERRED ? LDBX_MAX_PARTS : LDBX_GROUP_FILES;
}

int64_t ldbx_manifest_groups(const ldbx_manifest *manifest)
{
    const int64_t files = group_files(manifest);

    return ((int64_t)manifest->part_count + files - 1) / files;
}

ldbx_load_group ldbx_manifest_group(const ldbx_manifest *manifest, int64_t index)
{
    const int64_t files = group_files(manifest);
    const int64_t left = (int64_t)manifest->part_count - index * files;
    ldbx_load_group group = {.first = index * files, .files = left < files ? left : files};

    for (int64_t i = 0; i < group.files; i++)
        group.rows += manifest->parts[group.first + i].rows;
    return group;
}

static bool is_same_attempt(const ldbx_dead *dead, const ldbx_attempt *attempt, const char *url)
{
    return strcmp(dead->attempt.run, attempt->run) == 0 && dead->attempt.number == attempt->number &&
           strcmp(dead->url, url) == 0;
}

void ldbx_load_document_drop_dead(ldbx_load_document *document, size_t index)
{
    ldbx_dead *at = &document->dead[index];

    ldbx_free(at->url);
    memmove(at, at + 1, (--document->dead_count - index) * sizeof *at);
}

int ldbx_load_document_add_dead(ldbx_load_document *document, const ldbx_attempt *attempt, const char *url,
                                ldbx_error **error)
{
    ldbx_dead added = {.attempt = *attempt};
    void *dead = document->dead;

    for (size_t i = 0; i < document->dead_count; i++)
        if (is_same_attempt(&document->dead[i], attempt, url)) {
            if (document->dead[i].attempt.parts < attempt->parts)
                document->dead[i].attempt.parts = attempt->parts;
            return LDBX_OK;
        }
    LDBX_TRY(make_room(&dead, document->dead_count, &document->dead_capacity, sizeof added, error));
    document->dead = dead;
    added.url = ldbx_strdup(url);
    if (added.url == NULL)
        return ldbx_fail_no_memory(error);
    if (document->dead_count == LDBX_MAX_DEAD)
        ldbx_load_document_drop_dead(document, 0);
    document->dead[document->dead_count++] = added;
    return LDBX_OK;
}

int ldbx_load_document_add_done(ldbx_load_document *document, const ldbx_load_done *done, ldbx_error **error)
{
    void *all = document->done;

    LDBX_TRY(make_room(&all, document->done_count, &document->done_capacity, sizeof *done, error));
    document->done = all;
    if (document->done_count == LDBX_MAX_SOURCES)
        memmove(&document->done[0], &document->done[1], --document->done_count * sizeof *done);
    document->done[document->done_count++] = *done;
    return LDBX_OK;
}

const ldbx_load_done *ldbx_load_document_find_done(const ldbx_load_document *document, const char *identity)
{
    for (size_t i = document->done_count; i > 0; i--)
        if (strcmp(document->done[i - 1].identity, identity) == 0)
            return &document->done[i - 1];
    return NULL;
}
