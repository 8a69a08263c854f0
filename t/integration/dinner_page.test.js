'use strict';

/* The demo pages, in a browser. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { Server } = require('./lib/server');
const { SCALE, sleep, until } = require('./lib/player');
const { Browser, PHONE, DESK } = require('./lib/browser');

const OPEN = { pages: true, api: 'rooms_origin *;', rooms: 'rooms_origin *;' };


/* The server and the browser of one describe block. */

function usePages(o) {
    const server = new Server({ ...OPEN, ...o });
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

    return { server, browser, url: (path) => server.page(path) };
}


/* One page that creates a session; resolves to {page, code}. */

async function host(pages, name, viewport) {
    const page = await pages.browser.page(pages.url('dinner.html'), viewport);

    await page.fill('#create-name', name);
    await page.click('#create-form button');
    await page.waitForSelector('#select:not([hidden])');
    return { page, code: (await page.textContent('#code')).trim() };
}


/* Another page that joins by link. */

async function guest(pages, code, name, viewport) {
    const page = await pages.browser.page(
        pages.url(`dinner.html?code=${code}`), viewport);

    await page.fill('#join-name', name);
    await page.click('#join-form button');
    await page.waitForSelector('#select:not([hidden])');
    return page;
}


async function choose(page, ids) {
    for (const id of ids) {
        await page.check(`#options input[value="${id}"]`);
    }

    await page.click('#submit');
}


function names(page) {
    return page.$$eval('#people .name', (all) =>
        all.map((e) => e.textContent));
}


function texts(page, selector) {
    return page.$$eval(selector, (all) => all.map((e) => e.textContent));
}


/* Waits for a notice that matches. */

function toast(page, pattern) {
    return page.waitForFunction((source) =>
        [...document.querySelectorAll('.toast')].some((e) =>
            new RegExp(source).test(e.textContent)), pattern.source);
}


function screen(page, name) {
    return page.waitForSelector(`#${name}:not([hidden])`);
}


