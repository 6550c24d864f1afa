// What was done to a certificate, in plain words.
import { make } from './screen.js';
import { busy, notice } from './form.js';
import { when } from './links.js';

/** Which word tells an event: those that are a status have the status' word. */
const EVENTS = { issued: 'event_issued', corrected: 'event_corrected', lifted: 'event_lifted', resigned: 'event_resigned', rebound: 'event_rebound', superseded: 'superseded', revoked: 'revoked', suspended: 'suspended' };

export function told({ service }, { certificateId }) {
  const list = make('ol', { class: 'events', 'aria-busy': 'true' });
  const refused = notice();
  busy(list, refused, async () => {
    const { certificates } = await service.ask('GET', `divoc/api/v1/certificate/${certificateId}/history`);
    const events = certificates.flatMap(({ events }) => events).sort((one, other) => one.at.localeCompare(other.at));
    list.replaceChildren(...events.map(entry));
    list.ariaBusy = 'false';
  });
  return [list, refused];
}

function entry({ event, at, reason }) {
  const why = `reason_${(reason ?? '').replaceAll('-', '_')}`;
  return make('li', {},
    make('span', { text: words => `${words.say(EVENTS[event] ?? 'event_issued')}${words.has(why) ? `: ${words.say(why)}` : ''}` }),
    make('span', { class: 'soft', text: words => when(at, words) }));
}
