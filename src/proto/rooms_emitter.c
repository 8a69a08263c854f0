
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdio.h>
#include <string.h>

#include <rooms_emitter.h>
#include <rooms_json.h>


/* What a message has: who sends it, the packet, and to whom. */

#define ROOMS_EMITTER_PACKET  1
#define ROOMS_EMITTER_OPTS    2
#define ROOMS_EMITTER_PARTS   3

/* Types of requests. */

#define ROOMS_EMITTER_REMOTE_JOIN        2
#define ROOMS_EMITTER_REMOTE_LEAVE       3
#define ROOMS_EMITTER_REMOTE_DISCONNECT  4


static rooms_int_t rooms_emitter_packet(rooms_emitter_t *e, rooms_str_t nsp,
    rooms_str_t payload, const rooms_msgpack_limits_t *limits);
static rooms_int_t rooms_emitter_event(rooms_str_t args);
static rooms_int_t rooms_emitter_request(rooms_emitter_t *e,
    rooms_str_t payload, const rooms_msgpack_limits_t *limits);
static rooms_int_t rooms_emitter_opts(rooms_emitter_t *e, json_t *opts);
static rooms_int_t rooms_emitter_list(json_t *list, json_t **to);


rooms_int_t
rooms_emitter_channel(rooms_str_t channel, rooms_str_t key, rooms_str_t *nsp,
    rooms_str_t *room, unsigned *request)
{
    const unsigned char  *p, *end, *hash;

    static const char  text[] = "-request#";

    if (channel.len <= key.len
        || memcmp(channel.data, key.data, key.len) != 0)
    {
        return ROOMS_DECLINED;
    }

    p = channel.data + key.len;
    end = channel.data + channel.len;

    *request = (size_t) (end - p) >= sizeof(text) - 1
               && memcmp(p, text, sizeof(text) - 1) == 0;

    if (*request) {
        p += sizeof(text) - 1;

    } else if (*p++ != '#') {
        return ROOMS_DECLINED;
    }

    hash = memchr(p, '#', (size_t) (end - p));

    if (hash == NULL || hash == p || *p != '/') {
        return ROOMS_DECLINED;
    }

    *nsp = rooms_str(p, (size_t) (hash - p));
    *room = rooms_str(NULL, 0);

    p = hash + 1;

    if (p == end) {
        return ROOMS_OK;
    }

    if (*request || end[-1] != '#') {
        return ROOMS_DECLINED;
    }

    *room = rooms_str(p, (size_t) (end - 1 - p));

    return ROOMS_OK;
}


rooms_int_t
rooms_emitter_read(rooms_emitter_t *e, rooms_str_t nsp, unsigned request,
    rooms_str_t payload, const rooms_msgpack_limits_t *limits)
{
    e->kind = ROOMS_EMITTER_EMIT;
    e->rooms = NULL;
    e->except = NULL;
    e->names = NULL;
    e->root = NULL;
    e->args = rooms_str(NULL, 0);
    e->nbins = 0;
    e->is_volatile = 0;
    e->plain = 0;
    e->close = 0;

    rooms_buf_reset(&e->text);

    return request ? rooms_emitter_request(e, payload, limits)
                   : rooms_emitter_packet(e, nsp, payload, limits);
}


void
rooms_emitter_free(rooms_emitter_t *e)
{
    json_decref(e->root);
    e->root = NULL;
}


