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
};

static struct str without_alias(struct str path)
{
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        if (str_eq(path, str_of(aliases[i].asked)))
            return str_of(aliases[i].served);
    }
    return path;
}

const struct embedded_file *embedded_file_find(struct str path)
{
    struct str wanted = without_alias(path);

    for (size_t i = 0; i < embedded_files_n; i++) {
        if (str_eq(wanted, str_of(embedded_files[i].path)))
            return &embedded_files[i];
    }
    return NULL;
}
