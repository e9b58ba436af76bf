/* SPDX-License-Identifier: MIT */
#include "codec/json_scan.h"

#include "base/utf8.h"
#include "codec/json.h"

#include "base/banned.h"

struct scan {
    struct str in;
    size_t at;
    struct buf *spans; /* NULL: not wanted */
    const char *cause; /* of the failure */
};

static bool scan_value(struct scan *s, int depth);

static bool fail(struct scan *s, const char *cause)
{
    s->cause = cause;
    return false;
}

/* The byte at the cursor; 0 at the end, which no rule below accepts. */
static unsigned char peek(const struct scan *s)
{
    return s->at < s->in.n ? (unsigned char)s->in.p[s->at] : 0;
}

static bool take(struct scan *s, char c)
{
    if (s->at == s->in.n || s->in.p[s->at] != c)
        return false;
    s->at++;
    return true;
}

static void skip_blanks(struct scan *s)
{
    while (take(s, ' ') || take(s, '\n') || take(s, '\r') || take(s, '\t'))
        ;
}

static void note_span(struct scan *s, size_t start)
{
    struct json_span span = {(uint32_t)start, (uint32_t)(s->at - start)};

    if (s->spans)
        buf_append(s->spans, &span, sizeof(span));
}

/* Takes four hexadecimal digits; -1 if they are not there. */
static int take_hex4(struct scan *s)
{
    int value = 0;

    if (s->in.n - s->at < 4)
        return -1;
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_digit(s->in.p[s->at + i]);

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    s->at += 4;
    return value;
}

/* Behind "\u". */
static bool scan_unicode_escape(struct scan *s)
{
    int high = take_hex4(s), low;

    if (high < 0)
        return fail(s, "\\u without four hexadecimal digits");
    if (high == 0)
        return fail(s, "\\u0000");
    if (high < 0xd800 || high > 0xdfff)
        return true;
    if (high > 0xdbff || !take(s, '\\') || !take(s, 'u'))
        return fail(s, "lone surrogate");
    low = take_hex4(s);
    return (low >= 0xdc00 && low <= 0xdfff) || fail(s, "lone surrogate");
}

static bool scan_escape(struct scan *s)
{
    unsigned char c = peek(s);

    s->at++;
    switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    case 'u':
        return scan_unicode_escape(s);
    default:
        s->at--;
        return fail(s, "unknown escape");
    }
}

static bool scan_string(struct scan *s)
{
    if (!take(s, '"'))
        return fail(s, "member name expected");
    for (;;) {
        unsigned char c;

        while (s->at < s->in.n && (c = (unsigned char)s->in.p[s->at]) >= 0x20 &&
               c != '"' && c != '\\')
            s->at++;
        if (s->at == s->in.n)
            return fail(s, "string without end");
        if (take(s, '"'))
            return true;
        if (!take(s, '\\'))
            return fail(s, "control character in a string");
        if (!scan_escape(s))
            return false;
    }
}

static bool take_digits(struct scan *s)
{
    size_t start = s->at;

    while (peek(s) >= '0' && peek(s) <= '9')
        s->at++;
    return s->at > start;
}

/* RFC 8259, section 6. */
static bool scan_number(struct scan *s)
{
    size_t start = s->at;

    (void)take(s, '-');
    if (!take(s, '0') && !take_digits(s))
        return fail(s, "value expected");
    if (take(s, '.') && !take_digits(s))
        return fail(s, "digits expected behind the point");
    if (take(s, 'e') || take(s, 'E')) {
        (void)(take(s, '+') || take(s, '-'));
        if (!take_digits(s))
            return fail(s, "digits expected in the exponent");
    }
    note_span(s, start);
    return true;
}

static bool scan_word(struct scan *s, struct str word, bool is_noted)
{
    size_t start = s->at;

    if (!str_starts(str_from(s->in, s->at), word))
        return fail(s, "value expected");
    s->at += word.n;
    if (is_noted)
        note_span(s, start);
    return true;
}

static bool scan_object(struct scan *s, int depth)
{
    skip_blanks(s);
    if (take(s, '}'))
        return true;
    do {
        skip_blanks(s);
        if (!scan_string(s))
            return false;
        skip_blanks(s);
        if (!take(s, ':'))
            return fail(s, "':' expected");
        if (!scan_value(s, depth))
            return false;
    } while (take(s, ','));
    return take(s, '}') || fail(s, "',' or '}' expected");
}

static bool scan_array(struct scan *s, int depth)
{
    skip_blanks(s);
    if (take(s, ']'))
        return true;
    do {
        if (!scan_value(s, depth))
            return false;
    } while (take(s, ','));
    return take(s, ']') || fail(s, "',' or ']' expected");
}

static bool scan_bare_value(struct scan *s, int depth)
{
    switch (peek(s)) {
    case '{':
    case '[':
        if (depth == JSON_DEPTH_MAX)
            return fail(s, "nested too deeply");
        return take(s, '{') ? scan_object(s, depth + 1)
                            : take(s, '[') && scan_array(s, depth + 1);
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, STR("true"), true);
    case 'f':
        return scan_word(s, STR("false"), true);
    case 'n':
        return scan_word(s, STR("null"), false);
    default:
        return scan_number(s);
    }
}

/* One value with the blanks around it. */
static bool scan_value(struct scan *s, int depth)
{
    skip_blanks(s);
    if (!scan_bare_value(s, depth))
        return false;
    skip_blanks(s);
    return true;
}

static bool scan_text(struct scan *s)
{
    if (s->in.n > INT32_MAX)
        return fail(s, "too long");
    if (str_starts(s->in, STR("\xef\xbb\xbf")))
        return fail(s, "byte order mark");
    if (!utf8_valid(s->in))
        return fail(s, "not UTF-8");
    if (!scan_value(s, 0))
        return false;
    return s->at == s->in.n || fail(s, "more than one value");
}

enum err json_scan_spans(struct str in, struct buf *spans, struct why *why)
{
    struct scan s = {.in = in, .spans = spans};

    if (scan_text(&s))
        return ERR_OK;
    why_set(why, "byte %zu: %s", s.at, s.cause);
    return ERR_BODY_INVALID;
}

enum err json_scan(struct str in, struct why *why)
{
    return json_scan_spans(in, NULL, why);
}
