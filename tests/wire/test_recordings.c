/*
 * Answers that the real service gave, recorded by others and not part of this repository. Where they lie beside it, every one is decoded and
 * compared with what its index says: status, schema, formats, counts. Where they do not, this says so and passes.
 */
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "suite.h"
#include "wire/arrow_ipc.h"
#include "wire/columns.h"
#include "wire/flatbuf.h"
#include "wire/lz4_frame.h"
#include "wire/tcli.h"
#include "wire_support.h"

#define FOLDER "../shared/recordings/"

static cJSON *read_index(void)
{
    ldbx_buf text;
    cJSON *index = NULL;
    ldbx_error *error = NULL;
    read_source_file(&text, FOLDER "index.json");
    expect_ok(ldbx_json_parse(ldbx_buf_get(&text), &index, &error), error);
    ldbx_buf_clear(&text);
    return index;
}

static const cJSON *array_of(const cJSON *entry, const char *name)
{
    const cJSON *array = ldbx_json_get(entry, name);
    return cJSON_IsArray(array) ? array : NULL;
}

static bool is_true(const cJSON *entry, const char *name)
{
    return cJSON_IsTrue(ldbx_json_get(entry, name));
}

static ldbx_buf read_recording(const char *file)
{
    char path[512];
    ldbx_buf bytes;
    snprintf(path, sizeof path, FOLDER "%s", file);
    read_source_file(&bytes, path);
    return bytes;
}

/* Position of a name in a list; -1: not there. */
static int32_t number_of(const char *name, const char *const *names, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (names[i] != NULL && strcmp(names[i], name) == 0)
            return i;
    ck_abort_msg("the index has the name %s, which is not known here", name);
    return -1;
}

static void expect_status_code(const cJSON *entry, const ldbx_tcli_status *status)
{
    static const char *const names[] = {"SUCCESS", "SUCCESS_WITH_INFO", "STILL_EXECUTING", "ERROR", "INVALID_HANDLE"};
    const char *state = ldbx_json_text(entry, "sqlState", NULL);
    const char *start = ldbx_json_text(entry, "errorMessageStart", NULL);
    ck_assert(status->present);
    ck_assert_int_eq(status->code, number_of(ldbx_json_text(entry, "thriftStatus", ""), names, 5));
    if (state != NULL)
        ck_assert(ldbx_view_eq(status->sqlstate, state));
    if (start != NULL)
        ck_assert_uint_gt(status->error_message.size, 0);
}

/* Thrift and Arrow types as the index writes them. */

static int32_t thrift_type(const char *name)
{
    static const char *const names[] = {
        "BOOLEAN",          "TINYINT",   "SMALLINT", "INT",   "BIGINT",  "FLOAT",  "DOUBLE",
        "STRING",           "TIMESTAMP", "BINARY",   "ARRAY", "MAP",     "STRUCT", "UNION",
        "USER_DEFINED",     "DECIMAL",   "NULL",     "DATE",  "VARCHAR", "CHAR",   "INTERVAL_YEAR_MONTH",
        "INTERVAL_DAY_TIME"};
    return number_of(name, names, 22);
}

static void put_arrow_type(const struct ArrowSchema *field, ldbx_buf *out)
{
    static const char *const plain[][2] = {{"n", "null"},           {"b", "bool"},
                                           {"c", "int8"},           {"s", "int16"},
                                           {"i", "int32"},          {"l", "int64"},
                                           {"f", "float"},          {"g", "double"},
                                           {"u", "string"},         {"z", "binary"},
                                           {"tdD", "date32[day]"},  {"tiM", "month_interval"},
                                           {"tDu", "duration[us]"}, {"tsu:", "timestamp[us]"}};
    const char *format = field->format;
    ldbx_format parsed;
    ck_assert(ldbx_format_parse(format, &parsed));
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (strcmp(plain[i][0], format) == 0)
            ldbx_buf_str(out, plain[i][1]);
    if (parsed.has_zone)
        ldbx_buf_printf(out, "timestamp[us, tz=%s]", format + 4);
    if (parsed.layout == LDBX_LAYOUT_DECIMAL128)
        ldbx_buf_printf(out, "decimal128(%d, %d)", parsed.precision, parsed.scale);
    if (parsed.layout == LDBX_LAYOUT_LIST) {
        ldbx_buf_printf(out, "list<%s: ", field->children[0]->name);
        put_arrow_type(field->children[0], out);
        ldbx_buf_byte(out, '>');
    }
    if (parsed.layout == LDBX_LAYOUT_MAP) {
        ldbx_buf_str(out, "map<");
        put_arrow_type(field->children[0]->children[0], out);
        ldbx_buf_str(out, ", ");
        put_arrow_type(field->children[0]->children[1], out);
        ldbx_buf_byte(out, '>');
    }
    if (parsed.layout == LDBX_LAYOUT_STRUCT) {
        ldbx_buf_str(out, "struct<");
        for (int64_t i = 0; i < field->n_children; i++) {
            ldbx_buf_printf(out, "%s%s: ", i > 0 ? ", " : "", field->children[i]->name);
            put_arrow_type(field->children[i], out);
        }
        ldbx_buf_byte(out, '>');
    }
}

