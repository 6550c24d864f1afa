// The page: ways to show a certificate, and the verdict. What is shown goes to the worker beside this page and nowhere else.
import { Camera } from './camera.js';
import { show, unreadable } from './show.js';
import { Trust } from './trust.js';
import { choose, load, put, translate } from './words.js';

const at = id => document.getElementById(id);
const embedded = new URLSearchParams(location.search).has('embed');
const judge = startJudge();
const trust = new Trust();
let words;
let last;
const relied = prepare();
start();

/** What is kept on the device is enough to begin; who has nothing yet waits for the network. */
async function prepare() {
  await rely(await trust.kept());
  if (!trust.complete) await refresh();
}

async function start() {
  document.body.classList.toggle('embedded', embedded);
  listen();
  await speak(choose());
  await relied;
  await refresh();
  if ('serviceWorker' in navigator) await navigator.serviceWorker.register(new URL('../sw.js', import.meta.url));
}

function listen() {
  at('language').addEventListener('change', event => speak(event.target.value));
  at('scan').addEventListener('click', scan);
  at('stop').addEventListener('click', ask);
  at('again').addEventListener('click', ask);
  at('torch').addEventListener('click', async () => at('torch').setAttribute('aria-pressed', String(await camera.toggleTorch())));
  at('file').addEventListener('change', event => openFile(event.target.files[0]));
  at('paste').addEventListener('click', () => unfold(at('pasting').hidden));
  at('pasting').addEventListener('submit', event => {
    event.preventDefault();
    check(new TextEncoder().encode(at('text').value.trim()));
  });
  addEventListener('dragover', event => event.preventDefault());
  addEventListener('drop', event => {
    event.preventDefault();
    openFile(event.dataTransfer.files[0]);
  });
  addEventListener('paste', event => {
    const [file] = event.clipboardData.files;
    if (file) openFile(file);
  });
  addEventListener('online', refresh);
  addEventListener('offline', () => tellTrust());
  document.addEventListener('visibilitychange', () => document.hidden ? camera.running && ask() : refresh());
  setInterval(refresh, 5 * 60 * 1000);
}

// ---------------------------------------------------------------- what is shown to the page

const camera = new Camera(at('video'), async frame => {
  await relied;
  const answer = await judge({ kind: 'frame', frame }, frame instanceof ImageBitmap ? [frame] : [frame.data.buffer]);
  if (!answer.report || !camera.running) return;
  camera.stop();
  answered(answer);
});

async function scan() {
  notice('');
  at('ask').hidden = at('result').hidden = true;
  at('camera').hidden = false;
  try {
    await camera.start();
    at('torch').hidden = !camera.hasTorch;
    at('stop').focus();
  } catch {
    ask();
    notice('no_camera');
  }
}

async function openFile(file) {
  if (!file) return;
  camera.stop();
  // The worker's reader has its own, smaller limits; what is larger is not worth reading.
  if (file.size > 32 * 1024 * 1024) return answered({ unreadable: 'too-large' });
  await check(new Uint8Array(await file.arrayBuffer()), file);
  at('file').value = '';
}

/** Judges these bytes; a picture that the reader cannot make out is decoded by the browser, which knows more formats. */
async function check(bytes, file) {
  notice('working');
  await relied;
  let answer = await judge({ kind: 'bytes', bytes });
  if (answer.unreadable && file?.type.startsWith('image/')) {
    const frame = await decoded(file);
    const second = frame && await judge({ kind: 'picture', frame }, [frame]);
    if (second?.report) answer = second;
  }
  answered(answer);
}

async function decoded(file) {
  try {
    const whole = await createImageBitmap(file);
    const scale = Math.min(1, 2000 / Math.max(whole.width, whole.height));
    return await createImageBitmap(whole, { resizeWidth: Math.ceil(whole.width * scale), resizeHeight: Math.ceil(whole.height * scale), resizeQuality: 'high' });
  } catch {
    return undefined;
  }
}

// ---------------------------------------------------------------- what the page shows

function ask() {
  camera.stop();
  notice('');
  last = undefined;
  at('text').value = '';
  at('result').hidden = at('camera').hidden = true;
  at('ask').hidden = false;
  at('scan').focus();
}

function answered(answer) {
  notice('');
  last = answer;
  at('camera').hidden = at('ask').hidden = true;
  at('result').hidden = false;
  render();
  at('verdict').focus();
  at('announce').textContent = `${at('verdict').textContent}. ${at('meaning').textContent}`;
  if (embedded && parent !== self) tellParent(answer);
}

function render() {
  if (!last) return;
  if (last.report) show(last.report, words);
  else unreadable(last.unreadable, words);
}

/** The embedding page hears the verdict and its reasons: nothing of what the certificate says. */
function tellParent({ report }) {
  const { verdict = 'unreadable', reasons = [], bound = false } = report ?? {};
  parent.postMessage({ type: 'certificate-verdict', verdict, reasons: reasons.map(reason => reason.code), bound }, '*');
}

function notice(word) {
  at('notice').dataset.said = word;
  at('notice').textContent = word && words ? words.say(word) : '';
}

function unfold(open) {
  at('pasting').hidden = !open;
  at('paste').setAttribute('aria-expanded', String(open));
  if (open) at('text').focus();
}

async function speak(tag) {
  words = await load(tag);
  translate(words, at('language'));
  notice(at('notice').dataset.said ?? '');
  tellTrust();
  render();
}

// ---------------------------------------------------------------- what the page relies on

async function refresh() {
  if (await trust.refresh()) await rely(trust.texts);
  tellTrust();
}

async function rely(texts) {
  const about = await judge({ kind: 'trust', ...texts });
  trust.about = about;
  tellTrust();
}

function tellTrust() {
  if (!words) return;
  const { keys = 0, status } = trust.about ?? {};
  const lines = [words.say(navigator.onLine ? 'privacy' : 'offline')];
  if (keys && status) lines.push(words.say('ready'), words.say('status_age', { age: words.ago(status.issuedAt) }));
  put(at('trust'), lines.join(' '));
  // Everything that a verdict rests on is on this device.
  at('trust').dataset.ready = String(Boolean(keys && status));
}

function startJudge() {
  const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
  const waiting = new Map();
  let number = 0;
  worker.addEventListener('message', ({ data: { id, ...answer } }) => {
    waiting.get(id)(answer);
    waiting.delete(id);
  });
  return (question, transferred = []) => new Promise(resolve => {
    waiting.set(++number, resolve);
    worker.postMessage({ id: number, now: Date.now(), ...question }, transferred);
  });
}
