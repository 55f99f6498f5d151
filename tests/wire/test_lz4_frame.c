#include "wire/lz4_frame.h"

#include <stdlib.h>
#include <string.h>

#include <lz4frame.h>

#include "suite.h"

#define MAX_CONTENT ((size_t)1 << 20)

typedef struct frame_kind {
    bool block_checksum, content_checksum, content_size, linked;
    int block; /* LZ4F_blockSizeID_t */
} frame_kind;

static const frame_kind kinds[] = {
    {.block = 7},                                                   /* clusters */
    {.block = 7, .block_checksum = true, .content_checksum = true}, /* warehouses */
    {.block = 4, .content_size = true},
    {.block = 4, .linked = true, .content_checksum = true},
    {.block = 4, .block_checksum = true, .content_checksum = true},
    {.block = 5, .linked = true, .block_checksum = true, .content_checksum = true},
    {.block = 6, .block_checksum = true, .content_checksum = true, .content_size = true},
};

static char content_byte(size_t i)
{
    return (char)(i % 7 == 0 ? i * 2654435761u >> 13 : i % 50);
}

/* Appends a frame of content_byte(0..size). */
static void put_frame(ldbx_buf *out, size_t size, const frame_kind *kind)
{
    LZ4F_preferences_t preferences = {0};
    char *content = malloc(size + 1);
    size_t made;
    for (size_t i = 0; i < size; i++)
        content[i] = content_byte(i);
    preferences.frameInfo.blockSizeID = (LZ4F_blockSizeID_t)kind->block;
    preferences.frameInfo.blockMode = kind->linked ? LZ4F_blockLinked : LZ4F_blockIndependent;
    preferences.frameInfo.contentChecksumFlag =
        kind->content_checksum ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum;
    preferences.frameInfo.blockChecksumFlag = kind->block_checksum ? LZ4F_blockChecksumEnabled : LZ4F_noBlockChecksum;
    preferences.frameInfo.contentSize = kind->content_size ? size : 0;
    made = LZ4F_compressFrameBound(size, &preferences);
    made = LZ4F_compressFrame(ldbx_buf_reserve(out, made), made, content, size, &preferences);
    ck_assert(!LZ4F_isError(made));
    out->size += made;
    free(content);
}

static void expect_content(ldbx_bytes *bytes, size_t from, size_t size)
{
    size_t wrong = 0;
    for (size_t i = 0; i < size; i++)
        wrong += (char)ldbx_bytes_data(bytes)[from + i] != content_byte(i);
    ck_assert_uint_eq(wrong, 0);
}

typedef struct fixture {
    ldbx_lz4 *lz4;
    ldbx_buf in;
    ldbx_bytes *out;
    ldbx_error *error;
} fixture;

static fixture begin(void)
{
    fixture with = {.lz4 = ldbx_lz4_new(), .out = ldbx_bytes_new(MAX_CONTENT)};
    ck_assert_ptr_nonnull(with.lz4);
    ck_assert_ptr_nonnull(with.out);
    ldbx_buf_init(&with.in, 64 << 20);
    return with;
}

static void end(fixture *with)
{
    ldbx_lz4_destroy(with->lz4);
    ldbx_buf_clear(&with->in);
    ldbx_bytes_unref(with->out);
    ldbx_error_destroy(with->error);
}

static void expect_refused(fixture *with, ldbx_view in, const char *message)
{
    expect_status(ldbx_lz4_read(with->lz4, in, with->out, &with->error), LDBX_PROTOCOL, with->error);
    if (message != NULL)
        ck_assert_str_eq(ldbx_error_message(with->error), message);
}

START_TEST(frames_of_every_kind_are_read)
{
    static const size_t sizes[] = {0, 1, 1000, 65536, 300000, 1 << 20};
    fixture with = begin();
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            ldbx_buf_reset(&with.in);
            put_frame(&with.in, sizes[s], &kinds[k]);
            expect_ok(ldbx_lz4_read(with.lz4, ldbx_buf_get(&with.in), with.out, &with.error), with.error);
            ck_assert_uint_eq(ldbx_bytes_size(with.out), sizes[s]);
            expect_content(with.out, 0, sizes[s]);
        }
    }
    end(&with);
}
END_TEST

