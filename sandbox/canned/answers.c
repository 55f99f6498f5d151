#include "canned.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const form_names[FORM_COUNT] = {"lz4", "lz4-plain", "arrow", "arrow-text", "columns"};

static const char *const call_names[CALL_COUNT] = {"OpenSession", "GetOperationStatus", "CloseOperation",
                                                   "CancelOperation", "CloseSession"};

/* What prepare.py leaves where something is to be filled in. */
static const uint8_t operation_mark[] = {0x63, 0x61, 0x6e, 0x6e, 0x65, 0x64, 0x40, 0x00, 0x80, 0x00};
static const uint8_t start_mark[] = {0x63, 0x61, 0x6e, 0x6e, 0x65, 0x64, 0x3a, 0x30};

static void fail(const char *what, const char *path)
{
    fprintf(stderr, "sandbox-canned: %s: %s\n", path, what);
    exit(1);
}

static size_t find(const answer *in, const void *mark, size_t size)
{
    const uint8_t *at = memmem(in->head, sizeof in->head, mark, size);

    return at != NULL ? (size_t)(at - in->head) : 0;
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool open_answer(const char *path, answer *out)
{
    struct stat about;
    ssize_t got;

    *out = (answer){.fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (out->fd < 0)
        return false;
    got = pread(out->fd, out->head, sizeof out->head, 0);
    if (got < 12 || fstat(out->fd, &about) != 0)
        fail("it cannot be read", path);
    out->size = (size_t)about.st_size;
    out->seqid_at = 8 + big_endian(out->head + 4); /* version, length of the name, name */
    if (out->seqid_at + 4 > (size_t)got)
        fail("it is no answer", path);
    out->operation_at = find(out, operation_mark, sizeof operation_mark);
    if (out->operation_at > 0)
        out->operation_at += sizeof operation_mark;
    out->start_at = find(out, start_mark, sizeof start_mark);
    return true;
}

/* Results live as long as the program. */
static rows *load_rows(const char *folder, const char *name, const char *in_form)
{
    rows *result = calloc(1, sizeof *result);
    char path[4608];

    if (result == NULL)
        fail("there is no memory", folder);
    snprintf(path, sizeof path, "%s/results/%s/%s/execute", folder, name, in_form);
    if (!open_answer(path, &result->execute)) {
        free(result);
        return NULL;
    }
    snprintf(path, sizeof path, "%s/results/%s/%s/metadata", folder, name, in_form);
    if (!open_answer(path, &result->metadata))
        fail("it is missing", path);
    for (; result->page_count < MAX_PAGES; result->page_count++) {
        answer *page = &result->pages[result->page_count];
        snprintf(path, sizeof path, "%s/results/%s/%s/page-%lld", folder, name, in_form, (long long)result->page_count);
        if (!open_answer(path, page))
            break;
        if (page->start_at == 0)
            fail("it has no place for the first row", path);
    }
    return result;
}

static void load_calls(answers *all, const char *folder)
{
    char path[4608];

    for (size_t i = 0; i < CALL_COUNT; i++) {
        snprintf(path, sizeof path, "%s/calls/%s", folder, call_names[i]);
        if (!open_answer(path, &all->calls[i]))
            fail("it is missing", path);
    }
}

void answers_load(answers *all, const char *folder, const char *richest)
{
    char path[4608], name[64];
    FILE *file;

    snprintf(path, sizeof path, "%s/statements", folder);
    file = fopen(path, "r");
    if (file == NULL)
        fail("it is missing", path);
    while (all->statement_count < sizeof all->statements / sizeof all->statements[0]) {
        statement *next = &all->statements[all->statement_count];
        long long times, page_rows;
        if (fscanf(file, "%63[^\t]\t%63[^\t]\t%lld\t%lld\n", next->part, name, &times, &page_rows) != 4)
            break;
        next->times = times;
        next->page_rows = page_rows;
        for (int i = 0; i < FORM_COUNT; i++)
            next->forms[i] = load_rows(folder, name, form_names[i]);
        all->statement_count++;
    }
    load_calls(all, folder);
    while (all->richest < FORM_COUNT && strcmp(form_names[all->richest], richest) != 0)
        all->richest++;
    if (all->richest == FORM_COUNT)
        fail("there is no such form of results", richest);
    if (!feof(file) || all->statement_count == 0)
        fail("it cannot be read", path);
    fclose(file);
}

static bool holds(ldbx_view text, const char *part)
{
    size_t size = strlen(part);

    for (size_t at = 0; at + size <= text.size; at++)
        if (strncasecmp(text.data + at, part, size) == 0)
            return true;
    return false;
}

const statement *answers_find(const answers *all, ldbx_view text)
{
    for (size_t i = 0; i < all->statement_count; i++) {
        const statement *known = &all->statements[i];
        if (holds(text, known->part))
            return known;
    }
    return NULL;
}

const answer *answers_call(const answers *all, ldbx_view call)
{
    for (size_t i = 0; i < CALL_COUNT; i++)
        if (strlen(call_names[i]) == call.size && memcmp(call_names[i], call.data, call.size) == 0)
            return &all->calls[i];
    return NULL;
}
