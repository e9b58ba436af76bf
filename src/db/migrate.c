/* SPDX-License-Identifier: MIT */
#include "db/migrate.h"

#include "base/clock.h"
#include "db/migrate_record.h"
#include "db/schema.h"

#include "base/banned.h"

/* One run of migrate_up. The lock belongs to the connection it began on. */
struct run {
    struct db *db;
    const struct migration_set *set;
    const struct migrate_options *options;
    struct why *why;
    struct migrate_report *report;
    uint64_t generation;
};

#define LOCK_NAME "CONCAT('reuse-chat:migrate:', LEFT(DATABASE(), 40))"

static enum err fail(struct run *run, enum err rc)
{
    why_set(run->why, "%s", db_error_text(run->db));
    return rc;
}

static enum err ask(struct run *run, struct arena *a, const char *sql, struct str *out)
{
    enum err rc = db_run_text(run->db, str_of(sql), a, out);

    return rc == ERR_OK ? rc : fail(run, rc);
}

static enum err take_lock(struct run *run)
{
    unsigned wait_s = run->options->lock_wait_s;
    struct str got, holder = STR_NULL;
    struct arena a;
    enum err rc;

    arena_init(&a, 4096);
    rc = ask(run, &a, arena_printf(&a, "SELECT GET_LOCK(" LOCK_NAME ", %u)", wait_s).p,
             &got);
    if (rc == ERR_OK && !str_eq(got, STR("1"))) {
        rc = ask(run, &a, "SELECT IS_USED_LOCK(" LOCK_NAME ")", &holder);
        if (rc == ERR_OK) {
            why_set(run->why,
                    "connection " STR_FMT " is migrating this database and was not done "
                    "within %u s",
                    STR_ARG(holder.p ? holder : STR("?")), wait_s);
            rc = ERR_DB_RETRY;
        }
    }
    run->generation = db_generation(run->db);
    arena_release(&a);
    return rc;
}

static void give_lock(struct run *run)
{
    if (!db_is_connected(run->db) || db_generation(run->db) != run->generation)
        return; /* it went with the connection */
    (void)!db_run_text(run->db, STR("SELECT RELEASE_LOCK(" LOCK_NAME ")"), NULL, NULL);
}

/* Rows and their count go together: such a statement is never run twice. */
static enum err apply_rows(struct run *run, const struct migration_text *t, size_t i)
{
    enum err rc = db_begin(run->db);

    if (rc != ERR_OK)
        return rc;
    if (db_generation(run->db) != run->generation)
        rc = ERR_DB_LOST; /* a new connection does not hold the lock */
    if (rc == ERR_OK)
        rc = db_run_text(run->db, t->statements[i].text, NULL, NULL);
    if (rc == ERR_OK)
        rc = record_progress(run->db, t, i + 1);
    return db_end(run->db, rc);
}

/* A table statement commits by itself; record_resume finds out about one that was not counted. */
static enum err apply_table(struct run *run, const struct migration_text *t, size_t i)
{
    enum err rc;

    if (db_generation(run->db) != run->generation || !db_is_connected(run->db))
        return ERR_DB_LOST;
    rc = db_run_text(run->db, t->statements[i].text, NULL, NULL);
    return rc == ERR_OK ? record_progress(run->db, t, i + 1) : rc;
}

static enum err statement_failed(struct run *run, const struct migration_text *t,
                                 size_t i, enum err rc)
{
    struct why error;

    why_set(&error, "statement %zu, line %d: %u %s", i + 1, t->statements[i].line,
            db_error_code(run->db), db_error_text(run->db));
    why_set(run->why, "%04u_%s.sql, %s", t->file->version, t->file->name, error.text);
    /* Without a connection it stays "running", which is true: the next run finds out. */
    if (rc != ERR_DB_LOST && record_failed(run->db, t, error.text) != ERR_OK)
        return ERR_DB_LOST;
    run->report->is_failed = rc != ERR_DB_LOST;
    return rc;
}

/* The statements from number first on, counted from 0. */
static enum err apply_all(struct run *run, const struct migration_text *t, size_t first)
{
    enum err rc = ERR_OK;

