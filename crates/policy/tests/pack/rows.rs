//! The table "Lanes by requester", row by row: the smallest sets of signatures that suffice, and what is one short.
//!
//! Signatures are really made and verified, and the whole policy decides. Beside the written rows, every subset of a
//! cast that has one person of each sort is decided and compared with the rule of the row, written down once more here
//! from what people are and not from counts.

use crate::corpus::corpus;
use countersign_approve::VerifiedApproval;
use countersign_core::control::{Person, REACH_VALID, Role};
use countersign_core::country::Country;
use countersign_core::id::{Digest, PersonId};
use countersign_core::order::Kind;
use countersign_policy::{Bundle, QuorumFacts, ReleaseContext, release};
use countersign_review::{Case, Cast, Corpus, key_text};
use std::collections::{BTreeMap, BTreeSet};

const ORDER: Digest = Digest([9; 32]);

/// One row of the table, for one requester.
struct Row {
    /// An answered case of the corpus: who asks, and what for.
    case: &'static str,
    lane: &'static str,
    kind: Kind,
    /// Sets that suffice, and from which nobody can be missing.
    enough: &'static [&'static [&'static str]],
    /// Sets that do not suffice, each with what is wrong.
    short: &'static [(&'static str, &'static [&'static str])],
    /// The rule again.
    rule: fn(&Signed<'_>) -> bool,
}

/// Who signed, as people; each asks the roster and nothing else.
struct Signed<'a> {
    cast: &'a Cast,
    requester: Country,
    texts: &'a [&'a str],
}

impl<'a> Signed<'a> {
    fn person(&self, text: &str) -> &'a Person {
        find(self.cast, text.split(' ').next().unwrap())
    }

    /// One role per person and case, no regional head for the requester, no author beside the role of author.
    fn in_role(&self, role: &str) -> Vec<&'a Person> {
        let mut people = Vec::new();
        for text in self.texts {
            let person = self.person(text);
            let roles: BTreeSet<&str> = self
                .texts
                .iter()
                .filter(|other| self.person(other).id == person.id)
                .map(|other| other.split_once(' ').unwrap().1)
                .collect();
            let head = person.manages.contains(&self.requester)
                || (person.roles.contains(&Role::RegionalHead) && person.manages.is_empty());
            let author = person.id.as_str() == "lena-moor";
            if roles == BTreeSet::from([role]) && !head && author == (role == "author") {
                people.push(person);
            }
        }
        people
    }

    fn approvers(&self) -> Vec<&'a Person> {
        self.in_role("approver")
    }

    fn fresh(&self, person: &Person) -> bool {
        self.cast.now.since(person.reach.at) <= REACH_VALID
    }

    fn out_of_reach(&self) -> usize {
        let beyond = |person: &&&Person| self.fresh(person) && !person.reach.states.contains(&self.requester);
        self.approvers().iter().filter(beyond).count()
    }

    fn outside_line(&self) -> usize {
        let author = Country::parse("XA").unwrap();
        self.approvers().iter().filter(|person| person.independent || person.state != author).count()
    }

    fn author(&self) -> bool {
        !self.in_role("author").is_empty()
    }

    fn counsel(&self) -> bool {
        self.in_role("counsel").iter().any(|person| person.independent)
    }

    fn expert(&self) -> bool {
        let beyond = |person: &&Person| {
            person.independent && self.fresh(person) && !person.reach.states.contains(&self.requester)
        };
        self.in_role("rights_expert").iter().any(beyond)
    }

    /// Whether somebody whom the requester reaches, of whom that is not known, or who is its regional head, signed as an approver
    /// and nothing else.
    fn reachable_signed(&self) -> bool {
        self.texts.iter().filter(|text| text.ends_with(" approver")).any(|text| {
            let person = self.person(text);
            let once = self.texts.iter().filter(|other| self.person(other).id == person.id).count() == 1;
            let head = person.manages.contains(&self.requester)
                || (person.roles.contains(&Role::RegionalHead) && person.manages.is_empty());
            once && (head || !self.fresh(person) || person.reach.states.contains(&self.requester))
        })
    }

    fn states(&self) -> usize {
        self.approvers().iter().map(|person| person.state).collect::<BTreeSet<_>>().len()
    }
}

