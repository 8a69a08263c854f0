
/*
 * Copyright (C) nginx rooms contributors
 *
 * What time brings: tokens expire, and what was kept for them goes.
 */


#include <stdio.h>
#include <string.h>

#include <rooms_platform.h>


#define ROOMS_PLATFORM_AT_ONCE  256      /* that a tick looks at */


static const struct {
    char         type;
    const char  *name;
} rooms_platform_stale[] = {
    { 'v', "revoked" }, { 'f', "refresh" }, { 'r', "rate" }
};


/* The key of what is due, terminated. */

static const char *
rooms_platform_due_key(const rooms_due_node_t *node,
    char key[ROOMS_DUE_KEY + 1], char *type)
{
    rooms_str_t  s;

    s = rooms_due_key(node);

    *type = (char) s.data[0];
    memcpy(key, s.data + 1, s.len - 1);
    key[s.len - 1] = '\0';

    return key;
}


/*
 * What was kept for tokens and for limits whose time is over goes, more or
 * less.  Returns when some of it comes again, or 0.
 */

static uint64_t
rooms_platform_sweep(rooms_platform_t *p)
{
    char                     key[ROOMS_DUE_KEY + 1], type;
    size_t                   i;
    uint64_t                 at;
    unsigned                 n;
    const rooms_due_node_t  *node;

    n = 0;

    for (node = rooms_due_first(p->index->stale); node != NULL;
         node = rooms_due_next(node))
    {
        at = rooms_due_at(node);

        if (at > p->cmd->now) {
            return at < p->cmd->now + ROOMS_PLATFORM_WINDOW
                   ? p->cmd->now + ROOMS_PLATFORM_WINDOW : at;
        }

        if (n++ == ROOMS_PLATFORM_AT_ONCE) {
            return p->cmd->now + 1;
        }

        (void) rooms_platform_due_key(node, key, &type);

        for (i = 0; rooms_platform_stale[i].type != type; i++) {
            /* void */
        }

        rooms_platform_unset(p, rooms_platform_stale[i].name, key, NULL);
    }

    return 0;
}


static void
rooms_platform_sooner(uint64_t *next, uint64_t at)
{
    if (at && (*next == 0 || at < *next)) {
        *next = at;
    }
}


/*
 * Tokens that expire: their sockets are noted as told, to be cut after the
 * grace, or as cut.  Returns when there will be more.
 */

static uint64_t
rooms_platform_expire(rooms_platform_t *p, json_t *expired, json_t *late)
{
    char                     sid[ROOMS_DUE_KEY + 1], type;
    json_t                  *conn;
    uint64_t                 next, at;
    unsigned                 n;
    const rooms_due_node_t  *node;

    n = 0;
    next = 0;

    for (node = rooms_due_first(p->index->expiring); node != NULL;
         node = rooms_due_next(node))
    {
        at = rooms_due_at(node);

        if (at > p->cmd->now) {
            rooms_platform_sooner(&next, at);
            break;
        }

        if (n++ == ROOMS_PLATFORM_AT_ONCE) {
            rooms_platform_sooner(&next, p->cmd->now + 1);
            break;
        }

        (void) rooms_platform_due_key(node, sid, &type);
        conn = rooms_platform_at(p->doc, "conns", sid, NULL);

        if (json_integer_value(json_object_get(conn, "w")) == 1) {
            (void) json_array_append_new(late, json_string(sid));
            rooms_platform_set(p, json_integer(2), "conns", sid, "w", NULL);
            continue;
        }

        at = p->cmd->now + p->conf->grace;

        (void) json_array_append_new(expired, json_string(sid));
        rooms_platform_set(p, json_integer(1), "conns", sid, "w", NULL);
        rooms_platform_set(p, json_integer((json_int_t) at), "conns", sid,
                           "exp", NULL);
        rooms_platform_sooner(&next, at);
    }

    return next;
}


rooms_int_t
rooms_platform_tick(rooms_platform_t *p)
{
    char         text[128];
    size_t       n;
    json_t      *conn, *value, *expired, *late;
    uint64_t     next;
    const char  *sid, *hash;

    expired = json_array();
    late = json_array();

    next = rooms_platform_expire(p, expired, late);
    rooms_platform_sooner(&next, rooms_platform_sweep(p));

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
