#include "suite.h"

#include "base/str.h"
#include "client/dialect.h"
#include "wire/tcli.h"

static ldbx_error *error;

START_TEST(the_protocol_decides)
{
    const ldbx_dialect *databricks, *older, *hive, *spark;

    expect_ok(ldbx_dialect_find(LDBX_PROTOCOL_V8, &databricks, &error), error);
    expect_ok(ldbx_dialect_find(LDBX_PROTOCOL_MINIMUM, &older, &error), error);
    expect_ok(ldbx_dialect_find(5, &hive, &error), error);
    expect_ok(ldbx_dialect_find(10, &spark, &error), error);
    ck_assert_ptr_eq(databricks, older);
    ck_assert_ptr_eq(hive, spark);
    ck_assert(databricks->announces_more && databricks->names_types);
    ck_assert(!hive->announces_more && !hive->names_types);
}
END_TEST

START_TEST(what_cannot_be_read_is_refused)
{
    const ldbx_dialect *dialect;

    expect_status(ldbx_dialect_find(4, &dialect, &error), LDBX_UNSUPPORTED, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "row by row"));
    expect_status(ldbx_dialect_find(0, &dialect, &error), LDBX_UNSUPPORTED, error);
    expect_status(ldbx_dialect_find(-1, &dialect, &error), LDBX_PROTOCOL, error);
    expect_status(ldbx_dialect_find(11, &dialect, &error), LDBX_PROTOCOL, error);
    ldbx_error_destroy(error);
    error = NULL;
}
END_TEST

static void expect_opening(const ldbx_dialect *dialect, const ldbx_config *config, size_t index, const char *expected)
{
    ldbx_buf sql;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ck_assert_int_eq(ldbx_dialect_opening(dialect, config, index, &sql), expected != NULL);
    if (expected != NULL)
        ck_assert_str_eq(ldbx_buf_cstr(&sql), expected);
    ldbx_buf_clear(&sql);
}

START_TEST(a_session_is_set_up_by_statements_where_settings_are_ignored)
{
    const ldbx_dialect *databricks, *spark;
    ldbx_config *config = NULL;

    expect_ok(ldbx_config_new(&config, &error), error);
    expect_ok(ldbx_dialect_find(LDBX_PROTOCOL_V8, &databricks, &error), error);
    expect_ok(ldbx_dialect_find(9, &spark, &error), error);
    expect_opening(databricks, config, 0, NULL);
    expect_opening(spark, config, 0, "SET spark.sql.session.timeZone=UTC");
    expect_opening(spark, config, 1, "SET spark.sql.ansi.enabled=true");
    expect_opening(spark, config, 2, NULL);
    expect_ok(ldbx_config_set(config, "schema", "a`b", &error), error);
    expect_opening(spark, config, 2, "USE `a``b`");
    expect_ok(ldbx_config_set(config, "catalog", "spark_catalog", &error), error);
    expect_opening(spark, config, 2, "USE `spark_catalog`.`a``b`");
    expect_opening(spark, config, 3, NULL);
    ldbx_config_destroy(config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dialect");
    TCase *tcase = suite_case(suite, "dialect");

    tcase_add_test(tcase, the_protocol_decides);
    tcase_add_test(tcase, what_cannot_be_read_is_refused);
    tcase_add_test(tcase, a_session_is_set_up_by_statements_where_settings_are_ignored);
    return suite_run(suite);
}
