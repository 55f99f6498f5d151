#include "client/config.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

/* How a setting is kept. */
typedef enum kind {
    KIND_TEXT,   /* char * */
    KIND_SECRET, /* ldbx_secret */
    KIND_HOST,   /* ldbx_host; a port behind the name becomes the port */
    KIND_PATH,   /* char *, made exact by net/url.h */
    KIND_NUMBER  /* int64_t */
} kind;

/* What a text may hold. */
typedef enum charset {
    CHARS_LINE,  /* UTF-8 without control characters */
    CHARS_LINES, /* line ends and tabs too */
    CHARS_ASCII, /* what a header can carry: printable ASCII and blanks */
    CHARS_WORD,  /* printable ASCII without blanks */
    CHARS_USER   /* as CHARS_LINE, without the colon that ends a user name in Basic credentials */
} charset;

typedef struct setting {
    const char *key;
    kind kind;
    size_t at;      /* its member */
    size_t text_at; /* of host and numbers: what get gives */
    charset chars;  /* of texts and secrets */
    bool required;  /* of texts and secrets: the empty text is refused */
    int64_t low, high, otherwise;
} setting;

#define MEMBER(name) offsetof(ldbx_config, name)
#define TEXT(key, member, chars)                                                                                       \
    {                                                                                                                  \
        key, KIND_TEXT, MEMBER(member), 0, chars, false, 0, 0, 0                                                       \
    }
#define SECRET(key, member, chars, empty)                                                                              \
    {                                                                                                                  \
        key, KIND_SECRET, MEMBER(member), 0, chars, !(empty), 0, 0, 0                                                  \
    }
#define NUMBER(key, member, index, low, high, otherwise)                                                               \
    {                                                                                                                  \
        key, KIND_NUMBER, MEMBER(member), MEMBER(number_texts[index]), CHARS_LINE, false, low, high, otherwise         \
    }
#define A_DAY_MS  86400000
#define MAX_VALUE 32768

/* The one table of settings; docs/configuration.md follows it. */
static const setting settings[] = {
    {"host", KIND_HOST, MEMBER(host), MEMBER(host_text), CHARS_LINE, false, 0, 0, 0},
    NUMBER("port", port, 0, 1, 65535, 443),
    {"http_path", KIND_PATH, MEMBER(http_path), 0, CHARS_LINE, false, 0, 0, 0},
    SECRET("token", credential.token, CHARS_WORD, false),
    TEXT("client_id", credential.client_id, CHARS_USER),
    SECRET("client_secret", credential.client_secret, CHARS_WORD, false),
    TEXT("username", credential.username, CHARS_USER),
    SECRET("password", credential.password, CHARS_LINE, true),
    TEXT("label", label, CHARS_LINE),
    TEXT("description", description, CHARS_LINES),
    TEXT("catalog", catalog, CHARS_LINE),
    TEXT("schema", schema, CHARS_LINE),
    TEXT("user_agent", user_agent, CHARS_ASCII),
    TEXT("ca_file", ca_file, CHARS_LINE),
    TEXT("proxy", proxy, CHARS_WORD),
    NUMBER("connect_timeout_ms", connect_timeout_ms, 1, 1, A_DAY_MS, 30000),
    NUMBER("request_timeout_ms", request_timeout_ms, 2, 1, A_DAY_MS, 900000),
    NUMBER("start_timeout_ms", start_timeout_ms, 3, 1, A_DAY_MS, 900000),
    NUMBER("page_rows", page_rows, 4, 1, 10000000, 100000),
    NUMBER("page_bytes", page_bytes, 5, 1024, 512 << 20, 16 << 20),
};

#define SETTING_COUNT (sizeof settings / sizeof settings[0])

static const setting *find_setting(const char *key)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (strcmp(settings[i].key, key) == 0)
            return &settings[i];
    return NULL;
}

static void *member(ldbx_config *config, size_t at)
{
    return (char *)config + at;
}

static const void *member_of(const ldbx_config *config, size_t at)
{
    return (const char *)config + at;
}

static const char *text_of(const ldbx_config *config, size_t at)
{
    return *(char *const *)member_of(config, at);
}

