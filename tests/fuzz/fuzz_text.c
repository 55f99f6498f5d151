/* Targets of what is typed, kept or said: configurations, documents, heads of answers, single texts. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "import/checkpoint.h"
#include "load/manifest.h"
#include "net/message.h"
#include "net/url.h"
#include "store/store.h"
#include "workflow/document.h"
#include "workflow/job.h"

#define ALLOWED(size) (4096 * FUZZ_KIB + 64 * (size)) /* files are read into a buffer of 1 MiB */

/* The input behind the byte that chose, as a copy of exactly its size. */
static ldbx_view rest_of(const uint8_t *data, size_t size)
{
    const ldbx_view rest = {(const char *)data + 1, size - 1};
    const ldbx_view copy = {fuzz_copy(rest), rest.size};
    return copy;
}

static void drop(ldbx_view copy)
{
    free((void *)(uintptr_t)copy.data);
}

/* Without NULs inside, for what takes C strings. */
static char *c_string(ldbx_view text)
{
    char *copy = strndup(text.data, text.size);
    must(copy != NULL);
    return copy;
}

/* Configurations. */

static ldbx_config *new_config(void)
{
    ldbx_config *config = NULL;
    ldbx_error *error = NULL;
    must(fuzz_ok(ldbx_config_new(&config, &error), error));
    return config;
}

static void load_authorization(ldbx_config *config, ldbx_view text)
{
    ldbx_error *error = NULL;
    fuzz_ok(ldbx_config_load_json(config, text, &error), error);
}

