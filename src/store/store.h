/* Using a checkpoint store, whoever implements it: every call ends in an error that names the key. */
#ifndef LDBX_STORE_STORE_H
#define LDBX_STORE_STORE_H

#include <lytics_dbx/store.h>

#include "base/buf.h"

/* Fills document (emptied first) and revision; LDBX_NOT_FOUND, with revision 0, when there is none. */
int ldbx_store_load(ldbx_store *store, const char *key, ldbx_buf *document, int64_t *revision, ldbx_error **error);
/* Replaces revision *revision by the next one and counts it up; LDBX_CONFLICT when it is no longer the newest. */
int ldbx_store_save(ldbx_store *store, const char *key, ldbx_view document, int64_t *revision, ldbx_error **error);
int ldbx_store_remove(ldbx_store *store, const char *key, ldbx_error **error);

#endif
