// DIVOC's way to canonical bytes and verdicts: its pinned libraries, with contexts from this repository only. Nothing is fetched.
'use strict';
const jsonld = require('jsonld');
const jsigs = require('jsonld-signatures');
const {RSAKeyPair} = require('crypto-ld');
const {SECURITY, documentLoader} = require('./contexts');

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
