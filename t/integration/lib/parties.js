'use strict';

/*
 * The members of one room, on all workers of two nginx, and what they do: the
 * same for each application.
 */

const assert = require('node:assert');

const { seat } = require('./pair');
const { OrchestratorServer, submit: scan } = require('./orchestrator');
const { Platform } = require('./platform');
const { PollsServer, Session, submit: vote } = require('./polls');
const { until } = require('./player');
const { Server } = require('./server');


/* Those whose members are Players. */

class Party {
    constructor(pair) {
        this.pair = pair;
    }

    connected(member) {
        return member.socket.connected;
    }

    recovered(member) {
        return member.socket.recovered;
    }

    away(member) {
        return member.log.filter((e) => e.kind === 'disconnect').length;
    }

    drop(member) {
        member.drop();
    }

    async lost() {
        /* no more than that */
    }

    stay(member) {
        member.socket.io.reconnection(false);
    }
}


/*
 * act(i, n): event n at nginx i, true where it was taken, false where the
 * answer was an internal error.  ask(member): the same of another command.
 * read(i): what REST says of the room.  told(member): the events that it has
 * had.  left(member, event): whom it was told of by one of this.gone.
 * anew(member): it is back as a new one, and is told so.  lost(member): and
 * that the journal was lost.
 * ephemeral: what is said while a member is away is not for it.
 * witness(server): one more member, at a server of its own.
 */

class Dinner extends Party {
    constructor(pair) {
        super(pair);
        this.gone = ['participant:left'];
        this.events = new Map();
    }

    static server(o) {
        return new Server({ ...o, app: o.redisLines });
    }

    async seat() {
        const { code, players } = await seat(this.pair);

        this.code = code;
        this.members = players;
    }

    /*
     * A restart says nothing of its own: it is known by its offset, which
     * comes after the answer, and after that of one that was thought refused.
     */

    async act(i, n) {
        const member = this.members[i];
        const { log } = member;
        const ack = await member.restart();

        assert.ok(ack.success || ack.code === 'INTERNAL_ERROR',
            JSON.stringify(ack));

        if (ack.success) {
            const at = log.findLastIndex((e) => e.kind === 'ack');
            const own = await member.on(() => log.slice(at).find((e) =>
                e.name === 'session:restarted'), 'the own restart');

            this.events.set(own.args[1], n);
        }

        return ack.success;
    }

    async ask(member) {
        const ack = await member.submit(['sushi-spot']);

        return ack.success || ack.code === 'ALREADY_SUBMITTED';
    }

    read(i) {
        return this.pair.servers[i].rest.session(this.code);
    }

    told(member) {
        return member.log.filter((e) => e.name === 'session:restarted')
            .map((e) => this.events.get(e.args[1]) ?? e.args[1]);
    }

    name(member) {
        return member.participantId;
    }

    left(member, event) {
        return member.all(event).map((e) => e.participantId);
    }

    async anew(member) {
        const { participantId } = member;

        /* its seat is taken until it is recorded that its socket has gone */
        await until(async () => (await member.join(this.code)).success,
            'the seat');
        assert.strictEqual(member.participantId, participantId);
    }
}


class Polls extends Party {
    constructor(pair) {
        super(pair);
        this.gone = ['participant:disconnected', 'participant:left'];
    }

    static server(o) {
        return new PollsServer({ ...o, options: [
            `grace ${o.grace || '30s'}`] });
    }

    at(i) {
        return this.known(this.pair.servers[i]);
    }

    known(server) {
        return Object.assign(new Session(server, this.session.created),
            { poll: this.session.poll });
    }

    witness(server) {
        return this.known(server).voter();
    }

    async seat() {
        this.session = await this.pair.servers[0].running();
        this.members = [];

        for (let i = 0; i < 4; i++) {
            this.members.push(await this.at(i % 2).voter({ side: i >> 1 }));
        }
    }

    async act(i, n) {
        const res = await this.at(i).post(
            `/sessions/${this.session.id}/polls`, { question: `Q${n}`,
                options: [{ text: 'A' }, { text: 'B' }] });

        assert.ok(res.status === 201 || res.status >= 500, res.text);
        return res.status === 201;
    }

    async ask(member) {
        const ack = await vote(member, this.session.poll, {
            selectedOptionIds: [this.session.poll.options[0].optionId] });

        return ack.success || ack.reason === 'duplicate_vote';
    }

    read(i) {
        return this.pair.servers[i].rest.get(`/sessions/${this.session.id}`);
    }

    told(member) {
        return member.all('poll:created').map((e) => Number(
            e.question.slice(1)));
    }

    name(member) {
        return member.who.participantId;
    }

    left(member, event) {
        return member.all(event).map((e) => e.participantId);
    }

    async anew(member) {
        await member.on(() => member.all('connection:established').length >
            0, 'a new beginning');
    }

    /* Who asks for what came after an event that is no more. */

