/*
 * Sizes from outside. What a message declares costs nothing until it is there; every size has a cap, at which it is accepted, and above which the
 * error says what was too large. The caps are listed in docs/limits.md; those of a module's own are tested with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <lz4frame.h>

#include "base/file.h"
#include "base/str.h"
#include "client/batch.h"
#include "client/connection.h"
#include "client/result.h"
#include "store/store.h"
#include "suite.h"
#include "wire/arrow_ipc.h"
#include "wire/columns.h"
#include "wire/lz4_frame.h"
#include "wire/thrift.h"

#define TWO_GB    INT32_MAX
#define LITTLE    ((size_t)16 << 10) /* bytes of memory that a small message may cost */
#define SOME_KB   ((size_t)512)      /* of resident memory, for what is not the library's own */
#define MEBIBYTES ((size_t)1 << 20)

static ldbx_error *error;

static void forget_error(void)
{
    ldbx_error_destroy(error);
    error = NULL;
}

static void expect_refused(int status, int wanted, const char *message)
{
    ck_assert_str_eq(ldbx_status_name(status), ldbx_status_name(wanted));
    ck_assert_msg(strstr(ldbx_error_message(error), message) != NULL, "%s", ldbx_error_message(error));
    forget_error();
}

/* Small messages that declare much. */

static void begin_reply(ldbx_buf *out, const char *call)
{
    ldbx_buf_init(out, MEBIBYTES);
    ldbx_tw_message(out, call, LDBX_THRIFT_REPLY, 1);
    ldbx_tw_struct(out, 0);
}

static void put_status(ldbx_buf *out)
{
    ldbx_tw_struct(out, 1);
    ldbx_tw_i32(out, 1, 0);
    ldbx_tw_stop(out);
}

static void put_size(ldbx_buf *out, uint32_t size)
{
    const uint8_t bytes[4] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
    ldbx_buf_append(out, bytes, sizeof bytes);
}

static void put_field(ldbx_buf *out, uint8_t type, uint8_t id)
{
    const uint8_t head[3] = {type, 0, id};
    ldbx_buf_append(out, head, sizeof head);
}

static void put_large_string(ldbx_buf *out)
{
    ldbx_tw_struct(out, 1);
    ldbx_tw_i32(out, 1, 3);
    put_field(out, LDBX_T_STRING, 5); /* the status' message */
    put_size(out, TWO_GB);
}

static void put_large_batch_list(ldbx_buf *out)
{
    put_status(out);
    ldbx_tw_struct(out, 3);
    ldbx_tw_i64(out, 1, 0);
    ldbx_tw_list(out, 1281, LDBX_T_STRUCT, TWO_GB);
}

static void put_large_batch(ldbx_buf *out)
{
    put_status(out);
    ldbx_tw_struct(out, 3);
    ldbx_tw_i64(out, 1, 0);
    ldbx_tw_list(out, 1281, LDBX_T_STRUCT, 1);
    put_field(out, LDBX_T_STRING, 1);
    put_size(out, TWO_GB);
}

static void put_large_column_list(ldbx_buf *out)
{
    put_status(out);
    ldbx_tw_struct(out, 3);
    ldbx_tw_i64(out, 1, 0);
    ldbx_tw_list(out, 3, LDBX_T_STRUCT, TWO_GB);
}

static void put_large_column(ldbx_buf *out)
{
    put_status(out);
    ldbx_tw_struct(out, 3);
    ldbx_tw_i64(out, 1, 0);
    ldbx_tw_list(out, 3, LDBX_T_STRUCT, 1);
    ldbx_tw_struct(out, 5); /* of BIGINT */
    ldbx_tw_list(out, 1, LDBX_T_I64, TWO_GB);
}

static void put_large_map(ldbx_buf *out)
{
    put_status(out);
    ldbx_tw_string_map(out, 100, TWO_GB); /* a field that nobody knows is passed over */
}

static void put_large_nested_list(ldbx_buf *out)
{
    put_status(out);
    ldbx_tw_list(out, 100, LDBX_T_LIST, 2);
    ldbx_buf_byte(out, LDBX_T_LIST);
    put_size(out, TWO_GB);
}

static void (*const large[])(ldbx_buf *out) = {put_large_string,      put_large_batch_list, put_large_batch,
                                               put_large_column_list, put_large_column,     put_large_map,
                                               put_large_nested_list};

