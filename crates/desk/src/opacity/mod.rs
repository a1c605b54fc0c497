//! Sealed leaves tell nothing: neither their bytes nor their sizes nor the order of their digests give the true kind away.
//!
//! Several hundred leaves of every kind are made by the builder that the desk uses, with values like those of the desk, from a fixed
//! seed. Then an observer's best simple tools look for any difference. The same tools must find the leak in every builder below that
//! leaks. What ticks and positions tell is tested beside the cover traffic (`cover/tests/traffic.rs`).

mod builders;
mod samples;
pub(crate) mod statistics;

use builders::{Build, LEAKY, desk};
use countersign_core::leaf::LeafKind;
use countersign_core::time::{DAY, Seconds, Timestamp};
use countersign_testkit::random::{below, named};
use samples::values;
use statistics::{binomial_bound, learnable, uneven, unlike};

/// Leaves of each kind.
const EACH: usize = 400;

/// Leaves of each kind by the builders that leak: a leak must be found in fewer.
const EACH_LEAKY: usize = 150;

/// A leaf as everybody sees it, with what only the desk knows.
pub(crate) struct Sample {
    kind: usize,
    bytes: Vec<u8>,
    /// Digests of the fields in their order, `kind` first.
    fields: Vec<String>,
}

fn make(build: Build, each: usize) -> Vec<Sample> {
    let mut rng = named("opaque leaves");
    let begin = Timestamp::parse("2026-11-02T00:00:00Z").expect("a time");
    let mut samples = Vec::new();
    // Kinds take turns, so that nothing that changes with the order of making tells them apart.
    for _ in 0..each {
        for (kind, name) in LeafKind::ALL.iter().enumerate() {
            let at = begin.plus(below(&mut rng, 90 * DAY as u64) as Seconds);
            let values = values(*name, at, &mut rng);
            let (bytes, fields) = build(*name, at, values, &mut rng);
            samples.push(Sample { kind, bytes, fields });
        }
    }
    samples
}

/// Everything that an observer finds.
fn findings(samples: &[Sample]) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(other) = samples.iter().find(|sample| sample.bytes.len() != samples[0].bytes.len()) {
        found.push(format!("size: {} beside {}", samples[0].bytes.len(), other.bytes.len()));
    }
    for (class, places) in position_classes() {
        let mut counts = vec![vec![0_u64; 256]; LeafKind::ALL.len()];
        for sample in samples {
            for place in &places {
                let byte = sample.bytes.get(*place).copied().unwrap_or(0);
                counts[sample.kind][usize::from(byte)] += 1;
            }
        }
        if let Some((statistic, bound)) = unlike(&counts) {
            found.push(format!("characters: {class}: {statistic:.0} above {bound:.0}"));
        }
        // Among many kinds a difference of one is lost: dummies beside all others together.
        let (dummies, others): (Vec<_>, Vec<_>) =
            counts.into_iter().zip(LeafKind::ALL).partition(|(_, kind)| **kind == LeafKind::Dummy);
        let together = |rows: Vec<(Vec<u64>, &LeafKind)>| -> Vec<u64> {
            (0..256).map(|byte| rows.iter().map(|(row, _)| row[byte]).sum()).collect()
        };
        if let Some((statistic, bound)) = unlike(&[together(dummies), together(others)]) {
            found.push(format!("dummies by characters: {class}: {statistic:.0} above {bound:.0}"));
        }
    }
    for name in ["bytes", "digests"] {
        let view = |sample: &Sample| if name == "bytes" { sample.bytes.clone() } else { shape(&sample.bytes) };
        let seen: Vec<(usize, Vec<u8>)> = samples.iter().map(|sample| (sample.kind, view(sample))).collect();
        if let Some((right, bound)) = learnable(LeafKind::ALL.len(), 256, &seen) {
            found.push(format!("kinds learnt from {name}: {right} above {bound:.0}"));
        }
        // The question that cover traffic asks: something, or nothing?
        let dummy = |kind: usize| LeafKind::ALL.get(kind) == Some(&LeafKind::Dummy);
        let order = |kind: usize| LeafKind::ALL.get(kind) == Some(&LeafKind::Order);
        let two = seen.iter().filter(|(kind, _)| dummy(*kind) || order(*kind));
        let two: Vec<(usize, Vec<u8>)> = two.map(|(kind, view)| (usize::from(dummy(*kind)), view.clone())).collect();
        if let Some((right, bound)) = learnable(2, 256, &two) {
            found.push(format!("dummies learnt from {name}: {right} above {bound:.0}"));
        }
    }
    found.extend(order_of_fields(samples));
    found
}

