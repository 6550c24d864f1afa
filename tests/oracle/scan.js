// Reads QR codes from PNG pictures with two programs of different descent: zbar, the reader of DIVOC's verifier, and ZXing: node scan.js FILE.png…
// One line a picture: the content as each gives it, in base64; the exit code says whether both found exactly one code in each.
'use strict';
const fs = require('fs');
const {PNG} = require('pngjs');
const {scanImageData} = require('@undecaf/zbar-wasm');

async function main() {
  const {readBarcodes, prepareZXingModule} = await import('zxing-wasm/reader');
  // The file beside the package, or it would be asked for on the network.
  prepareZXingModule({overrides: {wasmBinary: new Uint8Array(fs.readFileSync(require.resolve('zxing-wasm/reader/zxing_reader.wasm'))).buffer}});
  let read = 0;
  const files = process.argv.slice(2);
  for (const file of files) {
    const picture = fs.readFileSync(file);
    const {width, height, data} = PNG.sync.read(picture);
    const zbar = await scanImageData({width, height, data: new Uint8ClampedArray(data)});
    const zxing = await readBarcodes(new Blob([picture]), {formats: ['QRCode'], tryHarder: true});
    const found = [...zbar.map(symbol => symbol.data), ...zxing.map(symbol => symbol.bytes)];
    if (zbar.length === 1 && zxing.length === 1) read += 1;
    else console.error(`${file}: zbar ${zbar.length}, ZXing ${zxing.length}`);
    console.log(found.map(bytes => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')).join(' '));
  }
  process.exit(read === files.length ? 0 : 1);
}
main();
