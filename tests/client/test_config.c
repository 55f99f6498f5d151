#include "configs.h"

#include "base/str.h"

START_TEST(defaults)
{
    ldbx_config *config = fresh();

    ck_assert_str_eq(ldbx_config_get(config, "port"), "443");
    ck_assert_str_eq(ldbx_config_get(config, "connect_timeout_ms"), "30000");
    ck_assert_str_eq(ldbx_config_get(config, "request_timeout_ms"), "900000");
    ck_assert_str_eq(ldbx_config_get(config, "start_timeout_ms"), "900000");
    ck_assert_str_eq(ldbx_config_get(config, "page_rows"), "100000");
    ck_assert_str_eq(ldbx_config_get(config, "page_bytes"), "16777216");
    ck_assert_int_eq(config->port, 443);
    ck_assert_int_eq(config->page_bytes, 16 << 20);
    ck_assert_ptr_null(ldbx_config_get(config, "host"));
    ck_assert_ptr_null(ldbx_config_get(config, "token"));
    ck_assert_ptr_null(ldbx_config_get(config, "no_such_key"));
    ck_assert_ptr_null(ldbx_config_get(NULL, "host"));
    ck_assert_ptr_null(ldbx_config_get(config, NULL));
    ldbx_config_destroy(config);
    ldbx_config_destroy(NULL);
}
END_TEST

static const struct {
    const char *key, *value, *back; /* back NULL: the value itself */
} good[] = {
    {"host", "dbc-1.cloud.databricks.com", NULL},
    {"host", "https://dbc-1.cloud.databricks.com//", "dbc-1.cloud.databricks.com"},
    {"host", "http://127.0.0.1", NULL},
    {"host", "http://localhost:8080/", "http://localhost"},
    {"host", "[::1]:8080", "[::1]"},
    {"port", "1", NULL},
    {"port", "65535", NULL},
    {"http_path", "sql/1.0/warehouses/x/", "/sql/1.0/warehouses/x"},
    {"http_path", "/sql/1.0/warehouses/x?o=12", NULL},
    {"client_id", "0f1e2d3c-0000-4000-8000-000000000000", NULL},
    {"username", "j\xc3\xb6rg", NULL},
    {"label", "My label", NULL},
    {"description", "two\nlines\tand a tab", NULL},
    {"catalog", "ma`in", NULL},
    {"schema", "my schema", NULL},
    {"user_agent", "lytics/1.2 (partner)", NULL},
    {"ca_file", "/etc/my certs/ca.pem", NULL},
    {"proxy", "http://proxy:3128", NULL},
    {"connect_timeout_ms", "1", NULL},
    {"request_timeout_ms", "86400000", NULL},
    {"start_timeout_ms", "1000", NULL},
    {"page_rows", "10000000", NULL},
    {"page_bytes", "536870912", NULL},
    {"page_bytes", "1024", NULL},
};

START_TEST(values_come_back)
{
    ldbx_config *config = fresh();

    set(config, good[_i].key, good[_i].value);
    ck_assert_str_eq(ldbx_config_get(config, good[_i].key), good[_i].back != NULL ? good[_i].back : good[_i].value);
    set(config, good[_i].key, good[_i].value);
    ldbx_config_destroy(config);
}
END_TEST

static const struct {
    const char *key, *value, *part;
} bad[] = {
    {"host", "", "host is empty"},
    {"host", "https://", "host is empty"},
    {"host", "http://example.com", "host with http://"},
    {"host", "a b", "host holds a blank"},
    {"host", "https://user:" SECRET "@h", "host must not hold a user name"},
    {"host", "h:0", "host has a port"},
    {"host", SECRET "/path", "host must not hold a path"},
    {"port", "0", "port must be an integer from 1 to 65535"},
    {"port", "65536", "port must be an integer from 1 to 65535"},
    {"port", "", "port must be an integer"},
    {"port", "443 ", "port must be an integer"},
    {"port", "0x1bb", "port must be an integer"},
    {"http_path", "", "http_path: http path is empty"},
    {"http_path", "/a b", "http_path: http path holds a blank"},
    {"token", "", "token must not be empty"},
    {"token", SECRET " ", "token must be printable ASCII text without blanks and line ends"},
    {"token", SECRET "\n", "token must be printable ASCII"},
    {"token", SECRET "\xc2\xa0", "token must be printable ASCII"},
    {"client_id", "a:b", "client_id must be UTF-8 text without colons"},
    {"client_secret", "", "client_secret must not be empty"},
    {"client_secret", SECRET "\t", "client_secret must be printable ASCII text without blanks and line ends"},
    {"password", SECRET "\r", "password must be UTF-8 text without control characters"},
    {"username", "a:b", "username must be UTF-8 text without colons"},
    {"label", "a\nb", "label must be UTF-8 text without control characters"},
    {"label", "\xff", "label must be UTF-8 text"},
    {"description", "\x01", "description must be UTF-8 text"},
    {"catalog", "a\x7f", "catalog must be UTF-8 text"},
    {"user_agent", "a\r\nAuthorization: " SECRET, "user_agent must be printable ASCII text"},
    {"user_agent", "\xc3\xa4", "user_agent must be printable ASCII text"},
    {"proxy", "http://u:" SECRET "@proxy 1", "proxy must be printable ASCII text without blanks"},
    {"connect_timeout_ms", "0", "connect_timeout_ms must be an integer from 1 to 86400000"},
    {"request_timeout_ms", "-1", "request_timeout_ms must be an integer"},
    {"start_timeout_ms", "86400001", "start_timeout_ms must be an integer"},
    {"page_rows", "0", "page_rows must be an integer from 1 to 10000000"},
    {"page_bytes", "1023", "page_bytes must be an integer from 1024 to 536870912"},
    {"Host", "h",
     "Host is no setting; known are host, port, http_path, token, client_id, client_secret, username, password, "
     "label, description, catalog, schema, user_agent, ca_file, proxy, connect_timeout_ms, request_timeout_ms, "
     "start_timeout_ms, page_rows, page_bytes"},
    {"", "h", "is no setting"},
    {"a\nb", "h", "a b is no setting"},
    {"host", NULL, "the value for host is NULL"},
    {NULL, "h", "key is NULL"},
};

