#include "wire/tcli.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "wire/thrift.h"

#define MAX_EXCEPTION 500 /* bytes of a server's exception text that are shown */

/* The reader's complaint when it was no fault of the message; told from the others by its address. */
static const char out_of_memory[] = "out of memory";

/* Reads a field's value, whose wire type was sent as `type`, to where it belongs. */
typedef void read_fn(ldbx_tr *reader, int type, void *to);

/* One field of a struct. What is not in a struct's table is skipped. */
typedef struct field {
    int16_t id;
    size_t offset; /* of the member it goes to */
    read_fn *read;
    const char *missing; /* the violation when it was not sent; NULL: optional */
} field;

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static void violate(ldbx_tr *reader, const char *what)
{
    if (reader->bad == NULL)
        reader->bad = what;
}

static bool is_type(ldbx_tr *reader, int type, int wanted)
{
    if (type != wanted)
        violate(reader, "field of unexpected type");
    return reader->bad == NULL;
}

static const field *find_field(const field *fields, size_t count, int16_t id)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i].id == id)
            return &fields[i];
    return NULL;
}

/* A struct of at most 32 known fields, each sent at most once. */
static void read_struct(ldbx_tr *reader, int outer, const field *fields, size_t count, void *to)
{
    int type;
    int16_t id;
    uint32_t seen = 0;
    if (!is_type(reader, outer, LDBX_T_STRUCT) || !ldbx_tr_enter(reader))
        return;
    while (ldbx_tr_field(reader, &type, &id)) {
        const field *known = find_field(fields, count, id);
        uint32_t bit = known != NULL ? UINT32_C(1) << (known - fields) : 0;
        if (known == NULL)
            ldbx_tr_skip(reader, type);
        else if (seen & bit)
            violate(reader, "field sent twice");
        else
            known->read(reader, type, (uint8_t *)to + known->offset);
        seen |= bit;
    }
    for (size_t i = 0; i < count; i++)
        if (fields[i].missing != NULL && !(seen >> i & 1))
            violate(reader, fields[i].missing);
    ldbx_tr_leave(reader);
}

static void read_bool(ldbx_tr *reader, int type, void *to)
{
    if (is_type(reader, type, LDBX_T_BOOL))
        *(bool *)to = ldbx_tr_bool(reader);
}

static void read_i32(ldbx_tr *reader, int type, void *to)
{
    if (is_type(reader, type, LDBX_T_I32))
        *(int32_t *)to = ldbx_tr_i32(reader);
}

static void read_i64(ldbx_tr *reader, int type, void *to)
{
    if (is_type(reader, type, LDBX_T_I64))
        *(int64_t *)to = ldbx_tr_i64(reader);
}

static void read_string(ldbx_tr *reader, int type, void *to)
{
    if (is_type(reader, type, LDBX_T_STRING))
        *(ldbx_view *)to = ldbx_tr_string(reader);
}

/* Opens a list and gives its count; an empty one may name any element type. */
static int32_t open_list(ldbx_tr *reader, int type, int element)
{
    int sent = 0;
    int32_t count = is_type(reader, type, LDBX_T_LIST) ? ldbx_tr_list(reader, &sent) : 0;
    if (count > 0 && sent != element)
        violate(reader, "list of unexpected type");
    return reader->bad == NULL ? count : 0;
}

/*
 * Room for one more element, zeroed: the array, or NULL after a violation. Arrays grow with what has been
 * read, never with what was announced.
 */
static void *one_more(ldbx_tr *reader, void *array, size_t count, size_t element)
{
    size_t capacity = count == 0 ? 4 : 2 * count;
    bool full = count == 0 || (count >= 4 && (count & (count - 1)) == 0);
    void *grown = array;
    if (reader->bad != NULL)
        return NULL;
    if (full)
        grown = ldbx_realloc(array, count * element, capacity * element);
    if (grown == NULL)
        violate(reader, out_of_memory);
    else
        memset((uint8_t *)grown + count * element, 0, element);
    return grown;
}

/* Status. */

static const field status_fields[] = {
    {1, offsetof(ldbx_tcli_status, code), read_i32, "status without code"},
    {3, offsetof(ldbx_tcli_status, sqlstate), read_string, NULL},
    {5, offsetof(ldbx_tcli_status, error_message), read_string, NULL},
    {6, offsetof(ldbx_tcli_status, display_message), read_string, NULL},
    {1281, offsetof(ldbx_tcli_status, details_json), read_string, NULL},
};

