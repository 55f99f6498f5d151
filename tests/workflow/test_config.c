#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "workflow/jobs/forms.h"
#include "workflow/jobs/import_table.h"

static ldbx_buf errors;
static ldbx_buf warnings;

static void begin(void)
{
    ldbx_buf_init(&errors, LDBX_MAX_DOCUMENT);
    ldbx_buf_init(&warnings, LDBX_MAX_DOCUMENT);
}

static void end(void)
{
    ldbx_buf_clear(&errors);
    ldbx_buf_clear(&warnings);
}

static cJSON *parse(const char *json)
{
    ldbx_error *error = NULL;
    cJSON *parsed = NULL;

    expect_ok(ldbx_json_parse(ldbx_view_of(json), &parsed, &error), error);
    return parsed;
}

/* The texts of the settings live in *json. */
static ldbx_import_settings read_import(const char *config, const char *options, cJSON **json)
{
    ldbx_import_settings settings;
    ldbx_buf text;

    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
    ldbx_buf_printf(&text, "{\"config\":{%s},\"options\":{%s}}", config, options);
    *json = parse(ldbx_buf_cstr(&text));
    ldbx_buf_clear(&text);
    ldbx_import_settings_read(ldbx_json_get(*json, "config"), ldbx_json_get(*json, "options"), &settings, &errors,
                              &warnings);
    return settings;
}

#define REQUIRED "\"database\":\"crm\",\"source\":\"contacts\",\"timestamp_field\":\"updated_at\""

/* One member beside the required ones, and the one line that is said about it. */
typedef struct remark {
    const char *member;
    const char *line;
} remark;

static const remark refusals[] = {
    {"\"batch_size\":0", "config.batch_size: must be an integer from 1 to 10,000,000"},
    {"\"batch_size\":10000001", "config.batch_size: must be an integer from 1 to 10,000,000"},
    {"\"batch_size\":1.5", "config.batch_size: must be an integer from 1 to 10,000,000"},
    {"\"batch_size\":\"100\"", "config.batch_size: must be an integer from 1 to 10,000,000"},
    {"\"batch_size\":null", "config.batch_size: must be an integer from 1 to 10,000,000"},
    {"\"batch_size\":-3", "config.batch_size: must be an integer from 1 to 10,000,000"},
    {"\"batch_size\":9007199254740993", "config.batch_size: must be an integer from 1 to 10,000,000"},
    {"\"query_timeout\":0", "config.query_timeout: must be an integer from 1 to 10,080"},
    {"\"row_limit\":0", "config.row_limit: must be an integer from 1 to 1,000,000,000,000"},
    {"\"row_limit\":true", "config.row_limit: must be an integer from 1 to 1,000,000,000,000"},
    {"\"catalog\":1", "config.catalog: must be text without control characters"},
    {"\"catalog\":null", "config.catalog: must be text without control characters"},
    {"\"catalog\":\"a\\nb\"", "config.catalog: must be text without control characters"},
    {"\"catalog\":\"a\\u007fb\"", "config.catalog: must be text without control characters"},
    {"\"stream\":[]", "config.stream: must be text without control characters"},
    {"\"record_timestamp\":{}", "config.record_timestamp: must be text without control characters"},
    {"\"continuous_update\":1", "config.continuous_update: must be true or false"},
    {"\"continuous_update\":\"true\"", "config.continuous_update: must be true or false"},
    {"\"run_frequency\":\"Daily\"", "config.run_frequency: must be one of hourly, daily, weekly, monthly"},
    {"\"run_frequency\":7", "config.run_frequency: must be one of hourly, daily, weekly, monthly"},
    {"\"day_of_week\":\"7\"", "config.day_of_week: must be the English name of a day, or 0 (Sunday) to 6 as text"},
    {"\"day_of_week\":\"Mon\"", "config.day_of_week: must be the English name of a day, or 0 (Sunday) to 6 as text"},
    {"\"day_of_week\":\"01\"", "config.day_of_week: must be the English name of a day, or 0 (Sunday) to 6 as text"},
    {"\"time_of_day\":\"24:00\"", "config.time_of_day: must be HH:MM or h:mmam (17:30, 5:30pm)"},
    {"\"timezone\":\"Mars/Olympus\"",
     "config.timezone: must be UTC or an IANA time zone that this machine knows (Europe/Berlin)"},
    {"\"since_date\":\"yesterday\"", "config.since_date: must be yyyy-mm-dd HH:MM:SS (UTC) or yyyy-mm-dd"},
    {"\"since_date\":20240101", "config.since_date: must be yyyy-mm-dd HH:MM:SS (UTC) or yyyy-mm-dd"},
    {"\"batchsize\":1", "config.batchsize: unknown key, did you mean batch_size"},
    {"\"Stream\":\"s\"", "config.Stream: unknown key, did you mean stream"},
    {"\"fields\":[]", "config.fields: unknown key"},
    {"\"\":1", "config.: unknown key"},
    {"\"a\\nb\":1", "config.a b: unknown key"},
    {"\"an_unknown_key_that_is_much_longer_than_any_key_of_ours_and_is_cut_somewhere\":1",
     "config.an_unknown_key_that_is_much_longer_than_any_key_of_ours_and_is_c: unknown key"},
};

