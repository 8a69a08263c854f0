
/*
 * Copyright (C) nginx rooms contributors
 *
 * Platform: users with tokens, rooms that are powered by apps, participants
 * with roles, prizes, winners, notifications, presence, events of apps.
 *
 * All of it is the state of one room of the journal, "platform", of which
 * every socket is a member, so that commands see and change everything at
 * once.  What is said goes to other journal rooms, which have members but no
 * state:
 *
 *     room:ROOM       who is subscribed, through either namespace
 *     user:USER       sockets of the user on "/"
 *     in:ROOM:USER    sockets of the user on "/rooms/ROOM"
 *     token:HASH      sockets that came with this token
 *
 * Sockets on "/" have variant 0, those on "/rooms/ROOM" variant 1.
 *
 * The state is a JSON object, and facts are lists of changes to it:
 *
 *     ["i", object]            all of it
 *     ["s", value, key, ...]   a value at a path
 *     ["d", key, ...]          no value any more
 *     ["h", key, ms, window]   a hit of a sliding window
 *
 * users      by id, with "hash" (crypt) and "admin"
 * apps       by id, with "secret" (SHA-256)
 * rooms      by id; a deleted one has "deleted"
 * parts      by room and id; who left has "left"
 * members    by room and user: the participant's id, also of who left
 * prizes, winners  by room and id
 * notices    by user and id; "owners" by id
 * conns      by sid: u or a, exp, tok, nsp, rooms; w: 1 told of the expiry
 * online     by room and user: at, sids
 * refresh    by SHA-256: u, exp;  revoked: SHA-256 to exp
 * rate       by key: times
 * quiz       by room: the open question
 * next       the deadline
 */


#ifndef _ROOMS_PLATFORM_H_INCLUDED_
#define _ROOMS_PLATFORM_H_INCLUDED_


#include <jansson.h>

#include <rooms_app.h>
#include <rooms_decision.h>
#include <rooms_due.h>
#include <rooms_iso.h>
#include <rooms_jwt_cache.h>
#include <rooms_option.h>


#define ROOMS_PLATFORM_ROOM   "platform"
#define ROOMS_PLATFORM_NSP    "/rooms/"
#define ROOMS_PLATFORM_WINDOW 60000      /* ms, the longest of limits */
#define ROOMS_PLATFORM_HASH   ROOMS_JWT_DIGEST
#define ROOMS_PLATFORM_ID     40
#define ROOMS_PLATFORM_NAME   200        /* of a journal room */
#define ROOMS_PLATFORM_EMAIL  321        /* RFC 3696, and its end */
#define ROOMS_PLATFORM_PAIR   (2 * ROOMS_PLATFORM_NAME)


/* Maps of an index, by the key that is looked for. */

typedef enum {
    ROOMS_PLATFORM_BY_EMAIL = 0,         /* in lower case: a user's id */
    ROOMS_PLATFORM_BY_USER,              /* the sids of connections */
    ROOMS_PLATFORM_ACTIVE,               /* app: number of active rooms */
    ROOMS_PLATFORM_PARTS,                /* room: number of participants */
    ROOMS_PLATFORM_ORGANIZERS,           /* room: of those that organize */
    ROOMS_PLATFORM_WON,                  /* room: rooms_platform_pair()s */
    ROOMS_PLATFORM_MAPS
} rooms_platform_map_e;


/*
 * Derived from the state, and not kept with it.  Keys of what is due have a
 * letter before them: connections (c) by "exp" in expiring; in stale what
 * need not go on time, revoked (v) and refresh (f) tokens and limits (r).
 */

typedef struct {
    json_t                  *maps[ROOMS_PLATFORM_MAPS];
    rooms_due_t             *expiring;
    rooms_due_t             *stale;
} rooms_platform_index_t;


