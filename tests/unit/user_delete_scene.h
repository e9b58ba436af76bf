/*
 * What the tests of a user's deletion share: a database, rooms in it, and the outbox read back.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_USER_DELETE_SCENE_H
#define TESTS_USER_DELETE_SCENE_H

#include "generated/c/envelope.h"
#include "service/card.h"
#include "service/user_delete.h"
#include "tests/unit/db_fixture.h"

#define GONE  "gone@x" /* who is deleted */
#define STAYS "stays@x"

struct scene {
    struct work_ctx ctx;
    struct arena arena;
    struct user_delete_config config;
    struct str anonymous; /* what stands for GONE */
    struct user_delete_step step;
};

/* scene_start — for cmocka's group, with db_fixture_stop; the others for each test. */
int scene_start(void **state);
int scene_set_up(void **state);
int scene_tear_down(void **state);

void run_sql(struct scene *s, const char *sql);
int64_t value(struct scene *s, const char *sql);

/* make_room — a room of two users; its UUID. */
struct str make_room(struct scene *s, const char *user, const char *caller,
                     const char *name);
/* say — says something; how it was taken. card: NULL, or what is believed of the room. */
enum err say(struct scene *s, struct str room, const char *sender, const char *text,
             enum event_form form, struct card *card);

/* some — one step of deleting GONE; delete_user — to the end, how many steps it took. */
void some(struct scene *s);
size_t delete_user(struct scene *s);
/* assert_nothing_names_the_user — in no table; reports keep their evidence. */
void assert_nothing_names_the_user(struct scene *s);

/* outbox_of — how many records of that kind wait, the last one in *out. */
size_t outbox_of(struct scene *s, enum event_kind kind, struct event_record *out);

/* outbox_as_released — rows of messages as release 0.1.0 wrote them, with the records inside. */
void outbox_as_released(struct scene *s, enum event_form form);

#endif
