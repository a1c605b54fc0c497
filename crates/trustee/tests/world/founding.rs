//! Who there is: the trustees after their ceremony, the people, the directory, genesis.

use super::*;
use base64ct::{Base64, Encoding};
use countersign_core::class::Class;
use countersign_core::control::{
    Custodian, Genesis, GenesisV1, JournalKey, Person, Reach, RingRef, Role, TrusteeMember, Trustees,
};
use countersign_core::country::Country;
use countersign_core::directory::{Authority, AuthorityKind, Directory, DirectoryV1, RecipientKeys, Standing};
use countersign_core::id::CustodianId;
use countersign_policy::Bundle;
use countersign_seal::ceremony::{Ceremony, Party, Plan};
use countersign_seal::kind::{Attribute, Index, Kind, Sealing};
use countersign_seal::ring::{ConfirmedRing, DealerRings, VerifyingShares};
use countersign_seal::transport::TransportSecret;
use countersign_trustee::{Finished, Installed, Messages, PublicIdentity, RingDocuments};
use ed25519_dalek::{Signer, SigningKey};
use std::sync::OnceLock;

pub(crate) const N: u16 = 5;
pub(crate) const T: u16 = 3;
pub(crate) const CLASSES: [Class; 2] = [Class::Name, Class::Address];
pub(crate) const CUSTODIAN: CustodianId = CustodianId([7; 16]);
pub(crate) const COURT: &str = "xa-district-court";

pub(crate) fn signing_key(name: &str) -> SigningKey {
    SigningKey::from_bytes(&seed(name))
}

pub(crate) fn public(name: &str) -> Digest {
    Digest(signing_key(name).verifying_key().to_bytes())
}

/// In the spelling of a roster.
pub(crate) fn roster_key(name: &str) -> String {
    format!("ed25519 {}", public(name))
}

pub(crate) fn plain_signature(name: &str, message: &[u8]) -> String {
    signed_by(&signing_key(name), message)
}

pub(crate) fn signed_by(key: &SigningKey, message: &[u8]) -> String {
    Base64::encode_string(&key.sign(message).to_bytes())
}

pub(crate) fn court_secret() -> TransportSecret {
    TransportSecret::from_seed(seed("package key of the court"))
}

pub(crate) fn state(code: &str) -> Country {
    Country::parse(code).unwrap()
}

/// What the founding ended with.
pub(crate) struct Founded {
    folder: TempDir,
    pub(crate) publics: Vec<PublicIdentity>,
    pub(crate) finished: Vec<Finished>,
    pub(crate) ring: ConfirmedRing,
    pub(crate) shares: VerifyingShares,
    pub(crate) index_finished: Vec<Finished>,
    pub(crate) index: ConfirmedRing<Index>,
    pub(crate) index_shares: VerifyingShares<Index>,
    pub(crate) genesis: Exact<Genesis>,
    pub(crate) genesis_leaf: Vec<u8>,
    pub(crate) bundle: Bundle,
    pub(crate) directory: Exact<Directory>,
}

impl Founded {
    pub(crate) fn trustee(&self, index: u16) -> PathBuf {
        self.folder.path().join(format!("trustee-{index}"))
    }

    pub(crate) fn installed(&self) -> Installed {
        Installed {
            genesis: self.genesis.digest(),
            policy: self.bundle.to_document().unwrap().into_bytes(),
            directory: self.directory.text().to_owned(),
            ring: documents(&self.finished),
            index: Some(documents(&self.index_finished)),
        }
    }
}

fn documents(finished: &[Finished]) -> RingDocuments {
    RingDocuments {
        ring: finished[0].ring.text().to_owned(),
        confirmations: finished.iter().map(|one| one.confirmation.text().to_owned()).collect(),
        shares: finished[0].shares.text().to_owned(),
    }
}

fn confirmed<K: Kind>(publics: &[PublicIdentity], finished: &[Finished]) -> (ConfirmedRing<K>, VerifyingShares<K>) {
    let identities: Vec<_> = publics.iter().map(|public| public.identity_key().unwrap()).collect();
    let confirmations: Vec<_> = finished.iter().map(|finished| finished.confirmation.value().clone()).collect();
    let ring = ConfirmedRing::new(finished[0].ring.clone(), &confirmations, &identities, DealerRings::Refuse).unwrap();
    let shares = VerifyingShares::new(&ring, &finished[0].shares).unwrap();
    (ring, shares)
}

/// One founding for all tests of the process.
pub(crate) fn founded() -> &'static Founded {
    static FOUNDED: OnceLock<Founded> = OnceLock::new();
    FOUNDED.get_or_init(found)
}

fn found() -> Founded {
    let folder = tempfile::tempdir().unwrap();
    let path = |index: u16| folder.path().join(format!("trustee-{index}"));
    let publics: Vec<PublicIdentity> = (1..=N)
        .map(|index| Trustee::create(&path(index), index, &mut random::named(&format!("keys {index}"))).unwrap())
        .collect();
    let finished = run(&ceremony(&publics), |index| Trustee::open(&path(index)).unwrap());
    let (ring, shares) = confirmed::<Sealing>(&publics, &finished);
    let index_finished = run(&index_ceremony(&publics), |index| Trustee::open(&path(index)).unwrap());
    let (index, index_shares) = confirmed::<Index>(&publics, &index_finished);
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let directory = Exact::write(directory()).unwrap();
    let genesis = Exact::write(genesis(&publics, &finished[0], &index_finished[0], &bundle, &directory)).unwrap();
    let people = ["anna-berg", "bruno-costa", "carla-diaz", "dora-egger"].map(|id| format!("person:{id}"));
    let signers = people.into_iter().chain((1..=N).map(|index| format!("trustee:{index}")));
    let signatures = signers.map(|party| signature(&party, genesis.text(), &folder)).collect();
    let leaf = ControlLeaf::new(LeafId([1; 16]), 1, genesis.text().to_owned(), signatures).unwrap();
    let founded = Founded {
        folder,
        publics,
        finished,
        ring,
        shares,
        index_finished,
        index,
        index_shares,
        genesis,
        genesis_leaf: leaf.to_bytes().unwrap(),
        bundle,
        directory,
    };
    for index in 1..=N {
        Trustee::open(&founded.trustee(index)).unwrap().install(&founded.installed()).unwrap();
    }
    founded
}

