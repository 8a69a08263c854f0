
/*
 * Copyright (C) nginx rooms contributors
 *
 * The contracts of an application, read from their files.
 */


#ifndef _NGX_HTTP_ROOMS_CONTRACT_H_INCLUDED_
#define _NGX_HTTP_ROOMS_CONTRACT_H_INCLUDED_


#include <ngx_http_rooms_conf.h>


/* Of a file; one that is larger is refused before it is read. */

#define NGX_HTTP_ROOMS_CONTRACT_MAX  (4 * 1024 * 1024)


/*
 * Sets app->contract from the files of app->contracts, of which each may be
 * AsyncAPI or OpenAPI, but not both the same; NULL where there is none.
 * What is wrong is logged with the place in the file, and with the file and
 * line of the "contract" directive.
 */

ngx_int_t ngx_http_rooms_contract_load(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app);

/*
 * The text of the file file->name, allocated, for ngx_free().  NGX_ERROR: it
 * is logged why.
 */

ngx_int_t ngx_http_rooms_contract_read(ngx_conf_t *cf,
    ngx_http_rooms_setting_t *file, ngx_str_t *text);


#endif /* _NGX_HTTP_ROOMS_CONTRACT_H_INCLUDED_ */
