/* SPDX-License-Identifier: MIT */
#include "codegen/catalog.h"

#include "base/banned.h"

const struct catalog_table *catalog_table(const struct catalog *catalog, struct str name)
{
    for (size_t i = 0; i < catalog->n_tables; i++)
        if (str_eq(catalog->tables[i].name, name))
            return &catalog->tables[i];
    return NULL;
}

const struct catalog_column *catalog_table_column(const struct catalog_table *table,
                                                  struct str name)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (str_eq_nocase(table->columns[i].name, name))
            return &table->columns[i];
    return NULL;
}

bool catalog_column(const struct catalog *catalog, struct str table_dot_column,
                    struct catalog_column *out)
{
    size_t dot = str_find(table_dot_column, '.');
    const struct catalog_table *table =
        catalog_table(catalog, (struct str){table_dot_column.p, dot});
    const struct catalog_column *column =
        table ? catalog_table_column(table, str_from(table_dot_column, dot + 1)) : NULL;

    if (column)
        *out = *column;
    return column != NULL;
}
