'use strict';

/*
 * What a Node back end emits with @socket.io/redis-emitter reaches clients of
 * two nginx with two workers each.
 */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { Emitter } = require('@socket.io/redis-emitter');
const { createClient } = require('redis');
const parser = require('socket.io-msgpack-parser');

const { configTest } = require('./lib/conftest');
const { sleep, until } = require('./lib/player');
const { Redis } = require('./lib/redis');
const { Server } = require('./lib/server');
const { oneLocation, refused } = require('./lib/echo');

const KEY = 'back*end';


/* Two nginx with echo, an emitter, and a member on each of the four workers. */

function useBridge(lines) {
    const bridge = { servers: [], others: [] };

    before(async () => {
        bridge.redis = await new Redis().start();

        for (let i = 0; i < 2; i++) {
            const server = new Server(oneLocation(lines || '', {
                app: `redis ${bridge.redis.url}; redis_emitter ${KEY};` +
                    'redis_emitter_max 100k;',
                locations: 'location = /metrics { rooms_status ' +
                    'prometheus; }' }));

            server.dinner = async () => (await server.status()).apps.echo;
            bridge.servers.push(await server.start());
        }

        bridge.client = createClient({ url: bridge.redis.url });
        bridge.client.on('error', () => {});
        await bridge.client.connect();
        bridge.io = new Emitter(bridge.client, { key: KEY });
        await bridge.listens();
    });
    afterEach(async () => {
        bridge.others.splice(0).forEach((s) => s.disconnect());
        await Promise.all(bridge.servers.map((s) => s.clean()));
    });
    after(async () => {
        await bridge.client.close();
        await Promise.all(bridge.servers.map((s) => s.stop()));
        await bridge.redis.stop();
    });

    /* all four workers are subscribed */

    bridge.listens = () => until(async () =>
        await bridge.client.sendCommand(['PUBSUB', 'NUMPAT']) === 2 &&
        (await bridge.client.sendCommand(['CLIENT', 'LIST'])).split('\n')
            .filter((line) => / psub=2 /.test(line)).length === 4,
    'four subscriptions');

    bridge.four = async (opts) => {
        const players = [];

        for (let i = 0; i < 4; i++) {
            players.push(await bridge.servers[i % 2].player({ side: i >> 1,
                mode: ['websocket', 'polling', 'polling', 'websocket'][i],
                ...(i > 1 ? { parser } : {}), ...opts, name: `p${i}` }));
        }

        for (const server of bridge.servers) {
            await server.assertBothWorkers();
        }

        players.forEach((p) => p.clear());
        return players;
    };

    /* Another namespace of a player's connection. */

    bridge.also = (player, nsp) => new Promise((resolve, reject) => {
        const socket = player.socket.io.socket(nsp);

        socket.log = [];
        socket.onAny((name, ...args) => socket.log.push([name, ...args]));
        socket.on('connect', () => resolve(socket));
        socket.on('connect_error', reject);
        socket.connect();
        bridge.others.push(socket);
    });

    return bridge;
}


function octets(value) {
    return Buffer.isBuffer(value) ? value
        : value instanceof ArrayBuffer ? Buffer.from(value) : value;
}


/* Everybody's arguments of that event; a barrier ends the waiting. */

async function told(bridge, players, name) {
    bridge.io.emit('barrier');

    for (const player of players) {
        await player.next('barrier');
    }

    return players.map((p) => p.log.filter((e) => e.name === name)
        .map((e) => (e.args.length > 1 ? e.args.map(octets)
            : octets(e.args[0]))));
}


