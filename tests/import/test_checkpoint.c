/* What an import keeps: exact, and refused when anything about it is wrong. */
#include "suite.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "import/checkpoint.h"

static ldbx_import_checkpoint sample(void)
{
    ldbx_import_checkpoint checkpoint = {
        .watermark = {true, INT64_C(253402300799999999)}}; /* beyond what a double holds */
    ldbx_import_run *run = &checkpoint.run;

    memcpy(run->id, "20261122T194512Z-9f3a62c1", 26);
    run->version = 42;
    run->version_us = INT64_C(1600000000000001);
    run->lower = (ldbx_bound){true, -1};
    run->attempts = 3;
    run->total = INT64_C(9007199254740991);
    run->null_timestamps = 7;
    run->delivered = 123456789;
    run->groups_streamed = 2;
    run->key = (ldbx_key){true, INT64_C(1700000000123457), 94};
    run->complete = (ldbx_bound){true, INT64_C(1700000000123456)};
    return checkpoint;
}

static void expect_same_run(const ldbx_import_run *a, const ldbx_import_run *b)
{
    ck_assert_str_eq(a->id, b->id);
    ck_assert_int_eq(a->version, b->version);
    ck_assert_int_eq(a->version_us, b->version_us);
    ck_assert(a->lower.set == b->lower.set && a->lower.us == b->lower.us);
    ck_assert(a->upper.set == b->upper.set);
    ck_assert_int_eq(a->attempts, b->attempts);
    ck_assert_int_eq(a->total, b->total);
    ck_assert_int_eq(a->null_timestamps, b->null_timestamps);
    ck_assert_int_eq(a->delivered, b->delivered);
    ck_assert_int_eq(a->groups_streamed, b->groups_streamed);
    ck_assert(a->key.set == b->key.set && a->key.us == b->key.us && a->key.order == b->key.order);
    ck_assert(a->complete.set == b->complete.set && a->complete.us == b->complete.us);
}

START_TEST(comes_back_as_it_was)
{
    ldbx_import_checkpoint before = sample();
    ldbx_import_checkpoint after;
    ldbx_error *error = NULL;
    ldbx_buf text;

    before.catalog = ldbx_strdup("we`ird \"catalog\"");
    before.source = ldbx_strdup("`a`.`b` by `ts`");
    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
    ldbx_checkpoint_write(&before, &text);
    expect_ok(ldbx_checkpoint_read(ldbx_buf_get(&text), &after, &error), error);
    ck_assert_str_eq(after.catalog, before.catalog);
    ck_assert_str_eq(after.source, before.source);
    ck_assert_int_eq(after.watermark.us, before.watermark.us);
    expect_same_run(&after.run, &before.run);
    ldbx_checkpoint_clear(&after);
    ldbx_checkpoint_clear(&before);
    ldbx_buf_clear(&text);
}
END_TEST

START_TEST(a_new_one_is_empty)
{
    ldbx_import_checkpoint empty = {0};
    ldbx_import_checkpoint after;
    ldbx_error *error = NULL;
    ldbx_buf text;

    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
    ldbx_checkpoint_write(&empty, &text);
    expect_ok(ldbx_checkpoint_read(ldbx_buf_get(&text), &after, &error), error);
    ck_assert(!after.watermark.set && after.run.id[0] == '\0' && after.catalog == NULL);
    ldbx_buf_clear(&text);
}
END_TEST

static const struct {
    const char *text;
    const char *names;
} wrong[] = {
    {"", "corrupt"},
    {"[]", "format"},
    {"{\"format\":2,\"catalog\":null,\"watermark\":null,\"run\":null}", "format"},
    {"{\"format\":1,\"catalog\":null,\"watermark\":17,\"run\":null}", "watermark"},
    {"{\"format\":1,\"catalog\":null,\"watermark\":\"yesterday\",\"run\":null}", "watermark"},
    {"{\"format\":1,\"catalog\":null,\"watermark\":null}", "run"},
    {"{\"format\":1,\"catalog\":null,\"watermark\":null,\"run\":{}}", "id"},
    {"{\"format\":1,\"catalog\":null,\"watermark\":null,\"run\":{\"id\":\"a\",\"version\":-2}}", "version"},
    {"{\"format\":1,\"catalog\":null,\"watermark\":null,\"run\":{\"id\":"
     "\"0123456789012345678901234567890123\"}}",
     "id"},
};

START_TEST(a_wrong_one_is_refused_by_name)
{
    ldbx_import_checkpoint out;
    ldbx_error *error = NULL;

    expect_status(ldbx_checkpoint_read(ldbx_view_of(wrong[_i].text), &out, &error), LDBX_INVALID_DATA, error);
    ck_assert_msg(strstr(ldbx_error_message(error), wrong[_i].names) != NULL, "%s", ldbx_error_message(error));
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(cut_anywhere_it_is_refused)
{
    ldbx_import_checkpoint before = sample();
    ldbx_import_checkpoint after;
    ldbx_buf text;

    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
    ldbx_checkpoint_write(&before, &text);
    for (size_t size = 0; size < text.size; size++) {
        ldbx_view cut = {(const char *)text.data, size};
        ck_assert_int_eq(ldbx_checkpoint_read(cut, &after, NULL), LDBX_INVALID_DATA);
    }
    ldbx_buf_clear(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint");
    TCase *tcase = suite_case(suite, "checkpoint");

    tcase_add_test(tcase, comes_back_as_it_was);
    tcase_add_test(tcase, a_new_one_is_empty);
    tcase_add_loop_test(tcase, a_wrong_one_is_refused_by_name, 0, sizeof wrong / sizeof wrong[0]);
    tcase_add_test(tcase, cut_anywhere_it_is_refused);
    return suite_run(suite);
}