static void expect_field(const cJSON *wanted, const struct ArrowSchema *field, bool sql_types)
{
    const char *sql_type = ldbx_json_text(wanted, "sqlType", NULL);
    ldbx_buf text;
    ldbx_buf_init(&text, 10000);
    put_arrow_type(field, &text);
    expect_text(&text, ldbx_json_text(wanted, "arrowType", ""));
    ck_assert_str_eq(field->name, ldbx_json_text(wanted, "name", ""));
    ck_assert_int_eq((field->flags & ARROW_FLAG_NULLABLE) != 0, is_true(wanted, "arrowNullable"));
    if (sql_types && sql_type != NULL)
        ck_assert(ldbx_view_eq(ldbx_arrow_metadata(field, "Spark:DataType:SqlName"), sql_type));
    ldbx_buf_clear(&text);
}

/* sql_types: the fields themselves say what they are in SQL. */
static void expect_schema(const cJSON *entry, const struct ArrowSchema *schema, bool sql_types)
{
    const cJSON *wanted = array_of(entry, "schema");
    for (int64_t i = 0; i < schema->n_children; i++)
        expect_field(cJSON_GetArrayItem(wanted, (int)i), schema->children[i], sql_types);
}

static void expect_metadata(const cJSON *entry, const ldbx_tcli_metadata *metadata)
{
    static const char *const formats[] = {"ARROW_BASED_SET", "COLUMN_BASED_SET", "ROW_BASED_SET", "URL_BASED_SET"};
    const cJSON *wanted = array_of(entry, "schema");
    const char *type = NULL;
    ck_assert_int_eq(metadata->format, number_of(ldbx_json_text(entry, "resultFormat", ""), formats, 4));
    ck_assert_int_eq(metadata->lz4, is_true(entry, "lz4Compressed"));
    ck_assert_int_eq(metadata->staging, is_true(entry, "isStagingOperation"));
    ck_assert_uint_eq(metadata->column_count, (size_t)cJSON_GetArraySize(wanted));
    for (size_t i = 0; i < metadata->column_count; i++) {
        const cJSON *column = cJSON_GetArrayItem(wanted, (int)i);
        ck_assert(ldbx_view_eq(metadata->columns[i].name, ldbx_json_text(column, "name", "")));
        type = ldbx_json_text(column, "thriftType", "");
        ck_assert_int_eq(metadata->columns[i].type, thrift_type(type));
        if (strcmp(type, "DECIMAL") == 0)
            ck_assert_int_gt(metadata->columns[i].precision, 0);
    }
}

/* Looks at every cell; rows of all batches together. */
static int64_t walk(const struct ArrowSchema *schema, struct ArrowArray *array)
{
    const int64_t rows = array->length;
    ldbx_buf text;
    ldbx_buf_init(&text, LDBX_MAX_TEXT);
    dump_columns(schema, array, &text);
    ck_assert(!text.failed);
    ldbx_buf_clear(&text);
    ldbx_arrow_array_release(array);
    return rows;
}

