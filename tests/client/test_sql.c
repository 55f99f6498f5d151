#include "client/sql.h"

#include <string.h>

#include "suite.h"

static void expect_text(ldbx_buf *sql, const char *wanted)
{
    ck_assert_str_eq(ldbx_buf_cstr(sql), wanted);
    ldbx_buf_clear(sql);
}

START_TEST(identifiers)
{
    ldbx_buf sql;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_sql_identifier(&sql, "simple");
    expect_text(&sql, "`simple`");
    ldbx_sql_identifier(&sql, "a`b``c'\"\\ .\n\xc3\xa4");
    expect_text(&sql, "`a``b````c'\"\\ .\n\xc3\xa4`");
    ldbx_sql_identifier(&sql, "");
    expect_text(&sql, "``");
}
END_TEST

START_TEST(names)
{
    ldbx_buf sql;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_sql_name(&sql, "c", "s", "t");
    expect_text(&sql, "`c`.`s`.`t`");
    ldbx_sql_name(&sql, NULL, "s", "t`");
    expect_text(&sql, "`s`.`t```");
    ldbx_sql_name(&sql, "c", "s", NULL);
    expect_text(&sql, "`c`.`s`");
    ldbx_sql_name(&sql, NULL, NULL, "t");
    expect_text(&sql, "`t`");
    ldbx_sql_name(&sql, NULL, NULL, NULL);
    expect_text(&sql, "");
}
END_TEST

static const struct {
    ldbx_view text;
    const char *literal;
} literals[] = {
    {{"", 0}, "''"},
    {{NULL, 0}, "''"},
    {{"it's", 4}, "'it\\'s'"},
    {{"\\", 1}, "'\\\\'"},
    {{"\\'", 2}, "'\\\\\\''"},
    {{"a\nb\rc\td", 7}, "'a\\nb\\rc\td'"},
    {{"\x1a", 1}, "'\\Z'"},
    {{"a\0"
      "12",
      4},
     "'a\\u000012'"}, /* \0 followed by digits would be octal */
    {{"$x ${y} $${z} $", 15}, "'$x \\u0024{y} $\\u0024{z} $'"},
    {{"\"`%_;--", 7}, "'\"`%_;--'"},
    {{"\xc3\xa4\xf0\x9f\x98\x80", 6}, "'\xc3\xa4\xf0\x9f\x98\x80'"},
};

START_TEST(strings)
{
    ldbx_buf sql;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_sql_string(&sql, literals[_i].text);
    expect_text(&sql, literals[_i].literal);
}
END_TEST

START_TEST(times)
{
    ldbx_buf sql;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_sql_time(&sql, LDBX_TYPE_TIMESTAMP, 1623785696789000);
    expect_text(&sql, "TIMESTAMP '2021-06-15T19:34:56.789000Z'");
    ldbx_sql_time(&sql, LDBX_TYPE_TIMESTAMP_NTZ, -1);
    expect_text(&sql, "TIMESTAMP_NTZ '1969-12-31T23:59:59.999999'");
    ldbx_sql_time(&sql, LDBX_TYPE_DATE, 86400000000);
    expect_text(&sql, "DATE '1970-01-02'");
    ldbx_sql_time(&sql, LDBX_TYPE_DATE, -86400000000);
    expect_text(&sql, "DATE '1969-12-31'");
    ldbx_sql_time(&sql, LDBX_TYPE_DATE, -1);
    expect_text(&sql, "DATE '1969-12-31'");
    ldbx_sql_time(&sql, LDBX_TYPE_TIMESTAMP, -62135596800000000);
    expect_text(&sql, "TIMESTAMP '0001-01-01T00:00:00.000000Z'");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client/sql");
    TCase *tcase = suite_case(suite, "sql");

    tcase_add_test(tcase, identifiers);
    tcase_add_test(tcase, names);
    tcase_add_loop_test(tcase, strings, 0, sizeof literals / sizeof literals[0]);
    tcase_add_test(tcase, times);
    return suite_run(suite);
}
