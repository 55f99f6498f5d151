#include "client/batch.h"

#include "arrays.h"

enum { BOOL, TINY, SMALL, INT, BIG, WIDE, FLOAT, DOUBLE, TEXT, BLOB, DATE, STAMP, STAMP_TEXT, LIST, NOTHING, COLUMNS };

/* A batch of three rows, the last all NULL. */
typedef struct fixture {
    column *all;
    ldbx_shape shape;
    ldbx_cells columns[COLUMNS];
    ldbx_buf text;
    ldbx_batch batch;
} fixture;

static column *cells(const char *format, const char *name, const void *data, size_t size)
{
    return named(with_nulls(values(format, NULL, data, size, 3), "110"), name);
}

#define CELLS(format, name, type, ...)                                                                                 \
    cells(format, name, (const type[]){__VA_ARGS__}, sizeof((const type[]){__VA_ARGS__}))

static void set_up(fixture *made)
{
    const ldbx_view words[] = {{"a\nb", 3}, {"", 0}, {NULL, 0}};
    const ldbx_view times[] = {{"1970-01-01 00:00:01", 19}, {"never", 5}, {NULL, 0}};
    column *list = OFFSETS(make("+l", "list", NULL, 3, 1, CELLS("c", "element", int8_t, 1, 2, 3)), 0, 2, 2, 2);

    made->all = make(
        "+s", "", NULL, 3, COLUMNS, CELLS("b", "bool", uint8_t, 1), CELLS("c", "tiny", int8_t, -128, 127, 9),
        CELLS("s", "small", int16_t, -32768, 32767, 9), CELLS("i", "int", int32_t, INT32_MIN, INT32_MAX, 9),
        CELLS("l", "big", int64_t, INT64_MIN, INT64_MAX, 9), CELLS("L", "wide", uint64_t, 1, UINT64_MAX, 9),
        CELLS("f", "float", float, 1.5f, -0.1f, 9), CELLS("g", "double", double, 0.1, -1e300, 9),
        named(bytes_of("u", NULL, 3, words), "text"), named(bytes_of("z", NULL, 3, words), "blob"),
        CELLS("tdD", "date", int32_t, -1, 1, 9), CELLS("tsm:UTC", "stamp", int64_t, -1, 1, 9),
        named(bytes_of("u", "TIMESTAMP", 3, times), "late"), with_nulls(list, "110"), make("n", "nothing", NULL, 3, 0));
    made->shape = shape_of(made->all);
    ldbx_buf_init(&made->text, LDBX_MAX_TEXT);
    ldbx_batch_columns(&made->shape, &made->all->array, made->columns);
    made->batch = (ldbx_batch){&made->all->array, made->columns, COLUMNS, &made->text};
}

static void tear_down(fixture *made)
{
    ldbx_shape_clear(&made->shape);
    ldbx_buf_clear(&made->text);
}

START_TEST(null_bits)
{
    column *some = with_nulls(CELLS("c", "some", int8_t, 1, 2, 3), "1010000000000001");
    column *none = CELLS("c", "none", int8_t, 1, 2, 3);
    column *nothing = make("n", "nothing", NULL, 3, 0);
    ldbx_shape shape = shape_of(make("+s", "", NULL, 3, 3, some, none, nothing));
    ldbx_cells cells = ldbx_cells_of(&shape.fields[0], &some->array, 0);

    ck_assert(!ldbx_cell_is_null(&cells, 0));
    ck_assert(ldbx_cell_is_null(&cells, 1));
    ck_assert(!ldbx_cell_is_null(&cells, 2));
    ck_assert(ldbx_cell_is_null(&cells, 14));
    ck_assert(!ldbx_cell_is_null(&cells, 15));
    some->array.offset = 1;
    cells = ldbx_cells_of(&shape.fields[0], &some->array, 13);
    ck_assert(ldbx_cell_is_null(&cells, 0));
    ck_assert(!ldbx_cell_is_null(&cells, 1));
    none->array.buffers[0] = NULL; /* no bitmap: no nulls */
    cells = ldbx_cells_of(&shape.fields[1], &none->array, 0);
    ck_assert(!ldbx_cell_is_null(&cells, 2));
    cells = ldbx_cells_of(&shape.fields[2], &nothing->array, 0); /* has no buffers */
    ck_assert(ldbx_cell_is_null(&cells, 2));
    ldbx_shape_clear(&shape);
}
END_TEST

