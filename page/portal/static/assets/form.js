// Forms: fields with labels and hints, one thing to do, and what to say when it is refused.
import { announce, make, say } from './screen.js';
import { Refusal } from './service.js';

let fields = 0;

/** A field under its label. `hint` explains it. */
export function field(label, control, hint) {
  control.id ||= `field-${++fields}`;
  const explained = hint && make('p', { id: `${control.id}-hint`, class: 'hint', text: hint });
  if (explained) control.setAttribute('aria-describedby', explained.id);
  return make('div', { class: 'field' }, make('label', { for: control.id, text: label }), explained, control);
}

export const input = (name, attributes = {}) => make('input', { name, type: 'text', required: true, autocomplete: 'off', ...attributes });

export const phone = (name, attributes = {}) => input(name, { type: 'tel', inputmode: 'tel', dir: 'ltr', maxlength: 24, ...attributes });

/** @param options pairs of value and text. */
export function choice(name, options, attributes = {}) {
  return make('select', { name, ...attributes }, options.map(([value, text]) => make('option', { value, text })));
}

/**
 * A form that does one thing with the values of its fields. @param refusals which word tells which refusal: by kind of problem, or by status.
 */
export function form(content, submit, act, refusals = {}) {
  const notice = make('p', { class: 'notice', role: 'alert' });
  const button = make('button', { class: 'first', text: submit });
  const element = make('form', {
    novalidate: true,
    submit: async event => {
      event.preventDefault();
      if (button.ariaDisabled === 'true') return;
      const wrong = [...element.elements].find(control => !control.checkValidity());
      if (wrong) return refuse(wrong);
      await busy(button, notice, () => act(Object.fromEntries(new FormData(element)), element), refusals);
    },
    input: ({ target }) => target.removeAttribute('aria-invalid'),
  }, content, notice, button);
  const refuse = wrong => {
    wrong.setAttribute('aria-invalid', 'true');
    wrong.focus();
    tell(notice, wrong.dataset.wrong ?? 'refused');
  };
  return element;
}

/** Does something that a button stands for, and says under `notice` why not, if not. */
export async function busy(button, notice, act, refusals = {}) {
  if (button.ariaDisabled === 'true') return;
  button.ariaDisabled = 'true';
  tell(notice, '');
  announce('working');
  try {
    await act();
    if (!button.isConnected) return;
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    if (refusal.status === 429) await wait(Math.max(refusal.seconds, 1), notice);
    else tell(notice, refusals[refusal.kind] ?? refusals[refusal.status] ?? (refusal.status === 0 || refusal.status >= 500 ? 'failed' : 'refused'));
  } finally {
    button.ariaDisabled = null;
  }
  announce('');
}

/** Under a button that is not in a form. */
export const notice = () => make('p', { class: 'notice', role: 'alert' });

export function tell(notice, word) {
  notice.role = 'alert';
  say(notice, { textContent: word || (() => '') });
}

/** Counts down beside the words; read out once, at the beginning. */
async function wait(seconds, notice) {
  const until = Date.now() + seconds * 1000;
  tell(notice, words => words.say('slow_down', { time: clock(until) }));
  notice.role = 'note';
  await countdown(until, () => say(notice, { textContent: words => words.say('slow_down', { time: clock(until) }) }));
  tell(notice, '');
}

const clock = until => {
  const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};

/** Calls `each` once a second until that time. */
export async function countdown(until, each) {
  for (let left = until - Date.now(); left > 0; left = until - Date.now()) {
    each(Math.ceil(left / 1000));
    await new Promise(resolve => setTimeout(resolve, Math.min(left, 1000)));
  }
}
