#include "suite.h"

#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"
#include "staged.h"

#define NAME  "job-1/run-2/1-000001.csv"
#define BLOCK ((size_t)1 << 20)

static char folder[64];
static char file[160]; /* of NAME */
static ldbx_stager *stager;
static ldbx_error *error;
static bool renames_only; /* without flags, as a network file system */

/* Stands before the C library's. */
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    if (renames_only) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

static void start(void)
{
    char path[80];

    snprintf(folder, sizeof folder, "/tmp/ldbx-stage-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/staged", folder);
    snprintf(file, sizeof file, "%s/" NAME, path);
    expect_ok(ldbx_stager_open_directory(path, NULL, &stager, &error), error);
}

static void stop(void)
{
    ldbx_stager_destroy(stager);
    ldbx_error_destroy(error);
    stager = NULL;
    error = NULL;
    suite_remove_folder(folder);
}

static int put(const char *name, const char *text)
{
    return staged_put(stager, name, text, &error);
}

static int check(const char *text)
{
    return staged_check(stager, NAME, text, &error);
}

static void expect_content(const char *expected)
{
    ldbx_buf text;

    ldbx_buf_init(&text, 1 << 20);
    expect_ok(ldbx_file_read(file, &text, &error), error);
    ck_assert_str_eq(ldbx_buf_cstr(&text), expected);
    ldbx_buf_clear(&text);
}

static int files_seen;

static int count_one(const char *path, const struct stat *facts, int kind, struct FTW *at)
{
    (void)path;
    (void)facts;
    (void)at;
    files_seen += kind != FTW_D;
    return 0;
}

/* Whatever lies anywhere below the directory, hidden or not. */
static int files(void)
{
    files_seen = 0;
    nftw(folder, count_one, 8, FTW_PHYS);
    return files_seen;
}

START_TEST(its_address_is_the_real_path)
{
    char link[80], expected[96];
    ldbx_stager *other = NULL;

    snprintf(expected, sizeof expected, "file:%s/staged", folder);
    ck_assert_str_eq(ldbx_stager_url(stager), expected);
    snprintf(link, sizeof link, "%s/link", folder);
    ck_assert_int_eq(symlink("staged", link), 0);
    expect_ok(ldbx_stager_open_directory(link, NULL, &other, &error), error);
    ck_assert_str_eq(ldbx_stager_url(other), expected);
    ldbx_stager_destroy(other);
    expect_ok(ldbx_stager_open_directory(link, "file:/mnt/shared/", &other, &error), error);
    ck_assert_str_eq(ldbx_stager_url(other), "file:/mnt/shared");
    ldbx_stager_destroy(other);
}
END_TEST

START_TEST(a_file_is_put_whole)
{
    struct stat facts;

    umask(022);
    expect_ok(put(NAME, "a,b\n1,2\n"), error);
    expect_content("a,b\n1,2\n");
    ck_assert_int_eq(stat(file, &facts), 0);
    ck_assert_uint_eq(facts.st_mode & 0777, 0644); /* the warehouse is another user */
    ck_assert_int_eq(files(), 1);
    expect_ok(put("job-1/run-2/empty.csv", ""), error);
    expect_ok(put("top.csv", "x"), error);
}
END_TEST

/* Loop: 1 over a file system that renames without flags only. */
START_TEST(a_name_is_never_replaced)
{
    renames_only = _i == 1;
    expect_ok(put(NAME, "first"), error);
    expect_ok(put(NAME, "first"), error);
    expect_status(put(NAME, "other"), LDBX_CONFLICT, error);
    expect_in_message(error, "staging " NAME ": ");
    expect_in_message(error, "exists already, with other bytes");
    expect_status(put(NAME, "longer"), LDBX_CONFLICT, error);
    expect_content("first");
    ck_assert_int_eq(files(), 1);
}
END_TEST

