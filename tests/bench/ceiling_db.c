/*
 * What the database reaches at the most: nothing but rows of the chat table, written in bare batches of
 * one statement and one commit, or read in pages by the clustered key. A table of its own, with the
 * columns and keys of chat.
 * SPDX-License-Identifier: MIT
 */
#include <mariadb/mysql.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/bug.h"
#include "base/clock.h"
#include "bench/hist.h"

#include "base/banned.h"

enum {
    ROOMS = 100,
    FILLED = 1000, /* messages of each room that reading reads */
    STATEMENT_BYTES = 16 << 20,
    COLUMN_BYTES = 256,
    COLUMNS = 5,
};

struct address {
    char user[64], password[64], host[64], database[64];
    unsigned port;
};

struct worker {
    const struct address *address;
    pthread_t thread;
    bool is_reading;
    unsigned index, rows;
    int64_t until_ns;
    uint64_t done; /* commits or pages */
    struct hist times;
};

static void fail(MYSQL *db, const char *what)
{
    fprintf(stderr, "ceiling_db: %s: %s\n", what, mysql_error(db));
    exit(69);
}

static bool take_until(struct str *rest, char end, char *to, size_t size)
{
    struct str part;

    if (!str_split(rest, end, &part) || part.n >= size)
        return false;
    memcpy(to, part.p, part.n);
    to[part.n] = '\0';
    return true;
}

/* mysql://user:password@host:port/database */
static bool address_parse(struct str url, struct address *out)
{
    struct str rest = str_from(url, strlen("mysql://"));
    char port[8];

    if (!str_starts(url, STR("mysql://")) ||
        !take_until(&rest, ':', out->user, sizeof(out->user)) ||
        !take_until(&rest, '@', out->password, sizeof(out->password)) ||
        !take_until(&rest, ':', out->host, sizeof(out->host)) ||
        !take_until(&rest, '/', port, sizeof(port)) ||
        !take_until(&rest, '?', out->database, sizeof(out->database)))
        return false;
    out->port = (unsigned)strtoul(port, NULL, 10);
    return true;
}

static MYSQL *open_db(const struct address *a)
{
    MYSQL *db = mysql_init(NULL);

    if (!db || !mysql_real_connect(db, a->host, a->user, a->password, a->database,
                                   a->port, NULL, 0))
        fail(db, "connect");
    if (mysql_set_character_set(db, "utf8mb4") != 0)
        fail(db, "utf8mb4");
    return db;
}

static void query(MYSQL *db, struct str sql)
{
    if (mysql_real_query(db, sql.p, sql.n) != 0)
        fail(db, "query");
}

/* Rows as a chat writes them: some rooms, one after another; ids rise, seqs of a worker are its
 * own. */
static void append_rows(struct buf *sql, unsigned rows, unsigned worker, uint64_t from)
{
    buf_reset(sql);
    buf_append_c(
        sql, "INSERT INTO ceiling_chat (room_id, seq, id, sender, message, timestamp, "
             "idempotency_key) VALUES ");
    for (uint64_t i = from; i < from + rows; i++) {
        unsigned room = (unsigned)(i % ROOMS);

        buf_printf(sql,
                   "%s(%u,%llu,'%08llx-0000-7000-8000-%012x','u0-%u-bench@bench.example',"
                   "'is the bike still there? is the bike still there? is the bike still "
                   "there? is the bike still there? ','2025-01-20 10:30:22.123456',NULL)",
                   i > from ? "," : "", room,
                   (unsigned long long)worker << 40 | (unsigned long long)i / ROOMS,
                   (unsigned long long)i, worker, room);
    }
    BUG_ON(!buf_ok(sql));
}

static void create_table(MYSQL *db)
{
    query(db, STR("DROP TABLE IF EXISTS ceiling_chat"));
    query(db, STR("CREATE TABLE ceiling_chat LIKE chat"));
}

static void fill_table(MYSQL *db)
{
    struct buf sql;

    buf_init(&sql, STATEMENT_BYTES);
    for (uint64_t i = 0; i < (uint64_t)ROOMS * FILLED; i += 1000) {
        append_rows(&sql, 1000, 0, i);
        query(db, buf_str(&sql));
    }
    buf_release(&sql);
}

/* --- the two ceilings --------------------------------------------------------------------- */

static void note(struct worker *w, int64_t began_ns)
{
    w->done++;
    hist_add(&w->times, clock_mono_ns() - began_ns);
}

static void write_batches(struct worker *w, MYSQL *db)
{
    struct buf sql;

    buf_init(&sql, STATEMENT_BYTES);
    while (clock_mono_ns() < w->until_ns) {
        int64_t began_ns;

        append_rows(&sql, w->rows, w->index, w->done * w->rows);
        began_ns = clock_mono_ns();
        query(db, buf_str(&sql));
        note(w, began_ns);
    }
    buf_release(&sql);
}

