'use strict';

/* Socket.IO revision 5 by packets. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { useEcho, Poll, Wire, frame, eio, sio, refused, sleep, until, SCALE } =
    require('./lib/echo');

const S = '/socket.io/';
const D = '/default/';
const bin = (...octets) => frame(2, Buffer.from(octets));


describe('Socket.IO: CONNECT', () => {
    const server = useEcho({ before, after, afterEach });

    for (const [sent, start, auth] of [
        ['40', '40{', '42["auth",{}]'],
        ['40{"token":"123"}', '40{', '42["auth",{"token":"123"}]'],
        ['40/,', '40{', '42["auth",{}]'],
        ['40/', '40{', '42["auth",{}]'],
        ['40/custom,', '40/custom,{', '42/custom,["auth",{}]'],
        ['40/custom', '40/custom,{', '42/custom,["auth",{}]'],
        ['40/custom,{"token":"abc"}', '40/custom,{',
            '42/custom,["auth",{"token":"abc"}]'],
        ['40/room-1,', '40/room-1,{', '42/room-1,["auth",{}]'],
        ['40/room-123456,', '40/room-123456,{',
            '42/room-123456,["auth",{}]'],
        ['40/guarded,{"token":"secret"}', '40/guarded,{',
            '42/guarded,["auth",{"token":"secret"}]'],
    ]) {
        it(`${sent} is answered`, async () => {
            const wire = await eio(server, S);

            await wire.text(sent);

            const answer = await wire.packet(start);
            const data = JSON.parse(answer.slice(start.length - 1));

            assert.deepStrictEqual(Object.keys(data), ['sid']);
            assert.match(data.sid, /^[A-Za-z0-9_-]{20}$/);
            assert.notStrictEqual(data.sid, wire.hello.sid);
            assert.strictEqual(await wire.packet('42'), auth);
        });
    }

    const NOT = [
        ['40/random,', '44/random,{"message":"Invalid namespace"}'],
        ['40/custom?token=a,', '44/custom?token=a,' +
            '{"message":"Invalid namespace"}'],
        ['40/room-,', '44/room-,{"message":"Invalid namespace"}'],
        ['40/room-1a,', '44/room-1a,{"message":"Invalid namespace"}'],
        ['40/xroom-1,', '44/xroom-1,{"message":"Invalid namespace"}'],
        ['40/guarded,', '44/guarded,{"message":"not authorized",' +
            '"data":{"code":"E_AUTH"}}'],
        ['40/guarded,{"token":"x"}', '44/guarded,' +
            '{"message":"not authorized","data":{"code":"E_AUTH"}}'],
        ['40/guarded,{"token":["secret"]}', '44/guarded,' +
            '{"message":"not authorized","data":{"code":"E_AUTH"}}'],
    ];

    for (const [sent, want] of NOT) {
        it(`${sent} is refused, the connection lives on`, async () => {
            const wire = (await eio(server, S)).beat();

            await wire.text(sent);
            assert.strictEqual(await wire.packet('44'), want);
            await wire.text('40');
            await wire.packet('40{');
        });
    }

    it('several namespaces on one connection', async () => {
        const wire = (await eio(server, S)).beat();

        for (const nsp of ['', '/custom,', '/room-1,', '/room-2,']) {
            await wire.text(`40${nsp}`);
            await wire.packet(`42${nsp}["auth"`);
        }

        await wire.text('42/room-2,["message",1]');
        await wire.packet('42/room-2,["message-back",1]');
        await wire.text('42["message",2]');
        await wire.packet('42["message-back",2]');
    });

    it('no CONNECT in time: closed', async () => {
        const from = Date.now();
        const wire = (await eio(server, S)).beat();

        await wire.closed();

        const took = Date.now() - from;

        assert.ok(took >= 950 && took < 1000 + 300 * SCALE, `${took} ms`);

        const poll = await new Poll(server, S).open();
        let res;

        do {
            res = await poll.get();
            await poll.post('3');
        } while (res.text === '2');

        assert.ok(['1', '6\x1e1'].includes(res.text), res.text);
    });

    it('a refused CONNECT is none in time', async () => {
        const wire = (await eio(server, S)).beat();

        await wire.text('40/random,');
        await wire.closed();
    });
});


describe('Socket.IO: what closes the connection', () => {
    const server = useEcho({ before, after, afterEach });

    const BEFORE = [
        ['an event before CONNECT', '42["message"]'],
        ['a DISCONNECT before CONNECT', '41'],
        ['auth that is an array', '40["abc"]'],
        ['auth that is true', '40true'],
        ['auth that is a string', '40"abc"'],
        ['auth that is null', '40null'],
        ['auth that is no JSON', '40{"a":'],
        ['an unknown type', '47'],
        ['nothing', '4'],
    ];
    const AFTER = [
        ['a second CONNECT', '40'],
        ['an event to a namespace not joined', '42/custom,["message"]'],
        ['an ack to a namespace not joined', '43/custom,1[]'],
        ['a CONNECT_ERROR', '44{"message":"x"}'],
        ['a payload that is an object', '42{}'],
        ['a payload that is a string', '42"abc"'],
        ['an empty array', '42[]'],
        ['no payload', '42'],
        ['JSON that is cut', '42["message"'],
        ['more behind the JSON', '42["message"]x'],
        ['no name but an object', '42[{}]'],
        ['no name but null', '42[null]'],
        ['no name but true', '42[true]'],
        ...['connect', 'connect_error', 'disconnect', 'disconnecting',
            'newListener', 'removeListener'].map((name) =>
            [`the reserved name ${name}`, `42["${name}"]`]),
        ['an ack without an array', '431{}'],
        ['no attachment count', '45["a",{"_placeholder":true,"num":0}]'],
        ['a count of zero', '450-["a"]'],
        ['a count that is none', '45x-["a",{"_placeholder":true,"num":0}]'],
        ['11 attachments', '4511-["a",{"_placeholder":true,"num":0}]'],
        ['a count that overflows', '4518446744073709551617-["a",' +
            '{"_placeholder":true,"num":0}]'],
        ['a type that is none', '48["a"]'],
        ['JSON too deep', `42["a",${'['.repeat(40)}${']'.repeat(40)}]`],
    ];

    for (const [what, sent] of [...BEFORE.map((c) => [...c, 0]),
        ...AFTER.map((c) => [...c, 1])].map(([a, b, c]) => [a, [b, c]])) {
        it(what, async () => {
            const was = await refused(server, 'packet');
            const wire = sent[1] ? await sio(server)
                : await eio(server, S);

            await wire.text(sent[0]);
            await wire.closed();
            assert.strictEqual(await refused(server, 'packet'), was + 1);
        });
    }

    const P0 = '{"_placeholder":true,"num":0}';
    const SEQUENCES = [
        ['binary without a header', [bin(1)]],
        ['text between attachments', [frame(1, `451-["message",${P0}]`),
            frame(1, '42["message"]'), bin(1)]],
        ['a placeholder out of range', [frame(1,
            '451-["message",{"_placeholder":true,"num":1}]'), bin(1)]],
        ['a placeholder below zero', [frame(1,
            '451-["message",{"_placeholder":true,"num":-1}]'), bin(1)]],
        ['a placeholder that is a string', [frame(1,
            '451-["message",{"_placeholder":true,"num":"splice"}]'),
        bin(1)]],
        ['a placeholder with a fraction', [frame(1,
            '451-["message",{"_placeholder":true,"num":0.5}]'), bin(1)]],
    ];

    for (const [what, frames] of SEQUENCES) {
        it(what, async () => {
            const wire = await sio(server);

            await wire.send(...frames);
            await wire.closed();
        });
    }

    it('over polling 6 and 1 are left for the next poll', async () => {
        for (let i = 0; i < 4; i++) {
            const poll = await new Poll(server, D).open();

            await poll.post('40');
            await poll.until('42["auth"');
            assert.strictEqual((await poll.post('42{}')).text, 'ok');
            assert.strictEqual((await poll.get()).text, '6\x1e1');
            assert.strictEqual((await poll.get()).json.code, 1);
        }
    });

    it('over polling a waiting GET gets the end', async () => {
        const poll = await new Poll(server, D).open();

        await poll.post('40');
        await poll.until('42["auth"');

        const get = poll.get();

        await sleep(50);
        await poll.post('42{}');

        const res = await get;

        assert.ok(['1', '6\x1e1', '6'].includes(res.text), res.text);
    });
});


describe('Socket.IO: events and acks', () => {
    const server = useEcho({ before, after, afterEach });

    const ECHO = [
        ['["message",1,"2",{"3":[true]}]', '["message-back",1,"2",' +
            '{"3":[true]}]'],
        ['["message"]', '["message-back"]'],
        ['["message",12345678901234567890,1.0,1e400,-0]',
            '["message-back",12345678901234567890,1.0,1e400,-0]'],
        ['["message","\\u001e\\ud83d\\ude00\u20ac"]',
            '["message-back","\\u001e\\ud83d\\ude00\u20ac"]'],
        ['["message",{"_placeholder":true,"num":0}]',
            '["message-back",{"_placeholder":true,"num":0}]'],
        ['[ "message" , 1 ]', '["message-back",1]'],
    ];

    for (const [sent, want] of ECHO) {
        it(`${sent} is sent on as it is`, async () => {
            const wire = await sio(server);

            await wire.text(`42${sent}`);
            assert.strictEqual(await wire.packet('42["message-back"'),
                `42${want}`);
        });
    }

    it('names that nobody knows are ignored', async () => {
        const wire = await sio(server);

        await wire.text('42["nothing",1]');
        await wire.text('42[5,1]');
        await wire.text('42["__proto__"]');
        await wire.text('42["message",1]');
        await wire.packet('42["message-back",1]');
        assert.deepStrictEqual(wire.packets(), ['42["message-back",1]']);
    });

    for (const id of ['0', '456', '4294967296', '9007199254740991']) {
        it(`an ack with the id ${id}`, async () => {
            const wire = await sio(server);

            await wire.text(`42${id}["message-with-ack",1,"2"]`);
            assert.strictEqual(await wire.packet('43'), `43${id}[1,"2"]`);
        });
    }

    it('an ack of another namespace', async () => {
        const wire = await sio(server);

        await wire.text('40/custom,');
        await wire.packet('42/custom,["auth"');
        await wire.text('42/custom,7["message-with-ack","a"]');
        assert.strictEqual(await wire.packet('43/custom'),
            '43/custom,7["a"]');
    });

    it('an ack that nobody waits for is ignored, as is its second',
        async () => {
            const wire = await sio(server);

            await wire.text('4399["x"]');
            await wire.text('42["call-client","hi",1]');

            const asked = await wire.packet('42');
            const id = /^42(\d+)\["hi",1\]$/.exec(asked)[1];

            await wire.text(`43${id}["yes",2]`);
            await wire.packet('42["client-answered","yes",2]');
            await wire.text(`43${id}["again"]`);
            await wire.text('42["message","end"]');
            await wire.packet('42["message-back","end"]');
            assert.strictEqual(wire.packets().filter((p) =>
                p.includes('client-answered')).length, 1);
        });

    it('binary events and acks, placeholders in order of appearance',
        async () => {
            const wire = await sio(server);

            await wire.send(frame(1, '452-["message",' +
                '{"_placeholder":true,"num":0},"x",' +
                '{"a":[{"_placeholder":true,"num":1}]}]'),
            bin(1, 2, 3), bin(4, 5, 6));
            await wire.until(() => wire.frames.filter((f) =>
                f.opcode === 2).length === 2, 'two attachments');
            assert.strictEqual(await wire.packet('45'),
                '452-["message-back",{"_placeholder":true,"num":0},"x",' +
                '{"a":[{"_placeholder":true,"num":1}]}]');
            assert.deepStrictEqual(wire.frames.filter((f) => f.opcode === 2)
                .map((f) => f.data.toString('hex')), ['010203', '040506']);
            wire.clear();

            /* the other way round: renumbered */

            await wire.send(frame(1, '452-789["message-with-ack",' +
                '{"_placeholder":true,"num":1},' +
                '{"_placeholder":true,"num":0}]'), bin(1), bin(2));
            await wire.until(() => wire.frames.filter((f) =>
                f.opcode === 2).length === 2, 'two attachments');
            assert.strictEqual(await wire.packet('46'),
                '462-789[{"_placeholder":true,"num":0},' +
                '{"_placeholder":true,"num":1}]');
            assert.deepStrictEqual(wire.frames.filter((f) => f.opcode === 2)
                .map((f) => f.data[0]), [2, 1]);
        });

    it('ten attachments, also empty ones', async () => {
        const wire = await sio(server);
        const holes = Array.from({ length: 10 }, (_, i) =>
            `{"_placeholder":true,"num":${i}}`);

        await wire.send(frame(1, `4510-["message",${holes}]`),
            ...holes.map((_, i) => frame(2, Buffer.alloc(i, i))));
        await wire.until(() => wire.frames.filter((f) =>
            f.opcode === 2).length === 10, 'ten attachments');
        assert.deepStrictEqual(wire.frames.filter((f) => f.opcode === 2)
            .map((f) => f.data.length), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('heartbeats may stand between attachments', async () => {
        const wire = await sio(server);

        await wire.send(frame(1, '452-["message",' +
            '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'),
        frame(1, '3'), bin(1), frame(1, '3'), bin(2));
        await wire.packet('452-["message-back"');
    });

    it('over polling attachments follow as base64', async () => {
        const poll = await new Poll(server, D).open();

        await poll.post('40\x1e451-["message",{"_placeholder":true,' +
            '"num":0}]\x1ebAQID');
        assert.deepStrictEqual((await poll.until('b')).slice(-2),
            ['451-["message-back",{"_placeholder":true,"num":0}]',
                'bAQID']);
    });

    it('attachments stay behind their header under broadcasts',
        async () => {
            const [one, two] = [await sio(server, D), await sio(server, D)];
            const hole = '{"_placeholder":true,"num":0}';

            for (const wire of [one, two]) {
                await wire.text('421["join","hall"]');
                await wire.packet('431');
                wire.clear();
            }

            for (let i = 0; i < 200; i++) {
                const from = i % 2 ? one : two;

                from.send(frame(1, `451-["emit-in-room","hall","b",${i},` +
                    `${hole}]`), bin(i));
                one.text(`42["message",${i}]`);
            }

            for (const wire of [one, two]) {
                await wire.until(() => wire.frames.filter((f) =>
                    f.opcode === 2).length === 200, '200 attachments');
                wire.frames.forEach((f, i) => {
                    const text = f.data.toString();

                    if (f.opcode === 1 && text.startsWith('45')) {
                        const n = JSON.parse(text.slice(4))[1];

                        assert.strictEqual(wire.frames[i + 1].opcode, 2);
                        assert.strictEqual(wire.frames[i + 1].data[0],
                            n & 255);
                    }
                });
            }
        });
});


describe('Socket.IO: a packet over two transports', () => {
    const server = useEcho({ before, after, afterEach });

    it('attachments that come after the upgrade belong to it', async () => {
        for (let i = 0; i < 6; i++) {
            const poll = await new Poll(server, D).open();
            const wire = new Wire(server.ports.http);

            await poll.post('40');
            await poll.until('42["auth"');
            await poll.post('453-["message",' +
                '{"_placeholder":true,"num":0},' +
                '{"_placeholder":true,"num":1},' +
                '{"_placeholder":true,"num":2}]\x1ebAQI=\x1ebAw==');
            await wire.open(`${D}?EIO=4&transport=websocket&sid=${poll.sid}`);
            await wire.send(frame(1, '2probe'));
            await wire.packet('3probe');
            await wire.send(frame(1, '5'), bin(4, 5));
            await wire.until(() => wire.frames.filter((f) =>
                f.opcode === 2).length === 3, 'three attachments');
            assert.deepStrictEqual(wire.frames.filter((f) => f.opcode === 2)
                .map((f) => f.data.toString('hex')), ['0102', '03', '0405']);
            wire.destroy();
        }
    });
});


describe('Socket.IO: DISCONNECT', () => {
    const server = useEcho({ before, after, afterEach });

    it('of the client: the namespace is left, the connection stays',
        async () => {
            const wire = await sio(server);

            await wire.text('41');
            await sleep(20);
            await wire.text('40');
            await wire.packet('42["auth"');
        });

    it('of one namespace leaves the others', async () => {
        const wire = await sio(server);

        await wire.text('40/custom,');
        await wire.packet('42/custom,["auth"');
        await wire.text('41/custom,');
        await wire.text('42["message",1]');
        await wire.packet('42["message-back",1]');
        await wire.text('42/custom,["message",1]');
        await wire.closed();
    });

    it('of the server: 41, the connection stays', async () => {
        const wire = await sio(server);

        await wire.text('40/custom,');
        await wire.packet('42/custom,["auth"');
        await wire.text('42/custom,["kick-me",false]');
        await wire.packet('41/custom,');
        await wire.text('42["message",1]');
        await wire.packet('42["message-back",1]');
    });

    it('of the server from all: 41 for each namespace, then the end',
        async () => {
            const wire = await sio(server);

            await wire.text('40/custom,');
            await wire.packet('42/custom,["auth"');
            wire.clear();
            await wire.text('42["kick-me",true]');
            await wire.closed();
            assert.deepStrictEqual(wire.packets().sort(),
                ['41', '41/custom,']);
        });

    it('of the server over polling', async () => {
        const poll = await new Poll(server, D).open();

        await poll.post('40');
        await poll.until('42["auth"');
        await poll.post('42["kick-me",true]');

        /* what came with the close, a stock client would handle after it */

        assert.strictEqual((await poll.get()).text, '41');
        assert.strictEqual((await poll.get()).text, '6\x1e1');
        assert.strictEqual((await poll.get()).json.code, 1);
    });

    it('of the server over polling, while a request waits', async () => {
        const poll = await new Poll(server, D).open();

        await poll.post('40');
        await poll.until('42["auth"');

        const waiting = poll.get();

        await sleep(50);
        await poll.post('42["kick-me",true]');
        assert.strictEqual((await waiting).text, '41');
        assert.strictEqual((await poll.post('42["whoami"]')).json.code, 1);
        assert.strictEqual((await poll.get()).text, '6\x1e1');
        assert.strictEqual((await poll.get()).json.code, 1);
    });

    it('of the server over polling, and nobody asks again', async () => {
        const poll = await new Poll(server, '/socket.io/').open();

        await poll.post('40');
        await poll.until('42["auth"');
        await poll.post('42["kick-me",true]');
        assert.strictEqual((await poll.get()).text, '41');
        await until(async () => (await server.status()).apps.echo.transports
            .polling === 0, 'the end of the session');
        assert.strictEqual((await poll.get()).json.code, 1);
    });
});


describe('Socket.IO: connection state recovery', () => {
    const server = useEcho({ before, after, afterEach });
    const R = '/recovery/';

    async function join(auth) {
        const wire = (await eio(server, R)).beat();

        await wire.text(`40${auth || ''}`);

        const answer = JSON.parse((await wire.packet('40')).slice(2));

        return { wire, ...answer };
    }

    function offset(packet) {
        return JSON.parse(packet.slice(packet.indexOf('['))).at(-1);
    }

    it('CONNECT is answered with sid and pid', async () => {
        const { sid, pid } = await join();

        assert.match(sid, /^[A-Za-z0-9_-]{20}$/);
        assert.strictEqual(typeof pid, 'string');
        assert.ok(pid.length >= 20 && !pid.includes(' '));
    });

    it('every event ends with its offset, but acks and questions do not',
        async () => {
            const { wire } = await join();
            const auth = JSON.parse((await wire.packet('42')).slice(2));

            assert.strictEqual(auth.length, 3);
            assert.strictEqual(typeof auth[2], 'string');
            await wire.text('42["message","a"]');

            const back = await wire.packet('42["message-back"');

            assert.notStrictEqual(offset(back), auth[2]);
            await wire.text('425["message-with-ack","a"]');
            assert.strictEqual(await wire.packet('43'), '435["a"]');
            await wire.text('42["call-client","q","a"]');
            await wire.until(() => wire.packets().find((p) =>
                /^42\d+\["q","a"\]$/.test(p)), 'a question without offset');
        });

    it('what was missed comes before the answer, rooms and data are back',
        async () => {
            const here = await join();
            const there = await join();

            await here.wire.text('421["join","r"]');
            await here.wire.packet('431');
            await here.wire.text('422["set-data",{"a":1}]');
            await here.wire.packet('432');
            await there.wire.text('42["emit-in-room","r","first",1]');

            const last = offset(await here.wire.packet('42["first"'));

            here.wire.destroy();
            await sleep(60);
            await there.wire.text('42["emit-in-room","r","missed",1]');
            await there.wire.text('42["volatile-in-room","r","lost",1]');
            await there.wire.text('42["emit-in-room","r","missed",2]');
            await there.wire.text('429["message-with-ack"]');
            await there.wire.packet('439');

            const back = await join(JSON.stringify({ pid: here.pid,
                offset: last }));

            assert.strictEqual(back.sid, here.sid);
            assert.strictEqual(back.pid, here.pid);

            const got = back.wire.packets().slice(1);

            assert.deepStrictEqual(got.slice(0, 3).map((p) =>
                p.startsWith('40') ? '40' : JSON.parse(p.slice(2))
                    .slice(0, 2).join()), ['missed,1', 'missed,2', '40']);
            assert.ok(!got.some((p) => p.includes('lost')));
            await back.wire.text('423["rooms"]');
            assert.strictEqual(await back.wire.packet('433'),
                '433[["<self>","r"]]');
            await back.wire.text('424["whoami"]');
            assert.deepStrictEqual(JSON.parse((await back.wire
                .packet('434')).slice(3)), [{ id: here.sid,
                recovered: true, data: { a: 1 } }]);
        });

    async function fresh(pid, from, sid) {
        const back = await join(JSON.stringify({ pid, offset: from }));

        assert.notStrictEqual(back.sid, sid);
        assert.notStrictEqual(back.pid, pid);
        back.wire.destroy();
    }

    it('not after the window', async () => {
        const { wire, sid, pid } = await join();
        const from = offset(await wire.packet('42'));

        wire.destroy();
        await sleep(2300);
        await fresh(pid, from, sid);
    });

    it('not after a DISCONNECT of either side', async () => {
        for (const bye of ['41', '42["kick-me",false]', '42["kick-me",true]',
            '42{}']) {
            const { wire, sid, pid } = await join();
            const from = offset(await wire.packet('42'));

            await wire.text(bye);
            await sleep(60);
            wire.destroy();
            await fresh(pid, from, sid);
        }
    });

    it('not by taking over a session that is connected', async () => {
        const { wire, sid, pid } = await join();
        const from = offset(await wire.packet('42'));

        await fresh(pid, from, sid);
        await wire.text('42["message","still"]');
        await wire.packet('42["message-back","still"');
    });

    it('not with another\'s pid or a bad offset', async () => {
        const { wire, sid, pid } = await join();
        const from = offset(await wire.packet('42'));

        wire.destroy();
        await sleep(60);
        await fresh(`${pid.slice(0, -1)}${pid.endsWith('A') ? 'B' : 'A'}`,
            from, sid);
        await fresh('', from, sid);
        await fresh(pid, 'nonsense', sid);
    });

    it('without the directive there is no pid and no offset', async () => {
        const wire = await eio(server, D);

        await wire.text('40{"pid":"x","offset":"y"}');
        assert.deepStrictEqual(Object.keys(JSON.parse((await wire
            .packet('40')).slice(2))), ['sid']);
        assert.strictEqual(await wire.packet('42'),
            '42["auth",{"pid":"x","offset":"y"}]');
    });
});