START_TEST(a_file_is_checked)
{
    expect_status(check("first"), LDBX_NOT_FOUND, error);
    expect_ok(put(NAME, "first"), error);
    expect_ok(check("first"), error);
    expect_status(check("first "), LDBX_INVALID_DATA, error);
    expect_in_message(error, "checking " NAME ": ");
    expect_in_message(error, "has 5 bytes instead of 6");
    expect_status(check("fIrst"), LDBX_INVALID_DATA, error);
    expect_in_message(error, "its checksum does not match");
}
END_TEST

START_TEST(a_check_can_be_cancelled)
{
    ldbx_cancel *cancel = NULL;

    expect_ok(put(NAME, "first"), error);
    expect_ok(ldbx_cancel_new(&cancel, &error), error);
    ldbx_cancel_trigger(cancel);
    expect_status(ldbx_stager_check(stager, NAME, 5, 0, cancel, &error), LDBX_CANCELLED, error);
    ldbx_cancel_destroy(cancel);
}
END_TEST

/* A transfer and what its threads send. */
typedef struct sending {
    void *transfer;
    int64_t index;
    ldbx_view content;
    int status;
} sending;

static void *send_block(void *user)
{
    sending *one = user;

    one->status = ldbx_stager_block(stager, NAME, one->transfer, one->index, one->content, 0, NULL, NULL);
    return NULL;
}

START_TEST(blocks_come_in_any_order)
{
    size_t size = 3 * BLOCK + 17;
    char *content = malloc(size);
    uint32_t crc32;
    void *transfer = NULL;

    for (size_t i = 0; i < size; i++)
        content[i] = (char)(i * 2654435761U >> 13);
    crc32 = ldbx_crc32(0, content, size);
    ck_assert_uint_eq(ldbx_stager_block_bytes(stager), BLOCK);
    ck_assert_int_eq(ldbx_stager_parallel(stager), 2);
    expect_ok(ldbx_stager_begin(stager, NAME, &transfer, NULL, &error), error);
    for (int64_t i = 3; i >= 0; i -= 2) {
        sending pair[2] = {{transfer, i, {content + (size_t)i * BLOCK, i == 3 ? 17 : BLOCK}, 0},
                           {transfer, i - 1, {content + (size_t)(i - 1) * BLOCK, BLOCK}, 0}};
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, send_block, &pair[0]), 0);
        send_block(&pair[1]);
        pthread_join(thread, NULL);
        ck_assert_int_eq(pair[0].status + pair[1].status, LDBX_OK);
    }
    ck_assert_int_ne(access(file, F_OK), 0); /* not before it is whole */
    expect_ok(ldbx_stager_finish(stager, NAME, transfer, (int64_t)size, crc32, NULL, &error), error);
    expect_ok(ldbx_stager_check(stager, NAME, (int64_t)size, crc32, NULL, &error), error);
    ck_assert_int_eq(files(), 1);
    free(content);
}
END_TEST

START_TEST(a_transfer_of_another_length_is_refused)
{
    void *transfer = NULL;

    expect_ok(ldbx_stager_begin(stager, NAME, &transfer, NULL, &error), error);
    expect_ok(ldbx_stager_block(stager, NAME, transfer, 0, ldbx_view_of("abc"), 0, NULL, &error), error);
    expect_status(ldbx_stager_finish(stager, NAME, transfer, 4, 0, NULL, &error), LDBX_INVALID_DATA, error);
    expect_in_message(error, "3 bytes were written instead of 4");
    ck_assert_int_eq(files(), 0);
}
END_TEST

START_TEST(an_abandoned_transfer_leaves_nothing)
{
    void *transfer = NULL;

    expect_ok(ldbx_stager_begin(stager, NAME, &transfer, NULL, &error), error);
    expect_ok(ldbx_stager_block(stager, NAME, transfer, 0, ldbx_view_of("abc"), 0, NULL, &error), error);
    ldbx_stager_abandon(stager, transfer);
    ck_assert_int_eq(files(), 0);
}
END_TEST

