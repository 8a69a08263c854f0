'use strict';

/* Published clients of several makes and ages against echo. */

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { describe, it, before, after, afterEach } = require('node:test');

const { Socket } = require('engine.io-client');

const { useEcho, request, Wire, SCALE, sleep } = require('./lib/echo');
const { Player } = require('./lib/player');

const VERSIONS = {
    '3.1': 'socket.io-client-3.1',
    '4.0': 'socket.io-client-4.0',
    '4.5': 'socket.io-client-4.5',
    '4.7': 'socket.io-client-4.7',
    'current': 'socket.io-client',
};


/* A client that is held up for longer finds its timer before the ping. */

const patient = (text) => text.replaceAll('rooms_ping_timeout 200ms',
    `rooms_ping_timeout ${200 * SCALE}ms`);


describe('echo: socket.io-client', () => {
    const server = useEcho({ before, after, afterEach }, { change: patient });

    for (const [version, name] of Object.entries(VERSIONS)) {
        const { io } = require(name);

        for (const mode of ['websocket', 'polling', 'upgrade']) {
            it(`${version} over ${mode}`, async () => {
                const p = new Player(`${server.url}/custom`,
                    { io, mode, auth: { token: 'x' } });

                server.players.push(p);
                await p.connect();
                assert.deepStrictEqual(await p.next('auth'), { token: 'x' });
                p.tell('message', Buffer.from([1, 2]), { a: [1] });
                await p.next('message-back');
                assert.deepStrictEqual(p.log.at(-1).args,
                    [Buffer.from([1, 2]), { a: [1] }]);
                assert.deepStrictEqual(await p.ask('message-with-ack',
                    { b: Buffer.from([3]) }), { b: Buffer.from([3]) });
                p.socket.on('ask', (n, answer) => answer(n + 1));
                p.tell('call-client', 'ask', 1);
                assert.strictEqual(await p.next('client-answered'), 2);
                await p.ask('join', 'r');
                await p.ask('emit-in-room', 'r', 'all', 'x'.repeat(100000));
                assert.strictEqual((await p.next('all')).length, 100000);

                /* several heartbeats of 300 ms */

                await new Promise((resolve) => setTimeout(resolve, 1300));
                assert.deepStrictEqual(p.names().filter((n) =>
                    n === '<disconnect>'), []);

                if (mode === 'upgrade') {
                    assert.strictEqual(p.socket.io.engine.transport.name,
                        'websocket');
                }

                p.tell('kick-me', false);
                assert.strictEqual(await p.disconnection(1),
                    'io server disconnect');
            });

            it(`${version} over ${mode}, disconnected by the server, does ` +
                'not come back', async () => {
                const p = new Player(`${server.url}/`, { io, mode });
                let again = 0;

                server.players.push(p);
                await p.connect();
                await p.next('auth');
                p.socket.io.reconnectionDelay(10);
                p.socket.io.on('reconnect_attempt', () => {
                    again++;
                });
                p.tell('kick-me', true);
                assert.strictEqual(await p.disconnection(1),
                    'io server disconnect');
                await sleep(200);
                assert.strictEqual(again, 0);
            });
        }
    }

    for (const name of ['socket.io-client-4.7', 'socket.io-client']) {
        for (const mode of ['websocket', 'polling', 'upgrade']) {
            it(`${name} recovers over ${mode}`, async () => {
                const { io } = require(name);
                const opts = { io, path: '/recovery/' };
                const p = new Player(server.url, { ...opts, mode });
                const q = new Player(server.url, opts);

                server.players.push(p, q);
                await p.connect();
                await q.connect();
                await p.ask('join', 'r');
                await p.ask('set-data', 7);

                const { id } = p.socket;

                await p.vanish();
                await q.ask('emit-in-room', 'r', 'missed', 1);
                await q.ask('emit-in-room', 'r', 'missed', 2);
                p.clear();
                await p.connect();
                assert.strictEqual(p.socket.recovered, true);
                assert.strictEqual(p.socket.id, id);
                await p.on(() => p.all('missed').length === 2, 'both');
                assert.deepStrictEqual(p.all('missed'), [1, 2]);
                assert.deepStrictEqual(await p.ask('whoami'),
                    { id, recovered: true, data: 7 });
            });
        }
    }
});


describe('echo: a client of revision 3', () => {
    const server = useEcho({ before, after, afterEach });

    it('polling is told so with code 5', async () => {
        for (const location of ['/socket.io/', '/engine.io/', '/default/']) {
            const res = await request(server.url, 'GET',
                `${location}?EIO=3&transport=polling&t=NfYwGmX&b64=1`);

            assert.strictEqual(res.status, 400);
            assert.deepStrictEqual(res.json, { code: 5,
                message: 'Unsupported protocol version' });
        }
    });

    it('and so is WebSocket', async () => {
        const wire = new Wire(server.ports.http);

        await wire.get('/socket.io/?EIO=3&transport=websocket');
        await wire.until(() => /\}$/.test(wire.rest), 'an answer');
        assert.strictEqual(wire.status, 400);
        assert.strictEqual(JSON.parse(wire.rest).code, 5);
    });
});


describe('echo: engine.io-client', () => {
    const server = useEcho({ before, after, afterEach });

    for (const transports of [['websocket'], ['polling'],
        ['polling', 'websocket']]) {
        it(transports.join(), async () => {
            const socket = new Socket(server.url, { path: '/engine.io/',
                transports });
            const got = [];
            const done = (n) => new Promise((resolve) => {
                socket.on('message', (m) => {
                    got.push(Buffer.isBuffer(m) ? m.toString('hex') : m);

                    if (got.length === n) {
                        resolve();
                    }
                });
            });

            await new Promise((resolve, reject) => {
                socket.on('open', resolve);
                socket.on('error', reject);
            });

            const all = done(102);

            for (let i = 0; i < 50; i++) {
                socket.send(`text ${i}`);
                socket.send(Buffer.from([i]));
            }

            await new Promise((resolve) => setTimeout(resolve, 700));
            socket.send('late');
            socket.send('\u20ac\ud83d\ude00');
            await all;
            assert.deepStrictEqual(got, [...Array.from({ length: 50 },
                (_, i) => [`text ${i}`, Buffer.from([i]).toString('hex')])
                .flat(), 'late', '\u20ac\ud83d\ude00']);
            assert.strictEqual(socket.transport.name, transports.at(-1));
            socket.close();
        });
    }
});


describe('echo: python-socketio', () => {
    const server = useEcho({ before, after, afterEach });

    for (const transports of ['websocket', 'polling', 'polling,websocket']) {
        it(transports, async () => {
            const got = await new Promise((resolve, reject) => {
                execFile('/usr/bin/python3', [
                    path.join(__dirname, 'lib', 'echo_client.py'),
                    server.url, 'default', transports], { timeout: 30000 },
                (error, out, err) => (error
                    ? reject(new Error(`${error.message}\n${err}`))
                    : resolve(JSON.parse(out))));
            });

            assert.deepStrictEqual(got, {
                auth: [{ token: '123' }],
                back: [1, { a: { hex: '00ff' } }, 'x'],
                ack: [{ hex: '03' }, { b: [{ hex: '04' }] }],
                answered: ['yes', { hex: '0102' }],
                hall: ['hi'],
                rooms: ['<self>', 'hall'],
                transport: transports.split(',').at(-1),
            });
        });
    }
});
