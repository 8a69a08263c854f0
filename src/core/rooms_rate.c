
/*
 * Copyright (C) nginx rooms contributors
 */


#include <rooms_rate.h>


rooms_int_t
rooms_rate_take(rooms_rate_t *rate, uint64_t limit, uint64_t window_ms,
    uint64_t now_ms)
{
    if (limit == 0 || window_ms == 0) {
        return ROOMS_OK;
    }

    if (rate->count != 0 && now_ms < rate->start) {
        rate->start = now_ms;
    }

    if (rate->count == 0 || now_ms - rate->start >= window_ms) {
        rate->start = now_ms;
        rate->count = 1;
        return ROOMS_OK;
    }

    if (rate->count >= limit) {
        return ROOMS_DECLINED;
    }

    rate->count++;

    return ROOMS_OK;
}


uint64_t
rooms_rate_wait(const rooms_rate_t *rate, uint64_t limit, uint64_t window_ms,
    uint64_t now_ms)
{
    if (limit == 0 || window_ms == 0 || rate->count < limit) {
        return 0;
    }

    if (now_ms < rate->start) {
        return window_ms;
    }

    if (now_ms - rate->start >= window_ms) {
        return 0;
    }

    return window_ms - (now_ms - rate->start);
}