static void replace_text(char **text, char *with)
{
    ldbx_free(*text);
    *text = with;
}

static void put_number(ldbx_config *config, const setting *row, int64_t value)
{
    *(int64_t *)member(config, row->at) = value;
    ldbx_format_int64(member(config, row->text_at), value);
}

static void unset(ldbx_config *config, const setting *row)
{
    switch (row->kind) {
    case KIND_TEXT:
    case KIND_PATH:
        replace_text(member(config, row->at), NULL);
        return;
    case KIND_SECRET:
        ldbx_secret_clear(member(config, row->at));
        return;
    case KIND_HOST:
        ldbx_host_clear(member(config, row->at));
        replace_text(member(config, row->text_at), NULL);
        return;
    case KIND_NUMBER:
        put_number(config, row, row->otherwise);
        return;
    }
}

void ldbx_config_unset(ldbx_config *config, const char *key)
{
    unset(config, find_setting(key));
}

int ldbx_config_new(ldbx_config **out, ldbx_error **error)
{
    if (out == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "out is NULL");
    *out = ldbx_calloc(1, sizeof **out);
    if (*out == NULL)
        return ldbx_fail_no_memory(error);
    for (size_t i = 0; i < SETTING_COUNT; i++)
        unset(*out, &settings[i]);
    (*out)->heartbeat_ms = LDBX_HEARTBEAT_MS;
    return LDBX_OK;
}

void ldbx_config_destroy(ldbx_config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < SETTING_COUNT; i++)
        unset(config, &settings[i]);
    ldbx_free(config);
}

static bool is_allowed(unsigned char c, charset chars)
{
    bool control = c < ' ' || c == 127;

    switch (chars) {
    case CHARS_LINES:
        return !control || c == '\n' || c == '\r' || c == '\t';
    case CHARS_ASCII:
        return !control && c < 127;
    case CHARS_WORD:
        return !control && c < 127 && c != ' ';
    case CHARS_USER:
        return !control && c != ':';
    default:
        return !control;
    }
}

/* Says what is wrong without repeating the text, which may be a secret in the wrong place. */
static int check_text(const setting *row, const char *shown, ldbx_view value, ldbx_error **error)
{
    static const char *const rules[] = {
        [CHARS_LINE] = "UTF-8 text without control characters",
        [CHARS_LINES] = "UTF-8 text without control characters",
        [CHARS_ASCII] = "printable ASCII text",
        [CHARS_WORD] = "printable ASCII text without blanks and line ends",
        [CHARS_USER] = "UTF-8 text without colons and control characters",
    };
    bool good = ldbx_utf8_valid(value);

    if (row->required && value.size == 0)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s must not be empty", shown);
    for (size_t i = 0; i < value.size; i++)
        good = good && is_allowed((unsigned char)value.data[i], row->chars);
    if (!good)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s must be %s", shown, rules[row->chars]);
    return LDBX_OK;
}

static int set_text(ldbx_config *config, const setting *row, ldbx_view value, ldbx_error **error)
{
    char *copy = NULL;

    if (value.size > 0) {
        copy = ldbx_strndup(value.data, value.size);
        if (copy == NULL)
            return ldbx_fail_no_memory(error);
    }
    replace_text(member(config, row->at), copy);
    return LDBX_OK;
}

static int set_host(ldbx_config *config, const setting *row, ldbx_view value, ldbx_error **error)
{
    ldbx_host host;
    ldbx_buf text;
    char *shown;

    LDBX_TRY(ldbx_host_parse(value, &host, error));
    ldbx_buf_init(&text, LDBX_MAX_ERROR);
    ldbx_buf_printf(&text, "%s%s", host.plain ? "http://" : "", host.name);
    shown = ldbx_buf_detach(&text);
    ldbx_buf_clear(&text);
    if (shown == NULL) {
        ldbx_host_clear(&host);
        return ldbx_fail_no_memory(error);
    }
    unset(config, row);
    if (host.port != 0)
        put_number(config, find_setting("port"), host.port);
    host.port = 0; /* the port has one place */
    config->host = host;
    config->host_text = shown;
    return LDBX_OK;
}

