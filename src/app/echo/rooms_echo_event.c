
/*
 * Copyright (C) nginx rooms contributors
 *
 * What the events of the echo application do.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_echo.h>
#include <rooms_json.h>
#include <rooms_option.h>


#define ROOMS_ECHO_SID    20
#define ROOMS_ECHO_BURST  100000         /* at most so many events */
#define ROOMS_ECHO_BIG    (64 * 1024 * 1024)


/* The text of the values from the first on, as it came. */

static rooms_str_t
rooms_echo_between(const rooms_command_t *cmd, unsigned first)
{
    const rooms_str_t  *last;

    if (first >= cmd->nitems) {
        return rooms_str(NULL, 0);
    }

    last = &cmd->items[cmd->nitems - 1];

    return rooms_str(cmd->items[first].data,
                     last->data + last->len - cmd->items[first].data);
}


rooms_str_t
rooms_echo_args(const rooms_command_t *cmd)
{
    rooms_str_t  rest, name;

    if (cmd->nitems) {
        return rooms_echo_between(cmd, 1);
    }

    rest = rooms_echo_inside(cmd->text);
    (void) rooms_echo_take(&rest, &name);

    return rest;
}


rooms_int_t
rooms_echo_take_room(const rooms_command_t *cmd, rooms_str_t *rest,
    unsigned char buf[ROOMS_ECHO_ROOM], rooms_str_t *room)
{
    size_t         n;
    rooms_str_t    nsp, name;
    unsigned char  chars[ROOMS_ECHO_ROOM];

    nsp = cmd->caller->nsp;

    if (rooms_echo_take_string(rest, chars, sizeof(chars), &name) != ROOMS_OK
        || nsp.len >= ROOMS_ECHO_ROOM
        || name.len > ROOMS_ECHO_ROOM - 1 - nsp.len)
    {
        return ROOMS_DECLINED;
    }

    n = nsp.len;
    memcpy(buf, nsp.data, n);
    buf[n++] = ':';

    if (name.len) {
        memcpy(buf + n, name.data, name.len);
    }

    *room = rooms_str(buf, n + name.len);

    return ROOMS_OK;
}


static rooms_str_t
rooms_echo_shown(const rooms_command_t *cmd, rooms_str_t room)
{
    size_t  n;

    n = cmd->caller->nsp.len + 1;

    return room.len < n ? rooms_str(NULL, 0)
                        : rooms_str(room.data + n, room.len - n);
}


static rooms_int_t
rooms_echo_done(rooms_echo_ctx_t *ctx)
{
    return rooms_echo_answer(ctx, rooms_str(NULL, 0));
}


static unsigned
rooms_echo_is(rooms_str_t a, rooms_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


/* An event's name must be a string, and not one that clients reserve. */

static unsigned
rooms_echo_event_ok(rooms_str_t rest)
{
    size_t         i;
    rooms_str_t    name;
    unsigned char  buf[16];

    static const char *const  reserved[] = {
        "connect", "connect_error", "disconnect", "disconnecting",
        "newListener", "removeListener"
    };

    if (rest.len == 0 || rest.data[0] != '"') {
        return 0;
    }

    /* a name that does not fit is none of them */

    if (rooms_echo_take_string(&rest, buf, sizeof(buf), &name) != ROOMS_OK) {
        return 1;
    }

    for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (rooms_option_is(name, reserved[i])) {
            return 0;
        }
    }

    return 1;
}


static unsigned
rooms_echo_looks_like_sid(rooms_str_t s)
{
    size_t         i;
    unsigned char  c;

    if (s.len != ROOMS_ECHO_SID) {
        return 0;
    }

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
              || (c >= '0' && c <= '9') || c == '-' || c == '_'))
        {
            return 0;
        }
    }

    return 1;
}


/*
 * Every socket is alone in a room of its id.  There is no such room in the
 * journal: what is sent there goes to that one member of the namespace.
 */

