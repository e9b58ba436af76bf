/*
 * A database as the Java service left it: its tables in a given collation, a few rooms that show
 * each peculiarity, and any number of ordinary messages. A copy is kept in database reuse_source.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_TAKEOVER_SOURCE_H
#define TESTS_TAKEOVER_SOURCE_H

#include "db/db.h"

struct takeover_source {
    const char *charset, *collation;
    const char *text;     /* Korean and emoji, as far as the character set can */
    bool has_blank_twins; /* the collation tells 'a' from 'a ' */
    bool has_join_rows;   /* rows in the tables that are always empty */
};

/* Rooms of the peculiar rows; ordinary ones begin above. */
enum {
    ROOM_ORDINARY = 1, /* ann and bob, "bike": five messages, two without a time */
    ROOM_NO_UUID,      /* two members, two messages */
    ROOM_UUID,      /* shares its uuid with the next: ann and bob, "lamp", one message */
    ROOM_SAME_UUID, /* bob and ann, and cid; two messages, older than that of ROOM_UUID */
    ROOM_MEMBER_TWICE, /* ann, bob, ann again */
    ROOM_SAME_PAIR,    /* bob and ann, "bike" again */
    ROOM_ALONE,        /* dan only */
    ROOM_EMPTY,        /* nobody, nothing */
    ROOM_NO_PRODUCT,   /* ann and bob, no product name; messages without times */
    ROOM_CASE,         /* Ann and ann */
    ROOM_FIRST_OF_MANY = 101
};

/* takeover_fill — makes and fills the tables in the database of db, and the copy. */
void takeover_fill(struct db *db, const struct takeover_source *source,
                   unsigned messages);

#endif
