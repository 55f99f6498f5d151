/* Heads of answers. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "net/message.h"
#include "suite.h"

static ldbx_http_response response;

static void start(void)
{
    ldbx_http_response_init(&response, 16);
}

static void stop(void)
{
    ldbx_http_response_clear(&response);
}

static void line(const char *text)
{
    ldbx_http_response_line(&response, ldbx_view_of(text));
}

START_TEST(a_new_response_says_nothing)
{
    ck_assert_int_eq(response.status, 0);
    ck_assert_int_eq(response.retry_after_ms, -1);
    ck_assert_str_eq(response.reason, "");
    ck_assert_str_eq(response.content_type, "");
    ck_assert_uint_eq(response.body.max, 16);
}
END_TEST

START_TEST(names_have_no_case_and_values_are_trimmed)
{
    line("HTTP/1.1 503 Service Unavailable\r\n");
    line("CONTENT-type:application/x-thrift; protocol=TBINARY\r\n");
    line("retry-AFTER: \t 7 \r\n");
    line("X-Databricks-Reason-Phrase:  starting \r\n");
    line("\r\n");
    ck_assert_str_eq(response.content_type, "application/x-thrift; protocol=TBINARY");
    ck_assert_int_eq(response.retry_after_ms, 7000);
    ck_assert_str_eq(response.reason, "starting");
}
END_TEST

START_TEST(the_first_that_says_something_counts)
{
    line("Retry-After:\r\n");
    line("Retry-After: soon\r\n");
    line("Retry-After: 5\r\n");
    line("Retry-After: 9\r\n");
    line("Content-Type: \r\n");
    line("Content-Type: a/b\r\n");
    line("Content-Type: c/d\r\n");
    line("x-thriftserver-error-message: \r\n");
    line("x-thriftserver-error-message: one\r\n");
    line("x-thriftserver-error-message: two\r\n");
    ck_assert_int_eq(response.retry_after_ms, 5000);
    ck_assert_str_eq(response.content_type, "a/b");
    ck_assert_str_eq(response.reason, "one");
}
END_TEST

/* libcurl reads years of any length; a time of that many milliseconds does not exist. */
START_TEST(a_date_has_four_digits_for_its_year)
{
    line("Retry-After: Wed, 21 Oct 203123456 00:00:00 GMT\r\n");
    ck_assert_int_eq(response.retry_after_ms, -1);
    ck_assert_int_eq(ldbx_http_date(ldbx_view_of("Fri, 31 Dec 9999 23:59:59 GMT")), INT64_C(253402300799));
}
END_TEST

START_TEST(the_better_header_gives_the_reason_wherever_it_stands)
{
    line("x-databricks-error-or-redirect-message: third\r\n");
    ck_assert_str_eq(response.reason, "third");
    line("x-databricks-reason-phrase: first\r\n");
    ck_assert_str_eq(response.reason, "first");
    line("x-thriftserver-error-message: second\r\n");
    ck_assert_str_eq(response.reason, "first");
}
END_TEST

START_TEST(a_new_head_forgets_the_old_one)
{
    line("HTTP/1.1 100 Continue\r\n");
    line("Retry-After: 3\r\n");
    line("Content-Type: a/b\r\n");
    line("x-databricks-reason-phrase: old\r\n");
    line("HTTP/1.1 200 OK\r\n");
    ck_assert_int_eq(response.retry_after_ms, -1);
    ck_assert_str_eq(response.content_type, "");
    ck_assert_str_eq(response.reason, "");
    line("x-databricks-error-or-redirect-message: new\r\n");
    ck_assert_str_eq(response.reason, "new");
}
END_TEST

START_TEST(a_reason_becomes_one_short_line)
{
    char text[2000] = "x-databricks-reason-phrase: bad\x01\tthing\x1b[31m \xff ";
    size_t size = strlen(text);

    memset(text + size, 'x', sizeof text - size - 1);
    line(text);
    ck_assert_int_eq(strncmp(response.reason, "bad  thing [31m \xef\xbf\xbd xxx", 23), 0);
    ck_assert_uint_eq(strlen(response.reason), sizeof response.reason - 1);
}
END_TEST

START_TEST(other_lines_are_passed_over)
{
    line("Retry-After-Not: 5\r\n");
    line("no colon at all\r\n");
    line(":\r\n");
    line("");
    ldbx_http_response_line(&response, (ldbx_view){NULL, 0});
    ck_assert_int_eq(response.retry_after_ms, -1);
    ck_assert_str_eq(response.reason, "");
}
END_TEST

