/*
 * Tests of the takeover of the Java service's database: in each of its character sets the result
 * is the very schema of a fresh database, every row is in the new tables or set aside, and
 * messages are numbered as promised. REUSE_TAKEOVER_MESSAGES sets their number (20000).
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "db/migrate.h"
#include "db_fixture.h"
#include "takeover_source.h"

#include "base/banned.h"

static const struct takeover_source sources[] = {
    {.charset = "utf8mb4",
     .collation = "utf8mb4_general_ci",
     .text = "한글 😀 ß",
     .has_join_rows = true},
    {.charset = "latin1", .collation = "latin1_swedish_ci", .text = "é ß €"},
    /* MySQL's utf8mb4_0900_ai_ci is one of this kind: no accents, no case, blanks count. */
    {.charset = "utf8mb4",
     .collation = "utf8mb4_uca1400_nopad_ai_ci",
     .text = "한글 😀 ß",
     .has_blank_twins = true},
    {.charset = "utf8mb4", .collation = "utf8mb4_unicode_520_ci", .text = "한글 😀 ß"},
    {.charset = "utf8mb3", .collation = "utf8mb3_general_ci", .text = "한글 ß"},
    {.charset = "utf8mb4", .collation = "utf8mb4_bin", .text = "한글 😀 ß"},
};

/* All of them in the first source, a tenth in each other. */
static unsigned message_count(const struct takeover_source *source)
{
    const char *text = getenv("REUSE_TAKEOVER_MESSAGES");
    unsigned n = text ? (unsigned)strtoul(text, NULL, 10) : 20000;

    return source == sources ? n : n / 10;
}

static void migrate(struct db *db)
{
    struct migrate_report report;
    struct why why;
    int64_t start_ns = clock_mono_ns();

    if (migrate_up(db, &migration_files, &(struct migrate_options){0}, &report, &why) !=
        ERR_OK)
        fail_msg("%s", why.text);
    print_message("migrated in %d ms\n", (int)((clock_mono_ns() - start_ns) / NS_PER_MS));
}

static void assert_values(struct db *db, const char *const (*rows)[2], size_t n)
{
    struct arena a;

    arena_init(&a, SIZE_MAX);
    for (size_t i = 0; i < n; i++) {
        struct str got = db_fixture_value(db, &a, rows[i][0]);

        if (!str_eq(got, str_of(rows[i][1])))
            fail_msg("%s: " STR_FMT ", not %s", rows[i][0], STR_ARG(got), rows[i][1]);
    }
    arena_release(&a);
}

#define NONE_OF "SELECT COUNT(*) FROM "

