/*
 * One connection to MySQL or MariaDB and its prepared statements, for one worker thread.
 * Generated DAOs hand in tables that say where parameters and columns live in their structs;
 * statements are prepared on first use and again after a reconnect.
 * SPDX-License-Identifier: MIT
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/log.h"
#include "base/why.h"
#include "generated/c/err.h"

struct db;

/* In-struct form: int64_t, uint64_t, int32_t, uint32_t, struct str (text or bytes), and civil
 * nanoseconds for DATETIME. Nullable scalars have bool has_<name> beside them; a struct str with
 * p == NULL is SQL NULL. */
enum db_type {
    DB_I64,
    DB_U64,
    DB_I32,
    DB_U32,
    DB_TEXT,
    DB_BYTES,
    DB_DATETIME
};

enum {
    DB_NO_OFFSET = 0xffff,
    DB_LIST_MAX = 256,
    DB_QUERY_MAX = 512
};

struct db_param {
    const char *name;
    enum db_type type;
    uint16_t offset; /* in the in-struct */
    /* of has_<name>; DB_NO_OFFSET: never NULL (text: p == NULL refused unless is_nullable) */
    uint16_t has_offset;
    bool is_nullable;
    /* IN list: a pointer to int64_t (DB_TEXT: to struct str) at offset, size_t n_<name> at
     * has_offset; at most DB_LIST_MAX, none: no row and no call */
    bool is_list;
    uint32_t max_chars; /* text: code points; bytes: bytes; 0: no limit of its own */
    int64_t min, max;   /* integers; both 0: the type's range */
};

struct db_column {
    const char *name;
    enum db_type type;
    uint16_t offset;     /* in the row struct */
    uint16_t has_offset; /* DB_NO_OFFSET: text, or never NULL */
    uint32_t max_bytes;  /* text, bytes: buffer needed; 0: long, fetched afterwards */
};

enum db_query_kind {
    DB_ONE,
    DB_MANY,
    DB_EXEC
};

struct db_query {
    int id;           /* index among all queries of the program; statement cache slot */
    const char *name; /* "room_by_uuid" */
    /* with ? per parameter; a list has the text (?) once, widened by the runtime */
    const char *sql;
    enum db_query_kind kind;
    const struct db_param *params; /* as the ?; a name used twice stands twice */
    size_t n_params;
    const struct db_column *columns;
    size_t n_columns;
    size_t row_size; /* bytes of the row struct */
    /* INSERT … VALUES (…) that may be repeated: sql up to "VALUES " and one "(?,?,…)" */
    const char *batch_head, *batch_row;
    size_t in_size; /* bytes of the in-struct, for arrays of it */
};

struct db_result {
    uint64_t affected;  /* rows inserted, deleted, or matched by UPDATE, changed or not */
    uint64_t insert_id; /* AUTO_INCREMENT or LAST_INSERT_ID(expr) */
};

struct db_config {
    struct str url;         /* mysql://user:password@host:port/name, or embedded:DIR */
    int connect_timeout_ms; /* default 5000 when 0 */
    int read_timeout_ms;    /* default 15000 when 0 */
    /* May be NULL. Once it is true a database that was not reached is not tried again: its owner
     * stops, and who still waits shall hear so at once. */
    const atomic_bool *is_stopping;
    /* db_commit also begins the next transaction, in the same round trip: for a connection that has
     * little else to do, as a statement outside of a transaction first ends the one begun. If it
     * dies idle, not db_begin replaces it, but the first statement finds it lost. */
    bool is_chaining;
    const struct log *log;
};

/*
 * db_library_start, db_library_stop — once per process, before the first and after the last db.
 * in:     embedded_dir: data directory of the engine inside the process, NULL: remote only
 * errors: ERR_DB_FAILED with why (also: this program has no engine inside)
 * thread: main
 */
NODISCARD enum err db_library_start(const char *embedded_dir, struct why *why);
void db_library_stop(void);
/* db_library_has_engine — this program has the MariaDB engine inside. */
bool db_library_has_engine(void);

