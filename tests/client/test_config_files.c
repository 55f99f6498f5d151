/* Configurations from authorization files, the environment and profiles. */
#include "configs.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

#define GOOD_JSON                                                                                                      \
    "{\"label\": \"L\", \"description\": \"D\", \"type\": \"databricks\", \"config\": {\"host\": "                     \
    "\"https://h.example/\", "                                                                                         \
    "\"port\": 8443, \"httppath\": \"sql/1.0/warehouses/w/\", \"token\": \"" SECRET "\"}}"

START_TEST(an_authorization)
{
    ldbx_config *config = fresh();
    ldbx_error *error = NULL;

    set(config, "username", "earlier");
    set(config, "password", "earlier");
    set(config, "client_id", "earlier");
    set(config, "client_secret", "earlier");
    set(config, "port", "1");
    set(config, "catalog", "kept");
    expect_ok(ldbx_config_load_json(config, ldbx_view_of(GOOD_JSON), &error), error);
    ck_assert_str_eq(ldbx_config_get(config, "label"), "L");
    ck_assert_str_eq(ldbx_config_get(config, "description"), "D");
    ck_assert_str_eq(ldbx_config_get(config, "host"), "h.example");
    ck_assert_str_eq(ldbx_config_get(config, "port"), "8443");
    ck_assert_str_eq(ldbx_config_get(config, "http_path"), "/sql/1.0/warehouses/w");
    ck_assert_str_eq(config->credential.token.text, SECRET);
    ck_assert_ptr_null(config->credential.username);
    ck_assert_ptr_null(config->credential.password.text);
    ck_assert_ptr_null(config->credential.client_id);
    ck_assert_ptr_null(config->credential.client_secret.text);
    ck_assert_str_eq(ldbx_config_get(config, "catalog"), "kept");
    expect_ok(ldbx_config_validate(config, &error), error);
    expect_ok(ldbx_config_load_json(
                  config,
                  ldbx_view_of("{\"label\":\"S\",\"config\":{\"host\":\"http://localhost:10001\",\"httppath\":"
                               "\"/cliservice\",\"username\":\"u\",\"password\":\"\"}}"),
                  &error),
              error);
    ck_assert_str_eq(ldbx_config_get(config, "port"), "10001");
    ck_assert_ptr_null(ldbx_config_get(config, "description"));
    ck_assert_ptr_null(config->credential.token.text);
    ck_assert_str_eq(config->credential.password.text, "");
    expect_ok(ldbx_config_validate(config, &error), error);
    expect_ok(ldbx_config_load_json(config,
                                    ldbx_view_of("{\"label\":\"S\",\"config\":{\"host\":\"h\",\"httppath\":\"/p\","
                                                 "\"client_id\":\"i\",\"client_secret\":\"" SECRET "\"}}"),
                                    &error),
              error);
    ck_assert_str_eq(ldbx_config_get(config, "client_id"), "i");
    ck_assert_str_eq(config->credential.client_secret.text, SECRET);
    ck_assert_ptr_null(config->credential.username);
    expect_ok(ldbx_config_validate(config, &error), error);
    /* The port that is given by itself wins, whatever the order. */
    expect_ok(
        ldbx_config_load_json(config,
                              ldbx_view_of("{\"label\":\"S\",\"config\":{\"port\":444,\"host\":\"h:1\",\"httppath\":"
                                           "\"/x\",\"token\":\"t\"}}"),
                              &error),
        error);
    ck_assert_int_eq(config->port, 444);
    ldbx_config_destroy(config);
}
END_TEST

#define CONFIG(text) "{\"label\": \"L\", \"config\": {" text "}}"
#define THREE        "\"host\": \"h\", \"httppath\": \"/p\", \"token\": \"" SECRET "\""