START_TEST(rows_and_nulls)
{
    fixture f;

    set_up(&f);
    ck_assert_int_eq(ldbx_batch_rows(&f.batch), 3);
    ck_assert_ptr_eq(ldbx_batch_arrow(&f.batch), &f.all->array);
    for (size_t i = 0; i < COLUMNS; i++) {
        ck_assert_int_eq(ldbx_batch_is_null(&f.batch, 0, i), i == NOTHING);
        ck_assert_int_eq(ldbx_batch_is_null(&f.batch, 2, i), 1);
    }
    tear_down(&f);
}
END_TEST

START_TEST(integers)
{
    static const int64_t wanted[][2] = {
        {1, 0}, {-128, 127}, {-32768, 32767}, {INT32_MIN, INT32_MAX}, {INT64_MIN, INT64_MAX}};
    fixture f;

    set_up(&f);
    for (size_t i = BOOL; i <= BIG; i++) {
        ck_assert_int_eq(ldbx_batch_int64(&f.batch, 0, i), wanted[i][0]);
        ck_assert_int_eq(ldbx_batch_int64(&f.batch, 1, i), wanted[i][1]);
    }
    for (size_t i = BOOL; i < COLUMNS; i++)
        ck_assert_int_eq(ldbx_batch_int64(&f.batch, 2, i), 0);
    for (size_t i = WIDE; i < COLUMNS; i++) /* no integers, or not of 64 bits */
        ck_assert_int_eq(ldbx_batch_int64(&f.batch, 0, i), 0);
    tear_down(&f);
}
END_TEST

START_TEST(reals)
{
    fixture f;

    set_up(&f);
    ck_assert(ldbx_batch_double(&f.batch, 0, FLOAT) == 1.5);
    ck_assert(ldbx_batch_double(&f.batch, 1, FLOAT) == (double)-0.1f);
    ck_assert(ldbx_batch_double(&f.batch, 0, DOUBLE) == 0.1);
    ck_assert(ldbx_batch_double(&f.batch, 1, DOUBLE) == -1e300);
    ck_assert(ldbx_batch_double(&f.batch, 0, SMALL) == -32768.0);
    ck_assert(ldbx_batch_double(&f.batch, 0, TEXT) == 0);
    ck_assert(ldbx_batch_double(&f.batch, 0, DATE) == 0);
    for (size_t i = BOOL; i < COLUMNS; i++)
        ck_assert(ldbx_batch_double(&f.batch, 2, i) == 0);
    tear_down(&f);
}
END_TEST

START_TEST(bytes)
{
    ldbx_view view;
    fixture f;

    set_up(&f);
    for (size_t i = TEXT; i <= BLOB; i++) {
        view = ldbx_batch_bytes(&f.batch, 0, i);
        ck_assert_uint_eq(view.size, 3);
        ck_assert_mem_eq(view.data, "a\nb", 3);
        view = ldbx_batch_bytes(&f.batch, 1, i);
        ck_assert_uint_eq(view.size, 0);
        ck_assert_ptr_nonnull(view.data);
        ck_assert_ptr_null(ldbx_batch_bytes(&f.batch, 2, i).data);
    }
    ck_assert_uint_eq(ldbx_batch_bytes(&f.batch, 1, STAMP_TEXT).size, 5);
    ck_assert_ptr_null(ldbx_batch_bytes(&f.batch, 0, INT).data);
    ck_assert_ptr_null(ldbx_batch_bytes(&f.batch, 0, LIST).data);
    ck_assert_ptr_null(ldbx_batch_bytes(&f.batch, 0, NOTHING).data);
    tear_down(&f);
}
END_TEST

START_TEST(timestamps)
{
    int64_t us = 42;
    fixture f;

    set_up(&f);
    ck_assert_int_eq(ldbx_batch_timestamp_us(&f.batch, 1, STAMP_TEXT, &us), 0);
    ck_assert_int_eq(ldbx_batch_timestamp_us(&f.batch, 2, STAMP, &us), 0);
    ck_assert_int_eq(ldbx_batch_timestamp_us(&f.batch, 0, BIG, &us), 0);
    ck_assert_int_eq(ldbx_batch_timestamp_us(&f.batch, 0, NOTHING, &us), 0);
    ck_assert_int_eq(us, 42);
    ck_assert_int_eq(ldbx_batch_timestamp_us(&f.batch, 0, DATE, &us), 1);
    ck_assert_int_eq(us, -86400000000);
    ck_assert_int_eq(ldbx_batch_timestamp_us(&f.batch, 0, STAMP, &us), 1);
    ck_assert_int_eq(us, -1000);
    ck_assert_int_eq(ldbx_batch_timestamp_us(&f.batch, 0, STAMP_TEXT, &us), 1);
    ck_assert_int_eq(us, 1000000);
    tear_down(&f);
}
END_TEST