describe('dinner page', () => {
    const pages = usePages();

    it('D-88 D-89 D-90 D-32 two pages decide dinner', async () => {
        const { page: alice, code } = await host(pages, 'Alice', DESK);

        assert.deepStrictEqual(await names(alice), ['Alice (you)']);
        assert.strictEqual(await alice.textContent('#count'), '1');

        const bob = await guest(pages, code, 'Bob', PHONE);

        /* D-88: the list and the count follow who joins */
        await toast(alice, /Bob joined/);
        assert.deepStrictEqual(await names(alice), ['Alice (you)', 'Bob']);
        assert.strictEqual(await alice.textContent('#count'), '2');
        assert.deepStrictEqual(await names(bob), ['Alice', 'Bob (you)']);
        assert.ok(await alice.isHidden('#progress'));
        await pages.server.assertBothNginx();
        await pages.browser.shot(alice, 'select-desk');
        await pages.browser.shot(bob, 'select-phone');

        await choose(alice, ['pizza-palace', 'sushi-spot', 'thai-kitchen']);
        await screen(alice, 'waiting');

        /* D-89: progress, and nothing of what was chosen */
        await bob.waitForSelector('#progress:not([hidden])');
        assert.strictEqual(await bob.textContent('#progress-text'),
            '1 of 2 have submitted');
        assert.ok(await bob.isVisible('#select'));
        await pages.browser.shot(alice, 'waiting-desk');
        await pages.browser.shot(bob, 'progress-phone');

        await choose(bob, ['sushi-spot', 'tapas-table']);

        /* D-90: the overlap first, then everybody's selections */
        for (const page of [alice, bob]) {
            await screen(page, 'results');
            assert.strictEqual(await page.textContent('#results-title'),
                'You agree on one');
            assert.deepStrictEqual(await texts(page, '#overlap strong'),
                ['Sushi Spot']);
            assert.deepStrictEqual(await texts(page, '#all h3'),
                ['Alice', 'Bob']);

            const chips = await texts(page, '#all .card:nth-child(1) li');

            assert.deepStrictEqual(chips.sort(),
                ['Pizza Palace', 'Sushi Spot', 'Thai Kitchen']);

            const [top, below] = await Promise.all(['#overlap', '#all']
                .map(async (s) => (await page.locator(s).boundingBox()).y));

            assert.ok(top < below);
        }

        await pages.browser.shot(alice, 'results-desk');
        await pages.browser.shot(bob, 'results-phone');
    });

    it('D-90 D-91 no overlap offers a restart, which clears all',
        async () => {
            const { page: alice, code } = await host(pages, 'Alice', PHONE);
            const bob = await guest(pages, code, 'Bob', PHONE);

            await toast(alice, /Bob joined/);
            await choose(alice, ['pizza-palace']);
            await choose(bob, ['sushi-spot']);

            for (const page of [alice, bob]) {
                await screen(page, 'results');
                assert.strictEqual(await page.textContent('#results-title'),
                    'No matching options');
                assert.ok(await page.isHidden('#overlap'));
                assert.ok(await page.isVisible('#restart'));
            }

            await pages.browser.shot(bob, 'nothing-phone');
            await bob.click('#restart');

            for (const page of [alice, bob]) {
                await screen(page, 'select');
                await toast(page, /Session restarted\. Make new selections\./);
                assert.strictEqual(
                    await page.locator('#options input:checked').count(), 0);
                assert.ok(await page.isDisabled('#submit'));
                assert.ok(await page.isHidden('#results'));
                assert.ok(await page.isHidden('#progress'));
            }

            /* and a second round */
            await choose(bob, ['noodle-house']);
            await choose(alice, ['noodle-house']);
            await screen(alice, 'results');
            assert.deepStrictEqual(await texts(alice, '#overlap strong'),
                ['Noodle House']);
        });

    it('D-91 a notice is short-lived', async () => {
        const { page: alice } = await host(pages, 'Alice');

        await alice.evaluate(() => dinner.socket.emit('session:restart',
            { sessionCode: document.getElementById('code').textContent }));
        await toast(alice, /Session restarted/);
        await alice.waitForFunction(() =>
            document.querySelectorAll('.toast').length === 0);
    });

    it('D-93 who leaves is announced and stays in the list', async () => {
        const { page: alice, code } = await host(pages, 'Alice');
        const bob = await guest(pages, code, 'Bob');

        await toast(alice, /Bob joined/);
        await bob.goto('about:blank');
        await toast(alice, /Bob disconnected/);
        assert.deepStrictEqual(await names(alice), ['Alice (you)', 'Bob']);
        assert.strictEqual(await alice.textContent('#count'), '2');
        await alice.waitForSelector('#people li.away');
        await pages.browser.shot(alice, 'left-phone');
        await alice.waitForFunction(() =>
            document.querySelectorAll('.toast').length === 0);

        /* back by the same link and name: one Bob */
        const again = await guest(pages, code, 'Bob');

        await toast(alice, /Bob is back/);
        assert.deepStrictEqual(await names(alice), ['Alice (you)', 'Bob']);
        assert.deepStrictEqual(await names(again), ['Alice', 'Bob (you)']);
        assert.strictEqual(await alice.locator('#people li.away').count(), 0);
    });

    it('a reload of the page comes back to the same place', async () => {
        const { page: alice, code } = await host(pages, 'Alice');
        const bob = await guest(pages, code, 'Bob');

        await choose(bob, ['sushi-spot']);
        await screen(bob, 'waiting');
        await bob.reload();
        await screen(bob, 'waiting');
        await alice.reload();
        await screen(alice, 'select');
        assert.deepStrictEqual((await names(alice)).sort(),
            ['Alice (you)', 'Bob']);
        await choose(alice, ['sushi-spot']);
        await screen(alice, 'results');
        await screen(bob, 'results');
        await bob.reload();
        await screen(bob, 'results');
        assert.deepStrictEqual(await texts(bob, '#overlap strong'),
            ['Sushi Spot']);
    });

    it('D-94 full and not found lead home', async () => {
        const { sessionCode: code } = await pages.server.rest.create('Host');

        for (const name of ['A', 'B', 'C', 'D']) {
            const player = await pages.server.player({ name });

            assert.ok((await player.join(code)).success);
        }

        const page = await pages.browser.page(
            pages.url(`dinner.html?code=${code}`));

        assert.strictEqual(await page.inputValue('#join-code'), code);
        await page.fill('#join-name', 'Eve');
        await page.click('#join-form button');
        await toast(page, /full/);
        await screen(page, 'home');
        assert.ok(await page.isHidden('#session'));
        await pages.browser.shot(page, 'home-phone');

        await page.fill('#join-code', 'QQQQQ7');
        await page.click('#join-form button');
        await toast(page, /not found or expired/);
        await screen(page, 'home');
        assert.strictEqual(await page.evaluate(() =>
            sessionStorage.length), 0);

        /* the form still works */
        const other = await pages.server.rest.create('Host');

        await page.fill('#join-code', other.sessionCode.toLowerCase());
        await page.click('#join-form button');
        await screen(page, 'select');
        assert.strictEqual((await page.textContent('#code')).trim(),
            other.sessionCode);
    });

    it('D-94 already submitted informs, others show the message',
        async () => {
            const { page: alice, code } = await host(pages, 'Alice');
            const bob = await guest(pages, code, 'Bob');

            await choose(alice, ['sushi-spot']);
            await screen(alice, 'waiting');

            const send = (ids) => alice.evaluate((selections) =>
                dinner.socket.emit('selection:submit', {
                    sessionCode: document.getElementById('code').textContent,
                    selections }), ids);

            await send(['sushi-spot']);
            await toast(alice, /You have already submitted/);
            assert.ok(await alice.isVisible('#waiting'));
            await send([]);
            await toast(alice, /Error: .*Must select at least 1 option/);
            assert.ok(await alice.isVisible('#waiting'));
            assert.ok(await bob.isVisible('#select'));
        });

    it('D-95 after a forced disconnect the page connects by itself',
        async () => {
            const { page: alice, code } = await host(pages, 'Alice');
            const bob = await guest(pages, code, 'Bob');

            await toast(alice, /Bob joined/);

            /* a server has taken him out before it says so */
            await bob.evaluate(() => dinner.socket.io.engine.write('1'));
            await toast(alice, /Bob disconnected/);

            const reason = bob.evaluate(() => new Promise((resolve) => {
                dinner.socket.once('disconnect', resolve);
                dinner.socket.io.ondata('1');
            }));

            assert.strictEqual(await reason, 'io server disconnect');
            await bob.waitForFunction(() => dinner.socket.connected &&
                document.getElementById('connection').hidden);
            await toast(alice, /Bob is back/);
            await choose(alice, ['sushi-spot']);
            await bob.waitForSelector('#progress:not([hidden])');
            await choose(bob, ['sushi-spot']);
            await screen(bob, 'results');
        });

    it('D-95 for other reasons it waits for the automatic reconnect',
        async () => {
            const { page: alice, code } = await host(pages, 'Alice');
            const bob = await guest(pages, code, 'Bob');

            await toast(alice, /Bob joined/);
            await choose(alice, ['sushi-spot']);
            await bob.waitForSelector('#progress:not([hidden])');

            const waited = await bob.evaluate(() => new Promise((resolve) => {
                const { socket } = dinner;
                const from = performance.now();

                socket.once('disconnect', (why) => {
                    const shown = !document.getElementById('connection')
                        .hidden;

                    socket.once('connect', () => resolve({ why, shown,
                        ms: performance.now() - from,
                        recovered: socket.recovered }));
                });
                socket.io.engine.close();
            }));

            assert.notStrictEqual(waited.why, 'io server disconnect');
            assert.ok(waited.shown);
            assert.strictEqual(waited.recovered, true);
            assert.ok(waited.ms > 400, `${waited.ms} ms`);
            await choose(bob, ['sushi-spot']);
            await screen(alice, 'results');
            await screen(bob, 'results');
        });

    it('names with markup are shown as they are', async () => {
        const evil = '<img src=x onerror=alert(1)>';
        const { page: alice, code } = await host(pages, evil);
        const bob = await guest(pages, code, '<b>Bob</b>');

        assert.deepStrictEqual(await names(bob),
            [evil, '<b>Bob</b> (you)']);
        await choose(alice, ['sushi-spot']);
        await choose(bob, ['sushi-spot']);
        await screen(bob, 'results');
        assert.deepStrictEqual((await texts(bob, '#all h3')).sort(),
            [evil, '<b>Bob</b>'].sort());
        assert.strictEqual(await bob.locator('img, #all b').count(), 0);
    });

    it('D-32 a shared link /join?code= leads to the form', async () => {
        const { sessionCode } = await pages.server.rest.create('Host');
        const page = await pages.browser.page(
            pages.url(`join?code=${sessionCode}`));

        await page.waitForURL(/dinner\.html\?code=/);
        assert.strictEqual(await page.inputValue('#join-code'), sessionCode);
    });

    it('the page fits a small phone without sideways scrolling',
        async () => {
            const small = { width: 320, height: 568 };
            const { page, code } = await host(pages, 'W'.repeat(50), small);

            await guest(pages, code, 'Bob', small);

            const check = async () => assert.ok(await page.evaluate(() =>
                document.documentElement.scrollWidth <= innerWidth));

            await toast(page, /Bob joined/);
            await check();
            await pages.browser.shot(page, 'small-phone');

            const sizes = await page.$$eval('button:not([hidden])', (all) =>
                all.filter((b) => b.offsetParent).map((b) =>
                    b.getBoundingClientRect().height));

            assert.ok(sizes.length > 0 && sizes.every((h) => h >= 40),
                `${sizes}`);
        });
});