static const struct {
    const char *json;
    int status;
    const char *message; /* whole; or a part of it, behind an asterisk */
} documents[] = {
    {"", LDBX_INVALID_DATA, "*empty"},
    {"{", LDBX_INVALID_DATA, "*line 1"},
    {"{\"token\": \"" SECRET "\"\n, x", LDBX_INVALID_DATA, "*not valid JSON"},
    {"[]", LDBX_INVALID_DATA, "the authorization must be an object"},
    {"{}", LDBX_INVALID_DATA, "label is missing\nconfig is missing"},
    {"{\"label\": 1, \"config\": 2}", LDBX_INVALID_DATA, "label must be text\nconfig must be an object"},
    {"{\"label\": \"\", \"config\": null}", LDBX_INVALID_DATA, "label must not be empty\nconfig must be an object"},
    {CONFIG(""), LDBX_INVALID_DATA,
     "config.host is missing\nconfig.httppath is missing\nconfig.token is missing (or config.client_id and "
     "config.client_secret, or config.username and config.password)"},
    {"{\"label\": \"L\", \"type\": \"snowflake\", \"config\": {" THREE "}}", LDBX_INVALID_DATA,
     "type must be the text databricks"},
    {"{\"label\": \"L\", \"type\": 1, \"config\": {" THREE "}}", LDBX_INVALID_DATA, "type must be the text databricks"},
    {"{\"label\": \"L\", \"description\": null, \"config\": {" THREE "}}", LDBX_INVALID_DATA,
     "description must be text"},
    {"{\"label\": \"L\", \"" SECRET "x\": 1, \"config\": {" THREE "}}", LDBX_INVALID_DATA, "*"},
    {"{\"label\": \"L\", \"Label\": \"L\", \"token\": \"" SECRET "\", \"config\": {" THREE "}}", LDBX_INVALID_DATA,
     "Label is not known; known are label, description, type, config\n"
     "token is not known; known are label, description, type, config"},
    {CONFIG(THREE ", \"http_path\": \"/p\""), LDBX_INVALID_DATA,
     "config.http_path is not known; known are host, port, httppath, token, client_id, client_secret, username, "
     "password"},
    {CONFIG(THREE ", \"port\": \"443\""), LDBX_INVALID_DATA, "config.port must be an integer from 1 to 65535"},
    {CONFIG(THREE ", \"port\": 443.5"), LDBX_INVALID_DATA, "config.port must be an integer from 1 to 65535"},
    {CONFIG(THREE ", \"port\": 0"), LDBX_INVALID_DATA, "config.port must be an integer from 1 to 65535"},
    {CONFIG(THREE ", \"port\": 1e300"), LDBX_INVALID_DATA, "config.port must be an integer from 1 to 65535"},
    {CONFIG("\"host\": \"http://h\", \"port\": 70000, \"httppath\": \"\", \"token\": \"" SECRET " \""),
     LDBX_INVALID_DATA,
     "config.host: host with http:// must be localhost, 127.x.y.z or [::1]; others need https://\n"
     "config.port must be an integer from 1 to 65535\nconfig.httppath must not be empty\n"
     "config.token must be printable ASCII text without blanks and line ends"},
    {CONFIG("\"host\": [\"h\"], \"httppath\": {}, \"token\": 5"), LDBX_INVALID_DATA,
     "config.host must be text\nconfig.httppath must be text\nconfig.token must be text"},
    {CONFIG("\"host\": \"h\", \"httppath\": \"/p\", \"token\": \"\""), LDBX_INVALID_DATA,
     "config.token must not be empty"},
    {CONFIG(THREE ", \"username\": \"u\""), LDBX_INVALID_DATA, "config.token and config.username exclude each other"},
    {CONFIG(THREE ", \"password\": \"" SECRET "\""), LDBX_INVALID_DATA,
     "config.token and config.password exclude each other"},
    {CONFIG("\"host\": \"h\", \"httppath\": \"/p\", \"username\": \"u\""), LDBX_INVALID_DATA,
     "config.password is missing beside config.username"},
    {CONFIG("\"host\": \"h\", \"httppath\": \"/p\", \"password\": \"" SECRET "\""), LDBX_INVALID_DATA,
     "config.username is missing beside config.password"},
    {CONFIG("\"host\": \"h\", \"httppath\": \"/p\", \"client_id\": \"i\""), LDBX_INVALID_DATA,
     "config.client_secret is missing beside config.client_id"},
    {CONFIG(THREE ", \"client_secret\": \"" SECRET "\""), LDBX_INVALID_DATA,
     "config.token and config.client_secret exclude each other"},
    {CONFIG("\"host\": \"h\", \"httppath\": \"/p\", \"client_id\": \"a:b\", \"client_secret\": \"" SECRET " \""),
     LDBX_INVALID_DATA,
     "config.client_id must be UTF-8 text without colons and control characters\n"
     "config.client_secret must be printable ASCII text without blanks and line ends"},
    {CONFIG(THREE ", \"host\": \"i\""), LDBX_INVALID_DATA, "*host"},
};