static int64_t read_batches(const cJSON *entry, const ldbx_tcli_metadata *metadata, const ldbx_tcli_rows *rows,
                            const struct ArrowSchema *schema)
{
    const cJSON *counts = array_of(entry, "batchRowCounts");
    ldbx_lz4 *lz4 = ldbx_lz4_new();
    ldbx_error *error = NULL;
    int64_t total = 0;
    ck_assert_uint_eq(rows->batch_count, (size_t)cJSON_GetArraySize(counts));
    for (size_t i = 0; i < rows->batch_count; i++) {
        const ldbx_tcli_arrow_batch *batch = &rows->batches[i];
        ldbx_bytes *bytes = metadata->lz4 ? ldbx_bytes_new(LDBX_MAX_BATCH) : bytes_of(batch->bytes);
        struct ArrowArray array;
        if (metadata->lz4)
            expect_ok(ldbx_lz4_read(lz4, batch->bytes, bytes, &error), error);
        ck_assert_int_eq(batch->rows, (int64_t)cJSON_GetArrayItem(counts, (int)i)->valuedouble);
        expect_ok(ldbx_arrow_read_batch(schema, bytes, batch->rows, &array, &error), error);
        ldbx_bytes_unref(bytes);
        total += walk(schema, &array);
    }
    ldbx_lz4_destroy(lz4);
    return total;
}

static void expect_arrow(const cJSON *entry, const ldbx_tcli_metadata *metadata, const ldbx_tcli_rows *rows)
{
    struct ArrowSchema schema;
    ldbx_error *error = NULL;
    int64_t wanted = -1;
    expect_ok(ldbx_arrow_read_schema(metadata->arrow_schema, &schema, &error), error);
    ck_assert(ldbx_json_int64(entry, "arrowFieldCount", &wanted));
    ck_assert_int_eq(schema.n_children, wanted);
    expect_schema(entry, &schema, true);
    ck_assert(ldbx_json_int64(entry, "rowCount", &wanted));
    ck_assert_int_eq(read_batches(entry, metadata, rows, &schema), wanted);
    ldbx_arrow_schema_release(&schema);
}

static void expect_columns(const cJSON *entry, const ldbx_tcli_metadata *metadata, const ldbx_tcli_rows *rows)
{
    static const char *const kinds[] = {NULL, "bool", "byte", "i16", "i32", "i64", "double", "string", "binary"};
    const cJSON *wanted_kinds = array_of(entry, "columnKinds");
    const cJSON *bitmaps = array_of(entry, "nullBitmapBytes");
    struct ArrowSchema schema;
    struct ArrowArray array;
    ldbx_error *error = NULL;
    int64_t wanted = -1;
    ck_assert_uint_eq(rows->column_count, (size_t)cJSON_GetArraySize(wanted_kinds));
    for (size_t i = 0; i < rows->column_count; i++) {
        ck_assert_int_eq(rows->columns[i].kind,
                         number_of(cJSON_GetArrayItem(wanted_kinds, (int)i)->valuestring, kinds, 9));
        ck_assert_uint_eq(rows->columns[i].nulls.size, (size_t)cJSON_GetArrayItem(bitmaps, (int)i)->valueint);
    }
    ck_assert(ldbx_json_int64(entry, "rowCount", &wanted));
    if (metadata->column_count == 0) { /* a later page, sent without its schema */
        ck_assert_int_eq(rows->columns[0].count, wanted);
        return;
    }
    expect_ok(ldbx_columns_schema(metadata->columns, metadata->column_count, &schema, &error), error);
    expect_ok(ldbx_columns_read(&schema, rows->columns, rows->column_count, &array, &error), error);
    ck_assert_int_eq(walk(&schema, &array), wanted);
    ldbx_arrow_schema_release(&schema);
}

static void expect_rows(const cJSON *entry, const ldbx_tcli_metadata *metadata, const ldbx_tcli_rows *rows)
{
    const cJSON *links = array_of(entry, "links");
    int64_t start = -1;
    ck_assert(rows->status.present);
    ck_assert_int_eq(rows->has_more, is_true(entry, "hasMoreRows"));
    if (ldbx_json_int64(entry, "startRowOffset", &start))
        ck_assert_int_eq(rows->start_row, start);
    ck_assert_uint_eq(rows->link_count, links != NULL ? (size_t)cJSON_GetArraySize(links) : 0);
    if (rows->column_count > 0)
        expect_columns(entry, metadata, rows);
    else if (metadata->arrow_schema.size > 0 && links == NULL)
        expect_arrow(entry, metadata, rows);
}

