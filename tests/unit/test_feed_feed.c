/*
 * The feed against a real database: whatever part of the messages Kafka brings, twice, late or never,
 * each subscription gets each message once, in order, from where it asked.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/uuid.h"
#include "feed/feed.h"
#include "generated/c/dao_chat.h"
#include "generated/c/dao_room.h"
#include "tests/unit/db_fixture.h"

enum {
    MESSAGES = 600,
    SUBSCRIBERS = 12,
    PER_TURN = 7,
    DEADLINE_MS = 20000
};

static const struct log quiet = {.fd = 2, .level = LOG_LEVEL_ERROR};

struct scene {
    struct loop *loop;
    struct work_pool *pool;
    struct feed *feed;
    struct db *db; /* the writer's part is played on the loop's thread */
    struct loop_timer *turn;
    struct uuid room;
    int64_t room_id, stored;
    int64_t began_ms;
    unsigned seed;
    bool is_broken; /* a subscriber saw what it should not */
    struct reader {
        struct feed_sub sub; /* first */
        struct scene *scene;
        int64_t last; /* seq of the newest message seen */
        bool is_live, is_ended;
        enum err rc;
        struct feed_recovery recovery;
        int64_t n_seen;
        unsigned stalls; /* can_take says no that often */
        bool
            is_fickle; /* ends while its first page is read, and begins again in its place */
    } readers[SUBSCRIBERS];
    size_t n_readers;
};

static unsigned dice(struct scene *s, unsigned sides)
{
    s->seed = s->seed * 1103515245u + 12345u;
    return (s->seed >> 16) % sides;
}

/* --- a subscriber ------------------------------------------------------------------------- */

static void on_message(struct feed_sub *sub, struct feed_message *m)
{
    struct reader *r = (struct reader *)sub;

    if (r->n_seen > 0 && m->seq != r->last + 1) {
        fprintf(stderr, "after %lld came %lld\n", (long long)r->last, (long long)m->seq);
        r->scene->is_broken = true;
    }
    r->last = m->seq;
    r->n_seen++;
}

static bool can_take(struct feed_sub *sub)
{
    struct reader *r = (struct reader *)sub;

    if (r->stalls == 0)
        return true;
    r->stalls--;
    return false;
}

static void on_live(struct feed_sub *sub, const struct feed_recovery *recovery)
{
    struct reader *r = (struct reader *)sub;

    r->is_live = true;
    r->recovery = *recovery;
    if (r->n_seen == 0)
        r->last = recovery->last_seq;
    if (r->last != recovery->last_seq || r->n_seen != recovery->n_replayed)
        r->scene->is_broken = true;
}

static void on_end(struct feed_sub *sub, enum err rc)
{
    struct reader *r = (struct reader *)sub;

    r->is_ended = true;
    r->rc = rc;
}

static const struct feed_sub_owner owner = {
    .on_message = on_message, .can_take = can_take, .on_live = on_live, .on_end = on_end};

struct lookup {
    struct work_job job;
    struct reader *reader;
    struct uuid room;
    struct card *card;
    enum err rc;
};

static void lookup_run(struct work_job *job, struct work_ctx *ctx)
{
    struct lookup *l = (struct lookup *)job;

    l->rc = card_load(ctx, uuid_str(&l->room), &l->card);
}

static void begin(struct scene *s, struct reader *r, int64_t since, int64_t last);

static void begin_again(struct reader *r)
{
    struct scene *s = r->scene;
    int64_t since = r->sub.since;

    assert_true(r->sub.is_reading);
    feed_sub_end(&r->sub);
    *r = (struct reader){.is_fickle = false};
    begin(s, r, since, -1);
}

static void lookup_done(struct work_job *job)
{
    struct lookup *l = (struct lookup *)job;

    feed_sub_found(&l->reader->sub, l->rc, l->card);
    if (l->reader->is_fickle)
        begin_again(l->reader);
    card_unref(&l->card);
    free(l);
}