static void read_status(ldbx_tr *reader, int type, void *to)
{
    ((ldbx_tcli_status *)to)->present = true;
    read_struct(reader, type, status_fields, LENGTH(status_fields), to);
}

/* A reply with nothing but a status. */
static void read_bare_status(ldbx_tr *reader, int type, void *to)
{
    static const field fields[] = {{1, 0, read_status, "no status"}};
    read_struct(reader, type, fields, LENGTH(fields), to);
}

/* Handles. */

static void read_guid(ldbx_tr *reader, int type, void *to)
{
    ldbx_view guid = {NULL, 0};
    read_string(reader, type, &guid);
    if (guid.size == 16)
        memcpy(((ldbx_tcli_handle *)to)->guid, guid.data, guid.size);
    else
        violate(reader, "handle of unexpected size");
}

static void read_secret(ldbx_tr *reader, int type, void *to)
{
    ldbx_tcli_handle *handle = (ldbx_tcli_handle *)to;
    ldbx_view secret = {NULL, 0};
    read_string(reader, type, &secret);
    if (secret.size > sizeof handle->secret) {
        violate(reader, "handle of unexpected size");
        return;
    }
    if (secret.size > 0)
        memcpy(handle->secret, secret.data, secret.size);
    handle->secret_size = secret.size;
}

static void read_identifier(ldbx_tr *reader, int type, void *to)
{
    static const field fields[] = {{1, 0, read_guid, "handle without guid"},
                                   {2, 0, read_secret, "handle without secret"}};
    read_struct(reader, type, fields, LENGTH(fields), to);
}

static const field handle_fields[] = {
    {1, 0, read_identifier, "handle without identifier"},
    {2, offsetof(ldbx_tcli_handle, operation_type), read_i32, NULL},
    {3, offsetof(ldbx_tcli_handle, has_result_set), read_bool, NULL},
};

static void read_operation(ldbx_tr *reader, int type, void *to)
{
    ldbx_tcli_execute_reply *reply = (ldbx_tcli_execute_reply *)to;
    reply->has_operation = true;
    read_struct(reader, type, handle_fields, LENGTH(handle_fields), &reply->operation);
}

static void read_session(ldbx_tr *reader, int type, void *to)
{
    ldbx_tcli_open_reply *reply = (ldbx_tcli_open_reply *)to;
    reply->has_session = true;
    read_struct(reader, type, handle_fields, 1, &reply->session); /* the rest is an operation's */
}

/* Operation status. */

static const field operation_status_fields[] = {
    {1, offsetof(ldbx_tcli_operation_status, status), read_status, "no status"},
    {2, offsetof(ldbx_tcli_operation_status, state), read_i32, NULL},
    {3, offsetof(ldbx_tcli_operation_status, failure.sqlstate), read_string, NULL},
    {5, offsetof(ldbx_tcli_operation_status, failure.error_message), read_string, NULL},
    {11, offsetof(ldbx_tcli_operation_status, modified_rows), read_i64, NULL},
    {1281, offsetof(ldbx_tcli_operation_status, failure.display_message), read_string, NULL},
    {1283, offsetof(ldbx_tcli_operation_status, failure.details_json), read_string, NULL},
};

static void read_operation_status(ldbx_tr *reader, int type, void *to)
{
    ldbx_tcli_operation_status *out = (ldbx_tcli_operation_status *)to;
    ldbx_tcli_status *failure = &out->failure;
    out->present = true;
    out->state = -1;
    out->modified_rows = -1;
    read_struct(reader, type, operation_status_fields, LENGTH(operation_status_fields), out);
    failure->present = failure->sqlstate.size > 0 || failure->error_message.size > 0 ||
                       failure->display_message.size > 0 || failure->details_json.size > 0;
}

/* Metadata: a column's type lies five structs deep. */

static void read_qualifier(ldbx_tr *reader, int type, void *to)
{
    static const field fields[] = {{1, 0, read_i32, NULL}};
    read_struct(reader, type, fields, LENGTH(fields), to);
}

