'use strict';

/* What the client of the demo page does with events and tokens. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { Browser, PHONE } = require('./lib/browser');
const { Platform } = require('./lib/platform');
const { SCALE, sleep } = require('./lib/player');

const LIMITS = ['option rate_public 0;', 'option rate_user 0;',
    'option rate_app 0;'];

/*
 * In the page, before its scripts: the last event that came is kept with its
 * client, and drawing can be held back.
 */

const WATCH = () => {
    const frame = window.requestAnimationFrame.bind(window);

    window.held = null;
    window.requestAnimationFrame = (draw) => (window.held
        ? window.held.push(draw) : frame(draw));
    addEventListener('DOMContentLoaded', () => {
        const receive = PlatformClient.prototype.receive;

        window.came = [];
        PlatformClient.prototype.receive = function (...args) {
            window.client = this;
            window.came.push(args);
            return receive.apply(this, args);
        };
    });
};


function useClient(options) {
    const server = new Platform({ pages: 3,
        options: [...LIMITS, ...options] });
    const browser = new Browser();

    before(async () => {
        await server.start();
        await browser.open();
    });
    afterEach(async () => {
        await browser.check();
        await server.clean();
    });
    after(async () => {
        await browser.close();
        await server.stop();
    });

    /* bob's page, in a room of alice's. */

    const enter = async () => {
        const room = await server.room([]);
        const page = await browser.page('about:blank', PHONE);

        await page.addInitScript(WATCH);
        await page.goto(server.page('platform.html'));
        await page.selectOption('#email', 'bob@example.com');
        await page.click('#login button');
        await page.click('#rooms li:first-child button');
        await page.waitForFunction(() => document.querySelector('#online')
            .textContent.includes('Bob Baker'));
        return { room, page };
    };

    const rename = (room, name) => server.call('PATCH',
        `/api/rooms/${room.id}`, room.owner, { name });

    return { server, enter, rename };
}


const shows = (page, selector, text) => page.waitForFunction(([s, t]) =>
    document.querySelector(s).textContent.includes(t), [selector, text]);

const came = (page, name) => page.waitForFunction((n) =>
    window.came.some((args) => args[0] === n), name);


describe('platform client: events', () => {
    const { server, enter, rename } = useClient([]);

    it('L-90 events older than five minutes are not looked at', async () => {
        const { room, page } = await enter();

        for (const minutes of [6, -6]) {
            await page.evaluate((ms) => {
                const now = Date.now.bind(Date);

                window.came.length = 0;
                window.clock = Date.now;
                Date.now = () => now() + ms;
            }, minutes * 60000);
            await rename(room, `At ${minutes}`);
            await came(page, 'room:updated');
            await page.evaluate(() => {
                Date.now = window.clock;
            });
        }

        await sleep(200);
        assert.strictEqual(await page.textContent('#room-name'),
            'New Year Lottery 2025');
        await rename(room, 'Right now');
        await shows(page, '#room-name', 'Right now');
    });

    it('L-90 an event that comes twice is seen once', async () => {
        const { room, page } = await enter();
        const part = (await server.call('GET',
            `/api/rooms/${room.id}/participants?role=participant`,
            room.owner)).json.data[0];

        await server.draw(room, part, await server.prize(room));
        await shows(page, '#toasts', 'You won Grand Prize');
        await page.waitForSelector('#drum.won');
        await page.evaluate(() => {
            for (const args of [...window.came]) {
                window.client.receive(...args);
            }
        });
        await sleep(300);
        assert.strictEqual(await page.locator('#toasts .toast').count(), 1);
        assert.strictEqual(await page.locator('#winners li').count(), 1);
    });

    it('L-91 what is not an event of that name is not used', async () => {
        const { room, page } = await enter();
        const told = await page.evaluate((roomId) => {
            const stamp = () => ({ timestamp: new Date().toISOString(),
                eventId: `evt_${Math.random()}` });
            const names = [];

            window.client.addEventListener('any', ({ detail }) =>
                names.push(detail.name));

            for (const [name, data] of [
                ['room:updated', null], ['room:updated', 'x'],
                ['room:updated', { roomId }],
                ['room:updated', { roomId, changes: {}, room: 'x' }],
                ['winner:selected', { roomId, winner: null }],
                ['participant:joined', { participant: {} }],
                ['presence:user_online', { roomId, userId: 7, user: {} }],
                ['notification:received', { id: 'n', title: 'T' }],
            ]) {
                window.client.receive(name, data && typeof data === 'object'
                    ? { ...data, ...stamp() } : data);
            }

            /* nor one that does not say when */
            window.client.receive('room:deleted', { roomId });
            window.client.receive('room:deleted', { roomId,
                timestamp: 'soon' });
            return names;
        }, room.id);

        assert.deepStrictEqual(told, []);
        assert.ok(await page.isVisible('#room'));
        await rename(room, 'Still here');
        await shows(page, '#room-name', 'Still here');
    });

    it('L-91 many events are drawn once', async () => {
        const { room, page } = await enter();
        const n = 12;

        await page.evaluate(() => {
            window.held = [];
            window.came.length = 0;
        });

        for (let i = 0; i < n; i++) {
            await server.prize(room, { name: `Prize ${i}` });
        }

        /* not at each frame, which the page holds back */
        await page.waitForFunction((many) => window.came.filter((args) =>
            args[0] === 'prize:created').length === many, n,
        { polling: 50 });
        assert.strictEqual(await page.locator('#prizes li').count(), 0);
        assert.strictEqual(await page.evaluate(() => {
            const draws = window.held;

            window.held = null;
            draws.forEach((draw) => draw());
            return draws.length;
        }), 1);
        assert.strictEqual(await page.locator('#prizes li').count(), n);
    });
});


describe('platform client: tokens', () => {
    const { server, enter, rename } = useClient([
        `option token_life ${2 * SCALE}s;`, `option refresh_life ${5 * SCALE
        }s;`]);

    it('L-93 L-15 it renews its token, or asks for a login', async () => {
        const { room, page } = await enter();

        await came(page, 'token:expired');
        await page.evaluate(() => {
            window.came.length = 0;
        });

        /* it is back by itself, and subscribed again */
        await came(page, 'room:subscribed');
        await rename(room, 'With another token');
        await shows(page, '#room-name', 'With another token');
        assert.ok(await page.isVisible('#room'));

        /* the refresh token does not live for ever */
        await page.waitForSelector('#login:not([hidden])');
        await shows(page, '#toasts', 'Please log in again');
        assert.strictEqual(await page.isVisible('#state'), false);

        await page.click('#login button');
        await page.waitForSelector('#lobby:not([hidden])');
        assert.strictEqual((await server.dinner()).sockets, 1);
    });
});


describe('platform client: a server that is gone', () => {
    const { server, enter } = useClient([]);

    it('L-93 L-14 five attempts, then the login', async () => {
        const { page } = await enter();

        await page.evaluate(() => {
            window.attempts = 0;
            window.client.socket.io.on('reconnect_attempt', () =>
                window.attempts++);
        });
        await server.stop();
        await page.waitForSelector('#state:not([hidden])');
        await page.waitForSelector('#login:not([hidden])',
            { timeout: 60000 * SCALE });
        assert.strictEqual(await page.evaluate(() => window.attempts), 5);
        await shows(page, '#toasts', 'Please log in again');
        await server.start();
    });
});
