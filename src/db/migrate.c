/* SPDX-License-Identifier: MIT */
#include "db/migrate.h"

#include "base/clock.h"
#include "db/migrate_record.h"

#include "base/banned.h"

/* One run of migrate_up. The lock belongs to the connection it began on. */
struct run {
    struct db *db;
    const struct migration_set *set;
    const struct log *log;
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

static enum err take_lock(struct run *run, unsigned wait_s)
{
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

/* What a table statement answers when the run before was cut short just after it. */
static bool says_done_already(struct str statement, unsigned code)
{
    static const struct {
        const char *words;
        unsigned code;
    } answers[] = {
        {"CREATE TABLE", 1050},                         /* table exists */
        {"RENAME TABLE", 1050}, {"RENAME TABLE", 1146}, /* the old name is gone */
        {"DROP TABLE", 1051},   {"ALTER TABLE", 1060},  /* column exists */
        {"ALTER TABLE", 1061},                          /* key exists */
        {"ALTER TABLE", 1091},                          /* nothing to drop */
        {"ALTER TABLE", 1826},                          /* foreign key exists, MySQL */
        {"CREATE INDEX", 1061}, {"CREATE UNIQUE INDEX", 1061}, {"DROP INDEX", 1091},
    };

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (answers[i].code == code && sql_starts(statement, answers[i].words))
            return true;
    }
    return false;
}

static bool changes_rows(struct str statement)
{
    return sql_starts(statement, "INSERT") || sql_starts(statement, "UPDATE") ||
           sql_starts(statement, "DELETE") || sql_starts(statement, "REPLACE");
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
    if (rc == ERR_OK)
        return db_commit(run->db);
    db_rollback(run->db);
    return rc;
}

/* A table statement commits by itself. Cut short before it was counted, it is run again. */
static enum err apply_table(struct run *run, const struct migration_text *t, size_t i,
                            bool may_be_done)
{
    enum err rc;

    if (db_generation(run->db) != run->generation || !db_is_connected(run->db))
        return ERR_DB_LOST;
    rc = db_run_text(run->db, t->statements[i].text, NULL, NULL);
    if (rc != ERR_OK && may_be_done &&
        says_done_already(t->statements[i].text, db_error_code(run->db)))
        rc = ERR_OK;
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
    return rc;
}

static enum err apply_all(struct run *run, const struct migration_text *t,
                          const struct record *record)
{
    enum err rc = ERR_OK;

    for (size_t i = record->applied; i < t->n && !rc; i++) {
        bool may_be_done = i == record->applied && record->state == MIGRATE_RUNNING;

        if (changes_rows(t->statements[i].text))
            rc = apply_rows(run, t, i);
        else
            rc = apply_table(run, t, i, may_be_done);
        if (rc != ERR_OK)
            return statement_failed(run, t, i, rc);
    }
    rc = record_done(run->db, t);
    return rc == ERR_OK ? rc : fail(run, rc);
}

static enum err refuse_changed(struct run *run, const struct migration_text *t,
                               const char *what)
{
    why_set(run->why, "%04u_%s.sql %s", t->file->version, t->file->name, what);
    return ERR_DB_SCHEMA;
}

static enum err apply(struct run *run, const struct migration_text *t,
                      const struct record *record)
{
    int64_t start_ns = clock_mono_ns();
    enum err rc;

    if (record->state == MIGRATE_DONE)
        return record->is_same
                   ? ERR_OK
                   : refuse_changed(run, t, "was changed after it was applied");
    if (record->state != MIGRATE_PENDING && !record->is_same_so_far)
        return refuse_changed(run, t, "was changed in the part that is applied already");
    rc = record_begin(run->db, t, record->state == MIGRATE_PENDING);
    if (rc != ERR_OK)
        return fail(run, rc);
    rc = apply_all(run, t, record);
    if (rc != ERR_OK)
        return rc;
    run->report->applied++;
    if (run->log)
        LOG_INFO(run->log, "database.migrated", LOG_INT("version", t->file->version),
                 LOG_C("name", t->file->name), LOG_INT("statements", t->n),
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
    rc = record_read(run->db, &t, &a, &record);
    if (rc != ERR_OK)
        rc = fail(run, rc);
    else if (record.state == MIGRATE_PENDING && file->version < highest)
        rc = refuse_changed(run, &t, "is not recorded, but a later one is");
    else
        rc = apply(run, &t, &record);
    migration_text_release(&t);
    arena_release(&a);
    return rc;
}

static enum err apply_set(struct run *run)
{
    unsigned highest,
        last = run->set->n > 0 ? run->set->files[run->set->n - 1].version : 0;
    enum err rc = record_create_table(run->db);

    if (rc == ERR_OK)
        rc = record_highest(run->db, &highest);
    if (rc != ERR_OK)
        return fail(run, rc);
    for (size_t i = 0; i < run->set->n && !rc; i++)
        rc = apply_file(run, &run->set->files[i], highest);
    if (rc == ERR_OK) {
        run->report->version = highest > last ? highest : last;
        run->report->is_newer = highest > last;
    }
    return rc;
}

enum err migrate_up(struct db *db, const struct migration_set *set, unsigned lock_wait_s,
                    const struct log *log, struct migrate_report *out, struct why *why)
{
    struct run run = {.db = db, .set = set, .log = log, .why = why, .report = out};
    enum err rc;

    *out = (struct migrate_report){0};
    rc = take_lock(&run, lock_wait_s);
    if (rc != ERR_OK)
        return rc;
    rc = apply_set(&run);
    give_lock(&run);
    return rc;
}

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
    if ((record.state == MIGRATE_DONE && !record.is_same) ||
        (record.state != MIGRATE_PENDING && !record.is_same_so_far))
        out->state = MIGRATE_CHANGED;
    migration_text_release(&t);
    return rc;
}

enum err migrate_status(struct db *db, const struct migration_set *set, struct arena *a,
                        struct migrate_status **rows_out)
{
    struct migrate_status *rows = ARENA_ARRAY(a, struct migrate_status, set->n + 1);
    enum err rc = rows ? ERR_OK : ERR_TOO_LARGE;

    for (size_t i = 0; i < set->n && !rc; i++) {
        rc = status_of(db, &set->files[i], a, &rows[i]);
        if (rc == ERR_DB_SCHEMA &&
            db_error_code(db) == 1146) /* no table of records yet */
            rc = ERR_OK;
    }
    *rows_out = rows;
    return rc;
}
