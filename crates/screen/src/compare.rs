//! Two names, word against word: the best one-to-one assignment, what is left over, and a score between 0 and 1.
//!
//! What both sides keep for themselves is a contradiction and weighs most; what only one side has (a middle name, a second family name)
//! weighs little.

use crate::name::Role;
use crate::word::{Likeness, Relation};

/// One word of a name with what the comparison needs of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) role: Role,
    /// Rarity in nats.
    pub(crate) weight: f32,
    pub(crate) first: u8,
    pub(crate) family: Option<bool>,
}

impl Part {
    pub(crate) fn is_core(self) -> bool {
        matches!(self.role, Role::Word | Role::Number)
    }
}

/// Where the comparison learns which words are alike.
pub(crate) trait Relations {
    /// Word `left` of the one name and word `right` of the other.
    fn words(&self, left: usize, right: usize) -> Option<Relation>;
    /// Words `left` and `left + 1` written as one, and word `right`.
    fn left_joined(&self, left: usize, right: usize) -> Option<Relation>;
    /// Word `left`, and words `right` and `right + 1` written as one.
    fn right_joined(&self, left: usize, right: usize) -> Option<Relation>;
    /// Whether the organisation forms `left` and `right` are one.
    fn same_form(&self, left: usize, right: usize) -> bool;
}

/// One pair of the assignment: words `left..left + left_words` and `right..right + right_words`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair {
    pub(crate) left: usize,
    pub(crate) left_words: usize,
    pub(crate) right: usize,
    pub(crate) right_words: usize,
    pub(crate) relation: Relation,
}

/// What comes of comparing two names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Compared {
    /// 0 to 1.
    pub(crate) score: f32,
    /// Rarity of what matched, in nats.
    pub(crate) rarity: f32,
    pub(crate) pairs: Vec<Pair>,
    /// Words that stand on the left side only, and on the right side only.
    pub(crate) left_over: (Vec<usize>, Vec<usize>),
    /// Rarity of what both sides keep for themselves.
    pub(crate) contradiction: f32,
    /// Both name an organisation form, and none is the same.
    pub(crate) forms_differ: bool,
}

/// Least share of the rarity of each side that must be matched by words.
// Blocking rests on it: see `index::Index::candidates`.
pub(crate) const LEFT_COVER: f32 = 0.5;
const RIGHT_COVER: f32 = 0.3;
/// Weight of an initial.
pub(crate) const INITIAL_WEIGHT: f32 = 1.5;
/// What a word costs that only one side has, as a share of its rarity.
const EXTRA_LEFT: f32 = 0.45;
const EXTRA_RIGHT: f32 = 0.3;
/// The same for firms, of which each word tells one from its sisters.
const EXTRA_FIRM: f32 = 0.7;
/// What words cost that both sides keep for themselves, as a share of the rarity.
const CONTRADICTION: f32 = 1.35;
/// Factor when one word alone matched and another is left over.
const ONE_WORD: f32 = 0.86;
/// Factor when organisation forms differ.
const FORMS_DIFFER: f32 = 0.95;
/// Factor when a given name meets a family name.
const ROLES_DIFFER: f32 = 0.95;
const INITIAL_LIKENESS: f32 = 0.8;
/// How much more alike two words must be when joined than apart.
const JOIN_GAIN: f32 = 0.04;
/// Most items of the smaller side for which every assignment is tried.
const MOST_EXACT: usize = 9;

/// A word, or two that are taken as one.
#[derive(Clone, Copy)]
struct Item {
    at: usize,
    words: usize,
    weight: f32,
}

