/*
 * The loop: posts from many threads arrive once and in order, timers and watches may be freed in
 * their own callbacks, and loop_run ends when it says it does.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bug.h"
#include "loop/loop.h"

#include "base/banned.h"

enum {
    POSTERS = 8,
    POSTS_EACH = 50000
};

struct scene {
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_watch *watch;
    struct loop_signal *signal;
    int pair[2];
    int calls;
    int events;
    int order[4];
    size_t n_order;
};

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof(*s));

    s->loop = loop_new();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s->pair), 0);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    loop_timer_free(&s->timer);
    loop_watch_free(&s->watch);
    loop_signal_free(&s->signal);
    loop_free(&s->loop);
    assert_null(s->loop);
    close(s->pair[0]);
    close(s->pair[1]);
    free(s);
    return 0;
}

static void stop(void *arg)
{
    struct scene *s = arg;

    loop_stop(s->loop);
}

/* --- posts --- */

struct poster {
    struct loop *loop;
    pthread_t thread;
    struct count *count;
    int next; /* what must come next; the loop's thread only */
};

struct count {
    struct loop *loop;
    int left;
};

struct mail {
    struct poster *from;
    int number;
};

static void take_mail(void *arg)
{
    struct mail *mail = arg;
    struct count *count = mail->from->count;

    assert_int_equal(mail->number, mail->from->next);
    mail->from->next++;
    free(mail);
    if (--count->left == 0)
        loop_stop(count->loop);
}

static void *post_all(void *arg)
{
    struct poster *p = arg;

    for (int i = 0; i < POSTS_EACH; i++) {
        struct mail *mail = mem_alloc(sizeof(*mail));

        *mail = (struct mail){p, i};
        loop_post(p->loop, take_mail, mail);
    }
    return NULL;
}

static void test_posts_of_each_thread_come_once_and_in_order(void **state)
{
    struct scene *s = *state;
    struct count count = {s->loop, POSTERS * POSTS_EACH};
    struct poster posters[POSTERS] = {0};

    for (size_t i = 0; i < POSTERS; i++) {
        posters[i].loop = s->loop;
        posters[i].count = &count;
        pthread_create(&posters[i].thread, NULL, post_all, &posters[i]);
    }
    loop_run(s->loop);

    for (size_t i = 0; i < POSTERS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_int_equal(posters[i].next, POSTS_EACH);
    }
}

static void note_two(void *arg)
{
    struct scene *s = arg;

    s->order[s->n_order++] = 2;
    loop_stop(s->loop);
}

static void note_one_and_post(void *arg)
{
    struct scene *s = arg;

    s->order[s->n_order++] = 1;
    loop_post(s->loop, note_two, s);
}

static void note_three(void *arg)
{
    struct scene *s = arg;

    s->order[s->n_order++] = 3;
}

static void test_a_post_from_a_post_runs_after_its_batch(void **state)
{
    struct scene *s = *state;

    loop_post(s->loop, note_one_and_post, s);
    loop_post(s->loop, note_three, s);
    loop_run(s->loop);

    assert_int_equal(s->n_order, 3);
    assert_int_equal(s->order[0], 1);
    assert_int_equal(s->order[1], 3);
    assert_int_equal(s->order[2], 2);
}

static void test_loop_free_runs_what_was_posted(void **state)
{
    struct scene *s = *state;
    struct loop *loop = loop_new();

    loop_post(loop, note_three, s);
    loop_free(&loop);

    assert_int_equal(s->n_order, 1);
}

/* --- timers --- */

static void free_own_timer(void *arg)
{
    struct scene *s = arg;

    s->calls++;
    loop_timer_free(&s->timer);
    loop_stop(s->loop);
}

static void test_a_timer_may_be_freed_in_its_callback(void **state)
{
    struct scene *s = *state;
    int64_t began;

    s->timer = loop_timer_new(s->loop, free_own_timer, s);
    began = loop_now_ms(s->loop);
    loop_timer_start(s->timer, 20, 20);
    loop_run(s->loop);

    assert_int_equal(s->calls, 1);
    assert_null(s->timer);
    assert_true(loop_now_ms(s->loop) - began >= 20);
}

static void stop_at_third(void *arg)
{
    struct scene *s = arg;

    if (++s->calls < 3)
        return;
    loop_timer_stop(s->timer);
    loop_stop(s->loop);
}

static void test_a_timer_repeats_until_it_is_stopped(void **state)
{
    struct scene *s = *state;

    s->timer = loop_timer_new(s->loop, stop_at_third, s);
    loop_timer_start(s->timer, 1, 1);
    assert_true(loop_timer_is_active(s->timer));
    loop_run(s->loop);

    assert_int_equal(s->calls, 3);
    assert_false(loop_timer_is_active(s->timer));
}

/* --- watches --- */

