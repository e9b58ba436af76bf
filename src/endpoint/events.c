/*
 * Events made by this server: markers, presence, summaries for /user/queue/rooms.
 * SPDX-License-Identifier: MIT
 */
#include "endpoint/events.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "endpoint/events_local.h"
#include "endpoint/stomp_conn.h"
#include "generated/c/envelope.h"
#include "service/mark.h"

#include "base/banned.h"

enum {
    EVENT_JSON_MAX = 16384,
    PREVIEW_CHARS = 100
};

/* --- to those connected here -------------------------------------------------------------- */

void event_tell_held_room(struct hub *hub, struct feed_room *room,
                          const struct room_event *event)
{
    struct uuid id;
    struct buf json;

    if (!feed_room_is_watched(room))
        return;
    id = uuid_v7(clock_real_ns());
    buf_init(&json, EVENT_JSON_MAX);
    room_event_json_encode(event, &json);
    feed_event(hub->feed, room, uuid_str(&id), buf_str(&json));
    buf_release(&json);
}

void event_tell_room(struct hub *hub, const struct room_event *event)
{
    struct feed_room *room = feed_room_find(hub->feed, event->room_uuid);

    if (room)
        event_tell_held_room(hub, room, event);
}

static bool has_rooms_queue(const struct user *user)
{
    for (const struct stomp_conn *c = user->conns; c; c = c->next_of_user)
        if (c->rooms && c->state == STOMP_STATE_CONNECTED)
            return true;
    return false;
}

void event_tell_user(struct hub *hub, struct str id, const struct user_event *event)
{
    struct user *user = id.p ? user_find(hub, id) : NULL;
    struct buf json;

    if (!user || !has_rooms_queue(user))
        return;
    buf_init(&json, EVENT_JSON_MAX);
    user_event_json_encode(event, &json);
    for (struct stomp_conn *c = user->conns; c; c = c->next_of_user)
        if (c->rooms && c->state == STOMP_STATE_CONNECTED)
            stomp_out_json(c->rooms, buf_str(&json));
    buf_release(&json);
}

/* The first characters of a text, never half of one. */
static struct str preview_of(struct str content)
{
    size_t chars = 0, at = 0;

    for (; at < content.n; at++)
        if (((unsigned char)content.p[at] & 0xc0) != 0x80 && chars++ == PREVIEW_CHARS)
            break;
    return (struct str){content.p, at};
}

void event_tell_message(struct hub *hub, const struct str users[2],
                        const struct chat_dto *dto, int64_t seq)
{
    const struct user_event event = {
        .type = STR("message"),
        .room_uuid = dto->room_uuid,
        .has_seq = true,
        .seq = seq,
        .sender = dto->sender,
        .preview = preview_of(dto->content),
    };

    for (size_t i = 0; i < 2; i++)
        event_tell_user(hub, users[i], &event);
}

void event_stored(void *ctx, const struct write_op *op)
{
    struct str users[2] = {STR_NULL, STR_NULL};

    for (size_t i = 0; i < op->card->n_members; i++)
        users[i] = op->card->members[i].user;
    for (size_t i = 0; i < op->unit.n_messages; i++) {
        const struct chat_dto dto = {.room_uuid = op->unit.room_uuid,
                                     .sender = op->unit.sender,
                                     .content = op->unit.messages[i].content};

        event_tell_message(ctx, users, &dto, op->unit.messages[i].seq);
    }
}

void event_room_changed(struct hub *hub, const struct room_changed *change, bool is_new)
{
    bool is_deleted = str_eq(change->state, STR("deleted"));
    struct feed_room *room = feed_room_find(hub->feed, change->room_uuid);

    if (room && is_deleted)
        feed_room_gone(hub->feed, room);
    else if (room && !is_new) /* of a new one nothing older can be known */
        feed_room_forget(room);
    if (!is_new && !is_deleted)
        event_tell_room(hub, &(struct room_event){.type = STR("room.state"),
                                                  .room_uuid = change->room_uuid,
                                                  .state = change->state});
    if (!is_new && !is_deleted)
        return;
    for (size_t i = 0; i < change->n_users; i++) {
        struct user_event event = {
            .type = is_new ? STR("room.created") : STR("room.removed"),
            .room_uuid = change->room_uuid,
        };

        if (is_new) {
            event.product_name = change->product_name;
            event.other = change->users[change->n_users - 1 - i];
        }
        event_tell_user(hub, change->users[i], &event);
    }
}

void event_user_deleted(struct hub *hub, struct str user)
{
    stomp_close_user(hub, user, ERR_AUTH_REQUIRED);
}

