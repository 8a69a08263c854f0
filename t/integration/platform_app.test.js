'use strict';

/* The app of conf/lottery.js, as others would start theirs. */

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const { describe, it, before, after, afterEach } = require('node:test');

const { TOP } = require('./lib/conf');
const { usePlatform } = require('./lib/platform');
const { sleep } = require('./lib/player');

const FILE = path.join(TOP, 'conf', 'lottery.js');
const { LotteryApp, EVENTS, demo } = require(FILE);
const run = promisify(execFile);


describe('platform: the app', () => {
    const server = usePlatform({ before, after, afterEach });
    const app = (changes) => new LotteryApp({ server: server.url, ...demo(),
        ...changes });

    it('L-95 a draw: prefixed, documented, and the same again', async () => {
        const room = await server.room(['bob', 'carol', 'user01']);
        const bob = await server.member('bob', room);
        const prizes = [await server.prize(room, { quantity: 2 }),
            await server.prize(room, { name: 'Consolation', quantity: 9 })];
        const draw = () => run(process.execPath, [FILE, server.url, room.id]);
        const own = () => bob.heard.filter((h) => /^lottery:/.test(h.name));

        await draw();
        await bob.next('lottery:draw_finished', 1);
        assert.deepStrictEqual(own().map((h) => h.name),
            ['draw_started', 'draw_finished', 'draw_started',
                'draw_finished'].map((name) => `lottery:${name}`));

        for (const { name, data } of own()) {
            assert.deepStrictEqual(Object.keys(data),
                EVENTS[name.slice('lottery:'.length)]);
        }

        const selected = bob.of('winner:selected').map((h) =>
            [h.data.winner.prizeId, h.data.winner.participantId]);

        for (const [i, many] of [[0, 2], [1, 3]]) {
            const { winners } = bob.of('lottery:draw_finished')[i].data;
            const of = selected.filter(([id]) => id === prizes[i].id);

            assert.strictEqual(of.length, many);
            assert.deepStrictEqual(winners, of.map(([, who]) => who));
        }

        /* once more: the same draws with the same ends, and no new winner */
        await draw();
        await bob.next('lottery:draw_finished', 3);
        assert.strictEqual(bob.of('winner:selected').length, 5);

        for (const i of [0, 1]) {
            assert.deepStrictEqual(bob.of('lottery:draw_finished')[i + 2].data,
                bob.of('lottery:draw_finished')[i].data);
        }
    });

    it('L-95 it keeps to the limit of a room', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);
        const many = 24;
        const lottery = app();
        const statuses = [];
        const finished = (i) => ({ drawId: `draw_${i}`, prizeId: 'p',
            winners: [] });

        lottery.call = async (...args) => {
            const res = await LotteryApp.prototype.call.apply(lottery, args);

            statuses.push(res.status);
            return res;
        };

        await Promise.all(Array.from({ length: many }, (_, i) =>
            lottery.publish(room.id, 'draw_finished', finished(i))));
        await bob.next('lottery:draw_finished', many - 1);

        const got = bob.of('lottery:draw_finished');
        const times = got.map((h) => Date.parse(h.args[1].timestamp));

        assert.deepStrictEqual(got.map((h) => h.data),
            Array.from({ length: many }, (_, i) => finished(i)));

        for (let i = 10; i < many; i++) {
            assert.ok(times[i] - times[i - 10] >= 1000,
                `${i}: ${times[i] - times[i - 10]} ms`);
        }

        /* each was let through at once */
        assert.deepStrictEqual(statuses, Array(many).fill(200));
    });

    it('L-95 it asks its manifest first', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);
        const { manifest } = demo();
        const mute = app({ manifest: { ...manifest,
            permissions: manifest.permissions.filter((p) =>
                p !== 'realtime:publish') },
        server: 'http://127.0.0.1:1' });
        const data = { drawId: 'd', prizeId: 'p', winners: [] };

        await assert.rejects(mute.publish(room.id, 'draw_finished', data),
            /the manifest lacks realtime:publish/);
        await assert.rejects(mute.run(room.id), /lacks realtime:publish/);
        await assert.rejects(app().publish(room.id, 'other', {}),
            /not as it is documented/);
        await assert.rejects(app().publish(room.id, 'draw_finished',
            { drawId: 'd' }), /not as it is documented/);
        await sleep(100);
        assert.strictEqual(bob.of('lottery:draw_finished').length, 0);
        await app().publish(room.id, 'draw_finished', data);
        await bob.next('lottery:draw_finished');
    });

    it('L-95 a token that is over is renewed', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);
        const lottery = app();
        const data = { drawId: 'd', prizeId: 'p', winners: [] };

        lottery.token = 'x';
        await lottery.publish(room.id, 'draw_finished', data);
        await bob.next('lottery:draw_finished');
    });
});
