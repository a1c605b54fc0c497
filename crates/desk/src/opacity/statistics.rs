//! As much statistics as the tests of opacity need. Seeds are fixed, so a test gives the same answer every time; the bounds say how
//! unlikely a false alarm would have been for a fresh seed.

use countersign_testkit::random::below;
use std::collections::BTreeMap;

/// Standard deviations that chance is allowed: one side, 3 in 10 million.
pub(crate) const Z: f64 = 5.0;

/// The value that a chi-square statistic with `freedom` degrees of freedom passes by chance with the probability of [`Z`] (Wilson
/// and Hilferty 1931).
pub(crate) fn chi_square_bound(freedom: usize) -> f64 {
    let k = freedom as f64;
    let spread = 2.0 / (9.0 * k);
    k * (1.0 - spread + Z * spread.sqrt()).powi(3)
}

/// Most hits that chance gives in `trials` with probability `p` each.
pub(crate) fn binomial_bound(trials: usize, p: f64) -> f64 {
    let n = trials as f64;
    n * p + Z * (n * p * (1.0 - p)).sqrt()
}

/// Whether rows of counts are unlike each other: chi-square test of homogeneity. Gives statistic and bound when they are.
pub(crate) fn unlike(rows: &[Vec<u64>]) -> Option<(f64, f64)> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let column = |place: usize| rows.iter().map(|row| row.get(place).copied().unwrap_or(0)).sum::<u64>();
    let sums: Vec<u64> = (0..columns).map(column).collect();
    let total: u64 = sums.iter().sum();
    let used = sums.iter().filter(|sum| **sum > 0).count();
    let rows: Vec<&Vec<u64>> = rows.iter().filter(|row| row.iter().any(|count| *count > 0)).collect();
    if used < 2 || rows.len() < 2 {
        return None;
    }
    let mut statistic = 0.0;
    for row in &rows {
        let of_row: u64 = row.iter().sum();
        for (place, sum) in sums.iter().enumerate().filter(|(_, sum)| **sum > 0) {
            let expected = of_row as f64 * *sum as f64 / total as f64;
            let found = row.get(place).copied().unwrap_or(0) as f64;
            statistic += (found - expected).powi(2) / expected;
        }
    }
    let bound = chi_square_bound((used - 1) * (rows.len() - 1));
    (statistic > bound).then_some((statistic, bound))
}

/// Whether counts that should be equal are not.
pub(crate) fn uneven(counts: &[u64]) -> Option<(f64, f64)> {
    let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    let statistic: f64 = counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum();
    let bound = chi_square_bound(counts.len() - 1);
    (statistic > bound).then_some((statistic, bound))
}

/// A naive Bayes classifier over features that are small numbers, with Laplace smoothing.
pub(crate) struct Bayes {
    classes: usize,
    symbols: usize,
    /// Logarithms of probabilities by feature, symbol, class: what one lookup needs lies together.
    table: Vec<f32>,
}

impl Bayes {
    /// Learns from equally many samples of each class.
    pub(crate) fn learn(classes: usize, symbols: usize, samples: &[(usize, Vec<u8>)]) -> Self {
        let features = samples.iter().map(|(_, features)| features.len()).max().unwrap_or(0);
        let mut counts = vec![0_u32; features * symbols * classes];
        let mut of_class = vec![0_u32; classes];
        for (class, sample) in samples {
            of_class[*class] += 1;
            for (place, symbol) in sample.iter().enumerate() {
                counts[(place * symbols + usize::from(*symbol)) * classes + class] += 1;
            }
        }
        let log = |(place, count): (usize, &u32)| {
            let all = of_class[place % classes] as f32 + symbols as f32;
            ((*count as f32 + 1.0) / all).ln()
        };
        Self { classes, symbols, table: counts.iter().enumerate().map(log).collect() }
    }

    fn guess(&self, sample: &[u8]) -> usize {
        let mut scores = vec![0.0_f32; self.classes];
        for (place, symbol) in sample.iter().enumerate() {
            let from = (place * self.symbols + usize::from(*symbol)) * self.classes;
            for (score, log) in scores.iter_mut().zip(self.table.iter().skip(from)) {
                *score += log;
            }
        }
        let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(class, _)| class)
    }

    /// How many it guesses right.
    pub(crate) fn right(&self, samples: &[(usize, Vec<u8>)]) -> usize {
        samples.iter().filter(|(class, sample)| self.guess(sample) == *class).count()
    }
}

/// Learns from every second sample and guesses the others. Gives hits and bound when it guesses better than chance, where every class is
/// equally frequent.
pub(crate) fn learnable(classes: usize, symbols: usize, samples: &[(usize, Vec<u8>)]) -> Option<(usize, f64)> {
    let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for sample in samples {
        let before = seen.entry(sample.0).or_default();
        if before.is_multiple_of(2) { &mut known } else { &mut unknown }.push(sample.clone());
        *before += 1;
    }
    let right = Bayes::learn(classes, symbols, &known).right(&unknown);
    let bound = binomial_bound(unknown.len(), 1.0 / classes as f64);
    (right as f64 > bound).then_some((right, bound))
}

#[test]
fn bounds_are_those_of_the_tables() {
    // Upper quantiles at 2.8665e-7, by the continued fraction of the incomplete gamma function. The approximation errs to the safe side.
    for (freedom, exact) in [(10, 49.831), (15, 59.676), (100, 187.326), (1_000, 1_239.821)] {
        let bound = chi_square_bound(freedom);
        assert!(bound >= exact && bound / exact < 1.03, "{freedom}: {bound}");
    }
    assert!((binomial_bound(10_000, 0.5) - 5_250.0).abs() < 1e-6);
}

#[test]
fn differences_are_seen_and_noise_is_not() {
    assert!(unlike(&[vec![100, 100], vec![90, 110]]).is_none());
    assert!(unlike(&[vec![100, 100], vec![20, 180]]).is_some());
    assert!(unlike(&[vec![5, 0], vec![7, 0]]).is_none());
    assert!(uneven(&[100, 90, 110]).is_none());
    assert!(uneven(&[100, 30, 170]).is_some());
    // The second class draws from one symbol more, or from the same ones.
    let mut rng = countersign_testkit::random::named("symbols");
    let mut samples = |more: u64| -> Vec<(usize, Vec<u8>)> {
        let mut symbol = |class: usize| below(&mut rng, if class == 1 { 4 + more } else { 4 }) as u8;
        (0..4_000).map(|n| (n % 2, vec![symbol(n % 2), 3])).collect()
    };
    assert!(learnable(2, 5, &samples(1)).is_some());
    assert!(learnable(2, 5, &samples(0)).is_none());
}
