/* SPDX-License-Identifier: MIT */
#include "db/migrate_record.h"

#include <stdlib.h>

#include "base/banned.h"

enum {
    TEXT_MAX = 16 << 20,
    NO_SUCH_TABLE = 1146
};

static const char create_table[] =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    " version INT UNSIGNED NOT NULL,"
    " name VARCHAR(100) NOT NULL,"
    " checksum BINARY(32) NOT NULL," /* SHA-256 of the tokens of the file */
    " statements SMALLINT UNSIGNED NOT NULL,"
    " applied SMALLINT UNSIGNED NOT NULL,"
    " applied_sum BINARY(32) NOT NULL," /* of those of the statements applied */
    " state ENUM('running','done','failed','baseline') NOT NULL,"
    " started_at DATETIME(6) NOT NULL,"
    " finished_at DATETIME(6) NULL,"
    " error VARCHAR(1000) NULL,"
    " tool VARCHAR(40) NOT NULL,"
    " by_user VARCHAR(200) NOT NULL,"
    " server VARCHAR(80) NOT NULL,"
    " PRIMARY KEY (version)"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

void migration_text_init(struct migration_text *t, const struct migration *file)
{
    struct sql_reader r = sql_reader_of(file->sql);
    struct sql_statement statement;

    *t = (struct migration_text){.file = file};
    buf_init(&t->tokens, TEXT_MAX);
    while (sql_next(&r, &statement, &t->tokens)) {
        size_t n = ++t->n;

        t->statements = mem_realloc(t->statements, n * sizeof(*t->statements));
        t->tokens_end = mem_realloc(t->tokens_end, n * sizeof(*t->tokens_end));
        t->statements[n - 1] = statement;
        t->tokens_end[n - 1] = t->tokens.n;
    }
    BUG_ON(!buf_ok(&t->tokens));
}

void migration_text_release(struct migration_text *t)
{
    free(t->statements);
    free(t->tokens_end);
    buf_release(&t->tokens);
    *t = (struct migration_text){0};
}

/* Values go into the text as hexadecimal, so nothing needs escaping. */
static void append_hex(struct buf *b, struct str s)
{
    buf_append_c(b, "X'");
    for (size_t i = 0; i < s.n; i++)
        buf_printf(b, "%02X", (unsigned char)s.p[i]);
    buf_append_c(b, "'");
}

/* The sum of the first n statements. SHA-256 is the server's: we need none of our own. */
static void append_sum(struct buf *b, const struct migration_text *t, size_t n)
{
    struct str tokens = {buf_str(&t->tokens).p, n > 0 ? t->tokens_end[n - 1] : 0};

    buf_append_c(b, "UNHEX(SHA2(");
    append_hex(b, tokens);
    buf_append_c(b, ", 256))");
}

static enum err run(struct db *db, struct buf *sql, struct arena *a, struct str *out)
{
    enum err rc;

    BUG_ON(!buf_ok(sql));
    rc = db_run_text(db, buf_str(sql), a, out);
    buf_release(sql);
    return rc;
}

/* Without a table of records there are none. */
static enum err if_recorded(const struct db *db, enum err rc)
{
    return rc == ERR_DB_SCHEMA && db_error_code(db) == NO_SUCH_TABLE ? ERR_OK : rc;
}

enum err record_create_table(struct db *db)
{
    return db_run_text(db, str_of(create_table), NULL, NULL);
}

static bool parse_number(struct str *rest, unsigned *out)
{
    struct str part;
    int64_t n;

    if (!str_split(rest, ' ', &part) || !str_to_i64(part, &n) || n < 0 || n > UINT32_MAX)
        return false;
    *out = (unsigned)n;
    return true;
}

static enum migrate_state state_of(struct str word)
{
    if (str_eq(word, STR("running")))
        return MIGRATE_RUNNING;
    if (str_eq(word, STR("failed")))
        return MIGRATE_FAILED;
    if (str_eq(word, STR("baseline")))
        return MIGRATE_BASELINE;
    return MIGRATE_DONE;
}

/* A row as one text, so that it is of one moment: another one may be writing it. */
struct row {
    struct str state, checksum, applied_sum; /* the sums in hexadecimal */
    unsigned applied, statements;
};

static bool parse_row(struct str text, struct row *out)
{
    return str_split(&text, ' ', &out->state) && parse_number(&text, &out->applied) &&
           parse_number(&text, &out->statements) &&
           str_split(&text, ' ', &out->checksum) &&
           str_split(&text, ' ', &out->applied_sum);
}

static enum err read_row(struct db *db, unsigned version, struct arena *a,
                         struct str *row_out, struct str *error_out)
{
    struct buf sql;
    enum err rc;

    buf_init(&sql, TEXT_MAX);
    buf_printf(&sql,
               "SELECT CONCAT_WS(' ', state, applied, statements, HEX(checksum), "
               "HEX(applied_sum)) FROM schema_migration WHERE version = %u",
               version);
    rc = run(db, &sql, a, row_out);
    if (rc != ERR_OK || !row_out->p)
        return rc;
    buf_printf(&sql, "SELECT error FROM schema_migration WHERE version = %u", version);
    return run(db, &sql, a, error_out);
}

static enum err is_sum(struct db *db, const struct migration_text *t, size_t n,
                       struct str recorded, bool *out)
{
    struct str sum;
    struct arena a;
    struct buf sql;
    enum err rc;

    arena_init(&a, 4096);
    buf_init(&sql, TEXT_MAX);
    buf_append_c(&sql, "SELECT HEX(");
    append_sum(&sql, t, n);
    buf_append_c(&sql, ")");
    rc = run(db, &sql, &a, &sum);
    *out = rc == ERR_OK && str_eq(sum, recorded);
    arena_release(&a);
    return rc;
}

