/*
 * Subscriptions: each cursor's way from where it starts to the feed's end, and along with it.
 * SPDX-License-Identifier: MIT
 */
#include "feed/room.h"

#include "base/banned.h"

static void sub_link(struct feed_room *room, struct feed_sub *sub)
{
    sub->prev = NULL;
    sub->next = room->subs;
    if (room->subs)
        room->subs->prev = sub;
    room->subs = sub;
}

static void sub_unlink(struct feed_sub *sub)
{
    if (sub->prev)
        sub->prev->next = sub->next;
    else
        sub->room->subs = sub->next;
    if (sub->next)
        sub->next->prev = sub->prev;
    sub->prev = sub->next = NULL;
}

void feed_sub_begin(struct feed *feed, struct feed_sub *sub, struct str room_uuid)
{
    BUG_ON(sub->state != FEED_SUB_IDLE);
    sub->feed = feed;
    sub->room = feed_room_get(feed, room_uuid);
    sub->state = FEED_SUB_LOOKUP;
    sub->epoch = ++feed->last_epoch; /* the next one may lie at the same address */
    sub_link(sub->room, sub);
    feed->stats.subs++;
}

void feed_sub_end(struct feed_sub *sub)
{
    struct feed_room *room = sub->room;

    if (sub->state == FEED_SUB_IDLE)
        return;
    sub->state = FEED_SUB_IDLE;
    sub->is_reading = false;
    sub_unlink(sub);
    sub->room = NULL;
    sub->feed->stats.subs--;
    if (!room->subs)
        feed_room_reset(room); /* nobody to keep it current for */
    feed_room_put(sub->feed, &room);
}

void feed_sub_fail(struct feed_sub *sub, enum err rc)
{
    const struct feed_sub_owner *owner = sub->owner;

    feed_sub_end(sub);
    owner->on_end(sub, rc);
}

void feed_room_end_all(struct feed_room *room, enum err rc)
{
    struct feed_sub *next;

    for (struct feed_sub *sub = room->subs; sub; sub = next) {
        next = sub->next;
        if (sub->state != FEED_SUB_LOOKUP) /* those get the answer of their look-up */
            feed_sub_fail(sub, rc);
    }
}

void feed_room_gone(struct feed *feed, struct feed_room *room)
{
    struct feed_room *held = room;

    room->refs++;
    feed_room_forget(room);
    feed_room_end_all(room, ERR_ROOM_NOT_FOUND);
    feed_room_put(feed, &held);
}

/* Where the cursor starts, and what is to be replayed (contract: since, last). */
static void sub_place(struct feed_sub *sub, int64_t last_seq)
{
    int64_t from = last_seq;

    sub->is_recovered = true;
    if (sub->since >= 0) {
        sub->is_recovered = sub->since <= last_seq &&
                            last_seq - sub->since <= sub->feed->config.resume_max;
        if (sub->is_recovered)
            from = sub->since;
    } else if (sub->last >= 0) {
        from = last_seq > sub->last ? last_seq - sub->last : 0;
    }
    sub->cursor = from;
    sub->first_seq = from + 1;
}

void feed_sub_found(struct feed_sub *sub, enum err rc, struct card *card)
{
    struct feed_room *room = sub->room;
    struct feed *feed = sub->feed;

    if (sub->state != FEED_SUB_LOOKUP)
        return;
    if (rc != ERR_OK) {
        feed_sub_fail(sub, rc);
        return;
    }
    feed_room_learn(room, card);
    sub->state = FEED_SUB_REPLAY;
    sub_place(sub, card->last_seq);
    if (room->end < 0) {
        room->end = card->last_seq;
        room->tail_first = room->end + 1;
    }
    if (card->last_seq > room->noticed)
        room->noticed = card->last_seq;
    feed_room_absorb(feed, room); /* advances sub too */
}

static void sub_go_live(struct feed_sub *sub)
{
    const struct feed_recovery r = {
        .is_recovered = sub->is_recovered,
        .first_seq = sub->n_replayed > 0 ? sub->first_seq : sub->cursor + 1,
        .last_seq = sub->cursor,
        .n_replayed = sub->n_replayed,
    };

    sub->state = FEED_SUB_LIVE;
    sub->owner->on_live(sub, &r);
}

bool feed_sub_take(struct feed_sub *sub, struct feed_message *m)
{
    if (sub->state == FEED_SUB_REPLAY) {
        if (!sub->owner->can_take(sub))
            return false;
        if (sub->n_replayed++ == 0)
            sub->first_seq = m->seq;
    }
    sub->cursor = m->seq;
    sub->owner->on_message(sub, m);
    return true;
}

void feed_sub_advance(struct feed_sub *sub)
{
    struct feed_room *room = sub->room;

    if (sub->state != FEED_SUB_REPLAY && sub->state != FEED_SUB_LIVE)
        return;
    /* What cannot be replayed whole is not replayed in part: its reader pages up to last-seq. */
    if (sub->is_event || (sub->state == FEED_SUB_REPLAY && !sub->is_recovered))
        sub->cursor = room->end;
    while (sub->cursor < room->end) {
        if (sub->cursor + 1 < room->tail_first) {
            if (sub->state == FEED_SUB_LIVE || sub->owner->can_take(sub))
                feed_sub_read(sub);
            return;
        }
        if (!feed_sub_take(sub, room->tail[(sub->cursor + 1) % FEED_TAIL]))
            return;
    }
    if (sub->state == FEED_SUB_REPLAY && !sub->is_reading)
        sub_go_live(sub);
}

void feed_room_advance_all(struct feed_room *room)
{
    struct feed_sub *next;

    for (struct feed_sub *sub = room->subs; sub; sub = next) {
        next = sub->next;
        feed_sub_advance(sub);
    }
}

void feed_sub_resume(struct feed_sub *sub)
{
    feed_sub_advance(sub);
}

void feed_publish_foreign(struct feed *feed, struct feed_room *room,
                          struct feed_message *m)
{
    struct feed_sub *next;

    (void)feed;
    for (struct feed_sub *sub = room->subs; sub; sub = next) {
        next = sub->next;
        if (sub->state == FEED_SUB_LIVE && !sub->is_event)
            sub->owner->on_message(sub, m);
    }
}

bool feed_room_is_watched(const struct feed_room *room)
{
    for (const struct feed_sub *sub = room->subs; sub; sub = sub->next)
        if (sub->is_event && sub->state == FEED_SUB_LIVE)
            return true;
    return false;
}

void feed_event(struct feed *feed, struct feed_room *room, struct str id, struct str json)
{
    struct feed_message *m = feed_message_new(0, 0, id, STR_NULL, json);
    struct feed_sub *next;

    (void)feed;
    for (struct feed_sub *sub = room->subs; sub; sub = next) {
        next = sub->next;
        if (sub->state == FEED_SUB_LIVE && sub->is_event)
            sub->owner->on_message(sub, m);
    }
    feed_message_unref(&m);
}

void feed_event_of_member(struct feed *feed, struct str user,
                          void (*fn)(void *ctx, struct feed_room *room), void *ctx)
{
    struct feed_room *room, *tmp;

    HASH_ITER(by_uuid, feed->rooms, room, tmp)
    {
        if (room->card && card_member(room->card, user) && feed_room_is_watched(room))
            fn(ctx, room);
    }
}