/// Row 1: two approvers, one of them outside the author's reporting line; those at home count.
fn court(signed: &Signed<'_>) -> bool {
    signed.approvers().len() >= 2 && signed.outside_line() >= 1
}

/// Row 2: two approvers and the legal author; one out of the requester's reach, or independent outside counsel.
fn home(signed: &Signed<'_>) -> bool {
    signed.approvers().len() >= 2 && signed.author() && (signed.out_of_reach() >= 1 || signed.counsel())
}

/// Row 3: two approvers, one of them out of reach.
fn bloc(signed: &Signed<'_>) -> bool {
    signed.approvers().len() >= 2 && signed.out_of_reach() >= 1
}

/// Row 4: three approvers, two of them out of reach, a rights expert; nobody within reach.
fn weak(signed: &Signed<'_>) -> bool {
    signed.approvers().len() >= 3 && signed.out_of_reach() >= 2 && signed.expert() && !signed.reachable_signed()
}

/// Row 5: three approvers, the legal author and outside counsel's opinion.
fn compelled(signed: &Signed<'_>) -> bool {
    signed.approvers().len() >= 3 && signed.author() && signed.counsel()
}

/// The kind `emergency`: two approvers in two states, one out of reach.
fn emergency(signed: &Signed<'_>) -> bool {
    signed.approvers().len() >= 2 && signed.states() >= 2 && signed.out_of_reach() >= 1
}

/// The same for a third state: nobody within its reach.
fn emergency_abroad(signed: &Signed<'_>) -> bool {
    emergency(signed) && !signed.reachable_signed()
}

fn home_answer(signed: &Signed<'_>) -> bool {
    signed.approvers().len() >= 2 && signed.author()
}

fn weak_answer(signed: &Signed<'_>) -> bool {
    signed.approvers().len() >= 2 && signed.out_of_reach() >= 2 && !signed.reachable_signed()
}

fn any_two(signed: &Signed<'_>) -> bool {
    signed.approvers().len() >= 2
}

const AUTHOR_AS_APPROVER: &str = "the author does not count as an approver";
const NO_OPINION: &str = "outside counsel's opinion is missing";
const ALL_REACHED: &str = "nobody is out of reach";
const STALE: &str = "the statement that would make one of them out of reach is too old";

