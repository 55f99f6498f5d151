#include "import/checkpoint.h"

#include <string.h>

#include "base/civil.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define FORMAT 1

static void put_bound(ldbx_json_writer *writer, const char *name, const ldbx_bound *bound)
{
    char text[48];

    if (!bound->set) {
        ldbx_json_put_null(writer, name);
        return;
    }
    text[ldbx_format_timestamp(text, bound->us, true)] = '\0';
    ldbx_json_put_text(writer, name, text);
}

static void put_run(ldbx_json_writer *writer, const ldbx_import_run *run)
{
    ldbx_bound key = {run->key.set, run->key.us};
    ldbx_bound committed = {run->version >= 0, run->version_us};

    ldbx_json_begin_object(writer, "run");
    ldbx_json_put_text(writer, "id", run->id);
    ldbx_json_put_int(writer, "version", run->version);
    put_bound(writer, "version_timestamp", &committed);
    put_bound(writer, "lower", &run->lower);
    put_bound(writer, "upper", &run->upper);
    ldbx_json_put_int(writer, "attempts", run->attempts);
    ldbx_json_put_int(writer, "total", run->total);
    ldbx_json_put_int(writer, "null_timestamps", run->null_timestamps);
    ldbx_json_put_int(writer, "delivered", run->delivered);
    ldbx_json_put_int(writer, "groups_streamed", run->groups_streamed);
    put_bound(writer, "key_timestamp", &key);
    ldbx_json_put_int(writer, "key_order", run->key.order);
    put_bound(writer, "complete", &run->complete);
    ldbx_json_end_object(writer);
}

void ldbx_checkpoint_write(const ldbx_import_checkpoint *checkpoint, ldbx_buf *out)
{
    ldbx_json_writer writer = {out, false};

    ldbx_json_begin_object(&writer, NULL);
    ldbx_json_put_int(&writer, "format", FORMAT);
    ldbx_json_put_text(&writer, "catalog", checkpoint->catalog);
    ldbx_json_put_text(&writer, "source", checkpoint->source);
    put_bound(&writer, "watermark", &checkpoint->watermark);
    if (checkpoint->run.id[0] != '\0')
        put_run(&writer, &checkpoint->run);
    else
        ldbx_json_put_null(&writer, "run");
    ldbx_json_end_object(&writer);
}

static int wrong(const char *name, ldbx_error **error)
{
    return ldbx_fail(error, LDBX_INVALID_DATA, "the import's checkpoint is corrupt: '%s' is missing or wrong", name);
}

static int get_bound(const cJSON *object, const char *name, ldbx_bound *out, ldbx_error **error)
{
    const cJSON *member = ldbx_json_get(object, name);
    const char *text = ldbx_json_text(object, name, NULL);

    *out = (ldbx_bound){0};
    if (cJSON_IsNull(member))
        return LDBX_OK;
    if (text == NULL || !ldbx_parse_timestamp(ldbx_view_of(text), &out->us))
        return wrong(name, error);
    out->set = true;
    return LDBX_OK;
}

static int get_count(const cJSON *object, const char *name, int64_t least, int64_t *out, ldbx_error **error)
{
    if (!ldbx_json_int64(object, name, out) || *out < least)
        return wrong(name, error);
    return LDBX_OK;
}

static int get_run(const cJSON *object, ldbx_import_run *run, ldbx_error **error)
{
    const char *id = ldbx_json_text(object, "id", "");
    ldbx_bound key, committed;

    if (id[0] == '\0' || strlen(id) >= sizeof run->id)
        return wrong("id", error);
    memcpy(run->id, id, strlen(id) + 1);
    LDBX_TRY(get_count(object, "version", -1, &run->version, error));
    LDBX_TRY(get_bound(object, "version_timestamp", &committed, error));
    run->version_us = committed.us;
    LDBX_TRY(get_bound(object, "lower", &run->lower, error));
    LDBX_TRY(get_bound(object, "upper", &run->upper, error));
    LDBX_TRY(get_count(object, "attempts", 1, &run->attempts, error));
    LDBX_TRY(get_count(object, "total", 0, &run->total, error));
    LDBX_TRY(get_count(object, "null_timestamps", 0, &run->null_timestamps, error));
    LDBX_TRY(get_count(object, "delivered", 0, &run->delivered, error));
    LDBX_TRY(get_count(object, "groups_streamed", 0, &run->groups_streamed, error));
    LDBX_TRY(get_bound(object, "key_timestamp", &key, error));
    LDBX_TRY(get_count(object, "key_order", 0, &run->key.order, error));
    run->key.set = key.set;
    run->key.us = key.us;
    return get_bound(object, "complete", &run->complete, error);
}

static int get_copy(const cJSON *object, const char *name, char **out, ldbx_error **error)
{
    const char *text = ldbx_json_text(object, name, NULL);

    if (text == NULL)
        return LDBX_OK;
    *out = ldbx_strdup(text);
    return *out != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

static int get_checkpoint(const cJSON *root, ldbx_import_checkpoint *out, ldbx_error **error)
{
    const cJSON *run = ldbx_json_get(root, "run");
    int64_t format;

    if (!ldbx_json_int64(root, "format", &format) || format != FORMAT)
        return wrong("format", error);
    LDBX_TRY(get_bound(root, "watermark", &out->watermark, error));
    if (cJSON_IsObject(run))
        LDBX_TRY(get_run(run, &out->run, error));
    else if (!cJSON_IsNull(run))
        return wrong("run", error);
    LDBX_TRY(get_copy(root, "catalog", &out->catalog, error));
    return get_copy(root, "source", &out->source, error);
}

int ldbx_checkpoint_read(ldbx_view document, ldbx_import_checkpoint *out, ldbx_error **error)
{
    cJSON *root = NULL;
    int status;

    *out = (ldbx_import_checkpoint){0};
    status = ldbx_json_parse(document, &root, error);
    if (status != LDBX_OK) {
        ldbx_error_prefix(error, "the import's checkpoint is corrupt");
        return status;
    }
    status = get_checkpoint(root, out, error);
    if (status != LDBX_OK)
        ldbx_checkpoint_clear(out);
    cJSON_Delete(root);
    return status;
}

void ldbx_checkpoint_clear(ldbx_import_checkpoint *checkpoint)
{
    ldbx_free(checkpoint->catalog);
    ldbx_free(checkpoint->source);
    *checkpoint = (ldbx_import_checkpoint){0};
}
