/*
 * Deleting a user on a real database: nothing names the user afterwards, whatever the policy, wherever
 * it was cut short, and however often it is asked for; everybody else keeps what is theirs.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/user_delete_scene.h"

#include "base/banned.h"

enum {
    MANY_ROOMS = 41, /* more than two steps */
    MANY_MESSAGES = 12000
};

/* --- anonymize ---------------------------------------------------------------------------- */

static void test_the_other_side_keeps_its_room_and_the_texts(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, GONE, STAYS, "bike");
    char sql[400];

    assert_int_equal(say(s, room, GONE, "from me", EVENT_JSON, NULL), ERR_OK);
    assert_int_equal(say(s, room, STAYS, "to you", EVENT_JSON, NULL), ERR_OK);
    delete_user(s);

    assert_nothing_names_the_user(s);
    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM chat WHERE (seq = 1 AND sender = '" STR_FMT
             "' AND message = 'from me') OR (seq = 2 AND sender = '" STAYS
             "' AND message = 'to you')",
             STR_ARG(s->anonymous));
    assert_int_equal(value(s, sql), 2);
    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM room_user WHERE (user = '" STR_FMT
             "' AND other = '" STAYS "') OR (user = '" STAYS "' AND other = '" STR_FMT
             "')",
             STR_ARG(s->anonymous), STR_ARG(s->anonymous));
    assert_int_equal(value(s, sql), 2);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM room WHERE state = 'frozen' AND "
                              "pair_key IS NULL AND last_seq = 2"),
                     1);
}

static void test_the_room_and_then_the_user_are_told(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, GONE, STAYS, "bike");
    struct event_record record;

    some(s);
    assert_false(s->step.is_over);
    assert_int_equal(s->step.n_rooms, 1);
    assert_true(s->step.rooms[0].is_changed);
    assert_true(str_eq(s->step.rooms[0].change.room_uuid, room));
    assert_true(str_eq(s->step.rooms[0].change.state, STR("frozen")));
    assert_int_equal(s->step.rooms[0].commit.n_records, 1);
    assert_int_equal(outbox_of(s, EVENT_ROOM_STATE, &record), 1);
    assert_null(memmem(record.value.p, record.value.n, GONE, strlen(GONE)));
    assert_non_null(memmem(record.value.p, record.value.n, STAYS, strlen(STAYS)));
    assert_int_equal(outbox_of(s, EVENT_USER_DELETED, &record), 0);

    some(s);
    assert_true(s->step.is_over);
    assert_int_equal(s->step.commit.n_records, 1);
    assert_int_equal(outbox_of(s, EVENT_USER_DELETED, &record), 1);
    assert_true(str_eq(record.key, STR(GONE)));
    assert_true(str_eq(s->step.deleted.anonymous_user, s->anonymous));
}

static void test_a_card_from_before_stores_nothing(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, GONE, STAYS, "bike");
    struct card *card = NULL;

    assert_int_equal(card_load(&s->ctx, room, &card), ERR_OK);
    delete_user(s);

    assert_int_equal(say(s, room, GONE, "late", EVENT_JSON, card), ERR_NOT_MEMBER);
    assert_int_equal(say(s, room, STAYS, "late", EVENT_JSON, card), ERR_ROOM_FROZEN);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM chat"), 0);
    card_unref(&card);
}

static void test_the_pair_may_open_another_room(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, GONE, STAYS, "bike");

    delete_user(s);
    assert_false(str_eq(make_room(s, GONE, STAYS, "bike"), room));
}

static void test_a_long_room_is_renamed_whole(void **state)
{
    struct scene *s = *state;
    char sql[400];

    make_room(s, GONE, STAYS, "bike");
    run_sql(s, "CREATE TABLE digit (n INT)");
    run_sql(s,
            "INSERT INTO digit VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9),(10),(11)");
    run_sql(s, "INSERT INTO chat (room_id, seq, id, sender, message) "
               "SELECT r.id, n.seq, UUID(), "
               "CASE WHEN n.seq % 3 = 0 THEN '" STAYS "' ELSE '" GONE
               "' END, 'x' FROM room r, "
               "(SELECT a.n * 1000 + b.n * 100 + c.n * 10 + d.n + 1 AS seq "
               "FROM digit a, digit b, digit c, digit d "
               "WHERE b.n < 10 AND c.n < 10 AND d.n < 10) n");
    run_sql(s, "DROP TABLE digit");
    run_sql(s, "UPDATE room SET last_seq = 12000");
    assert_int_equal(value(s, "SELECT COUNT(*) FROM chat"), MANY_MESSAGES);

    delete_user(s);
    assert_nothing_names_the_user(s);
    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM chat WHERE sender = '" STR_FMT "'",
             STR_ARG(s->anonymous));
    assert_int_equal(value(s, sql), MANY_MESSAGES / 3 * 2);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM chat WHERE sender = '" STAYS "'"),
                     MANY_MESSAGES / 3);
}

