#include "client/pages.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"

#define PULSE_MS      30000 /* patience with a heartbeat */
#define LOOK_MS       50    /* how often a caller that waits for the thread looks at its token */
#define MAX_EMPTY     100   /* pages without rows in a row: a server that is still producing sends a few */
#define EMPTY_WAIT_MS 50
#define FIRST_ROWS    100 /* of a first page where nobody limits its bytes */

typedef enum fetch_state {
    FETCH_IDLE,   /* the spare page is free */
    FETCH_WANTED, /* the thread shall fill it, or is doing so */
    FETCH_READY   /* it is filled, or `failure` says why not */
} fetch_state;

struct ldbx_pages {
    ldbx_operation *operation;
    ldbx_pages_options options;
    ldbx_page pages[2];
    int current;      /* the page that the caller reads */
    bool has_first;   /* pages[current] came with the statement's answer and was not handed out yet */
    bool more;        /* the server has more behind what was handed out */
    int64_t next_row; /* ordinal of the next row in the result */
    int64_t bytes;
    int64_t asked;     /* rows, in the last fetch */
    int64_t last_rows; /* of the last page */
    int64_t last_bytes;

    bool threaded;
    ldbx_cancel *halt; /* ends what the thread does: the caller's token was triggered, or nobody wants pages any more */
    ldbx_channel *channel;    /* of the thread */
    ldbx_http_response pulse; /* answers to heartbeats */
    pthread_t thread;
    ldbx_lock lock; /* guards what follows */
    fetch_state state;
    bool stop;
    int status;
    ldbx_error *failure;
};

void ldbx_page_clear(ldbx_page *page)
{
    ldbx_tcli_rows_clear(&page->rows);
    ldbx_http_response_clear(&page->response);
}

/* Rows that the page declares, which decoding later holds it to; -1: a count below 0. */
static int64_t rows_of(const ldbx_tcli_rows *rows)
{
    int64_t count = 0;

    for (size_t i = 0; i < rows->batch_count; i++) {
        if (rows->batches[i].rows < 0 || rows->batches[i].rows > INT64_MAX - count)
            return -1;
        count += rows->batches[i].rows;
    }
    if (rows->batch_count == 0 && rows->column_count > 0)
        count = rows->columns[0].count;
    return count;
}

static int check_page(const ldbx_pages *pages, const ldbx_tcli_rows *rows, ldbx_error **error)
{
    ldbx_error_facts facts = {.statement_id = pages->operation->statement_id, .retry = -1};
    bool announces_more =
        pages->options.dialect->announces_more; /* else an empty page is the end: it must stand there */
    int64_t count = rows_of(rows);

    if (rows->link_count > 0)
        return ldbx_fail_facts(error, LDBX_UNSUPPORTED, &facts,
                               "the server sent links to cloud storage, which were not asked for");
    if (count < 0)
        return ldbx_fail_facts(error, LDBX_PROTOCOL, &facts, "a page declares a row count below 0");
    if (!announces_more && rows->start_row > pages->next_row)
        return ldbx_fail_facts(
            error, LDBX_SESSION_LOST, &facts,
            "an answer with rows %lld to %lld was lost, and the server sends no page twice (the result has gone)",
            (long long)pages->next_row, (long long)rows->start_row - 1);
    if ((count > 0 || !announces_more) && rows->start_row != pages->next_row)
        return ldbx_fail_facts(error, LDBX_PROTOCOL, &facts, "a page starts at row %lld instead of %lld",
                               (long long)rows->start_row, (long long)pages->next_row);
    return LDBX_OK;
}

/* Where the server limits rows alone, the size of the last ones tells how many fit into a page. */
static int64_t rows_to_ask(const ldbx_pages *pages)
{
    const ldbx_config *config = pages->options.config;
    int64_t fitting = FIRST_ROWS;

    if (pages->options.dialect->limits_bytes)
        return config->page_rows;
    if (pages->last_rows > 0)
        fitting = config->page_bytes / (pages->last_bytes / pages->last_rows + 1);
    if (fitting < 1)
        return 1;
    return fitting < config->page_rows ? fitting : config->page_rows;
}

