#include "suite.h"

#include <string.h>

#include "base/mem.h"

START_TEST(test_calloc_overflow)
{
    ck_assert_ptr_null(ldbx_calloc(SIZE_MAX / 2, 3));
    ck_assert_ptr_null(ldbx_calloc(3, SIZE_MAX / 2));
    ck_assert_int_eq(suite_allocations(), 0);
}
END_TEST

START_TEST(test_calloc_is_zero)
{
    static const char zeros[12];
    char *memory = ldbx_calloc(3, 4);

    ck_assert_ptr_nonnull(memory);
    ck_assert_mem_eq(memory, zeros, 12);
    ldbx_free(memory);
}
END_TEST

START_TEST(test_size_zero)
{
    void *a = ldbx_alloc(0);
    void *b = ldbx_calloc(0, 8);
    void *c = ldbx_calloc(8, 0);
    void *d = ldbx_realloc(NULL, 0, 0);

    ck_assert(a != NULL && b != NULL && c != NULL && d != NULL);
    a = ldbx_realloc(a, 0, 0);
    ck_assert_ptr_nonnull(a);
    ldbx_free(a);
    ldbx_free(b);
    ldbx_free(c);
    ldbx_free(d);
    ldbx_free(NULL);
}
END_TEST

START_TEST(test_realloc_keeps)
{
    char *memory = ldbx_strdup("abc");

    memory = ldbx_realloc(memory, 4, 100000);
    ck_assert_str_eq(memory, "abc");
    ldbx_free(memory);
}
END_TEST

START_TEST(test_failures)
{
    char *memory = ldbx_alloc(4);

    suite_fail_allocation(1);
    ck_assert_ptr_null(ldbx_alloc(1));
    suite_fail_allocation(1);
    ck_assert_ptr_null(ldbx_calloc(1, 1));
    suite_fail_allocation(1);
    ck_assert_ptr_null(ldbx_realloc(memory, 4, 8));
    suite_fail_allocation(1);
    ck_assert_ptr_null(ldbx_strdup("x"));
    ldbx_free(memory);
}
END_TEST

START_TEST(test_strings)
{
    char *empty = ldbx_strdup("");
    char *none = ldbx_strndup(NULL, 0);
    char *part = ldbx_strndup("abcdef", 3);

    ck_assert_str_eq(empty, "");
    ck_assert_str_eq(none, "");
    ck_assert_str_eq(part, "abc");
    ck_assert_ptr_null(ldbx_strndup("x", SIZE_MAX));
    ldbx_free(empty);
    ldbx_free(none);
    ldbx_free(part);
}
END_TEST

typedef struct seen {
    size_t old_bytes;
    size_t bytes;
    int released;
} seen;

static char arena[256];

static void *seen_allocate(size_t bytes, void *user)
{
    ((seen *)user)->bytes = bytes;
    return arena;
}

static void *seen_reallocate(void *memory, size_t old_bytes, size_t bytes, void *user)
{
    ((seen *)user)->old_bytes = old_bytes;
    ((seen *)user)->bytes = bytes;
    return memory;
}

static void seen_release(void *memory, void *user)
{
    ck_assert_ptr_eq(memory, arena);
    ((seen *)user)->released++;
}

START_TEST(test_host_allocator)
{
    seen user = {0};
    ldbx_allocator host = {sizeof host, seen_allocate, seen_reallocate, seen_release, &user};
    void *memory;

    ck_assert_int_eq(ldbx_set_allocator(&host), LDBX_OK);
    host.allocate = NULL; /* it was copied */
    memory = ldbx_alloc(7);
    ck_assert_uint_eq(user.bytes, 7);
    ck_assert_ptr_eq(ldbx_realloc(memory, 7, 9), arena);
    ck_assert_uint_eq(user.old_bytes, 7);
    ck_assert_uint_eq(user.bytes, 9);
    ldbx_free(NULL);
    ck_assert_int_eq(user.released, 0);
    ldbx_free(memory);
    ck_assert_int_eq(user.released, 1);
    ck_assert_int_eq(ldbx_set_allocator(NULL), LDBX_OK);
    memory = ldbx_alloc(5);
    ck_assert_ptr_ne(memory, arena);
    ldbx_free(memory);
}
END_TEST

START_TEST(test_bad_allocators)
{
    const ldbx_allocator good = {sizeof good, seen_allocate, seen_reallocate, seen_release, NULL};
    ldbx_allocator bad;

    bad = good;
    bad.size = 0;
    ck_assert_int_eq(ldbx_set_allocator(&bad), LDBX_INVALID_ARGUMENT);
    bad = good;
    bad.size = sizeof bad - 1;
    ck_assert_int_eq(ldbx_set_allocator(&bad), LDBX_INVALID_ARGUMENT);
    bad = good;
    bad.allocate = NULL;
    ck_assert_int_eq(ldbx_set_allocator(&bad), LDBX_INVALID_ARGUMENT);
    bad = good;
    bad.reallocate = NULL;
    ck_assert_int_eq(ldbx_set_allocator(&bad), LDBX_INVALID_ARGUMENT);
    bad = good;
    bad.release = NULL;
    ck_assert_int_eq(ldbx_set_allocator(&bad), LDBX_INVALID_ARGUMENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mem");
    TCase *tcase = suite_case(suite, "mem");

    tcase_add_test(tcase, test_calloc_overflow);
    tcase_add_test(tcase, test_calloc_is_zero);
    tcase_add_test(tcase, test_size_zero);
    tcase_add_test(tcase, test_realloc_keeps);
    tcase_add_test(tcase, test_failures);
    tcase_add_test(tcase, test_strings);
    tcase_add_test(tcase, test_host_allocator);
    tcase_add_test(tcase, test_bad_allocators);
    return suite_run(suite);
}
