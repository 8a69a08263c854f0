'use strict';

/* Pages in headless Chromium. */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const { chromium } = require('playwright-core');

const { TOP } = require('./conf');
const { SCALE } = require('./player');

const ARGS = ['--headless=new', '--no-sandbox', '--disable-gpu',
    '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];

const PHONE = { width: 390, height: 844 };
const DESK = { width: 1180, height: 820 };
const SHOTS = path.join(TOP, 'build', 'screenshots');


class Browser {
    async open() {
        fs.mkdirSync(SHOTS, { recursive: true });
        this.chromium = await chromium.launch({
            executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
            args: ARGS,
        });
        this.pages = [];
        return this;
    }

    /*
     * A page in a profile of its own, as on another device.  Errors of its
     * scripts fail the test in check().
     */

    async page(url, viewport) {
        const context = await this.chromium.newContext({
            viewport: viewport || PHONE, reducedMotion: 'reduce' });
        const page = await context.newPage();

        page.faults = [];
        page.setDefaultTimeout(10000 * SCALE);
        page.on('pageerror', (e) => page.faults.push(String(e)));
        page.on('console', (m) => {
            if (m.type() === 'error' &&
                !/Failed to load resource|WebSocket/.test(m.text())) {
                page.faults.push(m.text());
            }
        });
        this.pages.push(page);
        await page.goto(url);
        return page;
    }

    async shot(page, name) {
        await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
    }

    /* Closes every page; fails where one of them had an error. */

    async check() {
        const faults = this.pages.flatMap((p) => p.faults);

        for (const page of this.pages) {
            await page.context().close();
        }

        this.pages = [];
        assert.deepStrictEqual(faults, []);
    }

    close() {
        return this.chromium?.close();
    }
}


module.exports = { Browser, PHONE, DESK };
