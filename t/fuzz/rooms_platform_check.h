
/*
 * Copyright (C) nginx rooms contributors
 *
 * What holds in every state of a platform.
 */


#ifndef _ROOMS_PLATFORM_CHECK_H_INCLUDED_
#define _ROOMS_PLATFORM_CHECK_H_INCLUDED_


#include "rooms_platform_world.h"


/* Prizes and those who have won them. */

static void
check_prizes(const json_t *all, const char *id)
{
    json_t      *prize, *winner;
    json_int_t   won, n, quantity;
    const char  *key, *wid;

    json_object_foreach(rooms_platform_at(all, "prizes", id, NULL), key,
                        prize)
    {
        n = 0;

        json_object_foreach(rooms_platform_at(all, "winners", id, NULL), wid,
                            winner)
        {
            n += strcmp(rooms_platform_text(winner, "prizeId"), key) == 0;
        }

        won = json_integer_value(json_object_get(prize, "winnerCount"));
        quantity = json_integer_value(json_object_get(prize, "quantity"));

        need(n == won);
        need(json_integer_value(json_object_get(prize, "quantityRemaining"))
             == (quantity > won ? quantity - won : 0));
    }
}


static void
check_parts(const json_t *all, const char *id)
{
    json_t      *pid, *part;
    unsigned     organizers;
    const char  *uid;

    organizers = 0;

    json_object_foreach(rooms_platform_at(all, "members", id, NULL), uid,
                        pid)
    {
        part = rooms_platform_at(all, "parts", id, json_string_value(pid),
                                 NULL);
        need(part != NULL);
        need(strcmp(rooms_platform_text(part, "userId"), uid) == 0);

        organizers += json_object_get(part, "left") == NULL
                      && strcmp(rooms_platform_text(part, "role"),
                                "organizer") == 0;
    }

    need(organizers != 0);
    need(json_object_size(rooms_platform_at(all, "members", id, NULL))
         == json_object_size(rooms_platform_at(all, "parts", id, NULL)));
}


/* Online and connections are two views of one thing. */

static void
check_presence(const json_t *all)
{
    json_t      *users, *here, *flag, *conn, *part;
    const char  *id, *uid, *sid, *pid;

    json_object_foreach(json_object_get(all, "online"), id, users) {
        json_object_foreach(users, uid, here) {

            pid = json_string_value(rooms_platform_at(all, "members", id,
                                                      uid, NULL));
            part = rooms_platform_at(all, "parts", id, pid ? pid : "", NULL);
            need(part != NULL && json_object_get(part, "left") == NULL);
            need(json_object_size(json_object_get(here, "sids")) != 0);

            json_object_foreach(json_object_get(here, "sids"), sid, flag) {
                conn = rooms_platform_at(all, "conns", sid, NULL);
                need(conn != NULL);
                need(strcmp(rooms_platform_text(conn, "u"), uid) == 0);
                need(rooms_platform_at(conn, "rooms", id, NULL) != NULL);
            }
        }
    }

    json_object_foreach(json_object_get(all, "conns"), sid, conn) {
        uid = rooms_platform_text(conn, "u");

        json_object_foreach(json_object_get(conn, "rooms"), id, flag) {
            need(uid == NULL || rooms_platform_at(all, "online", id, uid,
                                                  "sids", sid, NULL) != NULL);
        }

        need(json_integer_value(json_object_get(conn, "w")) == 2
             || json_object_get(all, "next") != NULL);
    }
}


static void
check_notices(const json_t *all)
{
    json_t      *list, *notice;
    size_t       n;
    const char  *uid, *id, *owner;

    n = 0;

    json_object_foreach(json_object_get(all, "notices"), uid, list) {
        n += json_object_size(list);

        json_object_foreach(list, id, notice) {
            owner = json_string_value(rooms_platform_at(all, "owners", id,
                                                        NULL));
            need(owner != NULL && strcmp(owner, uid) == 0);
        }
    }

    need(n == json_object_size(json_object_get(all, "owners")));
}


static void
check(const world_t *w)
{
    json_t      *all, *room;
    const char  *id;

    all = doc(w->state);

    if (all == NULL) {
        return;
    }

    need(same_index(w->state));

    json_object_foreach(json_object_get(all, "rooms"), id, room) {
        check_prizes(all, id);
        check_parts(all, id);
        need(json_object_get(room, "deleted") == NULL
             || rooms_platform_at(all, "online", id, NULL) == NULL);
    }

    check_presence(all);
    check_notices(all);
}


#endif /* _ROOMS_PLATFORM_CHECK_H_INCLUDED_ */
