//! What is compared: a slot and the event in it, as a source declares it and as the log leads to it.

use crate::auth::derived_secret;
use anyhow::{Context, Result};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::{BeneficiaryCode, Dose, EventDigest, Occasion, ProgrammeId, SlotKey};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A slot in few letters. Personal data.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Slot(String, String, String);

impl Slot {
    pub(super) fn of(slot: &SlotKey) -> Result<Self> {
        let occasion = match slot.occasion {
            Occasion::Dose(dose) => dose.number().to_string(),
            Occasion::Sample(time) => time.format(&Rfc3339)?,
        };
        Ok(Self(slot.beneficiary.as_str().to_owned(), slot.programme.as_str().to_owned(), occasion))
    }

    pub(super) fn key(&self) -> Result<SlotKey> {
        let Self(beneficiary, programme, occasion) = self;
        let dose = occasion.parse().ok().and_then(Dose::new).map(Occasion::Dose);
        let sample = || OffsetDateTime::parse(occasion, &Rfc3339).ok().map(Occasion::Sample);
        Ok(SlotKey {
            programme: ProgrammeId::parse(programme).context("an entry of no programme")?,
            beneficiary: BeneficiaryCode::parse(beneficiary).context("an entry about nobody")?,
            occasion: dose.or_else(sample).context("an entry about nothing")?,
        })
    }
}

/// A line of a declaration.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Declared {
    pub(super) slot: Slot,
    /// Of the event, where the whole of it was declared.
    pub(super) digest: Option<String>,
    /// From 1; not known of a file's rows, whose declaration names a part of the file.
    pub(super) line: Option<u64>,
    /// The declaration; known by the sheet's name.
    #[serde(skip)]
    pub(super) declaration: String,
}

/// A certificate that the log speaks of and that was found to be what it says.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Logged {
    pub(super) slot: Slot,
    pub(super) digest: String,
    pub(super) id: String,
    /// Who reported its event.
    pub(super) actor: String,
}

/// A digest in letters.
pub(super) fn letters(digest: &EventDigest) -> String {
    URL_SAFE_NO_PAD.encode(digest.0)
}

/// Says into which bucket a beneficiary falls.
pub(super) struct Buckets(hmac::Key);

impl Buckets {
    pub(super) const COUNT: u8 = 64;

    pub(super) fn new(pepper: &[u8; 32]) -> Self {
        let secret = derived_secret(pepper, b"buckets of checks, version 1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, &secret))
    }

    pub(super) fn of(&self, slot: &Slot) -> u8 {
        hmac::sign(&self.0, slot.0.as_bytes()).as_ref().first().map_or(0, |byte| byte % Self::COUNT)
    }
}
