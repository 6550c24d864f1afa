//! A row becomes the event that the certify routes take, so that every rule and every fault is theirs; a fault names its column instead of a JSON Pointer.

use super::table::{Column, ERRORS, Table, known};
use credential::{Event, Fault, Kind, Rules, Schema};
use csv::ByteRecord;
use serde_json::{Map, Value, json};
use time::{Date, OffsetDateTime, macros::format_description};

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowFault {
    /// The columns, with commas between; empty: all of it.
    pub(crate) column: String,
    /// What would be right; never what stands there.
    pub(crate) detail: String,
}

impl RowFault {
    /// One about a whole row.
    pub(crate) fn of_row(detail: impl Into<String>) -> Self {
        Self { column: String::new(), detail: detail.into() }
    }

    /// As the file of errors says it.
    pub(crate) fn text(&self) -> String {
        if self.column.is_empty() { self.detail.clone() } else { format!("{}: {}", self.column, self.detail) }
    }
}

/// Whether nothing stands in a row: spreadsheets end with such.
pub(crate) fn is_blank(row: &ByteRecord) -> bool {
    row.iter().all(|cell| cell.trim_ascii().is_empty())
}

/// The event of a row.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn event(
    table: &Table,
    row: &ByteRecord,
    now: OffsetDateTime,
    rules: &Rules,
) -> Result<Event, Vec<RowFault>> {
    let schema = match table.kind {
        Kind::Vaccination => Schema::V1,
        Kind::Test => Schema::Test,
    };
    let body = json!([members(table, row).map_err(|fault| vec![fault])?]);
    match Event::parse_all(&body, schema, now, rules) {
        Ok(events) => events.into_iter().next().ok_or_else(|| vec![RowFault::of_row("This row is no event.")]),
        Err(faults) => Err(faults.0.iter().map(|fault| of_column(table.kind, fault)).collect()),
    }
}

/// The row's cells as the members of an event; an empty cell is an absent member.
fn members(table: &Table, row: &ByteRecord) -> Result<Value, RowFault> {
    let extra = row.iter().skip(table.names.len()).any(|cell| !cell.trim_ascii().is_empty());
    if row.len() < table.names.len() || extra {
        let wanted = table.names.len();
        return Err(RowFault::of_row(format!("The first line has {wanted} columns, and this row has another number.")));
    }
    let mut event = json!({ "recipient": { "address": {} }, "facility": { "address": {} } });
    let (act, by) = match table.kind {
        Kind::Vaccination => ("vaccination", "vaccinator"),
        Kind::Test => ("testDetails", "verifier"),
    };
    put(&mut event, &format!("/{act}"), json!({}));
    if table.kind == Kind::Vaccination {
        put(&mut event, &format!("/{by}"), json!({}));
    }
    for (column, cell) in table.columns.iter().zip(row) {
        let Some(column) = column else { continue };
        let cell = std::str::from_utf8(cell).map_err(|_| RowFault {
            column: column.name.to_owned(),
            detail: "This is not UTF-8: save the file as CSV UTF-8.".to_owned(),
        })?;
        if let Some(value) = value(column, cell) {
            put(&mut event, column.pointer, value);
        }
    }
    Ok(event)
}

/// A cell's value: its text without what a spreadsheet puts around it, a line break within it a space; dates as the certify routes take them.
fn value(column: &Column, cell: &str) -> Option<Value> {
    let text = cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let text = text.replace("\r\n", " ").replace(['\r', '\n'], " ");
    if text.is_empty() {
        return None;
    }
    Some(match column.pointer {
        "/recipient/contact" => json!([text]),
        "/recipient/dob" | "/vaccination/effectiveStart" | "/vaccination/effectiveUntil" => written_out(&text).into(),
        _ => text.into(),
    })
}

/// DIVOC's second form of dates, `02-Jan-2006`, in its first; any other text as it is, for the rule to judge.
fn written_out(text: &str) -> String {
    let month = format_description!("[day]-[month repr:short case_sensitive:false]-[year]");
    match Date::parse(text, month).ok().filter(|_| text.len() == 11) {
        Some(date) => format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day()),
        None => text.to_owned(),
    }
}

/// Puts a member where a pointer leads, with the objects on the way.
fn put(event: &mut Value, pointer: &str, value: Value) {
    let mut at = event;
    for step in pointer.split('/').skip(1) {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(members) = at else { return };
        at = members.entry(step).or_insert(Value::Null);
    }
    *at = value;
}

