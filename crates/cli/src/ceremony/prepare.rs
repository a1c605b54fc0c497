//! What the custodian makes alone: its keys and documents, the genesis that still lacks a ring, the terms of the ceremony.

use super::{Founding, SamplePerson, random, secret_line};
use crate::config::{Config, Cover, IndexConfig, Openings, PartyAt};
use crate::files;
use crate::place::{CASE_KEY, Place, READER_KEY, SIGNING_KEY};
use crate::tiles;
use anyhow::{Context, Result, bail, ensure};
use countersign_core::class::Class;
use countersign_core::control::{Custodian, Genesis, GenesisV1, JournalKey, Person, Role};
use countersign_core::directory::Directory;
use countersign_core::encoding::hex;
use countersign_core::id::{CustodianId, Digest};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_policy::Bundle;
use countersign_seal::kind::Attribute;
use countersign_tlog::note::{KeyKind, KeyName, SigningKey, VerifierKey};
use countersign_verify::founding::{self, ceremony_origin, ceremony_policy};
use countersign_verify::state::check_trustee_states;
use countersign_verify::wire::{CeremonyTerms, CeremonyTermsV1, IndexTerms};
use rand_chacha::ChaCha20Rng;
use zeroize::Zeroizing;

/// Witnesses made in the folder when none are named; two make a quorum.
const WITNESSES: u16 = 3;

/// A witness on a machine of its owner.
#[derive(Debug, Clone)]
pub(crate) struct WitnessAt {
    pub(crate) vkey: VerifierKey,
    pub(crate) url: String,
}

impl std::str::FromStr for WitnessAt {
    type Err = anyhow::Error;

    /// `VKEY@URL`.
    fn from_str(text: &str) -> Result<Self> {
        let at = ["@http://", "@https://"].iter().find_map(|scheme| text.find(scheme));
        let (vkey, url) = at.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))).with_context(|| {
            format!(
                "`{text}` is not VKEY@URL, for example witness.example/w1+1a2b3c4d+BVf...@https://witness.example/w1"
            )
        })?;
        let vkey = VerifierKey::parse(vkey).with_context(|| format!("witness at {url}"))?;
        ensure!(
            vkey.kind() == KeyKind::CosignatureV1,
            "`{}` is no key of a witness (signature type 0x04)",
            vkey.name()
        );
        Ok(Self { vkey, url: url.to_owned() })
    }
}

/// What the trustees bring to the terms.
pub(crate) struct TrusteeTerms {
    /// Signed identities of trustees 1 to n.
    pub(crate) identities: Vec<String>,
    /// Shares needed.
    pub(crate) threshold: u16,
    /// Classes to make keys for.
    pub(crate) classes: Vec<Class>,
    /// Attributes of the blind index to make keys for; none: no index ring.
    pub(crate) attributes: Vec<Attribute>,
}

