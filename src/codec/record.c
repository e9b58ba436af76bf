/* SPDX-License-Identifier: MIT */
#include "codec/record.h"

#include <stdlib.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "codec/field.h"
#include "codec/json.h"

#include "base/banned.h"

size_t field_item_size(const struct record_field *f)
{
    switch (f->kind) {
    case RECORD_STRING:
    case RECORD_BYTES:
        return sizeof(struct str);
    case RECORD_INT64:
        return sizeof(int64_t);
    case RECORD_INT32:
        return sizeof(int32_t);
    case RECORD_UINT32:
        return sizeof(uint32_t);
    case RECORD_BOOL:
        return sizeof(bool);
    case RECORD_ENUM:
        return sizeof(int);
    case RECORD_MESSAGE:
        return f->message->size;
    }
    bug_abort(__FILE__, __LINE__, f->name);
}

bool field_is_unset(const struct record_field *f, const void *record)
{
    const struct str *text;

    if (f->kind == RECORD_MESSAGE || (f->flags & RECORD_REPEATED))
        return !field_pointer(f, record);
    if (!field_is_text(f))
        return (f->flags & RECORD_HAS) && !field_has(f, record);
    text = field_slot(f, record);
    return !text->p;
}

bool field_is_null(const struct record_field *f, const void *record)
{
    if (f->flags & RECORD_REPEATED)
        return (f->flags & RECORD_NULLABLE) && field_is_unset(f, record);
    if (field_is_text(f))
        return (f->flags & RECORD_OPTIONAL) && field_is_unset(f, record);
    return field_is_unset(f, record);
}

static enum err refuse(const struct record_field *f, const char *cause, struct why *why)
{
    why_set(why, STR_FMT ": %s", STR_ARG(f->json), cause);
    return ERR_BODY_INVALID;
}

static enum err check_length(const struct record_field *f, size_t n, struct why *why)
{
    if (n < f->min_chars)
        return refuse(f, "too short", why);
    if (f->max_chars > 0 && n > f->max_chars)
        return refuse(f, "too long", why);
    return ERR_OK;
}

static enum err check_string(const struct record_field *f, struct str s, struct why *why)
{
    if (!utf8_valid(s))
        return refuse(f, "not UTF-8", why);
    if (str_find(s, '\0') < s.n)
        return refuse(f, "holds a NUL character", why);
    if (f->form == RECORD_UUID && s.n > 0 && !uuid_is_valid(s))
        return refuse(f, "not a UUID", why);
    return check_length(f, utf8_chars(s), why);
}

static enum err check_number(const struct record_field *f, int64_t v, struct why *why)
{
    bool is_time = f->form == RECORD_LOCAL_DATETIME || f->form == RECORD_SPRING_INSTANT;

    if ((f->min != 0 || f->max != 0) && (v < f->min || v > f->max))
        return refuse(f, "out of range", why);
    if (is_time && (v < CIVIL_MIN_NS || v > CIVIL_MAX_NS))
        return refuse(f, "out of the years that can be written", why);
    return ERR_OK;
}

static enum err check_enum(const struct record_field *f, int number, struct why *why)
{
    const struct record_enum *e = f->enumeration;

    if (number == 0 && !(f->flags & RECORD_HAS))
        return ERR_OK; /* protobuf's "not set", named or not */
    for (size_t i = 0; i < e->n_values; i++)
        if (e->values[i].number == number)
            return ERR_OK;
    return refuse(f, "no such value", why);
}

