/*
 * Parsing of request heads, line by line, once a head is there as a whole.
 * SPDX-License-Identifier: MIT
 */
#include "net/http_head.h"

#include "base/utf8.h"

#include "base/banned.h"

static const struct {
    const char *name;
    enum net_method method;
} methods[] = {
    {"GET", NET_GET},         {"HEAD", NET_HEAD},   {"POST", NET_POST},
    {"PUT", NET_PUT},         {"PATCH", NET_PATCH}, {"DELETE", NET_DELETE},
    {"OPTIONS", NET_OPTIONS},
};

size_t http_head_end(struct str in, size_t *scanned)
{
    size_t at = *scanned;

    /* An empty line is CRLF or LF straight after a LF; bare LFs are refused when parsed. */
    while (at < in.n) {
        size_t lf = at + str_find(str_from(in, at), '\n');

        if (lf >= in.n)
            break;
        if (lf + 1 < in.n && in.p[lf + 1] == '\n')
            return lf + 2;
        if (lf + 2 < in.n && in.p[lf + 1] == '\r' && in.p[lf + 2] == '\n')
            return lf + 3;
        if (lf + 2 >= in.n) {
            *scanned = lf;
            return 0;
        }
        at = lf + 1;
    }
    *scanned = in.n;
    return 0;
}

/* RFC 9110, 5.6.2 */
static bool is_token_byte(unsigned char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_token_byte((unsigned char)s.p[i]))
            return false;
    return s.n > 0;
}

/* What the %XX in front of s stands for; -1: for nothing. */
static int escaped_byte(struct str s)
{
    int high = s.n > 2 ? hex_digit(s.p[1]) : -1, low = s.n > 2 ? hex_digit(s.p[2]) : -1;

    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool percent_decode(struct str s, enum percent_of what, char *out, size_t *n_out)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c == '%') {
            int byte = escaped_byte(str_from(s, i));

            if (byte < 0)
                return false;
            c = (char)byte;
            if (what == PERCENT_OF_PATH && (c == '/' || c == '%')) {
                memmove(out + n, s.p + i, 2); /* and the last of the three below */
                n += 2;
                c = s.p[i + 2];
            }
            i += 2;
        } else if (c == '+' && what == PERCENT_OF_FORM) {
            c = ' ';
        }
        if (c == '\0')
            return false;
        out[n++] = c;
    }
    *n_out = n;
    return utf8_valid((struct str){out, n});
}

/* Cuts the line before the next CRLF off *rest. */
static bool next_line(struct str *rest, struct str *line_out)
{
    size_t lf = str_find(*rest, '\n');

    if (lf == rest->n || lf == 0 || rest->p[lf - 1] != '\r')
        return false;
    *line_out = (struct str){rest->p, lf - 1};
    *rest = str_from(*rest, lf + 1);
    return true;
}

static int read_version(struct str version, struct http_head *head)
{
    const char *p = version.p;

    if (version.n != 8 || !str_starts(version, STR("HTTP/")) || p[6] != '.' ||
        p[5] < '0' || p[5] > '9' || p[7] < '0' || p[7] > '9')
        return 400;
    if (p[5] != '1')
        return 505;
    head->is_http11 = p[7] != '0';
    return 0;
}

/* A path that a file system could take for a step up is nowhere here, rather than resolved. */
static bool has_dot_segment(struct str path)
{
    struct str rest = path, part;

    while (str_split(&rest, '/', &part))
        if (str_eq(part, STR(".")) || str_eq(part, STR("..")))
            return true;
    return false;
}

static int read_target(char *target, size_t n, struct http_head *head)
{
    struct str s = {target, n};
    size_t query, len;

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)target[i] <= ' ' || target[i] == 0x7f || target[i] == '#')
            return 400;
    if (head->method == NET_OPTIONS && str_eq(s, STR("*"))) {
        head->path = s;
        return 0;
    }
    /* RFC 9112, 3.2.2: the absolute form must be accepted; its authority is not needed. */
    if (n > 7 && str_eq_nocase((struct str){target, 7}, STR("http://"))) {
        size_t skip = 7 + str_find(str_from(s, 7), '/');

        if (skip == n)
            return 400;
        target += skip;
        s = str_from(s, skip);
    }
    if (s.n == 0 || s.p[0] != '/')
        return 400;
    query = str_find(s, '?');
    if (query < s.n)
        head->query = str_from(s, query + 1);
    if (!percent_decode((struct str){s.p, query}, PERCENT_OF_PATH, target, &len))
        return 400;
    head->path = (struct str){target, len};
    return has_dot_segment(head->path) ? 404 : 0;
}

static enum net_method method_of(struct str name)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (str_eq(name, str_of(methods[i].name)))
            return methods[i].method;
    return NET_OTHER;
}

static int read_request_line(char *line, size_t n, struct http_head *head)
{
    struct str s = {line, n};
    size_t method = str_find(s, ' ');
    struct str rest = str_from(s, method + 1);
    size_t target = str_find(rest, ' ');
    int status;

    if (!is_token((struct str){line, method}) || target == rest.n)
        return 400;
    head->method = method_of((struct str){line, method});
    status = read_version(str_from(rest, target + 1), head);
    if (status != 0)
        return status;
    if (target > HTTP_TARGET_MAX)
        return 414;
    return read_target(line + method + 1, target, head);
}

