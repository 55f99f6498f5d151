#include "client/statement.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/str.h"
#include "client/result.h"
#include "client/server_error.h"
#include "client/sql.h"

#define OLDEST_OPTIONS     sizeof(ldbx_statement_options)
#define MAX_PARAMETERS     255
#define MAX_PARAMETER_TEXT ((size_t)1 << 20) /* of all values together: the server's limit */
#define FIRST_POLL_MS      50
#define LAST_POLL_MS       1000
#define TIMEOUT_GRACE_MS   2000 /* the server's own limit shall speak first */
#define DIRECT_ROWS        100000
#define REQUEST_AROUND     ((size_t)4096) /* bytes of an ExecuteStatement besides its text */

struct ldbx_statement {
    ldbx_connection *connection;
    ldbx_buf sql;
    ldbx_statement_options options;
    ldbx_tcli_parameter parameters[MAX_PARAMETERS];
    size_t parameter_count;
    size_t parameter_text;
    ldbx_secret secrets[2 * LDBX_STATEMENT_SECRETS]; /* each as it is, and as its literal */
    size_t secret_count;                             /* of both kinds together */
};

/* What is known of a statement while it is being run. */
typedef struct execution {
    ldbx_connection *connection;
    const ldbx_statement *statement;
    const ldbx_cancel *cancel;
    int64_t started_ms;
    int64_t deadline_ms;
    ldbx_page page; /* the answer to ExecuteStatement: its views serve reply */
    ldbx_tcli_execute_reply reply;
    ldbx_http_response late; /* the answer that carried metadata */
    ldbx_tcli_metadata late_metadata;
    ldbx_operation operation;
    int64_t modified_rows;
    bool accepted; /* an answer to ExecuteStatement came */
    bool finished; /* the server said that the statement was carried out */
    bool refused;  /* the server itself said that the statement failed: it changed nothing */
} execution;

void ldbx_statement_options_init(ldbx_statement_options *options, size_t size)
{
    ldbx_statement_options defaults = {.size = size, .prefetch = 1};

    ldbx_options_default(options, size, &defaults, sizeof defaults);
}

int ldbx_statement_new(ldbx_connection *connection, ldbx_view sql, const ldbx_statement_options *options,
                       ldbx_statement **out, ldbx_error **error)
{
    int status = LDBX_OK;
    ldbx_statement *statement = NULL;

    if (out != NULL)
        *out = NULL;
    if (out == NULL || connection == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is NULL", out == NULL ? "out" : "connection");
    if (ldbx_view_trim(sql).size == 0)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "the statement is empty");
    if (sql.size > LDBX_MAX_SQL || !ldbx_utf8_valid(sql))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "the statement is %s",
                         sql.size > LDBX_MAX_SQL ? "larger than 16 MiB" : "not valid UTF-8");
    statement = ldbx_calloc(1, sizeof *statement);
    if (statement == NULL)
        return ldbx_fail_no_memory(error);
    statement->connection = connection;
    ldbx_buf_init(&statement->sql, LDBX_MAX_SQL);
    ldbx_statement_options_init(&statement->options, sizeof statement->options);
    if (options != NULL)
        LDBX_GO(ldbx_options_take(&statement->options, sizeof statement->options, OLDEST_OPTIONS, options,
                                  "ldbx_statement_options", error));
    if (statement->options.query_timeout_s < 0 || statement->options.query_timeout_s > INT32_MAX)
        LDBX_GO(ldbx_fail(error, LDBX_INVALID_ARGUMENT, "query_timeout_s must be from 0 to %d", INT32_MAX));
    ldbx_buf_view(&statement->sql, sql);
    if (statement->sql.failed)
        LDBX_GO(ldbx_fail_no_memory(error));
    *out = statement;
    statement = NULL;
out:
    ldbx_statement_destroy(statement);
    return status;
}

static void clear_parameter(ldbx_tcli_parameter *parameter)
{
    /* Owned copies, const only for the encoder. */
    ldbx_free((void *)(uintptr_t)parameter->name);
    ldbx_free((void *)(uintptr_t)parameter->type);
    ldbx_free((void *)(uintptr_t)parameter->value.data);
}

void ldbx_statement_destroy(ldbx_statement *statement)
{
    if (statement == NULL)
        return;
    for (size_t i = 0; i < statement->parameter_count; i++)
        clear_parameter(&statement->parameters[i]);
    for (size_t i = 0; i < statement->secret_count; i++)
        ldbx_secret_clear(&statement->secrets[i]);
    ldbx_buf_wipe(&statement->sql);
    ldbx_free(statement);
}

