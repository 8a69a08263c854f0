'use strict';

/* What rooms say is held for a while, and everything else is as it was. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { oneLocation, Wire, Poll, sio, until, SCALE } = require('./lib/echo');
const { Server } = require('./lib/server');

const numbers = (n) => Array.from({ length: n }, (_, i) => i);


/* A server; members are on /socket.io/, and /plain/ holds nothing. */

function held(lines) {
    const server = new Server(oneLocation(lines, {
        locations: 'location /plain/ { rooms echo; }' }));

    server.dinner = async () => (await server.status()).apps.echo;
    return server;
}


async function join(wire, room) {
    await wire.text(`421["join","${room}"]`);
    await wire.packet('431');
    return wire.clear();
}


/* A member of the room, and the worker it is on. */

async function member(server, location, room) {
    const was = await server.bySlot();
    const wire = await sio(server, location);

    wire.slot = await until(async () => [...await server.bySlot()].find(
        ([slot, n]) => n > (was.get(slot) || 0)), 'the new socket')
        .then(([slot]) => slot);
    return join(wire, room);
}


/* Members until there are two on each of both workers. */

async function members(server, room) {
    const all = [];

    for (let i = 0; i < 40; i++) {
        all.push(await member(server, '/socket.io/', room));

        const counts = [...new Set(all.map((w) => w.slot))].map((slot) =>
            all.filter((w) => w.slot === slot).length);

        if (counts.length === 2 && counts.every((n) => n > 1)) {
            return all;
        }
    }

    throw new Error('all members are on one worker');
}


/* One on that worker. */

async function beside(server, location, room, slot) {
    for (let i = 0; i < 40; i++) {
        const wire = await member(server, location, room);

        if (wire.slot === slot) {
            return wire;
        }

        const was = (await server.dinner()).sockets;

        wire.destroy();
        await until(async () => (await server.dinner()).sockets <
            was, 'a closed socket leaving /status');
    }

    throw new Error('no connection reached that worker');
}


/* Who leaves would hide who comes. */

function clean(server) {
    Wire.closeAll();
    return server.clean();
}


const heard = (wire) => wire.packets().filter((p) => p.startsWith('42["n"'))
    .map((p) => JSON.parse(p.slice(2))[1]);


describe('coalescing: a room that is held for a second', () => {
    const server = held('rooms_coalesce 1s;');

    before(() => server.start());
    afterEach(() => clean(server));
    after(() => server.stop());

    it('writes once what came in many turns, to members on both workers',
        async () => {
            const all = await members(server, 'hall');
            const plain = await member(server, '/plain/', 'hall');
            const writer = await sio(server);

            all.forEach((w) => {
                w.reads = 0;
            });
            plain.reads = 0;

            for (let i = 0; i < 50; i++) {
                await writer.text(`421${i}["emit-in-room","hall","n",${i}]`);
                await writer.packet(`431${i}[`);
                await plain.packet(`42["n",${i}]`);
            }

            for (const wire of all) {
                await wire.packet('42["n",49]');
                assert.deepStrictEqual(heard(wire), numbers(50));
                assert.ok(wire.reads <= 10, `${wire.reads} reads`);
            }

            assert.deepStrictEqual(heard(plain), numbers(50));
            assert.ok(plain.reads >= 50, `${plain.reads} reads`);
        });

    it('acks do not wait, and what was said before comes before them',
        async () => {
            const [one, two] = await members(server, 'hall');

            two.reads = 0;

            for (let i = 0; i < 50; i++) {
                await one.text(`421${i}["emit-in-room","hall","n",${i}]`);
                await one.packet(`431${i}[`);
            }

            await one.packet('42["n",49]');
            assert.deepStrictEqual(one.packets(), numbers(50).flatMap((i) =>
                [`431${i}[]`, `42["n",${i}]`]));
            await two.packet('42["n",49]');
            assert.deepStrictEqual(heard(two), numbers(50));
            assert.ok(two.reads <= 10, `${two.reads} reads`);
        });

    it('what is for one socket alone comes after what was said before',
        async () => {
            const [one] = await members(server, 'hall');

            await one.text('42["emit-in-room","hall","n",0]');
            await one.text('42["message","x"]');
            await one.packet('42["message-back"');
            await one.text('42["emit-in-room","hall","n",1]');
            await one.text('42["burst","b",2]');
            await one.packet('42["b",1]');
            assert.deepStrictEqual(one.packets(), ['42["n",0]',
                '42["message-back","x"]', '42["n",1]', '42["b",0]',
                '42["b",1]']);
        });

    it('the sender is left out, and has the rest in order', async () => {
        const all = await members(server, 'hall');
        const [one] = all;

        await one.text('42["emit-in-room","hall","n",0]');
        await one.text('42["emit-to-room","hall","n",1]');
        await one.text('42["emit-in-room","hall","n",2]');

        for (const wire of all) {
            await wire.packet('42["n",2]');
            assert.deepStrictEqual(heard(wire), wire === one ? [0, 2]
                : [0, 1, 2]);
        }
    });

    it('who leaves has what was said before, who comes what is said after',
        async () => {
            const [one, two] = await members(server, 'hall');
            const late = await sio(server);

            await one.text('42["emit-in-room","hall","n",0]');
            await one.text('421["leave","hall"]');
            await one.packet('431');
            assert.deepStrictEqual(one.packets(), ['42["n",0]', '431[]']);

            await late.text('421["join","hall"]');
            await late.packet('431');
            await two.text('42["emit-in-room","hall","n",1]');
            await late.packet('42["n",1]');
            assert.deepStrictEqual(late.packets(), ['431[]', '42["n",1]']);
            await two.packet('42["n",1]');
            assert.deepStrictEqual(heard(two), [0, 1]);
            assert.deepStrictEqual(heard(one), [0]);
        });

    it('who is closed has what was said before', async () => {
        const [one] = await members(server, 'hall');

        await one.text('42["emit-in-room","hall","n",0]');
        await one.text('42["kick-me",true]');
        await one.closed();
        assert.deepStrictEqual(one.packets(), ['42["n",0]', '41']);
    });

    it('a polling client has all that is there in one answer', async () => {
        const [one] = await members(server, 'hall');
        const poll = await new Poll(server, '/socket.io/').open();

        await poll.post('40');
        await poll.until('42["auth"');
        await poll.post('421["join","hall"]');
        await poll.until('431');

        for (let i = 0; i < 20; i++) {
            await one.text(`421${i}["emit-in-room","hall","n",${i}]`);
            await one.packet(`431${i}[`);
        }

        assert.deepStrictEqual((await poll.until('42["n",19]'))
            .map((p) => JSON.parse(p.slice(2))[1]), numbers(20));
        await poll.post('1');
    });

    it('who holds 16k has them before the second is over', async () => {
        const [one, two] = await members(server, 'hall');
        const text = 'x'.repeat(9000);
        const from = Date.now();

        for (let i = 0; i < 40; i += 2) {
            await one.text(`42["emit-in-room","hall","n",${i},"${text}"]`);
            await one.text(`42["emit-in-room","hall","n",${i + 1},` +
                `"${text}"]`);
            await two.packet(`42["n",${i + 1},`);
        }

        assert.ok(Date.now() - from < 15000, 'it has waited each time');
        assert.deepStrictEqual(heard(two), numbers(40));
    });
});


