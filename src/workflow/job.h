/* The inside of a job: what its file says. Where it stands is in its checkpoint (document.h). */
#ifndef LDBX_WORKFLOW_JOB_H
#define LDBX_WORKFLOW_JOB_H

#include <lytics_dbx/workflow.h>

#include "workflow/jobs/import_table.h"

#define LDBX_JOB_KEY_SIZE 50 /* 40 bytes of the name, '-', 8 digits, NUL */

struct ldbx_job {
    cJSON *json; /* the settings borrow their texts from it */
    const char *type;
    const char *name;
    const char *description;
    char key[LDBX_JOB_KEY_SIZE]; /* in stores and staged names: the name in [a-z0-9-] and digits of its hash */
    ldbx_import_settings import;
    ldbx_buf warnings; /* a line each */
    ldbx_buf about;    /* what describe gives */
    ldbx_buf answer;   /* the last report or status */
};

/* An array of the lines of a text. */
void ldbx_json_put_lines(ldbx_json_writer *writer, const char *name, ldbx_view lines);

#endif
