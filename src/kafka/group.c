/* SPDX-License-Identifier: MIT */
#include "kafka/group.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "kafka/conf.h"
#include "kafka/headers.h"

#include "base/banned.h"

enum {
    POLL_MS = 1000, /* librdkafka gives up a member that does not ask */
    CLOSE_MS = 2000,
    CLOSE_STEP_MS = 50
};

/* A record that came and is not dealt with. */
struct held {
    struct held *next;
    rd_kafka_message_t *message;
};

struct kafka_group {
    struct kafka_link link; /* first: librdkafka's opaque */
    kafka_record_fn *on_record;
    void *ctx;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    struct loop_timer *timer;
    struct held *first, *last; /* first: handed over, if is_busy */
    bool is_busy;
    size_t n_partitions; /* assigned now */
    bool is_lost;        /* the partition of the record handed over is no longer ours */
    bool is_paused;      /* nothing more is fetched while records are held */
    bool is_member;      /* it was told its partitions, even if none, and keeps them */
};

/* --- held records ------------------------------------------------------------------------- */

static void hold(struct kafka_group *g, rd_kafka_message_t *message)
{
    struct held *h = mem_zalloc(sizeof(*h));

    h->message = message;
    if (g->first)
        g->last->next = h;
    else
        g->first = h;
    g->last = h;
}

static void drop_first(struct kafka_group *g)
{
    struct held *h = g->first;

    g->first = h->next;
    rd_kafka_message_destroy(h->message);
    free(h);
}

/* Whoever gets the partitions next reads these again. */
static void drop_waiting(struct kafka_group *g)
{
    struct held *busy = g->is_busy ? g->first : NULL;

    if (busy)
        g->first = busy->next;
    while (g->first)
        drop_first(g);
    if (busy)
        busy->next = NULL;
    g->first = g->last = busy;
}

/* --- partitions --------------------------------------------------------------------------- */