fn rows() -> Vec<Row> {
    vec![
        Row {
            case: "home-court-plain",
            lane: "court",
            kind: Kind::Disclosure,
            enough: &[
                &["anna-berg approver", "bruno-costa approver"],
                &["anna-berg approver", "clara-dietz approver"],
                &["fred-gale approver", "hugo-ives approver"],
            ],
            short: &[
                ("one approver", &["clara-dietz approver"]),
                ("both in the author's reporting line", &["anna-berg approver", "fred-gale approver"]),
                (AUTHOR_AS_APPROVER, &["clara-dietz approver", "lena-moor approver"]),
                ("the regional head for the requester", &["anna-berg approver", "hans-adam approver"]),
                ("a head of an unknown region", &["anna-berg approver", "uwe-vale approver"]),
                ("one person in two roles", &["anna-berg approver", "olga-reed approver", "olga-reed counsel"]),
                ("an expert is no approver", &["anna-berg approver", "rita-park rights_expert"]),
                ("counsel is no approver", &["anna-berg approver", "karl-noor counsel"]),
                ("a refusal is no approval", &["anna-berg approver", "clara-dietz approver refuse"]),
            ],
            rule: court,
        },
        Row {
            case: "bloc-court",
            lane: "court",
            kind: Kind::Disclosure,
            enough: &[&["anna-berg approver", "bruno-costa approver"], &["anna-berg approver", "clara-dietz approver"]],
            short: &[
                ("both in the author's reporting line", &["anna-berg approver", "fred-gale approver"]),
                ("the regional head for the requester", &["anna-berg approver", "ingo-beck approver"]),
            ],
            rule: court,
        },
        Row {
            case: "prosecutor-order",
            lane: "home",
            kind: Kind::Disclosure,
            enough: &[
                &["anna-berg approver", "bruno-costa approver", "lena-moor author"],
                &["anna-berg approver", "fred-gale approver", "lena-moor author", "karl-noor counsel"],
                &["anna-berg approver", "hugo-ives approver", "lena-moor author", "karl-noor counsel"],
            ],
            short: &[
                ("one approver", &["bruno-costa approver", "lena-moor author"]),
                ("no legal author", &["anna-berg approver", "bruno-costa approver"]),
                ("the author is another officer", &["anna-berg approver", "bruno-costa approver", "ole-quist author"]),
                (ALL_REACHED, &["anna-berg approver", "fred-gale approver", "lena-moor author"]),
                (
                    "the counsel is the firm's own",
                    &["anna-berg approver", "fred-gale approver", "lena-moor author", "nils-oak counsel"],
                ),
                (
                    "counsel refuses",
                    &["anna-berg approver", "fred-gale approver", "lena-moor author", "karl-noor counsel refuse"],
                ),
                (
                    "the counsel is the regional head for the requester",
                    &["anna-berg approver", "fred-gale approver", "lena-moor author", "jost-cain counsel"],
                ),
                (STALE, &["anna-berg approver", "hugo-ives approver", "lena-moor author"]),
                (
                    "the regional head for the requester",
                    &["bruno-costa approver", "hans-adam approver", "lena-moor author"],
                ),
                (
                    "one person in two roles",
                    &["bruno-costa approver", "olga-reed approver", "olga-reed counsel", "lena-moor author"],
                ),
                (
                    "the author in two roles",
                    &["anna-berg approver", "bruno-costa approver", "lena-moor author", "lena-moor approver"],
                ),
            ],
            rule: home,
        },
        Row {
            case: "fiu-one-client",
            lane: "home",
            kind: Kind::Disclosure,
            enough: &[&["anna-berg approver", "bruno-costa approver", "lena-moor author"]],
            short: &[(ALL_REACHED, &["anna-berg approver", "fred-gale approver", "lena-moor author"])],
            rule: home,
        },
        Row {
            case: "bloc-prosecutor-mla",
            lane: "bloc",
            kind: Kind::Disclosure,
            enough: &[
                &["anna-berg approver", "fred-gale approver"],
                &["bruno-costa approver", "anna-berg approver"],
                &["gina-hall approver", "clara-dietz approver"],
            ],
            short: &[
                ("one approver", &["anna-berg approver"]),
                (ALL_REACHED, &["bruno-costa approver", "gina-hall approver"]),
                (STALE, &["bruno-costa approver", "hugo-ives approver"]),
                ("the regional head for the requester", &["anna-berg approver", "ingo-beck approver"]),
                (AUTHOR_AS_APPROVER, &["anna-berg approver", "lena-moor approver"]),
                (
                    "counsel stands in for nobody here",
                    &["bruno-costa approver", "gina-hall approver", "karl-noor counsel"],
                ),
            ],
            rule: bloc,
        },
        Row {
            case: "third-mla-fraud",
            lane: "weak",
            kind: Kind::Disclosure,
            enough: &[
                &["anna-berg approver", "bruno-costa approver", "dora-elm approver", "rita-park rights_expert"],
                &["anna-berg approver", "clara-dietz approver", "dora-elm approver", "rita-park rights_expert"],
            ],
            short: &[
                ("two approvers", &["anna-berg approver", "dora-elm approver", "rita-park rights_expert"]),
                ("no rights expert", &["anna-berg approver", "bruno-costa approver", "dora-elm approver"]),
                (
                    "counsel is no rights expert",
                    &["anna-berg approver", "bruno-costa approver", "dora-elm approver", "karl-noor counsel"],
                ),
                (
                    "the expert's statement of reach is too old",
                    &["anna-berg approver", "bruno-costa approver", "dora-elm approver", "sara-quill rights_expert"],
                ),
                (
                    "of one nobody knows whether the requester reaches him",
                    &["anna-berg approver", "hugo-ives approver", "dora-elm approver", "rita-park rights_expert"],
                ),
                (
                    "nor of a fourth beside a full quorum",
                    &[
                        "anna-berg approver",
                        "bruno-costa approver",
                        "dora-elm approver",
                        "hugo-ives approver",
                        "rita-park rights_expert",
                    ],
                ),
            ],
            rule: weak,
        },
        Row {
            case: "ruritania-by-treaty",
            lane: "weak",
            kind: Kind::Disclosure,
            enough: &[&["anna-berg approver", "bruno-costa approver", "dora-elm approver", "rita-park rights_expert"]],
            short: &[
                (
                    "a fourth whom the requester reaches: the ban is absolute",
                    &[
                        "anna-berg approver",
                        "bruno-costa approver",
                        "dora-elm approver",
                        "gina-hall approver",
                        "rita-park rights_expert",
                    ],
                ),
                (
                    "the regional head beside a full quorum",
                    &[
                        "anna-berg approver",
                        "bruno-costa approver",
                        "dora-elm approver",
                        "emil-fox approver",
                        "rita-park rights_expert",
                    ],
                ),
                (
                    "a head of an unknown region beside a full quorum",
                    &[
                        "anna-berg approver",
                        "bruno-costa approver",
                        "dora-elm approver",
                        "uwe-vale approver",
                        "rita-park rights_expert",
                    ],
                ),
                (
                    "a reachable third",
                    &["anna-berg approver", "dora-elm approver", "gina-hall approver", "rita-park rights_expert"],
                ),
            ],
            rule: weak,
        },
        Row {
            case: "bloc-intelligence-with-court",
            lane: "weak",
            kind: Kind::Disclosure,
            enough: &[&["anna-berg approver", "clara-dietz approver", "dora-elm approver", "rita-park rights_expert"]],
            short: &[
                (
                    "a service of the bloc reaches its own people",
                    &["anna-berg approver", "bruno-costa approver", "dora-elm approver", "rita-park rights_expert"],
                ),
                ("the quorum of an ordinary authority of the bloc", &["anna-berg approver", "clara-dietz approver"]),
                ("no rights expert", &["anna-berg approver", "clara-dietz approver", "dora-elm approver"]),
            ],
            rule: weak,
        },
        Row {
            case: "court-without-choice",
            lane: "compelled",
            kind: Kind::Compelled,
            enough: &[
                &[
                    "anna-berg approver",
                    "fred-gale approver",
                    "bruno-costa approver",
                    "lena-moor author",
                    "karl-noor counsel",
                ],
                &[
                    "anna-berg approver",
                    "fred-gale approver",
                    "ole-quist approver",
                    "lena-moor author",
                    "karl-noor counsel",
                ],
            ],
            short: &[
                (
                    "two approvers",
                    &["anna-berg approver", "bruno-costa approver", "lena-moor author", "karl-noor counsel"],
                ),
                (NO_OPINION, &["anna-berg approver", "fred-gale approver", "bruno-costa approver", "lena-moor author"]),
                (
                    "no legal author",
                    &["anna-berg approver", "fred-gale approver", "bruno-costa approver", "karl-noor counsel"],
                ),
                (
                    "the counsel is the firm's own",
                    &[
                        "anna-berg approver",
                        "fred-gale approver",
                        "bruno-costa approver",
                        "lena-moor author",
                        "nils-oak counsel",
                    ],
                ),
                (
                    "counsel refuses",
                    &[
                        "anna-berg approver",
                        "fred-gale approver",
                        "bruno-costa approver",
                        "lena-moor author",
                        "karl-noor counsel refuse",
                    ],
                ),
                (
                    "the author is no approver",
                    &["anna-berg approver", "fred-gale approver", "lena-moor approver", "karl-noor counsel"],
                ),
                (
                    "the third is counsel as well",
                    &[
                        "anna-berg approver",
                        "fred-gale approver",
                        "olga-reed approver",
                        "lena-moor author",
                        "olga-reed counsel",
                    ],
                ),
                (
                    "the regional head for the requester",
                    &[
                        "anna-berg approver",
                        "fred-gale approver",
                        "hans-adam approver",
                        "lena-moor author",
                        "karl-noor counsel",
                    ],
                ),
            ],
            rule: compelled,
        },
        Row {
            case: "abduction",
            lane: "emergency",
            kind: Kind::Emergency,
            enough: &[&["anna-berg approver", "bruno-costa approver"], &["fred-gale approver", "clara-dietz approver"]],
            short: &[
                ("one approver", &["bruno-costa approver"]),
                ("two in one state", &["anna-berg approver", "fred-gale approver"]),
                (STALE, &["anna-berg approver", "hugo-ives approver"]),
            ],
            rule: emergency,
        },
        Row {
            case: "third-state-police",
            lane: "emergency",
            kind: Kind::Emergency,
            enough: &[&["anna-berg approver", "bruno-costa approver"]],
            short: &[
                ("one whom the requester reaches", &["anna-berg approver", "pia-rask approver"]),
                (
                    "one whom the requester reaches beside a full quorum",
                    &["anna-berg approver", "bruno-costa approver", "pia-rask approver"],
                ),
                (STALE, &["anna-berg approver", "hugo-ives approver"]),
            ],
            rule: emergency_abroad,
        },
        Row {
            case: "home-court-answer",
            lane: "court",
            kind: Kind::Answer,
            enough: &[&["anna-berg approver", "fred-gale approver"]],
            short: &[("one approver", &["clara-dietz approver"])],
            rule: any_two,
        },
        Row {
            case: "fiu-list-answered",
            lane: "home",
            kind: Kind::Answer,
            enough: &[&["anna-berg approver", "fred-gale approver", "lena-moor author"]],
            short: &[("no legal author", &["anna-berg approver", "bruno-costa approver"])],
            rule: home_answer,
        },
        Row {
            case: "bloc-prosecutor-answer",
            lane: "bloc",
            kind: Kind::Answer,
            enough: &[&["bruno-costa approver", "gina-hall approver"]],
            short: &[("the regional head for the requester", &["anna-berg approver", "ingo-beck approver"])],
            rule: any_two,
        },
        Row {
            case: "third-mla-answer",
            lane: "weak",
            kind: Kind::Answer,
            enough: &[&["anna-berg approver", "dora-elm approver"]],
            short: &[
                (STALE, &["anna-berg approver", "hugo-ives approver"]),
                ("a head of an unknown region", &["anna-berg approver", "dora-elm approver", "uwe-vale approver"]),
            ],
            rule: weak_answer,
        },
    ]
}

