#include "client/json_rows.h"

#include <math.h>
#include <stdio.h>

#include "arrays.h"
#include "client/batch.h"
#include "wire/arrow_ipc.h"

#define MAX_COLUMNS 32 /* of a row that is written here */

START_TEST(integers_at_their_edges)
{
    ck_assert_str_eq(json_at(VALUE("c", NULL, int8_t, INT8_MIN), 0), "-128");
    ck_assert_str_eq(json_at(VALUE("c", NULL, int8_t, INT8_MAX), 0), "127");
    ck_assert_str_eq(json_at(VALUE("s", NULL, int16_t, INT16_MIN), 0), "-32768");
    ck_assert_str_eq(json_at(VALUE("s", NULL, int16_t, INT16_MAX), 0), "32767");
    ck_assert_str_eq(json_at(VALUE("i", NULL, int32_t, INT32_MIN), 0), "-2147483648");
    ck_assert_str_eq(json_at(VALUE("i", NULL, int32_t, INT32_MAX), 0), "2147483647");
    ck_assert_str_eq(json_at(VALUE("l", NULL, int64_t, INT64_MIN), 0), "-9223372036854775808");
    ck_assert_str_eq(json_at(VALUE("l", NULL, int64_t, INT64_MAX), 0), "9223372036854775807");
    ck_assert_str_eq(json_at(VALUE("l", NULL, int64_t, 0), 0), "0");
    ck_assert_str_eq(json_at(VALUE("C", NULL, uint8_t, UINT8_MAX), 0), "255");
    ck_assert_str_eq(json_at(VALUE("S", NULL, uint16_t, UINT16_MAX), 0), "65535");
    ck_assert_str_eq(json_at(VALUE("I", NULL, uint32_t, UINT32_MAX), 0), "4294967295");
    ck_assert_str_eq(json_at(VALUE("L", NULL, uint64_t, UINT64_MAX), 0), "18446744073709551615");
}
END_TEST

START_TEST(booleans_are_bits)
{
    const uint8_t bits[] = {0x01, 0x02};
    column *cell = values("b", "BOOLEAN", bits, sizeof bits, 10);

    ck_assert_str_eq(json_at(cell, 0), "true");
    ck_assert_str_eq(json_at(cell, 1), "false");
    ck_assert_str_eq(json_at(cell, 8), "false");
    ck_assert_str_eq(json_at(cell, 9), "true");
    ck_assert_str_eq(text_at(cell, 9), "true");
}
END_TEST

START_TEST(reals)
{
    ck_assert_str_eq(json_at(VALUE("g", "DOUBLE", double, 0.1), 0), "0.1");
    ck_assert_str_eq(json_at(VALUE("g", "DOUBLE", double, -0.0), 0), "-0");
    ck_assert_str_eq(json_at(VALUE("g", "DOUBLE", double, (double)NAN), 0), "\"NaN\"");
    ck_assert_str_eq(json_at(VALUE("g", "DOUBLE", double, (double)INFINITY), 0), "\"Infinity\"");
    ck_assert_str_eq(json_at(VALUE("g", "DOUBLE", double, -(double)INFINITY), 0), "\"-Infinity\"");
    ck_assert_str_eq(json_at(VALUE("g", "DOUBLE", double, 1.7976931348623157e308), 0), "1.7976931348623157e+308");
    ck_assert_str_eq(json_at(VALUE("g", "DOUBLE", double, 5e-324), 0), "5e-324");
    ck_assert_str_eq(json_at(VALUE("f", "FLOAT", float, 0.1f), 0), "0.1");
    ck_assert_str_eq(json_at(VALUE("f", "FLOAT", float, 16777216.0f), 0), "16777216");
    ck_assert_str_eq(json_at(VALUE("f", "FLOAT", float, -INFINITY), 0), "\"-Infinity\"");
    ck_assert_str_eq(text_at(VALUE("f", "FLOAT", float, NAN), 0), "NaN");
    ck_assert_str_eq(text_at(VALUE("g", "DOUBLE", double, -0.0), 0), "-0");
}
END_TEST

__extension__ typedef __int128 wide;

