
/*
 * Copyright (C) nginx rooms contributors
 *
 * Orchestrator: game-master stations submit tokens that were found, and all
 * of them see one state of the game: scores, transactions, a shared display.
 *
 * There is one game, and one room for it, "gm-stations".  Every station that
 * has identified itself is in it, and so is every admin; since they all are in
 * the session that runs, it is "session:ID" and "admin" as well, and what they
 * are told has one order.  This header is for the sources of this
 * application and for their tests; the others use rooms_orchestrator_app.
 */


#ifndef _ROOMS_ORCHESTRATOR_H_INCLUDED_
#define _ROOMS_ORCHESTRATOR_H_INCLUDED_


#include <jansson.h>

#include <rooms_app.h>
#include <rooms_decision.h>
#include <rooms_jwt.h>
#include <rooms_option.h>


#define ROOMS_ORCHESTRATOR_ROOM      "gm-stations"

#define ROOMS_ORCHESTRATOR_RECENT    10      /* transactions in a GameState */
#define ROOMS_ORCHESTRATOR_SYNC      100     /* transactions in a sync:full */
#define ROOMS_ORCHESTRATOR_QUEUE     100     /* events kept for a station */
#define ROOMS_ORCHESTRATOR_PAST      20      /* sessions that are over */
#define ROOMS_ORCHESTRATOR_VIDEOS    50      /* items of a session's queue */
#define ROOMS_ORCHESTRATOR_PACE      110     /* ms between state:update */
#define ROOMS_ORCHESTRATOR_UUID      36
#define ROOMS_ORCHESTRATOR_ID        100     /* characters of a station's */
#define ROOMS_ORCHESTRATOR_FORMER    16      /* sids kept of a station */
#define ROOMS_ORCHESTRATOR_BEATS     10      /* of what is refused, at most,
                                                in the time of a heartbeat */


/*
 * The configuration; times in ms.
 *
 * tokens   object of tokens by id, each with its group's multiplier
 * groups   object of arrays of token ids, by group
 * list     answer to listTokens
 * rates    object of events with a limit, for what is said about it
 */

typedef struct {
    uint64_t           hold;                 /* a station's place */
    uint64_t           heartbeat;            /* silence of a station */
    uint64_t           player;               /* silence of a player */
    uint64_t           idle;                 /* of a session */
    uint64_t           loading;              /* of a video */
    uint64_t           rest;                 /* after completed and error */
    uint64_t           stations;             /* at most */
    uint64_t           players;
    uint64_t           transactions;         /* of a session */
    unsigned           require:1;            /* tokens */
    unsigned           automatic:1;          /* a session is made */
    unsigned           any_team:1;
    json_t            *tokens;
    json_t            *groups;
    json_t            *list;
    json_t            *rates;
    uint64_t           port;                 /* these are only told */
    char               host[64];
    const rooms_contract_t  *contract;
    char              *password;
    rooms_jwks_t      *keys;
} rooms_orchestrator_conf_t;


/*
 * The state is a JSON object of objects, except "txs" and "queue", which are
 * arrays; times are in ms since 1970.
 *
 * session   id, name, status, start, end (0: none), teams, scans
 * txs       transactions as clients see them
 * claims    indices of accepted transactions, by token
 * scores    TeamScores as clients see them, by team
 * scanned   tokens that were scanned or submitted
 * devices   by id: type, version, sid, ip, status, since, beat, away (when),
 *           at (id of the record), synced, former (sids it had, each with the
 *           id of the record that ended it)
 * video     id, token, status, since, start, duration (ms), played (ms), by,
 *           error; empty when idle
 * queue     VideoQueueItems as clients see them
 * known     stations that were forgotten
 * past      summaries of sessions that are over, by id
 * fails     times of wrong passwords, by address
 * clock     first (fact), now (of the last fact), id (of its record), updated
 *           (of the last change that stations see), told (of the last
 *           state:update), open (there was a change since)
 */

typedef struct {
    json_t            *root;
    uint64_t           due;                  /* no device is before that; not
                                                kept with the state */
} rooms_orchestrator_state_t;


typedef struct {
    const rooms_orchestrator_conf_t  *conf;
    const json_t                     *state; /* root; NULL: there is none */
    const rooms_command_t            *cmd;
    rooms_decision_t                 *d;
    uint64_t                          now;   /* never before the last fact */
    uint64_t                          due;   /* as in the state */
    unsigned                          uuids; /* taken of cmd->random */
} rooms_orchestrator_t;


/* A command by its name. */

