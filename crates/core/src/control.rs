//! Control state: genesis, and the changes that may follow it.
//!
//! Bytes and rules: `docs/formats/control.md`. Folding these bodies into the state in force is the work of
//! `verify::state`; here they are only read and written.

mod holders;
mod reach;

pub use holders::{HeldShares, SetTrustees};

use crate::check_in::Watch;
use crate::country::Country;
use crate::digest;
use crate::facts::ascending;
use crate::id::{AuthorityId, CustodianId, Digest, OrderId, PersonId};
use crate::json::Document;
use crate::time::{DAY, Seconds, Timestamp};
use crate::worker::Worker;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the genesis format.
    GenesisV1 = "countersign/genesis/v1"
);
version_tag!(
    /// Version of the change format.
    ChangeV1 = "countersign/change/v1"
);

/// How long an addition or a weakening is public before it takes effect.
pub const COOLING: Seconds = 7 * DAY;

named_enum!(
    /// What a person of the roster may do.
    Role, "a role" {
        /// Counts in the quorum.
        Approver = "approver",
        /// Outside counsel: signs opinions, reachability statements.
        Counsel = "counsel",
        /// Independent rights expert.
        RightsExpert = "rights_expert",
        /// Responsible for a region; never counts for the states managed.
        RegionalHead = "regional_head",
        /// Works on cases, authors decisions.
        Officer = "officer",
        /// Reads client data in daily operation, within a budget.
        Agent = "agent",
    }
);

/// States that can compel a person, as counsel stated them. Only this set is stored, never the declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// The states, sorted; never empty: an empty set would mean "unknown".
    pub states: Vec<Country>,
    /// When it was stated; valid for 90 days.
    pub at: Timestamp,
}

/// How long a reachability statement is good for.
pub const REACH_VALID: Seconds = 90 * DAY;

/// One person of the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Short name.
    pub id: PersonId,
    /// Roles, sorted.
    pub roles: Vec<Role>,
    /// State of residence.
    pub state: Country,
    /// States the person is responsible for, sorted.
    pub manages: Vec<Country>,
    /// Whether the person stands outside the custodian's reporting line.
    pub independent: bool,
    /// States that can compel the person.
    pub reach: Reach,
    /// Keys under which the person signs, each in the spelling of `docs/formats/approval.md`, sorted.
    pub keys: Vec<String>,
    /// Digest of the X-Wing key to which readings for the person are encrypted; the member is left out when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<Digest>,
}

/// One trustee of the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrusteeMember {
    /// Index of its key shares, 1 to n.
    pub index: u16,
    /// Short name.
    pub name: PersonId,
    /// State whose law binds it.
    pub state: Country,
    /// Ed25519 identity key.
    pub identity: Digest,
    /// Digest of its X-Wing transport key.
    pub transport: Digest,
    /// Whether it is a provider that its own law obliges to answer financial intelligence units.
    pub obliged_entity: bool,
}

/// The trustees and their threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trustees {
    /// Threshold t.
    pub threshold: u16,
    /// Members, sorted by index 1..=n.
    pub members: Vec<TrusteeMember>,
}

/// The journal: its C2SP origin line and verifier key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalKey {
    /// Origin, equal to the name in the key.
    pub origin: String,
    /// Verifier key (`name+hash+base64`).
    pub vkey: String,
}

/// The custodian.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Custodian {
    /// Random id.
    pub id: CustodianId,
    /// Name of the firm.
    pub name: String,
    /// State of its seat.
    pub seat: Country,
}

/// The ring in force and the verifying shares in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RingRef {
    /// Ring id.
    pub id: Digest,
    /// Share epoch, rising with every refresh.
    pub share_epoch: u32,
    /// Digest of the share epoch document.
    pub shares: Digest,
}

