/*
 * One pass over the bytes of a frame, line by line, then its body. A frame that lies whole in one
 * feed is read where it lies; only what is incomplete at the end of a feed is copied and kept.
 * Whatever the cuts, the first offending byte decides the error.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "base/utf8.h"
#include "stomp/command_internal.h"

#include "base/banned.h"

enum state {
    BETWEEN, /* before the first byte of a frame: EOLs are skipped */
    COMMAND, /* in the first line */
    HEADERS, /* in a header line, or the blank line behind them */
    COUNTED, /* in a body with content-length, or its NUL */
    OPEN,    /* in a body that the first NUL ends */
    FAILED,  /* for good */
};

static const bool allowed[][FAILED + 1] = {
    [BETWEEN] = {[COMMAND] = true, [FAILED] = true},
    [COMMAND] = {[HEADERS] = true, [FAILED] = true},
    [HEADERS] = {[COUNTED] = true, [OPEN] = true, [FAILED] = true},
    [COUNTED] = {[BETWEEN] = true, [FAILED] = true},
    [OPEN] = {[BETWEEN] = true, [FAILED] = true},
};

/* A limit of 0 is "off"; this one stays, so that offsets fit into 32 bits. */
static const size_t ceiling = (size_t)1 << 30;
static const size_t no_length = SIZE_MAX;

/* A header by its place in the frame, since the frame may still move. */
struct mark {
    uint32_t at;      /* of the name; ':' and the value follow it */
    uint32_t name_n;  /* bytes on the wire */
    uint32_t value_n; /* bytes on the wire */
    bool has_escape;
};

struct stomp_parser {
    struct stomp_limits limits; /* 0 replaced by ceiling */
    stomp_frame_fn *on_frame;
    void *ctx;
    enum state state;
    enum err error; /* what made it FAILED */
    enum stomp_version version;
    bool is_versioned; /* stomp_parser_set_version was called */
    bool has_cr;       /* BETWEEN: a CR waits for its LF */

    /* The frame that is being read; offsets count from its first byte. */
    struct buf held; /* its bytes so far, if it began in an earlier feed */
    struct str view; /* its bytes so far, wherever they are; valid inside feed only */
    struct why *why; /* of this feed */
    enum stomp_command command;
    size_t line_at; /* start of the line, then of the body */
    size_t scanned; /* no LF (in a body: no NUL) from line_at to here */
    size_t length;  /* content-length, or no_length */
    struct mark *marks;
    size_t n_marks, cap_marks;
    struct arena arena; /* headers of a finished frame, the failed one's receipt */
    struct str failed_receipt;
};

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t or_ceiling(size_t limit)
{
    return limit == 0 || limit > ceiling ? ceiling : limit;
}

struct stomp_parser *stomp_parser_new(const struct stomp_limits *limits,
                                      stomp_frame_fn *on_frame, void *ctx)
{
    struct stomp_parser *p = mem_zalloc(sizeof(*p));

    p->limits.frame_bytes = or_ceiling(limits->frame_bytes);
    p->limits.connect_frame_bytes = or_ceiling(limits->connect_frame_bytes);
    p->limits.headers = or_ceiling(limits->headers);
    p->limits.header_bytes = or_ceiling(limits->header_bytes);
    p->on_frame = on_frame;
    p->ctx = ctx;
    arena_init(&p->arena, SIZE_MAX);
    return p;
}

static void release_frame(struct stomp_parser *p)
{
    buf_release(&p->held);
    free(p->marks);
    p->marks = NULL;
    p->n_marks = p->cap_marks = 0;
}

void stomp_parser_free(struct stomp_parser **p)
{
    if (!*p)
        return;
    release_frame(*p);
    arena_release(&(*p)->arena);
    free(*p);
    *p = NULL;
}

void stomp_parser_set_version(struct stomp_parser *p, enum stomp_version version)
{
    p->version = version;
    p->is_versioned = true;
}

struct str stomp_parser_failed_receipt(const struct stomp_parser *p)
{
    return p->failed_receipt;
}

