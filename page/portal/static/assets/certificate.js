// One certificate: what it says, its picture, every way to have it, and what was done to it.
import { back, make, unfolding } from './screen.js';
import { badge, doses } from './family.js';
import { correction } from './correction.js';
import { documents } from './documents.js';
import { told } from './history.js';
import { mail, sharing } from './links.js';

export function certificate(portal, one) {
  const valid = one.status === 'valid';
  return [
    back(),
    make('div', { class: 'headline' }, make('h2', {}, make('bdi', {}, one.name)), badge(one)),
    standing(one),
    facts(one),
    valid && documents(one, portal.languages, wish => portal.service.fetch('GET', path(one.certificateId, wish))),
    valid && unfolding('share', () => sharing(portal, one)),
    valid && unfolding('mail', () => mail(portal, one)),
    unfolding('history', details => told(portal, one, details)),
    unfolding('correct', () => correction(portal, one)),
  ];
}

/** Why a certificate that is not valid isn't, and what to do. */
export function standing({ status, until }) {
  const sentences = {
    suspended: words => words.say('suspended_help', { until: words.say('until', { date: words.date(until ?? '') }) }),
    revoked: 'revoked_help',
    superseded: 'superseded_next',
  };
  return sentences[status] && make('p', { class: 'notice', text: sentences[status] });
}

/** What a certificate says, as far as the list has it. */
export function facts(one) {
  const rows = one.kind === 'test' ? [['sample_date', words => words.date(one.date ?? '')]] : [
    ['dose', words => doses(one.dose, one.totalDoses, words)],
    ['vaccine', () => one.vaccine ?? ''],
    ['date', words => words.date(one.date ?? '')],
  ];
  rows.push(['certificate_id', () => one.certificateId]);
  return make('dl', {}, rows.map(([label, text]) => [make('dt', { text: label }), make('dd', { text })]));
}

function path(id, { format, language, density }) {
  const query = new URLSearchParams({ ...(language && { language }), ...(density && { density }) });
  const places = {
    pdf: `certificate/api/certificate/${id}?${query}`,
    card: `certificate/api/certificate/${id}?type=card&${query}`,
    picture: `certificate/api/certificate/${id}?format=png&${query}`,
    png: `certificate/api/certificate/QRCode/${id}?format=png&scale=8`,
    svg: `certificate/api/certificate/QRCode/${id}?format=svg`,
    json: `certificate/api/credential/${id}`,
  };
  return places[format];
}
