
/*
 * Copyright (C) nginx rooms contributors
 *
 * Live event polling: a presenter's session with polls, participants who join
 * by a code and vote, and everybody sees the results live.
 *
 * A session is a room, named by its key: six random octets, as hexadecimal
 * text.  Every id of the session, of its polls, options and participants is a
 * UUID that begins with the key, so all of them lead to the room.  The code
 * (slug) is a room of its own whose only fact is the key.
 *
 * This header is for the sources of this application and for their tests;
 * the others use rooms_polls_app.
 */


#ifndef _ROOMS_POLLS_H_INCLUDED_
#define _ROOMS_POLLS_H_INCLUDED_


#include <jansson.h>

#include <rooms_app.h>
#include <rooms_decision.h>
#include <rooms_iso.h>
#include <rooms_option.h>

#include <rooms_polls_id.h>
#include <rooms_polls_list.h>


#define ROOMS_POLLS_OPTIONS   10
#define ROOMS_POLLS_RATING    10         /* the largest */
#define ROOMS_POLLS_POLLS     1000       /* of one session */
#define ROOMS_POLLS_SID       20         /* longest sid */
#define ROOMS_POLLS_NONE      UINT32_MAX
#define ROOMS_POLLS_LEAVING   20         /* participants told of in one go */


/* The configuration; times in ms. */

typedef struct {
    uint64_t           participants;     /* of one session, at the most */
    uint64_t           grace;            /* disconnected, until they are left */
    uint64_t           heartbeat;
    uint64_t           keep;             /* a session that has ended */
    uint64_t           idle;             /* one where nothing happens */
    uint64_t           flush;            /* between counts of one poll */
    unsigned           tokens;           /* participants must show theirs */
} rooms_polls_conf_t;


typedef enum {
    ROOMS_POLLS_DRAFT = 0,
    ROOMS_POLLS_ACTIVE,
    ROOMS_POLLS_PAUSED,                  /* sessions only */
    ROOMS_POLLS_ENDED                    /* of polls: closed */
} rooms_polls_status_e;

typedef enum {
    ROOMS_POLLS_CHOICE = 0,
    ROOMS_POLLS_SCALE,
    ROOMS_POLLS_TEXT
} rooms_polls_type_e;

typedef enum {
    ROOMS_POLLS_CONNECTED = 0,
    ROOMS_POLLS_DISCONNECTED,
    ROOMS_POLLS_LEFT
} rooms_polls_presence_e;


/* counts: of options in their order, or of ratings from 1. */

typedef struct {
    uint32_t           ballots;
    uint32_t           counts[ROOMS_POLLS_RATING];
} rooms_polls_tally_t;

/*
 * who     participant, or ROOMS_POLLS_NONE where the poll is anonymous: who
 *         has voted is known by the poll's bits only
 * choice  bits of options, or the rating
 */

typedef struct {
    unsigned char      id[ROOMS_POLLS_VOTE];
    uint32_t           who;
    uint32_t           at;               /* ms since the poll's activation */
    uint16_t           choice;
} rooms_polls_vote_t;

typedef struct {
    rooms_str_t        text;             /* owned */
    char               id[ROOMS_POLLS_UUID + 1];
} rooms_polls_option_t;

typedef struct {
    uint32_t              number;        /* from 1: sequenceOrder */
    char                  id[ROOMS_POLLS_UUID + 1];
    rooms_polls_type_e    type;
    rooms_polls_status_e  status;
    unsigned              multiple:1;
    unsigned              anonymous:1;
    unsigned              pending:1;     /* counts have not been told yet */
    unsigned              min;
    unsigned              max;
    rooms_str_t           question;      /* owned */
    unsigned              n;
    rooms_polls_option_t  options[ROOMS_POLLS_OPTIONS];
    uint64_t              created;
    uint64_t              activated;
    uint64_t              closed;
    uint64_t              counted;       /* when counts were told last */
    uint64_t              latest;        /* when the last vote came */
    unsigned char         last[ROOMS_POLLS_VOTE];
    rooms_polls_tally_t   tally;
    rooms_polls_list_t    voted;         /* bits of participants, in octets */
    rooms_polls_list_t    votes;         /* rooms_polls_vote_t */
    rooms_polls_list_t    texts;         /* rooms_str_t, owned; by vote */
} rooms_polls_poll_t;


