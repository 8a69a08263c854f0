
/*
 * Copyright (C) nginx rooms contributors
 *
 * What time brings: tokens expire, and what was kept for them goes.
 */


#include <stdio.h>
#include <string.h>

#include <rooms_platform.h>


/*
 * What was kept for tokens and for limits whose time is over goes.  Returns
 * when that, or what is due next (0: nothing), comes again.
 */

static uint64_t
rooms_platform_sweep(rooms_platform_t *p, uint64_t next)
{
    size_t       i, n;
    json_t      *value;
    uint64_t     at;
    const char  *key;

    static const char *const  kinds[] = { "revoked", "refresh", "rate" };

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {

        json_object_foreach(json_object_get(p->doc, kinds[i]), key, value) {

            if (json_is_array(value)) {
                n = json_array_size(value);
                at = json_integer_value(json_array_get(value, n - 1))
                     + ROOMS_PLATFORM_WINDOW;

            } else if (json_is_object(value)) {
                at = json_integer_value(json_object_get(value, "exp"));

            } else {
                at = json_integer_value(value);
            }

            if (at <= p->cmd->now) {
                rooms_platform_unset(p, kinds[i], key, NULL);
                continue;
            }

            at = p->cmd->now + ROOMS_PLATFORM_WINDOW;

            if (next == 0 || at < next) {
                next = at;
            }
        }
    }

    return next;
}


/* Tokens that expire: their sockets are told, and after the grace cut. */

rooms_int_t
rooms_platform_tick(rooms_platform_t *p)
{
    char         text[128];
    size_t       n;
    json_t      *conn, *value, *expired, *late;
    uint64_t     at, next;
    const char  *sid, *hash;

    next = 0;
    expired = json_array();
    late = json_array();

    json_object_foreach(json_object_get(p->doc, "conns"), sid, conn) {
        at = json_integer_value(json_object_get(conn, "exp"));

        switch (json_integer_value(json_object_get(conn, "w"))) {

        case 0:
            if (at <= p->cmd->now) {
                (void) json_array_append_new(expired, json_string(sid));
                rooms_platform_set(p, json_integer(1), "conns", sid, "w",
                                   NULL);
                at = p->cmd->now + p->conf->grace;
                rooms_platform_set(p, json_integer((json_int_t) at), "conns",
                                   sid, "exp", NULL);
            }

            break;

        case 1:
            if (at <= p->cmd->now) {
                (void) json_array_append_new(late, json_string(sid));
                rooms_platform_set(p, json_integer(2), "conns", sid, "w",
                                   NULL);
                continue;
            }

            break;

        default:
            continue;
        }

        if (next == 0 || at < next) {
            next = at;
        }
    }

    next = rooms_platform_sweep(p, next);

    if (next) {
        rooms_platform_set(p, json_integer((json_int_t) next), "next", NULL);

    } else if (json_object_get(p->doc, "next")) {
        rooms_platform_unset(p, "next", NULL);
    }

    rooms_decide_deadline(p->d, next);

    for (n = 0; n < json_array_size(expired) + json_array_size(late); n++) {

        value = n < json_array_size(expired)
                ? json_array_get(expired, n)
                : json_array_get(late, n - json_array_size(expired));
        sid = json_string_value(value);
        conn = rooms_platform_at(p->doc, "conns", sid, NULL);
        hash = rooms_platform_text(conn, "tok");
        p->actor = rooms_platform_owner(conn);

        (void) snprintf(text, sizeof(text), "token:%s", hash);
        rooms_decide_in(p->d, rooms_str(text, strlen(text)));

        if (n < json_array_size(expired)) {
            value = json_pack("{s:s}", "timestamp", p->stamp);
            rooms_decide_message(p->d, ROOMS_TO_SOCKET,
                                 rooms_str(sid, strlen(sid)),
                                 "token:expired", value);
            json_decref(value);
            rooms_platform_audit(p, "token:expired", NULL);

        } else {
            rooms_decide_message_kick(p->d, ROOMS_TO_SOCKET,
                                      rooms_str(sid, strlen(sid)), 0);
        }
    }

    json_decref(expired);
    json_decref(late);

    return ROOMS_OK;
}
