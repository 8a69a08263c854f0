'use strict';

/* selection:submit: what is taken, what is refused, who is told. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { useServer } = require('./lib/server');
const { sleep } = require('./lib/player');
const { table, refused, inState, OPTION_IDS, MODES } = require('./lib/play');


for (const mode of MODES) {
    describe(`dinner: submitting over ${mode}`, () => {
        const server = useServer({ before, after, afterEach }, {});

        it('D-35 D-44 D-46 ack, and the count for the others', async () => {
            const { players } = await table(server,
                ['Alice', 'Bob', 'Charlie'], mode);
            const [alice, bob, charlie] = players;

            assert.deepStrictEqual(await alice.submit(['pizza-palace']),
                { success: true });

            const first = { participantId: alice.participantId,
                submittedCount: 1, participantCount: 3 };

            assert.deepStrictEqual(await bob.next('participant:submitted'),
                first);
            assert.deepStrictEqual(await charlie.next('participant:submitted'),
                first);

            assert.deepStrictEqual(await charlie.submit(['sushi-spot',
                'thai-kitchen']), { success: true });

            const second = { participantId: charlie.participantId,
                submittedCount: 2, participantCount: 3 };

            assert.deepStrictEqual(await alice.next('participant:submitted'),
                second);
            assert.deepStrictEqual(await bob.next('participant:submitted'),
                second);

            await sleep(150);
            assert.deepStrictEqual(alice.names(),
                ['ack selection:submit', 'participant:submitted']);
            assert.deepStrictEqual(bob.names(),
                ['participant:submitted', 'participant:submitted']);
            assert.deepStrictEqual(charlie.names(),
                ['participant:submitted', 'ack selection:submit']);
        });

        it('D-45 nothing tells an option id before completion', async () => {
            const { code, players } = await table(server,
                ['Alice', 'Bob', 'Charlie', 'Dave'], mode);

            for (const player of players.slice(0, 3)) {
                await player.submit(['pizza-palace', 'tapas-table']);
            }

            await players[3].on(() =>
                players[3].all('participant:submitted').length === 3,
            'three submits');
            await sleep(150);

            const told = JSON.stringify(players.map((p) =>
                p.log.map((e) => [e.name, e.args])));
            const rest = (await server.rest.session(code)).text;

            for (const id of OPTION_IDS) {
                assert.ok(!told.includes(id), `${id} in ${told}`);
                assert.ok(!rest.includes(id), rest);
            }
        });

        it('D-47 D-50 last: ack, count for the others, results for all',
            async () => {
                const { code, players } = await table(server,
                    ['Alice', 'Bob', 'Charlie'], mode);
                const [alice, bob, charlie] = players;

                await alice.submit(['sushi-spot']);
                await bob.submit(['sushi-spot']);
                await Promise.all([
                    alice.next('participant:submitted'),
                    charlie.on(() => charlie.all('participant:submitted')
                        .length === 2, 'two submits'),
                    bob.next('participant:submitted'),
                ]);
                players.forEach((p) => p.clear());
                await charlie.submit(['sushi-spot', 'thai-kitchen']);

                const all = await Promise.all(players.map((p) =>
                    p.next('session:results')));

                assert.deepStrictEqual(all[1], all[0]);
                assert.deepStrictEqual(all[2], all[0]);
                await sleep(150);
                assert.deepStrictEqual(charlie.names(),
                    ['ack selection:submit', 'session:results']);
                assert.deepStrictEqual(alice.names(),
                    ['participant:submitted', 'session:results']);
                assert.deepStrictEqual(bob.names(),
                    ['participant:submitted', 'session:results']);
                assert.strictEqual(
                    (await server.rest.session(code)).json.state, 'complete');
            });

        it('D-49 results once, however the submits race', async () => {
            for (let round = 0; round < 8; round++) {
                const { code, players } = await table(server,
                    ['A', 'B', 'C', 'D'], mode);
                const acks = await Promise.all(players.map((p) =>
                    p.submit(['thai-kitchen'])));

                assert.ok(acks.every((a) => a.success));
                await Promise.all(players.map((p) =>
                    p.next('session:results')));
                await inState(server, code, 'complete');
                await sleep(100);

                const counts = [];

                for (const player of players) {
                    assert.strictEqual(player.all('session:results').length,
                        1);
                    assert.strictEqual(player.all('participant:submitted')
                        .length, 3);
                    counts.push(...player.all('participant:submitted')
                        .map((e) => `${e.participantId} ${e.submittedCount}`));

                    const order = player.names();

                    assert.strictEqual(order[order.length - 1],
                        'session:results', order.join());
                }

                /* everybody was told the same order of the four */
                assert.strictEqual(new Set(counts).size, 4);
                await server.clean();
            }
        });
    });
}


