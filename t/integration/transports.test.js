'use strict';

/* Stock clients of several makes over every transport. */

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { describe, it, before, after, afterEach } = require('node:test');

const { Socket } = require('engine.io-client');

const { useServer } = require('./lib/server');
const { SCALE, sleep, until } = require('./lib/player');
const { RawPolling, RawSocket } = require('./lib/raw');
const { request } = require('./lib/rest');
const { table, playRound } = require('./lib/play');

const VERSIONS = {
    '3.1': 'socket.io-client-3.1',
    '4.0': 'socket.io-client-4.0',
    '4.5': 'socket.io-client-4.5',
    '4.7': 'socket.io-client-4.7',
    'current': 'socket.io-client',
};


describe('transports: published clients', () => {
    const server = useServer({ before, after, afterEach }, {});

    for (const [version, name] of Object.entries(VERSIONS)) {
        const { io } = require(name);

        for (const mode of ['websocket', 'polling', 'upgrade']) {
            it(`D-1 D-2 socket.io-client ${version} over ${mode}`,
                async () => {
                    const { players } = await table(server,
                        ['Alice', 'Bob'], mode, { io });
                    const all = await playRound(players, [['sushi-spot']]);

                    assert.ok(all.every((r) => r.hasOverlap));
                    await players[0].restart();
                    await players[1].next('session:restarted');
                    players[1].close();
                    await players[0].next('participant:left');
                });
        }
    }

    it('D-6 recovery with the clients that know it', async () => {
        for (const name of ['socket.io-client-4.7', 'socket.io-client']) {
            const { io } = require(name);
            const { players: [alice, bob] } = await table(server,
                ['Alice', 'Bob'], 'websocket', { io });

            await alice.restart();
            await bob.next('session:restarted');
            await bob.vanish();
            await alice.submit(['sushi-spot']);
            bob.clear();
            await bob.connect();
            assert.strictEqual((await bob.connection(1)).recovered, true);
            await bob.next('participant:submitted');
            await server.clean();
        }
    });

    for (const transport of ['websocket', 'polling']) {
        it(`D-1 D-2 python-socketio over ${transport}`, async () => {
            const { code, players: [alice] } = await table(server, ['Alice']);
            const run = new Promise((resolve, reject) => {
                execFile('/usr/bin/python3', [
                    path.join(__dirname, 'lib', 'dinner_client.py'),
                    server.url, code, 'Py', transport, 'sushi-spot',
                    'tapas-table'], { timeout: 30000 },
                (error, out, err) => (error
                    ? reject(new Error(`${error.message}\n${err}`))
                    : resolve(JSON.parse(out))));
            });

            await alice.next('participant:joined');
            await alice.next('participant:submitted');
            await alice.submit(['sushi-spot']);

            const seen = await run;

            assert.strictEqual(seen.ack.success, true);
            assert.strictEqual(seen.ack.participantCount, 2);
            assert.deepStrictEqual(seen.submit, { success: true });
            assert.deepStrictEqual(seen.results.allSelections.Py,
                ['sushi-spot', 'tapas-table']);
            assert.deepStrictEqual(seen.results,
                await alice.next('session:results'));
            await alice.next('participant:left');
        });
    }

    it('D-3 engine.io-client shakes hands and gets a sid', async () => {
        const sids = new Set();

        for (const transports of [['websocket'], ['polling'],
            ['polling', 'websocket']]) {
            const socket = new Socket(server.url, { path: '/socket.io/',
                transports });

            await new Promise((resolve, reject) => {
                socket.on('open', resolve);
                socket.on('error', reject);
            });
            assert.match(socket.id, /^[A-Za-z0-9_-]{20}$/);
            sids.add(socket.id);
            socket.close();
        }

        assert.strictEqual(sids.size, 3);
    });
});


