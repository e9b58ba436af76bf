/*
 * Events as records: what is written, and what other producers write.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "generated/c/envelope.h"

#include "base/banned.h"

static const struct chat_dto hello = {
    .room_uuid = {"7f1c0d5e-8a52-4b7e-9a44-0c0b4e1f2a33", 36},
    .sender = {"buyer@example.com", 17},
    .content = {"Hello", 5},
    .has_timestamp = true,
    .timestamp = INT64_C(1737369000500000000),
};

static const struct event_meta hello_meta = {
    .topic = {"chat", 4},
    .id = {"0197a3f0-5d1e-7c2a-b1d2-3e4f5a6b7c8d", 36},
    .time_ns = INT64_C(1737369000123456789),
    .sequence = 42,
    .users = {{"buyer@example.com", 17}, {"o'neil & s\xc3\xb6hne", 15}},
    .server = {"chat-server-1", 13},
};

static void assert_str(struct str got, const char *want)
{
    if (!str_eq(got, str_of(want)))
        fail_msg("\"" STR_FMT "\" is not \"%s\"", STR_ARG(got), want ? want : "(none)");
}

static void encode_hello(struct arena *a, enum event_form form, struct event_record *out)
{
    assert_int_equal(event_chat_message_encode(&hello_meta, &hello, form, a, out),
                     ERR_OK);
}

static void test_a_message_has_all_headers_of_the_contract(void **state)
{
    struct event_record record;
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);
    encode_hello(&a, EVENT_JSON, &record);

    assert_str(record.topic, "chat");
    assert_str(record.key, "7f1c0d5e-8a52-4b7e-9a44-0c0b4e1f2a33");
    assert_str(record.value, "{\"roomUUID\":\"7f1c0d5e-8a52-4b7e-9a44-0c0b4e1f2a33\","
                             "\"sender\":\"buyer@example.com\",\"content\":\"Hello\","
                             "\"timestamp\":\"2025-01-20T10:30:00.5\"}");
    assert_int_equal(record.n_headers, 10);
    assert_str(event_header(&record, "ce_specversion"), "1.0");
    assert_str(event_header(&record, "ce_id"), "0197a3f0-5d1e-7c2a-b1d2-3e4f5a6b7c8d");
    assert_str(event_header(&record, "ce_source"),
               "/chat/room/7f1c0d5e-8a52-4b7e-9a44-0c0b4e1f2a33");
    assert_str(event_header(&record, "ce_type"), "reuse.chat.message.v1");
    assert_str(event_header(&record, "ce_time"), "2025-01-20T10:30:00.123456Z");
    assert_str(event_header(&record, "ce_subject"),
               "7f1c0d5e-8a52-4b7e-9a44-0c0b4e1f2a33");
    assert_str(event_header(&record, "ce_sequence"), "0000000000000000042");
    /* encodeURIComponent("o'neil & söhne") keeps the apostrophe */
    assert_str(event_header(&record, "ce_users"),
               "buyer%40example.com,o'neil%20%26%20s%C3%B6hne");
    assert_str(event_header(&record, "ce_server"), "chat-server-1");
    assert_str(event_header(&record, "content-type"), "application/json");
    arena_release(&a);
}

static void assert_hello(const struct event_meta *meta, const struct chat_dto *dto)
{
    assert_str(meta->id, "0197a3f0-5d1e-7c2a-b1d2-3e4f5a6b7c8d");
    assert_true(meta->time_ns == INT64_C(1737369000123456000));
    assert_int_equal(meta->sequence, 42);
    assert_str(meta->users[0], "buyer@example.com");
    assert_str(meta->users[1], "o'neil & s\xc3\xb6hne");
    assert_str(meta->server, "chat-server-1");
    assert_false(meta->is_foreign);
    assert_str(dto->content, "Hello");
    assert_true(dto->has_timestamp && dto->timestamp == hello.timestamp);
}