/// Makes everything but what needs the ring. Leaves the draft of genesis and of the configuration under `custodian/ceremony`.
pub(crate) fn prepare(place: &Place, founding: &Founding, now: Timestamp, rng: &mut ChaCha20Rng) -> Result<()> {
    let tiles = tiles::open(place, founding.tiles.as_ref())?;
    tiles::demand_empty(&*tiles, &tiles::shown(place, founding.tiles.as_ref()))?;
    let origin = founding.origin.clone().unwrap_or_else(|| format!("{}/journal", slug(&founding.name)));
    let log_key = SigningKey::generate(KeyName::new(&origin)?, KeyKind::Ed25519, rng)?;
    let (witness_policy, witnesses) = witnesses(place, &founding.witnesses, log_key.verifier(), rng)?;
    let authorities = founding.authorities.iter().map(|authority| authority.found(place, now, rng));
    let mut authorities = authorities.collect::<Result<Vec<_>>>()?;
    authorities.sort_by(|left, right| left.id.cmp(&right.id));
    let directory = Exact::write(Directory { v: Default::default(), version: 1, authorities })?;
    let bundle = Bundle::builtin_eea_custodian()?;
    let desk_key = ed25519_dalek::SigningKey::from_bytes(&random(rng));
    let people = founding.people.iter().map(|person| person.in_roster(now)).collect::<Result<Vec<_>>>()?;
    let genesis = Exact::write(Genesis {
        v: GenesisV1,
        custodian: Custodian { id: CustodianId(random(rng)), name: founding.name.clone(), seat: founding.seat },
        created: now,
        journal: JournalKey { origin, vkey: log_key.verifier().to_string() },
        witness_policy,
        desk_key: Digest(desk_key.verifying_key().to_bytes()),
        ring: None,
        index_ring: None,
        policy: bundle.digest(),
        directory: directory.digest(),
        change_approvals: 2,
        people: sorted(people),
        trustees: None,
        vrf: Digest(random(rng)),
    })?;
    let officers = people_keys(place, &founding.people)?;
    files::write(&place.document("policy-bundle.json"), bundle.to_document()?.as_bytes())?;
    files::write(&place.document("directory.json"), directory.bytes())?;
    files::write_secret(&place.key("log.key"), log_key.to_secret_text().as_bytes())?;
    files::write_secret(&place.key("desk.key"), &desk_key.to_bytes())?;
    for name in ["matter.key", "reference.key"] {
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(random(rng));
        files::write_secret(&place.key(name), key.as_slice())?;
    }
    files::write(&place.ceremony().join(GENESIS_DRAFT), genesis.bytes())?;
    let config = Config {
        v: 1,
        genesis: genesis.digest(),
        demo: founding.demo,
        trustees: Vec::new(),
        witnesses,
        officers,
        tiles: founding.tiles.clone(),
        cover: Cover::default(),
        openings: Openings::default(),
        requests: None,
        // A demo must be short: it enrols what its story looks up.
        index: founding.demo.then(|| IndexConfig { attributes: vec![Attribute::NameBirth] }),
        screening: None,
    };
    config.save_at(&place.ceremony().join(CONFIG_DRAFT))?;
    close_folders(place)
}

/// Genesis without ring and trustees.
pub(super) const GENESIS_DRAFT: &str = "genesis-draft.json";
/// The configuration as it will be, under the digest of the draft.
pub(super) const CONFIG_DRAFT: &str = "config-draft.json";
/// Name of the file with the terms.
pub(super) const TERMS: &str = "terms.json";
/// Name of the key of the ceremony's log.
pub(super) const CEREMONY_KEY: &str = "ceremony-log.key";

/// The genesis that [`prepare`] left.
pub(super) fn draft(place: &Place) -> Result<Exact<Genesis>> {
    let path = place.ceremony().join(GENESIS_DRAFT);
    Exact::parse(&files::read(&path, 64 * 1024)?).with_context(|| path.display().to_string())
}

/// Makes the log of the ceremony and writes the terms: from here on trustees may attend.
pub(crate) fn write_terms(place: &Place, trustees: TrusteeTerms, rng: &mut ChaCha20Rng) -> Result<founding::Founding> {
    let draft = draft(place)?;
    let genesis = draft.value();
    let origin = ceremony_origin(&genesis.journal.origin);
    let log_key = SigningKey::generate(KeyName::new(&origin)?, KeyKind::Ed25519, rng)?;
    let vkey = log_key.verifier().to_string();
    files::write_secret(&place.key(CEREMONY_KEY), log_key.to_secret_text().as_bytes())?;
    let terms = Exact::write(CeremonyTerms {
        v: CeremonyTermsV1,
        id: Digest(random(rng)),
        custodian: genesis.custodian.clone(),
        created: genesis.created,
        journal: genesis.journal.clone(),
        witness_policy: ceremony_policy(&genesis.witness_policy, &vkey),
        log: JournalKey { origin, vkey },
        ring: "clients".to_owned(),
        threshold: trustees.threshold,
        classes: trustees.classes,
        index: (!trustees.attributes.is_empty())
            .then(|| IndexTerms { ring: "index".to_owned(), attributes: trustees.attributes }),
        trustees: trustees.identities,
    })?;
    let founding = founding::Founding::new(terms)?;
    // Nobody would begin with such a genesis: better to say so before the ceremony than after it.
    let terms = founding.terms().value();
    check_trustee_states(terms.custodian.seat, terms.threshold, founding.members())?;
    files::write(&place.ceremony().join(TERMS), founding.terms().bytes())?;
    Ok(founding)
}

