#include "workflow/document.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/store.h"

#define FORMAT      1
#define STATE_COUNT 5

static const char *const state_names[STATE_COUNT] = {
    [LDBX_JOB_NEW] = "new",           [LDBX_JOB_RUNNING] = "running",
    [LDBX_JOB_SLEEPING] = "sleeping", [LDBX_JOB_COMPLETED] = "completed",
    [LDBX_JOB_FAILED] = "failed",
};

const char *ldbx_job_state_name(ldbx_job_state state)
{
    return state_names[state];
}

void ldbx_document_init(ldbx_document *document)
{
    *document = (ldbx_document){.state = LDBX_JOB_NEW};
    ldbx_buf_init(&document->last_run, LDBX_MAX_DOCUMENT);
    ldbx_buf_init(&document->import, LDBX_MAX_DOCUMENT);
}

void ldbx_document_clear(ldbx_document *document)
{
    ldbx_checkpoint_clear(&document->progress);
    ldbx_buf_clear(&document->import);
    ldbx_buf_clear(&document->last_run);
    ldbx_free(document->position);
    cJSON_Delete(document->saved);
    ldbx_document_init(document);
}

void ldbx_document_start_over(ldbx_document *document)
{
    int64_t revision = document->revision;

    ldbx_document_clear(document);
    document->revision = revision;
}

int ldbx_document_set_position(ldbx_document *document, const char *position, ldbx_error **error)
{
    char *copy = NULL;

    if (position != NULL) {
        copy = ldbx_strdup(position);
        if (copy == NULL)
            return ldbx_fail_no_memory(error);
    }
    ldbx_free(document->position);
    document->position = copy;
    return LDBX_OK;
}

int ldbx_document_set_import(ldbx_document *document, ldbx_view import, ldbx_error **error)
{
    ldbx_import_checkpoint progress = {0};

    if (import.size > 0)
        LDBX_TRY(ldbx_checkpoint_read(import, &progress, error));
    ldbx_checkpoint_clear(&document->progress);
    document->progress = progress;
    ldbx_buf_reset(&document->import);
    ldbx_buf_view(&document->import, import);
    return document->import.failed ? ldbx_fail_no_memory(error) : LDBX_OK;
}

bool ldbx_document_is_done(const ldbx_document *document, const ldbx_job *job)
{
    return document->state == LDBX_JOB_COMPLETED && !job->import.continuous_update;
}

const char *ldbx_document_run(const ldbx_document *document)
{
    return document->progress.run.id[0] != '\0' ? document->progress.run.id : NULL;
}

const char *ldbx_document_watermark(const ldbx_document *document, char out[48])
{
    if (!document->progress.watermark.set)
        return NULL;
    ldbx_format_timestamp(out, document->progress.watermark.us, true);
    return out;
}

static int fail_corrupt(const char *member, ldbx_error **error)
{
    return ldbx_fail(error, LDBX_INVALID_DATA, "corrupt: '%s' is missing or wrong", member);
}

static int get_state(ldbx_document *document, ldbx_error **error)
{
    const char *name = ldbx_json_text(document->saved, "state", "");

    for (size_t i = 0; i < STATE_COUNT; i++)
        if (strcmp(name, state_names[i]) == 0) {
            document->state = (ldbx_job_state)i;
            return LDBX_OK;
        }
    return fail_corrupt("state", error);
}

