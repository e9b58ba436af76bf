/*
 * The database's schema at the start of a server, and the subcommand migrate.
 * SPDX-License-Identifier: MIT
 */
#include "db/migrate.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "base/clock.h"

#include "base/banned.h"

enum {
    DATABASE_WAIT_S = 60,
    OUTPUT_MAX = 64 << 20
};

static const struct timespec look_again = {0, 200 * NS_PER_MS};

/* A connection for migrations, and what is to be done on it. */
struct order {
    const struct settings *settings;
    struct migration_set set; /* up to the version asked for */
    bool is_dry_run;
    struct log log;
    struct db *db;
};

static void order_set(struct order *order, const struct settings *settings)
{
    order->settings = settings;
    order->log = (struct log){.fd = STDERR_FILENO,
                              .level = (enum log_level)settings->log_level,
                              .format = (enum log_format)settings->log_format};
}

static struct migrate_options options_of(const struct order *order)
{
    return (struct migrate_options){
        .lock_wait_s = (unsigned)((order->settings->migrate_wait + 999) / 1000),
        .is_drift_allowed =
            order->settings->database_drift == SETTINGS_DATABASE_DRIFT_WARN,
        .log = &order->log};
}

static int fail(int status, const char *text)
{
    fprintf(stderr, "reuse-chat: database: %s\n", text);
    return status;
}

static int fail_with(enum err rc, const char *text)
{
    if (rc == ERR_DB_LOST)
        return fail(APP_EXIT_UNAVAILABLE, text);
    if (rc == ERR_DB_RETRY)
        return fail(APP_EXIT_BUSY, text);
    return fail(rc == ERR_DB_SCHEMA ? APP_EXIT_SCHEMA : APP_EXIT_STATEMENT, text);
}

/* A database that starts at the same time as this program gets a minute. */
static int connect_order(struct order *order)
{
    int64_t deadline = clock_mono_ns() + DATABASE_WAIT_S * NS_PER_S;
    bool is_told = false;
    int status = 0;
    enum err rc;

    order->db = db_new(&(struct db_config){.url = order->settings->database_url,
                                           .read_timeout_ms = MIGRATE_READ_TIMEOUT_MS,
                                           .log = &order->log});
    while ((rc = db_connect(order->db)) == ERR_DB_LOST && clock_mono_ns() < deadline) {
        if (!is_told)
            LOG_WARN(&order->log, "database.waiting",
                     LOG_C("text", db_error_text(order->db)));
        is_told = true;
        nanosleep(&look_again, NULL);
    }
    if (rc != ERR_OK) {
        status = fail(APP_EXIT_UNAVAILABLE, db_error_text(order->db));
        db_free(&order->db);
    }
    return status;
}

static int with_database(struct order *order, int (*run)(struct order *order))
{
    int status = connect_order(order);

    if (status != 0)
        return status;
    status = run(order);
    db_free(&order->db);
    return status;
}

static void print_buf(struct buf *text)
{
    fwrite(text->p ? text->p : "", 1, text->n, stdout);
    buf_release(text);
}

/* --- up ----------------------------------------------------------------------------------- */

static int up(struct order *order)
{
    struct migrate_options options = options_of(order);
    struct migrate_report report;
    struct why why = {.text = ""};
    enum err rc = migrate_up(order->db, &order->set, &options, &report, &why);

    if (rc != ERR_OK)
        return report.is_failed ? fail(APP_EXIT_STATEMENT, why.text)
                                : fail_with(rc, why.text);
    if (report.applied > 0)
        LOG_INFO(&order->log, "database.migrated", LOG_INT("applied", report.applied),
                 LOG_INT("version", report.version));
    if (report.is_newer && order->set.n == migration_files.n)
        LOG_WARN(&order->log, "database.newer", LOG_INT("version", report.version));
    return 0;
}

static int dry_run(struct order *order)
{
    struct why why = {.text = ""};
    struct buf sql;
    enum err rc;

    buf_init(&sql, OUTPUT_MAX);
    rc = migrate_plan(order->db, &order->set, &sql, &why);
    if (rc == ERR_OK && sql.n == 0)
        buf_append_c(&sql, "-- nothing to do\n");
    print_buf(&sql);
    return rc == ERR_OK ? 0 : fail_with(rc, why.text);
}

static int run_up(struct order *order)
{
    return order->is_dry_run ? dry_run(order) : up(order);
}

/* --- status, verify, baseline ------------------------------------------------------------- */