START_TEST(a_declared_size_costs_no_memory_in_thrift)
{
    ldbx_buf reply;
    ldbx_tcli_rows rows;
    begin_reply(&reply, "FetchResults");
    large[_i](&reply);
    ck_assert_uint_lt(reply.size, 100);
    suite_peak();
    ck_assert_int_lt(ldbx_tcli_read_fetch(ldbx_buf_get(&reply), 1, &rows, &error), 0);
    ck_assert_str_eq(ldbx_status_name(ldbx_error_status(error)), "PROTOCOL");
    ck_assert_uint_le(suite_peak(), LITTLE);
    forget_error();
    ldbx_buf_clear(&reply);
}
END_TEST

static ldbx_buf read_fixture(const char *name)
{
    const char *root = getenv("LDBX_SOURCE_ROOT");
    char path[1024];
    ldbx_buf bytes;
    snprintf(path, sizeof path, "%s/tests/wire/fixtures/%s.bin", root != NULL ? root : ".", name);
    ldbx_buf_init(&bytes, MEBIBYTES);
    expect_ok(ldbx_file_read(path, &bytes, &error), error);
    return bytes;
}

/* Every word of the batch's head in turn says 2 GB; wherever that counts something, nothing is allocated for it. */
START_TEST(a_declared_size_costs_no_memory_in_arrow)
{
    const int64_t two_gb = TWO_GB;
    ldbx_buf schema_bytes = read_fixture("nested.schema");
    ldbx_buf batch = read_fixture("nested.batch");
    ldbx_bytes *bytes = ldbx_bytes_new(batch.size);
    struct ArrowSchema schema;
    struct ArrowArray array;
    int refused = 0;
    expect_ok(ldbx_arrow_read_schema(ldbx_buf_get(&schema_bytes), &schema, &error), error);
    ck_assert(ldbx_bytes_grow(bytes, batch.size));
    ldbx_bytes_set_size(bytes, batch.size);
    for (size_t at = 8; at + sizeof two_gb <= batch.size; at += sizeof two_gb) {
        const size_t base = suite_peak();
        int status;
        memcpy(ldbx_bytes_data(bytes), batch.data, batch.size);
        memcpy(ldbx_bytes_data(bytes) + at, &two_gb, sizeof two_gb);
        status = ldbx_arrow_read_batch(&schema, bytes, 3, &array, &error);
        refused += status != LDBX_OK;
        if (status == LDBX_OK)
            ldbx_arrow_array_release(&array);
        forget_error();
        ck_assert_uint_le(suite_peak(), base + LITTLE);
    }
    ck_assert_int_gt(refused, 20);
    ldbx_bytes_unref(bytes);
    ldbx_arrow_schema_release(&schema);
    ldbx_buf_clear(&schema_bytes);
    ldbx_buf_clear(&batch);
}
END_TEST

static size_t resident_kb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss;
}

/* A frame of no blocks whose head says 2 GB of content. */
START_TEST(a_declared_size_costs_no_memory_in_lz4)
{
    const LZ4F_preferences_t preferences = {.frameInfo.contentSize = TWO_GB};
    LZ4F_cctx *context = NULL;
    uint8_t frame[64] = {0};
    size_t size;
    ldbx_lz4 *lz4 = ldbx_lz4_new();
    ldbx_bytes *out = ldbx_bytes_new(LDBX_MAX_BATCH);
    size_t before;
    ck_assert(!LZ4F_isError(LZ4F_createCompressionContext(&context, LZ4F_VERSION)));
    size = LZ4F_compressBegin(context, frame, sizeof frame, &preferences) + 4; /* four zeros end a frame */
    LZ4F_freeCompressionContext(context);
    before = resident_kb();
    suite_peak();
    ck_assert_int_eq(ldbx_lz4_read(lz4, (ldbx_view){(const char *)frame, size}, out, &error), LDBX_PROTOCOL);
    ck_assert_msg(strstr(ldbx_error_message(error), "frameSize_wrong") != NULL, "%s", ldbx_error_message(error));
    ck_assert_uint_le(suite_peak(), 2 * (size_t)65536);
    ck_assert_uint_le(resident_kb(), before + SOME_KB);
    forget_error();
    ldbx_bytes_unref(out);
    ldbx_lz4_destroy(lz4);
}
END_TEST

/* Caps of the wire. */

static void put_columns(ldbx_buf *out, int32_t count)
{
    begin_reply(out, "FetchResults");
    put_status(out);
    ldbx_tw_struct(out, 3);
    ldbx_tw_i64(out, 1, 0);
    ldbx_tw_list(out, 3, LDBX_T_STRUCT, count);
    for (int32_t i = 0; i < count; i++)
        ldbx_tw_stop(out);
    ldbx_tw_stop(out);
    ldbx_tw_stop(out);
    ldbx_tw_stop(out);
    ck_assert(!out->failed);
}

