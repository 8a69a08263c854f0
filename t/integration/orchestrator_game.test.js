'use strict';

/* Transactions, scores, the display, REST. */

const assert = require('node:assert');
const { after, afterEach, before, describe, it } = require('node:test');

const { useOrchestrator, submit, faults, UUID, ISO } =
    require('./lib/orchestrator');
const { sleep, until } = require('./lib/player');

const hooks = { before, after, afterEach };


describe('orchestrator: transactions', () => {
    const server = useOrchestrator(hooks);

    it('G-8 G-23 G-24 G-30 G-33 a token is accepted once and told to all',
        async () => {
            const session = await server.session();
            const [one, two] = await server.stations('GM_1', 'GM_2');
            const ack = await submit(one, 'MEM_002');
            const result = await one.next('transaction:result');

            assert.strictEqual(ack.success, true);
            assert.strictEqual(ack.status, 'accepted');
            assert.strictEqual(ack.points, 20);
            assert.deepStrictEqual({ success: true, ...result.data }, ack);

            for (const player of [one, two]) {
                const told = (await player.next('transaction:new')).data;

                assert.match(told.id, UUID);
                assert.match(told.timestamp, ISO);
                assert.deepStrictEqual(told, { id: ack.transactionId,
                    tokenId: 'MEM_002', teamId: 'TEAM_A',
                    scannerId: 'SCANNER_01', timestamp: told.timestamp,
                    sessionId: session.id, status: 'accepted',
                    rejectionReason: null, points: 20 });
                assert.strictEqual((await player.next('state:update')).data
                    .scores[0].currentScore, 20);
                assert.deepStrictEqual(faults(player), []);
            }
        });

    it('G-25 G-52 what is not well formed records nothing', async () => {
        await server.session();

        const [one, two] = await server.stations('GM_1', 'GM_2');

        for (const bad of [{ teamId: 'TEAM_A', scannerId: 'S' },
            { tokenId: 'MEM_001', scannerId: 'S' },
            { tokenId: 'MEM_001', teamId: 'TEAM_A' },
            { tokenId: 5, teamId: 'TEAM_A', scannerId: 'S' },
            { tokenId: 'MEM-001', teamId: 'TEAM_A', scannerId: 'S' },
            { tokenId: 'MEM_001', teamId: 'Owls', scannerId: 'S' }]) {
            const ack = await one.ask('transaction:submit', bad);

            assert.strictEqual(ack.error.code, 'INVALID_DATA');
        }

        await sleep(150);
        assert.deepStrictEqual(two.names(), []);
        assert.deepStrictEqual(faults(one), []);
    });

    it('G-26 G-28 duplicates and unknown tokens are told, without points',
        async () => {
            await server.session();

            const [one, two] = await server.stations('GM_1', 'GM_2');
            const first = await submit(one, 'MEM_001');
            const second = await submit(two, 'MEM_001', 'TEAM_B');

            assert.strictEqual(second.status, 'duplicate');
            assert.strictEqual(second.points, 0);
            assert.strictEqual(second.originalTransactionId,
                first.transactionId);
            assert.strictEqual(second.claimedBy, 'TEAM_A');
            assert.strictEqual((await submit(one, 'NO_SUCH')).status,
                'rejected');
            await until(() => two.all('transaction:new').length === 3,
                'three transactions');
            assert.deepStrictEqual(two.all('transaction:new').map((t) =>
                [t.data.status, t.data.points]), [['accepted', 10],
                ['duplicate', 0], ['rejected', 0]]);

            const state = (await server.rest.get('/api/state')).json;

            assert.deepStrictEqual(state.scores.map((s) => s.currentScore),
                [10]);
        });

    it('G-27 G-31 of two at once exactly one is accepted, in one order',
        async () => {
            await server.session();

            const [one, two] = await server.stations('GM_1', 'GM_2');

            for (let i = 101; i <= 108; i++) {
                const acks = await Promise.all([
                    submit(one, `MEM_${i}`, 'TEAM_A'),
                    submit(two, `MEM_${i}`, 'TEAM_B')]);

                assert.deepStrictEqual(acks.map((a) => a.status).sort(),
                    ['accepted', 'duplicate']);
            }

            await until(() => [one, two].every((p) =>
                p.all('transaction:new').length === 16), 'all of them');
            assert.deepStrictEqual(one.all('transaction:new'),
                two.all('transaction:new'));

            const times = one.all('transaction:new').map((t) =>
                t.data.timestamp);

            assert.deepStrictEqual(times, [...times].sort());
        });

    it('G-17 a complete group brings a bonus to the team that has all',
        async () => {
            await server.session();

            const [one, two] = await server.stations('GM_1', 'GM_2');

            await submit(one, 'MEM_003');
            await submit(two, 'MEM_004');

            const [score] = (await server.rest.get('/api/state')).json.scores;

            assert.strictEqual(score.bonusPoints, 30);
            assert.strictEqual(score.currentScore, 90);
            assert.strictEqual(score.tokensScanned, 2);
            assert.deepStrictEqual(score.completedGroups, ['ATTIC']);
        });

    it('G-29 G-72 paused sessions reject, completed ones take nothing',
        async () => {
            await server.session();

            const headers = await server.admin();
            const [one] = await server.stations('GM_1');
            const put = (status) => server.rest.send('PUT', '/api/session',
                { status }, headers);

            assert.strictEqual((await put('paused')).status, 200);
            assert.strictEqual((await submit(one, 'MEM_001')).status,
                'rejected');
            assert.strictEqual((await put('active')).status, 200);
            assert.strictEqual((await submit(one, 'MEM_001')).status,
                'accepted');

            const done = await put('completed');

            assert.match(done.json.endTime, ISO);
            assert.strictEqual((await submit(one, 'MEM_002')).error.code,
                'SESSION_NOT_FOUND');
            assert.strictEqual((await put('active')).status, 409);
            assert.strictEqual((await put('archived')).status, 200);
        });

    it('G-32 the eleventh submit of a second is refused, later ones not',
        async () => {
            await server.session();

            const [one] = await server.stations('GM_1');
            const acks = await Promise.all(Array.from({ length: 11 },
                (_, i) => submit(one, `MEM_${101 + i}`)));

            assert.deepStrictEqual(acks.map((a) => a.success),
                [...Array(10).fill(true), false]);
            assert.strictEqual(acks[10].error.code, 'RATE_LIMIT');
            await sleep(1500);
            assert.strictEqual((await submit(one, 'MEM_111')).status,
                'accepted');

            /* it is told after the answer */

            await until(() => one.all('transaction:new').length >= 11,
                'all are told');
            assert.strictEqual(one.all('transaction:new').length, 11);
            assert.deepStrictEqual(faults(one), []);
        });
});


