// Links that expire, and mail: a certificate for somebody else.
import { announce, back, button, joined, make, say, words } from './screen.js';
import { busy, choice, field, form, input, notice } from './form.js';
import { occasion } from './family.js';

const HOURS = [1, 24, 7 * 24, 30 * 24];
const USES = [1, 5, 20, ''];

/** The form that makes a link, and the link. */
export function sharing(portal, one) {
  const made = make('div', { 'aria-live': 'polite' });
  const hours = choice('hours', HOURS.map(hours => [hours, words => lasting(hours, words)]));
  const uses = choice('uses', USES.map(count => [count, words => opened(count, words)]));
  [hours.value, uses.value] = [24, 5];
  const passcode = input('passcode', { required: false, minlength: 4, maxlength: 64, class: 'short', autocapitalize: 'off' });
  const link = form([
    make('p', { text: 'share_help' }),
    make('div', { class: 'pair' }, field('hours', hours), field('uses', uses)),
    field('passcode', passcode, 'passcode_hint'),
  ], 'make_link', async values => {
    const wish = { certificateId: one.certificateId, hours: Number(values.hours), language: words.tag };
    if (values.uses) wish.uses = Number(values.uses);
    if (values.passcode) wish.passcode = values.passcode;
    made.replaceChildren(...ready(await portal.service.ask('POST', 'divoc/api/citizen/links', wish)));
    passcode.value = '';
  }, { 'too-many-links': 'too_many_links' });
  return [link, made];
}

/** The link itself, which nobody can show again. */
function ready({ url }) {
  const whole = new URL(url, location.origin).href;
  const text = make('input', { class: 'link', readonly: true, dir: 'ltr', value: whole, told: { ariaLabel: 'make_link' }, focus: ({ target }) => target.select() });
  const done = make('p', { class: 'done', role: 'status' });
  const copy = button('copy', async () => {
    await navigator.clipboard.writeText(whole).catch(() => {
      text.select();
      document.execCommand('copy');
    });
    say(done, { textContent: 'copied' });
  }, { class: 'first' });
  // Whoever closes the sheet of the system has shared nothing, and that is no failure.
  const send = navigator.share && button('send_link', () => navigator.share({ title: words.say('shared_title'), url: whole }).catch(() => {}));
  return [make('p', { class: 'done', text: 'link_ready' }), text, make('div', { class: 'ways' }, copy, send || ''), done];
}

const lasting = (hours, words) => {
  const [unit, count] = hours < 24 ? ['hour', hours] : ['day', hours / 24];
  return new Intl.NumberFormat([words.tag, 'en'], { style: 'unit', unit, unitDisplay: 'long', numberingSystem: 'latn' }).format(count);
};

const opened = (count, words) => count === '' ? words.say('no_limit') : count === 1 ? words.say('once') : words.say('times', { count });

/** The reader's own links, with a way to end each. */
export function links(portal) {
  const list = make('ul', { class: 'cards', 'aria-busy': 'true' });
  fill(portal, list);
  return [back(), make('h2', { text: 'links' }), list];
}

async function fill(portal, list) {
  const told = notice();
  await busy(list, told, async () => {
    const { links } = await portal.service.ask('GET', 'divoc/api/citizen/links');
    list.replaceChildren(...links.map(link => entry(portal, link, list)));
    if (links.length === 0) list.append(make('li', { class: 'soft', text: 'no_links' }));
  });
  list.ariaBusy = 'false';
  if (told.textContent) list.append(make('li', {}, told));
}

function entry(portal, link, list) {
  const one = portal.certificates.find(one => one.certificateId === link.certificateId);
  const told = notice();
  const end = button('end_link', () => busy(end, told, async () => {
    await portal.service.ask('DELETE', `divoc/api/citizen/links/${encodeURIComponent(link.linkId)}`);
    await fill(portal, list);
    announce('link_ended');
    document.querySelector('h2').focus();
  }));
  const limits = words => joined(limit(link, words), link.hasPasscode && words.say('passcode'));
  return make('li', {}, make('strong', {}, make('bdi', {}, one?.name ?? link.certificateId)), one && make('span', { text: occasion(one) }), make('span', { class: 'soft', text: limits }), end, told);
}

/** How long a link lives, and how often it opens. */
export const limit = ({ expiresAt, usesLeft }, words) =>
  joined(words.say('until', { date: when(expiresAt, words) }), usesLeft != null && words.say('uses_left', { count: usesLeft }));

/** A day, and the time of it. */
export function when(text, words) {
  const instant = new Date(text);
  const two = number => String(number).padStart(2, '0');
  const day = `${instant.getFullYear()}-${two(instant.getMonth() + 1)}-${two(instant.getDate())}`;
  return `${words.date(day)}, ${two(instant.getHours())}:${two(instant.getMinutes())}`;
}

/** The form that mails a certificate. */
export function mail(portal, one) {
  const done = make('p', { class: 'done', role: 'status' });
  const address = input('email', { type: 'email', inputmode: 'email', autocomplete: 'email', dir: 'ltr', maxlength: 254 });
  const sending = form([field('email', address)], 'send', async ({ email }) => {
    await portal.service.ask('POST', `divoc/api/citizen/certificates/${one.certificateId}/mail`, { email, language: words.tag });
    say(done, { textContent: words => words.say('mail_sent', { email }) });
    address.value = '';
  });
  return [sending, done];
}
