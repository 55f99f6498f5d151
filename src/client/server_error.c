#include "client/server_error.h"

#include <ctype.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

#define MAX_SERVER_TEXT 2000 /* of a server's message: longer ones are stack traces */

/* SQLSTATEs that callers branch on; everything else is LDBX_SERVER. */
static const struct {
    char state[6];
    ldbx_status status;
} known_states[] = {{"42P01", LDBX_NOT_FOUND},  {"42704", LDBX_NOT_FOUND}, {"42703", LDBX_NOT_FOUND},
                    {"3F000", LDBX_NOT_FOUND},  {"42501", LDBX_FORBIDDEN}, {"28000", LDBX_UNAUTHENTICATED},
                    {"0A000", LDBX_UNSUPPORTED}};

static ldbx_status status_of_state(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof known_states / sizeof known_states[0]; i++)
        if (strcmp(sqlstate, known_states[i].state) == 0)
            return known_states[i].status;
    return LDBX_SERVER;
}

static bool is_class_character(char c)
{
    return isupper((unsigned char)c) || isdigit((unsigned char)c) || c == '_' || c == '.';
}

/* "[TABLE_OR_VIEW_NOT_FOUND] ..." anywhere in the text: open-source Spark puts a Java class name before it.
 */
static void class_of_text(ldbx_view text, char *out, size_t size)
{
    for (size_t at = 0; at < text.size; at++) {
        size_t n = 0;
        if (text.data[at] != '[')
            continue;
        while (at + 1 + n < text.size && is_class_character(text.data[at + 1 + n]))
            n++;
        if (n >= 3 && n < size && at + 1 + n < text.size && text.data[at + 1 + n] == ']') {
            memcpy(out, text.data + at + 1, n);
            out[n] = '\0';
            return;
        }
    }
}

static void class_of(const ldbx_tcli_status *status, char *out, size_t size)
{
    cJSON *details = NULL;

    out[0] = '\0';
    if (status->details_json.size > 0 && ldbx_json_parse(status->details_json, &details, NULL) == LDBX_OK) {
        const char *name = ldbx_json_text(details, "errorClass", "");
        if (strlen(name) < size)
            memcpy(out, name, strlen(name) + 1);
        cJSON_Delete(details);
    }
    if (out[0] == '\0')
        class_of_text(status->display_message, out, size);
    if (out[0] == '\0')
        class_of_text(status->error_message, out, size);
}

static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || c == '.';
}

/*
 * Size of "org.apache.spark.sql.AnalysisException:" in front of a text, or 0; *name is where its last part begins.
 * That starts with a capital letter, which tells it from the name of a table.
 */
static size_t exception_size(ldbx_view text, size_t *name)
{
    size_t size = 0, dots = 0;

    *name = 0;
    for (; size < text.size && is_name_character(text.data[size]); size++)
        if (text.data[size] == '.') {
            dots++;
            *name = size + 1;
        }
    if (dots < 2 || size == text.size || text.data[size] != ':' || !isupper((unsigned char)text.data[*name]))
        return 0;
    return size + 1 == text.size || text.data[size + 1] == ' ' ? size + 1 : 0;
}

/*
 * Open-source Spark wraps its errors: names of exceptions, the error class and the words of the layer above, as often
 * as they come. The innermost exception keeps its short name, which may say more than its text ("java.net.UnknownHostException: db").
 */
static ldbx_view without_wrapping(ldbx_view text, const char *class_name)
{
    const ldbx_view words = ldbx_view_of("Error running query: ");
    const size_t class_size = strlen(class_name);
    ldbx_view named = {NULL, 0};

    for (;;) {
        size_t name = 0, cut;
        text = ldbx_view_trim(text);
        cut = exception_size(text, &name);
        if (cut > 0)
            named = (ldbx_view){text.data + name, text.size - name};
        else if (ldbx_view_starts(text, words.data))
            cut = words.size;
        else if (class_size > 0 && text.size >= class_size + 2 && text.data[0] == '[' &&
                 memcmp(text.data + 1, class_name, class_size) == 0 && text.data[class_size + 1] == ']')
            cut = class_size + 2;
        else
            return named.size > 0 ? named : text;
        if (name == 0)
            named.size = 0;
        text.data += cut;
        text.size -= cut;
    }
}

/* The text for people: without the class in front (it is a fact of its own), the echo of the statement and
 * the stack trace. */
static ldbx_view text_of(const ldbx_tcli_status *status, const char *class_name)
{
    static const char *const tails[] = {"== SQL", "\n\tat ", " SQLSTATE: ", "\nSQLSTATE: "};
    ldbx_view text = ldbx_view_trim(status->display_message.size > 0 ? status->display_message : status->error_message);
    size_t class_size = strlen(class_name);
    int64_t at = -1;

    text = without_wrapping(text, class_name);
    at = class_size > 0 ? ldbx_view_find(text, class_name) : -1;
    if (at >= 1 && (size_t)at + class_size < text.size && text.data[(size_t)at + class_size] == ']') {
        size_t cut = (size_t)at + class_size + 1;
        text.data += cut;
        text.size -= cut;
    }
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        int64_t end = ldbx_view_find(text, tails[i]);
        if (end > 0)
            text.size = (size_t)end;
    }
    return ldbx_view_trim(text);
}

