/*
 * A pull reader for JSON records (RFC 8259, one object each): numbers stay text, "\u0000" stays a character, and what is not looked
 * into passes through byte for byte. Nothing is allocated; values are views of the record.
 *
 * Whether a member comes twice is for the caller to see, who knows which members count.
 */
#ifndef LDBX_BASE_JSON_READER_H
#define LDBX_BASE_JSON_READER_H

#include <stdbool.h>

#include "base/buf.h"

#define LDBX_MAX_RECORD_DEPTH 100 /* levels of objects and arrays, the record itself included */

typedef enum ldbx_json_kind {
    LDBX_JSON_NULL = 0,
    LDBX_JSON_FALSE,
    LDBX_JSON_TRUE,
    LDBX_JSON_NUMBER,
    LDBX_JSON_STRING,
    LDBX_JSON_ARRAY,
    LDBX_JSON_OBJECT
} ldbx_json_kind;

typedef struct ldbx_json_value {
    ldbx_json_kind kind;
    bool escaped;   /* a string that is not its text as it stands */
    ldbx_view text; /* as in the record; a string without its quotes */
} ldbx_json_value;

/* Members of one object or elements of one array, from the first to the last. */
typedef struct ldbx_json_reader {
    const char *start, *at, *end;
    int depth; /* of what is read; the record itself: 1 */
    bool array;
    bool begun; /* the first one was asked for */
} ldbx_json_reader;

/* Opens a record. LDBX_INVALID_DATA: it is not valid UTF-8, or no object; this and all errors name the byte, counted from 1, and never
 * quote the record. */
int ldbx_json_reader_open(ldbx_json_reader *reader, ldbx_view record, ldbx_error **error);
/* Opens an array or object that a reader gave; reading it does not fail. */
void ldbx_json_reader_enter(ldbx_json_reader *reader, const ldbx_json_value *value);
/*
 * The next member; in an array, where name is left alone and may be NULL, the next element. A value is checked to all its
 * depth. LDBX_DONE: there is none, and nothing but blanks follows; LDBX_INVALID_DATA.
 */
int ldbx_json_reader_next(ldbx_json_reader *reader, ldbx_json_value *name, ldbx_json_value *value, ldbx_error **error);

/* The text of a string: a view of the record where it has no escapes, else of `to`, to which it is appended; it is never longer than
 * in the record. A failed buffer gives the empty text. */
ldbx_view ldbx_json_unescape(const ldbx_json_value *string, ldbx_buf *to);
/* Appends a value without the blanks between its parts, else as it stands. */
void ldbx_json_compact(ldbx_buf *to, const ldbx_json_value *value);

#endif