bool stomp_parser_is_idle(const struct stomp_parser *p)
{
    return p->state == BETWEEN;
}

static void set_state(struct stomp_parser *p, enum state to)
{
    BUG_ON(!allowed[p->state][to]);
    p->state = to;
    if (to == COMMAND) {
        p->line_at = p->scanned = 0;
        p->length = no_length;
        p->n_marks = 0;
    }
}

/* --- headers ------------------------------------------------------------------------------ */

/* Escapes are never used in CONNECT, to stay readable for 1.0 (STOMP 1.2, "Value Encoding"). */
static bool has_escapes(const struct stomp_parser *p)
{
    return p->version != STOMP_V10 && p->command != STOMP_CONNECT;
}

/* The octet that backslash and c stand for, or '\0' if that version does not define them. */
static char unescaped(char c, enum stomp_version version)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'c':
        return ':';
    case '\\':
        return '\\';
    case 'r':
        return version == STOMP_V12 ? '\r' : '\0';
    default:
        return '\0';
    }
}

static bool are_escapes_defined(struct str line, enum stomp_version version)
{
    for (size_t i = str_find(line, '\\'); i < line.n; i++) {
        if (line.p[i] != '\\')
            continue;
        i++;
        if (i == line.n || unescaped(line.p[i], version) == '\0')
            return false;
    }
    return true;
}

static struct str unescape(struct stomp_parser *p, struct str raw)
{
    char *to = arena_alloc(&p->arena, raw.n);
    size_t n = 0;

    for (size_t i = 0; i < raw.n; i++)
        to[n++] = raw.p[i] == '\\' ? unescaped(raw.p[++i], p->version) : raw.p[i];
    return (struct str){to, n};
}

static struct str raw_name(const struct stomp_parser *p, const struct mark *m)
{
    return (struct str){p->view.p + m->at, m->name_n};
}

static struct str value_of(struct stomp_parser *p, const struct mark *m)
{
    struct str raw = {p->view.p + m->at + m->name_n + 1, m->value_n};

    return m->has_escape ? unescape(p, raw) : raw;
}

static struct str name_of(struct stomp_parser *p, const struct mark *m)
{
    struct str raw = raw_name(p, m);

    return m->has_escape ? unescape(p, raw) : raw;
}

/* --- failing ------------------------------------------------------------------------------ */

static void keep_receipt(struct stomp_parser *p)
{
    for (size_t i = 0; i < p->n_marks; i++) {
        if (!str_eq(raw_name(p, &p->marks[i]), STR("receipt")))
            continue;
        p->failed_receipt = arena_dup(&p->arena, value_of(p, &p->marks[i]));
        return;
    }
}

static void fail(struct stomp_parser *p, enum err error, const char *text)
{
    if (text)
        why_set(p->why, "%s", text);
    if (p->state != BETWEEN)
        keep_receipt(p);
    p->error = error;
    set_state(p, FAILED);
}

/* --- lines -------------------------------------------------------------------------------- */

static void read_command(struct stomp_parser *p, struct str line)
{
    if (stomp_command_of_client(line, p->version, &p->command))
        set_state(p, HEADERS);
    else
        fail(p, ERR_UNSUPPORTED_COMMAND, "not a command of STOMP clients");
}

/* Digits only: no sign, no blanks. Digits behind a number above the ceiling do not matter. */
static bool read_length(struct str value, size_t *out)
{
    *out = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return false;
        if (*out <= ceiling)
            *out = *out * 10 + (size_t)(value.p[i] - '0');
    }
    return value.n > 0;
}

static void add_mark(struct stomp_parser *p, struct mark mark)
{
    if (p->n_marks == p->cap_marks) {
        p->cap_marks = p->cap_marks ? 2 * p->cap_marks : 16;
        p->marks = mem_realloc(p->marks, p->cap_marks * sizeof(*p->marks));
    }
    p->marks[p->n_marks++] = mark;
}

