/* SPDX-License-Identifier: MIT */
#include "codegen/out.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/bug.h"

#include "base/banned.h"

enum {
    OUT_MAX = 64 << 20,
    COLUMNS = 90
};

void out_init(struct out *o)
{
    *o = (struct out){0};
    buf_init(&o->text, OUT_MAX);
    arena_init(&o->arena, SIZE_MAX);
}

void out_release(struct out *o)
{
    buf_release(&o->text);
    arena_release(&o->arena);
    o->n_vars = 0;
}

static struct out_var *find(struct out *o, struct str name)
{
    for (size_t i = 0; i < o->n_vars; i++)
        if (str_eq(str_of(o->vars[i].name), name))
            return &o->vars[i];
    return NULL;
}

static void set(struct out *o, const char *name, struct str owned)
{
    struct out_var *var = find(o, str_of(name));

    if (!var) {
        BUG_ON(o->n_vars == OUT_VARS_MAX);
        var = &o->vars[o->n_vars++];
    }
    *var = (struct out_var){name, owned};
}

void out_set(struct out *o, const char *name, struct str value)
{
    set(o, name, arena_dup(&o->arena, value.p ? value : STR("")));
}

void out_set_c(struct out *o, const char *name, const char *value)
{
    out_set(o, name, str_of(value));
}

void out_set_int(struct out *o, const char *name, int64_t value)
{
    set(o, name, arena_printf(&o->arena, "%lld", (long long)value));
}

static void put_quoted_char(struct buf *to, char c)
{
    if (c == '"' || c == '\\')
        buf_printf(to, "\\%c", c);
    else if (c == '\n')
        buf_append_c(to, "\\n");
    else if (c == '\t')
        buf_append_c(to, "\\t");
    else if ((unsigned char)c < 0x20)
        buf_printf(to, "\\%03o", (unsigned)(unsigned char)c);
    else
        buf_putc(to, c);
}

void out_set_quoted(struct out *o, const char *name, struct str value)
{
    struct buf quoted;

    buf_init(&quoted, OUT_MAX);
    buf_putc(&quoted, '"');
    for (size_t i = 0; i < value.n; i++)
        put_quoted_char(&quoted, value.p[i]);
    buf_putc(&quoted, '"');
    out_set(o, name, buf_str(&quoted));
    buf_release(&quoted);
}

void out_put(struct out *o, const char *text)
{
    struct str rest = str_of(text), part, name;

    while (str_split(&rest, '$', &part)) {
        const struct out_var *var;

        buf_append_str(&o->text, part);
        if (!rest.p)
            break;
        BUG_ON(!str_split(&rest, '$', &name) || !rest.p);
        if (name.n == 0) {
            buf_putc(&o->text, '$');
            continue;
        }
        var = find(o, name);
        BUG_ON(!var);
        buf_append_str(&o->text, var->value);
    }
    BUG_ON(!buf_ok(&o->text));
}

/* The next word of one paragraph; false at its end. */
static bool next_word(struct str *text, struct str *word_out)
{
    size_t n = 0;

    *text = str_trim(*text);
    while (n < text->n && text->p[n] != ' ' && text->p[n] != '\n')
        n++;
    *word_out = (struct str){text->p, n};
    *text = str_from(*text, n);
    return n > 0;
}

/* A comment is one line if it fits, else a block with a star before each line. */
static size_t words_width(struct str text)
{
    struct str word;
    size_t width = 0;

    while (next_word(&text, &word))
        width += word.n + 1;
    return width;
}

static void put_blanks(struct out *o, int n)
{
    for (int i = 0; i < n; i++)
        buf_putc(&o->text, ' ');
}

static void put_paragraph(struct out *o, int indent, struct str text)
{
    size_t column = 0;
    struct str word;

    while (next_word(&text, &word)) {
        if (column > 0 && column + 1 + word.n > COLUMNS) {
            buf_putc(&o->text, '\n');
            column = 0;
        }
        if (column == 0) {
            put_blanks(o, indent);
            buf_append_c(&o->text, " *");
            column = (size_t)indent + 2;
        }
        buf_putc(&o->text, ' ');
        buf_append_str(&o->text, word);
        column += 1 + word.n;
    }
    buf_putc(&o->text, '\n');
}

/* Takes the text before the next blank line off *rest. */
static bool next_paragraph(struct str *rest, struct str *paragraph_out)
{
    struct str line, all = *rest;

    *paragraph_out = (struct str){all.p, 0};
    while (str_split(rest, '\n', &line)) {
        if (str_trim(line).n == 0 && paragraph_out->n > 0)
            return true;
        if (str_trim(line).n > 0)
            paragraph_out->n = (size_t)(line.p + line.n - all.p);
    }
    return paragraph_out->n > 0;
}

void out_comment(struct out *o, int indent, struct str text)
{
    struct str paragraph, rest = str_trim(text);
    bool is_first = true;

    if (rest.n == 0)
        return;
    if (words_width(rest) + (size_t)indent + 6 <= COLUMNS) {
        put_blanks(o, indent);
        buf_append_c(&o->text, "/*");
        while (next_word(&rest, &paragraph)) {
            buf_putc(&o->text, ' ');
            buf_append_str(&o->text, paragraph);
        }
        buf_append_c(&o->text, " */\n");
        return;
    }
    put_blanks(o, indent);
    buf_append_c(&o->text, "/*\n");
    while (next_paragraph(&rest, &paragraph)) {
        if (!is_first) {
            put_blanks(o, indent);
            buf_append_c(&o->text, " *\n");
        }
        put_paragraph(o, indent, paragraph);
        is_first = false;
    }
    put_blanks(o, indent);
    buf_append_c(&o->text, " */\n");
}

void out_head(struct out *o, const char *source)
{
    buf_printf(&o->text,
               "/* Generated by reuse-gen from %s. Do not edit; run tools/regen. */\n",
               source);
}

/* Makes the folders of path, which ends in a file name. */
static void make_folders(char *path)
{
    for (char *at = path + 1; *at; at++)
        if (*at == '/') {
            *at = '\0';
            if (mkdir(path, 0777) != 0 && errno != EEXIST)
                return; /* opening the file will tell */
            *at = '/';
        }
}

static bool has_bytes(const char *path, struct str want)
{
    FILE *f = fopen(path, "rb");
    char chunk[4096];
    bool is_same = f != NULL;

    while (is_same) {
        size_t n = fread(chunk, 1, sizeof(chunk), f);

        if (n == 0)
            break;
        is_same = n <= want.n && memcmp(chunk, want.p, n) == 0;
        want = str_from(want, n);
    }
    if (f)
        fclose(f);
    return is_same && want.n == 0;
}

void out_write(struct out *o, const char *dir, const char *name, struct diag *d)
{
    struct arena scratch;
    char *path;
    FILE *f;

    arena_init(&scratch, SIZE_MAX);
    path = (char *)(uintptr_t)arena_printf(&scratch, "%s/%s", dir, name).p;
    make_folders(path);
    if (!has_bytes(path, buf_str(&o->text))) {
        f = fopen(path, "wb");
        if (!f || fwrite(o->text.p, 1, o->text.n, f) != o->text.n)
            diag_at(d, (struct pos){path, 0}, "cannot be written: %s", strerror(errno));
        if (f && fclose(f) != 0)
            diag_at(d, (struct pos){path, 0}, "cannot be written: %s", strerror(errno));
    }
    buf_reset(&o->text);
    arena_release(&scratch);
}
