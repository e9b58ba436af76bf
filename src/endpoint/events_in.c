/*
 * Records of Kafka: messages and events of other servers, and of other producers.
 * SPDX-License-Identifier: MIT
 */
#include "base/clock.h"
#include "endpoint/events.h"
#include "endpoint/events_local.h"
#include "endpoint/typing.h"
#include "endpoint/users.h"
#include "generated/c/envelope.h"

#include "base/banned.h"

enum {
    RECORD_ARENA_MAX = 32 << 20,
    RECORD_JSON_MAX = 32 << 20
};

/* A record under way: decoded texts live in the arena. */
struct inbound {
    struct hub *hub;
    const struct event_record *record;
    struct arena arena;
    struct event_meta meta;
    struct why why;
};

static void publish_message(struct inbound *in, struct feed_room *room,
                            const struct chat_dto *dto)
{
    struct feed_message *m;
    struct str id = in->meta.id;
    struct buf json;

    if (in->meta.is_foreign)
        id = arena_printf(&in->arena, STR_FMT "-%d-%lld", STR_ARG(in->record->topic),
                          in->record->partition, (long long)in->record->offset);
    buf_init(&json, RECORD_JSON_MAX);
    chat_dto_json_encode(dto, &json);
    m = feed_message_new(in->meta.sequence,
                         clock_real_of_civil_ns(dto->timestamp) / NS_PER_MS, id,
                         in->meta.idempotency_key, buf_str(&json));
    if (in->meta.is_foreign)
        feed_publish_foreign(in->hub->feed, room, m);
    else
        feed_publish(in->hub->feed, room, m);
    feed_message_unref(&m);
    buf_release(&json);
}

static enum err on_message(struct inbound *in)
{
    struct feed_room *room = feed_room_find(in->hub->feed, in->record->key);
    struct chat_dto dto;
    enum err rc;

    rc = event_chat_message_decode(in->record, &in->arena, &in->meta, &dto, &in->why);
    if (rc != ERR_OK)
        return rc;
    if (!dto.room_uuid.p || (!in->meta.is_foreign && in->meta.sequence == 0)) {
        why_set(&in->why, dto.room_uuid.p ? "header ce_sequence: missing" : "no room");
        return ERR_BODY_INVALID;
    }
    if (!dto.has_timestamp) {
        dto.has_timestamp = true;
        dto.timestamp = clock_civil_ns(clock_real_ns()) / NS_PER_US * NS_PER_US;
    }
    if (in->meta.is_foreign)
        room = feed_room_find(in->hub->feed, dto.room_uuid);
    if (room)
        publish_message(in, room, &dto);
    if (!in->meta.is_foreign)
        event_tell_message(in->hub, in->meta.users, &dto, in->meta.sequence);
    return ERR_OK;
}

static enum err on_room_changed(struct inbound *in, enum event_kind kind)
{
    struct room_changed value;
    enum err rc;

    if (kind == EVENT_ROOM_CREATED)
        rc = event_room_created_decode(in->record, &in->arena, &in->meta, &value,
                                       &in->why);
    else if (kind == EVENT_ROOM_DELETED)
        rc = event_room_deleted_decode(in->record, &in->arena, &in->meta, &value,
                                       &in->why);
    else
        rc = event_room_state_decode(in->record, &in->arena, &in->meta, &value, &in->why);
    if (rc == ERR_OK)
        event_room_changed(in->hub, &value, kind == EVENT_ROOM_CREATED);
    return rc;
}

static enum err on_marked(struct inbound *in, bool is_read)
{
    struct member_marked value;
    enum err rc;

    rc = is_read ? event_message_read_decode(in->record, &in->arena, &in->meta, &value,
                                             &in->why)
                 : event_message_delivered_decode(in->record, &in->arena, &in->meta,
                                                  &value, &in->why);
    if (rc != ERR_OK)
        return rc;
    event_tell_room(in->hub,
                    &(struct room_event){.type = is_read ? STR("read") : STR("delivered"),
                                         .room_uuid = value.room_uuid,
                                         .user = value.user,
                                         .has_seq = true,
                                         .seq = value.seq});
    if (is_read)
        event_tell_unread(in->hub, value.room_uuid, value.user);
    return ERR_OK;
}

