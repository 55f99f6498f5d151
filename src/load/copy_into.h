/* COPY INTO: its text, the same whenever a group is loaded again, and one group through it. */
#ifndef LDBX_LOAD_COPY_INTO_H
#define LDBX_LOAD_COPY_INTO_H

#include "load/loader.h"

/*
 * select: what stands between SELECT and FROM, of a declared load. Keys of the access are not in the text: each has a NUL in its place, in the order of
 * ldbx_access_secrets().
 */
void ldbx_copy_into_write(const ldbx_manifest *manifest, const char *job, const ldbx_load_group *group,
                          ldbx_view select, const ldbx_access *access, ldbx_buf *sql);

/* The secrets of an access, and their number. */
size_t ldbx_access_secrets(const ldbx_access *access, const char *out[3]);

/* Checks that the files of a group are there as they were staged: COPY INTO passes over one that is not. */
int ldbx_copy_into_check(ldbx_loader *loader, const ldbx_load_group *group, ldbx_error **error);

/* Loads them; *rows is what the server says that it loaded, -1: it does not say. */
int ldbx_copy_into_run(ldbx_loader *loader, const ldbx_load_group *group, int64_t *rows, ldbx_error **error);

#endif
