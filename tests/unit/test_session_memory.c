/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "session/store.h"

#include "base/banned.h"

enum {
    MANY = 20000,
    THREAD_ROUNDS = 2000
};

struct scene {
    struct session_memory *memory;
    struct session_store *a, *b; /* two servers */
    int n_done;
    enum err rc;
    char json[64]; /* of the last get; "": none */
    char seen[256];
    size_t n_users; /* of the last snapshot, all servers */
};

static void on_done(void *ctx, enum err rc)
{
    struct scene *s = ctx;

    s->n_done++;
    s->rc = rc;
}

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof(*s));

    s->memory = session_memory_new();
    s->a = session_store_memory(NULL, s->memory, STR("A"));
    s->b = session_store_memory(NULL, s->memory, STR("B"));
    session_store_start(s->a, on_done, s);
    session_store_start(s->b, on_done, s);
    *state = s;
    return s->n_done != 2 || s->rc != ERR_OK;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    session_store_free(&s->a);
    session_store_free(&s->b);
    session_memory_free(&s->memory);
    free(s);
    return 0;
}

static enum err add(struct scene *s, struct session_store *store, const char *user,
                    const char *id, const char *json)
{
    session_store_add(store,
                      &(struct session_entry){.user_id = str_of(user),
                                              .session_id = str_of(id),
                                              .json = str_of(json)},
                      on_done, s);
    return s->rc;
}

static void del(struct scene *s, struct session_store *store, const char *user,
                const char *id)
{
    session_store_remove(store, str_of(user), str_of(id), on_done, s);
    assert_int_equal(s->rc, ERR_OK);
}

static void on_entry(void *ctx, enum err rc, const struct session_entry *entry)
{
    struct scene *s = ctx;

    assert_int_equal(rc, ERR_OK);
    s->n_done++;
    s->json[0] = '\0';
    if (entry)
        snprintf(s->json, sizeof(s->json), STR_FMT, STR_ARG(entry->json));
}

static const char *get(struct scene *s, const char *user)
{
    session_store_get(s->a, str_of(user), on_entry, s);
    return s->json;
}

/* "A(u,v) B() u=json v=json" */
static void on_snapshot(void *ctx, enum err rc, const struct session_snapshot *all)
{
    struct scene *s = ctx;
    struct arena a;
    struct str text = STR("");

    assert_int_equal(rc, ERR_OK);
    arena_init(&a, SIZE_MAX);
    s->n_users = 0;
    for (size_t i = 0; i < all->n_servers; i++) {
        const struct session_server *server = &all->servers[i];

        s->n_users += server->n_users;
        text = arena_printf(&a, STR_FMT STR_FMT "(", STR_ARG(text),
                            STR_ARG(server->server_id));
        for (size_t k = 0; k < server->n_users && k < 5; k++)
            text = arena_printf(&a, STR_FMT "%s" STR_FMT, STR_ARG(text), k ? "," : "",
                                STR_ARG(server->users[k]));
        text = arena_printf(&a, STR_FMT ") ", STR_ARG(text));
    }
    for (size_t i = 0; i < all->n_sessions && i < 5; i++)
        text = arena_printf(&a, STR_FMT STR_FMT "=" STR_FMT " ", STR_ARG(text),
                            STR_ARG(all->sessions[i].user_id),
                            STR_ARG(all->sessions[i].json));
    snprintf(s->seen, sizeof(s->seen), STR_FMT, STR_ARG(text));
    arena_release(&a);
    session_store_get(s->a, STR("u"), on_entry, s); /* no lock is held here */
}

static const char *snapshot(struct scene *s)
{
    session_store_snapshot(s->b, on_snapshot, s);
    return s->seen;
}

static void test_the_newest_session_counts_on_whatever_server(void **state)
{
    struct scene *s = *state;

    assert_string_equal(get(s, "u"), "");
    add(s, s->a, "u", "1", "one");
    assert_string_equal(get(s, "u"), "one");
    add(s, s->b, "u", "2", "two");
    assert_string_equal(get(s, "u"), "two");
    add(s, s->a, "u", "1", "one again"); /* refreshed, not newer */
    assert_string_equal(get(s, "u"), "two");

    del(s, s->b, "u", "2");
    assert_string_equal(get(s, "u"), "one again");
    del(s, s->a, "u", "1");
    assert_string_equal(get(s, "u"), "");
}