/// Compares two names; `None` when too little of either is matched.
pub(crate) fn compare(left: &[Part], right: &[Part], relations: &impl Relations, person: bool) -> Option<Compared> {
    let (left_items, right_items, likeness) = items(left, right, relations);
    let assigned = assign(&left_items, &right_items, &likeness);
    let mut outcome = Compared {
        score: 0.0,
        rarity: 0.0,
        pairs: Vec::new(),
        left_over: (Vec::new(), Vec::new()),
        contradiction: 0.0,
        forms_differ: forms_differ(left, right, relations),
    };
    let (mut both, mut alike) = (0.0, 0.0);
    let (mut left_rest, mut right_rest) = (Vec::new(), vec![true; right_items.len()]);
    let mut left_covered = 0.0;
    for (item, to) in left_items.iter().zip(&assigned) {
        let Some((to, relation)) = to.and_then(|to| Some((to, likeness.get(item.at, to)?))) else {
            left_rest.push(*item);
            continue;
        };
        let other = right_items[to];
        right_rest[to] = false;
        both += item.weight + other.weight;
        alike += relation.likeness * (item.weight + other.weight);
        left_covered += item.weight;
        outcome.rarity += relation.likeness * item.weight.min(other.weight);
        outcome.pairs.push(Pair {
            left: item.at,
            left_words: item.words,
            right: other.at,
            right_words: other.words,
            relation,
        });
    }
    let total = |items: &[Item]| items.iter().map(|item| item.weight).sum::<f32>();
    if outcome.pairs.is_empty() || left_covered < LEFT_COVER * total(&left_items) {
        return None;
    }
    let words_matched: usize = outcome.pairs.iter().map(|pair| pair.left_words.max(pair.right_words)).sum();
    let mut right_rest: Vec<Item> =
        right_items.iter().zip(right_rest).filter(|(_, rest)| *rest).map(|(item, _)| *item).collect();
    let mut initials = |left_rest: &mut Vec<Item>, right_rest: &mut Vec<Item>| {
        let pairs = match_initials(left, right, left_rest, right_rest);
        both += 2.0 * INITIAL_WEIGHT * pairs.len() as f32;
        alike += 2.0 * INITIAL_WEIGHT * pairs.iter().map(|pair| pair.relation.likeness).sum::<f32>();
        outcome.pairs.extend(pairs);
    };
    initials(&mut left_rest, &mut right_rest);
    let (left_weight, right_weight) = (total(&left_rest), total(&right_rest));
    if right_weight > (1.0 - RIGHT_COVER) * total(&right_items) {
        return None;
    }
    let (extra, contradiction) = left_over(left_weight, right_weight, person);
    outcome.contradiction = contradiction;
    let mut score = alike / (both + extra + 2.0 * CONTRADICTION * outcome.contradiction);
    if words_matched == 1 && !(left_rest.is_empty() && right_rest.is_empty()) {
        score *= ONE_WORD;
    }
    if outcome.forms_differ {
        score *= FORMS_DIFFER;
    }
    outcome.score = score;
    let places = |rest: Vec<Item>| rest.into_iter().flat_map(|item| item.at..item.at + item.words).collect();
    outcome.left_over = (places(left_rest), places(right_rest));
    outcome.pairs.sort_by_key(|pair| pair.left);
    Some(outcome)
}

/// The most that a comparison can come to: rarities of what is matched at best and of what nothing can match.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Best {
    pub(crate) left_total: f32,
    pub(crate) left_matched: f32,
    pub(crate) left_rest: f32,
    pub(crate) right_total: f32,
    pub(crate) right_matched: f32,
    pub(crate) right_rest: f32,
    /// Initials that may meet something.
    pub(crate) initials: f32,
    /// No more than one pair of words can match, and none joined.
    pub(crate) one_word: bool,
}

