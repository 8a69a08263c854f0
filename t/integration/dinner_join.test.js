'use strict';

/* session:join and who is told of it. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { useServer } = require('./lib/server');
const { sleep } = require('./lib/player');
const { table, refused, MODES } = require('./lib/play');


for (const mode of MODES) {
    describe(`dinner: joining over ${mode}`, () => {
        const server = useServer({ before, after, afterEach }, {});

        it('D-19 D-20 D-21 the ack lists everybody with the total',
            async () => {
                const names = ['Alice', 'Bob', 'Charlie', 'Dave'];
                const { sessionCode: code } = await server.rest.create('Alice');
                const players = await server.spread(names, mode);
                const seated = [];

                for (const [i, player] of players.entries()) {
                    const ack = await player.join(code);

                    seated.push({ participantId: ack.participantId,
                        displayName: names[i], isHost: i === 0 });
                    assert.strictEqual(ack.success, true);
                    assert.strictEqual(ack.error, undefined);
                    assert.strictEqual(ack.sessionCode, code);
                    assert.strictEqual(ack.displayName, names[i]);
                    assert.strictEqual(ack.participantCount, i + 1);
                    assert.strictEqual(ack.participantId, player.id);

                    const byId = (a, b) =>
                        a.participantId.localeCompare(b.participantId);

                    assert.deepStrictEqual([...ack.participants].sort(byId),
                        [...seated].sort(byId));
                    assert.strictEqual(ack.state, 'selecting');
                    assert.strictEqual(ack.hasSubmitted, false);
                }

                await server.assertBothWorkers();
            });

        it('D-29 others receive participant:joined, the joiner does not',
            async () => {
                const { code, players } = await table(server,
                    ['Alice', 'Bob', 'Charlie'], mode);
                const dave = await server.player({ side: 0, name: 'Dave',
                    mode: mode === 'mixed' ? 'polling' : mode });
                const ack = await dave.join(code);

                for (const player of players) {
                    assert.deepStrictEqual(
                        await player.next('participant:joined'), {
                            participantId: ack.participantId,
                            displayName: 'Dave',
                            participantCount: 4,
                        });
                }

                await sleep(150);
                players.forEach((p) => assert.deepStrictEqual(p.names(),
                    ['participant:joined']));
                assert.deepStrictEqual(dave.names(), ['ack session:join']);
            });

        it('D-25 the fifth join is refused and stays outside', async () => {
            const { code, players } = await table(server,
                ['A', 'B', 'C', 'D'], mode);
            const fifth = await server.player({ side: 1, name: 'E',
                mode: mode === 'mixed' ? 'polling' : mode });
            const { ack } = await refused(fifth, 'SESSION_FULL',
                fifth.join(code));

            assert.match(ack.error, /Session full/);

            await players[0].submit(['sushi-spot']);
            await Promise.all(players.slice(1).map((p) =>
                p.next('participant:submitted')));
            await sleep(150);
            assert.deepStrictEqual(fifth.names().sort(),
                ['ack session:join', 'error']);
            assert.strictEqual(fifth.all('participant:submitted').length, 0);
            players.forEach((p) =>
                assert.strictEqual(p.all('participant:joined').length, 0));
        });

        it('D-31 the ack comes before every later event of the room',
            async () => {
                for (let round = 0; round < 5; round++) {
                    const { code, players } = await table(server,
                        ['Alice', 'Bob'], mode);
                    const late = await server.player({ side: round % 2,
                        name: 'Charlie',
                        mode: mode === 'mixed' ? 'polling' : mode });

                    /* restarts keep events coming while the join runs */
                    const noise = Promise.all([1, 2, 3, 4].map((n) =>
                        players[n % 2].restart()));
                    const ack = await late.join(code);

                    await noise;
                    await players[0].restart();
                    await late.next('session:restarted');

                    assert.strictEqual(ack.success, true);
                    assert.strictEqual(late.names()[0], 'ack session:join');
                    await Promise.all(players.map((p) =>
                        p.next('participant:joined')));
                    await server.clean();
                }
            });

        it('D-33 one person alone may join', async () => {
            const { players: [alice], code } = await table(server, ['Alice'],
                mode === 'mixed' ? 'polling' : mode);
            const seen = await server.rest.session(code);

            assert.strictEqual(seen.json.participantCount, 1);
            assert.strictEqual(seen.json.state, 'selecting');
            assert.strictEqual((await alice.submit(['sushi-spot'])).success,
                true);
        });

        it('D-26 two joins race for the last slot', async () => {
            /* 20 clients a round, most of them two on the last seat */
            for (let round = 0; round < 6; round++) {
                const sessions = [];
                const racers = await Promise.all(Array.from({ length: 20 },
                    (_, i) => server.player({ name: `R${i}`,
                        mode: mode === 'mixed'
                            ? ['websocket', 'polling'][i % 2] : mode })));

                for (let s = 0; s < 10; s++) {
                    const { sessionCode } = await server.rest.create('Host');

                    await server.rest.join(sessionCode, 'B');
                    await server.rest.join(sessionCode, 'C');
                    await server.rest.join(sessionCode, 'D');
                    sessions.push(sessionCode);
                }

                const acks = await Promise.all(racers.map((player, i) =>
                    player.join(sessions[i % 10])));

                for (let s = 0; s < 10; s++) {
                    const pair = [acks[s], acks[s + 10]];

                    assert.strictEqual(pair.filter((a) => a.success).length, 1,
                        JSON.stringify(pair));
                    assert.strictEqual(pair.find((a) => !a.success).code,
                        'SESSION_FULL');
                    assert.strictEqual(pair.find((a) => a.success)
                        .participantCount, 4);

                    const seen = await server.rest.session(sessions[s]);

                    assert.strictEqual(seen.json.participantCount, 4);
                }

                await server.clean();
            }
        });

        it('D-26 D-34 twenty join at once: four in, one host', async () => {
            for (let round = 0; round < 6; round++) {
                const { sessionCode: code } = await server.rest.create('Host');
                const racers = await Promise.all(Array.from({ length: 20 },
                    (_, i) => server.player({ name: `R${i}`,
                        mode: mode === 'mixed'
                            ? ['websocket', 'polling'][i % 2] : mode })));

                await server.assertBothWorkers();

                const acks = await Promise.all(racers.map((p) => p.join(code)));
                const seated = acks.filter((a) => a.success);

                assert.strictEqual(seated.length, 4, `round ${round}`);
                assert.ok(acks.every((a) => a.success ||
                    a.code === 'SESSION_FULL'));
                assert.deepStrictEqual(seated.map((a) => a.participantCount)
                    .sort(), [1, 2, 3, 4]);

                const last = seated.find((a) => a.participantCount === 4);

                assert.strictEqual(last.participants.filter((p) => p.isHost)
                    .length, 1);
                assert.deepStrictEqual(last.participants.map((p) =>
                    p.participantId).sort(), seated.map((a) =>
                    a.participantId).sort());

                /* the n-th to join heard of everyone after it, in order */
                for (const player of racers.filter((p) => p.code)) {
                    const own = player.log.find((e) => e.kind === 'ack').data;
                    const later = [2, 3, 4].filter((n) =>
                        n > own.participantCount);

                    for (const n of later) {
                        assert.strictEqual((await player.next(
                            'participant:joined')).participantCount, n);
                    }
                }

                await server.clean();
            }
        });
    });
}


