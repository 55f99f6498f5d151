/*
 * Makes one call after the other as it is told on standard input, a line each, and answers each with a line of JSON. Run by the Python tests of this
 * folder against real servers. Waits between attempts are skipped: the clock jumps instead. Log lines go to standard error.
 *
 *   open NAME=VALUE ...        a stager: bucket, prefix, endpoint, region, id, secret, token, path_style, sign_payload, parallel, block_bytes, ca_file;
 *                              hook=ID:SECRET:TOKEN is what the host gives when it is asked for keys
 *   hook ID:SECRET:TOKEN       what it gives from now on
 *   put NAME SIZE [SEED]       in one call
 *   upload NAME SIZE [SEED]    by an uploader, in as many blocks as it takes
 *   leave NAME SIZE            begins a transfer, sends SIZE bytes, and forgets it, as a kill would
 *   check NAME SIZE [SEED]
 *   remove NAME
 *   access                     rights for COPY INTO
 */
#include <lytics_dbx/lytics_dbx.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/str.h"
#include "stage/upload.h"

#define WRITE_BYTES 100000

typedef struct driver {
    ldbx_stager *stager;
    char hook[3][256]; /* id, secret, token; "": none */
    int asked;
    char *content;
    size_t size;
    uint32_t crc32;
    ldbx_error *error;
} driver;

static void log_line(ldbx_log_level level, const char *component, const char *line, void *user)
{
    (void)level;
    (void)user;
    fprintf(stderr, "%s: %s\n", component, line);
}

static void set_hook(driver *self, const char *value)
{
    memset(self->hook, 0, sizeof self->hook);
    sscanf(value, "%255[^:]:%255[^:]:%255s", self->hook[0], self->hook[1], self->hook[2]);
}

static int give_keys(void *user, ldbx_access *out, ldbx_error **error)
{
    driver *self = user;

    self->asked++;
    if (self->hook[0][0] == '\0')
        return ldbx_error_set(error, LDBX_UNAVAILABLE, "the vault is closed");
    out->access_key_id = self->hook[0];
    out->secret_access_key = self->hook[1];
    out->session_token = self->hook[2][0] != '\0' ? self->hook[2] : NULL;
    return LDBX_OK;
}

static void set_option(driver *self, ldbx_s3_options *options, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **text;
    } texts[] = {{"bucket", &options->bucket},       {"prefix", &options->prefix},
                 {"endpoint", &options->endpoint},   {"region", &options->region},
                 {"id", &options->access_key_id},    {"secret", &options->secret_access_key},
                 {"token", &options->session_token}, {"ca_file", &options->ca_file}};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(name, texts[i].name) == 0)
            *texts[i].text = value;
    if (strcmp(name, "path_style") == 0)
        options->path_style = atoi(value);
    if (strcmp(name, "sign_payload") == 0)
        options->sign_payload = atoi(value);
    if (strcmp(name, "parallel") == 0)
        options->parallel = atoi(value);
    if (strcmp(name, "block_bytes") == 0)
        options->block_bytes = atoll(value);
    if (strcmp(name, "hook") == 0) {
        set_hook(self, value);
        options->credentials = give_keys;
        options->user = self;
    }
}

static int open_stager(driver *self, char *arguments)
{
    ldbx_s3_options options;
    char *rest = NULL;

    ldbx_s3_options_init(&options, sizeof options);
    for (char *one = strtok_r(arguments, " ", &rest); one != NULL; one = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(one, '=');
        *value = '\0';
        set_option(self, &options, one, value + 1);
    }
    ldbx_stager_destroy(self->stager);
    return ldbx_stager_open_s3(&options, &self->stager, &self->error);
}

static void make_content(driver *self, size_t size, unsigned seed)
{
    self->content = realloc(self->content, size + 1);
    self->size = size;
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525 + 1013904223;
        self->content[i] = (char)(seed >> 24);
    }
    self->crc32 = ldbx_crc32(0, self->content, size);
}

