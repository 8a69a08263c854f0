'use strict';

/* What is kept of a room in Redis, and for how long. */

const assert = require('node:assert');
const test = require('node:test');

const { echoServer } = require('./lib/echo');
const { Proxy } = require('./lib/network');
const { Player, SCALE, sleep, until } = require('./lib/player');
const { PollsServer, Session } = require('./lib/polls');
const { Redis } = require('./lib/redis');
const { usePair } = require('./lib/twins');

const { describe, it, before, after, afterEach } = test;

const KEEP = 1000;


/* An echo whose rooms are forgotten soon. */

function echo(url) {
    return echoServer({ redis: url, change: (text) => text.replace(
        /rooms_app echo_default \{/,
        `$& redis_keep ${KEEP}ms; redis_timeout 500ms;`) }).start();
}


describe('redis: rooms without a state', () => {
    const players = [];
    let redis;
    let proxy;
    let servers;

    before(async () => {
        redis = await new Redis().start();
        proxy = await new Proxy(redis).start();
        servers = [await echo(redis.url), await echo(proxy.url)];
    });
    afterEach(() => players.splice(0).forEach((p) => p.close()));
    after(async () => {
        for (const server of servers) {
            await server.stop();
        }

        await proxy.stop();
        await redis.stop();
    });

    /* Two at each nginx, in one room. */

    async function members(room) {
        for (let i = 0; i < 4; i++) {
            players.push(await new Player(servers[i % 2].url,
                { path: '/default/' }).connect());
            await players[i].ask('join', room);
        }
    }

    const say = (player, room, n) => player.tell('emit-in-room', room, 'n',
        n);
    const told = (player) => player.all('n');
    const keys = (room) => redis.ask('KEYS', `*:r:*${room}`);

    async function all(n) {
        await until(() => players.every((p) => told(p).at(-1) === n),
            `${n} everywhere`);
    }

    async function forgotten(room) {
        await until(async () => (await keys(room)).length === 0, 'forgotten');
    }

    it('that Redis has forgotten keep their members', async () => {
        await members('quiet');

        for (let n = 0; n < 6; n++) {
            say(players[n % 4], 'quiet', n);
            await all(n);
            assert.strictEqual((await keys('quiet')).length, 1);
            await forgotten('quiet');

            if (n === 3) {
                await redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub');
                await sleep(800 * SCALE);
            }
        }

        for (const player of players) {
            assert.deepStrictEqual(told(player), [0, 1, 2, 3, 4, 5]);
            assert.ok(!player.log.some((e) => e.kind === 'disconnect'));
        }
    });

    it('a busy one is kept, message after message', async () => {
        await members('busy');

        for (let n = 0; n < 30; n++) {
            say(players[n % 4], 'busy', n);
            await sleep(KEEP / 12);
            assert.strictEqual((await keys('busy')).length, 1);
        }

        await all(29);
    });

    it('who cannot know what was forgotten meanwhile is told', async () => {
        await members('away');
        say(players[0], 'away', 0);
        await all(0);

        proxy.hold();
        say(players[0], 'away', 1);
        await until(() => told(players[2]).at(-1) === 1, 'told at one');
        await forgotten('away');
        await sleep(KEEP);

        /* nobody here has heard of it, and it is nowhere any more */
        assert.deepStrictEqual(told(players[1]), [0]);
        proxy.release();
        await until(() => [players[1], players[3]].every((p) =>
            p.log.some((e) => e.kind === 'disconnect')), 'both told');
        await until(() => players.every((p) => p.socket.connected),
            'back again');
        assert.ok(![players[0], players[2]].some((p) =>
            p.log.some((e) => e.kind === 'disconnect')));
    });
});


describe('redis: a room without a state that is forgotten', () => {
    it('while somebody is away, and begun anew: nothing is missed',
        async () => {
            const redis = await new Redis().start();
            const change = (text) => text
                .replace('rooms_recovery 2s', 'rooms_recovery 4s')
                .replace(/rooms_app echo_recovery \{/,
                    '$& redis_keep 4500ms;');
            const servers = [];
            const players = [];

            try {
                for (let i = 0; i < 2; i++) {
                    servers.push(await echoServer({ redis: redis.url,
                        change }).start());
                    players.push(await new Player(servers[i].url,
                        { path: '/recovery/' }).connect());
                    await players[i].ask('join', 'R');
                }

                const [stays, goes] = players;
                const say = (n) => stays.tell('emit-in-room', 'R', 'n', n);

                say(0);
                await until(() => goes.all('n').length === 1, 'told');

                /* it goes when the room is nearly forgotten */
                await sleep(3800);
                await goes.vanish();
                await until(async () => (await redis.ask('KEYS', '*:r:*R'))
                    .length === 0, 'forgotten');

                for (let n = 1; n < 4; n++) {
                    say(n);
                }

                await until(() => stays.all('n').length === 4, 'told');
                goes.socket.io.uri = servers[0].url;
                goes.socket.connect();
                await until(() => goes.socket.connected, 'back');
                assert.ok(goes.socket.recovered);
                await until(() => goes.all('n').length === 4, 'all');
                say(4);
                await until(() => goes.all('n').length === 5, 'and on');
                assert.deepStrictEqual(goes.all('n'), [0, 1, 2, 3, 4]);
            } finally {
                players.forEach((p) => p.close());

                for (const server of servers) {
                    await server.stop();
                }

                await redis.stop();
            }
        });
});


/* The room that has had most records. */

async function longest(redis) {
    const keys = await redis.ask('KEYS', '*:r:*');
    const lengths = await Promise.all(keys.map((key) => redis.ask('XLEN',
        key.replace(':r:', ':s:'))));

    return keys[lengths.indexOf(Math.max(...lengths))];
}


describe('redis: rooms with a state', () => {
    const pair = usePair(test, (o) => new PollsServer(o), {});

    it('are read from a snapshot that is made now and then', async () => {
        const { redis } = pair;
        const session = await pair.servers[0].running();
        const other = Object.assign(new Session(pair.servers[1],
            session.created), { poll: session.poll });
        const key = await longest(redis);
        const snapshots = new Set();
        const made = [];
        let size = 0;

        for (let i = 0; i < 200; i++) {
            made.push((await [session, other][i % 2].create({ question:
                `Q${i} ${'x'.repeat(200)}` })).pollId);

            const [snap, state] = await redis.ask('HMGET', key, 'snap',
                'state');

            if (snap) {
                snapshots.add(snap);
                size = Math.max(size, state.length);
            }
        }

        const octets = (await redis.ask('XRANGE', key.replace(':r:', ':s:'),
            '-', '+')).reduce((sum, [, f]) => sum + f[1].length, 0);

        assert.ok(octets > 100000, `${octets}`);
        assert.ok(size > 1000, `${size}`);
        assert.ok(snapshots.size >= 1, `${snapshots.size}`);
        assert.ok(snapshots.size <= octets / 16384, `${snapshots.size}`);

        /* somebody who comes late reads one and what came after it */
        const late = await new PollsServer({ redis: redis.url }).start();

        try {
            for (const id of [made[0], made[99], made[199]]) {
                const [want, have] = await Promise.all([pair.servers[0],
                    late].map((s) => s.rest.get(`/polls/${id}/results`)));

                assert.strictEqual(want.status, 200, want.text);
                assert.deepStrictEqual(have.json, want.json);
            }
        } finally {
            await late.stop();
        }
    });
});