/* "name: value", RFC 9112, 5.1: no blank before the colon, no folding. */
static bool read_field(char *line, size_t n, struct http_field *field)
{
    struct str s = {line, n};
    size_t colon = str_find(s, ':');

    if (colon == n || !is_token((struct str){line, colon}))
        return false;
    for (size_t i = 0; i < colon; i++)
        if (line[i] >= 'A' && line[i] <= 'Z')
            line[i] = (char)(line[i] - 'A' + 'a');
    for (size_t i = colon + 1; i < n; i++)
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
            return false;
    field->name = (struct str){line, colon};
    field->value = str_trim(str_from(s, colon + 1));
    return true;
}

struct str http_head_field(const struct http_head *head, const char *name, int *count_out)
{
    struct str want = str_of(name), found = STR_NULL;
    int count = 0;

    for (size_t i = 0; i < head->n_fields; i++)
        if (str_eq(head->fields[i].name, want) && count++ == 0)
            found = head->fields[i].value;
    if (count_out)
        *count_out = count;
    return found;
}

bool http_head_has_token(const struct http_head *head, const char *name, struct str token)
{
    struct str want = str_of(name);

    for (size_t i = 0; i < head->n_fields; i++) {
        struct str rest = head->fields[i].value, part;

        if (!str_eq(head->fields[i].name, want))
            continue;
        while (str_split(&rest, ',', &part))
            if (str_eq_nocase(str_trim(part), token))
                return true;
    }
    return false;
}

/* RFC 9112, 6.3: digits only, once. */
static int read_length(struct http_head *head)
{
    int count;
    struct str value = http_head_field(head, "content-length", &count);

    if (count == 0)
        return 0;
    if (count > 1 || value.n == 0)
        return 400;
    for (size_t i = 0; i < value.n; i++) {
        uint64_t digit = (uint64_t)(value.p[i] - '0');

        if (value.p[i] < '0' || value.p[i] > '9')
            return 400;
        if (head->length > (UINT64_MAX - digit) / 10)
            head->length = UINT64_MAX;
        else
            head->length = head->length * 10 + digit;
    }
    return 0;
}

/*
 * RFC 9112, 6.1 and 6.3: chunked is the last coding and stands there once; others in front of it
 * are not spoken here. With a length, or in HTTP/1.0, two servers may read two bodies: the classic of
 * request smuggling.
 */
static int read_coding(struct http_head *head)
{
    struct str chunked = STR("chunked"), rest, coding, last = STR("");
    int n_fields, n_lengths, n_codings = 0;

    (void)http_head_field(head, "transfer-encoding", &n_fields);
    (void)http_head_field(head, "content-length", &n_lengths);
    if (n_fields == 0)
        return 0;
    if (n_lengths > 0 || !head->is_http11)
        return 400;
    for (size_t i = 0; i < head->n_fields; i++) {
        rest = head->fields[i].value;
        if (!str_eq(head->fields[i].name, STR("transfer-encoding")))
            continue;
        while (str_split(&rest, ',', &coding)) {
            if (str_eq_nocase(last, chunked))
                return 400;
            last = str_trim(coding);
            n_codings++;
        }
    }
    if (!str_eq_nocase(last, chunked))
        return 400;
    head->is_chunked = true;
    return n_codings == 1 ? 0 : 501;
}

/* What the fields together say of the connection and of the body. */
static int read_meaning(struct http_head *head)
{
    int hosts, status;

    (void)http_head_field(head, "host", &hosts);
    if (hosts > 1 || (hosts == 0 && head->is_http11))
        return 400;
    status = read_coding(head);
    if (status != 0)
        return status;
    head->keeps_alive = head->is_http11
                            ? !http_head_has_token(head, "connection", STR("close"))
                            : http_head_has_token(head, "connection", STR("keep-alive"));
    head->has_upgrade_option = http_head_has_token(head, "connection", STR("upgrade"));
    head->wants_websocket = head->is_http11 && head->method == NET_GET &&
                            http_head_has_token(head, "upgrade", STR("websocket"));
    head->expects_continue =
        head->is_http11 && http_head_has_token(head, "expect", STR("100-continue"));
    return read_length(head);
}

int http_head_parse(char *bytes, size_t n, struct http_field *fields, size_t max,
                    struct http_head *head)
{
    struct str rest = {bytes, n}, line;
    int status;

    *head = (struct http_head){
        .method = NET_OTHER, .path = STR(""), .query = STR(""), .fields = fields};
    if (!next_line(&rest, &line))
        return 400;
    status = read_request_line(bytes, line.n, head);
    if (status != 0)
        return status;
    for (;;) {
        size_t at = n - rest.n;

        if (!next_line(&rest, &line))
            return 400;
        if (line.n == 0)
            break;
        if (head->n_fields == max)
            return 431;
        if (!read_field(bytes + at, line.n, &fields[head->n_fields]))
            return 400;
        head->n_fields++;
    }
    return rest.n == 0 ? read_meaning(head) : 400;
}
