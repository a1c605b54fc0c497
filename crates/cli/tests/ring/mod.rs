//! The founding ceremony between processes: five trustees, three witnesses, the custodian - each a program of its own.

use crate::by_hand::{CLIENTS, Hand, MAPS, word_after};
use crate::program::{Ran, command};
use crate::served::Served;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};

const STATES: [&str; 5] = ["XB", "XC", "XD", "XE", "XF"];

/// An address that nobody listens on now.
fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

struct Ceremony {
    hand: Hand,
}

impl Ceremony {
    fn folder(&self, index: usize) -> PathBuf {
        self.hand.place.path().join(format!("trustee-{index}"))
    }

    /// Trustee 1 alone has a passphrase: each opening of a secret costs a second.
    fn secret(&self, index: usize) -> Vec<String> {
        let file = self.hand.place.path().join("passphrase");
        match index {
            1 => vec!["--passphrase-file".into(), file.to_str().unwrap().into()],
            _ => Vec::new(),
        }
    }

    fn init(&self, index: usize) -> Ran {
        let (folder, number) = (self.folder(index), index.to_string());
        let name = format!("firm-{index}");
        let mut arguments = vec!["trustee", "init", folder.to_str().unwrap(), "--index", &number, "--name", &name];
        arguments.extend(["--state", STATES[index - 1]]);
        let secret = self.secret(index);
        match index {
            1 => arguments.extend(secret.iter().map(String::as_str)),
            _ => arguments.push("--no-passphrase"),
        }
        self.hand.run(&arguments)
    }

    fn join(&self, index: usize, at: &str, more: &[&str]) -> Joining {
        let folder = self.folder(index);
        let mut arguments = vec!["ring", "join", folder.to_str().unwrap(), "--at", at];
        let secret = self.secret(index);
        arguments.extend(secret.iter().map(String::as_str));
        arguments.extend(more);
        let mut command = command(&self.hand.dir, &arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Joining { out: BufReader::new(child.stdout.take().unwrap()), child }
    }
}

/// A `ring join` at work; it ends with the test.
struct Joining {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Joining {
    /// Waits until it says this.
    fn says(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            if self.out.read_line(&mut line).unwrap() == 0 {
                let mut err = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
                panic!("it ended without saying `{text}`: {err}");
            }
        }
    }

    /// Waits for its end; gives what it said meanwhile.
    fn ended(mut self) -> Ran {
        let (mut out, mut err) = (String::new(), String::new());
        self.out.read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        Ran { code: self.child.wait().unwrap().code(), out, err }
    }

