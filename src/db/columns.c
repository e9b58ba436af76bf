/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "db/statement.h"

#include "base/banned.h"

enum {
    USUAL_BYTES = 1024 /* of a text without a length of its own */
};

static bool is_text(const struct db_column *c)
{
    return c->type == DB_TEXT || c->type == DB_BYTES;
}

/* Room for a column's text where a row is fetched to; what is longer is fetched once more. */
static size_t fetched_bytes(const struct db_column *c)
{
    if (!is_text(c))
        return 0;
    return c->max_bytes > 0 ? c->max_bytes : USUAL_BYTES;
}

static size_t bytes_needed(const struct db_query *q)
{
    size_t sum = 1;

    for (size_t i = 0; i < q->n_columns; i++)
        sum += fetched_bytes(&q->columns[i]);
    return sum;
}

void columns_bind(struct statement *st, const struct db_query *q)
{
    char *bytes = st->bytes = mem_alloc(bytes_needed(q));

    st->columns = mem_zalloc((q->n_columns + 1) * sizeof(*st->columns));
    st->cells = mem_zalloc((q->n_columns + 1) * sizeof(*st->cells));
    for (size_t i = 0; i < q->n_columns; i++) {
        const struct db_column *c = &q->columns[i];
        struct db_cell *cell = &st->cells[i];

        st->columns[i] = (MYSQL_BIND){
            .buffer_type = statement_wire_type(c->type),
            .buffer = is_text(c) ? (void *)bytes : (void *)&cell->value,
            .buffer_length = is_text(c) ? fetched_bytes(c) : sizeof(cell->value),
            .is_unsigned = c->type == DB_U64 || c->type == DB_U32,
            .length = &cell->length,
            .is_null = &cell->is_null,
            .error = &cell->is_cut,
        };
        bytes += fetched_bytes(c);
    }
}

/* A text without a length of its own, now that the row says how long it is. */
static enum err read_long(struct db *db, struct statement *st, size_t i, char *to)
{
    MYSQL_BIND bind = {.buffer_type = st->columns[i].buffer_type,
                       .buffer = to,
                       .buffer_length = st->cells[i].length};
    my_bool is_null, is_cut;
    unsigned long length;

    bind.is_null = &is_null;
    bind.error = &is_cut;
    bind.length = &length;
    if (mysql_stmt_fetch_column(st->handle, &bind, (unsigned)i, 0) != 0)
        return db_fail_statement(db, st->handle);
    return ERR_OK;
}

static enum err read_text(struct db *db, struct statement *st, const struct db_column *c,
                          size_t i, struct arena *a, void *row)
{
    const struct db_cell *cell = &st->cells[i];
    struct str s = STR_NULL;
    enum err rc = ERR_OK;
    char *to;

    if (!cell->is_null) {
        to = arena_alloc(a, cell->length + 1); /* a NUL behind it is not counted */
        if (!to)
            return ERR_TOO_LARGE;
        s = (struct str){to, cell->length};
        if (s.n > fetched_bytes(c))
            rc = read_long(db, st, i, to);
        else if (s.n > 0)
            memcpy(to, st->columns[i].buffer, s.n);
    }
    memcpy((char *)row + c->offset, &s, sizeof(s));
    return rc;
}

static bool read_time(const MYSQL_TIME *t, int64_t *out)
{
    struct civil c = {.year = (int)t->year,
                      .month = (int)t->month,
                      .day = (int)t->day,
                      .hour = (int)t->hour,
                      .minute = (int)t->minute,
                      .second = (int)t->second,
                      .ns = (int64_t)t->second_part * NS_PER_US};

    return civil_join(&c, out);
}

static enum err read_number(const struct db_column *c, const struct db_cell *cell,
                            void *row)
{
    char *to = (char *)row + c->offset;
    bool has = !cell->is_null;
    int64_t civil_ns;

    if (c->has_offset != DB_NO_OFFSET)
        memcpy((char *)row + c->has_offset, &has, sizeof(has));
    else if (!has)
        return ERR_DB_SCHEMA;
    if (!has)
        return ERR_OK;
    if (c->type == DB_DATETIME) {
        if (!read_time(&cell->value.time, &civil_ns))
            return ERR_DB_RANGE;
        memcpy(to, &civil_ns, sizeof(civil_ns));
        return ERR_OK;
    }
    if (c->type == DB_I32 || c->type == DB_U32)
        memcpy(to, &cell->value.i32, sizeof(cell->value.i32));
    else
        memcpy(to, &cell->value.i64, sizeof(cell->value.i64));
    return ERR_OK;
}

static enum err read_column(struct db *db, struct statement *st, const struct db_query *q,
                            size_t i, struct arena *a, void *row)
{
    const struct db_column *c = &q->columns[i];
    bool is_long = is_text(c) && c->max_bytes == 0;
    enum err rc;

    if (st->cells[i].is_cut && !is_long && !st->cells[i].is_null)
        return db_refuse(db, ERR_DB_SCHEMA, c->name, "stored value is too large");
    if (is_text(c))
        return read_text(db, st, c, i, a, row);
    rc = read_number(c, &st->cells[i], row);
    return rc == ERR_OK ? rc : db_refuse(db, rc, c->name, "unexpected value");
}

enum err columns_read(struct db *db, struct statement *st, const struct db_query *q,
                      struct arena *a, void *row)
{
    enum err rc = ERR_OK;

    memset(row, 0, q->row_size); /* what is NULL is zero */
    for (size_t i = 0; i < q->n_columns && !rc; i++)
        rc = read_column(db, st, q, i, a, row);
    return rc;
}
