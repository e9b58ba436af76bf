/* SPDX-License-Identifier: MIT */
#include "codegen/sql_side.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "codegen/catalog_load.h"
#include "codegen/emit_dao.h"
#include "codegen/list.h"
#include "codegen/plan.h"
#include "codegen/query_lock.h"
#include "codegen/query_shape.h"
#include "codegen/schema_record.h"

#include "base/banned.h"

struct sql_side {
    struct arena arena;
    struct engine *engine;
    struct catalog catalog;
    struct schema_record record;
    struct query_file *files;
    size_t n_files;
    struct query_rows rows;
};

/* A file of a folder, read whole. */
struct source {
    const char *path;
    struct str text;
};

struct sources {
    struct source *at;
    size_t n;
};

enum {
    FILE_MAX_BYTES = 16 << 20
};

static struct str read_file(struct arena *a, const char *path, struct diag *d)
{
    FILE *f = fopen(path, "rb");
    struct str text = STR("");
    struct buf bytes;
    char chunk[4096];
    size_t n;

    if (!f) {
        diag_at(d, (struct pos){path, 0}, "cannot be read: %s", strerror(errno));
        return text;
    }
    buf_init(&bytes, FILE_MAX_BYTES);
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        buf_append(&bytes, chunk, n);
    fclose(f);
    if (buf_ok(&bytes))
        text = arena_dup(a, buf_str(&bytes));
    else
        diag_at(d, (struct pos){path, 0}, "is above 16 MiB");
    buf_release(&bytes);
    return text;
}

static int is_sql(const struct dirent *entry)
{
    struct str name = str_of(entry->d_name);

    return name.n > 4 && name.p[0] != '.' &&
           str_eq(str_from(name, name.n - 4), STR(".sql"));
}

/* By bytes, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return str_cmp(str_of((*a)->d_name), str_of((*b)->d_name));
}

static struct sources read_folder(struct arena *a, const char *dir, struct diag *d)
{
    struct dirent **entries;
    struct sources sources = {0};
    int n = scandir(dir, &entries, is_sql, by_name);

    if (n < 0) {
        diag_at(d, (struct pos){dir, 0}, "cannot be read: %s", strerror(errno));
        return sources;
    }
    for (int i = 0; i < n; i++) {
        struct source *s = LIST_ADD(a, sources.at, sources.n);

        s->path = arena_printf(a, "%s/%s", dir, entries[i]->d_name).p;
        s->text = read_file(a, s->path, d);
        free(entries[i]);
    }
    free(entries);
    return sources;
}

/* Runs the statements of one migration up to the first that fails. */
static bool apply_migration(struct sql_side *s, const struct source *from,
                            unsigned version, struct diag *d)
{
    struct str rest = from->text;
    unsigned number = 0;
    struct why why;
    int line = 1;

    while (rest.n > 0) {
        struct str statement = {rest.p, sql_statement_length(rest)};
        struct sql_tokens t = sql_tokens_of(&s->arena, statement, line);

        if (t.n > 0 &&
            (!engine_run(s->engine, statement, &why) ||
             !schema_record_add(&s->record, statement, version, ++number, &why))) {
            diag_at(d, (struct pos){from->path, t.at[0].line}, "%s", why.text);
            return false;
        }
        line = t.at[t.n].line;
        rest = str_from(rest, statement.n + 1);
    }
    return true;
}

static void apply_migrations(struct sql_side *s, const char *dir, struct diag *d)
{
    struct sources sources = read_folder(&s->arena, dir, d);
    struct why why;

    for (size_t i = 0; i < sources.n; i++)
        if (!apply_migration(s, &sources.at[i], (unsigned)i + 1, d))
            return;
    if (!catalog_load(s->engine, &s->arena, &s->catalog, &why))
        diag_at(d, (struct pos){dir, 0}, "%s", why.text);
}

static struct str stem_of(struct arena *a, const char *path)
{
    struct str rest = str_of(path);

    while (str_find(rest, '/') < rest.n)
        rest = str_from(rest, str_find(rest, '/') + 1);
    return arena_dup(a, (struct str){rest.p, rest.n - 4});
}

static void load_files(struct sql_side *s, const char *dir, struct diag *d)
{
    struct sources sources = read_folder(&s->arena, dir, d);

    for (size_t i = 0; i < sources.n; i++) {
        struct query_file *file = LIST_ADD(&s->arena, s->files, s->n_files);

        file->stem = stem_of(&s->arena, sources.at[i].path);
        if (!query_file_parse(&s->arena, sources.at[i].path, sources.at[i].text, file, d))
            continue;
    }
}

