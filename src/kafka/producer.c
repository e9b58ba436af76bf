/*
 * Every accepted record is in a list of ours until it is reported, so that each is reported once
 * even when librdkafka's handle breaks and is thrown away with what it held.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "kafka/conf.h"
#include "kafka/headers.h"
#include "kafka/kafka_internal.h"
#include "kafka/link.h"

#include "base/banned.h"

enum {
    TOPICS_MAX = 16,
    TOPIC_NAME_MAX = 250, /* Kafka's own limit is 249 */
    MESSAGE_TIMEOUT_MS = 5000,
    RENEW_RETRY_MS = 1000
};

/* A record on its way; the message's opaque. */
struct pending {
    LIST_ENTRY(pending) link;
    void *cookie;
};

struct kafka_producer {
    struct kafka_link link;
    struct kafka_config config; /* texts are owned copies below */
    char *brokers, *client_id;
    kafka_report_fn *on_report;
    void *ctx;
    rd_kafka_t *rk; /* NULL: could not be made anew, tried again by the timer */
    rd_kafka_queue_t *queue;
    struct loop_timer *renew_timer;
    bool is_broken;  /* a fatal error was raised: the handle refuses for ever */
    bool is_closing; /* nothing is taken any more */
    LIST_HEAD(, pending) pending;
    size_t n_topics;
    rd_kafka_topic_t *topics[TOPICS_MAX];
};

rd_kafka_t *kafka_producer_native(struct kafka_producer *p)
{
    return p->rk;
}

/* record is in no list any more. */
static void report(struct kafka_producer *p, struct pending *record, bool is_stored)
{
    void *cookie = record->cookie;

    free(record);
    p->on_report(p->ctx, cookie, is_stored);
}

static bool open_handle(struct kafka_producer *p, struct why *why)
{
    char timeout[16];
    const struct kafka_option options[] = {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"linger.ms", "0.5"},
        /* What comes while a request is under way goes with the next: batches grow with load. */
        {"max.in.flight.requests.per.connection", "1"},
        {"partitioner", "murmur2_random"},
        {"message.timeout.ms", timeout},
        {"queue.buffering.max.messages", "100000"},
        {"queue.buffering.max.kbytes", "65536"},
        /* Keeps an idle connection from being closed, which would look like an outage. */
        {"topic.metadata.refresh.interval.ms", "60000"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;

    snprintf(timeout, sizeof(timeout), "%d", p->config.message_timeout_ms);
    conf = kafka_conf_new(&p->link, &p->config, options, why);
    if (!conf)
        return false;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    p->rk = kafka_handle_new(RD_KAFKA_PRODUCER, conf, why);
    if (!p->rk)
        return false;
    p->queue = rd_kafka_queue_get_main(p->rk);
    link_watch_queue(&p->link, p->queue);
    return true;
}

static void close_handle(struct kafka_producer *p)
{
    if (!p->rk)
        return;
    for (size_t i = 0; i < p->n_topics; i++)
        rd_kafka_topic_destroy(p->topics[i]);
    p->n_topics = 0;
    rd_kafka_queue_destroy(p->queue);
    rd_kafka_destroy(p->rk);
    p->rk = NULL;
    link_forget(&p->link);
}

/* Nothing is taken meanwhile. */
static void report_rest(struct kafka_producer *p)
{
    struct pending *record = LIST_FIRST(&p->pending), *next;

    LIST_INIT(&p->pending);
    for (; record; record = next) {
        next = LIST_NEXT(record, link);
        report(p, record, false);
    }
}

/* After a fatal error (an idempotent producer that lost its sequence) only a new handle helps. */
static void renew(void *arg)
{
    struct kafka_producer *p = arg;
    struct why why = {0};
    char text[200] = "";

    if (p->rk) {
        rd_kafka_resp_err_t err = rd_kafka_fatal_error(p->rk, text, sizeof(text));

        LOG_ERROR(p->link.log, "kafka.producer_renewed",
                  LOG_C("error", rd_kafka_err2name(err)), LOG_C("text", text));
        close_handle(p);
    }
    /* on_report may produce; not into the hole between the handles. */
    p->is_broken = true;
    report_rest(p);
    p->is_broken = false;
    if (open_handle(p, &why))
        return;
    LOG_ERROR(p->link.log, "kafka.producer_failed", LOG_C("reason", why.text));
    loop_timer_start(p->renew_timer, RENEW_RETRY_MS, 0);
}

static void on_delivery(struct kafka_producer *p, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *m;
    struct pending *record;

    while ((m = rd_kafka_event_message_next(event))) {
        record = m->_private;
        if (m->err)
            LOG_DEBUG(p->link.log, "kafka.not_stored",
                      LOG_C("error", rd_kafka_err2name(m->err)));
        LIST_REMOVE(record, link);
        report(p, record, m->err == RD_KAFKA_RESP_ERR_NO_ERROR);
    }
}

static void on_event(struct kafka_producer *p, rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        on_delivery(p, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        link_error(&p->link, rd_kafka_event_error(event),
                   rd_kafka_event_error_string(event));
        break;
    default:
        break;
    }
}

static void drain(struct kafka_producer *p, int timeout_ms)
{
    rd_kafka_event_t *event;

    while (p->rk && (event = rd_kafka_queue_poll(p->queue, timeout_ms))) {
        on_event(p, event);
        rd_kafka_event_destroy(event);
        timeout_ms = 0;
    }
    /* The event and the refused call name the cause (45, 47, …), not that it is fatal. */
    if (p->rk && rd_kafka_fatal_error(p->rk, NULL, 0))
        p->is_broken = true;
}

static void on_wake(void *arg, int events, bool is_error)
{
    struct kafka_producer *p = arg;

    (void)events, (void)is_error;
    link_clear(&p->link);
    drain(p, 0);
    if (p->is_broken)
        renew(p);
    link_report(&p->link);
}

static char *copy_text(struct str s, struct str *view_out)
{
    char *p = mem_alloc(s.n + 1);

    if (s.n > 0)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    *view_out = (struct str){p, s.n};
    return p;
}

static void release(struct kafka_producer *p)
{
    loop_timer_free(&p->renew_timer);
    link_release(&p->link);
    free(p->brokers);
    free(p->client_id);
    free(p);
}

struct kafka_producer *kafka_producer_new(struct loop *loop,
                                          const struct kafka_config *config,
                                          kafka_report_fn *on_report,
                                          kafka_state_fn *on_state, void *ctx,
                                          struct why *why)
{
    struct kafka_producer *p = mem_zalloc(sizeof(*p));

    LIST_INIT(&p->pending);
    p->config = *config;
    p->brokers = copy_text(config->brokers, &p->config.brokers);
    p->client_id = copy_text(config->client_id, &p->config.client_id);
    if (p->config.message_timeout_ms <= 0)
        p->config.message_timeout_ms = MESSAGE_TIMEOUT_MS;
    p->on_report = on_report;
    p->ctx = ctx;
    link_init(&p->link, loop, config->log, "producer", on_wake, p);
    p->link.on_state = on_state;
    p->link.ctx = ctx;
    p->renew_timer = loop_timer_new(loop, renew, p);
    if (open_handle(p, why))
        return p;
    release(p);
    return NULL;
}

/* NULL: too long, or too many. librdkafka's own look-up by name takes a lock and walks a list. */
static rd_kafka_topic_t *topic_of(struct kafka_producer *p, struct str name)
{
    char text[TOPIC_NAME_MAX];

    for (size_t i = 0; i < p->n_topics; i++)
        if (str_eq(str_of(rd_kafka_topic_name(p->topics[i])), name))
            return p->topics[i];
    if (p->n_topics == TOPICS_MAX || name.n >= sizeof(text))
        return NULL;
    snprintf(text, sizeof(text), STR_FMT, STR_ARG(name));
    p->topics[p->n_topics] = rd_kafka_topic_new(p->rk, text, NULL);
    return p->topics[p->n_topics] ? p->topics[p->n_topics++] : NULL;
}

/* Bytes that librdkafka takes as const void pointers declared without const. */
static void *bytes_of(struct str s)
{
    union {
        const void *in;
        void *out;
    } u = {.in = s.p};

    return u.out;
}

static rd_kafka_resp_err_t send_record(struct kafka_producer *p, rd_kafka_topic_t *topic,
                                       const struct event_record *record,
                                       struct pending *pending)
{
    rd_kafka_headers_t *headers = headers_new(record);
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {bytes_of(record->key), record->key.p ? record->key.n : 0}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {bytes_of(record->value), record->value.p ? record->value.n : 0}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = pending},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    size_t n_parts = sizeof(parts) / sizeof(parts[0]) - (headers ? 0 : 1);
    rd_kafka_error_t *error = rd_kafka_produceva(p->rk, parts, n_parts);
    rd_kafka_resp_err_t err;

    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    if (headers)
        rd_kafka_headers_destroy(headers); /* taken on success only */
    err = rd_kafka_error_is_fatal(error) ? RD_KAFKA_RESP_ERR__FATAL
                                         : rd_kafka_error_code(error);
    LOG_DEBUG(p->link.log, "kafka.refused", LOG_C("text", rd_kafka_error_string(error)));
    rd_kafka_error_destroy(error);
    return err;
}

