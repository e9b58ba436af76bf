/*
 * A printer for JSON that people read: two blanks a level, members in the order they are put.
 * Commas and line breaks are its own business, so that an emitter is a list of members.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_JSONW_H
#define CODEGEN_JSONW_H

#include "base/buf.h"

struct jsonw {
    struct buf *text;
    int depth;
    bool is_empty; /* nothing was put since the last opening bracket */
};

/* jsonw_init — a value to be appended to text. thread: main, as all of codegen */
void jsonw_init(struct jsonw *w, struct buf *text);

/* jsonw_open, jsonw_close — an object or array; key is NULL in an array and at the top. */
void jsonw_open(struct jsonw *w, const char *key, char bracket);
void jsonw_close(struct jsonw *w, char bracket);

/* jsonw_str … — one member, or element if key is NULL. */
void jsonw_str(struct jsonw *w, const char *key, struct str value);
void jsonw_c(struct jsonw *w, const char *key, const char *value);
void jsonw_int(struct jsonw *w, const char *key, int64_t value);
void jsonw_bool(struct jsonw *w, const char *key, bool value);
void jsonw_null(struct jsonw *w, const char *key);

/* jsonw_raw — value is JSON already; it stays on one line. */
void jsonw_raw(struct jsonw *w, const char *key, struct str value);

/* jsonw_strs — an array of texts on one line. */
void jsonw_strs(struct jsonw *w, const char *key, const char *const *values, size_t n);

/* jsonw_end — the line break behind the last bracket. in: all are closed */
void jsonw_end(struct jsonw *w);

#endif
