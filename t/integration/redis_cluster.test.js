'use strict';

/* A cluster: the zone's slot is served by one node, and moves. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { round, seat, usePair } = require('./lib/pair');
const { Cluster, Redis } = require('./lib/redis');
const { Server } = require('./lib/server');
const { sleep, until } = require('./lib/player');

const HOOKS = { before, after, afterEach };
const KEY = '{rooms:dinner}:z';
const TIMEOUT = 4000;


function useCluster() {
    return usePair(HOOKS, { app: [`redis_timeout ${TIMEOUT}ms;`] },
        () => new Cluster().start());
}


/* All keys are at the owner of the slot, and the connections too. */

async function assertAt(cluster, node) {
    for (const other of cluster.nodes) {
        const keys = await other.ask('CLUSTER', 'COUNTKEYSINSLOT',
            await cluster.slot(KEY));

        assert.ok(other === node ? keys > 0 : keys === 0,
            `${keys} keys at ${other.port}`);
    }

    await until(async () => (await node.ask('CLIENT', 'LIST', 'TYPE',
        'pubsub')).split('\n').filter((l) => /sub=[1-9]/.test(l))
        .length === 4, 'four subscriptions', 10000);
}


describe('redis: a cluster', () => {
    const pair = useCluster();

    it('D-26 D-52 is found from any node, whoever has the slot', async () => {
        const { code, players } = await seat(pair);

        await round(players);

        const node = await pair.redis.owner(await pair.redis.slot(KEY));

        await assertAt(pair.redis, node);

        /* what other services read is in the same slot */
        assert.strictEqual(await node.ask('HGET',
            `{rooms:dinner}:session:${code}`, 'state'), 'complete');
    });

    it('D-73 MOVED and ASK: the slot moves while all play', async () => {
        const slot = await pair.redis.slot(KEY);
        const from = await pair.redis.owner(slot);
        const to = pair.redis.nodes.find((n, i) => n !== from && i < 3);
        const tables = [await seat(pair), await seat(pair)];
        const acks = [];
        let moved = false;

        /* table after table plays on and on; a round is three messages */
        async function play({ players }) {
            let n = 0;

            do {
                for (const player of players) {
                    acks.push(await player.submit(['sushi-spot']));
                    await sleep(60);       /* 20 a second are allowed */
                }

                acks.push(await players[0].restart());
                n++;
            } while (!moved);

            return n;
        }

        const playing = tables.map(play);

        await sleep(300);
        await pair.redis.move(slot, from, to, 300);
        moved = true;

        const rounds = await Promise.all(playing);

        /* not one was refused, and everybody has had all of it */
        assert.deepStrictEqual(acks.filter((a) => !a.success), []);

        for (const [i, { players }] of tables.entries()) {
            for (const player of players) {
                await until(() => player.all('session:restarted').length ===
                    rounds[i], 'all rounds');
                assert.strictEqual(player.all('session:results').length,
                    rounds[i]);
                assert.strictEqual(player.all('participant:submitted').length,
                    3 * rounds[i]);
                assert.ok(player.socket.connected);
                assert.ok(!player.log.some((e) => e.kind === 'disconnect'));
            }
        }

        await assertAt(pair.redis, to);

        /* midway, where all keys of a command had gone, it was asked there */
        assert.match(await to.ask('INFO', 'commandstats'),
            /cmdstat_asking:calls=[1-9]/);

        for (const server of pair.servers) {
            assert.doesNotMatch(server.errorLog(), /lost its journal/);
        }
    });

    it('D-73 its node dies, and a copy takes over', async () => {
        const slot = await pair.redis.slot(KEY);
        const master = await pair.redis.owner(slot);
        const copy = await pair.redis.replicate(master);
        const { players } = await seat(pair);

        await master.copied();
        await master.kill();

        const first = await players[0].submit(['sushi-spot']);

        assert.ok(players.every((p) => p.socket.connected));
        await until(async () => /role:master/.test(await copy.ask('INFO',
            'replication')), 'the copy is master', 30000);

        const at = Date.now();

        await until(async () => {
            const ack = await players[0].submit(['sushi-spot']);

            return ack.success || ack.code === 'ALREADY_SUBMITTED';
        }, 'a command at the new node', 30000);
        assert.ok(Date.now() - at < 5000, `${Date.now() - at} ms`);

        /* refused in time, or taken by a copy that was that quick */
        assert.ok(first.success || first.code, JSON.stringify(first));

        for (const player of players.slice(1)) {
            await player.next('participant:submitted');
            assert.ok(!player.log.some((e) => e.kind === 'disconnect'));
        }

        await players[0].restart();
        await round(players);
    });
});


describe('redis: several hosts that are no cluster', () => {
    it('are refused, and it is said', async () => {
        const one = await new Redis().start();
        const two = await new Redis().start();
        const server = await new Server({
            redis: `redis://127.0.0.1:${one.port},127.0.0.1:${two.port}` })
            .start();

        try {
            await until(() => /several hosts, but is no cluster/.test(
                server.errorLog()), 'a line in the log');
            assert.strictEqual((await server.rest.post('/api/sessions',
                { hostName: 'Alice' })).status, 503);

        } finally {
            await server.stop();
            await one.stop();
            await two.stop();
        }
    });
});
