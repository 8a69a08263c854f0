
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <rooms_json.h>
#include <rooms_rate.h>

#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_packet.h>


#define NGX_HTTP_ROOMS_ARGS         256    /* of one event */
#define NGX_HTTP_ROOMS_ATTACHMENTS  256    /* of one packet, at the most */
#define NGX_HTTP_ROOMS_ASKED_MAX    1000   /* acks owed by one socket */
#define NGX_HTTP_ROOMS_NAME_MAX     1024   /* octets of an event's name */


/* A packet whose attachments have not all come. */

struct ngx_http_rooms_binary_s {
    rooms_buf_t                  text;
    rooms_buf_t                  data;      /* attachments, one after another */
    ngx_uint_t                   n;         /* wanted */
    ngx_uint_t                   have;
    size_t                       ends[1];   /* of each in data */
};


static ngx_int_t ngx_http_rooms_packet_dispatch(ngx_http_rooms_session_t *s,
    const rooms_sio_packet_t *pkt, const rooms_str_t *attachments);
static ngx_int_t ngx_http_rooms_packet_event(ngx_http_rooms_socket_t *socket,
    const rooms_sio_packet_t *pkt, const rooms_str_t *attachments);
static ngx_int_t ngx_http_rooms_packet_check(ngx_http_rooms_task_t *task,
    const rooms_str_t *items, size_t n);
static ngx_int_t ngx_http_rooms_packet_window(ngx_http_rooms_session_t *s);
static ngx_int_t ngx_http_rooms_packet_rate(ngx_http_rooms_task_t *task,
    const rooms_contract_event_t *event);
static ngx_int_t ngx_http_rooms_packet_ack(ngx_http_rooms_socket_t *socket,
    const rooms_sio_packet_t *pkt, const rooms_str_t *attachments);
static void ngx_http_rooms_packet_done(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);
static ngx_uint_t ngx_http_rooms_packet_reserved(rooms_str_t name);
static ngx_int_t ngx_http_rooms_binary_begin(ngx_http_rooms_session_t *s,
    rooms_str_t text, ngx_uint_t n);
static ngx_int_t ngx_http_rooms_binary_add(ngx_http_rooms_session_t *s,
    rooms_str_t data);


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
                         : ngx_http_rooms_packet_invalid(s);
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


