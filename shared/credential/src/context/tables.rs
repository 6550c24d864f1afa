//! The terms. Tests hold every line of this file against the documents.

use super::{Coercion, Context, Term};

const fn plain(iri: &'static str) -> Term {
    Term { iri, coercion: Coercion::Plain, prefix: false, scope: None }
}

const fn id(iri: &'static str) -> Term {
    Term { coercion: Coercion::Id, ..plain(iri) }
}

const fn date_time(iri: &'static str) -> Term {
    Term { coercion: Coercion::DateTime, ..plain(iri) }
}

const fn refused(iri: &'static str) -> Term {
    Term { coercion: Coercion::Refused, ..plain(iri) }
}

const fn prefix(iri: &'static str) -> Term {
    Term { prefix: true, ..plain(iri) }
}

const fn scoped(term: Term, scope: &'static Context) -> Term {
    Term { scope: Some(scope), ..term }
}

/// The part of credentials v1 that credentials use: presentations and the proof types are known only to be refused.
pub(super) static CREDENTIALS_V1_TERMS: Context = Context {
    terms: &[
        ("id", plain("@id")),
        ("type", plain("@type")),
        (
            "VerifiableCredential",
            scoped(plain("https://www.w3.org/2018/credentials#VerifiableCredential"), &VERIFIABLE_CREDENTIAL),
        ),
        ("VerifiablePresentation", refused("https://www.w3.org/2018/credentials#VerifiablePresentation")),
        ("EcdsaSecp256k1Signature2019", refused("https://w3id.org/security#EcdsaSecp256k1Signature2019")),
        ("EcdsaSecp256r1Signature2019", refused("https://w3id.org/security#EcdsaSecp256r1Signature2019")),
        ("Ed25519Signature2018", refused("https://w3id.org/security#Ed25519Signature2018")),
        ("RsaSignature2018", refused("https://w3id.org/security#RsaSignature2018")),
        ("proof", refused("https://w3id.org/security#proof")),
    ],
};

static VERIFIABLE_CREDENTIAL: Context = Context {
    terms: &[
        ("id", plain("@id")),
        ("type", plain("@type")),
        ("cred", prefix("https://www.w3.org/2018/credentials#")),
        ("sec", prefix("https://w3id.org/security#")),
        ("xsd", prefix("http://www.w3.org/2001/XMLSchema#")),
        ("credentialSchema", scoped(id("https://www.w3.org/2018/credentials#credentialSchema"), &CREDENTIAL_SCHEMA)),
        ("credentialStatus", id("https://www.w3.org/2018/credentials#credentialStatus")),
        ("credentialSubject", id("https://www.w3.org/2018/credentials#credentialSubject")),
        ("evidence", id("https://www.w3.org/2018/credentials#evidence")),
        ("expirationDate", date_time("https://www.w3.org/2018/credentials#expirationDate")),
        ("holder", id("https://www.w3.org/2018/credentials#holder")),
        ("issued", date_time("https://www.w3.org/2018/credentials#issued")),
        ("issuer", id("https://www.w3.org/2018/credentials#issuer")),
        ("issuanceDate", date_time("https://www.w3.org/2018/credentials#issuanceDate")),
        ("proof", refused("https://w3id.org/security#proof")),
        ("refreshService", scoped(id("https://www.w3.org/2018/credentials#refreshService"), &REFRESH_SERVICE)),
        ("termsOfUse", id("https://www.w3.org/2018/credentials#termsOfUse")),
        ("validFrom", date_time("https://www.w3.org/2018/credentials#validFrom")),
        ("validUntil", date_time("https://www.w3.org/2018/credentials#validUntil")),
    ],
};

static CREDENTIAL_SCHEMA: Context = Context {
    terms: &[
        ("id", plain("@id")),
        ("type", plain("@type")),
        ("cred", prefix("https://www.w3.org/2018/credentials#")),
        ("JsonSchemaValidator2018", plain("https://www.w3.org/2018/credentials#JsonSchemaValidator2018")),
    ],
};

static REFRESH_SERVICE: Context = Context {
    terms: &[
        ("id", plain("@id")),
        ("type", plain("@type")),
        ("cred", prefix("https://www.w3.org/2018/credentials#")),
        ("ManualRefreshService2018", plain("https://www.w3.org/2018/credentials#ManualRefreshService2018")),
    ],
};

const SCHEMA: Term = prefix("https://schema.org/");
const SCHEMA_ID: Term = plain("https://schema.org/id");
const NAME: Term = plain("https://schema.org/name");
const DATE: Term = plain("https://schema.org/date");
const URL: Term = plain("https://schema.org/url");
const IMAGE: Term = plain("https://schema.org/image");
const DOSE: Term = plain("https://schema.org/doseValue");
const TIMESTAMP: Term = plain("https://schema.org/dateTime");
const GENDER: Term = plain("https://schema.org/gender");
const NATIONALITY: Term = plain("https://schema.org/nationality");
const AGE: Term = plain("https://schema.org/Number");
const ADDRESS: Term = scoped(plain("https://schema.org/PostalAddress"), &ADDRESS_TERMS);
const VERIFIER: Term = scoped(plain("vac:verifier"), &VERIFIER_TERMS);
const FACILITY: Term = scoped(plain("vac:Facility"), &FACILITY_TERMS);
const PROOF_OF_VACCINATION: Term = scoped(plain("https://schema.org/ProofOfVaccinationCredential"), &TRANSFER_TERMS);