describe('orchestrator: the display', () => {
    const server = useOrchestrator(hooks);

    it('G-34 G-35 G-36 G-39 G-41 a video goes its way', async () => {
        await server.session();

        const [one, two] = await server.stations('GM_1', 'GM_2');
        const stranger = await server.player({ side: 0 });
        const res = await server.scan('MEM_VIDEO_03');

        assert.strictEqual(res.status, 200, res.text);
        assert.strictEqual(res.json.videoPlaying, true);

        for (const player of [one, two]) {
            await until(() => player.all('video:status').length === 4,
                'four statuses');
            assert.deepStrictEqual(player.all('video:status').map((v) =>
                v.data), [
                { status: 'loading', tokenId: 'MEM_VIDEO_03', progress: 0,
                    duration: 1 },
                { status: 'playing', tokenId: 'MEM_VIDEO_03', progress: 0,
                    duration: 1 },
                { status: 'completed', tokenId: 'MEM_VIDEO_03',
                    progress: 100, duration: 1 },
                { status: 'idle', tokenId: null }]);
            assert.ok(player.all('state:update').some((u) =>
                u.data.currentVideo?.tokenId === 'MEM_VIDEO_03'));
            await until(() => player.all('state:update').at(-1).data
                .currentVideo === null, 'no video');
            assert.deepStrictEqual(faults(player), []);
        }

        assert.deepStrictEqual(stranger.names(), []);
    });

    it('G-37 G-40 pause, resume, stop and skip; one video at a time',
        async () => {
            await server.session();

            const [one] = await server.stations('GM_1');
            const next = async () => (await one.next('video:status')).data;

            assert.strictEqual((await server.control('play',
                'MEM_VIDEO_01')).json.currentStatus, 'playing');
            assert.strictEqual((await next()).status, 'loading');
            assert.strictEqual((await next()).status, 'playing');

            const busy = await server.scan('MEM_VIDEO_02');

            assert.strictEqual(busy.status, 409);
            assert.strictEqual(busy.json.status, 'rejected');
            assert.ok(busy.json.waitTime > 0 && busy.json.waitTime <= 30);
            assert.strictEqual((await server.control('play',
                'MEM_VIDEO_02')).status, 409);
            assert.strictEqual((await server.control('play', 'NONE')).status,
                404);
            assert.strictEqual((await server.control('pause')).json
                .currentStatus, 'paused');
            assert.strictEqual((await next()).status, 'paused');
            assert.strictEqual((await server.control('play')).json
                .currentStatus, 'playing');
            assert.strictEqual((await next()).status, 'playing');
            assert.strictEqual((await server.control('skip')).json
                .currentStatus, 'idle');
            assert.strictEqual((await next()).status, 'idle');
            await server.control('play', 'MEM_VIDEO_02');
            await next();
            assert.strictEqual((await server.control('stop')).status, 200);
            assert.strictEqual((await next()).status, 'idle');
        });

    it('G-38 a video that cannot be played is an error, the game goes on',
        async () => {
            await server.session();

            const [one] = await server.stations('GM_1');

            await server.scan('MEM_VIDEO_BAD');
            await until(() => one.all('video:status').length === 3, 'idle');

            const all = one.all('video:status').map((v) => v.data);

            assert.deepStrictEqual(all.map((v) => v.status),
                ['loading', 'error', 'idle']);
            assert.strictEqual(all[1].tokenId, 'MEM_VIDEO_BAD');
            assert.ok(all[1].error);
            assert.strictEqual((await submit(one, 'MEM_001')).status,
                'accepted');
        });
});


