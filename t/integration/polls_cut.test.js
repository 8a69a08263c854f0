'use strict';

/*
 * Clients that are cut again and again while a session is busy, in each format
 * and by each way back, against clients that are never cut.
 *
 * POLLS_CUTS=N cuts each of them N times.
 */

const assert = require('node:assert');
const { after, afterEach, before, describe, it } = require('node:test');

const { usePolls } = require('./lib/polls');
const { Player, SCALE, sleep, until } = require('./lib/player');

const hooks = { before, after, afterEach };
const CUTS = Number(process.env.POLLS_CUTS || 20);

const FORMATS = ['named', 'envelope', 'both'];


/*
 * What a client has had is a list of events, each in a form, in the order in
 * which they came; what an event brings it says by its own name or as "event".
 */

function form(name, data) {
    return `${name === 'event' ? 'envelope' : 'named'} ${data.eventType} ` +
        `${data.eventId} ${data.sequence}`;
}


/* A client that tells all it hears as it hears it. */

class Listener extends Player {
    constructor(server, query, hear) {
        super(server.anywhere(), { query, auth: {}, timeout: 10000 });
        this.hear = hear;
        server.players.push(this);
    }

    record(kind, name, data, args) {
        super.record(kind, name, data, args);

        if (kind === 'event' && data && data.eventId && this.hear) {
            this.hear(name, data, args);
        }
    }
}


/* way: "id" or "offset" of the last event as lastEventId, or "recovery". */

class Cut {
    constructor(server, session, format, way) {
        Object.assign(this, { server, session, format, way });
        this.name = `${format}, by ${way}`;
        this.heard = [];
        this.last = null;
        this.between = 0;
        this.armed = false;
    }

    query() {
        return { sessionId: this.session.id, format: this.format,
            ...(this.last ? { lastEventId: this.last } : {}) };
    }

    async open() {
        const player = new Listener(this.server, this.query(),
            (name, data, args) => this.hear(player, name, data, args));

        this.player = player;
        await player.connect();
    }

    hear(player, name, data, args) {
        if (player !== this.player) {
            return;
        }

        this.heard.push(form(name, data));

        if (this.way !== 'recovery') {
            this.last = this.way === 'id' ? data.eventId : args.at(-1);
        }

        /* the one form is there, the other is not */
        if (this.armed && name !== 'event') {
            this.armed = false;
            this.between++;
            this.break();
        }
    }

    /* What lies unread in the client is lost to it. */

    break() {
        const { player } = this;

        if (this.way !== 'recovery') {
            this.player = null;
            player.socket.io.reconnection(false);
        }

        player.drop();
    }

    async again(between) {
        const { player } = this;
        const was = player.log.filter((e) => e.kind === 'connect').length;

        if (between) {
            this.armed = true;
            await until(() => !this.armed, `${this.name}: an event`);
        } else {
            await sleep(Math.random() * 120);
            this.break();
        }

        await sleep(Math.random() * 60);

        if (this.way !== 'recovery') {
            await this.open();
            return;
        }

        const { recovered } = await player.connection(was + 1);

        assert.strictEqual(recovered, true, this.name);
    }
}


/* Joins and votes without a pause, by both ways, on one poll after another. */

class Business {
    constructor(session) {
        this.session = session;
        this.busy = true;
        this.done = this.run();
    }

    async run() {
        for (let i = 0; this.busy; i++) {
            const { poll } = this.session;
            const who = await this.session.join(`P${i}`);

            await this.session.vote(poll, who,
                { optionId: poll.options[i % 2].optionId });

            if (i % 25 === 24) {
                this.session.poll = await this.session.create();
                await this.session.activate(this.session.poll);
            }
        }
    }

    stop() {
        this.busy = false;
        return this.done;
    }
}


describe('polls: clients that are cut', () => {
    const server = usePolls(hooks, { zone: '64m' });

    it(`P-83 P-86 P-90 P-120 P-121 who is cut ${CUTS} times has had what ` +
        'was had by one never cut, in each format, by each way', async (t) => {
        const session = await server.running({});
        const [watch, other] = await session.observers({
            query: { format: 'both' } });
        const cuts = [];

        for (const format of FORMATS) {
            for (const way of ['id', 'offset', 'recovery']) {
                cuts.push(new Cut(server, session, format, way));
            }
        }

        await session.create();
        await watch.next('poll:created');
        await other.next('poll:created');
        watch.clear();
        other.clear();

        await Promise.all(cuts.map((cut) => cut.open()));

        /* everybody has something to come back with */
        await session.create();
        await until(() => cuts.every((cut) => cut.heard.length), 'a start');

        const business = new Business(session);

        await Promise.all(cuts.map(async (cut) => {
            for (let i = 0; i < CUTS; i++) {
                await cut.again(cut.format === 'both' && cut.way !== 'id' &&
                    i % 2);
            }
        }));
        await business.stop();
        await session.end();

        const list = (player) => player.log.filter((e) =>
            e.kind === 'event' && e.data && e.data.eventId)
            .map((e) => form(e.name, e.data));

        await until(() => / session:ended /.test(list(watch).join()),
            'the end');
        await sleep(400 * SCALE);

        const want = list(watch);

        assert.deepStrictEqual(list(other), want);
        t.diagnostic(`${want.length / 2} events`);
        assert.ok(want.length > 200, String(want.length));

        for (const cut of cuts) {
            const full = want.filter((e) => cut.format === 'both' ||
                e.startsWith(cut.format));

            await until(() => cut.heard.at(-1) === full.at(-1),
                `${cut.name}: the last`);

            if (cut.format !== 'both' || cut.way !== 'id') {
                assert.deepStrictEqual(cut.heard, full, cut.name);
                continue;
            }

            /* both forms have one id: who has had either has had the event */
            const ids = (events) => [...new Set(events.map((e) =>
                e.slice(e.indexOf(' '))))];

            assert.deepStrictEqual(ids(cut.heard), ids(full), cut.name);
            assert.strictEqual(new Set(cut.heard).size, cut.heard.length);
        }

        for (const cut of cuts.filter((c) => c.format === 'both' &&
            c.way !== 'id')) {
            assert.strictEqual(cut.between, Math.floor(CUTS / 2), cut.name);
        }
    });
});