static void set_paused(struct kafka_group *g, bool is_paused)
{
    rd_kafka_topic_partition_list_t *list;

    g->is_paused = is_paused;
    if (rd_kafka_assignment(g->rk, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    if (is_paused)
        rd_kafka_pause_partitions(g->rk, list);
    else
        rd_kafka_resume_partitions(g->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* Called by librdkafka inside of rd_kafka_consume_queue, on the loop. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct kafka_group *g = opaque;

    if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        LOG_INFO(g->link.log, "kafka.group", LOG_INT("partitions", list->cnt));
        g->is_member = true;
        rd_kafka_assign(rk, list);
        g->n_partitions = (size_t)list->cnt;
        /* librdkafka keeps a pause over a revocation: what was paused when it went away, and is ours
         * again after the work was done, would stay so for ever. */
        set_paused(g, g->is_paused);
        return;
    }
    g->is_member = false;
    g->n_partitions = 0;
    drop_waiting(g);
    g->is_lost = g->is_busy;
    rd_kafka_assign(rk, NULL);
}

/* --- records ------------------------------------------------------------------------------ */

static void hand_over(struct kafka_group *g)
{
    struct event_record record;

    while (g->first && !g->is_busy) {
        g->is_busy = true;
        record_view(g->first->message, &record);
        g->on_record(g->ctx, &record);
    }
    if (g->is_paused != (g->first != NULL))
        set_paused(g, g->first != NULL);
}

static void read_queue(struct kafka_group *g)
{
    rd_kafka_message_t *m;

    while ((m = rd_kafka_consume_queue(g->queue, 0))) {
        if (!m->err) {
            hold(g, m);
            continue;
        }
        link_error(&g->link, m->err, rd_kafka_message_errstr(m));
        rd_kafka_message_destroy(m);
    }
    hand_over(g);
}

static void on_wake(void *arg, int events, bool is_error)
{
    struct kafka_group *g = arg;

    (void)events, (void)is_error;
    link_clear(&g->link);
    read_queue(g);
    link_report(&g->link);
}

static void on_timer(void *arg)
{
    read_queue(arg);
}

void kafka_group_done(struct kafka_group *g)
{
    BUG_ON(!g->is_busy);
    /* A commit that does not arrive only lets the record come again. */
    if (!g->is_lost)
        (void)rd_kafka_commit_message(g->rk, g->first->message, 1);
    drop_first(g);
    g->is_busy = g->is_lost = false;
    link_wake(&g->link); /* the next one, but not from here */
}

size_t kafka_group_partitions(const struct kafka_group *g)
{
    return g->n_partitions;
}

/* --- the member --------------------------------------------------------------------------- */

static void on_state(void *ctx, bool is_up)
{
    (void)ctx, (void)is_up; /* the link has logged it */
}

static rd_kafka_conf_t *new_conf(struct kafka_group *g, const struct kafka_config *config,
                                 struct why *why)
{
    const struct kafka_option options[] = {
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        /* So long after its last heart-beat the partitions of a killed member are given on. */
        {"session.timeout.ms", "10000"},
        {"heartbeat.interval.ms", "3000"},
        {"fetch.wait.max.ms", "500"},
        {"fetch.error.backoff.ms", "500"},
        {"queued.max.messages.kbytes", "1024"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = kafka_conf_new_member(&g->link, config, options, why);

    if (conf)
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    return conf;
}

static bool subscribe(struct kafka_group *g, const char *topic, struct why *why)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t err;

    rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
    err = rd_kafka_subscribe(g->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
        why_set(why, "kafka: %s: %s", topic, rd_kafka_err2str(err));
    return err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool open_handle(struct kafka_group *g, const struct kafka_config *config,
                        const char *topic, struct why *why)
{
    rd_kafka_conf_t *conf = new_conf(g, config, why);

    if (!conf)
        return false;
    g->rk = kafka_handle_new(RD_KAFKA_CONSUMER, conf, why);
    if (!g->rk)
        return false;
    rd_kafka_poll_set_consumer(g->rk);
    g->queue = rd_kafka_queue_get_consumer(g->rk);
    link_watch_queue(&g->link, g->queue);
    return subscribe(g, topic, why);
}

struct kafka_group *kafka_group_new(struct loop *loop, const struct kafka_config *config,
                                    const char *topic, kafka_record_fn *on_record,
                                    void *ctx, struct why *why)
{
    struct kafka_group *g = mem_zalloc(sizeof(*g));

    g->on_record = on_record;
    g->ctx = ctx;
    link_init(&g->link, loop, config->log, "group", on_wake, g);
    g->link.on_state = on_state;
    g->timer = loop_timer_new(loop, on_timer, g);
    if (open_handle(g, config, topic, why))
        loop_timer_start(g->timer, POLL_MS, POLL_MS);
    else
        kafka_group_free(&g);
    return g;
}

/*
 * So that the others get the partitions at once; without a broker there is nobody to tell. Nor while
 * it joins: the broker answers on a connection in order, so the word would wait for the end of the
 * round (3 s by default), and librdkafka's end for the word. The others learn it then as of a kill.
 */
static void leave(struct kafka_group *g)
{
    int64_t end = clock_mono_ns() + CLOSE_MS * NS_PER_MS;
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(g->rk, g->queue);
    rd_kafka_message_t *m;

    if (error) {
        rd_kafka_error_destroy(error);
        return;
    }
    while (!rd_kafka_consumer_closed(g->rk) && clock_mono_ns() < end) {
        m = rd_kafka_consume_queue(g->queue, CLOSE_STEP_MS);
        if (m)
            rd_kafka_message_destroy(m);
    }
}

void kafka_group_free(struct kafka_group **g_inout)
{
    struct kafka_group *g = *g_inout;

    if (!g)
        return;
    *g_inout = NULL;
    loop_timer_free(&g->timer);
    while (g->first)
        drop_first(g);
    g->is_busy = false;
    if (g->rk && g->link.is_up && g->is_member)
        leave(g);
    if (g->queue)
        rd_kafka_queue_destroy(g->queue);
    if (g->rk)
        rd_kafka_destroy_flags(g->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    link_release(&g->link);
    free(g);
}
