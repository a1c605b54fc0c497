//! The states of a case: the one truth about where it stands and what may happen next.
//!
//! A stage holds exactly what that stage knows, and a transition consumes it. No path leads to a release without an approved order
//! that is public in the log. Beside the stage a case may be PRESERVED, complied with under protest, under a delay of notice, or
//! reviewed a second time ([`Aside`]). The page `docs/operations/cases.md` says of each state which clock runs and which evidence it needs.

use crate::case::{Event, EventRecord};
use crate::id::Digest;
use crate::time::Timestamp;

/// Where a case stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// An informal approach without a written request.
    Contact,
    /// A request arrived; its raw bytes are sealed and hashed.
    Received {
        /// Salted digest of the raw bytes.
        request: Digest,
    },
    /// The sender is being checked.
    Authenticating {
        /// Salted digest of the raw bytes.
        request: Digest,
    },
    /// Findings are being made.
    Review {
        /// Salted digest of the raw bytes.
        request: Digest,
    },
    /// The authority was asked to complete its request.
    Clarify {
        /// Salted digest of the raw bytes.
        request: Digest,
    },
    /// An order waits for signatures.
    Proposed {
        /// Salted digest of the raw bytes.
        request: Digest,
        /// Digest of the order.
        order: Digest,
        /// Digests of the approval documents so far.
        approvals: Vec<Digest>,
    },
    /// The quorum is complete.
    Approved {
        /// Salted digest of the raw bytes.
        request: Digest,
        /// Digest of the order.
        order: Digest,
        /// Digests of the approval documents.
        approvals: Vec<Digest>,
    },
    /// The order is public.
    Logged {
        /// Salted digest of the raw bytes.
        request: Digest,
        /// Digest of the order.
        order: Digest,
        /// Index of its leaf.
        index: u64,
    },
    /// The order is public and waits.
    Hold {
        /// Salted digest of the raw bytes.
        request: Digest,
        /// Digest of the order.
        order: Digest,
        /// Index of its leaf.
        index: u64,
        /// Until when.
        until: Timestamp,
    },
    /// Trustees may be asked.
    Releasing {
        /// Digest of the order.
        order: Digest,
        /// Index of the order's leaf.
        index: u64,
        /// Index of the intent's leaf.
        intent: u64,
    },
    /// The package was handed over.
    Delivered {
        /// Digest of the order.
        order: Digest,
        /// Digest of the package.
        package: Digest,
    },
    /// The persons concerned were told, or are told at a time that is fixed.
    Notified {
        /// Digest of the order.
        order: Digest,
    },
    /// The sender was not who he said.
    RejectedFake,
    /// Refused with reasons.
    Refused,
    /// Before a court.
    Challenged {
        /// Salted digest of the raw bytes.
        request: Digest,
    },
    /// Withdrawn by the authority.
    Withdrawn,
    /// A clock ran out.
    Expired,
    /// Locked: only people outside the region decide.
    Locked,
    /// Done.
    Closed,
}

/// What runs beside the stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aside {
    /// Data are kept for this case.
    pub preserved: Option<Preserved>,
    /// A challenge that suspends nothing was filed.
    pub protest: Option<Protest>,
    /// Until when the persons concerned may not be told.
    pub delayed: Option<Timestamp>,
    /// What the second review found, when there was one.
    pub review: Option<SecondReview>,
}

/// A second review on file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondReview {
    /// Digest of the step.
    pub document: Digest,
    /// Whether the reviewer objects.
    pub objects: bool,
}

/// Data are kept until a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preserved {
    /// Digest of the step.
    pub document: Digest,
    /// Until when.
    pub until: Timestamp,
}

/// A challenge that suspends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protest {
    /// The order that is complied with.
    pub order: Digest,
    /// Digest of the step with the filing.
    pub document: Digest,
}

/// A case as its events compute it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// Where it stands.
    pub stage: Stage,
    /// What runs beside.
    pub aside: Aside,
}

/// An event that the case does not take as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a case in stage {stage} does not take the event {event}; {hint}")]
pub struct WrongStage {
    stage: &'static str,
    event: &'static str,
    hint: String,
}

