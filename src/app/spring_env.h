/*
 * The environment of the replaced service, as Spring Boot read it: an image is exchanged and its
 * environment stays. Variables that mean what one setting means are names of that setting
 * (schema/proto/settings.proto); those that only together make up one are joined here.
 * SPDX-License-Identifier: MIT
 */
#ifndef APP_SPRING_ENV_H
#define APP_SPRING_ENV_H

#include "base/arena.h"

/*
 * spring_env — environ with three variables in the form of the settings that they name:
 *   SPRING_DATASOURCE_URL   jdbc:mysql://… or jdbc:mariadb://…, _USERNAME, _PASSWORD → mysql://…
 *   SPRING_DATA_REDIS_HOST  a host name, _PORT, _USERNAME, _PASSWORD, _DATABASE → redis://…
 *   SPRING_MAIL_HOST        a host name, _PORT, _USERNAME, _PASSWORD → smtp://… or smtps://…
 * Parameters of a JDBC URL are dropped, but for those that ask for TLS; with these, with Redis over
 * TLS, and with a URL of any other kind, the setting's own check refuses the value.
 * in:     environ NULL-terminated, or NULL; a without a ceiling
 * out:    NULL-terminated, words in environ or in a           thread: main
 */
const char *const *spring_env(const char *const *environ, struct arena *a);

#endif
