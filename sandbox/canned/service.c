#include "canned.h"

#include <pthread.h>
#include <string.h>

#include "wire/thrift.h"

/* Operations that clients have open, a ring: who opens more at once than it holds is told so by wrong rows, which every client checks. */
#define MAX_OPERATIONS 4096

typedef struct operation {
    const statement *statement;
    const rows *rows;
    int64_t next_row;
} operation;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static operation operations[MAX_OPERATIONS];
static uint64_t last_operation;

static void read_handle(ldbx_tr *in, request *out)
{
    int type;
    int16_t id;
    ldbx_view guid;

    while (ldbx_tr_field(in, &type, &id)) {
        if (id == 1 && type == LDBX_T_STRUCT) { /* the identifier inside the handle */
            read_handle(in, out);
        } else if (id == 1 && type == LDBX_T_STRING) {
            guid = ldbx_tr_string(in);
            for (size_t i = 10; i < guid.size && guid.size == 16; i++)
                out->operation = out->operation << 8 | (uint8_t)guid.data[i];
        } else {
            ldbx_tr_skip(in, type);
        }
    }
}

static bool read_decimals(ldbx_tr *in)
{
    bool decimals = false;
    int type;
    int16_t id;

    while (ldbx_tr_field(in, &type, &id)) {
        if (id == 2 && type == LDBX_T_BOOL)
            decimals = ldbx_tr_bool(in);
        else
            ldbx_tr_skip(in, type);
    }
    return decimals;
}

static void read_execute(ldbx_tr *in, request *out)
{
    int type;
    int16_t id;

    while (ldbx_tr_field(in, &type, &id)) {
        if (id == 2 && type == LDBX_T_STRING)
            out->text = ldbx_tr_string(in);
        else if (id == 1282 && type == LDBX_T_BOOL)
            out->arrow = ldbx_tr_bool(in);
        else if (id == 1284 && type == LDBX_T_BOOL)
            out->lz4 = ldbx_tr_bool(in);
        else if (id == 1286 && type == LDBX_T_STRUCT)
            out->decimals = read_decimals(in);
        else
            ldbx_tr_skip(in, type);
    }
}

static void read_on_operation(ldbx_tr *in, request *out)
{
    int type;
    int16_t id;

    while (ldbx_tr_field(in, &type, &id)) {
        if (id == 1 && type == LDBX_T_STRUCT)
            read_handle(in, out);
        else if (id == 1282 && type == LDBX_T_I64)
            out->start = ldbx_tr_i64(in);
        else
            ldbx_tr_skip(in, type);
    }
}

static bool is_call(const request *asked, const char *name)
{
    return asked->call.size == strlen(name) && memcmp(asked->call.data, name, asked->call.size) == 0;
}

bool request_read(ldbx_view body, request *out)
{
    ldbx_tr in;
    int type;
    int16_t id;

    *out = (request){.start = -1};
    ldbx_tr_init(&in, body);
    ldbx_tr_i32(&in); /* version and kind */
    out->call = ldbx_tr_string(&in);
    out->seqid = ldbx_tr_i32(&in);
    while (ldbx_tr_field(&in, &type, &id)) {
        if (id != 1 || type != LDBX_T_STRUCT)
            ldbx_tr_skip(&in, type);
        else if (is_call(out, "ExecuteStatement"))
            read_execute(&in, out);
        else
            read_on_operation(&in, out);
    }
    return in.bad == NULL;
}

/* The richest form that the client can read. */
static form choose(const answers *all, const request *asked)
{
    if (!asked->arrow || all->richest == FORM_COLUMNS)
        return FORM_COLUMNS;
    if (!asked->decimals)
        return FORM_ARROW_TEXT;
    if (!asked->lz4 || all->richest == FORM_ARROW)
        return FORM_ARROW;
    return asked->cluster ? FORM_LZ4_PLAIN : FORM_LZ4;
}

static bool execute(const answers *all, const request *asked, reply *out)
{
    const statement *known = answers_find(all, asked->text);
    const rows *chosen = known != NULL ? known->forms[choose(all, asked)] : NULL;

    if (chosen == NULL)
        return false;
    pthread_mutex_lock(&lock);
    out->operation = ++last_operation;
    operations[out->operation % MAX_OPERATIONS] = (operation){known, chosen, known->page_rows};
    pthread_mutex_unlock(&lock);
    out->from = &chosen->execute;
    return true;
}

static bool fetch(const request *asked, reply *out)
{
    operation *found = &operations[asked->operation % MAX_OPERATIONS];
    const statement *known;
    int64_t page, count;

    pthread_mutex_lock(&lock);
    known = found->statement;
    out->start = asked->start >= 0 ? asked->start : found->next_row;
    if (known != NULL)
        found->next_row = out->start + known->page_rows;
    pthread_mutex_unlock(&lock);
    if (known == NULL || known->page_rows == 0 || out->start % known->page_rows != 0)
        return false;
    page = out->start / known->page_rows;
    count = found->rows->page_count * known->times;
    if (page >= count)
        return false;
    out->more = page + 1 < count;
    out->from = &found->rows->pages[page % found->rows->page_count];
    return true;
}

bool service_answer(const answers *all, const request *asked, reply *out)
{
    const rows *known;

    *out = (reply){0};
    if (is_call(asked, "ExecuteStatement"))
        return execute(all, asked, out);
    if (is_call(asked, "FetchResults"))
        return fetch(asked, out);
    if (!is_call(asked, "GetResultSetMetadata"))
        return (out->from = answers_call(all, asked->call)) != NULL;
    known = operations[asked->operation % MAX_OPERATIONS].rows;
    if (known != NULL)
        out->from = &known->metadata;
    return known != NULL;
}
