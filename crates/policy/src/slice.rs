//! The entities that policies see: one case, its authority, the custodian, and every state they mention.

use cedar_policy::{Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression, Schema};
use countersign_core::class::ClassSet;
use countersign_core::country::{Bloc, Country};
use countersign_core::directory::Authority;
use countersign_core::facts::Facts;
use countersign_core::finding::Question;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Word for an answer nobody gave. Every enumeration of answers in a schema must contain it.
pub(crate) const UNKNOWN: &str = "unknown";

/// Questions whose words policies read: attribute, entity type, question.
pub(crate) const WORDS: [(&str, &str, Question); 25] = [
    ("form", "Form", Question::Form),
    ("authentic", "Authentic", Question::Authentic),
    ("officer_in_post", "YesNo", Question::OfficerInPost),
    ("competence", "YesNo", Question::Competence),
    ("territory", "Territory", Question::Territory),
    ("formally_valid", "Validity", Question::FormallyValid),
    ("service_covered", "YesNo", Question::ServiceCovered),
    ("offence", "YesNo", Question::Offence),
    ("dual_criminality", "YesNo", Question::DualCriminality),
    ("bars", "Bars", Question::Bars),
    ("political", "Political", Question::Political),
    ("sanctioned", "Sanctioned", Question::Sanctioned),
    ("conflict_of_laws", "YesNo", Question::ConflictOfLaws),
    ("targets", "Targets", Question::Targets),
    ("window", "Window", Question::Window),
    ("aggregate_enough", "YesNo", Question::AggregateEnough),
    ("less_harm_elsewhere", "YesNo", Question::LessHarmElsewhere),
    ("threat_to_life", "Threat", Question::ThreatToLife),
    ("regularised", "Regularised", Question::Regularised),
    ("delay", "Delay", Question::Delay),
    ("duress", "YesNo", Question::Duress),
    ("quorum_possible", "YesNo", Question::QuorumPossible),
    ("trustees_outside", "YesNo", Question::TrusteesOutside),
    ("persecution", "Persecution", Question::Persecution),
    ("onward_use", "YesNo", Question::OnwardUse),
];

/// Entity types whose entities carry attributes or parents: each one mentioned must stand in the slice.
const STORED: [&str; 4] = ["State", "Custodian", "Authority", "Case"];
/// Entity types that are enumerations besides those of [`WORDS`].
const ENUMERATED: [&str; 10] =
    ["Bloc", "Lane", "OrderKind", "Instrument", "AuthorityKind", "Factor", "Class", "Question", "Standing", "Action"];

/// Parsed names of entity types, so that a decision parses nothing.
#[derive(Debug)]
pub(crate) struct Names(BTreeMap<&'static str, EntityTypeName>);

impl Names {
    pub(crate) fn new() -> Result<Self, String> {
        let words = WORDS.iter().map(|(_, name, _)| *name);
        STORED
            .into_iter()
            .chain(ENUMERATED)
            .chain(words)
            .map(|name| name.parse().map(|parsed| (name, parsed)).map_err(|error| format!("`{name}`: {error}")))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The principal of every request.
    pub(crate) fn custodian(&self) -> Result<EntityUid, String> {
        self.uid("Custodian", "self")
    }

    /// The resource of every request.
    pub(crate) fn case(&self) -> Result<EntityUid, String> {
        self.uid("Case", "case")
    }

    /// The entity of an enumeration or of the slice.
    pub(crate) fn uid(&self, kind: &'static str, id: &str) -> Result<EntityUid, String> {
        let name = self.0.get(kind).ok_or_else(|| format!("entity type `{kind}` is not known to the engine"))?;
        Ok(EntityUid::from_type_name_and_id(name.clone(), EntityId::new(id)))
    }

    pub(crate) fn value(&self, kind: &'static str, id: &str) -> Result<RestrictedExpression, String> {
        self.uid(kind, id).map(RestrictedExpression::new_entity_uid)
    }

    pub(crate) fn set<'i>(
        &self,
        kind: &'static str,
        ids: impl IntoIterator<Item = &'i str>,
    ) -> Result<RestrictedExpression, String> {
        let values: Result<Vec<_>, String> = ids.into_iter().map(|id| self.value(kind, id)).collect();
        values.map(RestrictedExpression::new_set)
    }

    pub(crate) fn classes(&self, classes: &ClassSet) -> Result<RestrictedExpression, String> {
        self.set("Class", classes.iter().map(|class| class.as_str()))
    }
}

/// A slice before the engine reads it.
pub(crate) struct Slice {
    pub(crate) entities: Vec<Entity>,
    /// Every stored entity that an attribute or a request mentions.
    mentioned: BTreeSet<EntityUid>,
    pub(crate) custodian: EntityUid,
    pub(crate) case: EntityUid,
}

impl Slice {
    /// The slice of one case.
    pub(crate) fn new(
        names: &Names,
        facts: &Facts,
        kind_classes: &ClassSet,
        authority: &Authority,
        seat: Country,
    ) -> Result<Self, String> {
        let custodian = names.custodian()?;
        let case = names.case()?;
        let requester = names.uid("Authority", authority.id.as_str())?;
        let states: BTreeSet<Country> =
            [authority.state, seat].into_iter().chain(authority.sanctioned_in.iter().copied()).collect();
        let mut entities = Vec::new();
        for state in &states {
            let bloc = match state.bloc() {
                Bloc::Eea => "EEA",
                Bloc::NonEea => "NonEEA",
            };
            let parents = HashSet::from([names.uid("Bloc", bloc)?]);
            entities.push(Entity::new_no_attrs(names.uid("State", state.as_str())?, parents));
        }
        entities.push(entity(
            custodian.clone(),
            HashMap::from([("seat".to_owned(), names.value("State", seat.as_str())?)]),
        )?);
        entities.push(entity(requester.clone(), authority_attributes(names, authority)?)?);
        let attributes = case_attributes(names, facts, kind_classes, authority, &requester)?;
        entities.push(entity(case.clone(), attributes)?);
        let mut mentioned: BTreeSet<EntityUid> = [custodian.clone(), case.clone(), requester].into();
        for state in states {
            mentioned.insert(names.uid("State", state.as_str())?);
        }
        Ok(Self { entities, mentioned, custodian, case })
    }

    /// Checks the slice against the schema and for completeness: Cedar answers `in` and attribute access on a missing
    /// entity with a silent false or an error, so nothing may be missing.
    pub(crate) fn check(self, schema: &Schema) -> Result<Entities, String> {
        let entities = Entities::from_entities(self.entities, Some(schema)).map_err(|error| chain(&error))?;
        if let Some(missing) = self.mentioned.iter().find(|uid| entities.get(uid).is_none()) {
            return Err(format!("entity {missing} is missing"));
        }
        for uid in self.mentioned.iter().filter(|uid| uid.type_name().basename() == "State") {
            if entities.ancestors(uid).is_none_or(|mut ancestors| ancestors.next().is_none()) {
                return Err(format!("state {uid} belongs to no bloc"));
            }
        }
        Ok(entities)
    }
}

/// An error with its causes, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text.replace('\n', " ")
}