static const char *const state_words[] = {
    [MIGRATE_PENDING] = "pending", [MIGRATE_RUNNING] = "running",
    [MIGRATE_FAILED] = "failed",   [MIGRATE_DONE] = "done",
    [MIGRATE_CHANGED] = "changed", [MIGRATE_BASELINE] = "baseline",
};

static bool is_done(const struct migrate_status *row)
{
    return row->state == MIGRATE_DONE || row->state == MIGRATE_BASELINE;
}

/* Of all migrations at once: done 0, any changed one APP_EXIT_SCHEMA, else APP_EXIT_NOT_YET. */
static int summary_of(const struct migrate_status *rows, size_t n)
{
    int status = 0;

    for (size_t i = 0; i < n; i++) {
        if (rows[i].state == MIGRATE_CHANGED)
            return APP_EXIT_SCHEMA;
        if (!is_done(&rows[i]))
            status = APP_EXIT_NOT_YET;
    }
    return status;
}

static int run_status(struct order *order)
{
    struct migrate_status *rows;
    struct arena a;
    int status;
    enum err rc;

    arena_init(&a, SIZE_MAX);
    rc = migrate_status(order->db, &order->set, &a, &rows);
    if (rc != ERR_OK)
        status = fail_with(rc, db_error_text(order->db));
    else
        status = summary_of(rows, order->set.n);
    for (size_t i = 0; rc == ERR_OK && i < order->set.n; i++)
        printf("%04u %-20s %s %u/%u " STR_FMT "\n", rows[i].version, rows[i].name,
               state_words[rows[i].state], rows[i].applied, rows[i].statements,
               STR_ARG(rows[i].error.p ? rows[i].error : STR("")));
    arena_release(&a);
    return status;
}

static int judge(const struct migrate_verdict *verdict)
{
    if (verdict->differences > 0) {
        printf("the tables are not as migration %u left them: %zu differences\n",
               verdict->version, verdict->differences);
        return APP_EXIT_SCHEMA;
    }
    if (verdict->is_newer)
        printf("the database has migrations that this program does not know: nothing was "
               "compared\n");
    else if (verdict->is_unrecorded)
        printf("the tables are there, but nothing is recorded of how they were made: see "
               "'reuse-chat migrate baseline'\n");
    else if (verdict->version == 0)
        printf("no migration is done\n");
    else
        printf("the tables are as migration %u left them\n", verdict->version);
    if (verdict->is_pending && verdict->version > 0)
        printf("there are more migrations to do\n");
    return verdict->is_pending || verdict->is_newer ? APP_EXIT_NOT_YET : 0;
}

static int run_verify(struct order *order)
{
    struct migrate_verdict verdict;
    struct why why = {.text = ""};
    struct buf differences;
    enum err rc;

    buf_init(&differences, OUTPUT_MAX);
    rc = migrate_verify(order->db, &order->set, &verdict, &differences, &why);
    print_buf(&differences);
    return rc == ERR_OK ? judge(&verdict) : fail_with(rc, why.text);
}

static int run_baseline(struct order *order)
{
    struct migrate_options options = options_of(order);
    struct why why = {.text = ""};
    struct buf differences;
    enum err rc;

    buf_init(&differences, OUTPUT_MAX);
    rc = migrate_baseline(order->db, &order->set, &options, &differences, &why);
    print_buf(&differences);
    return rc == ERR_OK ? 0 : fail_with(rc, why.text);
}

/* --- wait --------------------------------------------------------------------------------- */

/* Looks once. out: text says what is waited for, if it is worth waiting. */
static int look(struct order *order, struct why *text)
{
    struct migrate_status *rows;
    int status = APP_EXIT_UNAVAILABLE;
    struct arena a;
    enum err rc;

    arena_init(&a, SIZE_MAX);
    rc = migrate_status(order->db, &order->set, &a, &rows);
    if (rc == ERR_OK)
        status = summary_of(rows, order->set.n);
    else
        why_set(text, "%s", db_error_text(order->db));
    for (size_t i = 0; rc == ERR_OK && i < order->set.n; i++) {
        if (is_done(&rows[i]))
            continue;
        why_set(text, "migration %04u_%s is %s", rows[i].version, rows[i].name,
                state_words[rows[i].state]);
        break;
    }
    arena_release(&a);
    return status;
}

