#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "store/store.h"

#define KEY "my-job-1a2b3c4d"

static char folder[64];
static char file[128]; /* of KEY in folder */
static ldbx_error *error;
static ldbx_buf text;

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/ldbx-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/" KEY ".json", folder);
    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
}

static void drop_folder(void)
{
    suite_remove_folder(folder);
    ldbx_error_destroy(error);
    error = NULL;
    ldbx_buf_clear(&text);
}

static ldbx_store *open_store(ldbx_store_mode mode)
{
    ldbx_store *store = NULL;

    expect_ok(ldbx_store_open_directory(folder, mode, &store, &error), error);
    return store;
}

static void save(ldbx_store *store, const char *key, const char *document, int64_t expected)
{
    expect_ok(ldbx_store_save(store, key, ldbx_view_of(document), &expected, &error), error);
}

/* One document with revision 1 in a store that nobody holds any more. */
static void save_alone(const char *document)
{
    ldbx_store *store = open_store(LDBX_STORE_WRITE);

    save(store, KEY, document, 0);
    ldbx_store_destroy(store);
}

static void expect_document(ldbx_store *store, const char *key, const char *document, int64_t revision)
{
    int64_t read = 0;

    expect_ok(ldbx_store_load(store, key, &text, &read, &error), error);
    ck_assert_str_eq(ldbx_buf_cstr(&text), document);
    ck_assert_int_eq(read, revision);
}

static int load_status(ldbx_store *store)
{
    int64_t revision = 0;

    return ldbx_store_load(store, KEY, &text, &revision, &error);
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *out = fopen(path, "wb");

    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(data, 1, size, out), size);
    ck_assert_int_eq(fclose(out), 0);
}

static int count_files(const char *name_part)
{
    char command[160];
    int count = -1;
    FILE *list;

    snprintf(command, sizeof command, "ls -A '%s' | grep -c -- '%s'", folder, name_part);
    list = popen(command, "r");
    ck_assert_ptr_nonnull(list);
    ck_assert_int_eq(fscanf(list, "%d", &count), 1);
    pclose(list);
    return count;
}

START_TEST(a_document_outlives_its_store)
{
    ldbx_store *store = open_store(LDBX_STORE_WRITE);

    ck_assert_int_eq(load_status(store), LDBX_NOT_FOUND);
    save(store, KEY, "{\"n\":1}", 0);
    save(store, KEY, "{\"n\":2}", 1);
    ldbx_store_destroy(store);
    store = open_store(LDBX_STORE_WRITE);
    expect_document(store, KEY, "{\"n\":2}", 2);
    ldbx_store_destroy(store);
    ck_assert_int_eq(count_files("tmp$"), 0);
}
END_TEST

START_TEST(the_file_is_two_lines_of_json)
{
    cJSON *header;
    ldbx_buf raw;

    save_alone("{\"n\":1}");
    ldbx_buf_init(&raw, 4096);
    expect_ok(ldbx_file_read(file, &raw, &error), error);
    ck_assert_ptr_nonnull(strstr(ldbx_buf_cstr(&raw), "}\n{\"n\":1}\n"));
    header = cJSON_Parse((const char *)raw.data);
    ck_assert_str_eq(cJSON_GetObjectItem(header, "key")->valuestring, KEY);
    ck_assert_int_eq(cJSON_GetObjectItem(header, "format")->valueint, 1);
    ck_assert_int_eq(cJSON_GetObjectItem(header, "revision")->valueint, 1);
    ck_assert_int_eq(cJSON_GetObjectItem(header, "bytes")->valueint, 7);
    ck_assert_uint_eq(strlen(cJSON_GetObjectItem(header, "crc32")->valuestring), 8);
    cJSON_Delete(header);
    ldbx_buf_clear(&raw);
}
END_TEST

/* A file system without locks: the revision alone must keep the second runner out. */
START_TEST(a_stale_revision_is_refused)
{
    ldbx_store *store = open_store(LDBX_STORE_WRITE);
    int64_t stale = 0;

    save(store, KEY, "one", 0);
    expect_status(ldbx_store_save(store, KEY, ldbx_view_of("two"), &stale, &error), LDBX_CONFLICT, error);
    expect_in_message(error, "revision 1 instead of 0");
    expect_document(store, KEY, "one", 1);
    stale = 3;
    expect_status(ldbx_store_save(store, KEY, ldbx_view_of("two"), &stale, &error), LDBX_CONFLICT, error);
    ck_assert_int_eq(unlink(file), 0);
    stale = 1;
    expect_status(ldbx_store_save(store, KEY, ldbx_view_of("two"), &stale, &error), LDBX_CONFLICT, error);
    ldbx_store_destroy(store);
}
END_TEST

