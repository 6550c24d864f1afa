//! What a file's first line says: which column holds what. DIVOC's 28 columns of vaccinations and 28 of tests, and three of ours that may be there.

use credential::Kind;
use csv::{ByteRecord, ReaderBuilder};
use std::{
    collections::HashSet,
    io::{Cursor, Read},
};

/// A column, and where its cells stand in an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// DIVOC's name.
    pub(crate) name: &'static str,
    /// JSON Pointer.
    pub(crate) pointer: &'static str,
}

const fn column(name: &'static str, pointer: &'static str) -> Column {
    Column { name, pointer }
}

/// Of the person, in both tables.
const PERSON: [Column; 11] = [
    column("preEnrollmentCode", "/preEnrollmentCode"),
    column("recipientName", "/recipient/name"),
    column("recipientMobileNumber", "/recipient/contact"),
    column("recipientGender", "/recipient/gender"),
    column("recipientNationality", "/recipient/nationality"),
    column("recipientIdentity", "/recipient/identity"),
    column("recipientAddressLine1", "/recipient/address/addressLine1"),
    column("recipientAddressLine2", "/recipient/address/addressLine2"),
    column("recipientDistrict", "/recipient/address/district"),
    column("recipientState", "/recipient/address/state"),
    column("recipientPincode", "/recipient/address/pincode"),
];
/// Of the place, in both tables.
const PLACE: [Column; 6] = [
    column("facilityName", "/facility/name"),
    column("facilityAddressLine1", "/facility/address/addressLine1"),
    column("facilityAddressLine2", "/facility/address/addressLine2"),
    column("facilityDistrict", "/facility/address/district"),
    column("facilityState", "/facility/address/state"),
    column("facilityPincode", "/facility/address/pincode"),
];
const VACCINATION: [Column; 9] = [
    column("vaccinationBatch", "/vaccination/batch"),
    column("vaccinationDate", "/vaccination/date"),
    column("vaccinationDose", "/vaccination/dose"),
    column("vaccinationTotalDoses", "/vaccination/totalDoses"),
    column("vaccinationEffectiveStart", "/vaccination/effectiveStart"),
    column("vaccinationEffectiveEnd", "/vaccination/effectiveUntil"),
    column("vaccinationManufacturer", "/vaccination/manufacturer"),
    column("vaccinationName", "/vaccination/name"),
    column("vaccinatorName", "/vaccinator/name"),
];
const TEST: [Column; 10] = [
    column("testBatch", "/testDetails/batch"),
    column("disease", "/testDetails/disease"),
    column("testName", "/testDetails/testName"),
    column("testType", "/testDetails/testType"),
    column("result", "/testDetails/result"),
    column("resultTimestamp", "/testDetails/resultTimestamp"),
    column("manufacturer", "/testDetails/manufacturer"),
    column("sampleCollectionTimestamp", "/testDetails/sampleCollectionTimestamp"),
    column("sampleOrigin", "/testDetails/sampleOrigin"),
    column("verifier", "/verifier/name"),
];
/// Of these a table of vaccinations needs one; a table of tests has the first alone.
const BIRTH: [Column; 2] = [column("recipientDOB", "/recipient/dob"), column("recipientAge", "/recipient/age")];
/// What DIVOC's tables lack and ours may have: without a programme its signer refuses every row.
const OURS: [Column; 3] = [
    column("programId", "/programId"),
    column("recipientCountry", "/recipient/address/country"),
    column("facilityCountry", "/facility/address/country"),
];
/// The last column of a file of rows that failed; left out when such a file comes in again.
pub(crate) const ERRORS: &str = "errors";

/// Columns that must be there.
fn needed(kind: Kind) -> impl Iterator<Item = &'static Column> {
    let (act, birth): (&[Column], &[Column]) = match kind {
        Kind::Vaccination => (&VACCINATION, &[]),
        Kind::Test => (&TEST, &BIRTH[..1]),
    };
    PERSON.iter().chain(birth).chain(act).chain(&PLACE)
}

/// Every column that is understood.
pub(crate) fn known(kind: Kind) -> impl Iterator<Item = &'static Column> {
    let birth: &[Column] = if kind == Kind::Vaccination { &BIRTH } else { &[] };
    needed(kind).chain(birth).chain(&OURS)
}

