/*
 * What looks at the records and the live tables and changes neither: where a database stands, what
 * a run would do, and what has drifted.
 * SPDX-License-Identifier: MIT
 */
#include "db/migrate_record.h"
#include "db/schema.h"

#include "base/banned.h"

enum {
    TEXT_MAX = 1 << 20,
    LOOKS_MAX = 100
};

static enum err fail(struct db *db, struct why *why, enum err rc)
{
    why_set(why, "%s", db_error_text(db));
    return rc;
}

bool migration_changes_rows(struct str statement)
{
    return sql_starts(statement, "INSERT") || sql_starts(statement, "UPDATE") ||
           sql_starts(statement, "DELETE") || sql_starts(statement, "REPLACE");
}

static enum err position_of(struct db *db, const struct migration *file,
                            struct position *at, struct why *why)
{
    struct migration_text t;
    struct record record;
    struct arena a;
    enum err rc;

    arena_init(&a, TEXT_MAX);
    migration_text_init(&t, file);
    rc = record_read_fitting(db, &t, at->highest, &a, &record, why);
    if (rc == ERR_OK && record.state != MIGRATE_PENDING) {
        at->version = file->version;
        at->applied = record.applied;
        at->is_cut_short = !record_is_done(&record);
        at->done = at->is_cut_short ? at->done : file->version;
    }
    migration_text_release(&t);
    arena_release(&a);
    return rc;
}

enum err record_position(struct db *db, const struct migration_set *set,
                         struct position *out, struct why *why)
{
    enum err rc;

    *out = (struct position){0};
    rc = record_highest(db, &out->highest);
    if (rc != ERR_OK)
        return fail(db, why, rc);
    for (size_t i = 0; i < set->n && !rc; i++)
        rc = position_of(db, &set->files[i], out, why);
    return rc;
}

static void tell_neither(const struct migration_text *t, size_t number, struct buf *text,
                         struct why *why)
{
    struct str rest = buf_str(text), first = STR("");

    (void)str_split(&rest, '\n', &first);
    why_set(why,
            "%04u_%s.sql, statement %zu was cut short, and its tables are neither as "
            "before it nor as after it: " STR_FMT,
            t->file->version, t->file->name, number, STR_ARG(first));
}

enum err record_resume(struct db *db, const struct migration_set *set,
                       const struct migration_text *t, const struct record *record,
                       size_t *applied_out, struct why *why)
{
    bool was_begun = record->state == MIGRATE_RUNNING || record->state == MIGRATE_FAILED;
    enum schema_step step = SCHEMA_NO_STEP;
    struct schema live;
    struct arena a;
    struct buf text;
    enum err rc;

    *applied_out = record->applied;
    if (!was_begun || record->applied >= t->n ||
        migration_changes_rows(t->statements[record->applied].text))
        return ERR_OK;
    arena_init(&a, SIZE_MAX);
    buf_init(&text, TEXT_MAX);
    rc = schema_read(db, &a, &live);
    if (rc == ERR_OK)
        step =
            schema_step(set->schema, t->file->version, record->applied + 1, &live, &text);
    else
        rc = fail(db, why, rc);
    if (step == SCHEMA_AFTER)
        (*applied_out)++;
    /* One that failed says again why: it has not been applied. */
    if (step == SCHEMA_NEITHER && record->state == MIGRATE_RUNNING) {
        tell_neither(t, record->applied + 1, &text, why);
        rc = ERR_DB_SCHEMA;
    }
    buf_release(&text);
    arena_release(&a);
    return rc;
}

/* --- status ------------------------------------------------------------------------------- */

static enum err status_of(struct db *db, const struct migration *file, struct arena *a,
                          struct migrate_status *out)
{
    struct migration_text t;
    struct record record;
    enum err rc;

    migration_text_init(&t, file);
    rc = record_read(db, &t, a, &record);
    *out = (struct migrate_status){
        .version = file->version,
        .name = file->name,
        .state = record.state,
        .applied = record.applied,
        .statements = record.state == MIGRATE_PENDING ? (unsigned)t.n : record.statements,
        .error = record.error,
    };
    if (rc == ERR_OK && record_fits(&t, &record, 0, NULL) != ERR_OK)
        out->state = MIGRATE_CHANGED;
    migration_text_release(&t);
    return rc;
}

