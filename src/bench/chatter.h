/*
 * A STOMP client on a WebSocket: from connect to the RECEIPT of its SUBSCRIBE, then frames both
 * ways. It reads only the headers that the generator needs.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_CHATTER_H
#define BENCH_CHATTER_H

#include "bench/io.h"

enum chatter_state {
    CHATTER_NEW,         /* not connected yet */
    CHATTER_OPENING,     /* TCP */
    CHATTER_UPGRADING,   /* HTTP request sent */
    CHATTER_CONNECTING,  /* CONNECT sent */
    CHATTER_SUBSCRIBING, /* SUBSCRIBE sent */
    CHATTER_READY,       /* its RECEIPT came */
    CHATTER_GONE,        /* closed by the server, by an ERROR or by the network */
};

enum chatter_kind {
    CHATTER_MESSAGE,
    CHATTER_RECEIPT,
    CHATTER_ERROR,
    CHATTER_CONNECTED,
};

/* A frame that came; texts in the bytes that were read. */
struct chatter_frame {
    enum chatter_kind kind;
    struct str receipt_id, code, body;
    int64_t seq;      /* -1: none */
    int64_t last_seq; /* of a SUBSCRIBE's RECEIPT; -1: none */
};

struct chatter;

struct chatter_class {
    void (*on_message)(struct chatter *c, const struct chatter_frame *f);
    void (*on_receipt)(struct chatter *c, const struct chatter_frame *f);
    void (*on_gone)(
        struct chatter *c); /* what is known of why: code, close_code, error */
};

struct chatter {
    struct io_conn conn; /* first: the callbacks of io get it */
    const struct chatter_class *class;
    enum chatter_state state;
    const struct target *target;
    struct str user, destination; /* owned; destination: what it subscribes to */
    int64_t connected_ns;         /* when CONNECTED came */
    int64_t subscribed_seq; /* last-seq of the SUBSCRIBE's RECEIPT; -1: it had none */
    int rcvbuf_bytes;       /* 0: the system's */
    uint32_t mask;
    int close_code; /* of a close frame; 0: none */
    int error;      /* errno of the network; 0: none */
    char code[40];  /* of an ERROR or an error's MESSAGE; "": none */
};

/* chatter_init — in: user and destination are copied. thread: owner, as all here */
void chatter_init(struct chatter *c, const struct chatter_class *class, struct io *io,
                  const struct target *target, struct str user, struct str destination);
void chatter_release(struct chatter *c);

/* chatter_open — begins to connect; the state tells how far it is. again: after it is gone */
void chatter_open(struct chatter *c);

/* chatter_send — a STOMP frame with its NUL; leaves at the end of this turn. */
void chatter_send(struct chatter *c, struct str frame);

/* chatter_end_why — why it is gone, for a person. */
void chatter_end_why(const struct chatter *c, struct why *why);

/*
 * chatters_open — opens all, some at a time, and waits until each is ready.
 * errors: false at deadline_ns or when one is gone before it was ready, why says what
 */
NODISCARD bool chatters_open(struct chatter *const *all, size_t n, int64_t deadline_ns,
                             struct why *why);

#endif
