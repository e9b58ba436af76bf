/*
 * Reads of the database for the feed: what a cursor or the whole room has missed, and the regular
 * look at every room's last seq that finds a lost tail.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "base/clock.h"
#include "feed/room.h"
#include "generated/c/chat.h"
#include "generated/c/dao_chat.h"

#include "base/banned.h"

/* A page of messages after a seq, for a room (sub NULL) or for one cursor of it. */
struct read_job {
    struct work_job job;
    struct feed *feed;
    struct feed_room *room; /* held */
    struct feed_sub *sub;   /* valid while its epoch is the same and the room holds it */
    uint64_t epoch;
    struct str room_uuid; /* the room's own bytes, which never change */
    int64_t room_id, after;
    uint64_t serial;
    /* out */
    enum err rc;
    bool is_gone;
    int64_t last_seq;
    struct feed_message *messages[FEED_PAGE];
    size_t n;
};

static struct feed_message *message_of_row(struct str room_uuid,
                                           const struct chat_row *row)
{
    const struct chat_dto dto = {
        .room_uuid = room_uuid,
        .sender = row->sender,
        .content = row->message,
        .has_timestamp = row->has_timestamp,
        .timestamp = row->timestamp,
    };
    int64_t real_ns = row->has_timestamp ? clock_real_of_civil_ns(row->timestamp) : 0;
    struct feed_message *m;
    struct buf json;

    buf_init(&json, SIZE_MAX);
    chat_dto_json_encode(&dto, &json);
    m = feed_message_new(row->seq, real_ns / NS_PER_MS, row->id, row->idempotency_key,
                         buf_str(&json));
    buf_release(&json);
    return m;
}

/* The room's last seq first, then rows up to it: rows committed meanwhile do not make a hole. */
static void read_run(struct work_job *job, struct work_ctx *ctx)
{
    struct read_job *r = (struct read_job *)job;
    struct dao_room_last_seqs_row *rooms;
    struct chat_row *rows;
    size_t n_rooms, n;

    r->rc = dao_room_last_seqs(
        ctx->db, &(struct dao_room_last_seqs_in){.ids = &r->room_id, .n_ids = 1},
        &ctx->arena, &rooms, &n_rooms);
    if (r->rc != ERR_OK)
        return;
    r->is_gone = n_rooms == 0 || str_eq(rooms[0].state, STR("closed"));
    if (r->is_gone)
        return;
    r->last_seq = rooms[0].last_seq;
    r->rc =
        dao_chat_after(ctx->db,
                       &(struct dao_chat_after_in){
                           .room_id = r->room_id, .after = r->after, .limit = FEED_PAGE},
                       &ctx->arena, &rows, &n);
    if (r->rc != ERR_OK)
        return;
    for (size_t i = 0; i < n && rows[i].seq <= r->last_seq; i++)
        r->messages[r->n++] = message_of_row(r->room_uuid, &rows[i]);
}

static void read_free(struct read_job *r)
{
    for (size_t i = 0; i < r->n; i++)
        feed_message_unref(&r->messages[i]);
    feed_room_put(r->feed, &r->room);
    free(r);
}

/* Messages of a hole read become the room's end; what is still missing below last_seq is not
 * there any more, and what lies above it came from nowhere. */
static void room_take(struct read_job *r)
{
    struct feed *feed = r->feed;
    struct feed_room *room = r->room;
    size_t kept = 0;

    for (size_t i = 0; i < r->n; i++)
        if (r->messages[i]->seq > room->end)
            feed_room_append(room, r->messages[i]);
    if (r->n < FEED_PAGE && r->last_seq > room->end) {
        room->end = r->last_seq;
        room->tail_first = room->end + 1;
    }
    for (size_t i = 0; i < room->n_stash; i++) {
        struct feed_stashed *s = &room->stash[i];

        if (s->message->seq > r->last_seq && s->read_serial < r->serial) {
            LOG_WARN(feed->config.log, "feed.record_above_last_seq",
                     LOG_STR("room", room->uuid), LOG_INT("seq", s->message->seq),
                     LOG_INT("last_seq", r->last_seq));
            feed->stats.dropped_records++;
            feed_message_unref(&s->message);
        } else {
            room->stash[kept++] = *s;
        }
    }
    room->n_stash = kept;
    if (room->noticed > r->last_seq)
        room->noticed = kept > 0 ? room->stash[kept - 1].message->seq : r->last_seq;
    feed_room_absorb(feed, room);
}

