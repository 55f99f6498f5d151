#include "wire/arrow_ipc.h"

#include <string.h>

#include "suite.h"
#include "wire_support.h"

/* Messages come from pyarrow: make_fixtures.py. */

typedef struct fixture {
    ldbx_buf schema_message;
    ldbx_buf batch_message;
    struct ArrowSchema schema;
    ldbx_error *error;
} fixture;

static fixture open_fixture(const char *name)
{
    fixture with = {.error = NULL};
    char path[100];
    snprintf(path, sizeof path, "%s.schema", name);
    read_fixture(&with.schema_message, path);
    snprintf(path, sizeof path, "%s.batch", name);
    read_fixture(&with.batch_message, path);
    expect_ok(ldbx_arrow_read_schema(ldbx_buf_get(&with.schema_message), &with.schema, &with.error), with.error);
    return with;
}

static void close_fixture(fixture *with)
{
    ldbx_buf_clear(&with->schema_message);
    ldbx_buf_clear(&with->batch_message);
    ldbx_arrow_schema_release(&with->schema);
    ldbx_error_destroy(with->error);
}

static int read_batch(fixture *with, int64_t rows, struct ArrowArray *out)
{
    ldbx_bytes *bytes = bytes_of(ldbx_buf_get(&with->batch_message));
    int status = ldbx_arrow_read_batch(&with->schema, bytes, rows, out, &with->error);
    ldbx_bytes_unref(bytes);
    return status;
}

static void expect_columns(const char *name, int64_t rows, const char *expected)
{
    fixture with = open_fixture(name);
    struct ArrowArray array;
    ldbx_buf text;
    ldbx_buf_init(&text, 100000);
    expect_ok(read_batch(&with, rows, &array), with.error);
    ck_assert_int_eq(array.length, rows);
    dump_columns(&with.schema, &array, &text);
    expect_text(&text, expected);
    ldbx_buf_clear(&text);
    ldbx_arrow_array_release(&array);
    close_fixture(&with);
}

START_TEST(flat_types_have_their_values)
{
    expect_columns("flat", 3,
                   "boolean: true null false\n"
                   "tinyint: -128 null 127\n"
                   "smallint: -32768 null 32767\n"
                   "int: -2147483648 null 2147483647\n"
                   "bigint: -9223372036854775808 null 9223372036854775807\n"
                   "u8: 0 null 255\n"
                   "u16: 0 null 65535\n"
                   "u32: 0 null 4294967295\n"
                   "u64: 0 null 18446744073709551615\n"
                   "float: 1.5 null -0.1\n"
                   "double: 0.1 null -Infinity\n"
                   "decimal: -12345678.90 null 0.01\n"
                   "text: \"\" null \"gr\xc3\xbc\xc3\x9f"
                   "e\"\n"
                   "large_text: \"a\" null \"bc\"\n"
                   "binary: x00ff null x\n"
                   "large_binary: x null x01\n"
                   "date: -1 null 19000\n"
                   "timestamp: -1 null 1700000000123456\n"
                   "timestamp_ntz: 0 null 5\n"
                   "timestamp_s: 0 null 5\n"
                   "months: -14 null 14\n"
                   "duration: -1 null 86400000000\n"
                   "void: null null null\n"
                   "full: 1 2 3\n");
}
END_TEST

START_TEST(flat_types_have_their_formats)
{
    static const char *const formats[] = {"b",   "c",           "s",    "i",      "l",   "C",   "S", "I",
                                          "L",   "f",           "g",    "d:10,2", "u",   "U",   "z", "Z",
                                          "tdD", "tsu:Etc/UTC", "tsu:", "tss:",   "tiM", "tDu", "n", "i"};
    fixture with = open_fixture("flat");
    ck_assert_str_eq(with.schema.format, "+s");
    ck_assert(ldbx_view_eq(ldbx_arrow_metadata(&with.schema, "made"), "here"));
    ck_assert_int_eq(with.schema.n_children, 24);
    for (int i = 0; i < 24; i++) {
        ck_assert_str_eq(with.schema.children[i]->format, formats[i]);
        ck_assert_int_eq(with.schema.children[i]->flags, ARROW_FLAG_NULLABLE);
        ck_assert(ldbx_view_ieq(ldbx_arrow_metadata(with.schema.children[i], "Spark:DataType:SqlName"),
                                with.schema.children[i]->name));
        ck_assert_ptr_nonnull(ldbx_arrow_metadata(with.schema.children[i], "other").data);
        ck_assert_uint_eq(ldbx_arrow_metadata(with.schema.children[i], "other").size, 0);
    }
    close_fixture(&with);
}
END_TEST

