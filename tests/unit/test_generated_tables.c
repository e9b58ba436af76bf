/*
 * Generated errors, settings and routes, as the program uses them.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "generated/c/err.h"
#include "generated/c/routes.h"
#include "generated/c/settings.h"

#include "base/banned.h"

static void test_an_error_has_its_word_on_every_wire(void **state)
{
    const struct err_info *info = err_info(ERR_NOT_MEMBER);

    (void)state;
    assert_string_equal(info->code, "not_member");
    assert_int_equal(info->status, 403);
    assert_int_equal(info->close, 1008);
    assert_int_equal(info->stomp, ERR_STOMP_SOFT);
    assert_int_equal(err_info(ERR_INTERNAL)->stomp, ERR_STOMP_FATAL);
    assert_true(err_info(ERR_RATE_LIMITED)->retry);
    assert_string_equal(err_info(ERR_OK)->code, "ok");
}

static void test_a_number_that_is_no_error_is_internal(void **state)
{
    static const int numbers[] = {2, 9, 99, 1000, -1, INT32_MIN, INT32_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        assert_ptr_equal(err_info((enum err)numbers[i]), err_info(ERR_INTERNAL));
}

static void test_settings_start_with_the_defaults_of_the_schema(void **state)
{
    const struct setting_sources none = {0};
    struct settings s;
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);
    assert_int_equal(setting_load(&settings_table, &none, &a, &s, NULL, NULL), ERR_OK);
    assert_int_equal(s.server_port, 8070);
    assert_true(str_eq(s.server_id, STR("chat-server-1")));
    assert_int_equal(s.drain_timeout, 30000);
    assert_int_equal(s.auth_mode, SETTINGS_AUTH_MODE_TRUST);
    assert_int_equal(s.limits_content_chars, 2000);
    arena_release(&a);
}

static void test_our_environment_name_wins_over_springs(void **state)
{
    const char *const both[] = {"SERVER_PORT=1", "REUSE_CHAT_SERVER_PORT=2", NULL};
    const char *const alias[] = {"SERVER_PORT=1", NULL};
    struct settings s;
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);
    assert_int_equal(setting_load(&settings_table,
                                  &(struct setting_sources){.environ = both}, &a, &s,
                                  NULL, NULL),
                     ERR_OK);
    assert_int_equal(s.server_port, 2);
    assert_int_equal(setting_load(&settings_table,
                                  &(struct setting_sources){.environ = alias}, &a, &s,
                                  NULL, NULL),
                     ERR_OK);
    assert_int_equal(s.server_port, 1);
    arena_release(&a);
}

static void test_paths_lead_to_their_routes(void **state)
{
    static const struct {
        const char *method, *path;
        enum route_id id;
    } cases[] = {
        {"GET", "/chat/room/a", ROUTE_CHAT_HISTORY},
        {"GET", "/chat/room/a/messages", ROUTE_CHAT_PAGE},
        {"POST", "/chat/room/a/messages", ROUTE_CHAT_POST},
        {"GET", "/room/rooms", ROUTE_ROOM_ROOMS},
        {"GET", "/room/a", ROUTE_ROOM_GET},
        {"GET", "/room/enter/a", ROUTE_ROOM_GET},
        {"DELETE", "/user/blocks/x", ROUTE_ROOM_UNBLOCK},
    };
    struct route_match match;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(route_find(&route_table, str_of(cases[i].method),
                               str_of(cases[i].path), &match, NULL));
        assert_int_equal(match.route->id, cases[i].id);
    }
    assert_true(route_find(&destination_table, STR("SEND"), STR("/pub/room/a/message"),
                           &match, NULL));
    assert_int_equal(match.route->id, DESTINATION_CHAT_MESSAGE);
    assert_true(route_find(&destination_table, STR("SUBSCRIBE"), STR("/sub/chat/room/a"),
                           &match, NULL));
    assert_int_equal(match.route->id, DESTINATION_CHAT_MESSAGE);
    assert_false(route_find(&destination_table, STR("SEND"), STR("/sub/chat/room/a"),
                            &match, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_error_has_its_word_on_every_wire),
        cmocka_unit_test(test_a_number_that_is_no_error_is_internal),
        cmocka_unit_test(test_settings_start_with_the_defaults_of_the_schema),
        cmocka_unit_test(test_our_environment_name_wins_over_springs),
        cmocka_unit_test(test_paths_lead_to_their_routes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
