/*
 * What a load keeps in its store, as one JSON document: how far it has come, of which files it is made, what attempts that
 * died may have left in the staging, and which sources are loaded already.
 */
#ifndef LDBX_LOAD_MANIFEST_H
#define LDBX_LOAD_MANIFEST_H

#include <lytics_dbx/value.h>

#include "client/history.h"
#include "load/csv.h"
#include "load/names.h"

#define LDBX_MAX_PARTS       100000 /* files of a load */
#define LDBX_MAX_DEAD        1000   /* attempts under one key whose files may lie about */
#define LDBX_MAX_SOURCES     10000  /* loaded sources that are remembered under one key: the newest ones */
#define LDBX_GROUP_FILES     1000   /* FILES of one COPY INTO: the server takes no more */
#define LDBX_IDENTITY_SIZE   33     /* 128 bits as hexadecimal digits, and a NUL */
#define LDBX_NULL_VALUE_SIZE 38     /* "ldbx_", 128 random bits, and a NUL */
#define LDBX_TABLE_ID_SIZE   64     /* the server's name for a table, a UUID as a rule, and a NUL */

typedef enum ldbx_load_state {
    LDBX_LOAD_NONE = 0,   /* nothing is in work */
    LDBX_LOAD_STAGING,    /* parts are being written; a load that dies here begins anew */
    LDBX_LOAD_SEALED,     /* the files are complete: from here on exactly these are loaded */
    LDBX_LOAD_PREPARED,   /* the table is there and fits; groups are being loaded */
    LDBX_LOAD_RECONCILED, /* all rows are in the table, and the files may go */
    LDBX_LOAD_FAILED      /* what was loaded is not what was staged; kept for a person to look at */
} ldbx_load_state;

/* A staged file; its name follows from its place, which is its part number less one. */
typedef struct ldbx_part {
    int64_t rows;
    int64_t bytes; /* as sent */
    uint32_t crc32;
} ldbx_part;

/* An attempt whose files are nobody's any more. */
typedef struct ldbx_dead {
    ldbx_attempt attempt;
    char *url;    /* where it was staged; owned */
    bool removed; /* once already; they are removed again at the end of a load, since a request may arrive late */
} ldbx_dead;

/* A loaded source. */
typedef struct ldbx_load_done {
    char identity[LDBX_IDENTITY_SIZE];
    char run[LDBX_RUN_ID_SIZE];
    int64_t rows;
} ldbx_load_done;

/* A load in work. */
typedef struct ldbx_manifest {
    ldbx_load_state state;
    char identity[LDBX_IDENTITY_SIZE]; /* of target, columns and source together */
    char *source;
    char *url; /* of the staging */
    char *catalog, *database, *table;
    ldbx_load_column *columns; /* owned, as their texts are */
    size_t column_count;
    ldbx_load_schema schema;
    char null_value[LDBX_NULL_VALUE_SIZE];
    ldbx_attempt attempt; /* the names in use */
    int64_t resumed;      /* how often somebody went on with it after it was sealed */
    ldbx_part *parts;
    size_t part_count, part_capacity;
    int64_t rows, bytes; /* of all parts */
    int64_t empty_as_null;
    bool table_seen;                   /* the table is there, or was: it is not made again */
    ldbx_version before;               /* of the table, when it was prepared */
    char table_id[LDBX_TABLE_ID_SIZE]; /* of it then: another one is another table; "": the server gave none */
    int64_t started;                   /* groups whose COPY INTO may have been sent */
    int64_t loaded;                    /* groups that are in the table */
    int64_t statements;                /* COPY INTO statements so far */
    int64_t after;                     /* version that the last group made; -1: not known */
    char *failure;                     /* of LDBX_LOAD_FAILED */
} ldbx_manifest;

/* Files first to first + files - 1 of a manifest: those of one COPY INTO. */
typedef struct ldbx_load_group {
    int64_t first, files, rows;
} ldbx_load_group;

typedef struct ldbx_load_document {
    ldbx_manifest load;
    ldbx_dead *dead; /* the oldest first */
    size_t dead_count, dead_capacity;
    ldbx_load_done *done; /* the oldest first */
    size_t done_count, done_capacity;
} ldbx_load_document;

void ldbx_load_document_clear(ldbx_load_document *document);
void ldbx_load_document_write(const ldbx_load_document *document, const char *job, ldbx_buf *out);
/* LDBX_INVALID_DATA names the member that is missing or wrong. */
int ldbx_load_document_read(ldbx_view text, const char *job, ldbx_load_document *out, ldbx_error **error);

/* Once, whoever names it again. Above LDBX_MAX_DEAD the oldest one is forgotten. */
int ldbx_load_document_add_dead(ldbx_load_document *document, const ldbx_attempt *attempt, const char *url,
                                ldbx_error **error);
void ldbx_load_document_drop_dead(ldbx_load_document *document, size_t index);
/* Above LDBX_MAX_SOURCES the oldest one is forgotten. */
int ldbx_load_document_add_done(ldbx_load_document *document, const ldbx_load_done *done, ldbx_error **error);
/* NULL: it is not among them. */
const ldbx_load_done *ldbx_load_document_find_done(const ldbx_load_document *document, const char *identity);

void ldbx_manifest_clear(ldbx_manifest *manifest);
/* LDBX_INVALID_ARGUMENT above LDBX_MAX_PARTS. */
int ldbx_manifest_add(ldbx_manifest *manifest, const ldbx_part *part, ldbx_error **error);
int ldbx_manifest_set_columns(ldbx_manifest *manifest, const ldbx_load_column *columns, size_t count,
                              ldbx_error **error);
/* The writer of its files, which also knows how they are read. */
int ldbx_manifest_csv(const ldbx_manifest *manifest, ldbx_csv **out, ldbx_error **error);
/* An inferred load is one group, whatever its files: each statement would infer for itself. */
int64_t ldbx_manifest_groups(const ldbx_manifest *manifest);
ldbx_load_group ldbx_manifest_group(const ldbx_manifest *manifest, int64_t index);
const char *ldbx_load_state_name(ldbx_load_state state);

#endif