/// Leaf 0 of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// Format version.
    pub v: GenesisV1,
    /// The custodian.
    pub custodian: Custodian,
    /// When genesis was written.
    pub created: Timestamp,
    /// The journal.
    pub journal: JournalKey,
    /// Witness policy: C2SP tlog-policy text.
    pub witness_policy: String,
    /// Ed25519 key under which the desk signs requests to trustees.
    pub desk_key: Digest,
    /// The key ring in force; none below ladder level L2.
    pub ring: Option<RingRef>,
    /// The index ring in force; the member is left out when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index_ring: Option<RingRef>,
    /// Digest of the policy bundle.
    pub policy: Digest,
    /// Digest of the authority directory.
    pub directory: Digest,
    /// Approvals that a change of control state needs.
    pub change_approvals: u16,
    /// People, sorted by id.
    pub people: Vec<Person>,
    /// Trustees; none below ladder level L2.
    pub trustees: Option<Trustees>,
    /// Public key of the VRF that labels the disclosure map (32 bytes).
    pub vrf: Digest,
}

impl Document for Genesis {
    const WHAT: &'static str = "genesis";
    const DOMAIN: &'static str = GenesisV1::TEXT;
    const MAX_LEN: usize = 12 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        check_people(&self.people)?;
        if let Some(trustees) = &self.trustees {
            check_trustees(trustees)?;
        }
        let rules = [
            (self.ring.is_some() == self.trustees.is_some(), "a ring needs trustees and trustees need a ring"),
            (self.index_ring.is_none() || self.trustees.is_some(), "an index ring needs trustees"),
            (
                self.index_ring.as_ref().zip(self.ring.as_ref()).is_none_or(|(index, sealing)| index.id != sealing.id),
                "one ring cannot be for sealing and for the index",
            ),
            (self.change_approvals >= 2, "`change_approvals` is below 2: one person could change the rules"),
            (self.vrf.0 != [0; 32], "the VRF key is zero"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// What a control leaf after genesis changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Adds a person, or replaces one with other roles, keys or reach. Cooling applies.
    AddPerson(Person),
    /// Counsel states which states can compel a person. What is added to the states in force counts at once; what is left out,
    /// and the date, after the cooling. Needs one independent counsel's signature.
    StateReach {
        /// About whom.
        person: PersonId,
        /// The statement.
        reach: Reach,
    },
    /// A person has to check in from now on, or no longer, or begins anew after a silence. Cooling applies.
    Watch {
        /// Who.
        person: PersonId,
        /// How often, and from when on.
        watch: Watch,
    },
    /// Removes a person at once.
    RemovePerson(PersonId),
    /// Removes one key of a person at once.
    RevokeKey {
        /// Whose key.
        person: PersonId,
        /// The key as spelled in the roster.
        key: String,
    },
    /// Another policy bundle. Cooling applies.
    SetPolicy(Digest),
    /// Another authority directory. Cooling applies.
    SetDirectory(Digest),
    /// An authority's keys are refused at once.
    SuspendAuthority(AuthorityId),
    /// Another witness policy. Cooling applies.
    SetWitnessPolicy(String),
    /// Another ring or share epoch. Cooling applies.
    SetRing(RingRef),
    /// Another index ring or share epoch of it. Cooling applies.
    SetIndexRing(RingRef),
    /// New keys for whatever is sealed from then on; the ring in force before is still read until it is closed. Cooling applies.
    RotateRing(HeldShares),
    /// Nothing is answered any more under the ring that was rotated away. Cooling applies.
    CloseRing(Digest),
    /// Other trustees, with the shares that they hold. Cooling applies.
    SetTrustees(SetTrustees),
    /// The answers and signatures of the trustee with this identity key count for nothing, at once.
    RemoveTrustee(Digest),
    /// An order must not be answered, at once.
    HoldOrder(OrderId),
    /// Registers a worker. Cooling applies.
    AddWorker(Worker),
    /// Another worker in the place of one whose machine or key is lost: it takes over its duties. Cooling applies.
    ReplaceWorker {
        /// The digest of the worker that is lost.
        replaces: Digest,
        /// The new one.
        worker: Worker,
    },
    /// Removes the worker whose identity document has this digest, at once.
    RemoveWorker(Digest),
}

impl Action {
    /// Whether the change only takes something away; such a change acts at once and needs one signature of a person or trustee.
    pub fn only_removes(&self) -> bool {
        matches!(
            self,
            Action::RemovePerson(_)
                | Action::RevokeKey { .. }
                | Action::SuspendAuthority(_)
                | Action::RemoveTrustee(_)
                | Action::HoldOrder(_)
                | Action::RemoveWorker(_)
        )
    }

    /// Whether the change puts shares in force: of another ring, another share epoch, or other holders.
    pub fn concerns_shares(&self) -> bool {
        matches!(self, Action::SetRing(_) | Action::SetIndexRing(_) | Action::RotateRing(_) | Action::SetTrustees(_))
    }
}

/// A control leaf's body after genesis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Format version.
    pub v: ChangeV1,
    /// The custodian.
    pub custodian: CustodianId,
    /// Digest of the genesis this journal began with.
    pub genesis: Digest,
    /// 1 for the first change in force or waiting, rising by one: the same signatures cannot be used twice.
    pub number: u32,
    /// When it takes effect; for additions at least [`COOLING`] after the leaf's tick.
    pub effective: Timestamp,
    /// What changes.
    pub action: Action,
}

impl Document for Change {
    const WHAT: &'static str = "change of control state";
    const DOMAIN: &'static str = ChangeV1::TEXT;
    const MAX_LEN: usize = 8 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        match &self.action {
            Action::AddPerson(person) => check_people(std::slice::from_ref(person)),
            Action::StateReach { reach, .. } => reach.check(),
            Action::Watch { watch, .. } => watch.check(),
            Action::SetTrustees(trustees) => trustees.check(),
            Action::RotateRing(ring) => ring.check_new(),
            Action::AddWorker(worker) | Action::ReplaceWorker { worker, .. } => worker.check(),
            _ => Ok(()),
        }
    }
}