typedef struct {
    rooms_str_t             name;        /* owned; NULL: none given */
    uint64_t                joined;
    uint64_t                seen;        /* or when it was disconnected */
    uint32_t                socket;      /* the first one, or NONE */
    uint32_t                next;        /* disconnected, by time */
    uint32_t                prev;
    uint8_t                 presence;
} rooms_polls_participant_t;

typedef struct {
    uint32_t                who;         /* or NONE: an observer */
    uint32_t                next;        /* of the same participant */
    uint32_t                chain;       /* of the same hash; of free ones */
    uint8_t                 variant;
    uint8_t                 len;         /* 0: free */
    unsigned char           sid[ROOMS_POLLS_SID];
} rooms_polls_socket_t;


typedef struct {
    unsigned                index:1;     /* the room of a code: key only */
    unsigned char           key[ROOMS_POLLS_KEY];
    unsigned char           secret[ROOMS_POLLS_SECRET];
    unsigned char           slug[ROOMS_POLLS_SLUG];
    char                    id[ROOMS_POLLS_UUID + 1];
    char                    presenter[ROOMS_POLLS_UUID + 1];
    rooms_str_t             title;       /* owned, as those below */
    rooms_str_t             description;
    rooms_str_t             name;        /* of the presenter */
    rooms_polls_status_e    status;
    uint64_t                created;
    uint64_t                started;
    uint64_t                paused;
    uint64_t                ended;
    uint64_t                touched;     /* time of the last fact */
    uint64_t                beat;        /* of the last heartbeat */
    uint64_t                sequence;    /* stored events so far */
    uint64_t                last;        /* id of the last one's record */
    uint64_t                votes;

    rooms_polls_poll_t    **polls;
    uint32_t                npolls;
    uint32_t                apolls;
    uint32_t                active;      /* number, 0: none */

    rooms_polls_list_t      participants;
    uint32_t                connected;
    uint32_t                grace;       /* disconnected first, or NONE */
    uint32_t                grace_last;

    rooms_polls_list_t      sockets;
    uint32_t               *heads;       /* of chains, by hash */
    uint32_t                nheads;      /* a power of two, or 0 */
    uint32_t                nsockets;
    uint32_t                free;
} rooms_polls_state_t;


/* A command that is being decided. */

typedef struct {
    const rooms_polls_conf_t   *conf;
    const rooms_polls_state_t  *state;   /* NULL: there is none */
    const rooms_command_t      *cmd;
    rooms_decision_t           *d;
    uint64_t                    events;  /* stored ones, so far */
    uint64_t                    due;     /* something new is due then, or 0 */
    unsigned                    variant;
    uint32_t                    who;     /* the caller, or NONE */
    rooms_str_t                 session; /* the caller's, its id; or empty */
    char                        now[ROOMS_ISO_LEN + 1];
} rooms_polls_ctx_t;


/* rooms_polls_state.c */

rooms_polls_state_t *rooms_polls_state_new(void);
void rooms_polls_release(void *state);

static inline rooms_polls_participant_t *
rooms_polls_participant(const rooms_polls_state_t *s, uint32_t i)
{
    return i < s->participants.n
           ? rooms_polls_list_at(&s->participants,
                                 sizeof(rooms_polls_participant_t), i)
           : NULL;
}

static inline rooms_polls_socket_t *
rooms_polls_socket(const rooms_polls_state_t *s, uint32_t i)
{
    return i < s->sockets.n
           ? rooms_polls_list_at(&s->sockets, sizeof(rooms_polls_socket_t), i)
           : NULL;
}

static inline rooms_polls_vote_t *
rooms_polls_vote(const rooms_polls_poll_t *p, uint32_t i)
{
    return rooms_polls_list_at(&p->votes, sizeof(rooms_polls_vote_t), i);
}

static inline rooms_polls_poll_t *
rooms_polls_poll(const rooms_polls_state_t *s, uint32_t number)
{
    return number && number <= s->npolls ? s->polls[number - 1] : NULL;
}

