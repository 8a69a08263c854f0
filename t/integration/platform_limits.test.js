'use strict';

/* Limits of the platform: of connections, of apps, of REST. */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before, after, afterEach } = require('node:test');

const { contract } = require('./lib/conftest');
const { Platform, THREADS, usePlatform } = require('./lib/platform');
const { sleep } = require('./lib/player');
const { tempDir } = require('./lib/server');


describe('platform: limits', () => {
    const server = usePlatform({ before, after, afterEach });

    it('L-77 L-78 L-74 the 101st event of a connection', async () => {
        const room = await server.room(['bob']);

        for (const transports of [['websocket'], ['polling', 'websocket']]) {
            const bob = await server.join(server.user('bob'),
                { transports });
            const other = await server.join(server.user('bob'));
            const codes = [];

            for (let i = 0; i < 102; i++) {
                const ack = await bob.ask('room:subscribe',
                    { roomId: i % 2 ? room.id : 'room_none' });

                codes.push(ack.error?.code);
            }

            assert.ok(!codes.slice(0, 100).includes('RATE_LIMIT_EXCEEDED'));
            assert.deepStrictEqual(codes.slice(100),
                ['RATE_LIMIT_EXCEEDED', 'RATE_LIMIT_EXCEEDED']);

            const ack = await other.ask('room:subscribe',
                { roomId: room.id });

            assert.strictEqual(ack.success, true);
            bob.disconnect();
            other.disconnect();
        }
    });

    it('L-49 the 11th app event of a second in a room', async () => {
        const token = await server.appToken();
        const one = await server.room(['bob']);
        const two = await server.room(['bob']);
        const bob = await server.member('bob', one);
        const codes = [];
        const started = Date.now();

        for (let i = 0; i < 11; i++) {
            const res = await server.publish(one, 'lottery:tick', { i },
                { token });

            codes.push(res.status);
        }

        assert.ok(Date.now() - started < 1000, 'within a second');
        assert.deepStrictEqual(codes, [...Array(10).fill(200), 429]);
        assert.strictEqual((await server.publish(two, 'lottery:tick', {},
            { token })).status, 200);

        await bob.next('lottery:tick', 9);
        assert.deepStrictEqual(bob.of('lottery:tick').map((h) => h.data.i),
            Array.from({ length: 10 }, (_, i) => i));

        await new Promise((r) => setTimeout(r, 1050));
        assert.strictEqual((await server.publish(one, 'lottery:tick', {},
            { token })).status, 200);
    });

    it('L-49 the limit holds for both workers together', async () => {
        const token = await server.appToken();
        const room = await server.room([]);
        const all = await Promise.all(Array.from({ length: 40 }, () =>
            server.publish(room, 'lottery:tick', {}, { token })));

        assert.strictEqual(all.filter((r) => r.status === 200).length, 10);
        assert.ok(all.every((r) => r.status === 200
            || r.json.error.code === 'RATE_LIMIT_EXCEEDED'));
    });

    it('L-50 more than 600 app events in a minute', async () => {
        const token = await server.appToken();
        const rooms = [];

        for (let i = 0; i < 61; i++) {
            rooms.push(await server.room([]));
        }

        let passed = 0;

        for (const room of rooms) {
            const all = await Promise.all(Array.from({ length: 10 }, () =>
                server.publish(room, 'lottery:tick', {}, { token })));

            passed += all.filter((r) => r.status === 200).length;
        }

        assert.strictEqual(passed, 600);
    });
});