static int fetch_into(ldbx_pages *pages, ldbx_channel *channel, const ldbx_cancel *cancel, ldbx_page *page,
                      ldbx_error **error)
{
    ldbx_tcli_fetch fetch = {rows_to_ask(pages), pages->options.config->page_bytes, pages->next_row, false};
    ldbx_operation_call how = {.channel = channel, .response = &page->response, .cancel = cancel};

    pages->asked = fetch.max_rows;
    ldbx_tcli_rows_clear(&page->rows);
    return ldbx_operation_fetch(pages->operation, &how, &fetch, &page->rows, error);
}

/* A consumer that sleeps must not lose its result; an answer that fails says nothing that the next fetch will not say. */
static void keep_alive(ldbx_pages *pages)
{
    ldbx_tcli_operation_status ignored;
    ldbx_operation_call how = {pages->channel, &pages->pulse, pages->halt, ldbx_deadline_in(PULSE_MS), true};

    ldbx_log(LDBX_LOG_DEBUG, "client", "heartbeat for statement %s", pages->operation->statement_id);
    ldbx_operation_status(pages->operation, &how, &ignored, NULL);
}

static void *fetch_ahead(void *argument)
{
    ldbx_pages *pages = argument;
    ldbx_lock_take(&pages->lock);
    while (!pages->stop) {
        if (pages->state == FETCH_WANTED) {
            ldbx_lock_give(&pages->lock);
            int status =
                fetch_into(pages, pages->channel, pages->halt, &pages->pages[1 - pages->current], &pages->failure);
            ldbx_lock_take(&pages->lock);
            pages->status = status;
            pages->state = FETCH_READY;
            ldbx_lock_tell(&pages->lock);
            continue;
        }
        if (!ldbx_lock_wait(&pages->lock, pages->options.config->heartbeat_ms) && !pages->stop &&
            pages->state != FETCH_WANTED) {
            ldbx_lock_give(&pages->lock);
            keep_alive(pages);
            ldbx_lock_take(&pages->lock);
        }
    }
    ldbx_lock_give(&pages->lock);
    return NULL;
}

/* Only a result of more than one page pays for a thread and a second connection. */
static int start_thread(ldbx_pages *pages, ldbx_error **error)
{
    if (pages->halt == NULL)
        LDBX_TRY(ldbx_cancel_new(&pages->halt, error));
    if (pages->channel == NULL)
        LDBX_TRY(ldbx_channel_new(pages->options.config, pages->options.oauth, &pages->channel, error));
    if (pthread_create(&pages->thread, NULL, fetch_ahead, pages) != 0)
        return ldbx_fail(error, LDBX_IO, "a thread for fetching ahead could not be started");
    pages->threaded = true;
    return LDBX_OK;
}

static void stop_thread(ldbx_pages *pages)
{
    if (!pages->threaded)
        return;
    ldbx_lock_take(&pages->lock);
    pages->stop = true;
    ldbx_lock_tell(&pages->lock);
    ldbx_lock_give(&pages->lock);
    ldbx_cancel_trigger(pages->halt);
    pthread_join(pages->thread, NULL);
    pages->threaded = false;
}

static void want_page(ldbx_pages *pages)
{
    ldbx_lock_take(&pages->lock);
    pages->state = FETCH_WANTED;
    ldbx_lock_tell(&pages->lock);
    ldbx_lock_give(&pages->lock);
}

/* Waits for the thread's page. When the caller's token is triggered meanwhile the thread is halted, which ends its exchange at once. */
static int take_page(ldbx_pages *pages, ldbx_error **error)
{
    int status;

    ldbx_lock_take(&pages->lock);
    if (pages->state == FETCH_IDLE) {
        pages->state = FETCH_WANTED;
        ldbx_lock_tell(&pages->lock);
    }
    while (pages->state != FETCH_READY) {
        if (ldbx_cancel_is_triggered(pages->options.cancel))
            ldbx_cancel_trigger(pages->halt);
        ldbx_lock_wait(&pages->lock, LOOK_MS);
    }
    pages->state = FETCH_IDLE;
    status = pages->status;
    if (status != LDBX_OK)
        ldbx_error_move(error, &pages->failure);
    else
        pages->current = 1 - pages->current;
    ldbx_lock_give(&pages->lock);
    return status;
}

