/*
 * Claims of inquiries on a real database: one server's at a time, anyone's after it, settled once.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "generated/c/dao_inquiry.h"
#include "service/inquiry.h"
#include "tests/unit/db_fixture.h"

#include "base/banned.h"

static const struct log quiet = {.fd = 2, .level = LOG_LEVEL_ERROR};

struct scene {
    struct work_ctx ctx, other; /* of two servers */
    struct arena arena;
    struct inquiry_mail *mails;
    size_t n;
};

static void open_ctx(struct work_ctx *ctx)
{
    ctx->db = db_fixture_open();
    ctx->log = &quiet;
    arena_init(&ctx->arena, SIZE_MAX);
}

static void close_ctx(struct work_ctx *ctx)
{
    db_free(&ctx->db);
    arena_release(&ctx->arena);
}

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof(*s));

    open_ctx(&s->ctx);
    open_ctx(&s->other);
    arena_init(&s->arena, SIZE_MAX);
    db_fixture_run(s->ctx.db, "DELETE FROM inquiry");
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    close_ctx(&s->ctx);
    close_ctx(&s->other);
    arena_release(&s->arena);
    free(s);
    return 0;
}

static void ask(struct scene *s, const char *name, int64_t due_in_s)
{
    int64_t now = clock_civil_ns(clock_real_ns());

    assert_int_equal(dao_inquiry_insert(s->ctx.db,
                                        &(struct dao_inquiry_insert_in){
                                            .name = str_of(name),
                                            .email = STR("kim@example.org"),
                                            .phone = STR("010"),
                                            .message = STR("Hello"),
                                            .address = STR("::1"),
                                            .created_at = now,
                                            .has_next_attempt_at = true,
                                            .next_attempt_at = now + due_in_s * NS_PER_S},
                                        NULL),
                     ERR_OK);
}

static size_t take(struct scene *s, struct work_ctx *ctx, uint32_t max)
{
    assert_int_equal(
        inquiry_take(ctx, max, STR("example.com"), &s->arena, &s->mails, &s->n), ERR_OK);
    return s->n;
}

static const char *value(struct scene *s, const char *sql)
{
    return db_fixture_value(s->ctx.db, &s->arena, sql).p;
}

static void test_a_mail_says_what_was_asked_and_by_whom(void **state)
{
    struct scene *s = *state;

    ask(s, "김철수", 0);

    assert_int_equal(take(s, &s->ctx, 10), 1);
    assert_string_equal(s->mails[0].subject.p, "[문의]: 김철수");
    assert_string_equal(s->mails[0].body.p, "Hello\n 문의자: kim@example.org/010");
    assert_string_equal(s->mails[0].email.p, "kim@example.org");
    assert_true(str_starts(s->mails[0].message_id, STR("inquiry.")));
    assert_int_equal(s->mails[0].attempt, 1);
}

static void test_only_what_is_due_is_taken_oldest_first(void **state)
{
    struct scene *s = *state;

    ask(s, "later", 3600);
    ask(s, "second", -1);
    ask(s, "first", -2);

    assert_int_equal(take(s, &s->ctx, 1), 1);
    assert_string_equal(s->mails[0].subject.p, "[문의]: first");
    assert_int_equal(take(s, &s->ctx, 10), 1);
    assert_string_equal(s->mails[0].subject.p, "[문의]: second");
    assert_int_equal(take(s, &s->ctx, 10), 0);
}

static void test_a_claim_is_one_servers_until_it_ends(void **state)
{
    struct scene *s = *state;
    struct str id;

    ask(s, "n", 0);
    assert_int_equal(take(s, &s->ctx, 10), 1);
    id = s->mails[0].message_id;
    assert_int_equal(take(s, &s->other, 10), 0);
    db_fixture_run(s->ctx.db, "UPDATE inquiry SET next_attempt_at = '2000-01-01'");

    assert_int_equal(take(s, &s->other, 10), 1);
    assert_int_equal(s->mails[0].attempt, 2);
    assert_true(str_eq(s->mails[0].message_id, id));
}

static void test_rows_that_another_server_is_claiming_are_skipped(void **state)
{
    struct dao_inquiry_due_row *rows;
    struct scene *s = *state;
    size_t n;

    ask(s, "a", -2);
    ask(s, "b", -1);
    assert_int_equal(db_begin(s->other.db), ERR_OK);
    assert_int_equal(
        dao_inquiry_due(s->other.db,
                        &(struct dao_inquiry_due_in){
                            .now = clock_civil_ns(clock_real_ns()), .limit = 1},
                        &s->arena, &rows, &n),
        ERR_OK);

    assert_int_equal(take(s, &s->ctx, 10), 1); /* without waiting */
    assert_string_equal(s->mails[0].subject.p, "[문의]: b");
    db_rollback(s->other.db);
    assert_int_equal(take(s, &s->ctx, 10), 1);
    assert_string_equal(s->mails[0].subject.p, "[문의]: a");
}