describe('dinner page: expiry', () => {
    const pages = usePages({ ttl: `${5 * SCALE}s` });

    it('D-92 a modal, nothing else usable, then a new session', async () => {
        const { page: alice } = await host(pages, 'Alice', PHONE);

        assert.ok(await alice.evaluate(() => sessionStorage.length) > 0);
        await alice.waitForSelector('#expired[open]',
            { timeout: 15000 * SCALE });
        assert.match(await alice.textContent('#expired-text'),
            /This session has expired\. Please create a new one\./);
        assert.ok(await alice.evaluate(() =>
            document.getElementById('page').inert));
        assert.strictEqual(await alice.evaluate(() =>
            sessionStorage.length), 0);
        await pages.browser.shot(alice, 'expired-phone');

        await alice.keyboard.press('Escape');
        await sleep(200);
        assert.ok(await alice.isVisible('#expired'));
        await assert.rejects(alice.click('#options input >> nth=0',
            { timeout: 800 }));

        await alice.click('#expired-new');
        await screen(alice, 'home');
        assert.ok(await alice.isHidden('#expired'));
        await alice.fill('#create-name', 'Alice');
        await alice.click('#create-form button');
        await screen(alice, 'select');
    });
});


/* Its figures are those of the nginx that it comes from. */

describe('landing page', () => {
    const pages = usePages({ alone: true });

    it('shows live figures from /status and leads to the demo', async () => {
        const page = await pages.browser.page(pages.url(), DESK);

        await page.waitForFunction(() =>
            document.getElementById('sockets').textContent === '0');
        await pages.server.spread(['a', 'b', 'c'], 'mixed');
        await page.waitForFunction(() =>
            document.getElementById('sockets').textContent === '3');
        assert.strictEqual(await page.textContent('#transports'),
            '1 WebSocket, 2 polling');
        assert.strictEqual(await page.locator('#workers tbody tr').count(),
            2);
        assert.strictEqual(await page.locator('#journals tbody tr').count(),
            1);
        await pages.browser.shot(page, 'landing-desk');
        await page.setViewportSize(PHONE);
        await pages.browser.shot(page, 'landing-phone');
        assert.ok(await page.evaluate(() =>
            document.documentElement.scrollWidth <= innerWidth));
        await page.click('a[href="dinner.html"]');
        await page.waitForSelector('#home:not([hidden])');
        await until(() => page.url().endsWith('/dinner.html'), 'the page');
    });

    it('says so when there are no figures', async () => {
        const page = await pages.browser.page(pages.url());

        await page.route('**/status', (route) => route.abort());
        await page.waitForSelector('#trouble:not([hidden])');
        await page.unroute('**/status');
        await page.waitForSelector('#trouble', { state: 'hidden' });
    });
});