/// The policy of witnesses, and where each of them is: those named, or three made in the folder.
fn witnesses(
    place: &Place,
    named: &[WitnessAt],
    log: &VerifierKey,
    rng: &mut ChaCha20Rng,
) -> Result<(String, Vec<PartyAt>)> {
    let mut keys = Vec::new();
    let mut at = Vec::new();
    if named.is_empty() {
        for number in 1..=WITNESSES {
            let name = KeyName::new(&format!("witness-{number}.example"))?;
            let key = SigningKey::generate(name, KeyKind::CosignatureV1, rng)?;
            files::write_secret(&place.witness(number).join("witness.key"), key.to_secret_text().as_bytes())?;
            keys.push(key.verifier().to_string());
        }
        at = PartyAt::local(WITNESSES);
    }
    for (number, witness) in (1u16..).zip(named) {
        let vkey = witness.vkey.to_string();
        if keys.contains(&vkey) {
            bail!("witness `{}` is named twice", witness.vkey.name());
        }
        keys.push(vkey);
        at.push(PartyAt { number, at: witness.url.clone() });
    }
    let mut policy = format!("log {log}\n");
    let mut names = Vec::new();
    for (number, key) in (1..).zip(&keys) {
        policy.push_str(&format!("witness witness-{number} {key}\n"));
        names.push(format!("witness-{number}"));
    }
    // More than half: any two quorums have a witness in common, so two histories cannot both be witnessed.
    let quorum = names.len() / 2 + 1;
    policy.push_str(&format!("group all {quorum} {}\nquorum all\n", names.join(" ")));
    Ok((policy, at))
}

/// Writes the people's key files and returns the age recipients of those who work on cases.
fn people_keys(place: &Place, people: &[SamplePerson]) -> Result<Vec<String>> {
    let mut officers = Vec::new();
    for person in people {
        let folder = place.person(&person.id);
        if let Ok(text) = person.signer.to_secret_text() {
            files::write_secret(&folder.join(SIGNING_KEY), text.as_bytes())?;
        }
        if let Some(seed) = &person.reader {
            files::write_secret(&folder.join(READER_KEY), Zeroizing::new(hex(seed.as_slice()) + "\n").as_bytes())?;
        }
        if person.roles.contains(&Role::Officer) {
            let identity = age::x25519::Identity::generate();
            officers.push(identity.to_public().to_string());
            files::write_secret(&folder.join(CASE_KEY), secret_line(&identity).as_bytes())?;
        }
    }
    ensure!(!officers.is_empty(), "nobody has the role officer: raw requests could be read by nobody");
    Ok(officers)
}

/// Nobody but the owner looks into the folder of a party.
fn close_folders(place: &Place) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for entry in std::fs::read_dir(place.root())? {
        let path = entry?.path();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))
            .with_context(|| format!("cannot close {} to others", path.display()))?;
    }
    Ok(())
}

fn sorted(mut people: Vec<Person>) -> Vec<Person> {
    people.sort_by(|left, right| left.id.cmp(&right.id));
    people
}

/// The firm's name as the first part of the journal's origin.
fn slug(name: &str) -> String {
    let mut slug: String =
        name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    while slug.contains("--") {
        slug = slug.replace("--", "-");
    }
    let slug = slug.trim_matches('-');
    format!("{}.example", if slug.is_empty() { "custodian" } else { slug })
}
