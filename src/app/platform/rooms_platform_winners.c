
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: winners, and the notifications of those who won.
 */


#include <stdio.h>
#include <string.h>

#include <rooms_platform.h>


#define ROOMS_PLATFORM_NOTICES  200      /* kept of one user */


/* Tells a user, on every socket on "/", and keeps it. */

static void
rooms_platform_notify(rooms_platform_t *p, const json_t *winner,
    const char *uid, const char *prize)
{
    char         id[ROOMS_PLATFORM_ID], text[400];
    json_t      *notice, *kept, *oldest;
    const char  *key;

    (void) rooms_platform_id(p, "notif_", id);
    (void) snprintf(text, sizeof(text), "You won %s", prize);

    notice = json_pack("{s:s, s:s, s:s, s:s, s:{s:O, s:O, s:O}, s:b, s:s}",
                       "id", id, "type", "winner_selected",
                       "title", "Congratulations!", "message", text, "data",
                       "roomId", json_object_get(winner, "roomId"),
                       "winnerId", json_object_get(winner, "id"),
                       "prizeId", json_object_get(winner, "prizeId"),
                       "read", 0, "createdAt", p->stamp);

    rooms_platform_set(p, json_deep_copy(notice), "notices", uid, id, NULL);
    rooms_platform_set(p, json_string(uid), "owners", id, NULL);

    kept = rooms_platform_at(p->doc, "notices", uid, NULL);

    if (json_object_size(kept) >= ROOMS_PLATFORM_NOTICES) {
        json_object_foreach(kept, key, oldest) {
            rooms_platform_unset(p, "notices", uid, key, NULL);
            rooms_platform_unset(p, "owners", key, NULL);
            break;
        }
    }

    rooms_platform_say(p, "user", uid, rooms_str(NULL, 0),
                       "notification:received", notice);
}


/* A part of a name that ends within a character cannot be packed. */

static const char *
rooms_platform_short(const char *name, char text[300])
{
    size_t  n;

    n = strlen(name);

    if (n >= 300) {
        n = 299;

        while (n && ((unsigned char) name[n] & 0xc0) == 0x80) {
            n--;
        }
    }

    memcpy(text, name, n);
    text[n] = '\0';

    return text;
}


static rooms_int_t
rooms_platform_select(rooms_platform_t *p)
{
    char         wid[ROOMS_PLATFORM_ID], text[300];
    char         pair[ROOMS_PLATFORM_PAIR];
    json_t      *room, *part, *prize, *winner, *other, *metadata, *view;
    json_int_t   left, won;
    const char  *id, *pid, *key;

    room = rooms_platform_enter(p, ROOMS_PLATFORM_MODERATE, "winners:write");

    if (room == NULL || rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(room, "id");
    pid = rooms_platform_text(p->cmd->body, "participantId");
    key = rooms_platform_text(p->cmd->body, "prizeId");

    part = rooms_platform_at(p->doc, "parts", id, pid, NULL);
    prize = rooms_platform_at(p->doc, "prizes", id, key, NULL);

    if (part == NULL || json_object_get(part, "left") || prize == NULL) {
        return rooms_platform_fail(p, 404, "NOT_FOUND",
                                   prize ? "Participant not found"
                                         : "Prize not found", NULL);
    }

    if (json_object_get(rooms_platform_found(p, ROOMS_PLATFORM_WON, id),
                        rooms_platform_pair(pid, key, pair)))
    {
        return rooms_platform_fail(p, 409, "CONFLICT",
                              "The participant has this prize already", NULL);
    }

    left = json_integer_value(json_object_get(prize, "quantityRemaining"));
    won = json_integer_value(json_object_get(prize, "winnerCount"));

    if (left < 1) {
        return rooms_platform_fail(p, 400, "PRIZE_EXHAUSTED",
                                   "No more of this prize is left", NULL);
    }

    metadata = json_object_get(p->cmd->body, "metadata");

    (void) rooms_platform_id(p, "winner_", wid);

    winner = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "id", wid,
                       "roomId", id, "participantId", pid, "prizeId", key,
                       "metadata", metadata ? json_incref(metadata)
                                            : json_object(),
                       "createdAt", p->stamp);

    rooms_platform_set(p, json_integer(left - 1), "prizes", id, key,
                       "quantityRemaining", NULL);
    rooms_platform_set(p, json_integer(won + 1), "prizes", id, key,
                       "winnerCount", NULL);

    view = rooms_platform_winner_view(p, winner);

    other = json_copy(view);
    (void) json_object_del(other, "metadata");
    (void) json_object_del(other, "roomId");

    rooms_platform_say(p, "room", id, rooms_str(NULL, 0), "winner:selected",
                       json_pack("{s:s, s:o}", "roomId", id, "winner",
                                 other));

    rooms_platform_notify(p, winner, rooms_platform_text(part, "userId"),
                          rooms_platform_short(rooms_platform_text(prize,
                                                                   "name"),
                                               text));
    rooms_platform_set(p, winner, "winners", id, wid, NULL);

    return rooms_platform_data(p, 201, view);
}


static rooms_int_t
rooms_platform_list_winners(rooms_platform_t *p)
{
    json_t      *room, *query, *list, *winner, *prize, *part;
    const char  *id, *key;

    room = rooms_platform_enter(p, ROOMS_PLATFORM_READ, "winners:read");
    query = room ? rooms_platform_query(p) : NULL;

    if (query == NULL) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(room, "id");
    prize = json_object_get(query, "prizeId");
    part = json_object_get(query, "participantId");
    list = json_array();

    json_object_foreach(rooms_platform_at(p->doc, "winners", id, NULL), key,
                        winner)
    {
        if ((prize && !json_equal(prize, json_object_get(winner, "prizeId")))
            || (part && !json_equal(part, json_object_get(winner,
                                                        "participantId"))))
        {
            continue;
        }

        (void) json_array_append(list, winner);
    }

    return rooms_platform_page(p, list, query, rooms_platform_winner_view);
}