bool ldbx_says_session_is_gone(ldbx_view message)
{
    static const char *const signs[] = {"Invalid SessionHandle", "Invalid OperationHandle", "Session does not exist"};
    ldbx_view line = ldbx_view_trim(message);
    int64_t end = ldbx_view_find(line, "\n");

    if (end >= 0)
        line.size = (size_t)end;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (ldbx_view_find(line, signs[i]) >= 0)
            return true;
    return ldbx_view_find(line, "Session ") >= 0 && ldbx_view_find(line, " is closed") >= 0;
}

static bool is_gone(const ldbx_tcli_status *status)
{
    return (status->present && status->code == LDBX_TSTATUS_INVALID_HANDLE) ||
           ldbx_says_session_is_gone(status->display_message) || ldbx_says_session_is_gone(status->error_message);
}

static int fail_server(const ldbx_tcli_status *status, const char *call, const char *statement_id, ldbx_error **error)
{
    char sqlstate[6] = "";
    char class_name[128];
    ldbx_error_facts facts = {sqlstate, class_name, statement_id, 0, -1};
    ldbx_status ours;
    ldbx_buf text;
    const char *line;
    int result;

    if (status->sqlstate.size == 5)
        memcpy(sqlstate, status->sqlstate.data, 5);
    class_of(status, class_name, sizeof class_name);
    ours = is_gone(status) ? LDBX_SESSION_LOST : status_of_state(sqlstate);
    ldbx_buf_init(&text, LDBX_MAX_ERROR);
    ldbx_buf_one_line(&text, text_of(status, class_name), MAX_SERVER_TEXT);
    line = ldbx_buf_cstr(&text);
    result = ldbx_fail_facts(error, ours, &facts, "%s%s",
                             line != NULL && line[0] != '\0' ? line : "the server gave no reason",
                             ours == LDBX_SESSION_LOST ? " (the session or its result has gone)" : "");
    ldbx_buf_clear(&text);
    /* What is wrong with a statement needs no call's name. */
    if (call != NULL && (ours == LDBX_SESSION_LOST || strcmp(call, "ExecuteStatement") != 0))
        ldbx_error_prefix(error, "%s", call);
    return result;
}

int ldbx_check_status(const ldbx_tcli_status *status, const char *call, const char *statement_id, ldbx_error **error)
{
    if (!status->present)
        return ldbx_fail(error, LDBX_PROTOCOL, "%s: the answer has no status", call);
    if (status->code == LDBX_TSTATUS_ERROR || status->code == LDBX_TSTATUS_INVALID_HANDLE)
        return fail_server(status, call, statement_id, error);
    if (status->code < LDBX_TSTATUS_SUCCESS || status->code > LDBX_TSTATUS_INVALID_HANDLE)
        return ldbx_fail(error, LDBX_PROTOCOL, "%s: status %d is not known", call, (int)status->code);
    return LDBX_OK;
}

int ldbx_check_ready(const ldbx_tcli_status *status, const char *call, const char *statement_id, ldbx_error **error)
{
    LDBX_TRY(ldbx_check_status(status, call, statement_id, error));
    if (status->code == LDBX_TSTATUS_STILL_EXECUTING)
        return ldbx_fail(error, LDBX_PROTOCOL, "%s: the statement is still running although it has finished", call);
    return LDBX_OK;
}

int ldbx_check_operation(const ldbx_tcli_operation_status *operation, const char *statement_id, ldbx_error **error)
{
    ldbx_error_facts facts = {"57014", NULL, statement_id, 0, -1}; /* query_canceled: somebody ended it */

    switch (operation->state) {
    case LDBX_TSTATE_ERROR:
        return fail_server(&operation->failure, NULL, statement_id, error);
    case LDBX_TSTATE_CANCELED:
        return ldbx_fail_facts(error, LDBX_SERVER, &facts, "the statement was cancelled on the server");
    case LDBX_TSTATE_CLOSED:
        return ldbx_fail_facts(error, LDBX_SERVER, &facts, "the statement was closed on the server");
    case LDBX_TSTATE_TIMEDOUT:
        return ldbx_fail_facts(error, LDBX_TIMEOUT, &facts, "the statement ran longer than its query timeout");
    default:
        return LDBX_OK;
    }
}

bool ldbx_is_refusal(int status, const ldbx_error *error)
{
    /* SQLSTATE classes: connection, conflict, resources, intervention, system, internal. */
    static const char *const passing[] = {"08", "40", "53", "57", "58", "XX"};
    ldbx_view state = ldbx_view_of(ldbx_error_sqlstate(error));

    if (ldbx_error_http_status(error) != 0) /* that is not about the statement */
        return false;
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
        if (ldbx_view_starts(state, passing[i]))
            return false;
    return status == LDBX_SERVER || status == LDBX_NOT_FOUND || status == LDBX_UNSUPPORTED || status == LDBX_FORBIDDEN;
}
