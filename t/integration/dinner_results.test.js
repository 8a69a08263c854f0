'use strict';

/* session:results and session:restart. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { useServer } = require('./lib/server');
const { sleep } = require('./lib/player');
const { table, playRound, refused, inState, OPTION_IDS, MODES, RESTARTED } =
    require('./lib/play');

const ALICE = ['pizza-palace', 'sushi-spot', 'thai-kitchen'];
const BOB = ['sushi-spot', 'thai-kitchen', 'mexican-grill'];
const CHARLIE = ['thai-kitchen', 'sushi-spot', 'indian-curry'];


function ids(results) {
    return results.overlappingOptions.map((o) => o.optionId).sort();
}


for (const mode of MODES) {
    describe(`dinner: results over ${mode}`, () => {
        const server = useServer({ before, after, afterEach }, {});

        it('D-51 D-52 D-53 D-56 the example gives sushi and thai',
            async () => {
                const { code, players } = await table(server,
                    ['Alice', 'Bob', 'Charlie'], mode);
                const all = await playRound(players, [ALICE, BOB, CHARLIE]);
                const { options } =
                    (await server.rest.get('/api/options')).json;

                for (const results of all) {
                    assert.deepStrictEqual(Object.keys(results).sort(),
                        ['allSelections', 'hasOverlap', 'overlappingOptions',
                            'sessionCode']);
                    assert.strictEqual(results.sessionCode, code);
                    assert.strictEqual(results.hasOverlap, true);
                    assert.deepStrictEqual(ids(results),
                        ['sushi-spot', 'thai-kitchen']);

                    for (const option of results.overlappingOptions) {
                        assert.deepStrictEqual(option, options.find((o) =>
                            o.optionId === option.optionId));
                    }

                    const sorted = Object.fromEntries(
                        Object.entries(results.allSelections)
                            .map(([k, v]) => [k, [...v].sort()]));

                    assert.deepStrictEqual(sorted, {
                        Alice: [...ALICE].sort(), Bob: [...BOB].sort(),
                        Charlie: [...CHARLIE].sort() });
                }
            });

        it('D-58 D-63 D-64 any member restarts, all hear, all play on',
            async () => {
                const { code, players } = await table(server,
                    ['Alice', 'Bob', 'Charlie'], mode);

                for (let round = 0; round < 4; round++) {
                    const pick = OPTION_IDS[round];

                    players.forEach((p) => p.clear());

                    const all = await playRound(players, [[pick]]);

                    all.forEach((r) => assert.deepStrictEqual(ids(r), [pick]));
                    assert.deepStrictEqual(await players[round % 3].restart(),
                        { success: true });

                    for (const player of players) {
                        assert.deepStrictEqual(
                            await player.next('session:restarted'),
                            { sessionCode: code, message: RESTARTED });
                        assert.strictEqual(
                            player.all('session:results').length, 1);
                    }
                }
            });

        it('D-65 concurrent restarts leave a consistent session',
            async () => {
                /* five tables of four: twenty clients */
                const tables = [];

                for (let i = 0; i < 5; i++) {
                    tables.push(await table(server, ['A', 'B', 'C', 'D'],
                        mode));
                }

                for (let round = 0; round < 6; round++) {
                    await Promise.all(tables.map(async ({ code, players }) => {
                        players.forEach((p) => p.clear());
                        await playRound(players, [['sushi-spot']]);

                        const acks = await Promise.all(players.map((p) =>
                            p.restart()));
                        const done = acks.filter((a) => a.success).length;

                        assert.ok(done >= 1, JSON.stringify(acks));
                        await inState(server, code, 'selecting');
                        await players[0].next('session:restarted');
                        await sleep(200);

                        const heard = players.map((p) =>
                            p.all('session:restarted').length);

                        assert.ok(heard.every((n) => n === heard[0]),
                            `heard ${heard}`);
                        assert.strictEqual(heard[0], done);
                    }));
                }
            });
    });
}


