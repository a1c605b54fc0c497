//! Genesis: keys of every party, the key ring by distributed key generation, leaf 0 signed by all.
//!
//! In one process here, but as separate parties: each writes only under its own folder, and nothing but the messages of the
//! ceremony passes between them.

mod directory;
mod people;

pub(crate) use directory::{SampleAuthority, sample_authorities};
pub(crate) use people::{SamplePerson, sample_people};

use crate::config::{Config, Cover, Openings, PartyAt, TilesAt};
use crate::edge;
use crate::files;
use crate::place::{AGE_KEY, AUTHORITY_KEY, CASE_KEY, Place, RECIPIENT_KEY, SIGNING_KEY};
use crate::signer::Signer;
use crate::tiles;
use anyhow::{Context, Result, bail, ensure};
use countersign_core::class::Class;
use countersign_core::control::{
    Custodian, Genesis, GenesisV1, JournalKey, Person, Reach, RingRef, Role, TrusteeMember, Trustees,
};
use countersign_core::country::Country;
use countersign_core::directory::Directory;
use countersign_core::id::{CustodianId, Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::{Clock, Timestamp};
use countersign_log::{Log, TileStore};
use countersign_policy::Bundle;
use countersign_seal::ceremony::{Ceremony, Party, Plan};
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::Sealing;
use countersign_seal::ring::{Confirmation, Ring, ShareEpoch};
use countersign_store::journal::SqliteJournal;
use countersign_store::sqlite::{SqliteSigmas, SqliteStore};
use countersign_store::{Cases, NewLeaf};
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, LeafId, tick_of};
use countersign_tlog::note::{KeyKind, KeyName, SigningKey};
use countersign_trustee::{Installed, Trustee};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What a new custodian is made from.
pub(crate) struct Founding {
    /// Name of the firm.
    pub(crate) name: String,
    /// State of its seat.
    pub(crate) seat: Country,
    /// The people, each with what signs for them.
    pub(crate) people: Vec<SamplePerson>,
    /// The authority directory, and the authorities whose keys are made here (samples).
    pub(crate) authorities: Vec<SampleAuthority>,
    /// States of the trustees; empty for ladder level L0.
    pub(crate) trustees: Vec<Country>,
    /// Threshold.
    pub(crate) threshold: u16,
    /// Classes to make keys for.
    pub(crate) classes: Vec<Class>,
    /// Whether this is a demo.
    pub(crate) demo: bool,
    /// Where the log's tiles will be, if not in the folder.
    pub(crate) tiles: Option<TilesAt>,
}

/// What was founded.
pub(crate) struct Founded {
    pub(crate) genesis: Digest,
    pub(crate) ring: Option<Digest>,
    pub(crate) signers: usize,
}

/// Three witnesses; two make a quorum.
const WITNESSES: u16 = 3;
const WITNESS_QUORUM: u16 = 2;

/// Makes a whole folder, or nothing: it is built beside and renamed at the end.
pub(crate) async fn found(root: &Path, founding: Founding, clock: &dyn Clock) -> Result<Founded> {
    if root.join("custodian").exists() {
        bail!("{} holds a custodian already: name another folder", root.display());
    }
    if root.exists() && root.read_dir()?.next().is_some() {
        bail!("{} is not empty: name a folder that is, or does not exist", root.display());
    }
    let building = building_folder(root)?;
    if building.exists() {
        std::fs::remove_dir_all(&building).with_context(|| format!("cannot remove {}", building.display()))?;
    }
    let founded = build(&Place::new(&building), founding, clock.now()).await?;
    if root.exists() {
        std::fs::remove_dir(root)?;
    }
    std::fs::rename(&building, root).with_context(|| format!("cannot make {}", root.display()))?;
    Ok(founded)
}

fn building_folder(root: &Path) -> Result<PathBuf> {
    let name = root.file_name().with_context(|| format!("{} has no name", root.display()))?;
    let mut name = name.to_owned();
    name.push(".building");
    Ok(root.with_file_name(name))
}