static void room_resync(struct feed *feed, struct feed_room *room, int64_t last_seq)
{
    LOG_ERROR(feed->config.log, "feed.database_went_back", LOG_STR("room", room->uuid),
              LOG_INT("known", room->end), LOG_INT("last_seq", last_seq));
    feed_room_forget(room);
    feed_room_end_all(room, ERR_RESYNC);
    feed_room_reset(room);
}

/* Not read: later, and later still each time. */
static void room_read_failed(struct feed *feed, struct feed_room *room)
{
    if (room->hole_failures < FEED_HOLE_FAILURES)
        room->hole_failures++;
    room->hole_since_ms = 0;
    feed_room_check_hole(feed, room);
}

static void room_read_done(struct work_job *job)
{
    struct read_job *r = (struct read_job *)job;
    struct feed_room *room = r->room;

    room->is_reading = false;
    room->hole_since_ms = 0;
    if (r->rc == ERR_OK)
        room->hole_failures = 0;
    if (r->rc == ERR_OK && r->is_gone)
        feed_room_gone(r->feed, room);
    else if (r->rc == ERR_OK && room->end >= 0 && r->last_seq < r->after)
        room_resync(r->feed, room, r->last_seq);
    else if (r->rc == ERR_OK && room->end >= 0)
        room_take(r);
    else
        room_read_failed(r->feed, room);
    read_free(r);
}

static void sub_take(struct read_job *r)
{
    struct feed_sub *sub = r->sub;

    for (size_t i = 0; i < r->n; i++)
        if (r->messages[i]->seq > sub->cursor && !feed_sub_take(sub, r->messages[i]))
            return; /* feed_sub_resume reads again from the cursor */
    if (r->n < FEED_PAGE && r->last_seq > sub->cursor)
        sub->cursor = r->last_seq;
    feed_sub_advance(sub);
}

static bool is_sub_there(const struct read_job *r)
{
    for (const struct feed_sub *sub = r->room->subs; sub; sub = sub->next)
        if (sub == r->sub)
            return sub->epoch == r->epoch;
    return false;
}

static void sub_read_done(struct work_job *job)
{
    struct read_job *r = (struct read_job *)job;

    if (is_sub_there(r)) {
        r->sub->is_reading = false;
        if (r->rc == ERR_OK && r->is_gone)
            feed_room_gone(r->feed, r->room);
        else if (r->rc == ERR_OK)
            sub_take(r);
        else if (r->sub->state == FEED_SUB_REPLAY)
            feed_sub_fail(r->sub, ERR_STORAGE_UNAVAILABLE);
        /* a live one goes on with the next look at the database */
    }
    read_free(r);
}

static struct read_job *read_new(struct feed *feed, struct feed_room *room, int64_t after)
{
    struct read_job *r = mem_zalloc(sizeof(*r));

    *r = (struct read_job){
        .job.run = read_run,
        .feed = feed,
        .room = room,
        .room_uuid = room->uuid,
        .room_id = room->room_id,
        .after = after,
    };
    room->refs++;
    return r;
}

void feed_room_read(struct feed *feed, struct feed_room *room)
{
    struct read_job *r;

    if (room->is_reading || room->end < 0 || room->room_id == 0)
        return;
    r = read_new(feed, room, room->end);
    r->job.done = room_read_done;
    r->serial = ++room->read_serial;
    if (work_submit(feed->config.reads, 0, &r->job) != ERR_OK) {
        read_free(r); /* the pool is full */
        room_read_failed(feed, room);
        return;
    }
    room->is_reading = true;
    feed->stats.hole_reads++;
}

