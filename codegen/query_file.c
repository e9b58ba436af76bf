/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "codegen/list.h"
#include "codegen/query.h"

#include "base/banned.h"

struct reader {
    struct arena *a;
    struct diag *d;
    const char *path;
    struct str rest;
    int line; /* of the first byte of rest */
};

/* The comment lines above a statement. */
struct comment {
    struct comment_line {
        struct str text;
        int line;
    } * lines;
    size_t n;
};

static bool next_line(struct reader *r, struct str *line_out)
{
    if (!r->rest.p || r->rest.n == 0)
        return false;
    *line_out = str_trim((struct str){r->rest.p, str_find(r->rest, '\n')});
    r->rest = str_from(r->rest, str_find(r->rest, '\n') + 1);
    r->line++;
    return true;
}

static bool is_annotated(const struct comment *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (str_starts(c->lines[i].text, STR("@")))
            return true;
    return false;
}

/* Reads comment and blank lines up to a statement. A blank line ends a comment about the file. */
static void read_comment(struct reader *r, struct comment *out)
{
    struct reader at = *r;
    struct str line;

    *out = (struct comment){0};
    while (next_line(&at, &line) && (line.n == 0 || str_starts(line, STR("--")))) {
        if (line.n == 0 && !is_annotated(out))
            out->n = 0;
        if (line.n > 0)
            *LIST_ADD(r->a, out->lines, out->n) =
                (struct comment_line){str_trim(str_from(line, 2)), at.line - 1};
        *r = at;
    }
}

/* The word before the next blank. */
static struct str take_word(struct str *rest)
{
    struct str word, all = str_trim(*rest);
    size_t n = 0;

    while (n < all.n && all.p[n] != ' ' && all.p[n] != '\t')
        n++;
    word = (struct str){all.p, n};
    *rest = str_trim(str_from(all, n));
    return word;
}

static bool is_identifier(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && s.p[i] != '_' &&
            !(i > 0 && s.p[i] >= '0' && s.p[i] <= '9'))
            return false;
    return s.n > 0;
}

static void note_query(struct query *q, struct pos pos, struct str rest, struct diag *d)
{
    static const char *const kinds[] = {"one", "many", "exec"};
    struct str name = take_word(&rest), kind = take_word(&rest), extra = take_word(&rest);
    size_t k = 0;

    while (k < 3 && !str_eq(kind, str_of(kinds[k])))
        k++;
    if (q->name.p)
        diag_at(d, pos, "second @query for one statement; end the first with ';'");
    else if (!is_identifier(name))
        diag_at(d, pos, "@query needs a name of a-z, 0-9 and _, then one, many or exec");
    else if (k == 3)
        diag_at(d, pos, "unknown kind '" STR_FMT "'; one, many or exec", STR_ARG(kind));
    else if (extra.n > 0 && !(str_eq(extra, STR("batch")) && k == QUERY_EXEC))
        diag_at(d, pos, "unknown word '" STR_FMT "' behind @query; exec may have batch",
                STR_ARG(extra));
    q->name = name;
    q->name_pos = pos;
    q->kind = k < 3 ? (enum query_kind)k : QUERY_EXEC;
    q->is_batch = extra.n > 0;
}

static void note_row(struct query *q, struct pos pos, struct str rest, struct diag *d)
{
    if (!is_identifier(rest))
        diag_at(d, pos, "@row needs one name of a-z, 0-9 and _");
    else
        q->row = rest;
    q->row_pos = pos;
}

static void note_param(struct arena *a, struct query *q, struct pos pos, struct str rest,
                       struct diag *d)
{
    struct query_note note = {.pos = pos, .name = take_word(&rest)};

    if (note.name.n > 1 && note.name.p[note.name.n - 1] == '?') {
        note.is_nullable = true;
        note.name.n--;
    }
    note.type = take_word(&rest);
    if (rest.n > 0)
        note.range = take_word(&rest);
    if (!is_identifier(note.name) || rest.n > 0)
        diag_at(d, pos, "@param needs a name, a type and at most a range a..b");
    else
        *LIST_ADD(a, q->notes, q->n_notes) = note;
}

