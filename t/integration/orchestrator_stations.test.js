'use strict';

/* Stations: identification, devices, heartbeats, state, limits. */

const assert = require('node:assert');
const { after, afterEach, before, describe, it } = require('node:test');

const { useOrchestrator, submit, faults, UUID, ISO, Player } =
    require('./lib/orchestrator');
const { sleep, until, SCALE } = require('./lib/player');

const hooks = { before, after, afterEach };


function code(player) {
    return player.next('error').then((e) => e.code);
}


describe('orchestrator: stations', () => {
    const server = useOrchestrator(hooks);

    it('G-1 connects over WebSocket at both paths', async () => {
        for (const path of ['/socket.io/', '/ws/']) {
            const player = await server.player({ path });

            assert.strictEqual(player.socket.io.engine.transport.name,
                'websocket');
        }
    });

    it('G-2 G-5 G-6 gm:identified has the session and the state',
        async () => {
            const player = await server.player({ side: 0 });
            const ack = await player.ask('gm:identify', { event: 'gm:identify',
                data: { stationId: 'GM_1', version: '1.0.0' } });
            const told = await player.next('gm:identified');

            assert.deepStrictEqual(ack, told);
            assert.strictEqual(told.success, true);
            assert.match(told.sessionId, UUID);
            assert.strictEqual(told.state.sessionId, told.sessionId);
            assert.match(told.state.lastUpdate, ISO);
            assert.ok(Array.isArray(told.state.scores));

            const again = await player.ask('gm:identify', { stationId: 'GM_1',
                version: '1.1.0' });

            assert.strictEqual(again.sessionId, told.sessionId);
            await player.ask('state:request', {});
            assert.strictEqual((await player.next('sync:full')).data.devices
                .find((d) => d.id === 'GM_1').version, '1.1.0');
            assert.deepStrictEqual(faults(player), []);
        });

    it('G-3 G-4 G-11 G-51 G-74 what is not well formed is INVALID_DATA',
        async () => {
            const [watcher] = await server.stations('GM_1');
            const player = await server.player({ side: 1 });
            const cases = [[{ version: '1.0.0' }, 'stationId'],
                [{ stationId: 'GM_2' }, 'version'],
                [{ stationId: 'GM_2', version: 'one' }, 'version'],
                [{}, 'stationId'], ['GM_2', 'object'], [null, 'object']];

            for (const [data, field] of cases) {
                const ack = await player.ask('gm:identify', data);
                const error = await player.next('error');

                assert.strictEqual(ack.success, false);
                assert.strictEqual(ack.error.code, 'INVALID_DATA');
                assert.strictEqual(error.event, 'error');
                assert.strictEqual(error.code, 'INVALID_DATA');
                assert.match(error.message, new RegExp(field));
                assert.strictEqual(error.data.code, error.code);
                assert.strictEqual(error.data.message, error.message);
                assert.match(error.timestamp, ISO);
            }

            await sleep(100);
            assert.deepStrictEqual(watcher.names(), []);
            assert.deepStrictEqual(faults(player), []);
        });

    it('G-7 G-52 G-56 five stations at once, the sixth is too many',
        async () => {
            const players = [];

            for (let i = 0; i < 5; i++) {
                players.push(await server.player({ side: i % 2 }));
            }

            const acks = await Promise.all(players.map((p, i) =>
                p.ask('gm:identify', { stationId: `GM_${i}`,
                    version: '1.0.0' })));

            assert.ok(acks.every((ack) => ack.success));
            assert.strictEqual(new Set(acks.map((a) => a.sessionId)).size, 1);

            const sixth = await server.player({ side: 1 });

            sixth.tell('gm:identify', { stationId: 'GM_5',
                version: '1.0.0' });
            assert.strictEqual(await code(sixth), 'DEVICE_LIMIT');
            assert.strictEqual(await sixth.disconnection(1),
                'io server disconnect');
            await sixth.connect();
        });

    it('G-9 G-52 commands before identification are AUTH_REQUIRED',
        async () => {
            await server.stations('GM_1');

            const player = await server.player({ side: 1 });

            for (const [event, data] of [['state:request', {}],
                ['transaction:submit', { tokenId: 'MEM_001',
                    teamId: 'TEAM_A', scannerId: 'S' }],
                ['heartbeat', { stationId: 'GM_1' }]]) {
                const ack = await player.ask(event, data);

                assert.strictEqual(ack.error.code, 'AUTH_REQUIRED');
                assert.strictEqual(await code(player), 'AUTH_REQUIRED');
            }
        });

    it('G-10 a token that is given must be good', async () => {
        const headers = await server.admin();
        const token = headers.authorization.slice(7);
        const player = await server.player({ side: 0 });

        for (const bad of ['x', `${token}x`]) {
            player.tell('gm:identify', { stationId: 'GM_1', version: '1.0.0',
                token: bad });
            assert.strictEqual(await code(player), 'INVALID_TOKEN');
        }

        const ack = await player.ask('gm:identify', { stationId: 'GM_1',
            version: '1.0.0', token });

        assert.strictEqual(ack.success, true);

        const refused = new Player(server.url, { auth: { token: 'x' } });

        server.players.push(refused);
        refused.socket.connect();
        await until(() => refused.log.some((e) => e.kind === 'connect_error' &&
            e.data === 'INVALID_TOKEN'), 'the refusal');
    });

    it('G-12 G-13 G-15 G-16 G-17 G-18 G-24 stations see what changes, ' +
        'others nothing', async () => {
        await server.session({ teams: ['TEAM_B'] });

        const [one, two] = await server.stations('GM_1', 'GM_2');
        const stranger = await server.player({ side: 0 });

        await server.assertBothWorkers();
        await submit(one, 'MEM_001');

        for (const player of [one, two]) {
            const update = await player.next('state:update');
            const score = update.data.scores.find((s) =>
                s.teamId === 'TEAM_A');

            assert.strictEqual(update.event, 'state:update');
            assert.match(update.timestamp, ISO);
            assert.strictEqual(update.data.sessionId, one.session);
            assert.strictEqual(score.currentScore, 10);
            assert.strictEqual(score.tokensScanned, 1);
            assert.ok(JSON.stringify(update).length < 10240);
            assert.deepStrictEqual(faults(player), []);
        }

        await server.control('play', 'MEM_VIDEO_03');
        await until(() => two.all('state:update').some((u) =>
            u.data.currentVideo?.tokenId === 'MEM_VIDEO_03'), 'the video');
        await server.control('stop');
        await until(() => two.all('state:update').at(-1).data.currentVideo ===
            null, 'no video');
        await server.rest.send('PUT', '/api/session', { status: 'paused' },
            await server.admin());
        await until(() => two.all('state:update').at(-1).data.metadata
            .sessionStatus === 'paused', 'the pause');

        const times = two.all('state:update').map((u) => u.data.lastUpdate);

        assert.deepStrictEqual(times, [...times].sort());
        assert.deepStrictEqual(stranger.names(), ['<connect>'].slice(1));
    });

    it('G-14 a burst makes at most ten updates a second, the last one final',
        async () => {
            await server.session();

            const [one, two] = await server.stations('GM_1', 'GM_2');

            for (let i = 101; i <= 110; i++) {
                one.tell('transaction:submit', { tokenId: `MEM_${i}`,
                    teamId: 'TEAM_A', scannerId: 'S' });
                two.tell('transaction:submit', { tokenId: `MEM_${i + 10}`,
                    teamId: 'TEAM_A', scannerId: 'S' });
                await sleep(15);
            }

            for (const player of [one, two]) {
                await until(() => player.all('state:update').at(-1)?.data
                    .scores[0]?.currentScore === 20, 'the final state');
            }

            await sleep(300);

            for (const player of [one, two]) {
                const at = player.log.filter((e) =>
                    e.name === 'state:update').map((e) => e.at);

                assert.ok(at.length >= 2);
                assert.ok(at.length <= 2 + (at.at(-1) - at[0]) / 100,
                    `${at}`);
                assert.strictEqual(player.all('transaction:new').length, 20);
            }
        });

    it('G-19 G-20 G-21 G-22 state:request is answered to its sender',
        async () => {
            await server.session();

            const [one, two] = await server.stations('GM_1', 'GM_2');

            await submit(one, 'MEM_001');
            await one.next('state:update');
            assert.deepStrictEqual(await one.ask('state:request', {}),
                { success: true });

            const sync = (await one.next('sync:full')).data;
            const state = await server.rest.get('/api/state');

            assert.deepStrictEqual(sync.state, state.json);
            assert.strictEqual(sync.session.id, one.session);
            assert.deepStrictEqual(sync.devices.map((d) => d.id).sort(),
                ['GM_1', 'GM_2']);
            assert.strictEqual(sync.transactions.length, 1);
            one.tell('state:request', {});
            assert.strictEqual(await code(one), 'RATE_LIMIT');
            await sleep(50);
            assert.strictEqual(one.all('sync:full').length, 1);
            assert.strictEqual(two.all('sync:full').length, 0);
            assert.deepStrictEqual(faults(one), []);
        });

    it('G-42 G-43 G-46 G-47 G-67 devices come and go', async () => {
        const [one, two] = await server.stations('GM_1', 'GM_2');
        const third = await server.station('GM_3', 0);

        for (const player of [one, two]) {
            const told = await player.next('device:connected');

            assert.deepStrictEqual(told.data, { deviceId: 'GM_3', type: 'gm',
                ipAddress: '127.0.0.1' });
            assert.deepStrictEqual(faults(player), []);
        }

        assert.ok(!third.names().includes('device:connected'));
        third.socket.disconnect();
        assert.deepStrictEqual((await one.next('device:disconnected')).data,
            { deviceId: 'GM_3', reason: 'manual' });
        two.vanish();
        assert.deepStrictEqual((await one.next('device:disconnected',
            5000)).data, { deviceId: 'GM_2', reason: 'error' });

        const stranger = await server.player({ side: 1 });
        const n = one.names().length;

        stranger.close();
        await sleep(150);
        assert.strictEqual(one.names().length, n);
    });

    it('G-45 cycles are told in their order', async () => {
        const [one] = await server.stations('GM_1');

        for (let i = 0; i < 4; i++) {
            const player = await server.station('GM_2', i % 2);

            player.socket.disconnect();
        }

        await until(() => one.names().length === 8, 'four cycles');
        assert.deepStrictEqual(one.names().map((name) => name.slice(7)),
            Array(4).fill(['connected', 'disconnected']).flat());
    });

    it('G-48 G-49 G-50 heartbeats are answered, once a second', async () => {
        const [one] = await server.stations('GM_1');

        await one.ask('heartbeat', { stationId: 'GM_1' });
        assert.match((await one.next('heartbeat:ack')).timestamp, ISO);
        one.tell('heartbeat', { stationId: 'GM_1' });
        assert.strictEqual(await code(one), 'RATE_LIMIT');
        await sleep(1050);
        one.tell('heartbeat', { stationId: 'GM_2' });
        assert.strictEqual(await code(one), 'AUTH_REQUIRED');
        assert.deepStrictEqual(faults(one), []);
    });

    it('G-54 G-55 unknown events are ignored, but count', async () => {
        const [one] = await server.stations('GM_1');

        one.tell('what:is:this', {});
        await sleep(50);
        assert.deepStrictEqual(one.names(), []);

        for (let i = 0; i < 60; i++) {
            one.tell('what:is:this', {});
        }

        const error = await one.next('error');

        assert.strictEqual(error.code, 'RATE_LIMIT');
        assert.strictEqual(error.details.limit, 50);
        await sleep(1100);
        assert.strictEqual((await one.ask('state:request', {})).success,
            true);
    });

    it('G-6 a station that comes by another socket takes the place over',
        async () => {
            const [one, two] = await server.stations('GM_1', 'GM_2');
            const other = await server.station('GM_1', 1);

            assert.strictEqual(await one.disconnection(1),
                'io server disconnect');
            await sleep(150);
            assert.deepStrictEqual(two.names(), []);
            assert.strictEqual((await submit(other, 'NONE')).success, true);
        });

    it('G-68 admins get what stations get', async () => {
        const headers = await server.admin();
        const admin = await server.player({ side: 1, auth: {
            token: headers.authorization.slice(7), deviceType: 'admin' } });

        await server.session();

        const one = await server.station('GM_1', 0);

        await submit(one, 'MEM_001');

        for (const name of ['device:connected', 'transaction:new',
            'state:update']) {
            await admin.next(name);
        }
    });
});


