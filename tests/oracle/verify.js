// Judges signed credentials as DIVOC's verifier does: node verify.js FILE… --pem KEY [--did did:india]
// One JSON line a file; the exit code says whether all were accepted.
'use strict';
const fs = require('fs');
const {verify} = require('./divoc');

function options(list) {
  const files = [];
  const named = {did: 'did:india'};
  for (let i = 0; i < list.length; i++) {
    if (list[i] === '--pem' || list[i] === '--did') named[list[i].slice(2)] = list[++i];
    else files.push(list[i]);
  }
  return {files, ...named};
}

async function main() {
  const {files, pem, did} = options(process.argv.slice(2));
  if (!files.length || !pem) {
    console.error('usage: node verify.js FILE… --pem KEY [--did did:india]');
    process.exit(2);
  }
  let accepted = 0;
  for (const file of files) {
    const {verified, error} = await verify(JSON.parse(fs.readFileSync(file, 'utf8')), fs.readFileSync(pem, 'utf8'), did)
      .catch(thrown => ({verified: false, error: thrown}));
    const first = error && (error.errors || [].concat(error))[0];
    console.log(JSON.stringify({file, verified, ...(first && {error: first.message})}));
    accepted += verified ? 1 : 0;
  }
  process.exit(accepted === files.length ? 0 : 1);
}
main();