    for (size_t i = first; i < t->n && !rc; i++) {
        if (migration_changes_rows(t->statements[i].text))
            rc = apply_rows(run, t, i);
        else
            rc = apply_table(run, t, i);
        if (rc != ERR_OK)
            return statement_failed(run, t, i, rc);
    }
    rc = record_done(run->db, t);
    return rc == ERR_OK ? rc : fail(run, rc);
}

/* A record, new or of a run that was cut short, and what was applied but not counted then. */
static enum err begin(struct run *run, const struct migration_text *t,
                      const struct record *record, size_t *first_out)
{
    enum err rc = record_resume(run->db, run->set, t, record, first_out, run->why);

    if (rc != ERR_OK)
        return rc;
    rc = record_begin(run->db, t, record->state == MIGRATE_PENDING);
    if (rc == ERR_OK && *first_out > record->applied)
        rc = record_progress(run->db, t, *first_out);
    return rc == ERR_OK ? rc : fail(run, rc);
}

static enum err apply(struct run *run, const struct migration_text *t,
                      const struct record *record)
{
    const struct log *log = run->options->log;
    int64_t start_ns = clock_mono_ns();
    size_t first;
    enum err rc = begin(run, t, record, &first);

    if (rc == ERR_OK)
        rc = apply_all(run, t, first);
    if (rc != ERR_OK)
        return rc;
    run->report->applied++;
    if (log)
        LOG_INFO(log, "database.migration", LOG_INT("version", t->file->version),
                 LOG_C("name", t->file->name), LOG_INT("statements", t->n - first),
                 LOG_INT("duration_ms", (clock_mono_ns() - start_ns) / NS_PER_MS));
    return ERR_OK;
}

static enum err apply_file(struct run *run, const struct migration *file,
                           unsigned highest)
{
    struct migration_text t;
    struct record record;
    struct arena a;
    enum err rc;

    arena_init(&a, 1 << 16);
    migration_text_init(&t, file);
    rc = record_read_fitting(run->db, &t, highest, &a, &record, run->why);
    if (rc == ERR_OK && !record_is_done(&record))
        rc = apply(run, &t, &record);
    migration_text_release(&t);
    arena_release(&a);
    return rc;
}

enum err migrate_judge_drift(const struct migrate_options *options,
                             const struct migrate_verdict *verdict,
                             const struct buf *differences, struct why *why)
{
    struct str rest = buf_str(differences), first = STR("");

    (void)str_split(&rest, '\n', &first);
    if (options->is_drift_allowed) {
        if (options->log)
            LOG_WARN(options->log, "database.drift",
                     LOG_INT("differences", verdict->differences),
                     LOG_STR("first", first));
        return ERR_OK;
    }
    why_set(why,
            "the tables are not as migration %u left them (%zu differences, see "
            "'reuse-chat migrate verify'): " STR_FMT,
            verdict->version, verdict->differences, STR_ARG(first));
    return ERR_DB_SCHEMA;
}

static enum err check_drift(struct run *run)
{
    struct migrate_verdict verdict;
    struct buf differences;
    enum err rc;

    buf_init(&differences, 1 << 20);
    rc = migrate_verify(run->db, run->set, &verdict, &differences, run->why);
    if (rc == ERR_OK && verdict.is_unrecorded) {
        why_set(run->why,
                "the tables are there, but nothing is recorded of how they were "
                "made: see 'reuse-chat migrate baseline'");
        rc = ERR_DB_SCHEMA;
    } else if (rc == ERR_OK && verdict.differences > 0) {
        rc = migrate_judge_drift(run->options, &verdict, &differences, run->why);
    }
    buf_release(&differences);
    return rc;
}

/* Before anything is changed, and after. */
static enum err apply_checked(struct run *run, unsigned highest)
{
    enum err rc = run->set->schema.p ? check_drift(run) : ERR_OK;

    for (size_t i = 0; i < run->set->n && !rc; i++)
        rc = apply_file(run, &run->set->files[i], highest);
    if (rc == ERR_OK && run->set->schema.p && run->report->applied > 0)
        rc = check_drift(run);
    return rc;
}

