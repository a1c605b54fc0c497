//! A small custodian made by hand, for the tests that walk the road themselves.

use crate::program::{Ran, countersign};
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use tempfile::TempDir;

/// The invented clients, under column names of another system.
pub(crate) const CLIENTS: &str = "ID,LAST_NAME,secondaryIdentifier,dateOfBirth,streetName,townName,country,emailAddress\n\
    A-000001,Orlando,Vera,1980-02-03,Mill Lane,Ferrow,XA,vera@post.example\n\
    A-000002,Quill,Tomas,1975-11-30,Harbour Row,Ferrow,XB,tomas@post.example\n";

/// The arguments that import [`CLIENTS`].
pub(crate) const MAPS: [&str; 4] = ["--map", "ID=account", "--map", "LAST_NAME=primaryIdentifier"];

/// The officer's entry beside the letter of the court.
pub(crate) const ENTRY: &str = r#"{"authority":"xa-district-court","reference":"12 Js 34/26","instrument":"court_order",
    "accounts":["A-000001","A-000002"],"classes":["all"],"channel":"letter"}"#;

/// A folder of its own, with files beside it.
pub(crate) struct Hand {
    pub(crate) place: TempDir,
    pub(crate) dir: PathBuf,
}

impl Hand {
    /// A place in which nothing is founded yet.
    pub(crate) fn empty() -> Self {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("exchange");
        Self { place, dir }
    }

    /// Founded with two clients and no index ring; the founding is done once for all tests of a file.
    pub(crate) fn founded() -> Self {
        static FOUNDED: OnceLock<Hand> = OnceLock::new();
        let first = FOUNDED.get_or_init(|| {
            let hand = Self::empty();
            hand.good(&["init", "--name", "Mill Exchange", "--no-index"]);
            let clients = hand.file("clients.csv", CLIENTS);
            hand.good(&[&["client", "import", &clients], MAPS.as_slice()].concat());
            hand
        });
        let (place, dir) = crate::folder::copy(&first.dir);
        Self { place, dir }
    }

    /// Runs a command.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        countersign(&self.dir, arguments)
    }

    /// Runs a command that must succeed, and gives its standard output.
    pub(crate) fn good(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran}");
        assert_eq!(ran.err, "", "{arguments:?}");
        ran.out
    }

    /// Writes a file beside the folder and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.place.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A path in the custodian's folder.
    pub(crate) fn inside(&self, path: &str) -> String {
        self.dir.join(path).to_str().unwrap().to_owned()
    }

    /// Files the letter of the court; gives the case.
    pub(crate) fn filed(&self) -> String {
        let (letter, entry) = (self.file("letter.pdf", "%PDF-1.4 a letter"), self.file("entry.json", ENTRY));
        let said = self.good(&["request", "file", &letter, "--meta", &entry, "--as", "lena-ohm"]);
        word_after(&said, "case ")
    }

    /// From the filed letter to a proposed order over one client's name and address.
    pub(crate) fn proposed(&self) -> String {
        let case = self.filed();
        let officer = ["--as", "lena-ohm"];
        let sender =
            ["case", "sender", &case, "--confirmed", "directory", "--confirmed", "call_back", "--note", "confirmed"];
        self.good(&[&sender[..], &officer].concat());
        for (question, answer) in [("D06", "yes"), ("D09", "yes"), ("D11", "yes"), ("D14", "none"), ("D21", "50")] {
            self.good(&[&["case", "find", &case, question, answer, "--source", "checklist"][..], &officer].concat());
        }
        let scope = ["case", "scope", &case, "--subject", "A-000001", "--necessary", "name,address"];
        let allowed = ["--allowed", "name,address,birth", "--left-out", "account A-000002 has no link to the facts"];
        self.good(&[&scope[..], &allowed, &officer].concat());
        let said = self.good(&["case", "propose", &case, "--as", "lena-ohm"]);
        assert!(said.contains("granted 1 people, 2 cells"), "{said}");
        case
    }

    /// Signs the order of a case.
    pub(crate) fn sign(&self, case: &str, person: &str) -> String {
        let key = self.inside(&format!("people/{person}/signing.key"));
        self.good(&["order", "approve", case, "--as", person, "--key", &key])
    }
}

/// The word that follows `before` in a text.
pub(crate) fn word_after(text: &str, before: &str) -> String {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no `{before}` in: {text}")).1;
    rest.split_whitespace().next().unwrap().trim_end_matches([':', ',']).to_owned()
}
