/*
 * Pages of a result, one in work and one ahead: while the caller reads a page, a thread fetches the next over a channel of its own, and keeps
 * the result alive on the server while the caller is slow. Without prefetch everything happens in the calling thread.
 *
 * Every page is checked: it starts where the last one ended and holds the rows that it declares.
 */
#ifndef LDBX_CLIENT_PAGES_H
#define LDBX_CLIENT_PAGES_H

#include "client/dialect.h"
#include "client/operation.h"

typedef struct ldbx_pages ldbx_pages;

typedef struct ldbx_page {
    ldbx_http_response response; /* the views of rows lie in its body */
    ldbx_tcli_rows rows;
} ldbx_page;

void ldbx_page_clear(ldbx_page *page);

typedef struct ldbx_pages_options {
    const ldbx_config *config;
    const ldbx_dialect *dialect;
    ldbx_oauth *oauth;     /* NULL: none */
    ldbx_channel *channel; /* of the calling thread; borrowed */
    bool prefetch;
    const ldbx_cancel *cancel;
} ldbx_pages_options;

/*
 * operation is borrowed. first: the page that came with the answer to the statement (present or not); its content moves into the new object, also on
 * failure.
 */
int ldbx_pages_new(ldbx_operation *operation, const ldbx_pages_options *options, ldbx_page *first, ldbx_pages **out,
                   ldbx_error **error);
void ldbx_pages_destroy(ldbx_pages *pages);

/* The next page, borrowed until the next call; LDBX_DONE at the end. Pages without rows are passed over. */
int ldbx_pages_next(ldbx_pages *pages, const ldbx_tcli_rows **out, ldbx_error **error);

/* Bytes of answers so far. */
int64_t ldbx_pages_bytes(const ldbx_pages *pages);

#endif
