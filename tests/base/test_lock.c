#include "suite.h"

#include "base/lock.h"

typedef struct box {
    ldbx_lock lock;
    int value;
} box;

static void *fill(void *user)
{
    box *us = user;

    ldbx_lock_take(&us->lock);
    us->value = 7;
    ldbx_lock_tell(&us->lock);
    ldbx_lock_give(&us->lock);
    return NULL;
}

/* _i: with an end and without. */
START_TEST(who_waits_is_told)
{
    box us = {.value = 0};
    pthread_t thread;

    ldbx_lock_init(&us.lock);
    ldbx_lock_take(&us.lock);
    ck_assert_int_eq(pthread_create(&thread, NULL, fill, &us), 0);
    while (us.value == 0)
        ck_assert(ldbx_lock_wait(&us.lock, _i == 0 ? -1 : 19999));
    ldbx_lock_give(&us.lock);
    ck_assert_int_eq(us.value, 7);
    pthread_join(thread, NULL);
    ldbx_lock_clear(&us.lock);
}
END_TEST

START_TEST(a_wait_ends_by_itself)
{
    ldbx_lock lock;

    ldbx_lock_init(&lock);
    ldbx_lock_take(&lock);
    while (ldbx_lock_wait(&lock, 2)) { /* a system may wake it without reason */
    }
    ck_assert(!ldbx_lock_wait(&lock, 0));
    ldbx_lock_give(&lock);
    ldbx_lock_clear(&lock);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lock");
    TCase *waits = suite_case(suite, "waits");

    tcase_add_loop_test(waits, who_waits_is_told, 0, 2);
    tcase_add_test(waits, a_wait_ends_by_itself);
    return suite_run(suite);
}
