'use strict';

/* Sessions, joins and options over REST, on two workers. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { useServer } = require('./lib/server');
const { table, playRound } = require('./lib/play');

const CODE = /^[A-Z0-9]{6}$/;


describe('dinner over REST', () => {
    const server = useServer({ before, after, afterEach },
        { frontend: 'https://dinner.example/app' });
    const rest = () => server.rest;

    it('D-11 POST /api/sessions answers 201 with every field', async () => {
        const res = await rest().post('/api/sessions', { hostName: 'Alice' });

        assert.strictEqual(res.status, 201);
        assert.match(res.headers['content-type'], /^application\/json/);
        assert.deepStrictEqual(Object.keys(res.json).sort(), ['expiresAt',
            'hostName', 'participantCount', 'sessionCode', 'shareableLink',
            'state']);
        assert.match(res.json.sessionCode, CODE);
        assert.strictEqual(res.json.hostName, 'Alice');
        assert.strictEqual(res.json.participantCount, 1);
        assert.strictEqual(res.json.state, 'waiting');
    });

    it('D-11 a name is stored as given, markup and all', async () => {
        for (const hostName of ['<b>Zoë</b> & "co"', 'a\\b\n\t',
            '日本語', '  spaced  ', '0']) {
            const made = await rest().create(hostName);
            const seen = await rest().session(made.sessionCode);

            assert.strictEqual(made.hostName, hostName);
            assert.strictEqual(seen.json.hostName, hostName);
        }
    });

    it('D-12 hostName missing, empty or 51 characters is 400', async () => {
        const bad = [{}, { hostName: '' }, { hostName: 'x'.repeat(51) },
            { hostName: null }, { hostName: 7 }, { hostName: ['Alice'] },
            { hostName: '😀'.repeat(51) }];

        for (const body of bad) {
            const res = await rest().post('/api/sessions', body);

            assert.strictEqual(res.status, 400, JSON.stringify(body));
            assert.strictEqual(res.json.code, 'VALIDATION_ERROR');
            assert.strictEqual(typeof res.json.error, 'string');
            assert.strictEqual(typeof res.json.message, 'string');
        }
    });

    it('D-12 1 and 50 characters pass, counted as code points', async () => {
        for (const hostName of ['x', 'x'.repeat(50), 'ü'.repeat(50),
            '😀'.repeat(50)]) {
            const res = await rest().post('/api/sessions', { hostName });

            assert.strictEqual(res.status, 201, res.text);
            assert.strictEqual(res.json.hostName, hostName);
        }
    });

    it('D-13 concurrent creations return distinct codes', async () => {
        const codes = new Set();

        for (let round = 0; round < 10; round++) {
            const made = await Promise.all(Array.from({ length: 25 },
                (_, i) => rest().create(`Host ${i}`)));

            for (const session of made) {
                assert.match(session.sessionCode, CODE);
                codes.add(session.sessionCode);
            }
        }

        assert.strictEqual(codes.size, 250);
    });

    it('D-13 codes draw on all of A-Z0-9', async () => {
        const seen = new Set();

        for (let i = 0; i < 100; i++) {
            const { sessionCode } = await rest().create('Host');

            [...sessionCode].forEach((c) => seen.add(c));
        }

        /* 600 draws of 36: one missing has a chance of 2 in a million */
        assert.ok(seen.size >= 35, [...seen].sort().join(''));
    });

    it('D-14 GET of a live session is 200, on whichever worker', async () => {
        const made = await rest().create('Alice');

        for (let i = 0; i < 12; i++) {
            const res = await rest().session(made.sessionCode);

            assert.strictEqual(res.status, 200);
            assert.deepStrictEqual(res.json, made);
        }
    });

    it('D-14 unknown or malformed code is 404', async () => {
        const { sessionCode } = await rest().create('Alice');
        const bad = ['ZZZZZ9', sessionCode.toLowerCase(), 'ABC', 'ABCDEFG',
            'ABC-12', 'ABC%2012', `${sessionCode}%20`,
            '%F0%9F%98%80', '..', `${sessionCode}1`];

        for (const code of bad.filter((c) => c !== sessionCode)) {
            const res = await rest().get(`/api/sessions/${code}`);

            assert.strictEqual(res.status, 404, code);

            if (code !== '..') {
                assert.strictEqual(res.json.code, 'SESSION_NOT_FOUND', code);
                assert.strictEqual(typeof res.json.error, 'string');
                assert.strictEqual(typeof res.json.message, 'string');
            }
        }
    });

    it('D-14 an escaped code is the same code', async () => {
        const { sessionCode } = await rest().create('Alice');
        const escaped = [...sessionCode].map((c) =>
            `%${c.charCodeAt(0).toString(16)}`).join('');
        const res = await rest().get(`/api/sessions/${escaped}`);

        assert.strictEqual(res.status, 200);
        assert.strictEqual(res.json.sessionCode, sessionCode);
    });

    it('D-15 shareableLink has the code, expiresAt is 30 min on', async () => {
        const from = Date.now();
        const made = await rest().create('Alice');
        const to = Date.now();
        const at = Date.parse(made.expiresAt);

        assert.strictEqual(made.shareableLink,
            `https://dinner.example/app/join?code=${made.sessionCode}`);
        assert.match(made.expiresAt,
            /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
        assert.ok(at >= from + 1799e3 - 1000 && at <= to + 1801e3,
            made.expiresAt);
    });

    it('D-15 reading does not move expiresAt, joining does', async () => {
        const made = await rest().create('Alice');

        await new Promise((resolve) => setTimeout(resolve, 1100));

        const read = await rest().session(made.sessionCode);

        assert.strictEqual(read.json.expiresAt, made.expiresAt);

        await rest().join(made.sessionCode, 'Bob');

        const moved = await rest().session(made.sessionCode);

        assert.ok(Date.parse(moved.json.expiresAt) >=
            Date.parse(made.expiresAt) + 900, moved.json.expiresAt);
    });

    it('D-16 REST join: four fields, rising count, fifth is 403', async () => {
        const { sessionCode } = await rest().create('Alice');
        const ids = new Set();

        for (const [i, name] of ['Bob', 'Charlie', 'Dave'].entries()) {
            const res = await rest().join(sessionCode, name);

            assert.strictEqual(res.status, 200, res.text);
            assert.deepStrictEqual(Object.keys(res.json).sort(),
                ['participantCount', 'participantId', 'participantName',
                    'sessionCode']);
            assert.strictEqual(res.json.sessionCode, sessionCode);
            assert.strictEqual(res.json.participantName, name);
            assert.strictEqual(res.json.participantCount, i + 2);
            assert.ok(res.json.participantId.length > 0);
            ids.add(res.json.participantId);
        }

        assert.strictEqual(ids.size, 3);

        const full = await rest().join(sessionCode, 'Eve');

        assert.strictEqual(full.status, 403);
        assert.strictEqual(full.json.code, 'SESSION_FULL');
        assert.strictEqual(full.json.error, 'Session is full');

        const seen = await rest().session(sessionCode);

        assert.strictEqual(seen.json.participantCount, 4);
        assert.strictEqual(seen.json.state, 'selecting');
    });

    it('D-16 a REST join of the same name is a new person', async () => {
        const { sessionCode } = await rest().create('Alice');
        const one = await rest().join(sessionCode, 'Bob');
        const two = await rest().join(sessionCode, 'Bob');

        assert.notStrictEqual(one.json.participantId, two.json.participantId);
        assert.strictEqual(two.json.participantCount, 3);
    });

    it('D-16 D-29 a REST join is told to the sockets of the room', async () => {
        const { code, players } = await table(server, ['Alice', 'Bob']);
        const res = await rest().join(code, 'Charlie');

        for (const player of players) {
            assert.deepStrictEqual(await player.next('participant:joined'), {
                participantId: res.json.participantId,
                displayName: 'Charlie',
                participantCount: 3,
            });
        }

        assert.strictEqual(res.json.participantCount, 3);
    });

    it('D-16 twenty REST joins at once seat three beside the host',
        async () => {
            for (let round = 0; round < 8; round++) {
                const { sessionCode } = await rest().create('Alice');
                const all = await Promise.all(Array.from({ length: 20 },
                    (_, i) => rest().join(sessionCode, `Guest ${i}`)));
                const ok = all.filter((r) => r.status === 200);

                assert.strictEqual(ok.length, 3, `round ${round}`);
                assert.deepStrictEqual(ok.map((r) =>
                    r.json.participantCount).sort(), [2, 3, 4]);
                assert.ok(all.every((r) => r.status === 200 ||
                    (r.status === 403 && r.json.code === 'SESSION_FULL')));
            }
        });

    it('D-17 GET /api/options: at least 10 unique, always equal', async () => {
        const first = await rest().get('/api/options');
        const options = first.json.options;
        const ids = options.map((o) => o.optionId);

        assert.strictEqual(first.status, 200);
        assert.match(first.headers['content-type'], /^application\/json/);
        assert.ok(ids.length >= 10);
        assert.strictEqual(new Set(ids).size, ids.length);

        for (const id of ['pizza-palace', 'sushi-spot', 'thai-kitchen',
            'mexican-grill', 'indian-curry']) {
            assert.ok(ids.includes(id), id);
        }

        for (const option of options) {
            assert.strictEqual(typeof option.displayName, 'string');
            assert.ok(option.displayName.length > 0);
            assert.ok(option.description === undefined ||
                typeof option.description === 'string');
        }

        for (let i = 0; i < 8; i++) {
            const again = await rest().get('/api/options');

            assert.strictEqual(again.text, first.text);
        }
    });

    it('D-17 the list is the same inside a session and out', async () => {
        const { players } = await table(server, ['Alice']);
        const { options } = (await rest().get('/api/options')).json;
        const [results] = await playRound(players,
            [options.map((o) => o.optionId)]);

        assert.deepStrictEqual([...results.overlappingOptions].sort((a, b) =>
            a.optionId.localeCompare(b.optionId)),
        [...options].sort((a, b) => a.optionId.localeCompare(b.optionId)));
    });

    it('D-10 a session exists only after POST /api/sessions', async () => {
        const player = await server.player({ name: 'Alice' });
        const { sessionCode } = await rest().create('Alice');
        let never = 'AAAAA0';

        if (never === sessionCode) {
            never = 'AAAAA1';
        }

        const ack = await player.join(never);

        assert.strictEqual(ack.success, false);
        assert.strictEqual(ack.code, 'SESSION_NOT_FOUND');
        assert.strictEqual((await rest().session(never)).status, 404);
        assert.strictEqual((await player.join(sessionCode)).success, true);
    });

    it('/health is 200 while the journal takes appends', async () => {
        const res = await rest().get('/health');

        assert.strictEqual(res.status, 200);
        assert.deepStrictEqual(res.json, { status: 'healthy', redis: true });
    });

    it('REST joins, sockets and takeovers count one table (XD-2, XD-3)',
        async () => {
            const { sessionCode: code } = await rest().create('Alice');
            const bob = await rest().join(code, 'Bob');

            assert.strictEqual(bob.json.participantCount, 2);

            /* a socket of the same name takes the slot over */
            const player = await server.player({ name: 'Bob' });
            const ack = await player.join(code);

            assert.strictEqual(ack.participantId, bob.json.participantId);
            assert.strictEqual(ack.participantCount, 1);
            assert.strictEqual(ack.participants[0].isHost, false);
            assert.strictEqual(
                (await rest().session(code)).json.participantCount, 2);

            /* the first newcomer claims the host's place */
            const alice = await server.player({ name: 'Alice' });
            const host = await alice.join(code);

            assert.strictEqual(host.participantCount, 2);
            assert.deepStrictEqual(host.participants.filter((p) => p.isHost)
                .map((p) => p.participantId), [host.participantId]);
            assert.strictEqual(
                (await rest().session(code)).json.participantCount, 2);
        });

    it('REST: create and four socket joins fill a session', async () => {
        const { code } = await table(server, ['A', 'B', 'C', 'D']);
        const res = await rest().join(code, 'E');

        assert.strictEqual(res.status, 403);
        assert.strictEqual(
            (await rest().session(code)).json.participantCount, 4);
    });

    it('REST: three REST joins leave the host place for one socket',
        async () => {
            const { sessionCode: code } = await rest().create('Alice');

            for (const name of ['B', 'C', 'D']) {
                await rest().join(code, name);
            }

            const alice = await server.player({ name: 'Alice' });
            const ack = await alice.join(code);

            assert.strictEqual(ack.success, true, JSON.stringify(ack));
            assert.strictEqual(ack.participantCount, 4);
            assert.strictEqual(ack.participants.find((p) =>
                p.participantId === ack.participantId).isHost, true);

            const fifth = await server.player({ name: 'Zed' });

            assert.strictEqual((await fifth.join(code)).code, 'SESSION_FULL');
        });
});
