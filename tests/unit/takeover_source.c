/* SPDX-License-Identifier: MIT */
#include "takeover_source.h"

#include "base/buf.h"
#include "db/sql_reader.h"
#include "db_fixture.h"

#include "base/banned.h"

/* As Hibernate makes them. */
static const char tables[] =
    "CREATE TABLE room (id bigint NOT NULL AUTO_INCREMENT, product_name varchar(255),"
    " roomuuid varchar(255), PRIMARY KEY (id)) ENGINE=InnoDB;"
    "CREATE TABLE room_user (id bigint NOT NULL AUTO_INCREMENT, other varchar(255),"
    " user varchar(255), room_id bigint, PRIMARY KEY (id)) ENGINE=InnoDB;"
    "CREATE TABLE chat (id varchar(255) NOT NULL, message varchar(255), sender "
    "varchar(255),"
    " timestamp datetime(6), room_id bigint, PRIMARY KEY (id)) ENGINE=InnoDB;"
    "CREATE TABLE room_chat_list (room_id bigint NOT NULL, chat_list_id varchar(255) NOT "
    "NULL)"
    " ENGINE=InnoDB;"
    "CREATE TABLE room_room_user_list (room_id bigint NOT NULL,"
    " room_user_list_id bigint NOT NULL) ENGINE=InnoDB;"
    "ALTER TABLE room_chat_list ADD CONSTRAINT UK_1 UNIQUE (chat_list_id);"
    "ALTER TABLE room_room_user_list ADD CONSTRAINT UK_2 UNIQUE (room_user_list_id);"
    "ALTER TABLE chat ADD CONSTRAINT FK1 FOREIGN KEY (room_id) REFERENCES room (id);"
    "ALTER TABLE room_user ADD CONSTRAINT FK2 FOREIGN KEY (room_id) REFERENCES room (id);"
    "ALTER TABLE room_chat_list ADD CONSTRAINT FK3 FOREIGN KEY (chat_list_id)"
    " REFERENCES chat (id);"
    "ALTER TABLE room_chat_list ADD CONSTRAINT FK4 FOREIGN KEY (room_id) REFERENCES room "
    "(id);"
    "ALTER TABLE room_room_user_list ADD CONSTRAINT FK5 FOREIGN KEY (room_user_list_id)"
    " REFERENCES room_user (id);"
    "ALTER TABLE room_room_user_list ADD CONSTRAINT FK6 FOREIGN KEY (room_id)"
    " REFERENCES room (id)";

static const char peculiar[] =
    "INSERT INTO room VALUES (1, 'bike', 'uuid-1'), (2, 'bike', NULL), (3, 'lamp', "
    "'uuid-3'),"
    " (4, 'lamp', 'uuid-3'), (5, 'desk', 'uuid-5'), (6, 'bike', 'uuid-6'),"
    " (7, 'bike', 'uuid-7'), (8, NULL, 'uuid-8'), (9, NULL, 'uuid-9'), (10, 'sofa', "
    "'UUID-9');"
    "INSERT INTO room_user (id, user, other, room_id) VALUES"
    " (1, 'ann', 'bob', 1), (2, 'bob', 'ann', 1), (3, 'ann', 'bob', 2), (4, 'bob', "
    "'ann', 2),"
    " (5, 'ann', 'bob', 3), (6, 'bob', 'ann', 3), (7, 'bob', 'ann', 4), (8, 'ann', "
    "'bob', 4),"
    " (9, 'cid', 'ann', 4), (10, 'ann', 'bob', 5), (11, 'bob', 'ann', 5),"
    " (12, 'ann', 'bob', 5), (13, 'bob', 'ann', 6), (14, 'ann', 'bob', 6),"
    " (15, 'dan', 'eve', 7), (16, 'ann', 'bob', 9), (17, 'bob', 'ann', 9),"
    " (18, 'Ann', 'ann', 10), (19, 'ann', 'Ann', 10), (20, NULL, 'ann', 1),"
    " (21, 'ann', 'bob', NULL);"
    "INSERT INTO chat (id, message, sender, timestamp, room_id) VALUES"
    " ('m-15', 'fifth', 'ann', '2025-01-02 00:00:00.000002', 1),"
    " ('m-14', 'fourth', 'bob', '2025-01-02 00:00:00.000001', 1),"
    " ('m-13', 'third', 'ann', '2025-01-02 00:00:00.000001', 1),"
    " ('m-12', NULL, 'ann', NULL, 1), ('m-11', 'first', NULL, NULL, 1),"
    " ('m-21', 'lost room', 'ann', '2025-01-01', 2), ('m-22', 'lost room', 'bob', NULL, "
    "2),"
    " ('m-31', 'later', 'ann', '2025-01-03', 3),"
    " ('m-42', 'between', 'bob', '2025-01-02', 4), ('m-41', 'earlier', 'cid', "
    "'2025-01-01', 4),"
    " ('m-91', 'a', 'ann', NULL, 9), ('m-92', 'b', 'bob', NULL, 9),"
    " ('m-01', 'no room', 'ann', '2025-01-01', NULL);"
    "SET foreign_key_checks = 0;"
    "INSERT INTO chat VALUES ('m-02', 'room is gone', 'ann', '2025-01-01', 99);"
    "INSERT INTO room_user VALUES (22, 'bob', 'ann', 99);"
    "SET foreign_key_checks = 1";

