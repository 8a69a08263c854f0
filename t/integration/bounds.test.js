'use strict';

/* Each limit: a directive, a refusal with the right code, a figure. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { echoServer, oneLocation, refused, Poll, Wire, frame, eio, sio,
    request, sleep, until, SCALE } = require('./lib/echo');
const { Server } = require('./lib/server');


/* One server whose location has these directives, for the tests inside. */

function bound(name, lines, tests, o) {
    describe(`bounds: ${name}`, () => {
        const server = new Server(oneLocation(lines, o));

        before(() => server.start());
        afterEach(() => Wire.closeAll());
        after(() => server.stop());
        tests(server);
    });
}


const ASKED = 1000;


async function counts(server, why, n, fn) {
    const was = await refused(server, why);

    await fn();
    await until(async () => await refused(server, why) === was + n,
        `${n} more refused for ${why}`);
}


bound('rooms_max_payload', 'rooms_max_payload 2000;', (server) => {
    it('WebSocket: 1009 by the header of a frame', () =>
        counts(server, 'payload', 1, async () => {
            const wire = await eio(server, '/socket.io/');

            await wire.write(frame(1, '', { len: 2001 }));
            assert.strictEqual(await wire.closed(), 1009);
        }));

    it('WebSocket: 1009 for the sum of fragments', () =>
        counts(server, 'payload', 1, async () => {
            const wire = await eio(server, '/socket.io/');

            await wire.send(frame(1, '4'.padEnd(1500), { fin: 0 }),
                frame(0, '', { len: 501, fin: 0 }));
            assert.strictEqual(await wire.closed(), 1009);
        }));

    it('polling: 413, the session lives on', () =>
        counts(server, 'payload', 1, async () => {
            const poll = await new Poll(server, '/socket.io/').open();

            assert.strictEqual(poll.hello.maxPayload, 2000);
            assert.strictEqual((await poll.post('4'.padEnd(2001))).status,
                413);
            assert.strictEqual((await poll.post('40')).text, 'ok');
        }));

    it('all attachments of a packet together', () =>
        counts(server, 'payload', 1, async () => {
            const wire = await sio(server);

            await wire.send(frame(1, '453-["message"]'),
                frame(2, Buffer.alloc(1500)), frame(2, Buffer.alloc(501)));
            assert.strictEqual(await wire.closed(), 1009);
        }));
});


bound('rooms_max_fragments', 'rooms_max_fragments 3;', (server) => {
    it('three are allowed, four are 1009', () =>
        counts(server, 'payload', 1, async () => {
            const wire = await sio(server);

            await wire.send(frame(1, '42["mess', { fin: 0 }),
                frame(0, 'age",', { fin: 0 }), frame(0, '1]'));
            await wire.packet('42["message-back",1]');
            await wire.send(frame(1, '4', { fin: 0 }),
                frame(0, '2', { fin: 0 }), frame(0, '', { fin: 0 }),
                frame(0, '', { fin: 0 }));
            assert.strictEqual(await wire.closed(), 1009);
        }));

    it('a million empty fragments cost nothing', () =>
        counts(server, 'payload', 1, async () => {
            const wire = await eio(server, '/socket.io/');
            const empty = Buffer.concat(Array.from({ length: 1000 },
                () => frame(0, '', { fin: 0 })));

            await wire.send(frame(1, '4', { fin: 0 }), empty);
            assert.strictEqual(await wire.closed(), 1009);
        }));
});


bound('rooms_max_attachments', 'rooms_max_attachments 2;', (server) => {
    it('more end the connection before any came', () =>
        counts(server, 'packet', 1, async () => {
            const wire = await sio(server);

            await wire.send(frame(1, '452-["message"]'), frame(2, 'a'),
                frame(2, 'b'));
            await wire.packet('42["message-back"]');
            await wire.text('453-["message"]');
            await wire.closed();
        }));
});


