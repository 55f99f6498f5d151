#include "suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

static char folder[] = "/tmp/ldbx-file-XXXXXX";
static char path[64];

/* What happens once, when the new file is written and not yet in its place. */
static void (*before_sync)(void);

/* Stands before the C library's. */
int fsync(int fd)
{
    void (*now)(void) = before_sync;

    before_sync = NULL;
    if (now != NULL)
        now();
    return (int)syscall(SYS_fsync, fd);
}

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/f", folder);
}

/* Entries of the folder besides . and .. */
static int entries(void)
{
    DIR *dir = opendir(folder);
    int count = -2;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static void remove_folder(void)
{
    unlink(path);
    rmdir(path);
    ck_assert_int_eq(rmdir(folder), 0); /* no temporary file was left */
}

static void expect_content(const char *expected)
{
    ldbx_error *error = NULL;
    ldbx_buf buf;

    ldbx_buf_init(&buf, 1 << 20);
    expect_ok(ldbx_file_read(path, &buf, &error), error);
    ck_assert_str_eq(ldbx_buf_cstr(&buf), expected);
    ldbx_buf_clear(&buf);
}

START_TEST(test_round_trip)
{
    ldbx_error *error = NULL;
    struct stat info;

    expect_ok(ldbx_file_replace(path, ldbx_view_of("one"), &error), error);
    expect_content("one");
    expect_ok(ldbx_file_replace(path, ldbx_view_of("two, longer"), &error), error);
    expect_content("two, longer");
    expect_ok(ldbx_file_replace(path, (ldbx_view){NULL, 0}, &error), error);
    expect_content("");
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0600);
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(test_large)
{
    size_t size = 300001; /* several reads */
    char *content = malloc(size);
    ldbx_error *error = NULL;
    ldbx_buf buf;

    for (size_t i = 0; i < size; i++)
        content[i] = (char)(i * 31 >> 3);
    expect_ok(ldbx_file_replace(path, (ldbx_view){content, size}, &error), error);
    ldbx_buf_init(&buf, size + 3);
    ldbx_buf_str(&buf, "ab:"); /* it is appended to; the buffer is exactly large enough */
    expect_ok(ldbx_file_read(path, &buf, &error), error);
    ck_assert_uint_eq(buf.size, size + 3);
    ck_assert_mem_eq(buf.data, "ab:", 3);
    ck_assert_mem_eq(buf.data + 3, content, size);
    ldbx_buf_clear(&buf);

    ldbx_buf_init(&buf, size + 2);
    ldbx_buf_str(&buf, "ab:");
    expect_status(ldbx_file_read(path, &buf, &error), LDBX_IO, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), path));
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "larger than 300003 bytes"));
    ck_assert_str_eq(ldbx_buf_cstr(&buf), "ab:");
    ldbx_buf_clear(&buf);
    ldbx_error_destroy(error);
    free(content);
}
END_TEST

START_TEST(test_relative_path)
{
    ldbx_error *error = NULL;
    int here = open(".", O_RDONLY | O_DIRECTORY);

    ck_assert_int_eq(chdir(folder), 0);
    expect_ok(ldbx_file_replace("f", ldbx_view_of("here"), &error), error);
    ck_assert_int_eq(fchdir(here), 0);
    close(here);
    expect_content("here");
}
END_TEST

START_TEST(test_missing)
{
    ldbx_error *error = NULL;
    char deep[96];
    ldbx_buf buf;

    ldbx_buf_init(&buf, 100);
    expect_status(ldbx_file_read(path, &buf, &error), LDBX_NOT_FOUND, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), path));
    expect_status(ldbx_file_read(folder, &buf, &error), LDBX_IO, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "Is a directory"));
    expect_status(ldbx_file_read("", &buf, &error), LDBX_NOT_FOUND, error);
    snprintf(deep, sizeof deep, "%s/none/f", folder);
    expect_status(ldbx_file_replace(deep, ldbx_view_of("x"), &error), LDBX_IO, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), deep));
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "No such file"));
    ldbx_buf_clear(&buf);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_failed_buffer)
{
    ldbx_error *error = NULL;
    ldbx_buf buf;

    ldbx_buf_init(&buf, 1);
    ldbx_buf_str(&buf, "xx");
    expect_status(ldbx_file_read(path, &buf, &error), LDBX_NO_MEMORY, error);
    ldbx_buf_clear(&buf);
    ldbx_error_destroy(error);
}
END_TEST