static enum err refusal(struct kafka_producer *p, rd_kafka_resp_err_t err)
{
    switch (err) {
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
        return ERR_OVERLOADED;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return ERR_TOO_LARGE;
    case RD_KAFKA_RESP_ERR__FATAL:
        p->is_broken = true;
        link_wake(&p->link); /* renewed there, not under the caller's feet */
        return ERR_UNAVAILABLE;
    default:
        return ERR_UNAVAILABLE;
    }
}

enum err kafka_produce(struct kafka_producer *p, const struct event_record *record,
                       void *cookie)
{
    rd_kafka_topic_t *topic;
    struct pending *pending;
    rd_kafka_resp_err_t err;

    if (!p->rk || p->is_broken || p->is_closing)
        return ERR_UNAVAILABLE;
    topic = topic_of(p, record->topic);
    if (!topic)
        return ERR_UNAVAILABLE;
    pending = mem_alloc(sizeof(*pending));
    pending->cookie = cookie;
    err = send_record(p, topic, record, pending);
    if (err) {
        free(pending);
        return refusal(p, err);
    }
    LIST_INSERT_HEAD(&p->pending, pending, link);
    return ERR_OK;
}

void kafka_producer_free(struct kafka_producer **p_inout, int flush_ms)
{
    struct kafka_producer *p = *p_inout;
    int64_t end = clock_mono_ns() + flush_ms * NS_PER_MS;
    int64_t left;

    if (!p)
        return;
    p->is_closing = true;
    while (!LIST_EMPTY(&p->pending) && p->rk && !p->is_broken &&
           (left = end - clock_mono_ns()) > 0)
        drain(p, (int)(left / NS_PER_MS) + 1);
    close_handle(p);
    report_rest(p);
    release(p);
    *p_inout = NULL;
}
