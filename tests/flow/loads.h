/* What the tests of loads share: a table, a folder of staged files, a store, and rows. LDBX_TEST_STAGING says where files may be staged. */
#ifndef LDBX_TESTS_LOADS_H
#define LDBX_TESTS_LOADS_H

#include <cjson/cJSON.h>

#include "flow.h"

#define LOADS_ROWS 2500

extern ldbx_store *loads_store;   /* in memory */
extern ldbx_stager *loads_stager; /* of a folder of its own */

/* A fixture: a connection, no table main.default.flow_load, waits that are skipped. */
void loads_set_up(void);
void loads_tear_down(void);

typedef int loads_access(void *user, ldbx_access *out, ldbx_error **hook);
/* The same files by a stager that has no blocks and cannot check; with a hook for keys, or NULL. */
ldbx_stager *loads_plain_stager(loads_access *access);

ldbx_loader_options loads_options(const char *source);
/* Stops a load behind its seal: the server refuses COPY INTO for good. */
void loads_leave_sealed(const char *source);
int loads_append(ldbx_loader *loader, int64_t rows);
/* As a host does it: opens, gives all rows if they are wanted, commits. result may be NULL. */
int loads_run(ldbx_stager *stager, const ldbx_loader_options *options, ldbx_load_result *result);

void loads_execute(const char *sql);
/* The sum of the first column. */
int64_t loads_ask(const char *sql);
int loads_staged_files(void);
const char *loads_folder(void);
/* The table has each row once, as it was given. */
void loads_expect_each_once(void);
/* A member of a report, which must be there; borrowed. */
const cJSON *loads_member(const cJSON *object, const char *name);
void loads_forget_error(void);
/* A progress callback for statements that go on without us: waits are skipped, but what runs on the server takes its time. */
int loads_wait_really(const ldbx_progress *progress, void *user);

#endif
