// Shows certificates to the page in a browser, as its users do: node drive.js URL FOLDER. The folder holds certificates, what should be made of each
// (cases.json) and what a camera sees (camera.y4m); pictures of every verdict are left there. CHROMIUM names the browser.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { test } = require('node:test');
const { chromium } = require('playwright-core');

const [service, folder] = process.argv.slice(2);
const at = name => path.join(folder, name);
const cases = JSON.parse(fs.readFileSync(at('cases.json')));
const person = JSON.parse(fs.readFileSync(at('person.json')));
const LANGUAGES = fs.readdirSync(path.join(__dirname, '../languages')).map(name => name.replace('.json', ''));
const VIEW = { viewport: { width: 390, height: 844 } };
const QUIET = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const CAMERA = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${at('camera.y4m')}`];

test('the page in a browser', { concurrency: false }, async t => {
  const server = await proxy(service);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: [...QUIET, ...CAMERA] });
  t.after(async () => {
    await browser.close();
    await server.stop();
  });
  /** A browser of a person who was never here. */
  const open = async (query = '?lang=en', options = {}) => {
    const context = await browser.newContext({ ...VIEW, ...options });
    const page = await context.newPage();
    page.faults = [];
    page.on('pageerror', fault => page.faults.push(fault.message));
    page.on('console', line => line.type() === 'error' && page.faults.push(line.text()));
    await page.goto(`${server.url}/verify/${query}`);
    await page.locator('#trust:not(:empty)').waitFor();
    return page;
  };

  await t.test('every certificate gets its verdict, from a picture, a PDF and a file, and no request carries anything of it', async () => {
    const page = await open();
    await ready(page);
    const asked = requests(page.context());
    for (const { file, kind } of cases) {
      await show(page, file);
      assert.equal(await verdict(page), kind, file);
      await page.screenshot({ path: at(`${file}.en.png`), fullPage: true });
    }
    await paste(page, fs.readFileSync(at('valid.json'), 'utf8'));
    assert.equal(await verdict(page), 'valid');
    assert.deepEqual(asked, []);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  await t.test('what is asked for at all is the page, the keys and the status list', async () => {
    const context = await browser.newContext(VIEW);
    const asked = requests(context);
    const page = await context.newPage();
    await page.goto(`${server.url}/verify/?lang=en`);
    await ready(page);
    await show(page, 'valid.json');
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await show(page, 'revoked.json');
    await page.waitForLoadState('networkidle');
    const places = asked.map(({ url }) => url.slice(server.url.length)).filter(place => !/^\/verify\/([0-9a-f]{16}\/)?[a-z0-9_.-]*(\?lang=en)?$/.test(place));
    assert.deepEqual([...new Set(places)].sort(), ['/.well-known/did.json', '/status/revocations']);
    assert.ok(asked.every(({ method, body }) => method === 'GET' && body === null));
    const told = asked.filter(({ url }) => person.some(word => decodeURIComponent(url).includes(word)));
    assert.deepEqual(told, []);
    await context.close();
  });

  await t.test('the facts that a verifier compares are shown, and those that are not protected are marked', async () => {
    const page = await open();
    await ready(page);
    await show(page, 'valid.json');
    assert.deepEqual((await facts(page)).slice(0, 4), [['Name', 'Asha Example 1'], ['Age', '41'], ['Gender', 'Female'], ['Vaccine Name', 'Covishield']]);
    assert.match(await page.locator('#status').textContent(), /^Revocation status: (now|\d+ (seconds?|minutes?) ago)\.$/);
    await show(page, 'unbound.json');
    const marked = (await facts(page)).filter(([, value]) => value.includes('not protected')).map(([label]) => label);
    assert.ok(marked.includes('Dose') && !marked.includes('Name'), String(marked));
    await show(page, 'suspended.json');
    assert.match(await page.locator('#status').textContent(), /^Suspended: until 31 Dec 20\d\d\. /);
    await show(page, 'invalid.json');
    assert.deepEqual(await facts(page), []);
    assert.equal(await page.locator('#reasons').textContent(), 'It was changed after it was signed.');
    await page.context().close();
  });

  await t.test('the camera reads a printed certificate', async () => {
    const page = await open('?lang=en', { permissions: ['camera'] });
    await ready(page);
    const before = Date.now();
    await page.click('#scan');
    await page.locator('#result:not([hidden])').waitFor();
    assert.equal(await page.locator('#result').getAttribute('data-kind'), 'valid');
    console.log(`camera: verdict ${Date.now() - before} ms after the tap`);
    assert.equal(await page.evaluate(() => document.getElementById('video').srcObject), null, 'the camera still runs');
    await page.context().close();
  });

  await t.test('without a camera the page says what to do instead', async () => {
    const page = await open('?lang=en');
    await page.evaluate(() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')); });
    await page.click('#scan');
    await page.locator('#notice:not(:empty)').waitFor();
    assert.match(await page.locator('#notice').textContent(), /camera cannot be used/);
    assert.ok(await page.locator('#file').isEnabled());
    await page.context().close();
  });

  await t.test('a verdict from a camera’s picture on a processor six times slower', async () => {
    const page = await open();
    await ready(page);
    const session = await page.context().newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: 6 });
    const times = await page.evaluate(measure, await frame(browser, at('valid.png')));
    console.log(`six times slower: read ${times.read} ms, judged ${times.judged} ms (medians of 5)`);
    assert.equal(times.verdict, 'valid');
    assert.ok(times.read + times.judged < 2000, 'a person waits');
    await page.context().close();
  });

  await t.test('nobody is shut out: axe finds no violation in languages of either direction', async () => {
    const axe = fs.readFileSync(require.resolve('axe-core'), 'utf8');
    for (const [tag, scheme] of [['en', 'light'], ['en', 'dark'], ['hi', 'light'], ['ar', 'light'], ['ur', 'dark']]) {
      const page = await open(`?lang=${tag}`, { bypassCSP: true, colorScheme: scheme });
      await ready(page);
      await page.evaluate(axe);
      const found = async () => (await page.evaluate(() => self.axe.run(document))).violations.map(({ id, nodes }) => [id, nodes[0].html]);
      assert.deepEqual(await found(), [], `${tag}, asking`);
      await page.click('#paste');
      assert.deepEqual(await found(), [], `${tag}, pasting`);
      for (const { file } of cases.filter(({ file }) => !/png|pdf/.test(file))) {
        await show(page, file);
        assert.deepEqual(await found(), [], `${tag}, ${file}`);
        await page.screenshot({ path: at(`${file}.${tag}.${scheme}.png`), fullPage: true });
      }
      await page.context().close();
    }
  });

  await t.test('every way is open to the keyboard, and the verdict is read out', async () => {
    const page = await open();
    await page.focus('#language');
    const reached = [];
    for (let step = 0; step < 3; step++) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate(() => document.activeElement.id));
    }
    assert.deepEqual(reached, ['scan', 'file', 'paste']);
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'text');
    await page.keyboard.insertText(fs.readFileSync(at('revoked.json'), 'utf8'));
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('#result:not([hidden])').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'verdict');
    assert.equal(await page.locator('[role=status][aria-live=assertive]').textContent(), 'Revoked. The issuer has withdrawn it. Do not accept it.');
    await page.context().close();
  });

  await t.test('every language has its words, its direction and its dates', async () => {
    const page = await open();
    await ready(page);
    await show(page, 'valid.json');
    const seen = new Map();
    for (const tag of LANGUAGES) {
      await page.selectOption('#language', tag);
      await page.waitForFunction(tag => document.documentElement.lang === tag, tag);
      seen.set(await page.locator('#verdict').textContent(), tag);
      const fits = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
      assert.ok(fits, `${tag} is wider than a telephone`);
      assert.equal(await page.evaluate(() => document.documentElement.dir), ['ar', 'ks', 'sd', 'ur'].includes(tag) ? 'rtl' : 'ltr');
      await page.screenshot({ path: at(`language.${tag}.png`), fullPage: true });
    }
    assert.ok(seen.size > 20, 'the languages say the same');
    assert.deepEqual(page.faults, []);
    await page.reload();
    await page.locator('#trust:not(:empty)').waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'en', 'the address names the language');
    await page.context().close();
    const french = await open('', { locale: 'fr-CA' });
    assert.equal(await french.title(), 'Vérifier un certificat');
    await french.context().close();
  });

  await t.test('a page that embeds it hears the verdict and nothing of the person', async () => {
    const page = await open();
    await page.route('**/host.html', route => route.fulfill({ contentType: 'text/html', body: '<!doctype html><script src="/verify/embed.js"></script><certificate-verifier lang="fr"></certificate-verifier>' }));
    await page.goto(`${server.url}/host.html`);
    await page.evaluate(() => {
      self.heard = [];
      addEventListener('verdict', event => self.heard.push(event.detail));
      addEventListener('message', event => self.heard.push(event.data));
    });
    const frame = page.frameLocator('iframe');
    await frame.locator('#trust').waitFor({ state: 'attached' });
    await page.frames()[1].waitForFunction(() => document.title === 'Vérifier un certificat');
    await frame.locator('#file').setInputFiles(at('invalid.json'));
    await frame.locator('#result[data-kind=invalid]').waitFor();
    const detail = { verdict: 'invalid', reasons: ['altered', 'altered'], bound: false };
    assert.deepEqual(await page.evaluate(() => self.heard), [detail, { type: 'certificate-verdict', ...detail }]);
    await page.context().close();
  });

  await t.test('it can be installed', async () => {
    const page = await open();
    const session = await page.context().newCDPSession(page);
    const { errors, url } = await session.send('Page.getAppManifest');
    assert.deepEqual([errors, url], [[], `${server.url}/verify/manifest.webmanifest`]);
    await page.evaluate(() => navigator.serviceWorker.ready);
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito'), []);
    await page.context().close();
  });

  // Last: it stops the server for good.
  await t.test('without network and server it starts, speaks every language and tells every verdict, with the age of the status', async () => {
    const page = await open();
    await ready(page);
    await server.stop();
    await page.context().setOffline(true);
    await page.goto(`${server.url}/verify/?lang=hi`);
    await page.locator('#trust:not(:empty)').waitFor();
    assert.equal(await page.title(), 'प्रमाणपत्र जाँचें');
    for (const { file, kind } of cases) {
      await show(page, file);
      assert.equal(await verdict(page), kind, file);
    }
    await page.selectOption('#language', 'en');
    await page.waitForFunction(() => document.documentElement.lang === 'en');
    assert.equal(await page.locator('#trust').textContent().then(text => text.slice(0, 16)), 'You are offline.');
    // Long after the next list should have come, the page says so.
    await page.evaluate(() => {
      const now = Date.now;
      Date.now = () => now() + 40 * 86400 * 1000;
    });
    await show(page, 'valid.json');
    assert.equal(await verdict(page), 'valid');
    assert.match(await page.locator('#status.stale').textContent(), /^The revocation status is out of date: 4[01] days ago. Go online to renew it.$/);
    await page.screenshot({ path: at('offline.png'), fullPage: true });
    await page.context().close();
  });
});

// ---------------------------------------------------------------- what a person does and sees

/** Waits until the page has keys, status list and itself on the device. */
async function ready(page) {
  await page.waitForFunction(() => document.getElementById('trust').dataset.ready === 'true');
  await page.evaluate(() => navigator.serviceWorker.ready);
}

async function show(page, file) {
  await page.evaluate(() => { document.getElementById('result').hidden = true; });
  await page.setInputFiles('#file', at(file));
  await page.locator('#result:not([hidden])').waitFor();
}

async function paste(page, text) {
  await page.click('#again');
  await page.click('#paste');
  await page.fill('#text', text);
  await page.click('#pasting button');
  await page.locator('#result:not([hidden])').waitFor();
}

/** What the page says, in words and in shape. */
async function verdict(page) {
  const kind = await page.locator('#result').getAttribute('data-kind');
  assert.equal(await page.locator('#shape').getAttribute('href'), `#shape-${kind}`);
  assert.notEqual(await page.locator('#verdict').textContent(), '');
  return kind;
}

