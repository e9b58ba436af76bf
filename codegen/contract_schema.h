/*
 * Messages as JSON Schema, the same text in every contract: 2020-12 where one may choose, and nothing
 * of it that OpenAPI 3.1 or AsyncAPI 3.0 would read in another way.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_CONTRACT_SCHEMA_H
#define CODEGEN_CONTRACT_SCHEMA_H

#include "codegen/contract.h"

struct schema_item {
    const struct model_message *message;
    enum contract_side side;
};

/* Messages, each with those that it contains, in the order in which they were met. */
struct schema_set {
    struct schema_item *items;
    size_t n;
};

struct schema_writer {
    struct contract *contract;
    struct jsonw *json;
    const char *refs; /* where named schemas are: "#/$defs/" */
    enum contract_side side;
};

/* schema_set_add — message and all that it contains; what is there already stays once. */
void schema_set_add(struct contract *c, struct schema_set *set,
                    const struct model_message *message, enum contract_side side);

/* schema_members — "type" and all else of a message into the object that is open. */
void schema_members(const struct schema_writer *w, const struct model_message *message);

/* schema_of_message — members, as an object of its own behind key. */
void schema_of_message(const struct schema_writer *w, const char *key,
                       const struct model_message *message);

/* schema_ref — {"$ref": …} to a message. */
void schema_ref(const struct schema_writer *w, const char *key,
                const struct model_message *message);

/* schema_of_field — description, type and limits of one field. */
void schema_of_field(const struct schema_writer *w, const char *key,
                     const struct model_field *field, bool is_nullable);

/* schema_of_parameter — type and limits of one that is there and not null. */
void schema_of_parameter(const struct schema_writer *w, const char *key,
                         const struct model_field *field);

/* schema_of_header — the same as a header line's text. */
void schema_of_header(const struct schema_writer *w, const char *key,
                      const struct model_field *field);

/* schema_set_write — "key": {name: schema, …} of all of a set. */
void schema_set_write(const struct schema_writer *w, const char *key,
                      const struct schema_set *set);

/* schema_body — an object of those members that the route takes in its body. */
void schema_body(const struct schema_writer *w, const char *key,
                 const struct model_method *method);

#endif