/* Keys are repeated, so the one case with a secret for a key is looked at by status alone. */
START_TEST(all_faults_of_a_document_at_once)
{
    const char *wanted = documents[_i].message;
    ldbx_config *config = fresh();
    ldbx_error *error = NULL;

    set(config, "host", "before");
    set(config, "token", "before");
    expect_status(ldbx_config_load_json(config, ldbx_view_of(documents[_i].json), &error), documents[_i].status, error);
    if (wanted[0] != '*')
        ck_assert_str_eq(ldbx_error_message(error), wanted);
    if (strcmp(wanted, "*") != 0)
        expect_fault(&error, wanted[0] == '*' ? wanted + 1 : wanted);
    ck_assert_int_eq(ldbx_config_load_json(config, ldbx_view_of(documents[_i].json), NULL), documents[_i].status);
    ck_assert_str_eq(config->host.name, "before");
    ck_assert_str_eq(config->credential.token.text, "before");
    ck_assert_ptr_null(config->label);
    ldbx_error_destroy(error);
    ldbx_config_destroy(config);
}
END_TEST

static char folder[] = "/tmp/ldbx-config-XXXXXX";

static const char *write_file(const char *name, const char *content)
{
    static char path[256];
    FILE *file;

    if (strstr(folder, "XXXXXX") != NULL)
        ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    fputs(content, file);
    fclose(file);
    return path;
}

static void remove_file(const char *path)
{
    unlink(path);
    rmdir(folder);
}

START_TEST(authorization_files)
{
    ldbx_config *config = fresh();
    ldbx_error *error = NULL;
    const char *path = write_file("auth.json", GOOD_JSON);

    expect_ok(ldbx_config_load_file(config, path, &error), error);
    ck_assert_str_eq(ldbx_config_get(config, "label"), "L");
    write_file("auth.json", "{\"label\": 1, \"config\": {\"token\": \"" SECRET "\n");
    expect_status(ldbx_config_load_file(config, path, &error), LDBX_INVALID_DATA, error);
    expect_fault(&error, path);
    remove_file(path);
    expect_status(ldbx_config_load_file(config, path, &error), LDBX_IO, error);
    expect_fault(&error, path);
    expect_status(ldbx_config_load_file(config, NULL, &error), LDBX_INVALID_ARGUMENT, error);
    expect_fault(&error, "path is NULL");
    expect_status(ldbx_config_load_file(NULL, path, &error), LDBX_INVALID_ARGUMENT, error);
    expect_fault(&error, "config is NULL");
    ck_assert_str_eq(ldbx_config_get(config, "label"), "L");
    ldbx_config_destroy(config);
}
END_TEST

static void clear_environment(void)
{
    unsetenv("DATABRICKS_HOST");
    unsetenv("DATABRICKS_PORT");
    unsetenv("DATABRICKS_HTTP_PATH");
    unsetenv("DATABRICKS_TOKEN");
    unsetenv("DATABRICKS_CLIENT_ID");
    unsetenv("DATABRICKS_CLIENT_SECRET");
    unsetenv("DATABRICKS_USERNAME");
    unsetenv("DATABRICKS_PASSWORD");
    unsetenv("DATABRICKS_CONFIG_FILE");
}

