// Who leaves the page open on somebody else's telephone is logged out, after a word of warning.
import { at, say } from './screen.js';

const QUIET = 9 * 60 * 1000;
const WARNED = 60 * 1000;

/** Watches from now on. @param out is called when nobody answered the warning. @returns what ends the watch. */
export function watch(out) {
  let since = Date.now();
  const live = () => {
    if (!at('idle').open) since = Date.now();
  };
  const look = () => {
    const over = Date.now() - since - QUIET;
    if (over < 0) return at('idle').open && at('idle').close();
    if (over >= WARNED) return out();
    const seconds = Math.ceil((WARNED - over) / 1000);
    say(at('idle-words'), { textContent: words => words.say('idle', { seconds }) });
    if (!at('idle').open) at('idle').showModal();
  };
  const stay = () => {
    at('idle').close();
    live();
  };
  const closed = () => live();
  const signs = ['pointerdown', 'keydown', 'scroll'];
  signs.forEach(sign => addEventListener(sign, live, { passive: true }));
  at('stay').addEventListener('click', stay);
  at('idle').addEventListener('close', closed);
  const clock = setInterval(look, 1000);
  return () => {
    clearInterval(clock);
    signs.forEach(sign => removeEventListener(sign, live));
    at('stay').removeEventListener('click', stay);
    at('idle').removeEventListener('close', closed);
    at('idle').close();
  };
}
