/*
 * reuse-gen: from the schema (an image of the .proto files, migrations, annotated queries) to
 * generated/. Phases: load, model, check, then emit, or compare with a release; nothing is written
 * if anything is wrong.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <unistd.h>

#include "codegen/check.h"
#include "codegen/compat.h"
#include "codegen/emit.h"
#include "codegen/sql_side.h"

#include "base/banned.h"

struct options {
    const char *image;
    const char *migrations;
    const char *queries;
    const char *out;    /* write what is generated there */
    const char *compat; /* compare with the release there */
    const char *record; /* write the release's lists there */
};

static bool parse_options(int argc, char **argv, struct options *to)
{
    const struct {
        const char *name;
        const char **value;
    } known[] = {
        {"--image", &to->image},     {"--migrations", &to->migrations},
        {"--queries", &to->queries}, {"--out", &to->out},
        {"--compat", &to->compat},   {"--record", &to->record},
    };

    for (int i = 1; i + 1 < argc; i += 2) {
        const char **value = NULL;

        for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
            if (str_eq(str_of(argv[i]), str_of(known[j].name)))
                value = known[j].value;
        if (!value)
            return false;
        *value = argv[i + 1];
    }
    return argc % 2 == 1 && (to->out || to->compat || to->record) &&
           (to->image || to->queries);
}

static void emit_all(const struct model *m, const char *dir, struct diag *d)
{
    emit_err(m, dir, d);
    emit_message(m, dir, d);
    emit_proto2(m, dir, d);
    emit_pb(m, dir, d);
    emit_settings(m, dir, d);
    emit_routes(m, dir, d);
    emit_envelope(m, dir, d);
    emit_examples(m, dir, d);
}

static void emit_contracts(const struct model *m, const char *dir, struct diag *d)
{
    struct contract contract;

    if (contract_init(&contract, m)) {
        emit_jsonschema(&contract, dir, d);
        emit_openapi(&contract, dir, d);
        emit_asyncapi(&contract, dir, d);
        emit_ts(&contract, dir, d);
        emit_docs(&contract, dir, d);
    }
    contract_release(&contract);
}

static void emit(const struct options *options, const struct model *m,
                 const struct sql_side *sql, struct diag *d)
{
    emit_all(m, options->out, d);
    emit_contracts(m, options->out, d);
    if (sql && options->queries)
        sql_side_emit(sql, options->out, d);
}

static void record(const struct options *options, const struct model *m,
                   const struct sql_side *sql, struct diag *d)
{
    if (options->image)
        compat_record(m, options->record, d);
    if (sql && options->queries)
        sql_side_record(sql, options->record, d);
}

static void compare(const struct options *options, const struct model *m,
                    struct sql_side *sql, struct diag *d)
{
    if (options->image)
        compat_check(m, options->compat, d);
    if (sql && options->queries)
        sql_side_compat(sql, options->compat, d);
}

static void run(const struct options *options, struct diag *d)
{
    struct sql_side *sql = NULL;
    struct model model = {0};

    if (options->migrations)
        sql = sql_side_load(options->migrations, options->queries, d);
    if (options->image) {
        model_load(&model, options->image, d);
        model_apply_catalog(&model, sql ? sql_side_catalog(sql) : NULL, d);
        check_model(&model, d);
    }
    if (diag_ok(d) && options->out)
        emit(options, &model, sql, d);
    if (diag_ok(d) && options->record)
        record(options, &model, sql, d);
    if (diag_ok(d) && options->compat)
        compare(options, &model, sql, d);
    model_release(&model);
    sql_side_free(&sql);
}

int main(int argc, char **argv)
{
    /* a copy: the embedded engine turns stderr into its own log */
    FILE *messages = fdopen(dup(STDERR_FILENO), "w");
    struct options options = {0};
    struct diag d;
    bool is_ok;

    if (!messages || !parse_options(argc, argv, &options)) {
        fprintf(stderr,
                "usage: reuse-gen [--image FILE] [--migrations DIR [--queries DIR]] "
                "[--out DIR] [--compat RELEASE] [--record RELEASE]\n");
        return 2;
    }
    diag_init(&d);
    run(&options, &d);
    diag_print(&d, messages);
    fclose(messages);
    is_ok = diag_ok(&d);
    diag_release(&d);
    return is_ok ? 0 : 1;
}
