//! The paper that a citizen holds up: possession of the newest certificate.

use crate::{App, Error, body::Body, ports::Certificate, verify::readable};
use base64::{Engine, engine::general_purpose::STANDARD};
use credential::{BeneficiaryCode, Code, Fault, Faults, Status};
use serde_json::Value;
use verifier::{Trust, examine};

/// What was sent: the bytes of a picture or PDF, the text of a QR code, or a credential.
pub(super) struct Shown {
    member: &'static str,
    bytes: Vec<u8>,
}

impl Shown {
    /// `paper` or `picture` of a request, exactly one of them.
    pub(super) fn read(body: &mut Body<'_>) -> Option<Self> {
        let paper = body.member("paper").map(|paper| match paper {
            Value::String(text) => text.clone().into_bytes(),
            credential => credential.to_string().into_bytes(),
        });
        let picture = body.text("picture");
        let (member, bytes) = match (paper, picture) {
            (Some(paper), None) => ("/paper", Some(paper)),
            (None, Some(picture)) => ("/picture", STANDARD.decode(picture.trim()).ok()),
            (None, None) => return body.missing("paper"),
            (Some(_), Some(_)) => {
                body.fault("/picture", Code::Enum, "give paper or picture, not both");
                return None;
            }
        };
        let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else {
            body.fault(member, Code::Format, "it is no base64, or empty");
            return None;
        };
        Some(Self { member, bytes })
    }

    /// The certificate of ours that it is: signed by our key, current, valid now, and to the letter what we keep. `None` for everything else, which all look
    /// alike to a caller.
    ///
    /// # Errors
    /// When no certificate can be read from it, which says nothing of our records, or these can't be read.
    pub(super) async fn certificate(self, app: &App) -> Result<Option<Certificate>, Error> {
        let json = readable(self.bytes).await?.map_err(|why| {
            let detail = why.to_string();
            Error::Invalid(Faults(vec![Fault { pointer: self.member.to_owned(), code: Code::Format, detail }]))
        })?;
        let trust = Trust::new(app.key_ring.keys().await?.into_iter().map(|key| key.method).collect());
        let Ok(examined) = examine(&json, &trust) else { return Ok(None) };
        let Ok(shown) = serde_json::from_str::<Value>(&json) else { return Ok(None) };
        for id in examined.certificate_ids() {
            let Some(beneficiary) = app.store.beneficiary_of(&id).await? else { continue };
            if let Some(kept) = kept(app, &beneficiary, &shown).await? {
                return Ok(Some(kept));
            }
        }
        Ok(None)
    }
}

/// The beneficiary's valid certificate that says the same, signature included.
async fn kept(app: &App, beneficiary: &BeneficiaryCode, shown: &Value) -> Result<Option<Certificate>, Error> {
    let now = (app.clock)();
    let certificates = app.store.certificates(beneficiary, None).await?;
    let is_shown = |it: &Certificate| {
        it.status.at(now) == Status::Valid
            && serde_json::from_str::<Value>(it.signed.as_str()).is_ok_and(|kept| kept == *shown)
    };
    Ok(certificates.into_iter().find(is_shown))
}