/* An object as text again, or nothing for null. Numbers in it are counts, which JSON holds exactly. */
static int get_object(const ldbx_document *document, const char *name, ldbx_buf *out, ldbx_error **error)
{
    const cJSON *member = ldbx_json_get(document->saved, name);
    char *text;

    if (!cJSON_IsObject(member))
        return cJSON_IsNull(member) ? LDBX_OK : fail_corrupt(name, error);
    text = cJSON_PrintUnformatted(member);
    if (text == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_buf_str(out, text);
    cJSON_free(text);
    return out->failed ? ldbx_fail_no_memory(error) : LDBX_OK;
}

static int get_import(ldbx_document *document, ldbx_error **error)
{
    ldbx_buf text;
    int status;

    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
    LDBX_GO(get_object(document, "import", &text, error));
    LDBX_GO(ldbx_document_set_import(document, ldbx_buf_get(&text), error));
out:
    ldbx_buf_clear(&text);
    return status;
}

static int get_members(ldbx_document *document, const ldbx_job *job, ldbx_error **error)
{
    const char *name;
    int64_t format;

    if (!ldbx_json_int64(document->saved, "format", &format) || format < FORMAT)
        return fail_corrupt("format", error);
    if (format > FORMAT)
        return ldbx_fail(error, LDBX_INVALID_DATA, "written by a newer version of the library (format %lld)",
                         (long long)format);
    name = ldbx_json_text(document->saved, "job", "");
    if (strcmp(name, job->name) != 0)
        return ldbx_fail(error, LDBX_INVALID_DATA, "it belongs to another job, '%s'", name);
    LDBX_TRY(get_state(document, error));
    LDBX_TRY(get_object(document, "last_run", &document->last_run, error));
    LDBX_TRY(ldbx_document_set_position(document, ldbx_json_text(document->saved, "position", NULL), error));
    return get_import(document, error);
}

int ldbx_document_load(ldbx_document *document, const ldbx_job *job, ldbx_store *store, ldbx_error **error)
{
    ldbx_error *failure = NULL;
    ldbx_buf text;
    int status;

    ldbx_document_clear(document);
    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
    status = ldbx_store_load(store, job->key, &text, &document->revision, &failure);
    if (status == LDBX_NOT_FOUND) {
        ldbx_error_destroy(failure);
        failure = NULL;
        status = LDBX_OK;
        goto out;
    }
    LDBX_GO(status);
    status = ldbx_json_parse(ldbx_buf_get(&text), &document->saved, &failure);
    if (status == LDBX_OK)
        status = get_members(document, job, &failure);
    if (status != LDBX_OK)
        ldbx_error_prefix(&failure, "checkpoint %s", job->key);
out:
    ldbx_error_move(error, &failure);
    ldbx_buf_clear(&text);
    return status;
}

static int fail_changed(const char *key, const char *now, const char *then, ldbx_error **error)
{
    return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                     "%s is %s%s%s, but the job began with %s%s%s: set it back, give the job another name, or "
                     "reset it to start over (--reset)",
                     key, now != NULL ? "'" : "", now != NULL ? now : "not set", now != NULL ? "'" : "",
                     then != NULL ? "'" : "", then != NULL ? then : "not set", then != NULL ? "'" : "");
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Whether all that was tried failed before a row was read: a wrong name of the table, say, which must be free to be set
 * right. */
static bool never_began(const ldbx_document *document)
{
    return document->state == LDBX_JOB_FAILED && document->import.size == 0 && document->position == NULL;
}

int ldbx_document_check(const ldbx_document *document, const ldbx_job *job, ldbx_error **error)
{
    const cJSON *saved = ldbx_json_get(document->saved, "identity");
    const char *type = ldbx_json_text(document->saved, "type", NULL);
    ldbx_identity identity[LDBX_IDENTITY_COUNT];
    char key[64];

    if (document->saved == NULL || never_began(document))
        return LDBX_OK;
    if (!is_same(type, job->type))
        return fail_changed("type", job->type, type, error);
    ldbx_import_settings_identify(&job->import, identity);
    for (size_t i = 0; i < LDBX_IDENTITY_COUNT; i++) {
        const char *then = ldbx_json_text(saved, identity[i].name, NULL);
        if (!is_same(identity[i].value, then)) {
            snprintf(key, sizeof key, "config.%s", identity[i].name);
            return fail_changed(key, identity[i].value, then, error);
        }
    }
    return LDBX_OK;
}

static void put_identity(const ldbx_job *job, ldbx_json_writer *writer)
{
    ldbx_identity identity[LDBX_IDENTITY_COUNT];

    ldbx_import_settings_identify(&job->import, identity);
    ldbx_json_begin_object(writer, "identity");
    for (size_t i = 0; i < LDBX_IDENTITY_COUNT; i++)
        ldbx_json_put_text(writer, identity[i].name, identity[i].value);
    ldbx_json_end_object(writer);
}

static void write_document(const ldbx_document *document, const ldbx_job *job, ldbx_buf *out)
{
    static const ldbx_view null = {"null", 4};
    ldbx_view import = document->import.size > 0 ? ldbx_buf_get(&document->import) : null;
    ldbx_view last_run = document->last_run.size > 0 ? ldbx_buf_get(&document->last_run) : null;
    ldbx_json_writer writer = {out, false};

    ldbx_json_begin_object(&writer, NULL);
    ldbx_json_put_int(&writer, "format", FORMAT);
    ldbx_json_put_text(&writer, "job", job->name);
    ldbx_json_put_text(&writer, "type", job->type);
    put_identity(job, &writer);
    ldbx_json_put_text(&writer, "state", ldbx_job_state_name(document->state));
    ldbx_json_put_text(&writer, "position", document->position);
    ldbx_json_put_raw(&writer, "last_run", last_run);
    ldbx_json_put_raw(&writer, "import", import);
    ldbx_json_end_object(&writer);
}

int ldbx_document_save(ldbx_document *document, const ldbx_job *job, ldbx_store *store, ldbx_error **error)
{
    ldbx_buf text;
    int status;

    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
    write_document(document, job, &text);
    if (text.failed || document->last_run.failed || document->import.failed)
        status = ldbx_fail_no_memory(error);
    else
        status = ldbx_store_save(store, job->key, ldbx_buf_get(&text), &document->revision, error);
    ldbx_buf_clear(&text);
    return status;
}
