#include "wire/columns.h"

#include <math.h>
#include <string.h>

#include "suite.h"
#include "wire_support.h"

static ldbx_tcli_column column_of(const char *name, int32_t type, int32_t precision, int32_t scale)
{
    ldbx_tcli_column column = {ldbx_view_of(name), {NULL, 0}, type, precision, scale};
    return column;
}

/* Values as they stand in a message: their bytes in hexadecimal. The buffer owns them. */
typedef struct wire_column {
    ldbx_buf bytes;
    ldbx_tcli_values values;
} wire_column;

static wire_column wire(int kind, int32_t count, const char *hex, const char *nulls)
{
    wire_column column = {.values = {.kind = kind, .count = count}};
    size_t values_size;
    ldbx_buf_init(&column.bytes, 10000);
    ldbx_buf_reserve(&column.bytes, 1); /* so that there is a place even when there are no bytes */
    unhex(&column.bytes, hex);
    values_size = column.bytes.size;
    unhex(&column.bytes, nulls);
    column.values.values.data = (const char *)column.bytes.data;
    column.values.values.size = values_size;
    column.values.nulls.data = (const char *)column.bytes.data + values_size;
    column.values.nulls.size = column.bytes.size - values_size;
    return column;
}

static struct ArrowSchema schema_of(const ldbx_tcli_column *columns, size_t count)
{
    struct ArrowSchema schema;
    ldbx_error *error = NULL;
    expect_ok(ldbx_columns_schema(columns, count, &schema, &error), error);
    return schema;
}

/* One column of this type and these values. */
static void expect_cells(int32_t type, int kind, int32_t count, const char *hex, const char *nulls,
                         const char *expected)
{
    const ldbx_tcli_column column = column_of("c", type, 10, 2);
    struct ArrowSchema schema = schema_of(&column, 1);
    wire_column in = wire(kind, count, hex, nulls);
    struct ArrowArray array;
    ldbx_buf text;
    ldbx_error *error = NULL;
    ldbx_buf_init(&text, 10000);
    expect_ok(ldbx_columns_read(&schema, &in.values, 1, &array, &error), error);
    ck_assert_int_eq(array.length, count);
    dump_columns(&schema, &array, &text);
    expect_text(&text, expected);
    ldbx_buf_clear(&text);
    ldbx_buf_clear(&in.bytes);
    ldbx_arrow_array_release(&array);
    ldbx_arrow_schema_release(&schema);
}

START_TEST(types_have_their_formats_and_names)
{
    static const struct {
        int32_t type, precision, scale;
        const char *format;
        const char *sql_name;
    } rows[] = {
        {LDBX_TTYPE_BOOLEAN, 0, 0, "b", "BOOLEAN"},
        {LDBX_TTYPE_TINYINT, 0, 0, "c", "TINYINT"},
        {LDBX_TTYPE_SMALLINT, 0, 0, "s", "SMALLINT"},
        {LDBX_TTYPE_INT, 0, 0, "i", "INT"},
        {LDBX_TTYPE_BIGINT, 0, 0, "l", "BIGINT"},
        {LDBX_TTYPE_FLOAT, 0, 0, "f", "FLOAT"},
        {LDBX_TTYPE_DOUBLE, 0, 0, "g", "DOUBLE"},
        {LDBX_TTYPE_STRING, 0, 0, "u", "STRING"},
        {LDBX_TTYPE_TIMESTAMP, 0, 0, "u", "TIMESTAMP"},
        {LDBX_TTYPE_BINARY, 0, 0, "z", "BINARY"},
        {LDBX_TTYPE_ARRAY, 0, 0, "u", "ARRAY"},
        {LDBX_TTYPE_MAP, 0, 0, "u", "MAP"},
        {LDBX_TTYPE_STRUCT, 0, 0, "u", "STRUCT"},
        {LDBX_TTYPE_UNION, 0, 0, "u", "STRING"},
        {LDBX_TTYPE_USER_DEFINED, 0, 0, "u", "STRING"},
        {LDBX_TTYPE_DECIMAL, 10, 2, "u", "DECIMAL(10,2)"},
        {LDBX_TTYPE_DECIMAL, 0, 0, "u", "DECIMAL"},
        {LDBX_TTYPE_DECIMAL, INT32_MAX, INT32_MIN, "u", "DECIMAL(2147483647,-2147483648)"},
        {LDBX_TTYPE_NULL, 0, 0, "n", "VOID"},
        {LDBX_TTYPE_DATE, 0, 0, "u", "DATE"},
        {LDBX_TTYPE_VARCHAR, 0, 0, "u", "STRING"},
        {LDBX_TTYPE_CHAR, 0, 0, "u", "STRING"},
        {LDBX_TTYPE_INTERVAL_YEAR_MONTH, 0, 0, "u", "INTERVAL YEAR TO MONTH"},
        {LDBX_TTYPE_INTERVAL_DAY_TIME, 0, 0, "u", "INTERVAL DAY TO SECOND"},
        {99, 0, 0, "u", "STRING"},
        {-1, 0, 0, "u", "STRING"},
    };
    ldbx_tcli_column columns[sizeof rows / sizeof rows[0]];
    const size_t count = sizeof rows / sizeof rows[0];
    struct ArrowSchema schema;
    for (size_t i = 0; i < count; i++)
        columns[i] = column_of("name", rows[i].type, rows[i].precision, rows[i].scale);
    schema = schema_of(columns, count);
    ck_assert_str_eq(schema.format, "+s");
    ck_assert_int_eq(schema.n_children, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct ArrowSchema *field = schema.children[i];
        ck_assert_str_eq(field->name, "name");
        ck_assert_str_eq(field->format, rows[i].format);
        ck_assert_int_eq(field->flags, ARROW_FLAG_NULLABLE);
        ck_assert(ldbx_view_eq(ldbx_arrow_metadata(field, "Spark:DataType:SqlName"), rows[i].sql_name));
    }
    ldbx_arrow_schema_release(&schema);
}
END_TEST

