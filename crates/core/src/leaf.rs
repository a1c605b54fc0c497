//! The true kinds of sealed leaves and the fixed field names of each.
//!
//! A sealed leaf shows nothing of this (`docs/formats/leaf.md`); whoever is given the disclosures of a leaf knows from
//! this table which fields must be there, so a withheld field is visible.

/// Most fields of a leaf, `kind` included; the rest up to this number are decoys.
pub const MAX_FIELDS: usize = 16;

macro_rules! leaf_kinds {
    ($($(#[$meta:meta])* $name:ident = $text:literal [$($field:literal),*];)*) => {
        named_enum!(
            /// The true kind of a sealed leaf.
            LeafKind, "a kind of leaf" {
                $($(#[$meta])* $name = $text,)*
            }
        );

        impl LeafKind {
            /// Names of the fields beside `kind`, in the order of the table.
            pub fn fields(self) -> &'static [&'static str] {
                match self { $(LeafKind::$name => &[$($field),*],)* }
            }
        }
    };
}

named_enum!(
    /// What came of the check of a sender, as the leaf `verified` says it. No field of a leaf leads from one leaf of a case to another, so
    /// whether the sender claimed a threat to life stands in the word: emergencies are counted apart.
    CheckOutcome, "an outcome of the check of a sender" {
        /// The sender is confirmed.
        Verified = "verified",
        /// The sender is not who it claims to be.
        Fake = "fake",
        /// The sender of an emergency request is confirmed.
        EmergencyVerified = "emergency_verified",
        /// An emergency request is not of who it claims to be.
        EmergencyFake = "emergency_fake",
    }
);

impl CheckOutcome {
    /// The word for a check.
    pub fn of(confirmed: bool, emergency: bool) -> Self {
        match (confirmed, emergency) {
            (true, false) => Self::Verified,
            (false, false) => Self::Fake,
            (true, true) => Self::EmergencyVerified,
            (false, true) => Self::EmergencyFake,
        }
    }
}

leaf_kinds! {
    /// An informal approach by an authority.
    Contact = "contact" ["document", "authority", "state", "met", "asked", "promised", "delivered", "at"];
    /// A request that arrived.
    Request = "request" ["document", "authority", "instrument", "people_asked", "classes_asked", "received_at"];
    /// The check of the sender.
    Verified = "verified" ["document", "outcome", "factors", "at"];
    /// A finding.
    Finding = "finding" ["document", "question", "at"];
    /// A decision by policy.
    Decision = "decision" ["document", "outcome", "reasons", "policy", "at"];
    /// An approval or a refusal to approve.
    Approval = "approval" ["document", "order", "role", "verdict", "at"];
    /// An order. Every field equals the order's.
    Order = "order" [
        "order", "case", "order_kind", "authority", "manifest", "subjects", "records", "classes", "recipient", "not_before", "expires",
        "latest_opening", "delay", "ring"
    ];
    /// An outside effect that is about to happen.
    Intent = "intent" ["effect", "subject", "at"];
    /// A trustee's answer or refusal.
    Receipt = "receipt" ["receipt", "order", "trustee", "outcome", "code", "at"];
    /// A package handed over.
    Release = "release" ["order", "package", "people", "cells", "at"];
    /// A reasoned refusal sent.
    Refusal = "refusal" ["document", "authority", "reasons", "people_asked", "cells_asked", "at"];
    /// A notice to the persons concerned.
    Notice = "notice" ["order", "form", "at"];
    /// A delay order taken on file.
    Delay = "delay" ["order", "delay", "until", "at"];
    /// A lookup in the blind index or an enrolment. Every field equals the lookup's; those of the other purpose are null.
    Lookup = "lookup" [
        "lookup", "purpose", "attribute", "case", "officer", "value", "records", "count", "blinded", "ring", "not_before", "expires"
    ];
    /// A trustee's evaluation for a lookup, or its refusal.
    LookupReceipt = "lookup_receipt" ["receipt", "lookup", "trustee", "outcome", "code", "at"];
    /// What a lookup came to: how many clients it found, 0 for none.
    LookupOutcome = "lookup_outcome" ["lookup", "found", "at"];
    /// Something that must not happen and did.
    Incident = "incident" ["document", "code", "at"];
    /// A client erased, held, or let go of a hold.
    Retention = "retention" ["document", "act", "until", "at"];
    /// An agent saw a masked view.
    View = "view" ["document", "at"];
    /// A step of a case: a hold, a challenge, a withdrawal.
    Step = "step" ["document", "step", "until", "at"];
    /// A restriction applied, appealed against, upheld or reversed.
    Restriction = "restriction" ["document", "act", "rule", "pack", "effect", "at"];
    /// A question how many clients a request would expose, with the bands that were answered.
    Query = "query" ["document", "purpose", "order", "hops", "payments", "clients", "at"];
    /// A screening list came into effect. Every field equals the record's.
    ListUpdate = "list_update" ["document", "source", "list", "before", "listed", "added", "changed", "removed", "at"];
    /// Nothing: keeps the rate of leaves steady.
    Dummy = "dummy" [];
}

/// Name of the field that holds the kind; every disclosed leaf has it.
pub const KIND_FIELD: &str = "kind";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_fits_a_leaf_and_names_no_field_twice() {
        for kind in LeafKind::ALL {
            let mut names = kind.fields().to_vec();
            assert!(names.len() < MAX_FIELDS, "{kind}");
            assert!(!names.contains(&KIND_FIELD), "{kind}");
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), kind.fields().len(), "{kind}");
        }
    }
}
