// Keeps this version of the page on the device. The issuer's keys and status list are kept by the page itself (trust.js), across versions.
const KEPT = 'page-{version}';
const FILES = [{files}];

addEventListener('install', event => event.waitUntil(keep()));
addEventListener('activate', event => event.waitUntil(tidy()));
addEventListener('fetch', event => {
  const { request } = event;
  const ours = request.method === 'GET' && request.url.startsWith(registration.scope);
  if (ours) event.respondWith(answer(request));
});

async function keep() {
  await (await caches.open(KEPT)).addAll(FILES.map(file => new Request(file, { cache: file.includes('/') ? 'default' : 'no-cache' })));
  await skipWaiting();
}

async function tidy() {
  const old = (await caches.keys()).filter(name => name.startsWith('page-') && name !== KEPT);
  await Promise.all(old.map(name => caches.delete(name)));
  await clients.claim();
}

/** From the device; what is not there, such as an older version that a page still runs, from the network. */
async function answer(request) {
  const kept = await caches.open(KEPT);
  return await kept.match(request, { ignoreSearch: true, ignoreVary: true }) ?? fetch(request);
}
