#include "wire/bytes.h"

#include <pthread.h>

#include "suite.h"

START_TEST(content_begins_at_a_border_and_survives_growth)
{
    ldbx_bytes *bytes = ldbx_bytes_new(1 << 20);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(ldbx_bytes_capacity(bytes), 0);
    ck_assert_uint_eq(ldbx_bytes_max(bytes), 1 << 20);
    for (size_t size = 1; size <= 1 << 12; size *= 2) {
        ck_assert(ldbx_bytes_grow(bytes, size));
        ck_assert_uint_eq((uintptr_t)ldbx_bytes_data(bytes) % 64, 0);
        ck_assert_uint_ge(ldbx_bytes_capacity(bytes), size);
        for (size_t i = 0; i < ldbx_bytes_size(bytes); i++)
            ck_assert_uint_eq(ldbx_bytes_data(bytes)[i], i % 251);
        ldbx_bytes_set_size(bytes, size);
        for (size_t i = 0; i < size; i++)
            ldbx_bytes_data(bytes)[i] = (uint8_t)(i % 251);
    }
    ldbx_bytes_unref(bytes);
}
END_TEST

START_TEST(the_maximum_holds)
{
    ldbx_bytes *bytes = ldbx_bytes_new(100);
    ck_assert(ldbx_bytes_grow(bytes, 100));
    ck_assert(!ldbx_bytes_grow(bytes, 101));
    ck_assert(!ldbx_bytes_grow(bytes, SIZE_MAX));
    ldbx_bytes_set_size(bytes, 1000);
    ck_assert_uint_eq(ldbx_bytes_size(bytes), 100);
    ldbx_bytes_unref(bytes);
    bytes = ldbx_bytes_new(SIZE_MAX);
    ck_assert(!ldbx_bytes_grow(bytes, SIZE_MAX));
    ldbx_bytes_unref(bytes);
}
END_TEST

START_TEST(the_last_owner_ends_it)
{
    ldbx_bytes *bytes = ldbx_bytes_new(10);
    ck_assert(!ldbx_bytes_shared(bytes));
    ck_assert_ptr_eq(ldbx_bytes_ref(bytes), bytes);
    ck_assert(ldbx_bytes_shared(bytes));
    ldbx_bytes_unref(bytes);
    ck_assert(!ldbx_bytes_shared(bytes));
    ldbx_bytes_unref(bytes);
    ldbx_bytes_unref(NULL);
    ck_assert_ptr_null(ldbx_bytes_ref(NULL));
}
END_TEST

static void *own_and_leave(void *user)
{
    for (int i = 0; i < 10000; i++)
        ldbx_bytes_unref(ldbx_bytes_ref((ldbx_bytes *)user));
    ldbx_bytes_unref((ldbx_bytes *)user);
    return NULL;
}

START_TEST(owners_come_and_go_on_any_thread)
{
    ldbx_bytes *bytes = ldbx_bytes_new(10);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, own_and_leave, ldbx_bytes_ref(bytes)), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert(!ldbx_bytes_shared(bytes));
    ldbx_bytes_unref(bytes);
}
END_TEST

START_TEST(no_memory_changes_nothing)
{
    ldbx_bytes *bytes = NULL;
    suite_fail_allocation(1);
    ck_assert_ptr_null(ldbx_bytes_new(10));
    bytes = ldbx_bytes_new(1000);
    ck_assert(ldbx_bytes_grow(bytes, 10));
    suite_fail_allocation(1);
    ck_assert(!ldbx_bytes_grow(bytes, 500));
    ck_assert_uint_eq(ldbx_bytes_capacity(bytes), 10);
    ldbx_bytes_unref(bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bytes");
    TCase *tcase = suite_case(suite, "bytes");
    tcase_add_test(tcase, content_begins_at_a_border_and_survives_growth);
    tcase_add_test(tcase, the_maximum_holds);
    tcase_add_test(tcase, the_last_owner_ends_it);
    tcase_add_test(tcase, owners_come_and_go_on_any_thread);
    tcase_add_test(tcase, no_memory_changes_nothing);
    return suite_run(suite);
}
