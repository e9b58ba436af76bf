/*
 * The database against the end of topic chat, both ways. A record is produced after its message is
 * committed and stays in the outbox until it is stored, so neither side may have what the other lacks;
 * but order and time of the two may differ, so whatever seems to be missing is looked for again.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <uthash.h>

#include "base/clock.h"
#include "generated/c/envelope.h"
#include "kafka/tail.h"
#include "verify/run_internal.h"

#include "base/banned.h"

enum {
    SEEN_MAX = 200000, /* records that are remembered: 100 MB at the most */
    SUSPECTS_MAX = 1000,
    SLACK_MS = 10000, /* between the clocks of servers and broker */
    PAGE_MESSAGES = 1000
};

/* A message by its id: on the topic, or missing there. */
struct message {
    UT_hash_handle by_id;
    struct str id, room; /* in the texts of the comparison */
    int64_t seq;
    int64_t checksum; /* CRC-32 of its text */
    int64_t time_ns;  /* civil */
    bool is_in_database;
};

struct comparison {
    struct verify *v;
    struct arena texts;   /* of seen and suspects */
    struct arena scratch; /* of one record */
    struct message *seen, *suspects;
    struct partition {
        bool hides;     /* it had records before those that were read */
        bool has_begun; /* since_ns is no earlier than its first record of ours */
    } * partitions;
    size_t n_partitions;
    int64_t since_ns; /* civil; from then on everything should be on the topic */
    int64_t until_ns; /* civil; when the topic was read */
    int64_t n_foreign, n_malformed, n_deleted, n_more;
};

static struct message *find(struct message *in, struct str id)
{
    struct message *m;

    HASH_FIND(by_id, in, id.p, id.n, m);
    return m;
}

static struct message *add(struct comparison *c, struct message **to, struct str id,
                           struct str room)
{
    struct message *m = ARENA_NEW(&c->texts, struct message);

    *m = (struct message){.id = arena_dup(&c->texts, id),
                          .room = arena_dup(&c->texts, room)};
    HASH_ADD_KEYPTR(by_id, *to, m->id.p, m->id.n, m);
    return m;
}

