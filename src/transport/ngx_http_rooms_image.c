
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_image.h>
#include <ngx_http_rooms_recovery.h>
#include <ngx_http_rooms_redis.h>


static ngx_int_t ngx_http_rooms_image_skip_binary(rooms_str_t *in);
static void ngx_http_rooms_image_end_socket(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_image_t *image, ngx_msec_t window);
static void ngx_http_rooms_image_tell(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_image_t *image);


ngx_int_t
ngx_http_rooms_image_skip(rooms_str_t *in)
{
    uint8_t      u8;
    uint32_t     u32;
    uint64_t     u64;
    rooms_str_t  str;

    if (in->len < ROOMS_EIO_SID_LEN) {
        return NGX_ERROR;
    }

    in->data += ROOMS_EIO_SID_LEN;
    in->len -= ROOMS_EIO_SID_LEN;

    if (rooms_get_u64(in, &u64) != ROOMS_OK
        || rooms_get_u64(in, &u64) != ROOMS_OK
        || rooms_get_u8(in, &u8) != ROOMS_OK
        || rooms_get_u32(in, &u32) != ROOMS_OK
        || rooms_get_str16(in, &str) != ROOMS_OK
        || rooms_get_str32(in, &str) != ROOMS_OK
        || ngx_http_rooms_image_skip_binary(in) != NGX_OK
        || rooms_get_str32(in, &str) != ROOMS_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* As ngx_http_rooms_binary_write() has it. */

static ngx_int_t
ngx_http_rooms_image_skip_binary(rooms_str_t *in)
{
    uint16_t     n, have;
    uint32_t     end;
    rooms_str_t  str;

    if (rooms_get_str32(in, &str) != ROOMS_OK) {
        return NGX_ERROR;
    }

    if (str.len == 0) {
        return NGX_OK;
    }

    if (rooms_get_u16(in, &n) != ROOMS_OK
        || rooms_get_u16(in, &have) != ROOMS_OK)
    {
        return NGX_ERROR;
    }

    while (have--) {
        if (rooms_get_u32(in, &end) != ROOMS_OK) {
            return NGX_ERROR;
        }
    }

    return rooms_get_str32(in, &str) == ROOMS_OK ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_rooms_image_next(rooms_str_t *in, ngx_http_rooms_image_t *image)
{
    if (in->len == 0) {
        return NGX_DONE;
    }

    if (in->len < 2 * NGX_HTTP_ROOMS_SID_LEN) {
        return NGX_ERROR;
    }

    image->sid = rooms_str(in->data, NGX_HTTP_ROOMS_SID_LEN);
    image->secret = rooms_str(in->data + NGX_HTTP_ROOMS_SID_LEN,
                              NGX_HTTP_ROOMS_SID_LEN);

    in->data += 2 * NGX_HTTP_ROOMS_SID_LEN;
    in->len -= 2 * NGX_HTTP_ROOMS_SID_LEN;

    if (rooms_get_u8(in, &image->flags) != ROOMS_OK
        || rooms_get_u8(in, &image->variant) != ROOMS_OK
        || rooms_get_u64(in, &image->ask) != ROOMS_OK
        || rooms_get_str16(in, &image->nsp) != ROOMS_OK
        || rooms_get_str32(in, &image->data) != ROOMS_OK
        || rooms_get_str32(in, &image->asked) != ROOMS_OK
        || rooms_get_str32(in, &image->rooms) != ROOMS_OK
        || rooms_get_str32(in, &image->joined) != ROOMS_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_rooms_image_rooms(rooms_str_t in, rooms_buf_t *b)
{
    ngx_http_rooms_image_t  image;

    if (ngx_http_rooms_image_skip(&in) != NGX_OK) {
        return;
    }

    while (ngx_http_rooms_image_next(&in, &image) == NGX_OK) {
        rooms_buf_str(b, image.rooms);
    }
}


void
ngx_http_rooms_image_end(ngx_http_rooms_zone_t *zone, rooms_str_t in,
    ngx_msec_t window)
{
    ngx_http_rooms_image_t  image;

    if (ngx_http_rooms_image_skip(&in) != NGX_OK) {
        return;
    }

    while (ngx_http_rooms_image_next(&in, &image) == NGX_OK) {
        ngx_http_rooms_image_end_socket(zone, &image, window);
    }
}


static void
ngx_http_rooms_image_end_socket(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_image_t *image, ngx_msec_t window)
{
    u_char       p[NGX_HTTP_ROOMS_RECORD_LEN];
    uint64_t     since;
    rooms_buf_t  names;
    rooms_str_t  in, name;

    if (zone->redis == NULL) {

        if (image->flags & NGX_HTTP_ROOMS_IMAGE_REGISTERED) {
            name = ngx_http_rooms_record_name(p, image->sid.data);
            ngx_http_rooms_recovery_settle(zone, name, zone->owner);

        } else {
            ngx_http_rooms_image_tell(zone, image);
        }

        return;
    }

    rooms_buf_init(&names, 0);

    in = image->rooms;

    while ((image->flags & NGX_HTTP_ROOMS_IMAGE_CONNECTED)
           && ngx_http_rooms_record_room(&in, &name, &since) == NGX_OK)
    {
        rooms_buf_str16(&names, name);
    }

    if (image->flags & NGX_HTTP_ROOMS_IMAGE_REGISTERED) {
        ngx_http_rooms_redis_reclaim(zone, image->sid, image->nsp,
                                  rooms_str(names.data, names.len),
                                  (image->flags
                                   & NGX_HTTP_ROOMS_IMAGE_RECOVERABLE)
                                  ? window : 0);

    } else {
        ngx_http_rooms_redis_depart(zone, image->sid, image->nsp,
                                    rooms_str(names.data, names.len),
                                    ROOMS_GONE_ERROR, 0, 0);
    }

    rooms_buf_free(&names);
}


/* The journal had no space for its record: it cannot have come back. */

static void
ngx_http_rooms_image_tell(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_image_t *image)
{
    uint64_t     since;
    rooms_str_t  in, name;

    in = image->rooms;

    while (zone->app->app->evolve
           && (image->flags & NGX_HTTP_ROOMS_IMAGE_CONNECTED)
           && ngx_http_rooms_record_room(&in, &name, &since) == NGX_OK)
    {
        ngx_http_rooms_execute_in(zone, ROOMS_CMD_DISCONNECT, name,
                                  image->sid, image->nsp);
    }
}
