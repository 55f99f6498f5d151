/* The table that a load goes to: whether it is there and fits, and its version. */
#ifndef LDBX_LOAD_TARGET_H
#define LDBX_LOAD_TARGET_H

#include "load/loader.h"

/* What DESCRIBE DETAIL tells. */
typedef struct ldbx_target {
    bool is_there;
    char id[LDBX_TABLE_ID_SIZE]; /* other for a table that was made anew or replaced; "": not told */
} ldbx_target;

/* Asks once, as a step that may be done again. What is no Delta table is refused. */
int ldbx_target_ask(ldbx_loader *loader, const ldbx_manifest *manifest, ldbx_target *out, ldbx_error **error);

/*
 * Whether the table is there. LDBX_INVALID_DATA names the column when it does not fit: each column of a declared load must be there under its name and with its
 * type, others must take NULL.
 */
int ldbx_target_look(ldbx_loader *loader, const ldbx_manifest *manifest, ldbx_target *out, ldbx_error **error);

/* Makes it, with the columns of a declared load; somebody else may be faster. */
int ldbx_target_create(ldbx_loader *loader, const ldbx_manifest *manifest, ldbx_error **error);

/* Where there is no table: LDBX_NOT_FOUND names a schema or catalog that is not there, and in which none could be made. */
int ldbx_target_check_schema(ldbx_loader *loader, const ldbx_manifest *manifest, ldbx_error **error);

/* Its newest version. */
int ldbx_target_version(ldbx_loader *loader, const ldbx_manifest *manifest, ldbx_version *out, ldbx_error **error);

/* "`catalog`.`database`.`table`" */
void ldbx_target_name(const ldbx_manifest *manifest, ldbx_buf *out);

#endif