describe('redis_emitter: emit', () => {
    const bridge = useBridge();

    it('to everybody, with every kind of value, in order', async () => {
        const players = await bridge.four();
        const date = new Date(1234567890123);

        bridge.io.emit('all', 1, 'zwei', { three: [null, 0.5, -7] },
            Buffer.from([1, 0, 255]), date);

        for (const got of await told(bridge, players, 'all')) {
            assert.deepStrictEqual(got, [[1, 'zwei', { three: [null, 0.5,
                -7] }, Buffer.from([1, 0, 255]), date.toISOString()]]);
        }

        for (let i = 0; i < 500; i++) {
            bridge.io.emit('n', i);
        }

        for (const got of await told(bridge, players, 'n')) {
            assert.deepStrictEqual(got,
                new Array(500).fill(0).map((_, i) => i));
        }
    });

    it('to rooms, each once, but not to those excepted', async () => {
        const players = await bridge.four();
        const [a, b, c] = players;

        await a.ask('join', 'red');
        await b.ask('join', 'red');
        await b.ask('join', 'blue');
        await c.ask('join', 'blue');

        bridge.io.to('red').emit('x', 'red');
        bridge.io.to(['red', 'blue']).emit('x', 'both');
        bridge.io.in('red').except('blue').emit('x', 'red only');
        bridge.io.except(['red', 'blue']).emit('x', 'others');
        bridge.io.to('nobody').emit('x', 'nobody');
        bridge.io.to(a.id).emit('x', 'a');
        bridge.io.to('blue').except(b.id).emit('x', 'c');

        assert.deepStrictEqual(await told(bridge, players, 'x'), [
            ['red', 'both', 'red only', 'a'],
            ['red', 'both'],
            ['both', 'c'],
            ['others'],
        ]);
    });

    it('in the order of what the room itself says', async () => {
        const players = await bridge.four();

        for (const player of players) {
            await player.ask('join', 'r');
        }

        for (let i = 0; i < 20; i++) {
            players[i % 4].tell('emit-in-room', 'r', 'n', 2 * i);

            for (const player of players) {
                await player.on(() => player.all('n').length > 2 * i, 'it');
            }

            bridge.io.to('r').emit('n', 2 * i + 1);

            for (const player of players) {
                await player.on(() => player.all('n').length > 2 * i + 1,
                    'it');
            }
        }

        for (const player of players) {
            assert.deepStrictEqual(player.all('n'),
                new Array(40).fill(0).map((_, i) => i));
        }
    });

    it('to other namespaces', async () => {
        const players = await bridge.four();
        const others = [];

        for (const player of players.slice(1)) {
            others.push(await bridge.also(player, '/custom'));
        }

        bridge.io.of('/custom').emit('c', 1);
        bridge.io.of('custom').to(others[1].id).emit('c', 2);
        bridge.io.of('/nowhere').emit('c', 3);
        bridge.io.emit('c', 4);
        await told(bridge, players, 'c');

        assert.deepStrictEqual(players.map((p) => p.all('c')),
            [[4], [4], [4], [4]]);

        const heard = () => others.map((s) => s.log.filter((e) =>
            e[0] === 'c').map((e) => e[1]));

        await until(() => heard().flat().length === 4, 'the namespace');
        assert.deepStrictEqual(heard(), [[1], [1, 2], [1]]);
    });

    it('volatile and compress(false)', async () => {
        const players = await bridge.four();

        bridge.io.volatile.emit('v', 1);
        bridge.io.compress(false).emit('v', 'x'.repeat(5000));

        for (const got of await told(bridge, players, 'v')) {
            assert.deepStrictEqual(got, [1, 'x'.repeat(5000)]);
        }
    });

    it('volatile events are lost on a client that does not read',
        async () => {
            const [player] = await bridge.four();
            const socket = player.socket.io.engine.transport.ws._socket;

            socket.pause();

            for (let i = 0; i < 400; i++) {
                bridge.io.to(player.id).volatile.emit('v', i,
                    'x'.repeat(90000));

                /* the first hundred may come in one turn of the loop */

                if (i >= 100 && i % 20 === 0) {
                    await bridge.client.ping();
                    await sleep(5);
                }
            }

            await sleep(100);
            socket.resume();
            bridge.io.to(player.id).emit('last');
            await player.next('last', 60000);

            const got = player.all('v');

            assert.ok(got.length > 0 && got.length < 400, `${got.length}`);
            assert.deepStrictEqual(got, [...got].sort((a, b) => a - b));
            assert.strictEqual(player.socket.connected, true);
        });
});


