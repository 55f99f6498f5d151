#include "suite.h"

#include <string.h>

#include "base/run_id.h"

START_TEST(run_ids_differ)
{
    char a[LDBX_RUN_ID_SIZE], b[LDBX_RUN_ID_SIZE];

    ck_assert_int_eq(ldbx_run_id_make(a, NULL), LDBX_OK);
    ck_assert_int_eq(ldbx_run_id_make(b, NULL), LDBX_OK);
    ck_assert_uint_eq(strlen(a), 25);
    ck_assert_str_ne(a, b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_id");
    TCase *tcase = suite_case(suite, "run_id");

    tcase_add_test(tcase, run_ids_differ);
    return suite_run(suite);
}
