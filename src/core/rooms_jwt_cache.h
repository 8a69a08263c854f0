
/*
 * Copyright (C) nginx rooms contributors
 *
 * Tokens whose signature was good, so that who calls again and again with one
 * is not verified each time: that costs some hundred thousand instructions
 * with RSA.  It is a memo of a pure function, of one key set; what depends on
 * the time or on the rules is looked at each time.
 */


#ifndef _ROOMS_JWT_CACHE_H_INCLUDED_
#define _ROOMS_JWT_CACHE_H_INCLUDED_


#include <rooms_jwt.h>


#define ROOMS_JWT_CACHE_SLOTS  1024      /* a token has one place */
#define ROOMS_JWT_CACHE_TOKEN  2048      /* octets of those that are kept */
#define ROOMS_JWT_DIGEST       64        /* hexadecimal digits */


typedef struct rooms_jwt_cache_s  rooms_jwt_cache_t;


/* NULL: no memory. */

rooms_jwt_cache_t *rooms_jwt_cache_create(void);
void rooms_jwt_cache_free(rooms_jwt_cache_t *cache);

/*
 * As rooms_jwt_verify(); where that is ROOMS_JWT_OK, digest is the token's
 * SHA-256.  The key set is the same at each call.
 */

rooms_jwt_e rooms_jwt_cache_verify(rooms_jwt_cache_t *cache,
    const rooms_jwks_t *jwks, const rooms_jwt_rules_t *rules,
    rooms_str_t token, uint64_t now, json_t **claims,
    char digest[ROOMS_JWT_DIGEST + 1]);

/* The SHA-256 of a text in hexadecimal digits, terminated. */

void rooms_jwt_digest(rooms_str_t text, char digest[ROOMS_JWT_DIGEST + 1]);


#endif /* _ROOMS_JWT_CACHE_H_INCLUDED_ */
