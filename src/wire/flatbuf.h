/*
 * Reading a flatbuffer that may be hostile: tables, vectors, texts and numbers, every offset checked before
 * it is followed.
 *
 * Failure is sticky as in thrift.h: after the first violation everything reads as absent, and `bad` says so.
 * Nothing is copied. The same part may be reached twice (flatbuffers share), so that whoever walks one must
 * bound depth and work himself.
 */
#ifndef LDBX_WIRE_FLATBUF_H
#define LDBX_WIRE_FLATBUF_H

#include "base/buf.h"

typedef struct ldbx_fb {
    const uint8_t *data;
    size_t size;
    bool bad;
} ldbx_fb;

typedef struct ldbx_fb_table {
    ldbx_fb *fb;
    size_t at;     /* of the table */
    size_t size;   /* of the table itself */
    size_t vtable; /* position of the first entry */
    size_t fields; /* number of entries */
} ldbx_fb_table;

typedef struct ldbx_fb_vector {
    ldbx_fb *fb;
    size_t at; /* of the first element */
    size_t count;
} ldbx_fb_vector;

/* The table that the buffer begins with. After a violation: a table without fields. */
ldbx_fb_table ldbx_fb_root(ldbx_fb *fb);

/* Scalars by the index of their field; `otherwise` when it was not written. */
bool ldbx_fb_bool(const ldbx_fb_table *table, size_t field, bool otherwise);
uint8_t ldbx_fb_u8(const ldbx_fb_table *table, size_t field, uint8_t otherwise);
int16_t ldbx_fb_i16(const ldbx_fb_table *table, size_t field, int16_t otherwise);
int32_t ldbx_fb_i32(const ldbx_fb_table *table, size_t field, int32_t otherwise);
int64_t ldbx_fb_i64(const ldbx_fb_table *table, size_t field, int64_t otherwise);

/* false: not written (out is then a table without fields). */
bool ldbx_fb_child(const ldbx_fb_table *table, size_t field, ldbx_fb_table *out);
ldbx_view ldbx_fb_text(const ldbx_fb_table *table, size_t field); /* {NULL, 0}: not written */
/* A vector whose elements have this size; tables are elements of 4 bytes. Not written: no elements. */
ldbx_fb_vector ldbx_fb_elements(const ldbx_fb_table *table, size_t field, size_t element_size);

ldbx_fb_table ldbx_fb_table_at(const ldbx_fb_vector *vector, size_t index); /* index below count */
/* The index-th of the i64 numbers that a vector of structs of such consists of. */
int64_t ldbx_fb_i64_at(const ldbx_fb_vector *vector, size_t index);

#endif