unsigned rooms_polls_has_voted(const rooms_polls_poll_t *p, uint32_t who);
rooms_int_t rooms_polls_set_voted(rooms_polls_poll_t *p, uint32_t who);

/* What a vote adds; choice as in rooms_polls_vote_t. */

void rooms_polls_count(const rooms_polls_poll_t *p, rooms_polls_tally_t *t,
    uint16_t choice);

/* NONE where there is no such socket. */

uint32_t rooms_polls_socket_find(const rooms_polls_state_t *s,
    rooms_str_t sid);
rooms_int_t rooms_polls_socket_add(rooms_polls_state_t *s, uint32_t who,
    rooms_str_t sid, unsigned variant);
void rooms_polls_socket_remove(rooms_polls_state_t *s, uint32_t i);

void rooms_polls_presence(rooms_polls_state_t *s, uint32_t who,
    rooms_polls_presence_e presence, uint64_t now);

rooms_polls_poll_t *rooms_polls_poll_add(rooms_polls_state_t *s);
void rooms_polls_poll_free(rooms_polls_poll_t *p);

/* Owned octets; an empty string has data, too.  ROOMS_ERROR: no memory. */

rooms_int_t rooms_polls_copy(rooms_str_t *to, rooms_str_t from);
void rooms_polls_drop(rooms_str_t *s);

/* When something is to be done for the session. */

uint64_t rooms_polls_due(const rooms_polls_conf_t *conf,
    const rooms_polls_state_t *s);


/* rooms_polls_snapshot.c, see rooms_app_t */

void rooms_polls_snapshot(const void *state, rooms_buf_t *b);
rooms_int_t rooms_polls_restore(const void *conf, void **state,
    rooms_str_t snapshot);


/*
 * Facts (rooms_polls_fact.c).  Each function begins a record; those of an
 * event that is stored say so, and the event's messages are to follow.
 */

void rooms_polls_fact_created(rooms_polls_ctx_t *ctx, const unsigned char *key,
    const unsigned char *secret, const unsigned char *slug,
    rooms_str_t presenter, const json_t *body);
void rooms_polls_fact_claim(rooms_polls_ctx_t *ctx, rooms_str_t room,
    const unsigned char *key);
void rooms_polls_fact_status(rooms_polls_ctx_t *ctx,
    rooms_polls_status_e status);
void rooms_polls_fact_poll(rooms_polls_ctx_t *ctx, uint32_t number,
    const rooms_polls_poll_t *p);
void rooms_polls_fact_activated(rooms_polls_ctx_t *ctx, uint32_t number);
void rooms_polls_fact_closed(rooms_polls_ctx_t *ctx, uint32_t number);
void rooms_polls_fact_vote(rooms_polls_ctx_t *ctx, uint32_t number,
    uint32_t who, const unsigned char *id, uint16_t choice,
    rooms_str_t text);
void rooms_polls_fact_counted(rooms_polls_ctx_t *ctx, uint32_t number);
void rooms_polls_fact_told(rooms_polls_ctx_t *ctx);
void rooms_polls_fact_joined(rooms_polls_ctx_t *ctx, const rooms_str_t *name);
void rooms_polls_fact_attached(rooms_polls_ctx_t *ctx, uint32_t who,
    rooms_str_t sid, unsigned variant, unsigned event);
void rooms_polls_fact_detached(rooms_polls_ctx_t *ctx, rooms_str_t sid,
    unsigned event);
void rooms_polls_fact_left(rooms_polls_ctx_t *ctx, uint32_t who);
void rooms_polls_fact_back(rooms_polls_ctx_t *ctx, uint32_t who);
void rooms_polls_fact_seen(rooms_polls_ctx_t *ctx, uint32_t who);
void rooms_polls_fact_beat(rooms_polls_ctx_t *ctx);

/* rooms_polls_evolve.c, see rooms_app_t */

rooms_int_t rooms_polls_evolve(const void *conf, void **state, uint64_t id,
    rooms_str_t fact);


/* Values of the contract (rooms_polls_json.c); new references, or NULL. */

json_t *rooms_polls_string(rooms_str_t s);
json_t *rooms_polls_time(uint64_t ms);              /* null for 0 */
json_t *rooms_polls_session_json(const rooms_polls_state_t *s,
    unsigned presenter);
