#include "import/snapshot.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/connection.h"
#include "client/describe.h"
#include "client/query.h"
#include "client/sql.h"

static void forget_columns(ldbx_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->column_count; i++) {
        ldbx_free(snapshot->columns[i]);
        ldbx_free(snapshot->sql_types[i]);
    }
    ldbx_free(snapshot->columns);
    ldbx_free(snapshot->sql_types);
    ldbx_free(snapshot->order_column);
    snapshot->columns = NULL;
    snapshot->sql_types = NULL;
    snapshot->order_column = NULL;
    snapshot->column_count = 0;
}

void ldbx_snapshot_clear(ldbx_snapshot *snapshot)
{
    forget_columns(snapshot);
    ldbx_free(snapshot->catalog);
    ldbx_free(snapshot->database);
    ldbx_free(snapshot->table);
    ldbx_free(snapshot->view);
    *snapshot = (ldbx_snapshot){0};
}

static bool is_time(ldbx_type type)
{
    return type == LDBX_TYPE_TIMESTAMP || type == LDBX_TYPE_TIMESTAMP_NTZ || type == LDBX_TYPE_DATE;
}

int ldbx_snapshot_time_column(const ldbx_snapshot *snapshot, const char *name, const char *option, size_t *index,
                              ldbx_type *type, ldbx_error **error)
{
    for (size_t i = 0; i < snapshot->column_count; i++) {
        if (!ldbx_str_ieq(snapshot->columns[i], name))
            continue;
        *index = i;
        *type = ldbx_type_from_sql(ldbx_view_of(snapshot->sql_types[i]));
        if (!is_time(*type))
            return ldbx_fail(error, LDBX_INVALID_DATA,
                             "%s: column '%s' of table %s.%s is %s; it must be TIMESTAMP, TIMESTAMP_NTZ or DATE",
                             option, name, snapshot->database, snapshot->table, snapshot->sql_types[i]);
        return LDBX_OK;
    }
    return ldbx_fail(error, LDBX_NOT_FOUND, "%s: table %s.%s has no column '%s'", option, snapshot->database,
                     snapshot->table, name);
}

static bool has_column(const ldbx_snapshot *snapshot, const char *name)
{
    for (size_t i = 0; i < snapshot->column_count; i++)
        if (ldbx_str_ieq(snapshot->columns[i], name))
            return true;
    return false;
}

