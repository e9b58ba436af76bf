/*
 * The compatibility gate: what clients of the last release rely on must still hold. The release is an
 * image of its .proto files and two lists, limits.lock and queries.lock, in schema/released/VERSION.
 * Rules are buf's WIRE_JSON under buf's names, and our own: DTOs of the replaced service, limits,
 * JSON forms, routes, destinations, topics, headers, errors, settings, statements.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_COMPAT_H
#define CODEGEN_COMPAT_H

#include "codegen/model.h"

/*
 * compat_check — compares m with the release in folder dir.
 * errors: diagnostics "RULE: what" at the place in m's files; for what is gone, at what held it
 */
void compat_check(const struct model *m, const char *dir, struct diag *d);

/* compat_record — writes dir/limits.lock: limits that fields have from their columns. */
void compat_record(const struct model *m, const char *dir, struct diag *d);

#endif