json_t *rooms_polls_options_json(const rooms_polls_poll_t *p);
json_t *rooms_polls_created_json(const rooms_polls_state_t *s,
    const rooms_polls_poll_t *p);
json_t *rooms_polls_activated_json(const rooms_polls_state_t *s,
    const rooms_polls_poll_t *p, const char *now);

/* totalVotes, options with percentages, averageRating and so on */

json_t *rooms_polls_results_json(const rooms_polls_poll_t *p,
    const rooms_polls_tally_t *t);
json_t *rooms_polls_updated_json(const rooms_polls_state_t *s,
    const rooms_polls_poll_t *p, const rooms_polls_tally_t *t);
json_t *rooms_polls_closed_json(const rooms_polls_state_t *s,
    const rooms_polls_poll_t *p, const char *now);

/* participant: its id or NULL */

json_t *rooms_polls_accepted_json(const rooms_polls_state_t *s,
    const rooms_polls_poll_t *p, const rooms_polls_tally_t *t,
    const unsigned char *vote, uint64_t at, const char *participant);

/* A poll as REST shows it, with its counts. */

json_t *rooms_polls_poll_json(const rooms_polls_state_t *s,
    const rooms_polls_poll_t *p);
json_t *rooms_polls_participant_json(const rooms_polls_state_t *s,
    uint32_t who);

/* Of one who came, went or returned, which is what "at" names. */

json_t *rooms_polls_moved_json(const rooms_polls_state_t *s,
    const char *participant, const char *at, const char *now, uint32_t count);
json_t *rooms_polls_synced_json(const rooms_polls_state_t *s, uint64_t epoch);


/*
 * What a command says (rooms_polls_request.c).  rooms_polls_caller() sets
 * session, who and variant by the data kept with the caller's socket.
 */

void rooms_polls_caller(rooms_polls_ctx_t *ctx);

/* A parameter of the path; empty where there is none. */

rooms_str_t rooms_polls_param(const rooms_command_t *cmd, const char *name);

/*
 * A value of the handshake: of auth or, where it lacks, the query, decoded in
 * buf; likewise of the query of a REST command.
 */

rooms_str_t rooms_polls_handshake(const rooms_command_t *cmd,
    const char *name, unsigned char *buf, size_t size);

/* 1: the command carries the presenter's token. */

unsigned rooms_polls_is_presenter(rooms_polls_ctx_t *ctx);

/* The participant of an id; NONE where it is none of this session. */

uint32_t rooms_polls_who(const rooms_polls_state_t *s, rooms_str_t id);

/* A string of an object; empty where there is none. */

static inline rooms_str_t
rooms_polls_text(const json_t *object, const char *name)
{
    json_t  *v;

    v = json_object_get(object, name);

    return rooms_str(json_string_value(v), json_string_length(v));
}


/*
 * Events (rooms_polls_emit.c); each takes the payload.  The stored one
 * belongs to the record begun last, which must be one of such a fact.
 */

void rooms_polls_event(rooms_polls_ctx_t *ctx, const char *name,
    json_t *payload);

/* To the sockets of a participant, not stored; in the record begun last. */

void rooms_polls_tell(rooms_polls_ctx_t *ctx, uint32_t who, const char *name,
    json_t *payload);

/* Heartbeats to all, not stored. */

void rooms_polls_tell_all(rooms_polls_ctx_t *ctx);

/* To the caller's socket; own: by its own name in each of the forms. */

void rooms_polls_emit(rooms_polls_ctx_t *ctx, const char *name,
    json_t *payload, unsigned own);

/* The answer to a REST command or, where one is asked for, an event. */

void rooms_polls_answer(rooms_polls_ctx_t *ctx, unsigned status,
    json_t *value);

typedef struct {
    const char        *code;
    unsigned           status;
    const char        *message;
} rooms_polls_error_t;

