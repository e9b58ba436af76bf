/* SPDX-License-Identifier: MIT */
#include "store_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "generated/c/dao_room.h"
#include "tests/unit/db_fixture.h"

#include "base/banned.h"

static const struct log quiet = {.fd = 2, .level = LOG_LEVEL_ERROR};

static const struct store_config config = {.server_id = {"s1", 2},
                                           .topic = {"chat", 4},
                                           .form = EVENT_JSON,
                                           .patience_ms = 3000};

static void make_room(struct scene *s, size_t i)
{
    struct db_result result;
    struct dao_room_user_insert_in members[2];

    s->rooms[i] = uuid_v4();
    assert_int_equal(
        dao_room_insert(s->ctx.db,
                        &(struct dao_room_insert_in){.product_name = STR("bike"),
                                                     .roomuuid = uuid_str(&s->rooms[i]),
                                                     .pair = uuid_str(&s->rooms[i])},
                        &result),
        ERR_OK);
    for (int side = 0; side < 2; side++)
        members[side] = (struct dao_room_user_insert_in){
            .room_id = (int64_t)result.insert_id,
            .user = side == 0 ? STR("seller") : STR("buyer"),
            .other = side == 0 ? STR("buyer") : STR("seller"),
            .side = side,
        };
    assert_int_equal(dao_room_user_insert_batch(s->ctx.db, members, 2, NULL), ERR_OK);
}

int store_set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof(*s));

    s->ctx.db = db_fixture_open();
    s->ctx.log = &quiet;
    arena_init(&s->ctx.arena, SIZE_MAX);
    arena_init(&s->arena, SIZE_MAX);
    for (size_t i = 0; i < ROOMS; i++)
        make_room(s, i);
    *state = s;
    return 0;
}

int store_tear_down(void **state)
{
    struct scene *s = *state;

    for (size_t i = 0; i < s->n; i++)
        card_unref(&s->units[i].fresh);
    db_free(&s->ctx.db);
    arena_release(&s->ctx.arena);
    arena_release(&s->arena);
    free(s);
    return 0;
}

size_t add(struct scene *s, size_t room, const char *sender, const char *text,
           const char *key)
{
    size_t i = s->n++;

    s->messages[i] = (struct store_message){
        .content = str_of(text), .key = str_of(key), .id = uuid_v7(clock_real_ns())};
    s->units[i] = (struct store_unit){.room_uuid = uuid_str(&s->rooms[room]),
                                      .sender = str_of(sender),
                                      .messages = &s->messages[i],
                                      .n_messages = 1};
    s->list[i] = &s->units[i];
    return i;
}

void run(struct scene *s)
{
    store_units(&s->ctx, &config, s->list, s->n, &s->arena, &s->result);
    for (size_t i = 0; i < s->n; i++)
        assert_true(s->units[i].is_settled);
}

void again(struct scene *s)
{
    for (size_t i = 0; i < s->n; i++)
        card_unref(&s->units[i].fresh);
    s->n = 0;
}

int64_t value(struct scene *s, const char *sql)
{
    struct str text = db_fixture_value(s->ctx.db, &s->ctx.arena, sql);
    int64_t n = -1;

    assert_true(str_to_i64(text, &n));
    return n;
}

int64_t rows_of(struct scene *s, size_t room)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM chat c JOIN room r ON r.id = c.room_id "
             "WHERE r.roomuuid = '%s' AND c.seq <= r.last_seq",
             s->rooms[room].text);
    return value(s, sql);
}
