#include "load/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"

#define READABLE 48 /* characters of the key that are kept */

int ldbx_job_folder(const char *key, char out[LDBX_JOB_FOLDER_SIZE], ldbx_error **error)
{
    uint8_t hash[32];
    size_t size = 0;

    if (!ldbx_sha256(ldbx_view_of(key), hash))
        return ldbx_fail(error, LDBX_IO, "the key could not be hashed");
    for (const char *c = key; *c != '\0' && size < READABLE; c++)
        out[size++] = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '-';
    snprintf(out + size, LDBX_JOB_FOLDER_SIZE - size, "-%02x%02x%02x%02x", hash[0], hash[1], hash[2], hash[3]);
    return LDBX_OK;
}

void ldbx_staged_file(const ldbx_attempt *attempt, int64_t part, char out[LDBX_STAGED_SIZE])
{
    snprintf(out, LDBX_STAGED_SIZE, "%lld-%06lld.csv%s", (long long)attempt->number, (long long)part,
             attempt->gzip ? ".gz" : "");
}

void ldbx_staged_name(const char *job, const ldbx_attempt *attempt, int64_t part, char out[LDBX_STAGED_SIZE])
{
    char file[LDBX_STAGED_SIZE];

    ldbx_staged_file(attempt, part, file);
    snprintf(out, LDBX_STAGED_SIZE, "%s/%s/%.64s", job, attempt->run, file);
}
