#include "store/store.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/options.h"

struct ldbx_store {
    ldbx_store_ops ops;
    void *user;
};

int ldbx_store_new(const ldbx_store_ops *ops, void *user, ldbx_store **out, ldbx_error **error)
{
    ldbx_store_ops taken = {0};

    if (out == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "out is NULL");
    *out = NULL;
    LDBX_TRY(ldbx_options_take(&taken, sizeof taken, sizeof taken, ops, "ldbx_store_ops", error));
    if (taken.load == NULL || taken.save == NULL || taken.remove == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "ldbx_store_ops: load, save and remove are required");
    *out = ldbx_alloc(sizeof **out);
    if (*out == NULL)
        return ldbx_fail_no_memory(error);
    (*out)->ops = taken;
    (*out)->user = user;
    return LDBX_OK;
}

void ldbx_store_destroy(ldbx_store *store)
{
    if (store == NULL)
        return;
    if (store->ops.destroy != NULL)
        store->ops.destroy(store->user);
    ldbx_free(store);
}

/* A status above 0 is no failure that a hook may answer with. */
static int fail_hook(ldbx_error **error, int status, const char *key, const char *message)
{
    ldbx_status failure = status > 0 ? LDBX_IO : (ldbx_status)status;

    return ldbx_fail(error, failure, "checkpoint %s: %s", key, message != NULL ? message : ldbx_status_text(failure));
}

/* What a load hook handed over. */
typedef struct delivery {
    ldbx_buf *document;
    int64_t revision;
    bool wrong; /* a revision below 1, or a second document */
    bool too_large;
} delivery;

static int take_document(ldbx_view document, int64_t revision, void *context)
{
    delivery *taken = context;

    taken->wrong = taken->wrong || revision < 1 || taken->revision != 0;
    taken->too_large = document.size > taken->document->max;
    taken->revision = revision;
    ldbx_buf_reset(taken->document);
    ldbx_buf_view(taken->document, document);
    return taken->wrong || taken->document->failed;
}

int ldbx_store_load(ldbx_store *store, const char *key, ldbx_buf *document, int64_t *revision, ldbx_error **error)
{
    delivery taken = {document, 0, false, false};
    const char *message = NULL;
    int status;

    *revision = 0;
    ldbx_buf_reset(document);
    status = store->ops.load(store->user, key, take_document, &taken, &message);
    if (taken.too_large)
        return fail_hook(error, LDBX_INVALID_DATA, key, "larger than a checkpoint may be (64 MiB)");
    if (taken.wrong)
        return fail_hook(error, LDBX_INVALID_DATA, key, "the store gave no single document with a revision");
    if (document->failed)
        return ldbx_fail_no_memory(error);
    if (status != LDBX_OK)
        return fail_hook(error, status, key, message);
    if (taken.revision == 0)
        return fail_hook(error, LDBX_INVALID_DATA, key, "the store found it but gave nothing");
    *revision = taken.revision;
    return LDBX_OK;
}

int ldbx_store_save(ldbx_store *store, const char *key, ldbx_view document, int64_t *revision, ldbx_error **error)
{
    const char *message = NULL;
    int status;

    if (document.size > LDBX_MAX_DOCUMENT)
        return fail_hook(error, LDBX_INVALID_ARGUMENT, key, "larger than a checkpoint may be (64 MiB)");
    status = store->ops.save(store->user, key, document, *revision, &message);
    if (status != LDBX_OK)
        return fail_hook(error, status, key, message);
    *revision += 1;
    return LDBX_OK;
}

int ldbx_store_remove(ldbx_store *store, const char *key, ldbx_error **error)
{
    const char *message = NULL;
    int status = store->ops.remove(store->user, key, &message);

    return status == LDBX_OK ? LDBX_OK : fail_hook(error, status, key, message);
}
