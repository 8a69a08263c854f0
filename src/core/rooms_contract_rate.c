
/*
 * Copyright (C) nginx rooms contributors
 *
 * "x-rooms-rate": of an AsyncAPI document, of its messages, and of REST, where
 * operations may share a limit.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_contract_read.h>


static rooms_int_t rooms_contract_rate_values(const rooms_contract_place_t *at,
    rooms_contract_rate_t *rate);
static rooms_int_t rooms_contract_share_rate(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_contract_operation_t *op);


rooms_int_t
rooms_contract_read_rate(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_contract_rate_t *rate)
{
    rooms_int_t              rc;
    rooms_contract_place_t   place;

    rate->limit = 0;
    rate->window = 0;

    rc = rooms_contract_member(r, at, "x-rooms-rate", &place);
    if (rc != ROOMS_OK) {
        return (rc == ROOMS_DECLINED) ? ROOMS_OK : rc;
    }

    if (rooms_contract_rate_values(&place, rate) != ROOMS_OK
        || json_object_size(place.json) != 2)
    {
        return rooms_contract_fail(r, &place, "must be {\"limit\": events, "
                                   "\"per\": seconds}");
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_contract_rate_values(const rooms_contract_place_t *at,
    rooms_contract_rate_t *rate)
{
    double   per;
    json_t  *limit;

    limit = json_object_get(at->json, "limit");
    per = json_number_value(json_object_get(at->json, "per"));

    if (!json_is_integer(limit) || json_integer_value(limit) < 1
        || !(per >= 0.001 && per <= 86400))
    {
        return ROOMS_ERROR;
    }

    rate->limit = json_integer_value(limit);
    rate->window = (uint64_t) (per * 1000 + 0.5);

    return ROOMS_OK;
}


/* The operation's own, or that at the top of the document. */

rooms_int_t
rooms_contract_read_request_rate(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_contract_operation_t *op)
{
    rooms_int_t              rc;
    rooms_contract_place_t   place;

    rc = rooms_contract_member(r, at, "x-rooms-rate", &place);

    if (rc == ROOMS_DECLINED) {
        rooms_contract_top(r, &place);
        rc = rooms_contract_member(r, &place, "x-rooms-rate", &place);

        if (rc == ROOMS_OK && json_object_get(place.json, "group")) {
            return rooms_contract_fail(r, &place, "has no \"group\" here");
        }
    }

    if (rc != ROOMS_OK) {
        return (rc == ROOMS_DECLINED) ? ROOMS_OK : rc;
    }

    if (rooms_contract_rate_values(&place, &op->rate) != ROOMS_OK
        || op->rate.limit > ROOMS_LIMITS_COUNT
        || json_object_size(place.json)
           != (size_t) 2 + (json_object_get(place.json, "group") != NULL))
    {
        return rooms_contract_fail(r, &place, "must be {\"limit\": requests, "
                                   "\"per\": seconds}, with a \"group\" or "
                                   "without, and a limit of at most %d",
                                   ROOMS_LIMITS_COUNT);
    }

    return rooms_contract_share_rate(r, &place, op);
}


/* Which counter it has: that of its group, of the document, or its own. */

static rooms_int_t
rooms_contract_share_rate(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_contract_operation_t *op)
{
    json_t                  *group;
    unsigned                 i;
    rooms_contract_t        *c;
    rooms_contract_share_t  *share;

    c = r->contract;
    group = json_object_get(at->json, "group");

    if (group != NULL && json_string_length(group) == 0) {
        return rooms_contract_fail(r, at, "\"group\" must be a name");
    }

    for (i = 0; i < c->n_shares; i++) {
        share = &c->shares[i];

        if (share->json != at->json
            && (group == NULL || share->group == NULL
                || !json_equal(group, share->group)))
        {
            continue;
        }

        if (share->rate.limit != op->rate.limit
            || share->rate.window != op->rate.window)
        {
            return rooms_contract_fail(r, at, "another operation of the "
                                       "group \"%s\" has another limit",
                                       json_string_value(group));
        }

        op->counter = i + 1;

        return ROOMS_OK;
    }

    if (c->n_shares == ROOMS_LIMITS_MAX) {
        return rooms_contract_fail(r, at, "there are at most %d limits of "
                                   "their own", ROOMS_LIMITS_MAX);
    }

    share = &c->shares[c->n_shares++];
    share->json = at->json;
    share->group = group;
    share->rate = op->rate;

    op->counter = c->n_shares;

    return ROOMS_OK;
}


rooms_contract_rate_t
rooms_contract_connection_rate(const rooms_contract_t *contract)
{
    return contract->rate;
}


unsigned
rooms_contract_counters(const rooms_contract_t *contract)
{
    return contract->n_shares;
}


rooms_contract_rate_t
rooms_contract_counter(const rooms_contract_t *contract, unsigned i)
{
    return contract->shares[i].rate;
}
