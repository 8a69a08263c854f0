'use strict';

/* Clients with socket.io-msgpack-parser, on every application. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const parser = require('socket.io-msgpack-parser');

const { oneLocation, refused, eio, frame, Poll, Wire, until } =
    require('./lib/echo');
const { Player } = require('./lib/player');
const { Server, useServer } = require('./lib/server');
const { usePolls, submit, faults: pollFaults } = require('./lib/polls');
const { useOrchestrator, submit: scan, faults: gameFaults } =
    require('./lib/orchestrator');

const hooks = { before, after, afterEach };
const MODES = ['websocket', 'polling', 'upgrade'];
const MSGPACK = { parser };

/* What has to come back as it was sent. */

const EXACT = [
    0, 1, 127, 128, 255, 256, 65535, 65536, 2 ** 31, 2 ** 32, 2 ** 53,
    -1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1,
    -(2 ** 53), 0.1, -0.5, 1.5e-300, 5e-324, 4503599627370495.5, 1 / 3,
    '', 'a', 'é€😀\n"\\\u0001', 'x'.repeat(31), 'x'.repeat(32),
    'x'.repeat(255), 'x'.repeat(256), 'y'.repeat(65536),
    null, true, false, [], {}, [[[]]], [1, [2, [3, { four: [5] }]]],
    { a: null, b: { c: [{}] }, '': 0, 'é': 'é' },
    new Array(15).fill(7), new Array(16).fill(7), new Array(300).fill('z'),
    Object.fromEntries(new Array(20).fill(0).map((_, i) => [`k${i}`, i])),
];


/* Octets, whichever way a client's library has them. */

function octets(value) {
    if (value instanceof ArrayBuffer) {
        return Buffer.from(value);
    }

    if (ArrayBuffer.isView(value)) {
        return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }

    if (Array.isArray(value)) {
        return value.map(octets);
    }

    return value && typeof value === 'object'
        ? Object.fromEntries(Object.entries(value).map(([k, v]) =>
            [k, octets(v)])) : value;
}


/* A server with echo alone, and players placed on its workers. */

function useEcho(lines, o) {
    const server = new Server(oneLocation(lines, o));

    server.dinner = async () => (await server.status()).apps.echo;
    before(() => server.start());
    afterEach(() => {
        Wire.closeAll();
        return server.clean();
    });
    after(() => server.stop());
    return server;
}


async function heard(player, name) {
    const e = await player.on(() => player.log.find((x) =>
        x.kind === 'event' && x.name === name), name);

    return octets(e.args);
}


/* All arguments of an ack. */

async function answer(player, ...args) {
    await player.ask(...args);
    return octets(player.log.filter((e) => e.kind === 'ack').pop().args);
}