bound('rooms_max_rooms', 'rooms_max_rooms 3;', (server) => {
    it('the room of a namespace and two more', () =>
        counts(server, 'limit', 1, async () => {
            const wire = await sio(server);

            for (const name of ['a', 'b', 'c']) {
                await wire.text(`421["join","${name}"]`);
                await wire.packet('431');
                wire.clear();
            }

            await wire.text('422["rooms"]');
            assert.strictEqual(await wire.packet('432'),
                '432[["<self>","a","b"]]');
        }));
});


bound('rooms_max_namespaces', 'rooms_max_namespaces 2;', (server) => {
    it('the next CONNECT is refused, the connection lives on', () =>
        counts(server, 'limit', 1, async () => {
            const wire = await sio(server);

            await wire.text('40/custom,');
            await wire.packet('40/custom,');
            await wire.text('40/room-1,');
            assert.match(await wire.packet('44/room-1,'), /Too many/);
            await wire.text('41/custom,');
            await wire.text('40/room-1,');
            await wire.packet('40/room-1,{"sid"');
        }));
});


bound('rooms_events', 'rooms_events 10;', (server) => {
    it('what is too much in a second is refused', () =>
        counts(server, 'rate', 5, async () => {
            const wire = await sio(server);

            /* the second of its CONNECT is over */

            await sleep(1100);

            for (let i = 0; i < 15; i++) {
                await wire.text(`42${i}["message-with-ack",${i}]`);
            }

            await wire.until(() => wire.packets().filter((p) =>
                p.startsWith('43')).length === 15, 'fifteen acks');

            const acks = wire.packets().filter((p) => p.startsWith('43'));

            assert.strictEqual(acks.filter((p) =>
                p.includes('Too many')).length, 5);
            await sleep(1100);
            wire.clear();
            await wire.text('4299["message-with-ack","again"]');
            assert.strictEqual(await wire.packet('4399'), '4399["again"]');
        }));

    /* each is a record in the journal */

    it('coming and going counts, too', () =>
        counts(server, 'rate', 11, async () => {
            const wire = await sio(server);

            await sleep(1100);

            for (let i = 0; i < 10; i++) {
                await wire.send(frame(1, '40/custom,'),
                    frame(1, '41/custom,'));
            }

            for (let i = 0; i < 11; i++) {
                await wire.text('40/custom,');
            }

            await wire.until(() => wire.packets().filter((p) =>
                p.startsWith('44/custom,')).length === 11, 'the refusals');
            assert.strictEqual(wire.packets().find((p) =>
                p.startsWith('44')), '44/custom,{"message":"Too many events"}');
        }));
});


bound('rooms_max_nodes and the depth of JSON', 'rooms_max_nodes 20;',
    (server) => {
        const values = (n) => `42["message",${Array(n).fill('1').join()}]`;

        it('values are counted before the text is parsed', () =>
            counts(server, 'packet', 1, async () => {
                const wire = await sio(server);

                await wire.text(values(18));
                await wire.packet('42["message-back"');
                await wire.text(values(30));
                await wire.closed();
            }));

        it('32 levels, no more', () =>
            counts(server, 'packet', 1, async () => {
                const wire = await sio(server);
                const deep = (n) => '['.repeat(n) + ']'.repeat(n);

                await wire.text(`42["message",${deep(10)}]`);
                await wire.packet('42["message-back"');
                await wire.text(`42["message",${deep(32)}]`);
                await wire.closed();
            }));

        it('an ack is counted, too', () =>
            counts(server, 'packet', 1, async () => {
                const wire = await sio(server);

                await wire.text(`431[${Array(30).fill('1').join()}]`);
                await wire.closed();
            }));

        it('and so is what comes with a CONNECT', () =>
            counts(server, 'packet', 1, async () => {
                const wire = await eio(server, '/socket.io/');

                await wire.text(`40{"a":[${Array(30).fill('1').join()}]}`);
                await wire.closed();
            }));
    });


