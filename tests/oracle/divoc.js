// DIVOC's way to canonical bytes and verdicts: its pinned libraries, with contexts from this repository only. Nothing is fetched.
'use strict';
const fs = require('fs');
const path = require('path');
const jsonld = require('jsonld');
const jsigs = require('jsonld-signatures');
const {RSAKeyPair} = require('crypto-ld');

const root = path.join(__dirname, '../..');
const read = name => JSON.parse(fs.readFileSync(path.join(root, name), 'utf8'));
const w3c = name => read(`tests/vectors/contexts/${name}.json`);
const ours = name => read(`shared/credential/contexts/${name}.json`);

const SECURITY = 'https://w3id.org/security/v2';
const exact = new Map([
  ['https://www.w3.org/2018/credentials/v1', w3c('credentials-v1')],
  ['https://w3id.org/security/v1', w3c('security-v1')],
  [SECURITY, w3c('security-v2')],
]);
const endings = [
  ['/credentials/vaccination/v1', ours('vaccination-v1')],
  ['/credentials/vaccination/v2', ours('vaccination-v2')],
  ['/credentials/testCertificate/v1', ours('test-certificate-v1')],
];

async function documentLoader(url) {
  const document = exact.get(url) || (endings.find(([end]) => url.endsWith(end)) || [])[1];
  if (!document) throw new Error(`not pinned: ${url}`);
  return {contextUrl: null, document, documentUrl: url};
}

// A member that no context defines is an error, never dropped.
function expansionMap(info) {
  if (info.unmappedProperty) throw new Error(`not defined: ${info.unmappedProperty}`);
}

function canonical(document) {
  const {proof, ...rest} = document;
  return jsonld.canonize(rest, {algorithm: 'URDNA2015', format: 'application/n-quads', documentLoader, expansionMap});
}

// What DIVOC's verifier does: the key stands in the suite and the controller is built in memory, so that nothing is looked up.
async function verify(document, publicKeyPem, id = 'did:india') {
  const publicKey = {
    '@context': SECURITY, id, type: 'RsaVerificationKey2018', controller: 'https://example.com/i/india', publicKeyPem,
  };
  const controller = {
    '@context': SECURITY, id: 'https://example.com/i/india', publicKey: [publicKey], assertionMethod: [id],
  };
  const key = new RSAKeyPair(publicKey);
  const suite = new jsigs.suites.RsaSignature2018({key});
  const purpose = new jsigs.purposes.AssertionProofPurpose({controller});
  return jsigs.verify(document, {suite, purpose, documentLoader, compactProof: false});
}

module.exports = {canonical, verify};