static void begin(struct scene *s, struct reader *r, int64_t since, int64_t last)
{
    struct lookup *l = mem_zalloc(sizeof(*l));

    r->scene = s;
    r->sub.owner = &owner;
    r->sub.since = since;
    r->sub.last = last;
    feed_sub_begin(s->feed, &r->sub, uuid_str(&s->room));
    *l = (struct lookup){
        .job = {.run = lookup_run, .done = lookup_done}, .reader = r, .room = s->room};
    assert_int_equal(work_submit(s->pool, 0, &l->job), ERR_OK);
}

static struct reader *subscribe(struct scene *s, int64_t since, int64_t last)
{
    struct reader *r = &s->readers[s->n_readers++];

    begin(s, r, since, last);
    return r;
}

/* --- the database and Kafka --------------------------------------------------------------- */

static void store(struct scene *s, int64_t n)
{
    struct dao_chat_insert_in rows[64];
    struct uuid ids[64];
    char sql[128];
    struct str text;

    assert_true(n <= 64);
    assert_int_equal(db_begin(s->db), ERR_OK);
    for (int64_t i = 0; i < n; i++) {
        ids[i] = uuid_v4();
        rows[i] = (struct dao_chat_insert_in){.room_id = s->room_id,
                                              .seq = s->stored + i + 1,
                                              .id = uuid_str(&ids[i]),
                                              .sender = STR("a"),
                                              .message = STR("x")};
    }
    s->stored += n;
    assert_int_equal(dao_chat_insert_batch(s->db, rows, (size_t)n, NULL), ERR_OK);
    snprintf(sql, sizeof(sql), "UPDATE room SET last_seq = %lld WHERE id = %lld",
             (long long)s->stored, (long long)s->room_id);
    text = str_of(sql);
    assert_int_equal(db_run_text(s->db, text, NULL, NULL), ERR_OK);
    assert_int_equal(db_commit(s->db), ERR_OK);
}

static void publish(struct scene *s, int64_t seq)
{
    struct feed_room *room = feed_room_find(s->feed, uuid_str(&s->room));
    struct feed_message *m;

    if (!room)
        return;
    m = feed_message_new(seq, 0, STR("id"), STR_NULL, STR("{}"));
    feed_publish(s->feed, room, m);
    feed_message_unref(&m);
}

static bool is_settled(const struct scene *s)
{
    for (size_t i = 0; i < s->n_readers; i++)
        if (!s->readers[i].is_ended &&
            (!s->readers[i].is_live || s->readers[i].last < s->stored))
            return false;
    return true;
}

static void end_turns(struct scene *s)
{
    loop_timer_stop(s->turn);
    loop_stop(s->loop);
}

/* Some messages are stored; some of the last ones are published, in any order, some twice. */
static void on_turn(void *arg)
{
    struct scene *s = arg;
    bool is_late = loop_now_ms(s->loop) - s->began_ms > DEADLINE_MS;

    for (size_t i = 0; i < s->n_readers; i++)
        if (s->readers[i].sub.state == FEED_SUB_REPLAY)
            feed_sub_resume(&s->readers[i].sub);
    if (s->stored >= MESSAGES) {
        if (is_late || (s->n_readers == SUBSCRIBERS && is_settled(s)))
            end_turns(s);
    } else {
        store(s, 1 + dice(s, PER_TURN));
        for (unsigned i = dice(s, 2 * PER_TURN); i > 0; i--) {
            int64_t seq = s->stored - dice(s, 3 * PER_TURN);

            if (seq > 0)
                publish(s, seq);
        }
    }
    if (s->n_readers < SUBSCRIBERS && dice(s, 3) == 0) {
        struct reader *r;

        if (dice(s, 2) == 0)
            r = subscribe(s, dice(s, (unsigned)s->stored + 1), -1);
        else
            r = subscribe(s, -1, dice(s, 50));
        r->stalls = dice(s, 4);
    }
}

