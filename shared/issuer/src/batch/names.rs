//! Names of batches, messages, groups and folders: keyed hashes, so that they say nothing of whom they are about, and the same each time.

use crate::{App, auth::derived_secret};
use anyhow::Result;
use aws_lc_rs::hmac;
use credential::{BeneficiaryCode, Occasion, SlotKey};

/// Makes names.
pub(super) struct Names(hmac::Key);

impl Names {
    pub(super) async fn of(app: &App) -> Result<Self> {
        let secret = derived_secret(&app.pepper.contact_key().await?, b"names of batches, version 1");
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &secret)))
    }

    /// The folder of a client's list.
    pub(super) fn client(&self, client: &str) -> String {
        format!("of-{}", self.name("client", [client.as_bytes()]))
    }

    /// The group of messages about a beneficiary.
    pub(super) fn beneficiary(&self, code: &BeneficiaryCode) -> String {
        self.name("beneficiary", [code.as_str().as_bytes()])
    }

    /// What is named after a slot.
    pub(super) fn slot(&self, slot: &SlotKey) -> String {
        let occasion = match slot.occasion {
            Occasion::Dose(dose) => format!("dose {}", dose.number()),
            Occasion::Sample(time) => format!("sample {}", time.unix_timestamp_nanos()),
        };
        self.name("slot", [slot.programme.as_str(), slot.beneficiary.as_str(), &occasion].map(str::as_bytes))
    }

    /// 32 hexadecimal digits that only this kind of thing with these parts has.
    pub(super) fn name<'p>(&self, kind: &'p str, parts: impl IntoIterator<Item = &'p [u8]>) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [kind.as_bytes()].into_iter().chain(parts) {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        // HMAC-SHA-256 has 32 bytes.
        let first = context.sign().as_ref().first_chunk().map_or(0, |first| u128::from_be_bytes(*first));
        format!("{first:032x}")
    }
}
