//! The pack decided a second time, without Cedar and without its policies: a table in Rust, written from the design's lanes
//! and questions (docs/formats/facts.md, the README of the pack) by plain comparisons of facts.
//!
//! It says what is expected of requests nobody wrote down. Whoever changes a rule changes it here, too, and thinks twice.

use countersign_core::class::{Class, ClassSet};
use countersign_core::directory::{Authority, AuthorityKind, Standing};
use countersign_core::facts::{Factor, Facts};
use countersign_core::finding::Question;
use countersign_core::order::{Instrument, Kind};
use countersign_policy::{Bundle, Caps, Outcome, ReleaseContext};
use countersign_review::{Expected, Generated};
use std::collections::BTreeSet;

/// What is to be decided of a generated request: of its proposal, or of its release.
pub(crate) fn expected(bundle: &Bundle, made: &Generated, release: bool) -> Expected {
    let view = View::new(bundle, made);
    let mut rows = view.limits();
    let proposed = view.proposal();
    let released = if release { view.release(&made.context) } else { Vec::new() };
    let stopped = proposed.iter().chain(&released).any(|row| row.fires);
    rows.extend(proposed);
    rows.extend(released);
    let fired: Vec<&Row> = rows.iter().filter(|row| row.fires).collect();
    let outcome = fired.iter().map(|row| row.outcome).min().unwrap_or(Outcome::Comply);
    let open = |question: &Question| view.word(*question) == "unknown";
    Expected {
        allowed: !stopped && outcome.gives(),
        outcome,
        escalate: fired.iter().any(|row| row.escalate),
        lane: Some(view.lane.to_owned()),
        reasons: fired.iter().map(|row| row.reason.to_owned()).collect::<BTreeSet<_>>().into_iter().collect(),
        missing: fired
            .iter()
            .flat_map(|row| &row.asks)
            .copied()
            .filter(open)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        delay_lawful: view.delay(),
    }
}

/// One row of the table: when it fires, what it means.
struct Row {
    fires: bool,
    reason: &'static str,
    outcome: Outcome,
    escalate: bool,
    asks: Vec<Question>,
}

fn row(fires: bool, reason: &'static str, outcome: Outcome) -> Row {
    Row { fires, reason, outcome, escalate: false, asks: Vec::new() }
}

fn up(fires: bool, reason: &'static str, outcome: Outcome) -> Row {
    Row { escalate: true, ..row(fires, reason, outcome) }
}

fn question(number: &str) -> Question {
    Question::parse(number).unwrap()
}

fn questions(list: &str) -> Vec<Question> {
    list.split(' ').map(question).collect()
}

struct View<'a> {
    facts: &'a Facts,
    authority: &'a Authority,
    caps: &'a Caps,
    kinds: ClassSet,
    seat_in: bool,
    /// Whether the requester's state is of the bloc.
    inside: bool,
    /// Whether it is the custodian's own.
    own: bool,
    sanctioned_here: bool,
    lane: &'static str,
}

impl<'a> View<'a> {
    fn new(bundle: &'a Bundle, made: &'a Generated) -> Self {
        let Generated { facts, authority, seat, .. } = made;
        let mut view = Self {
            facts,
            authority,
            caps: bundle.caps(),
            kinds: bundle.classes_of(facts.kind),
            seat_in: seat.in_eea(),
            inside: authority.state.in_eea(),
            own: authority.state == *seat,
            sanctioned_here: authority.sanctioned_in.contains(seat),
            lane: "weak",
        };
        view.lane = view.placed(view.own);
        view
    }

    fn word(&self, question: Question) -> &str {
        self.facts.answer(question).unwrap_or("unknown")
    }

    fn is(&self, number: &str, word: &str) -> bool {
        self.word(question(number)) == word
    }

    fn answered(&self, list: &str) -> bool {
        questions(list).into_iter().all(|question| self.word(question) != "unknown")
    }

