/*
 * A view of bytes that somebody else owns; not NUL-terminated.
 * p == NULL is "no value" (JSON null, SQL NULL), which differs from "" (p != NULL, n == 0).
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p; /* NULL: no value */
    size_t n;      /* bytes */
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_NULL     ((struct str){NULL, 0})
/* For printf: STR_FMT takes STR_ARG(s). */
#define STR_FMT    "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p

/* str_of — view of a C string. in: c may be NULL (no value). thread: any */
static inline struct str str_of(const char *c)
{
    return (struct str){c, c ? strlen(c) : 0};
}

/* str_eq — same bytes; two views of no value are equal, no value and "" are not. thread: any */
static inline bool str_eq(struct str a, struct str b)
{
    if (!a.p || !b.p)
        return a.p == b.p;
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* str_is_empty — no value or no bytes. thread: any */
static inline bool str_is_empty(struct str s)
{
    return s.n == 0;
}

/* str_starts — s begins with prefix. thread: any */
static inline bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* hex_digit — 0 to 15 for a hexadecimal digit in either case, -1 for anything else. thread: any */
static inline int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* str_from — the rest of s after the first n bytes; n above s.n gives "". thread: any */
static inline struct str str_from(struct str s, size_t n)
{
    size_t k = n < s.n ? n : s.n;

    return (struct str){s.p ? s.p + k : NULL, s.n - k};
}

/* str_find — offset of the first byte c in s, or s.n. thread: any */
static inline size_t str_find(struct str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

    return at ? (size_t)(at - s.p) : s.n;
}

/* str_cmp — order by bytes, shorter first on a tie: <0, 0, >0. thread: any */
int str_cmp(struct str a, struct str b);

/*
 * str_to_i64 — decimal integer that fills s whole; optional leading '-'.
 * out:    *out; undefined on false
 * errors: false on anything else than digits, on empty input and on overflow
 * thread: any
 */
bool str_to_i64(struct str s, int64_t *out);

/* str_dup — a copy on the heap, for keeping s past its owner; no value stays no value.
 * out: freed with str_free. str_free — frees such a copy and makes it no value. thread: any */
struct str str_dup(struct str s);
void str_free(struct str *s);

/* str_eq_nocase — equal but for ASCII case. thread: any */
bool str_eq_nocase(struct str a, struct str b);

/* str_trim — without leading and trailing blanks (space, tab, CR, LF). thread: any */
struct str str_trim(struct str s);

/*
 * str_split — takes the part of *rest before the next sep off *rest.
 * out:    *part; false when *rest was used up (p == NULL)
 * thread: any
 */
bool str_split(struct str *rest, char sep, struct str *part_out);

#endif
