/*
 * What must hold for every value of every message in the schema, tried with made-up ones; and that a value
 * beyond a limit is refused by both codecs.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "codec/field.h"
#include "codec/json.h"
#include "generated/c/examples.h"
#include "tests/support/record_random.h"

#include "base/banned.h"

enum {
    VALUES_OF_A_MESSAGE = 100
};

/* A value under test and both of its wire forms. */
struct sample {
    const struct pb_type *type;
    struct arena a;
    struct buf json, pb;
    void *record;
};

static void sample_init(struct sample *s, const struct pb_type *type, struct rng *r)
{
    s->type = type;
    arena_init(&s->a, SIZE_MAX);
    buf_init(&s->json, SIZE_MAX);
    buf_init(&s->pb, SIZE_MAX);
    s->record = arena_alloc(&s->a, type->record->size);
    memset(s->record, 0, type->record->size);
    record_random(type->record, r, &s->a, s->record);
}

static void sample_write(struct sample *s)
{
    buf_reset(&s->json);
    buf_reset(&s->pb);
    json_encode(s->type->record, s->record, &s->json);
    pb_encode(s->type, s->record, &s->pb);
}

static void sample_release(struct sample *s)
{
    arena_release(&s->a);
    buf_release(&s->json);
    buf_release(&s->pb);
}

static void fail_of(const struct sample *s, const char *what, const struct why *why)
{
    fail_msg("%s: %s: %s: " STR_FMT, s->type->record->name, what, why->text,
             STR_ARG(buf_str(&s->json)));
}

static void check_value(struct sample *s)
{
    const struct record_type *type = s->type->record;
    void *again = arena_alloc(&s->a, type->size);
    struct why why = {""};

    sample_write(s);
    if (record_check(type, s->record, &why) != ERR_OK)
        fail_of(s, "made up wrong", &why);
    if (json_decode(type, &s->a, buf_str(&s->json), again, &why) != ERR_OK ||
        !record_equal(type, s->record, again))
        fail_of(s, "JSON changed it", &why);
    if (pb_decode(s->type, &s->a, buf_str(&s->pb), again, &why) != ERR_OK ||
        !record_equal(type, s->record, again))
        fail_of(s, "protobuf changed it", &why);
}

static void test_every_value_survives_both_codecs(void **state)
{
    (void)state;
    for (size_t i = 0; i < example_table.n; i++) {
        struct rng r = rng_of_environment(i);

        for (size_t k = 0; k < VALUES_OF_A_MESSAGE; k++) {
            struct sample s;

            sample_init(&s, example_table.examples[i].type, &r);
            check_value(&s);
            sample_release(&s);
        }
    }
}

/* Puts what the field may not have; false if it may have anything. */
static bool break_text(const struct record_field *f, struct arena *a, char *record)
{
    struct str s = {arena_alloc(a, (size_t)f->max_chars + 1), (size_t)f->max_chars + 1};

    memset((char *)(uintptr_t)s.p, 'x', s.n);
    if (f->max_chars == 0)
        s = f->form == RECORD_UUID ? STR("no uuid") : STR_NULL;
    memcpy(record + f->offset, &s, sizeof(s));
    return s.p != NULL;
}

static bool break_number(const struct record_field *f, char *record)
{
    bool is_too_great = f->max < INT64_MAX, has_limit = f->min != 0 || f->max != 0;
    int64_t v = is_too_great ? f->max + 1 : f->min - 1;

    if (!has_limit || f->form != RECORD_PLAIN)
        return false;
    if (f->flags & RECORD_HAS)
        *(bool *)(record + f->extra_offset) = true;
    /* Little-endian: the low bytes are the narrower number. */
    memcpy(record + f->offset, &v, f->kind == RECORD_INT64 ? sizeof(v) : sizeof(int32_t));
    return true;
}

static bool break_list(const struct record_field *f, struct arena *a, char *record)
{
    size_t n = (size_t)f->max_items + 1, size = field_item_size(f);
    char *items = arena_alloc(a, n * size);

    memset(items, 0, n * size);
    for (size_t i = 0; i < n && f->form == RECORD_MAP; i++)
        record_number_key(f, a, items + i * size, i);
    memcpy(record + f->offset, &items, sizeof(items));
    memcpy(record + f->extra_offset, &n, sizeof(n));
    return f->max_items > 0;
}

