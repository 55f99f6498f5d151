/* Arrow columns as CSV. */
#include "suite.h"

#include <stdio.h>

#include "arrays.h"
#include "base/str.h"
#include "csv_of.h"

static const char *rows_of(ldbx_csv *csv, column *rows, int64_t first, int64_t count)
{
    static char kept[1 << 12];
    ldbx_error *error = NULL;
    ldbx_buf out;

    ldbx_buf_init(&out, LDBX_MAX_TEXT);
    expect_ok(ldbx_csv_bind(csv, &rows->schema, &error), error);
    expect_ok(ldbx_csv_arrow(csv, &rows->array, first, count, &out, &error), error);
    snprintf(kept, sizeof kept, "%s", out.size > 0 ? ldbx_buf_cstr(&out) : "");
    ldbx_buf_clear(&out);
    return kept;
}

START_TEST(columns_of_every_layout)
{
    static const int8_t bytes[] = {-128, 127};
    static const int16_t shorts[] = {-32768, 32767};
    static const int32_t ints[] = {INT32_MIN, INT32_MAX};
    static const int64_t longs[] = {INT64_MIN, INT64_MAX};
    static const uint32_t unsigneds[] = {0, UINT32_MAX};
    static const float floats[] = {0.1f, -0.0f};
    static const double doubles[] = {0.1, 1e300};
    static const int32_t days[] = {-1, 19782};
    static const int64_t seconds[] = {-1, 0};
    static const int64_t nanos[] = {-1, 1999};
    static const int64_t cents[][2] = {{-1, -1}, {12345, 0}};
    static const uint8_t bits[] = {2};
    const ldbx_view words[] = {{"a\"b", 3}, {"", 0}}, raw[] = {{"\xff", 1}, {"", 0}};
    const ldbx_view dates[] = {{"2024-02-29", 10}, {NULL, 0}};
    const ldbx_load_column columns[] = {
        {"b", "BOOLEAN"},    {"i1", "TINYINT"},        {"i2", "SMALLINT"},       {"i4", "INT"},     {"i8", "BIGINT"},
        {"u4", "BIGINT"},    {"f4", "FLOAT"},          {"f8", "DOUBLE"},         {"f48", "DOUBLE"}, {"d", "DATE"},
        {"ts", "TIMESTAMP"}, {"ntz", "TIMESTAMP_NTZ"}, {"dec", "DECIMAL(10,3)"}, {"s", "STRING"},   {"ls", "STRING"},
        {"z", "BINARY"},     {"lz", "BINARY"},         {"ds", "DATE"},           {"n", "INT"}};
    column *rows = make("+s", "", NULL, 2, 19, named(values("b", NULL, bits, sizeof bits, 2), "b"),
                        named(values("c", NULL, bytes, sizeof bytes, 2), "I1"),
                        named(values("s", NULL, shorts, sizeof shorts, 2), "i2"),
                        named(values("i", NULL, ints, sizeof ints, 2), "i4"),
                        named(values("l", NULL, longs, sizeof longs, 2), "i8"),
                        named(values("I", NULL, unsigneds, sizeof unsigneds, 2), "u4"),
                        named(values("f", NULL, floats, sizeof floats, 2), "f4"),
                        named(values("g", NULL, doubles, sizeof doubles, 2), "f8"),
                        named(values("f", NULL, floats, sizeof floats, 2), "f48"),
                        named(values("tdD", NULL, days, sizeof days, 2), "d"),
                        named(values("tss:UTC", NULL, seconds, sizeof seconds, 2), "ts"),
                        named(values("tsn:", NULL, nanos, sizeof nanos, 2), "ntz"),
                        named(values("d:10,2", NULL, cents, sizeof cents, 2), "dec"),
                        named(bytes_of("u", NULL, 2, words), "s"), named(bytes_of("U", NULL, 2, words), "ls"),
                        named(bytes_of("z", NULL, 2, raw), "z"), named(bytes_of("Z", NULL, 2, raw), "lz"),
                        named(bytes_of("u", NULL, 2, dates), "ds"), named(make("n", "n", NULL, 2, 0), "n"));
    ldbx_csv *csv = make_csv(columns, 19, false);

    ck_assert_str_eq(
        rows_of(csv, rows, 0, 2),
        "false,-128,-32768,-2147483648,-9223372036854775808,0,0.1,0.1,0.10000000149011612,1969-12-31,"
        "1969-12-31T23:59:59.000000Z,1969-12-31T23:59:59.999999,-0.010,\"a\"\"b\",\"a\"\"b\",/w==,/w==,2024-02-29,\n"
        "true,127,32767,2147483647,9223372036854775807,4294967295,-0,1e+300,-0,2024-02-29,"
        "1970-01-01T00:00:00.000000Z,1970-01-01T00:00:00.000001,123.450,\"\",\"\",\"\",\"\",,\n");
    ldbx_csv_destroy(csv);
}
END_TEST