static int check_parameter(const ldbx_statement *statement, const char *name, const char *type, ldbx_view value,
                           ldbx_error **error)
{
    const ldbx_tcli_parameter *first = &statement->parameters[0];

    if (type == NULL || type[0] == '\0')
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "a parameter needs a type");
    if (name != NULL && name[0] == '\0')
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "a parameter's name is empty");
    if (statement->parameter_count == MAX_PARAMETERS)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "a statement takes at most %d parameters", MAX_PARAMETERS);
    if (value.size > MAX_PARAMETER_TEXT - statement->parameter_text)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "the parameters of a statement are larger than 1 MiB together");
    if (statement->parameter_count > 0 && (first->name == NULL) != (name == NULL))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "named and positional parameters cannot be mixed");
    for (size_t i = 0; name != NULL && i < statement->parameter_count; i++)
        if (strcmp(statement->parameters[i].name, name) == 0)
            return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "parameter '%s' is bound twice", name);
    return LDBX_OK;
}

int ldbx_statement_bind(ldbx_statement *statement, const char *name, const char *type, ldbx_view value,
                        ldbx_error **error)
{
    ldbx_tcli_parameter copy = {0};

    LDBX_TRY(check_parameter(statement, name, type, value, error));
    copy.type = ldbx_strdup(type);
    copy.name = name != NULL ? ldbx_strdup(name) : NULL;
    copy.value.data = value.data != NULL ? ldbx_strndup(value.data, value.size) : NULL;
    copy.value.size = value.size;
    if (copy.type == NULL || (name != NULL && copy.name == NULL) || (value.data != NULL && copy.value.data == NULL)) {
        clear_parameter(&copy);
        return ldbx_fail_no_memory(error);
    }
    statement->parameters[statement->parameter_count++] = copy;
    statement->parameter_text += value.size;
    return LDBX_OK;
}

static bool add_secret(ldbx_statement *statement, const char *secret)
{
    ldbx_secret *at = &statement->secrets[statement->secret_count];
    ldbx_buf literal;
    bool fine;

    ldbx_buf_init(&literal, LDBX_MAX_SQL);
    ldbx_sql_string(&literal, ldbx_view_of(secret));
    fine = !literal.failed && ldbx_secret_set(&at[0], ldbx_view_of(secret));
    if (fine)
        statement->secret_count++;
    fine = fine && ldbx_secret_set(&at[1], (ldbx_view){(const char *)literal.data + 1, literal.size - 2});
    if (fine)
        statement->secret_count++;
    ldbx_buf_wipe(&literal);
    return fine;
}

int ldbx_statement_set_secrets(ldbx_statement *statement, const char *const *secrets, size_t count, ldbx_error **error)
{
    size_t places = 0;

    for (size_t i = 0; i < statement->sql.size; i++)
        places += statement->sql.data[i] == '\0';
    if (places != count || count > LDBX_STATEMENT_SECRETS || statement->secret_count > 0)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "a statement with %zu places was given %zu secrets", places,
                         count);
    for (size_t i = 0; i < count; i++)
        if (!add_secret(statement, secrets[i]))
            return ldbx_fail_no_memory(error);
    return LDBX_OK;
}

/* The text as it is sent. Room is made at once, so that no half of it is left where memory was moved. */
static void fill_in(const ldbx_statement *statement, ldbx_buf *out)
{
    size_t size = statement->sql.size, next = 1;

    for (size_t i = 1; i < statement->secret_count; i += 2)
        size += strlen(statement->secrets[i].text) + 2;
    ldbx_buf_reserve(out, size);
    for (size_t i = 0; i < statement->sql.size; i++) {
        if (statement->sql.data[i] != '\0') {
            ldbx_buf_byte(out, statement->sql.data[i]);
            continue;
        }
        ldbx_buf_byte(out, '\'');
        ldbx_buf_str(out, statement->secrets[next].text);
        ldbx_buf_byte(out, '\'');
        next += 2;
    }
}

static void write_execute(const execution *run, ldbx_view sql, ldbx_buf *request, int32_t seqid)
{
    const ldbx_statement *statement = run->statement;
    const ldbx_config *config = run->connection->config;
    ldbx_tcli_execute execute = {.statement = sql,
                                 .query_timeout_s = statement->options.query_timeout_s,
                                 .max_rows = config->page_rows < DIRECT_ROWS ? config->page_rows : DIRECT_ROWS,
                                 .max_bytes = config->page_bytes,
                                 .arrow = run->connection->dialect->sends_arrow,
                                 .parameters = statement->parameters,
                                 .parameter_count = statement->parameter_count};

    ldbx_tcli_write_execute(request, seqid, &run->connection->session, &execute);
}

