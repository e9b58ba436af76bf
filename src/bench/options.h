/*
 * What `reuse-chat bench` is told on its command line; the table in options.c is its help.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "base/buf.h"
#include "base/bug.h"
#include "base/why.h"
#include "bench/target.h"

enum {
    OPTIONS_URLS_MAX = 8,
    OPTIONS_WATCHED_MAX = 8,
};

enum bench_mode {
    BENCH_CHAT,
    BENCH_TYPING,
    BENCH_HISTORY,
    BENCH_PAGE,
    BENCH_IDLE,
    BENCH_START,
    BENCH_SLOW,
};

enum bench_spread {
    BENCH_SPREAD_USERS, /* the k-th user of each room at server k */
    BENCH_SPREAD_ROOMS, /* the r-th room with all its users at server r */
};

/* A process whose processor time and memory are told. */
struct watched {
    char name[32];
    int pid;
};

struct options {
    enum bench_mode mode;
    struct target urls[OPTIONS_URLS_MAX];
    size_t n_urls;
    enum bench_spread spread;
    int64_t rooms, users, senders;
    double rate;      /* messages a second in all; 0: closed loop */
    int64_t inflight; /* of each sender, in the closed loop */
    double seconds, warmup_seconds, deadline_seconds;
    int64_t content_bytes;
    bool has_receipts;
    int64_t idle, slow;
    int64_t clients, messages, page;
    const char *exec; /* NULL: none; as all texts, of the command line */
    const char *exec_log;
    int64_t kill_pid; /* 0: none */
    struct watched watched[OPTIONS_WATCHED_MAX];
    size_t n_watched;
    const char *json; /* NULL: none */
    const char *name; /* of the run, in the users' names; NULL: made up */
};

/*
 * options_parse — in: flags, "--key=value" each, NULL-ended; what is not given has its default
 * errors: false, why says what
 */
NODISCARD bool options_parse(const char *const *flags, struct options *out,
                             struct why *why);

/* options_help — appends what each option means and its default. */
void options_help(struct buf *out);

/* options_mode_name — as on the command line. */
const char *options_mode_name(enum bench_mode mode);

#endif