typedef struct {
    rooms_jwks_t            *jwks;
    rooms_jwt_cache_t       *tokens;
    json_t                  *seed;       /* the first state */
    rooms_platform_index_t  *index;      /* of that */
    const rooms_contract_t  *contract;
    rooms_jwt_rules_t        rules;
    char                     audience[ROOMS_OPTION_URL];
    char                     issuer[ROOMS_OPTION_URL];
    uint64_t                 leeway;     /* ms */
    uint64_t                 access;     /* ms, life of tokens */
    uint64_t                 refresh;    /* ms */
    uint64_t                 grace;      /* ms, after token:expired */
    uint64_t                 rate_public;    /* REST a minute; 0: no limit */
    uint64_t                 rate_user;
    uint64_t                 rate_app;
    uint64_t                 events_room;    /* a second */
    uint64_t                 events_app;     /* a minute */
} rooms_platform_conf_t;


typedef struct {
    json_t                  *doc;
    rooms_platform_index_t  *index;
} rooms_platform_state_t;


/* Whom a token is for. */

typedef struct {
    const char              *uid;        /* or NULL */
    json_t                  *user;
    const char              *aid;        /* or NULL */
    json_t                  *app;
    uint64_t                 exp;        /* ms */
    char                     hash[ROOMS_PLATFORM_HASH + 1];
} rooms_platform_who_t;


/* A command that is being decided. */

typedef struct {
    const rooms_platform_conf_t  *conf;
    const rooms_command_t        *cmd;
    rooms_decision_t             *d;
    json_t                       *doc;       /* as it is, not to be changed */
    const rooms_platform_index_t *index;     /* of doc */
    json_t                       *ops;       /* the fact, or NULL: failed */
    rooms_platform_who_t          who;
    json_t                       *via;       /* app of X-App-Token */
    char                          stamp[ROOMS_ISO_LEN + 1];
    unsigned                      used;      /* random octets */
    unsigned                      events;    /* said so far */
    char                          event[ROOMS_PLATFORM_ID];
    const char                   *code;      /* of the error it ends with */
    const char                   *actor;     /* where it is not who calls */
    uint64_t                      due;       /* of this command, or 0 */
    unsigned                      fresh:1;   /* there is no state yet */
} rooms_platform_t;


/* rooms_platform_state.c: see rooms_app_t */

rooms_int_t rooms_platform_evolve(const void *conf, void **state, uint64_t id,
    rooms_str_t fact);
void rooms_platform_snapshot(const void *state, rooms_buf_t *b);
rooms_int_t rooms_platform_restore(const void *conf, void **state,
    rooms_str_t snapshot);
void rooms_platform_release(void *state);

/* rooms_platform_index.c.  NULL: no memory, or not a state */

rooms_platform_index_t *rooms_platform_index_create(const json_t *doc);
void rooms_platform_index_free(rooms_platform_index_t *ix);

/*
 * What is at or above a path of doc is taken out of the index (sign -1) before
 * it changes there, and put in (1) when it has changed.  ROOMS_DECLINED: that
 * is more than one entity, the index has to be made again.
 */

rooms_int_t rooms_platform_index_note(rooms_platform_index_t *ix,
    const json_t *doc, const char *const *path, size_t n, int sign);

/* What a map has for a key, borrowed; or NULL. */

json_t *rooms_platform_found(const rooms_platform_t *p,
    rooms_platform_map_e map, const char *key);

/* Keys of maps: an address (NULL: too long to be one), and a winner's. */

const char *rooms_platform_lower(const char *email,
    char lower[ROOMS_PLATFORM_EMAIL]);
const char *rooms_platform_pair(const char *part, const char *prize,
    char pair[ROOMS_PLATFORM_PAIR]);

/* The value at a path of keys that ends with NULL; borrowed, or NULL. */

json_t *rooms_platform_at(const json_t *doc, ...);

/*
 * Changes of the command's fact.  The value's reference is taken over; the
 * path ends with NULL.
 */

void rooms_platform_set(rooms_platform_t *p, json_t *value, ...);
void rooms_platform_unset(rooms_platform_t *p, ...);

/* TICK comes at this time (ms), or before. */

void rooms_platform_due(rooms_platform_t *p, uint64_t at);

/*
 * Counts against limit in a sliding window (ms).  ROOMS_DECLINED: over it,
 * and nothing is counted.  left and reset (s since 1970) may be NULL.
 */

rooms_int_t rooms_platform_hit(rooms_platform_t *p, const char *key,
    uint64_t limit, uint64_t window, uint64_t *left, uint64_t *reset);

/* 1 where a hit would be over it; a limit of 0 is none. */

