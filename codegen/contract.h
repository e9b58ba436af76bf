/*
 * What the published contracts have in common: who writes a message and who reads it, what a route
 * takes and answers, which names things have outside C.
 * A message that the server writes has all its members; one that it reads may leave most out. A
 * message of both kinds has two forms, the one that is read called XInput.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_CONTRACT_H
#define CODEGEN_CONTRACT_H

#include "codegen/jsonw.h"
#include "codegen/model.h"
#include "codegen/out.h"

enum contract_side {
    CONTRACT_WRITTEN,
    CONTRACT_READ,
};

struct contract {
    const struct model *model;
    struct arena arena;
    const Reuse__Api *api;
    const struct model_enum *errors;   /* NULL: none */
    const struct model_message *error; /* body of errors; NULL: none */
};

/* contract_init — false: no file of the model has (reuse.api), nothing is published. */
bool contract_init(struct contract *c, const struct model *m);
void contract_release(struct contract *c);

/* contract_each — all methods with bindings, in order of files; *i starts at 0, NULL at the end. */
const struct model_method *contract_each(const struct contract *c, size_t *i);

/* contract_headers — the message with those header lines: "MESSAGE", "kafka"; NULL: none. */
const struct model_message *contract_headers(const struct contract *c, const char *what);

/* contract_is_used — a binding has the message on that side; one without any counts as written. */
bool contract_is_used(const struct contract *c, const struct model_message *message,
                      enum contract_side side);

/* contract_name — "ChatDto"; "ChatDtoInput" as read, if the server also writes it. */
struct str contract_name(struct contract *c, const struct model_message *message,
                         enum contract_side side);

/* contract_is_required, contract_is_nullable — of a member, as that side has it. */
bool contract_is_required(const struct model_field *field, enum contract_side side);
bool contract_is_nullable(const struct model_field *field, enum contract_side side);

/* contract_camel — Chat and History -> "chatHistory". */
struct str contract_camel(struct contract *c, const struct model_method *method);

/* contract_setting — default of a setting; fallback if the schema has none of that key. */
struct str contract_setting(const struct contract *c, const char *key,
                            const char *fallback);

/* contract_topic — name of a method's topic, as the settings' defaults have it. */
struct str contract_topic(const struct contract *c, const struct model_method *method);

/* contract_in_body — the field is a member of the route's body. */
bool contract_in_body(const struct model_method *method, const struct model_field *field);

/* contract_has_body — some field is, and the method may carry one. */
bool contract_has_body(const struct model_method *method);

/* contract_in_path — the field is a placeholder of pattern. */
bool contract_in_path(const char *pattern, const struct model_field *field);

/* contract_is_empty — the answer has no body of its own: a response without fields. */
bool contract_is_empty(const struct model_message *message);

/* contract_status — the i-th status of a route with its response; 0: no more. */
uint32_t contract_status(const Reuse__Http *http, size_t i);

/* contract_produces — content type of the answer. */
const char *contract_produces(const Reuse__Http *http);

/*
 * contract_answers_error — a route can end in the error: named by it, or implied by its identity,
 * its parameters, its body, or the server's state.
 */
bool contract_answers_error(const struct model_method *method,
                            const struct model_enum_value *error);

/* contract_is_public — clients can meet the error: numbers from 100 on stay inside. */
bool contract_is_public(const struct model_enum_value *error);

/* contract_pattern — pattern with each {name} as before, name, after: "${" name "}". */
struct str contract_pattern(struct contract *c, const char *pattern, const char *before,
                            const char *after);

/* contract_first_sentence — of a comment, on one line, without its period. */
struct str contract_first_sentence(struct contract *c, struct str comment);

/* contract_one_line — a comment with single blanks between its words. */
struct str contract_one_line(struct contract *c, struct str comment);

#endif
