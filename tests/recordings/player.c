/*
 * Runs statements through the public headers alone, as any host would, and writes all that came back: a JSON object for each step, each row as a line in
 * canonical form and once more as the library writes it in JSON. What to run stands on standard input:
 *
 *   {"settings": {"host": ..., "http_path": ..., ...},
 *    "statements": [{"sql": ..., "parameters": [[name or null, type, value or null], ...], "timeout_s": 0, "repeatable": false, "cancel_after": polls, "wide": false}]}
 *
 * Every cell is also asked for through the typed getters, which must agree with the Arrow data.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <lytics_dbx/lytics_dbx.h>

#include <cjson/cJSON.h>

#include "canonical.h"

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

static int number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valueint : cJSON_IsTrue(item) != 0;
}

static ldbx_view view_of(const char *text)
{
    return (ldbx_view){text, text != NULL ? strlen(text) : 0};
}

static void put_text(const char *name, const char *text)
{
    printf(",\"%s\":", name);
    canonical_string(stdout, text, strlen(text));
}

static void begin_step(const char *step, int status)
{
    printf("{\"step\":\"%s\"", step);
    put_text("status", ldbx_status_name(status));
}

/* Ends a step, and the error with it. */
static void end_step(ldbx_error **error)
{
    if (*error != NULL) {
        put_text("message", ldbx_error_message(*error));
        put_text("sqlstate", ldbx_error_sqlstate(*error));
        put_text("class", ldbx_error_class(*error));
        put_text("statement_id", ldbx_error_statement_id(*error));
        printf(",\"http_status\":%d,\"retry\":%d", ldbx_error_http_status(*error), (int)ldbx_error_retry(*error));
        ldbx_error_destroy(*error);
        *error = NULL;
    }
    puts("}");
}

static void put_arrow(const struct ArrowSchema *field)
{
    printf("{\"nullable\":%s", field->flags & ARROW_FLAG_NULLABLE ? "true" : "false");
    put_text("name", field->name != NULL ? field->name : "");
    put_text("format", field->format);
    printf(",\"children\":[");
    for (int64_t i = 0; i < field->n_children; i++) {
        fputs(i > 0 ? "," : "", stdout);
        put_arrow(field->children[i]);
    }
    printf("]}");
}

static void put_columns(const ldbx_result *result)
{
    const struct ArrowSchema *schema = ldbx_result_schema(result);
    printf(",\"modified_rows\":%" PRId64, ldbx_result_modified_rows(result));
    put_text("statement_id", ldbx_result_statement_id(result));
    printf(",\"columns\":[");
    for (size_t i = 0; i < ldbx_result_column_count(result); i++) {
        const ldbx_column *column = ldbx_result_column(result, i);
        printf("%s{\"type\":%d", i > 0 ? "," : "", (int)column->type);
        put_text("name", column->name);
        put_text("sql_type", column->sql_type);
        printf(",\"arrow\":");
        put_arrow(schema->children[i]);
        putchar('}');
    }
    putchar(']');
}

static int64_t arrow_integer(const char *format, const struct ArrowArray *array, int64_t at)
{
    const void *values = array->buffers[1];
    switch (format[0]) {
    case 'b':
        return ((const uint8_t *)values)[at / 8] >> (at % 8) & 1;
    case 'c':
        return ((const int8_t *)values)[at];
    case 's':
        return ((const int16_t *)values)[at];
    case 'i':
        return ((const int32_t *)values)[at];
    default:
        return ((const int64_t *)values)[at];
    }
}

static double arrow_real(const char *format, const struct ArrowArray *array, int64_t at)
{
    return format[0] == 'f' ? (double)((const float *)array->buffers[1])[at] : ((const double *)array->buffers[1])[at];
}

static bool same_bytes(const struct ArrowArray *array, int64_t at, ldbx_view got)
{
    const int32_t *offsets = array->buffers[1];
    const size_t size = (size_t)(offsets[at + 1] - offsets[at]);
    return got.size == size &&
           (size == 0 || memcmp(got.data, (const char *)array->buffers[2] + offsets[at], size) == 0);
}

/* Whether the getter for this type gives what the Arrow data has. */
static bool getters_agree(const ldbx_batch *batch, const struct ArrowSchema *schema, int64_t row, size_t column)
{
    const struct ArrowArray *all = ldbx_batch_arrow(batch);
    const struct ArrowArray *array = all->children[column];
    const char *format = schema->children[column]->format;
    const int64_t at = row + all->offset + array->offset;
    int64_t us = 0;
    double real;
    if (canonical_is_null(schema->children[column], array, row + all->offset))
        return ldbx_batch_is_null(batch, row, column) && ldbx_batch_bytes(batch, row, column).data == NULL;
    if (ldbx_batch_is_null(batch, row, column))
        return false;
    if (strlen(format) == 1 && strchr("bcsil", format[0]) != NULL)
        return ldbx_batch_int64(batch, row, column) == arrow_integer(format, array, at);
    if (strcmp(format, "f") == 0 || strcmp(format, "g") == 0) {
        real = ldbx_batch_double(batch, row, column);
        return memcmp(&real, &(double){arrow_real(format, array, at)}, sizeof real) == 0 || real != real;
    }
    if (strcmp(format, "u") == 0 || strcmp(format, "z") == 0)
        return same_bytes(array, at, ldbx_batch_bytes(batch, row, column));
    if (strncmp(format, "tsu:", 4) == 0)
        return ldbx_batch_timestamp_us(batch, row, column, &us) && us == ((const int64_t *)array->buffers[1])[at];
    if (strcmp(format, "tdD") == 0)
        return ldbx_batch_timestamp_us(batch, row, column, &us) &&
               us == ((const int32_t *)array->buffers[1])[at] * INT64_C(86400000000);
    return true;
}

