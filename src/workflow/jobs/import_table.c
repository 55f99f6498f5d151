#include "workflow/jobs/import_table.h"

#include <stddef.h>
#include <string.h>

#include "base/civil.h"
#include "base/settings.h"
#include "base/str.h"
#include "client/sql.h"
#include "workflow/jobs/forms.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define MEMBER(name) offsetof(ldbx_import_settings, name)

#define MAX_BATCH_SIZE    10000000
#define MAX_ROW_LIMIT     INT64_C(1000000000000)
#define MAX_QUERY_MINUTES 10080 /* a week */
#define MAX_GIVE_UP_HOURS 8760  /* a year */
#define MAX_LAG_SECONDS   31536000
#define MAX_PART_BYTES    INT64_C(1000000000000)

static const char *const frequencies[] = {"hourly", "daily", "weekly", "monthly", NULL};
static const char *const schemas[] = {"inferred", "declared", NULL};

static const ldbx_setting config_table[] = {
    {"catalog", LDBX_SETTING_LINE, .member = MEMBER(catalog)},
    {"database", LDBX_SETTING_LINE, .required = true, .member = MEMBER(database)},
    {"source", LDBX_SETTING_LINE, .required = true, .member = MEMBER(source)},
    {"timestamp_field", LDBX_SETTING_LINE, .required = true, .member = MEMBER(timestamp_field)},
    {"record_timestamp", LDBX_SETTING_LINE, .member = MEMBER(record_timestamp)},
    {"since_date", LDBX_SETTING_LINE, .member = MEMBER(since_date), .valid = ldbx_is_instant,
     .form = "yyyy-mm-dd HH:MM:SS (UTC) or yyyy-mm-dd"},
    {"stream", LDBX_SETTING_LINE, .member = MEMBER(stream)},
    {"continuous_update", LDBX_SETTING_BOOL, .member = MEMBER(continuous_update)},
    {"run_frequency", LDBX_SETTING_LINE, .member = MEMBER(run_frequency), .words = frequencies},
    {"day_of_week", LDBX_SETTING_LINE, .member = MEMBER(day_of_week), .valid = ldbx_is_day_of_week,
     .form = "the English name of a day, or 0 (Sunday) to 6 as text"},
    {"time_of_day", LDBX_SETTING_LINE, .member = MEMBER(time_of_day), .valid = ldbx_is_time_of_day,
     .form = "HH:MM or h:mmam (17:30, 5:30pm)"},
    {"timezone", LDBX_SETTING_LINE, .member = MEMBER(timezone), .valid = ldbx_is_time_zone,
     .form = "UTC or an IANA time zone that this machine knows (Europe/Berlin)"},
    {"query_timeout", LDBX_SETTING_INTEGER, .member = MEMBER(query_timeout), .low = 1, .high = MAX_QUERY_MINUTES},
    {"batch_size", LDBX_SETTING_INTEGER, .member = MEMBER(batch_size), .low = 1, .high = MAX_BATCH_SIZE},
    {"row_limit", LDBX_SETTING_INTEGER, .member = MEMBER(row_limit), .low = 1, .high = MAX_ROW_LIMIT},
};

static const ldbx_setting options_table[] = {
    {"verify", LDBX_SETTING_BOOL, .member = MEMBER(verify)},
    {"give_up_hours", LDBX_SETTING_INTEGER, .member = MEMBER(give_up_hours), .low = 1, .high = MAX_GIVE_UP_HOURS},
    {"upper_lag", LDBX_SETTING_INTEGER, .member = MEMBER(upper_lag), .low = 0, .high = MAX_LAG_SECONDS},
    {"schema", LDBX_SETTING_LINE, .member = MEMBER(schema), .words = schemas},
    {"swap", LDBX_SETTING_BOOL, .member = MEMBER(swap)},
    {"keep_staged", LDBX_SETTING_BOOL, .member = MEMBER(keep_staged)},
    {"part_rows", LDBX_SETTING_INTEGER, .member = MEMBER(part_rows), .low = 1, .high = MAX_ROW_LIMIT},
    {"part_bytes", LDBX_SETTING_INTEGER, .member = MEMBER(part_bytes), .low = 1, .high = MAX_PART_BYTES},
};

