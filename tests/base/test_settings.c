#include "suite.h"

#include <stddef.h>
#include <string.h>

#include "base/settings.h"
#include "base/str.h"

typedef struct thing {
    const char *text;
    const char *line;
    const char *word;
    const char *even;
    int64_t number;
    bool flag;
    const cJSON *list;
    const cJSON *object;
} thing;

static bool has_even_size(const char *line)
{
    return strlen(line) % 2 == 0;
}

static const char *const words[] = {"red", "green", NULL};

#define MEMBER(name) offsetof(thing, name)

static const ldbx_setting table[] = {
    {"text", LDBX_SETTING_TEXT, .member = MEMBER(text)},
    {"line", LDBX_SETTING_LINE, .required = true, .member = MEMBER(line)},
    {"word", LDBX_SETTING_LINE, .member = MEMBER(word), .words = words},
    {"even", LDBX_SETTING_LINE, .member = MEMBER(even), .valid = has_even_size, .form = "of an even length"},
    {"number", LDBX_SETTING_INTEGER, .member = MEMBER(number), .low = -1, .high = 1234567},
    {"flag", LDBX_SETTING_BOOL, .member = MEMBER(flag)},
    {"list", LDBX_SETTING_LIST, .member = MEMBER(list)},
    {"object", LDBX_SETTING_OBJECT, .member = MEMBER(object)},
};

static thing read;
static cJSON *document;

/* Compares what is wrong with an object, a line each, all but the last line end. */
static void expect_errors(const char *json, const char *expected)
{
    ldbx_error *error = NULL;
    ldbx_buf errors;

    cJSON_Delete(document);
    document = cJSON_Parse(json);
    read = (thing){.number = 7};
    ldbx_buf_init(&errors, LDBX_MAX_DOCUMENT);
    ldbx_settings_read(document, "it.", table, sizeof table / sizeof table[0], &read, &errors);
    expect_status(ldbx_settings_end(&errors, &error), expected[0] == '\0' ? LDBX_OK : LDBX_INVALID_DATA, error);
    ck_assert_str_eq(ldbx_error_message(error), expected);
    ldbx_buf_clear(&errors);
    ldbx_error_destroy(error);
}

static void drop(void)
{
    cJSON_Delete(document);
}

START_TEST(values_go_to_their_members)
{
    expect_errors("{\"line\": \"a\"}", "");
    ck_assert_str_eq(read.line, "a");
    ck_assert_ptr_null(read.text);
    ck_assert_int_eq(read.number, 7);
    expect_errors("{\"text\": \"a\\nb\", \"line\": \"c\", \"word\": \"green\", \"even\": \"dddd\", \"number\": "
                  "1234567, \"flag\": true, "
                  "\"list\": [\"e\"], \"object\": {}}",
                  "");
    ck_assert_str_eq(read.text, "a\nb");
    ck_assert_str_eq(read.word, "green");
    ck_assert_str_eq(read.even, "dddd");
    ck_assert_int_eq(read.number, 1234567);
    ck_assert(read.flag);
    ck_assert_str_eq(read.list->child->valuestring, "e");
    ck_assert(cJSON_IsObject(read.object));
}
END_TEST

START_TEST(a_blank_line_is_not_set)
{
    expect_errors("{\"line\": \"a\", \"word\": \" \"}", "");
    ck_assert_ptr_null(read.word);
    expect_errors("{\"line\": \" \"}", "it.line: is required: text without control characters");
}
END_TEST

START_TEST(all_errors_are_told_in_order)
{
    expect_errors("{\"text\": 1, \"word\": \"blue\", \"even\": \"ddd\", \"number\": 1.5, \"flag\": 1, \"list\": [1], "
                  "\"object\": [], "
                  "\"lime\": \"a\", \"colour\\u000a\": 1}",
                  "it.text: must be text\n"
                  "it.line: is required: text without control characters\n"
                  "it.word: must be one of red, green\n"
                  "it.even: must be of an even length\n"
                  "it.number: must be an integer from -1 to 1,234,567\n"
                  "it.flag: must be true or false\n"
                  "it.list: must be a list of texts\n"
                  "it.object: must be an object\n"
                  "it.lime: unknown key, did you mean line\n"
                  "it.colour : unknown key");
}
END_TEST

START_TEST(memory_runs_out)
{
    ldbx_error *error = NULL;
    ldbx_buf errors;

    document = cJSON_Parse("{}");
    ldbx_buf_init(&errors, LDBX_MAX_DOCUMENT);
    suite_fail_allocation(1);
    ldbx_settings_read(document, "", table, sizeof table / sizeof table[0], &read, &errors);
    expect_status(ldbx_settings_end(&errors, &error), LDBX_NO_MEMORY, error);
    ldbx_buf_clear(&errors);
    ldbx_error_destroy(error);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/settings");
    TCase *tcase = suite_case(suite, "settings");

    tcase_add_checked_fixture(tcase, NULL, drop);
    tcase_add_test(tcase, values_go_to_their_members);
    tcase_add_test(tcase, a_blank_line_is_not_set);
    tcase_add_test(tcase, all_errors_are_told_in_order);
    tcase_add_test(tcase, memory_runs_out);
    return suite_run(suite);
}
