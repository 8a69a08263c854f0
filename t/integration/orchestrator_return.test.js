'use strict';

/* Stations that come back: what they missed, or everything. */

const assert = require('node:assert');
const { after, afterEach, before, describe, it } = require('node:test');

const { useOrchestrator, submit, faults, ISO } = require('./lib/orchestrator');
const { sleep, until } = require('./lib/player');

const hooks = { before, after, afterEach };


async function gone(watcher, station) {
    station.vanish();
    await watcher.next('device:disconnected');
}


/* n transactions, slower than the limit allows. */

async function many(player, n) {
    for (let i = 0; i < n; i++) {
        if (i % 10 === 0) {
            await sleep(1010);
        }

        assert.strictEqual((await submit(player, `X_${i}`)).success, true);
    }
}


for (const side of [0, 1]) {
    describe(`orchestrator: return to worker ${side}`, () => {
        const server = useOrchestrator(hooks, { options: { hold: '5s' } });

        it('G-57 G-58 G-62 G-63 G-64 G-70 back in time, everything missed ' +
            'comes in order, once', async () => {
            await server.session();

            const [one, two] = await server.stations('GM_1', 'GM_2');

            await two.ask('state:request', {});
            await gone(one, two);
            await one.ask('state:request', {});

            const away = (await one.next('sync:full')).data.devices
                .find((d) => d.id === 'GM_2');

            assert.strictEqual(away.connectionStatus, 'disconnected');
            assert.strictEqual(away.version, '1.0.0');
            assert.match(away.syncState.lastSyncTime, ISO);
            await submit(one, 'MEM_001');
            await submit(one, 'MEM_001');
            await server.scan('MEM_VIDEO_BAD', 'PLAYER_01');
            await submit(one, 'MEM_002', 'TEAM_B');

            const missed = () => one.log.filter((e) => e.kind === 'event' &&
                /^(transaction:new|video:status|device:connected)$/
                    .test(e.name)).map((e) => e.data);

            await until(() => one.all('video:status').length === 3, 'idle');

            /* what is kept for one is nothing for another */

            const third = await server.station('GM_3', side);

            assert.deepStrictEqual(third.names().filter((name) =>
                /^(transaction:new|video:status|sync:full)$/.test(name)), []);
            await one.on(() => one.all('device:connected').length === 2,
                'GM_3');

            const expected = missed();
            const from = Date.now();
            const back = await server.station('GM_2', side);

            assert.ok(Date.now() - from < 5000);
            await submit(one, 'MEM_003');
            await until(() => back.all('transaction:new').length === 4,
                'live again');

            const got = back.log.filter((e) => e.kind === 'event' &&
                e.name !== 'state:update').map((e) => e.data);

            assert.strictEqual(got[0].success, true);
            assert.deepStrictEqual(got.slice(1, -1), expected);
            assert.strictEqual((await one.next('device:connected')).data
                .type, 'player');
            assert.strictEqual((await one.next('device:connected')).data
                .deviceId, 'GM_3');
            assert.strictEqual((await one.next('device:connected')).data
                .deviceId, 'GM_2');
            assert.strictEqual(third.all('transaction:new').length, 1);
            await back.ask('state:request', {});

            const sync = (await back.next('sync:full')).data;

            assert.deepStrictEqual(sync.state,
                (await server.rest.get('/api/state')).json);
            assert.strictEqual(sync.devices.find((d) => d.id === 'GM_2')
                .syncState.lastSyncTime, away.syncState.lastSyncTime);
            assert.deepStrictEqual(faults(back), []);
        });

        it('G-61 after its time a station gets everything at once',
            async () => {
                await server.session();

                const [one, two] = await server.stations('GM_1', 'GM_2');

                await gone(one, two);
                await submit(one, 'MEM_001');
                await sleep(5300);

                const back = await server.station('GM_2', side);
                const sync = (await back.next('sync:full')).data;

                assert.deepStrictEqual(back.names().slice(0, 4)
                    .filter((name) => !/^(<|ack)/.test(name)),
                ['gm:identified', 'sync:full']);
                assert.deepStrictEqual(sync.transactions.map((t) =>
                    t.tokenId), ['MEM_001']);
                assert.strictEqual(back.all('transaction:new').length, 0);
            });
    });
}


describe('orchestrator: the queue of a station', () => {
    const server = useOrchestrator(hooks, { options: { hold: '20s' } });

    it('G-60 a hundred events come one by one, G-59 more than that as one ' +
        'sync:full', async () => {
        await server.session();

        const [one, two, three] = await server.stations('GM_1', 'GM_2',
            'GM_3');

        await gone(one, two);
        await many(one, 99);

        /* the hundredth, and for GM_3 the first */

        await gone(one, three);

        const back = await server.station('GM_2', 1);

        await until(() => back.all('device:disconnected').length === 1,
            'the last one');
        assert.strictEqual(back.all('transaction:new').length, 99);
        assert.strictEqual(back.all('sync:full').length, 0);

        await gone(one, back);
        await many(one, 101);

        const late = await server.station('GM_2', 0);
        const sync = (await late.next('sync:full')).data;

        assert.strictEqual(sync.transactions.length, 100);
        assert.deepStrictEqual(sync.devices.find((d) => d.id === 'GM_2')
            .connectionStatus, 'connected');
        await sleep(100);
        assert.strictEqual(late.all('transaction:new').length, 0);
        assert.deepStrictEqual(faults(late), []);
        await server.session();
    });
});
