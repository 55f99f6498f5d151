/* Configurations from outside: a Lytics authorization, the environment, a profile of the Databricks tools. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/config.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define MAX_FILE     ((size_t)1 << 20) /* an authorization, or all profiles of a user */

/* All loaders fill a clone, so that a failure changes nothing. */
static void swap_in(ldbx_config *config, ldbx_config *clone)
{
    ldbx_config old = *config;

    *config = *clone;
    *clone = old;
}

static int check_target(const ldbx_config *config, ldbx_error **error)
{
    return config != NULL ? LDBX_OK : ldbx_fail(error, LDBX_INVALID_ARGUMENT, "config is NULL");
}

/* The Lytics authorization. */

typedef struct member {
    const char *key;
    const char *shown;   /* as errors call it */
    const char *setting; /* NULL: looked at elsewhere */
    bool integer;        /* otherwise text */
    bool required;
} member;

static const member envelope_members[] = {
    {"label", "label", "label", false, true},
    {"description", "description", "description", false, false},
    {"type", "type", NULL, false, false},
    {"config", "config", NULL, false, true},
};

/* Applied in this order: a port behind the host is overruled by one that is given by itself. */
static const member config_members[] = {
    {"host", "config.host", "host", false, true},
    {"port", "config.port", "port", true, false},
    {"httppath", "config.httppath", "http_path", false, true},
    {"token", "config.token", "token", false, false},
    {"client_id", "config.client_id", "client_id", false, false},
    {"client_secret", "config.client_secret", "client_secret", false, false},
    {"username", "config.username", "username", false, false},
    {"password", "config.password", "password", false, false},
};

/* A document on its way into a configuration; what is wrong with it is collected, a line each. */
typedef struct reading {
    ldbx_config *config;
    ldbx_buf faults;
} reading;

LDBX_PRINTF(2, 3)
static void add_fault(reading *in, const char *format, ...)
{
    va_list args;

    if (in->faults.size > 0)
        ldbx_buf_byte(&in->faults, '\n');
    va_start(args, format);
    ldbx_buf_vprintf(&in->faults, format, args);
    va_end(args);
}

static void add_unknown(reading *in, const char *prefix, const char *key, const member *members, size_t count)
{
    add_fault(in, "%s", prefix);
    ldbx_buf_one_line(&in->faults, ldbx_view_of(key), 64);
    ldbx_buf_str(&in->faults, " is not known; known are ");
    for (size_t i = 0; i < count; i++)
        ldbx_buf_printf(&in->faults, "%s%s", i > 0 ? ", " : "", members[i].key);
}

static void find_unknown(reading *in, const char *prefix, const cJSON *object, const member *members, size_t count)
{
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        bool known = false;
        for (size_t i = 0; i < count && !known; i++)
            known = strcmp(members[i].key, item->string) == 0;
        if (!known)
            add_unknown(in, prefix, item->string, members, count);
    }
}

/* The table of settings knows what is right; for it, what is no integer is the empty text. */
static int read_setting(reading *in, const cJSON *object, const member *rule, ldbx_error **error)
{
    ldbx_error *fault = NULL;
    const char *text = ldbx_json_text(object, rule->key, NULL);
    ldbx_view value = ldbx_view_of(text);
    char digits[21];
    int64_t number;
    int status;

    if (rule->integer)
        value =
            (ldbx_view){digits, ldbx_json_int64(object, rule->key, &number) ? ldbx_format_int64(digits, number) : 0};
    else if (text == NULL) {
        add_fault(in, "%s must be text", rule->shown);
        return LDBX_OK;
    } else if (value.size == 0 && rule->required) {
        add_fault(in, "%s must not be empty", rule->shown);
        return LDBX_OK;
    }
    status = ldbx_config_set_as(in->config, rule->setting, rule->shown, value, &fault);
    if (status == LDBX_INVALID_ARGUMENT)
        add_fault(in, "%s", ldbx_error_message(fault));
    else
        ldbx_error_move(error, &fault);
    ldbx_error_destroy(fault);
    return status == LDBX_INVALID_ARGUMENT ? LDBX_OK : status;
}

static int read_members(reading *in, const cJSON *object, const member *members, size_t count, ldbx_error **error)
{
    for (size_t i = 0; i < count; i++) {
        const member *rule = &members[i];
        bool there = ldbx_json_get(object, rule->key) != NULL;
        if (!there && rule->required)
            add_fault(in, "%s is missing", rule->shown);
        else if (there && rule->setting != NULL)
            LDBX_TRY(read_setting(in, object, rule, error));
    }
    return LDBX_OK;
}

