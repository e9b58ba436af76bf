/*
 * The shape of a database as text: a line for each table, column, key, reference and check, which
 * is OBJECT ": " DEFINITION, as in "room column state: varchar(16) utf8mb4_bin not null default open".
 * The same whether MariaDB or MySQL answers; the order of columns, and the expressions of checks and
 * generated columns, are not in it. Both the generator, which records, and the runner, which
 * compares, read it with this.
 * SPDX-License-Identifier: MIT
 */
#ifndef DB_SCHEMA_LINE_H
#define DB_SCHEMA_LINE_H

#include "base/str.h"

/* Definition of a table that may be there before the migrations, in whatever shape. */
#define SCHEMA_ANY "?"

/* SCHEMA_SETUP_SQL — before SCHEMA_LINES_SQL, in the same session. */
#define SCHEMA_SETUP_SQL "SET SESSION group_concat_max_len = 16777216"

/* An integer's display width is MariaDB's only. */
#define SCHEMA_TYPE_SQL                                                                  \
    "IF(c.data_type IN ('tinyint', 'smallint', 'mediumint', 'int', 'bigint'),"           \
    " CONCAT(c.data_type, IF(LOCATE('unsigned', c.column_type) > 0, ' unsigned', '')),"  \
    " c.column_type)"

/* MariaDB writes defaults as SQL ('open', NULL), MySQL as values, and functions in capitals. */
#define SCHEMA_DEFAULT_SQL                                                               \
    "IF(c.column_default IS NULL OR c.column_default = 'NULL', NULL,"                    \
    " CONCAT('default ', IF(LOWER(c.column_default) LIKE 'current_timestamp%',"          \
    " LOWER(c.column_default), TRIM(BOTH '''' FROM c.column_default))))"

#define SCHEMA_EXTRA_SQL                                                                 \
    "NULLIF(TRIM(REPLACE(LOWER(c.extra), 'default_generated', '')), '')"

/* SCHEMA_LINES_SQL — one row and column: all lines but those of the runner's own table. */
#define SCHEMA_LINES_SQL                                                                 \
    "SELECT GROUP_CONCAT(line ORDER BY line SEPARATOR '\\n') FROM ("                     \
    "SELECT t.table_name AS table_name, CONCAT(t.table_name, ': ',"                      \
    " CONCAT_WS(' ', REPLACE(LOWER(t.table_type), 'base ', ''), t.engine,"               \
    " t.table_collation)) AS line"                                                       \
    " FROM information_schema.tables t WHERE t.table_schema = DATABASE()"                \
    " UNION ALL "                                                                        \
    "SELECT c.table_name, CONCAT(c.table_name, ' column ', c.column_name, ': ',"         \
    " CONCAT_WS(' ', " SCHEMA_TYPE_SQL ", c.collation_name,"                             \
    " IF(c.is_nullable = 'YES', 'null', 'not null'), " SCHEMA_DEFAULT_SQL                \
    ", " SCHEMA_EXTRA_SQL "))"                                                           \
    " FROM information_schema.columns c WHERE c.table_schema = DATABASE()"               \
    " UNION ALL "                                                                        \
    "SELECT s.table_name, CONCAT(s.table_name, ' key ', s.index_name, ': ',"             \
    " IF(MIN(s.non_unique) = 0, 'unique (', '('),"                                       \
    " GROUP_CONCAT(CONCAT(COALESCE(s.column_name, '?'),"                                 \
    " COALESCE(CONCAT('(', s.sub_part, ')'), ''),"                                       \
    " IF(s.collation = 'D', ' desc', '')) ORDER BY s.seq_in_index SEPARATOR ', '), ')')" \
    " FROM information_schema.statistics s WHERE s.table_schema = DATABASE()"            \
    " GROUP BY s.table_name, s.index_name"                                               \
    " UNION ALL "                                                                        \
    "SELECT k.table_name, CONCAT(k.table_name, ' reference ', k.constraint_name, ': ('," \
    " GROUP_CONCAT(k.column_name ORDER BY k.ordinal_position SEPARATOR ', '), ') to ',"  \
    " MIN(k.referenced_table_name), ' (', GROUP_CONCAT(k.referenced_column_name"         \
    " ORDER BY k.ordinal_position SEPARATOR ', '), ')',"                                 \
    " IF(MIN(r.delete_rule) IN ('RESTRICT', 'NO ACTION'), '',"                           \
    " CONCAT(' on delete ', LOWER(MIN(r.delete_rule)))),"                                \
    " IF(MIN(r.update_rule) IN ('RESTRICT', 'NO ACTION'), '',"                           \
    " CONCAT(' on update ', LOWER(MIN(r.update_rule)))))"                                \
    " FROM information_schema.key_column_usage k"                                        \
    " JOIN information_schema.referential_constraints r"                                 \
    " ON r.constraint_schema = k.constraint_schema"                                      \
    " AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name"         \
    " WHERE k.constraint_schema = DATABASE() AND r.constraint_schema = DATABASE()"       \
    " GROUP BY k.table_name, k.constraint_name"                                          \
    " UNION ALL "                                                                        \
    "SELECT n.table_name, CONCAT(n.table_name, ' check ', n.constraint_name, ': a "      \
    "condition')"                                                                        \
    " FROM information_schema.table_constraints n"                                       \
    " WHERE n.table_schema = DATABASE() AND n.constraint_type = 'CHECK'"                 \
    ") shape WHERE table_name <> 'schema_migration'"

/* schema_object — "room column state" of a line: what is defined. thread: any */
static inline struct str schema_object(struct str line)
{
    size_t n = str_find(line, ':');

    return (struct str){line.p, n};
}

/* schema_definition — what follows the object; "" for none. thread: any */
static inline struct str schema_definition(struct str line)
{
    return str_from(line, str_find(line, ':') + 2);
}

/* schema_table — "room" of a line. thread: any */
static inline struct str schema_table(struct str line)
{
    struct str object = schema_object(line);

    return (struct str){object.p, str_find(object, ' ')};
}

#endif
