/* Hosts and paths as people type them. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/url.h"
#include "suite.h"

typedef struct good_host {
    const char *text;
    const char *name;
    bool plain;
    int port;
} good_host;

static const good_host good_hosts[] = {
    {"dbc-1.cloud.databricks.com", "dbc-1.cloud.databricks.com", false, 0},
    {"https://adb-7.azuredatabricks.net/", "adb-7.azuredatabricks.net", false, 0},
    {"HTTPS://Example.com///", "Example.com", false, 0},
    {"//example.com/", "example.com", false, 0},
    {"example.com:8443", "example.com", false, 8443},
    {"https://example.com:1/", "example.com", false, 1},
    {"example.com:65535", "example.com", false, 65535},
    {"under_score.example", "under_score.example", false, 0},
    {"10.0.0.1", "10.0.0.1", false, 0},
    {"[::1]", "[::1]", false, 0},
    {"https://[2001:db8::7]:443", "[2001:db8::7]", false, 443},
    {"http://localhost:10000", "localhost", true, 10000},
    {"http://LOCALHOST", "LOCALHOST", true, 0},
    {"http://127.0.0.1", "127.0.0.1", true, 0},
    {"Http://127.255.3.4:80/", "127.255.3.4", true, 80},
    {"http://[::1]:9", "[::1]", true, 9},
};

START_TEST(takes_what_people_type)
{
    const good_host *row = &good_hosts[_i];
    ldbx_host host;
    ldbx_error *error = NULL;

    expect_ok(ldbx_host_parse(ldbx_view_of(row->text), &host, &error), error);
    ck_assert_str_eq(host.name, row->name);
    ck_assert_int_eq(host.plain, row->plain);
    ck_assert_int_eq(host.port, row->port);
    ldbx_host_clear(&host);
    ck_assert_ptr_null(host.name);
}
END_TEST

typedef struct bad_text {
    const char *text;
    const char *says;
} bad_text;

static const bad_text bad_hosts[] = {
    {"", "empty"},
    {"https://", "empty"},
    {"///", "empty"},
    {"ftp://example.com", "scheme"},
    {"://example.com", "scheme"},
    {"https://https://example.com", "path"},
    {"user@example.com", "user name"},
    {"https://user:hunter2@example.com", "user name"},
    {"example.com/sql/1.0/warehouses/1", "path"},
    {"example.com?o=1", "path"},
    {"exa mple.com", "blank"},
    {" example.com", "blank"},
    {"example.com ", "blank"},
    {"example.com\n", "blank"},
    {"example.com\x7f", "blank"},
    {"ex\xc3\xa4mple.com", "ASCII"},
    {"example.com:", "port"},
    {"example.com:0", "port"},
    {"example.com:65536", "port"},
    {"example.com:-1", "port"},
    {"example.com:44x", "port"},
    {"example.com:99999999999999999999", "port"},
    {"::1", "neither"},
    {"2001:db8::x", "IPv6"},
    {"[::1", "neither"},
    {"[::1]x", "neither"},
    {"[]", "neither"},
    {"[:]", "neither"},
    {"[fe80::1%25eth0]", "neither"},
    {"[::ffff:127.0.0.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1]", "neither"},
    {".example.com", "neither"},
    {"example..com", "neither"},
    {"example.com.", "neither"},
    {"exa\"mple.com", "neither"},
    {"example.com#x", "neither"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com", "neither"},
    {"http://example.com", "https://"},
    {"http://10.0.0.1", "https://"},
    {"http://127.example.com", "https://"},
    {"http://127.1", "https://"},
    {"http://0x7f.0.0.1", "https://"},
    {"http://2130706433", "https://"},
    {"http://localhost.example.com", "https://"},
    {"http://[::2]", "https://"},
    {"http://[::ffff:127.0.0.1]", "https://"},
};

START_TEST(refuses_a_host_and_says_why)
{
    const bad_text *row = &bad_hosts[_i];
    ldbx_host host;
    ldbx_error *error = NULL;

    expect_status(ldbx_host_parse(ldbx_view_of(row->text), &host, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_msg(strstr(ldbx_error_message(error), row->says) != NULL, "%s: %s", row->text, ldbx_error_message(error));
    ck_assert_ptr_null(strstr(ldbx_error_message(error), "hunter2"));
    ck_assert_ptr_null(host.name);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(a_name_ends_with_its_view)
{
    static const char text[] = "example.com:443trailing";
    ldbx_host host;
    ldbx_error *error = NULL;

    expect_ok(ldbx_host_parse((ldbx_view){text, 15}, &host, &error), error);
    ck_assert_str_eq(host.name, "example.com");
    ck_assert_int_eq(host.port, 443);
    ldbx_host_clear(&host);
    expect_status(ldbx_host_parse((ldbx_view){"a\0b", 3}, &host, NULL), LDBX_INVALID_ARGUMENT, NULL);
    expect_status(ldbx_host_parse((ldbx_view){NULL, 0}, &host, NULL), LDBX_INVALID_ARGUMENT, NULL);
}
END_TEST

START_TEST(a_name_has_a_greatest_length)
{
    char name[300];
    ldbx_host host;

    memset(name, 'a', sizeof name);
    for (size_t i = 50; i < sizeof name; i += 50)
        name[i] = '.';
    expect_ok(ldbx_host_parse((ldbx_view){name, 253}, &host, NULL), NULL);
    ldbx_host_clear(&host);
    expect_status(ldbx_host_parse((ldbx_view){name, 254}, &host, NULL), LDBX_INVALID_ARGUMENT, NULL);
}
END_TEST

static const struct {
    const char *text;
    const char *path;
} good_paths[] = {
    {"/sql/1.0/warehouses/abc", "/sql/1.0/warehouses/abc"},
    {"sql/1.0/warehouses/abc", "/sql/1.0/warehouses/abc"},
    {"//sql/1.0/warehouses/abc//", "/sql/1.0/warehouses/abc"},
    {"/sql/1.0/warehouses/abc?o=123", "/sql/1.0/warehouses/abc?o=123"},
    {"sql/1.0/warehouses/abc/?o=123/", "/sql/1.0/warehouses/abc?o=123/"},
    {"/x?next=https://y", "/x?next=https://y"},
    {"/", "/"},
    {"?o=1", "/?o=1"},
};

START_TEST(puts_a_path_in_order)
{
    char *path = NULL;
    ldbx_error *error = NULL;

    expect_ok(ldbx_http_path_parse(ldbx_view_of(good_paths[_i].text), &path, &error), error);
    ck_assert_str_eq(path, good_paths[_i].path);
    ldbx_free(path);
}
END_TEST

static const bad_text bad_paths[] = {
    {"", "empty"},      {"/sql /1", "blank"},   {"/sql\t", "blank"},          {"/a\r\nX-Evil: 1", "blank"},
    {"/sql#part", "#"}, {"/\xc3\xa4", "ASCII"}, {"https://h/sql", "address"}, {"/a?b c", "blank"},
};

START_TEST(refuses_a_path_and_says_why)
{
    char *path = NULL;
    ldbx_error *error = NULL;

    expect_status(ldbx_http_path_parse(ldbx_view_of(bad_paths[_i].text), &path, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_msg(strstr(ldbx_error_message(error), bad_paths[_i].says) != NULL, "%s: %s", bad_paths[_i].text,
                  ldbx_error_message(error));
    ck_assert_ptr_null(path);
    ldbx_error_destroy(error);
}
END_TEST

static void expect_url(const char *host_text, int32_t port, const char *expected)
{
    ldbx_host host;
    char *url;

    expect_ok(ldbx_host_parse(ldbx_view_of(host_text), &host, NULL), NULL);
    url = ldbx_url_format(&host, port, "/p?o=1");
    ck_assert_str_eq(url, expected);
    ldbx_free(url);
    ldbx_host_clear(&host);
}

START_TEST(makes_an_address)
{
    expect_url("example.com", 443, "https://example.com:443/p?o=1");
    expect_url("http://localhost", 80, "http://localhost:80/p?o=1");
    expect_url("[2001:db8::7]", 8443, "https://[2001:db8::7]:8443/p?o=1");
}
END_TEST

/* Every allocation fails in turn: no crash, no leak, a clean status. */
START_TEST(survives_no_memory)
{
    ldbx_host host = {(char *)(uintptr_t) "example.com", false, 0};
    char path_text[300];
    char *path = NULL;
    int status;
    long n = 0;

    memset(path_text, 'p', sizeof path_text - 1);
    path_text[sizeof path_text - 1] = '\0';
    do {
        suite_fail_allocation(++n);
        status = ldbx_http_path_parse(ldbx_view_of(path_text), &path, NULL);
        ck_assert(status == LDBX_OK || status == LDBX_NO_MEMORY);
    } while (status != LDBX_OK);
    ck_assert_int_gt(n, 1);
    ldbx_free(path);
    n = 0;
    do {
        suite_fail_allocation(++n);
        path = ldbx_url_format(&host, 443, path_text);
    } while (path == NULL);
    ck_assert_int_gt(n, 1);
    ldbx_free(path);
    suite_fail_allocation(1);
    expect_status(ldbx_host_parse(ldbx_view_of("example.com"), &host, NULL), LDBX_NO_MEMORY, NULL);
    ck_assert_ptr_null(host.name);
}
END_TEST

