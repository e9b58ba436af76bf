/*
 * What the tests of the store share: some rooms of a buyer and a seller on a real database, and a batch.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_STORE_SCENE_H
#define TESTS_STORE_SCENE_H

#include "service/store.h"

enum {
    ROOMS = 3,
    UNITS_MAX = 64
};

struct scene {
    struct work_ctx ctx;
    struct arena arena; /* results */
    struct uuid rooms[ROOMS];
    struct store_unit units[UNITS_MAX], *list[UNITS_MAX];
    struct store_message messages[UNITS_MAX];
    size_t n;
    struct store_result result;
};

/* store_set_up, store_tear_down — for each test, in a group of db_fixture_start_with_tables. */
int store_set_up(void **state);
int store_tear_down(void **state);

/* add — a unit of one message; its index. */
size_t add(struct scene *s, size_t room, const char *sender, const char *text,
           const char *key);
/* run — settles the batch. */
void run(struct scene *s);
/* again — forgets the batch, but not the rooms. */
void again(struct scene *s);
/* value — the number that a query gives. */
int64_t value(struct scene *s, const char *sql);
/* rows_of — messages of a room, up to its last seq. */
int64_t rows_of(struct scene *s, size_t room);

#endif