static bool break_field(const struct record_field *f, struct arena *a, char *record)
{
    if (f->flags & RECORD_REPEATED)
        return break_list(f, a, record);
    switch (f->kind) {
    case RECORD_STRING:
    case RECORD_BYTES:
        return f->max_chars <= 1 << 16 && break_text(f, a, record);
    case RECORD_INT64:
    case RECORD_INT32:
    case RECORD_UINT32:
        return break_number(f, record);
    case RECORD_BOOL:
    case RECORD_ENUM:
    case RECORD_MESSAGE:
        break;
    }
    return false;
}

static void check_refusal(const struct pb_type *type, const struct record_field *f,
                          struct rng *r, size_t *n)
{
    struct why why = {""};
    struct sample s;
    void *again;

    sample_init(&s, type, r);
    again = arena_alloc(&s.a, type->record->size);
    if (break_field(f, &s.a, s.record)) {
        sample_write(&s);
        if (json_decode(type->record, &s.a, buf_str(&s.json), again, &why) !=
                ERR_BODY_INVALID ||
            pb_decode(type, &s.a, buf_str(&s.pb), again, &why) != ERR_BODY_INVALID)
            fail_of(&s, f->name, &why);
        ++*n;
    }
    sample_release(&s);
}

static void test_a_value_beyond_a_limit_is_refused_by_both_codecs(void **state)
{
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < example_table.n; i++) {
        const struct pb_type *type = example_table.examples[i].type;
        struct rng r = rng_of_environment(i);

        for (size_t k = 0; k < type->record->n_fields; k++)
            check_refusal(type, &type->record->fields[k], &r, &n);
    }
    assert_true(n > 100);
}

/* One byte is changed, or some are taken out or put in twice. */
static void mutate(struct buf *b, struct rng *r)
{
    char again[8];
    size_t at, n;

    if (b->n == 0) {
        buf_putc(b, (char)rng_next(r));
        return;
    }
    at = (size_t)rng_below(r, b->n);
    n = b->n - at < sizeof(again) ? b->n - at : sizeof(again);
    n = (size_t)rng_below(r, n) + 1;
    switch (rng_below(r, 3)) {
    case 0:
        b->p[at] = (char)rng_next(r);
        break;
    case 1:
        memmove(b->p + at, b->p + at + n, b->n - at - n);
        buf_truncate(b, b->n - n);
        break;
    default:
        memcpy(again, b->p + at, n);
        buf_append(b, again, n);
        break;
    }
}

/* Refused and told why, or read as a valid value, which then survives as any other. */
static void check_broken(struct sample *s, bool is_json)
{
    const struct str in = arena_dup(&s->a, buf_str(is_json ? &s->json : &s->pb));
    struct why why = {""};
    enum err rc = is_json ? json_decode(s->type->record, &s->a, in, s->record, &why)
                          : pb_decode(s->type, &s->a, in, s->record, &why);

    if (rc == ERR_OK)
        check_value(s);
    else if (rc != ERR_BODY_INVALID || why.text[0] == '\0')
        fail_of(s, "refused in a wrong way", &why);
}

/* What JSON or protobuf can say and the other cannot: [] beside null; less than a millisecond. */
static bool is_lossy(const struct record_type *type, bool is_json)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct record_field *f = &type->fields[i];

        if (is_json ? (f->flags & RECORD_NULLABLE) != 0
                    : f->form == RECORD_SPRING_INSTANT)
            return true;
        if (f->message && is_lossy(f->message, is_json))
            return true;
    }
    return false;
}

static void test_broken_input_is_refused_or_a_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < example_table.n; i++) {
        const struct pb_type *type = example_table.examples[i].type;
        struct rng r = rng_of_environment(i);

        for (size_t k = 0; k < VALUES_OF_A_MESSAGE; k++) {
            bool is_json = k % 2 == 0;
            struct sample s;

            if (is_lossy(type->record, is_json))
                continue;
            sample_init(&s, type, &r);
            sample_write(&s);
            mutate(is_json ? &s.json : &s.pb, &r);
            check_broken(&s, is_json);
            sample_release(&s);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_value_survives_both_codecs),
        cmocka_unit_test(test_a_value_beyond_a_limit_is_refused_by_both_codecs),
        cmocka_unit_test(test_broken_input_is_refused_or_a_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