START_TEST(frames_in_a_row_are_one_content)
{
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
    fixture with = begin();
    put_frame(&with.in, 1000, &kinds[0]);
    put_frame(&with.in, 0, &kinds[2]);
    ldbx_buf_append(&with.in, skippable, sizeof skippable);
    put_frame(&with.in, 200000, &kinds[1]);
    put_frame(&with.in, 10, &kinds[3]);
    expect_ok(ldbx_lz4_read(with.lz4, ldbx_buf_get(&with.in), with.out, &with.error), with.error);
    ck_assert_uint_eq(ldbx_bytes_size(with.out), 201010);
    expect_content(with.out, 0, 1000);
    expect_content(with.out, 1000, 200000);
    expect_content(with.out, 201000, 10);
    end(&with);
}
END_TEST

START_TEST(very_repetitive_content_grows_the_output)
{
    fixture with = begin();
    char *zeros = calloc(1, MAX_CONTENT);
    size_t made = LZ4F_compressFrameBound(MAX_CONTENT, NULL);
    made = LZ4F_compressFrame(ldbx_buf_reserve(&with.in, made), made, zeros, MAX_CONTENT, NULL);
    with.in.size = made;
    expect_ok(ldbx_lz4_read(with.lz4, ldbx_buf_get(&with.in), with.out, &with.error), with.error);
    ck_assert_uint_eq(ldbx_bytes_size(with.out), MAX_CONTENT);
    ck_assert_mem_eq(ldbx_bytes_data(with.out), zeros, MAX_CONTENT);
    free(zeros);
    end(&with);
}
END_TEST

START_TEST(more_than_the_maximum_is_refused)
{
    fixture with = begin();
    put_frame(&with.in, MAX_CONTENT + 1, &kinds[0]);
    expect_refused(&with, ldbx_buf_get(&with.in), "LZ4 frame: more than 1048576 bytes when decompressed");
    ldbx_buf_reset(&with.in);
    put_frame(&with.in, MAX_CONTENT, &kinds[0]);
    put_frame(&with.in, 1, &kinds[0]);
    expect_refused(&with, ldbx_buf_get(&with.in), "LZ4 frame: more than 1048576 bytes when decompressed");
    end(&with);
}
END_TEST

START_TEST(an_announced_size_is_not_believed)
{
    static const uint8_t no_blocks[4] = {0};
    fixture with = begin();
    LZ4F_preferences_t preferences = {.frameInfo.contentSize = MAX_CONTENT};
    LZ4F_cctx *context = NULL;
    ck_assert(!LZ4F_isError(LZ4F_createCompressionContext(&context, LZ4F_VERSION)));
    with.in.size = LZ4F_compressBegin(context, ldbx_buf_reserve(&with.in, 64), 64, &preferences);
    LZ4F_freeCompressionContext(context);
    ldbx_buf_append(&with.in, no_blocks, sizeof no_blocks);
    expect_refused(&with, ldbx_buf_get(&with.in), "LZ4 frame: ERROR_frameSize_wrong");
    ck_assert_uint_le(ldbx_bytes_capacity(with.out), 65536);
    end(&with);
}
END_TEST

START_TEST(cut_and_damaged_frames_are_refused)
{
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        fixture with = begin();
        put_frame(&with.in, 300, &kinds[k]);
        put_frame(&with.in, 200, &kinds[k]);
        for (size_t size = 0; size < with.in.size; size++) {
            char *cut = malloc(size > 0 ? size : 1);
            const ldbx_view view = {cut, size};
            int status;
            memcpy(cut, with.in.data, size);
            status = ldbx_lz4_read(with.lz4, view, with.out, &with.error);
            if (status == LDBX_OK) /* cut between the frames: whole ones */
                ck_assert_uint_eq(ldbx_bytes_size(with.out), 300);
            else
                ck_assert_int_eq(status, LDBX_PROTOCOL);
            free(cut);
        }
        ldbx_buf_byte(&with.in, 0);
        expect_refused(&with, ldbx_buf_get(&with.in), NULL);
        end(&with);
    }
}
END_TEST

/* Behind the header every bit counts, but for the checksum of the content, which is not looked at beside that of the blocks; what a wrong mark of a block
 * makes of it has another size, as whoever reads the content sees. */