static void write_request(const execution *run, ldbx_buf *request, int32_t seqid)
{
    const ldbx_statement *statement = run->statement;
    ldbx_buf filled;

    if (statement->secret_count == 0) {
        write_execute(run, ldbx_buf_get(&statement->sql), request, seqid);
        return;
    }
    ldbx_buf_init(&filled, LDBX_MAX_SQL);
    fill_in(statement, &filled);
    ldbx_buf_reserve(request, filled.size + REQUEST_AROUND);
    write_execute(run, ldbx_buf_get(&filled), request, seqid);
    request->failed |= filled.failed;
    request->full |= filled.full;
    ldbx_buf_wipe(&filled);
}

/*
 * Cancelled while the statement was on its way: there is no handle to cancel it by, so the session is ended,
 * which ends everything in it.
 */
static int abandon_unanswered(execution *run, int status)
{
    if (status == LDBX_CANCELLED)
        ldbx_connection_close_session(run->connection, 150);
    return status;
}

/*
 * Once a statement that is not repeatable has gone out, only the server's own word that it failed makes it
 * certain that nothing happened. Where it said that the statement was carried out, and where a limit of ours
 * ended the wait, the status stays and the verdict warns; otherwise the outcome is not known.
 */
static int doubt(const execution *run, int status, ldbx_error **error)
{
    bool ours = status == LDBX_TIMEOUT || status == LDBX_CANCELLED || status == LDBX_STOPPED;

    if (status == LDBX_OK || status == LDBX_OUTCOME_UNKNOWN || run->refused || !run->accepted ||
        run->statement->options.repeatable)
        return status;
    if (!ours && !run->finished)
        return ldbx_call_doubt("ExecuteStatement", run->operation.statement_id, error);
    ldbx_error_set_retry(error, LDBX_RETRY_UNKNOWN);
    return status;
}

static int send(execution *run, ldbx_error **error)
{
    ldbx_channel *channel = run->connection->channel;
    int32_t seqid;
    ldbx_buf *request;
    int status;
    ldbx_call call = {.name = "ExecuteStatement",
                      .idempotent = run->statement->options.repeatable != 0,
                      .in_session = true,
                      .start_budget_ms = run->connection->config->start_timeout_ms,
                      .deadline_ms = run->deadline_ms,
                      .cancel = run->cancel,
                      .progress = run->statement->options.progress,
                      .user = run->statement->options.user};

    request = ldbx_channel_request(channel, &seqid);
    write_request(run, request, seqid);
    status = ldbx_channel_call(channel, &call, &run->page.response, error);
    if (run->statement->secret_count > 0)
        ldbx_buf_wipe(request);
    run->accepted = status == LDBX_OK;
    if (status == LDBX_OK)
        status = ldbx_tcli_read_execute(ldbx_buf_get(&run->page.response.body), seqid, &run->reply, error);
    if (status != LDBX_OK)
        return abandon_unanswered(run, status);
    if (run->reply.has_operation) {
        run->operation.handle = run->reply.operation;
        run->operation.open = !run->reply.closed;
        ldbx_format_uuid(run->operation.statement_id, run->reply.operation.guid);
    }
    return LDBX_OK;
}

static bool is_running(int32_t state)
{
    return state == LDBX_TSTATE_INITIALIZED || state == LDBX_TSTATE_RUNNING || state == LDBX_TSTATE_PENDING;
}

static int report_progress(const execution *run, ldbx_error **error)
{
    const ldbx_statement_options *options = &run->statement->options;
    ldbx_progress progress = {.phase = LDBX_PHASE_PLAN, .rows_total = -1, .attempt = 1};

    progress.elapsed_ms = ldbx_steady_ms() - run->started_ms;
    if (options->progress == NULL || options->progress(&progress, options->user) == 0)
        return LDBX_OK;
    return ldbx_fail(error, LDBX_STOPPED, "stopped by the progress callback");
}

/* A statement that somebody cancelled or closed may have come to its end before that. */
static int check_operation(execution *run, const ldbx_tcli_operation_status *answer, ldbx_error **error)
{
    run->refused = answer->state == LDBX_TSTATE_ERROR;
    return ldbx_check_operation(answer, run->operation.statement_id, error);
}

static ldbx_operation_call call_of(const execution *run, ldbx_http_response *response)
{
    return (ldbx_operation_call){run->connection->channel, response, run->cancel, run->deadline_ms, false};
}

