/* SPDX-License-Identifier: MIT */
#include "user_delete_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "generated/c/dao_chat.h"
#include "generated/c/dao_user.h"
#include "service/store.h"

#include "base/banned.h"

static const struct log quiet = {.fd = 2, .level = LOG_LEVEL_ERROR};
static const struct room_config room_config = {.server_id = {"s1", 2},
                                               .event_topic = {"chat-event", 10}};

int scene_start(void **state)
{
    return db_fixture_start_with_tables(state);
}

int scene_set_up(void **state)
{
    static const char *const tables[] = {"chat",    "room_user",  "room",  "outbox",
                                         "inquiry", "user_block", "report"};
    struct scene *s = mem_zalloc(sizeof(*s));
    char sql[64];

    s->ctx.db = db_fixture_open();
    s->ctx.log = &quiet;
    s->config.room = room_config;
    arena_init(&s->ctx.arena, SIZE_MAX);
    arena_init(&s->arena, SIZE_MAX);
    for (size_t i = 0; i < LENGTH(tables); i++) {
        snprintf(sql, sizeof(sql), "DELETE FROM %s", tables[i]);
        db_fixture_run(s->ctx.db, sql);
    }
    s->anonymous =
        db_fixture_value(s->ctx.db, &s->arena,
                         "SELECT CONCAT('deleted-', LEFT(SHA2('" GONE "', 256), 16))");
    *state = s;
    return 0;
}

int scene_tear_down(void **state)
{
    struct scene *s = *state;

    db_free(&s->ctx.db);
    arena_release(&s->ctx.arena);
    arena_release(&s->arena);
    free(s);
    return 0;
}

void run_sql(struct scene *s, const char *sql)
{
    db_fixture_run(s->ctx.db, sql);
}

int64_t value(struct scene *s, const char *sql)
{
    struct str text = db_fixture_value(s->ctx.db, &s->arena, sql);
    int64_t n;

    if (!str_to_i64(text, &n))
        fail_msg("%s: " STR_FMT, sql, STR_ARG(text));
    return n;
}

struct str make_room(struct scene *s, const char *user, const char *caller,
                     const char *name)
{
    const struct room_create request = {
        .user = str_of(user), .caller = str_of(caller), .name = str_of(name)};
    struct room_user_dto members[2];
    struct room_outcome outcome;

    assert_int_equal(
        room_create(&s->ctx, &room_config, &request, &s->arena, members, &outcome),
        ERR_OK);
    return members[0].room->room_uuid;
}

enum err say(struct scene *s, struct str room, const char *sender, const char *text,
             enum event_form form, struct card *card)
{
    const struct store_config config = {
        .server_id = STR("s1"), .topic = STR("chat"), .form = form, .patience_ms = 1000};
    struct store_message message = {.content = str_of(text),
                                    .id = uuid_v7(clock_real_ns())};
    struct store_unit unit = {.room_uuid = room,
                              .sender = str_of(sender),
                              .card = card,
                              .messages = &message,
                              .n_messages = 1};
    struct store_unit *list = &unit;
    struct store_result result;

    store_units(&s->ctx, &config, &list, 1, &s->arena, &result);
    card_unref(&unit.fresh);
    return unit.rc;
}

void some(struct scene *s)
{
    assert_int_equal(
        user_delete_some(&s->ctx, &s->config, STR(GONE), &s->arena, &s->step), ERR_OK);
}

size_t delete_user(struct scene *s)
{
    size_t n = 0;

    do {
        assert_true(++n < 100);
        some(s);
    } while (!s->step.is_over);
    return n;
}

void assert_nothing_names_the_user(struct scene *s)
{
    assert_int_equal(value(s, "SELECT COUNT(*) FROM room_user WHERE user = '" GONE
                              "' OR other = '" GONE "'"),
                     0);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM chat WHERE sender = '" GONE "'"), 0);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM user_block WHERE user = '" GONE
                              "' OR blocked = '" GONE "'"),
                     0);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM inquiry WHERE email = '" GONE "'"),
                     0);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM report WHERE reporter = '" GONE "'"),
                     0);
}

/* The records of the outbox, by row. */
static size_t outbox(struct scene *s, struct event_record *out, size_t max)
{
    struct outbox_row *rows;
    size_t n_rows, n = 0;

    assert_int_equal(dao_outbox_take(s->ctx.db,
                                     &(struct dao_outbox_take_in){.age = 0, .limit = 256},
                                     &s->arena, &rows, &n_rows),
                     ERR_OK);
    for (size_t i = 0; i < n_rows; i++) {
        struct event_record *records;
        size_t n_records;

        assert_int_equal(
            outbox_load(s->ctx.db, &rows[i], EVENT_JSON, &s->arena, &records, &n_records),
            ERR_OK);
        for (size_t k = 0; k < n_records; k++) {
            assert_true(n < max);
            out[n++] = records[k];
        }
    }
    return n;
}

size_t outbox_of(struct scene *s, enum event_kind kind, struct event_record *out)
{
    struct event_record all[256];
    size_t n = outbox(s, all, LENGTH(all)), found = 0;

    for (size_t i = 0; i < n; i++)
        if (event_kind_of(&all[i]) == kind && ++found)
            *out = all[i];
    return found;
}

void outbox_as_released(struct scene *s, enum event_form form)
{
    struct outbox_row *rows;
    size_t n;

    assert_int_equal(dao_outbox_take(s->ctx.db,
                                     &(struct dao_outbox_take_in){.age = 0, .limit = 256},
                                     &s->arena, &rows, &n),
                     ERR_OK);
    for (size_t i = 0; i < n; i++) {
        struct event_record *records;
        struct buf payload;
        size_t n_records;

        assert_int_equal(
            outbox_load(s->ctx.db, &rows[i], form, &s->arena, &records, &n_records),
            ERR_OK);
        assert_int_equal(outbox_encode(records, n_records, &s->arena, &payload), ERR_OK);
        assert_int_equal(
            dao_outbox_rewrite(s->ctx.db,
                               &(struct dao_outbox_rewrite_in){
                                   .payload = buf_str(&payload), .id = rows[i].id},
                               NULL),
            ERR_OK);
        buf_release(&payload);
    }
}
