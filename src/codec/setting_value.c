/* SPDX-License-Identifier: MIT */
#include "codec/setting_value.h"

#include "base/utf8.h"

#include "base/banned.h"

struct unit {
    struct str name;
    int64_t factor;
};

/* Largest first, so that a value is written in the largest unit that divides it. */
static const struct unit time_units[] = {
    {{"h", 1}, 3600000}, {{"m", 1}, 60000}, {{"s", 1}, 1000}, {{"ms", 2}, 1}};
static const struct unit byte_units[] = {
    {{"g", 1}, 1 << 30}, {{"m", 1}, 1 << 20}, {{"k", 1}, 1 << 10}, {{"", 0}, 1}};

enum {
    UNITS = 4
};

static const struct unit *units_of(const struct setting *s)
{
    return s->kind == SETTING_MS ? time_units : byte_units;
}

static enum err refuse(const struct setting *s, struct str text, const char *cause,
                       struct why *why)
{
    if (s->is_secret)
        why_set(why, "the value is %s", cause);
    else
        why_set(why, "\"" STR_FMT "\" is %s", STR_ARG(text), cause);
    return ERR_PARAMETER_INVALID;
}

static enum err refuse_range(const struct setting *s, struct why *why)
{
    struct buf text;
    int64_t bounds[2] = {s->min, s->max};

    buf_init(&text, 100);
    for (size_t i = 0; i < 2; i++) {
        struct setting bound = *s;

        bound.offset = i * sizeof(bounds[0]);
        buf_append_c(&text, i ? " and " : "must be between ");
        setting_format(&bound, bounds, &text);
    }
    why_set(why, STR_FMT, STR_ARG(buf_str(&text)));
    buf_release(&text);
    return ERR_PARAMETER_INVALID;
}

/* A bare number counts in the smallest unit. */
static bool number_with_unit(struct str text, const struct unit *units, int64_t *out)
{
    size_t n = text.n;
    struct str unit;

    while (n > 0 && (text.p[n - 1] < '0' || text.p[n - 1] > '9'))
        n--;
    unit = str_trim(str_from(text, n));
    text.n = n;
    if (!str_to_i64(text, out))
        return false;
    for (size_t i = 0; i < UNITS; i++)
        if (str_eq_nocase(unit, units[i].name))
            return !__builtin_mul_overflow(*out, units[i].factor, out);
    return unit.n == 0;
}

static enum err parse_number(const struct setting *s, struct str text, int64_t *out,
                             struct why *why)
{
    bool is_plain = s->kind == SETTING_INT;

    if (is_plain ? !str_to_i64(text, out) : !number_with_unit(text, units_of(s), out)) {
        const char *cause = is_plain                ? "not a number"
                            : s->kind == SETTING_MS ? "not a time (500ms 30s 2m 1h)"
                                                    : "not a size (4096 64k 1m 1g)";
        return refuse(s, text, cause, why);
    }
    if ((s->min != 0 || s->max != 0) && (*out < s->min || *out > s->max))
        return refuse_range(s, why);
    return ERR_OK;
}

static enum err parse_bool(const struct setting *s, struct str text, bool *out,
                           struct why *why)
{
    static const struct str words[] = {{"false", 5}, {"true", 4}, {"0", 1},  {"1", 1},
                                       {"off", 3},   {"on", 2},   {"no", 2}, {"yes", 3}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (str_eq_nocase(text, words[i])) {
            *out = i % 2 == 1;
            return ERR_OK;
        }
    return refuse(s, text, "not one of true, false, on, off, yes, no, 1, 0", why);
}

static enum err parse_choice(const struct setting *s, struct str text, int *out,
                             struct why *why)
{
    struct str choices = str_of(s->choices), choice;

    for (int i = 0; str_split(&choices, '|', &choice); i++)
        if (str_eq(choice, text)) {
            *out = i;
            return ERR_OK;
        }
    why_set(why, "\"" STR_FMT "\" is not one of %s", STR_ARG(text), s->choices);
    return ERR_PARAMETER_INVALID;
}

/* The value is not repeated: it may be a URL with a password. */
static enum err refuse_text(const char *cause, struct why *why)
{
    why_set(why, "%s", cause);
    return ERR_PARAMETER_INVALID;
}

static enum err parse_text(const struct setting *s, struct str text, struct arena *a,
                           struct str *out, struct why *why)
{
    if (!utf8_valid(text))
        return refuse_text("the value is not UTF-8", why);
    if (s->max > 0 && text.n > (uint64_t)s->max)
        return refuse_text("the value is too long", why);
    *out = arena_dup(a, text);
    return out->p ? ERR_OK : refuse_text("the value is too long", why);
}

enum err setting_parse(const struct setting *s, struct str text, struct arena *a,
                       void *settings, struct why *why)
{
    void *to = (char *)settings + s->offset;

    switch (s->kind) {
    case SETTING_TEXT:
        return parse_text(s, text, a, to, why);
    case SETTING_INT:
    case SETTING_MS:
    case SETTING_BYTES:
        return parse_number(s, text, to, why);
    case SETTING_BOOL:
        return parse_bool(s, text, to, why);
    case SETTING_CHOICE:
        return parse_choice(s, text, to, why);
    }
    bug_abort(__FILE__, __LINE__, s->key);
}

static void format_with_unit(int64_t v, const struct unit *units, struct buf *out)
{
    size_t i = 0;

    while (v != 0 && v % units[i].factor != 0)
        i++;
    buf_append_i64(out, v / units[i].factor);
    if (v != 0)
        buf_append_str(out, units[i].name);
}

static void format_choice(const struct setting *s, int index, struct buf *out)
{
    struct str choices = str_of(s->choices), choice;

    for (int i = 0; str_split(&choices, '|', &choice); i++)
        if (i == index)
            buf_append_str(out, choice);
}

void setting_format(const struct setting *s, const void *settings, struct buf *out)
{
    const void *from = (const char *)settings + s->offset;

    switch (s->kind) {
    case SETTING_TEXT:
        buf_append_str(out, *(const struct str *)from);
        break;
    case SETTING_INT:
        buf_append_i64(out, *(const int64_t *)from);
        break;
    case SETTING_MS:
    case SETTING_BYTES:
        format_with_unit(*(const int64_t *)from, units_of(s), out);
        break;
    case SETTING_BOOL:
        buf_append_c(out, *(const bool *)from ? "true" : "false");
        break;
    case SETTING_CHOICE:
        format_choice(s, *(const int *)from, out);
        break;
    }
}
