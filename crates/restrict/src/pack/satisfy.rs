//! Whether some client can exist: a complete search over the conditions of a few groups.
//!
//! Conditions on different facts do not depend on one another, except that some facts belong to natural and others to legal persons. So a
//! client is possible exactly when, for one of the two kinds, each fact has a value that meets the conditions put on it.

use super::{About, Clause, Condition};
use crate::client::{Issuer, Issuers, Person};
use crate::countries::Countries;

/// A condition that must hold, or must not.
#[derive(Clone, Copy)]
struct Literal<'p> {
    condition: &'p Condition,
    holds: bool,
}

/// Whether somebody can meet all of the first groups and none of the others.
pub(super) fn possible(all_of: &[&Clause], none_of: &[&Clause]) -> bool {
    Person::ALL.iter().any(|kind| {
        let held = all_of.iter().flat_map(|clause| &clause.conditions);
        let mut literals: Vec<Literal<'_>> = held.map(|condition| Literal { condition, holds: true }).collect();
        consistent(*kind, &literals) && escapes(*kind, &mut literals, none_of)
    })
}

/// Whether the literals can be completed so that each of the groups misses a condition.
fn escapes<'p>(kind: Person, literals: &mut Vec<Literal<'p>>, none_of: &[&'p Clause]) -> bool {
    let Some((clause, others)) = none_of.split_first() else { return true };
    clause.conditions.iter().any(|condition| {
        literals.push(Literal { condition, holds: false });
        let found = consistent(kind, literals) && escapes(kind, literals, others);
        literals.pop();
        found
    })
}

/// Whether one person of this kind can have facts that agree with every literal.
fn consistent(kind: Person, literals: &[Literal<'_>]) -> bool {
    About::ALL.iter().all(|about| agrees(kind, *about, literals)) && listings_agree(literals)
}

fn agrees(kind: Person, about: About, literals: &[Literal<'_>]) -> bool {
    let ours = literals.iter().filter_map(|literal| match literal.condition {
        Condition::Country { about: its, outside, countries, .. } if *its == about => {
            Some((literal.holds, *outside, countries))
        }
        _ => None,
    });
    if about.only_of().is_some_and(|only| only != kind) {
        // A fact that this kind of person does not have meets no condition.
        return ours.into_iter().all(|(holds, ..)| !holds);
    }
    if about.is_single() {
        let start = (Countries::all(), about == About::AddressProof);
        let (allowed, none) = ours.fold(start, |(allowed, none), (holds, outside, countries)| {
            let allowed = if holds == outside { allowed.without(countries) } else { allowed.and(countries) };
            (allowed, none && !holds)
        });
        return none || !allowed.is_empty();
    }
    let (wanted, refused): (Vec<_>, Vec<_>) = ours.partition(|(holds, ..)| *holds);
    let refused = refused.iter().fold(Countries::NONE, |all, (_, _, countries)| all.or(countries));
    wanted.iter().all(|(_, _, countries)| !countries.without(&refused).is_empty())
}

fn listings_agree(literals: &[Literal<'_>]) -> bool {
    let of = |holds: bool| {
        literals.iter().filter(move |literal| literal.holds == holds).filter_map(|literal| match literal.condition {
            Condition::Listed(issuers) => Some(*issuers),
            Condition::Country { .. } => None,
        })
    };
    let refused = of(false).fold(Issuers::NONE, Issuers::or);
    of(true).all(|issuers| issuers.iter().any(|issuer: Issuer| !refused.meets(Issuers::one(issuer))))
}
