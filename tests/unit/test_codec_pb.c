/*
 * Protobuf of records: the bytes of protoc, and what protobuf-c alone would let through.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/json.h"
#include "generated/c/chat_pb.h"
#include "generated/c/event_pb.h"
#include "generated/c/room_pb.h"

#include "base/banned.h"

/* Each was made by `protoc --encode` from the text in `why`. */
struct vector {
    const char *why;
    const struct pb_type *type;
    const char *hex;
    const char *json; /* the same value */
};

static const struct vector vectors[] = {
    {"id: \"m1\" seq: 7 room_uuid: … sender: \"\" content: \"café 😀\" timestamp: 0",
     &history_item_pb_type,
     "0a026d3110071a2437663163306435652d386135322d346237652d396134342d3063306234653166326"
     "1"
     "333322002a0a636166c3a920f09f98803000",
     "{\"id\":\"m1\",\"seq\":7,\"roomUUID\":\"7f1c0d5e-8a52-4b7e-9a44-0c0b4e1f2a33\","
     "\"sender\":\"\",\"content\":\"caf\xc3\xa9 \xf0\x9f\x98\x80\","
     "\"timestamp\":\"1970-01-01T00:00:00\"}"},
    {"items { id: \"a\" seq: 1 } items { id: \"b\" seq: 2 } first_seq: 1 last_seq: 2 "
     "has_more: true read { user: \"x\" seq: -1 }",
     &history_page_pb_type,
     "0a050a016110010a050a016210021001180220012a0e0a017810ffffffffffffffffff01",
     "{\"items\":[{\"id\":\"a\",\"seq\":1,\"roomUUID\":\"\",\"sender\":null,\"content\":"
     "null,"
     "\"timestamp\":null},{\"id\":\"b\",\"seq\":2,\"roomUUID\":\"\",\"sender\":null,"
     "\"content\":null,\"timestamp\":null}],\"firstSeq\":1,\"lastSeq\":2,\"hasMore\":"
     "true,"
     "\"read\":{\"x\":-1}}"},
    {"reason: \"spam\" seqs: 1 seqs: 300 seqs: 9007199254740991", &report_request_pb_type,
     "1a047370616d220b01ac02ffffffffffffff0f",
     "{\"reason\":\"spam\",\"seqs\":[1,300,9007199254740991],\"comment\":null}"},
    {"id: 4 room { id: 2 product_name: \"bike\" }", &room_user_dto_pb_type,
     "0804120808021a0462696b65",
     "{\"id\":4,\"room\":{\"id\":2,\"roomUUID\":null,\"productName\":\"bike\","
     "\"chatList\":null,\"roomUserList\":null},\"user\":null,\"other\":null}"},
    {"topic: \"chat\" value: \"\\000\\377\" headers { name: \"n\" value: \"v\" }",
     &outbox_record_pb_type, "0a04636861741a0200ff22060a016e120176",
     "{\"topic\":\"chat\",\"key\":null,\"value\":\"AP8=\",\"headers\":[{\"name\":\"n\","
     "\"value\":\"v\"}]}"},
    {"", &empty_pb_type, "", "{}"},
};

enum {
    N_VECTORS = sizeof(vectors) / sizeof(vectors[0]),
    RECORD_BYTES_MAX = 512,
};

/* A struct of any generated type. */
union any_record {
    int64_t align;
    char bytes[RECORD_BYTES_MAX];
};

static int nibble(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Bytes of exactly their size on the heap, so that a sanitizer sees any byte read past them. */
static struct str from_hex(const char *hex)
{
    size_t n = strlen(hex) / 2;
    char *bytes = malloc(n > 0 ? n : 1);

    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(nibble(hex[2 * i]) * 16 + nibble(hex[2 * i + 1]));
    return (struct str){bytes, n};
}

static void free_str(struct str s)
{
    free((void *)(uintptr_t)s.p);
}

static enum err decode_hex(const struct pb_type *type, const char *hex, size_t ceiling,
                           struct why *why)
{
    struct str bytes = from_hex(hex);
    union any_record record;
    struct arena a;
    enum err rc;

    arena_init(&a, ceiling);
    rc = pb_decode(type, &a, bytes, &record, why);
    arena_release(&a);
    free_str(bytes);
    return rc;
}

static void test_bytes_are_those_of_protoc(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_VECTORS; i++) {
        const struct vector *v = &vectors[i];
        struct str bytes = from_hex(v->hex);
        union any_record from_json;
        struct arena a;
        struct buf out;

        print_message("%s\n", v->why);
        arena_init(&a, SIZE_MAX);
        buf_init(&out, SIZE_MAX);
        assert_int_equal(
            json_decode(v->type->record, &a, str_of(v->json), &from_json, NULL), ERR_OK);
        pb_encode(v->type, &from_json, &out);
        assert_int_equal(out.n, bytes.n);
        assert_memory_equal(buf_str(&out).p, bytes.p, bytes.n);
        buf_release(&out);
        arena_release(&a);
        free_str(bytes);
    }
}