static rooms_int_t
rooms_emitter_packet(rooms_emitter_t *e, rooms_str_t nsp,
    rooms_str_t payload, const rooms_msgpack_limits_t *limits)
{
    size_t                 start;
    json_t                *flags;
    unsigned               i, none;
    rooms_int_t            rc;
    rooms_str_t            parts[ROOMS_EMITTER_PARTS];
    rooms_sio_packet_t     pkt;
    rooms_msgpack_item_t   head;

    if (rooms_msgpack_next(&payload, &head) != ROOMS_OK
        || head.kind != ROOMS_MSGPACK_ARRAY
        || head.n != ROOMS_EMITTER_PARTS)
    {
        return ROOMS_ERROR;
    }

    for (i = 0; i < ROOMS_EMITTER_PARTS; i++) {
        rc = rooms_msgpack_value(&payload, limits, &parts[i]);

        if (rc != ROOMS_OK) {
            return rc;
        }
    }

    /* the options first: what is appended later may move them */

    start = e->text.len;

    if (payload.len
        || rooms_msgpack_to_json(parts[ROOMS_EMITTER_OPTS], &e->text, e->bins,
                                 &none)
           != ROOMS_OK
        || none || e->text.failed)
    {
        return ROOMS_ERROR;
    }

    e->root = json_loadb((const char *) e->text.data + start,
                         e->text.len - start, JSON_DECODE_ANY, NULL);

    if (rooms_emitter_opts(e, e->root) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    flags = json_object_get(e->root, "flags");

    e->is_volatile = json_is_true(json_object_get(flags, "volatile"));
    e->plain = json_is_false(json_object_get(flags, "compress"));

    rooms_buf_reset(&e->text);

    rc = rooms_msgpack_packet(parts[ROOMS_EMITTER_PACKET], limits, &e->text,
                              &pkt, e->bins);

    if (rc != ROOMS_OK) {
        return rc;
    }

    if ((pkt.type != ROOMS_SIO_EVENT && pkt.type != ROOMS_SIO_BINARY_EVENT)
        || pkt.nsp.len != nsp.len
        || memcmp(pkt.nsp.data, nsp.data, nsp.len) != 0)
    {
        return ROOMS_ERROR;
    }

    e->args = pkt.data;
    e->nbins = pkt.attachments;

    return rooms_emitter_event(e->args);
}


/* An event's name must be a string that clients do not reserve. */

static rooms_int_t
rooms_emitter_event(rooms_str_t args)
{
    size_t                i, len;
    const unsigned char  *p;

    static const char *const  reserved[] = {
        "connect", "connect_error", "disconnect", "disconnecting",
        "newListener", "removeListener"
    };

    if (args.len < 4 || args.data[1] != '"') {
        return ROOMS_ERROR;
    }

    p = args.data + 2;

    for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        len = strlen(reserved[i]);

        if (args.len > len + 3 && memcmp(p, reserved[i], len) == 0
            && p[len] == '"')
        {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_emitter_request(rooms_emitter_t *e, rooms_str_t payload,
    const rooms_msgpack_limits_t *limits)
{
    rooms_int_t          rc;
    rooms_json_limits_t  same;

    same.depth = limits->depth;
    same.nodes = limits->nodes;

    rc = rooms_json_check(payload, &same, NULL);

    if (rc != ROOMS_OK) {
        return rc;
    }

    e->root = json_loadb((const char *) payload.data, payload.len,
                         JSON_DECODE_ANY, NULL);

    if (!json_is_object(e->root)
        || !json_is_integer(json_object_get(e->root, "type")))
    {
        return ROOMS_ERROR;
    }

    switch (json_integer_value(json_object_get(e->root, "type"))) {

    case ROOMS_EMITTER_REMOTE_JOIN:
        e->kind = ROOMS_EMITTER_JOIN;
        break;

    case ROOMS_EMITTER_REMOTE_LEAVE:
        e->kind = ROOMS_EMITTER_LEAVE;
        break;

    case ROOMS_EMITTER_REMOTE_DISCONNECT:
        e->kind = ROOMS_EMITTER_DISCONNECT;
        e->close = json_is_true(json_object_get(e->root, "close"));
        break;

    default:
        e->kind = ROOMS_EMITTER_OTHER;
        return ROOMS_OK;
    }

    if (e->kind != ROOMS_EMITTER_DISCONNECT
        && rooms_emitter_list(json_object_get(e->root, "rooms"), &e->names)
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_emitter_opts(e, json_object_get(e->root, "opts"));
}


static rooms_int_t
rooms_emitter_opts(rooms_emitter_t *e, json_t *opts)
{
    if (!json_is_object(opts)
        || rooms_emitter_list(json_object_get(opts, "rooms"), &e->rooms)
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_emitter_list(json_object_get(opts, "except"), &e->except);
}


/* An array of strings and integers, or nothing. */

static rooms_int_t
rooms_emitter_list(json_t *list, json_t **to)
{
    size_t   i;
    json_t  *one;

    *to = list;

    if (list == NULL) {
        return ROOMS_OK;
    }

    if (!json_is_array(list)) {
        return ROOMS_ERROR;
    }

    json_array_foreach(list, i, one) {
        if (!json_is_string(one) && !json_is_integer(one)) {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


size_t
rooms_emitter_names(const json_t *list)
{
    return json_array_size(list);
}


rooms_str_t
rooms_emitter_name(const json_t *list, size_t i,
    char buf[ROOMS_EMITTER_NAME])
{
    int      n;
    json_t  *one;

    one = json_array_get(list, i);

    if (json_is_string(one)) {
        return rooms_str(json_string_value(one), json_string_length(one));
    }

    n = snprintf(buf, ROOMS_EMITTER_NAME, "%lld",
                 (long long) json_integer_value(one));

    return rooms_str(buf, (size_t) n);
}
