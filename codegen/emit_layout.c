/* SPDX-License-Identifier: MIT */
#include "codegen/emit_layout.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/bug.h"

#include "base/banned.h"

enum {
    ITEM_MAX_BYTES = 512,
    INDENT = 4,
    WORTH_A_LINE = 3 /* breaks that must be saved to put the type on a line of its own */
};

void layout_add(struct layout_list *list, struct out *o, const char *fmt, ...)
{
    char text[ITEM_MAX_BYTES];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    BUG_ON(list->n == LAYOUT_ITEMS_MAX);
    list->items[list->n++] = arena_dup(&o->arena, str_of(text));
}

static void put_blanks(struct out *o, size_t n)
{
    while (n-- > 0)
        buf_putc(&o->text, ' ');
}

/* Where item i of a list stands when column is where the last one ended: on the next line? */
static bool must_break(const struct layout_list *list, size_t i, size_t column,
                       const char *tail)
{
    size_t after =
        i + 1 == list->n ? 1 + strlen(tail) : 1; /* bracket and tail, or comma */

    return column + 1 + list->items[i].n + after > LAYOUT_COLUMNS;
}

/* Line breaks that a list needs behind a bracket at indent; many if an item does not fit. */
static size_t count_breaks(const struct layout_list *list, size_t indent,
                           const char *tail)
{
    size_t column = indent - 1, breaks = 0;

    for (size_t i = 0; i < list->n; i++) {
        if (must_break(list, i, column, tail)) {
            breaks += i > 0 ? 1 : 100;
            column = indent - 1;
        }
        column += 1 + list->items[i].n + 1;
    }
    return breaks;
}

static void put_items(struct out *o, const struct layout_list *list, size_t indent,
                      const char *tail)
{
    size_t column = indent - 1;

    buf_putc(&o->text, '(');
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0 && must_break(list, i, column, tail)) {
            buf_putc(&o->text, '\n');
            put_blanks(o, indent);
            column = indent - 1;
        } else if (i > 0) {
            buf_putc(&o->text, ' ');
        }
        buf_append_str(&o->text, list->items[i]);
        buf_append_c(&o->text, i + 1 == list->n ? "" : ",");
        column += 1 + list->items[i].n + 1;
    }
    buf_printf(&o->text, ")%s\n", tail);
}

void layout_call(struct out *o, struct str head, const struct layout_list *list,
                 const char *tail)
{
    buf_append_str(&o->text, head);
    put_items(o, list, head.n + 1, tail);
}

void layout_prototype(struct out *o, struct str type, struct str name,
                      const struct layout_list *list, const char *tail)
{
    size_t indent = type.n + 1 + name.n + 1;
    bool is_split = count_breaks(list, indent, tail) >=
                    count_breaks(list, name.n + 1, tail) + WORTH_A_LINE;

    buf_printf(&o->text, STR_FMT "%c" STR_FMT, STR_ARG(type), is_split ? '\n' : ' ',
               STR_ARG(name));
    put_items(o, list, is_split ? name.n + 1 : indent, tail);
}

/* Bytes of text for one line of width bytes: up to a blank, which stays on the line. */
static size_t piece_length(struct str text, size_t width)
{
    size_t n = 0, used = 0, last = 0;

    while (n < text.n) {
        used += text.p[n] == '"' || text.p[n] == '\\' ? 2 : 1;
        if (used > width)
            break;
        if (text.p[n++] == ' ')
            last = n;
    }
    if (n == text.n)
        return n;
    return last > 0 ? last : n;
}

void layout_literal(struct out *o, const char *member, struct str text)
{
    size_t indent = INDENT;
    bool is_first = true;

    put_blanks(o, INDENT);
    if (member) {
        buf_printf(&o->text, ".%s = ", member);
        indent += strlen(member) + sizeof(". = ") - 1;
    }
    while (text.n > 0 || is_first) {
        size_t n = piece_length(text, LAYOUT_COLUMNS - indent - sizeof("\"\",") + 1);

        if (!is_first) {
            buf_putc(&o->text, '\n');
            put_blanks(o, indent);
        }
        out_set_quoted(o, "piece", (struct str){text.p, n});
        out_put(o, "$piece$");
        text = str_from(text, n);
        is_first = false;
    }
    buf_append_c(&o->text, ",\n");
}

void layout_member(struct layout_members *m, struct str text, struct str comment)
{
    BUG_ON(m->n == sizeof(m->at) / sizeof(m->at[0]));
    m->at[m->n++] = (struct layout_member){text, comment};
}

/* Width of the text that the comments of the lines around line i must stand behind. */
static size_t comment_column(const struct layout_members *m, size_t i)
{
    size_t from = i, width = 0;

    while (from > 0 && m->at[from - 1].comment.n > 0)
        from--;
    for (; from < m->n && m->at[from].comment.n > 0; from++)
        width = m->at[from].text.n > width ? m->at[from].text.n : width;
    return width + 1;
}

void layout_members(struct out *o, const struct layout_members *m)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct layout_member *it = &m->at[i];

        put_blanks(o, INDENT);
        buf_append_str(&o->text, it->text);
        if (it->comment.n > 0) {
            put_blanks(o, comment_column(m, i) - it->text.n);
            buf_printf(&o->text, "/* " STR_FMT " */", STR_ARG(it->comment));
        }
        buf_putc(&o->text, '\n');
    }
}

/* Takes a line of at most width characters off *rest: the words up to a blank or its end. */
static struct str take_line(struct str *rest, size_t width)
{
    struct str line = {rest->p, rest->n};
    size_t last = 0, column = 0;

    for (size_t i = 0; i < rest->n; i++) {
        column += ((unsigned char)rest->p[i] & 0xc0) != 0x80; /* not inside a character */
        if (rest->p[i] == ' ' && i > 0 && rest->p[i - 1] != ' ')
            last = i;
        if (column > width && last > 0) {
            line.n = last;
            break;
        }
    }
    *rest = str_trim(str_from(*rest, line.n));
    return line;
}

static void put_paragraph(struct out *o, const char *prefix, int hang, struct str text)
{
    size_t width = LAYOUT_COLUMNS - strlen(prefix), own = 0;
    bool is_first = true;

    while (own < text.n && text.p[own] == ' ')
        own++;
    while (text.n > 0) {
        size_t indent = is_first ? 0 : own + (size_t)hang;
        struct str line = take_line(&text, width - indent);

        buf_append_c(&o->text, prefix);
        put_blanks(o, indent);
        buf_append_str(&o->text, line);
        buf_putc(&o->text, '\n');
        is_first = false;
    }
}

void layout_text(struct out *o, const char *prefix, int hang, struct str text,
                 bool keep_lines)
{
    struct str line, paragraph = STR_NULL;

    while (str_split(&text, '\n', &line)) {
        while (line.n > 0 && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\r'))
            line.n--;
        if (!keep_lines && line.n > 0 && paragraph.n > 0) {
            paragraph = arena_printf(&o->arena, STR_FMT " " STR_FMT, STR_ARG(paragraph),
                                     STR_ARG(line));
            continue;
        }
        put_paragraph(o, prefix, hang, paragraph);
        if (line.n == 0)
            buf_printf(&o->text, STR_FMT "\n",
                       STR_ARG(str_trim(str_of(prefix)))); /* a star alone */
        paragraph = line;
    }
    put_paragraph(o, prefix, hang, paragraph);
}