/// Whoever knows some fields of a leaf must learn nothing from where their digests stand.
fn order_of_fields(samples: &[Sample]) -> Option<String> {
    let most = samples.iter().map(|sample| sample.fields.len()).max().unwrap_or(0);
    let mut ranks = vec![vec![0_u64; 16]; most];
    let (mut ascending, mut pairs) = (0_usize, 0_usize);
    for sample in samples {
        let digests = digests(&sample.bytes);
        let mut before = None;
        for (field, digest) in sample.fields.iter().enumerate() {
            let Some(rank) = digests.iter().position(|shown| shown == digest) else {
                return Some("order: a field's digest is not where digests stand".into());
            };
            ranks[field][rank] += 1;
            if let Some(before) = before.replace(rank) {
                pairs += 1;
                ascending += usize::from(before < rank);
            }
        }
    }
    for (field, counts) in ranks.iter().enumerate() {
        if let Some((statistic, bound)) = uneven(counts) {
            return Some(format!("order: field {field}: {statistic:.0} above {bound:.0}"));
        }
    }
    let most = binomial_bound(pairs, 0.5);
    let least = pairs as f64 - most;
    (!(least..=most).contains(&(ascending as f64))).then(|| format!("order: {ascending} of {pairs} pairs ascend"))
}

const ID: usize = r#"{"v":1,"kind":"sealed","id":""#.len();
const TICK: usize = ID + 32 + r#"","tick":"#.len();
/// Ticks of these years have seven digits.
const DIGESTS: usize = TICK + 7 + r#","_sd":[""#.len();
const DIGEST: usize = 43;
/// A digest and what stands between two.
const STRIDE: usize = DIGEST + 3;

fn digests(bytes: &[u8]) -> Vec<&str> {
    let at = |n: usize| bytes.get(DIGESTS + n * STRIDE..DIGESTS + n * STRIDE + DIGEST);
    (0..16).filter_map(|n| at(n).and_then(|digest| std::str::from_utf8(digest).ok())).collect()
}

/// Places of a leaf that mean the same, with a name.
fn position_classes() -> Vec<(String, Vec<usize>)> {
    let mut classes = vec![
        ("before the id".to_owned(), (0..ID).collect()),
        ("id".to_owned(), (ID..ID + 32).collect()),
        ("between".to_owned(), (ID + 32..TICK).chain(TICK + 7..DIGESTS).collect()),
    ];
    for digit in 0..7 {
        classes.push((format!("digit {digit} of the tick"), vec![TICK + digit]));
    }
    for n in 0..16 {
        classes.push((format!("first character of digest {n}"), vec![DIGESTS + n * STRIDE]));
        classes.push((format!("second character of digest {n}"), vec![DIGESTS + n * STRIDE + 1]));
        let rest = DIGESTS + n * STRIDE + 2..DIGESTS + (n + 1) * STRIDE;
        classes.push((format!("the rest of digest {n}"), rest.collect()));
    }
    classes.push(("padding".to_owned(), (DIGESTS + 16 * STRIDE..1024).collect()));
    classes
}

/// What shows how the digests were put in their order: the leading part of each, the distance to the one before in powers of two, and
/// how often the order falls.
fn shape(bytes: &[u8]) -> Vec<u8> {
    let lead = |digest: &&str| {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let digits = digest.bytes().take(4);
        digits.fold(0_u32, |sum, byte| sum * 64 + ALPHABET.iter().position(|c| *c == byte).unwrap_or(0) as u32)
    };
    let digests = digests(bytes);
    let leads: Vec<u32> = digests.iter().map(lead).collect();
    let mut seen: Vec<u8> = leads.iter().map(|lead| (lead >> 16) as u8).collect();
    seen.extend(leads.windows(2).map(|two| two[0].abs_diff(two[1]).checked_ilog2().unwrap_or(0) as u8));
    seen.push(digests.windows(2).filter(|two| two[0] > two[1]).count() as u8);
    seen
}

#[test]
fn the_desks_leaves_are_alike() {
    let samples = make(desk, EACH);
    assert_eq!(samples.len(), EACH * LeafKind::ALL.len());
    assert!(samples.iter().all(|sample| sample.bytes.len() == 1024));
    assert_eq!(findings(&samples), Vec::<String>::new());
}

#[test]
fn every_leak_is_found_by_the_tools_that_should_find_it() {
    for (name, build, tools) in LEAKY {
        let found = findings(&make(*build, EACH_LEAKY));
        for tool in *tools {
            assert!(found.iter().any(|finding| finding.starts_with(tool)), "{name}: {tool} is not among {found:?}");
        }
    }
    // As few leaves of the desk's own builder are alike: what is found above is the leak.
    assert_eq!(findings(&make(desk, EACH_LEAKY)), Vec::<String>::new());
}
