
/*
 * Copyright (C) nginx rooms contributors
 *
 * Dinner Decider: up to four people join a session, each picks options in
 * private, and when all have submitted everybody gets the intersection.
 *
 * A session is a room, its name is the session's code.  This header is for
 * the sources of this application and for their tests; the others use
 * rooms_dinner_app.
 */


#ifndef _ROOMS_DINNER_H_INCLUDED_
#define _ROOMS_DINNER_H_INCLUDED_


#include <jansson.h>

#include <rooms_app.h>
#include <rooms_decision.h>
#include <rooms_option.h>


#define ROOMS_DINNER_MEMBERS  4
#define ROOMS_DINNER_CODE     6
#define ROOMS_DINNER_OPTIONS  64
#define ROOMS_DINNER_ID       64         /* longest sid or participantId */


/* The configuration. */

typedef struct {
    uint64_t           ttl;                        /* ms */
    char               frontend[ROOMS_OPTION_URL];
    unsigned           noptions;
    json_t            *options[ROOMS_DINNER_OPTIONS];
    json_t            *list;                       /* answer to listOptions */
} rooms_dinner_conf_t;


typedef enum {
    ROOMS_DINNER_WAITING = 0,
    ROOMS_DINNER_SELECTING,
    ROOMS_DINNER_COMPLETE
} rooms_dinner_phase_e;


typedef struct {
    unsigned           len;
    unsigned char      data[ROOMS_DINNER_ID];
} rooms_dinner_id_t;


/*
 * id          the participantId: sid of the first socket, or a random one
 * sid         of the latest socket; empty for who joined over REST only
 * live        that socket is connected
 * counted     submitted before the round was complete: part of its results
 * selections  option ids as they were submitted, each a str16; the list of
 *             options may change while the session lives
 */

typedef struct {
    rooms_dinner_id_t  id;
    rooms_dinner_id_t  sid;
    rooms_str_t        name;                       /* owned */
    rooms_str_t        selections;                 /* owned */
    uint64_t           joined;                     /* ms */
    unsigned           host:1;
    unsigned           live:1;
    unsigned           submitted:1;
    unsigned           counted:1;
} rooms_dinner_member_t;


/*
 * claimed  the host's place has been taken by a socket; until then it counts
 *          as one more member over REST
 */

typedef struct {
    unsigned char          code[ROOMS_DINNER_CODE];
    rooms_str_t            host;                   /* hostName, owned */
    rooms_dinner_phase_e   phase;
    uint64_t               created;                /* ms */
    uint64_t               activity;               /* ms, of the last one */
    uint32_t               round;                  /* rises with restarts */
    unsigned               claimed:1;
    unsigned               n;
    rooms_dinner_member_t  members[ROOMS_DINNER_MEMBERS];
} rooms_dinner_state_t;


/*
 * Facts (rooms_dinner_fact.c).  Each function gives the fact's octets in
 * the decision's scratch buffer.
 */

rooms_str_t rooms_dinner_created(rooms_decision_t *d, uint64_t now,
    rooms_str_t code, rooms_str_t host);

/* sid is empty for a join over REST. */

rooms_str_t rooms_dinner_joined(rooms_decision_t *d, uint64_t now,
    rooms_str_t id, rooms_str_t sid, rooms_str_t name, unsigned host);
rooms_str_t rooms_dinner_takenover(rooms_decision_t *d, uint64_t now,
    rooms_str_t id, rooms_str_t sid);

/* selections: as packed by rooms_dinner_pack(). */

rooms_str_t rooms_dinner_submitted(rooms_decision_t *d, uint64_t now,
    rooms_str_t id, rooms_str_t selections);
rooms_str_t rooms_dinner_restarted(rooms_decision_t *d, uint64_t now);
rooms_str_t rooms_dinner_left(rooms_decision_t *d, rooms_str_t sid);
rooms_str_t rooms_dinner_back(rooms_decision_t *d, rooms_str_t sid);
rooms_str_t rooms_dinner_expired(rooms_decision_t *d);

/* See rooms_app_t.  The fact "expired" leaves no state. */

rooms_int_t rooms_dinner_evolve(const void *conf, void **state, uint64_t id,
    rooms_str_t fact);

/* rooms_dinner_state.c */

void rooms_dinner_snapshot(const void *state, rooms_buf_t *b);
rooms_int_t rooms_dinner_restore(const void *conf, void **state,
    rooms_str_t snapshot);
void rooms_dinner_release(void *state);

/* rooms_dinner_keys.c: the keys of the seed, see rooms_app_keys_pt */

