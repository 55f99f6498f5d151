/* Attempts that died: their files are removed, twice, by whoever comes next with the stager of the same address. */
#include <string.h>

#include "base/cancel.h"
#include "base/error.h"
#include "load/loader.h"
#include "stage/each.h"

typedef struct removal {
    ldbx_loader *loader;
    const ldbx_attempt *attempt;
} removal;

static int remove_part(int64_t index, void *user, ldbx_error **error)
{
    const removal *work = user;
    char name[LDBX_STAGED_SIZE];

    ldbx_staged_name(work->loader->job, work->attempt, index + 1, name);
    return ldbx_stager_remove(work->loader->stager, name, work->loader->statement.cancel, error);
}

int ldbx_load_remove(ldbx_loader *loader, const ldbx_attempt *attempt, ldbx_error **error)
{
    removal work = {loader, attempt};

    return ldbx_stager_each(loader->stager, attempt->parts, remove_part, &work, error);
}

int ldbx_load_bury(ldbx_loader *loader, const ldbx_manifest *load, ldbx_error **error)
{
    const ldbx_load_document *document = &loader->document;

    if (document->dead_count == LDBX_MAX_DEAD)
        ldbx_load_warn(loader, "more than %d attempts died: files of one may stay in %s/%s/%s", LDBX_MAX_DEAD,
                       document->dead[0].url, loader->job, document->dead[0].attempt.run);
    return ldbx_load_document_add_dead(&loader->document, &load->attempt, load->url, error);
}

static bool is_elsewhere(const ldbx_loader *loader, const ldbx_dead *dead)
{
    return strcmp(dead->url, ldbx_stager_url(loader->stager)) != 0;
}

void ldbx_load_remove_dead(ldbx_loader *loader)
{
    for (size_t i = 0; i < loader->document.dead_count; i++) {
        ldbx_dead *dead = &loader->document.dead[i];
        if (!dead->removed && !is_elsewhere(loader, dead) && !ldbx_cancel_is_triggered(loader->statement.cancel))
            dead->removed = ldbx_load_remove(loader, &dead->attempt, NULL) == LDBX_OK;
    }
}

void ldbx_load_forget_dead(ldbx_loader *loader)
{
    size_t i = 0;

    while (i < loader->document.dead_count) {
        const ldbx_dead *dead = &loader->document.dead[i];
        ldbx_error *failure = NULL;
        if (is_elsewhere(loader, dead))
            ldbx_load_warn(loader, "files of an attempt that died may have stayed in %s/%s/%s", dead->url, loader->job,
                           dead->attempt.run);
        else if (ldbx_load_remove(loader, &dead->attempt, &failure) != LDBX_OK)
            ldbx_load_warn(loader, "staged files are left: %s", ldbx_error_message(failure));
        if (failure != NULL || is_elsewhere(loader, dead))
            i++;
        else
            ldbx_load_document_drop_dead(&loader->document, i);
        ldbx_error_destroy(failure);
    }
}
