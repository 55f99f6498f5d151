/* What an import tells of itself. */
#include "suite.h"

#include <string.h>

#include "import/importer.h"

static ldbx_import import;
static char key[] = "key";

static void set_up(void)
{
    import.key = key;
    ldbx_buf_init(&import.warning, LDBX_MAX_ERROR);
}

static void tear_down(void)
{
    ldbx_buf_clear(&import.warning);
}

static const char *warning(void)
{
    static ldbx_import_summary summary;

    summary.size = sizeof summary;
    ldbx_import_summary_get(&import, &summary);
    return summary.warning;
}

START_TEST(warnings_are_joined_and_said_once)
{
    ck_assert_str_eq(warning(), "");
    ldbx_import_warn(&import, "one %d", 1);
    ldbx_import_warn(&import, "two");
    ldbx_import_warn(&import, "one %d", 1);
    ldbx_import_warn(&import, "two");
    ck_assert_str_eq(warning(), "one 1; two");
}
END_TEST

START_TEST(what_finds_no_room_leaves_the_others)
{
    for (int i = 0; i < 5000; i++)
        ldbx_import_warn(&import, "warning number %d", 100000 + i);
    ck_assert_ptr_nonnull(warning());
    ck_assert_int_eq(strncmp(warning(), "warning number 100000; warning number 100001; ", 46), 0);
    ck_assert_uint_le(strlen(warning()), LDBX_MAX_ERROR);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("summary");
    TCase *tcase = suite_case(suite, "summary");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, warnings_are_joined_and_said_once);
    tcase_add_test(tcase, what_finds_no_room_leaves_the_others);
    return suite_run(suite);
}