void rooms_dinner_keys(const void *conf, const void *state, rooms_buf_t *b);


/* What is asked of a state; those with a member give NULL for none. */

static inline rooms_str_t
rooms_dinner_id(const rooms_dinner_id_t *id)
{
    return rooms_str(id->data, id->len);
}

/* Whose socket is connected with this sid. */

const rooms_dinner_member_t *rooms_dinner_live(
    const rooms_dinner_state_t *state, rooms_str_t sid);

/* Whose latest socket had it, connected or not. */

const rooms_dinner_member_t *rooms_dinner_latest(
    const rooms_dinner_state_t *state, rooms_str_t sid);

/* The first of that name that has no live socket. */

const rooms_dinner_member_t *rooms_dinner_absent(
    const rooms_dinner_state_t *state, rooms_str_t name);

unsigned rooms_dinner_nsubmitted(const rooms_dinner_state_t *state);

/* Members as REST counts them, with the host's place that is free yet. */

unsigned rooms_dinner_count(const rooms_dinner_state_t *state);

rooms_dinner_member_t *rooms_dinner_member(const rooms_dinner_state_t *state,
    rooms_str_t id);

/* ^[A-Z0-9]{6}$ */

unsigned rooms_dinner_is_code(rooms_str_t s);
unsigned rooms_dinner_same(rooms_str_t a, rooms_str_t b);

/* The fields of a state own their octets.  ROOMS_ERROR: memory, too long. */

rooms_int_t rooms_dinner_copy(rooms_str_t *to, rooms_str_t from);
void rooms_dinner_drop(rooms_str_t *s);
rooms_int_t rooms_dinner_set_id(rooms_dinner_id_t *to, rooms_str_t from);

/*
 * Appends an array of strings as it is kept, each as a str16; those that
 * stand there already are left out.
 */

void rooms_dinner_pack(rooms_buf_t *b, const json_t *selections);

/* ROOMS_ERROR unless it is one str16 or more, none of them empty. */

rooms_int_t rooms_dinner_check_selections(rooms_str_t in);


/* Values of the contract (rooms_dinner_json.c); new references, or NULL. */

json_t *rooms_dinner_session_json(const rooms_dinner_conf_t *conf,
    const rooms_dinner_state_t *state);
json_t *rooms_dinner_join_json(const rooms_dinner_state_t *state,
    const rooms_dinner_member_t *m);
json_t *rooms_dinner_member_json(rooms_str_t id, rooms_str_t name,
    unsigned count);

/* session:results, of the members that are counted */

json_t *rooms_dinner_results_json(const rooms_dinner_conf_t *conf,
    const rooms_dinner_state_t *state);

/*
 * Answers a command with an error: the ack and the error event of a socket,
 * the status and body over REST, a refused CONNECT.  details may be NULL.
 */

typedef struct {
    const char        *code;
    const char        *error;                      /* short, over REST */
    const char        *message;
    unsigned           status;
} rooms_dinner_error_t;

extern const rooms_dinner_error_t  rooms_dinner_not_found;
extern const rooms_dinner_error_t  rooms_dinner_full;
extern const rooms_dinner_error_t  rooms_dinner_already_submitted;
extern const rooms_dinner_error_t  rooms_dinner_invalid_options;
extern const rooms_dinner_error_t  rooms_dinner_not_in_session;
extern const rooms_dinner_error_t  rooms_dinner_other_session;

void rooms_dinner_fail(const rooms_command_t *cmd, rooms_decision_t *d,
    const rooms_dinner_error_t *error, json_t *details);

void rooms_dinner_refuse(const void *conf, const rooms_command_t *cmd,
    rooms_refusal_e why, rooms_str_t detail, rooms_decision_t *d);


/* rooms_dinner_route.c and rooms_dinner_command.c, see rooms_app_t */

rooms_int_t rooms_dinner_route(const void *conf, const rooms_command_t *cmd,
    rooms_buf_t *room);
unsigned rooms_dinner_knows(rooms_str_t event);
unsigned rooms_dinner_serves(rooms_str_t operation);
rooms_int_t rooms_dinner_decide(const void *conf, const void *state,
    const rooms_command_t *cmd, rooms_decision_t *d);


/* Takes the list of options; a part of init(), with the same errors. */

rooms_int_t rooms_dinner_options(rooms_dinner_conf_t *conf,
    const json_t *list, char *err);


extern const rooms_app_t  rooms_dinner_app;


#endif /* _ROOMS_DINNER_H_INCLUDED_ */