/// The cast of the corpus with people of the sorts that it lacks.
fn cast(corpus: &Corpus) -> Cast {
    let mut cast = corpus.cast.clone();
    let regional = |person: &mut Person, region: &[&str]| {
        person.roles.push(Role::RegionalHead);
        person.roles.sort_unstable();
        person.manages = region.iter().map(|text| Country::parse(text).unwrap()).collect();
    };
    let old = find(&cast, "hugo-ives").reach.at;
    // Regional heads: for the seat, for XB, for the seat as independent counsel, and for a region that nobody said.
    add(&mut cast, "clara-dietz", "hans-adam", |person| regional(person, &["XA"]));
    add(&mut cast, "clara-dietz", "ingo-beck", |person| regional(person, &["XB"]));
    add(&mut cast, "karl-noor", "jost-cain", |person| regional(person, &["XA"]));
    add(&mut cast, "clara-dietz", "uwe-vale", |person| regional(person, &[]));
    add(&mut cast, "dora-elm", "igor-jung", |person| person.reach.at = old);
    add(&mut cast, "rita-park", "sara-quill", |person| person.reach.at = old);
    // May sign as an approver and as independent counsel, and may not do both in one case.
    add(&mut cast, "clara-dietz", "olga-reed", |person| person.roles = vec![Role::Approver, Role::Counsel]);
    let author = cast.people.iter_mut().find(|person| person.id.as_str() == "lena-moor").unwrap();
    author.roles = vec![Role::Approver, Role::Officer];
    cast
}