START_TEST(remove_forgets)
{
    ldbx_store *store = open_store(LDBX_STORE_WRITE);

    expect_ok(ldbx_store_remove(store, KEY, &error), error);
    save(store, KEY, "one", 0);
    expect_ok(ldbx_store_remove(store, KEY, &error), error);
    ck_assert_int_eq(load_status(store), LDBX_NOT_FOUND);
    save(store, KEY, "again", 0);
    expect_document(store, KEY, "again", 1);
    ldbx_store_destroy(store);
}
END_TEST

START_TEST(any_key_makes_a_safe_name)
{
    static const char *const keys[] = {"a",   "A",    "%41", "..", ".",        "a/b", "a\\b",
                                       "a b", "a\nb", "\"",  "~",  "\xC3\xBC", "a_b", "-rf"};
    ldbx_store *store = open_store(LDBX_STORE_WRITE);
    size_t count = sizeof keys / sizeof keys[0];

    for (size_t i = 0; i < count; i++)
        save(store, keys[i], keys[i], 0);
    for (size_t i = 0; i < count; i++)
        expect_document(store, keys[i], keys[i], 1);
    ldbx_store_destroy(store);
    ck_assert_int_eq(count_files("^[a-z0-9%_-]*\\.json$"), (int)count);
}
END_TEST

START_TEST(keys_without_a_name_are_refused)
{
    ldbx_store *store = open_store(LDBX_STORE_WRITE);
    char key[248];
    int64_t revision = 0;

    expect_status(ldbx_store_save(store, "", ldbx_view_of("x"), &revision, &error), LDBX_INVALID_ARGUMENT, error);
    memset(key, 'a', sizeof key);
    key[246] = '\0';
    expect_status(ldbx_store_save(store, key, ldbx_view_of("x"), &revision, &error), LDBX_INVALID_ARGUMENT, error);
    key[245] = '\0';
    save(store, key, "x", 0);
    expect_document(store, key, "x", 1);
    ldbx_store_destroy(store);
}
END_TEST

START_TEST(one_store_a_key_within_a_process)
{
    ldbx_store *first = open_store(LDBX_STORE_WRITE);
    ldbx_store *second = open_store(LDBX_STORE_WRITE);
    int64_t revision = 0;

    ck_assert_int_eq(load_status(first), LDBX_NOT_FOUND);
    ck_assert_int_eq(load_status(second), LDBX_CONFLICT);
    expect_in_message(error, "checkpoint " KEY ": another store of this process holds ");
    expect_status(ldbx_store_save(second, KEY, ldbx_view_of("x"), &revision, &error), LDBX_CONFLICT, error);
    expect_status(ldbx_store_remove(second, KEY, &error), LDBX_CONFLICT, error);
    save(second, "another-key", "x", 0);
    ldbx_store_destroy(first);
    ck_assert_int_eq(load_status(second), LDBX_NOT_FOUND);
    ldbx_store_destroy(second);
}
END_TEST

static void wait_for_byte(int fd)
{
    char byte;

    ck_assert_int_eq(read(fd, &byte, 1), 1);
}

