/*
 * Rows of the outbox: what the store writes is what a relay publishes, of this release or the one
 * before.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/db_fixture.h"
#include "tests/unit/store_scene.h"

/* The records of the newest row of the outbox. */
static struct event_record *last_row(struct scene *s, enum event_form form, size_t *n)
{
    const struct outbox_row row = {
        .server_id = STR("s1"),
        .payload = db_fixture_value(
            s->ctx.db, &s->arena, "SELECT payload FROM outbox ORDER BY id DESC LIMIT 1"),
    };
    struct event_record *records = NULL;

    assert_int_equal(outbox_load(s->ctx.db, &row, form, &s->arena, &records, n), ERR_OK);
    return records;
}

static void assert_same_record(const struct event_record *a, const struct event_record *b)
{
    assert_true(str_eq(a->topic, b->topic));
    assert_true(str_eq(a->key, b->key));
    assert_true(str_eq(a->value, b->value));
    assert_int_equal(a->n_headers, b->n_headers);
    for (size_t i = 0; i < a->n_headers; i++) {
        assert_true(str_eq(a->headers[i].name, b->headers[i].name));
        assert_true(str_eq(a->headers[i].value, b->headers[i].value));
    }
}

/* What is produced at once and what a relay makes of the row do not differ in a byte. */
static void test_a_relay_publishes_the_same_records(void **state)
{
    struct scene *s = *state;
    struct event_record *records;
    size_t n = 0;

    for (size_t i = 0; i < 30; i++)
        add(s, i * 7 % ROOMS, i % 2 ? "buyer" : "seller", "hello \"you\"",
            i == 9 ? "key" : NULL);
    run(s);

    records = last_row(s, EVENT_JSON, &n);
    assert_int_equal(n, 30);
    for (size_t i = 0; i < n; i++)
        assert_same_record(&records[i], &s->result.commits->records[i]);
}

/* Release 0.1.0 must not take such a row for one without records, and delete it as published. */
static void test_an_older_release_cannot_read_a_row_of_messages(void **state)
{
    struct scene *s = *state;
    struct event_record *records;
    size_t n;

    add(s, 0, "buyer", "hello", NULL);
    run(s);

    assert_int_equal(
        outbox_decode(
            &s->arena,
            db_fixture_value(s->ctx.db, &s->arena,
                             "SELECT payload FROM outbox ORDER BY id DESC LIMIT 1"),
            &records, &n),
        ERR_BODY_INVALID);
}

static void test_a_row_that_release_0_1_0_wrote_is_read(void **state)
{
    struct scene *s = *state;
    struct event_record *records;
    struct outbox_row row = {.server_id = STR("s1")};
    struct buf payload;
    size_t n = 0;

    add(s, 0, "buyer", "hello", NULL);
    run(s);
    assert_int_equal(outbox_encode(s->result.commits->records, 1, &s->arena, &payload),
                     ERR_OK);
    row.payload = buf_str(&payload);

    assert_int_equal(outbox_load(s->ctx.db, &row, EVENT_JSON, &s->arena, &records, &n),
                     ERR_OK);
    assert_int_equal(n, 1);
    assert_same_record(&records[0], &s->result.commits->records[0]);
    buf_release(&payload);
}

static void test_messages_deleted_since_are_not_published(void **state)
{
    struct scene *s = *state;
    char sql[200];
    size_t n = 0;

    for (size_t i = 0; i < 6; i++)
        add(s, i % 2, "buyer", "hello", NULL);
    run(s);
    snprintf(sql, sizeof(sql),
             "DELETE c FROM chat c JOIN room r ON r.id = c.room_id "
             "WHERE r.roomuuid = '%s' AND c.seq = 2",
             s->rooms[0].text);
    db_fixture_run(s->ctx.db, sql);
    snprintf(sql, sizeof(sql),
             "DELETE c FROM room_user c JOIN room r ON r.id = c.room_id "
             "WHERE r.roomuuid = '%s'",
             s->rooms[1].text);
    db_fixture_run(s->ctx.db, sql);

    last_row(s, EVENT_JSON, &n);
    assert_int_equal(n, 2);
}

static void test_the_outbox_row_holds_what_was_stored(void **state)
{
    struct scene *s = *state;
    struct event_record *records;
    size_t n = 0;

    add(s, 0, "buyer", "안녕 \xf0\x9f\x98\x80", "k1");
    run(s);

    records = last_row(s, EVENT_JSON, &n);
    assert_int_equal(n, 1);
    assert_true(str_eq(records[0].key, uuid_str(&s->rooms[0])));
    assert_true(str_eq(records[0].value, s->messages[0].body));
    assert_true(str_eq(event_header(&records[0], "ce_id"), uuid_str(&s->messages[0].id)));
    assert_true(
        str_eq(event_header(&records[0], "ce_sequence"), STR("0000000000000000001")));
    assert_true(str_eq(event_header(&records[0], "ce_users"), STR("seller,buyer")));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, store_set_up, store_tear_down)
    const struct CMUnitTest tests[] = {
        T(test_the_outbox_row_holds_what_was_stored),
        T(test_a_relay_publishes_the_same_records),
        T(test_an_older_release_cannot_read_a_row_of_messages),
        T(test_a_row_that_release_0_1_0_wrote_is_read),
        T(test_messages_deleted_since_are_not_published),
    };

    return cmocka_run_group_tests(tests, db_fixture_start_with_tables, db_fixture_stop);
}
