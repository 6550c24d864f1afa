//! The judgement of one credential.

use crate::{Code, Facts, Reason, Report, Signature, Standing, StatusReport, Unreadable, Verdict};
use credential::{
    CertificateId, PublicKey, Refusal, RevocationList, Status, VerificationMethod, Verified, exchange, verify,
};
use serde_json::Value;
use time::OffsetDateTime;

/// Whom a verifier believes: one issuer's keys.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The issuer's keys under the names that its proofs give them, such as all of a DID document.
    pub methods: Vec<VerificationMethod>,
    /// Keys that are believed under whatever name a proof gives them: those that came as bare PEM, which says no name. What a proof calls its key is the
    /// issuer's habit and grants nothing; whether the signature fits this key is what counts.
    pub nameless: Vec<PublicKey>,
    /// The issuer's newest list of revocations that could be had, opened with its keys; `None`: status is not checked.
    pub revocations: Option<RevocationList>,
}

impl Trust {
    /// Keys with names.
    pub fn new(methods: Vec<VerificationMethod>) -> Self {
        Self { methods, ..Self::default() }
    }

    /// Keys without.
    pub fn nameless(keys: Vec<PublicKey>) -> Self {
        Self { nameless: keys, ..Self::default() }
    }

    /// The same keys, with a list.
    #[must_use]
    pub fn with_revocations(self, list: RevocationList) -> Self {
        Self { revocations: Some(list), ..self }
    }

    /// What the list says of a certificate.
    fn standing(&self, ids: &[CertificateId], now: OffsetDateTime) -> Standing {
        let Some(list) = &self.revocations else { return Standing::NotChecked };
        let status = ids.iter().map(|id| list.status_of(id, now)).max_by_key(|status| gravity(*status));
        status.map_or(Standing::NotChecked, |status| Standing::Listed {
            status,
            number: list.number(),
            issued_at: list.issued_at(),
            next_update: list.next_update(),
        })
    }
}

/// Judges a credential: signature, binding, status, facts.
///
/// `now` is compared with the end of suspensions and the age of lists; neither `proof.created` nor the certificate's dates are held against it, as with DIVOC.
pub fn judge(json: &str, trust: &Trust, now: OffsetDateTime) -> Report {
    match examine(json, trust) {
        Ok(examined) => {
            let standing = trust.standing(&examined.certificate_ids(), now);
            examined.report(standing, now)
        }
        Err(report) => *report,
    }
}

/// A credential whose signature holds and whose facts are clear; where it stands is still to be asked.
pub struct Examined {
    verified: Verified,
    facts: Facts,
}

/// Everything about a credential but its status, for callers who ask somebody else for that.
///
/// # Errors
/// The report, where there is nothing more to ask.
pub fn examine(json: &str, trust: &Trust) -> Result<Examined, Box<Report>> {
    let verified = check(json, trust).map_err(|refusal| Box::new(refused(json, refusal)))?;
    match Facts::of(&verified.document) {
        Ok(facts) => Ok(Examined { verified, facts }),
        Err(none) => Err(Box::new(Report::refused(Verdict::Invalid, vec![none.into()]))),
    }
}

impl Examined {
    /// The ids under which the certificate may have been recorded; none if it has none that anybody could look up.
    ///
    /// A bound certificate has one. In another one the id may have changed places with the batch, the vaccine or whatever else shares its IRI, which is how a
    /// revocation is hidden from DIVOC's verifiers; so all of them are to be asked for, and the gravest answer counts ([`gravity`]).
    pub fn certificate_ids(&self) -> Vec<CertificateId> {
        let own = self.facts.certificate_id.clone();
        let rivals = if self.verified.bound { Vec::new() } else { exchange::rivals(&self.verified.document, ID) };
        own.into_iter().chain(rivals).filter_map(|text| CertificateId::parse(&text)).collect()
    }

    /// The key that signed it.
    pub fn method(&self) -> &VerificationMethod {
        &self.verified.method
    }