START_TEST(columns_without_nulls_have_no_bitmap)
{
    fixture with = open_fixture("flat");
    struct ArrowArray array;
    expect_ok(read_batch(&with, 3, &array), with.error);
    ck_assert_ptr_null(array.buffers[0]);
    ck_assert_ptr_null(array.children[23]->buffers[0]);
    ck_assert_int_eq(array.children[23]->null_count, 0);
    ck_assert_ptr_nonnull(array.children[0]->buffers[0]);
    ck_assert_int_eq(array.children[0]->null_count, 1);
    ck_assert_int_eq(array.children[22]->n_buffers, 0);
    ck_assert_int_eq(array.children[22]->null_count, 3);
    ldbx_arrow_array_release(&array);
    close_fixture(&with);
}
END_TEST

START_TEST(nested_types_have_their_values)
{
    expect_columns("nested", 3,
                   "list: [1,null] null []\n"
                   "large_list: [\"x\"] [] null\n"
                   "struct: {a:1,b:\"p\"} null {a:null,b:\"q\"}\n"
                   "map: [{key:\"k\",value:1},{key:\"l\",value:null}] null []\n"
                   "deep: [{m:[{key:\"x\",value:[true,false]}]}] [null,{m:null}] null\n"
                   "void_list: [null,null] [] null\n"
                   "no_members: {} null {}\n");
}
END_TEST

START_TEST(nested_types_have_their_formats)
{
    fixture with = open_fixture("nested");
    const struct ArrowSchema *map = with.schema.children[3];
    ck_assert_str_eq(with.schema.children[0]->format, "+l");
    ck_assert_str_eq(with.schema.children[0]->children[0]->format, "i");
    ck_assert_str_eq(with.schema.children[1]->format, "+L");
    ck_assert_str_eq(with.schema.children[2]->format, "+s");
    ck_assert_str_eq(with.schema.children[2]->children[1]->name, "b");
    ck_assert_str_eq(map->format, "+m");
    ck_assert_int_eq(map->flags & ARROW_FLAG_MAP_KEYS_SORTED, 0);
    ck_assert_str_eq(map->children[0]->format, "+s");
    ck_assert_int_eq(map->children[0]->flags & ARROW_FLAG_NULLABLE, 0);
    ck_assert_int_eq(map->children[0]->children[0]->flags & ARROW_FLAG_NULLABLE, 0);
    close_fixture(&with);
}
END_TEST

START_TEST(buffers_are_counted)
{
    static const char *const names[] = {"flat", "nested", "no_fields"};
    for (int i = 0; i < 3; i++) {
        fixture with = open_fixture(names[i]);
        size_t sent = 99;
        expect_ok(ldbx_arrow_count_buffers(ldbx_buf_get(&with.batch_message), &sent, &with.error), with.error);
        ck_assert_uint_eq(sent, ldbx_arrow_schema_buffers(&with.schema));
        close_fixture(&with);
    }
}
END_TEST

START_TEST(no_rows_are_read)
{
    fixture with = open_fixture("no_rows");
    struct ArrowArray array;
    expect_ok(read_batch(&with, 0, &array), with.error);
    ck_assert_int_eq(array.length, 0);
    ck_assert_int_eq(array.n_children, 31);
    for (int i = 0; i < 31; i++) {
        ck_assert_int_eq(array.children[i]->length, 0);
        if (strchr("uUzZ", with.schema.children[i]->format[0]) != NULL || with.schema.children[i]->format[1] == 'l')
            ck_assert_int_eq(*(const int32_t *)array.children[i]->buffers[1], 0); /* the one offset is there */
    }
    ldbx_arrow_array_release(&array);
    close_fixture(&with);
}
END_TEST

START_TEST(no_fields_are_read)
{
    expect_columns("no_fields", 0, "");
}
END_TEST

START_TEST(metadata_of_version_4_is_read)
{
    fixture with = open_fixture("version4");
    ck_assert_int_eq(with.schema.children[0]->flags, 0);
    ck_assert_int_eq(with.schema.children[1]->flags, ARROW_FLAG_NULLABLE);
    close_fixture(&with);
    expect_columns("version4", 10,
                   "id: 0 1 2 3 4 5 6 7 8 9\n"
                   "name: \"r0\" \"r1\" \"r2\" \"r3\" \"r4\" \"r5\" \"r6\" \"r7\" \"r8\" \"r9\"\n");
}
END_TEST

