/* SPDX-License-Identifier: MIT */
#include "mail/message.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "codec/base64.h"

#include "base/banned.h"

enum {
    ADDRESS_BYTES_MAX = 254, /* RFC 5321, 4.5.3.1.3 with its errata */
    LOCAL_BYTES_MAX = 64,
    /* RFC 2047, 2: a word has at most 75 characters, its line 76: 10 for =?UTF-8?B?, 2 for ?=, and on
     * the first line "Subject: ". Bytes come in threes, four letters each. */
    WORD_BYTES = 45,
    FIRST_WORD_BYTES = 39,
    LINE_BYTES = 57, /* 76 letters, RFC 2045, 6.8 */
};

/* --- addresses ---------------------------------------------------------------------------- */

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 5322, 3.2.3: dot-atom; more: what else than letters, digits and inner dots it may have. */
static bool is_dot_atom(struct str s, struct str more)
{
    char before = '.';

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.'
                ? before == '.'
                : !is_letter_or_digit(s.p[i]) && str_find(more, s.p[i]) == more.n)
            return false;
        before = s.p[i];
    }
    return before != '.';
}

bool mail_address_is_valid(struct str s)
{
    size_t at = str_find(s, '@');
    struct str local = {s.p, at}, domain = str_from(s, at + 1);

    return s.n <= ADDRESS_BYTES_MAX && at < s.n && local.n <= LOCAL_BYTES_MAX &&
           is_dot_atom(local, STR("!#$%&'*+-/=?^_`{|}~")) &&
           is_dot_atom(domain, STR("-"));
}

/* --- head --------------------------------------------------------------------------------- */

static bool is_one_line(struct str s)
{
    return str_find(s, '\r') == s.n && str_find(s, '\n') == s.n &&
           str_find(s, '\0') == s.n;
}

/* How much of s fits into max bytes without half of a character. */
static size_t whole_chars(struct str s, size_t max)
{
    size_t n = s.n < max ? s.n : max;

    while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* Always encoded, so that nothing in it can be read as syntax. */
static void put_subject(struct buf *out, struct str s)
{
    size_t max = FIRST_WORD_BYTES;

    buf_append_c(out, "Subject: ");
    while (s.n > 0) {
        size_t n = whole_chars(s, max);

        buf_append_c(out, "=?UTF-8?B?");
        base64_put(out, (struct str){s.p, n});
        buf_append_c(out, "?=");
        s = str_from(s, n);
        if (s.n > 0)
            buf_append_c(out, "\r\n ");
        max = WORD_BYTES;
    }
    buf_append_c(out, "\r\n");
}

static void put_date(struct buf *out, int64_t real_ns)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil c = civil_split(real_ns); /* real time is UTC's civil time */
    int64_t day = (real_ns - real_ns % (86400 * NS_PER_S)) / (86400 * NS_PER_S);

    buf_printf(out, "Date: %s, %d %s %04d %02d:%02d:%02d +0000\r\n", days[day % 7], c.day,
               months[c.month - 1], c.year, c.hour, c.minute, c.second);
}

static void put_address(struct buf *out, const char *name, struct str address)
{
    buf_printf(out, "%s: <" STR_FMT ">\r\n", name, STR_ARG(address));
}

/* --- body --------------------------------------------------------------------------------- */

/* RFC 2046, 4.1.1: a line of text ends with CR LF, whatever ended it where it came from. */
static void put_lines(struct buf *out, struct str body)
{
    for (size_t i = 0; i < body.n; i++) {
        if (body.p[i] == '\n' || body.p[i] == '\r')
            buf_append_c(out, "\r\n");
        else
            buf_putc(out, body.p[i]);
        if (body.p[i] == '\r' && i + 1 < body.n && body.p[i + 1] == '\n')
            i++;
    }
}

static void put_body(struct buf *out, struct str body)
{
    struct buf lines;
    struct str left;

    buf_init(&lines, out->max);
    put_lines(&lines, body);
    out->failed = out->failed || !buf_ok(&lines);
    for (left = buf_str(&lines); left.n > 0; left = str_from(left, LINE_BYTES)) {
        base64_put(out, (struct str){left.p, left.n < LINE_BYTES ? left.n : LINE_BYTES});
        buf_append_c(out, "\r\n");
    }
    buf_release(&lines);
}

static enum err check(const struct mail *mail, struct why *why)
{
    if (!mail_address_is_valid(mail->from) || !mail_address_is_valid(mail->to) ||
        !mail_address_is_valid(mail->id) ||
        (mail->reply_to.n > 0 && !mail_address_is_valid(mail->reply_to)))
        why_set(why, "sender, recipient, reply-to or message id is no address");
    else if (!is_one_line(mail->subject))
        why_set(why, "the subject is not one line");
    else if (!utf8_valid(mail->subject) || !utf8_valid(mail->body))
        why_set(why, "subject or text is not UTF-8");
    else
        return ERR_OK;
    return ERR_BODY_INVALID;
}

enum err mail_message_put(const struct mail *mail, struct buf *out, struct why *why)
{
    enum err rc = check(mail, why);

    if (rc != ERR_OK)
        return rc;
    put_date(out, mail->date_ns);
    put_address(out, "From", mail->from);
    put_address(out, "To", mail->to);
    if (mail->reply_to.n > 0)
        put_address(out, "Reply-To", mail->reply_to);
    put_subject(out, mail->subject);
    put_address(out, "Message-ID", mail->id);
    buf_append_c(out, "MIME-Version: 1.0\r\n"
                      "Content-Type: text/plain; charset=UTF-8\r\n"
                      "Content-Transfer-Encoding: base64\r\n\r\n");
    put_body(out, mail->body);
    return buf_ok(out) ? ERR_OK : ERR_TOO_LARGE;
}