describe('redis_emitter: the sockets of others', () => {
    const bridge = useBridge('rooms_recovery 30s;');

    it('socketsJoin and socketsLeave', async () => {
        const players = await bridge.four();
        const [a, b, c, d] = players;

        await a.ask('join', 'old');
        await b.ask('join', 'old');

        bridge.io.in('old').socketsJoin(['new', 'newer']);
        bridge.io.in(c.id).socketsJoin('new');
        bridge.io.to('new').emit('x', 1);
        assert.deepStrictEqual(await told(bridge, players, 'x'),
            [[1], [1], [1], []]);

        /* to the application it is a room as any other */

        const rooms = await a.ask('rooms');

        assert.deepStrictEqual(rooms.filter((r) => r !== '<self>').sort(),
            ['new', 'newer', 'old']);
        await d.ask('emit-to-room', 'newer', 'y', 5);
        await a.next('y');
        await b.next('y');

        bridge.io.in('old').except(b.id).socketsLeave(['new', 'newer']);
        bridge.io.to('new').emit('x', 2);
        assert.deepStrictEqual(await told(bridge, players, 'x'),
            [[1], [1, 2], [1, 2], []]);

        bridge.io.socketsJoin('everybody');
        bridge.io.to('everybody').emit('x', 3);
        assert.deepStrictEqual(await told(bridge, players, 'x'),
            [[1, 3], [1, 2, 3], [1, 2, 3], [3]]);
    });

    it('what is emitted behind a socketsJoin finds everybody', async () => {
        const players = await bridge.four();
        const want = [];

        await players[0].ask('join', 'team');
        await players[3].ask('join', 'team');

        for (let i = 0; i < 200; i++) {
            bridge.io.in('team').socketsJoin(`room ${i}`);
            bridge.io.to(`room ${i}`).emit('in', i);
            bridge.io.in('team').socketsLeave(`room ${i}`);
            bridge.io.to(`room ${i}`).emit('out', i);
            want.push(i);
        }

        assert.deepStrictEqual(await told(bridge, players, 'in'),
            [want, [], [], want]);
        assert.deepStrictEqual(await told(bridge, players, 'out'),
            [[], [], [], []]);
    });

    it('disconnectSockets, with and without the connection', async () => {
        const players = await bridge.four({ mode: 'websocket' });
        const [a, b, c, d] = players;
        const custom = await bridge.also(b, '/custom');

        await a.ask('join', 'out');
        await b.ask('join', 'out');
        bridge.io.in('out').disconnectSockets();

        assert.strictEqual(await a.disconnection(1), 'io server disconnect');
        assert.strictEqual(await b.disconnection(1), 'io server disconnect');
        assert.strictEqual(custom.connected, true);

        const gone = new Promise((resolve) =>
            custom.on('disconnect', resolve));

        bridge.io.of('/custom').in(custom.id).disconnectSockets(true);
        assert.strictEqual(await gone, 'io server disconnect');
        await until(() => b.socket.io.engine.readyState === 'closed',
            'the connection');

        bridge.io.in(c.id).disconnectSockets(true);
        assert.strictEqual(await c.disconnection(1), 'io server disconnect');
        assert.strictEqual(d.socket.connected, true);
    });

    it('a client that recovers is still in the room it was put into',
        async () => {
            const [a, , , d] = await bridge.four();

            bridge.io.in(a.id).socketsJoin('kept');
            bridge.io.in(d.id).socketsJoin('kept');
            bridge.io.to('kept').emit('x', 0);
            await a.next('x');

            /* an offset, as soon as its worker has read the room */

            await until(() => {
                d.tell('emit-in-room', 'kept', 'said', 1);
                return a.all('said').length;
            }, 'what the room says');

            const id = a.id;

            a.drop();
            await a.disconnection(1);
            bridge.io.to('kept').emit('x', 1);
            await d.on(() => d.all('x').length === 2, 'the other');
            assert.deepStrictEqual(await a.connection(1),
                { id, recovered: true });
            bridge.io.to('kept').emit('x', 2);
            await a.on(() => a.all('x').includes(2), 'the room');

            /* what was emitted meanwhile is not in the journal */

            assert.deepStrictEqual(a.all('x').filter((x) => x !== 1), [0, 2]);
        });

    it('serverSideEmit is for servers, and is ignored', async () => {
        const players = await bridge.four();
        const was = await refused(bridge.servers[0], 'emitter');

        bridge.io.serverSideEmit('hello', 1);
        await told(bridge, players, 'hello');
        assert.strictEqual(await refused(bridge.servers[0], 'emitter'), was);
    });
});


