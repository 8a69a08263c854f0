'use strict';

/* nginx with polls, and what the tests of polls do first. */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const Ajv = require('ajv');

const { CONTRACTS } = require('./conf');
const { Server } = require('./server');

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;


function appText(o) {
    return `rooms_app polls {
    contract ${CONTRACTS}/polls.asyncapi.json;
    contract ${CONTRACTS}/polls.openapi.json;
    zone ${o.zone || '32m'};
    history ${o.history || '24h'};
    ${(o.options || []).map((line) => `option ${line};`).join('\n    ')}
}`;
}


function locationsText(o) {
    return `
        location /socket.io/ {
            rooms polls;
            rooms_recovery ${o.recovery || '2m'};
            ${(o.rooms || []).join('\n            ')}
        }

        location / {
            rooms_api polls;
            ${o.origin ? 'rooms_origin *;' : ''}
        }

        location = /status {
            rooms_status;
        }
`;
}


/*
 * o: those of Server, and options (of the application), history, recovery,
 * rooms (lines of the location).
 */

class PollsServer extends Server {
    constructor(o) {
        const { rooms, ...rest } = o || {};

        super({ ...rest, appText: appText(o || {}),
            locationsText: locationsText({ ...rest, rooms }) });
    }

    /* What the inherited functions ask of the status. */

    async dinner() {
        return (await this.status()).apps.polls;
    }

    async session(body, token) {
        const res = await this.rest.post('/sessions',
            { title: 'All hands', ...body },
            token && { authorization: `Bearer ${token}` });

        assert.strictEqual(res.status, 201, res.text);
        return new Session(this, res.json);
    }

    /* A session that has started, with one active poll of two options. */

    async running(poll) {
        const session = await this.session();

        await session.start();
        session.poll = await session.create(poll);
        await session.activate(session.poll);
        return session;
    }
}


/* What a presenter does, and who joins. */

class Session {
    constructor(server, created) {
        this.server = server;
        this.created = created;
        this.id = created.sessionId;
        this.slug = created.slug;
        this.token = created.presenterToken;
        this.auth = { authorization: `Bearer ${this.token}` };
    }

    post(url, body, headers) {
        return this.server.rest.post(url, body, headers || this.auth);
    }

    async ok(promise, status) {
        const res = await promise;

        assert.strictEqual(res.status, status || 200, res.text);
        return res.json;
    }

    command(name) {
        return this.ok(this.post(`/sessions/${this.id}/${name}`));
    }

    start() {
        return this.command('start');
    }

    end() {
        return this.command('end');
    }

    create(poll) {
        return this.ok(this.post(`/sessions/${this.id}/polls`, {
            question: 'Ship it?',
            ...(poll && poll.pollType && poll.pollType !== 'multiple_choice'
                ? {} : { options: [{ text: 'Yes' }, { text: 'No' }] }),
            ...poll }), 201);
    }

    activate(poll) {
        return this.ok(this.post(`/polls/${poll.pollId}/activate`));
    }

    close(poll) {
        return this.ok(this.post(`/polls/${poll.pollId}/close`));
    }

    join(displayName) {
        return this.ok(this.server.rest.post(`/sessions/${this.slug}/join`,
            displayName === undefined ? {} : { displayName }));
    }

    vote(poll, who, choice) {
        return this.server.rest.post(`/polls/${poll.pollId}/votes`,
            { participantId: who.participantId, ...choice });
    }

    async results(poll) {
        return this.ok(this.server.rest.get(`/polls/${poll.pollId}/results`));
    }

    /*
     * A connected socket that has been greeted.  o: side (worker), who
     * (participant), query (more of it), and options of the client.
     */

    async socket(o) {
        const { who, query, ...rest } = o || {};
        const player = await this.server.player({ ...rest,
            query: { sessionId: this.id,
                ...(who ? { participantId: who.participantId } : {}),
                ...query } });

        /* its answer comes after all that the connection has brought */
        await player.ask('connection:heartbeat', {});
        return player.clear();
    }

    /* Somebody who joins and connects. */

    async voter(o) {
        const who = await this.join();
        const player = await this.socket({ ...o, who });

        player.who = who;
        player.clear();
        return player;
    }

    /* Two observers, one on each worker. */

    async observers(o) {
        const pair = [await this.socket({ ...o, side: 0 }),
            await this.socket({ ...o, side: 1 })];

        await this.server.assertBothWorkers();
        return pair;
    }
}


function submit(player, poll, voteData, more) {
    return player.ask('vote:submitted', { pollId: poll.pollId,
        participantId: player.who.participantId, voteData,
        submittedAt: '2001-01-01T00:00:00.000Z', ...more });
}


/* Stored events in the order of arrival, each once. */

function stored(player) {
    return player.log.filter((e) => e.kind === 'event' && e.data &&
        e.data.eventId && e.name !== 'event').map((e) => e.data);
}


const doc = JSON.parse(fs.readFileSync(
    path.join(CONTRACTS, 'polls.asyncapi.json'), 'utf8'));
const ajv = new Ajv({ strict: false });

ajv.addFormat('uuid', UUID);
ajv.addFormat('date-time', ISO);
delete doc.id;
ajv.addSchema(doc, 'polls', false, false);

const messages = new Map(Object.entries(doc.components.messages)
    .filter(([key]) => !/Ack$/.test(key) && key !== 'clientHeartbeat')
    .map(([key, message]) => [message.name,
        `polls#/components/messages/${key}/payload`]));


/* What in the log of a player is not as the contract has it. */

function faults(player) {
    const wrong = [];

    for (const e of player.log.filter((one) => one.kind === 'event')) {
        const { eventType, timestamp, payload } = e.data || {};
        const pointer = messages.get(eventType);
        const check = pointer && ajv.getSchema(pointer);

        if (!check) {
            wrong.push(`${e.name}: ${eventType} is not in the contract`);
        } else if (!check(payload)) {
            wrong.push(`${eventType}: ${ajv.errorsText(check.errors)} ` +
                JSON.stringify(payload));
        }

        if (!ISO.test(timestamp)) {
            wrong.push(`${eventType}: timestamp ${timestamp}`);
        }
    }

    return wrong;
}


/* For a describe block, as useServer. */

function usePolls(hooks, o) {
    const server = new PollsServer(o);

    hooks.before(() => server.start());
    hooks.afterEach(() => server.clean());
    hooks.after(() => server.stop());
    return server;
}


module.exports = { PollsServer, Session, usePolls, submit, stored, faults,
    messages, doc, UUID, ISO };
