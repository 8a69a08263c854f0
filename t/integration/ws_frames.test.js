'use strict';

/* RFC 6455 by octets, case family by case family. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { useEcho, Wire, frame, closeFrame, refused, WAIT, SCALE } =
    require('./lib/echo');

const TARGETS = ['/ws-echo', '/ws-echo-nodeflate'];
const text = (s, o) => frame(1, s, o);
const cont = (s, o) => frame(0, s, o);
const more = { fin: 0 };
const PING = frame(9, 'p');


async function connect(server, target) {
    const wire = new Wire(server.ports.http);

    return wire.open(target || '/ws-echo');
}


/* What came, as [opcode, text] or [opcode, length] of what is long. */

function seen(frames) {
    return frames.map((f) => [f.opcode, f.data.length > 200 ? f.data.length
        : f.data.toString('latin1')]);
}


/* Each frame written, cut into pieces of n octets. */

async function chop(wire, data, n) {
    for (let i = 0; i < data.length; i += n) {
        await wire.write(data.subarray(i, i + n));

        if (data.length < 2000) {
            await new Promise(setImmediate);
        }
    }
}


describe('RFC 6455: opening handshake', () => {
    const server = useEcho({ before, after, afterEach });

    it('4.2.2: the accept value of the example', async () => {
        const wire = await new Wire(server.ports.http).open('/ws-echo', {
            'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' });

        assert.match(wire.head, /^HTTP\/1\.1 101 /);
        assert.strictEqual(wire.header('Sec-WebSocket-Accept'),
            's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
        assert.strictEqual(wire.header('Upgrade'), 'websocket');
        assert.match(wire.header('Connection'), /^upgrade$/i);
        assert.strictEqual(wire.header('Sec-WebSocket-Protocol'), null);
        assert.strictEqual(wire.header('Sec-WebSocket-Extensions'), null);
    });

    for (const [what, headers] of [
        ['names in other cases', { Upgrade: null, uPGRADE: 'WebSocket' }],
        ['Connection with more tokens', {
            Connection: 'keep-alive, Upgrade' }],
        ['Connection in lower case', { Connection: 'upgrade' }],
        ['Connection in two lines', {
            Connection: ['keep-alive', 'x , Upgrade'] }],
        ['an unknown extension', {
            'Sec-WebSocket-Extensions': 'x-unknown; a=1' }],
        ['a protocol', { 'Sec-WebSocket-Protocol': 'chat' }],
    ]) {
        it(`accepts ${what}`, async () => {
            const wire = await new Wire(server.ports.http).open('/ws-echo',
                headers);

            await wire.send(text('x'));
            assert.deepStrictEqual(seen([await wire.frame(1)]), [[1, 'x']]);
        });
    }

    for (const [what, headers] of [
        ['no Upgrade', { Upgrade: null }],
        ['another Upgrade', { Upgrade: 'h2c' }],
        ['no Connection', { Connection: null }],
        ['Connection without upgrade', { Connection: 'keep-alive' }],
        ['Connection with a token like it', {
            Connection: 'x-upgrade, upgrades, up grade' }],
        ['no key', { 'Sec-WebSocket-Key': null }],
        ['a short key', { 'Sec-WebSocket-Key': 'AAAA' }],
        ['a long key', { 'Sec-WebSocket-Key': 'A'.repeat(28) }],
        ['a key that is no base64', {
            'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' }],
        ['two keys', { 'Sec-WebSocket-Key':
            ['dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ=='] }],
        ['two versions', { 'Sec-WebSocket-Version': ['13', '13'] }],
        ['no version', { 'Sec-WebSocket-Version': null }],
        ['version 8', { 'Sec-WebSocket-Version': '8' }],
        ['version 130', { 'Sec-WebSocket-Version': '130' }],
        ['a body', { 'Content-Length': '5' }],
        ['a chunked body', { 'Transfer-Encoding': 'chunked' }],
    ]) {
        it(`refuses ${what} with 400`, async () => {
            const was = await refused(server, 'handshake');
            const wire = new Wire(server.ports.http);

            await wire.get('/ws-echo', headers);

            if (headers['Content-Length']) {
                await wire.write('hello');
            }

            if (headers['Transfer-Encoding']) {
                await wire.write('5\r\nhello\r\n0\r\n\r\n');
            }

            await wire.until(() => wire.head !== null, 'an answer');
            assert.strictEqual(wire.status, 400);

            if (headers['Sec-WebSocket-Version'] !== undefined &&
                what !== 'two versions') {
                assert.strictEqual(wire.header('Sec-WebSocket-Version'),
                    '13');
            }

            assert.strictEqual(await refused(server, 'handshake'), was + 1);
        });
    }

    for (const [what, line] of [
        ['HTTP/1.0', 'GET /ws-echo HTTP/1.0'],
        ['POST', 'POST /ws-echo HTTP/1.1'],
    ]) {
        it(`refuses ${what}`, async () => {
            const wire = new Wire(server.ports.http);

            await wire.write(`${line}\r\nHost: x\r\nUpgrade: websocket\r\n` +
                'Connection: Upgrade\r\nContent-Length: 0\r\n' +
                'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
                'Sec-WebSocket-Version: 13\r\n\r\n');
            await wire.until(() => wire.head !== null, 'an answer');
            assert.strictEqual(wire.status, 400);
        });
    }
});


/*
 * [name, what is sent, what is to come back, the code of the close (-1: the
 * connection lives on)].
 */

const A = 'a'.repeat(125);
const CASES = {
    '1 framing': [
        ...[0, 125, 126, 127, 128, 65535, 65536].flatMap((n) => [
            [`text of ${n}`, [text('*'.repeat(n))],
                [[1, n > 200 ? n : '*'.repeat(n)]], -1],
            [`binary of ${n}`, [frame(2, Buffer.alloc(n, 0xfe))],
                [[2, n > 200 ? n : '\xfe'.repeat(n)]], -1],
        ]),
        ['a mask of zeroes', [text('x', { mask: Buffer.alloc(4) })],
            [[1, 'x']], -1],
        ['no mask', [text('x', { mask: false })], [], 1002],
        ['a close without a mask', [closeFrame(1000, '', { mask: false })],
            [], 1002],
        ['a length longer than needed, 16 bits', [text('x', { form: 16 })],
            [], 1002],
        ['a length longer than needed, 64 bits', [text('x', { form: 64 })],
            [], 1002],
        ['a length with its highest bit', [Buffer.from(
            '82ffffffffffffffffff00000000', 'hex')], [], 1002],
    ],
    '2 pings and pongs': [
        ['a ping without payload', [frame(9, '')], [[10, '']], -1],
        ['a ping with text', [frame(9, 'hello')], [[10, 'hello']], -1],
        ['a ping with octets', [frame(9, Buffer.from('00fffe01', 'hex'))],
            [[10, '\x00\xff\xfe\x01']], -1],
        ['a ping of 125', [frame(9, A)], [[10, A]], -1],
        ['a ping of 126', [frame(9, `${A}a`)], [], 1002],
        ['an unasked pong', [frame(10, ''), PING], [[10, 'p']], -1],
        ['an unasked pong with payload', [frame(10, 'x'), PING],
            [[10, 'p']], -1],
        ['ten pings', Array.from({ length: 10 }, (_, i) => frame(9, `${i}`)),
            Array.from({ length: 10 }, (_, i) => [10, `${i}`]), -1],
    ],
    '3 reserved bits': [
        ...[2, 3, 1, 4, 5, 6, 7].map((rsv) => [`RSV ${rsv} on text`,
            [text('x', { rsv })], [], 1002]),
        ['RSV 2 after a good message', [text('a'), text('x', { rsv: 2 })],
            [[1, 'a']], 1002],
        ['RSV 4 on a ping', [frame(9, 'x', { rsv: 4 })], [], 1002],
        ['RSV 7 on a close', [closeFrame(1000, '', { rsv: 7 })], [], 1002],
        ['RSV 1 on a continuation', [text('a', more), cont('b', { rsv: 1 })],
            [], 1002],
    ],
    '4 reserved opcodes': [
        ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((op) => [`opcode ${op}`,
            [text('a'), frame(op, 'x'), PING], [[1, 'a']], 1002]),
        ['opcode 3 without payload', [frame(3, '')], [], 1002],
        ['opcode 11 without payload', [frame(11, '')], [], 1002],
    ],
    '5 fragmentation': [
        ['a ping in two', [frame(9, 'a', more), cont('b')], [], 1002],
        ['a pong in two', [frame(10, 'a', more), cont('b')], [], 1002],
        ['a close in two', [frame(8, '', more)], [], 1002],
        ['text in two', [text('a', more), cont('b')], [[1, 'ab']], -1],
        ['binary in two', [frame(2, 'a', more), cont('b')], [[2, 'ab']], -1],
        ['text in three, the last empty', [text('a', more), cont('b', more),
            cont('')], [[1, 'ab']], -1],
        ['all parts empty', [text('', more), cont('', more), cont('')],
            [[1, '']], -1],
        ['a ping between', [text('a', more), frame(9, 'p'), cont('b')],
            [[10, 'p'], [1, 'ab']], -1],
        ['a ping after each of five', [text('0', more),
            ...[1, 2, 3].flatMap((i) => [PING, cont(`${i}`, more)]), PING,
            cont('4')], [[10, 'p'], [10, 'p'], [10, 'p'], [10, 'p'],
            [1, '01234']], -1],
        ['a continuation of nothing', [cont('x')], [], 1002],
        ['a continuation of nothing, open', [cont('x', more)], [], 1002],
        ['a continuation after a whole message', [text('a'), cont('x')],
            [[1, 'a']], 1002],
        ['text within text', [text('a', more), text('b')], [], 1002],
        ['binary within text', [text('a', more), frame(2, 'b', more)], [],
            1002],
        ['a close between', [text('a', more), closeFrame(1000)], [], 1000],
    ],
    '6 UTF-8': [
        ['in one piece', [text('Hello-\u00b5@\u00df\u00f6\u00e4\u20ac')],
            [[1, Buffer.from('Hello-\u00b5@\u00df\u00f6\u00e4\u20ac')
                .toString('latin1')]], -1],
        ['cut within a character', [text(Buffer.from('ceba', 'hex'), more),
            cont(Buffer.from('e1', 'hex'), more),
            cont(Buffer.from('bdb9', 'hex'))],
        [[1, '\xce\xba\xe1\xbd\xb9']], -1],
        ...['00', '7f', 'c280', 'dfbf', 'e0a080', 'ed9fbf', 'ee8080',
            'efbfbd', 'efbfbf', 'f0908080', 'f48fbfbf', 'f09f9880']
            .map((hex) => [`good ${hex}`, [text(Buffer.from(hex, 'hex'))],
                [[1, Buffer.from(hex, 'hex').toString('latin1')]], -1]),
        ...['80', 'bf', 'c0', 'c1', 'c080', 'c1bf', 'c328', 'df', 'e0',
            'e08080', 'e09fbf', 'eda080', 'edbfbf', 'edafbfedbfbf', 'efbf',
            'f0', 'f0808080', 'f08fbfbf', 'f0909080f4908080', 'f4908080',
            'f5808080', 'f8888080', 'fc8480808080', 'fe', 'ff',
            'cebae1bdb9cf83cebcceb5eda080656469746564']
            .map((hex) => [`bad ${hex}`, [text(Buffer.from(hex, 'hex'))],
                [], 1007]),
        ['an open character at the end of the last part',
            [text('a', more), cont(Buffer.from('c3', 'hex'))], [], 1007],
        ['any octets in binary', [frame(2, Buffer.from('80c0ff', 'hex'))],
            [[2, '\x80\xc0\xff']], -1],
        ['a bad octet in the first part is seen at once',
            [text(Buffer.from('f4908080', 'hex'), more)], [], 1007],
        ['... inside a frame that has not come to its end',
            [text(Buffer.from('abff', 'hex'), { len: 100 })], [], 1007],
        ['... a surrogate before its last octet',
            [text(Buffer.from('eda0', 'hex'), { len: 100 })], [], 1007],
    ],
    '7 closing': [
        ['an empty close', [frame(8, '')], [], 0],
        ['a close of one octet', [frame(8, 'x')], [], 1002],
        ['a code', [closeFrame(1000)], [], 1000],
        ['a code and a reason', [closeFrame(1000, 'Hello')], [], 1000],
        ['the longest reason', [closeFrame(1000, 'r'.repeat(123))], [],
            1000],
        ['one octet more', [closeFrame(1000, 'r'.repeat(124))], [], 1002],
        ['a reason that is no UTF-8', [closeFrame(1000,
            Buffer.from('ceff', 'hex'))], [], 1007],
        ['text after it is not looked at', [closeFrame(1000), text('x')], [],
            1000],
        ['a ping after it is not answered', [closeFrame(1000), PING], [],
            1000],
        ['two closes', [closeFrame(1000), closeFrame(1001)], [], 1000],
        ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000,
            3999, 4000, 4999].map((c) => [`code ${c}`, [closeFrame(c)], [],
            c]),
        ...[0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535]
            .map((c) => [`bad code ${c}`, [closeFrame(c)], [], 1002]),
    ],
};


