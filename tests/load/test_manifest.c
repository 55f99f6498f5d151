#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "load/manifest.h"

#define JOB "contacts-0123abcd"

static ldbx_error *error;
static ldbx_load_document document;
static ldbx_buf text;

static void set_up(void)
{
    document = (ldbx_load_document){0};
    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
}

static void tear_down(void)
{
    ldbx_load_document_clear(&document);
    ldbx_buf_clear(&text);
    ldbx_error_destroy(error);
    error = NULL;
}

/* The example, member by member, so that each can be put wrong. */
#define HEAD    "{\"format\":1,\"load\":{"
#define ATTEMPT "{\"run\":\"20241124T180000Z-9f3a62c1\",\"number\":2,\"parts\":16,\"gzip\":true}"
#define FILES                                                                                                          \
    "[{\"name\":\"" JOB                                                                                                \
    "/20241124T180000Z-9f3a62c1/2-000001.csv.gz\",\"bytes\":70,\"rows\":10,\"crc32\":4294967295},{\"name\":\"" JOB     \
    "/20241124T180000Z-9f3a62c1/2-000002.csv.gz\",\"bytes\":30,\"rows\":5,\"crc32\":0}]"
#define IDENTITY "0123456789abcdef0123456789abcdef"
#define TAIL                                                                                                           \
    "},\"dead\":[{\"run\":\"20241124T180000Z-9f3a62c1\",\"number\":1,\"parts\":16,\"gzip\":false,\"url\":\"s3://"      \
    "bucket/other\",\"removed\":true}],"                                                                               \
    "\"done\":[{\"identity\":\"fedcba9876543210fedcba9876543210\",\"run\":\"20241123T180000Z-00000000\",\"rows\":7}]}"

static const char *const members[] = {
    "\"state\":\"prepared\"",
    "\"identity\":\"" IDENTITY "\"",
    "\"source\":\"file 1\"",
    "\"url\":\"s3://bucket/prefix\"",
    "\"catalog\":\"main\"",
    "\"database\":\"crm\"",
    "\"table\":\"contacts\"",
    "\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\"},{\"name\":\"price\",\"type\":\"DECIMAL(10,2)\"}]",
    "\"inferred\":false",
    "\"null_value\":\"ldbx_0123456789abcdef0123456789abcdef\"",
    "\"attempt\":" ATTEMPT,
    "\"resumed\":1",
    "\"files\":" FILES,
    "\"empty_as_null\":0",
    "\"table_seen\":true",
    "\"version_before\":41",
    "\"version_committed\":1732471200000000",
    "\"table_id\":\"6c1d64b5-41a5-4e0f-b8ad-5b1e3b7f0a11\"",
    "\"started\":1",
    "\"loaded\":0",
    "\"statements\":3",
    "\"version_after\":-1",
    "\"failure\":null",
};

#define MEMBERS (sizeof members / sizeof members[0])

/* The example with one member replaced, or left out where `other` is "". */
static void write_example(size_t which, const char *other)
{
    bool comma = false;

    ldbx_buf_reset(&text);
    ldbx_buf_str(&text, HEAD);
    for (size_t i = 0; i < MEMBERS; i++) {
        const char *member = i == which ? other : members[i];
        if (member[0] == '\0')
            continue;
        ldbx_buf_printf(&text, "%s%s", comma ? "," : "", member);
        comma = true;
    }
    ldbx_buf_str(&text, TAIL);
}

START_TEST(comes_back_as_it_was)
{
    ldbx_buf again;

    write_example(MEMBERS, "");
    expect_ok(ldbx_load_document_read(ldbx_buf_get(&text), JOB, &document, &error), error);
    ck_assert_int_eq(document.load.state, LDBX_LOAD_PREPARED);
    ck_assert_int_eq(document.load.rows, 15);
    ck_assert_int_eq(document.load.bytes, 100);
    ck_assert_uint_eq(document.load.parts[0].crc32, UINT32_MAX);
    ck_assert_int_eq(document.dead_count, 1);
    ck_assert_int_eq(ldbx_load_document_find_done(&document, "fedcba9876543210fedcba9876543210")->rows, 7);
    ck_assert_ptr_null(ldbx_load_document_find_done(&document, IDENTITY));
    ldbx_buf_init(&again, LDBX_MAX_DOCUMENT);
    ldbx_load_document_write(&document, JOB, &again);
    ck_assert_str_eq(ldbx_buf_cstr(&again), ldbx_buf_cstr(&text));
    ldbx_buf_clear(&again);
}
END_TEST