/// Why a first line is none of a table. Names our columns alone: what stands there may be a person's row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadTable {
    #[error("The file is empty.")]
    Empty,
    #[error("The first line is not UTF-8: save the file as CSV UTF-8.")]
    NotUtf8,
    #[error("The first line is longer than {} bytes.", super::scan::Scanner::LONGEST)]
    TooLong,
    #[error("Missing Headers : {}", .0.join(","))]
    Missing(Vec<&'static str>),
    #[error("Both recipientAge and recipientDOB Headers are missing[at least one required]")]
    NoBirth,
    #[error("The header {0} is there twice.")]
    Twice(&'static str),
}

/// A table's first line, understood.
#[derive(Debug)]
pub(crate) struct Table {
    /// What its rows report.
    pub(crate) kind: Kind,
    /// The names of all columns, also of those that are passed over.
    pub(crate) names: Vec<String>,
    /// What each column holds.
    pub(crate) columns: Vec<Option<&'static Column>>,
}

impl Table {
    /// Reads the first line of what a file begins with, and tells where the first row begins; `whole`: there is no more of it.
    pub(crate) fn read(head: &[u8], whole: bool, kind: Kind) -> Result<(Self, u64), BadTable> {
        if [[0xff, 0xfe], [0xfe, 0xff]].iter().any(|utf16| head.starts_with(utf16)) {
            return Err(BadTable::NotUtf8);
        }
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(head);
        let mut line = ByteRecord::new();
        // Reading from memory never fails.
        if !reader.read_byte_record(&mut line).unwrap_or_default() {
            return Err(BadTable::Empty);
        }
        let rows_from = reader.position().byte();
        if !whole && usize::try_from(rows_from).is_ok_and(|end| end >= head.len()) {
            return Err(BadTable::TooLong);
        }
        let name = |cell: &[u8]| std::str::from_utf8(cell).map(|name| name.trim().to_owned());
        let names = line.iter().map(name).collect::<Result<Vec<_>, _>>().map_err(|_| BadTable::NotUtf8)?;
        Ok((Self::of(names, kind)?, rows_from))
    }

    /// The table whose columns have these names.
    pub(crate) fn of(names: Vec<String>, kind: Kind) -> Result<Self, BadTable> {
        let columns = columns(&names, kind)?;
        Ok(Self { kind, names, columns })
    }
}

fn columns(names: &[String], kind: Kind) -> Result<Vec<Option<&'static Column>>, BadTable> {
    let columns: Vec<_> = names.iter().map(|name| known(kind).find(|known| known.name == name)).collect();
    let mut there = HashSet::new();
    for column in columns.iter().flatten() {
        if !there.insert(column.name) {
            return Err(BadTable::Twice(column.name));
        }
    }
    let missing: Vec<_> = needed(kind).map(|column| column.name).filter(|name| !there.contains(name)).collect();
    if !missing.is_empty() {
        return Err(BadTable::Missing(missing));
    }
    if BIRTH.iter().all(|column| !there.contains(column.name)) {
        return Err(BadTable::NoBirth);
    }
    Ok(columns)
}

/// The rows of a chunk, whose first byte begins a row.
pub(crate) fn rows(chunk: &[u8]) -> impl Iterator<Item = csv::Result<ByteRecord>> {
    // As in the scanner: a mark of byte order is one before the header only.
    let read = Cursor::new(b"\n").chain(chunk);
    ReaderBuilder::new().has_headers(false).flexible(true).from_reader(read).into_byte_records()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(kind: Kind) -> String {
        known(kind).map(|column| column.name).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn divocs_tables_have_28_columns_and_three_of_ours() {
        assert_eq!(known(Kind::Vaccination).count(), 28 + 3);
        assert_eq!(known(Kind::Test).count(), 28 + 3);
    }

    #[test]
    fn the_first_line_may_have_a_mark_spaces_and_columns_of_others() {
        let line = format!("\u{feff}{},remark\r\nrow", header(Kind::Test).replace(",disease,", ", disease ,"));
        let (table, rows_from) = Table::read(line.as_bytes(), true, Kind::Test).unwrap();
        assert_eq!(table.names.first().map(String::as_str), Some("preEnrollmentCode"));
        assert_eq!((table.columns.len(), table.columns.last()), (32, Some(&None)));
        let rows_from = usize::try_from(rows_from).unwrap();
        assert_eq!(line[rows_from..].trim_start(), "row");
    }

    #[test]
    fn what_is_missing_is_said_in_divocs_words() {
        let fault = |line: &str| Table::read(line.as_bytes(), true, Kind::Vaccination).unwrap_err().to_string();
        assert_eq!(fault(""), "The file is empty.");
        assert_eq!(
            fault(&header(Kind::Vaccination).replace("recipientName", "name").replace("facilityState,", "")),
            "Missing Headers : recipientName,facilityState"
        );
        assert_eq!(
            fault(&header(Kind::Vaccination).replace("recipientDOB,recipientAge,", "")),
            "Both recipientAge and recipientDOB Headers are missing[at least one required]"
        );
        assert_eq!(fault(&format!("{},programId", header(Kind::Vaccination))), "The header programId is there twice.");
        assert_eq!(fault("a,\u{0}\u{fffd}").split(' ').next(), Some("Missing"));
        let utf16 = Table::read(&[0xff, 0xfe, 0x61, 0], true, Kind::Test).unwrap_err();
        assert_eq!(utf16, BadTable::NotUtf8);
        let long = "x".repeat(65_536);
        assert_eq!(Table::read(long.as_bytes(), false, Kind::Test).unwrap_err(), BadTable::TooLong);
    }

    #[test]
    fn either_age_or_date_of_birth_will_do() {
        for left_out in ["recipientDOB,", "recipientAge,"] {
            let line = header(Kind::Vaccination).replace(left_out, "");
            assert!(Table::read(line.as_bytes(), true, Kind::Vaccination).is_ok());
        }
    }
}
