/*
 * What the fuzz targets share. A target takes any bytes; what must not happen ends the process: a memory error or undefined behaviour (the
 * sanitizers see it), a leak, a broken promise (`must`), and memory out of all proportion to the bytes that were sent.
 */
#ifndef LDBX_TESTS_FUZZ_H
#define LDBX_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lytics_dbx/lytics_dbx.h>

#include "client/shape.h"

typedef void fuzz_target(const uint8_t *data, size_t size);

fuzz_target fuzz_thrift;      /* a reply, any of the five that are read */
fuzz_target fuzz_reply;       /* an ExecuteStatement reply up to every cell of its rows */
fuzz_target fuzz_columns;     /* a FetchResults reply that carries its metadata, up to every cell */
fuzz_target fuzz_arrow;       /* a schema message and a batch message behind it, up to every cell */
fuzz_target fuzz_lz4;         /* LZ4 frames */
fuzz_target fuzz_config;      /* authorizations, profiles, single settings, by the first byte */
fuzz_target fuzz_documents;   /* job files, documents of jobs, checkpoints of imports, by the first byte */
fuzz_target fuzz_manifest;    /* the document of a load */
fuzz_target fuzz_text;        /* heads of HTTP answers, instants, addresses, texts that go out, by the first byte */
fuzz_target fuzz_json_reader; /* a JSON record, against cJSON */
fuzz_target fuzz_csv;         /* rows of a load as CSV, and back */
fuzz_target fuzz_xml;         /* answers of S3: errors, lists of uploads; and a text that is escaped, back */

#define must(condition) fuzz_must((condition), #condition, __FILE__, __LINE__)

void fuzz_must(bool fine, const char *condition, const char *file, int line);

#define FUZZ_KIB ((size_t)1 << 10)
#define FUZZ_MAX_JSON                                                                                                  \
    (1024 * FUZZ_KIB) /* of a batch that is walked: time is bounded, the cap itself has a test of its own */
#define FUZZ_MAX_INFLATED (4096 * FUZZ_KIB)

/* From now on the library's memory is counted; above `allowed` bytes the process ends. fuzz_end: all was given back. */
void fuzz_begin(size_t allowed);
void fuzz_end(void);

/* A status and the error that must go with it: failed calls say why in one or more lines of UTF-8, others say nothing. Frees the error. */
bool fuzz_ok(int status, ldbx_error *error);

/* An exact copy that ends where its memory ends, so that reading behind it is seen; given back with free(). */
char *fuzz_copy(ldbx_view bytes);

/* Every cell through every typed getter, as text and as JSON. */
void fuzz_walk(const struct ArrowArray *array, const ldbx_shape *shape);
void fuzz_walk_batch(const ldbx_batch *batch);

#endif