START_TEST(environment)
{
    ldbx_config *config = fresh();
    ldbx_error *error = NULL;

    clear_environment();
    set(config, "host", "before");
    expect_ok(ldbx_config_load_env(config, &error), error);
    ck_assert_str_eq(ldbx_config_get(config, "host"), "before");
    setenv("DATABRICKS_HOST", "https://env.example:1/", 1);
    setenv("DATABRICKS_PORT", "444", 1);
    setenv("DATABRICKS_HTTP_PATH", "/p", 1);
    setenv("DATABRICKS_TOKEN", SECRET, 1);
    expect_ok(ldbx_config_load_env(config, &error), error);
    ck_assert_str_eq(ldbx_config_get(config, "host"), "env.example");
    ck_assert_str_eq(ldbx_config_get(config, "port"), "444");
    ck_assert_str_eq(ldbx_config_get(config, "http_path"), "/p");
    ck_assert_str_eq(config->credential.token.text, SECRET);
    setenv("DATABRICKS_USERNAME", "u", 1);
    setenv("DATABRICKS_PASSWORD", SECRET "2", 1);
    expect_ok(ldbx_config_load_env(config, &error), error);
    ck_assert_str_eq(ldbx_config_get(config, "username"), "u");
    ck_assert_str_eq(config->credential.password.text, SECRET "2");
    setenv("DATABRICKS_HOST", "other.example", 1);
    setenv("DATABRICKS_HTTP_PATH", "", 1);
    setenv("DATABRICKS_TOKEN", SECRET " ", 1);
    expect_status(ldbx_config_load_env(config, &error), LDBX_INVALID_ARGUMENT, error);
    expect_fault(&error, "DATABRICKS_TOKEN must be printable");
    ck_assert_str_eq(ldbx_config_get(config, "host"), "env.example"); /* nothing was taken */
    setenv("DATABRICKS_TOKEN", "", 1);
    setenv("DATABRICKS_CLIENT_ID", "i", 1);
    setenv("DATABRICKS_CLIENT_SECRET", SECRET, 1);
    expect_ok(ldbx_config_load_env(config, &error), error);
    ck_assert_str_eq(ldbx_config_get(config, "client_id"), "i");
    ck_assert_str_eq(config->credential.client_secret.text, SECRET);
    setenv("DATABRICKS_CLIENT_SECRET", SECRET "\n", 1);
    expect_status(ldbx_config_load_env(config, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_str_eq(ldbx_error_message(error), /* whole: the variable's own name holds the word that is looked for */
                     "DATABRICKS_CLIENT_SECRET must be printable ASCII text without blanks and line ends");
    clear_environment();
    setenv("DATABRICKS_PORT", "many", 1);
    expect_status(ldbx_config_load_env(config, &error), LDBX_INVALID_ARGUMENT, error);
    expect_fault(&error, "DATABRICKS_PORT must be an integer from 1 to 65535");
    setenv("DATABRICKS_PORT", "", 1);
    setenv("DATABRICKS_HOST", "http://h", 1);
    expect_status(ldbx_config_load_env(config, &error), LDBX_INVALID_ARGUMENT, error);
    expect_fault(&error, "DATABRICKS_HOST: host with http://");
    ldbx_config_destroy(config);
}
END_TEST

static const char profiles[] = "; Databricks configuration\n"
                               "[DEFAULT]\n"
                               "host = https://default.example/\n"
                               "token = dapiDefault\n"
                               "\r\n"
                               "# [commented]\n"
                               " [ work ] \r\n"
                               "HOST=work.example:8443\r\n"
                               "http_path: /sql/1.0/warehouses/w\n"
                               "token=" SECRET "\n"
                               "auth_type = pat\n"
                               "cluster_id = 1\n"
                               "scopes =\n"
                               "   several\n"
                               "   lines\n"
                               "[oauth]\n"
                               "host = o.example\n"
                               "client_id = i\n"
                               "client_secret = " SECRET "\n"
                               "[wrong]\n"
                               "host = w.example\n"
                               "token = " SECRET " x\n"
                               "[broken]\n"
                               "host = b.example\n"
                               "token " SECRET "\n"
                               "[spark]\n"
                               "host = s.example\n"
                               "username = u\n"
                               "Password = " SECRET "\n"
                               "[last]\n"
                               "host = last.example";

START_TEST(a_profile)
{
    ldbx_config *config = fresh();
    ldbx_error *error = NULL;
    const char *path = write_file("databrickscfg", profiles);

    clear_environment();
    set(config, "catalog", "kept");
    expect_ok(ldbx_config_load_profile(config, path, "work", &error), error);
    ck_assert_str_eq(ldbx_config_get(config, "host"), "work.example");
    ck_assert_str_eq(ldbx_config_get(config, "port"), "8443");
    ck_assert_str_eq(ldbx_config_get(config, "http_path"), "/sql/1.0/warehouses/w");
    ck_assert_str_eq(config->credential.token.text, SECRET);
    ck_assert_str_eq(ldbx_config_get(config, "catalog"), "kept");
    ldbx_config_destroy(config);
    config = fresh();
    expect_ok(ldbx_config_load_profile(config, path, "spark", &error), error);
    ck_assert_str_eq(ldbx_config_get(config, "username"), "u");
    ck_assert_str_eq(config->credential.password.text, SECRET);
    expect_ok(ldbx_config_load_profile(config, path, "last", &error), error);
    ck_assert_str_eq(ldbx_config_get(config, "host"), "last.example");
    ldbx_config_destroy(config);
    config = fresh();
    expect_ok(ldbx_config_load_profile(config, path, "oauth", &error), error);
    ck_assert_str_eq(ldbx_config_get(config, "client_id"), "i");
    ck_assert_str_eq(config->credential.client_secret.text, SECRET);
    ldbx_config_destroy(config);
    config = fresh();
    setenv("DATABRICKS_CONFIG_FILE", path, 1);
    expect_ok(ldbx_config_load_profile(config, NULL, NULL, &error), error);
    ck_assert_str_eq(ldbx_config_get(config, "host"), "default.example");
    ck_assert_str_eq(config->credential.token.text, "dapiDefault");
    ck_assert_ptr_null(ldbx_config_get(config, "http_path"));
    remove_file(path);
    ldbx_config_destroy(config);
}
END_TEST

START_TEST(a_profile_in_the_home_folder)
{
    ldbx_config *config = fresh();
    ldbx_error *error = NULL;
    const char *path = write_file(".databrickscfg", profiles);

    clear_environment();
    setenv("HOME", folder, 1);
    expect_ok(ldbx_config_load_profile(config, NULL, "last", &error), error);
    ck_assert_str_eq(ldbx_config_get(config, "host"), "last.example");
    unsetenv("HOME");
    expect_status(ldbx_config_load_profile(config, NULL, "last", &error), LDBX_NOT_FOUND, error);
    expect_fault(&error, "neither DATABRICKS_CONFIG_FILE nor HOME");
    remove_file(path);
    ldbx_config_destroy(config);
}
END_TEST

static const struct {
    const char *profile;
    int status;
    const char *part;
} profile_faults[] = {
    {"none", LDBX_NOT_FOUND, "no profile [none]"},
    {"Work", LDBX_NOT_FOUND, "no profile [Work]"},
    {"commented", LDBX_NOT_FOUND, "no profile [commented]"},
    {"wrong", LDBX_INVALID_DATA, "line 22: token must be printable ASCII"},
    {"broken", LDBX_INVALID_DATA, "line 25: neither a section nor key = value"},
};

START_TEST(faults_of_profiles)
{
    ldbx_config *config = fresh();
    ldbx_error *error = NULL;
    const char *path = write_file("databrickscfg", profiles);

    set(config, "host", "before");
    expect_status(ldbx_config_load_profile(config, path, profile_faults[_i].profile, &error), profile_faults[_i].status,
                  error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), path));
    expect_fault(&error, profile_faults[_i].part);
    ck_assert_str_eq(ldbx_config_get(config, "host"), "before");
    write_file("databrickscfg", "[DEFAULT\nhost = h\n");
    expect_status(ldbx_config_load_profile(config, path, NULL, &error), LDBX_INVALID_DATA, error);
    expect_fault(&error, "line 1: a section without its closing bracket");
    write_file("databrickscfg", "host = h\n");
    expect_status(ldbx_config_load_profile(config, path, NULL, &error), LDBX_NOT_FOUND, error);
    expect_fault(&error, "no profile [DEFAULT]");
    remove_file(path);
    expect_status(ldbx_config_load_profile(config, path, NULL, &error), LDBX_NOT_FOUND, error);
    expect_fault(&error, path);
    ldbx_config_destroy(config);
}
END_TEST