/* It is saved whenever more names are needed, with some of its files written. */
START_TEST(files_are_kept_once_they_are_sealed)
{
    ldbx_load_document again = {0};

    write_example(MEMBERS, "");
    expect_ok(ldbx_load_document_read(ldbx_buf_get(&text), JOB, &document, &error), error);
    document.load.state = LDBX_LOAD_STAGING;
    document.load.started = 0;
    ldbx_buf_reset(&text);
    ldbx_load_document_write(&document, JOB, &text);
    expect_ok(ldbx_load_document_read(ldbx_buf_get(&text), JOB, &again, &error), error);
    ck_assert_int_eq(again.load.state, LDBX_LOAD_STAGING);
    ck_assert_uint_eq(again.load.part_count, 0);
    ck_assert_int_eq(again.load.attempt.parts, 16);
    ldbx_load_document_clear(&again);
}
END_TEST

START_TEST(a_member_that_is_missing_is_named)
{
    char quoted[64];

    write_example((size_t)_i, "");
    if (strstr(members[_i], "\"failure\"") != NULL) { /* only a failed load has one */
        expect_ok(ldbx_load_document_read(ldbx_buf_get(&text), JOB, &document, &error), error);
        return;
    }
    expect_status(ldbx_load_document_read(ldbx_buf_get(&text), JOB, &document, &error), LDBX_INVALID_DATA, error);
    snprintf(quoted, sizeof quoted, "'%.*s'", (int)strcspn(members[_i] + 1, "\""), members[_i] + 1);
    if (strcmp(quoted, "'attempt'") == 0)
        strcpy(quoted, "'run'");
    ck_assert_msg(strstr(ldbx_error_message(error), quoted) != NULL, "%s: %s", quoted, ldbx_error_message(error));
    ck_assert_int_eq(document.load.state, LDBX_LOAD_NONE);
}
END_TEST

static const struct {
    size_t member;
    const char *other;
} wrong[] = {
    {0, "\"state\":\"none\""},
    {0, "\"state\":\"done\""},
    {0, "\"state\":\"sealed\""},     /* a group was started before the table was prepared */
    {0, "\"state\":\"staging\""},    /* with files */
    {0, "\"state\":\"reconciled\""}, /* with a group that is not loaded */
    {0, "\"state\":\"failed\""},     /* without a failure */
    {1, "\"identity\":\"0123\""},
    {1, "\"identity\":\"0123456789ABCDEF0123456789abcdef\""},
    {2, "\"source\":\"\""},
    {3, "\"url\":7"},
    {7, "\"columns\":[]"},
    {7, "\"columns\":[{\"name\":\"id\"}]"},
    {7, "\"columns\":[1]"},
    {8, "\"inferred\":0"},
    {9, "\"null_value\":\"'; DROP TABLE contacts; -- 0123456789\""},
    {10, "\"attempt\":{\"run\":\"../../x\",\"number\":2,\"parts\":16,\"gzip\":true}"},
    {10, "\"attempt\":{\"run\":\"20241124T180000Z-9f3a62c1\",\"number\":0,\"parts\":16,\"gzip\":true}"},
    {10, "\"attempt\":{\"run\":\"20241124T180000Z-9f3a62c1\",\"number\":2,\"parts\":1,\"gzip\":true}"},
    {10, "\"attempt\":[]"},
    {12, "\"files\":{}"},
    {12, "\"files\":[{\"name\":\"" JOB
         "/20241124T180000Z-9f3a62c1/2-000002.csv.gz\",\"bytes\":70,\"rows\":10,\"crc32\":1}]"},
    {12, "\"files\":[{\"name\":\"" JOB
         "/20241124T180000Z-9f3a62c1/2-000001.csv.gz\",\"bytes\":0,\"rows\":10,\"crc32\":1}]"},
    {12,
     "\"files\":[{\"name\":\"" JOB "/20241124T180000Z-9f3a62c1/2-000001.csv.gz\",\"bytes\":1,\"rows\":0,\"crc32\":1}]"},
    {12, "\"files\":[{\"name\":\"" JOB
         "/20241124T180000Z-9f3a62c1/2-000001.csv.gz\",\"bytes\":1,\"rows\":1,\"crc32\":4294967296}]"},
    {12, "\"files\":[]"}, /* a group was started */
    {15, "\"version_before\":-1"},
    {15, "\"version_before\":1.5"},
    {17, "\"table_id\":7"},
    {17, "\"table_id\":\"6c1d64b5-41a5-4e0f-b8ad-5b1e3b7f0a11-6c1d64b5-41a5-4e0f-b8ad-5b1\""},
    {18, "\"started\":2"},
    {19, "\"loaded\":2"},
};

