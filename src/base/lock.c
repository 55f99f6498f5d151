#include "base/lock.h"

#include <time.h>

void ldbx_lock_init(ldbx_lock *lock)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&lock->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&lock->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void ldbx_lock_clear(ldbx_lock *lock)
{
    pthread_cond_destroy(&lock->changed);
    pthread_mutex_destroy(&lock->mutex);
}

void ldbx_lock_take(ldbx_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
}

void ldbx_lock_give(ldbx_lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}

void ldbx_lock_tell(ldbx_lock *lock)
{
    pthread_cond_broadcast(&lock->changed);
}

bool ldbx_lock_wait(ldbx_lock *lock, int64_t ms)
{
    struct timespec until;

    if (ms < 0)
        return pthread_cond_wait(&lock->changed, &lock->mutex) == 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return pthread_cond_timedwait(&lock->changed, &lock->mutex, &until) == 0;
}