pub(crate) fn ceremony(publics: &[PublicIdentity]) -> Ceremony<Sealing> {
    ceremony_of("register-1", &CLASSES, publics)
}

pub(crate) const ATTRIBUTES: [Attribute; 2] = [Attribute::NameBirth, Attribute::Email];

pub(crate) fn index_ceremony(publics: &[PublicIdentity]) -> Ceremony<Index> {
    ceremony_of("index-1", &ATTRIBUTES, publics)
}

fn ceremony_of<K: Kind>(name: &str, keys: &[K::Key], publics: &[PublicIdentity]) -> Ceremony<K> {
    let plan = Plan::<K> {
        name: name.into(),
        ceremony: digest(name),
        t: T,
        n: N,
        keys: keys.iter().map(|key| (*key, 1)).collect(),
    };
    let parties = publics
        .iter()
        .map(|public| Party { identity: public.identity_key().unwrap(), transport: public.transport.clone() })
        .collect();
    Ceremony::new(plan, parties).unwrap()
}

/// A whole ceremony; every trustee is opened anew for every step.
pub(crate) fn run<K: Kind>(ceremony: &Ceremony<K>, open: impl Fn(u16) -> Trustee) -> Vec<Finished> {
    let rng = |index: u16, round: u8| random::named(&format!("ceremony {} {index} {round}", ceremony.digest()));
    let broadcasts: Vec<Vec<u8>> =
        (1..=N).map(|index| open(index).dkg_start(ceremony, &mut rng(index, 1)).unwrap()).collect();
    let sent: Vec<Messages> =
        (1..=N).map(|index| open(index).dkg_proceed(ceremony, &broadcasts, &mut rng(index, 2)).unwrap()).collect();
    (1..=N).map(|index| open(index).dkg_finish(ceremony, &inbox(&sent, index)).unwrap()).collect()
}

pub(crate) fn inbox(sent: &[Messages], recipient: u16) -> Messages {
    (1u16..)
        .zip(sent)
        .filter_map(|(sender, messages)| {
            let message = messages.iter().find(|(to, _)| *to == recipient)?;
            Some((sender, message.1.clone()))
        })
        .collect()
}

pub(crate) fn person(id: &str, roles: &[Role], home: &str, independent: bool) -> Person {
    Person {
        id: person_id(id),
        roles: roles.to_vec(),
        state: state(home),
        manages: Vec::new(),
        independent,
        reach: Reach { states: vec![state(home)], at: at("2026-10-01T00:00:00Z") },
        keys: vec![roster_key(id)],
        reader: None,
    }
}

pub(crate) fn directory() -> Directory {
    let key = court_secret().public().unwrap();
    let court = Authority {
        id: authority_id(COURT),
        name: "District Court".into(),
        state: state("XA"),
        kind: AuthorityKind::Court,
        independence: 3,
        security_service: Some(false),
        standing: Standing::Good,
        sanctioned_in: Vec::new(),
        call_back: Some("+99900100200".into()),
        signing_key: Some(public(COURT)),
        recipient: Some(RecipientKeys {
            xwing: key.digest(),
            xwing_key: Base64::encode_string(key.bytes()),
            age: "age1invented".into(),
        }),
        source: "own check".into(),
        checked: at("2026-10-01T00:00:00Z"),
        dossier: None,
    };
    Directory { v: DirectoryV1, version: 1, authorities: vec![court] }
}

fn genesis(
    publics: &[PublicIdentity],
    finished: &Finished,
    index: &Finished,
    bundle: &Bundle,
    directory: &Exact<Directory>,
) -> Genesis {
    let reference = |finished: &Finished| RingRef {
        id: finished.ring.value().id(),
        share_epoch: 1,
        shares: finished.shares.digest(),
    };
    let members = publics
        .iter()
        .map(|public| TrusteeMember {
            index: public.index,
            name: person_id(&format!("trustee-{}", public.index)),
            state: state(["XA", "XB", "XC", "XD", "XG"][usize::from(public.index) - 1]),
            identity: public.identity,
            transport: public.transport.digest(),
            obliged_entity: true,
        })
        .collect();
    Genesis {
        v: GenesisV1,
        custodian: Custodian { id: CUSTODIAN, name: "Example Exchange".into(), seat: state("XA") },
        created: at("2026-11-01T09:00:00Z"),
        journal: JournalKey { origin: ORIGIN.into(), vkey: log_key().verifier().to_string() },
        witness_policy: witness_policy(),
        desk_key: public("desk"),
        ring: Some(reference(finished)),
        index_ring: Some(reference(index)),
        policy: bundle.digest(),
        directory: directory.digest(),
        change_approvals: 2,
        people: vec![
            person("anna-berg", &[Role::Approver], "XA", false),
            person("bruno-costa", &[Role::Approver], "XB", false),
            person("carla-diaz", &[Role::Approver], "XC", true),
            person("dora-egger", &[Role::Counsel], "XD", true),
            person("emil-fuchs", &[Role::Officer], "XA", false),
        ],
        trustees: Some(Trustees { threshold: T, members }),
        vrf: digest("vrf"),
    }
}