/* The second takes the name of the first away: the first must not put the second's half under it. */
START_TEST(two_transfers_of_a_name)
{
    void *first = NULL;
    void *second = NULL;

    expect_ok(ldbx_stager_begin(stager, NAME, &first, NULL, &error), error);
    expect_ok(ldbx_stager_block(stager, NAME, first, 0, ldbx_view_of("abc"), 0, NULL, &error), error);
    expect_ok(ldbx_stager_begin(stager, NAME, &second, NULL, &error), error);
    expect_status(ldbx_stager_finish(stager, NAME, first, 3, 0, NULL, &error), LDBX_CONFLICT, error);
    expect_in_message(error, "by somebody else too");
    expect_ok(ldbx_stager_block(stager, NAME, second, 0, ldbx_view_of("abc"), 0, NULL, &error), error);
    expect_ok(ldbx_stager_finish(stager, NAME, second, 3, 0, NULL, &error), error);
    expect_content("abc");
}
END_TEST

static void killed_in_a_transfer(void)
{
    int how = 0;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        void *transfer = NULL;
        ldbx_stager_begin(stager, NAME, &transfer, NULL, NULL);
        ldbx_stager_block(stager, NAME, transfer, 0, ldbx_view_of("half"), 0, NULL, NULL);
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &how, 0), child);
    ck_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
}

START_TEST(removal_takes_what_a_kill_left)
{
    killed_in_a_transfer();
    ck_assert_int_eq(files(), 1);
    ck_assert_int_ne(access(file, F_OK), 0);
    expect_ok(ldbx_stager_remove(stager, NAME, NULL, &error), error);
    ck_assert_int_eq(files(), 0);
    killed_in_a_transfer();
    expect_ok(put(NAME, "whole"), error);
    expect_content("whole");
    ck_assert_int_eq(files(), 1);
}
END_TEST

static bool is_there(const char *name)
{
    char path[160];

    snprintf(path, sizeof path, "%s/staged/%s", folder, name);
    return access(path, F_OK) == 0;
}

START_TEST(empty_folders_go_with_their_last_file)
{
    expect_ok(put("job/run-1/1.csv", "1"), error);
    expect_ok(put("job/run-2/1.csv", "1"), error);
    expect_ok(put("job/run-2/2.csv", "2"), error);
    expect_ok(ldbx_stager_remove(stager, "job/run-2/1.csv", NULL, &error), error);
    ck_assert(is_there("job/run-2/2.csv"));
    expect_ok(ldbx_stager_remove(stager, "job/run-2/2.csv", NULL, &error), error);
    ck_assert(!is_there("job/run-2"));
    ck_assert(is_there("job/run-1/1.csv"));
    expect_ok(ldbx_stager_remove(stager, "job/run-1/1.csv", NULL, &error), error);
    ck_assert(!is_there("job"));
    ck_assert(is_there("")); /* the directory itself stays */
    expect_ok(ldbx_stager_remove(stager, "job/run-1/1.csv", NULL, &error), error);
    expect_ok(ldbx_stager_remove(stager, "top.csv", NULL, &error), error);
    expect_ok(put("job/run-3/1.csv", "1"), error);
}
END_TEST

START_TEST(names_stay_inside)
{
    static const char *const bad[] = {"",         "/etc/x",   "../x", "a/../../x", "a/..", ".x",
                                      "a/.x.tmp", "a//b",     "a/",   "a/_b",      "_b",   "a\\b",
                                      "a b",      "\xc3\xa4", "a\n",  "a*",        "."};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        void *transfer = NULL;
        expect_status(put(bad[i], "x"), LDBX_INVALID_ARGUMENT, error);
        expect_status(ldbx_stager_remove(stager, bad[i], NULL, &error), LDBX_INVALID_ARGUMENT, error);
        expect_status(ldbx_stager_begin(stager, bad[i], &transfer, NULL, &error), LDBX_INVALID_ARGUMENT, error);
        expect_status(ldbx_stager_check(stager, bad[i], 1, 1, NULL, &error), LDBX_INVALID_ARGUMENT, error);
    }
    expect_in_message(error, "'.' is no name of a staged file");
    ck_assert_int_eq(files(), 0);
}
END_TEST

