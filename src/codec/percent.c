/* SPDX-License-Identifier: MIT */
#include "codec/percent.h"

#include "base/banned.h"

/* A set of bytes below 128: letters, digits and -_.!~*'() */
static bool is_unreserved(unsigned char c)
{
    static const uint64_t set[2] = {
        UINT64_C(0x03ff678200000000), /* !'()*-. and 0-9 */
        UINT64_C(0x47fffffe87fffffe), /* A-Z _ a-z ~ */
    };

    return c < 128 && (set[c / 64] >> (c % 64) & 1);
}

void percent_encode(struct str s, struct buf *out)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t start = 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        const char escape[3] = {'%', hex[c >> 4], hex[c & 15]};

        if (is_unreserved(c))
            continue;
        buf_append(out, s.p + start, i - start);
        buf_append(out, escape, sizeof(escape));
        start = i + 1;
    }
    buf_append(out, s.p + start, s.n - start);
}

void percent_encode_header(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c == '%' || c == ':' || c == '\\' || (unsigned char)c <= ' ') {
            percent_encode(s, out);
            return;
        }
    }
    buf_append_str(out, s);
}
