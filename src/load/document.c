/* The document of a load as JSON. It is read as if it came from an enemy: every member is checked, also against the others. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "load/manifest.h"

#define FORMAT   1
#define MAX_EACH INT64_C(9007199254740992) /* 2^53: what JSON holds exactly */

/* Writing. */

static void put_attempt(ldbx_json_writer *writer, const ldbx_attempt *attempt)
{
    ldbx_json_put_text(writer, "run", attempt->run);
    ldbx_json_put_int(writer, "number", attempt->number);
    ldbx_json_put_int(writer, "parts", attempt->parts);
    ldbx_json_put_bool(writer, "gzip", attempt->gzip);
}

static void put_columns(ldbx_json_writer *writer, const ldbx_manifest *load)
{
    ldbx_json_begin_array(writer, "columns");
    for (size_t i = 0; i < load->column_count; i++) {
        ldbx_json_begin_object(writer, NULL);
        ldbx_json_put_text(writer, "name", load->columns[i].name);
        ldbx_json_put_text(writer, "type", load->columns[i].type);
        ldbx_json_end_object(writer);
    }
    ldbx_json_end_array(writer);
}

/* While they are being staged nobody could go on with them: what is needed is how many names may be in use. */
static void put_parts(ldbx_json_writer *writer, const ldbx_manifest *load, const char *job)
{
    const size_t count = load->state == LDBX_LOAD_STAGING ? 0 : load->part_count;
    char name[LDBX_STAGED_SIZE];

    ldbx_json_begin_array(writer, "files");
    for (size_t i = 0; i < count; i++) {
        ldbx_staged_name(job, &load->attempt, (int64_t)i + 1, name);
        ldbx_json_begin_object(writer, NULL);
        ldbx_json_put_text(writer, "name", name);
        ldbx_json_put_int(writer, "bytes", load->parts[i].bytes);
        ldbx_json_put_int(writer, "rows", load->parts[i].rows);
        ldbx_json_put_int(writer, "crc32", load->parts[i].crc32);
        ldbx_json_end_object(writer);
    }
    ldbx_json_end_array(writer);
}

static void put_load(ldbx_json_writer *writer, const ldbx_manifest *load, const char *job)
{
    ldbx_json_begin_object(writer, "load");
    ldbx_json_put_text(writer, "state", ldbx_load_state_name(load->state));
    ldbx_json_put_text(writer, "identity", load->identity);
    ldbx_json_put_text(writer, "source", load->source);
    ldbx_json_put_text(writer, "url", load->url);
    ldbx_json_put_text(writer, "catalog", load->catalog);
    ldbx_json_put_text(writer, "database", load->database);
    ldbx_json_put_text(writer, "table", load->table);
    put_columns(writer, load);
    ldbx_json_put_bool(writer, "inferred", load->schema == LDBX_SCHEMA_INFERRED);
    ldbx_json_put_text(writer, "null_value", load->null_value);
    ldbx_json_begin_object(writer, "attempt");
    put_attempt(writer, &load->attempt);
    ldbx_json_end_object(writer);
    ldbx_json_put_int(writer, "resumed", load->resumed);
    put_parts(writer, load, job);
    ldbx_json_put_int(writer, "empty_as_null", load->empty_as_null);
    ldbx_json_put_bool(writer, "table_seen", load->table_seen);
    ldbx_json_put_int(writer, "version_before", load->before.number);
    ldbx_json_put_int(writer, "version_committed", load->before.committed_us);
    ldbx_json_put_text(writer, "table_id", load->table_id);
    ldbx_json_put_int(writer, "started", load->started);
    ldbx_json_put_int(writer, "loaded", load->loaded);
    ldbx_json_put_int(writer, "statements", load->statements);
    ldbx_json_put_int(writer, "version_after", load->after);
    ldbx_json_put_text(writer, "failure", load->failure);
    ldbx_json_end_object(writer);
}

