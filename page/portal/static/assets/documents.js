// A certificate's picture and files: seen, saved and printed without any of them getting an address of its own.
import { at, button, make, say, unfolding, words } from './screen.js';
import { busy, choice, field, notice } from './form.js';
import { LANGUAGES } from './words.js';

/** Dots an inch: enough to read on a telephone; enough on paper. */
const SEEN = 100;
const PRINTED = 200;
/** What else there is besides the PDF: what it is called, and its format. */
const MORE = [['card', 'card', 'PDF'], ['qr', 'png', 'PNG'], ['qr', 'svg', 'SVG'], ['credential', 'json', 'JSON']];

/**
 * @param languages tags of the languages in which there are documents.
 * @param get answers a wish `{ format, language, density }` with the bytes. @param formats those of `MORE` that there are.
 */
export function documents(one, languages, get, formats = MORE.map(([, format]) => format)) {
  const picture = make('img', { class: 'picture', width: 827, height: 1170, told: { alt: 'preview' } });
  const figure = make('figure', { 'aria-busy': 'true' }, picture);
  const offered = LANGUAGES.filter(({ tag }) => languages.includes(tag));
  const language = choice('language', offered.map(({ tag, name }) => [tag, () => name]), { change: () => preview() });
  select(words.tag);
  const told = notice();
  const done = make('p', { class: 'done', role: 'status' });
  const save = format => keep(asked(format), `certificate-${one.certificateId}`);
  let spoken = 'en';

  /** English comes first where there are pages in it. */
  function select(tag) {
    language.value = tag;
    if (language.selectedIndex < 0) language.selectedIndex = 0;
  }

  /** Asks in the chosen language. One in which the country has no pages leaves the list. */
  async function asked(format, density) {
    try {
      const answer = await get({ format, language: language.value, density });
      spoken = language.value;
      return answer;
    } catch (refusal) {
      if (refusal.kind !== 'parameter' || language.length < 2) throw refusal;
      language.selectedOptions[0].remove();
      select(spoken);
      return asked(format, density);
    }
  }

  async function preview() {
    figure.ariaBusy = 'true';
    try {
      await see(picture, await (await asked('picture', SEEN)).blob());
      figure.replaceChildren(picture);
    } catch {
      figure.replaceChildren(make('figcaption', { text: 'no_preview' }));
    }
    figure.ariaBusy = 'false';
  }

  const act = (button, work) => busy(button, told, async () => {
    say(done, { textContent: () => '' });
    await work();
  }, { 404: 'link_over' });
  const saving = (text, format, attributes) => {
    const element = button(text, () => act(element, async () => {
      await save(format);
      say(done, { textContent: 'saved' });
    }), attributes);
    return element;
  };
  const printing = button('print', () => act(printing, async () => {
    const paper = make('img', { alt: '' });
    at('paper').replaceChildren(paper);
    await see(paper, await (await asked('picture', PRINTED)).blob());
    print();
  }));
  preview();
  const more = MORE.filter(([, format]) => formats.includes(format)).map(([word, format, kind]) => saving(words => `${words.say(word)} (${kind})`, format));
  return [
    figure,
    make('div', { class: 'ways' }, field('document_language', language), saving('download', 'pdf', { class: 'first' }), printing),
    done, told,
    more.length > 0 && unfolding('more', () => make('div', { class: 'ways' }, more)),
  ];
}

async function see(picture, blob) {
  const place = URL.createObjectURL(blob);
  picture.src = place;
  await picture.decode().finally(() => URL.revokeObjectURL(place));
}

/** Saves an answer under the name that it has, or under this one. */
async function keep(answering, name) {
  const answer = await answering;
  const [, named] = /filename="([\w.-]+)"/.exec(answer.headers.get('content-disposition') ?? '') ?? [];
  const blob = await answer.blob();
  const place = URL.createObjectURL(blob);
  const extension = { 'application/pdf': 'pdf', 'image/png': 'png', 'image/svg+xml': 'svg' }[blob.type] ?? 'json';
  make('a', { href: place, download: named ?? `${name}.${extension}` }).click();
  setTimeout(() => URL.revokeObjectURL(place), 60_000);
}
