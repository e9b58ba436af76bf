/* SPDX-License-Identifier: MIT */
#include "db/connection.h"

#include "base/banned.h"

static enum err first_value(struct db *db, MYSQL_RES *result, struct arena *a,
                            struct str *out)
{
    MYSQL_ROW row = mysql_fetch_row(result);
    unsigned long *lengths;

    if (!row || !row[0])
        return ERR_OK;
    lengths = mysql_fetch_lengths(result);
    *out = arena_dup(a, (struct str){row[0], lengths[0]});
    return out->p ? ERR_OK : db_refuse(db, ERR_TOO_LARGE, "result", "no room for it");
}

enum err db_run_text(struct db *db, struct str sql, struct arena *a,
                     struct str *first_out)
{
    enum err rc = db_enter(db);
    MYSQL_RES *result;

    if (first_out)
        *first_out = STR_NULL;
    if (rc != ERR_OK)
        return rc;
    if (mysql_real_query(db->mysql, sql.p, (unsigned long)sql.n) != 0)
        return db_fail(db);
    result = mysql_store_result(db->mysql);
    if (!result && mysql_field_count(db->mysql) > 0)
        return db_fail(db); /* rows were announced and did not come */
    if (result && first_out)
        rc = first_value(db, result, a, first_out);
    mysql_free_result(result);
    return rc == ERR_OK ? db_leave(db) : rc;
}
