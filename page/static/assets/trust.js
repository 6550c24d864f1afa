// What verdicts rest on: the issuer's keys and its status list, kept on the device and renewed when there is a network.

const PLACES = {
  did: new URL('../../.well-known/did.json', import.meta.url),
  list: new URL('../../status/revocations', import.meta.url),
};

/** Milliseconds: a network that is there and does not answer is none. */
const PATIENCE = 10_000;

export class Trust {
  texts = {};

  get complete() {
    return Object.keys(PLACES).every(name => name in this.texts);
  }

  /** The texts kept from earlier. */
  async kept() {
    for (const [name, place] of Object.entries(PLACES)) {
      const answer = await (await shelf())?.match(place);
      if (answer) this.texts[name] = await answer.text();
    }
    return this.texts;
  }

  /** Asks for both. @returns whether anything is new. Without a network, what is kept stays. */
  async refresh() {
    const news = await Promise.all(Object.entries(PLACES).map(([name, place]) => this.#renew(name, place)));
    return news.includes(true);
  }

  async #renew(name, place) {
    try {
      const answer = await fetch(place, { cache: 'no-cache', credentials: 'omit', signal: AbortSignal.timeout(PATIENCE) });
      if (!answer.ok) return false;
      await (await shelf())?.put(place, answer.clone());
      const text = await answer.text();
      const changed = text !== this.texts[name];
      this.texts[name] = text;
      return changed;
    } catch {
      return false;
    }
  }
}

/** None where the page is not served securely, or the browser keeps nothing. */
async function shelf() {
  try {
    return await self.caches?.open('trust');
  } catch {
    return undefined;
  }
}
