#include "client/shape.h"

#include "arrays.h"

static const struct {
    const char *sql;
    ldbx_type type;
} types[] = {
    {"BOOLEAN", LDBX_TYPE_BOOLEAN},
    {"tinyint", LDBX_TYPE_TINYINT},
    {"SmallInt", LDBX_TYPE_SMALLINT},
    {"INT", LDBX_TYPE_INT},
    {"integer", LDBX_TYPE_INT},
    {"BIGINT", LDBX_TYPE_BIGINT},
    {"FLOAT", LDBX_TYPE_FLOAT},
    {"DOUBLE", LDBX_TYPE_DOUBLE},
    {"DECIMAL(10,2)", LDBX_TYPE_DECIMAL},
    {"decimal", LDBX_TYPE_DECIMAL},
    {"STRING", LDBX_TYPE_STRING},
    {"STRING COLLATE UTF8_LCASE", LDBX_TYPE_STRING},
    {"VARCHAR(10)", LDBX_TYPE_STRING},
    {"CHAR(3)", LDBX_TYPE_STRING},
    {"BINARY", LDBX_TYPE_BINARY},
    {"DATE", LDBX_TYPE_DATE},
    {"TIMESTAMP", LDBX_TYPE_TIMESTAMP},
    {"timestamp_ntz", LDBX_TYPE_TIMESTAMP_NTZ},
    {"TIMESTAMP_LTZ", LDBX_TYPE_TIMESTAMP},
    {"INTERVAL DAY", LDBX_TYPE_INTERVAL},
    {"INTERVAL YEAR TO MONTH", LDBX_TYPE_INTERVAL},
    {"ARRAY<DECIMAL(10,2)>", LDBX_TYPE_ARRAY},
    {"MAP<STRING, INT>", LDBX_TYPE_MAP},
    {"STRUCT<a: INT>", LDBX_TYPE_STRUCT},
    {"VARIANT", LDBX_TYPE_VARIANT},
    {"VOID", LDBX_TYPE_VOID},
    {" int ", LDBX_TYPE_INT},
    {"INTS", LDBX_TYPE_UNKNOWN},
    {"GEOGRAPHY(4326)", LDBX_TYPE_UNKNOWN},
    {"<>", LDBX_TYPE_UNKNOWN},
    {"", LDBX_TYPE_UNKNOWN},
};

START_TEST(types_from_sql)
{
    ldbx_view sql = {types[_i].sql, strlen(types[_i].sql)};

    ck_assert_int_eq(ldbx_type_from_sql(sql), types[_i].type);
}
END_TEST

