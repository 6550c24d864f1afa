// A verdict in words, shape and colour: what it is, what to do, how old the status is, and what the certificate says.
import { put } from './words.js';

const at = id => document.getElementById(id);

/** The facts in the order in which they are compared with the person, the label of each, and the members behind it. */
const FACTS = [
  ['name', 'name', '/credentialSubject/name'],
  ['dateOfBirth', 'birth_date', '/credentialSubject/dob'],
  ['age', 'age', '/credentialSubject/age'],
  ['gender', 'gender', '/credentialSubject/gender'],
  ['vaccine', 'vaccine', '/evidence/0/vaccine'],
  ['vaccineType', 'vaccine_type', '/evidence/0/prophylaxis'],
  ['doses', 'dose', '/evidence/0/dose', '/evidence/0/totalDoses'],
  ['date', 'date', '/evidence/0/date'],
  ['dateOfIssue', 'valid_from', '/evidence/0/effectiveStart'],
  ['validUntil', 'valid_until', '/evidence/0/effectiveUntil'],
  ['disease', 'disease', '/evidence/0/disease'],
  ['testType', 'test_type', '/evidence/0/testType'],
  ['testName', 'test_name', '/evidence/0/testName'],
  ['result', 'test_result', '/evidence/0/result'],
  ['sampleCollected', 'sample_date', '/evidence/0/sampleCollectionTimestamp'],
  ['resultKnown', 'result_date', '/evidence/0/resultTimestamp'],
  ['facility', 'facility', '/evidence/0/facility/name'],
  ['country', 'country', '/evidence/0/facility/address/addressCountry'],
  ['certificateId', 'certificate_id', '/evidence/0/certificateId'],
  ['beneficiaryId', 'beneficiary_id', '/credentialSubject/refId'],
];
const DATES = new Set(['dateOfBirth', 'date', 'dateOfIssue', 'validUntil', 'sampleCollected', 'resultKnown']);
const SAID = new Set(['male', 'female', 'positive', 'negative', 'inconclusive', 'void']);

/** Which sentence tells a reason of the verifier; the others only limit or repeat the verdict. */
const REASONS = {
  reason_altered: ['altered', 'member-twice'],
  reason_signature: ['bad-signature'],
  reason_key: ['key-not-valid-then', 'key-compromised'],
  reason_malformed: ['too-long', 'not-json', 'not-an-object', 'no-proof', 'not-a-certificate'],
};
const TOLD = new Set(['unknown-key', 'revoked', 'suspended', 'superseded', 'unbound', 'status-not-checked', 'status-stale', 'several-proofs']);

/** A verifier's report. */
export function show(report, words) {
  const kind = report.verdict === 'valid' && !report.bound ? 'unbound' : report.verdict;
  const word = kind.replace('-', '_');
  headline(kind, word, words);
  reasons(report.reasons, words);
  status(report, words);
  facts(report, words);
  technical(report);
}

/** Nothing was found in what was shown; `code` says why. */
export function unreadable(code, words) {
  headline('unreadable', 'unreadable', words);
  reasons([], words);
  put(at('status'), '');
  at('said').hidden = true;
  technical({ reasons: [{ code }] });
}

function headline(kind, word, words) {
  at('result').dataset.kind = kind;
  at('shape').setAttribute('href', `#shape-${kind}`);
  put(at('verdict'), words.say(word));
  put(at('meaning'), words.say(`${word}_next`));
}

function reasons(all, words) {
  const untold = all.map(({ code }) => code).filter(code => !TOLD.has(code));
  const sentences = new Set(untold.map(code => Object.keys(REASONS).find(word => REASONS[word].includes(code)) ?? 'reason_other'));
  at('reasons').replaceChildren(...[...sentences].map(word => element('li', words.say(word))));
}

function status({ verdict, status, facts }, words) {
  const line = at('status');
  line.classList.toggle('stale', Boolean(status.stale) || (verdict === 'valid' && !status.checked));
  if (!facts) return put(line, '');
  if (!status.checked) return put(line, words.say('status_none'));
  const until = status.until ? `${words.say('suspended')}: ${words.say('until', { date: words.date(status.until) })}. ` : '';
  put(line, until + words.say(status.stale ? 'status_stale' : 'status_age', { age: words.ago(status.issuedAt) }));
}

function facts({ facts, exchangeable = [] }, words) {
  at('said').hidden = !facts;
  const rows = FACTS.filter(([name]) => name === 'doses' ? facts?.dose : facts?.[name]);
  at('facts').replaceChildren(...rows.flatMap(([name, label, ...pointers]) => {
    const value = element('dd', text(name, facts, words));
    if (pointers.some(pointer => exchangeable.includes(pointer))) value.append(Object.assign(element('span', words.say('not_bound')), { className: 'tag' }));
    return [element('dt', words.say(name === 'facility' && facts.kind === 'test' ? 'laboratory' : label)), value];
  }));
}

function text(name, facts, words) {
  const value = facts[name];
  if (name === 'doses') return facts.totalDoses ? words.say('dose_of', { dose: facts.dose, total: facts.totalDoses }) : facts.dose;
  if (DATES.has(name)) return words.date(value);
  const word = value.toLowerCase();
  return (name === 'gender' || name === 'result') && SAID.has(word) ? words.say(word) : value;
}

/** For whoever must look into it: codes and names as they are in every language. */
function technical({ reasons, signature, status }) {
  const rows = reasons.map(({ code, pointer = '' }) => ['reason', `${code} ${pointer}`]);
  if (signature) {
    const { algorithm, method, key, created } = signature;
    rows.push(['signature', algorithm], ['method', method], ['key', key], ['created', created]);
  }
  if (status?.listNumber) rows.push(['status list', `${status.listNumber}, ${status.issuedAt}`]);
  at('technical').hidden = rows.length === 0;
  at('details').replaceChildren(...rows.flatMap(([name, value]) => [element('dt', name), element('dd', value)]));
}

function element(tag, text) {
  return Object.assign(document.createElement(tag), { textContent: text });
}