describe('RFC 6455: heartbeat', () => {
    const server = useEcho({ before, after, afterEach }, {
        change: (conf) => conf.replace('location = /ws-echo {', (line) =>
            `${line} rooms_ping_interval ${Math.ceil(100 * SCALE)}ms;
                rooms_ping_timeout ${Math.ceil(200 * SCALE)}ms;`),
    });
    const pings = (wire) => wire.frames.filter((f) => f.opcode === 9);

    async function timeouts() {
        return (await server.status()).apps.echo_ws.timeouts;
    }

    it('5.5.2: pings are frames, and each pong asks for the next',
        async () => {
            const was = await timeouts();
            const wire = await connect(server);

            for (let n = 1; n < 5; n++) {
                await wire.until(() => pings(wire).length === n, `ping ${n}`);
                await wire.send(frame(10, pings(wire)[n - 1].data));
            }

            await wire.send(text('still there'));
            await wire.first(1);

            /* nothing has come that was not asked for */

            assert.deepStrictEqual(seen(wire.frames.filter((f) =>
                f.opcode !== 9)), [[1, 'still there']]);
            assert.deepStrictEqual(seen(pings(wire).slice(0, 4)),
                new Array(4).fill([9, '']));
            assert.strictEqual(await timeouts(), was);
        });

    it('a client that answers none is closed, after one more chance',
        async () => {
            const was = await timeouts();
            const [silent, talking] = [await connect(server),
                await connect(server)];

            await talking.first(9);
            await talking.send(text('late'));

            assert.strictEqual(await silent.closed(), 0);
            assert.strictEqual(pings(silent).length, 1);
            assert.strictEqual(await talking.closed(), 0);
            assert.deepStrictEqual(seen(talking.frames.slice(0, 2)),
                [[9, ''], [1, 'late']]);
            assert.strictEqual(await timeouts(), was + 2);
        });
});


