'use strict';

/* The page of the orchestrator, in a browser. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { Browser, DESK, PHONE } = require('./lib/browser');
const { OrchestratorServer } = require('./lib/orchestrator');


describe('orchestrator page', () => {
    const server = new OrchestratorServer({ pages: 4,
        server: 'rooms_origin *;',
        options: { hold: '5s', video_loading: '300ms', video_rest: '2s' } });
    const browser = new Browser();

    before(async () => {
        await server.start();
        await browser.open();
    });
    afterEach(async () => {
        await browser.check();
        await server.fresh();
    });
    after(async () => {
        await browser.close();
        await server.stop();
    });

    const open = async (viewport) => {
        const page = await browser.page(server.page('orchestrator.html'),
            viewport);

        await page.waitForFunction(() => document.querySelectorAll(
            '.station .state[data-on]').length === 2);
        return page;
    };

    const shows = (page, selector, text) => page.waitForFunction(
        ([s, t]) => document.querySelector(s)?.textContent.includes(t),
        [selector, text]);

    async function submit(page, station, token, team) {
        await page.selectOption(`#${station} .token`, token);
        await page.selectOption(`#${station} .team`, team);
        await page.click(`#${station} button[type="submit"]`);
    }

    for (const [name, viewport] of [['desk', DESK], ['phone', PHONE]]) {
        it(`G-23 G-26 G-33 G-36 G-39 two stations, scores and a video ` +
            `(${name})`, async () => {
            await server.session();

            const page = await open(viewport);

            await submit(page, 'GM_DEMO_1', 'MEM_003', 'TEAM_A');
            await shows(page, '#GM_DEMO_2 .log', 'MEM_003 TEAM_A');
            await submit(page, 'GM_DEMO_2', 'MEM_004', 'TEAM_A');
            await submit(page, 'GM_DEMO_2', 'MEM_001', 'TEAM_B');
            await submit(page, 'GM_DEMO_1', 'MEM_001', 'TEAM_A');
            await shows(page, '#GM_DEMO_2 .log', 'duplicate');
            await shows(page, '#scores', '90 (bonus 30)');
            await shows(page, '#scores', 'TEAM_B');
            assert.strictEqual(await page.locator('#scores li').first()
                .locator('.team').textContent(), 'TEAM_A');

            await page.selectOption('#scan-token', 'MEM_VIDEO_02');
            await page.click('#scan button');
            await shows(page, '#video', 'playing');
            await shows(page, '#video-token', 'MEM_VIDEO_02');
            await page.click('#scan button');
            await shows(page, '#trouble:not([hidden])', 'A video is playing');
            await browser.shot(page, `orchestrator-${name}`);

            /* nothing is wider than the window */

            assert.ok(await page.evaluate(() => document.documentElement
                .scrollWidth <= innerWidth));

            const lists = await page.$$eval('.log', (logs) =>
                logs.map((log) => log.textContent));

            assert.strictEqual(lists[0], lists[1]);
            await server.control('stop');
            await shows(page, '#video', 'idle');
        });
    }

    it('G-58 G-45 a line that is cut, and what came meanwhile', async () => {
        await server.session();

        const page = await open(DESK);

        await page.click('#GM_DEMO_2 .cut');
        await shows(page, '#GM_DEMO_2 .state', 'away');
        await submit(page, 'GM_DEMO_1', 'MEM_002', 'TEAM_C');
        await shows(page, '#GM_DEMO_1 .log', 'MEM_002 TEAM_C');
        await shows(page, '#GM_DEMO_2 .state', 'connected');
        await shows(page, '#GM_DEMO_2 .log', 'MEM_002 TEAM_C');
        assert.strictEqual(await page.locator('#GM_DEMO_2 .log li').count(),
            1);
    });
});
