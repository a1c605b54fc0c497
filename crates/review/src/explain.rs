//! What a decision rests on, and which single answer would make it another.

use countersign_core::class::ClassSet;
use countersign_core::country::Country;
use countersign_core::directory::Authority;
use countersign_core::facts::{Factor, Facts};
use countersign_core::finding::{Answers, Finding, Question};
use countersign_policy::{Bundle, Decision, Outcome, Prepared, ReasonCode, ReleaseContext, Rule};
use serde::Serialize;

/// A policy that spoke in a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spoke {
    /// Its id.
    pub policy: String,
    /// The action it is about.
    pub action: String,
    /// What it does.
    #[serde(flatten)]
    pub does: Does,
    /// Where the rule comes from.
    pub source: String,
    /// Whether somebody compared the rule with its source.
    pub verified: bool,
    /// When it was compared, or written down.
    pub date: String,
}

/// What a policy does in a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Does {
    /// Places the request in a lane.
    Places {
        /// The lane.
        lane: String,
    },
    /// Permits.
    Permits,
    /// Is a gate that closed, wholly or in part.
    Lowers {
        /// The reason it gives.
        reason: String,
        /// The questions the reason comes from.
        questions: Vec<Question>,
        /// The reason in a sentence.
        text: String,
        /// To which outcome.
        outcome: Outcome,
        /// Whether it sends the matter to the board or counsel.
        escalate: bool,
        /// Whether no other gate lowers the outcome further.
        decisive: bool,
    },
}

/// One change of the case, and what would be decided then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What would have to be otherwise.
    pub changes: Vec<String>,
    /// Whether it would be permitted.
    pub allowed: bool,
    /// The outcome.
    pub outcome: Outcome,
}

/// A decision explained.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// The policies that spoke: lanes and permits first, then gates, the strictest first.
    pub spoke: Vec<Spoke>,
    /// Changes of one answer, or of two where no single one does, after which the outcome would be less strict or the act
    /// permitted. Found by deciding again, not by reasoning about policies.
    pub raised_by: Vec<Change>,
    /// Changes of one answer after which it would be stricter, or no longer permitted.
    pub lowered_by: Vec<Change>,
}

/// Explains what a pack decides of one request.
pub fn explain(
    bundle: &Bundle,
    facts: &Facts,
    authority: &Authority,
    seat: Country,
    context: Option<&ReleaseContext>,
) -> Explanation {
    let decide = |facts: &Facts, context: Option<&ReleaseContext>| {
        Prepared::new(bundle, facts, authority, seat).map_or_else(|refusal| *refusal, |case| case.decide(context))
    };
    let decision = decide(facts, context);
    let now = rank(&decision);
    let single = changes(bundle, facts, context);
    let tried: Vec<(&Edit, Decision)> = single
        .iter()
        .map(|edit| {
            let (facts, context) = edit.apply(facts, context);
            (edit, decide(&facts, context.as_ref()))
        })
        // A contradiction with the directory is no case.
        .filter(|(_, other)| !other.has(ReasonCode::FACTS_MISMATCH))
        .collect();
    let mut raised_by: Vec<Change> =
        tried.iter().filter(|(_, other)| rank(other) > now).map(|(edit, other)| change(&[edit], other)).collect();
    let lowered_by =
        tried.iter().filter(|(_, other)| rank(other) < now).map(|(edit, other)| change(&[edit], other)).collect();
    if raised_by.is_empty() && !decision.allowed {
        // Only changes that take a reason away can help together.
        let helpful: Vec<&Edit> = tried
            .iter()
            .filter(|(_, other)| {
                decision.reasons.iter().any(|reason| !other.reasons.contains(reason))
                    || other.missing.len() < decision.missing.len()
            })
            .map(|(edit, _)| *edit)
            .collect();
        for (at, first) in helpful.iter().enumerate() {
            for second in helpful.iter().skip(at + 1).filter(|second| second.what != first.what) {
                let (facts, context) = first.apply(facts, context);
                let (facts, context) = second.apply(&facts, context.as_ref());
                let other = decide(&facts, context.as_ref());
                if rank(&other) > now {
                    raised_by.push(change(&[first, second], &other));
                }
            }
        }
    }
    Explanation { spoke: spoke(bundle, &decision), raised_by, lowered_by, decision }
}

fn rank(decision: &Decision) -> (bool, Outcome) {
    (decision.allowed, decision.outcome)
}

fn change(edits: &[&Edit], decision: &Decision) -> Change {
    let changes = edits.iter().map(|edit| edit.says.clone()).collect();
    Change { changes, allowed: decision.allowed, outcome: decision.outcome }
}

fn spoke(bundle: &Bundle, decision: &Decision) -> Vec<Spoke> {
    let mut spoke: Vec<Spoke> = decision
        .policies
        .iter()
        .filter_map(|policy| {
            let Rule { source, verified, date, .. } =
                bundle.rules().iter().find(|rule| rule.policy == *policy)?.clone();
            let action = bundle.actions(policy).join(", ");
            Some(Spoke { policy: policy.clone(), action, does: does(bundle, decision, policy), source, verified, date })
        })
        .collect();
    spoke.sort_by_key(|one| match &one.does {
        Does::Places { .. } => (0, None),
        Does::Permits => (1, None),
        Does::Lowers { outcome, .. } => (2, Some(*outcome)),
    });
    spoke
}

fn does(bundle: &Bundle, decision: &Decision, policy: &str) -> Does {
    if let Some(lane) = bundle.lane_of(policy) {
        return Does::Places { lane: lane.to_owned() };
    }
    let Some((reason, outcome)) = bundle.gate_of(policy) else { return Does::Permits };
    let known = bundle.reason(reason);
    Does::Lowers {
        reason: reason.to_string(),
        questions: known.map(|known| known.questions.clone()).unwrap_or_default(),
        text: known.map(|known| known.text.clone()).unwrap_or_default(),
        outcome,
        escalate: bundle.escalates(policy),
        decisive: outcome == decision.outcome,
    }
}

