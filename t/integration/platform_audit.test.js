'use strict';

/* The audit log of the platform. */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before, after, afterEach } = require('node:test');

const { appText, usePlatform } = require('./lib/platform');
const { configTest } = require('./lib/conftest');
const { sleep, until } = require('./lib/player');


describe('platform: audit log', () => {
    const server = usePlatform({ before, after, afterEach },
        { alone: true, audit: 'audit.log' });
    const file = (name) => path.join(server.dir, name || 'audit.log');

    const lines = (name) => fs.readFileSync(file(name), 'utf8').split('\n')
        .filter(Boolean).map((line) => JSON.parse(line));

    /* The lines of one event in one room, once there are some. */

    const logged = (event, room) => until(() => {
        const found = lines().filter((l) => l.event === event &&
            (room === undefined || l.room === room));

        return found.length && found;
    }, event);

    it('L-82 name, room, actor and time of every event', async () => {
        const room = await server.room(['bob', 'carol']);
        const members = [];

        /* enough of them for both workers */
        for (const name of ['bob', 'bob', 'bob', 'carol', 'carol', 'carol']) {
            members.push(await server.member(name, room));
        }

        const prize = await server.prize(room);

        await server.draw(room, room.parts.bob, prize);
        await server.publish(room, 'lottery:draw_started', { n: 1 });

        for (const member of members) {
            await member.next('winner:selected');
            await member.next('lottery:draw_started');
        }

        for (const [event, actor] of [
            ['room:updated', 'usr_alice'],
            ['room:status_changed', 'usr_alice'],
            ['prize:created', 'usr_alice'],
            ['winner:selected', 'usr_alice'],
            ['notification:received', 'usr_alice'],
            ['lottery:draw_started', 'app_lottery_v1'],
        ]) {
            const found = await logged(event, room.id);

            assert.strictEqual(found.length, 1, event);
            assert.strictEqual(found[0].actor, actor, event);
            assert.strictEqual(found[0].result, 'ok');
            assert.strictEqual(found[0].app, 'platform');
            assert.strictEqual(found[0].address, '127.0.0.1');
            assert.ok(Math.abs(Date.parse(found[0].time) - Date.now()) <
                60000, event);
        }

        assert.deepStrictEqual((await logged('participant:joined', room.id))
            .map((l) => l.actor), ['usr_bob', 'usr_carol']);
        assert.deepStrictEqual((await logged('presence:user_online', room.id))
            .map((l) => l.actor), ['usr_bob', 'usr_carol']);

        const subscribed = await logged('room:subscribe', room.id);

        assert.strictEqual(subscribed.length, 6);
        assert.deepStrictEqual(subscribed.map((l) => l.sid),
            members.map((m) => m.id));

        members.forEach((m) => m.disconnect());
        await until(() => lines().filter((l) => l.event === 'disconnect')
            .length === 6, 'six disconnects');
        assert.deepStrictEqual((await logged('presence:user_offline', room.id))
            .map((l) => l.actor).sort(), ['usr_bob', 'usr_carol']);
    });

    it('L-82 what is refused, by whom and why', async () => {
        const room = await server.room([]);
        const bob = await server.join(server.user('bob'));

        await bob.ask('room:subscribe', { roomId: room.id });
        await bob.ask('no:such', { roomId: room.id });
        await server.refused('x');
        await server.refused(server.user('bob'),
            { nsp: `/rooms/${room.id}` });
        await server.call('PATCH', `/api/rooms/${room.id}`,
            server.user('bob'), { name: 'Mine' });
        await server.call('POST', '/api/auth/login', null,
            { email: 'carol@example.com', password: 'passwore' });

        for (const [event, where, actor, result] of [
            ['room:subscribe', room.id, 'usr_bob', 'PERMISSION_DENIED'],
            ['no:such', undefined, undefined, 'INVALID_PAYLOAD'],
            ['updateRoom', room.id, 'usr_bob', 'FORBIDDEN'],
            ['login', undefined, 'usr_carol', 'INVALID_CREDENTIALS'],
        ]) {
            const found = (await logged(event, where)).pop();

            assert.strictEqual(found.actor, actor, event);
            assert.strictEqual(found.result, result, event);
        }

        const refused = lines().filter((l) => l.event === 'connect' &&
            l.result !== 'ok');

        assert.deepStrictEqual(refused.map((l) => [l.room, l.actor,
            l.result]), [
            [undefined, undefined, 'AUTHENTICATION_FAILED'],
            [room.id, 'usr_bob', 'PERMISSION_DENIED'],
        ]);

        /* nothing that is secret */
        const text = fs.readFileSync(file(), 'utf8');

        assert.ok(!/passwor|Bearer|eyJ/.test(text));
    });

    it('L-82 reads are not in it, and it is reopened', async () => {
        const room = await server.room([]);
        const n = lines().length;

        await server.call('GET', `/api/rooms/${room.id}`, room.owner);
        await server.call('GET', '/api/rooms', room.owner);
        await sleep(100);
        assert.strictEqual(lines().length, n);

        fs.renameSync(file(), file('audit.log.1'));
        server.child.kill('SIGUSR1');
        await until(() => fs.existsSync(file()), 'the file again');

        const patches = (many) => Promise.all(Array.from({ length: many },
            (_, i) => server.call('PATCH', `/api/rooms/${room.id}`,
                room.owner, { name: `n${i}${Math.random()}` })));

        /* a worker that has not heard yet writes to the old one */
        await until(async () => {
            const was = lines('audit.log.1').length;

            await patches(16);
            return lines('audit.log.1').length === was;
        }, 'both workers have heard');

        const was = lines().filter((l) => l.event === 'room:updated').length;

        await patches(16);
        await until(() => lines().filter((l) => l.event === 'room:updated')
            .length === was + 16, 'sixteen more');
    });

    it('nginx -t refuses an audit log that cannot be', () => {
        for (const [o, text] of [
            [{ appText: appText({ audit: 'syslog:server=x' }),
                locationsText: '' }, /invalid audit_log "syslog:server=x"/],
            [{ appText: appText({ audit: 'no/such/directory/x' }),
                locationsText: '' }, /open\(\) .* failed/],
            [{ appText: appText({ audit: 'a; audit_log b' }),
                locationsText: '' }, /"audit_log" directive is duplicate/],
            [{ app: ['audit_log x;'] },
                /application "dinner" writes none in .*:\d+/],
        ]) {
            const run = configTest(o);

            assert.ok(!run.ok);
            assert.match(run.output, text);
        }
    });
});
