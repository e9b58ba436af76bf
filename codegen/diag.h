/*
 * Diagnostics of one run: all of them are collected, sorted by place and printed at the end.
 * Each is one line "file:line: message"; one alone makes the run fail.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_DIAG_H
#define CODEGEN_DIAG_H

#include <stdio.h>

#include "base/arena.h"

/* A place in a source file, as it is shown: path from the project's root, line from 1 (0: none). */
struct pos {
    const char *file;
    int line;
};

struct diag_line {
    struct pos pos;
    const char *text;
};

struct diag {
    struct arena arena; /* owns file names and texts */
    struct diag_line *lines;
    size_t n, cap;
};

/* diag_init — no diagnostics yet. thread: main, as all of codegen */
void diag_init(struct diag *d);

/* diag_release — frees everything. */
void diag_release(struct diag *d);

/*
 * diag_at — one error at a place.
 * in: message without a final period or newline; what is wrong, then what to do about it
 */
__attribute__((format(printf, 3, 4))) void diag_at(struct diag *d, struct pos pos,
                                                   const char *fmt, ...);

/* diag_ok — nothing was reported so far. */
bool diag_ok(const struct diag *d);

/* diag_print — all lines to f, by file and line, in the order of reporting within a line. */
void diag_print(struct diag *d, FILE *f);

#endif