/// The fault under the name of its column; of a part of the person or of the act, under those of all that could mend it.
fn of_column(kind: Kind, fault: &Fault) -> RowFault {
    let pointer = fault.pointer.strip_prefix("/0").unwrap_or(&fault.pointer);
    let detail = fault.detail.clone();
    let column = match pointer {
        // DIVOC's rule of age and date of birth is told at the person.
        "/recipient" => "recipientDOB, recipientAge".to_owned(),
        "" => String::new(),
        _ => {
            let of = |column: &&Column| {
                pointer == column.pointer
                    || pointer.strip_prefix(column.pointer).is_some_and(|rest| rest.starts_with('/'))
            };
            known(kind).find(of).map_or_else(String::new, |column| column.name.to_owned())
        }
    };
    RowFault { column, detail }
}

/// A file of rows that failed, without its first line: each row as it came, with what is wrong in a last column.
pub(crate) struct Failed(csv::Writer<Vec<u8>>);

impl Failed {
    pub(crate) fn new() -> Self {
        Self(csv::WriterBuilder::new().flexible(true).from_writer(Vec::new()))
    }

    /// The first line of such a file.
    ///
    /// # Errors
    /// Never, for it is written to memory.
    pub(crate) fn first_line(table: &Table) -> anyhow::Result<Vec<u8>> {
        let mut line = Self::new();
        line.0.write_record(Self::kept(table, table.names.iter().map(String::as_bytes)).chain([ERRORS.as_bytes()]))?;
        line.into_bytes()
    }

    pub(crate) fn add(&mut self, table: &Table, row: &ByteRecord, faults: &[RowFault]) -> anyhow::Result<()> {
        let errors = faults.iter().map(RowFault::text).collect::<Vec<_>>().join("; ");
        // A row that lacks cells would have its faults in another column.
        let cells = row.iter().chain(std::iter::repeat(&b""[..])).take(table.names.len());
        Ok(self.0.write_record(Self::kept(table, cells).chain([errors.as_bytes()]))?)
    }

    pub(crate) fn into_bytes(self) -> anyhow::Result<Vec<u8>> {
        Ok(self.0.into_inner()?)
    }

