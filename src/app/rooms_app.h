
/*
 * Copyright (C) nginx rooms contributors
 *
 * The interface of an application.
 *
 * A command goes to one room, or to none.  The application decides: a pure
 * function of the room's state, the command, the time and the random octets
 * it is given.  What it decides, it writes into a decision
 * (rooms_decision.h): an answer, records, and effects on the caller.  It
 * changes nothing.  When the records are in the journal, every worker that
 * holds the room evolves its copy of the state by their facts.
 *
 * If another worker was faster, the caller reads what it missed and asks
 * again; so decide() may run several times for one command.
 */


#ifndef _ROOMS_APP_H_INCLUDED_
#define _ROOMS_APP_H_INCLUDED_


#include <jansson.h>

#include <rooms_types.h>
#include <rooms_buf.h>
#include <rooms_contract.h>


typedef struct rooms_decision_s  rooms_decision_t;


typedef enum {
    ROOMS_CMD_CONNECT = 0,       /* CONNECT to a namespace; body: auth */
    ROOMS_CMD_EVENT,             /* name, args */
    ROOMS_CMD_ACK,               /* a client's answer; name: as emitted */
    ROOMS_CMD_REST,              /* name: operationId; params, body */
    ROOMS_CMD_DISCONNECT,        /* a socket of this room is gone */
    ROOMS_CMD_RECOVER,           /* it is back with its id and rooms */
    ROOMS_CMD_TICK,              /* the room's deadline has passed */
    ROOMS_CMD_REPLAY,            /* of ROOMS_EFFECT_REPLAY: see missed */
    ROOMS_CMD_HEARD              /* an event of the caller was refused */
} rooms_command_kind_e;


/* Why the layers before the application refuse a command. */

typedef enum {
    ROOMS_REFUSE_INVALID = 0,    /* against the contract; detail: why */
    ROOMS_REFUSE_UNKNOWN,        /* no such event or path */
    ROOMS_REFUSE_METHOD,         /* the path has no such method */
    ROOMS_REFUSE_TOO_LARGE,      /* body over the limit */
    ROOMS_REFUSE_RATE,           /* too many */
    ROOMS_REFUSE_STORAGE,        /* the journal takes nothing now */
    ROOMS_REFUSE_INTERNAL
} rooms_refusal_e;


/* What came of rooms_decide_verify(). */

typedef enum {
    ROOMS_VERIFIED_NOT = 0,      /* it was not asked for */
    ROOMS_VERIFIED_RIGHT,
    ROOMS_VERIFIED_WRONG
} rooms_verified_e;


/* How a socket went. */

typedef enum {
    ROOMS_GONE_ERROR = 0,        /* its transport ended, or its worker */
    ROOMS_GONE_MANUAL,           /* the client or the server wanted it */
    ROOMS_GONE_TIMEOUT           /* no pong */
} rooms_gone_e;


/* The socket a command comes from. */

typedef struct {
    rooms_str_t            sid;
    rooms_str_t            nsp;
    rooms_str_t            data;         /* as set by an effect, or empty */
    const rooms_str_t     *rooms;        /* those it is a member of */
    unsigned               nrooms;
    unsigned               recovered:1;
    unsigned               recoverable:1;
} rooms_caller_t;


#define ROOMS_RANDOM_LEN  64

typedef struct {
    rooms_command_kind_e   kind;
    uint64_t               now;          /* ms since 1970 */
    uint64_t               epoch;        /* of the journal, for offsets */
    const unsigned char   *random;       /* ROOMS_RANDOM_LEN, fresh;
                                            NULL for text only */
    unsigned               attempt;      /* of a REST command, from 0 */
    const rooms_caller_t  *caller;       /* NULL: REST, TICK */
    rooms_str_t            room;         /* as routed, or empty */
    rooms_str_t            name;
    rooms_str_t            text;         /* EVENT: the JSON array, the event's
                                            name first; ACK: of arguments;
                                            REST: the body as it came */
    const rooms_str_t     *items;        /* EVENT: the values of text, where */
    unsigned               nitems;       /* they were noted; or none */
    json_t                *args;         /* EVENT: parsed, without the name;
                                            NULL for applications that ask
                                            for text only */
    const rooms_str_t     *attachments;
    unsigned               nattachments;
    unsigned               ack:1;        /* an answer is asked for */
    unsigned               healthy:1;    /* the journal takes appends */
    json_t                *body;         /* REST, CONNECT; or NULL */
    const rooms_route_param_t  *params;   /* of the path, decoded */
    unsigned               nparams;
    rooms_str_t            query;        /* raw, without '?' */
    rooms_str_t            authorization;
    rooms_str_t            headers;      /* REST: those that begin with "X-",
                                            each name, in lower case, and
                                            value a str16 */
    rooms_str_t            address;      /* the client's, as text, where it is
                                            known: REST, WebSocket */
    rooms_gone_e           gone;         /* DISCONNECT */
    unsigned               malformed:1;  /* REST: the body is no JSON */
    unsigned               verified:2;   /* a rooms_verified_e */
    int64_t                missed;       /* REPLAY: records that hold messages
                                            for the caller; -1: unknown */
} rooms_command_t;


