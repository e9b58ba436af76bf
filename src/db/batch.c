/* SPDX-License-Identifier: MIT */
#include "db/statement.h"

#include "base/banned.h"

enum {
    /* Of text in one statement: far under the smallest max_allowed_packet in use (16 MiB). */
    STATEMENT_BYTES_MAX = 1 << 20
};

struct batch {
    const struct db_query *q;
    const char *rows;
    size_t n;
};

static const void *row_at(const struct batch *b, size_t i)
{
    return b->rows + i * b->q->in_size;
}

static enum err check_rows(struct db *db, const struct batch *b, size_t *bad_row_out)
{
    for (size_t i = 0; i < b->n; i++) {
        enum err rc = params_check(db, b->q, row_at(b, i));

        if (rc == ERR_OK)
            continue;
        *bad_row_out = i;
        return rc;
    }
    return ERR_OK;
}

static size_t bytes_of(const struct batch *b, size_t first, size_t n)
{
    size_t sum = 0;

    for (size_t i = first; i < first + n; i++)
        sum += params_bytes(b->q, row_at(b, i));
    return sum;
}

/* The widest statement for the rows from first on: all full, and not too large. */
static size_t choose_width(const struct batch *b, size_t first)
{
    size_t index = DB_WIDTHS - 1;

    while (index > 0 &&
           (statement_width(index) > b->n - first ||
            bytes_of(b, first, statement_width(index)) > STATEMENT_BYTES_MAX))
        index--;
    return index;
}

static enum err send_rows(struct db *db, const struct batch *b, size_t first,
                          size_t index)
{
    struct statement *st;
    enum err rc = db_enter(db);

    if (rc == ERR_OK)
        rc = statement_get(db, b->q, index, &st);
    if (rc != ERR_OK)
        return rc;
    for (size_t i = 0; i < statement_width(index); i++)
        params_bind(st, b->q, row_at(b, first + i), i * b->q->n_params, 1);
    rc = statement_run(db, b->q, index);
    return rc == ERR_OK ? db_leave(db) : rc;
}

static enum err send_all(struct db *db, const struct batch *b)
{
    enum err rc = ERR_OK;

    for (size_t first = 0; first < b->n && !rc;) {
        size_t index = choose_width(b, first);

        rc = send_rows(db, b, first, index);
        first += statement_width(index);
    }
    return rc;
}

static enum err send_transaction(struct db *db, const struct batch *b)
{
    enum err rc = db_begin(db);

    if (rc != ERR_OK)
        return rc;
    rc = send_all(db, b);
    if (rc == ERR_OK)
        return db_commit(db);
    db_rollback(db);
    return rc;
}

enum err db_exec_batch(struct db *db, const struct db_query *q, const void *rows,
                       size_t n, size_t *bad_row_out)
{
    struct batch b = {.q = q, .rows = rows, .n = n};
    size_t bad_row = n;
    enum err rc;

    BUG_ON(q->kind != DB_EXEC || !q->batch_head);
    if (bad_row_out)
        *bad_row_out = n;
    if (db->tx == DB_TX_BROKEN)
        return db->tx_error;
    rc = check_rows(db, &b, &bad_row);
    if (bad_row_out)
        *bad_row_out = bad_row;
    if (rc != ERR_OK || n == 0)
        return rc;
    return db->tx == DB_TX_OPEN ? send_all(db, &b) : send_transaction(db, &b);
}