    /// The report, with where the certificate stands.
    pub fn report(self, standing: Standing, now: OffsetDateTime) -> Report {
        let Self { verified, facts } = self;
        let status = StatusReport::of(standing, now);
        let (verdict, against) = match standing {
            Standing::NotChecked => (Verdict::Valid, Some(Code::StatusNotChecked)),
            Standing::Recorded(status) | Standing::Listed { status, .. } => stands(status.at(now)),
        };
        let limits = [
            (!verified.bound, Code::Unbound),
            (verified.proofs > 1, Code::SeveralProofs),
            (status.stale == Some(true), Code::StatusStale),
        ];
        let limits = limits.into_iter().filter(|(holds, _)| *holds).map(|(_, code)| code);
        Report {
            verdict,
            summary: String::new(),
            bound: verified.bound,
            reasons: against.into_iter().chain(limits).map(Reason::new).collect(),
            exchangeable: if verified.bound { Vec::new() } else { exchange::exchangeable(&verified.document) },
            signature: Some(Signature::new(&verified.method, verified.created)),
            status,
            facts: Some(facts),
        }
        .summed_up()
    }
}

impl Report {
    /// The report on something that could not be read.
    pub fn unreadable(why: &Unreadable) -> Self {
        Self::refused(Verdict::Invalid, vec![Reason::new(why.into())])
    }

    fn refused(verdict: Verdict, reasons: Vec<Reason>) -> Self {
        Self {
            verdict,
            summary: String::new(),
            bound: false,
            reasons,
            exchangeable: Vec::new(),
            signature: None,
            status: StatusReport::default(),
            facts: None,
        }
        .summed_up()
    }

    fn summed_up(mut self) -> Self {
        let limits = self.reasons.iter().filter_map(|reason| match reason.code {
            Code::Unbound => Some(", unbound"),
            Code::StatusNotChecked => Some(", status not checked"),
            Code::StatusStale => Some(", status out of date"),
            _ => None,
        });
        self.summary = std::iter::once(self.verdict.as_str()).chain(limits).collect();
        self
    }
}

/// Orders statuses: of several answers about one certificate the gravest counts.
pub fn gravity(status: Status) -> u8 {
    match status {
        Status::Valid => 0,
        Status::Suspended { .. } => 1,
        Status::Superseded => 2,
        Status::Revoked => 3,
    }
}

/// Where a certificate's id stands.
const ID: &str = "/evidence/0/certificateId";

fn stands(status: Status) -> (Verdict, Option<Code>) {
    match status {
        Status::Valid => (Verdict::Valid, None),
        Status::Revoked => (Verdict::Revoked, Some(Code::Revoked)),
        Status::Suspended { .. } => (Verdict::Suspended, Some(Code::Suspended)),
        Status::Superseded => (Verdict::Superseded, Some(Code::Superseded)),
    }
}

fn check(json: &str, trust: &Trust) -> Result<Verified, Refusal> {
    if trust.nameless.is_empty() {
        return verify(json, &trust.methods);
    }
    let mut methods = trust.methods.clone();
    for name in method_names(json) {
        methods.extend(trust.nameless.iter().map(|key| VerificationMethod::new(name.as_str(), key.clone())));
    }
    verify(json, &methods)
}

/// The names that the proofs of a credential give their keys; none if it can't be read, which `verify` will say.
fn method_names(json: &str) -> Vec<String> {
    let Ok(credential) = serde_json::from_str::<Value>(json) else { return Vec::new() };
    let proofs = credential.get("proof");
    let proofs = proofs.map(|proofs| proofs.as_array().map_or(std::slice::from_ref(proofs), Vec::as_slice));
    let mut names: Vec<_> = proofs
        .into_iter()
        .flatten()
        .take(MOST_NAMES)
        .filter_map(|proof| proof.get("verificationMethod")?.as_str().map(str::to_owned))
        .collect();
    names.dedup();
    names
}

/// As many proofs as are tried.
const MOST_NAMES: usize = 4;

fn refused(json: &str, refusal: Refusal) -> Report {
    let verdict = if refusal == Refusal::UnknownKey { Verdict::UnknownIssuer } else { Verdict::Invalid };
    let places = if refusal == Refusal::Altered { places_of_exchange(json) } else { Vec::new() };
    let reasons = if places.is_empty() {
        vec![Reason::from(refusal)]
    } else {
        places.into_iter().map(|place| Reason::at(Code::Altered, place)).collect()
    };
    Report::refused(verdict, reasons)
}

fn places_of_exchange(json: &str) -> Vec<String> {
    let document = serde_json::from_str::<Value>(json).ok();
    let document = document.as_ref().and_then(Value::as_object).map(|document| {
        let mut document = document.clone();
        document.shift_remove("proof");
        document
    });
    document.map(|document| exchange::altered(&document)).unwrap_or_default()
}