/* The target is a folder, so the rename fails after everything else worked. */
START_TEST(test_rename_fails)
{
    ldbx_error *error = NULL;

    ck_assert_int_eq(mkdir(path, 0700), 0);
    expect_status(ldbx_file_replace(path, ldbx_view_of("x"), &error), LDBX_IO, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), path));
    ck_assert_int_eq(entries(), 1);
    ldbx_error_destroy(error);
}
END_TEST

/* A limit of the file size stands in for a full disk: the first part is written, the rest is not. */
START_TEST(test_disk_full)
{
    char content[8192];
    ldbx_error *error = NULL;
    struct rlimit old, limit;

    memset(content, 'x', sizeof content);
    expect_ok(ldbx_file_replace(path, ldbx_view_of("old"), &error), error);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 4096;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    expect_status(ldbx_file_replace(path, (ldbx_view){content, sizeof content}, &error), LDBX_IO, error);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "File too large"));
    expect_content("old");
    ck_assert_int_eq(entries(), 1);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_long_name)
{
    char name[252];
    char deep[512];
    ldbx_error *error = NULL;

    memset(name, 'n', 250);
    name[250] = '\0';
    snprintf(deep, sizeof deep, "%s/%s", folder, name);
    expect_ok(ldbx_file_replace(deep, ldbx_view_of("x"), &error), error);
    ck_assert_int_eq(unlink(deep), 0);
    snprintf(deep, sizeof deep, "%s/%sn", folder, name);
    expect_status(ldbx_file_replace(deep, ldbx_view_of("x"), &error), LDBX_IO, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "File name too long"));
    ldbx_error_destroy(error);
}
END_TEST

static void kill_myself(void)
{
    kill(getpid(), SIGKILL);
}

static void replace_in_a_child_that_is_killed(void)
{
    int how = 0;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        before_sync = kill_myself;
        ldbx_file_replace(path, ldbx_view_of("a long new content"), NULL);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &how, 0), child);
    ck_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
}

START_TEST(test_what_a_kill_leaves_goes)
{
    ldbx_error *error = NULL;

    expect_ok(ldbx_file_replace(path, ldbx_view_of("old"), &error), error);
    for (int i = 0; i < 3; i++) {
        replace_in_a_child_that_is_killed();
        expect_content("old");
        ck_assert_int_eq(entries(), 2); /* one, however often it happens */
    }
    expect_ok(ldbx_file_replace(path, ldbx_view_of("new"), &error), error);
    expect_content("new");
    ck_assert_int_eq(entries(), 1);
}
END_TEST

/* A name that can be foreseen must not lead to a file of somebody else. */
START_TEST(test_a_link_is_not_followed)
{
    char victim[96], temporary[96];
    ldbx_error *error = NULL;
    struct stat info;

    snprintf(victim, sizeof victim, "%s/victim", folder);
    snprintf(temporary, sizeof temporary, "%s/.f.tmp", folder);
    ck_assert_int_eq(symlink(victim, temporary), 0);
    expect_ok(ldbx_file_replace(path, ldbx_view_of("new"), &error), error);
    expect_content("new");
    ck_assert_int_ne(stat(victim, &info), 0);
    ck_assert_int_eq(lstat(path, &info), 0);
    ck_assert(S_ISREG(info.st_mode));
    ck_assert_int_eq(entries(), 1);
}
END_TEST

