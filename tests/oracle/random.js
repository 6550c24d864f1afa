// Random documents under the vaccination contexts with the canonical form that DIVOC's libraries give them, one JSON object a line:
//   node random.js COUNT SEED | cargo run -q -p credential --example canonical
'use strict';
const {canonical} = require('./divoc');

const [count = 1000, seed = 1] = process.argv.slice(2).map(Number);
let state = seed >>> 0;
const random = () => { // mulberry32
  state = (state + 0x6D2B79F5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const below = n => Math.floor(random() * n);
const pick = list => list[below(list.length)];
const chance = p => random() < p;

const TEXTS = ['', ' sp ', 'a', 'a:b', 'did:x:y', 'http://e.x/1', '2021-01-01', '1', 'true', 'tab\tbell\u0007', 'line\nbreak', 'cr\rlf', '\u007f',
  'Juan "Q" \\ x', 'भाया क्षितिज', 'தமிழ்', '日本', '😀', '\ue000', '\uffee', '\u{10ffff}', '\u2028', '\u0000', '_:b0', 'schema:x', 'cred:x', '@id'];
const IDS = ['did:in.gov.uidai:aadhaar:', 'urn:uuid:', 'https://cowin.gov.in/v/', 'did:x:a b ', 'schema:', 'xsd:', 'vac:', 'relative', '', '_:b', 'a,b:', '1a:', ':', '#', '?x:', '//h/', '😀:', 'é:', '@type', '@foo:'];
const NUMBERS = [0, -0, 1, 2, -1, 1.5, 2.0, 0.1, 0.30000000000000004, 1e-7, 1.5e-7, -1e-7, 1e20, 1e21, 1.5e21, 5e-324, 1.7976931348623157e308,
  9007199254740993, -9007199254740993, 123456789012345680000, 2251799813685249.5, 1125899906842624.25, 0.1 + 0.2, 100, 1e15, 123.456, 18446744073709551615];
const number = () => chance(0.5) ? pick(NUMBERS) : chance(0.5) ? below(1000) - 100 : (random() - 0.5) * 10 ** (below(60) - 30);
const id = () => pick(IDS) + below(4);

const ADDRESS = ['streetAddress', 'streetAddress2', 'city', 'district', 'addressRegion', 'postalCode', 'addressCountry'];
const PERSON = ['refId', 'uhid', 'name', 'age', 'dob', 'gender', 'nationality'];
const DOSE = ['certificateId', 'feedbackUrl', 'infoUrl', 'batch', 'vaccine', 'manufacturer', 'date', 'icd11Code', 'prophylaxis', 'effectiveStart',
  'effectiveUntil', 'dose', 'totalDoses'];

function scalar() {
  const r = random();
  if (r < 0.5) return pick(TEXTS);
  if (r < 0.55) return null;
  if (r < 0.62) return chance(0.5);
  if (r < 0.8) return number();
  return pick(TEXTS) + below(3);
}
function value(wild) {
  const r = random();
  if (r < 0.75 || wild > 3) return scalar();
  if (r < 0.85) return Array.from({length: below(4)}, () => value(wild + 1));
  if (r < 0.93) return node(wild + 1);
  return {};
}
// Any node object at any place, of any type.
function node(wild) {
  return pick([person, dose, () => ({id: id()}), () => ({}), () => (typed({}, ['Person', 'Vaccination', 'Foo', 'a:b'])),
    () => ({type: pick(['Foo', 'a:b', '_:t', 'Person'])})])(wild);
}
function typed(object, types) {
  const chosen = types.filter(() => chance(0.6));
  object[chance(0.9) ? 'type' : '@type'] = chosen.length === 1 && chance(0.5) ? chosen[0] : chosen;
  return object;
}
function fill(object, keys, p, wild) {
  for (const key of keys) if (chance(p)) object[key] = value(wild);
  return object;
}
function named(object, p) {
  if (chance(p)) object[chance(0.9) ? 'id' : '@id'] = id();
  return object;
}
// Some values several times over: nodes without an id can then be told apart by their neighbours only, or not at all.
const again = value => chance(0.15) ? Array.from({length: 2 + below(2)}, () => value) : value;
const many = f => again(chance(0.25) ? Array.from({length: below(4)}, () => chance(0.1) ? null : f()) : f());
const address = wild => named(fill({}, ADDRESS, 0.6, wild), 0.1);
function person(wild = 0) {
  const object = fill(named({type: chance(0.8) ? 'Person' : ['Person', 'Foo']}, 0.7), PERSON, 0.6, wild + 1);
  if (chance(0.6)) object.address = many(() => address(wild + 1));
  return object;
}
function dose(wild = 0) {
  const types = pick(['Vaccination', ['Vaccination'], ['Vaccination', 'VerifiableCredential'], ['Vaccination', 'Person'], ['😀', 'Vaccination', '\ue000']]);
  const object = fill(named({type: types}, 0.7), DOSE, 0.5, wild + 1);
  if (chance(0.5)) object.verifier = many(() => fill({}, ['id', 'name', 'sign-image'], 0.6, wild + 1));
  if (chance(0.5)) object.facility = many(() => {
    const facility = named(fill({}, ['name', 'seal-image'], 0.6, wild + 1), 0.1);
    if (chance(0.6)) facility.address = many(() => address(wild + 1));
    if (chance(0.1)) facility.type = pick(['Person', 'Foo', 'address', ['Vaccination']]);
    return facility;
  });
  if (chance(0.05)) object.issuer = 'did:x:issuer';
  return object;
}
// A test certificate: the third context.
function test() {
  const object = fill(named({type: 'TestDetails'}, 0.7), ['certificateId', 'feedbackUrl', 'infoUrl', 'batch', 'testType', 'testName', 'manufacturer', 'disease',
    'sampleOrigin', 'sampleCollectionTimestamp', 'resultTimestamp', 'result'], 0.5, 1);
  const {verifier, facility} = dose();
  return Object.assign(object, verifier && {verifier}, facility && {facility});
}
function testCertificate() {
  const object = {'@context': ['https://www.w3.org/2018/credentials/v1', 'https://cowin.gov.in/credentials/testCertificate/v1'], id: id(),
    type: ['VerifiableCredential', 'ProofOfTestCertificateCredential'], credentialSubject: person(), evidence: many(test), nonTransferable: 'true'};
  delete object.credentialSubject.age;
  return object;
}
function credential() {
  if (chance(0.1)) return testCertificate();
  const host = pick(['https://cowin.gov.in', 'https://divoc.dev', 'http://health.example/x']);
  const contexts = ['https://www.w3.org/2018/credentials/v1', `${host}/credentials/vaccination/${pick(['v1', 'v2', 'v2', 'v2'])}`];
  if (chance(0.2)) contexts.reverse();
  const object = {'@context': contexts};
  named(object, 0.4);
  object.type = pick([['VerifiableCredential', 'ProofOfVaccinationCredential'], ['ProofOfVaccinationCredential', 'VerifiableCredential'],
    ['VerifiableCredential', 'ProofOfVaccinationCredential', 'Foo', 'x:y'], ['VerifiableCredential', 'ProofOfVaccinationCredential', 'Person']]);
  if (chance(0.95)) object.credentialSubject = many(() => chance(0.9) ? person() : node(0));
  if (chance(0.8)) object.issuer = pick(['https://cowin.gov.in/', {id: 'https://cowin.gov.in/'}, {id: id(), type: 'Person', name: 'x'}, id(), pick(TEXTS), number()]);
  for (const key of ['issuanceDate', 'expirationDate', 'issued', 'validFrom', 'holder', 'termsOfUse', 'credentialStatus', 'schema:name', 'x:y', 'cred:issuer']) {
    if (chance(0.12)) object[key] = value(1);
  }
  if (chance(0.2)) object.credentialSchema = many(() => pick([id(), {id: id(), type: 'JsonSchemaValidator2018'}]));
  if (chance(0.9)) object.evidence = chance(0.7) ? Array.from({length: 1 + below(3)}, () => dose()) : many(() => dose());
  if (chance(0.7)) object.nonTransferable = chance(0.7) ? 'true' : value(2);
  return object;
}

async function main() {
  for (let made = 0; made < count; made++) {
    const document = JSON.parse(JSON.stringify(credential()));
    let answer;
    try {
      const deadline = new Promise((_, reject) => setTimeout(reject, 3000, new Error('timeout')).unref());
      answer = {canonical: await Promise.race([canonical(document), deadline])};
    } catch (error) {
      answer = {error: String(error.message).slice(0, 80)};
    }
    process.stdout.write(JSON.stringify({document, ...answer}) + '\n');
  }
}
main();