/* A batch without its schema: buffers tell only whether timestamps are text. */
static void expect_timestamps(const char *batch_fixture, int timestamps, const char *expected)
{
    ldbx_tcli_column columns[20];
    ldbx_buf batch;
    struct ArrowSchema schema;
    ldbx_error *error = NULL;
    for (int i = 0; i < 20; i++)
        columns[i] = column_of("c", i < timestamps ? LDBX_TTYPE_TIMESTAMP : LDBX_TTYPE_DATE, 0, 0);
    ldbx_buf_init(&batch, 10000);
    if (batch_fixture != NULL)
        read_fixture(&batch, batch_fixture);
    expect_ok(ldbx_columns_arrow_schema(columns, 20, ldbx_buf_get(&batch), &schema, &error), error);
    ck_assert_str_eq(schema.children[0]->format, expected);
    ck_assert(ldbx_view_eq(ldbx_arrow_metadata(schema.children[0], "Spark:DataType:SqlName"), "TIMESTAMP"));
    ck_assert_str_eq(schema.children[19]->format, "tdD");
    ldbx_arrow_schema_release(&schema);
    ldbx_buf_clear(&batch);
}

START_TEST(arrow_without_a_schema_is_described)
{
    static const struct {
        int32_t type;
        const char *format;
    } rows[] = {{LDBX_TTYPE_FLOAT, "f"},   {LDBX_TTYPE_NULL, "n"},   {LDBX_TTYPE_DECIMAL, "u"},
                {LDBX_TTYPE_BINARY, "z"},  {LDBX_TTYPE_MAP, "u"},    {LDBX_TTYPE_INTERVAL_DAY_TIME, "u"},
                {LDBX_TTYPE_BOOLEAN, "b"}, {LDBX_TTYPE_STRING, "u"}, {99, "u"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const ldbx_tcli_column column = column_of("c", rows[i].type, 10, 2);
        const ldbx_view none = {NULL, 0};
        struct ArrowSchema schema;
        ldbx_error *error = NULL;
        expect_ok(ldbx_columns_arrow_schema(&column, 1, none, &schema, &error), error);
        ck_assert_str_eq(schema.children[0]->format, rows[i].format);
        ldbx_arrow_schema_release(&schema);
    }
    expect_timestamps(NULL, 5, "tsu:UTC");
    expect_timestamps("no_fields.batch", 5, "tsu:UTC"); /* no batch of this result: said when it is read */
    expect_timestamps("flat.schema", 5, "tsu:UTC");     /* no batch at all */
    expect_timestamps("flat.batch", 5, "u");            /* has more than 40 buffers */
}
END_TEST

START_TEST(values_are_decoded)
{
    expect_cells(LDBX_TTYPE_BOOLEAN, 1, 10, "01000201010000010101", "",
                 "c: true false true true true false false true true true\n");
    expect_cells(LDBX_TTYPE_TINYINT, 2, 3, "80ff7f", "", "c: -128 -1 127\n");
    expect_cells(LDBX_TTYPE_SMALLINT, 3, 3, "8000 0102 7fff", "", "c: -32768 258 32767\n");
    expect_cells(LDBX_TTYPE_INT, 4, 3, "80000000 01020304 7fffffff", "", "c: -2147483648 16909060 2147483647\n");
    expect_cells(LDBX_TTYPE_BIGINT, 5, 2, "8000000000000000 0102030405060708", "",
                 "c: -9223372036854775808 72623859790382856\n");
    expect_cells(LDBX_TTYPE_DOUBLE, 6, 3, "3ff8000000000000 7ff0000000000000 3fb999999999999a", "",
                 "c: 1.5 Infinity 0.1\n");
    expect_cells(LDBX_TTYPE_STRING, 7, 3, "00000000 00000002 c3bc 00000001 61", "", "c: \"\" \"\xc3\xbc\" \"a\"\n");
    expect_cells(LDBX_TTYPE_BINARY, 8, 2, "00000002 00ff 00000000", "", "c: x00ff x\n");
    expect_cells(LDBX_TTYPE_DECIMAL, 7, 1, "00000004 312e3130", "", "c: \"1.10\"\n");
    expect_cells(LDBX_TTYPE_TIMESTAMP, 7, 1, "00000001 32", "", "c: \"2\"\n");
}
END_TEST

START_TEST(floats_are_rounded_back)
{
    /* 1.1f as a double, 1.1 as a double, NaN, the largest float */
    expect_cells(LDBX_TTYPE_FLOAT, 6, 4, "3ff19999a0000000 3ff199999999999a 7ff8000000000000 47efffffe0000000", "",
                 "c: 1.1 1.1 NaN 3.4028235e+38\n");
}
END_TEST

START_TEST(null_bits_are_turned_into_validity)
{
    expect_cells(LDBX_TTYPE_INT, 4, 3, "00000000 00000001 00000002", "02", "c: 0 null 2\n");
    /* the bits are cut behind the last null, and bits behind the last row mean nothing */
    expect_cells(LDBX_TTYPE_TINYINT, 2, 10, "00010203040506070809", "81", "c: null 1 2 3 4 5 6 null 8 9\n");
    expect_cells(LDBX_TTYPE_TINYINT, 2, 10, "00010203040506070809", "0002", "c: 0 1 2 3 4 5 6 7 8 null\n");
    expect_cells(LDBX_TTYPE_TINYINT, 2, 3, "000102", "f8ffff", "c: 0 1 2\n");
    expect_cells(LDBX_TTYPE_STRING, 7, 2, "00000000 00000001 61", "01", "c: null \"a\"\n");
    /* 20 rows with 7 nulls, as Spark sends them */
    expect_cells(LDBX_TTYPE_TINYINT, 2, 20, "0001020304050607 08090a0b0c0d0e0f 10111213", "499204",
                 "c: null 1 2 null 4 5 null 7 8 null 10 11 null 13 14 null 16 17 null 19\n");
}
END_TEST

START_TEST(null_counts_are_exact)
{
    const ldbx_tcli_column type = column_of("c", LDBX_TTYPE_TINYINT, 0, 0);
    struct ArrowSchema schema = schema_of(&type, 1);
    wire_column some = wire(2, 9, "000102030405060708", "81ff");
    wire_column none = wire(2, 9, "000102030405060708", "0000ff");
    struct ArrowArray array;
    ldbx_error *error = NULL;
    expect_ok(ldbx_columns_read(&schema, &some.values, 1, &array, &error), error);
    ck_assert_int_eq(array.children[0]->null_count, 3);
    ck_assert_int_eq(array.null_count, 0);
    ldbx_arrow_array_release(&array);
    expect_ok(ldbx_columns_read(&schema, &none.values, 1, &array, &error), error);
    ck_assert_int_eq(array.children[0]->null_count, 0);
    ck_assert_ptr_null(array.children[0]->buffers[0]);
    ck_assert_uint_eq((uintptr_t)array.children[0]->buffers[1] % 64, 0);
    ldbx_arrow_array_release(&array);
    ldbx_buf_clear(&some.bytes);
    ldbx_buf_clear(&none.bytes);
    ldbx_arrow_schema_release(&schema);
}
END_TEST

START_TEST(void_is_nothing_but_nulls)
{
    expect_cells(LDBX_TTYPE_NULL, 7, 2, "00000000 00000000", "03", "c: null null\n");
}
END_TEST

START_TEST(several_columns_lie_side_by_side)
{
    const ldbx_tcli_column types[] = {column_of("id", LDBX_TTYPE_INT, 0, 0), column_of("name", LDBX_TTYPE_STRING, 0, 0),
                                      column_of("nothing", LDBX_TTYPE_NULL, 0, 0),
                                      column_of("on", LDBX_TTYPE_BOOLEAN, 0, 0)};
    struct ArrowSchema schema = schema_of(types, 4);
    wire_column in[] = {wire(4, 2, "00000007 00000008", ""), wire(7, 2, "00000001 61 00000002 6263", "01"),
                        wire(7, 2, "00000000 00000000", "03"), wire(1, 2, "0001", "")};
    const ldbx_tcli_values values[] = {in[0].values, in[1].values, in[2].values, in[3].values};
    struct ArrowArray array, moved;
    ldbx_buf text;
    ldbx_error *error = NULL;
    ldbx_buf_init(&text, 10000);
    expect_ok(ldbx_columns_read(&schema, values, 4, &array, &error), error);
    for (int i = 0; i < 4; i++)
        ldbx_buf_clear(&in[i].bytes); /* nothing points into the message */
    dump_columns(&schema, &array, &text);
    expect_text(&text, "id: 7 8\nname: null \"bc\"\nnothing: null null\non: false true\n");
    moved = *array.children[0];
    array.children[0]->release = NULL;
    ldbx_arrow_array_release(&array);
    ck_assert_int_eq(((const int32_t *)moved.buffers[1])[1], 8);
    moved.release(&moved);
    ldbx_buf_clear(&text);
    ldbx_arrow_schema_release(&schema);
}
END_TEST

START_TEST(no_columns_are_no_rows)
{
    const ldbx_tcli_column types[] = {column_of("Result", LDBX_TTYPE_STRING, 0, 0),
                                      column_of("n", LDBX_TTYPE_BIGINT, 0, 0), column_of("v", LDBX_TTYPE_NULL, 0, 0)};
    struct ArrowSchema schema = schema_of(types, 3);
    struct ArrowArray array;
    ldbx_error *error = NULL;
    expect_ok(ldbx_columns_read(&schema, NULL, 0, &array, &error), error);
    ck_assert_int_eq(array.length, 0);
    ck_assert_int_eq(array.n_children, 3);
    ck_assert_int_eq(array.children[0]->length, 0);
    ck_assert_int_eq(*(const int32_t *)array.children[0]->buffers[1], 0);
    ldbx_arrow_array_release(&array);
    ldbx_arrow_schema_release(&schema);
    schema = schema_of(NULL, 0);
    expect_ok(ldbx_columns_read(&schema, NULL, 0, &array, &error), error);
    ck_assert_int_eq(array.n_children, 0);
    ldbx_arrow_array_release(&array);
    ldbx_arrow_schema_release(&schema);
}
END_TEST

START_TEST(empty_columns_are_no_rows)
{
    expect_cells(LDBX_TTYPE_STRING, 7, 0, "", "", "c:\n");
    expect_cells(LDBX_TTYPE_BOOLEAN, 1, 0, "", "", "c:\n");
}
END_TEST

static void expect_refused(int32_t type, wire_column in, const char *message)
{
    const ldbx_tcli_column columns[] = {column_of("first\n", LDBX_TTYPE_TINYINT, 0, 0), column_of("c\t", type, 0, 0)};
    struct ArrowSchema schema = schema_of(columns, 2);
    wire_column first = wire(2, 2, "0001", "");
    const ldbx_tcli_values values[] = {first.values, in.values};
    struct ArrowArray array;
    ldbx_error *error = NULL;
    expect_status(ldbx_columns_read(&schema, values, 2, &array, &error), LDBX_PROTOCOL, error);
    ck_assert_str_eq(ldbx_error_message(error), message);
    ck_assert(array.release == NULL);
    ldbx_error_destroy(error);
    ldbx_buf_clear(&first.bytes);
    ldbx_buf_clear(&in.bytes);
    ldbx_arrow_schema_release(&schema);
}

START_TEST(columns_must_fit_the_schema)
{
    expect_refused(LDBX_TTYPE_INT, wire(5, 2, "00000000000000000000000000000000", ""),
                   "column c : values of kind 5 do not fit type i");
    expect_refused(LDBX_TTYPE_STRING, wire(8, 2, "0000000000000000", ""),
                   "column c : values of kind 8 do not fit type u");
    expect_refused(LDBX_TTYPE_BINARY, wire(7, 2, "0000000000000000", ""),
                   "column c : values of kind 7 do not fit type z");
    expect_refused(LDBX_TTYPE_INT, wire(0, 2, "", ""), "column c : values of kind 0 do not fit type i");
    expect_refused(LDBX_TTYPE_TINYINT, wire(2, 3, "000000", ""), "column c : 3 values where others have 2");
    expect_refused(LDBX_TTYPE_TINYINT, wire(2, -1, "000000", ""), "column c : -1 values where others have 2");
    expect_refused(LDBX_TTYPE_TINYINT, wire(2, 2, "000000", ""), "column c : values of the wrong size");
    expect_refused(LDBX_TTYPE_STRING, wire(7, 2, "00000000", ""), "column c : values of the wrong size");
    expect_refused(LDBX_TTYPE_STRING, wire(7, 2, "00000001 61 00000001", ""),
                   "column c : sizes of texts do not add up");
    expect_refused(LDBX_TTYPE_STRING, wire(7, 2, "ffffffff 61 00000001", ""),
                   "column c : sizes of texts do not add up");
    expect_refused(LDBX_TTYPE_STRING, wire(7, 2, "00000000 00000000 61", ""),
                   "column c : sizes of texts do not add up");
}
END_TEST

START_TEST(the_number_of_columns_must_fit)
{
    const ldbx_tcli_column columns[] = {column_of("a", LDBX_TTYPE_TINYINT, 0, 0), column_of("b", LDBX_TTYPE_INT, 0, 0)};
    struct ArrowSchema schema = schema_of(columns, 2);
    wire_column in = wire(2, 2, "0001", "");
    struct ArrowArray array;
    ldbx_error *error = NULL;
    expect_status(ldbx_columns_read(&schema, &in.values, 1, &array, &error), LDBX_PROTOCOL, error);
    ck_assert_str_eq(ldbx_error_message(error), "row set of 1 columns where the schema has 2");
    ldbx_error_destroy(error);
    ldbx_buf_clear(&in.bytes);
    ldbx_arrow_schema_release(&schema);
}
END_TEST

START_TEST(memory_may_be_short_anywhere)
{
    const ldbx_tcli_column columns[] = {column_of("a", LDBX_TTYPE_TINYINT, 0, 0),
                                        column_of("b", LDBX_TTYPE_NULL, 0, 0)};
    wire_column in = wire(2, 2, "0001", "");
    const ldbx_tcli_values values[] = {in.values, in.values};
    ldbx_buf batch;
    int status = LDBX_NO_MEMORY;
    for (long n = 1; status != LDBX_OK; n++) {
        struct ArrowSchema schema;
        struct ArrowArray array = {0};
        ldbx_error *error = NULL;
        suite_fail_allocation(n);
        status = ldbx_columns_schema(columns, 2, &schema, &error);
        if (status == LDBX_OK)
            status = ldbx_columns_read(&schema, values, 2, &array, &error);
        suite_fail_allocation(0);
        ck_assert_int_eq(status, status == LDBX_OK ? LDBX_OK : LDBX_NO_MEMORY);
        ldbx_arrow_array_release(&array);
        ldbx_arrow_schema_release(&schema);
        ldbx_error_destroy(error);
        ck_assert_int_lt(n, 20);
    }
    status = LDBX_NO_MEMORY;
    read_fixture(&batch, "flat.batch");
    for (long n = 1; status != LDBX_OK; n++) {
        struct ArrowSchema schema;
        ldbx_error *error = NULL;
        suite_fail_allocation(n);
        status = ldbx_columns_arrow_schema(columns, 2, ldbx_buf_get(&batch), &schema, &error);
        suite_fail_allocation(0);
        ck_assert_int_eq(status, status == LDBX_OK ? LDBX_OK : LDBX_NO_MEMORY);
        ldbx_arrow_schema_release(&schema);
        ldbx_error_destroy(error);
        ck_assert_int_lt(n, 20);
    }
    ldbx_buf_clear(&batch);
    ldbx_buf_clear(&in.bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("columns");
    TCase *tcase = suite_case(suite, "columns");
    tcase_add_test(tcase, types_have_their_formats_and_names);
    tcase_add_test(tcase, arrow_without_a_schema_is_described);
    tcase_add_test(tcase, values_are_decoded);
    tcase_add_test(tcase, floats_are_rounded_back);
    tcase_add_test(tcase, null_bits_are_turned_into_validity);
    tcase_add_test(tcase, null_counts_are_exact);
    tcase_add_test(tcase, void_is_nothing_but_nulls);
    tcase_add_test(tcase, several_columns_lie_side_by_side);
    tcase_add_test(tcase, no_columns_are_no_rows);
    tcase_add_test(tcase, empty_columns_are_no_rows);
    tcase_add_test(tcase, columns_must_fit_the_schema);
    tcase_add_test(tcase, the_number_of_columns_must_fit);
    tcase_add_test(tcase, memory_may_be_short_anywhere);
    return suite_run(suite);
}
