/* Groups and entries of a history, compared as multisets of (files, rows). */
#include "suite.h"

#include "load/reconcile.h"

static ldbx_error *error;
static ldbx_manifest manifest;

/* Three groups of 1000 files with 10 rows each, and one of 500 files. */
static void set_up(void)
{
    manifest = (ldbx_manifest){0};
    for (int i = 0; i < 3500; i++)
        expect_ok(ldbx_manifest_add(&manifest, &(ldbx_part){.rows = 10, .bytes = 1}, &error), error);
}

static void tear_down(void)
{
    ldbx_manifest_clear(&manifest);
}

#define FULL(version)                                                                                                  \
    {                                                                                                                  \
        version, 1000, 10000                                                                                           \
    }
#define LAST(version)                                                                                                  \
    {                                                                                                                  \
        version, 500, 5000                                                                                             \
    }

static const struct {
    ldbx_copied entries[4];
    size_t count;
    int64_t groups, index;
    ldbx_match match;
    int64_t version;
    bool cut;
} cases[] = {
    {{FULL(3)}, 1, 1, 0, LDBX_MATCH_EVEN, 3},             /* the one that was sent is there */
    {{{0}}, 0, 1, 0, LDBX_MATCH_LESS, -1},                /* it is not */
    {{FULL(5), FULL(3)}, 2, 1, 0, LDBX_MATCH_SURPLUS, 5}, /* twice: ours or somebody else's */
    {{FULL(4), FULL(3)}, 2, 2, 1, LDBX_MATCH_EVEN, 4},    /* groups of one size are told by their number */
    {{FULL(3)}, 1, 2, 1, LDBX_MATCH_LESS, 3},             /* ... so the second one is missing */
    {{LAST(6), FULL(5), FULL(4), FULL(3)}, 4, 4, 3, LDBX_MATCH_EVEN, 6}, /* all of them */
    {{LAST(6), FULL(5), FULL(4), FULL(3)}, 4, 4, 1, LDBX_MATCH_EVEN, 5},
    {{LAST(4), FULL(3)}, 2, 4, 3, LDBX_MATCH_EVEN, 4}, /* another size has nothing to do with it */
    {{FULL(3)}, 1, 2, 1, LDBX_MATCH_UNTOLD, 3, true},  /* the history is cut: it may have been there */
    {{FULL(4), FULL(3)}, 2, 2, 1, LDBX_MATCH_EVEN, 4, true},
    {{{7, 999, 9990}, {6, 1000, 9999}, {5, -1, -1}}, 3, 1, 0, LDBX_MATCH_LESS, -1}, /* nearly is not it */
};

START_TEST(a_group_is_loaded_when_as_many_entries_as_groups_carry_its_numbers)
{
    ldbx_copied entries[4];
    ldbx_copies copies = {.items = entries, .count = cases[_i].count, .same_table = true, .cut = cases[_i].cut};
    int64_t version = -1;

    for (size_t i = 0; i < 4; i++)
        entries[i] = cases[_i].entries[i];
    ck_assert_int_eq(ldbx_reconcile(&manifest, cases[_i].groups, cases[_i].index, &copies, &version), cases[_i].match);
    ck_assert_int_eq(version, cases[_i].version);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reconcile");
    TCase *tcase = suite_case(suite, "reconcile");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_group_is_loaded_when_as_many_entries_as_groups_carry_its_numbers, 0,
                        sizeof cases / sizeof cases[0]);
    return suite_run(suite);
}
