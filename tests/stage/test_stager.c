#include "suite.h"

#include <string.h>

#include "base/str.h"
#include "stage/stager.h"

/* A host's stager whose answers are set by the test. */
typedef struct host {
    int status;
    const char *message; /* NULL: the hook makes no error */
    ldbx_access access;
    int abandoned;
    int destroyed;
} host;

static int tell(const host *us, ldbx_error **error)
{
    return us->message != NULL ? ldbx_error_set(error, us->status, us->message) : us->status;
}

static int host_put(void *user, const char *name, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel,
                    ldbx_error **error)
{
    ck_assert_str_eq(name, "a/1.csv");
    ck_assert(ldbx_view_eq(content, "x"));
    ck_assert_uint_eq(crc32, 7);
    ck_assert_ptr_null(cancel);
    return tell(user, error);
}

static int host_remove(void *user, const char *name, ldbx_cancel *cancel, ldbx_error **error)
{
    (void)name;
    (void)cancel;
    return tell(user, error);
}

static int host_begin(void *user, const char *name, void **transfer, ldbx_cancel *cancel, ldbx_error **error)
{
    (void)name;
    (void)cancel;
    *transfer = user;
    return tell(user, error);
}

static int host_block(void *user, void *transfer, int64_t index, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel,
                      ldbx_error **error)
{
    (void)content;
    (void)crc32;
    (void)cancel;
    ck_assert_ptr_eq(transfer, user);
    ck_assert_int_eq(index, 3);
    return tell(user, error);
}

static int host_finish(void *user, void *transfer, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel,
                       ldbx_error **error)
{
    (void)crc32;
    (void)cancel;
    ck_assert_ptr_eq(transfer, user);
    ck_assert_int_eq(bytes, 9);
    return tell(user, error);
}

static void host_abandon(void *user, void *transfer)
{
    ck_assert_ptr_eq(transfer, user);
    ((host *)user)->abandoned++;
}

static int host_check(void *user, const char *name, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel,
                      ldbx_error **error)
{
    (void)name;
    (void)bytes;
    (void)crc32;
    (void)cancel;
    return tell(user, error);
}

static int host_access(void *user, ldbx_access *out, ldbx_error **error)
{
    host *us = user;

    ck_assert_uint_eq(out->size, sizeof *out);
    *out = us->access;
    return tell(us, error);
}

static void host_destroy(void *user)
{
    ((host *)user)->destroyed++;
}

static const ldbx_stager_ops all_ops = {sizeof all_ops, host_put,     host_remove, host_begin,  host_block,
                                        host_finish,    host_abandon, host_check,  host_access, host_destroy};

static ldbx_stager_options options_of(const char *url)
{
    ldbx_stager_options options;

    ldbx_stager_options_init(&options, sizeof options);
    options.url = url;
    return options;
}

static ldbx_stager *stager_of(host *us)
{
    ldbx_error *error = NULL;
    ldbx_stager *stager = NULL;
    ldbx_stager_options options = options_of("s3://bucket/prefix//");

    expect_ok(ldbx_stager_new(&all_ops, &options, us, &stager, &error), error);
    return stager;
}

START_TEST(options_are_as_declared)
{
    host us = {0};
    ldbx_stager *stager = stager_of(&us);

    ck_assert_str_eq(ldbx_stager_url(stager), "s3://bucket/prefix");
    ck_assert_uint_eq(ldbx_stager_block_bytes(stager), 5 << 20);
    ck_assert_int_eq(ldbx_stager_parallel(stager), 1);
    ck_assert(ldbx_stager_takes_blocks(stager));
    ldbx_stager_destroy(stager);
    ck_assert_int_eq(us.destroyed, 1);
    ldbx_stager_destroy(NULL);
}
END_TEST