static column *three_rows(void)
{
    static const int64_t longs[] = {1, 2, 300, 4};
    const ldbx_view words[] = {{"x", 1}, {NULL, 0}, {"z", 1}, {"\xff", 1}};
    column *ids = named(values("l", NULL, longs, sizeof longs, 4), "id");

    return make("+s", "", NULL, 4, 2, named(bytes_of("u", NULL, 4, words), "name"), with_nulls(ids, "1011"));
}

START_TEST(ranges_offsets_and_order)
{
    const ldbx_load_column columns[] = {{"ID", "BIGINT"}, {"name", "STRING"}};
    ldbx_csv *csv = make_csv(columns, 2, false);
    column *rows = three_rows();

    ck_assert_str_eq(rows_of(csv, rows, 0, 3), "1,x\n,\n300,z\n");
    ck_assert_str_eq(rows_of(csv, rows, 1, 2), ",\n300,z\n");
    ck_assert_str_eq(rows_of(csv, rows, 3, 0), "");
    rows->array.offset = 1;
    rows->array.length = 3;
    ck_assert_str_eq(rows_of(csv, rows, 0, 2), ",\n300,z\n");
    rows->array.offset = 0;
    rows->array.children[0]->offset = 2;
    rows->array.children[0]->length = 2;
    rows->array.length = 2;
    ck_assert_str_eq(rows_of(csv, rows, 0, 1), "1,z\n");
    ldbx_csv_destroy(csv);
}
END_TEST

static void expect_arrow(ldbx_csv *csv, column *rows, int64_t first, int64_t count, ldbx_status status,
                         const char *message)
{
    ldbx_error *error = NULL;
    ldbx_buf out;

    ldbx_buf_init(&out, LDBX_MAX_TEXT);
    ldbx_buf_str(&out, "before");
    expect_status(ldbx_csv_arrow(csv, &rows->array, first, count, &out, &error), status, error);
    ck_assert_str_eq(ldbx_error_message(error), message);
    ck_assert_uint_eq(out.size, 6);
    ldbx_error_destroy(error);
    ldbx_buf_clear(&out);
}

START_TEST(a_bad_cell_is_named)
{
    const ldbx_load_column columns[] = {{"id", "TINYINT"}, {"name", "STRING"}},
                           wide[] = {{"id", "INT"}, {"name", "STRING"}};
    ldbx_csv *csv = make_csv(columns, 2, false);
    ldbx_csv *other = make_csv(wide, 2, false);
    column *rows = three_rows();
    ldbx_error *error = NULL;

    expect_ok(ldbx_csv_bind(csv, &rows->schema, &error), error);
    expect_ok(ldbx_csv_bind(other, &rows->schema, &error), error);
    expect_arrow(csv, rows, 0, 4, LDBX_INVALID_DATA, "row 2: column id: the integer is outside the range of TINYINT");
    expect_arrow(other, rows, 1, 3, LDBX_INVALID_DATA, "row 3: column name: the text is not valid UTF-8");
    with_nulls(rows, "1101");
    expect_arrow(other, rows, 1, 3, LDBX_INVALID_DATA, "row 2: the Arrow array has NULL in place of a row");
    ldbx_csv_destroy(csv);
    ldbx_csv_destroy(other);
}
END_TEST

START_TEST(arrays_of_another_form_are_refused)
{
    const char *const form = "the Arrow array is not of its schema, or has fewer rows";
    const ldbx_load_column columns[] = {{"id", "BIGINT"}, {"name", "STRING"}};
    ldbx_csv *csv = make_csv(columns, 2, false);
    column *rows = three_rows();
    ldbx_error *error = NULL;

    expect_arrow(csv, rows, 0, 1, LDBX_INVALID_ARGUMENT, "no Arrow schema was given for the rows");
    expect_ok(ldbx_csv_bind(csv, &rows->schema, &error), error);
    expect_arrow(csv, rows, 0, 5, LDBX_INVALID_ARGUMENT, form);
    expect_arrow(csv, rows, -1, 2, LDBX_INVALID_ARGUMENT, form);
    rows->array.n_children = 1;
    expect_arrow(csv, rows, 0, 1, LDBX_INVALID_ARGUMENT, form);
    rows->array.n_children = 2;
    rows->array.children[1]->length = 3;
    expect_arrow(csv, rows, 0, 4, LDBX_INVALID_ARGUMENT,
                 "column id: its Arrow array is not of its schema, or has fewer rows");
    rows->array.children[1]->length = 4;
    rows->array.children[0]->n_buffers = 2;
    expect_arrow(csv, rows, 0, 4, LDBX_INVALID_ARGUMENT,
                 "column name: its Arrow array is not of its schema, or has fewer rows");
    ldbx_csv_destroy(csv);
}
END_TEST

