/*
 * What the real service said and the public functions do not hand out: links to objects in cloud storage, and the objects themselves, which hold a whole
 * Arrow stream in LZ4 frames. The recordings are not part of this repository; where they are not, this says so and passes. The answers that carry rows are
 * played by tests/recordings.
 */
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "suite.h"
#include "wire/arrow_ipc.h"
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

static ldbx_buf read_recording(const char *file)
{
    char path[512];
    ldbx_buf bytes;
    snprintf(path, sizeof path, FOLDER "%s", file);
    read_source_file(&bytes, path);
    return bytes;
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

static int64_t number(const cJSON *entry, const char *name)
{
    int64_t value = -1;
    ck_assert_msg(ldbx_json_int64(entry, name, &value), "the index has no number %s", name);
    return value;
}

static void expect_link(const cJSON *wanted, const ldbx_tcli_link *link)
{
    ck_assert(ldbx_view_starts(link->url, "https://recorded-results.storage."));
    ck_assert_int_eq(link->expires_ms, number(wanted, "expiryTime"));
    ck_assert_int_eq(link->start_row, number(wanted, "startRowOffset"));
    ck_assert_int_eq(link->rows, number(wanted, "rowCount"));
    ck_assert_int_eq(link->bytes, number(wanted, "bytesNum"));
    ck_assert_uint_eq(link->header_count, (size_t)cJSON_GetArraySize(ldbx_json_get(wanted, "httpHeaders")));
}

START_TEST(links_are_what_the_index_says)
{
    cJSON *index = read_index();
    const cJSON *entry = NULL;
    int checked = 0;
    cJSON_ArrayForEach(entry, array_of(index, "exchanges"))
    {
        const cJSON *links = array_of(entry, "links");
        ldbx_tcli_execute_reply reply;
        ldbx_error *error = NULL;
        ldbx_buf message;
        if (links == NULL)
            continue;
        message = read_recording(ldbx_json_text(ldbx_json_get(entry, "files"), "response", ""));
        expect_ok(ldbx_tcli_read_execute(ldbx_buf_get(&message), (int32_t)number(entry, "seqid"), &reply, &error),
                  error);
        ck_assert_uint_eq(reply.rows.link_count, (size_t)cJSON_GetArraySize(links));
        for (size_t i = 0; i < reply.rows.link_count; i++)
            expect_link(cJSON_GetArrayItem(links, (int)i), &reply.rows.links[i]);
        ldbx_tcli_execute_clear(&reply);
        ldbx_buf_clear(&message);
        checked++;
    }
    ck_assert_int_eq(checked, 5);
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
    int64_t total = 0;
    expect_ok(ldbx_arrow_read_schema(next_message(&stream), &schema, &error), error);
    ck_assert_int_eq(schema.n_children, cJSON_GetArraySize(array_of(entry, "schema")));
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
    ck_assert_int_eq(total, number(entry, "rowCount"));
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
        if (cJSON_IsTrue(ldbx_json_get(entry, "lz4"))) {
            expect_ok(ldbx_lz4_read(lz4, content, bytes, &error), error);
            content.data = (const char *)ldbx_bytes_data(bytes);
            content.size = ldbx_bytes_size(bytes);
        }
        ck_assert_int_eq((int64_t)content.size, number(entry, "uncompressedBytes"));
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
    tcase_add_test(tcase, links_are_what_the_index_says);
    tcase_add_test(tcase, result_objects_are_what_the_index_says);
    return suite_run(suite);
}
