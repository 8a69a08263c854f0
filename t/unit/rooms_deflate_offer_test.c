
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rooms_deflate.h>


#define PMD       "permessage-deflate"
#define SERVER    "; server_no_context_takeover"
#define CLIENT    "; client_no_context_takeover"
#define SBITS(n)  "; server_max_window_bits=" #n
#define CBITS(n)  "; client_max_window_bits=" #n


static rooms_deflate_params_t  want, got;


/* A server that leaves all to the offer. */

static int
setup(void **state)
{
    (void) state;

    memset(&want, 0, sizeof(want));
    want.server_bits = 15;
    want.client_bits = 15;

    return 0;
}


static rooms_int_t
negotiate(const char *offer, rooms_buf_t *answer)
{
    char         *copy;
    size_t        n;
    rooms_int_t   rc;

    n = strlen(offer);
    copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, offer, n);

    memset(&got, 0xff, sizeof(got));
    rooms_buf_init(answer, 0);

    rc = rooms_deflate_negotiate(rooms_str(copy, n), &want, &got, answer);

    free(copy);

    return rc;
}


static void
expect(const char *offer, const char *expected)
{
    rooms_buf_t  answer;

    assert_int_equal(negotiate(offer, &answer), ROOMS_OK);

    rooms_buf_byte(&answer, '\0');
    assert_string_equal((char *) answer.data, expected);

    rooms_buf_free(&answer);
}


static void
expect_got(unsigned server_bits, unsigned client_bits, unsigned server_no,
    unsigned client_no, unsigned given)
{
    assert_int_equal(got.server_bits, server_bits);
    assert_int_equal(got.client_bits, client_bits);
    assert_int_equal(got.server_no_takeover, server_no);
    assert_int_equal(got.client_no_takeover, client_no);
    assert_int_equal(got.client_bits_given, given);
}


static void
expect_none(const char *offer, rooms_int_t rc)
{
    rooms_buf_t  answer;

    assert_int_equal(negotiate(offer, &answer), rc);
    assert_int_equal(answer.len, 0);

    rooms_buf_free(&answer);
}


static void
decline(const char *offer)
{
    expect_none(offer, ROOMS_DECLINED);
}


static void
refuse(const char *offer)
{
    expect_none(offer, ROOMS_ERROR);
}


static void
test_plain(void **state)
{
    (void) state;

    expect(PMD, PMD);
    expect_got(15, 15, 0, 0, 0);

    expect(PMD "; client_max_window_bits", PMD);
    expect_got(15, 15, 0, 0, 1);

    expect(PMD SERVER, PMD SERVER);
    expect_got(15, 15, 1, 0, 0);

    expect(PMD CLIENT, PMD CLIENT);
    expect_got(15, 15, 0, 1, 0);

    expect(PMD CLIENT SERVER, PMD SERVER CLIENT);
    expect_got(15, 15, 1, 1, 0);

    decline("");
    decline("x-webkit-deflate-frame");
    decline("permessage-deflat");
    decline("permessage-deflate2");
    decline("x-permessage-deflate; client_max_window_bits");
}


static void
test_every_window(void **state)
{
    unsigned  i;

    static const struct {
        const char  *offer;
        const char  *answer;
        unsigned     bits;
    } server[] = {
        { PMD SBITS(8), PMD SBITS(8), 8 },
        { PMD SBITS(9), PMD SBITS(9), 9 },
        { PMD SBITS(10), PMD SBITS(10), 10 },
        { PMD SBITS(11), PMD SBITS(11), 11 },
        { PMD SBITS(12), PMD SBITS(12), 12 },
        { PMD SBITS(13), PMD SBITS(13), 13 },
        { PMD SBITS(14), PMD SBITS(14), 14 },
        { PMD SBITS(15), PMD SBITS(15), 15 }
    }, client[] = {
        { PMD CBITS(8), PMD CBITS(8), 8 },
        { PMD CBITS(9), PMD CBITS(9), 9 },
        { PMD CBITS(10), PMD CBITS(10), 10 },
        { PMD CBITS(11), PMD CBITS(11), 11 },
        { PMD CBITS(12), PMD CBITS(12), 12 },
        { PMD CBITS(13), PMD CBITS(13), 13 },
        { PMD CBITS(14), PMD CBITS(14), 14 },
        { PMD CBITS(15), PMD, 15 }
    };

    (void) state;

    for (i = 0; i < 8; i++) {
        expect(server[i].offer, server[i].answer);
        expect_got(server[i].bits, 15, 0, 0, 0);

        expect(client[i].offer, client[i].answer);
        expect_got(15, client[i].bits, 0, 0, 1);
    }
}


/* The server's wishes: RFC 7692, sections 7.1.1 and 7.1.2. */

