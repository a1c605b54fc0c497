//! How often fewer than t trustees would answer before a clock runs out, computed exactly.
//!
//! A clock starts at any minute of the week, each as likely as any other. Given its start, a trustee answers when it is on call for
//! a moment of the clock, none of the common outages that it belongs to has happened, and its own chance falls well. Outages are
//! independent of one another; each takes out everybody who belongs to it for the whole clock. Given start and outages the trustees
//! are independent, and how many answer is Poisson-binomial: its distribution is computed by the usual recursion over trustees, and
//! averaged over all outages and starts. Nothing is sampled.

use std::collections::BTreeSet;

/// Minutes of a week; minute 0 is Monday 00:00 UTC.
pub const WEEK: u32 = 7 * 24 * 60;

/// Most common outages: every combination of them is computed.
pub const MOST_OUTAGES: usize = 12;

/// One trustee.
#[derive(Debug, Clone, PartialEq)]
pub struct Availability {
    /// Chance that it answers within a clock in which it is on call and no outage stops it.
    pub answers: f64,
    /// When it is on call: minutes of the week, from the first up to but without the second. Empty means always.
    pub on_call: Vec<(u32, u32)>,
    /// Outages that take it out: places in the list of outages.
    pub outages: BTreeSet<usize>,
}

/// The trustees, what can take out several of them at once, and the clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The trustees.
    pub trustees: Vec<Availability>,
    /// For each outage the chance that it lasts for a whole clock.
    pub outages: Vec<f64>,
    /// Length of the clock in minutes.
    pub clock: u32,
}

/// Why a model has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Not 1 to 255 trustees.
    #[error("a model has 1 to 255 trustees")]
    Trustees,
    /// A chance that is none.
    #[error("a chance lies between 0 and 1")]
    Chance,
    /// More than [`MOST_OUTAGES`], or a trustee names one that is not there.
    #[error("a model has at most 12 outages, and a trustee names only those")]
    Outages,
    /// An empty clock or one longer than a week.
    #[error("a clock runs for 1 minute to 7 days")]
    Clock,
    /// On-call hours that end before they begin, or after the week.
    #[error("on-call hours begin before they end, within one week")]
    OnCall,
}

/// How many trustees answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// Chance that exactly k trustees answer, for k from 0 to n, over all starts of the clock.
    pub exactly: Vec<f64>,
    /// The same at the start of the clock that is worst for each k: chance that fewer than k answer, for k from 0 to n.
    pub worst_fewer: Vec<f64>,
}

impl Answers {
    /// Chance that fewer than `t` answer.
    pub fn fewer_than(&self, t: usize) -> f64 {
        self.exactly.iter().take(t).sum()
    }

    /// Chance that fewer than `t` answer when the clock starts at its worst time.
    pub fn worst_fewer_than(&self, t: usize) -> f64 {
        self.worst_fewer.get(t).copied().unwrap_or(1.0)
    }
}

