/*
 * The library part of a program that reaches its database over the network only.
 * SPDX-License-Identifier: MIT
 */
#include "db/connection.h"

#include "base/banned.h"

static const char no_engine[] =
    "this program has no database engine inside; reuse-chat-embedded has one";

enum err db_library_start(const char *embedded_dir, struct why *why)
{
    if (embedded_dir) {
        why_set(why, "%s", no_engine);
        return ERR_DB_FAILED;
    }
    if (mysql_library_init(0, NULL, NULL) == 0)
        return ERR_OK;
    why_set(why, "the MySQL client library could not start");
    return ERR_DB_FAILED;
}

void db_library_stop(void)
{
    mysql_library_end();
}

bool db_library_has_engine(void)
{
    return false;
}

enum err engine_choose(MYSQL *mysql, const struct db_url *url, struct why *why)
{
    (void)mysql;
    if (!url->is_embedded)
        return ERR_OK;
    why_set(why, "%s", no_engine);
    return ERR_DB_FAILED;
}