static void read_qualifier_map(ldbx_tr *reader, int type, void *to)
{
    ldbx_tcli_column *column = (ldbx_tcli_column *)to;
    int key_type = 0, value_type = 0;
    int32_t count = is_type(reader, type, LDBX_T_MAP) ? ldbx_tr_map(reader, &key_type, &value_type) : 0;
    for (int32_t i = 0; i < count && reader->bad == NULL; i++) {
        ldbx_view key = {NULL, 0};
        int32_t value = 0;
        read_string(reader, key_type, &key);
        read_qualifier(reader, value_type, &value);
        if (ldbx_view_eq(key, "precision"))
            column->precision = value;
        else if (ldbx_view_eq(key, "scale"))
            column->scale = value;
    }
}

static void read_qualifiers(ldbx_tr *reader, int type, void *to)
{
    static const field fields[] = {{1, 0, read_qualifier_map, NULL}};
    read_struct(reader, type, fields, LENGTH(fields), to);
}

static void read_primitive_type(ldbx_tr *reader, int type, void *to)
{
    static const field fields[] = {{1, offsetof(ldbx_tcli_column, type), read_i32, NULL},
                                   {2, 0, read_qualifiers, NULL}};
    read_struct(reader, type, fields, LENGTH(fields), to);
}

/* The entry is a union; the server uses its first member also for nested types. Only the first entry is the
 * column's. */
static void read_type_entries(ldbx_tr *reader, int type, void *to)
{
    static const field fields[] = {{1, 0, read_primitive_type, NULL}};
    int32_t count = open_list(reader, type, LDBX_T_STRUCT);
    for (int32_t i = 0; i < count && reader->bad == NULL; i++) {
        if (i == 0)
            read_struct(reader, LDBX_T_STRUCT, fields, LENGTH(fields), to);
        else
            ldbx_tr_skip(reader, LDBX_T_STRUCT);
    }
}

static void read_type(ldbx_tr *reader, int type, void *to)
{
    static const field fields[] = {{1, 0, read_type_entries, NULL}};
    read_struct(reader, type, fields, LENGTH(fields), to);
}

static const field column_fields[] = {
    {1, offsetof(ldbx_tcli_column, name), read_string, "column without name"},
    {2, 0, read_type, NULL},
    {4, offsetof(ldbx_tcli_column, comment), read_string, NULL},
};

static void read_column_list(ldbx_tr *reader, int type, void *to)
{
    ldbx_tcli_metadata *out = (ldbx_tcli_metadata *)to;
    int32_t count = open_list(reader, type, LDBX_T_STRUCT);
    if (count > LDBX_MAX_COLUMNS)
        violate(reader, "too many columns");
    for (int32_t i = 0; i < count && reader->bad == NULL; i++) {
        ldbx_tcli_column *column = NULL;
        void *grown = one_more(reader, out->columns, out->column_count, sizeof *column);
        if (grown == NULL)
            return;
        out->columns = (ldbx_tcli_column *)grown;
        column = &out->columns[out->column_count++];
        column->type = -1;
        read_struct(reader, LDBX_T_STRUCT, column_fields, LENGTH(column_fields), column);
    }
}

static void read_table_schema(ldbx_tr *reader, int type, void *to)
{
    static const field fields[] = {{1, 0, read_column_list, NULL}};
    read_struct(reader, type, fields, LENGTH(fields), to);
}

static const field metadata_fields[] = {
    {1, offsetof(ldbx_tcli_metadata, status), read_status, "no status"},
    {2, 0, read_table_schema, NULL},
    {1281, offsetof(ldbx_tcli_metadata, format), read_i32, NULL},
    {1282, offsetof(ldbx_tcli_metadata, lz4), read_bool, NULL},
    {1283, offsetof(ldbx_tcli_metadata, arrow_schema), read_string, NULL},
    {1287, offsetof(ldbx_tcli_metadata, staging), read_bool, NULL},
};

static void read_metadata(ldbx_tr *reader, int type, void *to)
{
    ldbx_tcli_metadata *out = (ldbx_tcli_metadata *)to;
    out->present = true;
    out->format = -1;
    read_struct(reader, type, metadata_fields, LENGTH(metadata_fields), out);
}

/* Rows. */

static void read_count(ldbx_tr *reader, int type, void *to)
{
    read_i64(reader, type, to);
    if (*(int64_t *)to < 0)
        violate(reader, "negative count");
}

static const field batch_fields[] = {
    {1, offsetof(ldbx_tcli_arrow_batch, bytes), read_string, "batch without bytes"},
    {2, offsetof(ldbx_tcli_arrow_batch, rows), read_count, "batch without row count"},
};