START_TEST(decimals_are_exact)
{
    const wide ones = (wide)1000000000000000000 * 10000000000000000000u; /* 10^37 */
    const wide nines = ones * 10 - 1;

    ck_assert_str_eq(json_at(VALUE("d:10,2", NULL, wide, -12345), 0), "-123.45");
    ck_assert_str_eq(json_at(VALUE("d:10,2", NULL, wide, -5), 0), "-0.05");
    ck_assert_str_eq(json_at(VALUE("d:10,2", NULL, wide, 0), 0), "0.00");
    ck_assert_str_eq(json_at(VALUE("d:10,0", NULL, wide, -7), 0), "-7");
    ck_assert_str_eq(json_at(VALUE("d:38,0", NULL, wide, nines), 0), "99999999999999999999999999999999999999");
    ck_assert_str_eq(json_at(VALUE("d:38,0", NULL, wide, -nines), 0), "-99999999999999999999999999999999999999");
    ck_assert_str_eq(json_at(VALUE("d:38,38", NULL, wide, -nines), 0), "-0.99999999999999999999999999999999999999");
    ck_assert_str_eq(json_at(VALUE("d:38,38", NULL, wide, 1), 0), "0.00000000000000000000000000000000000001");
    ck_assert_str_eq(json_at(VALUE("d:38,-38", NULL, wide, ones), 0),
                     "1000000000000000000000000000000000000000000000000000000000000000000000000000");
    ck_assert_str_eq(text_at(VALUE("d:10,2", NULL, wide, 100), 0), "1.00");
}
END_TEST

START_TEST(dates)
{
    ck_assert_str_eq(json_at(VALUE("tdD", NULL, int32_t, 0), 0), "\"1970-01-01\"");
    ck_assert_str_eq(json_at(VALUE("tdD", NULL, int32_t, -1), 0), "\"1969-12-31\"");
    ck_assert_str_eq(json_at(VALUE("tdD", NULL, int32_t, -719162), 0), "\"0001-01-01\"");
    ck_assert_str_eq(json_at(VALUE("tdD", NULL, int32_t, 2932896), 0), "\"9999-12-31\"");
    ck_assert_str_eq(json_at(VALUE("tdD", NULL, int32_t, 2932897), 0), "\"10000-01-01\"");
    ck_assert_str_eq(json_at(VALUE("tdD", NULL, int32_t, -719529), 0), "\"-0001-12-31\"");
    ck_assert_str_eq(json_at(VALUE("tdD", NULL, int32_t, 11016), 0), "\"2000-02-29\"");
    ck_assert_str_eq(text_at(VALUE("tdD", NULL, int32_t, 0), 0), "1970-01-01");
}
END_TEST

START_TEST(timestamps_of_all_units)
{
    ck_assert_str_eq(json_at(VALUE("tsu:Etc/UTC", "TIMESTAMP", int64_t, 1623785696789000), 0),
                     "\"2021-06-15T19:34:56.789000Z\"");
    ck_assert_str_eq(json_at(VALUE("tsu:", "TIMESTAMP_NTZ", int64_t, 1623785696789000), 0),
                     "\"2021-06-15T19:34:56.789000\"");
    ck_assert_str_eq(json_at(VALUE("tsu:", NULL, int64_t, -1), 0), "\"1969-12-31T23:59:59.999999\"");
    ck_assert_str_eq(json_at(VALUE("tsu:UTC", NULL, int64_t, -1), 0), "\"1969-12-31T23:59:59.999999Z\"");
    ck_assert_str_eq(json_at(VALUE("tss:UTC", NULL, int64_t, -1), 0), "\"1969-12-31T23:59:59.000000Z\"");
    ck_assert_str_eq(json_at(VALUE("tsm:UTC", NULL, int64_t, -1), 0), "\"1969-12-31T23:59:59.999000Z\"");
    ck_assert_str_eq(json_at(VALUE("tsn:UTC", NULL, int64_t, -1), 0), "\"1969-12-31T23:59:59.999999Z\"");
    ck_assert_str_eq(json_at(VALUE("tsn:UTC", NULL, int64_t, 1999), 0), "\"1970-01-01T00:00:00.000001Z\"");
    ck_assert_str_eq(json_at(VALUE("tsn:UTC", NULL, int64_t, -2000), 0), "\"1969-12-31T23:59:59.999998Z\"");
    ck_assert_str_eq(json_at(VALUE("tsu:UTC", NULL, int64_t, -62135596800000000), 0),
                     "\"0001-01-01T00:00:00.000000Z\"");
    ck_assert_str_eq(json_at(VALUE("tsu:UTC", NULL, int64_t, 253402300799999999), 0),
                     "\"9999-12-31T23:59:59.999999Z\"");
    ck_assert_str_eq(json_at(VALUE("tsu:UTC", NULL, int64_t, INT64_MIN), 0), "\"-290308-12-21T19:59:05.224192Z\"");
    ck_assert_str_eq(text_at(VALUE("tsu:UTC", NULL, int64_t, 0), 0), "1970-01-01T00:00:00.000000Z");
    /* Beyond what microseconds can say: never another instant, but the number. */
    ck_assert_str_eq(json_at(VALUE("tss:UTC", NULL, int64_t, INT64_MAX), 0), "9223372036854775807");
    ck_assert_str_eq(text_at(VALUE("tss:UTC", NULL, int64_t, INT64_MAX), 0), "9223372036854775807");
}
END_TEST

