/*
 * The parts of check_model, one per subject.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_CHECK_PARTS_H
#define CODEGEN_CHECK_PARTS_H

#include "codegen/model.h"

/* check_field — type, names and rules of one field of a message. */
void check_field(const struct model_message *message, const struct model_field *field,
                 struct diag *d);

/* check_names — names that would be one in C, over all files. */
void check_names(const struct model *m, struct diag *d);

/* check_bindings — REST paths, STOMP destinations and Kafka events of all services. */
void check_bindings(const struct model *m, struct diag *d);

/* check_setting — one field of the settings: key, kind, default, choices. */
void check_setting(const struct model_message *settings, const struct model_field *field,
                   struct diag *d);

/* check_example — the example decodes, passes its limits and encodes to itself. */
void check_example(const struct model_message *message, struct diag *d);

#endif