describe('redis_emitter: what is wrong', () => {
    const bridge = useBridge();

    it('malformed messages are counted and dropped', async () => {
        const players = await bridge.four();
        const bad = [
            ['#/#', ''], ['#/#', 'x'], ['#/#', '{"type":2}'],
            ['#/#', Buffer.from([0xdd, 255, 255, 255, 255])],
            ['#/#', Buffer.from([0x93, 0xa0, 0xc6, 255, 255, 255, 255])],
            ['#/#', Buffer.concat([Buffer.from([0x93]),
                Buffer.alloc(60000, 0x91)])],
            ['#/#', Buffer.alloc(200000, 0x90)],
            ['-request#/#', ''], ['-request#/#', '{"type":2}'],
            ['-request#/#', '['.repeat(90000)],
            ['-request#/#', '{"type":4,"opts":{"rooms":[{}]}}'],
        ];

        for (const [channel, payload] of bad) {
            await bridge.client.publish(KEY + channel, payload);
        }

        /* none of these is one of its channels */

        for (const channel of ['#x#', '-response#/#', 'x#/#', '#/']) {
            await bridge.client.publish(KEY + channel, 'x');
        }

        await bridge.client.publish('backend#/#', 'x');
        await told(bridge, players, 'x');

        for (const server of bridge.servers) {
            assert.strictEqual(await refused(server, 'emitter'),
                2 * bad.length);
            assert.match((await server.rest.get('/metrics')).text,
                /rooms_refused_total\{app="echo",reason="emitter"\} 22\n/);
        }

        assert.ok(players.every((p) => p.socket.connected));
    });

    it('Redis goes away and comes back', async () => {
        const players = await bridge.four();

        await bridge.redis.kill();
        await bridge.redis.run();
        await until(() => bridge.client.isReady, 'the emitter');
        await bridge.listens();

        /* a worker that was away for too long has sent its clients away */

        await until(() => {
            bridge.io.emit('again', 1);
            return players.every((p) => p.all('again').length);
        }, 'all four');
    });
});


describe('redis_emitter: configuration', () => {
    function test(lines) {
        return configTest(oneLocation('', { app: lines }));
    }

    it('needs redis, a key and a size that make sense', () => {
        const redis = 'redis redis://127.0.0.1:1/0;';

        for (const [lines, why] of [
            ['redis_emitter a;', /needs a "redis" directive/],
            [`${redis} redis_emitter "";`, /redis_emitter.* must be/],
            [`${redis} redis_emitter ${'x'.repeat(257)};`, /must be/],
            [`${redis} redis_emitter a; redis_emitter b;`, /is duplicate/],
            [`${redis} redis_emitter a; redis_emitter_max 0;`, /must be/],
            [`${redis} redis_emitter a; redis_emitter_max x;`, /must be/],
            [`${redis} redis_emitter;`, /number of arguments/],
        ]) {
            const t = test(lines);

            assert.ok(!t.ok, lines);
            assert.match(t.output, why);
            assert.match(t.output, new RegExp(`${t.file}:\\d+`));
        }

        const t = test(`${redis} redis_emitter a; redis_emitter_max 1m;`);

        assert.ok(t.ok, t.output);
    });
});