/* Memory that the library gives back must not hold a secret any more. */

static int leaks;

static void *plain_allocate(size_t size, void *user)
{
    (void)user;
    return calloc(1, size);
}

static void look_for_secret(void *memory)
{
    leaks += memmem(memory, malloc_usable_size(memory), SECRET, sizeof SECRET - 1) != NULL;
}

static void *looking_reallocate(void *memory, size_t old, size_t size, void *user)
{
    void *moved = plain_allocate(size, user);

    memcpy(moved, memory, old < size ? old : size);
    look_for_secret(memory);
    free(memory);
    return moved;
}

static void looking_release(void *memory, void *user)
{
    (void)user;
    look_for_secret(memory);
    free(memory);
}

START_TEST(secrets_are_wiped)
{
    const ldbx_allocator looking = {sizeof looking, plain_allocate, looking_reallocate, looking_release, NULL};
    const char *path = write_file("auth.json", GOOD_JSON);
    ldbx_config *config;
    ldbx_config *clone;

    ck_assert_int_eq(ldbx_set_allocator(&looking), LDBX_OK);
    config = fresh();
    ck_assert_int_eq(ldbx_config_load_file(config, path, NULL), LDBX_OK);
    write_file("auth.json", profiles);
    ck_assert_int_eq(ldbx_config_load_profile(config, path, "work", NULL), LDBX_OK);
    ck_assert_int_eq(ldbx_config_load_profile(config, path, "wrong", NULL), LDBX_INVALID_DATA);
    set(config, "password", SECRET);
    set(config, "client_secret", SECRET);
    ck_assert_int_eq(ldbx_config_clone(config, &clone, NULL), LDBX_OK);
    set(clone, "token", "other");
    ldbx_config_destroy(clone);
    ldbx_config_destroy(config);
    ck_assert_int_eq(leaks, 0);
    look_for_secret(config = calloc(1, 100)); /* the search itself finds */
    memcpy((char *)config + 10, SECRET, sizeof SECRET);
    looking_release(config, NULL);
    ck_assert_int_eq(leaks, 1);
    remove_file(path);
}
END_TEST

