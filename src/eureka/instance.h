/*
 * What a registry is told of this server: names, and the JSON of a registration as Spring Cloud's
 * client sends it.
 * SPDX-License-Identifier: MIT
 */
#ifndef EUREKA_INSTANCE_H
#define EUREKA_INSTANCE_H

#include "base/buf.h"
#include "eureka/eureka.h"

/* instance_path — "apps/CHAT/host%3Achat-server-1%3A8070". thread: any, as all */
void instance_path(const struct eureka_config *config, struct buf *out);
/*
 * instance_put — the body of POST /eureka/apps/{app}.
 * in: address: of this host as the registry sees it; now_ms: since the epoch, when the status became
 *     what it is
 */
void instance_put(const struct eureka_config *config, struct str address,
                  enum eureka_status status, int64_t now_ms, struct buf *out);
/* eureka_status_name — "UP". */
struct str eureka_status_name(enum eureka_status status);

#endif
