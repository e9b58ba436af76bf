/* SPDX-License-Identifier: MIT */
#include "sockjs/framing_internal.h"

#include "base/utf8.h"

#include "base/banned.h"

bool sockjs_transport_of(struct str word, enum sockjs_transport *out)
{
    static const char *const words[] = {
        [SOCKJS_WEBSOCKET] = "websocket",         [SOCKJS_XHR] = "xhr",
        [SOCKJS_XHR_STREAMING] = "xhr_streaming", [SOCKJS_EVENTSOURCE] = "eventsource",
        [SOCKJS_HTMLFILE] = "htmlfile",           [SOCKJS_XHR_SEND] = "xhr_send",
    };

    for (enum sockjs_transport t = SOCKJS_WEBSOCKET; t <= SOCKJS_XHR_SEND; t++) {
        if (!str_eq(word, str_of(words[t])))
            continue;
        *out = t;
        return true;
    }
    return false;
}

/* --- JSON strings ------------------------------------------------------------------------- */

static void put_unit(struct buf *out, unsigned unit)
{
    buf_printf(out, "\\u%04x", unit);
}

static void put_ascii(struct buf *out, char c)
{
    static const char shorts[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                  ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};

    if ((size_t)c < sizeof(shorts) && shorts[(size_t)c]) {
        buf_putc(out, '\\');
        buf_putc(out, shorts[(size_t)c]);
    } else if (c < 0x20) {
        buf_printf(out, "\\u%04X", (unsigned)c); /* upper case, as Jackson */
    } else {
        buf_putc(out, c);
    }
}

static bool is_mangled(uint32_t c)
{
    return (c >= 0x200c && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
           (c >= 0x2060 && c <= 0x206f) || (c >= 0xfff0);
}

/* Code point of the sequence at s and its length; length 1 and U+FFFD if it is no UTF-8. */
static uint32_t decode(struct str s, size_t *n_out)
{
    const unsigned char *u = (const unsigned char *)s.p;
    size_t n = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
    uint32_t c;

    if (n > s.n || !utf8_valid((struct str){s.p, n})) {
        *n_out = 1;
        return 0xfffd;
    }
    c = n == 4 ? u[0] & 0x07u : n == 3 ? u[0] & 0x0fu : u[0] & 0x1fu;
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (u[i] & 0x3fu);
    *n_out = n;
    return c;
}

static void put_wide(struct buf *out, struct str s, size_t *n_out)
{
    uint32_t c = decode(s, n_out);

    if (c >= 0x10000) {
        put_unit(out, 0xd800 + ((c - 0x10000) >> 10));
        put_unit(out, 0xdc00 + ((c - 0x10000) & 0x3ff));
    } else if (is_mangled(c)) {
        put_unit(out, c);
    } else {
        buf_append(out, s.p, *n_out);
    }
}

static size_t plain_prefix(struct str s)
{
    size_t n = 0;

    while (n < s.n && (unsigned char)s.p[n] >= 0x20 && (unsigned char)s.p[n] < 0x80 &&
           s.p[n] != '"' && s.p[n] != '\\')
        n++;
    return n;
}

static void put_escaped(struct buf *out, struct str s)
{
    while (s.n > 0) {
        size_t n = plain_prefix(s);

        buf_append(out, s.p, n);
        s = str_from(s, n);
        if (s.n == 0)
            return;
        n = 1;
        if ((unsigned char)s.p[0] < 0x80)
            put_ascii(out, s.p[0]);
        else
            put_wide(out, s, &n);
        s = str_from(s, n);
    }
}

void sockjs_put_string(struct buf *out, struct str head, struct str tail)
{
    buf_putc(out, '"');
    put_escaped(out, head);
    put_escaped(out, tail);
    buf_putc(out, '"');
}

void sockjs_put_close(struct buf *out, unsigned code, struct str reason)
{
    buf_printf(out, "c[%u,", code);
    sockjs_put_string(out, reason, STR(""));
    buf_putc(out, ']');
}

/* --- wraps -------------------------------------------------------------------------------- */

/* As Spring's JavaScriptUtils, so that the frame may stand in quotes inside of a script element. */
static void put_javascript(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '"':
        case '\'':
        case '\\':
        case '/':
            buf_putc(out, '\\');
            buf_putc(out, s.p[i]);
            break;
        case '<':
            buf_append_c(out, "\\u003C");
            break;
        case '>':
            buf_append_c(out, "\\u003E");
            break;
        default: /* frames have no raw controls, U+2028 or U+2029 */
            buf_putc(out, s.p[i]);
        }
    }
}

void sockjs_put_frame(struct buf *out, enum sockjs_transport transport, struct str frame)
{
    switch (transport) {
    case SOCKJS_XHR:
    case SOCKJS_XHR_STREAMING:
        buf_append_str(out, frame);
        buf_putc(out, '\n');
        break;
    case SOCKJS_EVENTSOURCE:
        buf_append_c(out, "data: ");
        buf_append_str(out, frame);
        buf_append_c(out, "\r\n\r\n");
        break;
    case SOCKJS_HTMLFILE:
        buf_append_c(out, "<script>\np(\"");
        put_javascript(out, frame);
        buf_append_c(out, "\");\n</script>\r\n");
        break;
    case SOCKJS_WEBSOCKET:
    case SOCKJS_XHR_SEND:
        buf_append_str(out, frame);
        break;
    }
}

static void put_spaces(struct buf *out, size_t until)
{
    while (buf_ok(out) && out->n < until)
        buf_putc(out, ' ');
}

/* Safari needs 1024 bytes before it parses a page. */
static void put_page(struct buf *out, struct str callback)
{
    buf_append_c(out, "<!doctype html>\n"
                      "<html><head>\n"
                      "  <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\" />\n"
                      "  <meta http-equiv=\"Content-Type\" content=\"text/html; "
                      "charset=UTF-8\" />\n"
                      "</head><body><h2>Don't panic!</h2>\n"
                      "  <script>\n"
                      "    document.domain = document.domain;\n"
                      "    var c = parent.");
    buf_append_str(out, callback);
    buf_append_c(out, ";\n"
                      "    c.start();\n"
                      "    function p(d) {c.message(d);};\n"
                      "    window.onload = function() {c.stop();};\n"
                      "  </script>");
    put_spaces(out, 1024);
    buf_append_c(out, "\r\n\r\n");
}

void sockjs_put_prelude(struct buf *out, enum sockjs_transport transport,
                        struct str callback)
{
    if (transport == SOCKJS_XHR_STREAMING) {
        for (int i = 0; i < 2048; i++) /* old browsers show nothing before */
            buf_putc(out, 'h');
        buf_putc(out, '\n');
    } else if (transport == SOCKJS_EVENTSOURCE) {
        buf_append_c(out, "\r\n");
    } else if (transport == SOCKJS_HTMLFILE) {
        put_page(out, callback);
    }
}