static enum err check_value(const struct record_field *f, const void *v, struct why *why)
{
    switch (f->kind) {
    case RECORD_STRING:
        return check_string(f, *(const struct str *)v, why);
    case RECORD_BYTES:
        return check_length(f, ((const struct str *)v)->n, why);
    case RECORD_INT64:
        return check_number(f, *(const int64_t *)v, why);
    case RECORD_INT32:
        return check_number(f, *(const int32_t *)v, why);
    case RECORD_UINT32:
        return check_number(f, *(const uint32_t *)v, why);
    case RECORD_BOOL:
        return ERR_OK;
    case RECORD_ENUM:
        return check_enum(f, *(const int *)v, why);
    case RECORD_MESSAGE:
        return record_check(f->message, v, why);
    }
    bug_abort(__FILE__, __LINE__, f->name);
}

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* A map as protobuf has it, entry by entry, may repeat a key; a JSON object may not. */
static bool has_repeated_key(const struct record_field *f, const char *entries, size_t n)
{
    struct str *keys = mem_alloc(n * sizeof(*keys));
    bool is_repeated = false;

    for (size_t i = 0; i < n; i++)
        memcpy(&keys[i], entries + i * f->message->size + f->message->fields[0].offset,
               sizeof(keys[i]));
    qsort(keys, n, sizeof(*keys), by_text);
    for (size_t i = 1; i < n; i++)
        is_repeated |= by_text(&keys[i - 1], &keys[i]) == 0;
    free(keys);
    return is_repeated;
}

static enum err check_items(const struct record_field *f, const void *record,
                            struct why *why)
{
    const char *items = field_pointer(f, record);
    size_t n = field_count(f, record), size = field_item_size(f);

    if (f->max_items > 0 && n > f->max_items)
        return refuse(f, "too many entries", why);
    for (size_t i = 0; i < n; i++) {
        enum err rc = check_value(f, items + i * size, why);

        if (rc != ERR_OK)
            return rc;
    }
    if (f->form == RECORD_MAP && n > 1 && has_repeated_key(f, items, n))
        return refuse(f, "a key is there twice", why);
    return ERR_OK;
}

static enum err check_field(const struct record_field *f, const void *record,
                            struct why *why)
{
    if (field_is_null(f, record))
        return f->flags & RECORD_REQUIRED ? refuse(f, "missing", why) : ERR_OK;
    if (f->flags & RECORD_REPEATED)
        return check_items(f, record, why);
    if ((f->flags & RECORD_REQUIRED) && field_is_unset(f, record))
        return refuse(f, "missing", why);
    return check_value(f, field_value(f, record), why);
}

enum err record_check(const struct record_type *type, const void *record, struct why *why)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        enum err rc = check_field(&type->fields[i], record, why);

        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

static bool equal_values(const struct record_field *f, const void *a, const void *b)
{
    const struct str *x, *y;

    switch (f->kind) {
    case RECORD_STRING:
    case RECORD_BYTES: /* null was compared before; here "" may come without bytes */
        x = a;
        y = b;
        return str_eq(x->p ? *x : STR(""), y->p ? *y : STR(""));
    case RECORD_MESSAGE:
        return record_equal(f->message, a, b);
    case RECORD_INT64:
    case RECORD_INT32:
    case RECORD_UINT32:
    case RECORD_BOOL:
    case RECORD_ENUM:
        return memcmp(a, b, field_item_size(f)) == 0;
    }
    bug_abort(__FILE__, __LINE__, f->name);
}

static bool equal_fields(const struct record_field *f, const void *a, const void *b)
{
    const char *x = field_value(f, a), *y = field_value(f, b);
    size_t n = 1, size = field_item_size(f);

    if (field_is_null(f, a) || field_is_null(f, b))
        return field_is_null(f, a) && field_is_null(f, b);
    if (f->flags & RECORD_REPEATED) {
        n = field_count(f, a);
        if (n != field_count(f, b))
            return false;
    }
    for (size_t i = 0; i < n; i++)
        if (!equal_values(f, x + i * size, y + i * size))
            return false;
    return true;
}

bool record_equal(const struct record_type *type, const void *a, const void *b)
{
    for (size_t i = 0; i < type->n_fields; i++)
        if (!equal_fields(&type->fields[i], a, b))
            return false;
    return true;
}