fn find<'c>(cast: &'c Cast, name: &str) -> &'c Person {
    cast.people.iter().find(|person| person.id.as_str() == name).unwrap()
}

/// Somebody like `like`, but for the name and a change.
fn add(cast: &mut Cast, like: &str, name: &str, change: impl Fn(&mut Person)) {
    let mut person = find(cast, like).clone();
    person.id = PersonId::parse(name).unwrap();
    change(&mut person);
    person.keys = vec![key_text(&person.id)];
    cast.people.push(person);
}

struct Court<'a> {
    bundle: &'a Bundle,
    cast: &'a Cast,
    case: &'a Case,
    context: ReleaseContext,
    /// Decisions by quorum facts: the policies see nothing else of the signatures.
    decided: BTreeMap<String, bool>,
}

impl<'a> Court<'a> {
    fn new(bundle: &'a Bundle, corpus: &'a Corpus, cast: &'a Cast, row: &Row) -> Self {
        let case = corpus.case(row.case).unwrap_or_else(|| panic!("no case `{}`", row.case));
        assert_eq!((case.propose.lane.as_deref(), case.facts.kind), (Some(row.lane), row.kind), "{}", row.case);
        assert_eq!(case.facts.author.as_str(), "lena-moor");
        let released = case.releases.iter().find(|step| step.expect.allowed).unwrap();
        Self { bundle, cast, case, context: released.context.clone(), decided: BTreeMap::new() }
    }

