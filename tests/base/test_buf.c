#include "suite.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

START_TEST(test_append)
{
    ldbx_buf buf;

    ldbx_buf_init(&buf, 1000);
    ck_assert_str_eq(ldbx_buf_cstr(&buf), "");
    ldbx_buf_append(&buf, "ab", 2);
    ldbx_buf_append(&buf, NULL, 0);
    ldbx_buf_byte(&buf, 'c');
    ldbx_buf_str(&buf, "de");
    ldbx_buf_str(&buf, "");
    ldbx_buf_view(&buf, ldbx_view_of("fgh"));
    ldbx_buf_view(&buf, (ldbx_view){NULL, 0});
    ldbx_buf_int64(&buf, INT64_MIN);
    ck_assert_str_eq(ldbx_buf_cstr(&buf), "abcdefgh-9223372036854775808");
    ck_assert_uint_eq(ldbx_buf_get(&buf).size, 28);
    ldbx_buf_clear(&buf);
    ldbx_buf_str(&buf, "again");
    ck_assert_str_eq(ldbx_buf_cstr(&buf), "again");
    ldbx_buf_clear(&buf);
}
END_TEST

/* Content of every size comes through growth unharmed. */
START_TEST(test_growth)
{
    ldbx_buf buf;

    ldbx_buf_init(&buf, 1 << 20);
    for (int i = 0; i < 100000; i++)
        ldbx_buf_byte(&buf, (uint8_t)(i * 7));
    ck_assert(!buf.failed);
    ck_assert_uint_eq(buf.size, 100000);
    for (int i = 0; i < 100000; i++)
        ck_assert_uint_eq(buf.data[i], (uint8_t)(i * 7));
    ck_assert_int_lt(suite_allocations(), 20);
    ldbx_buf_clear(&buf);
}
END_TEST

START_TEST(test_exactly_full)
{
    ldbx_buf buf;

    ldbx_buf_init(&buf, 5);
    ldbx_buf_str(&buf, "12345");
    ck_assert(!buf.failed);
    ck_assert_str_eq(ldbx_buf_cstr(&buf), "12345"); /* the NUL does not count */
    ldbx_buf_append(&buf, "", 0);
    ck_assert(!buf.failed);
    ldbx_buf_byte(&buf, '6');
    ck_assert(buf.failed);
    ck_assert_uint_eq(buf.size, 5);
    ldbx_buf_clear(&buf);
}
END_TEST

START_TEST(test_max_zero)
{
    ldbx_buf buf;

    ldbx_buf_init(&buf, 0);
    ck_assert_str_eq(ldbx_buf_cstr(&buf), "");
    ldbx_buf_byte(&buf, 'x');
    ck_assert(buf.failed);
    ldbx_buf_clear(&buf);
}
END_TEST

START_TEST(test_failure_is_sticky)
{
    ldbx_buf buf;

    ldbx_buf_init(&buf, 4);
    ldbx_buf_str(&buf, "ab");
    ldbx_buf_str(&buf, "cde");
    ck_assert(buf.failed);
    ldbx_buf_str(&buf, "c");
    ldbx_buf_byte(&buf, 'c');
    ldbx_buf_printf(&buf, "%d", 1);
    ldbx_buf_int64(&buf, 1);
    ck_assert_uint_eq(buf.size, 2);
    ck_assert_ptr_null(ldbx_buf_reserve(&buf, 0));
    ck_assert_ptr_null(ldbx_buf_cstr(&buf));
    ck_assert_ptr_null(ldbx_buf_detach(&buf));
    ldbx_buf_reset(&buf);
    ldbx_buf_str(&buf, "wxyz");
    ck_assert_str_eq(ldbx_buf_cstr(&buf), "wxyz");
    ldbx_buf_clear(&buf);
}
END_TEST

START_TEST(test_reserve)
{
    ldbx_buf buf;
    uint8_t *place;

    ldbx_buf_init(&buf, SIZE_MAX);
    place = ldbx_buf_reserve(&buf, 10);
    ck_assert_ptr_nonnull(place);
    ck_assert_uint_eq(buf.size, 0);
    memcpy(place, "0123456789", 10);
    buf.size += 10;
    ck_assert_ptr_eq(ldbx_buf_reserve(&buf, 0), buf.data + 10);
    ck_assert_ptr_null(ldbx_buf_reserve(&buf, SIZE_MAX));
    ck_assert(buf.failed);
    ldbx_buf_reset(&buf);
    ck_assert_ptr_null(ldbx_buf_reserve(&buf, SIZE_MAX - 4));
    ldbx_buf_clear(&buf);
}
END_TEST