static void refused(const ldbx_stager_ops *ops, const ldbx_stager_options *options, const char *message)
{
    ldbx_error *error = NULL;
    ldbx_stager *stager = NULL;

    expect_status(ldbx_stager_new(ops, options, NULL, &stager, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_str_eq(ldbx_error_message(error), message);
    ck_assert_ptr_null(stager);
    ldbx_error_destroy(error);
}

START_TEST(new_checks_hooks_and_options)
{
    ldbx_stager_options options = options_of("s3://b");
    ldbx_stager_ops ops = all_ops;

    ops.put = NULL;
    refused(&ops, &options, "ldbx_stager_ops: put and remove are required");
    ops = all_ops;
    ops.finish = NULL;
    refused(&ops, &options, "ldbx_stager_ops: begin, block, finish and abandon go together");
    options.parallel = 65;
    refused(&all_ops, &options, "ldbx_stager_options: parallel must be from 1 to 64");
    options.parallel = 1;
    options.block_bytes = 65535;
    refused(&all_ops, &options, "ldbx_stager_options: block_bytes must be from 65536 to 268435456");
    options = options_of(NULL);
    refused(&all_ops, &options, "ldbx_stager_options: url is required");
    options = options_of("s3://b/a*");
    refused(&all_ops, &options,
            "the address of the staging: '*' is not allowed, since COPY INTO reads it as a pattern");
    options = options_of("s3://b/a\n");
    refused(&all_ops, &options, "the address of the staging: control characters are not allowed");
    options = options_of("s3://b/\xff");
    refused(&all_ops, &options, "the address of the staging is not valid UTF-8");
}
END_TEST

START_TEST(a_stager_needs_no_blocks)
{
    ldbx_error *error = NULL;
    ldbx_stager *stager = NULL;
    ldbx_access access;
    ldbx_stager_options options = options_of("/Volumes/c/s/v");
    ldbx_stager_ops ops = {.size = sizeof ops, .put = host_put, .remove = host_remove};

    expect_ok(ldbx_stager_new(&ops, &options, NULL, &stager, &error), error);
    ck_assert(!ldbx_stager_takes_blocks(stager));
    expect_ok(ldbx_stager_check(stager, "a/1.csv", 1, 2, NULL, &error), error);
    expect_ok(ldbx_stager_access(stager, &access, &error), error);
    ck_assert_int_eq(access.kind, LDBX_ACCESS_EXTERNAL);
    ldbx_stager_destroy(stager);
}
END_TEST

START_TEST(failures_name_the_object)
{
    host us = {.status = LDBX_FORBIDDEN, .message = "not yours"};
    ldbx_error *error = NULL;
    void *transfer = NULL;
    ldbx_stager *stager = stager_of(&us);
    ldbx_view content = ldbx_view_of("x");

    expect_status(ldbx_stager_put(stager, "a/1.csv", content, 7, NULL, &error), LDBX_FORBIDDEN, error);
    ck_assert_str_eq(ldbx_error_message(error), "staging a/1.csv: not yours");
    expect_status(ldbx_stager_remove(stager, "a/1.csv", NULL, &error), LDBX_FORBIDDEN, error);
    ck_assert_str_eq(ldbx_error_message(error), "removing a/1.csv: not yours");
    us.message = "no\r\nroom\x1b[1m";
    expect_status(ldbx_stager_check(stager, "a/1.csv", 1, 2, NULL, &error), LDBX_FORBIDDEN, error);
    ck_assert_str_eq(ldbx_error_message(error), "checking a/1.csv: no  room [1m");
    us.message = NULL;
    us.status = LDBX_UNAVAILABLE;
    expect_status(ldbx_stager_begin(stager, "a/1.csv", &transfer, NULL, &error), LDBX_UNAVAILABLE, error);
    ck_assert_str_eq(ldbx_error_message(error), "staging a/1.csv: service not reachable");
    expect_status(ldbx_stager_block(stager, "a/1.csv", &us, 3, content, 7, NULL, &error), LDBX_UNAVAILABLE, error);
    expect_status(ldbx_stager_check(stager, "a/1.csv", 1, 2, NULL, &error), LDBX_UNAVAILABLE, error);
    us.status = 17; /* no status of ours */
    expect_status(ldbx_stager_finish(stager, "a/1.csv", &us, 9, 7, NULL, &error), LDBX_STOPPED, error);
    us.status = LDBX_OK;
    expect_ok(ldbx_stager_finish(stager, "a/1.csv", &us, 9, 7, NULL, &error), error);
    ldbx_stager_abandon(stager, &us);
    ck_assert_int_eq(us.abandoned, 1);
    ldbx_error_destroy(error);
    ldbx_stager_destroy(stager);
}
END_TEST

START_TEST(rights_are_whole)
{
    host us = {.access = {.size = sizeof(ldbx_access), .kind = LDBX_ACCESS_NAMED}};
    ldbx_error *error = NULL;
    ldbx_access access;
    ldbx_stager *stager = stager_of(&us);

    expect_status(ldbx_stager_access(stager, &access, &error), LDBX_INVALID_ARGUMENT, error);
    us.access.credential = "cred";
    expect_ok(ldbx_stager_access(stager, &access, NULL), error);
    us.access.kind = LDBX_ACCESS_INLINE;
    us.access.access_key_id = "id";
    expect_status(ldbx_stager_access(stager, &access, &error), LDBX_INVALID_ARGUMENT, error);
    us.access.secret_access_key = "secret";
    expect_ok(ldbx_stager_access(stager, &access, NULL), error);
    us.access.kind = (ldbx_access_kind)3;
    expect_status(ldbx_stager_access(stager, &access, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_str_eq(ldbx_error_message(error), "the stager gave rights of an unknown kind: 3");
    ldbx_error_destroy(error);
    ldbx_stager_destroy(stager);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stager");
    TCase *hooks = suite_case(suite, "hooks");

    tcase_add_test(hooks, options_are_as_declared);
    tcase_add_test(hooks, new_checks_hooks_and_options);
    tcase_add_test(hooks, a_stager_needs_no_blocks);
    tcase_add_test(hooks, failures_name_the_object);
    tcase_add_test(hooks, rights_are_whole);
    return suite_run(suite);
}