pub(super) static VACCINATION_V1_TERMS: Context = Context {
    terms: &[
        ("id", plain("@id")),
        ("type", plain("@type")),
        ("schema", SCHEMA),
        ("ProofOfVaccinationCredential", PROOF_OF_VACCINATION),
        ("Person", scoped(plain("https://schema.org/Person"), &PERSON_V1)),
        ("Vaccination", scoped(plain("vac:Vaccination"), &DOSE_V1)),
    ],
};

pub(super) static VACCINATION_V2_TERMS: Context = Context {
    terms: &[
        ("id", plain("@id")),
        ("type", plain("@type")),
        ("schema", SCHEMA),
        ("ProofOfVaccinationCredential", PROOF_OF_VACCINATION),
        ("Person", scoped(plain("https://schema.org/Person"), &PERSON_V2)),
        ("Vaccination", scoped(plain("vac:Vaccination"), &DOSE_V2)),
    ],
};

pub(super) static TEST_CERTIFICATE_V1_TERMS: Context = Context {
    terms: &[
        ("id", plain("@id")),
        ("type", plain("@type")),
        ("schema", SCHEMA),
        (
            "ProofOfTestCertificateCredential",
            scoped(plain("https://schema.org/ProofOfTestCredential"), &TRANSFER_TERMS),
        ),
        ("Person", scoped(plain("https://schema.org/Person"), &PERSON_TESTED)),
        ("TestDetails", scoped(plain("vac:TestDetails"), &TEST_DETAILS)),
    ],
};

static TRANSFER_TERMS: Context = Context { terms: &[("nonTransferable", plain("vac:nonTransferable"))] };

static PERSON_V1: Context = Context {
    terms: &[
        ("refId", SCHEMA_ID),
        ("uhid", SCHEMA_ID),
        ("name", NAME),
        ("age", AGE),
        ("gender", GENDER),
        ("nationality", NATIONALITY),
        ("address", ADDRESS),
    ],
};

static PERSON_V2: Context = Context {
    terms: &[
        ("refId", SCHEMA_ID),
        ("uhid", SCHEMA_ID),
        ("name", NAME),
        ("age", AGE),
        ("dob", DATE),
        ("gender", GENDER),
        ("nationality", NATIONALITY),
        ("address", ADDRESS),
    ],
};

static PERSON_TESTED: Context = Context {
    terms: &[
        ("refId", SCHEMA_ID),
        ("uhid", SCHEMA_ID),
        ("name", NAME),
        ("dob", DATE),
        ("gender", GENDER),
        ("nationality", NATIONALITY),
        ("address", ADDRESS),
    ],
};

static ADDRESS_TERMS: Context = Context {
    terms: &[
        ("streetAddress", plain("https://schema.org/streetAddress")),
        ("streetAddress2", plain("vac:addressLine2")),
        ("city", plain("vac:city")),
        ("district", plain("vac:district")),
        ("addressRegion", plain("https://schema.org/addressRegion")),
        ("postalCode", plain("https://schema.org/postalCode")),
        ("addressCountry", plain("https://schema.org/addressCountry")),
    ],
};

static DOSE_V1: Context = Context {
    terms: &[
        ("certificateId", SCHEMA_ID),
        ("feedbackUrl", URL),
        ("infoUrl", URL),
        ("batch", SCHEMA_ID),
        ("vaccine", SCHEMA_ID),
        ("manufacturer", SCHEMA_ID),
        ("date", DATE),
        ("effectiveStart", DATE),
        ("effectiveUntil", DATE),
        ("dose", DOSE),
        ("totalDoses", DOSE),
        ("verifier", VERIFIER),
        ("facility", FACILITY),
    ],
};

static DOSE_V2: Context = Context {
    terms: &[
        ("certificateId", SCHEMA_ID),
        ("feedbackUrl", URL),
        ("infoUrl", URL),
        ("batch", SCHEMA_ID),
        ("vaccine", SCHEMA_ID),
        ("manufacturer", SCHEMA_ID),
        ("date", DATE),
        ("icd11Code", SCHEMA_ID),
        ("prophylaxis", NAME),
        ("effectiveStart", DATE),
        ("effectiveUntil", DATE),
        ("dose", DOSE),
        ("totalDoses", DOSE),
        ("verifier", VERIFIER),
        ("facility", FACILITY),
    ],
};

static TEST_DETAILS: Context = Context {
    terms: &[
        ("certificateId", SCHEMA_ID),
        ("feedbackUrl", URL),
        ("infoUrl", URL),
        ("batch", SCHEMA_ID),
        ("testType", SCHEMA_ID),
        ("testName", NAME),
        ("manufacturer", SCHEMA_ID),
        ("disease", SCHEMA_ID),
        ("sampleOrigin", SCHEMA_ID),
        ("sampleCollectionTimestamp", TIMESTAMP),
        ("resultTimestamp", TIMESTAMP),
        ("result", SCHEMA_ID),
        ("verifier", VERIFIER),
        ("facility", FACILITY),
    ],
};

/// A verifier's `id` is a literal, not the node's name.
static VERIFIER_TERMS: Context = Context { terms: &[("id", SCHEMA_ID), ("name", NAME), ("sign-image", IMAGE)] };

static FACILITY_TERMS: Context = Context { terms: &[("name", NAME), ("address", ADDRESS), ("seal-image", IMAGE)] };