START_TEST(intervals)
{
    ck_assert_str_eq(json_at(VALUE("tiM", NULL, int32_t, 14), 0), "\"1-2\"");
    ck_assert_str_eq(json_at(VALUE("tiM", NULL, int32_t, -14), 0), "\"-1-2\"");
    ck_assert_str_eq(json_at(VALUE("tiM", NULL, int32_t, -11), 0), "\"-0-11\"");
    ck_assert_str_eq(json_at(VALUE("tiM", NULL, int32_t, 0), 0), "\"0-0\"");
    ck_assert_str_eq(json_at(VALUE("tiM", NULL, int32_t, INT32_MIN), 0), "\"-178956970-8\"");
    ck_assert_str_eq(json_at(VALUE("tDu", NULL, int64_t, 275420123000), 0), "\"3 04:30:20.123000000\"");
    ck_assert_str_eq(json_at(VALUE("tDu", NULL, int64_t, -8 * INT64_C(86400000000)), 0), "\"-8 00:00:00.000000000\"");
    ck_assert_str_eq(json_at(VALUE("tDu", NULL, int64_t, -1), 0), "\"-0 00:00:00.000001000\"");
    ck_assert_str_eq(json_at(VALUE("tDs", NULL, int64_t, 59), 0), "\"0 00:00:59.000000000\"");
    ck_assert_str_eq(json_at(VALUE("tDu", NULL, int64_t, INT64_MIN), 0), "\"-106751991 04:00:54.775808000\"");
    ck_assert_str_eq(text_at(VALUE("tiM", NULL, int32_t, 14), 0), "1-2");
}
END_TEST

START_TEST(texts_and_bytes)
{
    const ldbx_view cells[] = {{"a\"\\\n\x01 \xc3\xa4", 8}, {"", 0}, {NULL, 0}, {"a\0b", 3}, {"\xff", 1}};
    const char *const wanted[] = {"\"a\\\"\\\\\\n\\u0001 \xc3\xa4\"", "\"\"", "null", "\"a\\u0000b\"",
                                  "\"\xef\xbf\xbd\""};
    const ldbx_view blobs[] = {{"", 0}, {"\0", 1}, {"\xfe\xff", 2}, {"abc", 3}, {NULL, 0}};
    const char *const coded[] = {"\"\"", "\"AA==\"", "\"/v8=\"", "\"YWJj\"", "null"};

    for (int i = 0; i < 5; i++) {
        ck_assert_str_eq(json_at(bytes_of("u", "STRING", 5, cells), i), wanted[i]);
        ck_assert_str_eq(json_at(bytes_of("U", "VARIANT", 5, cells), i), wanted[i]);
        ck_assert_str_eq(json_at(bytes_of("z", "BINARY", 5, blobs), i), coded[i]);
        ck_assert_str_eq(json_at(bytes_of("Z", NULL, 5, blobs), i), coded[i]);
    }
    ck_assert_str_eq(text_at(bytes_of("u", "STRING", 5, cells), 0), "a\"\\\n\x01 \xc3\xa4");
    ck_assert_str_eq(text_at(bytes_of("u", "STRING", 5, cells), 2), "");
    ck_assert_str_eq(text_at(bytes_of("z", "BINARY", 5, blobs), 3), "YWJj");
    ck_assert_str_eq(json_at(text("VARIANT", "{\"a\":1}"), 0), "\"{\\\"a\\\":1}\"");
    ck_assert_str_eq(text_at(text("VARIANT", "{\"a\":1}"), 0), "{\"a\":1}");
    ck_assert_str_eq(json_at(text("INTERVAL DAY", "-8 00:00:00.000000000"), 0), "\"-8 00:00:00.000000000\"");
    ck_assert_str_eq(json_at(text("GEOGRAPHY", "POINT(1 2)"), 0), "\"POINT(1 2)\"");
}
END_TEST

START_TEST(nulls_of_every_layout)
{
    const char *const formats[] = {"b", "c", "s", "i",     "l",   "C",    "S",   "I",
                                   "L", "f", "g", "d:5,1", "tdD", "tsu:", "tiM", "tDu"};
    const uint8_t zeros[32] = {0};

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        column *cell = with_nulls(values(formats[i], NULL, zeros, sizeof zeros, 2), "10");
        ck_assert_str_ne(json_at(cell, 0), "null");
        ck_assert_str_eq(json_at(cell, 1), "null");
        ck_assert_str_eq(text_at(cell, 1), "");
    }
    ck_assert_str_eq(json_at(make("n", "c", "VOID", 2, 0), 1), "null");
    ck_assert_str_eq(text_at(make("n", "c", "VOID", 2, 0), 1), "");
}
END_TEST

