/*
 * The pages of the server and the published contracts, compiled into the program (cmake/embed.cmake
 * writes the table). Bytes are served as they are; the ETag is a digest of them.
 * SPDX-License-Identifier: MIT
 */
#ifndef WEB_EMBEDDED_FILES_H
#define WEB_EMBEDDED_FILES_H

#include "base/str.h"

struct embedded_file {
    const char *path;         /* "/chat.js" */
    const char *content_type; /* "text/javascript;charset=UTF-8" */
    const char *etag;         /* with its quotes: "\"9f86d081884c7d65\"" */
    const unsigned char *bytes;
    size_t n;
};

extern const struct embedded_file embedded_files[];
extern const size_t embedded_files_n;

/*
 * embedded_file_find — the file that a request path means: its own path, "/" for index.html, "/docs"
 * for the viewers, and the places of the reference's test pages, "/test/" and "/test/local".
 * out:    NULL if there is none                                                      thread: any
 */
const struct embedded_file *embedded_file_find(struct str path);

#endif
