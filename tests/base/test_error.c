#include "suite.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"

START_TEST(test_status_table)
{
    ck_assert_str_eq(ldbx_status_name(0), "OK");
    ck_assert_str_eq(ldbx_status_name(1), "DONE");
    ck_assert_str_eq(ldbx_status_name(LDBX_SESSION_LOST), "SESSION_LOST");
    ck_assert_str_eq(ldbx_status_text(LDBX_TIMEOUT), "deadline passed");
    ck_assert_str_eq(ldbx_status_name(2), "UNKNOWN");
    ck_assert_str_eq(ldbx_status_name(INT32_MIN), "UNKNOWN");
    ck_assert_str_eq(ldbx_status_text(-1000), "unknown status");
}
END_TEST

START_TEST(test_null_error)
{
    ck_assert_int_eq(ldbx_error_status(NULL), LDBX_OK);
    ck_assert_str_eq(ldbx_error_message(NULL), "");
    ck_assert_str_eq(ldbx_error_sqlstate(NULL), "");
    ck_assert_str_eq(ldbx_error_class(NULL), "");
    ck_assert_str_eq(ldbx_error_statement_id(NULL), "");
    ck_assert_int_eq(ldbx_error_http_status(NULL), 0);
    ck_assert_int_eq(ldbx_error_retry(NULL), LDBX_RETRY_NEVER);
    ck_assert_ptr_null(ldbx_error_cause(NULL));
    ldbx_error_destroy(NULL);
}
END_TEST

START_TEST(test_no_slot)
{
    const ldbx_error_facts facts = {.retry = -1};

    ck_assert_int_eq(ldbx_fail(NULL, LDBX_IO, "x"), LDBX_IO);
    ck_assert_int_eq(ldbx_fail_facts(NULL, LDBX_SERVER, &facts, "x"), LDBX_SERVER);
    ck_assert_int_eq(ldbx_fail_no_memory(NULL), LDBX_NO_MEMORY);
    ldbx_error_prefix(NULL, "x");
    ldbx_error_set_retry(NULL, LDBX_RETRY_SAFE);
    ck_assert_int_eq(suite_allocations(), 0);
}
END_TEST