async fn build(place: &Place, founding: Founding, now: Timestamp) -> Result<Founded> {
    let tiles = tiles::open(place, founding.tiles.as_ref())?;
    tiles::demand_empty(&*tiles, &tiles::shown(place, founding.tiles.as_ref()))?;
    let mut rng = edge::rng()?;
    let custodian = CustodianId(random(&mut rng));
    let origin = format!("{}/journal", slug(&founding.name));
    let log_key = SigningKey::generate(KeyName::new(&origin)?, KeyKind::Ed25519, &mut rng)?;
    let witness_policy = witnesses(place, &log_key, &mut rng)?;
    let trustees = found_trustees(place, &founding, &mut rng)?;
    let authorities = founding.authorities.iter().map(|authority| authority.found(place, now, &mut rng));
    let mut authorities = authorities.collect::<Result<Vec<_>>>()?;
    authorities.sort_by(|left, right| left.id.cmp(&right.id));
    let directory = Exact::write(Directory { v: Default::default(), version: 1, authorities })?;
    let bundle = Bundle::builtin_eea_custodian()?;
    let desk_key = ed25519_dalek::SigningKey::from_bytes(&random(&mut rng));
    let people = founding.people.iter().map(|person| person.in_roster(now)).collect::<Result<Vec<_>>>()?;
    let genesis = Exact::write(Genesis {
        v: GenesisV1,
        custodian: Custodian { id: custodian, name: founding.name.clone(), seat: founding.seat },
        created: now,
        journal: JournalKey { origin, vkey: log_key.verifier().to_string() },
        witness_policy,
        desk_key: Digest(desk_key.verifying_key().to_bytes()),
        ring: trustees.as_ref().map(|trustees| trustees.reference.clone()),
        policy: bundle.digest(),
        directory: directory.digest(),
        change_approvals: 2,
        people: sorted(people),
        trustees: trustees.as_ref().map(|trustees| trustees.roster.clone()),
        vrf: Digest(random(&mut rng)),
    })?;
    let (leaf, signers) = sign_genesis(&genesis, &founding.people, trustees.as_ref(), now, &mut rng)?;
    let officers = people_keys(place, &founding.people)?;
    documents(place, &genesis, &bundle, &directory, trustees.as_ref())?;
    secrets(place, &log_key, &desk_key, &mut rng)?;
    for trustee in trustees.iter().flat_map(|trustees| &trustees.parties) {
        install(trustee, &genesis, &bundle, &directory, trustees.as_ref())?;
    }
    let parties = trustees.as_ref().map_or(0, |trustees| trustees.parties.len() as u16);
    let config = Config {
        v: 1,
        genesis: genesis.digest(),
        demo: founding.demo,
        trustees: PartyAt::local(parties),
        witnesses: PartyAt::local(WITNESSES),
        officers,
        tiles: founding.tiles,
        cover: Cover::default(),
        openings: Openings::default(),
    };
    config.save(place)?;
    close_folders(place)?;
    // Last, because a bucket keeps what is put there even if something fails after it.
    first_leaf(place, &*tiles, &log_key, leaf, &mut rng).await?;
    let ring = trustees.map(|trustees| trustees.reference.id);
    Ok(Founded { genesis: genesis.digest(), ring, signers })
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

/// The trustees after their ceremony.
struct Trusted {
    parties: Vec<Trustee>,
    roster: Trustees,
    reference: RingRef,
    ring: Exact<Ring>,
    shares: Exact<ShareEpoch>,
    confirmations: Vec<Exact<Confirmation>>,
}

fn found_trustees(place: &Place, founding: &Founding, rng: &mut ChaCha20Rng) -> Result<Option<Trusted>> {
    if founding.trustees.is_empty() {
        return Ok(None);
    }
    let n = u16::try_from(founding.trustees.len()).context("too many trustees")?;
    let (mut members, mut parties, mut open) = (Vec::new(), Vec::new(), Vec::new());
    for (index, state) in (1..=n).zip(&founding.trustees) {
        let folder = place.trustee(index);
        let public = Trustee::create(&folder, index, rng)?;
        let identity = IdentityKey::from_digest(&public.identity).context("a trustee's identity key is unusable")?;
        members.push(TrusteeMember {
            index,
            name: PersonId::parse(&format!("trustee-{}-{index}", state.as_str().to_lowercase()))?,
            state: *state,
            identity: public.identity,
            transport: public.transport.digest(),
            obliged_entity: true,
        });
        parties.push(Party { identity, transport: public.transport });
        open.push(Trustee::open(&folder)?);
    }
    let keys = founding.classes.iter().map(|class| (*class, 1)).collect();
    let plan =
        Plan::<Sealing> { name: "clients".into(), ceremony: Digest(random(rng)), t: founding.threshold, n, keys };
    let ceremony = Ceremony::new(plan, parties)?;
    let (ring, shares, confirmations) = generate(&ceremony, &open, rng)?;
    let reference = RingRef { id: ring.value().id(), share_epoch: shares.value().epoch, shares: shares.digest() };
    let roster = Trustees { threshold: founding.threshold, members };
    Ok(Some(Trusted { parties: open, roster, reference, ring, shares, confirmations }))
}

type Generated = (Exact<Ring>, Exact<ShareEpoch>, Vec<Exact<Confirmation>>);

/// Runs the three rounds. Every trustee must end with the same ring and confirm it.
fn generate(ceremony: &Ceremony<Sealing>, trustees: &[Trustee], rng: &mut ChaCha20Rng) -> Result<Generated> {
    let mut broadcasts = Vec::new();
    for trustee in trustees {
        broadcasts.push(trustee.dkg_start(ceremony, rng)?);
    }
    let mut inboxes: Vec<Vec<(u16, Vec<u8>)>> = vec![Vec::new(); trustees.len()];
    for (sender, trustee) in (1u16..).zip(trustees) {
        for (recipient, message) in trustee.dkg_proceed(ceremony, &broadcasts, rng)? {
            let inbox = inboxes.get_mut(usize::from(recipient) - 1).context("a message for nobody")?;
            inbox.push((sender, message));
        }
    }
    let mut agreed: Option<(Exact<Ring>, Exact<ShareEpoch>)> = None;
    let mut confirmations = Vec::new();
    for (trustee, inbox) in trustees.iter().zip(&inboxes) {
        let finished = trustee.dkg_finish(ceremony, inbox)?;
        let own = (finished.ring, finished.shares);
        let first = agreed.get_or_insert_with(|| own.clone());
        ensure!(*first == own, "the trustees did not end with the same ring");
        confirmations.push(finished.confirmation);
    }
    let (ring, shares) = agreed.context("no trustees")?;
    Ok((ring, shares, confirmations))
}

fn witnesses(place: &Place, log_key: &SigningKey, rng: &mut ChaCha20Rng) -> Result<String> {
    let mut policy = format!("log {}\n", log_key.verifier());
    let mut names = Vec::new();
    for number in 1..=WITNESSES {
        let name = format!("witness-{number}");
        let key = SigningKey::generate(KeyName::new(&format!("{name}.example"))?, KeyKind::CosignatureV1, rng)?;
        files::write_secret(&place.witness(number).join("witness.key"), key.to_secret_text().as_bytes())?;
        policy.push_str(&format!("witness {name} {}\n", key.verifier()));
        names.push(name);
    }
    policy.push_str(&format!("group all {WITNESS_QUORUM} {}\nquorum all\n", names.join(" ")));
    Ok(policy)
}

fn sign_genesis(
    genesis: &Exact<Genesis>,
    people: &[SamplePerson],
    trustees: Option<&Trusted>,
    now: Timestamp,
    rng: &mut ChaCha20Rng,
) -> Result<(Vec<u8>, usize)> {
    let body = genesis.text();
    let mut signatures = Vec::new();
    for person in people.iter().filter(|person| person.signs_genesis()) {
        let sig = person.signer.sign_control(body)?;
        signatures.push(ControlSignature { by: format!("person:{}", person.id), sig });
    }
    for (index, trustee) in (1u16..).zip(trustees.iter().flat_map(|trustees| &trustees.parties)) {
        signatures.push(ControlSignature { by: format!("trustee:{index}"), sig: trustee.sign_control(body)? });
    }
    let count = signatures.len();
    let tick = tick_of(u64::try_from(now.unix()).unwrap_or(0));
    let leaf = ControlLeaf::new(LeafId::random(rng), tick, body.to_owned(), signatures)
        .context("genesis does not fit one control leaf: fewer people or shorter names are needed")?;
    Ok((leaf.to_bytes()?, count))
}

fn documents(
    place: &Place,
    genesis: &Exact<Genesis>,
    bundle: &Bundle,
    directory: &Exact<Directory>,
    trustees: Option<&Trusted>,
) -> Result<()> {
    files::write(&place.document("genesis.json"), genesis.bytes())?;
    files::write(&place.document("policy-bundle.json"), bundle.to_document()?.as_bytes())?;
    files::write(&place.document("directory.json"), directory.bytes())?;
    let Some(trustees) = trustees else { return Ok(()) };
    files::write(&place.document("ring.json"), trustees.ring.bytes())?;
    files::write(&place.document("shares.json"), trustees.shares.bytes())?;
    for (index, confirmation) in (1u16..).zip(&trustees.confirmations) {
        files::write(&place.document(&format!("ring-confirmations/{index:03}.json")), confirmation.bytes())?;
    }
    Ok(())
}

fn secrets(
    place: &Place,
    log_key: &SigningKey,
    desk_key: &ed25519_dalek::SigningKey,
    rng: &mut ChaCha20Rng,
) -> Result<()> {
    files::write_secret(&place.key("log.key"), log_key.to_secret_text().as_bytes())?;
    files::write_secret(&place.key("desk.key"), &desk_key.to_bytes())?;
    for name in ["matter.key", "reference.key"] {
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(random(rng));
        files::write_secret(&place.key(name), key.as_slice())?;
    }
    Ok(())
}

/// Makes the stores and the log, with leaf 0 accepted. It becomes public when the log is first opened.
async fn first_leaf(
    place: &Place,
    tiles: &dyn TileStore,
    log_key: &SigningKey,
    leaf: Vec<u8>,
    rng: &mut ChaCha20Rng,
) -> Result<()> {
    let store = SqliteStore::open(&place.database()).await?;
    let sigmas = SqliteSigmas::open(&place.sigmas()).await?;
    sigmas.close().await;
    let journal = SqliteJournal::open(&place.database()).await?;
    Log::init(&journal, tiles, log_key).await?;
    let leaf = NewLeaf { key: random(rng), kind: "control".into(), leaf, disclosures: Vec::new() };
    store.append_leaves(Vec::new(), vec![leaf]).await?;
    journal.close().await;
    store.close().await;
    Ok(())
}

fn install(
    trustee: &Trustee,
    genesis: &Exact<Genesis>,
    bundle: &Bundle,
    directory: &Exact<Directory>,
    trustees: Option<&Trusted>,
) -> Result<()> {
    let trustees = trustees.context("no trustees")?;
    let installed = Installed {
        genesis: genesis.digest(),
        policy: bundle.to_document()?.into_bytes(),
        directory: directory.text().to_owned(),
        ring: trustees.ring.text().to_owned(),
        confirmations: trustees.confirmations.iter().map(|confirmation| confirmation.text().to_owned()).collect(),
        shares: trustees.shares.text().to_owned(),
    };
    Ok(trustee.install(&installed)?)
}

/// Writes the people's key files and returns the age recipients of those who work on cases.
fn people_keys(place: &Place, people: &[SamplePerson]) -> Result<Vec<String>> {
    let mut officers = Vec::new();
    for person in people {
        let folder = place.person(&person.id);
        if let Ok(text) = person.signer.to_secret_text() {
            files::write_secret(&folder.join(SIGNING_KEY), text.as_bytes())?;
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

/// An age identity as a line of its file.
pub(crate) fn secret_line(identity: &age::x25519::Identity) -> Zeroizing<String> {
    use age::secrecy::ExposeSecret;
    Zeroizing::new(format!("{}\n", identity.to_string().expose_secret()))
}

pub(crate) fn random<const N: usize>(rng: &mut ChaCha20Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
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

/// A reachability statement made now.
pub(crate) fn reach(states: &[Country], at: Timestamp) -> Reach {
    let mut states = states.to_vec();
    states.sort_unstable();
    states.dedup();
    Reach { states, at }
}

/// The names of an authority's key files, for messages.
pub(crate) const AUTHORITY_FILES: [&str; 3] = [AUTHORITY_KEY, RECIPIENT_KEY, AGE_KEY];

/// What signs for a person whose key file lies in the folder.
pub(crate) fn signer_of(place: &Place, person: &PersonId) -> Result<Signer> {
    Signer::load(&place.person(person).join(SIGNING_KEY))
}