static const struct {
    const char *format;
    const char *sql_name; /* NULL: none */
    int32_t thrift;       /* -2: no Thrift column at all */
    int32_t precision, scale;
    const char *sql_type;
    ldbx_type type;
} sources[] = {
    /* SqlName is the authority. */
    {"u", "DECIMAL(10,2)", LDBX_TTYPE_STRING, 0, 0, "DECIMAL(10,2)", LDBX_TYPE_DECIMAL},
    {"u", "VARIANT", LDBX_TTYPE_STRING, 0, 0, "VARIANT", LDBX_TYPE_VARIANT},
    {"u", "INTERVAL YEAR", LDBX_TTYPE_STRING, 0, 0, "INTERVAL YEAR", LDBX_TYPE_INTERVAL},
    {"tsu:", "TIMESTAMP_NTZ", LDBX_TTYPE_TIMESTAMP, 0, 0, "TIMESTAMP_NTZ", LDBX_TYPE_TIMESTAMP_NTZ},
    {"u", "GEOMETRY(0)", LDBX_TTYPE_STRING, 0, 0, "GEOMETRY(0)", LDBX_TYPE_UNKNOWN},
    /* Then the Thrift type, where Arrow has text only. */
    {"u", NULL, LDBX_TTYPE_DECIMAL, 18, 4, "DECIMAL(18,4)", LDBX_TYPE_DECIMAL},
    {"u", NULL, LDBX_TTYPE_DECIMAL, 0, 0, "DECIMAL", LDBX_TYPE_DECIMAL},
    {"U", NULL, LDBX_TTYPE_TIMESTAMP, 0, 0, "TIMESTAMP", LDBX_TYPE_TIMESTAMP},
    {"u", NULL, LDBX_TTYPE_STRUCT, 0, 0, "STRUCT", LDBX_TYPE_STRUCT},
    {"u", NULL, LDBX_TTYPE_DATE, 0, 0, "DATE", LDBX_TYPE_DATE},
    {"u", NULL, LDBX_TTYPE_VARCHAR, 0, 0, "VARCHAR", LDBX_TYPE_STRING},
    {"u", NULL, LDBX_TTYPE_INTERVAL_DAY_TIME, 0, 0, "INTERVAL DAY TO SECOND", LDBX_TYPE_INTERVAL},
    {"u", NULL, LDBX_TTYPE_UNION, 0, 0, "UNION", LDBX_TYPE_UNKNOWN},
    {"u", NULL, 99, 0, 0, "STRING", LDBX_TYPE_STRING},
    {"u", NULL, -1, 0, 0, "STRING", LDBX_TYPE_STRING},
    /* Then the Arrow format. */
    {"tsu:", NULL, LDBX_TTYPE_TIMESTAMP, 0, 0, "TIMESTAMP_NTZ", LDBX_TYPE_TIMESTAMP_NTZ},
    {"tsu:UTC", NULL, -2, 0, 0, "TIMESTAMP", LDBX_TYPE_TIMESTAMP},
    {"tDu", NULL, LDBX_TTYPE_STRING, 0, 0, "INTERVAL DAY TO SECOND", LDBX_TYPE_INTERVAL},
    {"tiM", NULL, -2, 0, 0, "INTERVAL YEAR TO MONTH", LDBX_TYPE_INTERVAL},
    {"d:7,2", NULL, -2, 0, 0, "DECIMAL(7,2)", LDBX_TYPE_DECIMAL},
    {"n", NULL, LDBX_TTYPE_STRING, 0, 0, "VOID", LDBX_TYPE_VOID},
    {"b", NULL, -2, 0, 0, "BOOLEAN", LDBX_TYPE_BOOLEAN},
    {"c", NULL, -2, 0, 0, "TINYINT", LDBX_TYPE_TINYINT},
    {"s", NULL, -2, 0, 0, "SMALLINT", LDBX_TYPE_SMALLINT},
    {"i", NULL, -2, 0, 0, "INT", LDBX_TYPE_INT},
    {"l", NULL, -2, 0, 0, "BIGINT", LDBX_TYPE_BIGINT},
    {"C", NULL, -2, 0, 0, "SMALLINT", LDBX_TYPE_SMALLINT},
    {"S", NULL, -2, 0, 0, "INT", LDBX_TYPE_INT},
    {"I", NULL, -2, 0, 0, "BIGINT", LDBX_TYPE_BIGINT},
    {"L", NULL, -2, 0, 0, "DECIMAL(20,0)", LDBX_TYPE_DECIMAL},
    {"f", NULL, -2, 0, 0, "FLOAT", LDBX_TYPE_FLOAT},
    {"g", NULL, -2, 0, 0, "DOUBLE", LDBX_TYPE_DOUBLE},
    {"u", NULL, -2, 0, 0, "STRING", LDBX_TYPE_STRING},
    {"z", NULL, -2, 0, 0, "BINARY", LDBX_TYPE_BINARY},
    {"tdD", NULL, -2, 0, 0, "DATE", LDBX_TYPE_DATE},
    {"+s", NULL, -2, 0, 0, "STRUCT", LDBX_TYPE_STRUCT},
};

