// Uses the portal and the page of shared links in a browser, as citizens do: node portal.js URL FOLDER. The folder says whose numbers there are
// (people.json); pictures of every screen are left there. Codes and links are read where messages arrive, in the outbox. CHROMIUM names the browser.
'use strict';
const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { test } = require('node:test');
const { chromium } = require('playwright-core');

const [service, folder] = process.argv.slice(2);
const at = name => path.join(folder, name);
const people = JSON.parse(fs.readFileSync(at('people.json')));
const LANGUAGES = fs.readdirSync(path.join(__dirname, '../portal/languages')).map(name => name.replace('.json', ''));
const TELEPHONE = { viewport: { width: 390, height: 844 } };
const QUIET = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const AXE = fs.readFileSync(require.resolve('axe-core'), 'utf8');
const words = tag => JSON.parse(fs.readFileSync(path.join(__dirname, `../portal/languages/${tag}.json`)));

test('the portal in a browser', { concurrency: false }, async t => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: QUIET });
  t.after(() => browser.close());
  /** A browser of a person who was never here. Everything that it asks for is noted. */
  const open = async (address = '/portal/?lang=en', options = {}) => {
    const context = await browser.newContext({ ...TELEPHONE, acceptDownloads: true, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.faults = [];
    page.asked = [];
    page.on('pageerror', fault => page.faults.push(fault.message));
    page.on('console', line => line.type() === 'error' && !/status of 4\d\d/.test(line.text()) && page.faults.push(line.text()));
    context.on('request', request => page.asked.push({ url: request.url(), method: request.method() }));
    await page.goto(service + address);
    await page.locator('h2').waitFor();
    return page;
  };

  for (const tag of ['en', 'ur']) {
    await t.test(`a whole journey: code, family, certificate, files, link, mail, correction, way out (${tag})`, async () => {
      const say = words(tag);
      const page = await open(`/portal/?lang=${tag}`, { permissions: ['clipboard-read', 'clipboard-write'] });
      const picture = name => page.screenshot({ path: at(`${name}.${tag}.png`), fullPage: true });
      const press = name => page.getByRole('button', { name, exact: true }).click();
      const heading = text => page.locator('h2', { hasText: text }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.dir), tag === 'ur' ? 'rtl' : 'ltr');
      await picture('login');
      await page.fill('[name=phone]', 'no number');
      await press(say.send_code);
      await page.locator('[role=alert]', { hasText: say.phone_wrong }).waitFor();
      await page.fill('[name=phone]', people.phone);
      await press(say.send_code);
      await heading(say.code);
      await picture('code');
      await page.fill('[name=otp]', '000000');
      await press(say.log_in);
      await page.locator('[role=alert]', { hasText: say.code_wrong }).waitFor();
      await page.fill('[name=otp]', await code(people.phone));
      await press(say.log_in);
      await heading(say.found);
      await picture('family');
      const names = await page.locator('.person h3').allTextContents();
      assert.deepEqual(names.sort(), [...people.names].sort());
      const states = await page.locator('.badge').evaluateAll(badges => badges.map(badge => badge.dataset.status));
      assert.deepEqual([...new Set(states)].sort(), ['revoked', 'suspended', 'valid']);

      await row(page, people.names[0]).first().click();
      await page.locator('figure[aria-busy=false]').waitFor();
      assert.ok(await page.locator('.picture').evaluate(picture => picture.naturalWidth > 500));
      await picture('certificate');
      await page.selectOption('[name=language]', tag === 'en' ? 'hi' : 'ur');
      assert.equal(await saved(page, () => press(say.download)), '%PDF');
      await page.click(`summary:text-is("${say.more}")`);
      for (const [name, start] of [[`${say.card} (PDF)`, '%PDF'], [`${say.qr} (PNG)`, '\x89PNG'], [`${say.qr} (SVG)`, '<svg'], [`${say.credential} (JSON)`, '{']]) {
        assert.equal((await saved(page, () => press(name))).slice(0, start.length), start, name);
      }
      await page.evaluate(() => { self.print = () => { self.printed = document.querySelector('#paper img').naturalWidth; }; });
      await press(say.print);
      await page.waitForFunction(() => self.printed > 1500);

      await page.click(`summary:text-is("${say.share}")`);
      await page.selectOption('[name=hours]', '24');
      await page.selectOption('[name=uses]', '5');
      await page.fill('[name=passcode]', 'banyan 4711');
      await picture('sharing');
      await press(say.make_link);
      const link = await page.locator('.link').inputValue();
      assert.match(link, /\/share\/#[\w.~-]{20,}$/);
      await press(say.copy);
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);
      await page.click(`summary:text-is("${say.mail}")`);
      await page.fill('[name=email]', 'nobody@example.com');
      await page.locator('details', { hasText: say.email }).getByRole('button', { name: say.send }).click();
      await page.locator('.done', { hasText: 'nobody@example.com' }).waitFor();
      await page.click(`summary:text-is("${say.history}")`);
      await page.locator('.events li', { hasText: say.event_issued }).waitFor();
      await page.click(`summary:text-is("${say.correct}")`);
      await page.selectOption('[name=field]', 'name');
      await page.fill('[name=proposed]', 'Asha Exemplary');
      await page.fill('[name=reason]', 'As in the passport');
      await picture('everything');
      await page.locator('details', { hasText: say.why }).getByRole('button', { name: say.send }).click();
      await page.locator('.done', { hasText: say.request_sent }).waitFor();

      await page.goBack();
      await heading(say.found);
      await press(say.requests);
      await page.locator('.cards li', { hasText: 'Asha Exemplary' }).first().waitFor();
      assert.match(await page.locator('.cards').textContent(), new RegExp(say.state_open));
      await picture('requests');
      await press(say.back);
      await heading(say.found);
      for (const [name, status] of [[people.revoked, 'revoked'], [people.suspended, 'suspended']]) {
        await row(page, name).first().click();
        await page.locator('.notice').first().waitFor();
        assert.equal(await page.getByRole('button', { name: say.download }).count(), 0);
        await page.click(`summary:text-is("${say.history}")`);
        await page.locator('.events li').nth(1).waitFor();
        await picture(status);
        await press(say.back);
        await heading(say.found);
      }

      await shared(link, tag, say);
      await press(say.links);
      await page.locator('.cards li').first().waitFor();
      await picture('links');
      const before = await page.locator('.cards button').count();
      await page.locator('.cards button').first().click();
      await page.waitForFunction(count => document.querySelectorAll('.cards button').length < count, before);
      await press(say.log_out);
      await page.locator('.notice', { hasText: say.logged_out }).waitFor();
      assert.deepEqual(page.faults, []);
      private_(page);
      await page.reload();
      await page.locator('[name=phone]').waitFor();
      assert.deepEqual(await page.evaluate(() => [Object.keys(localStorage), Object.keys(sessionStorage)]), [['language'], []]);
      await page.context().close();
    });
  }

  /** What somebody sees who got a link, and what they see when it is over. */
  async function shared(link, tag, say) {
    const address = new URL(link);
    const page = await open(`${address.pathname}?lang=${tag}${address.hash}`);
    await page.locator('[name=passcode]').waitFor();
    assert.equal(new URL(page.url()).hash, '', 'the token stays in the address bar');
    await page.screenshot({ path: at(`share-passcode.${tag}.png`), fullPage: true });
    await page.fill('[name=passcode]', 'wrong one');
    await page.getByRole('button', { name: say.open }).click();
    await page.locator('[role=alert]', { hasText: say.passcode_wrong }).waitFor();
    await page.fill('[name=passcode]', 'banyan 4711');
    await page.getByRole('button', { name: say.open }).click();
    await page.locator('figure[aria-busy=false]').waitFor();
    assert.ok(await page.locator('.picture').evaluate(picture => picture.naturalWidth > 500));
    await page.screenshot({ path: at(`share.${tag}.png`), fullPage: true });
    assert.equal(await saved(page, () => page.getByRole('button', { name: say.download }).click()), '%PDF');
    await page.click(`summary:text-is("${say.more}")`);
    assert.equal(await saved(page, () => page.getByRole('button', { name: `${say.qr} (PNG)` }).click()), '\x89PNG');
    private_(page, address.hash.slice(1));
    assert.deepEqual(page.faults, []);
    await page.context().close();
    const wrong = await open(`/share/?lang=${tag}#${'A'.repeat(43)}`);
    await wrong.locator('h2', { hasText: say.link_over }).waitFor();
    await wrong.screenshot({ path: at(`share-over.${tag}.png`), fullPage: true });
    await wrong.context().close();
  }

  await t.test('everything is open to the keyboard', async () => {
    const page = await open();
    const focused = () => page.evaluate(() => document.activeElement.name || document.activeElement.textContent);
    const tab = async name => {
      for (let step = 0; step < 40 && await focused() !== name; step++) await page.keyboard.press('Tab');
      assert.equal(await focused(), name);
    };
    const say = words('en');
    await tab('phone');
    await page.keyboard.type(people.phone);
    await page.keyboard.press('Enter');
    await page.locator('[name=otp]').waitFor();
    assert.equal(await focused(), say.code, 'the new screen is read out');
    await tab('otp');
    await page.keyboard.type(await code(people.phone));
    await page.keyboard.press('Enter');
    await page.locator('h2', { hasText: say.found }).waitFor();
    assert.equal(await focused(), say.found);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('figure[aria-busy=false]').waitFor();
    await tab(say.share);
    await page.keyboard.press('Enter');
    await tab('hours');
    await tab('passcode');
    await page.keyboard.press('Enter');
    await page.locator('.link').waitFor();
    await tab(say.correct);
    await page.keyboard.press('Shift+Tab');
    assert.equal(await focused(), say.history);
    await page.context().close();
  });

  await t.test('who is still for long is warned, stays when they say so, and is logged out when not', async () => {
    const page = await open();
    await page.clock.install();
    await page.fill('[name=phone]', people.phone);
    await page.getByRole('button', { name: words('en').send_code }).click();
    await page.locator('[name=otp]').waitFor();
    await page.fill('[name=otp]', await code(people.phone));
    await page.getByRole('button', { name: words('en').log_in, exact: true }).click();
    await page.locator('.person').first().waitFor();
    await page.clock.runFor('09:05');
    await page.locator('#idle[open]').waitFor();
    await page.screenshot({ path: at('idle.en.png') });
    await page.click('#stay');
    assert.equal(await page.locator('#idle[open]').count(), 0);
    await page.clock.runFor('10:05');
    await page.locator('.notice', { hasText: words('en').logged_out }).waitFor();
    assert.equal(await page.locator('.person').count(), 0);
    await page.context().close();
  });

  await t.test('nobody is shut out: axe finds no violation on any screen, nothing is wider than a small telephone, and text may be twice as large', async () => {
    for (const [tag, scheme] of [['en', 'light'], ['en', 'dark'], ['hi', 'light'], ['ar', 'light'], ['ur', 'dark']]) {
      const page = await open(`/portal/?lang=${tag}`, { bypassCSP: true, colorScheme: scheme });
      const say = words(tag);
      await page.evaluate(AXE);
      const check = async name => {
        const found = (await page.evaluate(() => self.axe.run(document))).violations.map(({ id, nodes }) => [id, nodes[0].html]);
        assert.deepEqual(found, [], `${tag} ${scheme}, ${name}`);
        for (const [width, size] of [[320, '100%'], [390, '200%'], [1280, '100%']]) {
          await page.setViewportSize({ width, height: 844 });
          await page.evaluate(size => { document.documentElement.style.fontSize = size; }, size);
          assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${tag}, ${name} does not fit ${width} with letters of ${size}`);
          await page.screenshot({ path: at(`${name}.${tag}.${scheme}.${width}.png`), fullPage: true });
        }
        await page.evaluate(() => { document.documentElement.style.fontSize = ''; });
        await page.setViewportSize(TELEPHONE.viewport);
      };
      const press = name => page.getByRole('button', { name, exact: true }).click();
      await check('login');
      await press(say.recover);
      await page.locator('[name=old]').waitFor();
      await check('recovery');
      await page.goBack();
      await page.fill('[name=phone]', people.phone);
      await press(say.send_code);
      await page.locator('[name=otp]').waitFor();
      await check('code');
      await page.fill('[name=otp]', await code(people.phone));
      await press(say.log_in);
      await page.locator('.person').first().waitFor();
      await check('family');
      await row(page, people.names[0]).first().click();
      await page.locator('figure[aria-busy=false]').waitFor();
      assert.ok(await page.locator('.picture').evaluate(picture => picture.naturalWidth > 500), `${tag}: no picture`);
      for (const summary of await page.locator('summary').all()) await summary.click();
      await page.locator('.events li').first().waitFor();
      await press(say.make_link);
      const link = new URL(await page.locator('.link').inputValue());
      await check('certificate');
      await press(say.back);
      for (const word of ['requests', 'links']) {
        await press(say[word]);
        await page.locator('.cards[aria-busy=false] li').first().waitFor();
        await check(word);
        await press(say.back);
      }
      await press(say.log_out);
      await page.goto(`${service}${link.pathname}?lang=${tag}${link.hash}`);
      await page.locator('figure[aria-busy=false]').waitFor();
      assert.ok(await page.locator('.picture').evaluate(picture => picture.naturalWidth > 500), `${tag}: no picture of what is shared`);
      await page.evaluate(AXE);
      await check('share');
      await page.context().close();
    }
  });

  await t.test('another number takes the place of a lost one, and the old one can object', async () => {
    const page = await open();
    const say = words('en');
    const press = name => page.getByRole('button', { name, exact: true }).click();
    const ask = async () => {
      await press(say.recover);
      await page.fill('[name=old]', people.lost);
      await page.fill('[name=fresh]', people.fresh);
    };
    await ask();
    await press(say.send_code);
    await page.locator('.notice', { hasText: say.paper_missing }).waitFor();
    await page.setInputFiles('[type=file]', at('paper.png'));
    await page.screenshot({ path: at('recovery.en.png'), fullPage: true });
    await press(say.send_code);
    await page.locator('[name=otp]').waitFor();
    await page.fill('[name=otp]', '000000');
    await press(say.send);
    await page.locator('.notice', { hasText: say.code_wrong }).waitFor();
    await page.fill('[name=otp]', await code(people.fresh));
    await press(say.send);
    await page.locator('.notice', { hasText: 'The certificates move to the new number on' }).waitFor();
    await page.screenshot({ path: at('recovery-waiting.en.png'), fullPage: true });

    // Whoever has the old number sees it when they log in, and gets a link that stops it.
    await press(say.log_in);
    await page.fill('[name=phone]', people.lost);
    await press(say.send_code);
    await page.locator('[name=otp]').waitFor();
    await page.fill('[name=otp]', await code(people.lost));
    await press(say.log_in);
    await page.locator('.notice', { hasText: say.move_away }).waitFor();
    await page.screenshot({ path: at('moving-away.en.png'), fullPage: true });
    const [link] = (await messages(people.lost)).flatMap(({ text }) => /\/portal\/#objection=\S+/.exec(text) ?? []);
    await page.goto('about:blank');
    await page.goto(service + link);
    await page.locator('h2', { hasText: say.stop_move }).waitFor();
    assert.equal(page.url(), `${service}/portal/`, 'the token stays in the address bar');
    await press(say.stop_move);
    await page.locator('.done', { hasText: say.move_stopped }).waitFor();
    await page.screenshot({ path: at('objection.en.png'), fullPage: true });
    private_(page, people.lost, people.fresh, link.split('=')[1]);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  await t.test('every language has its words and its direction', async () => {
    const page = await open();
    const seen = new Set();
    for (const tag of LANGUAGES) {
      await page.selectOption('#language', tag);
      await page.waitForFunction(tag => document.documentElement.lang === tag, tag);
      seen.add(await page.title());
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${tag} is wider than a telephone`);
      assert.equal(await page.evaluate(() => document.documentElement.dir), ['ar', 'ks', 'sd', 'ur'].includes(tag) ? 'rtl' : 'ltr');
      await page.screenshot({ path: at(`language.${tag}.png`), fullPage: true });
    }
    assert.ok(seen.size > 20, 'the languages say the same');
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  await t.test('who has no JavaScript is told what to do', async () => {
    const context = await browser.newContext({ ...TELEPHONE, javaScriptEnabled: false });
    const page = await context.newPage();
    for (const place of ['/portal/', '/share/']) {
      await page.goto(service + place);
      assert.match(await page.locator('noscript').textContent(), /needs JavaScript/);
    }
    await context.close();
  });

  await t.test('the country’s own account: authorization code with PKCE, and nothing of it stays', async () => {
    const provider = await identityProvider();
    t.after(() => provider.close());
    const page = await open();
    const configuration = { login: 'oidc', issuer: provider.url, clientId: 'portal', callingCode: '91', languages: ['en'] };
    await page.route('**/divoc/api/citizen/configuration', route => route.fulfill({ json: configuration }));
    const enter = async token => {
      provider.token = token;
      await page.goto(`${service}/portal/?lang=en`);
      await page.getByRole('button', { name: words('en').country_login }).click();
      await page.getByRole('button', { name: words('en').log_out }).waitFor();
    };
    await enter(people.token);
    await page.locator('.person').first().waitFor();
    assert.equal(page.url(), `${service}/portal/`);
    assert.deepEqual(provider.asked, { response_type: 'code', client_id: 'portal', scope: 'openid', code_challenge_method: 'S256', redirect_uri: `${service}/portal/` });
    assert.ok(provider.proved, 'the verifier is not what was announced');
    assert.equal(await page.evaluate(() => Object.keys(sessionStorage).length), 0);

    // Who has nothing on their number is told what to do.
    await enter(people.strangersToken);
    assert.match(await page.locator('main').textContent(), /Perhaps another number was given/);
    await page.screenshot({ path: at('nothing.en.png'), fullPage: true });
    await page.getByRole('button', { name: words('en').recover }).click();
    await page.locator('[name=old]').waitFor();
    private_(page, people.token, people.strangersToken);

    // A code that somebody else slipped in is not taken.
    await page.goto(`${service}/portal/?lang=en&code=stolen&state=forged`);
    await page.locator('.notice', { hasText: words('en').refused }).waitFor();
    assert.equal(page.url(), `${service}/portal/`);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  await t.test('on a processor six times slower', async () => {
    const page = await open('/portal/?lang=ml');
    const session = await page.context().newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: 6 });
    await page.reload();
    await page.locator('[name=phone]').waitFor();
    const { shown, bytes } = await page.evaluate(() => ({
      shown: Math.round(performance.now()),
      bytes: performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation')).reduce((sum, one) => sum + one.decodedBodySize, 0),
    }));
    console.log(`six times slower: the portal can be used after ${shown} ms; ${bytes} bytes unpacked`);
    assert.ok(bytes < 100_000, 'more than 100 kB before data');
    await page.context().close();
  });
});

// ---------------------------------------------------------------- what a person does and sees

/** What was sent to a number, the newest last. */
async function messages(phone) {
  return (await (await fetch(`${service}/outbox.json`)).json()).filter(({ to }) => to.endsWith(phone));
}

/** The newest code in a message to the number. */
async function code(phone) {
  const { text } = (await messages(phone)).findLast(({ text }) => /\b\d{6}\b/.test(text));
  return /\b\d{6}\b/.exec(text)[0];
}

const row = (page, name) => page.locator('.person', { hasText: name }).locator('.row');

/** The first bytes of what a press of a button saves. */
async function saved(page, press) {
  const [download] = await Promise.all([page.waitForEvent('download'), press()]);
  assert.match(download.suggestedFilename(), /^certificate-[\w-]+\.(pdf|png|svg|json)$/);
  return fs.readFileSync(await download.path()).subarray(0, 4).toString('latin1');
}

/** Nothing was asked of anyone else, and no address held a number, a name, a code or a token. */
function private_({ asked }, ...secrets) {
  const elsewhere = asked.filter(({ url }) => !url.startsWith(service) && !/^(blob|data):/.test(url) && !url.startsWith('http://127.0.0.1'));
  assert.deepEqual(elsewhere, []);
  const words = [people.phone, ...people.names, 'nobody@example.com', 'eyJ', 'token=', ...secrets];
  const told = asked.filter(({ url }) => !url.startsWith('blob:') && words.some(word => decodeURIComponent(url.split('#')[0]).includes(word)));
  assert.deepEqual(told, []);
}

/** A provider of a country's accounts that logs everybody in. */
async function identityProvider() {
  const provider = { asked: undefined, proved: false };
  const pending = new Map();
  const server = http.createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, provider.url);
    const json = answer => response.writeHead(200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' }).end(JSON.stringify(answer));
    if (pathname === '/.well-known/openid-configuration') return json({ authorization_endpoint: `${provider.url}/authorize`, token_endpoint: `${provider.url}/token`, response_modes_supported: ['query', 'fragment'] });
    if (pathname === '/authorize') {
      const { state, code_challenge: challenge, response_mode: mode, ...asked } = Object.fromEntries(searchParams);
      provider.asked = asked;
      pending.set('a-code', challenge);
      return response.writeHead(302, { location: `${asked.redirect_uri}${mode === 'fragment' ? '#' : '?'}code=a-code&state=${state}` }).end();
    }
    let body = '';
    for await (const part of request) body += part;
    const { code, code_verifier: verifier } = Object.fromEntries(new URLSearchParams(body));
    provider.proved = crypto.createHash('sha256').update(verifier).digest('base64url') === pending.get(code);
    return json({ access_token: provider.token, token_type: 'Bearer' });
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  provider.url = `http://127.0.0.1:${server.address().port}`;
  provider.close = () => server.close();
  return provider;
}
