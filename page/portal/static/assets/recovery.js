// A number that is wrong or lost: the old certificate, the number that was given, and a code to the new one move the certificates, unless the old number objects.
import { back, begin, button, go, make, say, words } from './screen.js';
import { busy, field, form, input, notice, phone, tell } from './form.js';
import { when } from './links.js';

/** Pixels of a photo's longer side: enough for the densest QR code on a page, and far below what the service takes. */
const SIDE = 2400;

export function recovery(portal) {
  const missing = notice();
  const chosen = make('p', { class: 'soft', 'aria-live': 'polite' });
  const file = make('input', { type: 'file', accept: 'image/*,application/pdf', change: () => {
    say(chosen, { textContent: () => file.files[0]?.name ?? '' });
    tell(missing, '');
  } });
  const text = make('textarea', { name: 'text', rows: 4, dir: 'ltr', spellcheck: 'false', autocomplete: 'off' });
  const ask = async ({ text, old, fresh }) => {
    const paper = text.trim() ? { paper: text.trim() } : { picture: await picture(file.files[0]) };
    const asked = await portal.service.ask('POST', 'divoc/api/citizen/recovery', { ...paper, registeredPhone: old, newPhone: fresh, language: words.tag });
    go(() => proof(portal, asked.recoveryId, fresh));
  };
  const asking = form([
    make('label', { class: 'button' }, make('span', { text: 'paper' }), file), chosen,
    make('details', {}, make('summary', { text: 'paste_label' }), field('paste_label', text)),
    field('old_phone', phone('old', { 'data-wrong': 'phone_wrong', minlength: 4 })),
    field('new_phone', phone('fresh', { autocomplete: 'tel', 'data-wrong': 'phone_wrong', minlength: 4 })),
    missing,
  ], 'send_code', async values => {
    const shown = values.text.trim() || file.files.length > 0;
    tell(missing, shown ? '' : 'paper_missing');
    if (shown) await ask(values);
    else file.focus();
  });
  return [back(), make('h2', { text: 'recover' }), make('p', { class: 'lead', text: 'recover_intro' }), asking];
}

/** The code that was sent to the new number, and when the change takes effect. */
function proof(portal, id, fresh) {
  const control = input('otp', { inputmode: 'numeric', autocomplete: 'one-time-code', class: 'code', dir: 'ltr', maxlength: 10, 'data-wrong': 'code_wrong' });
  const prove = async ({ otp }) => {
    const { effectiveAt } = await portal.service.ask('POST', `divoc/api/citizen/recovery/${id}/proof`, { otp: otp.trim() });
    begin(() => [
      make('h2', { text: 'recover' }),
      make('p', { class: 'notice', text: words => words.say('move_waiting', { date: when(effectiveAt, words) }) }),
      button('log_in', () => portal.leave(''), { class: 'first' }),
    ]);
  };
  return [
    back(), make('h2', { text: 'code' }),
    make('p', { class: 'lead', text: words => words.say('move_code_sent', { phone: `\u2066${fresh}\u2069` }) }),
    form([field('code', control)], 'send', prove, { 'no-recovery': 'move_refused', 400: 'code_wrong', 403: 'code_wrong', 422: 'code_wrong' }),
  ];
}

/** A photo as small as still can be read; a PDF as it is. Base64, as the service wants it. */
async function picture(file) {
  const blob = file.type === 'application/pdf' ? file : await smaller(file);
  const text = await new Promise((resolve, reject) => {
    const reader = Object.assign(new FileReader(), { onload: () => resolve(reader.result), onerror: reject });
    reader.readAsDataURL(blob);
  });
  return text.slice(text.indexOf(',') + 1);
}

async function smaller(file) {
  try {
    const whole = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(whole.width, whole.height));
    const canvas = Object.assign(document.createElement('canvas'), { width: Math.ceil(whole.width * scale), height: Math.ceil(whole.height * scale) });
    canvas.getContext('2d').drawImage(whole, 0, 0, canvas.width, canvas.height);
    return await new Promise(resolve => canvas.toBlob(resolve, 'image/jpeg', 0.85));
  } catch {
    return file;
  }
}

/** A link in a message to the old number: stops the change. */
export function objection({ service }, token) {
  const told = notice();
  const done = make('p', { class: 'done', role: 'status' });
  const stop = button('stop_move', () => busy(stop, told, async () => {
    await service.ask('POST', 'divoc/api/citizen/recovery/objection', { token });
    say(done, { textContent: 'move_stopped' });
    stop.hidden = true;
  }, { 404: 'link_over' }), { class: 'first' });
  return [make('h2', { text: 'stop_move' }), make('p', { class: 'lead', text: 'move_away' }), stop, done, told];
}

/** Changes that would take the reader's certificates away, each with a way to stop it. */
export function leaving(portal, moves) {
  return moves.map(({ recoveryId, effectiveAt }) => {
    const told = notice();
    const done = make('p', { class: 'done', role: 'status' });
    const stop = button('stop_move', () => busy(stop, told, async () => {
      await portal.service.ask('DELETE', `divoc/api/citizen/recovery/${recoveryId}`);
      portal.moves = portal.moves.filter(move => move.recoveryId !== recoveryId);
      say(done, { textContent: 'move_stopped' });
      stop.hidden = true;
    }));
    return make('section', { class: 'notice' }, make('p', { text: 'move_away' }), make('p', { text: words => words.say('move_waiting', { date: when(effectiveAt, words) }) }), stop, done, told);
  });
}