describe('msgpack: echo', () => {
    const server = useEcho('rooms_deflate on; rooms_deflate_threshold 200;');

    for (const mode of MODES) {
        it(`values come back as they were, over ${mode}`, async () => {
            const player = await server.player({ mode, ...MSGPACK });

            assert.deepStrictEqual(await answer(player, 'message-with-ack',
                ...EXACT), EXACT);
            player.tell('message', ...EXACT);
            assert.deepStrictEqual(await heard(player, 'message-back'),
                EXACT);
            assert.deepStrictEqual(
                await answer(player, 'message-with-ack'), []);
        });

        it(`octets, dates and undefined over ${mode}`, async () => {
            const player = await server.player({ mode, ...MSGPACK });
            const view = new Uint8Array([1, 2, 255]);
            const date = new Date(Date.UTC(1969, 6, 20, 20, 17, 40, 7));

            assert.deepStrictEqual(await answer(player, 'message-with-ack',
                Buffer.from([0, 255]), { deep: [view.buffer] },
                Buffer.alloc(0), Buffer.alloc(70000, 7), date, undefined,
                { a: undefined, b: 1 }, NaN),
            [Buffer.from([0, 255]), { deep: [Buffer.from([1, 2, 255])] },
                Buffer.alloc(0), Buffer.alloc(70000, 7), date.toISOString(),
                null, { b: 1 }, null]);
        });

        it(`auth, refusals and namespaces over ${mode}`, async () => {
            const player = await server.player({ mode, ...MSGPACK,
                auth: { token: 'abc', n: 1.5 } });

            assert.deepStrictEqual(await heard(player, 'auth'),
                [{ token: 'abc', n: 1.5 }]);

            const other = player.socket.io.socket('/nope');
            const why = await new Promise((resolve) => {
                other.on('connect_error', resolve);
                other.connect();
            });

            assert.strictEqual(why.message, 'Invalid namespace');

            const guarded = player.socket.io.socket('/guarded', { auth: {} });
            const refusal = await new Promise((resolve) => {
                guarded.on('connect_error', resolve);
                guarded.connect();
            });

            assert.strictEqual(refusal.message, 'not authorized');
            assert.deepStrictEqual(refusal.data, { code: 'E_AUTH' });

            guarded.auth = { token: 'secret' };
            guarded.connect();
            await until(() => guarded.connected, 'the guarded namespace');

            const gone = new Promise((resolve) =>
                guarded.on('disconnect', resolve));

            guarded.emit('kick-me', false);
            assert.strictEqual(await gone, 'io server disconnect');
            assert.strictEqual(player.socket.connected, true);
        });

        it(`the server asks for acks over ${mode}`, async () => {
            const player = await server.player({ mode, ...MSGPACK });

            player.socket.on('sum', (a, b, done) =>
                done(a + b, Buffer.from([9])));
            player.tell('call-client', 'sum', 2, 2 ** 40);
            assert.deepStrictEqual(await heard(player, 'client-answered'),
                [2 ** 40 + 2, Buffer.from([9])]);
        });
    }

    it('members of a room have either parser and either transport, on both ' +
        'workers', async () => {
        const members = [];

        for (const mode of ['websocket', 'polling']) {
            for (const side of [0, 1]) {
                for (const more of [{}, MSGPACK]) {
                    members.push(await server.player({ mode, side, ...more,
                        name: `${mode} ${side} ${more.parser ? 'm' : 'j'}` }));
                }
            }
        }

        await server.assertBothWorkers();

        for (const member of members) {
            await member.ask('join', 'mixed');
            member.clear();
        }

        const sent = [7, { a: [Buffer.from('hi'), null] }, 0.1, 'ü',
            Buffer.from([1])];

        for (const from of members) {
            from.tell('emit-in-room', 'mixed', 'news', ...sent);

            for (const member of members) {
                assert.deepStrictEqual(await heard(member, 'news'), sent,
                    member.name);
            }

            members.forEach((m) => m.clear());
        }

        members[1].tell('emit-to-room', 'mixed', 'others', 1);

        for (const member of members) {
            if (member !== members[1]) {
                assert.deepStrictEqual(await heard(member, 'others'), [1]);
            }
        }

        assert.deepStrictEqual(members[1].all('others'), []);
    });

    it('a burst keeps its order', async () => {
        const players = [await server.player({ side: 0, ...MSGPACK }),
            await server.player({ side: 1, mode: 'polling', ...MSGPACK })];

        for (const player of players) {
            player.tell('burst', 'tick', 2000);
            await player.on(() => player.all('tick').length === 2000,
                '2000 events');
            assert.deepStrictEqual(player.all('tick'),
                new Array(2000).fill(0).map((_, i) => i));
        }
    });
});


/* Wire: one binary message per packet, encoded by the stock encoder. */

const encoder = new parser.Encoder();

function packet(type, data, more) {
    return encoder.encode({ type, nsp: '/', data, ...more })[0];
}


async function open(server) {
    const wire = await eio(server, '/socket.io/');

    wire.beat();
    return wire;
}


