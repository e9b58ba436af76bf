/* SPDX-License-Identifier: MIT */
#include "db/schema.h"
#include "db/schema_line.h"

#include "base/banned.h"

enum err schema_read(struct db *db, struct arena *a, struct schema *out)
{
    struct str text = STR_NULL;
    enum err rc = db_run_text(db, STR(SCHEMA_SETUP_SQL), NULL, NULL);

    if (rc == ERR_OK)
        rc = db_run_text(db, STR(SCHEMA_LINES_SQL), a, &text);
    *out = schema_parse(text, a);
    return rc;
}
