/*
 * src/codec/json_decode.c and json_encode.c beyond the vectors: forms, limits, ceilings,
 * and records that come back equal.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "codec/json.h"
#include "codec_tables.h"

#include "base/banned.h"

#define ID "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"

/* Decodes text into a record of the arena; asserts the outcome. */
static void *decode(struct arena *a, const struct record_type *type, const char *text,
                    const char *want_why)
{
    void *record = arena_alloc(a, type->size);
    struct why why = {""};
    enum err rc;

    memset(record, 0xa5, type->size); /* what was there before does not matter */
    rc = json_decode(type, a, str_of(text), record, &why);
    if (strcmp(why.text, want_why ? want_why : "") != 0)
        fail_msg("%s\nwant %s\ngot  %s", text, want_why, why.text);
    assert_int_equal(rc, want_why ? ERR_BODY_INVALID : ERR_OK);
    return record;
}

static void assert_encoded(const struct record_type *type, const void *record,
                           const char *want)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    json_encode(type, record, &out);
    if (!str_eq(buf_str(&out), str_of(want)))
        fail_msg("want %s\ngot  " STR_FMT, want, STR_ARG(buf_str(&out)));
    buf_release(&out);
}

static void test_every_form_is_read_and_written(void **state)
{
    static const char text[] =
        "{\"id\":\"" ID
        "\",\"name\":\"kim\",\"note\":\"n\",\"raw\":\"AP8=\",\"level\":10,"
        "\"port\":4294967295,\"isOn\":true,\"color\":\"dark-blue\",\"shade\":\"red\","
        "\"at\":\"2026-11-23T07:23:41.695+00:00\",\"numbers\":[1,-2,2147483647],"
        "\"chats\":[{\"roomUUID\":null,\"sender\":null,\"content\":\"a\",\"timestamp\":"
        "null},"
        "{\"roomUUID\":null,\"sender\":null,\"content\":\"b\",\"timestamp\":null}],"
        "\"read\":{\"kim\":7,\"lee\":-1},\"flags\":[true,false]}";
    const struct limits *r;
    struct arena a;
    (void)state;

    arena_init(&a, SIZE_MAX);
    r = decode(&a, &limits_type, text, NULL);

    assert_true(str_eq(r->raw, ((struct str){"\0\xff", 2})));
    assert_int_equal(r->port, UINT32_MAX);
    assert_int_equal(r->color, COLOR_DARK_BLUE);
    assert_int_equal(r->shade, COLOR_RED);
    assert_int_equal(r->at % NS_PER_S, 695 * NS_PER_MS);
    assert_int_equal(r->numbers[1], -2);
    assert_true(str_eq(r->chats[1].content, STR("b")));
    assert_true(str_eq(r->read[1].key, STR("lee")));
    assert_encoded(&limits_type, r, text);
    arena_release(&a);
}

static void test_what_is_missing_takes_its_default(void **state)
{
    const struct limits *r;
    struct arena a;
    (void)state;

    arena_init(&a, SIZE_MAX);
    r = decode(&a, &limits_type, "{\"id\":\"" ID "\",\"name\":\"kim\",\"level\":1}",
               NULL);

    assert_encoded(
        &limits_type, r,
        "{\"id\":\"" ID "\",\"name\":\"kim\",\"raw\":null,\"level\":1,\"port\":0,"
        "\"isOn\":false,\"color\":null,\"shade\":null,\"numbers\":[],\"chats\":[],"
        "\"read\":{},\"flags\":[]}");
    arena_release(&a);
}

