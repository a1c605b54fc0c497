//! Why a trustee refuses. The codes are stable: they stand in receipts, in leaves and in reports.

use countersign_core::named_enum;
use std::fmt;

named_enum!(
    /// A stable refusal code.
    Code, "a refusal code" {
        /// Check 1: not the format.
        Malformed = "MALFORMED",
        /// Check 1: addressed to another custodian or trustee.
        WrongAddressee = "WRONG_ADDRESSEE",
        /// Check 2: not signed by the desk key in force.
        DeskSignature = "DESK_SIGNATURE",
        /// Check 2: the trustee's own clock went back.
        ClockWentBack = "CLOCK_WENT_BACK",
        /// Check 2: before `not_before`.
        NotYetValid = "NOT_YET_VALID",
        /// Check 2: at or after `expires`.
        Expired = "EXPIRED",
        /// Check 3: another ring than the one in force.
        WrongRing = "WRONG_RING",
        /// Check 3: another share epoch than the one in force.
        WrongShareEpoch = "WRONG_SHARE_EPOCH",
        /// Check 3: a class that the ring does not hold.
        UnknownClass = "UNKNOWN_CLASS",
        /// Check 3: an attribute that the index ring does not hold.
        UnknownAttribute = "UNKNOWN_ATTRIBUTE",
        /// Check 4: the manifest is not the one of the order.
        ManifestDiffers = "MANIFEST_DIFFERS",
        /// Check 4: counts or classes of the manifest differ from the order's.
        ScopeDiffers = "SCOPE_DIFFERS",
        /// Check 4: a period outside the order's window.
        OutsideWindow = "OUTSIDE_WINDOW",
        /// Check 4: classes that this kind of order may never open.
        ClassesNotForKind = "CLASSES_NOT_FOR_KIND",
        /// Check 4: kinds that need another lane than this request.
        KindNotServed = "KIND_NOT_SERVED",
        /// Check 4: the blinded elements or the records are not those of the lookup.
        BlindedDiffers = "BLINDED_DIFFERS",
        /// Check 4: a run that its standing order does not allow, or a standing order beside what is no run.
        OutsideDuty = "OUTSIDE_DUTY",
        /// Check 5: leaf or disclosures differ from the order.
        LeafDiffers = "LEAF_DIFFERS",
        /// Check 6: another policy bundle than the one in force.
        PolicyNotInForce = "POLICY_NOT_IN_FORCE",
        /// Check 6: another directory than the one in force.
        DirectoryNotInForce = "DIRECTORY_NOT_IN_FORCE",
        /// Check 6: the facts are not the ones of the order.
        FactsDiffer = "FACTS_DIFFER",
        /// Check 6: more people, or a longer life, than the lane of the reading allows.
        LaneExceeded = "LANE_EXCEEDED",
        /// Check 6: the policy, run again, does not allow the release.
        PolicyDenied = "POLICY_DENIED",
        /// Check 6: the standing order of a run is missing.
        StandingMissing = "STANDING_MISSING",
        /// Check 7: a signer who is not in force in the roster.
        ApproverNotInForce = "APPROVER_NOT_IN_FORCE",
        /// Check 7: a signature that does not verify, or over another order.
        ApprovalInvalid = "APPROVAL_INVALID",
        /// Check 7: one person signed twice.
        ApprovalRepeated = "APPROVAL_REPEATED",
        /// Check 7: an approval older or younger than possible.
        ApprovalAge = "APPROVAL_AGE",
        /// Check 7: the agent, or the second person that the lane of the reading needs, has not approved.
        SignersMissing = "SIGNERS_MISSING",
        /// Check 7: no consent of the client to this reading, or one where none belongs.
        ConsentInvalid = "CONSENT_INVALID",
        /// Check 8: an authority that is unknown or suspended.
        AuthorityNotInForce = "AUTHORITY_NOT_IN_FORCE",
        /// Check 8: an order for a financial intelligence unit, asked of a trustee that is no obliged entity of the EEA.
        TrusteeNotObliged = "TRUSTEE_NOT_OBLIGED",
        /// Check 8: a reader who is not in force in the roster as an agent.
        AgentNotInForce = "AGENT_NOT_IN_FORCE",
        /// Check 8: a recipient key that is not the registered one of the authority or the agent.
        RecipientNotInForce = "RECIPIENT_NOT_IN_FORCE",
        /// Check 8: a worker that is not in force.
        WorkerNotInForce = "WORKER_NOT_IN_FORCE",
        /// Check 8: no binding of the order's worker to this order, or one that does not hold.
        BindingInvalid = "BINDING_INVALID",
        /// Check 9: no valid inclusion proof under a witnessed checkpoint.
        NotPublic = "NOT_PUBLIC",
        /// Check 9: witnesses' cosignatures too old or too young.
        CheckpointStale = "CHECKPOINT_STALE",
        /// Check 9: a checkpoint ahead of the journal this trustee has folded.
        CheckpointAhead = "CHECKPOINT_AHEAD",
        /// Check 9: a checkpoint that is not of the journal this trustee has folded.
        CheckpointDiffers = "CHECKPOINT_DIFFERS",
        /// Check 10: the order has not been public long enough.
        Waiting = "WAITING",
        /// Check 10: neither notice nor a valid delay order.
        DelayInvalid = "DELAY_INVALID",
        /// Check 11: another digest under a known order id.
        OrderIdReused = "ORDER_ID_REUSED",
        /// Check 11: a record that entered the index under this attribute before.
        EnrolledBefore = "ENROLLED_BEFORE",
        /// Check 11: this trustee has answered the order to another binding.
        BoundBefore = "BOUND_BEFORE",
        /// Check 11: a run whose number is not new, or that does not follow the one answered before.
        RunOutOfTurn = "RUN_OUT_OF_TURN",
        /// Check 11: held by a control leaf.
        OrderHeld = "ORDER_HELD",
        /// Check 12: a person at the trustee has stopped all answers.
        Paused = "PAUSED",
        /// Check 12: not now. Nothing stands against the order; it may be answered later.
        Pending = "PENDING",
        /// Check 12: too many people for one authority.
        CapAuthority = "CAP_AUTHORITY",
        /// Check 12: too many people for one matter.
        CapMatter = "CAP_MATTER",
        /// Check 12: too many people for one traced address.
        CapAddress = "CAP_ADDRESS",
        /// Check 12: too many people in one day.
        CapDay = "CAP_DAY",
        /// Check 12: too many lookups in one day.
        CapLookups = "CAP_LOOKUPS",
        /// Check 12: too many lookups of one officer in one day.
        CapOfficer = "CAP_OFFICER",
        /// Check 12: too many lookups for one case.
        CapCase = "CAP_CASE",
        /// Check 12: too many enrolments in one day.
        CapEnrolments = "CAP_ENROLMENTS",
        /// Check 12: too many people of one agent's readings in one day.
        CapAgent = "CAP_AGENT",
        /// Check 12: too many people in one day for whose readings one peer stood in.
        CapPeer = "CAP_PEER",
        /// Check 12: too many people of readings in one day.
        CapReadings = "CAP_READINGS",
        /// Check 12: a break-glass reading was answered on this day.
        CapBreakGlass = "CAP_BREAK_GLASS",
        /// Check 12: too many people in all runs of a standing order.
        CapDuty = "CAP_DUTY",
        /// Check 13: receipts of this trustee are missing from the journal.
        ReceiptsMissing = "RECEIPTS_MISSING",
        /// Check 14: a header proof does not verify.
        HeaderInvalid = "HEADER_INVALID",
        /// Check 14: a label that is not the record's, or not the custodian's.
        LabelDiffers = "LABEL_DIFFERS",
    }
);