START_TEST(test_printf)
{
    char expected[301] = {0};
    ldbx_buf buf;

    memset(expected, 'x', 300);
    ldbx_buf_init(&buf, 310);
    ldbx_buf_printf(&buf, "%s", "");
    ldbx_buf_printf(&buf, "%s", expected); /* does not fit into the first memory */
    ldbx_buf_printf(&buf, "%d%s", 12, "345");
    ck_assert_uint_eq(buf.size, 305);
    ck_assert_str_eq(ldbx_buf_cstr(&buf) + 300, "12345");
    ldbx_buf_printf(&buf, "%s", "67890");
    ck_assert(!buf.failed);
    ldbx_buf_printf(&buf, "!");
    ck_assert(buf.failed);
    ck_assert_uint_eq(buf.size, 310);
    ldbx_buf_clear(&buf);
}
END_TEST

START_TEST(test_detach)
{
    ldbx_buf buf;
    char *text;

    ldbx_buf_init(&buf, 3);
    ldbx_buf_str(&buf, "abc");
    text = ldbx_buf_detach(&buf);
    ck_assert_str_eq(text, "abc");
    ldbx_buf_str(&buf, "def"); /* the maximum lives on */
    ck_assert(!buf.failed);
    ldbx_buf_byte(&buf, 'g');
    ck_assert(buf.failed);
    ldbx_buf_clear(&buf);
    ldbx_free(text);

    text = ldbx_buf_detach(&buf);
    ck_assert_str_eq(text, "");
    ldbx_free(text);
}
END_TEST

START_TEST(test_no_memory)
{
    ldbx_buf buf;

    ldbx_buf_init(&buf, 100000);
    suite_fail_allocation(1);
    ck_assert_ptr_null(ldbx_buf_cstr(&buf));
    ck_assert(buf.failed);
    ldbx_buf_reset(&buf);
    ldbx_buf_str(&buf, "kept");
    suite_fail_allocation(1);
    ck_assert_ptr_null(ldbx_buf_reserve(&buf, 50000));
    ck_assert(buf.failed);
    ck_assert_uint_eq(buf.size, 4);
    ck_assert_mem_eq(buf.data, "kept", 4);
    ldbx_buf_reset(&buf);
    suite_fail_allocation(1);
    ldbx_buf_printf(&buf, "%200d", 1);
    ck_assert(buf.failed);
    ck_assert_uint_eq(buf.size, 0);
    ldbx_buf_clear(&buf);
}
END_TEST

static uint8_t witness[256];
static size_t witness_size;

static void *plain_allocate(size_t bytes, void *user)
{
    (void)user;
    ck_assert_uint_le(bytes, sizeof witness);
    witness_size = bytes;
    return witness;
}

static void *no_reallocate(void *memory, size_t old_bytes, size_t bytes, void *user)
{
    (void)memory;
    (void)old_bytes;
    (void)bytes;
    (void)user;
    return NULL;
}

static void keep(void *memory, void *user)
{
    (void)memory;
    (void)user;
}

START_TEST(test_full_or_short_of_memory)
{
    ldbx_buf buf;

    ldbx_buf_init(&buf, 4);
    ldbx_buf_str(&buf, "abcde");
    ck_assert(buf.failed && buf.full);
    ldbx_buf_reset(&buf);
    ck_assert(!buf.failed && !buf.full);
    ldbx_buf_clear(&buf);
    suite_fail_allocation(1);
    ldbx_buf_str(&buf, "abcd");
    ck_assert(buf.failed && !buf.full);
    ldbx_buf_clear(&buf);
}
END_TEST

/* What lies behind `size` since a reset is overwritten too. */
START_TEST(test_wipe)
{
    const ldbx_allocator host = {sizeof host, plain_allocate, no_reallocate, keep, NULL};
    ldbx_buf buf;

    ck_assert_int_eq(ldbx_set_allocator(&host), LDBX_OK);
    ldbx_buf_init(&buf, 64);
    ldbx_buf_str(&buf, "a long password");
    ldbx_buf_reset(&buf);
    ldbx_buf_str(&buf, "short");
    ldbx_buf_wipe(&buf);
    for (size_t i = 0; i + 1 < witness_size; i++)
        ck_assert_uint_eq(witness[i], 0);
    ck_assert_ptr_null(buf.data);
    ldbx_buf_wipe(&buf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("buf");
    TCase *tcase = suite_case(suite, "buf");

    tcase_add_test(tcase, test_append);
    tcase_add_test(tcase, test_growth);
    tcase_add_test(tcase, test_exactly_full);
    tcase_add_test(tcase, test_max_zero);
    tcase_add_test(tcase, test_failure_is_sticky);
    tcase_add_test(tcase, test_reserve);
    tcase_add_test(tcase, test_printf);
    tcase_add_test(tcase, test_detach);
    tcase_add_test(tcase, test_no_memory);
    tcase_add_test(tcase, test_full_or_short_of_memory);
    tcase_add_test(tcase, test_wipe);
    return suite_run(suite);
}