describe('dinner: rules of submitting', () => {
    const server = useServer({ before, after, afterEach }, {});

    it('D-36 an unknown code is SESSION_NOT_FOUND', async () => {
        const { players: [alice] } = await table(server, ['Alice']);

        await refused(alice, 'SESSION_NOT_FOUND',
            alice.submit(['sushi-spot'], 'QQQQQ7'));
    });

    it('D-37 an empty array is refused, one id is taken', async () => {
        const { players: [alice] } = await table(server, ['Alice']);
        const { ack } = await refused(alice, 'VALIDATION_ERROR',
            alice.submit([]));

        assert.match(ack.error, /Must select at least 1 option/);
        assert.deepStrictEqual(await alice.submit(['tapas-table']),
            { success: true });
    });

    it('D-38 51 entries fail before the ids are looked at', async () => {
        const { players: [alice] } = await table(server, ['Alice']);

        await refused(alice, 'VALIDATION_ERROR',
            alice.submit(Array(51).fill('sushi-spot')));
        await refused(alice, 'VALIDATION_ERROR',
            alice.submit(Array(51).fill('no-such-place')));
        await refused(alice, 'INVALID_OPTIONS',
            alice.submit(Array(50).fill('no-such-place')));
        assert.deepStrictEqual(
            await alice.submit(Array(50).fill('sushi-spot')),
            { success: true });

        /* a set: fifty times the same is once */
        const results = await alice.next('session:results');

        assert.deepStrictEqual(results.allSelections,
            { Alice: ['sushi-spot'] });
    });

    it('D-39 one unknown id refuses all and stores nothing', async () => {
        const { code, players } = await table(server, ['Alice', 'Bob']);
        const [alice, bob] = players;
        const was = (await server.rest.session(code)).json;

        for (const bad of ['no-such-place', 'Sushi-Spot', ' sushi-spot', '',
            'sushi-spot\u0001', '__proto__']) {
            await refused(alice, 'INVALID_OPTIONS',
                alice.submit(['sushi-spot', bad, 'thai-kitchen']));
        }

        await sleep(150);
        assert.deepStrictEqual((await server.rest.session(code)).json, was);
        assert.deepStrictEqual(bob.names(), []);

        await alice.submit(['tapas-table']);
        await bob.submit(['tapas-table']);

        const results = await bob.next('session:results');

        assert.deepStrictEqual(results.allSelections,
            { Alice: ['tapas-table'], Bob: ['tapas-table'] });
    });

    it('D-40 a second submit is refused and the first stands', async () => {
        const { players: [alice, bob] } = await table(server,
            ['Alice', 'Bob']);

        await alice.submit(['tapas-table']);

        const { ack } = await refused(alice, 'ALREADY_SUBMITTED',
            alice.submit(['sushi-spot']));

        assert.match(ack.error, /already submitted your selections/);
        await refused(alice, 'ALREADY_SUBMITTED', alice.submit(['nowhere']));
        await bob.submit(['sushi-spot']);

        const results = await alice.next('session:results');

        assert.deepStrictEqual(results.allSelections,
            { Alice: ['tapas-table'], Bob: ['sushi-spot'] });

        /* and still when the round is complete */
        await refused(bob, 'ALREADY_SUBMITTED', bob.submit(['tapas-table']));
        await sleep(150);
        assert.strictEqual(alice.all('session:results').length, 1);
    });

    it('D-40 of fifteen submits at once by one member one counts',
        async () => {
            for (let round = 0; round < 5; round++) {
                const { players: [alice, bob] } = await table(server,
                    ['Alice', 'Bob']);
                const acks = await Promise.all(Array.from({ length: 15 },
                    (_, i) => alice.submit([OPTION_IDS[i]])));

                assert.ok(acks[0].success);
                assert.ok(acks.slice(1).every((a) =>
                    a.code === 'ALREADY_SUBMITTED'), JSON.stringify(acks));
                await sleep(100);
                assert.strictEqual(bob.all('participant:submitted').length, 1);
                await server.clean();
            }
        });

    it('D-41 a socket that is no member is refused', async () => {
        const { code, players: [alice] } = await table(server, ['Alice']);
        const other = await table(server, ['Mallory']);
        const stranger = await server.player({ side: 1 });
        const { ack } = await refused(stranger, 'NOT_IN_SESSION',
            stranger.submit(['sushi-spot'], code));

        assert.match(ack.error, /not a participant in this session/);
        await refused(other.players[0], 'NOT_IN_SESSION',
            other.players[0].submit(['sushi-spot'], code));
        await sleep(150);
        assert.deepStrictEqual(alice.names(), []);
        assert.strictEqual((await server.rest.session(code)).json.state,
            'selecting');
    });

    it('D-41 the checks run in order: shape, session, member, again, ids',
        async () => {
            const { code, players: [alice] } = await table(server,
                ['Alice', 'Bob']);
            const stranger = await server.player({});

            await refused(stranger, 'VALIDATION_ERROR',
                stranger.submit([], 'QQQQQ7'));
            await refused(stranger, 'SESSION_NOT_FOUND',
                stranger.submit(['nowhere'], 'QQQQQ7'));
            await refused(stranger, 'NOT_IN_SESSION',
                stranger.submit(['nowhere'], code));
            await refused(alice, 'INVALID_OPTIONS', alice.submit(['nowhere']));
        });

    it('D-42 D-43 a submit is stored and moves the expiry', async () => {
        const { code, players: [alice, bob] } = await table(server,
            ['Alice', 'Bob']);
        const was = (await server.rest.session(code)).json;

        await sleep(1100);
        await alice.submit(['sushi-spot']);

        const now = (await server.rest.session(code)).json;

        assert.ok(Date.parse(now.expiresAt) >=
            Date.parse(was.expiresAt) + 900, now.expiresAt);

        /* kept while its owner is away, and for the other worker */
        alice.close();
        await bob.next('participant:left');
        await bob.submit(['sushi-spot']);
        assert.deepStrictEqual((await bob.next('session:results'))
            .allSelections, { Alice: ['sushi-spot'], Bob: ['sushi-spot'] });
    });

    it('D-43 a refused submit does not move the expiry', async () => {
        const { code, players: [alice] } = await table(server, ['Alice']);
        const was = (await server.rest.session(code)).json;

        await sleep(1100);
        await refused(alice, 'VALIDATION_ERROR', alice.submit([]));
        await refused(alice, 'INVALID_OPTIONS', alice.submit(['nowhere']));
        assert.deepStrictEqual((await server.rest.session(code)).json, was);
    });

    it('D-48 a missing member holds the results back, even when away',
        async () => {
            const { code, players } = await table(server,
                ['Alice', 'Bob', 'Charlie']);
            const [alice, bob, charlie] = players;

            charlie.close();
            await alice.next('participant:left');
            await alice.submit(['sushi-spot']);
            await bob.submit(['sushi-spot']);
            await alice.next('participant:submitted');
            await sleep(300);
            assert.deepStrictEqual(alice.all('session:results'), []);
            assert.deepStrictEqual(bob.all('session:results'), []);
            assert.strictEqual((await server.rest.session(code)).json.state,
                'selecting');
        });

    it('D-48 who joins while others select must submit too', async () => {
        const { code, players: [alice, bob] } = await table(server,
            ['Alice', 'Bob']);

        await alice.submit(['sushi-spot']);

        const carol = await server.player({ side: 0, name: 'Carol' });

        await carol.join(code);
        await bob.submit(['sushi-spot']);
        assert.deepStrictEqual(await carol.next('participant:submitted'), {
            participantId: bob.participantId, submittedCount: 2,
            participantCount: 3 });
        await sleep(150);
        assert.deepStrictEqual(alice.all('session:results'), []);
        await carol.submit(['sushi-spot']);
        assert.strictEqual((await alice.next('session:results')).hasOverlap,
            true);
    });

    it('D-48 a REST member counts and holds the results back', async () => {
        const { code, players: [alice] } = await table(server, ['Alice']);

        await server.rest.join(code, 'Phone');
        await alice.submit(['sushi-spot']);
        await sleep(150);
        assert.deepStrictEqual(alice.all('session:results'), []);

        const phone = await server.player({ side: 1, name: 'Phone' });

        await phone.join(code);
        await phone.submit(['sushi-spot']);
        assert.deepStrictEqual((await alice.next('session:results'))
            .allSelections, { Alice: ['sushi-spot'], Phone: ['sushi-spot'] });
    });
});
