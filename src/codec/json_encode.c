/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "codec/base64.h"
#include "codec/field.h"
#include "codec/json.h"

#include "base/banned.h"

static void put_record(const struct record_type *type, const void *record,
                       struct buf *out);
static void put_field(const struct record_field *f, const void *record, struct buf *out);

/* The bytes that a JSON string cannot hold as they are. */
static bool is_escaped(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* The high bit of each byte of word that is zero; above the first such byte others may be set. */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

/* How many bytes from at on can stand as they are: eight at a time while all of them can. */
static size_t plain_run(struct str s, size_t at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    size_t i = at;
    uint64_t word;

    for (; i + sizeof(word) <= s.n; i += sizeof(word)) {
        memcpy(&word, s.p + i, sizeof(word));
        if (zero_bytes(word & (ones * 0xe0)) | zero_bytes(word ^ (ones * '"')) |
            zero_bytes(word ^ (ones * '\\')))
            break;
    }
    while (i < s.n && !is_escaped((unsigned char)s.p[i]))
        i++;
    return i - at;
}

static void put_escape(struct buf *out, unsigned char c)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char letters[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

    if (c >= 0x20 || letters[c]) {
        text[1] = c >= 0x20 ? (char)c : letters[c];
        buf_append(out, text, 2);
    } else {
        buf_append(out, text, sizeof(text));
    }
}

void json_put_string(struct buf *out, struct str s)
{
    size_t at = 0;

    if (!s.p) {
        buf_append_str(out, STR("null"));
        return;
    }
    buf_putc(out, '"');
    for (;;) {
        size_t n = plain_run(s, at);

        buf_append(out, s.p + at, n);
        at += n;
        if (at == s.n)
            break;
        put_escape(out, (unsigned char)s.p[at++]);
    }
    buf_putc(out, '"');
}

static void put_local_datetime(struct buf *out, int64_t civil_ns)
{
    buf_putc(out, '"');
    civil_format(out, civil_ns);
    buf_putc(out, '"');
}

/* Spring writes the offset where RFC 3339 in UTC has 'Z'. */
static void put_spring_instant(struct buf *out, int64_t real_ns)
{
    buf_putc(out, '"');
    instant_format(out, real_ns, 3);
    if (buf_ok(out))
        buf_truncate(out, out->n - 1);
    buf_append_str(out, STR("+00:00\""));
}

static void put_int64(struct buf *out, enum record_form form, int64_t v)
{
    if (form == RECORD_LOCAL_DATETIME)
        put_local_datetime(out, v);
    else if (form == RECORD_SPRING_INSTANT)
        put_spring_instant(out, v);
    else
        buf_append_i64(out, v);
}

static void put_enum(struct buf *out, const struct record_enum *e, int number)
{
    for (size_t i = 0; i < e->n_values; i++)
        if (e->values[i].number == number) {
            json_put_string(out, e->values[i].json);
            return;
        }
    buf_append_str(out, STR("null"));
}

/* One value that is there: a scalar, or the struct of a message, at v. */
static void put_value(const struct record_field *f, const void *v, struct buf *out)
{
    struct str s;

    switch (f->kind) {
    case RECORD_STRING:
        s = *(const struct str *)v;
        json_put_string(out, s.p ? s : STR(""));
        break;
    case RECORD_BYTES:
        buf_putc(out, '"');
        base64_put(out, *(const struct str *)v);
        buf_putc(out, '"');
        break;
    case RECORD_INT64:
        put_int64(out, f->form, *(const int64_t *)v);
        break;
    case RECORD_INT32:
        buf_append_i64(out, *(const int32_t *)v);
        break;
    case RECORD_UINT32:
        buf_append_i64(out, *(const uint32_t *)v);
        break;
    case RECORD_BOOL:
        buf_append_str(out, *(const bool *)v ? STR("true") : STR("false"));
        break;
    case RECORD_ENUM:
        put_enum(out, f->enumeration, *(const int *)v);
        break;
    case RECORD_MESSAGE:
        put_record(f->message, v, out);
        break;
    }
}

static void put_array(const struct record_field *f, const char *items, size_t n,
                      struct buf *out)
{
    buf_putc(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(out, ',');
        put_value(f, items + i * field_item_size(f), out);
    }
    buf_putc(out, ']');
}

/* Entry messages are a string and a value. */
static void put_map(const struct record_field *f, const char *entries, size_t n,
                    struct buf *out)
{
    const struct record_type *entry = f->message;

    BUG_ON(entry->n_fields != 2 || entry->fields[0].kind != RECORD_STRING);
    buf_putc(out, '{');
    for (size_t i = 0; i < n; i++) {
        const char *e = entries + i * entry->size;

        if (i > 0)
            buf_putc(out, ',');
        put_value(&entry->fields[0], e + entry->fields[0].offset, out);
        buf_putc(out, ':');
        put_field(&entry->fields[1], e, out);
    }
    buf_putc(out, '}');
}

static void put_field(const struct record_field *f, const void *record, struct buf *out)
{
    const void *v = field_value(f, record);

    if (field_is_null(f, record))
        buf_append_str(out, STR("null"));
    else if (f->form == RECORD_MAP)
        put_map(f, v, field_count(f, record), out);
    else if (f->flags & RECORD_REPEATED)
        put_array(f, v, field_count(f, record), out);
    else
        put_value(f, v, out);
}

static void put_record(const struct record_type *type, const void *record,
                       struct buf *out)
{
    bool is_first = true;

    if (type->is_unwrapped) {
        BUG_ON(type->n_fields != 1);
        put_field(&type->fields[0], record, out);
        return;
    }
    buf_putc(out, '{');
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct record_field *f = &type->fields[i];

        if ((f->flags & RECORD_OMIT_NULL) && field_is_unset(f, record))
            continue;
        if (!is_first)
            buf_putc(out, ',');
        is_first = false;
        buf_append_str(out, f->json_key);
        put_field(f, record, out);
    }
    buf_putc(out, '}');
}

void json_encode(const struct record_type *type, const void *record, struct buf *out)
{
    put_record(type, record, out);
}
