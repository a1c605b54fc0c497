//! Simulated weeks of real traffic under cover: what an observer of ticks and positions can tell, and that each way of doing it wrong
//! is noticed.

use super::*;
use crate::opacity::statistics::{binomial_bound, uneven, unlike};
use countersign_core::leaf::LeafKind;
use countersign_core::time::{DAY, HOUR};
use countersign_testkit::random::{below, pick};

/// How the dummies of a tick come about.
#[derive(Clone, Copy)]
struct Plan {
    /// Changes the moments after they are drawn.
    moments: fn(&mut CoverTraffic),
    /// Whether real leaves take moments away.
    counts_real: bool,
}

const OURS: Plan = Plan { moments: |_| {}, counts_real: true };

/// A leaf of a tick: its kind, dummies are [`LeafKind::Dummy`].
type Tick = Vec<LeafKind>;

/// Leaves that come together: their kinds, and the seconds between two.
const SESSIONS: &[(&[LeafKind], u64)] = &[
    (&[LeafKind::Contact], 0),
    (&[LeafKind::Request], 0),
    (&[LeafKind::Verified], 0),
    (&[LeafKind::Finding; 6], 150),
    (&[LeafKind::Decision], 0),
    (&[LeafKind::Approval], 0),
    (&[LeafKind::Approval, LeafKind::Order], 1),
    (
        &[
            LeafKind::Intent,
            LeafKind::Receipt,
            LeafKind::Receipt,
            LeafKind::Receipt,
            LeafKind::Release,
            LeafKind::Notice,
        ],
        2,
    ),
    (&[LeafKind::Refusal], 0),
];

/// Real leaves of so many days, in milliseconds: sessions in office hours, few at night.
fn real_traffic(days: u64, rng: &mut ChaCha20Rng) -> Vec<(u64, LeafKind)> {
    let mut leaves = Vec::new();
    for day in 0..days {
        for session in 0..70 {
            let (from, width) = if session < 60 { (8 * HOUR, 10 * HOUR) } else { (0, DAY) };
            let mut at = (day * DAY as u64 + from as u64) * 1_000 + below(rng, width as u64 * 1_000);
            let (kinds, gap) = SESSIONS[below(rng, SESSIONS.len() as u64) as usize];
            for kind in kinds {
                leaves.push((at, *kind));
                at += below(rng, gap * 1_000 + 1);
            }
        }
    }
    leaves.sort_unstable();
    leaves
}

/// Runs the cover over the real leaves; the ticks in the order of time.
fn run(floor: u32, plan: Plan, ticks: u64, real: &[(u64, LeafKind)], rng: &mut ChaCha20Rng) -> Vec<Tick> {
    let mut real = real.iter().peekable();
    let mut all = Vec::new();
    for number in 0..ticks {
        let begin = number * TICK_SECONDS;
        let time = |millis: u64| start().plus((begin + millis / 1_000) as Seconds);
        let mut cover = CoverTraffic::begin(time(0), floor, 0, rng);
        (plan.moments)(&mut cover);
        let (mut tick, mut dummies): (Tick, u32) = (Vec::new(), 0);
        let mut wake = 0;
        loop {
            // Real leaves that come before the cover wakes.
            while let Some((_, kind)) = real.next_if(|(at, _)| *at < begin * 1_000 + wake.min(TICK_SECONDS * 1_000)) {
                tick.push(*kind);
            }
            if wake >= TICK_SECONDS * 1_000 {
                break;
            }
            let accepted = if plan.counts_real { tick.len() as u32 } else { dummies };
            wake = match cover.next(time(wake), accepted) {
                Step::Dummy(_) => {
                    tick.push(LeafKind::Dummy);
                    dummies += 1;
                    wake
                }
                Step::Wait(moment) => {
                    let from = start().plus(begin as Seconds);
                    moment.since(from) as u64 * 1_000 + below(rng, 1_000)
                }
                Step::Over(_) => TICK_SECONDS * 1_000,
            };
        }
        all.push(tick);
    }
    all
}