describe('coalescing: what ends the wait', () => {
    const server = held('rooms_coalesce 1s; rooms_ping_interval 300ms;');

    before(() => server.start());
    afterEach(() => clean(server));
    after(() => server.stop());

    it('a ping comes after what was said before it', async () => {
        const [one] = await members(server, 'hall');

        await one.until(() => one.frames.some((f) =>
            f.data.toString() === '2'), 'a ping');
        one.clear();
        await one.text('42["emit-in-room","hall","n",0]');
        await one.until(() => one.frames.length > 1, 'both');
        assert.deepStrictEqual(one.frames.map((f) => f.data.toString())
            .slice(0, 2), ['42["n",0]', '2']);
    });

    it('a reload: the old workers say what they hold', async () => {
        const all = await members(server, 'hall');

        await all[0].text('421["emit-in-room","hall","n",0]');
        await all[0].packet('431');
        await server.reload();

        for (const wire of all) {
            await wire.until(() => wire.ended, 'the end', 15000 * SCALE);
            assert.deepStrictEqual(heard(wire), [0]);
        }
    });
});


describe('coalescing: a worker that ends', () => {
    const server = held('rooms_coalesce 1s;');

    before(() => server.start());
    after(() => {
        Wire.closeAll();
        return server.stop();
    });

    it('says what it holds, where it closes nothing in peace', async () => {
        const one = await member(server, '/socket.io/', 'hall');
        const plain = await beside(server, '/plain/', 'hall', one.slot);

        await one.text('42["emit-in-room","hall","n",0]');
        await plain.packet('42["n",0]');
        server.kill(server.child.pid, 'SIGTERM');
        await one.until(() => one.ended, 'the end', 15000 * SCALE);
        assert.deepStrictEqual(heard(one), [0]);
        await server.gone;
    });
});


describe('coalescing: members of two rooms', () => {
    const server = held('rooms_coalesce 20ms; rooms_recovery 1m;' +
        'rooms_deflate on; rooms_deflate_threshold 0;');

    before(() => server.start());
    afterEach(() => server.clean());
    after(() => server.stop());

    it('hear both in one order, over every transport', async () => {
        const modes = ['websocket', 'polling', 'upgrade'];
        const all = await Promise.all(modes.flatMap((mode) => numbers(6).map(
            () => server.player({ mode }))));
        const writer = await server.player();

        await server.assertBothWorkers();
        await Promise.all(all.flatMap((p) => [p.ask('join', 'a'),
            p.ask('join', 'b')]));

        for (let i = 0; i < 300; i++) {
            await writer.ask('emit-in-room', 'aab'[i % 3], 'n', i);

            if (i % 50 === 25) {
                await Promise.all(all.map((p) => p.ask(i % 100 === 25
                    ? 'join' : 'leave', 'c')));
            }
        }

        for (const player of all) {
            await player.on(() => player.all('n').length >= 300, 'all of it');
            assert.deepStrictEqual(player.all('n'), numbers(300));
        }
    });

    it('miss nothing over cuts, and have nothing twice', async () => {
        const all = await Promise.all(numbers(8).map(() => server.player()));
        const writer = await server.player();

        await Promise.all(all.flatMap((p) => [p.ask('join', 'a'),
            p.ask('join', 'b')]));

        for (let i = 0; i < 200; i++) {
            await writer.ask('emit-in-room', 'ab'[i % 2], 'n', i);

            if (i % 20 === 10) {
                all.forEach((p) => p.socket.io.engine.close());
                await Promise.all(all.map((p) =>
                    p.connection(2 + (i - 10) / 20)));
            }
        }

        for (const player of all) {
            await player.on(() => player.all('n').length >= 200, 'all of it');
            assert.deepStrictEqual(player.all('n'), numbers(200));
        }
    });
});