bound('acks that a client owes', '', (server) => {
    it('are so many, no more is asked then', () =>
        counts(server, 'limit', 10, async () => {
            const wire = await sio(server);

            for (let i = 0; i < ASKED + 10; i++) {
                await wire.text('42["call-client","q"]');
            }

            await wire.text('421["whoami"]');
            await wire.packet('431');
            assert.strictEqual(wire.packets().filter((p) =>
                p.endsWith('["q"]')).length, ASKED);

            /* one that is answered makes room for another */

            wire.clear();
            await wire.text('430["late"]');
            await wire.packet('42["client-answered","late"]');
            await wire.text('42["call-client","q"]');
            await wire.packet(`42${ASKED}["q"]`);
        }));
});


bound('rooms_send_queue', 'rooms_send_queue 64k;', (server) => {
    it('who does not read is closed, and counted', () =>
        counts(server, 'queue', 1, async () => {
            const wire = await sio(server);

            wire.socket.pause();

            for (let i = 0; i < 200; i++) {
                wire.text('42["big","b",100000]');
            }
        }));

    it('who polls too slowly as well', () =>
        counts(server, 'queue', 1, async () => {
            const poll = await new Poll(server, '/socket.io/').open();

            await poll.post('40');
            await poll.until('42["auth"');
            await poll.post('42["big","b",70000]');
        }));

    it('a message that fits goes through', async () => {
        const wire = await sio(server);

        await wire.text('42["big","b",60000]');
        await wire.packet('42["b"');
    });
});


bound('rooms_connect_timeout', 'rooms_connect_timeout 200ms;', (server) => {
    it('no CONNECT in time', () => counts(server, 'handshake', 1,
        async () => {
            const wire = await eio(server, '/socket.io/');
            const from = Date.now();

            await wire.closed();
            assert.ok(Date.now() - from < 400 + 400 * SCALE);
        }));
});


bound('rooms_handshakes', 'rooms_handshakes 3; rooms_connect_timeout 1s;',
    (server) => {
        it('connections without a CONNECT are limited: 503', () =>
            counts(server, 'limit', 2, async () => {
                const wires = [];

                for (let i = 0; i < 3; i++) {
                    wires.push(await eio(server, '/socket.io/'));
                }

                const wire = new Wire(server.ports.http);

                await wire.get('/socket.io/?EIO=4&transport=websocket');
                await wire.until(() => wire.head !== null, 'an answer');
                assert.strictEqual(wire.status, 503);

                const res = await request(server.url, 'GET',
                    '/socket.io/?EIO=4&transport=polling');

                assert.strictEqual(res.status, 503);

                /* one that has said CONNECT makes room */

                await wires[0].text('40');
                await wires[0].packet('40');
                await eio(server, '/socket.io/');
            }));
    }, { workers: 1 });


describe('bounds: header time', () => {
    const server = echoServer({ http: ['client_header_timeout 1s;'] });

    before(() => server.start());
    after(() => server.stop());

    it('is nginx\'s client_header_timeout', async () => {
        const wire = new Wire(server.ports.http);

        await wire.write('GET /ws-echo HTTP/1.1\r\nHost: x\r\nUpgr');
        await wire.until(() => wire.ended, 'the end', 5000 * SCALE);
        assert.strictEqual(wire.head, null);
    });
});


describe('bounds: the directives have defaults and refuse nonsense', () => {
    it('every limit can be inherited and said once', async () => {
        const server = new Server(oneLocation('', { http: [
            'rooms_max_payload 1m;', 'rooms_send_queue 1m;',
            'rooms_max_fragments 10;', 'rooms_max_attachments 1;',
            'rooms_max_rooms 5;', 'rooms_max_namespaces 5;',
            'rooms_max_nodes 50;', 'rooms_events 5;',
            'rooms_handshakes 100;'] }));

        await server.start();
        await sio(server);
        Wire.closeAll();
        await server.stop();
    });
});