/* --- setting up --------------------------------------------------------------------------- */

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof(*s));
    struct db_result result;

    s->loop = loop_new();
    s->pool = work_pool_new(
        s->loop, &(struct work_config){.threads = 3,
                                       .queue_max = 1000,
                                       .name = "reader",
                                       .db = {.url = db_fixture_url(), .log = &quiet},
                                       .log = &quiet});
    s->feed = feed_new(&(struct feed_config){
        .loop = s->loop, .reads = s->pool, .log = &quiet, .resume_max = 500});
    s->db = db_fixture_open();
    s->room = uuid_v4();
    assert_int_equal(
        dao_room_insert(s->db,
                        &(struct dao_room_insert_in){.product_name = STR("bike"),
                                                     .roomuuid = uuid_str(&s->room),
                                                     .pair = uuid_str(&s->room)},
                        &result),
        ERR_OK);
    s->room_id = (int64_t)result.insert_id;
    s->turn = loop_timer_new(s->loop, on_turn, s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    for (size_t i = 0; i < s->n_readers; i++)
        feed_sub_end(&s->readers[i].sub);
    work_pool_free(&s->pool);
    feed_free(&s->feed);
    db_free(&s->db);
    loop_timer_free(&s->turn);
    loop_free(&s->loop);
    free(s);
    return 0;
}

static void run_turns(struct scene *s)
{
    s->began_ms = loop_now_ms(s->loop);
    loop_timer_start(s->turn, 1, 1);
    loop_run(s->loop);
}

/* --- tests -------------------------------------------------------------------------------- */

static void chaos(struct scene *s, unsigned seed)
{
    s->seed = seed;
    feed_set_degraded(s->feed, true); /* lost tails are found within 200 ms */
    run_turns(s);

    assert_false(s->is_broken);
    assert_int_equal(s->n_readers, SUBSCRIBERS);
    for (size_t i = 0; i < s->n_readers; i++) {
        assert_false(s->readers[i].is_ended);
        assert_int_equal(s->readers[i].last, s->stored);
    }
}

static void test_every_cursor_sees_all_whatever_is_lost_or_repeated(void **state)
{
    chaos(*state, 1);
}

static void test_the_same_with_other_dice(void **state)
{
    chaos(*state, 20261124);
}

static void test_a_since_that_is_too_old_or_unknown_is_not_recovered(void **state)
{
    struct scene *s = *state;

    while (s->stored < MESSAGES)
        store(s, 60);
    subscribe(s, 10, -1);              /* more than 500 behind */
    subscribe(s, s->stored + 1, -1);   /* above the last */
    subscribe(s, s->stored - 500, -1); /* just near enough */
    for (size_t i = 3; i < SUBSCRIBERS; i++)
        subscribe(s, -1, 3);
    run_turns(s);

    assert_false(s->readers[0].recovery.is_recovered);
    assert_int_equal(s->readers[0].recovery.first_seq, s->stored + 1);
    assert_false(s->readers[1].recovery.is_recovered);
    assert_int_equal(s->readers[1].recovery.n_replayed, 0);
    assert_true(s->readers[2].recovery.is_recovered);
    assert_int_equal(s->readers[2].recovery.n_replayed, 500);
    assert_int_equal(s->readers[2].recovery.first_seq, s->stored - 499);
    assert_true(s->readers[3].recovery.is_recovered);
    assert_int_equal(s->readers[3].recovery.first_seq, s->stored - 2);
}

static void
test_a_page_read_for_a_subscription_that_ended_is_not_its_successors(void **state)
{
    struct scene *s = *state;

    while (s->stored < MESSAGES)
        store(s, 60);
    for (size_t i = 0; i < SUBSCRIBERS; i++)
        subscribe(s, s->stored - 300, -1)->is_fickle = true;
    run_turns(s);

    assert_false(s->is_broken);
    for (size_t i = 0; i < SUBSCRIBERS; i++)
        assert_int_equal(s->readers[i].recovery.n_replayed, 300);
}

static void test_a_database_that_went_back_ends_the_subscriptions(void **state)
{
    struct scene *s = *state;

    while (s->stored < MESSAGES)
        store(s, 60);
    for (size_t i = 0; i < SUBSCRIBERS; i++)
        subscribe(s, -1, -1);
    run_turns(s);
    db_fixture_run(s->db, "UPDATE room SET last_seq = 5");
    db_fixture_run(s->db, "DELETE FROM chat WHERE seq > 5");
    feed_look(s->feed);
    s->stored++; /* nobody reaches it: only an end settles a reader */
    run_turns(s);

    for (size_t i = 0; i < SUBSCRIBERS; i++) {
        assert_true(s->readers[i].is_ended);
        assert_int_equal(s->readers[i].rc, ERR_RESYNC);
    }
}