unsigned rooms_platform_full(const rooms_platform_t *p, const char *key,
    uint64_t limit, uint64_t window);


/* rooms_platform_common.c */

/* A member that is a string, or NULL. */

const char *rooms_platform_text(const json_t *object, const char *key);

/* prefix and ten letters and digits */

const char *rooms_platform_id(rooms_platform_t *p, const char *prefix,
    char id[ROOMS_PLATFORM_ID]);

/*
 * Who comes with this token.  NULL: *who is set; else the words after
 * "Authentication failed: ".
 */

const char *rooms_platform_who(rooms_platform_t *p, rooms_str_t token,
    rooms_platform_who_t *who);

/* The role of a user in a room, NULL: no participant. */

const char *rooms_platform_role(const rooms_platform_t *p, const char *room,
    const char *uid);
json_t *rooms_platform_part(const rooms_platform_t *p, const char *room,
    const char *uid);

/* A room that is not deleted, or NULL. */

json_t *rooms_platform_room(const rooms_platform_t *p, const char *id);

/* 1 where the app's manifest has the permission. */

unsigned rooms_platform_permitted(const json_t *app, const char *permission);

/*
 * A line of the audit log: an event, or a command and its end, in a room
 * (NULL: none) by who called.
 */

void rooms_platform_audit(rooms_platform_t *p, const char *event,
    const char *room);

/* The command itself, when it is decided or refused. */

void rooms_platform_audit_command(rooms_platform_t *p);

/*
 * Says an event to a journal room; the payload's reference is taken over, and
 * it gets "timestamp" and "eventId".  sid: who is left out, may be empty.
 */

void rooms_platform_say(rooms_platform_t *p, const char *to, const char *id,
    rooms_str_t sid, const char *event, json_t *payload);

/* The same to the caller alone. */

void rooms_platform_tell(rooms_platform_t *p, const char *event,
    json_t *payload);
void rooms_platform_stamp(rooms_platform_t *p, json_t *payload);

/*
 * Errors of socket commands: the acknowledgement and the event "error"; of
 * REST: the status and the body.  details, which may be NULL, is taken over.
 */

void rooms_platform_refuse(const void *conf, const rooms_command_t *cmd,
    rooms_refusal_e why, rooms_str_t detail, rooms_decision_t *d);
rooms_int_t rooms_platform_error(rooms_platform_t *p, const char *code,
    const char *message, json_t *details);
rooms_int_t rooms_platform_fail(rooms_platform_t *p, unsigned status,
    const char *code, const char *message, json_t *details);

/* Answers {data, meta?}, {success:true, data}; references are taken over. */

rooms_int_t rooms_platform_data(rooms_platform_t *p, unsigned status,
    json_t *data);
rooms_int_t rooms_platform_success(rooms_platform_t *p, json_t *flat);

/* What others see (rooms_platform_view.c); new references. */

json_t *rooms_platform_user_view(const rooms_platform_t *p, const char *uid);
json_t *rooms_platform_part_view(const rooms_platform_t *p,
    const json_t *part);
json_t *rooms_platform_room_view(const rooms_platform_t *p,
    const json_t *room, unsigned secrets);
json_t *rooms_platform_winner_view(const rooms_platform_t *p,
    const json_t *winner);

/* A copy without "correctIndex" anywhere. */

json_t *rooms_platform_strip(const json_t *value);

/* 1 where value has such a member somewhere. */

unsigned rooms_platform_secret(const json_t *value);

/*
 * The text of a member of a JSON object, as it stands there; empty where it
 * has none of that name (written without escapes).
 */

rooms_str_t rooms_platform_member(rooms_str_t text, const char *name);


/* rooms_platform_socket.c, rooms_platform_event.c, rooms_platform_tick.c */

rooms_int_t rooms_platform_connect(rooms_platform_t *p);
unsigned rooms_platform_knows(rooms_str_t event);
unsigned rooms_platform_serves(rooms_str_t operation);
rooms_int_t rooms_platform_event(rooms_platform_t *p);
rooms_int_t rooms_platform_gone(rooms_platform_t *p);
rooms_int_t rooms_platform_tick(rooms_platform_t *p);

/* The caller's id, terminated. */

