'use strict';

/* The pages of polls, in a browser: the reference client. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { PollsServer } = require('./lib/polls');
const { until } = require('./lib/player');
const { Browser, PHONE, DESK } = require('./lib/browser');


describe('polls: pages', () => {
    const server = new PollsServer({ pages: 2,
        rooms: ['rooms_origin *;'], origin: true });
    const browser = new Browser();
    const url = (path) => server.page(path);

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

    async function present() {
        const page = await browser.page(url('polls-presenter.html'), DESK);

        await page.fill('#title', 'All <b>hands</b>');
        await page.click('#create button');
        await page.waitForSelector('#session:not([hidden])');
        return { page, code: (await page.textContent('#code')).trim() };
    }

    async function add(page, question, type, options) {
        await page.fill('#question', question);
        await page.selectOption('#type', type);
        await page.fill('#options', options || '');
        await page.click('#new button');
        await page.waitForSelector(`.poll h2:text-is("${question}")`);
    }

    async function vote(code) {
        const page = await browser.page(url(`polls.html?code=${code}`),
            PHONE);

        await page.fill('#name', 'Ann');
        await page.click('#join button');
        await page.waitForSelector('#session:not([hidden])');
        return page;
    }

    const card = (page, question) =>
        page.locator('.poll', { hasText: question });
    const kind = (page, question, want) => until(async () =>
        await card(page, question).getAttribute('data-kind') === want,
    `${question} is ${want}`);

    it('P-122 P-123 P-124 P-126 from waiting to results, in three windows',
        async () => {
            const { page: host, code } = await present();

            await add(host, 'Ship it?', 'multiple_choice', 'Yes\nNo');

            const ann = await vote(code);
            const bob = await vote(code);

            await server.assertBothNginx();
            assert.match(await ann.textContent('#status'), /Waiting/);
            assert.strictEqual(await ann.textContent('#title'),
                'All <b>hands</b>');
            await add(host, 'How was it?', 'rating_scale');
            await kind(ann, 'How was it?', 'draft');
            await until(async () => await host.textContent('#people') === '2',
                'two people');

            await host.click('#start');
            await until(async () => /is on/.test(
                await ann.textContent('#status')), 'started');
            await card(host, 'Ship it?').getByText('Open').click();
            await kind(ann, 'Ship it?', 'form');
            await kind(bob, 'Ship it?', 'form');
            await browser.shot(bob, 'polls-form');
            await card(ann, 'Ship it?').getByText('Yes').click();
            await card(ann, 'Ship it?').locator('button').click();
            await kind(ann, 'Ship it?', 'active');
            await until(async () => /counts/.test(
                await card(ann, 'Ship it?').textContent()), 'confirmed');
            assert.strictEqual(await card(ann, 'Ship it?')
                .locator('form').count(), 0);

            for (const page of [host, ann]) {
                await until(async () => /Yes\s*1 · 100 %/.test(
                    await card(page, 'Ship it?').textContent()), 'bars');
            }

            await card(bob, 'Ship it?').getByText('No').click();
            await card(bob, 'Ship it?').locator('button').click();
            await until(async () => /1 · 50 %/.test(
                await card(host, 'Ship it?').textContent()), 'both');
            await browser.shot(host, 'polls-presenter');
            await browser.shot(ann, 'polls-voter');

            /* a button that is held down while counts come stays the same */
            const close = await card(host, 'Ship it?').getByText('Close')
                .elementHandle();

            assert.strictEqual(await close.evaluate((b) => b.isConnected),
                true);

            const cyd = await vote(code);

            await kind(cyd, 'Ship it?', 'form');
            await card(cyd, 'Ship it?').getByText('No').click();
            await card(cyd, 'Ship it?').locator('button').click();
            await until(async () => /2 · 66.67 %/.test(
                await card(host, 'Ship it?').textContent()), 'three');
            assert.strictEqual(await close.evaluate((b) => b.isConnected),
                true);
            await host.setViewportSize(PHONE);
            await browser.shot(host, 'polls-presenter-phone');
            await ann.setViewportSize(DESK);
            await browser.shot(ann, 'polls-voter-desk');
            await card(host, 'Ship it?').getByText('Close').click();
            await kind(bob, 'Ship it?', 'closed');
            await host.click('#end');
            await until(async () => /ended/.test(
                await ann.textContent('#status')), 'ended');
            assert.match(await card(ann, 'Ship it?').textContent(),
                /3 votes/);
        });

    it('P-120 P-121 P-126 a window that was away has what it missed',
        async () => {
            const { page: host, code } = await present();

            await add(host, 'Ship it?', 'multiple_choice', 'Yes\nNo');

            const ann = await vote(code);
            const home = new URL('polls.html', ann.url()).href;

            await host.click('#start');
            await until(async () => /is on/.test(
                await ann.textContent('#status')), 'started');
            await ann.context().setOffline(true);
            await ann.reload().catch(() => {});
            await card(host, 'Ship it?').getByText('Open').click();
            await kind(host, 'Ship it?', 'active');
            await ann.context().setOffline(false);
            await ann.goto(home);
            await ann.waitForSelector('#session:not([hidden])');
            await kind(ann, 'Ship it?', 'form');
        });

    it('P-125 an error is shown as a sentence', async () => {
        const page = await browser.page(url('polls.html?code=AAAAA0'));

        await page.click('#join button');
        await page.waitForSelector('#trouble:not([hidden])');
        assert.strictEqual(await page.textContent('#trouble'),
            'There is no such session');

        const { code } = await present();
        const ann = await vote(code);

        await ann.evaluate(() => {
            const who = JSON.parse(sessionStorage.getItem('polls'));

            sessionStorage.setItem('polls', JSON.stringify({ ...who,
                participantId: '00000000-0000-4000-8000-000000000000' }));
        });
        await ann.goto(new URL('polls.html', ann.url()).href);
        await ann.waitForSelector('#trouble:not([hidden])');
        assert.match(await ann.textContent('#trouble'), /participant/);
    });
});
