/*
 * Words of a SQL text: enough to find parameters, tables and columns, and no more.
 * What a statement means is asked from the engine.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_SQL_TOKEN_H
#define CODEGEN_SQL_TOKEN_H

#include "base/arena.h"

enum sql_kind {
    SQL_END,    /* behind the last one, text "" */
    SQL_WORD,   /* keyword or name */
    SQL_NAME,   /* `name`; text without the quotes */
    SQL_STRING, /* 'text' or "text", with the quotes */
    SQL_NUMBER,
    SQL_PARAM, /* :name; text without the colon */
    SQL_LIST,  /* :name*; text without colon and star */
    SQL_MARK,  /* an operator or a bracket: <= ( ? */
};

struct sql_token {
    enum sql_kind kind;
    struct str text;
    int line;       /* from 1, in the text that was given */
    bool is_spaced; /* blanks or a comment before it */
};

struct sql_tokens {
    struct sql_token
        *at; /* n of them, then SQL_END twice, so that a look ahead is safe */
    size_t n;
};

/*
 * sql_tokens_of — splits text; comments (two dashes, hash, slash star) are left out.
 * in:  line: number of the text's first line
 * out: texts point into text, arrays live in a
 */
struct sql_tokens sql_tokens_of(struct arena *a, struct str text, int line);

/* sql_is_word — t is the keyword (ASCII case ignored), not a quoted name. */
bool sql_is_word(const struct sql_token *t, const char *word);

/* sql_is_mark — t is this operator or bracket. */
bool sql_is_mark(const struct sql_token *t, const char *mark);

/* sql_is_name — t may name a table or column. */
bool sql_is_name(const struct sql_token *t);

/* sql_closing — index of the bracket that closes the one at open, or t->n. */
size_t sql_closing(const struct sql_tokens *t, size_t open);

/* sql_without_comments — text with each comment, and the blanks in front of it, left out. */
struct str sql_without_comments(struct arena *a, struct str text);

/*
 * sql_statement_length — bytes of text up to the ';' that ends its first statement, which may
 * stand in neither quotes nor comments; all of them if there is none.
 */
size_t sql_statement_length(struct str text);

#endif
