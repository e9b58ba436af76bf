/* SPDX-License-Identifier: MIT */
#include "codegen/jsonw.h"

#include "base/bug.h"
#include "codec/json.h"

#include "base/banned.h"

void jsonw_init(struct jsonw *w, struct buf *text)
{
    *w = (struct jsonw){.text = text, .is_empty = true};
}

static void new_line(struct jsonw *w)
{
    buf_putc(w->text, '\n');
    for (int i = 0; i < w->depth; i++)
        buf_append_c(w->text, "  ");
}

static void begin(struct jsonw *w, const char *key)
{
    if (!w->is_empty)
        buf_putc(w->text, ',');
    if (w->depth > 0)
        new_line(w);
    w->is_empty = false;
    if (!key)
        return;
    json_put_string(w->text, str_of(key));
    buf_append_c(w->text, ": ");
}

void jsonw_open(struct jsonw *w, const char *key, char bracket)
{
    begin(w, key);
    buf_putc(w->text, bracket);
    w->depth++;
    w->is_empty = true;
}

void jsonw_close(struct jsonw *w, char bracket)
{
    BUG_ON(w->depth == 0);
    w->depth--;
    if (!w->is_empty)
        new_line(w);
    w->is_empty = false;
    buf_putc(w->text, bracket);
}

void jsonw_str(struct jsonw *w, const char *key, struct str value)
{
    begin(w, key);
    json_put_string(w->text, value);
}

void jsonw_c(struct jsonw *w, const char *key, const char *value)
{
    jsonw_str(w, key, str_of(value));
}

void jsonw_int(struct jsonw *w, const char *key, int64_t value)
{
    begin(w, key);
    buf_append_i64(w->text, value);
}

void jsonw_bool(struct jsonw *w, const char *key, bool value)
{
    begin(w, key);
    buf_append_c(w->text, value ? "true" : "false");
}

void jsonw_null(struct jsonw *w, const char *key)
{
    begin(w, key);
    buf_append_c(w->text, "null");
}

void jsonw_raw(struct jsonw *w, const char *key, struct str value)
{
    begin(w, key);
    buf_append_str(w->text, value);
}

void jsonw_strs(struct jsonw *w, const char *key, const char *const *values, size_t n)
{
    begin(w, key);
    buf_putc(w->text, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_append_c(w->text, ", ");
        json_put_string(w->text, str_of(values[i]));
    }
    buf_putc(w->text, ']');
}

void jsonw_end(struct jsonw *w)
{
    BUG_ON(w->depth != 0);
    buf_putc(w->text, '\n');
}
