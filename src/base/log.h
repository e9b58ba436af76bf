/*
 * Structured, timestamped log lines, as text or JSON, one write(2) each.
 * An event has a name and fields; message content, tokens and passwords are never fields.
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

enum log_level {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARN,
    LOG_LEVEL_ERROR
};
enum log_format {
    LOG_FORMAT_TEXT,
    LOG_FORMAT_JSON
};

struct log {
    int fd; /* where lines go; not owned */
    /* Lines below it are not written; the owner may change it while others log. */
    _Atomic(enum log_level) level;
    enum log_format format;
    const char *server_id; /* written on each line; not owned, NULL: none */
};

struct log_field {
    const char *name;
    struct str text; /* p == NULL: number counts */
    int64_t number;
};

#define LOG_STR(name, value) ((struct log_field){(name), (value), 0})
#define LOG_C(name, value)   ((struct log_field){(name), str_of(value), 0})
#define LOG_INT(name, value) ((struct log_field){(name), STR_NULL, (int64_t)(value)})
#define LOG_END              ((struct log_field){NULL, STR_NULL, 0})

/* log_level_name — "INFO". */
const char *log_level_name(enum log_level level);
/* log_level_of — in: a name in any case. errors: false: there is no such level */
bool log_level_of(struct str name, enum log_level *out);

/*
 * log_event — one line: time, level, server, event, fields; control characters escaped.
 * in:     event like "stomp.connected"; fields ended by one without a name
 * thread: any (lines of one process do not mix)
 */
void log_event(const struct log *log, enum log_level level, const char *event,
               const struct log_field *fields);

#define LOG_AT(log, level_, event, ...)                                                  \
    do {                                                                                 \
        if ((level_) >= (log)->level)                                                    \
            log_event((log), (level_), (event),                                          \
                      (const struct log_field[]){__VA_ARGS__, LOG_END});                 \
    } while (0)

/* LOG_INFO(log, "room.created", LOG_STR("room", uuid), LOG_INT("seq", n)); one field at least */
#define LOG_DEBUG(log, event, ...) LOG_AT(log, LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define LOG_INFO(log, event, ...)  LOG_AT(log, LOG_LEVEL_INFO, event, __VA_ARGS__)
#define LOG_WARN(log, event, ...)  LOG_AT(log, LOG_LEVEL_WARN, event, __VA_ARGS__)
#define LOG_ERROR(log, event, ...) LOG_AT(log, LOG_LEVEL_ERROR, event, __VA_ARGS__)

#endif
