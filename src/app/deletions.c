/* SPDX-License-Identifier: MIT */
#include "app/deletions.h"

#include <stdio.h>
#include <stdlib.h>

#include "endpoint/events.h"
#include "kafka/group.h"
#include "service/user_delete.h"

#include "base/banned.h"

enum {
    FIRST_PAUSE_MS = 1000,
    LAST_PAUSE_MS = 30000,
    NAME_BYTES_MAX = 256
};

struct deletions {
    struct hub *hub;
    struct user_delete_config config;
    struct kafka_group *group;
    struct loop_timer *timer; /* to the next try */
    struct str user;          /* owned; being deleted; no value: none */
    size_t n_rooms;           /* of that user, so far */
    int64_t pause_ms;         /* before the next try, after failures */
    bool is_dropped;
};

struct step_job {
    struct work_job job;
    struct deletions *deletions;
    struct str user; /* in arena */
    struct arena arena;
    struct user_delete_step step;
    enum err rc;
};

/* --- steps -------------------------------------------------------------------------------- */

static void step_run(struct work_job *job, struct work_ctx *ctx)
{
    struct step_job *s = (struct step_job *)job;

    s->rc = user_delete_some(ctx, &s->deletions->config, s->user, &s->arena, &s->step);
}

static void step_free(struct step_job *s)
{
    arena_release(&s->arena);
    free(s);
}

static void tell_rooms(struct deletions *d, const struct user_delete_step *step)
{
    for (size_t i = 0; i < step->n_rooms; i++) {
        if (!step->rooms[i].is_changed)
            continue;
        d->n_rooms++;
        publisher_publish(d->hub->publisher, &step->rooms[i].commit);
        event_room_changed(d->hub, &step->rooms[i].change, false);
    }
}

static void finish(struct deletions *d, const struct user_delete_step *step)
{
    publisher_publish(d->hub->publisher, &step->commit);
    event_user_deleted(d->hub, d->user);
    d->hub->stats.users_deleted++;
    LOG_INFO(d->hub->log, "user.deleted", LOG_STR("policy", step->deleted.policy),
             LOG_INT("rooms", d->n_rooms));
    str_free(&d->user);
    kafka_group_done(d->group);
}

static void try_later(struct deletions *d, enum err rc)
{
    d->pause_ms = d->pause_ms ? 2 * d->pause_ms : FIRST_PAUSE_MS;
    if (d->pause_ms > LAST_PAUSE_MS)
        d->pause_ms = LAST_PAUSE_MS;
    LOG_WARN(d->hub->log, "user.delete_failed", LOG_C("error", err_info(rc)->code),
             LOG_INT("again_in_ms", d->pause_ms));
    loop_timer_start(d->timer, d->pause_ms, 0);
}

static void take_step(void *arg);

static void step_done(struct work_job *job)
{
    struct step_job *s = (struct step_job *)job;
    struct deletions *d = s->deletions;

    if (!d->is_dropped) { /* else: what is in the outbox is published by a relay */
        tell_rooms(d, &s->step);
        if (s->rc != ERR_OK) {
            try_later(d, s->rc);
        } else if (s->step.is_over) {
            finish(d, &s->step);
        } else {
            d->pause_ms = 0;
            take_step(d);
        }
    }
    step_free(s);
}

static void take_step(void *arg)
{
    struct deletions *d = arg;
    struct step_job *s = mem_zalloc(sizeof(*s));
    enum err rc;

    s->job = (struct work_job){.run = step_run, .done = step_done};
    s->deletions = d;
    arena_init(&s->arena, SIZE_MAX);
    s->user = arena_dup(&s->arena, d->user);
    rc = work_submit(d->hub->pool, 0, &s->job);
    if (rc == ERR_OK)
        return;
    step_free(s);
    try_later(d, rc);
}

/* --- records ------------------------------------------------------------------------------ */

static void on_record(void *ctx, const struct event_record *record)
{
    struct deletions *d = ctx;
    struct user_deletion value = {.user = str_trim(record->value)};
    struct why why = {.text = ""};

    if (user_deletion_check(&value, &why) != ERR_OK) {
        d->hub->stats.records_malformed++;
        LOG_WARN(d->hub->log, "kafka.record_malformed", LOG_STR("topic", record->topic),
                 LOG_INT("partition", record->partition),
                 LOG_INT("offset", record->offset), LOG_C("why", why.text));
        kafka_group_done(d->group);
        return;
    }
    d->user = str_dup(value.user);
    d->n_rooms = 0;
    d->pause_ms = 0;
    event_user_deleted(d->hub, d->user); /* the others hear of it at the end */
    take_step(d);
}

/* "team5-" names the groups of single servers, "team5" is the fleet's. */
static struct str group_of(const struct settings *settings)
{
    struct str group = settings->kafka_group_prefix;

    if (group.n > 0 && group.p[group.n - 1] == '-')
        group.n--;
    return group.n > 0 ? group : settings->kafka_user_delete_topic;
}

struct deletions *deletions_new(struct hub *hub, bool is_mock_broker, struct why *why)
{
    const struct settings *settings = hub->settings;
    const struct kafka_config config = {
        .brokers = settings->kafka_brokers,
        .client_id = settings->server_id,
        .group_id = group_of(settings),
        .is_mock_broker = is_mock_broker,
        .log = hub->log,
    };
    struct deletions *d = mem_zalloc(sizeof(*d));
    char topic[NAME_BYTES_MAX];

    d->hub = hub;
    d->config = (struct user_delete_config){
        .room = {.server_id = settings->server_id,
                 .event_topic = settings->kafka_event_topic},
        .is_purge = settings->user_delete_policy == SETTINGS_USER_DELETE_POLICY_PURGE,
    };
    d->timer = loop_timer_new(hub->loop, take_step, d);
    snprintf(topic, sizeof(topic), STR_FMT, STR_ARG(settings->kafka_user_delete_topic));
    d->group = kafka_group_new(hub->loop, &config, topic, on_record, d, why);
    if (!d->group)
        deletions_free(&d);
    return d;
}

void deletions_drop(struct deletions *d)
{
    if (!d)
        return;
    d->is_dropped = true;
    loop_timer_stop(d->timer);
    kafka_group_free(&d->group);
}

void deletions_free(struct deletions **d)
{
    struct deletions *old = *d;

    if (!old)
        return;
    *d = NULL;
    kafka_group_free(&old->group);
    loop_timer_free(&old->timer);
    str_free(&old->user);
    free(old);
}
