// What DIVOC's steps cost in the libraries that DIVOC pins: one line a step, its name, a tab, milliseconds of CPU time.
// Written for this comparison. The way through the libraries is DIVOC's: the key and its controller are built for each call and never looked up.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const jsigs = require('jsonld-signatures');
const JSZip = require('jszip');
const QRCode = require('qrcode');
const {RSAKeyPair} = require('crypto-ld');
const {SECURITY, documentLoader} = require('../oracle/contexts');

const ROUNDS = 30;
const vector = name => fs.readFileSync(path.join(__dirname, '../vectors', name));
const document = JSON.parse(vector('rsa/v1_did_subject/input.json'));
const stored = vector('rsa/v1_did_subject/signed.json').toString().trim();
const pem = crypto.generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: {type: 'spki', format: 'pem'},
  privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
});
const privateKey = crypto.createPrivateKey(pem.privateKey);

async function main() {
  const signed = JSON.stringify(await sign());
  await check(signed);
  const steps = [
    {name: 'bare RSA signature', calls: 50, run: bareRsa},
    {name: 'sign', calls: 15, run: sign},
    {name: 'verify', calls: 15, run: () => verify(JSON.parse(signed))},
    {name: 'QR PNG', calls: 5, run: () => qr(stored)},
  ];
  for (const {name, milliseconds} of await measure(steps)) console.log(`${name}\t${milliseconds.toFixed(4)}`);
}

const sign = () => jsigs.sign({...document}, options({privateKeyPem: pem.privateKey}));
const verify = credential => jsigs.verify(credential, options());

// No `expansionMap`: the libraries then use their strict one, which refuses what no context defines.
function options(secret) {
  const id = 'did:india';
  const controllerId = 'https://example.com/i/india';
  const publicKey = {'@context': SECURITY, id, type: 'RsaVerificationKey2018', controller: controllerId, publicKeyPem: pem.publicKey};
  const controller = {'@context': SECURITY, id: controllerId, publicKey: [publicKey], assertionMethod: [id]};
  const key = new RSAKeyPair({...publicKey, ...secret});
  return {
    documentLoader,
    suite: new jsigs.suites.RsaSignature2018({key}),
    purpose: new jsigs.purposes.AssertionProofPurpose({controller}),
    compactProof: false,
  };
}

// One zip entry as a binary string, which `qrcode` writes as UTF-8: what citizens hold.
async function qr(credential) {
  const zip = new JSZip();
  zip.file('certificate.json', credential);
  const payload = await zip.generateAsync({type: 'string', compression: 'DEFLATE'});
  return QRCode.toBuffer(payload, {scale: 2});
}

// The part of signing that no implementation can spare: RSASSA-PSS over the 121 bytes of the signing input.
function bareRsa() {
  return crypto.sign('sha256', Buffer.alloc(121), {key: privateKey, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32});
}

// What is measured must be right: its own signature is accepted, a changed one is not, the picture has the size of DIVOC's.
async function check(signed) {
  assert.strictEqual((await verify(JSON.parse(signed))).verified, true);
  const changed = JSON.parse(signed);
  changed.evidence[0].vaccine = 'another';
  assert.strictEqual((await verify(changed)).verified, false);
  const width = png => png.readUInt32BE(16);
  assert.strictEqual(width(await qr(stored)), width(vector('qr/v1_did_subject.png')));
}

// The median of the rounds. The steps take turns, so that a change of the machine's pace meets all of them. The first rounds warm up and do not count.
async function measure(steps) {
  const times = steps.map(() => []);
  for (let round = -5; round < ROUNDS; round++) {
    for (const [index, {calls, run}] of steps.entries()) {
      const start = process.cpuUsage();
      for (let call = 0; call < calls; call++) await run();
      const {user, system} = process.cpuUsage(start);
      if (round >= 0) times[index].push((user + system) / 1000 / calls);
    }
    process.stderr.write('.');
  }
  process.stderr.write('\n');
  const median = list => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  return steps.map(({name}, index) => ({name, milliseconds: median(times[index])}));
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
