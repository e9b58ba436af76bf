/*
 * The scan of json_scan with what it learns on the way: where numbers, true and false stand.
 * cJSON keeps numbers as doubles only; the text of the input is the exact value.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEC_JSON_SCAN_H
#define CODEC_JSON_SCAN_H

#include "base/buf.h"
#include "base/bug.h"
#include "base/why.h"
#include "generated/c/err.h"

struct json_span {
    uint32_t at, n; /* bytes in the input */
};

/*
 * json_scan_spans — json_scan; each number, true and false is appended to spans.
 * out:    spans holds struct json_span in document order, also for duplicates and in nesting
 * errors: ERR_BODY_INVALID
 * thread: any
 */
NODISCARD enum err json_scan_spans(struct str in, struct buf *spans, struct why *why);

#endif
