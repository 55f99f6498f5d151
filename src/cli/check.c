#include <string.h>

#include "app.h"

/* The steps of `check`, told one by one. */
typedef struct checker {
    cli_app *app;
    bool oauth;    /* the credential is that of a service principal */
    bool basic;    /* it is a user and a password */
    cli_text json; /* the steps so far, --json */
    size_t steps;
    int code;
} checker;

#define TRUST                                                                                                          \
    "name the file with the authority's certificate in SSL_CERT_FILE, and see that the host name is the one in the "   \
    "server's certificate and that the clock is right"

/* What is missing when a step fails, by status. */
static const struct {
    int status;
    const char *missing;
    const char *hint;
    bool session; /* of that step only: later it is something else that is not there */
} reasons[] = {
    {LDBX_UNAUTHENTICATED, "token", "make a new access token in Databricks: Settings, Developer, Access tokens", false},
    {LDBX_FORBIDDEN, "privilege",
     "the authorization needs CAN USE on the warehouse or CAN RESTART on the cluster, and USE CATALOG on "
     "what it reads",
     false},
    {LDBX_UNAVAILABLE, "host",
     "copy the server hostname from the connection details, and see that the network lets us out", false},
    {LDBX_TIMEOUT, "compute", "start the warehouse or cluster and try again", false},
    {LDBX_INVALID_DATA, "trust", TRUST, true},
    {LDBX_NOT_FOUND, "path", "copy the HTTP path from the connection details of the warehouse or cluster", true},
    {LDBX_PROTOCOL, "host", "what answers is no Databricks SQL endpoint: see host, port and HTTP path", true},
};

static void put_step(checker *check, const char *name, bool ok, const char *detail)
{
    cli_app *app = check->app;
    cli_text line = {0};
    const char *mark = ok ? (app->terminal.utf8 ? "✓" : "ok  ") : (app->terminal.utf8 ? "✗" : "FAIL");

    if (app->options.json) {
        cli_text_format(&check->json,
                        "%s\n    {\"name\": \"%s\", \"ok\": %s, \"detail\": ", check->steps > 0 ? "," : "", name,
                        ok ? "true" : "false");
        cli_text_json(&check->json, detail);
        cli_text_str(&check->json, "}");
    } else {
        cli_progress_erase(&app->progress);
        cli_styled(&line, app->terminal.color_out, ok ? CLI_GREEN : CLI_RED, mark);
        cli_text_format(&line, " %-13s  ", name);
        cli_visible(&line, detail, strlen(detail));
        cli_text_str(&line, "\n");
        cli_output_add(&app->out, cli_text_get(&line), line.size);
        cli_output_flush(&app->out);
    }
    check->steps++;
    cli_text_clear(&line);
}

static void put_end(checker *check, const char *missing, const char *hint)
{
    cli_text all = {0};

    if (!check->app->options.json)
        return;
    cli_text_format(&all, "{\n  \"ok\": %s,\n  \"steps\": [%s\n  ]", missing == NULL ? "true" : "false",
                    cli_text_get(&check->json));
    if (missing != NULL) {
        cli_text_str(&all, ",\n  \"missing\": ");
        cli_text_json(&all, missing);
        cli_text_str(&all, ",\n  \"hint\": ");
        cli_text_json(&all, hint);
    }
    cli_text_str(&all, "\n}\n");
    cli_output_add(&check->app->out, cli_text_get(&all), all.size);
    cli_text_clear(&all);
}

/* A step has failed: which, what is missing, and the error on standard error. */
static void fail_step(checker *check, const char *name, const ldbx_error *error)
{
    const char *missing = NULL, *hint = "";
    bool in_session_step = strcmp(name, "session") == 0;
    cli_text detail = {0};

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == (int)ldbx_error_status(error) && (!reasons[i].session || in_session_step)) {
            missing = reasons[i].missing;
            hint = reasons[i].hint;
        }
    if (check->oauth && ldbx_error_status(error) == LDBX_UNAUTHENTICATED) {
        missing = "client_secret";
        hint = "make a new OAuth secret for the service principal, and see that it is assigned to the workspace";
    }
    if (check->basic && ldbx_error_status(error) == LDBX_UNAUTHENTICATED) {
        missing = "password";
        hint = "a user and a password are for open-source Spark; Databricks wants a token or OAuth credentials";
    }
    if (check->app->options.json)
        cli_error_text(&detail, error);
    else
        cli_text_str(&detail, missing != NULL ? missing : ldbx_status_text(ldbx_error_status(error)));
    put_step(check, name, false, cli_text_get(&detail));
    put_end(check, missing != NULL ? missing : "", hint);
    check->code = cli_fail(check->app, error, hint);
    cli_text_clear(&detail);
}