static void check_credential(reading *in, const cJSON *config)
{
    bool given[LDBX_CREDENTIAL_KINDS][2];
    const char *keys[2];

    for (size_t i = 0; i < LDBX_CREDENTIAL_KINDS; i++)
        for (size_t j = 0; j < 2; j++) {
            const char *key = ldbx_credential_keys[i][j];
            given[i][j] = key != NULL && ldbx_json_get(config, key) != NULL;
        }
    switch (ldbx_judge_credential(given, keys)) {
    case LDBX_CREDENTIAL_NONE:
        add_fault(in, "config.token is missing (or config.client_id and config.client_secret, or config.username and "
                      "config.password)");
        return;
    case LDBX_CREDENTIAL_HALF:
        add_fault(in, "config.%s is missing beside config.%s", keys[1], keys[0]);
        return;
    case LDBX_CREDENTIAL_TWO:
        add_fault(in, "config.%s and config.%s exclude each other", keys[0], keys[1]);
        return;
    case LDBX_CREDENTIAL_GOOD:
        return;
    }
}

static int read_config(reading *in, const cJSON *config, ldbx_error **error)
{
    if (config == NULL)
        return LDBX_OK; /* reported as missing */
    if (!cJSON_IsObject(config)) {
        add_fault(in, "config must be an object");
        return LDBX_OK;
    }
    find_unknown(in, "config.", config, config_members, COUNT(config_members));
    LDBX_TRY(read_members(in, config, config_members, COUNT(config_members), error));
    check_credential(in, config);
    return LDBX_OK;
}

static int read_authorization(reading *in, const cJSON *root, ldbx_error **error)
{
    if (!cJSON_IsObject(root)) {
        add_fault(in, "the authorization must be an object");
        return LDBX_OK;
    }
    find_unknown(in, "", root, envelope_members, COUNT(envelope_members));
    LDBX_TRY(read_members(in, root, envelope_members, COUNT(envelope_members), error));
    if (ldbx_json_get(root, "type") != NULL && strcmp(ldbx_json_text(root, "type", ""), "databricks") != 0)
        add_fault(in, "type must be the text databricks");
    return read_config(in, ldbx_json_get(root, "config"), error);
}

/* An authorization is a whole: nothing of an earlier one stays. */
static void forget_authorization(ldbx_config *config)
{
    for (size_t i = 0; i < COUNT(envelope_members); i++)
        if (envelope_members[i].setting != NULL)
            ldbx_config_unset(config, envelope_members[i].setting);
    for (size_t i = 0; i < COUNT(config_members); i++)
        if (config_members[i].setting != NULL)
            ldbx_config_unset(config, config_members[i].setting);
}

int ldbx_config_load_json(ldbx_config *config, ldbx_view json, ldbx_error **error)
{
    int status;
    cJSON *root = NULL;
    reading in = {0};

    LDBX_TRY(check_target(config, error));
    ldbx_buf_init(&in.faults, LDBX_MAX_ERROR);
    LDBX_GO(ldbx_json_parse(json, &root, error));
    LDBX_GO(ldbx_config_clone(config, &in.config, error));
    forget_authorization(in.config);
    LDBX_GO(read_authorization(&in, root, error));
    if (in.faults.size > 0 || in.faults.failed) {
        const char *faults = ldbx_buf_cstr(&in.faults);
        status = faults == NULL ? ldbx_fail_no_memory(error) : ldbx_fail(error, LDBX_INVALID_DATA, "%s", faults);
        goto out;
    }
    swap_in(config, in.config);
out:
    ldbx_config_destroy(in.config);
    ldbx_buf_clear(&in.faults);
    ldbx_json_wipe(root);
    return status;
}

int ldbx_config_load_file(ldbx_config *config, const char *path, ldbx_error **error)
{
    int status;
    ldbx_buf text;

    LDBX_TRY(check_target(config, error));
    if (path == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "path is NULL");
    status = ldbx_file_read_secret(path, MAX_FILE, &text, error);
    if (status == LDBX_NOT_FOUND)
        status = ldbx_fail(error, LDBX_IO, "%s: not found", path);
    LDBX_GO(status);
    status = ldbx_config_load_json(config, ldbx_buf_get(&text), error);
    if (status != LDBX_OK)
        ldbx_error_prefix(error, "%s", path);
out:
    ldbx_buf_wipe(&text);
    return status;
}

/* The environment. */

int ldbx_config_load_env(ldbx_config *config, ldbx_error **error)
{
    static const char *const variables[][2] = {
        {"DATABRICKS_HOST", "host"},           {"DATABRICKS_PORT", "port"},
        {"DATABRICKS_HTTP_PATH", "http_path"}, {"DATABRICKS_TOKEN", "token"},
        {"DATABRICKS_CLIENT_ID", "client_id"}, {"DATABRICKS_CLIENT_SECRET", "client_secret"},
        {"DATABRICKS_USERNAME", "username"},   {"DATABRICKS_PASSWORD", "password"}};
    int status;
    ldbx_config *clone = NULL;

    LDBX_TRY(check_target(config, error));
    LDBX_GO(ldbx_config_clone(config, &clone, error));
    for (size_t i = 0; i < COUNT(variables); i++) {
        const char *value = getenv(variables[i][0]);
        if (value != NULL && value[0] != '\0') /* in shells, empty means not set */
            LDBX_GO(ldbx_config_set_as(clone, variables[i][1], variables[i][0], ldbx_view_of(value), error));
    }
    swap_in(config, clone);
out:
    ldbx_config_destroy(clone);
    return status;
}