impl Model {
    /// How many trustees answer before the clock runs out.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn answers(&self) -> Result<Answers, ModelError> {
        self.check()?;
        let n = self.trustees.len();
        let mut exactly = vec![0.0; n + 1];
        let mut worst_fewer = vec![0.0_f64; n + 1];
        for (start, length) in self.starts() {
            let here = self.from(start);
            let weight = f64::from(length) / f64::from(WEEK);
            let mut fewer = 0.0_f64;
            for ((sum, worst), chance) in exactly.iter_mut().zip(&mut worst_fewer).zip(&here) {
                *sum += weight * chance;
                *worst = worst.max(fewer);
                fewer += chance;
            }
        }
        Ok(Answers { exactly, worst_fewer })
    }

    fn check(&self) -> Result<(), ModelError> {
        let chance = |chance: f64| (0.0..=1.0).contains(&chance);
        let outages = self.outages.len();
        let rules = [
            ((1..=255).contains(&self.trustees.len()), ModelError::Trustees),
            (self.trustees.iter().all(|one| chance(one.answers)), ModelError::Chance),
            (self.outages.iter().all(|outage| chance(*outage)), ModelError::Chance),
            (outages <= MOST_OUTAGES, ModelError::Outages),
            (self.trustees.iter().all(|one| one.outages.iter().all(|place| *place < outages)), ModelError::Outages),
            ((1..=WEEK).contains(&self.clock), ModelError::Clock),
            (
                self.trustees.iter().flat_map(|one| &one.on_call).all(|(from, to)| from < to && *to <= WEEK),
                ModelError::OnCall,
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Starts of the clock between which nobody's on-call state changes: the first minute of each stretch, and its length.
    fn starts(&self) -> Vec<(u32, u32)> {
        let mut edges = BTreeSet::from([0]);
        for (from, to) in self.trustees.iter().flat_map(|one| &one.on_call) {
            // A clock that starts at `from - clock` ends when the duty begins: from the next minute on it meets it.
            edges.insert((from + 2 * WEEK - self.clock + 1) % WEEK);
            edges.insert(to % WEEK);
        }
        let ends = edges.iter().skip(1).copied().chain([WEEK]);
        edges.iter().zip(ends).map(|(start, end)| (*start, end - start)).collect()
    }

    /// Chance that exactly k answer a clock that starts at this minute.
    fn from(&self, start: u32) -> Vec<f64> {
        let mut exactly = vec![0.0; self.trustees.len() + 1];
        for happened in 0_usize..1 << self.outages.len() {
            let has = |place: usize| happened >> place & 1 == 1;
            let weight: f64 = self
                .outages
                .iter()
                .enumerate()
                .map(|(place, chance)| if has(place) { *chance } else { 1.0 - chance })
                .product();
            if weight == 0.0 {
                continue;
            }
            let chances = self.trustees.iter().map(|one| {
                let out = one.outages.iter().any(|place| has(*place));
                if out || !one.is_on_call(start, self.clock) { 0.0 } else { one.answers }
            });
            for (sum, chance) in exactly.iter_mut().zip(poisson_binomial(chances)) {
                *sum += weight * chance;
            }
        }
        exactly
    }
}

impl Availability {
    /// Whether a duty falls into the clock of so many minutes from `start` on, which may run into the next week.
    fn is_on_call(&self, start: u32, clock: u32) -> bool {
        let end = start + clock;
        let meets = |from: u32, to: u32| from < end && start < to;
        self.on_call.is_empty()
            || self.on_call.iter().any(|(from, to)| meets(*from, *to) || meets(from + WEEK, to + WEEK))
    }
}

/// Chance of exactly k successes, for k from 0 to n, of independent trials with these chances.
fn poisson_binomial(chances: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut exactly = vec![1.0];
    for chance in chances {
        let mut before = 0.0;
        exactly.push(0.0);
        for slot in &mut exactly {
            let here = *slot;
            *slot = here * (1.0 - chance) + before * chance;
            before = here;
        }
    }
    exactly
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn always(answers: f64) -> Availability {
        Availability { answers, on_call: Vec::new(), outages: BTreeSet::new() }
    }

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-12
    }

    /// Every outcome one by one: each minute of the week, each set of outages, each set of trustees.
    fn brute_force(model: &Model) -> (Vec<f64>, Vec<f64>) {
        let n = model.trustees.len();
        let (mut exactly, mut worst) = (vec![0.0; n + 1], vec![0.0_f64; n + 1]);
        for start in 0..WEEK {
            let mut here = vec![0.0; n + 1];
            let on_call: Vec<bool> = model
                .trustees
                .iter()
                .map(|one| {
                    let covered =
                        |minute: u32| one.on_call.iter().any(|(from, to)| (*from..*to).contains(&(minute % WEEK)));
                    one.on_call.is_empty() || (start..start + model.clock).any(covered)
                })
                .collect();
            for happened in 0_u32..1 << model.outages.len() {
                let common: f64 = (0..model.outages.len())
                    .map(
                        |place| {
                            if happened >> place & 1 == 1 { model.outages[place] } else { 1.0 - model.outages[place] }
                        },
                    )
                    .product();
                for answering in 0_u32..1 << n {
                    let each = (0..n).map(|place| {
                        let trustee = &model.trustees[place];
                        let out = trustee.outages.iter().any(|outage| happened >> outage & 1 == 1);
                        let chance = if out || !on_call[place] { 0.0 } else { trustee.answers };
                        if answering >> place & 1 == 1 { chance } else { 1.0 - chance }
                    });
                    here[answering.count_ones() as usize] += common * each.product::<f64>();
                }
            }
            for t in 0..=n {
                exactly[t] += here[t] / f64::from(WEEK);
                worst[t] = worst[t].max(here[..t].iter().sum());
            }
        }
        (exactly, worst)
    }

    fn models() -> impl Strategy<Value = Model> {
        let chance = prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0];
        // Few edges on a coarse grid, so that duties meet and touch one another.
        let duty =
            (0_u32..14, 1_u32..=6).prop_map(|(from, length)| (from * 720, (from * 720 + length * 360).min(WEEK)));
        (1_usize..=4, 0_usize..=2, prop_oneof![Just(60), Just(1_440), Just(1_441), Just(WEEK), 1_u32..3_000])
            .prop_flat_map(move |(n, outages, clock)| {
                let places = proptest::collection::btree_set(0..outages.max(1), 0..=outages);
                let trustee = (chance.clone(), proptest::collection::vec(duty.clone(), 0..=2), places)
                    .prop_map(|(answers, on_call, outages)| Availability { answers, on_call, outages });
                let trustees = proptest::collection::vec(trustee, n);
                (trustees, proptest::collection::vec(chance.clone(), outages), Just(clock))
                    .prop_map(|(trustees, outages, clock)| Model { trustees, outages, clock })
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn it_is_what_counting_every_outcome_gives(model in models()) {
            let answers = model.answers().unwrap();
            let (exactly, worst) = brute_force(&model);
            for t in 0..=model.trustees.len() {
                prop_assert!((answers.exactly[t] - exactly[t]).abs() < 1e-9, "{t}: {:?} {exactly:?}", answers.exactly);
                prop_assert!((answers.worst_fewer[t] - worst[t]).abs() < 1e-9, "{t}: {:?} {worst:?}", answers.worst_fewer);
            }
        }

        #[test]
        fn chances_add_up_and_a_higher_threshold_is_missed_more_often(model in models()) {
            let answers = model.answers().unwrap();
            prop_assert!((answers.exactly.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            for t in 0..model.trustees.len() {
                prop_assert!(answers.fewer_than(t) <= answers.fewer_than(t + 1) + 1e-12);
                prop_assert!(answers.fewer_than(t) <= answers.worst_fewer_than(t) + 1e-9);
            }
        }

        #[test]
        fn one_trustee_more_never_hurts(model in models(), more in 0.0..=1.0) {
            let before = model.answers().unwrap();
            let mut larger = model.clone();
            larger.trustees.push(always(more));
            let after = larger.answers().unwrap();
            for t in 0..=model.trustees.len() {
                prop_assert!(after.fewer_than(t) <= before.fewer_than(t) + 1e-9);
            }
        }
    }

    #[test]
    fn known_values() {
        let model = |trustees: Vec<Availability>, outages: Vec<f64>| Model { trustees, outages, clock: 1_440 };
        // Binomial: 5 trustees, each answers nine times of ten; fewer than 3.
        let five = model(vec![always(0.9); 5], Vec::new()).answers().unwrap();
        assert!(near(five.fewer_than(3), 0.008_56), "{}", five.fewer_than(3));
        assert!(near(five.fewer_than(0), 0.0) && near(five.fewer_than(6), 1.0));
        // An outage of everybody is missed as often as it happens.
        let mut all = vec![always(1.0); 5];
        all.iter_mut().for_each(|one| one.outages = BTreeSet::from([0]));
        assert!(near(model(all, vec![0.01]).answers().unwrap().fewer_than(1), 0.01));
        // On call from Monday to Friday, 24 hours: a clock of a day misses when it starts in the first day of the weekend.
        let week = Availability { on_call: vec![(0, 5 * 1_440)], ..always(1.0) };
        let one = model(vec![week], Vec::new()).answers().unwrap();
        assert!((one.fewer_than(1) - 1_441.0 / f64::from(WEEK)).abs() < 1e-9, "{}", one.fewer_than(1));
        assert!(near(one.worst_fewer_than(1), 1.0));
    }

    #[test]
    fn what_is_no_model_is_refused() {
        let good = Model { trustees: vec![always(0.5); 3], outages: vec![0.1], clock: 60 };
        assert!(good.answers().is_ok());
        let with = |change: &dyn Fn(&mut Model)| {
            let mut model = good.clone();
            change(&mut model);
            model.answers().unwrap_err()
        };
        assert_eq!(with(&|model| model.trustees.clear()), ModelError::Trustees);
        assert_eq!(with(&|model| model.trustees = vec![always(0.5); 256]), ModelError::Trustees);
        for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(with(&|model| model.trustees[1].answers = bad), ModelError::Chance);
            assert_eq!(with(&|model| model.outages[0] = bad), ModelError::Chance);
        }
        assert_eq!(with(&|model| model.outages = vec![0.1; 13]), ModelError::Outages);
        assert_eq!(with(&|model| model.trustees[0].outages = BTreeSet::from([1])), ModelError::Outages);
        assert_eq!(with(&|model| model.clock = 0), ModelError::Clock);
        assert_eq!(with(&|model| model.clock = WEEK + 1), ModelError::Clock);
        for bad in [(5, 5), (6, 5), (0, WEEK + 1)] {
            assert_eq!(with(&|model| model.trustees[0].on_call = vec![bad]), ModelError::OnCall);
        }
    }
}
