#include "import/page_plan.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/query.h"
#include "client/sql.h"

#define MAX_SEGMENTS  10000
#define GIANT_BATCHES 10 /* a timestamp with more is streamed: each page inside one timestamp costs a sort of it */

static int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/*
 * Rows per timestamp, their running sum, and a segment number from that: one pass over one column. A giant
 * gets a segment of its own; since it is not smaller than the step, no segment lies on both its sides.
 */
static void write_plan(const ldbx_snapshot *snapshot, const ldbx_key *after, int64_t step, int64_t giant, ldbx_buf *sql)
{
    const char *ts = snapshot->columns[snapshot->ts_index];

    ldbx_buf_str(sql, "SELECT max(ldbx_ts), sum(ldbx_n), max(ldbx_n) FROM (SELECT ldbx_ts, ldbx_n, ");
    ldbx_buf_printf(sql, "(sum(ldbx_n) OVER (ORDER BY ldbx_ts) - ldbx_n) DIV %lld AS ldbx_bucket, ", (long long)step);
    ldbx_buf_printf(sql, "ldbx_n > %lld AS ldbx_giant FROM (SELECT ", (long long)giant);
    ldbx_sql_identifier(sql, ts);
    ldbx_buf_str(sql, " AS ldbx_ts, count(*) AS ldbx_n FROM ");
    ldbx_snapshot_write_source(snapshot, sql);
    ldbx_buf_str(sql, " WHERE ");
    ldbx_snapshot_write_condition(snapshot, sql);
    if (after->set) {
        ldbx_buf_str(sql, " AND ");
        ldbx_sql_identifier(sql, ts);
        ldbx_buf_str(sql, " >= ");
        ldbx_sql_time(sql, snapshot->ts_type, after->us);
    }
    ldbx_buf_str(sql, " GROUP BY ");
    ldbx_sql_identifier(sql, ts);
    ldbx_buf_str(sql, ")) GROUP BY ldbx_bucket, ldbx_giant ORDER BY 1");
}

static int add_segments(ldbx_page_plan *plan, const ldbx_batch *rows, int64_t giant, ldbx_error **error)
{
    size_t count = (size_t)ldbx_batch_rows(rows);
    ldbx_segment *grown =
        ldbx_realloc(plan->segments, plan->count * sizeof *grown, (plan->count + count) * sizeof *grown);

    if (grown == NULL)
        return ldbx_fail_no_memory(error);
    plan->segments = grown;
    for (size_t i = 0; i < count; i++) {
        ldbx_segment *segment = &grown[plan->count];
        if (!ldbx_batch_timestamp_us(rows, (int64_t)i, 0, &segment->upto_us))
            return ldbx_fail(error, LDBX_PROTOCOL, "the plan of boundaries has one that is no timestamp");
        segment->rows = ldbx_batch_int64(rows, (int64_t)i, 1);
        segment->giant = ldbx_batch_int64(rows, (int64_t)i, 2) > giant;
        plan->count++;
    }
    return LDBX_OK;
}

static int ask_for_segments(const ldbx_snapshot *snapshot, const ldbx_key *after, int64_t step, int64_t giant,
                            ldbx_page_plan *plan, ldbx_error **error)
{
    int status;
    ldbx_query query = {0};
    const ldbx_batch *rows;
    ldbx_buf sql;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    write_plan(snapshot, after, step, giant, &sql);
    LDBX_GO(ldbx_query_open(snapshot->connection, &sql, &snapshot->statement, &query, error));
    while ((status = ldbx_result_next(query.result, &rows, error)) == LDBX_OK)
        LDBX_GO(add_segments(plan, rows, giant, error));
    if (status == LDBX_DONE)
        status = LDBX_OK;
out:
    ldbx_query_close(&query);
    ldbx_buf_clear(&sql);
    return status;
}

int ldbx_page_plan_make(const ldbx_snapshot *snapshot, const ldbx_key *after, int64_t rows, int64_t batch_size,
                        int64_t window_rows, ldbx_page_plan *out, ldbx_error **error)
{
    int64_t size = batch_size > 0 ? batch_size : window_rows;
    int64_t step = max64(size, rows / MAX_SEGMENTS + 1);
    int64_t giant = batch_size > 0 ? max64(GIANT_BATCHES * batch_size, step) : step;
    int status = LDBX_OK;

    /* The first segment begins with the timestamp of `after`, whose rows count from 1. */
    *out = (ldbx_page_plan){.batch_size = batch_size, .taken = after->set ? after->order : 0};
    if (rows > size)
        status = ask_for_segments(snapshot, after, step, giant, out, error);
    if (status != LDBX_OK)
        ldbx_page_plan_clear(out);
    return status;
}

void ldbx_page_plan_clear(ldbx_page_plan *plan)
{
    ldbx_free(plan->segments);
    *plan = (ldbx_page_plan){0};
}

static bool next_unplanned(ldbx_page_plan *plan, ldbx_page_bounds *out)
{
    *out = (ldbx_page_bounds){.limit = plan->batch_size};
    return plan->at == 0;
}

bool ldbx_page_plan_next(ldbx_page_plan *plan, ldbx_page_bounds *out)
{
    int64_t ahead;

    if (plan->count == 0)
        return next_unplanned(plan, out);
    if (plan->at >= plan->count)
        return false;
    plan->last = plan->at;
    ahead = plan->segments[plan->at].rows - plan->taken;
    if (plan->batch_size > 0 && !plan->segments[plan->at].giant)
        while (ahead < plan->batch_size && plan->last + 1 < plan->count && !plan->segments[plan->last + 1].giant)
            ahead += plan->segments[++plan->last].rows;
    out->giant = plan->segments[plan->at].giant;
    out->upto = (ldbx_bound){true, plan->segments[plan->last].upto_us};
    out->limit = out->giant ? 0 : plan->batch_size;
    return true;
}

void ldbx_page_plan_took(ldbx_page_plan *plan, const ldbx_page_bounds *bounds, int64_t rows)
{
    if (bounds->limit == 0 || rows < bounds->limit) {
        plan->at = plan->count == 0 ? 1 : plan->last + 1;
        plan->taken = 0;
        return;
    }
    plan->taken += rows;
    while (plan->count > 0 && plan->at < plan->last && plan->taken >= plan->segments[plan->at].rows)
        plan->taken -= plan->segments[plan->at++].rows;
}