START_TEST(checksums_are_checked)
{
    fixture with = begin();
    put_frame(&with.in, 300, &kinds[1]);
    for (size_t bit = 8 * 7; bit < 8 * (with.in.size - 4); bit++) {
        with.in.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        if (ldbx_lz4_read(with.lz4, ldbx_buf_get(&with.in), with.out, &with.error) == LDBX_OK)
            ck_assert_uint_ne(ldbx_bytes_size(with.out), 300);
        with.in.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    expect_ok(ldbx_lz4_read(with.lz4, ldbx_buf_get(&with.in), with.out, &with.error), with.error);
    end(&with);
}
END_TEST

/* Of two checksums one is looked at; where there is one, it counts. */
START_TEST(every_header_with_two_checksums_is_read)
{
    fixture with = begin();
    for (int block = 4; block <= 7; block++) {
        for (int linked = 0; linked < 2; linked++) {
            const frame_kind kind = {
                .block = block, .linked = linked, .block_checksum = true, .content_checksum = true};
            ldbx_buf_reset(&with.in);
            put_frame(&with.in, 100000, &kind);
            put_frame(&with.in, 100000, &kind);
            expect_ok(ldbx_lz4_read(with.lz4, ldbx_buf_get(&with.in), with.out, &with.error), with.error);
            expect_content(with.out, 0, 100000);
            expect_content(with.out, 100000, 100000);
            with.in.data[with.in.size - 9] ^= 1; /* the checksum of the last block */
            expect_refused(&with, ldbx_buf_get(&with.in), NULL);
        }
    }
    ldbx_buf_reset(&with.in);
    put_frame(&with.in, 300, &kinds[3]);
    with.in.data[with.in.size - 1] ^= 1;
    expect_refused(&with, ldbx_buf_get(&with.in), "LZ4 frame: ERROR_contentChecksum_invalid");
    end(&with);
}
END_TEST

START_TEST(flipped_bits_do_no_harm)
{
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        fixture with = begin();
        put_frame(&with.in, 500, &kinds[k]);
        for (size_t bit = 0; bit < 8 * with.in.size; bit++) {
            int status;
            with.in.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
            status = ldbx_lz4_read(with.lz4, ldbx_buf_get(&with.in), with.out, &with.error);
            ck_assert(status == LDBX_OK || status == LDBX_PROTOCOL);
            with.in.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        }
        end(&with);
    }
}
END_TEST

START_TEST(what_is_no_frame_is_refused)
{
    fixture with = begin();
    const ldbx_view nothing = {NULL, 0};
    const ldbx_view page = {"<html><body>Bad gateway</body></html>", 37};
    expect_refused(&with, nothing, "LZ4 frame: empty");
    expect_refused(&with, page, "LZ4 frame: ERROR_frameType_unknown");
    end(&with);
}
END_TEST

START_TEST(memory_may_be_short_anywhere)
{
    int status = LDBX_NO_MEMORY;
    for (long n = 1; status != LDBX_OK; n++) {
        fixture with = begin();
        put_frame(&with.in, 700000, &kinds[0]);
        suite_fail_allocation(n);
        status = ldbx_lz4_read(with.lz4, ldbx_buf_get(&with.in), with.out, &with.error);
        suite_fail_allocation(0);
        ck_assert_int_eq(status, status == LDBX_OK ? LDBX_OK : LDBX_NO_MEMORY);
        ck_assert_int_lt(n, 10);
        end(&with);
    }
    suite_fail_allocation(1);
    ck_assert_ptr_null(ldbx_lz4_new());
    ldbx_lz4_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lz4_frame");
    TCase *tcase = suite_case(suite, "lz4_frame");
    tcase_add_test(tcase, frames_of_every_kind_are_read);
    tcase_add_test(tcase, frames_in_a_row_are_one_content);
    tcase_add_test(tcase, very_repetitive_content_grows_the_output);
    tcase_add_test(tcase, more_than_the_maximum_is_refused);
    tcase_add_test(tcase, an_announced_size_is_not_believed);
    tcase_add_test(tcase, cut_and_damaged_frames_are_refused);
    tcase_add_test(tcase, checksums_are_checked);
    tcase_add_test(tcase, every_header_with_two_checksums_is_read);
    tcase_add_test(tcase, flipped_bits_do_no_harm);
    tcase_add_test(tcase, what_is_no_frame_is_refused);
    tcase_add_test(tcase, memory_may_be_short_anywhere);
    return suite_run(suite);
}
