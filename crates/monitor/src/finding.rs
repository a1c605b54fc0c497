//! What a monitor can find, each with a code that stays the same.

use countersign_core::named_enum;
use countersign_verify::monitor_report::Severity;

named_enum!(
    /// Kinds of findings.
    Code, "a code of a finding" {
        /// The log does not answer, or not in time.
        Unreachable = "unreachable",
        /// The log has published nothing.
        NoCheckpoint = "no-checkpoint",
        /// What is served as checkpoint is none.
        Malformed = "checkpoint-malformed",
        /// The checkpoint is not the log's.
        NotSigned = "not-signed",
        /// Too few witnesses have cosigned.
        Quorum = "quorum-missing",
        /// The quorum cosigned longer ago than allowed.
        Stale = "stale",
        /// Cosignatures from the monitor's future: one of the clocks is wrong.
        ClockAhead = "clock-ahead",
        /// The monitor's own clock lies before its last look.
        ClockBehind = "monitor-clock",
        /// A checkpoint smaller than one verified before, and not contradicting it as far as can be shown.
        RolledBack = "rolled-back",
        /// Two checkpoints signed by the log that cannot both be true.
        Fork = "fork",
        /// A checkpoint that could not be shown to continue the one verified before.
        Inconsistent = "inconsistent",
        /// Tiles or entries are missing, or are not those of the checkpoint.
        Tiles = "tiles-damaged",
        /// More leaves than this monitor is set to read.
        TooLarge = "too-large",
        /// Leaf 0 is not the genesis it should be.
        Genesis = "genesis",
        /// An entry that is no leaf, or disclosures that do not fit.
        LeafFault = "leaf-fault",
        /// A control leaf that changes nothing: not signed as needed, out of turn, malformed.
        ControlRejected = "control-rejected",
        /// A change of who may do what, accepted since the last look.
        ControlChanged = "control-changed",
        /// The witness policy in force in the journal is another than the monitor goes by.
        PolicyDiffers = "witness-policy-differs",
        /// Five-minute ticks with fewer sealed leaves than the floor.
        TickGap = "tick-gap",
        /// Leaves with a tick after the checkpoint that holds them.
        TickAhead = "tick-ahead",
        /// An order opened after the quarter in which it had to be.
        OpenedLate = "opened-late",
        /// Orders that had to be opened by now and are still closed.
        Overdue = "overdue",
        /// The journal has had no daily totals since it was founded.
        TotalsMissing = "totals-missing",
        /// The last daily totals are too old.
        TotalsStale = "totals-stale",
        /// Daily totals say what the openings do not.
        TotalsContradicted = "totals-contradicted",
        /// The monitor had verified this log before and has lost the record of it.
        BeganAgain = "began-again",
    }
);

impl Code {
    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::ControlChanged => Severity::Notice,
            Self::Unreachable
            | Self::NoCheckpoint
            | Self::Stale
            | Self::ClockAhead
            | Self::ClockBehind
            | Self::TooLarge
            | Self::PolicyDiffers
            | Self::TickGap
            | Self::TickAhead
            | Self::OpenedLate
            | Self::TotalsMissing
            | Self::TotalsStale
            | Self::BeganAgain => Severity::Warning,
            Self::Malformed
            | Self::NotSigned
            | Self::Quorum
            | Self::RolledBack
            | Self::Fork
            | Self::Inconsistent
            | Self::Tiles
            | Self::Genesis
            | Self::LeafFault
            | Self::ControlRejected
            | Self::Overdue
            | Self::TotalsContradicted => Severity::Alarm,
        }
    }
}

/// One finding in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which kind.
    pub code: Code,
    /// How bad; that of the code, unless a person has looked at the leaf.
    pub severity: Severity,
    /// One line for a person. Foreign text in it is shortened and escaped.
    pub line: String,
    /// The leaf it is about, if it is about one.
    pub leaf: Option<u64>,
}

/// Longest line in characters.
const MAX_LINE: usize = 400;

impl Finding {
    pub(crate) fn new(code: Code, line: impl std::fmt::Display) -> Self {
        let line = line.to_string();
        let mut shown: String = line.chars().take(MAX_LINE).map(|c| if c.is_control() { ' ' } else { c }).collect();
        if line.chars().nth(MAX_LINE).is_some() {
            shown.push_str("...");
        }
        Self { code, severity: code.severity(), line: shown, leaf: None }
    }

    pub(crate) fn of_leaf(code: Code, leaf: u64, line: impl std::fmt::Display) -> Self {
        Self { leaf: Some(leaf), ..Self::new(code, format_args!("leaf {leaf}: {line}")) }
    }
}