static void test_both_forms_of_the_value_come_back(void **state)
{
    static const enum event_form forms[] = {EVENT_JSON, EVENT_PROTOBUF};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct event_record record;
        struct event_meta meta;
        struct chat_dto dto;
        struct arena a;

        arena_init(&a, SIZE_MAX);
        encode_hello(&a, forms[i], &record);
        assert_int_equal(event_kind_of(&record), EVENT_CHAT_MESSAGE);
        assert_int_equal(event_chat_message_decode(&record, &a, &meta, &dto, NULL),
                         ERR_OK);
        assert_hello(&meta, &dto);
        arena_release(&a);
    }
}

static void test_what_is_unknown_is_left_out(void **state)
{
    const struct event_meta meta = {.topic = STR("chat-event"), .id = STR("1")};
    const struct member_typing value = {.room_uuid = STR("r"), .user = STR("u")};
    struct event_record record;
    struct event_meta again;
    struct member_typing typing;
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);
    assert_int_equal(event_member_typing_encode(&meta, &value, EVENT_JSON, &a, &record),
                     ERR_OK);
    assert_null(event_header(&record, "ce_sequence").p);
    assert_null(event_header(&record, "ce_users").p);
    assert_null(event_header(&record, "ce_server").p);
    /* typing is required: what we may build wrong is still refused where it is read */
    assert_int_equal(event_member_typing_decode(&record, &a, &again, &typing, NULL),
                     ERR_BODY_INVALID);
    arena_release(&a);
}

static void test_a_record_without_headers_is_of_another_producer(void **state)
{
    const struct event_record record = {
        .topic = STR("chat"),
        .value = STR("{\"roomUUID\":\"r\",\"sender\":\"s\",\"content\":\"c\"}"),
        .headers = {{STR("__TypeId__"), STR("com.example.ChatDto")}},
        .n_headers = 1,
        .partition = 3,
        .offset = 17,
    };
    struct event_meta meta;
    struct chat_dto dto;
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);
    assert_int_equal(event_kind_of(&record), EVENT_FOREIGN);
    assert_int_equal(event_chat_message_decode(&record, &a, &meta, &dto, NULL), ERR_OK);
    assert_true(meta.is_foreign);
    assert_str(meta.id, "chat-3-17");
    assert_int_equal(meta.sequence, 0);
    assert_false(dto.has_timestamp);
    assert_str(dto.content, "c");
    arena_release(&a);
}

/* A good record with one header changed; no value: the header is left out. */
static enum err decode_with(const char *name, struct str value, struct why *why)
{
    struct event_record record;
    struct event_meta meta;
    struct chat_dto dto;
    struct arena a;
    enum err rc;

    arena_init(&a, SIZE_MAX);
    encode_hello(&a, EVENT_JSON, &record);
    for (size_t i = 0; i < record.n_headers; i++)
        if (str_eq(record.headers[i].name, str_of(name)))
            record.headers[i] = value.p ? (struct event_header){str_of(name), value}
                                        : (struct event_header){STR("other"), STR("")};
    rc = event_chat_message_decode(&record, &a, &meta, &dto, why);
    arena_release(&a);
    return rc;
}