START_TEST(a_wrong_value_is_told_with_what_is_right)
{
    char config[400];
    cJSON *json;

    snprintf(config, sizeof config, REQUIRED ",%s", refusals[_i].member);
    read_import(config, "", &json);
    errors.size -= errors.size > 0;
    ck_assert_str_eq(ldbx_buf_cstr(&errors), refusals[_i].line);
    ck_assert_uint_eq(warnings.size, 0);
    cJSON_Delete(json);
}
END_TEST

static const remark option_refusals[] = {
    {"\"verify\":\"yes\"", "options.verify: must be true or false"},
    {"\"give_up_hours\":0", "options.give_up_hours: must be an integer from 1 to 8,760"},
    {"\"upper_lag\":-1", "options.upper_lag: must be an integer from 0 to 31,536,000"},
    {"\"upper_leg\":1", "options.upper_leg: unknown key, did you mean upper_lag"},
    {"\"batch_size\":1", "options.batch_size: unknown key"},
};

START_TEST(a_wrong_option_is_told_too)
{
    cJSON *json;

    read_import(REQUIRED, option_refusals[_i].member, &json);
    errors.size -= errors.size > 0;
    ck_assert_str_eq(ldbx_buf_cstr(&errors), option_refusals[_i].line);
    cJSON_Delete(json);
}
END_TEST

START_TEST(all_errors_come_at_once)
{
    cJSON *json;

    read_import("\"database\":\"  \",\"source\":7,\"batch_size\":0,\"surprise\":1", "\"verify\":2", &json);
    ck_assert_str_eq(ldbx_buf_cstr(&errors), "config.database: is required: text without control characters\n"
                                             "config.source: must be text without control characters\n"
                                             "config.timestamp_field: is required: text without control characters\n"
                                             "config.batch_size: must be an integer from 1 to 10,000,000\n"
                                             "config.surprise: unknown key\n"
                                             "options.verify: must be true or false\n");
    cJSON_Delete(json);
}
END_TEST

START_TEST(everything_set_is_read)
{
    cJSON *json;
    ldbx_import_settings settings =
        read_import(REQUIRED ",\"catalog\":\"main\",\"record_timestamp\":\"created\",\"since_date\":\"2024-01-01\","
                             "\"stream\":\"s\",\"continuous_update\":true,\"run_frequency\":\"weekly\","
                             "\"day_of_week\":\"MONDAY\",\"time_of_day\":\"5:30pm\",\"timezone\":\"UTC\","
                             "\"query_timeout\":30,\"batch_size\":10000000,\"row_limit\":5",
                    "\"verify\":false,\"give_up_hours\":3,\"upper_lag\":60", &json);
    ldbx_import_options options;

    ck_assert_uint_eq(errors.size, 0);
    ck_assert_str_eq(settings.run_frequency, "weekly");
    ck_assert_str_eq(settings.day_of_week, "MONDAY");
    ck_assert_str_eq(settings.time_of_day, "5:30pm");
    ck_assert_str_eq(settings.timezone, "UTC");
    ck_assert(settings.continuous_update);
    ck_assert_int_eq(settings.give_up_hours, 3);
    memset(&options, 0, sizeof options);
    ldbx_import_settings_apply(&settings, &options);
    ck_assert_str_eq(options.catalog, "main");
    ck_assert_str_eq(options.database, "crm");
    ck_assert_str_eq(options.table, "contacts");
    ck_assert_str_eq(options.timestamp_column, "updated_at");
    ck_assert_str_eq(options.record_timestamp_column, "created");
    ck_assert_str_eq(options.stream, "s");
    ck_assert_str_eq(options.since, "2024-01-01 00:00:00");
    ck_assert_int_eq(options.batch_size, 10000000);
    ck_assert_int_eq(options.row_limit, 5);
    ck_assert_int_eq(options.query_timeout_s, 1800);
    ck_assert_int_eq(options.upper_lag_s, 60);
    ck_assert_int_eq(options.verify, 0);
    cJSON_Delete(json);
}
END_TEST

