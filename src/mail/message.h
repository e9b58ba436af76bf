/*
 * Private to mail: a mail as the text that follows DATA, in RFC 5322 and MIME.
 * SPDX-License-Identifier: MIT
 */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include "base/buf.h"
#include "mail/mail.h"

/*
 * mail_message_put — head and base64 body; dots at line starts are the transport's.
 * errors: ERR_BODY_INVALID with why, ERR_TOO_LARGE (sticky in out)
 * thread: any
 */
NODISCARD enum err mail_message_put(const struct mail *mail, struct buf *out,
                                    struct why *why);

#endif
