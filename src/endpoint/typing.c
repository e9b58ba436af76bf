/* SPDX-License-Identifier: MIT */
#include "endpoint/typing.h"

#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "endpoint/events_local.h"
#include "generated/c/envelope.h"

#include "base/banned.h"

enum {
    RELAY_EVERY_MS = 250,
    RELAY_USERS_MAX = 100000 /* who types now; of more than that others hear nothing */
};

/* A user of a room of whom the other servers were told less than RELAY_EVERY_MS ago. */
struct typist {
    UT_hash_handle by_name;
    struct typist *prev, *next; /* in the order of told_ms */
    struct card *card;          /* held */
    int64_t told_ms;
    bool is_waiting; /* is_typing is to be told */
    bool is_typing;
    size_t name_n;
    char name[]; /* the room's id, then the user */
};

struct typing_relay {
    struct hub *hub;
    struct typist *typists; /* by name */
    struct typist *oldest;
    struct loop_timer *timer; /* runs while there are typists */
};

static struct str user_of(const struct typist *t)
{
    return str_from((struct str){t->name, t->name_n}, sizeof(t->card->room_id));
}

/* --- to the other servers ----------------------------------------------------------------- */

/* Straight to Kafka, without the outbox: a lost one does no harm. */
static void publish(struct hub *hub, const struct typist *t)
{
    const struct member_typing value = {.room_uuid = t->card->uuid,
                                        .user = user_of(t),
                                        .has_typing = true,
                                        .typing = t->is_typing};
    struct uuid id = uuid_v7(clock_real_ns());
    struct event_meta meta = {.topic = hub->settings->kafka_event_topic,
                              .id = uuid_str(&id),
                              .time_ns = clock_real_ns(),
                              .server = hub->settings->server_id};
    struct event_record record;
    struct arena arena;

    for (size_t i = 0; i < t->card->n_members; i++)
        meta.users[i] = t->card->members[i].user;
    arena_init(&arena, SIZE_MAX);
    if (event_member_typing_encode(&meta, &value, EVENT_JSON, &arena, &record) ==
            ERR_OK &&
        kafka_produce(hub->producer, &record, NULL) != ERR_OK)
        LOG_DEBUG(hub->log, "kafka.typing_lost", LOG_STR("room", value.room_uuid));
    arena_release(&arena);
}

static void typist_free(struct typing_relay *r, struct typist *t)
{
    HASH_DELETE(by_name, r->typists, t);
    DL_DELETE(r->oldest, t);
    card_unref(&t->card);
    free(t);
}

/* Tells what waits of those whose time has come; who has nothing new is forgotten. */
static void on_timer(void *arg)
{
    struct typing_relay *r = arg;
    int64_t now = loop_now_ms(r->hub->loop);
    struct typist *t;

    while ((t = r->oldest) && now - t->told_ms >= RELAY_EVERY_MS) {
        if (!t->is_waiting) {
            typist_free(r, t);
            continue;
        }
        t->is_waiting = false;
        t->told_ms = now;
        DL_DELETE(r->oldest, t);
        DL_APPEND(r->oldest, t);
        publish(r->hub, t);
    }
    if (t)
        loop_timer_start(r->timer, t->told_ms + RELAY_EVERY_MS - now, 0);
}

static struct typist *typist_new(struct typing_relay *r, struct str name)
{
    struct typist *t = mem_zalloc(sizeof(*t) + name.n);

    memcpy(t->name, name.p, name.n);
    t->name_n = name.n;
    t->told_ms = loop_now_ms(r->hub->loop);
    HASH_ADD_KEYPTR(by_name, r->typists, t->name, name.n, t);
    DL_APPEND(r->oldest, t);
    if (!loop_timer_is_active(r->timer))
        loop_timer_start(r->timer, RELAY_EVERY_MS, 0);
    return t;
}

static void relay(struct typing_relay *r, struct card *card, struct str user,
                  bool is_typing)
{
    char bytes[sizeof(card->room_id) + AUTH_USER_BYTES_MAX];
    struct str name = {bytes, sizeof(card->room_id) + user.n};
    struct typist *t;

    if (!r->hub->producer)
        return;
    BUG_ON(name.n > sizeof(bytes));
    memcpy(bytes, &card->room_id, sizeof(card->room_id));
    memcpy(bytes + sizeof(card->room_id), user.p, user.n);
    HASH_FIND(by_name, r->typists, name.p, name.n, t);
    if (t) {
        t->is_waiting = true;
        t->is_typing = is_typing;
        return;
    }
    if (HASH_CNT(by_name, r->typists) >= RELAY_USERS_MAX)
        return;
    t = typist_new(r, name);
    t->card = card_ref(card);
    t->is_typing = is_typing;
    publish(r->hub, t);
}

struct typing_relay *typing_relay_new(struct hub *hub)
{
    struct typing_relay *r = mem_zalloc(sizeof(*r));

    r->hub = hub;
    r->timer = loop_timer_new(hub->loop, on_timer, r);
    return r;
}

void typing_relay_free(struct typing_relay **relay)
{
    struct typing_relay *old = *relay;

    if (!old)
        return;
    *relay = NULL;
    while (old->oldest)
        typist_free(old, old->oldest);
    loop_timer_free(&old->timer);
    free(old);
}

/* --- to those connected here -------------------------------------------------------------- */

void typing_tell_here(struct hub *hub, struct feed_room *room, struct str user,
                      bool is_typing)
{
    event_tell_held_room(hub, room,
                         &(struct room_event){.type = STR("typing"),
                                              .room_uuid = feed_room_uuid(room),
                                              .user = user,
                                              .has_typing = true,
                                              .typing = is_typing});
}

enum err typing_tell(struct hub *hub, struct feed_room *room, struct str user,
                     bool is_typing)
{
    struct card *card = feed_room_card(room);

    if (!card_member(card, user))
        return ERR_NOT_MEMBER;
    typing_tell_here(hub, room, user, is_typing);
    relay(hub->typing, card, user, is_typing);
    return ERR_OK;
}

struct lookup {
    struct hub *hub;
    bool is_typing;
    typing_done_fn *done;
    void *ctx;
};

static void on_found(struct write_op *op)
{
    struct lookup *l = op->owner;
    struct feed_room *room = feed_room_find(l->hub->feed, op->unit.room_uuid);
    enum err rc = op->unit.rc;

    /* The op holds the room and has learned the card. */
    if (rc == ERR_OK)
        rc = typing_tell(l->hub, room, op->unit.sender, l->is_typing);
    l->done(l->ctx, rc);
    write_op_free(&op);
}

void typing_look_up(struct hub *hub, struct str room_uuid, struct str user,
                    bool is_typing, typing_done_fn *done, void *ctx)
{
    struct write_op *op = write_op_new(on_found, NULL);
    struct lookup *l = ARENA_NEW(&op->arena, struct lookup);
    enum err rc;

    *l = (struct lookup){.hub = hub, .is_typing = is_typing, .done = done, .ctx = ctx};
    op->owner = l;
    op->unit.room_uuid = arena_dup(&op->arena, room_uuid);
    op->unit.sender = arena_dup(&op->arena, user);
    rc = writer_submit(hub->writer, op);
    if (rc == ERR_OK)
        return;
    op->unit.rc = rc;
    on_found(op);
}