    /// Ends it as `kill -9` does.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Joining {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Witnesses with folders of their own, made before the custodian; they are served once it has logs to follow.
fn witnesses(hand: &Hand) -> Vec<(String, PathBuf, String)> {
    let made = (1..=3).map(|number| {
        let folder = hand.place.path().join(format!("witness-{number}"));
        let name = format!("witness.example/w{number}");
        let vkey = hand.good(&["witness", "init", folder.to_str().unwrap(), "--name", &name]);
        (vkey.trim_end().to_owned(), folder, free())
    });
    made.collect()
}

fn serve_witness(hand: &Hand, folder: &Path, at: &str, logs: [&str; 2]) -> Served {
    let folder = folder.to_str().unwrap();
    Served::start(&hand.dir, &["witness", "serve", folder, "--log", logs[0], "--log", logs[1], "--listen", at])
}

/// Founded by programs that share nothing but what they send: then a release through trustees that are programs too.
#[test]
fn five_firms_found_a_custodian_each_on_its_own() {
    let ceremony = Ceremony { hand: Hand::empty() };
    let hand = &ceremony.hand;
    let passphrase = hand.file("passphrase", "correct horse battery\n");
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o644)).unwrap();
    let readable = ceremony.init(1);
    assert!(readable.code == Some(1) && readable.err.contains("can be read by others"), "{readable}");
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).unwrap();
    for index in 1..=5 {
        let made = ceremony.init(index);
        assert!(made.code == Some(0) && made.out.contains(&format!("firm-{index} in ")), "{made}");
        assert_eq!(made.err.contains("lie unencrypted"), index != 1, "{made}");
        assert!(ceremony.init(index).err.contains("holds a trustee already"));
    }
    let plain = hand.run(&["trustee", "init", "x", "--index", "6", "--name", "firm-6", "--state", "XA"]);
    assert!(plain.code == Some(1) && plain.err.contains("say --no-passphrase"), "{plain}");
    let locked = hand.run(&["ring", "join", ceremony.folder(1).to_str().unwrap(), "--at", "http://127.0.0.1:9"]);
    assert!(locked.code == Some(1) && locked.err.contains("without --passphrase-file"), "{locked}");

    // The custodian pins what the trustees say of themselves, and writes the terms.
    let witnesses = witnesses(hand);
    let identities: Vec<String> =
        (1..=5).map(|index| ceremony.folder(index).join("identity").to_str().unwrap().to_owned()).collect();
    let named: Vec<String> = witnesses.iter().map(|(vkey, _, at)| format!("{vkey}@http://{at}")).collect();
    let mut create = vec!["ring", "create", "--name", "Mill Exchange", "--threshold", "3"];
    create.extend(["--classes", "name,birth,address,email"]);
    named.iter().for_each(|witness| create.extend(["--witness", witness.as_str()]));
    identities.iter().take(4).for_each(|identity| create.extend(["--trustee", identity.as_str()]));
    let gap = [&create[..], &["--trustee", &identities[3]]].concat();
    let gap = hand.run(&gap);
    assert!(gap.code == Some(1) && gap.err.contains("where trustee 5 is missing"), "{gap}");
    create.extend(["--trustee", identities[4].as_str()]);
    let said = hand.good(&create);
    let terms = word_after(&said, "terms ");
    let logs: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("  mill-exchange")).collect();
    let logs: Vec<String> = logs.iter().map(|rest| format!("mill-exchange{rest}")).collect();
    let unfinished = hand.run(&["client", "count"]);
    assert!(unfinished.code == Some(1) && unfinished.err.contains("is not finished"), "{unfinished}");
    let serve_all = || -> Vec<Served> {
        witnesses.iter().map(|(_, folder, at)| serve_witness(hand, folder, at, [&logs[0], &logs[1]])).collect()
    };
    let served_witnesses = serve_all();

    // Three come, one of them is killed, and so is the custodian's server.
    let server = Served::start(&hand.dir, &["ring", "serve", "--listen", "127.0.0.1:0"]);
    let (address, at) = (server.address.clone(), format!("http://{}", server.address));
    let mut early: Vec<Joining> = [1, 2, 3].map(|index| ceremony.join(index, &at, &[])).into();
    for joining in &mut early {
        joining.says("waiting for the broadcast of round 1 from trustee");
    }
    early.remove(1).kill();
    // The others look again after those of before have left their messages.
    let mut missing = String::new();
    for _ in 0..100 {
        missing = hand.good(&["ring", "status"]);
        if !missing.contains("trustee 1") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(
        missing.contains("waiting for the broadcast of trustee 4 (firm-4 in XE), trustee 5 (firm-5 in XF)"),
        "{missing}"
    );
    let soon = hand.run(&["ring", "finish"]);
    assert!(soon.code == Some(1) && soon.err.contains("trustee 4 (firm-4 in XE)"), "{soon}");
    server.kill();
    let server = Served::start(&hand.dir, &["ring", "serve", "--listen", &address]);
    let twice = hand.run(&["ring", "serve", "--listen", "127.0.0.1:0"]);
    assert!(twice.code == Some(1) && twice.err.contains("another countersign serves the ceremony"), "{twice}");
    early.extend([2, 4, 5].map(|index| ceremony.join(index, &at, &[])));

    // All see one genesis; each owner has to agree.
    let shown: Vec<Ran> = early.into_iter().map(Joining::ended).collect();
    for ran in &shown {
        assert!(ran.code == Some(0) && ran.out.contains("agrees with the ceremony"), "{ran}");
    }
    let said = |ran: &Ran, before: &str| -> String {
        let line = ran.out.lines().find_map(|line| line.strip_prefix(before)).unwrap_or_else(|| panic!("{ran}"));
        line[..64].to_owned()
    };
    let (genesis, ring) = (said(&shown[0], "genesis "), said(&shown[0], "  key ring "));
    let index = said(&shown[0], "  index ring ");
    for ran in &shown {
        assert_eq!((said(ran, "genesis "), said(ran, "  key ring ")), (genesis.clone(), ring.clone()));
        assert_eq!(said(ran, "  index ring "), index);
    }
    let other = ceremony.join(2, &at, &["--sign", &"0".repeat(64)]).ended();
    assert!(other.code == Some(1) && other.err.contains("nothing is signed"), "{other}");
    let mut signing: Vec<Joining> = (1..=5).map(|index| ceremony.join(index, &at, &["--sign", &genesis])).collect();
    signing.iter_mut().for_each(|joining| joining.says("waiting for the signatures of the people"));
    signing.remove(2).kill();

    let trustees: Vec<(usize, String)> = [1, 3, 4].map(|index| (index, free())).into();
    let at_them: Vec<String> = trustees.iter().map(|(index, at)| format!("{index}=http://{at}")).collect();
    let finish: Vec<&str> =
        ["ring", "finish"].into_iter().chain(at_them.iter().flat_map(|at| ["--trustee-at", at])).collect();
    let founded = hand.good(&finish);
    assert_eq!((word_after(&founded, "genesis "), word_after(&founded, "key ring ")), (genesis.clone(), ring.clone()));
    let again = hand.run(&finish);
    assert!(again.code == Some(1) && again.err.contains("is founded already"), "{again}");
    // The one that was killed agreed before: it only installs.
    signing.push(ceremony.join(3, &at, &[]));
    for ran in signing.into_iter().map(Joining::ended) {
        assert!(ran.code == Some(0) && ran.out.contains("is signed by all and installed"), "{ran}");
    }
    assert!(hand.good(&["ring", "status"]).contains(&format!("key ring in force: {ring}\n")));
    drop(server);
    let shown = hand.good(&["trustee", "show", ceremony.folder(1).to_str().unwrap()]);
    assert!(shown.contains(&format!("genesis {genesis} installed")), "{shown}");

    // Anybody recomputes the ring from the ceremony's log.
    let log = hand.inside("custodian/ceremony/log");
    let holds = hand.good(&["verify", "ring", &log, "--ring", &ring]);
    assert!(holds.contains(&format!("key ring {ring} as pinned")) && holds.contains(&terms), "{holds}");
    let both = hand.good(&["verify", "ring", &log, "--ring", &ring, "--index-ring", &index]);
    assert!(both.contains(&format!("index ring {index} as pinned")) && both.contains("lookup_email"), "{both}");
    let swapped = hand.run(&["verify", "ring", &log, "--ring", &index, "--index-ring", &ring]);
    assert!(swapped.code == Some(1) && swapped.err.contains("not to") && swapped.out.is_empty(), "{swapped}");
    let other = hand.run(&["verify", "ring", &log, "--ring", &genesis]);
    assert!(other.code == Some(1) && other.err.contains("not to"), "{other}");

    // And the custodian works: clients in, a release through three trustees.
    let journal = Served::start(&hand.dir, &["log", "serve", "--listen", "127.0.0.1:0"]);
    let journal_at = format!("http://{}", journal.address);
    let clients = hand.file("clients.csv", CLIENTS);
    let imported = hand.run(&[&["client", "import", &clients], MAPS.as_slice()].concat());
    assert!(imported.code == Some(0) && imported.out.contains("2 stored"), "{imported}");
    assert!(
        imported.err.contains("the index is not complete: 0 of 3 trustees answered"),
        "no trustee serves yet: {imported}"
    );
    let serving: Vec<Served> = trustees
        .iter()
        .map(|(index, at)| {
            let folder = ceremony.folder(*index);
            let secret = ceremony.secret(*index);
            let mut arguments =
                vec!["trustee", "serve", folder.to_str().unwrap(), "--log", &journal_at, "--listen", at];
            arguments.extend(secret.iter().map(String::as_str));
            Served::start(&hand.dir, &arguments)
        })
        .collect();
    let indexed = hand.good(&[&["client", "index", &clients], MAPS.as_slice()].concat());
    assert!(
        indexed.contains("lookup_email: 2 values in the index") && indexed.contains("0 enrolments open"),
        "{indexed}"
    );
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    let released = hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    assert_eq!(released.matches(": answered").count(), 3, "{released}");
    drop((serving, served_witnesses));
}