/* A limit of the file size stands in for a full disk. */
START_TEST(a_full_disk_is_told)
{
    struct rlimit old, limit;
    void *transfer = NULL;
    char content[8192] = {0};
    ldbx_view block = {content, sizeof content};

    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 4096;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    expect_status(ldbx_stager_put(stager, NAME, block, 0, NULL, &error), LDBX_IO, error);
    expect_in_message(error, "writing: File too large");
    ck_assert_int_eq(files(), 0);
    expect_ok(ldbx_stager_begin(stager, NAME, &transfer, NULL, &error), error);
    expect_status(ldbx_stager_block(stager, NAME, transfer, 0, block, 0, NULL, &error), LDBX_IO, error);
    ldbx_stager_abandon(stager, transfer);
    ck_assert_int_eq(files(), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    expect_ok(ldbx_stager_put(stager, NAME, block, 0, NULL, &error), error);
}
END_TEST

/* Where a folder should be made is a file; where a file should be put is a folder. */
START_TEST(what_is_in_the_way_is_named)
{
    expect_ok(put("job-1", "a file"), error);
    expect_status(put(NAME, "x"), LDBX_IO, error);
    expect_in_message(error, "/staged/job-1");
    expect_in_message(error, "Not a directory");
    expect_ok(ldbx_stager_remove(stager, NAME, NULL, &error), error);
    expect_ok(ldbx_stager_remove(stager, "job-1", NULL, &error), error);
    expect_ok(put(NAME, "x"), error);
    expect_status(put("job-1/run-2", "x"), LDBX_CONFLICT, error);
    expect_status(ldbx_stager_remove(stager, "job-1/run-2", NULL, &error), LDBX_IO, error);
    expect_in_message(error, "Is a directory");
    expect_content("x");
}
END_TEST

static void expect_refused(const char *path, const char *url, int expected, const char *part)
{
    ldbx_stager *none = NULL;

    expect_status(ldbx_stager_open_directory(path, url, &none, &error), expected, error);
    ck_assert_ptr_null(none);
    expect_in_message(error, part);
}

START_TEST(a_probe_tells_and_leaves_nothing)
{
    char path[80];

    expect_ok(ldbx_stager_probe(stager, NULL, &error), error);
    snprintf(path, sizeof path, "%s/staged", folder);
    ck_assert_int_eq(rmdir(path), 0); /* there is nothing in it */
    ck_assert_int_eq(symlink("/dev/null/none", path), 0);
    expect_status(ldbx_stager_probe(stager, NULL, &error), LDBX_IO, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "ldbx-probe-"));
    expect_status(ldbx_stager_probe(NULL, NULL, &error), LDBX_INVALID_ARGUMENT, error);
}
END_TEST

START_TEST(a_wrong_directory_is_refused)
{
    char path[160];

    expect_ok(put("top.csv", "x"), error);
    snprintf(path, sizeof path, "%s/staged/top.csv", folder);
    expect_refused(path, NULL, LDBX_IO, "not a folder");
    snprintf(path, sizeof path, "%s/staged/top.csv/below", folder);
    expect_refused(path, NULL, LDBX_IO, "Not a directory");
    snprintf(path, sizeof path, "%s/a*", folder);
    expect_refused(path, NULL, LDBX_INVALID_ARGUMENT, "'*' is not allowed");
    expect_refused(folder, "file:/a[1]", LDBX_INVALID_ARGUMENT, "'[' is not allowed");
    expect_refused(folder, "", LDBX_INVALID_ARGUMENT, "url is required");
    expect_refused("", NULL, LDBX_INVALID_ARGUMENT, "path");
    expect_refused(NULL, NULL, LDBX_INVALID_ARGUMENT, "path");
    expect_refused("/", NULL, LDBX_INVALID_ARGUMENT, "the root");
    ck_assert_int_eq(ldbx_stager_open_directory(folder, NULL, NULL, NULL), LDBX_INVALID_ARGUMENT);
}
END_TEST

