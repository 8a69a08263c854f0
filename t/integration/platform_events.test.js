'use strict';

/* What every event has in common: its answer, its audience, its limit. */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before, after, afterEach } = require('node:test');

const { CONTRACTS } = require('./lib/conf');
const { jsonFile, mint, usePlatform } = require('./lib/platform');
const { SCALE, sleep, until } = require('./lib/player');
const { tempDir } = require('./lib/server');


/* The names of the messages that the contract lets clients send. */

function accepted() {
    const doc = JSON.parse(fs.readFileSync(path.join(CONTRACTS,
        'platform.asyncapi.json'), 'utf8'));
    const at = (ref) => ref.slice(2).split('/').reduce((value, key) =>
        value[key.replace(/~1/g, '/').replace(/~0/g, '~')], doc);
    const message = (one) => (one.$ref ? message(at(one.$ref)) : one);

    return Object.values(doc.operations)
        .filter((operation) => operation.action === 'receive')
        .flatMap((operation) => (operation.messages
            || Object.values(at(operation.channel.$ref).messages)))
        .map((one) => message(one)['x-rooms-event'] || message(one).name);
}


describe('platform: events', () => {
    const server = usePlatform({ before, after, afterEach });

    it('L-11 the default namespace has notifications and no room',
        async () => {
            const room = await server.room(['bob', 'carol']);
            const prize = await server.prize(room, { quantity: 2 });
            const exp = Math.floor(Date.now() / 1000) + 4;
            const roots = [];

            for (let i = 0; i < 4; i++) {
                roots.push(await server.join(mint({ userId: 'usr_bob',
                    exp })));
            }

            const narrow = await server.join(server.user('bob'),
                { nsp: `/rooms/${room.id}` });

            await server.draw(room, room.parts.bob, prize);

            for (const root of roots) {
                const { data } = await root.next('notification:received');

                assert.strictEqual(data.roomId, room.id);
            }

            await narrow.next('winner:selected');

            /* what the platform itself has to say goes there, too */
            for (const root of roots) {
                await root.next('token:expired');
                assert.deepStrictEqual(root.heard.map((h) => h.name),
                    ['notification:received', 'token:expired']);
            }

            assert.ok(!narrow.heard.some((h) =>
                /^(notification|token):/.test(h.name)));
        });

    it('L-75 L-76 every event is acknowledged, well or ill', async () => {
        const room = await server.room(['bob'], { appId: 'app_quiz_v1',
            appSettings: { questions: [{ id: 'q', text: '?',
                options: ['a', 'b', 'c', 'd'], correctIndex: 1 }] } });
        const alice = await server.join(server.user('alice'));
        const bob = await server.member('bob', room);
        const prize = await server.prize(room);

        await server.draw(room, room.parts.bob, prize);
        await server.publish(room, 'quiz:question_published',
            { questionId: 'q', timeLimit: 0 }, { app: 'quiz' });

        const { id } = await bob.next('notification:received');
        const here = { roomId: room.id };
        const cases = [
            ['room:subscribe', here, ['room'],
                { roomId: 'room_none' }, 'ROOM_NOT_FOUND'],
            ['presence:get_online', here, ['roomId', 'users', 'count'],
                { roomId: 'room_none' }, 'ROOM_NOT_FOUND'],
            ['notification:mark_read', { notificationId: id },
                ['notificationId', 'read'],
                { notificationId: 'notif_none' }, 'INVALID_PAYLOAD'],
            ['quiz:answer_submit', { questionId: 'q', answer: 'b',
                timestamp: Date.now() }, ['correct', 'responseTime', 'rank'],
            { questionId: 'none', answer: 'b', timestamp: 0 },
            'INVALID_PAYLOAD'],
            ['room:unsubscribe', here, ['roomId'], { roomId: '' },
                'INVALID_PAYLOAD'],
        ];

        /* those are all that a client may send */
        assert.deepStrictEqual(cases.map(([name]) => name).sort(),
            [...new Set(accepted())].sort());

        for (const [name, good, fields, bad, code] of cases) {
            const no = await bob.ask(name, bad);

            assert.strictEqual(no.success, false, name);
            assert.strictEqual(no.error.code, code, name);
            assert.ok(no.error.message, name);
            assert.strictEqual(no.data, undefined, name);

            const yes = await bob.ask(name, good);

            assert.strictEqual(yes.success, true, name);
            assert.strictEqual(yes.error, undefined, name);
            assert.deepStrictEqual(Object.keys(yes.data).sort(),
                [...fields].sort(), name);

            for (const field of fields) {
                assert.deepStrictEqual(yes[field], yes.data[field], name);
            }
        }

        /* the same without a callback: each failure is told once */
        alice.heard.length = 0;

        for (const [name, , , bad] of cases) {
            alice.emit(name, bad);
        }

        await alice.next('error', cases.length - 1);
        await sleep(100);
        assert.deepStrictEqual(alice.heard.map((h) => h.name),
            Array(cases.length).fill('error'));
        assert.deepStrictEqual(alice.heard.map((h) => h.data.details.action),
            cases.map(([name]) => name));
        assert.deepStrictEqual(alice.heard.map((h) => h.data.code),
            cases.map(([, , , , code]) => code));
    });

    it('L-84 a broadcast is for its members, however many others',
        async () => {
            const room = await server.room(['bob', 'carol']);
            const idle = await server.room(['user01']);
            const others = [];

            for (let i = 0; i < 60; i++) {
                others.push(await (i % 2 ? server.member('user01', idle)
                    : server.join(server.user('user02'))));
            }

            const members = [];

            for (const name of ['bob', 'carol', 'bob', 'carol']) {
                members.push(await server.member(name, room));
            }

            const out = async () => (await server.dinner()).events.out;

            await members[0].next('presence:user_online');
            await sleep(200);

            const was = await out();
            const n = 10;

            for (let i = 0; i < n; i++) {
                await server.publish(room, 'lottery:tick', { i });
            }

            for (const member of members) {
                await member.next('lottery:tick', n - 1);
            }

            await until(async () => await out() >= was + n * members.length,
                'all sent');
            assert.strictEqual(await out(), was + n * members.length);
            assert.ok(others.every((s) => s.connected &&
                s.of('lottery:tick').length === 0));
        });
});


