//! Keys, the ceremony, and what a trustee signs by itself.

use crate::world::*;
use countersign_approve::{PublicKey, verify_control_signature};
use countersign_core::control::{Action, Change, ChangeV1};
use countersign_core::id::OrderId;
use countersign_core::json::Exact;
use countersign_seal::dkg::DkgError;
use countersign_testkit::random;
use countersign_trustee::{AtRest, Passphrase, Trustee, TrusteeError};
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn keys_are_never_overwritten_and_only_their_owner_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let public = Trustee::create(folder.path(), 3, &mut random::named("a")).unwrap();
    let again = Trustee::create(folder.path(), 3, &mut random::named("b"));
    assert!(matches!(again, Err(TrusteeError::Exists(_))));
    let passphrase = Passphrase::new("correct horse".into()).unwrap();
    let encrypted = Trustee::create_encrypted(folder.path(), 3, passphrase, &mut random::named("b"));
    assert!(matches!(encrypted, Err(TrusteeError::Exists(_))));
    let trustee = Trustee::open(folder.path()).unwrap();
    assert_eq!((trustee.public(), trustee.index(), trustee.at_rest()), (&public, 3, AtRest::Plain));
    let secret = folder.path().join("secret");
    assert_eq!(std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(secret).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(Trustee::create(&folder.path().join("other"), 0, &mut random::named("c")).is_err());
}

#[test]
fn a_passphrase_protects_every_secret() {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = |text: &str| Passphrase::new(text.into()).unwrap();
    let public =
        Trustee::create_encrypted(folder.path(), 1, passphrase("correct horse"), &mut random::named("a")).unwrap();
    let stored = std::fs::read(folder.path().join("secret/keys.age")).unwrap();
    assert!(stored.starts_with(b"age-encryption.org/v1\n-> scrypt "));
    assert!(matches!(Trustee::open(folder.path()), Err(TrusteeError::Secrets(_))));
    assert!(matches!(Trustee::open_encrypted(folder.path(), passphrase("wrong")), Err(TrusteeError::Secrets(_))));
    let trustee = Trustee::open_encrypted(folder.path(), passphrase("correct horse")).unwrap();
    assert_eq!((trustee.public(), trustee.at_rest()), (&public, AtRest::Encrypted));
    assert!(Passphrase::new(String::new()).is_err());
}

#[test]
fn a_plain_secret_put_beside_encrypted_ones_is_not_read() {
    let (plain, encrypted) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Trustee::create(plain.path(), 1, &mut random::named("a")).unwrap();
    copy(plain.path(), encrypted.path());
    let opened = Trustee::open_encrypted(encrypted.path(), Passphrase::new("correct horse".into()).unwrap());
    assert!(matches!(opened, Err(TrusteeError::Secrets(_))));
}

#[test]
fn every_step_of_the_ceremony_may_be_repeated_and_gives_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let open = |index: u16| Trustee::open(&folder.path().join(index.to_string())).unwrap();
    let publics: Vec<_> = (1..=N)
        .map(|index| {
            let path = folder.path().join(index.to_string());
            Trustee::create(&path, index, &mut random::named(&format!("{index}"))).unwrap()
        })
        .collect();
    let ceremony = ceremony(&publics);
    let fresh = |name: &str| random::named(name);
    assert!(matches!(open(1).dkg_proceed(&ceremony, &[], &mut fresh("x")), Err(TrusteeError::NotReady(_))));
    assert!(matches!(open(1).dkg_finish(&ceremony, &[]), Err(TrusteeError::NotReady(_))));

    let start = |index: u16, name: &str| open(index).dkg_start(&ceremony, &mut fresh(name)).unwrap();
    let broadcasts: Vec<_> = (1..=N).map(|index| start(index, &format!("start {index}"))).collect();
    assert_eq!(start(1, "again"), broadcasts[0]);

    let proceed = |index: u16, name: &str| open(index).dkg_proceed(&ceremony, &broadcasts, &mut fresh(name)).unwrap();
    let sent: Vec<_> = (1..=N).map(|index| proceed(index, &format!("proceed {index}"))).collect();
    assert_eq!(proceed(1, "again"), sent[0]);
    assert_eq!(start(1, "again"), broadcasts[0]);
    let mut others = broadcasts.clone();
    others.swap(1, 2);
    let changed = open(1).dkg_proceed(&ceremony, &others, &mut fresh("other"));
    assert!(matches!(changed, Err(TrusteeError::CeremonyRepeated(_))));

    let mut lying = inbox(&sent, 1);
    lying[0].1[1200] ^= 1;
    let blamed = open(1).dkg_finish(&ceremony, &lying);
    assert!(matches!(blamed, Err(TrusteeError::Ceremony(DkgError::Envelope { culprit: 2, .. }))));
    let finished: Vec<_> =
        (1..=N).map(|index| open(index).dkg_finish(&ceremony, &inbox(&sent, index)).unwrap()).collect();
    assert_eq!(open(1).dkg_finish(&ceremony, &[]).unwrap(), finished[0]);
    assert_eq!(proceed(1, "again"), sent[0]);
    assert!(finished.iter().all(|one| one.ring == finished[0].ring && one.shares == finished[0].shares));
}