START_TEST(test_fail)
{
    ldbx_error *error = NULL;

    ck_assert_int_eq(ldbx_fail(&error, LDBX_TIMEOUT, "after %d ms", 5), LDBX_TIMEOUT);
    ck_assert_int_eq(ldbx_error_status(error), LDBX_TIMEOUT);
    ck_assert_str_eq(ldbx_error_message(error), "after 5 ms");
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_SAFE); /* the status's default */
    ck_assert_str_eq(ldbx_error_sqlstate(error), "");
    ck_assert_str_eq(ldbx_error_class(error), "");
    ck_assert_str_eq(ldbx_error_statement_id(error), "");
    ck_assert_ptr_null(ldbx_error_cause(error));
    /* The old one is replaced; its message may be an argument. */
    ldbx_fail(&error, LDBX_OUTCOME_UNKNOWN, "again %s", ldbx_error_message(error));
    ck_assert_str_eq(ldbx_error_message(error), "again after 5 ms");
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_UNKNOWN);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_facts)
{
    ldbx_error_facts facts = {"42P01", "TABLE_OR_VIEW_NOT_FOUND", "01ef-id", 400, LDBX_RETRY_SAFE};
    ldbx_error *error = NULL;

    ck_assert_int_eq(ldbx_fail_facts(&error, LDBX_SERVER, &facts, "no table"), LDBX_SERVER);
    ck_assert_str_eq(ldbx_error_sqlstate(error), "42P01");
    ck_assert_str_eq(ldbx_error_class(error), "TABLE_OR_VIEW_NOT_FOUND");
    ck_assert_str_eq(ldbx_error_statement_id(error), "01ef-id");
    ck_assert_int_eq(ldbx_error_http_status(error), 400);
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_SAFE);
    facts.retry = -1;
    facts.sqlstate = ldbx_error_sqlstate(error);
    facts.error_class = NULL;
    ldbx_fail_facts(&error, LDBX_SERVER, &facts, "again");
    ck_assert_str_eq(ldbx_error_sqlstate(error), "42P01");
    ck_assert_str_eq(ldbx_error_class(error), "");
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_NEVER);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_message_is_clean)
{
    ldbx_error *error = NULL;

    ldbx_fail(&error, LDBX_SERVER, "%s", "one\r\ntwo\x1b[31m\tthree \xff \xc3\xa9\n");
    ck_assert_str_eq(ldbx_error_message(error), "one \ntwo [31m three \xef\xbf\xbd \xc3\xa9");
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_message_is_cut)
{
    static char text[LDBX_MAX_ERROR + 3];
    ldbx_error *error = NULL;

    memset(text, 'x', sizeof text - 1);
    memcpy(text + LDBX_MAX_ERROR - 1, "\xc3\xa9", 2); /* a character across the border */
    ldbx_fail(&error, LDBX_SERVER, "%s", text);
    ck_assert_uint_eq(strlen(ldbx_error_message(error)), LDBX_MAX_ERROR - 1);
    ldbx_error_prefix(&error, "a prefix does not make it longer");
    ck_assert_uint_le(strlen(ldbx_error_message(error)), LDBX_MAX_ERROR);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_prefix)
{
    const ldbx_error_facts facts = {"42000", "CLASS", "id", 503, LDBX_RETRY_UNKNOWN};
    ldbx_error *error = NULL;
    const ldbx_error *old;

    ldbx_fail_facts(&error, LDBX_UNAVAILABLE, &facts, "reset");
    old = error;
    ldbx_error_prefix(&error, "page %d", 3);
    ck_assert_int_eq(ldbx_error_status(error), LDBX_UNAVAILABLE);
    ck_assert_ptr_ne(error, old);
    ck_assert_str_eq(ldbx_error_message(error), "page 3: reset");
    ck_assert_str_eq(ldbx_error_sqlstate(error), "42000");
    ck_assert_str_eq(ldbx_error_class(error), "CLASS");
    ck_assert_str_eq(ldbx_error_statement_id(error), "id");
    ck_assert_int_eq(ldbx_error_http_status(error), 503);
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_UNKNOWN);
    ck_assert_ptr_eq(ldbx_error_cause(error), old);
    ck_assert_str_eq(ldbx_error_message(ldbx_error_cause(error)), "reset");
    ldbx_error_prefix(&error, "read");
    ck_assert_str_eq(ldbx_error_message(error), "read: page 3: reset");
    ldbx_error_destroy(error);

    error = NULL;
    ldbx_error_prefix(&error, "x");
    ck_assert_ptr_null(error);
}
END_TEST

START_TEST(test_set_retry)
{
    ldbx_error *error = NULL;

    ldbx_error_set_retry(&error, LDBX_RETRY_SAFE);
    ck_assert_ptr_null(error);
    ldbx_fail(&error, LDBX_IO, "x");
    ldbx_error_set_retry(&error, LDBX_RETRY_SAFE);
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_SAFE);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_move)
{
    ldbx_error *from = NULL;
    ldbx_error *to = NULL;

    ldbx_error_move(&to, NULL);
    ldbx_error_move(&to, &from);
    ck_assert_ptr_null(to);
    ldbx_fail(&from, LDBX_IO, "a");
    ldbx_error_move(&to, &from);
    ck_assert_ptr_null(from);
    ck_assert_str_eq(ldbx_error_message(to), "a");
    ldbx_error_move(&to, &from); /* nothing to move: the old one stays */
    ck_assert_str_eq(ldbx_error_message(to), "a");
    ldbx_error_move(&to, &to);
    ck_assert_str_eq(ldbx_error_message(to), "a");
    ldbx_fail(&from, LDBX_IO, "b");
    ldbx_error_move(&to, &from);
    ck_assert_str_eq(ldbx_error_message(to), "b");
    ldbx_error_move(NULL, &to);
    ck_assert_ptr_null(to);
}
END_TEST

START_TEST(test_static_no_memory)
{
    ldbx_error *error = NULL;

    ldbx_fail(&error, LDBX_IO, "old");
    ck_assert_int_eq(ldbx_fail_no_memory(&error), LDBX_NO_MEMORY);
    ck_assert_int_eq(ldbx_error_status(error), LDBX_NO_MEMORY);
    ck_assert_str_eq(ldbx_error_message(error), "out of memory");
    ck_assert_str_eq(ldbx_error_statement_id(error), "");
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_NEVER);
    ldbx_error_set_retry(&error, LDBX_RETRY_SAFE);
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_SAFE);
    ldbx_error_prefix(&error, "reading");
    ck_assert_int_eq(ldbx_error_status(error), LDBX_NO_MEMORY);
    ck_assert_str_eq(ldbx_error_message(error), "reading: out of memory");
    ldbx_error_destroy(error);
    error = NULL;
    ldbx_fail_no_memory(&error); /* another's verdict did not stick to the static object */
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_NEVER);
    ldbx_error_destroy(error);
    ldbx_error_destroy(error);
}
END_TEST

