//! Cases nobody wrote: golden cases with a few things about them changed at random, the same for the same seed.

use crate::corpus::{Case, Corpus};
use countersign_core::class::{Class, ClassSet};
use countersign_core::country::Country;
use countersign_core::directory::{Authority, AuthorityKind, Standing};
use countersign_core::facts::{Factor, Facts};
use countersign_core::finding::{Answers, Finding, Question};
use countersign_core::order::{Instrument, Kind};
use countersign_policy::{QuorumFacts, ReleaseContext};

/// Most things changed about one case.
const CHANGES: u64 = 5;

/// A generated request with the circumstances of a release.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The facts.
    pub facts: Facts,
    /// Who asks.
    pub authority: Authority,
    /// State of the custodian's seat.
    pub seat: Country,
    /// The circumstances.
    pub context: ReleaseContext,
}

/// Makes cases out of those of a corpus.
pub struct Generator<'c> {
    corpus: &'c Corpus,
    cases: Vec<&'c Case>,
    states: Vec<Country>,
    state: u64,
}

impl<'c> Generator<'c> {
    /// A generator that gives the same cases for the same corpus and seed; `None` when no case attempts a release.
    pub fn new(corpus: &'c Corpus, seed: u64) -> Option<Self> {
        let cases: Vec<&Case> = corpus.cases.iter().filter(|case| !case.releases.is_empty()).collect();
        let mut states: Vec<Country> = corpus.cast.authorities.iter().map(|authority| authority.state).collect();
        states.sort_unstable();
        states.dedup();
        (!cases.is_empty()).then_some(Self { corpus, cases, states, state: seed })
    }

    /// The next case.
    pub fn case(&mut self) -> Generated {
        let case = self.pick_case();
        let mut made = Generated {
            facts: case.facts.clone(),
            authority: case.authority.clone(),
            seat: case.seat,
            context: self.attempt(case).1,
        };
        for _ in 0..self.below(CHANGES) {
            self.change_request(&mut made);
        }
        self.change_circumstances(&mut made);
        made.facts.findings.sort_by_key(Finding::question);
        (made.context.kind, made.context.instrument) = (made.facts.kind, made.facts.instrument);
        made
    }

    /// Other circumstances of the same request.
    pub fn circumstances(&mut self, made: &mut Generated) {
        let case = self.pick_case();
        made.context = self.attempt(case).1;
        made.context.quorum = self.quorum(&made.authority);
        self.change_circumstances(made);
        (made.context.kind, made.context.instrument) = (made.facts.kind, made.facts.instrument);
    }

    /// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; the bias of the remainder is of no matter here.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        let at = usize::try_from(self.below(list.len() as u64)).unwrap_or(0);
        list[at].clone()
    }

    fn pick_case(&mut self) -> &'c Case {
        let cases = self.cases.clone();
        self.pick(&cases)
    }

    fn attempt(&mut self, case: &'c Case) -> (usize, ReleaseContext) {
        let at = usize::try_from(self.below(case.releases.len() as u64)).unwrap_or(0);
        (at, case.releases[at].context.clone())
    }

    /// Quorum facts of the approvals of some attempt, had this authority asked.
    fn quorum(&mut self, authority: &Authority) -> QuorumFacts {
        let case = self.pick_case();
        let (at, _) = self.attempt(case);
        case.quorum(&self.corpus.cast, &case.releases[at], authority.state)
    }

    fn classes(&mut self) -> ClassSet {
        let mask = self.next();
        Class::ALL.iter().copied().filter(|class| mask >> class.number() & 1 == 1).collect()
    }

    fn answer(&mut self, facts: &mut Facts) {
        let question = self.pick(Question::ALL);
        facts.findings.retain(|finding| finding.question() != question);
        let value = match question.answers() {
            Answers::Words(words) => {
                let at = usize::try_from(self.below(words.len() as u64 + 1)).unwrap_or(0);
                let Some(word) = words.get(at) else { return };
                (*word).to_owned()
            }
            Answers::Number(most) => self.below(u64::from(most) + 1).to_string(),
        };
        let by = facts.author.clone();
        facts.findings.extend(Finding::new(question, &value, "generated", by, self.corpus.cast.now));
    }

    fn change_request(&mut self, made: &mut Generated) {
        let states = self.states.clone();
        let Generated { facts, authority, .. } = made;
        match self.below(24) {
            0..=9 => self.answer(facts),
            10 => facts.instrument = self.pick(Instrument::ALL),
            11 => facts.kind = self.pick(Kind::ALL),
            12 => {
                let mask = self.next();
                let chosen = Factor::ALL.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1);
                facts.factors = chosen.map(|(_, factor)| *factor).collect();
            }
            13 => authority.kind = self.pick(AuthorityKind::ALL),
            14 => authority.independence = self.pick(&[0, 1, 2, 3]),
            15 => authority.security_service = self.pick(&[None, Some(true), Some(false)]),
            16 => authority.state = self.pick(&states),
            17 => authority.standing = self.pick(Standing::ALL),
            18 => authority.sanctioned_in = vec![self.pick(&states)],
            19 => facts.asked.subjects = self.pick(&[0, 1, 2, 3, 4, 5, 6, 50, 51, 1_000, 1_001]),
            20 => facts.asked.classes = self.classes(),
            21 => facts.necessary = self.classes(),
            22 => facts.allowed = self.classes(),
            _ => {
                let mask = self.next();
                let chosen = states.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1);
                facts.listed_by = chosen.map(|(_, state)| *state).collect();
            }
        }
    }

    fn change_circumstances(&mut self, made: &mut Generated) {
        for _ in 0..self.below(3) {
            let context = &mut made.context;
            match self.below(18) {
                0 => context.subjects = self.pick(&[0, 1, 2, 3, 5, 6, 50, 51]),
                1 => context.records = self.pick(&[0, 1, 60]),
                2 => context.classes = self.classes(),
                3 => context.delayed ^= true,
                4 => context.included ^= true,
                5 => context.witness_cosignatures = self.pick(&[0, 1, 2, 3]),
                6 => context.witness_quorum ^= true,
                7 => context.waited ^= true,
                8 => context.call_back_confirmed ^= true,
                9 => context.duress ^= true,
                10 => context.exceeded.authority ^= true,
                11 => context.exceeded.matter ^= true,
                12 => context.exceeded.address ^= true,
                13 => context.exceeded.volume ^= true,
                _ => made.context.quorum = self.quorum(&made.authority.clone()),
            }
        }
    }
}
