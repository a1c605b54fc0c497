//! `countersign drill adversary`: the table "who could cheat" of the documentation, row by row.

mod administrator;
mod courier;
mod duress;
mod operator;
mod people;
mod questions;
mod thief;

pub(super) use operator::in_epoch;

use super::attempt::{Attempt, Must, control, refused};
use super::ground::Ground;
use crate::demo::report::Report;
use crate::demo::{adversary as shared, forged};
use anyhow::{Result, bail};

const ADMINISTRATOR: &str = "administrator of the database";
const OPERATOR: &str = "operator of the custodian";
const COURIER: &str = "whoever carries the package";

/// The attempts, in order. The first and the last are controls.
pub(super) static ATTEMPTS: [Attempt; 30] = [
    control("honest_ground", "a custodian is founded, clients are sealed, a lawful order is answered and opened"),
    refused(
        "administrator_reads",
        ADMINISTRATOR,
        "searches every byte that the custodian stores for every value that was sealed, and decrypts with what lies there",
        "there is no key to find",
    ),
    refused(
        "administrator_swaps_labels",
        ADMINISTRATOR,
        "puts client B's capsule under client A's label, in the store and before the trustees",
        "the proof in each capsule, the record id, the body digest in the label",
    ),
    refused(
        "one_weight_for_two_equations",
        ADMINISTRATOR,
        "the same with a forged proof that a verifier with one weight for both equations would accept",
        "independent weights for each record and equation, drawn by each trustee",
    ),
    refused(
        "swapped_replies",
        COURIER,
        "gives one trustee's encrypted reply for another's, and one order's reply in another's package",
        "replies are signed and encrypted under order, ring, trustee, epoch and recipient",
    ),
    refused(
        "rogue_recipient_key",
        COURIER,
        "opens the package with another key than the order names",
        "the trustees encrypt to the registered key in force",
    ),
    refused(
        "tampered_entry",
        COURIER,
        "changes a sealed entry and writes all digests anew",
        "the body digest in the label, which the proof and the order bind",
    ),
    refused(
        "lying_trustee",
        "one trustee",
        "signs a reply with wrong partial decryptions",
        "the proof in each reply: the liar is named, and the others suffice",
    ),
    refused(
        "administrator_replays",
        ADMINISTRATOR,
        "uses an answered order again: its id for another order, its approvals for another manifest",
        "one digest for an order id; the manifest's root in the order",
    ),
    refused(
        "administrator_adds_a_record",
        ADMINISTRATOR,
        "adds a second client's record to the manifest of a signed order",
        "the manifest's root and the counts in the order",
    ),
    refused(
        "regional_manager_alone",
        "regional manager",
        "\"just send it\": signs alone, for the court, for his agency, and as an emergency",
        "a quorum of approvers, which each trustee checks itself",
    ),
    refused(
        "coerced_approver",
        "coerced approver",
        "signs what she is told, twice, and in a colleague's name",
        "the others elsewhere; nobody the requesting state can reach is counted",
    ),
    refused(
        "all_that_one_state_reaches",
        "one state with everybody it can compel",
        "all people within its reach sign, in every role they have; the database and t-1 trustees' shares are theirs",
        "approvers in other states, and the threshold",
    ),
    refused(
        "puppet_approver",
        OPERATOR,
        "adds an approver of his own and uses him at once",
        "additions need approvals, trustees' acknowledgements and seven days; each trustee folds the log itself",
    ),
    refused(
        "weaker_policy",
        OPERATOR,
        "writes a policy that permits everything into the log and names it in an order",
        "the same; trustees run the policy in force",
    ),
    refused(
        "fake_authority_key",
        OPERATOR,
        "puts a directory with a key of his own into the log, and a recipient key of his own into an order",
        "the same; the recipient must be the registered key of the authority",
    ),
    refused(
        "another_ring_or_epoch",
        OPERATOR,
        "asks for partial decryptions under another key ring and under another share epoch",
        "ring and share epoch are facts of the trustee's own fold",
    ),
    refused(
        "hidden_leaf_field",
        OPERATOR,
        "publishes the order and withholds a field of its leaf, or shows another value for it",
        "the names of a leaf's fields are fixed, and every disclosure must equal the order",
    ),
    refused(
        "dropped_receipts",
        OPERATOR,
        "has an order answered and keeps the trustees' receipts out of the log",
        "each trustee looks for its own receipts, and stops after ten minutes",
    ),
    refused(
        "slicing",
        OPERATOR,
        "opens the donors of one address in orders for five people each, with deceived approvers, around the desk's own caps",
        "people counted per authority, matter and traced address by each trustee",
    ),
    refused(
        "slices_a_question",
        "officer who wants the donors of an address",
        "asks how many clients stand behind it in slices: windows, sums, payments, donors one at a time, order after order",
        "questions that stand far apart, and counted per order and per traced address under all orders, for good",
    ),
    refused(
        "private_log",
        "operator of the log",
        "shows the trustees a log of their own, in which the order stands",
        "witnesses do not cosign a fork",
    ),
    refused(
        "private_log_and_stolen_witnesses",
        "operator of the log, with every witness's key",
        "shows the same log with every cosignature that is asked for",
        "each trustee has folded the log itself and compares",
    ),
    refused(
        "restored_snapshot",
        "operator of the log",
        "restores the custodian from an old copy, to sign history again",
        "the log's start-up check against its witnesses",
    ),
    refused(
        "hacked_mailbox",
        "impersonator",
        "writes an emergency from an authority's mailbox and names a telephone of his own",
        "call-back to the number of the custodian's own directory",
    ),
    refused(
        "t_minus_1_trustees",
        "two of three trustees",
        "compute partial decryptions without any order, and forge a third",
        "the threshold",
    ),
    refused(
        "stolen_backups",
        "thief of backups",
        "has an old copy of the custodian and t trustees' shares, without the client's secret; later the client was erased",
        "the secret per client, kept elsewhere and deleted everywhere at once",
    ),
    Attempt {
        name: "custodian_and_t_trustees",
        adversary: "the custodian together with t trustees",
        tries: "open a client's name silently",
        stopped_by: "nothing",
        must: Must::Happen,
    },
    refused(
        "coerced_approver_calls_for_help",
        "whoever makes an approver sign",
        "has her sign with her own key; sees a valid signature and an ordinary answer, and tries the case without her",
        "trustees whom she told which of two keys is right: they lock the case and tell people outside",
    ),
    control("honest_order_after_all", "the next lawful order is answered by every trustee"),
];