/* Without memory status and verdict are still exact, whichever allocation fails. */
START_TEST(test_no_memory_for_an_error)
{
    const ldbx_error_facts facts = {"42000", "CLASS", "id", 503, LDBX_RETRY_UNKNOWN};

    for (long n = 1; n <= 3; n++) {
        ldbx_error *error = NULL;
        suite_fail_allocation(n);
        ck_assert_int_eq(ldbx_fail_facts(&error, LDBX_TIMEOUT, &facts, "late"), LDBX_TIMEOUT);
        ck_assert_str_eq(ldbx_error_message(error), "deadline passed");
        ck_assert_int_eq(ldbx_error_status(error), LDBX_TIMEOUT);
        ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_UNKNOWN);
        suite_fail_allocation(0);
        ldbx_fail(&error, LDBX_IO, "replaced");
        ck_assert_str_eq(ldbx_error_message(error), "replaced");
        suite_fail_allocation(n);
        ldbx_error_prefix(&error, "before");
        ck_assert_int_eq(ldbx_error_status(error), LDBX_IO);
        ck_assert_str_eq(ldbx_error_message(error), "replaced");
        ldbx_error_destroy(error);
    }
}
END_TEST

START_TEST(test_errno_text)
{
    char out[128];

    ck_assert_ptr_eq(ldbx_errno_text(ENOENT, out), out);
    ck_assert_str_eq(out, "No such file or directory");
    ldbx_errno_text(123456, out);
    ck_assert_ptr_nonnull(strstr(out, "123456"));
}
END_TEST

static int try_twice(int first, int second)
{
    LDBX_TRY(first);
    LDBX_TRY(second);
    return 7;
}

static int go_once(int value, int *released)
{
    int status;

    LDBX_GO(value);
    status = 7;
out:
    (*released)++;
    return status;
}

START_TEST(test_macros)
{
    int released = 0;

    ck_assert_int_eq(try_twice(LDBX_OK, LDBX_OK), 7);
    ck_assert_int_eq(try_twice(LDBX_OK, LDBX_DONE), LDBX_DONE);
    ck_assert_int_eq(try_twice(LDBX_IO, LDBX_OK), LDBX_IO);
    ck_assert_int_eq(go_once(LDBX_OK, &released), 7);
    ck_assert_int_eq(go_once(LDBX_SERVER, &released), LDBX_SERVER);
    ck_assert_int_eq(released, 2);
}
END_TEST

START_TEST(hooks_make_errors)
{
    ldbx_error *error = NULL;

    ck_assert_int_eq(ldbx_error_set(&error, LDBX_FORBIDDEN, "not yours"), LDBX_FORBIDDEN);
    ck_assert_str_eq(ldbx_error_message(error), "not yours");
    ck_assert_int_eq(ldbx_error_set(&error, LDBX_IO, NULL), LDBX_IO);
    ck_assert_str_eq(ldbx_error_message(error), "input or output failed");
    ck_assert_int_eq(ldbx_error_set(&error, 5, "%s"), LDBX_STOPPED); /* no status of ours, no format */
    ck_assert_str_eq(ldbx_error_message(error), "%s");
    ck_assert_int_eq(ldbx_error_set(NULL, LDBX_OK, NULL), LDBX_STOPPED);
    ldbx_error_destroy(error);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    TCase *tcase = suite_case(suite, "error");

    tcase_add_test(tcase, test_status_table);
    tcase_add_test(tcase, test_null_error);
    tcase_add_test(tcase, test_no_slot);
    tcase_add_test(tcase, test_fail);
    tcase_add_test(tcase, test_facts);
    tcase_add_test(tcase, test_message_is_clean);
    tcase_add_test(tcase, test_message_is_cut);
    tcase_add_test(tcase, test_prefix);
    tcase_add_test(tcase, test_set_retry);
    tcase_add_test(tcase, test_move);
    tcase_add_test(tcase, test_static_no_memory);
    tcase_add_test(tcase, test_no_memory_for_an_error);
    tcase_add_test(tcase, test_errno_text);
    tcase_add_test(tcase, test_macros);
    tcase_add_test(tcase, hooks_make_errors);
    return suite_run(suite);
}