START_TEST(an_end_mark_may_follow)
{
    fixture with = open_fixture("flat");
    struct ArrowArray array;
    ldbx_buf_append(&with.batch_message, "\xff\xff\xff\xff\0\0\0\0", 8);
    expect_ok(read_batch(&with, 3, &array), with.error);
    ldbx_arrow_array_release(&array);
    ldbx_buf_append(&with.batch_message, "\xff\xff\xff\xff\0\0\0\0", 8);
    expect_status(read_batch(&with, 3, &array), LDBX_PROTOCOL, with.error);
    ck_assert_str_eq(ldbx_error_message(with.error), "Arrow message: bytes behind its end");
    close_fixture(&with);
}
END_TEST

START_TEST(the_row_count_must_be_the_announced_one)
{
    fixture with = open_fixture("flat");
    struct ArrowArray array;
    expect_status(read_batch(&with, 4, &array), LDBX_PROTOCOL, with.error);
    ck_assert_str_eq(ldbx_error_message(with.error), "Arrow batch: 3 rows where 4 were announced");
    ck_assert(array.release == NULL);
    close_fixture(&with);
}
END_TEST

START_TEST(an_array_keeps_the_bytes)
{
    fixture with = open_fixture("flat");
    struct ArrowArray array, moved;
    ldbx_bytes *bytes = bytes_of(ldbx_buf_get(&with.batch_message));
    expect_ok(ldbx_arrow_read_batch(&with.schema, bytes, 3, &array, &with.error), with.error);
    ck_assert(ldbx_bytes_shared(bytes));
    moved = *array.children[4];
    array.children[4]->release = NULL;
    ldbx_arrow_array_release(&array);
    ck_assert(ldbx_bytes_shared(bytes));
    ck_assert_int_eq(((const int64_t *)moved.buffers[1])[2], INT64_MAX);
    moved.release(&moved);
    ck_assert(!ldbx_bytes_shared(bytes));
    ldbx_bytes_unref(bytes);
    close_fixture(&with);
}
END_TEST

static void expect_schema_refused(const char *name, ldbx_status status, const char *message)
{
    ldbx_buf bytes;
    struct ArrowSchema schema;
    ldbx_error *error = NULL;
    read_fixture(&bytes, name);
    expect_status(ldbx_arrow_read_schema(ldbx_buf_get(&bytes), &schema, &error), status, error);
    ck_assert_str_eq(ldbx_error_message(error), message);
    ck_assert(schema.release == NULL);
    ldbx_error_destroy(error);
    ldbx_buf_clear(&bytes);
}

START_TEST(types_that_are_not_read_are_named)
{
    expect_schema_refused("refused_dictionary.schema", LDBX_UNSUPPORTED, "column dictionary: dictionary encoding");
    expect_schema_refused("refused_fixed_size_list.schema", LDBX_UNSUPPORTED, "column fixed_size_list: Arrow type 16");
    expect_schema_refused("refused_fixed_size_binary.schema", LDBX_UNSUPPORTED,
                          "column fixed_size_binary: Arrow type 15");
    expect_schema_refused("refused_decimal256.schema", LDBX_UNSUPPORTED, "column decimal256: Arrow type 7");
    expect_schema_refused("refused_half_float.schema", LDBX_UNSUPPORTED, "column half_float: Arrow type 3");
    expect_schema_refused("refused_date64.schema", LDBX_UNSUPPORTED, "column date64: Arrow type 8");
    expect_schema_refused("refused_time32.schema", LDBX_UNSUPPORTED, "column time32: Arrow type 9");
    expect_schema_refused("refused_month_day_nano.schema", LDBX_UNSUPPORTED, "column month_day_nano: Arrow type 11");
    expect_schema_refused("refused_union.schema", LDBX_UNSUPPORTED, "column union: Arrow type 14");
    expect_schema_refused("refused_string_view.schema", LDBX_UNSUPPORTED, "column string_view: Arrow type 24");
    expect_schema_refused("refused_run_end.schema", LDBX_UNSUPPORTED, "column run_end: Arrow type 22");
    expect_schema_refused("too_deep.schema", LDBX_PROTOCOL, "Arrow schema: nested too deep");
}
END_TEST

