/*
 * The snapshot of a table: which version, which rows, in which total order.
 */
#ifndef LDBX_IMPORT_SNAPSHOT_H
#define LDBX_IMPORT_SNAPSHOT_H

#include <lytics_dbx/statement.h>

#include "base/buf.h"
#include "client/shape.h"

/* An instant that may be missing. */
typedef struct ldbx_bound {
    bool set;
    int64_t us;
} ldbx_bound;

/* Where a reader stands: everything up to this row was delivered. */
typedef struct ldbx_key {
    bool set;
    int64_t us;
    int64_t order;
} ldbx_key;

typedef struct ldbx_snapshot {
    ldbx_connection *connection;
    ldbx_statement_options statement; /* for every statement of the import */
    char *catalog, *database, *table;
    char *view; /* of this session */
    char *order_column;
    char **columns; /* of the table, in their order */
    char **sql_types;
    size_t column_count;
    bool nested_as_json; /* ARRAY, MAP, STRUCT and VARIANT are turned into JSON by the server */
    size_t ts_index;
    ldbx_type ts_type;
    int64_t version;  /* -1: the source has none */
    ldbx_bound lower; /* rows strictly after it */
    ldbx_bound upper; /* rows up to and including it */
} ldbx_snapshot;

void ldbx_snapshot_clear(ldbx_snapshot *snapshot);

/* Reads the columns of the version in work, in place of those that were known, and chooses a name for the ordering column. */
int ldbx_snapshot_describe(ldbx_snapshot *snapshot, ldbx_error **error);

/*
 * Index of a column that holds a time, found without regard to case. LDBX_NOT_FOUND, or LDBX_INVALID_DATA when its type is no time; `option` names
 * what asked for it.
 */
int ldbx_snapshot_time_column(const ldbx_snapshot *snapshot, const char *name, const char *option, size_t *index,
                              ldbx_type *type, ldbx_error **error);

/* Rows of the snapshot, their greatest timestamp, and rows of the whole table without one; read from the
 * table, never from the view. */
int ldbx_snapshot_count(const ldbx_snapshot *snapshot, int64_t *rows, ldbx_bound *newest, int64_t *null_timestamps,
                        ldbx_error **error);

/* Makes the view in the connection's session. */
int ldbx_snapshot_create_view(const ldbx_snapshot *snapshot, ldbx_error **error);

/* Texts. The first: `catalog`.`database`.`table` VERSION AS OF n; the second: the rows that belong to the
 * snapshot. */
void ldbx_snapshot_write_source(const ldbx_snapshot *snapshot, ldbx_buf *sql);
void ldbx_snapshot_write_condition(const ldbx_snapshot *snapshot, ldbx_buf *sql);
/* Rows of the view behind `after`, up to and including `upto`, in order; limit 0: all. */
void ldbx_snapshot_write_read(const ldbx_snapshot *snapshot, const ldbx_key *after, const ldbx_bound *upto,
                              int64_t limit, ldbx_buf *sql);

#endif