static const char *header_fault(const struct stomp_parser *p, struct str line,
                                size_t colon)
{
    if (colon == 0 || colon == line.n)
        return "a header line is not name:value";
    if (p->version == STOMP_V12 && str_find(line, '\r') < line.n)
        return "a header has a bare CR";
    if (!utf8_valid(line))
        return "a header is not UTF-8";
    if (has_escapes(p) && !are_escapes_defined(line, p->version))
        return "a header has an undefined escape";
    return NULL;
}

static void read_header(struct stomp_parser *p, struct str line)
{
    size_t colon = str_find(line, ':');
    const char *fault = header_fault(p, line, colon);

    if (fault) {
        fail(p, ERR_MALFORMED_FRAME, fault);
        return;
    }
    if (p->n_marks == p->limits.headers) {
        fail(p, ERR_HEADER_LIMIT, "too many headers");
        return;
    }
    /* Only the first one counts (STOMP 1.2, "Repeated Header Entries"). */
    if (p->length == no_length && colon == strlen("content-length") &&
        str_starts(line, STR("content-length")) &&
        !read_length(str_from(line, colon + 1), &p->length)) {
        fail(p, ERR_MALFORMED_FRAME, "content-length is not a number");
        return;
    }
    add_mark(p, (struct mark){
                    .at = (uint32_t)p->line_at,
                    .name_n = (uint32_t)colon,
                    .value_n = (uint32_t)(line.n - colon - 1),
                    .has_escape = has_escapes(p) && str_find(line, '\\') < line.n,
                });
}

static size_t frame_limit(const struct stomp_parser *p)
{
    return p->is_versioned ? p->limits.frame_bytes : p->limits.connect_frame_bytes;
}

/* Behind the blank line. */
static void end_headers(struct stomp_parser *p, size_t body_at)
{
    size_t limit = frame_limit(p);

    p->line_at = p->scanned = body_at;
    if (p->length == no_length) {
        set_state(p, OPEN);
        return;
    }
    if (p->length > 0 && p->command != STOMP_SEND)
        fail(p, ERR_MALFORMED_FRAME, "only SEND may have a body");
    else if (body_at >= limit || p->length > limit - body_at - 1)
        fail(p, ERR_FRAME_TOO_LARGE, "content-length is above the limit");
    else
        set_state(p, COUNTED);
}

/*
 * take_line — the line at line_at without its EOL, and where the next one starts.
 * CRLF ends a line in every version: 1.2 says so, and before CONNECT was read there is no version.
 * errors: false when more bytes are needed, or failed
 */
static bool take_line(struct stomp_parser *p, struct str *line_out, size_t *next_out)
{
    size_t max = p->state == COMMAND ? STOMP_COMMAND_CHARS_MAX : p->limits.header_bytes;
    size_t end = min_size(p->view.n, p->line_at + max + 2);
    struct str fresh = {p->view.p + p->scanned, end - p->scanned};
    size_t lf = str_find(fresh, '\n');
    struct str line = {p->view.p + p->line_at, p->scanned + lf - p->line_at};

    if (str_find((struct str){fresh.p, lf}, '\0') < lf) {
        fail(p, ERR_MALFORMED_FRAME, "a NUL before the body");
        return false;
    }
    if (lf == fresh.n && line.n < max + 2) {
        p->scanned = end;
        return false;
    }
    *next_out = p->scanned + lf + 1;
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    if (lf < fresh.n && line.n <= max) {
        *line_out = line;
        return true;
    }
    if (p->state == COMMAND)
        fail(p, ERR_UNSUPPORTED_COMMAND, "not a command of STOMP clients");
    else
        fail(p, ERR_HEADER_LIMIT, "a header line is too long");
    return false;
}

static void read_lines(struct stomp_parser *p)
{
    struct str line;
    size_t next;

    while ((p->state == COMMAND || p->state == HEADERS) && take_line(p, &line, &next)) {
        if (p->state == COMMAND) {
            read_command(p, line);
        } else if (line.n == 0) {
            end_headers(p, next);
            return;
        } else {
            read_header(p, line);
        }
        p->line_at = p->scanned = next;
    }
}