START_TEST(a_wrong_one_is_refused)
{
    write_example(wrong[_i].member, wrong[_i].other);
    ck_assert_msg(ldbx_load_document_read(ldbx_buf_get(&text), JOB, &document, &error) == LDBX_INVALID_DATA, "%s: %s",
                  wrong[_i].other, ldbx_error_message(error));
    ck_assert_msg(ldbx_view_starts(ldbx_view_of(ldbx_error_message(error)), "the load's checkpoint is corrupt: '"),
                  "%s", ldbx_error_message(error));
}
END_TEST

START_TEST(cut_anywhere_it_is_refused)
{
    write_example(MEMBERS, "");
    for (size_t size = 0; size < text.size; size++)
        expect_status(ldbx_load_document_read((ldbx_view){(const char *)text.data, size}, JOB, &document, &error),
                      LDBX_INVALID_DATA, error);
}
END_TEST

START_TEST(one_of_a_newer_library_is_told)
{
    const ldbx_view newer = ldbx_view_of("{\"format\":2,\"load\":null,\"dead\":[],\"done\":[]}");

    expect_status(ldbx_load_document_read(newer, JOB, &document, &error), LDBX_INVALID_DATA, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "newer version"));
}
END_TEST

/* So many files of one row, in attempt 1 of run "0". */
static void write_files(int count)
{
    ldbx_buf files;

    ldbx_buf_init(&files, LDBX_MAX_DOCUMENT);
    ldbx_buf_str(&files, "\"attempt\":{\"run\":\"0\",\"number\":1,\"parts\":100000,\"gzip\":false},\"files\":[");
    for (int i = 1; i <= count; i++)
        ldbx_buf_printf(&files, "%s{\"name\":\"" JOB "/0/1-%06d.csv\",\"bytes\":9,\"rows\":1,\"crc32\":7}",
                        i > 1 ? "," : "", i);
    ldbx_buf_str(&files, "]");
    write_example(10, ldbx_buf_cstr(&files));
    ldbx_buf_clear(&files);
}

/* The member `files` of the example is taken out of the text that has it twice. */
static void drop_second_files(void)
{
    char *second = strstr((char *)(uintptr_t)ldbx_buf_cstr(&text), "\"files\":" FILES);
    const size_t size = strlen("\"files\":" FILES ",");

    ck_assert_ptr_nonnull(second);
    memmove(second, second + size, text.size - (size_t)(second - (char *)text.data) - size);
    ldbx_buf_cut(&text, text.size - size);
}

START_TEST(number_of_files)
{
    for (int extra = 0; extra < 2; extra++) {
        write_files(LDBX_MAX_PARTS + extra);
        drop_second_files();
        expect_status(ldbx_load_document_read(ldbx_buf_get(&text), JOB, &document, &error),
                      extra == 0 ? LDBX_OK : LDBX_INVALID_DATA, error);
    }
}
END_TEST

/* An attempt is listed once, with the most names that may be in use. */
START_TEST(number_of_dead_attempts)
{
    ldbx_attempt attempt = {.run = "0"};

    for (int i = 1; i <= LDBX_MAX_DEAD + 1; i++) {
        attempt.number = i;
        attempt.parts = 16;
        expect_ok(ldbx_load_document_add_dead(&document, &attempt, "s3://bucket", &error), error);
        attempt.parts = 32;
        expect_ok(ldbx_load_document_add_dead(&document, &attempt, "s3://bucket", &error), error);
    }
    ck_assert_uint_eq(document.dead_count, LDBX_MAX_DEAD);
    ck_assert_int_eq(document.dead[0].attempt.number, 2);
    ck_assert_int_eq(document.dead[0].attempt.parts, 32);
    expect_ok(ldbx_load_document_add_dead(&document, &attempt, "s3://other", &error), error);
    ck_assert_str_eq(document.dead[LDBX_MAX_DEAD - 1].url, "s3://other");
    ck_assert_str_eq(document.dead[LDBX_MAX_DEAD - 2].url, "s3://bucket");
}
END_TEST