void feed_sub_read(struct feed_sub *sub)
{
    struct read_job *r;

    if (sub->is_reading)
        return;
    r = read_new(sub->feed, sub->room, sub->cursor);
    r->job.done = sub_read_done;
    r->sub = sub;
    r->epoch = sub->epoch;
    if (work_submit(sub->feed->config.reads, 0, &r->job) != ERR_OK) {
        read_free(r);
        return;
    }
    sub->is_reading = true;
}

/* --- the regular look --------------------------------------------------------------------- */

struct poll_job {
    struct work_job job;
    struct feed *feed;
    struct feed_room *rooms[FEED_POLL_ROOMS]; /* held */
    int64_t ids[FEED_POLL_ROOMS];
    int64_t ends[FEED_POLL_ROOMS]; /* when it was issued */
    size_t n;
    /* out */
    enum err rc;
    int64_t last_seqs[FEED_POLL_ROOMS]; /* -1: the room is gone */
};

static void poll_run(struct work_job *job, struct work_ctx *ctx)
{
    struct poll_job *p = (struct poll_job *)job;
    struct dao_room_last_seqs_row *rows;
    size_t n;

    for (size_t i = 0; i < p->n; i++)
        p->last_seqs[i] = -1;
    p->rc = dao_room_last_seqs(
        ctx->db, &(struct dao_room_last_seqs_in){.ids = p->ids, .n_ids = p->n},
        &ctx->arena, &rows, &n);
    if (p->rc != ERR_OK)
        return;
    for (size_t i = 0; i < p->n; i++)
        for (size_t j = 0; j < n; j++)
            if (rows[j].id == p->ids[i] && !str_eq(rows[j].state, STR("closed")))
                p->last_seqs[i] = rows[j].last_seq;
}

static void poll_judge(struct feed *feed, struct feed_room *room, int64_t end,
                       int64_t last_seq)
{
    if (room->end < 0 || !room->subs)
        return;
    if (last_seq < 0)
        feed_room_gone(feed, room);
    else if (last_seq < end)
        room_resync(feed, room, last_seq);
    else if (last_seq > room->end) {
        if (last_seq > room->noticed)
            room->noticed = last_seq;
        feed_room_read(feed, room);
    }
}

static void poll_done(struct work_job *job)
{
    struct poll_job *p = (struct poll_job *)job;
    struct feed *feed = p->feed;

    for (size_t i = 0; i < p->n; i++) {
        if (p->rc == ERR_OK) {
            poll_judge(p->feed, p->rooms[i], p->ends[i], p->last_seqs[i]);
            feed_room_advance_all(p->rooms[i]); /* cursors whose own read failed */
        }
        feed_room_put(p->feed, &p->rooms[i]);
    }
    feed->polls_under_way--;
    free(p);
    if (feed->polls_under_way == 0 && feed->is_look_wanted)
        feed_poll(feed);
}

static void poll_submit(struct feed *feed, struct poll_job *p)
{
    if (work_submit(feed->config.reads, 0, &p->job) == ERR_OK) {
        feed->polls_under_way++;
        return;
    }
    for (size_t i = 0; i < p->n; i++)
        feed_room_put(feed, &p->rooms[i]);
    free(p);
}

static struct poll_job *poll_new(struct feed *feed)
{
    struct poll_job *p = mem_zalloc(sizeof(*p));

    p->job.run = poll_run;
    p->job.done = poll_done;
    p->feed = feed;
    return p;
}

void feed_poll(struct feed *feed)
{
    struct feed_room *room, *tmp;
    struct poll_job *p = NULL;

    feed->is_look_wanted = feed->polls_under_way > 0;
    if (feed->is_look_wanted)
        return;
    HASH_ITER(by_uuid, feed->rooms, room, tmp)
    {
        if (!room->subs || room->end < 0 || room->room_id == 0)
            continue;
        if (!p)
            p = poll_new(feed);
        room->refs++;
        p->rooms[p->n] = room;
        p->ids[p->n] = room->room_id;
        p->ends[p->n++] = room->end;
        if (p->n == FEED_POLL_ROOMS) {
            poll_submit(feed, p);
            p = NULL;
        }
    }
    if (p)
        poll_submit(feed, p);
}
