// The dashboard: one page, two views. Everyone sees whole days without small numbers; administrators see everything up to this moment.

import { bars, element, funnel, narrow, tiles, timeSeries } from './charts.js';
import { DIMENSIONS, KINDS, ask, day, dimensions, series, values } from './numbers.js';

const at = id => document.getElementById(id);
const { elements: asked } = at('question');
/** In memory and nowhere else. */
let token;
/** What is shown, to be drawn again where there is another amount of room. */
let shown;
/** Answers that come late are not shown over newer ones. */
let turn = 0;

function options(select, entries, wanted) {
  select.replaceChildren(...entries.map(([value, text]) => Object.assign(element('option', {}, text), { value })));
  select.value = entries.some(([value]) => value === wanted) ? wanted : entries[0]?.[0] ?? '';
}

async function show() {
  const mine = ++turn;
  options(asked.by, dimensions(asked.state.value, token).map(name => [name, DIMENSIONS[name]]), asked.by.value);
  const question = Object.fromEntries(['from', 'until', 'state', 'by'].map(name => [name, asked[name].value]));
  if (!question.from || !question.until) return;
  at('answer').setAttribute('aria-busy', 'true');
  try {
    const [answer, states] = await Promise.all([ask(question, token), ask({ ...question, state: '', by: 'state' }, token)]);
    if (mine !== turn) return;
    const names = new Set(Object.values(states.kinds).flatMap(kind => Object.keys(kind.values)));
    if (question.state) names.add(question.state);
    options(asked.state, [['', 'The whole country'], ...[...names].sort().map(name => [name, name])], question.state);
    shown = answer;
    draw(answer);
    complain('');
  } catch (fault) {
    if (mine !== turn) return;
    complain(fault.message);
    at('answer').replaceChildren();
    if (fault.refused) askForToken();
  }
  at('answer').setAttribute('aria-busy', 'false');
}

function draw(answer) {
  const kind = asked.kind.value;
  const what = KINDS[kind].toLowerCase();
  const where = answer.state ? ` in ${answer.state}` : '';
  const total = name => answer.kinds[name]?.total ?? (token ? 0 : undefined);
  const withheld = Object.values(answer.kinds).reduce((sum, { withheld }) => sum + withheld, 0);
  const open = [...at('answer').querySelectorAll('details')].map(details => details.open);
  at('answer').replaceChildren(
    tiles(Object.entries(KINDS).filter(([name]) => answer.kinds[name] || ['issued', 'fetched', 'verified'].includes(name)).map(([name, text]) => [text, total(name)])),
    timeSeries(`Certificates ${what} by day${where}`, series(answer, kind)),
    bars(`Certificates ${what} by ${DIMENSIONS[answer.by].toLowerCase()}${where}`, values(answer, kind)),
    funnel(`From issuing to verifying${where}`, ['issued', 'fetched', 'verified'].map(name => [KINDS[name], total(name)])),
  );
  at('answer').querySelectorAll('details').forEach((details, place) => { details.open = open[place] ?? false; });
  at('note').textContent = token
    ? 'Every number, up to this moment. Do not pass small numbers on: they may tell of a person.'
    : `Days that are over. Small numbers, and others from which these could be worked out, are kept back${withheld ? ` (here ${withheld} times)` : ''}: sums by value are of what is shown.`;
  at('announce').textContent = `${KINDS[kind]}: ${total(kind) ?? 'no number'}, from ${answer.from} until ${answer.until}${where}.`;
}

function complain(text) {
  at('fault').textContent = text;
  at('fault').hidden = text === '';
}

function view(administrators) {
  at('everyone').setAttribute('aria-pressed', String(!administrators));
  at('administrators').setAttribute('aria-pressed', String(administrators));
  at('entry').hidden = !administrators || token !== undefined;
  at('question').hidden = at('answer').hidden = at('note').hidden = !at('entry').hidden;
}

function askForToken() {
  token = undefined;
  view(true);
  at('token').value = '';
  at('token').focus();
}

/** The country's last day that the view has: the service knows its clocks. */
async function last() {
  const latest = await fetch(new URL(`../../divoc/api/v1/analytics${token ? '' : '/public'}`, import.meta.url), { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  return (await latest.json()).until ?? day(new Date().toISOString().slice(0, 10), token ? 0 : -1);
}

async function begin() {
  const until = await last().catch(() => day(new Date().toISOString().slice(0, 10), -1));
  asked.until.value = asked.until.max = until;
  asked.from.value = day(until, -29);
  await show();
}

options(asked.kind, Object.entries(KINDS), 'issued');
options(asked.state, [['', 'The whole country']], '');
options(asked.by, dimensions('', token).map(name => [name, DIMENSIONS[name]]), 'state');
narrow.addEventListener('change', () => shown && draw(shown));
at('question').addEventListener('change', show);
at('question').addEventListener('submit', event => event.preventDefault());
at('everyone').addEventListener('click', async () => {
  token = undefined;
  complain('');
  view(false);
  await begin();
});
at('administrators').addEventListener('click', () => {
  complain('');
  askForToken();
});
at('entry').addEventListener('submit', async event => {
  event.preventDefault();
  token = at('token').value.trim();
  at('token').value = '';
  view(true);
  await begin();
});
await begin();