START_TEST(wrong_values_are_named)
{
    ldbx_config *config = fresh();
    ldbx_error *error = NULL;

    set(config, "host", "before");
    set(config, "token", "before");
    expect_status(ldbx_config_set(config, bad[_i].key, bad[_i].value, &error), LDBX_INVALID_ARGUMENT, error);
    expect_fault(&error, bad[_i].part);
    ck_assert_int_eq(ldbx_config_set(config, bad[_i].key, bad[_i].value, NULL), LDBX_INVALID_ARGUMENT);
    ck_assert_str_eq(config->host.name, "before"); /* nothing was changed */
    ck_assert_str_eq(config->credential.token.text, "before");
    ck_assert_int_eq(config->port, 443);
    ldbx_config_destroy(config);
}
END_TEST

START_TEST(ports)
{
    ldbx_config *config = fresh();

    set(config, "host", "https://h:8443");
    ck_assert_int_eq(config->port, 8443);
    ck_assert_int_eq(config->host.port, 0);
    ck_assert_str_eq(ldbx_config_get(config, "port"), "8443");
    set(config, "host", "other");
    ck_assert_int_eq(config->port, 8443);
    set(config, "port", "444");
    ck_assert_int_eq(config->port, 444);
    set(config, "host", "http://[::1]:81");
    ck_assert_int_eq(config->port, 81);
    ck_assert(config->host.plain);
    set(config, "host", "h");
    ck_assert(!config->host.plain);
    ldbx_config_destroy(config);
}
END_TEST

START_TEST(empty_texts_unset)
{
    ldbx_config *config = fresh();

    set(config, "catalog", "main");
    set(config, "catalog", "");
    ck_assert_ptr_null(ldbx_config_get(config, "catalog"));
    ck_assert_ptr_null(config->catalog);
    set(config, "password", "");
    ck_assert_str_eq(config->credential.password.text, "");
    ldbx_config_destroy(config);
}
END_TEST

START_TEST(secrets_are_not_read_back)
{
    ldbx_config *config = fresh();

    set(config, "token", SECRET);
    set(config, "password", SECRET);
    set(config, "client_secret", SECRET);
    ck_assert_str_eq(config->credential.token.text, SECRET);
    ck_assert_str_eq(config->credential.password.text, SECRET);
    ck_assert_str_eq(config->credential.client_secret.text, SECRET);
    ck_assert_ptr_null(ldbx_config_get(config, "client_secret"));
    ck_assert_ptr_null(ldbx_config_get(config, "token"));
    ck_assert_ptr_null(ldbx_config_get(config, "password"));
    ldbx_config_destroy(config);
}
END_TEST

START_TEST(a_proxy_with_a_password_is_a_secret)
{
    ldbx_config *config = fresh();

    set(config, "proxy", "http://user:" SECRET "@proxy:3128");
    ck_assert_ptr_null(ldbx_config_get(config, "proxy"));
    ck_assert_str_eq(config->proxy, "http://user:" SECRET "@proxy:3128");
    set(config, "proxy", "http://proxy:3128");
    ck_assert_str_eq(ldbx_config_get(config, "proxy"), "http://proxy:3128");
    ldbx_config_destroy(config);
}
END_TEST