static void expect_handle(const cJSON *entry, const ldbx_tcli_execute_reply *reply)
{
    const cJSON *wanted = ldbx_json_get(entry, "operationHandle");
    ldbx_buf guid;
    int64_t type = -1;
    ck_assert_int_eq(reply->has_operation, cJSON_IsObject(wanted));
    if (!reply->has_operation)
        return;
    ldbx_buf_init(&guid, 100);
    put_hex(&guid, reply->operation.guid, 16);
    expect_text(&guid, ldbx_json_text(wanted, "guid", ""));
    ck_assert(ldbx_json_int64(wanted, "operationType", &type));
    ck_assert_int_eq(reply->operation.operation_type, type);
    ck_assert_int_eq(reply->operation.has_result_set, is_true(wanted, "hasResultSet"));
    ldbx_buf_clear(&guid);
}

static void expect_operation(const cJSON *entry, const ldbx_tcli_operation_status *status)
{
    static const char *const states[] = {"INITIALIZED", "RUNNING", "FINISHED", "CANCELED", "CLOSED",
                                         "ERROR",       "UKNOWN",  "PENDING",  "TIMEDOUT"};
    int64_t modified = -1;
    ck_assert_int_eq(status->state, number_of(ldbx_json_text(entry, "operationState", ""), states, 9));
    if (ldbx_json_int64(entry, "numModifiedRows", &modified))
        ck_assert_int_eq(status->modified_rows, modified);
}

static void check_execute(const cJSON *entry, ldbx_view message, int32_t seqid)
{
    const cJSON *direct = ldbx_json_get(entry, "directResults");
    ldbx_tcli_execute_reply reply;
    ldbx_error *error = NULL;
    expect_ok(ldbx_tcli_read_execute(message, seqid, &reply, &error), error);
    expect_status_code(entry, &reply.status);
    if (ldbx_json_get(entry, "operationHandle") != NULL)
        expect_handle(entry, &reply);
    ck_assert_int_eq(reply.operation_status.present, is_true(direct, "operationStatus"));
    ck_assert_int_eq(reply.metadata.present, is_true(direct, "resultSetMetadata"));
    ck_assert_int_eq(reply.rows.present, is_true(direct, "resultSet"));
    ck_assert_int_eq(reply.closed, is_true(direct, "closeOperation"));
    if (reply.operation_status.present)
        expect_operation(entry, &reply.operation_status);
    if (reply.metadata.present && !is_true(entry, "arrowSchemaAssumed")) {
        expect_metadata(entry, &reply.metadata);
        expect_rows(entry, &reply.metadata, &reply.rows);
    }
    ldbx_tcli_execute_clear(&reply);
}

static ldbx_buf rename_reply(ldbx_view message, const char *from, const char *to, int32_t seqid)
{
    const size_t head = 4 + 4 + strlen(from) + 4;
    ldbx_buf renamed;
    ldbx_buf_init(&renamed, LDBX_MAX_DOCUMENT);
    ldbx_tw_message(&renamed, to, LDBX_THRIFT_REPLY, seqid);
    ldbx_buf_append(&renamed, message.data + head, message.size - head);
    return renamed;
}

/* Get* calls, which we do not make, are answered in the shape of ExecuteStatement: under that name they are read. */
static void check_other(const cJSON *entry, ldbx_view message, int32_t seqid, const char *rpc)
{
    ldbx_buf renamed = rename_reply(message, rpc, "ExecuteStatement", seqid);
    check_execute(entry, ldbx_buf_get(&renamed), seqid);
    ldbx_buf_clear(&renamed);
}

static void check_open(const cJSON *entry, ldbx_view message, int32_t seqid)
{
    ldbx_tcli_open_reply reply;
    ldbx_error *error = NULL;
    int64_t version = -1;
    expect_ok(ldbx_tcli_read_open_session(message, seqid, &reply, &error), error);
    expect_status_code(entry, &reply.status);
    ck_assert(reply.has_session);
    ck_assert_uint_eq(reply.session.secret_size, 16);
    if (ldbx_json_int64(entry, "serverProtocolVersion", &version))
        ck_assert_int_eq(reply.protocol, version);
    ck_assert_int_ge(reply.protocol, LDBX_PROTOCOL_MINIMUM);
}

static void check_fetch(const cJSON *entry, ldbx_view message, int32_t seqid)
{
    ldbx_tcli_rows rows;
    ldbx_error *error = NULL;
    expect_ok(ldbx_tcli_read_fetch(message, seqid, &rows, &error), error);
    expect_status_code(entry, &rows.status);
    if (rows.metadata.column_count > 0)
        expect_metadata(entry, &rows.metadata);
    expect_rows(entry, &rows.metadata, &rows);
    ldbx_tcli_rows_clear(&rows);
}

