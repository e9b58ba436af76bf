/*
 * Stands in for libFuzzer where the compiler has none: runs each file of the given folders, and
 * each given file, through the fuzz target once.
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/bug.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_file(const char *path)
{
    FILE *file = fopen(path, "re");
    struct buf bytes;
    uint8_t *exact; /* so that the address sanitizer sees a read behind the end */

    BUG_ON(!file);
    buf_init(&bytes, 1 << 24);
    for (size_t got = 1; got > 0; buf_commit(&bytes, got))
        got = fread(buf_reserve(&bytes, 4096), 1, 4096, file);
    (void)fclose(file);
    exact = mem_alloc(bytes.n);
    if (bytes.n > 0)
        memcpy(exact, bytes.p, bytes.n);
    (void)LLVMFuzzerTestOneInput(exact, bytes.n);
    free(exact);
    buf_release(&bytes);
}

static size_t run_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    size_t n = 0;

    if (!folder) {
        run_file(path);
        return 1;
    }
    while ((entry = readdir(folder)) != NULL) {
        char name[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        run_file(name);
        n++;
    }
    closedir(folder);
    return n;
}

int main(int argc, char **argv)
{
    size_t n = 0;

    for (int i = 1; i < argc; i++)
        n += run_folder(argv[i]);
    printf("%zu inputs\n", n);
    return n > 0 ? 0 : 1;
}
