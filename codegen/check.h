/*
 * What the schemas may not say, although protoc would take it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_CHECK_H
#define CODEGEN_CHECK_H

#include "codegen/model.h"

/*
 * check_model — comments, types, names, limits, bindings and examples of a loaded model.
 * errors: diagnostics, all of them; a model without any can be emitted. thread: main
 */
void check_model(const struct model *m, struct diag *d);

#endif
