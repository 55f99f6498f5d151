/* What every Check program of ours shares: a counting allocator under each test, so that a leak fails it, and
 * TAP output for the runner. */
#ifndef LDBX_TESTS_SUITE_H
#define LDBX_TESTS_SUITE_H

#include <check.h>
#include <lytics_dbx/lytics_dbx.h>
#include <string.h>

/* A case of the suite whose tests each fail when they end with memory of the library still allocated. */
TCase *suite_case(Suite *suite, const char *name);

/* Runs the suite; the value for main to return. */
int suite_run(Suite *suite);

/* The n-th allocation from now on fails, once; 0: none does. */
void suite_fail_allocation(long n);
/* Allocations since the start of the test, failed ones included. */
long suite_allocations(void);
/* The most bytes that were allocated at once since the start of the test, or since the last call. */
size_t suite_peak(void);

/* Removes a folder and all that is in it. */
void suite_remove_folder(const char *path);

/* Fails the test when status is not what was expected, showing the error's message. */
#define expect_status(call, expected, error)                                                                           \
    do {                                                                                                               \
        int got_ = (call);                                                                                             \
        ck_assert_msg(got_ == (int)(expected), "%s: %s instead of %s: %s", #call, ldbx_status_name(got_),              \
                      ldbx_status_name(expected), ldbx_error_message(error));                                          \
    } while (0)
#define expect_ok(call, error) expect_status(call, LDBX_OK, error)

/* Fails the test when `part` is not in the error's message. */
#define expect_in_message(error, part)                                                                                 \
    ck_assert_msg(strstr(ldbx_error_message(error), part) != NULL, "\"%s\" is not in \"%s\"", part,                    \
                  ldbx_error_message(error))

#endif