static ngx_int_t
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
    task.cmd.query = rooms_str(s->query.data, s->query.len);

    if (s->conf->events
        && rooms_rate_take(&s->rate, s->conf->events, 1000,
                           ngx_http_rooms_now())
           != ROOMS_OK)
    {
        ngx_http_rooms_refuse(&task, ROOMS_REFUSE_RATE, "Too many events");
        return NGX_OK;
    }

    if (ngx_http_rooms_packet_window(s) != NGX_OK) {
        ngx_http_rooms_refuse(&task, ROOMS_REFUSE_RATE, "Too many events");
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
        ngx_http_rooms_refuse(task, ROOMS_REFUSE_UNKNOWN, "Unknown event");
        return NGX_DECLINED;
    }

    if (event && ngx_http_rooms_packet_rate(task, event) != NGX_OK) {
        ngx_http_rooms_refuse(task, ROOMS_REFUSE_RATE, "Too many events");
        return NGX_DECLINED;
    }

    args = json_loadb((const char *) task->cmd.text.data, task->cmd.text.len,
                      0, NULL);
    if (args == NULL) {
        ngx_http_rooms_refuse(task, ROOMS_REFUSE_INVALID, "malformed text");
        return NGX_DECLINED;
    }

    (void) json_array_remove(args, 0);
    task->cmd.args = args;

    if (event
        && rooms_contract_check_event(event, args, &failure) != ROOMS_OK)
    {
        ngx_http_rooms_refuse(task, ROOMS_REFUSE_INVALID, failure.message);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_packet_rate(ngx_http_rooms_task_t *task,
    const rooms_contract_event_t *event)
{
    ngx_http_rooms_session_t  *s;

    if (event->rate.limit == 0) {
        return NGX_OK;
    }

    s = task->socket->session;

    if (s->rates == NULL) {
        s->rates = ngx_calloc(rooms_contract_events(task->zone->app->contract)
                              * sizeof(rooms_rate_t), ngx_cycle->log);
        if (s->rates == NULL) {
            return NGX_ERROR;
        }
    }

    return rooms_rate_take(&s->rates[event->index], event->rate.limit,
                           event->rate.window, ngx_http_rooms_now())
           == ROOMS_OK ? NGX_OK : NGX_DECLINED;
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


static ngx_int_t
ngx_http_rooms_packet_ack(ngx_http_rooms_socket_t *socket,
    const rooms_sio_packet_t *pkt, const rooms_str_t *attachments)
{
    ngx_queue_t               *q;
    rooms_json_limits_t        limits;
    ngx_http_rooms_task_t      task;
    ngx_http_rooms_asked_t    *asked;
    ngx_http_rooms_session_t  *s;

    s = socket->session;
    asked = NULL;

    limits.depth = ROOMS_JSON_DEPTH;
    limits.nodes = s->conf->max_nodes;

    if (rooms_json_check(pkt->data, &limits, NULL) != ROOMS_OK) {
        return ngx_http_rooms_packet_invalid(s);
    }

    for (q = ngx_queue_head(&socket->asked);
         q != ngx_queue_sentinel(&socket->asked);
         q = ngx_queue_next(q))
    {
        asked = ngx_queue_data(q, ngx_http_rooms_asked_t, queue);

        if (asked->id == pkt->id) {
            break;
        }
    }

    if (asked == NULL || q == ngx_queue_sentinel(&socket->asked)) {

        /* an ack that nobody waits for is ignored */

        return NGX_OK;
    }

    ngx_queue_remove(q);
    socket->nasked--;

    ngx_memzero(&task, sizeof(ngx_http_rooms_task_t));

    task.zone = s->zone;
    task.socket = socket;
    task.cmd.kind = ROOMS_CMD_ACK;
    task.cmd.name = rooms_str(asked->name.data, asked->name.len);
    task.cmd.text = pkt->data;
    task.cmd.attachments = attachments;
    task.cmd.nattachments = pkt->attachments;

    ngx_http_rooms_execute(&task);

    ngx_free(asked);

    return (s->closed || s->doomed) ? NGX_ERROR : NGX_OK;
}


ngx_http_rooms_asked_t *
ngx_http_rooms_asked_add(ngx_http_rooms_socket_t *socket, uint64_t id,
    rooms_str_t name)
{
    ngx_http_rooms_asked_t  *asked;

    if (socket->nasked == NGX_HTTP_ROOMS_ASKED_MAX) {
        return NULL;
    }

    asked = ngx_alloc(sizeof(ngx_http_rooms_asked_t) + name.len,
                      ngx_cycle->log);
    if (asked == NULL) {
        return NULL;
    }

    asked->id = id;
    asked->name.data = (u_char *) asked + sizeof(ngx_http_rooms_asked_t);
    asked->name.len = name.len;
    ngx_memcpy(asked->name.data, name.data, name.len);

    ngx_queue_insert_tail(&socket->asked, &asked->queue);
    socket->nasked++;

    return asked;
}


void
ngx_http_rooms_asked_free(ngx_http_rooms_socket_t *socket)
{
    ngx_queue_t             *q;
    ngx_http_rooms_asked_t  *asked;

    while (!ngx_queue_empty(&socket->asked)) {
        q = ngx_queue_head(&socket->asked);
        asked = ngx_queue_data(q, ngx_http_rooms_asked_t, queue);

        ngx_queue_remove(q);
        ngx_free(asked);
    }

    socket->nasked = 0;
}


ngx_int_t
ngx_http_rooms_socket_ask(ngx_http_rooms_socket_t *socket, rooms_str_t name,
    rooms_str_t json, const rooms_str_t *attachments, ngx_uint_t n)
{
    uint64_t  id;

    id = socket->ask;

    if (ngx_http_rooms_asked_add(socket, id, name) == NULL) {
        socket->session->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_LIMIT]++;
        return NGX_ERROR;
    }

    socket->ask++;

    ngx_http_rooms_socket_emit(socket, ROOMS_SIO_EVENT, id, json, attachments,
                               n);

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_binary_begin(ngx_http_rooms_session_t *s, rooms_str_t text,
    ngx_uint_t n)
{
    ngx_http_rooms_binary_t  *bin;

    bin = ngx_calloc(sizeof(ngx_http_rooms_binary_t) + n * sizeof(size_t),
                     ngx_cycle->log);
    if (bin == NULL) {
        return ngx_http_rooms_packet_invalid(s);
    }

    bin->n = n;
    rooms_buf_init(&bin->text, 0);
    rooms_buf_init(&bin->data, s->conf->max_payload);

    (void) rooms_buf_reserve(&bin->data, 1);
    rooms_buf_str(&bin->text, text);

    s->binary = bin;

    return bin->text.failed ? ngx_http_rooms_packet_invalid(s) : NGX_OK;
}


static ngx_int_t
ngx_http_rooms_binary_add(ngx_http_rooms_session_t *s, rooms_str_t data)
{
    size_t                    start;
    unsigned                  count, order[NGX_HTTP_ROOMS_ATTACHMENTS];
    ngx_int_t                 rc;
    ngx_uint_t                i;
    rooms_str_t               attachments[NGX_HTTP_ROOMS_ATTACHMENTS];
    rooms_sio_packet_t        pkt;
    ngx_http_rooms_binary_t  *bin;

    bin = s->binary;

    rooms_buf_str(&bin->data, data);

    if (bin->data.failed) {
        s->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_PAYLOAD]++;
        ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_PROTOCOL,
                                     ROOMS_WS_TOO_BIG);
        return NGX_ERROR;
    }

    bin->ends[bin->have++] = bin->data.len;

    if (bin->have < bin->n) {
        return NGX_OK;
    }

    start = 0;

    for (i = 0; i < bin->n; i++) {
        attachments[i] = rooms_str(bin->data.data + start,
                                   bin->ends[i] - start);
        start = bin->ends[i];
    }

    /* the next packet may begin while this one is handled */

    s->binary = NULL;

    if (rooms_sio_parse(rooms_str(bin->text.data, bin->text.len),
                        s->conf->max_attachments, &pkt)
        != ROOMS_OK
        || rooms_json_check(pkt.data, NULL, NULL) != ROOMS_OK
        || rooms_sio_placeholders(pkt.data, pkt.attachments, NULL, order,
                                  NGX_HTTP_ROOMS_ATTACHMENTS, &count)
           != ROOMS_OK)
    {
        rc = ngx_http_rooms_packet_invalid(s);

    } else {
        rc = ngx_http_rooms_packet_dispatch(s, &pkt, attachments);
    }

    rooms_buf_free(&bin->text);
    rooms_buf_free(&bin->data);
    ngx_free(bin);

    return rc;
}