impl Life {
    /// The life of a case from its events in order.
    ///
    /// # Errors
    /// [`WrongStage`] of the first event that does not fit, also when there is none.
    pub fn of<'e>(records: impl IntoIterator<Item = &'e EventRecord>) -> Result<Self, WrongStage> {
        let mut records = records.into_iter();
        let first = records.next().ok_or_else(|| WrongStage {
            stage: "none",
            event: "none",
            hint: "a case begins with a contact or a request".to_owned(),
        })?;
        let begun = Self { stage: Stage::open(&first.event)?, aside: Aside::default() };
        records.try_fold(begun, |life, record| life.after(&record.event, record.at))
    }

    /// The life after `event` happened at `at`.
    ///
    /// # Errors
    /// [`WrongStage`] when the stage does not take the event, a hold is not over, or a time lies behind.
    pub fn after(self, event: &Event, at: Timestamp) -> Result<Self, WrongStage> {
        if let Some(hint) = self.too_early_or_late(event, at) {
            return Err(WrongStage { stage: self.stage.name(), event: event.name(), hint });
        }
        let Self { stage, mut aside } = self;
        let stage = stage.after(event)?;
        match event {
            Event::Preserved { document, until } => {
                aside.preserved = Some(Preserved { document: *document, until: *until });
            }
            Event::PreservationEnded { .. } => aside.preserved = None,
            Event::Protested { order, document } => {
                aside.protest = Some(Protest { order: *order, document: *document });
            }
            Event::Delayed { until, .. } => aside.delayed = Some(*until),
            Event::Notified { .. } => aside.delayed = None,
            Event::Confirmed { document } => {
                aside.review = Some(SecondReview { document: *document, objects: false });
            }
            Event::Objected { document } => {
                aside.review = Some(SecondReview { document: *document, objects: true });
            }
            _ => {}
        }
        Ok(Self { stage, aside })
    }

    /// Whether a challenge was filed against this order.
    pub fn is_protested(&self, order: &Digest) -> bool {
        self.aside.protest.is_some_and(|protest| protest.order == *order)
    }

    /// Whether data are kept for the case at `now`: a preservation ends by itself.
    pub fn is_preserved(&self, now: Timestamp) -> bool {
        self.aside.preserved.is_some_and(|preserved| preserved.until > now)
    }

    fn too_early_or_late(&self, event: &Event, at: Timestamp) -> Option<String> {
        match (&self.stage, event) {
            (Stage::Hold { until, .. }, Event::ReleaseStarted { .. }) if at < *until => {
                Some(format!("it is held until {until}"))
            }
            (Stage::Hold { until: before, .. }, Event::Held { until, .. }) if until <= before => {
                Some(format!("a hold is only prolonged: it stands until {before} already"))
            }
            (_, Event::Held { until, .. } | Event::Delayed { until, .. } | Event::Preserved { until, .. })
                if *until <= at =>
            {
                Some(format!("its end {until} is past"))
            }
            (_, Event::Preserved { until, .. })
                if self.aside.preserved.is_some_and(|before| before.until > at && *until <= before.until) =>
            {
                Some("a preservation is only prolonged; `preservation_ended` ends it before its time".to_owned())
            }
            (_, Event::PreservationEnded { .. }) if self.aside.preserved.is_none() => {
                Some("nothing is preserved for it".to_owned())
            }
            (_, Event::Notified { .. }) if self.aside.delayed.is_some_and(|until| at < until) => {
                self.aside.delayed.map(|until| format!("a delay order forbids telling anybody until {until}"))
            }
            (_, Event::Confirmed { .. } | Event::Objected { .. }) if self.aside.review.is_some() => {
                Some("its second review is on file already".to_owned())
            }
            _ => None,
        }
    }
}