typedef struct {
    rooms_str_t            name;

    /* args are not parsed, events need not stand in the contract */
    unsigned               text_only:1;

    /*
     * A client that comes back is a new socket: it is not recovered at its
     * CONNECT, whose body has the offset, but by rooms_decide_replay().
     */
    unsigned               own_replay:1;

    /*
     * A fresh configuration with every default; NULL: no memory.  It is
     * filled by option() for each "option" directive, then init() looks at
     * the whole of it with the contract.  ROOMS_ERROR: *reason is a
     * sentence, in err (of ROOMS_APP_ERROR octets) or static.
     */
    void        *(*create)(void);
    void         (*destroy)(void *conf);
    rooms_int_t  (*option)(void *conf, rooms_str_t name, rooms_str_t value,
                           char *err);
    rooms_int_t  (*init)(void *conf, const rooms_contract_t *contract,
                         char *err);

    /*
     * The room a command goes to, appended to *room.  ROOMS_DECLINED: none,
     * decide() is called with no state and may make no records but those it
     * directs to a room by rooms_decide_in().  Not asked for DISCONNECT,
     * RECOVER and TICK, whose room is known.
     */
    rooms_int_t  (*route)(const void *conf, const rooms_command_t *cmd,
                          rooms_buf_t *room);

    /*
     * state is NULL where the room does not live.  ROOMS_OK; ROOMS_AGAIN:
     * this room will not do (a REST command that makes a room met one that
     * lives, or rooms_decide_redirect() says which one will): route() is
     * asked again with attempt + 1; ROOMS_ERROR: the caller gets the
     * application's internal error.
     */
    rooms_int_t  (*decide)(const void *conf, const void *state,
                           const rooms_command_t *cmd, rooms_decision_t *d);

    /* The application's own form of a refusal. */
    void         (*refuse)(const void *conf, const rooms_command_t *cmd,
                           rooms_refusal_e why, rooms_str_t detail,
                           rooms_decision_t *d);

    /*
     * Applies a fact; *state is NULL before the first one.  ROOMS_ERROR: no
     * memory, or not a fact of this application; *state stays usable.
     * NULL, and so the three below: rooms have no state, records no facts,
     * and nobody asks for DISCONNECT.
     */
    rooms_int_t  (*evolve)(const void *conf, void **state, uint64_t id,
                           rooms_str_t fact);

    /* The state as octets, and back. */
    void         (*snapshot)(const void *state, rooms_buf_t *b);
    rooms_int_t  (*restore)(const void *conf, void **state,
                            rooms_str_t snapshot);

    void         (*release)(void *state);

    /* 1: decide() does something with that event.  NULL: with any. */
    unsigned     (*knows)(rooms_str_t event);

    /* The same for a REST operation, by its id. */
    unsigned     (*serves)(rooms_str_t operation);
} rooms_app_t;


/*
 * The value of a header of a REST command; name in lower case, beginning with
 * "x-".  Empty where there is none.
 */

rooms_str_t rooms_command_header(const rooms_command_t *cmd,
    const char *name);


#define ROOMS_APP_ERROR  256


/*
 * Keys for other services to read, where the journal is in Redis: appends all
 * keys of the room as they are to be, each as a str16 "HSET" or "SADD", a
 * str16 key without line feeds, a u16 number of words and so many str32.
 * They are written with the record, take the place of those of the state
 * before, expire with the room's deadline and go with the room.
 */

typedef void (*rooms_app_keys_pt)(const void *conf, const void *state,
    rooms_buf_t *b);

/* NULL: the application has none. */

rooms_app_keys_pt rooms_app_keys(const rooms_app_t *app);


/* 1 where what clients know as room R of namespace N is the room N:R. */

unsigned rooms_app_scoped(const rooms_app_t *app);


/* What an application makes use of, as bits. */

#define ROOMS_APP_AUDITS    0x1          /* rooms_decide_audit() */
#define ROOMS_APP_VERIFIES  0x2          /* rooms_decide_verify() */

/* ROOMS_CMD_HEARD, once a second of a connection: it cares for who is silent,
 * and what the layers before it refuse is a sign of life */

#define ROOMS_APP_HEARS     0x4

unsigned rooms_app_uses(const rooms_app_t *app);


/* NULL: there is no such application. */

const rooms_app_t *rooms_app_find(rooms_str_t name);


#endif /* _ROOMS_APP_H_INCLUDED_ */