START_TEST(type_of_a_column)
{
    ldbx_tcli_column described = {.name = {"thrift", 6},
                                  .type = sources[_i].thrift,
                                  .precision = sources[_i].precision,
                                  .scale = sources[_i].scale};
    bool has_thrift = sources[_i].thrift != -2;
    column *batch = make("+s", "", NULL, 0, 1, make(sources[_i].format, "arrow", sources[_i].sql_name, 0, 0));
    ldbx_error *error = NULL;
    ldbx_shape shape;

    expect_ok(ldbx_shape_make(&batch->schema, has_thrift ? &described : NULL, has_thrift, &shape, &error), error);
    ck_assert_uint_eq(shape.count, 1);
    ck_assert_str_eq(shape.columns[0].sql_type, sources[_i].sql_type);
    ck_assert_int_eq(shape.columns[0].type, sources[_i].type);
    ck_assert_int_eq(shape.fields[0].type, sources[_i].type);
    ck_assert_str_eq(shape.columns[0].name, has_thrift ? "thrift" : "arrow");
    ldbx_shape_clear(&shape);
}
END_TEST

START_TEST(names)
{
    const ldbx_tcli_column described[] = {{.name = {"x\"y and more", 3}, .type = LDBX_TTYPE_INT},
                                          {.name = {NULL, 0}, .type = LDBX_TTYPE_INT}};
    column *batch = make("+s", "", NULL, 0, 2, make("i", "stale", NULL, 0, 0), make("i", "stale", NULL, 0, 0));
    ldbx_error *error = NULL;
    ldbx_shape shape;

    expect_ok(ldbx_shape_make(&batch->schema, described, 2, &shape, &error), error);
    ck_assert_str_eq(shape.columns[0].name, "x\"y");
    ck_assert_str_eq(shape.fields[0].name_json, "\"x\\\"y\":");
    ck_assert_uint_eq(shape.fields[0].name_json_size, 7);
    ck_assert_str_eq(shape.columns[1].name, "");
    ck_assert_str_eq(shape.fields[1].name_json, "\"\":");
    ldbx_shape_clear(&shape);
    /* Columns that are not the same in number are not about the same thing. */
    expect_ok(ldbx_shape_make(&batch->schema, described, 1, &shape, &error), error);
    ck_assert_str_eq(shape.columns[0].name, "stale");
    ldbx_shape_clear(&shape);
}
END_TEST

START_TEST(no_columns)
{
    const ldbx_tcli_column result = {.name = {"Result", 6}, .type = LDBX_TTYPE_STRING};
    column *batch = make("+s", "", NULL, 0, 0);
    ldbx_error *error = NULL;
    ldbx_shape shape;

    expect_ok(ldbx_shape_make(&batch->schema, &result, 1, &shape, &error), error);
    ck_assert_uint_eq(shape.count, 0);
    ldbx_shape_clear(&shape);
    ldbx_shape_clear(&shape);
}
END_TEST

static column *nested(void)
{
    column *entries =
        make("+s", "entries", NULL, 0, 2, make("u", "key", NULL, 0, 0), make("tsu:UTC", "value", NULL, 0, 0));

    return make(
        "+l", "list", "ARRAY<STRUCT<m: MAP<STRING, TIMESTAMP>, v: VARIANT>>", 0, 1,
        make("+s", "element", NULL, 0, 2, make("+m", "m", NULL, 0, 1, entries), make("u", "v", "VARIANT", 0, 0)));
}

START_TEST(nested_types)
{
    column *batch = make("+s", "", NULL, 0, 1, nested());
    ldbx_shape shape = shape_of(batch);
    const ldbx_field *element = &shape.fields[0].children[0];
    const ldbx_field *entries = &element->children[0].children[0];

    ck_assert_int_eq(shape.columns[0].type, LDBX_TYPE_ARRAY);
    ck_assert_int_eq(element->type, LDBX_TYPE_STRUCT);
    ck_assert_uint_eq(element->child_count, 2);
    ck_assert_int_eq(element->children[0].type, LDBX_TYPE_MAP);
    ck_assert_int_eq(element->children[1].type, LDBX_TYPE_VARIANT);
    ck_assert_int_eq(entries->children[0].type, LDBX_TYPE_STRING);
    ck_assert_int_eq(entries->children[1].type, LDBX_TYPE_TIMESTAMP);
    ck_assert_str_eq(element->children[0].name_json, "\"m\":");
    ldbx_shape_clear(&shape);
}
END_TEST