void ldbx_load_document_write(const ldbx_load_document *document, const char *job, ldbx_buf *out)
{
    ldbx_json_writer writer = {out, false};

    ldbx_json_begin_object(&writer, NULL);
    ldbx_json_put_int(&writer, "format", FORMAT);
    if (document->load.state != LDBX_LOAD_NONE)
        put_load(&writer, &document->load, job);
    else
        ldbx_json_put_null(&writer, "load");
    ldbx_json_begin_array(&writer, "dead");
    for (size_t i = 0; i < document->dead_count; i++) {
        ldbx_json_begin_object(&writer, NULL);
        put_attempt(&writer, &document->dead[i].attempt);
        ldbx_json_put_text(&writer, "url", document->dead[i].url);
        ldbx_json_put_bool(&writer, "removed", document->dead[i].removed);
        ldbx_json_end_object(&writer);
    }
    ldbx_json_end_array(&writer);
    ldbx_json_begin_array(&writer, "done");
    for (size_t i = 0; i < document->done_count; i++) {
        ldbx_json_begin_object(&writer, NULL);
        ldbx_json_put_text(&writer, "identity", document->done[i].identity);
        ldbx_json_put_text(&writer, "run", document->done[i].run);
        ldbx_json_put_int(&writer, "rows", document->done[i].rows);
        ldbx_json_end_object(&writer);
    }
    ldbx_json_end_array(&writer);
    ldbx_json_end_object(&writer);
}

/* Reading. */

static int wrong(const char *name, ldbx_error **error)
{
    return ldbx_fail(error, LDBX_INVALID_DATA, "'%s' is missing or wrong", name);
}

static int get_count(const cJSON *object, const char *name, int64_t low, int64_t high, int64_t *out, ldbx_error **error)
{
    if (!ldbx_json_int64(object, name, out) || *out < low || *out > high)
        return wrong(name, error);
    return LDBX_OK;
}

static int get_bool(const cJSON *object, const char *name, bool *out, ldbx_error **error)
{
    const cJSON *member = ldbx_json_get(object, name);

    if (!cJSON_IsBool(member))
        return wrong(name, error);
    *out = cJSON_IsTrue(member);
    return LDBX_OK;
}