/* "2024-01-01", "2024-01-01T00:00:00Z" and the like are one instant and must not look like a change of the job. */
static void spell_since(ldbx_import_settings *settings)
{
    static const char whole[] = ".000000";
    size_t size;
    int64_t us;

    if (settings->since_date == NULL || !ldbx_parse_timestamp(ldbx_view_of(settings->since_date), &us))
        return;
    size = ldbx_format_timestamp(settings->since, us, false);
    *strchr(settings->since, 'T') = ' ';
    if (strcmp(settings->since + size - strlen(whole), whole) == 0)
        settings->since[size - strlen(whole)] = '\0';
}

static void warn(ldbx_buf *warnings, const char *key, const char *why)
{
    ldbx_buf_printf(warnings, "%s: without effect %s\n", key, why);
}

static bool is_frequency(const ldbx_import_settings *settings, const char *frequency)
{
    return settings->run_frequency != NULL && strcmp(settings->run_frequency, frequency) == 0;
}

static void warn_schedule(const ldbx_import_settings *settings, ldbx_buf *warnings)
{
    const char *const set[][2] = {{"config.run_frequency", settings->run_frequency},
                                  {"config.day_of_week", settings->day_of_week},
                                  {"config.time_of_day", settings->time_of_day},
                                  {"config.timezone", settings->timezone}};
    bool weekly = is_frequency(settings, "weekly");

    if (!settings->continuous_update) {
        for (size_t i = 0; i < COUNT(set); i++)
            if (set[i][1] != NULL)
                warn(warnings, set[i][0], "unless config.continuous_update is true");
        return;
    }
    if (settings->day_of_week != NULL && !weekly)
        warn(warnings, "config.day_of_week", "unless config.run_frequency is weekly");
    if (settings->timezone != NULL && settings->time_of_day == NULL && !is_frequency(settings, "monthly") &&
        !(weekly && settings->day_of_week != NULL))
        warn(warnings, "config.timezone", "unless config.time_of_day or a day is set");
}

static void warn_options(const ldbx_import_settings *settings, const cJSON *options, ldbx_buf *warnings)
{
    static const char *const of_loads[] = {"schema", "swap", "keep_staged", "part_rows", "part_bytes"};

    if (settings->upper_lag > 0 && !settings->continuous_update)
        ldbx_buf_str(warnings, "options.upper_lag: the rows that it holds back are never read unless "
                               "config.continuous_update is true\n");
    for (size_t i = 0; i < COUNT(of_loads); i++)
        if (ldbx_json_get(options, of_loads[i]) != NULL)
            ldbx_buf_printf(warnings, "options.%s: without effect on an import\n", of_loads[i]);
}

void ldbx_import_settings_read(const cJSON *config, const cJSON *options, ldbx_import_settings *out, ldbx_buf *errors,
                               ldbx_buf *warnings)
{
    *out = (ldbx_import_settings){.verify = true, .give_up_hours = 10};
    ldbx_settings_read(config, "config.", config_table, COUNT(config_table), out, errors);
    if (options != NULL)
        ldbx_settings_read(options, "options.", options_table, COUNT(options_table), out, errors);
    spell_since(out);
    warn_schedule(out, warnings);
    if (out->row_limit > 0 && out->continuous_update)
        ldbx_buf_str(warnings, "config.row_limit: a run that it cuts moves no watermark, so the next one reads "
                               "the same rows again\n");
    warn_options(out, options, warnings);
}

/* Ends the value. */
static void put_built(ldbx_json_writer *writer, const char *name, ldbx_buf *value)
{
    const char *text = ldbx_buf_cstr(value);

    if (text != NULL)
        ldbx_json_put_text(writer, name, text);
    else
        writer->buf->failed = true;
    ldbx_buf_clear(value);
}

