//! Finds where rows end in a file of any size, in constant memory: bytes go in as they come, chunks of whole rows come out.
//!
//! A row may hold quoted line breaks, and the bytes may be cut anywhere: the state of `csv-core` goes over the cut. What is read of a chunk later is what was
//! counted here, for both begin at the start of a row with the same reader.

use csv_core::{ReadFieldResult, Reader};

/// Some whole rows of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Where its first row begins.
    pub(crate) from: u64,
    /// Where its last row ends.
    pub(crate) until: u64,
    /// So many.
    pub(crate) rows: u32,
}

/// A row that is too long to be one; as a rule a quote that nobody closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong {
    /// Rows before it that this scanner met.
    pub(crate) rows: u64,
}

/// Goes through a file once.
pub(crate) struct Scanner {
    reader: Reader,
    /// Bytes of the file before the next one.
    at: u64,
    /// Where the row begins that is being read.
    row: u64,
    chunk: Chunk,
    /// Of all chunks.
    rows: u64,
    cells: [u8; 1024],
}

impl Scanner {
    /// Rows of a chunk, at most.
    pub(crate) const ROWS: u32 = 1000;
    /// A chunk that reached so many bytes ends with its row.
    pub(crate) const BYTES: u64 = 1 << 20;
    /// Bytes of the longest row: thirty cells of 256 characters need a third of it.
    pub(crate) const LONGEST: u64 = 64 << 10;

    /// One that is given the file's bytes from `at` on, where a row begins.
    pub(crate) fn new(at: u64) -> Self {
        let (mut reader, mut cells) = (Reader::new(), [0; 1024]);
        // An empty line is no row, and takes the place in which the reader would pass over a mark of byte order: that stands before the header only.
        reader.read_field(b"\n", &mut cells);
        Self { reader, at, row: at, chunk: Chunk { from: at, until: at, rows: 0 }, rows: 0, cells }
    }

    /// Takes the next bytes; the chunks that end in them go to `found`.
    pub(crate) fn take(&mut self, mut bytes: &[u8], found: &mut Vec<Chunk>) -> Result<(), TooLong> {
        while !bytes.is_empty() {
            bytes = if self.at == self.row { self.pass_empty_lines(bytes, found) } else { bytes };
            if !bytes.is_empty() {
                bytes = self.step(bytes, found)?;
            }
        }
        Ok(())
    }

    /// Ends the last row, which may lack its line break, and the last chunk.
    pub(crate) fn finish(mut self, found: &mut Vec<Chunk>) -> Result<(), TooLong> {
        self.step(&[], found)?;
        self.end_chunk(found);
        Ok(())
    }