static void replace_by_another(void)
{
    ck_assert_int_eq(ldbx_file_replace(path, ldbx_view_of("another's"), NULL), LDBX_OK);
}

/* Another one that has begun, and has taken the temporary name. */
static void begin_another(void)
{
    char temporary[96];
    FILE *other;

    snprintf(temporary, sizeof temporary, "%s/.f.tmp", folder);
    ck_assert_int_eq(unlink(temporary), 0);
    other = fopen(temporary, "w");
    ck_assert_ptr_nonnull(other);
    fputs("half of anot", other);
    fclose(other);
}

START_TEST(test_the_slower_of_two_loses)
{
    ldbx_error *error = NULL;

    expect_ok(ldbx_file_replace(path, ldbx_view_of("old"), &error), error);
    before_sync = replace_by_another;
    expect_status(ldbx_file_replace(path, ldbx_view_of("mine"), &error), LDBX_CONFLICT, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), path));
    expect_content("another's");
    ck_assert_int_eq(entries(), 1);

    before_sync = begin_another;
    expect_status(ldbx_file_replace(path, ldbx_view_of("mine"), &error), LDBX_CONFLICT, error);
    expect_content("another's");
    ck_assert_int_eq(entries(), 2); /* its file is left to it */
    expect_ok(ldbx_file_replace(path, ldbx_view_of("mine"), &error), error);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_draft_of_a_new_name)
{
    ldbx_error *error = NULL;
    ldbx_draft draft;
    struct stat info;

    umask(022);
    for (int i = 0; i < 2; i++) {
        expect_ok(ldbx_draft_open(&draft, path, 0666, &error), error);
        expect_ok(ldbx_draft_write(&draft, 3, ldbx_view_of("def"), &error), error);
        expect_ok(ldbx_draft_write(&draft, 0, ldbx_view_of("abc"), &error), error);
        ck_assert_int_eq(entries(), i + 1);
        expect_status(ldbx_draft_place(&draft, false, &error), i == 0 ? LDBX_OK : LDBX_CONFLICT, error);
        ldbx_draft_close(&draft);
        expect_content("abcdef");
        ck_assert_int_eq(entries(), 1);
    }
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "exists already"));
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0644);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_checksum)
{
    ldbx_cancel *cancel = NULL;
    ldbx_error *error = NULL;
    int64_t bytes = 0;
    uint32_t crc32 = 0;

    expect_status(ldbx_file_checksum(path, NULL, &bytes, &crc32, &error), LDBX_NOT_FOUND, error);
    expect_ok(ldbx_file_replace(path, ldbx_view_of("123456789"), &error), error);
    expect_ok(ldbx_file_checksum(path, NULL, &bytes, &crc32, &error), error);
    ck_assert_int_eq(bytes, 9);
    ck_assert_uint_eq(crc32, 0xcbf43926);
    expect_status(ldbx_file_checksum(folder, NULL, &bytes, &crc32, &error), LDBX_IO, error);
    expect_ok(ldbx_cancel_new(&cancel, &error), error);
    ldbx_cancel_trigger(cancel);
    expect_status(ldbx_file_checksum(path, cancel, &bytes, &crc32, &error), LDBX_CANCELLED, error);
    suite_fail_allocation(1);
    ck_assert_int_eq(ldbx_file_checksum(path, NULL, &bytes, &crc32, NULL), LDBX_NO_MEMORY);
    ldbx_cancel_destroy(cancel);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_remove)
{
    ldbx_error *error = NULL;

    expect_ok(ldbx_file_replace(path, ldbx_view_of("old"), &error), error);
    replace_in_a_child_that_is_killed();
    ck_assert_int_eq(entries(), 2);
    expect_ok(ldbx_file_remove(path, &error), error);
    ck_assert_int_eq(entries(), 0);
    expect_ok(ldbx_file_remove(path, &error), error);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    expect_status(ldbx_file_remove(path, &error), LDBX_IO, error);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_file_with_secrets)
{
    ldbx_error *error = NULL;
    ldbx_buf buf;

    expect_ok(ldbx_file_replace(path, ldbx_view_of("secret"), &error), error);
    expect_ok(ldbx_file_read_secret(path, 6, &buf, &error), error);
    ck_assert(ldbx_view_eq(ldbx_buf_get(&buf), "secret"));
    ldbx_buf_wipe(&buf);
    expect_status(ldbx_file_read_secret(path, 5, &buf, &error), LDBX_IO, error);
    ldbx_buf_wipe(&buf);
    suite_fail_allocation(1);
    expect_status(ldbx_file_read_secret(path, 6, &buf, &error), LDBX_NO_MEMORY, error);
    ldbx_buf_wipe(&buf);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_folder_make)
{
    ldbx_error *error = NULL;
    char deep[96];

    snprintf(deep, sizeof deep, "%s/f//g/", folder);
    expect_ok(ldbx_folder_make(deep, &error), error);
    expect_ok(ldbx_folder_make(deep, &error), error);
    ck_assert_int_eq(rmdir(deep), 0);
    ck_assert_int_eq(rmdir(path), 0);
    expect_ok(ldbx_file_replace(path, ldbx_view_of("a file"), &error), error);
    expect_status(ldbx_folder_make(path, &error), LDBX_IO, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "not a folder"));
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_folder_sync)
{
    ldbx_error *error = NULL;

    expect_ok(ldbx_folder_sync(folder, &error), error);
    expect_status(ldbx_folder_sync(path, &error), LDBX_IO, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), path));
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "No such file"));
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(test_replace_no_memory)
{
    expect_ok(ldbx_file_replace(path, ldbx_view_of("old"), NULL), NULL);
    for (long n = 1;; n++) {
        ldbx_error *error = NULL;
        int status;
        suite_fail_allocation(n);
        status = ldbx_file_replace(path, ldbx_view_of("new"), &error);
        suite_fail_allocation(0);
        if (status == LDBX_OK) {
            ck_assert_int_gt(n, 2);
            break;
        }
        expect_status(status, LDBX_NO_MEMORY, error);
        ldbx_error_destroy(error);
        expect_content("old");
        ck_assert_int_eq(entries(), 1);
    }
    expect_content("new");
}
END_TEST