static void check_operation_status(const cJSON *entry, ldbx_view message, int32_t seqid)
{
    ldbx_tcli_operation_status status;
    ldbx_error *error = NULL;
    expect_ok(ldbx_tcli_read_operation_status(message, seqid, &status, &error), error);
    expect_status_code(entry, &status.status);
    expect_operation(entry, &status);
}

/* CloseSession, CloseOperation and CancelOperation answer with a status alone, as the statement's status begins. */
static void check_short(const cJSON *entry, ldbx_view message, int32_t seqid, const char *rpc)
{
    ldbx_buf renamed = rename_reply(message, rpc, "GetOperationStatus", seqid);
    ldbx_tcli_operation_status status;
    ldbx_error *error = NULL;
    expect_ok(ldbx_tcli_read_operation_status(ldbx_buf_get(&renamed), seqid, &status, &error), error);
    expect_status_code(entry, &status.status);
    ldbx_buf_clear(&renamed);
}

static void check_answer(const cJSON *entry)
{
    const char *rpc = ldbx_json_text(entry, "rpc", "");
    const char *file = ldbx_json_text(ldbx_json_get(entry, "files"), "response", "");
    ldbx_buf message = read_recording(file);
    const ldbx_view view = ldbx_buf_get(&message);
    int64_t seqid = -1;
    ck_assert(ldbx_json_int64(entry, "seqid", &seqid));
    if (strcmp(rpc, "OpenSession") == 0)
        check_open(entry, view, (int32_t)seqid);
    else if (strcmp(rpc, "ExecuteStatement") == 0)
        check_execute(entry, view, (int32_t)seqid);
    else if (strcmp(rpc, "FetchResults") == 0)
        check_fetch(entry, view, (int32_t)seqid);
    else if (strcmp(rpc, "GetOperationStatus") == 0)
        check_operation_status(entry, view, (int32_t)seqid);
    else if (strncmp(rpc, "Get", 3) == 0)
        check_other(entry, view, (int32_t)seqid, rpc);
    else
        check_short(entry, view, (int32_t)seqid, rpc);
    ldbx_buf_clear(&message);
}

static void check_answers(const char *group, int at_least)
{
    cJSON *index = read_index();
    const cJSON *entry = NULL;
    int checked = 0;
    cJSON_ArrayForEach(entry, array_of(index, group))
    {
        int64_t http = 200;
        ldbx_json_int64(entry, "httpStatus", &http);
        if (http != 200)
            continue;
        check_answer(entry);
        checked++;
    }
    ck_assert_int_ge(checked, at_least);
    cJSON_Delete(index);
}

START_TEST(recorded_answers_are_what_the_index_says)
{
    check_answers("exchanges", 163);
}
END_TEST

START_TEST(reconstructed_answers_are_what_the_index_says)
{
    check_answers("reconstructed", 22);
}
END_TEST

START_TEST(arrow_messages_are_what_the_index_says)
{
    cJSON *index = read_index();
    const cJSON *entry = NULL;
    cJSON_ArrayForEach(entry, array_of(index, "arrow"))
    {
        const cJSON *files = ldbx_json_get(entry, "files");
        const cJSON *counts = array_of(entry, "batchRowCounts");
        ldbx_buf message = read_recording(ldbx_json_text(files, "schema", ""));
        struct ArrowSchema schema;
        ldbx_error *error = NULL;
        int64_t total = 0, wanted = -1;
        expect_ok(ldbx_arrow_read_schema(ldbx_buf_get(&message), &schema, &error), error);
        ldbx_buf_clear(&message);
        expect_schema(entry, &schema, true);
        for (int i = 0; i < cJSON_GetArraySize(counts); i++) {
            struct ArrowArray array;
            ldbx_bytes *bytes = NULL;
            message = read_recording(cJSON_GetArrayItem(array_of(files, "batches"), i)->valuestring);
            bytes = bytes_of(ldbx_buf_get(&message));
            expect_ok(ldbx_arrow_read_batch(&schema, bytes, cJSON_GetArrayItem(counts, i)->valueint, &array, &error),
                      error);
            total += walk(&schema, &array);
            ldbx_bytes_unref(bytes);
            ldbx_buf_clear(&message);
        }
        ck_assert(ldbx_json_int64(entry, "rowCount", &wanted));
        ck_assert_int_eq(total, wanted);
        ldbx_arrow_schema_release(&schema);
    }
    cJSON_Delete(index);
}
END_TEST

