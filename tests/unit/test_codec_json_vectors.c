/*
 * The golden vectors of schema/vectors/json: what Jackson answers, and where we differ.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/json.h"
#include "codec_tables.h"

#include "base/banned.h"

struct vector {
    struct str why, in, jackson, ours;
    int line;
};

static struct buf read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    struct buf text;

    assert_non_null(file);
    buf_init(&text, 1 << 20);
    for (size_t got = 1; got > 0;) {
        got = fread(buf_reserve(&text, 4096), 1, 4096, file);
        buf_commit(&text, got);
    }
    (void)fclose(file);
    assert_true(buf_ok(&text));
    return text;
}

static unsigned hex(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* %HH is one byte. The copy has the exact size, so that the sanitizer sees any byte too many. */
static struct str bytes_of(struct str text)
{
    char *bytes = mem_alloc(text.n);
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '%') {
            bytes[n++] = (char)(hex(text.p[i + 1]) << 4 | hex(text.p[i + 2]));
            i += 2;
        } else {
            bytes[n++] = text.p[i];
        }
    return (struct str){mem_realloc(bytes, n), n};
}

/* The JSON written after reading in, or "error". */
static struct str answer(const struct record_type *type, struct arena *a, struct str in)
{
    void *record = arena_alloc(a, type->size);
    struct why why = {""};
    struct buf out;
    struct str text;

    if (json_decode(type, a, in, record, &why) != ERR_OK) {
        assert_string_not_equal(why.text, "");
        return STR("error");
    }
    buf_init(&out, 1 << 20);
    json_encode(type, record, &out);
    assert_true(buf_ok(&out));
    text = arena_dup(a, buf_str(&out));
    buf_release(&out);
    return text;
}

static bool run(const struct record_type *type, const struct vector *v)
{
    struct str in = bytes_of(v->in), want, got;
    struct arena a;
    bool is_equal;

    arena_init(&a, SIZE_MAX);
    want = bytes_of(str_eq(v->ours, STR("same")) ? v->jackson : v->ours);
    got = answer(type, &a, in);
    is_equal = str_eq(want, got);
    if (!is_equal)
        print_error("line %d: " STR_FMT "\n  in   " STR_FMT "\n  want " STR_FMT
                    "\n  got  " STR_FMT "\n",
                    v->line, STR_ARG(v->why), STR_ARG(v->in), STR_ARG(want),
                    STR_ARG(got));
    arena_release(&a);
    free((void *)(uintptr_t)in.p);
    free((void *)(uintptr_t)want.p);
    return is_equal;
}

static void take_line(struct vector *v, struct str line)
{
    static const struct {
        struct str key;
        size_t offset;
    } keys[] = {
        {{"why ", 4}, offsetof(struct vector, why)},
        {{"in ", 3}, offsetof(struct vector, in)},
        {{"jackson ", 8}, offsetof(struct vector, jackson)},
        {{"ours ", 5}, offsetof(struct vector, ours)},
    };

    for (size_t i = 0; i < 4; i++)
        if (str_starts(line, keys[i].key)) {
            struct str value = str_from(line, keys[i].key.n);

            memcpy((char *)v + keys[i].offset, &value, sizeof(value));
            return;
        }
    assert_true(str_is_empty(line) || line.p[0] == '#');
}

/* Runs the vectors of a file; returns how many there are. */
static size_t run_file(const struct record_type *type, const char *path)
{
    struct buf text = read_file(path);
    struct str rest = buf_str(&text), line;
    struct vector v = {.line = 1};
    size_t n = 0, failed = 0;

    for (int at = 1; str_split(&rest, '\n', &line); at++) {
        take_line(&v, line);
        if (!v.ours.p)
            continue;
        assert_non_null(v.in.p);
        assert_non_null(v.jackson.p);
        failed += !run(type, &v);
        n++;
        v = (struct vector){.line = at + 2};
    }
    buf_release(&text);
    assert_int_equal(failed, 0);
    return n;
}

static void test_chat_is_read_and_written_as_jackson_does(void **state)
{
    (void)state;

    assert_true(run_file(&chat_type, "schema/vectors/json/chat.txt") > 100);
}

static void test_other_fields_are_read_and_written_as_jackson_does(void **state)
{
    (void)state;

    assert_true(run_file(&sample_type, "schema/vectors/json/sample.txt") > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chat_is_read_and_written_as_jackson_does),
        cmocka_unit_test(test_other_fields_are_read_and_written_as_jackson_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
