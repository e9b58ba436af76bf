/*
 * Fills the catalog from the engine's information_schema.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_CATALOG_LOAD_H
#define CODEGEN_CATALOG_LOAD_H

#include "codegen/catalog.h"
#include "codegen/engine.h"

/* catalog_load — the tables of the chosen database; memory from a. errors: false with why */
bool catalog_load(struct engine *e, struct arena *a, struct catalog *out,
                  struct why *why);

#endif
