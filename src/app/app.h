/*
 * What the program does, one function a subcommand; each returns the exit status.
 * SPDX-License-Identifier: MIT
 */
#ifndef APP_APP_H
#define APP_APP_H

#include "base/arena.h"
#include "base/why.h"
#include "generated/c/settings.h"

enum {
    APP_EXIT_NOT_YET =
        1, /* the answer of health, migrate status and migrate verify is no */
    APP_EXIT_FINDINGS = 1,  /* of verify: something does not fit together */
    APP_EXIT_UNCHECKED = 2, /* of verify: nothing found, but not all could be looked at */
    APP_EXIT_USAGE = 64,    /* EX_USAGE */
    APP_EXIT_SCHEMA =
        65, /* EX_DATAERR: tables or records are not those of the migrations; mends not itself */
    APP_EXIT_UNAVAILABLE =
        69, /* EX_UNAVAILABLE: the database, a port, another server of that id */
    APP_EXIT_STATEMENT =
        70, /* EX_SOFTWARE: the database refused a migration's statement */
    APP_EXIT_BUSY =
        75, /* EX_TEMPFAIL: somebody else migrates for longer than waited for */
    APP_EXIT_CONFIG = 78, /* EX_CONFIG: a setting is missing or wrong; its name is told */
};

struct app_args {
    const char *command, *argument; /* NULL: none */
    const char *excess;             /* a word after them; NULL: none */
    const char *config_file;
    const char *const *flags;
    const char *const *environ;
    struct arena *arena; /* settings' texts */
};

int app_serve(const struct app_args *args);
int app_migrate(const struct app_args *args);
int app_check(const struct app_args *args);
/* app_health — asks the servers of these settings, which run already: 0 if all are up, else 1. */
int app_health(const struct app_args *args);

/* app_verify — looks whether what is stored fits together: 0, or APP_EXIT_FINDINGS or _UNCHECKED. */
int app_verify(const struct app_args *args);

/* app_flags_room — room for all flags and the NULL behind them, for a command that takes its own out
 * before the rest are settings. out: in args->arena */
const char **app_flags_room(const struct app_args *args);

/* app_settings — loads and checks; false: the reason was printed, exit APP_EXIT_CONFIG. */
bool app_settings(const struct app_args *args, struct settings *out,
                  const char ***origins_out);

/*
 * app_database_prepare — with the engine inside: makes its files and brings the schema up to date in
 * a process of its own that stops cleanly, before anything that must not be lost is written: the
 * engine does not recover a new table whose pages were never written back. No-op else. The exit
 * status; if it is not 0, the reason was printed.
 */
int app_database_prepare(const struct settings *settings);

/* app_database_open — starts the database library for the settings' database; false: printed. */
bool app_database_open(const struct settings *settings);

/*
 * app_schema_at_start — waits for the database and brings its schema up to date, or waits until
 * somebody else did (migrate.at_start), and looks that its tables are as recorded. The exit status;
 * if it is not 0, the reason was printed.
 */
int app_schema_at_start(const struct settings *settings);

#endif
