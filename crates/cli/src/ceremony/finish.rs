//! The end of a founding: the people sign genesis, leaf 0 goes into the journal, the folder becomes a custodian's.

use super::Hall;
use super::prepare::{CONFIG_DRAFT, draft};
use crate::config::{Config, PartyAt};
use crate::edge;
use crate::files;
use crate::installed::RingNames;
use crate::place::Place;
use crate::signer::Signer;
use crate::tiles;
use anyhow::{Context, Result, bail, ensure};
use countersign_core::control::{Genesis, RingRef, Role, Trustees};
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_log::Log;
use countersign_seal::kind::KeyType;
use countersign_store::journal::{Journal as _, SqliteJournal};
use countersign_store::sqlite::{SqliteSigmas, SqliteStore};
use countersign_store::{Cases, NewLeaf};
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, LeafId, tick_of};
use countersign_tlog::note::SigningKey;
use countersign_trustee::founding::{Item, Meeting, Stage};
use countersign_verify::founding::Outcome;
use countersign_verify::state::ControlState;

/// What was founded.
pub(crate) struct Founded {
    pub(crate) genesis: Digest,
    pub(crate) ring: Option<Digest>,
    pub(crate) index_ring: Option<Digest>,
    pub(crate) signers: usize,
}

/// Genesis of a meeting whose ring all trustees have confirmed: the draft with ring and trustees, the same bytes every time.
pub(super) fn genesis(place: &Place, meeting: &Meeting) -> Result<Exact<Genesis>> {
    let outcomes = meeting.outcomes().context("the ceremony has made no ring yet")?;
    let founding = meeting.founding();
    let trustees = Trustees { threshold: founding.terms().value().threshold, members: founding.members().to_vec() };
    let mut genesis = draft(place)?.value().clone();
    genesis.ring = Some(outcomes.sealing.reference());
    genesis.index_ring = outcomes.index.as_ref().map(Outcome::reference);
    genesis.trustees = Some(trustees);
    Ok(Exact::write(genesis)?)
}

/// Those who must sign genesis beside the trustees.
pub(crate) fn genesis_signers(genesis: &Genesis) -> impl Iterator<Item = &PersonId> {
    let must = |role: &Role| matches!(role, Role::Approver | Role::Counsel);
    genesis.people.iter().filter(move |person| person.roles.iter().any(must)).map(|person| &person.id)
}

/// The people sign, leaf 0 is appended, the configuration is written last: with it the folder is founded. May be repeated after a crash.
/// Without a hall: ladder level L0, no trustees.
pub(crate) async fn finish(
    place: &Place,
    hall: Option<&Hall>,
    people: &[(PersonId, Signer)],
    trustees: Vec<PartyAt>,
    now: Timestamp,
) -> Result<Founded> {
    let (genesis, leaf) = match hall {
        Some(hall) => with_trustees(hall, people, now)?,
        None => {
            let genesis = draft(place)?;
            let leaf = sign(&genesis, people, Vec::new(), now)?;
            (genesis, leaf)
        }
    };
    let signers = ControlLeaf::parse(&leaf)?.signatures().len();
    files::write(&place.document("genesis.json"), genesis.bytes())?;
    if let Some(hall) = hall {
        ring_documents(place, hall)?;
    }
    let mut config = Config::load_at(&place.ceremony().join(CONFIG_DRAFT))?;
    config.genesis = genesis.digest();
    config.trustees = trustees;
    first_leaf(place, &config, &genesis, leaf).await?;
    config.save(place)?;
    let id = |ring: &Option<RingRef>| ring.as_ref().map(|ring| ring.id);
    let (ring, index_ring) = (id(&genesis.value().ring), id(&genesis.value().index_ring));
    Ok(Founded { genesis: genesis.digest(), ring, index_ring, signers })
}

