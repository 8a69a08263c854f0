'use strict';

/* In one location with the rest of nginx: as its user expects. */

const assert = require('node:assert');
const fs = require('node:fs');
const http2 = require('node:http2');
const path = require('node:path');
const { describe, it, before, after, afterEach } = require('node:test');

const { oneLocation, Wire, Poll, frame, eio, sio, request, sleep, until,
    SCALE } = require('./lib/echo');
const { Server } = require('./lib/server');
const { Player } = require('./lib/player');

const OPEN = '/socket.io/?EIO=4&transport=polling';
const WS = '/socket.io/?EIO=4&transport=websocket';


function manner(name, o, tests) {
    describe(`manners: ${name}`, () => {
        const { lines, ...rest } = o;
        const server = new Server(oneLocation(lines || '', rest));

        before(() => server.start());
        afterEach(() => Wire.closeAll());
        after(() => server.stop());
        tests(server);
    });
}


/* The status of an attempt to open a WebSocket. */

async function tried(server, headers, target) {
    const wire = new Wire(server.ports.http);

    await wire.get(target || WS, headers);
    await wire.until(() => wire.head !== null, 'an answer');
    return wire;
}


async function works(server) {
    const wire = await sio(server);

    await wire.text('42["message",1]');
    await wire.packet('42["message-back",1]');
    wire.destroy();

    const poll = await new Poll(server, '/socket.io/').open();

    await poll.post('40');
    await poll.until('42["auth"');
    await poll.post('1');
}


function accessLog(server) {
    try {
        return fs.readFileSync(path.join(server.dir, 'access.log'), 'utf8')
            .trim().split('\n').filter(Boolean);
    } catch (e) {
        return [];
    }
}


