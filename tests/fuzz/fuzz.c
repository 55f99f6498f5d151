#include "fuzz.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "client/batch.h"

#define MAX_ROWS 512 /* that are walked cell by cell, from both ends of a batch */

void fuzz_must(bool fine, const char *condition, const char *file, int line)
{
    if (fine)
        return;
    fprintf(stderr, "%s:%d: must be so: %s\n", file, line, condition);
    abort();
}

/* The allocator that counts. Each block's size stands in front of it. */

#define HEAD 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t live, most, blocks;

static void count(size_t taken, size_t given)
{
    pthread_mutex_lock(&lock);
    live += taken;
    live -= given;
    if (live > most) {
        fprintf(stderr, "%zu bytes in use where at most %zu are in proportion\n", live, most);
        abort();
    }
    pthread_mutex_unlock(&lock);
}

static void *count_allocate(size_t bytes, void *user)
{
    char *block = NULL;
    (void)user;
    count(bytes, 0);
    block = (char *)malloc(HEAD + bytes);
    must(block != NULL);
    memcpy(block, &bytes, sizeof bytes);
    blocks++;
    return block + HEAD;
}

static void count_release(void *memory, void *user)
{
    char *block = (char *)memory - HEAD;
    size_t bytes;
    (void)user;
    memcpy(&bytes, block, sizeof bytes);
    count(0, bytes);
    blocks--;
    free(block);
}

static void *count_reallocate(void *memory, size_t old_bytes, size_t bytes, void *user)
{
    char *block = (char *)count_allocate(bytes, user);
    if (memory != NULL) {
        memcpy(block, memory, old_bytes < bytes ? old_bytes : bytes);
        count_release(memory, user);
    }
    return block;
}

void fuzz_begin(size_t allowed)
{
    static const ldbx_allocator counting = {sizeof counting, count_allocate, count_reallocate, count_release, NULL};
    must(ldbx_set_allocator(&counting) == LDBX_OK);
    must(live == 0 && blocks == 0);
    most = allowed;
}

void fuzz_end(void)
{
    must(live == 0 && blocks == 0);
}

bool fuzz_ok(int status, ldbx_error *error)
{
    const char *message = ldbx_error_message(error);
    if (status < 0) {
        must(error != NULL && ldbx_error_status(error) == status);
        must(message[0] != '\0' && ldbx_utf8_valid(ldbx_view_of(message)));
        must(status != LDBX_NO_MEMORY);
    } else {
        must(error == NULL);
    }
    ldbx_error_destroy(error);
    return status == LDBX_OK;
}

char *fuzz_copy(ldbx_view bytes)
{
    char *copy = (char *)malloc(bytes.size > 0 ? bytes.size : 1);
    must(copy != NULL);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return copy;
}

/* Walking. */

static void touch(ldbx_view bytes)
{
    static volatile unsigned sum; /* so that the reads are made */
    for (size_t i = 0; i < bytes.size; i++)
        sum = sum + (unsigned char)bytes.data[i];
}

static void walk_cell(const ldbx_batch *batch, int64_t row, size_t column)
{
    static volatile double sum;
    const bool null = ldbx_batch_is_null(batch, row, column) != 0;
    ldbx_view text = {NULL, 0};
    ldbx_error *error = NULL;
    int64_t us = 0;
    const int timed = ldbx_batch_timestamp_us(batch, row, column, &us);
    const ldbx_view bytes = ldbx_batch_bytes(batch, row, column);
    sum = sum + (double)ldbx_batch_int64(batch, row, column) + ldbx_batch_double(batch, row, column);
    touch(bytes);
    must(!null || (bytes.data == NULL && !timed && ldbx_batch_int64(batch, row, column) == 0));
    if (ldbx_batch_text(batch, row, column, &text, &error) == LDBX_OK) {
        touch(text);
        must(null == (text.data == NULL));
        must(bytes.data != NULL || ldbx_utf8_valid(text)); /* a STRING is as it came */
    }
    ldbx_error_destroy(error);
}

/* Lines of JSON: as many as there are rows, each in braces. */
static void check_lines(ldbx_view lines, int64_t rows)
{
    int64_t count = 0;
    must(ldbx_utf8_valid(lines));
    for (size_t i = 0; i < lines.size; i++) {
        if (lines.data[i] != '\n')
            continue;
        count++;
        must(i > 0 && lines.data[i - 1] == '}' && (i + 1 == lines.size || lines.data[i + 1] == '{'));
    }
    must(count == rows);
}

void fuzz_walk_batch(const ldbx_batch *batch)
{
    const int64_t rows = ldbx_batch_rows(batch);
    const size_t text_max = batch->text->max;
    ldbx_error *error = NULL;
    ldbx_view lines;
    batch->text->max = FUZZ_MAX_JSON;
    for (int64_t row = 0; row < rows; row++) {
        if (row == MAX_ROWS && rows > 2 * MAX_ROWS)
            row = rows - MAX_ROWS;
        for (size_t column = 0; column < batch->count; column++)
            walk_cell(batch, row, column);
    }
    if (ldbx_batch_json(batch, &lines, &error) == LDBX_OK)
        check_lines(lines, rows);
    ldbx_error_destroy(error);
    batch->text->max = text_max;
}

void fuzz_walk(const struct ArrowArray *array, const ldbx_shape *shape)
{
    ldbx_buf text;
    ldbx_cells *columns = (ldbx_cells *)calloc(shape->count + 1, sizeof *columns);
    const ldbx_batch batch = {array, columns, shape->count, &text};
    must(columns != NULL);
    ldbx_batch_columns(shape, array, columns);
    ldbx_buf_init(&text, FUZZ_MAX_JSON);
    fuzz_walk_batch(&batch);
    ldbx_buf_clear(&text);
    free(columns);
}
