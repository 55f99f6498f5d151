/* Rows on their way to the staging: as text, compressed, in parts that end by rows or bytes. Memory is bounded by the uploader's blocks. */
#ifndef LDBX_LOAD_PARTS_H
#define LDBX_LOAD_PARTS_H

#include <stdbool.h>

#include <lytics_dbx/arrow_c.h>

#include "load/csv.h"
#include "load/manifest.h"
#include "stage/stager.h"

typedef struct ldbx_parts ldbx_parts;

typedef struct ldbx_parts_options {
    const char *job;         /* first part of the names; borrowed */
    ldbx_manifest *manifest; /* borrowed; gets each part once it has been written */
    ldbx_stager *stager;     /* borrowed */
    ldbx_cancel *cancel;
    int64_t part_rows;
    int64_t part_bytes; /* of text, before gzip; a longer row has a part of its own */
    /* Called before the first byte of a part goes out, and whenever some text has: a failure ends the writing. */
    int (*reserve)(int64_t part, void *user, ldbx_error **error);
    int (*moved)(void *user, ldbx_error **error);
    void *user;
} ldbx_parts_options;

/* Columns, gzip and so on are the manifest's. */
int ldbx_parts_new(const ldbx_parts_options *options, ldbx_parts **out, ldbx_error **error);
/* What is on its way is abandoned. */
void ldbx_parts_destroy(ldbx_parts *parts);

/* A row that does not fit its columns leaves all as it was; after any other failure, and after one of arrow, the parts are broken. */
int ldbx_parts_row(ldbx_parts *parts, const ldbx_value *values, size_t count, ldbx_error **error);
int ldbx_parts_arrow(ldbx_parts *parts, const struct ArrowSchema *schema, const struct ArrowArray *array,
                     ldbx_error **error);
/* Ends the last part, and waits until all are there, durably. */
int ldbx_parts_finish(ldbx_parts *parts, ldbx_error **error);

/* The writer of its rows; borrowed. */
const ldbx_csv *ldbx_parts_csv(const ldbx_parts *parts);
int64_t ldbx_parts_rows(const ldbx_parts *parts);  /* taken so far */
int64_t ldbx_parts_bytes(const ldbx_parts *parts); /* of their text */

#endif
