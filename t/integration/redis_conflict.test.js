'use strict';

/* Two nginx that decide in one room, one of which hears late of the other. */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it, before, after, afterEach } = require('node:test');

const { CONTRACTS } = require('./lib/conf');
const { seat, useProxied } = require('./lib/pair');
const { until } = require('./lib/player');

const MANY = 70;


/* The contracts without the limits of what a client may send. */

function unlimited() {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rooms-contracts-'));

    for (const file of ['dinner.asyncapi.json', 'dinner.openapi.json']) {
        const text = fs.readFileSync(path.join(CONTRACTS, file), 'utf8');

        fs.writeFileSync(path.join(dir, file), JSON.stringify(
            JSON.parse(text, (key, value) => (key === 'x-rooms-rate'
                ? undefined : value))));
    }

    return dir;
}


describe('redis: a conflict', () => {
    const contracts = unlimited();
    const pair = useProxied({ before, after, afterEach }, { contracts });

    after(() => fs.rmSync(contracts, { recursive: true }));

    /* The second nginx is told nothing until what follows has been done. */

    async function deaf(run) {
        assert.strictEqual(pair.proxy.subscriptions().length, 2);
        await pair.proxy.deaf(run);
    }

    /* Scripts that the second nginx runs on the room from now on. */

    function scripts(room) {
        const called = pair.proxy.scripts();

        return () => called().filter((text) =>
            text.includes(`:r:${room}\r\n`)).length;
    }

    async function calls(name) {
        const info = await pair.redis.ask('INFO', 'commandstats');
        const found = info.match(new RegExp(`cmdstat_${name}:calls=(\\d+)`));

        return found ? Number(found[1]) : 0;
    }

    async function conflicts() {
        return (await pair.servers[1].dinner()).conflicts;
    }

    it('brings what is missing: decided again in one round trip',
        async () => {
            const { code, players } = await seat(pair);
            const [alice, bob, carol, dave] = players;

            await bob.submit(['sushi-spot']);

            for (const player of [alice, carol, dave]) {
                await player.next('participant:submitted');
            }

            const had = await conflicts();
            const ranges = await calls('xrange');
            const asked = scripts(code);

            await deaf(async () => {
                for (const [player, other] of [[alice, carol],
                    [carol, alice]]) {
                    assert.strictEqual((await player.submit(['sushi-spot']))
                        .success, true);
                    await other.next('participant:submitted');
                }

                /* on a state that has both, though nobody there was told */
                assert.deepStrictEqual(await dave.submit(['sushi-spot']),
                    { success: true });
                assert.strictEqual(asked(), 2);
                assert.strictEqual(await calls('xrange'), ranges + 1);
                assert.strictEqual(dave.all('participant:submitted').length,
                    1);
                assert.strictEqual((await alice.next('session:results'))
                    .hasOverlap, true);
            });

            for (const player of players) {
                await until(() => player.all('session:results').length === 1,
                    'results');
                assert.deepStrictEqual(player.all('participant:submitted')
                    .map((e) => e.participantId), [bob, alice, carol, dave]
                    .filter((p) => p !== player).map((p) =>
                        p.participantId));
            }

            assert.strictEqual(await conflicts(), had + 1);
        });

    it('too much of it is read from the stream, and told once', async () => {
        const { players } = await seat(pair);
        const [alice, bob] = players;

        await deaf(async () => {
            for (let i = 0; i < MANY; i++) {
                assert.deepStrictEqual(await alice.restart(),
                    { success: true });
            }

            assert.deepStrictEqual(await bob.submit(['sushi-spot']),
                { success: true });
        });

        await until(() => players.every((p) => p === bob ||
            p.all('participant:submitted').length === 1), 'told');

        for (const player of players) {
            assert.strictEqual(player.all('session:restarted').length, MANY);
            assert.strictEqual(player.log.at(-1).name, player === bob
                ? 'selection:submit' : 'participant:submitted');
        }
    });

    it('of many at both ends: all are decided, and told in one order',
        async () => {
            const { players } = await seat(pair);
            const had = await conflicts();

            await Promise.all(players.map(async (player) => {
                for (let i = 0; i < MANY / 2; i++) {
                    await player.restart();
                }
            }));

            await until(() => players.every((p) =>
                p.all('session:restarted').length === 2 * MANY), 'all');
            assert.ok(await conflicts() > had);
        });
});