static const struct query *find_query(const struct sql_side *s, struct str name)
{
    for (size_t f = 0; f < s->n_files; f++)
        for (size_t i = 0; i < s->files[f].n_queries; i++)
            if (str_eq(s->files[f].queries[i].name, name))
                return &s->files[f].queries[i];
    return NULL;
}

/* Types and plan of a query. What is wrong already is not looked at further. */
static void prove_query(struct sql_side *s, struct query *q, struct diag *d)
{
    size_t before = d->n;

    if (q->is_broken)
        return;
    query_write_sql(&s->arena, q, d);
    query_lint(q, &s->catalog, d);
    if (d->n != before || !query_shape_ask(s->engine, &s->arena, &s->catalog, q, d))
        return;
    query_type_params(&s->arena, q, &s->catalog, d);
    if (d->n == before)
        plan_check(s->engine, &s->arena, &s->catalog, q, d);
}

static void check_name(const struct sql_side *s, const struct query *q, struct diag *d)
{
    const struct query *first = find_query(s, q->name);

    if (first && first != q)
        diag_at(d, q->name_pos, "query " STR_FMT " exists already, at %s:%d",
                STR_ARG(q->name), first->name_pos.file, first->name_pos.line);
}

static void load_queries(struct sql_side *s, const char *dir, struct diag *d)
{
    struct why why;

    load_files(s, dir, d);
    if (!seed_fill(s->engine, &s->catalog, PLAN_ROWS, &why)) {
        diag_at(d, (struct pos){dir, 0}, "rows to check plans on: %s", why.text);
        return;
    }
    for (size_t f = 0; f < s->n_files; f++)
        for (size_t i = 0; i < s->files[f].n_queries; i++) {
            check_name(s, &s->files[f].queries[i], d);
            prove_query(s, &s->files[f].queries[i], d);
        }
    s->rows = query_rows_of(&s->arena, s->files, s->n_files, d);
}

struct sql_side *sql_side_load(const char *migrations, const char *queries,
                               struct diag *d)
{
    struct sql_side *s = mem_zalloc(sizeof(*s));
    size_t before = d->n;
    struct why why;

    arena_init(&s->arena, SIZE_MAX);
    s->engine = engine_start(&why);
    if (!s->engine) {
        diag_at(d, (struct pos){migrations, 0}, "%s", why.text);
        sql_side_free(&s);
        return NULL;
    }
    schema_record_init(&s->record, s->engine, &s->arena);
    apply_migrations(s, migrations, d);
    if (queries && d->n == before)
        load_queries(s, queries, d);
    return s;
}

const struct catalog *sql_side_catalog(const struct sql_side *s)
{
    return &s->catalog;
}

void sql_side_emit(const struct sql_side *s, const char *out_dir, struct diag *d)
{
    const struct dao_model model = {s->files, s->n_files, &s->rows, &s->catalog};

    emit_dao(&model, out_dir, d);
    schema_record_emit(&s->record, out_dir, d);
}

static const char lock_head[] =
    "-- Statements of the release; written by tools/release. Do not edit.\n";

void sql_side_record(const struct sql_side *s, const char *dir, struct diag *d)
{
    struct out o;

    out_init(&o);
    buf_append_c(&o.text, lock_head);
    for (size_t f = 0; f < s->n_files; f++)
        for (size_t i = 0; i < s->files[f].n_queries; i++)
            query_lock_write(&o, &s->files[f].queries[i]);
    out_write(&o, dir, "queries.lock", d);
    out_release(&o);
}

/* Says what the engine and the lints say, under the gate's own rule. */
static void prove_released(struct sql_side *s, struct query *q, struct diag *d)
{
    struct diag found;

    diag_init(&found);
    prove_query(s, q, &found);
    for (size_t i = 0; i < found.n; i++)
        diag_at(d, found.lines[i].pos, "SQL_STILL_PREPARES: " STR_FMT ": %s",
                STR_ARG(q->name), found.lines[i].text);
    if (diag_ok(&found))
        query_lock_compare(q, d);
    diag_release(&found);
}

void sql_side_compat(struct sql_side *s, const char *dir, struct diag *d)
{
    const char *path = arena_printf(&s->arena, "%s/queries.lock", dir).p;
    struct query_file released = {0};
    struct str text = read_file(&s->arena, path, d);

    if (!query_file_parse(&s->arena, path, text, &released, d))
        return;
    for (size_t i = 0; i < released.n_queries; i++)
        prove_released(s, &released.queries[i], d);
}

void sql_side_free(struct sql_side **s)
{
    struct sql_side *it = *s;

    if (!it)
        return;
    engine_stop(&it->engine);
    schema_record_release(&it->record);
    arena_release(&it->arena);
    free(it);
    *s = NULL;
}
