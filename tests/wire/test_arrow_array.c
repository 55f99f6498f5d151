#include "wire/arrow_array.h"

#include <string.h>

#include "base/str.h"
#include "suite.h"

static const ldbx_view none = {NULL, 0};

static void expect_format(const char *format, ldbx_layout layout, int precision, int scale, char unit, bool has_zone)
{
    ldbx_format out;
    ck_assert_msg(ldbx_format_parse(format, &out), "%s", format);
    ck_assert_int_eq(out.layout, layout);
    ck_assert_int_eq(out.precision, precision);
    ck_assert_int_eq(out.scale, scale);
    ck_assert_int_eq(out.unit, unit);
    ck_assert_int_eq(out.has_zone, has_zone);
}

START_TEST(formats_are_parsed)
{
    expect_format("n", LDBX_LAYOUT_NULL, 0, 0, 0, false);
    expect_format("b", LDBX_LAYOUT_BOOL, 0, 0, 0, false);
    expect_format("c", LDBX_LAYOUT_INT8, 0, 0, 0, false);
    expect_format("S", LDBX_LAYOUT_UINT16, 0, 0, 0, false);
    expect_format("l", LDBX_LAYOUT_INT64, 0, 0, 0, false);
    expect_format("L", LDBX_LAYOUT_UINT64, 0, 0, 0, false);
    expect_format("f", LDBX_LAYOUT_FLOAT, 0, 0, 0, false);
    expect_format("g", LDBX_LAYOUT_DOUBLE, 0, 0, 0, false);
    expect_format("u", LDBX_LAYOUT_TEXT, 0, 0, 0, false);
    expect_format("Z", LDBX_LAYOUT_LARGE_BINARY, 0, 0, 0, false);
    expect_format("tdD", LDBX_LAYOUT_DATE32, 0, 0, 0, false);
    expect_format("tiM", LDBX_LAYOUT_MONTHS, 0, 0, 0, false);
    expect_format("tDu", LDBX_LAYOUT_DURATION, 0, 0, 'u', false);
    expect_format("tsu:Etc/UTC", LDBX_LAYOUT_TIMESTAMP, 0, 0, 'u', true);
    expect_format("tsu:", LDBX_LAYOUT_TIMESTAMP, 0, 0, 'u', false);
    expect_format("tsn:+01:00", LDBX_LAYOUT_TIMESTAMP, 0, 0, 'n', true);
    expect_format("d:38,10", LDBX_LAYOUT_DECIMAL128, 38, 10, 0, false);
    expect_format("d:10,-2,128", LDBX_LAYOUT_DECIMAL128, 10, -2, 0, false);
    expect_format("+l", LDBX_LAYOUT_LIST, 0, 0, 0, false);
    expect_format("+L", LDBX_LAYOUT_LARGE_LIST, 0, 0, 0, false);
    expect_format("+s", LDBX_LAYOUT_STRUCT, 0, 0, 0, false);
    expect_format("+m", LDBX_LAYOUT_MAP, 0, 0, 0, false);
}
END_TEST

START_TEST(other_formats_are_refused)
{
    static const char *const formats[] = {"",      "x",      "uu",      "e",          "tdm",          "tts",     "ts",
                                          "tsu",   "tsx:",   "tD",      "tDuu",       "tDx",          "tin",     "+w:2",
                                          "+ud:",  "w:4",    "vu",      "d:",         "d:10",         "d:10,",   "d:,2",
                                          "d:0,0", "d:39,0", "d:10,39", "d:10,2,256", "d:10,2,128,1", "d:10,2x", "t"};
    ldbx_format out;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        ck_assert_msg(!ldbx_format_parse(formats[i], &out), "%s", formats[i]);
}
END_TEST

START_TEST(a_schema_keeps_copies)
{
    struct ArrowSchema schema;
    char name[] = "column";
    const ldbx_view text = ldbx_view_of(name);
    ck_assert(ldbx_arrow_schema_new(&schema, "+s", text, none, true, 2));
    name[0] = 'x';
    ck_assert_str_eq(schema.name, "column");
    ck_assert_str_eq(schema.format, "+s");
    ck_assert_ptr_null(schema.metadata);
    ck_assert_ptr_null(schema.dictionary);
    ck_assert_int_eq(schema.flags, ARROW_FLAG_NULLABLE);
    ck_assert_int_eq(schema.n_children, 2);
    ck_assert(schema.children[0]->release == NULL);
    ck_assert(ldbx_arrow_schema_new(schema.children[1], "i", none, none, false, 0));
    ck_assert_str_eq(schema.children[1]->name, "");
    ck_assert_int_eq(schema.children[1]->flags, 0);
    ldbx_arrow_schema_release(&schema); /* the first child was never made */
    ck_assert(schema.release == NULL);
    ldbx_arrow_schema_release(&schema);
    ldbx_arrow_schema_release(NULL);
}
END_TEST