static int get_copy(const cJSON *object, const char *name, char **out, ldbx_error **error)
{
    const char *text = ldbx_json_text(object, name, NULL);

    if (text == NULL || text[0] == '\0')
        return wrong(name, error);
    *out = ldbx_strdup(text);
    return *out != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

static int get_array(const cJSON *object, const char *name, size_t most, const cJSON **out, ldbx_error **error)
{
    *out = ldbx_json_get(object, name);
    if (!cJSON_IsArray(*out) || (size_t)cJSON_GetArraySize(*out) > most)
        return wrong(name, error);
    return LDBX_OK;
}

/* Text of a fixed form: it becomes part of names and statements. */
static int get_word(const cJSON *object, const char *name, const char *characters, size_t least, size_t size, char *out,
                    ldbx_error **error)
{
    const char *text = ldbx_json_text(object, name, "");
    const size_t length = strlen(text);

    if (length < least || length >= size || strspn(text, characters) != length)
        return wrong(name, error);
    memcpy(out, text, length + 1);
    return LDBX_OK;
}

static int get_run(const cJSON *object, char out[LDBX_RUN_ID_SIZE], ldbx_error **error)
{
    return get_word(object, "run", "0123456789abcdefTZ-", 1, LDBX_RUN_ID_SIZE, out, error);
}

static int get_identity(const cJSON *object, char out[LDBX_IDENTITY_SIZE], ldbx_error **error)
{
    return get_word(object, "identity", "0123456789abcdef", LDBX_IDENTITY_SIZE - 1, LDBX_IDENTITY_SIZE, out, error);
}

static int get_attempt(const cJSON *object, ldbx_attempt *out, ldbx_error **error)
{
    LDBX_TRY(get_run(object, out->run, error));
    LDBX_TRY(get_count(object, "number", 1, MAX_EACH, &out->number, error));
    LDBX_TRY(get_count(object, "parts", 0, LDBX_MAX_PARTS, &out->parts, error));
    return get_bool(object, "gzip", &out->gzip, error);
}

static int get_state(const cJSON *object, ldbx_load_state *out, ldbx_error **error)
{
    const char *name = ldbx_json_text(object, "state", "");

    for (int state = LDBX_LOAD_STAGING; state <= LDBX_LOAD_FAILED; state++)
        if (strcmp(name, ldbx_load_state_name((ldbx_load_state)state)) == 0) {
            *out = (ldbx_load_state)state;
            return LDBX_OK;
        }
    return wrong("state", error);
}

static int get_columns(const cJSON *object, ldbx_manifest *load, ldbx_error **error)
{
    const cJSON *array, *item;
    ldbx_load_column *columns;
    size_t count = 0;
    int status = LDBX_OK;

    LDBX_TRY(get_array(object, "columns", SIZE_MAX, &array, error));
    columns = ldbx_calloc((size_t)cJSON_GetArraySize(array), sizeof *columns);
    if (columns == NULL)
        return ldbx_fail_no_memory(error);
    cJSON_ArrayForEach(item, array)
    {
        columns[count] = (ldbx_load_column){ldbx_json_text(item, "name", NULL), ldbx_json_text(item, "type", NULL)};
        if (columns[count].name == NULL || columns[count].type == NULL)
            LDBX_GO(wrong("columns", error));
        count++;
    }
    status = count > 0 ? ldbx_manifest_set_columns(load, columns, count, error) : wrong("columns", error);
out:
    ldbx_free(columns);
    return status;
}

/* Part numbers follow each other, so a name says nothing new: it must be the one that we would give. */
static int get_parts(const cJSON *object, const char *job, ldbx_manifest *load, ldbx_error **error)
{
    const cJSON *array, *item;
    char name[LDBX_STAGED_SIZE];
    int64_t crc32;
    ldbx_part part;

    LDBX_TRY(get_array(object, "files", LDBX_MAX_PARTS, &array, error));
    cJSON_ArrayForEach(item, array)
    {
        ldbx_staged_name(job, &load->attempt, (int64_t)load->part_count + 1, name);
        if (strcmp(ldbx_json_text(item, "name", ""), name) != 0)
            return wrong("files", error);
        LDBX_TRY(get_count(item, "bytes", 1, MAX_EACH, &part.bytes, error));
        LDBX_TRY(get_count(item, "rows", 1, MAX_EACH, &part.rows, error));
        LDBX_TRY(get_count(item, "crc32", 0, UINT32_MAX, &crc32, error));
        part.crc32 = (uint32_t)crc32;
        LDBX_TRY(ldbx_manifest_add(load, &part, error));
    }
    if ((int64_t)load->part_count > load->attempt.parts)
        return wrong("files", error);
    return LDBX_OK;
}

static int get_table_id(const cJSON *object, ldbx_manifest *load, ldbx_error **error)
{
    const char *text = ldbx_json_text(object, "table_id", NULL);

    if (text == NULL || strlen(text) >= sizeof load->table_id)
        return wrong("table_id", error);
    memcpy(load->table_id, text, strlen(text) + 1);
    return LDBX_OK;
}

static int get_progress(const cJSON *object, ldbx_manifest *load, ldbx_error **error)
{
    const int64_t groups = ldbx_manifest_groups(load);

    LDBX_TRY(get_bool(object, "table_seen", &load->table_seen, error));
    LDBX_TRY(get_count(object, "version_before", -1, MAX_EACH, &load->before.number, error));
    LDBX_TRY(get_count(object, "version_committed", -MAX_EACH, MAX_EACH, &load->before.committed_us, error));
    LDBX_TRY(get_table_id(object, load, error));
    LDBX_TRY(get_count(object, "started", 0, groups, &load->started, error));
    LDBX_TRY(get_count(object, "loaded", 0, load->started, &load->loaded, error));
    LDBX_TRY(get_count(object, "statements", 0, MAX_EACH, &load->statements, error));
    LDBX_TRY(get_count(object, "version_after", -1, MAX_EACH, &load->after, error));
    if (load->state == LDBX_LOAD_STAGING && load->part_count > 0)
        return wrong("files", error);
    if (load->state < LDBX_LOAD_PREPARED && load->started > 0)
        return wrong("started", error);
    if ((load->state == LDBX_LOAD_PREPARED || load->state == LDBX_LOAD_RECONCILED) && load->before.number < 0)
        return wrong("version_before", error);
    if (load->state == LDBX_LOAD_RECONCILED && load->loaded < groups)
        return wrong("loaded", error);
    return LDBX_OK;
}

static int get_load(const cJSON *object, const char *job, ldbx_manifest *load, ldbx_error **error)
{
    bool inferred = false;

    LDBX_TRY(get_state(object, &load->state, error));
    LDBX_TRY(get_identity(object, load->identity, error));
    LDBX_TRY(get_copy(object, "source", &load->source, error));
    LDBX_TRY(get_copy(object, "url", &load->url, error));
    LDBX_TRY(get_copy(object, "catalog", &load->catalog, error));
    LDBX_TRY(get_copy(object, "database", &load->database, error));
    LDBX_TRY(get_copy(object, "table", &load->table, error));
    LDBX_TRY(get_columns(object, load, error));
    LDBX_TRY(get_bool(object, "inferred", &inferred, error));
    load->schema = inferred ? LDBX_SCHEMA_INFERRED : LDBX_SCHEMA_DECLARED;
    LDBX_TRY(get_word(object, "null_value", "0123456789abcdeflx_", LDBX_NULL_VALUE_SIZE - 1, LDBX_NULL_VALUE_SIZE,
                      load->null_value, error));
    LDBX_TRY(get_attempt(ldbx_json_get(object, "attempt"), &load->attempt, error));
    LDBX_TRY(get_count(object, "resumed", 0, MAX_EACH, &load->resumed, error));
    LDBX_TRY(get_parts(object, job, load, error));
    LDBX_TRY(get_count(object, "empty_as_null", 0, MAX_EACH, &load->empty_as_null, error));
    LDBX_TRY(get_progress(object, load, error));
    if (load->state == LDBX_LOAD_FAILED)
        return get_copy(object, "failure", &load->failure, error);
    return LDBX_OK;
}

static int get_dead(const cJSON *root, ldbx_load_document *out, ldbx_error **error)
{
    const cJSON *array, *item;
    ldbx_attempt attempt;
    bool removed = false;

    LDBX_TRY(get_array(root, "dead", LDBX_MAX_DEAD, &array, error));
    cJSON_ArrayForEach(item, array)
    {
        const char *url = ldbx_json_text(item, "url", "");
        LDBX_TRY(get_attempt(item, &attempt, error));
        LDBX_TRY(get_bool(item, "removed", &removed, error));
        if (url[0] == '\0')
            return wrong("url", error);
        LDBX_TRY(ldbx_load_document_add_dead(out, &attempt, url, error));
        out->dead[out->dead_count - 1].removed = removed;
    }
    return LDBX_OK;
}

static int get_done(const cJSON *root, ldbx_load_document *out, ldbx_error **error)
{
    const cJSON *array, *item;
    ldbx_load_done entry;

    LDBX_TRY(get_array(root, "done", LDBX_MAX_SOURCES, &array, error));
    cJSON_ArrayForEach(item, array)
    {
        LDBX_TRY(get_identity(item, entry.identity, error));
        LDBX_TRY(get_run(item, entry.run, error));
        LDBX_TRY(get_count(item, "rows", 0, MAX_EACH, &entry.rows, error));
        LDBX_TRY(ldbx_load_document_add_done(out, &entry, error));
    }
    return LDBX_OK;
}

static int get_document(const cJSON *root, const char *job, ldbx_load_document *out, ldbx_error **error)
{
    const cJSON *load = ldbx_json_get(root, "load");
    int64_t format;

    LDBX_TRY(get_count(root, "format", FORMAT, MAX_EACH, &format, error));
    if (format > FORMAT)
        return ldbx_fail(error, LDBX_INVALID_DATA, "written by a newer version of the library (format %lld)",
                         (long long)format);
    if (cJSON_IsObject(load))
        LDBX_TRY(get_load(load, job, &out->load, error));
    else if (!cJSON_IsNull(load))
        return wrong("load", error);
    LDBX_TRY(get_dead(root, out, error));
    return get_done(root, out, error);
}

int ldbx_load_document_read(ldbx_view text, const char *job, ldbx_load_document *out, ldbx_error **error)
{
    cJSON *root = NULL;
    int status;

    ldbx_load_document_clear(out);
    LDBX_GO(ldbx_json_parse(text, &root, error));
    LDBX_GO(get_document(root, job, out, error));
out:
    cJSON_Delete(root);
    if (status != LDBX_OK) {
        ldbx_error_prefix(error, "the load's checkpoint is corrupt");
        ldbx_load_document_clear(out);
    }
    return status;
}
