/* SPDX-License-Identifier: MIT */
#include "codec/json_number.h"

#include "base/banned.h"

enum {
    EXPONENT_MAX =
        100000 /* beyond any text that fits a body; keeps the sums below exact */
};

/* Cuts the exponent off *text. */
static bool take_exponent(struct str *text, int64_t *out)
{
    size_t at = str_find(*text, 'e');
    struct str digits;

    if (at == text->n)
        at = str_find(*text, 'E');
    *out = 0;
    if (at == text->n)
        return true;
    digits = str_from(*text, at + 1);
    if (str_starts(digits, STR("+")))
        digits = str_from(digits, 1);
    text->n = at;
    return str_to_i64(digits, out) && *out >= -EXPONENT_MAX && *out <= EXPONENT_MAX;
}

/* Cuts trailing zeros, and the point among them, off *text; the number is text × 10^*scale. */
static void cut_zeros(struct str *text, int64_t *scale)
{
    size_t point = str_find(*text, '.');

    if (point < text->n)
        *scale -= (int64_t)(text->n - point - 1);
    while (text->n > 0 && (text->p[text->n - 1] == '0' || text->p[text->n - 1] == '.')) {
        *scale += text->p[text->n - 1] == '0';
        text->n--;
    }
}

static bool add_digit(int64_t *value, int digit)
{
    return !__builtin_mul_overflow(*value, 10, value) &&
           !__builtin_add_overflow(*value, digit, value);
}

bool json_integer(struct str text, int64_t *out)
{
    bool is_negative = str_starts(text, STR("-"));
    int64_t scale;

    if (str_to_i64(text, out))
        return true;
    if (!take_exponent(&text, &scale))
        return false;
    if (is_negative)
        text = str_from(text, 1);
    cut_zeros(&text, &scale);
    *out = 0;
    if (text.n == 0)
        return true; /* 0.0, whatever the exponent */
    if (scale < 0)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        int digit = text.p[i] - '0';

        if (text.p[i] != '.' && !add_digit(out, is_negative ? -digit : digit))
            return false;
    }
    while (scale-- > 0)
        if (!add_digit(out, 0))
            return false;
    return true;
}
