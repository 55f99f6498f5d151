/*
 * The server of canned mode: sends answers that lie prepared in a folder (prepare.py writes it), a thread a connection.
 */
#ifndef SANDBOX_CANNED_H
#define SANDBOX_CANNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lytics_dbx/types.h>

#define HEAD_BYTES 256 /* what is filled in lies within the first so many bytes of an answer */

/* A prepared answer: its head in memory, the rest in the file. Places that it does not have are 0. */
typedef struct answer {
    int fd;
    size_t size;
    uint8_t head[HEAD_BYTES];
    size_t seqid_at;
    size_t operation_at; /* six bytes, a number */
    size_t start_at;     /* eight bytes */
} answer;

/* Forms of a result, as prepare.py names them. */
typedef enum form { FORM_LZ4, FORM_LZ4_PLAIN, FORM_ARROW, FORM_ARROW_TEXT, FORM_COLUMNS, FORM_COUNT } form;

#define MAX_PAGES 1024

typedef struct rows {
    answer execute;
    answer metadata;
    answer pages[MAX_PAGES];
    int64_t page_count; /* 0: all rows come with the answer to ExecuteStatement */
} rows;

typedef struct statement {
    char part[64]; /* of its text */
    int64_t times; /* that the pages are sent, one round after the other */
    int64_t page_rows;
    rows *forms[FORM_COUNT]; /* NULL: not prepared */
} statement;

#define CALL_COUNT 5 /* calls whose answer says the same to everybody */

typedef struct answers {
    form richest; /* that is sent: FORM_LZ4, FORM_ARROW or FORM_COLUMNS */
    answer calls[CALL_COUNT];
    statement statements[32];
    size_t statement_count;
} answers;

/* Opens what the folder has; ends the program, saying why, when it is not whole. */
void answers_load(answers *all, const char *folder, const char *richest);
const statement *answers_find(const answers *all, ldbx_view text);
const answer *answers_call(const answers *all, ldbx_view call); /* NULL: not one of those */

/* A request, as far as it matters here. */
typedef struct request {
    ldbx_view call;
    int32_t seqid;
    ldbx_view text;            /* of ExecuteStatement */
    bool arrow, lz4, decimals; /* what the client can read */
    bool cluster;              /* of which it asked: its LZ4 frames have no checksums */
    uint64_t operation;
    int64_t start; /* -1: the next rows */
} request;

bool request_read(ldbx_view body, request *out);

/* A prepared answer, and what to fill in. */
typedef struct reply {
    const answer *from;
    uint64_t operation;
    int64_t start;
    bool more;
} reply;

/* What to say to a request; false: nothing is prepared for it. */
bool service_answer(const answers *all, const request *asked, reply *out);

typedef struct pace {
    int64_t latency_ms;
    int64_t bytes_per_s; /* 0: no limit */
} pace;

/* Serves one connection until its end. */
void connection_serve(int fd, const answers *all, const pace *how);

#endif
