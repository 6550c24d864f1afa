// Asking for a correction, and what became of it.
import { back, joined, make, say } from './screen.js';
import { busy, choice, field, form, input, notice } from './form.js';
import { occasion } from './family.js';
import { when } from './links.js';

/** What may be wrong: the service's name of it, and its label on printed certificates. */
const PERSON = [['name', 'name'], ['dateOfBirth', 'birth_date'], ['gender', 'gender']];
const FIELDS = {
  vaccination: [...PERSON, ['vaccine', 'vaccine'], ['dose', 'dose'], ['date', 'date'], ['facility', 'facility']],
  test: [...PERSON, ['result', 'test_result'], ['date', 'sample_date']],
};

export function correction(portal, one) {
  const done = make('p', { class: 'done', role: 'status' });
  const asking = form([
    field('field', choice('field', FIELDS[one.kind])),
    field('proposed', input('proposed', { dir: 'auto', maxlength: 256 })),
    field('why', input('reason', { dir: 'auto', maxlength: 1000 }), 'why_hint'),
  ], 'send', async values => {
    await portal.service.ask('POST', 'divoc/api/citizen/requests', { certificateId: one.certificateId, ...values });
    say(done, { textContent: 'request_sent' });
    asking.reset();
  }, { 'request-open': 'request_open' });
  return [asking, done];
}

/** The reader's own requests, the newest first. */
export function requests(portal) {
  const list = make('ul', { class: 'cards', 'aria-busy': 'true' });
  fill(portal, list);
  return [back(), make('h2', { text: 'requests' }), list];
}

async function fill(portal, list) {
  const told = notice();
  await busy(list, told, async () => {
    const { requests } = await portal.service.ask('GET', 'divoc/api/citizen/requests');
    list.replaceChildren(...requests.reverse().map(request => entry(portal, request)));
    if (requests.length === 0) list.append(make('li', { class: 'soft', text: 'no_requests' }));
  });
  list.ariaBusy = 'false';
  if (told.textContent) list.append(make('li', {}, told));
}

function entry({ certificates }, { certificateId, field, proposed, reason, state, note, askedAt }) {
  const one = certificates.find(one => one.certificateId === certificateId);
  const [, label] = FIELDS[one?.kind ?? 'vaccination'].find(([name]) => name === field) ?? [field, 'field'];
  return make('li', {},
    make('div', { class: 'headline' }, make('strong', {}, make('bdi', {}, one?.name ?? certificateId)), make('span', { class: 'badge', 'data-status': state, text: `state_${state}` })),
    one && make('span', { text: occasion(one) }),
    make('span', { text: words => `${words.say(label)}: \u2068${proposed}\u2069` }),
    make('span', { class: 'soft', text: words => joined(reason, when(askedAt, words)) }),
    note && make('span', { class: 'note', dir: 'auto' }, note));
}