static void put_source(const ldbx_import_settings *settings, ldbx_json_writer *writer)
{
    ldbx_buf name;

    ldbx_buf_init(&name, LDBX_MAX_DOCUMENT);
    ldbx_sql_name(&name, settings->catalog, settings->database, settings->source);
    put_built(writer, "source", &name);
}

static void put_stream(const ldbx_import_settings *settings, ldbx_json_writer *writer)
{
    ldbx_buf name;

    ldbx_buf_init(&name, LDBX_MAX_DOCUMENT);
    if (settings->stream != NULL)
        ldbx_buf_str(&name, settings->stream);
    else
        ldbx_buf_printf(&name, "databricks_%s_%s_%s", settings->catalog != NULL ? settings->catalog : "{catalog}",
                        settings->database, settings->source);
    put_built(writer, "stream", &name);
}

static void put_count(ldbx_json_writer *writer, const char *name, int64_t value)
{
    if (value > 0)
        ldbx_json_put_int(writer, name, value);
    else
        ldbx_json_put_null(writer, name);
}

static const char *or_default(const char *value, const char *otherwise)
{
    return value != NULL ? value : otherwise;
}

static void put_schedule(const ldbx_import_settings *settings, ldbx_json_writer *writer)
{
    bool runs_again = settings->continuous_update;

    ldbx_json_put_bool(writer, "continuous_update", runs_again);
    ldbx_json_put_text(writer, "run_frequency", runs_again ? or_default(settings->run_frequency, "daily") : NULL);
    ldbx_json_put_text(writer, "day_of_week", runs_again ? settings->day_of_week : NULL);
    ldbx_json_put_text(writer, "time_of_day", runs_again ? settings->time_of_day : NULL);
    ldbx_json_put_text(writer, "timezone", runs_again ? or_default(settings->timezone, "UTC") : NULL);
}

void ldbx_import_settings_describe(const ldbx_import_settings *settings, ldbx_json_writer *writer)
{
    put_source(settings, writer);
    put_stream(settings, writer);
    ldbx_json_begin_object(writer, "settings");
    ldbx_json_put_text(writer, "timestamp_field", settings->timestamp_field);
    ldbx_json_put_text(writer, "record_timestamp", or_default(settings->record_timestamp, settings->timestamp_field));
    ldbx_json_put_text(writer, "since_date", settings->since[0] != '\0' ? settings->since : NULL);
    put_schedule(settings, writer);
    put_count(writer, "query_timeout", settings->query_timeout);
    put_count(writer, "batch_size", settings->batch_size);
    put_count(writer, "row_limit", settings->row_limit);
    ldbx_json_put_bool(writer, "verify", settings->verify);
    ldbx_json_put_int(writer, "give_up_hours", settings->give_up_hours);
    ldbx_json_put_int(writer, "upper_lag", settings->upper_lag);
    ldbx_json_end_object(writer);
}

void ldbx_import_settings_apply(const ldbx_import_settings *settings, ldbx_import_options *options)
{
    options->catalog = settings->catalog;
    options->database = settings->database;
    options->table = settings->source;
    options->timestamp_column = settings->timestamp_field;
    options->record_timestamp_column = settings->record_timestamp;
    options->stream = settings->stream;
    options->since = settings->since[0] != '\0' ? settings->since : NULL;
    options->batch_size = settings->batch_size;
    options->row_limit = settings->row_limit;
    options->query_timeout_s = settings->query_timeout * 60;
    options->upper_lag_s = settings->upper_lag;
    options->verify = settings->verify;
}

void ldbx_import_settings_identify(const ldbx_import_settings *settings, ldbx_identity out[LDBX_IDENTITY_COUNT])
{
    const ldbx_identity identity[LDBX_IDENTITY_COUNT] = {
        {"catalog", settings->catalog},
        {"database", settings->database},
        {"source", settings->source},
        {"timestamp_field", settings->timestamp_field},
        {"record_timestamp", settings->record_timestamp},
        {"since_date", settings->since[0] != '\0' ? settings->since : NULL},
        {"stream", settings->stream},
    };

    memcpy(out, identity, sizeof identity);
}