START_TEST(defaults_and_blanks)
{
    cJSON *json;
    ldbx_import_settings settings =
        read_import(REQUIRED ",\"catalog\":\"\",\"stream\":\" \",\"since_date\":\"\",\"run_frequency\":\"\"",
                    "\"upper_lag\":0", &json);
    ldbx_import_options options;

    ck_assert_uint_eq(errors.size, 0);
    ck_assert_uint_eq(warnings.size, 0);
    memset(&options, 0xff, sizeof options);
    ldbx_import_settings_apply(&settings, &options);
    ck_assert_ptr_null(options.catalog);
    ck_assert_ptr_null(options.stream);
    ck_assert_ptr_null(options.since);
    ck_assert_ptr_null(options.record_timestamp_column);
    ck_assert_int_eq(options.batch_size, 0);
    ck_assert_int_eq(options.row_limit, 0);
    ck_assert_int_eq(options.query_timeout_s, 0);
    ck_assert_int_eq(options.upper_lag_s, 0);
    ck_assert_int_eq(options.verify, 1);
    ck_assert_int_eq(settings.give_up_hours, 10);
    cJSON_Delete(json);
}
END_TEST

static const struct {
    const char *members;
    const char *warnings;
} effects[] = {
    {"\"batch_size\":1", ""},
    {"\"continuous_update\":true", ""},
    {"\"continuous_update\":true,\"run_frequency\":\"hourly\"", ""},
    {"\"run_frequency\":\"daily\",\"time_of_day\":\"01:00\"",
     "config.run_frequency: without effect unless config.continuous_update is true\n"
     "config.time_of_day: without effect unless config.continuous_update is true\n"},
    {"\"continuous_update\":false,\"day_of_week\":\"0\",\"timezone\":\"UTC\"",
     "config.day_of_week: without effect unless config.continuous_update is true\n"
     "config.timezone: without effect unless config.continuous_update is true\n"},
    {"\"continuous_update\":true,\"day_of_week\":\"0\"",
     "config.day_of_week: without effect unless config.run_frequency is weekly\n"},
    {"\"continuous_update\":true,\"run_frequency\":\"weekly\",\"day_of_week\":\"0\",\"timezone\":\"UTC\"", ""},
    {"\"continuous_update\":true,\"run_frequency\":\"monthly\",\"timezone\":\"UTC\"", ""},
    {"\"continuous_update\":true,\"time_of_day\":\"01:00\",\"timezone\":\"UTC\"", ""},
    {"\"continuous_update\":true,\"timezone\":\"UTC\"",
     "config.timezone: without effect unless config.time_of_day or a day is set\n"},
    {"\"row_limit\":5", ""},
    {"\"continuous_update\":true,\"row_limit\":5",
     "config.row_limit: a run that it cuts moves no watermark, so the next one reads the same rows again\n"},
};

START_TEST(what_has_no_effect_is_said)
{
    char config[300];
    cJSON *json;

    snprintf(config, sizeof config, REQUIRED ",%s", effects[_i].members);
    read_import(config, "", &json);
    ck_assert_uint_eq(errors.size, 0);
    ck_assert_str_eq(ldbx_buf_cstr(&warnings), effects[_i].warnings);
    cJSON_Delete(json);
}
END_TEST

