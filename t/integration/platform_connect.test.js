'use strict';

/* Tokens, connections and subscriptions of the platform, on two workers. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { usePlatform, mint } = require('./lib/platform');
const { sleep, until } = require('./lib/player');


describe('platform: connections', () => {
    const server = usePlatform({ before, after, afterEach },
        { options: ['option rate_public 0;', 'option rate_user 0;',
            'option rate_app 0;', 'option token_grace 1s;'] });

    async function login(name) {
        const res = await server.call('POST', '/api/auth/login', null,
            { email: `${name}@example.com`, password: 'password' });

        assert.strictEqual(res.status, 200, res.text);
        return res.json;
    }

    it('L-1 L-2 a token lets in, over WebSocket and polling', async () => {
        for (const transports of [['websocket'], ['polling'],
            ['polling', 'websocket']]) {
            const socket = await server.join(server.user('bob'),
                { transports });

            assert.ok(socket.connected);
        }
    });

    it('L-1 a token of the login lets in', async () => {
        const { accessToken, refreshToken, expiresIn, user, data } =
            await login('alice');

        assert.strictEqual(expiresIn, 3600);
        assert.strictEqual(data.accessToken, accessToken);
        assert.strictEqual(data.refreshToken, refreshToken);
        assert.strictEqual(user.name, 'Alice Archer');
        assert.strictEqual(user.hash, undefined);
        assert.ok((await server.join(accessToken)).connected);
    });

    it('L-3 a bad signature is refused', async () => {
        const good = server.user('bob');
        const bad = [
            mint({ userId: 'usr_bob' }, {}, 'another-secret-0123456789abcd'),
            mint({ userId: 'usr_bob' }, { alg: 'none' }),
            mint({ userId: 'usr_bob' }, { kid: 'other' }),
            mint({ userId: 'usr_bob' }, { alg: 'HS512' }),
            `${good.split('.').slice(0, 2).join('.')}.`,
            good.slice(0, -4), 'x', 'a.b.c',

            /* an assertion of the library for such padding */
            'eyJhbGciOiJub25lI=0.e30.AAAA', `${good}=`,
            mint({ userId: 'usr_bob', exp: undefined }),
            mint({ userId: 'usr_bob', nbf: 9999999999 }),
            mint({ sub: 'usr_bob' }),
        ];

        for (const token of bad) {
            const e = await server.refused(token);

            assert.strictEqual(e.message,
                'Authentication failed: Invalid token');
            assert.strictEqual(e.data.code, 'AUTHENTICATION_FAILED');
        }
    });

    it('L-4 an expired token is refused', async () => {
        const e = await server.refused(mint({ userId: 'usr_bob',
            exp: Math.floor(Date.now() / 1000) - 1 }));

        assert.strictEqual(e.message, 'Authentication failed: Token expired');
    });

    it('L-5 a missing token is refused', async () => {
        for (const token of [undefined, '', null, 7, {}]) {
            const e = await server.refused(token);

            assert.strictEqual(e.message,
                'Authentication failed: No token provided');
        }
    });

    it('L-6 a token of nobody is refused', async () => {
        const e = await server.refused(mint({ userId: 'usr_nobody' }));

        assert.strictEqual(e.message,
            'Authentication failed: User not found');
    });

    it('L-7 logout revokes the token and cuts its sockets', async () => {
        const one = await login('bob');
        const two = await login('bob');
        const cut = await Promise.all(Array.from({ length: 8 }, () =>
            server.join(one.accessToken)));
        const kept = await server.join(two.accessToken);
        const reasons = [];

        cut.forEach((s) => s.on('disconnect', (why) => reasons.push(why)));

        const out = await server.call('POST', '/api/auth/logout',
            one.accessToken, { refreshToken: one.refreshToken });

        assert.strictEqual(out.status, 200, out.text);
        assert.strictEqual(out.json.success, true);

        await until(() => reasons.length === 8, 'all cut', 1000);
        assert.ok(reasons.every((r) => r === 'io server disconnect'));
        assert.ok(kept.connected);

        for (let i = 0; i < 6; i++) {
            const e = await server.refused(one.accessToken);

            assert.strictEqual(e.message,
                'Authentication failed: Token revoked');
        }

        const me = await server.call('GET', '/api/auth/me', one.accessToken);

        assert.strictEqual(me.status, 401);

        const again = await server.call('POST', '/api/auth/refresh', null,
            { refreshToken: one.refreshToken });

        assert.strictEqual(again.status, 401);
    });

    it('L-8 who is refused hears nothing', async () => {
        const room = await server.room(['bob']);
        const socket = server.socket('x');

        await new Promise((resolve) => {
            socket.on('connect_error', resolve);
        });
        await server.call('PATCH', `/api/rooms/${room.id}`, room.owner,
            { name: 'Other' });
        await sleep(200);
        assert.deepStrictEqual(socket.heard, []);
    });

    it('L-9 /rooms/ROOM delivers that room and no other', async () => {
        const one = await server.room(['bob']);
        const two = await server.room(['bob']);
        const socket = await server.join(server.user('bob'),
            { nsp: `/rooms/${one.id}` });

        await server.call('PATCH', `/api/rooms/${two.id}`, two.owner,
            { name: 'Two' });
        await server.call('PATCH', `/api/rooms/${one.id}`, one.owner,
            { name: 'One' });

        const { roomId, room } = await socket.next('room:updated');

        assert.strictEqual(roomId, one.id);
        assert.strictEqual(room.name, 'One');
        assert.strictEqual(socket.of('room:updated').length, 1);
    });

    it('L-10 /rooms/ROOM of nobody or others is refused', async () => {
        const room = await server.room([]);
        const unknown = await server.refused(server.user('bob'),
            { nsp: '/rooms/room_none' });
        const foreign = await server.refused(server.user('bob'),
            { nsp: `/rooms/${room.id}` });

        assert.strictEqual(unknown.data.code, 'ROOM_NOT_FOUND');
        assert.strictEqual(foreign.data.code, 'PERMISSION_DENIED');
        await server.refused(server.user('bob'), { nsp: '/other' });
    });

    it('L-12 disconnect() ends subscription and presence', async () => {
        const room = await server.room(['bob', 'carol']);
        const carol = await server.member('carol', room);
        const bob = await server.member('bob', room);

        await carol.next('presence:user_online');
        bob.disconnect();
        assert.strictEqual((await carol.next('presence:user_offline')).userId,
            'usr_bob');

        const { count } = await carol.ask('presence:get_online',
            { roomId: room.id });

        assert.strictEqual(count, 1);
    });

    it('L-13 L-14 who comes back is not subscribed', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room, { reconnection: true,
            reconnectionDelay: 1000, reconnectionDelayMax: 5000,
            reconnectionAttempts: 5 });
        const back = new Promise((resolve) =>
            bob.io.once('reconnect', resolve));

        bob.io.engine.close();
        await back;
        await until(() => bob.connected, 'connected');
        bob.heard.length = 0;
        await server.call('PATCH', `/api/rooms/${room.id}`, room.owner,
            { name: 'Other' });
        await sleep(300);
        assert.deepStrictEqual(bob.heard, []);
        await bob.ask('room:subscribe', { roomId: room.id });
        await server.call('PATCH', `/api/rooms/${room.id}`, room.owner,
            { name: 'Another' });
        await bob.next('room:updated');
    });

    it('L-15 L-16 token:expired, the grace, and a new token', async () => {
        const { refreshToken } = await login('bob');
        const exp = Math.floor(Date.now() / 1000) + 2;
        const bob = await server.join(mint({ userId: 'usr_bob', exp }));
        let reason;

        bob.on('disconnect', (why) => {
            reason = why;
        });

        const { timestamp } = await bob.next('token:expired');

        assert.ok(Date.parse(timestamp) >= exp * 1000);
        assert.ok(bob.connected);
        await until(() => reason, 'cut after the grace', 5000);
        assert.strictEqual(reason, 'io server disconnect');

        const res = await server.call('POST', '/api/auth/refresh', null,
            JSON.stringify({ refreshToken }),
            { 'content-type': 'text/plain;charset=UTF-8' });

        assert.strictEqual(res.status, 200, res.text);
        bob.auth.token = res.json.accessToken;
        bob.connect();
        await until(() => bob.connected, 'connected again');
    });

    it('L-17 L-18 subscribe acks and tells', async () => {
        const room = await server.room(['bob']);
        const bob = await server.join(server.user('bob'));
        const ack = await bob.ask('room:subscribe', { roomId: room.id });
        const brief = { id: room.id, name: 'New Year Lottery 2025',
            status: 'active' };

        assert.deepStrictEqual(ack, { success: true, room: brief,
            data: { room: brief } });

        const told = await bob.next('room:subscribed');

        assert.strictEqual(told.roomId, room.id);
        assert.deepStrictEqual(told.room, brief);
        assert.ok(told.eventId);
    });

    it('L-19 L-20 L-73 unknown rooms and strangers', async () => {
        const room = await server.room([]);
        const bob = await server.join(server.user('bob'));
        const none = await bob.ask('room:subscribe', { roomId: 'room_none' });
        const no = await bob.ask('room:subscribe', { roomId: room.id });

        assert.strictEqual(none.success, false);
        assert.strictEqual(none.error.code, 'ROOM_NOT_FOUND');
        assert.strictEqual(no.error.code, 'PERMISSION_DENIED');
        assert.ok(no.error.message);
        await bob.next('error', 1);
        assert.deepStrictEqual(bob.of('error').map((h) => h.data.code),
            ['ROOM_NOT_FOUND', 'PERMISSION_DENIED']);
        assert.deepStrictEqual(bob.of('error')[1].data.details,
            { action: 'room:subscribe', roomId: room.id });
        await server.call('PATCH', `/api/rooms/${room.id}`, room.owner,
            { name: 'Other' });
        await sleep(200);
        assert.strictEqual(bob.of('room:updated').length, 0);
    });

    it('L-21 L-81 malformed payloads of every event', async () => {
        const bob = await server.join(server.user('bob'));
        let n = 0;

        for (const name of ['room:subscribe', 'room:unsubscribe',
            'presence:get_online', 'notification:mark_read',
            'quiz:answer_submit', 'no:such', 'winner:selected']) {
            for (const data of [undefined, null, 'x', 7, [], {},
                { roomId: 5 }, { roomId: '' }, { roomId: 'x'.repeat(65) },
                { notificationId: {} }, { questionId: 'q' }]) {
                const ack = await bob.ask(name, data);

                assert.strictEqual(ack.success, false, name);
                assert.strictEqual(ack.error.code, 'INVALID_PAYLOAD', name);

                if (++n % 90 === 0) {
                    return;
                }
            }
        }
    });

    it('L-22 unsubscribe stops events and tells', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);
        const ack = await bob.ask('room:unsubscribe', { roomId: room.id });

        assert.strictEqual(ack.success, true);
        assert.strictEqual(ack.data.roomId, room.id);
        assert.strictEqual((await bob.next('room:unsubscribed')).roomId,
            room.id);
        await server.call('PATCH', `/api/rooms/${room.id}`, room.owner,
            { name: 'Other' });
        await sleep(200);
        assert.strictEqual(bob.of('room:updated').length, 0);

        const again = await bob.ask('room:unsubscribe', { roomId: room.id });

        assert.strictEqual(again.success, true);
    });

    it('L-23 L-24 L-41 several rooms, each event once', async () => {
        const rooms = [await server.room(['bob']), await server.room(['bob']),
            await server.room(['bob'])];
        const bob = await server.member('bob', rooms[0]);

        await bob.ask('room:subscribe', { roomId: rooms[1].id });
        await bob.ask('room:subscribe', { roomId: rooms[1].id });

        for (const room of rooms) {
            await server.call('PATCH', `/api/rooms/${room.id}`, room.owner,
                { name: 'Other' });
        }

        await bob.next('room:updated', 1);
        await sleep(100);
        assert.deepStrictEqual(bob.of('room:updated').map((h) =>
            h.data.roomId), [rooms[0].id, rooms[1].id]);
    });

    it('L-25 L-79 who is removed hears no more', async () => {
        const room = await server.room(['bob', 'carol']);
        const bob = await server.member('bob', room);
        const narrow = await server.join(server.user('bob'),
            { nsp: `/rooms/${room.id}` });
        const carol = await server.member('carol', room);
        let reason;

        narrow.on('disconnect', (why) => {
            reason = why;
        });

        const res = await server.call('DELETE',
            `/api/rooms/${room.id}/participants/${room.parts.bob.id}`,
            room.owner);

        assert.strictEqual(res.status, 200, res.text);
        await bob.next('participant:left');
        await carol.next('presence:user_offline');
        await server.call('PATCH', `/api/rooms/${room.id}`, room.owner,
            { name: 'Other' });
        await carol.next('room:updated');
        await sleep(100);
        assert.strictEqual(bob.of('room:updated').length, 0);
        assert.strictEqual(reason, 'io server disconnect');

        const ack = await bob.ask('room:subscribe', { roomId: room.id });

        assert.strictEqual(ack.error.code, 'PERMISSION_DENIED');
    });

    it('L-76 commands without a callback work', async () => {
        const room = await server.room(['bob']);
        const bob = await server.join(server.user('bob'));

        bob.emit('room:subscribe', { roomId: room.id });
        await bob.next('room:subscribed');
        bob.emit('room:subscribe', {});
        assert.strictEqual((await bob.next('error')).code,
            'INVALID_PAYLOAD');
    });
});