/// SSHSIG namespace of control signatures.
pub const CONTROL_NAMESPACE: &str = "control@countersign";

/// The message that a party signs under a control body: ASCII `countersign/control/v1 `, 64 hexadecimal digits of
/// parts("countersign/control/v1", body), line feed.
pub fn control_message(body: &str) -> Vec<u8> {
    crate::approval::signed_line(CONTROL_LABEL, &digest::parts(CONTROL_LABEL, &[body.as_bytes()]))
}

const CONTROL_LABEL: &str = "countersign/control/v1";

fn check_people(people: &[Person]) -> Result<(), &'static str> {
    let each = |rule: fn(&Person) -> bool| people.iter().all(rule);
    let mut keys: Vec<&str> = people.iter().flat_map(|person| person.keys.iter().map(String::as_str)).collect();
    keys.sort_unstable();
    let mut readers: Vec<&Digest> = people.iter().filter_map(|person| person.reader.as_ref()).collect();
    readers.sort_unstable();
    let rules = [
        (people.is_sorted_by(|left, right| left.id < right.id), "people are not sorted by id or repeat one"),
        (
            each(|person| !person.roles.is_empty() && ascending(&person.roles)),
            "`roles` are empty, not sorted or repeat",
        ),
        (each(|person| ascending(&person.manages)), "`manages` is not sorted or repeats"),
        (each(|person| !person.reach.states.is_empty()), "`reach.states` is empty, which would mean unknown"),
        (each(|person| ascending(&person.reach.states)), "`reach.states` is not sorted or repeats"),
        (each(|person| person.reach.states.contains(&person.state)), "`reach.states` lacks the state of residence"),
        (each(|person| !person.keys.is_empty() && ascending(&person.keys)), "`keys` are empty, not sorted or repeat"),
        (ascending(&keys), "two people share a key"),
        (ascending(&readers), "two people share a reader's key"),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
}

fn check_trustees(trustees: &Trustees) -> Result<(), &'static str> {
    check_members(&trustees.members)?;
    let rules = [
        (trustees.threshold >= 2, "a threshold below 2 lets one trustee open everything"),
        (usize::from(trustees.threshold) <= trustees.members.len(), "the threshold is above the number of trustees"),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
}

fn check_members(members: &[TrusteeMember]) -> Result<(), &'static str> {
    let mut identities: Vec<&Digest> = members.iter().map(|member| &member.identity).collect();
    identities.sort_unstable();
    let rules = [
        (members.len() <= 255, "more than 255 trustees"),
        (
            members.iter().zip(1u16..).all(|(member, index)| member.index == index),
            "trustees are not numbered 1 to n in order",
        ),
        (ascending(&identities), "two trustees share an identity key"),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
}