/// The score that [`compare`] gives at most, with a margin of rounding; `None` when it refuses.
///
/// Each step from the real comparison to this one raises the score or leaves it: a word that counts as matched adds its whole rarity above
/// and below the line of a fraction that is at most 1, and what is left over only stands below it.
pub(crate) fn best_score(best: &Best, person: bool) -> Option<f32> {
    const ROUNDING: f32 = 1e-3;
    if best.left_matched.min(best.right_matched) <= 0.0
        || best.left_matched < LEFT_COVER * best.left_total - ROUNDING
        || best.right_rest > (1.0 - RIGHT_COVER) * best.right_total + ROUNDING
    {
        return None;
    }
    let both = best.left_matched + best.right_matched + 2.0 * INITIAL_WEIGHT * best.initials;
    let (extra, contradiction) = left_over(best.left_rest, best.right_rest, person);
    let score = both / (both + extra + 2.0 * CONTRADICTION * contradiction);
    let alone = best.one_word && best.left_rest + best.right_rest > ROUNDING;
    Some(if alone { score * ONE_WORD } else { score })
}

/// A side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// The most rarity that may be left over on one side of names of which one word of each matches, and nothing else, if the score is to reach
/// `floor`; negative when none may. The inverse of [`best_score`], with a margin of rounding.
///
/// `matched` are the rarities of the two words, left and right, and `other` is what is left over on the other side.
pub(crate) fn most_left_over(matched: (f32, f32), other: f32, side: Side, person: bool, floor: f32) -> f32 {
    const ROUNDING: f32 = 2e-3;
    let (left, right) = matched;
    let (left_most, right_most) = ((1.0 / LEFT_COVER - 1.0) * left, (1.0 / RIGHT_COVER - 1.0) * right);
    let (left_extra, right_extra) = extra(person);
    let (most, other_most, own, others) = match side {
        Side::Left => (left_most, right_most, left_extra, right_extra),
        Side::Right => (right_most, left_most, right_extra, left_extra),
    };
    if other > other_most * (1.0 + ROUNDING) + ROUNDING {
        return -1.0;
    }
    // What may be added below the line of the fraction; up to `other` it is contradictions, then words of this side alone.
    let room = (left + right) * (ONE_WORD / floor - 1.0);
    let contradicting = 2.0 * CONTRADICTION;
    let rest = if room < contradicting * other {
        (room - others * other) / (contradicting - others)
    } else {
        other + (room - contradicting * other) / own
    };
    // Where nothing at all is left over, one word is a whole name.
    let whole = if other < ROUNDING { ROUNDING } else { -1.0 };
    rest.max(whole).min(most) * (1.0 + ROUNDING) + ROUNDING
}

/// What a word costs that only the left side has, and only the right side.
fn extra(person: bool) -> (f32, f32) {
    if person { (EXTRA_LEFT, EXTRA_RIGHT) } else { (EXTRA_FIRM, EXTRA_FIRM) }
}

/// What words left over cost beside contradicting, and the rarity of what contradicts, in nats.
fn left_over(left_rest: f32, right_rest: f32, person: bool) -> (f32, f32) {
    let contradiction = left_rest.min(right_rest);
    let (left_extra, right_extra) = extra(person);
    let extra = left_extra * (left_rest - contradiction) + right_extra * (right_rest - contradiction);
    (extra, contradiction)
}

/// Likeness of items, by the place of the left word and the number of the right item.
struct Matrix {
    columns: usize,
    cells: Vec<Option<Relation>>,
}

impl Matrix {
    fn get(&self, left: usize, right_item: usize) -> Option<Relation> {
        self.cells.get(left * self.columns + right_item).copied().flatten()
    }
}

