/* SPDX-License-Identifier: MIT */
#include "endpoint/content.h"

#include "base/utf8.h"

#include "base/banned.h"

enum {
    KEY_CHARS_MAX = 64
};

/* Length of the white space at p (Unicode's White_Space that people can type), 0 if none. */
static size_t blank_at(struct str s)
{
    static const char *const wide[] = {
        "\xc2\xa0",     /* no-break space */
        "\xe3\x80\x80", /* ideographic space */
        "\xe2\x80\xa8", /* line separator */
        "\xe2\x80\xa9", /* paragraph separator */
        "\xe2\x80\xaf", /* narrow no-break space */
    };

    if (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r'))
        return 1;
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
        if (str_starts(s, str_of(wide[i])))
            return strlen(wide[i]);
    if (s.n >= 3 && s.p[0] == '\xe2' && s.p[1] == '\x80' && (unsigned char)s.p[2] <= 0x8a)
        return 3; /* U+2000 to U+200A */
    return 0;
}

static bool is_blank(struct str s)
{
    while (s.n > 0) {
        size_t n = blank_at(s);

        if (n == 0)
            return false;
        s = str_from(s, n);
    }
    return true;
}

enum err content_check(struct str content, int64_t max_chars)
{
    if (is_blank(content))
        return ERR_CONTENT_EMPTY;
    if ((int64_t)utf8_chars(content) > max_chars)
        return ERR_CONTENT_TOO_LONG;
    return ERR_OK;
}

enum err idempotency_key_check(struct str key)
{
    if (!key.p)
        return ERR_OK;
    if (key.n == 0 || key.n > KEY_CHARS_MAX)
        return ERR_PARAMETER_INVALID;
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] <= ' ' || key.p[i] > '~')
            return ERR_PARAMETER_INVALID;
    return ERR_OK;
}
