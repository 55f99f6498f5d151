/* What the programs of this folder share: the sandbox that DATABRICKS_HOST names, its control endpoint, and a connection. */
#ifndef LDBX_TESTS_FLOW_H
#define LDBX_TESTS_FLOW_H

#include "suite.h"

extern ldbx_error *error;
extern ldbx_connection *connection;

/* A result of several pages, and the sum of its column. */
#define FLOW_MANY "SELECT id FROM range(60000)"
#define FLOW_SUM  (INT64_C(60000) * 59999 / 2)

/* A fixture: no faults and no calls before a test, and nothing left of it behind. */
void flow_start(void);
void flow_stop(void);

/* A configuration from the environment; the caller's. */
ldbx_config *flow_config(void);
/* Opens `connection`; options NULL: defaults. */
void flow_open(const ldbx_connection_options *options);
/* Destroys `connection` and `error`. */
void flow_close(void);

/* Replaces the fault script by the rules of a JSON array, or by none. */
void flow_faults(const char *rules);
/* Forgets all versions of a table but the newest, as the cleaning of a table's log does. */
void flow_cut_history(const char *table);
void flow_forget_calls(void);
/* Calls that the sandbox has seen since; a request for a token is "OAuthToken". */
int flow_calls(const char *rpc);
/* How many of them a fault struck. */
int flow_struck(void);
/* Their names in order, with a blank behind each; the caller frees it. */
char *flow_log(void);

/* Runs a statement on `connection` and gives the sum of its first column, an integer. prefetch as in the options. */
int64_t flow_sum(const char *sql, int prefetch);

#endif