/// One thing about a case that could be otherwise.
struct Edit {
    /// What it changes: two edits of the same thing cannot both be.
    what: String,
    says: String,
    make: Make,
}

enum Make {
    Answer(Finding),
    Factor(Factor),
    Necessary(ClassSet),
    Asked(u32),
    Circumstance(fn(&mut ReleaseContext)),
    Scope(ClassSet),
}

impl Edit {
    fn apply(&self, facts: &Facts, context: Option<&ReleaseContext>) -> (Facts, Option<ReleaseContext>) {
        let (mut facts, mut context) = (facts.clone(), context.cloned());
        match &self.make {
            Make::Answer(finding) => {
                facts.findings.retain(|known| known.question() != finding.question());
                facts.findings.push(finding.clone());
                facts.findings.sort_by_key(Finding::question);
            }
            Make::Factor(factor) => {
                facts.factors.push(*factor);
                facts.factors.sort_unstable();
            }
            Make::Necessary(classes) => facts.necessary = classes.clone(),
            Make::Asked(subjects) => facts.asked.subjects = *subjects,
            Make::Circumstance(make) => context.iter_mut().for_each(make),
            Make::Scope(classes) => context.iter_mut().for_each(|context| context.classes = classes.clone()),
        }
        (facts, context)
    }
}

/// Every other answer to every question, every factor that is missing, narrower figures, better circumstances.
fn changes(bundle: &Bundle, facts: &Facts, context: Option<&ReleaseContext>) -> Vec<Edit> {
    let mut edits = Vec::new();
    let now = |question: Question| facts.answer(question).unwrap_or("not answered").to_owned();
    for question in Question::ALL.iter().copied() {
        let words: Vec<String> = match question.answers() {
            Answers::Words(words) => words.iter().map(|word| (*word).to_owned()).collect(),
            Answers::Number(_) if question == Question::Uninvolved => {
                vec![bundle.caps().uninvolved_percent.to_string()]
            }
            Answers::Number(_) => Vec::new(),
        };
        for word in words.into_iter().filter(|word| facts.answer(question) != Some(word.as_str())) {
            let at = facts.findings.first().map_or(countersign_core::time::Timestamp::MIN, Finding::at);
            let Ok(finding) = Finding::new(question, &word, "what if", facts.author.clone(), at) else { continue };
            let says = format!("{question} were `{word}` (it is `{}`)", now(question));
            edits.push(Edit { what: question.to_string(), says, make: Make::Answer(finding) });
        }
    }
    for factor in Factor::ALL.iter().filter(|factor| !facts.factors.contains(factor)) {
        let says = format!("the factor `{factor}` had succeeded");
        edits.push(Edit { what: factor.to_string(), says, make: Make::Factor(*factor) });
    }
    let caps = bundle.caps();
    let steps = [1, caps.named, caps.court, caps.absolute];
    if let Some(most) = steps.into_iter().filter(|cap| *cap < facts.asked.subjects).max() {
        let says = format!("{most} people were asked for (they are {})", facts.asked.subjects);
        edits.push(Edit { what: "asked".into(), says, make: Make::Asked(most) });
    }
    let askable = facts.asked.classes.intersection(&facts.allowed).intersection(&bundle.classes_of(facts.kind));
    if !askable.is_empty() && facts.asked.classes.intersection(&facts.necessary).is_empty() {
        let says = format!("{askable} were found necessary");
        edits.push(Edit { what: "necessary".into(), says, make: Make::Necessary(askable) });
    }
    if let Some(context) = context {
        edits.extend(circumstances(bundle, facts, context));
    }
    edits
}

/// Whether a circumstance is otherwise than it should be, what it should be, and the change.
type Circumstance = (bool, &'static str, fn(&mut ReleaseContext));

fn circumstances(bundle: &Bundle, facts: &Facts, context: &ReleaseContext) -> Vec<Edit> {
    let better: [Circumstance; 8] = [
        (!context.included, "the order were in the log", |context| context.included = true),
        (
            !context.witness_quorum || context.witness_cosignatures < 2,
            "the witnesses had cosigned the log with the order",
            |context| {
                (context.witness_quorum, context.witness_cosignatures) = (true, context.witness_cosignatures.max(2))
            },
        ),
        (!context.waited, "the waiting time were over", |context| context.waited = true),
        (!context.call_back_confirmed, "the call-back had confirmed it", |context| context.call_back_confirmed = true),
        (context.duress, "nobody were under duress", |context| context.duress = false),
        (context.delayed, "notice were not delayed", |context| context.delayed = false),
        (context.exceeded != countersign_policy::Exceeded::default(), "no cumulative cap were exceeded", |context| {
            context.exceeded = countersign_policy::Exceeded::default()
        }),
        (context.subjects > 1, "the order concerned one person", |context| {
            (context.subjects, context.records) = (1, 1)
        }),
    ];
    let mut edits: Vec<Edit> = better
        .into_iter()
        .filter(|(otherwise, ..)| *otherwise)
        .map(|(_, says, make)| Edit { what: says.into(), says: says.into(), make: Make::Circumstance(make) })
        .collect();
    let grantable = facts
        .asked
        .classes
        .intersection(&facts.necessary)
        .intersection(&facts.allowed)
        .intersection(&bundle.classes_of(facts.kind));
    let within = context.classes.intersection(&grantable);
    if within != context.classes && !within.is_empty() {
        let says = format!("the order named only {within}");
        edits.push(Edit { what: "scope".into(), says, make: Make::Scope(within) });
    }
    edits
}
