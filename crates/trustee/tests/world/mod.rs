//! A small custodian around five real trustees: their ceremony through the API, people with Ed25519 keys, the built-in policy, three
//! witnesses of whom two suffice, a journal of tiles in a folder.

mod case;
mod founding;
mod log;

pub(crate) use case::*;
pub(crate) use founding::*;
pub(crate) use log::*;

use countersign_core::control::{Action, Change, ChangeV1, control_message};
use countersign_core::id::{AuthorityId, Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_testkit::random;
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, LeafId};
use countersign_trustee::{Answered, FolderSource, Result, TailReport, Trustee};
use countersign_verify::refusal::Code;
use countersign_verify::wire::{Answer, Outcome, Receipt, Signed};
use ed25519_dalek::SigningKey;
use rand_chacha::rand_core::Rng as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

pub(crate) fn seed(name: &str) -> [u8; 32] {
    random::seed(&format!("trustee test {name}"))
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(crate) fn person_id(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

pub(crate) fn authority_id(name: &str) -> AuthorityId {
    AuthorityId::parse(name).unwrap()
}

/// One test's own copy of the founded custodian.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) now: Timestamp,
    pub(crate) log: Log,
    changes: u32,
    asked: AtomicU32,
}

impl World {
    /// Installed, genesis published and witnessed now; nobody has read it.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for index in 1..=N {
            copy(&founded().trustee(index), &folder.path().join(format!("trustee-{index}")));
        }
        let now = at("2026-11-20T13:00:00Z");
        let mut log = Log::new(folder.path().join("log"));
        log.append(founded().genesis_leaf.clone());
        log.publish(now);
        Self { folder, now, log, changes: 0, asked: AtomicU32::new(0) }
    }

    /// A trustee read from its folder.
    pub(crate) fn open(&self, index: u16) -> Trustee {
        Trustee::open(&self.path(index)).unwrap()
    }

    pub(crate) fn path(&self, index: u16) -> PathBuf {
        self.folder.path().join(format!("trustee-{index}"))
    }

    pub(crate) fn source(&self) -> FolderSource {
        FolderSource(self.log.folder.clone())
    }

    pub(crate) async fn tail(&self, trustee: &Trustee) -> Result<TailReport> {
        trustee.tail(&self.source(), self.now).await
    }

    /// The trustee reads the journal and answers the request for this case.
    pub(crate) async fn ask(&self, trustee: &Trustee, case: &Case) -> Vec<u8> {
        self.tail(trustee).await.unwrap();
        let request = case.request(trustee.index(), self.now);
        let fresh = seed(&format!("answer {}", self.asked.fetch_add(1, Ordering::Relaxed)));
        match trustee.answer(&request, self.now, fresh).await.unwrap() {
            Answered::Answer(bytes) => bytes,
            Answered::Unauthenticated => panic!("the desk was not recognised"),
        }
    }

    /// The next change, which nobody has signed.
    pub(crate) fn draft(&self, action: Action) -> Exact<Change> {
        let change = Change {
            v: ChangeV1,
            custodian: CUSTODIAN,
            genesis: founded().genesis.digest(),
            number: self.changes + 1,
            effective: at("2026-01-01T00:00:00Z"),
            action,
        };
        Exact::write(change).unwrap()
    }

    /// A control leaf, signed by these parties and published now.
    pub(crate) fn change(&mut self, action: Action, signers: &[&str]) -> u64 {
        let body = self.draft(action).text().to_owned();
        self.changes += 1;
        let signatures = signers.iter().map(|party| signature(party, &body, &self.folder)).collect();
        let id = LeafId(seed(&body)[..16].try_into().unwrap());
        let leaf = ControlLeaf::new(id, 1, body, signatures).unwrap().to_bytes().unwrap();
        let index = self.log.append(leaf);
        self.log.publish(self.now);
        index
    }

    /// The desk logs the receipt of an answer, as the trustee has salted it.
    pub(crate) fn log_receipt(&mut self, answer: &[u8]) {
        let answer = read(answer);
        let leaf = receipt_leaf(&answer.0.disclosure);
        self.log.append(leaf);
        self.log.publish(self.now);
    }

    /// Time passes, and the witnesses cosign again.
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now = self.now.plus(seconds);
        self.log.publish(self.now);
    }
}

pub(crate) fn signature(party: &str, body: &str, folder: &TempDir) -> ControlSignature {
    let sig = match party.strip_prefix("trustee:") {
        // Genesis is signed by the trustee itself. Changes are signed with its key: a trustee would refuse most of what the tests
        // put into the journal.
        Some(index) if body.starts_with("{\"v\":\"countersign/genesis/v1\"") => {
            Trustee::open(&folder.path().join(format!("trustee-{index}"))).unwrap().sign_control(body).unwrap()
        }
        Some(index) => signed_by(&trustee_key(index.parse().unwrap()), &control_message(body)),
        None => plain_signature(party.strip_prefix("person:").unwrap(), &control_message(body)),
    };
    ControlSignature { by: party.to_owned(), sig }
}

/// The identity key of a trustee, as `Trustee::create` draws it first.
pub(crate) fn trustee_key(index: u16) -> SigningKey {
    let mut identity = [0; 32];
    random::named(&format!("keys {index}")).fill_bytes(&mut identity);
    SigningKey::from_bytes(&identity)
}

/// Answer and receipt, whose signatures are of the trustee that the receipt names.
pub(crate) fn read(answer: &[u8]) -> (Answer, Receipt) {
    (1..=N)
        .find_map(|index| {
            let key = founded().publics[usize::from(index) - 1].identity;
            let answer = Signed::<Answer>::open(answer, &key).ok()?;
            let receipt = Signed::<Receipt>::open(answer.value().receipt.as_bytes(), &key).unwrap();
            assert_eq!(receipt.value().trustee, index);
            Some((answer.value().clone(), receipt.value().clone()))
        })
        .expect("an answer signed by a trustee")
}

/// The code of a refusal; `None` for an answer with partial decryptions.
pub(crate) fn code(answer: &[u8]) -> Option<Code> {
    let (answer, receipt) = read(answer);
    assert_eq!(receipt.outcome == Outcome::Answered, answer.reply.is_some());
    receipt.code.map(|code| Code::parse(&code).unwrap())
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            // A trustee that was just dropped removes its write-ahead log meanwhile.
            let copied = std::fs::copy(entry.path(), target);
            assert!(copied.is_ok() || !entry.path().exists(), "{copied:?}");
        }
    }
}

/// Digest of a 32-byte name.
pub(crate) fn digest(name: &str) -> Digest {
    Digest(seed(name))
}

/// The two approvers and three trustees that a change needs.
pub(crate) const ENOUGH: [&str; 5] = ["person:anna-berg", "person:bruno-costa", "trustee:1", "trustee:2", "trustee:3"];