    async lost(member) {
        const back = await this.pair.servers[0].player({ query: {
            sessionId: this.session.id,
            participantId: member.who.participantId,
            lastEventId: member.all('poll:created').at(-1).eventId } });
        const hello = await back.next('connection:reconnected');

        assert.strictEqual(hello.fullSyncRequired, true);
    }
}


class Lottery {
    constructor(pair) {
        this.pair = pair;
        this.ephemeral = true;
        this.gone = ['presence:user_offline'];
    }

    static server(o) {
        return new Platform(o);
    }

    async seat() {
        const { servers } = this.pair;

        this.people = Array.from({ length: 24 }, (_, i) =>
            `user${String(i + 1).padStart(2, '0')}`);
        this.room = await servers[0].room(this.people);
        this.token = await servers[0].appToken();
        this.members = [];

        for (const [i, person] of this.people.entries()) {
            const member = await servers[i % 2].member(person, this.room,
                { reconnection: true, reconnectionDelay: 200 });

            this.members.push(member);
            member.person = `usr_${person}`;
            member.lost = 0;
            member.on('disconnect', () => member.lost++);

            /* who is back subscribes again, and has missed what was said */
            member.on('connect', () => member.emit('room:subscribe',
                { roomId: this.room.id }));

            if (i > 2 && (await Promise.all(servers.map((s) =>
                s.bySlot()))).every((map) => [...map.values()].every((n) =>
                n > 0))) {
                break;
            }
        }
    }

    witness(server) {
        return server.member(this.people.at(-1), this.room);
    }

    async act(i, n) {
        const res = await this.pair.servers[i].publish(this.room,
            'lottery:drawing', { n }, { token: this.token });

        assert.ok(res.status < 300 || res.status >= 500, res.text);
        return res.status < 300;
    }

    async ask(member) {
        const ack = await member.ask('room:unsubscribe', { roomId:
            this.room.id });

        return ack.success && (await member.ask('room:subscribe', { roomId:
            this.room.id })).success;
    }

    read(i) {
        return this.pair.servers[i].call('GET',
            `/api/rooms/${this.room.id}`, this.room.owner);
    }

    told(member) {
        return member.of('lottery:drawing').map((e) => e.data.n);
    }

    connected(member) {
        return member.connected;
    }

    recovered(member) {
        return member.recovered;
    }

    away(member) {
        return member.lost;
    }

    name(member) {
        return member.person;
    }

    left(member, event) {
        return member.of(event).map((e) => e.data.userId);
    }

    async anew(member) {
        const ack = await member.ask('room:subscribe', {
            roomId: this.room.id });

        assert.strictEqual(ack.success, true, JSON.stringify(ack));
    }

    async lost() {
        /* no more than that */
    }

    drop(member) {
        member.io.engine.transport.ws.terminate();
    }

    stay(member) {
        member.io.reconnection(false);
    }
}


class Game extends Party {
    constructor(pair) {
        super(pair);
        this.asked = 0;
        this.gone = ['device:disconnected'];
    }

    static server(o) {
        return new OrchestratorServer({ ...o, options: {
            hold: o.hold || '400ms' } });
    }

    async seat() {
        this.session = await this.pair.servers[0].session();
        this.members = [];

        for (let i = 0; i < 4; i++) {
            const member = await this.pair.servers[i % 2]
                .station(`GM_${i + 1}`, i >> 1);

            /* a station that is back says who it is */
            member.socket.on('connect', () => member.tell('gm:identify',
                { stationId: member.name, version: '1.0.0' }));
            this.members.push(member);
        }
    }

    witness(server) {
        return server.station('GM_5');
    }

    async act(i, n) {
        return (await scan(this.members[i], `MEM_${101 + n}`)).success;
    }

    /* Also what a player asks by REST; only a station's scan is told to all. */

    async ask(member) {
        const i = this.members.indexOf(member);
        const [ack, res] = await Promise.all([
            scan(member, `ASKED_${this.asked++}`),
            this.pair.servers[i % 2].scan('MEM_001', `PLAYER_${i}`)]);

        assert.ok(res.status === 200 || res.status >= 500, res.text);
        return ack.success === (res.status === 200) ? ack.success
            : `${JSON.stringify(ack)} ${res.text}`;
    }

    read(i) {
        return this.pair.servers[i].rest.get('/api/session');
    }

    told(member) {
        return member.all('transaction:new').map((e) => e.data.tokenId)
            .filter((t) => /^MEM_/.test(t)).map((t) =>
                Number(t.slice(4)) - 101);
    }

    name(member) {
        return member.name;
    }

    left(member, event) {
        return member.all(event).map((e) => e.data.deviceId);
    }

    async anew(member) {
        await until(async () => (await member.ask('gm:identify', {
            stationId: member.name, version: '1.0.0' })).success, 'a place');
        await member.next('sync:full');
    }
}


module.exports = { Dinner, Polls, Lottery, Game };