manner('what is not for us', { locations: `
    location / { return 200 "other"; }` }, (server) => {
    it('goes elsewhere', async () => {
        assert.strictEqual((await request(server.url, 'GET', '/x')).text,
            'other');
        assert.strictEqual((await request(server.url, 'GET',
            '/socket.io?EIO=4&transport=polling')).text, 'other');
    });

    it('methods that mean nothing here are refused', async () => {
        for (const method of ['PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
            assert.strictEqual((await request(server.url, method, OPEN))
                .status, 400, method);
        }
    });

    it('a body on an upgrade is refused and not taken for frames',
        async () => {
            const wire = new Wire(server.ports.http);

            await wire.get(WS, { 'Content-Length': '9' });
            await wire.write('123456789GET / HTTP/1.1\r\nHost: x\r\n\r\n');
            await wire.until(() => wire.rest.includes('other'),
                'the next request');
            assert.strictEqual(wire.status, 400);
        });

    it('a body on a GET is passed over', async () => {
        const res = await request(server.url, 'GET', OPEN, 'abc',
            { 'content-type': 'text/plain' });

        assert.strictEqual(res.status, 200);
        assert.strictEqual(res.text[0], '0');
    });
});


manner('HTTP/2', { tls: true, h2c: true }, (server) => {
    function h2(port, headers) {
        return new Promise((resolve, reject) => {
            const client = http2.connect(port === server.ports.tls
                ? `https://127.0.0.1:${port}` : `http://127.0.0.1:${port}`,
            { rejectUnauthorized: false });
            const req = client.request(headers);
            let text = '';

            client.on('error', reject);
            req.on('response', (h) => {
                req.status = h[':status'];
            });
            req.on('data', (d) => {
                text += d;
            });
            req.on('error', reject);
            req.on('end', () => {
                client.close();
                resolve({ status: req.status, text });
            });
            req.end();
        });
    }

    it('serves polling', async () => {
        for (const port of [server.ports.tls, server.ports.h2c]) {
            const res = await h2(port, { ':path': OPEN });

            assert.strictEqual(res.status, 200);
            assert.strictEqual(res.text[0], '0');
        }
    });

    it('refuses a WebSocket', async () => {
        const res = await h2(server.ports.h2c, { ':path': WS });

        assert.strictEqual(res.status, 400);
        assert.strictEqual(JSON.parse(res.text).code, 3);
    });

    it('Upgrade: h2c is no WebSocket', async () => {
        const wire = await tried(server, { Upgrade: 'h2c',
            Connection: 'Upgrade, HTTP2-Settings',
            'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA' });

        assert.strictEqual(wire.status, 400);
    });

    it('TLS serves both', async () => {
        const p = new Player(`https://127.0.0.1:${server.ports.tls}`,
            { mode: 'upgrade', rejectUnauthorized: false });

        server.players.push(p);
        await p.connect();
        await p.on(() => p.log.find((e) => e.name === 'auth'), 'auth');
        await until(() => p.socket.io.engine.transport.name === 'websocket',
            'the upgrade');
        p.tell('big', 'b', 500000);
        assert.strictEqual((await p.next('b')).length, 500000);
        server.closePlayers();
    });
});


manner('subrequests', { locations: `
    location = /auth { internal; rewrite ^ /socket.io/?EIO=4&transport=polling
        break; rooms echo; }
    location = /gate { auth_request /auth; }` }, (server) => {
    it('are answered with 404, without a session', async () => {
        const res = await request(server.url, 'GET', '/gate');

        assert.strictEqual(res.status, 500);
        assert.strictEqual((await server.status()).apps.echo.transports
            .polling, 0);
        assert.match(server.errorLog(), /auth request unexpected status/);
    });
});


manner('auth_request', { lines: 'auth_request /auth;', locations: `
    location = /auth { internal; if ($http_x_key = "secret") { return 204; }
        return 403; }` }, (server) => {
    it('keeps out, lets in', async () => {
        assert.strictEqual((await request(server.url, 'GET', OPEN)).status,
            403);
        assert.strictEqual((await tried(server)).status, 403);
        assert.strictEqual((await tried(server, { 'X-Key': 'secret' }))
            .status, 101);
        assert.strictEqual((await request(server.url, 'GET', OPEN, undefined,
            { 'x-key': 'secret' })).status, 200);
    });
});


manner('if and rewrite', { lines: `
    if ($http_user_agent ~ bad) { return 403; }
    if ($http_x_mark) { set $marked 1; }
    rewrite_log on;`, locations: `
    location /old/ { rewrite ^/old/(.*)$ /socket.io/$1 last; }` },
(server) => {
    it('a return', async () => {
        assert.strictEqual((await tried(server, { 'User-Agent': 'bad' }))
            .status, 403);
    });

    it('an if that is true serves on', async () => {
        const wire = await tried(server, { 'X-Mark': '1' });

        assert.strictEqual(wire.status, 101);
        await wire.text('40');
        await wire.packet('42["auth"');
    });

    it('a rewrite to the location', async () => {
        const wire = await tried(server, {},
            '/old/?EIO=4&transport=websocket');

        assert.strictEqual(wire.status, 101);
        await wire.packet('0{');
    });

    it('as before', () => works(server));
});


manner('limit_req', { http: ['limit_req_zone $binary_remote_addr ' +
    'zone=r:1m rate=1r/m;'], lines: 'limit_req zone=r burst=2 nodelay;' },
(server) => {
    it('refuses handshakes over the rate, not frames', async () => {
        const wires = [await tried(server), await tried(server),
            await tried(server), await tried(server)];

        assert.deepStrictEqual(wires.map((w) => w.status),
            [101, 101, 101, 503]);
        await wires[0].text('40');
        await wires[0].packet('40');
        wires[0].clear();

        for (let i = 0; i < 50; i++) {
            await wires[0].text(`42["message",${i}]`);
        }

        await wires[0].packet('42["message-back",49]');
    });
});


manner('limit_conn', { http: ['limit_conn_zone $binary_remote_addr ' +
    'zone=c:1m;'],
    lines: 'limit_conn c 2;' }, (server) => {
    it('counts a WebSocket as long as it lives', async () => {
        const wires = [await tried(server), await tried(server)];

        assert.deepStrictEqual(wires.map((w) => w.status), [101, 101]);
        assert.strictEqual((await tried(server)).status, 503);
        assert.strictEqual((await request(server.url, 'GET', OPEN)).status,
            503);
        await wires[0].text('40');
        await wires[0].packet('42["auth"');
        wires[0].destroy();
        await until(async () => (await request(server.url, 'GET', OPEN))
            .status === 200, 'room for one');
    });

    it('counts a poll that waits', async () => {
        Wire.closeAll();

        const polls = [];

        for (let i = 0; i < 2; i++) {
            const poll = new Poll(server, '/socket.io/');

            await until(() => poll.open().then(() => true, () => false),
                'a session');
            polls.push(poll);
        }

        const waiting = polls.map((p) => p.get());

        await sleep(100 * SCALE);
        assert.strictEqual((await request(server.url, 'GET', OPEN)).status,
            503);
        server.child.kill('SIGHUP');
        await Promise.allSettled(waiting);
    });
});


manner('access_log', { http: ['log_format t "$status $rooms_transport ' +
    '$request_method $bytes_sent $rooms_close";'],
lines: 'access_log access.log t;' }, (server) => {
    it('a line for each request, one for a WebSocket, at its end',
        async () => {
            const wire = await sio(server);

            await sleep(50);
            assert.strictEqual(accessLog(server).length, 0);
            wire.destroy();
            await until(() => accessLog(server).length === 1, 'a line');
            assert.match(accessLog(server)[0], /^101 websocket GET \d+ /);
            await request(server.url, 'GET', OPEN);
            await until(() => accessLog(server).length === 2, 'a line');
            assert.match(accessLog(server)[1], /^200 polling GET \d+ /);
        });
});


manner('error_page', { lines: 'error_page 413 = @large;', locations: `
    location @large { return 200 "too large"; }` }, (server) => {
    it('has its say for nginx\'s own statuses', async () => {
        const poll = await new Poll(server, '/socket.io/').open();
        const res = await poll.post('4'.padEnd(1000001));

        assert.deepStrictEqual([res.status, res.text], [200, 'too large']);
        assert.strictEqual((await poll.post('40')).text, 'ok');
    });

    it('answers of the protocol stay what they are', async () => {
        const res = await request(server.url, 'GET',
            '/socket.io/?EIO=4&transport=abc');

        assert.deepStrictEqual([res.status, res.json.code], [400, 0]);
    });
});


manner('proxy_protocol and realip', {
    http: ['log_format a "$remote_addr $proxy_protocol_addr";'],
    server: ['set_real_ip_from 127.0.0.1;', 'real_ip_header proxy_protocol;',
        'access_log access.log a;'],
    proxied: true,
}, (server) => {
    it('the address is the one that was told', async () => {
        const wire = new Wire(server.ports.proxied);

        await wire.write('PROXY TCP4 192.0.2.7 192.0.2.1 5000 80\r\n');
        await wire.get(WS);
        await wire.packet('0{');
        await wire.text('40');
        await wire.packet('42["auth"');
        wire.destroy();
        await until(() => accessLog(server).some((l) =>
            l === '192.0.2.7 192.0.2.7'), 'the line');
    });
});


manner('error_log', { lines: 'error_log own.log info; ' +
    'rooms_origin http://a.example; rooms_send_queue 4k;' }, (server) => {
    const own = () => fs.readFileSync(path.join(server.dir, 'own.log'),
        'utf8');

    it('has what concerns a request', async () => {
        const wire = await tried(server, { Origin: 'http://b.example' });

        assert.strictEqual(wire.status, 403);
        assert.match(own(), /origin "http:\/\/b\.example" is not allowed/);
    });

    it('and a WebSocket, with its client', async () => {
        const wire = await sio(server);

        wire.socket.pause();

        for (let i = 0; i < 200; i++) {
            wire.text('42["big","b",100000]');
        }

        await until(() => /does not read.*client: 127\.0\.0\.1/.test(own()),
            'the line');
        assert.ok(!server.errorLog().includes('does not read'));
    });
});


manner('realip by a header', { http: ['log_format a "$remote_addr";'],
    lines: 'set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For; ' +
        'access_log access.log a;' }, (server) => {
    it('holds for a WebSocket', async () => {
        const wire = await tried(server, { 'X-Forwarded-For': '192.0.2.9' });

        assert.strictEqual(wire.status, 101);
        await wire.packet('0{');
        wire.destroy();
        await until(() => accessLog(server).includes('192.0.2.9'),
            'the line');
    });
});


manner('add_header and expires', { tls: true, lines: `
    add_header X-Own yes always;
    add_header X-Ok ok;
    add_header X-Long $arg_long always;
    expires -1;
    server_tokens off;` }, (server) => {
    it('are on polling answers, errors too', async () => {
        const good = await request(server.url, 'GET', OPEN);

        assert.strictEqual(good.headers['x-own'], 'yes');
        assert.strictEqual(good.headers['x-ok'], 'ok');
        assert.strictEqual((await request(server.url, 'GET',
            '/socket.io/?EIO=4&transport=abc')).headers['x-own'], 'yes');
    });

    /* X-Ok has no "always", and 101 is not among the statuses without it */

    it('are on the answer to an upgrade, as on one that is passed on',
        async () => {
            const wire = await tried(server);

            assert.match(wire.head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
            assert.strictEqual(wire.header('X-Own'), 'yes');
            assert.strictEqual(wire.header('X-Ok'), null);
            assert.strictEqual(wire.header('X-Long'), null);
            assert.strictEqual(wire.header('Server'), 'nginx');
            assert.ok(Math.abs(Date.parse(wire.header('Date')) - Date.now())
                < 5000 * SCALE);
            assert.match(wire.header('Connection'), /^upgrade$/i);
            assert.strictEqual(wire.header('Content-Length'), null);
            assert.strictEqual(wire.header('Transfer-Encoding'), null);
            await wire.packet('0{');
        });

    /* nginx keeps what is shorter than "postpone_output", 1460 octets */

    for (const tls of [false, true]) {
        for (const n of [10, 1300, 1460, 6000]) {
            it(`may have ${n} octets${tls ? ' over TLS' : ''}`, async () => {
                const wire = new Wire(tls ? server.ports.tls
                    : server.ports.http, { tls });
                const long = 'x'.repeat(n);

                await wire.open(`${WS}&long=${long}`);
                assert.strictEqual(wire.header('X-Long'), long);
                await wire.text('40');
                await wire.packet('42["auth"');
                assert.strictEqual(wire.packets()[0][0], '0');
                wire.destroy();
            });
        }
    }

    it('are on the answer to a candidate', async () => {
        const poll = await new Poll(server, '/socket.io/').open();
        const wire = await tried(server, {}, `${WS}&sid=${poll.sid}`);

        assert.strictEqual(wire.status, 101);
        assert.strictEqual(wire.header('X-Own'), 'yes');
        await wire.text('2probe');
        await wire.packet('3probe');
        wire.destroy();
    });
});


manner('limit_rate and postpone_output', { tls: true, lines: `
    limit_rate 100;
    postpone_output 0;
    add_header X-Long $arg_long always;` }, (server) => {
    it('hold up no WebSocket', async () => {
        for (const tls of [false, true]) {
            const wire = new Wire(tls ? server.ports.tls : server.ports.http,
                { tls });

            await wire.open(`${WS}&long=${'x'.repeat(6000)}`);
            await wire.text('40');
            await wire.packet('42["auth"');
            wire.destroy();
        }
    });

    it('slow down an answer that is longer', async () => {
        const from = Date.now();
        const res = await request(server.url, 'GET', OPEN);

        assert.strictEqual(res.status, 200);
        assert.ok(Date.now() - from > 500);
    });
});


/* timers say there of which connection they are */

manner('error_log debug', { logLevel: 'debug' }, (server) => {
    it('does no harm', async () => {
        for (let i = 0; i < 8; i++) {
            await works(server);

            const poll = await new Poll(server, '/socket.io/').open();
            const post = new Wire(server.ports.http);
            const wire = new Wire(server.ports.http);

            await post.write(`POST ${poll.target()} HTTP/1.1\r\nHost: x` +
                '\r\nContent-Length: 2\r\n\r\n4');
            await sleep(20);
            await post.write('0');
            await post.until(() => post.rest === 'ok', 'the answer');
            await wire.open(`${WS}&sid=${poll.sid}`);
            await wire.text('2probe');
            await wire.packet('3probe');
            await wire.text('5');
            await wire.packet('42["auth"');
            wire.destroy();
        }
    });
});


describe('manners: worker_shutdown_timeout', () => {
    it('ends what has not gone by itself', async () => {
        const server = new Server(oneLocation('rooms_shutdown_time 1h;',
            { shutdown: '1s' }));

        await server.start();

        const wire = await sio(server);
        const from = Date.now();

        server.child.kill('SIGQUIT');
        await wire.until(() => wire.ended, 'the end', 10000 * SCALE);

        const took = Date.now() - from;

        assert.ok(took < 4000 * SCALE, `${took} ms`);
        await server.stop();
    });
});


describe('manners: worker_connections', () => {
    it('exhausted, the others are served on', async () => {
        const server = new Server({ ...oneLocation(''), workers: 1,
            connections: 32, allow: /worker_connections are not enough/ });

        await server.start();

        const first = await sio(server);
        const wires = [];

        for (let i = 0; i < 40; i++) {
            const wire = new Wire(server.ports.http);

            wire.get(WS).catch(() => {});
            wires.push(wire);
        }

        await until(() => wires.filter((w) => w.ended).length > 0,
            'some refused');
        await first.text('42["message","still"]');
        await first.packet('42["message-back","still"]');
        wires.forEach((w) => w.destroy());
        await sleep(200);
        await works(server);
        Wire.closeAll();
        await server.stop();
    });
});
