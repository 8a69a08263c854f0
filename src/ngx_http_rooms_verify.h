
/*
 * Copyright (C) nginx rooms contributors
 *
 * What an application asks for by rooms_decide_verify().
 */


#ifndef _NGX_HTTP_ROOMS_VERIFY_H_INCLUDED_
#define _NGX_HTTP_ROOMS_VERIFY_H_INCLUDED_


#include <ngx_http_rooms_command.h>


/*
 * NGX_DONE: a thread of the pool "default" checks the password, then the task
 * is executed again.  NGX_OK: cmd.verified is set; that is where nginx has no
 * such pool, or the task is not a detached one.  NGX_ERROR: no memory.
 */

ngx_int_t ngx_http_rooms_verify(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);


#endif /* _NGX_HTTP_ROOMS_VERIFY_H_INCLUDED_ */
