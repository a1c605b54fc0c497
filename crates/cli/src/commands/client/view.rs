//! `countersign client view`.

use super::client_of;
use crate::commands::read::signer;
use crate::custody::Custody;
use anyhow::Result;
use clap::Args;
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::id::PersonId;
use countersign_core::reading::Reason;
use countersign_desk::reading::VIEWS_A_DAY;
use countersign_desk::register::MaskedView;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct View {
    /// The client's account.
    account: String,
    /// Why.
    #[arg(long)]
    reason: Reason,
    /// The agent.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
    /// A key file of countersign, or an OpenSSH private key; the agent's own by default.
    #[arg(long)]
    key: Option<PathBuf>,
}

impl View {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let client = client_of(custody, &self.account).await?;
        let desk = &custody.desk;
        let record = desk.draft_view(&self.by, &client, self.reason)?;
        let signer = signer(custody, &self.by, self.key)?;
        let signed =
            signer.approve(&record.digest(), &self.by, SignerRole::Agent, Verdict::Approve, record.value().at)?;
        let shown = desk.show_view(&record, &signed, &custody.references).await?;
        println!("client {}, view {} of {VIEWS_A_DAY} today", &client.to_hex()[..8], shown.today);
        print(&shown.view);
        Ok(())
    }
}

fn print(view: &MaskedView) {
    let or_unknown = |value: Option<String>| value.unwrap_or_else(|| "not known".to_owned());
    let over_18 = view.over_18.map(|over| if over { "yes" } else { "no" }.to_owned());
    for (what, value) in [
        ("country", view.country.map(|country| country.to_string())),
        ("over 18", over_18),
        ("initials", view.initials.clone()),
        ("e-mail", view.email.clone()),
        ("telephone", view.phone.clone()),
        ("identification", view.identification.map(|level| level.to_string())),
        ("sanctions", view.sanctions.map(|flag| flag.to_string())),
        ("account", view.account.map(|state| state.to_string())),
    ] {
        println!("  {what:15} {}", or_unknown(value));
    }
    println!("as of {}, the day of the import", view.on);
}