static void test_only_the_users_own_things_change(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, "third@x", STAYS, "bike");

    make_room(s, GONE, STAYS, "bike");
    assert_int_equal(say(s, room, STAYS, "unconcerned", EVENT_JSON, NULL), ERR_OK);
    delete_user(s);

    assert_int_equal(value(s, "SELECT COUNT(*) FROM room WHERE state = 'open' AND "
                              "pair_key IS NOT NULL AND access_version = 0"),
                     1);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM chat WHERE sender = '" STAYS "'"), 1);
    assert_int_equal(say(s, room, STAYS, "still", EVENT_JSON, NULL), ERR_OK);
}

/* --- both policies ------------------------------------------------------------------------ */

static void make_many(struct scene *s)
{
    char name[16];

    for (int i = 0; i < MANY_ROOMS; i++) {
        struct str room;

        snprintf(name, sizeof(name), "n%d", i);
        room = make_room(s, i % 2 ? GONE : STAYS, i % 2 ? STAYS : GONE, name);
        assert_int_equal(say(s, room, GONE, "x", EVENT_JSON, NULL), ERR_OK);
    }
}

static void test_what_was_cut_short_is_taken_up_and_a_repeat_is_harmless(void **state)
{
    struct scene *s = *state;
    struct event_record record;
    int64_t rooms;

    for (int i = 0; i < 2; i++) {
        s->config.is_purge = i == 1;
        make_many(s);
        some(s);
        assert_false(s->step.is_over);
        assert_true(value(s, "SELECT COUNT(*) FROM room_user WHERE user = '" GONE "'") >
                    0);
        db_free(&s->ctx.db); /* another server goes on */
        s->ctx.db = db_fixture_open();
        assert_int_equal(delete_user(s), 3);
        assert_nothing_names_the_user(s);
        rooms = value(s, "SELECT COUNT(*) FROM room");
        assert_int_equal(rooms, MANY_ROOMS); /* those of the first time */

        assert_int_equal(delete_user(s), 1);
        assert_int_equal(value(s, "SELECT COUNT(*) FROM room"), rooms);
        assert_int_equal(outbox_of(s, EVENT_USER_DELETED, &record), 2);
        run_sql(s, "DELETE FROM outbox");
    }
}

static void test_blocks_go_and_those_of_others_stay(void **state)
{
    struct scene *s = *state;

    run_sql(s, "INSERT INTO user_block (user, blocked, created_at) VALUES "
               "('" GONE "', 'a', NOW()), ('b', '" GONE "', NOW()), ('c', 'd', NOW())");
    delete_user(s);
    assert_nothing_names_the_user(s);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM user_block"), 1);
}

static void add_inquiries(struct scene *s)
{
    run_sql(
        s,
        "INSERT INTO inquiry (name, email, phone, message, address, created_at) VALUES "
        "('G', '" GONE "', '010', 'mine', '1.2.3.4', NOW()), "
        "('S', '" STAYS "', '011', 'theirs', '1.2.3.5', NOW())");
}

static void test_inquiries_lose_their_author_or_go(void **state)
{
    struct scene *s = *state;

    add_inquiries(s);
    delete_user(s);
    assert_nothing_names_the_user(s);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM inquiry WHERE message = 'mine' AND "
                              "name LIKE 'deleted-%' AND phone = '' AND address = ''"),
                     1);
    run_sql(s, "DELETE FROM inquiry");

    s->config.is_purge = true;
    add_inquiries(s);
    delete_user(s);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM inquiry"), 1);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM inquiry WHERE email = '" STAYS
                              "' AND name = 'S' AND phone = '011'"),
                     1);
}

static void test_the_evidence_of_reports_stays(void **state)
{
    struct scene *s = *state;
    char sql[400];

    for (int i = 0; i < 2; i++) {
        struct str room = make_room(s, GONE, STAYS, "bike");

        s->config.is_purge = i == 1;
        snprintf(
            sql, sizeof(sql),
            "INSERT INTO report (roomuuid, reporter, reason, seqs, evidence, created_at) "
            "VALUES ('" STR_FMT "', '" GONE "', 'r', '1', '" GONE ": text', NOW()), "
            "('" STR_FMT "', '" STAYS "', 'r', '1', 'text', NOW())",
            STR_ARG(room), STR_ARG(room));
        run_sql(s, sql);
        delete_user(s);
        assert_nothing_names_the_user(s);
        assert_int_equal(
            value(s, "SELECT COUNT(*) FROM report WHERE (reporter LIKE 'deleted-%' AND "
                     "evidence = '" GONE ": text') OR reporter = '" STAYS "'"),
            2);
        run_sql(s, "DELETE FROM report");
    }
}