    fn came_by(&self, instruments: &[Instrument]) -> bool {
        instruments.contains(&self.facts.instrument)
    }

    fn kind(&self, kind: Kind) -> bool {
        self.facts.kind == kind
    }

    fn asker(&self, kinds: &[AuthorityKind]) -> bool {
        kinds.contains(&self.authority.kind)
    }

    /// The strictest lane that takes the request.
    fn placed(&self, own_state: bool) -> &'static str {
        use AuthorityKind::{Court, Fiu, Police, Prosecutor, Regulator, Tax};
        let Authority { independence, security_service: service, .. } = *self.authority;
        let by_judge = self.came_by(&[Instrument::CourtOrder, Instrument::Warrant]);
        let office = self.asker(&[Prosecutor, Police, Tax, Fiu, Regulator]) && (independence >= 2 || by_judge);
        let lesser_court = self.asker(&[Court]) && independence == 2;
        let court = self.asker(&[Court]) && independence == 3 && service != Some(true) && self.inside;
        let statutory =
            self.inside && (office || lesser_court) && (service == Some(false) || (service.is_none() && own_state));
        let rescue = self.kind(Kind::Emergency)
            && self.asker(&[Court, Prosecutor, Police])
            && service == Some(false)
            && (self.inside || independence >= 2);
        let binding = self.kind(Kind::Compelled)
            && self.inside
            && (office || (self.asker(&[Court]) && independence >= 2))
            && service != Some(true);
        if !court && !statutory && !rescue {
            "weak"
        } else if binding {
            "compelled"
        } else if rescue {
            "emergency"
        } else if statutory && !own_state {
            "bloc"
        } else if statutory {
            "home"
        } else {
            "court"
        }
    }

    fn delay(&self) -> bool {
        self.is("D28", "statute") || self.is("D28", "court")
    }

    fn selector_instrument(&self) -> bool {
        use Instrument::{Civil, CourtOrder, LetterOfRequest, Mla, Warrant};
        self.came_by(&[CourtOrder, Warrant, Mla, LetterOfRequest, Civil])
    }

    fn treaty(&self) -> bool {
        self.came_by(&[Instrument::Mla, Instrument::LetterOfRequest])
    }

    fn grantable(&self) -> Vec<Class> {
        let Facts { asked, necessary, allowed, .. } = self.facts;
        let all = [&asked.classes, necessary, allowed, &self.kinds];
        Class::ALL.iter().copied().filter(|class| all.iter().all(|set| set.iter().any(|own| own == *class))).collect()
    }

    fn too_many_uninvolved(&self) -> bool {
        self.facts.number(question("D21")).is_some_and(|percent| percent > self.caps.uninvolved_percent)
    }

    /// How many are not: by division, where the engine multiplies.
    fn involved(&self) -> u32 {
        let (asked, percent) = (self.facts.asked.subjects, self.facts.number(question("D21")).unwrap_or(0));
        let exact = f64::from(asked) * f64::from(percent) / 100.0;
        let left = asked.saturating_sub((exact + 0.5).floor() as u32);
        if percent < 100 && left == 0 { asked.min(1) } else { left }
    }

    /// A law of the bloc that binds the custodian and leaves no choice.
    fn bound(&self) -> bool {
        self.lane == "compelled" && self.is("D07", "entity")
    }

    /// What lowers the outcome without stopping.
    fn limits(&self) -> Vec<Row> {
        use Outcome::{Answer, Comply, ComplyUnderProtest, Narrow};
        let asked = &self.facts.asked;
        let elsewhere = !self.authority.sanctioned_in.is_empty() && !self.sanctioned_here;
        vec![
            row(!asked.classes.is_subset(&self.facts.necessary), "CLASSES_NOT_NECESSARY", Narrow),
            row(!asked.classes.is_subset(&self.facts.allowed), "CLASSES_NOT_ALLOWED_BY_INSTRUMENT", Narrow),
            row(!asked.classes.is_subset(&self.kinds), "CLASSES_NOT_ALLOWED_FOR_KIND", Narrow),
            row(self.too_many_uninvolved(), "UNINVOLVED_PEOPLE", Narrow),
            row(asked.subjects > self.caps.named && !self.selector_instrument(), "CAP_EXCEEDED", Narrow),
            up(asked.subjects > self.caps.court, "CAP_EXCEEDED", Narrow),
            row(self.kind(Kind::Emergency) && asked.subjects > 1, "CAP_EXCEEDED", Narrow),
            row(self.kind(Kind::Answer), "ANSWER_INSTEAD_OF_RECORDS", Answer),
            up(self.bound(), "LAW_LEAVES_NO_CHOICE", ComplyUnderProtest),
            row(self.is("D28", "agency_wish"), "DELAY_BY_WISH_ONLY", Comply),
            up(self.is("D14", "suspected"), "POLITICAL_OR_RIGHTS_RED_FLAG", Comply),
            up(self.authority.standing == Standing::Suspended, "REQUESTER_SUSPENDED", Comply),
            up(self.is("D17", "somewhere") || elsewhere, "REQUESTER_SANCTIONED_ELSEWHERE", Comply),
            up(self.lane == "weak" || self.authority.independence < 2, "WEAK_REQUESTER", Comply),
            up(self.lane == "court" && self.is("D34", "yes"), "ONWARD_USE", Comply),
        ]
    }

    /// What stops a proposal: the questions in their order, D01 to D34.
    fn proposal(&self) -> Vec<Row> {
        let mut rows = self.form_and_sender();
        rows.extend(self.authority_and_instrument());
        rows.extend(self.law_and_rights());
        rows.extend(self.targets_and_harm());
        rows.extend(self.emergency_and_order());
        rows.push(self.missing());
        rows.push(self.missing_abroad());
        rows
    }

    fn form_and_sender(&self) -> Vec<Row> {
        use Factor::{CallBack, ClientCertificate, Directory, QualifiedSeal, RegisteredKey, SecondOfficer};
        use Outcome::{AskMore, NonExecution, Refuse, RejectFake};
        let has = |factor: Factor| self.facts.factors.contains(&factor);
        let key = has(RegisteredKey) || has(ClientCertificate) || has(QualifiedSeal);
        let enough = if self.kind(Kind::Emergency) {
            has(CallBack) && (has(SecondOfficer) || key)
        } else {
            has(Directory) && (has(CallBack) || key)
        };
        let failed = self.is("D02", "failed");
        let decided = [Kind::Disclosure, Kind::Compelled, Kind::Emergency, Kind::Answer].contains(&self.facts.kind);
        vec![
            row(!self.seat_in, "SEAT_NOT_COVERED", NonExecution),
            row(!decided, "KIND_NOT_COVERED", NonExecution),
            up(
                self.is("D01", "informal") || self.facts.instrument == Instrument::Informal,
                "NO_LEGAL_INSTRUMENT",
                Refuse,
            ),
            up(failed, "SENDER_NOT_VERIFIED", RejectFake),
            row(self.is("D02", "partly"), "SENDER_NOT_VERIFIED", AskMore),
            up(
                failed
                    && !has(CallBack)
                    && (self.kind(Kind::Emergency) || self.facts.instrument == Instrument::Emergency),
                "CALL_BACK_FAILED",
                RejectFake,
            ),
            row(!failed && !enough, "FACTORS_INSUFFICIENT", AskMore),
            row(self.is("D03", "no"), "OFFICER_NOT_CONFIRMED", AskMore),
        ]
    }

    fn authority_and_instrument(&self) -> Vec<Row> {
        use Instrument::{Civil, CourtOrder, Epoc, EpocPr, FiuRequest, Informal, LetterOfRequest, Mla, Regulator};
        use Instrument::{Emergency, S314a, SecondProtocol, Subpoena, Warrant};
        use Outcome::{AskMore, NonExecution, PreserveOnly, Refuse, RouteMla};
        let service = self.authority.security_service;
        let secret = self.asker(&[AuthorityKind::Intelligence]) || service == Some(true);
        let judicial = self.came_by(&[CourtOrder, Warrant, Mla, LetterOfRequest]);
        let own_row = self.came_by(&[Informal, Epoc, EpocPr]);
        let (unfit, unfit_outcome) = match self.lane {
            "court" => (self.came_by(&[FiuRequest, S314a, Regulator, SecondProtocol, Emergency]), AskMore),
            "home" => (!own_row && !self.home_instrument(), AskMore),
            "bloc" => {
                (!own_row && !self.came_by(&[CourtOrder, Warrant, Mla, LetterOfRequest, SecondProtocol]), RouteMla)
            }
            "compelled" => {
                (!own_row && !self.came_by(&[CourtOrder, Warrant, Subpoena, Civil, FiuRequest, Regulator]), AskMore)
            }
            "emergency" => (!own_row && !self.came_by(&[Emergency, CourtOrder, Warrant, Subpoena]), AskMore),
            _ => (false, AskMore),
        };
        let only_logins = self.facts.asked.classes.iter().all(|class| class == Class::Logins);
        vec![
            row(self.asker(&[AuthorityKind::Unknown]), "AUTHORITY_UNKNOWN", AskMore),
            row(self.lane == "weak" && service.is_none(), "AUTHORITY_UNKNOWN", AskMore),
            up(secret && !judicial, "INTELLIGENCE_WITHOUT_COURT", Refuse),
            up(self.lane == "weak" && !judicial, "COURT_INSTRUMENT_NEEDED", AskMore),
            row(self.is("D06", "no"), "NOT_COMPETENT", Refuse),
            row(self.is("D07", "none"), "NO_TERRITORIAL_LINK", RouteMla),
            row(unfit, "INSTRUMENT_NOT_OPEN_TO_REQUESTER", unfit_outcome),
            row(self.is("D09", "partly") || self.is("D09", "no"), "FORM_INCOMPLETE", AskMore),
            row(self.is("D10", "no"), "SERVICE_NOT_COVERED", NonExecution),
            row(self.came_by(&[Epoc, EpocPr]) && !only_logins, "SERVICE_NOT_COVERED", NonExecution),
            up(self.came_by(&[Epoc]) && only_logins, "INSTRUMENT_NOT_OPEN_TO_REQUESTER", AskMore),
            row(self.came_by(&[EpocPr]), "PRESERVATION_ONLY", PreserveOnly),
        ]
    }

    /// Each home authority by the instruments that its statute gives it.
    fn home_instrument(&self) -> bool {
        use Instrument::{Civil, CourtOrder, FiuRequest, LetterOfRequest, Mla, Regulator, S314a, Subpoena, Warrant};
        let own: &[Instrument] = match self.authority.kind {
            AuthorityKind::Fiu => &[FiuRequest, S314a, CourtOrder],
            AuthorityKind::Tax => &[Subpoena, Regulator, CourtOrder, Warrant],
            AuthorityKind::Regulator => &[Regulator, Subpoena, CourtOrder],
            AuthorityKind::Police => &[CourtOrder, Warrant, Subpoena],
            AuthorityKind::Prosecutor => &[CourtOrder, Warrant, Subpoena, Mla, LetterOfRequest],
            AuthorityKind::Court => &[CourtOrder, Warrant, Subpoena, Civil, Mla, LetterOfRequest],
            AuthorityKind::Intelligence | AuthorityKind::Unknown => &[],
        };
        self.came_by(own)
    }

    fn law_and_rights(&self) -> Vec<Row> {
        use AuthorityKind::{Court, Intelligence, Police, Prosecutor};
        use Instrument::{FiuRequest, S314a};
        use Outcome::{AskMore, Challenge, Refuse, RouteMla};
        let conflict = self.is("D18", "yes");
        let Authority { independence, security_service, .. } = *self.authority;
        let great_court = self.asker(&[Court]) && independence == 3 && security_service != Some(true) && self.inside;
        let lists = &self.facts.listed_by;
        let alone = lists.contains(&self.authority.state) && lists.iter().all(|state| *state == self.authority.state);
        let foreign_lane = ["bloc", "weak"].contains(&self.lane);
        vec![
            row(
                self.is("D11", "no") && (self.lane == "weak" || self.asker(&[Prosecutor, Police, Intelligence])),
                "OFFENCE_NOT_STATED",
                AskMore,
            ),
            row(self.is("D12", "no") && foreign_lane, "NO_DUAL_CRIMINALITY", Refuse),
            up(self.is("D13", "raised") && !self.kind(Kind::Compelled), "BARS_RAISED", Challenge),
            up(self.is("D14", "yes"), "POLITICAL_OR_RIGHTS_RED_FLAG", Refuse),
            up(self.is("D14", "suspected") && !great_court, "POLITICAL_OR_RIGHTS_RED_FLAG", Refuse),
            row(alone && (self.lane == "weak" || !self.is("D14", "none")), "LISTED_BY_REQUESTER_ALONE", Refuse),
            up(
                self.authority.standing == Standing::Suspended && self.came_by(&[FiuRequest, S314a]),
                "REQUESTER_SUSPENDED",
                Refuse,
            ),
            up(self.sanctioned_here || self.is("D17", "at_our_seat"), "REQUESTER_SANCTIONED", Refuse),
            row(!self.inside && self.lane != "emergency" && !self.treaty(), "CONFLICT_OF_LAWS", RouteMla),
            row(conflict && !self.inside && !self.treaty(), "CONFLICT_OF_LAWS", RouteMla),
            row(conflict && !self.inside && self.treaty(), "CONFLICT_OF_LAWS", Challenge),
            row(conflict && self.inside && !self.kind(Kind::Compelled), "CONFLICT_OF_LAWS", Challenge),
        ]
    }

    fn targets_and_harm(&self) -> Vec<Row> {
        use Outcome::{Answer, AskMore, NoData, Refuse};
        let selector = self.is("D19", "selector");
        let emergency = self.kind(Kind::Emergency);
        let grantable = self.grantable();
        let timed = grantable.contains(&Class::Logins) || grantable.contains(&Class::Transfers);
        let asked = self.facts.asked.subjects;
        let exposure = Row {
            asks: questions("D20 D21"),
            ..row(selector && !self.answered("D20 D21"), "FINDINGS_MISSING", AskMore)
        };
        vec![
            up(self.is("D19", "dragnet"), "DRAGNET", Refuse),
            row(selector && !emergency && !self.selector_instrument(), "SELECTOR_WITHOUT_COURT", AskMore),
            row(selector && emergency, "CAP_EXCEEDED", AskMore),
            exposure,
            up(asked > self.caps.absolute, "CAP_EXCEEDED", Refuse),
            row(asked == 0, "NO_DATA_HELD", NoData),
            row(grantable.is_empty(), "NOTHING_GRANTABLE", AskMore),
            row(timed && !self.is("D23", "yes"), "WINDOW_UNBOUNDED", AskMore),
            row(self.is("D24", "yes") && !self.kind(Kind::Answer), "AGGREGATE_ENOUGH", Answer),
            row(self.facts.instrument == Instrument::S314a && !self.kind(Kind::Answer), "LIST_IS_YES_OR_NO", Answer),
            row(self.is("D25", "yes") && ["bloc", "weak"].contains(&self.lane), "LESS_HARM_ELSEWHERE", AskMore),
        ]
    }

    fn emergency_and_order(&self) -> Vec<Row> {
        use Outcome::{AskMore, Challenge, NonExecution, PreserveOnly, Refuse};
        let emergency = self.kind(Kind::Emergency);
        let closed = emergency && self.lane != "emergency";
        vec![
            row(closed && !self.own, "EMERGENCY_NOT_OPEN", Refuse),
            row(closed && self.own, "EMERGENCY_NOT_OPEN", AskMore),
            row(emergency && self.is("D26", "no"), "NO_THREAT_TO_LIFE", Refuse),
            row(emergency && self.is("D26", "doubt"), "EMERGENCY_DOUBTFUL", PreserveOnly),
            up(emergency && self.is("D27", "no"), "EMERGENCY_NOT_REGULARISED", Refuse),
            up(self.kind(Kind::Compelled) && !self.bound(), "COMPULSION_NOT_BINDING", Challenge),
            up(self.is("D29", "yes"), "DURESS", NonExecution),
            up(self.is("D30", "no"), "QUORUM_IMPOSSIBLE", NonExecution),
            up(self.is("D31", "no") && !self.inside, "TRUSTEES_WITHIN_REACH", NonExecution),
            up(self.is("D33", "risk"), "PERSECUTION_RISK", Refuse),
            row(self.is("D34", "yes") && self.lane != "court", "ONWARD_USE", Refuse),
        ]
    }

    /// What the lane needs answered.
    fn missing(&self) -> Row {
        let needed = match self.lane {
            "court" | "home" => "D01 D02 D06 D09 D14 D19",
            "bloc" => "D01 D02 D03 D06 D07 D09 D14 D18 D19 D33",
            "compelled" => "D01 D02 D06 D07 D09 D14 D18 D19",
            "emergency" => "D01 D02 D03 D06 D14 D19 D26",
            _ => "D01 D02 D03 D06 D07 D09 D10 D11 D12 D14 D18 D19 D25 D29 D31 D33 D34",
        };
        Row { asks: questions(needed), ..row(!self.answered(needed), "FINDINGS_MISSING", Outcome::AskMore) }
    }

    /// What an emergency of a third state needs besides.
    fn missing_abroad(&self) -> Row {
        let stops = self.lane == "emergency" && !self.inside && !self.answered("D18 D33 D34");
        Row { asks: questions("D18 D33 D34"), ..row(stops, "FINDINGS_MISSING", Outcome::AskMore) }
    }

    /// What stops a release besides.
    fn release(&self, context: &ReleaseContext) -> Vec<Row> {
        use Outcome::{NoData, NonExecution, Refuse};
        let Facts { asked, necessary, allowed, .. } = self.facts;
        let classes = &context.classes;
        let emergency = self.kind(Kind::Emergency);
        let exceeded = context.exceeded;
        let slices = exceeded.authority || exceeded.matter || exceeded.address || exceeded.volume;
        let close = self.lane == "weak" || (self.lane == "emergency" && !self.inside);
        let bystanders = !emergency && self.too_many_uninvolved() && context.subjects > self.involved();
        let witnessed = context.witness_quorum && context.witness_cosignatures >= 2;
        vec![
            row(classes.is_empty() || !classes.is_subset(necessary), "CLASSES_NOT_NECESSARY", Refuse),
            row(!classes.is_subset(&asked.classes), "CLASSES_NOT_ASKED", Refuse),
            row(!classes.is_subset(allowed), "CLASSES_NOT_ALLOWED_BY_INSTRUMENT", Refuse),
            row(!classes.is_subset(&self.kinds), "CLASSES_NOT_ALLOWED_FOR_KIND", Refuse),
            row(context.subjects == 0 || context.records == 0, "NO_DATA_HELD", NoData),
            row(context.subjects > asked.subjects, "MORE_THAN_ASKED", Refuse),
            row(bystanders, "UNINVOLVED_PEOPLE", Refuse),
            row(context.subjects > self.caps.named && !self.selector_instrument(), "CAP_EXCEEDED", Refuse),
            up(context.subjects > self.caps.court, "CAP_EXCEEDED", Refuse),
            row(emergency && context.subjects != 1, "CAP_EXCEEDED", Refuse),
            up(slices, "CUMULATIVE_CAP", Refuse),
            row(context.delayed && !self.delay(), "DELAY_NOT_LAWFUL", Refuse),
            row(!context.included, "NOT_LOGGED", NonExecution),
            row(!witnessed, "NOT_WITNESSED", NonExecution),
            row(!context.waited, "WAITING_TIME", NonExecution),
            up(context.duress, "DURESS", NonExecution),
            row(emergency && !context.call_back_confirmed, "CALL_BACK_FAILED", Refuse),
            up(close && context.quorum.within_reach() > 0, "APPROVER_WITHIN_REACH", Refuse),
            row(!self.quorum(context), "QUORUM_NOT_MET", NonExecution),
        ]
    }

    /// The quorums of the design, by lane and kind; another pair has none.
    fn quorum(&self, context: &ReleaseContext) -> bool {
        let quorum = &context.quorum;
        let approvals = |least: u32| quorum.approvals() >= least;
        let far = |least: u32| quorum.out_of_reach() >= least;
        match (self.lane, self.facts.kind) {
            ("court", Kind::Disclosure) => approvals(2) && quorum.outside_line() >= 1,
            ("court" | "bloc", Kind::Answer) => approvals(2),
            ("home", Kind::Disclosure) => approvals(2) && quorum.author() && (far(1) || quorum.counsel()),
            ("home", Kind::Answer) => approvals(2) && quorum.author(),
            ("bloc", Kind::Disclosure) => approvals(2) && far(1),
            ("weak", Kind::Disclosure) => approvals(3) && far(2) && quorum.rights_expert(),
            ("weak", Kind::Answer) => approvals(2) && far(2),
            ("compelled", Kind::Compelled) => approvals(3) && quorum.author() && quorum.counsel(),
            ("emergency", Kind::Emergency) => approvals(2) && far(1) && quorum.states() >= 2,
            _ => true,
        }
    }
}

