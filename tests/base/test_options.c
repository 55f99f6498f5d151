#include "suite.h"

#include <string.h>

#include "base/options.h"

/* The struct as it was first released, as this library knows it, and as a newer one may. */
typedef struct first {
    size_t size;
    int64_t a;
} first;

typedef struct current {
    size_t size;
    int64_t a;
    const char *b;
} current;

typedef struct newer {
    size_t size;
    int64_t a;
    const char *b;
    int64_t c;
} newer;

static const current defaults = {sizeof(current), 1, "default"};

static int take(current *ours, const void *given, ldbx_error **error)
{
    *ours = defaults;
    return ldbx_options_take(ours, sizeof *ours, sizeof(first), given, "ldbx_x_options", error);
}

START_TEST(test_same)
{
    const current given = {sizeof given, 2, "given"};
    ldbx_error *error = NULL;
    current ours;

    expect_ok(take(&ours, &given, &error), error);
    ck_assert_int_eq(ours.a, 2);
    ck_assert_str_eq(ours.b, "given");
}
END_TEST

START_TEST(test_none)
{
    ldbx_error *error = NULL;
    current ours;

    expect_ok(take(&ours, NULL, &error), error);
    ck_assert_int_eq(ours.a, 1);
    ck_assert_str_eq(ours.b, "default");
}
END_TEST

START_TEST(test_older_caller)
{
    const first given = {sizeof given, 2};
    ldbx_error *error = NULL;
    current ours;

    expect_ok(take(&ours, &given, &error), error);
    ck_assert_int_eq(ours.a, 2);
    ck_assert_str_eq(ours.b, "default");
    ck_assert_uint_eq(ours.size, sizeof ours);
}
END_TEST

START_TEST(test_newer_caller)
{
    newer given = {sizeof given, 2, "given", 0};
    ldbx_error *error = NULL;
    current ours;

    expect_ok(take(&ours, &given, &error), error);
    ck_assert_str_eq(ours.b, "given");
    ck_assert_uint_eq(ours.size, sizeof ours);
    given.c = INT64_MIN; /* only the last byte is set */
    expect_status(take(&ours, &given, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "ldbx_x_options"));
    ck_assert_int_eq(ours.a, 1); /* nothing was taken */
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_sizes)
{
    union {
        size_t size;
        char bytes[LDBX_MAX_OPTIONS + 16];
    } given;
    static const size_t refused[] = {0, 1, sizeof(size_t), sizeof(first) - 1, LDBX_MAX_OPTIONS + 1, SIZE_MAX};
    ldbx_error *error = NULL;
    current ours;

    memset(&given, 0, sizeof given);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        given.size = refused[i];
        expect_status(take(&ours, &given, &error), LDBX_INVALID_ARGUMENT, error);
    }
    ck_assert_int_eq(take(&ours, &given, NULL), LDBX_INVALID_ARGUMENT);
    given.size = LDBX_MAX_OPTIONS;
    expect_ok(take(&ours, &given, &error), error);
    given.bytes[LDBX_MAX_OPTIONS - 1] = 1;
    expect_status(take(&ours, &given, &error), LDBX_INVALID_ARGUMENT, error);
    given.bytes[LDBX_MAX_OPTIONS - 1] = 0;
    given.bytes[LDBX_MAX_OPTIONS] = 1; /* not the struct's any more */
    expect_ok(take(&ours, &given, &error), error);
    ldbx_error_destroy(error);
}
END_TEST

/* `size` as a caller gives it; it has room for `room` bytes, all of them garbage so far. */
static void fill_in(uint8_t *out, size_t room, size_t size)
{
    current ours = defaults;

    memset(out, 0xa5, room);
    ours.size = size;
    ldbx_options_default(out, size, &ours, sizeof ours);
}

START_TEST(test_default_same)
{
    current out;

    fill_in((uint8_t *)&out, sizeof out, sizeof out);
    ck_assert_uint_eq(out.size, sizeof out);
    ck_assert_int_eq(out.a, 1);
    ck_assert_str_eq(out.b, "default");
}
END_TEST

START_TEST(test_default_older_caller)
{
    struct {
        first options;
        uint8_t behind;
    } out;

    fill_in((uint8_t *)&out, sizeof out, sizeof out.options);
    ck_assert_uint_eq(out.options.size, sizeof out.options);
    ck_assert_int_eq(out.options.a, 1);
    ck_assert_int_eq(out.behind, 0xa5); /* not ours to write */
}
END_TEST

START_TEST(test_default_newer_caller)
{
    ldbx_error *error = NULL;
    current ours;
    newer out;

    fill_in((uint8_t *)&out, sizeof out, sizeof out);
    ck_assert_uint_eq(out.size, sizeof out);
    ck_assert_str_eq(out.b, "default");
    ck_assert_int_eq(out.c, 0);
    expect_ok(take(&ours, &out, &error), error);
    ck_assert_int_eq(ours.a, 1);
}
END_TEST

START_TEST(test_default_sizes)
{
    uint8_t out[LDBX_MAX_OPTIONS + 16];

    fill_in(out, sizeof out, SIZE_MAX); /* nonsense: no more is written than any struct has */
    ck_assert_int_eq(out[LDBX_MAX_OPTIONS - 1], 0);
    ck_assert_int_eq(out[LDBX_MAX_OPTIONS], 0xa5);
    fill_in(out, sizeof out, LDBX_MAX_OPTIONS);
    ck_assert_int_eq(out[LDBX_MAX_OPTIONS - 1], 0);
    ck_assert_int_eq(out[LDBX_MAX_OPTIONS], 0xa5);
    fill_in(out, sizeof out, 0);
    ck_assert_int_eq(out[0], 0xa5);
}
END_TEST

START_TEST(test_span)
{
    ck_assert_uint_eq(ldbx_options_span(24, 16), 16);
    ck_assert_uint_eq(ldbx_options_span(24, 24), 24);
    ck_assert_uint_eq(ldbx_options_span(24, 4096), 24);
    ck_assert_uint_eq(ldbx_options_span(24, 0), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = suite_case(suite, "options");

    tcase_add_test(tcase, test_same);
    tcase_add_test(tcase, test_none);
    tcase_add_test(tcase, test_older_caller);
    tcase_add_test(tcase, test_newer_caller);
    tcase_add_test(tcase, test_sizes);
    tcase_add_test(tcase, test_default_same);
    tcase_add_test(tcase, test_default_older_caller);
    tcase_add_test(tcase, test_default_newer_caller);
    tcase_add_test(tcase, test_default_sizes);
    tcase_add_test(tcase, test_span);
    return suite_run(suite);
}
