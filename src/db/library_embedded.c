/*
 * The library part of a program with the MariaDB engine inside (libmariadbd, GPL-2).
 * The engine lives once per process and owns its data directory; a lock file tells a second
 * process so at once, where the engine itself would wait for minutes.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/connection.h"

#include "base/banned.h"

/* Folders in the data directory: the engine's files, and those not whole yet. */
#define DATA            "engine"
#define DATA_UNFINISHED "engine.new"

/* Not /tmp: any MariaDB that starts removes what looks like a leftover in its tmpdir, so that one
 * shared with another loses its temporary tables. */
#define TMP_DIR ".tmp"

/* Static because the engine is: one per process, whoever asks. Written by the main thread before
 * and after all others run. */
static struct {
    bool was_started;   /* it cannot be started twice */
    bool is_new;        /* it works in DATA_UNFINISHED */
    int lock_fd;        /* the lock is held while it is open */
    char dir[PATH_MAX]; /* absolute; "": network only */
} engine = {.lock_fd = -1};

static bool make_dirs(const char *dir)
{
    char path[PATH_MAX];
    size_t n = strlen(dir);

    if (n >= sizeof(path))
        return false;
    memcpy(path, dir, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        path[i] = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return false;
        path[i] = dir[i];
    }
    return true;
}

static enum err no_lock(const char *path, struct why *why)
{
    char owner[16] = "?";
    ssize_t n = pread(engine.lock_fd, owner, sizeof(owner) - 1, 0);

    owner[n > 0 ? n : 1] = '\0';
    why_set(why, "another process (pid %s) uses this data directory: it holds %s", owner,
            path);
    close(engine.lock_fd);
    engine.lock_fd = -1;
    return ERR_DB_FAILED;
}

static enum err lock_dir(struct why *why)
{
    char path[PATH_MAX + 32];

    snprintf(path, sizeof(path), "%s/reuse-chat.lock", engine.dir);
    engine.lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (engine.lock_fd < 0) {
        why_set(why, "cannot open %s: %s", path, strerror(errno));
        return ERR_DB_FAILED;
    }
    if (flock(engine.lock_fd, LOCK_EX | LOCK_NB) != 0)
        return no_lock(path, why);
    if (ftruncate(engine.lock_fd, 0) != 0 ||
        dprintf(engine.lock_fd, "%d", getpid()) < 0) {
        why_set(why, "cannot write %s: %s", path, strerror(errno));
        return ERR_DB_FAILED;
    }
    return ERR_OK;
}

static enum err start_engine(const char *name_of_dir, struct why *why)
{
    char name[] = "reuse-chat", datadir[PATH_MAX + 32];
    char tmpdir[PATH_MAX + 32];
    char *args[] = {
        name,
        (char[]){"--no-defaults"},
        datadir,
        tmpdir,
        (char[]){"--skip-grant-tables"}, /* the directory's own permissions guard it */
        (char[]){"--innodb-buffer-pool-size=128M"},
        /* by default 8 TiB of addresses are reserved, which not every system allows */
        (char[]){"--loose-innodb-buffer-pool-size-max=128M"},
        (char[]){"--thread-stack=2M"}, /* of it the caller has used some already */
        (char[]){"--innodb-flush-log-at-trx-commit=1"},
        (char[]){"--innodb-stats-persistent=0"}, /* there are no mysql.* tables */
        (char[]){"--max-allowed-packet=64M"},
        (char[]){"--performance-schema=0"},
        (char[]){"--character-set-server=utf8mb4"},
        (char[]){"--collation-server=utf8mb4_bin"},
    };
    mode_t mask = umask(0);
    int failed;

