/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/options.h"

static bool parse(struct options *out, const char *const *flags)
{
    struct why why;

    return options_parse(flags, out, &why);
}

static void test_defaults_are_a_run_of_a_hundred_rooms(void **state)
{
    struct options o;

    (void)state;
    assert_true(parse(&o, (const char *const[]){NULL}));

    assert_int_equal(o.mode, BENCH_CHAT);
    assert_int_equal(o.rooms, 100);
    assert_int_equal(o.users, 2);
    assert_int_equal(o.inflight, 4);
    assert_false(o.has_receipts);
    assert_int_equal(o.n_urls, 1);
    assert_string_equal(o.urls[0].host, "127.0.0.1:8070");
    assert_null(o.json);
}

static void test_flags_are_taken(void **state)
{
    struct options o;

    (void)state;
    assert_true(parse(
        &o, (const char *const[]){"--mode=slow",
                                  "--urls=http://127.0.0.1:1,http://127.0.0.1:2/",
                                  "--rate=0.5", "--receipts=on", "--spread=rooms",
                                  "--watch=server:12,db:345", "--json=out.json", NULL}));

    assert_int_equal(o.mode, BENCH_SLOW);
    assert_int_equal(o.n_urls, 2);
    assert_string_equal(o.urls[1].host, "127.0.0.1:2");
    assert_true(o.rate > 0.49 && o.rate < 0.51);
    assert_true(o.has_receipts);
    assert_int_equal(o.spread, BENCH_SPREAD_ROOMS);
    assert_int_equal(o.n_watched, 2);
    assert_string_equal(o.watched[1].name, "db");
    assert_int_equal(o.watched[1].pid, 345);
    assert_string_equal(o.json, "out.json");
}

static void test_wrong_flags_are_refused(void **state)
{
    static const struct {
        const char *flag, *why;
    } cases[] = {
        {"--nothing=1", "no such option"},
        {"--rooms", "no value"},
        {"--rooms=", "no number"},
        {"--rooms=0", "a run needs a room"},
        {"--rooms=x", "no number"},
        {"--rate=-1", "negative"},
        {"--rate=nan", "no number"},
        {"--seconds=1s", "something behind the number"},
        {"--receipts=yes", "neither on nor off"},
        {"--mode=chats", "no such mode"},
        {"--content=27", "no room for the stamp"},
        {"--senders=3", "a room has two users"},
        {"--users=1", "two senders in one connection"},
        {"--urls=127.0.0.1:8070", "no http://"},
        {"--urls=http://127.0.0.1", "no port"},
        {"--urls=http://127.0.0.1:65536", "no such port"},
        {"--urls=", "no server"},
        {"--watch=12", "no name"},
        {"--watch=server:0", "no process"},
        {"--mode=start", "nothing to start"},
        {"--mode=idle", "neither idle ones nor a rate"},
    };
    struct options o;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (parse(&o, (const char *const[]){cases[i].flag, NULL}))
            fail_msg("%s was taken: %s", cases[i].flag, cases[i].why);
    }
}

static void test_help_names_every_option(void **state)
{
    static const char *const names[] = {"--mode", "--urls", "--inflight", "--watch",
                                        "--exec-log"};
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 16);

    options_help(&out);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_non_null(memmem(out.p, out.n, names[i], strlen(names[i])));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_a_run_of_a_hundred_rooms),
        cmocka_unit_test(test_flags_are_taken),
        cmocka_unit_test(test_wrong_flags_are_refused),
        cmocka_unit_test(test_help_names_every_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
