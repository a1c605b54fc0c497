//! Figures of quality: names altered by seed, recall at a budget of alerts, pairs of names with a part held out.

pub mod alter;
pub mod data;
pub mod pairs;
pub mod peers;
pub mod recall;
pub mod report;
