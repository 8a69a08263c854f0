'use strict';

/* Three sentinels, a master and its copy: the master dies. */

const assert = require('node:assert');
const { describe, it, afterEach, beforeEach } = require('node:test');

const { outage, round, seat } = require('./lib/pair');
const { Sentinels } = require('./lib/redis');
const { Server } = require('./lib/server');
const { until } = require('./lib/player');

const DOWN = 1000;
const TIMEOUT = 500;


/* A failover spoils the servers for the next test: each has its own. */

function useSentinels(o) {
    const pair = { servers: [] };

    beforeEach(async () => {
        pair.redis = await new Sentinels({ down: DOWN }).start();
        pair.servers = [];

        for (let i = 0; i < 2; i++) {
            pair.servers.push(await new Server({ redis: pair.redis.url,
                app: [`redis_timeout ${TIMEOUT}ms;`], ...o }).start());
        }
    });
    afterEach(async () => {
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


/* When the sentinels have made the copy the master. */

async function promoted(pair) {
    await until(async () => /role:master/.test(await pair.redis.copy.ask(
        'INFO', 'replication').catch(() => '')), 'the copy is master', 30000);
    return Date.now();
}


describe('redis: sentinels', () => {
    const pair = useSentinels();

    it('D-26 D-52 name the master', async () => {
        await round((await seat(pair)).players);
        assert.match(await pair.redis.master.ask('CLIENT', 'LIST', 'TYPE',
            'pubsub'), /sub=[1-9]/);
    });

    it('D-73 the master is killed: nobody missed anything', async () => {
        const { players } = await outage(pair, {
            go: async () => {
                await pair.redis.master.copied();
                await pair.redis.master.kill();
            },
            back: () => promoted(pair),
            within: 5000, timeout: TIMEOUT });

        await players[0].restart();
        await round(players);
    });

    it('D-73 the master hangs, and comes back as a copy', async () => {
        const { players } = await outage(pair, {
            go: async () => {
                await pair.redis.master.copied();
                pair.redis.master.pause();
            },
            back: () => promoted(pair),
            within: 5000, timeout: TIMEOUT });

        pair.redis.master.resume();
        await until(async () => /role:slave/.test(
            await pair.redis.master.ask('INFO', 'replication')
                .catch(() => '')), 'the old master is a copy', 30000);
        await players[0].restart();
        await round(players);
    });

    it('D-73 a failover that is asked for: +switch-master is followed',
        async () => {
            const { players } = await seat(pair);

            await pair.redis.master.copied();
            await pair.redis.sentinels[0].ask('SENTINEL', 'FAILOVER', 'main');

            const at = await promoted(pair);

            await until(async () => {
                const ack = await players[0].submit(['sushi-spot']);

                return ack.success || ack.code === 'ALREADY_SUBMITTED';
            }, 'a command at the new master', 30000);
            assert.ok(Date.now() - at < 5000, `${Date.now() - at} ms`);
            await Promise.all(players.slice(1).map((p) =>
                p.next('participant:submitted')));
            assert.ok(players.every((p) => p.socket.connected));
            await until(async () => /sub=[1-9]/.test(await pair.redis.copy
                .ask('CLIENT', 'LIST', 'TYPE', 'pubsub')),
            'subscriptions there', 5000);
        });

    it('D-73 one sentinel is dead, and one of those left hangs', async () => {
        await pair.redis.sentinels[0].kill();
        pair.redis.sentinels[1].pause();

        /* whoever connects now finds the one that answers */
        const server = await new Server({ redis: pair.redis.url,
            app: [`redis_timeout ${TIMEOUT}ms;`] }).start();

        try {
            await until(() => server.rest.create('Alice').catch(() => null),
                'a session', 15000);

        } finally {
            pair.redis.sentinels[1].resume();
            await server.stop();
        }
    });

    it('D-8 writes that the copy never had: everybody is told', async () => {
        const { players } = await seat(pair);

        await pair.redis.master.copied();

        /* taken by the master, and lost with it */
        pair.redis.copy.pause();
        await pair.redis.master.ask('CLIENT', 'KILL', 'TYPE', 'replica');
        assert.strictEqual((await players[0].submit(['sushi-spot'])).success,
            true);
        await Promise.all(players.slice(1).map((p) =>
            p.next('participant:submitted')));

        const gone = players.map((p) => p.log.length);

        await pair.redis.master.kill();
        pair.redis.copy.resume();
        await promoted(pair);

        await until(() => players.every((p, i) => p.log.slice(gone[i])
            .some((e) => e.kind === 'disconnect')), 'all told', 30000);
        await until(() => players.every((p) => p.socket.connected),
            'all back', 30000);
        assert.ok(players.every((p) => !p.socket.recovered));

        for (const server of pair.servers) {
            assert.match(server.errorLog(), /redis has lost its journal/);
        }

        /* and what is there now is usable */
        await until(() => pair.servers[0].rest.create('Alice').catch(() =>
            null), 'a session');
    });
});


describe('redis: sentinels that do not know the master', () => {
    it('are asked on, and it is said', async () => {
        const redis = await new Sentinels({ down: DOWN }).start();
        const server = await new Server({
            redis: redis.url.replace('/main/', '/other/'),
            app: [`redis_timeout ${TIMEOUT}ms;`] }).start();

        try {
            const said = new RegExp('no sentinel of .* answers for ' +
                '"other", the last does not know');

            await until(() => said.test(server.errorLog()),
                'a line in the log');
            assert.strictEqual((await server.rest.post('/api/sessions',
                { hostName: 'Alice' })).status, 503);

            for (const sentinel of redis.sentinels) {
                await sentinel.ask('SENTINEL', 'MONITOR', 'other',
                    '127.0.0.1', redis.master.port, 2);
            }

            await until(() => server.rest.create('Alice').catch(() => null),
                'a session', 15000);

        } finally {
            await server.stop();
            await redis.stop();
        }
    });
});
