/*
 * C11 threads over pthread, for builds with ThreadSanitizer only: gcc 12's runtime does not
 * intercept thrd_create and its kin, which librdkafka uses, and crashes in a thread it never saw.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

#include "base/bug.h"

#include "base/banned.h"

_Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t), "the mutex lives inside");
_Static_assert(sizeof(cnd_t) >= sizeof(pthread_cond_t), "the condition lives inside");

struct start {
    thrd_start_t run;
    void *arg;
};

static void *start_thread(void *arg)
{
    struct start start = *(struct start *)arg;

    free(arg);
    return (void *)(intptr_t)start.run(start.arg);
}

static int result(int error)
{
    switch (error) {
    case 0:
        return thrd_success;
    case EBUSY:
        return thrd_busy;
    case ETIMEDOUT:
        return thrd_timedout;
    case ENOMEM:
        return thrd_nomem;
    default:
        return thrd_error;
    }
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *arg)
{
    struct start *start = mem_alloc(sizeof(*start));
    int error;

    *start = (struct start){run, arg};
    error = pthread_create(thread, NULL, start_thread, start);
    if (error)
        free(start);
    return result(error);
}

int thrd_join(thrd_t thread, int *result_out)
{
    void *value = NULL;
    int error = pthread_join(thread, &value);

    if (result_out)
        *result_out = (int)(intptr_t)value;
    return result(error);
}

int mtx_init(mtx_t *m, int type)
{
    pthread_mutexattr_t attributes;
    int error;

    pthread_mutexattr_init(&attributes);
    if (type & mtx_recursive)
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    error = pthread_mutex_init((pthread_mutex_t *)m, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return result(error);
}

/* The last reference of those that cannot be seen destroys it; glibc has nothing to free. */
void mtx_destroy(mtx_t *m)
{
    (void)m;
}

int mtx_lock(mtx_t *m)
{
    return result(pthread_mutex_lock((pthread_mutex_t *)m));
}

int mtx_unlock(mtx_t *m)
{
    return result(pthread_mutex_unlock((pthread_mutex_t *)m));
}

int cnd_init(cnd_t *c)
{
    return result(pthread_cond_init((pthread_cond_t *)c, NULL));
}

void cnd_destroy(cnd_t *c)
{
    (void)c;
}

int cnd_signal(cnd_t *c)
{
    return result(pthread_cond_signal((pthread_cond_t *)c));
}

int cnd_broadcast(cnd_t *c)
{
    return result(pthread_cond_broadcast((pthread_cond_t *)c));
}

int cnd_wait(cnd_t *c, mtx_t *m)
{
    return result(pthread_cond_wait((pthread_cond_t *)c, (pthread_mutex_t *)m));
}

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m,
                  const struct timespec *restrict until)
{
    return result(
        pthread_cond_timedwait((pthread_cond_t *)c, (pthread_mutex_t *)m, until));
}

#define LOCK_OF_LIBRARY(name)                                                            \
    int __interceptor_pthread_rwlock_##name(pthread_rwlock_t *lock);                     \
    int pthread_rwlock_##name(pthread_rwlock_t *lock)                                    \
    {                                                                                    \
        return __interceptor_pthread_rwlock_##name(lock);                                \
    }

LOCK_OF_LIBRARY(rdlock)
LOCK_OF_LIBRARY(wrlock)
LOCK_OF_LIBRARY(unlock)

int __interceptor_pthread_rwlock_init(pthread_rwlock_t *restrict lock,
                                      const pthread_rwlockattr_t *restrict attributes);

int pthread_rwlock_init(pthread_rwlock_t *restrict lock,
                        const pthread_rwlockattr_t *restrict attributes)
{
    return __interceptor_pthread_rwlock_init(lock, attributes);
}