const char *rooms_platform_sid(const rooms_platform_t *p,
    char sid[ROOMS_PLATFORM_ID]);

/* The user or the app of a connection. */

const char *rooms_platform_owner(const json_t *conn);

/* The code for which the caller may not hear a room, or NULL. */

const char *rooms_platform_may(rooms_platform_t *p, const char *id);

/*
 * The caller is subscribed to the room from now on; a socket is not any more,
 * whose membership of the journal's room is not looked after.
 */

void rooms_platform_come(rooms_platform_t *p, const char *room,
    const char *sid);
void rooms_platform_leave(rooms_platform_t *p, const char *room,
    const char *sid, const json_t *conn);

/* A user is no participant any more; or nobody is (uid NULL). */

void rooms_platform_offline(rooms_platform_t *p, const char *room,
    const char *uid);

/* rooms_platform_quiz.c */

rooms_int_t rooms_platform_answer(rooms_platform_t *p);
void rooms_platform_question(rooms_platform_t *p, const char *room,
    const json_t *data);

/* REST */

typedef rooms_int_t (*rooms_platform_pt)(rooms_platform_t *p);

typedef enum {
    ROOMS_PLATFORM_PUBLIC = 0,
    ROOMS_PLATFORM_USER,                 /* a user token */
    ROOMS_PLATFORM_ADMIN,
    ROOMS_PLATFORM_EITHER,               /* or one of an app */
    ROOMS_PLATFORM_APP
} rooms_platform_auth_e;

typedef struct {
    const char              *id;         /* operationId */
    rooms_platform_auth_e    auth;
    rooms_platform_pt        handler;
} rooms_platform_route_t;

extern const rooms_platform_route_t  rooms_platform_account_routes[];
extern const rooms_platform_route_t  rooms_platform_apps_routes[];
extern const rooms_platform_route_t  rooms_platform_rooms_routes[];
extern const rooms_platform_route_t  rooms_platform_parts_routes[];
extern const rooms_platform_route_t  rooms_platform_prizes_routes[];
extern const rooms_platform_route_t  rooms_platform_winners_routes[];
extern const rooms_platform_route_t  rooms_platform_notices_routes[];
extern const rooms_platform_route_t  rooms_platform_publish_routes[];

rooms_int_t rooms_platform_rest(rooms_platform_t *p);

/*
 * The body against the contract; ROOMS_DECLINED: refused, the answer is
 * made.
 */

rooms_int_t rooms_platform_body(rooms_platform_t *p);

/* A parameter of the path, terminated, or NULL where it cannot be an id. */

const char *rooms_platform_param(const rooms_platform_t *p, const char *name,
    char id[ROOMS_PLATFORM_ID * 2]);

/* The query's parameters as the contract has them; a new reference. */

json_t *rooms_platform_query(const rooms_platform_t *p);

/*
 * Answers a page of a list (both references are taken over): each as the view
 * has it (NULL: as it is), and of that only the query's "fields".
 */

typedef json_t *(*rooms_platform_view_pt)(const rooms_platform_t *p,
    const json_t *entity);

rooms_int_t rooms_platform_page(rooms_platform_t *p, json_t *list,
    json_t *query, rooms_platform_view_pt view);

/*
 * The room of the path and what the caller may do there.  NULL: refused, the
 * answer is made.  permission: what an app needs; NULL: apps may not.
 */

#define ROOMS_PLATFORM_READ       0x1    /* any role */
#define ROOMS_PLATFORM_MODERATE   0x2    /* organizer, moderator */
#define ROOMS_PLATFORM_ORGANIZE   0x4    /* organizer */

json_t *rooms_platform_enter(rooms_platform_t *p, unsigned what,
    const char *permission);

/* Members of an object that differ from another's, copies; or NULL. */

json_t *rooms_platform_changes(const json_t *from, const json_t *to,
    const char *const *names);


rooms_int_t rooms_platform_route(const void *conf, const rooms_command_t *cmd,
    rooms_buf_t *room);
rooms_int_t rooms_platform_decide(const void *conf, const void *state,
    const rooms_command_t *cmd, rooms_decision_t *d);

extern const rooms_app_t  rooms_platform_app;


#endif /* _ROOMS_PLATFORM_H_INCLUDED_ */