describe('msgpack: the wire', () => {
    const server = useEcho('rooms_max_nodes 1000; rooms_max_attachments 3;' +
        'rooms_max_payload 5000;');

    async function refuses(...messages) {
        const was = await refused(server, 'packet');
        const wire = await open(server);

        for (const message of messages) {
            await wire.send(typeof message === 'string' ? frame(1, message)
                : frame(2, message));
        }

        await wire.closed();
        await until(async () => await refused(server, 'packet') === was + 1,
            'the figure');
    }

    it('a packet is one binary message', async () => {
        const wire = await open(server);

        await wire.send(frame(2, packet(0)));

        const hello = await wire.until(() => wire.frames.find((f) =>
            f.opcode === 2), 'a binary message');

        assert.strictEqual(hello.data[0], 0x83);

        const decoder = new parser.Decoder();
        const seen = [];

        decoder.on('decoded', (p) => seen.push(p));
        decoder.add(hello.data);
        assert.strictEqual(seen[0].type, 0);
        assert.strictEqual(seen[0].nsp, '/');
        assert.match(seen[0].data.sid, /^[\w-]{20}$/);

        wire.clear();
        await wire.send(frame(2, packet(2, ['message-with-ack',
            Buffer.from('b'), 300], { id: 2 ** 40 })));

        const ack = await wire.until(() => wire.frames.find((f) =>
            f.opcode === 2 && (decoder.add(f.data), seen.pop().type === 3)),
        'the ack');

        decoder.add(ack.data);
        assert.deepStrictEqual(seen.pop(), { type: 3, nsp: '/',
            data: [Buffer.from('b'), 300], id: 2 ** 40 });
        assert.ok(wire.frames.every((f) => f.opcode === 2 ||
            f.data.toString() === '2'));
    });

    it('the first packet decides for the whole session', async () => {
        await refuses(packet(0), '42["message"]');
        await refuses('40', packet(2, ['message']));
        await refuses(packet(2, ['message']));
        await refuses(packet(1));
    });

    it('what is no packet closes the connection', async () => {
        const good = packet(2, ['message', 1]);

        for (const bad of [Buffer.from([]), Buffer.from([0xc1]),
            Buffer.from('42["message"]'), good.subarray(0, -1),
            Buffer.concat([good, Buffer.from([0])]), packet(5, ['x']),
            packet(2, { a: 1 }), packet(2, []), packet(2, ['connect']),
            packet(2, ['x'], { id: -1 }),
            packet(2, ['x'], { id: 'x' }), packet(4, { message: 'x' }),
            packet(2, ['x'], { nsp: '/other' }),
            packet(2, ['x', { _placeholder: true, num: 0 },
                Buffer.from('x')]), packet(0)]) {
            await refuses(packet(0), bad);
        }
    });

    it('depth, values, binaries and size are limited', async () => {
        const nested = (n) => JSON.parse('['.repeat(n) + ']'.repeat(n));

        await refuses(packet(0), packet(2, ['message', nested(32)]));
        await refuses(packet(0), packet(2, new Array(1000).fill('x')));
        await refuses(packet(0), packet(2, ['message',
            ...new Array(4).fill(Buffer.from('x'))]));

        /* five octets of a packet that say there are four billion more */

        for (const head of [0xdd, 0xdf, 0xc6, 0xc9, 0xdb]) {
            await refuses(packet(0), Buffer.concat([packet(2, ['x', 1])
                .subarray(0, -1), Buffer.from([head, 255, 255, 255, 255])]));
        }

        /* as JSON it would be six times as long */

        await refuses(packet(0), packet(2, ['message',
            '\u0001'.repeat(1000)]));

        const wire = await open(server);

        await wire.send(frame(2, packet(0)));
        await wire.send(frame(2, packet(2, ['message', nested(31)])));
        await wire.send(frame(2, packet(2, ['message',
            ...new Array(240).fill('x')])));
        await wire.send(frame(2, packet(2, ['message',
            ...new Array(3).fill(Buffer.from('x'))])));
        await wire.until(() => wire.frames.filter((f) => f.opcode === 2)
            .length === 5, 'all answers');
    });

    it('polling has them as base64', async () => {
        const poll = await new Poll(server, '/socket.io/').open();
        const b64 = (data) => `b${data.toString('base64')}`;

        await poll.post(`${b64(packet(0))}\x1e` +
            b64(packet(2, ['message', 'x'])));

        const all = [];

        await until(async () => {
            all.push(...(await poll.get()).text.split('\x1e'));
            return all.filter((p) => p[0] === 'b').length >= 3;
        }, 'three packets');

        assert.ok(all.every((p) => p[0] === 'b' || p === '2'), all.join());

        const was = await refused(server, 'packet');

        await poll.post('42["message"]');
        await until(async () => await refused(server, 'packet') === was + 1,
            'the figure');
    });
});


for (const [only, other] of [['json', 'msgpack'], ['msgpack', 'json']]) {
    describe(`msgpack: rooms_parser ${only}`, () => {
        const server = useEcho(`rooms_parser ${only};`);

        it(`takes ${only} and nothing else`, async () => {
            const opts = { json: {}, msgpack: MSGPACK };
            const player = await server.player({ side: 0, ...opts[only] });

            assert.deepStrictEqual(await answer(player, 'message-with-ack',
                1), [1]);

            const wrong = new Player(server.url, { ...opts[other],
                reconnection: false });

            wrong.socket.connect();
            await until(() => refused(server, 'packet'), 'the figure');
            assert.strictEqual(wrong.socket.connected, false);
            wrong.close();
        });
    });
}