static void test_a_late_close_removes_its_own_session_only(void **state)
{
    struct scene *s = *state;

    add(s, s->a, "u", "1", "one");
    add(s, s->b, "u", "2", "two");
    del(s, s->a, "u", "1");
    del(s, s->a, "u", "1"); /* again */
    del(s, s->a, "v", "2"); /* somebody else's */
    assert_string_equal(get(s, "u"), "two");
    assert_string_equal(snapshot(s), "A() B(u) u=two ");
}

static void test_a_snapshot_has_each_user_once_a_server(void **state)
{
    struct scene *s = *state;

    add(s, s->a, "u", "1", "one");
    add(s, s->b, "u", "2", "two");
    add(s, s->a, "u", "3", "three");
    add(s, s->a, "v", "4", "four");

    assert_string_equal(snapshot(s), "A(u,v) B(u) u=three v=four ");
}

static void test_a_stopped_server_takes_its_sessions_along(void **state)
{
    struct scene *s = *state;

    add(s, s->a, "u", "1", "one");
    add(s, s->b, "u", "2", "two");
    session_store_stop(s->b, on_done, s);

    assert_string_equal(snapshot(s), "A(u) u=one ");
    assert_int_equal(add(s, s->b, "u", "3", "three"), ERR_UNAVAILABLE);
    assert_string_equal(get(s, "u"), "one");
    del(s, s->b, "u", "2");
}

static void test_a_server_starts_without_its_former_life(void **state)
{
    struct scene *s = *state;
    struct session_store *again;

    add(s, s->a, "u", "1", "one");
    add(s, s->b, "u", "2", "two");
    again =
        session_store_memory(NULL, s->memory, STR("B")); /* the old one never stopped */
    session_store_start(again, on_done, s);

    assert_string_equal(snapshot(s), "A(u) B() u=one ");
    session_store_free(&again);
}

static int64_t cpu_ns(void)
{
    struct timespec t;

    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* What it costs that n users come, are looked up and go. */
static int64_t cost_of(struct scene *s, int n)
{
    char user[32], id[32];
    int64_t began = cpu_ns();

    for (int i = 0; i < n; i++) {
        snprintf(user, sizeof(user), "user-%d", i);
        snprintf(id, sizeof(id), "id-%d", i);
        add(s, i % 2 ? s->a : s->b, user, id, "json");
    }
    snapshot(s);
    assert_int_equal(s->n_users, n);
    for (int i = 0; i < n; i++) {
        snprintf(user, sizeof(user), "user-%d", i);
        snprintf(id, sizeof(id), "id-%d", i);
        assert_string_equal(get(s, user), "json");
        del(s, s->a, user, id);
    }
    snapshot(s);
    assert_int_equal(s->n_users, 0);
    return cpu_ns() - began;
}

/* Ten times the users cost about ten times as much; a list searched for each: a hundred times. */
static void test_many_sessions_cost_little(void **state)
{
    struct scene *s = *state;
    int64_t few = cost_of(s, MANY / 10);

    assert_true(cost_of(s, MANY) < 40 * few);
}

static void *live(void *arg)
{
    struct scene mine = *(struct scene *)arg;
    char id[32];

    for (int i = 0; i < THREAD_ROUNDS; i++) {
        snprintf(id, sizeof(id), "%p-%d", (void *)&mine, i % 7);
        add(&mine, mine.a, "u", id, "json");
        get(&mine, "u");
        snapshot(&mine);
        session_store_remove(mine.a, STR("u"), str_of(id), on_done, &mine);
    }
    return NULL;
}

static void test_servers_of_several_threads_share_one_memory(void **state)
{
    struct scene *s = *state, other = *s;
    pthread_t thread;

    other.a = s->b;
    other.b = s->a;
    assert_int_equal(pthread_create(&thread, NULL, live, &other), 0);
    live(s);
    assert_int_equal(pthread_join(thread, NULL), 0);

    assert_string_equal(snapshot(s), "A() B() ");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_the_newest_session_counts_on_whatever_server),
        CASE(test_a_late_close_removes_its_own_session_only),
        CASE(test_a_snapshot_has_each_user_once_a_server),
        CASE(test_a_stopped_server_takes_its_sessions_along),
        CASE(test_a_server_starts_without_its_former_life),
        CASE(test_many_sessions_cost_little),
        CASE(test_servers_of_several_threads_share_one_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
