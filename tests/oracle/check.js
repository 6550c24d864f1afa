// The oracle judged itself: it must accept what DIVOC signed and refuse what was changed.
'use strict';
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const {canonical, verify} = require('./divoc');

const vectors = path.join(__dirname, '../vectors');
const text = name => fs.readFileSync(path.join(vectors, name), 'utf8');

async function main() {
  const pem = text('keys/rsa2048.public.pem');
  for (const name of fs.readdirSync(path.join(vectors, 'rsa'))) {
    const signed = JSON.parse(text(`rsa/${name}/signed.json`));
    assert.strictEqual(await canonical(signed), text(`rsa/${name}/canonical_document.nq`), name);
    assert.strictEqual((await verify(signed, pem)).verified, true, name);
    signed.evidence[0].vaccine = 'another';
    assert.strictEqual((await verify(signed, pem)).verified, false, `${name}, changed`);
  }
  console.log('the oracle accepts what DIVOC signed and refuses what was changed');
}
main().catch(error => {
  console.error(error);
  process.exit(1);
});