describe('msgpack: recovery', () => {
    const server = useEcho('rooms_recovery 30s;');

    for (const mode of ['websocket', 'polling']) {
        it(`what was missed comes once, in order, over ${mode}`, async () => {
            const player = await server.player({ side: 0, mode, ...MSGPACK });
            const other = await server.player({ side: 1, ...MSGPACK });
            const plain = await server.player({ side: 0 });

            for (const one of [player, other, plain]) {
                await one.ask('join', 'r');
            }

            other.tell('emit-in-room', 'r', 'n', 0, Buffer.from([0]));
            await heard(player, 'n');

            const id = player.id;

            player.drop();
            await player.disconnection(1);

            for (let i = 1; i <= 20; i++) {
                const from = i % 2 ? other : plain;

                from.tell('emit-in-room', 'r', 'n', i, Buffer.from([i]));
                await from.on(() => from.all('n').length > i, 'its own');
            }

            const again = await player.connection(1);

            assert.deepStrictEqual(again, { id, recovered: true });
            await player.on(() => player.all('n').length === 21, '21 events');
            assert.deepStrictEqual(player.log.filter((e) => e.name === 'n')
                .map((e) => octets(e.args).slice(0, 2)),
            new Array(21).fill(0).map((_, i) => [i, Buffer.from([i])]));
            assert.match(player.log.filter((e) => e.name === 'n').pop()
                .args[2], /^[\w-]+$/);
        });
    }
});


describe('msgpack: dinner', () => {
    const server = useServer(hooks);

    it('D-26 D-52 a table of both parsers on both workers decides',
        async () => {
            const { sessionCode } = await server.rest.create('Alice');
            const players = [];

            for (const [i, name] of ['Alice', 'Bob', 'Carol', 'Dave']
                .entries()) {
                players.push(await server.player({ side: i % 2, name,
                    mode: ['websocket', 'polling'][i >> 1],
                    ...(i === 3 ? {} : MSGPACK) }));
            }

            await server.assertBothWorkers();

            for (const player of players) {
                const ack = await player.join(sessionCode);

                assert.strictEqual(ack.success, true, JSON.stringify(ack));
            }

            for (const player of players) {
                assert.deepStrictEqual(await player.submit(['sushi-spot']),
                    { success: true });
            }

            const results = await Promise.all(players.map((p) =>
                p.next('session:results')));

            for (const one of results) {
                assert.deepStrictEqual(one, results[3]);
            }

            assert.strictEqual(results[0].hasOverlap, true);

            const bad = await players[0].ask('session:join', { no: 'code' });

            assert.strictEqual(bad.success, false);
        });
});


describe('msgpack: polls', () => {
    const server = usePolls(hooks);

    it('P-52 P-55 votes of both parsers are counted for everybody',
        async () => {
            const session = await server.running({});
            const { poll } = session;
            const watchers = [
                await session.socket({ side: 0, ...MSGPACK }),
                await session.socket({ side: 1, mode: 'polling',
                    ...MSGPACK }),
                await session.socket({ side: 1 }),
            ];
            const voters = [await session.voter({ side: 1, ...MSGPACK }),
                await session.voter({ side: 0 })];

            await server.assertBothWorkers();

            for (const voter of voters) {
                const ack = await submit(voter, poll, { selectedOptionIds:
                    [poll.options[0].optionId] });

                assert.strictEqual(ack.success, true, JSON.stringify(ack));
            }

            for (const watcher of watchers) {
                await watcher.on(() => watcher.all('results:updated')
                    .some((e) => e.payload.results.totalVotes === 2 ||
                        JSON.stringify(e).includes('"totalVotes":2')),
                'both votes');
                assert.deepStrictEqual(pollFaults(watcher), []);
            }

            assert.deepStrictEqual(watchers[0].all('results:updated').pop(),
                watchers[2].all('results:updated').pop());
        });
});


describe('msgpack: orchestrator', () => {
    const server = useOrchestrator(hooks);

    it('G-1 G-2 G-21 stations of both parsers see one game', async () => {
        const stations = [];

        for (const [i, more] of [MSGPACK, {}, { ...MSGPACK,
            mode: 'polling' }].entries()) {
            const player = await server.player({ side: i % 2, ...more });
            const ack = await player.ask('gm:identify',
                { stationId: `GM_${i}`, version: '1.0.0' });

            assert.strictEqual(ack.success, true, JSON.stringify(ack));
            stations.push(player);
        }

        await server.assertBothWorkers();
        await scan(stations[0], 'MEM_001');

        for (const station of stations) {
            await station.next('transaction:new');
            assert.deepStrictEqual(gameFaults(station), []);
        }
    });
});
