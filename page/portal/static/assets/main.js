// The portal: who logs in sees the certificates on their number, and whatever can be done with them.
import { announce, at, begin, go, speak } from './screen.js';
import { Refusal, Service } from './service.js';
import { LANGUAGES, choose } from './words.js';
import { family } from './family.js';
import { login } from './login.js';
import { objection, recovery } from './recovery.js';
import { watch } from './idle.js';

/** What screens share: the service, what it said, and the ways in and out. */
const portal = {
  service: new Service(() => portal.leave()),
  configuration: { login: 'service', callingCode: '91' },
  certificates: [],
  /** Changes of the number that wait to take effect. */
  moves: [],

  get languages() {
    return this.configuration.languages ?? LANGUAGES.map(({ tag }) => tag);
  },

  async enter(token) {
    this.service.token = token;
    const asked = name => this.service.ask('GET', `divoc/api/citizen/${name}`);
    // Whoever cannot be told of a change of number still sees their certificates.
    const [{ certificates }, { recoveries }] = await Promise.all([asked('certificates'), asked('recovery').catch(() => ({ recoveries: [] }))]);
    Object.assign(this, { certificates, moves: recoveries });
    at('leave').hidden = false;
    unwatch = watch(() => this.leave());
    begin(() => family(this));
  },

  /** Forgets everything. */
  leave(told = 'logged_out') {
    unwatch();
    this.service.token = undefined;
    this.certificates = this.moves = [];
    at('leave').hidden = true;
    at('paper').replaceChildren();
    begin(() => login(this, told));
  },

  recover() {
    go(() => recovery(this));
  },
};
let unwatch = () => {};

await start();

async function start() {
  at('language').addEventListener('change', event => speak(event.target.value));
  at('leave').addEventListener('click', () => portal.leave());
  await speak(choose());
  const objecting = objectionToken();
  try {
    portal.configuration = await portal.service.ask('GET', 'divoc/api/citizen/configuration');
    begin(() => login(portal), true);
    if (objecting) go(() => objection(portal, objecting));
    else if (portal.configuration.login === 'oidc') await arrive();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    begin(() => login(portal, refusal.status === 401 ? 'refused' : 'failed'));
  }
}

/** Whoever comes back from the country's account has a code for a token. */
async function arrive() {
  const { arrival, token } = await import('./oidc.js');
  const sent = arrival();
  if (!sent) return;
  announce('working');
  await portal.enter(await token(portal.configuration, sent));
}

/** The token of a link that stops a change of number, taken out of the address bar at once. */
function objectionToken() {
  const [, token] = /^#objection=(.+)$/.exec(location.hash) ?? [];
  if (token) history.replaceState(history.state, '', location.pathname);
  return token;
}