static void note_events(void *arg, int events, bool is_error)
{
    struct scene *s = arg;

    assert_false(is_error);
    s->events |= events;
    s->calls++;
    loop_watch_free(&s->watch);
    loop_stop(s->loop);
}

static void test_a_watch_tells_what_its_descriptor_can_do(void **state)
{
    struct scene *s = *state;

    s->watch = loop_watch_new(s->loop, s->pair[0], note_events, s);
    loop_watch_set(s->watch, LOOP_READABLE);
    assert_int_equal(write(s->pair[1], "x", 1), 1);
    loop_run(s->loop);
    assert_int_equal(s->events, LOOP_READABLE);

    s->events = 0;
    s->watch = loop_watch_new(s->loop, s->pair[0], note_events, s);
    loop_watch_set(s->watch, LOOP_READABLE | LOOP_WRITABLE);
    loop_run(s->loop);
    assert_int_equal(s->events, LOOP_READABLE | LOOP_WRITABLE);
}

static void test_a_watch_set_to_nothing_is_silent(void **state)
{
    struct scene *s = *state;

    s->watch = loop_watch_new(s->loop, s->pair[0], note_events, s);
    loop_watch_set(s->watch, LOOP_WRITABLE);
    loop_watch_set(s->watch, 0);
    s->timer = loop_timer_new(s->loop, stop, s);
    loop_timer_start(s->timer, 10, 0);
    loop_run(s->loop);

    assert_int_equal(s->calls, 0);
}

static void test_a_descriptor_may_be_closed_and_watched_again_at_once(void **state)
{
    struct scene *s = *state;
    struct loop_watch *first = loop_watch_new(s->loop, s->pair[0], note_events, s);
    int fd = s->pair[0];

    loop_watch_set(first, LOOP_READABLE);
    loop_watch_free(&first);
    close(fd);
    close(s->pair[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s->pair), 0);
    assert_int_equal(s->pair[0], fd); /* the kernel gives the lowest number */
    s->watch = loop_watch_new(s->loop, fd, note_events, s);
    loop_watch_set(s->watch, LOOP_WRITABLE);
    loop_run(s->loop);

    assert_int_equal(s->calls, 1);
}

/* --- signals and the end --- */

static void free_own_signal(void *arg)
{
    struct scene *s = arg;

    s->calls++;
    loop_signal_free(&s->signal);
    loop_stop(s->loop);
}

static void test_a_signal_arrives_on_the_loop(void **state)
{
    struct scene *s = *state;

    s->signal = loop_signal_new(s->loop, SIGUSR1, free_own_signal, s);
    raise(SIGUSR1);
    loop_run(s->loop);

    assert_int_equal(s->calls, 1);
}

static void stop_loop(void *arg)
{
    struct scene *s = arg;

    loop_stop(s->loop);
}

static void test_a_stop_ends_a_loop_that_is_still_busy(void **state)
{
    struct scene *s = *state;

    s->timer = loop_timer_new(s->loop, stop_loop, s);
    loop_timer_start(s->timer, 1, 3600000);
    loop_run(s->loop);

    assert_true(loop_timer_is_active(s->timer));
}

/* --- turns --- */

struct turns {
    struct scene *scene;
    struct loop_turn *turn;
    int posted, ran; /* posts that ran; of them, those that a turn came after */
};

static void on_turn(void *arg)
{
    struct turns *t = arg;

    if (t->posted == t->ran)
        return;
    t->ran = t->posted;
    if (t->ran == 3) {
        loop_turn_free(&t->turn); /* in its own callback */
        loop_stop(t->scene->loop);
    }
}

static void on_posted(void *arg)
{
    struct turns *t = arg;

    assert_int_equal(t->posted, t->ran); /* a turn came since the last one */
    t->posted++;
    if (t->posted < 3)
        loop_post(t->scene->loop, on_posted, t);
}

static void test_a_turn_is_told_after_what_happened_in_it(void **state)
{
    struct scene *s = *state;
    struct turns t = {.scene = s};

    t.turn = loop_turn_new(s->loop, on_turn, &t);
    loop_post(s->loop, on_posted, &t);
    loop_run(s->loop);

    assert_int_equal(t.ran, 3);
    assert_null(t.turn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        T(test_a_turn_is_told_after_what_happened_in_it),
        T(test_posts_of_each_thread_come_once_and_in_order),
        T(test_a_post_from_a_post_runs_after_its_batch),
        T(test_loop_free_runs_what_was_posted),
        T(test_a_timer_may_be_freed_in_its_callback),
        T(test_a_timer_repeats_until_it_is_stopped),
        T(test_a_watch_tells_what_its_descriptor_can_do),
        T(test_a_watch_set_to_nothing_is_silent),
        T(test_a_descriptor_may_be_closed_and_watched_again_at_once),
        T(test_a_signal_arrives_on_the_loop),
        T(test_a_stop_ends_a_loop_that_is_still_busy),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
