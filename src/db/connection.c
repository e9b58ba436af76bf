/* SPDX-License-Identifier: MIT */
#include "db/connection.h"

#include <stdlib.h>

#include "base/clock.h"

#include "base/banned.h"

enum {
    CONNECT_TIMEOUT_MS = 5000,
    READ_TIMEOUT_MS = 15000,
    CONNECT_PAUSE_MS = 500 /* after an attempt that failed */
};

/* What each session begins with: the same on MySQL 8 and MariaDB, whatever the server's own
 * defaults are. Waits for locks are short: a worker has other rooms to serve. */
static const char *const session_settings[] = {
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION sql_mode = 'ONLY_FULL_GROUP_BY,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,"
    "NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', "
    "time_zone = '+00:00', innodb_lock_wait_timeout = 5, lock_wait_timeout = 5, "
    "autocommit = 1",
};

/* The client library keeps memory per thread, freed with the thread's last connection. */
static _Thread_local unsigned connections_of_thread;

static unsigned seconds_of(int ms, int preset)
{
    int value = ms > 0 ? ms : preset;

    return (unsigned)value / 1000 + (value % 1000 > 0);
}

struct db *db_new(const struct db_config *config)
{
    struct db *db = mem_zalloc(sizeof(*db));

    BUG_ON(connections_of_thread == 0 && mysql_thread_init() != 0);
    connections_of_thread++;
    arena_init(&db->own, SIZE_MAX);
    db->is_url_wrong =
        db_url_parse(&db->own, config->url, &db->url, &db->error) != ERR_OK;
    db->connect_timeout_s = seconds_of(config->connect_timeout_ms, CONNECT_TIMEOUT_MS);
    db->read_timeout_s = seconds_of(config->read_timeout_ms, READ_TIMEOUT_MS);
    db->is_stopping = config->is_stopping;
    db->is_chaining = config->is_chaining;
    db->log = config->log;
    return db;
}

void db_free(struct db **db)
{
    if (!*db)
        return;
    db_drop(*db);
    arena_release(&(*db)->own);
    free(*db);
    *db = NULL;
    BUG_ON(connections_of_thread == 0); /* another thread than that of db_new */
    if (--connections_of_thread == 0)
        mysql_thread_end();
}

void db_drop(struct db *db)
{
    mysql_close(
        db->mysql); /* first: its statements are then closed without a round trip */
    db->mysql = NULL;
    db->is_begun = false;
    statements_drop(db);
}

static MYSQL *new_handle(const struct db *db)
{
    MYSQL *mysql = mysql_init(NULL);
    my_bool is_on = 1, is_off = 0;

    BUG_ON(!mysql); /* out of memory */
    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &db->connect_timeout_s);
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &db->read_timeout_s);
    mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &db->read_timeout_s);
    mysql_options(mysql, MYSQL_OPT_RECONNECT, &is_off);
    mysql_options(mysql, MYSQL_REPORT_DATA_TRUNCATION, &is_on);
    /* Not SET NAMES: escaping in the library has to know it as well. */
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    return mysql;
}

static bool reach(struct db *db)
{
    const struct db_url *url = &db->url;
    unsigned protocol = url->socket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
    const unsigned long flags = CLIENT_FOUND_ROWS;

    if (url->is_embedded)
        return mysql_real_connect(db->mysql, NULL, NULL, NULL, DB_EMBEDDED_NAME, 0, NULL,
                                  flags) != NULL;
    /* "localhost" would mean the library's own idea of a socket. */
    mysql_options(db->mysql, MYSQL_OPT_PROTOCOL, &protocol);
    return mysql_real_connect(db->mysql, url->socket ? NULL : url->host, url->user,
                              url->password, url->name, url->port, url->socket,
                              flags) != NULL;
}

static enum err start_session(struct db *db)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < sizeof(session_settings) / sizeof(char *) && !rc; i++)
        rc = db_text(db, session_settings[i]);
    return rc;
}

/* Tried a moment ago, or nobody will wait for the next attempt. */
static bool is_left_alone(const struct db *db)
{
    return db->is_unreached &&
           ((db->is_stopping && atomic_load(db->is_stopping)) ||
            clock_mono_ns() - db->failed_ns < CONNECT_PAUSE_MS * NS_PER_MS);
}

static enum err attempt(struct db *db)
{
    enum err rc;

    db->mysql = new_handle(db);
    db->error_code = 0;
    rc = engine_choose(db->mysql, &db->url, &db->error);
    if (rc == ERR_OK && !reach(db))
        rc = db_fail(db);
    if (rc == ERR_OK)
        rc = start_session(db);
    if (rc != ERR_OK)
        db_drop(db);
    return rc;
}

enum err db_connect(struct db *db)
{
    if (db->mysql)
        return ERR_OK;
    if (db->is_url_wrong)
        return ERR_DB_FAILED;
    if (is_left_alone(db)) {
        db->error_code = db->connect_code;
        db->error = db->connect_why;
        return db->connect_error;
    }
    db->connect_error = attempt(db);
    db->is_unreached = db->connect_error != ERR_OK;
    if (db->is_unreached) {
        db->failed_ns = clock_mono_ns();
        db->connect_code = db->error_code;
        db->connect_why = db->error;
        return db->connect_error;
    }
    db->generation++;
    if (db->log)
        LOG_INFO(db->log, "database.connected",
                 LOG_C("version", mysql_get_server_info(db->mysql)),
                 LOG_INT("generation", db->generation));
    return ERR_OK;
}

bool db_is_connected(const struct db *db)
{
    return db->mysql != NULL;
}

uint64_t db_generation(const struct db *db)
{
    return db->generation;
}

enum err db_text(struct db *db, const char *sql)
{
    if (mysql_real_query(db->mysql, sql, (unsigned long)strlen(sql)) != 0)
        return db_fail(db);
    return ERR_OK;
}