    /// Empty lines are no rows, and megabytes of them must not lie in a chunk.
    fn pass_empty_lines<'b>(&mut self, bytes: &'b [u8], found: &mut Vec<Chunk>) -> &'b [u8] {
        let lines = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.at += u64::try_from(lines).unwrap_or_default();
        self.row = self.at;
        if self.chunk.rows == 0 || self.at - self.chunk.from >= Self::BYTES {
            self.end_chunk(found);
        }
        bytes.get(lines..).unwrap_or_default()
    }

    fn step<'b>(&mut self, bytes: &'b [u8], found: &mut Vec<Chunk>) -> Result<&'b [u8], TooLong> {
        let (result, taken, _) = self.reader.read_field(bytes, &mut self.cells);
        self.at += u64::try_from(taken).unwrap_or_default();
        if self.at - self.row > Self::LONGEST {
            return Err(TooLong { rows: self.rows });
        }
        if result == (ReadFieldResult::Field { record_end: true }) {
            self.end_row(found);
        }
        Ok(bytes.get(taken..).unwrap_or_default())
    }

    fn end_row(&mut self, found: &mut Vec<Chunk>) {
        self.row = self.at;
        self.rows += 1;
        self.chunk.rows += 1;
        self.chunk.until = self.at;
        if self.chunk.rows == Self::ROWS || self.at - self.chunk.from >= Self::BYTES {
            self.end_chunk(found);
        }
    }

    fn end_chunk(&mut self, found: &mut Vec<Chunk>) {
        if self.chunk.rows > 0 {
            found.push(self.chunk);
        }
        self.chunk = Chunk { from: self.at, until: self.at, rows: 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bulk::table::rows;
    use proptest::prelude::*;

    fn chunks(bytes: &[u8], pieces: impl Iterator<Item = usize>) -> Result<Vec<Chunk>, TooLong> {
        let (mut scanner, mut found, mut left) = (Scanner::new(0), Vec::new(), bytes);
        for piece in pieces {
            let (now, later) = left.split_at(piece.min(left.len()));
            scanner.take(now, &mut found)?;
            left = later;
        }
        scanner.take(left, &mut found)?;
        scanner.finish(&mut found).map(|()| found)
    }

    fn cells(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
        rows(bytes).map(|row| row.unwrap().iter().map(<[u8]>::to_vec).collect()).collect()
    }

    #[test]
    fn a_line_break_in_quotes_ends_no_row() {
        let found = chunks(b"a,\"1\r\n2\"\r\nb,\"\"\"\n\"\n\n\r\nc,", std::iter::empty()).unwrap();
        assert_eq!(found, [Chunk { from: 0, until: 23, rows: 3 }]);
    }

    #[test]
    fn a_chunk_has_a_thousand_rows_or_a_megabyte() {
        let bytes = b"a,b\n".repeat(2500);
        let rows: Vec<_> = chunks(&bytes, std::iter::empty()).unwrap().iter().map(|chunk| chunk.rows).collect();
        assert_eq!(rows, [1000, 1000, 500]);
        let long = [b"x".repeat(60_000), b"\n".to_vec()].concat().repeat(40);
        let rows: Vec<_> = chunks(&long, std::iter::empty()).unwrap().iter().map(|chunk| chunk.rows).collect();
        assert_eq!(rows, [18, 18, 4]);
    }

    #[test]
    fn megabytes_of_empty_lines_lie_between_chunks() {
        let lines = b"\r\n".repeat(1 << 20);
        let bytes = [&b"a\n"[..], &lines, b"b\n", &lines, b"c"].concat();
        let found = chunks(&bytes, std::iter::repeat_n(1000, 5000)).unwrap();
        let read: Vec<_> = found.iter().map(|chunk| (chunk.rows, chunk.until - chunk.from)).collect();
        assert_eq!(read, [(1, 2), (1, 2), (1, 1)]);
    }

    #[test]
    fn a_quote_that_nobody_closes_is_found_where_it_stands() {
        let bytes = [b"a\nb\n\"c\n".to_vec(), b"x\n".repeat(40_000)].concat();
        assert_eq!(chunks(&bytes, std::iter::repeat_n(1000, 100)), Err(TooLong { rows: 2 }));
    }

    /// Files of what makes reading hard: quotes, line breaks of all kinds, marks of byte order, empty lines.
    fn file() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just("\""),
            Just("\"\""),
            Just(","),
            Just("\n"),
            Just("\r"),
            Just("\r\n"),
            Just("\u{feff}"),
            Just("x"),
            Just("अ"),
            Just(" ")
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn wherever_the_bytes_are_cut_the_chunks_are_the_same(bytes in file(), pieces in proptest::collection::vec(1_usize..5, 0..60)) {
            prop_assert_eq!(chunks(&bytes, pieces.into_iter()), chunks(&bytes, std::iter::empty()));
        }

        #[test]
        fn rows_read_chunk_by_chunk_are_the_rows_of_the_file(bytes in file()) {
            let whole = bytes.repeat(600);
            let Ok(found) = chunks(&whole, std::iter::empty()) else { return Ok(()) };
            let read: Vec<_> = found.iter().map(|chunk| {
                let (from, until) = (usize::try_from(chunk.from).unwrap(), usize::try_from(chunk.until).unwrap());
                cells(&whole[from..until])
            }).collect();
            for (chunk, rows) in found.iter().zip(&read) {
                prop_assert_eq!(usize::try_from(chunk.rows).unwrap(), rows.len());
            }
            prop_assert_eq!(read.concat(), cells(&whole));
        }
    }
}