START_TEST(columns_of_a_row_set)
{
    ldbx_buf reply;
    ldbx_tcli_rows rows;
    put_columns(&reply, LDBX_MAX_COLUMNS);
    expect_ok(ldbx_tcli_read_fetch(ldbx_buf_get(&reply), 1, &rows, &error), error);
    ck_assert_uint_eq(rows.column_count, LDBX_MAX_COLUMNS);
    ldbx_tcli_rows_clear(&rows);
    ldbx_buf_clear(&reply);
    put_columns(&reply, LDBX_MAX_COLUMNS + 1);
    expect_refused(ldbx_tcli_read_fetch(ldbx_buf_get(&reply), 1, &rows, &error), LDBX_PROTOCOL, "too many columns");
    ldbx_buf_clear(&reply);
}
END_TEST

static const struct {
    const char *accepted, *refused;
    int status;
    const char *message;
} schemas[] = {
    {"depth_64.schema", "depth_65.schema", LDBX_PROTOCOL, "nested too deep"},
    {"fields_20000.schema", "fields_20001.schema", LDBX_PROTOCOL, "too many fields"},
    {"zone_55.schema", "zone_56.schema", LDBX_UNSUPPORTED, "column at: Arrow type 10"},
};

START_TEST(fields_of_a_schema)
{
    ldbx_buf bytes = read_fixture(schemas[_i].accepted);
    struct ArrowSchema schema;
    expect_ok(ldbx_arrow_read_schema(ldbx_buf_get(&bytes), &schema, &error), error);
    ldbx_arrow_schema_release(&schema);
    ldbx_buf_clear(&bytes);
    bytes = read_fixture(schemas[_i].refused);
    expect_refused(ldbx_arrow_read_schema(ldbx_buf_get(&bytes), &schema, &error), schemas[_i].status,
                   schemas[_i].message);
    ldbx_buf_clear(&bytes);
}
END_TEST

/* Caps of the client. */

static ldbx_connection nobody;

START_TEST(text_of_a_statement)
{
    const size_t most = (size_t)16 << 20;
    char *sql = malloc(most + 1);
    ldbx_statement *statement = NULL;
    memset(sql, 'x', most + 1);
    expect_ok(ldbx_statement_new(&nobody, (ldbx_view){sql, most}, NULL, &statement, &error), error);
    ldbx_statement_destroy(statement);
    expect_refused(ldbx_statement_new(&nobody, (ldbx_view){sql, most + 1}, NULL, &statement, &error),
                   LDBX_INVALID_ARGUMENT, "the statement is larger than 16 MiB");
    free(sql);
}
END_TEST

static ldbx_statement *new_statement(void)
{
    ldbx_statement *statement = NULL;
    expect_ok(ldbx_statement_new(&nobody, ldbx_view_of("SELECT 1"), NULL, &statement, &error), error);
    return statement;
}

START_TEST(number_of_parameters)
{
    ldbx_statement *statement = new_statement();
    for (int i = 0; i < 255; i++)
        expect_ok(ldbx_statement_bind(statement, NULL, "INT", ldbx_view_of("1"), &error), error);
    expect_refused(ldbx_statement_bind(statement, NULL, "INT", ldbx_view_of("1"), &error), LDBX_INVALID_ARGUMENT,
                   "at most 255 parameters");
    ldbx_statement_destroy(statement);
}
END_TEST

START_TEST(text_of_all_parameters)
{
    ldbx_statement *statement = new_statement();
    char *text = malloc(MEBIBYTES);
    memset(text, 'x', MEBIBYTES);
    expect_ok(ldbx_statement_bind(statement, NULL, "STRING", (ldbx_view){text, MEBIBYTES - 1}, &error), error);
    expect_ok(ldbx_statement_bind(statement, NULL, "STRING", (ldbx_view){text, 1}, &error), error);
    expect_refused(ldbx_statement_bind(statement, NULL, "STRING", (ldbx_view){text, 1}, &error), LDBX_INVALID_ARGUMENT,
                   "larger than 1 MiB together");
    ldbx_statement_destroy(statement);
    free(text);
}
END_TEST

