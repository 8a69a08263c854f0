
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: prizes.
 */


#include <string.h>

#include <rooms_platform.h>


static json_t *
rooms_platform_prize_of(rooms_platform_t *p, const json_t *room)
{
    char         id[ROOMS_PLATFORM_ID * 2];
    json_t      *prize;
    const char  *s;

    s = rooms_platform_param(p, "prizeId", id);
    prize = s ? rooms_platform_at(p->doc, "prizes",
                                  rooms_platform_text(room, "id"), s, NULL)
              : NULL;

    if (prize == NULL) {
        (void) rooms_platform_fail(p, 404, "NOT_FOUND", "Prize not found",
                                   NULL);
    }

    return prize;
}


static rooms_int_t
rooms_platform_create_prize(rooms_platform_t *p)
{
    char         prizeid[ROOMS_PLATFORM_ID];
    json_t      *room, *body, *prize, *quantity, *metadata;
    json_int_t   n;
    const char  *id;

    room = rooms_platform_enter(p, ROOMS_PLATFORM_MODERATE, "prizes:write");

    if (room == NULL || rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(room, "id");
    body = p->cmd->body;
    quantity = json_object_get(body, "quantity");
    metadata = json_object_get(body, "metadata");
    n = quantity ? (json_int_t) json_number_value(quantity) : 1;

    (void) rooms_platform_id(p, "prize_", prizeid);

    prize = json_pack("{s:s, s:s, s:O, s:O?, s:O?, s:I, s:I, s:i, s:o, s:s}",
                      "id", prizeid, "roomId", id,
                      "name", json_object_get(body, "name"),
                      "description", json_object_get(body, "description"),
                      "imageUrl", json_object_get(body, "imageUrl"),
                      "quantity", n, "quantityRemaining", n,
                      "winnerCount", 0,
                      "metadata", metadata ? json_incref(metadata)
                                           : json_object(),
                      "createdAt", p->stamp);

    rooms_platform_set(p, json_incref(prize), "prizes", id, prizeid, NULL);
    rooms_platform_say(p, "room", id, rooms_str(NULL, 0), "prize:created",
                       json_pack("{s:s, s:O}", "roomId", id, "prize",
                                 prize));

    return rooms_platform_data(p, 201, prize);
}


static rooms_int_t
rooms_platform_list_prizes(rooms_platform_t *p)
{
    json_t      *room, *query, *list, *prize;
    const char  *id, *key;

    room = rooms_platform_enter(p, ROOMS_PLATFORM_READ, "prizes:read");
    query = room ? rooms_platform_query(p) : NULL;

    if (query == NULL) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(room, "id");
    list = json_array();

    json_object_foreach(rooms_platform_at(p->doc, "prizes", id, NULL), key,
                        prize)
    {
        (void) json_array_append(list, prize);
    }

    return rooms_platform_page(p, list, query, NULL);
}


static rooms_int_t
rooms_platform_get_prize(rooms_platform_t *p)
{
    json_t  *room, *prize;

    room = rooms_platform_enter(p, ROOMS_PLATFORM_READ, "prizes:read");
    prize = room ? rooms_platform_prize_of(p, room) : NULL;

    return prize ? rooms_platform_data(p, 200, json_incref(prize))
                 : ROOMS_OK;
}


static rooms_int_t
rooms_platform_edit_prize(rooms_platform_t *p)
{
    json_t      *room, *prize, *copy, *changes;
    json_int_t   n, won;
    const char  *id, *key;

    static const char *const  fields[] = {
        "name", "description", "imageUrl", "quantity", "metadata", NULL
    };

    room = rooms_platform_enter(p, ROOMS_PLATFORM_MODERATE, "prizes:write");
    prize = room ? rooms_platform_prize_of(p, room) : NULL;

    if (prize == NULL || rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(room, "id");
    key = rooms_platform_text(prize, "id");

    changes = rooms_platform_changes(prize, p->cmd->body, fields);
    copy = json_copy(prize);
    (void) json_object_update(copy, changes);

    if (json_object_get(changes, "quantity")) {
        n = (json_int_t) json_number_value(json_object_get(changes,
                                                           "quantity"));
        won = json_integer_value(json_object_get(prize, "winnerCount"));

        (void) json_object_set_new(copy, "quantity", json_integer(n));
        (void) json_object_set_new(copy, "quantityRemaining",
                                   json_integer(n > won ? n - won : 0));
    }

    if (json_object_size(changes)) {
        rooms_platform_set(p, json_incref(copy), "prizes", id, key, NULL);
        rooms_platform_say(p, "room", id, rooms_str(NULL, 0),
                           "prize:updated",
                           json_pack("{s:s, s:s, s:O, s:O}", "roomId", id,
                                     "prizeId", key, "changes", changes,
                                     "prize", copy));
    }

    json_decref(changes);

    return rooms_platform_data(p, 200, copy);
}


static rooms_int_t
rooms_platform_drop_prize(rooms_platform_t *p)
{
    json_t      *room, *prize;
    const char  *id, *key;

    room = rooms_platform_enter(p, ROOMS_PLATFORM_MODERATE, "prizes:write");
    prize = room ? rooms_platform_prize_of(p, room) : NULL;

    if (prize == NULL) {
        return ROOMS_OK;
    }

    if (json_integer_value(json_object_get(prize, "winnerCount"))) {
        return rooms_platform_fail(p, 409, "CONFLICT",
                                   "The prize has winners", NULL);
    }

    id = rooms_platform_text(room, "id");
    key = rooms_platform_text(prize, "id");

    rooms_platform_unset(p, "prizes", id, key, NULL);
    rooms_platform_say(p, "room", id, rooms_str(NULL, 0), "prize:deleted",
                       json_pack("{s:s, s:s}", "roomId", id, "prizeId",
                                 key));

    return rooms_platform_success(p, json_pack("{s:b}", "success", 1));
}


const rooms_platform_route_t  rooms_platform_prizes_routes[] = {
    { "createPrize", ROOMS_PLATFORM_EITHER, rooms_platform_create_prize },
    { "listPrizes", ROOMS_PLATFORM_EITHER, rooms_platform_list_prizes },
    { "getPrize", ROOMS_PLATFORM_EITHER, rooms_platform_get_prize },
    { "updatePrize", ROOMS_PLATFORM_EITHER, rooms_platform_edit_prize },
    { "deletePrize", ROOMS_PLATFORM_EITHER, rooms_platform_drop_prize },
    { NULL, ROOMS_PLATFORM_PUBLIC, NULL }
};