static bool check_config(checker *check, ldbx_config **config)
{
    const cli_options *options = &check->app->options;
    cli_text detail = {0}, hint = {0};
    ldbx_error *error = NULL;
    bool ok = cli_read_config(check->app, config, &hint, &error) == LDBX_OK;

    check->oauth = ok && ldbx_config_get(*config, "client_id") != NULL;
    check->basic = ok && ldbx_config_get(*config, "username") != NULL;
    if (ok) {
        cli_text_format(&detail, "%s:%s%s%s from ", ldbx_config_get(*config, "host"), ldbx_config_get(*config, "port"),
                        ldbx_config_get(*config, "http_path")[0] == '/' ? "" : "/",
                        ldbx_config_get(*config, "http_path"));
        cli_text_str(&detail, options->auth != NULL      ? options->auth
                              : options->profile != NULL ? ".databrickscfg"
                                                         : "the environment");
        put_step(check, "configuration", true, cli_text_get(&detail));
    } else {
        cli_error_text(&detail, error);
        put_step(check, "configuration", false, check->app->options.json ? cli_text_get(&detail) : "not complete");
        put_end(check, "configuration", cli_text_get(&hint));
        check->code = cli_fail_early(check->app, error, cli_text_get(&hint));
    }
    ldbx_error_destroy(error);
    cli_text_clear(&detail);
    cli_text_clear(&hint);
    return ok;
}

static bool check_session(checker *check, const ldbx_config *config, ldbx_connection **connection)
{
    ldbx_error *error = NULL;
    cli_text detail = {0};
    bool ok = cli_open_session(check->app, config, connection, &error) == LDBX_OK;

    if (ok) {
        cli_text_format(&detail, "protocol 0x%X, session %s", (unsigned)ldbx_connection_protocol(*connection),
                        ldbx_connection_session_id(*connection));
        put_step(check, "session", true, cli_text_get(&detail));
    } else {
        fail_step(check, "session", error);
    }
    ldbx_error_destroy(error);
    cli_text_clear(&detail);
    return ok;
}

static bool check_ping(checker *check, ldbx_connection *connection)
{
    ldbx_error *error = NULL;
    bool ok = ldbx_connection_ping(connection, &error) == LDBX_OK;

    if (ok)
        put_step(check, "statement", true, "SELECT 1 is answered");
    else
        fail_step(check, "statement", error);
    ldbx_error_destroy(error);
    return ok;
}

static int count_catalogs(ldbx_connection *connection, int64_t *count, ldbx_error **error)
{
    ldbx_browser *browser = NULL;
    const ldbx_entry *entry = NULL;
    int status = ldbx_browse_catalogs(connection, &browser, error);

    while (status == LDBX_OK && (status = ldbx_browser_next(browser, &entry, error)) == LDBX_OK)
        ++*count;
    ldbx_browser_destroy(browser);
    return status == LDBX_DONE ? LDBX_OK : status;
}

static bool check_catalogs(checker *check, ldbx_connection *connection)
{
    ldbx_error *error = NULL;
    cli_text detail = {0};
    int64_t count = 0;
    bool ok = count_catalogs(connection, &count, &error) == LDBX_OK;

    if (ok && count > 0) {
        cli_text_number(&detail, count);
        cli_text_str(&detail, " visible");
        put_step(check, "catalogs", true, cli_text_get(&detail));
    } else if (ok) {
        put_step(check, "catalogs", false, "none is visible");
        put_end(check, "privilege", "the authorization needs USE CATALOG on the catalogs that it reads");
        cli_say(check->app, "no catalog is visible (the authorization needs USE CATALOG)");
        check->code = CLI_FAILED;
        ok = false;
    } else {
        fail_step(check, "catalogs", error);
    }
    ldbx_error_destroy(error);
    cli_text_clear(&detail);
    return ok;
}

/* Nothing is contacted yet: what is wrong with the file is usage. */
static bool open_staging(checker *check, const ldbx_config *config, ldbx_stager **stager)
{
    ldbx_error *error = NULL;
    const char *path = check->app->options.staging;
    bool ok = path == NULL || ldbx_stager_open_file(path, config, stager, &error) == LDBX_OK;

    if (!ok) {
        put_step(check, "staging", false, check->app->options.json ? ldbx_error_message(error) : "not complete");
        put_end(check, "staging", "");
        check->code = cli_fail_early(check->app, error, NULL);
    }
    ldbx_error_destroy(error);
    return ok;
}

static bool check_staging(checker *check, ldbx_stager *stager)
{
    const char *hint = "see that the place of the staging is there and that its keys may write and delete";
    ldbx_error *error = NULL;
    bool ok = stager == NULL || ldbx_stager_probe(stager, check->app->cancel, &error) == LDBX_OK;

    if (stager != NULL && ok) {
        put_step(check, "staging", true, "a file was written and removed");
    } else if (!ok) {
        if (ldbx_error_status(error) == LDBX_INVALID_DATA) /* which a small file has nothing else for */
            hint = TRUST;
        put_step(check, "staging", false,
                 check->app->options.json ? ldbx_error_message(error) : "cannot be written to");
        put_end(check, "staging", hint);
        check->code = cli_fail(check->app, error, hint);
    }
    ldbx_error_destroy(error);
    return ok;
}

int cli_check(cli_app *app)
{
    checker check = {.app = app, .code = CLI_DONE};
    ldbx_config *config = NULL;
    ldbx_connection *connection = NULL;
    ldbx_stager *stager = NULL;

    if (check_config(&check, &config) && open_staging(&check, config, &stager) &&
        check_session(&check, config, &connection) && check_ping(&check, connection) &&
        check_catalogs(&check, connection) && check_staging(&check, stager))
        put_end(&check, NULL, NULL);
    ldbx_stager_destroy(stager);
    ldbx_connection_destroy(connection);
    ldbx_config_destroy(config);
    cli_text_clear(&check.json);
    return cli_finish_output(app, check.code);
}
