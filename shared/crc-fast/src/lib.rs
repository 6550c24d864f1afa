//! Checksums of what goes to S3 and comes from there: as much of the registry's `crc-fast` as the S3 client asks for.
//!
//! That crate knows some hundred kinds of checksum, each with tables of 16 or 32 kB that no linker can tell apart from needed ones: 660 kB of every function
//! that talks to S3. The client takes three. The one that it uses unless told otherwise, CRC-32, is `crc32fast`'s, which is in the tree anyway; the other two
//! go byte by byte through a small table, some hundred megabytes a second.

use std::fmt;

/// Kinds of checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC-32, as in zip and PNG.
    Crc32IsoHdlc,
    /// CRC-32C.
    Crc32Iscsi,
    /// CRC-64/NVME.
    Crc64Nvme,
}

/// A checksum of what came so far.
#[derive(Clone)]
pub struct Digest(State);

#[derive(Clone)]
enum State {
    Zip(crc32fast::Hasher),
    /// The table, the remainder so far, what the result is turned over with.
    Bytewise(&'static [u64; 256], u64, u64),
}

impl Digest {
    /// A checksum of nothing yet.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::Zip(crc32fast::Hasher::new()),
            CrcAlgorithm::Crc32Iscsi => State::Bytewise(&CASTAGNOLI, LOW_HALF, LOW_HALF),
            CrcAlgorithm::Crc64Nvme => State::Bytewise(&NVME, u64::MAX, u64::MAX),
        })
    }

    /// Takes more bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Zip(hasher) => hasher.update(bytes),
            State::Bytewise(table, remainder, _) => {
                for byte in bytes {
                    let [low, ..] = remainder.to_le_bytes();
                    // A byte is always a place in the table.
                    let turned = table.get(usize::from(low ^ byte)).copied().unwrap_or_default();
                    *remainder = turned ^ (*remainder >> 8);
                }
            }
        }
    }

    /// The checksum, in the low half where it has 32 bits.
    pub fn finalize(&self) -> u64 {
        match &self.0 {
            State::Zip(hasher) => hasher.clone().finalize().into(),
            State::Bytewise(_, remainder, turn) => remainder ^ turn,
        }
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

/// What each byte comes to, for a polynomial with its bits in reverse order.
const fn table(polynomial: u64) -> [u64; 256] {
    let mut table = [0; 256];
    let mut rest: &mut [u64] = &mut table;
    let mut byte = 0;
    while let [entry, after @ ..] = rest {
        *entry = byte;
        let mut bit = 0;
        while bit < 8 {
            *entry = if *entry & 1 == 1 { (*entry >> 1) ^ polynomial } else { *entry >> 1 };
            bit += 1;
        }
        byte += 1;
        rest = after;
    }
    table
}

static CASTAGNOLI: [u64; 256] = table(0x82f6_3b78);
static NVME: [u64; 256] = table(0x9a6c_9329_ac4b_c9b5);
const LOW_HALF: u64 = 0xffff_ffff;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(algorithm: CrcAlgorithm, parts: &[&[u8]]) -> u64 {
        let mut digest = Digest::new(algorithm);
        for part in parts {
            digest.update(part);
        }
        digest.finalize()
    }

    /// Origin: the "check" values of CRC-32/ISO-HDLC, CRC-32/ISCSI and CRC-64/NVME in the catalogue of parametrised CRC algorithms, each of "123456789".
    #[test]
    fn each_kind_gives_the_catalogues_check_value() {
        for (algorithm, check) in [
            (CrcAlgorithm::Crc32IsoHdlc, 0xcbf4_3926),
            (CrcAlgorithm::Crc32Iscsi, 0xe306_9283),
            (CrcAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888),
        ] {
            assert_eq!(of(algorithm, &[b"123456789"]), check, "{algorithm:?}");
            assert_eq!(of(algorithm, &[b"1234", b"", b"56789"]), check, "{algorithm:?} in parts");
        }
    }

    /// Origin: RFC 3720, appendix B.4.
    #[test]
    fn iscsis_own_examples_come_out() {
        let of = |bytes: &[u8]| of(CrcAlgorithm::Crc32Iscsi, &[bytes]);
        let rising: Vec<u8> = (0..32).collect();
        assert_eq!(of(&[0; 32]), 0x8a91_36aa);
        assert_eq!(of(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(of(&rising), 0x46dd_794e);
    }

    #[test]
    fn nothing_has_the_checksum_zero_and_asking_twice_changes_nothing() {
        for algorithm in [CrcAlgorithm::Crc32IsoHdlc, CrcAlgorithm::Crc32Iscsi, CrcAlgorithm::Crc64Nvme] {
            let mut digest = Digest::new(algorithm);
            assert_eq!(digest.finalize(), 0);
            digest.update(b"once");
            assert_eq!(digest.finalize(), digest.finalize());
        }
    }
}