static json_t *
rooms_platform_winner_of(rooms_platform_t *p, const json_t *room)
{
    char         id[ROOMS_PLATFORM_ID * 2];
    json_t      *winner;
    const char  *s;

    s = rooms_platform_param(p, "winnerId", id);
    winner = s ? rooms_platform_at(p->doc, "winners",
                                   rooms_platform_text(room, "id"), s, NULL)
               : NULL;

    if (winner == NULL) {
        (void) rooms_platform_fail(p, 404, "NOT_FOUND", "Winner not found",
                                   NULL);
    }

    return winner;
}


static rooms_int_t
rooms_platform_get_winner(rooms_platform_t *p)
{
    json_t  *room, *winner;

    room = rooms_platform_enter(p, ROOMS_PLATFORM_READ, "winners:read");
    winner = room ? rooms_platform_winner_of(p, room) : NULL;

    return winner ? rooms_platform_data(p, 200,
                                        rooms_platform_winner_view(p,
                                                                   winner))
                  : ROOMS_OK;
}


static rooms_int_t
rooms_platform_drop_winner(rooms_platform_t *p)
{
    json_t      *room, *winner, *prize;
    json_int_t   won, quantity;
    const char  *id, *wid, *pid, *key;

    room = rooms_platform_enter(p, ROOMS_PLATFORM_ORGANIZE, NULL);
    winner = room ? rooms_platform_winner_of(p, room) : NULL;

    if (winner == NULL) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(room, "id");
    wid = rooms_platform_text(winner, "id");
    pid = rooms_platform_text(winner, "participantId");
    key = rooms_platform_text(winner, "prizeId");
    prize = rooms_platform_at(p->doc, "prizes", id, key, NULL);

    if (prize != NULL) {
        won = json_integer_value(json_object_get(prize, "winnerCount")) - 1;
        quantity = json_integer_value(json_object_get(prize, "quantity"));

        rooms_platform_set(p, json_integer(won), "prizes", id, key,
                           "winnerCount", NULL);
        rooms_platform_set(p, json_integer(quantity > won ? quantity - won
                                                          : 0),
                           "prizes", id, key, "quantityRemaining", NULL);
    }

    rooms_platform_unset(p, "winners", id, wid, NULL);
    rooms_platform_say(p, "room", id, rooms_str(NULL, 0), "winner:removed",
                       json_pack("{s:s, s:s, s:s, s:s}", "roomId", id,
                                 "winnerId", wid, "participantId", pid,
                                 "prizeId", key));

    return rooms_platform_success(p, json_pack("{s:b}", "success", 1));
}


static rooms_int_t
rooms_platform_list_notices(rooms_platform_t *p)
{
    json_t      *query, *list, *notice;
    const char  *key;

    query = rooms_platform_query(p);

    if (query == NULL) {
        return ROOMS_OK;
    }

    list = json_array();

    /* newest first */

    json_object_foreach(rooms_platform_at(p->doc, "notices", p->who.uid,
                                          NULL), key, notice)
    {
        if (!json_is_true(json_object_get(query, "unread"))
            || !json_is_true(json_object_get(notice, "read")))
        {
            (void) json_array_insert(list, 0, notice);
        }
    }

    return rooms_platform_page(p, list, query, NULL);
}


static rooms_int_t
rooms_platform_read_notice(rooms_platform_t *p)
{
    char         id[ROOMS_PLATFORM_ID * 2];
    json_t      *copy;
    const char  *owner;

    if (rooms_platform_param(p, "id", id) == NULL) {
        id[0] = '\0';
    }

    owner = json_string_value(rooms_platform_at(p->doc, "owners", id, NULL));

    if (owner == NULL) {
        return rooms_platform_fail(p, 404, "NOT_FOUND",
                                   "Notification not found", NULL);
    }

    if (strcmp(owner, p->who.uid) != 0) {
        return rooms_platform_fail(p, 403, "FORBIDDEN",
                                   "That is another user's", NULL);
    }

    if (rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    copy = json_copy(rooms_platform_at(p->doc, "notices", owner, id, NULL));
    (void) json_object_set_new(copy, "read", json_true());

    rooms_platform_set(p, json_true(), "notices", owner, id, "read", NULL);

    return rooms_platform_data(p, 200, copy);
}


const rooms_platform_route_t  rooms_platform_winners_routes[] = {
    { "createWinner", ROOMS_PLATFORM_EITHER, rooms_platform_select },
    { "listWinners", ROOMS_PLATFORM_EITHER, rooms_platform_list_winners },
    { "getWinner", ROOMS_PLATFORM_EITHER, rooms_platform_get_winner },
    { "deleteWinner", ROOMS_PLATFORM_USER, rooms_platform_drop_winner },
    { NULL, ROOMS_PLATFORM_PUBLIC, NULL }
};

const rooms_platform_route_t  rooms_platform_notices_routes[] = {
    { "listNotifications", ROOMS_PLATFORM_USER, rooms_platform_list_notices },
    { "readNotification", ROOMS_PLATFORM_USER, rooms_platform_read_notice },
    { NULL, ROOMS_PLATFORM_PUBLIC, NULL }
};
