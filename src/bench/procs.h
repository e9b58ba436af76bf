/*
 * Processor time and memory of other processes, as /proc tells.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PROCS_H
#define BENCH_PROCS_H

#include <stdbool.h>
#include <stdint.h>

/* procs_cpu_ns — user and system time of all its threads so far; -1: there is no such process. Steps
 * of a clock tick, 10 ms. thread: any, as all here */
int64_t procs_cpu_ns(int pid);

/* procs_rss_bytes — resident memory; -1: there is no such process. */
int64_t procs_rss_bytes(int pid);

/* procs_busy_ns — processor time of everything on the machine so far; 0 if it is not told. */
int64_t procs_busy_ns(void);

/* procs_is_running — there and no zombie: a zombie's sockets are closed already. */
bool procs_is_running(int pid);

#endif