static const struct {
    const char *text;
    int64_t ms;
} delays[] = {
    {"0", 0},
    {"1", 1000},
    {"86400", 86400000},
    {"9223372036854775", INT64_C(9223372036854775000)},
    {"9223372036854776", -1},
    {"-1", -1},
    {"1.5", -1},
    {"5 s", -1},
    {"soon", -1},
    {"Tomorrow", -1},
    {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
    {"Sunday, 06-Nov-94 08:49:37 GMT", 0},
    {"Sun, 06 Nov 1994 08:49:37 GMT and so much more text that no date is as long", -1},
};

START_TEST(reads_a_delay)
{
    char text[200];

    snprintf(text, sizeof text, "Retry-After: %s\r\n", delays[_i].text);
    line(text);
    ck_assert_int_eq(response.retry_after_ms, delays[_i].ms);
}
END_TEST

START_TEST(reads_a_date_ahead)
{
    time_t then = time(NULL) + 120;
    struct tm parts;
    char text[100];

    gmtime_r(&then, &parts);
    strftime(text, sizeof text, "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    line(text);
    ck_assert_int_le(response.retry_after_ms, 120000);
    ck_assert_int_gt(response.retry_after_ms, 60000);
}
END_TEST

START_TEST(reset_keeps_the_memory_of_the_body)
{
    const uint8_t *memory;

    ldbx_buf_str(&response.body, "0123456789");
    memory = response.body.data;
    line("Retry-After: 3\r\n");
    ldbx_buf_str(&response.body, "more than 16 bytes");
    ck_assert(response.body.failed);
    ldbx_http_response_reset(&response);
    ck_assert_uint_eq(response.body.size, 0);
    ck_assert(!response.body.failed);
    ck_assert_ptr_eq(response.body.data, memory);
    ck_assert_int_eq(response.retry_after_ms, -1);
}
END_TEST

START_TEST(a_head_is_kept_on_request)
{
    line("ETag: \"lost\"\r\n");
    ldbx_http_response_keep_head(&response);
    ck_assert_uint_eq(ldbx_http_response_header(&response, "etag").size, 0);
    line("HTTP/1.1 200 OK\r\n");
    line("ETag:  \"one\" \r\n");
    line("no header\r\n");
    line("x-amz-empty:\r\n");
    line("etag: \"two\"\r\n");
    ck_assert(ldbx_view_eq(ldbx_http_response_header(&response, "ETAG"), "\"one\""));
    ck_assert_uint_eq(ldbx_http_response_header(&response, "x-amz-empty").size, 0);
    ck_assert_uint_eq(ldbx_http_response_header(&response, "eta").size, 0);
    line("HTTP/1.1 204 No Content\r\n");
    ck_assert_uint_eq(ldbx_http_response_header(&response, "etag").size, 0);
}
END_TEST

/* What does not fit is not found; what fits behind it is. */
START_TEST(a_head_that_is_kept_has_a_largest_size)
{
    static char large[65536 - 8];

    memset(large, 'x', sizeof large - 3);
    memcpy(large, "large: ", 7);
    ldbx_http_response_keep_head(&response);
    line(large);
    ck_assert_uint_eq(ldbx_http_response_header(&response, "large").size, sizeof large - 3 - 7);
    line("some: thing");
    ck_assert_uint_eq(ldbx_http_response_header(&response, "some").size, 0);
    line("a: 1");
    ck_assert(ldbx_view_eq(ldbx_http_response_header(&response, "a"), "1"));
    ck_assert_uint_le(response.head.size, 65536);
}
END_TEST

START_TEST(a_text_is_left_out_when_memory_is_short)
{
    suite_fail_allocation(1);
    line("x-databricks-reason-phrase: text\r\n");
    ck_assert_str_eq(response.reason, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net/message");
    TCase *tcase = suite_case(suite, "message");

    tcase_add_checked_fixture(tcase, start, stop);
    tcase_add_test(tcase, a_new_response_says_nothing);
    tcase_add_test(tcase, names_have_no_case_and_values_are_trimmed);
    tcase_add_test(tcase, the_first_that_says_something_counts);
    tcase_add_test(tcase, a_date_has_four_digits_for_its_year);
    tcase_add_test(tcase, the_better_header_gives_the_reason_wherever_it_stands);
    tcase_add_test(tcase, a_new_head_forgets_the_old_one);
    tcase_add_test(tcase, a_reason_becomes_one_short_line);
    tcase_add_test(tcase, other_lines_are_passed_over);
    tcase_add_loop_test(tcase, reads_a_delay, 0, (int)(sizeof delays / sizeof delays[0]));
    tcase_add_test(tcase, reads_a_date_ahead);
    tcase_add_test(tcase, reset_keeps_the_memory_of_the_body);
    tcase_add_test(tcase, a_head_is_kept_on_request);
    tcase_add_test(tcase, a_head_that_is_kept_has_a_largest_size);
    tcase_add_test(tcase, a_text_is_left_out_when_memory_is_short);
    return suite_run(suite);
}
