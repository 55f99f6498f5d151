/* Staging files: which stager, and what it needs to know, as JSON. */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/settings.h"
#include "base/str.h"
#include "client/config.h"
#include "stage/s3.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define MAX_FILE     ((size_t)64 << 10) /* of a file with at most a dozen keys */
#define NAMED        "named:"

/* What a file says; the texts are those of the document, NULL: not set. */
typedef struct staging {
    const char *type;
    const char *path;
    const char *url;
    const char *bucket;
    const char *prefix;
    const char *region;
    const char *endpoint;
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token;
    const char *credential;
} staging;

#define MEMBER(name) offsetof(staging, name)
#define ADDRESS      "text without * ? [ ] { } \\ and control characters, which COPY INTO would not take as they are"

static bool is_address(const char *line)
{
    return ldbx_stager_check_address("", line, NULL) == LDBX_OK;
}

static bool is_volume_path(const char *line)
{
    return is_address(line) && ldbx_volume_root(line) > 0;
}

static bool is_credential(const char *line)
{
    return strcmp(line, "inline") == 0 || strcmp(line, "external") == 0 ||
           (strncmp(line, NAMED, strlen(NAMED)) == 0 && line[strlen(NAMED)] != '\0');
}

static const ldbx_setting s3_table[] = {
    {"type", LDBX_SETTING_LINE, .required = true, .member = MEMBER(type)},
    {"bucket", LDBX_SETTING_LINE, .required = true, .member = MEMBER(bucket)},
    {"prefix", LDBX_SETTING_LINE, .member = MEMBER(prefix), .valid = is_address, .form = ADDRESS},
    {"region", LDBX_SETTING_LINE, .member = MEMBER(region)},
    {"endpoint", LDBX_SETTING_LINE, .member = MEMBER(endpoint)},
    {"access_key_id", LDBX_SETTING_LINE, .required = true, .member = MEMBER(access_key_id)},
    {"secret_access_key", LDBX_SETTING_LINE, .required = true, .member = MEMBER(secret_access_key)},
    {"session_token", LDBX_SETTING_LINE, .member = MEMBER(session_token)},
    {"credential", LDBX_SETTING_LINE, .member = MEMBER(credential), .valid = is_credential,
     .form = "inline, external or named:NAME"},
};

static const ldbx_setting volume_table[] = {
    {"type", LDBX_SETTING_LINE, .required = true, .member = MEMBER(type)},
    {"path", LDBX_SETTING_LINE, .required = true, .member = MEMBER(path), .valid = is_volume_path,
     .form = "/Volumes/CATALOG/SCHEMA/VOLUME, perhaps with folders behind, in " ADDRESS},
};

static const ldbx_setting directory_table[] = {
    {"type", LDBX_SETTING_LINE, .required = true, .member = MEMBER(type)},
    {"path", LDBX_SETTING_LINE, .required = true, .member = MEMBER(path)},
    {"url", LDBX_SETTING_LINE, .member = MEMBER(url), .valid = is_address, .form = ADDRESS},
};

static int open_s3(const staging *in, const ldbx_config *config, ldbx_stager **out, ldbx_error **error)
{
    ldbx_s3_options options;

    ldbx_s3_options_init(&options, sizeof options);
    options.bucket = in->bucket;
    options.prefix = in->prefix;
    options.endpoint = in->endpoint;
    options.access_key_id = in->access_key_id;
    options.secret_access_key = in->secret_access_key;
    options.session_token = in->session_token;
    if (in->region != NULL)
        options.region = in->region;
    if (in->credential != NULL && strcmp(in->credential, "external") == 0)
        options.access = LDBX_ACCESS_EXTERNAL;
    if (in->credential != NULL && strncmp(in->credential, NAMED, strlen(NAMED)) == 0) {
        options.access = LDBX_ACCESS_NAMED;
        options.credential = in->credential + strlen(NAMED);
    }
    if (config != NULL) {
        options.ca_file = config->ca_file;
        options.proxy = config->proxy;
        options.user_agent = config->user_agent;
    }
    return ldbx_s3_open(&options, out, error);
}

static int open_volume(const staging *in, const ldbx_config *config, ldbx_stager **out, ldbx_error **error)
{
    return ldbx_stager_open_volume(config, in->path, out, error);
}

static int open_directory(const staging *in, const ldbx_config *config, ldbx_stager **out, ldbx_error **error)
{
    (void)config;
    return ldbx_stager_open_directory(in->path, in->url, out, error);
}

typedef struct kind {
    const char *type;
    const ldbx_setting *table;
    size_t count;
    int (*open)(const staging *in, const ldbx_config *config, ldbx_stager **out, ldbx_error **error);
} kind;

static const kind kinds[] = {
    {"s3", s3_table, COUNT(s3_table), open_s3},
    {"volume", volume_table, COUNT(volume_table), open_volume},
    {"directory", directory_table, COUNT(directory_table), open_directory},
};

/* The type decides which keys there are: without it nothing can be said of the others. */
static int find_kind(const cJSON *document, const kind **out, ldbx_error **error)
{
    const char *type = ldbx_json_text(document, "type", "");

    if (!cJSON_IsObject(document))
        return ldbx_fail(error, LDBX_INVALID_DATA, "a staging must be a JSON object");
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcmp(type, kinds[i].type) == 0) {
            *out = &kinds[i];
            return LDBX_OK;
        }
    return ldbx_fail(error, LDBX_INVALID_DATA, "type: %s one of s3, volume, directory",
                     ldbx_json_get(document, "type") == NULL ? "is required:" : "must be");
}

static int open_document(const cJSON *document, const ldbx_config *config, ldbx_stager **out, ldbx_error **error)
{
    const kind *found = NULL;
    staging in = {0};
    ldbx_buf errors;
    int status;

    LDBX_TRY(find_kind(document, &found, error));
    ldbx_buf_init(&errors, LDBX_MAX_DOCUMENT);
    ldbx_settings_read(document, "", found->table, found->count, &in, &errors);
    status = ldbx_settings_end(&errors, error);
    ldbx_buf_clear(&errors);
    return status == LDBX_OK ? found->open(&in, config, out, error) : status;
}

int ldbx_stager_open_json(ldbx_view json, const ldbx_config *config, ldbx_stager **out, ldbx_error **error)
{
    cJSON *document = NULL;
    int status;

    if (out == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "out is NULL");
    *out = NULL;
    status = ldbx_json_parse(json, &document, error);
    if (status == LDBX_OK)
        status = open_document(document, config, out, error);
    ldbx_json_wipe(document);
    return status;
}

int ldbx_stager_open_file(const char *path, const ldbx_config *config, ldbx_stager **out, ldbx_error **error)
{
    ldbx_buf json;
    int status;

    if (out != NULL)
        *out = NULL;
    if (out == NULL || path == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is NULL", out == NULL ? "out" : "path");
    status = ldbx_file_read_secret(path, MAX_FILE, &json, error);
    if (status == LDBX_NOT_FOUND)
        status = ldbx_fail(error, LDBX_IO, "%s: not found", path);
    LDBX_GO(status);
    status = ldbx_stager_open_json(ldbx_buf_get(&json), config, out, error);
    if (status != LDBX_OK)
        ldbx_error_prefix(error, "%s", path);
out:
    ldbx_buf_wipe(&json);
    return status;
}
