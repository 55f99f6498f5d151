#include "load/copy_into.h"

#include "base/error.h"
#include "base/str.h"
#include "client/sql.h"
#include "stage/each.h"

static const char *const secret_names[] = {"AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN"};

size_t ldbx_access_secrets(const ldbx_access *access, const char *out[3])
{
    size_t count = 0;

    if (access->kind != LDBX_ACCESS_INLINE)
        return 0;
    out[count++] = access->access_key_id;
    out[count++] = access->secret_access_key;
    if (access->session_token != NULL)
        out[count++] = access->session_token;
    return count;
}

static void write_access(const ldbx_access *access, ldbx_buf *sql)
{
    const char *secrets[3];
    const size_t count = ldbx_access_secrets(access, secrets);

    if (access->kind == LDBX_ACCESS_NAMED) {
        ldbx_buf_str(sql, " WITH (CREDENTIAL ");
        ldbx_sql_identifier(sql, access->credential);
        ldbx_buf_str(sql, ")");
    }
    for (size_t i = 0; i < count; i++) {
        ldbx_buf_str(sql, i == 0 ? " WITH (CREDENTIAL (" : ", ");
        ldbx_buf_printf(sql, "%s = ", secret_names[i]);
        ldbx_buf_byte(sql, '\0');
    }
    if (count > 0)
        ldbx_buf_str(sql, "))");
}

/* The address is raw: percent-encoding belongs to requests alone. */
static void write_source(const ldbx_manifest *manifest, const char *job, const ldbx_access *access, ldbx_buf *sql)
{
    ldbx_buf url;

    ldbx_buf_init(&url, LDBX_MAX_SQL);
    ldbx_buf_printf(&url, "%s/%s/%s/", manifest->url, job, manifest->attempt.run);
    sql->failed |= url.failed;
    ldbx_sql_string(sql, ldbx_buf_get(&url));
    ldbx_buf_clear(&url);
    write_access(access, sql);
}

/* Never a name that somebody else could have put there: all files of the attempt are the load's. */
static void write_files(const ldbx_manifest *manifest, const ldbx_load_group *group, ldbx_buf *sql)
{
    char name[LDBX_STAGED_SIZE];

    if (group->files > LDBX_GROUP_FILES) {
        ldbx_buf_printf(sql, " PATTERN = '%lld-*'", (long long)manifest->attempt.number);
        return;
    }
    ldbx_buf_str(sql, " FILES = (");
    for (int64_t i = 0; i < group->files; i++) {
        ldbx_staged_file(&manifest->attempt, group->first + i + 1, name);
        ldbx_buf_printf(sql, "%s'%s'", i > 0 ? ", " : "", name);
    }
    ldbx_buf_str(sql, ")");
}

static void write_options(const ldbx_manifest *manifest, ldbx_buf *sql)
{
    const bool inferred = manifest->schema == LDBX_SCHEMA_INFERRED;

    ldbx_buf_str(sql, " FORMAT_OPTIONS (");
    ldbx_csv_reader_options(manifest->null_value, sql);
    ldbx_buf_str(sql, inferred
                          ? ", 'inferSchema' = 'true', 'mergeSchema' = 'true') COPY_OPTIONS ('mergeSchema' = 'true')"
                          : ")");
}

void ldbx_copy_into_write(const ldbx_manifest *manifest, const char *job, const ldbx_load_group *group,
                          ldbx_view select, const ldbx_access *access, ldbx_buf *sql)
{
    const bool inferred = manifest->schema == LDBX_SCHEMA_INFERRED;

    ldbx_buf_str(sql, "COPY INTO ");
    ldbx_sql_name(sql, manifest->catalog, manifest->database, manifest->table);
    ldbx_buf_str(sql, " FROM ");
    if (!inferred) {
        ldbx_buf_str(sql, "(SELECT ");
        ldbx_buf_view(sql, select);
        ldbx_buf_str(sql, " FROM ");
    }
    write_source(manifest, job, access, sql);
    ldbx_buf_str(sql, inferred ? " FILEFORMAT = CSV" : ") FILEFORMAT = CSV");
    write_files(manifest, group, sql);
    write_options(manifest, sql);
}

static int write_select(const ldbx_manifest *manifest, ldbx_buf *out, ldbx_error **error)
{
    ldbx_csv *csv = NULL;

    LDBX_TRY(ldbx_manifest_csv(manifest, &csv, error));
    ldbx_csv_select(csv, out);
    ldbx_csv_destroy(csv);
    return out->failed ? ldbx_fail_no_memory(error) : LDBX_OK;
}

static int64_t inserted_rows(ldbx_result *result)
{
    const ldbx_batch *row;

    if (ldbx_result_next(result, &row, NULL) == LDBX_OK)
        for (size_t i = 0; i < ldbx_result_column_count(result); i++)
            if (ldbx_str_ieq(ldbx_result_column(result, i)->name, "num_inserted_rows") &&
                !ldbx_batch_is_null(row, 0, i))
                return ldbx_batch_int64(row, 0, i);
    return -1;
}

typedef struct copy {
    const ldbx_load_group *group;
    ldbx_view select;
    int64_t rows;
} copy;

/* A statement that ended in an error, or whose answer was lost, is sent again as it was, but for its keys. */
static int run_once(ldbx_loader *loader, void *context, ldbx_error **error)
{
    copy *work = context;
    ldbx_access access;
    const char *secrets[3];
    ldbx_query query = {0};
    ldbx_buf sql;
    int status;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    LDBX_GO(ldbx_stager_access(loader->stager, &access, error));
    ldbx_copy_into_write(&loader->document.load, loader->job, work->group, work->select, &access, &sql);
    loader->document.load.statements++;
    LDBX_GO(
        ldbx_load_execute(loader, "COPY INTO", &sql, secrets, ldbx_access_secrets(&access, secrets), &query, error));
    work->rows = inserted_rows(query.result);
out:
    ldbx_query_close(&query);
    ldbx_buf_clear(&sql);
    return status;
}

typedef struct check {
    ldbx_loader *loader;
    const ldbx_load_group *group;
} check;

static int check_file(int64_t index, void *user, ldbx_error **error)
{
    const check *work = user;
    const ldbx_manifest *load = &work->loader->document.load;
    const int64_t at = work->group->first + index;
    char name[LDBX_STAGED_SIZE];

    ldbx_staged_name(work->loader->job, &load->attempt, at + 1, name);
    return ldbx_stager_check(work->loader->stager, name, load->parts[at].bytes, load->parts[at].crc32,
                             work->loader->statement.cancel, error);
}

int ldbx_copy_into_check(ldbx_loader *loader, const ldbx_load_group *group, ldbx_error **error)
{
    check work = {loader, group};

    return ldbx_stager_each(loader->stager, group->files, check_file, &work, error);
}

int ldbx_copy_into_run(ldbx_loader *loader, const ldbx_load_group *group, int64_t *rows, ldbx_error **error)
{
    copy work = {.group = group, .rows = -1};
    ldbx_buf select;
    int status;

    ldbx_buf_init(&select, LDBX_MAX_SQL);
    LDBX_GO(write_select(&loader->document.load, &select, error));
    work.select = ldbx_buf_get(&select);
    LDBX_GO(ldbx_load_patiently(loader, run_once, &work, error));
    *rows = work.rows;
out:
    ldbx_buf_clear(&select);
    return status;
}