describe('dinner: rules of results', () => {
    const server = useServer({ before, after, afterEach }, {});

    it('D-53 D-54 no overlap: an empty list and no fallback', async () => {
        const { players } = await table(server, ['Alice', 'Bob']);
        const all = await playRound(players, [['pizza-palace'],
            ['sushi-spot']]);

        for (const results of all) {
            assert.strictEqual(results.hasOverlap, false);
            assert.deepStrictEqual(results.overlappingOptions, []);
            assert.deepStrictEqual(results.allSelections,
                { Alice: ['pizza-palace'], Bob: ['sushi-spot'] });
        }
    });

    it('D-55 one person alone: the own selections are the result',
        async () => {
            const { code, players } = await table(server, ['Alice']);
            const [results] = await playRound(players, [ALICE]);

            assert.deepStrictEqual(ids(results), [...ALICE].sort());
            assert.strictEqual(results.hasOverlap, true);
            assert.strictEqual(
                (await server.rest.session(code)).json.state, 'complete');
        });

    it('D-51 intersections of many kinds', async () => {
        const { players } = await table(server, ['A', 'B', 'C', 'D']);
        let seed = 42;

        const random = () => {
            seed = (seed * 1103515245 + 12345) % 2147483648;
            return seed / 2147483648;
        };

        for (let round = 0; round < 12; round++) {
            const picks = players.map(() => {
                const some = OPTION_IDS.filter(() => random() < 0.6);

                return some.length ? some : ['sushi-spot'];
            });
            const common = OPTION_IDS.filter((id) =>
                picks.every((p) => p.includes(id)));

            players.forEach((p) => p.clear());

            const all = await playRound(players, picks);

            for (const results of all) {
                assert.deepStrictEqual(ids(results), [...common].sort());
                assert.strictEqual(results.hasOverlap, common.length > 0);
            }

            await players[round % 4].restart();
            await Promise.all(players.map((p) => p.next('session:restarted')));
            await sleep(120);
        }
    });

    it('D-52 equal names are told apart: Bob, Bob (2) (XD-5)', async () => {
        const { players } = await table(server, ['Alice', 'Bob', 'Bob']);
        const all = await playRound(players, [['sushi-spot'], ['tapas-table'],
            ['noodle-house']]);

        for (const results of all) {
            assert.deepStrictEqual(results.allSelections, {
                'Alice': ['sushi-spot'], 'Bob': ['tapas-table'],
                'Bob (2)': ['noodle-house'] });
        }
    });

    it('D-52 a suffix never hides a real name', async () => {
        const { players } = await table(server, ['Bob', 'Bob (2)', 'Bob']);
        const [results] = await playRound(players, [['sushi-spot'],
            ['tapas-table'], ['noodle-house']]);

        assert.strictEqual(Object.keys(results.allSelections).length, 3);
        assert.deepStrictEqual(Object.values(results.allSelections)
            .map((v) => v[0]).sort(),
        ['noodle-house', 'sushi-spot', 'tapas-table']);
    });

    it('D-52 names that are special to JavaScript', async () => {
        const { players } = await table(server, ['constructor', 'a"b\\c']);
        const [results] = await playRound(players, [['sushi-spot']]);

        assert.deepStrictEqual(Object.keys(results.allSelections).sort(),
            ['a"b\\c', 'constructor']);
    });

    it('D-57 after results the state is complete, for late joiners too',
        async () => {
            const { code, players } = await table(server, ['Alice', 'Bob']);

            await playRound(players, [['sushi-spot']]);

            const late = await server.player({ side: 0, name: 'Carol' });
            const ack = await late.join(code);

            assert.strictEqual(ack.state, 'complete');
            assert.strictEqual(ack.participantCount, 3);
            await sleep(150);
            assert.strictEqual((await server.rest.session(code)).json.state,
                'complete');
        });

    it('D-59 restart by a stranger, of no session, with a bad code',
        async () => {
            const { code, players: [alice] } = await table(server, ['Alice']);
            const stranger = await server.player({ side: 1 });

            await refused(stranger, 'NOT_IN_SESSION', stranger.restart(code));
            await refused(alice, 'SESSION_NOT_FOUND', alice.restart('QQQQQ7'));
            await refused(alice, 'VALIDATION_ERROR', alice.restart('abc'));
            await refused(alice, 'VALIDATION_ERROR',
                alice.ask('session:restart', {}));
            await sleep(150);
            assert.deepStrictEqual(alice.all('session:restarted'), []);
        });

    it('D-60 D-61 restart deletes selections, keeps people and options',
        async () => {
            const { code, players } = await table(server, ['Alice', 'Bob']);
            const options = (await server.rest.get('/api/options')).text;

            await playRound(players, [['sushi-spot']]);
            await players[1].restart();
            await inState(server, code, 'selecting');

            const seen = (await server.rest.session(code)).json;

            assert.strictEqual(seen.participantCount, 2);
            assert.strictEqual((await server.rest.get('/api/options')).text,
                options);

            /* the old selection of Bob is gone: Alice alone gives nothing */
            players.forEach((p) => p.clear());
            await players[0].submit(['tapas-table']);
            assert.deepStrictEqual(
                await players[1].next('participant:submitted'), {
                    participantId: players[0].participantId,
                    submittedCount: 1, participantCount: 2 });
            await sleep(150);
            assert.deepStrictEqual(players[0].all('session:results'), []);

            const again = await players[1].join(code);

            assert.deepStrictEqual(again.participants.map((p) =>
                p.displayName).sort(), ['Alice', 'Bob']);
            assert.strictEqual(again.hasSubmitted, false);
        });

    it('D-60 restart in the middle of a round drops half a round',
        async () => {
            const { code, players: [alice, bob] } = await table(server,
                ['Alice', 'Bob']);

            await alice.submit(['sushi-spot']);
            await bob.restart();
            await alice.next('session:restarted');
            assert.deepStrictEqual(await alice.submit(['tapas-table']),
                { success: true });
            await bob.submit(['tapas-table']);
            assert.deepStrictEqual((await alice.next('session:results'))
                .allSelections, { Alice: ['tapas-table'],
                Bob: ['tapas-table'] });
            assert.strictEqual((await server.rest.session(code)).json.state,
                'complete');
        });

    it('D-62 restart moves the expiry', async () => {
        const { code, players: [alice] } = await table(server, ['Alice']);
        const was = (await server.rest.session(code)).json;

        await sleep(1100);
        await alice.restart();

        const now = (await server.rest.session(code)).json;

        assert.ok(Date.parse(now.expiresAt) >=
            Date.parse(was.expiresAt) + 900, now.expiresAt);
    });

    it('D-58 D-63 the requester has its ack before the broadcast',
        async () => {
            const { players: [alice, bob] } = await table(server,
                ['Alice', 'Bob']);

            await bob.restart();
            await bob.next('session:restarted');
            await alice.next('session:restarted');
            assert.deepStrictEqual(bob.names(),
                ['ack session:restart', 'session:restarted']);
            assert.deepStrictEqual(alice.names(), ['session:restarted']);
        });

    it('D-65 a restart against the last submit never mixes rounds',
        async () => {
            for (let round = 0; round < 15; round++) {
                const { code, players: [alice, bob] } = await table(server,
                    ['Alice', 'Bob']);

                await alice.submit(['sushi-spot']);

                const [sub] = await Promise.all([bob.submit(['sushi-spot']),
                    alice.restart()]);

                assert.strictEqual(sub.success, true);
                await bob.next('session:restarted');
                await alice.next('session:restarted');
                await sleep(60);

                const order = alice.names().filter((n) =>
                    /^(session|participant):/.test(n));
                const bobs = bob.names().filter((n) =>
                    n.startsWith('session:'));

                assert.deepStrictEqual(order.filter((n) =>
                    n.startsWith('session:')), bobs);
                assert.strictEqual((await server.rest.session(code)).json
                    .state, 'selecting');

                /* submit first: results, then restart; else no results */
                assert.ok([
                    'participant:submitted,session:results,session:restarted',
                    'session:restarted,participant:submitted',
                ].includes(order.join()), order.join());
                await server.clean();
            }
        });
});
