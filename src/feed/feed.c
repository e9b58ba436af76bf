/*
 * Rooms held by this server: their table, their tail and the order in which messages join it.
 * SPDX-License-Identifier: MIT
 */
#include "feed/feed.h"

#include <stdlib.h>

#include "feed/room.h"

#include "base/banned.h"

struct feed_message *feed_message_new(int64_t seq, int64_t timestamp_ms, struct str id,
                                      struct str key, struct str body)
{
    struct feed_message *m = mem_alloc(sizeof(*m) + id.n + key.n + body.n + 1);
    char *at = (char *)(m + 1);

    *m = (struct feed_message){
        .refs = 1,
        .seq = seq,
        .timestamp_ms = timestamp_ms,
        .id = {at, id.n},
        .key = {key.p ? at + id.n : NULL, key.n},
        .body = {at + id.n + key.n, body.n},
    };
    if (id.n > 0)
        memcpy(at, id.p, id.n);
    if (key.n > 0)
        memcpy(at + id.n, key.p, key.n);
    if (body.n > 0)
        memcpy(at + id.n + key.n, body.p, body.n);
    at[id.n + key.n + body.n] = '\0';
    return m;
}

void feed_message_unref(struct feed_message **m)
{
    struct feed_message *old = *m;

    if (!old)
        return;
    *m = NULL;
    if (--old->refs > 0)
        return;
    for (size_t i = 0; i < FEED_HEADS; i++)
        blob_unref(&old->heads[i]);
    free(old);
}

static int64_t hole_due_ms(const struct feed_room *room)
{
    return room->hole_since_ms + FEED_HOLE_MS * (INT64_C(1) << room->hole_failures);
}

/* The timer fires when the first hole is due. */
static void await_hole(struct feed *feed, const struct feed_room *room)
{
    int64_t due = hole_due_ms(room), now = loop_now_ms(feed->config.loop);

    if (loop_timer_is_active(feed->hole_timer) && feed->hole_timer_ms <= due)
        return;
    feed->hole_timer_ms = due;
    loop_timer_start(feed->hole_timer, due > now ? due - now : 0, 0);
}

static void on_hole_timer(void *arg)
{
    struct feed *feed = arg;
    struct feed_room *room, *tmp;
    int64_t now = loop_now_ms(feed->config.loop);

    HASH_ITER(by_uuid, feed->rooms, room, tmp)
    {
        if (room->hole_since_ms == 0 || room->is_reading)
            continue;
        if (now >= hole_due_ms(room))
            feed_room_read(feed, room);
        else
            await_hole(feed, room);
    }
}

static void on_poll_timer(void *arg)
{
    feed_poll(arg);
}

struct feed *feed_new(const struct feed_config *config)
{
    struct feed *feed = mem_zalloc(sizeof(*feed));

    feed->config = *config;
    feed->hole_timer = loop_timer_new(config->loop, on_hole_timer, feed);
    feed->poll_timer = loop_timer_new(config->loop, on_poll_timer, feed);
    loop_timer_start(feed->poll_timer, FEED_POLL_MS, FEED_POLL_MS);
    return feed;
}

void feed_free(struct feed **feed)
{
    struct feed *old = *feed;

    if (!old)
        return;
    *feed = NULL;
    BUG_ON(old->rooms);
    loop_timer_free(&old->hole_timer);
    loop_timer_free(&old->poll_timer);
    free(old);
}

void feed_set_degraded(struct feed *feed, bool is_degraded)
{
    int64_t every = is_degraded ? FEED_POLL_DEGRADED_MS : FEED_POLL_MS;

    if (feed->is_degraded == is_degraded)
        return;
    feed->is_degraded = is_degraded;
    loop_timer_start(feed->poll_timer, every, every);
}

void feed_look(struct feed *feed)
{
    feed_poll(feed);
}

void feed_stats(const struct feed *feed, struct feed_stats *out)
{
    *out = feed->stats;
    out->rooms = HASH_CNT(by_uuid, feed->rooms);
}

/* --- rooms -------------------------------------------------------------------------------- */

struct feed_room *feed_room_find(struct feed *feed, struct str uuid)
{
    struct feed_room *room;

    HASH_FIND(by_uuid, feed->rooms, uuid.p, uuid.n, room);
    return room;
}

struct feed_room *feed_room_get(struct feed *feed, struct str uuid)
{
    struct feed_room *room = feed_room_find(feed, uuid);
    char *name;

    if (room) {
        room->refs++;
        return room;
    }
    room = mem_zalloc(sizeof(*room) + uuid.n);
    name = (char *)(room + 1);
    if (uuid.n > 0)
        memcpy(name, uuid.p, uuid.n);
    room->uuid = (struct str){name, uuid.n};
    room->refs = 1;
    room->end = -1;
    HASH_ADD_KEYPTR(by_uuid, feed->rooms, name, uuid.n, room);
    return room;
}

void feed_room_put(struct feed *feed, struct feed_room **room)
{
    struct feed_room *old = *room;

    if (!old)
        return;
    *room = NULL;
    BUG_ON(old->refs == 0);
    if (--old->refs > 0)
        return;
    BUG_ON(old->subs);
    feed_room_reset(old);
    card_unref(&old->card);
    HASH_DELETE(by_uuid, feed->rooms, old);
    free(old);
}