static int poll_once(execution *run, int64_t wait_ms, int32_t *state, ldbx_error **error)
{
    ldbx_tcli_operation_status answer;
    ldbx_operation_call how = call_of(run, &run->connection->response);
    ldbx_error_facts facts = {.statement_id = run->operation.statement_id, .retry = -1};

    if (ldbx_sleep_ms(wait_ms, run->cancel) != LDBX_OK)
        return ldbx_fail_facts(error, LDBX_CANCELLED, &facts, "cancelled while the statement was running");
    if (run->deadline_ms != 0 && ldbx_deadline_passed(run->deadline_ms))
        return ldbx_fail_facts(error, LDBX_TIMEOUT, &facts, "the statement ran longer than its query timeout");
    LDBX_TRY(report_progress(run, error));
    LDBX_TRY(ldbx_operation_status(&run->operation, &how, &answer, error));
    LDBX_TRY(check_operation(run, &answer, error));
    if (answer.modified_rows >= 0)
        run->modified_rows = answer.modified_rows;
    *state = answer.state;
    return LDBX_OK;
}

static int wait_until_finished(execution *run, ldbx_error **error)
{
    const ldbx_tcli_operation_status *direct = &run->reply.operation_status;
    int32_t state = direct->present ? direct->state : LDBX_TSTATE_RUNNING;
    int64_t wait_ms = direct->present && !is_running(state) ? 0 : FIRST_POLL_MS;

    if (direct->present) {
        LDBX_TRY(ldbx_check_status(&direct->status, "ExecuteStatement", run->operation.statement_id, error));
        LDBX_TRY(check_operation(run, direct, error));
        run->modified_rows = direct->modified_rows;
    }
    while (is_running(state)) {
        LDBX_TRY(poll_once(run, wait_ms, &state, error));
        wait_ms = wait_ms * 3 / 2 < LAST_POLL_MS ? wait_ms * 3 / 2 : LAST_POLL_MS;
    }
    if (state != LDBX_TSTATE_FINISHED)
        return ldbx_fail(error, LDBX_PROTOCOL, "statement %s: operation state %d is not known",
                         run->operation.statement_id, (int)state);
    return LDBX_OK;
}

/* Says more of a refusal to describe the result: it was carried out, but this server has no word for one of its types. */
static int explain_type(const execution *run, int status, ldbx_error **error)
{
    ldbx_error_facts facts = {.statement_id = run->operation.statement_id, .retry = LDBX_RETRY_NEVER};
    ldbx_error *cause = NULL;

    if (status != LDBX_SERVER || run->connection->dialect->names_types || error == NULL)
        return status;
    ldbx_error_move(&cause, error);
    status = ldbx_fail_facts(
        error, LDBX_UNSUPPORTED, &facts,
        "the server cannot describe the columns of the result (%s); a VARIANT is read with to_json(column)",
        ldbx_error_message(cause));
    ldbx_error_destroy(cause);
    return status;
}

/* Metadata comes with the answer if the statement was fast; it must not be asked for before the statement has finished. */
static int get_metadata(execution *run, const ldbx_tcli_metadata **out, ldbx_error **error)
{
    ldbx_operation_call how = call_of(run, &run->late);

    *out = &run->reply.metadata;
    if (run->reply.metadata.present)
        return ldbx_check_ready(&run->reply.metadata.status, "GetResultSetMetadata", run->operation.statement_id,
                                error);
    *out = &run->late_metadata;
    return explain_type(run, ldbx_operation_metadata(&run->operation, &how, &run->late_metadata, error), error);
}

/*
 * Where types are not named, a statement without rows is described as one with a text column `Result`, which a
 * query may have too: whether there is a column is seen in the first page.
 */
static int settle_no_rows(execution *run, ldbx_error **error)
{
    ldbx_tcli_metadata *metadata = &run->late_metadata;
    ldbx_tcli_fetch first = {.max_rows = 1};
    ldbx_operation_call how = call_of(run, &run->page.response);

    if (run->connection->dialect->names_types || metadata->column_count != 1 ||
        metadata->columns[0].type != LDBX_TTYPE_STRING || !ldbx_view_eq(metadata->columns[0].name, "Result"))
        return LDBX_OK;
    if (!run->reply.rows.present)
        LDBX_TRY(ldbx_operation_fetch(&run->operation, &how, &first, &run->reply.rows, error));
    if (run->reply.rows.column_count == 0)
        metadata->column_count = 0;
    return LDBX_OK;
}