/// The core words of both sides; two words are one item where the other side writes them as one.
fn items(left: &[Part], right: &[Part], relations: &impl Relations) -> (Vec<Item>, Vec<Item>, Matrix) {
    let mut words: Vec<Option<Relation>> = vec![None; left.len() * right.len()];
    for (i, l) in left.iter().enumerate().filter(|(_, part)| part.is_core()) {
        for (j, r) in right.iter().enumerate().filter(|(_, part)| part.is_core()) {
            let relation = relations
                .words(i, j)
                .filter(|relation| (l.role == Role::Word && r.role == Role::Word) || relation.kind == Likeness::Exact);
            words[i * right.len() + j] = relation.map(|relation| match (l.family, r.family) {
                (Some(one), Some(other)) if one != other => {
                    Relation { likeness: relation.likeness * ROLES_DIFFER, ..relation }
                }
                _ => relation,
            });
        }
    }
    let at = |i: usize, j: usize| words[i * right.len() + j].map_or(0.0, |relation| relation.likeness);
    // Where two words are joined: place of the first, and the word of the other side that they meet.
    let mut left_joins: Vec<Option<(usize, Relation)>> = vec![None; left.len()];
    let mut right_joins: Vec<Option<(usize, Relation)>> = vec![None; right.len()];
    let mut left_taken = vec![false; left.len()];
    let mut right_taken = vec![false; right.len()];
    let can_join = |first: Part, second: Part| second.is_core() && (first.is_core() || first.role == Role::Particle);
    for (i, part) in left.iter().enumerate().filter(|(_, part)| part.role == Role::Word) {
        let join = (1..right.len())
            .filter(|j| can_join(right[j - 1], right[*j]) && !right_taken[j - 1] && !right_taken[*j])
            .filter_map(|j| Some((j - 1, relations.right_joined(i, j - 1)?)))
            .filter(|(j, relation)| relation.likeness > at(i, *j).max(at(i, j + 1)) + JOIN_GAIN)
            .max_by(|one, other| one.1.likeness.total_cmp(&other.1.likeness));
        if let Some((j, relation)) = join.filter(|_| part.is_core()) {
            right_joins[j] = Some((i, relation));
            (left_taken[i], right_taken[j], right_taken[j + 1]) = (true, true, true);
        }
    }
    for (j, _) in right.iter().enumerate().filter(|(_, part)| part.role == Role::Word) {
        let join = (1..left.len())
            .filter(|i| can_join(left[i - 1], left[*i]) && !left_taken[i - 1] && !left_taken[*i] && !right_taken[j])
            .filter_map(|i| Some((i - 1, relations.left_joined(i - 1, j)?)))
            .filter(|(i, relation)| relation.likeness > at(*i, j).max(at(i + 1, j)) + JOIN_GAIN)
            .max_by(|one, other| one.1.likeness.total_cmp(&other.1.likeness));
        if let Some((i, relation)) = join {
            left_joins[i] = Some((j, relation));
            (right_taken[j], left_taken[i], left_taken[i + 1]) = (true, true, true);
        }
    }
    let left_items = gather(left, &left_joins);
    let right_items = gather(right, &right_joins);
    let mut matrix = Matrix { columns: right_items.len(), cells: vec![None; left.len() * right_items.len()] };
    for item in &left_items {
        for (column, other) in right_items.iter().enumerate() {
            matrix.cells[item.at * matrix.columns + column] = match (left_joins[item.at], right_joins[other.at]) {
                (Some((j, relation)), None) => (j == other.at).then_some(relation),
                (None, Some((i, relation))) => (i == item.at).then_some(relation),
                (None, None) => words[item.at * right.len() + other.at],
                (Some(_), Some(_)) => None,
            };
        }
    }
    (left_items, right_items, matrix)
}

fn gather(parts: &[Part], joins: &[Option<(usize, Relation)>]) -> Vec<Item> {
    let mut items = Vec::with_capacity(parts.len());
    let mut at = 0;
    while at < parts.len() {
        if joins[at].is_some() {
            let weight = parts[at..at + 2].iter().filter(|part| part.is_core()).map(|part| part.weight).sum();
            items.push(Item { at, words: 2, weight });
            at += 2;
        } else {
            if parts[at].is_core() {
                items.push(Item { at, words: 1, weight: parts[at].weight });
            }
            at += 1;
        }
    }
    items
}

