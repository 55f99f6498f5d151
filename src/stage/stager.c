#include "stage/stager.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/str.h"

#define OLDEST_OPTIONS sizeof(ldbx_stager_options)
#define OLDEST_OPS     sizeof(ldbx_stager_ops)
#define LEAST_BLOCK    ((int64_t)64 << 10)
#define DEFAULT_BLOCK  ((int64_t)5 << 20) /* the smallest part of a multipart upload */

struct ldbx_stager {
    ldbx_stager_ops ops;
    ldbx_stager_options options; /* its url is owned below */
    char *url;
    void *user;
};

void ldbx_stager_options_init(ldbx_stager_options *options, size_t size)
{
    ldbx_stager_options defaults = {.size = size, .block_bytes = DEFAULT_BLOCK, .parallel = 1};

    ldbx_options_default(options, size, &defaults, sizeof defaults);
}

int ldbx_stager_check_address(const char *what, const char *text, ldbx_error **error)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (strchr("*?[]{}\\", *c) != NULL)
            return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                             "%s: '%c' is not allowed, since COPY INTO reads it as a pattern", what, *c);
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s: control characters are not allowed", what);
    }
    if (!ldbx_utf8_valid(ldbx_view_of(text)))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is not valid UTF-8", what);
    return LDBX_OK;
}

static bool is_name_byte(char byte)
{
    return ldbx_is_alnum(byte) || strchr("._-/", byte) != NULL;
}

/* A name cannot lead out of the staging, and none of its parts is one that COPY INTO passes over as hidden. */
static int check_name(const char *name, ldbx_error **error)
{
    char before = '/';

    for (const char *at = name; *at != '\0'; before = *at++)
        if (!is_name_byte(*at) || (before == '/' && strchr("._/", *at) != NULL))
            return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "'%s' is no name of a staged file", name);
    return before != '/' ? LDBX_OK : ldbx_fail(error, LDBX_INVALID_ARGUMENT, "'%s' is no name of a staged file", name);
}

static int check_ops(const ldbx_stager_ops *ops, ldbx_error **error)
{
    int blocks = (ops->begin != NULL) + (ops->block != NULL) + (ops->finish != NULL) + (ops->abandon != NULL);

    if (ops->put == NULL || ops->remove == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "ldbx_stager_ops: put and remove are required");
    if (blocks != 0 && blocks != 4)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "ldbx_stager_ops: begin, block, finish and abandon go together");
    return LDBX_OK;
}

static int check_options(const ldbx_stager_options *options, ldbx_error **error)
{
    if (options->url == NULL || options->url[0] == '\0')
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "ldbx_stager_options: url is required");
    if (options->block_bytes < LEAST_BLOCK || options->block_bytes > LDBX_STAGER_LARGEST_BLOCK)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                         "ldbx_stager_options: block_bytes must be from 65536 to 268435456");
    if (options->parallel < 1 || options->parallel > LDBX_STAGER_MOST_PARALLEL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "ldbx_stager_options: parallel must be from 1 to %d",
                         LDBX_STAGER_MOST_PARALLEL);
    return ldbx_stager_check_address("the address of the staging", options->url, error);
}

int ldbx_stager_new(const ldbx_stager_ops *ops, const ldbx_stager_options *options, void *user, ldbx_stager **out,
                    ldbx_error **error)
{
    ldbx_stager made = {.user = user};

    if (out == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "out is NULL");
    *out = NULL;
    ldbx_stager_options_init(&made.options, sizeof made.options);
    LDBX_TRY(ldbx_options_take(&made.ops, sizeof made.ops, OLDEST_OPS, ops, "ldbx_stager_ops", error));
    LDBX_TRY(
        ldbx_options_take(&made.options, sizeof made.options, OLDEST_OPTIONS, options, "ldbx_stager_options", error));
    LDBX_TRY(check_ops(&made.ops, error));
    LDBX_TRY(check_options(&made.options, error));
    made.url = ldbx_strdup(made.options.url);
    *out = made.url != NULL ? ldbx_alloc(sizeof **out) : NULL;
    if (*out == NULL) {
        ldbx_free(made.url);
        return ldbx_fail_no_memory(error);
    }
    /* A name follows behind one slash. */
    for (size_t end = strlen(made.url); end > 1 && made.url[end - 1] == '/'; end--)
        made.url[end - 1] = '\0';
    made.options.url = made.url;
    **out = made;
    return LDBX_OK;
}

void ldbx_stager_destroy(ldbx_stager *stager)
{
    if (stager == NULL)
        return;
    if (stager->ops.destroy != NULL)
        stager->ops.destroy(stager->user);
    ldbx_free(stager->url);
    ldbx_free(stager);
}

const char *ldbx_stager_url(const ldbx_stager *stager)
{
    return stager->url;
}

