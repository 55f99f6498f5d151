/* A stream of bytes as gzip, one member a part, the same bytes for the same input. By ISA-L where the build found it, otherwise by zlib. */
#ifndef LDBX_LOAD_GZIP_H
#define LDBX_LOAD_GZIP_H

#include <stdbool.h>

#include <lytics_dbx/types.h>

#include "base/buf.h"

typedef struct ldbx_gzip ldbx_gzip;

int ldbx_gzip_new(ldbx_gzip **out, ldbx_error **error);
void ldbx_gzip_destroy(ldbx_gzip *gzip); /* NULL is fine */

/* Takes all of the input and appends what comes out of it, which may be nothing yet. finish ends the member; the next call begins another. After a
 * failure, which is of memory, only destroy may follow. */
int ldbx_gzip_write(ldbx_gzip *gzip, ldbx_view input, bool finish, ldbx_buf *out, ldbx_error **error);

#endif
