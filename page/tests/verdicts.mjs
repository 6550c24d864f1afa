// The page's code gives the verdicts that the native code gives, on the whole corpus: node verdicts.mjs READER, the folder of reader.js.
import assert from 'node:assert';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [built] = process.argv.slice(2);
const corpus = path.join(import.meta.dirname, '../../tests/vectors/verdicts');
const lines = fs.readFileSync(path.join(corpus, 'verdicts.jsonl'), 'utf8').trim().split('\n');
const trusts = JSON.parse(fs.readFileSync(path.join(corpus, 'trusts.json')));
// Node takes a module without a package.json for CommonJS; a data address says what it is.
const source = fs.readFileSync(path.join(built, 'reader.js'), 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(built).href));
const { default: init, Judge, read } = await import(`data:text/javascript;base64,${Buffer.from(source).toString('base64')}`);
await init({ module_or_path: fs.readFileSync(path.join(built, 'reader_bg.wasm')) });

const judges = Object.fromEntries(Object.entries(trusts).map(([name, { didDocument, list }]) => [name, new Judge(didDocument, list ?? undefined)]));
const verdicts = {};
for (const line of lines) {
  const { name, trust, now, shown, report } = JSON.parse(line);
  const { credential, unreadable } = JSON.parse(read(bytes(shown)));
  if (unreadable) assert.deepEqual([unreadable], report.reasons.map(({ code }) => code), name);
  else assert.deepEqual(JSON.parse(judges[trust].judge(credential, Date.parse(now))), report, name);
  verdicts[report.verdict] = (verdicts[report.verdict] ?? 0) + 1;
}
console.log(`${lines.length} verdicts as native:`, JSON.stringify(verdicts));
assert.equal(Object.keys(verdicts).length, 6, 'the corpus lacks a verdict');

function bytes({ text, base64, file }) {
  if (text !== undefined) return new TextEncoder().encode(text);
  return base64 === undefined ? fs.readFileSync(path.join(corpus, file)) : Buffer.from(base64, 'base64');
}
