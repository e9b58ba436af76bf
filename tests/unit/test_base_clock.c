/*
 * src/base/clock.c: the calendar against the C library's, civil text, time zones.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

#include "base/banned.h"

static void use_zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

static int64_t civil(const char *text)
{
    int64_t ns;

    if (!civil_parse(str_of(text), &ns))
        fail_msg("%s", text);
    return ns;
}

static void assert_civil_text(int64_t civil_ns, const char *want)
{
    struct buf b;

    buf_init(&b, 64);
    civil_format(&b, civil_ns);
    if (!str_eq(buf_str(&b), str_of(want)))
        fail_msg("want %s, got " STR_FMT, want, STR_ARG(buf_str(&b)));
    buf_release(&b);
}

static void test_civil_text_has_seconds_and_no_trailing_zeros(void **state)
{
    static const struct {
        int64_t ns;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00"},
        {1, "1970-01-01T00:00:00.000000001"},
        {-1, "1969-12-31T23:59:59.999999999"},
        {100 * NS_PER_MS, "1970-01-01T00:00:00.1"},
        {120 * NS_PER_US, "1970-01-01T00:00:00.00012"},
        {NS_PER_S - 10, "1970-01-01T00:00:00.99999999"},
        {INT64_C(1737369000) * NS_PER_S, "2025-01-20T10:30:00"},
        {INT64_C(951782400) * NS_PER_S, "2000-02-29T00:00:00"},
        {INT64_C(1737369000) * NS_PER_S + 10 * NS_PER_S, "2025-01-20T10:30:10"},
        {CIVIL_MIN_NS, "1678-01-01T00:00:00"},
        {CIVIL_MAX_NS, "2261-12-31T23:59:59.999999999"},
        {INT64_MIN, "1677-09-21T00:12:43.145224192"},
        {INT64_MAX, "2262-04-11T23:47:16.854775807"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_civil_text(rows[i].ns, rows[i].text);
}

/* The vectors of schema/vectors/json have the accepted and refused forms; here is the calendar. */
static void test_dates_that_do_not_exist_are_refused(void **state)
{
    static const char *const texts[] = {
        "2025-02-29T00:00", "1900-02-29T00:00", "2100-02-29T00:00", "2025-04-31T00:00",
        "2025-00-10T00:00", "2025-13-10T00:00", "2025-01-00T00:00", "2025-01-32T00:00",
        "2025-01-01T24:00", "2025-01-01T00:60", "1677-12-31T00:00", "2262-01-01T00:00",
        "-025-01-01T00:00", "+2025-01-01T00:0", "2025-01-01T00:0",  "",
    };
    int64_t ns;
    (void)state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (civil_parse(str_of(texts[i]), &ns))
            fail_msg("%s", texts[i]);
    assert_false(civil_parse(STR_NULL, &ns));
    assert_int_equal(civil("2000-02-29T00:00"),
                     civil("2000-03-01T00:00") - 86400 * NS_PER_S);
}

static void test_parts_out_of_range_are_refused(void **state)
{
    static const struct civil bad[] = {
        {2025, 1, 1, -1, 0, 0, 0},       {2025, 1, 1, 0, -1, 0, 0},
        {2025, 1, 1, 0, 0, -1, 0},       {2025, 1, 1, 0, 0, 0, -1},
        {2025, 1, 1, 0, 0, 0, NS_PER_S}, {2025, 0, 1, 0, 0, 0, 0},
        {2025, 2, 29, 0, 0, 0, 0},       {2025, -1, 1, 0, 0, 0, 0},
        {2025, 1, -1, 0, 0, 0, 0},
    };
    int64_t ns;
    (void)state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(civil_join(&bad[i], &ns));
}

/* Each day of all years: parts as the C library has them, and text that reads back. */
static void test_every_day_is_split_as_the_c_library_does(void **state)
{
    (void)state;

    for (int64_t day = CIVIL_MIN_NS / NS_PER_S / 86400;
         day <= CIVIL_MAX_NS / NS_PER_S / 86400; day++) {
        time_t seconds = (time_t)(day * 86400 + (day * 7919 % 86400 + 86400) % 86400);
        int64_t ns = (int64_t)seconds * NS_PER_S + (day & 0xffff) * 1000, back;
        struct civil c = civil_split(ns);
        struct tm tm;

        assert_non_null(gmtime_r(&seconds, &tm));
        if (c.year != tm.tm_year + 1900 || c.month != tm.tm_mon + 1 ||
            c.day != tm.tm_mday || c.hour != tm.tm_hour || c.minute != tm.tm_min ||
            c.second != tm.tm_sec)
            fail_msg("day %lld", (long long)day);
        assert_true(civil_join(&c, &back));
        assert_int_equal(back, ns);
    }
}