extern const rooms_polls_error_t  rooms_polls_no_session;
extern const rooms_polls_error_t  rooms_polls_no_poll;
extern const rooms_polls_error_t  rooms_polls_no_active;
extern const rooms_polls_error_t  rooms_polls_no_participant;
extern const rooms_polls_error_t  rooms_polls_not_joined;
extern const rooms_polls_error_t  rooms_polls_unauthorized;
extern const rooms_polls_error_t  rooms_polls_bad_request;
extern const rooms_polls_error_t  rooms_polls_bad_state;
extern const rooms_polls_error_t  rooms_polls_inactive;
extern const rooms_polls_error_t  rooms_polls_few_options;
extern const rooms_polls_error_t  rooms_polls_many_options;
extern const rooms_polls_error_t  rooms_polls_wrong_code;
extern const rooms_polls_error_t  rooms_polls_active_exists;
extern const rooms_polls_error_t  rooms_polls_full;

/* Always ROOMS_OK.  message: NULL for the error's own; entity likewise. */

rooms_int_t rooms_polls_fail(rooms_polls_ctx_t *ctx,
    const rooms_polls_error_t *e, const char *message, rooms_str_t entity);
rooms_int_t rooms_polls_invalid(rooms_polls_ctx_t *ctx, const char *message);
void rooms_polls_refuse(const void *conf, const rooms_command_t *cmd,
    rooms_refusal_e why, rooms_str_t detail, rooms_decision_t *d);


/*
 * The session or poll that a REST command names (rooms_polls_find.c); "own":
 * for its presenter only.  ROOMS_DECLINED, NULL: the command has been refused.
 */

rooms_int_t rooms_polls_session_found(rooms_polls_ctx_t *ctx);
rooms_int_t rooms_polls_session_own(rooms_polls_ctx_t *ctx);
const rooms_polls_poll_t *rooms_polls_poll_found(rooms_polls_ctx_t *ctx);
const rooms_polls_poll_t *rooms_polls_poll_own(rooms_polls_ctx_t *ctx);


/*
 * Tells everybody the counts of a poll and its results (rooms_polls_counts.c);
 * vote: the id of the latest one, which came at that time (ms).
 */

void rooms_polls_tell_counts(rooms_polls_ctx_t *ctx,
    const rooms_polls_poll_t *p, const rooms_polls_tally_t *t,
    const unsigned char *vote, uint64_t at);

/* Closes a poll: what is left to tell of it, and poll:closed. */

void rooms_polls_close(rooms_polls_ctx_t *ctx, const rooms_polls_poll_t *p);


/* rooms_polls_connect.c: sockets come, go and say that they live */

rooms_int_t rooms_polls_connect(rooms_polls_ctx_t *ctx);
rooms_int_t rooms_polls_disconnect(rooms_polls_ctx_t *ctx);
rooms_int_t rooms_polls_recover(rooms_polls_ctx_t *ctx);
rooms_int_t rooms_polls_replayed(rooms_polls_ctx_t *ctx);
rooms_int_t rooms_polls_heartbeat(rooms_polls_ctx_t *ctx);
rooms_int_t rooms_polls_reconnect(rooms_polls_ctx_t *ctx);

/* rooms_polls_vote.c: a vote, over either way */

rooms_int_t rooms_polls_vote_submit(rooms_polls_ctx_t *ctx);

/* REST: by operationId, ended by NULL */

typedef struct {
    const char        *name;
    rooms_int_t      (*handler)(rooms_polls_ctx_t *ctx);
} rooms_polls_operation_t;

extern const rooms_polls_operation_t  rooms_polls_session_operations[];
extern const rooms_polls_operation_t  rooms_polls_participant_operations[];
extern const rooms_polls_operation_t  rooms_polls_poll_operations[];
extern const rooms_polls_operation_t  rooms_polls_vote_operations[];

/* rooms_polls_command.c, see rooms_app_t */

rooms_int_t rooms_polls_route(const void *conf, const rooms_command_t *cmd,
    rooms_buf_t *room);
unsigned rooms_polls_knows(rooms_str_t event);
unsigned rooms_polls_serves(rooms_str_t operation);
rooms_int_t rooms_polls_decide(const void *conf, const void *state,
    const rooms_command_t *cmd, rooms_decision_t *d);


extern const rooms_app_t  rooms_polls_app;


#endif /* _ROOMS_POLLS_H_INCLUDED_ */
