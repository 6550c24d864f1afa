//! The pinned JSON-LD contexts as term tables. Nothing is ever fetched.
//!
//! W3C's credentials v1 and DIVOC's three contexts (vaccination v1 and v2, test certificate v1) are all that a credential can name. DIVOC's are served under
//! many hosts with the same content, so any `http(s)` URL that ends as theirs do is taken for them. The documents that a verifier may fetch from this service
//! are [`VACCINATION_V1`], [`VACCINATION_V2`] and [`TEST_CERTIFICATE_V1`]; tests hold them and the tables against one another, and the tables against the
//! W3C's document.
//!
//! DIVOC's own documents also define `vac` as a term. Its IRI ends in no delimiter, so JSON-LD 1.1 never takes it for a prefix and `vac:city` is already the
//! whole IRI. Ours leave the term out: older processors, which would expand it, then agree too.

/// What a credential's terms mean at one place: type-scoped and property-scoped contexts hang below their terms. Every term is `@protected`.
#[derive(Debug, PartialEq)]
pub struct Context {
    terms: &'static [(&'static str, Term)],
}

/// What one term means.
#[derive(Debug, PartialEq)]
pub struct Term {
    /// The IRI, or `@id` and `@type` for their aliases.
    pub iri: &'static str,
    /// How its text is read.
    pub coercion: Coercion,
    /// Whether the term may stand before a colon, as `schema` in `schema:name`.
    pub prefix: bool,
    /// What holds inside nodes of this type, or inside this property's value.
    pub scope: Option<&'static Context>,
}

/// How the text of a term's value is read (`@type` and `@container` of its definition).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coercion {
    /// As a plain literal.
    Plain,
    /// As an IRI.
    Id,
    /// As an `xsd:dateTime` literal.
    DateTime,
    /// Not at all: the term belongs to proofs and presentations, and no credential needs it.
    Refused,
}

impl Context {
    /// The definition of `term` in this context alone.
    pub fn term(&self, term: &str) -> Option<&'static Term> {
        self.terms.iter().find(|(name, _)| *name == term).map(|(_, definition)| definition)
    }

    pub(crate) fn terms(&self) -> impl Iterator<Item = (&'static str, &'static Term)> + use<> {
        self.terms.iter().map(|(name, term)| (*name, term))
    }

    /// Whether there is a term that `self` and `other` define differently; JSON-LD forbids it, since all are protected.
    pub(crate) fn contradicts(&'static self, other: &'static Context) -> bool {
        !std::ptr::eq(self, other)
            && self.terms().any(|(name, ours)| other.term(name).is_some_and(|theirs| theirs != ours))
    }
}

/// W3C's <https://www.w3.org/2018/credentials/v1>.
pub const CREDENTIALS_V1_URL: &str = "https://www.w3.org/2018/credentials/v1";

/// The JSON-LD document of [`pinned`]`(".../credentials/vaccination/v1")`: domestic certificates.
pub const VACCINATION_V1: &str = include_str!("../contexts/vaccination-v1.json");
/// The JSON-LD document of `.../credentials/vaccination/v2`: international ones, with date of birth, ICD-11 code and prophylaxis.
pub const VACCINATION_V2: &str = include_str!("../contexts/vaccination-v2.json");
/// The JSON-LD document of `.../credentials/testCertificate/v1`.
pub const TEST_CERTIFICATE_V1: &str = include_str!("../contexts/test-certificate-v1.json");

/// Our contexts: the end of the URL, the table and the document.
const OURS: [(&str, &Context, &str); 3] = [
    ("/credentials/vaccination/v1", &VACCINATION_V1_TERMS, VACCINATION_V1),
    ("/credentials/vaccination/v2", &VACCINATION_V2_TERMS, VACCINATION_V2),
    ("/credentials/testCertificate/v1", &TEST_CERTIFICATE_V1_TERMS, TEST_CERTIFICATE_V1),
];

/// The term table behind a context's URL; `None` if it is not pinned. Hosts of our three contexts are not looked at: their content is the same everywhere,
/// and the URL itself is never part of what is signed.
pub fn pinned(url: &str) -> Option<&'static Context> {
    if url == CREDENTIALS_V1_URL {
        return Some(&CREDENTIALS_V1_TERMS);
    }
    OURS.iter().find(|(end, ..)| is_below_a_host(url, end)).map(|(_, table, _)| *table)
}

/// The JSON-LD document to serve for a URL or path that ends as one of our contexts does, such as `/credentials/vaccination/v1`.
pub fn document(url: &str) -> Option<&'static str> {
    OURS.iter().find(|(end, ..)| url.ends_with(end)).map(|(.., document)| *document)
}

fn is_below_a_host(url: &str, end: &str) -> bool {
    let after_scheme = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    after_scheme.and_then(|rest| rest.strip_suffix(end)).is_some_and(|host| {
        !host.is_empty() && !host.starts_with('/') && !host.contains(|c: char| "?#\\".contains(c) || c.is_whitespace())
    })
}

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
static CREDENTIALS_V1_TERMS: Context = Context {
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
        (
            "credentialSchema",
            scoped(id("https://www.w3.org/2018/credentials#credentialSchema"), &CREDENTIAL_SCHEMA),
        ),
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
const PROOF_OF_VACCINATION: Term =
    scoped(plain("https://schema.org/ProofOfVaccinationCredential"), &TRANSFER_TERMS);

static VACCINATION_V1_TERMS: Context = Context {
    terms: &[
        ("id", plain("@id")),
        ("type", plain("@type")),
        ("schema", SCHEMA),
        ("ProofOfVaccinationCredential", PROOF_OF_VACCINATION),
        ("Person", scoped(plain("https://schema.org/Person"), &PERSON_V1)),
        ("Vaccination", scoped(plain("vac:Vaccination"), &DOSE_V1)),
    ],
};

static VACCINATION_V2_TERMS: Context = Context {
    terms: &[
        ("id", plain("@id")),
        ("type", plain("@type")),
        ("schema", SCHEMA),
        ("ProofOfVaccinationCredential", PROOF_OF_VACCINATION),
        ("Person", scoped(plain("https://schema.org/Person"), &PERSON_V2)),
        ("Vaccination", scoped(plain("vac:Vaccination"), &DOSE_V2)),
    ],
};

static TEST_CERTIFICATE_V1_TERMS: Context = Context {
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

#[cfg(test)]
mod tests;
