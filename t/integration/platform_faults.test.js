'use strict';

/* The platform while workers die and configurations change. */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { Platform, mint, jsonFile, appText, JWKS } =
    require('./lib/platform');
const { configTest } = require('./lib/conftest');
const { tempDir } = require('./lib/server');
const { until } = require('./lib/player');


async function using(o, what) {
    const server = new Platform(o);

    try {
        await server.start();
        await what(server);
    } finally {
        await server.stop();
    }
}


describe('platform: faults', () => {
    it('L-68 L-87 presence is right after a crash', async () => {
        await using({ allow: /exited on signal 9/ }, async (server) => {
            const names = ['bob', 'carol', ...Array.from({ length: 12 },
                (_, i) => `user${String(i + 1).padStart(2, '0')}`)];
            const room = await server.room(names);
            const sockets = [];

            for (const name of names) {
                sockets.push(await server.member(name, room));
            }

            const [pid] = await server.pids();

            server.kill(pid);
            await until(() => sockets.some((s) => !s.connected), 'some cut');

            const left = await until(async () => {
                const alive = sockets.filter((s) => s.connected);
                const ack = await alive[0].ask('presence:get_online',
                    { roomId: room.id });

                return ack.count === alive.length && alive;
            }, 'the right list', 15000);

            assert.ok(left.length < names.length);

            /* what was there before is there still */
            const res = await server.call('GET',
                `/api/rooms/${room.id}/participants`, room.owner);

            assert.strictEqual(res.json.meta.total, names.length + 1);
        });
    });

    it('L-68 L-3 a reload rotates the keys and keeps the rooms', async () => {
        const dir = tempDir();
        const jwks = JSON.parse(fs.readFileSync(JWKS, 'utf8'));
        const secret = 'a-second-secret-0123456789abcdef';
        const file = jsonFile(dir, 'jwks.json', jwks);

        await using({ jwks: file }, async (server) => {
            const room = await server.room(['bob']);
            const fresh = mint({ userId: 'usr_bob' }, { kid: 'two' },
                secret);

            await server.refused(fresh);
            await server.member('bob', room);

            jsonFile(dir, 'jwks.json', { keys: [{ kty: 'oct', alg: 'HS256',
                kid: 'two', k: Buffer.from(secret).toString('base64url') }] });
            await server.reload();

            const bob = await server.join(fresh);
            const ack = await bob.ask('room:subscribe', { roomId: room.id });

            assert.strictEqual(ack.success, true);
            await server.refused(server.user('bob'));

            const list = await until(async () => {
                const now = await bob.ask('presence:get_online',
                    { roomId: room.id });

                return now.count === 1 && now;
            }, 'one online');

            assert.strictEqual(list.users[0].id, 'usr_bob');
        });
        fs.rmSync(dir, { recursive: true });
    });

    it('nginx -t refuses keys and data that are wrong', () => {
        const dir = tempDir();
        const bad = [
            [{ jwks: jsonFile(dir, 'a', {}) }, /"jwks".*"keys"/],
            [{ jwks: jsonFile(dir, 'b', { keys: [{ kty: 'oct',
                alg: 'RS256', k: 'eA' }] }) }, /key 1 must have/],
            [{ jwks: path.join(dir, 'none') }, /open\(\) .* failed/],
            [{ data: jsonFile(dir, 'c', { users: [{}] }) },
                /entry 1 must have/],
            [{ options: ['option rate_user x;'] }, /rate_user/],
            [{ options: ['option audience "";'] }, /audience/],
        ];

        for (const [o, text] of bad) {
            const run = configTest({ appText: appText(o),
                locationsText: '' });

            assert.ok(!run.ok);
            assert.match(run.output, text);
            assert.ok(!run.output.includes('eA'));
        }

        fs.rmSync(dir, { recursive: true });
    });
});
