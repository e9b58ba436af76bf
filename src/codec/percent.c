/* SPDX-License-Identifier: MIT */
#include "codec/percent.h"

#include "base/banned.h"

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-_.!~*'()", c));
}

void percent_encode(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_unreserved(s.p[i]))
            buf_putc(out, s.p[i]);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)s.p[i]);
    }
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
