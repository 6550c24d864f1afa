// What stands on the page: elements whose texts follow the language, one screen at a time, and the way back.
import { load, put, translate } from './words.js';

/** The language that is spoken now. */
export let words;

export const at = id => document.getElementById(id);

const texts = new WeakMap();

/** Puts everything that is on the page into a language. */
export async function speak(tag) {
  words = await load(tag);
  translate(words, at('language'));
  for (const element of document.querySelectorAll('[data-said]')) retell(element);
  title();
}

/** Gives properties of an element a text that follows the language: a word's name, or what makes the text. */
export function say(element, told) {
  texts.set(element, { ...texts.get(element), ...told });
  element.dataset.said = '';
  retell(element);
  return element;
}

function retell(element) {
  for (const [property, text] of Object.entries(texts.get(element))) {
    const said = typeof text === 'function' ? text(words) : text && words.say(text);
    if (property === 'textContent') put(element, said);
    else element[property] = said;
  }
}

/**
 * An element. Attributes that are functions listen to the event of their name; `text` is what it says, `told` what other properties say (see `say`); `true`
 * is an attribute without a value, `false` none.
 */
export function make(tag, { text, told, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? '' : value);
  }
  if (text || told) say(element, { ...(text && { textContent: text }), ...told });
  element.append(...children.flat(Infinity).filter(Boolean));
  return element;
}

export const button = (text, click, attributes = {}) => make('button', { type: 'button', text, click, ...attributes });

/** Things of either direction beside each other; nothings are left out. */
export const joined = (...parts) => parts.filter(Boolean).map(part => `\u2068${part}\u2069`).join(' · ');

/** Something that unfolds; `fill` makes its content when it does so for the first time. */
export function unfolding(text, fill) {
  const inside = make('div');
  const element = make('details', { toggle: () => element.open && !inside.hasChildNodes() && inside.append(...[fill(element)].flat(Infinity).filter(Boolean)) }, make('summary', { text }), inside);
  return element;
}

// ---------------------------------------------------------------- screens

/** The screens behind the page's place in the browser's history, which holds nothing but their numbers. */
let screens = [];
let heading;

/** Shows a screen, a function that makes elements, the heading first; the browser's way back leads to the one before. */
export function go(screen) {
  screens.length = place() + 1;
  screens.push(screen);
  history.pushState({ place: place() + 1 }, '');
  show(screen);
}

/** Shows a screen from which no way leads back. */
export function begin(screen, quietly = false) {
  screens = [screen];
  history.replaceState({ place: 0 }, '');
  show(screen, quietly);
}

export const back = () => button('back', () => history.back(), { class: 'back' });

/** Makes the screen anew. */
export const again = () => show(screens[place()] ?? screens[0]);

addEventListener('popstate', () => screens.length > 0 && again());

const place = () => Math.min(history.state?.place ?? 0, screens.length - 1);

function show(screen, quietly) {
  const elements = [screen()].flat(Infinity).filter(Boolean);
  at('main').replaceChildren(...elements);
  announce('');
  heading = at('main').querySelector('h2');
  heading.tabIndex = -1;
  title();
  scrollTo(0, 0);
  if (!quietly) heading.focus();
}

function title() {
  const page = document.querySelector('h1').textContent;
  document.title = heading?.isConnected ? `${heading.textContent} – ${page}` : page;
}

/** Says it to those who cannot see what changed. */
export function announce(text) {
  put(at('announce'), typeof text === 'function' ? text(words) : text && words.say(text));
}
