// A national portal's page with the link to the citizens' portal, in a browser: node embed.js. CHROMIUM names the browser.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { test } = require('node:test');
const { chromium } = require('playwright-core');

const SCRIPT = fs.readFileSync(path.join(__dirname, '../portal/static/embed.js'));

/** A server of its own port, and so of its own origin. */
const serve = files => new Promise(resolve => {
  const asked = [];
  const server = http.createServer((request, answer) => {
    const [name] = request.url.split('?');
    asked.push({ url: request.url, referrer: request.headers.referer });
    answer.writeHead(files[name] ? 200 : 404, { 'content-type': name.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8' });
    answer.end(files[name]);
  });
  server.listen(0, '127.0.0.1', () => resolve({ asked, server, url: `http://127.0.0.1:${server.address().port}` }));
});

test('the link of a national portal opens the citizens\' portal in the page\'s language, and neither learns of the other', async t => {
  const portal = await serve({ '/portal/': '<title>portal</title>', '/portal/embed.js': SCRIPT });
  const nation = await serve({
    '/': `<!doctype html><html lang="hi"><script src="${portal.url}/portal/embed.js"></script>
          <certificate-download id="own" lang="ta">சான்றிதழ்</certificate-download><div><certificate-download id="usual"></certificate-download></div></html>`,
  });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--headless=new', '--no-sandbox', '--disable-gpu'] });
  t.after(async () => {
    await browser.close();
    for (const { server } of [portal, nation]) server.close();
  });
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(nation.url);
  assert.equal(await page.getByRole('link', { name: 'சான்றிதழ்' }).getAttribute('href'), `${portal.url}/portal/?lang=ta`);
  const usual = page.getByRole('link', { name: 'Get your certificate' });
  assert.equal(await usual.getAttribute('href'), `${portal.url}/portal/?lang=hi`);

  await page.evaluate(() => {
    document.documentElement.lang = 'fr';
    document.addEventListener('returned', event => { document.title = `returned ${event.target.id}`; });
  });
  const opening = context.waitForEvent('page');
  await usual.press('Enter');
  const opened = await opening;
  await opened.waitForLoadState();
  assert.equal(opened.url(), `${portal.url}/portal/?lang=fr`);
  assert.equal(await opened.evaluate(() => window.opener), null);
  assert.equal(portal.asked.find(({ url }) => url.startsWith('/portal/?')).referrer, undefined);

  // A headless browser shows every page at once: that the citizen left and came back is told by hand.
  const shows = hidden => page.evaluate(hidden => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  await shows(true);
  assert.equal(await page.title(), '');
  await opened.close();
  await shows(false);
  assert.equal(await page.title(), 'returned usual');
});
