'use strict';

/*
 * A Redis that has no memory left, or too few replicas: it reads, and writes
 * nothing.  Without memory it writes leases, without replicas not even those.
 */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { seat, round, usePair } = require('./lib/pair');
const { sleep, until } = require('./lib/player');
const { killWhole } = require('./lib/twins');

const LEASE = 4000;


for (const setting of ['maxmemory', 'min-replicas-to-write']) {
    describe(`redis: ${setting}`, () => {
        const pair = usePair({ before, after, afterEach },
            { allow: /refuses to write|exited on signal 9/ });
        const limit = (n) => pair.redis.ask('CONFIG', 'SET', setting, n);
        const logs = (what) => pair.servers.map((s) => s.errorLog().split('\n')
            .filter((line) => what.test(line)).length);

        afterEach(() => limit(0));

        it('commands are refused at once, and go on when it is back',
            async () => {
                const { code, players } = await seat(pair);
                const [alice, bob, carol, dave] = players;

                await alice.submit(['sushi-spot']);
                await Promise.all([bob, carol, dave].map((p) =>
                    p.next('participant:submitted')));
                await limit(1);

                for (let i = 0; i < 5; i++) {
                    for (const player of [bob, carol, dave]) {
                        const at = Date.now();
                        const ack = await player.submit(['sushi-spot']);

                        assert.strictEqual(ack.success, false);
                        assert.notStrictEqual(ack.code, undefined);
                        assert.ok(Date.now() - at < 1000);
                    }

                    for (const server of pair.servers) {
                        assert.strictEqual((await server.rest.session(code))
                            .json.participantCount, 4);
                    }
                }

                /* who goes meanwhile is missed when that can be written */
                dave.close();
                await sleep(1.5 * LEASE);
                assert.ok([alice, bob, carol].every((p) => p.socket.connected &&
                    p.all('participant:left').length === 0 &&
                    !p.log.some((e) => e.kind === 'disconnect')));

                /* once for each worker that was refused */
                logs(/refuses to write/).forEach((n) => assert.ok(n >= 1 &&
                    n <= 2, `${n}`));
                await limit(0);

                for (const player of [alice, bob, carol]) {
                    await player.next('participant:left');
                }

                await until(async () => (await bob.submit(['sushi-spot']))
                    .success, 'it writes');
                assert.strictEqual((await carol.submit(['sushi-spot'])).success,
                    true);
                await until(() => alice.all('participant:submitted')
                    .length === 2, 'told');
                assert.ok([alice, bob, carol].every((p) =>
                    p.all('participant:left').length === 1));

                /* each worker asks with its own beat */
                await until(() => logs(/writes again/).join() ===
                    logs(/refuses to write/).join(), 'it is said');
            });

        it('that comes and goes: no worker is thought dead', async () => {
            const { players } = await seat(pair);

            for (let at = Date.now(); Date.now() - at < 2 * LEASE;) {
                await limit(1);
                await players[0].restart();
                await sleep(400);
                await limit(0);
                await sleep(100);
            }

            assert.ok(players.every((p) => p.socket.connected &&
                p.all('participant:left').length === 0 &&
                !p.log.some((e) => e.kind === 'disconnect')));
            await round(players);
            assert.deepStrictEqual(logs(/is gone|away for too long/), [0, 0]);
        });

        it('an nginx that dies meanwhile: each member left, once', async () => {
            const { players } = await seat(pair);
            const mine = [players[0], players[2]];

            await limit(1);
            assert.strictEqual((await players[0].submit(['sushi-spot']))
                .success, false);
            [players[1], players[3]].forEach((p) =>
                p.socket.io.reconnection(false));
            await killWhole(pair.servers.pop());
            await sleep(2 * LEASE);
            await limit(0);

            for (const player of mine) {
                await until(() => player.all('participant:left').length === 2,
                    'both left');
            }

            await sleep(1000);
            mine.forEach((p) => assert.deepStrictEqual(p.all('participant:left')
                .map((e) => e.participantId).sort(), [players[1], players[3]]
                .map((one) => one.participantId).sort()));
        });
    });
}