describe('orchestrator: silence', () => {
    const server = useOrchestrator(hooks, { options: { heartbeat: '2s' } });

    it('G-44 a silent station is reported with timeout', async () => {
        const [one] = await server.stations('GM_1');
        const two = await server.station('GM_2', 1);
        const timer = setInterval(() => one.tell('heartbeat',
            { stationId: 'GM_1' }), 1010);

        try {
            await one.next('device:connected');
            assert.deepStrictEqual((await one.next('device:disconnected'))
                .data, { deviceId: 'GM_2', reason: 'timeout' });
            assert.strictEqual(await two.disconnection(1),
                'io server disconnect');
        } finally {
            clearInterval(timer);
        }
    });
});


describe('orchestrator: signs of life', () => {
    const server = useOrchestrator(hooks, {
        options: { heartbeat: `${Math.ceil(3 * SCALE)}s` } });

    it('XG-10 G-44 who is refused all the time is not silent', async () => {
        const [one] = await server.stations('GM_1');
        const refused = {
            GM_2: ['what:is:this', {}, null],
            GM_3: ['gm:identify', { stationId: 'GM_3' }, 'INVALID_DATA'],
            GM_4: ['heartbeat', { stationId: 'GM_1' }, 'AUTH_REQUIRED'],
        };
        const two = await server.station('GM_2', 1);
        const three = await server.station('GM_3', 0);
        const four = await server.station('GM_4', 1);
        const silent = await server.station('GM_5', 0);
        const watch = setInterval(() => {
            one.tell('what:is:this', {});

            for (const player of [two, three, four]) {
                player.tell(...refused[player.name].slice(0, 2));
            }
        }, 250);

        try {
            assert.strictEqual(await silent.disconnection(1),
                'io server disconnect');
            await sleep(4500 * SCALE);
        } finally {
            clearInterval(watch);
        }

        assert.deepStrictEqual(one.all('device:disconnected').map((e) =>
            [e.data.deviceId, e.data.reason]), [['GM_5', 'timeout']]);

        for (const player of [two, three, four]) {
            const errors = player.all('error').map((e) => e.code);
            const code = refused[player.name][2];

            assert.ok(player.socket.connected, player.name);
            assert.ok(!code || errors.includes(code), `${errors}`);
            assert.ok(errors.every((e) => e === code || e === 'RATE_LIMIT'),
                `${errors}`);
        }
    });
});


describe('orchestrator: settings', () => {
    const server = useOrchestrator(hooks, { options: { require_token: 'on',
        auto_session: 'off', any_team: 'on' } });

    it('G-10 G-29 without a token AUTH_REQUIRED, without a session ' +
        'SESSION_NOT_FOUND', async () => {
        const player = await server.player({ side: 0 });

        player.tell('gm:identify', { stationId: 'GM_1', version: '1.0.0' });
        assert.strictEqual(await code(player), 'AUTH_REQUIRED');
        assert.strictEqual(await player.disconnection(1),
            'io server disconnect');

        const token = (await server.admin()).authorization.slice(7);
        const other = await server.player({ side: 1, auth: { token } });

        other.tell('gm:identify', { stationId: 'GM_1', version: '1.0.0' });
        assert.strictEqual(await code(other), 'SESSION_NOT_FOUND');
        await server.session();

        /* the other worker knows of it, wherever the journal is */

        assert.strictEqual((await other.ask('gm:identify', {
            stationId: 'GM_1', version: '1.0.0' })).success, true);
        assert.strictEqual((await submit(other, 'MEM_001', 'Owls')).status,
            'accepted');
    });
});