describe('RFC 6455: frames', () => {
    const server = useEcho({ before, after, afterEach });

    for (const [family, cases] of Object.entries(CASES)) {
        for (const [name, sent, want, code] of cases) {
            it(`${family}: ${name}`, async () => {
                const data = Buffer.concat(sent);
                const pieces = data.length < 1000 ? [data.length, 1]
                    : [data.length, 997];

                for (const n of pieces) {
                    const wire = await connect(server,
                        TARGETS[(n + 1) % 2]);

                    await chop(wire, data, n);

                    if (code >= 0) {
                        assert.strictEqual(await wire.closed(), code);
                        assert.deepStrictEqual(seen(wire.frames
                            .filter((f) => f.opcode !== 8)), want);
                    } else {
                        await wire.frame(want.length);
                        assert.deepStrictEqual(seen(wire.frames), want);
                        await wire.send(frame(9, 'end'));
                        await wire.until(() => wire.frames.find((f) =>
                            f.data.toString() === 'end'), 'life');
                    }

                    assert.ok(wire.frames.every((f) => !f.masked && !f.rsv &&
                        f.fin), 'plain frames');
                    wire.destroy();
                }
            });
        }
    }

    it('failed frames are counted', async () => {
        const was = await refused(server, 'frame');

        for (const bad of [frame(3, ''), text(Buffer.from([0xff]))]) {
            const wire = await connect(server);

            await wire.send(bad);
            await wire.closed();
        }

        assert.strictEqual(await refused(server, 'frame'), was + 2);
    });
});