START_TEST(encodes_what_an_address_cannot_hold)
{
    ldbx_buf out;
    ldbx_view odd = {"a%\0\xff+", 5};

    ldbx_buf_init(&out, 1000);
    ldbx_url_encode(&out, ldbx_view_of("az-09._~/ A"), "/");
    ck_assert_str_eq(ldbx_buf_cstr(&out), "az-09._~/%20A");
    ldbx_buf_reset(&out);
    ldbx_url_encode(&out, ldbx_view_of("a/b=\xc3\xa4"), "");
    ck_assert_str_eq(ldbx_buf_cstr(&out), "a%2Fb%3D%C3%A4");
    ldbx_buf_reset(&out);
    ldbx_url_encode(&out, odd, "/");
    ck_assert_str_eq(ldbx_buf_cstr(&out), "a%25%00%FF%2B");
    ldbx_buf_clear(&out);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

int main(void)
{
    Suite *suite = suite_create("net/url");
    TCase *tcase = suite_case(suite, "url");

    tcase_add_loop_test(tcase, takes_what_people_type, 0, COUNT(good_hosts));
    tcase_add_loop_test(tcase, refuses_a_host_and_says_why, 0, COUNT(bad_hosts));
    tcase_add_test(tcase, a_name_ends_with_its_view);
    tcase_add_test(tcase, a_name_has_a_greatest_length);
    tcase_add_loop_test(tcase, puts_a_path_in_order, 0, COUNT(good_paths));
    tcase_add_loop_test(tcase, refuses_a_path_and_says_why, 0, COUNT(bad_paths));
    tcase_add_test(tcase, makes_an_address);
    tcase_add_test(tcase, encodes_what_an_address_cannot_hold);
    tcase_add_test(tcase, survives_no_memory);
    return suite_run(suite);
}
