// The certificates on the reader's number, person by person.
import { button, go, joined, make } from './screen.js';
import { certificate } from './certificate.js';
import { links } from './links.js';
import { leaving } from './recovery.js';
import { requests } from './correction.js';

export function family(portal) {
  const people = byPerson(portal.certificates);
  return people.length === 0 ? nothing(portal) : [
    make('h2', { text: 'found' }),
    leaving(portal, portal.moves),
    people.map(certificates => person(portal, certificates)),
    make('nav', { class: 'ways' }, button('requests', () => go(() => requests(portal))), button('links', () => go(() => links(portal))), button('recover', () => portal.recover(), { class: 'quiet' })),
  ];
}

function nothing(portal) {
  return [
    make('h2', { text: 'nothing' }),
    make('p', { class: 'lead', text: 'nothing_help' }),
    make('div', { class: 'ways' }, button('recover', () => portal.recover(), { class: 'first' }), button('other_number', () => portal.leave())),
  ];
}

/** Two people of one name are two; the service says who is who by the beneficiary's id. */
function byPerson(certificates) {
  const people = Map.groupBy?.(certificates, one => one.beneficiaryId) ?? certificates.reduce((people, one) => people.set(one.beneficiaryId, [...people.get(one.beneficiaryId) ?? [], one]), new Map());
  return [...people.values()];
}

function person(portal, certificates) {
  const rows = certificates.map(one => make('li', {}, make('button', { type: 'button', class: 'row', click: () => go(() => certificate(portal, one)) },
    make('span', { class: 'what' }, make('strong', { text: occasion(one) }), make('span', { class: 'soft', text: words => joined(one.vaccine, words.date(one.date ?? '')) })), badge(one))));
  return make('section', { class: 'person' }, make('h3', {}, make('bdi', {}, certificates[0].name)), make('ul', {}, rows));
}

/** `Dose: 1 of 2`, or what the certificate of a test is called. */
export const occasion = ({ kind, dose, totalDoses }) => words =>
  kind === 'test' ? words.say('test_title') : `${words.say('dose')}: ${doses(dose, totalDoses, words)}`;

export const doses = (dose, total, words) => total && dose <= total ? words.say('dose_of', { dose, total }) : String(dose);

/** What a certificate's status is, in a word, a colour and a sign. */
export const badge = ({ status }) => make('span', { class: 'badge', 'data-status': status, text: words => words.say(words.has(status) ? status : 'revoked') });
