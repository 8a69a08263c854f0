'use strict';

/* Events of apps, and the quiz. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { usePlatform, mint } = require('./lib/platform');
const { sleep } = require('./lib/player');

const QUESTIONS = [
    { id: 'q_1', text: 'What is the capital of France?',
        options: ['London', 'Berlin', 'Paris', 'Madrid'], correctIndex: 2 },
    { id: 'q_2', text: 'Two and two?', options: ['1', '2', '3', '4'],
        correctIndex: 3 },
];


describe('platform: app events', () => {
    const server = usePlatform({ before, after, afterEach });

    function error(res, status, code) {
        assert.strictEqual(res.status, status, res.text);
        assert.strictEqual(res.json.error.code, code);
    }

    it('L-44 L-45 L-52 the data arrives as published', async () => {
        const room = await server.room(['bob', 'carol']);
        const bob = await server.member('bob', room);
        const carol = await server.join(server.user('carol'),
            { nsp: `/rooms/${room.id}`, transports: ['polling'] });
        const data = { drawNumber: 1, totalPrizes: 10,
            estimatedDuration: 300 };
        const res = await server.publish(room, 'lottery:draw_started', data);

        assert.strictEqual(res.status, 200, res.text);
        assert.strictEqual(res.json.data.success, true);

        for (const socket of [bob, carol]) {
            await socket.next('lottery:draw_started');

            const { args } = socket.of('lottery:draw_started')[0];

            assert.deepStrictEqual(args[0], data);
            assert.deepStrictEqual(Object.keys(args[1]).sort(),
                ['appId', 'eventId', 'roomId', 'timestamp']);
            assert.strictEqual(args[1].roomId, room.id);
            assert.strictEqual(args[1].appId, 'app_lottery_v1');
        }
    });

    it('L-45 the octets of the data are kept', async () => {
        const room = await server.room(['bob']);
        const bob = await server.join(server.user('bob'));
        const packets = [];

        bob.io.engine.on('packet', (p) => packets.push(String(p.data)));
        await bob.ask('room:subscribe', { roomId: room.id });

        const data = '{ "a" : 1.50, "b":1e2 ,"é":"\\u00e9",' +
            '"big":9007199254740993, "n": { "data": [ ] } }';

        await server.publish(room, null, null, {
            raw: `{"data": ${data} , "event":"lottery:raw"}` });
        await bob.next('lottery:raw');
        assert.ok(packets.some((p) => p.includes(`["lottery:raw",${data},`)),
            packets.join('\n'));
    });

    it('L-46 L-51 L-53 L-54 the checks, each in its place', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);
        const quiet = await server.call('POST', '/api/apps',
            server.user('admin'), { manifest: {
                meta: { name: 'Quiet', version: '1.0.0' },
                baseUrl: 'https://quiet.example.com', permissions: [] } });
        const { appId, appSecret } = quiet.json.data;
        const token = (await server.call('POST', '/api/apps/token', null,
            { appId, appSecret })).json.accessToken;
        const event = 'lottery:x';

        error(await server.publish(room, event, {},
            { token: 'x' }), 401, 'UNAUTHORIZED');
        error(await server.call('POST', `/api/rooms/${room.id}/events`, null,
            { event, data: {} }), 401, 'UNAUTHORIZED');
        error(await server.publish(room, event, {},
            { token: server.user('alice') }), 401, 'UNAUTHORIZED');
        error(await server.publish(room, event, {},
            { token: mint({ appId: 'app_lottery_v1', exp: 1 }) }), 401,
        'UNAUTHORIZED');
        error(await server.publish(room, event, {},
            { appId: 'app_quiz_v1' }), 403, 'APP_PERMISSION_DENIED');

        const no = await server.publish(room, event, {}, { token, appId });

        error(no, 403, 'APP_PERMISSION_DENIED');
        assert.strictEqual(no.json.error.details.required,
            'realtime:publish');
        error(await server.publish({ id: 'room_none' }, event, {}), 404,
            'ROOM_NOT_FOUND');
        error(await server.publish(room, 'quiz:x', {}, { app: 'quiz' }), 403,
            'APP_PERMISSION_DENIED');
        error(await server.publish(room, event, 'x'), 422,
            'VALIDATION_ERROR');
        error(await server.publish(room, event, null, { raw: '{' }), 400,
            'VALIDATION_ERROR');
        await sleep(200);
        assert.strictEqual(bob.of(event).length, 0);
    });

    it('L-47 L-48 names need the prefix, and are not ours', async () => {
        const room = await server.room(['bob']);

        for (const name of ['other:x', 'app_lottery:x', 'winner:selected',
            'room:updated', 'token:expired', 'presence:x']) {
            error(await server.publish(room, name, {}), 403,
                'APP_PERMISSION_DENIED');
        }

        for (const name of ['lottery', 'Lottery:x', 'lottery:', ':x',
            'lottery:X', 'lottery:a:b', 'lottery:a-b', 'connect']) {
            error(await server.publish(room, name, {}), 422,
                'VALIDATION_ERROR');
        }

        for (const name of ['lottery:x', 'app_lottery_v1:x2_y']) {
            const res = await server.publish(room, name, {});

            assert.strictEqual(res.status, 200, res.text);
        }
    });

    it('L-85 events arrive in the order of publishing', async () => {
        const room = await server.room(['bob']);
        const bob = await server.member('bob', room);
        const token = await server.appToken();

        for (let i = 0; i < 10; i++) {
            await server.publish(room, 'lottery:n', { i }, { token });
        }

        await bob.next('lottery:n', 9);
        assert.deepStrictEqual(bob.of('lottery:n').map((h) => h.data.i),
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('L-74 an app connects where its manifest lets it', async () => {
        const room = await server.room([]);
        const token = await server.appToken();
        const app = await server.join(token);
        const ack = await app.ask('room:subscribe', { roomId: room.id });

        assert.strictEqual(ack.success, true);

        const quiz = await server.join(await server.appToken('quiz'));
        const no = await quiz.ask('room:subscribe', { roomId: room.id });

        assert.strictEqual(no.error.code, 'APP_PERMISSION_DENIED');
    });

    async function quiz() {
        const room = await server.room(['bob', 'carol'],
            { appId: 'app_quiz_v1', appSettings: { questions: QUESTIONS } });

        room.bob = await server.member('bob', room);
        room.carol = await server.member('carol', room);
        room.ask = (questionId, more) => server.publish(room,
            'quiz:question_published', { questionId, questionNumber: 1,
                totalQuestions: 2, question: 'What?',
                options: QUESTIONS[0].options, timeLimit: 10,
                startTime: new Date().toISOString(), ...more },
            { app: 'quiz' });
        return room;
    }

    it('L-55 L-60 the question arrives without its answer', async () => {
        const room = await quiz();

        await room.ask('q_1', { correctIndex: 2,
            more: [{ correctIndex: 1 }] });

        for (const socket of [room.bob, room.carol]) {
            const data = await socket.next('quiz:question_published');

            assert.strictEqual(data.questionId, 'q_1');
            assert.strictEqual(data.timeLimit, 10);
            assert.strictEqual(data.options.length, 4);
            assert.ok(!JSON.stringify(data).includes('correctIndex'));
        }

        const seen = await server.call('GET', `/api/rooms/${room.id}`,
            server.user('bob'));
        const own = await server.call('GET', `/api/rooms/${room.id}`,
            room.owner);

        assert.ok(!seen.text.includes('correctIndex'));
        assert.ok(own.text.includes('correctIndex'));
    });

    it('L-56 L-57 L-58 answers, ranks and results', async () => {
        const room = await quiz();

        await room.ask('q_1');
        await room.bob.next('quiz:question_published');

        const submit = (socket, answer) => socket.ask('quiz:answer_submit',
            { questionId: 'q_1', answer, timestamp: Date.now() });
        const first = await submit(room.bob, 'Paris');
        const second = await submit(room.carol, 'Paris');

        assert.strictEqual(first.success, true, JSON.stringify(first));
        assert.strictEqual(first.correct, true);
        assert.strictEqual(first.rank, 1);
        assert.ok(first.responseTime >= 0 && first.responseTime < 5);
        assert.strictEqual(first.data.rank, 1);
        assert.strictEqual(second.rank, 2);

        const result = await room.carol.next('quiz:answer_result');

        assert.deepStrictEqual(result.user, { id: 'usr_bob',
            name: 'Bob Baker' });
        assert.strictEqual(result.participantId, room.parts.bob.id);
        assert.strictEqual(result.correct, true);
        assert.strictEqual(result.rank, 1);
        assert.ok(result.timestamp);

        await room.ask('q_2');
        await room.bob.next('quiz:question_published', 1);

        const wrong = await room.bob.ask('quiz:answer_submit',
            { questionId: 'q_2', answer: '1', timestamp: 0 });

        assert.strictEqual(wrong.correct, false);
        assert.strictEqual(wrong.rank, null);
    });

    it('L-59 second, late and unknown answers are refused', async () => {
        const room = await quiz();
        const submit = (socket, questionId) => socket.ask(
            'quiz:answer_submit', { questionId, answer: 'Paris',
                timestamp: Date.now() });

        await room.ask('q_1', { timeLimit: 0.5 });
        await room.bob.next('quiz:question_published');
        assert.strictEqual((await submit(room.bob, 'q_1')).success, true);

        for (const ack of [await submit(room.bob, 'q_1'),
            await submit(room.bob, 'q_none')]) {
            assert.strictEqual(ack.error.code, 'INVALID_PAYLOAD');
        }

        await sleep(600);
        assert.strictEqual((await submit(room.carol, 'q_1')).error.code,
            'INVALID_PAYLOAD');

        const alice = await server.member('alice', room);

        await room.ask('q_2');
        await alice.next('quiz:question_published');
        assert.strictEqual((await submit(alice, 'q_2')).error.code,
            'PERMISSION_DENIED');
        assert.strictEqual((await submit(room.bob, 'q_1')).error.code,
            'INVALID_PAYLOAD');
    });
});
