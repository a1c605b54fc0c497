//! Who there is: keys of everybody, the ring of a real ceremony, the directory, genesis.

use base64ct::{Base64, Encoding};
use countersign_core::class::Class;
use countersign_core::control::{
    Custodian, Genesis, GenesisV1, JournalKey, Person, Reach, RingRef, Role, TrusteeMember, Trustees, control_message,
};
use countersign_core::country::Country;
use countersign_core::digest::parts;
use countersign_core::directory::{Authority, AuthorityKind, Directory, DirectoryV1, RecipientKeys, Standing};
use countersign_core::encoding::hex;
use countersign_core::id::{AuthorityId, CustodianId, Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_policy::Bundle;
use countersign_seal::ceremony::{Ceremony, Party, Plan};
use countersign_seal::dkg::Round1;
use countersign_seal::identity::{Identity, IdentityKey};
use countersign_seal::kind::{Attribute, Index, Kind, Sealing};
use countersign_seal::life::rotation::rotation;
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings, Ring, ShareEpoch, VerifyingShares};
use countersign_seal::share::Share;
use countersign_seal::transport::TransportSecret;
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, LeafId};
use countersign_tlog::note::{KeyKind, KeyName};
use ed25519_dalek::{Signer, SigningKey};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use std::marker::PhantomData;
use std::sync::OnceLock;

pub(crate) const N: u16 = 5;
pub(crate) const T: u16 = 3;
pub(crate) const CLASSES: [Class; 3] = [Class::Name, Class::Address, Class::Transfers];
pub(crate) const CUSTODIAN: CustodianId = CustodianId([7; 16]);
pub(crate) const ORIGIN: &str = "journal.countersign.example/xa";
pub(crate) const COURT: &str = "xa-district-court";

pub(crate) fn seed(name: &str) -> [u8; 32] {
    parts("countersign/verify/test", &[name.as_bytes()]).0
}

pub(crate) fn rng(name: &str) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(seed(name))
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(crate) fn state(code: &str) -> Country {
    Country::parse(code).unwrap()
}

pub(crate) fn person_id(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

pub(crate) fn authority_id(name: &str) -> AuthorityId {
    AuthorityId::parse(name).unwrap()
}

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
    Base64::encode_string(&signing_key(name).sign(message).to_bytes())
}

pub(crate) fn identity(index: u16) -> Identity {
    Identity::from_seed(&seed(&format!("trustee:{index}")))
}

pub(crate) fn identities() -> Vec<IdentityKey> {
    (1..=N).map(|index| identity(index).public()).collect()
}

pub(crate) fn transport(index: u16) -> TransportSecret {
    TransportSecret::from_seed(seed(&format!("transport {index}")))
}

pub(crate) fn authority_secret(name: &str) -> TransportSecret {
    TransportSecret::from_seed(seed(&format!("package key of {name}")))
}

pub(crate) fn log_key() -> countersign_tlog::note::SigningKey {
    note_key(ORIGIN, KeyKind::Ed25519)
}

pub(crate) fn witness(number: u8) -> countersign_tlog::note::SigningKey {
    note_key(&format!("witness.example/w{number}"), KeyKind::CosignatureV1)
}

pub(crate) fn note_key(name: &str, kind: KeyKind) -> countersign_tlog::note::SigningKey {
    countersign_tlog::note::SigningKey::from_seed(KeyName::new(name).unwrap(), kind, &seed(name)).unwrap()
}

/// Two of three witnesses.
pub(crate) fn witness_policy() -> String {
    let mut text = format!("log {}\n", log_key().verifier());
    for number in 1..=3 {
        text += &format!("witness w{number} {}\n", witness(number).verifier());
    }
    text + "group all-w 2 w1 w2 w3\nquorum all-w\n"
}

/// What a ceremony ended with.
pub(crate) struct Founded<K: Kind = Sealing> {
    pub(crate) ring: Exact<Ring>,
    pub(crate) epoch: Exact<ShareEpoch>,
    pub(crate) confirmations: Vec<Exact<Confirmation>>,
    shares: Vec<Vec<u8>>,
    kind: PhantomData<K>,
}

