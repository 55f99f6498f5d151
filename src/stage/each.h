/* The same call for many objects, on as many threads as a stager is parallel. */
#ifndef LDBX_STAGE_EACH_H
#define LDBX_STAGE_EACH_H

#include "stage/stager.h"

typedef int ldbx_each_fn(int64_t index, void *user, ldbx_error **error);

/* Calls for 0 to count - 1, in no order, until one fails; that failure is returned. With parallel 1 all are made on the caller's thread, in order. */
int ldbx_stager_each(const ldbx_stager *stager, int64_t count, ldbx_each_fn *call, void *user, ldbx_error **error);

#endif
