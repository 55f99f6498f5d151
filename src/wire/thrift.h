/*
 * TBinaryProtocol, strict and unframed: a writer into a buffer and a reader over bytes. Knows no message; no I/O.
 *
 * The writer's failure is the buffer's. The reader's is sticky too: after the first violation every read gives 0 or the empty view and
 * `bad` names what was wrong, so that a decoder is checked once, at its end. Sizes are checked against the bytes that are left.
 */
#ifndef LDBX_WIRE_THRIFT_H
#define LDBX_WIRE_THRIFT_H

#include "base/buf.h"

enum {
    LDBX_T_STOP = 0,
    LDBX_T_BOOL = 2,
    LDBX_T_BYTE = 3,
    LDBX_T_DOUBLE = 4,
    LDBX_T_I16 = 6,
    LDBX_T_I32 = 8,
    LDBX_T_I64 = 10,
    LDBX_T_STRING = 11,
    LDBX_T_STRUCT = 12,
    LDBX_T_MAP = 13,
    LDBX_T_SET = 14,
    LDBX_T_LIST = 15
};

enum { LDBX_THRIFT_CALL = 1, LDBX_THRIFT_REPLY = 2, LDBX_THRIFT_EXCEPTION = 3 };

/* Writing. A field that holds a struct is opened with ldbx_tw_struct and closed with ldbx_tw_stop. */
void ldbx_tw_message(ldbx_buf *out, const char *name, int kind, int32_t seqid);
void ldbx_tw_struct(ldbx_buf *out, int16_t id);
void ldbx_tw_stop(ldbx_buf *out);
void ldbx_tw_bool(ldbx_buf *out, int16_t id, bool value);
void ldbx_tw_i32(ldbx_buf *out, int16_t id, int32_t value);
void ldbx_tw_i64(ldbx_buf *out, int16_t id, int64_t value);
void ldbx_tw_string(ldbx_buf *out, int16_t id, ldbx_view value);
void ldbx_tw_list(ldbx_buf *out, int16_t id, int element, int32_t count); /* the elements follow, without headers */
void ldbx_tw_string_map(ldbx_buf *out, int16_t id, int32_t count); /* count times key and value by ldbx_tw_raw_string */
void ldbx_tw_raw_string(ldbx_buf *out, ldbx_view value);

/* Reading. */
typedef struct ldbx_tr {
    const uint8_t *at;
    const uint8_t *end;
    int depth;
    const char *bad; /* NULL: all well. A static text. */
} ldbx_tr;

void ldbx_tr_init(ldbx_tr *reader, ldbx_view bytes);
/* Checks name and seqid of a reply; gives the kind, or 0 after setting `bad`. */
int ldbx_tr_message(ldbx_tr *reader, const char *name, int32_t seqid);
/* Next field of the struct: false at its end and after a violation. Every field must be read or skipped. */
bool ldbx_tr_field(ldbx_tr *reader, int *type, int16_t *id);
void ldbx_tr_skip(ldbx_tr *reader, int type);
void ldbx_tr_skip_elements(ldbx_tr *reader, int type, int32_t count); /* of a list whose header has been read */
bool ldbx_tr_bool(ldbx_tr *reader);
int32_t ldbx_tr_i32(ldbx_tr *reader);
int64_t ldbx_tr_i64(ldbx_tr *reader);
ldbx_view ldbx_tr_string(ldbx_tr *reader); /* borrowed from the message */
/* Header of a list: its element type and count, checked against the bytes that are left (every element takes at least one). */
int32_t ldbx_tr_list(ldbx_tr *reader, int *element);
int32_t ldbx_tr_map(ldbx_tr *reader, int *key, int *value);
/* Every struct that is read goes through these two: nesting above 64 is a violation. */
bool ldbx_tr_enter(ldbx_tr *reader);
void ldbx_tr_leave(ldbx_tr *reader);

#endif
