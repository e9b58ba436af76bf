/*
 * The program: settings, the database's schema, then servers until a signal says stop.
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/arena.h"
#include "bench/bench.h"
#include "endpoint/version.h"
#include "generated/c/settings.h"

#include "base/banned.h"

extern char **environ;

static void print_buf(struct buf *out)
{
    fwrite(out->p, 1, out->n, stdout);
    buf_release(out);
}

static const char usage[] =
    "usage: reuse-chat [serve|migrate|verify|check|health|config|bench|version|help]\n"
    "                  [--config=FILE] [--key=value …]\n\n"
    "serve    the default: bring the schema up to date and serve\n"
    "migrate  up [--to=V] [--dry-run]  bring the schema up to date, at most to\n"
    "                  migration V; or only print the statements\n"
    "         status   how each migration stands\n"
    "         verify   compare the tables with what the migrations left\n"
    "         baseline [--to=V]  record migrations as done, in a database that has\n"
    "                  their tables already\n"
    "         wait [--to=V]  until somebody else brought the schema up to date,\n"
    "                  for migrate.wait at most\n"
    "verify   whether what is stored fits together and fits the topic; changes nothing\n"
    "         [--json] [--no-topic] [--tail=N: records of each partition, 1000]\n"
    "check    print the settings in force and where each came from\n"
    "health   ask the server of these settings how it is\n"
    "config   print a settings file: every setting, its meaning and its default\n"
    "bench    a load of users against running servers, see 'reuse-chat bench --help'\n"
    "version  print the version\n\n"
    "Exit status: 0 done, and the answer is yes; 1 the answer of health, verify,\n"
    "migrate status or migrate verify is no; 2 verify could not look at all;\n"
    "64 wrong command line; 65 the tables are not those of the migrations; 69 the\n"
    "database, a port or the server's id is not to be had; 70 the database refused\n"
    "a migration's statement; 75 somebody else was migrating for longer than\n"
    "migrate.wait; 78 wrong setting.\n\n";

static void print_help(void)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    buf_append_c(&out, usage);
    setting_help(&settings_table, &out);
    print_buf(&out);
}

static void print_config(void)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    buf_append_c(
        &out,
        "# Settings of reuse-chat; see reuse-chat(1). Environment and flags override "
        "them.\n");
    setting_sample(&settings_table, &out);
    print_buf(&out);
}

static bool takes_value(const char *flag)
{
    static const char *const alone[] = {"--dry-run", "--json", "--no-topic"};

    for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
        if (strcmp(flag, alone[i]) == 0)
            return false;
    return strncmp(flag, "--", 2) == 0 && !strchr(flag, '=');
}

/* Takes the words that are no flags out of argv: a subcommand and its argument. */
static void split_args(char **argv, struct app_args *args, const char **flags)
{
    size_t n = 0;

    for (char **arg = argv + 1; *arg; arg++) {
        if (strncmp(*arg, "--config=", 9) == 0)
            args->config_file = *arg + 9;
        else if (strncmp(*arg, "--", 2) == 0)
            flags[n++] = *arg;
        else if (n > 0 && takes_value(flags[n - 1]))
            flags[n++] = *arg; /* the value of "--key value" */
        else if (!args->command)
            args->command = *arg;
        else if (!args->argument)
            args->argument = *arg;
        else
            args->excess = *arg;
    }
    flags[n] = NULL;
}

static int run(const struct app_args *args)
{
    const char *command = args->command ? args->command : "serve";

    if (strcmp(command, "migrate") == 0)
        return app_migrate(args);
    if (args->argument) {
        fprintf(stderr, "reuse-chat: %s does not take '%s', see 'reuse-chat help'\n",
                command, args->argument);
        return APP_EXIT_USAGE;
    }
    if (strcmp(command, "serve") == 0)
        return app_serve(args);
    if (strcmp(command, "verify") == 0)
        return app_verify(args);
    if (strcmp(command, "check") == 0)
        return app_check(args);
    if (strcmp(command, "health") == 0)
        return app_health(args);
    if (strcmp(command, "bench") == 0)
        return bench_main(args->flags);
    fprintf(stderr, "reuse-chat: unknown command '%s', see 'reuse-chat help'\n", command);
    return APP_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct app_args args = {0};
    const char **flags = calloc((size_t)argc + 1, sizeof(*flags));
    struct arena arena;
    int status;

    if (!flags)
        return APP_EXIT_USAGE;
    signal(SIGPIPE, SIG_IGN); /* hiredis writes with write(2) */
    split_args(argv, &args, flags);
    args.flags = flags;
    args.environ = (const char *const *)environ;
    arena_init(&arena, SIZE_MAX);
    args.arena = &arena;
    if (args.command && strcmp(args.command, "version") == 0) {
        printf("reuse-chat %s\n", REUSE_CHAT_VERSION);
        status = 0;
    } else if (args.command && strcmp(args.command, "config") == 0) {
        print_config();
        status = 0;
    } else if (args.command && strcmp(args.command, "help") == 0) {
        print_help();
        status = 0;
    } else {
        status = run(&args);
    }
    arena_release(&arena);
    free(flags);
    return status;
}
