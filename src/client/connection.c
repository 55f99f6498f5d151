#include "client/connection.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/str.h"
#include "client/query.h"
#include "client/server_error.h"

#define OLDEST_OPTIONS  sizeof(ldbx_connection_options)
#define LOST_SESSION_MS 1000 /* patience with the farewell to a session that seems to be gone */

void ldbx_connection_options_init(ldbx_connection_options *options, size_t size)
{
    ldbx_connection_options defaults = {.size = size};

    ldbx_options_default(options, size, &defaults, sizeof defaults);
}

/*
 * Both kinds of compute are told the same: UTC, so that text and literals mean one instant, and ANSI, so that
 * a bad cast is an error and not a silent NULL. Warehouses accept only the upper-case names, clusters know
 * the spark ones.
 */
static void describe_session(const ldbx_config *config, ldbx_tcli_pair pairs[3], ldbx_tcli_open *open)
{
    bool cluster = ldbx_view_starts(ldbx_view_of(config->http_path), "/sql/protocolv1/");
    const char *zone = cluster ? "spark.sql.session.timeZone" : "TIMEZONE";
    const char *ansi = cluster ? "spark.sql.ansi.enabled" : "ANSI_MODE";

    pairs[0] = (ldbx_tcli_pair){ldbx_view_of(zone), ldbx_view_of("UTC")};
    pairs[1] = (ldbx_tcli_pair){ldbx_view_of(ansi), ldbx_view_of("true")};
    /* Needed on old runtimes to get timestamps, not text, in Arrow; accepted everywhere. */
    pairs[2] =
        (ldbx_tcli_pair){ldbx_view_of("spark.thriftserver.arrowBasedRowSet.timestampAsString"), ldbx_view_of("false")};
    *open = (ldbx_tcli_open){pairs, 3, config->catalog, config->schema};
}

static int accept_session(ldbx_connection *connection, const ldbx_tcli_open_reply *reply, ldbx_error **error)
{
    LDBX_TRY(ldbx_check_status(&reply->status, "OpenSession", NULL, error));
    if (!reply->has_session)
        return ldbx_fail(error, LDBX_PROTOCOL, "OpenSession: the answer has no session");
    connection->session = reply->session;
    connection->session_open = true;
    connection->protocol = reply->protocol;
    ldbx_format_uuid(connection->session_id, reply->session.guid);
    LDBX_TRY(ldbx_dialect_find(reply->protocol, &connection->dialect, error));
    connection->has_session = true;
    ldbx_log(LDBX_LOG_INFO, "client", "session %s, protocol 0x%x", connection->session_id, (unsigned)reply->protocol);
    return LDBX_OK;
}

/* What OpenSession does not set where the dialect says so. A session without it is not used: its times and casts would mean something else. */
static int set_up_session(ldbx_connection *connection, ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_statement_options options;
    ldbx_buf sql;
    int status = LDBX_OK;

    ldbx_statement_options_init(&options, sizeof options);
    options.repeatable = 1;
    options.cancel = cancel;
    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    for (size_t i = 0; status == LDBX_OK && ldbx_dialect_opening(connection->dialect, connection->config, i, &sql); i++)
        status = sql.failed ? ldbx_fail_no_memory(error)
                            : ldbx_execute(connection, ldbx_buf_get(&sql), &options, NULL, error);
    ldbx_buf_clear(&sql);
    connection->has_session = status == LDBX_OK;
    return status;
}

int ldbx_connection_reopen(ldbx_connection *connection, ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_tcli_pair pairs[3];
    ldbx_tcli_open open;
    ldbx_tcli_open_reply reply;
    int32_t seqid;
    ldbx_buf *request;
    ldbx_call call = {.name = "OpenSession",
                      .idempotent = true, /* a session that nobody holds expires by itself */
                      .start_budget_ms = connection->config->start_timeout_ms,
                      .cancel = cancel != NULL ? cancel : connection->cancel,
                      .progress = connection->progress,
                      .user = connection->user};

    connection->has_session = false;
    ldbx_connection_close_session(connection, LOST_SESSION_MS);
    request = ldbx_channel_request(connection->channel, &seqid);
    describe_session(connection->config, pairs, &open);
    ldbx_tcli_write_open_session(request, seqid, &open);
    LDBX_TRY(ldbx_channel_call(connection->channel, &call, &connection->response, error));
    LDBX_TRY(ldbx_tcli_read_open_session(ldbx_buf_get(&connection->response.body), seqid, &reply, error));
    LDBX_TRY(accept_session(connection, &reply, error));
    return set_up_session(connection, cancel, error);
}

static int report_connect(const ldbx_connection *connection, ldbx_error **error)
{
    ldbx_progress progress = {.phase = LDBX_PHASE_CONNECT, .rows_total = -1, .attempt = 1};

    if (connection->progress == NULL || connection->progress(&progress, connection->user) == 0)
        return LDBX_OK;
    return ldbx_fail(error, LDBX_STOPPED, "stopped by the progress callback before connecting");
}

