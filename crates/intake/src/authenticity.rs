//! When a sender is believed: by the channel a message came through, by what the authority is, by urgency.
//!
//! Two rules hold always: at least two independent factors confirm the sender, and one of them lies outside of the channel the message came
//! through. A pure function of what was tried; the number that is called stands in our directory and never in the message.

use countersign_core::directory::AuthorityKind;
use countersign_core::facts::Factor;
use countersign_core::named_enum;

named_enum!(
    /// How a message arrived.
    Channel, "a channel (letter, e-mail, portal, api, ts103120)" {
        /// On paper, by post, messenger or fax.
        Letter = "letter",
        /// By e-mail.
        Email = "e-mail",
        /// Uploaded at a portal.
        Portal = "portal",
        /// A signed HTTP request.
        Api = "api",
        /// A message of TS 103 120.
        Ts103120 = "ts103120",
    }
);

/// A demand that any one of its factors meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Any of these.
    pub any_of: &'static [Factor],
    /// Said when none of them confirmed the sender.
    pub reason: &'static str,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every demand is met.
    Confirmed,
    /// A factor out of band contradicts the sender.
    Fake,
    /// These demands are not met yet; never empty.
    Missing(Vec<Demand>),
}

/// Factors that an attacker does not have with the mailbox, the letterhead or the key of an authority.
pub const OUT_OF_BAND: [Factor; 2] = [Factor::CallBack, Factor::SecondOfficer];

const CALL_BACK: Demand = Demand {
    any_of: &[Factor::CallBack],
    reason: "call the number in our directory (`call_back`), not one from the message",
};
const KNOWN: Demand = Demand {
    any_of: &[Factor::Directory, Factor::QualifiedSeal, Factor::ClientCertificate],
    reason: "find the sender in the directory (`directory`), or check a qualified seal or a client certificate",
};
const KEY: Demand = Demand {
    any_of: &[Factor::RegisteredKey, Factor::QualifiedSeal, Factor::ClientCertificate],
    reason: "a key of the directory must have signed the message (`registered_key`), or a qualified seal or client certificate be checked",
};
const OUTSIDE: Demand =
    Demand { any_of: &OUT_OF_BAND, reason: "confirm it outside of the channel: `call_back` or `second_officer`" };
const SECOND: Demand = Demand {
    any_of: &[Factor::SecondOfficer],
    reason: "a second officer must have checked the sender on his own (`second_officer`)",
};
const SECOND_OR_SEAL: Demand = Demand {
    any_of: &[Factor::SecondOfficer, Factor::QualifiedSeal, Factor::ClientCertificate],
    reason: "a second officer must have checked the sender on his own (`second_officer`), or a qualified seal or client certificate",
};

/// What must be met before a sender is believed. `channel` is `None` for one that nobody described: it is as weak as paper.
pub fn demands(channel: Option<Channel>, kind: AuthorityKind, emergency: bool) -> Vec<Demand> {
    // Whoever is not known for what he is, or works in secret, has nobody else who would notice his name being used.
    let weak = matches!(kind, AuthorityKind::Unknown | AuthorityKind::Intelligence);
    let signed = matches!(channel, Some(Channel::Portal | Channel::Api | Channel::Ts103120));
    match (emergency, weak, signed) {
        (true, true, _) => vec![CALL_BACK, SECOND, KNOWN],
        (true, false, _) => vec![CALL_BACK, SECOND_OR_SEAL],
        (false, true, false) => vec![KNOWN, CALL_BACK, SECOND],
        (false, true, true) => vec![KEY, CALL_BACK, SECOND],
        (false, false, false) => vec![KNOWN, CALL_BACK],
        (false, false, true) => vec![KEY, OUTSIDE],
    }
}

