#include "flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "net/transport.h"

ldbx_error *error;
ldbx_connection *connection;

ldbx_config *flow_config(void)
{
    ldbx_config *config = NULL;

    expect_ok(ldbx_config_new(&config, &error), error);
    expect_ok(ldbx_config_load_env(config, &error), error);
    return config;
}

void flow_open(const ldbx_connection_options *options)
{
    ldbx_config *config = flow_config();

    expect_ok(ldbx_config_set(config, "page_rows", "5000", &error), error);
    expect_ok(ldbx_connection_open(config, options, &connection, &error), error);
    ldbx_config_destroy(config);
}

void flow_close(void)
{
    ldbx_error_destroy(error);
    ldbx_connection_destroy(connection);
    error = NULL;
    connection = NULL;
}

static void control(const char *method, const char *path, const char *body, ldbx_http_response *response)
{
    const ldbx_transport_settings settings = {.user_agent = "test/1", .connect_timeout_ms = 20000};
    ldbx_transport *transport = NULL;
    ldbx_reach reach;
    char url[256];
    ldbx_http_request request = {.method = method, .url = url, .body = ldbx_view_of(body), .timeout_ms = 60000};

    snprintf(url, sizeof url, "%s/control/%s", getenv("DATABRICKS_HOST"), path);
    expect_ok(ldbx_transport_new(&settings, &transport, &error), error);
    expect_ok(ldbx_transport_exchange(transport, &request, response, &reach, &error), error);
    ck_assert_msg(response->status == 200, "%s %s: %d %.*s", method, path, response->status, (int)response->body.size,
                  (const char *)response->body.data);
    ldbx_transport_destroy(transport);
}

static void command(const char *method, const char *path, const char *body)
{
    ldbx_http_response response;

    ldbx_http_response_init(&response, 1 << 20);
    control(method, path, body, &response);
    ldbx_http_response_clear(&response);
}

void flow_faults(const char *rules)
{
    ldbx_buf body;

    ldbx_buf_init(&body, 1 << 20);
    ldbx_buf_printf(&body, "{\"rules\": %s}", rules != NULL ? rules : "[]");
    command("POST", "faults", ldbx_buf_cstr(&body));
    ldbx_buf_clear(&body);
}

void flow_cut_history(const char *table)
{
    char path[100];

    snprintf(path, sizeof path, "cut_history?table=%s", table);
    command("POST", path, "");
}

void flow_forget_calls(void)
{
    command("DELETE", "log", "");
}

static cJSON *read_log(void)
{
    ldbx_http_response response;
    cJSON *log = NULL;

    ldbx_http_response_init(&response, 64 << 20);
    control("GET", "log", "", &response);
    expect_ok(ldbx_json_parse(ldbx_buf_get(&response.body), &log, &error), error);
    ldbx_http_response_clear(&response);
    return log;
}

int flow_struck(void)
{
    cJSON *log = read_log();
    int count = 0;

    for (const cJSON *call = ldbx_json_get(log, "calls")->child; call != NULL; call = call->next)
        count += cJSON_IsString(ldbx_json_get(call, "fault"));
    cJSON_Delete(log);
    return count;
}

char *flow_log(void)
{
    cJSON *log = read_log();
    char *names = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&names, &size);

    for (const cJSON *call = ldbx_json_get(log, "calls")->child; call != NULL; call = call->next)
        fprintf(out, "%s ", ldbx_json_text(call, "rpc", "?"));
    fclose(out);
    cJSON_Delete(log);
    return names;
}

int flow_calls(const char *rpc)
{
    char *log = flow_log();
    int count = 0;

    for (char *name = strtok(log, " "); name != NULL; name = strtok(NULL, " "))
        count += strcmp(name, rpc) == 0;
    free(log);
    return count;
}

int64_t flow_sum(const char *sql, int prefetch)
{
    ldbx_statement_options options;
    ldbx_statement *statement = NULL;
    ldbx_result *result = NULL;
    const ldbx_batch *batch;
    int64_t sum = 0;
    int status;

    ldbx_statement_options_init(&options, sizeof options);
    options.prefetch = prefetch;
    expect_ok(ldbx_statement_new(connection, ldbx_view_of(sql), &options, &statement, &error), error);
    expect_ok(ldbx_statement_execute(statement, &result, &error), error);
    while ((status = ldbx_result_next(result, &batch, &error)) == LDBX_OK)
        for (int64_t row = 0; row < ldbx_batch_rows(batch); row++)
            sum += ldbx_batch_int64(batch, row, 0);
    expect_status(status, LDBX_DONE, error);
    ldbx_result_destroy(result);
    ldbx_statement_destroy(statement);
    return sum;
}

void flow_start(void)
{
    flow_faults(NULL);
    flow_forget_calls();
}

void flow_stop(void)
{
    ldbx_clock_skip_sleeps(false);
    flow_close();
    flow_faults(NULL);
}