typedef struct {
    const char        *name;
    rooms_int_t      (*handler)(rooms_orchestrator_t *g);
} rooms_orchestrator_command_t;


typedef struct {
    const char        *code;
    const char        *message;
    unsigned           status;               /* over REST */
} rooms_orchestrator_error_t;

extern const rooms_orchestrator_error_t  rooms_orchestrator_auth_required;
extern const rooms_orchestrator_error_t  rooms_orchestrator_invalid_token;
extern const rooms_orchestrator_error_t  rooms_orchestrator_no_session;
extern const rooms_orchestrator_error_t  rooms_orchestrator_device_limit;
extern const rooms_orchestrator_error_t  rooms_orchestrator_full;
extern const rooms_orchestrator_error_t  rooms_orchestrator_not_found;
extern const rooms_orchestrator_error_t  rooms_orchestrator_no_token;


/* rooms_orchestrator_state.c, rooms_orchestrator_change.c: see rooms_app_t */

rooms_int_t rooms_orchestrator_evolve(const void *conf, void **state,
    uint64_t id, rooms_str_t fact);
void rooms_orchestrator_snapshot(const void *state, rooms_buf_t *b);
rooms_int_t rooms_orchestrator_restore(const void *conf, void **state,
    rooms_str_t snapshot);
void rooms_orchestrator_release(void *state);

/* An empty game; NULL: no memory. */

json_t *rooms_orchestrator_empty(void);

/*
 * Applies a fact to the root of a state.  ROOMS_ERROR: it is not one, nothing
 * has changed.
 */

rooms_int_t rooms_orchestrator_apply(json_t *root, uint64_t id,
    const json_t *fact);


/* rooms_orchestrator_ask.c: what is asked of a state; root may be NULL */

json_t *rooms_orchestrator_get(const json_t *root, const char *part,
    const char *name);
uint64_t rooms_orchestrator_time(const json_t *root, const char *part,
    const char *name);
const char *rooms_orchestrator_text(const json_t *object, const char *name);

/* 1 where the session is in one of these states, or there is any (NULL). */

unsigned rooms_orchestrator_session_is(const json_t *root,
    const char *status);

/*
 * The device that the caller is, if it is connected; *id is its id.  What is
 * kept with the socket says which one; a socket whose worker is gone has only
 * its sid.
 */

json_t *rooms_orchestrator_device(const json_t *root,
    const rooms_caller_t *caller, const char **id);

/* The id of its station that is kept with a socket; empty: it is none. */

rooms_str_t rooms_orchestrator_self(const rooms_caller_t *caller);
unsigned rooms_orchestrator_count(const json_t *root, const char *type);

/* Of the video: 1 while it is loading, playing or paused. */

unsigned rooms_orchestrator_busy(const json_t *root);

/* ms of it that have been shown, and those left. */

uint64_t rooms_orchestrator_shown(const json_t *root, uint64_t now);
uint64_t rooms_orchestrator_left(const json_t *root, uint64_t now);


/* rooms_orchestrator_json.c: new references, or NULL */

json_t *rooms_orchestrator_iso(uint64_t ms);
json_t *rooms_orchestrator_game(const json_t *root, uint64_t now);
json_t *rooms_orchestrator_summary(const json_t *root);

/* sid: of a station that is back but not yet so in the state, or empty */

json_t *rooms_orchestrator_sync(const json_t *root, uint64_t now,
    rooms_str_t self);
json_t *rooms_orchestrator_envelope(const char *event, json_t *data,
    uint64_t now);


/* rooms_orchestrator_tell.c: what is decided; data and facts are taken */

void rooms_orchestrator_fact(rooms_orchestrator_t *g, json_t *fact);
void rooms_orchestrator_message(rooms_orchestrator_t *g, unsigned audience,
    rooms_str_t sid, const char *event, json_t *data, unsigned ephemeral);
void rooms_orchestrator_emit(rooms_orchestrator_t *g, const char *event,
    json_t *data);
void rooms_orchestrator_kick(rooms_orchestrator_t *g, const char *sid);

/*
 * sync:full, with the offset of what it contains, so that a client that comes
 * back gets what came after it.  self: see rooms_orchestrator_sync()
 */

void rooms_orchestrator_emit_sync(rooms_orchestrator_t *g, rooms_str_t self);
void rooms_orchestrator_answer(rooms_orchestrator_t *g, unsigned status,
    json_t *value);

/* Answers with an error; details may be NULL. */

rooms_int_t rooms_orchestrator_fail(rooms_orchestrator_t *g,
    const rooms_orchestrator_error_t *error, json_t *details);
rooms_int_t rooms_orchestrator_invalid(rooms_orchestrator_t *g,
    const char *message);
