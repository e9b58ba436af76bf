/* SPDX-License-Identifier: MIT */
#include "db/sql_reader.h"

#include "base/banned.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '$' || (c & 0x80);
}

static bool is_quote(char c)
{
    return c == '\'' || c == '"' || c == '`';
}

static char char_at(struct str s, size_t i)
{
    return i < s.n ? s.p[i] : '\0';
}

/* Bytes of the comment that s begins with; 0: none. "--" is one only before a blank. */
static size_t comment_length(struct str s)
{
    char next = char_at(s, 1);
    size_t at = 2;

    if (s.p[0] == '#' ||
        (s.p[0] == '-' && next == '-' && (is_blank(char_at(s, 2)) || s.n == 2)))
        return str_find(s, '\n');
    if (s.p[0] != '/' || next != '*')
        return 0;
    while (at < s.n && !(s.p[at] == '*' && char_at(s, at + 1) == '/'))
        at++;
    return at + 2 < s.n ? at + 2 : s.n;
}

static size_t quoted_length(struct str s)
{
    size_t at = 1;

    while (at < s.n && s.p[at] != s.p[0])
        at += s.p[at] == '\\' && s.p[0] != '`' ? 2 : 1;
    return at < s.n ? at + 1 : s.n;
}

/* Bytes of the token that s begins with: quoted, a word or number, or one character. */
static size_t token_length(struct str s)
{
    size_t at = 0;

    if (is_quote(s.p[0]))
        return quoted_length(s);
    while (at < s.n && is_word(s.p[at]))
        at++;
    return at > 0 ? at : 1;
}

static void skip(struct sql_reader *r, size_t n)
{
    for (size_t i = 0; i < n; i++)
        r->line += r->rest.p[i] == '\n';
    r->rest = str_from(r->rest, n);
}

static void skip_blanks(struct sql_reader *r)
{
    while (r->rest.n > 0) {
        size_t n = is_blank(r->rest.p[0]) ? 1 : comment_length(r->rest);

        if (n == 0)
            return;
        skip(r, n);
    }
}

bool sql_next(struct sql_reader *r, struct sql_statement *out, struct buf *tokens)
{
    *out = (struct sql_statement){0};
    for (skip_blanks(r); r->rest.n > 0; skip_blanks(r)) {
        size_t n = token_length(r->rest);
        struct str token = {r->rest.p, n};

        if (str_eq(token, STR(";"))) {
            skip(r, n);
            if (out->text.p)
                break;
            continue;
        }
        if (!out->text.p)
            *out = (struct sql_statement){{token.p, 0}, r->line};
        out->text.n = (size_t)(token.p + n - out->text.p);
        buf_append_str(tokens, token);
        buf_putc(tokens, ' ');
        skip(r, n);
    }
    if (out->text.p)
        buf_append_str(tokens, STR(";\n"));
    return out->text.p != NULL;
}

bool sql_starts(struct str statement, const char *words)
{
    struct sql_reader r = sql_reader_of(statement);
    struct str rest = str_of(words), word;

    while (str_split(&rest, ' ', &word)) {
        size_t n;

        skip_blanks(&r);
        n = r.rest.n > 0 ? token_length(r.rest) : 0;
        if (!str_eq_nocase((struct str){r.rest.p, n}, word))
            return false;
        skip(&r, n);
    }
    return true;
}
