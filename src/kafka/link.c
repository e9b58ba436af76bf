/* SPDX-License-Identifier: MIT */
#include "kafka/link.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/banned.h"

void link_init(struct kafka_link *l, struct loop *loop, const struct log *log,
               const char *role, loop_watch_fn *on_wake, void *arg)
{
    *l = (struct kafka_link){.log = log, .role = role};
    BUG_ON(pthread_mutex_init(&l->lock, NULL) != 0);
    /* A blocking descriptor would hang a broker thread that holds a lock (librdkafka #2932). */
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    BUG_ON(l->wake_fd < 0);
    l->watch = loop_watch_new(loop, l->wake_fd, on_wake, arg);
    loop_watch_set(l->watch, LOOP_READABLE);
}

void link_release(struct kafka_link *l)
{
    loop_watch_free(&l->watch);
    close(l->wake_fd);
    pthread_mutex_destroy(&l->lock);
}

void link_wake(struct kafka_link *l)
{
    uint64_t one = 1;

    BUG_ON(write(l->wake_fd, &one, sizeof(one)) != sizeof(one));
}

void link_clear(struct kafka_link *l)
{
    uint64_t count;
    /* Nothing to read is no error: a loop may report a descriptor that was drained meanwhile. */
    ssize_t n = read(l->wake_fd, &count, sizeof(count));

    (void)n;
}

void link_watch_queue(struct kafka_link *l, rd_kafka_queue_t *q)
{
    static const uint64_t one = 1;

    rd_kafka_queue_io_event_enable(q, l->wake_fd, &one, sizeof(one));
}

/* NULL: the table is full, or the broker is one of librdkafka's inner ones. */
static struct link_broker *broker_of(struct kafka_link *l, const char *name, int port)
{
    struct link_broker *b;

    for (size_t i = 0; i < l->n_brokers; i++)
        if (l->brokers[i].port == port && strcmp(l->brokers[i].name, name) == 0)
            return &l->brokers[i];
    if (port <= 0 || l->n_brokers == LINK_BROKERS_MAX || strlen(name) >= LINK_NAME_MAX)
        return NULL;
    b = &l->brokers[l->n_brokers++];
    memcpy(b->name, name, strlen(name) + 1);
    b->port = port;
    b->is_up = false;
    return b;
}

static rd_kafka_resp_err_t on_broker_state(rd_kafka_t *rk, int32_t broker_id,
                                           const char *secproto, const char *name,
                                           int port, const char *state, void *opaque)
{
    struct kafka_link *l = opaque;
    bool is_up = strcmp(state, "UP") == 0 || strcmp(state, "UPDATE") == 0;
    struct link_broker *b;
    bool is_changed;

    (void)rk, (void)broker_id, (void)secproto;
    pthread_mutex_lock(&l->lock);
    b = broker_of(l, name, port);
    is_changed = b && b->is_up != is_up;
    if (is_changed)
        b->is_up = is_up;
    pthread_mutex_unlock(&l->lock);
    if (is_changed)
        link_wake(l);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf,
                                  void *opaque, char *error, size_t error_size)
{
    (void)conf, (void)error, (void)error_size;
    return rd_kafka_interceptor_add_on_broker_state_change(rk, "link", on_broker_state,
                                                           opaque);
}

void link_conf(struct kafka_link *l, rd_kafka_conf_t *conf)
{
    BUG_ON(rd_kafka_conf_interceptor_add_on_new(conf, "link", on_new, l) !=
           RD_KAFKA_RESP_ERR_NO_ERROR);
}

void link_error(struct kafka_link *l, rd_kafka_resp_err_t err, const char *text)
{
    LOG_DEBUG(l->log, "kafka.error", LOG_C("role", l->role),
              LOG_C("error", rd_kafka_err2name(err)), LOG_C("text", text));
    pthread_mutex_lock(&l->lock);
    /* "All brokers are down" says less than what was said just before it. */
    if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !l->reason[0])
        snprintf(l->reason, sizeof(l->reason), "%s", text);
    pthread_mutex_unlock(&l->lock);
    link_wake(l);
}

static size_t count_up(const struct kafka_link *l)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n_brokers; i++)
        n += l->brokers[i].is_up;
    return n;
}

bool link_report(struct kafka_link *l)
{
    char reason[sizeof(l->reason)];
    bool is_up, is_changed;

    pthread_mutex_lock(&l->lock);
    is_up = count_up(l) > 0;
    is_changed = is_up != l->is_up;
    memcpy(reason, l->reason, sizeof(reason));
    if (is_up)
        l->reason[0] = '\0';
    pthread_mutex_unlock(&l->lock);
    if (is_up) {
        l->is_down_logged = false;
    } else if (!l->is_down_logged && (is_changed || reason[0])) {
        l->is_down_logged = true;
        LOG_WARN(l->log, "kafka.down", LOG_C("role", l->role), LOG_C("reason", reason));
    }
    if (!is_changed)
        return false;
    l->is_up = is_up;
    if (is_up)
        LOG_INFO(l->log, "kafka.up", LOG_C("role", l->role));
    l->on_state(l->ctx, is_up);
    return true;
}

void link_forget(struct kafka_link *l)
{
    pthread_mutex_lock(&l->lock);
    l->n_brokers = 0;
    pthread_mutex_unlock(&l->lock);
}