static void end_child(pid_t child)
{
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

START_TEST(one_process_a_key)
{
    char expected[64];
    int ready[2];
    pid_t child;
    ldbx_store *store;

    ck_assert_int_eq(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        store = open_store(LDBX_STORE_WRITE);
        save(store, KEY, "child's", 0);
        if (write(ready[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    wait_for_byte(ready[0]);
    store = open_store(LDBX_STORE_WRITE);
    ck_assert_int_eq(load_status(store), LDBX_CONFLICT);
    snprintf(expected, sizeof expected, "another runner (process %d) holds ", (int)child);
    expect_in_message(error, expected);
    end_child(child);
    expect_document(store, KEY, "child's", 1);
    ldbx_store_destroy(store);
}
END_TEST

START_TEST(reading_takes_no_lock_and_writes_nothing)
{
    ldbx_store *writer = open_store(LDBX_STORE_WRITE);
    ldbx_store *reader = open_store(LDBX_STORE_READ);
    int64_t revision = 1;

    save(writer, KEY, "one", 0);
    expect_document(reader, KEY, "one", 1);
    expect_status(ldbx_store_save(reader, KEY, ldbx_view_of("x"), &revision, &error), LDBX_INVALID_ARGUMENT, error);
    expect_in_message(error, "opened for reading");
    expect_status(ldbx_store_remove(reader, KEY, &error), LDBX_INVALID_ARGUMENT, error);
    save(writer, KEY, "two", 1);
    ldbx_store_destroy(writer);
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(count_files("lock$"), 1);
    ck_assert_int_eq(load_status(reader), LDBX_NOT_FOUND);
    ldbx_store_destroy(reader);
    ck_assert_int_eq(count_files("."), 1);
}
END_TEST

START_TEST(reading_makes_no_folder)
{
    char missing[96];
    struct stat facts;
    ldbx_store *store = NULL;

    snprintf(missing, sizeof missing, "%s/missing", folder);
    expect_ok(ldbx_store_open_directory(missing, LDBX_STORE_READ, &store, &error), error);
    ck_assert_int_eq(load_status(store), LDBX_NOT_FOUND);
    ldbx_store_destroy(store);
    ck_assert_int_ne(stat(missing, &facts), 0);
}
END_TEST

START_TEST(writing_makes_the_folders)
{
    char deep[96];
    ldbx_store *store = NULL;

    snprintf(deep, sizeof deep, "%s/a//b/c/", folder);
    expect_ok(ldbx_store_open_directory(deep, LDBX_STORE_WRITE, &store, &error), error);
    save(store, KEY, "deep", 0);
    expect_document(store, KEY, "deep", 1);
    ldbx_store_destroy(store);
    ck_assert_int_eq(chdir(folder), 0);
    expect_ok(ldbx_store_open_directory("relative/state", LDBX_STORE_WRITE, &store, &error), error);
    save(store, KEY, "relative", 0);
    ldbx_store_destroy(store);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(what_is_no_folder_is_refused)
{
    ldbx_store *store = NULL;

    write_file(file, "x", 1);
    expect_status(ldbx_store_open_directory(file, LDBX_STORE_WRITE, &store, &error), LDBX_IO, error);
    expect_in_message(error, "not a folder");
    expect_status(ldbx_store_open_directory("/proc/ldbx/state", LDBX_STORE_WRITE, &store, &error), LDBX_IO, error);
    expect_in_message(error, "/proc/ldbx: making the folder: ");
    expect_status(ldbx_store_open_directory("", LDBX_STORE_WRITE, &store, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_store_open_directory(NULL, LDBX_STORE_READ, &store, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_store_open_directory(folder, (ldbx_store_mode)7, &store, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_store_open_directory(folder, LDBX_STORE_READ, NULL, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_ptr_null(store);
}
END_TEST

START_TEST(a_folder_that_goes_is_no_missing_checkpoint)
{
    ldbx_store *store = open_store(LDBX_STORE_WRITE);
    int64_t revision = 0;

    ck_assert_int_eq(load_status(store), LDBX_NOT_FOUND);
    drop_folder();
    expect_status(ldbx_store_save(store, KEY, ldbx_view_of("x"), &revision, &error), LDBX_IO, error);
    expect_status(ldbx_store_save(store, "other", ldbx_view_of("x"), &revision, &error), LDBX_IO, error);
    expect_in_message(error, "/other.lock: opening: ");
    ldbx_store_destroy(store);
}
END_TEST

/* Every bit of every byte, header included; a wrong document must never come out. */
START_TEST(a_flipped_bit_is_noticed)
{
    ldbx_store *store = NULL;
    ldbx_buf good;

    save_alone("{\"watermark\":\"2024-01-01T00:00:00Z\",\"n\":[1,2,3]}");
    ldbx_buf_init(&good, 4096);
    expect_ok(ldbx_file_read(file, &good, &error), error);
    store = open_store(LDBX_STORE_READ);
    for (size_t i = 0; i < good.size * 8; i++) {
        good.data[i / 8] ^= (uint8_t)(1u << i % 8);
        write_file(file, good.data, good.size);
        ck_assert_msg(load_status(store) == LDBX_INVALID_DATA, "bit %zu of byte %zu", i % 8, i / 8);
        expect_in_message(error, file);
        good.data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    write_file(file, good.data, good.size);
    ck_assert_int_eq(load_status(store), LDBX_OK);
    ldbx_store_destroy(store);
    ldbx_buf_clear(&good);
}
END_TEST

START_TEST(a_cut_or_grown_file_is_noticed)
{
    ldbx_store *store = NULL;
    int64_t revision = 0;
    ldbx_buf good;

    save_alone("{\"n\":1}\n{\"n\":2}");
    ldbx_buf_init(&good, 4096);
    expect_ok(ldbx_file_read(file, &good, &error), error);
    store = open_store(LDBX_STORE_WRITE);
    for (size_t size = 0; size < good.size; size++) {
        write_file(file, good.data, size);
        ck_assert_msg(load_status(store) == LDBX_INVALID_DATA, "cut to %zu bytes", size);
    }
    expect_in_message(error, "put a good copy back, or remove it");
    expect_status(ldbx_store_save(store, KEY, ldbx_view_of("x"), &revision, &error), LDBX_INVALID_DATA, error);
    ldbx_buf_byte(&good, '\n');
    write_file(file, good.data, good.size);
    ck_assert_int_eq(load_status(store), LDBX_INVALID_DATA);
    write_file(file, good.data, good.size - 1);
    expect_document(store, KEY, "{\"n\":1}\n{\"n\":2}", 1);
    ldbx_store_destroy(store);
    ldbx_buf_clear(&good);
}
END_TEST

START_TEST(a_damaged_file_can_be_removed)
{
    ldbx_store *store = open_store(LDBX_STORE_WRITE);

    write_file(file, "{}", 2);
    ck_assert_int_eq(load_status(store), LDBX_INVALID_DATA);
    expect_ok(ldbx_store_remove(store, KEY, &error), error);
    save(store, KEY, "anew", 0);
    ldbx_store_destroy(store);
}
END_TEST

START_TEST(a_renamed_file_is_noticed)
{
    ldbx_store *store = NULL;
    char other[128];

    save_alone("one");
    snprintf(other, sizeof other, "%s/other.json", folder);
    ck_assert_int_eq(rename(file, other), 0);
    store = open_store(LDBX_STORE_READ);
    ck_assert_int_eq(load_status(store), LDBX_NOT_FOUND);
    ck_assert_int_eq(rename(other, file), 0);
    ck_assert_int_eq(load_status(store), LDBX_OK);
    ck_assert_int_eq(link(file, other), 0);
    int64_t revision = 0;
    expect_status(ldbx_store_load(store, "other", &text, &revision, &error), LDBX_INVALID_DATA, error);
    ldbx_store_destroy(store);
}
END_TEST

START_TEST(a_newer_format_is_told_apart)
{
    static const char newer[] = "{\"format\":2,\"key\":\"" KEY "\",\"revision\":1,\"seal\":\"x\"}\n{}\n";
    ldbx_store *store = open_store(LDBX_STORE_READ);

    write_file(file, newer, sizeof newer - 1);
    ck_assert_int_eq(load_status(store), LDBX_INVALID_DATA);
    expect_in_message(error, "written by a newer version of the library (format 2)");
    ldbx_store_destroy(store);
}
END_TEST

/* The nearest to a full disk that needs no privilege: the kernel refuses to let the file grow. */
START_TEST(a_failed_write_leaves_the_old_document)
{
    struct rlimit limit = {1000, RLIM_INFINITY};
    ldbx_store *store = open_store(LDBX_STORE_WRITE);
    char large[4000];
    int64_t revision = 1;

    save(store, KEY, "small", 0);
    memset(large, 'x', sizeof large);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    expect_status(ldbx_store_save(store, KEY, (ldbx_view){large, sizeof large}, &revision, &error), LDBX_IO, error);
    limit.rlim_cur = RLIM_INFINITY;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    expect_in_message(error, file);
    expect_in_message(error, "File too large");
    ck_assert_int_eq(revision, 1);
    expect_document(store, KEY, "small", 1);
    ck_assert_int_eq(count_files("tmp$"), 0);
    save(store, KEY, "next", 1);
    ldbx_store_destroy(store);
}
END_TEST

/* Saves for ever; a byte goes out before each save. */
static void save_until_killed(int out)
{
    ldbx_store *store = open_store(LDBX_STORE_WRITE);
    int64_t revision = 0;
    char document[64];

    if (load_status(store) == LDBX_OK)
        ldbx_store_load(store, KEY, &text, &revision, NULL);
    while (write(out, "", 1) == 1) {
        snprintf(document, sizeof document, "document of revision %lld", (long long)revision + 1);
        if (ldbx_store_save(store, KEY, ldbx_view_of(document), &revision, NULL) != LDBX_OK)
            break;
    }
    _exit(1);
}

START_TEST(a_kill_leaves_a_whole_document)
{
    int64_t last = 0;

    for (int round = 1; round <= 20; round++) {
        char expected[64];
        int64_t revision = 0;
        ldbx_store *store;
        int ready[2];
        pid_t child;
        ck_assert_int_eq(pipe(ready), 0);
        child = fork();
        if (child == 0)
            save_until_killed(ready[1]);
        close(ready[1]);
        for (int i = 0; i <= round; i++)
            wait_for_byte(ready[0]);
        end_child(child);
        close(ready[0]);
        store = open_store(LDBX_STORE_WRITE);
        expect_ok(ldbx_store_load(store, KEY, &text, &revision, &error), error);
        snprintf(expected, sizeof expected, "document of revision %lld", (long long)revision);
        ck_assert_str_eq(ldbx_buf_cstr(&text), expected);
        ck_assert_int_ge(revision, last + round);
        last = revision;
        ldbx_store_destroy(store);
    }
}
END_TEST

START_TEST(what_a_kill_left_beside_it_does_no_harm)
{
    char beside[128];
    ldbx_store *store = NULL;

    save_alone("old");
    snprintf(beside, sizeof beside, "%s/." KEY ".json.tmp", folder);
    write_file(beside, "half of a docum", 15);
    store = open_store(LDBX_STORE_WRITE);
    expect_document(store, KEY, "old", 1);
    save(store, KEY, "new", 1);
    expect_document(store, KEY, "new", 2);
    ldbx_store_destroy(store);
    ck_assert_int_eq(count_files(".tmp"), 0);
}
END_TEST

START_TEST(memory_failure_is_no_damage)
{
    bool failed = true;
    int status;
    long n = 0;

    save_alone("old");
    while (failed) {
        long before = suite_allocations();
        ldbx_store *store = NULL;
        int64_t revision = 0;
        suite_fail_allocation(++n);
        status = ldbx_store_open_directory(folder, LDBX_STORE_WRITE, &store, &error);
        if (status == LDBX_OK)
            status = ldbx_store_load(store, KEY, &text, &revision, &error);
        if (status == LDBX_OK)
            status = ldbx_store_save(store, KEY, ldbx_view_of("new"), &revision, &error);
        suite_fail_allocation(0);
        failed = suite_allocations() - before >= n;
        ck_assert_msg(status == LDBX_OK || status == LDBX_NO_MEMORY, "allocation %ld: %s: %s", n,
                      ldbx_status_name(status), ldbx_error_message(error));
        ldbx_store_destroy(store);
        store = open_store(LDBX_STORE_READ);
        expect_document(store, KEY, status == LDBX_OK ? "new" : "old", status == LDBX_OK ? 2 : 1);
        ldbx_store_destroy(store);
        ldbx_buf_clear(&text);
    }
    ck_assert_int_gt(n, 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("directory");
    TCase *keeping = suite_case(suite, "keeping");
    TCase *locking = suite_case(suite, "locking");
    TCase *folders = suite_case(suite, "folders");
    TCase *damage = suite_case(suite, "damage");
    TCase *cases[] = {keeping, locking, folders, damage};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        tcase_add_checked_fixture(cases[i], make_folder, drop_folder);
    tcase_add_test(keeping, a_document_outlives_its_store);
    tcase_add_test(keeping, the_file_is_two_lines_of_json);
    tcase_add_test(keeping, a_stale_revision_is_refused);
    tcase_add_test(keeping, remove_forgets);
    tcase_add_test(keeping, any_key_makes_a_safe_name);
    tcase_add_test(keeping, keys_without_a_name_are_refused);
    tcase_add_test(locking, one_store_a_key_within_a_process);
    tcase_add_test(locking, one_process_a_key);
    tcase_add_test(locking, reading_takes_no_lock_and_writes_nothing);
    tcase_add_test(folders, reading_makes_no_folder);
    tcase_add_test(folders, writing_makes_the_folders);
    tcase_add_test(folders, what_is_no_folder_is_refused);
    tcase_add_test(folders, a_folder_that_goes_is_no_missing_checkpoint);
    tcase_add_test(damage, a_flipped_bit_is_noticed);
    tcase_add_test(damage, a_cut_or_grown_file_is_noticed);
    tcase_add_test(damage, a_damaged_file_can_be_removed);
    tcase_add_test(damage, a_renamed_file_is_noticed);
    tcase_add_test(damage, a_newer_format_is_told_apart);
    tcase_add_test(damage, a_failed_write_leaves_the_old_document);
    tcase_add_test(damage, a_kill_leaves_a_whole_document);
    tcase_add_test(damage, what_a_kill_left_beside_it_does_no_harm);
    tcase_add_test(damage, memory_failure_is_no_damage);
    return suite_run(suite);
}