describe('RFC 6455: limits and performance', () => {
    const server = useEcho({ before, after, afterEach });
    const M = 1024 * 1024;

    async function echoed(wire, parts, size, opcode) {
        const writing = wire.send(...parts);
        const f = await wire.frame(1, 60000 * SCALE);

        await writing;
        assert.strictEqual(f.opcode, opcode);
        assert.strictEqual(f.data.length, size);
        assert.ok(f.data.every((c) => c === 42));
        wire.destroy();
    }

    for (const [size, part] of [[64 * 1024, 0], [M, 0], [4 * M, 0],
        [16 * M, 0], [4 * M, 64], [4 * M, 4096], [16 * M, 256],
        [16 * M, 65536]]) {
        it(`9 a message of ${size} in ${part ? `parts of ${part}` :
            'one frame'}`, async () => {
            const data = Buffer.alloc(size, 42);
            const opcode = 1 + (part >> 8) % 2;
            const parts = [];

            if (part) {
                for (let i = 0; i < size; i += part) {
                    parts.push(frame(i ? 0 : opcode,
                        data.subarray(i, i + part),
                        { fin: i + part >= size ? 1 : 0 }));
                }
            } else {
                parts.push(frame(opcode, data));
            }

            await echoed(await connect(server), parts, size, opcode);
        });
    }

    it('9 written in pieces of 64 and of 2048', async () => {
        for (const n of [64, 2048]) {
            const wire = await connect(server);
            const data = frame(1, Buffer.alloc(M, 42));
            const sent = chop(wire, data, n);

            assert.strictEqual((await wire.frame(1, WAIT * 3)).data.length,
                M);
            await sent;
        }
    });

    it('9 a thousand short messages', async () => {
        for (const n of [0, 16, 64, 1024]) {
            const wire = await connect(server);

            for (let i = 0; i < 1000; i++) {
                wire.send(frame(2, Buffer.alloc(n, i & 255)));
            }

            await wire.frame(1000, WAIT * 2);
            wire.frames.forEach((f, i) => assert.ok(f.data.length === n &&
                (n === 0 || f.data[0] === (i & 255))));
        }
    });

    it('10 65536 fragments and an empty one are one message, one more ' +
        'is 1009', async () => {
        const parts = Array.from({ length: 65536 }, (_, i) =>
            frame(i ? 0 : 2, '*', more));

        await echoed(await connect(server), [...parts, cont('')], 65536, 2);

        const wire = await connect(server);

        await wire.send(...parts, frame(0, '', more), cont('*'));
        assert.strictEqual(await wire.closed(60000 * SCALE), 1009);
    });

    it('10 one octet over 16 MiB is 1009, by the header alone', async () => {
        const was = await refused(server, 'payload');
        const wire = await connect(server);

        await wire.write(frame(2, '', { len: 16 * M + 1 }));
        assert.strictEqual(await wire.closed(), 1009);

        const huge = await connect(server);

        await huge.write(frame(2, '', { len: 2 ** 53 }));
        assert.strictEqual(await huge.closed(), 1009);

        const sum = await connect(server);

        await sum.send(frame(2, Buffer.alloc(8 * M), more),
            frame(0, '', { len: 8 * M + 1 }));
        assert.strictEqual(await sum.closed(), 1009);
        assert.strictEqual(await refused(server, 'payload'), was + 3);
    });
});
