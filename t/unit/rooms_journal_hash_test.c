
/*
 * Copyright (C) nginx rooms contributors
 *
 * The keyed hash of names, compared with OpenSSL's SipHash.
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/params.h>

#include <rooms_journal_int.h>


static void
oracle(const unsigned char *key, const unsigned char *data, size_t len,
    uint64_t *hash)
{
    size_t        n, size;
    EVP_MAC      *mac;
    OSSL_PARAM    params[2];
    EVP_MAC_CTX  *ctx;

    size = 16;

    params[0] = OSSL_PARAM_construct_size_t("size", &size);
    params[1] = OSSL_PARAM_construct_end();

    mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    assert_non_null(mac);

    ctx = EVP_MAC_CTX_new(mac);

    assert_int_equal(EVP_MAC_init(ctx, key, 16, params), 1);
    assert_int_equal(EVP_MAC_update(ctx, data, len), 1);
    assert_int_equal(EVP_MAC_final(ctx, (unsigned char *) hash, &n, 16), 1);
    assert_int_equal(n, 16);

    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
}


static void
test_every_length(void **unused)
{
    size_t         len;
    uint64_t       key[2], hash[2], expected[2];
    unsigned char  data[ROOMS_JOURNAL_NAME];

    (void) unused;

    key[0] = 0x0706050403020100;
    key[1] = 0x0f0e0d0c0b0a0908;

    for (len = 0; len < sizeof(data); len++) {
        data[len] = (unsigned char) (len * 7);
    }

    for (len = 0; len <= sizeof(data); len++) {
        oracle((unsigned char *) key, data, len, expected);
        rooms_journal_digest(key, rooms_str(data, len), hash);

        assert_true(hash[0] == expected[0] && hash[1] == expected[1]);

        key[len % 2] = hash[0];
    }
}


/* The reference vector of the empty input. */

static void
test_reference(void **unused)
{
    uint64_t  key[2], hash[2];

    (void) unused;

    key[0] = 0x0706050403020100;
    key[1] = 0x0f0e0d0c0b0a0908;

    rooms_journal_digest(key, rooms_str(NULL, 0), hash);

    assert_true(hash[0] == 0xe6a825ba047f81a3);
    assert_true(hash[1] == 0x930255c71472f66d);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_every_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