START_TEST(metadata_is_found_by_key)
{
    static const int32_t sizes[] = {2, 1, 3, 22, 7};
    char encoded[64];
    char *at = encoded;
    const ldbx_view metadata = {encoded, 4 + 4 + 1 + 4 + 3 + 4 + 22 + 4 + 7};
    struct ArrowSchema schema;
    memcpy(at, &sizes[0], 4);
    memcpy(at += 4, &sizes[1], 4);
    memcpy(at += 4, "k", 1);
    memcpy(at += 1, &sizes[2], 4);
    memcpy(at += 4, "v1v", 3);
    memcpy(at += 3, &sizes[3], 4);
    memcpy(at += 4, "Spark:DataType:SqlName", 22);
    memcpy(at += 22, &sizes[4], 4);
    memcpy(at += 4, "DECIMAL", 7);
    ck_assert(ldbx_arrow_schema_new(&schema, "u", none, metadata, false, 0));
    ck_assert(ldbx_view_eq(ldbx_arrow_metadata(&schema, "Spark:DataType:SqlName"), "DECIMAL"));
    ck_assert(ldbx_view_eq(ldbx_arrow_metadata(&schema, "k"), "v1v"));
    ck_assert_ptr_null(ldbx_arrow_metadata(&schema, "v1v").data);
    ldbx_arrow_schema_release(&schema);
    ck_assert(ldbx_arrow_schema_new(&schema, "u", none, none, false, 0));
    ck_assert_ptr_null(ldbx_arrow_metadata(&schema, "k").data);
    ldbx_arrow_schema_release(&schema);
}
END_TEST

START_TEST(an_array_owns_its_bytes)
{
    ldbx_bytes *bytes = ldbx_bytes_new(64);
    struct ArrowArray array;
    ck_assert(ldbx_arrow_array_new(&array, bytes, 3, 2, 1));
    ck_assert(ldbx_bytes_shared(bytes));
    ck_assert_int_eq(array.length, 3);
    ck_assert_int_eq(array.offset, 0);
    ck_assert_int_eq(array.n_buffers, 2);
    ck_assert_ptr_null(array.buffers[0]);
    ck_assert_ptr_null(array.buffers[1]);
    ck_assert(array.children[0]->release == NULL);
    ldbx_arrow_array_release(&array);
    ck_assert(array.release == NULL);
    ck_assert(!ldbx_bytes_shared(bytes));
    ldbx_bytes_unref(bytes);
    ldbx_arrow_array_release(&array);
    ldbx_arrow_array_release(NULL);
    ck_assert(ldbx_arrow_array_new(&array, NULL, 0, 0, 0));
    ldbx_arrow_array_release(&array);
}
END_TEST

START_TEST(a_child_may_be_moved_out_and_outlive_its_parent)
{
    ldbx_bytes *bytes = ldbx_bytes_new(64);
    struct ArrowArray parent, moved;
    ck_assert(ldbx_bytes_grow(bytes, 64));
    memcpy(ldbx_bytes_data(bytes), "content", 8);
    ck_assert(ldbx_arrow_array_new(&parent, bytes, 1, 1, 2));
    for (int i = 0; i < 2; i++) {
        ck_assert(ldbx_arrow_array_new(parent.children[i], bytes, 1, 2, 0));
        parent.children[i]->buffers[1] = ldbx_bytes_data(bytes);
    }
    ldbx_bytes_unref(bytes);
    moved = *parent.children[1];
    parent.children[1]->release = NULL;
    parent.release(&parent);
    ck_assert_str_eq((const char *)moved.buffers[1], "content");
    moved.release(&moved);
}
END_TEST

START_TEST(no_memory_leaves_nothing_to_release)
{
    struct ArrowArray array;
    struct ArrowSchema schema;
    suite_fail_allocation(1);
    ck_assert(!ldbx_arrow_array_new(&array, NULL, 1, 2, 3));
    ck_assert(array.release == NULL);
    suite_fail_allocation(1);
    ck_assert(!ldbx_arrow_schema_new(&schema, "u", none, none, false, 3));
    ck_assert(schema.release == NULL);
    ck_assert(!ldbx_arrow_array_new(&array, NULL, 1, INT64_MAX, 0));
    ck_assert(!ldbx_arrow_schema_new(&schema, "u", none, none, false, INT64_MAX));
}
END_TEST

START_TEST(errors_name_the_column)
{
    ldbx_error *error = NULL;
    ck_assert_int_eq(ldbx_arrow_fail(&error, LDBX_UNSUPPORTED, ldbx_view_of("a\nb"), "type %d", 7), LDBX_UNSUPPORTED);
    ck_assert_str_eq(ldbx_error_message(error), "column a b: type 7");
    ck_assert_int_eq(ldbx_error_status(error), LDBX_UNSUPPORTED);
    suite_fail_allocation(1);
    ck_assert_int_eq(ldbx_arrow_fail(&error, LDBX_UNSUPPORTED, ldbx_view_of("a"), "type"), LDBX_NO_MEMORY);
    ldbx_error_destroy(error);
    ck_assert_int_eq(ldbx_arrow_fail(NULL, LDBX_PROTOCOL, ldbx_view_of("a"), "type"), LDBX_PROTOCOL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arrow_array");
    TCase *tcase = suite_case(suite, "arrow_array");
    tcase_add_test(tcase, formats_are_parsed);
    tcase_add_test(tcase, other_formats_are_refused);
    tcase_add_test(tcase, a_schema_keeps_copies);
    tcase_add_test(tcase, metadata_is_found_by_key);
    tcase_add_test(tcase, an_array_owns_its_bytes);
    tcase_add_test(tcase, a_child_may_be_moved_out_and_outlive_its_parent);
    tcase_add_test(tcase, no_memory_leaves_nothing_to_release);
    tcase_add_test(tcase, errors_name_the_column);
    return suite_run(suite);
}
