/* SPDX-License-Identifier: MIT */
#include "base/str.h"

#include <stdlib.h>

#include "base/bug.h"

#include "base/banned.h"

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;

    if (order != 0)
        return order;
    return (a.n > b.n) - (a.n < b.n);
}

bool str_to_i64(struct str s, int64_t *out)
{
    bool is_negative = s.n > 0 && s.p[0] == '-';
    int64_t value = 0;

    s = str_from(s, is_negative ? 1 : 0);
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        int digit = s.p[i] - '0';

        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, is_negative ? -digit : digit, &value))
            return false;
    }
    *out = value;
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (!a.p || !b.p)
        return a.p == b.p;
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.n > 0 && is_blank(s.p[0]))
        s = str_from(s, 1);
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_split(struct str *rest, char sep, struct str *part_out)
{
    size_t at;

    if (!rest->p)
        return false;
    at = str_find(*rest, sep);
    *part_out = (struct str){rest->p, at};
    *rest = at < rest->n ? str_from(*rest, at + 1) : STR_NULL;
    return true;
}

struct str str_dup(struct str s)
{
    char *p;

    if (!s.p)
        return STR_NULL;
    p = mem_alloc(s.n);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}

void str_free(struct str *s)
{
    free((void *)(uintptr_t)s->p);
    *s = STR_NULL;
}
