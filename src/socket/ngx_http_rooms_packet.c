
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <rooms_json.h>
#include <rooms_rate.h>

#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_msgpack.h>
#include <ngx_http_rooms_packet.h>


#define NGX_HTTP_ROOMS_ARGS      256       /* of one event */
#define NGX_HTTP_ROOMS_NAME_MAX  1024      /* octets of an event's name */
#define NGX_HTTP_ROOMS_HEARD     1000      /* ms, between two HEARD */


static ngx_int_t ngx_http_rooms_packet_event(ngx_http_rooms_socket_t *socket,
    const rooms_sio_packet_t *pkt, const rooms_str_t *attachments);
static ngx_int_t ngx_http_rooms_packet_check(ngx_http_rooms_task_t *task,
    const rooms_str_t *items, size_t n);
static ngx_int_t ngx_http_rooms_packet_window(ngx_http_rooms_session_t *s);
static ngx_int_t ngx_http_rooms_packet_rate(ngx_http_rooms_task_t *task,
    const rooms_contract_event_t *event);
static rooms_rate_t *ngx_http_rooms_packet_rates(ngx_http_rooms_session_t *s);
static void ngx_http_rooms_packet_refuse(ngx_http_rooms_task_t *task,
    rooms_refusal_e why, const char *detail);
static void ngx_http_rooms_packet_done(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);
static ngx_uint_t ngx_http_rooms_packet_reserved(rooms_str_t name);


ngx_int_t
ngx_http_rooms_packet_invalid(ngx_http_rooms_session_t *s)
{
    s->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_PACKET]++;
    ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_PROTOCOL, 0);

    return NGX_ERROR;
}