static void expect_unbound(ldbx_csv *csv, column *rows, const char *message)
{
    ldbx_error *error = NULL;

    expect_status(ldbx_csv_bind(csv, &rows->schema, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_str_eq(ldbx_error_message(error), message);
    ldbx_error_destroy(error);
}

START_TEST(schemas_that_do_not_fit_are_refused)
{
    static const int64_t zero = 0;
    const ldbx_load_column string_column[] = {{"a", "STRING"}}, ntz[] = {{"a", "TIMESTAMP_NTZ"}};
    ldbx_csv *csv = make_csv(string_column, 1, false);
    ldbx_csv *times = make_csv(ntz, 1, false);
    column *number = named(values("l", NULL, &zero, sizeof zero, 1), "a");
    column *other = named(values("l", NULL, &zero, sizeof zero, 1), "b");
    column *zoned = named(values("tsu:UTC", NULL, &zero, sizeof zero, 1), "a");

    expect_unbound(csv, number, "the Arrow schema is not a struct of columns");
    expect_unbound(csv, make("+s", "", NULL, 1, 2, number, other), "2 Arrow columns where there are 1 columns");
    expect_unbound(csv, make("+s", "", NULL, 1, 1, other), "column a: it is not among the Arrow columns");
    expect_unbound(csv, make("+s", "", NULL, 1, 1, number), "column a: Arrow format l is not taken for STRING");
    expect_unbound(times, make("+s", "", NULL, 1, 1, zoned),
                   "column a: Arrow format tsu:UTC is not taken for TIMESTAMP_NTZ");
    number->schema.dictionary = &other->schema;
    expect_unbound(csv, make("+s", "", NULL, 1, 1, number), "column a: Arrow dictionaries are not taken");
    ldbx_csv_destroy(csv);
    ldbx_csv_destroy(times);
}
END_TEST

START_TEST(memory_may_run_out)
{
    const ldbx_load_column columns[] = {{"id", "BIGINT"}, {"name", "STRING"}};
    const ldbx_value row[] = {{LDBX_VALUE_INTEGER, {.integer = 1}}, {LDBX_VALUE_BYTES, {.bytes = {"x", 1}}}};
    ldbx_csv_options options = {columns, 2, SENTINEL, false};
    column *rows = three_rows();
    int status = LDBX_NO_MEMORY;

    for (long n = 1; status != LDBX_OK; n++) {
        ldbx_csv *csv = NULL;
        ldbx_error *error = NULL;
        ldbx_buf out;
        ck_assert_int_lt(n, 30);
        ldbx_buf_init(&out, LDBX_MAX_TEXT);
        suite_fail_allocation(n);
        status = ldbx_csv_new(&options, &csv, &error);
        if (status == LDBX_OK)
            status = ldbx_csv_bind(csv, &rows->schema, &error);
        if (status == LDBX_OK)
            status = ldbx_csv_header(csv, &out, &error);
        if (status == LDBX_OK)
            status = ldbx_csv_row(csv, row, 2, &out, &error);
        if (status == LDBX_OK)
            status = ldbx_csv_arrow(csv, &rows->array, 0, 3, &out, &error);
        suite_fail_allocation(0);
        ck_assert(status == LDBX_OK || status == LDBX_NO_MEMORY);
        ldbx_csv_destroy(csv);
        ldbx_error_destroy(error);
        ldbx_buf_clear(&out);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("csv_arrow");
    TCase *tcase = suite_case(suite, "arrow");

    tcase_add_test(tcase, columns_of_every_layout);
    tcase_add_test(tcase, ranges_offsets_and_order);
    tcase_add_test(tcase, a_bad_cell_is_named);
    tcase_add_test(tcase, arrays_of_another_form_are_refused);
    tcase_add_test(tcase, schemas_that_do_not_fit_are_refused);
    tcase_add_test(tcase, memory_may_run_out);
    return suite_run(suite);
}
