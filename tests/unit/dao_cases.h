/*
 * What generated/c/test_dao.c runs on: an embedded database with the tables of migrations/ and a
 * few rows, and extreme values for parameters. Each case is one transaction, undone at its end.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_UNIT_DAO_CASES_H
#define TESTS_UNIT_DAO_CASES_H

#include "db/db.h"
#include "tests/support/rng.h"

/* What the parameters of a case are. */
enum dao_case {
    DAO_LOWEST,  /* least number, "", shortest list */
    DAO_HIGHEST, /* greatest number, as many emoji as the column takes, longest list */
    DAO_NULL,    /* NULL where that is allowed, else as DAO_LOWEST; an empty list */
    DAO_RANDOM,  /* anything that the parameter may be, several times */
    DAO_SEEDED,  /* what a row of the tables has */
    DAO_CASES,
};

/* What a query may answer besides success. */
enum dao_may {
    DAO_MAY_NOTHING = 0,
    DAO_MAY_MISS,    /* a query for one row: ERR_NOT_FOUND */
    DAO_MAY_BE_HELD, /* a DELETE: ERR_DB_REFERENCE, other rows refer to the seeded one */
    DAO_MAY_NOT_SEED, /* an INSERT: the seeded row is there already, the case is left out */
};

struct dao_test {
    struct db *db;
    struct arena arena; /* of one case */
    int at;             /* enum dao_case, -1 before the first */
    int round;          /* of DAO_RANDOM */
    struct rng rng;
    enum dao_may may; /* of the query that is run */
};

/* dao_test_start, dao_test_stop — group set-up and tear-down for cmocka; *state: struct dao_test *.
 * in: seeds: the INSERTs of the seeded rows, a NULL at the end */
int dao_test_start(void **state, const char *const *seeds);
int dao_test_stop(void **state);

/* dao_next — begins the next case of a query; false after the last, ready for the next query. */
bool dao_next(struct dao_test *t, enum dao_may may);

/* dao_begin — begins one case. */
void dao_begin(struct dao_test *t, enum dao_case at);

/* dao_end — the query's answer: what it may be, without a warning. Undoes the case. */
void dao_end(struct dao_test *t, enum err rc);

/* Values for parameters; seeded is that of the first row. Both bounds 0: those of the type. */
int64_t dao_i64(struct dao_test *t, int64_t min, int64_t max, int64_t seeded);
uint64_t dao_u64(struct dao_test *t, int64_t min, int64_t max, uint64_t seeded);
int32_t dao_i32(struct dao_test *t, int64_t min, int64_t max, int32_t seeded);
uint32_t dao_u32(struct dao_test *t, int64_t min, int64_t max, uint32_t seeded);
/* dao_time — civil nanoseconds of a DATETIME; seeded: seconds after 2025-01-01T00:00:00. */
int64_t dao_time(struct dao_test *t, int64_t seeded);
/* dao_has — has_x of a nullable number. */
bool dao_has(struct dao_test *t);
/* dao_emoji, dao_ascii, dao_bytes — text of emoji, of 'z', bytes of 0xff; in DAO_RANDOM of any. may_be_null: in DAO_NULL */
struct str dao_emoji(struct dao_test *t, size_t chars, bool may_be_null,
                     struct str seeded);
struct str dao_ascii(struct dao_test *t, size_t chars, bool may_be_null,
                     struct str seeded);
struct str dao_bytes(struct dao_test *t, size_t bytes, bool may_be_null,
                     struct str seeded);
/* dao_ids, dao_texts — a list of dao_list_size elements; texts are of 'z'. */
const int64_t *dao_ids(struct dao_test *t, int64_t seeded);
const struct str *dao_texts(struct dao_test *t, size_t chars, struct str seeded);
size_t dao_list_size(struct dao_test *t);

#endif