impl Stage {
    /// Names of all stages, in the order of the design.
    pub const NAMES: &'static [&'static str] = &[
        "CONTACT",
        "RECEIVED",
        "AUTHENTICATING",
        "REVIEW",
        "CLARIFY",
        "PROPOSED",
        "APPROVED",
        "LOGGED",
        "HOLD",
        "RELEASING",
        "DELIVERED",
        "NOTIFIED",
        "CLOSED",
        "REJECTED_FAKE",
        "REFUSED",
        "CHALLENGED",
        "WITHDRAWN",
        "EXPIRED",
        "LOCKED",
    ];

    /// The stage that a first event opens.
    ///
    /// # Errors
    /// [`WrongStage`] unless the event is a contact or a request.
    pub fn open(event: &Event) -> Result<Self, WrongStage> {
        match event {
            Event::Contact { .. } => Ok(Stage::Contact),
            Event::Request { document, .. } => Ok(Stage::Received { request: *document }),
            _ => Err(WrongStage {
                stage: "none",
                event: event.name(),
                hint: "a case begins with a contact or a request".to_owned(),
            }),
        }
    }

    /// The stage after `event`.
    ///
    /// # Errors
    /// [`WrongStage`] when this stage does not take the event, or the event names another order.
    pub fn after(self, event: &Event) -> Result<Self, WrongStage> {
        let (stage, hint) = (self.name(), self.next_step());
        let wrong = || WrongStage { stage, event: event.name(), hint: hint.to_owned() };
        if let Some(ended) = self.ended_by(event) {
            return Ok(ended);
        }
        if self.takes_beside(event) {
            return Ok(self);
        }
        Ok(match (self, event) {
            (Stage::Contact, Event::Request { document, .. }) => Stage::Received { request: *document },
            (Stage::Received { request }, Event::Acknowledged { .. }) => Stage::Authenticating { request },
            (Stage::Received { request } | Stage::Authenticating { request }, Event::Authenticated { .. }) => {
                Stage::Review { request }
            }
            (Stage::Received { .. } | Stage::Authenticating { .. }, Event::Fake { .. }) => Stage::RejectedFake,
            (Stage::Received { request }, Event::Found { .. }) => Stage::Received { request },
            (Stage::Authenticating { request }, Event::Found { .. }) => Stage::Authenticating { request },
            (Stage::Review { request }, Event::Found { .. }) => Stage::Review { request },
            (Stage::Review { request }, Event::AskedMore { .. }) => Stage::Clarify { request },
            (Stage::Clarify { .. }, Event::Completed { document }) => Stage::Review { request: *document },
            (Stage::Review { request }, Event::Proposed { order }) => {
                Stage::Proposed { request, order: *order, approvals: Vec::new() }
            }
            (Stage::Proposed { request, order, mut approvals }, Event::Signed { order: signed, approval })
                if *signed == order && !approvals.contains(approval) =>
            {
                approvals.push(*approval);
                Stage::Proposed { request, order, approvals }
            }
            (Stage::Proposed { request, order, approvals }, Event::Approved { order: approved })
                if *approved == order && !approvals.is_empty() =>
            {
                Stage::Approved { request, order, approvals }
            }
            (Stage::Approved { request, order, .. }, Event::Logged { order: logged, index }) if *logged == order => {
                Stage::Logged { request, order, index: *index }
            }
            (
                Stage::Logged { request, order, index } | Stage::Hold { request, order, index, .. },
                Event::Held { order: held, until, .. },
            ) if *held == order => Stage::Hold { request, order, index, until: *until },
            (
                Stage::Proposed { request, order, .. }
                | Stage::Approved { request, order, .. }
                | Stage::Logged { request, order, .. }
                | Stage::Hold { request, order, .. },
                Event::Returned { order: returned, .. },
            ) if *returned == order => Stage::Review { request },
            (
                Stage::Logged { order, index, .. } | Stage::Hold { order, index, .. },
                Event::ReleaseStarted { order: started, intent },
            ) if *started == order && *intent > index => Stage::Releasing { order, index, intent: *intent },
            (Stage::Releasing { order, .. }, Event::Delivered { order: delivered, package }) if *delivered == order => {
                Stage::Delivered { order, package: *package }
            }
            (Stage::Delivered { order, .. }, Event::Notified { .. }) => Stage::Notified { order },
            (Stage::Challenged { request }, Event::ChallengeDecided { .. }) => Stage::Review { request },
            _ => return Err(wrong()),
        })
    }

    /// Whether the stage takes an event that changes only what runs beside it.
    fn takes_beside(&self, event: &Event) -> bool {
        match event {
            // A letter whose sender was not checked keeps nobody's data.
            Event::Preserved { .. } => matches!(
                self,
                Stage::Review { .. }
                    | Stage::Clarify { .. }
                    | Stage::Proposed { .. }
                    | Stage::Approved { .. }
                    | Stage::Logged { .. }
                    | Stage::Hold { .. }
                    | Stage::Challenged { .. }
                    | Stage::Releasing { .. }
            ),
            Event::PreservationEnded { .. } => !self.is_final(),
            Event::Protested { order: protested, .. } => matches!(
                self,
                Stage::Proposed { order, .. }
                    | Stage::Approved { order, .. }
                    | Stage::Logged { order, .. }
                    | Stage::Hold { order, .. }
                if order == protested
            ),
            Event::Delayed { .. } => matches!(self, Stage::Delivered { .. }),
            // After a release that began and ended otherwise, too: trustees may have answered. Whether the case was drawn is not a
            // question of its events ([`draw`](crate::case::draw)).
            Event::Confirmed { .. } | Event::Objected { .. } => {
                matches!(self, Stage::Delivered { .. } | Stage::Notified { .. } | Stage::Refused | Stage::Expired)
            }
            _ => false,
        }
    }

    /// The stage after an event that ends or interrupts any open case, if `event` is one and this case is open.
    fn ended_by(&self, event: &Event) -> Option<Self> {
        let before_release = matches!(
            self,
            Stage::Contact
                | Stage::Received { .. }
                | Stage::Authenticating { .. }
                | Stage::Review { .. }
                | Stage::Clarify { .. }
                | Stage::Proposed { .. }
                | Stage::Approved { .. }
                | Stage::Logged { .. }
                | Stage::Hold { .. }
        );
        match event {
            Event::Refused { .. }
                if before_release || matches!(self, Stage::Challenged { .. } | Stage::Releasing { .. }) =>
            {
                Some(Stage::Refused)
            }
            Event::Withdrawn { .. } if before_release || matches!(self, Stage::Challenged { .. }) => {
                Some(Stage::Withdrawn)
            }
            Event::Expired { .. } if before_release || matches!(self, Stage::Releasing { .. }) => Some(Stage::Expired),
            Event::Locked { .. }
                if before_release || matches!(self, Stage::Challenged { .. } | Stage::Releasing { .. }) =>
            {
                Some(Stage::Locked)
            }
            Event::Challenged { .. } => match self {
                Stage::Review { request }
                | Stage::Clarify { request }
                | Stage::Proposed { request, .. }
                | Stage::Approved { request, .. }
                | Stage::Logged { request, .. }
                | Stage::Hold { request, .. } => Some(Stage::Challenged { request: *request }),
                _ => None,
            },
            Event::Closed
                if matches!(
                    self,
                    Stage::Contact
                        | Stage::Notified { .. }
                        | Stage::RejectedFake
                        | Stage::Refused
                        | Stage::Withdrawn
                        | Stage::Expired
                ) =>
            {
                Some(Stage::Closed)
            }
            _ => None,
        }
    }

    /// The stage's name, in the capitals of the design.
    pub fn name(&self) -> &'static str {
        match self {
            Stage::Contact => "CONTACT",
            Stage::Received { .. } => "RECEIVED",
            Stage::Authenticating { .. } => "AUTHENTICATING",
            Stage::Review { .. } => "REVIEW",
            Stage::Clarify { .. } => "CLARIFY",
            Stage::Proposed { .. } => "PROPOSED",
            Stage::Approved { .. } => "APPROVED",
            Stage::Logged { .. } => "LOGGED",
            Stage::Hold { .. } => "HOLD",
            Stage::Releasing { .. } => "RELEASING",
            Stage::Delivered { .. } => "DELIVERED",
            Stage::Notified { .. } => "NOTIFIED",
            Stage::RejectedFake => "REJECTED_FAKE",
            Stage::Refused => "REFUSED",
            Stage::Challenged { .. } => "CHALLENGED",
            Stage::Withdrawn => "WITHDRAWN",
            Stage::Expired => "EXPIRED",
            Stage::Locked => "LOCKED",
            Stage::Closed => "CLOSED",
        }
    }

    /// What a person can do next.
    pub fn next_step(&self) -> &'static str {
        match self {
            Stage::Contact => "file the written request when one arrives, or close the contact",
            Stage::Received { .. } | Stage::Authenticating { .. } => {
                "check the sender with two independent factors, one of them a call-back"
            }
            Stage::Review { .. } => "answer the open questions, set the scope, then propose or refuse",
            Stage::Clarify { .. } => "wait for the authority to complete its request",
            Stage::Proposed { .. } => "collect approvals of the order's digest",
            Stage::Approved { .. } => "wait until the order is public in the log",
            Stage::Logged { .. } => "release, or hold until the waiting time is over",
            Stage::Hold { .. } => "wait until the hold is over, then release",
            Stage::Releasing { .. } => "wait for the trustees and hand the package over",
            Stage::Delivered { .. } => "tell the persons concerned, or put the delay order on file",
            Stage::Notified { .. } | Stage::RejectedFake | Stage::Refused | Stage::Withdrawn | Stage::Expired => {
                "close the case"
            }
            Stage::Challenged { .. } => "wait for the court",
            Stage::Locked => "people outside the region decide",
            Stage::Closed => "nothing is left to do",
        }
    }

    /// Whether nothing can follow.
    pub fn is_final(&self) -> bool {
        matches!(self, Stage::Closed | Stage::Locked)
    }

    /// Whether the answer to the authority is still owed, or the persons concerned are still to be told.
    pub fn is_open(&self) -> bool {
        !matches!(
            self,
            Stage::Closed
                | Stage::Locked
                | Stage::RejectedFake
                | Stage::Refused
                | Stage::Withdrawn
                | Stage::Expired
                | Stage::Notified { .. }
        )
    }
}