START_TEST(messages_of_another_kind_are_refused)
{
    fixture with = open_fixture("flat");
    struct ArrowSchema schema;
    struct ArrowArray array;
    ldbx_bytes *bytes = bytes_of(ldbx_buf_get(&with.schema_message));
    expect_schema_refused("flat.batch", LDBX_PROTOCOL, "Arrow message: of unexpected kind");
    expect_status(ldbx_arrow_read_batch(&with.schema, bytes, 3, &array, &with.error), LDBX_PROTOCOL, with.error);
    ck_assert_str_eq(ldbx_error_message(with.error), "Arrow message: of unexpected kind");
    ldbx_bytes_unref(bytes);
    with.schema_message.data[0] = 0; /* the form of before 2019, without a continuation mark */
    expect_status(ldbx_arrow_read_schema(ldbx_buf_get(&with.schema_message), &schema, &with.error), LDBX_PROTOCOL,
                  with.error);
    ck_assert_str_eq(ldbx_error_message(with.error), "Arrow message: no continuation mark");
    close_fixture(&with);
}
END_TEST

START_TEST(compressed_bodies_are_refused)
{
    fixture with = open_fixture("compressed");
    struct ArrowArray array;
    expect_status(read_batch(&with, 10, &array), LDBX_UNSUPPORTED, with.error);
    ck_assert_str_eq(ldbx_error_message(with.error), "Arrow batch: compressed body");
    close_fixture(&with);
}
END_TEST

/* Reads the batch of one fixture by the schema of another. */
static void expect_mismatch(const char *schema, const char *batch, int64_t rows, const char *message)
{
    fixture with = open_fixture(schema);
    fixture other = open_fixture(batch);
    struct ArrowArray array;
    ldbx_bytes *bytes = bytes_of(ldbx_buf_get(&other.batch_message));
    expect_status(ldbx_arrow_read_batch(&with.schema, bytes, rows, &array, &with.error), LDBX_PROTOCOL, with.error);
    ck_assert_str_eq(ldbx_error_message(with.error), message);
    ldbx_bytes_unref(bytes);
    close_fixture(&with);
    close_fixture(&other);
}

START_TEST(a_batch_must_fit_its_schema)
{
    expect_mismatch("flat", "version4", 10, "column smallint: Arrow batch: fewer arrays than the schema has");
    expect_mismatch("no_fields", "version4", 10, "Arrow batch: more arrays or buffers than the schema has");
    expect_mismatch("version4", "no_fields", 0, "column id: Arrow batch: fewer arrays than the schema has");
}
END_TEST

/* The one table of buffers in a batch: found by its content, since positions are the encoder's business. */
static uint8_t *find_bytes(ldbx_buf *message, const void *wanted, size_t size)
{
    uint8_t *found = memmem(message->data, message->size, wanted, size);
    ck_assert_ptr_nonnull(found);
    return found;
}

START_TEST(offsets_must_ascend_and_end_inside)
{
    static const int32_t offsets[] = {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20};
    static const struct {
        int index;
        int32_t value;
    } changes[] = {{0, -2}, {0, 3}, {5, 13}, {5, -1}, {5, INT32_MAX}, {10, 17}, {10, 1000}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        fixture with = open_fixture("version4");
        struct ArrowArray array;
        uint8_t *at = find_bytes(&with.batch_message, offsets, sizeof offsets);
        memcpy(at + 4 * changes[i].index, &changes[i].value, 4);
        expect_status(read_batch(&with, 10, &array), LDBX_PROTOCOL, with.error);
        ck_assert_str_eq(ldbx_error_message(with.error), "column name: Arrow batch: offsets out of order");
        close_fixture(&with);
    }
}
END_TEST

START_TEST(buffers_must_lie_in_the_body)
{
    static const int64_t cells[2] = {0, 80}; /* the buffer of `id`: where and how long */
    static const struct {
        int index;
        int64_t value;
        const char *message;
    } changes[] = {{0, 4, "buffer not aligned"},
                   {0, -8, "buffer outside the body"},
                   {0, 1 << 20, "buffer outside the body"},
                   {1, INT64_MAX, "buffer outside the body"},
                   {1, -1, "buffer outside the body"},
                   {1, 79, "buffer shorter than its array"}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        fixture with = open_fixture("version4");
        struct ArrowArray array;
        char message[100];
        uint8_t *at = find_bytes(&with.batch_message, cells, sizeof cells);
        memcpy(at + 8 * changes[i].index, &changes[i].value, 8);
        expect_status(read_batch(&with, 10, &array), LDBX_PROTOCOL, with.error);
        snprintf(message, sizeof message, "column id: Arrow batch: %s", changes[i].message);
        ck_assert_str_eq(ldbx_error_message(with.error), message);
        close_fixture(&with);
    }
}
END_TEST