static void test_bytes_of_protoc_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_VECTORS; i++) {
        const struct vector *v = &vectors[i];
        struct str bytes = from_hex(v->hex);
        union any_record record;
        struct arena a;
        struct buf out;

        print_message("%s\n", v->why);
        arena_init(&a, SIZE_MAX);
        buf_init(&out, SIZE_MAX);
        assert_int_equal(pb_decode(v->type, &a, bytes, &record, NULL), ERR_OK);
        json_encode(v->type->record, &record, &out);
        buf_putc(&out, '\0');
        assert_string_equal(out.p, v->json);
        buf_release(&out);
        arena_release(&a);
        free_str(bytes);
    }
}

static void test_any_cut_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_VECTORS; i++) {
        struct str whole = from_hex(vectors[i].hex);

        for (size_t n = 0; n < whole.n; n++) {
            char *cut = malloc(n > 0 ? n : 1);
            union any_record record;
            struct arena a;
            enum err rc;

            memcpy(cut, whole.p, n);
            arena_init(&a, 100000);
            rc = pb_decode(vectors[i].type, &a, (struct str){cut, n}, &record, NULL);
            assert_true(rc == ERR_OK || rc == ERR_BODY_INVALID);
            arena_release(&a);
            free(cut);
        }
        free_str(whole);
    }
}

static void test_what_protobuf_c_lets_through_is_refused(void **state)
{
    static const struct {
        const char *why;
        const struct pb_type *type;
        const char *hex;
        enum err want;
    } cases[] = {
        {"a string of one NUL", &chat_dto_pb_type, "120100", ERR_BODY_INVALID},
        {"a NUL inside a string", &chat_dto_pb_type, "1203610062", ERR_BODY_INVALID},
        {"a byte that is no UTF-8", &chat_dto_pb_type, "1201ff", ERR_BODY_INVALID},
        {"half a character at the end", &chat_dto_pb_type, "1a02c3a9c3",
         ERR_BODY_INVALID},
        {"a surrogate", &chat_dto_pb_type, "1203eda080", ERR_BODY_INVALID},
        {"a required member is missing", &mark_request_pb_type, "", ERR_BODY_INVALID},
        {"a number below its range", &history_query_pb_type,
         "0a2437663163306435652d386135322d346237652d396134342d306330623465316632613333"
         "18ffffffffffffffffff01",
         ERR_BODY_INVALID},
        {"a string field with a number in it", &chat_dto_pb_type, "1005",
         ERR_BODY_INVALID},
        {"a length beyond the end", &chat_dto_pb_type, "12ff", ERR_BODY_INVALID},
        {"a group, never closed", &chat_dto_pb_type, "0b", ERR_BODY_INVALID},
        {"an unknown member is skipped", &chat_dto_pb_type, "9a0601619a060162", ERR_OK},
        {"the last of two values counts", &chat_dto_pb_type, "120161120162", ERR_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct why why = {""};

        print_message("%s\n", cases[i].why);
        assert_int_equal(decode_hex(cases[i].type, cases[i].hex, SIZE_MAX, &why),
                         cases[i].want);
        assert_true((why.text[0] == '\0') == (cases[i].want == ERR_OK));
    }
}

/* 2 MB of empty sub-messages become 82 MB in protobuf-c: the arena's ceiling is the limit. */
static void test_small_input_cannot_become_large(void **state)
{
    enum {
        N = 200000
    };
    char *bytes = malloc(2 * N);
    struct history_page page;
    struct why why = {""};
    struct arena a;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        bytes[2 * i] = 0x0a;
        bytes[2 * i + 1] = 0;
    }
    arena_init(&a, 1 << 20);
    assert_int_equal(history_page_pb_decode(&a, (struct str){bytes, 2 * N}, &page, &why),
                     ERR_TOO_LARGE);
    assert_true(a.used <= 1 << 20);
    arena_release(&a);
    for (size_t i = 0; i < N; i++)
        bytes[2 * i] = 0x7a; /* the same as unknown fields */
    arena_init(&a, 1 << 20);
    assert_int_equal(history_page_pb_decode(&a, (struct str){bytes, 2 * N}, &page, &why),
                     ERR_TOO_LARGE);
    arena_release(&a);
    free(bytes);
}

static void test_any_ceiling_ends_in_an_error_or_the_value(void **state)
{
    const struct vector *page = &vectors[1];
    size_t ceiling = 0;

    (void)state;
    assert_int_equal(decode_hex(page->type, page->hex, 0, NULL), ERR_TOO_LARGE);
    while (decode_hex(page->type, page->hex, ceiling, NULL) == ERR_TOO_LARGE)
        ceiling++;
    assert_int_equal(decode_hex(page->type, page->hex, ceiling, NULL), ERR_OK);
    assert_in_range(ceiling, 100, 10000);
}

static void test_a_full_buffer_is_seen_by_the_caller(void **state)
{
    const struct read_position in = {.user = STR("buyer@example.com"), .seq = 1};
    struct buf out;

    (void)state;
    buf_init(&out, 5);
    read_position_pb_encode(&in, &out);
    assert_false(buf_ok(&out));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_those_of_protoc),
        cmocka_unit_test(test_bytes_of_protoc_are_read),
        cmocka_unit_test(test_any_cut_is_read_or_refused),
        cmocka_unit_test(test_what_protobuf_c_lets_through_is_refused),
        cmocka_unit_test(test_small_input_cannot_become_large),
        cmocka_unit_test(test_any_ceiling_ends_in_an_error_or_the_value),
        cmocka_unit_test(test_a_full_buffer_is_seen_by_the_caller),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
