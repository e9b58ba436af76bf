/*
 * The emitters: each writes one kind of artefact of a checked model below a folder.
 * Output depends on the model alone and is formatted by clang-format afterwards (tools/regen).
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_EMIT_H
#define CODEGEN_EMIT_H

#include "codegen/contract.h"
#include "codegen/out.h"

/* emit_err — c/err.{h,c}: enum err and what each means on each wire. */
void emit_err(const struct model *m, const char *dir, struct diag *d);

/* emit_message — c/<file>.{h,c}: structs, tables, JSON. */
void emit_message(const struct model *m, const char *dir, struct diag *d);

/* emit_proto2 — pb/<file>.proto: the proto2 text that protoc-c understands. */
void emit_proto2(const struct model *m, const char *dir, struct diag *d);

/* emit_pb — c/<file>_pb.{h,c}: protobuf form of the same structs. */
void emit_pb(const struct model *m, const char *dir, struct diag *d);

/* emit_settings — c/settings.{h,c}: struct settings and its table. */
void emit_settings(const struct model *m, const char *dir, struct diag *d);

/* emit_routes — c/routes.{h,c}: REST routes and STOMP destinations. */
void emit_routes(const struct model *m, const char *dir, struct diag *d);

/* emit_envelope — c/envelope.{h,c}: Kafka records of events. */
void emit_envelope(const struct model *m, const char *dir, struct diag *d);

/* emit_examples — c/examples.{h,c}: the examples of all messages, for tests. */
void emit_examples(const struct model *m, const char *dir, struct diag *d);

/* --- published contracts: only if the schema has (reuse.api) ------------------------------ */

/* emit_jsonschema — contract/NAME.schema.json of every message, 2020-12. */
void emit_jsonschema(struct contract *c, const char *dir, struct diag *d);

/* emit_openapi — contract/openapi.json, 3.1, of the REST routes. */
void emit_openapi(struct contract *c, const char *dir, struct diag *d);

/* emit_asyncapi — contract/asyncapi.json, 3.0, of STOMP destinations and Kafka topics. */
void emit_asyncapi(struct contract *c, const char *dir, struct diag *d);

/* emit_ts — contract/reuse-chat.{d.ts,js}: types of all that goes over a wire, destinations. */
void emit_ts(struct contract *c, const char *dir, struct diag *d);

/* emit_docs — docs/wire.md: the same for people. */
void emit_docs(struct contract *c, const char *dir, struct diag *d);

#endif