START_TEST(unreadable_layouts_name_the_column)
{
    column *plain = make("+s", "", NULL, 0, 2, make("i", "a", NULL, 0, 0), make("vu", "view\ncolumn", NULL, 0, 0));
    column *inside = make("+s", "", NULL, 0, 1, make("+l", "list", NULL, 0, 1, make("+w:3", "element", NULL, 0, 0)));
    ldbx_error *error = NULL;
    ldbx_shape shape;

    expect_status(ldbx_shape_make(&plain->schema, NULL, 0, &shape, &error), LDBX_UNSUPPORTED, error);
    ck_assert_str_eq(ldbx_error_message(error), "column view column: Arrow format vu cannot be read");
    ck_assert_uint_eq(shape.count, 0);
    expect_status(ldbx_shape_make(&inside->schema, NULL, 0, &shape, &error), LDBX_UNSUPPORTED, error);
    ck_assert_str_eq(ldbx_error_message(error), "column element: Arrow format +w:3 cannot be read");
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(a_type_that_the_wire_does_not_tell)
{
    column *batch = make("+s", "", NULL, 0, 2, make("u", "n", NULL, 0, 0), make("u", "v", NULL, 0, 0));
    ldbx_error *error = NULL;
    ldbx_shape shape;

    expect_ok(ldbx_shape_make(&batch->schema, NULL, 0, &shape, &error), error);
    expect_ok(ldbx_shape_retype(&shape, 0, "timestamp_ntz", &error), error);
    expect_ok(ldbx_shape_retype(&shape, 1, "variant", &error), error);
    ck_assert_str_eq(shape.columns[0].sql_type, "timestamp_ntz");
    ck_assert_int_eq(shape.columns[0].type, LDBX_TYPE_TIMESTAMP_NTZ);
    ck_assert_int_eq(shape.fields[0].type, LDBX_TYPE_TIMESTAMP_NTZ);
    ck_assert_int_eq(shape.columns[1].type, LDBX_TYPE_VARIANT);
    ck_assert_int_eq(shape.fields[1].type, LDBX_TYPE_STRUCT); /* JSON as it is, not in a string */
    ldbx_shape_clear(&shape);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    column *batch = make("+s", "", NULL, 0, 2, nested(), make("i", "a", NULL, 0, 0));
    int status = LDBX_NO_MEMORY;

    for (long n = 1; status != LDBX_OK; n++) {
        ldbx_error *error = NULL;
        ldbx_shape shape;
        suite_fail_allocation(n);
        status = ldbx_shape_make(&batch->schema, NULL, 0, &shape, &error);
        suite_fail_allocation(0);
        ck_assert(status == LDBX_OK || status == LDBX_NO_MEMORY);
        ck_assert_int_lt(n, 100);
        ldbx_shape_clear(&shape);
        ldbx_error_destroy(error);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client/shape");
    TCase *tcase = suite_case(suite, "shape");

    tcase_add_loop_test(tcase, types_from_sql, 0, sizeof types / sizeof types[0]);
    tcase_add_loop_test(tcase, type_of_a_column, 0, sizeof sources / sizeof sources[0]);
    tcase_add_test(tcase, names);
    tcase_add_test(tcase, no_columns);
    tcase_add_test(tcase, nested_types);
    tcase_add_test(tcase, a_type_that_the_wire_does_not_tell);
    tcase_add_test(tcase, unreadable_layouts_name_the_column);
    tcase_add_test(tcase, every_allocation_may_fail);
    return suite_run(suite);
}
