'use strict';

/* Malformed input of every kind: refused clearly, and nothing changed. */

const assert = require('node:assert');
const net = require('node:net');
const { describe, it, before, after, afterEach } = require('node:test');

const { useServer } = require('./lib/server');
const { SCALE, sleep, until } = require('./lib/player');
const { table, playRound, refused, inState, MODES } = require('./lib/play');

const NO_OBJECT = [undefined, null, 'text', '', 0, 42, -1.5, true, false, [],
    [1, 2], [{ sessionCode: 'ABC123' }], Buffer.from('bytes')];


/* Bad bodies for a route that wants one string called name. */

function badBodies(name) {
    const deep = `{"${name}":${'['.repeat(200)}${']'.repeat(200)}}`;

    return [
        '', ' ', '{', '}', 'null', '42', '"text"', '[]', 'true', 'nonsense',
        `{"${name}":"x"`, `{"${name}":"x"}}`, `{"${name}":"x"} trailing`,
        `{${name}:"x"}`, `{'${name}':'x'}`, `[{"${name}":"x"}]`,
        `{"${name}":null}`, `{"${name}":1}`, `{"${name}":true}`,
        `{"${name}":{}}`, `{"${name}":[]}`, `{"${name}":["x"]}`,
        `{"${name}":""}`, `{"${name.toUpperCase()}":"x"}`, '{}',
        `{"${name}":"${'x'.repeat(51)}"}`, `{"${name}":"\\ud800"}`,
        `{"${name}":"\\x41"}`, `{"${name}":"tab\there"}`, deep,
        Buffer.concat([Buffer.from(`{"${name}":"`), Buffer.from([0xff, 0xfe]),
            Buffer.from('"}')]),
        Buffer.concat([Buffer.from(`{"${name}":"`),
            Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
        Buffer.from([0, 1, 2, 3]),
        Buffer.from(`\ufeff{"${name}":"x"`, 'utf16le'),
    ];
}


describe('dinner: malformed REST', () => {
    const server = useServer({ before, after, afterEach },
        { api: 'client_max_body_size 64k;' });

    it('D-12 D-76 D-78 POST /api/sessions: bad bodies are 400', async () => {
        const rooms = (await server.dinner()).rooms;

        for (const body of badBodies('hostName')) {
            const res = await server.rest.post('/api/sessions', body);

            assert.strictEqual(res.status, 400, String(body).slice(0, 80));
            assert.strictEqual(res.json.code, 'VALIDATION_ERROR');
            assert.strictEqual(typeof res.json.error, 'string');
            assert.strictEqual(typeof res.json.message, 'string');
        }

        assert.strictEqual((await server.dinner()).rooms, rooms);
    });

    it('D-30 D-78 POST join: bad bodies are 400, nobody joins', async () => {
        const { code, players: [alice] } = await table(server, ['Alice']);
        const was = (await server.rest.session(code)).json;

        for (const body of badBodies('participantName')) {
            const res = await server.rest.post(`/api/sessions/${code}/join`,
                body);

            assert.strictEqual(res.status, 400, String(body).slice(0, 80));
            assert.strictEqual(res.json.code, 'VALIDATION_ERROR');
        }

        await sleep(100);
        assert.deepStrictEqual((await server.rest.session(code)).json, was);
        assert.deepStrictEqual(alice.names(), []);
    });

    it('a Content-Type that is not JSON is 400', async () => {
        const body = JSON.stringify({ hostName: 'Alice' });

        for (const type of ['text/plain', 'application/x-www-form-urlencoded',
            'application/jsonx', 'multipart/form-data; boundary=x', '', null]) {
            const res = await server.rest.post('/api/sessions', body,
                { 'content-type': type });

            assert.strictEqual(res.status, 400, `${type}`);
            assert.strictEqual(res.json.code, 'VALIDATION_ERROR');
        }

        for (const type of ['application/json; charset=utf-8',
            'Application/JSON', 'application/json;charset=UTF-8']) {
            const res = await server.rest.post('/api/sessions', body,
                { 'content-type': type });

            assert.strictEqual(res.status, 201, type);
        }
    });

    it('a chunked body is taken, a body over the limit is 413', async () => {
        const ok = await server.rest.post('/api/sessions', '{"hostName":"A"}',
            { 'transfer-encoding': 'chunked' });

        assert.strictEqual(ok.status, 201);

        const big = await server.rest.post('/api/sessions',
            JSON.stringify({ hostName: 'A', more: 'x'.repeat(70000) }));

        assert.strictEqual(big.status, 413);

        const large = await server.rest.post('/api/sessions',
            JSON.stringify({ hostName: 'x'.repeat(60000) }));

        assert.strictEqual(large.status, 400);
    });

    it('other methods and paths are 4xx with no effect', async () => {
        const { sessionCode: code } = await server.rest.create('Alice');
        const was = (await server.rest.session(code)).json;
        const wrong = [
            ['PUT', '/api/sessions'], ['DELETE', `/api/sessions/${code}`],
            ['PATCH', `/api/sessions/${code}`], ['POST', '/api/options'],
            ['PUT', `/api/sessions/${code}/join`], ['GET', '/api/sessions'],
            ['GET', `/api/sessions/${code}/join`], ['GET', '/api/'],
            ['POST', `/api/sessions/${code}`], ['GET', '/api/nothing'],
            ['GET', `/api/sessions/${code}/leave`], ['POST', '/health'],
            ['GET', `/api/sessions/${code}/join/more`],
            ['GET', '/api/sessions//'], ['BREW', '/api/options'],
        ];

        for (const [method, path] of wrong) {
            const res = await server.rest.send(method, path,
                method === 'GET' ? undefined : { hostName: 'X',
                    participantName: 'X' }).catch((e) => ({ status: e.code }));

            assert.ok(res.status >= 400 && res.status < 500 ||
                (method === 'BREW' && res.status === 'HPE_INVALID_METHOD'),
            `${method} ${path}: ${res.status}`);
        }

        assert.deepStrictEqual((await server.rest.session(code)).json, was);
    });

    it('a join with a malformed code is 404, like GET', async () => {
        for (const code of ['abc123', 'ABC', 'ABCDEFGH', 'A-C123']) {
            const res = await server.rest.join(code, 'Bob');

            assert.strictEqual(res.status, 404, code);
            assert.strictEqual(res.json.code, 'SESSION_NOT_FOUND');
        }
    });

    it('half a request, then silence or a hang-up, harms nobody',
        async () => {
            for (const bytes of ['POST /api/sessions HTTP/1.1\r\nHost: x\r\n' +
                'Content-Type: application/json\r\nContent-Length: 50\r\n\r\n' +
                '{"hostName":', 'GET /api/options HT']) {
                await new Promise((resolve) => {
                    const sock = net.connect(server.ports.http, '127.0.0.1',
                        () => sock.write(bytes, () =>
                            setTimeout(() => sock.destroy(), 30)));

                    sock.on('close', resolve);
                    sock.on('error', resolve);
                });
            }

            assert.strictEqual((await server.rest.get('/api/options')).status,
                200);
        });
});


for (const mode of MODES) {
    describe(`dinner: malformed events over ${mode}`, () => {
        const server = useServer({ before, after, afterEach }, {});

        for (const event of ['session:join', 'selection:submit',
            'session:restart']) {
            it(`D-78 ${event}: a payload that is no object`, async () => {
                const { code, players: [alice, bob] } = await table(server,
                    ['Alice', 'Bob'], mode);
                const was = (await server.rest.session(code)).json;

                for (const payload of NO_OBJECT) {
                    const { ack } = await refused(alice, 'VALIDATION_ERROR',
                        alice.ask(event, payload));

                    assert.match(ack.error, /^Invalid payload: /);
                }

                /* no payload at all: the ack is the first argument */
                await refused(alice, 'VALIDATION_ERROR', alice.ask(event));
                await sleep(100);
                assert.ok(alice.socket.connected);
                assert.strictEqual(alice.all('error').length,
                    NO_OBJECT.length + 1);
                assert.deepStrictEqual(bob.names(), []);
                assert.deepStrictEqual((await server.rest.session(code)).json,
                    was);
            });
        }

        it('D-75 error goes to the affected socket alone', async () => {
            const { players } = await table(server,
                ['Alice', 'Bob', 'Charlie'], mode);

            await refused(players[1], 'INVALID_OPTIONS',
                players[1].submit(['nowhere']));
            await sleep(150);
            assert.deepStrictEqual(players[0].names(), []);
            assert.deepStrictEqual(players[2].names(), []);

            const [event] = players[1].all('error');

            assert.deepStrictEqual(Object.keys(event).filter((k) =>
                !['code', 'message', 'details'].includes(k)), []);
            assert.ok(event.details === undefined ||
                (typeof event.details === 'object' && event.details !== null));
        });

        it('D-79 without a callback the command runs, no ack is sent',
            async () => {
                const { sessionCode: code } =
                    await server.rest.create('Alice');
                const [alice, bob] = await server.spread(['Alice', 'Bob'],
                    mode);

                alice.tell('session:join', { sessionCode: code,
                    displayName: 'Alice' });
                await inState(server, code, 'selecting');
                bob.tell('session:join', { sessionCode: code,
                    displayName: 'Bob' });
                await alice.next('participant:joined');
                alice.tell('selection:submit', { sessionCode: code,
                    selections: ['sushi-spot'] });
                await bob.next('participant:submitted');
                bob.tell('selection:submit', { sessionCode: code,
                    selections: ['sushi-spot'] });
                await alice.next('session:results');
                bob.tell('session:restart', { sessionCode: code });
                await alice.next('session:restarted');
                bob.tell('session:restart', { sessionCode: 'bad' });
                assert.strictEqual((await bob.next('error')).code,
                    'VALIDATION_ERROR');
                assert.ok(!alice.names().concat(bob.names())
                    .some((n) => n.startsWith('ack')));
            });
    });
}


describe('dinner: malformed fields', () => {
    const server = useServer({ before, after, afterEach }, {});

    it('D-22 D-78 sessionCode of a wrong kind in every event', async () => {
        const { players: [alice] } = await table(server, ['Alice']);
        const other = await server.player({});

        for (const sessionCode of [undefined, null, 5, true, [], {},
            ['ABC123']]) {
            await refused(other, 'VALIDATION_ERROR',
                other.ask('session:join', { sessionCode, displayName: 'X' }));
            await refused(alice, 'VALIDATION_ERROR',
                alice.ask('selection:submit', { sessionCode,
                    selections: ['sushi-spot'] }));
            await refused(alice, 'VALIDATION_ERROR',
                alice.ask('session:restart', { sessionCode }));
        }
    });

    it('D-37 D-38 D-78 selections of a wrong kind', async () => {
        const { code, players: [alice] } = await table(server, ['Alice']);

        for (const selections of [undefined, null, 'sushi-spot', 7, {},
            { 0: 'sushi-spot', length: 1 }, [1], [null], [['sushi-spot']],
            [{}], ['sushi-spot', 7], [], Array(51).fill('sushi-spot')]) {
            await refused(alice, 'VALIDATION_ERROR',
                alice.ask('selection:submit', { sessionCode: code,
                    selections }));
        }

        assert.deepStrictEqual(await alice.submit(['sushi-spot']),
            { success: true });
    });

    it('D-78 fields nobody asked for are ignored', async () => {
        const { sessionCode: code } = await server.rest.create('Alice');
        const alice = await server.player({});
        const ack = await alice.ask('session:join', { sessionCode: code,
            displayName: 'Alice', isHost: 7, participantId: 'x',
            more: { deep: [1] } });

        assert.strictEqual(ack.success, true);
        assert.strictEqual(ack.participantId, alice.id);

        const res = await server.rest.post('/api/sessions',
            { hostName: 'A', extra: 1 });

        assert.strictEqual(res.status, 201);
    });

    it('D-78 further arguments are ignored', async () => {
        const { players: [alice] } = await table(server, ['Alice']);
        const ack = await alice.ask('selection:submit',
            { sessionCode: alice.code, selections: ['sushi-spot'] },
            'second', 3);

        assert.deepStrictEqual(ack, { success: true });
    });

    it('D-78 binary inside a payload is refused, the socket lives',
        async () => {
            const { code, players: [alice] } = await table(server, ['Alice']);

            await refused(alice, 'VALIDATION_ERROR',
                alice.ask('session:join', { sessionCode: Buffer.from(code),
                    displayName: 'Alice' }));
            await refused(alice, 'VALIDATION_ERROR',
                alice.ask('selection:submit', { sessionCode: code,
                    selections: [Buffer.from('sushi-spot')] }));
            assert.deepStrictEqual(await alice.submit(['sushi-spot']),
                { success: true });
        });

    it('D-76 each code in its case', async () => {
        const { code, players: [a] } = await table(server,
            ['A', 'B', 'C', 'D']);
        const out = await server.player({ name: 'E' });

        await refused(out, 'SESSION_FULL', out.join(code));
        await refused(out, 'SESSION_NOT_FOUND', out.join('QQQQQ7'));
        await refused(out, 'VALIDATION_ERROR', out.join('nope'));
        await refused(out, 'NOT_IN_SESSION', out.restart(code));
        await refused(a, 'INVALID_OPTIONS', a.submit(['nowhere']));
        await a.submit(['sushi-spot']);
        await refused(a, 'ALREADY_SUBMITTED', a.submit(['sushi-spot']));
    });

    it('D-78 an unknown event does no harm', async () => {
        const { players } = await table(server, ['Alice', 'Bob']);

        for (const name of ['nothing', 'participant:joined', 'error',
            'session:results', 'session:expired', '', 'SESSION:JOIN']) {
            players[0].tell(name, { sessionCode: players[0].code });
        }

        await sleep(150);
        assert.ok(players[0].socket.connected);
        assert.deepStrictEqual(players[1].names(), []);

        const all = await playRound(players, [['sushi-spot']]);

        assert.ok(all.every((r) => r.hasOverlap));
    });

    it('over 20 commands in a second are RATE_LIMITED, then it passes',
        async () => {
            const { players: [alice, bob] } = await table(server,
                ['Alice', 'Bob']);

            await sleep(1100);

            const acks = await Promise.all(Array.from({ length: 60 }, () =>
                alice.submit(['nowhere'])));
            const limited = acks.filter((a) => a.code === 'RATE_LIMITED');

            assert.ok(limited.length >= 30 * Math.min(1, 1 / SCALE),
                `${limited.length} of 60 limited`);
            assert.ok(acks.filter((a) => a.code === 'INVALID_OPTIONS')
                .length >= 15);
            assert.strictEqual(limited.length + acks.filter((a) =>
                a.code === 'INVALID_OPTIONS').length, 60);
            assert.ok(limited.every((a) => a.success === false &&
                typeof a.error === 'string'));
            assert.ok(alice.all('error').some((e) =>
                e.code === 'RATE_LIMITED'));

            /* the neighbour is not slowed */
            assert.strictEqual((await bob.submit(['sushi-spot'])).success,
                true);
            await until(async () => (await alice.submit(['sushi-spot']))
                .success || sleep(300), 'a submit after the burst', 5000);
        });
});