describe('platform: REST limits', () => {
    const server = usePlatform({ before, after, afterEach },
        { options: [], main: '' });

    it('a user has 100 requests a minute, by headers', async () => {
        const token = server.user('bob');
        const first = await server.call('GET', '/api/auth/me', token);

        assert.strictEqual(first.headers['x-ratelimit-limit'], '100');
        assert.strictEqual(first.headers['x-ratelimit-remaining'], '99');
        assert.ok(Math.abs(first.headers['x-ratelimit-reset']
            - Date.now() / 1000 - 60) < 3);

        const all = await Promise.all(Array.from({ length: 100 }, () =>
            server.call('GET', '/api/auth/me', token)));

        assert.strictEqual(all.filter((r) => r.status === 200).length, 99);

        const over = all.find((r) => r.status === 429);

        assert.strictEqual(over.json.error.code, 'RATE_LIMIT_EXCEEDED');
        assert.strictEqual(over.headers['x-ratelimit-remaining'], '0');
        assert.strictEqual((await server.call('GET', '/api/auth/me',
            server.user('carol'))).status, 200);
    });

    it('L-1 passwords are checked by threads nobody configured', async () => {
        if (THREADS) {
            for (const pid of await server.pids()) {
                assert.ok(fs.readdirSync(`/proc/${pid}/task`).length > 1);
            }
        }

        for (const [password, status] of [['password', 200],
            ['passwore', 401]]) {
            const res = await server.call('POST', '/api/auth/login', null,
                { email: 'alice@example.com', password });

            assert.strictEqual(res.status, status, res.text);
        }
    });

    it('without a token there are 20', async () => {
        const all = await Promise.all(Array.from({ length: 21 }, () =>
            server.call('POST', '/api/auth/refresh', null,
                { refreshToken: 'x' })));

        /* two have gone to the logins before */
        assert.strictEqual(all.filter((r) => r.status === 401).length, 18);
        assert.strictEqual(all.filter((r) => r.status === 429).length, 3);
    });
});


/* Whoever logs in, or an app, has one limit, all others another. */

function limited() {
    const doc = contract('platform.openapi.json');
    const all = Object.values(doc.paths).flatMap((item) =>
        Object.values(item));

    for (const name of ['login', 'createAppToken']) {
        all.find((op) => op.operationId === name)['x-rooms-rate'] =
            { limit: 6, per: 3, group: 'doors' };
    }

    doc['x-rooms-rate'] = { limit: 8, per: 3 };
    return doc;
}


describe('platform: limits of requests in the contract', () => {
    const dir = tempDir();
    const openapi = path.join(dir, 'platform.openapi.json');
    let server;

    before(async () => {
        fs.writeFileSync(openapi, JSON.stringify(limited()));
        server = await new Platform({ openapi }).start();
    });

    after(async () => {
        await server.stop();
        fs.rmSync(dir, { recursive: true });
    });

    const many = (n, call) => Promise.all(Array.from({ length: n },
        (_, i) => call(i)));
    const passed = (all) => all.filter((res) => res.status !== 429).length;
    const login = () => server.call('POST', '/api/auth/login', null,
        { email: 'nobody@example.com', password: 'password' });
    const app = () => server.call('POST', '/api/apps/token', null,
        { appId: 'app_none', appSecret: 'sk' });
    const me = () => server.call('GET', '/api/auth/me', server.user('bob'));
    const users = () => server.call('GET', '/api/users/usr_bob',
        server.user('bob'));

    it('L-49 operations of a group count together, over both workers; the ' +
        'rest has the limit of the document', async () => {
        for (let round = 0; round < 2; round++) {
            const doors = await many(20, (i) => (i % 2 ? login() : app()));
            const rest = await many(20, (i) => (i % 2 ? me() : users()));

            assert.strictEqual(passed(doors), 6);
            assert.strictEqual(passed(rest), 8);

            for (const [all, limit] of [[doors, '6'], [rest, '8']]) {
                assert.ok(all.every((res) =>
                    res.headers['x-ratelimit-limit'] === limit));

                const over = all.find((res) => res.status === 429);

                assert.strictEqual(over.json.error.code,
                    'RATE_LIMIT_EXCEEDED');
                assert.strictEqual(over.headers['x-ratelimit-remaining'],
                    '0');
                assert.ok(over.headers['retry-after'] >= 1 &&
                    over.headers['retry-after'] <= 3);
                assert.ok(Math.abs(over.headers['x-ratelimit-reset'] -
                    Date.now() / 1000) < 5);
            }

            /* the first of them is three seconds ago then */
            await sleep(3300);
        }
    });

    it('L-49 a reload forgets nothing where the limits are the same',
        async () => {
            assert.strictEqual(passed(await many(6, app)), 6);
            await server.reload();
            assert.strictEqual((await app()).status, 429);

            const doc = limited();

            doc['x-rooms-rate'].limit = 9;
            fs.writeFileSync(openapi, JSON.stringify(doc));
            await server.reload();
            assert.strictEqual(passed(await many(20, me)), 9);
        });
});
