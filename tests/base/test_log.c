#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

typedef struct seen {
    int lines;
    ldbx_log_level level;
    char component[16];
    char line[8192];
} seen;

static void take_line(ldbx_log_level level, const char *component, const char *line, void *user)
{
    seen *log = user;

    log->lines++;
    log->level = level;
    snprintf(log->component, sizeof log->component, "%s", component);
    snprintf(log->line, sizeof log->line, "%s", line);
}

START_TEST(test_no_sink)
{
    ldbx_log(LDBX_LOG_ERROR, "net", "nobody listens");
    ck_assert_int_eq(suite_allocations(), 0);
}
END_TEST

START_TEST(test_levels)
{
    seen log = {0};

    ldbx_set_log_sink(take_line, LDBX_LOG_WARNING, &log);
    ldbx_log(LDBX_LOG_INFO, "net", "%s", "not wanted");
    ck_assert_int_eq(log.lines, 0);
    ck_assert_int_eq(suite_allocations(), 0); /* not even formatted */
    ldbx_log(LDBX_LOG_WARNING, "net", "attempt %d of %s", 2, "five");
    ck_assert_int_eq(log.lines, 1);
    ck_assert_int_eq(log.level, LDBX_LOG_WARNING);
    ck_assert_str_eq(log.component, "net");
    ck_assert_str_eq(log.line, "attempt 2 of five");
    ldbx_set_log_sink(NULL, LDBX_LOG_DEBUG, &log);
    ldbx_log(LDBX_LOG_ERROR, "net", "off");
    ck_assert_int_eq(log.lines, 1);
}
END_TEST

START_TEST(test_one_clean_line)
{
    seen log = {0};

    ldbx_set_log_sink(take_line, LDBX_LOG_DEBUG, &log);
    ldbx_log(LDBX_LOG_DEBUG, "client", "a%sb", "\n\x1b[2J\xff");
    ck_assert_str_eq(log.line, "a  [2J\xef\xbf\xbd"
                               "b");
}
END_TEST

START_TEST(test_long_line_is_cut)
{
    static char text[100000];
    seen log = {0};

    memset(text, 'x', sizeof text - 1);
    ldbx_set_log_sink(take_line, LDBX_LOG_DEBUG, &log);
    ldbx_log(LDBX_LOG_DEBUG, "client", "%s", text);
    ck_assert_uint_eq(strlen(log.line), 4096);
}
END_TEST

static void LDBX_PRINTF(2, 3) warn(ldbx_buf *kept, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    ldbx_log_warning(kept, "load", "key", format, args);
    va_end(args);
}

START_TEST(test_warnings_are_kept_once)
{
    seen log = {0};
    ldbx_buf kept;

    ldbx_buf_init(&kept, 20);
    ldbx_set_log_sink(take_line, LDBX_LOG_WARNING, &log);
    warn(&kept, "one %d", 1);
    ck_assert_str_eq(log.line, "key: one 1");
    warn(&kept, "two");
    warn(&kept, "one %d", 1);
    ck_assert_str_eq(ldbx_buf_cstr(&kept), "one 1; two");
    warn(&kept, "one that finds no room");
    ck_assert_str_eq(ldbx_buf_cstr(&kept), "one 1; two");
    ldbx_buf_clear(&kept);
}
END_TEST

START_TEST(test_no_memory)
{
    for (long n = 1; n <= 2; n++) {
        seen log = {0};
        ldbx_set_log_sink(take_line, LDBX_LOG_DEBUG, &log);
        suite_fail_allocation(n);
        ldbx_log(LDBX_LOG_ERROR, "client", "text");
        ck_assert_int_eq(log.lines, 1);
        ck_assert_str_eq(log.line, "(line lost: out of memory)");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tcase = suite_case(suite, "log");

    tcase_add_test(tcase, test_no_sink);
    tcase_add_test(tcase, test_levels);
    tcase_add_test(tcase, test_one_clean_line);
    tcase_add_test(tcase, test_long_line_is_cut);
    tcase_add_test(tcase, test_warnings_are_kept_once);
    tcase_add_test(tcase, test_no_memory);
    return suite_run(suite);
}