    fn sign(&self, texts: &[&str]) -> Vec<VerifiedApproval> {
        let sign = |text: &&str| self.cast.approve(&ORDER, text).unwrap_or_else(|error| panic!("{error}"));
        texts.iter().map(sign).collect()
    }

    fn quorum(&self, signed: &[VerifiedApproval]) -> QuorumFacts {
        let (requester, author) = (self.case.authority.state, &self.case.facts.author);
        QuorumFacts::compute(&ORDER, signed, requester, author, &self.cast.people, self.cast.now)
    }

    fn released(&mut self, signed: &[VerifiedApproval]) -> bool {
        let quorum = self.quorum(signed);
        let seen = format!("{quorum:?}");
        if let Some(decided) = self.decided.get(&seen) {
            return *decided;
        }
        self.context.quorum = quorum;
        let decision = release(self.bundle, &self.case.facts, &self.case.authority, self.case.seat, &self.context);
        assert!(decision.errors.is_empty(), "{decision:?}");
        self.decided.insert(seen, decision.allowed);
        decision.allowed
    }
}

#[test]
fn the_smallest_sets_suffice_and_what_is_one_short_does_not() {
    let (bundle, corpus) = (Bundle::builtin_eea_custodian().unwrap(), corpus());
    let cast = cast(&corpus);
    for row in rows() {
        let mut court = Court::new(&bundle, &corpus, &cast, &row);
        for set in row.enough {
            let signed = court.sign(set);
            assert!(court.released(&signed), "{}: {set:?} suffices", row.case);
            for (missing, text) in set.iter().enumerate() {
                let mut fewer = signed.clone();
                fewer.remove(missing);
                assert!(!court.released(&fewer), "{}: {set:?} without `{text}`", row.case);
                let mut twice = fewer.clone();
                twice.extend(fewer.first().cloned());
                assert!(!court.released(&twice), "{}: {set:?} with a signature twice for `{text}`", row.case);
            }
            // Whoever asks again under the signatures of another order has none.
            let other: Vec<VerifiedApproval> =
                set.iter().map(|text| cast.approve(&Digest([8; 32]), text).unwrap()).collect();
            assert!(!court.released(&other), "{}: signatures of another order", row.case);
        }
        for (why, set) in row.short {
            let signed = court.sign(set);
            assert!(!court.released(&signed), "{}: {why}: {set:?}", row.case);
        }
    }
}

