/* Versions of a table as DESCRIBE HISTORY tells them, the newest first. */
#ifndef LDBX_CLIENT_HISTORY_H
#define LDBX_CLIENT_HISTORY_H

#include "client/query.h"

/* A version is its number and its commit time: a table that was dropped and made again counts from 0 anew. */
typedef struct ldbx_version {
    int64_t number;       /* -1: there is none */
    int64_t committed_us; /* 0 where the server did not say */
} ldbx_version;

typedef struct ldbx_history {
    ldbx_query query;
    const ldbx_batch *rows;
    int64_t row; /* of the entry in work */
    size_t versions, times, operations, metrics;
} ldbx_history;

/*
 * All of it, also for the newest version alone: where the storage keeps times in seconds, versions of one second are told with a
 * millisecond more each, counted from the oldest version in the list. A shorter list would have other times.
 */
int ldbx_history_open(ldbx_connection *connection, const char *catalog, const char *database, const char *table,
                      const ldbx_statement_options *options, ldbx_history *out, ldbx_error **error);
void ldbx_history_close(ldbx_history *history);

/* The next entry; LDBX_DONE behind the oldest. */
int ldbx_history_next(ldbx_history *history, ldbx_version *out, ldbx_error **error);

/* Of that entry: what made the version ("COPY INTO"), empty where the server does not say; and a count of its metrics
 * ("numOutputRows"), -1 where there is none. */
ldbx_view ldbx_history_operation(const ldbx_history *history);
int ldbx_history_metric(const ldbx_history *history, const char *name, int64_t *out, ldbx_error **error);

/* The version with that number, or, for -1, the newest; out->number is -1 when it is not there. */
int ldbx_history_find(ldbx_history *history, int64_t number, ldbx_version *out, ldbx_error **error);

#endif
