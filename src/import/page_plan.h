/*
 * Where queries begin and end: the timestamps of a snapshot cut into segments in one pass, so that every
 * query can have both bounds (a page with only a lower bound sorts the whole rest again).
 */
#ifndef LDBX_IMPORT_PAGE_PLAN_H
#define LDBX_IMPORT_PAGE_PLAN_H

#include "import/snapshot.h"

typedef struct ldbx_segment {
    int64_t upto_us; /* its greatest timestamp */
    int64_t rows;
    bool giant; /* one timestamp with so many rows that it is streamed by one query */
} ldbx_segment;

typedef struct ldbx_page_plan {
    int64_t batch_size; /* 0: each segment is one query */
    ldbx_segment *segments;
    size_t count;  /* 0: one query without an upper bound reads everything */
    size_t at;     /* first segment that is not finished */
    int64_t taken; /* rows read of it */
    size_t last;   /* segment that the query in work ends with */
} ldbx_page_plan;

/* How a query is cut. */
typedef struct ldbx_page_bounds {
    ldbx_bound upto;
    int64_t limit; /* 0: none */
    bool giant;
} ldbx_page_bounds;

/*
 * Cuts the rows behind `after` (`rows` of them). Segments hold batch_size rows or so, in streamed mode
 * window_rows. Asks the server only when one query would not do.
 */
int ldbx_page_plan_make(const ldbx_snapshot *snapshot, const ldbx_key *after, int64_t rows, int64_t batch_size,
                        int64_t window_rows, ldbx_page_plan *out, ldbx_error **error);
void ldbx_page_plan_clear(ldbx_page_plan *plan);

/* Bounds of the next query; false: everything was read. */
bool ldbx_page_plan_next(ldbx_page_plan *plan, ldbx_page_bounds *out);
/* The query with those bounds gave `rows` rows, all that there are inside its bounds up to its limit. */
void ldbx_page_plan_took(ldbx_page_plan *plan, const ldbx_page_bounds *bounds, int64_t rows);

#endif