static enum err on_typing(struct inbound *in)
{
    struct member_typing value;
    struct feed_room *room;
    enum err rc;

    rc = event_member_typing_decode(in->record, &in->arena, &in->meta, &value, &in->why);
    if (rc != ERR_OK)
        return rc;
    room = feed_room_find(in->hub->feed, value.room_uuid);
    if (room)
        typing_tell_here(in->hub, room, value.user, value.typing);
    return ERR_OK;
}

static enum err on_presence(struct inbound *in)
{
    struct user_presence value;
    enum err rc;

    rc = event_user_presence_decode(in->record, &in->arena, &in->meta, &value, &in->why);
    if (rc == ERR_OK)
        event_presence(in->hub, value.user, value.online, false);
    return rc;
}

static enum err on_user_deleted(struct inbound *in)
{
    struct user_deleted value;
    enum err rc;

    rc = event_user_deleted_decode(in->record, &in->arena, &in->meta, &value, &in->why);
    if (rc == ERR_OK)
        event_user_deleted(in->hub, value.user);
    return rc;
}

static enum err dispatch(struct inbound *in)
{
    bool is_chat = str_eq(in->record->topic, in->hub->settings->kafka_topic);
    enum event_kind kind = event_kind_of(in->record);

    switch (kind) {
    case EVENT_FOREIGN:
        return is_chat ? on_message(in) : ERR_BODY_INVALID;
    case EVENT_CHAT_MESSAGE:
        return on_message(in);
    case EVENT_ROOM_CREATED:
    case EVENT_ROOM_STATE:
    case EVENT_ROOM_DELETED:
        return on_room_changed(in, kind);
    case EVENT_MESSAGE_READ:
    case EVENT_MESSAGE_DELIVERED:
        return on_marked(in, kind == EVENT_MESSAGE_READ);
    case EVENT_MEMBER_TYPING:
        return on_typing(in);
    case EVENT_USER_DELETED:
        return on_user_deleted(in);
    case EVENT_USER_PRESENCE:
        return on_presence(in);
    case EVENT_UNKNOWN:
    case EVENT_N:
        break; /* of a newer program: skipped, never an error loop */
    }
    return ERR_OK;
}

static bool is_wanted_by_room(struct inbound *in, enum event_kind kind)
{
    struct feed_room *room = feed_room_find(in->hub->feed, in->record->key);

    if (!room)
        return false;
    if (kind == EVENT_MEMBER_TYPING)
        return feed_room_is_watched(room);
    return kind != EVENT_CHAT_MESSAGE || feed_room_needs(room, in->meta.sequence);
}

/* Whether anybody here could want it, from the key and the headers alone. */
static bool is_wanted(struct inbound *in)
{
    struct str server = event_header(in->record, "ce_server");
    enum event_kind kind = event_kind_of(in->record);

    if (server.p && str_eq(server, in->hub->settings->server_id))
        return false; /* ours: told when it was committed */
    if (event_meta_decode(in->record, &in->arena, &in->meta, &in->why) != ERR_OK ||
        !in->meta.users[0].p || !in->record->key.p || is_wanted_by_room(in, kind))
        return true; /* a broken header is told where the value is decoded */
    for (size_t i = 0; kind != EVENT_MEMBER_TYPING && i < 2; i++)
        if (in->meta.users[i].p && user_is_connected(in->hub, in->meta.users[i]))
            return true;
    return false;
}

void event_record_in(void *ctx, const struct event_record *record)
{
    struct hub *hub = ctx;
    struct inbound in = {.hub = hub, .record = record};
    enum err rc;

    hub->stats.records_in++;
    arena_init(&in.arena, RECORD_ARENA_MAX);
    rc = is_wanted(&in) ? dispatch(&in) : ERR_OK;
    if (rc != ERR_OK) {
        hub->stats.records_malformed++;
        LOG_WARN(hub->log, "kafka.record_malformed", LOG_STR("topic", record->topic),
                 LOG_INT("partition", record->partition),
                 LOG_INT("offset", record->offset), LOG_C("why", in.why.text));
    }
    arena_release(&in.arena);
}