static int make_result(execution *run, ldbx_result **out, ldbx_error **error)
{
    const ldbx_tcli_metadata *metadata;
    ldbx_result_source source = {.connection = run->connection,
                                 .operation = run->operation,
                                 .modified_rows = run->modified_rows,
                                 .repeatable = run->statement->options.repeatable != 0,
                                 .prefetch = run->statement->options.prefetch != 0,
                                 .cancel = run->cancel};

    LDBX_TRY(get_metadata(run, &metadata, error));
    LDBX_TRY(settle_no_rows(run, error));
    if (run->reply.rows.present)
        LDBX_TRY(ldbx_check_ready(&run->reply.rows.status, "FetchResults", run->operation.statement_id, error));
    source.metadata = metadata;
    run->page.rows = run->reply.rows;
    run->reply.rows = (ldbx_tcli_rows){0};
    run->operation.open = false; /* the result closes it from here on */
    return ldbx_result_new(&source, &run->page, out, error);
}

static int run_statement(execution *run, ldbx_result **out, ldbx_error **error)
{
    int status;

    LDBX_TRY(send(run, error));
    status = ldbx_check_status(&run->reply.status, "ExecuteStatement", run->operation.statement_id, error);
    run->refused = status != LDBX_OK && status != LDBX_PROTOCOL; /* an answer without a status says nothing */
    LDBX_TRY(status);
    if (!run->reply.has_operation)
        return ldbx_fail(error, LDBX_PROTOCOL, "ExecuteStatement: the answer has no operation");
    LDBX_TRY(wait_until_finished(run, error));
    run->finished = true;
    return make_result(run, out, error);
}

/* What was begun and gave no result is stopped on the server, whatever the reason. */
static void clean_up(execution *run, int status)
{
    ldbx_connection *connection = run->connection;
    int64_t patience_ms = status == LDBX_CANCELLED ? LDBX_CANCEL_MS : LDBX_GOODBYE_MS;

    if (status == LDBX_CANCELLED || status == LDBX_TIMEOUT || status == LDBX_STOPPED)
        ldbx_operation_cancel(&run->operation, connection->channel, &connection->response, patience_ms);
    if (status != LDBX_OK)
        ldbx_operation_close(&run->operation, connection->channel, &connection->response, patience_ms);
    ldbx_tcli_execute_clear(&run->reply);
    ldbx_tcli_metadata_clear(&run->late_metadata);
    ldbx_http_response_clear(&run->late);
    ldbx_page_clear(&run->page);
}

int ldbx_statement_execute(ldbx_statement *statement, ldbx_result **out, ldbx_error **error)
{
    int status;
    ldbx_connection *connection;
    execution run = {.statement = statement, .modified_rows = -1, .started_ms = ldbx_steady_ms()};

    if (out != NULL)
        *out = NULL;
    if (out == NULL || statement == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is NULL", out == NULL ? "out" : "statement");
    connection = statement->connection;
    if (!connection->has_session)
        return ldbx_fail(error, LDBX_SESSION_LOST, "the session has ended");
    if (statement->parameter_count > 0 && connection->protocol < LDBX_PROTOCOL_V8)
        return ldbx_fail(error, LDBX_UNSUPPORTED,
                         "this server takes no statement parameters; write the values into the statement");
    run.connection = connection;
    run.cancel = statement->options.cancel != NULL ? statement->options.cancel : connection->cancel;
    if (statement->options.query_timeout_s > 0)
        run.deadline_ms = ldbx_deadline_in(statement->options.query_timeout_s * 1000 + TIMEOUT_GRACE_MS);
    ldbx_http_response_init(&run.page.response, LDBX_MAX_MESSAGE);
    ldbx_http_response_init(&run.late, LDBX_MAX_MESSAGE);
    ldbx_channel_hide(connection->channel, statement->secrets, statement->secret_count);
    status = run_statement(&run, out, error);
    if (status == LDBX_SESSION_LOST)
        connection->has_session = false;
    clean_up(&run, status);
    ldbx_channel_hide(connection->channel, NULL, 0);
    return doubt(&run, status, error);
}

int ldbx_execute(ldbx_connection *connection, ldbx_view sql, const ldbx_statement_options *options,
                 int64_t *modified_rows, ldbx_error **error)
{
    int status;
    ldbx_statement *statement = NULL;
    ldbx_result *result = NULL;

    LDBX_GO(ldbx_statement_new(connection, sql, options, &statement, error));
    LDBX_GO(ldbx_statement_execute(statement, &result, error));
    if (modified_rows != NULL)
        *modified_rows = ldbx_result_modified_rows(result);
out:
    ldbx_result_destroy(result);
    ldbx_statement_destroy(statement);
    return status;
}