START_TEST(json)
{
    static const char wanted[] =
        "{\"bool\":true,\"tiny\":-128,\"small\":-32768,\"int\":-2147483648,\"big\":-9223372036854775808,"
        "\"wide\":1,"
        "\"float\":1.5,\"double\":0.1,\"text\":\"a\\nb\",\"blob\":\"YQpi\",\"date\":\"1969-12-31\",\"stamp\":"
        "\"1969-12-31T23:59:59.999000Z\",\"late\":\"1970-01-01T00:00:01.000000Z\",\"list\":[1,2],\"nothing\":"
        "null}\n"
        "{\"bool\":false,\"tiny\":127,\"small\":32767,\"int\":2147483647,\"big\":9223372036854775807,"
        "\"wide\":"
        "18446744073709551615,\"float\":-0.1,\"double\":-1e+300,\"text\":\"\",\"blob\":\"\",\"date\":\"1970-"
        "01-02\",\"stamp\":"
        "\"1970-01-01T00:00:00.001000Z\",\"late\":\"never\",\"list\":[],\"nothing\":null}\n"
        "{\"bool\":null,\"tiny\":null,\"small\":null,\"int\":null,\"big\":null,\"wide\":null,\"float\":null,"
        "\"double\":null,"
        "\"text\":null,\"blob\":null,\"date\":null,\"stamp\":null,\"late\":null,\"list\":null,\"nothing\":"
        "null}\n";
    ldbx_error *error = NULL;
    ldbx_view lines;
    fixture f;

    set_up(&f);
    for (int again = 0; again < 2; again++) {
        expect_ok(ldbx_batch_json(&f.batch, &lines, &error), error);
        ck_assert_uint_eq(lines.size, sizeof wanted - 1);
        ck_assert_mem_eq(lines.data, wanted, lines.size);
    }
    tear_down(&f);
}
END_TEST

START_TEST(text_of_cells)
{
    static const char *const wanted[] = {"true",
                                         "-128",
                                         "-32768",
                                         "-2147483648",
                                         "-9223372036854775808",
                                         "1",
                                         "1.5",
                                         "0.1",
                                         "a\nb",
                                         "YQpi",
                                         "1969-12-31",
                                         "1969-12-31T23:59:59.999000Z",
                                         "1970-01-01T00:00:01.000000Z",
                                         "[1,2]",
                                         NULL};
    ldbx_error *error = NULL;
    ldbx_view got;
    fixture f;

    set_up(&f);
    for (size_t i = 0; i < COLUMNS; i++) {
        expect_ok(ldbx_batch_text(&f.batch, 0, i, &got, &error), error);
        ck_assert_uint_eq(got.size, wanted[i] != NULL ? strlen(wanted[i]) : 0);
        if (wanted[i] != NULL)
            ck_assert_mem_eq(got.data, wanted[i], got.size);
        else
            ck_assert_ptr_null(got.data);
        expect_ok(ldbx_batch_text(&f.batch, 2, i, &got, &error), error);
        ck_assert_ptr_null(got.data);
        ck_assert_uint_eq(got.size, 0);
    }
    expect_ok(ldbx_batch_text(&f.batch, 1, TEXT, &got, &error), error);
    ck_assert_ptr_nonnull(got.data); /* empty is not NULL, also where nothing was written before */
    ck_assert_uint_eq(got.size, 0);
    tear_down(&f);
}
END_TEST

START_TEST(empty_text_in_a_fresh_buffer)
{
    ldbx_error *error = NULL;
    ldbx_view got = {NULL, 7};
    fixture f;

    set_up(&f);
    expect_ok(ldbx_batch_text(&f.batch, 1, TEXT, &got, &error), error);
    ck_assert_ptr_nonnull(got.data);
    ck_assert_uint_eq(got.size, 0);
    tear_down(&f);
}
END_TEST

