#include "suite.h"

#include <ftw.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long live;
static long made;
static long fail_at;
static size_t live_bytes;
static size_t peak_bytes;

static int may_allocate(void)
{
    made++;
    return fail_at == 0 || made != fail_at;
}

static void count_bytes(size_t taken, size_t given)
{
    live_bytes = live_bytes + taken - given;
    if (live_bytes > peak_bytes)
        peak_bytes = live_bytes;
}

static void *counted_allocate(size_t bytes, void *user)
{
    void *memory = NULL;
    (void)user;
    pthread_mutex_lock(&lock);
    if (may_allocate()) {
        memory = malloc(bytes);
        live += memory != NULL;
        count_bytes(malloc_usable_size(memory), 0);
    }
    pthread_mutex_unlock(&lock);
    return memory;
}

static void *counted_reallocate(void *old, size_t old_bytes, size_t bytes, void *user)
{
    void *memory = NULL;
    (void)user;
    pthread_mutex_lock(&lock);
    if (may_allocate()) {
        old_bytes = malloc_usable_size(old);
        memory = realloc(old, bytes);
        live += memory != NULL && old == NULL;
        if (memory != NULL)
            count_bytes(malloc_usable_size(memory), old_bytes);
    }
    pthread_mutex_unlock(&lock);
    return memory;
}

static void counted_release(void *memory, void *user)
{
    (void)user;
    pthread_mutex_lock(&lock);
    live--;
    live_bytes -= malloc_usable_size(memory);
    pthread_mutex_unlock(&lock);
    free(memory);
}

static void before_each(void)
{
    const ldbx_allocator counting = {sizeof counting, counted_allocate, counted_reallocate, counted_release, NULL};
    live = 0;
    live_bytes = 0;
    peak_bytes = 0;
    made = 0;
    fail_at = 0;
    ck_assert_int_eq(ldbx_set_allocator(&counting), LDBX_OK);
}

static void after_each(void)
{
    ck_assert_msg(live == 0, "%ld allocations of the library were not given back", live);
    ck_assert_int_eq(ldbx_set_allocator(NULL), LDBX_OK);
}

TCase *suite_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, before_each, after_each);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return tcase;
}

int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void suite_fail_allocation(long n)
{
    fail_at = n == 0 ? 0 : made + n;
}

long suite_allocations(void)
{
    return made;
}

size_t suite_peak(void)
{
    const size_t peak = peak_bytes;
    peak_bytes = live_bytes;
    return peak;
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *at)
{
    (void)facts;
    (void)kind;
    (void)at;
    return remove(path);
}

void suite_remove_folder(const char *path)
{
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
