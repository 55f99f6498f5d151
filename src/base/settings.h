/* Reading the objects of a JSON file by a table of their keys: all errors of the file at once, a line each. */
#ifndef LDBX_BASE_SETTINGS_H
#define LDBX_BASE_SETTINGS_H

#include <stddef.h>

#include "base/json.h"

/* What a key holds, and in brackets the member that it fills. */
typedef enum ldbx_setting_kind {
    LDBX_SETTING_TEXT,    /* any text [const char *] */
    LDBX_SETTING_LINE,    /* text without control characters [const char *]; blank is not set */
    LDBX_SETTING_INTEGER, /* low to high [int64_t] */
    LDBX_SETTING_BOOL,    /* [bool] */
    LDBX_SETTING_LIST,    /* of texts [const cJSON *] */
    LDBX_SETTING_OBJECT   /* [const cJSON *] */
} ldbx_setting_kind;

typedef struct ldbx_setting {
    const char *name;
    ldbx_setting_kind kind;
    bool required;
    size_t member;                   /* its offset in the settings */
    int64_t low, high;               /* of an INTEGER */
    const char *const *words;        /* of a LINE: nothing but one of these, ended by NULL */
    bool (*valid)(const char *line); /* of a LINE: the form that it must have, ... */
    const char *form;                /* ... and what to call it behind "must be" */
} ldbx_setting;

/*
 * Fills `settings`, which the caller has set to the defaults. Texts are borrowed from the object. Each key
 * that is missing, unknown or wrong adds a line to errors, its name behind prefix ("config.").
 */
void ldbx_settings_read(const cJSON *object, const char *prefix, const ldbx_setting *table, size_t count,
                        void *settings, ldbx_buf *errors);

/* LDBX_OK when no line was added; else LDBX_INVALID_DATA with all of them. */
int ldbx_settings_end(ldbx_buf *errors, ldbx_error **error);

#endif