/* A batch of the shape's first columns, beginning in the middle of its array. */
START_TEST(decimals)
{
    const int64_t native[] = {-1234, -1, INT64_MAX, 0, 9, 9}; /* low and high halves */
    const ldbx_view texts[] = {{"-12.34", 6}, {"12,34", 5}, {NULL, 0}};
    column *numbers = named(with_nulls(values("d:18,2", NULL, native, sizeof native, 3), "110"), "native");
    column *late = named(bytes_of("u", "DECIMAL(18,2)", 3, texts), "late");
    column *other = named(bytes_of("u", NULL, 3, texts), "text");
    column *all = make("+s", "", NULL, 3, 3, numbers, late, other);
    ldbx_shape shape = shape_of(all);
    ldbx_cells columns[3];
    ldbx_batch batch = {&all->array, columns, 3, NULL};
    ldbx_decimal got = {0};

    ldbx_batch_columns(&shape, &all->array, columns);
    ck_assert_int_eq(ldbx_batch_decimal(&batch, 0, 0, &got), 1);
    ck_assert(got.low == (uint64_t)-1234 && got.high == -1 && got.scale == 2);
    ck_assert_int_eq(ldbx_batch_decimal(&batch, 1, 0, &got), 1);
    ck_assert(got.low == INT64_MAX && got.high == 0 && got.scale == 2);
    ck_assert_int_eq(ldbx_batch_decimal(&batch, 0, 1, &got), 1);
    ck_assert(got.low == (uint64_t)-1234 && got.high == -1 && got.scale == 2);
    got = (ldbx_decimal){7, 7, 7};
    ck_assert_int_eq(ldbx_batch_decimal(&batch, 2, 0, &got), 0); /* NULL */
    ck_assert_int_eq(ldbx_batch_decimal(&batch, 1, 1, &got), 0); /* no decimal */
    ck_assert_int_eq(ldbx_batch_decimal(&batch, 2, 1, &got), 0);
    ck_assert_int_eq(ldbx_batch_decimal(&batch, 0, 2, &got), 0); /* a STRING */
    ck_assert(got.low == 7 && got.high == 7 && got.scale == 7);
    ldbx_shape_clear(&shape);
}
END_TEST

START_TEST(slices)
{
    ldbx_error *error = NULL;
    ldbx_view got;
    fixture f;

    set_up(&f);
    f.all->array.offset = 1;
    f.all->array.length = 1;
    ldbx_batch_columns(&f.shape, &f.all->array, f.columns);
    f.batch.count = 2;
    ck_assert_int_eq(ldbx_batch_rows(&f.batch), 1);
    ck_assert_int_eq(ldbx_batch_int64(&f.batch, 0, TINY), 127);
    ck_assert_int_eq(ldbx_batch_is_null(&f.batch, 0, TINY), 0);
    expect_ok(ldbx_batch_json(&f.batch, &got, &error), error);
    ck_assert_uint_eq(got.size, 26);
    ck_assert_mem_eq(got.data, "{\"bool\":false,\"tiny\":127}\n", 26);
    expect_ok(ldbx_batch_text(&f.batch, 0, TINY, &got, &error), error);
    ck_assert_mem_eq(got.data, "127", 3);
    tear_down(&f);
}
END_TEST

START_TEST(no_room)
{
    ldbx_error *error = NULL;
    ldbx_view got = {"x", 1};
    fixture f;

    set_up(&f);
    ldbx_buf_clear(&f.text);
    ldbx_buf_init(&f.text, 200);
    expect_status(ldbx_batch_json(&f.batch, &got, &error), LDBX_NO_MEMORY, error);
    ck_assert_ptr_null(got.data);
    ck_assert_str_eq(ldbx_error_message(error), "the batch as text is larger than 200 bytes; ask for smaller pages");
    ldbx_error_destroy(error);
    error = NULL;
    expect_ok(ldbx_batch_text(&f.batch, 0, TINY, &got, &error), error); /* the failure is forgotten */
    ck_assert_uint_eq(got.size, 4);
    ldbx_buf_clear(&f.text);
    suite_fail_allocation(1);
    ck_assert_int_eq(ldbx_batch_text(&f.batch, 0, TINY, &got, NULL), LDBX_NO_MEMORY);
    suite_fail_allocation(0);
    tear_down(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client/batch");
    TCase *tcase = suite_case(suite, "batch");

    tcase_add_test(tcase, null_bits);
    tcase_add_test(tcase, rows_and_nulls);
    tcase_add_test(tcase, integers);
    tcase_add_test(tcase, reals);
    tcase_add_test(tcase, bytes);
    tcase_add_test(tcase, timestamps);
    tcase_add_test(tcase, json);
    tcase_add_test(tcase, text_of_cells);
    tcase_add_test(tcase, empty_text_in_a_fresh_buffer);
    tcase_add_test(tcase, decimals);
    tcase_add_test(tcase, slices);
    tcase_add_test(tcase, no_room);
    return suite_run(suite);
}