describe('orchestrator: REST', () => {
    const server = useOrchestrator(hooks);

    it('G-72 admins are let in by their password', async () => {
        const post = (body) => server.rest.post('/api/admin/auth', body);
        const good = await post({ password: 'orchestrator-demo' });

        assert.strictEqual(good.json.expiresIn, 86400);
        assert.strictEqual(good.json.token.split('.').length, 3);
        assert.strictEqual((await post({})).status, 400);
        assert.strictEqual((await server.rest.get('/api/admin/auth')).status,
            405);

        for (let i = 0; i < 5; i++) {
            const res = await post({ password: 'wrong' });

            assert.strictEqual(res.status, 401);
            assert.strictEqual(res.json.error, 'AUTH_REQUIRED');
        }

        const late = await post({ password: 'orchestrator-demo' });

        assert.strictEqual(late.status, 429);
        assert.ok(Number(late.headers['retry-after']) > 0);
    });
});


describe('orchestrator: sessions over REST', () => {
    const server = useOrchestrator(hooks);

    it('G-72 what only admins may do is AUTH_REQUIRED for others',
        async () => {
            for (const [method, path, body] of [
                ['POST', '/api/session', { name: 'x' }],
                ['PUT', '/api/session', { name: 'x' }],
                ['POST', '/api/video/control', { command: 'stop' }],
                ['POST', '/api/admin/reset-scores'],
                ['POST', '/api/admin/clear-transactions']]) {
                for (const headers of [{}, { authorization: 'Bearer x' },
                    { authorization: 'Basic eDp4' }]) {
                    const res = await server.rest.send(method, path, body,
                        headers);

                    assert.strictEqual(res.status, 401, path);
                    assert.strictEqual(res.json.error, 'AUTH_REQUIRED');
                }
            }
        });

    it('G-16 G-72 the state, with its tag, and sessions by their id',
        async () => {
            const before = await server.rest.get('/api/state');

            assert.strictEqual(before.json.sessionId, null);
            assert.strictEqual((await server.rest.get('/api/session')).status,
                404);

            const first = await server.session({ name: 'One',
                teams: ['TEAM_A', 'TEAM_B'] });
            const state = await server.rest.get('/api/state');

            assert.strictEqual(state.headers['cache-control'], 'no-cache');
            assert.deepStrictEqual(state.json.scores.map((s) => s.teamId),
                ['TEAM_A', 'TEAM_B']);
            assert.strictEqual((await server.rest.get('/api/state', {
                'if-none-match': state.headers.etag })).status, 304);
            assert.strictEqual((await server.rest.post('/api/state', {}))
                .status, 405);

            const second = await server.session({ name: 'Two' });
            const old = await server.rest.get(`/api/session/${first.id}`);

            assert.strictEqual(old.json.status, 'completed');
            assert.match(old.json.endTime, ISO);
            assert.strictEqual((await server.rest.get('/api/session')).json
                .id, second.id);
            assert.strictEqual((await server.rest.get('/api/session/x'))
                .status, 404);
            assert.strictEqual((await server.rest.post('/api/session',
                { name: '' }, await server.admin())).status, 400);
        });

    it('G-42 G-72 scans are counted and announce their player', async () => {
        await server.session();

        const [one] = await server.stations('GM_1');
        const res = await server.scan('MEM_001', 'PLAYER_09');

        assert.strictEqual(res.json.status, 'accepted');
        assert.strictEqual((await one.next('device:connected')).data.type,
            'player');
        assert.strictEqual((await server.scan('MEM_001', 'PLAYER_09')).status,
            200);
        assert.strictEqual((await server.scan('NONE')).status, 404);
        assert.strictEqual((await server.scan('NO-NE')).status, 400);

        const batch = await server.rest.post('/api/scan/batch', {
            transactions: [
                { tokenId: 'MEM_002', teamId: 'TEAM_A', scannerId: 'P' },
                { tokenId: 'NONE', teamId: 'TEAM_A', scannerId: 'P' }] });

        assert.deepStrictEqual(batch.json.results.map((r) => r.status),
            ['processed', 'failed']);

        const { metadata } = (await server.rest.get('/api/session')).json;

        assert.strictEqual(metadata.totalScans, 3);
        assert.deepStrictEqual(metadata.uniqueTokensScanned,
            ['MEM_001', 'MEM_002']);
        await one.next('device:connected');
        assert.strictEqual(one.all('device:connected').length, 2);
    });

    it('G-72 tokens, status, history, resets', async () => {
        await server.session();

        const [one] = await server.stations('GM_1');

        assert.strictEqual((await server.rest.get('/api/tokens')).json.count,
            28);

        for (const path of ['/api/status', '/api/state/status']) {
            assert.strictEqual((await server.rest.get(path)).json.status,
                'online');
        }

        await submit(one, 'MEM_001');
        await submit(one, 'MEM_002', 'TEAM_B');

        const history = (query) => server.rest.get(
            `/api/transaction/history${query}`).then((res) => res.json);

        assert.strictEqual((await history('')).total, 2);
        assert.strictEqual((await history('?limit=1&offset=1'))
            .transactions[0].tokenId, 'MEM_002');
        assert.strictEqual((await history('?teamId=TEAM_B')).total, 1);

        const headers = await server.admin();

        await server.rest.post('/api/admin/clear-transactions', undefined,
            headers);
        assert.strictEqual((await history('')).total, 0);
        await server.rest.post('/api/admin/reset-scores', undefined, headers);
        await until(() => one.all('state:update').at(-1)?.data.scores
            .length === 0, 'no scores');
    });
});