static rooms_int_t
rooms_echo_publish(rooms_echo_ctx_t *ctx, unsigned audience,
    unsigned ephemeral, rooms_str_t rest)
{
    rooms_str_t             name, sid;
    const rooms_command_t  *cmd;

    cmd = ctx->cmd;

    if (cmd->room.len == 0) {
        return ROOMS_OK;
    }

    sid = (audience == ROOMS_TO_ALL) ? rooms_str(NULL, 0) : cmd->caller->sid;

    rooms_decide_record(ctx->d, rooms_str(NULL, 0));

    if (rooms_echo_message(ctx, audience, sid, ephemeral, rest) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    name = rooms_echo_shown(cmd, cmd->room);

    if (!rooms_echo_looks_like_sid(name)
        || (audience == ROOMS_TO_OTHERS
            && rooms_echo_is(name, cmd->caller->sid)))
    {
        return ROOMS_OK;
    }

    rooms_decide_in(ctx->d, cmd->caller->nsp);

    return rooms_echo_message(ctx, ROOMS_TO_SOCKET, name, ephemeral, rest);
}


/* rest is behind the room, which routing has taken already */

static rooms_int_t
rooms_echo_to_room(rooms_echo_ctx_t *ctx, unsigned audience,
    unsigned ephemeral)
{
    rooms_str_t  room;

    (void) rooms_echo_take(&ctx->rest, &room);

    if (rooms_echo_event_ok(ctx->rest)
        && rooms_echo_publish(ctx, audience, ephemeral, ctx->rest)
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_echo_done(ctx);
}


static rooms_int_t
rooms_echo_emit_in_room(rooms_echo_ctx_t *ctx)
{
    return rooms_echo_to_room(ctx, ROOMS_TO_ALL, 0);
}


static rooms_int_t
rooms_echo_emit_to_room(rooms_echo_ctx_t *ctx)
{
    return rooms_echo_to_room(ctx, ROOMS_TO_OTHERS, 0);
}


static rooms_int_t
rooms_echo_volatile_in_room(rooms_echo_ctx_t *ctx)
{
    return rooms_echo_to_room(ctx, ROOMS_TO_ALL, 1);
}


static rooms_int_t
rooms_echo_broadcast(rooms_echo_ctx_t *ctx)
{
    if (rooms_echo_event_ok(ctx->rest)
        && rooms_echo_publish(ctx, ROOMS_TO_OTHERS, 0, ctx->rest)
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_echo_done(ctx);
}


/* ["msg",room,payload] goes on as it came */

static rooms_int_t
rooms_echo_msg(rooms_echo_ctx_t *ctx)
{
    rooms_str_t             all;
    const rooms_command_t  *cmd;

    cmd = ctx->cmd;
    all = cmd->nitems ? rooms_echo_between(cmd, 0)
                      : rooms_echo_inside(cmd->text);

    if (rooms_echo_publish(ctx, ROOMS_TO_OTHERS, 0, all) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    return rooms_echo_done(ctx);
}


static rooms_int_t
rooms_echo_message_back(rooms_echo_ctx_t *ctx)
{
    return rooms_echo_emit(ctx, "message-back", ctx->rest);
}


static rooms_int_t
rooms_echo_message_with_ack(rooms_echo_ctx_t *ctx)
{
    return rooms_echo_answer(ctx, ctx->rest);
}


static rooms_int_t
rooms_echo_call_client(rooms_echo_ctx_t *ctx)
{
    if (!rooms_echo_event_ok(ctx->rest)) {
        return ROOMS_OK;
    }

    return rooms_echo_ask(ctx, "call-client", ctx->rest);
}


static rooms_int_t
rooms_echo_kick_me(rooms_echo_ctx_t *ctx)
{
    rooms_str_t  item;

    if (rooms_echo_take(&ctx->rest, &item) != ROOMS_OK) {
        item = rooms_str(NULL, 0);
    }

    rooms_decide_kick(ctx->d, rooms_option_is(item, "true"));

    return ROOMS_OK;
}


static rooms_int_t
rooms_echo_burst(rooms_echo_ctx_t *ctx)
{
    unsigned      i, n;
    rooms_buf_t  *b;
    rooms_str_t   name;

    if (!rooms_echo_event_ok(ctx->rest)
        || rooms_echo_take(&ctx->rest, &name) != ROOMS_OK
        || rooms_echo_take_number(&ctx->rest, &n) != ROOMS_OK
        || n > ROOMS_ECHO_BURST)
    {
        return ROOMS_OK;
    }

    for (i = 0; i < n; i++) {
        b = rooms_decision_scratch(ctx->d);

        rooms_buf_byte(b, '[');
        rooms_buf_str(b, name);
        rooms_buf_byte(b, ',');
        rooms_buf_uint(b, i);
        rooms_buf_byte(b, ']');

        if (rooms_echo_tell(ctx, rooms_str(b->data, b->len), NULL, 0)
            != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_echo_big(rooms_echo_ctx_t *ctx)
{
    unsigned        n;
    rooms_buf_t    *b;
    rooms_str_t     name;
    unsigned char  *p;

    if (!rooms_echo_event_ok(ctx->rest)
        || rooms_echo_take(&ctx->rest, &name) != ROOMS_OK
        || rooms_echo_take_number(&ctx->rest, &n) != ROOMS_OK
        || n > ROOMS_ECHO_BIG)
    {
        return ROOMS_OK;
    }

    b = rooms_decision_scratch(ctx->d);

    rooms_buf_byte(b, '[');
    rooms_buf_str(b, name);
    rooms_buf_append(b, ",\"", 2);

    p = rooms_buf_reserve(b, n);
    if (p == NULL) {
        return ROOMS_ERROR;
    }

    memset(p, 'x', n);
    b->len += n;

    rooms_buf_append(b, "\"]", 2);

    return rooms_echo_tell(ctx, rooms_str(b->data, b->len), NULL, 0);
}


static rooms_int_t
rooms_echo_member(rooms_echo_ctx_t *ctx,
    void (*decide)(rooms_decision_t *d, rooms_str_t room))
{
    rooms_str_t    room;
    unsigned char  buf[ROOMS_ECHO_ROOM];

    if (rooms_echo_take_room(ctx->cmd, &ctx->rest, buf, &room) != ROOMS_OK) {
        return ROOMS_OK;
    }

    /* a socket is in the room of its id as it is */

    if (!rooms_echo_is(rooms_echo_shown(ctx->cmd, room),
                       ctx->cmd->caller->sid))
    {
        decide(ctx->d, room);
    }

    return rooms_echo_done(ctx);
}


static rooms_int_t
rooms_echo_join(rooms_echo_ctx_t *ctx)
{
    return rooms_echo_member(ctx, rooms_decide_join);
}


static rooms_int_t
rooms_echo_leave(rooms_echo_ctx_t *ctx)
{
    return rooms_echo_member(ctx, rooms_decide_leave);
}


static int
rooms_echo_compare(const void *one, const void *two)
{
    int                 rc;
    const rooms_str_t  *a = one, *b = two;

    rc = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);

    if (rc) {
        return rc;
    }

    return (a->len > b->len) - (a->len < b->len);
}


static rooms_int_t
rooms_echo_rooms(rooms_echo_ctx_t *ctx)
{
    size_t                 i, n;
    rooms_buf_t           *b;
    rooms_str_t           *names;
    const rooms_caller_t  *caller;

    caller = ctx->cmd->caller;

    names = malloc((caller->nrooms + 1) * sizeof(rooms_str_t));
    if (names == NULL) {
        return ROOMS_ERROR;
    }

    names[0] = rooms_str("<self>", 6);
    n = 1;

    for (i = 0; i < caller->nrooms; i++) {
        if (!rooms_echo_is(caller->rooms[i], caller->nsp)) {
            names[n++] = rooms_echo_shown(ctx->cmd, caller->rooms[i]);
        }
    }

    qsort(names, n, sizeof(rooms_str_t), rooms_echo_compare);

    b = rooms_decision_scratch(ctx->d);

    for (i = 0; i < n; i++) {
        rooms_buf_byte(b, i ? ',' : '[');
        rooms_json_escape(b, names[i]);
    }

    rooms_buf_byte(b, ']');
    free(names);

    return rooms_echo_answer(ctx, rooms_str(b->data, b->len));
}


static rooms_int_t
rooms_echo_set_data(rooms_echo_ctx_t *ctx)
{
    rooms_str_t  value;

    if (rooms_echo_take(&ctx->rest, &value) == ROOMS_OK) {
        rooms_decide_data(ctx->d, value);
    }

    return rooms_echo_done(ctx);
}


static rooms_int_t
rooms_echo_whoami(rooms_echo_ctx_t *ctx)
{
    rooms_buf_t           *b;
    const rooms_caller_t  *caller;

    caller = ctx->cmd->caller;
    b = rooms_decision_scratch(ctx->d);

    rooms_buf_append(b, "{\"id\":", 6);
    rooms_json_escape(b, caller->sid);
    rooms_buf_append(b, ",\"recovered\":", 13);
    rooms_buf_str(b, caller->recovered ? rooms_str("true", 4)
                                       : rooms_str("false", 5));
    rooms_buf_append(b, ",\"data\":", 8);
    rooms_buf_str(b, caller->data.len ? caller->data : rooms_str("null", 4));
    rooms_buf_byte(b, '}');

    return rooms_echo_answer(ctx, rooms_str(b->data, b->len));
}


static const rooms_echo_event_t  rooms_echo_events[] = {
    { rooms_string("msg"), rooms_echo_msg, 1 },
    { rooms_string("message"), rooms_echo_message_back, 0 },
    { rooms_string("message-with-ack"), rooms_echo_message_with_ack, 0 },
    { rooms_string("emit-in-room"), rooms_echo_emit_in_room, 1 },
    { rooms_string("emit-to-room"), rooms_echo_emit_to_room, 1 },
    { rooms_string("volatile-in-room"), rooms_echo_volatile_in_room, 1 },
    { rooms_string("broadcast"), rooms_echo_broadcast, 0 },
    { rooms_string("join"), rooms_echo_join, 0 },
    { rooms_string("leave"), rooms_echo_leave, 0 },
    { rooms_string("rooms"), rooms_echo_rooms, 0 },
    { rooms_string("call-client"), rooms_echo_call_client, 0 },
    { rooms_string("kick-me"), rooms_echo_kick_me, 0 },
    { rooms_string("burst"), rooms_echo_burst, 0 },
    { rooms_string("big"), rooms_echo_big, 0 },
    { rooms_string("set-data"), rooms_echo_set_data, 0 },
    { rooms_string("whoami"), rooms_echo_whoami, 0 },
    { { NULL, 0 }, NULL, 0 }
};


const rooms_echo_event_t *
rooms_echo_find(rooms_str_t name)
{
    const rooms_echo_event_t  *e;

    for (e = rooms_echo_events; e->name.len != 0; e++) {
        if (rooms_echo_is(name, e->name)) {
            return e;
        }
    }

    return NULL;
}