static void test_what_was_sent_is_never_taken_again(void **state)
{
    struct scene *s = *state;

    ask(s, "n", 0);
    take(s, &s->ctx, 1);
    assert_int_equal(inquiry_sent(&s->ctx, s->mails[0].id), ERR_OK);
    assert_int_equal(inquiry_sent(&s->ctx, s->mails[0].id), ERR_OK);

    assert_string_equal(value(s, "SELECT state FROM inquiry"), "sent");
    assert_string_equal(value(s, "SELECT sent_at IS NOT NULL AND next_attempt_at IS NULL "
                                 "AND last_error IS NULL FROM inquiry"),
                        "1");
    assert_int_equal(take(s, &s->other, 1), 0);
}

static void test_a_late_failure_does_not_undo_what_came_after(void **state)
{
    struct scene *s = *state;
    bool is_given_up;
    int64_t id;

    ask(s, "n", 0);
    take(s, &s->ctx, 1);
    id = s->mails[0].id;
    db_fixture_run(s->ctx.db, "UPDATE inquiry SET next_attempt_at = '2000-01-01'");
    take(s, &s->other, 1);

    assert_int_equal(inquiry_not_sent(&s->ctx, id, 1, true, STR("late"), &is_given_up),
                     ERR_OK);
    assert_false(is_given_up);
    assert_string_equal(value(s, "SELECT state FROM inquiry"), "queued");
    assert_int_equal(inquiry_sent(&s->other, id), ERR_OK);
    assert_int_equal(inquiry_not_sent(&s->ctx, id, 2, true, STR("late"), &is_given_up),
                     ERR_OK);
    assert_string_equal(value(s, "SELECT state FROM inquiry"), "sent");
}

static void test_the_last_attempt_and_a_hopeless_one_give_up(void **state)
{
    static const struct {
        int32_t attempt;
        bool is_final, is_given_up;
    } cases[] = {
        {1, false, false}, {19, false, false}, {20, false, true}, {1, true, true}};
    struct scene *s = *state;
    bool is_given_up;
    char sql[100];

    for (size_t i = 0; i < LENGTH(cases); i++) {
        db_fixture_run(s->ctx.db, "DELETE FROM inquiry");
        ask(s, "n", 0);
        take(s, &s->ctx, 1);
        snprintf(sql, sizeof(sql), "UPDATE inquiry SET attempts = %d", cases[i].attempt);
        db_fixture_run(s->ctx.db, sql);

        assert_int_equal(inquiry_not_sent(&s->ctx, s->mails[0].id, cases[i].attempt,
                                          cases[i].is_final, STR("a\xff\nb"),
                                          &is_given_up),
                         ERR_OK);
        assert_int_equal(is_given_up, cases[i].is_given_up);
        assert_string_equal(value(s, "SELECT state FROM inquiry"),
                            cases[i].is_given_up ? "failed" : "queued");
        assert_string_equal(value(s, "SELECT next_attempt_at IS NULL FROM inquiry"),
                            cases[i].is_given_up ? "1" : "0");
        assert_string_equal(value(s, "SELECT last_error FROM inquiry"), "a??b");
    }
}

static void test_the_pause_is_a_minute_doubled_up_to_six_hours(void **state)
{
    (void)state;
    assert_int_equal(inquiry_pause_s(1), 60);
    assert_int_equal(inquiry_pause_s(2), 120);
    assert_int_equal(inquiry_pause_s(9), 15360);
    assert_int_equal(inquiry_pause_s(10), 21600);
    assert_int_equal(inquiry_pause_s(INT32_MAX), 21600);
}

static void test_those_that_wait_are_counted(void **state)
{
    struct scene *s = *state;
    int64_t n = -1;

    assert_int_equal(inquiry_waiting(&s->ctx, &n), ERR_OK);
    assert_int_equal(n, 0);
    ask(s, "a", 0);
    ask(s, "b", 3600);
    take(s, &s->ctx, 1);
    assert_int_equal(inquiry_waiting(&s->ctx, &n), ERR_OK);
    assert_int_equal(n, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_a_mail_says_what_was_asked_and_by_whom),
        T(test_only_what_is_due_is_taken_oldest_first),
        T(test_a_claim_is_one_servers_until_it_ends),
        T(test_rows_that_another_server_is_claiming_are_skipped),
        T(test_what_was_sent_is_never_taken_again),
        T(test_a_late_failure_does_not_undo_what_came_after),
        T(test_the_last_attempt_and_a_hopeless_one_give_up),
        cmocka_unit_test(test_the_pause_is_a_minute_doubled_up_to_six_hours),
        T(test_those_that_wait_are_counted),
    };

    return cmocka_run_group_tests(tests, db_fixture_start_with_tables, db_fixture_stop);
}