START_TEST(lengths_of_columns_must_be_the_batchs)
{
    static const int64_t node[4] = {10, 0, 10, 0};
    static const struct {
        int index;
        int64_t value;
        const char *message;
    } changes[] = {{0, 9, "column id: Arrow batch: length is not the batch's"},
                   {0, 11, "column id: Arrow batch: buffer shorter than its array"},
                   {2, -1, "column name: Arrow batch: impossible length"},
                   {2, INT64_MAX, "column name: Arrow batch: impossible length"},
                   {1, 11, "column id: Arrow batch: impossible length"},
                   {1, -1, "column id: Arrow batch: impossible length"},
                   {1, 1, "column id: Arrow batch: buffer shorter than its array"}}; /* a null without a bitmap */
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        fixture with = open_fixture("version4");
        struct ArrowArray array;
        uint8_t *at = find_bytes(&with.batch_message, node, sizeof node);
        memcpy(at + 8 * changes[i].index, &changes[i].value, 8);
        expect_status(read_batch(&with, 10, &array), LDBX_PROTOCOL, with.error);
        ck_assert_str_eq(ldbx_error_message(with.error), changes[i].message);
        close_fixture(&with);
    }
}
END_TEST

/* Reads a schema and walks it; a damaged one may still be a schema. */
static void try_schema(ldbx_view message)
{
    struct ArrowSchema schema;
    ldbx_error *error = NULL;
    int status = ldbx_arrow_read_schema(message, &schema, &error);
    if (status != LDBX_OK && status != LDBX_PROTOCOL && status != LDBX_UNSUPPORTED)
        ck_abort_msg("status %s", ldbx_status_name(status));
    if (status == LDBX_OK) {
        for (int64_t i = 0; i < schema.n_children; i++)
            ldbx_arrow_metadata(schema.children[i], "Spark:DataType:SqlName");
        ldbx_arrow_schema_release(&schema);
    }
    ldbx_error_destroy(error);
}

/* As above; every cell of what comes out is looked at. */
static void try_batch(const fixture *with, ldbx_view message, int64_t rows)
{
    ldbx_bytes *bytes = bytes_of(message);
    struct ArrowArray array;
    ldbx_error *error = NULL;
    int status = ldbx_arrow_read_batch(&with->schema, bytes, rows, &array, &error);
    if (status != LDBX_OK && status != LDBX_PROTOCOL && status != LDBX_UNSUPPORTED)
        ck_abort_msg("status %s", ldbx_status_name(status));
    if (status == LDBX_OK) {
        ldbx_buf text;
        ldbx_buf_init(&text, 1 << 20);
        dump_columns(&with->schema, &array, &text);
        ldbx_buf_clear(&text);
        ldbx_arrow_array_release(&array);
    }
    ldbx_bytes_unref(bytes);
    ldbx_error_destroy(error);
}

static const char *const damaged[] = {"flat", "nested", "no_rows"};

START_TEST(schemas_cut_anywhere_are_refused)
{
    fixture with = open_fixture(damaged[_i]);
    for (size_t size = 0; size < with.schema_message.size; size++) {
        char *cut = malloc(size > 0 ? size : 1);
        const ldbx_view view = {cut, size};
        struct ArrowSchema schema;
        memcpy(cut, with.schema_message.data, size);
        expect_status(ldbx_arrow_read_schema(view, &schema, &with.error), LDBX_PROTOCOL, with.error);
        free(cut);
    }
    close_fixture(&with);
}
END_TEST

START_TEST(batches_cut_anywhere_are_refused)
{
    fixture with = open_fixture(damaged[_i]);
    const int64_t rows = _i < 2 ? 3 : 0;
    for (size_t size = 0; size < with.batch_message.size; size++) {
        struct ArrowArray array;
        const ldbx_view view = {(const char *)with.batch_message.data, size};
        ldbx_bytes *bytes = bytes_of(view);
        expect_status(ldbx_arrow_read_batch(&with.schema, bytes, rows, &array, &with.error), LDBX_PROTOCOL, with.error);
        ldbx_bytes_unref(bytes);
    }
    close_fixture(&with);
}
END_TEST

