// The numbers: what the page asks the service, and what it answers.

const ROOT = new URL('../../divoc/api/v1/analytics', import.meta.url);

/** What can be counted, in the order of a certificate's life. */
export const KINDS = {
  issued: 'Issued', updated: 'Updated', revoked: 'Revoked', suspended: 'Suspended', lifted: 'Suspension lifted',
  fetched: 'Fetched', verified: 'Verified', reported: 'Reported by applications',
};

/** What it is counted by. */
export const DIMENSIONS = {
  state: 'State', district: 'District', age: 'Age', gender: 'Gender', vaccine: 'Vaccine', dose: 'Dose', facility: 'Kind of facility',
  programme: 'Programme', certificate: 'Kind of certificate', way: 'Way of use',
};

/** The dimensions of a view: everyone is told of a state by nothing but its districts. */
export function dimensions(state, token) {
  if (state && !token) return ['district'];
  return Object.keys(DIMENSIONS).filter(name => name !== (state ? 'state' : 'district'));
}

/** Asks for a table; with a token for all of it. The error says in words what is wrong. */
export async function ask({ from, until, state, by }, token) {
  const query = new URLSearchParams({ from, until, by, ...(state && { state }) });
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const address = `${ROOT}${token ? '' : '/public'}?${query}`;
  const answer = await fetch(address, { headers, credentials: 'omit', signal: AbortSignal.timeout(30_000) }).catch(() => null);
  if (answer === null) throw new Error('The service does not answer. Try again in a moment.');
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  if (answer.status === 401 || answer.status === 403) throw Object.assign(new Error('This token opens nothing here: an administrator’s is wanted.'), { refused: true });
  throw new Error(told.detail ?? told.title ?? `The service answers ${answer.status}.`);
}

/** A day some days away: `2026-11-26`. */
export function day(text, away) {
  const date = new Date(`${text}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + away);
  return date.toISOString().slice(0, 10);
}

/** Every day of a range, with its number or, where none is told, nothing. */
export function series({ from, until, kinds }, kind) {
  const days = [];
  for (let at = from; at <= until; at = day(at, 1)) days.push([at, kinds[kind]?.days[at]]);
  return days;
}

/** Values with their numbers, in the order in which a reader looks for them: ages and doses by size of value, others by number. */
export function values({ by, kinds }, kind) {
  const found = Object.entries(kinds[kind]?.values ?? {});
  const natural = (one, other) => one[0].localeCompare(other[0], undefined, { numeric: true });
  return ['age', 'dose'].includes(by) ? found.sort(natural) : found.sort((one, other) => other[1] - one[1] || natural(one, other));
}
