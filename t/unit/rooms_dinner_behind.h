
/*
 * Copyright (C) nginx rooms contributors
 *
 * A command that is decided on a state which lacks the latest records, as by
 * a worker that is behind.
 */


#ifndef _ROOMS_DINNER_BEHIND_H_INCLUDED_
#define _ROOMS_DINNER_BEHIND_H_INCLUDED_


#include "rooms_dinner_play.h"


static inline void *
dinner_copy_state(play_t *p)
{
    void         *copy;
    rooms_buf_t   b;

    rooms_buf_init(&b, 0);
    rooms_dinner_snapshot(p->state, &b);
    copy = NULL;
    assert_int_equal(rooms_dinner_restore(p->conf, &copy,
                                          rooms_str(b.data, b.len)),
                     ROOMS_OK);
    rooms_buf_free(&b);

    return copy;
}


/* Decides on a copy of the state that has not seen the latest records. */

static inline const char *
dinner_behind(play_t *p, void *copy, rooms_command_t *cmd)
{
    rooms_int_t  rc;

    rooms_decision_reset(&p->d);
    rc = p->app->decide(p->conf, copy, cmd, &p->d);
    assert_int_equal(rc, ROOMS_OK);

    return (const char *) p->d.text.data;
}


static inline json_t *
dinner_args(play_t *p, rooms_command_t *cmd, const char *sid,
    const char *event, const char *args)
{
    json_t  *array;

    array = json_loads(args, 0, NULL);
    assert_non_null(array);

    play_command(p, cmd, ROOMS_CMD_EVENT);
    play_from(p, cmd, sid);
    cmd->name = play_str(event);
    cmd->args = array;
    cmd->ack = 1;
    cmd->room = play_str("ABC123");

    return array;
}


#endif /* _ROOMS_DINNER_BEHIND_H_INCLUDED_ */
