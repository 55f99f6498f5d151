/* The Authorization header. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/credential.h"
#include "suite.h"

static ldbx_credential bearer(const char *token)
{
    ldbx_credential credential = {0};

    ck_assert(ldbx_secret_set(&credential.token, ldbx_view_of(token)));
    return credential;
}

static ldbx_credential basic(const char *username, const char *password)
{
    ldbx_credential credential = {0};

    credential.username = ldbx_strdup(username);
    ck_assert_ptr_nonnull(credential.username);
    if (password != NULL)
        ck_assert(ldbx_secret_set(&credential.password, ldbx_view_of(password)));
    return credential;
}

static void clear(ldbx_credential *credential)
{
    ldbx_secret_clear(&credential->token);
    ldbx_free(credential->username);
    ldbx_secret_clear(&credential->password);
}

/* Clears the credential. */
static void expect_header(ldbx_credential credential, const char *expected)
{
    ldbx_error *error = NULL;
    ldbx_buf header;

    ldbx_buf_init(&header, LDBX_MAX_ERROR);
    expect_ok(ldbx_credential_header(&credential, &header, &error), error);
    ck_assert_str_eq((const char *)header.data, expected);
    ldbx_buf_wipe(&header);
    clear(&credential);
}

START_TEST(writes_bearer_and_basic)
{
    ldbx_credential both = basic("me", "x");

    expect_header(bearer("dapi0123456789"), "Bearer dapi0123456789");
    expect_header(basic("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    expect_header(basic("me", NULL), "Basic bWU6");
    expect_header(basic("", "a:b"), "Basic OmE6Yg==");
    ck_assert(ldbx_secret_set(&both.token, ldbx_view_of("dapi1")));
    expect_header(both, "Bearer dapi1");
}
END_TEST

/* Clears the credential. */
static void expect_refused(ldbx_credential credential, const char *says)
{
    ldbx_error *error = NULL;
    ldbx_buf header;

    ldbx_buf_init(&header, LDBX_MAX_ERROR);
    expect_status(ldbx_credential_header(&credential, &header, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), says));
    ck_assert_ptr_null(strstr(ldbx_error_message(error), "dapi"));
    ldbx_error_destroy(error);
    ldbx_buf_wipe(&header);
    clear(&credential);
}

START_TEST(refuses_what_a_header_cannot_carry)
{
    ldbx_credential nothing = {0};

    expect_refused(nothing, "neither");
    expect_refused(bearer(""), "token");
    expect_refused(bearer("dapi1\r\nX-Evil: 1"), "token");
    expect_refused(bearer("dapi 1"), "token");
    expect_refused(bearer("dapi\xc3\xa4"), "token");
    expect_refused(basic("a:b", "x"), "colon");
}
END_TEST

START_TEST(survives_no_memory)
{
    ldbx_credential credential = basic("me", "secret");
    ldbx_buf header;
    long n = 0;
    int status;

    ldbx_buf_init(&header, LDBX_MAX_ERROR);
    do {
        ldbx_buf_clear(&header);
        suite_fail_allocation(++n);
        status = ldbx_credential_header(&credential, &header, NULL);
        ck_assert(status == LDBX_OK || status == LDBX_NO_MEMORY);
    } while (status != LDBX_OK);
    ck_assert_int_eq(n, 3);
    ck_assert_str_eq((const char *)header.data, "Basic bWU6c2VjcmV0");
    ldbx_buf_wipe(&header);
    clear(&credential);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net/credential");
    TCase *tcase = suite_case(suite, "credential");

    tcase_add_test(tcase, writes_bearer_and_basic);
    tcase_add_test(tcase, refuses_what_a_header_cannot_carry);
    tcase_add_test(tcase, survives_no_memory);
    return suite_run(suite);
}
