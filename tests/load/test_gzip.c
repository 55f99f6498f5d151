#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "load/gzip.h"

/* zlib reads what either compressor wrote. Ends behind one member; *used is what it was long. */
static size_t inflate_member(ldbx_view packed, char *to, size_t room, size_t *used)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)packed.data,
                       .avail_in = (uInt)packed.size,
                       .next_out = (Bytef *)to,
                       .avail_out = (uInt)room};

    ck_assert_int_eq(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
    ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    *used = packed.size - stream.avail_in;
    inflateEnd(&stream);
    return room - stream.avail_out;
}

/* Half of it repeats, half does not. */
static void fill(char *to, size_t size)
{
    uint32_t state = 1;

    for (size_t i = 0; i < size; i++) {
        state = state * 1664525 + 1013904223;
        to[i] = i / 1000 % 2 ? (char)(state >> 24) : (char)('a' + i % 26);
    }
}

static void pack(ldbx_gzip *gzip, ldbx_view input, size_t step, ldbx_buf *out)
{
    ldbx_error *error = NULL;

    for (size_t at = 0; at < input.size; at += step) {
        ldbx_view piece = {input.data + at, input.size - at < step ? input.size - at : step};
        expect_ok(ldbx_gzip_write(gzip, piece, at + step >= input.size, out, &error), error);
    }
}

static const size_t steps[] = {1, 7, 4096, 65536, 1000000};

START_TEST(comes_back)
{
    const size_t size = steps[_i] == 1 ? 5000 : 1000000;
    ldbx_view text = {malloc(size), size};
    char *back = malloc(size);
    ldbx_gzip *gzip;
    ldbx_error *error = NULL;
    ldbx_buf out;
    size_t used;

    fill((char *)(uintptr_t)text.data, size);
    ldbx_buf_init(&out, 4 << 20);
    expect_ok(ldbx_gzip_new(&gzip, &error), error);
    pack(gzip, text, steps[_i], &out);
    ck_assert_uint_eq(inflate_member(ldbx_buf_get(&out), back, size, &used), size);
    ck_assert_uint_eq(used, out.size);
    ck_assert_mem_eq(back, text.data, size);
    ck_assert_uint_lt(out.size, size);
    ldbx_gzip_destroy(gzip);
    ldbx_buf_clear(&out);
    free(back);
    free((void *)(uintptr_t)text.data);
}
END_TEST

START_TEST(a_part_is_a_member)
{
    ldbx_gzip *gzip;
    ldbx_error *error = NULL;
    ldbx_buf first, second;
    char back[16];
    size_t used;

    ldbx_buf_init(&first, 1 << 20);
    ldbx_buf_init(&second, 1 << 20);
    expect_ok(ldbx_gzip_new(&gzip, &error), error);
    expect_ok(ldbx_gzip_write(gzip, (ldbx_view){"one", 3}, false, &first, &error), error);
    expect_ok(ldbx_gzip_write(gzip, (ldbx_view){NULL, 0}, false, &first, &error), error);
    expect_ok(ldbx_gzip_write(gzip, (ldbx_view){NULL, 0}, true, &first, &error), error);
    expect_ok(ldbx_gzip_write(gzip, (ldbx_view){"one", 3}, true, &second, &error), error);
    ck_assert_uint_eq(first.size, second.size);
    ck_assert_mem_eq(first.data, second.data, first.size); /* nothing of a clock or of the part before */
    ck_assert_mem_eq(first.data + 4, "\0\0\0\0", 4);
    ck_assert_uint_eq(inflate_member(ldbx_buf_get(&second), back, sizeof back, &used), 3);
    ck_assert_uint_eq(used, second.size);
    ldbx_gzip_destroy(gzip);
    ldbx_buf_clear(&first);
    ldbx_buf_clear(&second);
}
END_TEST

START_TEST(nothing_is_a_member_too)
{
    ldbx_gzip *gzip;
    ldbx_error *error = NULL;
    ldbx_buf out;
    char back[1];
    size_t used;

    ldbx_buf_init(&out, 1 << 20);
    expect_ok(ldbx_gzip_new(&gzip, &error), error);
    expect_ok(ldbx_gzip_write(gzip, (ldbx_view){NULL, 0}, true, &out, &error), error);
    ck_assert_uint_eq(inflate_member(ldbx_buf_get(&out), back, sizeof back, &used), 0);
    ldbx_gzip_destroy(gzip);
    ldbx_buf_clear(&out);
}
END_TEST

START_TEST(memory_may_run_out)
{
    ldbx_gzip *gzip = NULL;
    ldbx_error *error = NULL;
    ldbx_buf out;
    int status = LDBX_NO_MEMORY;

    ldbx_buf_init(&out, 1 << 20);
    for (long n = 1; status != LDBX_OK; n++) {
        ck_assert_int_lt(n, 20);
        suite_fail_allocation(n);
        status = ldbx_gzip_new(&gzip, &error);
        if (status == LDBX_OK)
            status = ldbx_gzip_write(gzip, (ldbx_view){"x", 1}, true, &out, &error);
        suite_fail_allocation(0);
        ck_assert(status == LDBX_OK || status == LDBX_NO_MEMORY);
        ldbx_gzip_destroy(gzip);
        ldbx_error_destroy(error);
        error = NULL;
        ldbx_buf_clear(&out);
    }
    ldbx_gzip_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gzip");
    TCase *tcase = suite_case(suite, "gzip");

    tcase_add_loop_test(tcase, comes_back, 0, sizeof steps / sizeof steps[0]);
    tcase_add_test(tcase, a_part_is_a_member);
    tcase_add_test(tcase, nothing_is_a_member_too);
    tcase_add_test(tcase, memory_may_run_out);
    return suite_run(suite);
}