mod tests {
    use super::*;
    use crate::corpus::corpus;
    use countersign_policy::Prepared;
    use countersign_review::{Generator, combinations, neighbours};

    fn same(bundle: &Bundle, made: &Generated) -> u32 {
        let Ok(prepared) = Prepared::new(bundle, &made.facts, &made.authority, made.seat) else { return 0 };
        for (context, release) in [(None, false), (Some(&made.context), true)] {
            let decided = prepared.decide(context);
            let expected = expected(bundle, made, release);
            assert_eq!(Expected::of(&decided), expected, "{:?}\n{made:?}", decided.policies);
        }
        1
    }

    /// The table and the pack agree on worked requests, near them, and far from them.
    #[test]
    fn the_table_says_what_the_pack_decides() {
        let (bundle, corpus) = (Bundle::builtin_eea_custodian().unwrap(), corpus());
        for case in &corpus.cases {
            let made = |step: &countersign_review::Release| Generated {
                facts: case.facts.clone(),
                authority: case.authority.clone(),
                seat: case.seat,
                context: step.context.clone(),
            };
            for step in &case.releases {
                assert_eq!(expected(&bundle, &made(step), false), case.propose, "{}", case.name);
                assert_eq!(expected(&bundle, &made(step), true), step.expect, "{} / {}", case.name, step.name);
            }
        }
        let near: u32 = neighbours(&corpus).iter().step_by(3).map(|made| same(&bundle, made)).sum();
        let combined = combinations(&corpus);
        let combined = combined.proposed.iter().chain(&combined.released).step_by(7);
        let combined: u32 = combined.map(|made| same(&bundle, made)).sum();
        assert!(combined > 500, "{combined}");
        let mut generator = Generator::new(&corpus, 23).unwrap();
        let far: u32 = (0..600).map(|_| same(&bundle, &generator.case())).sum();
        assert!(near > 1_000 && far > 300, "{near} {far}");
    }
}
