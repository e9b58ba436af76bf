/*
 * What the files of this folder share about the connection itself. Not for other folders.
 * Every failure passes through db_fail or db_fail_statement: they decide what the error means, and
 * drop the connection or the transaction that is gone with it.
 * SPDX-License-Identifier: MIT
 */
#ifndef DB_CONNECTION_H
#define DB_CONNECTION_H

#include <mariadb/mysql.h>

#include "db/db.h"
#include "db/url.h"

enum {
    DB_WIDTHS = 9 /* of a list or a batch: 1, 2, 4 … 256 */
};

#define DB_EMBEDDED_NAME "reuse_chat" /* the database in an embedded data directory */

enum db_tx {
    DB_TX_NONE, /* each statement commits itself */
    DB_TX_OPEN, /* between db_begin and its end */
    DB_TX_BROKEN /* lost or rolled back by an error; nothing runs until the caller ends it */
};

struct statement;

struct db {
    struct arena own; /* the parts of url */
    struct db_url url;
    bool is_url_wrong; /* error says how */
    unsigned connect_timeout_s, read_timeout_s;
    const atomic_bool *is_stopping; /* may be NULL, as log */
    const struct log *log;

    MYSQL *mysql; /* NULL: not connected */
    uint64_t generation;
    bool is_unreached; /* the last attempt failed, as the fields below say */
    int64_t failed_ns; /* monotonic */
    enum err connect_error;
    unsigned connect_code;
    struct why connect_why;
    enum db_tx tx;
    bool is_chaining; /* see db_config */
    bool is_begun; /* the last COMMIT has begun the next transaction; nothing ran in it */
    enum err tx_error; /* why it is broken */
    unsigned error_code;
    struct why error;
    struct statement *statements[DB_QUERY_MAX][DB_WIDTHS]; /* owned; of this generation */
};

/* db_error_of — what an error code of the server or the client library means. thread: any */
enum err db_error_of(unsigned code);

/* db_fail — the last call on the connection failed. out: the error, never ERR_OK */
enum err db_fail(struct db *db);
/* db_fail_statement — the same for a call on a statement of it. */
enum err db_fail_statement(struct db *db, MYSQL_STMT *handle);
/* db_refuse — an error found on our side, told as "query: what". out: rc */
enum err db_refuse(struct db *db, enum err rc, const char *query, const char *what);

/* db_drop — closes the connection and forgets its statements; a no-op without one. */
void db_drop(struct db *db);

/* db_enter — before each statement: connects, unless a transaction is open or broken. */
NODISCARD enum err db_enter(struct db *db);
/* db_leave — after each success: ERR_DB_RETRY if the server has ended the open transaction. */
NODISCARD enum err db_leave(struct db *db);

/* db_text — one statement without a result. */
NODISCARD enum err db_text(struct db *db, const char *sql);

/* statements_drop — forgets all prepared statements; the connection is closed already. */
void statements_drop(struct db *db);

/*
 * engine_choose — before a connection is made: local engine or network, as the url says.
 * errors: ERR_DB_FAILED with why: no engine in this program, not started, or another directory
 */
NODISCARD enum err engine_choose(MYSQL *mysql, const struct db_url *url, struct why *why);

#endif