START_TEST(flipped_bits_in_schemas_do_no_harm)
{
    fixture with = open_fixture(damaged[_i]);
    for (size_t bit = 0; bit < 8 * with.schema_message.size; bit++) {
        with.schema_message.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        try_schema(ldbx_buf_get(&with.schema_message));
        with.schema_message.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    close_fixture(&with);
}
END_TEST

START_TEST(flipped_bits_in_batches_do_no_harm)
{
    fixture with = open_fixture(damaged[_i]);
    for (size_t bit = 0; bit < 8 * with.batch_message.size; bit++) {
        with.batch_message.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        try_batch(&with, ldbx_buf_get(&with.batch_message), _i < 2 ? 3 : 0);
        with.batch_message.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    close_fixture(&with);
}
END_TEST

/* Every aligned 32-bit word in turn becomes one that offsets and counts trip over. */
START_TEST(extreme_words_do_no_harm)
{
    static const uint32_t words[] = {0, 1, 4, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc};
    fixture with = open_fixture(damaged[_i]);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (size_t at = 8; at + 4 <= with.schema_message.size; at += 4) {
            uint32_t old;
            memcpy(&old, with.schema_message.data + at, 4);
            memcpy(with.schema_message.data + at, &words[i], 4);
            try_schema(ldbx_buf_get(&with.schema_message));
            memcpy(with.schema_message.data + at, &old, 4);
        }
        for (size_t at = 8; at + 4 <= with.batch_message.size; at += 4) {
            uint32_t old;
            memcpy(&old, with.batch_message.data + at, 4);
            memcpy(with.batch_message.data + at, &words[i], 4);
            try_batch(&with, ldbx_buf_get(&with.batch_message), _i < 2 ? 3 : 0);
            memcpy(with.batch_message.data + at, &old, 4);
        }
    }
    close_fixture(&with);
}
END_TEST

/* Flatbuffers may point at one part many times, so that a small message stands for a large schema. */
START_TEST(schemas_do_not_explode)
{
    ldbx_buf bytes;
    struct ArrowSchema schema;
    ldbx_error *error = NULL;
    expect_schema_refused("shared_metadata.schema", LDBX_PROTOCOL, "Arrow schema: too much text");
    expect_schema_refused("shared_name.schema", LDBX_PROTOCOL, "Arrow schema: too much text");
    expect_schema_refused("doubling.schema", LDBX_PROTOCOL, "Arrow schema: too many fields");
    read_fixture(&bytes, "few_shared.schema"); /* the same with fewer are schemas */
    expect_ok(ldbx_arrow_read_schema(ldbx_buf_get(&bytes), &schema, &error), error);
    ck_assert_int_eq(schema.n_children, 3);
    ck_assert(ldbx_view_eq(ldbx_arrow_metadata(schema.children[2], "abc"), "abc"));
    ldbx_arrow_schema_release(&schema);
    ldbx_buf_clear(&bytes);
    read_fixture(&bytes, "few_doubled.schema");
    expect_ok(ldbx_arrow_read_schema(ldbx_buf_get(&bytes), &schema, &error), error);
    ck_assert_int_eq(schema.children[0]->children[1]->n_children, 2);
    ldbx_arrow_schema_release(&schema);
    ldbx_buf_clear(&bytes);
}
END_TEST

/* NULLs take no bytes: 200 of them may announce as many rows as there can be. */
START_TEST(rows_without_bytes_are_limited)
{
    fixture with = open_fixture("most_voids");
    struct ArrowArray array;
    expect_ok(read_batch(&with, 1 << 24, &array), with.error);
    ck_assert_int_eq(array.children[0]->length, 1 << 24);
    ldbx_arrow_array_release(&array);
    close_fixture(&with);
    with = open_fixture("too_many_voids");
    expect_status(read_batch(&with, (1 << 24) + 1, &array), LDBX_PROTOCOL, with.error);
    ck_assert_str_eq(ldbx_error_message(with.error),
                     "column void: Arrow batch: more than 16777216 elements without data");
    close_fixture(&with);
}
END_TEST

/* Each buffer has bytes of its own, or a small body could be a large batch. */
START_TEST(buffers_must_not_overlap)
{
    static const int64_t cells[2] = {0, 80};
    fixture with = open_fixture("version4");
    struct ArrowArray array;
    uint8_t *at = find_bytes(&with.batch_message, cells, sizeof cells);
    const int64_t size = 140; /* of a body of 152 bytes, of which the other buffers take 64 */
    memcpy(at + 8, &size, 8);
    expect_status(read_batch(&with, 10, &array), LDBX_PROTOCOL, with.error);
    ck_assert_str_eq(ldbx_error_message(with.error), "column name: Arrow batch: buffers overlap");
    close_fixture(&with);
}
END_TEST

START_TEST(memory_may_be_short_anywhere)
{
    fixture with = open_fixture("nested");
    int status = LDBX_NO_MEMORY;
    for (long n = 1; status != LDBX_OK; n++) {
        struct ArrowSchema schema;
        suite_fail_allocation(n);
        status = ldbx_arrow_read_schema(ldbx_buf_get(&with.schema_message), &schema, &with.error);
        suite_fail_allocation(0);
        ck_assert_int_eq(status, status == LDBX_OK ? LDBX_OK : LDBX_NO_MEMORY);
        if (status == LDBX_OK)
            ldbx_arrow_schema_release(&schema);
        ck_assert_int_lt(n, 100);
    }
    status = LDBX_NO_MEMORY;
    for (long n = 1; status != LDBX_OK; n++) {
        struct ArrowArray array;
        ldbx_bytes *bytes = bytes_of(ldbx_buf_get(&with.batch_message));
        suite_fail_allocation(n);
        status = ldbx_arrow_read_batch(&with.schema, bytes, 3, &array, &with.error);
        suite_fail_allocation(0);
        ck_assert_int_eq(status, status == LDBX_OK ? LDBX_OK : LDBX_NO_MEMORY);
        if (status == LDBX_OK)
            ldbx_arrow_array_release(&array);
        ldbx_bytes_unref(bytes);
        ck_assert_int_lt(n, 100);
    }
    close_fixture(&with);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arrow_ipc");
    TCase *tcase = suite_case(suite, "read");
    tcase_add_test(tcase, flat_types_have_their_values);
    tcase_add_test(tcase, flat_types_have_their_formats);
    tcase_add_test(tcase, columns_without_nulls_have_no_bitmap);
    tcase_add_test(tcase, nested_types_have_their_values);
    tcase_add_test(tcase, nested_types_have_their_formats);
    tcase_add_test(tcase, buffers_are_counted);
    tcase_add_test(tcase, no_rows_are_read);
    tcase_add_test(tcase, no_fields_are_read);
    tcase_add_test(tcase, metadata_of_version_4_is_read);
    tcase_add_test(tcase, an_end_mark_may_follow);
    tcase_add_test(tcase, an_array_keeps_the_bytes);
    tcase = suite_case(suite, "refused");
    tcase_add_test(tcase, the_row_count_must_be_the_announced_one);
    tcase_add_test(tcase, types_that_are_not_read_are_named);
    tcase_add_test(tcase, messages_of_another_kind_are_refused);
    tcase_add_test(tcase, compressed_bodies_are_refused);
    tcase_add_test(tcase, a_batch_must_fit_its_schema);
    tcase_add_test(tcase, offsets_must_ascend_and_end_inside);
    tcase_add_test(tcase, buffers_must_lie_in_the_body);
    tcase_add_test(tcase, lengths_of_columns_must_be_the_batchs);
    tcase = suite_case(suite, "hostile");
    tcase_add_loop_test(tcase, schemas_cut_anywhere_are_refused, 0, 3);
    tcase_add_loop_test(tcase, batches_cut_anywhere_are_refused, 0, 3);
    tcase_add_test(tcase, schemas_do_not_explode);
    tcase_add_test(tcase, rows_without_bytes_are_limited);
    tcase_add_test(tcase, buffers_must_not_overlap);
    tcase_add_test(tcase, memory_may_be_short_anywhere);
    tcase = suite_case(suite, "damaged");
    tcase_set_tags(tcase, "sweep");
    tcase_add_loop_test(tcase, flipped_bits_in_schemas_do_no_harm, 0, 3);
    tcase_add_loop_test(tcase, flipped_bits_in_batches_do_no_harm, 0, 3);
    tcase_add_loop_test(tcase, extreme_words_do_no_harm, 0, 3);
    return suite_run(suite);
}
