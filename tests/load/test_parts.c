/* Where parts end, by a stager that takes no blocks: what does not fit into one object begins the next one. */
#include "arrays.h"

#include "base/hash.h"
#include "load/parts.h"

#define MOST ((int64_t)64 << 10) /* bytes of an object */

static ldbx_error *error;
static ldbx_stager *stager;
static ldbx_manifest manifest;
static ldbx_parts *parts;

static int put(void *user, const char *name, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel, ldbx_error **hook)
{
    (void)user;
    (void)name;
    (void)cancel;
    (void)hook;
    ck_assert_uint_eq(crc32, ldbx_crc32(0, content.data, content.size));
    ck_assert_uint_le(content.size, MOST);
    return LDBX_OK;
}

static int forget(void *user, const char *name, ldbx_cancel *cancel, ldbx_error **hook)
{
    (void)user;
    (void)name;
    (void)cancel;
    (void)hook;
    return LDBX_OK;
}

static int reserve(int64_t part, void *user, ldbx_error **hook)
{
    (void)part;
    (void)user;
    (void)hook;
    return LDBX_OK;
}

static int moved(void *user, ldbx_error **hook)
{
    (void)user;
    (void)hook;
    return LDBX_OK;
}

static const ldbx_load_column columns[] = {{"a_column_whose_name_is_as_long_as_a_name_may_well_be", "STRING"},
                                           {"another_one", "STRING"}};

static void set_up(void)
{
    const ldbx_stager_ops ops = {.size = sizeof ops, .put = put, .remove = forget};
    ldbx_stager_options options;

    ldbx_stager_options_init(&options, sizeof options);
    options.url = "test:";
    options.block_bytes = MOST;
    expect_ok(ldbx_stager_new(&ops, &options, NULL, &stager, &error), error);
    manifest = (ldbx_manifest){.attempt =
                                   {
                                       .run = "20241124T180000Z-9f3a62c1",
                                       .number = 1,
                                   },
                               .null_value = "ldbx_0123456789abcdef0123456789abcdef"};
    expect_ok(ldbx_manifest_set_columns(&manifest, columns, 2, &error), error);
}

static void tear_down(void)
{
    ldbx_parts_destroy(parts);
    ldbx_manifest_clear(&manifest);
    ldbx_stager_destroy(stager);
    ldbx_error_destroy(error);
    parts = NULL;
    error = NULL;
}

#define ROWS 62

static void begin(void)
{
    const ldbx_parts_options options = {.job = "job",
                                        .manifest = &manifest,
                                        .stager = stager,
                                        .part_rows = ROWS,
                                        .part_bytes = 1000000000,
                                        .reserve = reserve,
                                        .moved = moved};

    expect_ok(ldbx_parts_new(&options, &parts, &error), error);
}

/* Rows of so many bytes as text: two cells, a comma and a line feed. */
static void append(size_t row)
{
    static char letters[MOST];
    ldbx_view first[ROWS], second[ROWS];
    column *batch;

    memset(letters, 'x', sizeof letters);
    for (size_t i = 0; i < ROWS; i++) {
        first[i] = (ldbx_view){letters, row / 2};
        second[i] = (ldbx_view){letters, row - row / 2 - 2};
    }
    batch = make("+s", "", NULL, ROWS, 2, named(bytes_of("u", NULL, ROWS, first), columns[0].name),
                 named(bytes_of("u", NULL, ROWS, second), columns[1].name));
    expect_ok(ldbx_parts_arrow(parts, &batch->schema, &batch->array, &error), error);
}

/* The second batch begins a part as one slice, which would fit if there were no header. */
START_TEST(arrow_rows_and_their_header_fit_into_an_object)
{
    begin();
    append(10);
    append(MOST / ROWS);
    expect_ok(ldbx_parts_finish(parts, &error), error);
    ck_assert_int_eq(manifest.rows, 2 * ROWS);
    ck_assert_uint_eq(manifest.part_count, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parts");
    TCase *tcase = suite_case(suite, "parts");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, arrow_rows_and_their_header_fit_into_an_object);
    return suite_run(suite);
}