#[test]
fn a_trustee_signs_its_own_genesis_by_itself_and_nothing_else() {
    let world = World::new();
    let trustee = world.open(2);
    let body = founded().genesis.text();
    let signature = trustee.sign_control(body).unwrap();
    let key = PublicKey::parse(&format!("ed25519 {}", trustee.public().identity)).unwrap();
    verify_control_signature(body, &key, &signature).unwrap();

    let mut other = founded().genesis.value().clone();
    other.custodian.name = "Another Exchange".into();
    let other = Exact::write(other).unwrap();
    assert!(trustee.sign_control(other.text()).unwrap_err().to_string().contains("another genesis is pinned"));

    let change = |genesis| Change {
        v: ChangeV1,
        custodian: CUSTODIAN,
        genesis,
        number: 1,
        effective: world.now,
        action: Action::HoldOrder(OrderId([1; 16])),
    };
    // A change is signed by what reads it against the fold.
    let own = Exact::write(change(founded().genesis.digest())).unwrap();
    assert!(trustee.sign_control(own.text()).unwrap_err().to_string().contains("not a genesis"));
    let foreign = Exact::write(change(other.digest())).unwrap();
    assert!(trustee.sign_control(foreign.text()).is_err());
    assert!(trustee.sign_control("I owe you a house").is_err());
}

#[test]
fn a_genesis_without_this_trustees_keys_or_ring_is_not_signed() {
    let folder = tempfile::tempdir().unwrap();
    Trustee::create(folder.path(), 2, &mut random::named("a stranger")).unwrap();
    let stranger = Trustee::open(folder.path()).unwrap();
    let refused = stranger.sign_control(founded().genesis.text()).unwrap_err().to_string();
    assert!(refused.contains("does not name this trustee"), "{refused}");

    copy(&founded().trustee(1), folder.path());
    std::fs::remove_dir_all(folder.path().join("documents")).unwrap();
    let mut genesis = founded().genesis.value().clone();
    genesis.ring.as_mut().unwrap().id = digest("a ring of somebody else");
    let refused = Trustee::open(folder.path()).unwrap().sign_control(Exact::write(genesis).unwrap().text());
    assert!(refused.unwrap_err().to_string().contains("holds no share"));
}

#[test]
fn documents_are_checked_and_the_pin_stays() {
    let world = World::new();
    let trustee = world.open(1);
    trustee.install(&founded().installed()).unwrap();
    let mut other = founded().installed();
    other.genesis = digest("another genesis");
    assert!(matches!(trustee.install(&other), Err(TrusteeError::Document { what: "genesis", .. })));
    for bad in [b"{}".as_slice(), b"", &founded().installed().policy[1..]] {
        assert!(trustee.add_policy(bad).is_err());
    }
    assert!(trustee.add_directory("{}").is_err());
    assert!(trustee.add_shares(founded().finished[0].ring.text()).is_err());
    assert!(trustee.add_ring(founded().finished[0].shares.text(), &[]).is_err());
}
