#include "suite.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

START_TEST(test_clocks)
{
    int64_t before = ldbx_steady_ms();

    ck_assert_int_gt(before, 0);
    ck_assert_int_ge(ldbx_steady_ms(), before);
    ck_assert_int_le(llabs(ldbx_wall_us() / 1000000 - (int64_t)time(NULL)), 2);
}
END_TEST

START_TEST(test_deadline_in)
{
    int64_t now = ldbx_steady_ms();

    ck_assert_int_eq(ldbx_deadline_in(0), 0);
    ck_assert_int_ge(ldbx_deadline_in(5000), now + 5000);
    ck_assert_int_lt(ldbx_deadline_in(5000), now + 5000 + 60000);
    ck_assert_int_eq(ldbx_deadline_in(INT64_MAX), INT64_MAX);
    /* Long past, but never "none". */
    ck_assert_int_eq(ldbx_deadline_in(INT64_MIN), 1);
    ck_assert(ldbx_deadline_passed(ldbx_deadline_in(INT64_MIN)));
    ck_assert(ldbx_deadline_passed(ldbx_deadline_in(-1)));
}
END_TEST

START_TEST(test_deadline_passed)
{
    ck_assert(!ldbx_deadline_passed(0));
    ck_assert(ldbx_deadline_passed(1));
    ck_assert(ldbx_deadline_passed(ldbx_steady_ms()));
    ck_assert(!ldbx_deadline_passed(ldbx_steady_ms() + 60000));
    ck_assert(!ldbx_deadline_passed(INT64_MAX));
}
END_TEST

START_TEST(test_deadline_left)
{
    int64_t left = ldbx_deadline_left(ldbx_deadline_in(50000), 7);

    ck_assert(left > 0 && left <= 50000);
    ck_assert_int_eq(ldbx_deadline_left(0, 7), 7);
    ck_assert_int_eq(ldbx_deadline_left(0, -1), -1);
    ck_assert_int_eq(ldbx_deadline_left(1, 7), 0);
}
END_TEST

START_TEST(test_deadline_min)
{
    ck_assert_int_eq(ldbx_deadline_min(0, 0), 0);
    ck_assert_int_eq(ldbx_deadline_min(0, 5), 5);
    ck_assert_int_eq(ldbx_deadline_min(5, 0), 5);
    ck_assert_int_eq(ldbx_deadline_min(4, 5), 4);
    ck_assert_int_eq(ldbx_deadline_min(5, 4), 4);
}
END_TEST

START_TEST(test_sleep)
{
    int64_t before = ldbx_steady_ms();

    ck_assert_int_eq(ldbx_sleep_ms(20, NULL), LDBX_OK);
    ck_assert_int_ge(ldbx_steady_ms() - before, 20);
    ck_assert_int_eq(ldbx_sleep_ms(0, NULL), LDBX_OK);
    ck_assert_int_eq(ldbx_sleep_ms(-5, NULL), LDBX_OK);
    ck_assert_int_eq(ldbx_sleep_ms(INT64_MIN, NULL), LDBX_OK);
}
END_TEST

static void *trigger_it(void *cancel)
{
    ldbx_cancel_trigger(cancel);
    return NULL;
}

/* The case's time limit would end a sleep that is not woken. */
START_TEST(test_sleep_is_cancelled)
{
    ldbx_cancel *cancel = NULL;
    pthread_t thread;

    ck_assert_int_eq(ldbx_cancel_new(&cancel, NULL), LDBX_OK);
    ck_assert_int_eq(ldbx_sleep_ms(1, cancel), LDBX_OK);
    ck_assert_int_eq(pthread_create(&thread, NULL, trigger_it, cancel), 0);
    ck_assert_int_eq(ldbx_sleep_ms(INT64_MAX, cancel), LDBX_CANCELLED);
    pthread_join(thread, NULL);
    ck_assert_int_eq(ldbx_sleep_ms(INT64_MAX, cancel), LDBX_CANCELLED);
    ck_assert_int_eq(ldbx_sleep_ms(0, cancel), LDBX_CANCELLED);
    ldbx_cancel_destroy(cancel);
}
END_TEST

START_TEST(test_sleeps_are_skipped)
{
    int64_t steady = ldbx_steady_ms();
    int64_t wall = ldbx_wall_us();
    int64_t deadline = ldbx_deadline_in(3600000);

    ldbx_clock_skip_sleeps(true);
    ck_assert_int_eq(ldbx_sleep_ms(3600000, NULL), LDBX_OK);
    ck_assert_int_ge(ldbx_steady_ms() - steady, 3600000);
    ck_assert_int_ge(ldbx_wall_us() - wall, INT64_C(3600000000));
    ck_assert(ldbx_deadline_passed(deadline));
    ldbx_clock_skip_sleeps(false);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tcase = suite_case(suite, "clock");

    tcase_add_test(tcase, test_clocks);
    tcase_add_test(tcase, test_deadline_in);
    tcase_add_test(tcase, test_deadline_passed);
    tcase_add_test(tcase, test_deadline_left);
    tcase_add_test(tcase, test_deadline_min);
    tcase_add_test(tcase, test_sleep);
    tcase_add_test(tcase, test_sleep_is_cancelled);
    tcase_add_test(tcase, test_sleeps_are_skipped);
    return suite_run(suite);
}
