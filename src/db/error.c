/* SPDX-License-Identifier: MIT */
#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>

#include "db/connection.h"

#include "base/banned.h"

/* A code of MySQL 8 that MariaDB's header does not have. */
enum {
    MYSQL_CHECK_VIOLATED = 3819
};

static const struct {
    unsigned code;
    enum err err;
} meanings[] = {
    {ER_DUP_ENTRY, ERR_DB_DUPLICATE},
    {ER_DUP_ENTRY_WITH_KEY_NAME, ERR_DB_DUPLICATE},
    {ER_DUP_KEY, ERR_DB_DUPLICATE},

    {ER_NO_REFERENCED_ROW, ERR_DB_REFERENCE},
    {ER_NO_REFERENCED_ROW_2, ERR_DB_REFERENCE},
    {ER_ROW_IS_REFERENCED, ERR_DB_REFERENCE},
    {ER_ROW_IS_REFERENCED_2, ERR_DB_REFERENCE},

    {ER_LOCK_DEADLOCK, ERR_DB_RETRY},
    {ER_LOCK_WAIT_TIMEOUT, ERR_DB_RETRY},
    {ER_CHECKREAD, ERR_DB_RETRY},         /* the row changed since the snapshot */
    {ER_TABLE_DEF_CHANGED, ERR_DB_RETRY}, /* a migration ran beside us */
    {ER_NEED_REPREPARE, ERR_DB_RETRY},
    {ER_QUERY_INTERRUPTED, ERR_DB_RETRY}, /* KILL QUERY */

    {CR_CONNECTION_ERROR, ERR_DB_LOST},
    {CR_CONN_HOST_ERROR, ERR_DB_LOST},
    {CR_UNKNOWN_HOST, ERR_DB_LOST},
    {CR_SERVER_GONE_ERROR, ERR_DB_LOST},
    {CR_SERVER_HANDSHAKE_ERR, ERR_DB_LOST},
    {CR_SERVER_LOST, ERR_DB_LOST},
    {CR_SERVER_LOST_EXTENDED, ERR_DB_LOST},
    {CR_COMMANDS_OUT_OF_SYNC, ERR_DB_LOST},
    {CR_SSL_CONNECTION_ERROR, ERR_DB_LOST},
    {CR_MALFORMED_PACKET, ERR_DB_LOST},
    {CR_NO_PREPARE_STMT, ERR_DB_LOST},
    {ER_CON_COUNT_ERROR, ERR_DB_LOST}, /* too many connections: later, perhaps */
    {ER_TOO_MANY_USER_CONNECTIONS, ERR_DB_LOST},
    {ER_USER_LIMIT_REACHED, ERR_DB_LOST},
    {ER_SERVER_SHUTDOWN, ERR_DB_LOST},
    {ER_ABORTING_CONNECTION, ERR_DB_LOST},
    {ER_NEW_ABORTING_CONNECTION, ERR_DB_LOST},
    {ER_NET_READ_ERROR, ERR_DB_LOST},
    {ER_NET_READ_INTERRUPTED, ERR_DB_LOST},
    {ER_NET_ERROR_ON_WRITE, ERR_DB_LOST},
    {ER_NET_WRITE_INTERRUPTED, ERR_DB_LOST},
    {ER_CONNECTION_KILLED, ERR_DB_LOST},
    {ER_UNKNOWN_STMT_HANDLER, ERR_DB_LOST},      /* a proxy gave us another server */
    {ER_OPTION_PREVENTS_STATEMENT, ERR_DB_LOST}, /* read-only: another one took over */
    {ER_READ_ONLY_MODE, ERR_DB_LOST},
    {ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ERR_DB_LOST},

    {ER_DATA_TOO_LONG, ERR_DB_RANGE},
    {ER_WARN_DATA_OUT_OF_RANGE, ERR_DB_RANGE},
    {ER_TRUNCATED_WRONG_VALUE, ERR_DB_RANGE},
    {ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ERR_DB_RANGE},
    {WARN_DATA_TRUNCATED, ERR_DB_RANGE},
    {ER_BAD_NULL_ERROR, ERR_DB_RANGE},
    {ER_CONSTRAINT_FAILED, ERR_DB_RANGE},
    {MYSQL_CHECK_VIOLATED, ERR_DB_RANGE},

    {ER_BAD_FIELD_ERROR, ERR_DB_SCHEMA},
    {ER_NO_SUCH_TABLE, ERR_DB_SCHEMA},
    {ER_NO_SUCH_TABLE_IN_ENGINE, ERR_DB_SCHEMA},
    {ER_WRONG_VALUE_COUNT_ON_ROW, ERR_DB_SCHEMA},
    {ER_NO_DEFAULT_FOR_FIELD, ERR_DB_SCHEMA},
};

enum err db_error_of(unsigned code)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].code == code)
            return meanings[i].err;
    }
    return ERR_DB_FAILED;
}

/* What an error takes with it. */
static enum err consequences(struct db *db, enum err rc)
{
    bool was_open = db->tx == DB_TX_OPEN;

    if (rc != ERR_DB_LOST && rc != ERR_DB_RETRY)
        return rc;
    if (was_open) {
        db->tx = DB_TX_BROKEN;
        db->tx_error = rc;
    }
    /* A lock time-out ends the statement only; a deadlock all of it. Both end here alike. */
    if (rc == ERR_DB_LOST ||
        (was_open && mysql_real_query(db->mysql, "ROLLBACK", 8) != 0))
        db_drop(db);
    return rc;
}

static enum err note(struct db *db, unsigned code, const char *text)
{
    db->error_code = code;
    why_set(&db->error, "%s", text); /* before ROLLBACK clears it in the connection */
    return consequences(db, db_error_of(code));
}

enum err db_fail(struct db *db)
{
    return note(db, mysql_errno(db->mysql), mysql_error(db->mysql));
}

enum err db_fail_statement(struct db *db, MYSQL_STMT *handle)
{
    return note(db, mysql_stmt_errno(handle), mysql_stmt_error(handle));
}

enum err db_refuse(struct db *db, enum err rc, const char *query, const char *what)
{
    db->error_code = 0;
    why_set(&db->error, "%s: %s", query, what);
    return rc;
}

const char *db_error_text(const struct db *db)
{
    return db->error.text;
}

unsigned db_error_code(const struct db *db)
{
    return db->error_code;
}