enum err migrate_status(struct db *db, const struct migration_set *set, struct arena *a,
                        struct migrate_status **rows_out)
{
    struct migrate_status *rows = ARENA_ARRAY(a, struct migrate_status, set->n + 1);
    enum err rc = rows ? ERR_OK : ERR_TOO_LARGE;

    for (size_t i = 0; i < set->n && !rc; i++)
        rc = status_of(db, &set->files[i], a, &rows[i]);
    *rows_out = rows;
    return rc;
}

/* --- verify ------------------------------------------------------------------------------- */

/* The last statement of a run that was cut short may be applied and not counted. */
static bool is_one_further(const struct migration_set *set, const struct position *at,
                           const struct schema *live)
{
    struct buf ignored;
    size_t n;

    buf_init(&ignored, TEXT_MAX);
    n = schema_compare(set->schema, at->version, at->applied + 1, live, &ignored);
    buf_release(&ignored);
    return at->is_cut_short && n == 0;
}

static void judge(const struct migration_set *set, const struct position *at,
                  const struct schema *live, struct migrate_verdict *out,
                  struct buf *differences)
{
    bool is_recorded =
        at->version > 0; /* else tables of ours may be those to take over */
    unsigned version = is_recorded ? at->version : migration_last(set);
    size_t applied = is_recorded ? at->applied : SIZE_MAX,
           n = schema_compare(set->schema, version, applied, live, differences);

    if (is_recorded && n > 0 && !is_one_further(set, at, live)) {
        out->differences = n;
        return;
    }
    out->is_unrecorded = !is_recorded && version > 0 && n == 0;
    buf_reset(differences);
}

static bool is_same_position(const struct position *a, const struct position *b)
{
    return a->version == b->version && a->applied == b->applied && a->done == b->done &&
           a->highest == b->highest;
}

/* Tables and records of one moment, though another one may be migrating. */
static enum err look(struct db *db, const struct migration_set *set, struct arena *a,
                     struct schema *live, struct position *at, struct why *why)
{
    struct position before;
    enum err rc = record_position(db, set, at, why);
    int tries = 0;

    do {
        before = *at;
        if (rc == ERR_OK) {
            arena_reset(a);
            rc = schema_read(db, a, live);
            rc = rc == ERR_OK ? record_position(db, set, at, why) : fail(db, why, rc);
        }
    } while (rc == ERR_OK && !is_same_position(&before, at) && ++tries < LOOKS_MAX);
    return rc;
}

enum err migrate_verify(struct db *db, const struct migration_set *set,
                        struct migrate_verdict *out, struct buf *differences,
                        struct why *why)
{
    unsigned last = migration_last(set);
    struct position at;
    struct schema live;
    struct arena a;
    enum err rc;

    *out = (struct migrate_verdict){0};
    arena_init(&a, SIZE_MAX);
    rc = look(db, set, &a, &live, &at, why);
    if (rc == ERR_OK) {
        out->version = at.done;
        out->is_pending = at.done < last;
        out->is_newer = at.highest > last;
        if (!out->is_newer && set->schema.p)
            judge(set, &at, &live, out, differences);
    }
    arena_release(&a);
    return rc;
}

/* --- plan --------------------------------------------------------------------------------- */

static enum err plan_file(struct db *db, const struct migration_set *set,
                          const struct migration *file, unsigned highest, struct buf *sql,
                          struct why *why)
{
    struct migration_text t;
    struct record record;
    struct arena a;
    size_t first = 0;
    enum err rc;

    arena_init(&a, TEXT_MAX);
    migration_text_init(&t, file);
    rc = record_read_fitting(db, &t, highest, &a, &record, why);
    if (rc == ERR_OK)
        rc = record_resume(db, set, &t, &record, &first, why);
    for (size_t i = first; rc == ERR_OK && !record_is_done(&record) && i < t.n; i++)
        buf_printf(sql, "-- %04u_%s.sql, statement %zu of %zu\n" STR_FMT ";\n\n",
                   file->version, file->name, i + 1, t.n, STR_ARG(t.statements[i].text));
    migration_text_release(&t);
    arena_release(&a);
    return rc;
}

enum err migrate_plan(struct db *db, const struct migration_set *set, struct buf *sql,
                      struct why *why)
{
    struct position at;
    enum err rc = record_position(db, set, &at, why);

    for (size_t i = 0; i < set->n && !rc; i++)
        rc = plan_file(db, set, &set->files[i], at.highest, sql, why);
    return rc;
}
