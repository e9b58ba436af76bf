/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

#include "base/bug.h"

#include "base/banned.h"

#define NS_PER_DAY (86400 * NS_PER_S)

static int64_t now_ns(clockid_t which)
{
    struct timespec t;

    BUG_ON(clock_gettime(which, &t) != 0);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_mono_ns(void)
{
    return now_ns(CLOCK_MONOTONIC);
}

int64_t clock_real_ns(void)
{
    return now_ns(CLOCK_REALTIME);
}

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar (H. Hinnant's method). */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

struct civil civil_split(int64_t civil_ns)
{
    int64_t seconds = floor_div(civil_ns, NS_PER_S);
    int64_t days = floor_div(seconds, 86400);
    int64_t second = seconds - days * 86400;
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);

    return (struct civil){
        .year = (int)(yoe + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
        .hour = (int)(second / 3600),
        .minute = (int)(second / 60 % 60),
        .second = (int)(second % 60),
        .ns = (civil_ns % NS_PER_S + NS_PER_S) % NS_PER_S,
    };
}

/* What the time zone adds to real time at real_ns. */
static int64_t offset_at(int64_t real_ns)
{
    time_t seconds = (time_t)floor_div(real_ns, NS_PER_S);
    struct tm tm;

    BUG_ON(!localtime_r(&seconds, &tm));
    return (int64_t)tm.tm_gmtoff * NS_PER_S;
}

int64_t clock_civil_ns(int64_t real_ns)
{
    return real_ns + offset_at(real_ns);
}

int64_t clock_real_of_civil_ns(int64_t civil_ns)
{
    int64_t before = offset_at(civil_ns - NS_PER_DAY);
    int64_t after = offset_at(civil_ns + NS_PER_DAY);
    int64_t later = civil_ns - after;

    /* Not mktime(): which of two hours it takes depends on what it was asked before. */
    if (clock_civil_ns(civil_ns - before) != civil_ns &&
        clock_civil_ns(later) == civil_ns)
        return later;
    return civil_ns - before;
}

/* Writes v as n digits and the byte behind them; printf would take most of an encoder's time. */
static char *put_digits(char *to, int64_t v, size_t n, char behind)
{
    for (size_t i = n; i > 0; i--, v /= 10)
        to[i - 1] = (char)('0' + v % 10);
    to[n] = behind;
    return to + n + 1;
}

enum {
    SECONDS_CHARS = 19, /* 2025-01-20T10:30:00 */
    NANOS_CHARS = 29,   /* 2025-01-20T10:30:00.123456789 */
};

static void put_date_time(char text[NANOS_CHARS + 1], int64_t ns)
{
    struct civil c = civil_split(ns);

    text = put_digits(text, c.year, 4, '-');
    text = put_digits(text, c.month, 2, '-');
    text = put_digits(text, c.day, 2, 'T');
    text = put_digits(text, c.hour, 2, ':');
    text = put_digits(text, c.minute, 2, ':');
    text = put_digits(text, c.second, 2, '.');
    put_digits(text, c.ns, 9, '\0');
}

void civil_format(struct buf *b, int64_t civil_ns)
{
    char text[NANOS_CHARS + 1];
    size_t n = NANOS_CHARS;

    put_date_time(text, civil_ns);
    while (n > SECONDS_CHARS + 1 && text[n - 1] == '0')
        n--;
    buf_append(b, text, n == SECONDS_CHARS + 1 ? SECONDS_CHARS : n);
}

void instant_format(struct buf *b, int64_t real_ns, int digits)
{
    char text[NANOS_CHARS + 1];
    size_t n = SECONDS_CHARS + 1 + (size_t)digits;

    BUG_ON(digits != 3 && digits != 6);
    put_date_time(text, real_ns);
    text[n] = 'Z';
    buf_append(b, text, n + 1);
}

/* Takes exactly n digits off *s. */
static bool take_digits(struct str *s, size_t n, int *out)
{
    int value = 0;

    if (s->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        value = value * 10 + (s->p[i] - '0');
    }
    *s = str_from(*s, n);
    *out = value;
    return true;
}

static bool take_char(struct str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = str_from(*s, 1);
    return true;
}

/* None to nine digits. */
static void take_fraction(struct str *s, int64_t *ns)
{
    int64_t value = 0, scale = NS_PER_S;

    while (s->n > 0 && s->p[0] >= '0' && s->p[0] <= '9' && scale > 1) {
        value = value * 10 + (s->p[0] - '0');
        scale /= 10;
        *s = str_from(*s, 1);
    }
    *ns = value * scale;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && is_leap);
}

static bool in_range(const struct civil *c)
{
    return c->year >= 1678 && c->year <= 2261 && c->month >= 1 && c->month <= 12 &&
           c->day >= 1 && c->day <= days_in(c->year, c->month) && c->hour >= 0 &&
           c->hour <= 23 && c->minute >= 0 && c->minute <= 59 && c->second >= 0 &&
           c->second <= 59 && c->ns >= 0 && c->ns < NS_PER_S;
}

bool civil_join(const struct civil *c, int64_t *out)
{
    int64_t seconds;

    if (!in_range(c))
        return false;
    seconds = days_of(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
              c->minute * 60 + c->second;
    *out = seconds * NS_PER_S + c->ns;
    return true;
}

bool civil_parse(struct str s, int64_t *out)
{
    struct civil c = {0};

    s = str_trim(s);
    if (!take_digits(&s, 4, &c.year) || !take_char(&s, '-') ||
        !take_digits(&s, 2, &c.month) || !take_char(&s, '-') ||
        !take_digits(&s, 2, &c.day))
        return false;
    if (!take_char(&s, 'T') && !take_char(&s, 't'))
        return false;
    if (!take_digits(&s, 2, &c.hour) || !take_char(&s, ':') ||
        !take_digits(&s, 2, &c.minute))
        return false;
    if (take_char(&s, ':')) {
        if (!take_digits(&s, 2, &c.second))
            return false;
        if (take_char(&s, '.'))
            take_fraction(&s, &c.ns);
    }
    (void)take_char(&s, 'Z'); /* Jackson drops it, but not 'z' */
    return s.n == 0 && civil_join(&c, out);
}
