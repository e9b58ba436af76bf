/*
 * Connections of the generator on one thread: epoll, non-blocking, what is written in one turn
 * leaves in one write for each connection. A turn costs what happened in it, however many
 * connections are open.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_IO_H
#define BENCH_IO_H

#include "base/buf.h"
#include "base/bug.h"
#include "base/why.h"
#include "bench/target.h"

struct io_conn;

struct io_class {
    void (*on_open)(struct io_conn *c);
    /* How many of the bytes at p were used; the rest comes again with what follows it. p may be
     * written to. May close c. */
    size_t (*on_bytes)(struct io_conn *c, char *p, size_t n);
    /* The other side or the network ended it; not called after io_close. */
    void (*on_end)(struct io_conn *c, int error);
};

struct io {
    int epoll_fd;
    struct io_conn *dirty; /* have something to write in this turn */
    char *bytes;           /* what is being read; IO_READ_BYTES */
    int64_t now_ns;        /* of the turn's last wait */
};

struct io_conn {
    const struct io_class *class;
    struct io *io;
    int fd; /* -1: none */
    bool is_connecting, is_dirty, is_blocked, is_paused;
    struct buf out;  /* not yet written */
    struct buf rest; /* read, not yet used */
    struct io_conn *next_dirty;
};

/* io_init — errors: false, why says what. thread: owner, as all here */
NODISCARD bool io_init(struct io *io, struct why *why);
void io_release(struct io *io);

/* io_conn_init — no connection yet. io_conn_release — closes it and frees its memory. */
void io_conn_init(struct io_conn *c, const struct io_class *class, struct io *io);
void io_conn_release(struct io_conn *c);

/* io_connect — begins; on_open or on_end follows. in: rcvbuf_bytes 0: the system's */
void io_connect(struct io_conn *c, const struct target *to, int rcvbuf_bytes);

/* io_touch — c->out has got bytes: they leave at the end of this turn. */
void io_touch(struct io_conn *c);

/* io_pause — stops reading, so that the other side's writes back up; io_resume ends that. */
void io_pause(struct io_conn *c);
void io_resume(struct io_conn *c);

/* io_close — at once, without a word; on_end is not called. */
void io_close(struct io_conn *c);

/* io_turn — writes what is to be written, waits for events until until_ns at most, and tells. */
void io_turn(struct io *io, int64_t until_ns);

#endif
