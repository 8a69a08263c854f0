#!/usr/bin/env node
//
// Copyright (C) nginx rooms contributors
//
// conf/lottery.js SERVER ROOM
//
// An app of the platform, to start one from: it draws the winners of every
// prize of a room, and tells the room about it.  APP_ID and APP_SECRET are
// those of conf/platform.data.json if nothing else is said.
//
// Events that it publishes; "drawId" is made of the prize alone, so a client
// that has seen an event of a draw may ignore the same one, and a draw that is
// run again says what it said before:
//
//     draw_started    drawId, prizeId, drawNumber, totalPrizes,
//                     estimatedDuration (seconds)
//     draw_finished   drawId, prizeId, winners: [participantId, ...]

'use strict';

const EVENTS = {
    draw_started: ['drawId', 'prizeId', 'drawNumber', 'totalPrizes',
        'estimatedDuration'],
    draw_finished: ['drawId', 'prizeId', 'winners'],
};

const PER_SECOND = 10;                   // events of a room
const PER_MINUTE = 600;                  // events of a token

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));


// At most limit calls in any stretch of window ms, by the server's clock: a
// call counts from its answer, which is later than the server counts it.

class Window {
    constructor(limit, window) {
        this.limit = limit;
        this.window = window;
        this.times = [];
    }

    wait(now) {
        const at = this.times[this.times.length - this.limit];

        return at === undefined ? 0 : Math.max(0, at + this.window - now);
    }

    count(now) {
        this.times.push(now);
        this.times.splice(0, this.times.length - this.limit);
    }
}


class LotteryApp {
    constructor({ server, appId, appSecret, manifest }) {
        Object.assign(this, { server, appId, appSecret, manifest });
        this.rooms = new Map();
        this.minute = new Window(PER_MINUTE, 60000);
        this.queue = Promise.resolve();
        this.prefix = manifest.eventPrefix ||
            appId.replace(/^app_/, '').replace(/_v\d+$/, '');
    }

    async request(method, path, body) {
        if (!this.token) {
            const res = await fetch(`${this.server}/api/apps/token`, {
                method: 'POST',
                headers: { 'content-type': 'application/json' },
                body: JSON.stringify({ appId: this.appId,
                    appSecret: this.appSecret }) });

            if (!res.ok) {
                throw new Error(`no token: ${await res.text()}`);
            }

            this.token = (await res.json()).accessToken;
        }

        const res = await fetch(`${this.server}/api${path}`, { method,
            headers: { 'content-type': 'application/json',
                authorization: `Bearer ${this.token}`,
                'x-app-id': this.appId },
            body: body && JSON.stringify(body) });

        return { status: res.status, body: await res.json() };
    }

    // A token lives an hour: with a new one the request is made again.

    async call(method, path, body) {
        let res = await this.request(method, path, body);

        if (res.status === 401) {
            this.token = null;
            res = await this.request(method, path, body);
        }

        return res;
    }

    // What a list has, page by page.

    async list(path) {
        const all = [];

        for (let page = 1; ; page++) {
            const { status, body } = await this.call('GET',
                `${path}?limit=100&page=${page}`);

            if (status !== 200) {
                throw new Error(body.error.message);
            }

            all.push(...body.data);

            if (page >= body.meta.pages) {
                return all;
            }
        }
    }

    need(permission) {
        if (!this.manifest.permissions.includes(permission)) {
            throw new Error(`the manifest lacks ${permission}`);
        }
    }

    // Events go out in order, and never faster than the platform lets them.

    publish(room, action, data) {
        const sent = this.queue.then(() => this.send(room, action, data));

        this.queue = sent.catch(() => {});
        return sent;
    }

    async send(room, action, data) {
        this.need('realtime:publish');

        const fields = EVENTS[action];

        if (!fields || Object.keys(data).join() !== fields.join()) {
            throw new Error(`${action} is not as it is documented`);
        }

        if (!this.rooms.has(room)) {
            this.rooms.set(room, new Window(PER_SECOND, 1000));
        }

        for (;;) {
            const windows = [this.rooms.get(room), this.minute];

            await sleep(Math.max(...windows.map((w) => w.wait(Date.now()))));

            const { status, body } = await this.call('POST',
                `/rooms/${room}/events`,
                { event: `${this.prefix}:${action}`, data });

            if (status === 429) {
                await sleep(1000);
                continue;
            }

            windows.forEach((w) => w.count(Date.now()));

            if (status !== 200) {
                throw new Error(body.error.message);
            }

            return;
        }
    }

    // One prize: as many winners as are left of it, among those who take part
    // and have not won it.

    async draw(room, prize, number, total) {
        const drawId = `draw_${prize.id}`;

        await this.publish(room, 'draw_started', { drawId,
            prizeId: prize.id, drawNumber: number, totalPrizes: total,
            estimatedDuration: prize.quantityRemaining });

        const winners = (await this.list(`/rooms/${room}/winners`))
            .filter((w) => w.prizeId === prize.id)
            .map((w) => w.participantId);
        const left = (await this.list(`/rooms/${room}/participants`))
            .filter((p) => p.role === 'participant' &&
                !winners.includes(p.id));

        while (left.length && winners.length < prize.quantity) {
            const [n] = crypto.getRandomValues(new Uint32Array(1));
            const [who] = left.splice(n % left.length, 1);
            const { status, body } = await this.call('POST',
                `/rooms/${room}/winners`,
                { participantId: who.id, prizeId: prize.id });

            if (body.error?.code === 'PRIZE_EXHAUSTED') {
                break;
            }

            // gone meanwhile, or drawn by somebody else
            if (status === 201) {
                winners.push(who.id);
            } else if (status !== 404 && status !== 409) {
                throw new Error(body.error.message);
            }
        }

        await this.publish(room, 'draw_finished', { drawId,
            prizeId: prize.id, winners });
        return winners;
    }

    async run(room) {
        ['participants:read', 'prizes:read', 'winners:read', 'winners:write',
            'realtime:publish'].forEach((p) => this.need(p));

        const prizes = await this.list(`/rooms/${room}/prizes`);

        for (const [i, prize] of prizes.entries()) {
            const winners = await this.draw(room, prize, i + 1,
                prizes.length);

            console.log(`${prize.name}: ${winners.length} winners`);
        }
    }
}


function demo() {
    const { apps } = require('./platform.data.json');
    const appId = process.env.APP_ID || 'app_lottery_v1';
    const app = apps.find((a) => a.appId === appId);

    if (!app) {
        throw new Error(`conf/platform.data.json has no ${appId}`);
    }

    return { appId, manifest: app.manifest,
        appSecret: process.env.APP_SECRET || app.appSecret };
}


if (require.main === module) {
    const [server, room] = process.argv.slice(2);

    if (!room) {
        console.error('conf/lottery.js SERVER ROOM');
        process.exit(2);
    }

    new LotteryApp({ server, ...demo() }).run(room).catch((e) => {
        console.error(`conf/lottery.js: ${e.message}`);
        process.exit(1);
    });
}


module.exports = { LotteryApp, EVENTS, demo };
