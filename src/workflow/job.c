#include "workflow/job.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/settings.h"
#include "base/str.h"

#define COUNT(table)    (sizeof(table) / sizeof(table)[0])
#define MAX_NAME_IN_KEY 40
#define HASH_BYTES      4
#define MAX_AID         INT64_C(9007199254740991) /* what JSON numbers hold exactly */

static const char *const types[] = {"databricks-import",
                                    "databricks-export",
                                    "databricks-event-export",
                                    "databricks-system-event-export",
                                    "databricks-audience-changes-export",
                                    "databricks-metric-export",
                                    NULL};

typedef struct envelope {
    const char *type;
    const char *name;
    const char *description;
    int64_t aid;
    const cJSON *auth_ids;
    const cJSON *config;
    const cJSON *options;
} envelope;

static const ldbx_setting envelope_table[] = {
    {"type", LDBX_SETTING_LINE, .required = true, .member = offsetof(envelope, type), .words = types},
    {"name", LDBX_SETTING_LINE, .required = true, .member = offsetof(envelope, name)},
    {"description", LDBX_SETTING_TEXT, .member = offsetof(envelope, description)},
    {"aid", LDBX_SETTING_INTEGER, .member = offsetof(envelope, aid), .low = 1, .high = MAX_AID},
    {"auth_ids", LDBX_SETTING_LIST, .member = offsetof(envelope, auth_ids)},
    {"config", LDBX_SETTING_OBJECT, .required = true, .member = offsetof(envelope, config)},
    {"options", LDBX_SETTING_OBJECT, .member = offsetof(envelope, options)},
};

static void put_line(ldbx_json_writer *writer, ldbx_view line)
{
    char *text = ldbx_strndup(line.data, line.size);

    if (text != NULL)
        ldbx_json_put_text(writer, NULL, text);
    else
        writer->buf->failed = true;
    ldbx_free(text);
}

void ldbx_json_put_lines(ldbx_json_writer *writer, const char *name, ldbx_view lines)
{
    ldbx_json_begin_array(writer, name);
    while (lines.size > 0) {
        int64_t end = ldbx_view_find(lines, "\n");
        ldbx_view line = {lines.data, end < 0 ? lines.size : (size_t)end};
        size_t used = line.size + (end >= 0);
        put_line(writer, line);
        lines.data += used;
        lines.size -= used;
    }
    ldbx_json_end_array(writer);
}

static bool is_key_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

/* The hash tells names apart that look alike in [a-z0-9-]. */
static int make_key(ldbx_job *job, ldbx_error **error)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[32];
    size_t size = 0;

    if (!ldbx_sha256(ldbx_view_of(job->name), hash))
        return ldbx_fail(error, LDBX_IO, "the name of the job could not be hashed");
    for (const char *at = job->name; *at != '\0' && size < MAX_NAME_IN_KEY; at++) {
        char byte = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
        if (is_key_byte(byte))
            job->key[size++] = byte;
        else if (size > 0 && job->key[size - 1] != '-')
            job->key[size++] = '-';
    }
    if (size > 0 && job->key[size - 1] != '-')
        job->key[size++] = '-';
    for (size_t i = 0; i < HASH_BYTES; i++) {
        job->key[size++] = digits[hash[i] >> 4];
        job->key[size++] = digits[hash[i] & 15];
    }
    job->key[size] = '\0';
    return LDBX_OK;
}

static int describe(ldbx_job *job, ldbx_error **error)
{
    ldbx_json_writer writer = {&job->about, false};

    ldbx_json_begin_object(&writer, NULL);
    ldbx_json_put_text(&writer, "type", job->type);
    ldbx_json_put_text(&writer, "name", job->name);
    ldbx_json_put_text(&writer, "description", job->description);
    ldbx_import_settings_describe(&job->import, &writer);
    ldbx_json_put_lines(&writer, "warnings", ldbx_buf_get(&job->warnings));
    ldbx_json_end_object(&writer);
    if (job->warnings.failed || ldbx_buf_cstr(&job->about) == NULL)
        return ldbx_fail_no_memory(error);
    return LDBX_OK;
}

static int read_envelope(ldbx_job *job, ldbx_error **error)
{
    envelope read = {0};
    ldbx_buf errors;
    int status = LDBX_OK;

    ldbx_buf_init(&errors, LDBX_MAX_DOCUMENT);
    ldbx_settings_read(job->json, "", envelope_table, COUNT(envelope_table), &read, &errors);
    if (read.type != NULL && strcmp(read.type, types[0]) != 0)
        LDBX_GO(ldbx_fail(error, LDBX_UNSUPPORTED, "type: %s is not in this version of the library, only %s is",
                          read.type, types[0]));
    if (read.type != NULL && cJSON_IsObject(read.config))
        ldbx_import_settings_read(read.config, cJSON_IsObject(read.options) ? read.options : NULL, &job->import,
                                  &errors, &job->warnings);
    LDBX_GO(ldbx_settings_end(&errors, error));
    job->type = read.type;
    job->name = read.name;
    job->description = read.description;
out:
    ldbx_buf_clear(&errors);
    return status;
}

static int read_job(ldbx_job *job, ldbx_view json, ldbx_error **error)
{
    LDBX_TRY(ldbx_json_parse(json, &job->json, error));
    if (!cJSON_IsObject(job->json))
        return ldbx_fail(error, LDBX_INVALID_DATA, "a job must be a JSON object");
    LDBX_TRY(read_envelope(job, error));
    LDBX_TRY(make_key(job, error));
    return describe(job, error);
}

int ldbx_job_open(ldbx_view json, ldbx_job **out, ldbx_error **error)
{
    ldbx_job *job = NULL;
    int status;

    if (out == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "out is NULL");
    *out = NULL;
    job = ldbx_calloc(1, sizeof *job);
    if (job == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_buf_init(&job->warnings, LDBX_MAX_DOCUMENT);
    ldbx_buf_init(&job->about, LDBX_MAX_DOCUMENT);
    ldbx_buf_init(&job->answer, LDBX_MAX_DOCUMENT);
    LDBX_GO(read_job(job, json, error));
    *out = job;
    job = NULL;
out:
    ldbx_job_destroy(job);
    return status;
}

int ldbx_job_open_file(const char *path, ldbx_job **out, ldbx_error **error)
{
    ldbx_buf json;
    int status;

    if (out != NULL)
        *out = NULL;
    if (out == NULL || path == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is NULL", out == NULL ? "out" : "path");
    ldbx_buf_init(&json, LDBX_MAX_DOCUMENT);
    status = ldbx_file_read(path, &json, error);
    if (status == LDBX_NOT_FOUND)
        status = ldbx_fail(error, LDBX_IO, "%s: no such file", path);
    LDBX_GO(status);
    status = ldbx_job_open(ldbx_buf_get(&json), out, error);
    if (status != LDBX_OK)
        ldbx_error_prefix(error, "%s", path);
out:
    ldbx_buf_clear(&json);
    return status;
}

void ldbx_job_destroy(ldbx_job *job)
{
    if (job == NULL)
        return;
    ldbx_buf_clear(&job->warnings);
    ldbx_buf_clear(&job->about);
    ldbx_buf_clear(&job->answer);
    cJSON_Delete(job->json);
    ldbx_free(job);
}

const char *ldbx_job_name(const ldbx_job *job)
{
    return job->name;
}

const char *ldbx_job_describe(const ldbx_job *job)
{
    return (const char *)job->about.data;
}
