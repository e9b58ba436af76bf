/* SPDX-License-Identifier: MIT */
#include "redis/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/bug.h"

#include "base/banned.h"

/* Freed on the loop after fn, or by the thread if the owner cancelled before it had an answer. */
struct redis_resolve {
    pthread_mutex_t lock; /* guards is_cancelled */
    bool is_cancelled;
    struct loop *loop;
    redis_resolved_fn *fn;
    void *ctx;
    char host[256];
    int rc;           /* of getaddrinfo */
    char address[64]; /* numeric */
};

static void resolve_free(struct redis_resolve *r)
{
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static void on_posted(void *arg)
{
    struct redis_resolve *r = arg;

    pthread_mutex_lock(&r->lock); /* waits until the thread has let go */
    pthread_mutex_unlock(&r->lock);
    if (!r->is_cancelled)
        r->fn(r->ctx, r->rc == 0 ? r->address : NULL, gai_strerror(r->rc));
    resolve_free(r);
}

static int look_up(const char *host, int family, char *address, size_t size)
{
    const struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int rc = getaddrinfo(host, NULL, &hints, &found);

    if (rc != 0)
        return rc;
    rc = getnameinfo(found->ai_addr, found->ai_addrlen, address, (socklen_t)size, NULL, 0,
                     NI_NUMERICHOST);
    freeaddrinfo(found);
    return rc;
}

static void *run(void *arg)
{
    struct redis_resolve *r = arg;
    bool is_cancelled;

    r->rc = look_up(r->host, AF_INET, r->address, sizeof(r->address));
    if (r->rc != 0)
        r->rc = look_up(r->host, AF_INET6, r->address, sizeof(r->address));

    pthread_mutex_lock(&r->lock);
    is_cancelled = r->is_cancelled;
    if (!is_cancelled)
        loop_post(r->loop, on_posted,
                  r); /* under the lock: after a cancel the loop may end */
    pthread_mutex_unlock(&r->lock);
    if (is_cancelled)
        resolve_free(r);
    return NULL;
}

static bool start_thread(struct redis_resolve *r)
{
    pthread_attr_t attr;
    pthread_t thread;
    bool is_started;

    BUG_ON(pthread_attr_init(&attr) != 0);
    BUG_ON(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) != 0);
    is_started = pthread_create(&thread, &attr, run, r) == 0;
    pthread_attr_destroy(&attr);
    return is_started;
}

struct redis_resolve *redis_resolve_new(struct loop *loop, const char *host,
                                        redis_resolved_fn *fn, void *ctx)
{
    struct redis_resolve *r = mem_zalloc(sizeof(*r));

    BUG_ON(pthread_mutex_init(&r->lock, NULL) != 0);
    r->loop = loop;
    r->fn = fn;
    r->ctx = ctx;
    snprintf(r->host, sizeof(r->host), "%s", host);
    if (!start_thread(r)) {
        r->rc = EAI_AGAIN;
        loop_post(loop, on_posted, r);
    }
    return r;
}

void redis_resolve_cancel(struct redis_resolve **rp)
{
    struct redis_resolve *r = *rp;

    if (!r)
        return;
    *rp = NULL;
    pthread_mutex_lock(&r->lock);
    r->is_cancelled = true;
    pthread_mutex_unlock(&r->lock);
}
