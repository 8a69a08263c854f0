
/*
 * Copyright (C) nginx rooms contributors
 *
 * The first octet chooses: a key set, a token of nobody, a good token that is
 * damaged, or a header and a payload that are signed as they are.  No token
 * passes but one that its key has signed, whose header names the key's
 * algorithm, and whose time has come and is not over.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <rooms_jwt.h>


#define NOW     UINT64_C(1700000000000)
#define SECRET  "platform-demo-secret-0123456789abcdef"

#define need(x)                                                               \
    if (!(x)) {                                                               \
        (void) fprintf(stderr, "%d: %s\n", __LINE__, #x);                     \
        abort();                                                              \
    }


static const char  set[] =
    "{\"keys\":[{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"h\",\"k\":"
    "\"cGxhdGZvcm0tZGVtby1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZg\"},"
    "{\"kty\":\"RSA\",\"alg\":\"RS256\",\"e\":\"AQAB\",\"n\":\""
    "qa0q3Yb_cc-E1699LdCDMfA7tBGsPDztrm8XvLmA0jwaViOykpkyhmz94rcP3n726IAuNdxm"
    "ne5PWUnXqz1E3nqsk7bk7YzR6t3YDGYgoQ4hc9Rz1m1B9FzWjeOZSE-Ucq1BqXWaQNR2wW4D"
    "YPPv15ERwIJIR1g-l9yRwRD7MvczI03QUTD_LsHsc9l1dbwqbHAjHEoukcxCa7GtKwkazGot"
    "QXUSWfeEUGF8hmSinGG4iCBHOLxScqdZcIAmXsDkoXESXirIitOx-bLSpedC1MKY2Ib0YKm5"
    "EIJK837t5HmWRok0XIj4wDNoq6mg40oyJPj2CzbT_ESZcHi1Gqyqaw"
    "\"},{\"kty\":\"EC\",\"alg\":\"ES256\",\"crv\":\"P-256\",\"x\":"
    "\"wa6Z9OWNx-ZFzhdggg5uOsGmpzmR1uAuzE13DyrDrrw\",\"y\":"
    "\"MN8pFJQWWIMcIXAtllZja9jeYWpiQB1_rCt0PkULl8A\"}]}";

static const rooms_jwt_rules_t   rules = { NULL, NULL, 5 };
static const rooms_jwt_rules_t   strict = { "rooms", "issuer", 0 };
static rooms_jwks_t             *jwks;
static char                     *good;
static json_t                   *claims;


static void
begin(void)
{
    char     err[200];
    json_t  *keys;

    keys = json_loads(set, 0, NULL);
    jwks = rooms_jwks_create(keys, err, sizeof(err));
    need(jwks != NULL);
    json_decref(keys);

    claims = json_pack("{s:s, s:I}", "userId", "usr_bob", "exp",
                       (json_int_t) (NOW / 1000 + 600));
    good = rooms_jwt_sign(jwks, claims);
    need(good != NULL);
}


static void
keys(rooms_str_t in)
{
    char           err[200];
    json_t        *doc, *out;
    rooms_jwks_t  *set2;

    doc = json_loadb((const char *) in.data, in.len, 0, NULL);
    err[0] = '\0';
    out = NULL;

    set2 = rooms_jwks_create(doc, err, sizeof(err));
    need((set2 == NULL) == (err[0] != '\0'));

    if (set2 != NULL) {

        /* none of them has signed this, but for the very same secret */

        if (rooms_jwt_verify(set2, &rules, rooms_str(good, strlen(good)), NOW,
                             &out) == ROOMS_JWT_OK)
        {
            need(json_equal(out, claims));
            json_decref(out);
        }

        rooms_jwks_free(set2);
    }

    json_decref(doc);
}


static void
token(rooms_str_t in)
{
    json_t  *out;

    out = NULL;

    if (rooms_jwt_verify(jwks, &rules, in, NOW, &out) == ROOMS_JWT_OK) {
        need(json_equal(out, claims));
        json_decref(out);
    }

    need(rooms_jwt_verify(jwks, &strict, in, NOW, &out) != ROOMS_JWT_OK);
}


/* Pairs of octets: a place, and what is added there. */

static void
damaged(rooms_str_t in)
{
    char    text[1024];
    size_t  i, n;

    n = strlen(good);
    need(n < sizeof(text));
    memcpy(text, good, n);

    for (i = 0; i + 1 < in.len; i += 2) {
        text[(in.data[i] + 256 * (i / 2 % 2)) % n] += (char) in.data[i + 1];
    }

    token(rooms_str(text, n));
}


static size_t
base64url(char *to, const unsigned char *from, size_t n)
{
    int  i, len;

    len = EVP_EncodeBlock((unsigned char *) to, from, (int) n);

    for (i = 0; i < len; i++) {
        if (to[i] == '+') {
            to[i] = '-';

        } else if (to[i] == '/') {
            to[i] = '_';

        } else if (to[i] == '=') {
            break;
        }
    }

    return (size_t) i;
}


/* Header, line feed, payload. */

static void
made(rooms_str_t in)
{
    char                 *text;
    json_t               *out, *header, *exp, *nbf;
    size_t                n, len;
    unsigned              m;
    rooms_jwt_e           rc;
    unsigned char         mac[EVP_MAX_MD_SIZE];
    const unsigned char  *p;

    p = in.len ? memchr(in.data, '\n', in.len) : NULL;

    if (p == NULL) {
        return;
    }

    n = (size_t) (p - in.data);
    text = malloc(2 * in.len + 128);
    need(text != NULL);

    len = base64url(text, in.data, n);
    text[len++] = '.';
    len += base64url(text + len, p + 1, in.len - n - 1);

    need(HMAC(EVP_sha256(), SECRET, sizeof(SECRET) - 1,
              (unsigned char *) text, len, mac, &m) != NULL);

    text[len++] = '.';
    len += base64url(text + len, mac, m);

    out = NULL;
    rc = rooms_jwt_verify(jwks, &rules, rooms_str(text, len), NOW, &out);

    if (rc == ROOMS_JWT_OK) {
        header = json_loadb((const char *) in.data, n, 0, NULL);
        exp = json_object_get(out, "exp");
        nbf = json_object_get(out, "nbf");

        need(json_is_object(header) && json_is_object(out));
        need(strcmp(json_string_value(json_object_get(header, "alg")),
                    "HS256") == 0);
        need(json_object_get(header, "crit") == NULL);
        need(json_object_get(header, "kid") == NULL
             || strcmp(json_string_value(json_object_get(header, "kid")),
                       "h") == 0);
        need(json_is_number(exp)
             && json_number_value(exp) + 5 > NOW / 1000);
        need(nbf == NULL || (json_is_number(nbf)
             && json_number_value(nbf) - 5 <= NOW / 1000));

        json_decref(header);
        json_decref(out);
    }

    free(text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rooms_str_t  in;

    if (jwks == NULL) {
        begin();
    }

    if (size == 0) {
        return 0;
    }

    in = rooms_str(data + 1, size - 1);

    switch (data[0] % 4) {

    case 0:
        keys(in);
        break;

    case 1:
        token(in);
        break;

    case 2:
        damaged(in);
        break;

    default:
        made(in);
    }

    return 0;
}
