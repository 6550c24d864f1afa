// The service: what the page asks it, and what it answers.

const ROOT = new URL('../../', import.meta.url);
/** Milliseconds: a network that is there and does not answer is none. */
const PATIENCE = 30_000;

/** An answer other than the one that was hoped for. `status` is 0 where there was none at all. */
export class Refusal extends Error {
  constructor(status, problem = {}, seconds = 0) {
    super(problem.title ?? `status ${status}`);
    Object.assign(this, { status, kind: (problem.type ?? '').split(':').at(-1), problem, seconds });
  }
}

export class Service {
  /** In memory and nowhere else: whoever loads the page anew logs in anew. */
  #token;
  #refused;

  /** @param refused is called when the token is believed no longer. */
  constructor(refused = () => {}) {
    this.#refused = refused;
  }

  set token(token) {
    this.#token = token;
  }

  get loggedIn() {
    return this.#token !== undefined;
  }

  /** Asks, and gives what JSON the answer holds. */
  async ask(method, path, body, headers) {
    const text = await (await this.fetch(method, path, body, headers)).text();
    return text ? JSON.parse(text) : undefined;
  }

  async fetch(method, path, body, more = {}) {
    // Messages that the service sends are in the language of the page.
    const headers = { ...more, 'Accept-Language': document.documentElement.lang, ...(this.#token && { Authorization: `Bearer ${this.#token}` }), ...(body && { 'Content-Type': 'application/json' }) };
    const request = { method, headers, body: body && JSON.stringify(body), cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(PATIENCE) };
    const answer = await fetch(new URL(path, ROOT), request).catch(() => {
      throw new Refusal(0);
    });
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => ({}));
    if (answer.status === 401 && this.#token) this.#refused();
    throw new Refusal(answer.status, problem, Number(answer.headers.get('retry-after')) || 0);
  }
}

export const base64url = bytes => btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