/* Each text stands for {"id":ID,"name":"kim","level":1, …}; a later member wins. */
static void test_each_limit_is_checked_and_named(void **state)
{
    static const struct {
        const char *more, *why;
    } rows[] = {
        {"\"id\":null", "id: missing"},
        {"\"id\":\"x\"", "id: not a UUID"},
        {"\"name\":\"x\"", "name: too short"},
        {"\"name\":null", "name: too short"},
        {"\"name\":\"한국어한국어\"", "name: too long"},
        {"\"name\":\"한국어한국\"", NULL},
        {"\"raw\":\"AAAAAAA=\"", "raw: too long"},
        {"\"raw\":\"AAAAAA==\"", NULL},
        {"\"raw\":\"A\"", "raw: not base64"},
        {"\"raw\":\"AAA?\"", "raw: not base64"},
        {"\"raw\":5", "raw: not base64"},
        {"\"level\":null", "level: missing"},
        {"\"level\":0", "level: out of range"},
        {"\"level\":11", "level: out of range"},
        {"\"port\":-1", "port: out of range"},
        {"\"port\":4294967296", "port: out of range"},
        {"\"port\":1.5", "port: not an integer"},
        {"\"port\":null", NULL},
        {"\"isOn\":1", "isOn: not a boolean"},
        {"\"isOn\":[]", "isOn: not a boolean"},
        {"\"color\":\"RED\"", "color: no such value"},
        {"\"color\":1", "color: no such value"},
        {"\"color\":{}", "color: no such value"},
        {"\"shade\":\"\"", "shade: no such value"},
        {"\"at\":\"2026-11-23T07:23:41.695Z\"", "at: not an instant"},
        {"\"at\":\"+00:00\"", "at: not an instant"},
        {"\"at\":\"2026-11-23T07:23:41.695Z+00:00\"", "at: not an instant"},
        {"\"at\":1", "at: not an instant"},
        {"\"at\":\"\"", NULL},
        {"\"numbers\":[1,2,3,4]", "numbers: too many entries"},
        {"\"numbers\":[2147483648]", "numbers: out of range"},
        {"\"numbers\":[null]", "numbers: null in an array"},
        {"\"numbers\":5", "numbers: not an array"},
        {"\"numbers\":null", NULL},
        {"\"chats\":[{\"content\":{}}]", "content: not a string"},
        {"\"chats\":[5]", "ChatDto: not an object"},
        {"\"read\":{\"a\":\"x\"}", "value: not an integer"},
        {"\"read\":[]", "read: not an object"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512];
        struct arena a;

        snprintf(text, sizeof(text),
                 "{\"id\":\"" ID "\",\"name\":\"kim\",\"level\":1,%s}", rows[i].more);
        arena_init(&a, SIZE_MAX);
        decode(&a, &limits_type, text, rows[i].why);
        arena_release(&a);
    }
}

static void test_an_unwrapped_message_is_its_bare_value(void **state)
{
    static const char text[] = "{\"list\":[{\"roomUUID\":\"r\",\"sender\":null,"
                               "\"content\":null,\"timestamp\":null}]}";
    const struct chat_list *list;
    const struct envelope *e;
    struct arena a;
    (void)state;

    arena_init(&a, SIZE_MAX);
    list = decode(&a, &chat_list_type, " [ ] ", NULL);
    assert_int_equal(list->n_items, 0);
    assert_encoded(&chat_list_type, list, "[]");
    e = decode(&a, &envelope_type, text, NULL);
    assert_int_equal(e->list->n_items, 1);
    assert_encoded(&envelope_type, e, text);
    decode(&a, &chat_list_type, "{}", "items: not an array");
    decode(&a, &chat_list_type, "null", "null");
    arena_release(&a);
}

static void test_the_last_of_equal_keys_of_a_map_wins(void **state)
{
    const struct limits *r;
    struct arena a;
    (void)state;

    arena_init(&a, SIZE_MAX);
    r = decode(&a, &limits_type,
               "{\"id\":\"" ID "\",\"name\":\"kim\",\"level\":1,"
               "\"read\":{\"b\":1,\"a\":2,\"b\":3,\"c\":4,\"a\":5}}",
               NULL);

    assert_int_equal(r->n_read, 3);
    assert_true(str_eq(r->read[0].key, STR("b")));
    assert_int_equal(r->read[0].value, 3);
    assert_true(str_eq(r->read[1].key, STR("c")));
    assert_int_equal(r->read[2].value, 5);
    arena_release(&a);
}

/* Pairwise comparison would take a minute here. */
static void test_a_map_of_many_keys_is_read_in_a_moment(void **state)
{
    int64_t start = clock_mono_ns();
    struct buf text;
    struct limits r;
    struct arena a;
    (void)state;

    buf_init(&text, 1 << 24);
    buf_append_c(&text, "{\"id\":\"" ID "\",\"name\":\"kim\",\"level\":1,\"read\":{");
    for (int i = 0; i < 200000; i++)
        buf_printf(&text, "%s\"key-%d\":%d", i ? "," : "", i % 100000, i);
    buf_append_c(&text, "}}");
    arena_init(&a, SIZE_MAX);
    assert_int_equal(json_decode(&limits_type, &a, buf_str(&text), &r, NULL), ERR_OK);

    assert_int_equal(r.n_read, 100000);
    assert_int_equal(r.read[99999].value, 199999);
    assert_true(clock_mono_ns() - start < 20 * NS_PER_S);
    arena_release(&a);
    buf_release(&text);
}