typedef struct delivered {
    const char *sql;
    const char *text;
    const char *json; /* NULL: the text as a string, which has nothing to escape */
} delivered;

static const delivered as_text[] = {
    {"DECIMAL(10,2)", "-123.4500", "-123.4500"},
    {"DECIMAL(38,0)", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
    {"DECIMAL(10,2)", "1E-7", "1E-7"},
    {"decimal(10,2)", "0", "0"},
    {"DECIMAL(10,2)", "", NULL},
    {"DECIMAL(10,2)", "-", NULL},
    {"DECIMAL(10,2)", "007", NULL},
    {"DECIMAL(10,2)", ".5", NULL},
    {"DECIMAL(10,2)", "5.", NULL},
    {"DECIMAL(10,2)", "1e", NULL},
    {"DECIMAL(10,2)", "+1", NULL},
    {"DECIMAL(10,2)", "1 ", NULL},
    {"DECIMAL(10,2)", "NaN", NULL},
    {"DATE", "2020-02-29", "\"2020-02-29\""},
    {"DATE", "0001-01-01", "\"0001-01-01\""},
    {"DATE", "+10000-01-01", "\"10000-01-01\""},
    {"DATE", "-0001-12-31", "\"-0001-12-31\""},
    {"DATE", "2021-02-29", NULL},
    {"TIMESTAMP", "2021-06-15 19:34:56.789", "\"2021-06-15T19:34:56.789000Z\""},
    {"TIMESTAMP", "1969-12-31 23:59:59.9999999", "\"1969-12-31T23:59:59.999999Z\""},
    {"TIMESTAMP", "soon", NULL},
    {"TIMESTAMP_NTZ", "2021-06-15 19:34:56", "\"2021-06-15T19:34:56.000000\""},
    {"ARRAY<INT>", "[1,2,3]", "[1,2,3]"},
    {"ARRAY<INT>", "[]", "[]"},
    {"ARRAY<INT>", " [ ] ", " [ ] "},
    {"ARRAY<INT>", "[1,2,3", NULL},
    {"ARRAY<INT>", "[1,]", NULL},
    {"ARRAY<INT>", "[1]]", NULL},
    {"ARRAY<INT>", "[01]", NULL},
    {"ARRAY<INT>", "[1 2]", NULL},
    {"ARRAY<INT>", "", NULL},
    {"ARRAY<BOOLEAN>", "[true,false,null,-1.5e+3,0]", "[true,false,null,-1.5e+3,0]"},
    {"ARRAY<BOOLEAN>", "[True]", NULL},
    {"ARRAY<STRING>", "[\"\\u00e4\\n\"]", "[\"\\u00e4\\n\"]"},
    {"ARRAY<STRING>", "[\"a\n\"]", "\"[\\\"a\\n\\\"]\""},
    {"ARRAY<STRING>", "[\"\\x\"]", "\"[\\\"\\\\x\\\"]\""},
    {"ARRAY<STRING>", "[\"\\u12g4\"]", "\"[\\\"\\\\u12g4\\\"]\""},
    {"ARRAY<STRING>", "[\"\xff\"]", "\"[\\\"\xef\xbf\xbd\\\"]\""},
    {"ARRAY<STRING>", "[\"a", "\"[\\\"a\""},
    {"MAP<STRING,INT>", "{\"k\":1, \"l\" : {}}", "{\"k\":1, \"l\" : {}}"},
    {"MAP<STRING,INT>", "{k:1}", NULL},
    {"MAP<STRING,INT>", "{\"k\"}", "\"{\\\"k\\\"}\""},
    {"MAP<STRING,INT>", "{\"k\":}", "\"{\\\"k\\\":}\""},
    {"STRUCT<a:INT>", "{\n  \"a\": 1\r\n}", "{  \"a\": 1}"},
    {"STRUCT<f: INT, d: DATE>", "{\"f\":77,\"d\":2020-12-31}", "\"{\\\"f\\\":77,\\\"d\\\":2020-12-31}\""},
    {"STRING", "[1]", NULL},
};

START_TEST(types_that_came_as_text)
{
    const delivered *row = &as_text[_i];
    char quoted[128];

    snprintf(quoted, sizeof quoted, "\"%s\"", row->text);
    ck_assert_str_eq(json_at(text(row->sql, row->text), 0), row->json != NULL ? row->json : quoted);
}
END_TEST

START_TEST(text_of_types_that_came_as_text)
{
    ck_assert_str_eq(text_at(text("DECIMAL(10,2)", "-1.50"), 0), "-1.50");
    ck_assert_str_eq(text_at(text("TIMESTAMP", "2021-06-15 19:34:56.789"), 0), "2021-06-15T19:34:56.789000Z");
    ck_assert_str_eq(text_at(text("TIMESTAMP", "soon"), 0), "soon");
    ck_assert_str_eq(text_at(text("DATE", "2021-06-15"), 0), "2021-06-15");
    ck_assert_str_eq(text_at(text("ARRAY<INT>", "[1, 2]"), 0), "[1, 2]");
    ck_assert_str_eq(text_at(text("STRING", ""), 0), "");
}
END_TEST

static const char *nested_text(size_t depth)
{
    char *brackets = keep(NULL, 2 * depth + 1);

    memset(brackets, '[', depth);
    memset(brackets + depth, ']', depth);
    brackets[2 * depth] = '\0';
    return brackets;
}

START_TEST(depth_of_text_is_bounded)
{
    ck_assert_int_eq(json_at(text("ARRAY<X>", nested_text(128)), 0)[0], '[');
    ck_assert_int_eq(json_at(text("ARRAY<X>", nested_text(129)), 0)[0], '"');
    ck_assert_int_eq(json_at(text("ARRAY<X>", nested_text(500000)), 0)[0], '"');
}
END_TEST

/* list<struct<id: int, tags: map<utf8, bigint>>>, three rows: two elements, empty, NULL. */
static column *nested(void)
{
    const ldbx_view keys[] = {{"a", 1}, {"b\"", 2}, {"c", 1}};
    const int64_t numbers[] = {1, 0, -3};
    const int32_t ids[] = {7, 0};
    column *entries = make("+s", "entries", NULL, 3, 2, bytes_of("u", NULL, 3, keys),
                           with_nulls(values("l", NULL, numbers, sizeof numbers, 3), "101"));
    column *tags = OFFSETS(make("+m", "tags", NULL, 2, 1, entries), 0, 2, 3);
    column *element =
        make("+s", "element", NULL, 2, 2, named(with_nulls(values("i", NULL, ids, sizeof ids, 2), "10"), "id"), tags);

    return with_nulls(
        OFFSETS(make("+l", "c", "ARRAY<STRUCT<id: INT, tags: MAP<STRING, BIGINT>>>", 3, 1, element), 0, 2, 2, 2),
        "110");
}

START_TEST(nested_values)
{
    column *cell = nested();

    ck_assert_str_eq(json_at(cell, 0),
                     "[{\"id\":7,\"tags\":{\"a\":1,\"b\\\"\":null}},{\"id\":null,\"tags\":{\"c\":-3}}]");
    ck_assert_str_eq(json_at(cell, 1), "[]");
    ck_assert_str_eq(json_at(cell, 2), "null");
    ck_assert_str_eq(text_at(cell, 1), "[]");
    ck_assert_str_eq(text_at(cell, 2), "");
    ck_assert_str_eq(json_at(make("+s", "c", NULL, 1, 0), 0), "{}");
}
END_TEST

START_TEST(nulls_inside_of_nested_values)
{
    const int32_t numbers[] = {1, 2, 3};
    column *element = make("+s", "element", NULL, 3, 1, named(values("i", NULL, numbers, sizeof numbers, 3), "n"));
    column *list = OFFSETS(make("+l", "c", NULL, 1, 1, with_nulls(element, "101")), 0, 3);
    column *map = OFFSETS(
        make("+m", "m", NULL, 2, 1,
             make("+s", "entries", NULL, 0, 2, values("i", NULL, numbers, 4, 0), make("n", "value", NULL, 0, 0))),
        0, 0, 0);

    ck_assert_str_eq(json_at(list, 0), "[{\"n\":1},null,{\"n\":3}]");
    ck_assert_str_eq(json_at(with_nulls(map, "10"), 0), "{}");
    ck_assert_str_eq(json_at(map, 1), "null");
    ck_assert_str_eq(json_at(OFFSETS(make("+l", "c", "ARRAY<VOID>", 1, 1, make("n", "element", NULL, 2, 0)), 0, 2), 0),
                     "[null,null]");
}
END_TEST

/* Every level may be a slice of a longer array. */
START_TEST(offsets_of_slices)
{
    const int32_t ids[] = {0, 0, 5, 6};
    const ldbx_view keys[] = {{"x", 1}, {"y", 1}, {"z", 1}};
    column *id = named(values("i", NULL, ids, sizeof ids, 2), "id");
    column *element = make("+s", "element", NULL, 2, 1, id);
    column *list = OFFSETS(make("+l", "c", NULL, 1, 1, element), 9, 0, 2);
    column *flag = VALUE("b", NULL, uint8_t, 0x20);
    column *map_values = bytes_of("u", NULL, 3, keys);
    column *entries = make("+s", "entries", NULL, 2, 2, bytes_of("u", NULL, 3, keys), map_values);
    column *map = OFFSETS(make("+m", "m", NULL, 1, 1, entries), 0, 2);

    id->array.offset = 1;
    element->array.offset = 1;
    list->array.offset = 1;
    ck_assert_str_eq(json_at(list, 0), "[{\"id\":5},{\"id\":6}]");
    flag->array.offset = 4;
    ck_assert_str_eq(json_at(flag, 1), "true");
    ck_assert_str_eq(json_at(flag, 0), "false");
    entries->array.offset = 1;
    ck_assert_str_eq(json_at(map, 0), "{\"y\":\"y\",\"z\":\"z\"}");
    with_nulls(map_values, "110");
    ck_assert_str_eq(json_at(map, 0), "{\"y\":\"y\",\"z\":null}");
}
END_TEST

START_TEST(large_offsets)
{
    const int64_t ends[] = {0, 2};
    const int16_t numbers[] = {-1, 1};
    column *list = make("+L", "c", NULL, 1, 1, values("s", NULL, numbers, sizeof numbers, 2));

    list->array.buffers[1] = keep(ends, sizeof ends);
    ck_assert_str_eq(json_at(list, 0), "[-1,1]");
}
END_TEST

static const char *map_with_key(column *key)
{
    return json_at(
        OFFSETS(make("+m", "c", NULL, 1, 1, make("+s", "entries", NULL, 1, 2, key, VALUE("c", NULL, int8_t, 1))), 0, 1),
        0);
}

START_TEST(keys_of_maps_become_text)
{
    const int8_t elements[] = {1, 2};
    const ldbx_view names[] = {{"q\"", 2}};

    ck_assert_str_eq(map_with_key(VALUE("i", NULL, int32_t, -42)), "{\"-42\":1}");
    ck_assert_str_eq(map_with_key(VALUE("b", NULL, uint8_t, 1)), "{\"true\":1}");
    ck_assert_str_eq(map_with_key(VALUE("g", NULL, double, (double)NAN)), "{\"NaN\":1}");
    ck_assert_str_eq(map_with_key(VALUE("tdD", NULL, int32_t, 0)), "{\"1970-01-01\":1}");
    ck_assert_str_eq(map_with_key(VALUE("d:5,2", NULL, wide, 150)), "{\"1.50\":1}");
    ck_assert_str_eq(map_with_key(text("DECIMAL(5,2)", "1.50")), "{\"1.50\":1}");
    ck_assert_str_eq(map_with_key(bytes_of("u", NULL, 1, names)), "{\"q\\\"\":1}");
    ck_assert_str_eq(map_with_key(OFFSETS(make("+l", "key", NULL, 1, 1, values("c", NULL, elements, 2, 2)), 0, 2)),
                     "{\"[1,2]\":1}");
    ck_assert_str_eq(map_with_key(make("+s", "key", NULL, 1, 1, named(bytes_of("u", NULL, 1, names), "n"))),
                     "{\"{\\\"n\\\":\\\"q\\\\\\\"\\\"}\":1}");
}
END_TEST

static const char *row_of(column *batch, int64_t row, bool skip_nulls, size_t columns)
{
    ldbx_shape shape = shape_of(batch);
    ldbx_cells cells[MAX_COLUMNS];
    ldbx_buf out;
    const char *copy;

    ldbx_buf_init(&out, LDBX_MAX_TEXT);
    ldbx_batch_columns(&shape, &batch->array, cells);
    ldbx_json_row(cells, columns, row, skip_nulls, &out);
    copy = keep(ldbx_buf_cstr(&out), out.size + 1);
    ldbx_buf_clear(&out);
    ldbx_shape_clear(&shape);
    return copy;
}

START_TEST(rows)
{
    const int32_t numbers[] = {1, 2, 3};
    const ldbx_view names[] = {{"x", 1}, {NULL, 0}, {"z", 1}};
    column *batch =
        make("+s", "", NULL, 3, 3, named(with_nulls(values("i", NULL, numbers, sizeof numbers, 3), "101"), "a\"b"),
             named(bytes_of("u", NULL, 3, names), "n\xc3\xa4me"), named(make("n", "", NULL, 3, 0), "v"));

    ck_assert_str_eq(row_of(batch, 0, false, 3), "{\"a\\\"b\":1,\"n\xc3\xa4me\":\"x\",\"v\":null}");
    ck_assert_str_eq(row_of(batch, 0, true, 3), "{\"a\\\"b\":1,\"n\xc3\xa4me\":\"x\"}");
    ck_assert_str_eq(row_of(batch, 1, false, 3), "{\"a\\\"b\":null,\"n\xc3\xa4me\":null,\"v\":null}");
    ck_assert_str_eq(row_of(batch, 1, true, 3), "{}");
    ck_assert_str_eq(row_of(batch, 2, true, 1), "{\"a\\\"b\":3}");
    ck_assert_str_eq(row_of(batch, 2, false, 0), "{}");
    batch->array.offset = 1;
    ck_assert_str_eq(row_of(batch, 1, true, 2), "{\"a\\\"b\":3,\"n\xc3\xa4me\":\"z\"}");
}
END_TEST

START_TEST(cells_allocate_nothing)
{
    column *batch = make("+s", "", NULL, 3, 3, nested(), VALUE("l", NULL, int64_t, 1), text("STRING", "some text"));
    ldbx_shape shape = shape_of(batch);
    ldbx_cells cells[MAX_COLUMNS];
    ldbx_buf out;
    long before;

    ldbx_batch_columns(&shape, &batch->array, cells);
    ldbx_buf_init(&out, LDBX_MAX_TEXT);
    ldbx_buf_reserve(&out, 1 << 20);
    before = suite_allocations();
    for (int i = 0; i < 1000; i++)
        ldbx_json_row(cells, shape.count, 0, false, &out);
    ck_assert(!out.failed);
    ck_assert_int_eq(suite_allocations(), before);
    ldbx_buf_clear(&out);
    ldbx_shape_clear(&shape);
}
END_TEST

/* Every allocation, and every size of the buffer, may be the one that fails. */
START_TEST(failures_are_the_buffers)
{
    column *batch = make("+s", "", NULL, 3, 2, nested(), text("STRING", "some text"));
    column *keyed = OFFSETS(make("+m", "c", NULL, 1, 1,
                                 make("+s", "entries", NULL, 1, 2, make("+s", "key", NULL, 1, 1, text(NULL, "k")),
                                      VALUE("i", NULL, int32_t, -12345))),
                            0, 1);
    ldbx_shape shape = shape_of(batch);
    ldbx_shape keyed_shape = shape_of(make("+s", "", NULL, 1, 1, keyed));
    ldbx_cells cells[MAX_COLUMNS];
    ldbx_cells map = ldbx_cells_of(&keyed_shape.fields[0], &keyed->array, 0);
    bool failed = true;

    ldbx_batch_columns(&shape, &batch->array, cells);
    for (size_t max = 0; failed; max++) {
        ldbx_buf out;
        ldbx_buf_init(&out, max);
        ldbx_json_row(cells, shape.count, 0, false, &out);
        ldbx_json_cell(&map, 0, &out);
        ldbx_text_cell(&cells[1], 0, &out);
        failed = out.failed;
        ck_assert_uint_le(out.size, max);
        ck_assert_uint_lt(max, 1000);
        ldbx_buf_clear(&out);
    }
    failed = true;
    for (long n = 1; failed; n++) {
        ldbx_buf out;
        ldbx_buf_init(&out, LDBX_MAX_TEXT);
        suite_fail_allocation(n);
        ldbx_json_cell(&map, 0, &out);
        suite_fail_allocation(0);
        failed = out.failed;
        ck_assert_int_lt(n, 10);
        ldbx_buf_clear(&out);
    }
    ldbx_shape_clear(&shape);
    ldbx_shape_clear(&keyed_shape);
}
END_TEST

static bool time_of(column *cell, int64_t row, int64_t *us)
{
    ldbx_shape shape = shape_of(make("+s", "", NULL, 1, 1, cell));
    ldbx_cells cells = ldbx_cells_of(&shape.fields[0], &cell->array, 0);
    bool found = ldbx_time_cell(&cells, row, us);

    ldbx_shape_clear(&shape);
    return found;
}

START_TEST(times)
{
    int64_t us = 0;

    ck_assert(time_of(VALUE("tsu:UTC", NULL, int64_t, -7), 0, &us) && us == -7);
    ck_assert(time_of(VALUE("tss:", NULL, int64_t, -7), 0, &us) && us == -7000000);
    ck_assert(time_of(VALUE("tsn:", NULL, int64_t, -7), 0, &us) && us == -1);
    ck_assert(time_of(VALUE("tdD", NULL, int32_t, -1), 0, &us) && us == -86400000000);
    ck_assert(time_of(text("TIMESTAMP", "1970-01-01 00:00:01.5"), 0, &us) && us == 1500000);
    ck_assert(time_of(text("TIMESTAMP_NTZ", "1970-01-01T00:00:01"), 0, &us) && us == 1000000);
    ck_assert(time_of(text("DATE", "1970-01-02"), 0, &us) && us == 86400000000);
    ck_assert(!time_of(text("STRING", "1970-01-02"), 0, &us));
    ck_assert(!time_of(text("DATE", "tomorrow"), 0, &us));
    ck_assert(!time_of(VALUE("tdD", NULL, int32_t, INT32_MAX), 0, &us));
    ck_assert(!time_of(VALUE("tss:", NULL, int64_t, INT64_MAX), 0, &us));
    ck_assert(!time_of(VALUE("l", NULL, int64_t, 1), 0, &us));
    ck_assert(!time_of(with_nulls(VALUE("tsu:UTC", NULL, int64_t, 1), "0"), 0, &us));
    ck_assert(!time_of(make("n", "c", "TIMESTAMP", 1, 0), 0, &us));
}
END_TEST

/* Recordings lie beside the repository; __FILE__ leads there from the source folder and from a build folder
 * in it. */
static bool read_recording(const char *name, ldbx_bytes *bytes)
{
    char path[512];
    const char *slash = strrchr(__FILE__, '/');
    FILE *file;
    size_t size;

    snprintf(path, sizeof path, "%.*s/../../../shared/recordings/arrow/%s", slash != NULL ? (int)(slash - __FILE__) : 1,
             slash != NULL ? __FILE__ : ".", name);
    file = fopen(path, "rb");
    if (file == NULL)
        return false;
    ck_assert(ldbx_bytes_grow(bytes, 1 << 16));
    size = fread(ldbx_bytes_data(bytes), 1, 1 << 16, file);
    ldbx_bytes_set_size(bytes, size);
    fclose(file);
    return true;
}

START_TEST(a_recorded_answer)
{
    static const char wanted[] = "{\"bool_col\":true,\"tinyint_col\":1,\"smallint_col\":2,\"int_col\":3,"
                                 "\"bigint_col\":4,\"float_col\":1.1,"
                                 "\"double_col\":2.2,\"string_col\":\"stringval\",\"timestamp_col\":\"2021-"
                                 "07-01T05:43:28.000000Z\",\"binary_col\":"
                                 "\"Gr8=\",\"array_col\":[1,2,3],\"map_col\":{\"key1\":1,\"key2\":2},"
                                 "\"struct_col\":{\"Field1\":77,\"Field2\":"
                                 "\"2020-12-31\"},\"decimal_col\":3.30,\"date_col\":\"2020-12-31\","
                                 "\"interval_ym_col\":\"100-0\",\"interval_dt_col\":"
                                 "\"-8 00:00:00.000000000\"}";
    ldbx_bytes *bytes = ldbx_bytes_new(LDBX_MAX_BATCH);
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    ldbx_error *error = NULL;
    ldbx_view message;
    column batch;

    if (!read_recording("all-types-native-complex.schema.bin", bytes)) {
        printf("# skipped: no recordings beside the repository\n");
        ldbx_bytes_unref(bytes);
        return;
    }
    message = (ldbx_view){(const char *)ldbx_bytes_data(bytes), ldbx_bytes_size(bytes)};
    expect_ok(ldbx_arrow_read_schema(message, &schema, &error), error);
    ck_assert(read_recording("all-types-native-complex.batch1.bin", bytes));
    expect_ok(ldbx_arrow_read_batch(&schema, bytes, 1, &array, &error), error);
    batch = (column){schema, array};
    ck_assert_str_eq(row_of(&batch, 0, true, (size_t)schema.n_children), wanted);
    ldbx_arrow_array_release(&array);
    ldbx_arrow_schema_release(&schema);
    ldbx_bytes_unref(bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client/json_rows");
    TCase *tcase = suite_case(suite, "json_rows");

    tcase_add_test(tcase, integers_at_their_edges);
    tcase_add_test(tcase, booleans_are_bits);
    tcase_add_test(tcase, reals);
    tcase_add_test(tcase, decimals_are_exact);
    tcase_add_test(tcase, dates);
    tcase_add_test(tcase, timestamps_of_all_units);
    tcase_add_test(tcase, intervals);
    tcase_add_test(tcase, texts_and_bytes);
    tcase_add_test(tcase, nulls_of_every_layout);
    tcase_add_loop_test(tcase, types_that_came_as_text, 0, sizeof as_text / sizeof as_text[0]);
    tcase_add_test(tcase, text_of_types_that_came_as_text);
    tcase_add_test(tcase, depth_of_text_is_bounded);
    tcase_add_test(tcase, nested_values);
    tcase_add_test(tcase, nulls_inside_of_nested_values);
    tcase_add_test(tcase, offsets_of_slices);
    tcase_add_test(tcase, large_offsets);
    tcase_add_test(tcase, keys_of_maps_become_text);
    tcase_add_test(tcase, rows);
    tcase_add_test(tcase, cells_allocate_nothing);
    tcase_add_test(tcase, failures_are_the_buffers);
    tcase_add_test(tcase, times);
    tcase_add_test(tcase, a_recorded_answer);
    return suite_run(suite);
}
