'use strict';

/* The orchestrator on the wire, under many devices, and when it fails. */

const assert = require('node:assert');
const zlib = require('node:zlib');
const { after, afterEach, before, describe, it } = require('node:test');

const { io } = require('socket.io-client');

const { useOrchestrator, submit, faults } = require('./lib/orchestrator');
const { Wire } = require('./lib/echo');
const { sleep, until } = require('./lib/player');

const hooks = { before, after, afterEach };
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);


/* A message's text, and whether it came compressed. */

function text(frame) {
    const compressed = (frame.rsv & 4) !== 0;

    return { compressed, text: (compressed
        ? zlib.inflateRawSync(Buffer.concat([frame.data, TAIL]),
            { finishFlush: zlib.constants.Z_SYNC_FLUSH })
        : frame.data).toString() };
}


/* A station that is nothing but octets, and what it was told of a name. */

async function raw(server, id, offer) {
    const wire = await new Wire(server.ports.http).open(
        '/ws/?EIO=4&transport=websocket',
        offer ? { 'Sec-WebSocket-Extensions': offer } : {});
    const said = (name) => wire.frames.map(text).find((m) =>
        m.text.startsWith(`42["${name}",`));

    await wire.text('40');
    await wire.until(() => wire.frames.some((f) =>
        text(f).text.startsWith('40{')), 'the connection');
    await wire.text(`42["gm:identify",${JSON.stringify({ stationId: id,
        version: '1.0.0' })}]`);
    await wire.until(() => said('gm:identified'), 'its identification');
    return { wire, said };
}


describe('orchestrator: the wire', () => {
    const server = useOrchestrator(hooks);

    after(() => Wire.closeAll());

    for (const offer of ['permessage-deflate; client_max_window_bits', null]) {
        it(`G-65 sync:full is ${offer ? '' : 'not '}compressed where the ` +
            `client does ${offer ? '' : 'not '}offer it, small messages ` +
            'never are', async () => {
            await server.session();

            const [one] = await server.stations('GM_1');

            for (let i = 0; i < 8; i++) {
                await submit(one, `SOME_UNKNOWN_TOKEN_${i}`);
            }

            const { wire, said } = await raw(server, 'GM_2', offer);

            assert.strictEqual(/permessage-deflate/.test(wire.head),
                offer !== null);
            await wire.text('42["heartbeat",{"stationId":"GM_2"}]');
            await wire.text('42["state:request",{}]');
            await wire.until(() => said('sync:full') &&
                said('heartbeat:ack'), 'both answers');

            const sync = said('sync:full');

            assert.strictEqual(sync.compressed, offer !== null);
            assert.ok(sync.text.length > 1024);
            assert.strictEqual(JSON.parse(sync.text.slice(2))[1].data
                .transactions.length, 8);
            assert.strictEqual(said('heartbeat:ack').compressed, false);

            for (const message of wire.frames.map(text)) {
                assert.ok(!message.compressed || message.text.length >= 1024);
            }

            wire.socket.destroy();
        });
    }

    it('G-66 binary payloads pass, on both workers', async () => {
        const stations = await server.stations('GM_1', 'GM_2');

        for (const [i, one] of stations.entries()) {
            const blob = Buffer.alloc(70000, i + 1);
            const ack = await one.ask('what:is:this', { blob }, blob);

            assert.strictEqual(ack.error.code, 'INVALID_DATA');

            /* what follows the attachments is read from its beginning */

            assert.strictEqual((await one.ask('gm:identify', {
                stationId: `GM_${i + 1}`, version: '1.0.1', blob }))
                .success, true);

            const bad = await one.ask('gm:identify', { stationId: blob,
                version: '1.0.0' });

            assert.strictEqual(bad.error.code, 'INVALID_DATA');
            assert.strictEqual((await submit(one, `MEM_10${i}`)).success,
                true);
            assert.deepStrictEqual(faults(one).filter((text) =>
                !text.startsWith('ack what:is:this')), []);
        }
    });

    it('G-69 fifteen devices at once', async (t) => {
        await server.session();

        const ids = ['GM_1', 'GM_2', 'GM_3', 'GM_4', 'GM_5'];
        const stations = await server.stations(...ids);

        await server.assertBothWorkers();

        const scans = await Promise.all(Array.from({ length: 10 }, (_, i) =>
            server.scan('MEM_001', `PLAYER_${i}`)));

        assert.ok(scans.every((res) => res.status === 200));
        await Promise.all(stations.map((s) => until(() =>
            s.all('device:connected').length === 10, 'ten players')));

        /* an eleventh is served, but is no device */

        assert.strictEqual((await server.scan('MEM_001', 'PLAYER_10')).status,
            200);
        await stations[0].ask('state:request', {});

        const sync = (await stations[0].next('sync:full')).data;

        assert.strictEqual(sync.devices.length, 15);
        assert.strictEqual(sync.session.metadata.playerDevices, 10);

        let worst = 0;

        for (let i = 101; i <= 110; i++) {
            const from = Date.now();

            await submit(stations[i % 5], `MEM_${i}`);
            await until(() => stations.every((s) =>
                s.all('transaction:new').length === i - 100), 'all of them');
            worst = Math.max(worst, ...stations.map((s) =>
                s.log.findLast((e) => e.name === 'transaction:new').at -
                from));
        }

        t.diagnostic(`slowest delivery of ten: ${worst} ms`);

        for (const one of stations) {
            assert.deepStrictEqual(one.all('transaction:new'),
                stations[0].all('transaction:new'));
            assert.deepStrictEqual(faults(one), []);
        }
    });
});