int ldbx_pages_new(ldbx_operation *operation, const ldbx_pages_options *options, ldbx_page *first, ldbx_pages **out,
                   ldbx_error **error)
{
    ldbx_pages *pages = ldbx_calloc(1, sizeof *pages);

    *out = NULL;
    if (pages == NULL) {
        ldbx_page_clear(first);
        return ldbx_fail_no_memory(error);
    }
    pages->operation = operation;
    pages->options = *options;
    pages->pages[0] = *first;
    *first = (ldbx_page){0};
    ldbx_http_response_init(&pages->pages[1].response, LDBX_MAX_MESSAGE);
    ldbx_http_response_init(&pages->pulse, LDBX_MAX_MESSAGE);
    pages->has_first = pages->pages[0].rows.present;
    pages->more = !pages->has_first; /* nothing came with the answer: the rows must be fetched */
    ldbx_lock_init(&pages->lock);
    *out = pages;
    return LDBX_OK;
}

void ldbx_pages_destroy(ldbx_pages *pages)
{
    if (pages == NULL)
        return;
    stop_thread(pages);
    ldbx_channel_destroy(pages->channel);
    ldbx_cancel_destroy(pages->halt);
    ldbx_http_response_clear(&pages->pulse);
    ldbx_error_destroy(pages->failure);
    ldbx_page_clear(&pages->pages[0]);
    ldbx_page_clear(&pages->pages[1]);
    ldbx_lock_clear(&pages->lock);
    ldbx_free(pages);
}

static int next_page(ldbx_pages *pages, ldbx_error **error)
{
    if (pages->has_first) {
        pages->has_first = false;
        return LDBX_OK;
    }
    if (!pages->more)
        return LDBX_DONE;
    if (pages->threaded)
        return take_page(pages, error);
    return fetch_into(pages, pages->options.channel, pages->options.cancel, &pages->pages[pages->current], error);
}

/* A page that is not full is most likely the last: what follows it is then an empty one, or worth a wait. */
static bool is_worth_a_thread(const ldbx_pages *pages)
{
    return pages->options.dialect->announces_more || pages->last_rows >= pages->asked;
}

/* Fetching begins as soon as a page was taken, so that it runs while the caller works on that page. */
static int look_ahead(ldbx_pages *pages, ldbx_error **error)
{
    if (!pages->more)
        stop_thread(pages); /* the heartbeat must not keep compute awake once all is here */
    if (!pages->more || !pages->options.prefetch || !is_worth_a_thread(pages))
        return LDBX_OK;
    if (!pages->threaded)
        LDBX_TRY(start_thread(pages, error));
    want_page(pages);
    return LDBX_OK;
}

int ldbx_pages_next(ldbx_pages *pages, const ldbx_tcli_rows **out, ldbx_error **error)
{
    *out = NULL;
    for (int empty = 0; empty < MAX_EMPTY; empty++) {
        const ldbx_tcli_rows *rows;
        int64_t count;

        LDBX_TRY(next_page(pages, error));
        rows = &pages->pages[pages->current].rows;
        LDBX_TRY(check_page(pages, rows, error));
        count = rows_of(rows);
        pages->next_row += count;
        pages->more = pages->options.dialect->announces_more ? rows->has_more : count > 0;
        pages->last_rows = count;
        pages->last_bytes = (int64_t)pages->pages[pages->current].response.body.size;
        pages->bytes += pages->last_bytes;
        if (count > 0) {
            LDBX_TRY(look_ahead(pages, error));
            *out = rows;
            return LDBX_OK;
        }
        if (pages->more && ldbx_sleep_ms(EMPTY_WAIT_MS, pages->options.cancel) != LDBX_OK)
            return ldbx_fail(error, LDBX_CANCELLED, "FetchResults: cancelled");
    }
    return ldbx_fail(error, LDBX_PROTOCOL, "FetchResults: %d pages in a row without rows although more are announced",
                     MAX_EMPTY);
}

int64_t ldbx_pages_bytes(const ldbx_pages *pages)
{
    return pages->bytes;
}
