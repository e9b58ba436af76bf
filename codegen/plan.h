/*
 * Asks the engine how it would run a query on thousands of rows, and refuses what would not stay
 * fast: reading a whole table, sorting without an index.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_PLAN_H
#define CODEGEN_PLAN_H

#include "codegen/query.h"
#include "codegen/seed.h"

enum {
    PLAN_ROWS = 5000 /* per table; with fewer the engine reads the whole table anyway */
};

/*
 * plan_check — explains q with values that stand in the seeded tables; runs it if it only reads.
 * out:    q->plan, in a
 * errors: diagnostics
 */
void plan_check(struct engine *e, struct arena *a, const struct catalog *catalog,
                struct query *q, struct diag *d);

#endif