static void test_a_room_that_was_being_deleted_goes_whole(void **state)
{
    struct scene *s = *state;

    for (int i = 0; i < 2; i++) {
        struct str room = make_room(s, GONE, STAYS, "bike");

        s->config.is_purge = i == 1;
        assert_int_equal(say(s, room, GONE, "x", EVENT_JSON, NULL), ERR_OK);
        run_sql(s, "UPDATE room SET state = 'closed', pair_key = NULL");
        delete_user(s);
        assert_nothing_names_the_user(s);
        assert_int_equal(value(s, "SELECT COUNT(*) FROM room"), 0);
    }
}

static void test_purge_leaves_nothing_of_the_rooms(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, GONE, STAYS, "bike");
    struct event_record record;

    s->config.is_purge = true;
    make_room(s, "third@x", STAYS, "bike");
    assert_int_equal(say(s, room, GONE, "a", EVENT_JSON, NULL), ERR_OK);
    assert_int_equal(say(s, room, STAYS, "b", EVENT_JSON, NULL), ERR_OK);
    some(s);
    assert_int_equal(s->step.n_rooms, 1);
    assert_true(str_eq(s->step.rooms[0].change.state, STR("deleted")));
    some(s);

    assert_true(s->step.is_over);
    assert_null(s->step.deleted.anonymous_user.p);
    assert_nothing_names_the_user(s);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM room"), 1);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM chat"), 0);
    assert_int_equal(outbox_of(s, EVENT_ROOM_DELETED, &record), 1);
}

/* The room is closed and told in a commit of its own, before all that belongs to it is removed. */
static void test_a_retried_room_is_still_told(void **state)
{
    struct scene *s = *state;

    s->config.is_purge = true;
    make_room(s, GONE, STAYS, "bike");
    run_sql(s, "CREATE TRIGGER once BEFORE DELETE ON room_user FOR EACH ROW "
               "IF @was_refused IS NULL THEN SET @was_refused = 1; "
               "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213; END IF");

    some(s);

    assert_int_equal(value(s, "SELECT @was_refused"), 1);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM room"), 0);
    assert_int_equal(s->step.n_rooms, 1);
    assert_true(s->step.rooms[0].is_changed);
    assert_int_equal(s->step.rooms[0].commit.n_records, 1);
    assert_true(str_eq(s->step.rooms[0].change.state, STR("deleted")));
    run_sql(s, "DROP TRIGGER once");
}

static void test_what_a_failed_step_did_is_told(void **state)
{
    struct scene *s = *state;

    s->config.is_purge = true;
    make_room(s, GONE, STAYS, "bike");
    run_sql(s, "CREATE TRIGGER never BEFORE DELETE ON room_user FOR EACH ROW "
               "SIGNAL SQLSTATE '45000'");

    assert_int_equal(
        user_delete_some(&s->ctx, &s->config, STR(GONE), &s->arena, &s->step),
        ERR_DB_FAILED);

    assert_int_equal(s->step.n_rooms, 1);
    assert_true(s->step.rooms[0].is_changed);
    run_sql(s, "DROP TRIGGER never");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)
    const struct CMUnitTest tests[] = {
        T(test_the_other_side_keeps_its_room_and_the_texts),
        T(test_the_room_and_then_the_user_are_told),
        T(test_a_card_from_before_stores_nothing),
        T(test_the_pair_may_open_another_room),
        T(test_a_long_room_is_renamed_whole),
        T(test_only_the_users_own_things_change),
        T(test_what_was_cut_short_is_taken_up_and_a_repeat_is_harmless),
        T(test_blocks_go_and_those_of_others_stay),
        T(test_inquiries_lose_their_author_or_go),
        T(test_the_evidence_of_reports_stays),
        T(test_a_room_that_was_being_deleted_goes_whole),
        T(test_purge_leaves_nothing_of_the_rooms),
        T(test_a_retried_room_is_still_told),
        T(test_what_a_failed_step_did_is_told),
    };

    return cmocka_run_group_tests(tests, scene_start, db_fixture_stop);
}