enum err record_read(struct db *db, const struct migration_text *t, struct arena *a,
                     struct record *out)
{
    struct row row;
    struct str text;
    enum err rc;

    *out = (struct record){.state = MIGRATE_PENDING};
    rc = read_row(db, t->file->version, a, &text, &out->error);
    if (rc != ERR_OK || !text.p)
        return if_recorded(db, rc);
    if (!parse_row(text, &row))
        return ERR_DB_SCHEMA;
    out->state = state_of(row.state);
    out->applied = row.applied;
    out->statements = row.statements;
    rc = is_sum(db, t, t->n, row.checksum, &out->is_same);
    if (rc == ERR_OK && out->applied <= t->n)
        rc = is_sum(db, t, out->applied, row.applied_sum, &out->is_same_so_far);
    return rc;
}

enum err record_fits(const struct migration_text *t, const struct record *record,
                     unsigned highest, struct why *why)
{
    const char *what = NULL;

    if (record->state == MIGRATE_PENDING)
        what = t->file->version < highest ? "is not recorded, but a later one is" : NULL;
    else if (!record->is_same_so_far)
        what = "was changed in the part that is applied already";
    else if (record_is_done(record) && !record->is_same)
        what = "was changed after it was applied";
    if (!what)
        return ERR_OK;
    why_set(why, "%04u_%s.sql %s", t->file->version, t->file->name, what);
    return ERR_DB_SCHEMA;
}

enum err record_read_fitting(struct db *db, const struct migration_text *t,
                             unsigned highest, struct arena *a, struct record *out,
                             struct why *why)
{
    enum err rc = record_read(db, t, a, out);

    if (rc == ERR_OK)
        return record_fits(t, out, highest, why);
    why_set(why, "%s", db_error_text(db));
    return rc;
}

/* INSERT, and the rest of a record of a migration of which nothing is applied yet. */
static void append_new(struct buf *sql, const struct migration_text *t, const char *state)
{
    buf_printf(sql,
               "INSERT INTO schema_migration (version, name, state, applied, "
               "applied_sum, started_at, tool, by_user, server, statements, checksum) "
               "VALUES (%u, '%s', '%s', 0, ",
               t->file->version, t->file->name, state);
    append_sum(sql, t, 0);
    buf_printf(sql,
               ", CURRENT_TIMESTAMP(6), 'reuse-chat', LEFT(CURRENT_USER(), 200), "
               "LEFT(VERSION(), 80), %zu, ",
               t->n);
    append_sum(sql, t, t->n);
    buf_append_c(sql, ")");
}

enum err record_begin(struct db *db, const struct migration_text *t, bool is_new)
{
    struct buf sql;

    buf_init(&sql, TEXT_MAX);
    if (is_new) {
        append_new(&sql, t, "running");
    } else {
        buf_printf(&sql,
                   "UPDATE schema_migration SET state = 'running', error = NULL, "
                   "statements = %zu, checksum = ",
                   t->n);
        append_sum(&sql, t, t->n);
        buf_printf(&sql, " WHERE version = %u", t->file->version);
    }
    return run(db, &sql, NULL, NULL);
}

enum err record_progress(struct db *db, const struct migration_text *t, size_t n)
{
    struct buf sql;

    buf_init(&sql, TEXT_MAX);
    buf_printf(&sql, "UPDATE schema_migration SET applied = %zu, applied_sum = ", n);
    append_sum(&sql, t, n);
    buf_printf(&sql, " WHERE version = %u", t->file->version);
    return run(db, &sql, NULL, NULL);
}

enum err record_done(struct db *db, const struct migration_text *t)
{
    struct buf sql;

    buf_init(&sql, TEXT_MAX);
    buf_printf(&sql,
               "UPDATE schema_migration SET state = 'done', error = NULL, "
               "finished_at = CURRENT_TIMESTAMP(6) WHERE version = %u",
               t->file->version);
    return run(db, &sql, NULL, NULL);
}

enum err record_failed(struct db *db, const struct migration_text *t, const char *error)
{
    struct buf sql;

    buf_init(&sql, TEXT_MAX);
    buf_append_c(&sql, "UPDATE schema_migration SET state = 'failed', error = ");
    append_hex(&sql, str_of(error));
    buf_printf(&sql, " WHERE version = %u", t->file->version);
    return run(db, &sql, NULL, NULL);
}

enum err record_baseline(struct db *db, const struct migration_text *t)
{
    struct buf sql;
    enum err rc;

    buf_init(&sql, TEXT_MAX);
    append_new(&sql, t, "baseline");
    buf_printf(&sql,
               " ON DUPLICATE KEY UPDATE name = VALUES(name), state = VALUES(state), "
               "checksum = VALUES(checksum), statements = VALUES(statements), "
               "error = NULL");
    rc = run(db, &sql, NULL, NULL);
    if (rc == ERR_OK)
        rc = record_progress(db, t, t->n);
    if (rc != ERR_OK)
        return rc;
    buf_printf(&sql,
               "UPDATE schema_migration SET finished_at = CURRENT_TIMESTAMP(6) "
               "WHERE version = %u",
               t->file->version);
    return run(db, &sql, NULL, NULL);
}

enum err record_highest(struct db *db, unsigned *out)
{
    struct arena a;
    struct str text;
    enum err rc;

    *out = 0;
    arena_init(&a, 256);
    rc = db_run_text(db, STR("SELECT COALESCE(MAX(version), 0) FROM schema_migration"),
                     &a, &text);
    if (rc != ERR_OK)
        rc = if_recorded(db, rc);
    else if (!parse_number(&text, out))
        rc = ERR_DB_SCHEMA;
    arena_release(&a);
    return rc;
}