typedef int (*step)(ldbx_config *config, const char *path, ldbx_error **error);

static int step_json(ldbx_config *config, const char *path, ldbx_error **error)
{
    (void)path;
    return ldbx_config_load_json(config, ldbx_view_of(GOOD_JSON), error);
}

static int step_bad_json(ldbx_config *config, const char *path, ldbx_error **error)
{
    int status = ldbx_config_load_json(config, ldbx_view_of("{\"x\": 1, \"config\": {\"port\": 0}}"), error);

    (void)path;
    return status == LDBX_INVALID_DATA ? LDBX_OK : status;
}

static int step_profile(ldbx_config *config, const char *path, ldbx_error **error)
{
    return ldbx_config_load_profile(config, path, "work", error);
}

static int step_env(ldbx_config *config, const char *path, ldbx_error **error)
{
    (void)path;
    return ldbx_config_load_env(config, error);
}

static int step_unknown(ldbx_config *config, const char *path, ldbx_error **error)
{
    int status = ldbx_config_set(config, "nothing", "x", error);

    (void)path;
    return status == LDBX_INVALID_ARGUMENT ? LDBX_OK : status;
}

static const step steps[] = {step_json, step_bad_json, step_profile, step_env, step_unknown};

START_TEST(every_allocation_may_fail)
{
    const char *path = write_file("databrickscfg", profiles);
    int status = LDBX_NO_MEMORY;

    clear_environment();
    setenv("DATABRICKS_HOST", "http://localhost:1", 1);
    setenv("DATABRICKS_TOKEN", SECRET, 1);
    for (long n = 1; status != LDBX_OK; n++) {
        ldbx_config *config = fresh();
        ldbx_error *error = NULL;
        set(config, "host", "h.example");
        set(config, "description", "before");
        set(config, "token", SECRET);
        set(config, "host", "before");
        suite_fail_allocation(n);
        status = steps[_i](config, path, &error);
        suite_fail_allocation(0);
        ck_assert_msg(status == LDBX_OK || status == LDBX_NO_MEMORY, "%s", ldbx_error_message(error));
        if (status != LDBX_OK)
            ck_assert_str_eq(ldbx_config_get(config, "host"), "before");
        ck_assert_int_lt(n, 500);
        ldbx_error_destroy(error);
        ldbx_config_destroy(config);
    }
    remove_file(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client/config_files");
    TCase *tcase = suite_case(suite, "config");

    tcase_add_test(tcase, an_authorization);
    tcase_add_loop_test(tcase, all_faults_of_a_document_at_once, 0, COUNT(documents));
    tcase_add_test(tcase, authorization_files);
    tcase_add_test(tcase, environment);
    tcase_add_test(tcase, a_profile);
    tcase_add_test(tcase, a_profile_in_the_home_folder);
    tcase_add_loop_test(tcase, faults_of_profiles, 0, COUNT(profile_faults));
    tcase_add_test(tcase, secrets_are_wiped);
    tcase_add_loop_test(tcase, every_allocation_may_fail, 0, COUNT(steps));
    return suite_run(suite);
}