/* The owner of all files may write anywhere, so its real user is another one here. */
START_TEST(a_directory_that_may_not_be_written_to)
{
    char path[80];

    snprintf(path, sizeof path, "%s/barred", folder);
    ck_assert_int_eq(mkdir(path, 0555), 0);
    ck_assert_int_eq(chmod(folder, 0755), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(setreuid(65534, (uid_t)-1), 0);
    expect_refused(path, NULL, LDBX_IO, "writing to the folder: Permission denied");
    if (geteuid() == 0)
        ck_assert_int_eq(setreuid(0, (uid_t)-1), 0);
}
END_TEST

static int stage_all(const char *path)
{
    ldbx_stager *made = NULL;
    void *transfer = NULL;
    ldbx_view content = ldbx_view_of("abc");
    uint32_t crc32 = ldbx_crc32(0, "abc", 3);
    int status = ldbx_stager_open_directory(path, NULL, &made, &error);

    if (status == LDBX_OK)
        status = ldbx_stager_put(made, "a/1.csv", content, crc32, NULL, &error);
    if (status == LDBX_OK)
        status = ldbx_stager_begin(made, "a/2.csv", &transfer, NULL, &error);
    if (status == LDBX_OK)
        status = ldbx_stager_block(made, "a/2.csv", transfer, 0, content, crc32, NULL, &error);
    if (status == LDBX_OK)
        status = ldbx_stager_finish(made, "a/2.csv", transfer, 3, crc32, NULL, &error);
    if (status == LDBX_OK)
        status = ldbx_stager_check(made, "a/2.csv", 3, crc32, NULL, &error);
    if (status == LDBX_OK)
        status = ldbx_stager_remove(made, "a/1.csv", NULL, &error);
    ldbx_stager_destroy(made);
    return status;
}

START_TEST(memory_runs_out)
{
    int status = LDBX_NO_MEMORY;
    char path[80];

    snprintf(path, sizeof path, "%s/other", folder);
    for (long n = 1; status != LDBX_OK; n++) {
        suite_fail_allocation(n);
        status = stage_all(path);
        suite_fail_allocation(0);
        ck_assert_msg(status == LDBX_OK || status == LDBX_NO_MEMORY, "%s", ldbx_error_message(error));
        ck_assert_int_lt(n, 1000);
    }
    ck_assert_int_eq(files(), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("directory");
    TCase *tcase = suite_case(suite, "files");

    tcase_add_checked_fixture(tcase, start, stop);
    tcase_add_test(tcase, its_address_is_the_real_path);
    tcase_add_test(tcase, a_file_is_put_whole);
    tcase_add_loop_test(tcase, a_name_is_never_replaced, 0, 2);
    tcase_add_test(tcase, a_file_is_checked);
    tcase_add_test(tcase, a_check_can_be_cancelled);
    tcase_add_test(tcase, blocks_come_in_any_order);
    tcase_add_test(tcase, a_transfer_of_another_length_is_refused);
    tcase_add_test(tcase, an_abandoned_transfer_leaves_nothing);
    tcase_add_test(tcase, two_transfers_of_a_name);
    tcase_add_test(tcase, removal_takes_what_a_kill_left);
    tcase_add_test(tcase, empty_folders_go_with_their_last_file);
    tcase_add_test(tcase, names_stay_inside);
    tcase_add_test(tcase, a_full_disk_is_told);
    tcase_add_test(tcase, what_is_in_the_way_is_named);
    tcase_add_test(tcase, a_probe_tells_and_leaves_nothing);
    tcase_add_test(tcase, a_wrong_directory_is_refused);
    tcase_add_test(tcase, a_directory_that_may_not_be_written_to);
    tcase_add_test(tcase, memory_runs_out);
    return suite_run(suite);
}
