/*
 * Time: monotonic for deadlines, real for records, civil (local, no zone) for the wire.
 * Civil time is nanoseconds since 1970-01-01T00:00:00 of the local calendar, as in LocalDateTime.
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/buf.h"

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

/* First and last civil time that civil_parse reads: of the years 1678 to 2261. */
#define CIVIL_MIN_NS (INT64_C(-9214560000) * NS_PER_S)
#define CIVIL_MAX_NS (INT64_C(9214646400) * NS_PER_S - 1)

/* clock_mono_ns — never goes back; for intervals and deadlines only. thread: any */
int64_t clock_mono_ns(void);

/* clock_real_ns — nanoseconds since 1970-01-01T00:00:00Z. thread: any */
int64_t clock_real_ns(void);

/*
 * clock_civil_ns — what a wall clock in the process's time zone (TZ) shows at real_ns.
 * thread: any
 */
int64_t clock_civil_ns(int64_t real_ns);

/*
 * clock_real_of_civil_ns — the other way; in a repeated hour the first one, in a skipped hour
 * as if the clocks had not been changed yet. thread: any
 */
int64_t clock_real_of_civil_ns(int64_t civil_ns);

/*
 * civil_format — ISO_LOCAL_DATE_TIME as Jackson writes it: seconds always, 0-9 digits of
 * fraction without trailing zeros (2025-01-20T10:30:00, …:22.123456).
 * out:    appended to b. thread: any
 */
void civil_format(struct buf *b, int64_t civil_ns);

/*
 * civil_parse — what Jackson reads as LocalDateTime: yyyy-MM-ddTHH:mm[:ss[.0-9 digits]][Z],
 * 't' for 'T' allowed, blanks around dropped; years 1678..2261.
 * errors: false, *out undefined
 */
bool civil_parse(struct str s, int64_t *out);

/* The parts of a civil time, as a database has them. */
struct civil {
    int year, month, day, hour, minute, second;
    int64_t ns; /* of the second */
};

/* civil_split, civil_join — civil nanoseconds to parts and back; join: false for a date that the
 * calendar or the years 1678..2261 do not have. thread: any */
struct civil civil_split(int64_t civil_ns);
bool civil_join(const struct civil *c, int64_t *out);

/* instant_format — real time as RFC 3339 in UTC with 'Z' and 3 (ms) or 6 (us) digits. */
void instant_format(struct buf *b, int64_t real_ns, int digits);

#endif
