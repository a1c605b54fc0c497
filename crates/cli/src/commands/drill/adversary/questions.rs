//! Whoever asks how many clients stand behind one address again and again, until the answers add up to a list.

use super::super::attempt::refuses;
use crate::ceremony::signer_of;
use crate::commands::case::blast::{addresses, signed};
use crate::demo::chain;
use crate::demo::report::Report;
use crate::demo::story::Story;
use anyhow::{Context, Result};
use countersign_core::approval::SignerRole;
use countersign_core::id::{AuthorityId, PersonId};
use countersign_core::json::Exact;
use countersign_core::query::{LEAST_WINDOW, Query, THRESHOLDS, TraceOrder};
use countersign_core::time::{DAY, Timestamp};
use countersign_desk::DeskError;
use countersign_desk::blast::Question;
use countersign_desk::entry::ChainAddress;
use countersign_trace::folder::Folder;
use countersign_trace::gate::{Journal, MAX_PER_ROOT};
use countersign_trace::wire::Outpoint;
use std::collections::BTreeSet;

/// Any midnight (UTC): windows begin at no other time.
const MIDNIGHT: &str = "2024-01-01T00:00:00Z";

/// Slices of one crowd, by every edge that a question has: windows, sums, payments, donors one at a time; under one order, then under one after
/// the other, for another authority, and with the gate's journal put back.
pub(super) async fn slices(story: &Story, report: &mut Report) -> Result<()> {
    chain::generate(story)?;
    let asker = Asker { story, addresses: addresses(std::slice::from_ref(&story.population.donation_address)) };
    let (court, midnight) = (AuthorityId::parse("xa-district-court")?, Timestamp::parse(MIDNIGHT)?);
    let one = asker.order(&court, "Q 1", 1)?;
    let window = |from: i64, days: i64| {
        let from = midnight.plus(from * DAY);
        Question { from: Some(from), to: Some(from.plus(days * DAY)), ..Question::default() }
    };
    // Two answers that differ by one person would name that person.
    let week = asker.ask(&one, &window(0, 7), false).await;
    refuses(report, "desk", "a_window_of_a_week", week, "the window has less than 28 days");
    let second = Question { from: Some(midnight.plus(1)), ..Question::default() };
    let second = asker.ask(&one, &second, false).await;
    refuses(report, "desk", "a_window_shifted_by_a_second", second, "midnight");
    let sum = asker.ask(&one, &Question { min_satoshi: 1_234, ..Question::default() }, false).await;
    refuses(report, "desk", "a_sum_in_between", sum, "`min_satoshi`");
    let two = asker.order(&court, "Q 1", 2)?;
    let alone = asker.ask(&two, &Question { hops: 2, ..Question::default() }, false).await;
    refused(report, "two_payments_without_an_approver", alone, "HOPS_NOT_APPROVED");

    // Window after window, until the order is used up.
    let mut answered = 0;
    let more = loop {
        match asker.ask(&one, &window(answered * LEAST_WINDOW, LEAST_WINDOW), false).await {
            Ok(_) => answered += 1,
            spent => break spent,
        }
    };
    report.set("windows_answered", answered);
    refused(report, "another_window", more, "QUESTIONS_SPENT");

    // Order after order: larger sums, more payments with an approver who was deceived, donors one at a time.
    let larger = THRESHOLDS.iter().skip(1).take(2).map(|sum| Question { min_satoshi: *sum, ..Question::default() });
    let farther = (0..2).map(|n| Question { hops: 2, ..window(n * LEAST_WINDOW, LEAST_WINDOW) });
    let donors = own_payments(story)?;
    let single = donors.iter().map(|donor| Question { covers: [*donor].into(), ..Question::default() });
    let mut spent = None;
    for (number, question) in larger.chain(farther).chain(single).enumerate() {
        let order = asker.order(&court, &format!("Q {}", number + 2), question.hops.max(1))?;
        match asker.ask(&order, &question, question.hops > 1).await {
            Ok(query) => {
                answered += 1;
                report.add("donors_tried_one_at_a_time", u64::from(!query.value().asked.covers.is_empty()));
            }
            // The chain says that this output pays somebody else: nothing was asked.
            Err(DeskError::Refused { code: "NOT_ANSWERED", .. }) => {}
            Err(error) => {
                spent = Some(error);
                break;
            }
        }
    }
    let spent = spent.context("nothing stopped the slices")?;
    refused::<Exact<Query>>(report, "another_order", Err(spent), "ADDRESS_SPENT");
    let police = asker.order(&AuthorityId::parse("xa-police")?, "P 1", 1)?;
    refused(report, "another_authority", asker.ask(&police, &Question::default(), false).await, "ADDRESS_SPENT");
    Folder::take(&story.place().trace())?.keep_journal(&Journal::default())?;
    let fresh = asker.order(&court, "Q 100", 1)?;
    refused(
        report,
        "the_gates_journal_put_back",
        asker.ask(&fresh, &Question::default(), false).await,
        "ADDRESS_SPENT",
    );

    report.set("questions_answered", answered);
    report.expect(
        "the address was asked about as often as it may be, and not once more",
        answered == MAX_PER_ROOT as i64,
    );
    report.expect("donors were tried one at a time", report.number("donors_tried_one_at_a_time") > 1);
    Ok(())
}

struct Asker<'s> {
    story: &'s Story,
    addresses: Vec<ChainAddress>,
}

impl Asker<'_> {
    fn order(&self, authority: &AuthorityId, reference: &str, hops: u8) -> Result<Exact<TraceOrder>> {
        let desk = &self.story.custody.desk;
        Ok(desk.prepare_trace(
            &desk.matter_of(authority, reference)?,
            &self.addresses,
            hops,
            &self.story.cast.officer,
        )?)
    }

    async fn ask(
        &self,
        order: &Exact<TraceOrder>,
        question: &Question,
        with_approver: bool,
    ) -> countersign_desk::Result<Exact<Query>> {
        let (desk, cast) = (&self.story.custody.desk, &self.story.cast);
        let mut people = vec![(&cast.officer, SignerRole::Author)];
        if with_approver {
            people.push((&cast.bruno, SignerRole::Approver));
        }
        let sign = |(person, role): (&PersonId, SignerRole)| {
            signed(order, &signer_of(self.story.place(), person)?, person, role, desk.now())
        };
        let approvals: Result<Vec<Vec<u8>>> = people.into_iter().map(sign).collect();
        let approvals = approvals.map_err(|error| DeskError::Internal(error.to_string()))?;
        desk.ask_blast(order, &approvals, &self.addresses, question, None).await
    }
}

/// What the custodian paid for its clients: the operator has the file.
fn own_payments(story: &Story) -> Result<BTreeSet<Outpoint>> {
    let own = Folder::take(&story.place().trace())?.own()?;
    let lines = own.withdrawals.lines().skip(1).filter_map(|line| line.split_once(','));
    Ok(lines.map(|(outpoint, _)| outpoint.parse::<Outpoint>()).collect::<Result<BTreeSet<_>, _>>()?)
}

/// The desk refuses with this code, and says so.
fn refused<T>(report: &mut Report, attempt: &str, outcome: countersign_desk::Result<T>, expected: &str) {
    if let Err(DeskError::Refused { code, .. }) = &outcome {
        report.push("refusal_codes", code);
    }
    refuses(report, "desk", attempt, outcome, expected);
}
