#include "suite.h"

#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "load/copy_into.h"

static ldbx_manifest manifest;
static ldbx_buf sql;

static char url[] = "s3://bucket/it's";
static char catalog[] = "main", database[] = "crm", table[] = "con`tacts";

static void set_up(void)
{
    manifest = (ldbx_manifest){.url = url,
                               .catalog = catalog,
                               .database = database,
                               .table = table,
                               .null_value = "ldbx_00000000000000000000000000000000",
                               .attempt = {.run = "20241124T180000Z-9f3a62c1", .number = 3, .gzip = true}};
    ldbx_buf_init(&sql, LDBX_MAX_SQL);
}

static void tear_down(void)
{
    ldbx_buf_clear(&sql);
}

#define FROM "'s3://bucket/it\\'s/job-01234567/20241124T180000Z-9f3a62c1/'"
#define OPTIONS                                                                                                        \
    " FORMAT_OPTIONS ('header' = 'true', 'sep' = ',', 'quote' = '\"', 'escape' = '\"', "                               \
    "'charToEscapeQuoteEscaping' = '\"', 'multiLine' = 'true', "                                                       \
    "'lineSep' = '\\n', 'encoding' = 'UTF-8', 'mode' = 'FAILFAST', 'nullValue' = "                                     \
    "'ldbx_00000000000000000000000000000000'"

static void expect_text(const ldbx_access *access, int64_t files, const char *text)
{
    const ldbx_load_group group = {.first = 1000, .files = files, .rows = 7};

    ldbx_copy_into_write(&manifest, "job-01234567", &group, ldbx_view_of("CAST(`a` AS INT) AS `a`"), access, &sql);
    ck_assert_str_eq(ldbx_buf_cstr(&sql), text);
}

START_TEST(a_declared_load_casts)
{
    const ldbx_access access = {.kind = LDBX_ACCESS_EXTERNAL};

    expect_text(&access, 2,
                "COPY INTO `main`.`crm`.`con``tacts` FROM (SELECT CAST(`a` AS INT) AS `a` FROM " FROM
                ") FILEFORMAT = CSV FILES = ('3-001001.csv.gz', '3-001002.csv.gz')" OPTIONS ")");
}
END_TEST

START_TEST(an_inferred_load_infers_once)
{
    const ldbx_access access = {.kind = LDBX_ACCESS_NAMED, .credential = "my `key`"};

    manifest.schema = LDBX_SCHEMA_INFERRED;
    expect_text(&access, 1,
                "COPY INTO `main`.`crm`.`con``tacts` FROM " FROM
                " WITH (CREDENTIAL `my ``key```) FILEFORMAT = CSV FILES = "
                "('3-001001.csv.gz')" OPTIONS
                ", 'inferSchema' = 'true', 'mergeSchema' = 'true') COPY_OPTIONS ('mergeSchema' = 'true')");
}
END_TEST

START_TEST(more_files_than_can_be_named_are_a_pattern)
{
    const ldbx_access access = {.kind = LDBX_ACCESS_EXTERNAL};

    manifest.schema = LDBX_SCHEMA_INFERRED;
    expect_text(&access, 1001,
                "COPY INTO `main`.`crm`.`con``tacts` FROM " FROM " FILEFORMAT = CSV PATTERN = '3-*'" OPTIONS
                ", 'inferSchema' = 'true', 'mergeSchema' = 'true') COPY_OPTIONS ('mergeSchema' = 'true')");
}
END_TEST

/* Keys are never part of the text: a NUL stands in the place of each. */
START_TEST(keys_are_left_out)
{
    const ldbx_access access = {.kind = LDBX_ACCESS_INLINE,
                                .access_key_id = "AKIA",
                                .secret_access_key = "secret",
                                .session_token = _i == 1 ? "token" : NULL};
    static const char two[] = " WITH (CREDENTIAL (AWS_ACCESS_KEY = \0, AWS_SECRET_KEY = \0))) FILEFORMAT";
    static const char three[] =
        " WITH (CREDENTIAL (AWS_ACCESS_KEY = \0, AWS_SECRET_KEY = \0, AWS_SESSION_TOKEN = \0))) FILEFORMAT";
    const ldbx_load_group group = {.files = 1};
    const char *secrets[3];

    ck_assert_uint_eq(ldbx_access_secrets(&access, secrets), 2 + (size_t)_i);
    ck_assert_str_eq(secrets[1], "secret");
    ldbx_copy_into_write(&manifest, "job", &group, ldbx_view_of("1"), &access, &sql);
    ck_assert(!sql.failed);
    ck_assert_ptr_nonnull(memmem(sql.data, sql.size, _i == 0 ? two : three, (_i == 0 ? sizeof two : sizeof three) - 1));
    ck_assert_ptr_null(memmem(sql.data, sql.size, "secret", 6));
}
END_TEST

static const struct {
    ldbx_status status;
    const char *error_class, *sqlstate;
    int retry;
    bool passes;
} answers[] = {
    {LDBX_SERVER, "COPY_INTO_DUPLICATED_FILES_COPY_NOT_ALLOWED", "25000", -1, true},
    {LDBX_SERVER, "DELTA_CONCURRENT_APPEND.WHOLE_TABLE_READ", "2D521", -1, true},
    {LDBX_SERVER, "DELTA_METADATA_CHANGED", "2D521", -1, true},
    {LDBX_SERVER, "", "53300", -1, true},
    {LDBX_SERVER, "", "40001", -1, true},
    {LDBX_SERVER, "CAST_INVALID_INPUT", "22018", -1, false},
    {LDBX_SERVER, "", "57014", -1, false}, /* somebody ended it */
    {LDBX_SERVER, "", "", -1, false},
    {LDBX_UNAVAILABLE, "", "", -1, true},
    {LDBX_UNAVAILABLE, "", "", LDBX_RETRY_NEVER, false},
    {LDBX_TIMEOUT, "", "", -1, true},
    {LDBX_TIMEOUT, "", "", LDBX_RETRY_UNKNOWN, false},
    {LDBX_NOT_FOUND, "DELTA_MISSING_DELTA_TABLE_COPY_INTO", "42P01", -1, false},
    {LDBX_FORBIDDEN, "", "42501", -1, false},
    {LDBX_CANCELLED, "", "", -1, false},
    {LDBX_OUTCOME_UNKNOWN, "", "", -1, false},
};

START_TEST(what_will_pass_is_told_from_what_stays)
{
    const ldbx_error_facts facts = {
        .sqlstate = answers[_i].sqlstate, .error_class = answers[_i].error_class, .retry = answers[_i].retry};
    ldbx_error *error = NULL;

    ldbx_fail_facts(&error, answers[_i].status, &facts, "no");
    ck_assert_int_eq(ldbx_load_may_pass(answers[_i].status, error), answers[_i].passes);
    ldbx_error_destroy(error);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copy_into");
    TCase *tcase = suite_case(suite, "copy_into");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_declared_load_casts);
    tcase_add_test(tcase, an_inferred_load_infers_once);
    tcase_add_test(tcase, more_files_than_can_be_named_are_a_pattern);
    tcase_add_loop_test(tcase, keys_are_left_out, 0, 2);
    tcase_add_loop_test(tcase, what_will_pass_is_told_from_what_stays, 0, sizeof answers / sizeof answers[0]);
    return suite_run(suite);
}
