/*
 * Tests of what CONNECT and CONNECTED agree on: version and heart-beats.
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

#include "stomp/frame.h"

#include "base/banned.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void test_the_highest_common_version_is_taken(void **state)
{
    const struct {
        const char *why;
        struct str accept;
        const char *text; /* NULL: unsupported */
    } rows[] = {
        {"no accept-version means 1.0", STR_NULL, "1.0"},
        {"one", STR("1.2"), "1.2"},
        {"the highest, rising", STR("1.0,1.1,1.2"), "1.2"},
        {"the highest, falling", STR("1.2,1.1,1.0"), "1.2"},
        {"the highest of those we have", STR("1.0,1.1,2.0"), "1.1"},
        {"repeated", STR("1.0,1.0"), "1.0"},
        {"blanks around commas", STR("1.0, 1.1 ,\t1.0"), "1.1"},
        {"none in common", STR("2.0,0.9"), NULL},
        {"an empty list", STR(""), NULL},
        {"only a comma", STR(","), NULL},
        {"no number", STR("1.x"), NULL},
        {"not a prefix", STR("1.20,11.1"), NULL},
    };

    (void)state;

    for (size_t i = 0; i < LENGTH(rows); i++) {
        enum stomp_version version = STOMP_V10;
        enum err rc = stomp_negotiate_version(rows[i].accept, &version);

        if (rc != (rows[i].text ? ERR_OK : ERR_UNSUPPORTED_VERSION))
            fail_msg("%s: %s", rows[i].why, err_info(rc)->code);
        if (rc == ERR_OK && strcmp(stomp_version_text(version), rows[i].text) != 0)
            fail_msg("%s: %s", rows[i].why, stomp_version_text(version));
    }
}

static void test_heartbeats_are_the_larger_of_both_or_none(void **state)
{
    const struct {
        const char *why;
        struct str header;
        int64_t can, want;
        int64_t send, expect; /* -1: malformed */
    } rows[] = {
        {"no header is 0,0", STR_NULL, 10000, 10000, 0, 0},
        {"both want both", STR("10000,10000"), 10000, 10000, 10000, 10000},
        {"the larger counts", STR("5000,30000"), 10000, 10000, 30000, 10000},
        {"the client cannot", STR("0,20000"), 10000, 10000, 20000, 0},
        {"the client does not want", STR("20000,0"), 10000, 10000, 0, 20000},
        {"the server cannot and does not want", STR("10000,10000"), 0, 0, 0, 0},
        {"beyond 24 days", STR("9223372036854775807,1"), 1, 1, 1, INT32_MAX},
        {"beyond 64 bits", STR("9223372036854775808,1"), 1, 1, -1, -1},
        {"a negative number", STR("-1,0"), 1, 1, -1, -1},
        {"minus zero", STR("0,-0"), 1, 1, -1, -1},
        {"one number", STR("10000"), 1, 1, -1, -1},
        {"three numbers", STR("1,2,3"), 1, 1, -1, -1},
        {"a comma too many", STR("1,2,"), 1, 1, -1, -1},
        {"a blank", STR("1, 2"), 1, 1, -1, -1},
        {"no number", STR("a,b"), 1, 1, -1, -1},
        {"nothing", STR(""), 1, 1, -1, -1},
        {"half", STR(",1"), 1, 1, -1, -1},
    };

    (void)state;

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct stomp_heartbeat got;
        enum err rc =
            stomp_negotiate_heartbeat(rows[i].header, rows[i].can, rows[i].want, &got);

        if (rc != (rows[i].send < 0 ? ERR_MALFORMED_FRAME : ERR_OK))
            fail_msg("%s: %s", rows[i].why, err_info(rc)->code);
        if (rc == ERR_OK &&
            (got.send_ms != rows[i].send || got.expect_ms != rows[i].expect))
            fail_msg("%s: %lld,%lld", rows[i].why, (long long)got.send_ms,
                     (long long)got.expect_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_highest_common_version_is_taken),
        cmocka_unit_test(test_heartbeats_are_the_larger_of_both_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