/// Makes one attempt.
pub(super) async fn play(attempt: &str, ground: &mut Ground, report: &mut Report) -> Result<()> {
    if attempt == "honest_ground" {
        return ground.begin(report).await;
    }
    let (story, progress) = ground.parts()?;
    let lawful = shared::lawful_case(story, progress).await?;
    match attempt {
        "administrator_reads" => administrator::reads(story, report).await,
        "administrator_swaps_labels" => administrator::swaps_labels(story, &lawful, report).await,
        "one_weight_for_two_equations" => shared::one_weight(story, &lawful, report).await,
        "administrator_replays" => administrator::replays(story, &lawful, report).await,
        "administrator_adds_a_record" => administrator::adds_a_record(story, &lawful, report).await,
        "regional_manager_alone" => people::manager_alone(story, &lawful, report).await,
        "coerced_approver" => people::coerced(story, &lawful, report).await,
        "all_that_one_state_reaches" => people::one_state(story, &lawful, report).await,
        "puppet_approver" => shared::puppet(story, &lawful, report).await,
        "weaker_policy" => shared::weaker_policy(story, &lawful, report).await,
        "fake_authority_key" => operator::fake_authority(story, &lawful, report).await,
        "another_ring_or_epoch" => operator::another_ring(story, &lawful, report).await,
        "hidden_leaf_field" => operator::hides_a_field(story, &lawful, report).await,
        "dropped_receipts" => operator::drops_receipts(ground, &lawful, report).await,
        "slicing" => operator::slices(story, &lawful, report).await,
        "slices_a_question" => questions::slices(story, report).await,
        "private_log" => shared::private_log(story, &lawful, report).await,
        "private_log_and_stolen_witnesses" => operator::stolen_witnesses(story, &lawful, report).await,
        "restored_snapshot" => restored(ground, report).await,
        "hacked_mailbox" => mailbox(ground, report).await,
        "swapped_replies" => courier::swaps(story, &lawful, report).await,
        "rogue_recipient_key" => courier::reads(story, &lawful, report).await,
        "tampered_entry" => courier::tampers(story, &lawful, report).await,
        "lying_trustee" => courier::lying_trustee(story, &lawful, report).await,
        "t_minus_1_trustees" => thief::below_threshold(story, &lawful, report).await,
        "stolen_backups" => thief::backups(story, report).await,
        "custodian_and_t_trustees" => thief::everything(story, report).await,
        "coerced_approver_calls_for_help" => duress::calls(ground, &lawful, report).await,
        "honest_order_after_all" => ground.honest_order(5, report).await,
        other => bail!("no attempt is called `{other}`"),
    }
}

async fn restored(ground: &mut Ground, report: &mut Report) -> Result<()> {
    let refused = shared::old_snapshot(ground.story()?, report).await?;
    if refused {
        report.push("refused_by", "log");
    }
    Ok(())
}

/// The desk of an officer who calls back the number of the directory.
async fn mailbox(ground: &mut Ground, report: &mut Report) -> Result<()> {
    let (story, _) = ground.parts()?;
    forged::step(story, report).await?;
    if report.ok {
        report.push("refused_by", "desk");
    }
    Ok(())
}