struct str feed_room_uuid(const struct feed_room *room)
{
    return room->uuid;
}

struct card *feed_room_card(const struct feed_room *room)
{
    return room->card;
}

void feed_room_learn(struct feed_room *room, struct card *card)
{
    if (room->card && room->card->access_version > card->access_version &&
        room->card->room_id == card->room_id)
        return;
    card_ref(card);
    card_unref(&room->card);
    room->card = card;
    room->room_id = card->room_id;
}

void feed_room_forget(struct feed_room *room)
{
    card_unref(&room->card);
}

void feed_forget_cards(struct feed *feed)
{
    struct feed_room *room, *tmp;

    HASH_ITER(by_uuid, feed->rooms, room, tmp)
    {
        feed_room_forget(room);
    }
}

/* --- the tail ----------------------------------------------------------------------------- */

void feed_room_reset(struct feed_room *room)
{
    for (size_t i = 0; i < FEED_TAIL; i++)
        feed_message_unref(&room->tail[i]);
    for (size_t i = 0; i < room->n_stash; i++)
        feed_message_unref(&room->stash[i].message);
    free(room->stash);
    room->stash = NULL;
    room->n_stash = 0;
    room->end = -1;
    room->tail_first = 0;
    room->noticed = 0;
    room->hole_since_ms = 0;
    room->hole_failures = 0;
}

void feed_room_append(struct feed_room *room, struct feed_message *m)
{
    struct feed_message **slot = &room->tail[m->seq % FEED_TAIL];

    if (m->seq != room->end + 1)
        for (size_t i = 0; i < FEED_TAIL; i++)
            feed_message_unref(&room->tail[i]);
    if (m->seq != room->end + 1 || room->tail_first > room->end)
        room->tail_first = m->seq;
    feed_message_unref(slot);
    m->refs++;
    *slot = m;
    room->end = m->seq;
    if (room->end - room->tail_first >= FEED_TAIL)
        room->tail_first = room->end - FEED_TAIL + 1;
}

static void stash_add(struct feed_room *room, struct feed_message *m)
{
    size_t at = room->n_stash;

    if (room->n_stash == FEED_STASH_MAX)
        return; /* noticed already: the database has it */
    while (at > 0 && room->stash[at - 1].message->seq > m->seq)
        at--;
    if (at > 0 && room->stash[at - 1].message->seq == m->seq)
        return;
    if (!room->stash)
        room->stash = mem_alloc(FEED_STASH_MAX * sizeof(*room->stash));
    memmove(&room->stash[at + 1], &room->stash[at],
            (room->n_stash - at) * sizeof(*room->stash));
    m->refs++;
    room->stash[at] = (struct feed_stashed){m, room->read_serial};
    room->n_stash++;
}

/* Takes the first n entries off the stash. */
static void stash_drop(struct feed_room *room, size_t n)
{
    for (size_t i = 0; i < n; i++)
        feed_message_unref(&room->stash[i].message);
    memmove(room->stash, &room->stash[n], (room->n_stash - n) * sizeof(*room->stash));
    room->n_stash -= n;
    if (room->n_stash == 0) {
        free(room->stash);
        room->stash = NULL;
    }
}

void feed_room_absorb(struct feed *feed, struct feed_room *room)
{
    size_t taken = 0;

    if (room->end < 0)
        return;
    for (; taken < room->n_stash; taken++) {
        struct feed_message *m = room->stash[taken].message;

        if (m->seq > room->end + 1)
            break;
        if (m->seq == room->end + 1)
            feed_room_append(room, m);
    }
    if (taken > 0)
        stash_drop(room, taken);
    feed_room_check_hole(feed, room);
    feed_room_advance_all(room);
}

void feed_room_check_hole(struct feed *feed, struct feed_room *room)
{
    if (room->end < 0 || room->noticed <= room->end) {
        room->hole_since_ms = 0;
        return;
    }
    if (room->hole_since_ms == 0)
        room->hole_since_ms = loop_now_ms(feed->config.loop);
    if (!room->is_reading) /* else it is looked at again when that is over */
        await_hole(feed, room);
}

bool feed_room_needs(const struct feed_room *room, int64_t seq)
{
    return room->subs && (seq == 0 || room->end < 0 || seq > room->end);
}

void feed_publish(struct feed *feed, struct feed_room *room, struct feed_message *m)
{
    if (!room->subs)
        return;
    if (room->end >= 0 && m->seq <= room->end) {
        feed->stats.duplicates++;
        return;
    }
    if (m->seq > room->noticed)
        room->noticed = m->seq;
    if (room->end >= 0 && m->seq == room->end + 1) {
        feed_room_append(room, m);
        if (room->n_stash == 0) {
            feed_room_check_hole(feed, room);
            feed_room_advance_all(room);
            return;
        }
    } else {
        stash_add(room, m);
    }
    feed_room_absorb(feed, room);
}

void feed_notice(struct feed *feed, struct feed_room *room, int64_t seq)
{
    if (!room->subs)
        return;
    if (seq > room->noticed)
        room->noticed = seq;
    feed_room_check_hole(feed, room);
}
