// Reads QR codes from PNG pictures with zbar, the reader of DIVOC's verifier: node scan.js FILE.png…
// One line a picture: the content as zbar gives it, in base64; the exit code says whether each had exactly one code.
'use strict';
const fs = require('fs');
const {PNG} = require('pngjs');
const {scanImageData} = require('@undecaf/zbar-wasm');

async function main() {
  let read = 0;
  const files = process.argv.slice(2);
  for (const file of files) {
    const {width, height, data} = PNG.sync.read(fs.readFileSync(file));
    const symbols = await scanImageData({width, height, data: new Uint8ClampedArray(data)});
    if (symbols.length === 1) read += 1;
    console.log(symbols.map(symbol => Buffer.from(symbol.data.buffer, symbol.data.byteOffset, symbol.data.byteLength).toString('base64')).join(' '));
  }
  process.exit(read === files.length ? 0 : 1);
}
main();
