/*
 * Takes a file of SQL apart into statements, and into tokens that say what matters in it: blanks,
 * comments and line ends do not. Knows quotes and comments, not the grammar.
 * SPDX-License-Identifier: MIT
 */
#ifndef DB_SQL_READER_H
#define DB_SQL_READER_H

#include "base/buf.h"

struct sql_reader {
    struct str rest;
    int line; /* of the first byte of rest, from 1 */
};

struct sql_statement {
    struct str text; /* without the ';', from its first token to its last; in the file */
    int line;        /* where it begins */
};

static inline struct sql_reader sql_reader_of(struct str file)
{
    return (struct sql_reader){file, 1};
}

/*
 * sql_next — the next statement; those without a token are skipped.
 * out:    its tokens, one blank behind each and ";\n" at the end, are appended to tokens
 * errors: false at the end of the file; an open quote or comment ends there too
 * thread: any
 */
bool sql_next(struct sql_reader *r, struct sql_statement *out, struct buf *tokens);

/* sql_starts — the statement begins with these words (upper case, one blank between). */
bool sql_starts(struct str statement, const char *words);

#endif
