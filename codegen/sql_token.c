/* SPDX-License-Identifier: MIT */
#include "codegen/sql_token.h"

#include "codegen/list.h"

#include "base/banned.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (c & 0x80) != 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t name_length(struct str s)
{
    size_t n = 0;

    while (n < s.n && (is_letter(s.p[n]) || is_digit(s.p[n]) || s.p[n] == '$'))
        n++;
    return n;
}

/* Length of the quoted text at s; a doubled quote and a backslash do not end it. */
static size_t quoted_length(struct str s)
{
    char quote = s.p[0];

    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '\\' && quote != '`')
            i++;
        else if (s.p[i] == quote && i + 1 < s.n && s.p[i + 1] == quote)
            i++;
        else if (s.p[i] == quote)
            return i + 1;
    }
    return s.n;
}

static size_t comment_length(struct str s)
{
    if (str_starts(s, STR("/*"))) {
        for (size_t i = 2; i + 1 < s.n; i++)
            if (s.p[i] == '*' && s.p[i + 1] == '/')
                return i + 2;
        return s.n;
    }
    if (s.n > 0 && (s.p[0] == '#' || str_starts(s, STR("--"))))
        return str_find(s, '\n');
    return 0;
}

static size_t blank_length(struct str s)
{
    size_t n = 0;

    while (n < s.n &&
           (s.p[n] == ' ' || s.p[n] == '\t' || s.p[n] == '\r' || s.p[n] == '\n'))
        n++;
    return n;
}

static size_t mark_length(struct str s)
{
    static const char *const marks[] = {"<=>", "<=", ">=", "<>", "!=", ":=", "||", "&&"};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (str_starts(s, str_of(marks[i])))
            return strlen(marks[i]);
    return 1;
}

/* Reads the token at the start of s, which is not empty; returns its length there. */
static size_t take_token(struct str s, struct sql_token *t)
{
    size_t n = name_length(s);

    if (n > 0) {
        t->kind = is_digit(s.p[0]) ? SQL_NUMBER : SQL_WORD;
    } else if (s.p[0] == '\'' || s.p[0] == '"') {
        t->kind = SQL_STRING;
        n = quoted_length(s);
    } else if (s.p[0] == '`') {
        t->kind = SQL_NAME;
        n = quoted_length(s);
        t->text = (struct str){s.p + 1, n > 2 ? n - 2 : 0};
        return n;
    } else if (s.p[0] == ':' && name_length(str_from(s, 1)) > 0) {
        n = 1 + name_length(str_from(s, 1));
        t->text = (struct str){s.p + 1, n - 1};
        t->kind = n < s.n && s.p[n] == '*' ? SQL_LIST : SQL_PARAM;
        return t->kind == SQL_LIST ? n + 1 : n;
    } else {
        t->kind = SQL_MARK;
        n = mark_length(s);
    }
    t->text = (struct str){s.p, n};
    return n;
}

/* Skips n bytes of *s and counts their lines. */
static void skip(struct str *s, size_t n, int *line)
{
    for (size_t i = 0; i < n; i++)
        *line += s->p[i] == '\n';
    *s = str_from(*s, n);
}

struct sql_tokens sql_tokens_of(struct arena *a, struct str text, int line)
{
    struct sql_tokens tokens = {0};
    struct sql_token *t;
    bool is_spaced = false;

    while (text.n > 0) {
        size_t blank = blank_length(text);

        if (blank == 0)
            blank = comment_length(text);
        if (blank > 0) {
            skip(&text, blank, &line);
            is_spaced = true;
            continue;
        }
        t = LIST_ADD(a, tokens.at, tokens.n);
        t->line = line;
        t->is_spaced = is_spaced;
        skip(&text, take_token(text, t), &line);
        is_spaced = false;
    }
    for (int i = 0; i < 2; i++) {
        t = LIST_ADD(a, tokens.at, tokens.n);
        *t = (struct sql_token){.kind = SQL_END, .text = STR(""), .line = line};
    }
    tokens.n -= 2;
    return tokens;
}

bool sql_is_word(const struct sql_token *t, const char *word)
{
    return t->kind == SQL_WORD && str_eq_nocase(t->text, str_of(word));
}

bool sql_is_mark(const struct sql_token *t, const char *mark)
{
    return t->kind == SQL_MARK && str_eq(t->text, str_of(mark));
}

bool sql_is_name(const struct sql_token *t)
{
    return t->kind == SQL_WORD || t->kind == SQL_NAME;
}

size_t sql_closing(const struct sql_tokens *t, size_t open)
{
    int depth = 0;

    for (size_t i = open; i < t->n; i++) {
        depth += sql_is_mark(&t->at[i], "(");
        depth -= sql_is_mark(&t->at[i], ")");
        if (depth == 0)
            return i;
    }
    return t->n;
}

/* Bytes at the start of s that belong together: a quoted text, or one. */
static size_t unit_length(struct str s)
{
    return s.p[0] == '\'' || s.p[0] == '"' || s.p[0] == '`' ? quoted_length(s) : 1;
}

struct str sql_without_comments(struct arena *a, struct str text)
{
    char *to = arena_alloc(a, text.n + 1);
    struct str kept = {to, 0};

    while (text.n > 0) {
        size_t comment = comment_length(text), n = comment ? comment : unit_length(text);

        if (!comment)
            memcpy(to + kept.n, text.p, n);
        while (comment && kept.n > 0 && to[kept.n - 1] == ' ')
            kept.n--;
        kept.n += comment ? 0 : n;
        text = str_from(text, n);
    }
    return kept;
}

size_t sql_statement_length(struct str text)
{
    struct str rest = text;

    while (rest.n > 0 && rest.p[0] != ';') {
        size_t comment = comment_length(rest);

        rest = str_from(rest, comment ? comment : unit_length(rest));
    }
    return text.n - rest.n;
}