static void read_batches(ldbx_tr *reader, int type, void *to)
{
    ldbx_tcli_rows *out = (ldbx_tcli_rows *)to;
    int32_t count = open_list(reader, type, LDBX_T_STRUCT);
    for (int32_t i = 0; i < count && reader->bad == NULL; i++) {
        void *grown = one_more(reader, out->batches, out->batch_count, sizeof *out->batches);
        if (grown == NULL)
            return;
        out->batches = (ldbx_tcli_arrow_batch *)grown;
        read_struct(reader, LDBX_T_STRUCT, batch_fields, LENGTH(batch_fields), &out->batches[out->batch_count++]);
    }
}

/* Types of a value list's elements, by the union's member. */
static const int element_types[] = {0,          LDBX_T_BOOL,   LDBX_T_BYTE,   LDBX_T_I16,   LDBX_T_I32,
                                    LDBX_T_I64, LDBX_T_DOUBLE, LDBX_T_STRING, LDBX_T_STRING};

/* The list of a TColumn: passed over, so that its end is known and every element is inside. */
static void read_values(ldbx_tr *reader, int type, void *to)
{
    ldbx_tcli_values *out = (ldbx_tcli_values *)to;
    int element = element_types[out->kind];
    const uint8_t *start = NULL;
    out->count = open_list(reader, type, element);
    start = reader->at;
    ldbx_tr_skip_elements(reader, element, out->count);
    out->values.data = (const char *)start;
    out->values.size = (size_t)(reader->at - start);
}

static const field values_fields[] = {
    {1, 0, read_values, "column without values"},
    {2, offsetof(ldbx_tcli_values, nulls), read_string, NULL},
};

/* A TColumn is a union. One without a known member stays of kind 0. */
static void read_values_union(ldbx_tr *reader, ldbx_tcli_values *out)
{
    int type;
    int16_t id;
    if (!ldbx_tr_enter(reader))
        return;
    while (ldbx_tr_field(reader, &type, &id)) {
        if (id < 1 || (size_t)id >= LENGTH(element_types)) {
            ldbx_tr_skip(reader, type);
        } else if (out->kind != 0) {
            violate(reader, "column of two kinds");
        } else {
            out->kind = id;
            read_struct(reader, type, values_fields, LENGTH(values_fields), out);
        }
    }
    ldbx_tr_leave(reader);
}

static void read_columns(ldbx_tr *reader, int type, void *to)
{
    ldbx_tcli_rows *out = (ldbx_tcli_rows *)to;
    int32_t count = open_list(reader, type, LDBX_T_STRUCT);
    if (count > LDBX_MAX_COLUMNS)
        violate(reader, "too many columns");
    for (int32_t i = 0; i < count && reader->bad == NULL; i++) {
        void *grown = one_more(reader, out->columns, out->column_count, sizeof *out->columns);
        if (grown == NULL)
            return;
        out->columns = (ldbx_tcli_values *)grown;
        read_values_union(reader, &out->columns[out->column_count++]);
    }
}

/* Two older forms of rows, always empty here: what we cannot read must not be taken for no rows. */

static void read_row_list(ldbx_tr *reader, int type, void *to)
{
    (void)to;
    if (open_list(reader, type, LDBX_T_STRUCT) > 0)
        violate(reader, "rows in row form");
}

static void read_binary_columns(ldbx_tr *reader, int type, void *to)
{
    ldbx_view columns = {NULL, 0};
    (void)to;
    read_string(reader, type, &columns);
    if (columns.size > 0)
        violate(reader, "columns in binary form");
}

static void read_headers(ldbx_tr *reader, int type, void *to)
{
    ldbx_tcli_link *link = (ldbx_tcli_link *)to;
    int key_type = 0, value_type = 0;
    int32_t count = is_type(reader, type, LDBX_T_MAP) ? ldbx_tr_map(reader, &key_type, &value_type) : 0;
    for (int32_t i = 0; i < count && reader->bad == NULL; i++) {
        void *grown = one_more(reader, link->headers, link->header_count, sizeof *link->headers);
        if (grown == NULL)
            return;
        link->headers = (ldbx_tcli_pair *)grown;
        read_string(reader, key_type, &link->headers[link->header_count].key);
        read_string(reader, value_type, &link->headers[link->header_count++].value);
    }
}

