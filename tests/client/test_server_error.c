/* Texts as servers send them, and what a person is shown of them. */
#include "suite.h"

#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "client/server_error.h"

#define STACK                                                                                                          \
    "\n\tat org.apache.spark.sql.hive.thriftserver.HiveThriftServerErrors$.runningQueryError(HiveThriftServerErrors."  \
    "scala:43)\n\tat java.base/java.lang.Thread.run(Thread.java:840)"

static const struct {
    const char *sent, *shown, *class_name;
} texts[] = {
    /* of a statement that runs by itself: wrapped twice, the stack behind */
    {"org.apache.hive.service.cli.HiveSQLException: Error running query: [TABLE_OR_VIEW_NOT_FOUND] "
     "org.apache.spark.sql.AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] The table or view `nope` cannot be found. "
     "SQLSTATE: "
     "42P01; line 1 pos 14;\n'Project [*]\n" STACK,
     "The table or view `nope` cannot be found.", "TABLE_OR_VIEW_NOT_FOUND"},
    /* a line end behind the name of the exception */
    {"org.apache.hive.service.cli.HiveSQLException: Error running query: [PARSE_SYNTAX_ERROR] "
     "org.apache.spark.sql.catalyst.parser.ParseException: \n[PARSE_SYNTAX_ERROR] Syntax error at or near 'SELEC'. "
     "SQLSTATE: 42601 "
     "(line 1, pos 0)\n\n== SQL ==\nSELEC 1\n^^^\n" STACK,
     "Syntax error at or near 'SELEC'.", "PARSE_SYNTAX_ERROR"},
    /* the echo of the statement without a SQLSTATE before it */
    {"Error running query: [DIVIDE_BY_ZERO] org.apache.spark.SparkArithmeticException: [DIVIDE_BY_ZERO] Division by "
     "zero.\n== SQL "
     "(line 1, position 8) ==\nSELECT 1/0",
     "Division by zero.", "DIVIDE_BY_ZERO"},
    /* no class at all */
    {"Error running query: java.lang.OutOfMemoryError: Java heap space" STACK, "OutOfMemoryError: Java heap space", ""},
    /* the text alone would not say what is wrong */
    {"org.apache.hive.service.cli.HiveSQLException: Error running query: java.net.UnknownHostException: "
     "db.example" STACK,
     "UnknownHostException: db.example", ""},
    /* of a cluster */
    {"Error running query: [UNRESOLVED_COLUMN.WITH_SUGGESTION] "
     "org.apache.spark.sql.catalyst.ExtendedAnalysisException: "
     "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column `b` cannot be resolved. SQLSTATE: 42703; line 1 pos 7",
     "A column `b` cannot be resolved.", "UNRESOLVED_COLUMN.WITH_SUGGESTION"},
    /* words that only look like wrapping */
    {"[RAISED] e.g. this: a.b.c is wrong", "e.g. this: a.b.c is wrong", "RAISED"},
    {"a.b.c", "a.b.c", ""},
    {"main.crm.contacts: no such folder", "main.crm.contacts: no such folder", ""},
    {"a.b.C: ", "C:", ""},
    {"", "the server gave no reason", ""},
};

START_TEST(a_person_sees_the_reason_alone)
{
    ldbx_error *error = NULL;
    ldbx_tcli_operation_status answer = {.state = LDBX_TSTATE_ERROR};

    answer.failure.error_message = ldbx_view_of(texts[_i].sent);
    answer.failure.sqlstate = ldbx_view_of("42000");
    expect_status(ldbx_check_operation(&answer, NULL, &error), LDBX_SERVER, error);
    ck_assert_str_eq(ldbx_error_message(error), texts[_i].shown);
    ck_assert_str_eq(ldbx_error_sqlstate(error), "42000");
    ck_assert_str_eq(ldbx_error_class(error), texts[_i].class_name);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(a_handle_that_is_not_known_is_a_lost_session)
{
    ldbx_error *error = NULL;
    ldbx_tcli_status status = {.present = true, .code = LDBX_TSTATUS_ERROR};

    status.error_message =
        ldbx_view_of("Invalid OperationHandle: OperationHandle [opType=EXECUTE_STATEMENT, getHandleIdentifier()=1]");
    expect_status(ldbx_check_status(&status, "FetchResults", NULL, &error), LDBX_SESSION_LOST, error);
    status.error_message = ldbx_view_of("Invalid SessionHandle: SessionHandle [1]");
    expect_status(ldbx_check_status(&status, "ExecuteStatement", NULL, &error), LDBX_SESSION_LOST, error);
    ck_assert_int_eq(strncmp(ldbx_error_message(error), "ExecuteStatement: ", 18), 0);
    ldbx_error_destroy(error);
}
END_TEST

static const struct {
    ldbx_status status;
    const char *sqlstate;
    bool refusal;
} answers[] = {
    {LDBX_SERVER, "0AKDE", true},    {LDBX_NOT_FOUND, "42P01", true}, {LDBX_UNSUPPORTED, "0A000", true},
    {LDBX_FORBIDDEN, "42501", true}, {LDBX_SERVER, "", true},         {LDBX_SERVER, "XX000", false},
    {LDBX_SERVER, "57014", false},   {LDBX_SERVER, "53000", false},   {LDBX_UNAVAILABLE, "", false},
    {LDBX_SESSION_LOST, "", false},  {LDBX_CANCELLED, "", false},
};

/* What may pass must not make a table one without versions, nor a pinned version one that is gone. */
START_TEST(a_refusal_is_told_from_a_failure)
{
    const ldbx_error_facts facts = {.sqlstate = answers[_i].sqlstate, .retry = -1};
    ldbx_error *error = NULL;

    ldbx_fail_facts(&error, answers[_i].status, &facts, "no");
    ck_assert_int_eq(ldbx_is_refusal(answers[_i].status, error), answers[_i].refusal);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(an_answer_that_is_not_about_the_statement_is_no_refusal)
{
    const ldbx_error_facts facts = {.http_status = 403, .retry = -1};
    ldbx_error *error = NULL;

    ldbx_fail_facts(&error, LDBX_FORBIDDEN, &facts, "ExecuteStatement: HTTP 403");
    ck_assert(!ldbx_is_refusal(LDBX_FORBIDDEN, error));
    ldbx_error_destroy(error);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server_error");
    TCase *tcase = suite_case(suite, "texts");

    tcase_add_loop_test(tcase, a_person_sees_the_reason_alone, 0, sizeof texts / sizeof texts[0]);
    tcase_add_test(tcase, a_handle_that_is_not_known_is_a_lost_session);
    tcase_add_loop_test(tcase, a_refusal_is_told_from_a_failure, 0, sizeof answers / sizeof answers[0]);
    tcase_add_test(tcase, an_answer_that_is_not_about_the_statement_is_no_refusal);
    return suite_run(suite);
}
