//! The same bad rows in the form of every list: what can be used is used, what cannot is named with its line, and never is a name taken
//! for another.

use countersign_core::time::Date;
use countersign_screen::read::{Fault, Lost, ReadError, Reading, eu::EuReader, ftm, ofac, ofac_advanced, uk, un};

/// One row of a list: id, name, birth date.
struct Row {
    id: &'static str,
    name: String,
    born: &'static str,
}

fn row(id: &'static str, name: impl Into<String>, born: &'static str) -> Row {
    Row { id, name: name.into(), born }
}

/// How a list of one form is written and read. The rows stand on lines of their own, the first one on `first_line`.
struct Form {
    label: &'static str,
    first_line: u64,
    write: fn(&[Row]) -> String,
    read: fn(&[u8]) -> Result<Reading, ReadError>,
}

fn write_un(rows: &[Row]) -> String {
    let row = |row: &Row| {
        format!(
            "<INDIVIDUAL><DATAID>{}</DATAID><FIRST_NAME>{}</FIRST_NAME><INDIVIDUAL_DATE_OF_BIRTH><DATE>{}</DATE></INDIVIDUAL_DATE_OF_BIRTH></INDIVIDUAL>\n",
            row.id, row.name, row.born
        )
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<CONSOLIDATED_LIST><INDIVIDUALS>\n{rows}</INDIVIDUALS></CONSOLIDATED_LIST>")
}

fn write_advanced(rows: &[Row]) -> String {
    let date = |born: &str| {
        let mut parts = born.split('-');
        ["Year", "Month", "Day"].map(|tag| format!("<{tag}>{}</{tag}>", parts.next().unwrap_or_default())).concat()
    };
    let row = |row: &Row| {
        format!(
            "<DistinctParty FixedRef=\"{0}\"><Profile ID=\"{0}\" PartySubTypeID=\"4\"><Identity ID=\"{0}\"><Alias Primary=\"true\"><DocumentedName>\
             <DocumentedNamePart><NamePartValue>{1}</NamePartValue></DocumentedNamePart></DocumentedName></Alias></Identity>\
             <Feature FeatureTypeID=\"8\"><FeatureVersion><DatePeriod><Start><From>{2}</From></Start></DatePeriod></FeatureVersion></Feature>\
             </Profile></DistinctParty>\n",
            row.id,
            row.name,
            date(row.born)
        )
    };
    let (parties, entries): (String, String) = (
        rows.iter().map(row).collect(),
        rows.iter()
            .map(|row| {
                format!(
                    "<SanctionsEntry ProfileID=\"{}\"><SanctionsMeasure SanctionsTypeID=\"1\"><Comment>SDGT</Comment></SanctionsMeasure></SanctionsEntry>",
                    row.id
                )
            })
            .collect(),
    );
    format!(
        "<Sanctions><ReferenceValueSets><A><PartyType ID=\"1\">Individual</PartyType></A><B><PartySubType ID=\"4\" PartyTypeID=\"1\"/></B>\
         <C><SanctionsType ID=\"1\">Program</SanctionsType></C><D><FeatureType ID=\"8\">Birthdate</FeatureType></D></ReferenceValueSets>\
         <DistinctParties>\n{parties}</DistinctParties><SanctionsEntries>{entries}</SanctionsEntries></Sanctions>"
    )
}

fn write_ofac(rows: &[Row]) -> String {
    let row = |row: &Row| {
        format!(
            "{},\"{}\",\"individual\",\"SDGT\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB {}.\"\n",
            row.id, row.name, row.born
        )
    };
    rows.iter().map(row).collect()
}

fn write_uk(rows: &[Row]) -> String {
    let row = |row: &Row| {
        let mut born: Vec<&str> = row.born.split('-').collect();
        born.reverse();
        format!("{},\"{}\",,Individual,Primary name,Russia,{}\n", row.id, row.name, born.join("/"))
    };
    let rows: String = rows.iter().map(row).collect();
    format!("Group ID,Name 6,Name 1,Group Type,Alias Type,Regime,DOB\n{rows}")
}

fn write_ftm(rows: &[Row]) -> String {
    let row = |row: &Row| {
        let name = serde_json::Value::from(row.name.as_str());
        format!(
            "{{\"id\":\"{0}\",\"schema\":\"Person\",\"properties\":{{\"name\":[{name}],\"birthDate\":[\"{1}\"],\"sanctions\":[{{\"id\":\"s{0}\",\"schema\":\"Sanction\"}}]}}}}\n",
            row.id, row.born
        )
    };
    rows.iter().map(row).collect()
}

/// The columns of the journal's table; a row has its own number, schema, name, birth date and programme.
const EU_COLUMNS: &str = "celex,recordId,programKey,annex,measure,startDate,reason,schema,name,alias,weakAlias,previousName,country,nationality,jurisdiction,birthDate,birthPlace,position,passportNumber,gender,appearance,ethnicity,fatherName,motherName,incorporationDate,legalForm,sector,registrationNumber,taxNumber,idNumber,innCode,ogrnCode,kppCode,okpoCode,leiCode,swiftBic,ticker,imoNumber,mmsi,flag,address,phone,email,website,notes";

fn write_eu(rows: &[Row]) -> String {
    let row = |row: &Row| {
        let cell = |column: &str| match column {
            "celex" => "32016R0044".to_owned(),
            "recordId" => row.id.to_owned(),
            "schema" => "Person".to_owned(),
            "name" => format!("\"{}\"", row.name),
            "birthDate" => row.born.to_owned(),
            "programKey" => "EU-LBY".to_owned(),
            _ => String::new(),
        };
        EU_COLUMNS.split(',').map(cell).collect::<Vec<_>>().join(",") + "\n"
    };
    let rows: String = rows.iter().map(row).collect();
    format!("{EU_COLUMNS}\n{rows}")
}

fn read_eu(bytes: &[u8]) -> Result<Reading, ReadError> {
    let mut reader = EuReader::default();
    reader.add("32016R0044.csv", bytes)?;
    Ok(reader.finish())
}

fn read_ofac(bytes: &[u8]) -> Result<Reading, ReadError> {
    ofac::read(ofac::OfacFiles { primary: ("sdn.csv", bytes), ..ofac::OfacFiles::default() })
}

const FORMS: [Form; 6] = [
    Form { label: "un", first_line: 2, write: write_un, read: |bytes| un::read("un.xml", bytes) },
    Form { label: "eu", first_line: 2, write: write_eu, read: read_eu },
    Form { label: "ofac", first_line: 1, write: write_ofac, read: read_ofac },
    Form {
        label: "ofac advanced",
        first_line: 2,
        write: write_advanced,
        read: |bytes| ofac_advanced::read("sdn_advanced.xml", bytes),
    },
    Form { label: "uk", first_line: 2, write: write_uk, read: |bytes| uk::read("uk.csv", bytes) },
    Form {
        label: "ftm",
        first_line: 1,
        write: write_ftm,
        read: |bytes| ftm::read("ftm", "e.json", bytes, Date::parse("2026-11-22").unwrap()),
    },
];

fn bad_rows() -> Vec<Row> {
    vec![
        row("1", "Arun Belso", "1961-02-03"),
        row("2", "\u{202b}\u{200f}Vera\u{200e} Orlando\u{202c}", "1960-08-11"),
        row("3", "To\u{200b}mas\u{feff} Qu\u{ad}ill\u{2060}", "1970-01-02"),
        row("4", "\u{200b}\u{200e}\u{feff}", "1970-01-02"),
        row("5", "x".repeat(10_240), "1970-01-02"),
        row("6", "", "1970-01-02"),
        row("7", "--- / ---", "1970-01-02"),
        row("8", "Senor\u{fffd}a Lost", "1970-01-02"),
        row("9", "Impossible Dates", "1970-02-30"),
        row("1", "Somebody Else", "1980-05-05"),
        row("10", "Ilya Zemlinov", "1960-08-11"),
    ]
}

fn lines(faults: &[Fault], lost: Lost) -> Vec<u64> {
    let mut lines: Vec<u64> = faults.iter().filter(|fault| fault.lost == lost).map(|fault| fault.line).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

#[test]
fn bad_rows_are_named_and_the_good_ones_used() {
    for form in FORMS {
        let label = form.label;
        let reading = (form.read)((form.write)(&bad_rows()).as_bytes()).unwrap();
        let captions: Vec<&str> = reading.entities.iter().map(|entity| entity.caption()).collect();
        let line = |row: u64| form.first_line + row - 1;
        let mut rejected = vec![line(4), line(5), line(6), line(7), line(8), line(10)];
        // Rows with one number are names of one entity there; nothing in the form tells an alias from a mistake.
        if label == "uk" {
            let first = &reading.entities[0];
            assert!(first.names.iter().any(|name| name.text == "Somebody Else"), "{label}");
            rejected.pop();
        }
        assert_eq!(
            captions,
            ["Arun Belso", "Vera Orlando", "Tomas Quill", "Impossible Dates", "Ilya Zemlinov"],
            "{label}"
        );
        assert_eq!(lines(&reading.faults, Lost::Row), rejected, "{label}: {:#?}", reading.faults);
        let values = lines(&reading.faults, Lost::Value);
        assert!(values.contains(&line(9)), "{label}: the impossible date is named: {:#?}", reading.faults);
        let impossible = reading.entities.iter().find(|entity| entity.caption() == "Impossible Dates").unwrap();
        assert_eq!(impossible.dates, [], "{label}");
        let ids: std::collections::HashSet<&str> = reading.entities.iter().map(|entity| entity.id.as_str()).collect();
        assert_eq!(ids.len(), reading.entities.len(), "{label}: no id stands for two entities");
    }
}

#[test]
fn a_list_in_another_encoding_is_refused_or_its_rows_are_named() {
    for form in FORMS {
        let text = (form.write)(&[row("1", "Arun Belso", "1961-02-03"), row("2", "Jos@ Garc@a", "1960-08-11")]);
        let latin1: Vec<u8> = text.bytes().map(|byte| if byte == b'@' { 0xe9 } else { byte }).collect();
        match (form.read)(&latin1) {
            Ok(reading) => {
                assert_eq!(reading.entities.len(), 1, "{}", form.label);
                assert_eq!(lines(&reading.faults, Lost::Row), [form.first_line + 1], "{}", form.label);
            }
            Err(error) => assert!(error.to_string().contains("UTF-8"), "{}: {error}", form.label),
        }
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert!((form.read)(&utf16).map_or(true, |reading| reading.entities.is_empty()), "{}", form.label);
    }
}

#[test]
fn a_list_that_is_cut_off_never_gives_half_a_row() {
    let rows = || [row("1", "Arun Belso", "1961-02-03"), row("2", "Vera Orlando", "1960-08-11")];
    for form in FORMS {
        let text = (form.write)(&rows());
        let end = text.trim_end().len();
        for cut in (0..end).filter(|cut| text.is_char_boundary(*cut)) {
            let Ok(reading) = (form.read)(&text.as_bytes()[..cut]) else { continue };
            assert!(!matches!(form.label, "un" | "ofac advanced"), "{}: cut at {cut} is read", form.label);
            // A table has no mark at its end: that rows are gone is found by the share of entities that would disappear.
            for entity in &reading.entities {
                let known = ["Arun Belso", "Vera Orlando"].contains(&entity.caption());
                assert!(known, "{}: cut at {cut} gives `{}`", form.label, entity.caption());
            }
        }
    }
}
