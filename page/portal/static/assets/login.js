// Logging in: a number and the code that was sent to it, or the country's own account.
import { button, begin, go, make, announce, say } from './screen.js';
import { busy, countdown, field, form, input, notice, phone } from './form.js';

/** Seconds after which a code may be asked for again. */
const PATIENCE = 60;

/** @param next is called once the service has a token. `told` says why the reader is here. */
export function login(portal, told) {
  const { configuration } = portal;
  const said = told && make('p', { class: 'notice', role: 'status', text: told });
  const heading = make('h2', { text: 'log_in' });
  const intro = make('p', { class: 'lead', text: 'welcome' });
  return [heading, intro, said, configuration.login === 'oidc' ? account(portal) : number(portal), button('recover', () => portal.recover(), { class: 'quiet' })];
}

function account({ configuration }) {
  const told = notice();
  const enter = button('country_login', async () => {
    const { leave } = await import('./oidc.js');
    await busy(enter, told, () => leave(configuration));
  }, { class: 'first' });
  return [enter, told];
}

function number(portal) {
  const control = phone('phone', { autocomplete: 'tel', 'data-wrong': 'phone_wrong', minlength: 4 });
  const prefix = make('span', { class: 'prefix', 'aria-hidden': 'true', dir: 'ltr' }, `+${portal.configuration.callingCode}`);
  const labelled = field('phone', control, 'phone_hint');
  labelled.append(make('div', { class: 'beside', dir: 'ltr' }, prefix, control));
  const send = async ({ phone }) => {
    await portal.service.ask('POST', 'divoc/api/citizen/generateOTP', { phone });
    go(() => code(portal, phone));
  };
  return form([labelled], 'send_code', send, { 400: 'phone_wrong', 422: 'phone_wrong' });
}

function code(portal, phone) {
  const control = input('otp', { inputmode: 'numeric', autocomplete: 'one-time-code', class: 'code', dir: 'ltr', maxlength: 10, 'data-wrong': 'code_wrong' });
  const enter = async ({ otp }) => {
    const { token } = await portal.service.ask('POST', 'divoc/api/citizen/verifyOTP', { phone, otp: otp.trim() });
    await portal.enter(token);
  };
  const wrong = { 400: 'code_wrong', 401: 'code_wrong', 403: 'code_wrong', 422: 'code_wrong' };
  return [
    make('h2', { text: 'code' }),
    make('p', { class: 'lead', text: words => words.say('code_sent', { phone: `\u2066${phone}\u2069` }) }),
    form([field('code', control)], 'log_in', enter, wrong),
    resending(portal, phone),
    button('other_number', () => history.back(), { class: 'quiet' }),
    make('details', {}, make('summary', { text: 'no_code' }), make('p', { text: 'no_code_help' }), button('recover', () => portal.recover())),
  ];
}

/** The button that sends another code, once it is time. */
function resending({ service }, phone) {
  const told = notice();
  const resend = button('resend', async () => {
    if (resend.ariaDisabled === 'true') return;
    await busy(resend, told, async () => {
      await service.ask('POST', 'divoc/api/citizen/generateOTP', { phone });
      rest();
    });
  });
  const rest = async () => {
    await null;
    resend.ariaDisabled = 'true';
    await countdown(Date.now() + PATIENCE * 1000, seconds => {
      resend.ariaDisabled = 'true';
      say(resend, { textContent: words => words.say('resend_in', { seconds }) });
    });
    resend.ariaDisabled = null;
    say(resend, { textContent: 'resend' });
  };
  rest();
  return [resend, told];
}