static void test_the_arena_bounds_what_a_text_may_become(void **state)
{
    static const char *const texts[] = {
        "{\"content\":\"a string that is longer than the arena may give\"}",
        "{\"content\":1234567890123456789012345678901234567890}",
        "{\"timestamp\":null}",
    };
    struct why why = {""};
    struct arena a;
    struct chat chat;
    struct sample sample;
    (void)state;

    arena_init(&a, 40);
    assert_int_equal(json_decode(&chat_type, &a, str_of(texts[0]), &chat, &why),
                     ERR_TOO_LARGE);
    assert_string_equal(why.text, "more memory needed than one body may take");
    assert_int_equal(json_decode(&chat_type, &a, str_of(texts[1]), &chat, NULL),
                     ERR_TOO_LARGE);
    assert_int_equal(json_decode(&chat_type, &a, str_of(texts[2]), &chat, NULL), ERR_OK);
    assert_int_equal(
        json_decode(&sample_type, &a, STR("{\"names\":[1,2,3]}"), &sample, NULL),
        ERR_TOO_LARGE);
    assert_int_equal(json_decode(&sample_type, &a,
                                 STR("{\"users\":{\"a longer key\":[]}}"), &sample, NULL),
                     ERR_TOO_LARGE);
    assert_int_equal(json_decode(&sample_type, &a, STR("{\"chat\":{}}"), &sample, NULL),
                     ERR_TOO_LARGE);
    arena_release(&a);
}

static void test_the_buffers_ceiling_is_the_only_failure_of_encoding(void **state)
{
    struct chat chat = {.content = STR("\"한\x01\n"), .has_timestamp = true};
    struct buf out;
    size_t whole;
    (void)state;

    buf_init(&out, 1000);
    json_encode(&chat_type, &chat, &out);
    whole = out.n;
    buf_release(&out);
    for (size_t max = 0; max <= whole; max++) {
        buf_init(&out, max);
        json_encode(&chat_type, &chat, &out);
        assert_int_equal(buf_ok(&out), max == whole);
        assert_true(out.n <= max);
        buf_release(&out);
    }
}

static void test_spring_instants_stay_whole_at_a_buffers_end(void **state)
{
    struct limits r = {.id = STR(ID), .name = STR("kim"), .level = 1, .has_at = true};
    (void)state;

    for (size_t max = 0; max < 300; max++) {
        struct buf out;

        buf_init(&out, max);
        json_encode(&limits_type, &r, &out);
        assert_true(out.n <= max);
        buf_release(&out);
    }
}

/* Found by the fuzzer: what could not be written back was read. */
static void test_an_instant_is_read_to_the_millisecond(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        {"1970-01-01T00:00:00.6951+00:00", 695 * NS_PER_MS},
        {"1969-12-31T23:59:59.9999+00:00", -NS_PER_MS},
        {"1969-12-31T23:59:59+00:00", -NS_PER_S},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct limits *r;
        struct arena a;
        char text[200];

        snprintf(text, sizeof(text),
                 "{\"id\":\"" ID "\",\"name\":\"kim\",\"level\":1,\"at\":\"%s\"}",
                 rows[i].text);
        arena_init(&a, SIZE_MAX);
        r = decode(&a, &limits_type, text, NULL);
        assert_int_equal(r->at, rows[i].ns);
        arena_release(&a);
    }
}

static void test_a_string_without_a_value_is_null(void **state)
{
    const struct {
        struct str in;
        const char *want;
    } rows[] = {
        {STR_NULL, "null"},
        {STR(""), "\"\""},
        {STR("\x7f/\xe2\x80\xa8"), "\"\x7f/\xe2\x80\xa8\""},
        {STR("\x1f\x08\x0b\""), "\"\\u001F\\b\\u000B\\\"\""},
    };
    struct buf out;
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        buf_init(&out, 100);
        json_put_string(&out, rows[i].in);
        assert_true(str_eq(buf_str(&out), str_of(rows[i].want)));
        buf_release(&out);
    }
}

