/* The plan of queries: bounds that cover every row once, full pages, giants alone. */
#include "suite.h"

#include <string.h>

#include "base/mem.h"
#include "import/page_plan.h"

/* Plays the plan against a made-up table and counts queries; every row must be read once and no page may
 * exceed its limit. */
typedef struct played {
    int64_t rows;
    int queries;
    int unbounded;
    int giants;
    int64_t largest;
} played;

static ldbx_page_plan plan_of(const ldbx_segment *segments, size_t count, int64_t batch_size)
{
    ldbx_page_plan plan = {.batch_size = batch_size, .count = count};

    plan.segments = ldbx_alloc(count * sizeof *segments);
    ck_assert_ptr_nonnull(plan.segments);
    memcpy(plan.segments, segments, count * sizeof *segments);
    return plan;
}

static int64_t rows_up_to(const ldbx_page_plan *plan, int64_t us)
{
    int64_t rows = 0;

    for (size_t i = 0; i < plan->count; i++)
        rows += plan->segments[i].upto_us <= us ? plan->segments[i].rows : 0;
    return rows;
}

static played play(ldbx_page_plan *plan)
{
    played seen = {0};
    ldbx_page_bounds bounds;

    while (ldbx_page_plan_next(plan, &bounds)) {
        int64_t rows = rows_up_to(plan, bounds.upto.us) - seen.rows;
        ck_assert(bounds.upto.set);
        if (bounds.limit > 0 && rows > bounds.limit)
            rows = bounds.limit;
        ldbx_page_plan_took(plan, &bounds, rows);
        seen.rows += rows;
        seen.queries++;
        seen.giants += bounds.giant;
        seen.unbounded += bounds.limit == 0;
        seen.largest = rows > seen.largest ? rows : seen.largest;
        ck_assert_int_lt(seen.queries, 1000);
    }
    return seen;
}

START_TEST(pages_are_full)
{
    const ldbx_segment segments[] = {{10, 105, false}, {20, 98, false}, {30, 110, false}, {40, 87, false}};
    ldbx_page_plan plan = plan_of(segments, 4, 100);
    played seen = play(&plan);

    ck_assert_int_eq(seen.rows, 400);
    ck_assert_int_le(seen.queries, 5); /* four full ones, and one that finds nothing behind them */
    ck_assert_int_eq(seen.largest, 100);
    ldbx_page_plan_clear(&plan);
}
END_TEST

START_TEST(a_giant_is_read_alone_and_whole)
{
    const ldbx_segment segments[] = {{10, 30, false}, {20, 5000, true}, {30, 30, false}};
    ldbx_page_plan plan = plan_of(segments, 3, 100);
    played seen = play(&plan);

    ck_assert_int_eq(seen.rows, 5060);
    ck_assert_int_eq(seen.giants, 1);
    ck_assert_int_eq(seen.unbounded, 1);
    ck_assert_int_eq(seen.queries, 3);
    ldbx_page_plan_clear(&plan);
}
END_TEST

START_TEST(streamed_windows_have_no_limit)
{
    const ldbx_segment segments[] = {{10, 500, false}, {20, 501, false}, {30, 3, false}};
    ldbx_page_plan plan = plan_of(segments, 3, 0);
    played seen = play(&plan);

    ck_assert_int_eq(seen.rows, 1004);
    ck_assert_int_eq(seen.queries, 3);
    ck_assert_int_eq(seen.unbounded, 3);
    ldbx_page_plan_clear(&plan);
}
END_TEST

START_TEST(without_segments_one_query_reads_all)
{
    ldbx_page_plan plan = {0};
    ldbx_page_bounds bounds;

    ck_assert(ldbx_page_plan_next(&plan, &bounds));
    ck_assert(!bounds.upto.set);
    ck_assert_int_eq(bounds.limit, 0);
    ldbx_page_plan_took(&plan, &bounds, 12345);
    ck_assert(!ldbx_page_plan_next(&plan, &bounds));
}
END_TEST

START_TEST(without_segments_a_full_page_is_followed_by_another)
{
    ldbx_page_plan plan = {.batch_size = 100};
    ldbx_page_bounds bounds;

    ck_assert(ldbx_page_plan_next(&plan, &bounds));
    ck_assert_int_eq(bounds.limit, 100);
    ldbx_page_plan_took(&plan, &bounds, 100);
    ck_assert(ldbx_page_plan_next(&plan, &bounds));
    ldbx_page_plan_took(&plan, &bounds, 0);
    ck_assert(!ldbx_page_plan_next(&plan, &bounds));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("page_plan");
    TCase *tcase = suite_case(suite, "plan");

    tcase_add_test(tcase, pages_are_full);
    tcase_add_test(tcase, a_giant_is_read_alone_and_whole);
    tcase_add_test(tcase, streamed_windows_have_no_limit);
    tcase_add_test(tcase, without_segments_one_query_reads_all);
    tcase_add_test(tcase, without_segments_a_full_page_is_followed_by_another);
    return suite_run(suite);
}