ngx_http_rooms_socket_t *
ngx_http_rooms_socket_of(ngx_http_rooms_session_t *s, rooms_str_t nsp)
{
    ngx_queue_t              *q;
    ngx_http_rooms_socket_t  *socket;

    for (q = ngx_queue_head(&s->sockets);
         q != ngx_queue_sentinel(&s->sockets);
         q = ngx_queue_next(q))
    {
        socket = ngx_queue_data(q, ngx_http_rooms_socket_t, queue);

        if (socket->nsp.len == nsp.len
            && ngx_memcmp(socket->nsp.data, nsp.data, nsp.len) == 0)
        {
            return socket;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_rooms_socket_message(ngx_http_rooms_session_t *s, rooms_str_t data,
    ngx_uint_t binary)
{
    rooms_sio_packet_t  pkt;

    if (binary) {
        return s->binary ? ngx_http_rooms_binary_add(s, data)
                         : ngx_http_rooms_msgpack_message(s, data);
    }

    if (s->parser != NGX_HTTP_ROOMS_PARSER_JSON) {

        if (s->parser == NGX_HTTP_ROOMS_PARSER_MSGPACK) {
            return ngx_http_rooms_packet_invalid(s);
        }

        s->parser = NGX_HTTP_ROOMS_PARSER_JSON;
    }

    if (s->binary
        || rooms_sio_parse(data, s->conf->max_attachments, &pkt) != ROOMS_OK)
    {
        return ngx_http_rooms_packet_invalid(s);
    }

    if (pkt.type == ROOMS_SIO_BINARY_EVENT
        || pkt.type == ROOMS_SIO_BINARY_ACK)
    {
        return ngx_http_rooms_binary_begin(s, data, pkt.attachments);
    }

    return ngx_http_rooms_packet_dispatch(s, &pkt, NULL);
}


ngx_int_t
ngx_http_rooms_packet_dispatch(ngx_http_rooms_session_t *s,
    const rooms_sio_packet_t *pkt, const rooms_str_t *attachments)
{
    ngx_http_rooms_socket_t  *socket;

    if (pkt->type == ROOMS_SIO_CONNECT) {
        return ngx_http_rooms_connect(s, pkt);
    }

    socket = ngx_http_rooms_socket_of(s, pkt->nsp);

    if (socket == NULL) {
        return ngx_http_rooms_packet_invalid(s);
    }

    switch (pkt->type) {

    case ROOMS_SIO_DISCONNECT:
        ngx_http_rooms_socket_disconnect(socket, 0, 0);
        return NGX_OK;

    case ROOMS_SIO_EVENT:
    case ROOMS_SIO_BINARY_EVENT:
        return ngx_http_rooms_packet_event(socket, pkt, attachments);

    case ROOMS_SIO_ACK:
    case ROOMS_SIO_BINARY_ACK:
        return ngx_http_rooms_packet_ack(socket, pkt, attachments);

    default:
        return ngx_http_rooms_packet_invalid(s);
    }
}


static ngx_int_t
ngx_http_rooms_packet_event(ngx_http_rooms_socket_t *socket,
    const rooms_sio_packet_t *pkt, const rooms_str_t *attachments)
{
    size_t                     n;
    ngx_int_t                  rc;
    rooms_str_t                name, items[NGX_HTTP_ROOMS_ARGS];
    rooms_json_limits_t        limits;
    ngx_http_rooms_task_t      task;
    ngx_http_rooms_session_t  *s;
    unsigned char              buf[NGX_HTTP_ROOMS_NAME_MAX];

    s = socket->session;

    limits.depth = ROOMS_JSON_DEPTH;
    limits.nodes = s->conf->max_nodes;

    if (rooms_json_items(pkt->data, &limits, items, NGX_HTTP_ROOMS_ARGS, &n,
                         NULL)
        != ROOMS_OK
        || n == 0)
    {
        return ngx_http_rooms_packet_invalid(s);
    }

    /* stock servers take a number for a name, too */

    if (items[0].data[0] == '-'
        || (items[0].data[0] >= '0' && items[0].data[0] <= '9'))
    {
        name = items[0];

    } else if (items[0].len > sizeof(buf)
               || rooms_json_string(items[0], buf, sizeof(buf), &name)
                  != ROOMS_OK
               || ngx_http_rooms_packet_reserved(name))
    {
        return ngx_http_rooms_packet_invalid(s);
    }

    s->in++;
    s->zone->stat->in++;

    ngx_memzero(&task, sizeof(ngx_http_rooms_task_t));

    task.zone = s->zone;
    task.socket = socket;
    task.done = ngx_http_rooms_packet_done;
    task.id = pkt->id;

    task.cmd.kind = ROOMS_CMD_EVENT;
    task.cmd.name = name;
    task.cmd.text = pkt->data;
    task.cmd.attachments = attachments;
    task.cmd.nattachments = pkt->attachments;
    task.cmd.ack = (pkt->id != ROOMS_SIO_NO_ACK);
    task.cmd.query = ngx_http_rooms_session_kept_query(s);

    if (s->zone->redis == NULL) {

        /* a command that may wait has to do without */

        task.cmd.items = items;
        task.cmd.nitems = n;
    }

    if (s->conf->events
        && rooms_rate_take(&s->rate, s->conf->events, 1000,
                           ngx_http_rooms_now())
           != ROOMS_OK)
    {
        ngx_http_rooms_packet_refuse(&task, ROOMS_REFUSE_RATE,
                                     "Too many events");
        return NGX_OK;
    }

    if (ngx_http_rooms_packet_window(s) != NGX_OK) {
        ngx_http_rooms_packet_refuse(&task, ROOMS_REFUSE_RATE,
                                     "Too many events");
        return (s->closed || s->doomed) ? NGX_ERROR : NGX_OK;
    }

    rc = ngx_http_rooms_packet_check(&task, items, n);

    if (rc == NGX_OK) {
        ngx_http_rooms_execute(&task);
    }

    json_decref(task.cmd.args);

    return (s->closed || s->doomed) ? NGX_ERROR : NGX_OK;
}


/* The limit of the contract for all events of a connection. */

static ngx_int_t
ngx_http_rooms_packet_window(ngx_http_rooms_session_t *s)
{
    rooms_contract_rate_t  *rate;

    rate = &s->zone->app->rate;

    if (rate->limit == 0) {
        return NGX_OK;
    }

    if (s->window == NULL) {
        s->window = ngx_alloc(rooms_window_size(rate->limit), ngx_cycle->log);
        if (s->window == NULL) {
            return NGX_ERROR;
        }

        rooms_window_init(s->window, rate->limit, rate->window);
    }

    return rooms_window_take(s->window, ngx_http_rooms_now()) == ROOMS_OK
           ? NGX_OK : NGX_DECLINED;
}


/* NGX_DECLINED: the event has been refused. */

static ngx_int_t
ngx_http_rooms_packet_check(ngx_http_rooms_task_t *task,
    const rooms_str_t *items, size_t n)
{
    json_t                        *args;
    ngx_http_rooms_app_t          *app;
    rooms_schema_failure_t         failure;
    const rooms_contract_event_t  *event;

    app = task->zone->app;

    if (app->app->text_only) {
        return NGX_OK;
    }

    event = app->contract ? rooms_contract_event(app->contract,
                                                 task->cmd.name)
                          : NULL;

    if (app->contract && event == NULL) {
        ngx_http_rooms_packet_refuse(task, ROOMS_REFUSE_UNKNOWN,
                                     "Unknown event");
        return NGX_DECLINED;
    }

    if (event && ngx_http_rooms_packet_rate(task, event) != NGX_OK) {
        ngx_http_rooms_packet_refuse(task, ROOMS_REFUSE_RATE,
                                     "Too many events");
        return NGX_DECLINED;
    }

    args = json_loadb((const char *) task->cmd.text.data, task->cmd.text.len,
                      0, NULL);
    if (args == NULL) {
        ngx_http_rooms_packet_refuse(task, ROOMS_REFUSE_INVALID,
                                     "malformed text");
        return NGX_DECLINED;
    }

    (void) json_array_remove(args, 0);
    task->cmd.args = args;

    if (event
        && rooms_contract_check_event(event, args, &failure) != ROOMS_OK)
    {
        ngx_http_rooms_packet_refuse(task, ROOMS_REFUSE_INVALID,
                                     failure.message);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_packet_rate(ngx_http_rooms_task_t *task,
    const rooms_contract_event_t *event)
{
    rooms_rate_t  *rates;

    if (event->rate.limit == 0) {
        return NGX_OK;
    }

    rates = ngx_http_rooms_packet_rates(task->socket->session);
    if (rates == NULL) {
        return NGX_ERROR;
    }

    return rooms_rate_take(&rates[event->index], event->rate.limit,
                           event->rate.window, ngx_http_rooms_now())
           == ROOMS_OK ? NGX_OK : NGX_DECLINED;
}


/* One for each event of the contract, and that of HEARD. */

static rooms_rate_t *
ngx_http_rooms_packet_rates(ngx_http_rooms_session_t *s)
{
    ngx_uint_t  n;

    if (s->rates == NULL) {
        n = rooms_contract_events(s->zone->app->contract);
        s->rates = ngx_calloc((n + 1) * sizeof(rooms_rate_t), ngx_cycle->log);
    }

    return s->rates;
}


/* Who is refused is there, nevertheless. */

static void
ngx_http_rooms_packet_refuse(ngx_http_rooms_task_t *task, rooms_refusal_e why,
    const char *detail)
{
    rooms_rate_t              *rates;
    ngx_http_rooms_app_t      *app;
    ngx_http_rooms_task_t      heard;
    ngx_http_rooms_session_t  *s;

    app = task->zone->app;
    s = task->socket->session;

    ngx_http_rooms_refuse(task, why, detail);

    if (!(rooms_app_uses(app->app) & ROOMS_APP_HEARS) || !app->contract
        || s->closed || s->doomed || task->socket->dead)
    {
        return;
    }

    rates = ngx_http_rooms_packet_rates(s);

    if (rates == NULL
        || rooms_rate_take(&rates[rooms_contract_events(app->contract)], 1,
                           NGX_HTTP_ROOMS_HEARD, ngx_http_rooms_now())
           != ROOMS_OK)
    {
        return;
    }

    ngx_memzero(&heard, sizeof(ngx_http_rooms_task_t));

    heard.zone = task->zone;
    heard.socket = task->socket;
    heard.cmd.kind = ROOMS_CMD_HEARD;

    ngx_http_rooms_execute(&heard);
}


static void
ngx_http_rooms_packet_done(ngx_http_rooms_task_t *task, rooms_decision_t *d)
{
    rooms_buf_t  *b;
    rooms_str_t   attachments[NGX_HTTP_ROOMS_ATTACHMENTS];
    ngx_uint_t    n;

    static rooms_buf_t  answer;

    if (!task->cmd.ack || !d->answered || task->socket->dead) {
        return;
    }

    b = &answer;
    rooms_buf_reset(b);

    rooms_buf_byte(b, '[');
    rooms_buf_str(b, rooms_decision_str(d, d->answer));
    rooms_buf_byte(b, ']');

    n = ngx_http_rooms_socket_attachments(rooms_decision_str(d,
                                                             d->attachments),
                                          d->nanswer, attachments,
                                          NGX_HTTP_ROOMS_ATTACHMENTS);

    if (!b->failed) {
        ngx_http_rooms_socket_emit(task->socket, ROOMS_SIO_ACK, task->id,
                                   rooms_str(b->data, b->len), attachments,
                                   n);
    }
}


static ngx_uint_t
ngx_http_rooms_packet_reserved(rooms_str_t name)
{
    ngx_uint_t  i;

    static ngx_str_t  names[] = {
        ngx_string("connect"),
        ngx_string("connect_error"),
        ngx_string("disconnect"),
        ngx_string("disconnecting"),
        ngx_string("newListener"),
        ngx_string("removeListener"),
        ngx_null_string
    };

    for (i = 0; names[i].len; i++) {
        if (names[i].len == name.len
            && ngx_memcmp(names[i].data, name.data, name.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}