static const char blank_twins[] =
    "INSERT INTO chat VALUES ('m-11 ', 'a twin of m-11', 'ann', NULL, 1)";

static const char join_rows[] = "INSERT INTO room_chat_list VALUES (1, 'm-11');"
                                "INSERT INTO room_room_user_list VALUES (1, 1), (1, 2)";

static const char copies[] =
    "DROP DATABASE IF EXISTS reuse_source; CREATE DATABASE reuse_source;"
    "CREATE TABLE reuse_source.room ENGINE=InnoDB SELECT * FROM room;"
    "CREATE TABLE reuse_source.room_user ENGINE=InnoDB SELECT * FROM room_user;"
    "CREATE TABLE reuse_source.chat (PRIMARY KEY (id)) ENGINE=InnoDB SELECT * FROM chat";

static void run_all(struct db *db, const char *file)
{
    struct sql_reader r = sql_reader_of(str_of(file));
    struct sql_statement statement;
    struct arena a;
    struct buf tokens;

    arena_init(&a, 1 << 20);
    buf_init(&tokens, 1 << 20);
    while (sql_next(&r, &statement, &tokens))
        db_fixture_run(db, arena_dup(&a, statement.text).p);
    buf_release(&tokens);
    arena_release(&a);
}

/* A query with the numbers 0 to n - 1 as column i: one table of digits per decimal place. */
static struct str numbers(struct arena *a, unsigned n)
{
    static const char digits[] =
        "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 "
        "UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 "
        "UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 "
        "UNION ALL SELECT 9)";
    struct str sum = STR("0"), from = STR("(SELECT 0) x");
    int place = 0;

    for (uint64_t power = 1; power < n; power *= 10, place++) {
        sum =
            arena_printf(a, "%s + %llu * d%d.d", sum.p, (unsigned long long)power, place);
        from = arena_printf(a, "%s, %s d%d", from.p, digits, place);
    }
    return arena_printf(a,
                        "(SELECT i FROM (SELECT %s AS i FROM %s) every WHERE i < %u) n",
                        sum.p, from.p, n);
}

/* A tenth without a time, many with the same time, ids in no order, both members speak. */
static void fill_ordinary(struct db *db, const struct takeover_source *source,
                          unsigned messages)
{
    unsigned rooms = messages / 20 + 1;
    struct arena a;
    struct str n_rooms, n_messages;

    arena_init(&a, 1 << 20);
    n_rooms = numbers(&a, rooms);
    n_messages = numbers(&a, messages);
    db_fixture_run(db,
                   arena_printf(&a,
                                "INSERT INTO room SELECT %d + i, CONCAT('p', i, '%s'), "
                                "CONCAT('many-', i) FROM %s",
                                ROOM_FIRST_OF_MANY, source->text, n_rooms.p)
                       .p);
    db_fixture_run(db, arena_printf(&a,
                                    "INSERT INTO room_user (user, other, room_id) SELECT "
                                    "CONCAT('s', i, '@x'), CONCAT('b', i, '@x'), %d + i "
                                    "FROM %s ORDER BY i",
                                    ROOM_FIRST_OF_MANY, n_rooms.p)
                           .p);
    db_fixture_run(db, arena_printf(&a,
                                    "INSERT INTO room_user (user, other, room_id) SELECT "
                                    "CONCAT('b', i, '@x'), CONCAT('s', i, '@x'), %d + i "
                                    "FROM %s ORDER BY i",
                                    ROOM_FIRST_OF_MANY, n_rooms.p)
                           .p);
    db_fixture_run(
        db,
        arena_printf(&a,
                     "INSERT INTO chat SELECT MD5(i), CONCAT('message ', i, ' %s'), "
                     "CONCAT(CASE WHEN i %% 3 = 0 THEN 's' ELSE 'b' END, i * 7919 %% %u, "
                     "'@x'), CASE WHEN i %% 10 = 0 THEN NULL ELSE '2025-01-01' + "
                     "INTERVAL (i * 31 %% 5000) SECOND + INTERVAL (i %% 2) MICROSECOND "
                     "END, %d + i * 7919 %% %u FROM %s",
                     source->text, rooms, ROOM_FIRST_OF_MANY, rooms, n_messages.p)
            .p);
    arena_release(&a);
}

void takeover_fill(struct db *db, const struct takeover_source *source, unsigned messages)
{
    run_all(db, tables);
    run_all(db, peculiar);
    if (source->has_blank_twins)
        run_all(db, blank_twins);
    fill_ordinary(db, source, messages);
    if (source->has_join_rows)
        run_all(db, join_rows);
    run_all(db, copies);
}
