/* A lock with a condition: whoever changes what the lock guards tells those that wait for it. */
#ifndef LDBX_BASE_LOCK_H
#define LDBX_BASE_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ldbx_lock {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} ldbx_lock;

void ldbx_lock_init(ldbx_lock *lock);
void ldbx_lock_clear(ldbx_lock *lock);
void ldbx_lock_take(ldbx_lock *lock);
void ldbx_lock_give(ldbx_lock *lock);

/* Both with the lock taken. */
void ldbx_lock_tell(ldbx_lock *lock);
/* Gives the lock while it waits to be told, ms at most on the steady clock (-1: without end); false: nobody told. */
bool ldbx_lock_wait(ldbx_lock *lock, int64_t ms);

#endif