/* ldbx_order, or the first of ldbx_order_1, ldbx_order_2, ... that the table does not use. */
static int name_order_column(ldbx_snapshot *snapshot, ldbx_error **error)
{
    ldbx_buf name;

    ldbx_buf_init(&name, 64);
    ldbx_buf_str(&name, "ldbx_order");
    for (int n = 1; !name.failed && has_column(snapshot, ldbx_buf_cstr(&name)); n++) {
        ldbx_buf_reset(&name);
        ldbx_buf_printf(&name, "ldbx_order_%d", n);
    }
    snapshot->order_column = ldbx_buf_detach(&name);
    return snapshot->order_column != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

/* The texts move out of the description. */
static int take_columns(ldbx_snapshot *snapshot, ldbx_description *description, ldbx_error **error)
{
    snapshot->columns = ldbx_calloc(description->count, sizeof *snapshot->columns);
    snapshot->sql_types = ldbx_calloc(description->count, sizeof *snapshot->sql_types);
    if (snapshot->columns == NULL || snapshot->sql_types == NULL)
        return ldbx_fail_no_memory(error);
    snapshot->column_count = description->count;
    for (size_t i = 0; i < description->count; i++) {
        snapshot->columns[i] = description->columns[i].name;
        snapshot->sql_types[i] = description->columns[i].sql_type;
        description->columns[i].name = description->columns[i].sql_type = NULL;
    }
    return LDBX_OK;
}

int ldbx_snapshot_describe(ldbx_snapshot *snapshot, ldbx_error **error)
{
    int status = LDBX_OK;
    ldbx_description description = {0};
    ldbx_buf source;

    forget_columns(snapshot);
    ldbx_buf_init(&source, LDBX_MAX_SQL);
    ldbx_snapshot_write_source(snapshot, &source);
    if (source.failed)
        LDBX_GO(ldbx_fail_no_memory(error));
    LDBX_GO(ldbx_describe(snapshot->connection, ldbx_buf_get(&source), &snapshot->statement, &description, error));
    LDBX_GO(take_columns(snapshot, &description, error));
    LDBX_GO(name_order_column(snapshot, error));
    snapshot->nested_as_json = !snapshot->connection->dialect->names_types;
out:
    ldbx_description_clear(&description);
    ldbx_buf_clear(&source);
    return status;
}

void ldbx_snapshot_write_source(const ldbx_snapshot *snapshot, ldbx_buf *sql)
{
    ldbx_sql_name(sql, snapshot->catalog, snapshot->database, snapshot->table);
    if (snapshot->version >= 0)
        ldbx_buf_printf(sql, " VERSION AS OF %lld", (long long)snapshot->version);
}

static void write_ts(const ldbx_snapshot *snapshot, ldbx_buf *sql)
{
    ldbx_sql_identifier(sql, snapshot->columns[snapshot->ts_index]);
}

static void write_comparison(const ldbx_snapshot *snapshot, const char *operator, int64_t us, ldbx_buf *sql)
{
    write_ts(snapshot, sql);
    ldbx_buf_printf(sql, " %s ", operator);
    ldbx_sql_time(sql, snapshot->ts_type, us);
}

void ldbx_snapshot_write_condition(const ldbx_snapshot *snapshot, ldbx_buf *sql)
{
    write_ts(snapshot, sql);
    ldbx_buf_str(sql, " IS NOT NULL");
    if (snapshot->lower.set) {
        ldbx_buf_str(sql, " AND ");
        write_comparison(snapshot, ">", snapshot->lower.us, sql);
    }
    if (snapshot->upper.set) {
        ldbx_buf_str(sql, " AND ");
        write_comparison(snapshot, "<=", snapshot->upper.us, sql);
    }
}

static int count_where(const ldbx_snapshot *snapshot, bool null_timestamps, int64_t *rows, ldbx_bound *newest,
                       ldbx_error **error)
{
    int status;
    ldbx_query query = {0};
    const ldbx_batch *row = NULL;
    ldbx_buf sql;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_buf_str(&sql, "SELECT count(*), max(");
    write_ts(snapshot, &sql);
    ldbx_buf_str(&sql, ") FROM ");
    ldbx_snapshot_write_source(snapshot, &sql);
    ldbx_buf_str(&sql, " WHERE ");
    if (null_timestamps) {
        write_ts(snapshot, &sql);
        ldbx_buf_str(&sql, " IS NULL");
    } else {
        ldbx_snapshot_write_condition(snapshot, &sql);
    }
    LDBX_GO(ldbx_query_row(snapshot->connection, &sql, &snapshot->statement, &query, &row, error));
    *rows = ldbx_batch_int64(row, 0, 0);
    newest->set = ldbx_batch_timestamp_us(row, 0, 1, &newest->us) != 0;
out:
    ldbx_query_close(&query);
    ldbx_buf_clear(&sql);
    return status;
}

int ldbx_snapshot_count(const ldbx_snapshot *snapshot, int64_t *rows, ldbx_bound *newest, int64_t *null_timestamps,
                        ldbx_error **error)
{
    ldbx_bound none;

    LDBX_TRY(count_where(snapshot, false, rows, newest, error));
    return count_where(snapshot, true, null_timestamps, &none, error);
}

/* to_json cuts timestamps to milliseconds unless it is told otherwise: rows that differ in microseconds must
 * not look the same. */
static void write_json_options(ldbx_buf *sql, bool with_nulls)
{
    ldbx_buf_str(sql, ", map('timestampFormat', 'yyyy-MM-dd\\'T\\'HH:mm:ss.SSSSSSXXX', "
                      "'timestampNTZFormat', 'yyyy-MM-dd\\'T\\'HH:mm:ss.SSSSSS'");
    ldbx_buf_str(sql, with_nulls ? ", 'ignoreNullFields', 'false'))" : "))");
}

static bool holds(const char *sql_type, const char *word)
{
    for (const char *at = sql_type; *at != '\0'; at++)
        if (strncasecmp(at, word, strlen(word)) == 0)
            return true;
    return false;
}

/* Columns whose text on the wire is no JSON, or cannot be told apart. */
static bool is_read_as_json(const ldbx_snapshot *snapshot, size_t column)
{
    ldbx_type type = ldbx_type_from_sql(ldbx_view_of(snapshot->sql_types[column]));

    return snapshot->nested_as_json &&
           (type == LDBX_TYPE_ARRAY || type == LDBX_TYPE_MAP || type == LDBX_TYPE_STRUCT || type == LDBX_TYPE_VARIANT);
}

/* xxhash64 refuses MAP and VARIANT, at any depth; those columns are hashed as JSON. A type may be told without its depths. */
static void write_hash(const ldbx_snapshot *snapshot, ldbx_buf *sql)
{
    ldbx_buf_str(sql, "xxhash64(");
    for (size_t i = 0; i < snapshot->column_count; i++) {
        bool as_json = holds(snapshot->sql_types[i], "MAP<") || holds(snapshot->sql_types[i], "VARIANT") ||
                       strcasecmp(snapshot->sql_types[i], "MAP") == 0 || is_read_as_json(snapshot, i);
        ldbx_buf_str(sql, i > 0 ? ", " : "");
        if (as_json)
            ldbx_buf_str(sql, "to_json(struct(");
        ldbx_sql_identifier(sql, snapshot->columns[i]);
        if (as_json) {
            ldbx_buf_str(sql, ")");
            write_json_options(sql, false);
        }
    }
    ldbx_buf_str(sql, ")");
}

int ldbx_snapshot_create_view(const ldbx_snapshot *snapshot, ldbx_error **error)
{
    int status;
    ldbx_query query = {0};
    ldbx_buf sql;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_buf_str(&sql, "CREATE OR REPLACE TEMPORARY VIEW ");
    ldbx_sql_identifier(&sql, snapshot->view);
    ldbx_buf_str(&sql, " AS SELECT *, row_number() OVER (PARTITION BY ");
    write_ts(snapshot, &sql);
    ldbx_buf_str(&sql, " ORDER BY ");
    write_hash(snapshot, &sql);
    ldbx_buf_str(&sql, ", to_json(struct(*)");
    write_json_options(&sql, false);
    ldbx_buf_str(&sql, ") AS ");
    ldbx_sql_identifier(&sql, snapshot->order_column);
    ldbx_buf_str(&sql, " FROM ");
    ldbx_snapshot_write_source(snapshot, &sql);
    ldbx_buf_str(&sql, " WHERE ");
    ldbx_snapshot_write_condition(snapshot, &sql);
    LDBX_GO(ldbx_query_open(snapshot->connection, &sql, &snapshot->statement, &query, error));
out:
    ldbx_query_close(&query);
    ldbx_buf_clear(&sql);
    return status;
}

/*
 * The lower bound stands twice: as a plain comparison on the timestamp, which the engine pushes through the
 * window into the file scan, and with the order, which cuts exactly.
 */
static void write_after(const ldbx_snapshot *snapshot, const ldbx_key *after, ldbx_buf *sql)
{
    write_comparison(snapshot, ">=", after->us, sql);
    ldbx_buf_str(sql, " AND (");
    write_comparison(snapshot, ">", after->us, sql);
    ldbx_buf_str(sql, " OR ");
    ldbx_sql_identifier(sql, snapshot->order_column);
    ldbx_buf_printf(sql, " > %lld)", (long long)after->order);
}

static void write_selection(const ldbx_snapshot *snapshot, ldbx_buf *sql)
{
    if (!snapshot->nested_as_json) {
        ldbx_buf_byte(sql, '*');
        return;
    }
    for (size_t i = 0; i < snapshot->column_count; i++) {
        bool as_json = is_read_as_json(snapshot, i);
        ldbx_buf_str(sql, as_json ? "to_json(" : "");
        ldbx_sql_identifier(sql, snapshot->columns[i]);
        if (as_json) {
            write_json_options(sql, true);
            ldbx_buf_str(sql, " AS ");
            ldbx_sql_identifier(sql, snapshot->columns[i]);
        }
        ldbx_buf_str(sql, ", ");
    }
    ldbx_sql_identifier(sql, snapshot->order_column);
}

void ldbx_snapshot_write_read(const ldbx_snapshot *snapshot, const ldbx_key *after, const ldbx_bound *upto,
                              int64_t limit, ldbx_buf *sql)
{
    const char *word = " WHERE ";

    ldbx_buf_str(sql, "SELECT ");
    write_selection(snapshot, sql);
    ldbx_buf_str(sql, " FROM ");
    ldbx_sql_identifier(sql, snapshot->view);
    if (after->set) {
        ldbx_buf_str(sql, word);
        write_after(snapshot, after, sql);
        word = " AND ";
    }
    if (upto->set) {
        ldbx_buf_str(sql, word);
        write_comparison(snapshot, "<=", upto->us, sql);
    }
    ldbx_buf_str(sql, " ORDER BY ");
    write_ts(snapshot, sql);
    ldbx_buf_str(sql, ", ");
    ldbx_sql_identifier(sql, snapshot->order_column);
    if (limit > 0)
        ldbx_buf_printf(sql, " LIMIT %lld", (long long)limit);
}