static int run_wait(struct order *order)
{
    int64_t deadline = clock_mono_ns() + order->settings->migrate_wait * NS_PER_MS;
    struct why text = {.text = ""};
    bool is_told = false;
    int status;

    while ((status = look(order, &text)) != 0 && status != APP_EXIT_SCHEMA &&
           clock_mono_ns() < deadline) {
        if (!is_told)
            LOG_INFO(&order->log, "database.not_migrated", LOG_C("text", text.text));
        is_told = true;
        nanosleep(&look_again, NULL);
    }
    if (status == 0)
        return 0;
    return fail(status == APP_EXIT_NOT_YET ? APP_EXIT_BUSY : status, text.text);
}

/* As migrate_up does it for those that migrate. */
static int wait_and_check(struct order *order)
{
    struct migrate_verdict verdict;
    struct why why = {.text = ""};
    int status = run_wait(order);
    struct buf differences;
    enum err rc;

    if (status != 0)
        return status;
    buf_init(&differences, OUTPUT_MAX);
    rc = migrate_verify(order->db, &order->set, &verdict, &differences, &why);
    if (rc == ERR_OK && verdict.differences > 0) {
        struct migrate_options options = options_of(order);

        rc = migrate_judge_drift(&options, &verdict, &differences, &why);
    }
    buf_release(&differences);
    return rc == ERR_OK ? 0 : fail_with(rc, why.text);
}

int app_schema_at_start(const struct settings *settings)
{
    struct order order = {.set = migration_files};

    order_set(&order, settings);
    return with_database(&order, settings->migrate_at_start ? up : wait_and_check);
}

/* --- the subcommand ----------------------------------------------------------------------- */

static const struct subcommand {
    const char *name;
    int (*run)(struct order *order);
    bool takes_to, takes_dry_run;
} subcommands[] = {
    {"up", run_up, true, true},           {"status", run_status, false, false},
    {"verify", run_verify, false, false}, {"baseline", run_baseline, true, false},
    {"wait", run_wait, true, false},
};

static const struct subcommand *find(const char *name)
{
    for (size_t i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
        if (strcmp(subcommands[i].name, name) == 0)
            return &subcommands[i];
    return NULL;
}

static int refuse(const char *what, const char *word)
{
    fprintf(stderr, "reuse-chat: migrate: %s '%s', see 'reuse-chat help'\n", what, word);
    return APP_EXIT_USAGE;
}

/* "--to V" or "--to=V"; *arg moves to the last word of it. NULL: it is none. */
static const char *value_of_to(const char *const **arg)
{
    const char *word = **arg;

    if (strncmp(word, "--to=", 5) == 0)
        return word + 5;
    if (strcmp(word, "--to") != 0)
        return NULL;
    if (!(*arg)[1])
        return "";
    return *++*arg;
}

static int take_to(const struct subcommand *sub, const char *value, struct order *order)
{
    int64_t version = 0;

    if (!sub->takes_to)
        return refuse("does not take", "--to");
    if (!str_to_i64(str_of(value), &version) || version < 1 ||
        version > (int64_t)migration_files.n)
        return refuse("--to: there is no migration", value);
    order->set.n = (size_t)version;
    return 0;
}

/* Takes our own flags out; the others are settings. in: flags has room for all of args' */
static int take_flags(const struct app_args *args, const struct subcommand *sub,
                      struct order *order, const char **flags)
{
    int status = 0;

    for (const char *const *arg = args->flags; *arg && status == 0; arg++) {
        const char *to = value_of_to(&arg);

        if (to)
            status = take_to(sub, to, order);
        else if (strcmp(*arg, "--dry-run") != 0)
            *flags++ = *arg;
        else if (sub->takes_dry_run)
            order->is_dry_run = true;
        else
            status = refuse("does not take", *arg);
    }
    *flags = NULL;
    return status;
}

static int run_subcommand(const struct app_args *args, const struct subcommand *sub)
{
    const char **flags = app_flags_room(args);
    struct app_args rest = *args;
    struct settings settings;
    struct order order = {.set = migration_files};
    int status = take_flags(args, sub, &order, flags);

    if (status != 0)
        return status;
    rest.flags = flags;
    if (!app_settings(&rest, &settings, NULL))
        return APP_EXIT_CONFIG;
    order_set(&order, &settings);
    if (!app_database_open(&settings))
        return APP_EXIT_UNAVAILABLE;
    status = with_database(&order, sub->run);
    db_library_stop();
    return status;
}

int app_migrate(const struct app_args *args)
{
    const struct subcommand *sub = find(args->argument ? args->argument : "up");

    if (!sub)
        return refuse("does not know", args->argument);
    if (args->excess)
        return refuse("does not take", args->excess);
    return run_subcommand(args, sub);
}