/* Cuts the first message off a stream of them. Its length is in its own flatbuffer. */
static ldbx_view next_message(ldbx_view *stream)
{
    ldbx_view message = *stream;
    ldbx_fb fb = {(const uint8_t *)stream->data + 8, 0, false};
    ldbx_fb_table root;
    uint32_t size;
    ck_assert_uint_ge(stream->size, 8);
    memcpy(&size, stream->data + 4, 4);
    ck_assert_uint_le(size, stream->size - 8);
    message.size = 8;
    if (size > 0) { /* else the mark at the end */
        fb.size = size;
        root = ldbx_fb_root(&fb);
        message.size += size + (size_t)ldbx_fb_i64(&root, 3, 0);
        ck_assert(!fb.bad);
        ck_assert_uint_le(message.size, stream->size);
    }
    stream->data += message.size;
    stream->size -= message.size;
    return message;
}

static void check_stream(const cJSON *entry, ldbx_view stream)
{
    const cJSON *counts = array_of(entry, "batchRowCounts");
    struct ArrowSchema schema;
    ldbx_error *error = NULL;
    int64_t total = 0, wanted = -1;
    expect_ok(ldbx_arrow_read_schema(next_message(&stream), &schema, &error), error);
    expect_schema(entry, &schema, false); /* objects in storage carry no metadata */
    for (int i = 0; i < cJSON_GetArraySize(counts); i++) {
        ldbx_bytes *bytes = bytes_of(next_message(&stream));
        struct ArrowArray array;
        expect_ok(ldbx_arrow_read_batch(&schema, bytes, cJSON_GetArrayItem(counts, i)->valueint, &array, &error),
                  error);
        total += walk(&schema, &array);
        ldbx_bytes_unref(bytes);
    }
    if (stream.size > 0)
        ck_assert_uint_eq(next_message(&stream).size, 8);
    ck_assert_uint_eq(stream.size, 0);
    ck_assert(ldbx_json_int64(entry, "rowCount", &wanted));
    ck_assert_int_eq(total, wanted);
    ldbx_arrow_schema_release(&schema);
}

START_TEST(result_objects_are_what_the_index_says)
{
    cJSON *index = read_index();
    const cJSON *entry = NULL;
    ldbx_lz4 *lz4 = ldbx_lz4_new();
    cJSON_ArrayForEach(entry, array_of(index, "cloudfetch"))
    {
        ldbx_buf body = read_recording(ldbx_json_text(ldbx_json_get(entry, "files"), "body", ""));
        ldbx_bytes *bytes = ldbx_bytes_new(LDBX_MAX_BATCH);
        ldbx_view content = ldbx_buf_get(&body);
        ldbx_error *error = NULL;
        int64_t wanted = -1;
        if (is_true(entry, "lz4")) {
            expect_ok(ldbx_lz4_read(lz4, content, bytes, &error), error);
            content.data = (const char *)ldbx_bytes_data(bytes);
            content.size = ldbx_bytes_size(bytes);
        }
        ck_assert(ldbx_json_int64(entry, "uncompressedBytes", &wanted));
        ck_assert_uint_eq(content.size, (size_t)wanted);
        check_stream(entry, content);
        ldbx_bytes_unref(bytes);
        ldbx_buf_clear(&body);
    }
    ldbx_lz4_destroy(lz4);
    cJSON_Delete(index);
}
END_TEST

int main(void)
{
    char path[1024];
    Suite *suite = NULL;
    TCase *tcase = NULL;
    snprintf(path, sizeof path, "%s/" FOLDER "index.json", source_root());
    if (access(path, R_OK) != 0) {
        printf("1..0 # SKIP no recordings at %s\n", path);
        return EXIT_SUCCESS;
    }
    suite = suite_create("recordings");
    tcase = suite_case(suite, "recordings");
    tcase_add_test(tcase, recorded_answers_are_what_the_index_says);
    tcase_add_test(tcase, reconstructed_answers_are_what_the_index_says);
    tcase_add_test(tcase, arrow_messages_are_what_the_index_says);
    tcase_add_test(tcase, result_objects_are_what_the_index_says);
    return suite_run(suite);
}