describe('transports: polling', () => {
    const server = useServer({ before, after, afterEach }, {});

    it('D-2 the handshake is the one of the protocol', async () => {
        const raw = new RawPolling(server.url);
        const hello = await raw.open();

        assert.deepStrictEqual(Object.keys(hello).sort(), ['maxPayload',
            'pingInterval', 'pingTimeout', 'sid', 'upgrades']);
        assert.deepStrictEqual(hello.upgrades, ['websocket']);
        assert.strictEqual(hello.pingInterval, 25000);
        assert.strictEqual(hello.pingTimeout, 20000);
        assert.match(hello.sid, /^[A-Za-z0-9_-]{20}$/);
        assert.match(raw.opened.headers['content-type'],
            /^text\/plain; charset=UTF-8$/i);
        assert.strictEqual(raw.opened.headers['cache-control'], 'no-store');
        assert.strictEqual((await raw.post('1')).text, 'ok');
    });

    it('D-2 requests of one session may land on any worker', async () => {
        /* each request is a new connection: two workers, 60 requests */
        const { code, players } = await table(server, ['Alice', 'Bob'],
            'websocket');
        const raw = new RawPolling(server.url);

        await raw.open();
        assert.strictEqual((await raw.post('40')).status, 200);
        assert.match((await raw.packets())[0], /^40\{"sid"/);
        await raw.post(`420["session:join",{"sessionCode":"${code}",` +
            '"displayName":"Raw"}]');

        let heard = '';

        while (!heard.includes('43')) {
            heard += (await raw.packets()).join('\n');
        }

        assert.match(heard, /^430\[\{"success":true/m);

        for (let round = 0; round < 15; round++) {
            await players[round % 2].restart();

            const got = (await raw.packets()).join('\n');

            assert.match(got, /^42\["session:restarted"/m);
            await sleep(60);
        }

        for (let i = 0; i < 15; i++) {
            const res = await raw.post('421["session:restart",' +
                `{"sessionCode":"${code}"}]`);

            assert.deepStrictEqual([res.status, res.text], [200, 'ok']);
            await sleep(60);
        }

        const want = 15;
        let acks = 0;
        let casts = 0;
        const end = Date.now() + 8000 * SCALE;

        while ((acks < want || casts < want) && Date.now() < end) {
            const packets = await raw.packets();

            acks += packets.filter((p) => p.startsWith('431[')).length;
            casts += packets.filter((p) =>
                p.startsWith('42["session:restarted"')).length;
        }

        assert.deepStrictEqual([acks, casts], [want, want]);
        await raw.post('1');
    });

    it('D-2 keep-alive agents work as well', async () => {
        const { players } = await table(server, ['Alice', 'Bob', 'Charlie'],
            'polling', { keepAlive: true });

        for (let round = 0; round < 5; round++) {
            players.forEach((p) => p.clear());

            const all = await playRound(players, [['sushi-spot']]);

            assert.ok(all.every((r) => r.hasOverlap));
            await players[1].restart();
            await Promise.all(players.map((p) =>
                p.next('session:restarted')));
        }
    });

    it('errors are those of the protocol', async () => {
        const raw = new RawPolling(server.url);
        const cases = [
            ['GET', '/socket.io/?EIO=4&transport=nothing', 400, 0],
            ['GET', '/socket.io/?EIO=4', 400, 0],
            ['GET', '/socket.io/?EIO=4&transport=polling&sid=nobody', 400, 1],
            ['POST', '/socket.io/?EIO=4&transport=polling', 400, 2],
            ['GET', '/socket.io/?EIO=4&transport=websocket', 400, 3],
            ['GET', '/socket.io/?EIO=3&transport=polling', 400, 5],
        ];

        for (const [method, url, status, code] of cases) {
            const res = await request(server.url, method, url,
                method === 'POST' ? '40' : undefined);

            assert.strictEqual(res.status, status, url);
            assert.strictEqual(res.json.code, code, url);
            assert.strictEqual(typeof res.json.message, 'string');
        }

        await raw.open();

        const binary = await raw.post(Buffer.from([1, 2]),
            { 'content-type': 'application/octet-stream' });

        assert.strictEqual(binary.status, 400);
        assert.strictEqual((await request(server.url, 'GET',
            `/socket.io/?EIO=4&transport=polling&sid=${'x'.repeat(4000)}`))
            .status, 400);
    });

    it('a second GET at once ends the session', async () => {
        const raw = new RawPolling(server.url);

        await raw.open();

        const first = raw.get();

        await sleep(150);

        const second = await raw.get();

        assert.strictEqual(second.status, 400);
        assert.strictEqual((await first).text, '1');
        assert.strictEqual((await raw.get()).status, 400);
    });

    it('a burst larger than one answer arrives whole and in order',
        async () => {
            const { code, players: [alice] } = await table(server, ['Alice']);
            const raw = new RawPolling(server.url);

            await raw.open();
            await raw.post('40');
            await raw.packets();
            await raw.post(`420["session:join",{"sessionCode":"${code}",` +
                '"displayName":"Raw"}]');
            await raw.packets();

            for (let i = 0; i < 15; i++) {
                await alice.restart();
            }

            let seen = 0;

            await until(async () => {
                seen += (await raw.packets()).filter((p) =>
                    p.startsWith('42["session:restarted"')).length;
                return seen >= 15;
            }, '15 events');
            assert.strictEqual(seen, 15);
            await raw.post('1');
        });
});


describe('transports: upgrade', () => {
    const server = useServer({ before, after, afterEach }, {});

    it('D-2 polling to WebSocket, many times, nothing lost', async () => {
        const { code, players: [alice] } = await table(server, ['Alice']);

        for (let round = 0; round < 30; round++) {
            const bob = await server.player({ name: 'Bob', mode: 'upgrade' });
            const ack = await bob.join(code);

            assert.strictEqual(ack.success, true, JSON.stringify(ack));

            /* events while the transport changes under them */
            await alice.restart();
            await bob.next('session:restarted');
            await until(() => bob.socket.io.engine.transport.name ===
                'websocket', 'the upgrade');
            await alice.restart();
            await bob.next('session:restarted');
            assert.strictEqual(bob.all('session:restarted').length, 2);
            bob.close();
            await alice.next('participant:left');
            await sleep(100);
        }
    });

    it('D-2 twenty clients upgrade at once', async () => {
        const players = await Promise.all(Array.from({ length: 20 }, () =>
            server.player({ mode: 'upgrade' })));

        await until(() => players.every((p) =>
            p.socket.io.engine.transport.name === 'websocket'),
        'twenty upgrades');
        await until(async () => {
            const app = await server.dinner();

            return app.transports.websocket === 20 &&
                app.transports.polling === 0;
        }, '/status showing 20 WebSockets');
        await server.assertBothWorkers();
    });

    it('a candidate that says something else closes alone', async () => {
        const raw = new RawPolling(server.url);

        await raw.open();

        const ws = new RawSocket(server.url, `&sid=${raw.sid}`);

        await ws.until(() => ws.ws.readyState === 1);
        ws.send('4hello');
        await ws.over();
        assert.strictEqual((await raw.post('40')).status, 200);
        assert.match((await raw.packets())[0], /^40/);
        await raw.post('1');
    });

    it('after the upgrade polling is refused with code 3, on any worker',
        async () => {
            for (let round = 0; round < 12; round++) {
                const raw = new RawPolling(server.url);

                await raw.open();
                await raw.post('40');
                await raw.packets();

                const ws = new RawSocket(server.url, `&sid=${raw.sid}`);

                await ws.until(() => ws.ws.readyState === 1);
                ws.send('2probe');
                assert.strictEqual(await ws.packet('3'), '3probe');
                assert.deepStrictEqual(await raw.packets(), ['6']);
                ws.send('5');
                ws.send('420["session:restart",{}]');
                await ws.packet('430[{"success":false');

                for (let i = 0; i < 3; i++) {
                    const res = await raw.get();

                    assert.strictEqual(res.status, 400);
                    assert.strictEqual(res.json.code, 3, `round ${round}`);
                }

                ws.close();
            }
        });
});


describe('transports: WebSocket', () => {
    const server = useServer({ before, after, afterEach },
        { rooms: ['rooms_max_payload 64k;', 'rooms_connect_timeout 1s;'] });

    it('what is no packet closes that connection alone', async () => {
        const { players: [alice, bob] } = await table(server,
            ['Alice', 'Bob']);
        const bad = ['9', 'x', '49', '4', '42["session:join"', '42{}', '42[]',
            '42["connect",{}]', '42["disconnect"]', '44', '43',
            '45', '451-', '4599-["x",{"_placeholder":true,"num":0}]',
            '42/nowhere,["x"]', '40{"a"', '40[]', Buffer.from([1, 2, 3]),
            '42[' + '['.repeat(300) + ']'.repeat(300) + ']'];

        for (const packet of bad) {
            const raw = new RawSocket(server.url);

            await raw.packet('0');
            raw.send('40');
            await raw.packet('40');
            raw.send(packet);
            await raw.over(5000 * SCALE).catch((e) =>
                assert.fail(`${packet}: ${e.message}`));
        }

        await alice.restart();
        await bob.next('session:restarted');
    });

    it('a message over rooms_max_payload closes with 1009', async () => {
        const raw = new RawSocket(server.url);

        await raw.packet('0');
        raw.send('40');
        await raw.packet('40');
        raw.send(`42["x","${'y'.repeat(70000)}"]`);
        assert.strictEqual(await raw.over(), 1009);
    });

    it('no CONNECT within rooms_connect_timeout closes', async () => {
        const raw = new RawSocket(server.url);
        const from = Date.now();

        await raw.packet('0');
        await raw.over(6000 * SCALE);
        assert.ok(Date.now() - from >= 800, `${Date.now() - from} ms`);
    });

    it('a namespace other than / is refused, the connection stays',
        async () => {
            const raw = new RawSocket(server.url);

            await raw.packet('0');
            raw.send('40/other,');
            assert.strictEqual(await raw.packet('44/other'),
                '44/other,{"message":"Invalid namespace"}');
            raw.send('40');
            await raw.packet('40{"sid"');
            raw.close();
        });
});


describe('transports: heartbeat', () => {
    const server = useServer({ before, after, afterEach }, {
        rooms: ['rooms_ping_interval 300ms;', 'rooms_ping_timeout 400ms;'] });

    it('pings keep a client, over WebSocket and polling', async () => {
        const players = await server.spread(['a', 'b', 'c', 'd'], 'mixed');

        assert.strictEqual(players[0].socket.io.engine._pingInterval, 300);
        await sleep(2500);
        players.forEach((p) => assert.deepStrictEqual(p.names(), []));
    });

    it('D-70 who does not answer pings has left', async () => {
        const { code, players: [alice] } = await table(server, ['Alice']);
        const raw = new RawSocket(server.url);

        await raw.packet('0');
        raw.send('40');
        await raw.packet('40');
        raw.send(`42["session:join",{"sessionCode":"${code}",` +
            '"displayName":"Mute"}]');
        await alice.next('participant:joined');
        await raw.packet('2');

        const from = Date.now();

        assert.strictEqual((await alice.next('participant:left'))
            .displayName, 'Mute');
        assert.ok(Date.now() - from < 3000 * SCALE);
        await raw.over();
    });

    it('D-70 a polling client that stops asking has left', async () => {
        const { code, players: [alice] } = await table(server, ['Alice']);
        const raw = new RawPolling(server.url);

        await raw.open();
        await raw.post('40');
        await raw.packets();
        await raw.post(`42["session:join",{"sessionCode":"${code}",` +
            '"displayName":"Mute"}]');
        await alice.next('participant:joined');
        assert.strictEqual((await alice.next('participant:left'))
            .displayName, 'Mute');
        assert.strictEqual((await raw.get()).status, 400);
    });
});
