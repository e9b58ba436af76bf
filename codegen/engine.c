/* SPDX-License-Identifier: MIT */
#include "codegen/engine.h"

#include <fcntl.h>
#include <ftw.h>
#include <mariadb/mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "codegen/list.h"

#include "base/banned.h"

struct engine {
    char dir[32]; /* ours alone: the data directory, and temporary files beside it */
    MYSQL *mysql;
    bool is_started;
};

/* The engine speaks on stderr when it starts and stops; there is nobody to listen. */
static int silence(void)
{
    int kept = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    fflush(stderr);
    if (nowhere >= 0) {
        dup2(nowhere, STDERR_FILENO);
        close(nowhere);
    }
    return kept;
}

static void speak(int kept)
{
    fflush(stderr);
    if (kept >= 0) {
        dup2(kept, STDERR_FILENO);
        close(kept);
    }
}

/* Small and careless about power cuts: nothing here outlives the process. Statistics are taken
 * from all pages, so that plans are the same in each run. */
static bool start_library(struct engine *e)
{
    char datadir[64], tmpdir[64];
    char *args[] = {
        (char[]){"reuse-gen"},
        (char[]){"--no-defaults"},
        datadir,
        tmpdir, /* any MariaDB that starts removes what others left in a shared one */
        (char[]){"--skip-grant-tables"},
        (char[]){"--innodb-buffer-pool-size=96M"},
        (char[]){"--innodb-log-file-size=48M"},
        (char[]){"--innodb-flush-log-at-trx-commit=0"},
        (char[]){"--innodb-flush-method=nosync"},
        (char[]){"--innodb-stats-persistent=0"}, /* there are no mysql.* tables */
        (char[]){"--innodb-stats-transient-sample-pages=100000"},
        (char[]){"--performance-schema=0"},
        (char[]){"--character-set-server=utf8mb4"},
        (char[]){"--collation-server=utf8mb4_bin"},
        (char[]){"--default-time-zone=+00:00"},
    };
    int kept, failed;

    snprintf(datadir, sizeof(datadir), "--datadir=%s/data", e->dir);
    snprintf(tmpdir, sizeof(tmpdir), "--tmpdir=%s", e->dir);
    if (mkdir(datadir + strlen("--datadir="), 0700) != 0)
        return false;
    kept = silence();
    failed = mysql_library_init((int)(sizeof(args) / sizeof(args[0])), args, NULL);
    speak(kept);
    return !failed;
}