static void test_broken_headers_are_refused(void **state)
{
    static const struct {
        const char *name, *value;
        enum err want;
    } cases[] = {
        {"ce_specversion", NULL, ERR_BODY_INVALID},
        {"ce_specversion", "0.3", ERR_BODY_INVALID},
        {"ce_id", NULL, ERR_BODY_INVALID},
        {"ce_id", "", ERR_BODY_INVALID},
        {"ce_id", "\xff", ERR_BODY_INVALID},
        {"ce_type", NULL, ERR_BODY_INVALID},
        {"ce_type", "reuse.room.created.v1", ERR_BODY_INVALID},
        {"ce_time", NULL, ERR_OK},
        {"ce_time", "2025-01-20T10:30:00Z", ERR_OK},
        {"ce_time", "2025-01-20T10:30:00", ERR_BODY_INVALID},
        {"ce_time", "2025-01-20T10:30:00+09:00", ERR_BODY_INVALID},
        {"ce_time", "2025-02-30T10:30:00Z", ERR_BODY_INVALID},
        {"ce_time", "", ERR_BODY_INVALID},
        {"ce_sequence", NULL, ERR_OK},
        {"ce_sequence", "7", ERR_OK},
        {"ce_sequence", "9223372036854775807", ERR_OK},
        {"ce_sequence", "9223372036854775808", ERR_BODY_INVALID},
        {"ce_sequence", "00000000000000000007", ERR_BODY_INVALID},
        {"ce_sequence", "0", ERR_BODY_INVALID},
        {"ce_sequence", "-1", ERR_BODY_INVALID},
        {"ce_sequence", "", ERR_BODY_INVALID},
        {"ce_sequence", "7 ", ERR_BODY_INVALID},
        {"ce_users", NULL, ERR_OK},
        {"ce_users", "a", ERR_OK},
        {"ce_users", "a,b", ERR_OK},
        {"ce_users", "a,b,c", ERR_BODY_INVALID},
        {"ce_users", "", ERR_BODY_INVALID},
        {"ce_users", "a,", ERR_BODY_INVALID},
        {"ce_users", "%4", ERR_BODY_INVALID},
        {"ce_users", "%", ERR_BODY_INVALID},
        {"ce_users", "%zz", ERR_BODY_INVALID},
        {"ce_users", "%00", ERR_BODY_INVALID},
        {"ce_users", "%ff", ERR_BODY_INVALID},
        {"ce_users", "%c3%A9", ERR_OK},
        {"ce_server", NULL, ERR_OK},
        {"ce_server", "\xc3", ERR_BODY_INVALID},
        {"ce_source", NULL, ERR_OK},
        {"content-type", NULL, ERR_OK},
        {"content-type", "Application/JSON; charset=utf-8", ERR_OK},
        {"content-type", "application/protobuf", ERR_BODY_INVALID},
        {"content-type", "application/cloudevents+json", ERR_BODY_INVALID},
        {"content-type", "text/plain", ERR_BODY_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct why why = {""};

        print_message("%s: %s\n", cases[i].name,
                      cases[i].value ? cases[i].value : "(none)");
        assert_int_equal(decode_with(cases[i].name, str_of(cases[i].value), &why),
                         cases[i].want);
        assert_true((why.text[0] == '\0') == (cases[i].want == ERR_OK));
    }
}

static void test_the_last_header_of_a_name_counts(void **state)
{
    const struct event_record record = {
        .headers = {{STR("a"), STR("1")}, {STR("b"), STR("2")}, {STR("a"), STR("3")}},
        .n_headers = 3,
    };

    (void)state;
    assert_str(event_header(&record, "a"), "3");
    assert_str(event_header(&record, "b"), "2");
    assert_null(event_header(&record, "c").p);
}

static void test_a_new_type_is_unknown_and_a_tombstone_is_refused(void **state)
{
    struct event_record record;
    struct event_meta meta;
    struct chat_dto dto;
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);
    encode_hello(&a, EVENT_JSON, &record);
    record.value = STR_NULL;
    assert_int_equal(event_chat_message_decode(&record, &a, &meta, &dto, NULL),
                     ERR_BODY_INVALID);
    for (size_t i = 0; i < record.n_headers; i++)
        if (str_eq(record.headers[i].name, STR("ce_type")))
            record.headers[i].value = STR("reuse.chat.message.v2");
    assert_int_equal(event_kind_of(&record), EVENT_UNKNOWN);
    arena_release(&a);
}

static void test_an_arena_that_is_too_small_is_an_error(void **state)
{
    struct event_record record;
    size_t ceiling = 0;
    struct arena a;
    enum err rc;

    (void)state;
    do {
        arena_init(&a, ceiling++);
        rc = event_chat_message_encode(&hello_meta, &hello, EVENT_JSON, &a, &record);
        arena_release(&a);
    } while (rc == ERR_TOO_LARGE);
    assert_int_equal(rc, ERR_OK);
    assert_in_range(ceiling, 200, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_has_all_headers_of_the_contract),
        cmocka_unit_test(test_both_forms_of_the_value_come_back),
        cmocka_unit_test(test_what_is_unknown_is_left_out),
        cmocka_unit_test(test_a_record_without_headers_is_of_another_producer),
        cmocka_unit_test(test_broken_headers_are_refused),
        cmocka_unit_test(test_the_last_header_of_a_name_counts),
        cmocka_unit_test(test_a_new_type_is_unknown_and_a_tombstone_is_refused),
        cmocka_unit_test(test_an_arena_that_is_too_small_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
