/* SPDX-License-Identifier: MIT */
#include "tests/support/record_random.h"

#include "base/bug.h"
#include "base/clock.h"
#include "codec/field.h"

#include "base/banned.h"

enum {
    LONG_CHARS = 300,
    SHORT_CHARS = 8,
    ITEMS_MAX = 3,
    CHAR_BYTES = 4
};

static struct str random_text(const struct record_field *f, struct rng *r,
                              struct arena *a)
{
    static const char *const letters[] = {"a",
                                          "Z",
                                          "0",
                                          " ",
                                          "\"",
                                          "\\",
                                          "/",
                                          "\x01",
                                          "\n",
                                          "\t",
                                          "\x1f",
                                          "\x7f",
                                          "\xc3\xa9",
                                          "\xed\x95\x9c",
                                          "\xe2\x80\xa8",
                                          "\xef\xbb\xbf",
                                          "\xf0\x9f\x98\x80",
                                          "\xf4\x8f\xbf\xbf"};
    uint32_t most = rng_below(r, 8) == 0 ? LONG_CHARS : SHORT_CHARS;
    char *text;
    size_t n = 0;

    if (f->max_chars > 0 && most > f->max_chars)
        most = f->max_chars;
    if (most < f->min_chars)
        most = f->min_chars;
    most = (uint32_t)rng_between(r, f->min_chars, most);
    text = arena_alloc(a, most * CHAR_BYTES + 1);
    for (uint32_t i = 0; i < most; i++) {
        struct str c =
            str_of(letters[rng_below(r, sizeof(letters) / sizeof(letters[0]))]);

        memcpy(text + n, c.p, c.n);
        n += c.n;
    }
    return (struct str){text, n};
}

static struct str random_uuid(struct rng *r, struct arena *a)
{
    uint64_t high = rng_next(r), low = rng_next(r);

    return arena_printf(a, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
                        (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xffff),
                        (unsigned)(low >> 48),
                        (unsigned long long)(low & 0xffffffffffff));
}

static struct str random_bytes(const struct record_field *f, struct rng *r,
                               struct arena *a)
{
    uint32_t most =
        f->max_chars > 0 && f->max_chars < LONG_CHARS ? f->max_chars : LONG_CHARS;
    size_t n = (size_t)rng_between(r, f->min_chars, most);
    char *bytes = arena_alloc(a, n + 1);

    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)rng_next(r);
    return (struct str){bytes, n};
}

static int64_t random_time(const struct record_field *f, struct rng *r)
{
    int64_t least, most, at;

    BUG_ON(!civil_parse(STR("1678-01-01T00:00:00"), &least));
    BUG_ON(!civil_parse(STR("2261-12-31T23:59:59.999999999"), &most));
    at = rng_between(r, least, most);
    if (f->form == RECORD_SPRING_INSTANT) /* has milliseconds only */
        at -= (at % NS_PER_MS + NS_PER_MS) % NS_PER_MS;
    return at < least ? at + NS_PER_MS : at;
}

static int64_t random_integer(const struct record_field *f, struct rng *r)
{
    if (f->form != RECORD_PLAIN)
        return random_time(f, r);
    if (f->min != 0 || f->max != 0)
        return rng_between(r, f->min, f->max);
    if (f->kind == RECORD_INT32)
        return rng_between(r, INT32_MIN, INT32_MAX);
    if (f->kind == RECORD_UINT32)
        return rng_between(r, 0, UINT32_MAX);
    return rng_between(r, INT64_MIN, INT64_MAX);
}

/* One scalar, or the struct of a message, at to. */
static void put_value(const struct record_field *f, struct rng *r, struct arena *a,
                      void *to)
{
    const struct record_enum *e = f->enumeration;
    struct str s;

    switch (f->kind) {
    case RECORD_STRING:
        s = f->form == RECORD_UUID ? random_uuid(r, a) : random_text(f, r, a);
        memcpy(to, &s, sizeof(s));
        return;
    case RECORD_BYTES:
        s = random_bytes(f, r, a);
        memcpy(to, &s, sizeof(s));
        return;
    case RECORD_INT64:
        *(int64_t *)to = random_integer(f, r);
        return;
    case RECORD_INT32:
        *(int32_t *)to = (int32_t)random_integer(f, r);
        return;
    case RECORD_UINT32:
        *(uint32_t *)to = (uint32_t)random_integer(f, r);
        return;
    case RECORD_BOOL:
        *(bool *)to = rng_below(r, 2) == 1;
        return;
    case RECORD_ENUM:
        *(int *)to = e->values[rng_below(r, e->n_values)].number;
        return;
    case RECORD_MESSAGE:
        record_random(f->message, r, a, to);
        return;
    }
}

static void *new_zeroed(struct arena *a, size_t n)
{
    void *p = arena_alloc(a, n ? n : 1);

    memset(p, 0, n);
    return p;
}

void record_number_key(const struct record_field *f, struct arena *a, void *entry,
                       size_t i)
{
    const struct record_field *key = &f->message->fields[0];
    struct str s;

    memcpy(&s, (char *)entry + key->offset, sizeof(s));
    if (key->max_chars > 0 && s.n + 1 > key->max_chars)
        s = STR("");
    s = arena_printf(a, "%zu" STR_FMT, i, STR_ARG(s));
    memcpy((char *)entry + key->offset, &s, sizeof(s));
}

static void put_list(const struct record_field *f, struct rng *r, struct arena *a,
                     char *record)
{
    size_t most = f->max_items > 0 && f->max_items < ITEMS_MAX ? f->max_items : ITEMS_MAX;
    size_t n = (size_t)rng_below(r, most + 1), size = field_item_size(f);
    char *items = new_zeroed(a, n * size);

    if (n == 0 && (f->flags & RECORD_NULLABLE))
        items = NULL; /* protobuf cannot tell [] from null */
    for (size_t i = 0; i < n; i++) {
        put_value(f, r, a, items + i * size);
        if (f->form == RECORD_MAP)
            record_number_key(f, a, items + i * size, i);
    }
    memcpy(record + f->offset, &items, sizeof(items));
    memcpy(record + f->extra_offset, &n, sizeof(n));
}

static void put_field(const struct record_field *f, struct rng *r, struct arena *a,
                      char *record)
{
    void *message;

    if (f->kind == RECORD_MESSAGE) {
        message = new_zeroed(a, f->message->size);
        put_value(f, r, a, message);
        memcpy(record + f->offset, &message, sizeof(message));
        return;
    }
    put_value(f, r, a, record + f->offset);
    if (f->flags & RECORD_HAS)
        *(bool *)(record + f->extra_offset) = true;
}

/* A field that may be null is so half the time. */
static bool may_be_null(const struct record_field *f)
{
    if (f->flags & RECORD_REQUIRED)
        return false;
    return f->kind == RECORD_MESSAGE || (f->flags & (RECORD_HAS | RECORD_OPTIONAL));
}

void record_random(const struct record_type *type, struct rng *r, struct arena *a,
                   void *record)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct record_field *f = &type->fields[i];

        if (f->flags & RECORD_REPEATED)
            put_list(f, r, a, record);
        else if (!may_be_null(f) || rng_below(r, 2) == 1)
            put_field(f, r, a, record);
    }
}