/* db_new — a connection that is not made yet. out: freed with db_free on the same thread. */
struct db *db_new(const struct db_config *config);
void db_free(struct db **db);

/*
 * db_connect — makes the connection if there is none: utf8mb4, strict mode, READ COMMITTED,
 * autocommit, time zone UTC, short lock waits. Queries call it themselves outside a transaction.
 * A database that was not reached is left alone for half a second: until then each call fails at
 * once as the last one did, so that a queue of jobs pays for one attempt and not for each.
 * errors: ERR_DB_LOST, ERR_DB_FAILED (access denied, no such database)
 * thread: worker
 */
NODISCARD enum err db_connect(struct db *db);

/* db_is_connected — no loss was seen since the last connect. */
bool db_is_connected(const struct db *db);

/* db_generation — counts connections made; a change means statements and locks are gone. */
uint64_t db_generation(const struct db *db);

/* db_error_text, db_error_code — what the server said at the last error; valid until the next call. */
const char *db_error_text(const struct db *db);
unsigned db_error_code(const struct db *db);

/*
 * db_begin, db_commit, db_rollback — one transaction. After ERR_DB_RETRY or ERR_DB_LOST it is gone
 * and db_rollback is still allowed. db_commit sends COMMIT as a packet of its own: ERR_DB_LOST from
 * it means "may be committed", from anything before it "is not".
 * db_begin replaces an idle connection that had died.
 * thread: worker
 */
NODISCARD enum err db_begin(struct db *db);
NODISCARD enum err db_commit(struct db *db);
void db_rollback(struct db *db);

/* db_end — the end of a transaction whose statements came to rc: commits after ERR_OK, else rolls back.
 * out: rc, or what db_commit says */
NODISCARD static inline enum err db_end(struct db *db, enum err rc)
{
    if (rc == ERR_OK)
        return db_commit(db);
    db_rollback(db);
    return rc;
}

/*
 * db_one — runs a query of kind DB_ONE.
 * in:     in-struct of q (NULL without parameters)
 * out:    *row filled, strings in a
 * errors: ERR_NOT_FOUND, ERR_DB_*; ERR_DB_FAILED for a second row; ERR_TOO_LARGE (arena)
 * thread: worker, as all below
 */
NODISCARD enum err db_one(struct db *db, const struct db_query *q, const void *in,
                          struct arena *a, void *row);
/* db_many — rows as an array in a; none: *rows_out NULL, *n_out 0, ERR_OK.
 * Both, outside a transaction, run once more if it turns out that the idle connection had died. */
NODISCARD enum err db_many(struct db *db, const struct db_query *q, const void *in,
                           struct arena *a, void **rows_out, size_t *n_out);
/* db_exec — result may be NULL. errors: ERR_DB_DUPLICATE, ERR_DB_REFERENCE, … */
NODISCARD enum err db_exec(struct db *db, const struct db_query *q, const void *in,
                           struct db_result *result);
/*
 * db_exec_batch — n in-structs in as few multi-row INSERTs as the sizes 256, 128 … 2, 1 allow.
 * Outside a transaction it opens one; all or nothing.
 * out: *bad_row_out (may be NULL): first row that is out of range before anything was sent, else n
 */
NODISCARD enum err db_exec_batch(struct db *db, const struct db_query *q,
                                 const void *rows, size_t n, size_t *bad_row_out);

/*
 * db_run_text — one statement from a file or of our own making without values from outside (DDL,
 * GET_LOCK); for migrate and the server lock only.
 * out:    first column of the first row as text in a (may be NULL), no value if there is none
 */
NODISCARD enum err db_run_text(struct db *db, struct str sql, struct arena *a,
                               struct str *first_out);

/* db_answers — whether the database answers now; connects if it must. thread: worker */
static inline bool db_answers(struct db *db)
{
    return db_connect(db) == ERR_OK &&
           db_run_text(db, STR("SELECT 1"), NULL, NULL) == ERR_OK;
}

#endif
