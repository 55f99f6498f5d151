/* Parts on their way to a stager of the host that keeps them in memory: what arrives, and what does not. */
#include "suite.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/str.h"
#include "stage/upload.h"

#define BLOCK   ((size_t)64 << 10)
#define OBJECTS 32

typedef struct object {
    char name[32];
    char *bytes;
    size_t size;
    bool visible;
    bool open; /* a transfer that has not ended */
} object;

/* The store outlives what the library may have allocated, so it is plain memory. */
typedef struct store {
    pthread_mutex_t lock;
    object objects[OBJECTS];
    int count;
    int calls;
    int fail_at; /* the call that fails; 0: none */
    int running;
    int most_running;
    int blocks;
    int abandoned;
    bool slow;
    bool wait_for_cancel; /* a block blocks until its token is triggered */
    pthread_t caller;
    bool elsewhere; /* a call came on another thread */
} store;

static store *us;

static int enter(ldbx_error **error)
{
    int status = LDBX_OK;
    unsigned seed;

    pthread_mutex_lock(&us->lock);
    us->elsewhere = us->elsewhere || !pthread_equal(us->caller, pthread_self());
    us->running++;
    us->most_running = us->running > us->most_running ? us->running : us->most_running;
    if (++us->calls == us->fail_at)
        status = ldbx_error_set(error, LDBX_UNAVAILABLE, "the disk is on fire");
    seed = (unsigned)us->calls;
    pthread_mutex_unlock(&us->lock);
    if (us->slow)
        usleep((useconds_t)rand_r(&seed) % 2000);
    return status;
}

static int leave(int status)
{
    pthread_mutex_lock(&us->lock);
    us->running--;
    pthread_mutex_unlock(&us->lock);
    return status;
}

static object *new_object(const char *name)
{
    object *made;

    pthread_mutex_lock(&us->lock);
    ck_assert_int_lt(us->count, OBJECTS);
    made = &us->objects[us->count++];
    snprintf(made->name, sizeof made->name, "%s", name);
    pthread_mutex_unlock(&us->lock);
    return made;
}

static void keep(object *to, size_t at, ldbx_view content)
{
    pthread_mutex_lock(&us->lock);
    if (at + content.size > to->size) {
        to->bytes = realloc(to->bytes, at + content.size + 1);
        to->size = at + content.size;
    }
    if (content.size > 0)
        memcpy(to->bytes + at, content.data, content.size);
    pthread_mutex_unlock(&us->lock);
}

static int host_put(void *user, const char *name, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel,
                    ldbx_error **error)
{
    int status = enter(error);

    (void)user;
    (void)cancel;
    ck_assert_uint_eq(crc32, ldbx_crc32(0, content.data, content.size));
    if (status == LDBX_OK) {
        object *made = new_object(name);
        keep(made, 0, content);
        made->visible = true;
    }
    return leave(status);
}

static int host_remove(void *user, const char *name, ldbx_cancel *cancel, ldbx_error **error)
{
    (void)user;
    (void)name;
    (void)cancel;
    (void)error;
    return LDBX_OK;
}

static int host_begin(void *user, const char *name, void **transfer, ldbx_cancel *cancel, ldbx_error **error)
{
    int status = enter(error);

    (void)user;
    (void)cancel;
    if (status == LDBX_OK) {
        object *made = new_object(name);
        made->open = true;
        *transfer = made;
    }
    return leave(status);
}

static int host_block(void *user, void *transfer, int64_t index, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel,
                      ldbx_error **error)
{
    object *to = transfer;
    int status = enter(error);

    (void)user;
    ck_assert(to->open);
    ck_assert_uint_eq(crc32, ldbx_crc32(0, content.data, content.size));
    ck_assert_uint_le(content.size, BLOCK);
    if (us->wait_for_cancel)
        status = ldbx_sleep_ms(60000, cancel);
    if (status == LDBX_OK)
        keep(to, (size_t)index * BLOCK, content);
    pthread_mutex_lock(&us->lock);
    us->blocks++;
    pthread_mutex_unlock(&us->lock);
    return leave(status);
}