impl<K: Kind> Founded<K> {
    pub(crate) fn share(&self, trustee: u16) -> Share<K> {
        Share::decode(&self.shares[usize::from(trustee) - 1]).unwrap()
    }

    /// The ring as every trustee has confirmed it, and its verifying shares.
    pub(crate) fn confirmed(&self) -> (ConfirmedRing<K>, VerifyingShares<K>) {
        let confirmations: Vec<_> = self.confirmations.iter().map(|one| one.value().clone()).collect();
        let ring = ConfirmedRing::new(self.ring.clone(), &confirmations, &identities(), DealerRings::Refuse).unwrap();
        let shares = VerifyingShares::new(&ring, &self.epoch).unwrap();
        (ring, shares)
    }

    pub(crate) fn reference(&self) -> RingRef {
        RingRef { id: self.ring.value().id(), share_epoch: 1, shares: self.epoch.digest() }
    }
}

/// One real key ceremony for all tests of the process.
pub(crate) fn founded() -> &'static Founded {
    static FOUNDED: OnceLock<Founded> = OnceLock::new();
    FOUNDED.get_or_init(|| hold_ceremony("register-1", "", &CLASSES))
}

/// As [`founded`], for the index ring.
pub(crate) fn index_founded() -> &'static Founded<Index> {
    static FOUNDED: OnceLock<Founded<Index>> = OnceLock::new();
    FOUNDED.get_or_init(|| hold_ceremony("index-1", "index ", &[Attribute::NameBirth, Attribute::Email]))
}

/// The ring that these trustees make after [`founded`].
pub(crate) fn rotated() -> &'static Founded {
    static ROTATED: OnceLock<Founded> = OnceLock::new();
    ROTATED.get_or_init(|| {
        let (before, _) = founded().confirmed();
        hold(&rotation(&before, &Digest(seed("rotation")), parties()).unwrap(), "rotation ")
    })
}

fn parties() -> Vec<Party> {
    (1..=N)
        .map(|index| Party { identity: identity(index).public(), transport: transport(index).public().unwrap() })
        .collect()
}

fn hold_ceremony<K: Kind>(name: &str, label: &str, keys: &[K::Key]) -> Founded<K> {
    let plan = Plan::<K> {
        name: name.into(),
        ceremony: Digest(seed(&format!("{label}ceremony"))),
        t: T,
        n: N,
        keys: keys.iter().map(|key| (*key, 1)).collect(),
    };
    hold(&Ceremony::new(plan, parties()).unwrap(), label)
}

fn hold<K: Kind>(ceremony: &Ceremony<K>, label: &str) -> Founded<K> {
    let (states, broadcasts): (Vec<_>, Vec<_>) = (1..=N)
        .map(|index| Round1::start(ceremony, index, &identity(index), &mut rng(&format!("{label}r1 {index}"))).unwrap())
        .unzip();
    let (states, envelopes): (Vec<_>, Vec<_>) = (1u16..)
        .zip(states)
        .map(|(index, state)| {
            state.proceed(&broadcasts, &identity(index), &mut rng(&format!("{label}r2 {index}"))).unwrap()
        })
        .unzip();
    let finished: Vec<_> = (1u16..)
        .zip(&states)
        .map(|(index, state)| {
            let inbox: Vec<(u16, Vec<u8>)> = (1u16..)
                .zip(&envelopes)
                .filter(|(sender, _)| *sender != index)
                .map(|(sender, sent)| (sender, sent.iter().find(|(to, _)| *to == index).unwrap().1.clone()))
                .collect();
            state.finish(&inbox, &transport(index)).unwrap()
        })
        .collect();
    let ring = Exact::write(finished[0].ring.clone()).unwrap();
    let id = ring.value().id();
    let confirmations =
        (1..=N).map(|index| Exact::write(Confirmation::sign(id, index, &identity(index))).unwrap()).collect();
    Founded {
        ring,
        epoch: Exact::write(finished[0].epoch.clone()).unwrap(),
        confirmations,
        shares: finished.iter().map(|party| party.share.encode().to_vec()).collect(),
        kind: PhantomData,
    }
}

