/*
 * src/mail/message.c: heads that cannot be broken, subjects folded between characters, bodies whole.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "codec/base64.h"
#include "mail/message.h"

#include "base/banned.h"

enum {
    TEXT_MAX = 1 << 20
};

static struct mail mail_of(struct str subject, struct str body)
{
    return (struct mail){
        .from = STR("chat@example.com"),
        .to = STR("operators@example.com"),
        .subject = subject,
        .body = body,
        .id = STR("1.2@example.com"),
        .date_ns = INT64_C(1737368999) * NS_PER_S,
    };
}

static void put(const struct mail *mail, struct buf *out)
{
    struct why why = {.text = ""};

    buf_init(out, TEXT_MAX);
    assert_int_equal(mail_message_put(mail, out, &why), ERR_OK);
    assert_string_equal(why.text, "");
}

/* The next line, which must end with CR LF. */
static struct str next_line(struct str *text)
{
    struct str line = {text->p, str_find(*text, '\r')};

    assert_true(line.n + 1 < text->n);
    assert_int_equal(text->p[line.n + 1], '\n');
    *text = str_from(*text, line.n + 2);
    return line;
}

static void append_base64(struct buf *out, struct str text)
{
    char bytes[128];
    size_t n;

    assert_true(base64_size(text, &n) && n <= sizeof(bytes));
    assert_true(base64_take(text, bytes));
    buf_append(out, bytes, n);
}

static void test_a_message_is_what_the_standards_say(void **state)
{
    struct mail mail = mail_of(STR("[문의]: Kim"), STR("Hello\n.\nline"));
    struct buf out;

    (void)state;
    mail.reply_to = STR("kim@example.org");
    put(&mail, &out);

    buf_putc(&out, '\0');
    assert_string_equal(out.p, "Date: Mon, 20 Jan 2025 10:29:59 +0000\r\n"
                               "From: <chat@example.com>\r\n"
                               "To: <operators@example.com>\r\n"
                               "Reply-To: <kim@example.org>\r\n"
                               "Subject: =?UTF-8?B?W+usuOydmF06IEtpbQ==?=\r\n"
                               "Message-ID: <1.2@example.com>\r\n"
                               "MIME-Version: 1.0\r\n"
                               "Content-Type: text/plain; charset=UTF-8\r\n"
                               "Content-Transfer-Encoding: base64\r\n"
                               "\r\n"
                               "SGVsbG8NCi4NCmxpbmU=\r\n");
    buf_release(&out);
}

/* Takes "Subject: " and its continuation lines apart again. */
static void check_subject(struct str text, struct str subject)
{
    struct buf whole;
    struct str line;

    buf_init(&whole, TEXT_MAX);
    do
        line = next_line(&text);
    while (!str_starts(line, STR("Subject: ")));
    line = str_from(line, 8);
    for (; str_starts(line, STR(" ")); line = next_line(&text)) {
        struct str word = str_from(line, 1);
        size_t from = whole.n;

        assert_true(word.n <= 75);
        assert_true(line.n + (from == 0 ? 8 : 0) <= 76);
        assert_true(str_starts(word, STR("=?UTF-8?B?")));
        assert_memory_equal(word.p + word.n - 2, "?=", 2);
        append_base64(&whole, (struct str){word.p + 10, word.n - 12});
        assert_true(utf8_valid(str_from(buf_str(&whole), from)));
    }
    assert_true(str_eq(buf_str(&whole), subject));
    buf_release(&whole);
}

/* Every length, and characters of 1 to 4 bytes at every place relative to the fold. */
static void test_subjects_are_folded_between_characters(void **state)
{
    static const char *const letters[] = {"a", "é", "문", "😀"};
    struct buf subject, out;
    struct mail mail;

    (void)state;
    buf_init(&subject, TEXT_MAX);
    for (size_t k = 0; k < 4; k++)
        for (size_t lead = 0; lead < 4; lead++)
            for (size_t n = 1; n < 100; n++) {
                buf_reset(&subject);
                buf_append(&subject, "xyz", lead);
                for (size_t i = 0; i < n; i++)
                    buf_append_c(&subject, letters[k]);
                mail = mail_of(buf_str(&subject), STR(""));
                put(&mail, &out);
                check_subject(buf_str(&out), buf_str(&subject));
                buf_release(&out);
            }
    buf_release(&subject);
}