size_t ldbx_stager_block_bytes(const ldbx_stager *stager)
{
    return (size_t)stager->options.block_bytes;
}

int ldbx_stager_parallel(const ldbx_stager *stager)
{
    return stager->options.parallel;
}

bool ldbx_stager_takes_blocks(const ldbx_stager *stager)
{
    return stager->ops.begin != NULL;
}

/* What a hook answered, as an error of ours that names the object: also where the hook made none. */
static int answer(int status, const char *action, const char *name, ldbx_error **hook, ldbx_error **error)
{
    if (status == LDBX_OK) {
        ldbx_error_destroy(*hook);
        return LDBX_OK;
    }
    status = ldbx_error_of_hook(hook, status);
    ldbx_error_prefix(hook, "%s %s", action, name);
    ldbx_error_move(error, hook);
    return status;
}

int ldbx_stager_put(ldbx_stager *stager, const char *name, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel,
                    ldbx_error **error)
{
    ldbx_error *hook = NULL;
    int status;

    LDBX_TRY(check_name(name, error));
    status = stager->ops.put(stager->user, name, content, crc32, cancel, &hook);
    return answer(status, "staging", name, &hook, error);
}

int ldbx_stager_remove(ldbx_stager *stager, const char *name, ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_error *hook = NULL;
    int status;

    LDBX_TRY(check_name(name, error));
    status = stager->ops.remove(stager->user, name, cancel, &hook);
    return answer(status, "removing", name, &hook, error);
}

int ldbx_stager_begin(ldbx_stager *stager, const char *name, void **transfer, ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_error *hook = NULL;
    int status;

    LDBX_TRY(check_name(name, error));
    status = stager->ops.begin(stager->user, name, transfer, cancel, &hook);
    return answer(status, "staging", name, &hook, error);
}

int ldbx_stager_block(ldbx_stager *stager, const char *name, void *transfer, int64_t index, ldbx_view content,
                      uint32_t crc32, ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_error *hook = NULL;
    int status = stager->ops.block(stager->user, transfer, index, content, crc32, cancel, &hook);

    return answer(status, "staging", name, &hook, error);
}

int ldbx_stager_finish(ldbx_stager *stager, const char *name, void *transfer, int64_t bytes, uint32_t crc32,
                       ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_error *hook = NULL;
    int status = stager->ops.finish(stager->user, transfer, bytes, crc32, cancel, &hook);

    return answer(status, "staging", name, &hook, error);
}

void ldbx_stager_abandon(ldbx_stager *stager, void *transfer)
{
    stager->ops.abandon(stager->user, transfer);
}

int ldbx_stager_check(ldbx_stager *stager, const char *name, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel,
                      ldbx_error **error)
{
    ldbx_error *hook = NULL;

    LDBX_TRY(check_name(name, error));
    if (stager->ops.check == NULL)
        return LDBX_OK;
    return answer(stager->ops.check(stager->user, name, bytes, crc32, cancel, &hook), "checking", name, &hook, error);
}

int ldbx_stager_probe(ldbx_stager *stager, ldbx_cancel *cancel, ldbx_error **error)
{
    static const char content[] = "probe\n";
    const ldbx_view view = {content, sizeof content - 1};
    uint8_t random[8];
    char name[sizeof "ldbx-probe-" + 2 * sizeof random];
    int size = snprintf(name, sizeof name, "ldbx-probe-");

    if (stager == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "stager is NULL");
    if (!ldbx_random(random, sizeof random))
        return ldbx_fail(error, LDBX_IO, "the system gave no random bytes");
    for (size_t i = 0; i < sizeof random; i++)
        size += snprintf(name + size, sizeof name - (size_t)size, "%02x", random[i]);
    LDBX_TRY(ldbx_stager_put(stager, name, view, ldbx_crc32(0, view.data, view.size), cancel, error));
    return ldbx_stager_remove(stager, name, cancel, error);
}

int ldbx_stager_access(ldbx_stager *stager, ldbx_access *out, ldbx_error **error)
{
    ldbx_error *hook = NULL;

    *out = (ldbx_access){.size = sizeof *out};
    if (stager->ops.access == NULL)
        return LDBX_OK;
    LDBX_TRY(answer(stager->ops.access(stager->user, out, &hook), "rights to", "the staging", &hook, error));
    if (out->kind == LDBX_ACCESS_NAMED && out->credential == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "the stager gave no name of a storage credential");
    if (out->kind == LDBX_ACCESS_INLINE && (out->access_key_id == NULL || out->secret_access_key == NULL))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "the stager gave no keys for the statement");
    if (out->kind != LDBX_ACCESS_EXTERNAL && out->kind != LDBX_ACCESS_NAMED && out->kind != LDBX_ACCESS_INLINE)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "the stager gave rights of an unknown kind: %d", (int)out->kind);
    return LDBX_OK;
}
