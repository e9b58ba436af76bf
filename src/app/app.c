/*
 * Settings, the database library, and the subcommands that need no server.
 * SPDX-License-Identifier: MIT
 */
#include "app/app.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/spring_env.h"
#include "db/migrate.h"
#include "mail/mail.h"

#include "base/banned.h"

static bool complain(const char *key, const char *text)
{
    fprintf(stderr, "reuse-chat: %s: %s\n", key, text);
    return false;
}

static bool check_database_url(struct settings *s)
{
    if (s->database_url.n == 0 && db_library_has_engine())
        s->database_url = STR("embedded:data");
    if (s->database_url.n == 0)
        return complain("database.url",
                        "is not set (mysql://user:password@host:port/name)");
    if (str_starts(s->database_url, STR("embedded:")) && !db_library_has_engine())
        return complain("database.url",
                        "embedded: needs the program reuse-chat-embedded");
    return true;
}

static bool check_mail(const struct settings *s)
{
    if (s->mail_url.n == 0)
        return true;
    if (!mail_url_is_valid(s->mail_url))
        return complain("mail.url",
                        "is not smtp://[user:password@]host[:port] or smtps://…");
    if (!mail_address_is_valid(s->mail_from))
        return complain("mail.from", "is no address");
    if (!mail_address_is_valid(s->inquiry_to))
        return complain("inquiry.to", "is no address");
    return true;
}

/* Civil times on the wire are the process's zone: TZ is set once, before anything looks. */
static bool set_zone(const struct settings *s)
{
    char zone[80];

    if (s->time_zone.n > 0) {
        snprintf(zone, sizeof(zone), STR_FMT, STR_ARG(s->time_zone));
        if (setenv("TZ", zone, 1) != 0)
            return complain("time.zone", "cannot be set");
    }
    tzset();
    return true;
}

const char **app_flags_room(const struct app_args *args)
{
    size_t n = 0;

    while (args->flags[n])
        n++;
    return ARENA_ARRAY(args->arena, const char *, n + 1);
}

bool app_settings(const struct app_args *args, struct settings *out,
                  const char ***origins_out)
{
    const struct setting_sources sources = {.file = args->config_file,
                                            .environ =
                                                spring_env(args->environ, args->arena),
                                            .flags = args->flags};
    struct why why = {.text = ""};

    if (setting_load(&settings_table, &sources, args->arena, out, origins_out, &why) !=
        ERR_OK) {
        fprintf(stderr, "reuse-chat: %s\n", why.text);
        return false;
    }
    if (out->admin_port == 0 && out->server_port > 0 && out->server_port <= 64535)
        out->admin_port = out->server_port + 1000;
    return check_database_url(out) && check_mail(out) && set_zone(out);
}

bool app_database_open(const struct settings *settings)
{
    struct why why = {.text = ""};
    char dir[1024];
    bool is_embedded = str_starts(settings->database_url, STR("embedded:"));
    struct str path = is_embedded ? str_from(settings->database_url, 9) : STR("");

    snprintf(dir, sizeof(dir), STR_FMT, STR_ARG(path));
    if (db_library_start(is_embedded ? dir : NULL, &why) == ERR_OK)
        return true;
    fprintf(stderr, "reuse-chat: %s\n", why.text);
    return false;
}

/* --- the engine inside -------------------------------------------------------------------- */

/* What the schema of a data directory was brought to: changes with any byte of migrations/. */
static unsigned long long schema_mark(void)
{
    unsigned long long h = 14695981039346656037ull; /* FNV-1a */

    for (size_t i = 0; i < migration_files.n; i++)
        for (size_t k = 0; k < migration_files.files[i].sql.n; k++)
            h = (h ^ (unsigned char)migration_files.files[i].sql.p[k]) * 1099511628211ull;
    return h;
}

static bool is_marked(const char *path)
{
    unsigned long long mark = 0;
    FILE *file = fopen(path, "r");
    bool is_read = file && fscanf(file, "%llx", &mark) == 1;

    if (file)
        fclose(file);
    return is_read && mark == schema_mark();
}

static bool write_mark(const char *path)
{
    FILE *file = fopen(path, "w");
    bool is_written = file && fprintf(file, "%llx\n", schema_mark()) > 0;

    return file && fclose(file) == 0 && is_written;
}

static int prepare_in_child(const struct settings *settings)
{
    int status;

    if (!app_database_open(settings))
        return APP_EXIT_UNAVAILABLE;
    status = settings->migrate_at_start ? app_schema_at_start(settings) : 0;
    db_library_stop();
    return status;
}

int app_database_prepare(const struct settings *settings)
{
    char mark[1100];
    pid_t child;
    int status = -1;

    if (!str_starts(settings->database_url, STR("embedded:")))
        return 0;
    snprintf(mark, sizeof(mark), STR_FMT "/schema-mark",
             STR_ARG(str_from(settings->database_url, 9)));
    if (is_marked(mark))
        return 0;
    child = fork();
    if (child == 0)
        _exit(prepare_in_child(settings));
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) != 0)
        return WEXITSTATUS(status);
    return status == 0 && write_mark(mark) ? 0 : APP_EXIT_UNAVAILABLE;
}

int app_check(const struct app_args *args)
{
    const char **origins = NULL;
    struct settings settings;
    struct buf out;

    if (!app_settings(args, &settings, &origins))
        return APP_EXIT_CONFIG;
    buf_init(&out, 1 << 20);
    setting_print(&settings_table, &settings, origins, &out);
    fwrite(out.p, 1, out.n, stdout);
    buf_release(&out);
    return 0;
}
