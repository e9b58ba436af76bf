/*
 * Lines that must look as clang-format leaves them: wrapped argument lists, string literals over
 * several lines, members with comments in one column.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_EMIT_LAYOUT_H
#define CODEGEN_EMIT_LAYOUT_H

#include "codegen/out.h"

enum {
    LAYOUT_COLUMNS = 90,
    LAYOUT_ITEMS_MAX = 16
};

/* Arguments of a call or parameters of a function. */
struct layout_list {
    struct str items[LAYOUT_ITEMS_MAX];
    size_t n;
};

/* layout_add — formats one more item. */
__attribute__((format(printf, 3, 4))) void
layout_add(struct layout_list *list, struct out *o, const char *fmt, ...);

/* layout_call — "head(a, b, c)tail\n", wrapped under the bracket. in: head with indent */
void layout_call(struct out *o, struct str head, const struct layout_list *list,
                 const char *tail);

/* layout_prototype — "type name(a, b)tail\n", the type on a line of its own where that saves some. */
void layout_prototype(struct out *o, struct str type, struct str name,
                      const struct layout_list *list, const char *tail);

/* layout_text — text as lines of a comment, each behind prefix; further lines of a paragraph
 * hang blanks deeper than its first. in: lines are joined and broken anew, unless keep_lines */
void layout_text(struct out *o, const char *prefix, int hang, struct str text,
                 bool keep_lines);

/* layout_literal — "    .member = "text" "more text",\n", cut at blanks. in: member may be NULL */
void layout_literal(struct out *o, const char *member, struct str text);

/* Members of a struct; each with a comment or "". */
struct layout_members {
    struct layout_member {
        struct str text, comment;
    } at[64];
    size_t n;
};

/* layout_member — one more line, "bool has_x;" and its comment (may be empty). */
void layout_member(struct layout_members *m, struct str text, struct str comment);

/* layout_members — the lines, comments of neighbours in one column. */
void layout_members(struct out *o, const struct layout_members *m);

#endif
