/*
 * Making a server's parts and taking them apart.
 * SPDX-License-Identifier: MIT
 */
#include "app/server_parts.h"

#include <stdio.h>

#include "endpoint/events.h"
#include "endpoint/presence.h"

#include "base/banned.h"

enum {
    POOL_QUEUE_MAX = 20000,
    WRITE_QUEUE_MAX = 50000,
    STORE_PATIENCE_MS = 5000,
    FLUSH_MS = 3000,
    GROUP_TEXT = 512,
};

static struct work_pool *make_pool(struct server *s, const char *name, int threads,
                                   bool is_chaining)
{
    const struct work_config config = {
        .threads = threads,
        .queue_max = POOL_QUEUE_MAX,
        .name = name,
        .db = {.url = s->settings.database_url,
               .log = &s->log,
               .is_chaining = is_chaining},
        .log = &s->log,
    };

    return work_pool_new(s->loop, &config);
}

static void on_sessions_state(void *ctx, bool is_up)
{
    struct server *s = ctx;

    if (is_up)
        presence_announce_all(&s->hub);
}

static void on_done(void *ctx, enum err rc)
{
    (void)ctx;
    (void)rc; /* the store logs, and announces all again when it is back */
}

static bool make_sessions(struct server *s, struct why *why)
{
    if (s->settings.redis_url.n > 0)
        s->hub.sessions =
            session_store_redis(s->loop, s->settings.redis_url, s->settings.server_id,
                                &s->log, on_sessions_state, s, why);
    else
        s->hub.sessions =
            session_store_memory(s->loop, s->config.memory, s->settings.server_id);
    if (!s->hub.sessions)
        return false;
    session_store_start(s->hub.sessions, on_done, s);
    return true;
}

static void make_flow(struct server *s)
{
    struct hub *hub = &s->hub;
    const struct settings *settings = &s->settings;
    const enum event_form form =
        settings->kafka_value == SETTINGS_KAFKA_VALUE_JSON ? EVENT_JSON : EVENT_PROTOBUF;

    hub->feed = feed_new(&(struct feed_config){.loop = s->loop,
                                               .reads = s->pool,
                                               .log = &s->log,
                                               .resume_max = settings->resume_max});
    hub->publisher =
        publisher_new(&(struct publisher_config){.loop = s->loop,
                                                 .pool = s->pool,
                                                 .relay = s->relay,
                                                 .server_id = settings->server_id,
                                                 .form = form,
                                                 .log = &s->log});
    hub->writer = writer_new(&(struct writer_config){
        .loop = s->loop,
        .pool = s->writers,
        .shards = (int)settings->database_writers,
        .feed = hub->feed,
        .publisher = hub->publisher,
        .store = {.server_id = settings->server_id,
                  .topic = settings->kafka_topic,
                  .form = form,
                  .patience_ms = STORE_PATIENCE_MS},
        .queue_max = WRITE_QUEUE_MAX,
        .on_stored = event_stored,
        .ctx = hub,
        .log = &s->log,
    });
}

/* --- Kafka -------------------------------------------------------------------------------- */

/* Records may have been missed until now: look, and ask again who may write. */
static void on_assigned(void *ctx, bool is_positioned)
{
    struct server *s = ctx;

    s->hub.is_consumer_positioned = is_positioned;
    feed_set_degraded(s->hub.feed, !is_positioned);
    feed_forget_cards(s->hub.feed);
    feed_look(s->hub.feed);
    LOG_INFO(&s->log, "kafka.consumer",
             LOG_C("positioned", is_positioned ? "yes" : "no"));
}

static void on_consumer_state(void *ctx, bool is_up)
{
    struct server *s = ctx;

    feed_set_degraded(s->hub.feed, !is_up || !s->hub.is_consumer_positioned);
}

static void on_record(void *ctx, const struct event_record *record)
{
    struct server *s = ctx;

    event_record_in(&s->hub, record);
}

static const char *text_of(struct str s, char *to, size_t n)
{
    snprintf(to, n, STR_FMT, STR_ARG(s));
    return to;
}

