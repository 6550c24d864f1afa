//! Randomness for ids, codes and secrets, all of it from the system's generator.

use anyhow::{Context, Result};
use aws_lc_rs::rand;

/// So many bytes that nobody can guess.
///
/// # Errors
/// When the system gives none.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).ok().context("the system gives no randomness")?;
    Ok(bytes)
}

/// A number of 128 bits that nobody can guess.
///
/// # Errors
/// As [`bytes`].
pub(crate) fn number() -> Result<u128> {
    bytes().map(u128::from_le_bytes)
}
