#include "load/target.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "client/describe.h"
#include "client/server_error.h"
#include "client/sql.h"

void ldbx_target_name(const ldbx_manifest *manifest, ldbx_buf *out)
{
    ldbx_sql_name(out, manifest->catalog, manifest->database, manifest->table);
}

/* Each look is a step that may be done again: its context. */
typedef struct look {
    const ldbx_manifest *manifest;
    ldbx_target target;
    ldbx_version version;
} look;

/* Empty where there is no such column. */
static ldbx_view find_detail(ldbx_result *result, const ldbx_batch *row, const char *name)
{
    for (size_t i = 0; i < ldbx_result_column_count(result); i++)
        if (ldbx_str_ieq(ldbx_result_column(result, i)->name, name))
            return ldbx_batch_bytes(row, 0, i);
    return (ldbx_view){"", 0};
}

static int take_detail(ldbx_result *result, const ldbx_batch *row, ldbx_target *out, ldbx_error **error)
{
    const ldbx_view format = find_detail(result, row, "format");
    const ldbx_view id = find_detail(result, row, "id");

    if (!ldbx_view_ieq(format, "delta"))
        return ldbx_fail(error, LDBX_INVALID_DATA,
                         "it is a table of format '%.*s', and COPY INTO loads Delta tables only",
                         (int)(format.size < 100 ? format.size : 100), format.size > 0 ? format.data : "");
    if (id.size > 0 && id.size < sizeof out->id && ldbx_utf8_valid(id))
        snprintf(out->id, sizeof out->id, "%.*s", (int)id.size, id.data);
    return LDBX_OK;
}

/* A view has no detail, and the server says so. */
int ldbx_target_ask(ldbx_loader *loader, const ldbx_manifest *manifest, ldbx_target *out, ldbx_error **error)
{
    ldbx_error *failure = NULL;
    ldbx_query query = {0};
    const ldbx_batch *row = NULL;
    ldbx_buf sql;
    int status;

    *out = (ldbx_target){.is_there = true};
    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_buf_str(&sql, "DESCRIBE DETAIL ");
    ldbx_target_name(manifest, &sql);
    LDBX_GO(ldbx_query_row(loader->connection, &sql, &loader->statement, &query, &row, &failure));
    status = take_detail(query.result, row, out, &failure);
out:
    if (status == LDBX_NOT_FOUND && strcmp(ldbx_error_sqlstate(failure), "42P01") == 0) {
        out->is_there = false;
        status = LDBX_OK;
    } else if (status == LDBX_NOT_FOUND && ldbx_error_sqlstate(failure)[0] == '\0') {
        status = ldbx_fail_no_memory(&failure); /* what was not found: its error found no room */
    }
    if (status != LDBX_OK)
        ldbx_error_move(error, &failure);
    ldbx_error_destroy(failure);
    ldbx_query_close(&query);
    ldbx_buf_clear(&sql);
    return status;
}

static const ldbx_described *find_column(const ldbx_description *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (ldbx_str_ieq(table->columns[i].name, name))
            return &table->columns[i];
    return NULL;
}

static bool is_loaded(const ldbx_manifest *manifest, ldbx_view name)
{
    for (size_t i = 0; i < manifest->column_count; i++)
        if (ldbx_view_ieq(name, manifest->columns[i].name))
            return true;
    return false;
}

static int check_columns(const ldbx_manifest *manifest, const ldbx_description *table, ldbx_error **error)
{
    for (size_t i = 0; i < manifest->column_count; i++) {
        const ldbx_load_column *ours = &manifest->columns[i];
        const ldbx_described *theirs = find_column(table, ours->name);
        if (theirs == NULL)
            return ldbx_fail(error, LDBX_INVALID_DATA, "it has no column '%s'", ours->name);
        if (!ldbx_str_ieq(theirs->sql_type, ours->type))
            return ldbx_fail(error, LDBX_INVALID_DATA, "its column '%s' is %s, and the load has %s", ours->name,
                             theirs->sql_type, ours->type);
    }
    return LDBX_OK;
}