/* --- markers ------------------------------------------------------------------------------ */

struct mark_job {
    struct work_job job;
    struct hub *hub;
    struct mark_config config;
    struct arena arena; /* texts and results */
    struct mark_what what;
    mark_done_fn *done;
    void *ctx;
    enum err rc;
    struct mark_stored result;
};

static void mark_run(struct work_job *job, struct work_ctx *ctx)
{
    struct mark_job *m = (struct mark_job *)job;

    m->rc = mark_store(ctx, &m->config, &m->what, &m->arena, &m->result);
    if (m->rc < ERR_DB_DUPLICATE || m->rc > ERR_DB_FAILED)
        return;
    LOG_ERROR(ctx->log, "mark.database", LOG_STR("room", m->what.room_uuid),
              LOG_C("error", err_info(m->rc)->code),
              LOG_C("text", db_error_text(ctx->db)));
    m->rc = ERR_INTERNAL; /* the database's words are not for the client */
}

static void mark_tell(struct mark_job *m)
{
    publisher_publish(m->hub->publisher, &m->result.commit);
    event_tell_room(m->hub, &(struct room_event){
                                .type = m->what.is_read ? STR("read") : STR("delivered"),
                                .room_uuid = m->what.room_uuid,
                                .user = m->what.user,
                                .has_seq = true,
                                .seq = m->result.seq});
    if (m->what.is_read)
        event_tell_user(m->hub, m->what.user,
                        &(struct user_event){.type = STR("unread"),
                                             .room_uuid = m->what.room_uuid,
                                             .has_unread = true,
                                             .unread = m->result.unread});
}

static void mark_done(struct work_job *job)
{
    struct mark_job *m = (struct mark_job *)job;
    const struct mark_outcome outcome = {
        .rc = m->rc, .unread = m->result.unread, .total_unread = m->result.total_unread};

    if (m->rc == ERR_OK && m->result.is_moved)
        mark_tell(m);
    m->done(m->ctx, &outcome);
    arena_release(&m->arena);
    free(m);
}

void event_mark(struct hub *hub, const struct mark_what *what, mark_done_fn *done,
                void *ctx)
{
    struct mark_job *m = mem_zalloc(sizeof(*m));
    enum err rc;

    arena_init(&m->arena, SIZE_MAX);
    m->job.run = mark_run;
    m->job.done = mark_done;
    m->hub = hub;
    m->config = (struct mark_config){.server_id = hub->settings->server_id,
                                     .event_topic = hub->settings->kafka_event_topic};
    m->what = *what;
    m->what.room_uuid = arena_dup(&m->arena, what->room_uuid);
    m->what.user = arena_dup(&m->arena, what->user);
    m->done = done;
    m->ctx = ctx;
    rc = work_submit(hub->pool, 0, &m->job);
    if (rc == ERR_OK)
        return;
    m->rc = rc;
    mark_done(&m->job);
}

/* --- presence ----------------------------------------------------------------------------- */

struct presence_news {
    struct hub *hub;
    struct str user;
    bool is_online;
};

static void tell_presence(void *ctx, struct feed_room *room)
{
    const struct presence_news *news = ctx;

    event_tell_held_room(news->hub, room,
                         &(struct room_event){.type = STR("presence"),
                                              .room_uuid = feed_room_uuid(room),
                                              .user = news->user,
                                              .has_online = true,
                                              .online = news->is_online});
}

static void publish_presence(struct hub *hub, struct str user, bool is_online)
{
    const struct user_presence value = {
        .user = user, .has_online = true, .online = is_online};
    struct uuid id = uuid_v7(clock_real_ns());
    const struct event_meta meta = {.topic = hub->settings->kafka_event_topic,
                                    .id = uuid_str(&id),
                                    .time_ns = clock_real_ns(),
                                    .server = hub->settings->server_id};
    struct event_record record;
    struct arena arena;

    if (!hub->producer)
        return;
    arena_init(&arena, SIZE_MAX);
    if (event_user_presence_encode(&meta, &value, EVENT_JSON, &arena, &record) ==
            ERR_OK &&
        kafka_produce(hub->producer, &record, NULL) != ERR_OK)
        LOG_DEBUG(hub->log, "kafka.presence_lost", LOG_STR("user", user));
    arena_release(&arena);
}

void event_presence(struct hub *hub, struct str user, bool is_online, bool is_ours)
{
    struct presence_news news = {hub, user, is_online};

    feed_event_of_member(hub->feed, user, tell_presence, &news);
    if (is_ours)
        publish_presence(hub, user, is_online);
}
