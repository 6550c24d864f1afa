//! Why a verdict is what it is, and what limits it: codes for machines, a sentence for people who have no translation.

use crate::{Unreadable, facts::NoFacts};
use credential::{Flaw, Refusal, canonical::CanonicalError};
use serde::Serialize;

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
    ($($name:ident, $detail:literal;)+) => {
        /// The name of a reason, in JSON and on the command line with hyphens: `BadSignature` is `bad-signature`. What each says is its [`Code::detail`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "kebab-case")]
        #[allow(missing_docs, reason = "the sentence beside each says it")]
        pub enum Code { $($name),+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// What it says, in English.
            pub fn detail(self) -> &'static str {
                match self { $(Self::$name => $detail),+ }
            }
        }
    };
}

codes! {
    // What was shown holds no credential.
    Empty, "nothing was shown";
    TooLarge, "it is larger than anything that is read";
    UnknownFormat, "it is neither a credential, the content of a QR code, a PNG or JPEG picture nor a PDF";
    OtherCertificate, "it is a health certificate of another format";
    Bomb, "it unpacks to more than any credential has";
    BrokenPicture, "the picture is damaged, or of a kind that is not read";
    TooManyPixels, "the picture has more pixels than are looked at";
    NoQrCode, "no QR code could be read in the picture";
    NoCredentialInQrCode, "the QR code holds no credential";
    SeveralCertificates, "it shows several certificates";
    EncryptedPdf, "the PDF is encrypted";
    TooComplexPdf, "the PDF has more objects, pictures or bytes than are looked at";
    NoCertificateInPdf, "the PDF has neither a credential attached nor a picture of a QR code";
    // It is no signed credential.
    TooLong, "it is longer than any credential";
    NotJson, "it is not JSON";
    NotAnObject, "it is JSON, but no object";
    MemberTwice, "a member stands twice";
    NoProof, "it has no proof";
    TooManyProofs, "it has more proofs than are tried";
    BrokenProof, "a proof is no object";
    ProofMember, "the proof has a member that no suite knows";
    ProofTime, "the proof does not say when it was made";
    // What is signed can't be known.
    UnknownContext, "a context is not one of DIVOC's or the W3C's";
    UndefinedTerm, "a member is not defined by the contexts";
    UnsupportedShape, "a member has a shape that no credential of DIVOC has";
    TooComplex, "it is too deep or too large";
    OutsideSignature, "a part of it is outside the signature, since an id is no absolute IRI";
    // The proof.
    UnknownSuite, "the proof's type is not supported";
    WrongPurpose, "the proof's purpose is not assertionMethod";
    BadJws, "the proof's JWS is malformed, or its header is not the suite's";
    UnknownKey, "none of the trusted keys has the proof's verification method and suite";
    KeyCompromised, "the key that signed it was compromised: it needs a new signature";
    KeyNotValidThen, "the key that signed it was not in use at that time";
    BadSignature, "the signature does not fit: it was altered, or another key signed it";
    Altered, "values were exchanged after it was signed";
    NotACertificate, "it is signed, but states neither one vaccination nor one test";
    FactShape, "a statement is neither text nor number";
    // Where it stands.
    Revoked, "it was revoked";
    Suspended, "it is suspended";
    Superseded, "it was corrected: another certificate took its place";
    // What limits a verdict that is not refused.
    Unbound, "DIVOC's signature alone: values could have been exchanged without breaking it";
    SeveralProofs, "it has several proofs, of which one holds";
    StatusNotChecked, "it is not known whether it was revoked";
    StatusStale, "a newer list of revocations should be there";
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