START_TEST(rows_that_are_held_back_for_good_are_told)
{
    static const struct {
        const char *members, *options, *warnings;
    } cases[] = {
        {"", "\"upper_lag\":1",
         "options.upper_lag: the rows that it holds back are never read unless config.continuous_update is true\n"},
        {"", "\"upper_lag\":0", ""},
        {",\"continuous_update\":true", "\"upper_lag\":1", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char config[300];
        cJSON *json;
        snprintf(config, sizeof config, REQUIRED "%s", cases[i].members);
        read_import(config, cases[i].options, &json);
        ck_assert_uint_eq(errors.size, 0);
        ck_assert_str_eq(ldbx_buf_cstr(&warnings), cases[i].warnings);
        ldbx_buf_reset(&warnings);
        cJSON_Delete(json);
    }
}
END_TEST

START_TEST(options_of_loads_have_no_effect)
{
    cJSON *json;

    read_import(REQUIRED,
                "\"schema\":\"declared\",\"swap\":true,\"keep_staged\":false,\"part_rows\":1,\"part_bytes\":2", &json);
    ck_assert_uint_eq(errors.size, 0);
    ck_assert_str_eq(ldbx_buf_cstr(&warnings), "options.schema: without effect on an import\n"
                                               "options.swap: without effect on an import\n"
                                               "options.keep_staged: without effect on an import\n"
                                               "options.part_rows: without effect on an import\n"
                                               "options.part_bytes: without effect on an import\n");
    cJSON_Delete(json);
}
END_TEST

/* One instant in many spellings is one identity. */
START_TEST(since_date_has_one_spelling)
{
    static const struct {
        const char *given;
        const char *spelled;
    } cases[] = {
        {"2024-02-29", "2024-02-29 00:00:00"},
        {"2024-02-29 00:00:00", "2024-02-29 00:00:00"},
        {"2024-02-29T00:00:00Z", "2024-02-29 00:00:00"},
        {"2024-02-29 01:30:00+01:30", "2024-02-29 00:00:00"},
        {"2024-02-29 12:34:56.5", "2024-02-29 12:34:56.500000"},
        {"0001-01-01", "0001-01-01 00:00:00"},
        {"9999-12-31 23:59:59", "9999-12-31 23:59:59"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char config[200];
        cJSON *json;
        ldbx_import_settings settings;
        snprintf(config, sizeof config, REQUIRED ",\"since_date\":\"%s\"", cases[i].given);
        settings = read_import(config, "", &json);
        ck_assert_uint_eq(errors.size, 0);
        ck_assert_str_eq(settings.since, cases[i].spelled);
        cJSON_Delete(json);
    }
}
END_TEST

START_TEST(forms_of_instants)
{
    ck_assert(ldbx_is_instant("2024-01-01"));
    ck_assert(ldbx_is_instant("2024-01-01 10:00:00"));
    ck_assert(!ldbx_is_instant("2023-02-29"));
    ck_assert(!ldbx_is_instant("01/02/2024"));
    ck_assert(!ldbx_is_instant("0000-12-31"));
    ck_assert(!ldbx_is_instant("10000-01-01"));
    ck_assert(!ldbx_is_instant("2024-01-01 25:00:00"));
}
END_TEST

START_TEST(forms_of_days)
{
    static const char *const good[] = {"Sunday", "monday",   "TUESDAY", "wednesday", "thursday",
                                       "friday", "saturday", "0",       "6"};
    static const char *const bad[] = {"7", "-1", "00", "sun", "mondays", "a"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(ldbx_is_day_of_week(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!ldbx_is_day_of_week(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(forms_of_times)
{
    static const char *const good[] = {"00:00", "23:59", "09:30", "5:30pm", "12:00am", "12:59PM", "05:30Am"};
    static const char *const bad[] = {"24:00",  "9:30",     "12:60",   "1230",   "12:3",  ":30",
                                      "0:30am", "13:00pm",  "5:30 pm", "5:30xm", "-1:00", "+1:00",
                                      "12:+1",  "12:30:00", "123:00",  "",       "a:00",  "12:30pmm"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(ldbx_is_time_of_day(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!ldbx_is_time_of_day(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(forms_of_zones)
{
    static const char *const good[] = {"Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"};
    static const char *const bad[] = {
        "Berlin",         "europe",
        "Europe",         "../zoneinfo/UTC",
        "/etc/localtime", "Europe/",
        "tzdata.zi",      "zone.tab",
        "Europe/Berlin ", "A_name_that_is_longer_than_any_zone_has_ever_been_or_will_ever_be"};

    ck_assert(ldbx_is_time_zone("UTC"));
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) == 0)
        for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
            ck_assert_msg(ldbx_is_time_zone(good[i]), "%s", good[i]);
    else
        puts("# zones are not tried: this machine has no time zone data");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!ldbx_is_time_zone(bad[i]), "%s", bad[i]);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *reading = suite_case(suite, "reading");
    TCase *forms = suite_case(suite, "forms");

    tcase_add_checked_fixture(reading, begin, end);
    tcase_add_loop_test(reading, a_wrong_value_is_told_with_what_is_right, 0, COUNT(refusals));
    tcase_add_loop_test(reading, a_wrong_option_is_told_too, 0, COUNT(option_refusals));
    tcase_add_test(reading, all_errors_come_at_once);
    tcase_add_test(reading, everything_set_is_read);
    tcase_add_test(reading, defaults_and_blanks);
    tcase_add_loop_test(reading, what_has_no_effect_is_said, 0, COUNT(effects));
    tcase_add_test(reading, rows_that_are_held_back_for_good_are_told);
    tcase_add_test(reading, options_of_loads_have_no_effect);
    tcase_add_test(reading, since_date_has_one_spelling);
    tcase_add_test(forms, forms_of_instants);
    tcase_add_test(forms, forms_of_days);
    tcase_add_test(forms, forms_of_times);
    tcase_add_test(forms, forms_of_zones);
    return suite_run(suite);
}
