/* Names in the staging: {job}/{run}/{attempt}-{part}.csv[.gz]. None is ever used for other bytes. */
#ifndef LDBX_LOAD_NAMES_H
#define LDBX_LOAD_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/run_id.h"

#define LDBX_JOB_FOLDER_SIZE 64
#define LDBX_STAGED_SIZE     160

/* One writer's files. An attempt that dies before it is sealed is followed by one with another number, or in another run. */
typedef struct ldbx_attempt {
    char run[LDBX_RUN_ID_SIZE];
    int64_t number; /* from 1 */
    int64_t parts;  /* names that may be in use: parts 1 to this one */
    bool gzip;
} ldbx_attempt;

/* {job}: the key in [a-z0-9-], cut, and 8 hexadecimal digits of its hash, so that no two keys share a folder. */
int ldbx_job_folder(const char *key, char out[LDBX_JOB_FOLDER_SIZE], ldbx_error **error);

/* "{attempt}-{part}.csv" */
void ldbx_staged_file(const ldbx_attempt *attempt, int64_t part, char out[LDBX_STAGED_SIZE]);
/* "{job}/{run}/{attempt}-{part}.csv", as the stager takes it */
void ldbx_staged_name(const char *job, const ldbx_attempt *attempt, int64_t part, char out[LDBX_STAGED_SIZE]);

#endif