/* Written eight bytes at a time: what must be escaped is found at each place, among any neighbours. */
static void test_an_escape_is_written_wherever_it_stands(void **state)
{
    static const unsigned char neighbours[] = {0x20, '!',  '#',  '[', ']',
                                               'a',  0x7f, 0x80, 0xff};
    char text[40], want[64];
    struct buf out;
    (void)state;

    for (size_t i = 0; i < sizeof(neighbours); i++) {
        for (size_t n = 0; n <= sizeof(text); n++) {
            for (size_t at = 0; at < n; at++) {
                memset(text, neighbours[i], n);
                text[at] = at % 2 ? '"' : '\n';
                snprintf(want, sizeof(want), "\"%.*s\\%c%.*s\"", (int)at, text,
                         at % 2 ? '"' : 'n', (int)(n - at - 1), text + at + 1);
                buf_init(&out, 100);
                json_put_string(&out, (struct str){text, n});
                assert_true(str_eq(buf_str(&out), str_of(want)));
                buf_release(&out);
            }
        }
    }
}

struct random {
    uint64_t state;
    struct arena *a;
};

static uint64_t draw(struct random *r, uint64_t below)
{
    r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (r->state >> 33) % below;
}

static struct str draw_text(struct random *r)
{
    static const char *const pieces[] = {"a",    "\"", "\\", "\n",          "\x01",
                                         "\x1f", "/",  "한", "\x7f",        "😀",
                                         " ",    "{",  "1",  "\xe2\x80\xa8"};
    struct buf b;
    struct str s;

    buf_init(&b, 1000);
    for (uint64_t n = draw(r, 12); n > 0; n--)
        buf_append_c(&b, pieces[draw(r, sizeof(pieces) / sizeof(pieces[0]))]);
    s = arena_dup(r->a, buf_str(&b));
    buf_release(&b);
    return s;
}

static struct chat draw_chat(struct random *r)
{
    struct chat c = {.room_uuid = draw_text(r), .has_timestamp = draw(r, 2)};

    if (draw(r, 3))
        c.sender = draw_text(r);
    if (draw(r, 3))
        c.content = draw_text(r);
    if (c.has_timestamp)
        c.timestamp = (int64_t)draw(r, UINT64_C(1) << 31) * (int64_t)draw(r, 4000000000);
    return c;
}

static struct sample draw_sample(struct random *r)
{
    struct sample s = {.has_big = draw(r, 2), .has_flag = draw(r, 2), .flag = true};
    struct chat *chat = ARENA_NEW(r->a, struct chat);
    struct str *names;

    if (s.has_big)
        s.big = (int64_t)(draw(r, UINT64_C(1) << 31) << 33 | draw(r, UINT64_C(1) << 31));
    s.flag = s.has_flag;
    *chat = draw_chat(r);
    if (draw(r, 2))
        s.chat = chat;
    if (draw(r, 4)) {
        s.n_names = draw(r, 5);
        names = ARENA_ARRAY(r->a, struct str, s.n_names);
        for (size_t i = 0; i < s.n_names; i++)
            names[i] = draw_text(r);
        s.names = names;
    }
    return s;
}

static void test_what_was_written_reads_back_equal(void **state)
{
    struct arena a;
    struct random r = {4711, &a};
    struct buf out;
    (void)state;

    arena_init(&a, SIZE_MAX);
    buf_init(&out, 1 << 20);
    for (int i = 0; i < 20000; i++) {
        struct sample want = draw_sample(&r), got;
        struct why why = {""};

        buf_reset(&out);
        json_encode(&sample_type, &want, &out);
        if (json_decode(&sample_type, &a, buf_str(&out), &got, &why) != ERR_OK ||
            !record_equal(&sample_type, &want, &got))
            fail_msg("%s: " STR_FMT, why.text, STR_ARG(buf_str(&out)));
        arena_reset(&a);
    }
    buf_release(&out);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form_is_read_and_written),
        cmocka_unit_test(test_what_is_missing_takes_its_default),
        cmocka_unit_test(test_each_limit_is_checked_and_named),
        cmocka_unit_test(test_an_unwrapped_message_is_its_bare_value),
        cmocka_unit_test(test_the_last_of_equal_keys_of_a_map_wins),
        cmocka_unit_test(test_a_map_of_many_keys_is_read_in_a_moment),
        cmocka_unit_test(test_the_arena_bounds_what_a_text_may_become),
        cmocka_unit_test(test_the_buffers_ceiling_is_the_only_failure_of_encoding),
        cmocka_unit_test(test_spring_instants_stay_whole_at_a_buffers_end),
        cmocka_unit_test(test_an_instant_is_read_to_the_millisecond),
        cmocka_unit_test(test_a_string_without_a_value_is_null),
        cmocka_unit_test(test_an_escape_is_written_wherever_it_stands),
        cmocka_unit_test(test_what_was_written_reads_back_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
