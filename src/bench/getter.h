/*
 * An HTTP/1.1 client that keeps its connection: one request at a time, its answer counted as it
 * comes and kept only if asked for.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_GETTER_H
#define BENCH_GETTER_H

#include "bench/io.h"

struct getter;

/* An answer came as a whole, or the connection ended before (status 0). */
typedef void getter_fn(struct getter *g);

/* Where the reader of an answer stands. */
enum getter_part {
    GETTER_HEAD,
    GETTER_BODY,       /* left bytes of it to come */
    GETTER_CHUNK_SIZE, /* a line */
    GETTER_CHUNK,      /* left bytes of it to come */
    GETTER_CHUNK_END,  /* its line end */
    GETTER_LAST_END,   /* the line end behind the chunk of no bytes */
};

struct getter {
    struct io_conn conn; /* first: the callbacks of io get it */
    const struct target *target;
    getter_fn *on_answer;
    void *owner;
    struct buf request; /* sent when the connection is open */
    bool is_busy, keeps_body;
    int status;         /* of the answer; 0: none */
    int64_t body_bytes; /* its length */
    struct buf body;    /* itself, if keeps_body */
    enum getter_part part;
    int64_t left;
};

/* getter_init — in: owner is for on_answer. thread: owner, as all here */
void getter_init(struct getter *g, struct io *io, const struct target *target,
                 getter_fn *on_answer, void *owner);
void getter_release(struct getter *g);

/* getter_ask — in: path with its query; user: X-Auth-User, no value: none. */
void getter_ask(struct getter *g, const char *method, const char *path, struct str user);

/*
 * getter_wait — the answer to what was asked.
 * out:    g->status, g->body. errors: false at deadline_ns or without an answer of 200
 */
NODISCARD bool getter_wait(struct getter *g, int64_t deadline_ns);

#endif
