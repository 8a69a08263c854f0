'use strict';

/* Rooms, participants, prizes, winners and what their subscribers hear. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { usePlatform, mint } = require('./lib/platform');
const { sleep, until } = require('./lib/player');


describe('platform: rooms', () => {
    const server = usePlatform({ before, after, afterEach });
    const patch = (room, body, who) => server.call('PATCH',
        `/api/rooms/${room.id}`, who || room.owner, body);

    function fresh(event) {
        assert.match(event.timestamp, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
        assert.ok(Math.abs(Date.now() - Date.parse(event.timestamp)) <
            5 * 60 * 1000);
        assert.match(event.eventId, /^evt_/);
    }

    function error(res, status, code) {
        assert.strictEqual(res.status, status, res.text);
        assert.strictEqual(res.json.error.code, code);
        assert.ok(res.json.error.message);
    }

    it('L-26 L-27 L-40 L-80 room:updated says what changed', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);
        const res = await patch(room, { name: 'Updated', isPublic: true });

        assert.strictEqual(res.status, 200, res.text);

        const event = await bob.next('room:updated');

        fresh(event);
        assert.strictEqual(event.roomId, room.id);
        assert.deepStrictEqual(event.changes, { name: 'Updated' });
        assert.strictEqual(event.room.name, 'Updated');
        assert.strictEqual(event.room.status, 'active');

        await patch(room, { name: 'Again' });
        assert.notStrictEqual((await bob.next('room:updated', 1)).eventId,
            event.eventId);
    });

    it('L-28 room:status_changed follows room:updated', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);

        await patch(room, { status: 'completed' });

        const event = await bob.next('room:status_changed');

        fresh(event);
        assert.strictEqual(event.oldStatus, 'active');
        assert.strictEqual(event.newStatus, 'completed');
        assert.deepStrictEqual((await bob.next('room:updated')).changes,
            { status: 'completed' });

        const names = bob.heard.map((h) => h.name);

        assert.ok(names.indexOf('room:updated') <
            names.indexOf('room:status_changed'));
        error(await patch(room, { status: 'active' }), 409, 'CONFLICT');

        const same = await patch(room, { status: 'completed' });

        assert.strictEqual(same.status, 200);
        await sleep(100);
        assert.strictEqual(bob.of('room:status_changed').length, 1);
    });

    it('L-29 room:deleted ends the subscriptions', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);
        const res = await server.call('DELETE', `/api/rooms/${room.id}`,
            room.owner);

        assert.strictEqual(res.json.success, true);
        fresh(await bob.next('room:deleted'));

        const ack = await bob.ask('room:subscribe', { roomId: room.id });

        assert.strictEqual(ack.error.code, 'ROOM_NOT_FOUND');
        error(await server.call('GET', `/api/rooms/${room.id}`, room.owner),
            404, 'NOT_FOUND');
    });

    it('L-30 L-31 L-32 L-43 participants come, change, leave', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);
        const path = `/api/rooms/${room.id}/participants`;
        const carol = server.user('carol');
        const made = await server.call('POST', path, carol, {});

        assert.strictEqual(made.status, 201, made.text);

        const joined = await bob.next('participant:joined');

        fresh(joined);
        assert.deepStrictEqual(Object.keys(joined.participant).sort(),
            ['id', 'joinedAt', 'role', 'user', 'userId']);
        assert.deepStrictEqual(joined.participant.user, { id: 'usr_carol',
            name: 'Carol Ångström 🎲',
            avatar: 'https://example.com/a/carol.png' });
        assert.strictEqual(joined.participant.role, 'participant');
        error(await server.call('POST', path, carol, {}), 409, 'CONFLICT');

        const { id } = made.json.data;
        const up = await server.call('PATCH', `${path}/${id}`, room.owner,
            { role: 'moderator' });

        assert.strictEqual(up.status, 200, up.text);

        const updated = await bob.next('participant:updated');

        fresh(updated);
        assert.deepStrictEqual(updated.changes, { role: 'moderator' });
        assert.strictEqual(updated.participant.role, 'moderator');
        assert.strictEqual(updated.participantId, id);

        const left = await server.call('DELETE', `${path}/me`, carol);

        assert.strictEqual(left.status, 200, left.text);

        const gone = await bob.next('participant:left');

        fresh(gone);
        assert.strictEqual(gone.participantId, id);
        assert.strictEqual(gone.userId, 'usr_carol');

        const back = await server.call('POST', path, carol, {});

        assert.strictEqual(back.status, 200, back.text);
        assert.strictEqual(back.json.data.id, id);
    });

    it('L-33 L-34 L-35 prizes are made, changed, deleted', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);
        const prize = await server.prize(room, { name: 'iPhone',
            description: 'New', imageUrl: 'https://example.com/i.png',
            quantity: 3 });
        const made = await bob.next('prize:created');

        fresh(made);
        assert.strictEqual(made.prize.id, prize.id);
        assert.strictEqual(made.prize.quantity, 3);
        assert.strictEqual(made.prize.quantityRemaining, 3);

        const path = `/api/rooms/${room.id}/prizes/${prize.id}`;
        const res = await server.call('PATCH', path, room.owner,
            { quantity: 2, name: 'iPhone' });

        assert.strictEqual(res.json.data.quantityRemaining, 2);

        const changed = await bob.next('prize:updated');

        fresh(changed);
        assert.deepStrictEqual(changed.changes, { quantity: 2 });
        assert.strictEqual(changed.prize.name, 'iPhone');
        assert.strictEqual(changed.prizeId, prize.id);
        await server.draw(room, room.parts.bob, prize);
        error(await server.call('DELETE', path, room.owner), 409,
            'CONFLICT');

        const other = await server.prize(room, {});

        await server.call('DELETE', `/api/rooms/${room.id}/prizes/${other.id}`,
            room.owner);
        assert.strictEqual((await bob.next('prize:deleted')).prizeId,
            other.id);
    });

    it('L-36 L-37 winners are selected and removed', async () => {
        const room = await server.room(['bob', 'carol']);
        const carol = await server.member('carol', room);
        const prize = await server.prize(room);
        const res = await server.draw(room, room.parts.bob, prize);

        assert.strictEqual(res.status, 201, res.text);

        const { winner, ...rest } = await carol.next('winner:selected');

        fresh(rest);
        assert.deepStrictEqual(winner, { id: res.json.data.id,
            participantId: room.parts.bob.id, prizeId: prize.id,
            participant: { id: room.parts.bob.id, user: { id: 'usr_bob',
                name: 'Bob Baker', avatar: null } },
            prize: { id: prize.id, name: 'Grand Prize', imageUrl: null },
            createdAt: winner.createdAt });

        error(await server.draw(room, room.parts.carol, prize), 400,
            'PRIZE_EXHAUSTED');
        error(await server.draw(room, room.parts.bob, prize), 409,
            'CONFLICT');

        await server.call('DELETE',
            `/api/rooms/${room.id}/winners/${winner.id}`, room.owner);

        const removed = await carol.next('winner:removed');

        fresh(removed);
        assert.strictEqual(removed.winnerId, winner.id);
        assert.strictEqual(removed.participantId, room.parts.bob.id);
        assert.strictEqual(removed.prizeId, prize.id);

        const again = await server.call('GET',
            `/api/rooms/${room.id}/prizes/${prize.id}`, room.owner);

        assert.strictEqual(again.json.data.quantityRemaining, 1);
    });

    it('L-38 100 concurrent draws never exceed a prize', async () => {
        const names = Array.from({ length: 25 }, (_, i) =>
            `user${String(i + 1).padStart(2, '0')}`);
        const room = await server.room(names);
        const prize = await server.prize(room, { quantity: 7 });
        const carol = await server.member('user01', room);
        const all = await Promise.all(Array.from({ length: 100 }, (_, i) =>
            server.draw(room, room.parts[names[i % 25]], prize)));
        const won = all.filter((r) => r.status === 201);

        assert.strictEqual(won.length, 7);
        assert.ok(all.every((r) => [201, 400, 409].includes(r.status)));
        await carol.next('winner:selected', 6);

        const seen = await server.call('GET',
            `/api/rooms/${room.id}/prizes/${prize.id}`, room.owner);

        assert.strictEqual(seen.json.data.quantityRemaining, 0);
        assert.strictEqual(seen.json.data.winnerCount, 7);

        const list = await server.call('GET',
            `/api/rooms/${room.id}/winners?limit=5&page=2`, room.owner);

        assert.strictEqual(list.json.data.length, 2);
        assert.deepStrictEqual(list.json.meta, { page: 2, limit: 5,
            total: 7, pages: 2 });
        await sleep(100);
        assert.strictEqual(carol.of('winner:selected').length, 7);
    });

    it('L-39 a command that fails broadcasts nothing', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);
        const mine = server.user('bob');

        bob.heard.length = 0;
        error(await patch(room, { name: 'x' }, mine), 403, 'FORBIDDEN');
        error(await patch(room, { name: '' }), 422, 'VALIDATION_ERROR');
        error(await patch(room, '{'), 400, 'VALIDATION_ERROR');
        error(await patch(room, { name: 'x' }, 'x'), 401, 'UNAUTHORIZED');
        error(await patch({ id: 'room_none', owner: mine }, { name: 'x' }),
            404, 'NOT_FOUND');
        error(await server.call('POST', `/api/rooms/${room.id}/prizes`, mine,
            { name: 'x' }), 403, 'FORBIDDEN');
        error(await server.call('POST', `/api/rooms/${room.id}/prizes`,
            room.owner, { name: 'x', quantity: 0 }), 422,
        'VALIDATION_ERROR');
        error(await server.draw(room, { id: 'part_none' }, { id: 'x' }), 404,
            'NOT_FOUND');
        await sleep(200);
        assert.deepStrictEqual(bob.heard, []);
    });

    it('L-39 field errors name their fields', async () => {
        const res = await server.call('POST', '/api/rooms',
            server.user('alice'), { appId: 'app_lottery_v1' });

        error(res, 422, 'VALIDATION_ERROR');
        assert.deepStrictEqual(Object.keys(res.json.error.details.fields),
            ['name']);
        error(await server.call('POST', '/api/rooms', server.user('alice'),
            { name: 'x', appId: 'app_none' }), 404, 'NOT_FOUND');
    });

    it('L-42 L-86 the flow of a subscription', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);

        await server.call('POST', `/api/rooms/${room.id}/participants`,
            server.user('carol'), {});
        const prize = await server.prize(room);

        await server.draw(room, room.parts.bob, prize);
        await server.publish(room, 'lottery:draw_started',
            { totalPrizes: 10, estimatedDuration: 300 });
        await bob.next('lottery:draw_started');
        assert.ok(bob.heard.every((h) => /^[a-z]+:[a-z_]+$/.test(h.name)));
        bob.emit('room:unsubscribe', { roomId: room.id });
        await bob.next('room:unsubscribed');
    });

    it('L-61 L-62 L-63 L-64 a winner is notified everywhere', async () => {
        const room = await server.room(['bob', 'carol']);
        const prize = await server.prize(room);
        const bobs = await Promise.all(Array.from({ length: 6 }, () =>
            server.join(server.user('bob'))));
        const carol = await server.join(server.user('carol'));
        const res = await server.draw(room, room.parts.bob, prize);

        for (const bob of bobs) {
            const { id, timestamp, eventId, createdAt, ...rest } =
                await bob.next('notification:received');

            assert.match(id, /^notif_/);
            assert.ok(timestamp && eventId && createdAt);
            assert.deepStrictEqual(rest, { type: 'winner_selected',
                title: 'Congratulations!', message: 'You won Grand Prize',
                data: { roomId: room.id, winnerId: res.json.data.id,
                    prizeId: prize.id }, read: false });
        }

        await sleep(100);
        assert.strictEqual(carol.of('notification:received').length, 0);
    });

    it('L-65 L-66 notifications are marked by their owner', async () => {
        const room = await server.room(['bob']);
        const prize = await server.prize(room);
        const bob = await server.join(server.user('bob'));
        const carol = await server.join(server.user('carol'));

        await server.draw(room, room.parts.bob, prize);

        const { id } = await bob.next('notification:received');
        const no = await carol.ask('notification:mark_read',
            { notificationId: id });
        const none = await bob.ask('notification:mark_read',
            { notificationId: 'notif_none' });

        assert.strictEqual(no.error.code, 'PERMISSION_DENIED');
        assert.strictEqual(none.error.code, 'INVALID_PAYLOAD');

        const unread = () => server.call('GET',
            '/api/notifications?unread=true', server.user('bob'));
        const was = (await unread()).json.data.map((n) => n.id);

        assert.ok(was.includes(id));

        for (let i = 0; i < 2; i++) {
            const ack = await bob.ask('notification:mark_read',
                { notificationId: id });

            assert.strictEqual(ack.success, true);
            assert.deepStrictEqual(ack.data, { notificationId: id,
                read: true });
        }

        assert.ok(!(await unread()).json.data.map((n) => n.id).includes(id));
        error(await server.call('PATCH', `/api/notifications/${id}`,
            server.user('carol'), { read: true }), 403, 'FORBIDDEN');
    });

    it('L-67 L-68 L-69 a user is online by the first socket', async () => {
        const room = await server.room(['bob', 'carol']);
        const carol = await server.member('carol', room);
        const one = await server.member('bob', room);
        const two = await server.member('bob', room);
        const three = await server.join(server.user('bob'),
            { nsp: `/rooms/${room.id}` });
        const online = await carol.next('presence:user_online');

        fresh(online);
        assert.strictEqual(online.userId, 'usr_bob');
        assert.strictEqual(online.user.name, 'Bob Baker');
        assert.strictEqual(one.of('presence:user_online').length, 0);
        one.disconnect();
        three.disconnect();
        await sleep(200);
        assert.strictEqual(carol.of('presence:user_online').length, 1);
        assert.strictEqual(carol.of('presence:user_offline').length, 0);
        await two.ask('room:unsubscribe', { roomId: room.id });
        fresh(await carol.next('presence:user_offline'));
    });

    it('L-70 L-71 L-72 the list of who is online', async () => {
        const room = await server.room(['bob', 'carol']);
        const bob = await server.member('bob', room);

        await server.member('bob', room);
        await server.member('carol', room);

        const ack = await bob.ask('presence:get_online', { roomId: room.id });

        assert.strictEqual(ack.success, true);
        assert.strictEqual(ack.roomId, room.id);
        assert.strictEqual(ack.count, 2);
        assert.deepStrictEqual(ack.users.map((u) => u.id).sort(),
            ['usr_bob', 'usr_carol']);
        assert.ok(ack.users.every((u) => Date.parse(u.connectedAt)));
        assert.deepStrictEqual(ack.data.users, ack.users);

        const stranger = await server.join(server.user('user09'));
        const no = await stranger.ask('presence:get_online',
            { roomId: room.id });

        assert.strictEqual(no.error.code, 'PERMISSION_DENIED');
    });

    it('L-87 mounting again and again leaves nothing', async () => {
        const room = await server.room(['bob', 'carol']);
        const carol = await server.member('carol', room);

        for (let i = 0; i < 20; i++) {
            const bob = await server.member('bob', room);

            if (i % 2) {
                bob.emit('room:unsubscribe', { roomId: room.id });
            }

            bob.disconnect();
        }

        await until(async () => (await server.dinner()).sockets === 1,
            'the others gone');

        const ack = await carol.ask('presence:get_online',
            { roomId: room.id });
        const last = carol.heard.filter((h) => /^presence/.test(h.name));

        assert.strictEqual(ack.count, 1);
        assert.strictEqual(last.pop().name, 'presence:user_offline');
    });

    it('L-82 L-83 the counters say what there is', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);

        await patch(room, { name: 'Other' });
        await bob.next('room:updated');

        const app = await server.dinner();

        assert.strictEqual(app.sockets, 1);
        assert.strictEqual(app.workers.length, server.workers);
    });

    it('roles: viewers watch, moderators draw, organizers stay', async () => {
        const room = await server.room(['bob']);
        const path = `/api/rooms/${room.id}/participants`;
        const viewer = await server.call('POST', path, server.user('carol'),
            { role: 'viewer' });
        const prize = await server.prize(room);

        error(await server.draw(room, viewer.json.data, prize,
            server.user('carol')), 403, 'FORBIDDEN');
        await server.call('PATCH', `${path}/${viewer.json.data.id}`,
            room.owner, { role: 'moderator' });
        assert.strictEqual((await server.draw(room, room.parts.bob, prize,
            server.user('carol'))).status, 201);
        error(await server.call('DELETE', `${path}/me`, room.owner), 403,
            'FORBIDDEN');

        const list = await server.call('GET', `${path}?role=organizer`,
            room.owner);

        error(await server.call('PATCH',
            `${path}/${list.json.data[0].id}`, room.owner,
            { role: 'viewer' }), 403, 'FORBIDDEN');
        error(await server.call('GET', path, server.user('user01')), 403,
            'FORBIDDEN');
    });

    it('users, apps and rooms over REST, also by version', async () => {
        const alice = server.user('alice');
        const admin = server.user('admin');
        const me = await server.call('GET', '/api/v1/auth/me', alice);

        assert.strictEqual(me.json.data.email, 'alice@example.com');
        error(await server.call('GET', '/api/users/usr_bob', alice), 403,
            'FORBIDDEN');
        assert.strictEqual((await server.call('GET', '/api/users/usr_bob',
            admin)).status, 200);
        assert.strictEqual((await server.call('PATCH', '/api/users/usr_alice',
            alice, { name: 'Al' })).json.data.name, 'Al');

        const manifest = { meta: { name: 'New', version: '1.0.0' },
            baseUrl: 'https://new.example.com',
            permissions: ['realtime:publish'] };

        error(await server.call('POST', '/api/apps', alice, { manifest }),
            403, 'FORBIDDEN');
        error(await server.call('POST', '/api/apps', admin, { manifest: {
            ...manifest, permissions: ['realtime:publish',
                'realtime:publish'] } }), 422, 'INVALID_MANIFEST');

        const app = await server.call('POST', '/api/apps', admin,
            { manifest });

        assert.strictEqual(app.status, 201, app.text);
        assert.match(app.json.data.appSecret, /^sk_live_/);

        const token = await server.call('POST', '/api/apps/token', null,
            { appId: app.json.data.appId,
                appSecret: app.json.data.appSecret });

        assert.strictEqual(token.status, 200, token.text);
        assert.strictEqual(token.json.tokenType, 'Bearer');
        assert.strictEqual(token.json.data.accessToken,
            token.json.accessToken);
        error(await server.call('POST', '/api/apps/token', null,
            { appId: app.json.data.appId, appSecret: 'x' }), 401,
        'UNAUTHORIZED');
        error(await server.call('POST', '/api/auth/login', null,
            { email: 'alice@example.com', password: 'passwore' }), 401,
        'INVALID_CREDENTIALS');
        error(await server.call('POST', '/api/auth/login', null,
            { email: 'none@example.com', password: 'password' }), 401,
        'INVALID_CREDENTIALS');

        await server.room([], { name: 'Zebra', isPublic: false });

        const rooms = await server.call('GET',
            '/api/rooms?sort=-name&limit=1&fields=name', alice);

        assert.deepStrictEqual(rooms.json.data, [{ name: 'Zebra' }]);
        assert.ok(!(await server.call('GET', '/api/rooms?limit=100',
            server.user('bob'))).text.includes('Zebra'));
        error(await server.call('GET', '/api/rooms?limit=101', alice), 422,
            'VALIDATION_ERROR');
        error(await server.call('GET', '/api/auth/me',
            mint({ appId: 'app_lottery_v1' })), 401, 'UNAUTHORIZED');
    });
});