/* True of any source: nothing is lost, nothing changed, all is numbered. */
static void assert_nothing_is_lost(struct db *db)
{
    static const char *const rows[][2] = {
        {NONE_OF
         "reuse_source.chat s LEFT JOIN chat c ON c.id = CONVERT(s.id USING utf8mb4) "
         "COLLATE utf8mb4_bin AND s.id NOT LIKE '% ' LEFT JOIN set_aside a ON "
         "a.source = 'chat' AND CAST(a.source_id AS BINARY) = "
         "CAST(CONVERT(s.id USING utf8mb4) AS BINARY) "
         "WHERE (c.id IS NULL) = (a.id IS NULL)",
         "0"},
        {"SELECT (SELECT COUNT(*) FROM reuse_source.chat) - (SELECT COUNT(*) FROM chat) "
         "- "
         "(SELECT COUNT(*) FROM set_aside WHERE source = 'chat')",
         "0"},
        {"SELECT (SELECT COUNT(*) FROM reuse_source.room) - (SELECT COUNT(*) FROM room) "
         "- "
         "(SELECT COUNT(*) FROM set_aside WHERE source = 'room')",
         "0"},
        {"SELECT (SELECT COUNT(*) FROM reuse_source.room_user) - "
         "(SELECT COUNT(*) FROM room_user) - "
         "(SELECT COUNT(*) FROM set_aside WHERE source = 'room_user')",
         "0"},
        {NONE_OF "reuse_source.chat s JOIN chat c ON c.id = CONVERT(s.id USING utf8mb4) "
                 "COLLATE utf8mb4_bin WHERE s.id NOT LIKE '% ' AND NOT ("
                 "c.message <=> CONVERT(s.message USING utf8mb4) COLLATE utf8mb4_bin AND "
                 "c.sender <=> CONVERT(s.sender USING utf8mb4) COLLATE utf8mb4_bin AND "
                 "c.timestamp <=> s.timestamp)",
         "0"},
        {NONE_OF "reuse_source.room_user s JOIN room_user u ON u.id = s.id WHERE NOT ("
                 "u.user <=> CONVERT(s.user USING utf8mb4) COLLATE utf8mb4_bin AND "
                 "u.other <=> CONVERT(s.other USING utf8mb4) COLLATE utf8mb4_bin)",
         "0"},
        {NONE_OF
         "reuse_source.room s JOIN room r ON r.id = s.id WHERE NOT ("
         "r.roomuuid <=> CONVERT(s.roomuuid USING utf8mb4) COLLATE utf8mb4_bin AND "
         "r.product_name <=> CONVERT(s.product_name USING utf8mb4) "
         "COLLATE utf8mb4_bin)",
         "0"},
        {NONE_OF "(SELECT room_id FROM chat GROUP BY room_id "
                 "HAVING MIN(seq) <> 1 OR MAX(seq) <> COUNT(*)) x",
         "0"},
        {NONE_OF
         "chat a JOIN chat b ON b.room_id = a.room_id AND b.seq = a.seq + 1 "
         "WHERE NOT COALESCE((a.timestamp IS NULL AND b.timestamp IS NOT NULL) OR "
         "a.timestamp < b.timestamp OR (a.timestamp <=> b.timestamp AND "
         "CAST(a.id AS BINARY) < CAST(b.id AS BINARY)), FALSE)",
         "0"},
        {NONE_OF
         "room r LEFT JOIN (SELECT c.room_id, MAX(c.seq) AS n, "
         "COALESCE(MAX(CASE u.side WHEN 0 THEN c.seq END), 0) AS n0, "
         "COALESCE(MAX(CASE u.side WHEN 1 THEN c.seq END), 0) AS n1, "
         "MAX(c.timestamp) AS t FROM chat c LEFT JOIN room_user u "
         "ON u.room_id = c.room_id AND u.user = c.sender GROUP BY c.room_id) m "
         "ON m.room_id = r.id WHERE r.last_seq <> COALESCE(m.n, 0) OR "
         "r.last_seq_0 <> COALESCE(m.n0, 0) OR r.last_seq_1 <> COALESCE(m.n1, 0) OR "
         "r.updated_at <> COALESCE(m.t, '1970-01-01') OR r.updated_at IS NULL OR "
         "r.state <> 'open' OR r.access_version <> 0 OR r.created_at IS NOT NULL",
         "0"},
        {NONE_OF "room_user u JOIN room r ON r.id = u.room_id WHERE "
                 "u.read_seq <> r.last_seq OR u.delivered_seq <> r.last_seq OR "
                 "u.hidden_seq IS NOT NULL",
         "0"},
        {NONE_OF "room r WHERE r.id >= 101 AND NOT CAST(r.pair_key AS BINARY) <=> "
                 "CAST(SHA2(CONCAT('b', r.id - 101, '@x', X'00', 's', r.id - 101, '@x', "
                 "X'00', r.product_name), 256) AS BINARY)",
         "0"},
        {NONE_OF "set_aside WHERE NOT JSON_VALID(row_json)", "0"},
    };

    assert_values(db, rows, LENGTH(rows));
}

#define MESSAGES(room)                                                                   \
    "SELECT GROUP_CONCAT(seq, ':', id ORDER BY seq) FROM chat WHERE room_id = " room
#define MEMBERS(room)                                                                    \
    "SELECT GROUP_CONCAT(side, ':', user ORDER BY side, id) FROM room_user "             \
    "WHERE room_id = " room
#define ASIDE(table, more)                                                               \
    "SELECT GROUP_CONCAT(source_id, ':', reason ORDER BY id) FROM set_aside "            \
    "WHERE source = '" table "'" more