static int set_path(ldbx_config *config, const setting *row, ldbx_view value, ldbx_error **error)
{
    char *path;

    LDBX_TRY(ldbx_http_path_parse(value, &path, error));
    replace_text(member(config, row->at), path);
    return LDBX_OK;
}

/* Errors of net/url.h call the thing by its own name; the user's name for it goes in front. */
static int named(int status, const char *shown, ldbx_error **error)
{
    if (status == LDBX_INVALID_ARGUMENT && error != NULL &&
        !ldbx_view_starts(ldbx_view_of(ldbx_error_message(*error)), shown))
        ldbx_error_prefix(error, "%s", shown);
    return status;
}

static int set_number(ldbx_config *config, const setting *row, const char *shown, ldbx_view value, ldbx_error **error)
{
    int64_t number;

    if (!ldbx_parse_int64(value, row->low, row->high, &number))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s must be an integer from %lld to %lld", shown,
                         (long long)row->low, (long long)row->high);
    put_number(config, row, number);
    return LDBX_OK;
}

static int fail_unknown(const char *shown, ldbx_error **error)
{
    ldbx_buf text;
    int status;

    ldbx_buf_init(&text, LDBX_MAX_ERROR);
    ldbx_buf_one_line(&text, ldbx_view_of(shown), 64);
    ldbx_buf_str(&text, " is no setting; known are ");
    for (size_t i = 0; i < SETTING_COUNT; i++)
        ldbx_buf_printf(&text, "%s%s", i > 0 ? ", " : "", settings[i].key);
    status = ldbx_buf_cstr(&text) != NULL ? ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s", ldbx_buf_cstr(&text))
                                          : ldbx_fail_no_memory(error);
    ldbx_buf_clear(&text);
    return status;
}

int ldbx_config_set_as(ldbx_config *config, const char *key, const char *shown, ldbx_view value, ldbx_error **error)
{
    const setting *row = find_setting(key);

    if (row == NULL)
        return fail_unknown(shown, error);
    if (value.size > MAX_VALUE)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s must not be longer than %d bytes", shown, MAX_VALUE);
    switch (row->kind) {
    case KIND_HOST:
        return named(set_host(config, row, value, error), shown, error);
    case KIND_PATH:
        return named(set_path(config, row, value, error), shown, error);
    case KIND_NUMBER:
        return set_number(config, row, shown, value, error);
    case KIND_SECRET:
        LDBX_TRY(check_text(row, shown, value, error));
        return ldbx_secret_set(member(config, row->at), value) ? LDBX_OK : ldbx_fail_no_memory(error);
    default:
        LDBX_TRY(check_text(row, shown, value, error));
        return set_text(config, row, value, error);
    }
}

