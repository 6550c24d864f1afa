// A shared certificate: what a link opens. The token comes in the address' fragment, which browsers send to nobody, and leaves the address bar at once.
import { at, begin, make, say, speak } from './screen.js';
import { field, form, input } from './form.js';
import { badge } from './family.js';
import { facts, standing } from './certificate.js';
import { documents } from './documents.js';
import { Refusal, Service, base64url } from './service.js';
import { choose } from './words.js';
import { limit } from './links.js';

const service = new Service();
/** Whose answer got lost on the way asks again, and is charged for one use. */
const VISIT = base64url(crypto.getRandomValues(new Uint8Array(16)));
const VERIFY = new URL('../../verify/', import.meta.url).href;

await start();

async function start() {
  const token = taken();
  at('language').addEventListener('change', event => speak(event.target.value));
  addEventListener('hashchange', () => open(taken()));
  await speak(choose());
  await open(token);
}

function taken() {
  const token = location.hash.slice(1);
  history.replaceState(history.state, '', location.pathname + location.search);
  return token;
}

async function open(token) {
  if (!token) return begin(() => over('no_link_help'), true);
  try {
    begin(() => make('h2', { text: 'working' }), true);
    shown(await opened(token));
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    if (refusal.status === 404) return begin(() => over('link_over_help'));
    begin(() => asking(token, refusal.status !== 403));
  }
}

function opened(token, passcode) {
  return service.ask('POST', 'divoc/api/share/open', { token, ...(passcode && { passcode }) }, { 'Idempotency-Key': VISIT });
}

/** Asks for the passcode; or only whether to try again, where the service could not be reached. */
function asking(token, plain) {
  const passcode = input('passcode', { class: 'short', maxlength: 64, autocapitalize: 'off' });
  const content = plain ? [make('p', { text: 'failed' })] : [make('p', { text: 'passcode_ask' }), field('passcode', passcode)];
  return [
    make('h2', { text: plain ? 'shared_title' : 'passcode' }),
    form(content, 'open', async ({ passcode }) => {
      try {
        shown(await opened(token, passcode));
      } catch (refusal) {
        if (refusal.status !== 404) throw refusal;
        begin(() => over('link_over_help'));
      }
    }, { 403: 'passcode_wrong' }),
  ];
}

function over(help) {
  return [make('h2', { text: 'link_over' }), make('p', { class: 'lead', text: help }), check()];
}

function check() {
  return make('a', { class: 'button', href: VERIFY, text: 'check_title' });
}

function shown({ ticket, certificate: one, languages, ...link }) {
  const formats = { pdf: 'pdf', picture: 'png', png: 'qr', json: 'json' };
  const get = ({ format, language }) => service.fetch('POST', 'divoc/api/share/document', { ticket, format: formats[format], language });
  begin(() => [
    make('div', { class: 'headline' }, make('h2', {}, make('bdi', {}, one.name)), badge(one)),
    standing(one),
    facts(one),
    one.status === 'valid' && documents(one, languages, get, ['png', 'json']),
    check(),
    make('p', { class: 'soft', text: words => limit(link, words) }),
  ]);
}