static int host_finish(void *user, void *transfer, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel,
                       ldbx_error **error)
{
    object *to = transfer;
    int status = enter(error);

    (void)user;
    (void)cancel;
    ck_assert(to->open);
    ck_assert_uint_eq(to->size, (size_t)bytes);
    ck_assert_uint_eq(crc32, ldbx_crc32(0, to->bytes, to->size));
    to->open = false;
    to->visible = status == LDBX_OK;
    return leave(status);
}

static void host_abandon(void *user, void *transfer)
{
    object *to = transfer;

    (void)user;
    ck_assert(to->open);
    to->open = false;
    us->abandoned++;
}

static ldbx_stager *stager;
static ldbx_uploader *uploader;
static ldbx_error *error;
static ldbx_cancel *cancel;
static char *content;

#define CONTENT (7 * BLOCK + 123)

static void start(void)
{
    us = calloc(1, sizeof *us);
    pthread_mutex_init(&us->lock, NULL);
    us->caller = pthread_self();
    content = malloc(CONTENT);
    for (size_t i = 0; i < CONTENT; i++)
        content[i] = (char)(i * i / 251 + i);
    stager = NULL;
    uploader = NULL;
    error = NULL;
    cancel = NULL;
}

static void stop(void)
{
    ldbx_uploader_destroy(uploader);
    ldbx_stager_destroy(stager);
    ldbx_error_destroy(error);
    ldbx_cancel_destroy(cancel);
    for (int i = 0; i < us->count; i++) {
        ck_assert(!us->objects[i].open);
        free(us->objects[i].bytes);
    }
    free(us);
    free(content);
}

static int open_all(int parallel, bool blocks)
{
    ldbx_stager_ops ops = {.size = sizeof ops, .put = host_put, .remove = host_remove};
    ldbx_stager_options options;
    int status;

    if (blocks) {
        ops.begin = host_begin;
        ops.block = host_block;
        ops.finish = host_finish;
        ops.abandon = host_abandon;
    }
    ldbx_stager_options_init(&options, sizeof options);
    options.url = "mem:";
    options.block_bytes = (int64_t)BLOCK;
    options.parallel = parallel;
    status = ldbx_stager_new(&ops, &options, NULL, &stager, &error);
    return status == LDBX_OK ? ldbx_uploader_new(stager, cancel, &uploader, &error) : status;
}

/* Writes the first `size` bytes of the content in pieces of `step`. */
static int write_part(const char *name, size_t size, size_t step)
{
    ldbx_uploaded sent = {0};
    int status = ldbx_uploader_begin(uploader, name, &error);

    for (size_t at = 0; at < size && status == LDBX_OK; at += step)
        status = ldbx_uploader_write(uploader, (ldbx_view){content + at, size - at < step ? size - at : step}, &error);
    if (status == LDBX_OK)
        status = ldbx_uploader_end(uploader, &sent, &error);
    if (status == LDBX_OK) {
        ck_assert_int_eq(sent.bytes, (int64_t)size);
        ck_assert_uint_eq(sent.crc32, ldbx_crc32(0, content, size));
    }
    return status;
}

static void expect_object(const char *name, size_t size)
{
    for (int i = 0; i < us->count; i++) {
        const object *found = &us->objects[i];
        if (strcmp(found->name, name) == 0) {
            ck_assert(found->visible);
            ck_assert_uint_eq(found->size, size);
            ck_assert(size == 0 || memcmp(found->bytes, content, size) == 0);
            return;
        }
    }
    ck_abort_msg("%s did not arrive", name);
}

static const size_t sizes[] = {0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, CONTENT};
#define SIZES (sizeof sizes / sizeof sizes[0])

static int write_all(void)
{
    int status = LDBX_OK;
    char name[32];

    for (size_t i = 0; i < SIZES && status == LDBX_OK; i++) {
        snprintf(name, sizeof name, "part-%zu", i);
        status = write_part(name, sizes[i], i % 2 == 0 ? 10007 : CONTENT);
    }
    return status == LDBX_OK ? ldbx_uploader_wait(uploader, &error) : status;
}