/* --- bodies and frames -------------------------------------------------------------------- */

/* Both return the length of the frame once it is whole, else 0. */
static size_t read_counted(struct stomp_parser *p)
{
    size_t nul_at = p->line_at + p->length;

    if (p->view.n <= nul_at)
        return 0;
    if (p->view.p[nul_at] == '\0')
        return nul_at + 1;
    fail(p, ERR_MALFORMED_FRAME, "no NUL behind the body of that content-length");
    return 0;
}

static size_t read_open(struct stomp_parser *p)
{
    struct str fresh = str_from(p->view, p->scanned);
    size_t nul = str_find(fresh, '\0');

    if (fresh.n > 0 && nul > 0 && p->command != STOMP_SEND) {
        fail(p, ERR_MALFORMED_FRAME, "only SEND may have a body");
        return 0;
    }
    p->scanned += nul;
    if (nul == fresh.n)
        return 0;
    p->length = p->scanned - p->line_at;
    return p->scanned + 1;
}

static size_t read_frame(struct stomp_parser *p)
{
    read_lines(p);
    if (p->state == COUNTED)
        return read_counted(p);
    if (p->state == OPEN)
        return read_open(p);
    return 0;
}

static enum err deliver(struct stomp_parser *p)
{
    struct stomp_header *headers =
        ARENA_ARRAY(&p->arena, struct stomp_header, p->n_marks);
    struct stomp_frame frame = {
        .command = p->command,
        .headers = headers,
        .n_headers = p->n_marks,
        .body = {p->view.p + p->line_at, p->length},
    };

    for (size_t i = 0; i < p->n_marks; i++)
        headers[i] =
            (struct stomp_header){name_of(p, &p->marks[i]), value_of(p, &p->marks[i])};
    return p->on_frame(p->ctx, &frame);
}

static void finish_frame(struct stomp_parser *p)
{
    enum err rc = deliver(p);

    if (rc != ERR_OK) {
        fail(p, rc, NULL);
        return;
    }
    set_state(p, BETWEEN);
    arena_reset(&p->arena);
    buf_reset(&p->held);
}

/* Takes what belongs to the frame off in. */
static void feed_frame(struct stomp_parser *p, struct str *in)
{
    size_t limit = frame_limit(p), before = p->held.n, length;

    p->view = *in;
    if (before > 0) {
        buf_append(&p->held, in->p, min_size(in->n, limit + 1 - before));
        p->view = buf_str(&p->held);
    }
    p->view.n = min_size(p->view.n, limit + 1);
    length = read_frame(p);
    if (p->state == FAILED)
        return;
    if (length > limit || (length == 0 && p->view.n > limit)) {
        fail(p, ERR_FRAME_TOO_LARGE, "the frame is above the limit");
    } else if (length > 0) {
        finish_frame(p);
        *in = str_from(*in, length - before);
    } else {
        if (before == 0) {
            p->held.max = limit + 1;
            buf_append_str(&p->held, *in);
        }
        *in = str_from(*in, in->n);
    }
}

/* EOLs between frames: heart-beats, or padding that some clients send behind NUL. */
static void skip_eols(struct stomp_parser *p, struct str *in)
{
    for (; in->n > 0; *in = str_from(*in, 1)) {
        if (p->has_cr && in->p[0] != '\n') {
            fail(p, ERR_MALFORMED_FRAME, "a bare CR between frames");
            return;
        }
        p->has_cr = in->p[0] == '\r';
        if (!p->has_cr && in->p[0] != '\n') {
            set_state(p, COMMAND);
            return;
        }
    }
}

enum err stomp_parser_feed(struct stomp_parser *p, struct str in, struct why *why)
{
    p->why = why;
    while (in.n > 0 && p->state != FAILED) {
        if (p->state == BETWEEN)
            skip_eols(p, &in);
        else
            feed_frame(p, &in);
    }
    p->view = STR("");
    if (p->state == BETWEEN)
        arena_release(&p->arena);
    if (p->state == BETWEEN || p->state == FAILED)
        release_frame(p);
    return p->error;
}
