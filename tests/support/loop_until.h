/*
 * Runs a loop in a test until a condition holds, with a deadline instead of sleeps.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LOOP_UNTIL_H
#define TESTS_LOOP_UNTIL_H

#include "loop/loop.h"

typedef bool loop_until_fn(const void *arg);

/* loop_until — turns the loop until is_true(arg). errors: false when timeout_ms is over,
 * of which REUSE_TEST_SLOW in the environment makes a multiple */
bool loop_until(struct loop *loop, loop_until_fn *is_true, const void *arg,
                int timeout_ms);

/* loop_for — turns the loop for a while, to show that something does not happen. */
void loop_for(struct loop *loop, int ms);

#endif
