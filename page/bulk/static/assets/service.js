// The service: what the page asks it. The token is in memory and nowhere else.
const ROOT = new URL('../../', import.meta.url);
/** Milliseconds between tries, for what got lost on the way or could not be done now. */
const PAUSES = [1000, 2000, 4000, 8000];

/** An answer other than the one that was hoped for, in the service's words. */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.message ?? problem.detail ?? 'The service does not answer; try again.');
    this.status = status;
  }
}

export class Service {
  #token;

  set token(token) {
    this.#token = token;
  }

  async ask(method, path, body) {
    return (await this.fetch(method, path, body)).json();
  }

  async fetch(method, path, body) {
    const headers = { Authorization: `Bearer ${this.#token}`, ...(body && { 'Content-Type': 'application/json' }) };
    return answered(new URL(path, ROOT), { method, headers, body: body && JSON.stringify(body) });
  }

  /** Puts a part of the file where the service said: a path of its own, or a place that is told no token. */
  async put({ url, method, headers }, bytes) {
    const place = url.startsWith('/') ? new URL(url.slice(1), ROOT) : url;
    for (const pause of [...PAUSES, 0]) {
      try {
        return await answered(place, { method, headers, body: bytes });
      } catch (refusal) {
        // The part is there: the answer that said so got lost.
        if (refusal.status === 412) return undefined;
        if (!pause || (refusal.status && refusal.status < 500)) throw refusal;
        await wait(pause);
      }
    }
    return undefined;
  }
}

export const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));

async function answered(url, request) {
  const answer = await fetch(url, { ...request, cache: 'no-store', credentials: 'omit' }).catch(() => {
    throw new Refusal(0, {});
  });
  if (answer.ok) return answer;
  throw new Refusal(answer.status, await answer.json().catch(() => ({})));
}