START_TEST(values_have_a_greatest_length)
{
    static const char *const keys[] = {"http_path",  "token",   "client_id",   "client_secret", "username",
                                       "password",   "label",   "description", "catalog",       "schema",
                                       "user_agent", "ca_file", "proxy"};
    ldbx_config *config = fresh();
    ldbx_error *error = NULL;
    char value[32768 + 2];

    memset(value, 'a', sizeof value);
    value[0] = '/'; /* or the path would get one */
    for (size_t i = 0; i < COUNT(keys); i++) {
        value[32769] = '\0';
        expect_status(ldbx_config_set(config, keys[i], value, &error), LDBX_INVALID_ARGUMENT, error);
        ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), keys[i]));
        ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "must not be longer than 32768 bytes"));
        ldbx_error_destroy(error);
        error = NULL;
        value[32768] = '\0';
        set(config, keys[i], value);
        value[32768] = 'a';
    }
    ldbx_config_destroy(config);
}
END_TEST

static void fill(ldbx_config *config)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        set(config, good[i].key, good[i].value);
    set(config, "token", SECRET);
    set(config, "password", "p" SECRET);
    set(config, "client_secret", "c" SECRET);
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : a != b && strcmp(a, b) == 0;
}

START_TEST(clones_are_their_own)
{
    ldbx_config *config = fresh();
    ldbx_config *clone = NULL;
    ldbx_error *error = NULL;

    fill(config);
    set(config, "host", "http://localhost:8080");
    set(config, "schema", "");
    expect_ok(ldbx_config_clone(config, &clone, &error), error);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(same_text(ldbx_config_get(config, good[i].key), ldbx_config_get(clone, good[i].key)), "%s",
                      good[i].key);
    ck_assert(same_text(config->credential.token.text, clone->credential.token.text));
    ck_assert(same_text(config->credential.password.text, clone->credential.password.text));
    ck_assert(same_text(config->credential.client_secret.text, clone->credential.client_secret.text));
    ck_assert(same_text(config->host.name, clone->host.name));
    ck_assert(clone->host.plain);
    ck_assert_int_eq(clone->port, config->port);
    ck_assert_int_eq(clone->page_rows, 10000000);
    ldbx_config_destroy(config);
    ck_assert_str_eq(clone->catalog, "ma`in");
    ldbx_config_destroy(clone);
    config = fresh();
    expect_ok(ldbx_config_clone(config, &clone, &error), error);
    ck_assert_ptr_null(clone->host.name);
    ck_assert_ptr_null(clone->credential.token.text);
    ldbx_config_destroy(config);
    ldbx_config_destroy(clone);
}
END_TEST

static const struct {
    const char *keys; /* set, each to "x" */
    const char *part; /* NULL: enough */
} validations[] = {
    {"", "not set: host, http_path, token (or client_id and client_secret, or username and password)"},
    {"host", "not set: http_path, token (or client_id"},
    {"http_path token", "not set: host"},
    {"host http_path", "not set: token (or client_id and client_secret, or username and password)"},
    {"host http_path client_id", "not set: client_secret"},
    {"host http_path client_secret", "not set: client_id"},
    {"http_path client_secret", "not set: host, client_id"},
    {"host http_path client_id client_secret", NULL},
    {"host http_path client_id client_secret token", "token and client_id are set; only one kind of credential can be"},
    {"host http_path client_secret token", "token and client_secret are set"},
    {"host http_path client_id client_secret username", "client_id and username are set"},
    {"host http_path username", "not set: password"},
    {"host http_path password", "not set: username"},
    {"username", "not set: host, http_path, password"},
    {"host http_path token", NULL},
    {"host http_path username password", NULL},
    {"host http_path token username password", "token and username are set; only one kind of credential can be"},
    {"host http_path token password", "token and password are set"},
};

START_TEST(validation_names_all_that_is_missing)
{
    const char *const keys[] = {"host", "http_path", "token", "client_id", "client_secret", "username", "password"};
    const char *part = validations[_i].part;
    ldbx_config *config = fresh();
    ldbx_error *error = NULL;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strstr(validations[_i].keys, keys[i]) != NULL)
            set(config, keys[i], "x");
    expect_status(ldbx_config_validate(config, &error), part == NULL ? LDBX_OK : LDBX_INVALID_ARGUMENT, error);
    if (part != NULL)
        expect_fault(&error, part);
    ldbx_config_destroy(config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client/config");
    TCase *tcase = suite_case(suite, "config");

    tcase_add_test(tcase, defaults);
    tcase_add_loop_test(tcase, values_come_back, 0, COUNT(good));
    tcase_add_loop_test(tcase, wrong_values_are_named, 0, COUNT(bad));
    tcase_add_test(tcase, ports);
    tcase_add_test(tcase, empty_texts_unset);
    tcase_add_test(tcase, secrets_are_not_read_back);
    tcase_add_test(tcase, a_proxy_with_a_password_is_a_secret);
    tcase_add_test(tcase, values_have_a_greatest_length);
    tcase_add_test(tcase, clones_are_their_own);
    tcase_add_loop_test(tcase, validation_names_all_that_is_missing, 0, COUNT(validations));
    return suite_run(suite);
}