static void test_lines_of_a_body_end_with_cr_lf(void **state)
{
    static const struct {
        const char *body, *sent;
    } cases[] = {
        {"", ""},
        {"a", "a"},
        {"\n", "\r\n"},
        {"a\nb\r\nc\rd\r", "a\r\nb\r\nc\r\nd\r\n"},
        {"\r\r\n\n", "\r\n\r\n\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mail mail = mail_of(STR("s"), str_of(cases[i].body));
        struct buf out, body;
        struct str text;

        put(&mail, &out);
        buf_init(&body, TEXT_MAX);
        text = buf_str(&out);
        while (next_line(&text).n > 0)
            ;
        while (text.n > 0)
            append_base64(&body, next_line(&text));
        assert_true(str_eq(buf_str(&body), str_of(cases[i].sent)));
        buf_release(&body);
        buf_release(&out);
    }
}

static void test_long_bodies_come_in_short_lines(void **state)
{
    struct buf text, out, body;
    struct mail mail;
    struct str left;

    (void)state;
    buf_init(&text, TEXT_MAX);
    buf_init(&body, TEXT_MAX);
    for (int i = 0; i < 5000; i++)
        buf_append_c(&text, i % 7 ? "글" : " .");
    mail = mail_of(STR("s"), buf_str(&text));
    put(&mail, &out);

    left = buf_str(&out);
    while (next_line(&left).n > 0)
        ;
    while (left.n > 0) {
        struct str line = next_line(&left);

        assert_true(line.n <= 76);
        append_base64(&body, line);
    }
    assert_true(str_eq(buf_str(&body), buf_str(&text)));
    buf_release(&body);
    buf_release(&text);
    buf_release(&out);
}

static void test_what_would_break_a_head_is_refused(void **state)
{
    static const struct {
        struct mail mail;
        const char *why;
    } cases[] = {
        {{.subject = {"a\r\nBcc: x@y.z", 13}}, "CR LF in the subject"},
        {{.subject = {"a\nb", 3}}, "LF in the subject"},
        {{.subject = {"a\rb", 3}}, "CR in the subject"},
        {{.subject = {"a\0b", 3}}, "NUL in the subject"},
        {{.subject = {"a\xff", 2}}, "subject is not UTF-8"},
        {{.body = {"\xed\xa0\x80", 3}}, "body is not UTF-8"},
        {{.from = {"a@b\r\nX: y", 9}}, "CR LF in the sender"},
        {{.to = {"a@b.c>, <d@e.f", 14}}, "two recipients"},
        {{.to = {"", 0}}, "no recipient"},
        {{.reply_to = {"a@b.c, d@e.f", 12}}, "two addresses in Reply-To"},
        {{.id = {"a b@c", 5}}, "blank in the message id"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct mail *bad = &cases[i].mail;
        struct mail mail = mail_of(STR("s"), STR("b"));
        struct why why = {.text = ""};
        struct buf out;

        mail.from = bad->from.p ? bad->from : mail.from;
        mail.to = bad->to.p ? bad->to : mail.to;
        mail.reply_to = bad->reply_to;
        mail.subject = bad->subject.p ? bad->subject : mail.subject;
        mail.body = bad->body.p ? bad->body : mail.body;
        mail.id = bad->id.p ? bad->id : mail.id;
        buf_init(&out, TEXT_MAX);
        if (mail_message_put(&mail, &out, &why) != ERR_BODY_INVALID || out.n > 0 ||
            !why.text[0])
            fail_msg("%s", cases[i].why);
        buf_release(&out);
    }
}

static void test_addresses(void **state)
{
    static const struct {
        const char *text;
        bool is_valid;
        const char *why;
    } cases[] = {
        {"a@b", true, "least"},
        {"first.last+tag@mail.example.co.kr", true, "usual"},
        {"o'neil_{x}!#$%&*-/=?^`|~@x-1.y", true, "every letter of an atom"},
        {"", false, "empty"},
        {"a", false, "no @"},
        {"@b", false, "no local part"},
        {"a@", false, "no domain"},
        {"a@b@c", false, "two @"},
        {"a..b@c", false, "two dots"},
        {".a@c", false, "dot first"},
        {"a.@c", false, "dot last"},
        {"a@b.", false, "dot at the end"},
        {"a b@c", false, "blank"},
        {"\"a\"@c", false, "quoted"},
        {"<a@c>", false, "brackets"},
        {"a,b@c", false, "comma"},
        {"a@b_c", false, "underscore in the domain"},
        {"a@[127.0.0.1]", false, "address literal"},
        {"\xea\xb9\x80@b", false, "not ASCII"},
        {"a@b\x7f", false, "control character"},
    };
    char local[70];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (mail_address_is_valid(str_of(cases[i].text)) != cases[i].is_valid)
            fail_msg("%s: %s", cases[i].text, cases[i].why);
    assert_false(mail_address_is_valid((struct str){"a@b\0", 4}));
    assert_false(mail_address_is_valid(STR_NULL));
    memset(local, 'a', sizeof(local));
    memcpy(local + 64, "@b", 2);
    assert_true(mail_address_is_valid((struct str){local, 66}));
    memcpy(local + 64, "a@b", 3);
    assert_false(mail_address_is_valid((struct str){local, 67}));
}

static void test_a_message_over_the_ceiling_is_refused(void **state)
{
    struct mail mail = mail_of(STR("s"), STR("a longer text than fits"));
    struct why why = {.text = ""};
    struct buf out;
    size_t size;

    (void)state;
    put(&mail, &out);
    size = out.n;
    buf_release(&out);
    for (size_t max = 0; max < size; max++) {
        buf_init(&out, max);
        assert_int_equal(mail_message_put(&mail, &out, &why), ERR_TOO_LARGE);
        buf_release(&out);
    }
}

static void test_days_and_months(void **state)
{
    static const struct {
        int64_t s;
        const char *line;
    } cases[] = {
        {0, "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n"},
        {951782400, "Date: Tue, 29 Feb 2000 00:00:00 +0000\r\n"},
        {1735689599, "Date: Tue, 31 Dec 2024 23:59:59 +0000\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mail mail = mail_of(STR("s"), STR("b"));
        struct buf out;

        mail.date_ns = cases[i].s * NS_PER_S + 999999999;
        put(&mail, &out);
        assert_true(str_starts(buf_str(&out), str_of(cases[i].line)));
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_is_what_the_standards_say),
        cmocka_unit_test(test_subjects_are_folded_between_characters),
        cmocka_unit_test(test_lines_of_a_body_end_with_cr_lf),
        cmocka_unit_test(test_long_bodies_come_in_short_lines),
        cmocka_unit_test(test_what_would_break_a_head_is_refused),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_a_message_over_the_ceiling_is_refused),
        cmocka_unit_test(test_days_and_months),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