/// Leaf 0 of a meeting where all trustees have signed; once made it stays.
fn with_trustees(hall: &Hall, people: &[(PersonId, Signer)], now: Timestamp) -> Result<(Exact<Genesis>, Vec<u8>)> {
    hall.look(Item::Leaf)?;
    let (genesis, signatures) = {
        let meeting = hall.meeting();
        let stage = meeting.stage();
        if !matches!(stage, Stage::Leaf | Stage::Done) {
            bail!("the founding ceremony is not that far: {}", super::serve::told(&meeting, stage));
        }
        let genesis = meeting.genesis().context("the meeting holds no genesis")?.clone();
        if let Some(leaf) = meeting.get(Item::Leaf) {
            return Ok((genesis, leaf.to_vec()));
        }
        let signatures = (1..=meeting.founding().trustees()).map(|index| {
            let bytes = meeting.get(Item::Signature(index)).context("a signature is missing")?;
            Ok(ControlSignature { by: format!("trustee:{index}"), sig: String::from_utf8(bytes.to_vec())? })
        });
        (genesis, signatures.collect::<Result<Vec<_>>>()?)
    };
    let leaf = sign(&genesis, people, signatures, now)?;
    hall.take(Item::Leaf, &leaf)?;
    Ok((genesis, leaf))
}

fn sign(
    genesis: &Exact<Genesis>,
    people: &[(PersonId, Signer)],
    trustees: Vec<ControlSignature>,
    now: Timestamp,
) -> Result<Vec<u8>> {
    let body = genesis.text();
    let mut signatures = Vec::new();
    for person in genesis_signers(genesis.value()) {
        let signer = people.iter().find(|(id, _)| id == person);
        let (_, signer) = signer.with_context(|| format!("nothing signs for `{person}`"))?;
        signatures.push(ControlSignature { by: format!("person:{person}"), sig: signer.sign_control(body)? });
    }
    signatures.extend(trustees);
    let tick = tick_of(u64::try_from(now.unix()).unwrap_or(0));
    let leaf = ControlLeaf::new(LeafId::random(&mut edge::rng()?), tick, body.to_owned(), signatures);
    let leaf = leaf.context("genesis does not fit one control leaf: fewer people or shorter names are needed")?;
    ControlState::begin(&leaf, Some(&genesis.digest())).context("leaf 0 does not hold")?;
    Ok(leaf.to_bytes()?)
}

fn ring_documents(place: &Place, hall: &Hall) -> Result<()> {
    let meeting = hall.meeting();
    let outcomes = meeting.outcomes().context("the ceremony has made no ring yet")?;
    let (sealing, index) = (RingNames::of(KeyType::Sealing), RingNames::of(KeyType::Index));
    for (names, outcome) in
        std::iter::once((sealing, &outcomes.sealing)).chain(outcomes.index.iter().map(|it| (index, it)))
    {
        files::write(&place.document(names.ring), outcome.ring.bytes())?;
        files::write(&place.document(names.shares), outcome.shares.bytes())?;
    }
    for trustee in 1..=meeting.founding().trustees() {
        let both = meeting.confirmation(trustee).context("a confirmation is missing")?;
        files::write(&place.document(&sealing.confirmation(trustee)), both.sealing)?;
        if let Some(confirmation) = both.index {
            files::write(&place.document(&index.confirmation(trustee)), confirmation)?;
        }
    }
    Ok(())
}

/// Makes the stores and the log, with leaf 0 accepted. It becomes public when the log is first opened.
async fn first_leaf(place: &Place, config: &Config, genesis: &Exact<Genesis>, leaf: Vec<u8>) -> Result<()> {
    let tiles = tiles::open(place, config.tiles.as_ref())?;
    let log_key = SigningKey::parse(files::read_text(&place.key("log.key"), 1024)?.trim_end())?;
    let store = SqliteStore::open(&place.database()).await?;
    SqliteSigmas::open(&place.sigmas()).await?.close().await;
    let journal = SqliteJournal::open(&place.database()).await?;
    if journal.head().await?.is_none() {
        Log::init(&journal, &*tiles, &log_key).await?;
    }
    // The same leaf under the same key again changes nothing.
    let leaf = NewLeaf { key: genesis.digest().0, kind: "control".into(), leaf, disclosures: Vec::new() };
    store.append_leaves(Vec::new(), vec![leaf]).await?;
    let first = journal.entries(0, 2).await?;
    ensure!(first.len() == 1, "the journal holds more than leaf 0 before it is founded");
    journal.close().await;
    store.close().await;
    Ok(())
}