static void test_a_room_that_is_gone_ends_its_subscriptions(void **state)
{
    struct scene *s = *state;

    while (s->stored < MESSAGES)
        store(s, 60);
    for (size_t i = 0; i < SUBSCRIBERS; i++)
        subscribe(s, -1, -1);
    run_turns(s);
    db_fixture_run(s->db, "UPDATE room SET state = 'closed'");
    feed_look(s->feed);
    s->stored++; /* nobody reaches it: only an end settles a reader */
    run_turns(s);

    for (size_t i = 0; i < SUBSCRIBERS; i++)
        assert_int_equal(s->readers[i].rc, ERR_ROOM_NOT_FOUND);
}

static void on_hole_end(void *arg)
{
    struct scene *s = arg;

    if (is_settled(s) || loop_now_ms(s->loop) - s->began_ms > DEADLINE_MS)
        end_turns(s);
}

static void on_outage_end(void *arg)
{
    end_turns(arg);
}

static void test_a_hole_is_read_less_often_while_the_reads_fail(void **state)
{
    struct scene *s = *state;
    struct loop_timer *outage = loop_timer_new(s->loop, on_outage_end, s);
    struct loop_timer *settled = loop_timer_new(s->loop, on_hole_end, s);
    struct feed_stats stats;

    subscribe(s, -1, -1);
    s->began_ms = loop_now_ms(s->loop);
    loop_timer_start(settled, 1, 1);
    loop_run(s->loop); /* live */
    loop_timer_stop(settled);
    store(s, 3);
    assert_int_equal(
        db_run_text(s->db, STR("RENAME TABLE chat TO chat_away"), NULL, NULL), ERR_OK);
    publish(s, 3);
    loop_timer_start(outage, 400, 0);
    loop_run(s->loop);
    feed_stats(s->feed, &stats);
    assert_int_equal(
        db_run_text(s->db, STR("RENAME TABLE chat_away TO chat"), NULL, NULL), ERR_OK);
    s->began_ms = loop_now_ms(s->loop);
    loop_timer_start(settled, 1, 1);
    loop_run(s->loop);

    assert_in_range(stats.hole_reads, 1, 8); /* after 10, 30, 70, 150, 310 ms */
    assert_int_equal(s->readers[0].last, 3);
    assert_int_equal(s->readers[0].n_seen, 3);
    loop_timer_free(&outage);
    loop_timer_free(&settled);
}

static void test_a_record_above_the_last_seq_is_dropped(void **state)
{
    struct scene *s = *state;
    struct feed_stats stats;

    while (s->stored < MESSAGES)
        store(s, 60);
    for (size_t i = 0; i < SUBSCRIBERS; i++)
        subscribe(s, -1, -1);
    run_turns(s);
    publish(s, s->stored + 5); /* nobody stored it */
    s->n_readers--;            /* run on until the deadline's condition below */
    store(s, 2);
    s->n_readers++;
    feed_look(s->feed);
    run_turns(s);

    feed_stats(s->feed, &stats);
    assert_false(s->is_broken);
    for (size_t i = 0; i < SUBSCRIBERS; i++)
        assert_int_equal(s->readers[i].last, s->stored);
    assert_int_equal(stats.dropped_records, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_every_cursor_sees_all_whatever_is_lost_or_repeated),
        T(test_the_same_with_other_dice),
        T(test_a_since_that_is_too_old_or_unknown_is_not_recovered),
        T(test_a_page_read_for_a_subscription_that_ended_is_not_its_successors),
        T(test_a_database_that_went_back_ends_the_subscriptions),
        T(test_a_room_that_is_gone_ends_its_subscriptions),
        T(test_a_hole_is_read_less_often_while_the_reads_fail),
        T(test_a_record_above_the_last_seq_is_dropped),
    };

    return cmocka_run_group_tests(tests, db_fixture_start_with_tables, db_fixture_stop);
}