int ldbx_connection_open(const ldbx_config *config, const ldbx_connection_options *options, ldbx_connection **out,
                         ldbx_error **error)
{
    ldbx_connection_options ours;
    ldbx_connection *connection = NULL;
    int status;

    if (out != NULL)
        *out = NULL;
    if (out == NULL || config == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is NULL", out == NULL ? "out" : "config");
    ldbx_connection_options_init(&ours, sizeof ours);
    if (options != NULL)
        LDBX_TRY(ldbx_options_take(&ours, sizeof ours, OLDEST_OPTIONS, options, "ldbx_connection_options", error));
    LDBX_TRY(ldbx_config_validate(config, error));
    connection = ldbx_calloc(1, sizeof *connection);
    if (connection == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_http_response_init(&connection->response, LDBX_MAX_MESSAGE);
    connection->cancel = ours.cancel;
    connection->progress = ours.progress;
    connection->user = ours.user;
    LDBX_GO(ldbx_config_clone(config, &connection->config, error));
    LDBX_GO(ldbx_caller_oauth(connection->config, &connection->oauth, error));
    LDBX_GO(ldbx_channel_new(connection->config, connection->oauth, &connection->channel, error));
    LDBX_GO(report_connect(connection, error));
    LDBX_GO(ldbx_connection_reopen(connection, NULL, error));
    *out = connection;
    connection = NULL;
out:
    ldbx_connection_destroy(connection);
    return status;
}

static int verify_setting(ldbx_connection *connection, const ldbx_tcli_pair *setting,
                          const ldbx_statement_options *options, ldbx_error **error)
{
    ldbx_query query = {0};
    const ldbx_batch *row = NULL;
    ldbx_view value = {NULL, 0};
    ldbx_buf sql;
    int status;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_buf_str(&sql, "SET ");
    ldbx_buf_view(&sql, setting->key);
    LDBX_GO(ldbx_query_row(connection, &sql, options, &query, &row, error));
    if (ldbx_result_column_count(query.result) > 0) /* name and value */
        value = ldbx_batch_bytes(row, 0, ldbx_result_column_count(query.result) - 1);
    if (!ldbx_view_ieq(value, setting->value.data))
        status = ldbx_fail(error, LDBX_INVALID_DATA, "%s of the session is '%.*s' instead of '%s'", setting->key.data,
                           (int)(value.size < 100 ? value.size : 100), value.size > 0 ? value.data : "",
                           setting->value.data);
out:
    ldbx_query_close(&query);
    ldbx_buf_clear(&sql);
    return status;
}

int ldbx_connection_verify(ldbx_connection *connection, ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_tcli_pair pairs[3];
    ldbx_tcli_open open;
    ldbx_statement_options options;

    ldbx_statement_options_init(&options, sizeof options);
    options.repeatable = 1;
    options.prefetch = 0;
    options.cancel = cancel;
    describe_session(connection->config, pairs, &open);
    LDBX_TRY(verify_setting(connection, &pairs[0], &options, error));
    return verify_setting(connection, &pairs[1], &options, error);
}

void ldbx_connection_close_session(ldbx_connection *connection, int64_t patience_ms)
{
    int32_t seqid;
    ldbx_buf *request;
    ldbx_call call = {.name = "CloseSession", .in_session = true};
    int status;

    connection->has_session = false;
    if (!connection->session_open)
        return;
    call.deadline_ms = ldbx_deadline_in(patience_ms);
    request = ldbx_channel_request(connection->channel, &seqid);
    ldbx_tcli_write_close_session(request, seqid, &connection->session);
    status = ldbx_channel_call(connection->channel, &call, &connection->response, NULL);
    connection->session_open = status != LDBX_OK && status != LDBX_SESSION_LOST;
}

void ldbx_connection_destroy(ldbx_connection *connection)
{
    if (connection == NULL)
        return;
    ldbx_connection_close_session(connection, LDBX_GOODBYE_MS);
    ldbx_channel_destroy(connection->channel);
    ldbx_oauth_destroy(connection->oauth);
    ldbx_http_response_clear(&connection->response);
    ldbx_config_destroy(connection->config);
    ldbx_wipe(&connection->session, sizeof connection->session);
    ldbx_free(connection);
}

int ldbx_connection_ping(ldbx_connection *connection, ldbx_error **error)
{
    ldbx_statement_options options;

    ldbx_statement_options_init(&options, sizeof options);
    options.repeatable = 1;
    return ldbx_execute(connection, ldbx_view_of("SELECT 1"), &options, NULL, error);
}

int ldbx_connection_protocol(const ldbx_connection *connection)
{
    return connection->protocol;
}

const char *ldbx_connection_session_id(const ldbx_connection *connection)
{
    return connection->session_id;
}
