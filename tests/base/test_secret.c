#include "suite.h"

#include "base/secret.h"
#include "base/str.h"

START_TEST(test_set)
{
    ldbx_secret secret = {NULL};

    ck_assert(ldbx_secret_set(&secret, ldbx_view_of("one")));
    ck_assert_str_eq(secret.text, "one");
    ck_assert(ldbx_secret_set(&secret, ldbx_view_of(secret.text + 1))); /* from itself */
    ck_assert_str_eq(secret.text, "ne");
    ck_assert(ldbx_secret_set(&secret, (ldbx_view){NULL, 0}));
    ck_assert_str_eq(secret.text, "");
    ldbx_secret_clear(&secret);
    ck_assert_ptr_null(secret.text);
    ldbx_secret_clear(&secret);
}
END_TEST

START_TEST(test_copy)
{
    ldbx_secret from = {NULL};
    ldbx_secret to = {NULL};

    ck_assert(ldbx_secret_set(&from, ldbx_view_of("one")));
    ck_assert(ldbx_secret_copy(&to, &from));
    ck_assert_str_eq(to.text, "one");
    ck_assert_ptr_ne(to.text, from.text);
    ck_assert(ldbx_secret_copy(&to, &to));
    ck_assert_str_eq(to.text, "one");
    ldbx_secret_clear(&from);
    ck_assert(ldbx_secret_copy(&to, &from)); /* "not set" is copied too */
    ck_assert_ptr_null(to.text);
}
END_TEST

START_TEST(test_no_memory)
{
    ldbx_secret secret = {NULL};
    ldbx_secret other = {NULL};

    ck_assert(ldbx_secret_set(&secret, ldbx_view_of("old")));
    suite_fail_allocation(1);
    ck_assert(!ldbx_secret_set(&secret, ldbx_view_of("new")));
    ck_assert_str_eq(secret.text, "old");
    suite_fail_allocation(1);
    ck_assert(!ldbx_secret_copy(&other, &secret));
    ck_assert_ptr_null(other.text);
    ldbx_secret_clear(&secret);
}
END_TEST

START_TEST(test_wipe)
{
    char text[] = "password";

    ldbx_wipe(text, 4);
    ck_assert_mem_eq(text, "\0\0\0\0word", 8);
    ldbx_wipe(text, 0);
    ldbx_wipe(NULL, 0);
    ck_assert_int_eq(text[4], 'w');
}
END_TEST

static char witness[2][64];
static int witnesses;

static void *witness_allocate(size_t bytes, void *user)
{
    (void)user;
    ck_assert(witnesses < 2 && bytes <= sizeof witness[0]);
    return witness[witnesses++];
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

/* The memory that is given back holds nothing of it, neither after a change nor at the end. */
START_TEST(test_memory_is_wiped)
{
    static const char zeros[sizeof witness];
    const ldbx_allocator host = {sizeof host, witness_allocate, no_reallocate, keep, NULL};
    ldbx_secret secret = {NULL};

    ck_assert_int_eq(ldbx_set_allocator(&host), LDBX_OK);
    ck_assert(ldbx_secret_set(&secret, ldbx_view_of("first password")));
    ck_assert(ldbx_secret_set(&secret, ldbx_view_of("second")));
    ck_assert_mem_eq(witness[0], zeros, sizeof witness[0]);
    ck_assert_str_eq(witness[1], "second");
    ldbx_secret_clear(&secret);
    ck_assert_mem_eq(witness, zeros, sizeof witness);
}
END_TEST

/* Also where it comes twice, at an end, and beside NULs. */
START_TEST(test_hide)
{
    char bytes[] = "key\0 a key, keykey, ke";

    ldbx_secret_hide_bytes(bytes, sizeof bytes - 1, "key");
    ck_assert_mem_eq(bytes, "***\0 a ***, ******, ke", sizeof bytes);
    ldbx_secret_hide_bytes(NULL, 0, "key");
    ldbx_secret_hide_bytes(bytes, sizeof bytes - 1, "");
    ldbx_secret_hide_bytes(bytes, sizeof bytes - 1, NULL);
    ck_assert_mem_eq(bytes, "***\0 a ***, ******, ke", sizeof bytes);
    ldbx_secret_hide(bytes + 5, "a");
    ck_assert_str_eq(bytes + 5, "* ***, ******, ke");
}
END_TEST

/* A reason is cut to the size of its place: perhaps inside of what was repeated. */
START_TEST(test_hide_what_was_cut)
{
    char cut[] = "near 'my secr", word[] = "near 'my s";

    ldbx_secret_hide(cut, "my secret");
    ck_assert_str_eq(cut, "near '*******");
    ldbx_secret_hide(word, "secret");
    ck_assert_str_eq(word, "near 'my s");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secret");
    TCase *tcase = suite_case(suite, "secret");

    tcase_add_test(tcase, test_set);
    tcase_add_test(tcase, test_copy);
    tcase_add_test(tcase, test_no_memory);
    tcase_add_test(tcase, test_wipe);
    tcase_add_test(tcase, test_memory_is_wiped);
    tcase_add_test(tcase, test_hide);
    tcase_add_test(tcase, test_hide_what_was_cut);
    return suite_run(suite);
}
