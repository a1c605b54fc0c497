//! Letters as PDF: plain text on A4 pages, PDF 1.4, no compression, so that every byte can be read and the same letter has the same bytes.

/// A letter with a title line and text below it; long lines are wrapped, and a page that is full is followed by another.
///
/// The standard font knows the letters of Windows-1252; any other character becomes `?`.
#[must_use]
pub fn letter(title: &str, lines: &[&str]) -> Vec<u8> {
    let wrapped: Vec<String> = lines.iter().flat_map(|line| wrap(line)).collect();
    let mut pages: Vec<&[String]> = wrapped.chunks(LINES_PER_PAGE).collect();
    if pages.is_empty() {
        pages.push(&[]);
    }
    let mut file = File::new();
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", first_page_object(page))).collect();
    file.object("<< /Type /Catalog /Pages 2 0 R >>");
    file.object(&format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()));
    file.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
    file.object_bytes(&[b"<< /Title ", string(title).as_slice(), b" >>"].concat());
    for (page, text) in pages.iter().enumerate() {
        file.object(&format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
            first_page_object(page) + 1
        ));
        let content = content(if page == 0 { title } else { "" }, text);
        let head = format!("<< /Length {} >>\nstream\n", content.len());
        file.object_bytes(&[head.as_bytes(), content.as_slice(), b"\nendstream"].concat());
    }
    file.finish()
}

/// Lines of 13 points between a top of 780 and a foot of 60 points.
const LINES_PER_PAGE: usize = 54;
/// Characters that surely fit the width at 10 points.
const CHARACTERS_PER_LINE: usize = 88;
/// Objects before the first page: catalogue, pages, font, information.
const FIXED_OBJECTS: usize = 4;

fn first_page_object(page: usize) -> usize {
    FIXED_OBJECTS + 1 + page * 2
}

/// The bytes written so far and where each object began.
struct File {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

impl File {
    fn new() -> Self {
        // Four bytes above 127 tell transfer programs that the file is not text.
        Self { bytes: b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec(), offsets: Vec::new() }
    }

    fn object(&mut self, body: &str) {
        self.object_bytes(body.as_bytes());
    }

    fn object_bytes(&mut self, body: &[u8]) {
        self.offsets.push(self.bytes.len());
        self.bytes.extend(format!("{} 0 obj\n", self.offsets.len()).bytes());
        self.bytes.extend(body);
        self.bytes.extend(b"\nendobj\n");
    }