static const field link_fields[] = {
    {1, offsetof(ldbx_tcli_link, url), read_string, "link without address"},
    {2, offsetof(ldbx_tcli_link, expires_ms), read_i64, "link without expiry"},
    {3, offsetof(ldbx_tcli_link, start_row), read_count, "link without start"},
    {4, offsetof(ldbx_tcli_link, rows), read_count, "link without row count"},
    {5, offsetof(ldbx_tcli_link, bytes), read_count, "link without size"},
    {6, 0, read_headers, NULL},
};

static void read_links(ldbx_tr *reader, int type, void *to)
{
    ldbx_tcli_rows *out = (ldbx_tcli_rows *)to;
    int32_t count = open_list(reader, type, LDBX_T_STRUCT);
    for (int32_t i = 0; i < count && reader->bad == NULL; i++) {
        void *grown = one_more(reader, out->links, out->link_count, sizeof *out->links);
        if (grown == NULL)
            return;
        out->links = (ldbx_tcli_link *)grown;
        read_struct(reader, LDBX_T_STRUCT, link_fields, LENGTH(link_fields), &out->links[out->link_count++]);
    }
}

static const field row_set_fields[] = {
    {1, offsetof(ldbx_tcli_rows, start_row), read_i64, "row set without start"},
    {2, 0, read_row_list, NULL},
    {3, 0, read_columns, NULL},
    {4, 0, read_binary_columns, NULL},
    {1281, 0, read_batches, NULL},
    {1282, 0, read_links, NULL},
};

static void read_row_set(ldbx_tr *reader, int type, void *to)
{
    read_struct(reader, type, row_set_fields, LENGTH(row_set_fields), to);
}

static const field rows_fields[] = {
    {1, offsetof(ldbx_tcli_rows, status), read_status, "no status"},
    {2, offsetof(ldbx_tcli_rows, has_more), read_bool, NULL},
    {3, 0, read_row_set, NULL},
    {1281, offsetof(ldbx_tcli_rows, metadata), read_metadata, NULL},
};

static void read_rows(ldbx_tr *reader, int type, void *to)
{
    ((ldbx_tcli_rows *)to)->present = true;
    read_struct(reader, type, rows_fields, LENGTH(rows_fields), to);
}

/* The two replies that hold more than one part. */

static const field open_fields[] = {
    {1, offsetof(ldbx_tcli_open_reply, status), read_status, "no status"},
    {2, offsetof(ldbx_tcli_open_reply, protocol), read_i32, NULL},
    {3, 0, read_session, NULL},
};

static void read_open_reply(ldbx_tr *reader, int type, void *to)
{
    ((ldbx_tcli_open_reply *)to)->protocol = -1;
    read_struct(reader, type, open_fields, LENGTH(open_fields), to);
}

/* An operation that could not be closed is still open: then we close it. */
static void read_closed(ldbx_tr *reader, int type, void *to)
{
    ldbx_tcli_status status = {0};
    read_bare_status(reader, type, &status);
    *(bool *)to = status.code == LDBX_TSTATUS_SUCCESS || status.code == LDBX_TSTATUS_SUCCESS_WITH_INFO;
}

static const field direct_fields[] = {
    {1, offsetof(ldbx_tcli_execute_reply, operation_status), read_operation_status, NULL},
    {2, offsetof(ldbx_tcli_execute_reply, metadata), read_metadata, NULL},
    {3, offsetof(ldbx_tcli_execute_reply, rows), read_rows, NULL},
    {4, offsetof(ldbx_tcli_execute_reply, closed), read_closed, NULL},
};

static void read_direct_results(ldbx_tr *reader, int type, void *to)
{
    read_struct(reader, type, direct_fields, LENGTH(direct_fields), to);
}

static const field execute_fields[] = {
    {1, offsetof(ldbx_tcli_execute_reply, status), read_status, "no status"},
    {2, 0, read_operation, NULL},
    {1281, 0, read_direct_results, NULL},
};

static void read_execute_reply(ldbx_tr *reader, int type, void *to)
{
    read_struct(reader, type, execute_fields, LENGTH(execute_fields), to);
}

/* Messages. */

typedef struct exception {
    ldbx_view message;
    int32_t code;
} exception;

