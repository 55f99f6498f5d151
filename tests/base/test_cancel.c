#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cancel.h"

static int readable(const ldbx_cancel *cancel)
{
    struct pollfd wait = {ldbx_cancel_fd(cancel), POLLIN, 0};

    return poll(&wait, 1, 0) == 1 && (wait.revents & POLLIN) != 0;
}

START_TEST(test_null)
{
    ldbx_error *error = NULL;

    ck_assert_int_eq(ldbx_cancel_fd(NULL), -1);
    ck_assert_int_eq(ldbx_cancel_is_triggered(NULL), 0);
    expect_ok(ldbx_cancel_check(NULL, &error), error);
    ldbx_cancel_trigger(NULL);
    ldbx_cancel_destroy(NULL);
    ck_assert_int_eq(ldbx_cancel_new(NULL, NULL), LDBX_INVALID_ARGUMENT);
}
END_TEST

START_TEST(test_trigger)
{
    ldbx_cancel *cancel = NULL;
    ldbx_error *error = NULL;

    expect_ok(ldbx_cancel_new(&cancel, &error), error);
    ck_assert_int_eq(ldbx_cancel_is_triggered(cancel), 0);
    ck_assert(!readable(cancel));
    expect_ok(ldbx_cancel_check(cancel, &error), error);
    errno = EAGAIN;
    for (int i = 0; i < 100000; i++) /* more often than a pipe has room */
        ldbx_cancel_trigger(cancel);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_eq(ldbx_cancel_is_triggered(cancel), 1);
    ck_assert(readable(cancel));
    ck_assert(readable(cancel)); /* stays so */
    expect_status(ldbx_cancel_check(cancel, &error), LDBX_CANCELLED, error);
    ck_assert_str_eq(ldbx_error_message(error), "cancelled");
    ck_assert_int_eq(ldbx_cancel_check(cancel, NULL), LDBX_CANCELLED);
    ldbx_error_destroy(error);
    ldbx_cancel_destroy(cancel);
}
END_TEST

START_TEST(test_descriptors)
{
    ldbx_cancel *cancel = NULL;

    ck_assert_int_eq(ldbx_cancel_new(&cancel, NULL), LDBX_OK);
    ck_assert(fcntl(ldbx_cancel_fd(cancel), F_GETFD) & FD_CLOEXEC);
    ck_assert(fcntl(ldbx_cancel_fd(cancel), F_GETFL) & O_NONBLOCK);
    ldbx_cancel_destroy(cancel);
}
END_TEST

static ldbx_cancel *of_signal;

static void on_signal(int number)
{
    (void)number;
    ldbx_cancel_trigger(of_signal);
}

START_TEST(test_signal_handler)
{
    struct sigaction action = {0};

    ck_assert_int_eq(ldbx_cancel_new(&of_signal, NULL), LDBX_OK);
    action.sa_handler = on_signal;
    ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
    ck_assert_int_eq(raise(SIGUSR1), 0);
    ck_assert_int_eq(ldbx_cancel_is_triggered(of_signal), 1);
    ck_assert(readable(of_signal));
    ldbx_cancel_destroy(of_signal);
}
END_TEST

static void *trigger_it(void *cancel)
{
    ldbx_cancel_trigger(cancel);
    return NULL;
}

START_TEST(test_other_thread)
{
    ldbx_cancel *cancel = NULL;
    struct pollfd wait = {-1, POLLIN, 0};
    pthread_t thread;

    ck_assert_int_eq(ldbx_cancel_new(&cancel, NULL), LDBX_OK);
    wait.fd = ldbx_cancel_fd(cancel);
    ck_assert_int_eq(pthread_create(&thread, NULL, trigger_it, cancel), 0);
    ck_assert_int_eq(poll(&wait, 1, 30000), 1);
    ck_assert_int_eq(ldbx_cancel_is_triggered(cancel), 1);
    pthread_join(thread, NULL);
    ldbx_cancel_destroy(cancel);
}
END_TEST

START_TEST(test_no_memory)
{
    ldbx_cancel *cancel = (ldbx_cancel *)&cancel;
    ldbx_error *error = NULL;

    suite_fail_allocation(1);
    expect_status(ldbx_cancel_new(&cancel, &error), LDBX_NO_MEMORY, error);
    ck_assert_ptr_null(cancel);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_no_descriptors)
{
    ldbx_cancel *cancel = (ldbx_cancel *)&cancel;
    ldbx_error *error = NULL;
    struct rlimit old, none;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    expect_status(ldbx_cancel_new(&cancel, &error), LDBX_IO, error);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    ck_assert_ptr_null(cancel);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "Too many open files"));
    ldbx_error_destroy(error);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cancel");
    TCase *tcase = suite_case(suite, "cancel");

    tcase_add_test(tcase, test_null);
    tcase_add_test(tcase, test_trigger);
    tcase_add_test(tcase, test_descriptors);
    tcase_add_test(tcase, test_signal_handler);
    tcase_add_test(tcase, test_other_thread);
    tcase_add_test(tcase, test_no_memory);
    tcase_add_test(tcase, test_no_descriptors);
    return suite_run(suite);
}
