
/*
 * Copyright (C) nginx rooms contributors
 *
 * Ids and tokens of a session.
 *
 * An id is a UUID of version 8 (RFC 9562, 5.8):
 *
 *     octets 0-5    the key of the session
 *     octet 6       version; what it is the id of
 *     octet 7       number of an option; else random or 0
 *     octet 8       variant, six bits of the check
 *     octets 9-12   number of the poll or participant, big-endian
 *     octets 13-15  24 bits of the check
 *
 * The check depends on a secret of the session, so that ids cannot be made
 * up.  A vote's id has the key and 63 random bits: nothing leads from it to
 * who voted.
 *
 * The token of a presenter is random, and the presenter's id is its hash; that
 * of a participant is made from the session's secret.  So neither is stored.
 */


#ifndef _ROOMS_POLLS_ID_H_INCLUDED_
#define _ROOMS_POLLS_ID_H_INCLUDED_


#include <rooms_types.h>


#define ROOMS_POLLS_KEY        6
#define ROOMS_POLLS_KEY_TEXT   12        /* hexadecimal: name of the room */
#define ROOMS_POLLS_SECRET     16
#define ROOMS_POLLS_SLUG       6
#define ROOMS_POLLS_UUID       36        /* as text */
#define ROOMS_POLLS_VOTE       8         /* random octets of a vote's id */
#define ROOMS_POLLS_TOKEN      52        /* a presenter's, as text */
#define ROOMS_POLLS_TOKEN_RAW  26
#define ROOMS_POLLS_PASS       32        /* a participant's token, as text */
#define ROOMS_POLLS_ROOM       64        /* octets for the name of a room */


typedef enum {
    ROOMS_POLLS_ID_SESSION = 1,
    ROOMS_POLLS_ID_POLL,
    ROOMS_POLLS_ID_OPTION,
    ROOMS_POLLS_ID_PARTICIPANT,
    ROOMS_POLLS_ID_VOTE
} rooms_polls_id_e;


typedef struct {
    unsigned char       raw[16];
    unsigned            kind;
    unsigned            sub;
    uint32_t            number;
} rooms_polls_id_t;


/* text has ROOMS_POLLS_UUID + 1 octets, here and below. */

void rooms_polls_id_make(const unsigned char *key,
    const unsigned char *secret, rooms_polls_id_e kind, uint32_t number,
    unsigned sub, char *text);
void rooms_polls_id_vote(const unsigned char *key, const unsigned char *id,
    char *text);

/*
 * ROOMS_OK: id has what stands in it, not checked yet; ROOMS_DECLINED: a UUID,
 * but of nothing here; ROOMS_ERROR: not a UUID.
 */

rooms_int_t rooms_polls_id_parse(rooms_str_t text, rooms_polls_id_t *id);

/* 1 where the id is of this kind, this session, and was given out by it. */

unsigned rooms_polls_id_check(const rooms_polls_id_t *id,
    rooms_polls_id_e kind, const unsigned char *key,
    const unsigned char *secret);

/* Names of rooms; the result is at buf (of ROOMS_POLLS_ROOM octets). */

rooms_str_t rooms_polls_room_key(char *buf, const unsigned char *key);
rooms_str_t rooms_polls_room_slug(char *buf, rooms_str_t slug);
rooms_str_t rooms_polls_room_presenter(char *buf, const char *id);

/* ^[A-Z0-9]{6}$, and one from eight random octets */

unsigned rooms_polls_is_slug(rooms_str_t s);
void rooms_polls_slug(const unsigned char *random, unsigned char *slug);

/* token has ROOMS_POLLS_TOKEN + 1, pass ROOMS_POLLS_PASS + 1 octets. */

void rooms_polls_token(const unsigned char *random, char *token);

/* ROOMS_ERROR: no token by its form; id: of the presenter who has it. */

rooms_int_t rooms_polls_token_id(rooms_str_t token, char *id);
void rooms_polls_pass(const unsigned char *secret, uint32_t participant,
    char *pass);

/* "Bearer TOKEN"; empty where it is not. */

rooms_str_t rooms_polls_bearer(rooms_str_t authorization);

/* In a time that does not tell how much of it was right. */

unsigned rooms_polls_equal(rooms_str_t a, rooms_str_t b);

/* Lower-case digits, without a zero octet at the end. */

void rooms_polls_hex(const unsigned char *p, size_t n, char *text);


#endif /* _ROOMS_POLLS_ID_H_INCLUDED_ */
