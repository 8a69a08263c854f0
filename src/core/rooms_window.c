
/*
 * Copyright (C) nginx rooms contributors
 */


#include <rooms_window.h>


size_t
rooms_window_size(uint32_t limit)
{
    return sizeof(rooms_window_t) + (size_t) limit * sizeof(uint64_t);
}


void
rooms_window_init(rooms_window_t *w, uint32_t limit, uint64_t window_ms)
{
    w->limit = limit;
    w->n = 0;
    w->next = 0;
    w->window = window_ms;
}


rooms_int_t
rooms_window_take(rooms_window_t *w, uint64_t now_ms)
{
    uint64_t  latest;

    if (w->limit == 0) {
        return ROOMS_OK;
    }

    if (w->n) {
        latest = w->times[(w->next + w->limit - 1) % w->limit];

        if (now_ms < latest) {
            now_ms = latest;
        }
    }

    if (w->n == w->limit && now_ms - w->times[w->next] < w->window) {
        return ROOMS_DECLINED;
    }

    w->times[w->next] = now_ms;
    w->next = (w->next + 1) % w->limit;

    if (w->n < w->limit) {
        w->n++;
    }

    return ROOMS_OK;
}


uint32_t
rooms_window_left(const rooms_window_t *w, uint64_t now_ms, uint64_t *reset)
{
    uint32_t  i, at;

    *reset = now_ms;

    /* from the oldest on */

    for (i = 0; i < w->n; i++) {
        at = (w->next + w->limit - w->n + i) % w->limit;

        if (now_ms < w->times[at] + w->window) {
            *reset = w->times[at] + w->window;
            break;
        }
    }

    return w->limit - (w->n - i);
}
