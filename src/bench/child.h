/*
 * A server that the generator starts and stops.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include "base/bug.h"
#include "base/why.h"

/*
 * child_start — in: words with blanks between, no quotes; log: where its output is appended
 * out: its process id; errors: -1, why says what. thread: any, as all here
 */
NODISCARD int child_start(const char *command, const char *log, struct why *why);

/* child_stop — SIGTERM, and SIGKILL when it is still there at deadline_ns. */
void child_stop(int pid, int64_t deadline_ns);

/* child_kill — SIGKILL to a process that need not be ours, and waits until its sockets are closed;
 * false: it could not be killed. */
NODISCARD bool child_kill(int pid, int64_t deadline_ns, struct why *why);

#endif
