// Drives the dashboard in Chromium, as everyone and as an administrator: node dashboard.js URL FOLDER. The folder has the tokens (tokens.json); pictures of
// both views are left there. CHROMIUM names the browser.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { chromium } = require('playwright-core');

const [service, folder] = process.argv.slice(2);
const at = name => path.join(folder, name);
const tokens = JSON.parse(fs.readFileSync(at('tokens.json')));
const QUIET = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const AXE = fs.readFileSync(require.resolve('axe-core'), 'utf8');
const WIDE = { width: 1280, height: 900 };

test('the dashboard in a browser', { concurrency: false }, async t => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: QUIET });
  t.after(() => browser.close());
  const open = async (options = {}) => {
    const context = await browser.newContext({ viewport: WIDE, locale: 'en-GB', ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.faults = [];
    page.asked = [];
    page.on('pageerror', fault => page.faults.push(fault.message));
    page.on('console', line => line.type() === 'error' && !/status of 4\d\d/.test(line.text()) && page.faults.push(line.text()));
    context.on('request', request => page.asked.push(request.url()));
    await page.goto(`${service}/dashboard/`);
    await settled(page);
    return page;
  };
  const settled = page => page.locator('#answer[aria-busy=false]').waitFor({ state: 'attached' });
  const chosen = async (page, name, value) => {
    await page.selectOption(`[name=${name}]`, value);
    await page.waitForTimeout(50);
    await settled(page);
  };
  const rows = (page, figure) => page.locator('figure').nth(figure).locator('tbody tr').evaluateAll(all => all.map(row => [...row.children].map(cell => cell.textContent)));
  const tile = (page, name) => page.locator('.tiles div', { has: page.locator(`dt:text-is("${name}")`) }).locator('dd').textContent();

  await t.test('everyone sees whole days without small numbers, drawn and as tables', async () => {
    const page = await open();
    assert.equal(await page.locator('figure svg[role=img]').count(), 3);
    const days = await rows(page, 0);
    assert.equal(days.length, 30);
    const yesterday = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    assert.equal(days.at(-1)[0], yesterday);
    assert.ok(days.every(([, number]) => Number(number.replaceAll(',', '')) > 100), `${days}`);
    const states = (await rows(page, 1)).map(([name]) => name);
    assert.deepEqual(states.slice(0, 3), ['Uttar Pradesh', 'Tamil Nadu', 'Karnataka']);
    assert.ok(!states.includes('Goa'), 'a small number is told');
    assert.equal(await page.locator('.bars .bar').count(), states.length);
    assert.equal(await page.locator('.point').count(), 30);
    assert.match(await page.locator('figure svg').first().getAttribute('aria-label'), /^Certificates issued by day\. [\d,]+ in 30 days with numbers; most on/);
    assert.match(await page.locator('#note').textContent(), /kept back \(here \d+ times\)/);
    const sum = days.reduce((sum, [, number]) => sum + Number(number.replaceAll(',', '')), 0);
    assert.equal(await tile(page, 'Issued'), sum.toLocaleString('en-GB'));
    await page.screenshot({ path: at('everyone.png'), fullPage: true });
    await page.locator('summary').first().click();
    await page.screenshot({ path: at('everyone.table.png'), fullPage: true });

    await chosen(page, 'kind', 'verified');
    await page.locator('h2:text-is("Certificates verified by state")').waitFor();
    await chosen(page, 'kind', 'issued');
    await chosen(page, 'state', 'Kerala');
    assert.deepEqual(await page.locator('[name=by] option').allTextContents(), ['District']);
    assert.deepEqual((await rows(page, 1)).map(([name]) => name).sort(), ['North', 'South']);
    await chosen(page, 'state', '');
    await chosen(page, 'by', 'age');
    assert.deepEqual((await rows(page, 1)).map(([name]) => name), ['20-29', '40-49', '60-69']);
    await page.fill('[name=from]', '2020-01-01');
    await page.locator('[role=alert]', { hasText: '93 days at most' }).waitFor();
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  await t.test('administrators see every number, and their token goes nowhere else', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'For administrators' }).click();
    assert.ok(await page.locator('#token').evaluate(field => field === document.activeElement));
    await page.screenshot({ path: at('entry.png'), fullPage: true });
    await page.fill('#token', tokens.certifier);
    await page.getByRole('button', { name: 'Show the numbers' }).click();
    await page.locator('[role=alert]', { hasText: 'an administrator’s is wanted' }).waitFor();
    await page.fill('#token', tokens.admin);
    await page.keyboard.press('Enter');
    await page.locator('#question').waitFor();
    await page.locator('#note', { hasText: 'Every number' }).waitFor();
    await settled(page);
    assert.ok((await rows(page, 1)).some(([name]) => name === 'Goa'));
    assert.equal((await rows(page, 0)).at(-1)[0], new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10));
    assert.equal(await page.getByRole('button', { name: 'For administrators' }).getAttribute('aria-pressed'), 'true');
    await chosen(page, 'state', 'Goa');
    await chosen(page, 'by', 'gender');
    assert.deepEqual((await rows(page, 1)).map(([name]) => name).sort(), ['Female', 'Male']);
    await page.screenshot({ path: at('administrators.png'), fullPage: true });
    const told = page.asked.filter(url => !url.startsWith(service) || url.includes('eyJ') || url.includes(tokens.admin));
    assert.deepEqual(told, []);
    assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, '']);
    await page.getByRole('button', { name: 'For everyone' }).click();
    await settled(page);
    await page.locator('#note', { hasText: 'kept back' }).waitFor();
    await page.reload();
    await settled(page);
    assert.equal(await page.getByRole('button', { name: 'For everyone' }).getAttribute('aria-pressed'), 'true');
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  await t.test('a keyboard reaches everything', async () => {
    const page = await open();
    const reached = [];
    for (let step = 0; step < 30 && reached.at(-1) !== 'summary3'; step += 1) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate(() => {
        const { id, name, tagName } = document.activeElement;
        const place = [...document.querySelectorAll('summary')].indexOf(document.activeElement);
        return place >= 0 ? `summary${place + 1}` : id || name || tagName;
      }));
    }
    for (const wanted of ['everyone', 'administrators', 'from', 'until', 'state', 'kind', 'by', 'summary1', 'summary2', 'summary3']) assert.ok(reached.includes(wanted), `${wanted} of ${reached}`);
    await page.keyboard.press('Enter');
    assert.ok(await page.locator('details').nth(2).evaluate(details => details.open));
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'scroll');
    await page.context().close();
  });

  await t.test('nobody is shut out: axe finds no violation, and everything fits small screens and large letters', async () => {
    for (const scheme of ['light', 'dark']) {
      const page = await open({ bypassCSP: true, colorScheme: scheme });
      await page.evaluate(AXE);
      const check = async name => {
        const unfold = () => page.locator('summary').evaluateAll(all => all.forEach(summary => { summary.parentElement.open = true; }));
        await unfold();
        const found = (await page.evaluate(() => self.axe.run(document))).violations.map(({ id, nodes }) => [id, nodes[0].html]);
        assert.deepEqual(found, [], `${scheme}, ${name}`);
        for (const [width, size] of [[320, '100%'], [390, '200%'], [1280, '100%']]) {
          await page.setViewportSize({ width, height: 844 });
          await page.evaluate(size => { document.documentElement.style.fontSize = size; }, size);
          assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} does not fit ${width} with letters of ${size}`);
          await page.screenshot({ path: at(`${name}.${scheme}.${width}.png`), fullPage: true });
        }
        await page.evaluate(() => { document.documentElement.style.fontSize = ''; });
        await page.setViewportSize(WIDE);
      };
      await check('everyone');
      await page.getByRole('button', { name: 'For administrators' }).click();
      await check('entry');
      await page.fill('#token', tokens.admin);
      await page.keyboard.press('Enter');
      await page.locator('#note', { hasText: 'Every number' }).waitFor();
      await settled(page);
      await check('administrators');
      await page.context().close();
    }
  });
});