describe('platform: the limit of a connection', () => {
    const LIMIT = 6;
    const WINDOW = 2 * SCALE;            // s
    const dir = tempDir();
    const contract = JSON.parse(fs.readFileSync(path.join(CONTRACTS,
        'platform.asyncapi.json'), 'utf8'));

    contract['x-rooms-rate'] = { limit: LIMIT, per: WINDOW };

    const server = usePlatform({ before, after, afterEach },
        { asyncapi: jsonFile(dir, 'platform.asyncapi.json', contract) });

    after(() => fs.rmSync(dir, { recursive: true }));

    it('L-77 what is over it is not executed, and it recovers', async () => {
        for (const transports of [['websocket'], ['polling']]) {
            const room = await server.room(['bob']);
            const bob = await server.join(server.user('bob'),
                { transports });
            const started = Date.now();

            await bob.ask('room:subscribe', { roomId: room.id });

            /* unknown events and malformed ones count as well */
            await bob.ask('no:such', 1);
            await bob.ask('room:subscribe', null);
            await bob.ask('presence:get_online', { roomId: room.id });

            const four = Date.now();

            await sleep(WINDOW * 500);
            await bob.ask('presence:get_online', { roomId: room.id });
            await bob.ask('presence:get_online', { roomId: room.id });

            const over = await bob.ask('room:unsubscribe',
                { roomId: room.id });

            assert.ok(Date.now() - started < WINDOW * 1000, 'in the window');
            assert.strictEqual(over.success, false);
            assert.strictEqual(over.error.code, 'RATE_LIMIT_EXCEEDED');
            assert.strictEqual((await bob.next('error', 2)).code,
                'RATE_LIMIT_EXCEEDED');

            /* it was not executed: the events of the room still come */
            await server.call('PATCH', `/api/rooms/${room.id}`, room.owner,
                { name: 'Other' });
            await bob.next('room:updated');

            /* the first four leave the window, the two after them do not */
            await sleep(four + WINDOW * 1000 + 50 - Date.now());

            const codes = [];

            for (let i = 0; i < 5; i++) {
                codes.push((await bob.ask('presence:get_online',
                    { roomId: room.id })).error?.code);
            }

            assert.deepStrictEqual(codes, [undefined, undefined, undefined,
                undefined, 'RATE_LIMIT_EXCEEDED']);
            bob.disconnect();
        }
    });

    it('L-77 L-78 namespaces of a connection count together', async () => {
        const room = await server.room(['bob']);
        const root = server.socket(server.user('bob'), { multiplex: true,
            forceNew: false });

        await until(() => root.connected, 'connected');

        const narrow = root.io.socket(`/rooms/${room.id}`,
            { auth: { token: server.user('bob') } });

        await until(() => narrow.connected, 'both connected');

        const codes = [];

        for (let i = 0; i < LIMIT + 2; i++) {
            const ack = await (i % 2 ? root : narrow).timeout(5000 * SCALE)
                .emitWithAck('presence:get_online', { roomId: room.id });

            codes.push(ack.error?.code);
        }

        assert.deepStrictEqual(codes, [...Array(LIMIT).fill(undefined),
            'RATE_LIMIT_EXCEEDED', 'RATE_LIMIT_EXCEEDED']);

        const other = await server.join(server.user('bob'));
        const ack = await other.ask('presence:get_online',
            { roomId: room.id });

        assert.strictEqual(ack.success, true);
        narrow.disconnect();
    });
});
