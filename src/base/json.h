/* Reading and writing small JSON documents through cJSON: configuration, jobs, checkpoints, reports. */
#ifndef LDBX_BASE_JSON_H
#define LDBX_BASE_JSON_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "base/buf.h"

/* Parses a whole text; *out is ended with cJSON_Delete. LDBX_INVALID_DATA names the line. Duplicate keys in
 * an object are refused (the key is named), so are \u0000, control characters, invalid UTF-8 and more than
 * 100 levels. cJSON allocates by malloc(): its hooks belong to the whole process, hence to the host. */
int ldbx_json_parse(ldbx_view text, cJSON **out, ldbx_error **error);

/* As cJSON_Delete, overwriting all texts first: for documents that carry secrets. */
void ldbx_json_wipe(cJSON *document);

/* Member of an object by exact name, or NULL. */
const cJSON *ldbx_json_get(const cJSON *object, const char *name);
/* Text member, or `otherwise` when it is missing or no text. Borrowed. */
const char *ldbx_json_text(const cJSON *object, const char *name, const char *otherwise);
/* Integer member within +-2^53, exactly; false when missing or not an integer. */
bool ldbx_json_int64(const cJSON *object, const char *name, int64_t *out);

/*
 * Writing: a document is appended to a buffer member by member; commas are put where they are needed.
 * Integers of any size are exact. A failed buffer stays failed, so only its end is checked.
 */
typedef struct ldbx_json_writer {
    ldbx_buf *buf;
    bool comma; /* the next member needs one */
} ldbx_json_writer;

/* name NULL: an element of an array, or the document itself. */
void ldbx_json_begin_object(ldbx_json_writer *writer, const char *name);
void ldbx_json_end_object(ldbx_json_writer *writer);
void ldbx_json_begin_array(ldbx_json_writer *writer, const char *name);
void ldbx_json_end_array(ldbx_json_writer *writer);
void ldbx_json_put_text(ldbx_json_writer *writer, const char *name, const char *value); /* NULL value: null */
void ldbx_json_put_int(ldbx_json_writer *writer, const char *name, int64_t value);
void ldbx_json_put_bool(ldbx_json_writer *writer, const char *name, bool value);
void ldbx_json_put_null(ldbx_json_writer *writer, const char *name);
/* "" is as good as NULL. */
void ldbx_json_put_any(ldbx_json_writer *writer, const char *name, const char *value);
/* Microseconds since 1970 as text; 0: null. */
void ldbx_json_put_instant(ldbx_json_writer *writer, const char *name, int64_t us);
/* What reports tell of an error; NULL: null. */
void ldbx_json_put_error(ldbx_json_writer *writer, const char *name, const ldbx_error *error);
void ldbx_json_put_raw(ldbx_json_writer *writer, const char *name, ldbx_view json);

#endif