static void note_allow(struct query *q, struct pos pos, struct str rest, struct diag *d)
{
    struct str what = take_word(&rest), because = take_word(&rest);

    if (!str_eq(because, STR("because")) || rest.n == 0)
        diag_at(d, pos, "@allow needs a reason: @allow scan because …");
    if (str_eq(what, STR("scan")))
        q->may_scan = true;
    else if (str_eq(what, STR("filesort")))
        q->may_filesort = true;
    else
        diag_at(d, pos, "unknown @allow '" STR_FMT "'; scan or filesort", STR_ARG(what));
}

static void read_annotation(struct reader *r, struct query *q, struct pos pos,
                            struct str text)
{
    struct str rest = text, word = take_word(&rest);

    if (str_eq(word, STR("@query")))
        note_query(q, pos, rest, r->d);
    else if (str_eq(word, STR("@row")))
        note_row(q, pos, rest, r->d);
    else if (str_eq(word, STR("@param")))
        note_param(r->a, q, pos, rest, r->d);
    else if (str_eq(word, STR("@allow")))
        note_allow(q, pos, rest, r->d);
    else
        diag_at(r->d, pos,
                "unknown annotation '" STR_FMT "'; @query, @row, @param, @allow",
                STR_ARG(word));
}

/* An annotation goes on in the lines below it, up to the next one. */
static size_t join_annotation(struct arena *a, const struct comment *c, size_t i,
                              struct str *text_out)
{
    *text_out = c->lines[i++].text;
    for (; i < c->n && !str_starts(c->lines[i].text, STR("@")); i++)
        if (c->lines[i].text.n > 0)
            *text_out = arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(*text_out),
                                     STR_ARG(c->lines[i].text));
    return i;
}

static void read_annotations(struct reader *r, const struct comment *c, struct query *q)
{
    struct str text;
    size_t i = 0;

    for (; i < c->n && !str_starts(c->lines[i].text, STR("@")); i++)
        q->doc = q->doc.p ? arena_printf(r->a, STR_FMT "\n" STR_FMT, STR_ARG(q->doc),
                                         STR_ARG(c->lines[i].text))
                          : c->lines[i].text;
    while (i < c->n) {
        struct pos pos = {r->path, c->lines[i].line};

        i = join_annotation(r->a, c, i, &text);
        read_annotation(r, q, pos, text);
    }
}

/* Takes the text up to the next ';' off the rest. */
static struct str take_statement(struct reader *r)
{
    size_t n = sql_statement_length(r->rest);
    struct str text = {r->rest.p, n};

    for (size_t i = 0; i < n; i++)
        r->line += r->rest.p[i] == '\n';
    r->rest = str_from(r->rest, n + 1);
    return str_trim(text);
}

static void read_query(struct reader *r, const struct comment *c, struct query_file *out)
{
    struct query q = {.pos = {r->path, r->line}};
    size_t before = r->d->n;

    read_annotations(r, c, &q);
    q.is_broken = r->d->n != before;
    q.text = take_statement(r);
    q.tokens = sql_tokens_of(r->a, q.text, q.pos.line);
    q.text = sql_without_comments(r->a, q.text);
    if (!q.name.p)
        diag_at(r->d, q.pos, "a statement without -- @query name one|many|exec");
    else if (str_is_empty(q.doc))
        diag_at(r->d, q.name_pos, STR_FMT " needs a comment above @query: what it is for",
                STR_ARG(q.name));
    else
        *LIST_ADD(r->a, out->queries, out->n_queries) = q;
}

bool query_file_parse(struct arena *a, const char *path, struct str text,
                      struct query_file *out, struct diag *d)
{
    struct reader r = {.a = a, .d = d, .path = path, .rest = text, .line = 1};
    size_t before = d->n;
    struct comment c;

    out->path = path;
    for (;;) {
        read_comment(&r, &c);
        if (str_trim(r.rest).n == 0)
            break;
        read_query(&r, &c, out);
        if (str_starts(r.rest, STR("\n"))) {
            r.rest = str_from(r.rest, 1);
            r.line++;
        }
    }
    if (is_annotated(&c))
        diag_at(d, (struct pos){path, c.lines[0].line},
                "annotations without a statement");
    return d->n == before;
}

struct query_param *query_param(const struct query *q, struct str name)
{
    for (size_t i = 0; i < q->n_params; i++)
        if (str_eq(q->params[i].name, name))
            return &q->params[i];
    return NULL;
}