/* CRC-32 as SQL's CRC32(). */
static uint32_t checksum_of(struct str text)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < text.n; i++) {
        crc ^= (unsigned char)text.p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

/* --- the topic's end ---------------------------------------------------------------------- */

static void on_range(void *ctx, const struct kafka_tail_range *range)
{
    struct comparison *c = ctx;
    size_t n = (size_t)range->partition + 1;

    if (n > c->n_partitions) {
        c->partitions = mem_realloc(c->partitions, n * sizeof(*c->partitions));
        c->n_partitions = n;
    }
    c->partitions[range->partition] = (struct partition){.hides = range->from > 0};
}

static void remember(struct comparison *c, const struct event_meta *meta,
                     const struct chat_dto *value)
{
    struct verify *v = c->v;
    struct message *m = find(c->seen, meta->id);

    if (m && (m->seq != meta->sequence || !str_eq(m->room, value->room_uuid)))
        verify_find(v, VERIFY_TO_DATABASE, value->room_uuid,
                    "message " STR_FMT " is on the topic as %lld and as %lld",
                    STR_ARG(meta->id), (long long)m->seq, (long long)meta->sequence);
    if (m || HASH_CNT(by_id, c->seen) >= SEEN_MAX)
        return; /* at least once is the topic's promise */
    m = add(c, &c->seen, meta->id, value->room_uuid);
    m->seq = meta->sequence;
    m->time_ns = clock_civil_ns(meta->time_ns);
    m->checksum = value->content.p ? checksum_of(value->content) : 0;
}

static void on_record(void *ctx, const struct event_record *record)
{
    struct comparison *c = ctx;
    struct event_meta meta;
    struct chat_dto value;
    struct partition *p = &c->partitions[record->partition];

    c->v->checks[VERIFY_TO_DATABASE].examined++;
    arena_reset(&c->scratch);
    if (event_is_foreign(record)) {
        c->n_foreign++;
    } else if (event_chat_message_decode(record, &c->scratch, &meta, &value, NULL) !=
               ERR_OK) {
        c->n_malformed++;
    } else {
        if (!p->has_begun && clock_civil_ns(meta.time_ns) > c->since_ns)
            c->since_ns = clock_civil_ns(meta.time_ns);
        p->has_begun = true;
        remember(c, &meta, &value);
    }
}

static bool read_tail(struct comparison *c, int64_t since_ms, kafka_record_fn *take,
                      struct why *why)
{
    const struct verify_config *config = c->v->config;
    const struct kafka_config kafka = {.brokers = config->brokers,
                                       .client_id = config->client_id};
    const struct kafka_tail tail = {.config = &kafka,
                                    .topic = config->topic,
                                    .last = config->tail,
                                    .since_ms = since_ms,
                                    .on_range = since_ms == 0 ? on_range : NULL,
                                    .on_record = take,
                                    .ctx = c};

    return kafka_tail_read(&tail, why) == ERR_OK;
}

/* --- what the topic has ------------------------------------------------------------------- */

static void compare(struct verify *v, struct message *m,
                    const struct dao_verify_messages_row *row)
{
    m->is_in_database = true;
    if (!str_eq(m->room, row->roomuuid) || m->seq != row->seq)
        verify_find(v, VERIFY_TO_DATABASE, m->room,
                    "message " STR_FMT " is %lld on the topic, %lld of room " STR_FMT
                    " in the database",
                    STR_ARG(m->id), (long long)m->seq, (long long)row->seq,
                    STR_ARG(row->roomuuid));
    else if (m->checksum != row->checksum)
        verify_find(v, VERIFY_TO_DATABASE, m->room,
                    "message %lld has another text on the topic", (long long)m->seq);
}

static enum err compare_some(struct comparison *c, const struct str *ids, size_t n)
{
    struct dao_verify_messages_row *rows;
    size_t n_rows;
    enum err rc;

    arena_reset(&c->v->page);
    rc = dao_verify_messages(c->v->db,
                             &(struct dao_verify_messages_in){.ids = ids, .n_ids = n},
                             &c->v->page, &rows, &n_rows);
    for (size_t i = 0; rc == ERR_OK && i < n_rows; i++) {
        struct message *m = find(c->seen, rows[i].id);

        if (m)
            compare(c->v, m, &rows[i]);
    }
    return rc;
}

/* A message that the database lacks: with its whole room, or alone? */
static enum err judge_missing(struct comparison *c, const struct message *m)
{
    struct dao_verify_room_row room;
    enum err rc;

    arena_reset(&c->v->page);
    rc = dao_verify_room(c->v->db, &(struct dao_verify_room_in){.roomuuid = m->room},
                         &c->v->page, &room);
    if (rc == ERR_NOT_FOUND) {
        c->n_deleted++;
        return ERR_OK;
    }
    if (rc == ERR_OK)
        verify_find(c->v, VERIFY_TO_DATABASE, m->room,
                    "message %lld (" STR_FMT
                    ") is on the topic and not in the database, whose last is %lld",
                    (long long)m->seq, STR_ARG(m->id), (long long)room.last_seq);
    return rc;
}

static enum err check_to_database(struct comparison *c)
{
    struct str ids[DB_LIST_MAX];
    struct message *m, *next;
    enum err rc = ERR_OK;
    size_t n = 0;

    HASH_ITER(by_id, c->seen, m, next)
    {
        ids[n++] = m->id;
        if (n < DB_LIST_MAX && next)
            continue;
        if (rc == ERR_OK)
            rc = compare_some(c, ids, n);
        n = 0;
    }
    HASH_ITER(by_id, c->seen, m, next)
    {
        if (rc == ERR_OK && !m->is_in_database)
            rc = judge_missing(c, m);
    }
    verify_note(c->v, VERIFY_TO_DATABASE,
                "%lld of other producers, %lld malformed, %lld of rooms that are gone",
                (long long)c->n_foreign, (long long)c->n_malformed,
                (long long)c->n_deleted);
    return rc;
}

/* --- what the database has ---------------------------------------------------------------- */

static void suspect(struct comparison *c, struct str room,
                    const struct dao_verify_recent_messages_row *row)
{
    struct message *m;

    if (find(c->seen, row->id))
        return;
    if (HASH_CNT(by_id, c->suspects) >= SUSPECTS_MAX) {
        c->n_more++;
        return;
    }
    m = add(c, &c->suspects, row->id, room);
    m->seq = row->seq;
    m->time_ns = row->timestamp;
}

/* The messages of a room since the topic's records begin, newest first. */
static enum err look_at_room(struct comparison *c, int64_t room_id, struct str room,
                             int64_t before)
{
    struct dao_verify_recent_messages_row *rows;
    enum err rc = ERR_OK;
    size_t n = PAGE_MESSAGES;
    struct arena a;

    arena_init(&a, SIZE_MAX);
    while (rc == ERR_OK && n == PAGE_MESSAGES) {
        arena_reset(&a);
        rc = dao_verify_recent_messages(
            c->v->db,
            &(struct dao_verify_recent_messages_in){
                .room_id = room_id, .before = before, .limit = PAGE_MESSAGES},
            &a, &rows, &n);
        for (size_t i = 0; rc == ERR_OK && i < n; i++) {
            before = rows[i].seq;
            if (!rows[i].has_timestamp || rows[i].timestamp < c->since_ns) {
                n = 0; /* the rest is older */
            } else if (rows[i].timestamp <= c->until_ns) {
                c->v->checks[VERIFY_TO_TOPIC].examined++;
                suspect(c, room, &rows[i]);
            }
        }
    }
    arena_release(&a);
    return rc;
}

static enum err page_rooms(struct verify *v, int64_t *after, bool *more_out, void *ctx)
{
    struct comparison *c = ctx;
    struct dao_verify_recent_rooms_row *rows;
    size_t n;
    enum err rc = dao_verify_recent_rooms(
        v->db,
        &(struct dao_verify_recent_rooms_in){
            .after = *after, .since = c->since_ns, .limit = VERIFY_PAGE},
        &v->page, &rows, &n);

    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        rc = look_at_room(c, rows[i].id, rows[i].roomuuid, rows[i].last_seq + 1);
        *after = rows[i].id;
    }
    *more_out = rc == ERR_OK && n == VERIFY_PAGE;
    return rc;
}

