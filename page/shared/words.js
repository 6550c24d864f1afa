// The page's languages: which one, its words, and how it writes dates and ages.

/** Every language: its tag and how it calls itself. */
export const LANGUAGES = await (await fetch(new URL('languages.json', import.meta.url))).json();

/** The language of the address, of this device's last choice, or of the browser; else English. */
export function choose() {
  const asked = [new URLSearchParams(location.search).get('lang'), remembered(), ...navigator.languages];
  return asked.map(known).find(tag => tag) ?? 'en';
}

function known(tag) {
  const [language] = (tag ?? '').toLowerCase().split('-');
  const same = { tl: 'fil', od: 'or', in: 'id' };
  return LANGUAGES.find(one => one.tag === (same[language] ?? language))?.tag;
}

function remembered() {
  try {
    return localStorage.getItem('language');
  } catch {
    return null;
  }
}

export async function load(tag) {
  const answer = await fetch(new URL(`${tag}.json`, import.meta.url));
  return new Words(await answer.json());
}

class Words {
  constructor({ words, ...language }) {
    Object.assign(this, language);
    this.words = words;
  }

  /** The word with its placeholders filled. */
  say(word, values = {}) {
    return this.words[word].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  has(word) {
    return word in this.words;
  }

  /** `2021-12-31` or an RFC 3339 time as the language writes its date; anything else as it stands. */
  date(text) {
    const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)(T|$)/.exec(text) ?? [];
    const name = this.months[month - 1];
    return name ? this.dateForm.replace('{day}', Number(day)).replace('{month}', name).replace('{year}', year) : text;
  }

  /** How long ago a time was: `3 hours ago`. */
  ago(time) {
    const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
    const [unit, length] = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]].find(([, length]) => seconds >= length) ?? ['second', 1];
    return new Intl.RelativeTimeFormat([this.tag, 'en'], { numeric: 'auto' }).format(-Math.floor(seconds / length), unit);
  }
}

/** Puts the page into the language, and the list of languages into `select`. */
export function translate(words, select) {
  document.documentElement.lang = words.tag;
  document.documentElement.dir = words.direction;
  for (const element of document.querySelectorAll('[data-word]')) put(element, words.say(element.dataset.word));
  document.getElementById('draft').hidden = words.review !== 'draft';
  if (select.options.length === 0) select.append(...LANGUAGES.map(option));
  select.value = words.tag;
  try {
    localStorage.setItem('language', words.tag);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}

function option({ tag, name }) {
  return Object.assign(document.createElement('option'), { value: tag, lang: tag, textContent: name });
}

export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