/// Every requirement that is displayed has a row, so that a lane cannot be added without one.
#[test]
fn every_lane_and_kind_has_a_row() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let rows: BTreeSet<(String, Kind)> = rows().iter().map(|row| (row.lane.to_owned(), row.kind)).collect();
    let displayed: BTreeSet<(String, Kind)> = bundle
        .lanes()
        .iter()
        .flat_map(|lane| lane.requirements.iter().map(|need| (lane.name.clone(), need.kind)))
        .collect();
    assert_eq!(rows, displayed);
}

/// One person of each sort that can matter for a row: at home and abroad, in and out of the author's line, reachable, of old
/// statement, regional head for the requester, in two roles; and those who sign beside the approvers.
fn pool(row: &Row, requester: Country) -> Vec<&'static str> {
    let head = match requester.as_str() {
        "XA" => "hans-adam approver",
        "XB" => "ingo-beck approver",
        "XG" => "pia-rask approver",
        _ => "emil-fox approver",
    };
    let mut pool = vec![
        "anna-berg approver",
        "fred-gale approver",
        "bruno-costa approver",
        "dora-elm approver",
        "gina-hall approver",
        "hugo-ives approver",
        "olga-reed approver",
        head,
    ];
    pool.extend(match row.lane {
        "home" | "compelled" => ["karl-noor counsel", "lena-moor author"],
        "weak" => ["rita-park rights_expert", "olga-reed counsel"],
        _ => ["karl-noor counsel", "olga-reed counsel"],
    });
    pool.extend((row.lane == "compelled").then_some("olga-reed counsel"));
    pool
}

/// Every subset of a cast with one person of each sort: released exactly when the row says so.
#[test]
fn every_set_of_signatures_is_decided_by_the_rule_of_its_row() {
    let (bundle, corpus) = (Bundle::builtin_eea_custodian().unwrap(), corpus());
    let cast = cast(&corpus);
    for row in rows() {
        let mut court = Court::new(&bundle, &corpus, &cast, &row);
        let texts = pool(&row, court.case.authority.state);
        let pool = court.sign(&texts);
        let names = texts;
        let mut released = 0;
        for mask in 0u32..1 << pool.len() {
            let chosen = |place: &usize| mask & (1 << place) != 0;
            let places: Vec<usize> = (0..pool.len()).filter(chosen).collect();
            let texts: Vec<&str> = places.iter().map(|place| names[*place]).collect();
            let signed: Vec<VerifiedApproval> = places.iter().map(|place| pool[*place].clone()).collect();
            let people = Signed { cast: &cast, requester: court.case.authority.state, texts: &texts };
            let by_rule = (row.rule)(&people);
            assert_eq!(court.released(&signed), by_rule, "{}: {texts:?}", row.case);
            released += u32::from(by_rule);
        }
        assert!(released > 0, "{}: nothing was ever released", row.case);
    }
}
