// The page for files of many rows: bring one, look at its first rows, have it certified, watch, save what failed.
import { Refusal, Service, wait } from './service.js';

const UPLOADS = 'divoc/api/v1/uploads';
const SECTIONS = ['entry', 'choice', 'look', 'work'];
/** Milliseconds between two looks at how far the service is. */
const BETWEEN = 1000;
const at = id => document.getElementById(id);
const service = new Service();
/** The upload that is shown now; another one ends the watch of this one. */
let shown;

at('enter').addEventListener('submit', event => {
  event.preventDefault();
  service.token = at('token').value.trim();
  at('token').value = '';
  attempt(choice);
});
at('choose').addEventListener('submit', event => {
  event.preventDefault();
  attempt(() => bring(at('file').files[0], at('kind').value));
});
at('leave').addEventListener('click', () => location.reload());
at('another').addEventListener('click', () => attempt(choice));
at('give-up').addEventListener('click', () => attempt(() => cancel().then(choice)));
at('start').addEventListener('click', () => attempt(start));
at('stop').addEventListener('click', () => attempt(cancel));
at('errors').addEventListener('click', () => attempt(save));

/** Does it, and says in the service's words why it could not be done. */
async function attempt(deed) {
  at('fault').hidden = true;
  try {
    await deed();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    at('fault').textContent = refusal.message;
    at('fault').hidden = false;
  }
}

function show(section) {
  for (const id of SECTIONS) at(id).hidden = id !== section;
  at('leave').hidden = section === 'entry';
  at(`${section}-title`).focus();
}

async function choice() {
  shown = undefined;
  const { uploads } = await service.ask('GET', UPLOADS);
  const rows = uploads.map(upload => {
    const open = make('button', 'Open');
    open.type = 'button';
    open.setAttribute('aria-label', `Open ${upload.fileName}`);
    open.addEventListener('click', () => attempt(() => reopen(upload.uploadId)));
    return row([upload.fileName, upload.state, upload.rows, upload.certified, upload.failed, open]);
  });
  at('uploads').tBodies[0].replaceChildren(...rows);
  at('uploads').hidden = rows.length === 0;
  at('none').hidden = rows.length > 0;
  show('choice');
}

/** An upload whose file is not there yet goes on with the same file, chosen again. */
async function reopen(id) {
  const upload = await service.ask('GET', `${UPLOADS}/${id}`);
  if (upload.state !== 'waiting') {
    watch(upload);
    return;
  }
  const { parts } = await service.ask('GET', `${UPLOADS}/${id}/parts`);
  const file = at('file').files[0];
  if (parts.length > 0 && file?.size !== upload.bytes) {
    throw new Refusal(0, { message: `Parts of ${upload.fileName} are missing: choose the same file above, then open it again.` });
  }
  await put(upload, parts, file);
}

async function bring(file, kind) {
  const { upload, parts } = await service.ask('POST', UPLOADS, { fileName: file.name, kind, bytes: file.size });
  await put(upload, parts, file);
}

async function put(upload, parts, file) {
  shown = upload;
  tell(upload);
  show('work');
  at('state').textContent = 'The file is on its way.';
  const left = parts.reduce((sum, part) => sum + part.until - part.from, 0);
  let brought = upload.bytes - left;
  for (const part of parts) {
    await service.put(part, file.slice(part.from, part.until));
    brought += part.until - part.from;
    measure('brought', brought, upload.bytes);
  }
  await look(upload);
}

async function look(upload) {
  const preview = await service.ask('GET', `${UPLOADS}/${upload.uploadId}/preview`);
  const wrong = preview.rows.filter(({ errors }) => errors);
  at('rows').tBodies[0].replaceChildren(...preview.rows.map(previewed));
  at('verdict').textContent = `Of the first ${preview.rows.length} rows ${preview.rows.length - wrong.length} will be certified as they stand here.`;
  at('passed-over').textContent = `Columns that are passed over: ${preview.passedOver.join(', ')}.`;
  at('passed-over').hidden = preview.passedOver.length === 0;
  show('look');
}

function previewed({ row: number, certificate, errors }) {
  if (errors) {
    const said = errors.map(({ column, detail }) => [column, detail].filter(Boolean).join(': ')).join(' ');
    const line = row([number, said]);
    line.cells[1].colSpan = 4;
    line.className = 'wrong';
    return line;
  }
  const { credentialSubject: person, evidence } = certificate;
  const what = evidence.dose ? `${evidence.vaccine}, dose ${evidence.dose} of ${evidence.totalDoses}` : `${evidence.testType}: ${evidence.result}`;
  return row([number, person.name, person.refId, what, evidence.date ?? evidence.sampleCollectionTimestamp]);
}

async function start() {
  watch(await service.ask('POST', `${UPLOADS}/${shown.uploadId}/start`));
}

async function cancel() {
  watch(await service.ask('DELETE', `${UPLOADS}/${shown.uploadId}`));
}

/** Shows how far an upload is until nothing is left to do, or another one is shown. */
async function watch(upload) {
  shown = upload;
  tell(upload);
  measure('brought', 1, 1);
  show('work');
  while (['counting', 'certifying'].includes(shown.state)) {
    await wait(BETWEEN);
    if (shown?.uploadId !== upload.uploadId) return;
    // A network that is gone for a moment is no reason to stop looking.
    const told = await service.ask('GET', `${UPLOADS}/${upload.uploadId}`).catch(() => shown);
    if (shown?.uploadId !== upload.uploadId) return;
    shown = told;
    tell(told);
  }
}

const SAID = {
  waiting: 'The file waits for you.',
  counting: 'The rows are counted. Nothing is certified before all are.',
  certifying: 'The rows are certified.',
  done: 'Done.',
  cancelled: 'Stopped. What was certified stays certified.',
};

function tell(upload) {
  const done = upload.certified + upload.failed + upload.blank;
  measure('counted', upload.countedBytes, upload.bytes);
  measure('done', done, upload.state === 'done' ? done : upload.rows);
  for (const [id, count] of Object.entries({ total: upload.rows, certified: upload.certified, failed: upload.failed, blank: upload.blank })) {
    at(id).textContent = count.toLocaleString();
  }
  const said = upload.state === 'refused' ? `Refused, and nobody was certified. ${upload.fault}` : SAID[upload.state];
  if (at('state').textContent !== said) at('state').textContent = said;
  at('stop').hidden = !['counting', 'certifying'].includes(upload.state);
  at('errors').hidden = upload.failed === 0;
}

/** Puts the parts of the file together in the browser, and saves it. */
async function save() {
  const { uploadId, fileName } = shown;
  const parts = [];
  for (let path = `${UPLOADS}/${uploadId}/errors`; path;) {
    const answer = await service.fetch('GET', path);
    parts.push(await answer.blob());
    const [, next] = /errors(\?after=\d+)>/.exec(answer.headers.get('link') ?? '') ?? [];
    path = next && `${UPLOADS}/${uploadId}/errors${next}`;
  }
  const link = make('a', '');
  link.href = URL.createObjectURL(new Blob(parts, { type: 'text/csv' }));
  link.download = fileName.replace(/(\.csv)?$/i, '.errors.csv');
  link.click();
  URL.revokeObjectURL(link.href);
}

function measure(id, value, most) {
  at(id).max = Math.max(most, 1);
  at(id).value = most === 0 ? 1 : value;
}

function make(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function row(cells) {
  const line = document.createElement('tr');
  for (const cell of cells) {
    const place = document.createElement('td');
    place.append(typeof cell === 'number' ? cell.toLocaleString() : cell ?? '');
    line.append(place);
  }
  return line;
}