static void expect_all(void)
{
    char name[32];

    ck_assert_int_eq(us->count, SIZES);
    for (size_t i = 0; i < SIZES; i++) {
        snprintf(name, sizeof name, "part-%zu", i);
        expect_object(name, sizes[i]);
    }
}

static const int parallels[] = {1, 2, 5, 64};

START_TEST(parts_arrive_as_they_were_written)
{
    int parallel = parallels[_i];

    us->slow = parallel > 1;
    expect_ok(open_all(parallel, true), error);
    expect_ok(write_all(), error);
    expect_all();
    ck_assert_int_eq(us->blocks, 2 + 2 + 8); /* a part that just fits is put in one call */
    ck_assert_int_le(us->most_running, parallel);
    ck_assert(us->elsewhere == (parallel > 1));
    expect_ok(ldbx_uploader_wait(uploader, &error), error);
}
END_TEST

START_TEST(memory_is_bounded)
{
    us->slow = true;
    expect_ok(open_all(2, true), error);
    suite_peak();
    for (int i = 0; i < 4; i++)
        expect_ok(write_part("many", CONTENT, 777), error);
    expect_ok(ldbx_uploader_wait(uploader, &error), error);
    ck_assert_uint_lt(suite_peak(), 4 * BLOCK);
}
END_TEST

/* Slow hooks of random length end in any order; ten threads work on one part. */
START_TEST(blocks_end_in_any_order)
{
    us->slow = true;
    expect_ok(open_all(10, true), error);
    for (int i = 0; i < 20; i++)
        expect_ok(write_part("x", CONTENT, BLOCK), error);
    expect_ok(ldbx_uploader_wait(uploader, &error), error);
    for (int i = 0; i < us->count; i++) {
        ck_assert(us->objects[i].visible);
        ck_assert_uint_eq(us->objects[i].size, CONTENT);
        ck_assert(memcmp(us->objects[i].bytes, content, CONTENT) == 0);
    }
    ck_assert_int_gt(us->most_running, 1);
}
END_TEST

START_TEST(a_part_without_blocks_has_its_size)
{
    expect_ok(open_all(_i == 0 ? 1 : 3, false), error);
    expect_ok(write_part("fits", BLOCK, 1000), error);
    expect_status(write_part("too-large", BLOCK + 1, 1000), LDBX_INVALID_ARGUMENT, error);
    ck_assert_str_eq(ldbx_error_message(error), "staging too-large: the stager takes no more than 65536 bytes");
}
END_TEST

START_TEST(one_part_at_a_time)
{
    expect_ok(open_all(1, true), error);
    expect_ok(ldbx_uploader_begin(uploader, "a", &error), error);
    expect_status(ldbx_uploader_begin(uploader, "b", &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_uploader_wait(uploader, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_str_eq(ldbx_error_message(error), "a is still being written");
}
END_TEST

/* What a failure leaves: the same error at every call, no open transfer, nothing half visible. */
static void expect_failed(int status)
{
    ldbx_error *again = NULL;
    ldbx_uploaded sent;

    expect_status(ldbx_uploader_wait(uploader, &again), status, again);
    ck_assert_str_eq(ldbx_error_message(again), ldbx_error_message(error));
    ck_assert_int_eq(ldbx_error_retry(again), ldbx_error_retry(error));
    expect_status(ldbx_uploader_begin(uploader, "late", &again), status, again);
    expect_status(ldbx_uploader_end(uploader, &sent, &again), status, again);
    ldbx_error_destroy(again);
    ldbx_uploader_destroy(uploader);
    uploader = NULL;
    for (int i = 0; i < us->count; i++)
        ck_assert(!us->objects[i].open);
}

static int calls_of_a_whole_run(int parallel)
{
    int calls;

    expect_ok(open_all(parallel, true), error);
    expect_ok(write_all(), error);
    calls = us->calls;
    stop();
    start();
    return calls;
}

START_TEST(every_call_may_fail)
{
    int parallel = parallels[_i];
    int calls = calls_of_a_whole_run(parallel);

    ck_assert_int_ge(calls, 22);
    for (int i = 1; i <= calls; i++) {
        us->fail_at = i;
        expect_ok(open_all(parallel, true), error);
        expect_status(write_all(), LDBX_UNAVAILABLE, error);
        ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "the disk is on fire"));
        ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "staging part-"));
        expect_failed(LDBX_UNAVAILABLE);
        stop();
        start();
    }
}
END_TEST

