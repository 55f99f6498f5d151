/*
 * How a server differs from others of the same protocol family. The dialect of a session is chosen once, by the protocol that the server answers
 * OpenSession with; code asks it for one ability, never for the server's name.
 */
#ifndef LDBX_CLIENT_DIALECT_H
#define LDBX_CLIENT_DIALECT_H

#include "base/buf.h"
#include "client/config.h"

typedef struct ldbx_dialect {
    bool takes_settings; /* in OpenSession, and a namespace; else the session's first statements set them */
    bool sends_arrow;
    bool limits_bytes;   /* page_bytes of a fetch is kept; else the rows asked for are what bounds a page */
    bool announces_more; /* hasMoreRows is true while rows follow; else only a page without rows is the end */
    /*
     * The metadata of a result name the exact type of every column; else DESCRIBE QUERY does, and nested types come
     * as text that is no JSON.
     */
    bool names_types;
    bool copies_into; /* has COPY INTO */
} ldbx_dialect;

/* Databricks, or open-source Spark and its kin ("hive"); LDBX_UNSUPPORTED for a protocol whose results cannot be read. */
int ldbx_dialect_find(int32_t protocol, const ldbx_dialect **out, ldbx_error **error);

/* The statements that set up a session, where they are needed: number `index` from 0; false: no more. */
bool ldbx_dialect_opening(const ldbx_dialect *dialect, const ldbx_config *config, size_t index, ldbx_buf *sql);

#endif
