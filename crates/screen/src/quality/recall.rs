//! Recall at a budget: how many of the listed people are found when so many alerts per 100,000 clean clients are accepted.

use crate::index::screener::Screener;
use crate::screen::{Alert, Query};

/// Alerts per 100,000 screened at which recall is stated.
pub const BUDGETS: [u32; 4] = [10, 50, 100, 500];

/// What the figures rest on: for every listed person asked about, the log-odds of the alert that names them; for clean people, of their best.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// For each query of a listed person: log-odds of the right alert, and how many alerts stand before it.
    pub found: Vec<Option<(f32, usize)>>,
    /// Log-odds of every alert about clean people.
    pub false_alerts: Vec<f32>,
    /// How many clean people were asked about.
    pub clean: usize,
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtBudget {
    /// Alerts per 100,000 clean clients.
    pub budget: u32,
    /// The least log-odds at which no more alerts than that come.
    pub log_odds: f32,
    /// Share of listed people found at that bound.
    pub recall: f32,
}

impl Measured {
    /// Asks about listed people; `is_right` says whether an alert names the right entity.
    pub fn ask_listed(&mut self, screener: &mut Screener<'_>, query: &Query, is_right: impl Fn(&Alert) -> bool) {
        let alerts = screener.screen(query, 0.0);
        let place = alerts.iter().position(is_right);
        self.found.push(place.map(|place| (alerts[place].log_odds, place)));
    }

    /// Asks about somebody who is on no list.
    pub fn ask_clean(&mut self, screener: &mut Screener<'_>, query: &Query) {
        self.clean += 1;
        self.false_alerts.extend(screener.screen(query, 0.0).iter().map(|alert| alert.log_odds));
    }

    /// Joins what was measured elsewhere.
    pub fn add(&mut self, other: Self) {
        self.found.extend(other.found);
        self.false_alerts.extend(other.false_alerts);
        self.clean += other.clean;
    }

    /// Recall at each of [`BUDGETS`].
    pub fn at_budgets(&self) -> Vec<AtBudget> {
        let mut falling = self.false_alerts.clone();
        falling.sort_by(|one, other| other.total_cmp(one));
        BUDGETS
            .into_iter()
            .map(|budget| {
                let allowed = (self.clean as u64 * u64::from(budget) / 100_000) as usize;
                // Above the first alert that would be one too many.
                let log_odds = falling.get(allowed).copied().unwrap_or(f32::NEG_INFINITY);
                let found = self.found.iter().flatten().filter(|(odds, _)| *odds > log_odds).count();
                AtBudget { budget, log_odds, recall: found as f32 / self.found.len().max(1) as f32 }
            })
            .collect()
    }

    /// Recall and false alerts per clean person at a threshold of score.
    pub fn at_score(&self, score: f32) -> (f32, f32) {
        let bound = (score / (1.0 - score)).ln();
        let found = self.found.iter().flatten().filter(|(odds, _)| *odds >= bound).count();
        let alerts = self.false_alerts.iter().filter(|odds| **odds >= bound).count();
        (found as f32 / self.found.len().max(1) as f32, alerts as f32 / self.clean.max(1) as f32)
    }

    /// How many alerts a person reads until the right one, on average, among those found.
    pub fn reviews_per_match(&self) -> f32 {
        let places: Vec<usize> = self.found.iter().flatten().map(|(_, place)| place + 1).collect();
        places.iter().sum::<usize>() as f32 / places.len().max(1) as f32
    }

    /// Share of found alerts with a log-odds that another found alert has, too.
    pub fn ties(&self) -> f32 {
        let mut odds: Vec<u32> = self.found.iter().flatten().map(|(odds, _)| odds.to_bits()).collect();
        odds.sort_unstable();
        let tied = (0..odds.len())
            .filter(|at| (*at > 0 && odds[at - 1] == odds[*at]) || odds.get(at + 1) == Some(&odds[*at]))
            .count();
        tied as f32 / odds.len().max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recall_counts_only_above_the_budget() {
        let measured = Measured {
            found: vec![Some((3.0, 0)), Some((1.0, 1)), Some((-1.0, 0)), None],
            false_alerts: vec![2.0, 0.5, 0.0],
            clean: 10_000,
        };
        let lines = measured.at_budgets();
        assert_eq!(lines.iter().map(|line| line.recall).collect::<Vec<_>>(), [0.5, 0.75, 0.75, 0.75]);
        assert_eq!(lines[0].log_odds, 0.5, "one alert in 10,000 is allowed");
        assert_eq!(measured.at_score(0.5), (0.5, 0.0003));
        assert!((measured.reviews_per_match() - 4.0 / 3.0).abs() < 1e-6);
        assert_eq!(measured.ties(), 0.0);
    }
}