    umask(mask);
    engine.was_started = true;
    snprintf(datadir, sizeof(datadir), "--datadir=%s/%s", engine.dir, name_of_dir);
    snprintf(tmpdir, sizeof(tmpdir), "--tmpdir=%s/" TMP_DIR, engine.dir);
    if (mkdir(tmpdir + strlen("--tmpdir="), 0700) != 0 && errno != EEXIST) {
        why_set(why, "cannot make %s: %s", tmpdir + strlen("--tmpdir="), strerror(errno));
        return ERR_DB_FAILED;
    }
    failed = mysql_library_init((int)(sizeof(args) / sizeof(args[0])), args, NULL);
    umask(mask); /* the engine sets its own */
    if (!failed)
        return ERR_OK;
    why_set(why, "the database engine could not start in %s", engine.dir);
    return ERR_DB_FAILED;
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/*
 * A new engine works aside until its first clean stop, which moves it to its place: it does not
 * recover from a kill before it wrote the pages of a new file back. So whoever opens a directory
 * for good first lets another process make it (app.c).
 */
static const char *choose_folder(void)
{
    char path[PATH_MAX + 32];

    snprintf(path, sizeof(path), "%s/" DATA, engine.dir);
    engine.is_new = access(path, F_OK) != 0;
    if (!engine.is_new)
        return DATA;
    snprintf(path, sizeof(path), "%s/" DATA_UNFINISHED, engine.dir);
    nftw(path, remove_entry, 16,
         FTW_DEPTH | FTW_PHYS); /* of a start that was cut short */
    return mkdir(path, 0700) == 0 ? DATA_UNFINISHED : NULL;
}

static enum err start_chosen(struct why *why)
{
    const char *folder = choose_folder();

    if (folder)
        return start_engine(folder, why);
    why_set(why, "cannot make a folder in %s: %s", engine.dir, strerror(errno));
    return ERR_DB_FAILED;
}

/* After a clean stop. */
static void finish_new(void)
{
    char made[PATH_MAX + 32], place[PATH_MAX + 32];

    if (!engine.is_new)
        return;
    snprintf(made, sizeof(made), "%s/" DATA_UNFINISHED, engine.dir);
    snprintf(place, sizeof(place), "%s/" DATA, engine.dir);
    if (rename(made, place) != 0)
        fprintf(stderr, "cannot move %s to %s: %s\n", made, place, strerror(errno));
    engine.is_new = false;
}

static enum err create_database(struct why *why)
{
    MYSQL *mysql = mysql_init(NULL);
    bool is_there;

    BUG_ON(!mysql); /* out of memory */
    mysql_options(mysql, MYSQL_OPT_USE_EMBEDDED_CONNECTION, NULL);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    is_there = mysql_real_connect(mysql, NULL, NULL, NULL, NULL, 0, NULL, 0) &&
               mysql_query(mysql, "CREATE DATABASE IF NOT EXISTS " DB_EMBEDDED_NAME
                                  " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin") == 0;
    if (!is_there)
        why_set(why, "no database in %s: %s", engine.dir, mysql_error(mysql));
    mysql_close(mysql);
    return is_there ? ERR_OK : ERR_DB_FAILED;
}

static enum err start_embedded(const char *dir, struct why *why)
{
    enum err rc;

    if (engine.was_started) {
        why_set(why, "the database engine cannot be started a second time");
        return ERR_DB_FAILED;
    }
    if (!make_dirs(dir) || !realpath(dir, engine.dir)) {
        why_set(why, "cannot make the data directory %s: %s", dir, strerror(errno));
        return ERR_DB_FAILED;
    }
    rc = lock_dir(why);
    if (rc == ERR_OK)
        rc = start_chosen(why);
    return rc == ERR_OK ? create_database(why) : rc;
}

enum err db_library_start(const char *embedded_dir, struct why *why)
{
    if (embedded_dir)
        return start_embedded(embedded_dir, why);
    /* -1: the client half only; 0 would start the engine. */
    if (mysql_library_init(-1, NULL, NULL) == 0)
        return ERR_OK;
    why_set(why, "the MySQL client library could not start");
    return ERR_DB_FAILED;
}

void db_library_stop(void)
{
    mysql_thread_init(); /* this thread's may have ended with its last connection */
    mysql_library_end();
    finish_new();
    if (engine.lock_fd >= 0)
        close(engine.lock_fd);
    engine.lock_fd = -1;
}

bool db_library_has_engine(void)
{
    return true;
}

enum err engine_choose(MYSQL *mysql, const struct db_url *url, struct why *why)
{
    char dir[PATH_MAX];

    if (!url->is_embedded) {
        mysql_options(mysql, MYSQL_OPT_USE_REMOTE_CONNECTION, NULL);
        return ERR_OK;
    }
    if (!realpath(url->dir, dir) || strcmp(dir, engine.dir) != 0) {
        why_set(why, "the database engine was not started in %s", url->dir);
        return ERR_DB_FAILED;
    }
    mysql_options(mysql, MYSQL_OPT_USE_EMBEDDED_CONNECTION, NULL);
    return ERR_OK;
}