/* No thread is needed to find every allocation; with threads the one that fails is another one each time. */
START_TEST(memory_may_run_out)
{
    int parallel = parallels[_i];
    int failures = 0;

    for (long n = 1;; n++) {
        int status;

        suite_fail_allocation(n);
        status = open_all(parallel, true);
        if (status == LDBX_OK)
            status = write_all();
        suite_fail_allocation(0);
        if (status == LDBX_OK) {
            expect_all();
            break;
        }
        expect_status(status, LDBX_NO_MEMORY, error);
        failures++;
        stop();
        start();
    }
    ck_assert_int_gt(failures, 20);
}
END_TEST

static void *trigger_soon(void *user)
{
    (void)user;
    usleep(20000);
    ldbx_cancel_trigger(cancel);
    return NULL;
}

START_TEST(a_cancel_ends_what_is_on_its_way)
{
    pthread_t thread;

    us->wait_for_cancel = true;
    expect_ok(ldbx_cancel_new(&cancel, &error), error);
    expect_ok(open_all(parallels[_i], true), error);
    ck_assert_int_eq(pthread_create(&thread, NULL, trigger_soon, NULL), 0);
    expect_status(write_all(), LDBX_CANCELLED, error);
    pthread_join(thread, NULL);
    expect_failed(LDBX_CANCELLED);
}
END_TEST

START_TEST(a_triggered_token_sends_nothing)
{
    expect_ok(ldbx_cancel_new(&cancel, &error), error);
    ldbx_cancel_trigger(cancel);
    expect_ok(open_all(parallels[_i], true), error);
    expect_status(write_all(), LDBX_CANCELLED, error);
    ck_assert_str_eq(ldbx_error_message(error), "cancelled");
    ck_assert_int_eq(us->calls, 0);
}
END_TEST

static bool was_elsewhere(void)
{
    bool elsewhere;

    pthread_mutex_lock(&us->lock);
    elsewhere = us->elsewhere;
    pthread_mutex_unlock(&us->lock);
    return elsewhere;
}

/* Blocks that hang must not hold up who gives up. */
START_TEST(destroy_ends_what_is_on_its_way)
{
    us->wait_for_cancel = true;
    expect_ok(open_all(3, true), error);
    expect_ok(write_part("x", 2 * BLOCK, BLOCK), error);
    while (!was_elsewhere())
        usleep(1000);
    ldbx_uploader_destroy(uploader);
    uploader = NULL;
    ck_assert_int_eq(us->abandoned, 1);
    ldbx_uploader_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upload");
    TCase *ways = suite_case(suite, "ways");
    TCase *failures = suite_case(suite, "failures");

    tcase_add_checked_fixture(ways, start, stop);
    tcase_add_loop_test(ways, parts_arrive_as_they_were_written, 0, 4);
    tcase_add_test(ways, memory_is_bounded);
    tcase_add_test(ways, blocks_end_in_any_order);
    tcase_add_loop_test(ways, a_part_without_blocks_has_its_size, 0, 2);
    tcase_add_test(ways, one_part_at_a_time);
    tcase_add_checked_fixture(failures, start, stop);
    tcase_add_loop_test(failures, every_call_may_fail, 0, 3);
    tcase_add_loop_test(failures, memory_may_run_out, 0, 3);
    tcase_add_loop_test(failures, a_cancel_ends_what_is_on_its_way, 1, 3);
    tcase_add_loop_test(failures, a_triggered_token_sends_nothing, 0, 3);
    tcase_add_test(failures, destroy_ends_what_is_on_its_way);
    return suite_run(suite);
}
