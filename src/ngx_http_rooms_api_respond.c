
/*
 * Copyright (C) nginx rooms contributors
 *
 * The answer of a command of REST as that of its request.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_limit.h>
#include <ngx_http_rooms_respond.h>

#include <rooms_option.h>


static ngx_int_t ngx_http_rooms_api_header(ngx_http_request_t *r,
    rooms_str_t name, rooms_str_t text);


ngx_int_t
ngx_http_rooms_api_respond(ngx_http_request_t *r, rooms_decision_t *d,
    const rooms_limits_state_t *limit)
{
    u_char       *p;
    ngx_uint_t    limited;
    const char   *type;
    rooms_str_t   headers, name, str;

    if (rooms_decision_failed(d) || !d->answered) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    headers = rooms_str(d->headers.data, d->headers.len);
    limited = 0;

    while (rooms_get_str16(&headers, &name) == ROOMS_OK
           && rooms_get_str16(&headers, &str) == ROOMS_OK)
    {
        limited |= rooms_option_is(name, "X-RateLimit-Limit");

        if (ngx_http_rooms_api_header(r, name, str) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    /* where the application has a limit of its own, it speaks of that */

    if (!limited
        && ngx_http_rooms_limit_headers(r, limit, d->status) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    type = "application/json";
    str = rooms_decision_str(d, d->content_type);

    if (str.len) {
        p = ngx_pnalloc(r->pool, str.len + 1);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_memcpy(p, str.data, str.len);
        p[str.len] = '\0';

        type = (const char *) p;
    }

    return ngx_http_rooms_respond(r, d->status ? d->status : NGX_HTTP_OK,
                                  type, rooms_decision_str(d, d->answer));
}


static ngx_int_t
ngx_http_rooms_api_header(ngx_http_request_t *r, rooms_str_t name,
    rooms_str_t text)
{
    u_char     *p;
    ngx_str_t   value;

    p = ngx_pnalloc(r->pool, name.len + 1 + text.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = ngx_cpymem(p, name.data, name.len) + 1;
    value.data[-1] = '\0';
    value.len = text.len;

    ngx_memcpy(value.data, text.data, text.len);

    return ngx_http_rooms_respond_header(r, (char *) p, &value);
}