static bool all_getters_agree(const ldbx_batch *batch, const struct ArrowSchema *schema, int64_t row)
{
    for (size_t i = 0; i < (size_t)schema->n_children; i++)
        if (!getters_agree(batch, schema, row, i))
            return false;
    return true;
}

/* What ldbx_batch_json makes of the batch, each line behind an equals sign. */
static int put_json(const ldbx_batch *batch, ldbx_error **error)
{
    ldbx_view json;
    const int status = ldbx_batch_json(batch, &json, error);
    while (json.size > 0) {
        const char *end = memchr(json.data, '\n', json.size);
        const size_t size = end != NULL ? (size_t)(end - json.data) + 1 : json.size;
        putchar('=');
        fwrite(json.data, 1, size, stdout);
        json.data += size;
        json.size -= size;
    }
    return status;
}

static int put_batch(const ldbx_batch *batch, const struct ArrowSchema *schema, bool wide, ldbx_error **error)
{
    for (int64_t row = 0; row < ldbx_batch_rows(batch); row++) {
        canonical_row(stdout, schema, ldbx_batch_arrow(batch), row, wide);
        if (!all_getters_agree(batch, schema, row)) {
            fprintf(stderr, "row %" PRId64 ": a getter differs from the Arrow data\n", row);
            exit(1);
        }
    }
    return put_json(batch, error);
}

static void put_rows(ldbx_result *result, bool wide)
{
    const ldbx_batch *batch = NULL;
    ldbx_error *error = NULL;
    int64_t counts[1000];
    size_t batches = 0;
    int status;
    while ((status = ldbx_result_next(result, &batch, &error)) == LDBX_OK) {
        if (batches < sizeof counts / sizeof counts[0])
            counts[batches++] = ldbx_batch_rows(batch);
        status = put_batch(batch, ldbx_result_schema(result), wide, &error);
        if (status != LDBX_OK)
            break;
    }
    begin_step("end", status);
    printf(",\"batches\":[");
    for (size_t i = 0; i < batches; i++)
        printf("%s%" PRId64, i > 0 ? "," : "", counts[i]);
    putchar(']');
    end_step(&error);
}

/* Counts progress reports, of which there is one for every question whether the statement has finished. */
static int count_down(const ldbx_progress *progress, void *user)
{
    (void)progress;
    return --*(int *)user == 0;
}

static int bind_all(ldbx_statement *statement, const cJSON *parameters, ldbx_error **error)
{
    const cJSON *parameter = NULL;
    cJSON_ArrayForEach(parameter, parameters)
    {
        const int status = ldbx_statement_bind(statement, cJSON_GetArrayItem(parameter, 0)->valuestring,
                                               cJSON_GetArrayItem(parameter, 1)->valuestring,
                                               view_of(cJSON_GetArrayItem(parameter, 2)->valuestring), error);
        if (status != LDBX_OK)
            return status;
    }
    return LDBX_OK;
}

static void run_statement(ldbx_connection *connection, const cJSON *wanted)
{
    ldbx_statement *statement = NULL;
    ldbx_result *result = NULL;
    ldbx_error *error = NULL;
    ldbx_statement_options options;
    int polls = number_of(wanted, "cancel_after");
    int status;
    ldbx_statement_options_init(&options, sizeof options);
    options.query_timeout_s = number_of(wanted, "timeout_s");
    options.repeatable = number_of(wanted, "repeatable");
    if (polls > 0)
        options.progress = count_down, options.user = &polls;
    status = ldbx_statement_new(connection, view_of(text_of(wanted, "sql")), &options, &statement, &error);
    if (status == LDBX_OK)
        status = bind_all(statement, cJSON_GetObjectItemCaseSensitive(wanted, "parameters"), &error);
    if (status == LDBX_OK)
        status = ldbx_statement_execute(statement, &result, &error);
    begin_step("execute", status);
    if (status == LDBX_OK)
        put_columns(result);
    end_step(&error);
    if (status == LDBX_OK)
        put_rows(result, number_of(wanted, "wide") != 0);
    ldbx_result_destroy(result);
    ldbx_statement_destroy(statement);
}

static int configure(const cJSON *settings, ldbx_config **config, ldbx_error **error)
{
    const cJSON *setting = NULL;
    int status = ldbx_config_new(config, error);
    cJSON_ArrayForEach(setting, settings)
    {
        if (status == LDBX_OK)
            status = ldbx_config_set(*config, setting->string, setting->valuestring, error);
    }
    return status;
}

static void play(const cJSON *script)
{
    ldbx_config *config = NULL;
    ldbx_connection *connection = NULL;
    ldbx_error *error = NULL;
    const cJSON *statement = NULL;
    int status = configure(cJSON_GetObjectItemCaseSensitive(script, "settings"), &config, &error);
    if (status == LDBX_OK)
        status = ldbx_connection_open(config, NULL, &connection, &error);
    begin_step("open", status);
    if (status == LDBX_OK) {
        printf(",\"protocol\":%d", ldbx_connection_protocol(connection));
        put_text("session_id", ldbx_connection_session_id(connection));
    }
    end_step(&error);
    if (status == LDBX_OK)
        cJSON_ArrayForEach(statement, cJSON_GetObjectItemCaseSensitive(script, "statements"))
            run_statement(connection, statement);
    ldbx_connection_destroy(connection);
    ldbx_config_destroy(config);
}

int main(void)
{
    static char text[1 << 20];
    const size_t size = fread(text, 1, sizeof text - 1, stdin);
    cJSON *script = cJSON_ParseWithLength(text, size);
    if (script == NULL) {
        fputs("standard input is no JSON, or too long\n", stderr);
        return 2;
    }
    play(script);
    cJSON_Delete(script);
    return 0;
}
