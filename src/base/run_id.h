/* Names of runs: in checkpoints, reports and names of staged files. */
#ifndef LDBX_BASE_RUN_ID_H
#define LDBX_BASE_RUN_ID_H

#include <lytics_dbx/error.h>

#define LDBX_RUN_ID_SIZE 32 /* "20261122T194512Z-9f3a62c1" and its NUL fit */

/* UTC time and random digits. */
int ldbx_run_id_make(char out[LDBX_RUN_ID_SIZE], ldbx_error **error);

#endif
