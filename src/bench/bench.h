/*
 * `reuse-chat bench`: a load generator for chat servers, on one thread. It behaves as users do
 * (STOMP over WebSocket, REST), checks what each of them gets, and tells rates, times and costs.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

enum {
    BENCH_EXIT_FAULTS = 1,       /* measured; something was lost, repeated or refused */
    BENCH_EXIT_USAGE = 64,       /* EX_USAGE */
    BENCH_EXIT_UNAVAILABLE = 69, /* EX_UNAVAILABLE: the server could not be measured */
};

/* bench_main — in: "--key=value" each, NULL-ended. out: the exit status. thread: the only one */
int bench_main(const char *const *flags);

#endif