static void write_required(const ldbx_manifest *manifest, ldbx_buf *sql)
{
    ldbx_buf_str(sql, "SELECT column_name FROM ");
    ldbx_sql_name(sql, manifest->catalog, "information_schema", "columns");
    ldbx_buf_str(sql, " WHERE is_nullable = 'NO' AND table_schema = lower(");
    ldbx_sql_string(sql, ldbx_view_of(manifest->database));
    ldbx_buf_str(sql, ") AND table_name = lower(");
    ldbx_sql_string(sql, ldbx_view_of(manifest->table));
    ldbx_buf_str(sql, ")");
}

static int find_required(const ldbx_manifest *manifest, ldbx_result *columns, ldbx_error **error)
{
    const ldbx_batch *rows;
    int status;

    while ((status = ldbx_result_next(columns, &rows, error)) == LDBX_OK)
        for (int64_t row = 0; row < ldbx_batch_rows(rows); row++) {
            const ldbx_view name = ldbx_batch_bytes(rows, row, 0);
            if (!is_loaded(manifest, name))
                return ldbx_fail(error, LDBX_INVALID_DATA,
                                 "its column '%.*s' is NOT NULL, and the load does not have it",
                                 (int)(name.size < 255 ? name.size : 255), name.size > 0 ? name.data : "");
        }
    return status == LDBX_DONE ? LDBX_OK : status;
}

/* What a result tells of its columns says nothing of NOT NULL. Where there is no information_schema, COPY INTO will find out. */
static int check_required(ldbx_loader *loader, const ldbx_manifest *manifest, ldbx_error **error)
{
    ldbx_error *refusal = NULL;
    ldbx_query query = {0};
    ldbx_buf sql;
    int status;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    write_required(manifest, &sql);
    status = ldbx_query_open(loader->connection, &sql, &loader->statement, &query, &refusal);
    if (ldbx_is_refusal(status, refusal))
        status = LDBX_OK;
    else if (status == LDBX_OK)
        status = find_required(manifest, query.result, &refusal);
    if (status != LDBX_OK)
        ldbx_error_move(error, &refusal);
    ldbx_error_destroy(refusal);
    ldbx_query_close(&query);
    ldbx_buf_clear(&sql);
    return status;
}

static int look_once(ldbx_loader *loader, void *context, ldbx_error **error)
{
    look *work = context;
    ldbx_description table = {0};
    ldbx_buf name;
    int status;

    ldbx_buf_init(&name, LDBX_MAX_SQL);
    LDBX_GO(ldbx_target_ask(loader, work->manifest, &work->target, error));
    if (!work->target.is_there || work->manifest->schema == LDBX_SCHEMA_INFERRED)
        goto out;
    ldbx_target_name(work->manifest, &name);
    if (name.failed)
        LDBX_GO(ldbx_fail_no_memory(error));
    LDBX_GO(ldbx_describe(loader->connection, ldbx_buf_get(&name), &loader->statement, &table, error));
    LDBX_GO(check_columns(work->manifest, &table, error));
    if (table.count > work->manifest->column_count)
        LDBX_GO(check_required(loader, work->manifest, error));
out:
    ldbx_description_clear(&table);
    ldbx_buf_clear(&name);
    return status;
}

/* An error about the table names it. */
static int about_table(const ldbx_manifest *manifest, int status, ldbx_error **error)
{
    ldbx_buf name;

    if (status != LDBX_INVALID_DATA && status != LDBX_SERVER && status != LDBX_UNSUPPORTED)
        return status;
    ldbx_buf_init(&name, LDBX_MAX_ERROR);
    ldbx_target_name(manifest, &name);
    if (ldbx_buf_cstr(&name) != NULL)
        ldbx_error_prefix(error, "table %s", ldbx_buf_cstr(&name));
    ldbx_buf_clear(&name);
    return status;
}