int ldbx_config_set(ldbx_config *config, const char *key, const char *value, ldbx_error **error)
{
    if (config == NULL || key == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is NULL", config == NULL ? "config" : "key");
    if (value == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "the value for %s is NULL", key);
    return ldbx_config_set_as(config, key, key, ldbx_view_of(value), error);
}

/* A proxy's address may hold its password. */
static const char *without_secret(const char *proxy)
{
    return proxy != NULL && strchr(proxy, '@') != NULL ? NULL : proxy;
}

const char *ldbx_config_get(const ldbx_config *config, const char *key)
{
    const setting *row = config != NULL && key != NULL ? find_setting(key) : NULL;

    if (row == NULL)
        return NULL;
    switch (row->kind) {
    case KIND_TEXT:
    case KIND_PATH:
        return row->at == MEMBER(proxy) ? without_secret(config->proxy) : text_of(config, row->at);
    case KIND_HOST:
        return text_of(config, row->text_at);
    case KIND_NUMBER:
        return member_of(config, row->text_at);
    default:
        return NULL;
    }
}

static bool copy_text(ldbx_config *to, const ldbx_config *from, size_t at)
{
    const char *text = text_of(from, at);
    char *copy = text != NULL ? ldbx_strdup(text) : NULL;

    replace_text(member(to, at), copy);
    return (copy == NULL) == (text == NULL);
}

static bool copy_host(ldbx_config *to, const ldbx_config *from, const setting *row)
{
    if (from->host.name == NULL)
        return true;
    to->host.plain = from->host.plain;
    to->host.name = ldbx_strdup(from->host.name);
    return to->host.name != NULL && copy_text(to, from, row->text_at);
}

static bool copy_setting(ldbx_config *to, const ldbx_config *from, const setting *row)
{
    switch (row->kind) {
    case KIND_SECRET:
        return ldbx_secret_copy(member(to, row->at), member_of(from, row->at));
    case KIND_HOST:
        return copy_host(to, from, row);
    case KIND_NUMBER:
        put_number(to, row, *(const int64_t *)member_of(from, row->at));
        return true;
    default:
        return copy_text(to, from, row->at);
    }
}

int ldbx_config_clone(const ldbx_config *config, ldbx_config **out, ldbx_error **error)
{
    int status;
    ldbx_config *clone = NULL;

    *out = NULL;
    LDBX_GO(ldbx_config_new(&clone, error));
    clone->heartbeat_ms = config->heartbeat_ms;
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (!copy_setting(clone, config, &settings[i]))
            LDBX_GO(ldbx_fail_no_memory(error));
    *out = clone;
    clone = NULL;
out:
    ldbx_config_destroy(clone);
    return status;
}

const char *const ldbx_credential_keys[LDBX_CREDENTIAL_KINDS][2] = {
    {"token", NULL}, {"client_id", "client_secret"}, {"username", "password"}};

ldbx_credential_fault ldbx_judge_credential(bool given[LDBX_CREDENTIAL_KINDS][2], const char *keys[2])
{
    size_t kinds = 0;
    ldbx_credential_fault fault = LDBX_CREDENTIAL_GOOD;

    for (size_t i = 0; i < LDBX_CREDENTIAL_KINDS; i++) {
        const char *const *pair = ldbx_credential_keys[i];
        if (!given[i][0] && !given[i][1])
            continue;
        if (kinds++ == 1) {
            keys[1] = pair[given[i][0] ? 0 : 1];
            return LDBX_CREDENTIAL_TWO;
        }
        keys[0] = pair[given[i][0] ? 0 : 1];
        if (pair[1] != NULL && given[i][0] != given[i][1]) {
            keys[1] = pair[given[i][0] ? 1 : 0];
            fault = LDBX_CREDENTIAL_HALF;
        }
    }
    return kinds == 0 ? LDBX_CREDENTIAL_NONE : fault;
}

static bool is_set(const ldbx_config *config, const char *key)
{
    return key != NULL && text_of(config, find_setting(key)->at) != NULL; /* a secret is its text */
}

int ldbx_config_validate(const ldbx_config *config, ldbx_error **error)
{
    bool given[LDBX_CREDENTIAL_KINDS][2];
    const char *keys[2];
    const char *missing[3];
    size_t count = 0;
    ldbx_credential_fault fault;

    if (config == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "config is NULL");
    for (size_t i = 0; i < LDBX_CREDENTIAL_KINDS; i++)
        for (size_t j = 0; j < 2; j++)
            given[i][j] = is_set(config, ldbx_credential_keys[i][j]);
    fault = ldbx_judge_credential(given, keys);
    if (config->host.name == NULL)
        missing[count++] = "host";
    if (config->http_path == NULL)
        missing[count++] = "http_path";
    if (fault == LDBX_CREDENTIAL_NONE)
        missing[count++] = "token (or client_id and client_secret, or username and password)";
    else if (fault == LDBX_CREDENTIAL_HALF)
        missing[count++] = keys[1];
    if (count > 0)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "not set: %s%s%s%s%s", missing[0], count > 1 ? ", " : "",
                         count > 1 ? missing[1] : "", count > 2 ? ", " : "", count > 2 ? missing[2] : "");
    if (fault == LDBX_CREDENTIAL_TWO)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s and %s are set; only one kind of credential can be", keys[0],
                         keys[1]);
    return LDBX_OK;
}
