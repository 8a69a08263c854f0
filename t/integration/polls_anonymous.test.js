'use strict';

/*
 * Anonymous polls, as who reads along on the wire would see them: every octet
 * that goes to any client is kept on its way, and searched for who voted.
 */

const assert = require('node:assert');
const net = require('node:net');
const { after, afterEach, before, describe, it } = require('node:test');

const msgpack = require('socket.io-msgpack-parser');

const { usePolls, submit } = require('./lib/polls');
const { Player, sleep } = require('./lib/player');

const hooks = { before, after, afterEach };


/* Passes connections on, and keeps what the server says in each of them. */

class Tap {
    constructor(port) {
        this.said = [];
        this.server = net.createServer((client) => {
            const server = net.connect(port, '127.0.0.1');
            const kept = [];

            this.said.push(kept);
            server.on('data', (data) => kept.push(data));
            client.on('error', () => server.destroy());
            server.on('error', () => client.destroy());
            client.pipe(server).pipe(client);
        });
    }

    async start() {
        await new Promise((resolve) => {
            this.server.listen(0, '127.0.0.1', resolve);
        });
        this.url = `http://127.0.0.1:${this.server.address().port}`;
        return this;
    }

    /* What went by since the last time, of all connections. */

    take() {
        return this.said.map((kept) => Buffer.concat(kept.splice(0)))
            .filter((all) => all.length);
    }

    stop() {
        this.server.close();
    }
}


describe('polls: who voted in an anonymous poll', () => {
    const server = usePolls(hooks);

    it('P-67 P-17 stands in no octet that a client receives: each format, ' +
        'transport and parser, REST, replay', async () => {
        const session = await server.running({});
        const { poll } = session;
        const tap = await new Tap(server.ports.http).start();
        const players = [];
        const yes = (i) => poll.options[i % 2].optionId;

        const listen = async (query, opts) => {
            const player = new Player(tap.url, { ...opts,
                query: { sessionId: session.id, ...query } });

            players.push(player);
            await player.connect();
            return player;
        };

        try {
            const voters = [];

            for (let i = 0; i < 6; i++) {
                voters.push(await session.voter({ side: i % 2 }));
            }

            /* the voters' own connections are not looked at, all others are */
            for (const format of ['named', 'envelope', 'both']) {
                for (const mode of ['websocket', 'polling', 'upgrade']) {
                    await listen({ format }, { mode });
                }

                await listen({ format }, { parser: msgpack });
            }

            const presenter = await listen({ token: session.token });

            /* who is there has been said, which is not about votes */
            await sleep(300);

            const { eventId } = await session.create({ question: 'Before' })
                .then(() => presenter.next('poll:created'));

            await sleep(300);
            tap.take();

            for (const [i, voter] of voters.entries()) {
                await (i % 2 ? submit(voter, poll,
                    { selectedOptionIds: [yes(i)] })
                    : session.vote(poll, voter.who, { optionId: yes(i) }));

                /* once more, which is refused */
                await (i % 2 ? session.vote(poll, voter.who,
                    { optionId: yes(i) })
                    : submit(voter, poll, { selectedOptionIds: [yes(i)] }));
            }

            await session.close(poll);

            for (const player of players) {
                await player.on(() => player.log.some((e) =>
                    e.kind === 'event' && (e.name === 'poll:closed' ||
                        e.data?.eventType === 'poll:closed')), 'the end');
            }

            /* who comes now, and who comes back */
            const back = [];

            for (const format of ['named', 'envelope', 'both']) {
                for (const mode of ['websocket', 'polling']) {
                    await listen({ format }, { mode });
                    back.push(await listen({ format, lastEventId: eventId },
                        { mode }));
                }
            }

            for (const player of back) {
                await player.on(() => player.log.some((e) =>
                    e.kind === 'event' && (e.name === 'poll:closed' ||
                        e.data?.eventType === 'poll:closed')), 'a replay');
            }

            const asked = [];

            for (const [url, token] of [
                [`/sessions/${session.id}`], [`/sessions/${session.slug}`],
                [`/sessions/${session.id}/state`],
                [`/sessions/${session.id}/polls`],
                [`/sessions/${session.id}/polls/active`],
                [`/polls/${poll.pollId}`], [`/polls/${poll.pollId}/results`],
                [`/polls/${poll.pollId}/votes`],
                [`/polls/${poll.pollId}/votes`, session.token],
                [`/polls/${poll.pollId}/votes/count`],
                [`/polls/${poll.pollId}/votes/count`, session.token],
            ]) {
                const res = await fetch(tap.url + url, { headers: token
                    ? { authorization: `Bearer ${token}` } : {} });

                asked.push([url, res.status, (await res.text()).length]);
            }

            assert.ok(asked.filter(([, status]) => status === 200).length
                >= 7, JSON.stringify(asked));

            await sleep(200);

            const all = tap.take();
            const octets = Buffer.concat(all);

            /* it has been looked at: votes were counted, and told */
            assert.ok(all.length > 20, `${all.length} connections`);
            assert.ok(octets.includes('results:updated'));
            assert.ok(octets.includes(poll.pollId));
            assert.ok(octets.includes('"totalVotes":6'));

            /* they are found where they may stand */
            await fetch(`${tap.url}/sessions/${session.id}/participants`,
                { headers: session.auth }).then((res) => res.text());

            const list = Buffer.concat(tap.take());

            for (const { who } of voters) {
                assert.ok(list.includes(who.participantId));

                for (const secret of [who.participantId,
                    who.participantToken].filter(Boolean)) {
                    const at = octets.indexOf(secret);

                    assert.strictEqual(at, -1, octets.subarray(
                        Math.max(0, at - 200), at + 60).toString('latin1'));
                }
            }
        } finally {
            players.forEach((player) => player.close());

            /* what polling has to say at its end goes through it, too */
            await server.clean();
            tap.stop();
        }
    });
});
