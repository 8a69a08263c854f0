
/*
 * Copyright (C) nginx rooms contributors
 *
 * JSON Web Tokens (RFC 7519) in compact form, signed (RFC 7515), verified
 * against a JSON Web Key Set (RFC 7517).  Acceptance rows L-1, L-3, L-4.
 *
 * A key pins its algorithm (RFC 8725, 3.1): it must say "alg", and the alg
 * must suit its type, or the set is refused.  The header of a token chooses
 * among keys, never how one of them is used.
 */


#ifndef _ROOMS_JWT_H_INCLUDED_
#define _ROOMS_JWT_H_INCLUDED_


#include <jansson.h>

#include <rooms_types.h>


#define ROOMS_JWT_MAX  8192              /* octets of a token */


typedef struct rooms_jwks_s  rooms_jwks_t;


typedef enum {
    ROOMS_JWT_OK = 0,
    ROOMS_JWT_INVALID,                   /* form, key, signature, aud, iss */
    ROOMS_JWT_EXPIRED,                   /* all is well but "exp" */
    ROOMS_JWT_EARLY                      /* all is well but "nbf" */
} rooms_jwt_e;


/*
 * What a token must say.  audience, issuer: NULL for no matter; leeway in
 * seconds, for exp and nbf.  Tokens without a numeric "exp" are invalid.
 */

typedef struct {
    const char  *audience;
    const char  *issuer;
    uint64_t     leeway;
} rooms_jwt_rules_t;


/*
 * Reads a key set: an object with "keys".  Algorithms are RS, PS, ES and HS
 * of 256, 384 and 512.  HS keys have at least 16 octets.  NULL: a sentence is
 * in err (of size octets).
 */

rooms_jwks_t *rooms_jwks_create(const json_t *set, char *err, size_t size);
void rooms_jwks_free(rooms_jwks_t *jwks);

/*
 * Verifies a token; now in ms.  A "kid" of the header must be that of the
 * key; without one every key of the same alg is tried.  Headers with "crit"
 * are invalid.  ROOMS_JWT_OK: *claims is a new reference.
 */

rooms_jwt_e rooms_jwt_verify(const rooms_jwks_t *jwks,
    const rooms_jwt_rules_t *rules, rooms_str_t token, uint64_t now,
    json_t **claims);

/* What rooms_jwt_verify() makes of the claims of a token that is signed. */

rooms_jwt_e rooms_jwt_check(const json_t *claims,
    const rooms_jwt_rules_t *rules, uint64_t now);

/*
 * A token with these claims, signed by the set's first HS256 key.  The caller
 * frees the text; NULL: there is no such key, or no memory.
 */

char *rooms_jwt_sign(const rooms_jwks_t *jwks, const json_t *claims);

/* 1 where rooms_jwt_sign() has a key. */

unsigned rooms_jwks_signs(const rooms_jwks_t *jwks);


#endif /* _ROOMS_JWT_H_INCLUDED_ */