START_TEST(test_read_no_memory)
{
    ldbx_error *error = NULL;
    ldbx_buf buf;

    expect_ok(ldbx_file_replace(path, ldbx_view_of("content"), &error), error);
    ldbx_buf_init(&buf, 1000);
    suite_fail_allocation(1);
    expect_status(ldbx_file_read(path, &buf, &error), LDBX_NO_MEMORY, error);
    ldbx_buf_clear(&buf);
    ldbx_error_destroy(error);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file");
    TCase *tcase = suite_case(suite, "file");

    tcase_add_checked_fixture(tcase, make_folder, remove_folder);
    tcase_add_test(tcase, test_round_trip);
    tcase_add_test(tcase, test_large);
    tcase_add_test(tcase, test_relative_path);
    tcase_add_test(tcase, test_missing);
    tcase_add_test(tcase, test_failed_buffer);
    tcase_add_test(tcase, test_rename_fails);
    tcase_add_test(tcase, test_disk_full);
    tcase_add_test(tcase, test_long_name);
    tcase_add_test(tcase, test_what_a_kill_leaves_goes);
    tcase_add_test(tcase, test_a_link_is_not_followed);
    tcase_add_test(tcase, test_the_slower_of_two_loses);
    tcase_add_test(tcase, test_draft_of_a_new_name);
    tcase_add_test(tcase, test_checksum);
    tcase_add_test(tcase, test_remove);
    tcase_add_test(tcase, test_file_with_secrets);
    tcase_add_test(tcase, test_folder_make);
    tcase_add_test(tcase, test_folder_sync);
    tcase_add_test(tcase, test_replace_no_memory);
    tcase_add_test(tcase, test_read_no_memory);
    return suite_run(suite);
}
