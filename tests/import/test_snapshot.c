/* The text of the statements, for columns and tables of any name. */
#include "suite.h"

#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "import/snapshot.h"

static char id[] = "id", updated[] = "up`d", int_type[] = "INT", time_type[] = "TIMESTAMP";
static char catalog[] = "ma in", database[] = "crm", table[] = "a.b`c", view[] = "v", order_column[] = "ldbx_order";
static char *columns[] = {updated, id};
static char *types[] = {time_type, int_type};

static ldbx_snapshot sample(void)
{
    return (ldbx_snapshot){.catalog = catalog,
                           .database = database,
                           .table = table,
                           .view = view,
                           .order_column = order_column,
                           .columns = columns,
                           .sql_types = types,
                           .column_count = 2,
                           .ts_type = LDBX_TYPE_TIMESTAMP,
                           .version = 7};
}

static void expect_text(ldbx_buf *sql, const char *text)
{
    ck_assert_str_eq(ldbx_buf_cstr(sql), text);
    ldbx_buf_clear(sql);
}

START_TEST(source_is_quoted_and_pinned)
{
    ldbx_snapshot snapshot = sample();
    ldbx_buf sql;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_snapshot_write_source(&snapshot, &sql);
    expect_text(&sql, "`ma in`.`crm`.`a.b``c` VERSION AS OF 7");
    snapshot.version = -1;
    ldbx_snapshot_write_source(&snapshot, &sql);
    expect_text(&sql, "`ma in`.`crm`.`a.b``c`");
}
END_TEST

START_TEST(condition_has_both_bounds_to_the_microsecond)
{
    ldbx_snapshot snapshot = sample();
    ldbx_buf sql;

    snapshot.lower = (ldbx_bound){true, 1};
    snapshot.upper = (ldbx_bound){true, INT64_C(1700000000123456)};
    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_snapshot_write_condition(&snapshot, &sql);
    expect_text(&sql, "`up``d` IS NOT NULL AND `up``d` > TIMESTAMP '1970-01-01T00:00:00.000001Z' AND "
                      "`up``d` <= TIMESTAMP '2023-11-14T22:13:20.123456Z'");
}
END_TEST

START_TEST(a_page_starts_behind_its_key)
{
    ldbx_snapshot snapshot = sample();
    ldbx_key after = {true, 0, 17};
    ldbx_bound upto = {true, 2000000};
    ldbx_buf sql;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_snapshot_write_read(&snapshot, &after, &upto, 100, &sql);
    expect_text(&sql, "SELECT * FROM `v` WHERE `up``d` >= TIMESTAMP '1970-01-01T00:00:00.000000Z' AND "
                      "(`up``d` > TIMESTAMP '1970-01-01T00:00:00.000000Z' OR `ldbx_order` > 17) AND "
                      "`up``d` <= TIMESTAMP '1970-01-01T00:00:02.000000Z' ORDER BY `up``d`, `ldbx_order` LIMIT 100");
}
END_TEST

START_TEST(everything_is_read_without_bounds)
{
    ldbx_snapshot snapshot = sample();
    ldbx_key after = {0};
    ldbx_bound upto = {0};
    ldbx_buf sql;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_snapshot_write_read(&snapshot, &after, &upto, 0, &sql);
    expect_text(&sql, "SELECT * FROM `v` ORDER BY `up``d`, `ldbx_order`");
}
END_TEST

/* Where the wire has no form for them, the server makes JSON of what is nested, to the microsecond and with its NULLs. */
START_TEST(nested_columns_are_read_as_json)
{
    char a[] = "a`b", s[] = "s", v[] = "v", array_type[] = "array<int>", struct_type[] = "struct<x:date>",
         variant_type[] = "variant";
    char *names[] = {updated, a, s, v}, *sql_types[] = {time_type, array_type, struct_type, variant_type};
    ldbx_snapshot snapshot = sample();
    ldbx_key after = {0};
    ldbx_bound upto = {0};
    ldbx_buf sql;

    snapshot.columns = names;
    snapshot.sql_types = sql_types;
    snapshot.column_count = 4;
    snapshot.nested_as_json = true;
    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_snapshot_write_read(&snapshot, &after, &upto, 0, &sql);
#define OPTIONS                                                                                                        \
    ", map('timestampFormat', 'yyyy-MM-dd\\'T\\'HH:mm:ss.SSSSSSXXX', 'timestampNTZFormat', "                           \
    "'yyyy-MM-dd\\'T\\'HH:mm:ss.SSSSSS', 'ignoreNullFields', 'false'))"
    expect_text(&sql, "SELECT `up``d`, to_json(`a``b`" OPTIONS " AS `a``b`, to_json(`s`" OPTIONS
                      " AS `s`, to_json(`v`" OPTIONS " AS `v`, `ldbx_order` FROM `v` ORDER BY `up``d`, `ldbx_order`");
}
END_TEST

START_TEST(time_columns_are_found_without_case_and_checked)
{
    ldbx_snapshot snapshot = sample();
    ldbx_error *error = NULL;
    ldbx_type type;
    size_t index = 99;

    expect_ok(ldbx_snapshot_time_column(&snapshot, "UP`D", "timestamp column", &index, &type, &error), error);
    ck_assert_uint_eq(index, 0);
    expect_status(ldbx_snapshot_time_column(&snapshot, "id", "timestamp column", &index, &type, &error),
                  LDBX_INVALID_DATA, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "'id'"));
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "INT"));
    expect_status(ldbx_snapshot_time_column(&snapshot, "nope", "timestamp column", &index, &type, &error),
                  LDBX_NOT_FOUND, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "'nope'"));
    ldbx_error_destroy(error);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *tcase = suite_case(suite, "sql");

    tcase_add_test(tcase, source_is_quoted_and_pinned);
    tcase_add_test(tcase, condition_has_both_bounds_to_the_microsecond);
    tcase_add_test(tcase, a_page_starts_behind_its_key);
    tcase_add_test(tcase, everything_is_read_without_bounds);
    tcase_add_test(tcase, nested_columns_are_read_as_json);
    tcase_add_test(tcase, time_columns_are_found_without_case_and_checked);
    return suite_run(suite);
}
