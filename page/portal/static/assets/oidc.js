// The country's own account: OpenID Connect, authorization code with PKCE (RFC 7636). What must outlast the way there and back is kept for this tab and
// taken away on return; the token is not among it.
import { Refusal, base64url } from './service.js';

const KEPT = 'login';

/** Leaves for the provider's page. */
export async function leave({ issuer, clientId }) {
  const provider = await discovered(issuer);
  const [verifier, state] = [random(), random()];
  sessionStorage.setItem(KEPT, JSON.stringify({ verifier, state }));
  const challenge = base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
  const place = new URL(provider.authorization_endpoint);
  const asked = { response_type: 'code', client_id: clientId, redirect_uri: here(), scope: 'openid', state, code_challenge: challenge, code_challenge_method: 'S256' };
  // In the fragment the code reaches no log on its way.
  if (provider.response_modes_supported?.includes('fragment')) asked.response_mode = 'fragment';
  for (const [name, value] of Object.entries(asked)) place.searchParams.set(name, value);
  location.assign(place);
}

/** What the provider sent along, taken out of the address bar at once; `undefined` when nobody comes from there. */
export function arrival() {
  const sent = [location.search, location.hash].map(text => new URLSearchParams(text.slice(1))).find(sent => sent.has('state') && (sent.has('code') || sent.has('error')));
  if (sent) history.replaceState(history.state, '', here());
  return sent;
}

/** The token for what the provider sent along. */
export async function token({ issuer, clientId }, sent) {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? '{}');
  sessionStorage.removeItem(KEPT);
  if (!sent.has('code') || sent.get('state') !== kept.state) throw new Refusal(401);
  const { token_endpoint: place } = await discovered(issuer);
  const body = new URLSearchParams({ grant_type: 'authorization_code', code: sent.get('code'), redirect_uri: here(), client_id: clientId, code_verifier: kept.verifier });
  return (await asked(place, { method: 'POST', body })).access_token;
}

const discovered = issuer => asked(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);

async function asked(place, request) {
  const answer = await fetch(place, { credentials: 'omit', cache: 'no-store', ...request }).catch(() => {
    throw new Refusal(0);
  });
  if (!answer.ok) throw new Refusal(answer.status);
  return answer.json();
}

const here = () => `${location.origin}${location.pathname}`;

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
