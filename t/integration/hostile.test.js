'use strict';

/* What a client might try that means no good. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { useEcho, oneLocation, refused, Poll, Wire, frame, eio, sio, request,
    sleep, until, SCALE } = require('./lib/echo');
const { Redis } = require('./lib/redis');
const { Server } = require('./lib/server');

const WS = '/socket.io/?EIO=4&transport=websocket';


function one(name, lines, o, tests) {
    describe(`hostile: ${name}`, () => {
        const server = new Server(oneLocation(lines, o));

        before(() => server.start());
        afterEach(() => Wire.closeAll());
        after(() => server.stop());
        tests(server);
    });
}


/* Sessions of any kind, of all blocks together. */

async function sessions(server) {
    const { apps } = await server.status();

    return Object.values(apps).reduce((n, a) => n + a.transports.websocket +
        a.transports.polling, 0);
}


function gone(server, was) {
    return until(async () => await sessions(server) <= (was || 0),
        'all gone', 10000 * SCALE);
}


describe('hostile: requests in a row', () => {
    const server = useEcho({ before, after, afterEach });
    const upgrade = (target) => `GET ${target} HTTP/1.1\r\nHost: x\r\n` +
        'Upgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const get = (target, more) => `GET ${target} HTTP/1.1\r\nHost: x\r\n` +
        `${more || ''}\r\n`;

    it('frames that come with the upgrade are frames', async () => {
        const wire = new Wire(server.ports.http);

        await wire.write(Buffer.concat([Buffer.from(upgrade(WS)),
            frame(1, '40'), frame(1, '42["message",1]')]));
        await wire.packet('42["message-back",1]');
    });

    it('a request behind the upgrade is no request', async () => {
        const was = await refused(server, 'frame');
        const wire = new Wire(server.ports.http);

        await wire.write(upgrade(WS) + get('/status'));
        assert.strictEqual(await wire.closed(), 1002);
        assert.strictEqual(wire.status, 101);
        assert.ok(!wire.rest.includes('HTTP/1.1 200'));
        assert.strictEqual(await refused(server, 'frame'), was + 1);
    });

    it('an upgrade behind other requests is one', async () => {
        const wire = new Wire(server.ports.http);

        /* the first answer is read as the head, the rest stands behind it */

        await wire.write(get('/status') + upgrade(WS));
        await wire.until(() => wire.rest.includes('HTTP/1.1 101'),
            'the second answer');
        await wire.until(() => wire.rest.includes('0{"sid"'), 'the packet');
        assert.strictEqual(wire.status, 200);
    });

    it('a GET in the body of a POST is a body', async () => {
        const poll = await new Poll(server, '/default/').open();
        const inner = get('/status');
        const res = await poll.post(`40\x1e4${inner}`);

        assert.ok(res.status === 200 || res.status === 400, res.text);
        assert.ok(!res.text.includes('"apps"'));
    });

    /* one of the two lengths would be believed by somebody before us */

    for (const [what, head] of [
        ['two lengths', 'Content-Length: 4\r\nContent-Length: 50\r\n'],
        ['a length and chunks',
            'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n'],
        ['chunks said twice',
            'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
        ['an unknown coding', 'Transfer-Encoding: identity\r\n'],
    ]) {
        it(`${what} are refused, and what follows is not looked at`,
            async () => {
                for (const method of ['GET', 'POST']) {
                    const poll = await new Poll(server, '/default/').open();
                    const wire = new Wire(server.ports.http);

                    await wire.write(`${method} ${poll.target()} HTTP/1.1` +
                        `\r\nHost: x\r\n${head}\r\n0\r\n\r\n` +
                        get('/status'));
                    await wire.until(() => wire.ended, 'the end');
                    assert.ok([400, 501].includes(wire.status), wire.head);
                    assert.ok(!wire.rest.includes('"apps"'));
                }
            });
    }

    it('a GET that waits may have a body, whole, chunked or never sent',
        async () => {
            const was = await sessions(server);

            for (const [head, body, whole] of [
                ['Content-Length: 5\r\n', 'hello', true],
                ['Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n',
                    true],
                ['Content-Length: 50\r\n', 'hello', false],
                ['Transfer-Encoding: chunked\r\n', '50\r\nhello', false],
            ]) {
                const poll = await new Poll(server, '/default/').open();
                const wire = new Wire(server.ports.http);

                await wire.write(get(poll.target(), head) + body);
                await sleep(20);
                assert.strictEqual(wire.head, null);
                await poll.post('40');
                await wire.until(() => wire.rest.includes('40{"sid"'),
                    'the packet');
                assert.strictEqual(wire.status, 200);

                if (whole) {
                    await wire.write(get('/nothing'));
                    await wire.until(() => wire.rest.includes('404'),
                        'the next answer');
                }

                wire.destroy();
                await poll.post('1');
            }

            await gone(server, was);
        });

    /* on another worker the session may end before the body has come */

    it('what is left of a body is no request', async () => {
        let early = 0;

        for (let i = 0; i < 12; i++) {
            const poll = await new Poll(server, '/default/').open();
            const wire = new Wire(server.ports.http);
            const inner = get('/status');

            await wire.write(`POST ${poll.target()} HTTP/1.1\r\nHost: x\r\n` +
                `Content-Length: ${inner.length + 1}\r\n\r\n4`);
            await sleep(20);
            await Promise.all([poll.get(), poll.get()]);
            await sleep(20);

            if (wire.head !== null) {
                early++;
                assert.strictEqual(wire.status, 400);
                assert.strictEqual(wire.header('Connection'), 'close');
            }

            await wire.write(inner);
            await wire.until(() => wire.head !== null, 'an answer');
            await sleep(20);
            assert.ok(!wire.rest.includes('HTTP/1.1'), wire.rest);
            wire.destroy();
        }

        assert.ok(early > 0, 'none was answered early');
    });

    it('what hangs up in the middle of it leaves nothing', async () => {
        const was = await sessions(server);

        for (const text of [get('/socket.io/?EIO=4&transport=polling'),
            upgrade(WS), upgrade(WS).slice(0, -2), upgrade('/ws-echo')]) {
            for (let i = 0; i < 20; i++) {
                const wire = new Wire(server.ports.http);

                await wire.write(text);
                wire.socket.resetAndDestroy();
            }
        }

        await gone(server, was);
    });

    /* a FIN is the end: a client has nothing to hear when it cannot answer */

    it('half of a connection is none', async () => {
        const was = await sessions(server);
        const wire = await sio(server);

        wire.socket.allowHalfOpen = true;
        wire.socket.end(frame(1, '42["message","last"]'));
        await wire.until(() => wire.ended, 'the end');

        const poll = await new Poll(server, '/default/').open();
        const waiting = new Wire(server.ports.http);

        await waiting.write(get(poll.target()));
        await sleep(20);
        waiting.socket.end();
        await gone(server, was);
    });
});


describe('hostile: ids of others', () => {
    const server = useEcho({ before, after, afterEach });

    it('a session is one of its location\'s application', async () => {
        const poll = await new Poll(server, '/default/').open();

        for (const location of ['/socket.io/', '/recovery/', '/engine.io/']) {
            const res = await request(server.url, 'GET',
                `${location}?EIO=4&transport=polling&sid=${poll.sid}`);

            assert.strictEqual(res.status, 400);
            assert.strictEqual(res.json.code, 1);

            const wire = new Wire(server.ports.http);

            await wire.get(`${location}?EIO=4&transport=websocket&sid=` +
                poll.sid);
            await wire.until(() => wire.head !== null, 'an answer');
            assert.strictEqual(wire.status, 400);
        }

        assert.strictEqual((await poll.post('40')).text, 'ok');
    });

    /* the first octets of an id name the worker that has the session */

    it('an id that is nearly one, or names another worker, is unknown',
        async () => {
            const poll = await new Poll(server, '/default/').open();
            const { sid } = poll;
            const flip = (at) => `${sid.slice(0, at)}${sid[at] === 'A' ? 'B'
                : 'A'}${sid.slice(at + 1)}`;
            const ids = [...Array.from(sid, (_, at) => flip(at)),
                sid.slice(0, -1), `${sid}A`, sid.toLowerCase() === sid
                    ? sid.toUpperCase() : sid.toLowerCase(),
                'A'.repeat(20), '_'.repeat(20), '-'.repeat(20),
                '%00'.repeat(20), '..%2f..%2f..%2f..%2f', 'x'.repeat(4000)];

            for (const id of ids) {
                for (const method of ['GET', 'POST']) {
                    const res = await request(server.url, method,
                        `/default/?EIO=4&transport=polling&sid=${id}`,
                        method === 'POST' ? '40' : undefined,
                        { 'content-type': 'text/plain' });

                    assert.strictEqual(res.status, 400, id);
                    assert.strictEqual(res.json.code, 1, id);
                }
            }

            assert.strictEqual((await poll.post('40')).text, 'ok');
        });

    it('a socket hears of no namespace but its own', async () => {
        const [a, b] = [await sio(server), await sio(server)];

        await b.text('40/custom,');
        await b.packet('42/custom,["auth"');
        await a.text('421["join","r"]');
        await a.packet('431');
        await b.text('42/custom,1["join","r"]');
        await b.packet('43/custom,1');
        await a.text('42["emit-in-room","r","x"]');
        await a.packet('42["x"]');
        await a.text('42["broadcast","y"]');
        await b.packet('42["y"]');
        assert.ok(!b.packets().some((p) => p.includes('"x"')),
            b.packets().join());
    });

    it('a secret of recovery opens no other session', async () => {
        const wire = await eio(server, '/recovery/');

        await wire.beat().text('40');

        const { sid, pid } = JSON.parse((await wire.packet('40')).slice(2));

        wire.destroy();
        await sleep(50);

        for (const bad of [sid, pid.slice(0, -1), `${pid}A`,
            `${pid.slice(0, 20)}${'A'.repeat(20)}`,
            `${'A'.repeat(20)}${pid.slice(20)}`]) {
            const next = await eio(server, '/recovery/');

            await next.text(`40${JSON.stringify({ pid: bad, offset: '1-1' })}`);

            const answer = JSON.parse((await next.packet('40')).slice(2));

            assert.notStrictEqual(answer.sid, sid);
        }
    });
});


one('slow', 'rooms_ping_interval 200ms; rooms_ping_timeout 200ms; ' +
    `client_body_timeout ${Math.ceil(SCALE)}s; ` +
    `rooms_upgrade_timeout ${300 * SCALE}ms;`, {}, (server) => {
    it('a body that drips does not keep the session, or the request',
        async () => {
            const poll = await new Poll(server, '/socket.io/').open();
            const wire = new Wire(server.ports.http);

            await wire.write(`POST ${poll.target()} HTTP/1.1\r\nHost: x\r\n` +
                'Content-Length: 1000\r\n\r\n4');

            for (let i = 0; i < 10 && await sessions(server); i++) {
                await wire.write('0');
                await sleep(100 * SCALE);
            }

            await gone(server);
            await wire.until(() => wire.ended, 'the end of the request',
                10000 * SCALE);
        });

    it('neither does a frame', async () => {
        const wire = await eio(server, '/socket.io/');

        await wire.write(frame(1, '40', { len: 1000 }));

        for (let i = 0; i < 100 && !wire.ended; i++) {
            await wire.write('0');
            await sleep(20 * SCALE);
        }

        assert.ok(wire.ended);
        await gone(server);
    });

    it('a candidate that says nothing is closed, its session is not',
        async () => {
            const poll = await new Poll(server, '/socket.io/').open();
            const was = await refused(server, 'handshake');
            const wire = new Wire(server.ports.http);
            let over = false;

            await wire.open(`${WS}&sid=${poll.sid}`);
            await wire.write(frame(1, '2probe').subarray(0, 5));

            const beats = (async () => {
                while (!over) {
                    if ((await poll.get()).text === '2') {
                        await poll.post('3');
                    }
                }
            })();

            await wire.until(() => wire.ended, 'the end', 10000 * SCALE);
            over = true;
            await beats;
            assert.strictEqual(await refused(server, 'handshake'), was + 1);
            assert.strictEqual((await poll.post('40')).text, 'ok');
        });
});


one('many', 'rooms_handshakes 3;', { workers: 1 }, (server) => {
    it('candidates are handshakes in progress, too', async () => {
        const polls = [];

        for (let i = 0; i < 4; i++) {
            const poll = await new Poll(server, '/socket.io/').open();

            await poll.post('40');
            await poll.until('40{"sid"');
            polls.push(poll);
        }

        const was = await refused(server, 'limit');
        const wires = polls.map(() => new Wire(server.ports.http));

        for (let i = 0; i < 4; i++) {
            await wires[i].get(`${WS}&sid=${polls[i].sid}`);
            await wires[i].until(() => wires[i].head !== null, 'an answer');
        }

        assert.deepStrictEqual(wires.map((w) => w.status),
            [101, 101, 101, 503]);
        assert.strictEqual(await refused(server, 'limit'), was + 1);
    });
});


one('TLS', '', { tls: true }, (server) => {
    it('a handshake in the middle of a connection ends it', async () => {
        const wire = new Wire(server.ports.tls, { tls: true,
            maxVersion: 'TLSv1.2' });

        await wire.open(WS);
        await wire.text('40');
        await wire.packet('42["auth"');

        const answer = await new Promise((resolve) => {
            wire.socket.renegotiate({}, resolve);
            wire.until(() => wire.ended, 'the end').then(() =>
                resolve('ended'));
        });

        assert.ok(answer);
        await gone(server);
    });

    it('a close_notify alone is the end', async () => {
        const wire = new Wire(server.ports.tls, { tls: true });

        await wire.open(WS);
        await wire.text('40');
        await wire.packet('42["auth"');
        wire.socket.allowHalfOpen = true;
        wire.socket.end();
        await gone(server);
    });

    it('plain HTTP on the port is refused', async () => {
        const wire = new Wire(server.ports.tls);

        await wire.get(WS);
        await wire.until(() => wire.head !== null || wire.ended,
            'an answer');
        assert.notStrictEqual(wire.status, 101);
    });
});


/* The first octets of an id name the worker, which has never heard of it. */

for (const kind of ['in shared memory', 'over redis']) {
    describe(`hostile: sessions that never were, ${kind}`, () => {
        const BODY = 'x'.repeat(262144);
        const TIMES = 16;
        let redis;
        let server;
        let poll;
        let forged;

        before(async () => {
            redis = kind === 'over redis' ? await new Redis().start() : null;
            server = await new Server({ ...oneLocation(''),
                redis: redis && redis.url }).start();
            poll = await new Poll(server, '/socket.io/').open();
            forged = `${poll.sid.slice(0, 6)}${'A'.repeat(14)}`;
        });
        afterEach(() => Wire.closeAll());
        after(async () => {
            await server.stop();
            await (redis && redis.stop());
        });

        async function webSocket(sid) {
            const wire = new Wire(server.ports.http);

            await wire.get(`${WS}&sid=${sid}`);
            await wire.until(() => /\}/.test(wire.rest), 'an answer');
            assert.strictEqual(wire.status, 400);
            assert.match(wire.rest,
                /\{"code":1,"message":"Session ID unknown"\}/);
        }

        function post(sid, body) {
            return request(server.url, 'POST',
                `/socket.io/?EIO=4&transport=polling&sid=${sid}`, body,
                { 'content-type': 'text/plain' });
        }

        /* Octets that have gone from worker to worker so far. */

        async function travelled() {
            if (redis) {
                return Number(/total_net_input_bytes:(\d+)/.exec(
                    await redis.ask('INFO', 'stats'))[1]);
            }

            const { apps } = await server.status();

            return apps.echo.journal.head;
        }

        it('a WebSocket of one is told so before it is one', async () => {
            for (let i = 0; i < TIMES; i++) {
                await webSocket(forged);
            }

            await Promise.all(Array.from({ length: TIMES }, () =>
                webSocket(forged)));
        });

        it('a body for one goes nowhere', async () => {
            const was = await travelled();

            for (let i = 0; i < TIMES; i++) {
                const res = await post(forged, BODY);

                assert.strictEqual(res.status, 400);
                assert.deepStrictEqual(res.json, { code: 1,
                    message: 'Session ID unknown' });
            }

            assert.ok(await travelled() - was < BODY.length);

            /* and what may come does, from either worker */
            for (let i = 0; i < TIMES; i++) {
                assert.strictEqual((await post(poll.sid, i ? '42["x"]' : '40'))
                    .text, 'ok');
            }
        });

        if (kind === 'over redis') {
            it('a worker that never was is not looked for by many',
                async () => {
                    const sids = Array.from({ length: 200 }, (_, i) =>
                        Buffer.from(String(i * 7919).padStart(15, '#'))
                            .toString('base64url'));
                    const calls = async () => Number(
                        /cmdstat_publish:calls=(\d+)/.exec(
                            await redis.ask('INFO', 'commandstats'))[1]);
                    const was = await calls();
                    const all = await Promise.all(sids.map((sid) =>
                        post(sid, '40')));

                    assert.ok(all.every((res) => res.status === 400 &&
                        res.json.code === 1));
                    await webSocket(sids[0]);
                    assert.ok(await calls() - was < 4500);
                    assert.strictEqual((await post(poll.sid, '42["x"]')).text,
                        'ok');
                });
        }
    });
}