/// Concludes a check from the factors that were tried, each with whether it confirmed the sender.
pub fn conclude(
    channel: Option<Channel>,
    kind: AuthorityKind,
    emergency: bool,
    tried: impl IntoIterator<Item = (Factor, bool)>,
) -> Verdict {
    let tried: Vec<(Factor, bool)> = tried.into_iter().collect();
    if tried.iter().any(|(factor, confirmed)| OUT_OF_BAND.contains(factor) && !confirmed) {
        return Verdict::Fake;
    }
    // A factor that confirmed once and failed once has not confirmed.
    let failed = |factor: &Factor| tried.iter().any(|(other, confirmed)| other == factor && !confirmed);
    let confirmed =
        |factor: &Factor| tried.iter().any(|(other, confirmed)| other == factor && *confirmed) && !failed(factor);
    let missing: Vec<Demand> =
        demands(channel, kind, emergency).into_iter().filter(|demand| !demand.any_of.iter().any(confirmed)).collect();
    if missing.is_empty() { Verdict::Confirmed } else { Verdict::Missing(missing) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AuthorityKind::{Court, Intelligence, Police, Unknown};
    use Factor::{CallBack, ClientCertificate, Directory, QualifiedSeal, RegisteredKey, SecondOfficer};

    /// Channel, kind, emergency, and the smallest sets of factors that are believed, written out by hand.
    type Row = (Option<Channel>, AuthorityKind, bool, &'static [&'static [Factor]]);

    const PAPER: &[&[Factor]] = &[&[Directory, CallBack], &[QualifiedSeal, CallBack], &[ClientCertificate, CallBack]];
    const SIGNED: &[&[Factor]] = &[
        &[RegisteredKey, CallBack],
        &[RegisteredKey, SecondOfficer],
        &[QualifiedSeal, CallBack],
        &[QualifiedSeal, SecondOfficer],
        &[ClientCertificate, CallBack],
        &[ClientCertificate, SecondOfficer],
    ];
    const URGENT: &[&[Factor]] =
        &[&[SecondOfficer, CallBack], &[QualifiedSeal, CallBack], &[ClientCertificate, CallBack]];
    const WEAK: &[&[Factor]] = &[
        &[Directory, CallBack, SecondOfficer],
        &[QualifiedSeal, CallBack, SecondOfficer],
        &[ClientCertificate, CallBack, SecondOfficer],
    ];
    const WEAK_SIGNED: &[&[Factor]] = &[
        &[RegisteredKey, CallBack, SecondOfficer],
        &[QualifiedSeal, CallBack, SecondOfficer],
        &[ClientCertificate, CallBack, SecondOfficer],
    ];

    const TABLE: &[Row] = &[
        (None, Court, false, PAPER),
        (Some(Channel::Letter), Court, false, PAPER),
        (Some(Channel::Email), Police, false, PAPER),
        (Some(Channel::Portal), Court, false, SIGNED),
        (Some(Channel::Api), Court, false, SIGNED),
        (Some(Channel::Ts103120), Police, false, SIGNED),
        (None, Court, true, URGENT),
        (Some(Channel::Letter), Police, true, URGENT),
        (Some(Channel::Email), Police, true, URGENT),
        (Some(Channel::Api), Court, true, URGENT),
        (Some(Channel::Ts103120), Court, true, URGENT),
        (Some(Channel::Letter), Unknown, false, WEAK),
        (Some(Channel::Email), Intelligence, false, WEAK),
        (Some(Channel::Api), Intelligence, false, WEAK_SIGNED),
        (Some(Channel::Portal), Unknown, false, WEAK_SIGNED),
        (Some(Channel::Email), Intelligence, true, WEAK),
        (Some(Channel::Api), Unknown, true, WEAK),
    ];

    fn subsets() -> impl Iterator<Item = Vec<Factor>> {
        (0..1u32 << Factor::ALL.len()).map(|bits| {
            let chosen = Factor::ALL.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
            chosen.map(|(_, factor)| *factor).collect()
        })
    }

    #[test]
    fn the_table_decides_for_every_set_of_factors() {
        for (channel, kind, emergency, smallest) in TABLE {
            for set in subsets() {
                let believed = smallest.iter().any(|needed| needed.iter().all(|factor| set.contains(factor)));
                let verdict = conclude(*channel, *kind, *emergency, set.iter().map(|factor| (*factor, true)));
                assert_eq!(verdict == Verdict::Confirmed, believed, "{channel:?} {kind} {emergency} {set:?}");
            }
        }
    }

    #[test]
    fn never_fewer_than_two_factors_and_always_one_outside_of_the_channel() {
        for channel in Channel::ALL.iter().copied().map(Some).chain([None]) {
            for kind in AuthorityKind::ALL {
                for emergency in [false, true] {
                    for set in subsets() {
                        let verdict = conclude(channel, *kind, emergency, set.iter().map(|factor| (*factor, true)));
                        if verdict == Verdict::Confirmed {
                            assert!(set.len() >= 2, "{channel:?} {kind} {emergency} {set:?}");
                            assert!(
                                set.iter().any(|factor| OUT_OF_BAND.contains(factor)),
                                "{channel:?} {kind} {set:?}"
                            );
                        }
                        // One more that fails out of band, and nobody is believed.
                        for outside in OUT_OF_BAND {
                            let tried = set.iter().map(|factor| (*factor, true)).chain([(outside, false)]);
                            assert_eq!(conclude(channel, *kind, emergency, tried), Verdict::Fake);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_factor_that_failed_does_not_count() {
        let tried = [(QualifiedSeal, true), (QualifiedSeal, false), (CallBack, true)];
        let verdict = conclude(Some(Channel::Letter), Court, false, tried);
        assert_eq!(verdict, Verdict::Missing(vec![KNOWN]));
        assert_eq!(conclude(None, Court, false, []), Verdict::Missing(vec![KNOWN, CALL_BACK]));
    }
}
