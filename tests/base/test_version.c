#include "suite.h"

#include <stdio.h>

START_TEST(test_version)
{
    char text[32];

    ck_assert_int_eq(ldbx_version_number(), LDBX_VERSION_NUMBER);
    ck_assert_str_eq(ldbx_version_string(), LDBX_VERSION_STRING);
    snprintf(text, sizeof text, "%d.%d.%d", ldbx_version_number() / 1000000, ldbx_version_number() / 1000 % 1000,
             ldbx_version_number() % 1000);
    ck_assert_str_eq(ldbx_version_string(), text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("version");

    tcase_add_test(suite_case(suite, "version"), test_version);
    return suite_run(suite);
}
