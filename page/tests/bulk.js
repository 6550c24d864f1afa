// Uses the page for files in a browser: node bulk.js URL FOLDER. The folder holds a file, a token and what the file comes to; pictures of every screen and the
// rows that failed are left there. CHROMIUM names the browser.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { chromium } = require('playwright-core');

const [service, folder] = process.argv.slice(2);
const at = name => path.join(folder, name);
const token = fs.readFileSync(at('token'), 'utf8');
const AXE = fs.readFileSync(require.resolve('axe-core'), 'utf8');
const QUIET = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

test('the page for files in a browser', { concurrency: false }, async t => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: QUIET });
  t.after(() => browser.close());
  const open = async () => {
    const context = await browser.newContext({ acceptDownloads: true, bypassCSP: false });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.faults = [];
    page.on('pageerror', fault => page.faults.push(fault.message));
    page.on('console', line => line.type() === 'error' && !/status of 4\d\d/.test(line.text()) && page.faults.push(line.text()));
    await page.goto(`${service}/bulk/`);
    return page;
  };
  const enter = async (page, said = token) => {
    await page.getByLabel('Token of your identity provider').fill(said);
    await page.getByRole('button', { name: 'Go on' }).click();
  };
  const choose = async (page, file) => {
    await page.getByLabel(/^CSV/).setInputFiles(file);
    await page.getByRole('button', { name: /^Bring it/ }).click();
  };
  const heading = (page, text) => page.getByRole('heading', { name: text, level: 2 }).waitFor();
  /** What axe has to say about the page as it stands. */
  const accessible = async page => {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html]), []);
  };

  await t.test('a file is brought, looked at and certified, and what failed is saved', async () => {
    const page = await open();
    await accessible(page);
    await enter(page);
    await heading(page, 'Which file?');
    await accessible(page);
    await choose(page, at('rows.csv'));
    await heading(page, 'Is this right?');
    await page.getByText('Of the first 3 rows 2 will be certified as they stand here.').waitFor();
    await page.getByRole('cell', { name: 'Covishield, dose 1 of 2' }).first().waitFor();
    await page.getByText('recipientDOB: This must be a date of the calendar, written YYYY-MM-DD.').waitFor();
    await page.screenshot({ path: at('look.png'), fullPage: true });
    await accessible(page);
    await page.getByRole('button', { name: 'Certify all rows' }).click();
    await page.getByText('Done.', { exact: true }).waitFor();
    assert.deepEqual(await page.locator('dd').allTextContents(), ['3', '2', '1', '0']);
    await page.screenshot({ path: at('done.png'), fullPage: true });
    await accessible(page);
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save the rows that failed' }).click();
    const download = await saved;
    assert.equal(download.suggestedFilename(), 'rows.errors.csv');
    await download.saveAs(at('rows.errors.csv'));

    // The same file, mended, and the list of both.
    const mended = at('mended.csv');
    fs.writeFileSync(mended, fs.readFileSync(at('rows.errors.csv'), 'utf8').replace(',1980,', ',1980-01-02,'));
    await page.getByRole('button', { name: 'Another file' }).click();
    await page.getByRole('button', { name: 'Open rows.csv' }).waitFor();
    await choose(page, mended);
    await page.getByText('Columns that are passed over: errors.').waitFor();
    await page.getByRole('button', { name: 'Certify all rows' }).click();
    await page.getByText('Done.', { exact: true }).waitFor();
    assert.deepEqual(await page.locator('dd').allTextContents(), ['1', '1', '0', '0']);
    await page.getByRole('button', { name: 'Another file' }).click();
    await page.getByRole('button', { name: 'Open rows.csv' }).click();
    await page.getByText('Done.', { exact: true }).waitFor();
    assert.deepEqual(await page.locator('dd').allTextContents(), ['3', '2', '1', '0']);
    assert.deepEqual(page.faults, []);
    // Who leaves leaves nothing behind.
    await page.getByRole('button', { name: 'Leave' }).click();
    await heading(page, 'Who are you?');
    const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie, document.getElementById('token').value]);
    assert.deepEqual(kept, [0, 0, '', '']);
    await page.context().close();
  });

  await t.test('what is refused is said in the service\'s words', async () => {
    const page = await open();
    await enter(page, 'no token');
    await page.getByRole('alert').filter({ hasText: 'the bearer token is refused' }).waitFor();
    await enter(page);
    await heading(page, 'Which file?');
    fs.writeFileSync(at('letters.csv'), 'name\nAsha\n');
    await choose(page, at('letters.csv'));
    await page.getByRole('alert').filter({ hasText: 'Missing Headers : preEnrollmentCode,' }).waitFor();
    await page.getByRole('button', { name: 'Another file' }).click();
    await choose(page, at('rows.csv'));
    await heading(page, 'Is this right?');
    await page.getByRole('button', { name: 'Leave it' }).click();
    await page.getByRole('cell', { name: 'cancelled' }).waitFor();
    await accessible(page);
    await page.screenshot({ path: at('list.png'), fullPage: true });
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
});
