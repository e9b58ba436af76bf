/* Trusted proxies and the client behind them. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/auth.h"

static void test_networks_are_read_or_refused(void **state)
{
    static const struct {
        const char *text;
        bool is_valid;
        const char *why;
    } cases[] = {
        {"127.0.0.1", true, "an address is a network of one"},
        {"10.0.0.0/8", true, "IPv4 with a prefix"},
        {"::1", true, "IPv6"},
        {"fd00::/8", true, "IPv6 with a prefix"},
        {"10.0.0.0/33", false, "IPv4 has 32 bits"},
        {"::/129", false, "IPv6 has 128 bits"},
        {"10.0.0.0/", false, "a prefix needs a number"},
        {"10.0.0.0/-1", false, "no negative prefix"},
        {"proxy.example", false, "names are not looked up"},
        {"", false, "nothing"},
    };
    struct auth_network n;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (auth_network_parse(str_of(cases[i].text), &n) != cases[i].is_valid)
            fail_msg("%s: %s", cases[i].text, cases[i].why);
}

static void test_an_address_is_in_its_network_only(void **state)
{
    static const struct {
        const char *network, *address;
        bool is_in;
    } cases[] = {
        {"10.0.0.0/8", "10.255.1.2", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"192.168.4.0/22", "192.168.7.255", true},
        {"192.168.4.0/22", "192.168.8.0", false},
        {"127.0.0.1", "::ffff:127.0.0.1", true},
        {"fd00::/8", "fd12::1", true},
        {"fd00::/8", "fe80::1", false},
        {"0.0.0.0/0", "8.8.8.8", true},
        {"0.0.0.0/0", "::1", false},
        {"10.0.0.0/8", "nonsense", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct auth_network n;

        assert_true(auth_network_parse(str_of(cases[i].network), &n));
        if (auth_network_has(&n, str_of(cases[i].address)) != cases[i].is_in)
            fail_msg("%s in %s", cases[i].address, cases[i].network);
    }
}

static void test_the_client_is_the_last_entry_nobody_trusted_added(void **state)
{
    static const struct {
        const char *peer, *forwarded, *client;
    } cases[] = {
        {"9.9.9.9", "1.1.1.1", "9.9.9.9"}, /* a stranger's header does not count */
        {"10.0.0.1", NULL, "10.0.0.1"},
        {"10.0.0.1", "1.1.1.1", "1.1.1.1"},
        {"10.0.0.1", "2.2.2.2, 1.1.1.1",
         "1.1.1.1"}, /* what the client sent itself is behind */
        {"10.0.0.1", "1.1.1.1, 10.0.0.2", "1.1.1.1"},  /* two proxies */
        {"10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"}, /* all trusted: the first */
    };
    struct auth_network trusted;

    (void)state;
    assert_true(auth_network_parse(STR("10.0.0.0/8"), &trusted));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str client = auth_forwarded_client(&trusted, 1, str_of(cases[i].peer),
                                                  str_of(cases[i].forwarded));

        if (!str_eq(client, str_of(cases[i].client)))
            fail_msg("case %zu: %.*s", i, STR_ARG(client));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks_are_read_or_refused),
        cmocka_unit_test(test_an_address_is_in_its_network_only),
        cmocka_unit_test(test_the_client_is_the_last_entry_nobody_trusted_added),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