static int upload(driver *self, const char *name)
{
    ldbx_uploader *uploader = NULL;
    ldbx_uploaded sent = {0};
    int status = ldbx_uploader_new(self->stager, NULL, &uploader, &self->error);

    if (status == LDBX_OK)
        status = ldbx_uploader_begin(uploader, name, &self->error);
    for (size_t at = 0; at < self->size && status == LDBX_OK; at += WRITE_BYTES) {
        size_t size = self->size - at < WRITE_BYTES ? self->size - at : WRITE_BYTES;
        status = ldbx_uploader_write(uploader, (ldbx_view){self->content + at, size}, &self->error);
    }
    if (status == LDBX_OK)
        status = ldbx_uploader_end(uploader, &sent, &self->error);
    if (status == LDBX_OK)
        status = ldbx_uploader_wait(uploader, &self->error);
    ldbx_uploader_destroy(uploader);
    return status;
}

/* Transfers that were left, which is no leak to a sanitizer. */
static void *left[16];
static size_t left_count;

static int leave(driver *self, const char *name)
{
    void **transfer = &left[left_count++ % (sizeof left / sizeof left[0])];
    int status = ldbx_stager_begin(self->stager, name, transfer, NULL, &self->error);

    if (status == LDBX_OK)
        status = ldbx_stager_block(self->stager, name, *transfer, 0, (ldbx_view){self->content, self->size},
                                   self->crc32, NULL, &self->error);
    return status;
}

static int do_call(driver *self, const char *call, char *arguments)
{
    ldbx_view content;
    ldbx_access access;
    char name[600] = "";
    size_t size = 0;
    unsigned seed = 7;

    if (strcmp(call, "open") == 0)
        return open_stager(self, arguments);
    if (strcmp(call, "access") == 0)
        return ldbx_stager_access(self->stager, &access, &self->error);
    if (strcmp(call, "hook") == 0) {
        set_hook(self, arguments);
        return LDBX_OK;
    }
    sscanf(arguments, "%599s %zu %u", name, &size, &seed);
    make_content(self, size, seed);
    content = (ldbx_view){self->content, self->size};
    if (strcmp(call, "put") == 0)
        return ldbx_stager_put(self->stager, name, content, self->crc32, NULL, &self->error);
    if (strcmp(call, "check") == 0)
        return ldbx_stager_check(self->stager, name, (int64_t)size, self->crc32, NULL, &self->error);
    if (strcmp(call, "remove") == 0)
        return ldbx_stager_remove(self->stager, name, NULL, &self->error);
    if (strcmp(call, "upload") == 0)
        return upload(self, name);
    return leave(self, name);
}

static void tell(const driver *self, int status)
{
    ldbx_buf line;
    ldbx_json_writer json = {.buf = &line};

    ldbx_buf_init(&line, LDBX_MAX_DOCUMENT);
    ldbx_json_begin_object(&json, NULL);
    ldbx_json_put_text(&json, "status", ldbx_status_name(status));
    ldbx_json_put_text(&json, "message", ldbx_error_message(self->error));
    ldbx_json_put_text(&json, "class", ldbx_error_class(self->error));
    ldbx_json_put_int(&json, "http", ldbx_error_http_status(self->error));
    ldbx_json_put_int(&json, "crc32", self->crc32);
    ldbx_json_put_int(&json, "asked", self->asked);
    ldbx_json_end_object(&json);
    puts(ldbx_buf_cstr(&line));
    fflush(stdout);
    ldbx_buf_clear(&line);
}

int main(void)
{
    driver self = {0};
    char *line = NULL;
    size_t room = 0;
    ssize_t length;

    ldbx_clock_skip_sleeps(true);
    ldbx_set_log_sink(log_line, LDBX_LOG_DEBUG, NULL);
    while ((length = getline(&line, &room, stdin)) > 0) {
        char *space;
        int status;

        line[strcspn(line, "\n")] = '\0';
        space = strchr(line, ' ');
        if (space != NULL)
            *space = '\0';
        status = do_call(&self, line, space != NULL ? space + 1 : line + strlen(line));
        tell(&self, status);
        ldbx_error_destroy(self.error);
        self.error = NULL;
    }
    ldbx_stager_destroy(self.stager);
    free(self.content);
    free(line);
    return 0;
}