impl Code {
    /// The check of `release.md`, "What a trustee checks", that the code belongs to: 1 to 14.
    pub fn check(self) -> u8 {
        match self {
            Code::Malformed | Code::WrongAddressee => 1,
            Code::DeskSignature | Code::ClockWentBack | Code::NotYetValid | Code::Expired => 2,
            Code::WrongRing | Code::WrongShareEpoch | Code::UnknownClass | Code::UnknownAttribute => 3,
            Code::ManifestDiffers
            | Code::ScopeDiffers
            | Code::OutsideWindow
            | Code::ClassesNotForKind
            | Code::KindNotServed
            | Code::BlindedDiffers
            | Code::OutsideDuty => 4,
            Code::LeafDiffers => 5,
            Code::PolicyNotInForce
            | Code::DirectoryNotInForce
            | Code::FactsDiffer
            | Code::LaneExceeded
            | Code::PolicyDenied
            | Code::StandingMissing => 6,
            Code::ApproverNotInForce
            | Code::ApprovalInvalid
            | Code::ApprovalRepeated
            | Code::ApprovalAge
            | Code::SignersMissing
            | Code::ConsentInvalid => 7,
            Code::AuthorityNotInForce
            | Code::TrusteeNotObliged
            | Code::AgentNotInForce
            | Code::RecipientNotInForce
            | Code::WorkerNotInForce
            | Code::BindingInvalid => 8,
            Code::NotPublic | Code::CheckpointStale | Code::CheckpointAhead | Code::CheckpointDiffers => 9,
            Code::Waiting | Code::DelayInvalid => 10,
            Code::OrderIdReused | Code::EnrolledBefore | Code::BoundBefore | Code::RunOutOfTurn | Code::OrderHeld => 11,
            Code::Paused
            | Code::Pending
            | Code::CapAuthority
            | Code::CapMatter
            | Code::CapAddress
            | Code::CapDay
            | Code::CapLookups
            | Code::CapOfficer
            | Code::CapCase
            | Code::CapEnrolments
            | Code::CapAgent
            | Code::CapPeer
            | Code::CapReadings
            | Code::CapBreakGlass
            | Code::CapDuty => 12,
            Code::ReceiptsMissing => 13,
            Code::HeaderInvalid | Code::LabelDiffers => 14,
        }
    }
}

/// A refusal: the code that everybody may know, and what the trustee's own operations log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    code: Code,
    reasons: Vec<String>,
    detail: String,
}

impl Refusal {
    /// A refusal with a detail for the trustee's own log.
    pub fn new(code: Code, detail: impl fmt::Display) -> Self {
        Self { code, reasons: Vec::new(), detail: detail.to_string() }
    }

    /// Adds the policy's reason codes.
    #[must_use]
    pub fn with_reasons(mut self, reasons: Vec<String>) -> Self {
        self.reasons = reasons;
        self
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Reason codes of the policy, where it was the policy that refused.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }

    /// For the operations log only: it may name people of the roster.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused by check {}: {}", self.code.check(), self.code)?;
        if !self.reasons.is_empty() {
            write!(f, " ({})", self.reasons.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}