/// The assignment with the greatest sum of likeness times rarity: for each left item the number of its right item.
fn assign(left: &[Item], right: &[Item], likeness: &Matrix) -> Vec<Option<usize>> {
    let gain = |i: usize, j: usize| {
        likeness.get(left[i].at, j).map(|relation| relation.likeness * (left[i].weight + right[j].weight))
    };
    if right.len() <= MOST_EXACT {
        by_subsets(left.len(), right.len(), gain)
    } else if left.len() <= MOST_EXACT {
        let mut assigned = vec![None; left.len()];
        for (j, i) in by_subsets(right.len(), left.len(), |j, i| gain(i, j)).into_iter().enumerate() {
            if let Some(i) = i {
                assigned[i] = Some(j);
            }
        }
        assigned
    } else {
        greedily(left.len(), right.len(), gain)
    }
}

/// Best assignment of `rows` to subsets of at most [`MOST_EXACT`] `columns`.
fn by_subsets(rows: usize, columns: usize, gain: impl Fn(usize, usize) -> Option<f32>) -> Vec<Option<usize>> {
    let subsets = 1_usize << columns;
    let mut best = vec![f32::NEG_INFINITY; subsets];
    best[0] = 0.0;
    let mut choices: Vec<Vec<u8>> = Vec::with_capacity(rows);
    const SKIP: u8 = u8::MAX;
    for row in 0..rows {
        let gains: Vec<Option<f32>> = (0..columns).map(|column| gain(row, column)).collect();
        let mut choice = vec![SKIP; subsets];
        // From full subsets down, so that `best` of smaller ones is still that of the rows before.
        for subset in (0..subsets).rev() {
            for (column, value) in gains.iter().enumerate() {
                if let Some(value) = value
                    && subset & (1 << column) != 0
                    && best[subset ^ (1 << column)] + value > best[subset]
                {
                    best[subset] = best[subset ^ (1 << column)] + value;
                    choice[subset] = column as u8;
                }
            }
        }
        choices.push(choice);
    }
    let mut subset =
        (0..subsets).max_by(|one, other| best[*one].total_cmp(&best[*other]).then(other.cmp(one))).unwrap_or(0);
    let mut assigned = vec![None; rows];
    for row in (0..rows).rev() {
        let column = choices[row][subset];
        if column != SKIP {
            assigned[row] = Some(usize::from(column));
            subset ^= 1 << column;
        }
    }
    assigned
}