/*
 * The client of the seed.  "reconnect" is the manager's since version 3, and
 * comes before the socket may say anything: "connect" is the place.
 */

function reference(server, id) {
    const log = [];
    const socket = io(server.url, { transports: ['websocket'],
        forceNew: true, reconnection: true, reconnectionDelay: 100,
        reconnectionAttempts: Infinity });

    socket.on('connect', () => {
        socket.emit('gm:identify', { stationId: id, version: '1.0.0' });

        if (log.length) {
            socket.emit('state:request', {});
        }
    });
    socket.on('disconnect', (reason) => {
        log.push(reason);

        if (reason === 'io server disconnect') {
            log.push('by hand');
            socket.connect();
        }
    });
    socket.io.on('reconnect', () => log.push('reconnect'));
    socket.onAny((name) => log.push(name));
    return { socket, log };
}


describe('orchestrator: the reference client', () => {
    const server = useOrchestrator(hooks, { options: { heartbeat: '3s' } });

    it('G-73 G-56 G-57 G-62 comes back by itself, or by hand where the ' +
        'server sent it away', async () => {
        const { socket, log } = reference(server, 'GM_1');
        const count = (what) => log.filter((e) => e === what).length;

        try {
            await until(() => count('gm:identified') === 1, 'a station');

            for (let i = 1; i <= 2; i++) {
                socket.io.engine.transport.ws.terminate();
                await until(() => count('reconnect') === i &&
                    count('gm:identified') === i + 1, 'the return');
                assert.ok(['transport close', 'transport error']
                    .includes(log.find((e) => /^transport/.test(e))));
                await until(() => count('sync:full') === i, 'the state');
                assert.strictEqual(count('by hand'), 0);
            }

            /* its silence: no heartbeat for three seconds */

            await until(() => count('by hand') === 1, 'the dismissal');
            assert.strictEqual(count('io server disconnect'), 1);
            await until(() => count('gm:identified') === 4 &&
                count('sync:full') === 3, 'back again');
            assert.strictEqual(count('reconnect'), 2);
            assert.ok(!log.includes('error'));
        } finally {
            socket.close();
        }
    });
});


describe('orchestrator: requests of players', () => {
    const server = useOrchestrator(hooks, { limits: true });
    const batch = () => server.rest.post('/api/scan/batch', {
        transactions: [{ tokenId: 'MEM_002', teamId: 'TEAM_A',
            scannerId: 'P' }] });

    it('G-72 more than ten a second from an address are 429, over both ' +
        'workers and both ways to scan', async () => {
        await server.session();
        await sleep(1100);

        const began = Date.now();
        const all = await Promise.all(Array.from({ length: 60 }, (_, i) =>
            (i % 2 ? server.scan('MEM_001') : batch())));
        const seconds = (Date.now() - began) / 1000;
        const taken = all.filter((res) => res.status === 200);
        const refused = all.filter((res) => res.status === 429);

        assert.strictEqual(taken.length + refused.length, 60);
        assert.ok(taken.length >= 10 &&
            taken.length <= 10 * (1 + Math.floor(seconds)),
        `${taken.length} of 60 in ${seconds} s`);

        /* each knew how many were left */
        if (seconds < 1) {
            assert.deepStrictEqual(taken.map((res) =>
                Number(res.headers['x-ratelimit-remaining']))
                .sort((x, y) => y - x), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
        }

        for (const res of all) {
            const { headers } = res;

            assert.strictEqual(headers['x-ratelimit-limit'], '10');
            assert.ok(Math.abs(headers['x-ratelimit-reset'] -
                Date.now() / 1000) < 3);
        }

        for (const res of refused) {
            assert.strictEqual(res.json.error, 'RATE_LIMIT');
            assert.strictEqual(res.headers['x-ratelimit-remaining'], '0');
            assert.strictEqual(res.headers['retry-after'], '1');
        }

        /* what was refused has done nothing; other operations are not met */
        const state = await server.rest.get('/api/session');

        assert.strictEqual(state.status, 200);
        assert.strictEqual(state.headers['x-ratelimit-limit'], undefined);
        assert.strictEqual(state.json.metadata.totalScans, taken.length);

        /* it passes when the first of them is a second ago */
        await sleep(1100);
        assert.strictEqual((await server.scan('MEM_002')).status, 200);
    });
});


describe('orchestrator: a session that is full', () => {
    const server = useOrchestrator(hooks, { options: { transactions: '5' } });

    it('G-53 G-52 what cannot be kept is SERVER_ERROR, the connection stays',
        async () => {
            await server.session();

            const stations = await server.stations('GM_1', 'GM_2');
            const [one, two] = stations;

            await server.assertBothWorkers();

            for (let i = 101; i <= 105; i++) {
                assert.strictEqual((await submit(one, `MEM_${i}`)).status,
                    'accepted');
            }

            for (const player of stations) {
                const ack = await submit(player, 'MEM_001');

                assert.strictEqual(ack.success, false);
                assert.strictEqual(ack.error.code, 'SERVER_ERROR');

                const told = await player.next('error');

                assert.strictEqual(told.code, 'SERVER_ERROR');
                assert.strictEqual(told.data.code, 'SERVER_ERROR');
                assert.deepStrictEqual(faults(player), []);
            }

            assert.strictEqual((await server.rest.get(
                '/api/transaction/history')).json.total, 5);

            /* the next session takes more, over the same connections */

            await server.session();
            assert.strictEqual((await submit(two, 'MEM_001')).status,
                'accepted');

            for (const player of stations) {
                await until(() => player.all('transaction:new').length === 6,
                    'the sixth');
                assert.ok(!player.names().includes('<disconnect>'));
            }
        });
});