void
ngx_http_rooms_binary_write(ngx_http_rooms_session_t *s, rooms_buf_t *b)
{
    ngx_uint_t                i;
    ngx_http_rooms_binary_t  *bin;

    bin = s->binary;

    if (bin == NULL) {
        rooms_buf_str32(b, rooms_str(NULL, 0));
        return;
    }

    rooms_buf_str32(b, rooms_str(bin->text.data, bin->text.len));
    rooms_buf_u16(b, (uint16_t) bin->n);
    rooms_buf_u16(b, (uint16_t) bin->have);

    for (i = 0; i < bin->have; i++) {
        rooms_buf_u32(b, (uint32_t) bin->ends[i]);
    }

    rooms_buf_str32(b, rooms_str(bin->data.data, bin->data.len));
}


ngx_int_t
ngx_http_rooms_binary_read(ngx_http_rooms_session_t *s, rooms_str_t *in)
{
    uint16_t     n, have;
    uint32_t     end, last;
    ngx_uint_t   i;
    rooms_str_t  text, data;

    if (rooms_get_str32(in, &text) != ROOMS_OK) {
        return NGX_ERROR;
    }

    if (text.len == 0) {
        return NGX_OK;
    }

    if (rooms_get_u16(in, &n) != ROOMS_OK
        || rooms_get_u16(in, &have) != ROOMS_OK
        || n > NGX_HTTP_ROOMS_ATTACHMENTS || have >= n
        || ngx_http_rooms_binary_begin(s, text, n) != NGX_OK)
    {
        return NGX_ERROR;
    }

    last = 0;

    for (i = 0; i < have; i++) {
        if (rooms_get_u32(in, &end) != ROOMS_OK || end < last) {
            return NGX_ERROR;
        }

        s->binary->ends[i] = end;
        last = end;
    }

    if (rooms_get_str32(in, &data) != ROOMS_OK || data.len != last) {
        return NGX_ERROR;
    }

    s->binary->have = have;
    rooms_buf_str(&s->binary->data, data);

    return s->binary->data.failed ? NGX_ERROR : NGX_OK;
}


void
ngx_http_rooms_binary_free(ngx_http_rooms_session_t *s)
{
    if (s->binary == NULL) {
        return;
    }

    rooms_buf_free(&s->binary->text);
    rooms_buf_free(&s->binary->data);
    ngx_free(s->binary);

    s->binary = NULL;
}
