/* SPDX-License-Identifier: MIT */
#include "db/statement.h"

#include "base/banned.h"

/* One run of a query. st stays NULL when an empty list made the call needless. */
struct run {
    const struct db_query *q;
    const void *in;
    size_t width_index;
    struct statement *st;
};

static void finish(struct db *db, struct run *run)
{
    if (run->st && db->mysql)
        mysql_stmt_free_result(run->st->handle);
}

static enum err send(struct db *db, struct run *run)
{
    enum err rc = db_enter(db);

    if (rc == ERR_OK)
        rc = statement_get(db, run->q, run->width_index, &run->st);
    if (rc != ERR_OK)
        return rc;
    params_bind(run->st, run->q, run->in, 0, statement_width(run->width_index));
    rc = statement_run(db, run->q, run->width_index);
    if (rc == ERR_OK) {
        rc = db_leave(db);
        if (rc != ERR_OK)
            finish(db, run);
    }
    return rc;
}

static enum err start(struct db *db, struct run *run)
{
    enum err rc;
    size_t n;

    if (db->tx == DB_TX_BROKEN)
        return db->tx_error;
    rc = params_check(db, run->q, run->in);
    if (rc != ERR_OK)
        return rc;
    n = params_list_n(run->q, run->in);
    if (n == 0)
        return ERR_OK;
    run->width_index = statement_width_index(n);
    return send(db, run);
}

/* A query that reads, outside a transaction: if the idle connection had died, once more. */
static enum err start_read(struct db *db, struct run *run)
{
    bool may_repeat = db->tx == DB_TX_NONE && db->mysql;
    enum err rc = start(db, run);

    return rc == ERR_DB_LOST && may_repeat ? start(db, run) : rc;
}

static size_t row_count(const struct run *run)
{
    return run->st ? (size_t)mysql_stmt_num_rows(run->st->handle) : 0;
}

/* The next row. in: there is one */
static enum err read_row(struct db *db, struct run *run, struct arena *a, void *row)
{
    int got = mysql_stmt_fetch(run->st->handle);

    BUG_ON(got == MYSQL_NO_DATA);
    if (got != 0 &&
        got != MYSQL_DATA_TRUNCATED) /* which columns may be cut is seen there */
        return db_fail_statement(db, run->st->handle);
    return columns_read(db, run->st, run->q, a, row);
}

enum err db_one(struct db *db, const struct db_query *q, const void *in, struct arena *a,
                void *row)
{
    struct run run = {.q = q, .in = in};
    enum err rc;

    BUG_ON(q->kind != DB_ONE);
    rc = start_read(db, &run);
    if (rc != ERR_OK)
        return rc;
    if (row_count(&run) == 0)
        rc = ERR_NOT_FOUND;
    else if (row_count(&run) > 1)
        rc = db_refuse(db, ERR_DB_FAILED, q->name, "more than one row");
    else
        rc = read_row(db, &run, a, row);
    finish(db, &run);
    return rc;
}

enum err db_many(struct db *db, const struct db_query *q, const void *in, struct arena *a,
                 void **rows_out, size_t *n_out)
{
    struct run run = {.q = q, .in = in};
    char *rows = NULL;
    enum err rc;
    size_t n;

    BUG_ON(q->kind != DB_MANY);
    *rows_out = NULL;
    *n_out = 0;
    rc = start_read(db, &run);
    if (rc != ERR_OK)
        return rc;
    n = row_count(&run);
    if (n > 0) {
        rows = arena_array(a, n, q->row_size);
        rc = rows ? ERR_OK : ERR_TOO_LARGE;
    }
    for (size_t i = 0; i < n && !rc; i++)
        rc = read_row(db, &run, a, rows + i * q->row_size);
    finish(db, &run);
    if (rc == ERR_OK && n > 0) {
        *rows_out = rows;
        *n_out = n;
    }
    return rc;
}

enum err db_exec(struct db *db, const struct db_query *q, const void *in,
                 struct db_result *result)
{
    struct run run = {.q = q, .in = in};
    enum err rc;

    BUG_ON(q->kind != DB_EXEC || q->n_columns > 0);
    if (result)
        *result = (struct db_result){0};
    rc = start(db, &run);
    if (rc == ERR_OK && run.st && result)
        *result = (struct db_result){
            .affected = mysql_stmt_affected_rows(run.st->handle),
            .insert_id = mysql_stmt_insert_id(run.st->handle),
        };
    return rc;
}