static bool make_kafka(struct server *s, struct why *why)
{
    struct settings *settings = &s->settings;
    char group[GROUP_TEXT], topic[256], event_topic[256];
    const char *topics[2] = {
        text_of(settings->kafka_topic, topic, sizeof(topic)),
        text_of(settings->kafka_event_topic, event_topic, sizeof(event_topic))};
    struct kafka_config config = {
        .brokers = settings->kafka_brokers,
        .client_id = settings->server_id,
        .is_mock_broker = s->config.is_mock_broker,
        .log = &s->log,
    };

    feed_set_degraded(s->hub.feed, true); /* until the consumer has its positions */
    if (settings->kafka_brokers.n == 0)
        return true;
    snprintf(group, sizeof(group), STR_FMT STR_FMT, STR_ARG(settings->kafka_group_prefix),
             STR_ARG(settings->server_id));
    config.group_id = str_of(group);
    s->hub.producer = kafka_producer_new(s->loop, &config, publisher_on_report,
                                         publisher_on_state, s->hub.publisher, why);
    if (!s->hub.producer)
        return false;
    publisher_set_producer(s->hub.publisher, s->hub.producer);
    s->consumer =
        kafka_consumer_new(s->loop, &config,
                           &(struct kafka_reading){.topics = topics,
                                                   .n_topics = 2,
                                                   .on_record = on_record,
                                                   .on_assigned = on_assigned,
                                                   .on_state = on_consumer_state,
                                                   .ctx = s},
                           why);
    return s->consumer != NULL;
}

static bool make_deletions(struct server *s, struct why *why)
{
    if (s->settings.kafka_brokers.n == 0)
        return true;
    s->deletions = deletions_new(&s->hub, s->config.is_mock_broker, why);
    return s->deletions != NULL;
}

/* --- the lock ----------------------------------------------------------------------------- */

/* Two servers of one id take each other's sessions and group for their own: this one goes. */
static void on_lock_lost(void *ctx)
{
    struct server *s = ctx;

    s->is_failed = true;
    if (!s->is_stopping)
        server_drain(s);
}

static bool take_lock(struct server *s, struct why *why)
{
    s->lock = server_lock_new(
        &(struct server_lock_config){.loop = s->loop,
                                     .database_url = s->settings.database_url,
                                     .id = s->settings.server_id,
                                     .log = &s->log,
                                     .on_lost = on_lock_lost,
                                     .ctx = s},
        why);
    return s->lock != NULL;
}

/* --- all of it ---------------------------------------------------------------------------- */

bool server_build(struct server *s, struct why *why)
{
    s->hub = (struct hub){.settings = &s->settings, .log = &s->log, .loop = s->loop};
    if (!take_lock(s, why))
        return false;
    s->hub.auth = auth_new(&s->settings, why);
    if (!s->hub.auth)
        return false;
    s->pool = make_pool(s, "reader", (int)s->settings.database_workers, false);
    s->writers = make_pool(s, "writer", (int)s->settings.database_writers, true);
    s->relay = make_pool(s, "relay", 1, false);
    s->hub.pool = s->pool;
    make_flow(s);
    /* The listener first: its port is in every session record. */
    s->endpoint = endpoint_new(&s->hub, &s->settings, why);
    if (!s->endpoint || !make_sessions(s, why) || !make_kafka(s, why) ||
        !make_deletions(s, why))
        return false;
    s->mailer = mailer_new(&s->hub);
    server_sweep(s);
    s->discovery = discovery_new(&s->hub);
    return true;
}

void server_dismantle(struct server *s)
{
    endpoint_free(&s->endpoint);
    discovery_drop(s->discovery);
    mailer_drop(s->mailer);
    deletions_drop(s->deletions);
    kafka_consumer_free(&s->consumer);
    work_pool_free(&s->writers); /* what was taken is stored and published */
    if (s->hub.publisher)
        publisher_stop_relay(s->hub.publisher);
    work_pool_free(&s->relay);
    kafka_producer_free(&s->hub.producer, FLUSH_MS);
    if (s->hub.publisher)
        publisher_stop(s->hub.publisher);
    work_pool_free(&s->pool);
    mailer_free(&s->mailer);
    deletions_free(&s->deletions);
    discovery_free(&s->discovery);
    writer_free(&s->hub.writer);
    publisher_free(&s->hub.publisher);
    feed_free(&s->hub.feed);
    session_store_free(&s->hub.sessions);
    auth_free(&s->hub.auth);
    server_lock_free(&s->lock);
    loop_timer_free(&s->drain_timer);
    buf_release(&s->hub.scratch); /* operations that ended above still wrote into it */
}
