#include "suite.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/str.h"

START_TEST(test_crc32)
{
    uint32_t crc;

    ck_assert_uint_eq(ldbx_crc32(0, "123456789", 9), 0xCBF43926u);
    ck_assert_uint_eq(ldbx_crc32(0, NULL, 0), 0);
    crc = ldbx_crc32(0, "12345", 5);
    crc = ldbx_crc32(crc, NULL, 0);
    ck_assert_uint_eq(ldbx_crc32(crc, "6789", 4), 0xCBF43926u);
    ck_assert_uint_eq(ldbx_crc32_combine(crc, ldbx_crc32(0, "6789", 4), 4), 0xCBF43926u);
    ck_assert_uint_eq(ldbx_crc32_combine(crc, 0, 0), crc);
}
END_TEST

static const char *const digests[][2] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(test_sha256)
{
    uint8_t digest[32];
    ldbx_buf hex;

    ck_assert(ldbx_sha256(ldbx_view_of(digests[_i][0]), digest));
    ldbx_buf_init(&hex, 64);
    for (size_t i = 0; i < sizeof digest; i++)
        ldbx_buf_printf(&hex, "%02x", digest[i]);
    ck_assert_str_eq(ldbx_buf_cstr(&hex), digests[_i][1]);
    ldbx_buf_clear(&hex);
}
END_TEST

START_TEST(test_sha256_of_nothing)
{
    uint8_t of_null[32], of_empty[32];

    ck_assert(ldbx_sha256((ldbx_view){NULL, 0}, of_null));
    ck_assert(ldbx_sha256(ldbx_view_of(""), of_empty));
    ck_assert_mem_eq(of_null, of_empty, 32);
}
END_TEST

/* RFC 4231, cases 2 and 6 (a key longer than a block). */
START_TEST(test_hmac_sha256)
{
    static const char *const expected[] = {"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
                                           "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"};
    char key[131];
    uint8_t digest[32];
    ldbx_buf hex;

    memset(key, 0xaa, sizeof key);
    ck_assert(ldbx_hmac_sha256(_i == 0 ? ldbx_view_of("Jefe") : (ldbx_view){key, sizeof key},
                               ldbx_view_of(_i == 0 ? "what do ya want for nothing?"
                                                    : "Test Using Larger Than Block-Size Key - Hash Key First"),
                               digest));
    ldbx_buf_init(&hex, 64);
    for (size_t i = 0; i < sizeof digest; i++)
        ldbx_buf_printf(&hex, "%02x", digest[i]);
    ck_assert_str_eq(ldbx_buf_cstr(&hex), expected[_i]);
    ldbx_buf_clear(&hex);
}
END_TEST

/* Sizes around what the system gives at once: every part is filled, nothing beyond. */
START_TEST(test_random)
{
    static const size_t sizes[] = {16, 255, 256, 257, 1000};
    static const uint8_t zeros[16];

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *a = calloc(1, sizes[i]);
        uint8_t *b = calloc(1, sizes[i]);
        ck_assert(ldbx_random(a, sizes[i]) && ldbx_random(b, sizes[i]));
        ck_assert_mem_ne(a, b, sizes[i]);
        ck_assert_mem_ne(a + sizes[i] - 16, zeros, 16); /* 2^-128 to fail by chance */
        free(a);
        free(b);
    }
    ck_assert(ldbx_random(NULL, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hash");
    TCase *tcase = suite_case(suite, "hash");

    tcase_add_test(tcase, test_crc32);
    tcase_add_loop_test(tcase, test_sha256, 0, sizeof digests / sizeof digests[0]);
    tcase_add_test(tcase, test_sha256_of_nothing);
    tcase_add_loop_test(tcase, test_hmac_sha256, 0, 2);
    tcase_add_test(tcase, test_random);
    return suite_run(suite);
}