/* Profiles. */

typedef struct profile {
    ldbx_config *config;
    const char *path;
    const char *name;
    size_t line;
    bool found;
    bool inside;
} profile;

static bool next_line(ldbx_view *rest, ldbx_view *line)
{
    const char *end = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;

    if (rest->size == 0)
        return false;
    *line = (ldbx_view){rest->data, end != NULL ? (size_t)(end - rest->data) : rest->size};
    rest->data += line->size + (end != NULL);
    rest->size -= line->size + (end != NULL);
    return true;
}

/* Whatever is wrong, the line is not repeated: it may hold a token. */
static int fail_line(const profile *in, const char *what, ldbx_error **error)
{
    return ldbx_fail(error, LDBX_INVALID_DATA, "%s: line %zu: %s", in->path, in->line, what);
}

static int read_section(profile *in, ldbx_view line, ldbx_error **error)
{
    if (line.data[line.size - 1] != ']')
        return fail_line(in, "a section without its closing bracket", error);
    in->inside = ldbx_view_eq(ldbx_view_trim((ldbx_view){line.data + 1, line.size - 2}), in->name);
    in->found = in->found || in->inside;
    return LDBX_OK;
}

/* Keys of the Databricks tools that mean nothing to us are passed over. */
static int read_pair(profile *in, ldbx_view key, ldbx_view value, ldbx_error **error)
{
    static const char *const keys[] = {"host",      "port",          "http_path", "token",
                                       "client_id", "client_secret", "username",  "password"};
    ldbx_error *fault = NULL;
    int status = LDBX_OK;

    for (size_t i = 0; i < COUNT(keys); i++)
        if (ldbx_view_ieq(key, keys[i]))
            status = ldbx_config_set_as(in->config, keys[i], keys[i], value, &fault);
    if (status == LDBX_INVALID_ARGUMENT)
        status = fail_line(in, ldbx_error_message(fault), error);
    else
        ldbx_error_move(error, &fault);
    ldbx_error_destroy(fault);
    return status;
}

static int read_line(profile *in, ldbx_view raw, ldbx_error **error)
{
    ldbx_view line = ldbx_view_trim(raw);
    size_t split = 0;

    if (line.size == 0 || line.data[0] == '#' || line.data[0] == ';')
        return LDBX_OK;
    if (line.data[0] == '[')
        return read_section(in, line, error);
    if (!in->inside)
        return LDBX_OK;
    while (split < line.size && line.data[split] != '=' && line.data[split] != ':')
        split++;
    if (split == line.size && line.data > raw.data)
        return LDBX_OK; /* indented: goes on with a value of several lines, which none of ours is */
    if (split == line.size)
        return fail_line(in, "neither a section nor key = value", error);
    return read_pair(in, ldbx_view_trim((ldbx_view){line.data, split}),
                     ldbx_view_trim((ldbx_view){line.data + split + 1, line.size - split - 1}), error);
}

static int read_profile(profile *in, ldbx_view text, ldbx_error **error)
{
    ldbx_view line;

    for (in->line = 1; next_line(&text, &line); in->line++)
        LDBX_TRY(read_line(in, line, error));
    if (!in->found)
        return ldbx_fail(error, LDBX_NOT_FOUND, "%s: no profile [%s]", in->path, in->name);
    return LDBX_OK;
}

/* The path to read: given, or where the Databricks tools look. */
static int find_profiles(const char *given, ldbx_buf *path, ldbx_error **error)
{
    const char *home = getenv("HOME");

    if (given == NULL || given[0] == '\0')
        given = getenv("DATABRICKS_CONFIG_FILE");
    if (given != NULL && given[0] != '\0')
        ldbx_buf_str(path, given);
    else if (home != NULL && home[0] != '\0')
        ldbx_buf_printf(path, "%s/.databrickscfg", home);
    else
        return ldbx_fail(error, LDBX_NOT_FOUND, "neither DATABRICKS_CONFIG_FILE nor HOME says where .databrickscfg is");
    return ldbx_buf_cstr(path) != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

int ldbx_config_load_profile(ldbx_config *config, const char *path, const char *name, ldbx_error **error)
{
    int status;
    profile in = {.name = name != NULL ? name : "DEFAULT"};
    ldbx_buf found;
    ldbx_buf text = {0};

    LDBX_TRY(check_target(config, error));
    ldbx_buf_init(&found, LDBX_MAX_ERROR);
    LDBX_GO(find_profiles(path, &found, error));
    in.path = ldbx_buf_cstr(&found);
    LDBX_GO(ldbx_file_read_secret(in.path, MAX_FILE, &text, error));
    LDBX_GO(ldbx_config_clone(config, &in.config, error));
    LDBX_GO(read_profile(&in, ldbx_buf_get(&text), error));
    swap_in(config, in.config);
out:
    ldbx_config_destroy(in.config);
    ldbx_buf_wipe(&text);
    ldbx_buf_clear(&found);
    return status;
}