/* A TApplicationException becomes the error's message. */
static int fail_exception(ldbx_tr *reader, const char *call, ldbx_error **error)
{
    static const field fields[] = {{1, offsetof(exception, message), read_string, NULL},
                                   {2, offsetof(exception, code), read_i32, NULL}};
    exception sent = {{NULL, 0}, 0};
    ldbx_buf line;
    const char *text = NULL;
    int status;
    ldbx_buf_init(&line, LDBX_MAX_ERROR);
    read_struct(reader, LDBX_T_STRUCT, fields, LENGTH(fields), &sent);
    ldbx_buf_one_line(&line, sent.message, MAX_EXCEPTION);
    text = ldbx_buf_cstr(&line);
    if (text == NULL)
        status = ldbx_fail_no_memory(error);
    else
        status = ldbx_fail(error, LDBX_PROTOCOL, "%s: the server answered with exception %d: %s", call, (int)sent.code,
                           text[0] != '\0' ? text : "no text");
    ldbx_buf_clear(&line);
    return status;
}

/* Gives LDBX_OK, or an error after which the caller clears what was read. */
static int read_reply(ldbx_view message, const char *call, int32_t seqid, read_fn *read, void *to, ldbx_error **error)
{
    const field fields[] = {{0, 0, read, "no result"}}; /* what the call returned; TCLIService declares no exceptions */
    ldbx_tr reader;
    int kind;
    ldbx_tr_init(&reader, message);
    kind = ldbx_tr_message(&reader, call, seqid);
    if (kind == LDBX_THRIFT_EXCEPTION)
        return fail_exception(&reader, call, error);
    read_struct(&reader, LDBX_T_STRUCT, fields, LENGTH(fields), to);
    if (reader.at != reader.end)
        violate(&reader, "bytes behind its end");
    if (reader.bad == out_of_memory)
        return ldbx_fail_no_memory(error);
    if (reader.bad != NULL)
        return ldbx_fail(error, LDBX_PROTOCOL, "%s: malformed answer (%s)", call, reader.bad);
    return LDBX_OK;
}

int ldbx_tcli_read_open_session(ldbx_view message, int32_t seqid, ldbx_tcli_open_reply *out, ldbx_error **error)
{
    memset(out, 0, sizeof *out);
    return read_reply(message, "OpenSession", seqid, read_open_reply, out, error);
}

int ldbx_tcli_read_execute(ldbx_view message, int32_t seqid, ldbx_tcli_execute_reply *out, ldbx_error **error)
{
    int status;
    memset(out, 0, sizeof *out);
    status = read_reply(message, "ExecuteStatement", seqid, read_execute_reply, out, error);
    if (status != LDBX_OK)
        ldbx_tcli_execute_clear(out);
    return status;
}

int ldbx_tcli_read_operation_status(ldbx_view message, int32_t seqid, ldbx_tcli_operation_status *out,
                                    ldbx_error **error)
{
    memset(out, 0, sizeof *out);
    return read_reply(message, "GetOperationStatus", seqid, read_operation_status, out, error);
}

int ldbx_tcli_read_metadata(ldbx_view message, int32_t seqid, ldbx_tcli_metadata *out, ldbx_error **error)
{
    int status;
    memset(out, 0, sizeof *out);
    status = read_reply(message, "GetResultSetMetadata", seqid, read_metadata, out, error);
    if (status != LDBX_OK)
        ldbx_tcli_metadata_clear(out);
    return status;
}

int ldbx_tcli_read_fetch(ldbx_view message, int32_t seqid, ldbx_tcli_rows *out, ldbx_error **error)
{
    int status;
    memset(out, 0, sizeof *out);
    status = read_reply(message, "FetchResults", seqid, read_rows, out, error);
    if (status != LDBX_OK)
        ldbx_tcli_rows_clear(out);
    return status;
}

void ldbx_tcli_metadata_clear(ldbx_tcli_metadata *metadata)
{
    ldbx_free(metadata->columns);
    memset(metadata, 0, sizeof *metadata);
}

void ldbx_tcli_rows_clear(ldbx_tcli_rows *rows)
{
    ldbx_tcli_metadata_clear(&rows->metadata);
    for (size_t i = 0; i < rows->link_count; i++)
        ldbx_free(rows->links[i].headers);
    ldbx_free(rows->links);
    ldbx_free(rows->batches);
    ldbx_free(rows->columns);
    memset(rows, 0, sizeof *rows);
}

void ldbx_tcli_execute_clear(ldbx_tcli_execute_reply *reply)
{
    ldbx_tcli_metadata_clear(&reply->metadata);
    ldbx_tcli_rows_clear(&reply->rows);
    memset(reply, 0, sizeof *reply);
}
