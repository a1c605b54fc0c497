//! Where in an SQLite file the parts of each row lie (https://sqlite.org/fileformat2.html), so that a test can flip a bit of a known
//! part and nothing else.

use std::ops::Range;

/// A part of a row: every piece of it in the file, since long rows go on in overflow pages.
pub(crate) type Place = Vec<Range<usize>>;

/// One row of a table, or one entry of an index.
pub(crate) struct Row {
    /// The row's number, which tables keep outside the record.
    pub(crate) rowid: Place,
    /// The columns of the record in their order.
    pub(crate) columns: Vec<Place>,
}

/// The file's bytes, without write-ahead log.
pub(crate) struct Pages<'f> {
    file: &'f [u8],
    size: usize,
}

impl<'f> Pages<'f> {
    pub(crate) fn new(file: &'f [u8]) -> Self {
        assert_eq!(&file[..16], b"SQLite format 3\0");
        assert_eq!(file[20], 0, "no reserved bytes at the end of pages");
        let size = usize::from(u16::from_be_bytes([file[16], file[17]]));
        Self { file, size: if size == 1 { 65_536 } else { size } }
    }

    /// Pages that hold something: all but those of tables and indexes without a row.
    pub(crate) fn in_use(&self) -> Place {
        let pages = (0..self.file.len()).step_by(self.size).map(|start| start..start + self.size);
        pages.filter(|page| !matches!(self.file[page.start], 10 | 13) || self.u16(page.start + 3) > 0).collect()
    }

    /// The rows below a root page, in their order.
    pub(crate) fn rows(&self, root: usize) -> Vec<Row> {
        let start = (root - 1) * self.size;
        let header = if root == 1 { start + 100 } else { start };
        let cells = self.u16(header + 3);
        let (interior, table) = match self.file[header] {
            2 => (true, false),
            5 => (true, true),
            10 => (false, false),
            13 => (false, true),
            other => panic!("page {root} has type {other}"),
        };
        let pointers = header + if interior { 12 } else { 8 };
        let mut rows = Vec::new();
        for cell in (0..cells).map(|cell| start + self.u16(pointers + 2 * cell)) {
            if interior {
                rows.extend(self.rows(self.u32(cell)));
            }
            match (interior, table) {
                (true, true) => {}
                (false, true) => rows.push(self.table_row(cell)),
                (_, false) => {
                    let (length, next) = self.varint(if interior { cell + 4 } else { cell });
                    rows.push(Row { rowid: vec![], columns: self.columns(self.payload(next, length, false)) });
                }
            }
        }
        if interior {
            rows.extend(self.rows(self.u32(header + 8)));
        }
        rows
    }

    fn table_row(&self, cell: usize) -> Row {
        let (length, rowid) = self.varint(cell);
        let (_, record) = self.varint(rowid);
        let rowid = std::iter::once(rowid..record).collect();
        Row { rowid, columns: self.columns(self.payload(record, length, true)) }
    }

    /// The pieces of a payload that begins at `at`.
    fn payload(&self, at: usize, length: usize, table: bool) -> Place {
        let most = if table { self.size - 35 } else { (self.size - 12) * 64 / 255 - 23 };
        let least = (self.size - 12) * 32 / 255 - 23;
        let wanted = least + (length.saturating_sub(least)) % (self.size - 4);
        let here = match length {
            _ if length <= most => length,
            _ if wanted <= most => wanted,
            _ => least,
        };
        let mut pieces: Place = std::iter::once(at..at + here).collect();
        let (mut left, mut next) = (length - here, at + here);
        while left > 0 {
            let page = (self.u32(next) - 1) * self.size;
            let here = left.min(self.size - 4);
            pieces.push(page + 4..page + 4 + here);
            (left, next) = (left - here, page);
        }
        pieces
    }

    /// Splits a record into its columns.
    fn columns(&self, payload: Place) -> Vec<Place> {
        let (header, mut at) = self.varint(payload[0].start);
        let end = payload[0].start + header;
        let (mut columns, mut from) = (Vec::new(), header);
        while at < end {
            let (kind, next) = self.varint(at);
            let length = match kind {
                0 | 8 | 9 => 0,
                1..=4 => kind,
                5 => 6,
                6 | 7 => 8,
                blob_or_text => (blob_or_text - 12) / 2,
            };
            columns.push(cut(&payload, from, length));
            (from, at) = (from + length, next);
        }
        columns
    }

    fn varint(&self, at: usize) -> (usize, usize) {
        let mut value = 0;
        for index in 0..8 {
            let byte = self.file[at + index];
            value = value << 7 | usize::from(byte & 0x7f);
            if byte < 0x80 {
                return (value, at + index + 1);
            }
        }
        panic!("no number of the test needs nine bytes");
    }

    fn u16(&self, at: usize) -> usize {
        usize::from(u16::from_be_bytes([self.file[at], self.file[at + 1]]))
    }

    fn u32(&self, at: usize) -> usize {
        self.u16(at) << 16 | self.u16(at + 2)
    }
}

/// `length` bytes of a payload from its byte `from` on.
fn cut(payload: &Place, from: usize, length: usize) -> Place {
    let (mut skip, mut left, mut found) = (from, length, Vec::new());
    for piece in payload {
        let begin = piece.start + skip.min(piece.len());
        let end = (begin + left).min(piece.end);
        skip -= begin - piece.start;
        left -= end - begin;
        if begin < end {
            found.push(begin..end);
        }
    }
    assert_eq!(left, 0, "the record is shorter than its header says");
    found
}