/* From a file in memory. */
static void load_profile(ldbx_config *config, ldbx_view text)
{
    char path[64];
    ldbx_error *error = NULL;
    const int file = memfd_create("databrickscfg", MFD_CLOEXEC);
    must(file >= 0 && write(file, text.data, text.size) == (ssize_t)text.size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    fuzz_ok(ldbx_config_load_profile(config, path, "DEFAULT", &error), error);
    close(file);
}

/* KEY=VALUE, as the environment and the program's options give them. */
static void set_one(ldbx_config *config, ldbx_view text)
{
    ldbx_error *error = NULL;
    char *key = c_string(text);
    char *value = strchr(key, '=');
    if (value != NULL) {
        *value++ = '\0';
        if (fuzz_ok(ldbx_config_set(config, key, value, &error), error) && ldbx_config_get(config, key) != NULL)
            must(ldbx_utf8_valid(ldbx_view_of(ldbx_config_get(config, key))));
    }
    free(key);
}

void fuzz_config(const uint8_t *data, size_t size)
{
    static void (*const loads[])(ldbx_config *, ldbx_view) = {load_authorization, load_profile, set_one};
    ldbx_config *config = NULL;
    ldbx_view text;
    if (size == 0 || (size_t)(data[0] - '0') >= sizeof loads / sizeof loads[0])
        return;
    text = rest_of(data, size);
    fuzz_begin(ALLOWED(size));
    config = new_config();
    loads[data[0] - '0'](config, text);
    ldbx_config_destroy(config);
    fuzz_end();
    drop(text);
}

/* Documents. */

static const char job_text[] =
    "{\"type\":\"databricks-import\",\"name\":\"contacts\",\"config\":{\"database\":\"crm\",\"source\":\"contacts\","
    "\"timestamp_field\":\"at\",\"continuous_update\":true}}";

static void open_job(ldbx_view text)
{
    ldbx_job *job = NULL;
    ldbx_error *error = NULL;
    if (fuzz_ok(ldbx_job_open(text, &job, &error), error))
        must(ldbx_utf8_valid(ldbx_view_of(ldbx_job_describe(job))) && ldbx_job_name(job)[0] != '\0');
    ldbx_job_destroy(job);
}

static void load_document(ldbx_view text)
{
    ldbx_job *job = NULL;
    ldbx_store *store = NULL;
    ldbx_document document;
    ldbx_error *error = NULL;
    int64_t revision = 0;
    const char *status = NULL;
    must(fuzz_ok(ldbx_job_open(ldbx_view_of(job_text), &job, &error), error));
    must(fuzz_ok(ldbx_store_new_memory(&store, &error), error));
    must(fuzz_ok(ldbx_store_save(store, job->key, text, &revision, &error), error));
    fuzz_ok(ldbx_job_status(job, store, &status, &error), error);
    ldbx_document_init(&document);
    error = NULL;
    if (fuzz_ok(ldbx_document_load(&document, job, store, &error), error) &&
        fuzz_ok(ldbx_document_check(&document, job, &error), error))
        fuzz_ok(ldbx_document_save(&document, job, store, &error), error);
    ldbx_document_clear(&document);
    ldbx_store_destroy(store);
    ldbx_job_destroy(job);
}

/* What was read is written in a form that reads the same and is written the same again. */
static void read_checkpoint(ldbx_view text)
{
    ldbx_import_checkpoint first, second;
    ldbx_error *error = NULL;
    ldbx_buf once, twice;
    ldbx_buf_init(&once, LDBX_MAX_DOCUMENT);
    ldbx_buf_init(&twice, LDBX_MAX_DOCUMENT);
    if (fuzz_ok(ldbx_checkpoint_read(text, &first, &error), error)) {
        ldbx_checkpoint_write(&first, &once);
        must(fuzz_ok(ldbx_checkpoint_read(ldbx_buf_get(&once), &second, &error), error));
        ldbx_checkpoint_write(&second, &twice);
        must(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
        ldbx_checkpoint_clear(&first);
        ldbx_checkpoint_clear(&second);
    }
    ldbx_buf_clear(&once);
    ldbx_buf_clear(&twice);
}

void fuzz_documents(const uint8_t *data, size_t size)
{
    static void (*const reads[])(ldbx_view) = {open_job, load_document, read_checkpoint};
    ldbx_view text;
    if (size == 0 || (size_t)(data[0] - '0') >= sizeof reads / sizeof reads[0])
        return;
    text = rest_of(data, size);
    fuzz_begin(ALLOWED(size));
    reads[data[0] - '0'](text);
    fuzz_end();
    drop(text);
}

/* What was read is written in a form that reads the same and is written the same again; what would become names and statements has its form. */
void fuzz_manifest(const uint8_t *data, size_t size)
{
    static const char job[] = "contacts-0123abcd";
    const ldbx_view text = {fuzz_copy((ldbx_view){(const char *)data, size}), size};
    ldbx_load_document first = {0}, second = {0};
    ldbx_error *error = NULL;
    ldbx_buf once, twice;
    fuzz_begin(ALLOWED(size));
    ldbx_buf_init(&once, LDBX_MAX_DOCUMENT);
    ldbx_buf_init(&twice, LDBX_MAX_DOCUMENT);
    if (fuzz_ok(ldbx_load_document_read(text, job, &first, &error), error)) {
        const ldbx_manifest *load = &first.load;
        must(strspn(load->attempt.run, "0123456789abcdefTZ-") == strlen(load->attempt.run));
        must(load->loaded <= load->started && load->started <= ldbx_manifest_groups(load));
        must(load->state == LDBX_LOAD_NONE || load->column_count > 0);
        ldbx_load_document_write(&first, job, &once);
        must(fuzz_ok(ldbx_load_document_read(ldbx_buf_get(&once), job, &second, &error), error));
        ldbx_load_document_write(&second, job, &twice);
        must(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
    }
    ldbx_load_document_clear(&first);
    ldbx_load_document_clear(&second);
    ldbx_buf_clear(&once);
    ldbx_buf_clear(&twice);
    fuzz_end();
    drop(text);
}

/* Single texts. */

/* The lines of an answer's head, as the transport hands them over. */
static void read_head(ldbx_view text)
{
    ldbx_http_response response;
    ldbx_http_response_init(&response, FUZZ_KIB);
    while (text.size > 0) {
        const char *end = (const char *)memchr(text.data, '\n', text.size);
        const ldbx_view line = {text.data, end != NULL ? (size_t)(end + 1 - text.data) : text.size};
        ldbx_http_response_line(&response, line);
        text.data += line.size;
        text.size -= line.size;
    }
    must(response.retry_after_ms >= -1);
    must(ldbx_utf8_valid(ldbx_view_of(response.reason)) && strchr(response.reason, '\n') == NULL);
    must(ldbx_utf8_valid(ldbx_view_of(response.content_type)) && strchr(response.content_type, '\n') == NULL);
    ldbx_http_response_clear(&response);
}

/* An instant that was read is written in a form that is read as the same instant. */
static void read_instant(ldbx_view text)
{
    int64_t us = 0, again = 0;
    char written[64];
    ldbx_view view = {written, 0};
    if (!ldbx_parse_timestamp(text, &us))
        return;
    view.size = ldbx_format_timestamp(written, us, true);
    must(ldbx_parse_timestamp(view, &again) && again == us);
}

static void read_host(ldbx_view text)
{
    ldbx_host host = {0};
    ldbx_error *error = NULL;
    char *url = NULL;
    if (fuzz_ok(ldbx_host_parse(text, &host, &error), error)) {
        url = ldbx_url_format(&host, host.port, "/p");
        must(url != NULL && strpbrk(url, " \r\n@") == NULL);
    }
    ldbx_free(url);
    ldbx_host_clear(&host);
}

static void read_path(ldbx_view text)
{
    ldbx_error *error = NULL;
    char *path = NULL;
    if (fuzz_ok(ldbx_http_path_parse(text, &path, &error), error))
        must(path[0] == '/' && strpbrk(path, " \r\n\t") == NULL);
    ldbx_free(path);
}

/* What goes out as a JSON string comes back; whatever the text was, lines are lines of UTF-8. */
static void write_text(ldbx_view text)
{
    ldbx_buf out;
    cJSON *root = NULL;
    ldbx_error *error = NULL;
    const bool plain = ldbx_utf8_valid(text) && memchr(text.data, '\0', text.size) == NULL;
    ldbx_buf_init(&out, LDBX_MAX_DOCUMENT);
    ldbx_buf_json_string(&out, text);
    must(!out.failed && ldbx_utf8_valid(ldbx_buf_get(&out)));
    if (plain && fuzz_ok(ldbx_json_parse(ldbx_buf_get(&out), &root, &error), error)) {
        must(ldbx_view_eq(text, cJSON_GetStringValue(root)));
        cJSON_Delete(root);
    }
    ldbx_buf_reset(&out);
    ldbx_buf_one_line(&out, text, 100);
    must(!out.failed && out.size <= 100 && ldbx_utf8_valid(ldbx_buf_get(&out)));
    must(out.size == 0 || memchr(out.data, '\n', out.size) == NULL);
    ldbx_buf_clear(&out);
}

void fuzz_text(const uint8_t *data, size_t size)
{
    static void (*const reads[])(ldbx_view) = {read_head, read_instant, read_host, read_path, write_text};
    ldbx_view text;
    if (size == 0 || (size_t)(data[0] - '0') >= sizeof reads / sizeof reads[0])
        return;
    text = rest_of(data, size);
    fuzz_begin(ALLOWED(size));
    reads[data[0] - '0'](text);
    fuzz_end();
    drop(text);
}