/* A batch of one row {"n":""} of 9 bytes with its line end; the cap of the text is set, since the true one takes a gibibyte. */
START_TEST(text_of_a_batch)
{
    static const ldbx_tcli_values one = {.kind = 7, .count = 1, .values = {"\0\0\0\0", 4}};
    const ldbx_tcli_column column = {.name = {"n", 1}, .type = LDBX_TTYPE_STRING};
    struct ArrowSchema schema;
    struct ArrowArray array;
    ldbx_shape shape;
    ldbx_cells cells[1];
    ldbx_buf text;
    const ldbx_batch batch = {&array, cells, 1, &text};
    ldbx_view json;
    expect_ok(ldbx_columns_schema(&column, 1, &schema, &error), error);
    expect_ok(ldbx_shape_make(&schema, &column, 1, &shape, &error), error);
    expect_ok(ldbx_columns_read(&schema, &one, 1, &array, &error), error);
    ldbx_batch_columns(&shape, &array, cells);
    ldbx_buf_init(&text, 1000);
    expect_ok(ldbx_batch_json(&batch, &json, &error), error);
    ck_assert(ldbx_view_eq(json, "{\"n\":\"\"}\n"));
    ldbx_buf_clear(&text);
    ldbx_buf_init(&text, 8);
    expect_refused(ldbx_batch_json(&batch, &json, &error), LDBX_NO_MEMORY, "the batch as text is larger than 8 bytes");
    ldbx_buf_clear(&text);
    ldbx_arrow_array_release(&array);
    ldbx_shape_clear(&shape);
    ldbx_arrow_schema_release(&schema);
}
END_TEST

/* A file of blanks in front of what it holds, of exactly this size; the caller removes it. */
static void write_padded(char path[64], const char *content, size_t size)
{
    char blanks[4096];
    size_t left = size - strlen(content);
    int file;
    memset(blanks, ' ', sizeof blanks);
    strcpy(path, "/tmp/ldbx-limits-XXXXXX");
    file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    for (size_t part; left > 0; left -= part) {
        part = left < sizeof blanks ? left : sizeof blanks;
        ck_assert_int_eq(write(file, blanks, part), (ssize_t)part);
    }
    ck_assert_int_eq(write(file, content, strlen(content)), (ssize_t)strlen(content));
    close(file);
}

START_TEST(file_of_an_authorization)
{
    static const char content[] = "{\"label\":\"l\",\"config\":{\"host\":\"h\",\"httppath\":\"p\",\"token\":\"t\"}}";
    ldbx_config *config = NULL;
    char path[64];
    expect_ok(ldbx_config_new(&config, &error), error);
    write_padded(path, content, MEBIBYTES);
    expect_ok(ldbx_config_load_file(config, path, &error), error);
    unlink(path);
    write_padded(path, content, MEBIBYTES + 1);
    expect_refused(ldbx_config_load_file(config, path, &error), LDBX_IO, "larger than 1048576 bytes");
    unlink(path);
    ldbx_config_destroy(config);
}
END_TEST

START_TEST(documents_of_a_store)
{
    ldbx_store *store = NULL;
    ldbx_buf back;
    int64_t revision = 0;
    char *text = calloc(1, LDBX_MAX_DOCUMENT + 1);
    expect_ok(ldbx_store_new_memory(&store, &error), error);
    expect_ok(ldbx_store_save(store, "job", (ldbx_view){text, LDBX_MAX_DOCUMENT}, &revision, &error), error);
    ldbx_buf_init(&back, LDBX_MAX_DOCUMENT);
    expect_ok(ldbx_store_load(store, "job", &back, &revision, &error), error);
    ck_assert_uint_eq(back.size, LDBX_MAX_DOCUMENT);
    expect_refused(ldbx_store_save(store, "job", (ldbx_view){text, LDBX_MAX_DOCUMENT + 1}, &revision, &error),
                   LDBX_INVALID_ARGUMENT, "larger than a checkpoint may be (64 MiB)");
    ldbx_buf_clear(&back);
    ldbx_store_destroy(store);
    free(text);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

int main(void)
{
    Suite *suite = suite_create("limits");
    TCase *tcase = suite_case(suite, "declared");

    tcase_add_loop_test(tcase, a_declared_size_costs_no_memory_in_thrift, 0, COUNT(large));
    tcase_add_test(tcase, a_declared_size_costs_no_memory_in_arrow);
    tcase_add_test(tcase, a_declared_size_costs_no_memory_in_lz4);
    tcase = suite_case(suite, "wire");
    tcase_add_test(tcase, columns_of_a_row_set);
    tcase_add_loop_test(tcase, fields_of_a_schema, 0, COUNT(schemas));
    tcase = suite_case(suite, "client");
    tcase_add_test(tcase, text_of_a_statement);
    tcase_add_test(tcase, number_of_parameters);
    tcase_add_test(tcase, text_of_all_parameters);
    tcase_add_test(tcase, text_of_a_batch);
    tcase_add_test(tcase, file_of_an_authorization);
    tcase_add_test(tcase, documents_of_a_store);
    return suite_run(suite);
}
