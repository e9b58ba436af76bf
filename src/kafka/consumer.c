/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "kafka/assigner.h"
#include "kafka/conf.h"
#include "kafka/headers.h"

#include "base/banned.h"

enum {
    RECORDS_PER_TURN = 1000, /* then the loop gets a turn for others */
    COMMIT_WAIT_MS = 1000
};

struct kafka_consumer {
    struct kafka_link link;
    kafka_record_fn *on_record;
    kafka_assigned_fn *on_assigned;
    void *ctx;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    struct assigner *assigner;
    struct assigner_state told; /* to on_assigned */
};

/* auto.offset.reset=error: the log does not reach to where we were, forwards or backwards. */
static void on_position_lost(struct kafka_consumer *c, const rd_kafka_message_t *m)
{
    const char *topic = rd_kafka_topic_name(m->rkt);

    LOG_WARN(c->link.log, "kafka.position_lost", LOG_C("topic", topic),
             LOG_INT("partition", m->partition), LOG_INT("offset", m->offset));
    assigner_lose(c->assigner, topic, m->partition, m->offset);
    /* Told here: the assigner may have found a new one before it is asked for its state. */
    if (c->told.is_positioned) {
        c->told.is_positioned = false;
        c->on_assigned(c->ctx, false);
    }
}

static void on_message(struct kafka_consumer *c, const rd_kafka_message_t *m)
{
    struct event_record record;

    if (!m->err) {
        record_view(m, &record);
        c->on_record(c->ctx, &record);
    } else if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && m->rkt) {
        on_position_lost(c, m);
    } else {
        link_error(&c->link, m->err, rd_kafka_message_errstr(m));
    }
}

static void read_queue(struct kafka_consumer *c)
{
    rd_kafka_message_t *m;

    for (int i = 0; i < RECORDS_PER_TURN; i++) {
        m = rd_kafka_consume_queue(c->queue, 0);
        if (!m)
            return;
        on_message(c, m);
        rd_kafka_message_destroy(m);
    }
    link_wake(&c->link); /* librdkafka wakes us only when its queue was empty */
}

static void tell_assignment(struct kafka_consumer *c)
{
    struct assigner_state now = assigner_state(c->assigner);

    if (now.is_positioned == c->told.is_positioned &&
        now.n_assignments == c->told.n_assignments)
        return;
    c->told = now;
    c->on_assigned(c->ctx, now.is_positioned);
}

static void on_wake(void *arg, int events, bool is_error)
{
    struct kafka_consumer *c = arg;

    (void)events, (void)is_error;
    link_clear(&c->link);
    read_queue(c);
    if (link_report(&c->link))
        assigner_set_up(c->assigner, c->link.is_up);
    tell_assignment(c);
}

static rd_kafka_conf_t *new_conf(struct kafka_consumer *c,
                                 const struct kafka_config *config, struct why *why)
{
    const struct kafka_option options[] = {
        {"enable.auto.commit", "true"},
        {"auto.commit.interval.ms", "5000"},
        /* No session is ever opened; this is how long the end waits for a commit that waits for its
         * coordinator (by default 45 s, seen with a new broker that has no offsets topic yet). */
        {"session.timeout.ms", "1000"},
        {"heartbeat.interval.ms", "500"},
        /* Said instead of silently skipped, so that the owner can read elsewhere. */
        {"auto.offset.reset", "error"},
        {"fetch.min.bytes", "1"},
        /* A real broker answers a waiting fetch when a record comes, the mock when time is up. */
        {"fetch.wait.max.ms", config->is_mock_broker ? "10" : "500"},
        {"fetch.error.backoff.ms", "100"},
        {"queued.min.messages", "10000"},
        {"queued.max.messages.kbytes", "16384"},
        {NULL, NULL},
    };

    return kafka_conf_new_member(&c->link, config, options, why);
}

static bool open_handle(struct kafka_consumer *c, const struct kafka_config *config,
                        struct why *why)
{
    rd_kafka_conf_t *conf = new_conf(c, config, why);

    if (!conf)
        return false;
    c->rk = kafka_handle_new(RD_KAFKA_CONSUMER, conf, why);
    if (!c->rk)
        return false;
    rd_kafka_poll_set_consumer(c->rk);
    c->queue = rd_kafka_queue_get_consumer(c->rk);
    link_watch_queue(&c->link, c->queue);
    return true;
}

struct kafka_consumer *kafka_consumer_new(struct loop *loop,
                                          const struct kafka_config *config,
                                          const struct kafka_reading *reading,
                                          struct why *why)
{
    struct kafka_consumer *c = mem_zalloc(sizeof(*c));

    c->on_record = reading->on_record;
    c->on_assigned = reading->on_assigned;
    c->ctx = reading->ctx;
    link_init(&c->link, loop, config->log, "consumer", on_wake, c);
    c->link.on_state = reading->on_state;
    c->link.ctx = reading->ctx;
    if (open_handle(c, config, why)) {
        c->assigner = assigner_start(&c->link, c->rk, reading->topics, reading->n_topics);
        return c;
    }
    link_release(&c->link);
    free(c);
    return NULL;
}

/* The last offsets, for tools; a broker that does not answer in time does without. */
static void commit_last(struct kafka_consumer *c)
{
    rd_kafka_queue_t *q = rd_kafka_queue_new(c->rk);
    rd_kafka_event_t *event;

    if (!rd_kafka_commit_queue(c->rk, NULL, q, NULL, NULL)) {
        event = rd_kafka_queue_poll(q, COMMIT_WAIT_MS);
        if (event)
            rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(q);
}

void kafka_consumer_free(struct kafka_consumer **c_inout)
{
    struct kafka_consumer *c = *c_inout;

    if (!c)
        return;
    assigner_stop(&c->assigner);
    if (c->link.is_up)
        commit_last(c);
    rd_kafka_queue_destroy(c->queue);
    /* The ordinary close waits for a coordinator that is away for as long as a session lasts. */
    rd_kafka_destroy_flags(c->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    link_release(&c->link);
    free(c);
    *c_inout = NULL;
}