fn greedily(rows: usize, columns: usize, gain: impl Fn(usize, usize) -> Option<f32>) -> Vec<Option<usize>> {
    let mut all: Vec<(f32, usize, usize)> = (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .filter_map(|(row, column)| Some((gain(row, column)?, row, column)))
        .collect();
    all.sort_by(|one, other| other.0.total_cmp(&one.0).then((one.1, one.2).cmp(&(other.1, other.2))));
    let mut assigned = vec![None; rows];
    let mut taken = vec![false; columns];
    for (_, row, column) in all {
        if assigned[row].is_none() && !taken[column] {
            assigned[row] = Some(column);
            taken[column] = true;
        }
    }
    assigned
}

/// Pairs initials with words left over, and with initials; initials that meet nothing join what is left over.
fn match_initials(left: &[Part], right: &[Part], left_rest: &mut Vec<Item>, right_rest: &mut Vec<Item>) -> Vec<Pair> {
    let initials = |parts: &[Part]| -> Vec<Item> {
        parts
            .iter()
            .enumerate()
            .filter(|(_, part)| part.role == Role::Initial)
            .map(|(at, _)| Item { at, words: 1, weight: INITIAL_WEIGHT })
            .collect()
    };
    let (mut left_initials, mut right_initials) = (initials(left), initials(right));
    let mut pairs = Vec::new();
    let mut take = |ones: &mut Vec<Item>, others: &mut Vec<Item>, likeness: f32| {
        ones.retain(|one| {
            let found = others.iter().position(|other| left[one.at].first == right[other.at].first);
            let Some(other) = found.map(|found| others.remove(found)) else { return true };
            let relation = Relation { likeness, kind: Likeness::Initial };
            pairs.push(Pair {
                left: one.at,
                left_words: one.words,
                right: other.at,
                right_words: other.words,
                relation,
            });
            false
        });
    };
    take(&mut left_initials, &mut right_initials, 1.0);
    take(&mut left_initials, right_rest, INITIAL_LIKENESS);
    take(left_rest, &mut right_initials, INITIAL_LIKENESS);
    left_rest.append(&mut left_initials);
    right_rest.append(&mut right_initials);
    pairs
}

fn forms_differ(left: &[Part], right: &[Part], relations: &impl Relations) -> bool {
    let forms = |parts: &[Part]| -> Vec<usize> {
        parts.iter().enumerate().filter(|(_, part)| part.role == Role::Form).map(|(at, _)| at).collect()
    };
    let (ours, theirs) = (forms(left), forms(right));
    !ours.is_empty()
        && !theirs.is_empty()
        && !ours.iter().any(|one| theirs.iter().any(|other| relations.same_form(*one, *other)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slow(rows: usize, columns: usize, gains: &[Option<f32>], row: usize, taken: usize) -> f32 {
        if row == rows {
            return 0.0;
        }
        let skipped = slow(rows, columns, gains, row + 1, taken);
        (0..columns).filter(|column| taken & (1 << column) == 0).fold(skipped, |best, column| {
            match gains[row * columns + column] {
                Some(gain) => best.max(gain + slow(rows, columns, gains, row + 1, taken | (1 << column))),
                None => best,
            }
        })
    }

    proptest! {
        /// Nobody is left out who could reach the floor, and hardly anybody is let through who could not.
        #[test]
        fn what_may_be_left_over_is_what_the_best_score_says(
            (left, right) in (0.5_f32..10.0, 0.5_f32..10.0),
            (left_rest, right_rest) in (prop_oneof![Just(0.0), 0.0_f32..12.0], prop_oneof![Just(0.0), 0.0_f32..25.0]),
            person: bool,
        ) {
            const FLOOR: f32 = 0.6;
            let best = |left_rest, right_rest, floor| {
                let best = Best {
                    left_matched: left,
                    left_rest,
                    left_total: left + left_rest,
                    right_matched: right,
                    right_rest,
                    right_total: right + right_rest,
                    initials: 0.0,
                    one_word: true,
                };
                best_score(&best, person).is_some_and(|score| score >= floor)
            };
            let most_right = most_left_over((left, right), left_rest, Side::Right, person, FLOOR);
            let most_left = most_left_over((left, right), right_rest, Side::Left, person, FLOOR);
            if best(left_rest, right_rest, FLOOR) {
                prop_assert!(right_rest <= most_right, "{} {}", right_rest, most_right);
                prop_assert!(left_rest <= most_left, "{} {}", left_rest, most_left);
            }
            let less = |rest: f32| (rest * 0.99 - 0.02).max(0.0);
            if most_right >= 0.1 {
                prop_assert!(best(less(left_rest), less(most_right), FLOOR - 0.02));
            }
            if most_left >= 0.1 {
                prop_assert!(best(less(most_left), less(right_rest), FLOOR - 0.02));
            }
        }

        #[test]
        fn the_assignment_is_the_best_one(rows in 1_usize..6, columns in 1_usize..6, cells in proptest::collection::vec(proptest::option::weighted(0.6, 0.1_f32..10.0), 36)) {
            let assigned = by_subsets(rows, columns, |row, column| cells[row * columns + column]);
            let sum: f32 = assigned.iter().enumerate().filter_map(|(row, column)| cells[row * columns + (*column)?]).sum();
            prop_assert!((sum - slow(rows, columns, &cells, 0, 0)).abs() < 1e-3);
            let mut used: Vec<usize> = assigned.iter().flatten().copied().collect();
            used.sort_unstable();
            used.dedup();
            prop_assert_eq!(used.len(), assigned.iter().flatten().count());
        }
    }
}
