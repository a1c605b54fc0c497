//! Asking an authority to complete its request: what the letter says is what the case says.
//!
//! The event stops the clocks that stand still for a clarification, so a letter without it would leave them running, and an event without
//! its letter would stop them for nothing. Both are made from one text: the step of the case. The letter can be written as often as wanted.

use crate::case_file::CaseFile;
use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::step::StepEntry;
use countersign_core::case::Stage;
use countersign_core::case::step::{Step, StepRecord};
use countersign_core::id::PersonId;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;

/// What an authority was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The questions, in an officer's words.
    pub questions: Vec<String>,
    /// When it was asked: the date of the letter, and since when the clocks stand still.
    pub at: Timestamp,
}

impl Asked {
    fn of(step: &StepRecord) -> Self {
        let lines = step.why.lines().map(str::trim).filter(|line| !line.is_empty());
        Self { questions: lines.map(str::to_owned).collect(), at: step.at }
    }
}

/// What the authority of a case was asked last, while it has not answered.
pub fn open_question(file: &CaseFile) -> Option<Asked> {
    if !matches!(file.stage, Stage::Clarify { .. }) {
        return None;
    }
    let steps = file.steps.iter().rev().map(Exact::value);
    steps.into_iter().find(|step| step.step == Step::Ask).map(Asked::of)
}

impl Desk {
    /// Asks the authority, unless it was asked this before and has not answered: then nothing happens again. Without questions it gives
    /// those that are open.
    ///
    /// # Errors
    /// [`DeskError::Input`] for no question, one of several lines, nobody who asks; [`DeskError::Refused`] with `ASKED_OTHERWISE` while
    /// something else is open; [`DeskError::Stage`] when the case takes no question now.
    pub async fn clarify(&self, file: &CaseFile, questions: &[String], by: Option<&PersonId>) -> Result<Asked> {
        let questions: Vec<String> = questions.iter().map(|question| question.trim().to_owned()).collect();
        if questions.iter().any(|question| question.is_empty() || question.lines().count() != 1) {
            return Err(DeskError::Input("a question is empty or has several lines: give each one by itself".into()));
        }
        if let Some(open) = open_question(file) {
            if questions.is_empty() || questions == open.questions {
                return Ok(open);
            }
            return Err(DeskError::Refused {
                code: "ASKED_OTHERWISE",
                detail: format!(
                    "the authority was asked something else at {}: write that letter by leaving the questions out, or file first what \
                     it answers",
                    open.at
                ),
            });
        }
        if questions.is_empty() {
            return Err(DeskError::Input("no question is open in this case: say what is asked".into()));
        }
        let by = by.ok_or_else(|| {
            DeskError::Input("to ask is a step of the case, and stops its clocks: say who asks".into())
        })?;
        let entry = StepEntry { why: questions.join("\n"), ..StepEntry::default() };
        let step = self.append_step(file, Step::Ask, entry, Vec::new(), by).await?;
        Ok(Asked::of(step.value()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clocks::clocks_of;
    use crate::step::tests::{Reviewed, because, lena, on_paper};
    use countersign_core::time::{DAY, HOUR};
    use countersign_deadlines::{Calendar, Clocks};

    fn one(question: &str) -> Vec<String> {
        vec![question.to_owned()]
    }

    /// Whether the review's clock stands still, and when it ends.
    fn review(file: &CaseFile, now: Timestamp) -> (bool, Timestamp) {
        let (clocks, calendar) = (Clocks::eea().unwrap(), Calendar::of("XA".parse().unwrap()).unwrap());
        let clocks = clocks_of(file, &clocks, &calendar, now).unwrap();
        let review = clocks.iter().find(|clock| clock.clock.id == "review").unwrap();
        (review.paused, review.due.at)
    }

    #[tokio::test]
    async fn the_letter_is_the_event_and_stops_the_clock() {
        let made = Reviewed::new().await;
        let desk = made.confirm().await;
        let before = desk.case(&made.case).await.unwrap();
        let (paused, due) = review(&before, desk.now());
        assert!(!paused);
        let nobody = desk.clarify(&before, &one("Which offence?"), None).await.unwrap_err();
        assert!(nobody.to_string().contains("say who asks"), "{nobody}");
        assert!(desk.clarify(&before, &[], Some(&lena())).await.is_err(), "nothing is open");
        for bad in ["", "  ", "one\ntwo"] {
            assert!(desk.clarify(&before, &one(bad), Some(&lena())).await.is_err(), "{bad:?}");
        }
        assert_eq!(desk.case(&made.case).await.unwrap().events.len(), before.events.len(), "nothing was asked");

        made.world.pass(HOUR);
        let asked = desk.clarify(&before, &one(" Which offence? "), Some(&lena())).await.unwrap();
        assert_eq!(asked, Asked { questions: one("Which offence?"), at: desk.now() });
        made.world.pass(DAY);
        // Killed after the event: the letter is written again, with the same words and the same date.
        let desk = made.desk().await;
        let file = desk.case(&made.case).await.unwrap();
        let (paused, later) = review(&file, desk.now());
        assert!(paused && later > due);
        for questions in [vec![], one("Which offence?")] {
            assert_eq!(desk.clarify(&file, &questions, None).await.unwrap(), asked);
        }
        let other = desk.clarify(&file, &one("Which court?"), Some(&lena())).await.unwrap_err();
        assert!(other.to_string().starts_with("ASKED_OTHERWISE"), "{other}");
        assert_eq!(desk.case(&made.case).await.unwrap().events.len(), before.events.len() + 1);

        let letter = made.letter(&desk, "xa-district-court");
        desk.file_request(letter, Some(&made.case), &lena()).await.unwrap();
        let file = desk.case(&made.case).await.unwrap();
        assert_eq!((review(&file, desk.now()), open_question(&file)), ((false, due.plus(DAY)), None));
    }

    /// `case ask` is the same step: the letter after it says what it says.
    #[tokio::test]
    async fn a_question_noted_otherwise_is_what_the_letter_says() {
        let made = Reviewed::new().await;
        let desk = made.confirm().await;
        desk.take_step(&made.case, Step::Ask, because("Which offence?\nWhich court?\n"), &lena()).await.unwrap();
        let file = desk.case(&made.case).await.unwrap();
        let asked = desk.clarify(&file, &[], None).await.unwrap();
        assert_eq!(asked.questions, ["Which offence?", "Which court?"]);
        desk.take_step(&made.case, Step::Withdraw, on_paper("withdrawn"), &lena()).await.unwrap();
        let file = desk.case(&made.case).await.unwrap();
        assert!(matches!(desk.clarify(&file, &one("Which offence?"), Some(&lena())).await, Err(DeskError::Stage(_))));
    }
}