void rooms_orchestrator_refuse(const void *conf, const rooms_command_t *cmd,
    rooms_refusal_e why, rooms_str_t detail, rooms_decision_t *d);

/* A random UUID (RFC 4122, version 4); up to four in a command. */

void rooms_orchestrator_uuid(rooms_orchestrator_t *g,
    char id[ROOMS_ORCHESTRATOR_UUID + 1]);


/* rooms_orchestrator_catalog.c */

rooms_int_t rooms_orchestrator_catalog(rooms_orchestrator_conf_t *conf,
    rooms_str_t text, char *err);
json_t *rooms_orchestrator_token(const rooms_orchestrator_conf_t *conf,
    const char *id);

/* ms; 0: it has no video */

uint64_t rooms_orchestrator_video_time(const json_t *token);


/* The payload of an event, in either form (XG-2); borrowed. */

json_t *rooms_orchestrator_payload(const rooms_command_t *cmd);


/* rooms_orchestrator_score.c: transaction:submit */

rooms_int_t rooms_orchestrator_submit(rooms_orchestrator_t *g);


/* rooms_orchestrator_video.c */

/* Begins to load the token's video, nothing else being shown. */

void rooms_orchestrator_play(rooms_orchestrator_t *g, const char *token,
    const char *by);

/* POST /api/video/control */

rooms_int_t rooms_orchestrator_control(rooms_orchestrator_t *g);

/* Its next step, where the time has come; 1: there was one. */

unsigned rooms_orchestrator_video_step(rooms_orchestrator_t *g);

/* The time of that, or 0. */

uint64_t rooms_orchestrator_video_due(const rooms_orchestrator_t *g);


/* rooms_orchestrator_clock.c: TICK, and the end of every command */

void rooms_orchestrator_tick(rooms_orchestrator_t *g);

/* After each fact; so that a tick looks at devices only where one is due. */

void rooms_orchestrator_evolved(const rooms_orchestrator_conf_t *conf,
    rooms_orchestrator_state_t *state, const json_t *fact);


/* rooms_orchestrator_station.c: CONNECT, gm:identify, REPLAY */

rooms_int_t rooms_orchestrator_connect(rooms_orchestrator_t *g);
rooms_int_t rooms_orchestrator_identify(rooms_orchestrator_t *g);
void rooms_orchestrator_replay(rooms_orchestrator_t *g);


/* rooms_orchestrator_event.c: EVENT, DISCONNECT */

unsigned rooms_orchestrator_knows(rooms_str_t event);
unsigned rooms_orchestrator_serves(rooms_str_t operation);
rooms_int_t rooms_orchestrator_event(rooms_orchestrator_t *g);
rooms_int_t rooms_orchestrator_disconnect(rooms_orchestrator_t *g);


/* rooms_orchestrator_rest.c, and the operations of the files below */

rooms_int_t rooms_orchestrator_rest(rooms_orchestrator_t *g);


/* rooms_orchestrator_session.c */

rooms_int_t rooms_orchestrator_get_session(rooms_orchestrator_t *g);
rooms_int_t rooms_orchestrator_create_session(rooms_orchestrator_t *g);
rooms_int_t rooms_orchestrator_update_session(rooms_orchestrator_t *g);

/*
 * ROOMS_OK: there is a session, or *made is a state with a new one, for
 * json_decref().  ROOMS_DECLINED: there is none, which has been answered.
 */

rooms_int_t rooms_orchestrator_need_session(rooms_orchestrator_t *g,
    json_t **made);


/* rooms_orchestrator_scan.c */

rooms_int_t rooms_orchestrator_scan(rooms_orchestrator_t *g);
rooms_int_t rooms_orchestrator_batch(rooms_orchestrator_t *g);


/* rooms_orchestrator_admin.c */

rooms_int_t rooms_orchestrator_auth(rooms_orchestrator_t *g);
rooms_int_t rooms_orchestrator_reset_scores(rooms_orchestrator_t *g);
rooms_int_t rooms_orchestrator_clear_transactions(rooms_orchestrator_t *g);

/* 1: the token is one of an admin and valid now */

unsigned rooms_orchestrator_admits(const rooms_orchestrator_conf_t *conf,
    rooms_str_t token, uint64_t now);

/* 1: the caller of a REST operation is no admin, which has been answered */

unsigned rooms_orchestrator_denied(rooms_orchestrator_t *g);


extern const rooms_app_t  rooms_orchestrator_app;


#endif /* _ROOMS_ORCHESTRATOR_H_INCLUDED_ */