static void assert_peculiar_rows(struct db *db)
{
    static const char *const rows[][2] = {
        {MESSAGES("1"), "1:m-11,2:m-12,3:m-13,4:m-14,5:m-15"},
        {"SELECT CONCAT_WS(' ', last_seq, last_seq_0, last_seq_1, updated_at) FROM room "
         "WHERE id = 1",
         "5 5 4 2025-01-02 00:00:00.000002"},
        {MEMBERS("1"), "0:ann,1:bob"},
        {MESSAGES("3"), "1:m-41,2:m-42,3:m-31"},
        {MEMBERS("3"), "0:ann,1:bob,2:cid"},
        {"SELECT CONCAT_WS(' ', last_seq, last_seq_0, last_seq_1) FROM room WHERE id = 3",
         "3 3 2"},
        {MEMBERS("5"), "0:ann,1:bob"},
        {MEMBERS("6"), "0:bob,1:ann"},
        {MEMBERS("7"), "0:dan"},
        {MESSAGES("9"), "1:m-91,2:m-92"},
        {"SELECT updated_at FROM room WHERE id = 9", "1970-01-01 00:00:00.000000"},
        {"SELECT updated_at FROM room WHERE id = 8", "1970-01-01 00:00:00.000000"},
        {MEMBERS("10"), "0:Ann,1:ann"},
        {"SELECT GROUP_CONCAT(id ORDER BY id) FROM room WHERE id < 100",
         "1,3,5,6,7,8,9,10"},
        /* sha256("ann" NUL "bob" NUL "bike"), the older room of the two */
        {"SELECT pair_key FROM room WHERE id = 1",
         "86d050df700c6740b022e7eeebc8cfef4811ed63d5177fb5987409c598a295fe"},
        {"SELECT pair_key FROM room WHERE id = 10",
         "f788b4427512a3ce69c2d095b08ad60947a26e4fdbcc40ec4689f544b6920053"},
        {"SELECT GROUP_CONCAT(id ORDER BY id) FROM room WHERE id < 100 AND pair_key IS "
         "NULL",
         "3,6,7,8,9"},
        {ASIDE("room", ""), "2:no roomuuid,4:roomuuid of an older room"},
        {ASIDE("room_user", ""), "3:no room,4:no room,7:the same member twice in a room,"
                                 "8:the same member twice in a room,12:the same member "
                                 "twice in a room,20:no user,"
                                 "21:no room,22:no room"},
        {ASIDE("chat", " AND reason = 'no room' AND source_id LIKE 'm-0%'"),
         "m-01:no room,m-02:no room"},
        {ASIDE("chat", " AND reason = 'no room' AND source_id LIKE 'm-2%'"),
         "m-21:no room,m-22:no room"},
        {"SELECT row_json FROM set_aside WHERE source = 'chat' AND source_id = 'm-22'",
         "{\"id\": \"m-22\", \"message\": \"lost room\", \"sender\": \"bob\", "
         "\"timestamp\": null, \"room_id\": 2}"},
    };

    assert_values(db, rows, LENGTH(rows));
}

static void assert_source_specials(struct db *db, const struct takeover_source *source)
{
    struct arena a;

    arena_init(&a, SIZE_MAX);
    assert_int_equal(
        str_eq(db_fixture_value(db, &a, ASIDE("chat", " AND source_id = 'm-11 '")),
               STR("m-11 :id ends with a blank")),
        source->has_blank_twins);
    assert_true(str_eq(
        db_fixture_value(db, &a,
                         "SELECT GROUP_CONCAT(source, ':', source_id ORDER BY id) "
                         "FROM set_aside WHERE source LIKE '%list'"),
        source->has_join_rows
            ? STR("room_chat_list:m-11,room_room_user_list:1,room_room_user_list:2")
            : STR_NULL));
    arena_release(&a);
}

static struct str fresh_schema(struct arena *a)
{
    struct db *db = db_fixture_reset("latin1", "latin1_swedish_ci");
    struct str schema;

    migrate(db);
    schema = schema_text(db, a);
    db_free(&db);
    return schema;
}

static void take_over(const struct takeover_source *source, struct str fresh)
{
    struct db *db = db_fixture_reset(source->charset, source->collation);
    struct arena a;

    arena_init(&a, SIZE_MAX);
    print_message("%s, %u messages\n", source->collation, message_count(source));
    takeover_fill(db, source, message_count(source));
    migrate(db);
    assert_true(str_eq(schema_text(db, &a), fresh));
    assert_nothing_is_lost(db);
    assert_peculiar_rows(db);
    assert_source_specials(db, source);
    arena_release(&a);
    db_free(&db);
}

static void test_every_source_becomes_the_fresh_schema_and_loses_nothing(void **state)
{
    struct arena a;
    struct str fresh;

    (void)state;
    arena_init(&a, SIZE_MAX);
    fresh = fresh_schema(&a);
    for (size_t i = 0; i < LENGTH(sources); i++)
        take_over(&sources[i], fresh);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_source_becomes_the_fresh_schema_and_loses_nothing),
    };

    return cmocka_run_group_tests(tests, db_fixture_start, db_fixture_stop);
}
