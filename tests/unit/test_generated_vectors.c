/*
 * schema/vectors/messages.txt: of each value the JSON and the protobuf bytes, as python-protobuf and a second
 * writer of our JSON made them.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/json.h"
#include "generated/c/examples.h"

#include "base/banned.h"

enum {
    FILE_MAX_BYTES = 1 << 22,
    VECTORS_OF_A_MESSAGE = 3
};

struct vectors {
    struct arena a;
    const struct pb_type *type;
    struct str json;
    size_t *counts; /* of each row of example_table */
};

static struct str read_file(struct arena *a, const char *path)
{
    char *text = arena_alloc(a, FILE_MAX_BYTES);
    FILE *f = fopen(path, "rb");
    struct str all = {text, 0};

    assert_non_null(f);
    all.n = fread(text, 1, FILE_MAX_BYTES, f);
    assert_true(all.n < FILE_MAX_BYTES && !ferror(f));
    fclose(f);
    return all;
}

/* full: "reuse.chat.ChatDto". */
static void find_type(struct vectors *v, struct str full, size_t *row)
{
    struct str name = full;

    while (str_find(name, '.') < name.n)
        name = str_from(name, str_find(name, '.') + 1);
    for (*row = 0; *row < example_table.n; ++*row) {
        v->type = example_table.examples[*row].type;
        if (str_eq(str_of(v->type->record->name), name))
            return;
    }
    fail_msg(STR_FMT " is no message: run tools/regen", STR_ARG(full));
}

static struct str bytes_of_hex(struct arena *a, struct str hex)
{
    char *bytes = arena_alloc(a, hex.n / 2);

    for (size_t i = 0; i < hex.n / 2; i++)
        bytes[i] = (char)(hex_digit(hex.p[2 * i]) << 4 | hex_digit(hex.p[2 * i + 1]));
    return (struct str){bytes, hex.n / 2};
}

static void assert_same(const struct vectors *v, const char *what, struct buf *got,
                        struct str want)
{
    if (!str_eq(buf_str(got), want))
        fail_msg("%s, %s: " STR_FMT, v->type->record->name, what, STR_ARG(v->json));
    buf_reset(got);
}

static void check_pair(struct vectors *v, struct str pb)
{
    const struct record_type *type = v->type->record;
    void *of_json = arena_alloc(&v->a, type->size),
         *of_pb = arena_alloc(&v->a, type->size);
    struct why why = {""};
    struct buf out;

    buf_init(&out, SIZE_MAX);
    if (json_decode(type, &v->a, v->json, of_json, &why) != ERR_OK ||
        pb_decode(v->type, &v->a, pb, of_pb, &why) != ERR_OK)
        fail_msg("%s: %s: " STR_FMT, type->name, why.text, STR_ARG(v->json));
    assert_true(record_equal(type, of_json, of_pb));
    json_encode(type, of_json, &out);
    assert_same(v, "JSON of JSON", &out, v->json);
    json_encode(type, of_pb, &out);
    assert_same(v, "JSON of protobuf", &out, v->json);
    pb_encode(v->type, of_json, &out);
    assert_same(v, "protobuf of JSON", &out, pb);
    pb_encode(v->type, of_pb, &out);
    assert_same(v, "protobuf of protobuf", &out, pb);
    buf_release(&out);
}

static void check_line(struct vectors *v, struct str line, size_t *row)
{
    const struct str message = STR("message "), json = STR("json "), pb = STR("pb ");

    if (str_starts(line, message)) {
        find_type(v, str_from(line, message.n), row);
    } else if (str_starts(line, json)) {
        v->json = str_from(line, json.n);
    } else if (str_starts(line, pb)) {
        check_pair(v, bytes_of_hex(&v->a, str_from(line, pb.n)));
        v->counts[*row]++;
    } else if (line.n > 0 && line.p[0] != '#') {
        fail_msg("not a line of vectors: " STR_FMT, STR_ARG(line));
    }
}

static void test_both_codecs_agree_with_the_vectors_of_every_message(void **state)
{
    struct vectors v = {.type = NULL};
    struct str rest, line;
    size_t row = 0;

    (void)state;
    arena_init(&v.a, SIZE_MAX);
    v.counts = mem_zalloc(example_table.n * sizeof(*v.counts));
    rest = read_file(&v.a, "schema/vectors/messages.txt");
    while (str_split(&rest, '\n', &line))
        check_line(&v, line, &row);
    for (size_t i = 0; i < example_table.n; i++)
        if (v.counts[i] != VECTORS_OF_A_MESSAGE)
            fail_msg("%zu vectors of %s: run tools/regen", v.counts[i],
                     example_table.examples[i].type->record->name);
    free(v.counts);
    arena_release(&v.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_codecs_agree_with_the_vectors_of_every_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