START_TEST(number_of_sources)
{
    ldbx_load_done done = {.rows = 1};

    for (int i = 0; i <= LDBX_MAX_SOURCES; i++) {
        snprintf(done.identity, sizeof done.identity, "%032d", i);
        expect_ok(ldbx_load_document_add_done(&document, &done, &error), error);
    }
    ck_assert_uint_eq(document.done_count, LDBX_MAX_SOURCES);
    ck_assert_ptr_null(ldbx_load_document_find_done(&document, "00000000000000000000000000000000"));
    ck_assert_ptr_nonnull(ldbx_load_document_find_done(&document, "00000000000000000000000000000001"));
    ck_assert_ptr_nonnull(ldbx_load_document_find_done(&document, done.identity));
}
END_TEST

START_TEST(files_fall_into_groups)
{
    ldbx_manifest manifest = {0};
    ldbx_load_group group;

    for (int64_t i = 1; i <= 2001; i++)
        expect_ok(ldbx_manifest_add(&manifest, &(ldbx_part){.rows = i, .bytes = 10}, &error), error);
    ck_assert_int_eq(ldbx_manifest_groups(&manifest), 3);
    group = ldbx_manifest_group(&manifest, 1);
    ck_assert_int_eq(group.first, 1000);
    ck_assert_int_eq(group.files, 1000);
    ck_assert_int_eq(group.rows, (1001 + 2000) * 500);
    group = ldbx_manifest_group(&manifest, 2);
    ck_assert_int_eq(group.files, 1);
    ck_assert_int_eq(group.rows, 2001);
    manifest.schema = LDBX_SCHEMA_INFERRED;
    ck_assert_int_eq(ldbx_manifest_groups(&manifest), 1);
    ck_assert_int_eq(ldbx_manifest_group(&manifest, 0).files, 2001);
    ldbx_manifest_clear(&manifest);
}
END_TEST

START_TEST(more_rows_than_can_be_counted_are_refused)
{
    ldbx_manifest manifest = {0};

    expect_ok(ldbx_manifest_add(&manifest, &(ldbx_part){.rows = INT64_MAX, .bytes = 1}, &error), error);
    expect_status(ldbx_manifest_add(&manifest, &(ldbx_part){.rows = 1, .bytes = 1}, &error), LDBX_INVALID_DATA, error);
    ck_assert_uint_eq(manifest.part_count, 1);
    ldbx_manifest_clear(&manifest);
}
END_TEST

START_TEST(keys_have_folders_of_their_own)
{
    char a[LDBX_JOB_FOLDER_SIZE], b[LDBX_JOB_FOLDER_SIZE], name[LDBX_STAGED_SIZE];
    const ldbx_attempt attempt = {.run = "20241124T180000Z-9f3a62c1", .number = 12, .gzip = false};

    expect_ok(ldbx_job_folder("Daily Contacts/\xc3\xbc", a, &error), error);
    ck_assert_str_eq(a, "daily-contacts----3b012acf");
    expect_ok(ldbx_job_folder("Daily Contacts/\xc3\xa4", b, &error), error);
    ck_assert_str_ne(a, b);
    expect_ok(
        ldbx_job_folder("a key that is so very long that nobody would want to see all of it in a path", a, &error),
        error);
    ck_assert_uint_eq(strlen(a), 48 + 9);
    ldbx_staged_name(JOB, &attempt, 7, name);
    ck_assert_str_eq(name, JOB "/20241124T180000Z-9f3a62c1/12-000007.csv");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("manifest");
    TCase *tcase = suite_case(suite, "manifest");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, comes_back_as_it_was);
    tcase_add_test(tcase, files_are_kept_once_they_are_sealed);
    tcase_add_loop_test(tcase, a_member_that_is_missing_is_named, 0, MEMBERS);
    tcase_add_loop_test(tcase, a_wrong_one_is_refused, 0, sizeof wrong / sizeof wrong[0]);
    tcase_add_test(tcase, cut_anywhere_it_is_refused);
    tcase_add_test(tcase, one_of_a_newer_library_is_told);
    tcase_add_test(tcase, number_of_files);
    tcase_add_test(tcase, number_of_dead_attempts);
    tcase_add_test(tcase, number_of_sources);
    tcase_add_test(tcase, files_fall_into_groups);
    tcase_add_test(tcase, more_rows_than_can_be_counted_are_refused);
    tcase_add_test(tcase, keys_have_folders_of_their_own);
    return suite_run(suite);
}