static void read_pages(struct worker *w, MYSQL *db)
{
    static const char sql[] =
        "SELECT seq, id, sender, message, timestamp FROM ceiling_chat "
        "WHERE room_id = ? AND seq > ? ORDER BY seq LIMIT ?";
    MYSQL_STMT *statement = mysql_stmt_init(db);
    char text[COLUMNS][COLUMN_BYTES];
    int64_t in[3] = {0, 0, w->rows};
    MYSQL_BIND params[3], columns[COLUMNS];

    memset(params, 0, sizeof(params));
    memset(columns, 0, sizeof(columns));
    for (size_t i = 0; i < 3; i++)
        params[i] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &in[i]};
    for (size_t i = 0; i < COLUMNS; i++)
        columns[i] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING,
                                  .buffer = text[i],
                                  .buffer_length = COLUMN_BYTES};
    if (!statement || mysql_stmt_prepare(statement, sql, sizeof(sql) - 1) != 0 ||
        mysql_stmt_bind_param(statement, params) != 0)
        fail(db, "prepare");
    while (clock_mono_ns() < w->until_ns) {
        int64_t began_ns = clock_mono_ns();
        unsigned rows = 0;

        in[0] = (int64_t)(w->done * 7 + w->index) % ROOMS;
        in[1] = (int64_t)(w->done * 31 % (FILLED - w->rows + 1)) - 1;
        if (mysql_stmt_execute(statement) != 0 ||
            mysql_stmt_bind_result(statement, columns) != 0 ||
            mysql_stmt_store_result(statement) != 0)
            fail(db, "read");
        while (mysql_stmt_fetch(statement) == 0)
            rows++;
        BUG_ON(rows != w->rows);
        note(w, began_ns);
    }
    mysql_stmt_close(statement);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    MYSQL *db = open_db(w->address);

    if (w->is_reading)
        read_pages(w, db);
    else
        write_batches(w, db);
    mysql_close(db);
    mysql_thread_end();
    return NULL;
}

static void hist_join(struct hist *to, const struct hist *from)
{
    to->n += from->n;
    to->max = from->max > to->max ? from->max : to->max;
    for (size_t i = 0; i < HIST_BUCKETS; i++)
        to->buckets[i] += from->buckets[i];
}

static void tell(struct worker *workers, unsigned n, double seconds)
{
    struct worker *all = &workers[0];

    for (unsigned i = 1; i < n; i++) {
        all->done += workers[i].done;
        hist_join(&all->times, &workers[i].times);
    }
    printf(
        "{\"per_s\": %.0f, \"rows_per_s\": %.0f, \"p50_us\": %lld, \"p99_us\": %lld}\n",
        (double)all->done / seconds, (double)all->done * all->rows / seconds,
        (long long)hist_quantile(&all->times, 0.5) / NS_PER_US,
        (long long)hist_quantile(&all->times, 0.99) / NS_PER_US);
}

int main(int argc, char **argv)
{
    struct address address;
    struct worker *workers;
    unsigned rows, n;
    double seconds;
    MYSQL *db;

    if (argc != 6 || !address_parse(str_of(argv[1]), &address)) {
        fprintf(stderr,
                "usage: ceiling_db mysql://USER:PASSWORD@HOST:PORT/DATABASE read|write "
                "ROWS CONNECTIONS SECONDS\n");
        return 64;
    }
    rows = (unsigned)strtoul(argv[3], NULL, 10);
    n = (unsigned)strtoul(argv[4], NULL, 10);
    seconds = strtod(argv[5], NULL);
    BUG_ON(rows == 0 || rows > FILLED || n == 0 ||
           mysql_library_init(0, NULL, NULL) != 0);
    db = open_db(&address);
    create_table(db);
    if (str_eq(str_of(argv[2]), STR("read")))
        fill_table(db);
    workers = mem_zalloc(n * sizeof(*workers));
    for (unsigned i = 0; i < n; i++) {
        workers[i] = (struct worker){.address = &address, .index = i, .rows = rows};
        workers[i].is_reading = str_eq(str_of(argv[2]), STR("read"));
        workers[i].until_ns = clock_mono_ns() + (int64_t)(seconds * NS_PER_S);
        BUG_ON(pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0);
    }
    for (unsigned i = 0; i < n; i++)
        pthread_join(workers[i].thread, NULL);
    tell(workers, n, seconds);
    query(db, STR("DROP TABLE ceiling_chat"));
    mysql_close(db);
    free(workers);
    return 0;
}
