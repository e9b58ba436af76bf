/*
 * reuse-gen without its SQL half: no catalog, no DAOs.
 * SPDX-License-Identifier: MIT
 */
#include "codegen/catalog.h"
#include "codegen/sql_side.h"

#include "base/banned.h"

struct sql_side *sql_side_load(const char *migrations, const char *queries,
                               struct diag *d)
{
    (void)migrations, (void)queries, (void)d;
    return NULL;
}

const struct catalog *sql_side_catalog(const struct sql_side *s)
{
    (void)s;
    return NULL;
}

void sql_side_emit(const struct sql_side *s, const char *out_dir, struct diag *d)
{
    (void)s, (void)out_dir, (void)d;
}

void sql_side_free(struct sql_side **s)
{
    *s = NULL;
}

bool catalog_column(const struct catalog *catalog, struct str table_dot_column,
                    struct catalog_column *out)
{
    (void)catalog, (void)table_dot_column, (void)out;
    return false;
}
