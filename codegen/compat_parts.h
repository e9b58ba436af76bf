/*
 * The parts of compat_check, one per subject.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_COMPAT_PARTS_H
#define CODEGEN_COMPAT_PARTS_H

#include "codegen/contract.h"

struct compat {
    const struct model *before, *after;
    struct contract was, is; /* of before and after */
    struct diag *d;
};

/* A place for what is gone: the file that had it, if it is still there. */
struct pos compat_pos_of_file(const struct compat *c, const struct model_file *file);

/* compat_messages — messages, their fields, enums that are no errors, settings. */
void compat_messages(struct compat *c);

/* compat_field — one field of both. in: is_read: clients send it */
void compat_field(struct compat *c, const struct model_message *message,
                  const struct model_field *was, const struct model_field *is);

/* compat_errors — codes and what they mean on each wire. */
void compat_errors(struct compat *c);

/* compat_bindings — routes, destinations, topics. */
void compat_bindings(struct compat *c);

#endif