    fn finish(mut self) -> Vec<u8> {
        let start = self.bytes.len();
        let count = self.offsets.len() + 1;
        // Each entry of the table is exactly twenty bytes, the line end included.
        let table: String = self.offsets.iter().map(|offset| format!("{offset:010} 00000 n \n")).collect();
        self.bytes.extend(format!("xref\n0 {count}\n0000000000 65535 f \n{table}").bytes());
        self.bytes.extend(
            format!("trailer\n<< /Size {count} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{start}\n%%EOF\n").bytes(),
        );
        self.bytes
    }
}

fn content(title: &str, lines: &[String]) -> Vec<u8> {
    let mut bytes = b"BT\n/F1 14 Tf\n56 800 Td\n".to_vec();
    bytes.extend([string(title).as_slice(), b" Tj\n/F1 10 Tf\n13 TL\n0 -20 Td\n"].concat());
    for line in lines {
        bytes.extend([string(line).as_slice(), b" Tj T*\n"].concat());
    }
    bytes.extend(b"ET");
    bytes
}

/// A literal string: one byte per character, brackets and backslashes escaped.
fn string(text: &str) -> Vec<u8> {
    let mut bytes = vec![b'('];
    for byte in text.chars().map(windows_1252) {
        if matches!(byte, b'(' | b')' | b'\\') {
            bytes.push(b'\\');
        }
        bytes.push(byte);
    }
    bytes.push(b')');
    bytes
}

fn windows_1252(letter: char) -> u8 {
    match letter {
        ' '..='~' | '\u{a0}'..='ÿ' => letter as u8,
        '€' => 0x80,
        'Š' => 0x8a,
        'Œ' => 0x8c,
        'Ž' => 0x8e,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '–' => 0x96,
        '—' => 0x97,
        'š' => 0x9a,
        'œ' => 0x9c,
        'ž' => 0x9e,
        _ => b'?',
    }
}

/// Breaks between words; a word longer than a line is cut.
fn wrap(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut width = 0;
    for word in line.split(' ').flat_map(cut) {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > CHARACTERS_PER_LINE {
            lines.push(String::new());
            width = 0;
        }
        if let Some(last) = lines.last_mut() {
            if width > 0 {
                last.push(' ');
                width += 1;
            }
            last.push_str(&word);
            width += length;
        }
    }
    lines
}

fn cut(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    if letters.is_empty() {
        return vec![String::new()];
    }
    letters.chunks(CHARACTERS_PER_LINE).map(|part| part.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the file from its end as a viewer does: startxref, table, each object where the table says.
    fn objects(pdf: &[u8]) -> Vec<String> {
        let text: String = pdf.iter().map(|byte| char::from(*byte)).collect();
        let bytes: Vec<char> = text.chars().collect();
        let from = |at: usize| bytes[at..].iter().collect::<String>();
        let start: usize = text.rsplit("startxref\n").next().unwrap().lines().next().unwrap().parse().unwrap();
        let table = from(start);
        let mut rows = table.strip_prefix("xref\n0 ").unwrap().split('\n');
        let count: usize = rows.next().unwrap().parse().unwrap();
        assert_eq!(rows.next().unwrap(), "0000000000 65535 f ");
        (1..count)
            .map(|number| {
                let row = rows.next().unwrap();
                assert!(row.len() == 19 && row.ends_with(" 00000 n "), "{row}");
                let object = from(row[..10].parse().unwrap());
                let body = object.strip_prefix(&format!("{number} 0 obj\n")).unwrap();
                body[..body.find("\nendobj\n").unwrap()].to_owned()
            })
            .collect()
    }

    #[test]
    fn a_letter_has_a_catalogue_a_page_and_its_text() {
        let pdf = letter("Order (1)", &["To whom it may concern", "a \\ b", "Straße 5 – 中"]);
        assert!(pdf.starts_with(b"%PDF-1.4\n%") && pdf.ends_with(b"%%EOF\n"));
        let objects = objects(&pdf);
        assert_eq!(objects.len(), 6);
        assert!(objects[0].contains("/Catalog") && objects[1].contains("/Count 1"));
        let content = &objects[5];
        for text in
            ["(Order \\(1\\)) Tj", "(To whom it may concern) Tj", "(a \\\\ b) Tj", "(Stra\u{df}e 5 \u{96} ?) Tj"]
        {
            assert!(content.contains(text), "{text} in {content}");
        }
    }

    #[test]
    fn the_length_of_a_stream_is_the_length_of_its_bytes() {
        let objects = objects(&letter("t", &["line"]));
        let (head, rest) = objects[5].split_once("\nstream\n").unwrap();
        let length: usize = head.strip_prefix("<< /Length ").unwrap().strip_suffix(" >>").unwrap().parse().unwrap();
        assert_eq!(rest.strip_suffix("\nendstream").unwrap().chars().count(), length);
    }

    #[test]
    fn long_lines_wrap_and_full_pages_are_followed_by_others() {
        assert_eq!(wrap(""), [""]);
        assert_eq!(wrap(&"x".repeat(200)).iter().map(String::len).collect::<Vec<_>>(), [88, 88, 24]);
        let words = "word ".repeat(40);
        assert!(wrap(&words).iter().all(|line| line.len() <= CHARACTERS_PER_LINE));
        let many = vec!["line"; 120];
        assert!(objects(&letter("t", &many))[1].contains("/Count 3"));
        assert_eq!(objects(&letter("t", &[])).len(), 6);
    }
}
