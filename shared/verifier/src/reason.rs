//! Why a verdict is what it is, and what limits it: codes for machines, a sentence for people who have no translation.

use crate::{Unreadable, facts::NoFacts};
use credential::{Flaw, Refusal, canonical::CanonicalError};
use serde::{Serialize, Serializer};

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

/// One reason. Never repeats what the credential says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The reason's name; it never changes its meaning.
    pub code: Code,
    /// The same in English.
    pub detail: &'static str,
    /// JSON Pointer of the member it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

impl Reason {
    pub(crate) fn new(code: Code) -> Self {
        Self { code, detail: code.detail(), pointer: None }
    }

    pub(crate) fn at(code: Code, pointer: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..Self::new(code) }
    }
}

macro_rules! codes {
    ($($name:ident, $text:literal, $detail:literal;)+) => {
        /// The name of a reason. What each says is its [`Code::detail`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the sentence beside each says it")]
        pub enum Code { $($name),+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// What it says, in English.
            pub fn detail(self) -> &'static str {
                match self { $(Self::$name => $detail),+ }
            }

            /// Its name, as in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

codes! {
    // What was shown holds no credential.
    Empty, "empty", "nothing was shown";
    TooLarge, "too-large", "it is larger than anything that is read";
    UnknownFormat, "unknown-format", "it is neither a credential, the content of a QR code, a PNG or JPEG picture nor a PDF";
    OtherCertificate, "other-certificate", "it is a health certificate of another format";
    Bomb, "bomb", "it unpacks to more than any credential has";
    BrokenPicture, "broken-picture", "the picture is damaged, or of a kind that is not read";
    TooManyPixels, "too-many-pixels", "the picture has more pixels than are looked at";
    NoQrCode, "no-qr-code", "no QR code could be read in the picture";
    NoCredentialInQrCode, "no-credential-in-qr-code", "the QR code holds no credential";
    SeveralCertificates, "several-certificates", "it shows several certificates";
    EncryptedPdf, "encrypted-pdf", "the PDF is encrypted";
    TooComplexPdf, "too-complex-pdf", "the PDF has more objects, pictures or bytes than are looked at";
    NoCertificateInPdf, "no-certificate-in-pdf", "the PDF has neither a credential attached nor a picture of a QR code";
    // It is no signed credential.
    TooLong, "too-long", "it is longer than any credential";
    NotJson, "not-json", "it is not JSON";
    NotAnObject, "not-an-object", "it is JSON, but no object";
    MemberTwice, "member-twice", "a member stands twice";
    NoProof, "no-proof", "it has no proof";
    TooManyProofs, "too-many-proofs", "it has more proofs than are tried";
    BrokenProof, "broken-proof", "a proof is no object";
    ProofMember, "proof-member", "the proof has a member that no suite knows";
    ProofTime, "proof-time", "the proof does not say when it was made";
    // What is signed can't be known.
    UnknownContext, "unknown-context", "a context is not one of DIVOC's or the W3C's";
    UndefinedTerm, "undefined-term", "a member is not defined by the contexts";
    UnsupportedShape, "unsupported-shape", "a member has a shape that no credential of DIVOC has";
    TooComplex, "too-complex", "it is too deep or too large";
    OutsideSignature, "outside-signature", "a part of it is outside the signature, since an id is no absolute IRI";
    // The proof.
    UnknownSuite, "unknown-suite", "the proof's type is not supported";
    WrongPurpose, "wrong-purpose", "the proof's purpose is not assertionMethod";
    BadJws, "bad-jws", "the proof's JWS is malformed, or its header is not the suite's";
    UnknownKey, "unknown-key", "none of the trusted keys has the proof's verification method and suite";
    KeyCompromised, "key-compromised", "the key that signed it was compromised: it needs a new signature";
    KeyNotValidThen, "key-not-valid-then", "the key that signed it was not in use at that time";
    BadSignature, "bad-signature", "the signature does not fit: it was altered, or another key signed it";
    Altered, "altered", "values were exchanged after it was signed";
    NotACertificate, "not-a-certificate", "it is signed, but states neither one vaccination nor one test";
    FactShape, "fact-shape", "a statement is neither text nor number";
    // Where it stands.
    Revoked, "revoked", "it was revoked";
    Suspended, "suspended", "it is suspended";
    Superseded, "superseded", "it was corrected: another certificate took its place";
    // What limits a verdict that is not refused.
    Unbound, "unbound", "DIVOC's signature alone: values could have been exchanged without breaking it";
    SeveralProofs, "several-proofs", "it has several proofs, of which one holds";
    StatusNotChecked, "status-not-checked", "it is not known whether it was revoked";
    StatusStale, "status-stale", "a newer list of revocations should be there";
}

impl From<&Unreadable> for Code {
    fn from(unreadable: &Unreadable) -> Self {
        match unreadable {
            Unreadable::Empty => Self::Empty,
            Unreadable::TooLarge => Self::TooLarge,
            Unreadable::UnknownFormat => Self::UnknownFormat,
            Unreadable::OtherCertificate => Self::OtherCertificate,
            Unreadable::Bomb => Self::Bomb,
            Unreadable::BrokenPicture => Self::BrokenPicture,
            Unreadable::TooManyPixels => Self::TooManyPixels,
            Unreadable::NoQrCode => Self::NoQrCode,
            Unreadable::NoCredentialInQrCode => Self::NoCredentialInQrCode,
            Unreadable::SeveralCertificates => Self::SeveralCertificates,
            Unreadable::EncryptedPdf => Self::EncryptedPdf,
            Unreadable::TooComplexPdf => Self::TooComplexPdf,
            Unreadable::NoCertificateInPdf => Self::NoCertificateInPdf,
        }
    }
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        Self::new(match refusal {
            Refusal::Malformed(flaw) => code_of(flaw),
            Refusal::Canonical(CanonicalError::UndefinedTerm { path }) => return Self::at(Code::UndefinedTerm, path),
            Refusal::Canonical(CanonicalError::Shape { path, .. }) => return Self::at(Code::UnsupportedShape, path),
            Refusal::Canonical(CanonicalError::UnknownContext { .. }) => Code::UnknownContext,
            Refusal::Canonical(CanonicalError::Bounds(_)) => Code::TooComplex,
            Refusal::UnknownSuite => Code::UnknownSuite,
            Refusal::WrongPurpose => Code::WrongPurpose,
            Refusal::BadJws => Code::BadJws,
            Refusal::UnknownKey => Code::UnknownKey,
            Refusal::KeyCompromised => Code::KeyCompromised,
            Refusal::KeyNotValidThen => Code::KeyNotValidThen,
            Refusal::Unsigned => Code::OutsideSignature,
            Refusal::BadSignature => Code::BadSignature,
            Refusal::Altered => Code::Altered,
        })
    }
}

fn code_of(flaw: Flaw) -> Code {
    match flaw {
        Flaw::TooLong => Code::TooLong,
        Flaw::NotJson => Code::NotJson,
        Flaw::NotAnObject => Code::NotAnObject,
        Flaw::MemberTwice => Code::MemberTwice,
        Flaw::NoProof => Code::NoProof,
        Flaw::TooManyProofs => Code::TooManyProofs,
        Flaw::ProofNotAnObject => Code::BrokenProof,
        Flaw::ProofMember => Code::ProofMember,
        Flaw::ProofTime => Code::ProofTime,
    }
}

impl From<NoFacts> for Reason {
    fn from(none: NoFacts) -> Self {
        match none {
            NoFacts::OtherKind => Self::new(Code::NotACertificate),
            NoFacts::Shape(pointer) => Self::at(Code::FactShape, pointer),
        }
    }
}
