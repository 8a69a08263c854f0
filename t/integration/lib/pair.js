'use strict';

/* Two nginx of two workers each that share one Redis, and a dinner on both. */

const assert = require('node:assert');

const { Proxy } = require('./network');
const { Redis } = require('./redis');
const { Server } = require('./server');
const { until } = require('./player');

const NAMES = ['Alice', 'Bob', 'Carol', 'Dave'];


/*
 * For a describe block.  hooks: of node:test; o: options of both nginx, or a
 * function of the pair that gives them; make: starts what has "url" and
 * stop(), a Redis where it is not given; serve: of options, a server of another
 * application.
 */

function usePair(hooks, o, make, serve) {
    const pair = { redis: null, servers: [] };

    hooks.before(async () => {
        pair.redis = await (make ? make(pair) : new Redis().start());

        for (let i = 0; i < 2; i++) {
            const options = { redis: pair.redis.url,
                ...(typeof o === 'function' ? o(pair) : o) };

            pair.servers.push(await (serve ? serve(options)
                : new Server(options)).start());
        }
    });
    hooks.afterEach(() => Promise.all(pair.servers.map((s) => s.clean())));
    hooks.after(async () => {
        const stopped = await Promise.allSettled(pair.servers.map((s) =>
            s.stop()));

        await pair.redis.stop();

        for (const one of stopped) {
            if (one.status === 'rejected') {
                throw one.reason;
            }
        }
    });
    return pair;
}


/* The same; the second nginx has its Redis through pair.proxy. */

function useProxied(hooks, o, serve) {
    const pair = usePair(hooks, () => ({
        app: ['redis_timeout 10s;'],
        ...(pair.servers.length ? { redis: pair.proxy.url } : {}),
        ...o,
    }), async () => {
        const redis = await new Redis().start();

        pair.proxy = await new Proxy(redis).start();
        return redis;
    }, serve);

    hooks.after(() => pair.proxy.stop());
    return pair;
}


/* Four around a table, on all four workers. */

async function seat(pair, opts) {
    const { sessionCode: code } = await pair.servers[0].rest.create('Alice');
    const players = [];

    for (const [i, name] of NAMES.entries()) {
        players.push(await pair.servers[i % 2].player({ side: i >> 1, name,
            ...opts }));
    }

    for (const [i, player] of players.entries()) {
        const ack = await player.join(code);

        assert.strictEqual(ack.success, true, JSON.stringify(ack));
        assert.strictEqual(ack.participantCount, i + 1);

        for (const other of players.slice(0, i)) {
            assert.strictEqual((await other.next('participant:joined'))
                .participantCount, i + 1);
        }
    }

    for (const server of pair.servers) {
        await server.assertBothWorkers();
    }

    players.forEach((p) => p.clear());
    return { code, players };
}


/* All choose the same, and get the same results. */

async function round(players) {
    for (const player of players) {
        assert.deepStrictEqual(await player.submit(['sushi-spot']),
            { success: true });
    }

    const results = await Promise.all(players.map((p) =>
        p.next('session:results')));

    for (const one of results) {
        assert.deepStrictEqual(one, results[0]);
    }

    return results[0];
}


/*
 * A dinner during which Redis is away.  go and back take and give it; within:
 * ms after back until commands are taken again.  What is promised is looked
 * at: commands in between are refused in time, sockets stay, what is held is
 * read, and afterwards nobody has missed anything.
 */

async function outage(pair, { go, back, within, timeout }) {
    const { code, players } = await seat(pair);

    assert.strictEqual((await players[0].submit(['sushi-spot'])).success,
        true);

    for (const player of players.slice(1)) {
        await player.next('participant:submitted');
    }

    await go();

    const at = Date.now();
    const ack = await players[1].submit(['sushi-spot']);

    assert.strictEqual(ack.success, false, JSON.stringify(ack));
    assert.ok(Date.now() - at < timeout + 1000, `${Date.now() - at} ms`);

    for (const server of pair.servers) {
        assert.strictEqual((await server.rest.session(code)).status, 200);
    }

    assert.ok(players.every((p) => p.socket.connected));

    const since = await back() || Date.now();

    /* the unknown outcome of the submit above may be either */
    for (const player of players.slice(1)) {
        await until(async () => {
            const again = await player.submit(['sushi-spot']);

            return again.success || again.code === 'ALREADY_SUBMITTED';
        }, 'a command that is taken again', 30000);

        if (player === players[1]) {
            const took = Date.now() - since;

            assert.ok(took < within, `back after ${took} ms`);
        }
    }

    for (const player of players) {
        await player.next('session:results');
        assert.strictEqual(player.all('participant:submitted').length, 3);
        assert.ok(player.socket.connected);
        assert.ok(!player.log.some((e) => e.kind === 'disconnect'));
    }

    return { code, players };
}


module.exports = { usePair, useProxied, seat, round, outage };