    /// Without what an earlier file of errors said.
    fn kept<'c>(table: &Table, cells: impl Iterator<Item = &'c [u8]>) -> impl Iterator<Item = &'c [u8]> {
        cells.zip(&table.names).filter(|(_, name)| *name != ERRORS).map(|(cell, _)| cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bulk::table::rows;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2021-07-28 07:21 UTC);
    const ROW: &str = "SYN-1,Asha Example,9000000001,Female,Indian,did:in.gov.uidai.aadhaar:999900000001,12 Sample Street,,Bengaluru South,Karnataka,560034,\
        B1,2021-06-28T11:00:28+05:30,1,2,2021-06-28,2022-06-28,Serum Institute of India,Covishield,Sister Example,\
        Sample Health Centre,1 Station Road,,Bengaluru South,Karnataka,560034,1980-01-02,,C19,IN,IN";

    fn table(kind: Kind) -> Table {
        let line = known(kind).map(|column| column.name).collect::<Vec<_>>().join(",");
        Table::read(line.as_bytes(), true, kind).unwrap().0
    }

    fn rules() -> Rules {
        Rules { most_events: 1, calling_code: "91".into() }
    }

    fn read(text: &str) -> Result<Event, Vec<RowFault>> {
        let row = rows(text.as_bytes()).next().unwrap().unwrap();
        event(&table(Kind::Vaccination), &row, NOW, &rules())
    }

    fn faults(text: &str) -> Vec<String> {
        read(text).unwrap_err().iter().map(RowFault::text).collect()
    }

    #[test]
    fn a_row_is_the_event_that_the_certify_route_takes() {
        let body = json!([{
            "preEnrollmentCode": "SYN-1", "programId": "C19",
            "recipient": {
                "name": "Asha Example", "dob": "1980-01-02", "gender": "Female", "nationality": "Indian",
                "identity": "did:in.gov.uidai.aadhaar:999900000001", "contact": ["tel:9000000001"],
                "address": { "addressLine1": "12 Sample Street", "district": "Bengaluru South", "state": "Karnataka", "pincode": 560_034, "country": "IN" }
            },
            "vaccination": {
                "name": "Covishield", "batch": "B1", "manufacturer": "Serum Institute of India", "date": "2021-06-28T05:30:28Z",
                "effectiveStart": "2021-06-28", "effectiveUntil": "2022-06-28", "dose": 1, "totalDoses": 2
            },
            "vaccinator": { "name": "Sister Example" },
            "facility": {
                "name": "Sample Health Centre",
                "address": { "addressLine1": "1 Station Road", "district": "Bengaluru South", "state": "Karnataka", "pincode": "560034", "country": "IN" }
            }
        }]);
        let same = Event::parse_all(&body, Schema::V1, NOW, &rules()).unwrap().remove(0);
        assert_eq!(read(ROW).unwrap().digest(), same.digest());
        // Spaces, line breaks, quotes and DIVOC's second form of dates say nothing else.
        let other = ROW
            .replace("Asha Example", "\" Asha\r\nExample \"")
            .replace("1980-01-02", "02-Jan-1980")
            .replace("2022-06-28", "28-JUN-2022");
        assert_eq!(read(&other).unwrap().digest(), same.digest());
    }

    #[test]
    fn a_bad_date_is_an_error_of_its_row() {
        for bad in ["31-Feb-1980", "1980-02-30", "02/01/1980", "2-Jan-1980", "02-Jan-80", "02-01-1980"] {
            assert_eq!(
                faults(&ROW.replace("1980-01-02", bad)),
                ["recipientDOB: This must be a date of the calendar, written YYYY-MM-DD."],
                "{bad}"
            );
        }
        let bad = ROW.replace("2021-06-28T11:00:28+05:30", "28-Jun-2021");
        assert!(faults(&bad).first().unwrap().starts_with("vaccinationDate: "));
    }

    #[test]
    fn all_that_is_wrong_is_told_by_column() {
        let bad = ROW
            .replace("Asha Example", "")
            .replace("9000000001", "12")
            .replace("1980-01-02", "")
            .replace(",1,2,", ",x,2,");
        let columns: Vec<_> = read(&bad).unwrap_err().into_iter().map(|fault| fault.column).collect();
        assert_eq!(
            columns,
            ["recipientName", "recipientDOB, recipientAge", "recipientMobileNumber", "vaccinationDose"]
        );
        let empty = ",".repeat(30);
        let columns = read(&empty).unwrap_err().into_iter().map(|fault| fault.column);
        let expected = known(Kind::Vaccination)
            .map(|column| column.name)
            .filter(|name| {
                !["recipientAddressLine2", "facilityAddressLine2", "vaccinationBatch", "recipientDOB", "recipientAge"]
                    .contains(name)
                    && !["programId", "recipientCountry", "facilityCountry"].contains(name)
            })
            .chain(["recipientDOB, recipientAge"]);
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        assert_eq!(sorted(columns.collect()), sorted(expected.map(str::to_owned).collect()));
    }

    #[test]
    fn a_row_of_another_length_is_refused_and_empty_cells_behind_it_are_not() {
        assert_eq!(faults("a,b"), ["The first line has 31 columns, and this row has another number."]);
        assert_eq!(faults(&format!("{ROW},x")), ["The first line has 31 columns, and this row has another number."]);
        assert!(read(&format!("{ROW},, ")).is_ok());
    }

    #[test]
    fn a_cell_that_is_not_utf_8_is_told_by_column() {
        let bytes = [&b"SYN-1,Ren"[..], &[0xe9], &b",x".repeat(29)].concat();
        let row = rows(&bytes).next().unwrap().unwrap();
        let fault = event(&table(Kind::Vaccination), &row, NOW, &rules()).unwrap_err();
        assert_eq!(fault.first().unwrap().text(), "recipientName: This is not UTF-8: save the file as CSV UTF-8.");
    }

    #[test]
    fn a_file_of_errors_comes_in_again_as_a_table() {
        let (table, row) = (table(Kind::Vaccination), rows(ROW.as_bytes()).next().unwrap().unwrap());
        let fault = RowFault { column: "recipientName".into(), detail: "This is \"wrong\", all of it.".into() };
        let mut failed = Failed::new();
        failed.add(&table, &row, &[fault.clone(), fault]).unwrap();
        let file = [Failed::first_line(&table).unwrap(), failed.into_bytes().unwrap()].concat();
        let (again, rows_from) = Table::read(&file, true, Kind::Vaccination).unwrap();
        assert_eq!((again.names.len(), again.names.last().map(String::as_str)), (32, Some(ERRORS)));
        let rest = file.get(usize::try_from(rows_from).unwrap()..).unwrap();
        let same = rows(rest).next().unwrap().unwrap();
        assert!(event(&again, &same, NOW, &rules()).is_ok());
        let said = "recipientName: This is \"wrong\", all of it.; recipientName: This is \"wrong\", all of it.";
        assert_eq!(same.get(31), Some(said.as_bytes()));
        // What was said before is not said again.
        let mut failed = Failed::new();
        failed.add(&again, &same, &[]).unwrap();
        let line = Failed::first_line(&again).unwrap();
        assert_eq!(line, Failed::first_line(&table).unwrap());
        assert!(failed.into_bytes().unwrap().ends_with(b",IN,IN,\n"));
    }

    #[test]
    fn spreadsheets_end_with_blank_rows() {
        let blank = |text: &str| is_blank(&rows(text.as_bytes()).next().unwrap().unwrap());
        assert!(blank(", ,\t,") && !blank(",x,"));
    }
}