static void
test_wanted(void **state)
{
    (void) state;

    want.server_bits = 10;
    want.client_bits = 11;
    want.server_no_takeover = 1;
    want.client_no_takeover = 1;

    /* a client that says nothing of its window may use all of it */

    expect(PMD, PMD SERVER CLIENT SBITS(10));
    expect_got(10, 15, 1, 1, 0);

    expect(PMD "; client_max_window_bits",
           PMD SERVER CLIENT SBITS(10) CBITS(11));
    expect_got(10, 11, 1, 1, 1);

    expect(PMD SBITS(15) CBITS(15), PMD SERVER CLIENT SBITS(10) CBITS(11));
    expect_got(10, 11, 1, 1, 1);

    expect(PMD SBITS(9) CBITS(8), PMD SERVER CLIENT SBITS(9) CBITS(8));
    expect_got(9, 8, 1, 1, 1);

    /* 8 only where the client insists */

    want.server_bits = 8;
    want.client_bits = 8;

    expect(PMD "; client_max_window_bits",
           PMD SERVER CLIENT SBITS(9) CBITS(9));
    expect_got(9, 9, 1, 1, 1);

    expect(PMD SBITS(8), PMD SERVER CLIENT SBITS(8));
    expect_got(8, 15, 1, 1, 0);
}


/* An offer with such a parameter is not acceptable: section 7.1. */

static void
test_declined(void **state)
{
    (void) state;

    decline(PMD "; unknown");
    decline(PMD "; unknown=1");
    decline(PMD "; Server_No_Context_Takeover");

    decline(PMD SERVER SERVER);
    decline(PMD CLIENT CLIENT);
    decline(PMD SBITS(10) SBITS(10));
    decline(PMD CBITS(10) "; client_max_window_bits");

    decline(PMD SERVER "=1");
    decline(PMD CLIENT "=true");
    decline(PMD SERVER "=\"x\"");

    decline(PMD "; server_max_window_bits");
    decline(PMD SBITS(7));
    decline(PMD SBITS(16));
    decline(PMD SBITS(0));
    decline(PMD SBITS(08));
    decline(PMD SBITS(010));
    decline(PMD SBITS(1));
    decline(PMD SBITS(100));
    decline(PMD SBITS(+9));
    decline(PMD SBITS(9a));
    decline(PMD SBITS(1.0));
    decline(PMD CBITS(7));
    decline(PMD CBITS(16));
    decline(PMD CBITS(09));
    decline(PMD CBITS(18446744073709551625));
}


static void
test_quoted(void **state)
{
    (void) state;

    expect(PMD "; server_max_window_bits=\"10\"", PMD SBITS(10));
    expect(PMD ";client_max_window_bits = \"12\" ; "
           "server_no_context_takeover", PMD SERVER CBITS(12));

    decline(PMD "; server_max_window_bits=\"7\"");

    refuse(PMD "; server_max_window_bits=\"\"");
    refuse(PMD "; server_max_window_bits=\"10");
    refuse(PMD "; server_max_window_bits=\"10 \"");
    refuse(PMD "; server_max_window_bits=\" 10\"");
    refuse(PMD "; server_max_window_bits=10\"");
    refuse(PMD "; server_max_window_bits=\"10\"1");
    refuse(PMD "; x=\"a,b\"");
}


static void
test_several(void **state)
{
    (void) state;

    expect("foo, " PMD SERVER, PMD SERVER);
    expect("foo; a=b; c, bar;d=\"e\"," PMD, PMD);
    expect(PMD SERVER ", " PMD, PMD SERVER);
    expect(PMD "; unknown=1, " PMD CLIENT, PMD CLIENT);
    expect(PMD SBITS(7) "," PMD SBITS(99) "," PMD SBITS(12), PMD SBITS(12));
    expect(PMD SBITS(10) "; client_max_window_bits, " PMD, PMD SBITS(10));

    decline("foo, bar");
    decline(PMD "; unknown, " PMD SBITS(7));
}


static void
test_white_space(void **state)
{
    (void) state;

    expect(" \t" PMD " ;\tserver_no_context_takeover ; "
           "server_max_window_bits = 12\t", PMD SERVER SBITS(12));
    expect(", ," PMD " , ,", PMD);
    expect("foo ,\t" PMD, PMD);

    decline("   ");
    decline(",,");
}


static void
test_not_well_formed(void **state)
{
    (void) state;

    refuse(PMD ";");
    refuse(PMD "; ");
    refuse(PMD "; ;");
    refuse(PMD ";, foo");
    refuse(PMD "; =10");
    refuse(PMD "; server_max_window_bits=");
    refuse(PMD "; server_max_window_bits=;");
    refuse(PMD "; server_max_window_bits=1 0");
    refuse(PMD " foo");
    refuse("; server_no_context_takeover");
    refuse("=");
    refuse("\"" PMD "\"");
    refuse(PMD ", \x01");
    refuse(PMD "\xc3\xa9");
    refuse(PMD "/1");

    /* also where an offer before it would have been good */

    refuse(PMD ", foo;");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(test_plain, setup),
        cmocka_unit_test_setup(test_every_window, setup),
        cmocka_unit_test_setup(test_wanted, setup),
        cmocka_unit_test_setup(test_declined, setup),
        cmocka_unit_test_setup(test_quoted, setup),
        cmocka_unit_test_setup(test_several, setup),
        cmocka_unit_test_setup(test_white_space, setup),
        cmocka_unit_test_setup(test_not_well_formed, setup)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