static enum err begin_records(struct run *run, unsigned *highest)
{
    enum err rc = record_create_table(run->db);

    if (rc == ERR_OK)
        rc = record_highest(run->db, highest);
    return rc == ERR_OK ? rc : fail(run, rc);
}

static enum err apply_set(struct run *run)
{
    unsigned highest, last = migration_last(run->set);
    enum err rc = begin_records(run, &highest);

    if (rc == ERR_OK)
        rc = apply_checked(run, highest);
    if (rc == ERR_OK) {
        run->report->version = highest > last ? highest : last;
        run->report->is_newer = highest > last;
    }
    return rc;
}

enum err migrate_up(struct db *db, const struct migration_set *set,
                    const struct migrate_options *options, struct migrate_report *out,
                    struct why *why)
{
    struct run run = {
        .db = db, .set = set, .options = options, .why = why, .report = out};
    enum err rc;

    *out = (struct migrate_report){0};
    rc = take_lock(&run);
    if (rc != ERR_OK)
        return rc;
    rc = apply_set(&run);
    give_lock(&run);
    return rc;
}

/* --- baseline ----------------------------------------------------------------------------- */

static enum err refuse(struct run *run, const char *text)
{
    why_set(run->why, "%s", text);
    return ERR_DB_SCHEMA;
}

static enum err compare_tables(struct run *run, struct buf *differences)
{
    struct schema live;
    struct arena a;
    enum err rc;

    arena_init(&a, SIZE_MAX);
    rc = schema_read(run->db, &a, &live);
    if (rc != ERR_OK)
        rc = fail(run, rc);
    else if (schema_compare(run->set->schema, migration_last(run->set), SIZE_MAX, &live,
                            differences) > 0)
        rc = refuse(run, "the tables are not those that the migrations make");
    arena_release(&a);
    return rc;
}

static enum err record_one(struct run *run, const struct migration *file, bool is_trial)
{
    struct migration_text t;
    struct record record;
    struct arena a;
    enum err rc;

    arena_init(&a, 1 << 16);
    migration_text_init(&t, file);
    rc = record_read(run->db, &t, &a, &record);
    if (rc != ERR_OK)
        rc = fail(run, rc);
    else if (record.state != MIGRATE_PENDING && !record_is_done(&record))
        rc = refuse(run, "a run was cut short: 'reuse-chat migrate up' continues it");
    else if (!is_trial && !(record_is_done(&record) && record.is_same)) {
        rc = record_baseline(run->db, &t);
        rc = rc == ERR_OK ? rc : fail(run, rc);
    }
    migration_text_release(&t);
    arena_release(&a);
    return rc;
}

static enum err record_set(struct run *run, bool is_trial)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < run->set->n && !rc; i++)
        rc = record_one(run, &run->set->files[i], is_trial);
    return rc;
}

static enum err record_all(struct run *run)
{
    enum err rc = db_begin(run->db);

    if (rc != ERR_OK)
        return fail(run, rc);
    rc = record_set(run, false);
    if (rc == ERR_OK) {
        rc = db_commit(run->db);
        return rc == ERR_OK ? rc : fail(run, rc);
    }
    db_rollback(run->db);
    return rc;
}

enum err migrate_baseline(struct db *db, const struct migration_set *set,
                          const struct migrate_options *options, struct buf *differences,
                          struct why *why)
{
    struct run run = {.db = db, .set = set, .options = options, .why = why};
    unsigned highest;
    enum err rc = take_lock(&run);

    if (rc != ERR_OK)
        return rc;
    rc = begin_records(&run, &highest);
    if (rc == ERR_OK && highest > migration_last(set))
        rc = refuse(&run, "a later migration is recorded already");
    if (rc == ERR_OK)
        rc = record_set(&run, true);
    if (rc == ERR_OK)
        rc = compare_tables(&run, differences);
    if (rc == ERR_OK)
        rc = record_all(&run);
    give_lock(&run);
    return rc;
}
