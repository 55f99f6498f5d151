/* What a job of type databricks-import is told: its keys, what follows from them, what is said about them. */
#ifndef LDBX_WORKFLOW_JOBS_IMPORT_TABLE_H
#define LDBX_WORKFLOW_JOBS_IMPORT_TABLE_H

#include <lytics_dbx/import.h>

#include "base/json.h"

/* Texts are borrowed from the job file; NULL and 0: not set. */
typedef struct ldbx_import_settings {
    const char *catalog;
    const char *database;
    const char *source;
    const char *timestamp_field;
    const char *record_timestamp;
    const char *since_date;
    const char *stream;
    bool continuous_update;
    const char *run_frequency;
    const char *day_of_week;
    const char *time_of_day;
    const char *timezone;
    int64_t query_timeout; /* minutes */
    int64_t batch_size;
    int64_t row_limit;

    bool verify;
    int64_t give_up_hours;
    int64_t upper_lag; /* seconds */
    /* Of staged loads: known here, but without effect. */
    const char *schema;
    bool swap;
    bool keep_staged;
    int64_t part_rows;
    int64_t part_bytes;

    char since[48]; /* since_date in one spelling: "yyyy-mm-dd HH:MM:SS[.ffffff]"; "" when it is not set */
} ldbx_import_settings;

/* options may be NULL. What is wrong adds a line to errors each, what has no effect one to warnings. */
void ldbx_import_settings_read(const cJSON *config, const cJSON *options, ldbx_import_settings *out, ldbx_buf *errors,
                               ldbx_buf *warnings);

/* The members "source", "stream" and "settings" of a description. */
void ldbx_import_settings_describe(const ldbx_import_settings *settings, ldbx_json_writer *writer);

/* Fills in what the job says; the host's side is the caller's. Texts are borrowed from the settings. */
void ldbx_import_settings_apply(const ldbx_import_settings *settings, ldbx_import_options *options);

/* A key that decides which rows are read or where they go; value NULL: not set. */
typedef struct ldbx_identity {
    const char *name;
    const char *value;
} ldbx_identity;

#define LDBX_IDENTITY_COUNT 7

void ldbx_import_settings_identify(const ldbx_import_settings *settings, ldbx_identity out[LDBX_IDENTITY_COUNT]);

#endif