fn entity(uid: EntityUid, attributes: HashMap<String, RestrictedExpression>) -> Result<Entity, String> {
    Entity::new(uid, attributes, HashSet::new()).map_err(|error| error.to_string())
}

fn authority_attributes(names: &Names, authority: &Authority) -> Result<HashMap<String, RestrictedExpression>, String> {
    let security = match authority.security_service {
        Some(true) => "yes",
        Some(false) => "no",
        None => UNKNOWN,
    };
    Ok(HashMap::from([
        ("state".to_owned(), names.value("State", authority.state.as_str())?),
        ("kind".to_owned(), names.value("AuthorityKind", authority.kind.as_str())?),
        ("independence".to_owned(), RestrictedExpression::new_long(i64::from(authority.independence))),
        ("security_service".to_owned(), names.value("YesNo", security)?),
        ("standing".to_owned(), names.value("Standing", authority.standing.as_str())?),
        ("sanctioned_in".to_owned(), names.set("State", authority.sanctioned_in.iter().map(Country::as_str))?),
    ]))
}

fn case_attributes(
    names: &Names,
    facts: &Facts,
    kind_classes: &ClassSet,
    authority: &Authority,
    requester: &EntityUid,
) -> Result<HashMap<String, RestrictedExpression>, String> {
    let long = |number: u32| RestrictedExpression::new_long(i64::from(number));
    let grantable =
        facts.asked.classes.intersection(&facts.necessary).intersection(&facts.allowed).intersection(kind_classes);
    let others = facts.listed_by.iter().filter(|state| **state != authority.state).count();
    let answered =
        facts.findings.iter().filter(|finding| finding.value() != UNKNOWN).map(|finding| finding.question().as_str());
    let mut attributes = HashMap::from([
        ("authority".to_owned(), RestrictedExpression::new_entity_uid(requester.clone())),
        ("kind".to_owned(), names.value("OrderKind", facts.kind.as_str())?),
        ("instrument".to_owned(), names.value("Instrument", facts.instrument.as_str())?),
        ("factors".to_owned(), names.set("Factor", facts.factors.iter().map(|factor| factor.as_str()))?),
        ("asked_subjects".to_owned(), long(facts.asked.subjects)),
        ("asked_classes".to_owned(), names.classes(&facts.asked.classes)?),
        ("necessary_classes".to_owned(), names.classes(&facts.necessary)?),
        ("allowed_classes".to_owned(), names.classes(&facts.allowed)?),
        ("kind_classes".to_owned(), names.classes(kind_classes)?),
        ("grantable_classes".to_owned(), names.classes(&grantable)?),
        ("listed_by_requester".to_owned(), RestrictedExpression::new_bool(facts.listed_by.contains(&authority.state))),
        ("listed_by_others".to_owned(), long(u32::try_from(others).unwrap_or(u32::MAX))),
        ("answered".to_owned(), names.set("Question", answered)?),
    ]);
    let share = facts.number(Question::Uninvolved);
    if let Some(percent) = share {
        attributes.insert("uninvolved".to_owned(), long(percent));
    }
    attributes.insert("involved".to_owned(), long(involved(facts.asked.subjects, share.unwrap_or(0))));
    for (attribute, kind, question) in WORDS {
        let answer = facts.answer(question).unwrap_or(UNKNOWN);
        attributes.insert(attribute.to_owned(), names.value(kind, answer)?);
    }
    Ok(attributes)
}

