'use strict';

/* Every event of echo, by stock clients. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { useEcho, sleep } = require('./lib/echo');
const { Player } = require('./lib/player');

const LOCATIONS = ['/socket.io/', '/default/', '/recovery/', '/extras/'];


/* Without the offset that events have on a location with recovery. */

function plain(location, args) {
    return location === '/recovery/' ? args.slice(0, -1) : args;
}


for (const location of LOCATIONS) {
    describe(`echo: events at ${location}`, () => {
        const server = useEcho({ before, after, afterEach });
        const open = [];

        afterEach(() => open.splice(0).forEach((p) => p.close()));

        async function join(nsp, opts) {
            const p = new Player(`${server.url}${nsp || '/'}`,
                { path: location, ...opts });

            open.push(p);
            await p.connect();
            await p.on(() => p.log.find((e) => e.name === 'auth'), 'auth');
            return p;
        }

        /* the arguments of an event once it comes */

        async function heard(p, name) {
            const e = await p.on(() => p.log.find((x) =>
                x.kind === 'event' && x.name === name), name);

            return plain(location, e.args);
        }

        function ask(p, ...args) {
            return new Promise((resolve, reject) => {
                const timer = setTimeout(() => reject(new Error(
                    `no ack of ${args[0]}`)), 8000);

                p.socket.emit(...args, (...answer) => {
                    clearTimeout(timer);
                    resolve(answer);
                });
            });
        }

        for (const mode of ['websocket', 'polling', 'upgrade']) {
            it(`auth, message and its ack over ${mode}`, async () => {
                const p = await join('/custom', { mode,
                    auth: { token: 'abc' } });

                assert.deepStrictEqual(await heard(p, 'auth'),
                    [{ token: 'abc' }]);
                p.tell('message', 1, 'two', { three: [null] },
                    Buffer.from([1, 2, 3]));
                assert.deepStrictEqual(await heard(p, 'message-back'),
                    [1, 'two', { three: [null] }, Buffer.from([1, 2, 3])]);
                assert.deepStrictEqual(await ask(p, 'message-with-ack',
                    Buffer.from('x'), 2), [Buffer.from('x'), 2]);
                assert.deepStrictEqual(await ask(p, 'message-with-ack'), []);
            });
        }

        it('call-client asks and tells what was answered', async () => {
            const p = await join();

            p.socket.on('sum', (a, b, answer) => answer(a + b,
                Buffer.from([9])));
            p.tell('call-client', 'sum', 2, 3);
            assert.deepStrictEqual(await heard(p, 'client-answered'),
                [5, Buffer.from([9])]);
        });

        it('kick-me', async () => {
            const p = await join();

            p.socket.io.reconnection(false);
            p.tell('kick-me', false);
            assert.strictEqual(await p.disconnection(1),
                'io server disconnect');

            const q = await join('/custom');

            q.socket.io.reconnection(false);
            q.tell('kick-me', true);
            assert.strictEqual(await q.disconnection(1),
                'io server disconnect');
        });

        it('burst and big', async () => {
            const p = await join();

            p.tell('burst', 'n', 500);
            await p.on(() => p.all('n').length === 500, '500 events');
            assert.deepStrictEqual(p.all('n'),
                Array.from({ length: 500 }, (_, i) => i));
            p.tell('big', 'b', 300000);
            assert.strictEqual((await heard(p, 'b'))[0],
                'x'.repeat(300000));
        });

        it('join, leave and rooms', async () => {
            const p = await join();

            assert.deepStrictEqual(await ask(p, 'rooms'), [['<self>']]);
            assert.deepStrictEqual(await ask(p, 'join', 'b'), []);
            await ask(p, 'join', 'a\u20ac');
            await ask(p, 'join', 'a\u20ac');
            assert.deepStrictEqual(await ask(p, 'rooms'),
                [['<self>', 'a\u20ac', 'b']]);
            assert.deepStrictEqual(await ask(p, 'leave', 'b'), []);
            await ask(p, 'leave', 'none');
            assert.deepStrictEqual(await ask(p, 'rooms'),
                [['<self>', 'a\u20ac']]);
        });

        it('rooms of one name in two namespaces are two', async () => {
            const p = await join();
            const q = await join('/custom');

            await ask(p, 'join', 'r');
            await ask(q, 'join', 'r');
            await ask(p, 'emit-in-room', 'r', 'hi', 1);
            await heard(p, 'hi');
            await sleep(60);
            assert.deepStrictEqual(q.all('hi'), []);
        });

        it('emit-in-room, emit-to-room, broadcast, volatile-in-room, msg',
            async () => {
                const all = [];

                for (const mode of ['websocket', 'polling', 'websocket',
                    'upgrade']) {
                    const p = await join('/', { mode });

                    all.push(p);

                    if (all.length < 4) {
                        await ask(p, 'join', 'hall');
                    }
                }

                const octets = Buffer.from([1, 2]);
                const [one] = all;

                one.clear();
                all.forEach((p) => p.clear());
                await ask(one, 'emit-in-room', 'hall', 'in', 1, octets);
                await ask(one, 'emit-to-room', 'hall', 'to', 2);
                await ask(one, 'broadcast', 'cast', 3, { o: octets });
                one.tell('volatile-in-room', 'hall', 'vol', 4);
                one.tell('msg', 'hall', { n: 5 });

                const want = [['in', [1, octets]], ['to', [2]],
                    ['cast', [3, { o: octets }]], ['vol', [4]],
                    ['msg', ['hall', { n: 5 }]]];
                const told = [[0, 3], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [2]];

                for (const [i, p] of all.entries()) {
                    for (const k of told[i]) {
                        const e = await p.on(() => p.log.find((x) =>
                            x.name === want[k][0]), want[k][0]);

                        assert.deepStrictEqual(want[k][0] === 'vol'
                            ? e.args.slice(0, 1) : plain(location, e.args),
                        want[k][1]);
                    }
                }

                await sleep(60);

                for (const [i, p] of all.entries()) {
                    assert.deepStrictEqual(p.log.filter((e) =>
                        e.kind === 'event').map((e) => e.name),
                    told[i].map((k) => want[k][0]));
                }
            });

        it('what is sent at once keeps its order', async () => {
            const p = await join();
            const others = [await join(), await join('/', { mode: 'polling' }),
                await join()];
            const acks = [];
            const mixed = [];

            for (const q of [p, ...others]) {
                await ask(q, 'join', 'hall');
                await ask(q, 'join', 'yard');
            }

            for (let i = 0; i < 120; i++) {
                const room = i % 30 < 20 ? 'hall' : 'yard';

                if (i % 7 === 3) {
                    mixed.push(ask(p, 'emit-in-room', room, 'n', i)
                        .then(() => acks.push(i)));

                } else if (i % 17 === 5) {
                    mixed.push(ask(p, 'join', `attic-${i}`)
                        .then(() => acks.push(i)));
                    mixed.push(ask(p, 'rooms').then(([rooms]) =>
                        assert.ok(rooms.includes(`attic-${i}`))));

                } else {
                    p.tell('emit-to-room', room, 'n', i);
                }
            }

            await Promise.all(mixed);

            const asked = acks.slice().sort((a, b) => a - b);

            assert.deepStrictEqual(acks, asked);
            assert.strictEqual(acks.length, mixed.length
                - asked.filter((i) => i % 7 !== 3).length);

            for (const q of others) {
                await q.on(() => q.all('n').length >= 120
                    - asked.filter((i) => i % 7 !== 3).length, 'the last');

                const heard = q.all('n');

                for (const room of [0, 1]) {
                    const got = heard.filter((i) => (i % 30 >= 20) == room);

                    assert.deepStrictEqual(got,
                        got.slice().sort((a, b) => a - b));
                }

                assert.strictEqual(new Set(heard).size, heard.length);
            }
        });

        it('an id is a room of its own', async () => {
            const p = await join();
            const q = await join();

            await ask(p, 'emit-in-room', q.socket.id, 'psst', 1);
            await heard(q, 'psst');
            assert.deepStrictEqual(p.all('psst'), []);
        });

        it('set-data and whoami', async () => {
            const p = await join();

            assert.deepStrictEqual(await ask(p, 'whoami'),
                [{ id: p.socket.id, recovered: false, data: null }]);
            assert.deepStrictEqual(await ask(p, 'set-data',
                { a: [1, 'x'] }), []);
            assert.deepStrictEqual(await ask(p, 'whoami'),
                [{ id: p.socket.id, recovered: false,
                    data: { a: [1, 'x'] } }]);
        });

        it('namespaces: refused and unknown ones', async () => {
            const p = new Player(`${server.url}/guarded`,
                { path: location, auth: { token: 'no' } });

            open.push(p);
            p.socket.on('connect_error', (e) => {
                p.error = e;
            });
            p.socket.connect();
            await p.on(() => p.log.length > 0, 'an error');
            assert.strictEqual(p.error.message, 'not authorized');
            assert.deepStrictEqual(p.error.data, { code: 'E_AUTH' });

            const q = new Player(`${server.url}/nowhere`,
                { path: location });

            open.push(q);
            q.socket.connect();
            await q.on(() => q.log.find((e) => e.kind === 'connect_error' &&
                e.data === 'Invalid namespace'), 'an error');
            await join('/guarded', { auth: { token: 'secret' } });
            await join('/room-42');
        });
    });
}