pub(crate) fn bundle() -> &'static Bundle {
    static BUNDLE: OnceLock<Bundle> = OnceLock::new();
    BUNDLE.get_or_init(|| Bundle::builtin_eea_custodian().unwrap())
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

fn people() -> Vec<Person> {
    let mut head = person("rudi-kern", &[Role::Approver, Role::RegionalHead], "XR", false);
    head.manages = vec![state("XR")];
    vec![
        person("anna-berg", &[Role::Approver], "XA", false),
        person("bruno-costa", &[Role::Approver], "XB", false),
        person("carla-diaz", &[Role::Approver], "XC", true),
        person("dora-egger", &[Role::Counsel], "XD", true),
        person("emil-fuchs", &[Role::Officer], "XA", false),
        person("greta-holm", &[Role::RightsExpert], "XE", true),
        head,
    ]
}

fn authority(id: &str, home: &str, kind: AuthorityKind, independence: u8, security: bool) -> Authority {
    let key = authority_secret(id).public().unwrap();
    Authority {
        id: authority_id(id),
        name: format!("Authority {id}"),
        state: state(home),
        kind,
        independence,
        security_service: Some(security),
        standing: Standing::Good,
        sanctioned_in: Vec::new(),
        call_back: Some("+99900100200".into()),
        signing_key: Some(public(id)),
        recipient: Some(RecipientKeys {
            xwing: key.digest(),
            xwing_key: Base64::encode_string(key.bytes()),
            age: "age1invented".into(),
        }),
        source: "own check".into(),
        checked: at("2026-10-01T00:00:00Z"),
        dossier: None,
    }
}

pub(crate) fn directory() -> Directory {
    Directory {
        v: DirectoryV1,
        version: 1,
        authorities: vec![
            authority(COURT, "XA", AuthorityKind::Court, 3, false),
            authority("xa-fiu", "XA", AuthorityKind::Fiu, 2, false),
            authority("xa-police", "XA", AuthorityKind::Police, 2, false),
            authority("xr-fms", "XR", AuthorityKind::Fiu, 1, true),
        ],
    }
}

pub(crate) fn genesis() -> Genesis {
    let founded = founded();
    let members = (1..=N)
        .map(|index| TrusteeMember {
            index,
            name: person_id(&format!("trustee-{index}")),
            state: state(["XA", "XB", "XC", "XD", "XG"][usize::from(index) - 1]),
            identity: public(&format!("trustee:{index}")),
            transport: transport(index).public().unwrap().digest(),
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
        ring: Some(founded.reference()),
        index_ring: None,
        policy: bundle().digest(),
        directory: Exact::write(directory()).unwrap().digest(),
        change_approvals: 2,
        people: people(),
        trustees: Some(Trustees { threshold: T, members }),
        vrf: Digest(seed("vrf")),
    }
}

/// Everybody who must sign genesis.
pub(crate) fn genesis_signers() -> Vec<String> {
    let people = ["anna-berg", "bruno-costa", "carla-diaz", "dora-egger", "rudi-kern"];
    people.iter().map(|id| format!("person:{id}")).chain((1..=N).map(|index| format!("trustee:{index}"))).collect()
}

/// A control leaf over `body`, signed by these parties with their own keys.
pub(crate) fn control_leaf<S: AsRef<str>>(body: &str, signers: &[S]) -> ControlLeaf {
    let signatures = signers
        .iter()
        .map(|party| {
            let party = party.as_ref();
            let key = party.strip_prefix("person:").unwrap_or(party);
            ControlSignature { by: party.to_owned(), sig: plain_signature(key, &control_message(body)) }
        })
        .collect();
    // The tick is a lie of the custodian: nobody may rely on it.
    ControlLeaf::new(
        LeafId(parts("leaf id", &[body.as_bytes()]).0[..16].try_into().unwrap()),
        1,
        body.into(),
        signatures,
    )
    .unwrap()
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    hex(bytes)
}