async function facts(page) {
  return page.locator('#facts').evaluate(list => [...list.querySelectorAll('dt')].map(label => [label.textContent, label.nextSibling.textContent]));
}

/** Every request of the context from now on, those of its workers too. */
function requests(context) {
  const asked = [];
  context.on('request', request => asked.push({ url: request.url(), method: request.method(), body: request.postData() }));
  return asked;
}

/** A picture's pixels on a square as large as the camera's, as a list that the page can be given. */
async function frame(browser, file) {
  const page = await browser.newPage();
  const source = `data:image/png;base64,${fs.readFileSync(file).toString('base64')}`;
  const pixels = await page.evaluate(async source => {
    const picture = new Image();
    picture.src = source;
    await picture.decode();
    const context = Object.assign(document.createElement('canvas'), { width: 1080, height: 1080 }).getContext('2d');
    context.fillStyle = '#ccc';
    context.fillRect(0, 0, 1080, 1080);
    context.translate(540, 540);
    context.rotate(0.05);
    context.drawImage(picture, -410, -410, 820, 820);
    const { data } = context.getImageData(0, 0, 1080, 1080);
    return [...data].filter((_, index) => index % 4 === 1);
  }, source);
  await page.close();
  return pixels;
}

/** In the page, on the thread that the browser slows down: the worker's own code over one picture. */
async function measure(brightness) {
  const script = document.querySelector('script[type=module]').src;
  const { default: init, Judge, glance } = await import(new URL('reader.js', script));
  await init();
  const text = async place => (await fetch(place)).text();
  const judge = new Judge(await text('../.well-known/did.json'), await text('../status/revocations'));
  const pixels = new Uint8Array(brightness.length * 4);
  brightness.forEach((value, index) => pixels.fill(value, index * 4, index * 4 + 4));
  const times = { read: [], judged: [] };
  let report;
  for (let run = 0; run < 5; run++) {
    const start = performance.now();
    const { credential } = JSON.parse(glance(1080, 1080, pixels));
    const read = performance.now();
    report = JSON.parse(judge.judge(credential, Date.now()));
    times.read.push(read - start);
    times.judged.push(performance.now() - read);
  }
  const median = list => Math.round(list.sort((one, other) => one - other)[2]);
  return { read: median(times.read), judged: median(times.judged), verdict: report.verdict };
}

/** The service under an address of its own, so that it can be taken away. */
async function proxy(target) {
  const { hostname, port } = new URL(target);
  const open = new Set();
  const server = net.createServer(inward => {
    const outward = net.connect(Number(port), hostname);
    for (const [one, other] of [[inward, outward], [outward, inward]]) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => open.delete(one));
      one.pipe(other);
    }
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const stop = () => new Promise(resolve => {
    server.close(resolve);
    open.forEach(socket => socket.destroy());
  });
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}