static void clear(struct comparison *c, struct str id)
{
    struct message *m = find(c->suspects, id);

    if (m)
        HASH_DELETE(by_id, c->suspects, m);
}

static void clear_waiting(struct verify *v, const struct dao_verify_outbox_row *row,
                          const struct event_record *records, size_t n, void *ctx)
{
    (void)v, (void)row;
    for (size_t i = 0; records && i < n; i++)
        clear(ctx, event_header(&records[i], "ce_id"));
}

static void clear_found(void *ctx, const struct event_record *record)
{
    clear(ctx, event_header(record, "ce_id"));
}

/* The outbox first, then the topic: a record leaves the one when it is in the other. */
static enum err look_again(struct comparison *c, struct why *why)
{
    int64_t oldest_ns = INT64_MAX;
    struct message *m, *next;
    enum err rc = verify_outbox(c->v, clear_waiting, c);

    if (rc != ERR_OK || !c->suspects)
        return rc;
    HASH_ITER(by_id, c->suspects, m, next)
    {
        if (m->time_ns < oldest_ns)
            oldest_ns = m->time_ns;
    }
    if (!read_tail(c, clock_real_of_civil_ns(oldest_ns) / NS_PER_MS - SLACK_MS,
                   clear_found, why))
        return ERR_UNAVAILABLE;
    HASH_ITER(by_id, c->suspects, m, next)
    {
        verify_find(c->v, VERIFY_TO_TOPIC, m->room,
                    "message %lld (" STR_FMT
                    ") is neither on the topic nor in the outbox",
                    (long long)m->seq, STR_ARG(m->id));
    }
    if (c->n_more > 0)
        verify_note(c->v, VERIFY_TO_TOPIC, "%lld further messages were not looked for",
                    (long long)c->n_more);
    return ERR_OK;
}

/* Nothing says how far back the records go that were read of some partition. */
static bool is_any_blind(const struct comparison *c)
{
    for (size_t i = 0; i < c->n_partitions; i++)
        if (c->partitions[i].hides && !c->partitions[i].has_begun)
            return true;
    return false;
}

static enum err check_to_topic(struct comparison *c, struct why *why)
{
    enum err rc;

    if (!c->seen || is_any_blind(c)) {
        verify_skip(c->v, VERIFY_TO_TOPIC,
                    "a partition has no records of ours: where they begin is not known");
        return ERR_OK;
    }
    rc = verify_pages(c->v, page_rooms, c);
    return rc == ERR_OK ? look_again(c, why) : rc;
}

/* --- both --------------------------------------------------------------------------------- */

static void settle(struct verify *v, enum verify_kind kind, enum err rc,
                   const struct why *why)
{
    if (rc == ERR_UNAVAILABLE)
        verify_fail(v, kind, why->text);
    else if (rc != ERR_OK)
        verify_fail(v, kind, db_error_text(v->db));
}

static void compare_both(struct comparison *c)
{
    struct why why = {.text = ""};

    c->until_ns = clock_civil_ns(clock_real_ns());
    if (!read_tail(c, 0, on_record, &why)) {
        verify_fail(c->v, VERIFY_TO_DATABASE, why.text);
        verify_fail(c->v, VERIFY_TO_TOPIC, why.text);
        return;
    }
    settle(c->v, VERIFY_TO_DATABASE, check_to_database(c), &why);
    settle(c->v, VERIFY_TO_TOPIC, check_to_topic(c, &why), &why);
}

void verify_topic(struct verify *v)
{
    struct comparison c = {.v = v, .since_ns = CIVIL_MIN_NS};

    if (str_is_empty(v->config->brokers)) {
        verify_skip(v, VERIFY_TO_DATABASE, "no broker to ask");
        verify_skip(v, VERIFY_TO_TOPIC, "no broker to ask");
        return;
    }
    arena_init(&c.texts, SIZE_MAX);
    arena_init(&c.scratch, SIZE_MAX);
    compare_both(&c);
    HASH_CLEAR(by_id, c.seen);
    HASH_CLEAR(by_id, c.suspects);
    arena_release(&c.texts);
    arena_release(&c.scratch);
    free(c.partitions);
}