describe('dinner: rules of joining', () => {
    const server = useServer({ before, after, afterEach }, {});

    it('D-1 D-3 a client connects on / with an id of its own', async () => {
        const players = await Promise.all(Array.from({ length: 40 }, (_, i) =>
            server.player({ mode: i % 2 ? 'websocket' : 'polling' })));

        assert.strictEqual(new Set(players.map((p) => p.id)).size, 40);
        assert.ok(players.every((p) => p.socket.nsp === '/' &&
            p.socket.connected));
        await server.assertBothWorkers();
    });

    it('D-9 sockets of another session hear nothing', async () => {
        const one = await table(server, ['Alice', 'Bob']);
        const two = await table(server, ['Carol', 'Dan']);

        await one.players[0].submit(['sushi-spot']);
        await one.players[1].submit(['sushi-spot']);
        await one.players[1].restart();
        await one.players[0].next('session:restarted');
        await sleep(150);
        two.players.forEach((p) => assert.deepStrictEqual(p.names(), []));
    });

    it('D-22 a code in lower case, too long or with symbols', async () => {
        const { sessionCode } = await server.rest.create('Alice');
        const player = await server.player({ name: 'Bob' });
        const bad = [sessionCode.toLowerCase().replace(/\d/g, 'a'), 'ABC12',
            'ABC1234', 'ABC-12', 'ABC 12', '', 'ÄBC123', `${sessionCode}\n`,
            123456, null];

        for (const code of bad) {
            const { ack } = await refused(player, 'VALIDATION_ERROR',
                player.join(code));

            assert.match(ack.error, /^Invalid payload: /);
        }

        const { ack } = await refused(player, 'VALIDATION_ERROR',
            player.join('abc123'));

        assert.match(ack.error,
            /Session code must be 6 alphanumeric characters/);
    });

    it('D-23 displayName: 1 and 50 pass, none, empty and 51 do not',
        async () => {
            const { sessionCode: code } = await server.rest.create('Alice');
            const player = await server.player({});

            for (const displayName of [undefined, '', 'x'.repeat(51),
                '😀'.repeat(51), 5, null, {}, ['Bob']]) {
                const { ack } = await refused(player, 'VALIDATION_ERROR',
                    player.ask('session:join', { sessionCode: code,
                        displayName }));

                assert.match(ack.error, /^Invalid payload: /);
            }

            const empty = await player.join(code, '');
            const long = await player.join(code, 'x'.repeat(51));

            assert.match(empty.error, /Display name required/);
            assert.match(long.error, /Display name too long/);

            for (const name of ['x', 'y'.repeat(50), '😀'.repeat(50)]) {
                const other = await server.player({});
                const ack = await other.join(code, name);

                assert.strictEqual(ack.success, true, JSON.stringify(ack));
                assert.strictEqual(ack.displayName, name);
            }
        });

    it('D-24 an unknown code is SESSION_NOT_FOUND', async () => {
        const player = await server.player({ name: 'Bob' });
        const { ack } = await refused(player, 'SESSION_NOT_FOUND',
            player.join('QQQQQ7'));

        assert.match(ack.error, /Session not found/);
    });

    it('D-27 D-28 a join is stored, and moves the expiry', async () => {
        const made = await server.rest.create('Alice');
        const alice = await server.player({ side: 0, name: 'Alice' });

        await sleep(1100);

        const from = Date.now();
        const ack = await alice.join(made.sessionCode);
        const to = Date.now();
        const seen = (await server.rest.session(made.sessionCode)).json;
        const at = Date.parse(seen.expiresAt);

        assert.ok(at >= from + 1799e3 - 1000 && at <= to + 1801e3,
            seen.expiresAt);
        assert.ok(at >= Date.parse(made.expiresAt) + 900);

        /* what was stored is what the next joiner is told elsewhere */
        const bob = await server.player({ side: 1, name: 'Bob' });
        const list = (await bob.join(made.sessionCode)).participants;

        assert.deepStrictEqual(list.find((p) => p.displayName === 'Alice'),
            { participantId: ack.participantId, displayName: 'Alice',
                isHost: true });
    });

    it('D-30 a failed join changes nothing and tells nobody', async () => {
        const { code, players } = await table(server, ['A', 'B', 'C', 'D']);
        const before_ = (await server.rest.session(code)).json;
        const out = await server.player({ side: 1, name: 'E' });

        await sleep(1100);
        await refused(out, 'SESSION_FULL', out.join(code));
        await refused(out, 'VALIDATION_ERROR', out.join(code, ''));
        await refused(out, 'VALIDATION_ERROR',
            out.join(code.toLowerCase() + 'x'));
        await sleep(150);

        assert.deepStrictEqual((await server.rest.session(code)).json,
            before_);
        players.forEach((p) => assert.deepStrictEqual(p.names(), []));
    });

    it('D-32 a code from ?code= is joined by the same command', async () => {
        const made = await server.rest.create('Alice');
        const code = new URL(made.shareableLink).searchParams.get('code');
        const bob = await server.player({ name: 'Bob' });
        const ack = await bob.join(code);

        assert.strictEqual(ack.success, true);
        assert.strictEqual(ack.sessionCode, made.sessionCode);
    });

    it('D-34 the host is the first socket, not the one of that name',
        async () => {
            const { sessionCode: code } = await server.rest.create('Alice');
            const players = await server.spread(['Bob', 'Alice', 'Carol']);
            let list;

            for (const player of players) {
                list = (await player.join(code)).participants;
                assert.deepStrictEqual(list.filter((p) => p.isHost)
                    .map((p) => p.displayName), ['Bob']);
            }

            assert.strictEqual(list.length, 3);
        });

    it('D-19 joining the same session again changes nothing', async () => {
        const { code, players } = await table(server, ['Alice', 'Bob']);
        const [alice, bob] = players;
        const again = await bob.join(code);

        assert.strictEqual(again.success, true);
        assert.strictEqual(again.participantId, bob.id);
        assert.strictEqual(again.participantCount, 2);
        await sleep(150);
        assert.deepStrictEqual(alice.names(), []);
    });

    it('joining another session while in one is VALIDATION_ERROR',
        async () => {
            const { players: [alice], code } = await table(server, ['Alice']);
            const other = await server.rest.create('Zed');

            await refused(alice, 'VALIDATION_ERROR',
                alice.join(other.sessionCode));
            assert.strictEqual((await server.rest.session(other.sessionCode))
                .json.state, 'waiting');
            assert.strictEqual((await alice.submit(['sushi-spot'], code))
                .success, true);
        });

    it('the name of a live member is a new person (XD-3, FR-024)',
        async () => {
            const { code, players: [alice] } = await table(server, ['Alice']);
            const twin = await server.player({ side: 1, name: 'Alice' });
            const ack = await twin.join(code);

            assert.strictEqual(ack.participantCount, 2);
            assert.notStrictEqual(ack.participantId, alice.participantId);
            assert.strictEqual((await alice.next('participant:joined'))
                .participantCount, 2);
        });
});
