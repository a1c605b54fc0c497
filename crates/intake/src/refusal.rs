//! Why a message is not taken: every problem with its place. A message with one problem is refused whole.

use std::fmt;

/// Most problems that a refusal names; more would only make the letter longer.
pub const MAX_PROBLEMS: usize = 20;
/// Longest piece of foreign text in an error, in characters.
const MAX_QUOTED: usize = 80;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Number of the action that it concerns; `None` for the message as a whole.
    pub action: Option<u32>,
    /// Where: a line, a path of elements, a header.
    pub place: String,
    /// What is wrong and what to send instead.
    pub reason: String,
}

impl Problem {
    pub(crate) fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { action: None, place: place.into(), reason: reason.into() }
    }

    pub(crate) fn of_action(self, action: u32) -> Self {
        Self { action: Some(action), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(action) = self.action {
            write!(f, "action {action}, ")?;
        }
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// A message that was refused whole: nothing of it has any effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message is refused as a whole: {}", shown(problems))]
pub struct Refusal {
    problems: Vec<Problem>,
}

impl Refusal {
    /// Everything that was found wrong, at most [`MAX_PROBLEMS`]; never empty.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// A refusal for these problems, or `value` when there are none.
    pub(crate) fn unless_none<T>(mut problems: Vec<Problem>, value: T) -> Result<T, Self> {
        if problems.is_empty() {
            return Ok(value);
        }
        problems.truncate(MAX_PROBLEMS);
        Err(Self { problems })
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

fn shown(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; ")
}

/// Foreign text in an error: bounded, without control characters, in backticks.
pub(crate) fn quoted(text: &str) -> String {
    let clean = |c: char| if c.is_control() || c == '`' { '?' } else { c };
    let shown: String = text.chars().take(MAX_QUOTED).map(clean).collect();
    let more = if text.chars().nth(MAX_QUOTED).is_some() { "..." } else { "" };
    format!("`{shown}{more}`")
}
