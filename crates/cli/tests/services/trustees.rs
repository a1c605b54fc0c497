//! Trustees as programs of their own owners, with a dead, a lying and a paused one among them.

use crate::by_hand::Hand;
use crate::served::Served;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

/// A trustee with its owner: its folder leaves the custodian's.
struct Owner {
    folder: PathBuf,
    served: Option<Served>,
}

impl Owner {
    fn of(hand: &Hand, number: u16) -> Self {
        let folder = hand.place.path().join(format!("owner-of-trustee-{number}"));
        fs::rename(hand.dir.join(format!("trustees/{number}")), &folder).unwrap();
        let mut owner = Self { folder, served: None };
        owner.serve(hand);
        owner
    }

    fn serve(&mut self, hand: &Hand) {
        let log = hand.inside("custodian/log");
        let arguments = ["trustee", "serve", self.folder.to_str().unwrap(), "--log", &log, "--listen", "127.0.0.1:0"];
        self.served = Some(Served::start(hand.place.path(), &arguments));
    }

    fn url(&self) -> String {
        format!("http://{}", self.served.as_ref().unwrap().address)
    }

    fn path(&self) -> &str {
        self.folder.to_str().unwrap()
    }
}

/// Writes where trustees are into the custodian's configuration.
fn tell(hand: &Hand, places: &[(usize, String)]) {
    let path = hand.dir.join("custodian/config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (number, at) in places {
        config["trustees"][number - 1]["at"] = at.clone().into();
    }
    fs::write(&path, serde_json::to_vec(&config).unwrap()).unwrap();
}

/// Hands every request on to a trustee and changes the last byte of its answers.
fn liar(behind: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, behind) = (stream.unwrap(), behind.clone());
            std::thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    head.push(byte[0]);
                }
                let text = String::from_utf8_lossy(&head).to_lowercase();
                let length = text.split_once("content-length: ").map_or("0", |(_, rest)| rest.lines().next().unwrap());
                let mut body = vec![0; length.parse().unwrap()];
                stream.read_exact(&mut body).unwrap();
                let mut trustee = TcpStream::connect(behind.strip_prefix("http://").unwrap()).unwrap();
                let head = String::from_utf8(head).unwrap().replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
                trustee.write_all(head.as_bytes()).unwrap();
                trustee.write_all(&body).unwrap();
                let mut answer = Vec::new();
                trustee.read_to_end(&mut answer).unwrap();
                let last = answer.len() - 3;
                answer[last] ^= 1;
                let _ = stream.write_all(&answer);
            });
        }
    });
    format!("http://{address}")
}

#[test]
fn a_release_goes_on_without_the_dead_and_the_lying_and_names_them() {
    let hand = Hand::founded();
    let owners: Vec<Owner> = [1, 2, 3].map(|number| Owner::of(&hand, number)).into();
    let (dead, lying, sound) = (owners[0].url(), liar(owners[1].url()), owners[2].url());
    tell(&hand, &[(1, dead), (2, lying), (3, sound)]);
    let mut owners = owners;
    owners[0].served.take().unwrap().kill();
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    let released = hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    assert_eq!(released.matches(": answered").count(), 3, "{released}");
    assert!(released.contains("trustee 1: ") && !released.contains("trustee 1: answered"), "{released}");
    assert!(released.contains("trustee 2: ") && !released.contains("trustee 2: answered"), "{released}");

    // The trustee behind the liar did answer: its own log says so, and the custodian's journal has no receipt of it.
    let log = hand.inside("custodian/log");
    let audit = hand.run(&["trustee", "audit", owners[1].path(), "--log", &log]);
    assert!(audit.out.contains("1 answers, 1 entries of the own log (0 public), 0 receipts"), "{audit}");
    let sound = hand.run(&["trustee", "audit", owners[2].path(), "--log", &log]);
    assert!(
        sound.code == Some(0) && sound.out.contains("1 answers, 1 entries") && sound.out.ends_with("sound\n"),
        "{sound}"
    );
    let entries = hand.good(&["trustee", "entries", owners[2].path()]);
    let entry: serde_json::Value = serde_json::from_str(&entries).unwrap();
    assert_eq!((&entry["index"], &entry["kind"]), (&0.into(), &"answer".into()));
    let announced = owners[2].served.as_ref().unwrap().get("/log/key");
    assert_eq!((announced.0, announced.1 + "\n"), (200, hand.good(&["trustee", "log-key", owners[2].path()])));
}

#[test]
fn an_owner_pauses_a_running_trustee_and_everybody_sees_it() {
    let hand = Hand::founded();
    let owner = Owner::of(&hand, 1);
    tell(&hand, &[(1, owner.url())]);
    let pause = ["trustee", "pause", owner.path(), "--reason", "a letter of our court is being looked at"];
    let said = hand.good(&pause);
    assert!(said.starts_with("paused: the trustee in "), "{said}");
    let again = hand.run(&pause);
    assert!(again.code == Some(1) && again.err.contains("the trustee is paused since "), "{again}");
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    let released = hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    assert!(released.contains("trustee 1: PAUSED"), "{released}");
    assert_eq!(released.matches(": answered").count(), 3, "{released}");
    let head = owner.served.as_ref().unwrap().get("/v1/head").1;
    let head: serde_json::Value = serde_json::from_str(&head).unwrap();
    assert!(head["paused"].is_string() && head["incidents"] == 0, "{head}");

    hand.good(&["trustee", "resume", owner.path(), "--reason", "looked at"]);
    let lift = ["trustee", "lift", owner.path(), "--people", "40", "--until", "2999-01-01T00:00:00Z", "--reason", "x"];
    let endless = hand.run(&[&lift[..], &["--day"]].concat());
    assert!(endless.code == Some(1) && endless.err.contains("at most 31 days"), "{endless}");
    assert_eq!(hand.run(&lift).code, Some(2), "a lift is of one stop");
    let both = hand.run(&[&lift[..], &["--day", "--authority", "xa-district-court"]].concat());
    assert_eq!(both.code, Some(2), "{both}");
    let log = hand.inside("custodian/log");
    let shown = hand.good(&["trustee", "head", owner.path(), "--log", &log]);
    assert!(
        shown.contains("paused: None") && shown.contains("incidents: 0") && shown.contains("entries: 3"),
        "{shown}"
    );
    let audit = hand.good(&["trustee", "audit", owner.path(), "--log", &log]);
    assert!(audit.ends_with("sound\n"), "{audit}");
}
