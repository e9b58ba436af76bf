/* SPDX-License-Identifier: MIT */
#include "db/connection.h"

#include "base/banned.h"

/* Ends a transaction that the last COMMIT began and that nobody wants. */
static enum err end_begun(struct db *db)
{
    if (!db->is_begun)
        return ERR_OK;
    db->is_begun = false;
    return db_text(db, "COMMIT");
}

enum err db_enter(struct db *db)
{
    switch (db->tx) {
    case DB_TX_NONE:
        return db->mysql ? end_begun(db) : db_connect(db);
    case DB_TX_OPEN:
        return ERR_OK;
    case DB_TX_BROKEN:
        break;
    }
    return db->tx_error; /* alone it would commit itself: never */
}

enum err db_leave(struct db *db)
{
    if (db->tx != DB_TX_OPEN || (db->mysql->server_status & SERVER_STATUS_IN_TRANS))
        return ERR_OK;
    db->tx = DB_TX_BROKEN;
    db->tx_error = ERR_DB_RETRY;
    return db_refuse(db, ERR_DB_RETRY, "transaction", "the server has ended it");
}

static enum err start(struct db *db)
{
    enum err rc = db_connect(db);

    return rc == ERR_OK ? db_text(db, "START TRANSACTION") : rc;
}

enum err db_begin(struct db *db)
{
    bool was_connected = db->mysql != NULL;
    enum err rc;

    BUG_ON(db->tx == DB_TX_OPEN);
    db->tx = DB_TX_NONE;
    if (db->is_begun) {
        db->is_begun = false;
        db->tx = DB_TX_OPEN;
        return ERR_OK;
    }
    rc = start(db);
    if (rc == ERR_DB_LOST && was_connected)
        rc = start(db); /* the idle connection had died; nothing was sent on it yet */
    if (rc == ERR_OK)
        db->tx = DB_TX_OPEN;
    return rc;
}

enum err db_commit(struct db *db)
{
    enum err rc;

    BUG_ON(db->tx == DB_TX_NONE);
    (void)!db_leave(db);
    if (db->tx == DB_TX_BROKEN) {
        db->tx = DB_TX_NONE;
        return ERR_DB_RETRY; /* not ERR_DB_LOST: nothing is committed, that is certain */
    }
    db->tx = DB_TX_NONE;
    rc = db_text(db, db->is_chaining ? "COMMIT AND CHAIN" : "COMMIT");
    db->is_begun = rc == ERR_OK && db->is_chaining;
    if (rc != ERR_OK && db->mysql && db_text(db, "ROLLBACK") != ERR_OK)
        db_drop(db);
    return rc;
}

void db_rollback(struct db *db)
{
    bool was_open = db->tx == DB_TX_OPEN;

    db->tx = DB_TX_NONE;
    /* Without an answer the server rolls back when it sees the connection gone. */
    if (was_open && db_text(db, "ROLLBACK") != ERR_OK)
        db_drop(db);
}
