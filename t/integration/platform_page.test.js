'use strict';

/* The page of the lottery, in a browser. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { Browser, DESK, PHONE } = require('./lib/browser');
const { Platform } = require('./lib/platform');


describe('platform page', () => {
    const server = new Platform({ pages: 3 });
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

    async function login(name, viewport) {
        const page = await browser.page(server.page('platform.html'),
            viewport);

        await page.selectOption('#email', `${name}@example.com`);
        await page.click('#login button');
        await page.waitForSelector('#lobby:not([hidden])');
        return page;
    }

    const shows = (page, selector, text) => page.waitForFunction(
        ([s, t]) => document.querySelector(s)?.textContent.includes(t),
        [selector, text]);

    async function open() {
        const alice = await login('alice', DESK);

        await alice.click('#create button');
        await alice.waitForSelector('#room:not([hidden])');
        await shows(alice, '#online', 'Alice Archer');

        const bob = await login('bob', PHONE);

        await bob.click('#rooms li:first-child button');
        await bob.waitForSelector('#room:not([hidden])');
        return { alice, bob };
    }

    it('L-67 L-61 L-36 L-92 a draw that two pages see', async () => {
        const { alice, bob } = await open();

        await shows(alice, '#online', 'Bob Baker');
        await shows(bob, '#online', 'Alice Archer');
        await server.assertBothNginx();
        assert.strictEqual(await alice.textContent('#online-count'), '2');
        assert.strictEqual(await bob.locator('#prizes button').count(), 0);
        await alice.click('#prizes button');
        await alice.waitForSelector('#drum.turning');
        await bob.waitForSelector('#drum.won');
        await shows(bob, '#drum-name', 'Bob Baker');
        await shows(bob, '#toasts', 'You won Grand Prize');
        await shows(alice, '#winners', 'Bob Baker: Grand Prize');
        await shows(alice, '#prizes', '1 of 2 left');
        await browser.shot(alice, 'platform-desk');
        await browser.shot(bob, 'platform-phone');

        /* nobody is left: the failure is shown */
        await alice.click('#prizes button');
        await shows(alice, '#toasts', 'Nobody is left to win');
    });

    it('L-94 leaving the room ends presence and subscription', async () => {
        const { alice, bob } = await open();

        await shows(alice, '#online', 'Bob Baker');
        await bob.click('#back');
        await alice.waitForFunction(() =>
            !document.querySelector('#online').textContent.includes('Bob'));
    });

    it('L-89 L-93 a lost connection, and a token that is refused',
        async () => {
            const { alice, bob } = await open();

            await shows(alice, '#online', 'Bob Baker');

            const room = (await server.call('GET', '/api/rooms',
                server.user('alice'))).json.data[0];

            for (const pid of await server.pids()) {
                server.kill(pid, 'SIGKILL');
            }

            server.allow = /exited on signal 9/;
            await alice.waitForSelector('#state:not([hidden])');
            await alice.waitForSelector('#state', { state: 'hidden' });
            await shows(alice, '#online', 'Bob Baker');
            await server.call('PATCH', `/api/rooms/${room.id}`,
                server.user('alice'), { name: 'Another name' });
            await shows(bob, '#room-name', 'Another name');
        });
});
