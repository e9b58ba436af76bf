/*
 * The publisher with a broker and a database: what was left to the relay is published, in order, and
 * then no more is left to it, however fast rows come.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "feed/publisher.h"
#include "support/loop_until.h"
#include "tests/unit/db_fixture.h"

enum {
    DEADLINE_MS = 60000,
    FLUSH_MS = 10000
};

static const struct log quiet = {.fd = 2, .level = LOG_LEVEL_ERROR};
static const char *const topics[] = {"chat"};

/* Rows are committed and handed over one a millisecond. */
struct scene {
    struct loop *loop;
    struct kafka_mock *mock;
    struct kafka_producer *producer;
    struct work_pool *pool, *relay;
    struct publisher *publisher;
    struct loop_timer *timer;
    struct work_ctx ctx; /* of the loop's own connection */
    bool is_over;
    int sent;
};

static void send_one(void *arg)
{
    struct scene *s = arg;
    char key[16];
    struct event_record record = {.topic = STR("chat"), .key = {key, 0}};
    struct outbox_commit commit;

    record.key.n = (size_t)snprintf(key, sizeof(key), "%d", s->sent++);
    record.value = record.key;
    assert_int_equal(outbox_put(&s->ctx, STR("s"), &record, 1, &commit), ERR_OK);
    publisher_publish(s->publisher, &commit);
    arena_reset(&s->ctx.arena);
}

static struct work_pool *pool_of(struct loop *loop)
{
    return work_pool_new(
        loop, &(struct work_config){.threads = 1,
                                    .queue_max = 100,
                                    .name = "worker",
                                    .db = {.url = db_fixture_url(), .log = &quiet},
                                    .log = &quiet});
}

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof(*s));
    struct kafka_config config = {.client_id = STR("s"), .log = &quiet};
    struct why why = {.text = ""};

    s->loop = loop_new();
    s->mock = kafka_mock_new(0, topics, 1, &why);
    assert_non_null(s->mock);
    s->pool = pool_of(s->loop);
    s->relay = pool_of(s->loop);
    s->publisher = publisher_new(&(struct publisher_config){.loop = s->loop,
                                                            .pool = s->pool,
                                                            .relay = s->relay,
                                                            .server_id = STR("s"),
                                                            .log = &quiet});
    config.brokers = kafka_mock_brokers(s->mock);
    s->producer = kafka_producer_new(s->loop, &config, publisher_on_report,
                                     publisher_on_state, s->publisher, &why);
    assert_non_null(s->producer);
    publisher_set_producer(s->publisher, s->producer);
    s->ctx = (struct work_ctx){.db = db_fixture_open(), .log = &quiet};
    arena_init(&s->ctx.arena, SIZE_MAX);
    s->timer = loop_timer_new(s->loop, send_one, s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    loop_timer_free(&s->timer);
    publisher_stop_relay(s->publisher);
    work_pool_free(&s->relay);
    kafka_producer_free(&s->producer, FLUSH_MS);
    publisher_stop(s->publisher);
    work_pool_free(&s->pool);
    publisher_free(&s->publisher);
    kafka_mock_free(&s->mock);
    loop_free(&s->loop);
    db_free(&s->ctx.db);
    arena_release(&s->ctx.arena);
    free(s);
    return 0;
}

static bool is_direct(const void *arg)
{
    const struct scene *s = arg;
    struct publisher_stats stats;

    publisher_stats(s->publisher, &stats);
    return !stats.is_relaying && stats.is_up && stats.relayed > 0;
}

static bool is_empty(const void *arg)
{
    const struct scene *s = arg;
    struct arena a;
    bool is_so;

    arena_init(&a, SIZE_MAX);
    is_so =
        str_eq(db_fixture_value(s->ctx.db, &a, "SELECT COUNT(*) FROM outbox"), STR("0"));
    arena_release(&a);
    return is_so;
}

static void test_publishing_is_direct_again_under_constant_commits(void **state)
{
    struct scene *s = *state;
    struct publisher_stats stats;

    publisher_relay_own(s->publisher);
    loop_timer_start(s->timer, 1, 1);
    assert_true(loop_until(s->loop, is_direct, s, DEADLINE_MS));
    loop_timer_stop(s->timer);
    assert_true(loop_until(s->loop, is_empty, s, DEADLINE_MS));

    publisher_stats(s->publisher, &stats);
    assert_int_equal(stats.stored, s->sent); /* each once */
    assert_int_equal(stats.failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_publishing_is_direct_again_under_constant_commits, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, db_fixture_start_with_tables, db_fixture_stop);
}