/// What an observer of counts and positions finds.
fn findings(floor: u32, ticks: &[Tick]) -> Vec<String> {
    let floor = floor as usize;
    let real = |tick: &Tick| tick.iter().filter(|kind| **kind != LeafKind::Dummy).count();
    let mut found = Vec::new();
    if ticks.iter().any(|tick| tick.len() < floor || (real(tick) == 0 && tick.len() != floor)) {
        let example = ticks.iter().find(|tick| tick.len() < floor || (real(tick) == 0 && tick.len() != floor));
        found.push(format!("count: a quiet tick does not show the floor: {example:?}"));
    }
    let alone: Vec<&Tick> = ticks.iter().filter(|tick| real(tick) == 1).collect();
    let shown = alone.iter().filter(|tick| tick.len() != floor).count();
    // Whoever comes in the last two of 300 seconds, after the last dummy, shows.
    if shown as f64 > binomial_bound(alone.len(), 2.0 / TICK_SECONDS as f64) {
        found.push(format!("count: {shown} of {} single leaves show", alone.len()));
    }
    let hidden: Vec<&&Tick> = alone.iter().filter(|tick| tick.len() == floor).collect();
    let place = |tick: &Tick| tick.iter().position(|kind| *kind != LeafKind::Dummy).unwrap_or(0);
    let mut counts = vec![0_u64; floor];
    let mut of_kind = vec![vec![0_u64; floor]; LeafKind::ALL.len()];
    for tick in &hidden {
        let place = place(tick);
        counts[place] += 1;
        of_kind[tick[place] as usize][place] += 1;
    }
    if let Some((statistic, bound)) = uneven(&counts) {
        found.push(format!("position: {counts:?}: {statistic:.0} above {bound:.0}"));
    }
    if let Some((statistic, bound)) = unlike(&of_kind) {
        found.push(format!("position by kind: {statistic:.0} above {bound:.0}"));
    }
    // Guesses the place that was most frequent in the first half of the time.
    let (known, unknown) = hidden.split_at(hidden.len() / 2);
    let mut seen = vec![0_u64; floor];
    known.iter().for_each(|tick| seen[place(tick)] += 1);
    let guess = seen.iter().enumerate().max_by_key(|(_, count)| **count).map_or(0, |(place, _)| place);
    let right = unknown.iter().filter(|tick| place(tick) == guess).count();
    let bound = binomial_bound(unknown.len(), 1.0 / floor as f64);
    if right as f64 > bound {
        found.push(format!("position guessed: {right} above {bound:.0}"));
    }
    // Runs test: one real leaf among dummies makes two runs at an end of the tick and three elsewhere.
    let ends = hidden.iter().filter(|tick| [0, floor - 1].contains(&place(tick))).count();
    let expected = 2.0 / floor as f64;
    let most = binomial_bound(hidden.len(), expected);
    let least = 2.0 * expected * hidden.len() as f64 - most;
    if !(least..=most).contains(&(ends as f64)) {
        found.push(format!("runs: {ends} of {} at an end", hidden.len()));
    }
    found
}

#[test]
fn single_leaves_in_weeks_of_traffic_show_neither_by_count_nor_by_position() {
    for floor in [4, 12] {
        let mut rng = named(&format!("traffic {floor}"));
        let days = 60;
        let real = real_traffic(days, &mut rng);
        let ticks = run(floor, OURS, days * 288, &real, &mut rng);
        assert_eq!(ticks.iter().flatten().filter(|kind| **kind != LeafKind::Dummy).count(), real.len());
        let alone = ticks.iter().filter(|tick| tick.iter().filter(|kind| **kind != LeafKind::Dummy).count() == 1);
        assert!(alone.count() > 1_000);
        assert_eq!(findings(floor, &ticks), Vec::<String>::new(), "floor {floor}");
    }
}

#[test]
fn covers_that_leak_are_noticed() {
    let wrong: [(&str, Plan, &str); 4] = [
        ("all at the end", Plan { moments: at_the_end, ..OURS }, "position"),
        ("all at the beginning", Plan { moments: at_the_beginning, ..OURS }, "count"),
        ("no moment kept for the end", Plan { moments: no_closing, ..OURS }, "count"),
        ("real leaves are not counted", Plan { counts_real: false, ..OURS }, "count"),
    ];
    for (name, plan, word) in wrong {
        let mut rng = named("leaky traffic");
        let real = real_traffic(30, &mut rng);
        let found = findings(4, &run(4, plan, 30 * 288, &real, &mut rng));
        assert!(found.iter().any(|finding| finding.starts_with(word)), "{name}: {found:?}");
    }
}

fn at_the_end(cover: &mut CoverTraffic) {
    let last = cover.pending.back().copied();
    cover.pending.iter_mut().for_each(|moment| *moment = last.unwrap_or(*moment));
}

fn at_the_beginning(cover: &mut CoverTraffic) {
    let first = beginning(cover.tick);
    cover.pending.iter_mut().for_each(|moment| *moment = first);
}

fn no_closing(cover: &mut CoverTraffic) {
    // Another moment like the others: the middle of two neighbours.
    if let (Some(first), Some(_)) = (cover.pending.front().copied(), cover.pending.pop_back()) {
        let begin = beginning(cover.tick);
        cover.pending.push_front(begin.plus(first.since(begin) / 2));
    }
}

/// What the page for operators says: so many leaves at one instant lift a tick above the floor with the probability (number - 1) / floor.
#[test]
fn bursts_show_as_often_as_the_documentation_says() {
    for floor in [4_u32, 12] {
        for burst in 1..=floor + 1 {
            let mut rng = named(&format!("burst {floor} {burst}"));
            let trials = 3_000_u64;
            let real: Vec<(u64, LeafKind)> = (0..trials)
                .flat_map(|tick| {
                    let at = tick * TICK_SECONDS * 1_000 + below(&mut rng, (CLOSING as u64 - 1) * 1_000);
                    std::iter::repeat_n(
                        (at, *pick(&mut rng, &[&LeafKind::Receipt, &LeafKind::Finding])),
                        burst as usize,
                    )
                })
                .collect();
            let ticks = run(floor, OURS, trials, &real, &mut rng);
            let shown = ticks.iter().filter(|tick| tick.len() > floor as usize).count() as f64;
            let expected = (f64::from(burst - 1) / f64::from(floor)).min(1.0) * trials as f64;
            assert!((shown - expected).abs() <= 0.04 * trials as f64, "{burst} under {floor}: {shown} not {expected}");
        }
    }
}