static bool connect_to_it(struct engine *e, struct why *why)
{
    static const char *const first[] = {
        /* as src/db/connection.c */
        ("SET SESSION sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,"
         "NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"),
        "CREATE DATABASE reuse_gen",
        "USE reuse_gen",
    };

    e->mysql = mysql_init(NULL);
    BUG_ON(!e->mysql);
    mysql_options(e->mysql, MYSQL_OPT_USE_EMBEDDED_CONNECTION, NULL);
    /* the engine's own default is the three-byte utf8 */
    mysql_options(e->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (!mysql_real_connect(e->mysql, NULL, NULL, NULL, NULL, 0, NULL, 0)) {
        why_set(why, "the engine refuses a connection: %s", mysql_error(e->mysql));
        return false;
    }
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
        if (!engine_run(e, str_of(first[i]), why))
            return false;
    return true;
}

struct engine *engine_start(struct why *why)
{
    struct engine *e = mem_zalloc(sizeof(*e));

    snprintf(e->dir, sizeof(e->dir), "/tmp/reuse-gen-XXXXXX");
    if (!mkdtemp(e->dir)) {
        e->dir[0] = '\0';
        why_set(why, "no temporary directory can be made");
    } else if (!start_library(e)) {
        why_set(why, "the engine does not start in %s", e->dir);
    } else {
        e->is_started = true;
        if (connect_to_it(e, why))
            return e;
    }
    engine_stop(&e);
    return NULL;
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void engine_stop(struct engine **e)
{
    struct engine *it = *e;

    if (!it)
        return;
    if (it->mysql)
        mysql_close(it->mysql);
    if (it->is_started) {
        int kept = silence();

        mysql_library_end();
        speak(kept);
    }
    if (it->dir[0])
        nftw(it->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(it);
    *e = NULL;
}

static bool say_why(struct engine *e, struct why *why)
{
    why_set(why, "%s", mysql_error(e->mysql));
    return false;
}

static void copy_rows(MYSQL_RES *result, struct arena *a, struct engine_rows *out)
{
    MYSQL_ROW row;

    out->width = mysql_num_fields(result);
    out->cells = ARENA_ARRAY(a, struct str, (size_t)mysql_num_rows(result) * out->width);
    while ((row = mysql_fetch_row(result))) {
        const unsigned long *lengths = mysql_fetch_lengths(result);

        for (size_t i = 0; i < out->width; i++)
            out->cells[out->n * out->width + i] =
                arena_dup(a, (struct str){row[i], row[i] ? lengths[i] : 0});
        out->n++;
    }
}

bool engine_ask(struct engine *e, struct arena *a, struct str sql,
                struct engine_rows *out, struct why *why)
{
    MYSQL_RES *result;

    *out = (struct engine_rows){0};
    if (mysql_real_query(e->mysql, sql.p, (unsigned long)sql.n) != 0)
        return say_why(e, why);
    result = mysql_store_result(e->mysql);
    if (!result)
        return mysql_field_count(e->mysql) == 0 || say_why(e, why);
    copy_rows(result, a, out);
    mysql_free_result(result);
    return true;
}

bool engine_run(struct engine *e, struct str sql, struct why *why)
{
    struct engine_rows rows;
    struct arena scratch;
    bool is_done;

    arena_init(&scratch, SIZE_MAX);
    is_done = engine_ask(e, &scratch, sql, &rows, why);
    arena_release(&scratch);
    return is_done;
}

static void set_integer(struct engine_field *f, const MYSQL_FIELD *from, bool is_wide)
{
    if (from->flags & UNSIGNED_FLAG)
        f->type = is_wide ? CATALOG_U64 : CATALOG_U32;
    else
        f->type = is_wide ? CATALOG_I64 : CATALOG_I32;
}

static void set_other(struct engine_field *f, const char *name)
{
    f->type = CATALOG_OTHER;
    f->sql_type = name;
}

static void set_type(struct engine_field *f, const MYSQL_FIELD *from)
{
    enum {
        BINARY_CHARSET = 63
    };

    switch (from->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
        set_integer(f, from, false);
        break;
    case MYSQL_TYPE_LONGLONG:
        set_integer(f, from, true);
        break;
    case MYSQL_TYPE_STRING:
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_VARCHAR:
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB:
        f->type = from->charsetnr == BINARY_CHARSET ? CATALOG_BYTES : CATALOG_TEXT;
        break;
    case MYSQL_TYPE_DATETIME:
        f->type = CATALOG_DATETIME;
        break;
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
        set_other(f, "DECIMAL");
        break;
    case MYSQL_TYPE_DOUBLE:
    case MYSQL_TYPE_FLOAT:
        set_other(f, "DOUBLE");
        break;
    case MYSQL_TYPE_NULL:
        set_other(f, "NULL");
        break;
    default:
        set_other(f, "a type without a C form");
        break;
    }
}

static void copy_field(struct arena *a, const MYSQL_FIELD *from, struct engine_field *f)
{
    *f = (struct engine_field){
        .name = arena_dup(a, str_of(from->name)),
        .table = arena_dup(a, str_of(from->org_table ? from->org_table : "")),
        .column = arena_dup(a, str_of(from->org_name ? from->org_name : "")),
        .is_nullable = !(from->flags & NOT_NULL_FLAG),
        .bytes = from->length,
    };
    set_type(f, from);
}

static void copy_shape(MYSQL_STMT *stmt, struct arena *a, struct engine_shape *out)
{
    MYSQL_RES *meta = mysql_stmt_result_metadata(stmt);

    out->n_params = mysql_stmt_param_count(stmt);
    if (!meta)
        return;
    out->n_fields = mysql_num_fields(meta);
    out->fields = ARENA_ARRAY(a, struct engine_field, out->n_fields);
    for (size_t i = 0; i < out->n_fields; i++)
        copy_field(a, mysql_fetch_field_direct(meta, (unsigned)i), &out->fields[i]);
    mysql_free_result(meta);
}

bool engine_prepare(struct engine *e, struct arena *a, struct str sql,
                    struct engine_shape *out, struct why *why)
{
    MYSQL_STMT *stmt = mysql_stmt_init(e->mysql);
    bool is_done;

    *out = (struct engine_shape){0};
    BUG_ON(!stmt);
    is_done = mysql_stmt_prepare(stmt, sql.p, (unsigned long)sql.n) == 0;
    if (is_done)
        copy_shape(stmt, a, out);
    else
        why_set(why, "%s", mysql_stmt_error(stmt));
    mysql_stmt_close(stmt);
    return is_done;
}