int ldbx_target_look(ldbx_loader *loader, const ldbx_manifest *manifest, ldbx_target *out, ldbx_error **error)
{
    look work = {.manifest = manifest};
    int status = ldbx_load_patiently(loader, look_once, &work, error);

    *out = work.target;
    return about_table(manifest, status, error);
}

/* Without columns it is a place for what COPY INTO will infer; where there is nothing to infer from, all are STRING. */
static void write_create(const ldbx_manifest *manifest, ldbx_buf *sql)
{
    const bool declared = manifest->schema == LDBX_SCHEMA_DECLARED;
    const bool has_columns = declared || manifest->part_count == 0;

    ldbx_buf_str(sql, "CREATE TABLE IF NOT EXISTS ");
    ldbx_target_name(manifest, sql);
    for (size_t i = 0; has_columns && i < manifest->column_count; i++) {
        ldbx_buf_str(sql, i == 0 ? " (" : ", ");
        ldbx_sql_identifier(sql, manifest->columns[i].name);
        ldbx_buf_printf(sql, " %s", declared ? manifest->columns[i].type : "STRING");
    }
    if (has_columns)
        ldbx_buf_str(sql, ")");
    ldbx_buf_str(sql, " USING DELTA");
}

static int create_once(ldbx_loader *loader, void *context, ldbx_error **error)
{
    const look *work = context;
    ldbx_query query = {0};
    ldbx_buf sql;
    int status;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    write_create(work->manifest, &sql);
    status = ldbx_load_execute(loader, "CREATE TABLE", &sql, NULL, 0, &query, error);
    ldbx_query_close(&query);
    ldbx_buf_clear(&sql);
    return status;
}

int ldbx_target_create(ldbx_loader *loader, const ldbx_manifest *manifest, ldbx_error **error)
{
    look work = {.manifest = manifest};

    return about_table(manifest, ldbx_load_patiently(loader, create_once, &work, error), error);
}

/* The list of the table alone: what is wanted is whether there is somewhere to list. */
static int ask_schema(ldbx_loader *loader, void *context, ldbx_error **error)
{
    const look *work = context;
    ldbx_query query = {0};
    ldbx_buf sql;
    int status;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_buf_str(&sql, "SHOW TABLES IN ");
    ldbx_sql_name(&sql, work->manifest->catalog, work->manifest->database, NULL);
    ldbx_buf_str(&sql, " LIKE ");
    ldbx_sql_string(&sql, ldbx_view_of(work->manifest->table));
    status = ldbx_query_open(loader->connection, &sql, &loader->statement, &query, error);
    ldbx_query_close(&query);
    ldbx_buf_clear(&sql);
    return status;
}

int ldbx_target_check_schema(ldbx_loader *loader, const ldbx_manifest *manifest, ldbx_error **error)
{
    look work = {.manifest = manifest};
    int status = ldbx_load_patiently(loader, ask_schema, &work, error);

    if (status == LDBX_NOT_FOUND)
        ldbx_error_prefix(error, "schema %s.%s", manifest->catalog, manifest->database);
    return status;
}

static int ask_version(ldbx_loader *loader, void *context, ldbx_error **error)
{
    look *work = context;
    const ldbx_manifest *manifest = work->manifest;
    ldbx_history history;
    int status = ldbx_history_open(loader->connection, manifest->catalog, manifest->database, manifest->table,
                                   &loader->statement, &history, error);

    if (status == LDBX_OK)
        status = ldbx_history_find(&history, -1, &work->version, error);
    if (status == LDBX_OK && work->version.number < 0)
        status = ldbx_fail(error, LDBX_INVALID_DATA, "its history is empty");
    ldbx_history_close(&history);
    return status;
}

int ldbx_target_version(ldbx_loader *loader, const ldbx_manifest *manifest, ldbx_version *out, ldbx_error **error)
{
    look work = {.manifest = manifest};
    int status = ldbx_load_patiently(loader, ask_version, &work, error);

    *out = work.version;
    return about_table(manifest, status, error);
}
