/*
 * Look-up in the table of embedded pages. A handful of files: a walk is enough.
 * SPDX-License-Identifier: MIT
 */
#include "web/embedded_files.h"

#include "base/banned.h"

static const struct {
    const char *asked, *served;
} aliases[] = {
    {"/", "/index.html"},
    {"/test/", "/test.html"},
    {"/test/local", "/test-local.html"},
    /* The viewers may not be built in. */
    {"/docs", "/docs/index.html"},
    {"/docs", "/docs/files.html"},
    {"/docs/events.html", "/docs/files.html"},
    {"/docs/viewers.css", "/docs/docs.css"},
};

static const struct embedded_file *file_at(struct str path)
{
    for (size_t i = 0; i < embedded_files_n; i++) {
        if (str_eq(path, str_of(embedded_files[i].path)))
            return &embedded_files[i];
    }
    return NULL;
}

const struct embedded_file *embedded_file_find(struct str path)
{
    const struct embedded_file *found = file_at(path);

    for (size_t i = 0; !found && i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        if (str_eq(path, str_of(aliases[i].asked)))
            found = file_at(str_of(aliases[i].served));
    }
    return found;
}
