/*
 * Names of C made from names of the schema.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "codegen/name.h"

#include "base/banned.h"

static void assert_str(struct str got, const char *want)
{
    if (!str_eq(got, str_of(want)))
        fail_msg("\"" STR_FMT "\" is not \"%s\"", STR_ARG(got), want);
}

static void test_words_are_found_in_any_spelling(void **state)
{
    static const struct {
        const char *in, *snake, *upper, *why;
    } cases[] = {
        {"ChatDto", "chat_dto", "CHAT_DTO", "a capital starts a word"},
        {"chat", "chat", "CHAT", "one word"},
        {"roomUUID", "room_uuid", "ROOM_UUID", "capitals in a row are one word"},
        {"UUIDList", "uuid_list", "UUID_LIST", "but the last of them starts the next"},
        {"server.port", "server_port", "SERVER_PORT", "a point separates"},
        {"reuse-chat", "reuse_chat", "REUSE_CHAT", "so does a dash"},
        {"ROOM_STATE_OPEN", "room_state_open", "ROOM_STATE_OPEN", "constants stay"},
        {"room_uuid", "room_uuid", "ROOM_UUID", "fields stay"},
        {"Utf8Text", "utf8_text", "UTF8_TEXT", "a digit belongs to its word"},
        {"", "", "", "nothing"},
    };
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        print_message("%s\n", cases[i].why);
        assert_str(name_snake(&a, str_of(cases[i].in)), cases[i].snake);
        assert_str(name_upper(&a, str_of(cases[i].in)), cases[i].upper);
    }
    arena_release(&a);
}

static void test_a_stem_has_no_folder_and_no_extension(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);
    assert_str(name_stem(&a, STR("chat.proto")), "chat");
    assert_str(name_stem(&a, STR("reuse/v1/room.proto")), "room");
    assert_str(name_stem(&a, STR("plain")), "plain");
    arena_release(&a);
}

static void test_words_of_c_are_reserved(void **state)
{
    (void)state;
    assert_true(name_is_reserved(STR("int")));
    assert_true(name_is_reserved(STR("default")));
    assert_false(name_is_reserved(STR("sender")));
    assert_false(name_is_reserved(STR("integer")));
    assert_false(name_is_reserved(STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_are_found_in_any_spelling),
        cmocka_unit_test(test_a_stem_has_no_folder_and_no_extension),
        cmocka_unit_test(test_words_of_c_are_reserved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
