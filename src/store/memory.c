#include <lytics_dbx/store.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

typedef struct entry {
    struct entry *next;
    int64_t revision;
    ldbx_buf document;
    char key[];
} entry;

typedef struct memory_store {
    entry *first;
} memory_store;

/* The link that leads to the entry, or the last one, which is NULL. */
static entry **find_entry(memory_store *store, const char *key)
{
    entry **link = &store->first;

    while (*link != NULL && strcmp((*link)->key, key) != 0)
        link = &(*link)->next;
    return link;
}

static void drop_entry(entry **link)
{
    entry *gone = *link;

    *link = gone->next;
    ldbx_buf_clear(&gone->document);
    ldbx_free(gone);
}

static int memory_load(void *user, const char *key, ldbx_store_take_fn take, void *context, const char **message)
{
    const entry *found = *find_entry(user, key);

    (void)message;
    if (found == NULL)
        return LDBX_NOT_FOUND;
    return take(ldbx_buf_get(&found->document), found->revision, context) == 0 ? LDBX_OK : LDBX_STOPPED;
}

static entry *add_entry(entry **link, const char *key)
{
    size_t size = strlen(key) + 1;
    entry *added = ldbx_calloc(1, sizeof *added + size);

    if (added == NULL)
        return NULL;
    memcpy(added->key, key, size);
    ldbx_buf_init(&added->document, LDBX_MAX_DOCUMENT);
    *link = added;
    return added;
}

static int memory_save(void *user, const char *key, ldbx_view document, int64_t expected, const char **message)
{
    entry **link = find_entry(user, key);
    entry *target = *link;
    ldbx_buf copy;

    if ((target == NULL ? 0 : target->revision) != expected) {
        *message = "saved by another runner in the meantime";
        return LDBX_CONFLICT;
    }
    ldbx_buf_init(&copy, LDBX_MAX_DOCUMENT);
    ldbx_buf_view(&copy, document);
    if (!copy.failed && target == NULL)
        target = add_entry(link, key);
    if (copy.failed || target == NULL) {
        ldbx_buf_clear(&copy);
        return LDBX_NO_MEMORY;
    }
    ldbx_buf_clear(&target->document);
    target->document = copy;
    target->revision = expected + 1;
    return LDBX_OK;
}

static int memory_remove(void *user, const char *key, const char **message)
{
    entry **link = find_entry(user, key);

    (void)message;
    if (*link != NULL)
        drop_entry(link);
    return LDBX_OK;
}

static void memory_destroy(void *user)
{
    memory_store *store = user;

    while (store->first != NULL)
        drop_entry(&store->first);
    ldbx_free(store);
}

int ldbx_store_new_memory(ldbx_store **out, ldbx_error **error)
{
    static const ldbx_store_ops ops = {sizeof ops, memory_load, memory_save, memory_remove, memory_destroy};
    memory_store *store = NULL;
    int status;

    if (out == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "out is NULL");
    *out = NULL;
    store = ldbx_calloc(1, sizeof *store);
    if (store == NULL)
        return ldbx_fail_no_memory(error);
    status = ldbx_store_new(&ops, store, out, error);
    if (status != LDBX_OK)
        ldbx_free(store);
    return status;
}