/// How many of the people asked for are not uninvolved, when this share of them, in percent, is: rounded to the nearest, since
/// the share was; a half counts as uninvolved, but unless all are, one is not.
fn involved(asked: u32, percent: u32) -> u32 {
    let uninvolved = u64::from(asked).saturating_mul(u64::from(percent)).saturating_add(50) / 100;
    let involved = asked.saturating_sub(u32::try_from(uninvolved).unwrap_or(u32::MAX));
    if percent < 100 { involved.max(asked.min(1)) } else { involved }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bundle;
    use countersign_core::directory::{AuthorityKind, Standing};
    use countersign_core::facts::{Asked, FactsV1};
    use countersign_core::id::{AuthorityId, Digest, PersonId};
    use countersign_core::order::{Instrument, Kind};
    use countersign_core::time::Timestamp;

    #[test]
    fn who_is_left_when_the_uninvolved_are_taken_away() {
        for (asked, percent, left) in [
            (30, 60, 12),
            (2, 50, 1),
            (3, 33, 2),
            (3, 34, 2),
            (1, 0, 1),
            (1, 50, 1),
            (1, 99, 1),
            (1, 100, 0),
            (0, 50, 0),
            (1_000, 21, 790),
            (u32::MAX, 100, 0),
            (7, u32::MAX, 0),
        ] {
            assert_eq!(involved(asked, percent), left, "{percent} % of {asked}");
        }
    }

    fn slice(bundle: &Bundle) -> Slice {
        let country = |code: &str| Country::parse(code).unwrap();
        let authority = Authority {
            id: AuthorityId::parse("xg-court").unwrap(),
            name: "Supreme Court of Gorl".to_owned(),
            state: country("XG"),
            kind: AuthorityKind::Court,
            independence: 3,
            security_service: None,
            standing: Standing::Good,
            sanctioned_in: vec![country("XH")],
            call_back: None,
            signing_key: None,
            recipient: None,
            source: "sample".to_owned(),
            checked: Timestamp::MIN,
            dossier: None,
        };
        let facts = Facts {
            v: FactsV1,
            case: Digest([0; 32]),
            authority: authority.id.clone(),
            directory: Digest([0; 32]),
            kind: Kind::Disclosure,
            instrument: Instrument::CourtOrder,
            author: PersonId::parse("lena-moor").unwrap(),
            factors: Vec::new(),
            asked: Asked { subjects: 1, classes: ClassSet::default() },
            necessary: ClassSet::default(),
            allowed: ClassSet::default(),
            listed_by: Vec::new(),
            matter: Digest([0; 32]),
            addresses: Vec::new(),
            findings: Vec::new(),
        };
        Slice::new(&bundle.names, &facts, &bundle.classes_of(Kind::Disclosure), &authority, country("XA")).unwrap()
    }

    #[test]
    fn a_whole_slice_is_accepted() {
        let bundle = Bundle::builtin_eea_custodian().unwrap();
        assert!(slice(&bundle).check(&bundle.schema).is_ok());
    }

    /// `in` on a missing entity is silently false in Cedar: a missing state would sit in no bloc and close no gate.
    #[test]
    fn each_missing_entity_is_noticed() {
        let bundle = Bundle::builtin_eea_custodian().unwrap();
        let count = slice(&bundle).entities.len();
        assert_eq!(count, 6, "three states, custodian, authority, case");
        for at in 0..count {
            let mut damaged = slice(&bundle);
            let gone = damaged.entities.remove(at).uid();
            let error = damaged.check(&bundle.schema).unwrap_err();
            assert!(error.contains("is missing") && error.contains(&gone.to_string()), "{error}");
        }
    }

    #[test]
    fn a_state_without_a_bloc_is_noticed() {
        let bundle = Bundle::builtin_eea_custodian().unwrap();
        let mut damaged = slice(&bundle);
        let state = damaged.entities.remove(0).uid();
        damaged.entities.push(Entity::new_no_attrs(state, HashSet::new()));
        assert!(damaged.check(&bundle.schema).unwrap_err().contains("belongs to no bloc"));
    }

    #[test]
    fn a_missing_or_mistyped_attribute_is_noticed() {
        let bundle = Bundle::builtin_eea_custodian().unwrap();
        let mut damaged = slice(&bundle);
        let custodian = damaged.custodian.clone();
        damaged.entities.retain(|entity| entity.uid() != custodian);
        damaged.entities.push(Entity::new_no_attrs(custodian, HashSet::new()));
        assert!(damaged.check(&bundle.schema).is_err());
    }
}