static void test_text_reads_back_as_the_same_time(void **state)
{
    uint64_t seed = 42;
    (void)state;

    for (int i = 0; i < 100000; i++) {
        int64_t ns, back = 0;
        struct buf b;

        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ns = (int64_t)(seed >> 1);
        ns = i % 2 ? ns : -ns;
        if (ns < CIVIL_MIN_NS || ns > CIVIL_MAX_NS)
            continue;
        ns -= i % 3 ? ns % NS_PER_US : 0; /* short fractions too */
        buf_init(&b, 64);
        civil_format(&b, ns);
        assert_true(civil_parse(buf_str(&b), &back));
        assert_int_equal(back, ns);
        buf_release(&b);
    }
}

static void test_instants_are_written_in_utc(void **state)
{
    static const struct {
        int64_t ns;
        int digits;
        const char *text;
    } rows[] = {
        {0, 3, "1970-01-01T00:00:00.000Z"},
        {INT64_C(1737369000123456789), 3, "2025-01-20T10:30:00.123Z"},
        {INT64_C(1737369000123456789), 6, "2025-01-20T10:30:00.123456Z"},
        {-1, 6, "1969-12-31T23:59:59.999999Z"},
    };
    (void)state;

    use_zone("Asia/Seoul");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b;

        buf_init(&b, 64);
        instant_format(&b, rows[i].ns, rows[i].digits);
        assert_true(str_eq(buf_str(&b), str_of(rows[i].text)));
        buf_release(&b);
    }
}

static void test_a_wall_clock_shows_the_zones_time(void **state)
{
    (void)state;

    use_zone("Asia/Seoul");
    assert_civil_text(clock_civil_ns(INT64_C(1737369000123456789)),
                      "2025-01-20T19:30:00.123456789");
    use_zone("America/St_Johns");
    assert_civil_text(clock_civil_ns(INT64_C(1737369000) * NS_PER_S),
                      "2025-01-20T07:00:00");
    use_zone("UTC");
    assert_civil_text(clock_civil_ns(-1), "1969-12-31T23:59:59.999999999");
}

/* Berlin 2025: 26 October 03:00 summer time becomes 02:00; 30 March 02:00 becomes 03:00. */
static void test_repeated_and_skipped_hours_have_one_answer(void **state)
{
    static const struct {
        const char *wall, *utc;
    } rows[] = {
        {"2025-10-26T01:59:59.5", "2025-10-25T23:59:59.5"},
        {"2025-10-26T02:30", "2025-10-26T00:30"},
        {"2025-10-26T03:00", "2025-10-26T02:00"},
        {"2025-03-30T01:59", "2025-03-30T00:59"},
        {"2025-03-30T02:30", "2025-03-30T01:30"},
        {"2025-03-30T03:00", "2025-03-30T01:00"},
        {"2025-07-01T12:00", "2025-07-01T10:00"},
        {"2025-12-01T12:00", "2025-12-01T11:00"},
    };
    const size_t n = sizeof(rows) / sizeof(rows[0]);
    (void)state;

    use_zone("Europe/Berlin");
    for (size_t round = 0; round < 3; round++) /* whatever was asked before */
        for (size_t i = 0; i < n; i++) {
            size_t at = round == 1 ? n - 1 - i : i;

            assert_int_equal(clock_real_of_civil_ns(civil(rows[at].wall)),
                             civil(rows[at].utc));
        }
}

static void test_real_time_comes_back_from_the_wall_clock(void **state)
{
    static const char *const zones[] = {"UTC", "Asia/Seoul", "Europe/Berlin",
                                        "America/New_York", "Australia/Lord_Howe"};
    (void)state;

    for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
        use_zone(zones[z]);
        for (int64_t real = INT64_C(1700000000) * NS_PER_S;
             real < INT64_C(1740000000) * NS_PER_S; real += 1777 * NS_PER_S) {
            int64_t back = clock_real_of_civil_ns(clock_civil_ns(real));

            /* of two hours that look the same, the first */
            if (back != real && clock_civil_ns(back) != clock_civil_ns(real))
                fail_msg("%s %lld", zones[z], (long long)real);
            assert_true(back <= real);
        }
    }
}

static void test_clocks_run_forward(void **state)
{
    int64_t before = clock_mono_ns(), real = clock_real_ns();
    (void)state;

    assert_true(clock_mono_ns() >= before);
    assert_true(real > civil("2025-01-01T00:00"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_civil_text_has_seconds_and_no_trailing_zeros),
        cmocka_unit_test(test_dates_that_do_not_exist_are_refused),
        cmocka_unit_test(test_parts_out_of_range_are_refused),
        cmocka_unit_test(test_every_day_is_split_as_the_c_library_does),
        cmocka_unit_test(test_text_reads_back_as_the_same_time),
        cmocka_unit_test(test_instants_are_written_in_utc),
        cmocka_unit_test(test_a_wall_clock_shows_the_zones_time),
        cmocka_unit_test(test_repeated_and_skipped_hours_have_one_answer),
        cmocka_unit_test(test_real_time_comes_back_from_the_wall_clock),
        cmocka_unit_test(test_clocks_run_forward),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
